/*
 * sink.c - writes report files whole or not at all, so that nobody reads half a report.
 */
#include "reports/sink.h"
#include "harness/error.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int hr_sink_open(struct hr_sink *sink, const char *file)
{
    int fd;

    if (strcmp(file, "-") == 0) {
        strcpy(sink->file, "-");
        sink->out = stdout;
        return 0;
    }
    if (snprintf(sink->file, sizeof(sink->file), "%s", file) >= (int)sizeof(sink->file)) {
        return hr_fail(ENAMETOOLONG, "%.80s…: the name is too long", file);
    }
    snprintf(sink->temporary, sizeof(sink->temporary), "%s.XXXXXX", file);
    fd = mkstemp(sink->temporary);
    if (fd < 0) {
        return hr_fail(errno, "cannot write %s: %s", file, strerror(errno));
    }
    fchmod(fd, 0644);
    sink->out = fdopen(fd, "w");
    if (!sink->out) {
        close(fd);
        unlink(sink->temporary);
        return hr_fail(ENOMEM, "cannot write %s: %s", file, strerror(ENOMEM));
    }
    return 0;
}

int hr_sink_close(struct hr_sink *sink, int rc)
{
    int failed = 0;

    errno = 0;
    if (sink->out == stdout) {
        failed = fflush(stdout) || ferror(stdout);
    } else {
        failed = ferror(sink->out);
        failed |= fclose(sink->out);
        failed = failed || (rc == 0 && rename(sink->temporary, sink->file));
        if (failed || rc) {
            unlink(sink->temporary);
        }
    }
    if (rc == 0 && failed) {
        rc = hr_fail(errno ? errno : EIO, "cannot write %s: %s",
                     sink->out == stdout ? "standard output" : sink->file,
                     strerror(errno ? errno : EIO));
    }
    return rc;
}
