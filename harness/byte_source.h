/*
 * byte_source.h - bytes of a file, pipe or standard input, decompressed if they are zstd.
 *
 * Read in large pieces, never mapped: one way for files, pipes and terminals, and a file that
 * shrinks while it is read is a short file, not a signal. Nothing is held but the window.
 */
#ifndef HR_BYTE_SOURCE_H
#define HR_BYTE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HR_BYTES_WINDOW (1u << 20) /* no line or record is longer */

struct hr_bytes {
    const uint8_t *at, *end; /* what can be seen; the reader moves `at` on */
    bool finished;           /* nothing follows `end` */
    struct hr_bytes_inner *inner;
};

/* "-" is standard input. A message names the file and the mend. */
int hr_bytes_open(struct hr_bytes *bytes, const char *name);
/* Bytes in memory, read in pieces of at most `piece` as if from a pipe; data must live as long. */
int hr_bytes_open_memory(struct hr_bytes *bytes, const void *data, size_t size, size_t piece);
/* Keeps [at, end) and adds to it. 1 if more can be seen, 0 if nothing follows or the window is
 * full, or -errno with a message. */
int hr_bytes_more(struct hr_bytes *bytes);
/* Where `at` is in the (decompressed) stream, from 0. */
uint64_t hr_bytes_offset(const struct hr_bytes *bytes);
void hr_bytes_close(struct hr_bytes *bytes);

/* Makes *name readable twice: what is no regular file (standard input from a pipe, a FIFO) is
 * copied to a temporary file that takes the place of standard input, and *name becomes "-". */
int hr_bytes_spool(const char **name);

#endif
