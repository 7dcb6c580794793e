/*
 * level_array.h - the price levels of one side of one book, best at the end.
 *
 * A level is one 64-bit word: sort key in the high half, value in the low one (L3: the handle of
 * its first order; L2: its total). Keys grow towards the touch on both sides - a bid's key is its
 * price, an ask's is ~price - so both sides share this code, and a key's top bit tells the side.
 *
 * Up to LEVEL_NODE_MAX levels lie in one sorted block from a pool of size classes 4, 8 … 128
 * words: grown when full, shrunk at a quarter. A side that outgrows that is a B+ tree of the
 * largest blocks (level_tree.c) with the same words: in inner nodes, lower bound and child.
 *
 * Memory, provably: a block of class c > 0 holds more than a quarter of its words and a tree's
 * node at least LEVEL_NODE_MIN, so that each class needs at most eut_levels_blocks_max() blocks,
 * and the reservation made by eut_levels_open() can never run out within `levels_max`.
 *
 * A side that is all zeroes is empty.
 */
#ifndef EUT_LEVEL_ARRAY_H
#define EUT_LEVEL_ARRAY_H

#include "engine-under-test/reference/lazy_memory.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#if defined(__AVX512F__)
#include <immintrin.h>
#endif

#define LEVEL_CLASSES 6u
#define LEVEL_CLASS_TOP (LEVEL_CLASSES - 1)
#define LEVEL_NODE_WORDS 128u
#define LEVEL_NODE_MAX 126u /* a node's last word counts its entries */
#define LEVEL_NODE_MIN 32u

struct eut_level_side {
    uint32_t best;  /* key of the best level, 0 when empty */
    uint32_t root;  /* block handle */
    uint32_t tip;   /* the rightmost leaf of a tree; unused while depth is 0 */
    uint16_t count; /* entries while depth is 0 */
    uint8_t size_class;
    uint8_t depth; /* inner nodes above the leaves */
};

struct eut_level_pool {
    char *base;
    uint32_t free; /* a chain through the first word of each free block */
    uint32_t top;  /* handles 1 … top have been handed out before */
    uint32_t max;
    struct eut_lazy memory;
};

struct eut_levels {
    struct eut_level_pool pool[LEVEL_CLASSES];
    uint64_t live, max;
};

/* Reserves for `levels_max` levels spread over `sides` sides in any way. -ENOMEM. */
int eut_levels_open(struct eut_levels *levels, uint64_t levels_max, uint64_t sides);
void eut_levels_close(struct eut_levels *levels);
/* Blocks of one class that can be in use at once. */
uint64_t eut_levels_blocks_max(unsigned size_class, uint64_t levels_max, uint64_t sides);
/* Blocks of one class in use now; walks the free chain. For tests. */
uint64_t eut_levels_blocks_used(const struct eut_levels *levels, unsigned size_class);

/* Moves a side of depth 0 into a block of the next class, up or down; a full largest block becomes
 * a tree, an empty smallest one is given back. */
void eut_levels_grow(struct eut_levels *levels, struct eut_level_side *side);
void eut_levels_shrink(struct eut_levels *levels, struct eut_level_side *side);

/* level_tree.c: the same operations on a side of depth > 0. */
uint64_t *eut_tree_find(const struct eut_levels *levels, const struct eut_level_side *side,
                        uint32_t key);
uint64_t *eut_tree_reach(struct eut_levels *levels, struct eut_level_side *side, uint32_t key,
                         bool *created);
void eut_tree_erase(struct eut_levels *levels, struct eut_level_side *side, uint32_t key);
uint64_t *eut_tree_worse(const struct eut_levels *levels, const struct eut_level_side *side,
                         uint32_t key);
/* NULL if the tree keeps its promises, else which is broken. For tests. */
const char *eut_tree_check(const struct eut_levels *levels, const struct eut_level_side *side);

uint32_t eut_level_block_take(struct eut_levels *levels, unsigned size_class);
void eut_level_block_give(struct eut_levels *levels, unsigned size_class, uint32_t handle);

