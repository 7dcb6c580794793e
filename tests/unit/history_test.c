/* history_test.c - what is stored comes back in order, once; what is no history is refused; a
 * change of level is told with its date. */
#include "harness/error.h"
#include "harness/record.h"
#include "reports/history.h"
#include "reports/record_view.h"
#include "tests/test.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static char file[64];

static struct hr_history *fresh(void)
{
    struct hr_history *history;
    int rc;

    snprintf(file, sizeof(file), "/tmp/headroom-history.%d.db", (int)getpid());
    unlink(file);
    rc = hr_history_open(&history, file, true);
    if (rc == -ENOTSUP) {
        SKIP("built without SQLite");
    }
    CHECK_EQ(rc, 0);
    return history;
}

static void done(struct hr_history *history)
{
    hr_history_close(history);
    unlink(file);
}

/* The old sample, a day later each time, its throughput times `share`. */
static json_t *result(int day, double share)
{
    json_t *record, *metric;
    struct hr_view_walk walk = {0};
    char started[32];

    CHECK_EQ(hr_record_read(&record, "tests/golden/compare/old.json"), 0);
    snprintf(started, sizeof(started), "2026-02-%02dT03:04:05Z", day);
    json_object_set_new(record, "started", json_string(started));
    CHECK(hr_view_next(record, &walk));
    metric = json_array_get(json_object_get(walk.item, "metrics"), 0);
    json_object_set_new(metric, "estimate", json_real(30e6 * share));
    return record;
}

static bool add(struct hr_history *history, int day, double share)
{
    json_t *record = result(day, share);
    bool added;

    CHECK_EQ(hr_history_add(history, record, &added), 0);
    json_decref(record);
    return added;
}

static double wobble(int day)
{
    return 1 + 0.002 * ((day * 7) % 5 - 2);
}

TEST(history, comes_back_in_the_order_of_time_and_once)
{
    struct hr_history *history = fresh();
    json_t *all, *points;

    CHECK(add(history, 3, 1.03));
    CHECK(add(history, 1, 1.01));
    CHECK(add(history, 2, 1.02));
    CHECK(!add(history, 2, 1.02));
    CHECK_EQ(hr_history_series(history, "^throughput/inproc/markets=1000:throughput$", &all), 0);
    CHECK_EQ(json_array_size(json_object_get(all, "series")), 1);
    points = json_object_get(json_array_get(json_object_get(all, "series"), 0), "points");
    CHECK_EQ(json_array_size(points), 3);
    for (int i = 0; i < 3; i++) {
        CHECK_NEAR(hr_view_number(json_array_get(points, (size_t)i), "median"),
                   (1.01 + 0.01 * i) * 30e6, 1);
    }
    json_decref(all);
    done(history);
}

TEST(history, a_change_of_level_is_dated)
{
    struct hr_history *history = fresh();
    const json_t *series, *change;
    json_t *all;

    for (int day = 1; day <= 24; day++) {
        add(history, day, (day < 15 ? 1 : 0.95) * wobble(day));
    }
    CHECK_EQ(hr_history_series(history, ":throughput$", &all), 0);
    CHECK_EQ(hr_history_find_changes(all), 0);
    series = json_array_get(json_object_get(all, "series"), 0);
    for (size_t i = 0; !hr_view_is(series, "case", "throughput/inproc/markets=1000"); i++) {
        series = json_array_get(json_object_get(all, "series"), i);
        CHECK(series != NULL);
    }
    CHECK_EQ(json_array_size(json_object_get(series, "changes")), 1);
    CHECK_EQ(json_array_size(json_object_get(series, "levels")), 2);
    change = json_array_get(json_object_get(series, "changes"), 0);
    CHECK_STR(hr_view_text(change, "started"), "2026-02-15T03:04:05Z");
    CHECK_NEAR(hr_view_number(change, "ratio"), 0.95, 0.002);
    json_decref(all);
    done(history);
}

TEST(history, an_interrupted_result_leaves_nothing)
{
    struct hr_history *history = fresh();
    json_t *record = result(1, 1), *all;
    bool added;

    json_object_set_new(record, "complete", json_false());
    CHECK_EQ(hr_history_add(history, record, &added), -EINVAL);
    CHECK(!added);
    CHECK_EQ(hr_history_series(history, "", &all), 0);
    CHECK_EQ(json_array_size(json_object_get(all, "series")), 0);
    json_decref(all);
    json_decref(record);
    done(history);
}

TEST(history, other_files_are_refused_and_left_alone)
{
    struct hr_history *history = fresh();
    FILE *out;

    done(history);
    CHECK_EQ(hr_history_open(&history, file, false), -ENOENT);
    out = fopen(file, "w");
    CHECK(out != NULL);
    fputs("this is no database, but it is long enough to be looked at as if it were one\n", out);
    fclose(out);
    CHECK(hr_history_open(&history, file, true) < 0);
    CHECK(strstr(hr_error(), file) != NULL);
    unlink(file);
}
