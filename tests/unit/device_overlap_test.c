/* device_overlap_test.c - are a batch's slices copied in, matched and copied out at the same time,
 * and are events that nobody copied the same? On the host's device, with queues that take time:
 * each thing that is put into one begins when those before it are done, and when the host put it
 * there.
 */
#include "engine-under-test/conform.h"
#include "engine-under-test/device/device_engine.h"
#include "harness/error.h"
#include "tests/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- a device that takes time --------------------------------------------------- */

/* One unit of time is what a request takes, alike to be copied in, matched, or copied out. */
static struct {
    struct eut_device_ops ops;
    const struct eut_device_ops *good;
    double host, queue[EUT_QUEUES], mark[EUT_MARKS]; /* when it is done with all so far */
    double busy[EUT_QUEUES];                         /* work put into it */
    uint64_t staged,
        direct;       /* bytes to the device out of a buffer's host side, out of other memory */
    const void *from; /* the last such memory */
} timed;

#define MATCH_ARGS 15u /* of match_runs, which no other kernel has */

static void put(uint32_t queue, double units)
{
    double begin = timed.queue[queue] > timed.host ? timed.queue[queue] : timed.host;

    timed.queue[queue] = begin + units;
    timed.busy[queue] += units;
}

static int timed_copy(struct eut_device *device, uint32_t queue, enum eut_direction direction,
                      struct eut_buffer *buffer, uint64_t offset, uint64_t bytes, void *memory)
{
    put(queue, (double)(bytes / sizeof(struct eut_request)));
    if (direction == EUT_TO_DEVICE) {
        *(memory ? &timed.direct : &timed.staged) += bytes;
        timed.from = memory ? memory : timed.from;
    }
    return timed.good->copy(device, queue, direction, buffer, offset, bytes, memory);
}

static int timed_launch(struct eut_device *device, uint32_t queue, struct eut_kernel *kernel,
                        uint32_t groups, uint32_t size, const struct eut_arg *args, uint32_t count)
{
    put(queue, count == MATCH_ARGS ? (double)groups * size : 0);
    return timed.good->launch(device, queue, kernel, groups, size, args, count);
}

static int timed_mark(struct eut_device *device, uint32_t queue, uint32_t mark)
{
    put(queue, 0);
    timed.mark[mark] = timed.queue[queue];
    return timed.good->mark(device, queue, mark);
}

static int timed_after(struct eut_device *device, uint32_t queue, uint32_t mark)
{
    double *waits = queue == EUT_HOST ? &timed.host : &timed.queue[queue];

    *waits = timed.mark[mark] > *waits ? timed.mark[mark] : *waits;
    return timed.good->after(device, queue, mark);
}

static int timed_open(uint32_t number, struct eut_device **device)
{
    int rc = eut_api_host.open(number, device);

    if (rc == 0) {
        timed.good = (*device)->ops;
        timed.ops = *timed.good;
        timed.ops.copy = timed_copy;
        timed.ops.launch = timed_launch;
        timed.ops.mark = timed_mark;
        timed.ops.after = timed_after;
        (*device)->ops = &timed.ops;
    }
    return rc;
}

/* ---- one batch of many slices --------------------------------------------------- */

enum { SLICE = 1000, SLICES = 12, COUNT = SLICE * SLICES };

static struct eut_device_engine *open_engine(void)
{
    static struct eut_device_api api;
    const struct eut_device_shape shape = {.slice = SLICE};
    const struct eut_limits limits = {.struct_size = sizeof(limits),
                                      .markets = 100,
                                      .l2_markets = 30,
                                      .batch_max = COUNT,
                                      .orders = 2 * COUNT,
                                      .levels = 2 * COUNT};
    struct eut_device_engine *engine;

    api = eut_api_host;
    api.open = timed_open;
    CHECK_EQ(eut_device_engine_open(&api, 0, &limits, &shape, &engine), 0);
    memset(timed.queue, 0, sizeof(timed.queue));
    memset(timed.busy, 0, sizeof(timed.busy));
    timed.host = 0;
    timed.staged = timed.direct = 0;
    return engine;
}

