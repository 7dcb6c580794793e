/*
 * reference_ahead.h - while one request is matched, the memory of the next ones is on its way.
 *
 * A request's lines depend on each other: market and index bucket → order and levels → neighbours
 * → what a maker needs. So a batch is looked at in chunks, and each stage is a chunk ahead of the
 * next: it asks for lines and never waits, since what it reads was asked for a chunk earlier. The
 * first stage sorts a chunk's requests by kind, without branches, so that each later stage is a few
 * short loops that know what they deal with. The stages only guess - a book may change before its
 * request's turn - and all they read lies in the engine's own reservation.
 *
 * It is on only while the pools in use are larger than engine->ahead_bytes. The asks are inline
 * assembly because gcc 12 deletes functions whose only effect is __builtin_prefetch.
 */
#ifndef EUT_REFERENCE_AHEAD_H
#define EUT_REFERENCE_AHEAD_H

#include "engine-under-test/reference/reference_book.h"

#ifndef AHEAD_CHUNK
#define AHEAD_CHUNK 8u
#endif
#define AHEAD_STAGES 5u

#if defined(__x86_64__) || defined(__i386__)
#define AHEAD_FETCH(address) \
    __asm__ volatile("prefetcht0 %0" : : "m"(*(const char *)(const void *)(address)))
#elif defined(__aarch64__)
#define AHEAD_FETCH(address) \
    __asm__ volatile("prfm pldl1keep, %0" : : "Q"(*(const char *)(const void *)(address)))
#else
#define AHEAD_FETCH(address) __builtin_prefetch((const void *)(address), 1, 3)
#endif

/* Consecutive requests of a batch, and what the stages know of them. No bytes among the lists: a
 * byte may alias anything, and everything would be read again after each. */
struct eut_ahead {
    const struct eut_request *request;
    uint32_t count;
    uint32_t joins, meets, moves, subjects; /* lengths of the lists */
    struct eut_hint hint[AHEAD_CHUNK];      /* for matching: of each request */
    uint32_t handle[AHEAD_CHUNK];           /* of the order to look at next, or 0 */
    uint16_t join[AHEAD_CHUNK];             /* requests that enter an order or a quote … */
    uint16_t meet[AHEAD_CHUNK];             /* … and of these, those that will trade */
    uint16_t subject[AHEAD_CHUNK];          /* requests that speak of a live order … */
    uint16_t move[AHEAD_CHUNK]; /* … and of these, those that may give it a new price */
};

