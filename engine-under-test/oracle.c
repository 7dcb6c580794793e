/*
 * oracle.c - the engine that is plainly right. What do the rules (RULES.md) say happens?
 *
 * How: the rules, one function each, over the plain books of oracle_book.c. Every flow that is
 * measured is run through it, so it is decently quick, but where quick and plain disagree, plain
 * wins. It shares no code with the engines it judges. What it cannot see: whether RULES.md is
 * wrong.
 */
#include "engine-under-test/oracle.h"

#include <errno.h>
#include <stdlib.h>

struct oracle {
    struct eut_limits limits;
    struct books books;
    int failed; /* 0, or -ENOMEM: the host ran out of memory */

    /* the request at hand */
    struct eut_sink *sink;
    struct market *market; /* NULL if there is none of that number */
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

/* ---- matching ------------------------------------------------------------------- */

/* A new order as it enters, whether fresh or as a replacement. */
struct entry {
    uint64_t id;
    uint32_t account, price, qty;
    uint8_t side, tif;
    bool at_any_price; /* a market order */
};

static uint8_t opposite(uint8_t side)
{
    return side == EUT_BUY ? EUT_SELL : EUT_BUY;
}

static bool is_l2(const struct oracle *o, uint32_t market)
{
    return market >= o->limits.markets - o->limits.l2_markets;
}

static bool totals_only(const struct oracle *o)
{
    return is_l2(o, (uint32_t)(o->market - o->books.markets));
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
    const struct level *best = eut_market_best(o->market, opposite(entry->side));

    return best && within_limit(entry, best->price);
}

static bool is_own(const struct entry *entry, const struct order *maker)
{
    return entry->account != 0 && entry->account == maker->account;
}

/* Rule 3: can the whole quantity trade at once, before an own order stops it? */
static bool can_fill(struct oracle *o, const struct entry *entry)
{
    const struct side *makers = eut_market_side(o->market, opposite(entry->side));
    uint64_t found = 0;

    for (uint32_t i = makers->count; i-- > 0 && found < entry->qty;) {
        const struct level *level = makers->levels[i];

        if (!within_limit(entry, level->price)) {
            break;
        }
        if (totals_only(o)) {
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
        struct level *level = eut_market_best(o->market, opposite(entry->side));
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
            eut_books_order_remove(&o->books, maker);
        }
    }
    return left;
}

/* The same against the totals of an L2 market. */
static uint32_t trade_totals(struct oracle *o, const struct entry *entry)
{
    uint32_t left = entry->qty;

    while (left > 0 && would_cross(o, entry)) {
        struct level *level = eut_market_best(o->market, opposite(entry->side));
        uint32_t qty = smaller(left, level->qty);

        emit_trade(o, entry->id, 0, level->price, qty);
        left -= qty;
        level->qty -= qty;
        if (level->qty == 0) {
            eut_books_level_remove(&o->books, o->market, opposite(entry->side), level);
        }
    }
    return left;
}

static void rest_order(struct oracle *o, const struct entry *entry, uint32_t open)
{
    const struct order order = {.market = o->market,
                                .id = entry->id,
                                .account = entry->account,
                                .qty = open,
                                .side = entry->side,
                                .post = entry->tif == EUT_POST};

    o->failed = eut_books_order_add(&o->books, &order, entry->price);
    if (!o->failed) {
        emit_accepted(o, entry->id, entry->price, open);
    }
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
    if (totals_only(o)) {
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
    if (!is_l2(o, r->market) && eut_books_find(&o->books, r->market, r->order)) {
        emit_rejected(o, r->order, EUT_DUPLICATE);
        return;
    }
    if (entry.tif == EUT_POST && would_cross(o, &entry)) {
        emit_rejected(o, r->order, EUT_WOULD_CROSS);
        return;
    }
    if (entry.tif == EUT_DAY || entry.tif == EUT_POST) {
        bool new_level = !eut_market_level(o->market, entry.side, entry.price);

        if (o->books.orders_live >= o->limits.orders ||
            (new_level && o->books.levels_live >= o->limits.levels)) {
            emit_rejected(o, r->order, EUT_CAPACITY);
            return;
        }
    }
    enter(o, &entry);
}

static void process_cancel(struct oracle *o, const struct eut_request *r)
{
    struct order *order = eut_books_find(&o->books, r->market, r->order);

    if (!order || order->account != r->account) {
        emit_rejected(o, r->order, EUT_UNKNOWN_ORDER);
        return;
    }
    emit_cancelled(o, r->order, order->qty, EUT_USER);
    eut_books_order_remove(&o->books, order);
}

static void process_replace(struct oracle *o, const struct eut_request *r)
{
    struct order *order = eut_books_find(&o->books, r->market, r->order);
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
    levels_left = o->books.levels_live - (alone ? 1 : 0);
    new_level = !eut_market_level(o->market, entry.side, entry.price) ||
                (alone && entry.price == order->level->price);
    if (new_level && levels_left >= o->limits.levels) {
        emit_rejected(o, r->order, EUT_CAPACITY);
        return;
    }
    eut_books_order_remove(&o->books, order);
    enter(o, &entry);
}

static void process_quote(struct oracle *o, const struct eut_request *r)
{
    const struct entry quote = {.price = r->price, .qty = r->qty, .side = r->side};
    struct level *level = eut_market_level(o->market, r->side, r->price);

    if (r->qty == 0) {
        if (level) {
            eut_books_level_remove(&o->books, o->market, r->side, level);
        }
    } else if (would_cross(o, &quote)) {
        emit_rejected(o, 0, EUT_WOULD_CROSS);
        return;
    } else if (!level && o->books.levels_live >= o->limits.levels) {
        emit_rejected(o, 0, EUT_CAPACITY);
        return;
    } else {
        level = eut_books_level_add(&o->books, o->market, r->side, r->price);
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

static void process(struct oracle *o, const struct eut_request *r)
{
    uint64_t order = r->op == EUT_QUOTE ? 0 : r->order;
    enum eut_reason reason;

    if (r->market >= o->limits.markets) {
        o->market = NULL;
        emit_rejected(o, order, EUT_BAD_MARKET);
        return;
    }
    o->market = eut_books_meet(&o->books, r->market);
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

    if (o) {
        eut_books_close(&o->books);
        free(o);
    }
}

static int oracle_create(const struct eut_limits *limits, void **self)
{
    struct oracle *o;

    if (limits->struct_size != sizeof(*limits) || limits->markets == 0 ||
        limits->l2_markets > limits->markets || limits->batch_max == 0) {
        return -EINVAL;
    }
    o = calloc(1, sizeof(*o));
    if (!o) {
        return -ENOMEM;
    }
    o->limits = *limits;
    if (eut_books_open(&o->books, limits->markets) != 0) {
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

    for (const struct market *market = o->books.met; market; market = market->met_before) {
        sum += eut_digest_market((uint32_t)(market - o->books.markets), market->digest);
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
    rc = walk_side(&o->books.markets[market].bids, EUT_BUY, l2, visit, context);
    return rc ? rc : walk_side(&o->books.markets[market].asks, EUT_SELL, l2, visit, context);
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
