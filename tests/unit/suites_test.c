/* The contract of every suite and path in the tables, and of the plan. */
#include "tests/unit/small_rig.h"

#include "harness/error.h"
#include "suites/run_plan.h"
#include "suites/run_ranks.h"

#include <errno.h>
#include <math.h>

TEST(suites, the_table_is_whole)
{
    CHECK_STR(hr_suites[0]->name, "conformance");
    for (int i = 0; hr_suites[i]; i++) {
        CHECK(hr_suites[i]->name && *hr_suites[i]->name);
        CHECK(hr_suites[i]->question &&
              hr_suites[i]->question[strlen(hr_suites[i]->question) - 1] == '?');
        CHECK(hr_suites[i]->run != NULL);
        CHECK(hr_suite_find(hr_suites[i]->name) == hr_suites[i]);
        for (int k = 0; k < i; k++) {
            CHECK(strcmp(hr_suites[i]->name, hr_suites[k]->name) != 0);
        }
    }
    CHECK(hr_suite_find("no-such") == NULL);
}

TEST(paths, every_path_answers_what_it_was_given)
{
    for (int i = 0; hr_paths[i]; i++) {
        const struct hr_path_ops *ops = hr_paths[i];
        struct hr_path_params params = {.engine = engine_named("reference"),
                                        .limits = {.struct_size = sizeof(struct eut_limits),
                                                   .markets = 1,
                                                   .batch_max = 256,
                                                   .orders = 1024,
                                                   .levels = 1024},
                                        .events_room = 64,
                                        .cpu = -1};
        struct eut_request requests[256];
        struct hr_answer answer;
        struct hr_path *path;
        enum hr_submit outcome;
        uint64_t digest = 0, events = 0;
        int rc;

        CHECK(ops->name && ops->summary && ops->available && ops->open && ops->submit &&
              ops->collect && ops->digest && ops->close);
        CHECK(hr_path_find(ops->name) == ops);
        ops->close(NULL);
        if (ops->available()) {
            CHECK(*hr_error());
            continue;
        }
        for (uint32_t k = 0; k < 256; k++) {
            requests[k] = (struct eut_request){.order = k + 1,
                                               .price = 100 + k / 8,
                                               .qty = 1,
                                               .op = EUT_NEW,
                                               .side = k < 128 ? EUT_SELL : EUT_BUY,
                                               .type = EUT_LIMIT,
                                               .tif = EUT_DAY};
        }
        CHECK_EQ(ops->open(&path, &params), 0);
        CHECK_EQ(ops->collect(path, &answer), 0);
        outcome = ops->submit(path, requests, 256);
        CHECK(outcome == HR_DONE || outcome == HR_QUEUED);
        while ((rc = ops->collect(path, &answer)) == 0) {
        }
        CHECK_EQ(rc, 1);
        events = answer.events_total;
        /* 128 rest, 128 trade one lot each: more events than the room asked for. */
        CHECK_EQ(events, 256);
        CHECK_EQ(answer.trades, 128);
        CHECK_EQ(answer.count, 64);
        CHECK_EQ(answer.events[0].order, 1);
        CHECK_EQ(answer.events[63].request, 63);
        CHECK_EQ(ops->collect(path, &answer), 0);
        CHECK_EQ(ops->digest(path, &digest), 0);
        CHECK(digest != 0);
        ops->close(path);
    }
    CHECK(hr_path_find("no-such") == NULL);
}

/* A synchronous path holds one answer: the next batch waits until it was taken. */
TEST(paths, inproc_is_busy_until_collected)
{
    const struct hr_path_ops *ops = hr_path_find("inproc");
    struct hr_path_params params = {.engine = engine_named("null"),
                                    .limits = {.struct_size = sizeof(struct eut_limits),
                                               .markets = 1,
                                               .batch_max = 1,
                                               .orders = 1,
                                               .levels = 1}};
    struct eut_request request = {.order = 1};
    struct hr_answer answer;
    struct hr_path *path;

    CHECK_EQ(ops->open(&path, &params), 0);
    CHECK_EQ(ops->submit(path, &request, 1), HR_DONE);
    CHECK_EQ(ops->submit(path, &request, 1), HR_BUSY);
    CHECK_EQ(ops->collect(path, &answer), 1);
    CHECK_EQ(ops->submit(path, &request, 1), HR_DONE);
    ops->close(path);
}

TEST(suites, the_plan_is_the_run)
{
    struct small_rig *small = small_rig_new(engine_named("reference"));
    json_t *plan = hr_run_plan(&small->bench);
    const json_t *planned, *done;
    size_t i, k;

    CHECK(plan != NULL);
    CHECK(hr_run_plan_seconds(plan) > 0); /* one case that guesses with no rate voids the sum */
    small->bench.parts =
        (struct hr_cluster_parts){.path = small->bench.rig.path,
                                  .engines = {small->bench.rig.engine, small->bench.rig.ruler}};
    hr_run_ranks_fork(&small->bench, plan);
    CHECK_STR(small->bench.no_ranks, "");
    for (int s = 0; hr_suites[s]; s++) {
        CHECK_EQ(hr_suites[s]->run(&small->bench, small->suite), 0);
    }
    json_array_foreach (json_object_get(plan, "cases"), i, planned) {
        const char *id = json_string_value(json_object_get(planned, "id"));
        int found = 0;

        json_array_foreach (json_object_get(small->suite, "cases"), k, done) {
            found += strcmp(id, json_string_value(json_object_get(done, "id"))) == 0;
        }
        if (found != 1) {
            FAIL("%s is planned once and was run %d times", id, found);
        }
    }
    json_array_foreach (json_object_get(small->suite, "cases"), k, done) {
        const char *status = json_string_value(json_object_get(done, "status"));
        const char *reason = json_string_value(json_object_get(done, "reason"));

        /* A busy machine may void a run; wrong answers and broken suites are ours. */
        if (strcmp(status, "pass") != 0 &&
            (!reason || strstr(reason, "digest") || strstr(reason, "not finished"))) {
            FAIL("%s is %s: %s", json_string_value(json_object_get(done, "id")), status,
                 reason ? reason : "");
        }
    }
    json_decref(plan);
    hr_run_ranks_end(&small->bench, 0);
    small_rig_free(small);
}

