/*
 * schema_test.c - the checker lets the sample pass and names the first offence of broken ones.
 */
#include "harness/error.h"
#include "harness/record.h"
#include "reports/report.h"
#include "tests/test.h"

#include <stdint.h>
#include <stdlib.h>

#define SAMPLE "tests/golden/reports/sample.json"

/* Follows "suites[0].cases[1].id" up to its last step. */
static json_t *holder_of(json_t *json, char *path, char **last)
{
    char *step = strtok(path, ".");

    for (;;) {
        char *bracket = strchr(step, '['), *next = strtok(NULL, ".");

        if (bracket) {
            *bracket = '\0';
            json = json_array_get(json_object_get(json, step), (size_t)atoi(bracket + 1));
            if (!next) {
                return NULL;
            }
        } else if (!next) {
            *last = step;
            return json;
        } else {
            json = json_object_get(json, step);
        }
        step = next;
    }
}

static const struct {
    const char *at, *value; /* value NULL takes the member out */
    const char *complaint;
} broken[] = {
    {"schema.name", "\"other\"", "result.schema.name must be \"headroom-result\""},
    {"schema.major", "2", "result.schema.major must be 1"},
    {"schema.minor", "-1", "result.schema.minor is below 0"},
    {"schema.minor", "0.5", "result.schema.minor is a number, must be integer"},
    {"complete", "\"yes\"", "result.complete is a string, must be boolean"},
    {"complete", NULL, "result has no \"complete\""},
    {"started", "\"yesterday\"", "result.started does not match"},
    {"unheard_of", "1", "result has the unknown property \"unheard_of\""},
    {"tool.features", "[1]", "result.tool.features[0] is a number, must be string"},
    {"argv", "{}", "result.argv is an object, must be array"},
    {"host.fingerprint", "\"A1B2C3D4E5F60718\"", "result.host.fingerprint does not match"},
    {"host.line", "\"\"", "result.host.line is empty"},
    {"host.readiness", "[{\"check\": \"swap\", \"status\": \"fine\"}]",
     "result.host.readiness[0].status must be one of [\"ok\",\"advice\",\"warning\"]"},
    {"config.bad", "{\"value\": 1}", "result.config[\"bad\"] has no \"origin\""},
    {"ceilings[3].estimate", "\"fast\"",
     "result.ceilings[3].estimate is a string, must be number or null"},
    {"ceilings[0].estimate", "null", "result.ceilings[0].reason is null, must be string"},
    {"ceilings[0].samples", "[1, true]", "result.ceilings[0].samples[1] is a boolean"},
    {"workload.flows[0].sha256", "\"123\"", "result.workload.flows[0].sha256 does not match"},
    {"workload.markets", "-4", "result.workload.markets is below 0"},
    {"suites[1].status", "\"PASS\"", "result.suites[1].status must be one of"},
    {"suites[0].status", "\"skip\"", "result.suites[0].reason is null, must be string"},
    {"suites[2].cases[1].status", "\"invalid\"", "result.suites[2].cases[1].reason is null"},
    {"suites[2].cases[1].id", NULL, "result.suites[2].cases[1] has no \"id\""},
    {"suites[2].cases[1].surprise", "[]", "unknown property \"surprise\""},
    {"suites[2].cases[1].digest", "17", "result.suites[2].cases[1].digest is a number"},
    {"suites[2].cases[1].histograms[0].count", "-1", ".histograms[0].count is below 0"},
    {"suites[2].cases[1].histograms[0].points", "[[1, 2], [3]]",
     ".histograms[0].points[1] has 1 items, fewer than 2"},
    {"suites[2].cases[1].histograms[0].points", "[[1, 2, 3]]",
     ".histograms[0].points[0] has 3 items, more than 2"},
    {"suites[2].cases[1].metrics[0].better", "\"faster\"", ".metrics[0].better must be one of"},
    {"suites[2].cases[1].metrics[0].n_runs", "1.5", ".metrics[0].n_runs is a number, must be"},
    {"suites[2].cases[1].runs[0].checks", "[{\"check\": \"steal\", \"status\": \"bad\"}]",
     ".runs[0].checks[0].status must be one of"},
    {"claims", "[1]", "result.claims[0] is a number, must be object"},
    {"warnings", "null", "result.warnings is null, must be array"},
    {"verdict.line", "\"\"", "result.verdict.line is empty"},
};

