/*
 * worst.c - is there a request that takes this engine many times longer than its median one?
 *
 * The oracle says in the same run of the program which digest is right. A request that must say
 * something of ten thousand levels may take ten thousand times as long: it is told by the level.
 * One that only looks at them may not. A first touch of memory is not seen: the load phase touched
 * it.
 */
#include "suites/worst.h"

#include "engine-under-test/loader.h"
#include "harness/clock.h"
#include "harness/error.h"
#include "suites/closed_run.h"
#include "suites/percentiles.h"
#include "suites/worst_flow.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char suite_name[] = "latency";

#define PARTS 10
#define PLAIN_ORDERS 100000u
#define ORACLE_ORDER_BYTES 256u /* with its level, if it has one of its own */
/* For the plan: requests a second while a flow is made and proved, makers a second of a refusal. */
#define PLAN_PROVE_PER_S 1.5e6
#define PLAN_LOOKS_PER_S 2e8

enum { P50, P99, P999, PLAIN, P99_TIMES, P999_TIMES, HOST, MORE, MORE_SECOND, FIGURES };

struct worst_case {
    const struct hr_worst *worst;
    struct hr_worst_size size;
    struct hr_worst_flow flow;
    uint64_t digest; /* the oracle's */
    struct hr_workload plain;
    uint64_t plain_orders, plain_digest;
};

/* ---- the bound ----------------------------------------------------------------------- */

void hr_worst_judge(const struct hr_worst_figures *f, double bound, struct hr_worst_verdict *v)
{
    bool own = isfinite(f->p999_times) && !(f->host_percent >= HR_WORST_HOST_MAX);
    double times = own ? f->p999_times : f->p99_times;

    memset(v, 0, sizeof(*v));
    v->judged = own ? "p99.9" : isfinite(times) ? "p99" : "";
    if (isfinite(times) && times > bound) {
        snprintf(v->why, sizeof(v->why),
                 "%s is %.4g times the median request of a plain market (at most %.4g)", v->judged,
                 times, bound);
    } else if (f->last_over_first > HR_WORST_SLOWER_MAX) {
        snprintf(v->why, sizeof(v->why),
                 "the last tenth takes %.3g times as long as the first (at most %g)",
                 f->last_over_first, HR_WORST_SLOWER_MAX);
    } else if (f->grown_bytes_per_request > HR_WORST_GROWTH_MAX) {
        snprintf(v->why, sizeof(v->why), "memory grows by %.3g bytes a request (at most %g)",
                 f->grown_bytes_per_request, HR_WORST_GROWTH_MAX);
    } else {
        v->held = *v->judged != '\0';
    }
}

/* ---- one run ---------------------------------------------------------------------------- */

/* The median case, a moment before: p50 of the plain flow in ns. */
static int plain_part(const struct worst_case *c, struct hr_trial *t, uint64_t *samples)
{
    const struct hr_tape *tape = c->plain.tape;
    struct hr_histogram *h = hr_histogram_new();
    struct hr_drive_sum sum;
    struct hr_path *path = NULL;
    int rc = h ? hr_books_open(t->rig, t->engine, &c->plain, HR_FLOW_BATCH, &path, NULL)
               : hr_fail(ENOMEM, "no memory for a histogram");

    if (rc == 0) {
        struct hr_drive drive = {.ops = t->rig->path, .path = path, .batch = 1};

        rc = hr_drive_each(&drive, tape->steady_requests, c->plain_orders, samples, &sum);
        rc = rc ? rc : hr_trial_digest_of(t, path, c->plain_digest);
        t->rig->path->close(path);
    }
    if (rc == 0) {
        for (uint64_t i = 0; i < c->plain_orders; i++) {
            hr_histogram_record(h, hr_ticks_to_ns(samples[i] >> 3));
        }
        t->values[PLAIN] = fmax((double)hr_histogram_percentile(h, 50), 1);
    }
    hr_histogram_free(h);
    return rc;
}

/* Mean of a tenth's samples without the slowest hundredth of all: a pause is no growth. */
static double trimmed_mean(const uint64_t *samples, uint64_t count, uint64_t most_ns)
{
    double sum = 0, taken = 0;

    for (uint64_t i = 0; i < count; i++) {
        uint64_t ns = hr_ticks_to_ns(samples[i] >> 3);

        sum += ns <= most_ns ? (double)ns : 0;
        taken += ns <= most_ns;
    }
    return taken > 0 ? fmax(sum / taken, 1) : (double)NAN;
}

