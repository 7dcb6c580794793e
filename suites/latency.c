/*
 * latency.c - how long does one order take, by kind, and how long does it wait under load?
 *
 * Closed loop: each order alone, a tick before and after: service time per kind of order. Open
 * loop: orders arrive at a rate whether or not the engine is ready, latency counts from when each
 * should have been sent. Each closed sample holds one clock reading: p50_net and p99_net are
 * without it (the null engine's figure says what the way to the engine costs beside). On a shared
 * or virtual machine the tail is the machine's: p99.9_host says how much of it.
 */
#include "suites/closed_run.h"
#include "suites/open_run.h"
#include "suites/worst.h"

#include "harness/clock.h"
#include "harness/error.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char suite_name[] = "latency";

/* ---- closed loop ------------------------------------------------------------------ */

static const char *const closed_histograms[] = {
    "service",       "service new", "service cancel", "service replace", "service taker",
    "service quote", NULL};

/* Over the clock's own cost, which the clock's probe measured in this run of the program; then the
 * host's share of the tail. Before the percentiles of each kind of order. */
enum { P50_NET = HR_PERCENTILES, P99_NET, HOST, KINDS };
static const struct hr_measured net_metrics[KINDS - HR_PERCENTILES] = {
    {.name = "p50_net", .unit = "ns", .bounded = true},
    {.name = "p99_net", .unit = "ns", .bounded = true},
    {.name = "p99.9_host", .unit = "%"},
};

struct closed {
    const struct hr_workload *workload;
    uint64_t orders, digest;
};

static void sort_samples(const uint64_t *samples, uint64_t count, struct hr_trial *t)
{
    for (uint64_t i = 0; i < count; i++) {
        uint64_t ns = hr_ticks_to_ns(samples[i] >> 3);

        hr_histogram_record(t->histograms[0], ns);
        hr_histogram_record(t->histograms[1 + (samples[i] & 7)], ns);
    }
}

static void closed_figures(struct hr_trial *t)
{
    double clock_ns = hr_clock()->cost_ns;

    hr_percentiles_into(t, t->histograms[0], 0, HR_PERCENTILES);
    for (int k = 0; k < HR_CLASSES; k++) {
        hr_percentiles_into(t, t->histograms[1 + k], KINDS + k * HR_CLASS_PERCENTILES,
                            HR_CLASS_PERCENTILES);
    }
    t->values[P50_NET] = fmax(t->values[0] - clock_ns, 0);
    t->values[P99_NET] = isfinite(t->values[1]) ? fmax(t->values[1] - clock_ns, 0) : (double)NAN;
    t->values[HOST] = t->ruler ? (double)NAN : hr_host_percent(t, t->histograms[0]);
    t->reasons[P99_NET] = t->reasons[HOST] = "too few samples for this percentile";
    hr_check_most(&t->checks, "clock_cost", clock_ns / fmax(t->values[0], 1) * 100, 50, INFINITY,
                  "% of p50");
}

static int closed_trial(const struct hr_case *c, struct hr_trial *t)
{
    const struct closed *closed = c->context;
    const struct hr_workload *w = closed->workload;
    uint64_t *samples = malloc(closed->orders * sizeof(*samples));
    struct hr_drive_sum sum;
    struct hr_path *path = NULL;
    int rc;

    if (!samples) {
        return hr_fail(ENOMEM, "no memory for %" PRIu64 " samples", closed->orders);
    }
    memset(samples, 0, closed->orders * sizeof(*samples)); /* touched before the clock runs */
    rc = hr_books_open(t->rig, t->engine, w, HR_FLOW_BATCH, &path, NULL);
    if (rc == 0) {
        struct hr_drive drive = {.ops = t->rig->path, .path = path, .batch = 1};

        hr_trial_start(t);
        rc = hr_drive_each(&drive, w->tape->steady_requests, closed->orders, samples, &sum);
        hr_trial_stop(t);
    }
    rc = rc ? rc : hr_trial_digest_of(t, path, closed->digest);
    if (rc == 0) {
        sort_samples(samples, closed->orders, t);
        closed_figures(t);
    }
    if (path) {
        t->rig->path->close(path);
    }
    free(samples);
    return rc;
}

