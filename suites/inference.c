/*
 * inference.c - how fast could this machine decode a language model, and does it fit?
 *
 * Decoding a token at a time reads every weight once, so memory sets the pace. Random weights of a
 * model's own shapes, as many layers of it as the setting allows and more than any cache holds, are
 * streamed through quantised matrix-vector products on all threads, which meet after each matrix as
 * a decoder's must; the rate is scaled to the whole model by its bytes. Left out, so that the rate
 * is an upper bound: attention and its cache of keys and values, norms, sampling. The answers are
 * compared with plain ones. Nothing is measured of a model that this machine's memory cannot hold.
 * What other programs make of a model, llama-bench or a server, is beside it (served.h).
 */
#include "suites/closed_run.h"

#include "harness/clock.h"
#include "harness/error.h"
#include "harness/platform/platform.h"
#include "harness/random.h"
#include "harness/statistics.h"
#include "suites/language_model.h"
#include "suites/quantised_matrix.h"
#include "suites/served.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define SUITE "inference"
#define THREADS_MAX 256
#define LAYERS_MAX 512                /* streamed */
#define RUN_BYTES (UINT64_C(4) << 30) /* streamed in a run, about */
#define PASSES_MAX 64
#define SPINS 2000 /* before a thread that waits lets others run */

enum { DECODE, BANDWIDTH, METRICS };
static const struct hr_measured metrics[METRICS] = {
    [DECODE] = {.name = "decode", .unit = "tokens/s", .higher = true},
    [BANDWIDTH] = {.name = "weight_bandwidth", .unit = "bytes/s", .higher = true},
};

/* The layers that are streamed. */
struct stream {
    const struct hr_language_model *model;
    const struct hr_rig *rig;
    uint32_t layers;
    int threads, matrices_count, passes;
    struct hr_region region;
    struct hr_matrix *matrices;
    uint32_t **y; /* of each matrix */
    int8_t *x;    /* as long as the widest */
    uint64_t bytes, expected;
    atomic_int waiting, round;
    atomic_int failed; /* errno of a thread that could not be bound */
};

/* ---- the weights ----------------------------------------------------------------------------- */

