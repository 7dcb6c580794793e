/*
 * sheet_verdict.c - the top of the report: what was found, on which machine, and what is claimed.
 * The headline is the best confirmed capacity if there is one; the verdict itself is the record's.
 */
#include "reports/figure_text.h"
#include "reports/record_view.h"
#include "reports/sheet.h"

#include <math.h>
#include <stdio.h>

struct hr_bound_text hr_bound_text(const json_t *item)
{
    double percentile = hr_view_param(item, "percentile"), bound = hr_view_param(item, "bound_ns");
    struct hr_bound_text bound_text = {""};

    if (isfinite(percentile) && isfinite(bound)) {
        snprintf(bound_text.text, sizeof(bound_text.text), "p%g ≤ %s", percentile,
                 hr_figure_set(bound, "ns").text);
    }
    return bound_text;
}

/* A tighter bound says more than a higher rate at a looser one. */
static bool is_better(const json_t *item, const json_t *best)
{
    double bound = hr_view_param(item, "bound_ns"), best_bound = hr_view_param(best, "bound_ns");

    if (!best || (isfinite(bound) && !(best_bound <= bound))) {
        return true;
    }
    return (bound == best_bound || (isnan(bound) && isnan(best_bound))) &&
           hr_view_estimate(item, "capacity") > hr_view_estimate(best, "capacity");
}

const json_t *hr_best_capacity(const json_t *record)
{
    struct hr_view_walk walk = {0};
    const json_t *best = NULL;

    while (hr_view_next(record, &walk)) {
        if (hr_view_counts(walk.item) && isfinite(hr_view_estimate(walk.item, "capacity")) &&
            is_better(walk.item, best)) {
            best = walk.item;
        }
    }
    return best;
}

/* The passing case with the best estimate of this metric. */
static const json_t *best_case(const json_t *suite, const char *metric)
{
    const json_t *item, *best = NULL;
    size_t i;

    json_array_foreach (json_object_get(suite, "cases"), i, item) {
        double estimate = hr_view_estimate(item, metric);

        if (hr_view_counts(item) && isfinite(estimate) &&
            (!best || estimate > hr_view_estimate(best, metric))) {
            best = item;
        }
    }
    return best;
}

static void add_tile(json_t *tiles, const char *label, struct hr_figure figure, const char *note)
{
    json_array_append_new(tiles,
                          json_pack("{s:s,s:o,s:o}", "label", label, "t",
                                    hr_sheet_string(figure.text), "n", hr_sheet_string(note)));
}

static void add_capacity_tile(json_t *tiles, const json_t *record)
{
    const json_t *best = hr_best_capacity(record);
    char note[400];

    if (best) {
        snprintf(note, sizeof(note), "%s, %s", hr_bound_text(best).text,
                 hr_view_path_engine(best).text);
        add_tile(tiles, "Capacity at the tail bound",
                 hr_figure(hr_view_estimate(best, "capacity"), "orders/s"), note);
    }
}

static void add_throughput_tile(json_t *tiles, const json_t *record)
{
    const json_t *best = best_case(hr_view_suite(record, "throughput"), "throughput");
    char note[400];

    if (best) {
        double batch = hr_view_param(best, "batch"), markets = hr_view_param(best, "markets");
        int at = snprintf(note, sizeof(note), "%s", hr_view_path_engine(best).text);

        if (isfinite(markets)) {
            at += snprintf(note + at, sizeof(note) - (size_t)at, ", %.40s market%s",
                           hr_figure_set(markets, "").text, markets > 1 ? "s" : "");
        }
        if (isfinite(batch)) {
            snprintf(note + at, sizeof(note) - (size_t)at, ", batches of %.40s",
                     hr_figure_set(batch, "").text);
        }
        add_tile(tiles, "Throughput, one thread",
                 hr_figure(hr_view_estimate(best, "throughput"), "orders/s"), note);
    }
}

static void add_latency_tile(json_t *tiles, const json_t *record)
{
    struct hr_view_walk walk = {0};

    while (hr_view_next(record, &walk)) {
        const json_t *service = hr_view_histogram(walk.item, "service");
        double median = hr_view_percentile(service, "p50"),
               tail = hr_view_percentile(service, "p99.9");
        char note[400];

        if (hr_view_passed(walk.item) && hr_view_counts(walk.item) && isfinite(median) &&
            isnan(hr_view_param(walk.item, "rate"))) {
            snprintf(note, sizeof(note), "p99.9 %s, %s", hr_figure(tail, "ns").text,
                     hr_view_path_engine(walk.item).text);
            add_tile(tiles, "Service time, median", hr_figure(median, "ns"), note);
            return;
        }
    }
}

