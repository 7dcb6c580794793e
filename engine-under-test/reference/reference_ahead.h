/*
 * reference_ahead.h - while one request is matched, the memory of the next ones is on its way.
 *
 * A request's lines depend on each other. One that speaks of a live order (a subject): market and
 * index bucket → the order → its neighbours and its levels. One that enters an order or a quote (a
 * join): market → levels → the oldest order there → the youngest, and what a maker needs. A
 * replacement is a subject first and then a join. Each kind waits in a list of its own, and each
 * step takes every request in a list one stage on: it asks for lines and never waits, since what it
 * reads was asked for a step earlier, and the loops know what they deal with. The stages only guess
 * - a book may change before its request's turn - and all they read lies in the engine's own
 * reservation.
 *
 * It is on only while the pools in use are larger than engine->ahead_bytes. The asks are inline
 * assembly because gcc 12 deletes functions whose only effect is __builtin_prefetch.
 */
#ifndef EUT_REFERENCE_AHEAD_H
#define EUT_REFERENCE_AHEAD_H

#include "engine-under-test/reference/reference_book.h"

#ifndef AHEAD_CHUNK
#define AHEAD_CHUNK 8u /* requests a step */
#endif
#ifndef AHEAD_STEPS
#define AHEAD_STEPS 4u /* that a request is looked at before it is matched */
#endif
#define AHEAD_RING 64u /* entries of each list */
_Static_assert((AHEAD_STEPS + 2) * AHEAD_CHUNK <= AHEAD_RING, "a replacement is in two lists");

#if defined(__x86_64__) || defined(__i386__)
#define AHEAD_FETCH(address) \
    __asm__ volatile("prefetcht0 %0" : : "m"(*(const char *)(const void *)(address)))
#elif defined(__aarch64__)
#define AHEAD_FETCH(address) \
    __asm__ volatile("prfm pldl1keep, %0" : : "Q"(*(const char *)(const void *)(address)))
#else
#define AHEAD_FETCH(address) __builtin_prefetch((const void *)(address), 1, 3)
#endif

/* What has been found of a request that enters an order or a quote, stage by stage. */
struct eut_ahead_join {
    const struct eut_market *market;
    const uint64_t *last, *before; /* the lines of levels that this one is looked for in */
    uint32_t key;                  /* of the level that will be joined, or met */
    uint32_t oldest;               /* its order, or 0 */
    uint32_t meets, slots;         /* does it trade? is the line one of slots? */
};

/* A batch, and what is known of the requests from the one that is matched to `seen`. Of the lists'
 * entries so many have been made, and so many have come through each stage. */
struct eut_ahead {
    const struct eut_request *request;
    uint32_t count, seen;
    uint32_t joins, reached, met, joined;
    uint32_t subjects, found, surrounded;
    struct eut_hint hint[AHEAD_RING]; /* for matching: of each request */
    struct eut_ahead_join join[AHEAD_RING];
    uint32_t subject[AHEAD_RING]; /* positions in the batch */
};

/* Is the memory in use too large for the caches? */
static inline bool ahead_pays(const struct eut_reference_engine *engine)
{
    uint64_t bytes = (uint64_t)engine->orders.top * (sizeof(struct eut_order) + 8);

    for (unsigned c = 0; c < LEVEL_CLASSES; c++) {
        bytes += (uint64_t)engine->levels.pool[c].top * engine->levels.pool[c].block_bytes;
    }
    for (unsigned c = 0; c < WINDOW_CLASSES; c++) {
        bytes += (uint64_t)engine->levels.window[c].top * engine->levels.window[c].block_bytes;
    }
    return bytes > engine->ahead_bytes;
}

static inline const struct eut_market *ahead_market(const struct eut_reference_engine *engine,
                                                    const struct eut_request *r)
{
    return &engine->market[r->market < engine->markets ? r->market : 0];
}

static inline const struct eut_index_bucket *ahead_bucket(const struct eut_reference_engine *engine,
                                                          uint64_t key)
{
    return &engine->index.bucket[index_home(key)];
}

/* The lists' entries are written before they are read. */
static inline void ahead_begin(struct eut_ahead *a, const struct eut_request *requests,
                               uint32_t count)
{
    a->request = requests;
    a->count = count;
    a->seen = a->joins = a->reached = a->met = a->joined = 0;
    a->subjects = a->found = a->surrounded = 0;
}

/* The lines of a side's levels that a level at this key is looked for in: of a pair the market's, of
 * a block the last two, of a strip or a window its slot's, of a tree one of the best leaf's. */
static inline void ahead_lines(const struct eut_reference_engine *engine,
                               const struct eut_level_side *side, uint32_t key,
                               const uint64_t **last, const uint64_t **before)
{
    const struct eut_levels *levels = &engine->levels;
    uint32_t n = side->count, line = (n - (n > 0)) & ~7u;
    const void *at;

    if (side->depth == 0) {
        at = level_words(levels, side) + line;
        *last = (const uint64_t *)((uintptr_t)at & ~(uintptr_t)63);
        *before = *last - 8 * (line > 0);
        AHEAD_FETCH(*before);
    } else {
        if (side->depth >= LEVEL_STRIP) {
            at = level_slot(levels, side, key);
        } else {
            at = level_block(levels, LEVEL_CLASS_TOP, side->tip) + LEVEL_NODE_MAX / 2;
        }
        *last = *before = (const uint64_t *)((uintptr_t)at & ~(uintptr_t)63);
        if (side->depth == LEVEL_WINDOW) {
            AHEAD_FETCH(window_word(levels, side, key));
        }
    }
    AHEAD_FETCH(*last);
}

