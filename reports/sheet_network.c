/*
 * sheet_network.c - how many orders come through to an engine in its own process, by path and
 * batch, beside what the same bytes reach without it, what it reaches alone, what both allow, and
 * what the link carries; one order's way; and what the wire format and sealing cost.
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

/* The columns that tell one case from the others. */
static void which_columns(json_t *table)
{
    hr_table_column(table, HR_WHO, HR_LEFT);
    hr_table_column(table, "Servers", HR_RIGHT);
    hr_table_column(table, "Batch", HR_RIGHT);
}

/* Its row; NULL for libiperf's, which is none. */
static json_t *which(json_t *table, const json_t *item)
{
    double servers = hr_view_param(item, "shards");
    json_t *row;

    if (strstr(hr_view_text(item, "id"), BASELINE)) {
        return NULL;
    }
    row = hr_table_row(table, item);
    hr_row_cell(row, hr_view_path_engine(item).text, NULL);
    hr_row_cell(row, hr_figure_count(isfinite(servers) ? servers : 1).text, NULL);
    hr_row_cell(row, hr_figure_count(hr_view_param(item, "batch")).text, NULL);
    return row;
}

static void add_rates(json_t *sheet, const json_t *cases)
{
    json_t *table = hr_sheet_table(sheet, NULL, NULL);
    const json_t *item;
    size_t i;

    which_columns(table);
    hr_table_column(table, "orders/s", HR_RIGHT);
    hr_table_column(table, "Path alone", HR_RIGHT);
    hr_table_column(table, "Of it", HR_LEFT);
    hr_table_column(table, "Engine alone", HR_RIGHT);
    hr_table_column(table, "Of both", HR_LEFT);
    hr_table_column(table, "p50", HR_RIGHT);
    hr_table_column(table, "p99", HR_RIGHT);
    hr_table_column(table, "Status", HR_LEFT);
    json_array_foreach (cases, i, item) {
        const json_t *rate = hr_view_metric(item, "throughput");
        double path = hr_view_number(rate, "ceiling_value"),
               both = hr_view_estimate(item, "path_and_engine");
        json_t *row = which(table, item);

        if (row) {
            hr_row_metric(row, rate);
            hr_row_cell(row, isfinite(path) ? hr_figure(path, "").text : HR_DASH, NULL);
            hr_row_share(row, hr_view_number(rate, "of_ceiling"), "disturbed");
            hr_row_metric(row, hr_view_metric(item, "engine_alone"));
            hr_row_share(row, hr_view_number(rate, "estimate") / both, "overlapping, or disturbed");
            hr_row_metric_with_unit(row, hr_view_metric(item, "p50"));
            hr_row_metric_with_unit(row, hr_view_metric(item, "p99"));
            hr_row_status(row, hr_view_text(item, "status"));
        }
    }
    hr_table_end(sheet, table);
}

static void count_cell(json_t *row, const json_t *item, const char *metric)
{
    double count = hr_view_estimate(item, metric);

    hr_row_cell(row, isfinite(count) ? hr_figure_count(count).text : HR_DASH, NULL);
}

static void bits_cell(json_t *row, double bits)
{
    hr_row_cell(row, isfinite(bits) ? hr_figure(bits, "bits/s").text : HR_DASH, NULL);
}

static void add_bytes(json_t *sheet, const json_t *cases)
{
    json_t *table = hr_sheet_table(sheet, "What crossed, and what became of it", NULL);
    double link = baseline(cases);
    const json_t *item;
    size_t i;

    which_columns(table);
    hr_table_column(table, "Orders", HR_RIGHT);
    hr_table_column(table, "Events", HR_RIGHT);
    hr_table_column(table, "Interface", HR_RIGHT);
    hr_table_column(table, "Of libiperf", HR_LEFT);
    hr_table_column(table, "Lost", HR_RIGHT);
    hr_table_column(table, "Twice", HR_RIGHT);
    hr_table_column(table, "Refused", HR_RIGHT);
    json_array_foreach (cases, i, item) {
        double orders = hr_view_estimate(item, "goodput_orders"),
               events = hr_view_estimate(item, "goodput_events"),
               nic = hr_view_estimate(item, "nic");
        json_t *row = which(table, item);

        if (row) {
            bits_cell(row, orders);
            bits_cell(row, events);
            bits_cell(row, nic);
            hr_row_share(row, isfinite(nic) ? fmax(orders, events) / link : (double)NAN,
                         "above one stream");
            count_cell(row, item, "lost");
            count_cell(row, item, "duplicated");
            count_cell(row, item, "refused");
        }
    }
    hr_table_end(sheet, table);
    if (isfinite(link)) {
        hr_sheet_say(sheet, "note", "libiperf's one stream carried %s over loopback in this run.",
                     hr_figure(link, "bits/s").text);
    }
}

