/*
 * device.c - what does a GPU, or whatever else runs the device engine, make of an order flow?
 *
 * For each API in device.apis: is there a device, does the engine conform on that very device, how
 * fast is it by batch size and by market count, end to end and resident, and from which batch size
 * on is it faster than the engine under test. A device that is not there is SKIP with the reason;
 * one that answers wrong is FAIL, and its speed is nobody's business.
 */
#include "suites/device_run.h"

#include "engine-under-test/conform.h"
#include "engine-under-test/device/device_ceilings.h"
#include "harness/error.h"
#include "harness/progress.h"
#include "suites/closed_run.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

static const char suite_name[] = "device";

#define APIS_MAX 8
/* For the plan: orders a second of a device that is the processor, and of a GPU. */
#define PLAN_CPU_PER_S 3e6
#define PLAN_GPU_PER_S 1e8
#define KNOWN_PER_S 5e4 /* for the plan: hostile requests that a CPU device judges a second */
#define ORDER_LINES 4.0 /* market, level, order, id index */

struct api {
    char name[HR_CONFIG_NAME_MAX];
    const struct eut_engine *engine;
    const struct eut_device_api *api;
    struct eut_device_facts facts; /* of its first device */
    bool right;                    /* there is a device, and the engine conforms on it */
    char ceiling[96], ceiling_resident[96];
    double ceiling_value, ceiling_resident_value; /* orders/s, 0: not measured */
};

/* ---- is it there, and is it right? ------------------------------------------------ */

static int name_api(struct api *a)
{
    char spec[HR_CONFIG_NAME_MAX + 8];

    snprintf(spec, sizeof(spec), "device:%.*s", HR_CONFIG_NAME_MAX, a->name);
    a->api = eut_device_api_find(a->name);
    a->engine = strcmp(eut_device_host.name, spec) == 0 ? &eut_device_host : NULL;
    for (const struct eut_engine *const *e = eut_device_engines; *e; e++) {
        a->engine = strcmp((*e)->name, spec) == 0 ? *e : a->engine;
    }
    return a->api && a->engine
               ? 0
               : hr_fail(EINVAL, "device.apis: %s is none: cuda, metal, opencl or host", a->name);
}

static json_t *facts_json(const struct eut_device_facts *f)
{
    static const char *const kinds[] = {
        [EUT_DEVICE_CPU] = "cpu", [EUT_DEVICE_GPU] = "gpu", [EUT_DEVICE_OTHER] = "other"};

    return json_pack("{s:s, s:s, s:s, s:s, s:b, s:I, s:I}", "name", f->name, "vendor", f->vendor,
                     "driver", f->driver, "kind", kinds[f->kind], "unified", f->unified,
                     "memory_bytes", (json_int_t)f->memory_bytes, "compute_units",
                     (json_int_t)f->compute_units);
}

static void count_metric(json_t *c, const char *name, double value)
{
    hr_case_metric(c,
                   &(struct hr_metric){
                       .name = name, .unit = "count", .higher = true, .samples = &value, .n = 1});
}

/* A case without runs: what the known answers were. */
static void known_case(struct hr_bench *bench, json_t *suite, enum hr_status status,
                       const struct eut_conform_result *r, json_t *params, const char *reason,
                       const char *advice)
{
    json_t *c = hr_measure_refuse(&bench->rig, suite, suite_name, "known-answer", params, status,
                                  reason, advice);

    if (c && r) {
        count_metric(c, "scenarios", r->scenarios);
        count_metric(c, "requests", (double)r->requests);
    }
}

