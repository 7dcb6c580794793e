/* The flows made to hurt are what they say: looked at as requests, and through reference and
 * oracle. */
#include "suites/worst_flow.h"

#include "engine-under-test/collect.h"
#include "tests/unit/engine_rig.h"

#include <stdlib.h>

static const struct hr_worst_size small = {.orders = 4000, .requests = 600};

static const struct hr_worst *worst_named(const char *name)
{
    const struct hr_worst *worst = hr_worsts;

    while (worst->name && strcmp(worst->name, name) != 0) {
        worst++;
    }
    CHECK(worst->name != NULL);
    return worst;
}

/* All events of a flow, with the limits that it says are enough. */
static uint64_t through(const char *name, const struct hr_worst_flow *flow,
                        struct eut_events *events)
{
    const struct eut_engine *engine = engine_named(name);
    uint64_t digest;
    void *self;

    CHECK_EQ(engine->create(&flow->limits, &self), 0);
    CHECK_EQ(eut_collect(engine, self, flow->requests, flow->load + flow->steady, 1, 256, events),
             0);
    digest = engine->digest(self);
    engine->destroy(self);
    return digest;
}

static void made(const char *name, struct hr_worst_flow *flow)
{
    CHECK_EQ(hr_worst_make(worst_named(name), &small, EUT_CAP_ALL, flow), 0);
}

TEST(worst_flow, nothing_is_refused_and_the_engines_agree)
{
    for (const struct hr_worst *worst = hr_worsts; worst->name; worst++) {
        struct eut_events events = {0}, oracle = {0};
        struct hr_worst_flow flow;
        uint64_t timed = 0;

        CHECK_EQ(hr_worst_make(worst, &small, EUT_CAP_ALL, &flow), 0);
        CHECK(through("reference", &flow, &events) == through("oracle", &flow, &oracle));
        for (uint64_t i = 0; i < events.count; i++) {
            if (events.at[i].kind == EUT_REJECTED) {
                FAIL("%s: request %u is rejected for reason %d", worst->name, events.at[i].request,
                     events.at[i].reason);
            }
        }
        for (uint64_t i = flow.load; i < flow.load + flow.steady; i++) {
            timed += worst->timed(flow.requests + i);
        }
        CHECK_EQ(timed, flow.timed);
        CHECK(worst->question && worst->unit);
        eut_events_free(&events);
        eut_events_free(&oracle);
        hr_worst_free(&flow);
    }
}

TEST(worst_flow, the_same_sizes_are_the_same_bytes)
{
    const struct hr_worst_size other = {.orders = 4100, .requests = 600};

    for (const struct hr_worst *worst = hr_worsts; worst->name; worst++) {
        struct hr_worst_flow once, again, larger;

        CHECK_EQ(hr_worst_make(worst, &small, EUT_CAP_ALL, &once), 0);
        CHECK_EQ(hr_worst_make(worst, &small, EUT_CAP_ALL, &again), 0);
        CHECK_STR(once.sha256, again.sha256);
        CHECK_EQ(hr_worst_make(worst, &other, EUT_CAP_ALL, &larger), 0);
        CHECK(larger.load == once.load || strcmp(larger.sha256, once.sha256) != 0);
        hr_worst_free(&once);
        hr_worst_free(&again);
        hr_worst_free(&larger);
    }
}

/* An engine that takes dense ids only, and no accounts, is not sent others. */
TEST(worst_flow, an_engine_is_sent_what_it_can_do)
{
    for (const struct hr_worst *worst = hr_worsts; worst->name; worst++) {
        struct hr_worst_flow flow;

        if (worst->needs & ~(uint64_t)(EUT_CAP_L3 | EUT_CAP_FOK)) {
            continue;
        }
        CHECK_EQ(hr_worst_make(worst, &small, EUT_CAP_L3 | EUT_CAP_FOK, &flow), 0);
        for (uint64_t i = 0; i < flow.load + flow.steady; i++) {
            CHECK_EQ(flow.requests[i].account, 0);
            CHECK(flow.requests[i].order <= flow.load + flow.steady);
        }
        hr_worst_free(&flow);
    }
}

TEST(worst_flow, cancels_are_spread_over_one_long_queue)
{
    struct hr_worst_flow flow;
    uint64_t *queue, length = 0, tenth[10] = {0};

    made("queue_middle", &flow);
    queue = malloc((flow.load + flow.steady) * sizeof(*queue));
    CHECK_EQ(flow.load, small.orders);
    for (uint64_t i = 0; i < flow.load + flow.steady; i++) {
        const struct eut_request *r = flow.requests + i;
        uint64_t at = 0;

        if (r->op == EUT_NEW) {
            CHECK_EQ(r->price, flow.requests[0].price);
            CHECK_EQ(r->side, flow.requests[0].side);
            queue[length++] = r->order;
            continue;
        }
        while (queue[at] != r->order) {
            CHECK(++at < length);
        }
        tenth[at * 10 / length]++;
        memmove(queue + at, queue + at + 1, (--length - at) * sizeof(*queue));
    }
    for (int i = 0; i < 10; i++) {
        CHECK(tenth[i] > small.requests / 40); /* a tenth would be 60 of the 600 */
    }
    free(queue);
    hr_worst_free(&flow);
}

