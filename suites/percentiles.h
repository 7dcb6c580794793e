/*
 * percentiles.h - a histogram's percentiles as metrics of a case: which are taken, and when there
 * are too few samples for one.
 */
#ifndef HR_PERCENTILES_H
#define HR_PERCENTILES_H

#include "harness/measure.h"

/* p50, p99, p99.9, then p90, p99.99, max: the first HR_CLASS_PERCENTILES are enough for a part of
 * the orders. */
#define HR_PERCENTILES 6
#define HR_CLASS_PERCENTILES 3

/* Fills the first n metrics: name, ns, lower is better. */
void hr_percentile_metrics(struct hr_measured *metrics, int n);
/* Their values into trial->values[first …); NAN and the reason where there are too few samples. */
void hr_percentiles_into(struct hr_trial *trial, const struct hr_histogram *h, int first, int n);
/* One of them: NAN where there are too few samples. */
double hr_percentile_or_nan(const struct hr_histogram *h, double percentile);

#endif
