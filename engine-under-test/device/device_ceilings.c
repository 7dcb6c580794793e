/*
 * device_ceilings.c - what can this device at most: copy, reach, wait, launch, compare?
 *
 * How: kernels that do one thing over arrays far larger than the caches, many of them between two
 * marks, on the device's clock; what needs the host is on the host's. Every kernel's work is
 * checked on the device afterwards. What it cannot see: what a better kernel would reach, and
 * whether other programs use the device meanwhile.
 */
#include "engine-under-test/device/device_ceilings.h"

#include "engine-under-test/device/kernel_walk.h"
#include "harness/error.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

extern const char eut_kernel_ceilings_text[]; /* made by the Makefile */

#define GPU_GROUP 256u
#define GPU_GROUPS_A_UNIT 8u /* as many work items as fit on one */
#define CPU_ITEMS_A_UNIT 4u
#define GPU_UNITS_UNTOLD 80u /* Metal does not tell: as many as its largest have */
#define BYTES_MAX_GPU ((uint64_t)4 << 30)
#define BYTES_MAX_CPU ((uint64_t)512 << 20)
#define BYTES_MIN ((uint64_t)1 << 20)
#define COPY_BYTES_MAX ((uint64_t)256 << 20)
#define DOCUMENT_PAIRS \
    500000u /* in the program behind 581 M "orders" a second, and it counts both */
#define REPEATS_MAX 100000u
#define CHASE_STEPS 4096u
#define QUAD_BYTES sizeof(struct ceiling_quad)

enum { NOTHING, FILL, WRONG, COPY, LINES, RING, CHASE, COMPARES, KERNELS };
static const char *const names[KERNELS + 1] = {
    [NOTHING] = "ceiling_nothing", [FILL] = "ceiling_fill",        [WRONG] = "ceiling_wrong",
    [COPY] = "ceiling_copy",       [LINES] = "ceiling_lines",      [RING] = "ceiling_ring",
    [CHASE] = "ceiling_chase",     [COMPARES] = "ceiling_compares"};

struct rig {
    struct eut_device *device;
    struct eut_kernel *kernel[KERNELS];
    uint32_t group, groups;
    uint64_t bytes;            /* of each of the two arrays */
    struct eut_buffer *a, *b;  /* private */
    struct eut_buffer *sums;   /* mirrored: a number a work item */
    struct eut_buffer *mirror; /* mirrored, for copies */
    uint8_t *plain;            /* as large as the mirror */
    double sample_s;
    bool (*stop)(void);
    struct eut_device_ceilings *out;
    /* of the row that is being measured */
    struct ceiling_walk walk;
    enum eut_direction direction;
    uint32_t passes; /* over the lines so far */
};

static double now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* ---- launching ------------------------------------------------------------------ */

/* Elements [0, count), spread over all work items as suits the device. */
static struct ceiling_walk walk_over(const struct rig *r, uint64_t count)
{
    uint32_t items = r->group * r->groups;
    uint32_t each = (uint32_t)((count + items - 1) / items);
    bool gpu = r->device->facts.kind != EUT_DEVICE_CPU;

    return (struct ceiling_walk){.count = (uint32_t)count,
                                 .each = each,
                                 .block = gpu ? 1 : each,
                                 .step = gpu ? items : 1,
                                 .scale = 1};
}

static struct eut_arg buffer_arg(const struct eut_buffer *buffer)
{
    return (struct eut_arg){.buffer = buffer};
}

static struct eut_arg walk_arg(const struct ceiling_walk *walk)
{
    return (struct eut_arg){.value = walk, .value_bytes = sizeof(*walk)};
}

static int launch(struct rig *r, int kernel, const struct eut_arg *args, uint32_t count)
{
    return r->device->ops->launch(r->device, 0, r->kernel[kernel], r->groups, r->group, args,
                                  count);
}

static int wait_for(struct rig *r, uint32_t mark)
{
    int rc = r->device->ops->mark(r->device, 0, mark);

    return rc ? rc : r->device->ops->after(r->device, EUT_HOST, mark);
}

/* Elements of `buffer` begin with i * scale + add. */
static int fill(struct rig *r, struct eut_buffer *buffer, uint64_t count, uint32_t scale,
                uint32_t add)
{
    struct ceiling_walk walk = walk_over(r, count);

    walk.scale = scale;
    walk.add = add;
    return launch(r, FILL, (struct eut_arg[]){buffer_arg(buffer), walk_arg(&walk)}, 2);
}

