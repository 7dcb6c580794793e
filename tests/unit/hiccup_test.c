/* The host's share of a tail is arithmetic on two histograms; no machine is asked. */
#include "harness/hiccup.h"
#include "tests/test.h"

#include <math.h>

static struct hr_histogram *samples, *gaps;

/* 10 000 samples of 100 ns, but `slow` of them of 50 us. */
static void given(uint64_t slow)
{
    samples = hr_histogram_new();
    gaps = hr_histogram_new();
    hr_histogram_record_n(samples, 100, 10000 - slow);
    hr_histogram_record_n(samples, 50000, slow);
}

static void gone(void)
{
    hr_histogram_free(samples);
    hr_histogram_free(gaps);
}

TEST(hiccup, the_share_is_expected_over_counted)
{
    struct hr_hiccup spun = {.spun_ns = 10000000};

    given(10);
    hr_histogram_record_n(gaps, 50000, 20); /* two in a million ns */
    /* The samples take 9 990 x 100 + 10 x 50 000 = 1 499 000 ns: 2.998 pauses are expected. */
    CHECK_NEAR(hr_hiccup_caused(&spun, gaps, samples, 10000, 100), 0.2998, 0.0005);
    spun.spun_ns *= 2; /* half the rate, half the share */
    CHECK_NEAR(hr_hiccup_caused(&spun, gaps, samples, 10000, 100), 0.1499, 0.0005);
    gone();
}

TEST(hiccup, a_pause_counts_if_it_lifts_a_typical_sample_over_the_threshold)
{
    const struct hr_hiccup spun = {.spun_ns = 1499000};

    given(10);
    hr_histogram_record_n(gaps, 1500, 4);
    hr_histogram_record_n(gaps, 1700, 1);
    CHECK_NEAR(hr_hiccup_caused(&spun, gaps, samples, 1600, 100), 0.5, 0.001);
    CHECK_NEAR(hr_hiccup_caused(&spun, gaps, samples, 1700, 100), 0.1, 0.001);
    CHECK_NEAR(hr_hiccup_caused(&spun, gaps, samples, 2000, 100), 0, 0);
    CHECK_NEAR(hr_hiccup_caused(&spun, gaps, samples, 1700, 200), 0.5, 0.001);
    /* Below what spinning can see the share is that of what it saw. */
    CHECK_NEAR(hr_hiccup_caused(&spun, gaps, samples, 150, 100), 0.5, 0.001);
    CHECK_NEAR(hr_hiccup_caused(&spun, gaps, samples, 100, 150), 0.5, 0.001);
    gone();
}

TEST(hiccup, a_share_is_never_more_than_all)
{
    const struct hr_hiccup spun = {.spun_ns = 100000};

    given(10);
    hr_histogram_record_n(gaps, 50000, 1000);
    CHECK_NEAR(hr_hiccup_caused(&spun, gaps, samples, 10000, 100), 1, 0);
    gone();
}

TEST(hiccup, nothing_above_is_nobodys_and_nothing_spun_is_not_known)
{
    const struct hr_hiccup spun = {.spun_ns = 1000000}, none = {0};

    given(0);
    hr_histogram_record_n(gaps, 50000, 5);
    CHECK_NEAR(hr_hiccup_caused(&spun, gaps, samples, 10000, 100), 0, 0);
    CHECK(isnan(hr_hiccup_caused(&none, gaps, samples, 10000, 100)));
    gone();
}

TEST(hiccup, spinning_adds_up)
{
    struct hr_hiccup spun = {0};

    gaps = hr_histogram_new();
    hr_hiccup_spin(200000, &spun, gaps);
    CHECK(spun.spun_ns >= 200000);
    uint64_t once_ns = spun.spun_ns, lost_ns = spun.lost_ns;

    hr_hiccup_spin(200000, &spun, gaps);
    CHECK(spun.spun_ns >= once_ns + 200000);
    CHECK(spun.lost_ns >= lost_ns && spun.lost_ns <= spun.spun_ns);
    CHECK(spun.gap_max_ns <= spun.lost_ns);
    CHECK(hr_hiccup_share(&spun) <= 1);
    hr_histogram_free(gaps);
}
