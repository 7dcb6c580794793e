/* flow.c - what comes next? Draws one request after another: which market (uniform or Zipf), then,
 * from that market's slots and best prices, an order that enters, leaves, moves or takes. New is
 * steered against cancel so that each book keeps its size. Sees the market only through
 * hr_flow_observe(): within a batch it acts on what it has claimed itself. */
#include "harness/flow_state.h"

#include <string.h>

enum { BUY = 0, SELL = 1 };

#define FAR_END_ONE_IN 64u      /* with price_full: resting orders at a far end of the range */
#define FAR_LIMIT_ONE_IN 16u    /* with price_full: takers with the whole range as their limit */
#define NUDGE_MOVES 1717986918u /* of 2^31: four fifths */
#define EMPTY_PROBES 16u        /* price levels looked at to find an empty one */

static uint32_t draw32(struct hr_flow *f, int stream)
{
    return (uint32_t)(hr_random_u64(&f->random[stream]) >> 32);
}

static uint32_t draw_below(struct hr_flow *f, int stream, uint32_t n)
{
    return hr_random_below(&f->random[stream], n);
}

static uint32_t draw_qty(struct hr_flow *f)
{
    return hr_geometric_draw(&f->qty, &f->random[HR_STREAM_QTY]);
}

/* The account that owns an order follows from its slot and generation: nothing to remember. */
static uint32_t account_of(const struct hr_flow *f, uint32_t market, uint32_t slot,
                           uint32_t generation)
{
    uint64_t x = ((((uint64_t)generation << 32) | slot) ^ 0x5851F42D4C957F2Du) + market * HR_MIX_2;

    return f->params.accounts ? 1 + (uint32_t)((hr_flow_mix(x) >> 32) * f->params.accounts >> 32)
                              : 0;
}

/* The first set (or with `flip` clear) bit of n at or after a start, going round; n if there is
 * none. */
static uint32_t find_bit(const uint64_t *bits, uint32_t n, uint32_t start, uint64_t flip)
{
    uint32_t words = (n + 63) / 64, word = start / 64;
    uint64_t now = (bits[word] ^ flip) & (~(uint64_t)0 << (start % 64));

    for (uint32_t i = 0; i <= words; i++) {
        while (now) {
            uint32_t at = word * 64 + (uint32_t)__builtin_ctzll(now);

            if (at < n) {
                return at;
            }
            now &= now - 1;
        }
        word = word + 1 < words ? word + 1 : 0;
        now = bits[word] ^ flip;
    }
    return n;
}

/* ---- prices ---- */

/* `away` ticks from the side's best possible price: next to the middle, or to what stands opposite.
 * Where the middle swings nothing that stands in its way holds it up: orders priced off it trade
 * with what it left behind. */
static uint32_t passive_price(const struct hr_flow *f, const struct hr_flow_market *m,
                              unsigned side, uint32_t away)
{
    if (side == BUY) {
        bool held = m->best[SELL] <= m->middle && !f->swings;
        uint32_t base = held ? m->best[SELL] - 1 : m->middle - 1;

        return base > away ? base - away : 1;
    }
    bool held = m->best[BUY] >= m->middle && !f->swings;
    uint32_t base = held ? m->best[BUY] + 1 : m->middle + 1;

    return base < EUT_PRICE_MAX - away ? base + away : EUT_PRICE_MAX;
}

/* Near prices are likelier. */
static uint32_t near_price(const struct hr_flow *f, const struct hr_flow_market *m, unsigned side,
                           uint64_t bits)
{
    return passive_price(f, m, side, hr_nearness_draw(&f->distance, bits));
}

/* In an L3 market, which alone knows its levels: near ones, but while levels are missing every
 * second order goes to an empty one. */
static uint32_t draw_passive_price(struct hr_flow *f, struct hr_flow_market *m, unsigned side)
{
    uint64_t bits = hr_random_u64(&f->random[HR_STREAM_PRICE]);
    uint32_t levels = f->params.levels, price;

    if (m->levels[side] < levels && bits >> 63) {
        const uint32_t *ring = hr_flow_ring(f, m, side);
        uint32_t away = (uint32_t)((bits & 0xFFFFFFFFu) * levels >> 32);

        for (uint32_t probe = 0; probe < EMPTY_PROBES && probe < levels; probe++) {
            price = passive_price(f, m, side, away);
            if (ring[price & (f->ring - 1)] == 0) {
                return price;
            }
            away = away + 1 < levels ? away + 1 : 0;
        }
    }
    return near_price(f, m, side, bits);
}

