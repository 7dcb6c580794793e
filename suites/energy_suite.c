/*
 * energy_suite.c - what does an order cost in joules, and what does the host use at rest?
 *
 * The run's own flow on one processor and on all, each for energy.seconds, with the host asleep for
 * a while before: so the idle baseline lies beside every figure, taken in the same run. The source
 * counts the whole host (harness/energy.h), so a joule bought its share of everything that ran. It
 * cannot see the power supply's loss: that takes a meter at the wall.
 */
#include "suites/closed_run.h"

#include "harness/shards.h"

#include <math.h>
#include <stdio.h>

#define SUITE "energy"
#define IDLE_SHARE 0.5 /* asleep, of the time under load */

enum { POWER, PER_JOULE, IDLE, OVER_IDLE, PER_JOULE_OVER_IDLE, THROUGHPUT, FIGURES };
static const struct hr_measured figures[FIGURES] = {
    [POWER] = HR_ENERGY_FIGURES,
    [IDLE] = {.name = "idle_power", .unit = "W"},
    [OVER_IDLE] = {.name = "power_over_idle", .unit = "W"},
    [PER_JOULE_OVER_IDLE] = {.name = "orders_per_joule_over_idle",
                             .unit = "orders/J",
                             .higher = true},
    [THROUGHPUT] = {.name = "throughput", .unit = "orders/s", .higher = true},
};

struct load {
    const struct hr_workload *workload;
    struct hr_shards_params params;
    double seconds; /* under load */
};

/* Fresh engines over the same tape until the time is full; only what they are timed for counts. */
static int load_for(const struct load *load, struct hr_trial *t, uint64_t *ns, uint64_t *requests,
                    double *joules)
{
    struct hr_shards_params params = load->params;

    params.engine = t->engine;
    *joules = 0;
    *ns = *requests = 0;
    while ((double)*ns / 1e9 < load->seconds) {
        struct hr_shards_result result;
        int rc = hr_shards_run(&params, &result);

        if (rc) {
            return rc;
        }
        *ns += result.ns;
        *requests += result.requests;
        *joules += result.joules;
        hr_trial_digest(t, result.digest, load->workload->digest);
        if (t->ruler) {
            break;
        }
    }
    return 0;
}

static int load_trial(const struct hr_case *c, struct hr_trial *t)
{
    const struct load *load = c->context;
    double idle_w, joules;
    uint64_t ns, requests;
    int rc;

    idle_w = t->ruler ? (double)NAN : hr_energy_asleep(t->rig->energy, load->seconds * IDLE_SHARE);
    hr_trial_start(t);
    rc = load_for(load, t, &ns, &requests, &joules);
    hr_trial_stop(t);
    if (rc) {
        return rc;
    }
    t->elapsed_ns = ns;
    t->values[THROUGHPUT] = (double)requests / ((double)ns / 1e9);
    hr_trial_energy(t, POWER, joules, ns, requests);
    t->values[IDLE] = idle_w;
    if (t->values[POWER] > idle_w) {
        t->values[OVER_IDLE] = t->values[POWER] - idle_w;
        t->values[PER_JOULE_OVER_IDLE] = t->values[THROUGHPUT] / t->values[OVER_IDLE];
    }
    t->reasons[IDLE] = "the source did not tell while the host was idle";
    t->reasons[OVER_IDLE] = t->reasons[PER_JOULE_OVER_IDLE] =
        "the host used no more than when it was idle: somebody else was at work";
    return 0;
}

/* Why there can be no figure, or NULL. */
static const char *refused(const struct hr_rig *rig, double seconds, const char **advice)
{
    const struct hr_energy *energy = rig->energy;

    if (!energy || !hr_energy_source(energy)) {
        *advice = "needs counters of the host's energy: bare metal, and root rights";
        return energy ? hr_energy_reason(energy) : "energy was not looked at";
    }
    *advice = "set energy.seconds to four minutes, or use mains power and another source";
    return seconds * IDLE_SHARE < hr_energy_window_s(energy)
               ? "energy.seconds is too short for the source of this host's energy"
               : NULL;
}

static int measure_flow(struct hr_bench *bench, json_t *suite, const char *name, int shards,
                        const struct hr_flow_params *flow, json_t *params)
{
    struct hr_rig *rig = &bench->rig;
    uint64_t orders = 4 * hr_config_count(rig->config, "throughput.requests");
    struct hr_workload workload;
    struct load load = {.workload = &workload,
                        .seconds = (double)hr_config_count(rig->config, "energy.seconds") / 1e9};
    const char *advice, *why = refused(rig, load.seconds, &advice);
    int rc;

    if (why) {
        hr_measure_refuse(rig, suite, SUITE, name, params, HR_SKIP, why, advice);
        return 0;
    }
    rc = hr_rig_workload(rig, flow, orders, &workload);
    if (rc) {
        return hr_refuse_workload(bench, suite, SUITE, name, params, rc, NULL);
    }
    load.params =
        (struct hr_shards_params){.ops = rig->path,
                                  .workload = &workload,
                                  .steady = workload.prefix[0],
                                  .batch = (uint32_t)hr_config_count(rig->config, "run.batch"),
                                  .shards = shards,
                                  .cpus = rig->cpu >= 0 ? rig->cpus : NULL,
                                  .energy = rig->energy};
    return hr_measure(rig, suite,
                      &(struct hr_case){.suite = SUITE,
                                        .name = name,
                                        .params = params,
                                        .metrics = figures,
                                        .metrics_count = FIGURES,
                                        .run = load_trial,
                                        .context = &load,
                                        .seconds = load.seconds * (2 + IDLE_SHARE),
                                        .ruler_seconds = 0.1},
                      NULL);
}

static int measure(struct hr_bench *bench, json_t *suite, int shards)
{
    struct hr_flow_params flow;
    char name[32], id[256];
    json_t *params;
    int rc;

    snprintf(name, sizeof(name), "shards=%d", shards);
    hr_case_id(&bench->rig, SUITE, name, id, sizeof(id));
    if (!hr_case_wanted(&bench->rig, id)) {
        return 0; /* before any tape is recorded for it */
    }
    hr_config_flow(bench->rig.config, &flow);
    params = hr_flow_case_params(&flow);
    json_object_set_new(params, "shards", json_integer(shards));
    if (bench->rig.energy && hr_energy_source(bench->rig.energy)) {
        json_object_set_new(params, "source", json_string(hr_energy_source(bench->rig.energy)));
    }
    rc = measure_flow(bench, suite, name, shards, &flow, params);
    json_decref(params);
    return rc;
}

static int energy_run(struct hr_bench *bench, json_t *suite)
{
    int rc = measure(bench, suite, 1);

    return rc || bench->rig.cpus_count < 2 ? rc : measure(bench, suite, bench->rig.cpus_count);
}

extern const struct hr_suite_ops hr_suite_energy;
const struct hr_suite_ops hr_suite_energy = {
    .name = SUITE,
    .question = "What does an order cost in joules?",
    .run = energy_run,
};
