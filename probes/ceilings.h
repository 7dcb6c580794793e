/*
 * ceilings.h - what the files that measure ceilings share. Not for use outside probes/.
 *
 * Each hr_measure_* fills in its ceilings, or null with the reason, and ends early after Ctrl-C.
 * They run one after another on the calling thread, which is bound.
 */
#ifndef HR_CEILINGS_H
#define HR_CEILINGS_H

#include "harness/record.h"

#include <stdbool.h>
#include <stdint.h>

/* Six make a 95 % interval of the median; one more for a true middle. */
#define HR_CEILING_SAMPLES 7
#define HR_CEILING_CPUS_MAX 1024

struct hr_ceiling_work {
    struct hr_record *record;
    uint64_t end_ns; /* of the whole budget, on hr_clock_ns() */
    double budget_s;
    double sample_s;    /* how long one sample should take */
    uint64_t bytes_max; /* of all memory mapped at one time */
    int cpus[HR_CEILING_CPUS_MAX], n_cpus;
    int cpu; /* of the single-thread measurements: one of the fastest kind */
    uint64_t l1_bytes, l2_bytes, l3_bytes; /* of one instance; 0 unknown */
    uint64_t l3_total_bytes;
};

/* Of the budget; 0 when it is used up. */
double hr_ceiling_left_s(const struct hr_ceiling_work *w);

void hr_measure_clock(struct hr_ceiling_work *w);
void hr_measure_cores(struct hr_ceiling_work *w);
void hr_measure_streams(struct hr_ceiling_work *w);
void hr_measure_compares(struct hr_ceiling_work *w);
void hr_measure_working_sets(struct hr_ceiling_work *w);

/* What hr_ceilings_measure() does. bytes_max caps the memory (tests); 0 is a safe share of what is
 * available. tell, if not NULL, hears what is measured next and how much of the time is gone
 * (0..1). */
int hr_ceilings_measure_within(struct hr_record *record, double budget_s, uint64_t bytes_max,
                               void (*tell)(const char *what, double share));

#endif
