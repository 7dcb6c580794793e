/*
 * sheet_growth.c - throughput of one thread, and what becomes of it with more markets, deeper books
 * and more cores.
 */
#include "harness/statistics.h"
#include "reports/figure_text.h"
#include "reports/record_view.h"
#include "reports/sheet.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool has_figure(const json_t *item)
{
    const json_t *metric;
    size_t i;

    json_array_foreach (json_object_get(item, "metrics"), i, metric) {
        if (isfinite(hr_view_number(metric, "estimate"))) {
            return true;
        }
    }
    return false;
}

/* The share, and what it is a share of. */
static void put_ceiling(json_t *row, const json_t *metric)
{
    const char *unit = hr_view_text(metric, "unit");

    hr_row_share(row, hr_view_number(metric, "of_ceiling"), HR_ABOVE_CEILING);
    hr_row_cell(row, hr_figure_bare(hr_view_number(metric, "ceiling_value"), unit).text,
                hr_view_ceiling(metric).text);
}

/* The flow preset that a case was named after; "" is the run's own flow. */
static const char *flow_of(const json_t *item)
{
    return hr_view_text(json_object_get(item, "params"), "flow");
}

/* The regime that a case drove one request at a time, or "worst"; "" is none. */
static const char *regime_of(const json_t *item)
{
    const json_t *params = json_object_get(item, "params");

    return json_object_get(params, "regimes") ? "worst" : hr_view_text(params, "regime");
}

/* In tables of their own. */
static bool is_named(const json_t *item)
{
    return *flow_of(item) || *regime_of(item);
}

/* Of the run's own flow. */
static bool has_throughput(const json_t *item)
{
    return hr_view_metric(item, "throughput") != NULL && !is_named(item);
}

/* Whether all cases with a throughput set this to the same. */
static bool is_common(const json_t *cases, const char *name)
{
    const json_t *first = NULL, *item;
    size_t i;

    json_array_foreach (cases, i, item) {
        const json_t *value = json_object_get(json_object_get(item, "params"), name);

        if (!has_throughput(item)) {
            continue;
        }
        first = first ? first : value;
        if (!value || !json_equal(first, value)) {
            return false;
        }
    }
    return true;
}

/* What a case sets, of all that is (common) or is not the same for all: "markets 1 000, batch 32".
 */
static void write_params(const json_t *cases, const json_t *item, bool common, char *text,
                         size_t bytes)
{
    const json_t *params = json_object_get(item, "params"), *value;
    const char *name;
    size_t at = 0;

    text[0] = '\0';
    json_object_foreach ((json_t *)(uintptr_t)params, name, value) {
        char one[260];

        if (is_common(cases, name) != common ||
            (strcmp(name, "levels") == 0 && json_object_get(params, "depth"))) {
            continue;
        }
        if (json_is_number(value)) {
            double number = json_number_value(value);

            snprintf(one, sizeof(one), "%.60s %s", name,
                     floor(number) == number ? hr_figure_count(number).text
                                             : hr_figure_set(number, "").text);
        } else if (json_is_string(value)) {
            snprintf(one, sizeof(one), "%.60s %.90s", name, json_string_value(value));
        } else {
            continue;
        }
        if (at + strlen(one) + 3 > bytes) {
            return;
        }
        at += (size_t)snprintf(text + at, bytes - at, "%s%s", at ? ", " : "", one);
    }
}

static void say_common(json_t *sheet, const json_t *cases)
{
    const json_t *item;
    char params[500];
    size_t i;

    json_array_foreach (cases, i, item) {
        if (has_throughput(item)) {
            write_params(cases, item, true, params, sizeof(params));
            if (*params) {
                hr_sheet_say(sheet, "note", "All with: %s.", params);
            }
            return;
        }
    }
}

static void say_compares(json_t *sheet, const json_t *cases)
{
    const json_t *item;
    size_t i;

    json_array_foreach (cases, i, item) {
        double compares = hr_view_estimate(item, "compares");

        if (isfinite(compares)) {
            hr_sheet_say(sheet, "note",
                         "Beside it, for scale: %s of elementwise price comparison. That is not "
                         "matching, and those are not orders.",
                         hr_figure(compares, "compares/s").text);
        }
    }
}

