/*
 * device_batch.c - what becomes of a batch: in, grouped by market, matched, put in order, out.
 *
 * How: a batch is cut into slices; three are on their way, so that copies in, kernels and copies
 * out overlap. A slice goes side by side over its markets if the limits cannot be met in it,
 * whatever its requests are, since each makes at most one order and one level; where they could be,
 * a short one goes in arrival order. What it cannot see: what the kernels do.
 */
#include "engine-under-test/device/device_memory.h"

#include "harness/error.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define ROOM_MAX (1u << 30)

/* The marks of a slice, counted from its first. */
enum {
    IN_BEGINS,
    IN_DONE,
    SORT_BEGINS,
    MATCH_BEGINS,
    EVENTS_BEGIN,
    EVENTS_DONE,
    REPORTED,
    OUT_DONE,
    MORE_BEGINS, /* what was not copied out at once */
    MORE_DONE
};
_Static_assert(MORE_DONE < EUT_SLICE_MARKS, "marks of a slice");

_Static_assert(sizeof(struct k_request) == sizeof(struct eut_request), "the ABI's requests");
_Static_assert(sizeof(struct k_event) == sizeof(struct eut_event), "the ABI's events");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "k_event.code is kind, then reason");

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static struct eut_device *device_of(const struct eut_device_engine *e)
{
    return e->open->device;
}

static int mark(struct eut_device_engine *e, uint32_t queue, const struct eut_slice *s,
                uint32_t which)
{
    return device_of(e)->ops->mark(device_of(e), queue, s->marks + which);
}

static int after(struct eut_device_engine *e, uint32_t queue, const struct eut_slice *s,
                 uint32_t which)
{
    return device_of(e)->ops->after(device_of(e), queue, s->marks + which);
}

static int copy(struct eut_device_engine *e, uint32_t queue, enum eut_direction direction,
                struct eut_buffer *buffer, uint64_t offset, uint64_t bytes)
{
    return device_of(e)->ops->copy(device_of(e), queue, direction, buffer, offset, bytes, NULL);
}

static uint32_t tiles_of(const struct eut_device_engine *e, uint32_t items)
{
    uint32_t tile = e->open->group * e->open->items;

    return (items + tile - 1) / tile;
}

/* ---- kernels -------------------------------------------------------------------- */

static int scan(struct eut_device_engine *e, uint32_t sums, uint32_t total)
{
    struct k_pass pass = {.count = sums, .total = total};

    return LAUNCH_GROUPS(e, SCAN_SUMS, 1, ARG_BUFFER(e->part[PART_SUMS]),
                         ARG_BUFFER(e->part[PART_COUNTERS]), ARG_VALUE(pass));
}

/* One digit of a sort, from one pair of keys and items to another. `pass` says of how many. */
static int sort_digit(struct eut_device_engine *e, uint32_t items_max, struct k_pass pass,
                      const struct eut_buffer *const from[2], const struct eut_buffer *const to[2])
{
    int rc;

    pass.tiles = tiles_of(e, items_max);
    rc = LAUNCH_GROUPS(e, SORT_COUNT, pass.tiles, ARG_BUFFER(from[0]),
                       ARG_BUFFER(e->part[PART_SUMS]), ARG_BUFFER(e->part[PART_COUNTERS]),
                       ARG_VALUE(pass));
    rc = rc ? rc
            : LAUNCH_GROUPS(e, SORT_SCAN, 1u << e->open->digit_bits, ARG_BUFFER(e->part[PART_SUMS]),
                            ARG_VALUE(pass));
    return rc ? rc
              : LAUNCH_GROUPS(e, SORT_SCATTER, pass.tiles, ARG_BUFFER(from[0]), ARG_BUFFER(from[1]),
                              ARG_BUFFER(e->part[PART_SUMS]), ARG_BUFFER(to[0]), ARG_BUFFER(to[1]),
                              ARG_BUFFER(e->part[PART_COUNTERS]), ARG_VALUE(pass));
}

