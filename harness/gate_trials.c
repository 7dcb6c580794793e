/* gate_trials.c - does the gate cry wolf, and does it see one? Draws runs with a known spread,
 * drift and change, and has them judged. What it cannot know is how a real machine's runs are
 * spread: that is what the noise floor of every comparison is for. */
#include "harness/gate_trials.h"
#include "harness/random.h"
#include "harness/verdict.h"

#include <math.h>
#include <stddef.h>

#define RUNS_MAX 64
#define EFFECT_MIN 0.02

const struct hr_gate_trial hr_gate_trials[] = {
    {.name = "no change, 2 % spread, interleaved",
     .interleaved = true,
     .runs = 10,
     .metrics = 5,
     .spread = 0.02,
     .wrong_max = 0.01},
    {.name = "no change, 2 % spread, 6 blocks",
     .interleaved = true,
     .runs = 6,
     .metrics = 1,
     .spread = 0.02,
     .wrong_max = 0.01},
    {.name = "no change, 2 % spread, stored",
     .stored_test = true,
     .runs = 10,
     .metrics = 5,
     .spread = 0.02,
     .wrong_max = 0.01},
    {.name = "no change, a run in ten stalls",
     .interleaved = true,
     .runs = 10,
     .metrics = 5,
     .spread = 0.01,
     .stalls = 0.1,
     .wrong_max = 0.01},
    {.name = "5 % drift, no change, interleaved",
     .interleaved = true,
     .runs = 10,
     .metrics = 5,
     .spread = 0.01,
     .drift = -0.05,
     .wrong_max = 0.01},
    {.name = "5 % slower, 1 % spread, interleaved",
     .interleaved = true,
     .runs = 10,
     .metrics = 5,
     .spread = 0.01,
     .change = -0.05,
     .found_min = 0.95},
    {.name = "5 % slower in 5 % drift, interleaved",
     .interleaved = true,
     .runs = 10,
     .metrics = 5,
     .spread = 0.01,
     .change = -0.05,
     .drift = 0.05,
     .found_min = 0.95},
    {.name = "5 % slower, 1 % spread, stored",
     .stored_test = true,
     .runs = 10,
     .metrics = 5,
     .spread = 0.01,
     .change = -0.05,
     .found_min = 0.95},
    {.name = "5 % drift, no change, one after the other",
     .stored_test = true,
     .runs = 20,
     .metrics = 1,
     .spread = 0.01,
     .drift = -0.05},
    {.name = NULL},
};

/* A standard normal number (Box and Muller, 1958). */
static double normal(struct hr_random *r)
{
    double u = 1 - hr_random_unit(r), v = hr_random_unit(r);

    return sqrt(-2 * log(u)) * cos(2 * M_PI * v);
}

static double run_at(const struct hr_gate_trial *t, struct hr_random *r, int place, bool changed)
{
    int last = (t->stored_test ? 2 : 4) * t->runs - 1;
    double logs = t->spread * normal(r) + t->drift * place / last + (changed ? t->change : 0);
    bool stalled = hr_random_unit(r) < t->stalls;

    return 1e6 * exp(logs - (stalled ? 0.1 : 0));
}

static int draw(const struct hr_gate_trial *t, struct hr_random *r, bool changes,
                struct hr_contest *c)
{
    double old[2 * RUNS_MAX], new[2 * RUNS_MAX];
    int n = t->stored_test ? t->runs : 2 * t->runs;

    for (int i = 0; i < n; i++) {
        bool turned = i % 2 != 0; /* old new, then new old */

        old[i] = run_at(t, r, t->interleaved ? 2 * i + turned : i, false);
        new[i] = run_at(t, r, t->interleaved ? 2 * i + !turned : n + i, changes);
    }
    return t->stored_test ? hr_contest_stored(c, old, n, new, n)
                          : hr_contest_interleaved(c, old, new, t->runs);
}

/* One comparison of all its metrics, counted. */
static int compare_once(const struct hr_gate_trial *t, struct hr_random *r,
                        struct hr_gate_rates *counts)
{
    struct hr_contest contests[HR_GATE_METRICS_MAX];
    bool regressed = false;

    for (int m = 0; m < t->metrics; m++) {
        int rc;

        contests[m] = (struct hr_contest){.higher = true, .gating = true, .effect_min = EFFECT_MIN};
        rc = draw(t, r, m == 0, contests + m);
        if (rc) {
            return rc;
        }
    }
    hr_contests_judge(contests, t->metrics);
    for (int m = 0; m < (t->change < 0 ? 1 : t->metrics); m++) {
        regressed = regressed || contests[m].end == HR_REGRESSION;
    }
    counts->regression += regressed;
    counts->improvement += contests[0].end == HR_IMPROVEMENT;
    counts->same += contests[0].end == HR_SAME;
    counts->inconclusive += contests[0].end == HR_INCONCLUSIVE;
    return 0;
}

int hr_gate_trial_run(const struct hr_gate_trial *trial, uint64_t seed, int comparisons,
                      struct hr_gate_rates *rates)
{
    struct hr_random r;
    int rc = 0;

    *rates = (struct hr_gate_rates){.comparisons = comparisons};
    hr_random_init(&r, seed, 0);
    for (int i = 0; i < comparisons && rc == 0; i++) {
        rc = compare_once(trial, &r, rates);
    }
    rates->regression /= comparisons;
    rates->improvement /= comparisons;
    rates->same /= comparisons;
    rates->inconclusive /= comparisons;
    rates->holds = trial->wrong_max > 0   ? rates->regression < trial->wrong_max
                   : trial->found_min > 0 ? rates->regression > trial->found_min
                                          : true;
    return rc;
}
