/*
 * scaling.c - do more cores carry more orders, and where does that end?
 *
 * Shards of markets over cores, each its own engine on its own core, one tape cut beforehand: the
 * run's own flow, and flow presets that no cache holds. In cache the ceiling is one shard's rate,
 * times shards; out of it what all processors' random lines allow. The points are fitted with a
 * line and with the universal scalability law (Gunther): contention and coherence shares. It cannot
 * see a router's cost, and on a virtual machine two processors may share one core.
 */
#include "suites/closed_run.h"
#include "suites/sweep.h"

#include "harness/error.h"
#include "harness/shards.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char suite_name[] = "scaling";

#define POINTS_MAX 64
#define ONE_SHARD_CEILING "one shard's rate, times shards"

/* In the order of a trial's values. */
enum { THROUGHPUT, TRADES, IMBALANCE, ENERGY, FIGURES = ENERGY + HR_ENERGY_FIGURES_COUNT };
static const struct hr_measured figures[FIGURES] = {
    [THROUGHPUT] = {.name = "throughput", .unit = "orders/s", .higher = true, .ruled = true},
    [TRADES] = {.name = "trades", .unit = "trades/s", .higher = true},
    [IMBALANCE] = {.name = "imbalance", .unit = "largest/mean"},
    [ENERGY] = HR_ENERGY_FIGURES,
};

struct sharded {
    const struct hr_workload *workload;
    uint64_t steady, digest;
    int shards;
    uint32_t batch;
};

static int sharded_trial(const struct hr_case *c, struct hr_trial *t)
{
    const struct sharded *s = c->context;
    struct hr_shards_result result;
    int rc;

    hr_trial_start(t);
    rc = hr_shards_run(&(struct hr_shards_params){.ops = t->rig->path,
                                                  .engine = t->engine,
                                                  .workload = s->workload,
                                                  .steady = s->steady,
                                                  .batch = s->batch,
                                                  .shards = s->shards,
                                                  .cpus = t->rig->cpu >= 0 ? t->rig->cpus : NULL,
                                                  .energy = t->rig->energy},
                       &result);
    hr_trial_stop(t);
    if (rc) {
        return rc;
    }
    t->values[THROUGHPUT] = (double)result.requests / ((double)result.ns / 1e9);
    t->values[TRADES] =
        result.trades ? (double)result.trades / ((double)result.ns / 1e9) : (double)NAN;
    t->reasons[TRADES] = "no order of this flow trades";
    t->values[IMBALANCE] = (double)result.requests_max * s->shards / (double)result.requests;
    t->elapsed_ns = result.ns;
    hr_trial_energy(t, ENERGY, result.joules, result.ns, result.requests);
    hr_check_most(&t->checks, "shard_switches", (double)result.switches_involuntary, s->shards,
                  INFINITY, "switches");
    hr_check_most(&t->checks, "shard_migrations", result.migrations, 0, 0, "threads");
    hr_trial_digest(t, result.digest, s->digest);
    return 0;
}

/* All points of one flow; one tape serves them. */
struct sweep {
    const char *preset; /* the flow's name; NULL: the run's own flow */
    struct hr_flow_params flow;
    uint64_t tape, orders;
    struct hr_workload workload;
    struct sharded points[POINTS_MAX];
    char names[POINTS_MAX][96];
    struct hr_measured metrics[POINTS_MAX][FIGURES];
    struct hr_case cases[POINTS_MAX];
    struct hr_measure_result results[POINTS_MAX];
    int count;
};

/* What random lines allow so many shards out of cache: with all processors at work what was
 * measured with all, with fewer what one does, times shards. *id stays NULL in cache. */
static double lines_ceiling(const struct hr_rig *rig, const struct hr_flow_params *flow, int shards,
                            const char **id)
{
    const char *all_id;
    double one = hr_orders_ceiling(rig, flow, 1, id) * shards;
    double all = hr_orders_ceiling(rig, flow, rig->cpus_count, &all_id);

    if (all_id && (shards == rig->cpus_count || all < one)) {
        *id = all_id;
        return all;
    }
    return one;
}

static json_t *point_params(const struct sweep *sweep, const struct sharded *s)
{
    json_t *params = hr_flow_case_params(&sweep->flow);

    json_object_update_new(params,
                           json_pack("{s:i, s:I, s:I}", "shards", s->shards, "orders",
                                     (json_int_t)sweep->orders, "batch", (json_int_t)s->batch));
    if (sweep->preset) {
        json_object_set_new(params, "flow", json_string(sweep->preset));
    }
    return params;
}

static void add_point(struct hr_bench *bench, struct sweep *sweep, int shards)
{
    int i = sweep->count;
    struct sharded *s = sweep->points + i;
    struct hr_measured *metrics = sweep->metrics[i];
    char id[256];

    snprintf(sweep->names[i], sizeof(sweep->names[i]), "%s%s%sshards=%d",
             sweep->preset ? "flow=" : "", sweep->preset ? sweep->preset : "",
             sweep->preset ? "/" : "", shards);
    hr_case_id(&bench->rig, suite_name, sweep->names[i], id, sizeof(id));
    if (!hr_case_wanted(&bench->rig, id)) {
        return;
    }
    s->workload = &sweep->workload;
    s->shards = shards;
    s->batch = (uint32_t)hr_config_count(bench->rig.config, "run.batch");
    memcpy(metrics, figures, sizeof(figures));
    metrics[THROUGHPUT].ceiling_value =
        lines_ceiling(&bench->rig, &sweep->flow, shards, &metrics[THROUGHPUT].ceiling);
    sweep->cases[i] =
        (struct hr_case){.suite = suite_name,
                         .name = sweep->names[i],
                         .params = point_params(sweep, s),
                         .metrics = metrics,
                         .metrics_count = FIGURES,
                         .run = sharded_trial,
                         .context = s,
                         .seconds = 0.05 + (double)(hr_flow_load(&sweep->flow) + sweep->orders) /
                                               HR_PLAN_ORDERS_PER_S};
    sweep->count++;
}