/* Requests by market, in arrival order within one. */
static int sort_requests(struct eut_device_engine *e, const struct eut_buffer *requests,
                         uint32_t count)
{
    const struct eut_buffer *pair[2][2] = {{e->part[PART_KEYS_A], e->part[PART_ITEMS_A]},
                                           {e->part[PART_KEYS_B], e->part[PART_ITEMS_B]}};
    struct k_pass pass = {.count = count};
    int rc = LAUNCH_ITEMS(e, SORT_KEYS, count, ARG_BUFFER(requests), ARG_BUFFER(pair[0][0]),
                          ARG_BUFFER(pair[0][1]), ARG_VALUE(e->setup), ARG_VALUE(pass));

    e->sorted = 0;
    for (; pass.shift < e->key_bits && rc == 0; pass.shift += e->open->digit_bits) {
        rc = sort_digit(e, count, pass, pair[e->sorted], pair[1 - e->sorted]);
        e->sorted = 1 - e->sorted;
    }
    return rc;
}

/* Runs of equal markets, then the runs by length. */
static int find_runs(struct eut_device_engine *e, uint32_t count)
{
    const struct eut_buffer *keys = e->part[e->sorted ? PART_KEYS_B : PART_KEYS_A];
    const struct eut_buffer *from[2] = {e->part[e->sorted ? PART_KEYS_A : PART_KEYS_B],
                                        e->part[e->sorted ? PART_ITEMS_A : PART_ITEMS_B]};
    const struct eut_buffer *to[2] = {keys, e->part[PART_RUNS]};
    struct eut_buffer *sums = e->part[PART_SUMS], *starts = e->part[PART_RUN_STARTS];
    struct eut_buffer *counters = e->part[PART_COUNTERS];
    struct k_pass pass = {.count = count}, runs = {.counter = K_RUNS};
    uint32_t tiles = tiles_of(e, count);
    int rc =
        LAUNCH_GROUPS(e, RUN_COUNT, tiles, ARG_BUFFER(keys), ARG_BUFFER(sums), ARG_VALUE(pass));

    rc = rc ? rc : scan(e, tiles, K_RUNS);
    rc = rc ? rc
            : LAUNCH_GROUPS(e, RUN_STARTS, tiles, ARG_BUFFER(keys), ARG_BUFFER(sums),
                            ARG_BUFFER(starts), ARG_BUFFER(counters), ARG_VALUE(pass));
    rc = rc ? rc
            : LAUNCH_ITEMS(e, RUN_KEYS, count, ARG_BUFFER(starts), ARG_BUFFER(from[0]),
                           ARG_BUFFER(from[1]), ARG_BUFFER(counters), ARG_VALUE(pass));
    return rc ? rc : sort_digit(e, count, runs, from, to);
}

static int match(struct eut_device_engine *e, const struct eut_buffer *requests, uint32_t count,
                 bool sequential)
{
    struct k_batch batch = {
        .count = count,
        .orders_room = (uint32_t)least(e->limits.orders - e->orders_live, ROOM_MAX),
        .levels_room = (uint32_t)least(e->limits.levels - e->levels_live, ROOM_MAX),
        .sequential = sequential,
    };
    struct eut_buffer *counters = e->part[PART_COUNTERS];
    int rc = LAUNCH_ITEMS(e, BATCH_BEGIN, 1, ARG_BUFFER(counters), ARG_VALUE(e->setup));

    return rc ? rc
              : LAUNCH_ITEMS(e, MATCH_RUNS, sequential ? 1 : count, ARG_BUFFER(requests),
                             ARG_BUFFER(e->part[e->sorted ? PART_ITEMS_B : PART_ITEMS_A]),
                             ARG_BUFFER(e->part[PART_RUNS]), ARG_BUFFER(e->part[PART_RUN_STARTS]),
                             ARG_BUFFER(e->part[PART_MARKETS]), ARG_BUFFER(e->part[PART_ORDERS]),
                             ARG_BUFFER(e->part[PART_CHUNKS]), ARG_BUFFER(e->part[PART_INDEX]),
                             ARG_BUFFER(e->part[PART_ORDER_RING]),
                             ARG_BUFFER(e->part[PART_CHUNK_RING]), ARG_BUFFER(counters),
                             ARG_BUFFER(e->part[PART_FIRST]), ARG_BUFFER(e->part[PART_MORE]),
                             ARG_VALUE(e->setup), ARG_VALUE(batch));
}

