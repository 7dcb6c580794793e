/* flow_test.c - is the flow what its parameters say, the same every time, and playable? The books
 * are the oracle's. */
#include "engine-under-test/loader.h"
#include "harness/error.h"
#include "harness/flow.h"
#include "harness/progress.h"
#include "harness/random.h"
#include "tests/test.h"

#include <errno.h>
#include <signal.h>

#define GOLDEN_SHA256 "884c57bf6eb7e06eda4e69e1b4743aac23919aa842fd00bae8bc24cf27429534"

static const struct eut_engine *oracle(void)
{
    static struct eut_handle handle;

    if (!handle.engine && eut_open(&handle, "oracle")) {
        FAIL("%s", hr_error());
    }
    return handle.engine;
}

static struct hr_flow_params params_of(uint32_t markets, uint32_t levels, uint32_t each)
{
    struct hr_flow_params p;

    hr_flow_defaults(&p);
    p.markets = markets;
    p.levels = levels;
    p.orders_per_level = each;
    return p;
}

/* What a tape holds and leaves, seen from outside: by playing it to the oracle one by one. */
struct seen {
    uint64_t ioc, fok, market, post, day, crossed;
    uint64_t orders, levels, l2_levels, far, requests;
    int64_t open[2], open_at_load[2];
    uint64_t digest, digest_load;
};

struct walked {
    struct seen *seen;
    int64_t *open;
    uint32_t price;
    uint8_t side;
    bool l2;
};

static int walk_one(void *context, const struct eut_resting *r)
{
    struct walked *w = context;
    bool new_level = r->price != w->price || r->side != w->side;

    w->price = r->price;
    w->side = r->side;
    if (w->l2) {
        w->seen->l2_levels++;
        return 0;
    }
    w->open[r->side == EUT_SELL] += r->qty;
    w->seen->orders++;
    w->seen->levels += new_level;
    w->seen->far += r->price < 10 || r->price > EUT_PRICE_MAX - 10;
    return 0;
}

static void walk_all(void *self, const struct eut_limits *limits, struct seen *seen,
                     int64_t open[2])
{
    seen->orders = seen->levels = seen->l2_levels = seen->far = 0;
    for (uint32_t m = 0; m < limits->markets; m++) {
        struct walked w = {seen, open, 0, 0, m >= limits->markets - limits->l2_markets};

        CHECK_EQ(oracle()->walk(self, m, walk_one, &w), 0);
    }
}

static struct seen play(const struct hr_tape *tape)
{
    struct eut_limits limits = hr_flow_limits(&tape->params, 1);
    struct eut_event events[EUT_SINK_ROOM_MIN * 64];
    struct eut_sink sink = {events, 0, EUT_SINK_ROOM_MIN * 64, NULL, NULL};
    struct seen seen = {0};
    void *self;

    CHECK_EQ(oracle()->create(&limits, &self), 0);
    for (uint64_t i = 0; i < tape->load + tape->steady; i++) {
        const struct eut_request *r = &tape->requests[i];

        sink.count = 0;
        CHECK_EQ(oracle()->submit(self, r, 1, &sink), 0);
        if (i + 1 == tape->load) {
            walk_all(self, &limits, &seen, seen.open_at_load);
            seen.digest_load = oracle()->digest(self);
        }
        if (i < tape->load || r->op != EUT_NEW) {
            continue;
        }
        if (r->type == EUT_MARKET) {
            seen.market++;
        } else if (r->tif == EUT_IOC) {
            seen.ioc++;
        } else if (r->tif == EUT_FOK) {
            seen.fok++;
        } else if (r->tif == EUT_POST) {
            seen.post++;
        } else {
            seen.day++;
            seen.crossed += sink.count && events[0].kind == EUT_TRADE;
        }
    }
    walk_all(self, &limits, &seen, seen.open);
    seen.digest = oracle()->digest(self);
    oracle()->destroy(self);
    return seen;
}

