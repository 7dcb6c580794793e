/*
 * closed_run.h - the fresh run that most suites are made of: a tape in batches, closed loop.
 */
#ifndef HR_CLOSED_RUN_H
#define HR_CLOSED_RUN_H

#include "suites/suite.h"

/* What to drive. Without `size` the figures of size are not taken. */
struct hr_closed_run {
    const struct hr_workload *workload; /* NULL while planning */
    uint32_t batch;
    bool size; /* resident memory and load time too */
};

/* One flow, one batch size, one length: a case of orders per second. `size` adds bytes_per_market
 * and the load figures. *result may be NULL. A workload that cannot be had is recorded as SKIP or
 * INVALID with its reason. 0, -EINTR, -ENOMEM. */
struct hr_closed_case {
    const char *suite, *name;
    struct hr_flow_params flow;
    uint64_t orders; /* of the steady phase, per run */
    uint64_t tape;   /* recorded; orders is tape >> k for some k; 0: as many as orders */
    uint32_t batch;
    bool size;
    const char *figure; /* name of the rate; NULL: throughput */
    json_t *extra;      /* further params; borrowed; may be NULL */
};
int hr_closed_case_run(struct hr_bench *bench, json_t *suite, const struct hr_closed_case *wanted,
                       struct hr_measure_result *result);

/* {"crossing", "levels", "markets", "orders_per_level", "zipf"} and, if there are any, "l2_share".
 * New reference. */
json_t *hr_flow_case_params(const struct hr_flow_params *flow);
/* The ceiling over a rate of orders: a quarter of the measured random-line rate at this flow's
 * working set (an order touches four lines of memory: id, order, level, neighbour), once that is
 * out of cache. 0 if there is none. *id is the ceiling's. */
double hr_orders_ceiling(const struct hr_rig *rig, const struct hr_flow_params *flow,
                         const char **id);
/* SKIP for what does not fit or is not supported, INVALID for a flow that could not be proved. */
void hr_refuse_workload(struct hr_bench *bench, json_t *suite, const char *suite_name,
                        const char *name, json_t *params, int rc);

#endif
