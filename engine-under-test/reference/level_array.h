/*
 * level_array.h - the price levels of one side of one book, best at the end.
 *
 * A level is one 64-bit word: sort key in the high half, value in the low one (L3: the handle of
 * its first order; L2: its total). Keys grow towards the touch on both sides - a bid's key is its
 * price, an ask's is ~price - so both sides share this code, and a key's top bit tells the side.
 *
 * One or two levels lie in the side itself, a pair (level_pair.h). A side of more than a few is a
 * strip or a window if its prices are close together (level_strip.h, level_window.h). Else up to
 * LEVEL_NODE_MAX levels lie in one sorted block from a pool of size classes 8, 16 … 128 words,
 * aligned to cache lines: grown when full, shrunk below a quarter; and at the last in a B+ tree of
 * the largest blocks (level_tree.c) with the same words: in inner nodes, lower bound and child.
 *
 * Memory, provably: a block holds at least a quarter of its words, a strip at least
 * STRIP_LEAST levels, a tree's node at least LEVEL_NODE_MIN and its root two, a window at least
 * window_least(), so that the blocks of each kind are bounded (level_pool.c), and the reservation
 * made by eut_levels_open() can never run out within `levels_max`.
 *
 * A side that is all zeroes is empty.
 */
#ifndef EUT_LEVEL_ARRAY_H
#define EUT_LEVEL_ARRAY_H

#include "engine-under-test/reference/lazy_memory.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#if defined(__AVX2__)
#include <immintrin.h>
#elif defined(__ARM_NEON) && defined(__aarch64__)
#include <arm_neon.h>
#endif

#define LEVEL_CLASSES 6u /* 0: a pair, of no pool */
#define LEVEL_CLASS_TOP (LEVEL_CLASSES - 1)
#define LEVEL_NODE_WORDS 128u
#define LEVEL_NODE_MAX 126u /* a node's last word counts its entries */
#define LEVEL_NODE_MIN 32u
#define STRIP_CLASS 3u /* a strip's slots fill a block of this class */
#define STRIP_FROM 4u  /* a block of more levels may become a strip: the smallest is full then */
#define STRIP_LEAST 3u /* a strip of fewer becomes a block */
#define WINDOW_CLASSES 3u
#define WINDOW_FROM_CLASS 3u /* a full block of this class or more may become a window */
#define LEVEL_LINES 4        /* cache lines at the best end that a search reads without asking */
#define LEVEL_NEAR 16 /* so many entries are searched whole: no place in them is worth guessing */

struct eut_level_side {
    uint32_t best;  /* key of the best level, 0 when empty */
    uint16_t count; /* levels, but of a strip or a tree */
    uint8_t size_class;
    uint8_t depth; /* 0: a pair or a block; a strip; a window; else inner nodes above a tree's leaves */
    union {
        struct {
            uint32_t root; /* handle of the block, the window or the root */
            uint32_t tip;  /* the rightmost leaf of a tree; of a strip or a window see there */
            uint64_t bits; /* of a strip: which of its slots are levels */
        };
        uint64_t pair[2]; /* class 0: its levels */
    };
};
_Static_assert(sizeof(struct eut_level_side) == 24, "two sides and a digest are a line");
#define LEVEL_WINDOW 0xFFu
#define LEVEL_STRIP 0xFEu

/* A level's value where it is kept: half of a word in most forms, so it may alias one. */
typedef uint32_t __attribute__((may_alias)) level_value;

struct eut_level_pool {
    char *base;
    uint32_t block_bytes;
    uint32_t free; /* a chain through the first word of each free block */
    uint32_t top;  /* handles 1 … top have been handed out before */
    uint32_t max;
    struct eut_lazy memory;
};

struct eut_levels {
    struct eut_level_pool pool[LEVEL_CLASSES], window[WINDOW_CLASSES];
    uint64_t live, max;
};

/* Reserves for `levels_max` levels spread over `sides` sides in any way. -ENOMEM. */
int eut_levels_open(struct eut_levels *levels, uint64_t levels_max, uint64_t sides);
void eut_levels_close(struct eut_levels *levels);
/* Blocks in use now; walks the free chain. For tests. */
uint64_t eut_level_pool_used(const struct eut_level_pool *pool);

/* A side of depth 0 that is full gets the next larger block, a strip, a window or a tree. */
void eut_levels_grow(struct eut_levels *levels, struct eut_level_side *side);
/* One of few entries gets the next smaller block, or becomes a pair. */
void eut_levels_shrink(struct eut_levels *levels, struct eut_level_side *side);

/* level_tree.c: a full largest block becomes the only leaf of a tree … */
void eut_tree_enter(struct eut_levels *levels, struct eut_level_side *side);
/* … and the operations of level_side.h on one. */
uint64_t *eut_tree_find(const struct eut_levels *levels, const struct eut_level_side *side,
                        uint32_t key);
