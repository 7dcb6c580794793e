/*
 * handover.c - what does it cost that somebody reads what an engine answers?
 *
 * One loop for both: the sink is a span of the ring, or a little room that is used again and again.
 * The consumer rests between two looks, since every look takes lines away from the producer, which
 * waits for them: two thirds of a microsecond where the cores are far from each other. It cannot
 * see what is left of that; the run without a consumer beside it tells.
 */
#include "harness/handover.h"

#include "harness/clock.h"
#include "harness/error.h"
#include "harness/event_ring.h"
#include "harness/platform/platform.h"
#include "harness/progress.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* 512 KiB: half a millisecond in which the consumer may be away. */
#define RING_SLOTS 16384u
#define STOP_EVERY 4096u /* requests */
#define YIELD_EVERY 64u  /* looks in vain: there may be only one processor */

struct hr_handover {
    const struct eut_engine *engine;
    void *self;
    struct hr_event_ring *ring; /* NULL: nobody reads */
    struct eut_sink plain;
    uint64_t made; /* into the plain sink, by flushes */
    struct eut_event room[EUT_SINK_ROOM_MIN];
    int cpu;
    bool started;
    pthread_t consumer;
    _Alignas(HR_EVENT_RING_LINE) atomic_bool stop;
    atomic_int pinned; /* 1: the consumer is where it belongs, -1: it is not, 0: not known yet */
    /* the consumer's; the driving thread reads them when all was released */
    _Alignas(HR_EVENT_RING_LINE) uint64_t digest;
    uint64_t events, trades;
};

static inline void rest(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb" ::: "memory");
#endif
}

static void read_events(struct hr_handover *h, const struct eut_event *events, uint64_t n)
{
    uint64_t digest = h->digest, trades = 0, voids = 0;

    for (uint64_t i = 0; i < n; i++) {
        if (events[i].kind == HR_EVENT_VOID) {
            voids++;
            continue;
        }
        digest = eut_digest_event(digest, &events[i]);
        trades += events[i].kind == EUT_TRADE;
    }
    h->digest = digest;
    h->trades += trades;
    h->events += n - voids;
}

static void *consume(void *argument)
{
    struct hr_handover *h = argument;
    const uint64_t look = hr_ns_to_ticks(HR_HANDOVER_LOOK_NS);
    const struct eut_event *events;
    unsigned idle = 0;

    atomic_store_explicit(&h->pinned, h->cpu < 0 || hr_thread_pin(h->cpu) == 0 ? 1 : -1,
                          memory_order_release);
    for (;;) {
        uint64_t n = hr_event_ring_take(h->ring, &events);

        if (n) {
            read_events(h, events, n);
            hr_event_ring_release(h->ring, n);
            idle = 0;
        } else if (atomic_load_explicit(&h->stop, memory_order_acquire)) {
            return NULL;
        } else if (++idle % YIELD_EVERY == 0) {
            sched_yield();
        }
        for (uint64_t looked = hr_ticks(); hr_ticks() - looked < look;) {
            rest();
        }
    }
}

static void spill(struct eut_sink *sink)
{
    struct hr_handover *h = sink->owner;

    h->made += sink->count;
    sink->count = 0;
}

