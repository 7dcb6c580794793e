/*
 * ceiling_compares.c - how many pairs of prices can be compared a second?
 *
 * bid[i] >= ask[i] over two arrays, counting the true ones: what some figures called "matching"
 * really are. Compares, never orders: no book, no queue, no trade. In the first cache and in
 * memory.
 */
#include "harness/clock.h"
#include "harness/error.h"
#include "harness/platform/platform.h"
#include "harness/progress.h"
#include "harness/random.h"
#include "probes/ceilings.h"
#include "probes/memory_kernels.h"

#include <stdio.h>

static volatile uint64_t kept;

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

static void measure(struct hr_ceiling_work *w, const char *id, uint64_t bytes)
{
    size_t count = (size_t)(bytes / 2 / sizeof(int32_t) / 64 * 64);
    double samples[HR_CEILING_SAMPLES];
    struct hr_region region;
    struct hr_random random;

    if (count == 0 || hr_region_map(&region, count * 2 * sizeof(int32_t), HR_PAGES_HUGE) != 0) {
        hr_record_ceiling_null(w->record, id, "compares/s",
                               count ? hr_error() : "too little memory is available");
        hr_error_clear();
        return;
    }
    int32_t *bid = region.at, *ask = bid + count;
    hr_random_init(&random, 1, 1);
    for (size_t i = 0; i < count * 2; i++) {
        bid[i] = (int32_t)(hr_random_below(&random, 1000) + 1);
    }
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
}

void hr_measure_compares(struct hr_ceiling_work *w)
{
    uint64_t inside = w->l1_bytes ? w->l1_bytes / 2 : 16384;
    uint64_t outside = w->l3_bytes * 4 > UINT64_C(64) << 20 ? w->l3_bytes * 4 : UINT64_C(64) << 20;

    measure(w, "cpu/compares", inside < w->bytes_max ? inside : w->bytes_max);
    measure(w, "cpu/compares/out-of-cache", outside < w->bytes_max ? outside : w->bytes_max);
}
