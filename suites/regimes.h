/*
 * regimes.h - the throughput suite's regimes: one market in several states, requests one at a time,
 * every event read by a second thread (handover.h).
 *
 * Each regime is a flow preset by its own name, whatever the profile's flow is; only the seed is
 * the run's. The same run drives the engine with and without the reader, so that the two are
 * compared in pairs. The worst of them is told as a case of its own, named after all of them: an
 * engine is as fast as where it is slowest.
 */
#ifndef HR_REGIMES_H
#define HR_REGIMES_H

#include "suites/suite.h"

/* All of throughput.regimes, at most HR_REGIMES_MAX of them, each a flow of one market. 0, -EINTR,
 * -EINVAL, -ENOMEM. */
#define HR_REGIMES_MAX 16
int hr_regime_cases(struct hr_bench *bench, json_t *suite);

#endif
