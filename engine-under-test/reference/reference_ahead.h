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
 * larger than engine->ahead_bytes. The asks are inline assembly because gcc 12 deletes functions
 * whose only effect is __builtin_prefetch.
 */
#ifndef EUT_REFERENCE_AHEAD_H
#define EUT_REFERENCE_AHEAD_H

#include "engine-under-test/reference/reference_book.h"

#ifndef AHEAD_STEP
#define AHEAD_STEP 6u
#endif
#define AHEAD_RING 64u /* a power of two, more than four steps */

#if defined(__x86_64__) || defined(__i386__)
#define AHEAD_FETCH(address) \
    __asm__ volatile("prefetcht0 %0" : : "m"(*(const char *)(const void *)(address)))
#elif defined(__aarch64__)
#define AHEAD_FETCH(address) \
    __asm__ volatile("prfm pldl1keep, %0" : : "Q"(*(const char *)(const void *)(address)))
#else
#define AHEAD_FETCH(address) __builtin_prefetch((const void *)(address), 1, 3)
#endif

/* What one stage tells the next of a request. */
struct eut_ahead_note {
    uint64_t hash;
    uint32_t
        handle;   /* its likely subject, or the first order of the level it joins or meets; or 0 */
    uint32_t key; /* of its own level */
};

static const uint64_t ahead_nothing[16] __attribute__((aligned(64))) = {0};

/* Is the memory in use too large for the caches? */
static inline bool ahead_pays(const struct eut_reference_engine *engine)
{
    uint64_t bytes = (uint64_t)engine->orders.top * (sizeof(struct eut_order) + 8);

    for (unsigned c = 0; c < LEVEL_CLASSES; c++) {
        bytes += (uint64_t)engine->levels.pool[c].top << (6 + c);
    }
    return bytes > engine->ahead_bytes;
}

static inline const struct eut_market *ahead_market(const struct eut_reference_engine *engine,
                                                    const struct eut_request *r)
{
    return &engine->market[r->market < engine->markets ? r->market : 0];
}

/* Market and index bucket. */
static inline __attribute__((always_inline)) void ahead_first(
    const struct eut_reference_engine *engine, struct eut_ahead_note *note,
    const struct eut_request *r)
{
    uint64_t hash = index_hash(&engine->index, r->market, r->order);

    note->hash = hash;
    note->key = key_of(r->price, r->side == EUT_SELL);
    AHEAD_FETCH(ahead_market(engine, r));
    AHEAD_FETCH(&engine->index.bucket[index_home(&engine->index, hash)]);
}

/* One of two addresses, by a mask of all ones or none: gcc makes branches of conditionals. */
static inline const void *ahead_either(uintptr_t mask, const void *a, const void *b)
{
    return (const void *)((uintptr_t)b ^ (((uintptr_t)a ^ (uintptr_t)b) & mask));
}

/* The order spoken of; or else the best end of the levels of the side that a new order will join,
 * or of the other one if it is going to trade there. */
static inline __attribute__((always_inline)) void ahead_second(
    const struct eut_reference_engine *engine, struct eut_ahead_note *note,
    const struct eut_request *r)
{
    const struct eut_market *market = ahead_market(engine, r);
    const struct eut_index_bucket *bucket =
        &engine->index.bucket[index_home(&engine->index, note->hash)];
    uint32_t bits = index_match(bucket, index_tag(note->hash));
    uint32_t entry = (uint32_t)__builtin_ctz(bits | 1u << (INDEX_ENTRIES - 1));
    uint32_t handle = bucket->handle[entry] & (0u - (bits != 0));
    unsigned side = key_side(note->key);
    const uint64_t *line;

    side ^= market->side[side ^ 1].best >= ~note->key;
    line = level_glance(&engine->levels, &market->side[side]);
    line = ahead_either(-(uintptr_t)(handle != 0), &engine->orders.at[handle], line);
    note->handle = handle;
    AHEAD_FETCH((uintptr_t)line - 64); /* perhaps before the pool: no pointer */
    AHEAD_FETCH(line);
    AHEAD_FETCH((uintptr_t)line + 64);
}

/* The neighbours of the order spoken of and its levels; or the first order of the level to meet. */
static inline __attribute__((always_inline)) void ahead_third(
    const struct eut_reference_engine *engine, struct eut_ahead_note *note,
    const struct eut_request *r)
{
    const struct eut_market *market = ahead_market(engine, r);
    const struct eut_order *o = &engine->orders.at[note->handle];
    uintptr_t known = -(uintptr_t)(note->handle != 0);
    uint32_t key = note->key ^ ((note->key ^ o->key) & (uint32_t)known);
    unsigned side = key_side(key);
    uint32_t best = market->side[side ^ 1].best, crosses = 0u - (best >= ~key);
    const uint64_t *line = level_glance(&engine->levels, &market->side[side ^ (crosses & 1)]);

    AHEAD_FETCH((uintptr_t)line - 64);
    AHEAD_FETCH(line);
    AHEAD_FETCH((uintptr_t)line + 64);
    AHEAD_FETCH(&engine->orders.at[o->prev]);
    AHEAD_FETCH(&engine->orders.at[o->next]);
    /* A subject's own lines have only now been asked for: something else is looked at instead. */
    line = ahead_either(known, ahead_nothing, line);
    uint32_t first = level_guess(line, key ^ ((key ^ best) & crosses));

    /* Stale lines, and those of L2 markets, hold what is no handle. */
    note->handle = first & (0u - (first <= engine->orders.top));
    AHEAD_FETCH(&engine->orders.at[note->handle]);
}

/* The last order of the level to join; the bucket of the first maker to meet. */
static inline __attribute__((always_inline)) void ahead_fourth(
    const struct eut_reference_engine *engine, const struct eut_ahead_note *note,
    const struct eut_request *r)
{
    const struct eut_order *o = &engine->orders.at[note->handle];
    uint64_t hash = index_hash(&engine->index, r->market, o->id);
    uint64_t other =
        0u - (uint64_t)((note->handle != 0) & (key_side(o->key) != key_side(note->key)));

    hash = note->hash ^ ((note->hash ^ hash) & other);
    AHEAD_FETCH(&engine->index.bucket[index_home(&engine->index, hash)]);
    AHEAD_FETCH(&engine->orders.at[o->prev]);
}

#endif