/* The events from number `from` on, as many as fit, in arrival order. */
static int order_events(struct eut_device_engine *e, const struct eut_slice *s, uint32_t from)
{
    struct k_pass pass = {.count = s->count, .from = from, .room = e->window, .base = s->base};
    struct k_pass stride = pass;
    struct eut_buffer *first = e->part[PART_FIRST], *sums = e->part[PART_SUMS];
    struct eut_buffer *places = e->part[PART_PLACES];
    uint32_t tiles = tiles_of(e, s->count);
    int rc =
        LAUNCH_GROUPS(e, EVENT_COUNT, tiles, ARG_BUFFER(first), ARG_BUFFER(sums), ARG_VALUE(pass));

    stride.count = (uint32_t)least(s->count, 1u << 18);
    rc = rc ? rc : scan(e, tiles, K_EVENTS);
    rc = rc ? rc
            : LAUNCH_GROUPS(e, EVENT_FIRST, tiles, ARG_BUFFER(first), ARG_BUFFER(sums),
                            ARG_BUFFER(places), ARG_BUFFER(s->events), ARG_VALUE(pass));
    return rc ? rc
              : LAUNCH_ITEMS(e, EVENT_MORE, stride.count, ARG_BUFFER(first),
                             ARG_BUFFER(e->part[PART_MORE]), ARG_BUFFER(places),
                             ARG_BUFFER(s->events), ARG_BUFFER(e->part[PART_COUNTERS]),
                             ARG_VALUE(stride));
}

/* ---- a slice's way -------------------------------------------------------------- */

static int slice_sort(struct eut_device_engine *e, struct eut_slice *s,
                      const struct eut_buffer *requests)
{
    int rc = mark(e, QUEUE_KERNELS, s, SORT_BEGINS);

    if (!s->sequential) {
        rc = rc ? rc : sort_requests(e, requests, s->count);
        rc = rc ? rc : find_runs(e, s->count);
    }
    return rc;
}

static int slice_match(struct eut_device_engine *e, struct eut_slice *s,
                       const struct eut_buffer *requests)
{
    int rc = copy(e, QUEUE_KERNELS, EUT_TO_DEVICE, s->events, 0, 0);

    rc = rc ? rc : copy(e, QUEUE_KERNELS, EUT_TO_DEVICE, s->report, 0, 0);
    rc = rc ? rc : mark(e, QUEUE_KERNELS, s, MATCH_BEGINS);
    rc = rc ? rc : match(e, requests, s->count, s->sequential);
    rc = rc ? rc : mark(e, QUEUE_KERNELS, s, EVENTS_BEGIN);
    rc = rc ? rc : order_events(e, s, 0);
    rc = rc ? rc
            : LAUNCH_ITEMS(e, BATCH_END, K_COUNTERS, ARG_BUFFER(e->part[PART_COUNTERS]),
                           ARG_BUFFER(s->report));
    rc = rc ? rc : mark(e, QUEUE_KERNELS, s, EVENTS_DONE);
    rc = rc ? rc : after(e, QUEUE_OUT, s, EVENTS_DONE);
    rc = rc ? rc : copy(e, QUEUE_OUT, EUT_TO_HOST, s->report, 0, 4 * K_COUNTERS);
    return rc ? rc : mark(e, QUEUE_OUT, s, REPORTED);
}

/* Whether the device copies them by itself. */
static bool is_pinned(const struct eut_device_engine *e, const struct eut_request *requests)
{
    const struct eut_buffer *pinned = e->pinned;
    uintptr_t at = (uintptr_t)requests, from = pinned ? (uintptr_t)pinned->host : 0;

    return pinned && at >= from && at - from < pinned->bytes;
}

static int slice_in(struct eut_device_engine *e, struct eut_slice *s,
                    const struct eut_request *requests)
{
    uint64_t bytes = (uint64_t)s->count * sizeof(*requests);
    bool pinned = is_pinned(e, requests);
    union {
        const struct eut_request *given;
        void *taken;
    } memory = {.given = requests}; /* only read, as copy() promises */
    int rc;

    if (!pinned) {
        memcpy(s->requests->host, requests, bytes);
    }
    rc = mark(e, QUEUE_IN, s, IN_BEGINS);
    rc = rc ? rc : copy(e, QUEUE_IN, EUT_TO_DEVICE, s->requests, 0, pinned ? 0 : bytes);
    if (pinned && rc == 0) {
        rc = device_of(e)->ops->copy(device_of(e), QUEUE_IN, EUT_TO_DEVICE, s->requests, 0, bytes,
                                     memory.taken);
    }
    rc = rc ? rc : mark(e, QUEUE_IN, s, IN_DONE);
    rc = rc ? rc : after(e, QUEUE_KERNELS, s, IN_DONE);
    return rc ? rc : slice_sort(e, s, s->requests);
}

