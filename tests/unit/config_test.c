/* config_test.c - precedence, origins, types, and how bad files are refused. */
#include "harness/config.h"
#include "harness/config_folder.h"
#include "harness/error.h"
#include "harness/settings_file.h"
#include "tests/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[64];

static void put_file(const char *name, const char *text)
{
    char path[160];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "w");
    if (!file || fputs(text, file) < 0 || fclose(file) != 0) {
        FAIL("cannot write %s", path);
    }
}

/* A folder of profiles of our own, so that the tuned ones may change. */
static void setup(void)
{
    snprintf(folder, sizeof(folder), "/tmp/headroom-config-%d", (int)getpid());
    char flows[80];

    snprintf(flows, sizeof(flows), "%s/flows", folder);
    if (system(NULL)) {
        char command[200];

        snprintf(command, sizeof(command), "rm -rf %s && mkdir -p %s", folder, flows);
        CHECK_EQ(system(command), 0);
    }
    put_file("standard.yaml",
             "summary: the tests' own\nflow:\n  markets: 2k\n  zipf: 0.5\nmarkets:\n"
             "  counts: [1, 64Ki, 1e3]\nrun:\n  suites: [latency, throughput]\n");
    put_file("mixed.yaml", "flow:\n  preset: thin\n  levels: 7\n");
    put_file("flows/thin.yaml", "flow:\n  levels: 3\n  crossing: 0.5\n  markets: 9\n");
    put_file("flows/greedy.yaml", "run:\n  runs: 9\n");
    setenv("HEADROOM_CONFIGS", folder, 1);
}

static void teardown(void)
{
    char command[100];

    unsetenv("HEADROOM_CONFIGS");
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    CHECK_EQ(system(command), 0);
}

TEST(config, each_layer_wins_over_the_one_below)
{
    const uint64_t *counts;
    struct hr_config *c;

    setup();
    CHECK_EQ(hr_config_load(&c, NULL), 0);
    CHECK_STR(hr_config_profile(c), "standard");
    CHECK_STR(hr_config_summary(c), "the tests' own");
    CHECK_EQ(hr_config_count(c, "flow.markets"), 2000);
    CHECK_STR(hr_config_origin(c, "flow.markets"), "profile");
    CHECK_STR(hr_config_origin(c, "flow.levels"), "default");
    CHECK_EQ(hr_config_counts(c, "markets.counts", &counts), 3);
    CHECK_EQ(counts[1], 65536);
    CHECK_STR(hr_config_text(c, "run.suites"), "latency,throughput");
    CHECK_EQ(hr_config_set(c, "flow.markets=3", "flag"), 0);
    CHECK_EQ(hr_config_set(c, "flow.markets=4", "environment"), 0);
    CHECK_EQ(hr_config_count(c, "flow.markets"), 3);
    CHECK_EQ(hr_config_set(c, "flow.markets=5", "scaled"), 0);
    CHECK_EQ(hr_config_count(c, "flow.markets"), 5);
    CHECK_STR(hr_config_origin(c, "flow.markets"), "scaled");
    CHECK_STR(hr_config_profile(c), "standard");
    hr_config_free(c);
    teardown();
}

TEST(config, the_environment_wins_over_the_profile)
{
    struct hr_config *c;

    setup();
    setenv("HEADROOM_FLOW_MARKETS", "11", 1);
    CHECK_EQ(hr_config_load(&c, "standard"), 0);
    CHECK_EQ(hr_config_count(c, "flow.markets"), 11);
    CHECK_STR(hr_config_origin(c, "flow.markets"), "environment");
    hr_config_free(c);
    setenv("HEADROOM_FLOW_MARKETS", "none", 1);
    CHECK_EQ(hr_config_load(&c, "standard"), -EINVAL);
    CHECK(strstr(hr_error(), "HEADROOM_FLOW_MARKETS"));
    unsetenv("HEADROOM_FLOW_MARKETS");
    setenv("HEADROOM_FLOW_MARKTES", "1", 1);
    CHECK_EQ(hr_config_load(&c, "standard"), -EINVAL);
    CHECK(strstr(hr_error(), "did you mean HEADROOM_FLOW_MARKETS?"));
    unsetenv("HEADROOM_FLOW_MARKTES");
    teardown();
}

TEST(config, presets_lie_between_default_and_profile)
{
    struct hr_config *c;

    setup();
    CHECK_EQ(hr_config_load(&c, "mixed"), 0);
    CHECK_EQ(hr_config_count(c, "flow.levels"), 7);
    CHECK_EQ(hr_config_count(c, "flow.markets"), 9);
    CHECK_STR(hr_config_origin(c, "flow.markets"), "preset");
    CHECK_EQ(hr_config_set(c, "flow.preset=", "flag"), 0);
    CHECK_STR(hr_config_origin(c, "flow.markets"), "default");
    CHECK(hr_config_set(c, "flow.preset=tihn", "flag") < 0);
    CHECK(strstr(hr_error(), "did you mean thin?"));
    CHECK(hr_config_set(c, "flow.preset=greedy", "flag") < 0);
    CHECK(strstr(hr_error(), "greedy.yaml:2: run.runs cannot be set by a flow preset"));
    CHECK(hr_config_set(c, "flow.preset=../mixed", "flag") < 0);
    hr_config_free(c);
    CHECK(hr_config_load(&c, "standrad") < 0);
    CHECK(strstr(hr_error(), "did you mean standard?"));
    teardown();
}

