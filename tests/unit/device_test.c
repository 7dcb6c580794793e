/* device_test.c - the engine on a device: is it the oracle's twin however a batch is cut, and does
 * a device that fails fail clearly? On the host's own device, and on PoCL's where it is installed.
 */
#include "engine-under-test/conform.h"
#include "engine-under-test/device/device_engine.h"
#include "engine-under-test/device/device_memory.h"
#include "engine-under-test/differ.h"
#include "engine-under-test/loader.h"
#include "harness/error.h"
#include "tests/test.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- an engine of any API and shape --------------------------------------------- */

static const struct eut_device_api *api = &eut_api_host;
static struct eut_device_shape shape;

static int create(const struct eut_limits *limits, void **self)
{
    struct eut_device_engine *engine;
    int rc = eut_device_engine_open(api, 0, limits, &shape, &engine);

    *self = engine;
    return rc;
}

static struct eut_engine shaped_engine(uint32_t group, uint32_t items, uint32_t slice)
{
    struct eut_engine engine = eut_device_host;

    shape = (struct eut_device_shape){.group = group, .items = items, .slice = slice};
    engine.create = create;
    return engine;
}

/* Its cache goes into the build folder. A sanitizer would tell of PoCL's compiler, not of us. */
static void need_pocl(void)
{
    struct eut_device_answer answer;
    char cache[512];

    if (HR_SANITIZED) {
        SKIP("not under a sanitizer: it sees the driver's own leaks and races");
    }
    snprintf(cache, sizeof(cache), "%s/pocl-cache", hr_test_build());
    setenv("POCL_CACHE_DIR", cache, 1);
    eut_devices_ask(&eut_api_opencl, &answer);
    if (answer.rc) {
        SKIP("OpenCL has no device here: install PoCL");
    }
    api = &eut_api_opencl;
}

static void same_as_oracle(const struct eut_engine *engine, const struct eut_trial *trial,
                           const struct eut_request *requests, uint32_t count)
{
    struct eut_difference difference;
    int rc = eut_differ(engine, trial, requests, count, &difference);

    if (rc != 0) {
        FAIL("%u markets, batches of %u: %s; expected %s, got %s", trial->limits.markets,
             trial->limits.batch_max, rc < 0 ? hr_error() : "", difference.expected,
             difference.actual);
    }
}

static void hostile_rounds(const struct eut_engine *engine, uint64_t from, uint64_t to,
                           uint32_t count_max)
{
    for (uint64_t seed = from; seed <= to; seed++) {
        struct eut_request *requests;
        struct eut_trial trial;
        uint32_t count;

        CHECK_EQ(eut_hostile_round(seed, EUT_CAP_ALL, &trial, &requests, &count), 0);
        same_as_oracle(engine, &trial, requests, count < count_max ? count : count_max);
        free(requests);
    }
}

/* HEADROOM_DEVICE_REQUESTS=1000000 asks for more than a test that is run often. */
static uint32_t at_least(uint32_t count)
{
    const char *more = getenv("HEADROOM_DEVICE_REQUESTS");
    unsigned long wanted = more ? strtoul(more, NULL, 10) : 0;

    return wanted > count && wanted <= 100000000 ? (uint32_t)wanted : count;
}

/* So many markets, every third of them L2. */
static void hostile_markets(const struct eut_engine *engine, uint32_t markets, uint32_t count,
                            uint64_t levels)
{
    const struct eut_hostile kind = {
        .markets = markets, .l2_markets = markets / 3, .full_range = true, .bad_codes = true};
    const struct eut_trial trial = {.limits = {.struct_size = sizeof(struct eut_limits),
                                               .markets = markets,
                                               .l2_markets = markets / 3,
                                               .batch_max = 16384,
                                               .orders = 100000,
                                               .levels = levels},
                                    .sink_room = 1000,
                                    .check_every = markets > 100 ? 0 : count / 3};
    struct eut_request *requests = malloc(count * sizeof(*requests));

    CHECK(requests != NULL);
    for (uint64_t seed = 1; seed <= (api == &eut_api_host ? 3 : 1); seed++) {
        eut_hostile_fill(&kind, seed, requests, count);
        same_as_oracle(engine, &trial, requests, count);
    }
    free(requests);
}

/* ---- right, however it is cut --------------------------------------------------- */

TEST(device, slices_of_any_size_give_the_same)
{
    static const uint32_t slices[] = {1, 9, 20, 64, 1000};

    for (size_t i = 0; i < sizeof(slices) / sizeof(*slices); i++) {
        struct eut_engine engine = shaped_engine(0, 0, slices[i]);

        hostile_rounds(&engine, 100 * i, 100 * i + 7, 5000);
    }
}

