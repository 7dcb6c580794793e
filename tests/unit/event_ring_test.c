/* event_ring_test.c - does every event arrive, once, whole and in order, however full the ring is,
 * and when two threads are at it? */
#include "harness/error.h"
#include "harness/event_ring.h"
#include "harness/random.h"
#include "tests/test.h"

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>

#define SLOTS HR_EVENT_RING_SLOTS_MIN

/* What an engine does: appends, and flushes when the room is used up. */
static void emit(struct eut_sink *sink, uint64_t number)
{
    if (sink->count == sink->room) {
        sink->flush(sink);
    }
    sink->events[sink->count++] = (struct eut_event){
        .order = number, .maker = ~number, .qty = (uint32_t)number, .kind = EUT_ACCEPTED};
}

/* Reads what there is; the numbers must go on from *next. False if one is wrong. */
static bool read_some(struct hr_event_ring *ring, uint64_t *next, uint64_t *voids)
{
    const struct eut_event *events;
    uint64_t n = hr_event_ring_take(ring, &events);

    for (uint64_t i = 0; i < n; i++) {
        if (events[i].kind == HR_EVENT_VOID) {
            ++*voids;
        } else if (events[i].order != *next || events[i].maker != ~*next ||
                   events[i].qty != (uint32_t)*next || events[i].kind != EUT_ACCEPTED) {
            return false;
        } else {
            ++*next;
        }
    }
    hr_event_ring_release(ring, n);
    return true;
}

TEST(event_ring, lines_are_not_shared)
{
    size_t published = offsetof(struct hr_event_ring, published),
           sink = offsetof(struct hr_event_ring, sink),
           released = offsetof(struct hr_event_ring, released),
           taken = offsetof(struct hr_event_ring, taken),
           events = offsetof(struct hr_event_ring, events);

    CHECK(sink - published >= HR_EVENT_RING_LINE && released - sink >= HR_EVENT_RING_LINE);
    CHECK(taken - released >= HR_EVENT_RING_LINE && events - taken >= HR_EVENT_RING_LINE);
}

TEST(event_ring, an_event_is_seen_when_it_is_published)
{
    struct hr_event_ring *ring;
    const struct eut_event *events;
    uint64_t next = 0, voids = 0;

    CHECK_EQ(hr_event_ring_new(&ring, SLOTS), 0);
    CHECK_EQ(hr_event_ring_take(ring, &events), 0);
    emit(hr_event_ring_sink(ring), 0);
    CHECK_EQ(hr_event_ring_take(ring, &events), 0);
    hr_event_ring_publish(ring);
    CHECK_EQ(hr_event_ring_take(ring, &events), 1);
    CHECK_EQ(hr_event_ring_take(ring, &events), 1); /* until it is released */
    CHECK(read_some(ring, &next, &voids));
    CHECK_EQ(next, 1);
    CHECK_EQ(hr_event_ring_take(ring, &events), 0);
    hr_event_ring_publish(ring); /* a request without an event */
    CHECK_EQ(hr_event_ring_take(ring, &events), 0);
    hr_event_ring_free(ring);
    hr_event_ring_free(NULL);
}

/* Every count of events a request, every position at which the ring goes round. */
TEST(event_ring, all_arrive_in_order_round_after_round)
{
    struct hr_event_ring *ring;
    struct hr_random random;
    uint64_t made = 0, next = 0, voids = 0;

    hr_random_init(&random, 3, 0);
    CHECK_EQ(hr_event_ring_new(&ring, SLOTS), 0);
    for (int request = 0; request < 200000; request++) {
        /* never more than the ring has free: nobody else reads here */
        uint32_t wanted = hr_random_below(&random, 40);

        for (uint32_t i = 0; i < wanted; i++) {
            emit(hr_event_ring_sink(ring), made++);
        }
        CHECK(hr_event_ring_sink(ring)->room >= EUT_SINK_ROOM_MIN);
        hr_event_ring_publish(ring);
        CHECK(hr_event_ring_sink(ring)->room >= EUT_SINK_ROOM_MIN);
        while (next < made) {
            CHECK(read_some(ring, &next, &voids));
        }
    }
    CHECK_EQ(next, made);
    CHECK(voids > 0);
    hr_event_ring_free(ring);
}

/* What is taken at once ends where the ring does, however much was published behind it. */
TEST(event_ring, a_take_ends_at_the_end)
{
    struct hr_event_ring *ring;
    const struct eut_event *events;
    uint64_t made = 0, next = 0, voids = 0;

    CHECK_EQ(hr_event_ring_new(&ring, SLOTS), 0);
    for (; made < 100; made++) {
        emit(hr_event_ring_sink(ring), made);
    }
    hr_event_ring_publish(ring);
    CHECK(read_some(ring, &next, &voids));
    for (; made < SLOTS - 36; made++) {
        emit(hr_event_ring_sink(ring), made);
    }
    hr_event_ring_publish(ring); /* 36 are too few for a sink: they are void */
    for (; made < SLOTS; made++) {
        emit(hr_event_ring_sink(ring), made);
    }
    hr_event_ring_publish(ring);
    CHECK_EQ(hr_event_ring_take(ring, &events), SLOTS - 100);
    CHECK(read_some(ring, &next, &voids));
    CHECK_EQ(next, SLOTS - 36);
    CHECK_EQ(voids, 36);
    CHECK_EQ(hr_event_ring_take(ring, &events), 36);
    CHECK(read_some(ring, &next, &voids));
    CHECK_EQ(next, made);
    hr_event_ring_free(ring);
}

struct reading {
    struct hr_event_ring *ring;
    uint64_t wanted, next, voids;
    bool late, right;
};

static void *reader(void *argument)
{
    struct reading *r = argument;

    r->right = true;
    /* late: it begins when there is no room left for a sink, and the producer waits for it */
    while (r->late && atomic_load(&r->ring->published) + EUT_SINK_ROOM_MIN <= SLOTS) {
        sched_yield();
    }
    for (uint64_t looks = 0; r->next < r->wanted && r->right; looks++) {
        r->right = read_some(r->ring, &r->next, &r->voids);
        if (r->late || looks % 64 == 0) {
            sched_yield();
        }
    }
    return NULL;
}

/* A producer that waits inside its engine's flush, a consumer that is late, and the other way
 * round: what arrives is all of it. The thread sanitizer looks at the order of memory. */
TEST(event_ring, two_threads_lose_nothing)
{
    for (int late = 0; late < 2; late++) {
        struct hr_event_ring *ring;
        struct reading r = {.wanted = 300000, .late = late == 1};
        pthread_t thread;

        CHECK_EQ(hr_event_ring_new(&ring, SLOTS), 0);
        r.ring = ring;
        CHECK_EQ(pthread_create(&thread, NULL, reader, &r), 0);
        for (uint64_t made = 0, request = 0; made < r.wanted; request++) {
            uint64_t burst = request % 1000 == 0 ? 3 * SLOTS : request % 3;

            for (uint64_t i = 0; i < burst && made < r.wanted; i++) {
                emit(hr_event_ring_sink(ring), made++);
            }
            hr_event_ring_publish(ring);
        }
        CHECK_EQ(pthread_join(thread, NULL), 0);
        CHECK(r.right);
        CHECK_EQ(r.next, r.wanted);
        hr_event_ring_free(ring);
    }
}
