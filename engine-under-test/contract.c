/*
 * contract.c - does the engine keep its promises to the host, whatever it matches?
 *
 * How: a table of small checks on creation, ending, walking, and on two instances at once. What it
 * cannot see: leaks and races; the sanitizer builds are for those.
 */
#include "engine-under-test/contract.h"

#include "engine-under-test/collect.h"
#include "engine-under-test/conform.h"
#include "harness/error.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define FLOW 600u

static struct eut_limits plain_limits(const struct eut_engine *engine)
{
    bool both = engine->capabilities & EUT_CAP_L2 && engine->capabilities & EUT_CAP_L3;
    bool l2_only = !(engine->capabilities & EUT_CAP_L3) && engine->capabilities & EUT_CAP_L2;

    return (struct eut_limits){.struct_size = sizeof(struct eut_limits),
                               .markets = 4,
                               .l2_markets = both      ? 1
                                             : l2_only ? 4
                                                       : 0,
                               .batch_max = FLOW,
                               .orders = 10000,
                               .levels = 10000};
}

/* A flow that every engine can take: new and market orders, cancels, quotes; no two accounts. */
static void plain_flow(const struct eut_limits *limits, uint64_t seed, struct eut_request *requests)
{
    struct eut_hostile kind = {.markets = limits->markets, .l2_markets = limits->l2_markets};

    eut_hostile_fill(&kind, seed, requests, FLOW);
    for (uint32_t i = 0; i < FLOW; i++) {
        struct eut_request *r = &requests[i];

        r->account = 0;
        r->order = r->order ? 1 + r->order % 500 : 0;
        if (r->op == EUT_REPLACE) {
            r->op = EUT_CANCEL;
        }
        if (r->tif == EUT_FOK || r->tif == EUT_POST) {
            r->tif = EUT_IOC;
        }
    }
}

static int create_failed(int rc, char *why, size_t why_bytes)
{
    snprintf(why, why_bytes, "create() with plain limits returned %d (%s)", rc, hr_reason(rc));
    return 1;
}

/* What eut_collect() returned, as a check says it: an engine that fails or has no manners is no
 * reason not to judge it. */
static int collected(int rc, char *why, size_t why_bytes)
{
    if (rc == 0 || rc == -ENOMEM) {
        return rc;
    }
    snprintf(why, why_bytes, "%s", hr_error());
    return 1;
}

static int destroy_null(const struct eut_engine *engine, char *why, size_t why_bytes)
{
    (void)why, (void)why_bytes;
    engine->destroy(NULL); /* a crash is the failure */
    return 0;
}

/* Makes an engine with odd limits and uses it a little if it lets itself be made. */
static int try_limits(const struct eut_engine *engine, const struct eut_limits *limits,
                      bool must_refuse, char *why, size_t why_bytes)
{
    struct eut_request request = {.order = 1,
                                  .op = EUT_NEW,
                                  .side = EUT_BUY,
                                  .type = EUT_LIMIT,
                                  .tif = EUT_DAY,
                                  .price = 100,
                                  .qty = 1};
    struct eut_events events = {0};
    void *self = NULL;
    int rc = engine->create(limits, &self);

    if (rc > 0 || (rc == 0 && (must_refuse || !self))) {
        snprintf(why, why_bytes,
                 "create() with %" PRIu32 " markets of which %" PRIu32 " L2, %" PRIu64
                 " orders, %" PRIu64 " levels, batches of %" PRIu32 " returned %d, expected %s",
                 limits->markets, limits->l2_markets, limits->orders, limits->levels,
                 limits->batch_max, rc,
                 must_refuse ? "-EINVAL" : "0 and an engine, or a negative errno");
        return 1;
    }
    if (rc < 0) {
        return 0;
    }
    rc = collected(eut_collect(engine, self, &request, 1, 1, EUT_SINK_ROOM_MIN, &events), why,
                   why_bytes);
    eut_events_free(&events);
    engine->destroy(self);
    return rc;
}

