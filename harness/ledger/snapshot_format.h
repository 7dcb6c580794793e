/*
 * snapshot_format.h - the bytes of a snapshot's file, for who writes them and who reads them.
 *
 * A head, chunks of neighbouring markets in ascending order, and a foot. Everything lies at a
 * multiple of 64, what fills up to there is zeroes; all integers are little-endian; each head's
 * last field is the CRC-32C of what comes before it in the head. A chunk is its head, a table (8
 * bytes a market: how many bytes its state has, and their CRC-32C) and one zstd frame of all the
 * states, which are the bytes of market_state.h. Each chunk stands alone: damage to one leaves the
 * others readable, and the table, which is not compressed, tells which of its markets came through.
 */
#ifndef HR_SNAPSHOT_FORMAT_H
#define HR_SNAPSHOT_FORMAT_H

#include "engine-under-test/engine.h"
#include "harness/ledger/market_state.h"

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "journals and snapshots are written as they lie in memory, and are little-endian"
#endif

#define HR_SNAPSHOT_NAME "snapshot-%020" PRIu64 ".hrs"
#define HR_SNAPSHOT_MAGIC "HRSNAP1\n"
#define HR_SNAPSHOT_END "HRSNEND\n"
#define HR_SNAPSHOT_ALIGN 64u
#define HR_CHUNK_MAGIC 0x4B4E4843u /* "CHNK" */
/* A chunk ends at the market that brings it to so many bytes of states, or to so many markets. */
#define HR_CHUNK_BYTES (256u << 10)
#define HR_CHUNK_MARKETS_MAX 4096u

struct hr_snapshot_head {
    char magic[8];
    uint64_t sequence;        /* of the last request in it */
    uint64_t digest;          /* of all events up to it, as engine.h sums it */
    struct eut_limits limits; /* of the engine */
    uint32_t history;         /* of the journal up to it (journal_format.h); 0: there was none */
    uint8_t reserved[64];
    uint32_t crc;
};

struct hr_chunk_entry {
    uint32_t bytes, crc;
};

struct hr_chunk_head {
    uint32_t magic, first, markets, table_crc;
    uint64_t raw_bytes, packed_bytes; /* of the frame, without what fills up behind it */
    uint32_t packed_crc;              /* of the frame and what fills up */
    uint8_t reserved[24];
    uint32_t crc;
};

struct hr_snapshot_foot {
    char magic[8];
    uint64_t file_bytes, chunks, raw_bytes, resting;
    uint8_t root[HR_HASH_BYTES]; /* of the tree over all states (state_tree.h) */
    uint8_t reserved[52];
    uint32_t crc;
};

_Static_assert(sizeof(struct hr_snapshot_head) == 128, "a snapshot's head is 128 bytes");
_Static_assert(sizeof(struct hr_chunk_head) == 64, "a chunk's head is 64 bytes");
_Static_assert(sizeof(struct hr_snapshot_foot) == 128, "a snapshot's foot is 128 bytes");

#endif
