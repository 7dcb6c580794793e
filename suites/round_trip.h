/*
 * round_trip.h - one order at a time there and back over a path, by which way, and what tuning does
 * to that.
 */
#ifndef HR_ROUND_TRIP_H
#define HR_ROUND_TRIP_H

#include "suites/percentiles.h"
#include "suites/suite.h"

#include "harness/error.h"
#include "harness/link.h"

struct hr_round_trip {
    const struct hr_workload *workload;
    int server_cpu; /* -1: not pinned */
    struct hr_link_way way;
};
/* One fresh run of a case whose context is a hr_round_trip: HR_PERCENTILES values and, over a
 * cable, HR_ROUND_TRIP_BYTES; one histogram. */
int hr_round_trip_trial(const struct hr_case *c, struct hr_trial *trial);
/* Bytes that crossed the cable for one order, both ways, with all headers. Fewer than an order and
 * its events are, and the run has failed. */
#define HR_ROUND_TRIP_BYTES HR_PERCENTILES
#define HR_ROUND_TRIP_METRICS_MAX (HR_PERCENTILES + 1)
/* How many of them the case has. */
int hr_round_trip_metrics(struct hr_measured metrics[HR_ROUND_TRIP_METRICS_MAX], bool cable);
/* What an order's way is guessed to take. */
#define HR_ROUND_TRIP_PLAN_S 40e-6

/* Two namespaces and a cable for all cases of one run of the suite, laid when the first wants them,
 * and not for a plan. */
struct hr_own_net {
    struct hr_cable *cable;
    bool tried;
    char why[HR_ERROR_MAX];
};
#define HR_OWN_NET_ADVICE \
    "as root, or: unshare -rn sh -c 'ip link set lo up && exec headroom run ...'"
/* Why there can be none here, or NULL. */
const char *hr_own_net_refused(const struct hr_bench *bench, struct hr_own_net *net);

/* The cases tuning=…: the same order flow with one thing set at a time, in turns with the same
 * untuned: pinning, real-time scheduling, sleeping, busy polling, huge pages. */
int hr_tuning_cases(struct hr_bench *bench, json_t *suite, const struct hr_flow_params *flow,
                    struct hr_own_net *net);

#endif
