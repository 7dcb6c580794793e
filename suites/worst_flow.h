/*
 * worst_flow.h - flows made to hurt: for each part of a matching engine that could have a bad case,
 * the requests that would find it.
 *
 * A load phase builds the books; in the steady phase some requests are the ones to time and the
 * rest put back what those took, so that each meets the same book. Same sizes, same bytes, on every
 * machine. A sender could send each of them: nothing in it is refused, and no more rests than the
 * limits say.
 *
 * Threads: any; a flow belongs to its caller.
 */
#ifndef HR_WORST_FLOW_H
#define HR_WORST_FLOW_H

#include "engine-under-test/engine.h"
#include "harness/platform/platform.h"

#include <stdbool.h>

/* Everything follows from these two. A hundredth of `orders` are the levels that are swept, the
 * makers that a refusal may look at and the levels a side of a wide book; a quarter are the ids at
 * once; a thousandth live while fresh ones come and go, and are the levels of a tide. Of sweeps
 * there are requests / 300, of refusals requests / 25 (10 at least), of churn ten times requests.
 */
struct hr_worst_size {
    uint32_t orders;
    uint64_t requests;
};

struct hr_worst_flow {
    struct eut_limits limits;     /* just enough; batch_max is 1 */
    struct eut_request *requests; /* load, then steady */
    uint64_t load, steady;
    uint64_t timed; /* of the steady ones */
    uint32_t units; /* in one timed request: levels of a sweep, else 1 */
    char sha256[65];
    struct hr_region region;
};

struct hr_worst_pen;

struct hr_worst {
    const char *name;     /* as in worst=queue_middle */
    const char *question; /* what is asked of the engine */
    const char *unit;     /* what a time is divided by: "request", "level" */
    bool grows;           /* whether time and memory grow is the question */
    uint64_t needs;       /* capabilities without which it cannot be asked */
    void (*plan)(const struct hr_worst_size *size, struct hr_worst_flow *flow);
    void (*make)(struct hr_worst_pen *pen);
    bool (*timed)(const struct eut_request *request); /* of the steady phase */
};
extern const struct hr_worst hr_worsts[]; /* ended by a NULL name */

/* Counts, units and limits, without the requests. */
void hr_worst_plan(const struct hr_worst *worst, const struct hr_worst_size *size,
                   struct hr_worst_flow *flow);
/* With the requests; accounts and 64-bit ids only if the engine is capable of them. -ENOMEM. */
int hr_worst_make(const struct hr_worst *worst, const struct hr_worst_size *size,
                  uint64_t capabilities, struct hr_worst_flow *flow);
void hr_worst_free(struct hr_worst_flow *flow); /* accepts a zeroed one */

#endif
