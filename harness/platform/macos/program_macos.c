/* program_macos.c - where does this program lie? The loader's answer. */
#include "harness/platform/platform.h"

#include "harness/error.h"

#include <errno.h>
#include <mach-o/dyld.h>
#include <stdint.h>

int hr_program_path(char *path, size_t bytes)
{
    uint32_t room = bytes > UINT32_MAX ? UINT32_MAX : (uint32_t)bytes;

    return _NSGetExecutablePath(path, &room) == 0
               ? 0
               : hr_fail(ENAMETOOLONG, "the program's own path is too long");
}
