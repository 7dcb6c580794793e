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
/* What share, in %, of the samples above p99.9 the host's own pauses explain, after
 * hr_hiccup_caused() with p50 as the typical sample: spins right after the timed part, for as long
 * as that took (HR_LISTEN_MIN_NS … HR_LISTEN_MAX_NS), so that both see the same machine. NAN where
 * there are too few samples for p99.9. */
#define HR_LISTEN_MIN_NS 20000000u
#define HR_LISTEN_MAX_NS 200000000u
double hr_host_percent(const struct hr_trial *trial, const struct hr_histogram *h);
/* One of them: NAN where there are too few samples. */
double hr_percentile_or_nan(const struct hr_histogram *h, double percentile);

#endif
