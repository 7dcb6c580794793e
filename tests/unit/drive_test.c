/* The measuring loops on fake paths and a clock that only moves when the test says so. */
#include "harness/drive.h"

#include "harness/clock.h"
#include "tests/test.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

/* A path that takes service_ticks a request of its own time; asynchronous if depth > 0, with room
 * for `depth` batches. */
struct hr_path {
    uint64_t now, service_ticks, free_at;
    uint32_t depth, head, tail;
    uint64_t ready_at[64], counts[64];
    uint64_t stall_at, stall_ticks; /* the request with which all stands still, and how long */
    uint64_t idle_step;             /* how far the clock moves when it is read */
    uint64_t submitted;
    bool broken;
};

static uint64_t fake_now(void *context)
{
    struct hr_path *p = context;

    p->now += p->idle_step;
    return p->now;
}

static enum hr_submit fake_submit(struct hr_path *p, const struct eut_request *requests,
                                  uint32_t count)
{
    (void)requests;
    if (p->broken) {
        return HR_BROKEN;
    }
    if (p->tail - p->head >= (p->depth ? p->depth : 1)) {
        return HR_BUSY;
    }
    p->free_at = (p->free_at > p->now ? p->free_at : p->now) + count * p->service_ticks;
    if (p->stall_ticks && p->submitted <= p->stall_at && p->stall_at < p->submitted + count) {
        p->free_at += p->stall_ticks;
    }
    if (p->depth == 0) {
        p->now = p->free_at;
    }
    p->ready_at[p->tail % 64] = p->free_at;
    p->counts[p->tail++ % 64] = count;
    p->submitted += count;
    return p->depth ? HR_QUEUED : HR_DONE;
}

static int fake_collect(struct hr_path *p, struct hr_answer *answer)
{
    if (p->head == p->tail || p->ready_at[p->head % 64] > p->now) {
        p->now += p->depth ? 1 : 0;
        return 0;
    }
    *answer = (struct hr_answer){.events_total = p->counts[p->head++ % 64], .trades = 1};
    return 1;
}

static const struct hr_path_ops fake = {
    .name = "fake", .submit = fake_submit, .collect = fake_collect};

#define ORDERS 1000u
static struct eut_request requests[ORDERS];

TEST(drive, batches_are_all_answered)
{
    for (uint32_t depth = 0; depth < 4; depth++) {
        struct hr_path path = {.service_ticks = 3, .depth = depth};
        struct hr_drive drive = {&fake, &path, 32};
        struct hr_drive_sum sum;

        hr_clock_init();
        CHECK_EQ(hr_drive_batches(&drive, requests, ORDERS, &sum), 0);
        CHECK_EQ(sum.requests, ORDERS);
        CHECK_EQ(sum.events, ORDERS);
        CHECK_EQ(path.submitted, ORDERS);
        CHECK_EQ(sum.trades, (ORDERS + 31) / 32);
        CHECK(depth == 0 || sum.busy > 0);
    }
}

TEST(drive, broken_path_is_an_error)
{
    struct hr_path path = {.broken = true};
    struct hr_drive drive = {&fake, &path, 32};
    struct hr_drive_sum sum;
    uint64_t samples[4];

    CHECK_EQ(hr_drive_batches(&drive, requests, ORDERS, &sum), -EIO);
    CHECK_EQ(hr_drive_each(&drive, requests, 4, samples, &sum), -EIO);
}

TEST(drive, classes)
{
    static const struct {
        struct eut_request request;
        uint64_t trades;
        enum hr_order_class class;
    } rows[] = {
        {{.op = EUT_NEW, .type = EUT_LIMIT, .tif = EUT_DAY}, 0, HR_CLASS_PASSIVE},
        {{.op = EUT_NEW, .type = EUT_LIMIT, .tif = EUT_DAY}, 2, HR_CLASS_TAKER},
        {{.op = EUT_NEW, .type = EUT_LIMIT, .tif = EUT_POST}, 0, HR_CLASS_PASSIVE},
        {{.op = EUT_NEW, .type = EUT_LIMIT, .tif = EUT_IOC}, 0, HR_CLASS_TAKER},
        {{.op = EUT_NEW, .type = EUT_LIMIT, .tif = EUT_FOK}, 0, HR_CLASS_TAKER},
        {{.op = EUT_NEW, .type = EUT_MARKET, .tif = EUT_DAY}, 0, HR_CLASS_TAKER},
        {{.op = EUT_CANCEL}, 0, HR_CLASS_CANCEL},
        {{.op = EUT_REPLACE}, 0, HR_CLASS_REPLACE},
        {{.op = EUT_REPLACE}, 1, HR_CLASS_TAKER},
        {{.op = EUT_QUOTE}, 0, HR_CLASS_QUOTE},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        CHECK_EQ(hr_class_of(&rows[i].request, rows[i].trades), rows[i].class);
    }
}

