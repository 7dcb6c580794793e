/*
 * worst_flow.c - which requests would hurt?
 *
 * One small generator each. They know the book without holding one: what is taken out was put in by
 * the generator, at a place it chose. What they cannot find is a bad case of a structure that
 * nobody thought of: the percentiles of the plain flows are there for that.
 */
#include "suites/worst_flow.h"

#include "harness/error.h"
#include "harness/random.h"
#include "harness/sha256.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SEED 8u
#define MID 1073741824u /* the middle of the price range */
#define TOUCH 100000u
#define LOTS 10u
#define TAKER 2u /* account */
#define SWEPT_WINDOW 256u
#define QUEUES 16u /* levels that the id flows rest on */
#define SHARED_MARKETS 64u

struct hr_worst_pen {
    const struct hr_worst_flow *flow;
    const struct hr_worst_size *size;
    uint64_t capabilities, at, ids;
    uint32_t maker;           /* account */
    struct eut_request *live; /* what rests and may be cancelled, in no order */
    uint32_t lives;
    struct hr_random random;
};

static uint32_t at_least(uint64_t value, uint32_t least)
{
    return value > least ? (uint32_t)value : least;
}

/* ---- writing ---------------------------------------------------------------------- */

static void put(struct hr_worst_pen *pen, const struct eut_request *request)
{
    pen->flow->requests[pen->at++] = *request;
}

static bool loading(const struct hr_worst_pen *pen)
{
    return pen->at < pen->flow->load;
}

static bool writing(const struct hr_worst_pen *pen)
{
    return pen->at < pen->flow->load + pen->flow->steady;
}

/* An id that was never used: spread over all 64 bits if the engine takes any. */
static uint64_t fresh(struct hr_worst_pen *pen)
{
    uint64_t count = ++pen->ids, x = count;

    return pen->capabilities & EUT_CAP_ANY_ID ? hr_splitmix64(&x) : count;
}

static struct eut_request day_order(struct hr_worst_pen *pen, uint8_t side, uint32_t price)
{
    return (struct eut_request){.order = fresh(pen),
                                .account = pen->maker,
                                .price = price,
                                .qty = LOTS,
                                .op = EUT_NEW,
                                .side = side,
                                .type = EUT_LIMIT,
                                .tif = EUT_DAY};
}

static struct eut_request taker(struct hr_worst_pen *pen, uint8_t side, uint8_t tif, uint32_t price,
                                uint32_t qty)
{
    struct eut_request r = day_order(pen, side, price);

    r.account = pen->maker ? TAKER : 0;
    r.tif = tif;
    r.qty = qty;
    return r;
}

static void rest(struct hr_worst_pen *pen, const struct eut_request *order)
{
    pen->live[pen->lives++] = *order;
    put(pen, order);
}

/* Out with one of those that rest; what is left in its place is returned, to be filled again. */
static struct eut_request *cancel_any(struct hr_worst_pen *pen)
{
    struct eut_request *order = pen->live + hr_random_below(&pen->random, pen->lives);

    put(pen, &(struct eut_request){.order = order->order,
                                   .market = order->market,
                                   .account = order->account,
                                   .op = EUT_CANCEL});
    return order;
}

static void put_back(struct hr_worst_pen *pen, struct eut_request *place,
                     const struct eut_request *order)
{
    *place = *order;
    put(pen, order);
}

static bool any_request(const struct eut_request *r)
{
    (void)r;
    return true;
}

static bool a_cancel(const struct eut_request *r)
{
    return r->op == EUT_CANCEL;
}

static bool a_sweep(const struct eut_request *r)
{
    return r->tif == EUT_IOC;
}

static bool a_fill_or_kill(const struct eut_request *r)
{
    return r->tif == EUT_FOK;
}

static void limit(struct hr_worst_flow *flow, uint32_t markets, uint64_t orders, uint64_t levels)
{
    flow->limits = (struct eut_limits){.struct_size = sizeof(struct eut_limits),
                                       .markets = markets,
                                       .batch_max = 1,
                                       .orders = orders,
                                       .levels = levels};
}

/* ---- one price ------------------------------------------------------------------------- */

static void plan_queue(const struct hr_worst_size *size, struct hr_worst_flow *flow)
{
    flow->load = at_least(size->orders, 2);
    flow->timed = size->requests;
    flow->steady = 2 * size->requests;
    limit(flow, 1, flow->load, 1);
}

