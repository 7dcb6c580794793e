/*
 * hiccup.c - reads the clock as fast as it can and notes the gaps.
 *
 * It sees only what happens while it spins, before or after a run: a sample of the machine's noise,
 * not a trace of the run.
 */
#include "harness/hiccup.h"

#include "harness/clock.h"

#include <math.h>

void hr_hiccup_spin(uint64_t duration_ns, struct hr_hiccup *hiccup, struct hr_histogram *gaps)
{
    uint64_t gap_ticks = hr_ns_to_ticks(HR_HICCUP_GAP_NS), start = hr_ticks(), last = start,
             now = start;
    uint64_t end = start + hr_ns_to_ticks(duration_ns);

    while (now < end) {
        now = hr_ticks();
        if (now - last >= gap_ticks) {
            uint64_t gap_ns = hr_ticks_to_ns(now - last);

            hiccup->lost_ns += gap_ns;
            hiccup->gap_max_ns = gap_ns > hiccup->gap_max_ns ? gap_ns : hiccup->gap_max_ns;
            if (gaps) {
                hr_histogram_record(gaps, gap_ns);
            }
        }
        last = now;
    }
    hiccup->spun_ns += hr_ticks_to_ns(now - start);
}

double hr_hiccup_share(const struct hr_hiccup *hiccup)
{
    return hiccup->spun_ns ? (double)hiccup->lost_ns / (double)hiccup->spun_ns : 0;
}

double hr_hiccup_caused(const struct hr_hiccup *hiccup, const struct hr_histogram *gaps,
                        const struct hr_histogram *samples, uint64_t threshold_ns,
                        uint64_t typical_ns)
{
    uint64_t length_ns = threshold_ns > typical_ns ? threshold_ns - typical_ns : 0;
    uint64_t above = hr_histogram_count_above(samples, threshold_ns);
    double in_samples_ns = hr_histogram_mean(samples) * (double)hr_histogram_count(samples);
    double expected;

    if (hiccup->spun_ns == 0) {
        return (double)NAN;
    }
    if (above == 0) {
        return 0;
    }
    length_ns = length_ns > HR_HICCUP_GAP_NS ? length_ns : HR_HICCUP_GAP_NS;
    expected = (double)hr_histogram_count_above(gaps, length_ns - 1) / (double)hiccup->spun_ns *
               in_samples_ns;
    return fmin(1, expected / (double)above);
}
