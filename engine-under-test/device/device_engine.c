/*
 * device_engine.c - an engine's memory on its device, its digest, its books.
 *
 * How: every buffer has the size that the limits can make necessary, so that nothing runs out while
 * orders and levels are within them. What becomes of a batch is in device_batch.c. What it cannot
 * see: which API it talks to.
 */
#include "engine-under-test/device/device_memory.h"

#include "harness/error.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SLICE_DEFAULT (1u << 20)
#define SLICE_MAX (1u << 24)
#define MARKETS_MAX (1u << 26)
#define HANDLES_MAX \
    (1u << 29)          /* of a pool: its ring has twice as many cells, counted to twice that */
#define ITEMS_GROUP 64u /* work items of a group without shared memory */

static int launch(struct eut_device_engine *e, enum eut_kernel_name kernel, uint32_t groups,
                  uint32_t size, const struct eut_arg *args, uint32_t count)
{
    struct eut_device *device = e->open->device;

    return device->ops->launch(device, QUEUE_KERNELS, e->open->kernel[kernel], groups, size, args,
                               count);
}

int eut_engine_launch_items(struct eut_device_engine *e, enum eut_kernel_name kernel,
                            uint32_t items, const struct eut_arg *args, uint32_t count)
{
    uint32_t most = e->open->device->facts.group_max,
             size = most < ITEMS_GROUP ? most : ITEMS_GROUP;

    return launch(e, kernel, (items + size - 1) / size, size, args, count);
}

int eut_engine_launch_groups(struct eut_device_engine *e, enum eut_kernel_name kernel,
                             uint32_t groups, const struct eut_arg *args, uint32_t count)
{
    return launch(e, kernel, groups, e->open->group, args, count);
}

/* ---- memory --------------------------------------------------------------------- */

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static int too_large(uint64_t handles, const char *what)
{
    return hr_fail(ENOTSUP, "limits need %" PRIu64 " %s on the device, at most %u are possible",
                   handles, what, HANDLES_MAX);
}

/* How many handles each pool needs. Besides what may be live: what markets keep for themselves, and
 * what one slice takes, since what it gives back comes too late for it. Chunks: two neighbours hold
 * five levels at least (kernel_layout.h), and every side has one more. */
static int count_handles(const struct eut_device_engine *e, uint64_t *orders, uint64_t *chunks)
{
    const struct eut_limits *l = &e->limits;
    uint64_t l3 = l->markets - l->l2_markets;

    *orders = l3 ? least(l->orders, HANDLES_MAX) + EUT_ORDER_SPARES * l3 + e->slice_max : 1;
    *chunks = least(l->levels, 4ull * HANDLES_MAX);
    *chunks = *chunks * 2 / 5 + least(*chunks, 2ull * l->markets) + e->slice_max;
    return *orders > HANDLES_MAX || (l3 && l->orders > HANDLES_MAX) ? too_large(*orders, "orders")
           : *chunks > HANDLES_MAX ? too_large(*chunks, "chunks of levels")
                                   : 0;
}

