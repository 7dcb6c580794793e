/*
 * open_run.h - a fresh run at a given rate: orders are due whether or not the engine is ready.
 */
#ifndef HR_OPEN_RUN_H
#define HR_OPEN_RUN_H

#include "suites/closed_run.h"
#include "suites/percentiles.h"

/* Histograms of an open run: latency from the due time, service time from the sending. */
enum { HR_OPEN_LATENCY, HR_OPEN_SERVICE, HR_OPEN_HISTOGRAMS };
extern const char *const hr_open_histograms[HR_OPEN_HISTOGRAMS + 1];

struct hr_open_run {
    const struct hr_workload *workload;
    uint64_t orders, digest; /* a prefix of it */
    double rate;             /* orders per second */
    uint32_t batch;          /* of what is due at one time, at most so many go in one submit */
    uint64_t budget_ns;      /* a send later than this is late */
};

/* A run is not an open-loop run if more than this share of its sends was late. */
#define HR_LATE_SHARE_MAX 0.001

/* More than the latency percentiles (first in trial->values): */
enum {
    HR_OPEN_ACHIEVED = HR_PERCENTILES,
    HR_OPEN_SERVICE_P50,
    HR_OPEN_SERVICE_P99,
    HR_OPEN_FIGURES
};

/* One fresh run into the trial: histograms, figures, checks (late sends, Little's law, disturbance,
 * digest). */
int hr_open_trial(const struct hr_open_run *run, struct hr_trial *trial);

/* A case at one rate, for about latency.seconds a run. */
int hr_open_case_run(struct hr_bench *bench, json_t *suite, const char *suite_name,
                     const char *name, const struct hr_flow_params *flow, uint64_t tape,
                     double rate);

/* The arrivals of the configuration at this rate. */
struct hr_arrival hr_arrival_of(const struct hr_config *config, double rate, uint64_t seed);

#endif