static void make_queue(struct hr_worst_pen *pen)
{
    while (loading(pen)) {
        struct eut_request order = day_order(pen, EUT_SELL, TOUCH);

        rest(pen, &order);
    }
    while (writing(pen)) {
        struct eut_request *place = cancel_any(pen), order = day_order(pen, EUT_SELL, TOUCH);

        put_back(pen, place, &order);
    }
}

/* ---- one taker through many levels --------------------------------------------------- */

static void plan_sweep(const struct hr_worst_size *size, struct hr_worst_flow *flow)
{
    uint32_t levels = at_least(size->orders / 100, 2);

    flow->load = levels;
    flow->timed = at_least(size->requests / 300, 10);
    flow->steady = flow->timed * (levels + 1);
    flow->units = levels;
    limit(flow, 1, levels, levels);
}

/* A tick apart, from the worst to the best, shuffled in windows: so that neighbours in price are
 * not neighbours in memory. */
static void lay_levels(struct hr_worst_pen *pen)
{
    uint32_t levels = pen->flow->units;

    for (uint32_t done = 0; done < levels;) {
        uint32_t offset[SWEPT_WINDOW];
        uint32_t n = levels - done < SWEPT_WINDOW ? levels - done : SWEPT_WINDOW;

        for (uint32_t i = 0; i < n; i++) {
            uint32_t k = hr_random_below(&pen->random, i + 1);

            offset[i] = offset[k];
            offset[k] = i;
        }
        for (uint32_t i = 0; i < n; i++) {
            struct eut_request order =
                day_order(pen, EUT_SELL, TOUCH + levels - 1 - done - offset[i]);

            put(pen, &order);
        }
        done += n;
    }
}

static void make_sweep(struct hr_worst_pen *pen)
{
    uint32_t levels = pen->flow->units;

    lay_levels(pen);
    while (writing(pen)) {
        struct eut_request sweep = taker(pen, EUT_BUY, EUT_IOC, TOUCH + levels, levels * LOTS);

        put(pen, &sweep);
        lay_levels(pen);
    }
}

/* ---- fill or kill, refused ------------------------------------------------------------- */

static uint32_t makers_of(const struct hr_worst_size *size)
{
    return at_least(size->orders / 100, 4);
}

static void plan_refusals(const struct hr_worst_size *size, struct hr_worst_flow *flow)
{
    flow->load = makers_of(size);
    flow->timed = at_least(size->requests / 25, 10);
    flow->steady = 3 * flow->timed;
    limit(flow, 1, flow->load, flow->load);
}

static void plan_refusals_own(const struct hr_worst_size *size, struct hr_worst_flow *flow)
{
    plan_refusals(size, flow);
    flow->load++;
    flow->limits.orders++;
    flow->limits.levels++;
}

/* A hundred makers a level, and one of them another one before each refusal: the last answer is no
 * answer. */
static void make_refusals(struct hr_worst_pen *pen, uint32_t qty)
{
    uint32_t makers = makers_of(pen->size);

    for (uint32_t i = 0; i < makers; i++) {
        struct eut_request order = day_order(pen, EUT_SELL, TOUCH + i / 100);

        rest(pen, &order);
    }
    if (loading(pen)) { /* the taker's own, behind all others */
        struct eut_request own = day_order(pen, EUT_SELL, TOUCH + makers);

        own.account = TAKER;
        put(pen, &own);
    }
    while (writing(pen)) {
        struct eut_request *place = cancel_any(pen);
        struct eut_request order = day_order(pen, EUT_SELL, place->price);
        struct eut_request refused;

        put_back(pen, place, &order);
        refused = taker(pen, EUT_BUY, EUT_FOK, TOUCH + makers, qty);
        put(pen, &refused);
    }
}

static void make_refusals_short(struct hr_worst_pen *pen)
{
    make_refusals(pen, makers_of(pen->size) * LOTS + 1);
}

static void make_refusals_own(struct hr_worst_pen *pen)
{
    make_refusals(pen, (makers_of(pen->size) + 1) * LOTS);
}

/* A maker a level and an account each, and never the same limit twice: neither totals of levels,
 * nor of sides, nor a count of accounts is an answer. */
static void make_refusals_spread(struct hr_worst_pen *pen)
{
    uint32_t makers = makers_of(pen->size);

    for (uint32_t i = 0; i < makers; i++) {
        struct eut_request order = day_order(pen, EUT_SELL, TOUCH + i);

        order.account = pen->maker ? TAKER + 1 + i : 0;
        rest(pen, &order);
    }
    while (writing(pen)) {
        struct eut_request *place = cancel_any(pen);
        struct eut_request order = day_order(pen, EUT_SELL, place->price), refused;
        uint32_t within = makers - hr_random_below(&pen->random, makers / 2);

        order.account = place->account;
        put_back(pen, place, &order);
        refused = taker(pen, EUT_BUY, EUT_FOK, TOUCH + within - 1, within * LOTS + 1);
        put(pen, &refused);
    }
}

