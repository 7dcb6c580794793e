/*
 * collect.c - what did the engine answer, all of it?
 *
 * How: a sink whose flush appends to a growing array, with a guard behind its room that must stay
 * as it was. What it cannot see: a write far beyond the sink, or into the requests.
 */
#include "engine-under-test/collect.h"

#include "harness/error.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define GUARDS 4u
#define GUARD_BYTE 0xA5

struct collector {
    struct eut_sink sink;
    struct eut_events *events;
    const struct eut_engine *engine;
    uint32_t room;  /* of the sink, as it was given */
    uint32_t batch; /* requests in this batch */
    uint32_t last;  /* the request of the last event of this batch */
    int rc;
};

/* The array with room for `needed` items, perhaps moved; NULL if there is no memory for it. */
static void *with_room(void *at, uint64_t *room, uint64_t needed, size_t item_bytes)
{
    uint64_t grown = *room ? *room : 256;
    void *moved;

    if (at && needed <= *room) {
        return at;
    }
    while (grown < needed) {
        grown *= 2;
    }
    moved = realloc(at, grown * item_bytes);
    if (moved) {
        *room = grown;
    }
    return moved;
}

static bool guards_stand(const struct collector *c, const struct eut_event *buffer)
{
    const uint8_t *guard = (const uint8_t *)(buffer + c->room);

    for (size_t i = 0; i < GUARDS * sizeof(*buffer); i++) {
        if (guard[i] != GUARD_BYTE) {
            return false;
        }
    }
    return true;
}

/* Takes what the sink holds. The first error stays; the engine may go on, its events are dropped.
 */
static void take_events(struct eut_sink *sink)
{
    struct collector *c = sink->owner;
    struct eut_events *events = c->events;
    struct eut_event *at;
    uint32_t count = sink->count;

    sink->count = 0;
    if (c->rc != 0) {
        return;
    }
    if (count > c->room || !guards_stand(c, sink->events)) {
        c->rc = hr_fail(EPROTO,
                        "engine %s wrote beyond the sink's room of %u events: "
                        "call flush() when count equals room",
                        c->engine->name, c->room);
        return;
    }
    at = with_room(events->at, &events->room, events->count + count, sizeof(*at));
    if (!at) {
        c->rc = hr_fail(ENOMEM, "no memory for %" PRIu64 " events", events->count + count);
        return;
    }
    events->at = at;
    for (uint32_t i = 0; i < count; i++) {
        struct eut_event event = sink->events[i];

        if (event.request >= c->batch || event.request < c->last) {
            c->rc = hr_fail(EPROTO,
                            "engine %s: event for request %u after one for request %u in a "
                            "batch of %u: events follow the requests' order",
                            c->engine->name, event.request, c->last, c->batch);
            return;
        }
        c->last = event.request;
        event.request += (uint32_t)events->requests;
        events->at[events->count++] = event;
    }
}

int eut_collect(const struct eut_engine *engine, void *self, const struct eut_request *requests,
                uint64_t count, uint32_t batch, uint32_t sink_room, struct eut_events *events)
{
    struct collector c = {.events = events, .engine = engine, .room = sink_room};
    struct eut_event *buffer = malloc((sink_room + (size_t)GUARDS) * sizeof(*buffer));
    int rc = 0;

    if (!buffer) {
        return hr_fail(ENOMEM, "no memory for a sink of %u events", sink_room);
    }
    memset(buffer + sink_room, GUARD_BYTE, GUARDS * sizeof(*buffer));
    c.sink =
        (struct eut_sink){.events = buffer, .room = sink_room, .flush = take_events, .owner = &c};
    for (uint64_t done = 0; done < count && rc == 0; done += c.batch) {
        c.batch = count - done < batch ? (uint32_t)(count - done) : batch;
        c.last = 0;
        rc = engine->submit(self, requests + done, c.batch, &c.sink);
        if (rc != 0) {
            rc = hr_fail(rc < 0 ? -rc : EPROTO, "engine %s: submit() failed: %s", engine->name,
                         hr_reason(rc < 0 ? rc : -EPROTO));
        }
        take_events(&c.sink);
        events->requests += c.batch;
        rc = rc ? rc : c.rc;
    }
    free(buffer);
    return rc;
}

int eut_events_digest(const struct eut_request *requests, const struct eut_events *events,
                      uint32_t markets, uint64_t *digest)
{
    uint64_t *folded = malloc(markets * sizeof(*folded));

    if (!folded) {
        return hr_fail(ENOMEM, "no memory for the digests of %u markets", markets);
    }
    for (uint32_t market = 0; market < markets; market++) {
        folded[market] = market;
    }
    for (uint64_t i = 0; i < events->count; i++) {
        uint32_t market = requests[events->at[i].request].market;

        if (market < markets) {
            folded[market] = eut_digest_event(folded[market], &events->at[i]);
        }
    }
    *digest = 0;
    for (uint32_t market = 0; market < markets; market++) {
        *digest += eut_digest_market(market, folded[market]);
    }
    free(folded);
    return 0;
}

void eut_events_free(struct eut_events *events)
{
    free(events->at);
    *events = (struct eut_events){0};
}

static int keep_resting(void *context, const struct eut_resting *resting)
{
    struct eut_book *book = context;
    struct eut_resting *at = with_room(book->at, &book->room, book->count + 1, sizeof(*at));

    if (!at) {
        return hr_fail(ENOMEM, "no memory for a book of %" PRIu64 " orders", book->count + 1);
    }
    book->at = at;
    book->at[book->count++] = *resting;
    return 0;
}

int eut_book_read(const struct eut_engine *engine, void *self, uint32_t market,
                  struct eut_book *book)
{
    book->count = 0;
    return engine->walk(self, market, keep_resting, book);
}

void eut_book_free(struct eut_book *book)
{
    free(book->at);
    *book = (struct eut_book){0};
}
