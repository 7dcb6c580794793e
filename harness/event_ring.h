/*
 * event_ring.h - events from one thread to another, without a copy and without a lock.
 *
 * One producer, one consumer. The engine writes its events where they will be read: the sink that
 * it is given IS the ring's memory, a contiguous free span of it. Publishing is one store. Each
 * side keeps its own copy of the other's position and looks at the real one only when the copy says
 * full or empty; what the two sides write lies on lines of their own.
 *
 *     producer, once:   sink = hr_event_ring_sink(ring)
 *     again and again:  submit(…, sink); hr_event_ring_publish(ring)
 *     consumer:         n = hr_event_ring_take(ring, &events); read events[0 … n);
 *                       hr_event_ring_release(ring, n)
 *
 * A span never goes round the end. What is left there, when it is too short for a sink
 * (EUT_SINK_ROOM_MIN), is filled with events of kind 0, HR_EVENT_VOID, which are to be passed over:
 * no engine makes them. A full ring makes the producer wait, inside the engine's flush if need be:
 * no event is lost, and none is overwritten before it was released.
 *
 * Threads: publish() and the sink belong to the producer, take() and release() to the consumer; new
 * and delete to whoever starts and joins them. Errors: -ENOMEM.
 */
#ifndef HR_EVENT_RING_H
#define HR_EVENT_RING_H

#include "engine-under-test/engine.h"

#include <stdatomic.h>

/* Two lines of 64 bytes: processors fetch neighbours in pairs. */
#define HR_EVENT_RING_LINE 128
#define HR_EVENT_RING_SLOTS_MIN (4 * EUT_SINK_ROOM_MIN)
#define HR_EVENT_VOID 0
/* So far ahead of the sink the lines are taken back from the consumer, which read them last. No
 * further: a consumer's own prefetcher runs past what it reads and would take them again. */
#define HR_EVENT_RING_AHEAD 8

struct hr_event_ring {
    /* written by the producer, read by the consumer */
    _Alignas(HR_EVENT_RING_LINE) _Atomic uint64_t published; /* events since the start */
    /* the producer's own */
    _Alignas(HR_EVENT_RING_LINE) struct eut_sink sink;
    uint64_t sink_at;       /* position of the sink's first event */
    uint64_t released_seen; /* what the producer last saw of `released` */
    /* written by the consumer, read by the producer */
    _Alignas(HR_EVENT_RING_LINE) _Atomic uint64_t released;
    /* the consumer's own */
    _Alignas(HR_EVENT_RING_LINE) uint64_t taken;
    uint64_t published_seen;
    /* of both, never written */
    _Alignas(HR_EVENT_RING_LINE) struct eut_event *events;
    uint64_t slots; /* a power of two */
};

/* slots: a power of two, at least HR_EVENT_RING_SLOTS_MIN. */
int hr_event_ring_new(struct hr_event_ring **ring, uint64_t slots);
void hr_event_ring_free(struct hr_event_ring *ring); /* accepts NULL */

/* Slow parts of publishing: the next span once the sink is too small, waiting for room. */
void hr_event_ring_renew(struct hr_event_ring *ring);

static inline struct eut_sink *hr_event_ring_sink(struct hr_event_ring *ring)
{
    return &ring->sink;
}

/* Hands over what the engine left in the sink, and moves the sink on. */
static inline void hr_event_ring_publish(struct hr_event_ring *ring)
{
    struct eut_sink *sink = &ring->sink;
    uint32_t count = sink->count;

    sink->events += count;
    sink->room -= count;
    sink->count = 0;
    ring->sink_at += count;
    atomic_store_explicit(&ring->published, ring->sink_at, memory_order_release);
    if (__builtin_expect(sink->room < EUT_SINK_ROOM_MIN, 0)) {
        hr_event_ring_renew(ring);
    }
    __builtin_prefetch(sink->events + HR_EVENT_RING_AHEAD, 1);
}

/* How many events stand at *events, in order; 0 if none does. They stay until they are released. */
static inline uint64_t hr_event_ring_take(struct hr_event_ring *ring,
                                          const struct eut_event **events)
{
    uint64_t at = ring->taken & (ring->slots - 1), n;

    if (ring->published_seen == ring->taken) {
        ring->published_seen = atomic_load_explicit(&ring->published, memory_order_acquire);
    }
    n = ring->published_seen - ring->taken;
    *events = ring->events + at;
    return n < ring->slots - at ? n : ring->slots - at;
}

static inline void hr_event_ring_release(struct hr_event_ring *ring, uint64_t count)
{
    ring->taken += count;
    atomic_store_explicit(&ring->released, ring->taken, memory_order_release);
}

#endif
