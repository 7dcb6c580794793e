/*
 * quantised_matrix.c - how fast can quantised weights be multiplied? Lanes are rows: a lane adds up
 * its own row, so nothing is summed across lanes. The vector types are the compiler's, for whatever
 * the target has; the plain row beside them judges.
 */
#include "suites/quantised_matrix.h"

#include <string.h>

#if defined(__AVX512BW__)
#define LANES 32
#else
#define LANES 16
#endif
#define GROUPS (HR_TILE / LANES)

typedef uint16_t lanes16 __attribute__((vector_size(2 * LANES)));
typedef int16_t signed16 __attribute__((vector_size(2 * LANES)));
typedef uint32_t lanes32 __attribute__((vector_size(4 * LANES)));
typedef int32_t signed32 __attribute__((vector_size(4 * LANES)));

size_t hr_matrix_tile_bytes(int bits)
{
    return (size_t)HR_TILE * HR_TILE * (size_t)bits / 8 + HR_TILE * sizeof(uint16_t);
}

uint64_t hr_matrix_bytes(uint64_t rows, uint64_t columns, int bits)
{
    return rows / HR_TILE * (columns / HR_TILE) * hr_matrix_tile_bytes(bits);
}

/* Four columns a lane. A weight is a nibble less 8; the 8s are taken off at the end of the tile.
 * The sum of a row of a tile is at most 32 × 8 × 127 and fits into 16 bits, whatever wraps before.
 */
static void tile4(const uint8_t *tile, const int8_t *x, uint32_t *y)
{
    const uint8_t *scales = tile + HR_TILE * HR_TILE / 2;
    uint16_t eights = 0;

    for (int k = 0; k < HR_TILE; k++) {
        eights = (uint16_t)(eights + 8 * x[k]);
    }
    for (int g = 0; g < GROUPS; g++) {
        lanes16 sum = {0}, scale;
        lanes32 all;

        for (int k = 0; k < HR_TILE / 4; k++) {
            lanes16 four;

            memcpy(&four, tile + (size_t)(k * GROUPS + g) * sizeof(four), sizeof(four));
            sum += (four & 15) * (uint16_t)x[4 * k];
            sum += (four >> 4 & 15) * (uint16_t)x[4 * k + 1];
            sum += (four >> 8 & 15) * (uint16_t)x[4 * k + 2];
            sum += (four >> 12) * (uint16_t)x[4 * k + 3];
        }
        sum -= eights;
        memcpy(&scale, scales + (size_t)g * sizeof(scale), sizeof(scale));
        memcpy(&all, y + (size_t)g * LANES, sizeof(all));
        all += (lanes32) __builtin_convertvector((signed16)sum, signed32) *
               __builtin_convertvector(scale, lanes32);
        memcpy(y + (size_t)g * LANES, &all, sizeof(all));
    }
}

/* Two columns a lane; two products fit into 16 bits, 32 do not. */
static void tile8(const uint8_t *tile, const int8_t *x, uint32_t *y)
{
    const uint8_t *scales = tile + HR_TILE * HR_TILE;

    for (int g = 0; g < GROUPS; g++) {
        signed32 sum = {0};
        lanes16 scale;
        lanes32 all;

        for (int k = 0; k < HR_TILE / 2; k++) {
            lanes16 two;
            signed16 both;

            memcpy(&two, tile + (size_t)(k * GROUPS + g) * sizeof(two), sizeof(two));
            both = ((signed16)(two << 8) >> 8) * x[2 * k] + ((signed16)two >> 8) * x[2 * k + 1];
            sum += __builtin_convertvector(both, signed32);
        }
        memcpy(&scale, scales + (size_t)g * sizeof(scale), sizeof(scale));
        memcpy(&all, y + (size_t)g * LANES, sizeof(all));
        all += (lanes32)sum * __builtin_convertvector(scale, lanes32);
        memcpy(y + (size_t)g * LANES, &all, sizeof(all));
    }
}

void hr_matrix_multiply(const struct hr_matrix *m, const int8_t *x, uint32_t from, uint32_t to,
                        uint32_t *y)
{
    const size_t tile_bytes = hr_matrix_tile_bytes(m->bits);
    const uint32_t across = m->columns / HR_TILE;

    for (uint32_t t = from; t < to; t++) {
        const uint8_t *tile = m->tiles + (size_t)t * across * tile_bytes;
        uint32_t rows[HR_TILE] = {0};

        for (uint32_t k = 0; k < across; k++, tile += tile_bytes) {
            if (m->bits == 4) {
                tile4(tile, x + (size_t)k * HR_TILE, rows);
            } else {
                tile8(tile, x + (size_t)k * HR_TILE, rows);
            }
        }
        memcpy(y + (size_t)t * HR_TILE, rows, sizeof(rows));
    }
}

/* The weight of this row and column in a tile. Lanes of the tile: group of columns, then row. */
static int32_t weight(const uint8_t *tile, int bits, uint32_t row, uint32_t column)
{
    const uint32_t a_lane = 16 / (uint32_t)bits;
    uint16_t lane;

    memcpy(&lane, tile + ((size_t)(column / a_lane) * HR_TILE + row) * sizeof(lane), sizeof(lane));
    lane = (uint16_t)(lane >> ((uint32_t)bits * (column % a_lane)));
    return bits == 4 ? (int32_t)(lane & 15) - 8 : (int32_t)(int8_t)(lane & 255);
}

uint32_t hr_matrix_row(const struct hr_matrix *m, const int8_t *x, uint32_t row)
{
    const size_t tile_bytes = hr_matrix_tile_bytes(m->bits);
    const uint32_t across = m->columns / HR_TILE;
    const uint8_t *tile = m->tiles + (size_t)(row / HR_TILE) * across * tile_bytes;
    uint32_t all = 0;

    for (uint32_t k = 0; k < across; k++, tile += tile_bytes) {
        int32_t sum = 0;
        uint16_t scale;

        for (uint32_t c = 0; c < HR_TILE; c++) {
            sum += weight(tile, m->bits, row % HR_TILE, c) * x[(size_t)k * HR_TILE + c];
        }
        memcpy(&scale, tile + tile_bytes - (HR_TILE - row % HR_TILE) * sizeof(scale),
               sizeof(scale));
        all += (uint32_t)sum * scale;
    }
    return all;
}
