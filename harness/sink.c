/* sink.c - how does a file of results reach the disk, so that nobody reads half of it? Through a
 * temporary file in the same folder, synced and renamed. Devices, pipes and links are written in
 * place, and it cannot see whether somebody read half of those. */
#include "harness/sink.h"
#include "harness/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_beside(struct hr_sink *sink)
{
    int fd;

    snprintf(sink->temporary, sizeof(sink->temporary), "%s.XXXXXX", sink->file);
    fd = mkstemp(sink->temporary);
    if (fd >= 0) {
        fchmod(fd, 0644);
    }
    return fd;
}

int hr_sink_open(struct hr_sink *sink, const char *file)
{
    struct stat st;
    int fd;

    sink->temporary[0] = '\0';
    if (strcmp(file, "-") == 0) {
        strcpy(sink->file, "-");
        sink->out = stdout;
        return 0;
    }
    if (snprintf(sink->file, sizeof(sink->file), "%s", file) >= (int)sizeof(sink->file)) {
        return hr_fail(ENAMETOOLONG, "%.80s…: the name is too long", file);
    }
    fd = lstat(file, &st) == 0 && !S_ISREG(st.st_mode)
             ? open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)
             : open_beside(sink);
    if (fd < 0) {
        return hr_fail(errno, "cannot write %s: %s", file, strerror(errno));
    }
    sink->out = fdopen(fd, "w");
    if (!sink->out) {
        close(fd);
        if (sink->temporary[0]) {
            unlink(sink->temporary);
        }
        return hr_fail(ENOMEM, "cannot write %s: %s", file, strerror(ENOMEM));
    }
    return 0;
}

/* All bytes out of the process and, for a file, on the disk. */
static int settle(struct hr_sink *sink)
{
    if (!ferror(sink->out)) {
        errno = 0; /* else it tells of the write that failed */
    }
    if (fflush(sink->out) || ferror(sink->out)) {
        return errno ? errno : EIO;
    }
    return sink->temporary[0] && fsync(fileno(sink->out)) && errno != EINVAL && errno != ENOTSUP
               ? errno
               : 0;
}

int hr_sink_close(struct hr_sink *sink, int rc)
{
    int err = settle(sink);

    if (sink->out != stdout && fclose(sink->out) && !err) {
        err = errno;
    }
    if (sink->temporary[0]) {
        if (!rc && !err && rename(sink->temporary, sink->file)) {
            err = errno;
        }
        if (rc || err) {
            unlink(sink->temporary);
        }
    }
    if (rc == 0 && err) {
        rc = hr_fail(err, "cannot write %s: %s",
                     sink->out == stdout ? "standard output" : sink->file, strerror(err));
    }
    return rc;
}
