/*
 * capacity.c - which rate can be promised? The highest at which the tail stays inside its bound.
 *
 * Open loop, rates searched (capacity_search.h); a rate passes when the run is valid, its digest
 * right, and the binomial bound at 99 % says that no more than the allowed share was slow (MLPerf
 * LoadGen). Published are the bracket [highest confirmed, lowest failed] and every rate tried. On a
 * machine with hiccups longer than the bound no rate may hold it: that is then the answer, with the
 * hiccups beside it.
 */
#include "suites/capacity_search.h"
#include "suites/open_run.h"

#include "harness/error.h"
#include "harness/progress.h"
#include "harness/statistics.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char suite_name[] = "capacity";

#define CONFIDENCE 0.99
#define RATE_TRY_S 0.2    /* a rate is tried for at least so long, if the tape holds */
#define ATTEMPTS_GUESS 20 /* for the plan, and what one takes beside its orders */
#define ATTEMPT_S 0.05
#define STEPS_MAX 256

/* One rate of the curve: the run that spoke for it last. One that does not count says nothing. */
struct step {
    double rate, p[HR_PERCENTILES];
    bool counts, passed;
};

struct search {
    struct hr_bench *bench;
    const struct hr_flow_params *flow;
    struct hr_workload workload;
    json_t *json;
    FILE *hlog;
    double percentile, tail_at[STEPS_MAX];
    uint64_t bound_ns, requests, digest;
    uint64_t needed; /* samples below which no run can pass, however good */
    struct step steps[STEPS_MAX];
    int count;
    int invalid; /* runs that did not count, and why the last did not */
    char why[HR_WHY_MAX];
    double hlog_at_s;
};

static const struct hr_measured run_metrics[] = {
    {.name = "p50", .unit = "ns"},
    {.name = "p99", .unit = "ns"},
    {.name = "p99.9", .unit = "ns"},
    {.name = "p90", .unit = "ns"},
    {.name = "p99.99", .unit = "ns"},
    {.name = "max", .unit = "ns"},
    {.name = "achieved", .unit = "orders/s", .higher = true},
};

static struct hr_open_run run_at(const struct search *s, double rate)
{
    struct hr_open_run run = {.workload = &s->workload,
                              .rate = rate,
                              .batch = (uint32_t)hr_config_count(s->bench->rig.config, "run.batch"),
                              .budget_ns =
                                  hr_config_count(s->bench->rig.config, "latency.late_budget")};
    uint64_t wanted = (uint64_t)fmax((double)s->requests, rate * RATE_TRY_S);

    wanted = wanted < 2 * s->needed ? 2 * s->needed : wanted; /* a prefix may be half of it */
    hr_workload_prefix(&s->workload, wanted, &run.orders, &run.digest);
    return run;
}

static bool inside(const struct search *s, const struct hr_histogram *h)
{
    return hr_tail_passes(hr_histogram_count_above(h, s->bound_ns), hr_histogram_count(h),
                          1 - s->percentile / 100, CONFIDENCE);
}

static void note_step(struct search *s, const struct hr_trial *t, double rate, bool passed)
{
    int i = 0;

    while (i < s->count && s->steps[i].rate != rate) {
        i++;
    }
    if (i == STEPS_MAX) {
        return;
    }
    s->count = i == s->count ? i + 1 : s->count;
    s->steps[i].rate = rate;
    s->steps[i].passed = passed;
    s->steps[i].counts = !t->checks.hard;
    memcpy(s->steps[i].p, t->values, sizeof(s->steps[i].p));
    s->tail_at[i] = hr_percentile_or_nan(t->histograms[HR_OPEN_LATENCY], s->percentile);
}

static void keep(struct search *s, const struct hr_trial *t, double rate)
{
    json_t *runs = json_object_get(s->json, "runs"), *run;

    hr_trial_keep(s->json, t, run_metrics, HR_PERCENTILES + 1);
    run = json_array_get(runs, json_array_size(runs) - 1);
    json_object_set_new(run, "rate", hr_json_real(rate));
    if (s->hlog && !t->checks.hopeless && hr_histogram_count(t->histograms[HR_OPEN_LATENCY])) {
        char tag[64];

        snprintf(tag, sizeof(tag), "rate=%.0f", rate);
        hr_hlog_write(s->hlog, tag, t->histograms[HR_OPEN_LATENCY], s->hlog_at_s,
                      (double)t->elapsed_ns / 1e9);
        s->hlog_at_s += (double)t->elapsed_ns / 1e9;
    }
}