TEST(device, market_counts)
{
    struct eut_engine engine = shaped_engine(0, 0, 4096);

    hostile_markets(&engine, 1, at_least(20000), 100000);
    hostile_markets(&engine, 1000, at_least(20000), 100000);
    hostile_markets(&engine, 100000, at_least(20000), 100000);
}

/* Sometimes side by side, sometimes in arrival order, as the limits come and go. */
TEST(device, limits_that_are_met_over_and_over)
{
    static const uint64_t levels[] = {1, 63, 64, 65, 200, 1000};

    for (size_t i = 0; i < sizeof(levels) / sizeof(*levels); i++) {
        struct eut_engine engine = shaped_engine(0, 0, 500);

        hostile_markets(&engine, 50, 5000, levels[i]);
    }
}

/* One taker's events do not fit the window in which they leave the device. */
TEST(device, a_sweep_leaves_in_several_windows)
{
    enum { MAKERS = 1000 };
    struct eut_engine engine = shaped_engine(0, 0, 4);
    const struct eut_trial trial = {.limits = {.struct_size = sizeof(struct eut_limits),
                                               .markets = 2,
                                               .batch_max = 100,
                                               .orders = MAKERS,
                                               .levels = MAKERS},
                                    .sink_room = EUT_SINK_ROOM_MIN};
    struct eut_request requests[MAKERS + 3];

    for (uint32_t i = 0; i < MAKERS + 3; i++) {
        requests[i] = (struct eut_request){.order = i + 1,
                                           .op = EUT_NEW,
                                           .side = EUT_SELL,
                                           .type = EUT_LIMIT,
                                           .tif = EUT_DAY,
                                           .price = 100 + i % 300,
                                           .qty = 2};
    }
    requests[MAKERS].side = EUT_BUY;
    requests[MAKERS].price = 500;
    requests[MAKERS].qty = 2 * MAKERS + 1;
    requests[MAKERS + 1].market = 1;
    same_as_oracle(&engine, &trial, requests, MAKERS + 3);
}

/* Levels come and go at both ends and in the middle, so that chunks split, thin out and merge. */
TEST(device, levels_grow_and_thin_out)
{
    enum { COUNT = 30000 };
    struct eut_engine engine = shaped_engine(0, 0, 0);
    const struct eut_trial trial = {.limits = {.struct_size = sizeof(struct eut_limits),
                                               .markets = 2,
                                               .l2_markets = 2,
                                               .batch_max = 1000,
                                               .levels = 600},
                                    .sink_room = EUT_SINK_ROOM_MIN,
                                    .check_every = 1000};
    struct eut_request *requests = calloc(COUNT, sizeof(*requests));
    uint32_t state = 1;

    CHECK(requests != NULL);
    for (uint32_t i = 0; i < COUNT; i++) {
        uint32_t ebb = i / 3000 % 2, draw;

        state = state * 1664525u + 1013904223u;
        draw = state >> 8;
        requests[i] = (struct eut_request){.op = EUT_QUOTE,
                                           .market = draw & 1,
                                           .side = draw & 2 ? EUT_BUY : EUT_SELL,
                                           .qty = draw >> 2 & 7,
                                           .price = 1000 + (draw >> 5) % 400};
        requests[i].price += requests[i].side == EUT_SELL ? 400 : 0;
        requests[i].qty = (draw >> 16) % 10 < (ebb ? 8 : 3) ? 0 : 1 + requests[i].qty;
    }
    same_as_oracle(&engine, &trial, requests, COUNT);
    free(requests);
}

static void drop(struct eut_sink *sink)
{
    sink->count = 0;
}