static struct hr_tape record(const struct hr_flow_params *params, uint64_t steady)
{
    struct hr_tape tape;

    if (hr_tape_record(&tape, params, steady, oracle(), NULL, NULL)) {
        FAIL("%s", hr_error());
    }
    return tape;
}

/* Whatever the parameters: playable within the limits, few rejects, quantities add up, books of the
 * asked size. */
static void check_any(const struct hr_tape *tape, const struct seen *seen)
{
    const struct hr_flow_counts *c = &tape->counts;
    const struct hr_flow_params *p = &tape->params;
    struct eut_limits limits = hr_flow_limits(p, 1);
    double n = (double)tape->steady, l3 = limits.markets - limits.l2_markets;
    double target = l3 * 2 * p->levels * p->orders_per_level;

    CHECK_EQ(c->requests, tape->steady);
    CHECK_EQ(c->news + c->cancels + c->replaces + c->quotes, tape->steady);
    CHECK_EQ(c->rejected_by[EUT_CAPACITY], 0);
    CHECK_EQ(c->rejected_by[EUT_DUPLICATE], 0);
    CHECK_EQ(c->rejected_by[EUT_UNKNOWN_ORDER] + c->rejected_by[EUT_WOULD_CROSS], c->rejected);
    CHECK((double)c->rejected < 0.01 * n);
    CHECK_EQ(seen->digest, tape->digest);
    CHECK_EQ(seen->digest_load, tape->digest_load);
    for (int side = 0; side < 2 && l3 > 0; side++) {
        int64_t grown =
            (int64_t)(c->qty_submitted[side] - c->qty_traded[side] - c->qty_cancelled[side]);

        CHECK_EQ(seen->open[side] - seen->open_at_load[side], grown);
    }
    CHECK_NEAR((double)seen->orders, target, 0.1 * target);
    CHECK_NEAR((double)seen->l2_levels, 2.0 * limits.l2_markets * p->levels,
               0.45 * 2 * limits.l2_markets * p->levels);
}

TEST(flow, default_mix_is_that_of_a_liquid_market)
{
    struct hr_flow_params p = params_of(20, 10, 10);
    struct hr_tape tape = record(&p, 200000);
    struct seen seen = play(&tape);
    double n = (double)tape.steady;

    check_any(&tape, &seen);
    CHECK_EQ(tape.load, 20 * 200);
    CHECK_NEAR((double)(seen.day + seen.post) / n, 0.48, 0.03);
    CHECK_NEAR((double)tape.counts.cancels / n, 0.42, 0.03);
    CHECK_NEAR((double)tape.counts.replaces / n, p.share_replace, 0.003);
    CHECK_NEAR((double)seen.ioc / n, p.share_ioc, 0.003);
    CHECK_NEAR((double)seen.fok / n, p.share_fok, 0.002);
    CHECK_NEAR((double)seen.market / n, p.share_market, 0.002);
    CHECK_NEAR((double)seen.post / (double)(seen.day + seen.post), 0.03 / 0.45, 0.01);
    CHECK_NEAR((double)seen.crossed / (double)seen.day, p.crossing, 0.003);
    CHECK_NEAR((double)seen.levels / 20 / 2, 11, 1.5);
    CHECK(tape.counts.cancelled_by[EUT_STP] > 0);
    CHECK((double)tape.counts.cancelled_by[EUT_STP] < 0.001 * n);
    CHECK(tape.counts.trades > tape.steady / 20);
    hr_tape_free(&tape);
}