/* One fresh run; tried again while its checks are hard. A wrong digest ends the search. */
static int attempt(void *context, double rate, bool *passed)
{
    struct search *s = context;
    struct hr_rig *rig = &s->bench->rig;
    struct hr_open_run run = run_at(s, rate);
    int rc = 0, tries = 1 + (int)hr_config_count(rig->config, "run.retries");
    char what[64];

    *passed = false;
    snprintf(what, sizeof(what), "capacity: %.4g orders/s", rate);
    hr_progress_step(what, rig->planned_s > 0 ? fmin(1, rig->done_s / rig->planned_s) : 0);
    for (int k = 0; k < tries && rc == 0; k++) {
        struct hr_trial t;
        bool hard, hopeless;

        rc = hr_trial_begin(rig, &t, false, (int)json_array_size(json_object_get(s->json, "runs")),
                            HR_OPEN_HISTOGRAMS);
        rc = rc ? rc : hr_open_trial(&run, &t);
        if (rc == 0) {
            hr_trial_gate(&t);
        }
        hard = t.checks.hard;
        hopeless = t.checks.hopeless;
        if (rc == 0) {
            *passed = !hard && inside(s, t.histograms[HR_OPEN_LATENCY]);
            s->digest = t.digest;
            if (!hopeless) { /* a wrong answer has no place on the curve */
                note_step(s, &t, rate, *passed);
            }
            keep(s, &t, rate);
            if (hard) {
                s->invalid++;
                snprintf(s->why, sizeof(s->why), "%s", t.checks.why);
            }
        }
        hr_trial_end(&t);
        if (rc == 0 && hopeless) {
            return hr_fail(EBADMSG, "%s", s->why);
        }
        if (!hard) {
            break;
        }
    }
    rig->done_s += (double)run.orders / rate;
    return rc;
}

/* Does the harness itself hold the bound at twice the rate? One good run of the null engine is
 * enough. */
static int ruler_holds(struct search *s, double rate, bool *holds)
{
    struct hr_open_run run = run_at(s, 2 * rate);
    int rc = 0;

    *holds = s->bench->rig.ruler == NULL;
    for (int k = 0; k < 4 && rc == 0 && !*holds; k++) {
        struct hr_trial t;

        rc = hr_trial_begin(&s->bench->rig, &t, true, k, HR_OPEN_HISTOGRAMS);
        rc = rc ? rc : hr_open_trial(&run, &t);
        *holds = rc == 0 && inside(s, t.histograms[HR_OPEN_LATENCY]);
        hr_trial_end(&t);
    }
    return rc;
}

static int by_rate(const void *a, const void *b)
{
    double x = ((const struct step *)a)->rate, y = ((const struct step *)b)->rate;

    return x < y ? -1 : x > y;
}

static void write_curve(struct search *s)
{
    json_t *curve = json_array();

    qsort(s->steps, (size_t)s->count, sizeof(s->steps[0]), by_rate);
    for (int i = 0; i < s->count; i++) {
        json_t *step = json_object();

        json_object_set_new(step, "rate", hr_json_real(s->steps[i].rate));
        json_object_set_new(step, "passed",
                            s->steps[i].counts ? json_boolean(s->steps[i].passed) : json_null());
        for (int p = 0; p < HR_PERCENTILES; p++) {
            json_object_set_new(step, run_metrics[p].name,
                                hr_json_real(s->steps[i].counts ? s->steps[i].p[p] : (double)NAN));
        }
        json_array_append_new(curve, step);
    }
    json_object_set_new(s->json, "curve", curve);
}

static void metric(json_t *c, const char *name, const char *unit, bool higher, double value,
                   const char *reason)
{
    if (isfinite(value) && value > 0) {
        hr_case_metric(
            c, &(struct hr_metric){
                   .name = name, .unit = unit, .higher = higher, .samples = &value, .n = 1});
    } else {
        hr_case_metric_null(c, name, unit, reason);
    }
}

/* A rate at which no run counted did not fail: nobody knows. */
static void metric_failed(struct search *s, double rate, const char *reason)
{
    char why[HR_WHY_MAX + 80];

    for (int i = 0; i < s->count; i++) {
        if (s->steps[i].rate == rate && !s->steps[i].counts) {
            snprintf(why, sizeof(why), "at %.4g orders/s the runs did not count (%s)", rate,
                     s->why);
            metric(s->json, "lowest_failed", "orders/s", true, (double)NAN, why);
            return;
        }
    }
    metric(s->json, "lowest_failed", "orders/s", true, rate, reason);
}

