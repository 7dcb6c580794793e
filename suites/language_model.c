/*
 * language_model.c - how large is a model, and what does a token read of it? Read with distrust: a
 * shape that is not one is refused with its line.
 */
#include "suites/language_model.h"

#include "harness/command.h"
#include "harness/config.h"
#include "harness/error.h"
#include "harness/settings_file.h"
#include "suites/quantised_matrix.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const struct shape {
    const char *name;
    size_t at;
    uint64_t most;
    uint32_t multiple;
} shapes[] = {
    {"bits", offsetof(struct hr_language_model, bits), 8, 4},
    {"layers", offsetof(struct hr_language_model, layers), 10000, 1},
    {"width", offsetof(struct hr_language_model, width), 1 << 17, HR_TILE},
    {"inner", offsetof(struct hr_language_model, inner), 1 << 19, HR_TILE},
    {"heads", offsetof(struct hr_language_model, heads), 1 << 12, 1},
    {"kv_heads", offsetof(struct hr_language_model, kv_heads), 1 << 12, 1},
    {"head_width", offsetof(struct hr_language_model, head_width), 1 << 12, HR_TILE},
    {"words", offsetof(struct hr_language_model, words), 1 << 22, HR_TILE},
};
#define SHAPES (int)(sizeof(shapes) / sizeof(shapes[0]))

struct reading {
    struct hr_language_model *models;
    int count, lines[HR_MODELS_MAX];
};

static uint32_t *member(struct hr_language_model *m, int shape)
{
    return (uint32_t *)(void *)((char *)m + shapes[shape].at);
}

static int take_text(char *to, size_t bytes, const char *value)
{
    return snprintf(to, bytes, "%s", value) < (int)bytes
               ? 0
               : hr_fail(EINVAL, "the text is longer than %zu characters", bytes - 1);
}

static int take_shape(struct hr_language_model *m, const char *name, const char *value)
{
    uint64_t number;
    int i = 0, rc;

    while (i < SHAPES && strcmp(shapes[i].name, name) != 0) {
        i++;
    }
    if (i == SHAPES) {
        return hr_fail(EINVAL,
                       "a model has no '%.40s'; it has name, source, bits, layers, width, "
                       "inner, heads, kv_heads, head_width and words",
                       name);
    }
    rc = hr_parse_count(value, &number);
    if (rc) {
        return hr_context(rc, "%s", name);
    }
    if (number == 0 || number > shapes[i].most || number % shapes[i].multiple) {
        return hr_fail(EINVAL, "%s: %.20s is not a multiple of %u from %u to %llu", name, value,
                       shapes[i].multiple, shapes[i].multiple, (unsigned long long)shapes[i].most);
    }
    *member(m, i) = (uint32_t)number;
    return 0;
}

static int take(void *context, const struct hr_setting *setting)
{
    struct reading *r = context;
    const char *dot = strrchr(setting->key, '.');
    struct hr_language_model *m;
    char id[128];

    if (!dot || setting->is_list) {
        return hr_fail(EINVAL, "'%.60s' is no model; write `id:` with `name: value` lines under it",
                       setting->key);
    }
    snprintf(id, sizeof(id), "%.*s", (int)(dot - setting->key), setting->key);
    if (r->count == 0 || strcmp(r->models[r->count - 1].id, id) != 0) {
        if (r->count == HR_MODELS_MAX || strlen(id) >= sizeof(m->id)) {
            return hr_fail(EINVAL, "more than %d models, or an id of more than %zu characters",
                           HR_MODELS_MAX, sizeof(m->id) - 1);
        }
        memset(&r->models[r->count], 0, sizeof(*m));
        memcpy(r->models[r->count].id, id, strlen(id) + 1);
        r->lines[r->count++] = setting->line;
    }
    m = &r->models[r->count - 1];
    if (strcmp(dot + 1, "name") == 0) {
        return take_text(m->name, sizeof(m->name), setting->value);
    }
    if (strcmp(dot + 1, "source") == 0) {
        return take_text(m->source, sizeof(m->source), setting->value);
    }
    return take_shape(m, dot + 1, setting->value);
}

static int check(struct reading *r, const char *file)
{
    for (int i = 0; i < r->count; i++) {
        struct hr_language_model *m = &r->models[i];

        for (int s = 0; s < SHAPES; s++) {
            if (*member(m, s) == 0) {
                return hr_fail(EINVAL, "%s:%d: %s lacks %s", file, r->lines[i], m->id,
                               shapes[s].name);
            }
        }
        if (!*m->name || !*m->source) {
            return hr_fail(EINVAL, "%s:%d: %s lacks its name or its source", file, r->lines[i],
                           m->id);
        }
    }
    return 0;
}

int hr_models_read(const char *name, struct hr_language_model models[HR_MODELS_MAX], int *count)
{
    struct reading reading = {.models = models};
    char file[4096];
    int rc;

    if (strchr(name, '/')) {
        snprintf(file, sizeof(file), "%s", name);
    } else {
        snprintf(file, sizeof(file), "%s/models/%s.yaml", hr_config_folder(), name);
    }
    rc = hr_settings_read(file, take, &reading);
    rc = rc ? rc : check(&reading, file);
    *count = rc ? 0 : reading.count;
    return rc;
}

void hr_model_matrix(const struct hr_language_model *m, int which, uint32_t *rows,
                     uint32_t *columns)
{
    const uint32_t heads = m->heads * m->head_width, kv = m->kv_heads * m->head_width;
    const uint32_t shape[HR_MODEL_MATRICES][2] = {
        {heads, m->width},    {kv, m->width},       {kv, m->width},       {m->width, heads},
        {m->inner, m->width}, {m->inner, m->width}, {m->width, m->inner},
    };

    *rows = shape[which][0];
    *columns = shape[which][1];
}

uint64_t hr_model_layer_bytes(const struct hr_language_model *m)
{
    uint64_t bytes = 0;

    for (int i = 0; i < HR_MODEL_MATRICES; i++) {
        uint32_t rows, columns;

        hr_model_matrix(m, i, &rows, &columns);
        bytes += hr_matrix_bytes(rows, columns, (int)m->bits);
    }
    return bytes;
}

uint64_t hr_model_token_bytes(const struct hr_language_model *m)
{
    return m->layers * hr_model_layer_bytes(m) + hr_matrix_bytes(m->words, m->width, (int)m->bits);
}

uint64_t hr_model_weight_bytes(const struct hr_language_model *m)
{
    return hr_model_token_bytes(m) + hr_matrix_bytes(m->words, m->width, (int)m->bits);
}

uint64_t hr_model_context_bytes(const struct hr_language_model *m)
{
    return (uint64_t)2 * sizeof(uint16_t) * m->layers * m->kv_heads * m->head_width;
}
