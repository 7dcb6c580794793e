/*
 * flow_reader.h - what the readers of the several flow formats share (private to them and codec.c).
 */
#ifndef HR_FLOW_READER_H
#define HR_FLOW_READER_H

#include "harness/byte_source.h"
#include "harness/codec.h"
#include "harness/recorded.h"

struct hr_flow_file {
    const struct hr_flow_reader *reader;
    struct hr_bytes bytes;
    char *name;
    uint64_t line; /* of text forms: the one being read, from 1 */
    uint64_t left; /* of the binary form: requests that its header still promises */
    bool counted;  /* ... if it does */
    int failed;    /* a failure that is raised once the requests before it are delivered */
    char *failure;
    struct hr_recorded *recorded; /* of recorded markets, else NULL */
};

struct hr_flow_reader {
    enum hr_format format;
    const char *name;
    /* Called once, with the first bytes in sight. 0 or -errno. */
    int (*start)(struct hr_flow_file *file);
    /* The next request into *request: 1, 0 at the end, -errno with a message. */
    int (*next)(struct hr_flow_file *file, struct eut_request *request);
};

extern const struct hr_flow_reader hr_itch50_reader, hr_lobster_reader;

/* The next line of a text form, without its newline, also if it has none at the end: 1, 0 or
 * -errno. */
int hr_flow_line(struct hr_flow_file *file, const char **text, const char **end);
/* At least `bytes` in sight, unless the end comes first: 1 if they are, 0 if not, or -errno. */
int hr_flow_need(struct hr_flow_file *file, size_t bytes);

#endif