TEST(schema, the_sample_is_accepted)
{
    json_t *sample = json_load_file(SAMPLE, 0, NULL);

    CHECK(sample);
    if (hr_schema_check(sample)) {
        FAIL("%s", hr_error());
    }
    json_decref(sample);
}

TEST(schema, the_first_offence_is_named)
{
    size_t i;

    for (i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        json_t *sample = json_load_file(SAMPLE, 0, NULL), *holder;
        char path[200], *last = NULL;

        snprintf(path, sizeof(path), "%s", broken[i].at);
        holder = holder_of(sample, path, &last);
        CHECK(holder && last);
        if (broken[i].value) {
            CHECK(!json_object_set_new(holder, last,
                                       json_loads(broken[i].value, JSON_DECODE_ANY, NULL)));
        } else {
            CHECK(!json_object_del(holder, last));
        }
        if (!hr_schema_check(sample)) {
            FAIL("%s = %s was accepted", broken[i].at,
                 broken[i].value ? broken[i].value : "(none)");
        }
        if (!strstr(hr_error(), broken[i].complaint)) {
            FAIL("%s: \"%s\" does not say \"%s\"", broken[i].at, hr_error(), broken[i].complaint);
        }
        json_decref(sample);
    }
}

TEST(schema, what_is_no_object_is_refused)
{
    static const char *const texts[] = {"[]", "17", "null", "\"headroom-result\"", "{}"};
    size_t i;

    CHECK(hr_schema_check(NULL) < 0);
    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        json_t *json = json_loads(texts[i], JSON_DECODE_ANY, NULL);

        CHECK(hr_schema_check(json) < 0);
        json_decref(json);
    }
}

TEST(schema, a_newer_minor_version_may_add_properties)
{
    json_t *sample = json_load_file(SAMPLE, 0, NULL);

    json_object_set_new(json_object_get(sample, "schema"), "minor",
                        json_integer(HR_SCHEMA_MINOR + 1));
    json_object_set_new(sample, "unheard_of", json_true());
    CHECK_EQ(hr_schema_check(sample), 0);
    json_object_set_new(sample, "complete", json_integer(1));
    CHECK(hr_schema_check(sample) < 0);
    json_decref(sample);
}

TEST(schema, control_characters_do_not_reach_the_message)
{
    json_t *sample = json_load_file(SAMPLE, 0, NULL);
    const char *c;

    json_object_set_new(sample, "two\nlines\x1b[31m", json_true());
    CHECK(hr_schema_check(sample) < 0);
    for (c = hr_error(); *c; c++) {
        CHECK((unsigned char)*c >= 0x20);
    }
    json_decref(sample);
}

/* A keyword that the checker does not know would be a promise that nobody keeps. */
static void check_keywords(const json_t *schema)
{
    static const char *const known[] = {
        "type",       "const",    "enum",    "required",    "additionalProperties",
        "properties", "$ref",     "items",   "anyOf",       "minLength",
        "minItems",   "maxItems", "pattern", "minimum",     "title",
        "$id",        "$schema",  "$defs",   "description",
    };
    const char *name;
    json_t *value, *member;
    size_t i;

    json_object_foreach ((json_t *)(uintptr_t)schema, name, value) {
        const char *key;
        int found = 0;

        for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
            found |= strcmp(known[i], name) == 0;
        }
        if (!found) {
            FAIL("the checker does not know \"%s\"", name);
        }
        if (strcmp(name, "properties") == 0 || strcmp(name, "$defs") == 0) {
            json_object_foreach (value, key, member) {
                check_keywords(member);
            }
        } else if (strcmp(name, "anyOf") == 0) {
            json_array_foreach (value, i, member) {
                check_keywords(member);
            }
        } else if (json_is_object(value)) {
            check_keywords(value);
        }
    }
}

TEST(schema, it_uses_only_what_the_checker_knows)
{
    json_t *schema = json_loads(hr_result_schema, 0, NULL);

    CHECK(schema);
    check_keywords(schema);
    json_decref(schema);
}
