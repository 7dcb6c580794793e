/* verdict_test.c - the gate: known distributions, the four verdicts, Holm, and how often it is
 * wrong on simulated runs. */
#include "harness/error.h"
#include "harness/gate_trials.h"
#include "harness/verdict.h"
#include "tests/test.h"

#include <errno.h>
#include <math.h>

/* Runs in order old new new old …, each `step` further apart; the new ones times `ratio`. */
static struct hr_contest interleaved(int blocks, double ratio, double wobble, bool higher)
{
    struct hr_contest c = {.higher = higher, .gating = true, .effect_min = 0.02};
    double old[64], new[64];

    for (int i = 0; i < 2 * blocks; i++) {
        old[i] = 1000 * (1 + wobble * ((i * 7) % 5 - 2));
        new[i] = 1000 * ratio *(1 + wobble * ((i * 3) % 5 - 2));
    }
    CHECK_EQ(hr_contest_interleaved(&c, old, new, blocks), 0);
    return c;
}

static enum hr_contest_end end_of(struct hr_contest c)
{
    hr_contests_judge(&c, 1);
    return c.end;
}

TEST(verdict, mann_whitney_is_the_known_table)
{
    /* Critical values of the one-sided test at 0.025: the largest U with P(U <= u) <= 0.025. */
    static const struct {
        int n, m, u;
    } known[] = {{4, 4, 0},    {5, 5, 2},   {6, 6, 5},    {8, 8, 13},
                 {10, 10, 23}, {6, 10, 11}, {20, 20, 127}};

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        CHECK(hr_mann_whitney_lower(known[i].u, known[i].n, known[i].m) <= 0.025);
        CHECK(hr_mann_whitney_lower(known[i].u + 1, known[i].n, known[i].m) > 0.025);
    }
    CHECK_NEAR(hr_mann_whitney_lower(0, 6, 6), 1.0 / 924, 1e-12);
    CHECK_NEAR(hr_mann_whitney_lower(7, 3, 5), 0.5, 1e-12);
    CHECK_EQ(hr_mann_whitney_lower(-1, 5, 5), 0);
    CHECK_EQ(hr_mann_whitney_lower(25, 5, 5), 1);
    /* Where the exact table ends the normal one goes on. */
    CHECK_NEAR(hr_mann_whitney_lower(330, 30, 30), hr_mann_whitney_lower(341, 30, 31), 0.003);
}

TEST(verdict, each_of_the_four)
{
    CHECK_EQ(end_of(interleaved(10, 0.90, 0.001, true)), HR_REGRESSION);
    CHECK_EQ(end_of(interleaved(10, 1.10, 0.001, true)), HR_IMPROVEMENT);
    CHECK_EQ(end_of(interleaved(10, 1.001, 0.001, true)), HR_SAME);
    CHECK_EQ(end_of(interleaved(10, 0.98, 0.02, true)), HR_INCONCLUSIVE);
    /* Of a time less is better. */
    CHECK_EQ(end_of(interleaved(10, 1.10, 0.001, false)), HR_REGRESSION);
    CHECK_EQ(end_of(interleaved(10, 0.90, 0.001, false)), HR_IMPROVEMENT);
}

TEST(verdict, too_few_blocks_are_never_a_verdict)
{
    struct hr_contest c = interleaved(5, 0.5, 0.001, true);

    hr_contests_judge(&c, 1);
    CHECK_EQ(c.end, HR_INCONCLUSIVE);
    CHECK(!c.interval);
    CHECK(isnan(c.low));
    CHECK_EQ(c.more, 1);
    CHECK_EQ(end_of(interleaved(6, 0.5, 0.001, true)), HR_REGRESSION);
}

TEST(verdict, a_straight_drift_cancels_within_a_block)
{
    struct hr_contest c = {.higher = true, .effect_min = 0.02};
    double old[20], new[20];

    for (int b = 0; b < 10; b++) { /* places 4b, 4b + 3 and 4b + 1, 4b + 2 */
        old[2 * b] = exp(0.01 * 4 * b);
        new[2 * b] = exp(0.01 * (4 * b + 1));
        new[2 * b + 1] = exp(0.01 * (4 * b + 2));
        old[2 * b + 1] = exp(0.01 * (4 * b + 3));
    }
    CHECK_EQ(hr_contest_interleaved(&c, old, new, 10), 0);
    CHECK_NEAR(c.effect, 0, 1e-12);
    CHECK_NEAR(c.floor, 0, 1e-12); /* nor does it look like noise */
    CHECK_NEAR(c.drift, 0.36, 1e-9);
    CHECK_NEAR(c.margin, log(1.02), 1e-12);
}

