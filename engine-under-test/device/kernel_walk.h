/*
 * kernel_walk.h - what the kernels that measure ceilings work on, as they and the host see it.
 *
 * A walk says which elements a work item takes: first, first + step …, `each` of them, as far as
 * there are any; neighbours side by side on a GPU, a block of its own on a processor.
 */
#ifndef KERNEL_WALK_H
#define KERNEL_WALK_H

#include "engine-under-test/device/kernel_dialect.h"

struct K_ALIGN(16) ceiling_quad {
    u32 a, b, c, d;
};
struct ceiling_walk {
    u32 count, each, block, step; /* a work item's first element is its number times block */
    u32 scale, add;               /* element i is to begin with i * scale + add */
    u32 bits;                     /* there are 2^bits lines */
    u32 quads;                    /* of a line */
};

/* Lines of two quads as one ring through all of them: a full period, by Hull and Dobell, 1962. */
K_FN u32 ceiling_next(u32 i, u32 bits)
{
    return (i * 1664525u + 1013904223u) & ((1u << bits) - 1u);
}

#endif
