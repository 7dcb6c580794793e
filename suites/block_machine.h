/*
 * block_machine.h - a validator's engine, followed: its events are folded market by market, so that
 * the state root of what a block touched can be had after it.
 *
 * Ownership: the caller's, zeroed. Threads: one. Errors: a negative errno with hr_error(); stop()
 * takes what was half made.
 */
#ifndef HR_BLOCK_MACHINE_H
#define HR_BLOCK_MACHINE_H

#include "harness/flow.h"
#include "harness/ledger/recovery.h"
#include "harness/ledger/state_root.h"

#define HR_MACHINE_SINK_ROOM 512u

struct hr_machine {
    const struct eut_engine *engine;
    void *self;
    uint32_t batch;
    struct hr_state_root root;
    const struct eut_request *requests;
    struct eut_sink sink;
    struct eut_event events[HR_MACHINE_SINK_ROOM];
    uint64_t apply_ns, root_ns; /* the caller's to count */
    bool restored;              /* the engine's own digest begins in the middle */
};

/* Books as the load phase leaves them, and their root. */
int hr_machine_start(struct hr_machine *m, const struct eut_engine *engine,
                     const struct hr_tape *tape, uint32_t batch, uint8_t root[HR_HASH_BYTES]);
/* Books of a ledger, which are taken over and freed. */
int hr_machine_restore(struct hr_machine *m, const struct eut_engine *engine,
                       const struct hr_tape *tape, uint32_t batch, struct hr_recovery *books);
int hr_machine_submit(struct hr_machine *m, const struct eut_request *requests, uint64_t count);
/* Of all events since the engine was empty; the engine's own, if it can know it. */
uint64_t hr_machine_digest(const struct hr_machine *m);
void hr_machine_stop(struct hr_machine *m);

#endif
