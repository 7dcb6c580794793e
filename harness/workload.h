/*
 * workload.h - tapes, and the proof of them: what a case is driven with and what digest is right.
 *
 * A workload is a recorded flow, run through the oracle in the same run of the program. The
 * oracle's digest after all of the flow must equal the shadow's; its digests after prefixes are
 * kept, so that a shorter run of the same flow can be judged too. Each distinct flow is recorded
 * once, cached by its parameters, and described under workload.flows of the record. The cache stays
 * inside a bound: the least recently used tape goes first.
 *
 * Threads: one at a time.
 */
#ifndef HR_WORKLOAD_H
#define HR_WORKLOAD_H

#include "harness/flow.h"
#include "harness/proof.h"

#include <jansson.h>

struct hr_workloads;

struct hr_workloads_params {
    const struct eut_engine *shadow; /* tells the generator what became of its requests */
    const struct eut_engine *oracle;
    json_t *flows;      /* array that each new flow's description is appended to */
    uint64_t bytes_max; /* tapes kept, and what recording and proving one more needs */
    void (*progress)(void *context, const char *what, double share); /* may be NULL */
    void *context;
};

/* Prefixes with a known digest: steady >> k requests, for k = 0 … HR_PREFIXES - 1. */
struct hr_workload {
    const struct hr_tape *tape;
    uint64_t steady;              /* as asked for; the tape may hold more */
    uint64_t digest, digest_load; /* the oracle's, after load + steady, and after the load */
    uint64_t prefix[HR_PREFIXES],
        prefix_digest[HR_PREFIXES]; /* requests of the steady phase; longest first */
    int prefixes;
};

int hr_workloads_new(struct hr_workloads **w, const struct hr_workloads_params *params);
void hr_workloads_free(struct hr_workloads *w);

/* The workload for these parameters, valid until the next call on w. -ENOSPC if it does not fit
 * into bytes_max, -EBADMSG if shadow and oracle differ (nothing can be measured with it), -EINTR.
 */
int hr_workload_get(struct hr_workloads *w, const struct hr_flow_params *params, uint64_t steady,
                    struct hr_workload *workload);
/* The longest prefix of at most `wanted` steady requests (the shortest kept if all are longer). */
int hr_workload_prefix(const struct hr_workload *workload, uint64_t wanted, uint64_t *steady,
                       uint64_t *digest);

/* What it will take, before it is asked for: bytes for the tape and for the larger of shadow and
 * oracle (a guess from what this project's engines need). */
uint64_t hr_workload_bytes(const struct hr_flow_params *params, uint64_t steady);

#endif