/* Through the best opposite price, by up to two ticks, but no further from the middle than the book
 * reaches. */
static uint32_t draw_crossing_price(struct hr_flow *f, const struct hr_flow_market *m,
                                    unsigned side, uint32_t reach)
{
    uint32_t through = draw_below(f, HR_STREAM_PRICE, 3);

    if (side == BUY) {
        uint32_t best = m->best[SELL] != UINT32_MAX ? m->best[SELL] : m->middle;

        return best + through < m->middle + reach ? best + through : m->middle + reach;
    }
    uint32_t best = m->best[BUY] ? m->best[BUY] : m->middle;

    return best > m->middle - reach + through ? best - through : m->middle - reach;
}

static uint32_t draw_far_price(struct hr_flow *f, unsigned side)
{
    uint32_t bits = draw32(f, HR_STREAM_PRICE), from_end = (bits >> 1) % (bits & 1 ? 2 : f->lowest);

    return side == BUY ? 1 + from_end : EUT_PRICE_MAX - from_end;
}

static bool once_in(struct hr_flow *f, uint32_t n)
{
    return f->params.price_full && draw_below(f, HR_STREAM_PRICE, n) == 0;
}

/* A taker goes where the book lags behind the middle, so that the book follows it. */
static unsigned draw_taker_side(struct hr_flow *f, const struct hr_flow_market *m)
{
    bool ask_behind = m->best[SELL] <= m->middle, bid_behind = m->best[BUY] >= m->middle;
    unsigned any = draw32(f, HR_STREAM_MIX) >> 31;

    return ask_behind == bid_behind ? any : ask_behind ? BUY : SELL;
}

/* ---- the kinds of request on an L3 market ---- */

/* Where a new order is priced, and whether it may stay there; true if it is to rest near the
 * middle. */
static bool price_new(struct hr_flow *f, struct hr_flow_market *m, unsigned side,
                      struct eut_request *r)
{
    r->tif = draw32(f, HR_STREAM_MIX) < f->post_of_new ? EUT_POST : EUT_DAY;
    if (f->steady && r->tif == EUT_DAY) {
        if (draw32(f, HR_STREAM_MIX) < f->crossing) {
            r->price = draw_crossing_price(f, m, side, f->params.levels);
            return false;
        }
        if (once_in(f, FAR_END_ONE_IN)) {
            r->price = draw_far_price(f, side);
            return false;
        }
    }
    r->price = draw_passive_price(f, m, side);
    return true;
}

/* A day or post-only order in a free slot; false if there is none. */
static bool enter(struct hr_flow *f, uint32_t market, struct hr_flow_market *m, unsigned side,
                  struct eut_request *r)
{
    uint64_t *used = hr_flow_used(f, m, side);
    uint32_t start = f->params.ids == HR_IDS_DENSE ? 0 : f->start[f->now];
    uint32_t at = find_bit(used, f->per_side, start, ~(uint64_t)0), number = at * 2 + side;

    if (at == f->per_side) {
        return false;
    }
    struct hr_flow_slot *slot = &hr_flow_slots(f, m, side)[at];
    do {
        slot->generation++;
        r->order = hr_flow_id(f, market, number, slot->generation);
    } while (r->order == 0);
    r->account = account_of(f, market, number, slot->generation);
    r->op = EUT_NEW;
    r->side = side == BUY ? EUT_BUY : EUT_SELL;
    r->type = EUT_LIMIT;
    r->qty = draw_qty(f);
    used[at / 64] |= (uint64_t)1 << (at % 64);
    m->used[side]++;
    f->counts.qty_submitted[side] += r->qty;
    slot->qty = r->qty;
    if (price_new(f, m, side, r)) {
        slot->price = r->price;
        hr_flow_claim(f, m, side, r->price);
    } else {
        slot->price = r->price | HR_SLOT_UNCLAIMED;
    }
    return true;
}

