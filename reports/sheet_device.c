/*
 * sheet_device.c - the devices that were asked: are they there and right, how fast, against what
 * ceiling, and from which batch size on are they faster than the engine under test?
 */
#include "reports/figure_text.h"
#include "reports/record_view.h"
#include "reports/sheet.h"

#include <math.h>
#include <string.h>

static const json_t *device_of(const json_t *item)
{
    return json_object_get(json_object_get(item, "params"), "device");
}

static void add_devices(json_t *sheet, const json_t *cases)
{
    json_t *table = hr_sheet_table(sheet, NULL, NULL);
    const json_t *item;
    size_t i;

    hr_table_column(table, "Engine", HR_LEFT);
    hr_table_column(table, "Device", HR_LEFT);
    hr_table_column(table, "Kind", HR_LEFT);
    hr_table_column(table, "Driver", HR_LEFT);
    hr_table_column(table, "Memory", HR_RIGHT);
    hr_table_column(table, "Known answers", HR_LEFT);
    json_array_foreach (cases, i, item) {
        const json_t *facts = device_of(item);
        const char *kind = hr_view_text(facts, "kind");
        json_t *row;

        if (!strstr(hr_view_text(item, "id"), "/known-answer")) {
            continue;
        }
        row = hr_table_row(table, item);
        hr_row_cell(row, hr_view_text(item, "engine"), NULL);
        hr_row_cell(row, facts ? hr_view_text(facts, "name") : HR_DASH, NULL);
        hr_row_cell(row,
                    !facts                     ? HR_DASH
                    : strcmp(kind, "cpu") == 0 ? "CPU, no GPU"
                    : strcmp(kind, "gpu") == 0 ? "GPU"
                                               : "other",
                    NULL);
        hr_row_cell(row, facts ? hr_view_text(facts, "driver") : HR_DASH, NULL);
        hr_row_cell(row,
                    facts ? hr_figure_bare(hr_view_number(facts, "memory_bytes"), "bytes").text
                          : HR_DASH,
                    NULL);
        hr_row_status(row, hr_view_text(item, "status"));
    }
    hr_table_end(sheet, table);
}

static void add_rates(json_t *sheet, const json_t *cases)
{
    json_t *table = hr_sheet_table(sheet, NULL, NULL);
    const json_t *item;
    size_t i;

    hr_table_column(table, "Engine", HR_LEFT);
    hr_table_column(table, "Flow", HR_LEFT);
    hr_table_column(table, "Markets", HR_RIGHT);
    hr_table_column(table, "Batch", HR_RIGHT);
    hr_table_column(table, "End to end, orders/s", HR_RIGHT);
    hr_table_column(table, "Of ceiling", HR_LEFT);
    hr_table_column(table, "Resident, orders/s", HR_RIGHT);
    hr_table_column(table, "Of ceiling", HR_LEFT);
    hr_table_column(table, "Batch p50", HR_RIGHT);
    hr_table_column(table, "Residence p99", HR_RIGHT);
    hr_table_column(table, "Status", HR_LEFT);
    json_array_foreach (cases, i, item) {
        const json_t *rate = hr_view_metric(item, "throughput");
        const json_t *resident = hr_view_metric(item, "resident");
        json_t *row;

        if (!rate) {
            continue;
        }
        row = hr_table_row(table, item);
        hr_row_cell(row, hr_view_text(item, "engine"), resident ? NULL : "one thread");
        hr_row_cell(row, hr_view_text(json_object_get(item, "params"), "flow"), NULL);
        hr_row_cell(row, hr_figure_count(hr_view_param(item, "markets")).text, NULL);
        hr_row_cell(row, hr_figure_count(hr_view_param(item, "batch")).text, NULL);
        hr_row_metric(row, rate);
        hr_row_share(row, hr_view_number(rate, "of_ceiling"), HR_ABOVE_CEILING);
        hr_row_metric(row, resident);
        hr_row_share(row, hr_view_number(resident, "of_ceiling"), HR_ABOVE_CEILING);
        hr_row_metric_with_unit(row, hr_view_metric(item, "batch_p50"));
        hr_row_metric_with_unit(row, hr_view_metric(item, "residence_p99"));
        hr_row_status(row, hr_view_text(item, "status"));
    }
    hr_table_end(sheet, table);
}

static void say_break_even(json_t *sheet, const json_t *cases)
{
    const json_t *item;
    size_t i;

    json_array_foreach (cases, i, item) {
        const json_t *params = json_object_get(item, "params");
        double batch = hr_view_estimate(item, "break_even");
        double ratio = hr_view_estimate(item, "over_host");

        if (isnan(ratio)) {
            continue;
        }
        if (isnan(batch)) {
            hr_sheet_say(sheet, "text",
                         "%s, flow %s: slower than one thread of %s at every batch size, %.2g "
                         "times its rate at best.",
                         hr_view_text(item, "engine"), hr_view_text(params, "flow"),
                         hr_view_text(params, "against"), ratio);
        } else {
            hr_sheet_say(sheet, "text",
                         "%s, flow %s: as fast as one thread of %s from batches of %s on, %.2g "
                         "times its rate at best.",
                         hr_view_text(item, "engine"), hr_view_text(params, "flow"),
                         hr_view_text(params, "against"), hr_figure_count(batch).text, ratio);
        }
    }
}

void hr_section_device(json_t *sheet, const json_t *record)
{
    const json_t *cases = json_object_get(hr_view_suite(record, "device"), "cases");

    hr_sheet_heading(sheet, "device", "Devices");
    if (json_array_size(cases) == 0) {
        hr_sheet_say(sheet, "note", "No device was asked in this run.");
        return;
    }
    add_devices(sheet, cases);
    add_rates(sheet, cases);
    say_break_even(sheet, cases);
    hr_sheet_say(sheet, "note",
                 "End to end: requests out of the host's memory, events back in it. Resident: "
                 "requests already on the device, events left there, on the device's own clock. "
                 "Residence: until the batch is full at the rate that was reached, and until its "
                 "events are back. A ceiling counts four random lines of memory an order, and end "
                 "to end also 32 bytes an order over the link.");
}