static void fill(struct eut_request *requests)
{
    const struct eut_hostile kind = {.markets = 100, .l2_markets = 30};

    eut_hostile_fill(&kind, 7, requests, COUNT);
}

struct kept {
    struct eut_event *events;
    uint32_t count;
};

static void keep(struct kept *kept, const struct eut_event *events, uint32_t count)
{
    kept->events = realloc(kept->events, (kept->count + count + 1) * sizeof(*events));
    CHECK(kept->events != NULL);
    memcpy(kept->events + kept->count, events, count * sizeof(*events));
    kept->count += count;
}

static void keep_taken(void *context, const struct eut_event *events, uint32_t count)
{
    keep(context, events, count);
}

static void keep_flushed(struct eut_sink *sink)
{
    keep(sink->owner, sink->events, sink->count);
    sink->count = 0;
}

/* All three at once: the slowest queue never rests, but for the first slice's way to it and the
 * last one's from it. */
static void overlaps(const struct kept *kept)
{
    double all = 0, slowest = 0;

    for (uint32_t i = 0; i < EUT_QUEUES; i++) {
        all = timed.queue[i] > all ? timed.queue[i] : all;
        slowest = timed.busy[i] > slowest ? timed.busy[i] : slowest;
        CHECK(timed.busy[i] >= COUNT);
    }
    CHECK(timed.busy[2] >= kept->count);
    if (all > slowest + 2.5 * SLICE) {
        FAIL("%.0f units, of which the slowest queue worked %.0f", all, slowest);
    }
}

TEST(device_overlap, copies_and_kernels_of_slices_go_side_by_side)
{
    struct eut_device_engine *engine[2] = {open_engine(), NULL};
    struct eut_request *requests = malloc(COUNT * sizeof(*requests)), *pinned;
    struct kept kept[2] = {{0}};
    struct eut_event room[EUT_SINK_ROOM_MIN];
    struct eut_sink sink = {
        .events = room, .room = EUT_SINK_ROOM_MIN, .flush = keep_flushed, .owner = &kept[0]};
    uint64_t digest[2];

    CHECK(requests != NULL);
    fill(requests);
    CHECK_EQ(eut_device_engine_submit(engine[0], requests, COUNT, &sink), 0);
    keep_flushed(&sink);
    overlaps(&kept[0]);
    CHECK_EQ(timed.direct, 0);
    CHECK(timed.staged >= COUNT * sizeof(*requests));

    engine[1] = open_engine();
    CHECK_EQ(eut_device_engine_pin(engine[1], COUNT, &pinned), 0);
    memcpy(pinned, requests, COUNT * sizeof(*requests));
    CHECK_EQ(eut_device_engine_submit_to(engine[1], pinned, COUNT, keep_taken, &kept[1]), 0);
    overlaps(&kept[1]);
    CHECK_EQ(timed.staged, 0);
    CHECK_EQ(timed.direct, COUNT * sizeof(*requests));
    CHECK(timed.from == pinned + COUNT - SLICE);

    CHECK_EQ(kept[0].count, kept[1].count);
    CHECK(memcmp(kept[0].events, kept[1].events, kept[0].count * sizeof(struct eut_event)) == 0);
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(eut_device_engine_digest(engine[i], &digest[i]), 0);
        free(kept[i].events);
        eut_device_engine_close(engine[i]);
    }
    CHECK_EQ(digest[0], digest[1]);
    free(requests);
}

TEST(device_overlap, pinned_memory_is_asked_for_once)
{
    struct eut_device_engine *engine = open_engine();
    struct eut_request *requests;

    CHECK_EQ(eut_device_engine_pin(engine, 0, &requests), -EINVAL);
    CHECK_EQ(eut_device_engine_pin(engine, 10, &requests), 0);
    CHECK(requests != NULL);
    CHECK_EQ(eut_device_engine_pin(engine, 10, &requests), -EINVAL);
    CHECK(!requests);
    eut_device_engine_close(engine);
}
