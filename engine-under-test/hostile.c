/*
 * hostile.c - flow that no market sends. What does an engine do when everything goes wrong at once?
 *
 * How: each seed has a temper (how many ids, accounts and prices, how large, how often) and draws
 * requests from it: ids that collide, orders that meet their own, sums beyond 32 bits, both ends of
 * the prices, chains of replacements, letters that mean nothing. It needs no feedback: ids come
 * from a small pool, so that many are live. On the brink, books are kept at the edge of a form:
 * about as many levels over about as many ticks as an engine may keep in an array of that size, at
 * an end of the prices as often as not. What it cannot see: whether the engine answered rightly.
 */
#include "engine-under-test/conform.h"

#include "harness/random.h"

#include <string.h>

struct temper {
    uint32_t ids, accounts;
    uint32_t price_base, price_span;
    uint32_t qty_span;
    uint32_t new_share, cancel_share; /* of 100; the rest are replacements */
    uint32_t tide;   /* requests from flood, as above, to ebb, nearly all cancels */
    uint32_t odd;    /* one in so many requests has something wrong */
    uint32_t huge;   /* one in so many quantities is huge */
    uint32_t memory; /* how many entered orders are remembered, to be changed */
    uint32_t id_style;
    bool calm;       /* bids below asks, so that books grow deep */
    uint32_t takers; /* one in so many orders does not keep to that, or is not for the day */
    uint32_t brink;  /* ticks of a side's prices, about a middle that wanders; 0: as said above */
};

#define MEMORY_MAX 16384u
#define BRINK_SPAN 2100u

struct hostility {
    const struct eut_hostile *kind;
    struct hr_random random;
    struct temper temper;
    struct eut_request chained; /* the order that is being replaced again and again */
    uint32_t chain_left;
    struct eut_request
        entered[MEMORY_MAX]; /* orders that may rest: the last ones, at random places */
    uint32_t entered_count;
    uint32_t made; /* requests so far */
    uint32_t middle, low; /* on the brink: where bids end and asks begin, and the lowest price */
    bool falls;
};

static uint32_t below(struct hostility *h, uint32_t n)
{
    return hr_random_below(&h->random, n);
}

static bool one_in(struct hostility *h, uint32_t n)
{
    return below(h, n) == 0;
}

