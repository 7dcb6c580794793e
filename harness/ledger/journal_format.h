/*
 * journal_format.h - the bytes of a journal's files, for who writes them and who reads them.
 *
 * A file is a header of 128 bytes and records, each of a header of 32 bytes and `count` requests of
 * 32 (engine.h). All integers are little-endian, everything lies at a multiple of 32, and each
 * header's last field is the CRC-32C of what comes before it in the header.
 *
 * Files are named by the sequence number of their first request, journal-%020u.log. The next file
 * is made, and is on the disk, before the one before it is sealed: so a sealed file without a next
 * one is a file that somebody took away.
 *
 * A file's head also sums up the requests before its first one, so that a file of another journal
 * that happens to begin at the same number is not taken for the one that must come. A snapshot has
 * the same sum (snapshot_format.h).
 *
 * What was written in one write and one sync is a group. A power cut may leave any pages of a group
 * that was not synced; never any of the one behind it.
 */
#ifndef HR_JOURNAL_FORMAT_H
#define HR_JOURNAL_FORMAT_H

#include "engine-under-test/engine.h"

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "journals and snapshots are written as they lie in memory, and are little-endian"
#endif

#define HR_JOURNAL_NAME "journal-%020" PRIu64 ".log"
#define HR_JOURNAL_MAGIC "HRJRNL1\n"
#define HR_JOURNAL_ALIGN 32u
/* Requests of a record, at most; a larger batch is several records. */
#define HR_JOURNAL_RECORD_MAX 4096u

struct hr_journal_head {
    char magic[8];
    uint64_t first;           /* sequence number of the file's first request */
    struct eut_limits limits; /* of the engine whose requests these are */
    uint32_t history;         /* CRC-32C of all requests before them, as they lie in records */
    uint8_t reserved[72];
    uint32_t crc;
};

enum {
    HR_RECORD_BATCH = 0x48434252u, /* "RBCH" */
    HR_RECORD_SEAL = 0x4C414552u,  /* "REAL": the next file goes on */
    HR_RECORD_CLOSE =
        0x4F4C4352u, /* "RCLO": the writer ended as it should; the next one opens anew */
};

struct hr_journal_record {
    uint32_t magic;
    uint32_t count;    /* of requests; 0 but in a batch */
    uint64_t sequence; /* of the first of them, or of the next one that would come */
    uint64_t group; /* of the first request of its group: what is before that was synced before */
    uint32_t payload_crc;
    uint32_t crc;
};

_Static_assert(sizeof(struct hr_journal_head) == 128, "a journal's head is 128 bytes");
_Static_assert(sizeof(struct hr_journal_record) == 32, "a record's head is 32 bytes");

#endif