/* The points take turns, or a drift of the machine would look like a speed-up. */
static int measure_points(struct hr_bench *bench, json_t *suite, struct sweep *sweep)
{
    int rc = hr_rig_workload(&bench->rig, &sweep->flow, sweep->tape, &sweep->workload);

    if (rc) {
        int refused = 0;

        for (int i = 0; i < sweep->count; i++) {
            refused = hr_refuse_workload(bench, suite, suite_name, sweep->names[i],
                                         sweep->cases[i].params, rc, NULL);
        }
        return refused;
    }
    for (int i = 0; i < sweep->count && !bench->rig.plan; i++) {
        hr_workload_prefix(&sweep->workload, sweep->orders, &sweep->points[i].steady,
                           &sweep->points[i].digest);
    }
    return hr_measure_in_turns(&bench->rig, suite, sweep->cases, sweep->count, sweep->results);
}

/* The line and the law through the points, beside the figure of the most shards. */
static void fit(json_t *c, const double *shards, const double *rates, int n)
{
    static const char few[] = "the universal scalability law needs 3 points; this host gave fewer";
    struct hr_line line;
    struct hr_usl usl;
    bool law;

    if (!c || n < 2 || hr_fit_line(shards, rates, n, &line)) {
        return;
    }
    hr_case_figure(c, "per_shard", "orders/s", true, line.b, NULL);
    hr_case_figure(c, "linear_r2", "share", true, n > 2 ? line.r2 : (double)NAN,
                   "a line through two points fits always");
    law = hr_sweep_law(c, shards, rates, n, few, &usl);
    hr_case_figure(c, "usl_peak", "shards", true, law ? usl.peak_n : (double)NAN,
                   law ? "no peak: the coherence share is 0" : few);
}

/* Through the points that passed: the fit, written beside the figure of the most shards, and in
 * cache the ceiling of each, one shard's rate times shards. */
static void relate_points(const struct sweep *sweep)
{
    double shards[POINTS_MAX], rates[POINTS_MAX];
    json_t *last = NULL;
    int good = 0;

    for (int i = 0; i < sweep->count; i++) {
        const struct hr_measure_result *r = sweep->results + i;

        if (!r->json || r->status != HR_PASS) {
            continue;
        }
        last = r->json;
        shards[good] = sweep->points[i].shards;
        rates[good++] = hr_measure_median(r, THROUGHPUT);
        if (shards[0] == 1 && good > 1 && !sweep->metrics[i][THROUGHPUT].ceiling) {
            hr_case_metric_bound(r->json, figures[THROUGHPUT].name, ONE_SHARD_CEILING,
                                 rates[0] * sweep->points[i].shards);
        }
    }
    fit(last, shards, rates, good);
}

/* preset: NULL is the run's own flow. */
static int run_sweep(struct hr_bench *bench, json_t *suite, const char *preset)
{
    const struct hr_config *config = bench->rig.config;
    uint64_t wanted = hr_config_count(config, "scaling.requests");
    int most = (int)hr_config_count(config, "scaling.threads"), cpus = bench->rig.cpus_count;
    struct sweep *sweep = calloc(1, sizeof(*sweep));
    int numbers[POINTS_MAX], n, rc = 0;

    if (!sweep) {
        return hr_fail(ENOMEM, "no memory for a sweep over cores");
    }
    sweep->preset = preset;
    sweep->tape = 4 * hr_config_count(config, "throughput.requests");
    sweep->orders = wanted < sweep->tape ? wanted : sweep->tape;
    hr_config_flow(config, &sweep->flow);
    if (preset) {
        rc = hr_config_named_flow(config, preset, &sweep->flow);
    }
    most = most == 0 || most > cpus ? cpus : most;
    most = (uint32_t)most > sweep->flow.markets ? (int)sweep->flow.markets : most;
    n = hr_sweep_counts(most < 1 ? 1 : most, numbers, POINTS_MAX);
    for (int i = 0; i < n && rc == 0; i++) {
        add_point(bench, sweep, numbers[i]);
    }
    if (sweep->count) {
        rc = measure_points(bench, suite, sweep);
    }
    if (rc == 0 && !bench->rig.plan) {
        relate_points(sweep);
    }
    for (int i = 0; i < sweep->count; i++) {
        hr_measure_result_free(sweep->results + i);
        json_decref(sweep->cases[i].params);
    }
    free(sweep);
    return rc;
}

static int scaling_run(struct hr_bench *bench, json_t *suite)
{
    const char *at = hr_config_text(bench->rig.config, "scaling.flows");
    char preset[HR_CONFIG_NAME_MAX];
    int rc = run_sweep(bench, suite, NULL);

    while (rc == 0 && hr_config_name_next(&at, preset)) {
        rc = run_sweep(bench, suite, preset);
    }
    return rc;
}

extern const struct hr_suite_ops hr_suite_scaling;
const struct hr_suite_ops hr_suite_scaling = {
    .name = suite_name,
    .question = "Do more cores carry more orders?",
    .run = scaling_run,
};
