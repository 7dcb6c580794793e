/*
 * change_points.h - where in a history did the level change?
 *
 * E-divisive: the place that divides a stretch best by the energy distance between its two parts;
 * it is a change if shuffling the stretch seldom does as well (permutation test), and then each
 * part is asked again. Matteson and James, "A nonparametric approach for multiple change point
 * analysis of multivariate data", Journal of the American Statistical Association 109 (2014).
 * Distances are of the values' logs if all are above 0, so that a change is a share. Shuffles are
 * seeded: the same history, the same answer.
 */
#ifndef HR_CHANGE_POINTS_H
#define HR_CHANGE_POINTS_H

#define HR_CHANGE_PART_MIN 3 /* values in a part, at least: fewer prove nothing at this level */
#define HR_CHANGE_VALUES_MAX 1000 /* of a history; the memory grows with its square */
#define HR_CHANGE_LEVEL 0.02      /* share of shuffles that may do as well */

/* at[]: the first value of each new part, rising; room for n. Returns how many, or -EINVAL (values
 * that are no numbers, more than HR_CHANGE_VALUES_MAX), -ENOMEM. */
int hr_change_points(const double *values, int n, int *at);

#endif
