/*
 * level_strip.c - when does a side live in a strip, and how does it come and go?
 *
 * A change of form takes every level over, 64 at the most, so that even one at each request is paid
 * by each.
 */
#include "engine-under-test/reference/level_strip.h"

#include "engine-under-test/reference/level_window.h"

/* Where a strip of these lowest and highest levels begins: with as much room on either side. */
static uint32_t strip_tip(uint32_t low, uint32_t high)
{
    return low - (STRIP_TICKS - 1 - (high - low)) / 2;
}

bool eut_strip_enter(struct eut_levels *levels, struct eut_level_side *side, uint32_t ticks)
{
    const uint64_t *e = level_block(levels, side->size_class, side->root);
    uint32_t block = side->root, n = side->count;
    unsigned was = side->size_class;

    if (n < STRIP_FROM || side->best - level_key(e[0]) >= ticks) {
        return false;
    }
    side->root = eut_level_block_take(levels, STRIP_CLASS);
    side->size_class = STRIP_CLASS;
    side->depth = LEVEL_STRIP;
    side->tip = strip_tip(level_key(e[0]), side->best);
    side->bits = 0;
    memset(strip_slot(levels, side, 0), 0, STRIP_TICKS * sizeof(level_value));
    for (uint32_t i = 0; i < n; i++) {
        *strip_slot(levels, side, level_key(e[i])) = (uint32_t)e[i];
        side->bits |= (uint64_t)1 << (level_key(e[i]) & 63);
    }
    eut_level_block_give(levels, was, block);
    return true;
}

void eut_strip_leave(struct eut_levels *levels, struct eut_level_side *side)
{
    struct eut_level_side from = *side;
    uint32_t n = (uint32_t)__builtin_popcountll(side->bits), key = side->best;
    uint64_t *e = eut_level_block_begin(levels, side, 1, n);

    for (uint32_t i = n; i-- > 0;) {
        e[i] = level_entry(key, *strip_slot(levels, &from, key));
        key = level_key(strip_worse(levels, &from, key));
    }
    eut_level_block_give(levels, STRIP_CLASS, from.root);
}

void eut_strip_widen(struct eut_levels *levels, struct eut_level_side *side, uint32_t key)
{
    uint32_t low = side->tip + (uint32_t)__builtin_ctzll(strip_turned(side->bits, side->tip));
    uint32_t high = key > side->best ? key : side->best;

    low = key < low ? key : low;
    if (high - low < STRIP_TICKS) {
        side->tip = strip_tip(low, high);
        return;
    }
    eut_strip_leave(levels, side);
    if (side->size_class > WINDOW_FROM_CLASS) {
        eut_window_enter(levels, side);
    }
}

const char *eut_strip_check(const struct eut_levels *levels, const struct eut_level_side *side)
{
    uint64_t turned = strip_turned(side->bits, side->tip);

    if ((uint32_t)__builtin_popcountll(side->bits) < STRIP_LEAST) {
        return "there are too few levels";
    }
    for (uint32_t i = 0; i < STRIP_TICKS; i++) {
        if ((turned >> i & 1) != (*strip_slot(levels, side, side->tip + i) != 0)) {
            return "slots and bits differ";
        }
    }
    return side->best == side->tip + 63 - (uint32_t)__builtin_clzll(turned) ? NULL
                                                                            : "best is stale";
}
