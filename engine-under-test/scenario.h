/*
 * scenario.h - what the rules say, as examples: requests, the events each must answer with, and the
 * books at the end.
 *
 * A script has one line for each request, with its events behind it, in the text form of RULES.md
 * (events without seq); then a line for each resting order, markets ascending, in the order of a
 * walk:
 *
 *     N,0,1,10,S,L,D,100,5 > A,0,10,100,5
 *     N,0,2,11,B,L,I,100,8 > T,0,11,10,100,5 > X,0,11,3,ioc
 *     = 0,B,99,12,1,7
 *
 * "*3 " in front of a request, an event or a book line stands for it three times; a $ in it counts
 * 1, 2, 3. Letters that no request has are allowed, to test their rejection.
 */
#ifndef EUT_SCENARIO_H
#define EUT_SCENARIO_H

#include "engine-under-test/engine.h"

#include <stddef.h>

struct eut_scenario {
    const char *name; /* what is so */
    const char *rule; /* where RULES.md says so */
    uint64_t needs;   /* EUT_CAP_… */
    uint32_t l3_markets, l2_markets;
    uint64_t orders, levels; /* limits; 0: more than needed */
    const char *script;
};

/* Ended by a NULL name. */
extern const struct eut_scenario eut_scenarios[];

/* 0 if the engine does as the script says, in batches of any size; 1 if not, with one line in
 * `why`; -errno if it could not be asked (-EINVAL: the script itself cannot be read). */
int eut_scenario_run(const struct eut_scenario *scenario, const struct eut_engine *engine,
                     char *why, size_t why_bytes);

#endif
