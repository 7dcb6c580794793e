/*
 * block_net.h - validators as processes: each with its own engine, its own state root and its own
 * blocks, in memory or on the disk (block_ledger.h), over a mesh (block_mesh.h); run over a flow,
 * a block a tick.
 *
 * Every tick has its orders, `orders_per_block` of the flow, which are every validator's to
 * propose (clients send to all); who leads seals them when the tick is over and what came before is
 * committed. All validators run on this host and share its clock, so that one process's sealing and
 * another's commit can be subtracted.
 *
 * One of them can be killed, with a vote of its own, when nobody knows yet what comes of it. With a
 * ledger it can be started again: it has its books, its blocks and its votes from its folder, and
 * what was committed without it from the others.
 *
 * Threads: one. Errors: a negative errno with hr_error(); -EINTR after Ctrl-C.
 */
#ifndef HR_BLOCK_NET_H
#define HR_BLOCK_NET_H

#include "harness/flow.h"
#include "harness/histogram.h"
#include "harness/ledger/journal.h"
#include "suites/block_validator.h"

struct hr_block_run {
    const struct eut_engine *engine;
    const struct hr_tape *tape;
    uint64_t orders; /* of the steady phase, in all */
    uint32_t orders_per_block, batch;
    uint32_t validators;
    const struct hr_agree_ops *protocol;
    struct hr_fpc_params fpc;
    uint64_t tick_ns, delay_ns;
    uint64_t patience_ns; /* before a silent leader is passed over; 0: long */
    uint64_t most_ns;     /* given up after this from the start */
    /* not 0: the last validator kills itself behind its first vote at this height or a later one */
    uint64_t kill_height;
    bool kill_mute; /* before that vote goes out, but after it was kept */
    /* NULL: none is kept. Else where each has its ledger, in folders validator-0 … that are made
     * here and left there. */
    const char *ledger;
    uint64_t snapshot_blocks; /* each takes a snapshot every so many */
    enum hr_sync sync;        /* of the ledgers: HR_SYNC_NONE or HR_SYNC_BATCH */
    /* not 0: who was killed is started again when the first validator has committed this height */
    uint64_t restart_height;
    void (*down)(void *context); /* before that, in the parent; may be NULL */
    void *context;
};

/* The last validator's second life. */
struct hr_block_rejoin {
    uint64_t killed_height;      /* committed when it was found dead */
    uint64_t height;             /* what it had of its ledger */
    uint64_t snapshot, replayed; /* request of the snapshot; requests of the journal behind it */
    uint64_t fetched;            /* blocks of the others */
    struct hr_vote_record votes; /* of its first life */
    uint64_t voted_height;       /* its first vote, and opinion, in its second one */
    uint32_t voted_round;
};

struct hr_block_result {
    bool finished;           /* all blocks are committed by all who live */
    bool same;               /* all roots at all heights, and all digests, are one */
    uint64_t blocks, orders; /* committed by all who live */
    uint64_t elapsed_ns;     /* from the first tick to the last commit */
    uint64_t ticks_ns;       /* and what it should be: blocks times tick */
    uint64_t digest;         /* the engines' */
    uint8_t root[HR_HASH_BYTES];
    uint64_t rounds, rebuilds, polls, bytes; /* over all validators */
    uint64_t apply_ns, root_ns; /* of the first validator, over all blocks: engine, state root */
    uint64_t ledger_ns, ledger_ns_max; /* and its ledger: over all, and the longest one */
    struct hr_block_rejoin rejoin;
    struct hr_histogram
        *commit; /* sealed → committed at who sealed it; the caller's; may be NULL */
    struct hr_histogram *everywhere; /* → at the last validator */
    struct hr_histogram *due;        /* end of the tick → committed at who sealed it */
};

#define HR_BLOCK_FOLDER_MAX 1024
/* A validator's folder. */
int hr_block_folder(const char *ledger, uint32_t validator, char folder[HR_BLOCK_FOLDER_MAX]);

int hr_block_run(const struct hr_block_run *run, struct hr_block_result *result);

/* The same orders through one engine in this process: its digest and its state root after the load
 * and `orders` steady ones. What the validators must come to. */
int hr_block_expected(const struct eut_engine *engine, const struct hr_tape *tape, uint64_t orders,
                      uint64_t *digest, uint8_t root[HR_HASH_BYTES]);

#endif