TEST(config, assignments_are_checked)
{
    static const struct {
        const char *assignment, *said;
    } bad[] = {{"flow.market", "key=value"},
               {"=1", "key=value"},
               {"flow.marktes=1", "did you mean flow.markets?"},
               {"markets=1", "unknown setting"},
               {"levels=1", "did you mean flow.levels?"},
               {"flow.markets=0", "1 to 134217728 markets"},
               {"flow.zipf=nan", "no number"},
               {"flow.zipf=11", "0 to 10"},
               {"flow.zipf=inf", "no number"},
               {"flow.zipf=0x1p1", "no number"},
               {"run.budget=10", "unit"},
               {"run.budget=1ms", "1s to 720h"},
               {"flow.ids=sprase", "did you mean sparse?"},
               {"flow.price_full=maybe", "true or false"},
               {"markets.counts=", "no whole number"},
               {"markets.counts=1,,2", "no whole number"},
               {"markets.counts=1,0", "it must be 1"},
               {"flow.markets=", "no whole number"},
               {"flow.markets=1e30", "64 bits"},
               {"xyzzy=1", "--help"}};
    struct hr_config *c;

    setup();
    CHECK_EQ(hr_config_load(&c, "standard"), 0);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (hr_config_set(c, bad[i].assignment, "flag") >= 0) {
            FAIL("%s was taken", bad[i].assignment);
        }
        if (!strstr(hr_error(), bad[i].said)) {
            FAIL("%s: '%s' lacks '%s'", bad[i].assignment, hr_error(), bad[i].said);
        }
    }
    CHECK_EQ(hr_config_count(c, "flow.markets"), 2000);
    CHECK_EQ(hr_config_set(c, "run.budget=1.5 min", "flag"), 0);
    CHECK_EQ(hr_config_count(c, "run.budget"), 90000000000);
    CHECK_EQ(hr_config_set(c, "capacity.rate_min=2.5e5", "flag"), 0);
    CHECK_NEAR(hr_config_real(c, "capacity.rate_min"), 250000, 0);
    CHECK_EQ(hr_config_set(c, "capacity.rate_min=100k", "flag"), 0);
    CHECK_NEAR(hr_config_real(c, "capacity.rate_min"), 100000, 0);
    hr_config_free(c);
    teardown();
}

TEST(config, bad_files_are_refused_on_their_line)
{
    static const struct {
        const char *text, *said;
    } bad[] = {
        {"", "bad.yaml:1: the file holds no settings"},
        {"# only a comment\n", "bad.yaml:1: the file holds no settings"},
        {"flow: [1\n", "not valid YAML"},
        {"flow:\n\tmarkets: 1\n", "bad.yaml:2: not valid YAML"},
        {"flow:\n  markets: 1\n  marktes: 2\n",
         "bad.yaml:3: unknown setting flow.marktes; did you mean flow.markets?"},
        {"flwo:\n  levels: 2\n",
         "bad.yaml:2: unknown setting flwo.levels; did you mean flow.levels?"},
        {"flow:\n  markets: 1\n  levels: 2\n  markets: 3\n",
         "bad.yaml:4: flow.markets is given twice, first on line 2"},
        {"flow:\n  markets: 1\nflow:\n  levels: 2\n",
         "bad.yaml:3: flow is given twice, first on line 1"},
        {"flow:\n\n  markets: -1\n", "bad.yaml:3: flow.markets"},
        {"run:\n  budget: 10\n", "bad.yaml:2: run.budget: '10' has no unit"},
        {"run:\n  budget:\n", "bad.yaml:2: run.budget has no value"},
        {"a: &a [x,x]\nb: &b [*a,*a]\n", "bad.yaml:1: anchors"},
        {"flow:\n  markets: *a\n", "bad.yaml:2: aliases"},
        {"flow:\n  markets: !!int 3\n", "bad.yaml:2: anchors (&name) and tags"},
        {"flow:\n  markets: {a: 1}\n", "bad.yaml:2: flow.markets is nested too deep"},
        {"flow:\n  markets: [1]\n", "bad.yaml:2: flow.markets takes one value"},
        {"markets:\n  counts: [[1]]\n", "bad.yaml:2: a list may hold plain values"},
        {"markets:\n  counts: [1, 0]\n", "bad.yaml:2: markets.counts is 0"},
        {"- flow\n", "bad.yaml:1: expected `section:`"},
        {"flow\n", "bad.yaml:1: expected `section:`"},
        {"flow:\n  markets: 1\n---\nflow:\n  markets: 1\n", "bad.yaml:3: a second document"},
        {"? [a]\n: 1\n", "bad.yaml:1: a key must be"},
        {"flow:\n  markets: \"1\\0\"\n", "bad.yaml:2"},
        {"flow:\n  markets: \xff\n", "bad.yaml:2: not valid YAML"},
        {"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "bad.yaml:1"},
    };
    char path[100];
    struct hr_config *c;

    setup();
    snprintf(path, sizeof(path), "%s/bad.yaml", folder);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        put_file("bad.yaml", bad[i].text);
        if (hr_config_load(&c, path) >= 0) {
            FAIL("file %zu was taken: %s", i, bad[i].text);
        }
        if (!strstr(hr_error(), bad[i].said) || strchr(hr_error(), '\n')) {
            FAIL("file %zu: '%s' lacks '%s'", i, hr_error(), bad[i].said);
        }
    }
    CHECK_EQ(hr_config_load(&c, "/nonexistent/x.yaml"), -ENOENT);
    snprintf(path, sizeof(path), "%s/flows", folder);
    CHECK_EQ(hr_config_load(&c, path), -EISDIR);
    teardown();
}

