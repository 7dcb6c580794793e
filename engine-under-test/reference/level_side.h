/*
 * level_side.h - one side of one book, whatever form its levels have.
 *
 * A pair, a block, a strip, a window or a tree: found, made, erased and walked by the same
 * functions. The common forms are inline to the end. A level is told by an entry (its key and its
 * value; 0 is none), and changed through the place of its value, which is valid until the side
 * changes, since a pair's levels move.
 */
#ifndef EUT_LEVEL_SIDE_H
#define EUT_LEVEL_SIDE_H

#include "engine-under-test/reference/level_pair.h"
#include "engine-under-test/reference/level_strip.h"
#include "engine-under-test/reference/level_window.h"

/* The entries of a pair or a block. */
static inline uint64_t *level_words(const struct eut_levels *levels,
                                    const struct eut_level_side *side)
{
    return side->size_class ? level_block(levels, side->size_class, side->root)
                            : pair_words(side);
}

/* The level at this key, or NULL. */
static inline level_value *level_find(const struct eut_levels *levels,
                                      const struct eut_level_side *side, uint32_t key)
{
    if (side->depth == LEVEL_STRIP) {
        return strip_find(levels, side, key);
    }
    if (__builtin_expect(side->depth != 0, 0)) {
        uint64_t *e;

        if (side->depth == LEVEL_WINDOW) {
            return window_find(levels, side, key);
        }
        e = eut_tree_find(levels, side, key);
        return e ? level_value_of(e) : NULL;
    }
    if (side->size_class == 0) {
        return pair_find(side, key);
    }
    uint64_t *e = level_block(levels, side->size_class, side->root);
    uint32_t at = level_place(e, side->count, side->best, key);

    return at < side->count && level_key(e[at]) == key ? level_value_of(e + at) : NULL;
}

/* level_reach() in a side that is no strip, or has just been widened. */
static inline level_value *level_reach_other(struct eut_levels *levels, struct eut_level_side *side,
                                             uint32_t key, uint32_t value)
{
    if (__builtin_expect(side->depth == 0, 1)) {
        if (side->size_class == 0) {
            level_value *level = pair_reach(levels, side, key, value);

            if (level) {
                return level;
            }
            eut_levels_grow(levels, side);
        }
        uint64_t *e = level_block(levels, side->size_class, side->root);
        uint32_t n = side->count, at = level_place(e, n, side->best, key);

        if (at < n && level_key(e[at]) == key) {
            return level_value_of(e + at);
        }
        if (__builtin_expect(n == level_capacity(side->size_class), 0)) {
            eut_levels_grow(levels, side);
            e = level_block(levels, side->size_class, side->root);
        }
        if (__builtin_expect(side->depth == 0, 1)) {
            level_insert(e, at, n, level_entry(key, value));
            side->count = (uint16_t)(n + 1);
            side->best = key > side->best ? key : side->best;
            levels->live++;
            return level_value_of(e + at);
        }
    }
    if (side->depth == LEVEL_STRIP) {
        level_value *level = strip_reach(levels, side, key, value);

        if (level) {
            return level;
        }
        eut_strip_widen(levels, side, key);
        return level_reach_other(levels, side, key, value);
    }
    if (side->depth == LEVEL_WINDOW) {
        level_value *level = window_reach(levels, side, key, value);

        if (level) {
            return level;
        }
        eut_window_widen(levels, side, key);
        return level_reach_other(levels, side, key, value);
    }
    return level_value_of(eut_tree_reach(levels, side, key, value));
}

/* The level at this key; made with this value if there was none. */
static inline __attribute__((always_inline)) level_value *level_reach(struct eut_levels *levels,
                                                                      struct eut_level_side *side,
                                                                      uint32_t key, uint32_t value)
{
    if (side->depth == LEVEL_STRIP) {
        level_value *level = strip_reach(levels, side, key, value);

        if (__builtin_expect(level != NULL, 1)) {
            return level;
        }
        eut_strip_widen(levels, side, key);
    } else if (side->depth == LEVEL_WINDOW) {
        level_value *level = window_reach(levels, side, key, value);

        if (__builtin_expect(level != NULL, 1)) {
            return level;
        }
        eut_window_widen(levels, side, key);
    }
    return level_reach_other(levels, side, key, value);
}

