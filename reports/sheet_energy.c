/*
 * sheet_energy.c - what did the host use, idle and at work, and how many orders did a joule buy?
 */
#include "reports/record_view.h"
#include "reports/sheet.h"

#include <stdio.h>

static void add_loads(json_t *sheet, const json_t *cases)
{
    json_t *table = hr_sheet_table(sheet, NULL, NULL);
    const json_t *item;
    size_t i;

    hr_table_column(table, "Load", HR_LEFT);
    hr_table_column(table, "Orders/s", HR_RIGHT);
    hr_table_column(table, "Power", HR_RIGHT);
    hr_table_column(table, "Idle", HR_RIGHT);
    hr_table_column(table, "Orders a joule", HR_RIGHT);
    hr_table_column(table, "Over idle", HR_RIGHT);
    hr_table_column(table, "Status", HR_LEFT);
    json_array_foreach (cases, i, item) {
        json_t *row = hr_table_row(table, item);
        double shards = hr_view_param(item, "shards");
        char load[64];

        snprintf(load, sizeof(load), "%g processor%s", shards, shards > 1 ? "s" : "");
        hr_row_cell(row, load, NULL);
        hr_row_metric(row, hr_view_metric(item, "throughput"));
        hr_row_metric_with_unit(row, hr_view_metric(item, "power"));
        hr_row_metric_with_unit(row, hr_view_metric(item, "idle_power"));
        hr_row_metric(row, hr_view_metric(item, "orders_per_joule"));
        hr_row_metric(row, hr_view_metric(item, "orders_per_joule_over_idle"));
        hr_row_status(row, hr_view_text(item, "status"));
    }
    hr_table_end(sheet, table);
}

void hr_section_energy(json_t *sheet, const json_t *record)
{
    const json_t *cases = json_object_get(hr_view_suite(record, "energy"), "cases");
    const char *source =
        hr_view_text(json_object_get(json_array_get(cases, 0), "params"), "source");

    hr_sheet_heading(sheet, "energy", "Energy");
    if (json_array_size(cases) == 0) {
        hr_sheet_say(sheet, "note", "Energy was not asked for in this run.");
        return;
    }
    add_loads(sheet, cases);
    hr_sheet_say(
        sheet, "note",
        "Of the whole host%s%s, without the power supply's loss; idle: asleep, just before "
        "each run. What it costs by the month: `headroom plan`.",
        *source ? ", by " : "", source);
}
