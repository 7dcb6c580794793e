/*
 * reference_ahead.h - while one request is matched, the memory of the next ones is on its way.
 *
 * A request's lines depend on each other: market and index bucket → order and levels → neighbours.
 * Each stage runs AHEAD_STEP requests before the next, asks for its lines and never waits; what it
 * reads was asked for a step earlier. The stages only guess - a book may change before its
 * request's turn - and have no branches on data. All they read lies in the engine's own
 * reservation.
 *
 * In cache this costs more than it brings, so it is on only while the pools in use are
 * larger than AHEAD_BYTES. The asks are inline assembly because gcc 12 deletes functions
 * whose only effect is __builtin_prefetch.
 */
#ifndef EUT_REFERENCE_AHEAD_H
#define EUT_REFERENCE_AHEAD_H

#include "engine-under-test/reference/reference_book.h"

#ifndef AHEAD_STEP
#define AHEAD_STEP 6u
#endif
#define AHEAD_RING 64u /* a power of two, more than four steps */
#ifndef AHEAD_BYTES
#define AHEAD_BYTES (2u << 20)
#endif

#if defined(__x86_64__) || defined(__i386__)
#define AHEAD_FETCH(address) \
    __asm__ volatile("prefetcht0 %0" : : "m"(*(const char *)(const void *)(address)))
#elif defined(__aarch64__)
#define AHEAD_FETCH(address) \
    __asm__ volatile("prfm pldl1keep, %0" : : "Q"(*(const char *)(const void *)(address)))
#else
#define AHEAD_FETCH(address) __builtin_prefetch((const void *)(address), 1, 3)
#endif

struct eut_ahead {
    uint64_t hash[AHEAD_RING];
    uint32_t handle[AHEAD_RING]; /* the likely subject, 0 if there is none */
    uint32_t near[AHEAD_RING];   /* the first order of the level it joins or meets, or 0 */
};

/* Is the memory in use too large for the caches? */
static inline bool ahead_pays(const struct eut_reference_engine *engine)
{
    uint64_t bytes = (uint64_t)engine->orders.top * (sizeof(struct eut_order) + 8);

    for (unsigned c = 0; c < LEVEL_CLASSES; c++) {
        bytes += (uint64_t)engine->levels.pool[c].top << (5 + c);
    }
    return bytes > AHEAD_BYTES;
}

static inline const struct eut_market *ahead_market(const struct eut_reference_engine *engine,
                                                    const struct eut_request *r)
{
    return &engine->market[r->market < engine->markets ? r->market : 0];
}

/* The lines at the best end of a side; where the search begins and most changes are made. */
static inline void ahead_levels(const struct eut_reference_engine *engine,
                                const struct eut_level_side *side)
{
    unsigned tree = side->depth != 0;
    const char *block =
        (const char *)level_block(&engine->levels, side->size_class, tree ? side->tip : side->root);
    uint32_t count = tree ? LEVEL_NODE_MAX : side->count;
    const char *end = block + count * sizeof(uint64_t);

    AHEAD_FETCH(end);
    AHEAD_FETCH(end - 64 > block ? end - 64 : block);
    AHEAD_FETCH(end - 128 > block ? end - 128 : block);
}

/* Market and index bucket. */
static inline void ahead_first(const struct eut_reference_engine *engine, struct eut_ahead *ahead,
                               const struct eut_request *requests, uint32_t i)
{
    const struct eut_request *r = &requests[i];
    uint64_t hash = index_hash(&engine->index, r->market, r->order);

    ahead->hash[i % AHEAD_RING] = hash;
    AHEAD_FETCH(ahead_market(engine, r));
    AHEAD_FETCH(&engine->index.bucket[index_home(&engine->index, hash)]);
}

/* The order spoken of; the levels of the side named, and the other's best one. */
static inline void ahead_second(const struct eut_reference_engine *engine, struct eut_ahead *ahead,
                                const struct eut_request *requests, uint32_t i)
{
    const struct eut_request *r = &requests[i];
    const struct eut_market *market = ahead_market(engine, r);
    uint64_t hash = ahead->hash[i % AHEAD_RING];
    const struct eut_index_bucket *bucket = &engine->index.bucket[index_home(&engine->index, hash)];
    uint32_t bits = index_match(bucket, index_tag(hash));
    uint32_t handle = bits ? bucket->handle[__builtin_ctz(bits | 1u << 31)] : 0;
    unsigned side = r->side == EUT_SELL;

    ahead->handle[i % AHEAD_RING] = handle;
    AHEAD_FETCH(&engine->orders.at[handle]);
    ahead_levels(engine, &market->side[side]);
    if (handle == 0 && market->side[1 - side].best >= ~key_of(r->price, side)) {
        AHEAD_FETCH(level_best(&engine->levels, &market->side[1 - side]));
    }
}

/* The neighbours in the level, and a subject's own levels; the first maker. */
static inline void ahead_third(const struct eut_reference_engine *engine, struct eut_ahead *ahead,
                               const struct eut_request *requests, uint32_t i)
{
    const struct eut_request *r = &requests[i];
    const struct eut_market *market = ahead_market(engine, r);
    uint32_t handle = ahead->handle[i % AHEAD_RING];

    if (handle) {
        const struct eut_order *o = &engine->orders.at[handle];

        AHEAD_FETCH(&engine->orders.at[o->prev]);
        AHEAD_FETCH(&engine->orders.at[o->next]);
        ahead_levels(engine, &market->side[key_side(o->key)]);
        ahead->near[i % AHEAD_RING] = 0;
    } else {
        unsigned side = r->side == EUT_SELL;
        uint32_t key = key_of(r->price, side);
        const uint64_t *level = level_find(&engine->levels, &market->side[side], key);

        if (market->side[1 - side].best >= ~key) {
            level = level_best(&engine->levels, &market->side[1 - side]);
        }
        ahead->near[i % AHEAD_RING] = level ? (uint32_t)*level : 0;
        AHEAD_FETCH(&engine->orders.at[level ? (uint32_t)*level : 0]);
    }
}

/* The last of the level to join; the first maker's index bucket. */
static inline void ahead_fourth(const struct eut_reference_engine *engine,
                                const struct eut_ahead *ahead, const struct eut_request *requests,
                                uint32_t i)
{
    const struct eut_order *o = &engine->orders.at[ahead->near[i % AHEAD_RING]];
    uint64_t hash = index_hash(&engine->index, requests[i].market, o->id);

    AHEAD_FETCH(&engine->orders.at[o->prev]);
    if (key_side(o->key) != (requests[i].side == EUT_SELL)) {
        AHEAD_FETCH(&engine->index.bucket[index_home(&engine->index, hash)]);
        AHEAD_FETCH(&engine->orders.at[o->next]);
    }
}

#endif
