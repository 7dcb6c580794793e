/*
 * block_net.h - validators as processes: each with its own engine, its own state root and its own
 * journal of blocks in memory, over a mesh (block_mesh.h); run over a flow, a block a tick.
 *
 * Every tick has its orders, `orders_per_block` of the flow, which are every validator's to
 * propose (clients send to all); who leads seals them when the tick is over and what came before is
 * committed. All validators run on this host and share its clock, so that one process's sealing and
 * another's commit can be subtracted.
 *
 * What a validator must not forget lies in memory shared with its parent, which outlives it if it
 * is killed, but not the host.
 *
 * Threads: one. Errors: a negative errno with hr_error(); -EINTR after Ctrl-C.
 */
#ifndef HR_BLOCK_NET_H
#define HR_BLOCK_NET_H

#include "harness/flow.h"
#include "harness/histogram.h"
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
    uint64_t kill_height; /* not 0: the last validator kills itself there */
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
    struct hr_histogram
        *commit; /* sealed → committed at who sealed it; the caller's; may be NULL */
    struct hr_histogram *everywhere; /* → at the last validator */
    struct hr_histogram *due;        /* end of the tick → committed at who sealed it */
};

int hr_block_run(const struct hr_block_run *run, struct hr_block_result *result);

/* The same orders through one engine in this process: its digest and its state root after the load
 * and `orders` steady ones. What the validators must come to. */
int hr_block_expected(const struct eut_engine *engine, const struct hr_tape *tape, uint64_t orders,
                      uint64_t *digest, uint8_t root[HR_HASH_BYTES]);

#endif