TEST(config, the_shipped_profiles_load_and_fit_together)
{
    static const char *const names[] = {"quick", "standard", "full", "planet"};
    struct hr_config *c;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (hr_config_load(&c, names[i]) != 0 || hr_config_check(c) != 0) {
            FAIL("%s: %s", names[i], hr_error());
        }
        CHECK(hr_config_summary(c)[0]);
        hr_config_free(c);
    }
}

static void try_preset(void *context, const char *name)
{
    char assignment[100];
    struct hr_config *c;

    (void)context;
    snprintf(assignment, sizeof(assignment), "flow.preset=%s", name);
    CHECK_EQ(hr_config_load(&c, "quick"), 0);
    if (hr_config_set(c, assignment, "flag") != 0 || hr_config_check(c) != 0) {
        FAIL("%s: %s", name, hr_error());
    }
    hr_config_free(c);
}

TEST(config, the_shipped_presets_fit_the_flow)
{
    hr_config_names("configs/flows", try_preset, NULL);
}

/* A preset's flow is that of its file over the defaults, not over this run's settings. */
TEST(config, a_preset_means_the_same_flow_everywhere)
{
    struct hr_flow_params flow, plain;
    struct hr_config *c;

    setup();
    put_file("flows/tall.yaml", "flow:\n  levels: 77\n");
    put_file("flows/wrong.yaml", "flow:\n  levels: 0\n");
    CHECK_EQ(hr_config_load(&c, "standard"), 0);
    hr_flow_defaults(&plain);
    CHECK_EQ(hr_config_preset("tall", &flow), 0);
    CHECK_EQ(flow.levels, 77);
    CHECK_EQ(flow.orders_per_level, plain.orders_per_level);
    CHECK(hr_config_count(c, "flow.markets") != plain.markets);
    CHECK_EQ(flow.markets, plain.markets);
    CHECK_EQ(hr_config_preset("wrong", &flow), -EINVAL);
    CHECK_EQ(hr_config_preset("no-such", &flow), -ENOENT);
    CHECK_EQ(hr_config_set(c, "throughput.flows=tall, no-such", "flag"), 0);
    CHECK_EQ(hr_config_check(c), -ENOENT);
    CHECK(strncmp(hr_error(), "throughput.flows: ", 18) == 0);
    hr_config_free(c);
    teardown();
}

TEST(config, names_of_a_list)
{
    char name[HR_CONFIG_NAME_MAX];
    const char *at = " a,b , c", *const names[] = {"a", "b", "c"};

    for (int i = 0; i < 3; i++) {
        CHECK(hr_config_name_next(&at, name));
        CHECK_STR(name, names[i]);
    }
    CHECK(!hr_config_name_next(&at, name));
    CHECK_STR(name, "");
}

TEST(config, the_dump_keeps_value_unit_and_origin)
{
    struct hr_config *c;
    json_t *json, *row;

    setup();
    CHECK_EQ(hr_config_load(&c, "standard"), 0);
    json = hr_config_json(c);
    row = json_object_get(json, "flow.markets");
    CHECK_EQ(json_integer_value(json_object_get(row, "value")), 2000);
    CHECK_STR(json_string_value(json_object_get(row, "unit")), "markets");
    CHECK_STR(json_string_value(json_object_get(row, "origin")), "profile");
    row = json_object_get(json, "run.budget");
    CHECK_STR(json_string_value(json_object_get(row, "unit")), "ns");
    CHECK(json_is_array(json_object_get(json_object_get(json, "markets.counts"), "value")));
    for (const struct hr_config_row *r = hr_config_rows; r->key; r++) {
        CHECK(json_object_get(json, r->key));
    }
    json_decref(json);
    hr_config_free(c);
    teardown();
}
