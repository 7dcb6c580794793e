/*
 * path_inproc.c - orders reach the engine by a function call: what does it cost with no way at all?
 *
 * submit() runs the engine in the driver's thread and answers HR_DONE; collect() hands out the
 * events that the engine left in the sink. It reads every event once, as any consumer must. It
 * cannot see what a queue, a core hand-over or a network would add: other paths are for that.
 */
#include "harness/error.h"
#include "harness/path.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Where events go that the driver did not ask to keep. */
#define SPILL_EVENTS 256u

struct hr_path {
    const struct eut_engine *engine;
    void *self;
    struct eut_sink sink;
    uint32_t room_kept;
    bool answered; /* a batch was submitted and not collected */
    bool spilled;
    uint32_t kept;
    uint64_t events, trades;
    struct eut_event spill[SPILL_EVENTS];
    struct eut_event kept_events[];
};

static uint64_t count_trades(const struct eut_event *events, uint32_t count)
{
    uint64_t trades = 0;

    for (uint32_t i = 0; i < count; i++) {
        trades += events[i].kind == EUT_TRADE;
    }
    return trades;
}

static void take(struct hr_path *path)
{
    struct eut_sink *sink = &path->sink;

    path->events += sink->count;
    path->trades += count_trades(sink->events, sink->count);
    if (!path->spilled) {
        path->kept = sink->count;
    }
}

static void flush(struct eut_sink *sink)
{
    struct hr_path *path = sink->owner;

    take(path);
    path->spilled = true;
    sink->events = path->spill;
    sink->room = SPILL_EVENTS;
    sink->count = 0;
}

static int inproc_available(void)
{
    return 0;
}

static int inproc_open(struct hr_path **out, const struct hr_path_params *params)
{
    uint32_t room =
        params->events_room > EUT_SINK_ROOM_MIN ? params->events_room : EUT_SINK_ROOM_MIN;
    struct hr_path *path = calloc(1, sizeof(*path) + (size_t)room * sizeof(struct eut_event));
    int rc;

    *out = NULL;
    if (!path) {
        return hr_fail(ENOMEM, "no memory for %u events of the path inproc", room);
    }
    path->engine = params->engine;
    path->room_kept = room;
    path->sink.owner = path;
    path->sink.flush = flush;
    hr_error_clear();
    rc = path->engine->create(&params->limits, &path->self);
    if (rc) {
        free(path);
        return hr_fail(-rc, "engine %s did not start for %u markets and %llu orders: %s",
                       params->engine->name, params->limits.markets,
                       (unsigned long long)params->limits.orders, hr_reason(rc));
    }
    *out = path;
    return 0;
}

static enum hr_submit inproc_submit(struct hr_path *path, const struct eut_request *requests,
                                    uint32_t count)
{
    int rc;

    if (path->answered) {
        return HR_BUSY;
    }
    path->sink.events = path->kept_events;
    path->sink.room = path->room_kept;
    path->sink.count = 0;
    path->spilled = false;
    path->events = path->trades = 0;
    rc = path->engine->submit(path->self, requests, count, &path->sink);
    if (rc) {
        hr_fail(rc < 0 ? -rc : EIO,
                "engine %s failed in submit() of %u requests (%d): the instance is dead: %s",
                path->engine->name, count, rc, hr_reason(rc));
        return HR_BROKEN;
    }
    path->answered = true;
    return HR_DONE;
}

static int inproc_collect(struct hr_path *path, struct hr_answer *answer)
{
    if (!path->answered) {
        return 0;
    }
    path->answered = false;
    take(path);
    answer->events = path->kept_events;
    answer->count = path->kept;
    answer->events_total = path->events;
    answer->trades = path->trades;
    return 1;
}

static int inproc_digest(struct hr_path *path, uint64_t *digest)
{
    *digest = path->engine->digest(path->self);
    return 0;
}

static void inproc_close(struct hr_path *path)
{
    if (path) {
        path->engine->destroy(path->self);
        free(path);
    }
}

extern const struct hr_path_ops hr_path_inproc;
const struct hr_path_ops hr_path_inproc = {
    .name = "inproc",
    .summary = "a function call in the driver's thread",
    .available = inproc_available,
    .open = inproc_open,
    .submit = inproc_submit,
    .collect = inproc_collect,
    .digest = inproc_digest,
    .close = inproc_close,
};
