/* verdict.c - regression, improvement, same or inconclusive? Logs of ratios, exact rank tests, and
 * Holm's correction over the metrics that gate. It cannot see whether runs were taken fairly: who
 * interleaves them, and checks host and workload, is elsewhere. */
#include "harness/verdict.h"
#include "harness/error.h"
#include "harness/statistics.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define EXACT_MAX 30
#define MORE_MAX 1000
#define MEDIAN_ERROR 1.2533 /* sqrt(pi / 2): of a normal sample's median, over its mean's */

const char *hr_contest_end_name(enum hr_contest_end end)
{
    static const char *const names[] = {[HR_INCONCLUSIVE] = "inconclusive",
                                        [HR_SAME] = "same",
                                        [HR_IMPROVEMENT] = "improvement",
                                        [HR_REGRESSION] = "regression"};

    return names[end];
}

/* Logs, so turned that more is better. NULL with a message. */
static double *logs_of(const double *runs, int n, bool higher)
{
    double *logs;

    if (n < 1 || n > HR_CONTEST_RUNS_MAX) {
        hr_fail(EINVAL, n < 1 ? "there are no runs" : "more than %d runs", HR_CONTEST_RUNS_MAX);
        return NULL;
    }
    logs = malloc((size_t)n * sizeof(*logs));
    if (!logs) {
        hr_fail(ENOMEM, "no memory for %d runs", n);
        return NULL;
    }
    for (int i = 0; i < n; i++) {
        if (!isfinite(runs[i]) || !(runs[i] > 0)) {
            hr_fail(EINVAL, "a run's figure is not above 0, so there is no ratio");
            free(logs);
            return NULL;
        }
        logs[i] = higher ? log(runs[i]) : -log(runs[i]);
    }
    return logs;
}

static void set_margin(struct hr_contest *c, double floor)
{
    c->floor = fmax(floor, c->floor_given);
    c->margin = fmax(log1p(c->effect_min), HR_CONTEST_FLOORS * c->floor);
}

/* ---- interleaved ---------------------------------------------------------------------------- */

/* P(X >= k) for X ~ binomial(n, 1/2). */
static double sign_test(int k, int n)
{
    double term = pow(0.5, n), sum = 0; /* P(X = n), downwards */

    for (int i = n; i >= k; i--) {
        sum += term;
        term *= (double)i / (n - i + 1);
    }
    return fmin(1, sum);
}

static double beyond(const double *effects, int n, double sign, double limit)
{
    int count = 0;

    for (int i = 0; i < n; i++) {
        count += sign * effects[i] > limit;
    }
    return sign_test(count, n);
}

/* What a comparison of so many blocks typically says of two builds that are one: from the old runs
 * of neighbouring blocks, and the median's standard error, 1.2533 / sqrt(n) times a block's. */
static double floor_of_blocks(const double *old, int blocks, double *room)
{
    for (int b = 0; b + 1 < blocks; b++) {
        const double *a = old + 2 * b;

        room[b] = fabs((a[1] + a[2] - a[0] - a[3]) / 2);
    }
    return blocks > 1 ? hr_median(room, blocks - 1) * MEDIAN_ERROR / sqrt(blocks) : 0;
}

static double drift_of(const double *old, const double *new, int blocks, double *x, double *y)
{
    struct hr_line line;

    for (int b = 0; b < blocks; b++) {
        x[b] = b;
        y[b] = (old[2 * b] + old[2 * b + 1] + new[2 * b] + new[2 * b + 1]) / 4;
    }
    if (blocks < 2 || hr_fit_line(x, y, blocks, &line)) {
        return (double)NAN;
    }
    return line.b * (blocks - 1);
}

static void fill_interleaved(struct hr_contest *c, const double *old, const double *new, int blocks,
                             double *effects, double *room)
{
    struct hr_estimate e;

    c->drift = drift_of(old, new, blocks, room, effects);
    set_margin(c, floor_of_blocks(old, blocks, room));
    for (int b = 0; b < blocks; b++) {
        effects[b] = (new[2 * b] + new[2 * b + 1] - old[2 * b] - old[2 * b + 1]) / 2;
    }
    e = hr_estimate_median(effects, blocks);
    c->n = blocks;
    c->effect = e.median;
    c->interval = e.interval;
    c->low = e.interval ? e.low : (double)NAN;
    c->high = e.interval ? e.high : (double)NAN;
    c->p_worse = beyond(effects, blocks, -1, c->margin);
    c->p_better = beyond(effects, blocks, 1, c->margin);
    c->p_within =
        fmax(beyond(effects, blocks, 1, -c->margin), beyond(effects, blocks, -1, -c->margin));
}