static void figures(const struct worst_case *c, struct hr_trial *t, const uint64_t *samples)
{
    const struct eut_request *steady = c->flow.requests + c->flow.load;
    struct hr_histogram *h = t->histograms[0];
    double units = c->flow.units, request[3];

    for (uint64_t i = 0; i < c->flow.steady; i++) {
        if (c->worst->timed(steady + i)) {
            hr_histogram_record(h, hr_ticks_to_ns(samples[i] >> 3));
        }
    }
    hr_percentiles_into(t, h, 0, 3);
    memcpy(request, t->values, sizeof(request));
    for (int p = P50; p <= P999; p++) {
        t->values[p] = request[p] / units;
    }
    t->values[P99_TIMES] = t->values[P99] / t->values[PLAIN];
    t->values[P999_TIMES] = t->values[P999] / t->values[PLAIN];
    t->values[HOST] = t->ruler ? (double)NAN : hr_host_percent(t, h);
    t->reasons[P99_TIMES] = t->reasons[P999_TIMES] = t->reasons[HOST] =
        "too few samples for this percentile";
    if (c->flow.units > 1) {
        t->values[MORE] = request[P50];
        t->values[MORE_SECOND] = request[P99];
        t->reasons[MORE_SECOND] = t->reasons[P99_TIMES];
    }
}

/* The steady phase in tenths, between two looks at the memory. */
static int drive_parts(const struct worst_case *c, struct hr_trial *t, struct hr_path *path,
                       uint64_t *samples)
{
    struct hr_drive drive = {.ops = t->rig->path, .path = path, .batch = 1};
    const struct eut_request *steady = c->flow.requests + c->flow.load;
    uint64_t resident_bytes = hr_memory_resident(), at = 0;
    struct hr_drive_sum sum;
    int rc = 0;

    hr_trial_start(t);
    for (uint64_t part = 1; part <= PARTS && rc == 0; part++) {
        uint64_t end = c->flow.steady * part / PARTS;

        rc = hr_drive_each(&drive, steady + at, end - at, samples + at, &sum);
        at = end;
        resident_bytes = part == 1 ? hr_memory_resident() : resident_bytes;
    }
    hr_trial_stop(t);
    if (rc == 0 && c->worst->grows) {
        uint64_t now_bytes = hr_memory_resident();

        t->values[MORE_SECOND] = now_bytes > resident_bytes ? (double)(now_bytes - resident_bytes) /
                                                                  (double)(c->flow.steady * 9 / 10)
                                                            : 0;
    }
    return rc;
}

static int worst_part(const struct worst_case *c, struct hr_trial *t, uint64_t *samples)
{
    struct hr_path_params params = {
        .engine = t->engine, .limits = c->flow.limits, .events_room = 64, .cpu = -1};
    struct hr_path *path = NULL;
    struct hr_drive_sum sum;
    uint64_t tenth = c->flow.steady / PARTS;
    int rc;

    params.limits.batch_max = HR_FLOW_BATCH;
    rc = t->rig->path->open(&path, &params);
    if (rc) {
        return rc;
    }
    struct hr_drive load = {.ops = t->rig->path, .path = path, .batch = HR_FLOW_BATCH};

    rc = hr_drive_batches(&load, c->flow.requests, c->flow.load, &sum);
    rc = rc ? rc : drive_parts(c, t, path, samples);
    rc = rc ? rc : hr_trial_digest_of(t, path, c->digest);
    t->rig->path->close(path);
    if (rc == 0) {
        figures(c, t, samples);
    }
    if (rc == 0 && c->worst->grows) {
        uint64_t most_ns = hr_histogram_percentile(t->histograms[0], 99);

        t->values[MORE] = trimmed_mean(samples + c->flow.steady - tenth, tenth, most_ns) /
                          trimmed_mean(samples, tenth, most_ns);
    }
    return rc;
}

static int worst_trial(const struct hr_case *hc, struct hr_trial *t)
{
    const struct worst_case *c = hc->context;
    uint64_t room = c->flow.steady > c->plain_orders ? c->flow.steady : c->plain_orders;
    uint64_t *samples = malloc(room * sizeof(*samples));
    int rc;

    if (!samples) {
        return hr_fail(ENOMEM, "no memory for %" PRIu64 " samples", room);
    }
    memset(samples, 0, room * sizeof(*samples)); /* touched before the clock runs */
    rc = plain_part(c, t, samples);
    rc = rc ? rc : worst_part(c, t, samples);
    free(samples);
    return rc;
}

