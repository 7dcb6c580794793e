/*
 * closed_run.h - the fresh run that most suites are made of: a tape in batches, closed loop.
 */
#ifndef HR_CLOSED_RUN_H
#define HR_CLOSED_RUN_H

#include "suites/suite.h"

/* What is taken beside throughput (always the first metric), events and trades: nothing; the rates
 * over the first half and the first quarter of the orders of the same run, so that they can be
 * compared in pairs; bytes_per_market, load_time, load_rate and load_rate_markets; or these and the
 * bytes of each kind of market, resident_peak, the most that the program ever held, and
 * first_touch, the rate at which memory was had for the books before they were built. */
enum hr_closed_more { HR_CLOSED_RATE, HR_CLOSED_LENGTHS, HR_CLOSED_SIZE, HR_CLOSED_KINDS };
enum {
    HR_CLOSED_THROUGHPUT,
    HR_CLOSED_EVENTS,
    HR_CLOSED_TRADES,
    HR_CLOSED_HALF,
    HR_CLOSED_QUARTER
};

/* One flow, one batch size: a case of orders per second. *result may be NULL. A workload that
 * cannot be had is recorded as SKIP or INVALID with its reason. 0, -EINTR, -ENOMEM. */
struct hr_closed_case {
    const char *suite, *name;
    struct hr_flow_params flow;
    uint64_t orders; /* of the steady phase, per run */
    uint32_t batch;
    enum hr_closed_more more;
    json_t *extra; /* further params; borrowed; may be NULL */
};
int hr_closed_case_run(struct hr_bench *bench, json_t *suite, const struct hr_closed_case *wanted,
                       struct hr_measure_result *result);

/* {"crossing", "levels", "markets", "orders_per_level", "zipf"} and, if there are any, "l2_share"
 * (and "l2_levels"). New reference. */
json_t *hr_flow_case_params(const struct hr_flow_params *flow);
/* The ceiling over a rate of orders: a quarter of the random-line rate that so many threads (one,
 * or all processors) had at this flow's working set (an order touches four lines of memory: market,
 * level, order, id index), once that is out of cache. 0 and *id NULL if there is none: the null
 * engine is the ceiling then. */
double hr_orders_ceiling(const struct hr_rig *rig, const struct hr_flow_params *flow, int threads,
                         const char **id);
/* Records why a case has no flow: SKIP for what does not fit or is not supported, INVALID for a
 * flow that could not be proved; returns 0. An interruption (-EINTR) is no refusal and is returned.
 * result may be NULL; else it has the case and its status. */
int hr_refuse_workload(struct hr_bench *bench, json_t *suite, const char *suite_name,
                       const char *name, json_t *params, int rc, struct hr_measure_result *result);

/* A processor beside the measuring one, for an engine's own process; -1 if nothing is pinned,
 * HR_NO_OTHER_CPU if there is none. */
#define HR_NO_OTHER_CPU -2
#define HR_WHY_OTHER_CPU                                                                           \
    "client and server are two processes that never rest, and there is one processor"
int hr_rig_other_cpu(const struct hr_rig *rig);

#endif
