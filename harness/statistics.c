/* statistics.c - what do the runs say, and how sure is it? Medians with order-statistic intervals,
 * binomial tail bounds, straight lines and the universal scalability law: exact or closed forms, no
 * resampling, no random numbers. It cannot see whether runs were independent: that is the harness's
 * work. */
#include "harness/statistics.h"
#include "harness/error.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COVERAGE 0.95
#define STACK_SAMPLES 256

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double hr_median(double *values, int n)
{
    qsort(values, (size_t)n, sizeof(*values), by_value);
    return n % 2 ? values[n / 2] : values[n / 2 - 1] + (values[n / 2] - values[n / 2 - 1]) / 2;
}

/* log(n!), by the sum below 32 and Stirling's series above (error below 1e-12). */
static double log_factorial(double n)
{
    double sum = 0;

    if (n < 32) {
        for (int i = 2; i <= (int)n; i++) {
            sum += log(i);
        }
        return sum;
    }
    return n * log(n) - n + 0.5 * log(2 * M_PI * n) + 1 / (12 * n) - 1 / (360 * n * n * n) +
           1 / (1260 * n * n * n * n * n);
}

/* P(X <= k) for X ~ binomial(n, p), 0 < p < 1, k below the mean: terms fall towards 0, so the
 * sum runs downwards from the largest and ends when the rest no longer counts. */
static double binomial_lower(double k, double n, double p)
{
    double log_term = log_factorial(n) - log_factorial(k) - log_factorial(n - k) + k * log(p) +
                      (n - k) * log1p(-p);
    double term = exp(log_term), sum = 0;

    for (; k >= 0 && term > sum * 1e-17; k--) {
        sum += term;
        term *= k / (n - k + 1) * (1 - p) / p;
    }
    return sum;
}

/* The narrowest ranks (k, n - k + 1) that still cover the median at COVERAGE; 0 if none do. */
static int interval_rank(int n, double *coverage)
{
    int best = 0;

    for (int k = 1; k <= n / 2; k++) {
        double c = 1 - 2 * binomial_lower(k - 1, n, 0.5);

        if (c < COVERAGE) {
            break;
        }
        best = k;
        *coverage = c;
    }
    return best;
}

/* Of sorted values, linear between neighbours (Hyndman and Fan's type 7). */
static double quantile(const double *sorted, int n, double q)
{
    double at = q * (n - 1);
    int low = (int)at;

    return low + 1 < n ? sorted[low] + (at - low) * (sorted[low + 1] - sorted[low]) : sorted[low];
}

struct hr_estimate hr_estimate_median(const double *samples, int n)
{
    double few[STACK_SAMPLES],
        *sorted = n <= STACK_SAMPLES ? few : malloc((size_t)n * sizeof(*sorted));
    struct hr_estimate e = {.median = NAN, .low = NAN, .high = NAN, .min = NAN, .max = NAN};
    double q1, q3;
    int k;

    if (!sorted || n < 1) {
        return e;
    }
    memcpy(sorted, samples, (size_t)n * sizeof(*sorted));
    e.median = hr_median(sorted, n);
    e.n = n;
    e.min = sorted[0];
    e.max = sorted[n - 1];
    k = interval_rank(n, &e.coverage);
    e.interval = k > 0;
    e.low = k ? sorted[k - 1] : e.min;
    e.high = k ? sorted[n - k] : e.max;
    q1 = quantile(sorted, n, 0.25);
    q3 = quantile(sorted, n, 0.75);
    for (int i = 0; i < n; i++) {
        e.outliers += sorted[i] < q1 - 1.5 * (q3 - q1) || sorted[i] > q3 + 1.5 * (q3 - q1);
    }
    if (sorted != few) {
        free(sorted);
    }
    return e;
}

bool hr_tail_passes(uint64_t slow, uint64_t count, double share_max, double confidence)
{
    if (slow >= count || !(share_max > 0)) {
        return false;
    }
    if (share_max >= 1) {
        return true;
    }
    if ((double)slow >= (double)count * share_max) {
        return false; /* at or above the mean the lower tail holds about half */
    }
    return binomial_lower((double)slow, (double)count, share_max) <= 1 - confidence;
}

int hr_fit_line(const double *x, const double *y, int n, struct hr_line *fit)
{
    double mean_x = 0, mean_y = 0, xx = 0, xy = 0, yy = 0;

    for (int i = 0; i < n; i++) {
        if (!isfinite(x[i]) || !isfinite(y[i])) {
            return hr_fail(EINVAL, "a line needs finite points");
        }
        mean_x += x[i] / n;
        mean_y += y[i] / n;
    }
    for (int i = 0; i < n; i++) {
        xx += (x[i] - mean_x) * (x[i] - mean_x);
        xy += (x[i] - mean_x) * (y[i] - mean_y);
        yy += (y[i] - mean_y) * (y[i] - mean_y);
    }
    if (n < 2 || !(xx > 0)) {
        return hr_fail(EINVAL, "a line needs two points with different x");
    }
    fit->b = xy / xx;
    fit->a = mean_y - fit->b * mean_x;
    fit->r2 = yy > 0 ? fmin(1, xy * xy / (xx * yy)) : 1;
    return 0;
}

