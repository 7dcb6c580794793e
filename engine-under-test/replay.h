/*
 * replay.h - one flow through one engine, in batches, with what happened as text and as counts.
 */
#ifndef EUT_REPLAY_H
#define EUT_REPLAY_H

#include "engine-under-test/engine.h"
#include "harness/codec.h"
#include "harness/output.h"
#include "harness/recorded.h"

struct eut_replay {
    const struct eut_engine *engine; /* set by the caller; the rest is filled */
    bool engine_made;
    uint64_t requests, trades, accepted, cancelled, rejected, rejected_by[32];
    uint64_t digest;
    /* recorded markets: of the executions, those that met the very order the exchange's did with
     * all their quantity, those that met another, and those that met nothing or too little of it */
    bool is_recorded;
    struct hr_recorded_counts recorded;
    uint64_t same_order, other_order, no_order;
    uint64_t traded_on_entry; /* orders that the feed shows resting, but that traded here at once */
};

/* Creates the engine, feeds it all of `file`, writes events as they come and books at the end
 * (either may be NULL), fills *replay. On a bad line what came before it has been processed and
 * written, books too; then -errno with a message. -EINTR after SIGINT or SIGTERM. */
int eut_replay(struct eut_replay *replay, struct hr_flow_file *file,
               const struct eut_limits *limits, struct hr_output *events, struct hr_output *books);

#endif
