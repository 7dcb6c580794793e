/* bounds_test.c - what is a figure held against? The nearest ceiling, of those that one run
 * measured. */
#include "tests/unit/small_rig.h"

#include <regex.h>

static double number_of(const json_t *c, const char *key)
{
    return json_number_value(json_object_get(c, key));
}

static const json_t *first_metric(const json_t *c)
{
    return json_array_get(json_object_get(c, "metrics"), 0);
}

static int hundred(const struct hr_case *c, struct hr_trial *t)
{
    (void)c;
    t->values[0] = t->ruler ? 1000 : 100;
    hr_trial_digest(t, 7, 7);
    return 0;
}

/* A figure's ceiling is the nearest: what the suite names, or what the null engine did (1000). */
TEST(bounds, the_nearest_ceiling_bounds)
{
    static const struct {
        double named;
        bool ruled, bounded;
        const char *ceiling; /* as the record shows it */
        double value;
    } rows[] = {{500, true, false, "lines", 500},        {2000, true, false, HR_CEILING_NULL, 1000},
                {0, true, false, HR_CEILING_NULL, 1000}, {0, false, true, HR_CEILING_NULL, 1000},
                {2000, false, false, "lines", 2000},     {0, false, false, NULL, 0}};
    struct small_rig *small = small_rig_new(engine_named("reference"));

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct hr_measured metric = {.name = "figure",
                                     .unit = "orders/s",
                                     .higher = true,
                                     .ruled = rows[i].ruled,
                                     .bounded = rows[i].bounded,
                                     .ceiling = rows[i].named > 0 ? "lines" : NULL,
                                     .ceiling_value = rows[i].named};
        struct hr_measure_result r;
        const json_t *m;

        CHECK_EQ(hr_measure(&small->bench.rig, small->suite,
                            &(struct hr_case){.suite = "test",
                                              .name = "story",
                                              .metrics = &metric,
                                              .metrics_count = 1,
                                              .run = hundred},
                            &r),
                 0);
        m = first_metric(r.json);
        if (rows[i].ceiling) {
            CHECK_STR(text_of(m, "ceiling"), rows[i].ceiling);
            CHECK_NEAR(number_of(m, "ceiling_value"), rows[i].value, 0);
            CHECK_NEAR(number_of(m, "of_ceiling"), 100 / rows[i].value, 1e-9);
        } else {
            CHECK(json_is_null(json_object_get(m, "ceiling")));
            CHECK(json_is_null(json_object_get(m, "of_ceiling")));
        }
        hr_measure_result_free(&r);
    }
    small_rig_free(small);
}

/* In cache two shards can do at most twice what one did, in the same run. */
TEST(bounds, shards_are_held_against_one)
{
    struct small_rig *small = small_rig_new(engine_named("reference"));
    const json_t *cases = json_object_get(small->suite, "cases"), *one, *two;
    regex_t filter;

    CHECK_EQ(regcomp(&filter, "/reference/shards=", REG_EXTENDED | REG_NOSUB), 0);
    small->bench.rig.filter = &filter;
    CHECK_EQ(hr_suite_find("scaling")->run(&small->bench, small->suite), 0);
    CHECK_EQ(json_array_size(cases), 2);
    one = first_metric(json_array_get(cases, 0));
    two = first_metric(json_array_get(cases, 1));
    if (small->bench.rig.statuses[HR_PASS] == 2) { /* else the machine was too busy */
        double alone = number_of(one, "estimate");

        CHECK_STR(text_of(one, "ceiling"), HR_CEILING_NULL);
        CHECK_STR(text_of(two, "ceiling"), "one shard's rate, times shards");
        CHECK_NEAR(number_of(two, "ceiling_value"), 2 * alone, alone * 1e-6);
        CHECK_NEAR(number_of(two, "of_ceiling"), number_of(two, "estimate") / (2 * alone), 1e-6);
    }
    regfree(&filter);
    small_rig_free(small);
}
