/*
 * output.h - a large buffer before a file or standard output, for text that is made line by line.
 *
 * The first failure to write is kept and told once, by hr_output_close(); what is put after it is
 * dropped.
 */
#ifndef HR_OUTPUT_H
#define HR_OUTPUT_H

#include <stddef.h>
#include <stdint.h>

#define HR_OUTPUT_BUFFER (1u << 20)

struct hr_output {
    char *buffer;
    char *at; /* where the next byte goes */
    char *end;
    const char *name; /* the caller's; must live as long */
    uint64_t written; /* bytes that have left the buffer */
    int fd;
    int err; /* errno of the first failure */
};

/* "-" is standard output. Refuses to write over `input` (a file name, "-", or NULL). -errno with a
 * message. */
int hr_output_open(struct hr_output *output, const char *name, const char *input);
int hr_output_flush(struct hr_output *output); /* -errno with a message */
/* Flushes and closes; accepts a zeroed one. 0, or -errno with a message. */
int hr_output_close(struct hr_output *output);
void hr_output_put(struct hr_output *output, const void *data, size_t bytes);

/* Where up to `bytes` (at most HR_OUTPUT_BUFFER) may be written; move output->at on afterwards. */
static inline char *hr_output_room(struct hr_output *output, size_t bytes)
{
    if ((size_t)(output->end - output->at) < bytes) {
        (void)hr_output_flush(output);
    }
    return output->at;
}

#endif
