/*
 * history.c - since when is a figure what it is? Divides each series of run medians where its level
 * changed, and tells the changes as a report. One result is never held against the last alone: that
 * is `headroom compare`'s work.
 */
#include "reports/history.h"
#include "harness/change_points.h"
#include "harness/error.h"
#include "harness/statistics.h"
#include "reports/figure_text.h"
#include "reports/record_view.h"
#include "reports/sheet.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static double median_of(const double *values, int from, int to)
{
    int n = to - from;
    double *sorted = malloc((size_t)n * sizeof(*sorted)), median = (double)NAN;

    if (sorted) {
        memcpy(sorted, values + from, (size_t)n * sizeof(*sorted));
        median = hr_median(sorted, n);
    }
    free(sorted);
    return median;
}

/* Part i of the history begins here; one past the last ends it. */
static int part(const int *at, int count, int n, int i)
{
    return i == 0 ? 0 : i <= count ? at[i - 1] : n;
}

static void write_parts(json_t *series, const double *values, int n, const int *at, int count)
{
    const json_t *points = json_object_get(series, "points");
    json_t *levels = json_array(), *changes = json_array();
    double before = (double)NAN;

    for (int i = 0; i <= count; i++) {
        int from = part(at, count, n, i), to = part(at, count, n, i + 1);
        double level = median_of(values, from, to);

        json_array_append_new(levels,
                              json_pack("{s:i, s:i, s:f}", "from", from, "to", to, "level", level));
        if (i > 0) {
            const json_t *point = json_array_get(points, (size_t)from);

            json_array_append_new(changes, json_pack("{s:i, s:s, s:s, s:f, s:f, s:f}", "at", from,
                                                     "started", hr_view_text(point, "started"),
                                                     "git_sha", hr_view_text(point, "git_sha"),
                                                     "before", before, "after", level, "ratio",
                                                     before > 0 ? level / before : 0.0));
        }
        before = level;
    }
    json_object_set_new(series, "levels", levels);
    json_object_set_new(series, "changes", changes);
}

static int find_in(json_t *series)
{
    const json_t *points = json_object_get(series, "points");
    int n = (int)json_array_size(points), first, found;
    double *values = calloc((size_t)n + 1, sizeof(*values));
    int *at = calloc((size_t)n + 1, sizeof(*at));

    if (!values || !at) {
        free(values);
        free(at);
        return hr_fail(ENOMEM, "no memory for a history");
    }
    for (int i = 0; i < n; i++) {
        values[i] = hr_view_number(json_array_get(points, (size_t)i), "median");
    }
    first = n > HR_CHANGE_VALUES_MAX ? n - HR_CHANGE_VALUES_MAX : 0; /* of a long one the newest */
    found = hr_change_points(values + first, n - first, at);
    for (int i = 0; i < found; i++) {
        at[i] += first;
    }
    if (found >= 0) {
        write_parts(series, values, n, at, found);
    }
    free(values);
    free(at);
    return found < 0 ? found : 0;
}

int hr_history_find_changes(json_t *history)
{
    json_t *series;
    size_t i;
    int rc = 0;

    json_array_foreach (json_object_get(history, "series"), i, series) {
        rc = rc ? rc : find_in(series);
    }
    return rc;
}

/* ---- as a report -------------------------------------------------------------------------- */

static const char *word_for(const json_t *series, double ratio)
{
    const char *better = hr_view_text(series, "better");

    return !*better                                         ? ""
           : (strcmp(better, "higher") == 0) == (ratio > 1) ? " (better)"
                                                            : " (worse)";
}

static void put_changes(json_t *row, const json_t *series)
{
    const json_t *changes = json_object_get(series, "changes"), *change;
    char text[400] = "";
    size_t i, at = 0;

    json_array_foreach (changes, i, change) {
        double ratio = hr_view_number(change, "ratio");

        if (at < sizeof(text)) {
            at +=
                (size_t)snprintf(text + at, sizeof(text) - at, "%s%+.1f %% since %.10s %.10s%s",
                                 at ? ", " : "", 100 * (ratio - 1), hr_view_text(change, "started"),
                                 hr_view_text(change, "git_sha"), word_for(series, ratio));
        }
    }
    hr_row_cell(row, *text ? text : "none", NULL);
}

static void add_series(json_t *table, const json_t *series)
{
    const json_t *points = json_object_get(series, "points");
    const char *unit = hr_view_text(series, "unit");
    size_t n = json_array_size(points);
    json_t *row = hr_table_row(table, NULL);

    hr_row_cell(row, hr_view_text(series, "case"), NULL);
    hr_row_cell(row, hr_view_text(series, "metric"), NULL);
    hr_row_cell(row, hr_figure_count((double)n).text, NULL);
    hr_row_cell(row, hr_figure(hr_view_number(json_array_get(points, 0), "median"), unit).text,
                NULL);
    hr_row_cell(row, hr_figure(hr_view_number(json_array_get(points, n - 1), "median"), unit).text,
                NULL);
    put_changes(row, series);
}

/* One table for each host, workload and engine: nothing else is one history. */
void hr_history_sheet(json_t *sheet, const json_t *history)
{
    const json_t *series, *last = NULL;
    json_t *table = NULL;
    size_t i;

    json_array_foreach (json_object_get(history, "series"), i, series) {
        if (!last || !hr_view_is(last, "fingerprint", hr_view_text(series, "fingerprint")) ||
            !hr_view_is(last, "workload", hr_view_text(series, "workload")) ||
            !hr_view_is(last, "engine", hr_view_text(series, "engine"))) {
            const char *engine = hr_view_text(series, "engine");

            hr_sheet_heading(sheet, "history", *engine ? engine : "no engine");
            hr_sheet_say(sheet, "note", "%.200s; workload %.8s", hr_view_text(series, "host"),
                         hr_view_text(series, "workload"));
            table = hr_sheet_table(sheet, NULL, NULL);
            hr_table_column(table, "Case", HR_LEFT);
            hr_table_column(table, "Figure", HR_LEFT);
            hr_table_column(table, "Results", HR_RIGHT);
            hr_table_column(table, "First", HR_RIGHT);
            hr_table_column(table, "Latest", HR_RIGHT);
            hr_table_column(table, "Changes of level", HR_LEFT);
        }
        add_series(table, series);
        last = series;
    }
    if (!last) {
        hr_sheet_say(sheet, "note", "No figure of the history matches.");
    }
}
