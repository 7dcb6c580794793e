/* clock_test.c - the clock goes forward, converts both ways, and says what it is. No test here
 * depends on how fast the machine is. */
#include "harness/clock.h"
#include "tests/test.h"

TEST(clock, says_what_it_is)
{
    const struct hr_clock *clock = hr_clock();

    CHECK(clock->source && clock->ns_per_tick > 0 && clock->tick_ns >= 0);
    CHECK(clock->cost_ns >= 0 && clock->clock_cost_ns > 0);
    CHECK(clock->counter == (clock->refused == NULL));
    if (!clock->counter) {
        CHECK_STR(clock->source, "monotonic");
        CHECK_NEAR(clock->ns_per_tick, 1, 0);
    }
}

TEST(clock, never_goes_back)
{
    uint64_t ns, ticks;

    hr_clock_init();
    ns = hr_clock_ns();
    ticks = hr_ticks();
    for (int i = 0; i < 10000; i++) {
        uint64_t ns2 = hr_clock_ns(), ticks2 = hr_ticks();

        CHECK(ns2 >= ns && ticks2 >= ticks);
        ns = ns2;
        ticks = ticks2;
    }
}

TEST(clock, converts_there_and_back)
{
    static const uint64_t times[] = {0, 1, 1000, 1000000000, UINT64_C(86400000000000)};

    hr_clock_init();
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        double there_and_back = (double)hr_ticks_to_ns(hr_ns_to_ticks(times[i]));

        /* Whole ticks: 16 to 42 ns each on ARM. */
        CHECK_NEAR(there_and_back, (double)times[i],
                   2 + hr_clock()->ns_per_tick + 1e-8 * (double)times[i]);
    }
}

TEST(clock, ticks_and_nanoseconds_agree)
{
    uint64_t ns = hr_clock_ns(), ticks, ticks_end;

    hr_clock_init();
    ns = hr_clock_ns();
    ticks = hr_ticks();
    while (hr_clock_ns() - ns < 5000000) {
    }
    ticks_end = hr_ticks();
    /* Descheduling moves both ends alike; the reading between is at most that much off. */
    CHECK(hr_ticks_to_ns(ticks_end - ticks) > 4000000);
    CHECK(hr_ticks_to_ns(ticks_end - ticks) <= hr_clock_ns() - ns + 1000000);
}