/* As many events as are likely; the rest, if there is one, when their number is known. */
static int slice_out(struct eut_device_engine *e, struct eut_slice *s)
{
    int rc = copy(e, QUEUE_OUT, EUT_TO_HOST, s->requests, 0, 0);

    s->out = (uint32_t)least((uint64_t)s->count + s->count / 4 + 64, e->window);
    rc = rc ? rc : copy(e, QUEUE_OUT, EUT_TO_HOST, s->events, 0, s->out * sizeof(struct k_event));
    return rc ? rc : mark(e, QUEUE_OUT, s, OUT_DONE);
}

static int add_time(struct eut_device_engine *e, const struct eut_slice *s, uint32_t from,
                    uint32_t to, uint64_t *sum)
{
    uint64_t ns = 0;
    int rc = device_of(e)->ops->elapsed(device_of(e), s->marks + from, s->marks + to, &ns);

    *sum += ns;
    return rc;
}

static int add_kernel_times(struct eut_device_engine *e, const struct eut_slice *s)
{
    int rc = add_time(e, s, SORT_BEGINS, MATCH_BEGINS, &e->times.sort_ns);

    rc = rc ? rc : add_time(e, s, MATCH_BEGINS, EVENTS_BEGIN, &e->times.match_ns);
    return rc ? rc : add_time(e, s, EVENTS_BEGIN, EVENTS_DONE, &e->times.events_ns);
}

/* Waits until the slice is matched: what lives now? Its kernels' times are taken here, since
 * another window of its events moves the marks. */
static int slice_report(struct eut_device_engine *e, struct eut_slice *s, uint32_t *events)
{
    const uint32_t *report = s->report->host;
    int rc = after(e, EUT_HOST, s, REPORTED);

    rc = rc ? rc : add_kernel_times(e, s);
    if (rc) {
        return rc;
    }
    *events = report[K_EVENTS];
    e->orders_live = report[K_ORDERS_LIVE];
    e->levels_live = report[K_LEVELS_LIVE];
    e->on_the_way -= s->count;
    e->times.slices++;
    e->times.requests += s->count;
    e->times.events += *events;
    e->times.sequential += s->sequential ? s->count : 0;
    if (report[K_MORE] > e->setup.more_max || e->orders_live > e->limits.orders ||
        e->levels_live > e->limits.levels) {
        return hr_fail(EIO,
                       "%s answered nonsense: %" PRIu32 " events more, %" PRIu64 " orders, %" PRIu64
                       " levels live",
                       device_of(e)->facts.name, report[K_MORE], e->orders_live, e->levels_live);
    }
    return 0;
}

struct batch {
    const struct eut_request *requests;
    uint32_t count, sent;
    struct eut_sink *sink; /* or, where this is NULL, */
    eut_device_take take;
    void *context;
    struct eut_slice *matching; /* sent last; its events are still to come */
    struct eut_slice *coming;   /* on its way in, and being sorted */
};

/* To the host's sink, or shown where they lie. */
static void give_events(const struct batch *b, const struct eut_event *events, uint32_t count)
{
    struct eut_sink *sink = b->sink;

    if (!sink) {
        b->take(b->context, events, count);
        return;
    }
    while (count > 0) {
        uint32_t some = sink->room - sink->count < count ? sink->room - sink->count : count;

        if (some == 0) {
            sink->flush(sink);
            continue;
        }
        memcpy(sink->events + sink->count, events, some * sizeof(*events));
        sink->count += some;
        events += some;
        count -= some;
    }
}