/* preset: the flow's name, or NULL if it is this run's own. */
static int closed_case(struct hr_bench *bench, json_t *suite, const struct hr_flow_params *flow,
                       const char *preset)
{
    uint64_t tape = 4 * hr_config_count(bench->rig.config, "throughput.requests");
    uint64_t wanted = hr_config_count(bench->rig.config, "latency.requests");
    uint64_t orders = wanted < tape ? wanted : tape;
    static char names[HR_CLASSES][HR_CLASS_PERCENTILES][24];
    struct hr_measured metrics[KINDS + HR_CLASSES * HR_CLASS_PERCENTILES];
    struct hr_workload workload;
    struct closed closed = {.workload = &workload, .orders = orders};
    char name[96], id[256];
    json_t *params;
    int rc;

    if (preset) {
        snprintf(name, sizeof(name), "load=closed/flow=%s", preset);
    } else {
        snprintf(name, sizeof(name), "load=closed/markets=%u", flow->markets);
    }
    hr_case_id(&bench->rig, suite_name, name, id, sizeof(id));
    if (!hr_case_wanted(&bench->rig, id)) {
        return 0;
    }
    hr_percentile_metrics(metrics, HR_PERCENTILES);
    metrics[0].ruled = true;
    for (int p = 0; p < HR_CLASS_PERCENTILES; p++) {
        metrics[p].bounded = true;
    }
    memcpy(metrics + HR_PERCENTILES, net_metrics, sizeof(net_metrics));
    for (int k = 0; k < HR_CLASSES; k++) {
        struct hr_measured *at = metrics + KINDS + k * HR_CLASS_PERCENTILES;

        hr_percentile_metrics(at, HR_CLASS_PERCENTILES);
        for (int p = 0; p < HR_CLASS_PERCENTILES; p++) {
            snprintf(names[k][p], sizeof(names[k][p]), "%s_%s", hr_class_names[k], at[p].name);
            at[p].name = names[k][p];
        }
    }
    params = hr_flow_case_params(flow);
    json_object_update_new(params, json_pack("{s:s, s:I, s:i}", "load", "closed", "orders",
                                             (json_int_t)orders, "batch", 1));
    if (preset) {
        json_object_set_new(params, "flow", json_string(preset));
    }
    rc = hr_rig_workload(&bench->rig, flow, tape, &workload);
    if (rc == 0) {
        if (!bench->rig.plan) {
            hr_workload_prefix(&workload, orders, &closed.orders, &closed.digest);
        }
        rc = hr_measure(
            &bench->rig, suite,
            &(struct hr_case){
                .suite = suite_name,
                .name = name,
                .params = params,
                .metrics = metrics,
                .metrics_count = KINDS + (flow->l2_share > 0 ? HR_CLASSES : HR_CLASSES - 1) *
                                             HR_CLASS_PERCENTILES,
                .histograms = closed_histograms,
                .run = closed_trial,
                .context = &closed,
                .seconds = (double)(hr_flow_load(flow) + 2 * orders) / HR_PLAN_ORDERS_PER_S},
            NULL);
    } else {
        rc = hr_refuse_workload(bench, suite, suite_name, name, params, rc, NULL);
    }
    json_decref(params);
    return rc;
}

/* ---- the suite ----------------------------------------------------------------------- */

static int open_cases(struct hr_bench *bench, json_t *suite, const struct hr_flow_params *flow,
                      uint64_t tape)
{
    const uint64_t *rates;
    int n = hr_config_counts(bench->rig.config, "latency.rates", &rates), rc = 0;

    for (int i = 0; i < n && rc == 0; i++) {
        char name[96];

        snprintf(name, sizeof(name), "rate=%" PRIu64, rates[i]);
        rc = hr_open_case_run(bench, suite, suite_name, name, flow, tape, (double)rates[i]);
    }
    return rc;
}

/* By market count, of the run's own flow; then the presets as they are. */
static int closed_cases(struct hr_bench *bench, json_t *suite, const struct hr_flow_params *base)
{
    const char *at = hr_config_text(bench->rig.config, "latency.flows");
    const uint64_t *markets;
    int n = hr_config_counts(bench->rig.config, "latency.markets", &markets), rc = 0;
    char preset[HR_CONFIG_NAME_MAX];

    for (int i = 0; i < n && rc == 0; i++) {
        struct hr_flow_params flow = *base;

        flow.markets = (uint32_t)markets[i];
        rc = closed_case(bench, suite, &flow, NULL);
    }
    while (rc == 0 && hr_config_name_next(&at, preset)) {
        struct hr_flow_params flow;

        rc = hr_config_named_flow(bench->rig.config, preset, &flow);
        rc = rc ? rc : closed_case(bench, suite, &flow, preset);
    }
    return rc;
}

static int latency_run(struct hr_bench *bench, json_t *suite)
{
    uint64_t tape = 4 * hr_config_count(bench->rig.config, "throughput.requests");
    struct hr_flow_params flow;
    int rc;

    hr_config_flow(bench->rig.config, &flow);
    rc = closed_cases(bench, suite, &flow);
    rc = rc ? rc : hr_worst_cases(bench, suite, tape);
    return rc ? rc : open_cases(bench, suite, &flow, tape);
}

extern const struct hr_suite_ops hr_suite_latency;
const struct hr_suite_ops hr_suite_latency = {
    .name = suite_name,
    .question = "How long does one order take, alone and under load?",
    .run = latency_run,
};
