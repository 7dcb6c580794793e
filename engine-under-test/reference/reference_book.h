/*
 * reference_book.h - what one instance of the reference engine consists of.
 *
 * An idle market is one line: the digest so far and where its two sides lie. All zeroes is an empty
 * book, so a million markets need no pass at creation. Private to the reference engine.
 */
#ifndef EUT_REFERENCE_BOOK_H
#define EUT_REFERENCE_BOOK_H

#include "engine-under-test/engine.h"
#include "engine-under-test/reference/level_side.h"
#include "engine-under-test/reference/order_index.h"
#include "engine-under-test/reference/order_pool.h"
#include "engine-under-test/reference/rank_tree.h"

#include <stddef.h>

enum { SIDE_BUY, SIDE_SELL };

struct eut_market {
    uint64_t digest; /* xor the market's number: zero is the start value */
    struct eut_level_side side[2];
    uint32_t ranked; /* a bit for each side: reference_rank.c has to hear of its changes */
    uint32_t reserved;
};
_Static_assert(sizeof(struct eut_market) == 64, "a market is one cache line");

/* A side whose makers, from the best to the edge, are ranked. Valid while its market says so. */
struct eut_rank_side {
    struct eut_rank_tree tree;
    uint64_t epoch;   /* the ranked orders' nodes have the same one */
    uint64_t unasked; /* changes since a fill or kill last asked */
    uint32_t nodes;
    uint32_t edge; /* the best maker that is not ranked (L2: its level's key), or 0 */
};

struct eut_ranks {
    struct eut_rank_nodes orders, levels; /* nodes by order handle, and of L2 markets' levels */
    uint32_t level_free, level_top;
    uint64_t epoch;
    uint32_t looks; /* makers that a fill or kill looks at itself, before it has the side ranked */
    uint32_t step;  /* makers that one request ranks at most */
    struct eut_rank_side *side; /* two a market; touched for ranked ones only */
    struct eut_lazy memory;
};

struct eut_reference_engine {
    struct eut_market *market;
    uint32_t markets, l3_markets;
    uint64_t ahead_bytes; /* memory in use beyond which looking ahead pays */
    struct eut_orders orders;
    struct eut_order_index index;
    struct eut_levels levels;
    struct eut_lazy market_memory;
    struct eut_ranks ranks;
};

/* One call of submit(): where the next event goes, and the market at hand. */
struct eut_run {
    struct eut_event *next, *end;
    struct eut_sink *sink;
    uint64_t digest;  /* of the request's market */
    uint32_t request; /* position in the batch */
};

/* What is known of a request before its turn: its key in the index, and perhaps where in its home
 * the order lies that it speaks of (a guess, to be checked; handle 0: none). */
struct eut_hint {
    uint64_t key;
    uint32_t entry, handle;
};

/* The index of a side that is one of the two letters: B is even, S is odd. */
static inline unsigned side_of(uint8_t side)
{
    return side & 1u;
}
_Static_assert((EUT_BUY & 1) == SIDE_BUY && (EUT_SELL & 1) == SIDE_SELL, "side_of()");

/* A price as its side's key; a buy's own key, inverted, is also its limit among the asks' keys. */
static inline uint32_t key_of(uint32_t price, unsigned side)
{
    return price ^ (0u - side);
}

static inline unsigned key_side(uint32_t key)
{
    return key >> 31;
}

static inline uint32_t key_price(uint32_t key)
{
    return key ^ (0u - (key >> 31));
}

#define LIMIT_NONE 1u /* below every key: a market order's limit */

void eut_run_flush(struct eut_run *run);

typedef uint64_t __attribute__((may_alias)) event_word;

/* What lies in memory as one field and then the other, of the same size. */
static inline uint64_t two_halves(uint32_t first, uint32_t second)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return (uint64_t)first << 32 | second;
#else
    return first | (uint64_t)second << 32;
#endif
}

static inline uint32_t two_letters(uint8_t first, uint8_t second)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return (uint32_t)first << 24 | (uint32_t)second << 16;
#else
    return first | (uint32_t)second << 8;
#endif
}

_Static_assert(offsetof(struct eut_event, price) == 16 && offsetof(struct eut_event, qty) == 20 &&
                   offsetof(struct eut_event, request) == 24 &&
                   offsetof(struct eut_event, kind) == 28 &&
                   offsetof(struct eut_event, reason) == 29,
               "run_emit() writes an event as four words");

