/*
 * reference_rig.h - what the tests of the reference engine's parts share: draws that are the same
 * every time, and whether a side of a book keeps the promises of its form.
 */
#ifndef HR_REFERENCE_RIG_H
#define HR_REFERENCE_RIG_H

#include "engine-under-test/reference/level_side.h"
#include "harness/random.h"

static uint64_t state;

static inline uint32_t below(uint32_t n)
{
    return (uint32_t)(((hr_splitmix64(&state) >> 32) * n) >> 32);
}

/* Of a pair or a block: sorted, and as many as its size is for. */
static inline const char *words_wrong(const struct eut_levels *levels,
                                      const struct eut_level_side *side)
{
    const uint64_t *e = level_words(levels, side);
    uint32_t n = side->count, least = side->size_class ? 1u << side->size_class : 0;

    if (n < least || n > level_capacity(side->size_class)) {
        return "a block holds too few or too many";
    }
    for (uint32_t i = 0; i < n; i++) {
        if (level_key(e[i]) <= (i ? level_key(e[i - 1]) : 0)) {
            return "keys are out of order";
        }
    }
    return side->best == (n ? level_key(e[n - 1]) : 0) ? NULL : "best is stale";
}

/* NULL if a side keeps the promises of its form, else which is broken. */
static inline const char *shape_wrong(const struct eut_levels *levels,
                                      const struct eut_level_side *side)
{
    return side->depth == 0              ? words_wrong(levels, side)
           : side->depth == LEVEL_STRIP  ? eut_strip_check(levels, side)
           : side->depth == LEVEL_WINDOW ? eut_window_check(levels, side)
                                         : eut_tree_check(levels, side);
}

static inline bool is_pair(const struct eut_level_side *side)
{
    return side->depth == 0 && side->size_class == 0;
}

#endif
