/*
 * capacity_search.c - which is the highest rate that still passes?
 *
 * Assumes that a rate above a failing one fails too. Where noise breaks that, confirming at the end
 * decides: it asks for every one of several fresh runs.
 */
#include "suites/capacity_search.h"

#include <math.h>

/* Steps down while confirming, at most: past this the figure would be noise. */
#define STEPS_DOWN_MAX 24

static int tries(const struct hr_capacity_params *p, struct hr_capacity_result *r, double rate,
                 bool *passed)
{
    *passed = false;
    for (int i = 0; i <= p->second_chances && !*passed; i++) {
        int rc = p->attempt(p->context, rate, passed);

        r->attempts++;
        if (rc) {
            return rc;
        }
    }
    return 0;
}

/* All of `confirm` fresh tries? */
static int holds(const struct hr_capacity_params *p, struct hr_capacity_result *r, double rate,
                 bool *passed)
{
    *passed = true;
    for (int i = 0; i < p->confirm && *passed; i++) {
        int rc = p->attempt(p->context, rate, passed);

        r->attempts++;
        if (rc) {
            return rc;
        }
    }
    return 0;
}

int hr_capacity_search(const struct hr_capacity_params *p, struct hr_capacity_result *r)
{
    double low = 0, high = (double)INFINITY, rate = p->rate_min;
    bool passed = true;
    int rc;

    r->confirmed = 0;
    r->failed = (double)INFINITY;
    r->attempts = 0;
    while (passed && low < p->rate_max) {
        rc = tries(p, r, rate, &passed);
        if (rc) {
            return rc;
        }
        if (passed) {
            low = rate;
        } else {
            high = rate;
        }
        rate = fmin(2 * rate, p->rate_max);
    }
    r->failed = high;
    if (low <= 0) {
        return 0;
    }
    while (isfinite(high) && high / low > 1 + p->resolution) {
        double middle = sqrt(low * high);

        rc = tries(p, r, middle, &passed);
        if (rc) {
            return rc;
        }
        if (passed) {
            low = middle;
        } else {
            high = middle;
        }
    }
    for (int step = 0; step < STEPS_DOWN_MAX && low >= p->rate_min; step++) {
        rc = holds(p, r, low, &passed);
        if (rc) {
            return rc;
        }
        if (passed) {
            r->confirmed = low;
            r->failed = high;
            return 0;
        }
        high = low;
        low /= 1 + p->resolution;
    }
    r->failed = high;
    return 0;
}