/* Is the memory in use too large for the caches? */
static inline bool ahead_pays(const struct eut_reference_engine *engine)
{
    uint64_t bytes = (uint64_t)engine->orders.top * (sizeof(struct eut_order) + 8);

    for (unsigned c = 0; c < LEVEL_CLASSES; c++) {
        bytes += (uint64_t)engine->levels.pool[c].top << (6 + c);
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

/* The lines of a side's levels that a level at this key is looked for in: of a strip one; of the
 * rest level_guess() reads two whether they are wanted or not. */
static inline void ahead_levels(const struct eut_reference_engine *engine,
                                const struct eut_level_side *side, uint32_t key)
{
    if (__builtin_expect(side->depth >= LEVEL_STRIP, 0)) {
        if (side->depth == LEVEL_WINDOW) {
            AHEAD_FETCH(window_word(&engine->levels, side, key));
        }
        AHEAD_FETCH(level_slot(&engine->levels, side, key));
        return;
    }
    const uint64_t *line = level_glance(&engine->levels, side);

    AHEAD_FETCH((uintptr_t)line - 64); /* perhaps before the pool: no pointer */
    AHEAD_FETCH(line);
    AHEAD_FETCH((uintptr_t)line + 64);
}

/* The levels that a new order or a quote will join, or trade with, and the key of the one there. */
struct eut_ahead_goal {
    const struct eut_level_side *side;
    uint32_t key, meets;
};

static inline struct eut_ahead_goal ahead_goal(const struct eut_reference_engine *engine,
                                               const struct eut_request *r)
{
    const struct eut_market *market = ahead_market(engine, r);
    unsigned side = r->side == EUT_SELL;
    uint32_t key = key_of(r->price, side), best = market->side[side ^ 1].best;
    uint32_t meets = best >= ~key;

    return (struct eut_ahead_goal){&market->side[side ^ meets], key ^ ((key ^ best) & (0u - meets)),
                                   meets};
}

/* Stale lines, and those of L2 markets, hold what is no handle: then 0. */
static inline uint32_t ahead_handle(const struct eut_reference_engine *engine, uint64_t level)
{
    return (uint32_t)level & (0u - ((uint32_t)level <= engine->orders.top));
}

/* The oldest order of the level at this key, as far as its lines are here; else 0. */
static inline uint32_t ahead_oldest(const struct eut_reference_engine *engine,
                                    const struct eut_level_side *side, uint32_t key)
{
    if (__builtin_expect(side->depth >= LEVEL_STRIP, 0)) {
        return ahead_handle(engine, *level_slot(&engine->levels, side, key));
    }
    return ahead_handle(engine, level_guess(level_glance(&engine->levels, side), key));
}

/* The oldest order of the level after the best. */
static inline uint32_t ahead_next_level(const struct eut_reference_engine *engine,
                                        const struct eut_level_side *side)
{
    return side->count > 1
               ? ahead_handle(engine, level_worse(&engine->levels, side, side->best))
               : 0;
}

/* Market and index bucket; and which request is of which kind. */
static inline void ahead_first(const struct eut_reference_engine *restrict engine,
                               struct eut_ahead *restrict a)
{
    uint32_t joins = 0, moves = 0, count = a->count;

    for (uint32_t i = 0; i < count; i++) {
        const struct eut_request *r = &a->request[i];
        uint32_t enters = (r->op == EUT_NEW) | (r->op == EUT_QUOTE);

        a->hint[i] = (struct eut_hint){.key = index_key(&engine->index, r->market, r->order)};
        AHEAD_FETCH(ahead_market(engine, r));
        AHEAD_FETCH(ahead_bucket(engine, a->hint[i].key));
        a->join[joins] = (uint16_t)i;
        a->subject[i - joins] = (uint16_t)i;
        joins += enters;
        a->move[moves] = (uint16_t)i;
        moves += r->op == EUT_REPLACE;
    }
    a->joins = joins;
    a->subjects = count - joins;
    a->moves = moves;
}

/* The order spoken of; the levels that a new order will join, or trade with. */
static inline void ahead_second(const struct eut_reference_engine *restrict engine,
                                struct eut_ahead *restrict a)
{
    uint32_t met = 0;

    for (uint32_t k = 0; k < a->subjects; k++) {
        struct eut_hint *hint = &a->hint[a->subject[k]];
        const struct eut_index_bucket *bucket = ahead_bucket(engine, hint->key);
        uint32_t bits = index_match(bucket, index_tag(hint->key));

        hint->entry = (uint32_t)__builtin_ctz(bits | 1u << (INDEX_ENTRIES - 1));
        hint->handle = bucket->handle[hint->entry];
        AHEAD_FETCH(&engine->orders.at[hint->handle]);
    }
    for (uint32_t k = 0; k < a->joins; k++) {
        uint32_t i = a->join[k];
        struct eut_ahead_goal goal = ahead_goal(engine, &a->request[i]);

        a->meet[met] = (uint16_t)i;
        met += goal.meets;
        ahead_levels(engine, goal.side, goal.key);
    }
    a->meets = met;
}

/* The neighbours of the order spoken of, and its levels; the oldest order of the level to join or
 * meet. */
static inline void ahead_third(const struct eut_reference_engine *restrict engine,
                               struct eut_ahead *restrict a)
{
    for (uint32_t k = 0; k < a->subjects; k++) {
        uint32_t i = a->subject[k];
        const struct eut_order *o = &engine->orders.at[a->hint[i].handle];

        ahead_levels(engine, &ahead_market(engine, &a->request[i])->side[key_side(o->key)], o->key);
        AHEAD_FETCH(&engine->orders.at[o->prev]);
        AHEAD_FETCH(&engine->orders.at[o->next]);
    }
    for (uint32_t k = 0; k < a->joins; k++) {
        uint32_t i = a->join[k];
        struct eut_ahead_goal goal = ahead_goal(engine, &a->request[i]);

        a->handle[i] = ahead_oldest(engine, goal.side, goal.key);
        AHEAD_FETCH(&engine->orders.at[a->handle[i]]);
    }
}

/* The youngest order of the level to join; the maker's bucket, and the next maker; the level that a
 * replacement moves to. */
static inline void ahead_fourth(const struct eut_reference_engine *restrict engine,
                                struct eut_ahead *restrict a)
{
    const struct eut_order *at = engine->orders.at;

    for (uint32_t k = 0; k < a->joins; k++) {
        AHEAD_FETCH(&at[at[a->handle[a->join[k]]].prev]);
    }
    for (uint32_t k = 0; k < a->meets; k++) {
        uint32_t i = a->meet[k], handle = a->handle[i];
        const struct eut_request *r = &a->request[i];

        AHEAD_FETCH(ahead_bucket(engine, index_key(&engine->index, r->market, at[handle].id)));
        a->handle[i] = at[handle].next;
        if (a->handle[i] == handle) {
            a->handle[i] =
                ahead_next_level(engine, &ahead_market(engine, r)->side[r->side != EUT_SELL]);
        }
        AHEAD_FETCH(&at[a->handle[i]]);
    }
    for (uint32_t k = 0; k < a->moves; k++) {
        uint32_t i = a->move[k];
        const struct eut_request *r = &a->request[i];
        unsigned side = key_side(at[a->hint[i].handle].key);

        a->handle[i] =
            ahead_oldest(engine, &ahead_market(engine, r)->side[side], key_of(r->price, side));
        AHEAD_FETCH(&at[a->handle[i]]);
    }
}

/* The bucket of the next maker; the youngest order of the level moved to. */
static inline void ahead_fifth(const struct eut_reference_engine *restrict engine,
                               struct eut_ahead *restrict a)
{
    const struct eut_order *at = engine->orders.at;

    for (uint32_t k = 0; k < a->meets; k++) {
        uint32_t i = a->meet[k];

        AHEAD_FETCH(ahead_bucket(
            engine, index_key(&engine->index, a->request[i].market, at[a->handle[i]].id)));
    }
    for (uint32_t k = 0; k < a->moves; k++) {
        AHEAD_FETCH(&at[at[a->handle[a->move[k]]].prev]);
    }
}

#endif