/* The best level of a side that has one. */
static inline level_value *level_top(const struct eut_levels *levels,
                                     const struct eut_level_side *side)
{
    if (side->depth == LEVEL_STRIP) {
        return strip_slot(levels, side, side->best);
    }
    if (__builtin_expect(side->depth != 0, 0)) {
        if (side->depth == LEVEL_WINDOW) {
            return window_slot(levels, side, side->best);
        }
        uint64_t *e = level_block(levels, LEVEL_CLASS_TOP, side->tip);

        return level_value_of(e + e[LEVEL_NODE_WORDS - 1] - 1);
    }
    return level_value_of(level_words(levels, side) + side->count - 1);
}

/* The same as an entry; 0 if the side is empty. */
static inline uint64_t level_best(const struct eut_levels *levels,
                                  const struct eut_level_side *side)
{
    return side->best ? level_entry(side->best, *level_top(levels, side)) : 0;
}

/* The slot of a key in a strip or a window. */
static inline level_value *level_slot(const struct eut_levels *levels,
                                      const struct eut_level_side *side, uint32_t key)
{
    return side->depth == LEVEL_STRIP ? strip_slot(levels, side, key)
                                      : window_slot(levels, side, key);
}

/* The value at this key if it is in these two lines of a block, which may be the same, else 0.
 * Without a branch, and perhaps stale: entries are not counted. */
static inline uint32_t level_guess(const uint64_t *e, const uint64_t *f, uint32_t key)
{
#if defined(__AVX512F__)
    const __m512i wanted = _mm512_set1_epi64((long long)key), a = level_line(e), b = level_line(f);
    __mmask8 in_a = _mm512_cmpeq_epi64_mask(_mm512_srli_epi64(a, 32), wanted);
    __mmask8 in_b = _mm512_cmpeq_epi64_mask(_mm512_srli_epi64(b, 32), wanted);
    __m512i first = _mm512_maskz_compress_epi64(in_a | in_b, _mm512_mask_mov_epi64(a, in_b, b));

    return (uint32_t)_mm_cvtsi128_si32(_mm512_castsi512_si128(first));
#else
    uint32_t found = 0;

    for (uint32_t i = 0; i < 8; i++) {
        found |= (uint32_t)e[i] & (0u - (level_key(e[i]) == key));
        found |= (uint32_t)f[i] & (0u - (level_key(f[i]) == key));
    }
    return found;
#endif
}

/* The next level after this key, away from the touch, or 0. The key itself must be there. */
static inline uint64_t level_worse(const struct eut_levels *levels,
                                   const struct eut_level_side *side, uint32_t key)
{
    const uint64_t *e;

    if (side->depth == LEVEL_STRIP) {
        return strip_worse(levels, side, key);
    }
    if (__builtin_expect(side->depth != 0, 0)) {
        if (side->depth == LEVEL_WINDOW) {
            return window_worse(levels, side, key);
        }
        e = eut_tree_worse(levels, side, key);
        return e ? *e : 0;
    }
    if (side->size_class == 0) {
        return pair_worse(side, key);
    }
    e = level_block(levels, side->size_class, side->root);

    uint32_t at = level_place(e, side->count, side->best, key);

    return at ? e[at - 1] : 0;
}

/* level_erase() in a side that is no strip. */
static inline void level_erase_other(struct eut_levels *levels, struct eut_level_side *side,
                                     uint32_t key)
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
    if (side->size_class == 0) {
        pair_erase(levels, side, key);
        return;
    }
    uint64_t *e = level_block(levels, side->size_class, side->root);
    uint32_t n = side->count;

    if (key != side->best) {
        level_remove(e, level_place(e, n, side->best, key), n);
    }
    n--;
    side->count = (uint16_t)n;
    side->best = level_key(e[n - 1]);
    levels->live--;
    if (__builtin_expect(n < 1u << side->size_class, 0)) {
        eut_levels_shrink(levels, side);
    } else if (n > STRIP_FROM) {
        eut_strip_enter(levels, side, STRIP_AGAIN);
    }
}

/* Takes out the level at this key, which must be there. */
static inline void level_erase(struct eut_levels *levels, struct eut_level_side *side, uint32_t key)
{
    if (side->depth == LEVEL_STRIP) {
        strip_set(levels, side, key, 0);
    } else {
        level_erase_other(levels, side, key);
    }
}

#endif