/* An order that rests and has no request under way; false if the side has none. */
static bool pick_resting(struct hr_flow *f, uint32_t market, struct hr_flow_market *m,
                         unsigned side, struct eut_request *r, struct hr_flow_slot **slot)
{
    uint64_t *ready = hr_flow_ready(f, m, side);
    uint32_t at = find_bit(ready, f->per_side, f->start[f->now], 0), number = at * 2 + side;

    if (at == f->per_side) {
        return false;
    }
    *slot = &hr_flow_slots(f, m, side)[at];
    ready[at / 64] &= ~((uint64_t)1 << (at % 64));
    r->order = hr_flow_id(f, market, number, (*slot)->generation);
    r->account = account_of(f, market, number, (*slot)->generation);
    return true;
}

static bool cancel(struct hr_flow *f, uint32_t market, struct hr_flow_market *m, unsigned side,
                   struct eut_request *r)
{
    struct hr_flow_slot *slot;

    r->op = EUT_CANCEL;
    return pick_resting(f, market, m, side, r, &slot);
}

/* A lot more, and four times in five a tick up or down: what a maker does who follows the market.
 */
static void nudge(struct hr_flow *f, const struct hr_flow_slot *slot, struct eut_request *r)
{
    uint32_t price = slot->price & ~HR_SLOT_UNCLAIMED, bits = draw32(f, HR_STREAM_PRICE);

    r->price = price;
    if (bits >> 1 < NUDGE_MOVES) {
        r->price = bits & 1 ? price + (price < EUT_PRICE_MAX) : price - (price > 1);
    }
    r->qty = slot->qty + (slot->qty < UINT32_MAX);
}

/* Beside those that nudge, half take quantity off and keep their place, half move. */
static bool replace(struct hr_flow *f, uint32_t market, struct hr_flow_market *m, unsigned side,
                    struct eut_request *r)
{
    struct hr_flow_slot *slot;

    if (!pick_resting(f, market, m, side, r, &slot)) {
        return false;
    }
    r->op = EUT_REPLACE;
    if (f->nudge && draw32(f, HR_STREAM_MIX) < f->nudge) {
        nudge(f, slot, r);
    } else if (draw32(f, HR_STREAM_MIX) >> 31 && !(slot->price & HR_SLOT_UNCLAIMED)) {
        r->price = slot->price;
        r->qty = 1 + draw_below(f, HR_STREAM_QTY, slot->qty);
    } else {
        r->price = draw_passive_price(f, m, side);
        r->qty = draw_qty(f);
    }
    hr_flow_claim(f, m, side, r->price);
    return true;
}

static void taker_identity(struct hr_flow *f, uint32_t market, struct hr_flow_market *m,
                           struct eut_request *r)
{
    uint32_t number = 2 * f->per_side + m->takers % HR_FLOW_BATCH;

    do {
        r->order = hr_flow_id(f, market, number, m->takers);
        r->account = account_of(f, market, number, m->takers);
        m->takers++;
    } while (r->order == 0);
}

/* immediate-or-cancel, fill-or-kill or market; `bits` draws which. */
static void take(struct hr_flow *f, uint32_t market, struct hr_flow_market *m, uint32_t bits,
                 struct eut_request *r)
{
    uint32_t reach = market < f->l3 ? f->params.levels : f->l2_levels;
    unsigned side = draw_taker_side(f, m);

    taker_identity(f, market, m, r);
    r->op = EUT_NEW;
    r->side = side == BUY ? EUT_BUY : EUT_SELL;
    r->qty = draw_qty(f);
    if (market < f->l3) {
        f->counts.qty_submitted[side] += r->qty;
    }
    r->tif = bits < f->ioc_share ? EUT_IOC : bits < f->fok_share ? EUT_FOK : EUT_IOC;
    if (bits >= f->fok_share) {
        r->type = EUT_MARKET;
        return;
    }
    r->type = EUT_LIMIT;
    if (r->tif == EUT_IOC && f->taken <= UINT32_MAX && draw32(f, HR_STREAM_MIX) >= f->taken) {
        r->price = market < f->l3
                       ? draw_passive_price(f, m, side)
                       : near_price(f, m, side, hr_random_u64(&f->random[HR_STREAM_PRICE]));
        return;
    }
    r->price = once_in(f, FAR_LIMIT_ONE_IN) ? (side == BUY ? EUT_PRICE_MAX : 1)
                                            : draw_crossing_price(f, m, side, reach);
}