/* ---- the universal scalability law ------------------------------------------------ */

/* Solves the symmetric m x m system by elimination with pivoting; false if singular. */
static bool solve(double a[3][4], int m)
{
    for (int column = 0; column < m; column++) {
        int pivot = column;

        for (int row = column + 1; row < m; row++) {
            pivot = fabs(a[row][column]) > fabs(a[pivot][column]) ? row : pivot;
        }
        if (!(fabs(a[pivot][column]) > 1e-12)) { /* also of NaN: a column of zeros */
            return false;
        }
        for (int k = 0; k <= m; k++) {
            double swap = a[column][k];

            a[column][k] = a[pivot][k];
            a[pivot][k] = swap;
        }
        for (int row = 0; row < m; row++) {
            double factor = a[row][column] / a[column][column];

            for (int k = column; row != column && k <= m; k++) {
                a[row][k] -= factor * a[column][k];
            }
        }
    }
    for (int row = 0; row < m; row++) {
        a[row][m] /= a[row][row];
    }
    return true;
}

/* One point as a row of the linearised law n / rate = c0 + c1 (n - 1) + c2 n (n - 1), divided by n
 * / rate: the right side becomes 1, so that every point counts by its relative error. */
static void usl_row(double n, double rate, double row[3])
{
    row[0] = rate / n;
    row[1] = row[0] * (n - 1);
    row[2] = row[1] * n;
}

/* Least squares with the terms that `use` names, the others 0. Columns are brought to length 1, or
 * n^2 would drown the rest. False if singular; *error is the sum of squares. */
static bool fit_terms(const double *n, const double *rate, int count, int use, double c[3],
                      double *error)
{
    double a[3][4] = {{0}}, length[3] = {0}, row[3];
    int terms[3], m = 0;

    for (int t = 0; t < 3; t++) {
        c[t] = 0;
        if (use & (1 << t)) {
            terms[m++] = t;
        }
    }
    for (int i = 0; i < count; i++) {
        usl_row(n[i], rate[i], row);
        for (int t = 0; t < 3; t++) {
            length[t] = hypot(length[t], row[t]);
        }
    }
    for (int i = 0; i < count; i++) {
        usl_row(n[i], rate[i], row);
        for (int p = 0; p < m; p++) {
            double x = row[terms[p]] / length[terms[p]];

            for (int q = 0; q < m; q++) {
                a[p][q] += x * row[terms[q]] / length[terms[q]];
            }
            a[p][m] += x;
        }
    }
    if (!solve(a, m)) {
        return false;
    }
    for (int p = 0; p < m; p++) {
        c[terms[p]] = a[p][m] / length[terms[p]];
    }
    *error = 0;
    for (int i = 0; i < count; i++) {
        usl_row(n[i], rate[i], row);
        *error += pow(c[0] * row[0] + c[1] * row[1] + c[2] * row[2] - 1, 2);
    }
    return true;
}

static double usl_rate(const struct hr_usl *fit, double n)
{
    return fit->lambda * n / (1 + fit->sigma * (n - 1) + fit->kappa * n * (n - 1));
}

static double usl_r2(const struct hr_usl *fit, const double *n, const double *rate, int count)
{
    double mean = 0, total = 0, rest = 0;

    for (int i = 0; i < count; i++) {
        mean += rate[i] / count;
    }
    for (int i = 0; i < count; i++) {
        double off = rate[i] - usl_rate(fit, n[i]);

        rest += off * off;
        total += (rate[i] - mean) * (rate[i] - mean);
    }
    return total > 0 ? fmax(0, 1 - rest / total) : rest > 0 ? 0 : 1;
}

int hr_fit_usl(const double *n, const double *rate, int count, struct hr_usl *fit)
{
    static const int subsets[] = {7, 3, 5, 1}; /* the constant term is always in */
    double best = INFINITY, best_c[3] = {0};

    for (int i = 0; i < count; i++) {
        if (!(n[i] > 0) || !(rate[i] > 0) || !isfinite(n[i]) || !isfinite(rate[i])) {
            return hr_fail(EINVAL, "a scaling fit needs positive points");
        }
    }
    if (count < 3) {
        return hr_fail(EINVAL, "a scaling fit needs three points, there are %d", count);
    }
    for (int s = 0; s < 4; s++) { /* non-negative least squares: the best of the feasible faces */
        double c[3], error;

        if (fit_terms(n, rate, count, subsets[s], c, &error) && c[0] > 0 && c[1] >= 0 &&
            c[2] >= 0 && error < best) {
            best = error;
            memcpy(best_c, c, sizeof(best_c));
        }
    }
    if (!(best_c[0] > 0)) {
        return hr_fail(EINVAL, "no scaling law fits these points");
    }
    fit->lambda = 1 / best_c[0];
    fit->sigma = best_c[1] / best_c[0];
    fit->kappa = best_c[2] / best_c[0];
    fit->peak_n = fit->kappa > 0 ? sqrt(fmax(1, (1 - fit->sigma) / fit->kappa)) : INFINITY;
    fit->r2 = usl_r2(fit, n, rate, count);
    return 0;
}