TEST(verdict, stored_interval_and_test_are_one)
{
    /* Six runs each, all of one above all of the other: the interval is the middle of 36 ratios. */
    static const double old[] = {100, 101, 102, 103, 104, 105}, new[] = {90, 91, 92, 93, 94, 95};
    struct hr_contest c = {.higher = true, .effect_min = 0.02, .gating = true};

    CHECK_EQ(hr_contest_stored(&c, old, 6, new, 6), 0);
    CHECK(c.interval);
    CHECK_NEAR(c.effect, log(92.5 / 102.5), 0.002);
    CHECK(c.low < c.effect && c.effect < c.high);
    CHECK(c.high < -c.margin);
    CHECK_NEAR(c.p_worse, 1.0 / 924, 1e-6);
    CHECK_EQ(end_of(c), HR_REGRESSION);
    /* A floor from elsewhere widens the margin. */
    c.floor_given = 0.1;
    CHECK_EQ(hr_contest_stored(&c, old, 6, new, 6), 0);
    CHECK_NEAR(c.margin, 0.15, 1e-12);
    CHECK_EQ(end_of(c), HR_SAME);
    CHECK(c.p_worse > 0.5);
}

TEST(verdict, equal_whole_numbers_are_the_same)
{
    static const double ticks[] = {25, 25, 25, 25, 25, 25, 25, 25};
    struct hr_contest c = {.effect_min = 0.02, .gating = true};

    CHECK_EQ(hr_contest_stored(&c, ticks, 8, ticks, 8), 0);
    CHECK_EQ(end_of(c), HR_SAME);
    CHECK_EQ(hr_contest_interleaved(&c, ticks, ticks, 4), 0);
    CHECK_EQ(c.effect, 0);
}

TEST(verdict, holm_asks_more_of_many)
{
    struct hr_contest many[5];

    /* Six blocks all on one side: p = 1/64, enough for one metric and for none of five. */
    for (int i = 0; i < 5; i++) {
        many[i] = interleaved(6, i == 0 ? 0.9 : 1, 0.001, true);
    }
    hr_contests_judge(many, 5);
    CHECK_NEAR(many[0].p_worse, 1.0 / 64, 1e-12);
    CHECK_NEAR(many[0].p_holm, 5.0 / 64, 1e-12);
    CHECK_EQ(many[0].end, HR_INCONCLUSIVE);
    CHECK_EQ(many[0].more, 2); /* 2^-8 < 0.025 / 5 */
    for (int i = 1; i < 5; i++) {
        many[i].gating = false;
    }
    hr_contests_judge(many, 5);
    CHECK_EQ(many[0].end, HR_REGRESSION);

    /* Stepping down: equal ps share the first step's factor, a larger one has its own. */
    for (int i = 0; i < 3; i++) {
        many[i] =
            (struct hr_contest){.gating = true, .interval = true, .p_better = 1, .p_within = 1};
        many[i].p_worse = i < 2 ? 0.010 : 0.011;
    }
    hr_contests_judge(many, 3);
    CHECK_NEAR(many[0].p_holm, 0.03, 1e-12);
    CHECK_NEAR(many[1].p_holm, 0.03, 1e-12);
    CHECK_NEAR(many[2].p_holm, 0.03, 1e-12); /* never below one before it */
}

TEST(verdict, what_has_no_ratio_is_refused)
{
    static const double fine[] = {1, 2, 3, 4, 5, 6}, zero[] = {1, 2, 0, 4, 5, 6};
    static const double none[] = {1, 2, NAN, 4, 5, 6};
    struct hr_contest c = {.effect_min = 0.02};

    CHECK_EQ(hr_contest_stored(&c, fine, 6, zero, 6), -EINVAL);
    CHECK_EQ(hr_contest_stored(&c, none, 6, fine, 6), -EINVAL);
    CHECK_EQ(hr_contest_interleaved(&c, fine, zero, 3), -EINVAL);
    CHECK_EQ(hr_contest_stored(&c, fine, 0, fine, 6), -EINVAL);
    CHECK(hr_error()[0]);
}

TEST(verdict, the_gate_is_as_often_wrong_as_it_promises)
{
    int promised = 0;

    for (const struct hr_gate_trial *t = hr_gate_trials; t->name; t++) {
        struct hr_gate_rates rates;

        CHECK_EQ(hr_gate_trial_run(t, 1, 1000, &rates), 0);
        if (!rates.holds) {
            FAIL("%s: regressions %.3f", t->name, rates.regression);
        }
        promised += t->wrong_max > 0 || t->found_min > 0;
    }
    CHECK(promised >= 8);
}

TEST(verdict, without_interleaving_a_drift_is_a_regression)
{
    const struct hr_gate_trial *t = hr_gate_trials;
    struct hr_gate_rates rates;

    while (t[1].name) {
        t++;
    }
    CHECK_EQ(hr_gate_trial_run(t, 1, 200, &rates), 0);
    CHECK(rates.regression + rates.inconclusive > 0.5);
}