/* All: market and index bucket. */
static inline void ahead_see(const struct eut_reference_engine *restrict engine,
                             struct eut_ahead *restrict a)
{
    uint32_t joins = a->joins, subjects = a->subjects;
    uint32_t left = a->count - a->seen, to = a->seen + (left < AHEAD_CHUNK ? left : AHEAD_CHUNK);

    for (uint32_t i = a->seen; i < to; i++) {
        const struct eut_request *r = &a->request[i];
        uint32_t enters = (r->op == EUT_NEW) | (r->op == EUT_QUOTE);
        struct eut_ahead_join *join = &a->join[joins % AHEAD_RING];
        uint64_t key = index_key(&engine->index, r->market, r->order);

        join->market = ahead_market(engine, r);
        join->key = key_of(r->price, side_of(r->side));
        AHEAD_FETCH(join->market);
        AHEAD_FETCH(ahead_bucket(engine, key));
        a->hint[i % AHEAD_RING] = (struct eut_hint){.key = key};
        a->subject[subjects % AHEAD_RING] = i;
        joins += enters;
        subjects += 1 - enters;
    }
    a->seen = to;
    a->joins = joins;
    a->subjects = subjects;
}

/* A subject, second: the order. */
static inline void ahead_find(const struct eut_reference_engine *restrict engine,
                              struct eut_hint *restrict hint)
{
    const struct eut_index_bucket *bucket = ahead_bucket(engine, hint->key);
    uint32_t bits = index_match(bucket, index_tag(hint->key));

    hint->entry = (uint32_t)__builtin_ctz(bits | 1u << (INDEX_ENTRIES - 1));
    hint->handle = bucket->handle[hint->entry];
    AHEAD_FETCH(&engine->orders.at[hint->handle]);
}

/* Third: its neighbours, and its levels. A replacement's new level is a join from here on. */
static inline void ahead_surround(const struct eut_reference_engine *restrict engine,
                                  struct eut_ahead *restrict a, uint32_t i)
{
    const struct eut_request *r = &a->request[i];
    const struct eut_order *at = engine->orders.at, *o = &at[a->hint[i % AHEAD_RING].handle];
    const struct eut_market *market = ahead_market(engine, r);
    const uint64_t *last, *before;

    ahead_lines(engine, &market->side[key_side(o->key)], o->key, &last, &before);
    AHEAD_FETCH(&at[o->prev]);
    AHEAD_FETCH(&at[o->next]);
    if (__builtin_expect(r->op == EUT_REPLACE, 0)) {
        struct eut_ahead_join *join = &a->join[a->joins++ % AHEAD_RING];

        join->market = market;
        join->key = key_of(r->price, key_side(o->key));
    }
}

/* A join, second: the levels that it will join, or trade with. */
static inline void ahead_reach(const struct eut_reference_engine *restrict engine,
                               struct eut_ahead_join *restrict join)
{
    uint32_t key = join->key, best = join->market->side[key_side(key) ^ 1].best;
    uint32_t priced = key_price(key) != 0, limit = (~key & (0u - priced)) | (1 - priced);
    uint32_t meets = best >= limit; /* without a price, at any */
    const struct eut_level_side *side = &join->market->side[key_side(key) ^ meets];

    join->key = key ^ ((key ^ best) & (0u - meets));
    join->meets = meets;
    join->slots = side->depth >= LEVEL_STRIP;
    ahead_lines(engine, side, join->key, &join->last, &join->before);
}

/* Third: the oldest order there. Stale lines, and those of L2 markets, hold what is no handle. */
static inline void ahead_meet(const struct eut_reference_engine *restrict engine,
                              struct eut_ahead_join *restrict join)
{
    uint32_t oldest;

    if (join->slots) {
        oldest = ((const level_value *)(const void *)join->last)[join->key & 15];
    } else {
        oldest = level_guess(join->last, join->before, join->key);
    }
    join->oldest = oldest & (0u - (oldest <= engine->orders.top));
    AHEAD_FETCH(&engine->orders.at[join->oldest]);
}

/* Fourth: the youngest; of one that trades, the maker's bucket and the next maker. */
static inline void ahead_join(const struct eut_reference_engine *restrict engine,
                              const struct eut_ahead_join *restrict join)
{
    const struct eut_order *at = engine->orders.at, *o = &at[join->oldest];

    AHEAD_FETCH(&at[o->prev]);
    if (__builtin_expect(join->meets, 0)) {
        AHEAD_FETCH(&at[o->next]);
        AHEAD_FETCH(ahead_bucket(engine, index_key(&engine->index, order_market(o), o->id)));
    }
}

/* Looks at the next requests, if there are any, and takes those looked at one stage on. */
static inline void ahead_step(const struct eut_reference_engine *restrict engine,
                              struct eut_ahead *restrict a)
{
    uint32_t joins = a->joins, reached = a->reached, met = a->met, joined = a->joined;
    uint32_t subjects = a->subjects, found = a->found, surrounded = a->surrounded;

    a->joined = met;
    a->met = reached;
    a->reached = joins;
    a->surrounded = found;
    a->found = subjects;
    ahead_see(engine, a);
    for (; joined < met; joined++) {
        ahead_join(engine, &a->join[joined % AHEAD_RING]);
    }
    for (; met < reached; met++) {
        ahead_meet(engine, &a->join[met % AHEAD_RING]);
    }
    for (; reached < joins; reached++) {
        ahead_reach(engine, &a->join[reached % AHEAD_RING]);
    }
    for (; surrounded < found; surrounded++) {
        ahead_surround(engine, a, a->subject[surrounded % AHEAD_RING]);
    }
    for (; found < subjects; found++) {
        ahead_find(engine, &a->hint[a->subject[found % AHEAD_RING] % AHEAD_RING]);
    }
}

#endif