static int size_parts(struct eut_device_engine *e)
{
    uint64_t slice = e->slice_max, orders, chunks, more, tile, tiles;
    bool l3 = e->limits.markets > e->limits.l2_markets;
    int rc = count_handles(e, &orders, &chunks);

    if (rc) {
        return rc;
    }
    /* An event beyond a request's first one is a maker that ceased. */
    more = (l3 ? e->limits.orders : 0) + (e->limits.l2_markets ? e->limits.levels : 0) + slice;
    tile = (uint64_t)e->open->group * e->open->items;
    tiles = (slice + tile - 1) / tile;
    e->setup = (struct k_setup){
        .markets = e->limits.markets,
        .l3_markets = e->limits.markets - e->limits.l2_markets,
        .buckets = l3 ? (uint32_t)(e->limits.orders * 2 / 3 + 8) : 8,
        .order_cells = (uint32_t)(2 * orders),
        .chunk_cells = (uint32_t)(2 * chunks),
        .spares = EUT_ORDER_SPARES,
        .more_max = (uint32_t)least(more, UINT32_MAX),
    };
    const struct eut_device_part parts[EUT_PARTS] = {
        [PART_MARKETS] = {"markets", e->limits.markets * sizeof(struct k_market)},
        [PART_ORDERS] = {"orders", (orders + 1) * sizeof(struct k_order)},
        [PART_INDEX] = {"index of orders", e->setup.buckets * 4ull * K_BUCKET_WORDS},
        [PART_ORDER_RING] = {"free orders", 8 * orders},
        [PART_CHUNKS] = {"levels", (chunks + 1) * sizeof(struct k_chunk)},
        [PART_CHUNK_RING] = {"free levels", 8 * chunks},
        [PART_COUNTERS] = {"counters", 4 * K_COUNTERS},
        [PART_KEYS_A] = {"sorting: markets", 4 * slice},
        [PART_KEYS_B] = {"sorting: markets", 4 * slice},
        [PART_ITEMS_A] = {"sorting: requests", 4 * slice},
        [PART_ITEMS_B] = {"sorting: requests", 4 * slice},
        [PART_SUMS] = {"sorting: sums", 4 * ((tiles + 1) << e->open->digit_bits)},
        [PART_RUN_STARTS] = {"runs", 4 * (slice + 1)},
        [PART_RUNS] = {"runs, longest first", 4 * slice},
        [PART_FIRST] = {"first events", slice * sizeof(struct k_event)},
        [PART_MORE] = {"more events", more * sizeof(struct k_event)},
        [PART_PLACES] = {"places of events", 4 * slice},
        [PART_WALK] = {"walking a book", (EUT_WALK_WINDOW + 1) * sizeof(struct k_resting)},
        [PART_DIGESTS] = {"digests", 8 * EUT_DIGEST_SUMS},
    };
    memcpy(e->parts, parts, sizeof(parts));
    e->window = 2 * e->slice_max + 64;
    e->parts[EUT_PARTS] = (struct eut_device_part){"requests on their way",
                                                   EUT_SLICES * slice * sizeof(struct k_request)};
    e->parts[EUT_PARTS + 1] = (struct eut_device_part){
        "events on their way", EUT_SLICES * (uint64_t)e->window * sizeof(struct k_event)};
    e->parts[EUT_PARTS + 2] = (struct eut_device_part){NULL, 0};
    while (e->key_bits < 32 && e->limits.markets >> e->key_bits) {
        e->key_bits++;
    }
    return 0;
}

static int allocate(struct eut_device_engine *e, enum eut_buffer_kind kind, uint64_t bytes,
                    struct eut_buffer **buffer)
{
    struct eut_device *device = e->open->device;

    if (device->facts.buffer_bytes_max && bytes > device->facts.buffer_bytes_max) {
        return hr_fail(ENOMEM,
                       "%s: a buffer of %" PRIu64 " MiB is needed, at most %" PRIu64
                       " MiB are possible: lower the limits",
                       device->facts.name, bytes >> 20, device->facts.buffer_bytes_max >> 20);
    }
    return device->ops->alloc(device, kind, bytes, buffer);
}

static int allocate_all(struct eut_device_engine *e)
{
    int rc = 0;

    for (int i = 0; i < EUT_PARTS && rc == 0; i++) {
        bool mirrored = i == PART_WALK || i == PART_DIGESTS;

        rc = allocate(e, mirrored ? EUT_BUFFER_MIRRORED : EUT_BUFFER_PRIVATE, e->parts[i].bytes,
                      &e->part[i]);
        rc = rc ? hr_context(rc, "%s", e->parts[i].name) : 0;
    }
    for (uint32_t i = 0; i < EUT_SLICES && rc == 0; i++) {
        struct eut_slice *s = &e->slice[i];

        s->marks = EUT_SLICE_MARKS * i;
        rc =
            allocate(e, EUT_BUFFER_MIRRORED, e->slice_max * sizeof(struct k_request), &s->requests);
        rc = rc ? rc
                : allocate(e, EUT_BUFFER_MIRRORED, (uint64_t)e->window * sizeof(struct k_event),
                           &s->events);
        rc = rc ? rc : allocate(e, EUT_BUFFER_MIRRORED, 4 * K_COUNTERS, &s->report);
    }
    return rc;
}

static int fill_rings(struct eut_device_engine *e)
{
    static const enum eut_part part[] = {PART_ORDER_RING, PART_CHUNK_RING};
    static const uint32_t tail[] = {K_ORDER_TAIL, K_CHUNK_TAIL};
    struct eut_device *device = e->open->device;
    uint32_t handles[] = {e->setup.order_cells / 2, e->setup.chunk_cells / 2};
    int rc = 0;

    for (int i = 0; i < 2 && rc == 0; i++) {
        struct k_pass pass = {.count = handles[i]};

        rc = LAUNCH_ITEMS(e, RING_FILL, pass.count, ARG_BUFFER(e->part[part[i]]), ARG_VALUE(pass));
        rc = rc ? rc
                : device->ops->copy(device, QUEUE_KERNELS, EUT_TO_DEVICE, e->part[PART_COUNTERS],
                                    4ull * tail[i], 4, &handles[i]);
    }
    rc = rc ? rc : device->ops->mark(device, QUEUE_KERNELS, 0);
    return rc ? rc : device->ops->after(device, EUT_HOST, 0);
}

