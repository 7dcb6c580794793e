/* weight_stream.c - weights that nobody trained, and their products by the plain way. */
#include "suites/weight_stream.h"

#include "harness/error.h"
#include "harness/random.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void hr_weight_stream_plan(struct hr_weight_stream *s, const struct hr_language_model *model,
                           uint64_t bytes)
{
    uint64_t layer = hr_model_layer_bytes(model), layers = bytes / layer;
    uint32_t most = model->layers < HR_STREAM_LAYERS_MAX ? model->layers : HR_STREAM_LAYERS_MAX;
    uint64_t passes;

    *s = (struct hr_weight_stream){.model = model};
    s->layers = layers < 1 ? 1 : layers < most ? (uint32_t)layers : most;
    s->bytes = s->layers * layer;
    s->matrices_count = (int)s->layers * HR_MODEL_MATRICES;
    passes = HR_STREAM_RUN_BYTES / s->bytes;
    s->passes = passes < 1 ? 1 : passes < HR_STREAM_PASSES_MAX ? (int)passes : HR_STREAM_PASSES_MAX;
}

void hr_weight_stream_close(struct hr_weight_stream *s)
{
    free(s->matrices);
    free(s->x);
    hr_region_unmap(&s->region);
    s->matrices = NULL;
    s->x = NULL;
}

/* Which rows are compared: one row of tiles of each matrix, another one in each. */
static uint32_t sample_of(const struct hr_matrix *m, int i)
{
    return (uint32_t)i * 7 % (m->rows / HR_TILE);
}

static uint64_t fold(uint64_t sum, uint32_t value, uint32_t row)
{
    return (sum ^ (value + ((uint64_t)row << 32))) * UINT64_C(0x9E3779B97F4A7C15) + (sum >> 29);
}

static uint64_t expected(const struct hr_weight_stream *s)
{
    uint64_t sum = 0;

    for (int i = 0; i < s->matrices_count; i++) {
        uint32_t row = sample_of(&s->matrices[i], i) * HR_TILE;

        for (uint32_t k = 0; k < HR_TILE; k++) {
            sum = fold(sum, hr_matrix_row(&s->matrices[i], s->x, row + k), row + k);
        }
    }
    return sum;
}

uint64_t hr_weight_stream_digest(const struct hr_weight_stream *s, const uint32_t *const *y)
{
    uint64_t sum = 0;

    for (int i = 0; i < s->matrices_count; i++) {
        uint32_t row = sample_of(&s->matrices[i], i) * HR_TILE;

        for (uint32_t k = 0; k < HR_TILE; k++) {
            sum = fold(sum, y[i][row + k], row + k);
        }
    }
    return sum;
}

static uint32_t widest(const struct hr_language_model *m)
{
    uint32_t heads = m->heads * m->head_width, most = m->width > m->inner ? m->width : m->inner;

    return heads > most ? heads : most;
}

static void put_random(struct hr_weight_stream *s)
{
    struct hr_random random;

    hr_random_init(&random, 1, 0);
    for (uint64_t i = 0; i + 8 <= s->bytes; i += 8) {
        uint64_t word = hr_random_u64(&random);

        memcpy((uint8_t *)s->region.at + i, &word, sizeof(word));
    }
    for (uint32_t i = 0; i < s->columns; i++) {
        s->x[i] = (int8_t)((int)hr_random_below(&random, 255) - 127);
    }
}

int hr_weight_stream_make(struct hr_weight_stream *s)
{
    const uint8_t *at;
    int rc = hr_region_map(&s->region, s->bytes, HR_PAGES_HUGE);

    if (rc) {
        return rc;
    }
    s->columns = widest(s->model);
    s->matrices = calloc((size_t)s->matrices_count, sizeof(*s->matrices));
    s->x = malloc(s->columns);
    if (!s->matrices || !s->x) {
        return hr_fail(ENOMEM, "no memory for %d matrices", s->matrices_count);
    }
    at = s->region.at;
    for (int i = 0; i < s->matrices_count; i++) {
        struct hr_matrix *m = &s->matrices[i];

        hr_model_matrix(s->model, i % HR_MODEL_MATRICES, &m->rows, &m->columns);
        m->bits = (int)s->model->bits;
        m->tiles = at;
        at += hr_matrix_bytes(m->rows, m->columns, m->bits);
    }
    put_random(s);
    s->expected = expected(s);
    return 0;
}