uint64_t *eut_tree_reach(struct eut_levels *levels, struct eut_level_side *side, uint32_t key,
                         uint32_t value);
void eut_tree_erase(struct eut_levels *levels, struct eut_level_side *side, uint32_t key);
uint64_t *eut_tree_worse(const struct eut_levels *levels, const struct eut_level_side *side,
                         uint32_t key);
/* NULL if the tree keeps its promises, else which is broken. For tests. */
const char *eut_tree_check(const struct eut_levels *levels, const struct eut_level_side *side);

uint32_t eut_level_block_take(struct eut_levels *levels, unsigned size_class);
void eut_level_block_give(struct eut_levels *levels, unsigned size_class, uint32_t handle);
/* Makes the side a block of so many entries, which the caller writes where this points: of the first
 * class from this one on that has room for one more, or else of the largest. What the side was is
 * the caller's to give back. */
uint64_t *eut_level_block_begin(struct eut_levels *levels, struct eut_level_side *side,
                                unsigned size_class, uint32_t count);

static inline uint32_t level_key(uint64_t entry)
{
    return (uint32_t)(entry >> 32);
}

static inline uint64_t level_entry(uint32_t key, uint32_t value)
{
    return ((uint64_t)key << 32) | value;
}

/* The low half of an entry. */
static inline level_value *level_value_of(uint64_t *entry)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return (level_value *)entry + 1;
#else
    return (level_value *)entry;
#endif
}

static inline uint32_t level_capacity(unsigned size_class)
{
    return size_class == LEVEL_CLASS_TOP ? LEVEL_NODE_MAX
           : size_class == 0             ? 2
           : size_class == 1             ? STRIP_FROM
                                         : 4u << size_class;
}

static inline uint64_t *level_block(const struct eut_levels *levels, unsigned size_class,
                                    uint32_t handle)
{
    return (uint64_t *)(void *)(levels->pool[size_class].base +
                                ((uint64_t)handle << (5 + size_class)));
}

#if defined(__AVX512F__)

/* With AVX-512 work is on whole, aligned lines of eight entries, the last two of the block as a
 * rule, without branches: a masked load still fetches the lines it does not want, and a load that
 * straddles two stores waits for both. */
static inline __m512i level_line(const uint64_t *line)
{
    return _mm512_load_si512((const void *)line);
}

/* Bits [0, n) of 8, for n from 0 to 8. */
static inline __mmask8 level_lanes(uint32_t n)
{
    return (__mmask8)((1u << n) - 1);
}

/* How many of e[0 … n) have a key below `key`. Looks from the end, where most searches end; how
 * many of the last four lines it reads depends on n alone, which branches well. */
static inline uint32_t level_position(const uint64_t *e, uint32_t n, uint32_t key)
{
    const __m512i wanted = _mm512_set1_epi64((long long)((uint64_t)key << 32));
    uint32_t left = (n - (n > 0)) & ~7u;
    uint32_t found = (uint32_t)__builtin_popcount(
        _mm512_mask_cmplt_epu64_mask(level_lanes(n - left), level_line(e + left), wanted));

    for (int line = 1; line < LEVEL_LINES && left > 0; line++) {
        left -= 8;
        found +=
            (uint32_t)__builtin_popcount(_mm512_cmplt_epu64_mask(level_line(e + left), wanted));
    }
    while (__builtin_expect(found == 0 && left > 0, 0)) {
        left -= 8;
        found = (uint32_t)__builtin_popcount(_mm512_cmplt_epu64_mask(level_line(e + left), wanted));
    }
    return left + found;
}

/* Makes room at e[at] among e[0 … n) and puts the entry there. There must be room for e[n]. */
static inline void level_insert(uint64_t *e, uint32_t at, uint32_t n, uint64_t entry)
{
    uint32_t line = at & ~7u;
    __m512i old = level_line(e + line), made = _mm512_set1_epi64((long long)entry);
    /* Lanes above `at` take their lower neighbour, up to e[n]; those beyond are left alone. */
    __mmask8 above = (__mmask8) ~(((2u << (at - line)) - 1));
    __mmask8 there = n - line < 7 ? level_lanes(n - line + 1) : 0xFF;
    __m512i moved = _mm512_mask_alignr_epi64(old, above & there, old, old, 7);

    moved = _mm512_mask_mov_epi64(moved, (__mmask8)(1u << (at - line)), made);
    _mm512_store_si512((void *)(e + line), moved);
    for (line += 8; line <= n; line += 8) {
        __m512i next = level_line(e + line);

        there = n - line < 7 ? level_lanes(n - line + 1) : 0xFF;
        _mm512_store_si512((void *)(e + line), _mm512_mask_alignr_epi64(next, there, next, old, 7));
        old = next;
    }
}

