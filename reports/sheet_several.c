/*
 * sheet_several.c - several results side by side: which machine, and every figure that at least two
 * of them have. It shows; it does not judge whether a difference is more than noise.
 */
#include "reports/figure_text.h"
#include "reports/record_view.h"
#include "reports/sheet.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void column_title(char *text, size_t bytes, int i)
{
    snprintf(text, bytes, i < 26 ? "%c" : "R%d", i < 26 ? 'A' + i : i + 1);
}

static void add_machines(json_t *sheet, const json_t *const *records, const char *const *names,
                         int count)
{
    json_t *table = hr_sheet_table(sheet, NULL, NULL);
    int i;

    hr_table_column(table, "", HR_LEFT);
    hr_table_column(table, "Machine", HR_LEFT);
    hr_table_column(table, "Started", HR_LEFT);
    hr_table_column(table, "Capacity", HR_RIGHT);
    hr_table_column(table, "Status", HR_LEFT);
    for (i = 0; i < count; i++) {
        const json_t *verdict = json_object_get(records[i], "verdict");
        const json_t *best = hr_best_capacity(records[i]);
        json_t *row = hr_table_row(table, NULL);
        char title[16];

        column_title(title, sizeof(title), i);
        hr_row_cell(row, title, NULL);
        hr_row_cell(row, hr_view_text(json_object_get(records[i], "host"), "line"), names[i]);
        hr_row_cell(row, hr_view_text(records[i], "started"), NULL);
        hr_row_cell(row, hr_figure(hr_view_estimate(best, "capacity"), "orders/s").text,
                    hr_bound_text(best).text);
        hr_row_status(row, hr_view_text(verdict, "status"));
    }
}

static const char *workload_hash(const json_t *record)
{
    return hr_view_text(json_object_get(record, "workload"), "sha256");
}

static const json_t *find_case(const json_t *record, const char *id)
{
    struct hr_view_walk walk = {0};

    while (hr_view_next(record, &walk)) {
        if (hr_view_is(walk.item, "id", id)) {
            return walk.item;
        }
    }
    return NULL;
}

/* One figure of one case, if at least two results have it. */
static void add_figure(json_t *table, const json_t *const *records, int count, const char *id,
                       const char *metric)
{
    const json_t *first = NULL;
    json_t *row;
    char figure[300];
    int i, found = 0;

    for (i = 0; i < count; i++) {
        const json_t *here = find_case(records[i], id);

        if (isfinite(hr_view_estimate(here, metric)) && !hr_view_is_ruler(here)) {
            first = first ? first : hr_view_metric(here, metric);
            found++;
        }
    }
    if (found < 2) {
        return;
    }
    snprintf(figure, sizeof(figure), "%.140s, %.60s", metric, hr_view_text(first, "unit"));
    row = hr_table_row(table, NULL);
    hr_row_cell(row, id, NULL);
    hr_row_cell(row, figure, NULL);
    for (i = 0; i < count; i++) {
        const json_t *here = find_case(records[i], id);

        if (here && !hr_view_passed(here)) {
            hr_row_status(row, hr_view_text(here, "status"));
        } else {
            hr_row_metric(row, hr_view_metric(here, metric));
        }
    }
}

json_t *hr_sheet_of_several(const json_t *const *records, const char *const *names, int count)
{
    json_t *sheet = json_array(), *table, *seen = json_object();
    int i, same = 1;

    hr_sheet_heading(sheet, "side-by-side", "Results side by side");
    add_machines(sheet, records, names, count);
    for (i = 1; i < count; i++) {
        same &= strcmp(workload_hash(records[i]), workload_hash(records[0])) == 0;
    }
    hr_sheet_say(sheet, "note",
                 same ? "All ran the same workload. Whether a difference is more than "
                        "noise is not judged here."
                      : "These ran different workloads: their figures answer "
                        "different questions.");
    table = hr_sheet_table(sheet, NULL, NULL);
    hr_table_column(table, "Case", HR_LEFT);
    hr_table_column(table, "Figure", HR_LEFT);
    for (i = 0; i < count; i++) {
        char title[16];

        column_title(title, sizeof(title), i);
        hr_table_column(table, title, HR_RIGHT);
    }
    for (i = 0; i < count; i++) {
        struct hr_view_walk walk = {0};

        while (hr_view_next(records[i], &walk)) {
            const char *id = hr_view_text(walk.item, "id");
            const json_t *metric;
            size_t k;

            if (json_object_get(seen, id)) {
                continue;
            }
            json_object_set_new(seen, id, json_true());
            json_array_foreach (json_object_get(walk.item, "metrics"), k, metric) {
                add_figure(table, records, count, id, hr_view_text(metric, "name"));
            }
        }
    }
    json_decref(seen);
    if (hr_table_rows(table) == 0) {
        hr_table_end(sheet, table);
        hr_sheet_say(sheet, "note", "They have no figure in common.");
    }
    return sheet;
}
