/*
 * codec.h - flows and events on disk: the text form, the binary form, and recorded markets.
 *
 * Text (csv): one request a line, comma separated, as RULES.md says; a carriage return before the
 * newline is passed over, and the last line may lack its newline. Binary (bin): a 16-byte header
 * "HRFLOW1\n" + u64 count (little-endian, 0 = until the end), then 32-byte requests.
 * Recorded markets (itch50, lobster): executions become the takers that caused them; recorded.h.
 * Any of them may be compressed with zstd, which is known by its first bytes.
 * Readers never trust their input: every failure names the line or byte and the mend.
 */
#ifndef HR_CODEC_H
#define HR_CODEC_H

#include "engine-under-test/engine.h"

#include <stddef.h>
#include <stdio.h>

/* Parses the line in [text, end) without its newline. 0, or -EINVAL with *why set to a static
 * text. A comment or empty line is 1. */
int hr_text_parse_request(const char *text, const char *end, struct eut_request *request,
                          const char **why);

/* Append the text with newline at `at` and return the new end; room for HR_TEXT_LINE_MAX needed. */
#define HR_TEXT_LINE_MAX 128u
char *hr_text_put_request(char *at, const struct eut_request *request);
char *hr_text_put_event(char *at, uint64_t seq, uint32_t market, const struct eut_event *event);
char *hr_text_put_resting(char *at, uint32_t market, const struct eut_resting *resting);

/* "ioc", "bad_price" …; "?" if unknown. */
const char *hr_reason_name(uint8_t reason);

/* A flow being read, whatever its format. */
enum hr_format {
    HR_FORMAT_AUTO,
    HR_FORMAT_CSV,
    HR_FORMAT_BIN,
    HR_FORMAT_ITCH50,
    HR_FORMAT_LOBSTER
};
int hr_format_parse(const char *name, enum hr_format *format); /* -EINVAL with a message */

const char *hr_format_name(enum hr_format format);

struct hr_flow_file;
/* "-" is standard input. HR_FORMAT_AUTO looks at the first bytes. */
int hr_flow_file_open(struct hr_flow_file **file, const char *name, enum hr_format format);
/* The same from memory, in pieces of at most `piece` bytes as if from a pipe; data must live as
 * long. */
int hr_flow_file_open_memory(struct hr_flow_file **file, const void *data, size_t size,
                             size_t piece, enum hr_format format);
/* Fills up to count requests; returns how many, 0 at the end, or a negative errno with a message
 * that holds file:line (or byte). Requests before the bad one are delivered first. */
int hr_flow_file_read(struct hr_flow_file *file, struct eut_request *requests, uint32_t count);
uint64_t hr_flow_file_bytes(const struct hr_flow_file *file);        /* read so far, decompressed */
enum hr_format hr_flow_file_format(const struct hr_flow_file *file); /* never AUTO */
void hr_flow_file_close(struct hr_flow_file *file);

/* How large a flow is: what an engine must be created with so that nothing is rejected for want of
 * room. What cannot be parsed ends it, without an error: reading it for good says what is wrong.
 * Standard input must be a regular file, and is rewound: hr_bytes_spool(). */
struct hr_flow_extent {
    uint64_t requests, news, quotes;
    uint32_t market_max; /* the highest market named */
};
int hr_flow_file_extent(const char *name, enum hr_format format, struct hr_flow_extent *extent);

/* The header of a binary flow file. */
#define HR_FLOW_HEADER_BYTES 16u
void hr_flow_header_put(uint8_t header[HR_FLOW_HEADER_BYTES], uint64_t count);

#endif