/* Waits for events [from, from + count) of the slice on the host side. */
static int fetch_events(struct eut_device_engine *e, struct eut_slice *s, uint32_t from,
                        uint32_t count)
{
    uint32_t have = from ? 0 : s->out;
    int rc = 0;

    if (from) { /* another window */
        rc = copy(e, QUEUE_KERNELS, EUT_TO_DEVICE, s->events, 0, 0);
        rc = rc ? rc : mark(e, QUEUE_KERNELS, s, EVENTS_BEGIN);
        rc = rc ? rc : order_events(e, s, from);
        rc = rc ? rc : mark(e, QUEUE_KERNELS, s, EVENTS_DONE);
        rc = rc ? rc : after(e, QUEUE_OUT, s, EVENTS_DONE);
    }
    if (count > have) {
        rc = rc ? rc : mark(e, QUEUE_OUT, s, MORE_BEGINS);
        rc = rc ? rc
                : copy(e, QUEUE_OUT, EUT_TO_HOST, s->events, have * sizeof(struct k_event),
                       (count - have) * sizeof(struct k_event));
        rc = rc ? rc : mark(e, QUEUE_OUT, s, MORE_DONE);
        rc = rc ? rc : after(e, EUT_HOST, s, MORE_DONE);
        rc = rc ? rc : add_time(e, s, MORE_BEGINS, MORE_DONE, &e->times.out_ns);
    }
    rc = rc ? rc : after(e, EUT_HOST, s, OUT_DONE);
    return rc || from == 0 ? rc : add_time(e, s, EVENTS_BEGIN, EVENTS_DONE, &e->times.events_ns);
}

/* ---- a batch -------------------------------------------------------------------- */

/* How many requests can be sent side by side before the limits might be met. */
static uint64_t room_left(const struct eut_device_engine *e)
{
    uint64_t orders = e->limits.orders - e->orders_live;
    uint64_t levels = e->limits.levels - e->levels_live;
    uint64_t room = orders < levels ? orders : levels;

    /* Without L3 markets no order ever lives. */
    room = e->setup.l3_markets ? room : levels;
    return room > e->on_the_way ? room - e->on_the_way : 0;
}

/* The next slice of what is left, or none before the last one is collected. */
static struct eut_slice *slice_next(struct eut_device_engine *e, const struct batch *b)
{
    uint32_t left = b->count - b->sent;
    uint32_t wanted = left < e->slice_max ? left : e->slice_max;
    uint64_t room = room_left(e);
    struct eut_slice *s = &e->slice[e->turn];

    if (left == 0 || (room < wanted && e->on_the_way > 0)) {
        return NULL;
    }
    s->base = b->sent;
    s->sequential = wanted <= EUT_SLICE_SMALL || (room < wanted && room < EUT_SEQUENTIAL_FROM);
    s->count = (uint32_t)least(wanted, s->sequential ? EUT_SEQUENTIAL_MAX : room);
    e->turn = (e->turn + 1) % EUT_SLICES;
    return s;
}

/* The last slice's number of events; its memory on the device may be used again when all of them,
 * but those that fit one window, were given to the sink. */
static int collect_report(struct eut_device_engine *e, struct batch *b, uint32_t *events)
{
    uint32_t given = 0;
    int rc = b->matching ? slice_report(e, b->matching, events) : 0;

    while (rc == 0 && b->matching && *events - given > e->window) {
        rc = fetch_events(e, b->matching, given, e->window);
        if (rc == 0) {
            give_events(b, b->matching->events->host, e->window);
            given += e->window;
        }
    }
    if (rc == 0 && given > 0) {
        rc = fetch_events(e, b->matching, given, *events - given);
        if (rc == 0) {
            give_events(b, b->matching->events->host, *events - given);
        }
        *events = 0;
    }
    return rc;
}

static int collect_events(struct eut_device_engine *e, struct batch *b, uint32_t events)
{
    struct eut_slice *s = b->matching;
    int rc;

    if (!s) {
        return 0;
    }
    rc = fetch_events(e, s, 0, events);
    rc = rc ? rc : add_time(e, s, IN_BEGINS, IN_DONE, &e->times.in_ns);
    rc = rc ? rc : add_time(e, s, REPORTED, OUT_DONE, &e->times.out_ns);
    if (rc == 0) {
        give_events(b, s->events->host, events);
    }
    return rc;
}