/* The same flow, submitted and resident: events counted and digest alike. */
static void resident_is_the_same(uint32_t batch)
{
    enum { COUNT = 10000 };
    const struct eut_hostile kind = {.markets = 100, .l2_markets = 30};
    const struct eut_limits limits = {.struct_size = sizeof(limits),
                                      .markets = 100,
                                      .l2_markets = 30,
                                      .batch_max = 4096,
                                      .orders = 20000,
                                      .levels = 20000};
    struct eut_event room[EUT_SINK_ROOM_MIN];
    struct eut_sink sink = {.events = room, .room = EUT_SINK_ROOM_MIN, .flush = drop};
    struct eut_request *requests = malloc(COUNT * sizeof(*requests));
    struct eut_device_engine *engine[2];
    struct eut_device_times times;
    uint64_t digest[2], events, ns;
    uint32_t batches = (COUNT + batch - 1) / batch;

    CHECK(requests != NULL);
    eut_hostile_fill(&kind, 5, requests, COUNT);
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(eut_device_engine_open(api, 0, &limits, &shape, &engine[i]), 0);
    }
    for (uint32_t at = 0; at < COUNT; at += 2500) {
        CHECK_EQ(eut_device_engine_submit(engine[0], requests + at, 2500, &sink), 0);
    }
    CHECK_EQ(eut_device_engine_load(engine[1], requests, COUNT, batch), 0);
    CHECK_EQ(eut_device_engine_resident(engine[1], 0, batches, &events, &ns), 0);
    CHECK(ns > 0);
    CHECK_EQ(eut_device_engine_digest(engine[0], &digest[0]), 0);
    CHECK_EQ(eut_device_engine_digest(engine[1], &digest[1]), 0);
    CHECK_EQ(digest[0], digest[1]);
    eut_device_engine_times(engine[0], &times);
    CHECK_EQ(times.events, events);
    CHECK_EQ(times.requests, COUNT);
    CHECK_EQ(eut_device_engine_resident(engine[1], batches, 1, &events, &ns), -EINVAL);
    CHECK_EQ(eut_device_engine_load(engine[1], requests, COUNT, 5000), -EINVAL);
    for (int i = 0; i < 2; i++) {
        eut_device_engine_close(engine[i]);
    }
    free(requests);
}

TEST(device, resident_batches_are_the_same)
{
    shape = (struct eut_device_shape){0};
    resident_is_the_same(4096);
    resident_is_the_same(999);
}

static uint64_t bytes_of(uint32_t markets, uint64_t orders, uint64_t levels)
{
    const struct eut_limits limits = {.struct_size = sizeof(limits),
                                      .markets = markets,
                                      .batch_max = 64,
                                      .orders = orders,
                                      .levels = levels};
    struct eut_device_engine *engine;
    uint64_t sum = 0;

    CHECK_EQ(eut_device_engine_open(&eut_api_host, 0, &limits, NULL, &engine), 0);
    for (const struct eut_device_part *p = eut_device_engine_memory(engine); p->name; p++) {
        sum += p->bytes;
    }
    eut_device_engine_close(engine);
    return sum;
}

/* What NOTES.md says of an order, a level and a market. */
TEST(device, memory_is_as_promised)
{
    const uint64_t least = bytes_of(1000, 100000, 100000);

    CHECK_EQ((bytes_of(1000, 200000, 100000) - least) / 100000, 93);
    CHECK_EQ((bytes_of(1000, 100000, 200000) - least) / 100000, 54);
    CHECK_EQ((bytes_of(2000, 100000, 100000) - least) / 1000, 32 + 160 + 2 * (128 + 8));
}

/* ---- PoCL ----------------------------------------------------------------------- */

TEST(device, opencl_answers_as_the_oracle)
{
    struct eut_engine engine = shaped_engine(0, 0, 2048);

    need_pocl();
    hostile_rounds(&engine, 1, 12, 1000);
    hostile_markets(&engine, 1, at_least(5000), 100000);
    hostile_markets(&engine, 1000, at_least(10000), 100000);
    hostile_markets(&engine, 100000, at_least(10000), 100000);
    resident_is_the_same(1000);
}

/* Groups and tiles as a GPU has them: races and barriers within a group. */
TEST(device, opencl_in_groups_of_a_gpu)
{
    struct eut_engine engine;

    need_pocl();
    engine = shaped_engine(256, 8, 0);
    hostile_rounds(&engine, 20, 25, 1000);
    engine = shaped_engine(128, 16, 0);
    hostile_markets(&engine, 1000, 20000, 300);
    engine = shaped_engine(64, 3, 1000);
    hostile_markets(&engine, 1000, 10000, 100000);
    engine = shaped_engine(37, 5, 333);
    hostile_markets(&engine, 31, 5000, 100000);
}

TEST(device, opencl_says_what_does_not_compile)
{
    static const char *const names[] = {"broken", NULL};
    const struct eut_kernel_source source = {
        .text = "__kernel void broken(__global int *a)\n{\n    a[0] = nonsense;\n}\n",
        .names = names};
    struct eut_kernel *kernel;
    struct eut_device *device;

    need_pocl();
    CHECK_EQ(api->open(0, &device), 0);
    CHECK_EQ(device->ops->build(device, &source, &kernel), -EINVAL);
    if (!strstr(hr_error(), "nonsense") || strchr(hr_error(), '\n')) {
        FAIL("%s", hr_error());
    }
    CHECK(strstr(device->ops->build_log(device), "nonsense") != NULL);
    device->ops->close(device);
}

