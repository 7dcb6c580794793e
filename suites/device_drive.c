/*
 * device_drive.c - a tape through a device.
 *
 * How: as a host would, by the engine's own calls. What it cannot see: how long its parts took on
 * the device.
 */
#include "suites/device_drive.h"

#include "harness/clock.h"
#include "harness/error.h"
#include "harness/progress.h"

#include <errno.h>
#include <math.h>
#include <string.h>

/* Events land here and are read once, as any consumer must. */
#define SINK_ROOM 65536u
#define PARTS 64u /* of a batch; the residence of each is that of the order in its middle */

struct counted {
    uint64_t events, trades;
};

static void count(struct eut_sink *sink)
{
    struct counted *counted = sink->owner;

    for (uint32_t i = 0; i < sink->count; i++) {
        counted->trades += sink->events[i].kind == EUT_TRADE;
    }
    counted->events += sink->count;
    sink->count = 0;
}

int hr_device_submit(struct eut_device_engine *engine, const struct eut_request *requests,
                     uint64_t n, uint32_t batch, uint64_t *events, struct hr_histogram *h)
{
    static struct eut_event room[SINK_ROOM]; /* one thread */
    struct counted counted = {0};
    struct eut_sink sink = {room, 0, SINK_ROOM, count, &counted};

    for (uint64_t at = 0; at < n; at += batch) {
        uint32_t some = n - at < batch ? (uint32_t)(n - at) : batch;
        uint64_t began = hr_ticks();
        int rc = eut_device_engine_submit(engine, requests + at, some, &sink);

        if (rc) {
            return rc;
        }
        count(&sink);
        if (h) {
            hr_histogram_record(h, hr_ticks_to_ns(hr_ticks() - began));
        }
        if (hr_stop_signal()) {
            return hr_fail(EINTR, "interrupted");
        }
    }
    *events += counted.events;
    return 0;
}

int hr_device_books(const struct hr_device_drive *drive, const struct hr_tape *tape,
                    struct eut_device_engine **engine)
{
    uint64_t events = 0;
    struct eut_limits limits = hr_flow_limits(&drive->flow, drive->batch);
    int rc;

    /* Room for a batch of new orders above what the flow ever holds: a device that sees a limit
     * ahead must match in arrival order, and this flow meets none. */
    limits.orders += drive->batch;
    limits.levels += drive->batch;
    rc = eut_device_engine_open(drive->api, drive->number, &limits, NULL, engine);
    if (rc) {
        *engine = NULL;
        return rc;
    }
    return hr_device_submit(*engine, tape->requests, tape->load, drive->batch, &events, NULL);
}

int hr_device_books_pinned(const struct hr_device_drive *drive, const struct hr_tape *tape,
                           uint64_t steady, struct eut_device_engine **engine,
                           struct eut_request **requests)
{
    int rc = hr_device_books(drive, tape, engine);

    rc = rc ? rc : eut_device_engine_pin(*engine, steady, requests);
    if (rc == 0) {
        memcpy(*requests, tape->steady_requests, steady * sizeof(**requests));
    }
    return rc;
}

static void count_taken(void *context, const struct eut_event *events, uint32_t count)
{
    (void)events;
    *(uint64_t *)context += count;
}

int hr_device_pinned(struct eut_device_engine *engine, const struct eut_request *requests,
                     uint64_t n, uint32_t batch, uint64_t *events)
{
    for (uint64_t at = 0; at < n; at += batch) {
        int rc = eut_device_engine_submit_to(engine, requests + at,
                                             n - at < batch ? (uint32_t)(n - at) : batch,
                                             count_taken, events);

        if (rc || hr_stop_signal()) {
            return rc ? rc : hr_fail(EINTR, "interrupted");
        }
    }
    return 0;
}

static void note_batch(struct hr_histogram *h, double rate, uint64_t first, uint32_t count,
                       double done_ns)
{
    for (uint32_t i = 0; i < PARTS; i++) {
        uint64_t from = (uint64_t)count * i / PARTS, to = (uint64_t)count * (i + 1) / PARTS;
        double due_ns = ((double)first + (double)(from + to) / 2) / rate * 1e9;

        if (to > from) {
            hr_histogram_record_n(h, (uint64_t)fmax(done_ns - due_ns, 0), to - from);
        }
    }
}

int hr_device_offer(struct eut_device_engine *engine, const struct eut_request *requests,
                    uint64_t n, uint32_t batch, double rate, struct hr_histogram *h,
                    struct hr_device_offered *offered)
{
    uint64_t at = 0, events = 0, began = hr_ticks();
    double done_ns = 0;

    offered->batches = 0;
    while (at < n) {
        double due = (double)hr_ticks_to_ns(hr_ticks() - began) * rate / 1e9;
        uint64_t to = due < (double)n ? (uint64_t)due : n;
        uint32_t some = to - at < batch ? (uint32_t)(to - at) : batch;
        int rc = some ? hr_device_pinned(engine, requests + at, some, some, &events) : 0;

        if (rc) {
            return rc;
        }
        done_ns = (double)hr_ticks_to_ns(hr_ticks() - began);
        note_batch(h, rate, at, some, done_ns);
        at += some;
        offered->batches += some > 0;
    }
    offered->reached = (double)n / (done_ns / 1e9);
    return 0;
}