/* The next slice is on its way in. */
static int begin(struct eut_device_engine *e, struct batch *b)
{
    int rc = 0;

    b->coming = slice_next(e, b);
    if (b->coming) {
        rc = slice_in(e, b->coming, b->requests + b->sent);
        b->sent += b->coming->count;
    }
    return rc;
}

/* One step: has the slice matched that came in, collects the one before, and meanwhile lets the
 * next one come in. So one is copied in, one matched and one copied out at any time. */
static int step(struct eut_device_engine *e, struct batch *b)
{
    struct eut_slice *s;
    uint32_t events = 0;
    int rc = b->coming ? 0 : begin(e, b);

    s = b->coming;
    rc = rc ? rc : collect_report(e, b, &events);
    if (s && rc == 0) {
        e->on_the_way += s->count;
        rc = slice_match(e, s, s->requests);
        rc = rc ? rc : slice_out(e, s);
        rc = rc ? rc : begin(e, b);
    }
    rc = rc ? rc : collect_events(e, b, events);
    b->matching = s;
    return rc;
}

static int submit(struct eut_device_engine *e, struct batch *b)
{
    while (e->failed == 0 && (b->sent < b->count || b->coming || b->matching)) {
        e->failed = step(e, b);
    }
    return e->failed;
}

int eut_device_engine_submit(struct eut_device_engine *e, const struct eut_request *requests,
                             uint32_t count, struct eut_sink *sink)
{
    return submit(e, &(struct batch){.requests = requests, .count = count, .sink = sink});
}

int eut_device_engine_submit_to(struct eut_device_engine *e, const struct eut_request *requests,
                                uint32_t count, eut_device_take take, void *context)
{
    return submit(
        e, &(struct batch){.requests = requests, .count = count, .take = take, .context = context});
}

/* ---- resident ------------------------------------------------------------------- */

static int resident_send(struct eut_device_engine *e, struct eut_slice *s, uint32_t number)
{
    const struct eut_buffer *requests = e->resident[number];
    int rc;

    s->base = 0;
    s->sequential = false;
    s->count = (uint32_t)least(e->resident_batch,
                               e->resident_count - (uint64_t)number * e->resident_batch);
    if (room_left(e) < s->count) {
        return hr_fail(ENOTSUP, "resident batch %" PRIu32 " might meet the limits: raise them",
                       number);
    }
    rc = slice_sort(e, s, requests);
    rc = rc ? rc : slice_match(e, s, requests);
    e->on_the_way += s->count;
    return rc;
}

static int resident_collect(struct eut_device_engine *e, struct eut_slice *s, uint64_t *events)
{
    uint32_t some = 0;
    int rc = slice_report(e, s, &some);

    *events += some;
    return rc;
}

int eut_device_engine_resident(struct eut_device_engine *e, uint32_t first, uint32_t batches,
                               uint64_t *events, uint64_t *ns)
{
    const uint32_t begin = EUT_SLICE_MARKS * EUT_SLICES, end = begin + 1;
    struct eut_device *device = device_of(e);
    struct eut_slice *matching = NULL;
    int rc = e->failed;

    *events = 0;
    *ns = 0;
    if (rc == 0 && (first >= e->residents || batches > e->residents - first || batches == 0)) {
        return hr_fail(EINVAL, "no resident batches %" PRIu32 " to %" PRIu32 ": %" PRIu32 " are",
                       first, first + batches, e->residents);
    }
    rc = rc ? rc : device->ops->mark(device, QUEUE_KERNELS, begin);
    for (uint32_t i = first; i < first + batches && rc == 0; i++) {
        struct eut_slice *next = &e->slice[e->turn];

        if (matching && room_left(e) < e->resident_batch) {
            rc = resident_collect(e, matching, events);
            matching = NULL;
        }
        rc = rc ? rc : resident_send(e, next, i);
        if (matching && rc == 0) {
            rc = resident_collect(e, matching, events);
        }
        matching = next;
        e->turn = (e->turn + 1) % EUT_SLICES;
    }
    rc = rc ? rc : device->ops->mark(device, QUEUE_KERNELS, end);
    rc = rc ? rc : resident_collect(e, matching, events);
    rc = rc ? rc : device->ops->after(device, EUT_HOST, end);
    rc = rc ? rc : device->ops->elapsed(device, begin, end, ns);
    e->failed = rc == -ENOTSUP ? 0 : rc;
    return rc;
}
