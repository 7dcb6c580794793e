/* output.c - getting text out of the process in few writes, and noticing when that fails. */
#include "harness/output.h"

#include "harness/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_same_file(const char *name, const char *input)
{
    struct stat a, b;

    return input && strcmp(input, "-") != 0 && stat(name, &a) == 0 && stat(input, &b) == 0 &&
           S_ISREG(a.st_mode) && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

int hr_output_open(struct hr_output *o, const char *name, const char *input)
{
    bool standard = strcmp(name, "-") == 0;

    memset(o, 0, sizeof(*o));
    if (!standard && is_same_file(name, input)) {
        return hr_fail(EINVAL, "%s: is the input, and would be written over: name another file",
                       name);
    }
    o->name = standard ? "standard output" : name;
    o->fd = standard ? STDOUT_FILENO : open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (o->fd < 0) {
        return hr_fail(errno, "%s: cannot be written: %s", name, strerror(errno));
    }
    o->buffer = malloc(HR_OUTPUT_BUFFER);
    if (!o->buffer) {
        if (!standard) {
            close(o->fd);
        }
        return hr_fail(ENOMEM, "%s: no memory to write it", name);
    }
    o->at = o->buffer;
    o->end = o->buffer + HR_OUTPUT_BUFFER;
    return 0;
}

int hr_output_flush(struct hr_output *o)
{
    const char *from = o->buffer;

    while (!o->err && from < o->at) {
        ssize_t n = write(o->fd, from, (size_t)(o->at - from));

        if (n >= 0) {
            from += n;
            o->written += (uint64_t)n;
        } else if (errno != EINTR) {
            o->err = errno;
        }
    }
    o->at = o->buffer;
    return o->err ? hr_fail(o->err, "%s: cannot be written: %s", o->name, strerror(o->err)) : 0;
}

void hr_output_put(struct hr_output *o, const void *data, size_t bytes)
{
    const char *from = data;

    while (bytes > 0) {
        size_t part = bytes < HR_OUTPUT_BUFFER ? bytes : HR_OUTPUT_BUFFER;
        char *to = hr_output_room(o, part);

        memcpy(to, from, part);
        o->at = to + part;
        from += part;
        bytes -= part;
    }
}

int hr_output_close(struct hr_output *o)
{
    int rc;

    if (!o->buffer) {
        return 0;
    }
    rc = hr_output_flush(o);
    if (o->fd != STDOUT_FILENO && close(o->fd) && rc == 0) {
        rc = hr_fail(errno, "%s: cannot be written: %s", o->name, strerror(errno));
    }
    free(o->buffer);
    o->buffer = NULL;
    return rc;
}
