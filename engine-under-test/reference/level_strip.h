/*
 * level_strip.h - some levels within 64 ticks: a slot of four bytes for every tick, and their bits
 * in one word.
 *
 * The slot of a key is its low six bits and holds the level's value alone, 0 where there is none;
 * its bit is in the side itself. So a level is found, made and erased, and the best one known, by
 * arithmetic and without a branch: what of a thin book nobody can guess - is there a level, was it
 * the last order, was it the best - is not asked: half crossing +21 % over sorted blocks.
 *
 * The strip covers the keys from side->tip on, which moves without moving anything. It holds at
 * least STRIP_LEAST levels; what grows thinner becomes a block again, what grows wider a window or
 * a block.
 *
 * In a side: depth is LEVEL_STRIP, root the handle of a block of STRIP_CLASS, bits and tip as said;
 * nobody counts the levels.
 */
#ifndef EUT_LEVEL_STRIP_H
#define EUT_LEVEL_STRIP_H

#include "engine-under-test/reference/level_array.h"

#define STRIP_TICKS 64u
#define STRIP_AGAIN 48u /* a block of fewer ticks may become one when it loses a level */

/* A block becomes a strip, if it has more than a few levels and all within so many ticks. */
bool eut_strip_enter(struct eut_levels *levels, struct eut_level_side *side, uint32_t ticks);
/* Back into a block that has room for one more. */
void eut_strip_leave(struct eut_levels *levels, struct eut_level_side *side);
/* Makes room for a key that is not covered: the strip moves, or becomes a window or a block. */
void eut_strip_widen(struct eut_levels *levels, struct eut_level_side *side, uint32_t key);
/* NULL if the strip keeps its promises, else which is broken. For tests. */
const char *eut_strip_check(const struct eut_levels *levels, const struct eut_level_side *side);

static inline level_value *strip_slot(const struct eut_levels *levels,
                                      const struct eut_level_side *side, uint32_t key)
{
    return (level_value *)(void *)level_block(levels, STRIP_CLASS, side->root) +
           (key & (STRIP_TICKS - 1));
}

/* A side's bits in the order of its keys: bit 0 is tip. */
static inline uint64_t strip_turned(uint64_t bits, uint32_t tip)
{
    return bits >> (tip & 63) | bits << (-tip & 63);
}

static inline level_value *strip_find(const struct eut_levels *levels,
                                      const struct eut_level_side *side, uint32_t key)
{
    level_value *at = strip_slot(levels, side, key);

    return key - side->tip < STRIP_TICKS && *at ? at : NULL;
}

/* The next level's entry below this key, which must be one; 0 if there is none. */
static inline uint64_t strip_worse(const struct eut_levels *levels,
                                   const struct eut_level_side *side, uint32_t key)
{
    uint64_t below = strip_turned(side->bits, side->tip) & (((uint64_t)1 << (key - side->tip)) - 1);

    if (below == 0) {
        return 0;
    }
    key = side->tip + 63 - (uint32_t)__builtin_clzll(below);
    return level_entry(key, *strip_slot(levels, side, key));
}

/* The value of the level at this key, made with this value if there was none; NULL if the key is
 * not covered. */
static inline level_value *strip_reach(struct eut_levels *levels, struct eut_level_side *side,
                                       uint32_t key, uint32_t value)
{
    level_value *at = strip_slot(levels, side, key);
    uint32_t was = *at, made = was == 0;

    if (__builtin_expect(key - side->tip >= STRIP_TICKS, 0)) {
        return NULL;
    }
    *at = was | (value & (0u - made));
    side->best = key > side->best ? key : side->best;
    side->bits |= (uint64_t)1 << (key & 63);
    levels->live += made;
    return at;
}

/* The level at this key, which must be there, gets this value; with 0 it is no more. */
static inline void strip_set(struct eut_levels *levels, struct eut_level_side *side, uint32_t key,
                             uint32_t value)
{
    uint64_t gone = value == 0, bits = side->bits & ~(gone << (key & 63));

    *strip_slot(levels, side, key) = value;
    side->bits = bits;
    side->best = side->tip + 63 - (uint32_t)__builtin_clzll(strip_turned(bits, side->tip));
    levels->live -= gone;
    if (__builtin_expect((uint32_t)__builtin_popcountll(bits) < STRIP_LEAST, 0)) {
        eut_strip_leave(levels, side);
    }
}

#endif
