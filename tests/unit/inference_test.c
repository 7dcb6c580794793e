/*
 * inference_test.c - quantised products against plain ones, the sizes of published models, and what
 * the suite does with models that fit and that do not.
 */
#include "tests/unit/small_rig.h"

#include "harness/error.h"
#include "harness/random.h"
#include "suites/language_model.h"
#include "suites/quantised_matrix.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void check_products(uint32_t rows, uint32_t columns, int bits, int extreme)
{
    uint64_t bytes = hr_matrix_bytes(rows, columns, bits);
    uint8_t *tiles = aligned_alloc(64, (bytes + 63) / 64 * 64);
    int8_t *x = malloc(columns);
    uint32_t *y = calloc(rows, sizeof(*y));
    struct hr_matrix m = {rows, columns, bits, tiles};
    struct hr_random random;

    CHECK(tiles && x && y);
    hr_random_init(&random, (uint64_t)rows * columns, (uint64_t)bits);
    for (uint64_t i = 0; i < bytes; i++) {
        /* All weights the least there is: nibbles 0, bytes -128. */
        tiles[i] = extreme ? (bits == 4 ? 0 : 0x80) : (uint8_t)hr_random_below(&random, 256);
    }
    for (uint32_t i = 0; i < columns; i++) {
        x[i] = extreme ? -127 : (int8_t)((int)hr_random_below(&random, 255) - 127);
    }
    hr_matrix_multiply(&m, x, 0, rows / HR_TILE, y);
    for (uint32_t i = 0; i < rows; i++) {
        CHECK_EQ(y[i], hr_matrix_row(&m, x, i));
    }
    free(tiles);
    free(x);
    free(y);
}

TEST(inference, products_are_the_plain_ones)
{
    for (int bits = 4; bits <= 8; bits += 4) {
        check_products(32, 32, bits, 0);
        check_products(96, 64, bits, 0);
        check_products(64, 1024, bits, 0);
        check_products(32, 2048, bits, 1);
    }
}

/* By hand: one weight of 3 in row 5, column 6, scale 2, and all others 0. */
TEST(inference, a_plain_product_is_what_it_says)
{
    uint8_t tile[HR_TILE * HR_TILE + 64] = {0};
    struct hr_matrix m = {HR_TILE, HR_TILE, 8, tile};
    int8_t x[HR_TILE] = {0};

    CHECK_EQ(hr_matrix_tile_bytes(8), sizeof(tile));
    CHECK_EQ(hr_matrix_tile_bytes(4), HR_TILE * HR_TILE / 2 + 64);
    tile[(6 / 2 * HR_TILE + 5) * 2 + 6 % 2] = 3;
    tile[HR_TILE * HR_TILE + 2 * 5] = 2;
    x[6] = -10;
    CHECK_EQ(hr_matrix_row(&m, x, 5), (uint32_t)-60);
    CHECK_EQ(hr_matrix_row(&m, x, 4), 0);
}

TEST(inference, published_models_have_their_published_sizes)
{
    static const struct {
        const char *id;
        double parameters; /* as published, in 10^9 */
    } known[] = {{"llama-3.1-8b", 8.03}, {"llama-3.1-70b", 70.6}, {"qwen2.5-32b", 32.8}};
    struct hr_language_model models[HR_MODELS_MAX];
    int count;

    CHECK_EQ(hr_models_read("documents", models, &count), 0);
    CHECK_EQ(count, 3);
    for (int i = 0; i < count; i++) {
        double bits = models[i].bits + 0.5, weights = (double)hr_model_weight_bytes(&models[i]) * 8;

        CHECK_STR(models[i].id, known[i].id);
        CHECK(fabs(weights / bits / 1e9 / known[i].parameters - 1) < 0.005);
    }
    /* 32 layers × 8 heads × 128 × keys and values × 2 bytes. */
    CHECK_EQ(hr_model_context_bytes(&models[0]), 131072);
}

static const json_t *case_of(const struct small_rig *small, const char *end)
{
    const json_t *c;
    size_t i;

    json_array_foreach (json_object_get(small->suite, "cases"), i, c) {
        const char *id = json_string_value(json_object_get(c, "id"));

        if (strlen(id) > strlen(end) && strcmp(id + strlen(id) - strlen(end), end) == 0) {
            return c;
        }
    }
    return NULL;
}

TEST(inference, small_models_are_decoded_and_proved)
{
    static const char *const ends[] = {"decode/model=tiny-4", "decode/model=tiny-8",
                                       "size/model=tiny-4"};
    struct small_rig *small = small_rig_new(engine_named("reference"));
    int i;

    CHECK_EQ(hr_suite_find("inference")->run(&small->bench, small->suite), 0);
    for (i = 0; i < 3; i++) {
        const json_t *c = case_of(small, ends[i]);

        CHECK(c);
        CHECK_STR(json_string_value(json_object_get(c, "status")), "pass");
    }
    small_rig_free(small);
}

TEST(inference, a_model_that_does_not_fit_is_not_measured)
{
    struct small_rig *small = small_rig_new(engine_named("reference"));
    const json_t *c;

    small->bench.rig.memory_max_bytes = 1024;
    CHECK_EQ(hr_suite_find("inference")->run(&small->bench, small->suite), 0);
    c = case_of(small, "decode/model=tiny-4");
    CHECK_STR(json_string_value(json_object_get(c, "status")), "skip");
    CHECK_EQ(json_array_size(json_object_get(c, "metrics")), 0);
    small_rig_free(small);
}

TEST(inference, bad_models_are_refused_with_their_line)
{
    static const struct {
        const char *text, *message;
    } bad[] = {
        {"a:\n  bits: 5\n", ":2: bits: 5 is not a multiple of 4 from 4 to 8"},
        {"a:\n  width: 33\n", ":2: width: 33 is not a multiple of 32"},
        {"a:\n  layers: none\n", ":2: layers: "},
        {"a:\n  colour: 5\n", ":2: a model has no 'colour'"},
        {"a: 5\n", ":1: 'a' is no model"},
        {"a:\n  bits: 4\n", ":2: a lacks layers"},
    };
    char file[] = "/tmp/headroom-model.XXXXXX", name[64];
    struct hr_language_model models[HR_MODELS_MAX];
    int count, fd = mkstemp(file);

    CHECK(fd >= 0);
    close(fd);
    snprintf(name, sizeof(name), "%s", file);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        FILE *out = fopen(file, "w");

        CHECK(out);
        fputs(bad[i].text, out);
        fclose(out);
        CHECK(hr_models_read(name, models, &count) != 0);
        if (!strstr(hr_error(), bad[i].message)) {
            CHECK_STR(hr_error(), bad[i].message);
        }
    }
    unlink(file);
    CHECK(hr_models_read("no-such", models, &count) != 0);
}
