/* kernel_ceilings.h - kernels that do one thing, as fast as a device can (device_ceilings.c). */
#ifndef KERNEL_CEILINGS_H
#define KERNEL_CEILINGS_H

#include "engine-under-test/device/kernel_walk.h"

/* A permutation of the numbers below 2^bits: no line is met twice, neighbours lie far apart. */
K_FN u32 ceiling_scatter(u32 i, u32 bits)
{
    u32 mask = (1u << bits) - 1u, middle = (bits + 1u) / 2u;

    i ^= i >> middle;
    i = (i * 0x9E3779B1u) & mask;
    i ^= i >> middle;
    i = (i * 0x85EBCA6Bu) & mask;
    return i ^ (i >> middle);
}

K_KERNEL ceiling_nothing(K_BUF(u32, sums, 0) K_IDS)
{
    if (K_GID == 0xFFFFFFFFu) {
        sums[0] = 0u;
    }
}

K_KERNEL ceiling_fill(K_BUF(struct ceiling_quad, to, 0), K_VAL(struct ceiling_walk, walk, 1) K_IDS)
{
    for (u32 n = 0u, i = K_GID * walk.block; n < walk.each && i < walk.count; n++, i += walk.step) {
        u32 v = i * walk.scale + walk.add;

        to[i].a = v;
        to[i].b = v + 1u;
        to[i].c = v + 2u;
        to[i].d = v + 3u;
    }
}

/* How many elements do not begin as they were filled, by work item. */
K_KERNEL ceiling_wrong(K_CBUF(struct ceiling_quad, from, 0), K_BUF(u32, sums, 1),
                       K_VAL(struct ceiling_walk, walk, 2) K_IDS)
{
    u32 wrong = 0u;

    for (u32 n = 0u, i = K_GID * walk.block; n < walk.each && i < walk.count; n++, i += walk.step) {
        wrong += from[i].a != i * walk.scale + walk.add ? 1u : 0u;
    }
    sums[K_GID] = wrong;
}

/* Four elements are read before the first is written, so that they are on their way together. */
K_KERNEL ceiling_copy(K_CBUF(struct ceiling_quad, from, 0), K_BUF(struct ceiling_quad, to, 1),
                      K_VAL(struct ceiling_walk, walk, 2) K_IDS)
{
    u32 n = 0u, i = K_GID * walk.block, step = walk.step;

    for (; n + 4u <= walk.each && i + 3u * step < walk.count; n += 4u, i += 4u * step) {
        struct ceiling_quad q = from[i], r = from[i + step];
        struct ceiling_quad s = from[i + 2u * step], t = from[i + 3u * step];

        to[i] = q;
        to[i + step] = r;
        to[i + 2u * step] = s;
        to[i + 3u * step] = t;
    }
    for (; n < walk.each && i < walk.count; n++, i += step) {
        to[i] = from[i];
    }
}

/* Each line once a pass: its quads are read, and written one more. */
K_KERNEL ceiling_lines(K_BUF(struct ceiling_quad, line, 0),
                       K_VAL(struct ceiling_walk, walk, 1) K_IDS)
{
    for (u32 n = 0u, i = K_GID * walk.block; n < walk.each && i < walk.count; n++, i += walk.step) {
        u32 at = ceiling_scatter(i, walk.bits) * walk.quads;
        struct ceiling_quad q = line[at], r = line[at + 1u];

        q.a += 1u;
        r.a += 1u;
        if (walk.quads == 4u) {
            struct ceiling_quad s = line[at + 2u], t = line[at + 3u];

            s.a += 1u;
            t.a += 1u;
            line[at + 2u] = s;
            line[at + 3u] = t;
        }
        line[at] = q;
        line[at + 1u] = r;
    }
}

K_KERNEL ceiling_ring(K_BUF(struct ceiling_quad, line, 0),
                      K_VAL(struct ceiling_walk, walk, 1) K_IDS)
{
    for (u32 n = 0u, i = K_GID * walk.block; n < walk.each && i < walk.count; n++, i += walk.step) {
        line[i * 2u].a = ceiling_next(i, walk.bits);
    }
}

K_KERNEL ceiling_chase(K_CBUF(struct ceiling_quad, line, 0), K_BUF(u32, sums, 1),
                       K_VAL(u32, steps, 2) K_IDS)
{
    u32 i = sums[0];

    for (u32 n = 0u; n < steps; n++) {
        i = line[i * 2u].a;
    }
    sums[0] = i;
}

/* Four pairs of prices an element. No book, no queue, no trade. */
K_KERNEL ceiling_compares(K_CBUF(struct ceiling_quad, bid, 0), K_CBUF(struct ceiling_quad, ask, 1),
                          K_BUF(u32, sums, 2), K_VAL(struct ceiling_walk, walk, 3) K_IDS)
{
    u32 crossed = 0u;

    for (u32 n = 0u, i = K_GID * walk.block; n < walk.each && i < walk.count; n++, i += walk.step) {
        struct ceiling_quad b = bid[i], a = ask[i];

        crossed += (b.a >= a.a ? 1u : 0u) + (b.b >= a.b ? 1u : 0u) + (b.c >= a.c ? 1u : 0u) +
                   (b.d >= a.d ? 1u : 0u);
    }
    sums[K_GID] = crossed;
}

#endif
