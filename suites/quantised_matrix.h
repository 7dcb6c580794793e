/*
 * quantised_matrix.h - a matrix of 4- or 8-bit weights, and its product with a vector: what
 * decoding one token of a language model does with each of its matrices.
 *
 * Weights lie in tiles of 32 rows by 32 columns, row of tiles after row of tiles, so that a product
 * reads memory once and in order. A tile is its weights and a 16-bit scale for each row: 4.5 or 8.5
 * bits a weight, as the usual block formats of 32 take. A lane of 16 bits holds four or two
 * neighbouring columns of one row. Weights are -8 … 7 or -128 … 127, the vector's values -127 …
 * 127. Arithmetic is in whole numbers, modulo 2^32, so that any order of summing gives the same
 * result and it can be compared exactly.
 *
 * Threads: products of different rows of tiles may run at once.
 */
#ifndef HR_QUANTISED_MATRIX_H
#define HR_QUANTISED_MATRIX_H

#include <stddef.h>
#include <stdint.h>

#define HR_TILE 32

struct hr_matrix {
    uint32_t rows, columns; /* multiples of HR_TILE */
    int bits;               /* 4 or 8 */
    const uint8_t *tiles;   /* hr_matrix_bytes() of any content; aligned to 64 */
};

size_t hr_matrix_tile_bytes(int bits);
uint64_t hr_matrix_bytes(uint64_t rows, uint64_t columns, int bits);
/* y[row] for all rows of the tiles from … to - 1. */
void hr_matrix_multiply(const struct hr_matrix *m, const int8_t *x, uint32_t from, uint32_t to,
                        uint32_t *y);
/* One row's product, weight by weight: slow and plainly right. */
uint32_t hr_matrix_row(const struct hr_matrix *m, const int8_t *x, uint32_t row);

#endif
