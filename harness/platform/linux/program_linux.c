/* program_linux.c - where does this program lie? The kernel's link to it. */
#include "harness/platform/platform.h"

#include "harness/error.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

int hr_program_path(char *path, size_t bytes)
{
    ssize_t length = readlink("/proc/self/exe", path, bytes);

    if (length < 0) {
        return hr_fail(errno, "cannot read /proc/self/exe: %s", strerror(errno));
    }
    if ((size_t)length >= bytes) {
        return hr_fail(ENAMETOOLONG, "the program's own path is too long");
    }
    path[length] = '\0';
    return 0;
}
