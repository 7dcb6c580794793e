/*
 * hiccup.h - how often is the measuring core taken away from us? (after jHiccup: jhiccup, Gil Tene)
 *
 * A thread that does nothing but read the clock should see no gaps. Each gap of HR_HICCUP_GAP_NS or
 * more is time that the machine (interrupts, other threads, the hypervisor) took; no engine
 * measured there can have a better tail than that.
 *
 * Threads: measures the calling thread's core.
 */
#ifndef HR_HICCUP_H
#define HR_HICCUP_H

#include "harness/histogram.h"

#define HR_HICCUP_GAP_NS 1000u

struct hr_hiccup {
    uint64_t spun_ns, lost_ns; /* in all; in gaps */
    uint64_t gap_max_ns;
};
/* Spins for duration_ns and adds what it saw to *hiccup and, if not NULL, the gaps to *gaps. */
void hr_hiccup_spin(uint64_t duration_ns, struct hr_hiccup *hiccup, struct hr_histogram *gaps);
/* Share of the time that was lost, 0 … 1. */
double hr_hiccup_share(const struct hr_hiccup *hiccup);

/*
 * What share of the samples above a threshold did the host cause? Expected over counted, 0 … 1:
 *
 *     length    the pause that lifts a typical sample above the threshold: threshold - typical
 *     rate      gaps of at least that length a second, while the core did nothing but spin
 *     expected  rate x the time that all samples took together
 *     share     expected / samples above the threshold, at most 1
 *
 * Gaps below HR_HICCUP_GAP_NS are not seen, so that for a lower threshold the share is what is
 * known to be the host's, and the truth may be more. hiccup and gaps are of one and the same
 * spinning. NAN if nothing was spun; 0 if no sample is above.
 */
double hr_hiccup_caused(const struct hr_hiccup *hiccup, const struct hr_histogram *gaps,
                        const struct hr_histogram *samples, uint64_t threshold_ns,
                        uint64_t typical_ns);

#endif
