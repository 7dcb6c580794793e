/*
 * statistics.h - the one statistics code. The unit of replication is a run.
 */
#ifndef HR_STATISTICS_H
#define HR_STATISTICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The median; sorts the values. n >= 1. */
double hr_median(double *values, int n);

/* Median over runs with its order-statistic interval: the widest-coverage ranks (k, n-k+1) with
 * coverage >= 95 %. Below 6 runs there is none, and low/high are min and max. */
struct hr_estimate {
    double median, low, high;
    double min, max;
    bool interval;     /* low..high is a 95 % interval, not min..max */
    double coverage;   /* of that interval */
    int n;
    int outliers;      /* outside 1.5 IQR of the quartiles: counted, never dropped */
};
/* samples need not be sorted; n >= 1. */
struct hr_estimate hr_estimate_median(const double *samples, int n);

/* Binomial bound of a tail check (MLPerf LoadGen): with `slow` of `count` samples beyond the
 * bound, does the true share exceed `share_max` be refuted at `confidence` (0.99)? For p99.9: 0 slow of
 * >= 4 603, 10 of >= 20 140. */
bool hr_tail_passes(uint64_t slow, uint64_t count, double share_max, double confidence);

/* Least squares y = a + b x; r2 in 0..1. -EINVAL below 2 points or without spread in x. */
struct hr_line {
    double a, b, r2;
};
int hr_fit_line(const double *x, const double *y, int n, struct hr_line *fit);

/* Universal scalability law, rate(n) = lambda n / (1 + sigma (n - 1) + kappa n (n - 1)), by least
 * squares on the linearised form with sigma, kappa >= 0 (Gunther). -EINVAL below 3 points. */
struct hr_usl {
    double lambda, sigma, kappa, r2;
    double peak_n; /* INFINITY if kappa is 0 */
};
int hr_fit_usl(const double *n, const double *rate, int count, struct hr_usl *fit);

#endif
