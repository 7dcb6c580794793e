/* arrival_test.c - do the times rise, and have they the rate and the spread they were asked for? */
#include "harness/flow.h"
#include "tests/test.h"

enum { COUNT = 200000 };
static uint64_t due[COUNT], other[COUNT];

static double spread(void) /* of the gaps: standard deviation over mean, squared */
{
    double mean = (double)due[COUNT - 1] / COUNT, sum = 0;

    for (int i = 1; i < COUNT; i++) {
        double gap = (double)(due[i] - due[i - 1]) - mean;

        CHECK(due[i] >= due[i - 1]);
        sum += gap * gap;
    }
    return sum / COUNT / (mean * mean);
}

TEST(arrival, each_process_has_its_rate_and_spread)
{
    static const struct {
        struct hr_arrival arrival;
        double spread, tolerance;
    } cases[] = {
        {{HR_ARRIVAL_CONSTANT, 1e6, 0, 0, 1}, 0, 0.001},
        {{HR_ARRIVAL_POISSON, 1e6, 0, 0, 1}, 1, 0.05},
        {{HR_ARRIVAL_BURSTY, 1e6, 20, 10, 1}, 31, 4},
        {{HR_ARRIVAL_BURSTY, 1e6, 0, 0, 1}, 1, 0.05},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        hr_arrival_times(&cases[i].arrival, due, COUNT);
        CHECK_NEAR((double)due[COUNT - 1], COUNT * 1000.0, 0.05 * COUNT * 1000.0);
        CHECK_NEAR(spread(), cases[i].spread, cases[i].tolerance);
    }
}

TEST(arrival, seeds_and_back_to_back)
{
    struct hr_arrival arrival = {HR_ARRIVAL_POISSON, 5e5, 0, 0, 7};

    hr_arrival_times(&arrival, due, COUNT);
    hr_arrival_times(&arrival, other, COUNT);
    CHECK(memcmp(due, other, sizeof(due)) == 0);
    arrival.seed = 8;
    hr_arrival_times(&arrival, other, COUNT);
    CHECK(memcmp(due, other, sizeof(due)) != 0);
    arrival.process = HR_ARRIVAL_BACK_TO_BACK;
    hr_arrival_times(&arrival, due, COUNT);
    CHECK_EQ(due[COUNT - 1], 0);
}