static void add_markets_tile(json_t *tiles, const json_t *record)
{
    const json_t *item, *largest = NULL;
    char note[400];
    size_t i;

    json_array_foreach (json_object_get(hr_view_suite(record, "markets"), "cases"), i, item) {
        if (hr_view_counts(item) && isfinite(hr_view_estimate(item, "bytes_per_market")) &&
            (!largest || hr_view_param(item, "markets") > hr_view_param(largest, "markets"))) {
            largest = item;
        }
    }
    if (largest) {
        snprintf(note, sizeof(note), "%s markets, depth %s",
                 hr_figure_count(hr_view_param(largest, "markets")).text,
                 hr_figure_count(hr_view_depth(largest)).text);
        add_tile(tiles, "Memory a market",
                 hr_figure(hr_view_estimate(largest, "bytes_per_market"), "bytes"), note);
    }
}

static void add_scaling_tile(json_t *tiles, const json_t *record)
{
    const json_t *best = best_case(hr_view_suite(record, "scaling"), "throughput");
    double shards = hr_view_param(best, "shards");
    char note[400];

    if (best && isfinite(shards) && shards > 1) {
        snprintf(note, sizeof(note), "%s shards, %s", hr_figure_count(shards).text,
                 hr_view_path_engine(best).text);
        add_tile(tiles, "Throughput, all cores",
                 hr_figure(hr_view_estimate(best, "throughput"), "orders/s"), note);
    }
}

static json_t *chips(const json_t *record)
{
    json_t *list = json_array();
    const json_t *suite;
    size_t i;

    json_array_foreach (json_object_get(record, "suites"), i, suite) {
        json_array_append_new(list, json_pack("{s:s,s:s}", "t", hr_view_text(suite, "name"), "s",
                                              hr_view_text(suite, "status")));
    }
    return list;
}

void hr_section_verdict(json_t *sheet, const json_t *record)
{
    const json_t *verdict = json_object_get(record, "verdict"), *best = hr_best_capacity(record);
    json_t *block = json_pack("{s:s,s:s,s:o}", "kind", "verdict", "status",
                              hr_view_text(verdict, "status"), "chips", chips(record));
    json_t *tiles = json_array();
    char line[500];

    if (best) {
        snprintf(line, sizeof(line), "Carries %s with %s",
                 hr_figure(hr_view_estimate(best, "capacity"), "orders/s").text,
                 hr_bound_text(best).text[0] ? hr_bound_text(best).text : "its tail bound held");
        json_object_set_new(block, "headline", hr_sheet_string(line));
    }
    json_object_set_new(block, "line", hr_sheet_string(hr_view_text(verdict, "line")));
    json_array_append_new(sheet, block);
    if (*hr_view_text(record, "constructed")) {
        hr_sheet_say(sheet, "text", "Nobody measured this: %s.",
                     hr_view_text(record, "constructed"));
    }
    if (!json_is_true(json_object_get(record, "complete"))) {
        hr_sheet_say(sheet, "text", "This run was interrupted: only what was finished is shown.");
    }
    add_capacity_tile(tiles, record);
    add_throughput_tile(tiles, record);
    add_scaling_tile(tiles, record);
    add_latency_tile(tiles, record);
    add_markets_tile(tiles, record);
    if (json_array_size(tiles) > 0) {
        json_array_append_new(sheet, json_pack("{s:s,s:o}", "kind", "tiles", "tiles", tiles));
    } else {
        json_decref(tiles);
    }
}

void hr_section_machine(json_t *sheet, const json_t *record)
{
    const json_t *host = json_object_get(record, "host");

    hr_sheet_heading(sheet, "machine", "Machine");
    hr_sheet_say(sheet, "text", "%s", hr_view_text(host, "line"));
    hr_sheet_say(sheet, "note", "Fingerprint %s. Profile %s, started %s, took %s.",
                 hr_view_text(host, "fingerprint"),
                 *hr_view_text(record, "profile") ? hr_view_text(record, "profile") : HR_DASH,
                 hr_view_text(record, "started"),
                 hr_figure(hr_view_number(record, "seconds"), "s").text);
}
