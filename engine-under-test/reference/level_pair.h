/*
 * level_pair.h - one or two levels: in the market's own line.
 *
 * A book of a few orders has no line for its levels: what is sorted in a block is sorted in the
 * side itself, and nothing is searched. An empty side is a pair of none. Nothing here asks which of
 * the two it is, since nobody can guess.
 *
 * In a side: depth and size_class are 0, count the levels, pair their entries, the best one last.
 */
#ifndef EUT_LEVEL_PAIR_H
#define EUT_LEVEL_PAIR_H

#include "engine-under-test/reference/level_array.h"

/* A pair's entries, to be changed through a side that is only looked at: as a block's are. */
static inline uint64_t *pair_words(const struct eut_level_side *side)
{
    return (uint64_t *)(uintptr_t)side->pair;
}

/* Is this key the better one of two? */
static inline uint32_t pair_is_second(const struct eut_level_side *side, uint32_t key)
{
    return (uint32_t)(side->count > 1) & (uint32_t)(level_key(side->pair[1]) == key);
}

static inline level_value *pair_find(const struct eut_level_side *side, uint32_t key)
{
    uint32_t at = pair_is_second(side, key);

    return (side->count > 0) & (level_key(side->pair[at]) == key)
               ? level_value_of(pair_words(side) + at)
               : NULL;
}

/* The value of the level at this key, made with this value if there was none; NULL if there is no
 * room for it. */
static inline level_value *pair_reach(struct eut_levels *levels, struct eut_level_side *side,
                                      uint32_t key, uint32_t value)
{
    level_value *level = pair_find(side, key);
    uint32_t n = side->count, at = (n > 0) & (key > level_key(side->pair[0]));

    if (level || n == 2) {
        return level;
    }
    /* Behind the other one, or in front of it. */
    side->pair[1] = side->pair[0];
    side->pair[at] = level_entry(key, value);
    side->best = key > side->best ? key : side->best;
    side->count = (uint16_t)(n + 1);
    levels->live++;
    return level_value_of(&side->pair[at]);
}

/* The next level's entry below this key, which must be there; 0 if there is none. */
static inline uint64_t pair_worse(const struct eut_level_side *side, uint32_t key)
{
    return side->pair[0] & (0u - (uint64_t)pair_is_second(side, key));
}

/* The level must be there. */
static inline void pair_erase(struct eut_levels *levels, struct eut_level_side *side, uint32_t key)
{
    uint32_t left = side->count - 1u;

    side->pair[0] = side->pair[1 - pair_is_second(side, key)];
    side->best = level_key(side->pair[0]) & (0u - left);
    side->count = (uint16_t)left;
    levels->live--;
}

#endif