static void stream_close(struct stream *s)
{
    for (int i = 0; s->y && i < s->matrices_count; i++) {
        free(s->y[i]);
    }
    free(s->y);
    free(s->matrices);
    free(s->x);
    hr_region_unmap(&s->region);
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

static void expect(struct stream *s)
{
    for (int i = 0; i < s->matrices_count; i++) {
        uint32_t row = sample_of(&s->matrices[i], i) * HR_TILE;

        for (uint32_t k = 0; k < HR_TILE; k++) {
            s->expected = fold(s->expected, hr_matrix_row(&s->matrices[i], s->x, row + k), row + k);
        }
    }
}

static uint64_t answered(const struct stream *s)
{
    uint64_t sum = 0;

    for (int i = 0; i < s->matrices_count; i++) {
        uint32_t row = sample_of(&s->matrices[i], i) * HR_TILE;

        for (uint32_t k = 0; k < HR_TILE; k++) {
            sum = fold(sum, s->y[i][row + k], row + k);
        }
    }
    return sum;
}

static uint32_t widest(const struct hr_language_model *m)
{
    uint32_t heads = m->heads * m->head_width, most = m->width > m->inner ? m->width : m->inner;

    return heads > most ? heads : most;
}

static int stream_make(struct stream *s)
{
    const uint32_t longest = widest(s->model);
    struct hr_random random;
    uint8_t *at;
    int rc = hr_region_map(&s->region, s->bytes, HR_PAGES_HUGE);

    if (rc) {
        return rc;
    }
    s->matrices_count = (int)s->layers * HR_MODEL_MATRICES;
    s->matrices = calloc((size_t)s->matrices_count, sizeof(*s->matrices));
    s->y = calloc((size_t)s->matrices_count, sizeof(*s->y));
    s->x = malloc(longest);
    if (!s->matrices || !s->y || !s->x) {
        return hr_fail(ENOMEM, "no memory for %d matrices", s->matrices_count);
    }
    at = s->region.at;
    for (int i = 0; i < s->matrices_count; i++) {
        struct hr_matrix *m = &s->matrices[i];

        hr_model_matrix(s->model, i % HR_MODEL_MATRICES, &m->rows, &m->columns);
        m->bits = (int)s->model->bits;
        m->tiles = at;
        at += hr_matrix_bytes(m->rows, m->columns, m->bits);
        s->y[i] = calloc(m->rows, sizeof(**s->y));
        if (!s->y[i]) {
            return hr_fail(ENOMEM, "no memory for the answers of %u rows", m->rows);
        }
    }
    hr_random_init(&random, 1, 0);
    for (uint64_t i = 0; i + 8 <= s->bytes; i += 8) {
        uint64_t word = hr_random_u64(&random);

        memcpy((uint8_t *)s->region.at + i, &word, sizeof(word));
    }
    for (uint32_t i = 0; i < longest; i++) {
        s->x[i] = (int8_t)((int)hr_random_below(&random, 255) - 127);
    }
    expect(s);
    return 0;
}

/* ---- a run ------------------------------------------------------------------------------------
 */

static void meet(struct stream *s)
{
    int round = atomic_load(&s->round), spins = 0;

    if (atomic_fetch_add(&s->waiting, 1) + 1 == s->threads) {
        atomic_store(&s->waiting, 0);
        atomic_store(&s->round, round + 1);
        return;
    }
    while (atomic_load(&s->round) == round) {
        if (++spins >= SPINS) {
            sched_yield();
        }
    }
}

struct worker {
    struct stream *s;
    int index;
    pthread_t thread;
};

static void *work(void *context)
{
    struct worker *w = context;
    struct stream *s = w->s;

    if (s->rig->cpu >= 0 && hr_thread_pin(s->rig->cpus[w->index])) {
        s->failed = EINVAL; /* it works on where the system puts it; the run is refused */
    }
    meet(s);
    for (int pass = 0; pass < s->passes; pass++) {
        for (int i = 0; i < s->matrices_count; i++) {
            const struct hr_matrix *m = &s->matrices[i];
            uint64_t tiles = m->rows / HR_TILE;

            hr_matrix_multiply(
                m, s->x, (uint32_t)(tiles * (uint64_t)w->index / (uint64_t)s->threads),
                (uint32_t)(tiles * (uint64_t)(w->index + 1) / (uint64_t)s->threads), s->y[i]);
            meet(s);
        }
    }
    return NULL;
}

static int stream_trial(const struct hr_case *c, struct hr_trial *t)
{
    struct stream *s = *(struct stream *const *)c->context;
    struct worker workers[THREADS_MAX];
    int started = 1, rc = 0;
    uint64_t from;
    double seconds;

    for (int i = 0; i < s->matrices_count; i++) {
        memset(s->y[i], 0, s->matrices[i].rows * sizeof(**s->y));
    }
    atomic_store(&s->waiting, 0);
    for (int i = 0; i < s->threads; i++) {
        workers[i] = (struct worker){.s = s, .index = i};
    }
    /* The others stand at the first meeting until this thread comes to it. */
    while (started < s->threads && rc == 0) {
        rc = pthread_create(&workers[started].thread, NULL, work, &workers[started]);
        started += rc == 0;
    }
    if (rc) {
        s->threads = started; /* so that those that wait are let go */
    }
    hr_trial_start(t);
    from = hr_clock_ns();
    work(&workers[0]);
    seconds = (double)(hr_clock_ns() - from) / 1e9;
    hr_trial_stop(t);
    for (int i = 1; i < started; i++) {
        pthread_join(workers[i].thread, NULL);
    }
    if (rc || s->failed) {
        return hr_fail(rc ? rc : s->failed, "not every one of the threads could be had");
    }
    t->values[BANDWIDTH] = (double)s->bytes * s->passes / seconds;
    t->values[DECODE] = t->values[BANDWIDTH] / (double)hr_model_token_bytes(s->model);
    hr_trial_digest(t, answered(s), s->expected);
    return 0;
}

/* ---- the cases ------------------------------------------------------------------------------- */

/* The read bandwidth that this run measured, of as many threads as it measured best. */
static double read_bandwidth(const struct hr_rig *rig, const char **id)
{
    const json_t *ceiling;
    double best = (double)NAN;
    size_t i;

    *id = NULL;
    json_array_foreach (json_object_get(hr_record_json(rig->record), "ceilings"), i, ceiling) {
        const char *here = json_string_value(json_object_get(ceiling, "id"));
        const json_t *estimate = json_object_get(ceiling, "estimate");

        if (here && strncmp(here, "memory/bandwidth/read/", 22) == 0 && json_is_number(estimate) &&
            !(json_number_value(estimate) <= best)) {
            best = json_number_value(estimate);
            *id = here;
        }
    }
    return best;
}

static json_t *params_of(const struct hr_language_model *m, uint64_t context)
{
    return json_pack(
        "{s:s, s:i, s:i, s:I, s:I, s:I, s:I, s:s}", "model", m->name, "bits", (int)m->bits,
        "layers", (int)m->layers, "token_bytes", (json_int_t)hr_model_token_bytes(m),
        "weight_bytes", (json_int_t)hr_model_weight_bytes(m), "context", (json_int_t)context,
        "context_bytes", (json_int_t)(context * hr_model_context_bytes(m)), "source", m->source);
}

static void tell(json_t *c, const char *name, const char *unit, double value)
{
    hr_case_metric(c, &(struct hr_metric){
                          .name = name, .unit = unit, .higher = true, .samples = &value, .n = 1});
}

/* Arithmetic: what it takes, what bandwidth allows at most, and which memories hold it. */
static void size_case(struct hr_bench *bench, json_t *suite, const struct hr_language_model *m,
                      uint64_t context)
{
    static const int gibs[] = {16, 24, 32, 48, 64, 96, 128, 192, 512};
    uint64_t needed = hr_model_weight_bytes(m) + context * hr_model_context_bytes(m);
    json_t *params = params_of(m, context), *fits = json_object(), *c;
    const char *ceiling;
    double bandwidth = read_bandwidth(&bench->rig, &ceiling);
    char name[96];

    for (size_t i = 0; i < sizeof(gibs) / sizeof(gibs[0]); i++) {
        char key[32];

        snprintf(key, sizeof(key), "%d GiB", gibs[i]);
        json_object_set_new(fits, key, json_boolean(needed <= (uint64_t)gibs[i] << 30));
    }
    json_object_set_new(params, "kind", json_string("arithmetic"));
    json_object_set_new(params, "fits", fits);
    snprintf(name, sizeof(name), "size/model=%.60s", m->id);
    c = hr_measure_refuse(&bench->rig, suite, SUITE, name, params, HR_PASS, NULL, NULL);
    json_decref(params);
    if (!c) {
        return;
    }
    tell(c, "needed", "bytes", (double)needed);
    if (bandwidth > 0) {
        tell(c, "decode_at_most", "tokens/s", bandwidth / (double)hr_model_token_bytes(m));
    } else {
        hr_case_metric_null(c, "decode_at_most", "tokens/s", "the ceilings were not measured");
    }
}

static int decode_case(struct hr_bench *bench, json_t *suite, const struct hr_language_model *m,
                       uint64_t context)
{
    struct hr_rig *rig = &bench->rig;
    struct stream stream = {.model = m, .rig = rig}, *shared = &stream;
    uint64_t layer = hr_model_layer_bytes(m),
             wanted = hr_config_count(rig->config, "inference.bytes");
    uint64_t needed = hr_model_weight_bytes(m) + context * hr_model_context_bytes(m);
    uint64_t available = hr_memory_available();
    struct hr_measure_result result = {0};
    json_t *params = params_of(m, context);
    char name[96], id[256], why[200];
    int rc = 0;

    snprintf(name, sizeof(name), "decode/model=%.60s", m->id);
    hr_case_id(rig, SUITE, name, id, sizeof(id));
    stream.layers = (uint32_t)(wanted / layer ? wanted / layer : 1);
    stream.layers = stream.layers > m->layers ? m->layers : stream.layers;
    stream.layers = stream.layers > LAYERS_MAX ? LAYERS_MAX : stream.layers;
    stream.bytes = stream.layers * layer;
    stream.passes = (int)fmin(fmax(1, (double)(RUN_BYTES / stream.bytes)), PASSES_MAX);
    stream.threads = rig->cpus_count < 1             ? 1
                     : rig->cpus_count > THREADS_MAX ? THREADS_MAX
                                                     : rig->cpus_count;
    json_object_set_new(params, "layers_streamed", json_integer((json_int_t)stream.layers));
    json_object_set_new(params, "threads", json_integer(stream.threads));
    json_object_set_new(params, "left_out", json_string("attention, norms, sampling"));
    if (needed > available || stream.bytes > rig->memory_max_bytes) {
        snprintf(why, sizeof(why), "it needs %.1f GiB with its context, %.1f GiB are free here",
                 (double)needed / 1073741824.0, (double)available / 1073741824.0);
        hr_measure_refuse(rig, suite, SUITE, name, params, HR_SKIP, why,
                          "a machine with more memory, or a smaller model (inference.models)");
        json_decref(params);
        return 0;
    }
    if (hr_case_wanted(rig, id) && !rig->plan) {
        rc = stream_make(&stream);
    }
    rc = rc ? rc
            : hr_measure(rig, suite,
                         &(struct hr_case){.suite = SUITE,
                                           .name = name,
                                           .params = params,
                                           .metrics = metrics,
                                           .metrics_count = METRICS,
                                           .run = stream_trial,
                                           .context = &shared,
                                           .seconds = (double)stream.bytes * stream.passes / 15e9},
                         &result);
    if (result.json && result.status == HR_PASS) {
        const char *ceiling;
        double bandwidth = read_bandwidth(rig, &ceiling);

        if (ceiling) {
            hr_case_metric_bound(result.json, metrics[BANDWIDTH].name, ceiling, bandwidth);
            hr_case_metric_bound(result.json, metrics[DECODE].name, ceiling,
                                 bandwidth / (double)hr_model_token_bytes(m));
        }
    }
    hr_measure_result_free(&result);
    stream_close(&stream);
    json_decref(params);
    return rc;
}

static int inference_run(struct hr_bench *bench, json_t *suite)
{
    const char *models = hr_config_text(bench->rig.config, "inference.models");
    uint64_t context = hr_config_count(bench->rig.config, "inference.context");
    struct hr_language_model list[HR_MODELS_MAX];
    int count = 0, rc = *models ? hr_models_read(models, list, &count) : 0;

    for (int i = 0; i < count && rc == 0; i++) {
        size_case(bench, suite, &list[i], context);
        rc = decode_case(bench, suite, &list[i], context);
    }
    rc = rc ? rc : hr_llama_bench_case(bench, suite);
    rc = rc ? rc : hr_endpoint_case(bench, suite);
    if (rc == 0 && !bench->rig.plan && !*models &&
        json_array_size(json_object_get(suite, "cases")) == 0) {
        hr_suite_skip(suite, "no models were asked for", "run with -S inference.models=documents");
    }
    return rc;
}

extern const struct hr_suite_ops hr_suite_inference;
const struct hr_suite_ops hr_suite_inference = {
    .name = SUITE,
    .question = "How fast could a language model be decoded, and which fit?",
    .run = inference_run,
};