/* ---- a case --------------------------------------------------------------------------- */

/* Which digest is right: all of the flow through the oracle. */
static int prove(const struct hr_rig *rig, struct worst_case *c)
{
    struct hr_path_params params = {.limits = c->flow.limits, .events_room = 64, .cpu = -1};
    struct eut_handle oracle;
    struct hr_path *path;
    struct hr_drive_sum sum;
    int rc = eut_open(&oracle, "oracle");

    if (rc) {
        return rc;
    }
    params.engine = oracle.engine;
    params.limits.batch_max = HR_FLOW_BATCH;
    rc = rig->path->open(&path, &params);
    if (rc == 0) {
        struct hr_drive drive = {.ops = rig->path, .path = path, .batch = HR_FLOW_BATCH};

        rc = hr_drive_batches(&drive, c->flow.requests, c->flow.load + c->flow.steady, &sum);
        rc = rc ? rc : rig->path->digest(path, &c->digest);
        rig->path->close(path);
    }
    eut_close(&oracle);
    return rc;
}

/* While planning there is a count of requests, and no more. */
static int prepare(struct hr_rig *rig, struct worst_case *c, const struct hr_flow_params *plain,
                   uint64_t tape)
{
    uint64_t total, bytes;
    int rc;

    hr_worst_plan(c->worst, &c->size, &c->flow);
    total = c->flow.load + c->flow.steady;
    bytes = total * sizeof(struct eut_request) + c->flow.steady * sizeof(uint64_t) +
            c->flow.limits.orders * ORACLE_ORDER_BYTES;
    if (c->worst->needs & ~hr_rig_capabilities(rig) &&
        !(rig->engine->capabilities & EUT_CAP_RULER)) {
        return hr_fail(ENOTSUP, "engine %s cannot do what this case is made of", rig->engine->name);
    }
    if (bytes > rig->memory_max_bytes) {
        return hr_fail(ENOSPC, "needs about %" PRIu64 " MiB; %" PRIu64 " MiB may be used",
                       bytes >> 20, rig->memory_max_bytes >> 20);
    }
    rc = hr_rig_workload(rig, plain, tape, &c->plain);
    if (rc || rig->plan) {
        rig->planned_s += rc ? 0 : (double)total / PLAN_PROVE_PER_S;
        return rc;
    }
    hr_workload_prefix(&c->plain, tape < PLAIN_ORDERS ? tape : PLAIN_ORDERS, &c->plain_orders,
                       &c->plain_digest);
    rc = hr_worst_make(c->worst, &c->size, hr_rig_capabilities(rig), &c->flow);
    rc = rc ? rc : prove(rig, c);
    rig->done_s += (double)total / PLAN_PROVE_PER_S;
    return rc;
}

static double predicted_s(const struct worst_case *c)
{
    double looks = c->worst->needs & EUT_CAP_FOK ? (double)c->flow.timed * (double)c->flow.load : 0;

    return (double)(c->flow.load + 2 * c->flow.steady + 2 * PLAIN_ORDERS) / HR_PLAN_ORDERS_PER_S +
           looks / PLAN_LOOKS_PER_S + HR_LISTEN_MIN_NS / 1e9;
}

static json_t *case_params(const struct worst_case *c, double bound)
{
    json_t *params =
        json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:f}", "worst", c->worst->name, "question",
                  c->worst->question, "unit", c->worst->unit, "load", (json_int_t)c->flow.load,
                  "orders", (json_int_t)c->flow.steady, "timed", (json_int_t)c->flow.timed,
                  "units_a_request", (json_int_t)c->flow.units, "bound_times", bound);

    if (*c->flow.sha256) {
        json_object_set_new(params, "sha256", json_string(c->flow.sha256));
    }
    return params;
}

