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

/* A goodput, as bits/s, beside what else was seen of the link; NAN: not known, and no check. */
struct hr_link_seen {
    double orders, events; /* goodput, to the server and back */
    double link;           /* libiperf's, one way */
    double nic;            /* all that the interface sent */
};
/* More than the link carries, or than the interface was seen to send, is hard: it was not so. */
void hr_link_check(struct hr_checks *checks, const struct hr_link_seen *seen);

#endif
