/*
 * clock.h - the one clock: monotonic nanoseconds, and a cheap tick counter for single orders.
 *
 * hr_clock_ns() is CLOCK_MONOTONIC. hr_ticks() is the cycle or
 * generic counter (rdtsc, cntvct_el0) when it was found invariant, else hr_clock_ns(); its rate
 * is calibrated against hr_clock_ns() and a bad counter is refused with the reason.
 *
 * Threads: hr_clock_init() once, first; everything else from any thread.
 */
#ifndef HR_CLOCK_H
#define HR_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

struct hr_clock {
    const char *source;        /* "tsc", "cntvct", "monotonic" */
    const char *refused;       /* why not the counter, or NULL */
    double ns_per_tick;
    double tick_ns;            /* smallest step seen, in ns */
    double cost_ns;            /* median cost of one hr_ticks() */
    double clock_cost_ns;      /* median cost of one hr_clock_ns() */
    bool counter;              /* hr_ticks() reads the hardware counter */
};

void hr_clock_init(void); /* about 20 ms the first time, nothing later */
const struct hr_clock *hr_clock(void); /* after hr_clock_init(), which it calls if need be */

uint64_t hr_clock_ns(void);
uint64_t hr_ticks_slow(void);
extern bool hr_clock_counter;

static inline uint64_t hr_ticks(void)
{
#if defined(__x86_64__)
    if (__builtin_expect(hr_clock_counter, 1)) {
        unsigned aux;
        return __rdtscp(&aux); /* waits for what came before it */
    }
#elif defined(__aarch64__)
    if (__builtin_expect(hr_clock_counter, 1)) {
        uint64_t t;
        __asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(t)::"memory");
        return t;
    }
#endif
    return hr_ticks_slow();
}

uint64_t hr_ticks_to_ns(uint64_t ticks);
uint64_t hr_ns_to_ticks(uint64_t ns);

#endif