static int case_metrics(const struct worst_case *c, struct hr_measured metrics[FIGURES])
{
    const char *unit = c->flow.units > 1 ? "ns/level" : "ns";

    hr_percentile_metrics(metrics, 3);
    for (int p = P50; p <= P999; p++) {
        metrics[p].unit = unit;
    }
    metrics[P50].ruled = c->flow.units == 1;
    metrics[PLAIN] = (struct hr_measured){.name = "median_case", .unit = "ns"};
    metrics[P99_TIMES] = (struct hr_measured){.name = "p99_over_median_case", .unit = "times"};
    metrics[P999_TIMES] = (struct hr_measured){.name = "p999_over_median_case", .unit = "times"};
    metrics[HOST] = (struct hr_measured){.name = "p99.9_host", .unit = "%"};
    if (c->worst->grows) {
        metrics[MORE] = (struct hr_measured){.name = "last_over_first", .unit = "times"};
        metrics[MORE_SECOND] = (struct hr_measured){.name = "growth", .unit = "bytes/request"};
    } else {
        metrics[MORE] = (struct hr_measured){.name = "request_p50", .unit = "ns"};
        metrics[MORE_SECOND] = (struct hr_measured){.name = "request_p99", .unit = "ns"};
    }
    return c->worst->grows || c->flow.units > 1 ? FIGURES : MORE;
}

static void judge(struct hr_rig *rig, const struct worst_case *c, const char *id, double bound,
                  struct hr_measure_result *r)
{
    struct hr_worst_figures f = {hr_measure_median(r, P99_TIMES), hr_measure_median(r, P999_TIMES),
                                 hr_measure_median(r, HOST), (double)NAN, (double)NAN};
    struct hr_worst_verdict verdict;

    if (c->worst->grows) {
        f.last_over_first = hr_measure_median(r, MORE);
        f.grown_bytes_per_request = hr_measure_median(r, MORE_SECOND);
    }
    hr_worst_judge(&f, bound, &verdict);
    json_object_set_new(json_object_get(r->json, "params"), "judged", json_string(verdict.judged));
    if (*verdict.why) {
        hr_measure_missed(rig, r, verdict.why,
                          "the engine has a bad case here: see what it does for such a request "
                          "(latency.worst_bound is the bound)");
    } else if (!*verdict.judged) {
        hr_record_warn(rig->record, "%s: too few samples to judge it by its bound", id);
    }
}

static int one_case(struct hr_bench *bench, json_t *suite, const struct hr_worst *worst,
                    const struct hr_flow_params *plain, uint64_t tape)
{
    struct hr_rig *rig = &bench->rig;
    double bound = hr_config_real(rig->config, "latency.worst_bound");
    struct worst_case c = {
        .worst = worst,
        .size = {.orders = (uint32_t)hr_config_count(rig->config, "latency.worst_orders"),
                 .requests = hr_config_count(rig->config, "latency.worst_requests")}};
    static const char *const histograms[] = {"worst", NULL};
    struct hr_measured metrics[FIGURES];
    struct hr_measure_result result;
    char name[96], id[256];
    json_t *params;
    int rc;

    snprintf(name, sizeof(name), "worst=%s", worst->name);
    hr_case_id(rig, suite_name, name, id, sizeof(id));
    if (!hr_case_wanted(rig, id)) {
        return 0;
    }
    rc = prepare(rig, &c, plain, tape);
    params = case_params(&c, bound);
    if (rc) {
        rc = hr_refuse_workload(bench, suite, suite_name, name, params, rc, NULL);
    } else {
        rc = hr_measure(rig, suite,
                        &(struct hr_case){.suite = suite_name,
                                          .name = name,
                                          .params = params,
                                          .metrics = metrics,
                                          .metrics_count = case_metrics(&c, metrics),
                                          .histograms = histograms,
                                          .run = worst_trial,
                                          .context = &c,
                                          .seconds = predicted_s(&c)},
                        &result);
        if (result.json && result.status == HR_PASS) {
            judge(rig, &c, id, bound, &result);
        }
        hr_measure_result_free(&result);
    }
    json_decref(params);
    hr_worst_free(&c.flow);
    return rc;
}

int hr_worst_cases(struct hr_bench *bench, json_t *suite, uint64_t tape)
{
    struct hr_flow_params plain;
    int rc = 0;

    if (hr_config_count(bench->rig.config, "latency.worst_orders") == 0) {
        return 0;
    }
    hr_config_flow(bench->rig.config, &plain);
    plain.markets = 1;
    plain.l2_share = 0;
    for (const struct hr_worst *worst = hr_worsts; worst->name && rc == 0; worst++) {
        rc = one_case(bench, suite, worst, &plain, tape);
    }
    return rc;
}
