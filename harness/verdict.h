/*
 * verdict.h - one metric, two builds: is the new one worse, better, the same, or can nobody tell?
 *
 * Everything is a log-ratio, new over old, turned so that above 0 is better. The margin is the
 * larger of the smallest change that counts and 1.5 times the noise floor, which is what the old
 * one shows against itself. Wholly worse than the margin is a regression, wholly better an
 * improvement, wholly inside it the same; all else is inconclusive. The tests are exact and are the
 * intervals turned round: a one-sided p at 0.025 and a 95 % interval that ends at the margin are
 * one thing.
 *
 * Two ways to have come by the samples:
 *
 * - Interleaved, in blocks old new new old. A block's effect is the mean of its two new logs less
 *   that of its two old ones, so a drift that is straight within a block cancels. Estimate and
 *   interval: median over blocks and its order statistics; test: the sign test. Noise floor: what
 *   such a comparison typically says of the old build against itself, from the same contrast of the
 *   old runs of two neighbouring blocks (old runs 2 and 3 against 1 and 4). More blocks lower it.
 * - Stored, from two programs' runs. Hodges and Lehmann's shift (1963) with the interval that
 *   Mann and Whitney's exact test (1947) gives; ties count for "no change". Noise floor: between
 *   runs that followed each other; more runs do not lower it, since it cannot see what differs
 *   from one start of the program to the next. floor_given, from a second result of the old build,
 *   can.
 *
 * Several metrics that gate: Holm (1979) over them, for worse and for better.
 */
#ifndef HR_VERDICT_H
#define HR_VERDICT_H

#include <stdbool.h>

#define HR_CONTEST_RUNS_MIN 6    /* below: no interval, no verdict */
#define HR_CONTEST_RUNS_MAX 1000 /* a side */
#define HR_CONTEST_ALPHA 0.025   /* one-sided */
#define HR_CONTEST_FLOORS 1.5    /* margin over noise floor */

enum hr_contest_end { HR_INCONCLUSIVE, HR_SAME, HR_IMPROVEMENT, HR_REGRESSION };
/* "inconclusive" … */
const char *hr_contest_end_name(enum hr_contest_end end);

struct hr_contest {
    /* set by the caller */
    bool higher;        /* is better */
    bool gating;        /* one of those that were named beforehand */
    double effect_min;  /* the smallest change that counts: 0.02 is 2 % */
    double floor_given; /* a noise floor known from elsewhere, log-ratio; 0: none */

    /* set by hr_contest_interleaved() or hr_contest_stored() */
    int n;                    /* blocks, or the runs of the side with fewer */
    double effect, low, high; /* low, high: NaN without an interval */
    bool interval;
    double floor, margin; /* log-ratios, >= 0 */
    double drift;         /* interleaved: of both together, first block to last; else NaN */
    double p_worse, p_better,
        p_within; /* that it is not worse, not better, not inside the margin */

    /* set by hr_contests_judge() */
    enum hr_contest_end end;
    double p_holm; /* of the smaller of p_worse and p_better; as it is if not gating */
    int more; /* runs (blocks) it would take in addition; 0: decided; -1: more than a thousand */
};

/* The samples of each in the order of time, two a block. -EINVAL with the reason if a sample is not
 * above 0, or there are too many; -ENOMEM. */
int hr_contest_interleaved(struct hr_contest *c, const double *old_runs, const double *new_runs,
                           int blocks);
int hr_contest_stored(struct hr_contest *c, const double *old_runs, int old_count,
                      const double *new_runs, int new_count);
/* Holm over those that gate; each of the others on its own. */
void hr_contests_judge(struct hr_contest *contests, int count);

/* P(U <= u) of Mann and Whitney's statistic for n and m samples of one kind, without ties. Exact to
 * 40 samples a side, normal with continuity correction above. NaN without memory. */
double hr_mann_whitney_lower(int u, int n, int m);

#endif
