/*
 * level_pool.c - where do a side's levels lie, and can the room for them run out?
 *
 * A pool of equal blocks for each size class: a chain of free ones, then a bump pointer into
 * memory that was reserved for the worst case. It cannot give pages back to the system.
 */
#include "engine-under-test/reference/level_strip.h"
#include "engine-under-test/reference/level_window.h"

#include <errno.h>

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Blocks of one class that can be in use at once. */
static uint64_t blocks_max(unsigned size_class, uint64_t levels_max, uint64_t sides)
{
    uint64_t blocks;

    if (size_class == STRIP_CLASS) {
        /* With fewer levels than that a side is a block again. */
        blocks = least(levels_max / STRIP_LEAST, sides);
    } else if (size_class < LEVEL_CLASS_TOP) {
        /* A quarter of the words are in use at least. */
        blocks = least(levels_max >> size_class, sides);
    } else {
        /* Leaves of at least LEVEL_NODE_MIN; a root for every two of them at the most; other inner
         * nodes are at most a 31st of the leaves. */
        uint64_t leaves = levels_max / LEVEL_NODE_MIN;

        blocks = leaves + leaves / 2 + leaves / 16;
    }
    /* Two more: a block being moved exists twice, and a tree grows a root before it splits. The
     * other two are never in use: a search may read 120 bytes past a block (level_place). */
    return blocks + 4;
}

static int pool_open(struct eut_level_pool *pool, uint64_t blocks, uint32_t block_bytes)
{
    int rc =
        blocks >= UINT32_MAX ? -ENOTSUP : eut_lazy_map(&pool->memory, (blocks + 1) * block_bytes);

    if (rc) {
        return rc;
    }
    pool->base = pool->memory.at;
    pool->block_bytes = block_bytes;
    pool->max = (uint32_t)blocks;
    return 0;
}

int eut_levels_open(struct eut_levels *levels, uint64_t levels_max, uint64_t sides)
{
    int rc = 0;

    memset(levels, 0, sizeof(*levels));
    levels->max = levels_max;
    for (unsigned c = 1; c < LEVEL_CLASSES && rc == 0; c++) {
        rc = pool_open(&levels->pool[c], blocks_max(c, levels_max, sides), 32u << c);
    }
    for (unsigned c = 0; c < WINDOW_CLASSES && rc == 0; c++) {
        rc = pool_open(&levels->window[c], least(levels_max / window_least(c), sides),
                       ((window_ticks(c) * 4 + window_ticks(c) / 8) + 63) & ~63u);
    }
    if (rc) {
        eut_levels_close(levels);
    }
    return rc;
}

void eut_levels_close(struct eut_levels *levels)
{
    for (unsigned c = 0; c < LEVEL_CLASSES; c++) {
        eut_lazy_unmap(&levels->pool[c].memory);
    }
    for (unsigned c = 0; c < WINDOW_CLASSES; c++) {
        eut_lazy_unmap(&levels->window[c].memory);
    }
}

uint64_t eut_level_pool_used(const struct eut_level_pool *pool)
{
    uint64_t used = pool->top;

    for (uint64_t h = pool->free; h != 0; used--) {
        h = (uint32_t) * (const uint64_t *)(const void *)(pool->base + h * pool->block_bytes);
    }
    return used;
}

uint32_t eut_level_block_take(struct eut_levels *levels, unsigned size_class)
{
    struct eut_level_pool *pool = &levels->pool[size_class];
    uint32_t handle = pool->free;

    if (handle) {
        pool->free = (uint32_t)level_block(levels, size_class, handle)[0];
    } else {
        handle = ++pool->top;
    }
    return handle;
}

void eut_level_block_give(struct eut_levels *levels, unsigned size_class, uint32_t handle)
{
    struct eut_level_pool *pool = &levels->pool[size_class];

    level_block(levels, size_class, handle)[0] = pool->free;
    pool->free = handle;
}

uint64_t *eut_level_block_begin(struct eut_levels *levels, struct eut_level_side *side,
                                unsigned size_class, uint32_t count)
{
    while (count >= level_capacity(size_class) && size_class < LEVEL_CLASS_TOP) {
        size_class++;
    }
    side->size_class = (uint8_t)size_class;
    side->root = eut_level_block_take(levels, size_class);
    side->depth = 0;
    side->count = (uint16_t)count;
    return level_block(levels, size_class, side->root);
}

static void level_move(struct eut_levels *levels, struct eut_level_side *side, unsigned size_class)
{
    uint32_t to = eut_level_block_take(levels, size_class);

    memcpy(level_block(levels, size_class, to), level_block(levels, side->size_class, side->root),
           side->count * sizeof(uint64_t));
    eut_level_block_give(levels, side->size_class, side->root);
    side->root = to;
    side->size_class = (uint8_t)size_class;
}

void eut_levels_grow(struct eut_levels *levels, struct eut_level_side *side)
{
    if (side->size_class == 0) {
        struct eut_level_side from = *side;

        memcpy(eut_level_block_begin(levels, side, 1, from.count), from.pair, sizeof(from.pair));
    } else if (eut_strip_enter(levels, side, STRIP_TICKS)) {
        return;
    } else if (side->size_class >= WINDOW_FROM_CLASS && eut_window_enter(levels, side)) {
        return;
    } else if (side->size_class < LEVEL_CLASS_TOP) {
        level_move(levels, side, side->size_class + 1u);
    } else {
        eut_tree_enter(levels, side);
    }
}

void eut_levels_shrink(struct eut_levels *levels, struct eut_level_side *side)
{
    uint32_t block = side->root;

    if (side->size_class > 1) {
        level_move(levels, side, side->size_class - 1u);
    } else {
        memcpy(side->pair, level_block(levels, 1, block), sizeof(side->pair));
        side->size_class = 0;
        eut_level_block_give(levels, 1, block);
    }
}
