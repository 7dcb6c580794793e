/*
 * portable_math.h - logarithm and exponential that give the same bits on every machine.
 *
 * C libraries differ in the last bits of log() and pow(), so a flow that used them would differ
 * between hosts. These use only + - * / on IEEE doubles in a fixed order; the Makefile compiles
 * them, and all that decides a flow's bytes, with -ffp-contract=off. Right to about 1e-15,
 * relative.
 */
#ifndef HR_PORTABLE_MATH_H
#define HR_PORTABLE_MATH_H

double hr_portable_log(double x);           /* natural logarithm, x > 0 */
double hr_portable_exp(double x);           /* |x| <= 700 */
double hr_portable_pow(double x, double y); /* x > 0 */

#endif
