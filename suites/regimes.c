/*
 * regimes.c - how many requests a second, one at a time and every answer read, when the market is
 * still, moves, swings or falls?
 *
 * Closed loop, so that a regime's rate is the engine's and the ring's: it cannot see what a request
 * waits for another. Needs two processors; what the ring costs depends on how near they are to each
 * other, which on a virtual machine may change from run to run.
 */
#include "suites/regimes.h"

#include "suites/closed_run.h"

#include "harness/error.h"
#include "harness/handover.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define KEY "throughput.regimes"
#define SUITE "throughput"

enum {
    THROUGHPUT,
    EVENTS,
    UNREAD,
    READ_OVER_UNREAD,
    ENERGY,
    METRICS = ENERGY + HR_ENERGY_FIGURES_COUNT
};
static const struct hr_measured metrics[METRICS] = {
    {.name = "throughput", .unit = "orders/s", .higher = true, .ruled = true},
    {.name = "events", .unit = "events/s", .higher = true},
    {.name = "rate_unread", .unit = "orders/s", .higher = true},
    {.name = "read_over_unread", .unit = "times", .higher = true},
    HR_ENERGY_FIGURES,
};

struct regime {
    const struct hr_workload *workload;
    int reader_cpu;
};

/* What came of the regimes so far. */
struct outcome {
    char name[HR_CONFIG_NAME_MAX];
    struct hr_measure_result result;
};

/* One fresh engine, read or not. */
static int drive_once(const struct regime *regime, struct hr_trial *t, bool consumed,
                      struct hr_drive_sum *sum)
{
    const struct hr_workload *w = regime->workload;
    const struct hr_tape *tape = w->tape;
    struct hr_handover_params params = {.engine = t->engine,
                                        .limits = hr_flow_limits(&tape->params, 1),
                                        .consumed = consumed,
                                        .cpu = regime->reader_cpu};
    struct hr_handover *h;
    int rc = hr_handover_open(&h, &params);

    if (rc) {
        return rc;
    }
    rc = hr_handover_drive(h, tape->requests, tape->load, sum);
    if (rc == 0) {
        hr_trial_start(t);
        rc = hr_handover_drive(h, tape->requests + tape->load, w->steady, sum);
        hr_trial_stop(t);
    }
    if (rc == 0) {
        hr_trial_digest(t, hr_handover_digest(h), w->digest);
        if (consumed && tape->params.markets == 1) {
            hr_trial_digest(t, hr_handover_digest_read(h), w->digest);
        }
    }
    hr_handover_close(h);
    return rc;
}

static int regime_run(const struct hr_case *c, struct hr_trial *t)
{
    struct hr_drive_sum read, unread;
    int rc = drive_once(c->context, t, true, &read);

    if (rc) {
        return rc;
    }
    t->values[THROUGHPUT] = (double)read.requests / ((double)read.ns / 1e9);
    t->values[EVENTS] = (double)read.events / ((double)read.ns / 1e9);
    if (t->ruler) {
        return 0;
    }
    rc = drive_once(c->context, t, false, &unread);
    if (rc == 0) {
        t->values[UNREAD] = (double)unread.requests / ((double)unread.ns / 1e9);
        t->values[READ_OVER_UNREAD] = t->values[THROUGHPUT] / t->values[UNREAD];
        hr_trial_energy(t, ENERGY, t->joules, t->elapsed_ns, read.requests + unread.requests);
    }
    return rc;
}

static int measure(struct hr_bench *bench, json_t *suite, const char *name,
                   const struct hr_flow_params *flow, uint64_t orders, json_t *params,
                   struct hr_measure_result *result)
{
    struct hr_workload workload;
    struct regime regime = {&workload, hr_rig_other_cpu(&bench->rig)};
    double driven = 2 * (double)(hr_flow_load(flow) + orders);
    int rc;

    if (regime.reader_cpu == HR_NO_OTHER_CPU) {
        result->status = HR_SKIP;
        result->json =
            hr_measure_refuse(&bench->rig, suite, SUITE, name, params, HR_SKIP,
                              "the events are read by a second thread, and there is one processor",
                              "allow the program two processors");
        return 0;
    }
    rc = hr_rig_workload(&bench->rig, flow, orders, &workload);
    if (rc) {
        return hr_refuse_workload(bench, suite, SUITE, name, params, rc, result);
    }
    return hr_measure(&bench->rig, suite,
                      &(struct hr_case){.suite = SUITE,
                                        .name = name,
                                        .params = params,
                                        .metrics = metrics,
                                        .metrics_count = METRICS,
                                        .run = regime_run,
                                        .context = &regime,
                                        .seconds = driven / HR_PLAN_ORDERS_PER_S + 0.01},
                      result);
}

