/*
 * oracle.c - the engine that is plainly right. What do the rules (RULES.md) say happens?
 *
 * How: each side is an array of levels sorted by price, best last, searched by halving; each level
 * is a queue of orders; one hash table finds an order by market and id. Every flow that is
 * measured is run through it, so it is decently quick, but where quick and plain disagree, plain
 * wins. It shares no code with the engines it judges. What it cannot see: whether RULES.md is
 * wrong.
 */
#include "engine-under-test/engine.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct order {
    uint64_t id;
    uint32_t market, account;
    uint32_t qty; /* open */
    uint8_t side;
    bool post; /* entered as post only */
    struct level *level;
    struct order *older, *newer; /* neighbours in the level's queue */
    struct order *chained;       /* next in the same bucket of the hash table */
};

struct level {
    uint32_t price;
    uint32_t qty;                  /* L2 markets: the total; L3 markets do not use it */
    struct order *oldest, *newest; /* L3 markets */
};

struct side {
    struct level **levels; /* sorted by price, best last */
    uint32_t count, room;
};

struct market {
    struct side bids, asks;
    uint64_t digest;
    struct market *met_before; /* the market first met before this one */
    bool met;                  /* had a request */
};

struct oracle {
    struct eut_limits limits;
    struct market *markets;
    struct market *met; /* the markets that had requests, in a list */
    uint64_t orders_live, levels_live;
    struct order **buckets; /* the hash table */
    uint64_t bucket_count;  /* a power of two */
    int failed;             /* 0, or -ENOMEM: the host ran out of memory */

    /* the request at hand */
    struct eut_sink *sink;
    struct market *market;
    uint32_t market_number;
    uint32_t position;
};

/* ---- events --------------------------------------------------------------------- */

static void emit(struct oracle *o, struct eut_event event)
{
    struct eut_sink *sink = o->sink;

    event.request = o->position;
    if (sink->count == sink->room) {
        sink->flush(sink);
    }
    sink->events[sink->count++] = event;
    if (o->market) {
        o->market->digest = eut_digest_event(o->market->digest, &event);
    }
}

static void emit_trade(struct oracle *o, uint64_t taker, uint64_t maker, uint32_t price,
                       uint32_t qty)
{
    emit(o, (struct eut_event){
                .kind = EUT_TRADE, .order = taker, .maker = maker, .price = price, .qty = qty});
}

static void emit_accepted(struct oracle *o, uint64_t order, uint32_t price, uint32_t qty)
{
    emit(o, (struct eut_event){.kind = EUT_ACCEPTED, .order = order, .price = price, .qty = qty});
}

static void emit_cancelled(struct oracle *o, uint64_t order, uint32_t qty, enum eut_reason reason)
{
    emit(o, (struct eut_event){
                .kind = EUT_CANCELLED, .order = order, .qty = qty, .reason = (uint8_t)reason});
}

static void emit_rejected(struct oracle *o, uint64_t order, enum eut_reason reason)
{
    emit(o, (struct eut_event){.kind = EUT_REJECTED, .order = order, .reason = (uint8_t)reason});
}

/* ---- finding an order by market and id ------------------------------------------ */

static struct order **bucket_of(struct oracle *o, uint32_t market, uint64_t id)
{
    uint64_t h = id + market * 0x9E3779B97F4A7C15u;

    h = (h ^ (h >> 31)) * 0xBF58476D1CE4E5B9u;
    h = (h ^ (h >> 29)) * 0x94D049BB133111EBu;
    return &o->buckets[(h ^ (h >> 32)) & (o->bucket_count - 1)];
}

static struct order *find_order(struct oracle *o, uint32_t market, uint64_t id)
{
    struct order *order = *bucket_of(o, market, id);

    while (order && (order->id != id || order->market != market)) {
        order = order->chained;
    }
    return order;
}

/* Twice as many buckets. Without the memory for it the chains just grow longer. */
static void grow_buckets(struct oracle *o)
{
    uint64_t old_count = o->bucket_count;
    struct order **old = o->buckets, **grown = calloc(2 * old_count, sizeof(struct order *));

    if (!grown) {
        return;
    }
    o->buckets = grown;
    o->bucket_count = 2 * old_count;
    for (uint64_t i = 0; i < old_count; i++) {
        for (struct order *order = old[i], *next; order; order = next) {
            struct order **bucket = bucket_of(o, order->market, order->id);

            next = order->chained;
            order->chained = *bucket;
            *bucket = order;
        }
    }
    free(old);
}

