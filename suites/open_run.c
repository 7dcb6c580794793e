/*
 * open_run.c - how long do orders wait when they come at a rate of their own?
 *
 * Due times are drawn before the clock starts; latency counts from them, so a stall is paid by
 * every order that came during it. The generator must itself be on time, or the run does not count.
 * Driver and engine share a core on the path inproc: what is measured is the queue in front of one
 * matching thread.
 */
#include "suites/open_run.h"

#include "harness/clock.h"
#include "harness/error.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const hr_open_histograms[HR_OPEN_HISTOGRAMS + 1] = {"latency", "service", NULL};

struct hr_arrival hr_arrival_of(const struct hr_config *config, double rate, uint64_t seed)
{
    static const char *const names[] = {"back_to_back", "constant", "poisson", "bursty"};
    struct hr_arrival arrival = {.process = HR_ARRIVAL_POISSON,
                                 .rate = rate,
                                 .burst = hr_config_real(config, "arrival.burst"),
                                 .burst_factor = hr_config_real(config, "arrival.burst_factor"),
                                 .seed = seed};
    const char *wanted = hr_config_text(config, "arrival.process");

    for (int i = 0; i < 4; i++) {
        if (strcmp(names[i], wanted) == 0) {
            arrival.process = (enum hr_arrival_process)i;
        }
    }
    return arrival;
}

static void judge(const struct hr_open_run *run, struct hr_trial *t,
                  const struct hr_open_account *account, uint64_t ns, uint64_t last_due_ns)
{
    double offered = (double)run->orders / fmax((double)last_due_ns, 1) * 1e9;
    double achieved = (double)run->orders / fmax((double)ns, 1) * 1e9;
    double in_flight = achieved * account->residence_mean_ns / 1e9;

    hr_percentiles_into(t, t->histograms[HR_OPEN_LATENCY], 0, HR_PERCENTILES);
    t->values[HR_OPEN_ACHIEVED] = achieved;
    t->values[HR_OPEN_SERVICE_P50] = hr_percentile_or_nan(t->histograms[HR_OPEN_SERVICE], 50);
    t->values[HR_OPEN_SERVICE_P99] = hr_percentile_or_nan(t->histograms[HR_OPEN_SERVICE], 99);
    t->reasons[HR_OPEN_SERVICE_P50] = t->reasons[HR_OPEN_SERVICE_P99] =
        "too few samples for this percentile";
    hr_check_most(&t->checks, "late_sends", (double)account->late / (double)run->orders * 100, 0,
                  HR_LATE_SHARE_MAX * 100, "%");
    hr_check_most(&t->checks, "late_send_max", (double)account->late_max_ns, INFINITY, INFINITY,
                  "ns");
    /* Little: what is on average inside cannot be more than what was ever inside at once. */
    hr_check_most(&t->checks, "little", in_flight, (double)account->backlog_max * 1.01,
                  (double)account->backlog_max * 1.01, "orders");
    hr_check_least(&t->checks, "achieved", achieved / offered * 100, 98, 0, "% of the rate");
}

/* Arrays of one run, touched before its clock starts. */
struct arrays {
    uint64_t *due;
    struct hr_open_batch *log;
};

static int arrays_make(struct arrays *a, const struct hr_open_run *run, const struct hr_trial *t,
                       uint64_t *last_due_ns)
{
    struct hr_arrival arrival = hr_arrival_of(t->rig->config, run->rate, t->seed);

    a->due = malloc(run->orders * sizeof(*a->due));
    a->log = malloc(run->orders * sizeof(*a->log));
    if (!a->due || !a->log) {
        return hr_fail(ENOMEM, "no memory for the due times of %" PRIu64 " orders", run->orders);
    }
    hr_arrival_times(&arrival, a->due, run->orders);
    *last_due_ns = a->due[run->orders - 1];
    for (uint64_t i = 0; i < run->orders; i++) {
        a->due[i] = hr_ns_to_ticks(a->due[i]);
    }
    memset(a->log, 0, run->orders * sizeof(*a->log));
    return 0;
}

