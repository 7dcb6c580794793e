/* distribution_test.c - do the tables draw what they are named after, and are the portable log and
 * exp right? (Against the C library's, which is what they must not depend on.) */
#include "harness/distribution.h"
#include "harness/portable_math.h"
#include "tests/test.h"

#include <math.h>

TEST(distribution, log_and_exp_are_right)
{
    for (double x = 1e-300; x < 1e300; x *= 1.37) {
        CHECK_NEAR(hr_portable_log(x), log(x), 1e-14 * fabs(log(x)) + 1e-15);
    }
    for (double x = -700; x <= 700; x += 0.37) {
        CHECK_NEAR(hr_portable_exp(x) / exp(x), 1, 1e-12);
    }
    CHECK(hr_portable_log(1) == 0 && hr_portable_exp(0) == 1);
    CHECK(hr_portable_log(10) == 0x1.26bb1bbb55516p+1); /* these very bits, everywhere */
    CHECK(hr_portable_exp(-1.5) == 0x1.c8f87724b5c1dp-3);
}

TEST(distribution, geometric_has_its_mean_and_its_shape)
{
    static const double means[] = {1, 1.5, 10, 100, 5000};
    static struct hr_geometric g;

    for (size_t i = 0; i < sizeof(means) / sizeof(means[0]); i++) {
        struct hr_random r;
        double sum = 0, ones = 0, largest = 0;
        const int n = 200000;

        hr_geometric_init(&g, means[i]);
        hr_random_init(&r, 1, i);
        for (int k = 0; k < n; k++) {
            uint32_t value = hr_geometric_draw(&g, &r);

            CHECK(value >= 1);
            sum += value;
            ones += value == 1;
            largest = value > largest ? value : largest;
        }
        CHECK_NEAR(sum / n, means[i], 0.02 * means[i]);
        CHECK_NEAR(ones / n, 1 / means[i], 0.005);
        CHECK(means[i] == 1 || largest > g.value[HR_QUANTILES - 1]); /* the tail is drawn too */
    }
}

TEST(distribution, nearness_reaches_every_level)
{
    static const uint32_t sizes[] = {1, 2, 10, 100, 1000};
    static struct hr_nearness d;

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        uint32_t seen[1000] = {0}, n = sizes[i];

        hr_nearness_init(&d, n);
        for (uint64_t k = 0; k < HR_QUANTILES; k++) {
            seen[hr_nearness_draw(&d, k)]++;
        }
        for (uint32_t k = 0; k < n; k++) {
            CHECK(seen[k] > 0);
        }
        if (n > 1 && n <= 10) {
            CHECK_NEAR((double)seen[n - 1] / seen[0], 0.25, 0.02);
        }
    }
}

TEST(distribution, zipf_has_its_weights_and_scatters_them)
{
    enum { N = 50, DRAWS = 400000 };
    struct hr_random r;
    struct hr_zipf z;
    double seen[N] = {0}, sorted[N], total = 0;

    CHECK_EQ(hr_zipf_init(&z, N, 1.2), 0);
    hr_random_init(&r, 3, 0);
    for (int i = 0; i < DRAWS; i++) {
        seen[hr_zipf_draw(&z, &r)]++;
    }
    for (int i = 0; i < N; i++) {
        int at = i;

        total += pow(i + 1, -1.2);
        for (sorted[i] = seen[i]; at > 0 && sorted[at - 1] < seen[i]; at--) {
            sorted[at] = sorted[at - 1];
        }
        sorted[at] = seen[i];
    }
    for (int i = 0; i < N; i++) {
        double expected = pow(i + 1, -1.2) / total * DRAWS;

        CHECK_NEAR(sorted[i], expected, 5 * sqrt(expected) + 0.02 * expected);
    }
    CHECK(seen[0] > seen[1] && seen[1] < sorted[3]);
    hr_zipf_free(&z);
    CHECK_EQ(hr_zipf_init(&z, 1, 0.5), 0);
    CHECK_EQ(hr_zipf_draw(&z, &r), 0);
    hr_zipf_free(&z);
}