int hr_contest_interleaved(struct hr_contest *c, const double *old_runs, const double *new_runs,
                           int blocks)
{
    double *old = logs_of(old_runs, 2 * blocks, c->higher);
    double *new = old ? logs_of(new_runs, 2 * blocks, c->higher) : NULL;
    double *room = new ? malloc(2 * (size_t)blocks * sizeof(*room)) : NULL;
    int rc = room ? 0 : new ? hr_fail(ENOMEM, "no memory for %d blocks", blocks) : -EINVAL;

    if (rc == 0) {
        fill_interleaved(c, old, new, blocks, room, room + blocks);
    }
    free(room);
    free(new);
    free(old);
    return rc;
}

/* ---- stored --------------------------------------------------------------------------------- */

/* Of so many arrangements of i of the one and j of the other kind, those whose U is u:
 * f(i, j, u) = f(i - 1, j, u - j) + f(i, j - 1, u), by which comes last. table: (m + 1) rows. */
static void count_arrangements(double *table, int n, int m, int u_max)
{
    size_t row = (size_t)u_max + 1;

    for (int j = 0; j <= m; j++) {
        for (int u = 0; u <= u_max; u++) {
            table[(size_t)j * row + (size_t)u] = u == 0;
        }
    }
    for (int i = 1; i <= n; i++) {
        for (int j = 1; j <= m; j++) {
            double *f = table + (size_t)j * row, *below = f - row;

            for (int u = u_max; u >= 0; u--) {
                f[u] = (u >= j ? f[u - j] : 0) + below[u];
            }
        }
    }
}

double hr_mann_whitney_lower(int u, int n, int m)
{
    double mean = (double)n * m / 2, sum = 0, *table;

    if (u < 0) {
        return 0;
    }
    if (u >= n * m) {
        return 1;
    }
    if (u > n * m / 2) { /* it is symmetric, and the small half is quicker to count */
        return 1 - hr_mann_whitney_lower(n * m - u - 1, n, m);
    }
    if (n > EXACT_MAX || m > EXACT_MAX) {
        double deviation = sqrt((double)n * m * (n + m + 1) / 12);

        return 0.5 * erfc(-(u + 0.5 - mean) / deviation / sqrt(2));
    }
    table = malloc(((size_t)m + 1) * ((size_t)u + 1) * sizeof(*table));
    if (!table) {
        return (double)NAN;
    }
    count_arrangements(table, n, m, u);
    for (int k = 0; k <= u; k++) {
        sum += table[(size_t)m * ((size_t)u + 1) + (size_t)k];
    }
    free(table);
    return fmin(1, sum / exp(lgamma(n + m + 1) - lgamma(n + 1) - lgamma(m + 1)));
}

/* The most differences that may lie beyond an end of the interval; -1: there is no interval. */
static int rank_of_interval(int n, int m)
{
    int low = -1, high = n * m / 2;

    while (low <
           high) { /* P(U <= low) is at most alpha; P(U <= high + 1) is not, or out of reach */
        int middle = low + (high - low + 1) / 2;

        if (hr_mann_whitney_lower(middle, n, m) <= HR_CONTEST_ALPHA) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return low;
}

/* How many of the sorted differences are at or above the limit. */
static int at_least(const double *sorted, int n, double limit)
{
    int low = 0, high = n;

    while (low < high) {
        int middle = (low + high) / 2;

        if (sorted[middle] >= limit) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return n - low;
}

static int at_most(const double *sorted, int n, double limit)
{
    return n - at_least(sorted, n, nextafter(limit, INFINITY));
}

static double floor_of_runs(const double *old, int n, double *room)
{
    for (int i = 0; i + 1 < n; i++) {
        room[i] = fabs(old[i + 1] - old[i]);
    }
    return n > 1 ? hr_median(room, n - 1) : 0;
}

static void fill_stored(struct hr_contest *c, const double *old, int n, const double *new, int m,
                        double *differences)
{
    int all = n * m, rank;

    set_margin(c, floor_of_runs(old, n, differences));
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < m; k++) {
            differences[i * m + k] = new[k] - old[i];
        }
    }
    c->effect = hr_median(differences, all);
    c->n = n < m ? n : m;
    c->drift = (double)NAN;
    rank = c->n < HR_CONTEST_RUNS_MIN ? -1 : rank_of_interval(n, m);
    c->interval = rank >= 0;
    c->low = c->interval ? differences[rank] : (double)NAN;
    c->high = c->interval ? differences[all - 1 - rank] : (double)NAN;
    c->p_worse = hr_mann_whitney_lower(at_least(differences, all, -c->margin), n, m);
    c->p_better = hr_mann_whitney_lower(at_most(differences, all, c->margin), n, m);
    c->p_within = fmax(hr_mann_whitney_lower(at_least(differences, all, c->margin), n, m),
                       hr_mann_whitney_lower(at_most(differences, all, -c->margin), n, m));
}