int hr_handover_open(struct hr_handover **out, const struct hr_handover_params *p)
{
    struct hr_handover *h = aligned_alloc(HR_EVENT_RING_LINE, sizeof(*h));
    int rc = h ? 0 : hr_fail(ENOMEM, "no memory for a hand-over");

    *out = NULL;
    if (rc) {
        return rc;
    }
    memset(h, 0, sizeof(*h));
    h->engine = p->engine;
    h->cpu = p->cpu;
    h->plain = (struct eut_sink){h->room, 0, EUT_SINK_ROOM_MIN, spill, h};
    hr_error_clear();
    rc = p->engine->create(&p->limits, &h->self);
    if (rc) {
        hr_fail(-rc, "engine %s did not start for %u markets and %llu orders: %s", p->engine->name,
                p->limits.markets, (unsigned long long)p->limits.orders, hr_reason(rc));
        h->self = NULL;
    }
    if (rc == 0 && p->consumed) {
        rc = hr_event_ring_new(&h->ring, RING_SLOTS);
    }
    if (rc == 0 && p->consumed) {
        h->started = pthread_create(&h->consumer, NULL, consume, h) == 0;
        rc = h->started ? 0 : hr_fail(EAGAIN, "the consuming thread could not be started");
        while (rc == 0 && atomic_load_explicit(&h->pinned, memory_order_acquire) == 0) {
            sched_yield();
        }
    }
    if (rc == 0 && p->consumed && atomic_load(&h->pinned) < 0) {
        /* Beside the producer on one processor the figure would be another. */
        rc = hr_fail(EIO, "the consuming thread could not be pinned to processor %d", p->cpu);
    }
    if (rc) {
        hr_handover_close(h);
        return rc;
    }
    *out = h;
    return 0;
}

static int broken(const struct hr_handover *h, int rc)
{
    return hr_fail(rc < 0 ? -rc : EIO,
                   "engine %s failed in submit() of a request (%d): the instance is dead",
                   h->engine->name, rc);
}

static int submit_read(struct hr_handover *h, const struct eut_request *requests, uint64_t count)
{
    int (*submit)(void *, const struct eut_request *, uint32_t, struct eut_sink *) =
        h->engine->submit;
    struct hr_event_ring *ring = h->ring;
    struct eut_sink *sink = hr_event_ring_sink(ring);
    void *self = h->self;

    for (uint64_t i = 0; i < count; i++) {
        int rc = submit(self, requests + i, 1, sink);

        if (rc) {
            return broken(h, rc);
        }
        hr_event_ring_publish(ring);
    }
    return 0;
}

static int submit_unread(struct hr_handover *h, const struct eut_request *requests, uint64_t count)
{
    int (*submit)(void *, const struct eut_request *, uint32_t, struct eut_sink *) =
        h->engine->submit;
    struct eut_sink *sink = &h->plain;
    void *self = h->self;

    for (uint64_t i = 0; i < count; i++) {
        int rc = submit(self, requests + i, 1, sink);

        if (rc) {
            return broken(h, rc);
        }
        h->made += sink->count;
        sink->count = 0;
    }
    return 0;
}

/* All that was published has been read. */
static void await_consumer(const struct hr_handover *h)
{
    while (atomic_load_explicit(&h->ring->released, memory_order_acquire) != h->ring->sink_at) {
        rest();
    }
}

int hr_handover_drive(struct hr_handover *h, const struct eut_request *requests, uint64_t count,
                      struct hr_drive_sum *sum)
{
    uint64_t events = h->ring ? h->events : h->made, trades = h->trades, start = hr_clock_ns();

    memset(sum, 0, sizeof(*sum));
    for (uint64_t done = 0; done < count; done += STOP_EVERY) {
        uint64_t n = count - done < STOP_EVERY ? count - done : STOP_EVERY;
        int rc =
            h->ring ? submit_read(h, requests + done, n) : submit_unread(h, requests + done, n);

        if (rc) {
            return rc;
        }
        if (hr_stop_signal()) {
            return hr_fail(EINTR, "interrupted");
        }
    }
    if (h->ring) {
        await_consumer(h);
    }
    sum->ns = hr_clock_ns() - start;
    sum->requests = count;
    sum->events = (h->ring ? h->events : h->made) - events;
    sum->trades = h->trades - trades;
    return 0;
}

uint64_t hr_handover_digest(struct hr_handover *h)
{
    return h->engine->digest(h->self);
}

uint64_t hr_handover_digest_read(struct hr_handover *h)
{
    return h->ring ? eut_digest_market(0, h->digest) : 0;
}

void hr_handover_close(struct hr_handover *h)
{
    if (!h) {
        return;
    }
    if (h->started) {
        atomic_store_explicit(&h->stop, true, memory_order_release);
        pthread_join(h->consumer, NULL);
    }
    hr_event_ring_free(h->ring);
    if (h->self) {
        h->engine->destroy(h->self);
    }
    free(h);
}
