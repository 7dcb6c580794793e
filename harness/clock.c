/* clock.c - what time is it, how fine, and at what cost? The processor's counter is used when the
 * processor calls it invariant, it never runs backwards here, and three calibrations agree; else
 * the system's monotonic clock, with the reason. It cannot see whether counters agree across cores:
 * a probe does. */
#include "harness/clock.h"

#include "harness/statistics.h"

#include <math.h>
#include <time.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#define WINDOW_NS 4000000u
#define WINDOWS 3
#define DRIFT_MAX 500e-6 /* between calibrations; one that really varies is off by per cents */
#define ATTEMPTS 3
#define READS 20000
#define BATCHES 51
#define BATCH 256

bool hr_clock_counter;

static struct hr_clock the_clock = {.source = "monotonic", .ns_per_tick = 1};
/* 2^32 times ns per tick, and ticks per ns. */
static uint64_t ns_per_tick_q32 = UINT64_C(1) << 32, ticks_per_ns_q32 = UINT64_C(1) << 32;

uint64_t hr_clock_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t hr_ticks_slow(void)
{
    return hr_clock_ns();
}

uint64_t hr_ticks_to_ns(uint64_t ticks)
{
    return (uint64_t)(((unsigned __int128)ticks * ns_per_tick_q32) >> 32);
}

uint64_t hr_ns_to_ticks(uint64_t ns)
{
    return (uint64_t)(((unsigned __int128)ns * ticks_per_ns_q32) >> 32);
}

/* Why the processor's counter may not be used, or NULL; names it. */
static const char *counter_kind(const char **source)
{
#if defined(__x86_64__)
    unsigned a, b, c, d;

    *source = "tsc";
    if (!__get_cpuid(0x80000001, &a, &b, &c, &d) || !(d & (1u << 27))) {
        return "the processor has no rdtscp";
    }
    if (!__get_cpuid(0x80000007, &a, &b, &c, &d) || !(d & (1u << 8))) {
        return "the processor does not call its counter invariant";
    }
    return NULL;
#elif defined(__aarch64__)
    *source = "cntvct"; /* of one fixed rate by architecture */
    return NULL;
#else
    *source = "monotonic";
    return "no counter is known for this processor";
#endif
}

/* The counter at a known time: of several brackets ns, counter, ns the narrowest. */
static void read_pair(uint64_t *ticks, double *ns)
{
    uint64_t narrowest = UINT64_MAX;

    for (int i = 0; i < 64; i++) {
        uint64_t before = hr_clock_ns(), t = hr_ticks(), after = hr_clock_ns();

        if (after - before < narrowest) {
            narrowest = after - before;
            *ticks = t;
            *ns = (double)before + (double)(after - before) / 2;
        }
    }
}

/* ns per tick over one window; NAN when the counter stands still or ran backwards. */
static double calibrate_once(void)
{
    uint64_t ticks0, ticks1, until = hr_clock_ns() + WINDOW_NS;
    double ns0, ns1;

    read_pair(&ticks0, &ns0);
    while (hr_clock_ns() < until) {
    }
    read_pair(&ticks1, &ns1);
    return ticks1 > ticks0 ? (ns1 - ns0) / (double)(ticks1 - ticks0) : NAN;
}

static const char *calibrate(double *ns_per_tick)
{
    const char *refused = NULL;

    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        double low = INFINITY, high = 0, sum = 0;

        refused = NULL;
        for (int i = 0; i < WINDOWS; i++) {
            double rate = calibrate_once();

            if (!(rate > 0)) {
                return "the counter stands still or ran backwards";
            }
            low = rate < low ? rate : low;
            high = rate > high ? rate : high;
            sum += rate;
        }
        *ns_per_tick = sum / WINDOWS;
        if (high - low <= DRIFT_MAX * low) {
            break;
        }
        refused = "the counter drifts against the monotonic clock";
    }
    return refused;
}

static double median_cost(uint64_t (*read_clock)(void))
{
    double costs[BATCHES];

    for (int i = 0; i < BATCHES; i++) {
        uint64_t start = hr_clock_ns();

        for (int k = 0; k < BATCH; k++) {
            read_clock();
        }
        costs[i] = (double)(hr_clock_ns() - start) / BATCH;
    }
    return hr_estimate_median(costs, BATCHES).median;
}

static uint64_t read_ticks(void)
{
    return hr_ticks();
}

/* The smallest step between reads in a row; false if one went backwards. */
static bool smallest_step(uint64_t *step)
{
    uint64_t last = hr_ticks();

    *step = UINT64_MAX;
    for (int i = 0; i < READS; i++) {
        uint64_t now = hr_ticks();

        if (now < last) {
            return false;
        }
        if (now > last && now - last < *step) {
            *step = now - last;
        }
        last = now;
    }
    return *step != UINT64_MAX;
}

static void use_monotonic(const char *refused)
{
    hr_clock_counter = false;
    the_clock.source = "monotonic";
    the_clock.refused = refused;
    the_clock.ns_per_tick = 1;
}

void hr_clock_init(void)
{
    static bool done;
    const char *source, *refused;
    double ns_per_tick = 1;
    uint64_t step;

    if (done) {
        return;
    }
    done = true;
    refused = counter_kind(&source);
    if (!refused) {
        hr_clock_counter = true;
        refused = smallest_step(&step) ? calibrate(&ns_per_tick) : "the counter ran backwards";
    }
    if (refused) {
        use_monotonic(refused);
    } else {
        the_clock.source = source;
        the_clock.ns_per_tick = ns_per_tick;
    }
    the_clock.counter = hr_clock_counter;
    ns_per_tick_q32 = (uint64_t)llround(the_clock.ns_per_tick * 0x1p32);
    ticks_per_ns_q32 = (uint64_t)llround(0x1p32 / the_clock.ns_per_tick);
    the_clock.tick_ns = smallest_step(&step) ? (double)step * the_clock.ns_per_tick : 0;
    the_clock.cost_ns = median_cost(read_ticks);
    the_clock.clock_cost_ns = median_cost(hr_clock_ns);
}

const struct hr_clock *hr_clock(void)
{
    hr_clock_init();
    return &the_clock;
}
