/* Which figures of two results are held against each other, and what is said of those that cannot
 * be: a gate must not pass because something was not measured. */
#include "harness/command.h"
#include "harness/error.h"
#include "harness/record.h"
#include "reports/compare_sides.h"
#include "reports/record_view.h"
#include "tests/test.h"

#include <errno.h>
#include <string.h>

#define OLD "tests/golden/compare/old.json"
#define LIQUID "throughput/inproc/flow=liquid"

static json_t *result(void)
{
    json_t *record = NULL;

    CHECK_EQ(hr_record_read(&record, OLD), 0);
    return record;
}

/* The cases of a suite. Borrowed. */
static json_t *cases_of(json_t *record, size_t suite)
{
    return json_object_get(json_array_get(json_object_get(record, "suites"), suite), "cases");
}

/* The case flow=liquid of throughput. Borrowed. */
static json_t *liquid(json_t *record)
{
    return json_array_get(cases_of(record, 0), 1);
}

static json_t *metric_of(json_t *item)
{
    return json_array_get(json_object_get(item, "metrics"), 0);
}

static json_t *compared(const json_t *old, const json_t *new)
{
    json_t *comparison = NULL;

    CHECK_EQ(
        hr_compare_stored(old, "old", new, "new", &(struct hr_compare_options){0}, &comparison), 0);
    CHECK(comparison != NULL);
    return comparison;
}

static const json_t *row_of(const json_t *comparison, const char *key)
{
    const json_t *row;
    size_t i;

    json_array_foreach (json_object_get(comparison, "rows"), i, row) {
        if (hr_view_is(row, "case", key)) {
            return row;
        }
    }
    return NULL;
}

/* The gate says that it could not compare this case, and why. */
static void check_not_compared(json_t *old, json_t *new, const char *reason)
{
    json_t *comparison = compared(old, new);
    const json_t *row = row_of(comparison, LIQUID);

    CHECK_STR(hr_view_text(row, "verdict"), "not compared");
    CHECK_STR(hr_view_text(row, "reason"), reason);
    CHECK_EQ(hr_compare_exit(comparison, false), HR_EXIT_INVALID);
    json_decref(comparison);
    json_decref(old);
    json_decref(new);
}

TEST(compare, the_same_result_passes)
{
    json_t *old = result(), *comparison = compared(old, old);

    CHECK_EQ(hr_compare_exit(comparison, false), HR_EXIT_OK);
    CHECK(row_of(comparison, LIQUID) != NULL);
    json_decref(comparison);
    json_decref(old);
}

TEST(compare, a_gating_case_that_is_gone_does_not_pass)
{
    json_t *new = result();

    CHECK_EQ(json_array_remove(cases_of(new, 0), 1), 0);
    check_not_compared(result(), new, "new has no such case");
}

TEST(compare, a_gating_case_that_was_skipped_does_not_pass)
{
    json_t *new = result(), *item = liquid(new);

    json_object_set_new(item, "status", json_string("skip"));
    json_object_set_new(item, "reason", json_string("not enough memory"));
    json_object_set_new(item, "metrics", json_array());
    check_not_compared(result(), new, "new is skip: not enough memory");
}

TEST(compare, a_gating_figure_that_is_gone_does_not_pass)
{
    json_t *new = result();

    json_object_set_new(liquid(new), "metrics", json_array());
    check_not_compared(result(), new, "new has no such figure");
}

TEST(compare, another_unit_is_another_figure)
{
    json_t *new = result();

    json_object_set_new(metric_of(liquid(new)), "unit", json_string("k orders/s"));
    check_not_compared(result(), new, "the figure is another one: its unit or direction changed");
}

TEST(compare, another_direction_is_another_figure)
{
    json_t *new = result();

    json_object_set_new(metric_of(liquid(new)), "better", json_string("lower"));
    check_not_compared(result(), new, "the figure is another one: its unit or direction changed");
}

TEST(compare, a_case_that_is_new_does_not_gate)
{
    json_t *old = result(), *new = result(), *comparison;

    CHECK_EQ(json_array_remove(cases_of(old, 0), 1), 0);
    comparison = compared(old, new);
    CHECK(row_of(comparison, LIQUID) == NULL);
    CHECK_EQ(hr_compare_exit(comparison, false), HR_EXIT_OK);
    json_decref(comparison);
    json_decref(old);
    json_decref(new);
}

/* A case as liquid's, of another engine that is measured beside the one under test. */
static void add_device(json_t *record, const char *engine, double factor)
{
    json_t *item = json_deep_copy(liquid(record)), *samples;
    char id[100];

    snprintf(id, sizeof(id), "device/inproc/%s/batch=1", engine);
    json_object_set_new(item, "id", json_string(id));
    json_object_set_new(item, "engine", json_string(engine));
    samples = json_object_get(metric_of(item), "samples");
    for (size_t i = 0; i < json_array_size(samples); i++) {
        double sample = json_number_value(json_array_get(samples, i));

        json_array_set_new(samples, i, json_real(sample * factor));
    }
    json_array_append_new(cases_of(record, 0), item);
}

TEST(compare, each_device_is_held_against_itself)
{
    json_t *old = result(), *new = result(), *comparison;
    const json_t *row;

    add_device(old, "device:cuda", 1);
    add_device(old, "device:opencl", 0.5);
    add_device(new, "device:opencl", 0.5);
    comparison = compared(old, new);
    row = row_of(comparison, "device/inproc/device:opencl/batch=1");
    CHECK(row != NULL);
    CHECK(hr_view_number(row, "ratio") == 1);
    json_decref(comparison);
    json_decref(old);
    json_decref(new);
}

TEST(compare, a_list_that_is_too_long_says_so)
{
    char list[30] = "";

    for (int i = 0; i < 9; i++) {
        hr_compare_list(list, sizeof(list), "settings");
    }
    CHECK_STR(list, "settings, settings, …");
}

/* A row that the older version did not have is no setting that somebody changed. */
TEST(compare, settings_of_one_side_only_do_not_differ)
{
    json_t *old = result(), *new = result(), *comparison = NULL;

    json_object_set_new(json_object_get(new, "config"), "device.batch",
                        json_pack("{s:i}", "value", 1));
    json_object_set_new(json_object_get(new, "workload"), "sha256", json_string("2f"));
    CHECK_EQ(
        hr_compare_stored(old, "old", new, "new", &(struct hr_compare_options){0}, &comparison),
        -EXDEV);
    CHECK(strstr(hr_error(), "differ: none, so the filter or the version") != NULL);
    json_decref(old);
    json_decref(new);
}