TEST(flow, every_parameter_comes_out)
{
    struct variant {
        const char *what;
        struct hr_flow_params p;
        double crossed, levels; /* expected, < 0: not looked at */
    } v[] = {
        {"one market", params_of(1, 10, 10), 0.02, 11},
        {"tiny books", params_of(50, 2, 2), 0.02, -1},
        {"one order a level", params_of(10, 20, 1), 0.02, 16},
        {"deep", params_of(4, 100, 5), 0.02, 102},
        {"half crossing", params_of(50, 10, 10), 0.5, -1},
        {"half L2", params_of(20, 5, 8), 0.02, -1},
        {"all L2", params_of(8, 10, 4), -1, -1},
        {"dense ids", params_of(10, 10, 5), 0.02, -1},
        {"full range", params_of(10, 10, 5), 0.02, -1},
        {"zipf", params_of(40, 5, 5), 0.02, -1},
        {"low prices", params_of(10, 8, 5), 0.02, -1},
        {"one lot", params_of(10, 10, 5), 0.02, -1},
        {"swinging", params_of(10, 10, 5), -1, -1},
        {"swinging L2", params_of(10, 10, 5), -1, -1},
        {"nudged", params_of(10, 10, 5), -1, -1},
        {"few are taken", params_of(10, 10, 5), 0.02, -1},
    };

    v[4].p.crossing = 0.5;
    v[5].p.l2_share = 0.5;
    v[6].p.l2_share = 1;
    v[7].p.ids = HR_IDS_DENSE;
    v[8].p.price_full = true;
    v[9].p.zipf = 1.1;
    v[10].p.price_mid = 4 * 8 + 64;
    v[10].p.walk = 0.3;
    v[11].p.qty_mean = 1;
    v[11].p.accounts = 0;
    v[12].p.swing = v[13].p.swing = 0.1;
    v[12].p.swing_requests = v[13].p.swing_requests = 1000000;
    v[13].p.l2_share = 0.5;
    v[14].p.nudge = 1;
    v[15].p.taking = 0.2;
    for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
        struct hr_tape tape = record(&v[i].p, 60000);
        struct seen seen = play(&tape);

        check_any(&tape, &seen);
        if (v[i].crossed >= 0) {
            CHECK_NEAR((double)seen.crossed / (double)seen.day, v[i].crossed,
                       0.006 + 0.06 * v[i].crossed);
        }
        if (v[i].levels >= 0) {
            CHECK_NEAR((double)seen.levels / 2 / v[i].p.markets, v[i].levels, 0.15 * v[i].levels);
        }
        CHECK((seen.far > 0) == v[i].p.price_full);
        hr_tape_free(&tape);
    }
}

/* The bytes themselves: these may change only on purpose, since they are every report's workload.
 */
TEST(flow, same_seed_same_bytes)
{
    struct hr_flow_params p = params_of(100, 5, 4);

    p.l2_share = 0.2;
    p.zipf = 0.9;
    struct hr_tape once = record(&p, 20000), again = record(&p, 20000), shorter = record(&p, 7777);
    CHECK_STR(once.sha256, again.sha256);
    CHECK_EQ(once.digest, again.digest);
    CHECK(memcmp(once.requests, shorter.requests, (shorter.load + shorter.steady) * 32) == 0);
    CHECK_STR(once.sha256, GOLDEN_SHA256);
    p.seed = 2;
    struct hr_tape other = record(&p, 20000);
    CHECK(strcmp(once.sha256, other.sha256) != 0);
    hr_tape_free(&once);
    hr_tape_free(&again);
    hr_tape_free(&shorter);
    hr_tape_free(&other);
}

/* One dimension's draws leave the others' alone: other sizes, same markets. */
/* A long flow is not waited for by who wants to end the program. */
TEST(flow, making_one_can_be_interrupted)
{
    struct hr_flow_params params = params_of(2, 3, 2);
    struct hr_tape tape;

    if (HR_ONE_PROCESS) {
        SKIP("one process for all tests: a signal would stop the others, too");
    }
    hr_stop_install();
    raise(SIGINT);
    CHECK_EQ(hr_tape_record(&tape, &params, 1000000, oracle(), NULL, NULL), -EINTR);
    CHECK(tape.requests == NULL);
}

