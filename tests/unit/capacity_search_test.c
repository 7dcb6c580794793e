/* The search against simulated servers: no time passes. */
#include "suites/capacity_search.h"

#include "harness/random.h"
#include "tests/test.h"

#include <math.h>

/* A single server with a fixed service time and Poisson arrivals, simulated order by order
 * (Lindley's recursion); passes while 99.9 % wait less than the bound. */
struct server {
    double service_s, bound_s;
    struct hr_random random;
    int calls;
    double noise; /* share of runs that fail for nothing */
};

static int queue(void *context, double rate, bool *passed)
{
    struct server *s = context;
    double wait = 0;
    int slow = 0, count = 40000;

    s->calls++;
    for (int i = 0; i < count; i++) {
        double gap = -log(1 - hr_random_unit(&s->random)) / rate;

        wait = fmax(0, wait + s->service_s - gap);
        slow += wait + s->service_s > s->bound_s;
    }
    *passed = slow <= count / 1000 && hr_random_unit(&s->random) >= s->noise;
    return 0;
}

static int knee(void *context, double rate, bool *passed)
{
    *passed = rate <= *(double *)context;
    return 0;
}

static struct hr_capacity_params params_for(int (*attempt)(void *, double, bool *), void *context)
{
    return (struct hr_capacity_params){.rate_min = 1e5,
                                       .rate_max = 1e9,
                                       .resolution = 0.05,
                                       .confirm = 5,
                                       .second_chances = 1,
                                       .attempt = attempt,
                                       .context = context};
}

TEST(capacity_search, finds_a_sharp_knee)
{
    static const double knees[] = {1e5, 123456, 1.7e6, 3.33e7, 9.9e8};

    for (size_t i = 0; i < sizeof(knees) / sizeof(knees[0]); i++) {
        double at = knees[i];
        struct hr_capacity_params params = params_for(knee, &at);
        struct hr_capacity_result r;

        CHECK_EQ(hr_capacity_search(&params, &r), 0);
        CHECK(r.confirmed <= at);
        CHECK(r.failed > at);
        CHECK(r.failed / r.confirmed <= 1.0501);
        CHECK(r.attempts < 60);
    }
}

TEST(capacity_search, ends_of_the_range)
{
    double none = 99999, all = 1e12;
    struct hr_capacity_params params = params_for(knee, &none);
    struct hr_capacity_result r;

    CHECK_EQ(hr_capacity_search(&params, &r), 0);
    CHECK_NEAR(r.confirmed, 0, 0);
    CHECK_NEAR(r.failed, 1e5, 0);
    CHECK_EQ(r.attempts, 2);
    params = params_for(knee, &all);
    CHECK_EQ(hr_capacity_search(&params, &r), 0);
    CHECK_NEAR(r.confirmed, 1e9, 0);
    CHECK(isinf(r.failed));
}

/* 1 µs service, 10 µs bound: for 99.9 % the load may be about 0.74 (M/D/1). */
TEST(capacity_search, finds_the_knee_of_a_queue)
{
    struct server server = {.service_s = 1e-6, .bound_s = 10e-6};
    struct hr_capacity_params params = params_for(queue, &server);
    struct hr_capacity_result r;

    hr_random_init(&server.random, 1, 1);
    CHECK_EQ(hr_capacity_search(&params, &r), 0);
    CHECK(r.confirmed > 0.6e6 && r.confirmed < 0.85e6);
    CHECK(r.failed > r.confirmed && r.failed < 0.95e6);
}

TEST(capacity_search, noise_lowers_the_figure_and_never_raises_it)
{
    struct server server = {.service_s = 1e-6, .bound_s = 10e-6, .noise = 0.1};
    struct hr_capacity_params params = params_for(queue, &server);
    struct hr_capacity_result r;

    hr_random_init(&server.random, 2, 1);
    CHECK_EQ(hr_capacity_search(&params, &r), 0);
    CHECK(r.confirmed < 0.85e6);
}

/* Fails once: the fourth time that it is asked for one and the same rate. */
struct moody {
    double rate;
    int times;
    bool failed;
};

static int moods(void *context, double rate, bool *passed)
{
    struct moody *m = context;

    m->times = rate == m->rate ? m->times + 1 : 1;
    m->rate = rate;
    *passed = rate <= 1e6 && (m->failed || m->times < 4);
    m->failed = m->failed || m->times == 4;
    return 0;
}

TEST(capacity_search, every_fresh_try_must_pass)
{
    struct moody moody = {0};
    struct hr_capacity_params params = params_for(moods, &moody);
    struct hr_capacity_result r;

    CHECK_EQ(hr_capacity_search(&params, &r), 0);
    CHECK(moody.failed);
    CHECK_EQ(moody.times, 5); /* the published rate passed five times in a row */
    CHECK_NEAR(r.confirmed, moody.rate, 0);
    CHECK_NEAR(r.failed / r.confirmed, 1.05, 1e-9);
}

static int broken(void *context, double rate, bool *passed)
{
    (void)context, (void)rate, (void)passed;
    return -5;
}

TEST(capacity_search, an_error_ends_it)
{
    struct hr_capacity_params params = params_for(broken, NULL);
    struct hr_capacity_result r;

    CHECK_EQ(hr_capacity_search(&params, &r), -5);
}