static void put_rate(json_t *row, const json_t *item)
{
    const json_t *metric = hr_view_metric(item, "throughput");

    hr_row_metric(row, metric);
    hr_row_cell(row, hr_figure_count(hr_view_number(metric, "n_runs")).text, NULL);
    put_ceiling(row, metric);
    hr_row_status(row, hr_view_text(item, "status"));
}

static void add_rate_columns(json_t *table)
{
    hr_table_column(table, "orders/s", HR_RIGHT);
    hr_table_column(table, "Runs", HR_RIGHT);
    hr_table_column(table, "Of ceiling", HR_LEFT);
    hr_table_column(table, "Ceiling", HR_LEFT);
    hr_table_column(table, "Status", HR_LEFT);
}

/* The rates over the first quarter and half of the orders, as parts of that over all: 1.00, 1.00 is
 * a rate that does not depend on how many were counted. */
static void put_lengths(json_t *row, const json_t *item)
{
    double quarter = hr_view_estimate(item, "quarter_over_whole");
    double half = hr_view_estimate(item, "half_over_whole");
    char text[40] = HR_DASH;

    if (isfinite(quarter) && isfinite(half)) {
        snprintf(text, sizeof(text), "%.2f, %.2f", quarter, half);
    }
    hr_row_cell(row, text, NULL);
}

/* Flow presets, the same in every run of any profile. */
static void add_named_flows(json_t *sheet, const json_t *cases)
{
    json_t *table = hr_sheet_table(sheet, "Named flows", NULL);
    const json_t *item;
    size_t i;

    hr_table_column(table, HR_WHO, HR_LEFT);
    hr_table_column(table, "Flow", HR_LEFT);
    hr_table_column(table, "Markets", HR_RIGHT);
    hr_table_column(table, "Resting a market", HR_RIGHT);
    hr_table_column(table, "N, 2N of 4N", HR_RIGHT);
    add_rate_columns(table);
    json_array_foreach (cases, i, item) {
        double levels = hr_view_depth(item), orders = hr_view_param(item, "orders_per_level");
        json_t *row;

        if (!*flow_of(item)) {
            continue;
        }
        row = hr_table_row(table, item);
        hr_row_cell(row, hr_view_path_engine(item).text, NULL);
        hr_row_cell(row, flow_of(item), NULL);
        hr_row_cell(row, hr_figure_count(hr_view_param(item, "markets")).text, NULL);
        hr_row_cell(row, hr_figure_count(2 * levels * orders).text, NULL);
        put_lengths(row, item);
        put_rate(row, item);
    }
    hr_table_end(sheet, table);
}

/* A worst says of how many it is, and which. */
static void put_regime(json_t *row, const json_t *item)
{
    const json_t *params = json_object_get(item, "params");
    size_t of = json_array_size(json_object_get(params, "regimes"));
    char text[48];

    if (of == 0) {
        hr_row_cell(row, regime_of(item), NULL);
        return;
    }
    snprintf(text, sizeof(text), "worst of %zu:", of);
    hr_row_cell(row, text, hr_view_text(params, "regime"));
}

/* The worst of them is what an engine can be relied on for. */
static void add_regimes(json_t *sheet, const json_t *cases)
{
    json_t *table = hr_sheet_table(
        sheet, "Regimes of one market: one request at a time, every event read", NULL);
    const json_t *item;
    size_t i;

    hr_table_column(table, HR_WHO, HR_LEFT);
    hr_table_column(table, "Regime", HR_LEFT);
    hr_table_column(table, "Resting", HR_RIGHT);
    hr_table_column(table, "Middle moves", HR_RIGHT);
    hr_table_column(table, "requests/s", HR_RIGHT);
    hr_table_column(table, "Runs", HR_RIGHT);
    hr_table_column(table, "events/s", HR_RIGHT);
    hr_table_column(table, "Unread, requests/s", HR_RIGHT);
    hr_table_column(table, "Read over unread", HR_RIGHT);
    hr_table_column(table, "Status", HR_LEFT);
    json_array_foreach (cases, i, item) {
        const json_t *metric = hr_view_metric(item, "throughput");
        double orders = hr_view_depth(item) * hr_view_param(item, "orders_per_level");
        double swing = hr_view_param(item, "swing");
        json_t *row;

        if (!*regime_of(item)) {
            continue;
        }
        row = hr_table_row(table, item);
        hr_row_cell(row, hr_view_path_engine(item).text, NULL);
        put_regime(row, item);
        hr_row_cell(row, hr_figure_count(2 * orders).text, NULL);
        hr_row_cell(row, isnan(swing) ? HR_DASH : hr_figure_set(100 * swing, "%").text, NULL);
        hr_row_metric(row, metric);
        hr_row_cell(row, hr_figure_count(hr_view_number(metric, "n_runs")).text, NULL);
        hr_row_metric(row, hr_view_metric(item, "events"));
        hr_row_metric(row, hr_view_metric(item, "rate_unread"));
        hr_row_metric(row, hr_view_metric(item, "read_over_unread"));
        hr_row_status(row, hr_view_text(item, "status"));
    }
    hr_table_end(sheet, table);
}

