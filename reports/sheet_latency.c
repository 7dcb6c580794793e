/*
 * sheet_latency.c - capacity per path at its tail bound, and which percentile each rate holds.
 * Latency counts from when an order was due (open loop), service time from when it was sent.
 */
#include "reports/figure_text.h"
#include "reports/record_view.h"
#include "reports/sheet.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char *const percentiles[] = {"p50", "p90", "p99", "p99.9", "p99.99"};
#define PERCENTILES (sizeof(percentiles) / sizeof(percentiles[0]))

void hr_section_capacity(json_t *sheet, const json_t *record)
{
    struct hr_view_walk walk = {0};
    json_t *table;

    hr_sheet_heading(sheet, "capacity", "Capacity at the tail bound");
    table = hr_sheet_table(sheet, NULL, NULL);
    hr_table_column(table, HR_WHO, HR_LEFT);
    hr_table_column(table, "Tail bound", HR_LEFT);
    hr_table_column(table, "Confirmed, orders/s", HR_RIGHT);
    hr_table_column(table, "Lowest failed, orders/s", HR_RIGHT);
    hr_table_column(table, "Tail there", HR_RIGHT);
    hr_table_column(table, "Status", HR_LEFT);
    while (hr_view_next(record, &walk)) {
        const json_t *capacity = hr_view_metric(walk.item, "capacity");
        char tail[16];
        json_t *row;

        if (!capacity && strcmp(hr_view_text(walk.suite, "name"), "capacity") != 0) {
            continue;
        }
        snprintf(tail, sizeof(tail), "p%g", hr_view_param(walk.item, "percentile"));
        row = hr_table_row(table, walk.item);
        hr_row_cell(row, hr_view_path_engine(walk.item).text, NULL);
        hr_row_cell(row, hr_bound_text(walk.item).text, NULL);
        hr_row_metric(row, capacity);
        hr_row_metric(row, hr_view_metric(walk.item, "lowest_failed"));
        hr_row_metric(row, hr_view_metric(walk.item, tail));
        hr_row_status(row, hr_view_text(walk.item, "status"));
    }
    if (hr_table_rows(table) == 0) {
        hr_table_end(sheet, table);
        hr_sheet_say(sheet, "note", "No capacity search was part of this run.");
    }
}

static void add_percentiles(json_t *row, const json_t *histogram)
{
    size_t i;

    for (i = 0; i < PERCENTILES; i++) {
        double value = hr_view_percentile(histogram, percentiles[i]);

        hr_row_cell(row, hr_figure(value, hr_view_text(histogram, "unit")).text, NULL);
    }
    hr_row_cell(row,
                hr_figure(hr_view_number(histogram, "max"), hr_view_text(histogram, "unit")).text,
                NULL);
    hr_row_cell(row, hr_figure_count(hr_view_number(histogram, "count")).text, NULL);
}

static void add_percentile_columns(json_t *table)
{
    size_t i;

    for (i = 0; i < PERCENTILES; i++) {
        hr_table_column(table, percentiles[i], HR_RIGHT);
    }
    hr_table_column(table, "max", HR_RIGHT);
    hr_table_column(table, "Samples", HR_RIGHT);
}

static void add_flow_columns(json_t *table)
{
    hr_table_column(table, "Flow", HR_LEFT);
    hr_table_column(table, "Markets", HR_RIGHT);
}

static void add_flow(json_t *row, const json_t *item)
{
    const char *flow = hr_view_text(json_object_get(item, "params"), "flow");

    hr_row_cell(row, *flow ? flow : "the run's own", NULL);
    hr_row_cell(row, hr_figure_count(hr_view_param(item, "markets")).text, NULL);
}

static bool is_worst(const json_t *item)
{
    return *hr_view_text(json_object_get(item, "params"), "worst") != '\0';
}