/* One queue, of which the taker owns half, and that the later one. */
static void make_refusals_crowd(struct hr_worst_pen *pen)
{
    uint32_t makers = makers_of(pen->size);

    for (uint32_t i = 0; i < makers; i++) {
        struct eut_request order = day_order(pen, EUT_SELL, TOUCH);

        order.account = i < makers / 2 ? pen->maker : TAKER;
        rest(pen, &order);
    }
    while (writing(pen)) {
        struct eut_request *place = cancel_any(pen);
        struct eut_request order = day_order(pen, EUT_SELL, TOUCH), refused;

        order.account = place->account;
        put_back(pen, place, &order);
        refused = taker(pen, EUT_BUY, EUT_FOK, TOUCH, makers * LOTS);
        put(pen, &refused);
    }
}

static void plan_refusals_quotes(const struct hr_worst_size *size, struct hr_worst_flow *flow)
{
    plan_refusals(size, flow);
    limit(flow, 1, 1, flow->load);
    flow->limits.l2_markets = 1;
}

static void make_refusals_quotes(struct hr_worst_pen *pen)
{
    uint32_t levels = makers_of(pen->size);
    struct eut_request level = {.op = EUT_QUOTE, .side = EUT_SELL};

    for (uint32_t i = 0; i < levels; i++) {
        level.price = TOUCH + i, level.qty = LOTS;
        put(pen, &level);
    }
    while (writing(pen)) {
        struct eut_request refused =
            taker(pen, EUT_BUY, EUT_FOK, TOUCH + levels, levels * LOTS + 1);

        level.price = TOUCH + hr_random_below(&pen->random, levels);
        for (level.qty = 0; level.qty <= LOTS; level.qty += LOTS) {
            put(pen, &level);
        }
        put(pen, &refused);
    }
}

/* ---- both ends of the price range ------------------------------------------------------ */

static void plan_ends(const struct hr_worst_size *size, struct hr_worst_flow *flow)
{
    flow->load = 2 * at_least(size->orders / 100, 2);
    flow->timed = flow->steady = 4 * (size->requests / 4 + 1);
    limit(flow, 1, flow->load + 1, flow->load + 1);
}

/* Anywhere on its side of the middle; one in sixteen at the very end. */
static uint32_t far_price(struct hr_worst_pen *pen, uint8_t side)
{
    bool end = hr_random_below(&pen->random, 16) == 0;
    uint32_t away = end ? MID - 2 : hr_random_below(&pen->random, MID - 2);

    return side == EUT_BUY ? MID - 1 - away : MID + 1 + away;
}

static void make_ends(struct hr_worst_pen *pen)
{
    while (loading(pen)) {
        uint8_t side = pen->at & 1 ? EUT_SELL : EUT_BUY;
        struct eut_request order = day_order(pen, side, far_price(pen, side));

        rest(pen, &order);
    }
    for (bool up = true; writing(pen); up = !up) {
        uint8_t taken = up ? EUT_SELL : EUT_BUY;
        struct eut_request *place = cancel_any(pen);
        struct eut_request order = day_order(pen, place->side, far_price(pen, place->side));
        struct eut_request touch = day_order(pen, taken, MID), take;

        put_back(pen, place, &order);
        put(pen, &touch);
        take = taker(pen, up ? EUT_BUY : EUT_SELL, EUT_IOC, up ? EUT_PRICE_MAX : 1, LOTS);
        put(pen, &take);
    }
}

/* ---- a book that swells and shrinks -------------------------------------------------- */

static uint32_t tide_levels(const struct hr_worst_size *size)
{
    return at_least(size->orders / 1000, 8);
}

static void plan_tide(const struct hr_worst_size *size, struct hr_worst_flow *flow)
{
    flow->load = 1;
    flow->timed = flow->steady = 2 * (size->requests / 2 + 1);
    limit(flow, 1, tide_levels(size), tide_levels(size));
}

/* From one level to many and back, again and again: through every size that level storage may have.
 */
static void make_tide(struct hr_worst_pen *pen)
{
    uint32_t levels = tide_levels(pen->size);

    for (bool rising = true; writing(pen);) {
        if (rising) {
            struct eut_request order =
                day_order(pen, EUT_SELL, TOUCH + pen->lives * 7919u % levels);

            rest(pen, &order);
        } else {
            struct eut_request *place = cancel_any(pen);

            *place = pen->live[--pen->lives];
        }
        rising = rising ? pen->lives < levels : pen->lives == 1;
    }
}