void hr_section_throughput(json_t *sheet, const json_t *record)
{
    const json_t *cases = json_object_get(hr_view_suite(record, "throughput"), "cases"), *item;
    json_t *table;
    size_t i;

    hr_sheet_heading(sheet, "throughput", "Throughput of one thread");
    add_named_flows(sheet, cases);
    table = hr_sheet_table(sheet, NULL, NULL);
    hr_table_column(table, HR_WHO, HR_LEFT);
    hr_table_column(table, "With", HR_LEFT);
    add_rate_columns(table);
    json_array_foreach (cases, i, item) {
        char params[400];
        json_t *row;

        if (is_named(item) ||
            (!has_throughput(item) && (hr_view_passed(item) || has_figure(item)))) {
            continue; /* in the other table, or about something else than throughput */
        }
        write_params(cases, item, false, params, sizeof(params));
        row = hr_table_row(table, item);
        hr_row_cell(row, hr_view_path_engine(item).text,
                    hr_view_is_ruler(item) ? "the ruler" : NULL);
        hr_row_cell(row, params, NULL);
        put_rate(row, item);
    }
    if (hr_table_rows(table) == 0) {
        hr_table_end(sheet, table);
    }
    if (json_array_size(cases) == 0) {
        hr_sheet_say(sheet, "note", "No throughput was measured in this run.");
        return;
    }
    say_common(sheet, cases);
    add_regimes(sheet, cases);
    say_compares(sheet, cases);
}

void hr_section_markets(json_t *sheet, const json_t *record)
{
    const json_t *item;
    json_t *table;
    size_t i;

    hr_sheet_heading(sheet, "markets", "Markets and depth");
    table = hr_sheet_table(sheet, NULL, NULL);
    hr_table_column(table, HR_WHO, HR_LEFT);
    hr_table_column(table, "Markets", HR_RIGHT);
    hr_table_column(table, "Levels a side", HR_RIGHT);
    hr_table_column(table, "Orders a level", HR_RIGHT);
    hr_table_column(table, "Zipf", HR_RIGHT);
    hr_table_column(table, "orders/s", HR_RIGHT);
    hr_table_column(table, "Runs", HR_RIGHT);
    hr_table_column(table, "Of ceiling", HR_LEFT);
    hr_table_column(table, "A market", HR_RIGHT);
    hr_table_column(table, "Loaded in", HR_RIGHT);
    hr_table_column(table, "Status", HR_LEFT);
    json_array_foreach (json_object_get(hr_view_suite(record, "markets"), "cases"), i, item) {
        const json_t *metric = hr_view_metric(item, "throughput");
        double zipf = hr_view_param(item, "zipf");
        json_t *row = hr_table_row(table, item);

        hr_row_cell(row, hr_view_path_engine(item).text, NULL);
        hr_row_cell(row, hr_figure_count(hr_view_param(item, "markets")).text, NULL);
        hr_row_cell(row, hr_figure_count(hr_view_depth(item)).text, NULL);
        hr_row_cell(row, hr_figure_count(hr_view_param(item, "orders_per_level")).text, NULL);
        hr_row_cell(row, isnan(zipf) || zipf == 0 ? HR_DASH : hr_figure_set(zipf, "").text, NULL);
        hr_row_metric(row, metric);
        hr_row_cell(row, hr_figure_count(hr_view_number(metric, "n_runs")).text, NULL);
        hr_row_share(row, hr_view_number(metric, "of_ceiling"), HR_ABOVE_CEILING);
        hr_row_cell(row, hr_figure(hr_view_estimate(item, "bytes_per_market"), "bytes").text, NULL);
        hr_row_cell(row, hr_figure(hr_view_estimate(item, "load_time"), "s").text, NULL);
        hr_row_status(row, hr_view_text(item, "status"));
    }
    if (hr_table_rows(table) == 0) {
        hr_table_end(sheet, table);
        hr_sheet_say(sheet, "note", "No sweep over markets was part of this run.");
        return;
    }
    hr_sheet_plot(sheet, "markets");
    hr_sheet_plot(sheet, "depth");
    hr_sheet_plot(sheet, "memory");
}