static void add_rates(json_t *sheet, const json_t *record)
{
    struct hr_view_walk walk = {0};
    json_t *table = hr_sheet_table(sheet, "Rate × percentile", NULL);

    hr_table_column(table, HR_WHO, HR_LEFT);
    add_flow_columns(table);
    hr_table_column(table, "Offered, orders/s", HR_RIGHT);
    add_percentile_columns(table);
    hr_table_column(table, "Status", HR_LEFT);
    while (hr_view_next(record, &walk)) {
        double rate = hr_view_param(walk.item, "rate");
        const char *wanted = isnan(rate) ? "service" : "latency";
        const json_t *histogram = hr_view_histogram(walk.item, wanted);
        json_t *row;

        /* One without figures is shown too: it says why. */
        if (is_worst(walk.item) || (!histogram && !hr_view_is(walk.suite, "name", "latency")) ||
            !isnan(hr_view_param(walk.item, "bound_ns"))) {
            continue;
        }
        row = hr_table_row(table, walk.item);
        hr_row_cell(row, hr_view_path_engine(walk.item).text, NULL);
        add_flow(row, walk.item);
        hr_row_cell(row, isnan(rate) ? "closed loop" : hr_figure_set(rate, "").text, NULL);
        add_percentiles(row, histogram);
        hr_row_status(row, hr_view_text(walk.item, "status"));
    }
    if (hr_table_rows(table) == 0) {
        hr_table_end(sheet, table);
        hr_sheet_say(sheet, "note", "No latency was measured in this run.");
        return;
    }
    hr_sheet_say(
        sheet, "note",
        "Open loop: counted from when an order was due. Closed loop: service time, counted "
        "from when it was sent. A dash stands where there were too few samples for that "
        "percentile (299 for p99, 2 995 for p99.9, 29 956 for p99.99).");
}

static void add_estimate(json_t *row, const json_t *metric)
{
    hr_row_cell(row,
                hr_figure(hr_view_number(metric, "estimate"), hr_view_text(metric, "unit")).text,
                NULL);
}

/* What one request takes the engine, and how much of the tail is the machine's. */
static void add_net(json_t *sheet, const json_t *record)
{
    struct hr_view_walk walk = {0};
    json_t *table = hr_sheet_table(sheet, "One request at a time, without the clock", NULL);

    hr_table_column(table, HR_WHO, HR_LEFT);
    add_flow_columns(table);
    hr_table_column(table, "p50 net", HR_RIGHT);
    hr_table_column(table, "p99 net", HR_RIGHT);
    hr_table_column(table, "p99.9", HR_RIGHT);
    hr_table_column(table, "of it the host's", HR_RIGHT);
    while (hr_view_next(record, &walk)) {
        json_t *row;

        if (!hr_view_metric(walk.item, "p50_net") || !hr_view_counts(walk.item)) {
            continue;
        }
        row = hr_table_row(table, NULL);
        hr_row_cell(row, hr_view_path_engine(walk.item).text, NULL);
        add_flow(row, walk.item);
        add_estimate(row, hr_view_metric(walk.item, "p50_net"));
        add_estimate(row, hr_view_metric(walk.item, "p99_net"));
        add_estimate(row, hr_view_metric(walk.item, "p99.9"));
        add_estimate(row, hr_view_metric(walk.item, "p99.9_host"));
    }
    if (hr_table_rows(table) == 0) {
        hr_table_end(sheet, table);
        return;
    }
    hr_sheet_say(
        sheet, "note",
        "Net: less the cost of reading the clock once, which is in every sample. The host's: "
        "the share of the samples above p99.9 that pauses of the core explain, at the rate "
        "at which it was taken away while it only spun.");
}