/* ---- a wide book of quotes --------------------------------------------------------------- */

static void plan_quotes(const struct hr_worst_size *size, struct hr_worst_flow *flow)
{
    flow->load = 2 * at_least(size->orders / 100, 2);
    flow->timed = flow->steady = 2 * (size->requests / 2 + 1);
    limit(flow, 1, 1, flow->load);
    flow->limits.l2_markets = 1;
}

static struct eut_request quote(struct hr_worst_pen *pen, uint8_t side)
{
    return (struct eut_request){
        .op = EUT_QUOTE, .side = side, .price = far_price(pen, side), .qty = LOTS};
}

static void make_quotes(struct hr_worst_pen *pen)
{
    while (loading(pen)) {
        struct eut_request level = quote(pen, pen->at & 1 ? EUT_SELL : EUT_BUY);

        rest(pen, &level);
    }
    while (writing(pen)) {
        struct eut_request *place = pen->live + hr_random_below(&pen->random, pen->lives);
        struct eut_request removed = *place, level = quote(pen, place->side);

        removed.qty = 0;
        put(pen, &removed);
        put_back(pen, place, &level);
    }
}

/* ---- ids aimed at an index ---------------------------------------------------------- */

static void plan_ids(const struct hr_worst_size *size, struct hr_worst_flow *flow)
{
    flow->load = at_least(size->orders / 4, 2);
    flow->timed = flow->steady = 2 * (size->requests / 2 + 1);
    limit(flow, 1, flow->load, QUEUES);
}

static void plan_ids_shared(const struct hr_worst_size *size, struct hr_worst_flow *flow)
{
    plan_ids(size, flow);
    flow->limits.markets = SHARED_MARKETS;
    flow->limits.levels *= SHARED_MARKETS;
}

struct pattern {
    uint64_t times, plus;
    uint32_t markets; /* that each id is used in */
};

static struct eut_request patterned(struct hr_worst_pen *pen, const struct pattern *p, uint64_t k)
{
    struct eut_request order = day_order(pen, EUT_BUY, TOUCH + (uint32_t)(k / p->markets % QUEUES));

    order.market = (uint32_t)(k % p->markets);
    order.order = (k / p->markets + 1) * p->times + p->plus;
    return order;
}

static void make_ids(struct hr_worst_pen *pen, const struct pattern *pattern)
{
    uint64_t k = 0;

    while (loading(pen)) {
        struct eut_request order = patterned(pen, pattern, k++);

        rest(pen, &order);
    }
    while (writing(pen)) {
        struct eut_request *place = cancel_any(pen), order = patterned(pen, pattern, k++);

        put_back(pen, place, &order);
    }
}

static void make_ids_dense(struct hr_worst_pen *pen)
{
    make_ids(pen, &(struct pattern){.times = 1, .markets = 1});
}

static void make_ids_high(struct hr_worst_pen *pen)
{
    make_ids(pen, &(struct pattern){.times = (uint64_t)1 << 32, .markets = 1});
}

static void make_ids_pages(struct hr_worst_pen *pen)
{
    make_ids(pen, &(struct pattern){.times = 2 * 4096, .plus = 4096, .markets = 1});
}

static void make_ids_low(struct hr_worst_pen *pen)
{
    make_ids(pen, &(struct pattern){.times = 1u << 20, .plus = 0xABCDE, .markets = 1});
}

static void make_ids_shared(struct hr_worst_pen *pen)
{
    make_ids(pen, &(struct pattern){.times = 1, .markets = SHARED_MARKETS});
}

/* ---- fresh ids without end ----------------------------------------------------------- */

static void plan_churn(const struct hr_worst_size *size, struct hr_worst_flow *flow)
{
    flow->load = at_least(size->orders / 1000, 16);
    flow->timed = flow->steady = 2 * (5 * size->requests + 1);
    limit(flow, 1, flow->load, QUEUES);
}

static void make_churn(struct hr_worst_pen *pen)
{
    while (loading(pen)) {
        struct eut_request order = day_order(pen, EUT_BUY, TOUCH + (uint32_t)(pen->at % QUEUES));

        rest(pen, &order);
    }
    while (writing(pen)) {
        struct eut_request *place = cancel_any(pen);
        struct eut_request order =
            day_order(pen, EUT_BUY, TOUCH + hr_random_below(&pen->random, QUEUES));

        put_back(pen, place, &order);
    }
}

/* ---- the table ------------------------------------------------------------------------- */