/* More of one side than of the other, or of both than wanted: a chance of 1/2 or `even`, moved. */
static bool lean(const struct hr_flow *f, uint32_t bits, uint64_t even, int64_t missing)
{
    int64_t chance = (int64_t)even + missing * (int64_t)f->steer;

    return (int64_t)bits < chance;
}

static void keep_book(struct hr_flow *f, uint32_t market, struct hr_flow_market *m,
                      struct eut_request *r)
{
    int64_t buys = m->used[BUY], sells = m->used[SELL];
    uint32_t bits = draw32(f, HR_STREAM_MIX);
    unsigned fewer =
        lean(f, draw32(f, HR_STREAM_MIX), (uint64_t)1 << 31, sells - buys) ? BUY : SELL;
    bool more = lean(f, bits, f->new_of_keep, 2 * (int64_t)f->target - buys - sells);

    /* what cannot be (every slot taken, or every order with a request under way) gives way */
    if (more ? enter(f, market, m, fewer, r) || cancel(f, market, m, !fewer, r)
             : cancel(f, market, m, !fewer, r) || cancel(f, market, m, fewer, r) ||
                   enter(f, market, m, fewer, r)) {
        return;
    }
    take(f, market, m, 0, r);
}

/* Ticks from the start after so many requests, out and back. */
static int64_t swung(const struct hr_flow *f, const struct hr_flow_swing *s, uint32_t moved)
{
    uint32_t way = f->params.swing_requests, out = moved < way ? moved : 2 * way - moved;

    return (int64_t)s->reach * out / way;
}

static void swing(const struct hr_flow *f, struct hr_flow_swing *s, struct hr_flow_market *m)
{
    int64_t before = swung(f, s, s->moved), middle;

    s->moved = s->moved + 1 < 2 * f->params.swing_requests ? s->moved + 1 : 0;
    middle = (int64_t)m->middle + swung(f, s, s->moved) - before;
    m->middle = middle < f->lowest    ? f->lowest
                : middle > f->highest ? f->highest
                                      : (uint32_t)middle;
}

static void walk(struct hr_flow *f, uint32_t market, struct hr_flow_market *m)
{
    uint64_t bits = hr_random_u64(&f->random[HR_STREAM_WALK]);

    if (f->swings) {
        swing(f, &f->swings[market], m);
    }

    if ((uint32_t)bits < f->walk) {
        bool up = m->middle >= f->highest ? false : m->middle <= f->lowest ? true : bits >> 63;

        m->middle += up ? 1u : UINT32_MAX;
    }
}

static void steady_l3(struct hr_flow *f, uint32_t market, struct eut_request *r)
{
    struct hr_flow_market *m = hr_flow_market(f, market);
    uint32_t bits = draw32(f, HR_STREAM_MIX);

    walk(f, market, m);
    if (bits < f->keep_share) {
        keep_book(f, market, m, r);
    } else if (bits < f->replace_share) {
        unsigned side = bits & 1;

        if (!replace(f, market, m, side, r) && !replace(f, market, m, !side, r)) {
            keep_book(f, market, m, r);
        }
    } else {
        take(f, market, m, bits, r);
    }
}

/* ---- L2 markets ---- */

static void best_of_l2(const struct hr_flow *f, struct hr_flow_market *m)
{
    const uint32_t *bids = hr_flow_l2_prices(m), *asks = bids + f->l2_levels;
    uint32_t bid = 0, ask = UINT32_MAX;

    for (uint32_t i = 0; i < f->l2_levels; i++) {
        bid = bids[i] > bid ? bids[i] : bid;
        ask = asks[i] - 1 < ask - 1 ? asks[i] : ask; /* 0 is no price, and counts as the largest */
    }
    m->best[BUY] = bid;
    m->best[SELL] = ask;
}

/* Level i of a side belongs i ticks away; one that the middle has left by more than two ticks is
 * taken out, and set anew at its place by the next quote that falls on it. */
