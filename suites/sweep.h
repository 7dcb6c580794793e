/*
 * sweep.h - what sweeps over shards and over nodes share: which counts, and the law through them.
 */
#ifndef HR_SWEEP_H
#define HR_SWEEP_H

#include "harness/record.h"
#include "harness/statistics.h"

/* 1, 2, 3, 4, 6, 8, 12, 16 … and the most there is, into counts (room for `room`); how many. */
int hr_sweep_counts(int most, int *counts, int room);

/* The universal scalability law through the points as figures of c (usl_lambda, usl_sigma,
 * usl_kappa, usl_r2). False, and nulls with the reason `few`, if it does not fit them. */
bool hr_sweep_law(json_t *c, const double *counts, const double *rates, int n, const char *few,
                  struct hr_usl *law);

#endif
