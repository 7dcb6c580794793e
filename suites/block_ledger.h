/*
 * block_ledger.h - what a validator has on its disk: its blocks, its books and its votes, so that
 * it can die at any moment and come back.
 *
 * A folder, a validator's own, in which are
 *   journal-*.log    the requests of all committed blocks (journal.h), numbered on from the load
 *   snapshot-*.hrs   the books behind some of them (snapshot.h); the first one behind the load
 *   blocks           of each height, 0 being the load: head, hash, state root, round
 *   votes            struct hr_vote_record, before each vote goes out
 * so that `headroom verify` and `headroom recover` read it as any other ledger. One process has it
 * (ledger_files.h): another one gets -EBUSY. A block's line in `blocks` is written before its
 * requests: a line without all of them was never committed.
 *
 * Who comes back gets the books behind the last block that is whole, of the newest good snapshot
 * and the journal behind it (recovery.h), and their root must be the one agreed on at that height.
 * What is damaged is cut away and must come from the others. -EBADMSG where nothing good is left,
 * or if it cannot be known any more where the validator may have voted.
 *
 * With HR_SYNC_NONE all this survives the process, with HR_SYNC_BATCH a power cut, too.
 *
 * Threads: one. Errors: a negative errno with hr_error().
 */
#ifndef HR_BLOCK_LEDGER_H
#define HR_BLOCK_LEDGER_H

#include "harness/ledger/journal.h"
#include "harness/ledger/recovery.h"
#include "suites/block_validator.h"

struct hr_block_ledger;

/* Every field is set by the caller. */
struct hr_block_ledger_params {
    const char *folder; /* must be there */
    const struct eut_engine *engine;
    struct eut_limits limits;
    uint64_t load;            /* requests before the first block, at least 1 */
    uint64_t snapshot_blocks; /* a snapshot every so many */
    enum hr_sync sync;        /* HR_SYNC_NONE or HR_SYNC_BATCH */
};

/* Of a validator that never ran: books and root behind the load. The folder is empty. */
int hr_block_ledger_new(struct hr_block_ledger **ledger,
                        const struct hr_block_ledger_params *params,
                        const struct hr_snapshot_source *books, const uint8_t root[HR_HASH_BYTES]);
/* Of one that comes back: its books, where they stand, and its votes. *books is the caller's to
 * free. */
int hr_block_ledger_back(struct hr_block_ledger **ledger,
                         const struct hr_block_ledger_params *params, struct hr_recovery *books,
                         struct hr_block_past *past, struct hr_vote_record *votes);
/* The same books once more: behind this height, at most the last one there. */
int hr_block_ledger_books(const struct hr_block_ledger *ledger, uint64_t height,
                          struct hr_recovery *books);

int hr_block_ledger_keep(struct hr_block_ledger *ledger, const struct hr_vote_record *record);
/* The next block. */
int hr_block_ledger_append(struct hr_block_ledger *ledger, const struct hr_block *block,
                           const uint8_t root[HR_HASH_BYTES], uint32_t round);
/* After it; begins a snapshot if one is due, and ends the one before it. */
int hr_block_ledger_snapshot(struct hr_block_ledger *ledger, const struct eut_engine *engine,
                             void *self, const struct hr_event_digests *digests);
/* The caller's to free; NULL with a message if it is not there, or not what it was. */
struct hr_block *hr_block_ledger_recall(const struct hr_block_ledger *ledger, uint64_t height,
                                        uint8_t root[HR_HASH_BYTES], uint32_t *round);
/* Accepts NULL. The first failure, if there was one. */
int hr_block_ledger_close(struct hr_block_ledger *ledger);

#endif