TEST(flow, streams_are_independent)
{
    struct hr_flow_params p = params_of(50, 5, 5);
    struct hr_tape a = record(&p, 5000);

    p.qty_mean = 7;
    struct hr_tape b = record(&p, 5000);
    for (uint64_t i = 0; i < a.load + a.steady; i++) {
        CHECK_EQ(a.requests[i].market, b.requests[i].market);
    }
    CHECK(strcmp(a.sha256, b.sha256) != 0);
    hr_tape_free(&a);
    hr_tape_free(&b);
}

TEST(flow, dense_ids_are_small)
{
    struct hr_flow_params p = params_of(3, 4, 4);
    struct hr_tape tape;

    p.ids = HR_IDS_DENSE;
    tape = record(&p, 5000);
    for (uint64_t i = 0; i < tape.load + tape.steady; i++) {
        CHECK(tape.requests[i].order >= 1 && tape.requests[i].order < 2 * 32 + HR_FLOW_BATCH);
    }
    hr_tape_free(&tape);
}

TEST(flow, wrong_wishes_are_refused)
{
    struct hr_flow_params good = params_of(1, 10, 10), bad;
    struct hr_flow *flow;

    CHECK_STR(hr_flow_check(&good), "");
#define REFUSED(field, value)                                        \
    do {                                                             \
        bad = good;                                                  \
        bad.field = (value);                                         \
        CHECK(*hr_flow_check(&bad) != '\0');                         \
        CHECK(hr_flow_new(&flow, &bad) < 0 && !flow && *hr_error()); \
    } while (0)
    REFUSED(markets, 0);
    REFUSED(markets, UINT32_MAX);
    REFUSED(levels, 0);
    REFUSED(levels, 100000);
    REFUSED(orders_per_level, 0);
    REFUSED(orders_per_level, UINT32_MAX);
    REFUSED(l2_share, 1.5);
    REFUSED(zipf, -1);
    REFUSED(share_new, -0.1);
    REFUSED(share_cancel, 0);
    REFUSED(share_ioc, 0.0 / 0.0);
    REFUSED(crossing, 2);
    REFUSED(walk, 0.0 / 0.0);
    REFUSED(taking, 1.5);
    REFUSED(nudge, -0.5);
    REFUSED(swing, 1);
    REFUSED(swing, 0.0 / 0.0);
    REFUSED(swing_requests, 0);
    REFUSED(swing_requests, UINT32_MAX);
    REFUSED(price_mid, 50);
    REFUSED(price_mid, EUT_PRICE_MAX);
    REFUSED(qty_mean, 0.5);
    REFUSED(qty_mean, 1.0 / 0.0);
#undef REFUSED
}

/* Events from an engine that is wrong must not harm the generator. */
TEST(flow, nonsense_events_do_no_harm)
{
    struct hr_flow_params p = params_of(3, 3, 3);
    struct eut_request requests[HR_FLOW_BATCH];
    struct eut_event events[HR_FLOW_BATCH * 2];
    struct hr_random random;
    struct hr_flow *flow;

    hr_random_init(&random, 5, 0);
    CHECK_EQ(hr_flow_new(&flow, &p), 0);
    for (int round = 0; round < 3000; round++) {
        uint32_t count = hr_flow_next(flow, requests, HR_FLOW_BATCH), made = 0;

        for (uint32_t i = 0; i < count; i++) {
            const struct eut_request *r = &requests[i];
            uint64_t bits = hr_random_u64(&random);

            for (uint64_t k = 0; k < bits % 3; k++, bits >>= 2) {
                events[made++] = (struct eut_event){.order = r->order,
                                                    .maker = requests[bits % count].order,
                                                    .price = r->price,
                                                    .qty = (uint32_t)(bits >> 32),
                                                    .request = i,
                                                    .kind = (uint8_t) "TAXJ?"[bits % 5],
                                                    .reason = (uint8_t)bits};
            }
        }
        hr_flow_observe(flow, requests, events, made);
    }
    hr_flow_free(flow);
}
