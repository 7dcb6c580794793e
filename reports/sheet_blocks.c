/*
 * sheet_blocks.c - how soon validators agree on a block, how many orders it may have, what injected
 * delays leave of that; and what a state root costs.
 */
#include "reports/figure_text.h"
#include "reports/record_view.h"
#include "reports/sheet.h"

#include <math.h>
#include <string.h>

/* Light in single-mode fibre, m/s: group index 1.468 (configs/facts/physics.yaml). */
#define FIBRE_LIGHT (299792458 / 1.468)

static bool is_root(const json_t *item)
{
    return strstr(hr_view_text(item, "id"), "/state_root/") != NULL;
}

static const char *protocol(const json_t *item)
{
    return hr_view_text(json_object_get(item, "params"), "protocol");
}

static struct hr_figure time_param(const json_t *item, const char *name)
{
    return hr_figure_set(hr_view_param(item, name), "ns");
}

/* Without its interval: the table is wide. */
static void add_plain(json_t *row, const json_t *item, const char *metric)
{
    const json_t *m = hr_view_metric(item, metric);
    double value = hr_view_number(m, "estimate");

    hr_row_cell(row, isfinite(value) ? hr_figure(value, hr_view_text(m, "unit")).text : HR_DASH,
                NULL);
}

static void add_columns(json_t *table)
{
    hr_table_column(table, "Protocol × engine", HR_LEFT);
    hr_table_column(table, "Validators", HR_RIGHT);
    hr_table_column(table, "Tick", HR_RIGHT);
    hr_table_column(table, "Delay", HR_RIGHT);
    hr_table_column(table, "Orders a block", HR_RIGHT);
    hr_table_column(table, "Rate", HR_RIGHT);
    hr_table_column(table, "Commit p50", HR_RIGHT);
    hr_table_column(table, "Commit p99", HR_RIGHT);
    hr_table_column(table, "At all p50", HR_RIGHT);
    hr_table_column(table, "Delays alone", HR_RIGHT);
    hr_table_column(table, "State root", HR_RIGHT);
    hr_table_column(table, "Status", HR_LEFT);
}

static void add_case(json_t *table, const json_t *item)
{
    const json_t *size = hr_view_metric(item, "orders_per_block");
    json_t *row = hr_table_row(table, item);
    double faults = hr_view_param(item, "faults"),
           floor_ns = hr_view_param(item, "delay_ns") * hr_view_param(item, "delays");
    bool delayed = floor_ns > 0;
    double snapshot = hr_view_param(item, "snapshot_blocks");
    char text[192], kept[96];

    snprintf(text, sizeof(text), "%s × %s", protocol(item), hr_view_engine(item).text);
    snprintf(kept, sizeof(kept), "with ledgers, a snapshot every %g blocks", snapshot);
    hr_row_cell(row, text, snapshot > 0 ? kept : NULL);
    snprintf(text, sizeof(text), "f = %g", faults);
    hr_row_cell(row, hr_figure_count(hr_view_param(item, "validators")).text, text);
    hr_row_cell(row, time_param(item, "tick_ns").text, NULL);
    snprintf(text, sizeof(text), "%.0f km of fibre",
             hr_view_param(item, "delay_ns") / 1e9 * FIBRE_LIGHT / 1e3);
    hr_row_cell(row, delayed ? time_param(item, "delay_ns").text : "none", delayed ? text : NULL);
    if (isfinite(hr_view_number(size, "estimate")) || !hr_view_passed(item)) {
        hr_row_metric(row, size);
    } else {
        hr_row_cell(row, HR_DASH, "not kept up"); /* why is said above the table */
    }
    add_plain(row, item, "throughput");
    add_plain(row, item, "p50");
    hr_row_metric_with_unit(row, hr_view_metric(item, "p99"));
    add_plain(row, item, "everywhere_p50");
    hr_row_cell(row, floor_ns > 0 ? hr_figure(floor_ns, "ns").text : HR_DASH, NULL);
    add_plain(row, item, "state_root");
    hr_row_status(row, hr_view_text(item, "status"));
}

