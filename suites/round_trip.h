/*
 * round_trip.h - one order at a time there and back over a path, and what tuning does to that.
 */
#ifndef HR_ROUND_TRIP_H
#define HR_ROUND_TRIP_H

#include "suites/suite.h"

struct hr_round_trip {
    const struct hr_workload *workload;
    int server_cpu; /* -1: not pinned */
};
/* One fresh run of a case whose context is a hr_round_trip: HR_PERCENTILES values, one histogram. */
int hr_round_trip_trial(const struct hr_case *c, struct hr_trial *trial);
/* What an order's way is guessed to take. */
#define HR_ROUND_TRIP_PLAN_S 40e-6

/* The cases tuning=…: the same order flow with one thing set at a time, in turns with the same
 * untuned: pinning, real-time scheduling, huge pages. */
int hr_tuning_cases(struct hr_bench *bench, json_t *suite, const struct hr_flow_params *flow);

#endif
