/* change_points.c - since when is it so? Divides a history where the energy distance between the
 * parts is largest, as long as shuffled histories seldom show so much. It does not see a slow
 * slope as one: that comes out as steps. */
#include "harness/change_points.h"
#include "harness/error.h"
#include "harness/random.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#define SHUFFLES 499

struct history {
    int n;
    double *distance; /* n x n, between values */
    int *order;       /* of the values of a stretch, shuffled or not */
    struct hr_random random;
};

static double distance(const struct history *h, int i, int k)
{
    return h->distance[(size_t)h->order[i] * (size_t)h->n + (size_t)h->order[k]];
}

/* The best division of [from, to): its place, 0 if too short, and its energy statistic. Sums of the
 * distances within and between the parts are carried along as the cut moves by one. */
static int best_cut(const struct history *h, int from, int to, double *statistic)
{
    double left = 0, between = 0, right = 0;
    int best = 0, n = to - from;

    *statistic = 0;
    for (int i = from; i < to; i++) {
        for (int k = i + 1; k < to; k++) {
            right += distance(h, i, k);
        }
    }
    for (int cut = from + 1; cut <= to - HR_CHANGE_PART_MIN; cut++) {
        double to_left = 0, to_right = 0, a = cut - from, b = n - a, energy;

        for (int k = from; k < cut - 1; k++) {
            to_left += distance(h, cut - 1, k);
        }
        for (int k = cut; k < to; k++) {
            to_right += distance(h, cut - 1, k);
        }
        left += to_left;
        right -= to_right;
        between += to_right - to_left;
        if (a < HR_CHANGE_PART_MIN) {
            continue;
        }
        energy = 2 * between / (a * b) - 2 * left / (a * (a - 1)) - 2 * right / (b * (b - 1));
        energy *= a * b / n;
        if (!best || energy > *statistic) {
            best = cut;
            *statistic = energy;
        }
    }
    return best;
}

static void shuffle(struct history *h, int from, int to)
{
    for (int i = to - 1; i > from; i--) {
        int k = from + (int)hr_random_below(&h->random, (uint32_t)(i - from + 1)),
            swap = h->order[i];

        h->order[i] = h->order[k];
        h->order[k] = swap;
    }
}

/* Is a division as good as this one rare among shuffled ones? Ends as soon as it is not. */
static bool is_rare(struct history *h, int from, int to, double statistic)
{
    int as_good = 1, allowed = (int)(HR_CHANGE_LEVEL * (SHUFFLES + 1));

    for (int s = 0; s < SHUFFLES && as_good <= allowed; s++) {
        double other;

        shuffle(h, from, to);
        best_cut(h, from, to, &other);
        as_good += other >= statistic * (1 - 1e-12);
    }
    for (int i = from; i < to; i++) {
        h->order[i] = i;
    }
    return as_good <= allowed;
}

static int divide(struct history *h, int from, int to, int *at)
{
    double statistic;
    int cut = best_cut(h, from, to, &statistic), before;

    if (!cut || !(statistic > 0) || !is_rare(h, from, to, statistic)) {
        return 0;
    }
    before = divide(h, from, cut, at);
    at[before] = cut;
    return before + 1 + divide(h, cut, to, at + before + 1);
}

static void measure_distances(struct history *h, const double *values)
{
    bool positive = true;

    for (int i = 0; i < h->n; i++) {
        positive = positive && values[i] > 0;
    }
    for (int i = 0; i < h->n; i++) {
        for (int k = 0; k < h->n; k++) {
            h->distance[(size_t)i * (size_t)h->n + (size_t)k] =
                positive ? fabs(log(values[i] / values[k])) : fabs(values[i] - values[k]);
        }
    }
}

int hr_change_points(const double *values, int n, int *at)
{
    struct history h = {.n = n};
    int found = 0;

    for (int i = 0; i < n; i++) {
        if (!isfinite(values[i])) {
            return hr_fail(EINVAL, "value %d of the history is no number", i + 1);
        }
    }
    if (n > HR_CHANGE_VALUES_MAX) {
        return hr_fail(EINVAL, "a history of more than %d values", HR_CHANGE_VALUES_MAX);
    }
    if (n < 2 * HR_CHANGE_PART_MIN) {
        return 0;
    }
    h.distance = malloc((size_t)n * (size_t)n * sizeof(*h.distance));
    h.order = malloc((size_t)n * sizeof(*h.order));
    if (!h.distance || !h.order) {
        free(h.distance);
        free(h.order);
        return hr_fail(ENOMEM, "no memory for a history of %d values", n);
    }
    for (int i = 0; i < n; i++) {
        h.order[i] = i;
    }
    measure_distances(&h, values);
    hr_random_init(&h.random, 1, 0);
    found = divide(&h, 0, n, at);
    free(h.distance);
    free(h.order);
    return found;
}