/* Takes e[at] out of e[0 … n). */
static inline void level_remove(uint64_t *e, uint32_t at, uint32_t n)
{
    uint32_t line = at & ~7u, last = (n - 1) & ~7u;
    __m512i old = level_line(e + line);
    __mmask8 moves = (__mmask8) ~((1u << (at - line)) - 1);

    for (; line < last; line += 8) {
        __m512i next = level_line(e + line + 8);

        _mm512_store_si512((void *)(e + line), _mm512_mask_alignr_epi64(old, moves, next, old, 1));
        moves = 0xFF;
        old = next;
    }
    moves &= level_lanes(n - 1 - last);
    _mm512_store_si512((void *)(e + line), _mm512_mask_alignr_epi64(old, moves, old, old, 1));
}

#else

static inline uint32_t level_position(const uint64_t *e, uint32_t n, uint32_t key)
{
    uint64_t probe = (uint64_t)key << 32;

    while (n > 8 && e[n - 8] >= probe) {
        n -= 8;
    }
    uint32_t first = n > 8 ? n - 8 : 0, below = first;

    for (uint32_t i = first; i < n; i++) {
        below += e[i] < probe;
    }
    return below;
}

static inline void level_insert(uint64_t *e, uint32_t at, uint32_t n, uint64_t entry)
{
    memmove(e + at + 1, e + at, (n - at) * sizeof(*e));
    e[at] = entry;
}

static inline void level_remove(uint64_t *e, uint32_t at, uint32_t n)
{
    memmove(e + at, e + at + 1, (n - at - 1) * sizeof(*e));
}

#endif

/* A bit for each of the eight words from here that is not below `probe`. */
static inline uint32_t level_not_below(const uint64_t *e, uint64_t probe)
{
#if defined(__AVX512F__)
    return _mm512_cmpge_epu64_mask(_mm512_loadu_si512((const void *)e),
                                   _mm512_set1_epi64((long long)probe));
#elif defined(__AVX2__)
    /* There are only signed comparisons. */
    const __m256i top = _mm256_set1_epi64x((long long)(1ull << 63));
    const __m256i wanted = _mm256_xor_si256(_mm256_set1_epi64x((long long)probe), top);
    __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)e);
    __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(e + 4));

    low = _mm256_cmpgt_epi64(wanted, _mm256_xor_si256(low, top));
    high = _mm256_cmpgt_epi64(wanted, _mm256_xor_si256(high, top));
    return 0xFF ^ ((uint32_t)_mm256_movemask_pd(_mm256_castsi256_pd(low)) |
                   (uint32_t)_mm256_movemask_pd(_mm256_castsi256_pd(high)) << 4);
#elif defined(__ARM_NEON) && defined(__aarch64__)
    static const uint32_t bit[8] = {1, 2, 4, 8, 16, 32, 64, 128};
    const uint64x2_t wanted = vdupq_n_u64(probe);
    uint64x2_t a = vcgeq_u64(vld1q_u64(e), wanted), b = vcgeq_u64(vld1q_u64(e + 2), wanted);
    uint64x2_t c = vcgeq_u64(vld1q_u64(e + 4), wanted), d = vcgeq_u64(vld1q_u64(e + 6), wanted);
    uint32x4_t low = vcombine_u32(vmovn_u64(a), vmovn_u64(b));
    uint32x4_t high = vcombine_u32(vmovn_u64(c), vmovn_u64(d));

    return vaddvq_u32(
        vorrq_u32(vandq_u32(low, vld1q_u32(bit)), vandq_u32(high, vld1q_u32(bit + 4))));
#else
    uint32_t bits = 0;

    for (uint32_t i = 0; i < 8; i++) {
        bits |= (uint32_t)(e[i] >= probe) << i;
    }
    return bits;
#endif
}

/*
 * The same as level_position(), if `best` is the last key. Levels are a tick or more apart, so this
 * one cannot be further from the best than it is ticks below it; where the book has no more than
 * fifteen gaps in between, sixteen words from there have it. They may lie past the block, in the
 * next one: the pools are longer than can be used (level_pool.c).
 */
static inline uint32_t level_place(const uint64_t *e, uint32_t n, uint32_t best, uint32_t key)
{
    if (n > LEVEL_NEAR) {
        uint32_t below = best - key, start = below < n ? n - 1 - below : 0;

        if (key > best) {
            return n;
        }
        uint64_t probe = (uint64_t)key << 32;
        uint32_t there = level_not_below(e + start, probe);

        there |= level_not_below(e + start + 8, probe) << 8;

        if (__builtin_expect(there != 0, 1)) {
            return start + (uint32_t)__builtin_ctz(there);
        }
    }
    return level_position(e, n, key);
}

#endif