int hr_contest_stored(struct hr_contest *c, const double *old_runs, int old_count,
                      const double *new_runs, int new_count)
{
    double *old = logs_of(old_runs, old_count, c->higher);
    double *new = old ? logs_of(new_runs, new_count, c->higher) : NULL;
    double *room = new ? malloc((size_t)old_count * (size_t)new_count * sizeof(*room)) : NULL;
    int rc = room ? 0 : new ? hr_fail(ENOMEM, "no memory for %d runs", old_count) : -EINVAL;

    if (rc == 0) {
        fill_stored(c, old, old_count, new, new_count, room);
    }
    free(room);
    free(new);
    free(old);
    return rc;
}

/* ---- the verdict ---------------------------------------------------------------------------- */

/* What could be said at best by so few: the p of all blocks on one side. */
static int runs_for(double alpha)
{
    int n = HR_CONTEST_RUNS_MIN;

    while (n < MORE_MAX && pow(0.5, n) > alpha) {
        n++;
    }
    return n;
}

/* Intervals shrink with the root of the runs; the nearer end of the margin must come free of it. */
static int more_runs(const struct hr_contest *c, int family)
{
    double gap = fabs(fabs(c->effect) - c->margin), half, needed;
    int least = runs_for(HR_CONTEST_ALPHA / (c->gating ? family : 1)) - c->n;

    least = least > 1 ? least : 1;
    if (!c->interval) {
        return least;
    }
    half = (c->high - c->low) / 2;
    needed = half > 0 ? c->n * (half / gap) * (half / gap) - c->n : 0;
    return needed > MORE_MAX || isnan(needed) ? -1 : needed > least ? (int)ceil(needed) : least;
}

struct ranked {
    double p;
    struct hr_contest *contest;
};

static int by_p(const void *a, const void *b)
{
    double x = ((const struct ranked *)a)->p, y = ((const struct ranked *)b)->p;

    return (x > y) - (x < y);
}

/* Holm: the k-th smallest of m counts m - k + 1 times, and never less than one before it. Leaves in
 * each place what came out, in the order of the contests. */
static void holm(struct ranked *ranked, int m, double *adjusted, const struct hr_contest *contests)
{
    double most = 0;

    qsort(ranked, (size_t)m, sizeof(*ranked), by_p);
    for (int k = 0; k < m; k++) {
        most = fmax(most, (m - k) * ranked[k].p);
        adjusted[ranked[k].contest - contests] = fmin(1, most);
    }
}

static void judge(struct hr_contest *c, double worse, double better, int family)
{
    c->p_holm = fmin(worse, better);
    c->end = !c->interval                      ? HR_INCONCLUSIVE
             : worse <= HR_CONTEST_ALPHA       ? HR_REGRESSION
             : better <= HR_CONTEST_ALPHA      ? HR_IMPROVEMENT
             : c->p_within <= HR_CONTEST_ALPHA ? HR_SAME
                                               : HR_INCONCLUSIVE;
    c->more = c->end == HR_INCONCLUSIVE ? more_runs(c, family) : 0;
}

/* p of each contest that gates, for worse or for better; how many those are. */
static int rank(struct hr_contest *contests, int count, bool worse, struct ranked *ranked)
{
    int m = 0;

    for (int i = 0; i < count; i++) {
        if (contests[i].gating) {
            ranked[m++] =
                (struct ranked){worse ? contests[i].p_worse : contests[i].p_better, contests + i};
        }
    }
    return m;
}

void hr_contests_judge(struct hr_contest *contests, int count)
{
    struct ranked *ranked = malloc(((size_t)count + 1) * sizeof(*ranked));
    double *adjusted = malloc(2 * ((size_t)count + 1) * sizeof(*adjusted));
    int m = 0;

    if (ranked && adjusted) {
        m = rank(contests, count, true, ranked);
        holm(ranked, m, adjusted, contests);
        m = rank(contests, count, false, ranked);
        holm(ranked, m, adjusted + count, contests);
    }
    for (int i = 0; i < count; i++) {
        struct hr_contest *c = contests + i;

        if (!c->gating) {
            judge(c, c->p_worse, c->p_better, m);
        } else if (ranked && adjusted) {
            judge(c, adjusted[i], adjusted[count + i], m);
        } else { /* without memory nothing is decided */
            c->end = HR_INCONCLUSIVE;
            c->more = -1;
        }
    }
    free(ranked);
    free(adjusted);
}
