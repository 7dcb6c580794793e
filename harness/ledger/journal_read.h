/*
 * journal_read.h - what a journal holds, and where it ends or is damaged.
 *
 * A record is whole if its header's and its requests' sums are right and its sequence number is the
 * one that must come. What does not check is a torn tail, if the file is the last one and nothing
 * whole of a later group comes behind it: it was being written when the writer died, and was never
 * acknowledged. If there is such a record, if the file was sealed or followed, or if it is exactly
 * one bit from being whole, it is damage: -EBADMSG, with file, byte and what is missing. So a
 * flipped bit is found wherever it is, also in the very last record; what cannot be told from a
 * torn tail is more than one bit changed in the last record that was acknowledged, and that much is
 * said with the tail.
 *
 * Threads: one per reader. Nothing in a file is trusted.
 */
#ifndef HR_JOURNAL_READ_H
#define HR_JOURNAL_READ_H

#include "harness/ledger/journal_format.h"

#include <stdbool.h>

/* Where a journal ends. */
struct hr_journal_end {
    uint64_t first, last;   /* sequence numbers of the requests there are; last 0: none */
    bool closed;            /* the writer ended as it should */
    bool torn;              /* something behind the last whole record */
    char file[64];          /* the last one, without folder */
    uint64_t offset;        /* behind the last whole record in it */
    uint64_t torn_bytes;    /* what lies there */
    uint64_t torn_requests; /* how many its header speaks of; 0: unknown */
    uint32_t history;       /* of the requests up to `last` (journal_format.h) */
    struct eut_limits limits;
};

/* ---- one file in memory -------------------------------------------------------------- */

struct hr_segment {
    const uint8_t *data;
    size_t size, at;  /* at: behind the last whole record */
    uint64_t next;    /* sequence number that must come */
    uint32_t history; /* of the requests before it */
    struct eut_limits limits;
    int64_t flipped_bit; /* of the file, after HR_SEGMENT_DAMAGED: 8 byte + bit; -1: not one bit */
    uint64_t
        resumes; /* after HR_SEGMENT_DAMAGED: sequence number of the next whole record; 0: none */
    uint64_t torn_requests;
};
enum hr_segment_step {
    HR_SEGMENT_BATCH,
    HR_SEGMENT_SEALED,
    HR_SEGMENT_CLOSED,
    HR_SEGMENT_END,  /* the file ends behind a whole record */
    HR_SEGMENT_TORN, /* what lies at `at` is not whole, nor anything of a later group behind it */
    HR_SEGMENT_DAMAGED, /* the same, but it was whole once */
};
/* HR_SEGMENT_BATCH (go on), TORN or DAMAGED. data must live as long. */
enum hr_segment_step hr_segment_open(struct hr_segment *segment, const void *data, size_t size);
/* BATCH: *requests (valid as long as data) and *count; their first one's number is segment->next -
 * *count afterwards. Every other step is the end. */
enum hr_segment_step hr_segment_next(struct hr_segment *segment,
                                     const struct eut_request **requests, uint32_t *count);

/* ---- a folder ------------------------------------------------------------------------ */

struct hr_journal_reader;

/* Of the files of which some request's number is `from` or more (from ≥ 1). -ENOENT if there is no
 * journal, with a message; -EBADMSG if its files begin behind `from`. */
int hr_journal_reader_open(struct hr_journal_reader **reader, const char *folder, uint64_t from);
/* 1: *requests, *count and the number of the first of them (records before `from` are passed over,
 * and cut if need be); valid until the next call. 0: the end, see hr_journal_reader_end().
 * -EBADMSG: damaged; the message names file and byte. */
int hr_journal_read(struct hr_journal_reader *reader, const struct eut_request **requests,
                    uint32_t *count, uint64_t *first);
/* History of the requests before the first one that the last hr_journal_read() handed out. */
uint32_t hr_journal_reader_history(const struct hr_journal_reader *reader);
/* After a 0, whole; after -EBADMSG, as far as it was read. */
const struct hr_journal_end *hr_journal_reader_end(const struct hr_journal_reader *reader);
/* After -EBADMSG: the highest sequence number of any whole record behind the damage, in this file
 * or a later one; 0 if there is none. */
uint64_t hr_journal_reader_beyond(const struct hr_journal_reader *reader);
void hr_journal_reader_close(struct hr_journal_reader *reader); /* accepts NULL */

#endif
