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
