/*
 * device_decode.c - quantised weights through a device's kernels, as a decoder's matrices follow
 * each other. As on the processors it is an upper bound: attention, norms and sampling are left
 * out.
 */
#include "suites/device_decode.h"

#include "engine-under-test/device/device_product.h"
#include "harness/error.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SUITE "inference"
#define CPU_PASSES_SHARE \
    4                  /* a processor's run is shorter, since the processors' own case is there */
#define PAIR_BYTES 8.0 /* a compare of the device's ceilings reads two prices of 4 bytes */

enum { DECODE, BANDWIDTH, METRICS };
static const struct hr_measured metrics[METRICS] = {
    [DECODE] = {.name = "decode", .unit = "tokens/s", .higher = true},
    [BANDWIDTH] = {.name = "weight_bandwidth", .unit = "bytes/s", .higher = true},
};

struct decoding {
    const struct hr_weight_stream *stream;
    struct eut_product *product;
    enum eut_device_kind kind;
    uint32_t passes;
};

static int trial(const struct hr_case *c, struct hr_trial *t)
{
    const struct decoding *d = *(const struct decoding *const *)c->context;
    const struct hr_weight_stream *s = d->stream;
    const uint32_t **y = calloc((size_t)s->matrices_count, sizeof(*y));
    uint64_t ns = 0;
    int rc = y ? 0 : hr_fail(ENOMEM, "no memory for a run");

    if (rc == 0) {
        hr_trial_start(t);
        rc = eut_product_run(d->product, d->passes, &ns);
        hr_trial_stop(t);
    }
    if (rc == 0 && ns == 0) {
        rc = hr_fail(EIO, "the device's clock stood still");
    }
    for (int i = 0; rc == 0 && i < s->matrices_count; i++) {
        y[i] = eut_product_answer(d->product, (uint32_t)i);
    }
    if (rc == 0) {
        t->values[BANDWIDTH] = (double)s->bytes * d->passes / ((double)ns / 1e9);
        t->values[DECODE] = t->values[BANDWIDTH] / (double)hr_model_token_bytes(s->model);
        hr_trial_digest(t, hr_weight_stream_digest(s, y), s->expected);
    }
    free(y);
    return rc;
}

static int open_product(struct decoding *d, const struct eut_device_api *api)
{
    const struct hr_weight_stream *s = d->stream;
    struct eut_product_matrix *m = calloc((size_t)s->matrices_count, sizeof(*m));
    int rc = m ? 0 : hr_fail(ENOMEM, "no memory for %d matrices", s->matrices_count);

    for (int i = 0; rc == 0 && i < s->matrices_count; i++) {
        const struct hr_matrix *from = &s->matrices[i];

        m[i] = (struct eut_product_matrix){
            .tiles = from->tiles,
            .bytes = hr_matrix_bytes(from->rows, from->columns, from->bits),
            .rows = from->rows,
            .columns = from->columns,
            .bits = (uint32_t)from->bits,
        };
    }
    rc = rc ? rc : eut_product_open(api, 0, m, (uint32_t)s->matrices_count, s->x, &d->product);
    free(m);
    return rc;
}

/* What the device reads at most, by what this run measured of it. */
static void bound(json_t *c, const struct hr_rig *rig, const char *api,
                  const struct hr_language_model *model)
{
    const json_t *ceiling;
    char id[128];
    size_t i;

    snprintf(id, sizeof(id), "device/%s/compares", api);
    json_array_foreach (json_object_get(hr_record_json(rig->record), "ceilings"), i, ceiling) {
        const char *here = json_string_value(json_object_get(ceiling, "id"));
        double rate = json_number_value(json_object_get(ceiling, "estimate")) * PAIR_BYTES;

        if (here && strcmp(here, id) == 0 && rate > 0) {
            hr_case_metric_bound(c, metrics[BANDWIDTH].name, id, rate);
            hr_case_metric_bound(c, metrics[DECODE].name, id,
                                 rate / (double)hr_model_token_bytes(model));
        }
    }
}

static json_t *params_of(const struct hr_weight_stream *s, const struct eut_device_facts *f,
                         uint32_t passes)
{
    static const char *const kinds[] = {
        [EUT_DEVICE_CPU] = "cpu", [EUT_DEVICE_GPU] = "gpu", [EUT_DEVICE_OTHER] = "other"};

    return json_pack("{s:s, s:i, s:I, s:i, s:i, s:{s:s, s:s, s:s, s:I}, s:s}", "model",
                     s->model->name, "bits", (int)s->model->bits, "token_bytes",
                     (json_int_t)hr_model_token_bytes(s->model), "layers_streamed", (int)s->layers,
                     "passes", (int)passes, "device", "api", f->api, "name", f->name, "kind",
                     kinds[f->kind], "memory_bytes", (json_int_t)f->memory_bytes, "left_out",
                     "attention, norms, sampling");
}

