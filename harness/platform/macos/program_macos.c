/* program_macos.c - where does this program lie, and on which start of the system? */
#include "harness/platform/platform.h"

#include "harness/error.h"

#include <errno.h>
#include <mach-o/dyld.h>
#include <stdint.h>
#include <string.h>
#include <sys/sysctl.h>

int hr_program_path(char *path, size_t bytes)
{
    uint32_t room = bytes > UINT32_MAX ? UINT32_MAX : (uint32_t)bytes;

    return _NSGetExecutablePath(path, &room) == 0
               ? 0
               : hr_fail(ENAMETOOLONG, "the program's own path is too long");
}

void hr_boot_id(char id[HR_BOOT_ID_MAX])
{
    size_t length = HR_BOOT_ID_MAX - 1;

    memset(id, 0, HR_BOOT_ID_MAX);
    if (sysctlbyname("kern.bootsessionuuid", id, &length, NULL, 0)) {
        id[0] = '\0';
    }
}