/* The sums of all work items, added up. The mirrored sums are the device's between rows. */
static int sum_up(struct rig *r, uint64_t *sum)
{
    const uint32_t *sums = r->sums->host;
    int rc = r->device->ops->copy(r->device, 0, EUT_TO_HOST, r->sums, 0, r->sums->bytes, NULL);

    rc = rc ? rc : wait_for(r, 2);
    *sum = 0;
    for (uint32_t i = 0; rc == 0 && i < r->group * r->groups; i++) {
        *sum += sums[i];
    }
    return rc ? rc : r->device->ops->copy(r->device, 0, EUT_TO_DEVICE, r->sums, 0, 0, NULL);
}

static int check(struct rig *r, struct eut_buffer *buffer, uint64_t count, uint32_t scale,
                 uint32_t add, const char *what)
{
    struct ceiling_walk walk = walk_over(r, count);
    uint64_t wrong = 0;

    walk.scale = scale;
    walk.add = add;
    int rc = launch(
        r, WRONG, (struct eut_arg[]){buffer_arg(buffer), buffer_arg(r->sums), walk_arg(&walk)}, 3);
    rc = rc ? rc : sum_up(r, &wrong);
    return rc == 0 && wrong
               ? hr_fail(EIO, "%s: the device got %" PRIu64 " of %" PRIu64 " elements wrong", what,
                         wrong, count)
               : rc;
}

/* ---- sampling ------------------------------------------------------------------- */

/* Does the row's work `repeats` times; *s is how long that took. */
typedef int (*work_fn)(struct rig *r, uint32_t repeats, double *s);

/* Puts the kernel so often into the queue, on the device's clock. */
static int timed_launches(struct rig *r, uint32_t repeats, int kernel, const struct eut_arg *args,
                          uint32_t count, double *s)
{
    uint64_t ns = 0;
    int rc = r->device->ops->mark(r->device, 0, 0);

    for (uint32_t i = 0; rc == 0 && i < repeats; i++) {
        rc = launch(r, kernel, args, count);
    }
    rc = rc ? rc : wait_for(r, 1);
    rc = rc ? rc : r->device->ops->elapsed(r->device, 0, 1, &ns);
    *s = (double)ns * 1e-9;
    return rc;
}

static struct eut_device_ceiling *add_row(struct rig *r, const char *name, const char *unit,
                                          uint64_t bytes)
{
    struct eut_device_ceiling *row = &r->out->row[r->out->count++];

    *row = (struct eut_device_ceiling){
        .name = name, .unit = unit, .higher = strcmp(unit, "ns") != 0, .bytes = bytes};
    return row;
}

/* `amount` is what one repeat does, in the row's unit; of a time it is the number of parts that one
 * repeat has. The first two times warm up and tell how often a sample is to repeat. */
static int sample(struct rig *r, struct eut_device_ceiling *row, work_fn work, double amount)
{
    uint32_t repeats = 1;
    double s = 0;
    int rc = work(r, 1, &s);

    rc = rc ? rc : work(r, 1, &s);
    if (rc == 0 && s < r->sample_s) {
        double wanted = r->sample_s / (s > 1e-9 ? s : 1e-9);
        repeats = wanted < REPEATS_MAX ? (uint32_t)wanted + 1 : REPEATS_MAX;
    }
    for (uint32_t i = 0; rc == 0 && i < EUT_DEVICE_CEILING_SAMPLES; i++) {
        if (r->stop && r->stop()) {
            row->n = 0;
            return hr_fail(EINTR, "interrupted");
        }
        rc = work(r, repeats, &s);
        s = s > 0 ? s : 1e-9;
        row->samples[i] = row->higher ? amount * repeats / s : s * 1e9 / (amount * repeats);
    }
    row->n = rc ? 0 : EUT_DEVICE_CEILING_SAMPLES;
    return rc;
}

/* ---- rows ----------------------------------------------------------------------- */

static int copies(struct rig *r, uint32_t repeats, double *s)
{
    const struct eut_arg args[] = {buffer_arg(r->a), buffer_arg(r->b), walk_arg(&r->walk)};

    return timed_launches(r, repeats, COPY, args, 3, s);
}

static int measure_copy(struct rig *r)
{
    uint64_t quads = r->bytes / QUAD_BYTES;
    struct eut_device_ceiling *row = add_row(r, "copy", "bytes/s", 2 * r->bytes);
    int rc = fill(r, r->a, quads, 3, 7);

    rc = rc ? rc : fill(r, r->b, quads, 0, 0);
    r->walk = walk_over(r, quads);
    rc = rc ? rc : sample(r, row, copies, 2.0 * (double)r->bytes);
    return rc ? rc : check(r, r->b, quads, 3, 7, row->name);
}