/* "service new" is the service time of new orders alone. */
static void add_kinds(json_t *sheet, const json_t *record)
{
    static const char prefix[] = "service ";
    struct hr_view_walk walk = {0};
    json_t *table = hr_sheet_table(sheet, "Service time by kind of request", NULL);

    hr_table_column(table, HR_WHO, HR_LEFT);
    add_flow_columns(table);
    hr_table_column(table, "Request", HR_LEFT);
    add_percentile_columns(table);
    while (hr_view_next(record, &walk)) {
        const json_t *histogram;
        size_t i;

        json_array_foreach (json_object_get(walk.item, "histograms"), i, histogram) {
            const char *name = hr_view_text(histogram, "name");
            json_t *row;

            if (strncmp(name, prefix, sizeof(prefix) - 1) != 0 || !hr_view_counts(walk.item) ||
                !isnan(hr_view_param(walk.item, "rate"))) {
                continue;
            }
            row = hr_table_row(table, NULL);
            hr_row_cell(row, hr_view_path_engine(walk.item).text, NULL);
            add_flow(row, walk.item);
            hr_row_cell(row, name + sizeof(prefix) - 1, NULL);
            add_percentiles(row, histogram);
        }
    }
    hr_table_end(sheet, table);
}

/* What was asked of the engine, and how many median requests it took at the percentile that its
 * bound was held to. */
static void add_worst(json_t *sheet, const json_t *record)
{
    struct hr_view_walk walk = {0};
    json_t *table = hr_sheet_table(sheet, "Worst cases", NULL);

    hr_table_column(table, HR_WHO, HR_LEFT);
    hr_table_column(table, "Asked for", HR_LEFT);
    hr_table_column(table, "p50", HR_RIGHT);
    hr_table_column(table, "p99", HR_RIGHT);
    hr_table_column(table, "p99.9", HR_RIGHT);
    hr_table_column(table, "of it the host's", HR_RIGHT);
    hr_table_column(table, "Judged", HR_LEFT);
    hr_table_column(table, "in median requests", HR_RIGHT);
    hr_table_column(table, "at most", HR_RIGHT);
    hr_table_column(table, "Status", HR_LEFT);
    while (hr_view_next(record, &walk)) {
        const json_t *params = json_object_get(walk.item, "params"), *times;
        const char *judged = hr_view_text(params, "judged");
        bool p99 = strcmp(judged, "p99") == 0;
        json_t *row;

        if (!is_worst(walk.item)) {
            continue;
        }
        times = hr_view_metric(walk.item, p99 ? "p99_over_median_case" : "p999_over_median_case");
        row = hr_table_row(table, walk.item);
        hr_row_cell(row, hr_view_path_engine(walk.item).text, NULL);
        hr_row_cell(row, hr_view_text(params, "question"), NULL);
        add_estimate(row, hr_view_metric(walk.item, "p50"));
        add_estimate(row, hr_view_metric(walk.item, "p99"));
        add_estimate(row, hr_view_metric(walk.item, "p99.9"));
        add_estimate(row, hr_view_metric(walk.item, "p99.9_host"));
        hr_row_cell(row, *judged ? judged : HR_DASH, NULL);
        hr_row_cell(row, hr_figure_bare(hr_view_number(times, "estimate"), "times").text, NULL);
        hr_row_cell(row, hr_figure_set(hr_view_param(walk.item, "bound_times"), "").text, NULL);
        hr_row_status(row, hr_view_text(walk.item, "status"));
    }
    if (hr_table_rows(table) == 0) {
        hr_table_end(sheet, table);
        return;
    }
    hr_sheet_say(
        sheet, "note",
        "One request at a time, as a multiple of the median request of one plain market, which is "
        "measured with it. Judged is p99.9, or p99 where there are too few samples or the host's "
        "own "
        "pauses explain half of what lies above; a request that takes many levels is told by the "
        "level.");
}

void hr_section_latency(json_t *sheet, const json_t *record)
{
    hr_sheet_heading(sheet, "latency", "Latency");
    add_rates(sheet, record);
    add_net(sheet, record);
    add_kinds(sheet, record);
    add_worst(sheet, record);
    hr_sheet_plot(sheet, "load");
    hr_sheet_plot(sheet, "percentiles");
}
