/*
 * run_plan.c - which cases would run, and does that fit the time there is?
 *
 * The rates it guesses with are those of small virtual machines; a fast host ends sooner.
 */
#include "suites/run_plan.h"

#include "harness/error.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#define REPORT_S 3.0 /* writing the report and drawing the plots */
#define REQUESTS_MIN 50000u
#define RUNS_MIN 3u
#define BLOCKS_MIN 6u

bool hr_suite_asked(const struct hr_config *config, const char *name)
{
    const char *at = hr_config_text(config, "run.suites");
    char asked[HR_CONFIG_NAME_MAX];

    if (strcmp(name, hr_suites[0]->name) == 0) {
        return true;
    }
    while (hr_config_name_next(&at, asked)) {
        if (strcmp(asked, name) == 0 || strcmp(asked, "all") == 0) {
            return true;
        }
    }
    return false;
}

int hr_suites_check(const struct hr_config *config)
{
    const char *at = hr_config_text(config, "run.suites");
    char name[HR_CONFIG_NAME_MAX];

    if (!hr_config_name_next(&at, name)) {
        return hr_fail(EINVAL,
                       "run.suites names no suite; `headroom list` shows them, or write all");
    }
    do {
        if (strcmp(name, "all") != 0 && !hr_suite_find(name)) {
            return hr_context(-EINVAL, "run.suites");
        }
    } while (hr_config_name_next(&at, name));
    return 0;
}

json_t *hr_run_plan(struct hr_bench *bench)
{
    struct hr_rig *rig = &bench->rig;
    json_t *plan = json_pack("{s:[], s:{}}", "cases", "flows"), *scratch = json_object();
    int rc = plan && scratch ? 0 : hr_fail(ENOMEM, "no memory for the plan");

    rig->plan = plan;
    rig->planned_s = (double)hr_config_count(rig->config, "run.ceilings") / 1e9 + REPORT_S;
    for (int i = 0; hr_suites[i] && rc == 0; i++) {
        if (hr_suite_asked(rig->config, hr_suites[i]->name)) {
            rc = hr_suites[i]->run(bench, scratch);
        }
    }
    rig->plan = NULL;
    json_decref(scratch);
    if (rc) {
        json_decref(plan);
        return NULL;
    }
    json_object_del(plan, "flows");
    json_object_set_new(plan, "seconds", json_real(rig->planned_s));
    return plan;
}

double hr_run_plan_seconds(const json_t *plan)
{
    return json_number_value(json_object_get(plan, "seconds"));
}

static bool halve(struct hr_config *config, const char *key, uint64_t least)
{
    uint64_t value = hr_config_count(config, key);
    char text[96];

    if (value / 2 < least) {
        return false;
    }
    snprintf(text, sizeof(text), "%s=%" PRIu64, key, value / 2);
    return hr_config_set(config, text, "budget") == 0;
}

static bool one_less(struct hr_config *config, const char *key, uint64_t least)
{
    uint64_t value = hr_config_count(config, key);
    char text[96];

    if (value <= least) {
        return false;
    }
    snprintf(text, sizeof(text), "%s=%" PRIu64, key, value - 1);
    return hr_config_set(config, text, "budget") == 0;
}

static bool cut(struct hr_config *config, bool blocks)
{
    /* Not the regimes': how far the market swings in a run is part of what they are. */
    static const char *const requests[] = {"markets.requests", "throughput.requests",
                                           "latency.requests", "latency.worst_requests",
                                           "scaling.requests", "capacity.requests",
                                           "network.orders",   "cluster.orders"};
    bool changed = false;

    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        changed = halve(config, requests[i], REQUESTS_MIN) || changed;
    }
    return changed || (blocks ? one_less(config, "run.blocks", BLOCKS_MIN)
                              : one_less(config, "run.runs", RUNS_MIN));
}

int hr_run_plan_fit(struct hr_bench *bench, struct hr_config *config, json_t **plan)
{
    double budget_s = (double)hr_config_count(config, "run.budget") / 1e9, first_s = 0;

    for (bool changed = false;;) {
        *plan = hr_run_plan(bench);
        if (!*plan) {
            return -EINVAL;
        }
        first_s = first_s > 0 ? first_s : hr_run_plan_seconds(*plan);
        if (hr_run_plan_seconds(*plan) <= budget_s || !cut(config, bench->rig.against)) {
            if (changed) {
                hr_record_warn(bench->rig.record,
                               "planned %.0f s for a budget of %.0f s: requests and runs were cut "
                               "(config: origin budget)",
                               first_s, budget_s);
            }
            return 0;
        }
        changed = true;
        json_decref(*plan);
    }
}

void hr_run_plan_print(const json_t *plan, FILE *out)
{
    const json_t *c;
    size_t i;

    fprintf(out, "%-64s %5s %9s\n", "case", "runs", "seconds");
    json_array_foreach (json_object_get(plan, "cases"), i, c) {
        const char *reason = json_string_value(json_object_get(c, "reason"));

        fprintf(out, "%-64s %5" JSON_INTEGER_FORMAT " %9.1f%s%s\n",
                json_string_value(json_object_get(c, "id")),
                json_integer_value(json_object_get(c, "runs")),
                json_number_value(json_object_get(c, "seconds")), reason ? "  skipped: " : "",
                reason ? reason : "");
    }
    fprintf(out, "%zu cases, about %.0f s with flows, ceilings and report (a guess)\n",
            json_array_size(json_object_get(plan, "cases")), hr_run_plan_seconds(plan));
}