/* ---- devices that fail ---------------------------------------------------------- */

/* The host's device, but the n-th call of a kind fails. */
static struct {
    struct eut_device_ops ops;
    const struct eut_device_ops *good;
    int alloc_fails, launch_fails, build_fails; /* at this call, from 1; 0: never */
    int opened;
} faulty;

static int faulty_alloc(struct eut_device *device, enum eut_buffer_kind kind, uint64_t bytes,
                        struct eut_buffer **buffer)
{
    *buffer = NULL;
    return --faulty.alloc_fails == 0 ? hr_fail(ENOMEM, "faulty: out of memory")
                                     : faulty.good->alloc(device, kind, bytes, buffer);
}

static int faulty_launch(struct eut_device *device, uint32_t queue, struct eut_kernel *kernel,
                         uint32_t groups, uint32_t size, const struct eut_arg *args, uint32_t count)
{
    return --faulty.launch_fails == 0
               ? hr_fail(ENODEV, "faulty: the device is lost")
               : faulty.good->launch(device, queue, kernel, groups, size, args, count);
}

static int faulty_build(struct eut_device *device, const struct eut_kernel_source *source,
                        struct eut_kernel **kernels)
{
    return --faulty.build_fails == 0 ? hr_fail(EINVAL, "faulty: line 7: error: does not compile")
                                     : faulty.good->build(device, source, kernels);
}

static int faulty_open(uint32_t number, struct eut_device **device)
{
    int rc = eut_api_host.open(number, device);

    if (rc == 0) {
        faulty.opened++;
        faulty.good = (*device)->ops;
        faulty.ops = *faulty.good;
        faulty.ops.alloc = faulty_alloc;
        faulty.ops.launch = faulty_launch;
        faulty.ops.build = faulty_build;
        (*device)->ops = &faulty.ops;
    }
    return rc;
}

static int crashing_list(struct eut_device_facts *facts, uint32_t room, uint32_t *count)
{
    (void)facts, (void)room, (void)count;
    abort();
}

static const struct eut_device_api faulty_api = {
    .name = "faulty", .survives_fork = true, .list = crashing_list, .open = faulty_open};
/* Of its own, so that no device with compiled kernels lies idle. */
static const struct eut_device_api uncompiled_api = {
    .name = "uncompiled", .survives_fork = true, .list = crashing_list, .open = faulty_open};
static const struct eut_limits small = {.struct_size = sizeof(struct eut_limits),
                                        .markets = 3,
                                        .l2_markets = 1,
                                        .batch_max = 10,
                                        .orders = 10,
                                        .levels = 10};

TEST(device, no_memory_at_any_buffer_is_one_clear_line)
{
    struct eut_device_engine *engine = NULL;
    int n = 0, rc;

    do {
        hr_error_clear();
        faulty.alloc_fails = ++n;
        rc = eut_device_engine_open(&faulty_api, 0, &small, NULL, &engine);
        CHECK(rc == 0 || (rc == -ENOMEM && !engine));
        CHECK(rc == 0 || strstr(hr_error(), "faulty: out of memory"));
    } while (rc != 0 && n < 100);
    CHECK(n > 10 && n < 100);
    faulty.alloc_fails = 0;
    eut_device_engine_close(engine);
}

TEST(device, a_kernel_that_does_not_compile_says_so)
{
    struct eut_device_engine *engine;

    faulty.build_fails = 1;
    CHECK_EQ(eut_device_engine_open(&uncompiled_api, 0, &small, NULL, &engine), -EINVAL);
    CHECK_STR(hr_error(), "faulty: line 7: error: does not compile");
    CHECK(!engine);
}

