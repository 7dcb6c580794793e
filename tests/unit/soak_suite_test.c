/* soak_suite_test.c - an engine that holds for seconds and not for longer: is it told from one that
 * does? */
#include "tests/unit/small_rig.h"

static const json_t *soak(const char *engine, const char *time, double capacity,
                          const char *l2_share)
{
    struct small_rig *small = small_rig_new(engine_named(engine));
    json_t *found = hr_suite_begin(small->bench.rig.record, "capacity", "?"), *c;
    const json_t *answer;
    static json_t *kept;

    CHECK_EQ(hr_config_set(small->config, time, "test"), 0);
    CHECK_EQ(hr_config_set(small->config, l2_share, "test"), 0);
    if (capacity > 0) {
        c = hr_case_begin(found, "capacity/x", engine, "inproc", json_object());
        hr_case_metric(c, &(struct hr_metric){.name = "capacity",
                                              .unit = "orders/s",
                                              .higher = true,
                                              .samples = &capacity,
                                              .n = 1});
        hr_case_status(c, HR_PASS, NULL, NULL);
    }
    CHECK_EQ(hr_suite_find("soak")->run(&small->bench, small->suite), 0);
    answer = json_array_get(json_object_get(small->suite, "cases"), 0);
    json_decref(kept);
    kept = json_deep_copy(answer);
    small_rig_free(small);
    return kept;
}

static const char *said(const json_t *c, const char *key)
{
    const char *text = json_string_value(json_object_get(c, key));

    return text ? text : "";
}

TEST(soak_suite, a_right_engine_goes_round_and_round)
{
    const json_t *c = soak("reference", "soak.time=600ms", 1e6, "flow.l2_share=0");

    CHECK_STR(said(c, "status"), "pass");
    CHECK_EQ(json_array_size(json_object_get(c, "runs")) >= 12, true);
}

TEST(soak_suite, quoted_books_go_round_too)
{
    CHECK_STR(said(soak("reference", "soak.time=600ms", 1e6, "flow.l2_share=0.5"), "status"),
              "pass");
}

TEST(soak_suite, one_that_answers_wrong_later_is_found)
{
    char engine[256];
    const json_t *c;

    snprintf(engine, sizeof(engine), "%s/plugins/wrong_later.so", hr_test_build());
    c = soak(engine, "soak.time=2s", 2e6, "flow.l2_share=0");
    CHECK_STR(said(c, "status"), "invalid");
    CHECK(strstr(said(c, "reason"), "digest"));
}

TEST(soak_suite, one_that_grows_is_found)
{
    char engine[256];
    const json_t *c;

    snprintf(engine, sizeof(engine), "%s/plugins/grows.so", hr_test_build());
    c = soak(engine, "soak.time=2s", 2e6, "flow.l2_share=0");
    CHECK_STR(said(c, "status"), "fail");
    CHECK(strstr(said(c, "reason"), "memory is not flat"));
}

TEST(soak_suite, without_a_capacity_there_is_no_share_of_it)
{
    const json_t *c = soak("reference", "soak.time=600ms", 0, "flow.l2_share=0");

    CHECK_STR(said(c, "status"), "skip");
    CHECK(strstr(said(c, "reason"), "no capacity was confirmed"));
}
