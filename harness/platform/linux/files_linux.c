/* files_linux.c - when is what was written to a file on its disk? */
#include "harness/platform/platform.h"

#include <errno.h>
#include <unistd.h>

int hr_file_sync(int fd)
{
    return fdatasync(fd) ? -errno : 0;
}
