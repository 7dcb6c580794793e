/*
 * differ.h - two engines, one flow: where do they first disagree? And the shortest flow that shows
 * it.
 */
#ifndef EUT_DIFFER_H
#define EUT_DIFFER_H

#include "engine-under-test/engine.h"

/* How a flow is put to an engine. */
struct eut_trial {
    struct eut_limits limits; /* batch_max is the size of the batches */
    uint32_t sink_room;       /* events; EUT_SINK_ROOM_MIN or more */
    uint32_t check_every; /* requests between two looks at books and digest; 0: only at the end */
};

struct eut_difference {
    uint64_t request; /* position of the request answered wrongly; the number of requests done if a
                         book or the digest differed after them */
    char expected[256], actual[256]; /* one line each, in the text form of RULES.md */
};

/* Compares every event byte for byte, the books and the digest with the oracle's. 0: the same; 1:
 * *difference says where not (also when the engine failed); -errno: could not be asked. */
int eut_differ(const struct eut_engine *engine, const struct eut_trial *trial,
               const struct eut_request *requests, uint32_t count,
               struct eut_difference *difference);

/* Removes requests for as long as the rest still differs (delta debugging: Zeller and Hildebrandt,
 * "Simplifying and Isolating Failure-Inducing Input", 2002). requests[0 … *count) must differ, as
 * *difference says; both are updated, as is the trial's batch. Ends after a fixed amount of work.
 */
int eut_shrink(const struct eut_engine *engine, struct eut_trial *trial,
               struct eut_request *requests, uint32_t *count, struct eut_difference *difference);

#endif