TEST(worst_flow, a_sweep_takes_every_level_and_they_come_back)
{
    struct eut_events events = {0};
    struct hr_worst_flow flow;
    uint64_t trades = 0, closed = 0;
    uint32_t levels = small.orders / 100, price = 0, sweep = 0;

    made("sweep", &flow);
    CHECK_EQ(flow.units, levels);
    CHECK_EQ(flow.timed, 10);
    through("oracle", &flow, &events);
    for (uint64_t i = 0; i < events.count; i++) {
        const struct eut_event *e = events.at + i;

        if (e->kind == EUT_TRADE) {
            trades++;
            CHECK_EQ(e->qty, flow.requests[0].qty);
            CHECK(e->request != sweep ||
                  e->price == price + 1); /* a level a trade, from the best */
            sweep = e->request;
            price = e->price;
        }
        closed += e->kind == EUT_CANCELLED;
    }
    CHECK_EQ(trades, flow.timed * levels);
    CHECK_EQ(closed, 0);
    eut_events_free(&events);
    hr_worst_free(&flow);
}

TEST(worst_flow, every_fill_or_kill_is_killed_after_a_look_at_all)
{
    static const char *const names[] = {"fok_short", "fok_own"};

    for (int n = 0; n < 2; n++) {
        struct eut_events events = {0};
        struct hr_worst_flow flow;
        uint64_t killed = 0, lots = 0, qty = 0;

        made(names[n], &flow);
        for (uint64_t i = 0; i < flow.load; i++) {
            lots += flow.requests[i].qty;
        }
        through("oracle", &flow, &events);
        for (uint64_t i = 0; i < events.count; i++) {
            const struct eut_event *e = events.at + i;

            CHECK(e->kind != EUT_TRADE);
            if (e->reason == EUT_FOK_KILL) {
                killed++;
                qty = e->qty;
            }
        }
        CHECK_EQ(killed, flow.timed);
        /* short: a lot more than there is. own: all of it, the last of it the taker's. */
        CHECK_EQ(qty, n == 0 ? lots + 1 : lots);
        eut_events_free(&events);
        hr_worst_free(&flow);
    }
}

/* Limits all over the worse half, each a lot short; a queue half of which is the taker's; quotes.
 */
TEST(worst_flow, refusals_are_of_every_kind)
{
    static const char *const names[] = {"fok_spread", "fok_crowd", "fok_quotes"};
    enum { MAKERS = 40 };

    for (int n = 0; n < 3; n++) {
        struct eut_events events = {0};
        struct hr_worst_flow flow;
        uint64_t killed = 0, limits[MAKERS] = {0}, used = 0, own = 0, qty = 0;

        made(names[n], &flow);
        CHECK_EQ(flow.load, MAKERS);
        for (uint64_t i = 0; i < flow.load; i++) {
            own += flow.requests[i].account == 2;
        }
        CHECK_EQ(own, n == 1 ? MAKERS / 2 : 0);
        for (uint64_t i = flow.load; i < flow.load + flow.steady; i++) {
            const struct eut_request *r = flow.requests + i;
            uint32_t within = r->price - flow.requests[0].price;

            if (r->tif == EUT_FOK) {
                qty = n == 1 ? MAKERS * 10 : n == 2 ? MAKERS * 10 + 1 : (within + 1) * 10 + 1;
                CHECK_EQ(r->qty, qty);
                limits[within % MAKERS]++;
            }
        }
        for (int i = 0; i < MAKERS; i++) {
            CHECK(n > 0 || i >= MAKERS / 2 || limits[i] == 0);
            used += limits[i] > 0;
        }
        CHECK(n > 0 || used > MAKERS / 5);
        through("oracle", &flow, &events);
        for (uint64_t i = 0; i < events.count; i++) {
            CHECK(events.at[i].kind != EUT_TRADE);
            killed += events.at[i].reason == EUT_FOK_KILL;
        }
        CHECK_EQ(killed, flow.timed);
        eut_events_free(&events);
        hr_worst_free(&flow);
    }
}

