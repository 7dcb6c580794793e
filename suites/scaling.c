/*
 * scaling.c - do more cores carry more orders, and where does that end?
 *
 * Shards of markets over cores, each its own engine on its own core, one tape cut beforehand. The
 * points are fitted with a line and with the universal scalability law (Gunther): contention and
 * coherence shares. It cannot see a router's cost, and on a virtual machine two processors may
 * share one core.
 */
#include "suites/closed_run.h"

#include "harness/error.h"
#include "harness/shards.h"
#include "harness/statistics.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char suite_name[] = "scaling";

#define POINTS_MAX 64

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
                                                  .cpus = t->rig->cpu >= 0 ? t->rig->cpus : NULL},
                       &result);
    hr_trial_stop(t);
    if (rc) {
        return rc;
    }
    t->values[0] = (double)result.requests / ((double)result.ns / 1e9);
    t->values[1] = (double)result.requests_max * s->shards / (double)result.requests;
    t->elapsed_ns = result.ns;
    hr_check_most(&t->checks, "shard_switches", (double)result.switches_involuntary, s->shards,
                  INFINITY, "switches");
    hr_check_most(&t->checks, "shard_migrations", result.migrations, 0, 0, "threads");
    hr_trial_digest(t, result.digest, s->digest);
    return 0;
}

/* All points; one tape serves them. */
struct sweep {
    struct hr_workload workload;
    struct sharded points[POINTS_MAX];
    char names[POINTS_MAX][32];
    struct hr_case cases[POINTS_MAX];
    struct hr_measure_result results[POINTS_MAX];
    int count;
};

static void add_point(struct hr_bench *bench, struct sweep *sweep,
                      const struct hr_flow_params *flow, uint64_t orders, int shards)
{
    static const struct hr_measured metrics[] = {
        {.name = "throughput", .unit = "orders/s", .higher = true, .ruled = true},
        {.name = "imbalance", .unit = "largest/mean"},
    };
    int i = sweep->count;
    struct sharded *s = sweep->points + i;
    char id[256];
    json_t *params;

    snprintf(sweep->names[i], sizeof(sweep->names[i]), "shards=%d", shards);
    hr_case_id(&bench->rig, suite_name, sweep->names[i], id, sizeof(id));
    if (!hr_case_wanted(&bench->rig, id)) {
        return;
    }
    s->workload = &sweep->workload;
    s->shards = shards;
    s->batch = (uint32_t)hr_config_count(bench->rig.config, "run.batch");
    params = hr_flow_case_params(flow);
    json_object_update_new(params, json_pack("{s:i, s:I, s:I}", "shards", shards, "orders",
                                             (json_int_t)orders, "batch", (json_int_t)s->batch));
    sweep->cases[i] = (struct hr_case){.suite = suite_name,
                                       .name = sweep->names[i],
                                       .params = params,
                                       .metrics = metrics,
                                       .metrics_count = 2,
                                       .run = sharded_trial,
                                       .context = s,
                                       .seconds = 0.05 + (double)(hr_flow_load(flow) + orders) /
                                                             HR_PLAN_ORDERS_PER_S};
    sweep->count++;
}

/* The points take turns, or a drift of the machine would look like a speed-up. */
static int measure_points(struct hr_bench *bench, json_t *suite, struct sweep *sweep,
                          const struct hr_flow_params *flow, uint64_t tape, uint64_t orders)
{
    int rc = hr_rig_workload(&bench->rig, flow, tape, &sweep->workload);

    if (rc) {
        int refused = 0;

        for (int i = 0; i < sweep->count; i++) {
            refused = hr_refuse_workload(bench, suite, suite_name, sweep->names[i],
                                         sweep->cases[i].params, rc);
        }
        return refused;
    }
    for (int i = 0; i < sweep->count && !bench->rig.plan; i++) {
        hr_workload_prefix(&sweep->workload, orders, &sweep->points[i].steady,
                           &sweep->points[i].digest);
    }
    return hr_measure_in_turns(&bench->rig, suite, sweep->cases, sweep->count, sweep->results);
}