static void add_paths(json_t *sheet, const json_t *cases)
{
    const json_t *first = json_array_get(cases, json_array_size(cases) - 1);
    double clients = hr_view_param(first, "clients"), window = hr_view_param(first, "window");

    add_rates(sheet, cases);
    if (json_array_size(cases) == 0) {
        return;
    }
    hr_sheet_say(sheet, "note",
                 "%s clients, each up to %s orders ahead of their answers. One server has a "
                 "processor of its own; several share theirs with their clients. Path alone: the "
                 "same bytes without engine and crypto, as many events played back. Engine alone: "
                 "in process, in the same batches, on the servers' processors. An order takes the "
                 "time of both, one after the other: the faster the path, the smaller its part, "
                 "and what is reached of it alone. One server's clients overlap with it.",
                 hr_figure_count(clients).text, hr_figure_count(window).text);
    add_bytes(sheet, cases);
    hr_sheet_say(sheet, "note",
                 "Orders and events are payload, each one way; the interface's own counter has "
                 "both, with headers, and whatever else the host sent meanwhile.");
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

#define PAGES "tuning=pages"

/* One order's way there and back, by path and by what was set for it. */
static void add_ways(json_t *sheet, const json_t *cases)
{
    static const struct column columns[] = {{"p50", "p50"},
                                            {"p90", "p90"},
                                            {"p99", "p99"},
                                            {"cable_bytes", "On the cable"},
                                            {NULL, NULL}};
    json_t *table = hr_sheet_table(sheet, "One order, there and back", NULL);
    bool cable = false;
    const json_t *item;
    size_t i;

    hr_table_column(table, HR_WHO, HR_LEFT);
    hr_table_column(table, "Case", HR_LEFT);
    for (const struct column *c = columns; c->metric; c++) {
        hr_table_column(table, c->title, HR_RIGHT);
    }
    hr_table_column(table, "Status", HR_LEFT);
    json_array_foreach (cases, i, item) {
        const char *name = short_name(item);
        json_t *row;

        if ((strncmp(name, "round_trip", 10) != 0 && strncmp(name, "tuning=", 7) != 0) ||
            strncmp(name, PAGES, strlen(PAGES)) == 0) {
            continue;
        }
        row = hr_table_row(table, item);
        hr_row_cell(row, hr_view_path_engine(item).text, NULL);
        hr_row_cell(row, name, NULL);
        for (const struct column *c = columns; c->metric; c++) {
            hr_row_metric_with_unit(row, hr_view_metric(item, c->metric));
        }
        hr_row_status(row, hr_view_text(item, "status"));
        cable = cable || strstr(name, "cable=");
    }
    hr_table_end(sheet, table);
    if (cable) {
        hr_sheet_say(sheet, "note",
                     "One order is under way at a time, and both sides look all the while unless "
                     "they sleep. cable=veth is over a cable between two network namespaces: "
                     "packets, interfaces and queues, which loopback has not, and still no card "
                     "and no wire. On it are all bytes of an order and its answers, both ways.");
    }
}

void hr_section_network(json_t *sheet, const json_t *record)
{
    static const struct column codec[] = {{"encode", "Encode an order"},
                                          {"decode", "Decode it"},
                                          {"event_encode", "Encode an event"},
                                          {"event_decode", "Decode it"},
                                          {NULL, NULL}};
    static const struct column pages[] = {{"throughput", "orders/s"}, {NULL, NULL}};
    static const struct column framing[] = {{"payload_share", "Payload's share"},
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
    add_ways(sheet, wire);
    add_figures(sheet, "The same flow in small pages and in huge ones", wire, PAGES, pages);
    add_figures(sheet, "What a link's framing leaves, by arithmetic", wire, "framing", framing);
    add_figures(sheet, "Sealed sessions", crypto, "handshake", sessions);
    add_figures(sheet, "Sealed orders", crypto, "seal", seal);
}
