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

static int sharded_case(struct hr_bench *bench, json_t *suite, const struct hr_flow_params *flow,
                        uint64_t tape, uint64_t orders, struct sharded *s, double *rate,
                        json_t **json)
{
    static const struct hr_measured metrics[] = {
        {.name = "throughput", .unit = "orders/s", .higher = true, .ruled = true},
        {.name = "imbalance", .unit = "largest/mean"},
    };
    struct hr_measure_result result;
    struct hr_workload workload;
    char name[64], id[256];
    json_t *params;
    int rc;

    snprintf(name, sizeof(name), "shards=%d", s->shards);
    hr_case_id(&bench->rig, suite_name, name, id, sizeof(id));
    if (!hr_case_wanted(&bench->rig, id)) {
        return 0;
    }
    params = hr_flow_case_params(flow);
    json_object_update_new(params, json_pack("{s:i, s:I, s:I}", "shards", s->shards, "orders",
                                             (json_int_t)orders, "batch", (json_int_t)s->batch));
    rc = hr_rig_workload(&bench->rig, flow, tape, &workload);
    if (rc == 0) {
        s->workload = &workload;
        if (!bench->rig.plan) {
            hr_workload_prefix(&workload, orders, &s->steady, &s->digest);
        }
        rc = hr_measure(&bench->rig, suite,
                        &(struct hr_case){.suite = suite_name,
                                          .name = name,
                                          .params = params,
                                          .metrics = metrics,
                                          .metrics_count = 2,
                                          .run = sharded_trial,
                                          .context = s,
                                          .seconds = 0.05 + (double)(hr_flow_load(flow) + orders) /
                                                                HR_PLAN_ORDERS_PER_S},
                        &result);
        if (result.json && result.status == HR_PASS) {
            *json = result.json;
            *rate = hr_estimate_median(hr_measure_samples(&result, 0), result.runs).median;
        }
        hr_measure_result_free(&result);
    } else if (rc != -EINTR) {
        hr_refuse_workload(bench, suite, suite_name, name, params, rc);
        rc = 0;
    }
    json_decref(params);
    return rc;
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

static int scaling_run(struct hr_bench *bench, json_t *suite)
{
    const struct hr_config *config = bench->rig.config;
    uint64_t orders = hr_config_count(config, "scaling.requests"),
             tape = 4 * hr_config_count(config, "throughput.requests");
    double shards[POINTS_MAX], rates[POINTS_MAX];
    int most = (int)hr_config_count(config, "scaling.threads"), numbers[POINTS_MAX], n, good = 0,
        rc = 0;
    struct sharded s = {0};
    json_t *last = NULL;
    struct hr_flow_params flow;
    int cpus;

    hr_config_flow(config, &flow);
    cpus = bench->rig.cpus_count;
    most = most == 0 || most > cpus ? cpus : most;
    most = (uint32_t)most > flow.markets ? (int)flow.markets : most;
    s.batch = (uint32_t)hr_config_count(config, "run.batch");
    n = points(most < 1 ? 1 : most, numbers);
    for (int i = 0; i < n && rc == 0; i++) {
        double rate = (double)NAN;

        s.shards = numbers[i];
        rc = sharded_case(bench, suite, &flow, tape, orders < tape ? orders : tape, &s, &rate,
                          &last);
        if (isfinite(rate)) {
            shards[good] = numbers[i];
            rates[good++] = rate;
        }
    }
    if (rc == 0) {
        fit(last, shards, rates, good);
    }
    return rc;
}

extern const struct hr_suite_ops hr_suite_scaling;
const struct hr_suite_ops hr_suite_scaling = {
    .name = suite_name,
    .question = "Do more cores carry more orders?",
    .run = scaling_run,
};