static void quote(struct hr_flow *f, struct hr_flow_market *m, unsigned side, uint32_t i,
                  struct eut_request *r)
{
    uint32_t *price = &hr_flow_l2_prices(m)[side * f->l2_levels + i];
    uint32_t place = passive_price(f, m, side, i);

    r->op = EUT_QUOTE;
    r->side = side == BUY ? EUT_BUY : EUT_SELL;
    if (*price == 0) {
        *price = place;
    }
    r->price = *price;
    if (place - *price + 2 > 4) {
        *price = 0;
    } else {
        uint64_t qty = (uint64_t)draw_qty(f) * f->params.orders_per_level;

        r->qty = qty < UINT32_MAX ? (uint32_t)qty : UINT32_MAX;
    }
}

static void steady_l2(struct hr_flow *f, uint32_t market, struct eut_request *r)
{
    struct hr_flow_market *m = hr_flow_market(f, market);
    uint32_t bits = draw32(f, HR_STREAM_MIX);

    walk(f, market, m);
    best_of_l2(f, m);
    if (bits < f->taking) {
        uint64_t kind = f->replace_share + (f->taking * draw32(f, HR_STREAM_MIX) >> 32);

        take(f, market, m, (uint32_t)kind, r);
    } else {
        quote(f, m, bits & 1, draw_below(f, HR_STREAM_PRICE, f->l2_levels), r);
    }
}

/* ---- load, and the loop ---- */

/* The streams that this market draws from, new ones at its first request. */
static void turn_to(struct hr_flow *f, uint32_t market, bool first)
{
    if (!f->params.by_market) {
        return;
    }
    f->random = hr_flow_streams(f, market);
    for (uint64_t i = 0; first && i < HR_STREAM_COUNT; i++) {
        hr_random_init(&f->random[i], hr_flow_mix(f->params.seed + market * HR_MIX_2), i);
    }
}

/* Market by market; the two sides in turn; first an order at each level, then the rest as always.
 */
static void load_one(struct hr_flow *f, struct eut_request *r)
{
    uint64_t l3_each = 2 * (uint64_t)f->target, l3_all = l3_each * f->l3;
    uint64_t l2_each = 2 * (uint64_t)f->l2_levels, n = f->loaded++;
    bool l3 = n < l3_all;
    uint32_t market = l3 ? (uint32_t)(n / l3_each) : f->l3 + (uint32_t)((n - l3_all) / l2_each);
    uint64_t i = l3 ? n % l3_each : (n - l3_all) % l2_each;
    struct hr_flow_market *m = hr_flow_market(f, market);

    turn_to(f, market, i == 0);
    if (i == 0) {
        uint64_t bits = hr_random_u64(&f->random[HR_STREAM_WALK]);
        uint64_t middle = f->params.price_mid - f->params.price_mid / 8 +
                          ((bits >> 32) * (f->params.price_mid / 4 + 1) >> 32);

        m->middle = middle < f->lowest    ? f->lowest
                    : middle > f->highest ? f->highest
                                          : (uint32_t)middle;
        m->best[SELL] = UINT32_MAX;
        if (f->swings) {
            f->swings[market].reach = (int32_t)(m->middle * f->params.swing);
        }
    }
    r->market = market;
    if (l3) {
        (void)enter(f, market, m, i & 1, r); /* there are more slots than orders to load */
    } else {
        best_of_l2(f, m);
        quote(f, m, i & 1, (uint32_t)(i / 2), r);
    }
}

enum hr_flow_phase hr_flow_phase(const struct hr_flow *flow)
{
    return flow->loaded < flow->load_end ? HR_FLOW_LOAD : HR_FLOW_STEADY;
}

static void count_request(struct hr_flow_counts *c, const struct eut_request *r)
{
    c->requests++;
    c->news += r->op == EUT_NEW;
    c->cancels += r->op == EUT_CANCEL;
    c->replaces += r->op == EUT_REPLACE;
    c->quotes += r->op == EUT_QUOTE;
}

static uint32_t draw_market(const struct hr_flow_params *params, const struct hr_zipf *zipf,
                            struct hr_random *random)
{
    return zipf->cells ? hr_zipf_draw(zipf, random) : hr_random_below(random, params->markets);
}