static uint32_t pick(struct hostility *h, const uint32_t *choices, uint32_t count)
{
    return choices[below(h, count)];
}
#define PICK(h, ...) \
    pick(h, (const uint32_t[]){__VA_ARGS__}, sizeof((uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

/* One statement a draw: C does not say in which order initialisers are evaluated. */
static void draw_temper(struct hostility *h)
{
    struct temper *t = &h->temper;

    t->ids = PICK(h, 4, 30, 300, 3000, 30000);
    t->accounts = PICK(h, 1, 2, 3, 5, 50, 50);
    t->price_base = PICK(h, 1, 60, 100, 4090, 65530, 1000000, EUT_PRICE_MAX - 30000);
    t->price_span = PICK(h, 2, 5, 12, 70, 300, 2000, 30000);
    t->qty_span = PICK(h, 1, 4, 20, 1000);
    t->new_share = PICK(h, 35, 50, 60, 80);
    t->cancel_share = PICK(h, 3, 10, 20);
    t->tide = PICK(h, 0, 0, 500, 5000, 15000);
    t->odd = PICK(h, 30, 100, 1000);
    t->huge = PICK(h, 20, 200, 2000, 2000);
    t->memory = PICK(h, 4, 60, 500, MEMORY_MAX);
    t->id_style = below(h, 6);
    t->calm = !one_in(h, 3);
    t->takers = PICK(h, 2, 3, 8, 100);
}

/* As many ids as fill books to about as many levels as an array of that breadth takes over at, or so
 * few that a book is hardly one. */
static void draw_brink(struct hostility *h)
{
    struct temper *t = &h->temper;

    t->brink = PICK(h, 3, 5, 16, 33, 48, 62, 64, 64, 65, 66, 100, 255, 256, 257, 1025);
    t->ids = PICK(h, 60, 80, 100, 120, 200) * (t->brink < 200 ? 1 : t->brink < 1000 ? 3 : 12);
    t->ids = one_in(h, 4) ? PICK(h, 4, 8, 12, 20) : t->ids;
    t->memory = t->ids;
    t->new_share = PICK(h, 60, 70);
    t->cancel_share = PICK(h, 10, 20);
    t->tide = PICK(h, 0, 100, 200, 300, 500);
    t->odd = 1000;
    t->huge = 2000;
    t->calm = true;
    t->takers = PICK(h, 30, 100, 300, 1000);
    h->low = PICK(h, 1, 1, 64, 1u << 16, EUT_PRICE_MAX - BRINK_SPAN, EUT_PRICE_MAX - BRINK_SPAN);
    h->middle = h->low + PICK(h, 0, 60, BRINK_SPAN / 2, BRINK_SPAN - 60, BRINK_SPAN);
}

/* The k-th id of the pool. Some styles agree in their low bits, some in their high ones. */
static uint64_t id_of(const struct hostility *h, uint32_t k)
{
    uint64_t mixed = k;

    switch (h->temper.id_style == 5 ? k % 5 : h->temper.id_style) {
    case 0:
        return k + UINT64_C(1);
    case 1:
        return ((uint64_t)(k + 1) << 32) | 1;
    case 2:
        return UINT64_MAX - k;
    case 3:
        return (k + UINT64_C(1)) << 20;
    default:
        return hr_splitmix64(&mixed) | 1;
    }
}

static uint32_t draw_qty(struct hostility *h)
{
    if (one_in(h, h->temper.huge)) {
        return PICK(h, UINT32_MAX, UINT32_MAX - 1, 0x80000000u, 0x7FFFFFFFu, 1000000);
    }
    return 1 + below(h, one_in(h, 10) ? 10 * h->temper.qty_span : h->temper.qty_span);
}

/* Anywhere in the range, its ends and the powers of two more often. */
static uint32_t draw_far_price(struct hostility *h)
{
    uint32_t power;

    switch (below(h, 4)) {
    case 0:
        return 1 + below(h, 3);
    case 1:
        return EUT_PRICE_MAX - below(h, 3);
    case 2:
        power = 1u << (1 + below(h, 30));
        return power - below(h, 2);
    default:
        return 1 + below(h, EUT_PRICE_MAX);
    }
}

/* Over the edge by a tick, or within, or seldom far behind it; the middle goes a tick at a time, and
 * sometimes leaps. */
static uint32_t draw_brink_price(struct hostility *h, uint8_t side)
{
    uint32_t breadth = h->temper.brink, far = draw_far_price(h);
    uint32_t away = one_in(h, 4) ? PICK(h, 0, 1, breadth - 1, breadth) : below(h, breadth);
    bool bid = (side == EUT_BUY) ^ one_in(h, h->temper.takers);

    if (one_in(h, 1000)) {
        h->falls = !h->falls;
        h->middle = one_in(h, 4) ? h->low + below(h, BRINK_SPAN) : h->middle;
    } else if (one_in(h, 100)) {
        h->middle += h->falls ? -(h->middle > h->low) : h->middle < h->low + BRINK_SPAN;
    }
    if (h->kind->full_range && one_in(h, 200) && (far < h->low) == bid) {
        return far;
    }
    if (bid) {
        return h->middle - h->low > away ? h->middle - 1 - away : h->low;
    }
    return h->low + BRINK_SPAN - h->middle > away ? h->middle + away : h->low + BRINK_SPAN;
}

static uint32_t draw_price(struct hostility *h, uint8_t side)
{
    if (h->temper.brink) {
        return draw_brink_price(h, side);
    }

    bool apart = h->temper.calm &&
                 !one_in(h, h->temper.takers); /* bids in the lower half, asks in the upper */
    uint32_t span = h->temper.price_span, offset;

    if (h->kind->full_range && one_in(h, 3)) {
        uint32_t price = draw_far_price(h);

        if (!apart) {
            return price;
        }
        return side == EUT_BUY ? (price + 1) / 2 : EUT_PRICE_MAX - (EUT_PRICE_MAX - price) / 2;
    }
    offset = below(h, span);
    if (apart) {
        offset = side == EUT_BUY ? offset / 2 : (span + offset + 1) / 2;
    }
    return h->temper.price_base + offset;
}

/* An order id with the account that usually owns it. */
static void draw_order(struct hostility *h, struct eut_request *r)
{
    uint32_t k = below(h, h->temper.ids);

    r->order = id_of(h, k);
    r->account = one_in(h, 12) ? below(h, h->temper.accounts + 1) : k % h->temper.accounts;
    if (r->account == 49) {
        r->account = UINT32_MAX;
    }
}

/* For a cancel or a replacement: an order that may be live. A cancelled one is forgotten. */
static void draw_entered(struct hostility *h, struct eut_request *r, bool forget)
{
    struct eut_request *entered;

    if (h->entered_count == 0 || one_in(h, 15)) {
        draw_order(h, r);
        return;
    }
    entered = &h->entered[below(h, h->entered_count)];
    r->market = entered->market;
    r->order = entered->order;
    r->account = one_in(h, 30) ? below(h, 4) : entered->account;
    r->side = entered->side;
    if (forget) {
        *entered = h->entered[--h->entered_count];
    }
}

static void remember(struct hostility *h, const struct eut_request *r)
{
    if (h->entered_count < h->temper.memory) {
        h->entered[h->entered_count++] = *r;
    } else {
        h->entered[below(h, h->entered_count)] = *r;
    }
}

static void draw_new(struct hostility *h, struct eut_request *r, bool l2)
{
    static const uint8_t resting_tifs[] = "DDDP", taker_tifs[] = "IIIFFFDP";
    bool taker = l2 || one_in(h, h->temper.takers);

    r->op = EUT_NEW;
    r->side = one_in(h, 2) ? EUT_BUY : EUT_SELL;
    r->type = taker && one_in(h, 4) ? EUT_MARKET : EUT_LIMIT;
    r->tif = taker ? taker_tifs[below(h, sizeof(taker_tifs) - 1)]
                   : resting_tifs[below(h, sizeof(resting_tifs) - 1)];
    r->qty = draw_qty(h);
    r->price = r->type == EUT_MARKET ? 0 : draw_price(h, r->side);
    if (r->tif == EUT_DAY || r->tif == EUT_POST) {
        remember(h, r);
    } else if (one_in(h, 10)) { /* a sweep */
        r->qty = h->temper.qty_span * (1 + below(h, 300));
    }
}

static void draw_replace(struct hostility *h, struct eut_request *r)
{
    if (h->chain_left == 0 && one_in(h, 20)) {
        h->chain_left = 2 + below(h, 20);
        h->chained = *r;
    }
    r->op = EUT_REPLACE;
    r->qty = draw_qty(h);
    r->price = draw_price(h, r->side);
}

static void draw_quote(struct hostility *h, struct eut_request *r)
{
    *r = (struct eut_request){.op = EUT_QUOTE, .market = r->market};
    r->side = one_in(h, 2) ? EUT_BUY : EUT_SELL;
    r->price = draw_price(h, r->side);
    r->qty = one_in(h, 5) ? 0 : draw_qty(h);
}

static void draw_shares(const struct hostility *h, uint32_t *news, uint32_t *cancels)
{
    bool ebb = h->temper.tide > 0 && h->made / h->temper.tide % 2 == 1;

    *news = ebb ? 10 : h->temper.new_share;
    *cancels = ebb ? 85 : h->temper.cancel_share;
}

/* Something wrong that the text form can say. */
static void spoil(struct hostility *h, struct eut_request *r, bool l2)
{
    switch (below(h, 6)) {
    case 0:
        r->market = one_in(h, 2) ? h->kind->markets + below(h, 3) : UINT32_MAX - below(h, 2);
        break;
    case 1:
        r->order = 0;
        break;
    case 2:
        if (r->op != EUT_CANCEL) {
            r->qty = 0;
        }
        break;
    case 3:
        if (r->op != EUT_CANCEL) {
            r->price = PICK(h, 0, EUT_PRICE_MAX + 1, UINT32_MAX, 1);
        }
        break;
    case 4: /* what the other kind of market takes */
        if (l2) {
            r->op = one_in(h, 2) ? EUT_CANCEL : EUT_REPLACE;
        } else {
            draw_quote(h, r);
        }
        break;
    default:
        if (r->op == EUT_NEW) {
            r->type = EUT_MARKET;
        }
    }
}

/* Something wrong that only the binary form can say: any byte as a letter, and bytes where the
 * request carries nothing. */
static void spoil_codes(struct hostility *h, struct eut_request *r)
{
    uint8_t byte = (uint8_t)below(h, 256);

    switch (below(h, 6)) {
    case 0:
        r->op = byte;
        break;
    case 1:
        r->side = byte;
        break;
    case 2:
        r->type = byte;
        break;
    case 3:
        r->tif = byte;
        break;
    case 4:
        if (r->op == EUT_QUOTE) {
            r->order = hr_random_u64(&h->random);
            r->account = byte;
        }
        break;
    default:
        if (r->op == EUT_CANCEL) {
            r->price = below(h, UINT32_MAX);
            r->qty = byte;
        }
    }
}

/* What the request's op does not carry is 0, as the text form leaves it. */
static void clear_uncarried(struct eut_request *r)
{
    if (r->op == EUT_CANCEL) {
        *r = (struct eut_request){
            .op = r->op, .market = r->market, .account = r->account, .order = r->order};
    } else if (r->op == EUT_REPLACE) {
        r->side = r->type = r->tif = 0;
    } else if (r->op == EUT_QUOTE) {
        r->order = 0;
        r->account = 0;
        r->type = r->tif = 0;
    }
}

static struct eut_request draw_request(struct hostility *h)
{
    uint32_t market = below(h, h->kind->markets), other = below(h, h->kind->markets);
    struct eut_request r = {.market = market < other ? market : other};
    bool l2 = r.market >= h->kind->markets - h->kind->l2_markets;
    uint32_t which = below(h, 100), news, cancels;

    draw_shares(h, &news, &cancels);
    h->made++;
    if (h->chain_left > 0) {
        h->chain_left--;
        r = h->chained;
        draw_replace(h, &r);
    } else if (l2 && which < 60) {
        draw_quote(h, &r);
    } else if (l2 || which < news || h->entered_count == 0) {
        draw_order(h, &r);
        draw_new(h, &r, l2);
    } else {
        bool cancel = which < news + cancels;

        draw_entered(h, &r, cancel);
        if (cancel) {
            r.op = EUT_CANCEL;
        } else {
            draw_replace(h, &r);
        }
    }
    if (one_in(h, h->temper.odd)) {
        spoil(h, &r, l2);
    }
    clear_uncarried(&r);
    if (h->kind->bad_codes && one_in(h, h->temper.odd)) {
        spoil_codes(h, &r);
    }
    return r;
}

void eut_hostile_fill(const struct eut_hostile *kind, uint64_t seed, struct eut_request *requests,
                      uint32_t count)
{
    static _Thread_local struct hostility h; /* too large for a thread's stack */

    memset(&h, 0, sizeof(h));
    h.kind = kind;
    hr_random_init(&h.random, seed, 0x05713E);
    draw_temper(&h);
    if (kind->brink) {
        draw_brink(&h);
    }
    for (uint32_t i = 0; i < count; i++) {
        requests[i] = draw_request(&h);
    }
}