/* ---- opening and closing -------------------------------------------------------- */

static int check_limits(const struct eut_limits *limits)
{
    if (limits->struct_size != sizeof(*limits) || limits->markets == 0 ||
        limits->l2_markets > limits->markets || limits->batch_max == 0) {
        return hr_fail(EINVAL, "limits that contradict themselves");
    }
    if (limits->markets > MARKETS_MAX) {
        return hr_fail(ENOTSUP, "%u markets, at most %u are possible", limits->markets,
                       MARKETS_MAX);
    }
    return 0;
}

int eut_device_engine_open(const struct eut_device_api *api, uint32_t number,
                           const struct eut_limits *limits, const struct eut_device_shape *shape,
                           struct eut_device_engine **engine)
{
    uint32_t slice = shape && shape->slice ? shape->slice : SLICE_DEFAULT;
    struct eut_device_engine *e;
    int rc = check_limits(limits);

    *engine = NULL;
    if (rc) {
        return rc;
    }
    e = calloc(1, sizeof(*e));
    if (!e) {
        return hr_fail(ENOMEM, "no memory for an engine");
    }
    e->limits = *limits;
    slice = slice < SLICE_MAX ? slice : SLICE_MAX;
    e->slice_max = limits->batch_max < slice ? limits->batch_max : slice;
    rc = eut_open_device_get(api, number, shape, &e->open);
    rc = rc ? rc : size_parts(e);
    rc = rc ? rc : allocate_all(e);
    rc = rc ? rc : fill_rings(e);
    if (rc) {
        e->failed = rc == -ENODEV || rc == -EIO ? rc : 0;
        eut_device_engine_close(e);
        return rc;
    }
    *engine = e;
    return 0;
}

static void free_residents(struct eut_device_engine *e)
{
    struct eut_device *device = e->open->device;

    for (uint32_t i = 0; e->resident && i < e->residents; i++) {
        device->ops->free(device, e->resident[i]);
    }
    free(e->resident);
    e->resident = NULL;
    e->residents = 0;
    e->resident_count = 0;
}

void eut_device_engine_close(struct eut_device_engine *e)
{
    struct eut_device *device;

    if (!e) {
        return;
    }
    if (e->open) {
        device = e->open->device;
        free_residents(e);
        device->ops->free(device, e->pinned);
        for (int i = 0; i < EUT_PARTS; i++) {
            device->ops->free(device, e->part[i]);
        }
        for (uint32_t i = 0; i < EUT_SLICES; i++) {
            device->ops->free(device, e->slice[i].requests);
            device->ops->free(device, e->slice[i].events);
            device->ops->free(device, e->slice[i].report);
        }
        eut_open_device_put(e->open, e->failed != 0);
    }
    free(e);
}

/* A device that failed answers nothing any more, whatever it was asked. */
static int remember(struct eut_device_engine *e, int rc)
{
    e->failed = rc == -ENODEV || rc == -EIO ? rc : e->failed;
    return rc;
}

int eut_device_engine_load(struct eut_device_engine *e, const struct eut_request *requests,
                           uint64_t count, uint32_t batch)
{
    struct eut_device *device = e->open->device;
    int rc = e->failed;

    if (rc) {
        return rc;
    }
    free_residents(e);
    if (batch == 0 || batch > e->slice_max || count == 0 || (count - 1) / batch >= UINT32_MAX) {
        return hr_fail(EINVAL, "batches of %u of %" PRIu64 " requests: at most %u fit a slice",
                       batch, count, e->slice_max);
    }
    e->residents = (uint32_t)((count - 1) / batch + 1);
    e->resident_batch = batch;
    e->resident_count = count;
    e->resident = calloc(e->residents, sizeof(*e->resident));
    if (!e->resident) {
        e->residents = 0;
        return hr_fail(ENOMEM, "no memory for %" PRIu64 " resident requests", count);
    }
    for (uint32_t i = 0; i < e->residents && rc == 0; i++) {
        uint64_t from = (uint64_t)i * batch, bytes = least(batch, count - from) * sizeof(*requests);
        union {
            const struct eut_request *given;
            void *taken;
        } memory = {.given = requests + from}; /* only read, as copy() promises */

        rc = allocate(e, EUT_BUFFER_PRIVATE, bytes, &e->resident[i]);
        rc = rc ? rc
                : device->ops->copy(device, QUEUE_IN, EUT_TO_DEVICE, e->resident[i], 0, bytes,
                                    memory.taken);
        rc = rc ? rc : device->ops->mark(device, QUEUE_IN, 0);
        rc = rc ? rc : device->ops->after(device, EUT_HOST, 0);
    }
    if (rc) {
        free_residents(e);
    }
    return remember(e, rc);
}

