/* program_linux.c - where does this program lie, and on which start of the system? The kernel says.
 */
#include "harness/platform/platform.h"

#include "harness/error.h"

#include <errno.h>
#include <fcntl.h>
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

void hr_boot_id(char id[HR_BOOT_ID_MAX])
{
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? 0 : read(fd, id, HR_BOOT_ID_MAX - 1);

    id[length > 0 ? length : 0] = '\0';
    id[strcspn(id, "\n")] = '\0';
    if (fd >= 0) {
        close(fd);
    }
}
