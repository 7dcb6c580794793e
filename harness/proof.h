/*
 * proof.h - a tape through the oracle: which digests are right?
 *
 * Markets never interact, so the oracle proves ranges of markets one by one, on all processors, and
 * the digests add up (engine.h). That bounds the oracle's memory, which is the largest of all
 * engines', and halves the time on two cores. Nothing is measured meanwhile.
 *
 * Threads: starts and joins its own; the caller's may be pinned, the others are not.
 */
#ifndef HR_PROOF_H
#define HR_PROOF_H

#include "harness/flow.h"

#define HR_PREFIXES 10

struct hr_proof_params {
    const struct eut_engine *oracle;
    const struct hr_tape *tape;
    uint64_t prefix[HR_PREFIXES]; /* requests of the steady phase, longest first */
    int prefixes;
    int threads;                                   /* at most; 0: one a processor */
    void (*progress)(void *context, double share); /* may be NULL; called by the calling thread */
    void *context;
};

struct hr_proof {
    uint64_t digest_load, digest[HR_PREFIXES]; /* after the load, and after each prefix */
    uint64_t resting_load[2], resting_end[2];  /* open lots in L3 books, buy and sell */
};
/* 0, -EINTR, or a negative errno with hr_error(). */
int hr_prove(const struct hr_proof_params *params, struct hr_proof *proof);

/* For whoever proves in another order (flow_stream.c): adds the open lots of markets first … end -
 * 1 to sums, buy and sell; adds all of one proof to another. */
void hr_proof_weigh(const struct eut_engine *oracle, void *self, uint32_t first, uint32_t end,
                    uint64_t sums[2]);
void hr_proof_add(struct hr_proof *to, const struct hr_proof *from);

/* The most memory that proving a tape of so many resting orders takes, in bytes. */
uint64_t hr_proof_bytes(uint64_t orders, uint32_t markets);

#endif
