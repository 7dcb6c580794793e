/*
 * level_window.c - when does a side live in a window, and how does it come and go?
 *
 * A change of form takes every level over, one at a time, and needs about half as many insertions
 * or erasures before it can be had again. The largest is paid by one request: an order far from a
 * window of four thousand levels makes a tree of them.
 */
#include "engine-under-test/reference/level_window.h"

/* A free window is all zero, but for the chain in its first two slots. */
static uint32_t window_take(struct eut_levels *levels, unsigned size_class)
{
    struct eut_level_pool *pool = &levels->window[size_class];
    uint32_t handle = pool->free;

    if (handle == 0) {
        handle = ++pool->top;
        /* While books are filled the next one is needed soon, and was never touched. */
        for (uint32_t at = 0; size_class == 0 && at < pool->block_bytes; at += 64) {
            __builtin_prefetch((const char *)window_at(levels, 0, handle + 1) + at, 1, 3);
        }
        return handle;
    }
    uint64_t *chain = (uint64_t *)(void *)window_at(levels, size_class, handle);

    pool->free = (uint32_t)*chain;
    *chain = 0;
    return handle;
}

static void window_give(struct eut_levels *levels, unsigned size_class, uint32_t handle)
{
    *(uint64_t *)(void *)window_at(levels, size_class, handle) = levels->window[size_class].free;
    levels->window[size_class].free = handle;
}

static void window_begin(struct eut_levels *levels, struct eut_level_side *side,
                         unsigned size_class, uint32_t low)
{
    side->root = window_take(levels, size_class);
    side->size_class = (uint8_t)size_class;
    side->depth = LEVEL_WINDOW;
    side->tip = low;
}

/* The smallest window for so many levels over this span, or WINDOW_CLASSES. */
static unsigned window_class(uint32_t span, uint32_t levels)
{
    unsigned c = 0;

    while (c < WINDOW_CLASSES && span >= window_ticks(c)) {
        c++;
    }
    return c < WINDOW_CLASSES && levels >= 2 * window_least(c) ? c : WINDOW_CLASSES;
}

bool eut_window_enter(struct eut_levels *levels, struct eut_level_side *side)
{
    uint32_t block = side->root, n = side->count;
    unsigned was = side->size_class, c;
    const uint64_t *e = level_block(levels, was, block);

    c = window_class(side->best - level_key(e[0]), n);
    if (c == WINDOW_CLASSES) {
        return false;
    }
    window_begin(levels, side, c, level_key(e[0]));
    for (uint32_t i = 0; i < n; i++) {
        window_mark(window_slots(levels, side), window_ticks(c), level_key(e[i]), (uint32_t)e[i]);
    }
    eut_level_block_give(levels, was, block);
    return true;
}

/* Takes the best level out of a window that is being left, which leaves its memory as a free one's;
 * the side only remembers where the next is. */
static uint64_t window_pop(struct eut_levels *levels, struct eut_level_side *from)
{
    uint64_t entry = level_entry(from->best, *window_slot(levels, from, from->best));

    window_unmark(window_slots(levels, from), window_ticks(from->size_class), from->best);
    if (--from->count) {
        from->best = window_below(levels, from, from->best);
    }
    return entry;
}

void eut_window_leave(struct eut_levels *levels, struct eut_level_side *side)
{
    struct eut_level_side from = *side;
    uint32_t n = side->count < LEVEL_NODE_MAX ? side->count : LEVEL_NODE_MAX;
    uint64_t *e = eut_level_block_begin(levels, side, WINDOW_FROM_CLASS, n);

    for (uint32_t i = n; i-- > 0;) {
        e[i] = window_pop(levels, &from);
    }
    if (n == LEVEL_NODE_MAX) {
        eut_tree_enter(levels, side);
    }
    while (from.count) {
        uint64_t entry = window_pop(levels, &from);

        eut_tree_reach(levels, side, level_key(entry), (uint32_t)entry);
        levels->live--; /* it was counted already */
    }
    window_give(levels, from.size_class, from.root);
}

static void window_enlarge(struct eut_levels *levels, struct eut_level_side *side, unsigned to)
{
    struct eut_level_side from = *side;

    window_begin(levels, side, to, from.tip);
    while (from.count) {
        uint64_t entry = window_pop(levels, &from);

        window_mark(window_slots(levels, side), window_ticks(side->size_class), level_key(entry),
                    (uint32_t)entry);
    }
    window_give(levels, from.size_class, from.root);
}

static uint32_t lowest_key(const struct eut_levels *levels, const struct eut_level_side *side)
{
    uint32_t ticks = window_ticks(side->size_class), at = side->tip & (ticks - 1), word = at / 64;
    const uint64_t *bits = window_bits(window_slots(levels, side), ticks);
    uint64_t found = bits[word] & (~(uint64_t)0 << (at & 63));

    while (found == 0) {
        word = (word + 1) & (ticks / 64 - 1);
        found = bits[word];
    }
    return side->tip + ((word * 64 + (uint32_t)__builtin_ctzll(found) - at) & (ticks - 1));
}

void eut_window_widen(struct eut_levels *levels, struct eut_level_side *side, uint32_t key)
{
    side->tip = lowest_key(levels, side);

    uint32_t best = key > side->best ? key : side->best, low = key < side->tip ? key : side->tip;
    unsigned to = window_class(best - low, side->count);

    if (best - low < window_ticks(side->size_class)) {
        return;
    }
    if (to < WINDOW_CLASSES) {
        window_enlarge(levels, side, to);
    } else {
        eut_window_leave(levels, side);
    }
}

const char *eut_window_check(const struct eut_levels *levels, const struct eut_level_side *side)
{
    uint32_t ticks = window_ticks(side->size_class), slots = 0;
    level_value *slot = window_slots(levels, side);

    for (uint32_t at = 0; at < ticks; at++) {
        uint32_t key = side->best - ((side->best - at) & (ticks - 1));

        slots += slot[at] != 0;
        if (slot[at] != 0 && (key < side->tip || key > side->best)) {
            return "a level lies outside";
        }
        if ((window_bits(slot, ticks)[at / 64] >> (at & 63) & 1) != (slot[at] != 0)) {
            return "slots and bits differ";
        }
    }
    if (slots != side->count || slots < window_least(side->size_class)) {
        return "the levels are not as many as counted";
    }
    return window_find(levels, side, side->best) ? NULL : "best is stale";
}