int hr_open_trial(const struct hr_open_run *run, struct hr_trial *t)
{
    const struct hr_workload *w = run->workload;
    struct hr_open_account account;
    struct hr_drive_sum sum;
    struct arrays a = {NULL, NULL};
    struct hr_path *path = NULL;
    uint64_t batches = 0, last_due_ns = 0;
    int rc = arrays_make(&a, run, t, &last_due_ns);

    rc = rc ? rc : hr_books_open(t->rig, t->engine, w, run->batch, &path, NULL);
    if (rc == 0) {
        struct hr_drive drive = {.ops = t->rig->path, .path = path, .batch = run->batch};

        hr_trial_start(t);
        rc = hr_drive_open(&drive, w->tape->steady_requests, run->orders, a.due, NULL,
                           a.log, &batches, &sum);
        hr_trial_stop(t);
    }
    rc = rc ? rc : hr_trial_digest_of(t, path, run->digest);
    if (rc == 0) {
        hr_open_account(a.log, batches, a.due, hr_ns_to_ticks(run->budget_ns),
                        t->histograms[HR_OPEN_LATENCY], t->histograms[HR_OPEN_SERVICE], &account);
        judge(run, t, &account, sum.ns, last_due_ns);
    }
    if (path) {
        t->rig->path->close(path);
    }
    free(a.due);
    free(a.log);
    return rc;
}

static int case_trial(const struct hr_case *c, struct hr_trial *t)
{
    return hr_open_trial(c->context, t);
}

static void open_metrics(struct hr_measured metrics[HR_OPEN_FIGURES])
{
    hr_percentile_metrics(metrics, HR_PERCENTILES);
    metrics[HR_OPEN_ACHIEVED] =
        (struct hr_measured){.name = "achieved", .unit = "orders/s", .higher = true};
    metrics[HR_OPEN_SERVICE_P50] = (struct hr_measured){.name = "service_p50", .unit = "ns"};
    metrics[HR_OPEN_SERVICE_P99] = (struct hr_measured){.name = "service_p99", .unit = "ns"};
}

int hr_open_case_run(struct hr_bench *bench, json_t *suite, const char *suite_name,
                     const char *name, const struct hr_flow_params *flow, uint64_t tape,
                     double rate)
{
    const struct hr_config *config = bench->rig.config;
    double seconds = (double)hr_config_count(config, "latency.seconds") / 1e9;
    struct hr_measured metrics[HR_OPEN_FIGURES];
    struct hr_workload workload;
    struct hr_open_run run = {.workload = &workload,
                              .orders = (uint64_t)fmin(rate * seconds, (double)tape),
                              .rate = rate,
                              .batch = (uint32_t)hr_config_count(config, "run.batch"),
                              .budget_ns = hr_config_count(config, "latency.late_budget")};
    char id[256];
    json_t *params;
    int rc;

    hr_case_id(&bench->rig, suite_name, name, id, sizeof(id));
    if (!hr_case_wanted(&bench->rig, id)) {
        return 0;
    }
    params = hr_flow_case_params(flow);
    json_object_update_new(params, json_pack("{s:s, s:s, s:f, s:I}", "load", "open", "arrival",
                                             hr_config_text(config, "arrival.process"), "rate",
                                             rate, "batch", (json_int_t)run.batch));
    open_metrics(metrics);
    rc = hr_rig_workload(&bench->rig, flow, tape, &workload);
    if (rc == 0) {
        if (!bench->rig.plan) {
            hr_workload_prefix(&workload, run.orders, &run.orders, &run.digest);
        }
        rc = hr_measure(
            &bench->rig, suite,
            &(struct hr_case){.suite = suite_name,
                              .name = name,
                              .params = params,
                              .metrics = metrics,
                              .metrics_count = HR_OPEN_FIGURES,
                              .histograms = hr_open_histograms,
                              .run = case_trial,
                              .context = &run,
                              .seconds = (double)hr_flow_load(flow) / HR_PLAN_ORDERS_PER_S +
                                         (double)run.orders / rate * 0.75 + 0.02},
            NULL);
    } else {
        rc = hr_refuse_workload(bench, suite, suite_name, name, params, rc, NULL);
    }
    json_decref(params);
    return rc;
}
