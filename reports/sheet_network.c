/*
 * sheet_network.c - how many orders come through to an engine in its own process, by path and
 * batch, beside what the same bytes reach without it and what the link carries; and what the wire
 * format and sealing cost.
 */
#include "reports/figure_text.h"
#include "reports/record_view.h"
#include "reports/sheet.h"

#include <math.h>
#include <string.h>

#define BASELINE "/libiperf"

/* What libiperf reached, in bits/s; NAN if it did not run. */
static double baseline(const json_t *cases)
{
    const json_t *item;
    size_t i;

    json_array_foreach (cases, i, item) {
        if (strstr(hr_view_text(item, "id"), BASELINE)) {
            return hr_view_estimate(item, "goodput");
        }
    }
    return (double)NAN;
}

static void add_paths(json_t *sheet, const json_t *cases)
{
    json_t *table = hr_sheet_table(sheet, NULL, NULL);
    double link = baseline(cases);
    const json_t *item;
    size_t i;

    hr_table_column(table, "Path × engine", HR_LEFT);
    hr_table_column(table, "Batch", HR_RIGHT);
    hr_table_column(table, "Clients", HR_RIGHT);
    hr_table_column(table, "orders/s", HR_RIGHT);
    hr_table_column(table, "Of the path alone", HR_LEFT);
    hr_table_column(table, "Orders' bits", HR_RIGHT);
    hr_table_column(table, "Of libiperf", HR_LEFT);
    hr_table_column(table, "p50", HR_RIGHT);
    hr_table_column(table, "p99", HR_RIGHT);
    hr_table_column(table, "Lost, twice, refused", HR_RIGHT);
    hr_table_column(table, "Status", HR_LEFT);
    json_array_foreach (cases, i, item) {
        const json_t *rate = hr_view_metric(item, "throughput");
        double bits = hr_view_estimate(item, "goodput_orders");
        bool on_link = strstr(hr_view_text(item, "path"), "tcp") ||
                       strstr(hr_view_text(item, "path"), "uring");
        char odd[512];
        json_t *row;

        if (strstr(hr_view_text(item, "id"), BASELINE)) {
            continue;
        }
        snprintf(odd, sizeof(odd), "%s, %s, %s",
                 hr_figure_count(hr_view_estimate(item, "lost")).text,
                 hr_figure_count(hr_view_estimate(item, "duplicated")).text,
                 hr_figure_count(hr_view_estimate(item, "refused")).text);
        row = hr_table_row(table, item);
        hr_row_cell(row, hr_view_path_engine(item).text, NULL);
        hr_row_cell(row, hr_figure_count(hr_view_param(item, "batch")).text, NULL);
        hr_row_cell(row, hr_figure_count(hr_view_param(item, "clients")).text, NULL);
        hr_row_metric(row, rate);
        hr_row_share(row, hr_view_number(rate, "of_ceiling"), "above the path alone: disturbed");
        hr_row_cell(row, isfinite(bits) ? hr_figure(bits, "bits/s").text : HR_DASH, NULL);
        hr_row_share(row, on_link ? bits / link : (double)NAN, HR_ABOVE_CEILING);
        hr_row_metric_with_unit(row, hr_view_metric(item, "p50"));
        hr_row_metric_with_unit(row, hr_view_metric(item, "p99"));
        hr_row_cell(row, rate && isfinite(hr_view_number(rate, "estimate")) ? odd : HR_DASH, NULL);
        hr_row_status(row, hr_view_text(item, "status"));
    }
    hr_table_end(sheet, table);
    if (isfinite(link)) {
        hr_sheet_say(sheet, "note",
                     "libiperf carried %s over the same link in the same run. The path alone is "
                     "the same bytes to an engine that only answers.",
                     hr_figure(link, "bits/s").text);
    }
}

/* What a case is called below its suite, path and engine. */
static const char *short_name(const json_t *item)
{
    const char *name = hr_view_text(item, "id");

    for (int k = 0; k < 3 && strchr(name, '/'); k++) {
        name = strchr(name, '/') + 1;
    }
    return name;
}

struct column {
    const char *metric, *title;
};

/* The cases that have one of these figures, or whose name begins so and have none for a reason. */
static void add_figures(json_t *sheet, const char *title, const json_t *cases, const char *name,
                        const struct column *columns)
{
    json_t *table = hr_sheet_table(sheet, title, NULL);
    const json_t *item;
    size_t i;

    hr_table_column(table, "Case", HR_LEFT);
    for (const struct column *c = columns; c->metric; c++) {
        hr_table_column(table, c->title, HR_RIGHT);
    }
    hr_table_column(table, "Status", HR_LEFT);
    json_array_foreach (cases, i, item) {
        json_t *row;

        if (strncmp(short_name(item), name, strlen(name)) != 0 ||
            (hr_view_passed(item) && !hr_view_metric(item, columns->metric))) {
            continue;
        }
        row = hr_table_row(table, item);
        hr_row_cell(row, short_name(item), NULL);
        for (const struct column *c = columns; c->metric; c++) {
            hr_row_metric_with_unit(row, hr_view_metric(item, c->metric));
        }
        hr_row_status(row, hr_view_text(item, "status"));
    }
    hr_table_end(sheet, table);
}

void hr_section_network(json_t *sheet, const json_t *record)
{
    static const struct column codec[] = {{"encode", "Encode an order"},
                                          {"decode", "Decode it"},
                                          {"event_encode", "Encode an event"},
                                          {"event_decode", "Decode it"},
                                          {NULL, NULL}};
    static const struct column framing[] = {{"payload_share", "Payload"},
                                            {"orders_10g", "Orders over 10 Gb/s"},
                                            {"orders_10g_sealed_single", "Sealed one by one"},
                                            {"orders_10g_sealed_batch", "Sealed in batches"},
                                            {NULL, NULL}};
    static const struct column sessions[] = {{"handshakes", "Sessions begun"},
                                             {"handshakes_client", "By a client"},
                                             {"handshakes_server", "By a server"},
                                             {NULL, NULL}};
    static const struct column seal[] = {{"seal", "Seal an order"},
                                         {"open", "Open it"},
                                         {"overhead_bytes", "Added to an order"},
                                         {"orders_10g", "Orders over 10 Gb/s"},
                                         {"cores_10g_seal", "Cores that seal that"},
                                         {NULL, NULL}};
    const json_t *network = json_object_get(hr_view_suite(record, "network"), "cases");
    const json_t *wire = json_object_get(hr_view_suite(record, "wire"), "cases");
    const json_t *crypto = json_object_get(hr_view_suite(record, "crypto"), "cases");

    hr_sheet_heading(sheet, "network", "Network");
    if (json_array_size(network) + json_array_size(wire) + json_array_size(crypto) == 0) {
        hr_sheet_say(sheet, "note", "No path between processes was measured in this run.");
        return;
    }
    add_paths(sheet, network);
    add_figures(sheet, "The wire format", wire, "codec", codec);
    add_figures(sheet, "What a link's framing leaves, by arithmetic", wire, "framing", framing);
    add_figures(sheet, "Sealed sessions", crypto, "handshake", sessions);
    add_figures(sheet, "Sealed orders", crypto, "seal", seal);
}