/* 1 if it was measured or refused, 0 if the filter left it out. */
static int regime(struct hr_bench *bench, json_t *suite, struct outcome *outcome)
{
    uint64_t orders = hr_config_count(bench->rig.config, "throughput.regime_requests");
    struct hr_flow_params flow;
    char name[HR_CONFIG_NAME_MAX + 16], id[256];
    json_t *params;
    int rc;

    snprintf(name, sizeof(name), "regime=%s", outcome->name);
    hr_case_id(&bench->rig, SUITE, name, id, sizeof(id));
    if (!hr_case_wanted(&bench->rig, id)) {
        return 0;
    }
    rc = hr_config_named_flow(bench->rig.config, outcome->name, &flow);
    if (rc) {
        return rc;
    }
    if (flow.markets != 1) {
        return hr_fail(EINVAL, "%s: %s is a flow of %u markets; a regime is of one", KEY,
                       outcome->name, flow.markets);
    }
    params = hr_flow_case_params(&flow);
    json_object_set_new(params, "batch", json_integer(1));
    json_object_set_new(params, "look_ns", json_integer(HR_HANDOVER_LOOK_NS));
    json_object_set_new(params, "orders", json_integer((json_int_t)orders));
    json_object_set_new(params, "regime", json_string(outcome->name));
    json_object_set_new(params, "swing", json_real(flow.swing));
    rc = measure(bench, suite, name, &flow, orders, params, &outcome->result);
    json_decref(params);
    return rc ? rc : 1;
}

/* The worst of two regimes is not that of five: the case is named after all that were asked for, or
 * after their number where that would be too long a name. */
static void name_worst(const struct hr_rig *rig, char *name, size_t size)
{
    static const char first[] = "regime=worst/of=";
    const char *at = hr_config_text(rig->config, KEY);
    char regime[HR_CONFIG_NAME_MAX];
    size_t length = (size_t)snprintf(name, size, "%s", first);
    int n = 0;

    while (hr_config_name_next(&at, regime)) {
        if (length < size) {
            length += (size_t)snprintf(name + length, size - length, "%s%s", n ? "," : "", regime);
        }
        n++;
    }
    if (length >= size) {
        snprintf(name, size, "%s%d", first, n);
    }
}

/* The regime whose median is lowest; its samples are the figure. One without a figure might have
 * been it, so then there is none. */
static void worst(struct hr_bench *bench, json_t *suite, const struct outcome *outcomes, int n)
{
    char name[96];
    const struct outcome *worst = NULL, *without = NULL;
    double least = INFINITY;
    json_t *names = json_array(), *params = json_pack("{s:o}", "regimes", names), *c;
    char reason[HR_CONFIG_NAME_MAX + 320];

    name_worst(&bench->rig, name, sizeof(name));
    for (int i = 0; i < n; i++) {
        const struct hr_measure_result *r = &outcomes[i].result;

        json_array_append_new(names, json_string(outcomes[i].name));
        if (!r->json || r->status != HR_PASS) {
            without = without && without->result.status == HR_INVALID ? without : outcomes + i;
            continue;
        }
        double median = hr_measure_median(r, THROUGHPUT);

        if (median < least) {
            least = median;
            worst = outcomes + i;
        }
    }
    if (bench->rig.plan) {
        hr_measure_refuse(&bench->rig, suite, SUITE, name, params, HR_PASS, NULL, NULL);
    } else if (without || n == 0) {
        const json_t *why = without ? json_object_get(without->result.json, "reason") : NULL;

        snprintf(reason, sizeof(reason),
                 "the regime %s, which might be the worst, has no figure: %.250s",
                 without ? without->name : "",
                 json_is_string(why) ? json_string_value(why) : "it was not asked for");
        c = hr_measure_refuse(
            &bench->rig, suite, SUITE, name, params,
            without && without->result.status == HR_INVALID ? HR_INVALID : HR_SKIP,
            without ? reason : "no regime was measured", "see that case for what to do");
        if (c) {
            hr_case_metric_null(c, metrics[THROUGHPUT].name, metrics[THROUGHPUT].unit, reason);
        }
    } else {
        const struct hr_measure_result *r = &worst->result;
        const json_t *figure = json_array_get(json_object_get(r->json, "metrics"), THROUGHPUT);

        json_object_set_new(params, "regime", json_string(worst->name));
        c = hr_measure_refuse(&bench->rig, suite, SUITE, name, params, HR_PASS, NULL, NULL);
        if (c) {
            hr_case_metric(c, &(struct hr_metric){.name = metrics[THROUGHPUT].name,
                                                  .unit = metrics[THROUGHPUT].unit,
                                                  .higher = true,
                                                  .samples = hr_measure_samples(r, THROUGHPUT),
                                                  .n = r->runs});
            hr_case_metric_bound(c, metrics[THROUGHPUT].name,
                                 json_string_value(json_object_get(figure, "ceiling")),
                                 json_number_value(json_object_get(figure, "ceiling_value")));
        }
    }
    json_decref(params);
}

int hr_regime_cases(struct hr_bench *bench, json_t *suite)
{
    struct outcome outcomes[HR_REGIMES_MAX];
    const char *at = hr_config_text(bench->rig.config, KEY);
    char name[HR_CONFIG_NAME_MAX];
    int n = 0, rc = 0;

    memset(outcomes, 0, sizeof(outcomes));
    while (rc == 0 && hr_config_name_next(&at, name)) {
        if (n == HR_REGIMES_MAX) {
            rc = hr_fail(EINVAL, "%s: more than %d regimes: %s is one too many", KEY,
                         HR_REGIMES_MAX, name);
            break;
        }
        snprintf(outcomes[n].name, sizeof(outcomes[n].name), "%s", name);
        rc = regime(bench, suite, outcomes + n);
        if (rc > 0) {
            rc = 0;
            n++;
        }
    }
    if (rc == 0 && *hr_config_text(bench->rig.config, KEY)) {
        worst(bench, suite, outcomes, n);
    }
    for (int i = 0; i <= n && i < HR_REGIMES_MAX; i++) {
        hr_measure_result_free(&outcomes[i].result);
    }
    return rc;
}