TEST(worst_flow, the_whole_price_range_is_used)
{
    struct eut_events events = {0};
    struct hr_worst_flow flow;
    uint64_t trades = 0, lowest = 0, highest = 0, rising = 0;

    made("price_ends", &flow);
    through("oracle", &flow, &events);
    for (uint64_t i = 0; i < flow.load + flow.steady; i++) {
        const struct eut_request *r = flow.requests + i;

        lowest += r->op == EUT_NEW && r->tif == EUT_DAY && r->price == 1;
        highest += r->op == EUT_NEW && r->tif == EUT_DAY && r->price == EUT_PRICE_MAX;
        rising += i > 1 && i < flow.load && r->price > flow.requests[i - 2].price;
    }
    for (uint64_t i = 0; i < events.count; i++) {
        trades += events.at[i].kind == EUT_TRADE;
    }
    CHECK(lowest > 4 && highest > 4);
    CHECK(rising > flow.load / 4 && rising < flow.load * 3 / 4); /* in no order */
    CHECK_EQ(trades, flow.steady / 4);
    eut_events_free(&events);
    hr_worst_free(&flow);
}

TEST(worst_flow, ids_have_what_an_index_could_trip_over)
{
    static const struct {
        const char *name;
        uint64_t mask, value;
    } rows[] = {
        {"ids_high", 0xFFFFFFFF, 0}, {"ids_pages", 0x1FFF, 0x1000}, {"ids_low", 0xFFFFF, 0xABCDE}};
    struct hr_worst_flow flow;
    uint64_t last = 0, shared = 0;

    for (size_t n = 0; n < sizeof(rows) / sizeof(rows[0]); n++) {
        made(rows[n].name, &flow);
        for (uint64_t i = 0; i < flow.load + flow.steady; i++) {
            CHECK(flow.requests[i].order != 0);
            CHECK_EQ(flow.requests[i].order & rows[n].mask, rows[n].value);
        }
        hr_worst_free(&flow);
    }
    made("ids_dense", &flow);
    for (uint64_t i = 0; i < flow.load + flow.steady; i++) {
        if (flow.requests[i].op == EUT_NEW) {
            CHECK_EQ(flow.requests[i].order, ++last);
        }
    }
    hr_worst_free(&flow);
    made("ids_shared", &flow);
    for (uint64_t i = 0; i + 1 < flow.load; i++) {
        shared += flow.requests[i].order == flow.requests[i + 1].order &&
                  flow.requests[i].market != flow.requests[i + 1].market;
    }
    CHECK(shared > flow.load * 9 / 10);
    hr_worst_free(&flow);
}

TEST(worst_flow, a_tide_comes_and_goes)
{
    struct hr_worst_flow flow;
    int64_t live = 0, highest = 0, ebbs = 0;

    made("level_tide", &flow);
    for (uint64_t i = 0; i < flow.load + flow.steady; i++) {
        live += flow.requests[i].op == EUT_NEW ? 1 : -1;
        highest = live > highest ? live : highest;
        ebbs += live == 1;
        CHECK(live > 0);
    }
    CHECK_EQ(highest, 8);
    CHECK(ebbs > (int64_t)flow.steady / 2 / 8);
    hr_worst_free(&flow);
}

TEST(worst_flow, quotes_come_and_go_over_the_whole_range)
{
    struct hr_worst_flow flow;
    uint64_t removed = 0, lowest = 0, highest = 0;

    made("quotes_wide", &flow);
    CHECK_EQ(flow.limits.l2_markets, 1);
    for (uint64_t i = 0; i < flow.load + flow.steady; i++) {
        CHECK_EQ(flow.requests[i].op, EUT_QUOTE);
        removed += flow.requests[i].qty == 0;
        lowest += flow.requests[i].price == 1;
        highest += flow.requests[i].price == EUT_PRICE_MAX;
    }
    CHECK_EQ(removed, flow.steady / 2);
    CHECK(lowest > 4 && highest > 4);
    hr_worst_free(&flow);
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

TEST(worst_flow, churn_never_uses_an_id_twice)
{
    struct hr_worst_flow flow;
    uint64_t *ids, news = 0;

    made("churn", &flow);
    CHECK(flow.steady > 9 * small.requests);
    ids = malloc((flow.load + flow.steady) * sizeof(*ids));
    for (uint64_t i = 0; i < flow.load + flow.steady; i++) {
        if (flow.requests[i].op == EUT_NEW) {
            ids[news++] = flow.requests[i].order;
        }
    }
    CHECK_EQ(news, flow.load + flow.steady / 2);
    qsort(ids, news, sizeof(*ids), by_value);
    for (uint64_t i = 1; i < news; i++) {
        CHECK(ids[i] != ids[i - 1]);
    }
    free(ids);
    hr_worst_free(&flow);
}
