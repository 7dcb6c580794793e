/*
 * ceiling_compares.c - how many pairs of prices can be compared a second?
 *
 * bid[i] >= ask[i] over two arrays, counting the true ones: what some figures called "matching"
 * really are. Compares, never orders: no book, no queue, no trade. In the first cache and in
 * memory; and in the first cache by all processors at once, which tells processors that share a
 * core from cores: no scaling of an engine can be judged without it.
 */
#include "harness/clock.h"
#include "harness/error.h"
#include "harness/platform/platform.h"
#include "harness/progress.h"
#include "harness/random.h"
#include "harness/statistics.h"
#include "probes/ceilings.h"
#include "probes/crew.h"
#include "probes/memory_kernels.h"

#include <math.h>
#include <stdio.h>

#define SHARED_CORES_SHARE 0.75 /* of processors times one: less is no disturbance */

static volatile uint64_t kept;

static void fill(int32_t *prices, size_t count)
{
    struct hr_random random;

    hr_random_init(&random, 1, 1);
    for (size_t i = 0; i < count; i++) {
        prices[i] = (int32_t)(hr_random_below(&random, 1000) + 1);
    }
}

static double rate(const int32_t *bid, const int32_t *ask, size_t count, uint64_t repeats)
{
    uint64_t start = hr_clock_ns(), crossed = 0;

    for (uint64_t i = 0; i < repeats; i++) {
        crossed += hr_compare_prices(bid, ask, count);
        __asm__ volatile("" ::: "memory"); /* each pass reads the arrays anew */
    }
    kept = crossed;
    uint64_t ns = hr_clock_ns() - start;
    return (double)count * (double)repeats / ((double)(ns ? ns : 1) * 1e-9);
}

/* The median, or NAN. */
static double measure(struct hr_ceiling_work *w, const char *id, uint64_t bytes)
{
    size_t count = (size_t)(bytes / 2 / sizeof(int32_t) / 64 * 64);
    double samples[HR_CEILING_SAMPLES];
    struct hr_region region;

    if (count == 0 || hr_region_map(&region, count * 2 * sizeof(int32_t), HR_PAGES_HUGE) != 0) {
        hr_record_ceiling_null(w->record, id, "compares/s",
                               count ? hr_error() : "too little memory is available");
        hr_error_clear();
        return (double)NAN;
    }
    int32_t *bid = region.at, *ask = bid + count;
    fill(bid, count * 2);
    double first = rate(bid, ask, count, 1);
    double repeats = w->sample_s * first / (double)count;
    for (int i = 0; i < HR_CEILING_SAMPLES && !hr_stop_signal(); i++) {
        samples[i] = rate(bid, ask, count, repeats < 1 ? 1 : (uint64_t)repeats);
    }
    if (!hr_stop_signal()) {
        hr_record_ceiling(w->record, id, "compares/s", true, samples, HR_CEILING_SAMPLES,
                          json_pack("{s:i, s:I, s:i}", "threads", 1, "bytes",
                                    (json_int_t)(count * 2 * sizeof(int32_t)), "price_bits", 32));
    }
    hr_region_unmap(&region);
    return hr_stop_signal() ? (double)NAN : hr_estimate_median(samples, HR_CEILING_SAMPLES).median;
}

struct together {
    size_t count;
    uint64_t repeats; /* 0: fill the arrays */
};

static void compare_work(struct hr_crew_member *m, void *context)
{
    const struct together *t = context;
    int32_t *bid = m->region.at;

    if (t->repeats == 0) {
        fill(bid, t->count * 2);
        return;
    }
    for (uint64_t i = 0; i < t->repeats; i++) {
        m->result += hr_compare_prices(bid, bid + t->count, t->count);
        __asm__ volatile("" ::: "memory");
    }
}

/* All processors at once, each with arrays of its own. */
static void measure_all_threads(struct hr_ceiling_work *w, uint64_t bytes, double one)
{
    struct together t = {.count = (size_t)(bytes / 2 / sizeof(int32_t) / 64 * 64)};
    double samples[HR_CEILING_SAMPLES], times;
    struct hr_crew *crew;
    char id[64];

    snprintf(id, sizeof(id), "cpu/compares/threads=%d", w->n_cpus);
    if (hr_crew_start(&crew, w->cpus, w->n_cpus, bytes) != 0) {
        hr_record_ceiling_null(w->record, id, "compares/s", hr_error());
        hr_error_clear();
        return;
    }
    hr_crew_run(crew, compare_work, &t);
    t.repeats = (uint64_t)(w->sample_s * one / (double)t.count) + 1;
    for (int i = 0; i < HR_CEILING_SAMPLES; i++) {
        double s = hr_crew_run(crew, compare_work, &t);

        samples[i] = (double)t.count * (double)t.repeats * w->n_cpus / (s > 0 ? s : 1e-9);
    }
    hr_crew_stop(crew);
    hr_record_ceiling(w->record, id, "compares/s", true, samples, HR_CEILING_SAMPLES,
                      json_pack("{s:i, s:I, s:i}", "threads", w->n_cpus, "bytes",
                                (json_int_t)(t.count * 2 * sizeof(int32_t)) * w->n_cpus,
                                "price_bits", 32));
    times = hr_estimate_median(samples, HR_CEILING_SAMPLES).median / one;
    if (times < SHARED_CORES_SHARE * w->n_cpus) {
        hr_record_warn(
            w->record,
            "%d processors together compare %.3g times as many prices as one does, in cache: "
            "they share cores or power, and no engine scales on them as on so many cores",
            w->n_cpus, times);
    }
}

void hr_measure_compares(struct hr_ceiling_work *w)
{
    uint64_t inside = w->l1_bytes ? w->l1_bytes / 2 : 16384;
    uint64_t outside = w->l3_bytes * 4 > UINT64_C(64) << 20 ? w->l3_bytes * 4 : UINT64_C(64) << 20;

    inside = inside < w->bytes_max ? inside : w->bytes_max;
    double one = measure(w, "cpu/compares", inside);

    measure(w, "cpu/compares/out-of-cache", outside < w->bytes_max ? outside : w->bytes_max);
    if (w->n_cpus > 1 && isfinite(one) && !hr_stop_signal()) {
        measure_all_threads(w, inside, one);
    }
}
