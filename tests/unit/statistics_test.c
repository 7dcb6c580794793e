/* statistics_test.c - medians, intervals, tail bounds and fits against known values. */
#include "harness/error.h"
#include "harness/statistics.h"
#include "tests/test.h"

#include <errno.h>
#include <math.h>

TEST(statistics, intervals_take_the_known_ranks)
{
    /* n, rank k of the interval (k, n - k + 1), coverage: tables of the sign test. */
    static const struct {
        int n, k;
        double coverage;
    } known[] = {{6, 1, 0.96875},   {7, 1, 0.984375},   {8, 1, 0.9921875},  {9, 2, 0.9609375},
                 {10, 2, 0.978516}, {12, 3, 0.961426},  {15, 4, 0.964844},  {20, 6, 0.958610},
                 {25, 8, 0.956715}, {50, 18, 0.967161}, {100, 40, 0.964800}};
    double samples[100];

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        for (int s = 0; s < known[i].n; s++) {
            samples[s] = known[i].n - s; /* unsorted: n … 1, so that value = rank */
        }
        struct hr_estimate e = hr_estimate_median(samples, known[i].n);

        CHECK(e.interval);
        CHECK_EQ(e.n, known[i].n);
        CHECK_EQ(e.low, known[i].k);
        CHECK_EQ(e.high, known[i].n - known[i].k + 1);
        CHECK_NEAR(e.coverage, known[i].coverage, 1e-6);
        CHECK_NEAR(e.median, (known[i].n + 1) / 2.0, 1e-12);
    }
}

TEST(statistics, below_six_runs_there_is_no_interval)
{
    static const double samples[] = {5, 1, 4, 2, 3};

    for (int n = 1; n <= 5; n++) {
        struct hr_estimate e = hr_estimate_median(samples, n);

        CHECK(!e.interval);
        CHECK_EQ(e.low, e.min);
        CHECK_EQ(e.high, e.max);
    }
    CHECK_EQ(hr_estimate_median(samples, 1).median, 5);
    CHECK_EQ(hr_estimate_median(samples, 2).median, 3);
    CHECK(isnan(hr_estimate_median(samples, 0).median));
}

TEST(statistics, outliers_are_counted_and_kept)
{
    static const double samples[] = {10, 11, 10, 12, 11, 10, 11, 100};
    struct hr_estimate e = hr_estimate_median(samples, 8);

    CHECK_EQ(e.outliers, 1);
    CHECK_EQ(e.max, 100);
    CHECK_NEAR(e.median, 11, 1e-12);
}

TEST(statistics, large_sample_sizes_hold)
{
    static double samples[5000];

    for (int i = 0; i < 5000; i++) {
        samples[i] = i + 1;
    }
    struct hr_estimate e = hr_estimate_median(samples, 5000);

    CHECK(e.interval && e.coverage >= 0.95 && e.coverage < 0.955);
    CHECK_NEAR(e.low, 2431, 1); /* 2500 - 1.96 sqrt(5000) / 2 */
}

TEST(statistics, tail_bound_agrees_with_loadgen)
{
    CHECK(hr_tail_passes(0, 4603, 0.001, 0.99) && !hr_tail_passes(0, 4602, 0.001, 0.99));
    CHECK(hr_tail_passes(10, 20140, 0.001, 0.99) && !hr_tail_passes(10, 20139, 0.001, 0.99));
    /* ln 0.01 / ln 0.99 = 458.2 */
    CHECK(hr_tail_passes(0, 459, 0.01, 0.99) && !hr_tail_passes(0, 458, 0.01, 0.99));
    CHECK(hr_tail_passes(0, 7, 0.5, 0.99) && !hr_tail_passes(0, 6, 0.5, 0.99));
    CHECK(!hr_tail_passes(5, 5, 0.5, 0.99));
    CHECK(!hr_tail_passes(0, 0, 0.5, 0.99));
    CHECK(!hr_tail_passes(1, 1000000, 0, 0.99));
    /* Far in the tails: 1 % of 1e9 against 2 %, and 2 % against 1 %. */
    CHECK(hr_tail_passes(10000000, 1000000000, 0.02, 0.99));
    CHECK(!hr_tail_passes(20000000, 1000000000, 0.01, 0.99));
}

TEST(statistics, lines_are_recovered)
{
    static const double x[] = {1, 2, 3, 4}, y[] = {5, 7, 9, 11}, flat[] = {2, 2, 2, 2};
    struct hr_line fit;

    CHECK_EQ(hr_fit_line(x, y, 4, &fit), 0);
    CHECK_NEAR(fit.a, 3, 1e-12);
    CHECK_NEAR(fit.b, 2, 1e-12);
    CHECK_NEAR(fit.r2, 1, 1e-12);
    CHECK_EQ(hr_fit_line(flat, y, 4, &fit), -EINVAL);
    CHECK_EQ(hr_fit_line(x, y, 1, &fit), -EINVAL);
}

TEST(statistics, the_scaling_law_is_recovered)
{
    static const double parameters[][3] = {
        {1e7, 0.05, 0.001}, {1e6, 0, 0}, {3e5, 0.3, 0}, {2, 0, 0.02}, {5e7, 0.9, 0.5}};
    double n[64], rate[64];

    for (size_t p = 0; p < sizeof(parameters) / sizeof(parameters[0]); p++) {
        const double *want = parameters[p];
        struct hr_usl fit;
        int count = 0;

        for (double k = 1; k <= 64; k *= 2, count++) {
            n[count] = k;
            rate[count] = want[0] * k / (1 + want[1] * (k - 1) + want[2] * k * (k - 1));
        }
        CHECK_EQ(hr_fit_usl(n, rate, count, &fit), 0);
        CHECK_NEAR(fit.lambda / want[0], 1, 1e-6);
        CHECK_NEAR(fit.sigma, want[1], 1e-6);
        CHECK_NEAR(fit.kappa, want[2], 1e-6);
        CHECK_NEAR(fit.r2, 1, 1e-6);
    }
}

TEST(statistics, the_scaling_law_never_goes_negative)
{
    /* Superlinear points: a free fit would make both terms negative. */
    static const double n[] = {1, 2, 4, 8}, rate[] = {1, 2.5, 6, 14}, bad[] = {1, 0, 4, 8};
    struct hr_usl fit;

    CHECK_EQ(hr_fit_usl(n, rate, 4, &fit), 0);
    CHECK(fit.sigma >= 0 && fit.kappa >= 0 && fit.lambda > 0 && isinf(fit.peak_n));
    CHECK_EQ(hr_fit_usl(n, rate, 2, &fit), -EINVAL);
    CHECK_EQ(hr_fit_usl(n, bad, 4, &fit), -EINVAL);
}
