/* device_suite_test.c - what is told of devices that are there, are not there, or answer wrong? On
 * device:host, which every host has. */
#include "tests/unit/small_rig.h"

#include "engine-under-test/device/device_engine.h"
#include "harness/error.h"

#include <errno.h>
#include <string.h>

static const json_t *case_of(const struct small_rig *small, const char *end)
{
    const json_t *c;
    size_t i;

    json_array_foreach (json_object_get(small->suite, "cases"), i, c) {
        const char *id = text_of(c, "id");

        if (strlen(id) >= strlen(end) && strcmp(id + strlen(id) - strlen(end), end) == 0) {
            return c;
        }
    }
    FAIL("no case that ends with %s", end);
    return NULL;
}

static double figure(const json_t *c, const char *name)
{
    const json_t *metric = figure_of(c, name);

    if (!metric) {
        FAIL("%s has no %s", text_of(c, "id"), name);
    }
    return json_number_value(json_object_get(metric, "estimate"));
}

static struct small_rig *rig_with(const char *apis)
{
    struct small_rig *small = small_rig_new(engine_named("reference"));
    char setting[128];

    snprintf(setting, sizeof(setting), "device.apis=%s", apis);
    CHECK_EQ(hr_config_set(small->config, setting, "flag"), 0);
    return small;
}

TEST(device_suite, the_device_that_every_host_has)
{
    struct small_rig *small = rig_with("host");
    const json_t *known, *c;

    CHECK_EQ(hr_suite_find("device")->run(&small->bench, small->suite), 0);
    known = case_of(small, "device:host/known-answer");
    CHECK_STR(text_of(known, "status"), "pass");
    CHECK_STR(text_of(json_object_get(json_object_get(known, "params"), "device"), "kind"), "cpu");
    CHECK(figure(known, "requests") >= 1000);

    c = case_of(small, "device:host/flow=single/batch=64");
    CHECK_STR(text_of(c, "status"), "pass");
    CHECK(figure(c, "throughput") > 0);
    CHECK(figure(c, "resident") > 0);
    CHECK(figure(c, "pinned") > 0);
    CHECK(figure(c, "residence_p50") > figure(c, "batch_p50"));
    CHECK_STR(text_of(c, "digest"),
              text_of(case_of(small, "inproc/reference/flow=single"), "digest"));
    CHECK_STR(text_of(case_of(small, "device:host/markets=8"), "status"), "pass");
    CHECK(figure(case_of(small, "flow=single/break-even"), "over_host") > 0);

    c = case_of(small, "flow=single/offered=20000"); /* kept, or told that it was not */
    CHECK(figure(c, "reached") > 0 && figure(c, "reached") < 21000);
    CHECK(figure(c, "residence_p50") > 0);
    CHECK(figure(c, "residence_p99") >= figure(c, "residence_p50"));
    CHECK(figure(c, "batch_mean") >= 1);
    c = case_of(small, "flow=single/offered=100000000000");
    CHECK_STR(text_of(c, "status"), "skip");
    CHECK(strstr(text_of(c, "reason"), "this device took at most") != NULL);
    c = case_of(small, "flow=single/energy");
    CHECK_STR(text_of(c, "status"), "skip");
    CHECK_STR(text_of(c, "reason"), "host devices do not count their energy");
    CHECK_STR(small->bench.rig.engine->name, "reference"); /* as it was */
    small_rig_free(small);
}

TEST(device_suite, a_bound_that_is_missed_is_told_and_figures_stay)
{
    struct small_rig *small = rig_with("host");
    const json_t *c;
    size_t i;

    CHECK_EQ(hr_config_set(small->config, "device.bound=1ns", "flag"), 0);
    CHECK_EQ(hr_config_set(small->config, "device.energy=0s", "flag"), 0);
    CHECK_EQ(hr_suite_find("device")->run(&small->bench, small->suite), 0);
    c = case_of(small, "flow=single/offered=20000");
    CHECK_STR(text_of(c, "status"), "fail");
    CHECK(figure(c, "residence_p99") > 0);
    json_array_foreach (json_object_get(small->suite, "cases"), i, c) {
        CHECK(!strstr(text_of(c, "id"), "/energy"));
    }
    small_rig_free(small);
}

TEST(device_suite, a_device_that_is_not_there_is_skipped_with_the_reason)
{
#ifdef __APPLE__
    static const char absent[] = "cuda";
#else
    static const char absent[] = "metal";
#endif
    struct small_rig *small = rig_with(absent);
    const json_t *c;

    CHECK_EQ(hr_suite_find("device")->run(&small->bench, small->suite), 0);
    CHECK_EQ(json_array_size(json_object_get(small->suite, "cases")), 1);
    c = json_array_get(json_object_get(small->suite, "cases"), 0);
    CHECK_STR(text_of(c, "status"), "skip");
    CHECK(*text_of(c, "reason"));
    small_rig_free(small);
}

TEST(device_suite, names_that_are_none_are_refused)
{
    struct small_rig *small = rig_with("host,vulkan");

    CHECK_EQ(hr_suite_find("device")->run(&small->bench, small->suite), -EINVAL);
    CHECK(strstr(hr_error(), "vulkan") != NULL);
    small_rig_free(small);
}