static inline uint32_t level_key(uint64_t entry)
{
    return (uint32_t)(entry >> 32);
}

static inline uint64_t level_entry(uint32_t key, uint32_t value)
{
    return ((uint64_t)key << 32) | value;
}

static inline uint32_t level_capacity(unsigned size_class)
{
    return size_class == LEVEL_CLASS_TOP ? LEVEL_NODE_MAX : 4u << size_class;
}

#if defined(__AVX512F__)
/* Of the 16 places that end where n entries end, a bit for each that is one of them. */
static inline uint32_t level_tail_mask(uint32_t n)
{
    return n >= 16 ? 0xFFFF : (0xFFFFu << (16 - n)) & 0xFFFF;
}
#endif

static inline uint64_t *level_block(const struct eut_levels *levels, unsigned size_class,
                                    uint32_t handle)
{
    return (uint64_t *)(void *)(levels->pool[size_class].base +
                                ((uint64_t)handle << (5 + size_class)));
}

/* How many of e[0 … n) have a key below `key`. Looks from the end: most searches are near the
 * touch. With AVX-512 the last 16 entries take no branch; masked-off lanes are not touched, so
 * reading "before" a short block is no read at all. */
static inline uint32_t level_position(const uint64_t *e, uint32_t n, uint32_t key)
{
    uint64_t probe = (uint64_t)key << 32;
#if defined(__AVX512F__)
    const __m512i wanted = _mm512_set1_epi64((long long)probe);
    uint32_t there = level_tail_mask(n);
    uintptr_t end = (uintptr_t)(e + n);
    __m512i low = _mm512_maskz_loadu_epi64((__mmask8)there, (const void *)(end - 128));
    __m512i high = _mm512_maskz_loadu_epi64((__mmask8)(there >> 8), (const void *)(end - 64));
    uint32_t below = _mm512_mask_cmplt_epu64_mask((__mmask8)there, low, wanted) |
                     (uint32_t)_mm512_mask_cmplt_epu64_mask((__mmask8)(there >> 8), high, wanted)
                         << 8;
    uint32_t left = n > 16 ? n - 16 : 0, found = left + (uint32_t)__builtin_popcount(below);

    while (__builtin_expect(below == 0 && left > 0, 0)) {
        there = left < 8 ? (0xFFu << (8 - left)) & 0xFF : 0xFF;
        low = _mm512_maskz_loadu_epi64((__mmask8)there, (const void *)((uintptr_t)(e + left) - 64));
        below = _mm512_mask_cmplt_epu64_mask((__mmask8)there, low, wanted);
        left = left > 8 ? left - 8 : 0;
        found = left + (uint32_t)__builtin_popcount(below);
    }
    return found;
#else
    while (n > 8 && e[n - 8] >= probe) {
        n -= 8;
    }
    uint32_t first = n > 8 ? n - 8 : 0, below = first;

    for (uint32_t i = first; i < n; i++) {
        below += e[i] < probe;
    }
    return below;
#endif
}

/* Moves e[at … n) up by one place, making room at e[at]. */
static inline void level_shift_up(uint64_t *e, uint32_t at, uint32_t n)
{
#if defined(__AVX512F__)
    if (__builtin_expect(n - at <= 16, 1)) {
        uint32_t moved = level_tail_mask(n - at);
        uintptr_t end = (uintptr_t)(e + n);
        __m512i low = _mm512_maskz_loadu_epi64((__mmask8)moved, (const void *)(end - 128));
        __m512i high = _mm512_maskz_loadu_epi64((__mmask8)(moved >> 8), (const void *)(end - 64));

        _mm512_mask_storeu_epi64((void *)(end - 56), (__mmask8)(moved >> 8), high);
        _mm512_mask_storeu_epi64((void *)(end - 120), (__mmask8)moved, low);
        return;
    }
#endif
    memmove(e + at + 1, e + at, (n - at) * sizeof(*e));
}

