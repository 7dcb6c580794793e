/*
 * level_window.h - many levels close together: a slot of four bytes for every tick, and a bit for
 * every slot.
 *
 * A side of more than 32 levels within 256 ticks of each other, or of about 126 within 1024 or
 * 4096, needs no order among its entries: the slot of a key is its low bits, so that the window
 * moves with the market without moving anything, and the next level away from the touch is the next
 * bit. Making and erasing a level is a store each, whatever the number of levels. A slot is the
 * level's value alone, 0 where there is none: levels lie less than the window's ticks below the
 * best one, so that the key says whose slot it is.
 *
 * A window holds at least window_least() levels, so that the pools are bounded (level_pool.c): 73,
 * 69 or 273 bytes a level at the very most. What grows thinner becomes a block again; what grows
 * wider gets a larger window, or becomes a block or a tree.
 *
 * In a side: depth is LEVEL_WINDOW, size_class the size, root the handle, count the levels, and tip
 * a key that no level lies below.
 */
#ifndef EUT_LEVEL_WINDOW_H
#define EUT_LEVEL_WINDOW_H

#include "engine-under-test/reference/level_array.h"

/* A full block becomes a window, if its levels are close enough. */
bool eut_window_enter(struct eut_levels *levels, struct eut_level_side *side);
/* Makes room for a key that lies outside: tip is brought up to date, or the side gets a larger
 * window, a block or a tree. The key itself is not entered. */
void eut_window_widen(struct eut_levels *levels, struct eut_level_side *side, uint32_t key);
/* Back into a block, or a tree if the block would be full: for a window of fewer than
 * window_least() levels, and one that no larger window can take over. */
void eut_window_leave(struct eut_levels *levels, struct eut_level_side *side);
/* NULL if the window keeps its promises, else which is broken. For tests. */
const char *eut_window_check(const struct eut_levels *levels, const struct eut_level_side *side);

static inline uint32_t window_ticks(unsigned size_class)
{
    return 256u << (2 * size_class);
}

/* It is entered with twice as many. */
static inline uint32_t window_least(unsigned size_class)
{
    return size_class == 0 ? 15 : 62;
}

/* The bits of a window lie behind its slots. */
static inline uint64_t *window_bits(level_value *slot, uint32_t ticks)
{
    return (uint64_t *)(void *)(slot + ticks);
}

static inline level_value *window_at(const struct eut_levels *levels, unsigned size_class,
                                     uint32_t handle)
{
    const struct eut_level_pool *pool = &levels->window[size_class];

    return (level_value *)(void *)(pool->base + (uint64_t)handle * pool->block_bytes);
}

static inline level_value *window_slots(const struct eut_levels *levels,
                                        const struct eut_level_side *side)
{
    return window_at(levels, side->size_class, side->root);
}

static inline level_value *window_slot(const struct eut_levels *levels,
                                       const struct eut_level_side *side, uint32_t key)
{
    return window_slots(levels, side) + (key & (window_ticks(side->size_class) - 1));
}

/* The word with the bit of a key. */
static inline uint64_t *window_word(const struct eut_levels *levels,
                                    const struct eut_level_side *side, uint32_t key)
{
    uint32_t ticks = window_ticks(side->size_class);

    return window_bits(window_slots(levels, side), ticks) + (key & (ticks - 1)) / 64;
}

static inline level_value *window_find(const struct eut_levels *levels,
                                       const struct eut_level_side *side, uint32_t key)
{
    level_value *at = window_slot(levels, side, key);

    return side->best - key < window_ticks(side->size_class) && *at ? at : NULL;
}

/* The key of the next level below this one; for the lowest, a key that the window does not cover. */
static inline uint32_t window_below(const struct eut_levels *levels,
                                    const struct eut_level_side *side, uint32_t key)
{
    uint32_t ticks = window_ticks(side->size_class), at = key & (ticks - 1), word = at / 64;
    const uint64_t *bits = window_bits(window_slots(levels, side), ticks);
    uint64_t found = bits[word] & (((uint64_t)1 << (at & 63)) - 1);

    while (found == 0) {
        word = (word - 1) & (ticks / 64 - 1);
        found = bits[word];
    }
    return key - ((at - (word * 64 + 63 - (uint32_t)__builtin_clzll(found))) & (ticks - 1));
}

/* The next level's entry below this one, or 0. */
static inline uint64_t window_worse(const struct eut_levels *levels,
                                    const struct eut_level_side *side, uint32_t key)
{
    uint32_t below = window_below(levels, side, key);
    const level_value *at = window_find(levels, side, below);

    return at ? level_entry(below, *at) : 0;
}

static inline void window_mark(level_value *slot, uint32_t ticks, uint32_t key, uint32_t value)
{
    uint32_t at = key & (ticks - 1);

    slot[at] = value;
    window_bits(slot, ticks)[at / 64] |= (uint64_t)1 << (at & 63);
}

static inline void window_unmark(level_value *slot, uint32_t ticks, uint32_t key)
{
    uint32_t at = key & (ticks - 1);

    slot[at] = 0;
    window_bits(slot, ticks)[at / 64] &= ~((uint64_t)1 << (at & 63));
}

/* The slot of a key that the window covers, with what is in it; NULL if it lies outside. */
static inline level_value *window_reach(struct eut_levels *levels, struct eut_level_side *side,
                                        uint32_t key, uint32_t value)
{
    uint32_t ticks = window_ticks(side->size_class);
    level_value *slot = window_slots(levels, side), *at = slot + (key & (ticks - 1));

    if (side->best - key >= ticks || *at == 0) {
        uint32_t best = key > side->best ? key : side->best;
        uint32_t low = key < side->tip ? key : side->tip;

        if (best - low >= ticks) {
            return NULL;
        }
        window_mark(slot, ticks, key, value);
        side->best = best;
        side->tip = low;
        side->count++;
        levels->live++;
    }
    return at;
}

/* The level must be there, and another. */
static inline void window_erase(struct eut_levels *levels, struct eut_level_side *side,
                                uint32_t key)
{
    window_unmark(window_slots(levels, side), window_ticks(side->size_class), key);
    side->count--;
    levels->live--;
    if (key == side->best) {
        side->best = window_below(levels, side, key);
    }
}

#endif