static int odd_limits(const struct eut_engine *engine, char *why, size_t why_bytes)
{
    static const struct {
        uint32_t markets, l2_markets, batch_max;
        uint64_t orders, levels;
        bool must_refuse;
    } odd[] = {
        {0, 0, 1, 10, 10, false}, {4, 5, 1, 10, 10, true},         {4, UINT32_MAX, 1, 10, 10, true},
        {4, 0, 1, 0, 10, false},  {4, 0, 1, 10, 0, false},         {4, 0, 1, 0, 0, false},
        {4, 4, 1, 0, 10, false},  {4, 0, 1, 1000, 10, false},      {4, 0, 1, 10, 1000, false},
        {1, 0, 1, 1, 1, false},   {100000, 50000, 1, 1, 1, false},
    };
    int rc = 0;

    for (size_t i = 0; i < sizeof(odd) / sizeof(*odd) && rc == 0; i++) {
        struct eut_limits limits = {.struct_size = sizeof(limits),
                                    .markets = odd[i].markets,
                                    .l2_markets = odd[i].l2_markets,
                                    .batch_max = odd[i].batch_max,
                                    .orders = odd[i].orders,
                                    .levels = odd[i].levels};

        rc = try_limits(engine, &limits, odd[i].must_refuse, why, why_bytes);
    }
    return rc;
}

/* May be refused or not, but neither crash nor eat the machine. */
static int huge_limits(const struct eut_engine *engine, char *why, size_t why_bytes)
{
    struct eut_limits limits = plain_limits(engine);
    int rc;

    limits.orders = UINT64_MAX;
    rc = try_limits(engine, &limits, false, why, why_bytes);
    limits = plain_limits(engine);
    limits.levels = UINT64_MAX;
    rc = rc ? rc : try_limits(engine, &limits, false, why, why_bytes);
    limits = plain_limits(engine);
    limits.batch_max = UINT32_MAX;
    rc = rc ? rc : try_limits(engine, &limits, false, why, why_bytes);
    limits = plain_limits(engine);
    limits.markets = UINT32_MAX;
    rc = rc ? rc : try_limits(engine, &limits, false, why, why_bytes);
    limits.l2_markets = UINT32_MAX;
    return rc ? rc : try_limits(engine, &limits, false, why, why_bytes);
}

static int empty_engine(const struct eut_engine *engine, char *why, size_t why_bytes)
{
    struct eut_limits limits = plain_limits(engine);
    struct eut_book book = {0};
    void *self = NULL;
    int rc = engine->create(&limits, &self);

    if (rc != 0) {
        return create_failed(rc, why, why_bytes);
    }
    if (engine->digest(self) != 0) {
        snprintf(why, why_bytes, "an engine without events has digest %016" PRIx64 ", expected 0",
                 engine->digest(self));
        rc = 1;
    }
    for (uint32_t market = 0; market < limits.markets && rc == 0; market++) {
        rc = eut_book_read(engine, self, market, &book);
        if (rc != 0 || book.count != 0) {
            snprintf(why, why_bytes,
                     "walk() of empty market %u returned %d after %" PRIu64 " orders", market, rc,
                     book.count);
            rc = 1;
        }
    }
    engine->destroy(self);
    eut_book_free(&book);
    return rc;
}

static int walk_out_of_range(const struct eut_engine *engine, char *why, size_t why_bytes)
{
    struct eut_limits limits = plain_limits(engine);
    const uint32_t beyond[] = {limits.markets, limits.markets + 1, UINT32_MAX};
    struct eut_book book = {0};
    void *self = NULL;
    int rc = engine->create(&limits, &self);

    if (rc != 0) {
        return create_failed(rc, why, why_bytes);
    }
    for (size_t i = 0; i < 3 && rc == 0; i++) {
        eut_book_read(engine, self, beyond[i], &book);
        if (book.count != 0) {
            snprintf(why, why_bytes, "walk() of market %u of %u visited %" PRIu64 " orders",
                     beyond[i], limits.markets, book.count);
            rc = 1;
        }
    }
    engine->destroy(self);
    eut_book_free(&book);
    return rc;
}

static int stop_at_once(void *context, const struct eut_resting *resting)
{
    (void)resting;
    ++*(int *)context;
    return 7;
}

