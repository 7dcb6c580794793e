/* files_macos.c - when is what was written to a file on its disk? fsync() only reaches the drive's
 * own memory there; F_FULLFSYNC is fsync(2)'s own advice for what must survive a power cut. */
#include "harness/platform/platform.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int hr_file_sync(int fd)
{
    /* Not every file system knows it. */
    return fcntl(fd, F_FULLFSYNC) == 0 || fsync(fd) == 0 ? 0 : -errno;
}