/* The engine's rules, on that very device, in a child process. */
static int judge(struct hr_bench *bench, json_t *suite, struct api *a, json_t *params)
{
    struct eut_conform_result r = {0};
    int rc =
        eut_conform(&(struct eut_conform_params){.engine = a->engine,
                                                 .seed = 1,
                                                 .requests = hr_config_count(
                                                     bench->rig.config, "device.known_requests")},
                    &r);

    if (rc == -EINTR || (rc == 0 && hr_stop_signal())) {
        return hr_fail(EINTR, "interrupted");
    }
    a->right = rc == 0;
    /* An engine that cannot be made on the device has not got anything wrong. */
    rc = rc > 0 && eut_device_engine_try(a->engine) != 0 ? -EIO : rc;
    if (rc < 0) {
        known_case(bench, suite, HR_SKIP, NULL, params, *hr_error() ? hr_error() : strerror(-rc),
                   "give the device what it lacks, and run again");
    } else {
        known_case(bench, suite, rc ? HR_FAIL : HR_PASS, &r, params, rc ? r.first_failure : NULL,
                   rc ? "run `headroom conform -e device:API` for the shortest flow that shows it"
                      : NULL);
    }
    return 0;
}

/* Judges, or while planning only says what that will take. */
static int known_answer(struct hr_bench *bench, json_t *suite, struct api *a)
{
    struct eut_device_answer *answer = calloc(1, sizeof(*answer));
    json_t *params;
    int rc = 0;

    if (!answer) {
        return hr_fail(ENOMEM, "no memory for a list of devices");
    }
    eut_devices_ask(a->api, answer);
    a->right = answer->rc == 0 && answer->count > 0;
    if (!a->right) {
        known_case(bench, suite, HR_SKIP, NULL, NULL, answer->why,
                   "needs a host with such a device, and its driver");
        free(answer);
        return 0;
    }
    a->facts = answer->facts[0];
    params = json_pack("{s:o}", "device", facts_json(&a->facts));
    if (bench->rig.plan) {
        bench->rig.planned_s +=
            (double)hr_config_count(bench->rig.config, "device.known_requests") / KNOWN_PER_S;
        known_case(bench, suite, HR_PASS, NULL, params, NULL, NULL);
    } else {
        hr_progress_step(a->engine->name, 0);
        rc = judge(bench, suite, a, params);
    }
    json_decref(params);
    free(answer);
    return rc;
}

/* ---- what it can at most ----------------------------------------------------------- */

static bool stopped(void)
{
    return hr_stop_signal() != 0;
}

/* Four lines an order, and end to end also 32 bytes of request over the link. */
static void bound_orders(struct api *a, const struct eut_device_ceilings *found)
{
    double lines = eut_device_ceiling(found, "lines/bytes=64") / ORDER_LINES;
    double link = eut_device_ceiling(found, "to-device/pinned") / sizeof(struct eut_request);
    bool narrow = link > 0 && link < lines;

    snprintf(a->ceiling_resident, sizeof(a->ceiling_resident), "device/%.40s/lines/bytes=64",
             a->name);
    snprintf(a->ceiling, sizeof(a->ceiling), "device/%.40s/%s", a->name,
             narrow ? "to-device/pinned" : "lines/bytes=64");
    a->ceiling_resident_value = lines;
    a->ceiling_value = narrow ? link : lines;
}

static int measure_ceilings(struct hr_bench *bench, struct api *a)
{
    double seconds = (double)hr_config_count(bench->rig.config, "device.ceilings") / 1e9;
    struct eut_device_ceilings *found;
    int rc;

    bench->rig.planned_s += bench->rig.plan ? seconds : 0;
    if (bench->rig.plan || seconds <= 0) {
        return 0;
    }
    found = calloc(1, sizeof(*found));
    if (!found) {
        return hr_fail(ENOMEM, "no memory for a device's ceilings");
    }
    rc = eut_device_ceilings_measure(a->api, 0, seconds, 0, stopped, found);
    for (uint32_t i = 0; i < found->count; i++) {
        const struct eut_device_ceiling *row = &found->row[i];
        char id[128];

        snprintf(id, sizeof(id), "device/%.40s/%s", a->name, row->name);
        if (row->n) {
            hr_record_ceiling(
                bench->rig.record, id, row->unit, row->higher, row->samples, (int)row->n,
                row->bytes ? json_pack("{s:I}", "bytes", (json_int_t)row->bytes) : NULL);
        } else {
            hr_record_ceiling_null(bench->rig.record, id, row->unit, row->reason);
        }
    }
    bound_orders(a, found);
    free(found);
    if (rc && rc != -EINTR) {
        hr_record_warn(bench->rig.record, "ceilings of device:%s: %s", a->name, hr_error());
        rc = 0;
    }
    return rc;
}

