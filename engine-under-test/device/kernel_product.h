/*
 * kernel_product.h - quantised weights times a vector, as decoding a token of a language model
 * does.
 *
 * The weights lie as suites/quantised_matrix.h says: tiles of 32 rows by 32 columns, a 16-bit lane
 * holding four or two columns of one row, behind them a 16-bit scale a row. A word here is the
 * lanes of two neighbouring rows: a work item has such a pair, and one slice of its columns; slices
 * of one row are added up in memory, modulo 2^32, so that their order is nobody's business.
 * Neighbouring work items read neighbouring words.
 */
#ifndef KERNEL_PRODUCT_H
#define KERNEL_PRODUCT_H

#include "engine-under-test/device/kernel_matrix.h"

/* The lowest byte, with its sign. */
K_FN i32 product_low(u32 bits)
{
    return (i32)(bits << 24) >> 24;
}

K_KERNEL product_clear(K_BUF(k_au32, y, 0), K_VAL(u32, count, 1) K_IDS)
{
    if (K_GID < count) {
        K_STORE(&y[K_GID], 0u);
    }
}

/* x_sums: the sum of x over each tile's columns. A weight of 4 bits is a nibble less 8; the 8s are
 * taken off by tile. */
K_KERNEL product_tiles(K_CBUF(u32, weights, 0), K_CBUF(i32, x, 1), K_CBUF(i32, x_sums, 2),
                       K_BUF(k_au32, y, 3), K_VAL(struct product_shape, shape, 4) K_IDS)
{
    u32 pair = K_GID % shape.pairs, slice = K_GID / shape.pairs;
    u32 scales = shape.bits * PRODUCT_TILE, words = scales + PRODUCT_PAIRS; /* of a tile */
    u32 from = shape.across * slice / shape.slices, to = shape.across * (slice + 1u) / shape.slices;
    u32 at = (pair / PRODUCT_PAIRS * shape.across + from) * words + pair % PRODUCT_PAIRS;
    u32 first = 0u, second = 0u;

    if (slice >= shape.slices) {
        return;
    }
    for (u32 k = from; k < to; k++, at += words) {
        u32 column = k * PRODUCT_TILE, scale = weights[at + scales];
        i32 one = 0, two = 0;

        if (shape.bits == 4u) {
            one = two = -8 * x_sums[k];
            for (u32 c = 0u; c < PRODUCT_TILE; c += 4u) {
                u32 w = weights[at + c / 4u * PRODUCT_PAIRS];
                i32 x0 = x[column + c], x1 = x[column + c + 1u];
                i32 x2 = x[column + c + 2u], x3 = x[column + c + 3u];

                one += (i32)(w & 15u) * x0 + (i32)(w >> 4 & 15u) * x1;
                one += (i32)(w >> 8 & 15u) * x2 + (i32)(w >> 12 & 15u) * x3;
                two += (i32)(w >> 16 & 15u) * x0 + (i32)(w >> 20 & 15u) * x1;
                two += (i32)(w >> 24 & 15u) * x2 + (i32)(w >> 28) * x3;
            }
        } else {
            for (u32 c = 0u; c < PRODUCT_TILE; c += 2u) {
                u32 w = weights[at + c / 2u * PRODUCT_PAIRS];
                i32 x0 = x[column + c], x1 = x[column + c + 1u];

                one += product_low(w) * x0 + product_low(w >> 8) * x1;
                two += product_low(w >> 16) * x0 + product_low(w >> 24) * x1;
            }
        }
        first += (u32)one * (scale & 65535u);
        second += (u32)two * (scale >> 16);
    }
    K_ADD(&y[shape.answer + 2u * pair], first);
    K_ADD(&y[shape.answer + 2u * pair + 1u], second);
}

#endif
