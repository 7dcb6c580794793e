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

#endif