static int passes(struct rig *r, uint32_t repeats, double *s)
{
    const struct eut_arg args[] = {buffer_arg(r->a), walk_arg(&r->walk)};

    r->passes += repeats;
    return timed_launches(r, repeats, LINES, args, 2, s);
}

static int measure_lines(struct rig *r, const char *name, uint32_t line_bytes)
{
    uint64_t lines = r->bytes / line_bytes;
    struct eut_device_ceiling *row = add_row(r, name, "lines/s", r->bytes);
    int rc = fill(r, r->a, r->bytes / QUAD_BYTES, 0, 0);

    r->passes = 0;
    r->walk = walk_over(r, lines);
    r->walk.bits = 63 - (uint32_t)__builtin_clzll(lines);
    r->walk.quads = line_bytes / (uint32_t)QUAD_BYTES;
    rc = rc ? rc : sample(r, row, passes, (double)lines);
    return rc ? rc : check(r, r->a, r->bytes / QUAD_BYTES, 0, r->passes, name);
}

static int steps(struct rig *r, uint32_t repeats, double *s)
{
    uint32_t count = repeats * CHASE_STEPS;
    uint64_t ns = 0;
    const struct eut_arg args[] = {
        buffer_arg(r->a), buffer_arg(r->sums), {.value = &count, .value_bytes = sizeof(count)}};
    int rc = r->device->ops->mark(r->device, 0, 0);

    rc = rc ? rc : r->device->ops->launch(r->device, 0, r->kernel[CHASE], 1, 1, args, 3);
    rc = rc ? rc : wait_for(r, 1);
    rc = rc ? rc : r->device->ops->elapsed(r->device, 0, 1, &ns);
    r->passes += count;
    *s = (double)ns * 1e-9;
    return rc;
}

static int measure_chase(struct rig *r)
{
    uint64_t lines = r->bytes / (2 * QUAD_BYTES), at = 0;
    struct eut_device_ceiling *row = add_row(r, "chase/bytes=32", "ns", r->bytes);
    uint32_t expected = 0;

    r->walk = walk_over(r, lines);
    r->walk.bits = 63 - (uint32_t)__builtin_clzll(lines);
    r->passes = 0;
    int rc = check(r, r->a, 0, 0, 0, row->name); /* of no element: leaves all sums 0 */
    rc = rc ? rc : launch(r, RING, (struct eut_arg[]){buffer_arg(r->a), walk_arg(&r->walk)}, 2);
    rc = rc ? rc : sample(r, row, steps, CHASE_STEPS);
    rc = rc ? rc : sum_up(r, &at);
    for (uint32_t i = 0; i < r->passes; i++) {
        expected = ceiling_next(expected, r->walk.bits);
    }
    return rc == 0 && at != expected ? hr_fail(EIO, "%s: the device lost its way", row->name) : rc;
}

static int pairs(struct rig *r, uint32_t repeats, double *s)
{
    const struct eut_arg args[] = {buffer_arg(r->a), buffer_arg(r->b), buffer_arg(r->sums),
                                   walk_arg(&r->walk)};

    return timed_launches(r, repeats, COMPARES, args, 4, s);
}

/* Bid i is i, every ask the same: the second half crosses. */
static int measure_compares(struct rig *r, const char *name, uint64_t quads)
{
    struct eut_device_ceiling *row = add_row(r, name, "compares/s", 2 * quads * QUAD_BYTES);
    uint64_t crossed = 0, half = quads / 2;
    int rc = fill(r, r->a, quads, 1, 0);

    rc = rc ? rc : fill(r, r->b, quads, 0, (uint32_t)half);
    r->walk = walk_over(r, quads);
    rc = rc ? rc : sample(r, row, pairs, 4.0 * (double)quads);
    rc = rc ? rc : sum_up(r, &crossed);
    if (rc == 0 && crossed != 4 * (quads - half)) {
        rc = hr_fail(EIO, "%s: the device counts %" PRIu64 " crossed pairs, there are %" PRIu64,
                     name, crossed, 4 * (quads - half));
    }
    return rc;
}

/* Between host and device: by the device's clock where the copy engine does it alone, else by the
 * host's, which pays for both. */
