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
#include "harness/statistics.h"
#include "suites/device_decode.h"
#include "suites/served.h"
#include "suites/weight_stream.h"

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
#define SPINS 2000 /* before a thread that waits lets others run */

enum { DECODE, BANDWIDTH, METRICS };
static const struct hr_measured metrics[METRICS] = {
    [DECODE] = {.name = "decode", .unit = "tokens/s", .higher = true},
    [BANDWIDTH] = {.name = "weight_bandwidth", .unit = "bytes/s", .higher = true},
};

/* The layers that are streamed, by so many threads. */
struct stream {
    struct hr_weight_stream weights;
    const struct hr_rig *rig;
    int threads;
    uint32_t **y; /* of each matrix */
    atomic_int waiting, round;
    atomic_int failed; /* errno of a thread that could not be bound */
};

static void answers_free(struct stream *s)
{
    for (int i = 0; s->y && i < s->weights.matrices_count; i++) {
        free(s->y[i]);
    }
    free(s->y);
    s->y = NULL;
}

static int answers_make(struct stream *s)
{
    s->y = calloc((size_t)s->weights.matrices_count, sizeof(*s->y));
    for (int i = 0; s->y && i < s->weights.matrices_count; i++) {
        s->y[i] = calloc(s->weights.matrices[i].rows, sizeof(**s->y));
        if (!s->y[i]) {
            return hr_fail(ENOMEM, "no memory for the answers of %u rows",
                           s->weights.matrices[i].rows);
        }
    }
    return s->y ? 0 : hr_fail(ENOMEM, "no memory for %d matrices", s->weights.matrices_count);
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
    for (int pass = 0; pass < s->weights.passes; pass++) {
        for (int i = 0; i < s->weights.matrices_count; i++) {
            const struct hr_matrix *m = &s->weights.matrices[i];
            uint64_t tiles = m->rows / HR_TILE;

            hr_matrix_multiply(
                m, s->weights.x, (uint32_t)(tiles * (uint64_t)w->index / (uint64_t)s->threads),
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

    for (int i = 0; i < s->weights.matrices_count; i++) {
        memset(s->y[i], 0, s->weights.matrices[i].rows * sizeof(**s->y));
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
    t->values[BANDWIDTH] = (double)s->weights.bytes * s->weights.passes / seconds;
    t->values[DECODE] = t->values[BANDWIDTH] / (double)hr_model_token_bytes(s->weights.model);
    hr_trial_digest(t, hr_weight_stream_digest(&s->weights, (const uint32_t *const *)s->y),
                    s->weights.expected);
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
    hr_case_figure(c, "needed", "bytes", true, (double)needed, NULL);
    if (bandwidth > 0) {
        hr_case_figure(c, "decode_at_most", "tokens/s", true,
                       bandwidth / (double)hr_model_token_bytes(m), NULL);
    } else {
        hr_case_metric_null(c, "decode_at_most", "tokens/s", "the ceilings were not measured");
    }
}

/* Decoded by the processors. `needed` bytes hold the whole model and its context. */
static int decode_case(struct hr_bench *bench, json_t *suite, struct stream *s, const char *name,
                       json_t *params, uint64_t needed)
{
    struct hr_rig *rig = &bench->rig;
    struct hr_measure_result result = {0};
    uint64_t available = hr_memory_available();
    char why[200];
    int rc;

    if (needed > available + s->weights.region.bytes) {
        snprintf(why, sizeof(why), "it needs %.1f GiB with its context, %.1f GiB are free here",
                 (double)needed / 1073741824.0, (double)available / 1073741824.0);
        hr_measure_refuse(rig, suite, SUITE, name, params, HR_SKIP, why,
                          "a machine with more memory, or a smaller model (inference.models)");
        return 0;
    }
    rc = s->weights.matrices ? answers_make(s) : 0;
    rc = rc ? rc
            : hr_measure(
                  rig, suite,
                  &(struct hr_case){.suite = SUITE,
                                    .name = name,
                                    .params = params,
                                    .metrics = metrics,
                                    .metrics_count = METRICS,
                                    .run = stream_trial,
                                    .context = &s,
                                    .seconds = (double)s->weights.bytes * s->weights.passes / 15e9},
                  &result);
    if (result.json && result.status == HR_PASS) {
        const char *ceiling;
        double bandwidth = read_bandwidth(rig, &ceiling);

        if (ceiling) {
            hr_case_metric_bound(result.json, metrics[BANDWIDTH].name, ceiling, bandwidth);
            hr_case_metric_bound(result.json, metrics[DECODE].name, ceiling,
                                 bandwidth / (double)hr_model_token_bytes(s->weights.model));
        }
    }
    hr_measure_result_free(&result);
    answers_free(s);
    return rc;
}

/* By the processors, and by each device that is here: the same weights. */
static int decode_cases(struct hr_bench *bench, json_t *suite,
                        const struct hr_decode_devices *devices, const struct hr_language_model *m,
                        uint64_t context)
{
    struct hr_rig *rig = &bench->rig;
    struct stream stream = {.rig = rig};
    uint64_t needed = hr_model_weight_bytes(m) + context * hr_model_context_bytes(m);
    json_t *params = params_of(m, context);
    char name[96], id[256], why[200];
    int rc = 0;

    hr_weight_stream_plan(&stream.weights, m, hr_config_count(rig->config, "inference.bytes"));
    stream.threads = rig->cpus_count < 1             ? 1
                     : rig->cpus_count > THREADS_MAX ? THREADS_MAX
                                                     : rig->cpus_count;
    json_object_set_new(params, "layers_streamed", json_integer((json_int_t)stream.weights.layers));
    json_object_set_new(params, "threads", json_integer(stream.threads));
    json_object_set_new(params, "left_out", json_string("attention, norms, sampling"));
    snprintf(name, sizeof(name), "decode/model=%.60s", m->id);
    hr_case_id(rig, SUITE, name, id, sizeof(id));
    if (stream.weights.bytes > rig->memory_max_bytes) {
        snprintf(why, sizeof(why), "so much as %.1f GiB of it may not be used here, %.1f GiB may",
                 (double)stream.weights.bytes / 1073741824.0,
                 (double)rig->memory_max_bytes / 1073741824.0);
        hr_measure_refuse(rig, suite, SUITE, name, params, HR_SKIP, why,
                          "a machine with more memory, or a smaller inference.bytes");
        json_decref(params);
        return 0;
    }
    if (!rig->plan && (hr_case_wanted(rig, id) || hr_device_decode_wanted(bench, devices, m))) {
        rc = hr_weight_stream_make(&stream.weights);
    }
    rc = rc ? rc : decode_case(bench, suite, &stream, name, params, needed);
    rc = rc ? rc : hr_device_decode_cases(bench, suite, devices, &stream.weights, needed);
    hr_weight_stream_close(&stream.weights);
    json_decref(params);
    return rc;
}

static int inference_run(struct hr_bench *bench, json_t *suite)
{
    const char *models = hr_config_text(bench->rig.config, "inference.models");
    uint64_t context = hr_config_count(bench->rig.config, "inference.context");
    struct hr_language_model list[HR_MODELS_MAX];
    struct hr_decode_devices devices = {.count = 0};
    int count = 0, rc = *models ? hr_models_read(models, list, &count) : 0;

    rc = rc == 0 && count ? hr_decode_devices_find(bench->rig.config, &devices) : rc;
    for (int i = 0; i < count && rc == 0; i++) {
        size_case(bench, suite, &list[i], context);
        rc = decode_cases(bench, suite, &devices, &list[i], context);
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
