/*
 * handover.h - requests one at a time, and every event read by a second thread.
 *
 * What an exchange does at its heart: the matching thread takes one request, and what came of it
 * goes to the thread that publishes. The calling thread drives the engine, one submit a request;
 * the consumer, a thread of its own on its own processor, takes the events from a ring
 * (event_ring.h) that the engine writes into, and folds each into a digest (engine.h), so that it
 * is known afterwards that every event arrived, whole and in order. Without a consumer the events
 * are made all the same, into a sink that nobody reads.
 *
 * Threads: open starts the consumer, close joins it; everything else in the driving thread.
 * Errors: 0; -EINTR after Ctrl-C; else a negative errno with hr_error(). After one there is nothing
 * left to do but close.
 */
#ifndef HR_HANDOVER_H
#define HR_HANDOVER_H

#include "harness/drive.h"

#include <stdbool.h>

/* How often the consumer looks. Measured on two cores with a round trip of 500 ns between them (and
 * 110 ns when the host put them side by side): at a look every microsecond the producer did 14 M
 * requests/s, at 5 us 30, at 20 us 36 of the 38 that it did unread. */
#define HR_HANDOVER_LOOK_NS 20000

struct hr_handover_params {
    const struct eut_engine *engine;
    struct eut_limits limits; /* batch_max is 1 */
    bool consumed;
    int cpu; /* of the consumer; -1 anywhere */
};

struct hr_handover;

int hr_handover_open(struct hr_handover **handover, const struct hr_handover_params *params);
/* Sets *sum; the time runs from the first submit until the last event was read. Its events are
 * those that were read; without a consumer, those that were made. */
int hr_handover_drive(struct hr_handover *handover, const struct eut_request *requests,
                      uint64_t count, struct hr_drive_sum *sum);
/* The engine's digest since the start. */
uint64_t hr_handover_digest(struct hr_handover *handover);
/* What the consumer folded since the start, as one market, number 0, adds it to an engine's digest:
 * the two are equal if that is the only market and every event arrived. 0 without a consumer. */
uint64_t hr_handover_digest_read(struct hr_handover *handover);
void hr_handover_close(struct hr_handover *handover); /* accepts NULL */

#endif
