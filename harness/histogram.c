/* histogram.c - how are these values spread, to three digits, in fixed memory? HdrHistogram's
 * log-linear layout: buckets double in width, each cut into 2048 equal parts, the lower half of all
 * but the first shared with the bucket before. It cannot see the order in which values came. */
#include "harness/histogram.h"
#include "harness/histogram_counts.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static uint32_t index_of(uint64_t value)
{
    /* Which power of two the value's top 11 bits sit under. */
    uint32_t bucket = 63u - (uint32_t)__builtin_clzll(value | (HR_HISTOGRAM_PARTS - 1)) -
                      (HR_HISTOGRAM_PARTS_LOG2 - 1);

    return (bucket << (HR_HISTOGRAM_PARTS_LOG2 - 1)) + (uint32_t)(value >> bucket);
}

static uint64_t lowest_at(uint32_t index)
{
    uint32_t half = HR_HISTOGRAM_PARTS / 2;
    uint32_t bucket = index / half ? index / half - 1 : 0;

    return (uint64_t)(index - bucket * half) << bucket;
}

static uint64_t highest_at(uint32_t index)
{
    return lowest_at(index + 1) - 1;
}

static uint64_t sum_limited(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

struct hr_histogram *hr_histogram_new(void)
{
    struct hr_histogram *h = calloc(1, sizeof(*h));

    if (h) {
        h->min = UINT64_MAX;
    }
    return h;
}

void hr_histogram_free(struct hr_histogram *h)
{
    free(h);
}

void hr_histogram_reset(struct hr_histogram *h)
{
    memset(h, 0, sizeof(*h));
    h->min = UINT64_MAX;
}

void hr_histogram_record_n(struct hr_histogram *h, uint64_t value, uint64_t count)
{
    uint64_t *at;

    if (count == 0) {
        return;
    }
    if (value > HR_HISTOGRAM_MAX) {
        h->clamped = sum_limited(h->clamped, count);
        value = HR_HISTOGRAM_MAX;
    }
    at = &h->counts[index_of(value)];
    *at = sum_limited(*at, count);
    h->total = sum_limited(h->total, count);
    h->min = value < h->min ? value : h->min;
    h->max = value > h->max ? value : h->max;
}

void hr_histogram_record(struct hr_histogram *h, uint64_t value)
{
    if (__builtin_expect(value > HR_HISTOGRAM_MAX, 0)) {
        h->clamped++;
        value = HR_HISTOGRAM_MAX;
    }
    h->counts[index_of(value)]++; /* 64 bits: 584 years of one a nanosecond */
    h->total++;
    h->min = value < h->min ? value : h->min;
    h->max = value > h->max ? value : h->max;
}

void hr_histogram_add(struct hr_histogram *into, const struct hr_histogram *from)
{
    if (from->total == 0) {
        return;
    }
    for (uint32_t i = index_of(from->min); i <= index_of(from->max); i++) {
        into->counts[i] = sum_limited(into->counts[i], from->counts[i]);
    }
    into->total = sum_limited(into->total, from->total);
    into->clamped = sum_limited(into->clamped, from->clamped);
    into->min = from->min < into->min ? from->min : into->min;
    into->max = from->max > into->max ? from->max : into->max;
}

uint64_t hr_histogram_count(const struct hr_histogram *h)
{
    return h->total;
}

uint64_t hr_histogram_clamped(const struct hr_histogram *h)
{
    return h->clamped;
}

uint64_t hr_histogram_max(const struct hr_histogram *h)
{
    return h->max;
}

uint64_t hr_histogram_min(const struct hr_histogram *h)
{
    return h->total ? h->min : 0;
}

double hr_histogram_mean(const struct hr_histogram *h)
{
    double sum = 0;

    if (h->total == 0) {
        return 0;
    }
    for (uint32_t i = index_of(h->min); i <= index_of(h->max); i++) {
        double middle = ((double)lowest_at(i) + (double)highest_at(i)) / 2;

        sum += (double)h->counts[i] * middle;
    }
    sum /= (double)h->total;
    return fmin(fmax(sum, (double)h->min), (double)h->max);
}

/* The rank, from 1, at a percentile. The product's last bits are rounding, not a sample more. */
static uint64_t rank_of(uint64_t total, double percentile)
{
    double rank = ceil(percentile / 100 * (double)total * (1 - 4 * DBL_EPSILON));

    if (!(rank >= 1)) {
        return 1;
    }
    return rank >= (double)total ? total : (uint64_t)rank;
}

/* The value reported for an index: its highest equivalent, but never above the greatest recorded.
 */
static uint64_t value_at(const struct hr_histogram *h, uint32_t index)
{
    uint64_t value = highest_at(index);

    return value < h->max ? value : h->max;
}

uint64_t hr_histogram_percentile(const struct hr_histogram *h, double percentile)
{
    uint64_t rank, seen = 0;
    uint32_t last;

    if (h->total == 0) {
        return 0;
    }
    rank = rank_of(h->total, percentile);
    last = index_of(h->max);
    for (uint32_t i = index_of(h->min); i < last; i++) {
        seen = sum_limited(seen, h->counts[i]);
        if (seen >= rank) {
            return value_at(h, i);
        }
    }
    return h->max;
}

/* Whole buckets: values that cannot be told from `value` are not above it. */
uint64_t hr_histogram_count_above(const struct hr_histogram *h, uint64_t value)
{
    uint64_t above = 0;

    if (h->total == 0 || value >= h->max) {
        return 0;
    }
    for (uint32_t i = index_of(value) + 1; i <= index_of(h->max); i++) {
        above = sum_limited(above, h->counts[i]);
    }
    return above;
}

uint64_t hr_histogram_samples_needed(double percentile)
{
    double p = percentile / 100;

    if (!(p > 0)) {
        return 1;
    }
    if (p >= 1) {
        return UINT64_MAX;
    }
    return (uint64_t)ceil(log(0.05) / log(p));
}

int hr_histogram_points(const struct hr_histogram *h, struct hr_histogram_point *points, int max)
{
    uint64_t seen = 0;
    double step, next = 0; /* along log10(1 / (1 - p)) */
    int count = 0;

    if (h->total == 0 || max < 1) {
        return 0;
    }
    step = max > 2 ? log10((double)h->total) / (max - 2) : 20;
    for (uint32_t i = index_of(h->min); i <= index_of(h->max) && count < max; i++) {
        double along;

        if (h->counts[i] == 0) {
            continue;
        }
        seen = sum_limited(seen, h->counts[i]);
        along = seen < h->total ? log10((double)h->total / (double)(h->total - seen)) : INFINITY;
        if (seen < h->total && (along < next || count == max - 1)) {
            continue; /* the last point is the maximum's */
        }
        points[count].value = value_at(h, i);
        points[count++].percentile = 100 * ((double)seen / (double)h->total);
        next = along + step;
    }
    return count;
}
