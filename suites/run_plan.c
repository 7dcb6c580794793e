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
#define DEVICE_REQUESTS_MIN 1000000u
#define BLOCKS_NS_MIN 1000000000u
#define STANDS_OUT 0.1 /* of all the time that is planned */
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

/* What may be cut, each of the suite that it is named after. Not the regimes' requests: how far the
 * market swings in a run is part of what they are. */
static const struct size {
    const char *key;
    uint64_t least;
    const char *unit;
} sizes[] = {
    {"markets.requests", REQUESTS_MIN, ""},       {"throughput.requests", REQUESTS_MIN, ""},
    {"latency.requests", REQUESTS_MIN, ""},       {"latency.worst_requests", REQUESTS_MIN, ""},
    {"scaling.requests", REQUESTS_MIN, ""},       {"capacity.requests", REQUESTS_MIN, ""},
    {"network.orders", REQUESTS_MIN, ""},         {"cluster.orders", REQUESTS_MIN, ""},
    {"device.requests", DEVICE_REQUESTS_MIN, ""}, {"blocks.seconds", BLOCKS_NS_MIN, "ns"},
};

static bool can_halve(const struct hr_config *config, const struct size *size)
{
    return hr_config_count(config, size->key) / 2 >= size->least;
}

static bool halve(struct hr_config *config, const struct size *size)
{
    char text[96];

    snprintf(text, sizeof(text), "%s=%" PRIu64 "%s", size->key,
             hr_config_count(config, size->key) / 2, size->unit);
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

/* Planned for the suite that a row is named after. */
static double seconds_of(const json_t *plan, const struct size *size)
{
    size_t name = strcspn(size->key, "."), i;
    const json_t *c;
    double seconds = 0;

    json_array_foreach (json_object_get(plan, "cases"), i, c) {
        const char *id = json_string_value(json_object_get(c, "id"));

        if (id && strncmp(id, size->key, name) == 0 && id[name] == '/') {
            seconds += json_number_value(json_object_get(c, "seconds"));
        }
    }
    return seconds;
}

/* The suite that takes longest has its size halved, so that one of them does not cost all others
 * theirs. Where none stands out there is a run less of all. */
static bool cut(struct hr_config *config, const json_t *plan, bool blocks)
{
    const struct size *longest = NULL;
    double most = -1;

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        double seconds = can_halve(config, sizes + i) ? seconds_of(plan, sizes + i) : -1;

        if (seconds > most) {
            most = seconds;
            longest = sizes + i;
        }
    }
    if (most < hr_run_plan_seconds(plan) * STANDS_OUT &&
        (blocks ? one_less(config, "run.blocks", BLOCKS_MIN)
                : one_less(config, "run.runs", RUNS_MIN))) {
        return true;
    }
    return longest && halve(config, longest);
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
        if (hr_run_plan_seconds(*plan) <= budget_s || !cut(config, *plan, bench->rig.against)) {
            if (changed) {
                hr_record_warn(bench->rig.record,
                               "planned %.0f s for a budget of %.0f s: sizes and runs were cut "
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
