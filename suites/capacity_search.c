/*
 * capacity_search.c - which is the highest rate that still passes?
 *
 * Assumes that a rate above a failing one fails too. Where noise breaks that, confirming at the end
 * decides: it asks for every one of several fresh runs.
 */
#include "suites/capacity_search.h"

#include <math.h>

/* A bracket of exactly the resolution is narrow enough. */
#define ROUNDING 1e-9

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

/* Down from *low in growing steps until a rate holds, then up again by bisection of rates that hold
 * and rates that do not. *low is 0 if none holds. */
static int confirm(const struct hr_capacity_params *p, struct hr_capacity_result *r, double *low,
                   double *high)
{
    double step = 1 + p->resolution;
    bool passed = false;
    int rc;

    for (;;) {
        rc = holds(p, r, *low, &passed);
        if (rc || passed) {
            break;
        }
        *high = *low;
        if (*low <= p->rate_min) {
            *low = 0;
            break;
        }
        *low = fmax(*low / step, p->rate_min);
        step *= step;
    }
    while (rc == 0 && *low > 0 && isfinite(*high) &&
           *high / *low > (1 + p->resolution) * (1 + ROUNDING)) {
        double middle = sqrt(*low * *high);

        rc = holds(p, r, middle, &passed);
        if (passed) {
            *low = middle;
        } else {
            *high = middle;
        }
    }
    return rc;
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
    rc = confirm(p, r, &low, &high);
    if (rc) {
        return rc;
    }
    r->confirmed = low;
    r->failed = high;
    return 0;
}
