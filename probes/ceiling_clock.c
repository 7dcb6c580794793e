/*
 * ceiling_clock.c - what does reading the clock cost?
 *
 * hr_ticks(), as a suite reads it around one order. Whether processors agree on the time is
 * measured with the pairs of cores.
 */
#include "harness/clock.h"
#include "probes/ceilings.h"
#include "probes/fact.h"

#define READS 20000

void hr_measure_clock(struct hr_ceiling_work *w)
{
    const struct hr_clock *clock = hr_clock();
    double samples[HR_CEILING_SAMPLES];

    for (int i = 0; i < HR_CEILING_SAMPLES; i++) {
        uint64_t start = hr_clock_ns(), sum = 0;
        for (int k = 0; k < READS; k++) {
            sum += hr_ticks();
        }
        uint64_t ns = hr_clock_ns() - start;
        samples[i] = sum ? (double)ns / READS : 0;
    }
    hr_record_ceiling(w->record, "clock/cost", "ns", false, samples, HR_CEILING_SAMPLES,
                      json_pack("{s:s, s:b, s:o, s:o, s:o, s:o}", "source", clock->source,
                                "counter", clock->counter, "refused",
                                clock->refused ? hr_fact_string(clock->refused) : json_null(),
                                "tick_ns", hr_json_real(clock->tick_ns), "ns_per_tick",
                                hr_json_real(clock->ns_per_tick), "clock_ns_cost_ns",
                                hr_json_real(clock->clock_cost_ns)));
}