/* What no block size does is the finding: said before the table. */
static void say_what_cannot_be(json_t *sheet, const json_t *cases)
{
    const json_t *item;
    size_t i;

    json_array_foreach (cases, i, item) {
        const json_t *metric = hr_view_metric(item, "orders_per_block");
        const char *reason = hr_view_text(metric, "reason");

        if (!is_root(item) && hr_view_passed(item) && *reason &&
            !isfinite(hr_view_number(metric, "estimate"))) {
            bool delayed = hr_view_param(item, "delay_ns") > 0;

            hr_sheet_say(sheet, "text", "%s, %g validators, a tick of %s, %s%s: %s.",
                         protocol(item), hr_view_param(item, "validators"),
                         time_param(item, "tick_ns").text,
                         delayed ? "delays of " : "no delay injected",
                         delayed ? time_param(item, "delay_ns").text : "", reason);
        }
    }
}

static void add_roots(json_t *sheet, const json_t *cases)
{
    json_t *table = hr_sheet_table(sheet, "State root of one engine", NULL);
    const json_t *item;
    size_t i;

    hr_table_column(table, "Markets", HR_RIGHT);
    hr_table_column(table, "Whole root", HR_RIGHT);
    hr_table_column(table, "A market", HR_RIGHT);
    hr_table_column(table, "Of what one thread reads", HR_LEFT);
    hr_table_column(table, "Root of a batch", HR_RIGHT);
    hr_table_column(table, "A touched market", HR_RIGHT);
    hr_table_column(table, "Make a proof", HR_RIGHT);
    hr_table_column(table, "Check it", HR_RIGHT);
    hr_table_column(table, "Status", HR_LEFT);
    json_array_foreach (cases, i, item) {
        json_t *row;

        if (!is_root(item)) {
            continue;
        }
        row = hr_table_row(table, item);
        hr_row_cell(row, hr_figure_count(hr_view_param(item, "markets")).text, NULL);
        hr_row_metric_with_unit(row, hr_view_metric(item, "rebuild"));
        add_plain(row, item, "rebuild_per_market");
        hr_row_share(row, hr_view_number(hr_view_metric(item, "rebuild_bandwidth"), "of_ceiling"),
                     HR_ABOVE_CEILING);
        hr_row_metric_with_unit(row, hr_view_metric(item, "update"));
        add_plain(row, item, "update_per_market");
        add_plain(row, item, "proof_make");
        add_plain(row, item, "proof_check");
        hr_row_status(row, hr_view_text(item, "status"));
    }
    hr_table_end(sheet, table);
}

void hr_section_blocks(json_t *sheet, const json_t *record)
{
    const json_t *cases = json_object_get(hr_view_suite(record, "blocks"), "cases");
    bool fpc = false, three = false;
    const json_t *item;
    json_t *table;
    size_t i;

    hr_sheet_heading(sheet, "blocks", "Blocks");
    if (json_array_size(cases) == 0) {
        hr_sheet_say(sheet, "note", "Agreeing on blocks was not measured in this run.");
        return;
    }
    say_what_cannot_be(sheet, cases);
    table = hr_sheet_table(sheet, NULL, NULL);
    add_columns(table);
    json_array_foreach (cases, i, item) {
        if (!is_root(item)) {
            add_case(table, item);
            fpc = fpc || strcmp(protocol(item), "fpc") == 0;
            three = three || hr_view_param(item, "validators") == 3;
        }
    }
    if (hr_table_rows(table)) {
        hr_sheet_say(sheet, "note",
                     "Validators are processes of this host, each with its own engine; a commit is "
                     "counted from sealing to the quorum at who sealed, \"at all\" to the last "
                     "validator. A delay is a wait in front of the loopback, one way; \"delays "
                     "alone\" is what the protocol's messages wait at the least, on any machine.");
    }
    if (three) {
        hr_sheet_say(sheet, "note",
                     "Three validators tolerate no liar: f = 0, a quorum is two, and one that says "
                     "different things to the others can make them commit different blocks.");
    }
    if (fpc) {
        hr_sheet_say(sheet, "note",
                     "FPC agrees with a probability, not for certain; what it decides is still "
                     "voted for, and only a quorum of votes with one state root commits.");
    }
    hr_table_end(sheet, table);
    add_roots(sheet, cases);
}
