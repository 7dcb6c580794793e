/*
 * worst.h - the latency suite's worst cases, and what their bound says.
 *
 * Each case (worst_flow.h) is driven one request at a time. In the same run the same engine is
 * driven through the plain flow of one market: its p50 is the median case, and everything is told
 * as a multiple of it, run by run, so that a machine that is slow today is slow on both sides.
 */
#ifndef HR_WORST_H
#define HR_WORST_H

#include "suites/suite.h"

/* All cases of the table, unless latency.worst_orders is 0. tape: steady requests of the plain
 * flow, as the other cases ask for them. 0, -EINTR, -ENOMEM. */
int hr_worst_cases(struct hr_bench *bench, json_t *suite, uint64_t tape);

/* Medians over the runs; NAN: not had. */
struct hr_worst_figures {
    double p99_times, p999_times; /* of the median case */
    double host_percent;          /* the host's share of what lies above p99.9 */
    /* Of a case that asks for growth, else NAN: time of the last tenth over the first's, and
     * resident memory gained since the first tenth. */
    double last_over_first, grown_bytes_per_request;
};

/* The highest percentile that is the engine's own is held to the bound: p99.9, if there are samples
 * enough for it and the host explains less than HR_WORST_HOST_MAX of what lies above; else p99. No
 * percentile, no judgement (judged is ""). Growth in time above HR_WORST_SLOWER_MAX, or in memory
 * above HR_WORST_GROWTH_MAX, is a miss whatever the bound: an id that leaves anything behind leaves
 * at least a byte. */
#define HR_WORST_ALLOWANCE_BYTES (4u << 20)
#define HR_WORST_HOST_MAX 50.0
#define HR_WORST_SLOWER_MAX 1.5
#define HR_WORST_GROWTH_MAX 1.0
struct hr_worst_verdict {
    const char *judged; /* "p99.9", "p99", "" */
    bool held;
    char why[HR_WHY_MAX]; /* what was missed, or "" */
};
void hr_worst_judge(const struct hr_worst_figures *figures, double bound_times,
                    struct hr_worst_verdict *verdict);

#endif