static void single(json_t *c, const char *name, const char *unit, bool higher, double value,
                   const char *reason)
{
    if (isfinite(value)) {
        hr_case_metric(
            c, &(struct hr_metric){
                   .name = name, .unit = unit, .higher = higher, .samples = &value, .n = 1});
    } else {
        hr_case_metric_null(c, name, unit, reason);
    }
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
    law = hr_fit_usl(shards, rates, n, &usl) == 0;
    hr_error_clear();
    single(c, "per_shard", "orders/s", true, line.b, NULL);
    single(c, "linear_r2", "share", true, n > 2 ? line.r2 : (double)NAN,
           "a line through two points fits always");
    single(c, "usl_lambda", "orders/s", true, law ? usl.lambda : (double)NAN, few);
    single(c, "usl_sigma", "share", false, law ? usl.sigma : (double)NAN, few);
    single(c, "usl_kappa", "share", false, law ? usl.kappa : (double)NAN, few);
    single(c, "usl_r2", "share", true, law ? usl.r2 : (double)NAN, few);
    single(c, "usl_peak", "shards", true, law ? usl.peak_n : (double)NAN,
           law ? "no peak: the coherence share is 0" : few);
}

/* 1, 2, 3, 4, 6, 8, 12, 16 … and the most there is. */
static int points(int most, int *out)
{
    int n = 0;

    for (int base = 1; base <= most && n < POINTS_MAX - 2; base *= 2) {
        out[n++] = base;
        if (base >= 2 && base + base / 2 <= most) {
            out[n++] = base + base / 2;
        }
    }
    if (out[n - 1] != most) {
        out[n++] = most;
    }
    return n;
}

/* Through the points that passed, written beside the figure of the most shards. */
static void fit_points(const struct sweep *sweep)
{
    double shards[POINTS_MAX], rates[POINTS_MAX];
    json_t *last = NULL;
    int good = 0;

    for (int i = 0; i < sweep->count; i++) {
        const struct hr_measure_result *r = sweep->results + i;

        if (r->json && r->status == HR_PASS) {
            last = r->json;
            shards[good] = sweep->points[i].shards;
            rates[good++] = hr_estimate_median(hr_measure_samples(r, 0), r->runs).median;
        }
    }
    fit(last, shards, rates, good);
}

static int scaling_run(struct hr_bench *bench, json_t *suite)
{
    const struct hr_config *config = bench->rig.config;
    uint64_t orders = hr_config_count(config, "scaling.requests"),
             tape = 4 * hr_config_count(config, "throughput.requests");
    int most = (int)hr_config_count(config, "scaling.threads"), cpus = bench->rig.cpus_count;
    int numbers[POINTS_MAX], n, rc = 0;
    struct sweep *sweep = calloc(1, sizeof(*sweep));
    struct hr_flow_params flow;

    if (!sweep) {
        return hr_fail(ENOMEM, "no memory for a sweep over cores");
    }
    hr_config_flow(config, &flow);
    orders = orders < tape ? orders : tape;
    most = most == 0 || most > cpus ? cpus : most;
    most = (uint32_t)most > flow.markets ? (int)flow.markets : most;
    n = points(most < 1 ? 1 : most, numbers);
    for (int i = 0; i < n; i++) {
        add_point(bench, sweep, &flow, orders, numbers[i]);
    }
    if (sweep->count) {
        rc = measure_points(bench, suite, sweep, &flow, tape, orders);
    }
    if (rc == 0 && !bench->rig.plan) {
        fit_points(sweep);
    }
    for (int i = 0; i < sweep->count; i++) {
        hr_measure_result_free(sweep->results + i);
        json_decref(sweep->cases[i].params);
    }
    free(sweep);
    return rc;
}

extern const struct hr_suite_ops hr_suite_scaling;
const struct hr_suite_ops hr_suite_scaling = {
    .name = suite_name,
    .question = "Do more cores carry more orders?",
    .run = scaling_run,
};
