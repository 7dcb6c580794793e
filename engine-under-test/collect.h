/*
 * collect.h - run an engine over requests in memory and keep all its events.
 *
 * Conformance, replay and the suites all need it. It also watches the engine's manners: an event
 * written beyond the sink's room, for a request outside the batch, or out of order is -EPROTO with
 * a message.
 *
 * Ownership: the caller's; eut_events_free() accepts a zeroed one. Threads: one per instance.
 */
#ifndef EUT_COLLECT_H
#define EUT_COLLECT_H

#include "engine-under-test/engine.h"

/* A growing buffer of events. Zero it before the first use. */
struct eut_events {
    struct eut_event *at;
    uint64_t count, room;
    uint64_t requests; /* collected so far: what the next event.request starts from */
};

/* Submits requests[0 … count) in batches of at most `batch` through a sink of `sink_room` events
 * (EUT_SINK_ROOM_MIN or more) and appends every event. event.request becomes the position among all
 * the requests collected into this buffer, whatever the batches. -ENOMEM, -EPROTO, or what submit()
 * returned. */
int eut_collect(const struct eut_engine *engine, void *self, const struct eut_request *requests,
                uint64_t count, uint32_t batch, uint32_t sink_room, struct eut_events *events);
/* The digest that an engine with this many markets reports if it answered with these events.
 * `requests` are the ones that the events answer. -ENOMEM. */
int eut_events_digest(const struct eut_request *requests, const struct eut_events *events,
                      uint32_t markets, uint64_t *digest);
void eut_events_free(struct eut_events *events);

/* A growing buffer of a market's book, in the order of walk(). Zero it before the first use. */
struct eut_book {
    struct eut_resting *at;
    uint64_t count, room;
};

/* Replaces what was in `book`. -ENOMEM, or what walk() returned. */
int eut_book_read(const struct eut_engine *engine, void *self, uint32_t market,
                  struct eut_book *book);
void eut_book_free(struct eut_book *book);

#endif