static bool is_cpu(const struct decoding *d)
{
    return d->kind == EUT_DEVICE_CPU;
}

static int measure(struct hr_bench *bench, json_t *suite, struct decoding *d, const char *name,
                   const struct eut_device_api *api, json_t *params)
{
    struct hr_measure_result result = {0};
    const struct decoding *shared = d;
    char id[256], why[300];
    int rc = 0;

    hr_case_id(&bench->rig, SUITE, name, id, sizeof(id));
    if (hr_case_wanted(&bench->rig, id) && !bench->rig.plan) {
        rc = open_product(d, api);
    }
    if (rc) {
        snprintf(why, sizeof(why), "%.280s", hr_error());
        hr_error_clear();
        hr_measure_refuse(&bench->rig, suite, SUITE, name, params, HR_SKIP, why,
                          "give the device what it lacks, and run again");
        return 0;
    }
    rc = hr_measure(&bench->rig, suite,
                    &(struct hr_case){.suite = SUITE,
                                      .name = name,
                                      .params = params,
                                      .metrics = metrics,
                                      .metrics_count = METRICS,
                                      .run = trial,
                                      .context = &shared,
                                      .seconds = (double)d->stream->bytes * d->passes /
                                                 (is_cpu(d) ? 1.5e9 : 15e9)},
                    &result);
    if (result.json && result.status == HR_PASS) {
        bound(result.json, &bench->rig, api->name, d->stream->model);
    }
    hr_measure_result_free(&result);
    eut_product_close(d->product);
    return rc;
}

static int one_device(struct hr_bench *bench, json_t *suite, struct hr_weight_stream *stream,
                      uint64_t needed, const char *name, const struct eut_device_api *api,
                      const struct eut_device_facts *facts)
{
    struct decoding d = {.stream = stream, .kind = facts->kind, .passes = (uint32_t)stream->passes};
    json_t *params;
    char why[200];
    int rc = 0;

    if (is_cpu(&d)) {
        d.passes = d.passes > CPU_PASSES_SHARE ? d.passes / CPU_PASSES_SHARE : 1;
    }
    params = params_of(stream, facts, d.passes);
    if (facts->memory_bytes && needed > facts->memory_bytes) {
        snprintf(why, sizeof(why), "it needs %.1f GiB with its context, the device has %.1f GiB",
                 (double)needed / 1073741824.0, (double)facts->memory_bytes / 1073741824.0);
        hr_measure_refuse(&bench->rig, suite, SUITE, name, params, HR_SKIP, why,
                          "a device with more memory, or a smaller model (inference.models)");
    } else {
        rc = measure(bench, suite, &d, name, api, params);
    }
    json_decref(params);
    return rc;
}

int hr_decode_devices_find(const struct hr_config *config, struct hr_decode_devices *devices)
{
    const char *at = hr_config_text(config, "device.apis");
    struct eut_device_answer *answer = calloc(1, sizeof(*answer));
    char name[HR_CONFIG_NAME_MAX];

    devices->count = 0;
    if (!answer) {
        return hr_fail(ENOMEM, "no memory for a list of devices");
    }
    while (devices->count < HR_DECODE_DEVICES_MAX && hr_config_name_next(&at, name)) {
        const struct eut_device_api *api = eut_device_api_find(name);

        if (!api) {
            continue; /* the suite device refuses such a setting */
        }
        eut_devices_ask(api, answer);
        if (answer->rc == 0 && answer->count > 0) {
            devices->api[devices->count] = api;
            devices->facts[devices->count++] = answer->facts[0];
        }
    }
    free(answer);
    return 0;
}

static void name_case(const char *api, const struct hr_language_model *model, char name[120])
{
    snprintf(name, 120, "decode/device=%.20s/model=%.60s", api, model->id);
}

bool hr_device_decode_wanted(struct hr_bench *bench, const struct hr_decode_devices *devices,
                             const struct hr_language_model *model)
{
    char name[120], id[256];

    for (int i = 0; i < devices->count; i++) {
        name_case(devices->api[i]->name, model, name);
        hr_case_id(&bench->rig, SUITE, name, id, sizeof(id));
        if (hr_case_wanted(&bench->rig, id)) {
            return true;
        }
    }
    return false;
}

int hr_device_decode_cases(struct hr_bench *bench, json_t *suite,
                           const struct hr_decode_devices *devices, struct hr_weight_stream *stream,
                           uint64_t needed)
{
    int rc = 0;

    for (int i = 0; i < devices->count && rc == 0; i++) {
        char name[120];

        name_case(devices->api[i]->name, stream->model, name);
        rc = one_device(bench, suite, stream, needed, name, devices->api[i], &devices->facts[i]);
    }
    return rc;
}