static double tail_of(const struct search *s, double rate)
{
    for (int i = 0; i < s->count; i++) {
        if (s->steps[i].rate == rate) {
            return s->tail_at[i];
        }
    }
    return (double)NAN;
}

static void conclude(struct search *s, const struct hr_capacity_result *r, bool ruler)
{
    struct hr_rig *rig = &s->bench->rig;
    double tail = tail_of(s, r->confirmed); /* before the steps are sorted */
    char name[32], why[512];

    snprintf(name, sizeof(name), "p%g", s->percentile);
    write_curve(s);
    hr_case_digest(s->json, s->digest);
    if (rig->gaps && hr_histogram_count(rig->gaps)) {
        hr_case_histogram(s->json, "hiccups", rig->gaps);
    }
    if (r->confirmed > 0 && ruler) {
        metric(s->json, "capacity", "orders/s", true, r->confirmed, NULL);
        metric_failed(s, r->failed, "no rate failed up to capacity.rate_max");
        metric(s->json, name, "ns", false, tail, "too few samples for this percentile");
        hr_rig_state(rig, s->json, HR_PASS, NULL, NULL);
        return;
    }
    enum hr_status status = HR_INVALID;

    if (r->confirmed > 0) {
        snprintf(why, sizeof(why),
                 "the null engine does not hold the bound at twice %.4g orders/s: the harness "
                 "would be measured",
                 r->confirmed);
    } else if (s->invalid * 2 > (int)json_array_size(json_object_get(s->json, "runs"))) {
        snprintf(why, sizeof(why), "most runs did not count (%s)", s->why);
    } else {
        status = HR_FAIL;
        snprintf(why, sizeof(why),
                 "no rate from %.0f orders/s up held %s <= %g us; a spinning core here loses "
                 "%.2f %% of its time to gaps of up to %.2f ms",
                 hr_config_real(rig->config, "capacity.rate_min"), name, (double)s->bound_ns / 1e3,
                 hr_hiccup_share(&rig->hiccup) * 100, (double)rig->hiccup.gap_max_ns / 1e6);
    }
    metric(s->json, "capacity", "orders/s", true, (double)NAN, why);
    metric_failed(s, r->failed, why);
    metric(s->json, name, "ns", false, (double)NAN, why);
    hr_rig_state(rig, s->json, status, why,
                 "isolate the measuring core, or ask for a wider bound (capacity.bound)");
}

static int search_run(struct search *s)
{
    const struct hr_config *config = s->bench->rig.config;
    struct hr_capacity_params params = {.rate_min = hr_config_real(config, "capacity.rate_min"),
                                        .rate_max = hr_config_real(config, "capacity.rate_max"),
                                        .resolution = hr_config_real(config, "capacity.resolution"),
                                        .confirm = (int)hr_config_count(config, "capacity.confirm"),
                                        .second_chances = 1,
                                        .attempt = attempt,
                                        .context = s};
    struct hr_capacity_result result;
    bool ruler = true;
    int rc = hr_capacity_search(&params, &result);

    if (rc == 0 && result.confirmed > 0) {
        rc = ruler_holds(s, result.confirmed, &ruler);
    }
    if (rc == 0) {
        conclude(s, &result, ruler);
        return 0;
    }
    write_curve(s);
    hr_rig_state(&s->bench->rig, s->json, rc == -EINTR ? HR_SKIP : HR_INVALID,
                 *hr_error() ? hr_error() : strerror(-rc),
                 rc == -EINTR ? "run it again to the end"
                              : "run `headroom conform -e ENGINE` to see the first wrong event");
    metric(s->json, "capacity", "orders/s", true, (double)NAN, "the search did not end");
    return rc == -EINTR ? rc : 0;
}

