/*
 * kernel_matrix.h - a matrix of quantised weights, as the kernels and the host see it.
 */
#ifndef KERNEL_MATRIX_H
#define KERNEL_MATRIX_H

#include "engine-under-test/device/kernel_dialect.h"

struct product_shape {
    u32 pairs;  /* of rows */
    u32 across; /* tiles in a row of tiles */
    u32 slices; /* of the columns */
    u32 bits;   /* 4 or 8 */
    u32 answer; /* where the rows' answers begin */
};

#define PRODUCT_TILE 32u  /* rows, and columns */
#define PRODUCT_PAIRS 16u /* in a tile */

#endif
