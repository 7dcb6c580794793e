/*
 * histogram.h - log-linear histogram of whole numbers (HdrHistogram's layout and files).
 *
 * Three significant digits from 1 to HR_HISTOGRAM_MAX; larger values are clamped and counted.
 * About 264 KiB each. Recording is one increment and never allocates. Source of the layout and of
 * the V2 encoding: hdrhistogram.org, "HdrHistogram V2 log format".
 *
 * Threads: one writer. Percentiles are sorted by construction.
 */
#ifndef HR_HISTOGRAM_H
#define HR_HISTOGRAM_H

#include <stdint.h>
#include <stdio.h>

#define HR_HISTOGRAM_MAX 3600000000000u /* one hour in ns */

struct hr_histogram;

struct hr_histogram *hr_histogram_new(void); /* NULL without memory */
void hr_histogram_free(struct hr_histogram *h);
void hr_histogram_reset(struct hr_histogram *h);
void hr_histogram_record(struct hr_histogram *h, uint64_t value);
void hr_histogram_record_n(struct hr_histogram *h, uint64_t value, uint64_t count);
void hr_histogram_add(struct hr_histogram *into, const struct hr_histogram *from);

uint64_t hr_histogram_count(const struct hr_histogram *h);
uint64_t hr_histogram_clamped(const struct hr_histogram *h);
uint64_t hr_histogram_max(const struct hr_histogram *h);
uint64_t hr_histogram_min(const struct hr_histogram *h);
double hr_histogram_mean(const struct hr_histogram *h);
/* percentile in 0 … 100: the largest value equivalent to the recorded one at that rank; 0 if empty.
 */
uint64_t hr_histogram_percentile(const struct hr_histogram *h, double percentile);
uint64_t hr_histogram_count_above(const struct hr_histogram *h, uint64_t value);

/* How many samples are needed before this percentile is printed (one-sided 95 %): 299 for p99,
 * 2 995 for p99.9, 29 956 for p99.99. */
uint64_t hr_histogram_samples_needed(double percentile);

/* Up to max points (value, percentile 0..100) along 1/(1-p), for plots; returns how many. */
struct hr_histogram_point {
    uint64_t value;
    double percentile;
};
int hr_histogram_points(const struct hr_histogram *h, struct hr_histogram_point *points, int max);

/* One interval line of an HdrHistogram V2 log (.hlog); start and length in seconds. */
int hr_hlog_begin(FILE *file, double start_s);
int hr_hlog_write(FILE *file, const char *tag, const struct hr_histogram *h, double start_s,
                  double length_s);

#endif