#define L3 EUT_CAP_L3
/* clang-format off */
const struct hr_worst hr_worsts[] = {
    {"queue_middle", "a cancel anywhere in the longest queue", "request", false, L3,
     plan_queue, make_queue, a_cancel},
    {"sweep", "one taker through many levels", "level", false, L3,
     plan_sweep, make_sweep, a_sweep},
    {"fok_short", "a fill or kill for more than there is", "request", false, L3 | EUT_CAP_FOK,
     plan_refusals, make_refusals_short, a_fill_or_kill},
    {"fok_own", "a fill or kill that its own last maker stops", "request", false,
     L3 | EUT_CAP_FOK | EUT_CAP_STP, plan_refusals_own, make_refusals_own, a_fill_or_kill},
    {"fok_spread", "a fill or kill for more than its limit allows, an account a level", "request",
     false, L3 | EUT_CAP_FOK, plan_refusals, make_refusals_spread, a_fill_or_kill},
    {"fok_crowd", "a fill or kill behind which half a queue is its own", "request", false,
     L3 | EUT_CAP_FOK | EUT_CAP_STP, plan_refusals, make_refusals_crowd, a_fill_or_kill},
    {"fok_quotes", "a fill or kill for more than all quotes together", "request", false,
     EUT_CAP_L2 | EUT_CAP_FOK, plan_refusals_quotes, make_refusals_quotes, a_fill_or_kill},
    {"price_ends", "levels over the whole price range, in any order", "request", false,
     L3 | EUT_CAP_ANY_PRICE, plan_ends, make_ends, any_request},
    {"level_tide", "a book that swells to a thousand levels and shrinks to one", "request", false, L3,
     plan_tide, make_tide, any_request},
    {"quotes_wide", "quoted levels over the whole price range, in any order", "request", false,
     EUT_CAP_L2 | EUT_CAP_ANY_PRICE, plan_quotes, make_quotes, any_request},
    {"ids_dense", "ids 1, 2, 3 …", "request", false, L3, plan_ids, make_ids_dense, any_request},
    {"ids_high", "ids that differ in their high 32 bits only", "request", false, L3 | EUT_CAP_ANY_ID,
     plan_ids, make_ids_high, any_request},
    {"ids_pages", "ids that are odd numbers of 4096s", "request", false, L3 | EUT_CAP_ANY_ID,
     plan_ids, make_ids_pages, any_request},
    {"ids_low", "ids with the same low 20 bits", "request", false, L3 | EUT_CAP_ANY_ID,
     plan_ids, make_ids_low, any_request},
    {"ids_shared", "the same ids live in 64 markets", "request", false, L3,
     plan_ids_shared, make_ids_shared, any_request},
    {"churn", "fresh ids without end", "request", true, L3,
     plan_churn, make_churn, any_request},
    {.name = NULL},
};
/* clang-format on */

void hr_worst_plan(const struct hr_worst *worst, const struct hr_worst_size *size,
                   struct hr_worst_flow *flow)
{
    memset(flow, 0, sizeof(*flow));
    flow->units = 1;
    worst->plan(size, flow);
}

static uint64_t rests_most(const struct hr_worst_flow *flow)
{
    return flow->load > flow->limits.orders ? flow->load : flow->limits.orders;
}

int hr_worst_make(const struct hr_worst *worst, const struct hr_worst_size *size,
                  uint64_t capabilities, struct hr_worst_flow *flow)
{
    struct hr_worst_pen pen = {.flow = flow, .size = size, .capabilities = capabilities};
    struct hr_sha256 sha;
    size_t bytes;

    hr_worst_plan(worst, size, flow);
    bytes = (flow->load + flow->steady) * sizeof(*flow->requests);
    pen.maker = capabilities & EUT_CAP_STP ? 1 : 0;
    pen.live = malloc(rests_most(flow) * sizeof(*pen.live));
    if (!pen.live || hr_region_map(&flow->region, bytes, HR_PAGES_HUGE)) {
        free(pen.live);
        return hr_fail(ENOMEM, "no memory for a flow of %" PRIu64 " requests",
                       flow->load + flow->steady);
    }
    flow->requests = flow->region.at;
    hr_random_init(&pen.random, SEED, 0);
    worst->make(&pen);
    free(pen.live);
    hr_sha256_init(&sha);
    hr_sha256_update(&sha, flow->requests, bytes);
    hr_sha256_hex(&sha, flow->sha256);
    return 0;
}

void hr_worst_free(struct hr_worst_flow *flow)
{
    hr_region_unmap(&flow->region);
    memset(flow, 0, sizeof(*flow));
}