/* The mean of a figure's runs; NAN if the case has none. */
static double mean_of(const json_t *item, const char *name)
{
    const json_t *sample;
    double sum = NAN;
    size_t i;

    json_array_foreach (json_object_get(figure_of(item, name), "samples"), i, sample) {
        sum = (i ? sum : 0) + json_number_value(sample);
    }
    return sum;
}

/* On one thread and on several: as many trades an order as the proved flow has. */
TEST(suites, trades_are_those_of_the_flow)
{
    static const char *const suites[] = {"throughput", "scaling"};
    static const char *const filters[] = {"/crossing=50$", "reference/shards=2$"};

    for (size_t i = 0; i < 2; i++) {
        struct small_rig *small = small_rig_new(engine_named("reference"));
        const json_t *flow, *item;
        double share;
        regex_t filter;

        CHECK_EQ(regcomp(&filter, filters[i], REG_EXTENDED | REG_NOSUB), 0);
        small->bench.rig.filter = &filter;
        CHECK_EQ(hr_suite_find(suites[i])->run(&small->bench, small->suite), 0);
        item = json_array_get(json_object_get(small->suite, "cases"), 0);
        flow = json_array_get(small->bench.rig.flows, 0);
        share =
            (double)json_integer_value(json_object_get(json_object_get(flow, "counts"), "trades")) /
            (double)json_integer_value(
                json_object_get(json_object_get(flow, "requests"), "steady"));
        CHECK(share > 0.05);
        /* A busy machine may void a run; then there are no figures. */
        if (strcmp(text_of(item, "status"), "pass") == 0) {
            CHECK_NEAR(mean_of(item, "trades") / mean_of(item, "throughput"), share, 1e-9);
        }
        regfree(&filter);
        small_rig_free(small);
    }
}

TEST(suites, a_plan_over_the_budget_is_cut)
{
    struct small_rig *small = small_rig_new(engine_named("reference"));
    struct hr_config *config = small->config;
    json_t *plan;

    CHECK_EQ(hr_config_set(config, "throughput.requests=2M", "flag"), 0);
    CHECK_EQ(hr_config_set(config, "run.budget=1s", "flag"), 0);
    CHECK_EQ(hr_run_plan_fit(&small->bench, config, &plan), 0);
    CHECK(hr_config_count(config, "throughput.requests") < 2000000);
    CHECK(hr_config_count(config, "throughput.requests") >= 50000);
    CHECK_EQ(json_array_size(json_object_get(hr_record_json(small->bench.rig.record), "warnings")),
             1);
    json_decref(plan);
    small_rig_free(small);
}

/* What takes hours is cut, and the rest is left as it was asked for. */
TEST(suites, one_suite_that_takes_long_does_not_cost_the_others_theirs)
{
    static const char *const kept[] = {"latency.requests", "markets.requests", "cluster.orders",
                                       "capacity.requests", "run.runs"};
    static const char *const long_ones[] = {"throughput.requests=3G", "blocks.seconds=10000s"};

    for (int k = 0; k < 2; k++) {
        struct small_rig *small = small_rig_new(engine_named("reference"));
        struct hr_config *config = small->config;
        uint64_t before[5];
        char budget[64];
        json_t *plan;

        CHECK_EQ(hr_run_plan_fit(&small->bench, config, &plan), 0);
        snprintf(budget, sizeof(budget), "run.budget=%.0fs", 1.5 * hr_run_plan_seconds(plan) + 90);
        json_decref(plan);
        for (int i = 0; i < 5; i++) {
            before[i] = hr_config_count(config, kept[i]);
        }
        CHECK_EQ(hr_config_set(config, budget, "flag"), 0);
        CHECK_EQ(hr_config_set(config, long_ones[k], "flag"), 0);
        CHECK_EQ(hr_run_plan_fit(&small->bench, config, &plan), 0);
        for (int i = 0; i < 5; i++) {
            CHECK_EQ(hr_config_count(config, kept[i]), before[i]);
        }
        CHECK(hr_run_plan_seconds(plan) <= (double)hr_config_count(config, "run.budget") / 1e9);
        json_decref(plan);
        small_rig_free(small);
    }
}

TEST(suites, names_in_run_suites)
{
    struct small_rig *small = small_rig_new(engine_named("reference"));

    CHECK_EQ(hr_suites_check(small->config), 0);
    CHECK_EQ(hr_config_set(small->config, "run.suites=latency, capacity", "flag"), 0);
    CHECK_EQ(hr_suites_check(small->config), 0);
    CHECK(hr_suite_asked(small->config, "latency"));
    CHECK(hr_suite_asked(small->config, "conformance"));
    CHECK(!hr_suite_asked(small->config, "markets"));
    CHECK_EQ(hr_config_set(small->config, "run.suites=latency,nonsense", "flag"), 0);
    CHECK_EQ(hr_suites_check(small->config), -EINVAL);
    small_rig_free(small);
}
