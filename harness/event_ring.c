/* event_ring.c - where does the engine write next? The next free span of the ring, once the last
 * one is used up; waits for the consumer when there is none. It cannot see why a consumer is slow.
 */
#include "harness/event_ring.h"

#include "harness/error.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#define SPINS_BEFORE_YIELD 4096u

/* Free slots in front of the producer, at least `wanted`: waits for them. */
static uint64_t await_room(struct hr_event_ring *ring, uint64_t wanted)
{
    uint64_t room = ring->slots - (ring->sink_at - ring->released_seen);

    for (unsigned spins = 1; room < wanted; spins++) {
        ring->released_seen = atomic_load_explicit(&ring->released, memory_order_acquire);
        room = ring->slots - (ring->sink_at - ring->released_seen);
        if (spins % SPINS_BEFORE_YIELD == 0) {
            sched_yield(); /* the consumer may want this very processor */
        }
    }
    return room;
}

void hr_event_ring_renew(struct hr_event_ring *ring)
{
    uint64_t at = ring->sink_at & (ring->slots - 1), to_end = ring->slots - at, room;

    if (to_end < EUT_SINK_ROOM_MIN) {
        await_room(ring, to_end);
        memset(ring->events + at, 0, to_end * sizeof(*ring->events));
        ring->sink_at += to_end;
        atomic_store_explicit(&ring->published, ring->sink_at, memory_order_release);
        at = 0;
        to_end = ring->slots;
    }
    room = await_room(ring, EUT_SINK_ROOM_MIN);
    ring->sink.events = ring->events + at;
    ring->sink.room = (uint32_t)(room < to_end ? room : to_end);
}

static void flush(struct eut_sink *sink)
{
    hr_event_ring_publish(sink->owner);
}

int hr_event_ring_new(struct hr_event_ring **out, uint64_t slots)
{
    struct hr_event_ring *ring = aligned_alloc(HR_EVENT_RING_LINE, sizeof(*ring));

    *out = ring;
    if (!ring) {
        return hr_fail(ENOMEM, "no memory for a ring of events");
    }
    memset(ring, 0, sizeof(*ring));
    ring->slots = slots;
    ring->events = aligned_alloc(HR_EVENT_RING_LINE, slots * sizeof(*ring->events));
    if (!ring->events) {
        free(ring);
        *out = NULL;
        return hr_fail(ENOMEM, "no memory for a ring of %llu events", (unsigned long long)slots);
    }
    memset(ring->events, 0, slots * sizeof(*ring->events)); /* touched before anything is timed */
    ring->sink = (struct eut_sink){.flush = flush, .owner = ring};
    hr_event_ring_renew(ring);
    return 0;
}

void hr_event_ring_free(struct hr_event_ring *ring)
{
    if (ring) {
        free(ring->events);
        free(ring);
    }
}