static int walk_stops(const struct eut_engine *engine, char *why, size_t why_bytes)
{
    struct eut_limits limits = plain_limits(engine);
    struct eut_request requests[2] = {0};
    struct eut_events events = {0};
    void *self = NULL;
    int visits = 0, rc = engine->create(&limits, &self);

    if (rc != 0) {
        return create_failed(rc, why, why_bytes);
    }
    for (uint32_t i = 0; i < 2; i++) {
        requests[i] = (struct eut_request){.order = i + 1,
                                           .price = 100 + i,
                                           .qty = 1,
                                           .side = EUT_BUY,
                                           .type = EUT_LIMIT,
                                           .tif = EUT_DAY};
        requests[i].op = limits.l2_markets == limits.markets ? EUT_QUOTE : EUT_NEW;
    }
    rc = collected(eut_collect(engine, self, requests, 2, 2, EUT_SINK_ROOM_MIN, &events), why,
                   why_bytes);
    if (rc == 0) {
        int returned = engine->walk(self, 0, stop_at_once, &visits);

        if (returned != 7 || visits != 1) {
            snprintf(why, why_bytes,
                     "walk() made %d visits and returned %d when the first visit returned 7",
                     visits, returned);
            rc = 1;
        }
    }
    engine->destroy(self);
    eut_events_free(&events);
    return rc;
}

static bool same_events(const struct eut_events *a, const struct eut_events *b)
{
    return a->count == b->count &&
           (a->count == 0 || memcmp(a->at, b->at, a->count * sizeof(*a->at)) == 0);
}

/* Two instances fed by turns, then a third with the first one's flow: it must answer as the first.
 */
static int instances_share_nothing(const struct eut_engine *engine, char *why, size_t why_bytes)
{
    struct eut_limits limits = plain_limits(engine);
    struct eut_request flow[2][FLOW];
    struct eut_events events[3] = {0};
    void *self[3] = {0};
    int rc = 0;

    plain_flow(&limits, 1, flow[0]);
    plain_flow(&limits, 2, flow[1]);
    for (int i = 0; i < 3 && rc == 0; i++) {
        rc = engine->create(&limits, &self[i]);
    }
    if (rc != 0) {
        rc = create_failed(rc, why, why_bytes);
        goto end;
    }
    for (uint32_t at = 0; at < FLOW && rc == 0; at += 10) {
        rc = eut_collect(engine, self[0], &flow[0][at], 10, 10, EUT_SINK_ROOM_MIN, &events[0]);
        rc = rc ? rc : eut_collect(engine, self[1], &flow[1][at], 10, 3, 100, &events[1]);
    }
    rc = rc ? rc : eut_collect(engine, self[2], flow[0], FLOW, FLOW, 1000, &events[2]);
    rc = collected(rc, why, why_bytes);
    if (rc != 0) {
        goto end;
    }
    if (!same_events(&events[0], &events[2])) {
        snprintf(why, why_bytes,
                 "the same flow, fed beside another instance and alone, in batches of "
                 "10 and in one, got different events");
        rc = 1;
    } else if (engine->digest(self[0]) != engine->digest(self[2])) {
        snprintf(why, why_bytes,
                 "the same flow and events, but digests %016" PRIx64 " and %016" PRIx64,
                 engine->digest(self[0]), engine->digest(self[2]));
        rc = 1;
    }
end:
    for (int i = 0; i < 3; i++) {
        if (self[i]) {
            engine->destroy(self[i]);
        }
        eut_events_free(&events[i]);
    }
    return rc;
}

const struct eut_contract eut_contracts[] = {
    {"destroy() accepts NULL", false, false, destroy_null},
    {"create() with odd limits refuses or works", false, false, odd_limits},
    {"create() with huge limits refuses or works", false, true, huge_limits},
    {"a new engine is empty, and its digest is 0", false, false, empty_engine},
    {"walk() of a market out of range visits nothing", false, false, walk_out_of_range},
    {"walk() stops when told", true, false, walk_stops},
    {"instances share nothing, and repeat themselves", false, false, instances_share_nothing},
    {0},
};
