/*
 * gate_trials.h - how often is the gate itself wrong? Simulated comparisons with a known answer,
 * judged by the very code that judges measured ones. Seeded: the same on every machine but for the
 * last digit of a logarithm.
 */
#ifndef HR_GATE_TRIALS_H
#define HR_GATE_TRIALS_H

#include <stdbool.h>
#include <stdint.h>

#define HR_GATE_METRICS_MAX 8

struct hr_gate_trial {
    const char *name;
    bool interleaved; /* old new new old; else all of the old ones, then all of the new ones */
    bool stored_test; /* judged as stored results are */
    int runs;         /* blocks, or runs a side */
    int metrics;      /* that gate at once; the first of them is the one that changes */
    double spread;    /* standard deviation of a run's log */
    double change;    /* log-ratio of new over old in the first metric: below 0 is a slowdown */
    double drift;     /* log, from the first run to the last of the comparison */
    double stalls;    /* share of the runs that take a tenth longer for no reason */
    double wrong_max; /* false regressions, as a share of comparisons: this must hold … */
    double found_min; /* … or this, of regressions found; both 0: shown as a warning to others */
};
extern const struct hr_gate_trial hr_gate_trials[]; /* ended by name NULL */

struct hr_gate_rates {
    int comparisons;
    double regression, improvement, same, inconclusive; /* shares */
    bool holds;
};
/* A comparison regresses if any of its metrics does when nothing changed, and if the first does
 * when that changed; the other shares are of the first metric. -ENOMEM. */
int hr_gate_trial_run(const struct hr_gate_trial *trial, uint64_t seed, int comparisons,
                      struct hr_gate_rates *rates);

#endif
