/*
 * sheet_device.c - the devices that were asked: are they there and right, how fast, against what
 * ceiling, and from which batch size on are they faster than the engine under test?
 */
#include "reports/figure_text.h"
#include "reports/record_view.h"
#include "reports/sheet.h"

#include <math.h>
#include <stdio.h>
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

static const char *flow_of(const json_t *item)
{
    return hr_view_text(json_object_get(item, "params"), "flow");
}

/* What a row is of: flow and markets, batch. */
static void size_columns(json_t *table)
{
    hr_table_column(table, "Flow", HR_LEFT);
    hr_table_column(table, "Batch", HR_RIGHT);
}

static void size_cells(json_t *row, const json_t *item)
{
    char markets[192];

    snprintf(markets, sizeof(markets), "%s markets",
             hr_figure_count(hr_view_param(item, "markets")).text);
    hr_row_cell(row, flow_of(item), markets);
    hr_row_cell(row, hr_figure_count(hr_view_param(item, "batch")).text, NULL);
}

static bool is_of(const json_t *item, const char *engine)
{
    return strcmp(hr_view_text(item, "engine"), engine) == 0;
}

static void add_rates(json_t *sheet, const json_t *cases, const char *engine)
{
    char title[96];
    json_t *table, *row;
    const json_t *item;
    size_t i;

    snprintf(title, sizeof(title), "%s, orders/s", engine);
    table = hr_sheet_table(sheet, title, NULL);
    size_columns(table);
    hr_table_column(table, "End to end", HR_RIGHT);
    hr_table_column(table, "Pinned", HR_RIGHT);
    hr_table_column(table, "Resident", HR_RIGHT);
    hr_table_column(table, "Of ceiling", HR_LEFT);
    hr_table_column(table, "Status", HR_LEFT);
    json_array_foreach (cases, i, item) {
        const json_t *resident = hr_view_metric(item, "resident");

        if (!is_of(item, engine) || !hr_view_metric(item, "throughput")) {
            continue;
        }
        row = hr_table_row(table, item);
        size_cells(row, item);
        hr_row_metric(row, hr_view_metric(item, "throughput"));
        hr_row_metric(row, hr_view_metric(item, "pinned"));
        hr_row_metric(row, resident);
        hr_row_share(row, hr_view_number(resident, "of_ceiling"), "above it");
        hr_row_status(row, hr_view_text(item, "status"));
    }
    hr_table_end(sheet, table);
}

/* Where the time of a batch goes. */
static void add_times(json_t *sheet, const json_t *cases, const char *engine)
{
    static const struct {
        const char *metric, *title;
    } parts[] = {{"batch_p50", "Batch p50"}, {"residence_p99", "Residence p99"},
                 {"copy_in", "In"},          {"sort", "Sort"},
                 {"match", "Match"},         {"events_in_order", "Events"},
                 {"copy_out", "Out"}};
    char title[128];
    json_t *table, *row;
    const json_t *item;
    size_t i;

    snprintf(title, sizeof(title), "%s: a batch's time, and its parts in ns an order", engine);
    table = hr_sheet_table(sheet, title, title);
    size_columns(table);
    hr_table_column(table, "Pinned, of ceiling", HR_LEFT);
    for (size_t p = 0; p < sizeof(parts) / sizeof(parts[0]); p++) {
        hr_table_column(table, parts[p].title, HR_RIGHT);
    }
    json_array_foreach (cases, i, item) {
        if (!is_of(item, engine) || !hr_view_metric(item, "batch_p50")) {
            continue;
        }
        row = hr_table_row(table, item);
        size_cells(row, item);
        hr_row_share(row, hr_view_number(hr_view_metric(item, "pinned"), "of_ceiling"), "above it");
        for (size_t p = 0; p < sizeof(parts) / sizeof(parts[0]); p++) {
            hr_row_cell(row, hr_figure_bare(hr_view_estimate(item, parts[p].metric), "ns").text,
                        NULL);
        }
    }
    hr_table_end(sheet, table);
}

/* Orders that come at a given rate, and what they cost in energy. */
static void add_loads(json_t *sheet, const json_t *cases)
{
    json_t *table = hr_sheet_table(sheet, "Orders that come at a given rate", NULL);
    const json_t *item;
    size_t i;

    hr_table_column(table, "Engine", HR_LEFT);
    hr_table_column(table, "Flow", HR_LEFT);
    hr_table_column(table, "Offered", HR_RIGHT);
    hr_table_column(table, "Reached", HR_RIGHT);
    hr_table_column(table, "Residence p50", HR_RIGHT);
    hr_table_column(table, "Residence p99", HR_RIGHT);
    hr_table_column(table, "Status", HR_LEFT);
    json_array_foreach (cases, i, item) {
        double offered = hr_view_param(item, "offered");
        json_t *row;

        if (isnan(offered)) {
            continue;
        }
        row = hr_table_row(table, item);
        hr_row_cell(row, hr_view_text(item, "engine"), NULL);
        hr_row_cell(row, flow_of(item), NULL);
        hr_row_cell(row, hr_figure_set(offered, "orders/s").text, NULL);
        hr_row_metric(row, hr_view_metric(item, "reached"));
        hr_row_metric_with_unit(row, hr_view_metric(item, "residence_p50"));
        hr_row_metric_with_unit(row, hr_view_metric(item, "residence_p99"));
        hr_row_status(row, hr_view_text(item, "status"));
    }
    hr_table_end(sheet, table);
    json_array_foreach (cases, i, item) {
        double watts = hr_view_estimate(item, "device_power");

        if (!isnan(watts)) {
            hr_sheet_say(sheet, "text",
                         "%s, flow %s: the device used %.3g W, %.3g orders a joule, loading the "
                         "books among them.",
                         hr_view_text(item, "engine"), flow_of(item), watts,
                         hr_view_estimate(item, "orders_per_joule"));
        }
    }
}

/* Each device that has figures, in the order in which it was asked. */
static void each_device(json_t *sheet, const json_t *cases,
                        void (*add)(json_t *, const json_t *, const char *))
{
    const json_t *item;
    size_t i;

    json_array_foreach (cases, i, item) {
        if (strstr(hr_view_text(item, "id"), "/known-answer") && device_of(item)) {
            add(sheet, cases, hr_view_text(item, "engine"));
        }
    }
}

static void say_host(json_t *sheet, const json_t *cases)
{
    const json_t *item;
    size_t i;

    json_array_foreach (cases, i, item) {
        if (hr_view_metric(item, "throughput") && !hr_view_metric(item, "resident")) {
            hr_sheet_say(sheet, "text", "One thread of %s, flow %s: %s.",
                         hr_view_text(item, "engine"), flow_of(item),
                         hr_figure(hr_view_estimate(item, "throughput"), "orders/s").text);
        }
    }
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
    each_device(sheet, cases, add_rates);
    say_host(sheet, cases);
    say_break_even(sheet, cases);
    add_loads(sheet, cases);
    each_device(sheet, cases, add_times);
    hr_sheet_say(
        sheet, "note",
        "End to end: requests out of the host's memory, events back in it, copied by one "
        "thread into and out of what the device reaches. Pinned: they lie there from the "
        "start, and stay there. Resident: requests already on the device, events left "
        "there, on the device's own clock. Residence: until the batch is full at the rate "
        "that was reached, or since an order was due at the rate that was offered, and "
        "until its events are back. A ceiling counts four random lines of memory an order, and end "
        "to end also 32 bytes an order over the link.");
}