static inline void run_emit(struct eut_run *run, uint8_t kind, uint8_t reason, uint64_t order,
                            uint64_t maker, uint32_t price, uint32_t qty)
{
    if (__builtin_expect(run->next == run->end, 0)) {
        eut_run_flush(run);
    }
    /* In words: the compiler would fill the struct with zeroes first, and gather halves in vectors. */
    event_word *event = (event_word *)run->next++;

    event[0] = order;
    event[1] = maker;
    event[2] = two_halves(price, qty);
    event[3] = two_halves(run->request, two_letters(kind, reason));
    run->digest = eut_digest_fold(run->digest, order, maker, price, qty, kind, reason);
}

static inline void run_reject(struct eut_run *run, uint64_t order, uint8_t reason)
{
    run_emit(run, EUT_REJECTED, reason, order, 0, 0, 0);
}

/* The first of rule 8's checks of form that the request fails, or EUT_NONE. */
uint8_t eut_request_refusal(const struct eut_request *r, int l2);

/* Three letters of a request, as one number. */
static inline uint32_t letters(uint8_t op, uint8_t side, uint8_t type)
{
    return op | (uint32_t)side << 8 | (uint32_t)type << 16;
}

/* The commonest requests without a flaw of form, each by one branch: what may follow after it is
 * random, and random branches are what a request costs most. */

/* A new limit order that rests if it can: day or post only. */
static inline bool request_is_resting(const struct eut_request *r)
{
    uint32_t is = letters(r->op, r->side, r->type);
    bool rests = ((is == letters(EUT_NEW, EUT_BUY, EUT_LIMIT)) |
                  (is == letters(EUT_NEW, EUT_SELL, EUT_LIMIT))) &
                 ((r->tif == EUT_DAY) | (r->tif == EUT_POST));

    return rests && r->order != 0 && r->qty != 0 && r->price - 1 < EUT_PRICE_MAX;
}

/* A new order that never rests: immediate or cancel, fill or kill, market. */
static inline bool request_is_immediate(const struct eut_request *r)
{
    bool limit = r->type == EUT_LIMIT, market = r->type == EUT_MARKET;
    bool takes = (r->tif == EUT_IOC) | (r->tif == EUT_FOK);

    return ((limit & takes & (r->price - 1 < EUT_PRICE_MAX)) |
            (market & (takes | (r->tif == EUT_DAY)) & (r->price == 0))) &
           ((r->side == EUT_BUY) | (r->side == EUT_SELL)) & (r->op == EUT_NEW) & (r->order != 0) &
           (r->qty != 0);
}

/* A replacement, at a price. */
static inline bool request_is_replace(const struct eut_request *r)
{
    return (r->op == EUT_REPLACE) & (r->order != 0) & (r->qty != 0) &
           (r->price - 1 < EUT_PRICE_MAX);
}

/* reference_rank.c: -ENOMEM. */
int eut_ranks_open(struct eut_ranks *ranks, const struct eut_limits *limits);
void eut_ranks_close(struct eut_ranks *ranks);
/* To be told while any side of the market is ranked: of an order that was linked, that is about to
 * be taken out, that has lost quantity … */
void eut_rank_join(struct eut_reference_engine *engine, struct eut_market *market, uint32_t handle);
void eut_rank_leave(struct eut_reference_engine *engine, struct eut_market *market,
                    uint32_t handle);
void eut_rank_lower(struct eut_reference_engine *engine, struct eut_market *market, uint32_t handle,
                    uint32_t by);
/* … and in an L2 market of a level that was made or changed, or with total 0 is about to be erased.
 */
void eut_rank_total(struct eut_reference_engine *engine, struct eut_market *market, uint32_t key,
                    uint32_t total);
/* Makers that a fill or kill looks at before it asks: fewer where the answer is ready. */
static inline uint32_t rank_looks(const struct eut_reference_engine *engine,
                                  const struct eut_market *market)
{
    return market->ranked ? engine->ranks.looks / 64 : engine->ranks.looks;
}
/* Could all of this trade with the makers of a side that is not empty? For fill or kill. */
bool eut_rank_fills(struct eut_reference_engine *engine, struct eut_market *market, unsigned side,
                    uint32_t account, uint32_t limit, uint32_t qty);
bool eut_rank_totals_fill(struct eut_reference_engine *engine, struct eut_market *market,
                          unsigned side, uint32_t limit, uint32_t qty);

/* reference_submit.c */
int eut_reference_submit(void *self, const struct eut_request *requests, uint32_t count,
                         struct eut_sink *sink);

/* reference_l2.c: one request in a market that keeps only totals. */
void eut_l2_process(struct eut_reference_engine *engine, struct eut_run *run,
                    struct eut_market *market, const struct eut_request *r);

#endif
