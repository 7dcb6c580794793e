/*
 * level_side.h - one side of one book, whatever form its levels have.
 *
 * A block, a window or a tree: found, made, erased and walked by the same five functions. The
 * common form, a block, is inline to the end.
 */
#ifndef EUT_LEVEL_SIDE_H
#define EUT_LEVEL_SIDE_H

#include "engine-under-test/reference/level_window.h"

/* The level at this key, or NULL. Valid until the side changes shape. */
static inline uint64_t *level_find(const struct eut_levels *levels,
                                   const struct eut_level_side *side, uint32_t key)
{
    if (__builtin_expect(side->depth != 0, 0)) {
        return side->depth == LEVEL_WINDOW ? window_find(levels, side, key)
                                           : eut_tree_find(levels, side, key);
    }
    uint64_t *e = level_block(levels, side->size_class, side->root);
    uint32_t at = level_place(e, side->count, side->best, key);

    return at < side->count && level_key(e[at]) == key ? e + at : NULL;
}

/* level_reach() in what was no window, or has just been widened. */
static inline uint64_t *level_reach_other(struct eut_levels *levels, struct eut_level_side *side,
                                          uint32_t key, uint32_t value)
{
    if (__builtin_expect(side->depth == 0, 1)) {
        uint64_t *e = level_block(levels, side->size_class, side->root);
        uint32_t n = side->count, at = level_place(e, n, side->best, key);

        if (at < n && level_key(e[at]) == key) {
            return e + at;
        }
        if (__builtin_expect(n == level_capacity(side->size_class) || side->root == 0, 0)) {
            eut_levels_grow(levels, side);
            e = level_block(levels, side->size_class, side->root);
        }
        if (__builtin_expect(side->depth == 0, 1)) {
            level_insert(e, at, n, level_entry(key, value));
            side->count = (uint16_t)(n + 1);
            side->best = key > side->best ? key : side->best;
            levels->live++;
            return e + at;
        }
    }
    if (side->depth == LEVEL_WINDOW) {
        uint64_t *level = window_reach(levels, side, key, value);

        if (level) {
            return level;
        }
        eut_window_widen(levels, side, key);
        return level_reach_other(levels, side, key, value);
    }
    return eut_tree_reach(levels, side, key, value);
}

/* The level at this key; made with this value if there was none. */
static inline __attribute__((always_inline)) uint64_t *level_reach(struct eut_levels *levels,
                                                                   struct eut_level_side *side,
                                                                   uint32_t key, uint32_t value)
{
    if (side->depth == LEVEL_WINDOW) {
        uint64_t *level = window_reach(levels, side, key, value);

        if (__builtin_expect(level != NULL, 1)) {
            return level;
        }
        eut_window_widen(levels, side, key);
    }
    return level_reach_other(levels, side, key, value);
}

/* The best level of a side that has one. */
static inline uint64_t *level_best(const struct eut_levels *levels,
                                   const struct eut_level_side *side)
{
    if (__builtin_expect(side->depth != 0, 0)) {
        if (side->depth == LEVEL_WINDOW) {
            return window_find(levels, side, side->best);
        }
        uint64_t *e = level_block(levels, LEVEL_CLASS_TOP, side->tip);

        return e + e[LEVEL_NODE_WORDS - 1] - 1;
    }
    return level_block(levels, side->size_class, side->root) + side->count - 1;
}

/* For looking ahead: the last two lines of a side's levels, the best at the end, as one address; a
 * block of one line counts from that line on, a window from the key's. Half of a tree's best leaf
 * will do: nothing is promised. */
static inline const uint64_t *level_glance(const struct eut_levels *levels,
                                           const struct eut_level_side *side, uint32_t key)
{
    if (__builtin_expect(side->depth == LEVEL_WINDOW, 0)) {
        return window_slots(levels, side) + (key & (window_ticks(side->size_class) - 8));
    }
    uint32_t n = side->depth ? LEVEL_NODE_MAX / 2 : side->count;
    uint32_t line = (n + 7) / 8, two = line > 1;

    return level_block(levels, side->size_class, side->depth ? side->tip : side->root) +
           8 * (line - two - (line > 0));
}

/* The value at this key if it is in the two lines from here; else 0. Without a branch, and perhaps
 * stale: entries are not counted. */
static inline uint32_t level_guess(const uint64_t *e, uint32_t key)
{
#if defined(__AVX512F__)
    const __m512i wanted = _mm512_set1_epi64((long long)key);
    uint32_t hits = _mm512_cmpeq_epi64_mask(_mm512_srli_epi64(level_line(e), 32), wanted);

    hits |= (uint32_t)_mm512_cmpeq_epi64_mask(_mm512_srli_epi64(level_line(e + 8), 32), wanted)
            << 8;
    return (uint32_t)e[(uint32_t)__builtin_ctz(hits | 0x8000)] & (0u - (hits != 0));
#else
    uint32_t found = 0;

    for (uint32_t i = 0; i < 16; i++) {
        found |= (uint32_t)e[i] & (0u - (level_key(e[i]) == key));
    }
    return found;
#endif
}

/* The next level after this key, away from the touch, or NULL. The key itself must be there. */
static inline uint64_t *level_worse(const struct eut_levels *levels,
                                    const struct eut_level_side *side, uint32_t key)
{
    if (__builtin_expect(side->depth != 0, 0)) {
        return side->depth == LEVEL_WINDOW ? window_worse(levels, side, key)
                                           : eut_tree_worse(levels, side, key);
    }
    uint64_t *e = level_block(levels, side->size_class, side->root);
    uint32_t at = level_place(e, side->count, side->best, key);

    return at ? e + at - 1 : NULL;
}

/* Takes out the level at this key, which must be there. */
static inline void level_erase(struct eut_levels *levels, struct eut_level_side *side, uint32_t key)
{
    if (__builtin_expect(side->depth != 0, 0)) {
        if (side->depth != LEVEL_WINDOW) {
            eut_tree_erase(levels, side, key);
            return;
        }
        window_erase(levels, side, key);
        if (__builtin_expect(side->count < window_least(side->size_class), 0)) {
            eut_window_leave(levels, side);
        }
        return;
    }
    uint64_t *e = level_block(levels, side->size_class, side->root);
    uint32_t n = side->count;

    if (key != side->best) {
        level_remove(e, level_place(e, n, side->best, key), n);
    }
    n--;
    side->count = (uint16_t)n;
    side->best = n ? level_key(e[n - 1]) : 0;
    levels->live--;
    if (__builtin_expect(n <= ((2u << side->size_class) & ~3u), 0)) {
        eut_levels_shrink(levels, side);
    }
}

#endif