TEST(device, a_lost_device_ends_the_engine)
{
    struct eut_request requests[10];
    struct eut_event room[EUT_SINK_ROOM_MIN];
    struct eut_sink sink = {.events = room, .room = EUT_SINK_ROOM_MIN, .flush = drop};

    for (uint32_t i = 0; i < 10; i++) {
        requests[i] = (struct eut_request){.order = i + 1, .op = EUT_CANCEL, .market = i % 2};
    }
    for (int n = 1; n < 40; n++) {
        struct eut_device_engine *engine;
        uint64_t digest;

        CHECK_EQ(eut_device_engine_open(&faulty_api, 0, &small, NULL, &engine), 0);
        faulty.launch_fails = n;
        if (eut_device_engine_submit(engine, requests, 10, &sink) == 0) {
            CHECK(n > 15);
            faulty.launch_fails = 1;
            CHECK_EQ(eut_device_engine_submit(engine, requests, 10, &sink), -ENODEV);
        }
        CHECK_STR(hr_error(), "faulty: the device is lost");
        CHECK_EQ(eut_device_engine_submit(engine, requests, 10, &sink), -ENODEV);
        CHECK_EQ(eut_device_engine_digest(engine, &digest), -ENODEV);
        eut_device_engine_close(engine);
    }
}

/* Not only in a batch: it is dead then, and the next engine has another one. */
TEST(device, a_device_lost_while_asked_is_not_kept)
{
    struct eut_request request = {.order = 1, .op = EUT_CANCEL};
    struct eut_event room[EUT_SINK_ROOM_MIN];
    struct eut_sink sink = {.events = room, .room = EUT_SINK_ROOM_MIN, .flush = drop};

    for (int i = 0; i < 2; i++) {
        struct eut_device_engine *engine;
        uint64_t digest;
        int opened;

        CHECK_EQ(eut_device_engine_open(&faulty_api, 0, &small, NULL, &engine), 0);
        opened = faulty.opened;
        faulty.launch_fails = 1;
        CHECK_EQ(i ? eut_device_engine_digest(engine, &digest)
                   : eut_device_engine_walk(engine, 0, NULL, NULL),
                 -ENODEV);
        CHECK_EQ(eut_device_engine_submit(engine, &request, 1, &sink), -ENODEV);
        CHECK_EQ(eut_device_engine_load(engine, &request, 1, 1), -ENODEV);
        eut_device_engine_close(engine);
        CHECK_EQ(eut_device_engine_open(&faulty_api, 0, &small, NULL, &engine), 0);
        CHECK_EQ(faulty.opened, opened + 1);
        eut_device_engine_close(engine);
    }
}

static int open_wide(uint32_t number, struct eut_device **device)
{
    int rc = eut_api_host.open(number, device);

    if (rc == 0) {
        (*device)->facts.group_max = 1024;
    }
    return rc;
}

TEST(device, counts_of_a_group_fit_shared_memory)
{
    const struct eut_device_api wide = {.name = "wide", .open = open_wide};

    for (uint32_t group = 2; group <= 1024; group += 2) {
        const struct eut_device_shape wanted = {.group = group, .items = 16};
        struct eut_open_device *open;

        CHECK_EQ(eut_open_device_get(&wide, 0, &wanted, &open), 0);
        CHECK_EQ(open->group, group);
        CHECK(open->digit_bits > 0 && 4 * open->group << open->digit_bits <= 16384);
        eut_open_device_put(open, true);
    }
}

TEST(device, a_driver_that_crashes_is_asked_in_a_child)
{
    struct eut_device_answer answer;

    eut_devices_ask(&faulty_api, &answer);
    CHECK_EQ(answer.rc, -EIO);
    CHECK(strstr(answer.why, "crashes with signal 6") != NULL);
    eut_devices_ask(&eut_api_host, &answer);
    CHECK_EQ(answer.rc, 0);
    CHECK_EQ(answer.count, 1);
    CHECK_STR(answer.facts[0].api, "host");
}

TEST(device, an_engine_without_a_device_is_not_there)
{
    for (int i = 0; eut_device_engines[i]; i++) {
        struct eut_handle handle;
        int rc = eut_open(&handle, eut_device_engines[i]->name);

        CHECK(rc == 0 || rc == -ENODEV);
        CHECK((rc == 0) == (handle.engine != NULL));
        CHECK(rc == 0 || strstr(hr_error(), ": no device: "));
        eut_close(&handle);
    }
}

/* PoCL's threads would be missing in a child, and its first wait would never end. */
TEST(device, a_driver_in_use_is_not_used_in_a_child)
{
    struct eut_device *device;
    int status = 0;
    pid_t child;

    need_pocl();
    CHECK_EQ(eut_device_open(api, 0, &device), 0);
    child = fork();
    if (child == 0) {
        struct eut_device *other;
        int rc = eut_device_open(api, 0, &other);

        _exit(rc == -ENOTSUP && strstr(hr_error(), "before this process was forked") ? 0 : 1);
    }
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status));
    CHECK_EQ(WEXITSTATUS(status), 0);
    device->ops->close(device);
}