/* Moves e[at + 1 … n) down by one place, over e[at]. */
static inline void level_shift_down(uint64_t *e, uint32_t at, uint32_t n)
{
#if defined(__AVX512F__)
    if (__builtin_expect(n - at <= 17, 1)) {
        uint32_t moved = level_tail_mask(n - at - 1);
        uintptr_t end = (uintptr_t)(e + n);
        __m512i low = _mm512_maskz_loadu_epi64((__mmask8)moved, (const void *)(end - 128));
        __m512i high = _mm512_maskz_loadu_epi64((__mmask8)(moved >> 8), (const void *)(end - 64));

        _mm512_mask_storeu_epi64((void *)(end - 136), (__mmask8)moved, low);
        _mm512_mask_storeu_epi64((void *)(end - 72), (__mmask8)(moved >> 8), high);
        return;
    }
#endif
    memmove(e + at, e + at + 1, (n - at - 1) * sizeof(*e));
}

/* The level at this key, or NULL. Valid until the side changes shape. */
static inline uint64_t *level_find(const struct eut_levels *levels,
                                   const struct eut_level_side *side, uint32_t key)
{
    if (__builtin_expect(side->depth != 0, 0)) {
        return eut_tree_find(levels, side, key);
    }
    uint64_t *e = level_block(levels, side->size_class, side->root);
    uint32_t at = level_position(e, side->count, key);

    return at < side->count && level_key(e[at]) == key ? e + at : NULL;
}

/* The level at this key; made with value 0, and *created set, if there was none. */
static inline uint64_t *level_reach(struct eut_levels *levels, struct eut_level_side *side,
                                    uint32_t key, bool *created)
{
    if (__builtin_expect(side->depth == 0, 1)) {
        uint64_t *e = level_block(levels, side->size_class, side->root);
        uint32_t n = side->count, at = level_position(e, n, key);

        if (at < n && level_key(e[at]) == key) {
            *created = false;
            return e + at;
        }
        if (__builtin_expect(n == level_capacity(side->size_class) || side->root == 0, 0)) {
            eut_levels_grow(levels, side);
            e = level_block(levels, side->size_class, side->root);
        }
        if (__builtin_expect(side->depth == 0, 1)) {
            level_shift_up(e, at, n);
            e[at] = level_entry(key, 0);
            side->count = (uint16_t)(n + 1);
            side->best = key > side->best ? key : side->best;
            levels->live++;
            *created = true;
            return e + at;
        }
    }
    return eut_tree_reach(levels, side, key, created);
}

/* The best level of a side that has one. */
static inline uint64_t *level_best(const struct eut_levels *levels,
                                   const struct eut_level_side *side)
{
    if (__builtin_expect(side->depth != 0, 0)) {
        uint64_t *e = level_block(levels, LEVEL_CLASS_TOP, side->tip);

        return e + e[LEVEL_NODE_WORDS - 1] - 1;
    }
    return level_block(levels, side->size_class, side->root) + side->count - 1;
}

/* The next level after this key, away from the touch, or NULL. The key itself must be there. */
static inline uint64_t *level_worse(const struct eut_levels *levels,
                                    const struct eut_level_side *side, uint32_t key)
{
    if (__builtin_expect(side->depth != 0, 0)) {
        return eut_tree_worse(levels, side, key);
    }
    uint64_t *e = level_block(levels, side->size_class, side->root);
    uint32_t at = level_position(e, side->count, key);

    return at ? e + at - 1 : NULL;
}

/* Takes out the level at this key, which must be there. */
static inline void level_erase(struct eut_levels *levels, struct eut_level_side *side, uint32_t key)
{
    if (__builtin_expect(side->depth != 0, 0)) {
        eut_tree_erase(levels, side, key);
        return;
    }
    uint64_t *e = level_block(levels, side->size_class, side->root);
    uint32_t n = side->count, at = level_position(e, n, key);

    level_shift_down(e, at, n);
    n--;
    side->count = (uint16_t)n;
    side->best = n ? level_key(e[n - 1]) : 0;
    levels->live--;
    if (__builtin_expect(n <= ((1u << side->size_class) & ~1u), 0)) {
        eut_levels_shrink(levels, side);
    }
}

#endif
