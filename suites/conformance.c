/*
 * conformance.c - is the engine right? Asked before anything is timed.
 *
 * Scenario tests for every rule, then differential fuzzing against the oracle. A failure is FAIL,
 * and gates all other suites: the speed of wrong trades is nobody's business. What it cannot see:
 * an error that needs more requests than it was given; every timed run's digest is checked as well.
 */
#include "suites/suite.h"

#include "engine-under-test/conform.h"
#include "harness/error.h"
#include "harness/progress.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define CONFORM_PER_S 4e5

static const char advice[] = "run `headroom conform -e ENGINE` for the shortest flow that shows it";

static json_t *begin(struct hr_bench *bench, json_t *suite, const char *name, json_t *params)
{
    struct hr_rig *rig = &bench->rig;
    char id[256];

    hr_case_id(rig, "conformance", name, id, sizeof(id));
    return hr_case_begin(suite, id, rig->engine->name, rig->path->name, params);
}

static void metric(json_t *c, const char *name, double value)
{
    hr_case_metric(c,
                   &(struct hr_metric){
                       .name = name, .unit = "count", .higher = true, .samples = &value, .n = 1});
}

static void close_case(struct hr_bench *bench, json_t *c, bool failed, const char *why)
{
    enum hr_status status = failed ? HR_FAIL : HR_PASS;

    hr_case_status(c, status, failed ? why : NULL, failed ? advice : NULL);
    bench->rig.statuses[status]++;
}

static void record(struct hr_bench *bench, json_t *suite, const struct eut_conform_result *r,
                   int rc)
{
    bool rules_failed = r->scenarios_failed > 0;
    json_t *c = begin(bench, suite, "rules",
                      json_pack("{s:I, s:I, s:I}", "scenarios", (json_int_t)r->scenarios, "failed",
                                (json_int_t)r->scenarios_failed, "skipped",
                                (json_int_t)r->scenarios_skipped));

    metric(c, "scenarios", r->scenarios);
    close_case(bench, c, rules_failed, r->first_failure);
    c = begin(bench, suite, "differential",
              json_pack("{s:I, s:I, s:I}", "requests", (json_int_t)r->requests, "failed_at",
                        (json_int_t)r->requests_failed_at, "seed_failed",
                        (json_int_t)r->seed_failed));
    metric(c, "requests", (double)r->requests);
    close_case(bench, c, rc == 1 && !rules_failed, r->first_failure);
}

static void plan_case(struct hr_bench *bench, const char *name, uint64_t requests, double seconds)
{
    char id[256];

    hr_case_id(&bench->rig, "conformance", name, id, sizeof(id));
    json_array_append_new(json_object_get(bench->rig.plan, "cases"),
                          json_pack("{s:s, s:{s:I}, s:i, s:f}", "id", id, "params", "requests",
                                    (json_int_t)requests, "runs", 1, "seconds", seconds));
    bench->rig.planned_s += seconds;
}

static int conformance_run(struct hr_bench *bench, json_t *suite)
{
    const struct eut_engine *engine = bench->rig.engine;
    struct eut_conform_result result = {0};
    int rc;

    if (bench->rig.plan) {
        uint64_t requests = hr_config_count(bench->rig.config, "conformance.requests");

        plan_case(bench, "rules", 0, 1);
        plan_case(bench, "differential", requests, (double)requests / CONFORM_PER_S);
        return 0;
    }
    if (engine->capabilities & EUT_CAP_RULER) {
        hr_suite_skip(suite, "the null engine is the ruler: it does not match",
                      "name an engine that matches: -e reference");
        return 0;
    }
    hr_progress_step("conformance", 0);
    rc = eut_conform(
        &(struct eut_conform_params){
            .engine = engine,
            .seed = 1,
            .requests = hr_config_count(bench->rig.config, "conformance.requests")},
        &result);
    if (rc == -EINTR || (rc == 0 && hr_stop_signal())) {
        return hr_fail(EINTR, "interrupted");
    }
    if (rc < 0) {
        snprintf(bench->gate, sizeof(bench->gate), "conformance could not be judged: %.400s",
                 *hr_error() ? hr_error() : strerror(-rc));
        hr_suite_skip(suite, bench->gate, "give the judging process what it lacks, and run again");
        return rc;
    }
    record(bench, suite, &result, rc);
    if (rc) {
        snprintf(bench->gate, sizeof(bench->gate), "engine %s does not conform: %.400s",
                 engine->name, result.first_failure);
    }
    return 0;
}

extern const struct hr_suite_ops hr_suite_conformance;
const struct hr_suite_ops hr_suite_conformance = {
    .name = "conformance",
    .question = "Is the engine right?",
    .run = conformance_run,
};
