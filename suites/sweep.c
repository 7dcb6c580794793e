/* sweep.c - at which counts is a sweep measured, and which law goes through its points? */
#include "suites/sweep.h"

#include "harness/error.h"

#include <math.h>

int hr_sweep_counts(int most, int *counts, int room)
{
    int n = 0;

    for (int base = 1; base <= most && n < room - 2; base *= 2) {
        counts[n++] = base;
        if (base >= 2 && base + base / 2 <= most) {
            counts[n++] = base + base / 2;
        }
    }
    if (counts[n - 1] != most) {
        counts[n++] = most;
    }
    return n;
}

bool hr_sweep_law(json_t *c, const double *counts, const double *rates, int n, const char *few,
                  struct hr_usl *law)
{
    bool fits = hr_fit_usl(counts, rates, n, law) == 0;

    hr_error_clear();
    hr_case_figure(c, "usl_lambda", "orders/s", true, fits ? law->lambda : (double)NAN, few);
    hr_case_figure(c, "usl_sigma", "share", false, fits ? law->sigma : (double)NAN, few);
    hr_case_figure(c, "usl_kappa", "share", false, fits ? law->kappa : (double)NAN, few);
    hr_case_figure(c, "usl_r2", "share", true, fits ? law->r2 : (double)NAN, few);
    return fits;
}