int eut_device_engine_pin(struct eut_device_engine *e, uint64_t count,
                          struct eut_request **requests)
{
    int rc = e->failed;

    *requests = NULL;
    if (rc == 0 && (e->pinned || count == 0 || count > UINT64_MAX / sizeof(**requests))) {
        return hr_fail(EINVAL, "pinned memory for %" PRIu64 " requests: asked for twice, or none",
                       count);
    }
    rc = rc ? rc : allocate(e, EUT_BUFFER_MIRRORED, count * sizeof(struct eut_request), &e->pinned);
    if (rc == 0) {
        *requests = e->pinned->host;
    }
    return remember(e, rc);
}

/* ---- asking --------------------------------------------------------------------- */

const struct eut_device_part *eut_device_engine_memory(const struct eut_device_engine *e)
{
    return e->parts;
}

void eut_device_engine_times(const struct eut_device_engine *e, struct eut_device_times *times)
{
    *times = e->times;
}

/* Copies a mirrored buffer to the host, and waits for it. */
static int fetch(struct eut_device_engine *e, struct eut_buffer *buffer, uint64_t bytes)
{
    struct eut_device *device = e->open->device;
    int rc = device->ops->copy(device, QUEUE_KERNELS, EUT_TO_HOST, buffer, 0, bytes, NULL);

    rc = rc ? rc : device->ops->mark(device, QUEUE_KERNELS, 0);
    return rc ? rc : device->ops->after(device, EUT_HOST, 0);
}

static int hand_over(struct eut_device_engine *e, struct eut_buffer *buffer)
{
    struct eut_device *device = e->open->device;

    return device->ops->copy(device, QUEUE_KERNELS, EUT_TO_DEVICE, buffer, 0, 0, NULL);
}

int eut_device_engine_digest(struct eut_device_engine *e, uint64_t *digest)
{
    struct k_pass pass = {.count = (uint32_t)least(e->limits.markets, EUT_DIGEST_SUMS)};
    struct eut_buffer *sums = e->part[PART_DIGESTS];
    int rc = e->failed;

    *digest = 0;
    rc = rc ? rc : hand_over(e, sums);
    rc = rc ? rc
            : LAUNCH_ITEMS(e, DIGEST_SUM, pass.count, ARG_BUFFER(e->part[PART_MARKETS]),
                           ARG_BUFFER(sums), ARG_VALUE(e->setup), ARG_VALUE(pass));
    rc = rc ? rc : fetch(e, sums, 8 * EUT_DIGEST_SUMS);
    for (uint32_t i = 0; i < pass.count && rc == 0; i++) {
        *digest += ((const uint64_t *)sums->host)[i];
    }
    return remember(e, rc);
}

/* The next resting orders into the host side, behind a first record; *found is how many. */
static int walk_window(struct eut_device_engine *e, uint32_t market, bool first, uint64_t *found)
{
    struct k_pass pass = {.base = market, .from = !first, .room = EUT_WALK_WINDOW};
    struct eut_buffer *window = e->part[PART_WALK];
    int rc = hand_over(e, window);

    rc = rc ? rc
            : LAUNCH_ITEMS(e, BOOK_WALK, 1, ARG_BUFFER(e->part[PART_MARKETS]),
                           ARG_BUFFER(e->part[PART_ORDERS]), ARG_BUFFER(e->part[PART_CHUNKS]),
                           ARG_BUFFER(window), ARG_VALUE(e->setup), ARG_VALUE(pass));
    rc = rc ? rc : fetch(e, window, window->bytes);
    *found = rc ? 0 : ((const struct k_resting *)window->host)->order;
    return rc;
}

int eut_device_engine_walk(struct eut_device_engine *e, uint32_t market, eut_visit visit,
                           void *context)
{
    const struct k_resting *found = (const struct k_resting *)e->part[PART_WALK]->host + 1;
    uint64_t count = EUT_WALK_WINDOW;
    int rc = e->failed;

    if (market >= e->limits.markets) {
        return hr_fail(EINVAL, "there is no market %u", market);
    }
    for (bool first = true; rc == 0 && count == EUT_WALK_WINDOW; first = false) {
        rc = remember(e, walk_window(e, market, first, &count));
        for (uint64_t i = 0; rc == 0 && i < count; i++) {
            const struct eut_resting resting = {.order = found[i].order,
                                                .account = found[i].account,
                                                .price = found[i].price,
                                                .qty = found[i].qty,
                                                .side = found[i].side ? EUT_SELL : EUT_BUY};

            rc = visit(context, &resting);
        }
    }
    return rc;
}