/* ---- how fast? --------------------------------------------------------------------- */

/* What the sizes of one flow came to. */
struct sweep {
    double host;       /* orders/s of the engine under test, 0: not had */
    double best;       /* of the device */
    double pinned;     /* the same without the host's copies */
    double break_even; /* smallest batch at which it was no slower; 0: none */
    const struct eut_engine *host_engine;
};

static double median_rate(const struct hr_measure_result *r, int metric)
{
    double rate = r->status == HR_PASS ? hr_measure_median(r, metric) : (double)NAN;

    return isfinite(rate) ? rate : 0;
}

/* preset: the flow's name, which the report shows. `extra` is the caller's to free. */
static struct hr_device_case case_of(const struct api *a, const char *name, const char *preset,
                                     const struct hr_flow_params *flow, uint64_t orders,
                                     uint32_t batch)
{
    return (struct hr_device_case){
        .name = name,
        .api = a->api,
        .flow = *flow,
        .extra = json_pack("{s:s}", "flow", preset),
        .orders = orders,
        .batch = batch,
        .plan_per_s = a->facts.kind == EUT_DEVICE_GPU ? PLAN_GPU_PER_S : PLAN_CPU_PER_S,
        .ceiling = a->ceiling_value > 0 ? a->ceiling : NULL,
        .ceiling_value = a->ceiling_value,
        .ceiling_resident = a->ceiling_resident_value > 0 ? a->ceiling_resident : NULL,
        .ceiling_resident_value = a->ceiling_resident_value};
}

static int one(struct hr_bench *bench, json_t *suite, const struct hr_device_case *wanted,
               double *rate, double *pinned)
{
    struct hr_measure_result result = {0};
    int rc = hr_device_case_run(bench, suite, wanted, &result);

    *rate = rc == 0 ? median_rate(&result, HR_DEVICE_THROUGHPUT) : 0;
    *pinned = rc == 0 ? median_rate(&result, HR_DEVICE_PINNED) : 0;
    hr_measure_result_free(&result);
    json_decref(wanted->extra);
    return rc;
}

/* The ruler of break-even: the engine under test, one thread, with the same tape. */
static int host_rate(struct hr_bench *bench, json_t *suite, const char *preset,
                     const struct hr_flow_params *flow, uint64_t orders, double *rate)
{
    char name[HR_CONFIG_NAME_MAX + 16];
    struct hr_measure_result result = {0};
    struct hr_closed_case wanted = {.suite = suite_name, .name = name, .flow = *flow};
    int rc;

    snprintf(name, sizeof(name), "flow=%s", preset);
    wanted.orders = orders;
    wanted.extra = json_pack("{s:s}", "flow", preset);
    wanted.batch = (uint32_t)hr_config_count(bench->rig.config, "run.batch");
    rc = hr_closed_case_run(bench, suite, &wanted, &result);
    json_decref(wanted.extra);
    *rate = rc == 0 ? median_rate(&result, HR_CLOSED_THROUGHPUT) : 0;
    hr_measure_result_free(&result);
    return rc;
}

static void break_even(struct hr_bench *bench, json_t *suite, const char *preset,
                       const struct sweep *sweep)
{
    static const char slower[] = "slower than the engine under test at every batch size",
                      unknown[] = "needs the figures of both, the device and the engine under test";
    bool known = bench->rig.plan || (sweep->host > 0 && sweep->best > 0);
    json_t *params = json_pack("{s:s, s:s}", "flow", preset, "against", sweep->host_engine->name);
    char name[HR_CONFIG_NAME_MAX + 32];
    json_t *c;

    snprintf(name, sizeof(name), "flow=%s/break-even", preset);
    c = hr_measure_refuse(&bench->rig, suite, suite_name, name, params, known ? HR_PASS : HR_SKIP,
                          known ? NULL : unknown, known ? NULL : "see those cases for what to do");
    if (c && known) {
        double ratio = sweep->best / sweep->host;

        hr_case_metric(
            c,
            &(struct hr_metric){
                .name = "over_host", .unit = "times", .higher = true, .samples = &ratio, .n = 1});
        if (sweep->break_even > 0) {
            hr_case_metric(c, &(struct hr_metric){.name = "break_even",
                                                  .unit = "requests",
                                                  .samples = &sweep->break_even,
                                                  .n = 1});
        } else {
            hr_case_metric_null(c, "break_even", "requests", slower);
        }
    }
    json_decref(params);
}

