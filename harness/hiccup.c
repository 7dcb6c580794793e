/*
 * hiccup.c - reads the clock as fast as it can and notes the gaps.
 *
 * It sees only what happens while it spins, before each run: a sample of the machine's noise, not
 * a trace of the run.
 */
#include "harness/hiccup.h"

#include "harness/clock.h"

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