static void hash_insert(struct oracle *o, struct order *order)
{
    struct order **bucket;

    if (o->orders_live >= o->bucket_count) {
        grow_buckets(o);
    }
    bucket = bucket_of(o, order->market, order->id);
    order->chained = *bucket;
    *bucket = order;
}

static void hash_remove(struct oracle *o, const struct order *order)
{
    struct order **link = bucket_of(o, order->market, order->id);

    while (*link != order) {
        link = &(*link)->chained;
    }
    *link = order->chained;
}

/* ---- levels --------------------------------------------------------------------- */

static struct side *side_of(struct oracle *o, uint8_t side)
{
    return side == EUT_BUY ? &o->market->bids : &o->market->asks;
}

static uint8_t opposite(uint8_t side)
{
    return side == EUT_BUY ? EUT_SELL : EUT_BUY;
}

/* Is price a worse than price b, for a resting order of this side? */
static bool worse(uint8_t side, uint32_t a, uint32_t b)
{
    return side == EUT_BUY ? a < b : a > b;
}

/* How many levels of this side are worse than price: where a level at that price is, or belongs. */
static uint32_t level_position(struct oracle *o, uint8_t side, uint32_t price)
{
    const struct side *s = side_of(o, side);
    uint32_t low = 0, high = s->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (worse(side, s->levels[middle]->price, price)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static struct level *find_level(struct oracle *o, uint8_t side, uint32_t price)
{
    const struct side *s = side_of(o, side);
    uint32_t at = level_position(o, side, price);

    return at < s->count && s->levels[at]->price == price ? s->levels[at] : NULL;
}

static struct level *best_level(struct oracle *o, uint8_t side)
{
    const struct side *s = side_of(o, side);

    return s->count ? s->levels[s->count - 1] : NULL;
}

/* The level at this price, made if it is not there; NULL when the host has no memory left. */
static struct level *need_level(struct oracle *o, uint8_t side, uint32_t price)
{
    struct side *s = side_of(o, side);
    struct level *level = find_level(o, side, price);
    uint32_t at = level_position(o, side, price);

    if (level) {
        return level;
    }
    if (s->count == s->room) {
        uint32_t room = s->room ? 2 * s->room : 4;
        struct level **levels = realloc(s->levels, room * sizeof(struct level *));

        if (!levels) {
            return NULL;
        }
        s->levels = levels;
        s->room = room;
    }
    level = calloc(1, sizeof(*level));
    if (!level) {
        return NULL;
    }
    level->price = price;
    memmove(&s->levels[at + 1], &s->levels[at], (s->count - at) * sizeof(struct level *));
    s->levels[at] = level;
    s->count++;
    o->levels_live++;
    return level;
}

static void remove_level(struct oracle *o, uint8_t side, struct level *level)
{
    struct side *s = side_of(o, side);
    uint32_t at = level_position(o, side, level->price);

    s->count--;
    memmove(&s->levels[at], &s->levels[at + 1], (s->count - at) * sizeof(struct level *));
    o->levels_live--;
    free(level);
}

/* ---- orders --------------------------------------------------------------------- */

/* A new order as it enters, whether fresh or as a replacement. */
struct entry {
    uint64_t id;
    uint32_t account, price, qty;
    uint8_t side, tif;
    bool at_any_price; /* a market order */
};

static void rest_order(struct oracle *o, const struct entry *entry, uint32_t open)
{
    struct order *order = calloc(1, sizeof(*order));
    struct level *level = need_level(o, entry->side, entry->price);

    if (!order || !level) {
        free(order);
        o->failed = -ENOMEM;
        return;
    }
    order->id = entry->id;
    order->market = o->market_number;
    order->account = entry->account;
    order->qty = open;
    order->side = entry->side;
    order->post = entry->tif == EUT_POST;
    order->level = level;
    order->older = level->newest;
    if (level->newest) {
        level->newest->newer = order;
    } else {
        level->oldest = order;
    }
    level->newest = order;
    hash_insert(o, order);
    o->orders_live++;
}

static void remove_order(struct oracle *o, struct order *order)
{
    struct level *level = order->level;

    if (order->older) {
        order->older->newer = order->newer;
    } else {
        level->oldest = order->newer;
    }
    if (order->newer) {
        order->newer->older = order->older;
    } else {
        level->newest = order->older;
    }
    if (!level->oldest) {
        remove_level(o, order->side, level);
    }
    hash_remove(o, order);
    o->orders_live--;
    free(order);
}

/* ---- matching ------------------------------------------------------------------- */

static bool is_l2(const struct oracle *o, uint32_t market)
{
    return market >= o->limits.markets - o->limits.l2_markets;
}

/* May this entry trade at a maker's price? */
static bool within_limit(const struct entry *entry, uint32_t price)
{
    if (entry->at_any_price) {
        return true;
    }
    return entry->side == EUT_BUY ? price <= entry->price : price >= entry->price;
}

static bool would_cross(struct oracle *o, const struct entry *entry)
{
    const struct level *best = best_level(o, opposite(entry->side));

    return best && within_limit(entry, best->price);
}

static bool is_own(const struct entry *entry, const struct order *maker)
{
    return entry->account != 0 && entry->account == maker->account;
}

/* Rule 3: can the whole quantity trade at once, before an own order stops it? */
static bool can_fill(struct oracle *o, const struct entry *entry)
{
    const struct side *makers = side_of(o, opposite(entry->side));
    uint64_t found = 0;

    for (uint32_t i = makers->count; i-- > 0 && found < entry->qty;) {
        const struct level *level = makers->levels[i];

        if (!within_limit(entry, level->price)) {
            break;
        }
        if (is_l2(o, o->market_number)) {
            found += level->qty;
        }
        for (const struct order *maker = level->oldest; maker; maker = maker->newer) {
            if (is_own(entry, maker)) {
                return found >= entry->qty;
            }
            found += maker->qty;
        }
    }
    return found >= entry->qty;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Trades an entry against orders; returns what is left. *stopped: an own order is next. */
static uint32_t trade_orders(struct oracle *o, const struct entry *entry, bool *stopped)
{
    uint32_t left = entry->qty;

    *stopped = false;
    while (left > 0 && would_cross(o, entry)) {
        struct level *level = best_level(o, opposite(entry->side));
        struct order *maker = level->oldest;
        uint32_t qty = smaller(left, maker->qty);

        if (is_own(entry, maker)) {
            *stopped = true;
            break;
        }
        emit_trade(o, entry->id, maker->id, level->price, qty);
        left -= qty;
        maker->qty -= qty;
        if (maker->qty == 0) {
            remove_order(o, maker);
        }
    }
    return left;
}

/* The same against the totals of an L2 market. */
static uint32_t trade_totals(struct oracle *o, const struct entry *entry)
{
    uint32_t left = entry->qty;

    while (left > 0 && would_cross(o, entry)) {
        struct level *level = best_level(o, opposite(entry->side));
        uint32_t qty = smaller(left, level->qty);

        emit_trade(o, entry->id, 0, level->price, qty);
        left -= qty;
        level->qty -= qty;
        if (level->qty == 0) {
            remove_level(o, opposite(entry->side), level);
        }
    }
    return left;
}

/* An entry that passed every check: rules 1, 2, 3 and 5. */
static void enter(struct oracle *o, const struct entry *entry)
{
    bool stopped = false;
    uint32_t left;

    if (entry->tif == EUT_FOK && !can_fill(o, entry)) {
        emit_cancelled(o, entry->id, entry->qty, EUT_FOK_KILL);
        return;
    }
    if (is_l2(o, o->market_number)) {
        left = trade_totals(o, entry);
    } else {
        left = trade_orders(o, entry, &stopped);
    }
    if (left == 0) {
        return;
    }
    if (stopped) {
        emit_cancelled(o, entry->id, left, EUT_STP);
    } else if (entry->tif == EUT_DAY || entry->tif == EUT_POST) {
        rest_order(o, entry, left);
        emit_accepted(o, entry->id, entry->price, left);
    } else {
        emit_cancelled(o, entry->id, left, EUT_IOC_REST);
    }
}

/* ---- requests ------------------------------------------------------------------- */

static bool price_in_range(uint32_t price)
{
    return price >= 1 && price <= EUT_PRICE_MAX;
}

static void process_new(struct oracle *o, const struct eut_request *r)
{
    struct entry entry = {.id = r->order,
                          .account = r->account,
                          .price = r->price,
                          .qty = r->qty,
                          .side = r->side,
                          .tif = r->tif,
                          .at_any_price = r->type == EUT_MARKET};

    if (entry.at_any_price && entry.tif == EUT_DAY) {
        entry.tif = EUT_IOC;
    }
    if (!is_l2(o, r->market) && find_order(o, r->market, r->order)) {
        emit_rejected(o, r->order, EUT_DUPLICATE);
        return;
    }
    if (entry.tif == EUT_POST && would_cross(o, &entry)) {
        emit_rejected(o, r->order, EUT_WOULD_CROSS);
        return;
    }
    if (entry.tif == EUT_DAY || entry.tif == EUT_POST) {
        bool new_level = !find_level(o, entry.side, entry.price);

        if (o->orders_live >= o->limits.orders ||
            (new_level && o->levels_live >= o->limits.levels)) {
            emit_rejected(o, r->order, EUT_CAPACITY);
            return;
        }
    }
    enter(o, &entry);
}

static void process_cancel(struct oracle *o, const struct eut_request *r)
{
    struct order *order = find_order(o, r->market, r->order);

    if (!order || order->account != r->account) {
        emit_rejected(o, r->order, EUT_UNKNOWN_ORDER);
        return;
    }
    emit_cancelled(o, r->order, order->qty, EUT_USER);
    remove_order(o, order);
}

static void process_replace(struct oracle *o, const struct eut_request *r)
{
    struct order *order = find_order(o, r->market, r->order);
    struct entry entry = {
        .id = r->order, .account = r->account, .price = r->price, .qty = r->qty, .tif = EUT_DAY};
    uint64_t levels_left;
    bool alone, new_level;

    if (!order || order->account != r->account) {
        emit_rejected(o, r->order, EUT_UNKNOWN_ORDER);
        return;
    }
    if (r->price == order->level->price && r->qty <= order->qty) {
        order->qty = r->qty;
        emit_accepted(o, r->order, r->price, r->qty);
        return;
    }
    entry.side = order->side;
    entry.tif = order->post ? EUT_POST : EUT_DAY;
    if (entry.tif == EUT_POST && would_cross(o, &entry)) {
        emit_rejected(o, r->order, EUT_WOULD_CROSS);
        return;
    }
    /* Capacity counts as if the order had left. That makes room for it among the orders. */
    alone = order->level->oldest == order->level->newest;
    levels_left = o->levels_live - (alone ? 1 : 0);
    new_level =
        !find_level(o, entry.side, entry.price) || (alone && entry.price == order->level->price);
    if (new_level && levels_left >= o->limits.levels) {
        emit_rejected(o, r->order, EUT_CAPACITY);
        return;
    }
    remove_order(o, order);
    enter(o, &entry);
}

static void process_quote(struct oracle *o, const struct eut_request *r)
{
    const struct entry quote = {.price = r->price, .qty = r->qty, .side = r->side};
    struct level *level = find_level(o, r->side, r->price);

    if (r->qty == 0) {
        if (level) {
            remove_level(o, r->side, level);
        }
    } else if (would_cross(o, &quote)) {
        emit_rejected(o, 0, EUT_WOULD_CROSS);
        return;
    } else if (!level && o->levels_live >= o->limits.levels) {
        emit_rejected(o, 0, EUT_CAPACITY);
        return;
    } else {
        level = need_level(o, r->side, r->price);
        if (!level) {
            o->failed = -ENOMEM;
            return;
        }
        level->qty = r->qty;
    }
    emit_accepted(o, 0, r->price, r->qty);
}

/* The checks of rule 8 that need no look at the book, in their order. */
static enum eut_reason check(const struct oracle *o, const struct eut_request *r)
{
    bool new = r->op != EUT_CANCEL && r->op != EUT_REPLACE && r->op != EUT_QUOTE;
    bool l2 = is_l2(o, r->market);
    bool side_known = r->side == EUT_BUY || r->side == EUT_SELL;

    if (r->op != EUT_QUOTE && r->order == 0) {
        return EUT_BAD_ORDER;
    }
    if ((new || r->op == EUT_REPLACE) && r->qty == 0) {
        return EUT_BAD_QTY;
    }
    if (new && r->type == EUT_MARKET) {
        if (r->price != 0) {
            return EUT_BAD_PRICE;
        }
    } else if (r->op != EUT_CANCEL && !price_in_range(r->price)) {
        return EUT_BAD_PRICE;
    }
    switch (r->op) {
    case EUT_NEW:
        if (!side_known || (r->type != EUT_LIMIT && r->type != EUT_MARKET) ||
            (r->tif != EUT_DAY && r->tif != EUT_IOC && r->tif != EUT_FOK && r->tif != EUT_POST) ||
            (r->type == EUT_MARKET && r->tif == EUT_POST)) {
            return EUT_BAD_TYPE;
        }
        if (l2 && r->type == EUT_LIMIT && (r->tif == EUT_DAY || r->tif == EUT_POST)) {
            return EUT_BAD_TYPE;
        }
        return EUT_NONE;
    case EUT_CANCEL:
    case EUT_REPLACE:
        return l2 ? EUT_BAD_TYPE : EUT_NONE;
    case EUT_QUOTE:
        return l2 && side_known ? EUT_NONE : EUT_BAD_TYPE;
    default:
        return EUT_BAD_TYPE;
    }
}

static void meet_market(struct oracle *o, uint32_t number)
{
    struct market *market = &o->markets[number];

    o->market = market;
    o->market_number = number;
    if (!market->met) {
        market->met = true;
        market->digest = number;
        market->met_before = o->met;
        o->met = market;
    }
}

static void process(struct oracle *o, const struct eut_request *r)
{
    uint64_t order = r->op == EUT_QUOTE ? 0 : r->order;
    enum eut_reason reason;

    if (r->market >= o->limits.markets) {
        o->market = NULL;
        emit_rejected(o, order, EUT_BAD_MARKET);
        return;
    }
    meet_market(o, r->market);
    reason = check(o, r);
    if (reason != EUT_NONE) {
        emit_rejected(o, order, reason);
        return;
    }
    switch (r->op) {
    case EUT_NEW:
        process_new(o, r);
        break;
    case EUT_CANCEL:
        process_cancel(o, r);
        break;
    case EUT_REPLACE:
        process_replace(o, r);
        break;
    default:
        process_quote(o, r);
    }
}

/* ---- the hooks ------------------------------------------------------------------ */

static void oracle_destroy(void *self)
{
    struct oracle *o = self;

    if (!o) {
        return;
    }
    for (struct market *market = o->met; market; market = market->met_before) {
        struct side *sides[] = {&market->bids, &market->asks};

        for (int i = 0; i < 2; i++) {
            for (uint32_t at = 0; at < sides[i]->count; at++) {
                struct level *level = sides[i]->levels[at];

                for (struct order *order = level->oldest, *next; order; order = next) {
                    next = order->newer;
                    free(order);
                }
                free(level);
            }
            free(sides[i]->levels);
        }
    }
    free(o->buckets);
    free(o->markets);
    free(o);
}

static int oracle_create(const struct eut_limits *limits, void **self)
{
    struct oracle *o;

    if (limits->struct_size != sizeof(*limits) || limits->markets == 0 ||
        limits->l2_markets > limits->markets || limits->batch_max == 0) {
        return -EINVAL;
    }
    /* calloc may promise what the machine does not have. */
    if (limits->markets > (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE) /
                              sizeof(struct market)) {
        return -ENOMEM;
    }
    o = calloc(1, sizeof(*o));
    if (!o) {
        return -ENOMEM;
    }
    o->limits = *limits;
    o->bucket_count = 1024;
    o->buckets = calloc(o->bucket_count, sizeof(struct order *));
    o->markets = calloc(limits->markets, sizeof(struct market));
    if (!o->buckets || !o->markets) {
        oracle_destroy(o);
        return -ENOMEM;
    }
    *self = o;
    return 0;
}

static int oracle_submit(void *self, const struct eut_request *requests, uint32_t count,
                         struct eut_sink *sink)
{
    struct oracle *o = self;

    o->sink = sink;
    for (uint32_t i = 0; i < count && !o->failed; i++) {
        o->position = i;
        process(o, &requests[i]);
    }
    return o->failed;
}

/* A market that had no request adds nothing. */
static uint64_t oracle_digest(void *self)
{
    const struct oracle *o = self;
    uint64_t sum = 0;

    for (const struct market *market = o->met; market; market = market->met_before) {
        sum += eut_digest_market((uint32_t)(market - o->markets), market->digest);
    }
    return sum;
}

static int walk_side(const struct side *side, uint8_t code, bool l2, eut_visit visit, void *context)
{
    for (uint32_t at = side->count; at-- > 0;) {
        const struct level *level = side->levels[at];
        struct eut_resting resting = {.price = level->price, .qty = level->qty, .side = code};
        int rc = l2 ? visit(context, &resting) : 0;

        for (const struct order *order = level->oldest; order && rc == 0; order = order->newer) {
            resting.order = order->id;
            resting.account = order->account;
            resting.qty = order->qty;
            rc = visit(context, &resting);
        }
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

static int oracle_walk(void *self, uint32_t market, eut_visit visit, void *context)
{
    const struct oracle *o = self;
    bool l2;
    int rc;

    if (market >= o->limits.markets) {
        return -EINVAL;
    }
    l2 = is_l2(o, market);
    rc = walk_side(&o->markets[market].bids, EUT_BUY, l2, visit, context);
    return rc ? rc : walk_side(&o->markets[market].asks, EUT_SELL, l2, visit, context);
}

const struct eut_engine eut_oracle = {
    .abi_version = EUT_ABI_VERSION,
    .struct_size = sizeof(struct eut_engine),
    .name = "oracle",
    .capabilities = EUT_CAP_ALL,
    .create = oracle_create,
    .submit = oracle_submit,
    .digest = oracle_digest,
    .walk = oracle_walk,
    .destroy = oracle_destroy,
};
