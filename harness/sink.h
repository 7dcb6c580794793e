/*
 * sink.h - a file that appears whole or not at all: written beside its place, then renamed.
 *
 * What is no plain file (a device, a pipe, a link such as /dev/stdout) is written where it is: a
 * rename would put a plain file in its place.
 */
#ifndef HR_SINK_H
#define HR_SINK_H

#include <stdio.h>

struct hr_sink {
    FILE *out;
    char file[4096], temporary[4112]; /* temporary "": written where it is */
};

/* "-" is standard output. -errno with a message. */
int hr_sink_open(struct hr_sink *sink, const char *file);
/* rc: what went wrong while writing (the file is then not made), or 0. Returns rc or -errno. */
int hr_sink_close(struct hr_sink *sink, int rc);

#endif
