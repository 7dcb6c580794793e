/*
 * capacity_search.h - the highest rate that passes, found with as few tries as will do.
 *
 * Geometric ramp from rate_min until a rate fails; bisection (geometric) until the bracket is
 * `resolution` wide; then `confirm` fresh tries in a row at the lower end. If one of them fails,
 * that rate is the new upper end: the search goes down in growing steps until a rate holds, and up
 * again by bisection, every rate now asked `confirm` times. Knows nothing of how a rate is tried.
 */
#ifndef HR_CAPACITY_SEARCH_H
#define HR_CAPACITY_SEARCH_H

#include <stdbool.h>

struct hr_capacity_params {
    double rate_min, rate_max;
    double resolution;  /* 0.05: the bracket is at most 5 % wide */
    int confirm;        /* tries that must all pass */
    int second_chances; /* further tries at a rate that failed, while searching; none while
                           confirming */
    /* One fresh run at this rate: 0 and *passed, or a negative errno that ends the search. */
    int (*attempt)(void *context, double rate, bool *passed);
    void *context;
};

struct hr_capacity_result {
    double confirmed; /* highest rate that passed `confirm` times in a row; 0: none */
    double failed;    /* lowest rate that failed above it; INFINITY: none up to rate_max */
    int attempts;
};
int hr_capacity_search(const struct hr_capacity_params *params, struct hr_capacity_result *result);

#endif
