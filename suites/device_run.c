/*
 * device_run.c - how many orders a second does a device take in batches of this size, and how long
 * is an order in one?
 *
 * It cannot see what a device does with the rest of its time, nor other users of it. Device times
 * are the API's own events'.
 */
#include "suites/device_run.h"

#include "harness/clock.h"
#include "harness/error.h"
#include "harness/progress.h"
#include "suites/closed_run.h"
#include "suites/percentiles.h"

#include <errno.h>
#include <math.h>
#include <string.h>

enum {
    THROUGHPUT = HR_DEVICE_THROUGHPUT,
    EVENTS,
    RESIDENT,
    PINNED = HR_DEVICE_PINNED,
    SERVICE_P50,
    SERVICE_P99,
    RESIDENCE_P50,
    RESIDENCE_P99,
    COPY_IN,
    SORT,
    MATCH,
    ORDER,
    COPY_OUT,
    FIGURES
};

static const struct hr_measured figures[FIGURES] = {
    [THROUGHPUT] = {.name = "throughput", .unit = "orders/s", .higher = true},
    [EVENTS] = {.name = "events", .unit = "events/s", .higher = true},
    [RESIDENT] = {.name = "resident", .unit = "orders/s", .higher = true},
    [PINNED] = {.name = "pinned", .unit = "orders/s", .higher = true},
    [SERVICE_P50] = {.name = "batch_p50", .unit = "ns"},
    [SERVICE_P99] = {.name = "batch_p99", .unit = "ns"},
    [RESIDENCE_P50] = {.name = "residence_p50", .unit = "ns"},
    [RESIDENCE_P99] = {.name = "residence_p99", .unit = "ns"},
    [COPY_IN] = {.name = "copy_in", .unit = "ns/order"},
    [SORT] = {.name = "sort", .unit = "ns/order"},
    [MATCH] = {.name = "match", .unit = "ns/order"},
    [ORDER] = {.name = "events_in_order", .unit = "ns/order"},
    [COPY_OUT] = {.name = "copy_out", .unit = "ns/order"},
};
static const char *const histogram_names[] = {"batch", NULL};

struct device_run {
    const struct hr_device_case *wanted;
    const struct hr_workload *workload;
    struct hr_device_drive drive;
};

int hr_device_digest(struct hr_trial *t, struct eut_device_engine *engine, uint64_t expected)
{
    uint64_t digest = 0;
    int rc = eut_device_engine_digest(engine, &digest);

    if (rc == 0) {
        hr_trial_digest(t, digest, expected);
    }
    return rc;
}

static void note_times(struct hr_trial *t, const struct eut_device_times *before,
                       const struct eut_device_times *after)
{
    double orders = (double)(after->requests - before->requests);

    t->values[COPY_IN] = (double)(after->in_ns - before->in_ns) / orders;
    t->values[SORT] = (double)(after->sort_ns - before->sort_ns) / orders;
    t->values[MATCH] = (double)(after->match_ns - before->match_ns) / orders;
    t->values[ORDER] = (double)(after->events_ns - before->events_ns) / orders;
    t->values[COPY_OUT] = (double)(after->out_ns - before->out_ns) / orders;
}

/* The oldest order of a batch waits until the batch is full, at the rate that was reached, and then
 * for the batch. */
static void note_latency(struct hr_trial *t, uint32_t batch)
{
    static const char few[] = "too few batches for this percentile";
    double fill_ns = (double)batch / t->values[THROUGHPUT] * 1e9;

    t->values[SERVICE_P50] = hr_percentile_or_nan(t->histograms[0], 50);
    t->values[SERVICE_P99] = hr_percentile_or_nan(t->histograms[0], 99);
    t->values[RESIDENCE_P50] = fill_ns + t->values[SERVICE_P50];
    t->values[RESIDENCE_P99] = fill_ns + t->values[SERVICE_P99];
    for (int m = SERVICE_P50; m <= RESIDENCE_P99; m++) {
        t->reasons[m] = few;
    }
}

static int end_to_end(const struct device_run *run, struct hr_trial *t)
{
    const struct hr_workload *w = run->workload;
    struct eut_device_times before, after;
    struct eut_device_engine *engine;
    uint64_t events = 0;
    int rc = hr_device_books(&run->drive, w->tape, &engine);

    if (rc == 0) {
        uint64_t began_ns;

        eut_device_engine_times(engine, &before);
        hr_trial_start(t);
        began_ns = hr_clock_ns();
        rc = hr_device_submit(engine, w->tape->steady_requests, w->steady, run->wanted->batch,
                              &events, t->histograms[0]);
        double seconds = (double)(hr_clock_ns() - began_ns) / 1e9;

        hr_trial_stop(t);
        t->values[THROUGHPUT] = (double)w->steady / seconds;
        t->values[EVENTS] = (double)events / seconds;
    }
    rc = rc ? rc : hr_device_digest(t, engine, w->digest);
    if (rc == 0) {
        eut_device_engine_times(engine, &after);
        note_times(t, &before, &after);
        note_latency(t, run->wanted->batch);
    }
    eut_device_engine_close(engine);
    return rc;
}