/* Where in their markets the requests of a batch look for slots is drawn first, so that this memory
 * is on its way when their turn comes. */
static void draw_places(struct hr_flow *f, const struct eut_request *requests, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t market = requests[i].market;
        struct hr_flow_market *m = hr_flow_market(f, market);

        turn_to(f, market, false);
        f->start[i] = draw_below(f, HR_STREAM_SLOT, f->per_side);
        __builtin_prefetch(m, 1);
        if (market < f->l3) {
            __builtin_prefetch((char *)m + 64, 1); /* the bitmaps lie behind the head */
            __builtin_prefetch(&hr_flow_slots(f, m, BUY)[f->start[i]], 1);
            __builtin_prefetch(&hr_flow_slots(f, m, SELL)[f->start[i]], 1);
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        if (requests[i].market < f->l3) {
            struct hr_flow_market *m = hr_flow_market(f, requests[i].market);

            __builtin_prefetch(&hr_flow_ring(f, m, BUY)[m->middle & (f->ring - 1)], 1);
            __builtin_prefetch(&hr_flow_ring(f, m, SELL)[m->middle & (f->ring - 1)], 1);
        }
    }
}

static void make_steady(struct hr_flow *f, struct eut_request *requests, uint32_t count)
{
    if (!f->steady) {
        f->steady = true;
        memset(&f->counts, 0, sizeof(f->counts));
    }
    draw_places(f, requests, count);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t market = requests[i].market;

        turn_to(f, market, false);
        f->now = i;
        if (market < f->l3) {
            steady_l3(f, market, &requests[i]);
        } else {
            steady_l2(f, market, &requests[i]);
        }
        count_request(&f->counts, &requests[i]);
    }
}

uint32_t hr_flow_next(struct hr_flow *f, struct eut_request *requests, uint32_t count)
{
    f->seen_batch = NULL;
    count = count < f->batch ? count : f->batch;
    if (hr_flow_phase(f) == HR_FLOW_LOAD) {
        uint64_t left = f->load_end - f->loaded;

        count = count < left ? count : (uint32_t)left;
        memset(requests, 0, count * sizeof(*requests));
        memset(f->start, 0, sizeof(f->start)); /* slots from the first on */
        for (uint32_t i = 0; i < count; i++) {
            load_one(f, &requests[i]);
            count_request(&f->counts, &requests[i]);
        }
        return count;
    }
    memset(requests, 0, count * sizeof(*requests));
    for (uint32_t i = 0; i < count; i++) {
        requests[i].market = draw_market(&f->params, &f->zipf, &f->shared[HR_STREAM_MARKET]);
    }
    make_steady(f, requests, count);
    return count;
}

/* ---- a range of markets ---- */

void hr_flow_range(struct hr_flow *f, uint32_t first, uint32_t end)
{
    uint64_t l3_each = 2 * (uint64_t)f->target, l2_each = 2 * (uint64_t)f->l2_levels;
    bool l3 = first < f->l3;
    uint64_t each = l3 ? l3_each : l2_each;

    memset(f->region.at, 0, (end - first) * (l3 ? f->l3_bytes : f->l2_bytes));
    memset(&f->counts, 0, sizeof(f->counts));
    f->l3_first = f->l2_first = first;
    f->loaded = l3 ? first * l3_each : f->l3 * l3_each + (first - f->l3) * l2_each;
    f->load_end = f->loaded + (end - first) * each;
    f->steady = false;
}

void hr_flow_next_for(struct hr_flow *f, struct eut_request *requests, uint32_t count)
{
    f->seen_batch = NULL;
    make_steady(f, requests, count);
}

int hr_flow_markets(const struct hr_flow_params *params, struct eut_request *requests,
                    uint64_t count)
{
    struct hr_random random;
    struct hr_zipf zipf = {.cells = NULL};
    int rc = params->zipf > 0 ? hr_zipf_init(&zipf, params->markets, params->zipf) : 0;

    hr_random_init(&random, params->seed, HR_STREAM_MARKET);
    for (uint64_t i = 0; i < count && rc == 0; i++) {
        requests[i] = (struct eut_request){.market = draw_market(params, &zipf, &random)};
    }
    hr_zipf_free(&zipf);
    return rc;
}