/* The one-shard rate of the same engine, path and flow. */
static double one_shard(const json_t *cases, const json_t *like)
{
    const json_t *item;
    size_t i;

    json_array_foreach (cases, i, item) {
        if (hr_view_param(item, "shards") == 1 && strcmp(flow_of(item), flow_of(like)) == 0 &&
            strcmp(hr_view_path_engine(item).text, hr_view_path_engine(like).text) == 0) {
            return hr_view_estimate(item, "throughput");
        }
    }
    return (double)NAN;
}

static void say_fit(json_t *sheet, const json_t *cases)
{
    enum { POINTS_MAX = 256 };
    double shards[POINTS_MAX], rate[POINTS_MAX];
    struct hr_usl fit;
    const json_t *item;
    int count = 0;
    size_t i;

    json_array_foreach (cases, i, item) {
        double x = hr_view_param(item, "shards"), y = hr_view_estimate(item, "throughput");

        if (hr_view_counts(item) && !*flow_of(item) && count < POINTS_MAX && isfinite(x) &&
            x >= 1 && isfinite(y)) {
            shards[count] = x;
            rate[count++] = y;
        }
    }
    if (hr_fit_usl(shards, rate, count, &fit)) {
        return;
    }
    hr_sheet_say(sheet, "note",
                 "Universal scalability law: contention σ = %.3g, coherence κ = %.3g, %s a shard "
                 "alone, r² = %.3f%s%s.",
                 fit.sigma, fit.kappa, hr_figure(fit.lambda, "orders/s").text, fit.r2,
                 isfinite(fit.peak_n) ? ", peak at about shards = " : "; no peak in sight",
                 isfinite(fit.peak_n) ? hr_figure_count(round(fit.peak_n)).text : "");
}

void hr_section_scaling(json_t *sheet, const json_t *record)
{
    const json_t *cases = json_object_get(hr_view_suite(record, "scaling"), "cases"), *item;
    json_t *table;
    size_t i;

    hr_sheet_heading(sheet, "scaling", "Core scaling");
    table = hr_sheet_table(sheet, NULL, NULL);
    hr_table_column(table, HR_WHO, HR_LEFT);
    hr_table_column(table, "Flow", HR_LEFT);
    hr_table_column(table, "Shards", HR_RIGHT);
    hr_table_column(table, "orders/s", HR_RIGHT);
    hr_table_column(table, "Runs", HR_RIGHT);
    hr_table_column(table, "Speed-up", HR_RIGHT);
    hr_table_column(table, "Of linear", HR_LEFT);
    hr_table_column(table, "Of ceiling", HR_LEFT);
    hr_table_column(table, "Ceiling", HR_LEFT);
    hr_table_column(table, "Status", HR_LEFT);
    json_array_foreach (cases, i, item) {
        double rate = hr_view_estimate(item, "throughput"), shards = hr_view_param(item, "shards");
        double speedup = rate / one_shard(cases, item);
        const json_t *metric = hr_view_metric(item, "throughput");
        json_t *row;

        if (isnan(shards)) {
            continue; /* the fit: say_fit() */
        }
        row = hr_table_row(table, item);
        hr_row_cell(row, hr_view_path_engine(item).text, NULL);
        hr_row_cell(row, *flow_of(item) ? flow_of(item) : "own", NULL);
        hr_row_cell(row, hr_figure_count(shards).text, NULL);
        hr_row_metric(row, metric);
        hr_row_cell(row, hr_figure_count(hr_view_number(metric, "n_runs")).text, NULL);
        hr_row_cell(row, hr_figure(speedup, "ratio").text, NULL);
        hr_row_share(row, speedup / shards, "above linear: drift, or more cache");
        put_ceiling(row, metric);
        hr_row_status(row, hr_view_text(item, "status"));
    }
    if (hr_table_rows(table) == 0) {
        hr_table_end(sheet, table);
        hr_sheet_say(sheet, "note", "No sweep over cores was part of this run.");
        return;
    }
    say_fit(sheet, cases);
    hr_sheet_plot(sheet, "scaling");
}