static int plan(struct hr_rig *rig, const char *id, const struct hr_flow_params *flow,
                uint64_t requests, uint64_t tape)
{
    double rate = hr_config_real(rig->config, "capacity.rate_min");
    double seconds =
        2 * (double)requests / rate +
        ATTEMPTS_GUESS * (ATTEMPT_S + fmin(RATE_TRY_S, (double)tape / HR_PLAN_ORDERS_PER_S) +
                          (double)hr_flow_load(flow) / HR_PLAN_ORDERS_PER_S);

    json_array_append_new(json_object_get(rig->plan, "cases"),
                          json_pack("{s:s, s:{s:f}, s:i, s:f}", "id", id, "params", "rate_min",
                                    rate, "runs", ATTEMPTS_GUESS, "seconds", seconds));
    rig->planned_s += seconds;
    return 0;
}

static json_t *search_params(const struct search *s, const struct hr_config *config)
{
    json_t *params = hr_flow_case_params(s->flow);

    json_object_update_new(params,
                           json_pack("{s:s, s:s, s:f, s:I, s:I}", "load", "open", "arrival",
                                     hr_config_text(config, "arrival.process"), "percentile",
                                     s->percentile, "bound_ns", (json_int_t)s->bound_ns, "batch",
                                     (json_int_t)hr_config_count(config, "run.batch")));
    return params;
}

static int search_case(struct search *s, json_t *suite, const char *name, const char *id,
                       uint64_t tape)
{
    struct hr_rig *rig = &s->bench->rig;
    json_t *params = search_params(s, rig->config);
    int rc = hr_rig_workload(rig, s->flow, tape, &s->workload);

    if (rc == 0 && tape < s->needed) {
        char why[160];

        snprintf(why, sizeof(why),
                 "%" PRIu64 " orders cannot show that p%g holds: it takes %" PRIu64 " at the least",
                 tape, s->percentile, s->needed);
        hr_measure_refuse(rig, suite, suite_name, name, params, HR_SKIP, why,
                          "raise throughput.requests: a quarter of the tape's orders");
    } else if (rc == 0 && rig->plan) {
        rc = plan(rig, id, s->flow, s->requests, tape);
    } else if (rc == 0 && (rig->engine->capabilities & EUT_CAP_RULER)) {
        hr_measure_refuse(rig, suite, suite_name, name, params, HR_INVALID,
                          "the null engine is the ruler: it matches nothing, so it has no result",
                          "name an engine that matches: -e reference");
    } else if (rc == 0) {
        s->json = hr_case_begin(suite, id, rig->engine->name, rig->path->name, json_incref(params));
        s->hlog = hr_rig_hlog(rig, id);
        rc = search_run(s);
        hr_rig_hlog_close(rig, id, s->hlog);
    } else {
        rc = hr_refuse_workload(s->bench, suite, suite_name, name, params, rc, NULL);
    }
    json_decref(params);
    return rc;
}

static int bound_case(struct hr_bench *bench, json_t *suite, uint64_t bound_ns)
{
    const struct hr_config *config = bench->rig.config;
    struct search *s = calloc(1, sizeof(*s));
    struct hr_flow_params flow;
    char name[96], id[256];
    int rc = 0;

    if (!s) {
        return hr_fail(ENOMEM, "no memory for the capacity search");
    }
    hr_config_flow(config, &flow);
    s->bench = bench;
    s->flow = &flow;
    s->percentile = hr_config_real(config, "capacity.percentile");
    s->bound_ns = bound_ns;
    s->requests = hr_config_count(config, "capacity.requests");
    s->needed = (uint64_t)ceil(log(1 - CONFIDENCE) / log(s->percentile / 100)); /* none slow */
    snprintf(name, sizeof(name), "p%g<=%gus", s->percentile, (double)s->bound_ns / 1e3);
    hr_case_id(&bench->rig, suite_name, name, id, sizeof(id));
    if (hr_case_wanted(&bench->rig, id)) {
        rc = search_case(s, suite, name, id, 4 * hr_config_count(config, "throughput.requests"));
    }
    free(s);
    return rc;
}

static int capacity_run(struct hr_bench *bench, json_t *suite)
{
    uint64_t bound_ns = hr_config_count(bench->rig.config, "capacity.bound");
    uint64_t wide_ns = hr_config_count(bench->rig.config, "capacity.bound_wide");
    int rc = bound_case(bench, suite, bound_ns);

    return rc == 0 && wide_ns > bound_ns ? bound_case(bench, suite, wide_ns) : rc;
}

extern const struct hr_suite_ops hr_suite_capacity;
const struct hr_suite_ops hr_suite_capacity = {
    .name = suite_name,
    .question = "Which rate can be promised at the tail bound?",
    .run = capacity_run,
};