static int moves(struct rig *r, uint32_t repeats, bool pinned, double *s)
{
    const struct eut_device_ops *ops = r->device->ops;
    uint64_t ns = 0;
    double begin = now_s();
    int rc = ops->mark(r->device, 0, 0);

    for (uint32_t i = 0; rc == 0 && i < repeats; i++) {
        rc = ops->copy(r->device, 0, r->direction, r->mirror, 0, r->mirror->bytes,
                       pinned ? NULL : r->plain);
    }
    rc = rc ? rc : wait_for(r, 1);
    *s = now_s() - begin;
    if (rc == 0 && pinned) {
        rc = ops->elapsed(r->device, 0, 1, &ns);
        *s = (double)ns * 1e-9;
    }
    return rc;
}

static int pinned_moves(struct rig *r, uint32_t repeats, double *s)
{
    return moves(r, repeats, true, s);
}

static int pageable_moves(struct rig *r, uint32_t repeats, double *s)
{
    return moves(r, repeats, false, s);
}

static void put_pattern(uint8_t *bytes, uint64_t count, uint8_t salt)
{
    for (uint64_t i = 0; i < count; i++) {
        bytes[i] = (uint8_t)(i * 31 + (i >> 8) + salt);
    }
}

static int check_pattern(const uint8_t *bytes, uint64_t count, uint8_t salt, const char *what)
{
    for (uint64_t i = 0; i < count; i++) {
        if (bytes[i] != (uint8_t)(i * 31 + (i >> 8) + salt)) {
            return hr_fail(EIO, "%s: byte %" PRIu64 " came back wrong", what, i);
        }
    }
    return 0;
}

