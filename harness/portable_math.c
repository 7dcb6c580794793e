/* portable_math.c - log and exp from series alone: Mercator's for (m-1)/(m+1) after taking out the
 * power of two, and Taylor's after taking out multiples of ln 2. Slower than the C library's, and
 * not meant for numbers outside what is said in the header. */
#include "harness/portable_math.h"

#include <math.h>

#define LN2_HIGH 0x1.62e42fefap-1 /* few enough bits that k * LN2_HIGH is exact */
#define LN2_LOW 0x1.cf79abc9e3b39p-40

double hr_portable_log(double x)
{
    int power; /* frexp and ldexp only move bits: exact everywhere */
    double m = frexp(x, &power);

    if (m < 0x1.6a09e667f3bcdp-1) {
        m = m * 2;
        power = power - 1;
    }
    double t = (m - 1) / (m + 1), square = t * t, sum = 0;

    for (int k = 25; k >= 1; k -= 2) {
        sum = sum * square + 1.0 / k;
    }
    return power * LN2_HIGH + (power * LN2_LOW + 2 * t * sum);
}

double hr_portable_exp(double x)
{
    double k = floor(x / 0x1.62e42fefa39efp-1 + 0.5);
    double r = (x - k * LN2_HIGH) - k * LN2_LOW, sum = 1;

    for (int i = 18; i >= 1; i--) {
        sum = 1 + sum * r / i;
    }
    return ldexp(sum, (int)k);
}

double hr_portable_pow(double x, double y)
{
    return hr_portable_exp(y * hr_portable_log(x));
}