/* As end to end, but what the host would only copy it does not copy. */
static int pinned(const struct device_run *run, struct hr_trial *t)
{
    const struct hr_workload *w = run->workload;
    uint64_t events = 0, began_ns;
    struct eut_device_engine *engine;
    struct eut_request *requests;
    int rc = hr_device_books_pinned(&run->drive, w->tape, w->steady, &engine, &requests);

    began_ns = hr_clock_ns();
    rc = rc ? rc : hr_device_pinned(engine, requests, w->steady, run->wanted->batch, &events);
    if (rc == -ENOMEM) {
        t->reasons[PINNED] = "no pinned memory for all requests at once";
        rc = 0;
    } else if (rc == 0) {
        t->values[PINNED] = (double)w->steady / ((double)(hr_clock_ns() - began_ns) / 1e9);
        rc = hr_device_digest(t, engine, w->digest);
    }
    eut_device_engine_close(engine);
    return rc;
}

static int resident(const struct device_run *run, struct hr_trial *t)
{
    const struct hr_workload *w = run->workload;
    uint32_t batch = run->wanted->batch;
    uint64_t events = 0, ns = 0;
    struct eut_device_engine *engine;
    int rc = hr_device_books(&run->drive, w->tape, &engine);

    rc = rc ? rc : eut_device_engine_load(engine, w->tape->steady_requests, w->steady, batch);
    if (rc == 0) {
        rc = eut_device_engine_resident(engine, 0, (uint32_t)((w->steady + batch - 1) / batch),
                                        &events, &ns);
    }
    if (rc == -EINVAL || rc == -ENOTSUP || rc == -ENOMEM) {
        t->reasons[RESIDENT] = rc == -EINVAL ? "a batch of this size is matched in several slices"
                               : rc == -ENOMEM
                                   ? "no device memory for all batches at once"
                                   : "limits might be met: the host must look between batches";
        rc = 0;
    } else if (rc == 0) {
        t->values[RESIDENT] = ns ? (double)w->steady / ((double)ns / 1e9) : (double)NAN;
        t->reasons[RESIDENT] = "this device's clock does not tell";
        rc = hr_device_digest(t, engine, w->digest);
    }
    eut_device_engine_close(engine);
    return rc;
}

static int device_trial(const struct hr_case *c, struct hr_trial *t)
{
    const struct device_run *run = c->context;
    int rc = end_to_end(run, t);

    rc = rc ? rc : pinned(run, t);
    return rc ? rc : resident(run, t);
}

struct hr_device_drive hr_device_drive_of(const struct hr_device_case *wanted)
{
    return (struct hr_device_drive){
        .api = wanted->api, .number = wanted->number, .flow = wanted->flow, .batch = wanted->batch};
}

json_t *hr_device_case_params(const struct hr_device_case *wanted)
{
    json_t *params = hr_flow_case_params(&wanted->flow);

    json_object_set_new(params, "batch", json_integer((json_int_t)wanted->batch));
    json_object_set_new(params, "orders", json_integer((json_int_t)wanted->orders));
    json_object_set_new(params, "device", json_integer((json_int_t)wanted->number));
    if (wanted->extra) {
        json_object_update(params, wanted->extra);
    }
    return params;
}

static int measure(struct hr_bench *bench, json_t *suite, const struct hr_device_case *wanted,
                   json_t *params, struct hr_measure_result *result)
{
    struct hr_measured metrics[FIGURES];
    struct hr_workload workload;
    struct device_run run = {wanted, &workload, hr_device_drive_of(wanted)};
    double driven = (double)(hr_flow_load(&wanted->flow) + wanted->orders);
    int rc = hr_rig_workload(&bench->rig, &wanted->flow, wanted->orders, &workload);

    if (rc) {
        return hr_refuse_workload(bench, suite, "device", wanted->name, params, rc, result);
    }
    memcpy(metrics, figures, sizeof(figures));
    metrics[THROUGHPUT].ceiling = wanted->ceiling;
    metrics[THROUGHPUT].ceiling_value = wanted->ceiling_value;
    metrics[PINNED].ceiling = wanted->ceiling;
    metrics[PINNED].ceiling_value = wanted->ceiling_value;
    metrics[RESIDENT].ceiling = wanted->ceiling_resident;
    metrics[RESIDENT].ceiling_value = wanted->ceiling_resident_value;
    return hr_measure(&bench->rig, suite,
                      &(struct hr_case){.suite = "device",
                                        .name = wanted->name,
                                        .params = params,
                                        .metrics = metrics,
                                        .metrics_count = FIGURES,
                                        .histograms = histogram_names,
                                        .run = device_trial,
                                        .context = &run,
                                        .seconds = 3 * driven / wanted->plan_per_s},
                      result);
}

int hr_device_case_run(struct hr_bench *bench, json_t *suite, const struct hr_device_case *wanted,
                       struct hr_measure_result *result)
{
    char id[256];
    json_t *params;
    int rc;

    if (result) {
        memset(result, 0, sizeof(*result));
    }
    hr_case_id(&bench->rig, "device", wanted->name, id, sizeof(id));
    if (!hr_case_wanted(&bench->rig, id)) {
        return 0;
    }
    params = hr_device_case_params(wanted);
    rc = measure(bench, suite, wanted, params, result);
    json_decref(params);
    return rc;
}
