/*
 * order_index.h - from (market, order id) to the order, in one cache line nearly always.
 *
 * A table of 64-byte buckets of 12 entries: twelve 8-bit tags that one vector compare searches, a
 * count of entries that found this bucket full and went on to a later one, and twelve 32-bit
 * order handles. The ids themselves are in the orders, which a hit is about to need anyway. So an
 * order costs 64 / (12 * fill) bytes of index, a miss reads one line, a hit one line and
 * its order, and an erased entry leaves no tombstone: its tag becomes 0, and the counts of the
 * buckets it had passed go down. (The layout is of the family of F14 and Swiss tables.)
 *
 * The hash multiplies with a secret drawn at creation, so that a sender cannot aim ids at one
 * bucket. A count that reaches its ceiling stays there: searches then go one bucket further than
 * they must, and stay right.
 */
#ifndef EUT_ORDER_INDEX_H
#define EUT_ORDER_INDEX_H

#include "engine-under-test/reference/lazy_memory.h"
#include "engine-under-test/reference/order_pool.h"

#include <stdbool.h>
#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define INDEX_ENTRIES 12u
#define INDEX_MASK ((1u << INDEX_ENTRIES) - 1)
#define INDEX_PASSED_MAX UINT16_MAX

struct eut_index_bucket {
    uint8_t tag[INDEX_ENTRIES]; /* 0: empty */
    uint16_t passed; /* entries whose home is this or an earlier one, that lie further on */
    uint16_t reserved;
    uint32_t handle[INDEX_ENTRIES];
};
_Static_assert(sizeof(struct eut_index_bucket) == 64, "a bucket is one cache line");

struct eut_order_index {
    struct eut_index_bucket *bucket;
    uint64_t buckets; /* fewer than 2^32 */
    uint64_t secret[2];
    struct eut_lazy memory;
};

/* Room for `orders_max` entries at no more than two thirds full. -ENOMEM. */
int eut_index_open(struct eut_order_index *index, uint64_t orders_max);
void eut_index_close(struct eut_order_index *index);
/* NULL if every entry can be found and the counts add up, else what is wrong. For tests. */
const char *eut_index_check(const struct eut_order_index *index, const struct eut_order *orders,
                            uint64_t live);

static inline uint64_t index_hash(const struct eut_order_index *index, uint32_t market, uint64_t id)
{
    uint64_t a = id ^ index->secret[0];
    uint64_t b = (market * 0x9E3779B97F4A7C15u) ^ index->secret[1];
#if defined(__SIZEOF_INT128__)
    __extension__ unsigned __int128 m = (unsigned __int128)a * b;

    return (uint64_t)m ^ (uint64_t)(m >> 64);
#else
    uint64_t h = (a ^ (a >> 32)) * (b | 1);

    h = (h ^ (h >> 29)) * 0xBF58476D1CE4E5B9u;
    return h ^ (h >> 32) ^ b;
#endif
}

/* Where the search for an order begins and, in the low eight bits, the tag that it looks for. */
static inline uint64_t index_key(const struct eut_order_index *index, uint32_t market, uint64_t id)
{
    uint64_t hash = index_hash(index, market, id);
    uint8_t tag = (uint8_t)hash;
    uint64_t home = ((hash >> 32) * index->buckets) >> 32;

    return home << 8 | (uint8_t)(tag + (tag == 0));
}

static inline uint32_t index_home(uint64_t key)
{
    return (uint32_t)(key >> 8);
}

static inline uint8_t index_tag(uint64_t key)
{
    return (uint8_t)key;
}

/* A bit for each entry of the bucket with this tag (0: each empty one). */
static inline uint32_t index_match(const struct eut_index_bucket *bucket, uint8_t tag)
{
#if defined(__SSE2__)
    __m128i tags = _mm_load_si128((const __m128i *)(const void *)bucket);

    return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(tags, _mm_set1_epi8((char)tag))) & INDEX_MASK;
#else
    uint32_t bits = 0;

    for (unsigned i = 0; i < INDEX_ENTRIES; i++) {
        bits |= (uint32_t)(bucket->tag[i] == tag) << i;
    }
    return bits;
#endif
}

/* Where an entry was found, and the order's handle: 0 if there is none. Good until anything else
 * changes. */
struct eut_index_place {
    uint32_t bucket, entry;
    uint32_t handle;
};

/* Is this where the order of this key and handle lies? */
static inline bool index_holds(const struct eut_order_index *index, uint64_t key,
                               struct eut_index_place place)
{
    const struct eut_index_bucket *bucket = &index->bucket[place.bucket];

    return (bucket->tag[place.entry] == index_tag(key)) &
           (bucket->handle[place.entry] == place.handle);
}

/* order_index.c: the same as below for what is not in, or does not fit into, its home. */
struct eut_index_place eut_index_find_further(const struct eut_order_index *index,
                                              const struct eut_order *orders, uint64_t key,
                                              uint32_t market, uint64_t id);
void eut_index_insert_further(struct eut_order_index *index, uint64_t key, uint32_t handle);
void eut_index_erase_further(struct eut_order_index *index, uint64_t key, uint32_t handle);
/* Counts down what an entry in bucket `to` had passed on its way from home. */
void eut_index_unpass(struct eut_order_index *index, uint64_t key, uint32_t to);

static inline struct eut_index_place index_find(const struct eut_order_index *index,
                                                const struct eut_order *orders, uint64_t key,
                                                uint32_t market, uint64_t id)
{
    const struct eut_index_bucket *bucket = &index->bucket[index_home(key)];

    for (uint32_t bits = index_match(bucket, index_tag(key)); bits; bits &= bits - 1) {
        uint32_t entry = (uint32_t)__builtin_ctz(bits), handle = bucket->handle[entry];
        const struct eut_order *o = &orders[handle];

        if (__builtin_expect(o->id == id && order_market(o) == market, 1)) {
            return (struct eut_index_place){index_home(key), entry, handle};
        }
    }
    if (__builtin_expect(bucket->passed != 0, 0)) {
        return eut_index_find_further(index, orders, key, market, id);
    }
    return (struct eut_index_place){0};
}

/* The entry must not be there yet. */
static inline void index_insert(struct eut_order_index *index, uint64_t key, uint32_t handle)
{
    struct eut_index_bucket *bucket = &index->bucket[index_home(key)];
    uint32_t empty = index_match(bucket, 0);

    if (__builtin_expect(empty == 0, 0)) {
        eut_index_insert_further(index, key, handle);
        return;
    }
    uint32_t entry = (uint32_t)__builtin_ctz(empty);

    bucket->tag[entry] = index_tag(key);
    bucket->handle[entry] = handle;
}

static inline void index_erase_at(struct eut_order_index *index, uint64_t key,
                                  struct eut_index_place place)
{
    index->bucket[place.bucket].tag[place.entry] = 0;
    if (__builtin_expect(place.bucket != index_home(key), 0)) {
        eut_index_unpass(index, key, place.bucket);
    }
}

/* The entry must be there. */
static inline void index_erase(struct eut_order_index *index, uint64_t key, uint32_t handle)
{
    struct eut_index_bucket *bucket = &index->bucket[index_home(key)];

    for (uint32_t bits = index_match(bucket, index_tag(key)); bits; bits &= bits - 1) {
        uint32_t entry = (uint32_t)__builtin_ctz(bits);

        if (__builtin_expect(bucket->handle[entry] == handle, 1)) {
            bucket->tag[entry] = 0;
            return;
        }
    }
    eut_index_erase_further(index, key, handle);
}

#endif
