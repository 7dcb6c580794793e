/*
 * link_baseline.h - what does libiperf, which sends bytes and nothing else, reach over the same
 * link?
 */
#ifndef HR_LINK_BASELINE_H
#define HR_LINK_BASELINE_H

#include "suites/suite.h"

/* A case of its own; *bits_per_s is NAN where there is none: not asked for, no libiperf (SKIP with
 * the reason). TCP on loopback, the configuration's congestion control, in two child processes. 0,
 * -EINTR. */
int hr_link_baseline(struct hr_bench *bench, json_t *suite, const char *suite_name,
                     double *bits_per_s);

#endif
