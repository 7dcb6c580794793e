/* A path between processes is more than the harness: how far the null engine is, is told and judges
 * nothing. In process the same figure is INVALID. */
#include "tests/unit/small_rig.h"

static int trial(const struct hr_case *c, struct hr_trial *t)
{
    (void)c;
    t->values[0] = t->ruler ? 110 : 100;
    t->elapsed_ns = 1000000;
    hr_trial_digest(t, 7, 7);
    return 0;
}

static enum hr_status status_over(const char *path)
{
    static const struct hr_measured metric = {
        .name = "figure", .unit = "orders/s", .higher = true, .ruled = true};
    struct small_rig *small = small_rig_new(engine_named("reference"));
    struct hr_measure_result r;

    small->bench.rig.path = hr_path_find(path);
    CHECK_EQ(hr_measure(&small->bench.rig, small->suite,
                        &(struct hr_case){.suite = "test",
                                          .name = "near",
                                          .metrics = &metric,
                                          .metrics_count = 1,
                                          .run = trial},
                        &r),
             0);
    CHECK_STR(json_string_value(json_object_get(
                  json_array_get(json_object_get(r.json, "metrics"), r.status == HR_PASS), "name")),
              r.status == HR_PASS ? "null_distance" : "figure");
    hr_measure_result_free(&r);
    small_rig_free(small);
    return r.status;
}

TEST(link_ruler, a_link_may_be_close_to_the_null_engine)
{
    CHECK_EQ(status_over("inproc"), HR_INVALID);
    CHECK_EQ(status_over("tcp"), HR_PASS);
}
