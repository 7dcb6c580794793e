/*
 * device_load.c - how long does an order reside that comes at a given rate, and what energy do
 * orders take on a device?
 *
 * How: orders lie in pinned memory and are due one after the other at even distances; the device
 * gets whatever is due as soon as it has given the batch before back. Energy is the device's own
 * counter, around runs that are repeated until it has moved enough. It cannot see what the host
 * used meanwhile.
 */
#include "suites/device_run.h"

#include "harness/clock.h"
#include "harness/error.h"
#include "suites/closed_run.h"
#include "suites/percentiles.h"

#include <errno.h>
#include <math.h>

#define KEPT 0.98 /* of the offered rate, else it was not kept */

struct load_run {
    const struct hr_device_case *wanted;
    const struct hr_workload *workload;
    struct hr_device_drive drive;
    double rate;
    const struct eut_device_facts *facts;
    double seconds;
};

/* Workload and case around a callback, for both. */
static int measure(struct hr_bench *bench, json_t *suite, struct load_run *run, struct hr_case c,
                   struct hr_measure_result *result)
{
    const struct hr_device_case *wanted = run->wanted;
    json_t *params = hr_device_case_params(wanted);
    struct hr_workload workload;
    int rc = hr_rig_workload(&bench->rig, &wanted->flow, wanted->orders, &workload);

    if (rc) {
        rc = hr_refuse_workload(bench, suite, "device", wanted->name, params, rc, result);
    } else {
        run->workload = &workload;
        run->drive = hr_device_drive_of(wanted);
        c.suite = "device";
        c.name = wanted->name;
        c.params = params;
        c.context = run;
        rc = hr_measure(&bench->rig, suite, &c, result);
    }
    json_decref(params);
    return rc;
}

static bool is_wanted(const struct hr_bench *bench, const char *name)
{
    char id[256];

    hr_case_id(&bench->rig, "device", name, id, sizeof(id));
    return hr_case_wanted(&bench->rig, id);
}

/* ---- at a given rate --------------------------------------------------------------- */

enum { REACHED, RESIDENCE_P50, RESIDENCE_P99, RESIDENCE_MAX, BATCH, OFFERED_FIGURES };

static const struct hr_measured offered_figures[OFFERED_FIGURES] = {
    [REACHED] = {.name = "reached", .unit = "orders/s", .higher = true},
    [RESIDENCE_P50] = {.name = "residence_p50", .unit = "ns"},
    [RESIDENCE_P99] = {.name = "residence_p99", .unit = "ns"},
    [RESIDENCE_MAX] = {.name = "residence_max", .unit = "ns"},
    [BATCH] = {.name = "batch_mean", .unit = "orders"},
};
static const char *const offered_histograms[] = {"residence", NULL};

static int offered_trial(const struct hr_case *c, struct hr_trial *t)
{
    const struct load_run *run = c->context;
    struct hr_device_offered offered = {.batches = 1};
    struct eut_device_engine *engine;
    struct eut_request *requests;
    int rc = hr_device_books_pinned(&run->drive, run->workload->tape, run->workload->steady,
                                    &engine, &requests);

    if (rc == 0) {
        hr_trial_start(t);
        rc = hr_device_offer(engine, requests, run->workload->steady, run->wanted->batch, run->rate,
                             t->histograms[0], &offered);
        hr_trial_stop(t);
        t->values[REACHED] = offered.reached;
        t->values[BATCH] = (double)run->workload->steady / (double)offered.batches;
    }
    rc = rc ? rc : hr_device_digest(t, engine, run->workload->digest);
    eut_device_engine_close(engine);
    t->values[RESIDENCE_P50] = hr_percentile_or_nan(t->histograms[0], 50);
    t->values[RESIDENCE_P99] = hr_percentile_or_nan(t->histograms[0], 99);
    t->values[RESIDENCE_MAX] = hr_percentile_or_nan(t->histograms[0], 100);
    for (int m = RESIDENCE_P50; m <= RESIDENCE_MAX; m++) {
        t->reasons[m] = "too few orders for this percentile";
    }
    return rc;
}

