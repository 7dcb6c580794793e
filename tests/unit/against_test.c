/* against_test.c - two engines take turns: in which order, what is kept of each, and what becomes
 * of a comparison when one of them has no figure. */
#include "tests/unit/small_rig.h"

#include "harness/error.h"
#include "reports/compare.h"
#include "reports/report.h"

#include <errno.h>
#include <math.h>

static struct eut_engine old_engine;

static struct small_rig *rig_of_two(void)
{
    struct small_rig *small = small_rig_new(engine_named("reference"));

    old_engine = *engine_named("reference");
    old_engine.name = "old:reference";
    small->bench.rig.against = &old_engine;
    CHECK_EQ(hr_config_set(small->config, "run.blocks=8", "flag"), 0);
    return small;
}

/* Runs that drift by a tenth of a percent each; the new engine is slower by `slower`. */
struct tale {
    double slower;
    int calls;
    const char *liar; /* whose digest is wrong */
    char order[64];
    uint64_t seeds[64];
};

static int told(const struct hr_case *c, struct hr_trial *t)
{
    struct tale *tale = (struct tale *)(uintptr_t)c->context;
    bool old = strcmp(t->engine->name, "old:reference") == 0;

    CHECK(t->engine == t->rig->engine || t->ruler);
    if (t->ruler) {
        t->values[0] = 1e9;
        return 0;
    }
    t->values[0] = 1e6 * (1 - 0.001 * tale->calls) * (old ? 1 : 1 - tale->slower);
    tale->seeds[tale->calls] = t->seed;
    tale->order[tale->calls++] = old ? 'o' : 'n';
    hr_trial_digest(t, 7, tale->liar && strcmp(tale->liar, t->engine->name) == 0 ? 8 : 7);
    return 0;
}

static struct hr_measure_result tell(struct small_rig *small, struct tale *tale)
{
    static const struct hr_measured metric = {
        .name = "throughput", .unit = "orders/s", .higher = true, .ruled = true};
    struct hr_measure_result result;

    CHECK_EQ(hr_measure(&small->bench.rig, small->suite,
                        &(struct hr_case){.suite = "throughput",
                                          .name = "markets=8",
                                          .metrics = &metric,
                                          .metrics_count = 1,
                                          .run = told,
                                          .context = tale},
                        &result),
             0);
    return result;
}

static json_t *compared(struct small_rig *small)
{
    json_t *record = hr_record_json(small->bench.rig.record), *comparison;

    json_object_set_new(record, "against",
                        json_pack("{s:s, s:s, s:i}", "old", "a.so", "new", "b.so", "blocks", 8));
    CHECK(hr_compare_is_interleaved(record));
    CHECK_EQ(hr_compare_interleaved(record, "r.json", &(struct hr_compare_options){0}, &comparison),
             -EXDEV); /* it is not at its end yet */
    hr_record_finish(small->bench.rig.record, true);
    CHECK_EQ(hr_compare_interleaved(record, "r.json", &(struct hr_compare_options){0}, &comparison),
             0);
    return comparison;
}

static const char *verdict_of(const json_t *comparison)
{
    return json_string_value(json_object_get(json_object_get(comparison, "verdict"), "status"));
}

TEST(against, runs_come_in_blocks_and_drift_cancels)
{
    struct small_rig *small = rig_of_two();
    struct tale tale = {.slower = 0.05};
    struct hr_measure_result r = tell(small, &tale);
    json_t *old = json_object_get(r.json, "against"), *comparison, *row;

    CHECK_STR(tale.order, "onnoonnoonnoonnoonnoonnoonnoonno");
    for (int i = 0; i < 32; i += 2) {
        CHECK_EQ(tale.seeds[i], tale.seeds[i + 1]); /* both of a pair meet the same arrivals */
    }
    CHECK_EQ(r.status, HR_PASS);
    CHECK_EQ(r.runs, 16);
    CHECK_STR(json_string_value(json_object_get(r.json, "id")),
              "throughput/inproc/reference/markets=8");
    CHECK_STR(json_string_value(json_object_get(old, "engine")), "old:reference");
    CHECK_STR(json_string_value(json_object_get(old, "status")), "pass");
    CHECK_EQ(json_array_size(json_object_get(old, "runs")), 16);
    CHECK_EQ(json_array_size(json_object_get(small->suite, "cases")), 1);

    comparison = compared(small);
    CHECK_STR(verdict_of(comparison), "regression");
    row = json_array_get(json_object_get(comparison, "rows"), 0);
    CHECK_NEAR(json_number_value(json_object_get(row, "ratio")), 0.95, 1e-4);
    CHECK_NEAR(json_number_value(json_object_get(row, "drift")), -0.028, 0.002);
    CHECK_EQ(json_integer_value(json_object_get(row, "n")), 8);
    CHECK_EQ(hr_compare_exit(comparison, false), HR_EXIT_VERDICT);
    json_decref(comparison);
    hr_measure_result_free(&r);
    small_rig_free(small);
}

TEST(against, an_unchanged_engine_is_the_same)
{
    struct small_rig *small = rig_of_two();
    struct tale tale = {.slower = 0};
    struct hr_measure_result r = tell(small, &tale);
    json_t *comparison = compared(small);

    CHECK_STR(verdict_of(comparison), "same");
    CHECK_EQ(hr_compare_exit(comparison, true), HR_EXIT_OK);
    json_decref(comparison);
    hr_measure_result_free(&r);
    small_rig_free(small);
}

TEST(against, wrong_answers_of_either_leave_nothing_to_compare)
{
    static const char *const liars[] = {"reference", "old:reference"};

    for (int i = 0; i < 2; i++) {
        struct small_rig *small = rig_of_two();
        struct tale tale = {.slower = 0.05, .liar = liars[i]};
        struct hr_measure_result r = tell(small, &tale);
        json_t *old = json_object_get(r.json, "against"), *comparison;

        CHECK_EQ(r.status, HR_INVALID);
        CHECK(tale.calls <= 2); /* and no time is lost on the other */
        CHECK_STR(json_string_value(json_object_get(old, "status")), "invalid");
        CHECK_EQ(small->bench.rig.statuses[HR_INVALID], 2);
        comparison = compared(small);
        CHECK_STR(verdict_of(comparison), "invalid");
        CHECK_EQ(hr_compare_exit(comparison, false), HR_EXIT_INVALID);
        json_decref(comparison);
        hr_measure_result_free(&r);
        small_rig_free(small);
    }
}

TEST(against, the_plan_counts_both)
{
    struct small_rig *small = rig_of_two();
    struct tale tale = {.slower = 0};
    struct hr_measure_result r;
    json_t *plan = json_pack("{s:[]}", "cases"), *first;

    small->bench.rig.plan = plan;
    r = tell(small, &tale);
    first = json_array_get(json_object_get(plan, "cases"), 0);
    CHECK_EQ(json_integer_value(json_object_get(first, "runs")), 32);
    CHECK_EQ(tale.calls, 0);
    small->bench.rig.plan = NULL;
    json_decref(plan);
    hr_measure_result_free(&r);
    small_rig_free(small);
}

TEST(against, both_get_only_what_both_can)
{
    struct small_rig *small = rig_of_two();

    CHECK_EQ(hr_rig_capabilities(&small->bench.rig), EUT_CAP_ALL);
    old_engine.capabilities &= ~(uint64_t)EUT_CAP_FOK;
    CHECK_EQ(hr_rig_capabilities(&small->bench.rig) & EUT_CAP_FOK, 0);
    small_rig_free(small);
}