static int measure_moves(struct rig *r)
{
    static const char *const rows[] = {"to-device/pinned", "to-host/pinned", "to-device/pageable",
                                       "to-host/pageable"};
    uint64_t bytes = r->mirror->bytes;
    int rc = 0;

    for (int i = 0; i < 4; i++) {
        bool pinned = i < 2, out = i % 2;
        struct eut_device_ceiling *row = add_row(r, rows[i], "bytes/s", bytes);
        uint8_t *memory = pinned ? r->mirror->host : r->plain;
        if (r->device->facts.unified) {
            snprintf(row->reason, sizeof(row->reason),
                     "device and host share one memory: nothing is copied between them");
            continue;
        }
        if (out) {
            memset(memory, 0, bytes);
        } else {
            put_pattern(memory, bytes, (uint8_t)(i + 1));
        }
        r->direction = out ? EUT_TO_HOST : EUT_TO_DEVICE;
        rc = sample(r, row, pinned ? pinned_moves : pageable_moves, (double)bytes);
        /* Hands the mirror back to the host. */
        rc = rc ? rc : r->device->ops->copy(r->device, 0, EUT_TO_HOST, r->mirror, 0, 0, NULL);
        rc = rc ? rc : wait_for(r, 1);
        rc = rc || !out ? rc : check_pattern(memory, bytes, (uint8_t)i, rows[i]);
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

static int launches(struct rig *r, uint32_t repeats, double *s)
{
    const struct eut_arg args[] = {buffer_arg(r->sums)};
    uint64_t ns = 0;
    int rc = r->device->ops->mark(r->device, 0, 0);

    for (uint32_t i = 0; rc == 0 && i < repeats; i++) {
        rc = r->device->ops->launch(r->device, 0, r->kernel[NOTHING], 1, r->group, args, 1);
    }
    rc = rc ? rc : wait_for(r, 1);
    rc = rc ? rc : r->device->ops->elapsed(r->device, 0, 1, &ns);
    *s = (double)ns * 1e-9;
    return rc;
}

static int round_trips(struct rig *r, uint32_t repeats, double *s)
{
    const struct eut_arg args[] = {buffer_arg(r->sums)};
    double begin = now_s();
    int rc = 0;

    for (uint32_t i = 0; rc == 0 && i < repeats; i++) {
        rc = r->device->ops->launch(r->device, 0, r->kernel[NOTHING], 1, r->group, args, 1);
        rc = rc ? rc : wait_for(r, 1);
    }
    *s = now_s() - begin;
    return rc;
}

/* ---- all of them ---------------------------------------------------------------- */

static uint64_t power_of_two_below(uint64_t bytes)
{
    return (uint64_t)1 << (63 - __builtin_clzll(bytes | 1));
}

static void choose_sizes(struct rig *r, uint64_t bytes_max)
{
    const struct eut_device_facts *f = &r->device->facts;
    bool gpu = f->kind != EUT_DEVICE_CPU;
    uint32_t units = f->compute_units ? f->compute_units : gpu ? GPU_UNITS_UNTOLD : 1;
    uint64_t room = f->memory_free_bytes ? f->memory_free_bytes : f->memory_bytes;
    uint64_t most = gpu ? BYTES_MAX_GPU : BYTES_MAX_CPU;

    bytes_max = bytes_max ? bytes_max : room / 4 < most ? room / 4 : most;
    bytes_max = bytes_max < 3 * BYTES_MIN ? 3 * BYTES_MIN : bytes_max;
    r->bytes = power_of_two_below(bytes_max / 5 * 2); /* two arrays and the mirror */
    while (f->buffer_bytes_max && r->bytes > f->buffer_bytes_max) {
        r->bytes /= 2;
    }
    r->group = gpu && f->group_max < GPU_GROUP ? f->group_max : gpu ? GPU_GROUP : 1;
    r->groups = units * (gpu ? GPU_GROUPS_A_UNIT : CPU_ITEMS_A_UNIT);
}

static int make_room(struct rig *r)
{
    const struct eut_device_ops *ops = r->device->ops;
    uint64_t copy_bytes = r->bytes / 4 < COPY_BYTES_MAX ? r->bytes / 4 : COPY_BYTES_MAX;
    uint64_t sums = ((uint64_t)r->group * r->groups + 3) / 4 * QUAD_BYTES;
    int rc = ops->alloc(r->device, EUT_BUFFER_PRIVATE, r->bytes, &r->a);

    rc = rc ? rc : ops->alloc(r->device, EUT_BUFFER_PRIVATE, r->bytes, &r->b);
    rc = rc ? rc : ops->alloc(r->device, EUT_BUFFER_MIRRORED, sums, &r->sums);
    rc = rc ? rc : ops->alloc(r->device, EUT_BUFFER_MIRRORED, copy_bytes, &r->mirror);
    rc = rc ? rc : ops->copy(r->device, 0, EUT_TO_DEVICE, r->sums, 0, 0, NULL);
    if (rc == 0) {
        r->plain = malloc(copy_bytes);
        rc = r->plain ? 0 : hr_fail(ENOMEM, "no memory of the host for copies");
    }
    return rc;
}

static int measure_all(struct rig *r)
{
    uint64_t quads = r->bytes / QUAD_BYTES, documents = DOCUMENT_PAIRS / 4;
    int rc = measure_copy(r);

    rc = rc ? rc : measure_lines(r, "lines/bytes=64", 64);
    rc = rc ? rc : measure_lines(r, "lines/bytes=32", 32);
    rc = rc ? rc : measure_chase(r);
    rc = rc ? rc : measure_moves(r);
    rc = rc ? rc : sample(r, add_row(r, "launch", "ns", 0), launches, 1);
    rc = rc ? rc : sample(r, add_row(r, "round-trip", "ns", 0), round_trips, 1);
    rc = rc ? rc : measure_compares(r, "compares", quads);
    return rc ? rc
              : measure_compares(r, "compares/pairs=500000", documents < quads ? documents : quads);
}

int eut_device_ceilings_measure(const struct eut_device_api *api, uint32_t number, double seconds,
                                uint64_t bytes_max, bool (*stop)(void),
                                struct eut_device_ceilings *ceilings)
{
    const struct eut_kernel_source source = {
        .text = eut_kernel_ceilings_text, .defines = NULL, .names = names};
    struct rig r = {.sample_s =
                        seconds / EUT_DEVICE_CEILINGS_MAX / (EUT_DEVICE_CEILING_SAMPLES + 1),
                    .stop = stop,
                    .out = ceilings};

    memset(ceilings, 0, sizeof(*ceilings));
    int rc = eut_device_open(api, number, &r.device);
    if (rc != 0) {
        return rc;
    }
    ceilings->facts = r.device->facts;
    choose_sizes(&r, bytes_max);
    rc = r.device->ops->build(r.device, &source, r.kernel);
    rc = rc ? rc : make_room(&r);
    rc = rc ? rc : measure_all(&r);
    free(r.plain);
    r.device->ops->close(r.device);
    return rc;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double eut_device_ceiling(const struct eut_device_ceilings *ceilings, const char *name)
{
    double sorted[EUT_DEVICE_CEILING_SAMPLES];

    for (uint32_t i = 0; i < ceilings->count; i++) {
        const struct eut_device_ceiling *row = &ceilings->row[i];
        if (strcmp(row->name, name) == 0 && row->n > 0) {
            memcpy(sorted, row->samples, row->n * sizeof(sorted[0]));
            qsort(sorted, row->n, sizeof(sorted[0]), ascending);
            return sorted[row->n / 2];
        }
    }
    return 0;
}