static void judge(struct hr_bench *bench, struct hr_measure_result *r, double rate,
                  uint64_t bound_ns)
{
    double reached = hr_measure_median(r, REACHED), p99 = hr_measure_median(r, RESIDENCE_P99);
    char why[160];

    if (r->status != HR_PASS || !r->json || !(p99 > (double)bound_ns)) {
        return;
    }
    if (reached < KEPT * rate) {
        snprintf(why, sizeof(why), "%.4g M orders/s were offered, %.4g M were kept up with",
                 rate / 1e6, reached / 1e6);
        hr_measure_missed(&bench->rig, r, why, "offer less (device.offered)");
    } else {
        snprintf(why, sizeof(why), "p99 of the residence is %.4g ms, the bound %.4g ms", p99 / 1e6,
                 (double)bound_ns / 1e6);
        hr_measure_missed(&bench->rig, r, why, "offer less (device.offered), or smaller batches");
    }
}

int hr_device_offered_run(struct hr_bench *bench, json_t *suite,
                          const struct hr_device_case *wanted, double rate, uint64_t bound_ns)
{
    double driven = (double)(hr_flow_load(&wanted->flow) + wanted->orders);
    struct load_run run = {.wanted = wanted, .rate = rate};
    struct hr_measure_result result = {0};
    int rc;

    if (!is_wanted(bench, wanted->name)) {
        return 0;
    }
    rc = measure(bench, suite, &run,
                 (struct hr_case){.metrics = offered_figures,
                                  .metrics_count = OFFERED_FIGURES,
                                  .histograms = offered_histograms,
                                  .run = offered_trial,
                                  .seconds = driven / wanted->plan_per_s},
                 &result);
    if (rc == 0) {
        judge(bench, &result, rate, bound_ns);
    }
    hr_measure_result_free(&result);
    return rc;
}

/* ---- energy ------------------------------------------------------------------------ */

enum { POWER, PER_JOULE, ENERGY_FIGURES };

static const struct hr_measured energy_figures[ENERGY_FIGURES] = {
    [POWER] = {.name = "device_power", .unit = "W"},
    [PER_JOULE] = {.name = "orders_per_joule", .unit = "orders/J", .higher = true},
};

static int whole_run(const struct load_run *run, struct hr_trial *t)
{
    const struct hr_workload *w = run->workload;
    uint64_t events = 0, digest = 0;
    struct eut_device_engine *engine;
    struct eut_request *requests;
    int rc = hr_device_books_pinned(&run->drive, w->tape, w->steady, &engine, &requests);

    rc = rc ? rc : hr_device_pinned(engine, requests, w->steady, run->wanted->batch, &events);
    rc = rc ? rc : eut_device_engine_digest(engine, &digest);
    if (rc == 0 && (!t->digested || digest != w->digest)) {
        hr_trial_digest(t, digest, w->digest);
    }
    eut_device_engine_close(engine);
    return rc;
}

static int energy_trial(const struct hr_case *c, struct hr_trial *t)
{
    const struct load_run *run = c->context;
    uint64_t before, after, orders = 0, began_ns = hr_clock_ns();
    int rc = eut_device_energy(run->facts, &before);
    double seconds = 0;

    hr_trial_start(t);
    while (rc == 0 && seconds < run->seconds) {
        rc = whole_run(run, t);
        orders += run->workload->tape->load + run->workload->steady;
        seconds = (double)(hr_clock_ns() - began_ns) / 1e9;
    }
    hr_trial_stop(t);
    rc = rc ? rc : eut_device_energy(run->facts, &after);
    if (rc == 0 && after > before) {
        t->values[POWER] = (double)(after - before) / 1e3 / seconds;
        t->values[PER_JOULE] = (double)orders / ((double)(after - before) / 1e3);
    }
    t->reasons[POWER] = t->reasons[PER_JOULE] = "the device's counter did not move";
    return rc;
}

int hr_device_energy_run(struct hr_bench *bench, json_t *suite, const struct hr_device_case *wanted,
                         const struct eut_device_facts *facts, double seconds)
{
    struct load_run run = {.wanted = wanted, .facts = facts, .seconds = seconds};
    uint64_t millijoules;

    if (!is_wanted(bench, wanted->name)) {
        return 0;
    }
    if (eut_device_energy(facts, &millijoules) != 0) {
        json_t *params = hr_device_case_params(wanted);

        hr_measure_refuse(&bench->rig, suite, "device", wanted->name, params, HR_SKIP, hr_error(),
                          "needs a device that counts its energy, as NVIDIA's do");
        json_decref(params);
        return 0;
    }
    return measure(bench, suite, &run,
                   (struct hr_case){.metrics = energy_figures,
                                    .metrics_count = ENERGY_FIGURES,
                                    .run = energy_trial,
                                    .seconds = seconds},
                   NULL);
}
