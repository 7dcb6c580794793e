/*
 * percentiles.c - which percentiles are told? Only those that have the samples for it; `max` is a
 * fact about these samples, never an estimate.
 */
#include "suites/percentiles.h"

#include <math.h>

static const struct {
    const char *name;
    double percentile;
} rows[HR_PERCENTILES] = {
    {"p50", 50}, {"p99", 99}, {"p99.9", 99.9}, {"p90", 90}, {"p99.99", 99.99}, {"max", 100},
};

void hr_percentile_metrics(struct hr_measured *metrics, int n)
{
    for (int i = 0; i < n; i++) {
        metrics[i] = (struct hr_measured){.name = rows[i].name, .unit = "ns"};
    }
}

double hr_percentile_or_nan(const struct hr_histogram *h, double percentile)
{
    uint64_t count = hr_histogram_count(h);

    if (percentile >= 100) {
        return count ? (double)hr_histogram_max(h) : (double)NAN;
    }
    return count && count >= hr_histogram_samples_needed(percentile)
               ? (double)hr_histogram_percentile(h, percentile)
               : (double)NAN;
}

double hr_host_percent(const struct hr_trial *t, const struct hr_histogram *h)
{
    double p50 = hr_percentile_or_nan(h, 50), tail = hr_percentile_or_nan(h, 99.9);
    uint64_t listen_ns = t->elapsed_ns;
    struct hr_histogram *gaps;
    struct hr_hiccup hiccup = {0};
    double share;

    if (!isfinite(tail) || (gaps = hr_histogram_new()) == NULL) {
        return (double)NAN;
    }
    listen_ns = listen_ns > HR_LISTEN_MIN_NS ? listen_ns : HR_LISTEN_MIN_NS;
    hr_hiccup_spin(listen_ns < HR_LISTEN_MAX_NS ? listen_ns : HR_LISTEN_MAX_NS, &hiccup, gaps);
    share = hr_hiccup_caused(&hiccup, gaps, h, (uint64_t)tail, (uint64_t)p50);
    hr_histogram_free(gaps);
    return 100 * share;
}

void hr_percentiles_into(struct hr_trial *t, const struct hr_histogram *h, int first, int n)
{
    for (int i = 0; i < n; i++) {
        t->values[first + i] = hr_percentile_or_nan(h, rows[i].percentile);
        if (!isfinite(t->values[first + i])) {
            t->reasons[first + i] = hr_histogram_count(h) ? "too few samples for this percentile"
                                                          : "no such orders in this flow";
        }
    }
}