/* One named flow, all batch sizes, and from which on the device wins. */
static int batches(struct hr_bench *bench, json_t *suite, const struct api *a, const char *preset,
                   const struct hr_flow_params *flow, struct sweep *sweep)
{
    uint64_t orders = hr_config_count(bench->rig.config, "device.requests");
    const uint64_t *sizes;
    int n = hr_config_counts(bench->rig.config, "device.batches", &sizes), rc = 0;

    for (int i = 0; i < n && rc == 0; i++) {
        char name[HR_CONFIG_NAME_MAX + 48];
        struct hr_device_case wanted;
        double rate, pinned;

        if (sizes[i] > orders) {
            continue;
        }
        snprintf(name, sizeof(name), "flow=%s/batch=%" PRIu64, preset, sizes[i]);
        wanted = case_of(a, name, preset, flow, orders, (uint32_t)sizes[i]);
        rc = one(bench, suite, &wanted, &rate, &pinned);
        sweep->best = fmax(sweep->best, rate);
        sweep->pinned = fmax(sweep->pinned, pinned);
        if (rate > 0 && rate >= sweep->host && sweep->host > 0 &&
            (sweep->break_even == 0 || (double)sizes[i] < sweep->break_even)) {
            sweep->break_even = (double)sizes[i];
        }
    }
    if (rc == 0) {
        break_even(bench, suite, preset, sweep);
    }
    return rc;
}

/* At each offered rate that the sweep did not rule out. */
static int offered(struct hr_bench *bench, json_t *suite, struct hr_device_case *wanted,
                   const char *preset, const struct sweep *sweep)
{
    uint64_t bound = hr_config_count(bench->rig.config, "device.bound");
    const uint64_t *list;
    int n = hr_config_counts(bench->rig.config, "device.offered", &list), rc = 0;

    for (int i = 0; i < n && rc == 0; i++) {
        char name[HR_CONFIG_NAME_MAX + 48], why[160];

        snprintf(name, sizeof(name), "flow=%s/offered=%" PRIu64, preset, list[i]);
        json_object_set_new(wanted->extra, "offered", json_integer((json_int_t)list[i]));
        wanted->name = name;
        if (sweep->pinned > 0 && sweep->pinned < (double)list[i]) {
            json_t *params = hr_device_case_params(wanted);

            snprintf(why, sizeof(why),
                     "this device took at most %.3g M orders/s, in batches of any size",
                     sweep->pinned / 1e6);
            hr_measure_refuse(&bench->rig, suite, suite_name, name, params, HR_SKIP, why,
                              "offer less (device.offered)");
            json_decref(params);
        } else {
            rc = hr_device_offered_run(bench, suite, wanted, (double)list[i], bound);
        }
    }
    json_object_del(wanted->extra, "offered");
    return rc;
}

/* What is asked of one flow besides batch sizes: residence at a rate, and energy. */
static int loads(struct hr_bench *bench, json_t *suite, const struct api *a, const char *preset,
                 const struct hr_flow_params *flow, const struct sweep *sweep)
{
    uint64_t orders = hr_config_count(bench->rig.config, "device.requests");
    uint64_t batch = hr_config_count(bench->rig.config, "device.batch");
    double seconds = (double)hr_config_count(bench->rig.config, "device.energy") / 1e9;
    char name[HR_CONFIG_NAME_MAX + 48];
    struct hr_device_case wanted =
        case_of(a, name, preset, flow, orders, (uint32_t)(batch < orders ? batch : orders));
    int rc = offered(bench, suite, &wanted, preset, sweep);

    snprintf(name, sizeof(name), "flow=%s/energy", preset);
    wanted.name = name;
    if (seconds > 0 && rc == 0) {
        rc = hr_device_energy_run(bench, suite, &wanted, &a->facts, seconds);
    }
    json_decref(wanted.extra);
    return rc;
}