/* Runs the open loop on the fake path and accounts for it; ticks. */
static struct hr_open_account open_run(struct hr_path *path, uint32_t batch, const uint64_t *due,
                                       uint64_t budget, struct hr_histogram *latency,
                                       struct hr_histogram *service)
{
    static struct hr_open_batch log[ORDERS];
    struct hr_drive drive = {&fake, path, batch};
    struct hr_timer timer = {fake_now, path};
    struct hr_open_account account;
    struct hr_drive_sum sum;
    uint64_t batches;

    hr_clock_init();
    CHECK_EQ(hr_drive_open(&drive, requests, ORDERS, due, &timer, log, &batches, &sum), 0);
    CHECK_EQ(sum.requests, ORDERS);
    CHECK_EQ(sum.events, ORDERS);
    hr_open_account(log, batches, due, budget, latency, service, &account);
    CHECK_EQ(hr_histogram_count(latency), ORDERS);
    CHECK_EQ(hr_histogram_count(service), ORDERS);
    return account;
}

TEST(drive, latency_counts_from_the_due_time)
{
    static uint64_t due[ORDERS];
    struct hr_histogram *latency = hr_histogram_new(), *service = hr_histogram_new();
    /* All due at once, one at a time: the last waits for all before it. */
    struct hr_path path = {.service_ticks = 100000, .idle_step = 1};
    struct hr_open_account account = open_run(&path, 1, due, 1000, latency, service);

    CHECK(hr_histogram_max(latency) >= hr_ticks_to_ns(99000000));
    CHECK(hr_histogram_max(service) <= hr_ticks_to_ns(101000));
    CHECK_EQ(account.late, 0); /* a busy engine is latency, not a late generator */
    CHECK_EQ(account.backlog_max, ORDERS);
    hr_histogram_free(latency);
    hr_histogram_free(service);
}

/* One stall while orders come at a steady pace: every order that was due in it pays its part, not
 * only the one that hit it (coordinated omission). */
TEST(drive, a_stall_is_paid_by_all_who_came_in_it)
{
    static const uint32_t depths[] = {0, 8};
    static uint64_t due[ORDERS];
    const uint64_t pace = 100000, stalled = 200;

    for (uint32_t i = 0; i < ORDERS; i++) {
        due[i] = i * pace + 1;
    }
    for (size_t k = 0; k < sizeof(depths) / sizeof(depths[0]); k++) {
        struct hr_histogram *latency = hr_histogram_new(), *service = hr_histogram_new();
        struct hr_path path = {.service_ticks = 10,
                               .idle_step = 1000,
                               .depth = depths[k],
                               .stall_at = 400,
                               .stall_ticks = stalled * pace};
        struct hr_open_account account = open_run(&path, 1, due, 60000, latency, service);
        uint64_t half = hr_histogram_count_above(latency, hr_ticks_to_ns(stalled * pace / 2));

        CHECK(half >= stalled / 2 - 4 && half <= stalled / 2 + 4);
        CHECK(hr_histogram_count_above(latency, hr_ticks_to_ns(2 * pace)) >= stalled - 8);
        CHECK(hr_histogram_count_above(service, hr_ticks_to_ns(2 * pace)) <= 8 + 1);
        CHECK_EQ(account.late, 0);
        CHECK(account.backlog_max >= stalled - 2);
        hr_histogram_free(latency);
        hr_histogram_free(service);
    }
}

TEST(drive, a_stalled_generator_is_late)
{
    static uint64_t due[ORDERS];
    struct hr_histogram *latency = hr_histogram_new(), *service = hr_histogram_new();
    struct hr_path path = {.service_ticks = 10, .idle_step = 50000};
    struct hr_open_account account;

    for (uint32_t i = 0; i < ORDERS; i++) {
        due[i] =
            (uint64_t)i * 100000 + 1; /* the clock is read every 50 000 ticks: up to that late */
    }
    account = open_run(&path, 1, due, 60000, latency, service);
    CHECK_EQ(account.late, 0);
    hr_histogram_reset(latency);
    hr_histogram_reset(service);
    path = (struct hr_path){.service_ticks = 10, .idle_step = 50000};
    account = open_run(&path, 1, due, 1000, latency, service);
    CHECK(account.late > ORDERS / 2);
    CHECK(account.late_max_ns >= hr_ticks_to_ns(40000));
    hr_histogram_free(latency);
    hr_histogram_free(service);
}

TEST(drive, back_pressure_is_no_lateness)
{
    static uint64_t due[ORDERS];
    struct hr_histogram *latency = hr_histogram_new(), *service = hr_histogram_new();
    struct hr_path path = {.service_ticks = 5000, .idle_step = 1, .depth = 2};
    struct hr_open_account account = open_run(&path, 4, due, 10, latency, service);

    /* Only what was first offered late counts; the path said BUSY to the rest. */
    CHECK(account.late <= 8);
    CHECK(hr_histogram_max(latency) >= hr_ticks_to_ns((uint64_t)5000 * (ORDERS - 8)));
    hr_histogram_free(latency);
    hr_histogram_free(service);
}