/* Markets as those of the preset `sparse`, more and more of them, in one batch size. */
static int market_counts(struct hr_bench *bench, json_t *suite, const struct api *a)
{
    uint64_t orders = hr_config_count(bench->rig.config, "device.requests");
    uint32_t batch = (uint32_t)hr_config_count(bench->rig.config, "device.batch");
    const uint64_t *counts;
    int n = hr_config_counts(bench->rig.config, "device.markets", &counts), rc = 0;

    for (int i = 0; i < n && rc == 0; i++) {
        struct hr_flow_params flow;
        struct hr_device_case wanted;
        char name[64];
        double rate, pinned;

        rc = hr_config_named_flow(bench->rig.config, "sparse", &flow);
        flow.markets = (uint32_t)counts[i];
        snprintf(name, sizeof(name), "markets=%" PRIu64, counts[i]);
        if (rc == 0) {
            wanted = case_of(a, name, "sparse", &flow, orders,
                             batch < orders ? batch : (uint32_t)orders);
            rc = one(bench, suite, &wanted, &rate, &pinned);
        }
    }
    return rc;
}

static int rates(struct hr_bench *bench, json_t *suite, struct api *apis, int n)
{
    const struct eut_engine *host = bench->rig.engine;
    const char *at = hr_config_text(bench->rig.config, "device.flows");
    uint64_t orders = hr_config_count(bench->rig.config, "device.requests");
    char preset[HR_CONFIG_NAME_MAX];
    bool any = false;
    int rc = 0;

    for (int i = 0; i < n; i++) {
        any |= apis[i].right;
    }
    while (any && rc == 0 && hr_config_name_next(&at, preset)) {
        struct sweep sweep = {.host_engine = host};
        struct hr_flow_params flow;

        rc = hr_config_named_flow(bench->rig.config, preset, &flow);
        rc = rc ? rc : host_rate(bench, suite, preset, &flow, orders, &sweep.host);
        for (int i = 0; i < n && rc == 0; i++) {
            struct sweep own = sweep;

            bench->rig.engine = apis[i].engine;
            rc = apis[i].right ? batches(bench, suite, apis + i, preset, &flow, &own) : 0;
            rc = rc || !apis[i].right ? rc : loads(bench, suite, apis + i, preset, &flow, &own);
        }
        bench->rig.engine = host;
    }
    for (int i = 0; i < n && rc == 0; i++) {
        bench->rig.engine = apis[i].engine;
        rc = apis[i].right ? market_counts(bench, suite, apis + i) : 0;
    }
    return rc;
}

/* First every API's known answers, in children, then ceilings and rates: an API that was used in
 * this process does not survive a fork (device_api.h). */
static int device_run(struct hr_bench *bench, json_t *suite)
{
    const struct eut_engine *host = bench->rig.engine;
    const char *at = hr_config_text(bench->rig.config, "device.apis");
    struct api apis[APIS_MAX] = {0};
    int n = 0, rc = 0;

    while (rc == 0 && n < APIS_MAX && hr_config_name_next(&at, apis[n].name)) {
        rc = name_api(&apis[n]);
        bench->rig.engine = apis[n].engine;
        rc = rc ? rc : known_answer(bench, suite, &apis[n]);
        n++;
    }
    for (int i = 0; i < n && rc == 0; i++) {
        rc = apis[i].right ? measure_ceilings(bench, apis + i) : 0;
    }
    bench->rig.engine = host;
    rc = rc ? rc : rates(bench, suite, apis, n);
    bench->rig.engine = host;
    return rc;
}

extern const struct hr_suite_ops hr_suite_device;
const struct hr_suite_ops hr_suite_device = {
    .name = suite_name,
    .question = "What does a device make of an order flow, and from which batch size on?",
    .run = device_run,
};
