/*
 * sheet.c - the blocks a report is made of, and the order of its sections. Holds no layout: how a
 * block looks is the writers' matter.
 */
#include "reports/sheet.h"
#include "reports/compare.h"
#include "reports/figure_text.h"
#include "reports/record_view.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct hr_section hr_sections[] = {
    {"verdict", hr_section_verdict},
    {"comparison", hr_section_comparison},
    {"machine", hr_section_machine},
    {"claims", hr_section_claims},
    {"capacity", hr_section_capacity},
    {"latency", hr_section_latency},
    {"throughput", hr_section_throughput},
    {"markets", hr_section_markets},
    {"scaling", hr_section_scaling},
    {"cluster", hr_section_cluster},
    {"device", hr_section_device},
    {"network", hr_section_network},
    {"blocks", hr_section_blocks},
    {"inference", hr_section_inference},
    {"durability", hr_section_durability},
    {"ceilings", hr_section_ceilings},
    {"energy", hr_section_energy},
    {"validation", hr_section_validation},
    {"cases", hr_section_cases},
    {"reproduce", hr_section_reproduce},
    {"paste", hr_section_paste},
    {NULL, NULL},
};

/* The place of the column HR_WHO in a table, or -1. */
static int who_column(const json_t *table)
{
    const json_t *column;
    size_t i;

    json_array_foreach (json_object_get(table, "columns"), i, column) {
        if (hr_view_is(column, "t", HR_WHO)) {
            return (int)i;
        }
    }
    return -1;
}

/* What each row of the table says in its column HR_WHO, or "" if they differ. */
static const char *only_who(const json_t *table)
{
    int at = who_column(table);
    const char *who = NULL;
    const json_t *row;
    size_t i;

    json_array_foreach (json_object_get(table, "rows"), i, row) {
        const json_t *cell =
            at < 0 ? NULL : json_array_get(json_object_get(row, "cells"), (size_t)at);

        if (*hr_view_text(cell, "n") || (who && !hr_view_is(cell, "t", who))) {
            return "";
        }
        who = hr_view_text(cell, "t");
    }
    return who ? who : "";
}

/* Most runs have one path and one engine, and their name in each row would only widen the tables. */
static void name_once(json_t *sheet)
{
    char who[200] = "";
    json_t *block, *row;
    size_t i, k, machine = 0;

    json_array_foreach (sheet, i, block) {
        const char *here = only_who(block);

        machine = hr_view_is(block, "id", "machine") ? i : machine;
        if (!*who) {
            snprintf(who, sizeof(who), "%s", here);
        }
        if (*who && strcmp(here, who) == 0) {
            size_t at = (size_t)who_column(block);

            json_array_remove(json_object_get(block, "columns"), at);
            json_array_foreach (json_object_get(block, "rows"), k, row) {
                json_array_remove(json_object_get(row, "cells"), at);
            }
        }
    }
    if (*who) {
        char text[300];

        snprintf(text, sizeof(text), "Where nothing else is said, path and engine are %s.", who);
        block = json_pack("{s:s,s:o}", "kind", "note", "t", hr_sheet_string(text));
        json_array_insert_new(sheet, machine, block);
    }
}

json_t *hr_sheet_of_record(const json_t *record)
{
    json_t *sheet = json_array();
    const struct hr_section *section;

    for (section = hr_sections; section->name; section++) {
        section->add(sheet, record);
    }
    name_once(sheet);
    return sheet;
}

/* Length of the UTF-8 character at text that jansson would accept, or 0. */
static size_t character(const char *text)
{
    size_t length;

    for (length = 1; length <= 4; length++) {
        json_t *try = json_stringn(text, length);

        if (try) {
            json_decref(try);
            return length;
        }
        if (!text[length - 1]) {
            break;
        }
    }
    return 0;
}

json_t *hr_sheet_string(const char *text)
{
    json_t *json = json_string(text);
    size_t length = strlen(text), at = 0, from;
    char *clean;

    if (json) {
        return json;
    }
    clean = malloc(length + 1);
    if (!clean) {
        return json_string("");
    }
    for (from = 0; from < length;) {
        size_t step = character(text + from);

        memcpy(clean + at, text + from, step);
        at += step;
        from += step ? step : 1;
    }
    json = json_stringn(clean, at);
    free(clean);
    return json;
}

static json_t *add_block(json_t *sheet, const char *kind)
{
    json_t *block = json_pack("{s:s}", "kind", kind);

    json_array_append_new(sheet, block);
    return block;
}

void hr_sheet_heading(json_t *sheet, const char *id, const char *text)
{
    json_t *block = add_block(sheet, "heading");

    json_object_set_new(block, "id", hr_sheet_string(id));
    json_object_set_new(block, "t", hr_sheet_string(text));
}

void hr_sheet_say(json_t *sheet, const char *kind, const char *format, ...)
{
    json_t *block = add_block(sheet, kind);
    char *text = NULL;
    va_list args;

    va_start(args, format);
    if (vasprintf(&text, format, args) < 0) {
        text = NULL;
    }
    va_end(args);
    json_object_set_new(block, "t", hr_sheet_string(text ? text : ""));
    free(text);
}

void hr_sheet_plot(json_t *sheet, const char *name)
{
    json_object_set_new(add_block(sheet, "plot"), "name", hr_sheet_string(name));
}

json_t *hr_sheet_table(json_t *sheet, const char *title, const char *fold)
{
    json_t *table = add_block(sheet, "table");

    json_object_set_new(table, "title", title ? hr_sheet_string(title) : json_null());
    json_object_set_new(table, "fold", fold ? hr_sheet_string(fold) : json_null());
    json_object_set_new(table, "columns", json_array());
    json_object_set_new(table, "rows", json_array());
    return table;
}

void hr_table_column(json_t *table, const char *title, enum hr_sheet_align align)
{
    json_array_append_new(
        json_object_get(table, "columns"),
        json_pack("{s:o,s:b}", "t", hr_sheet_string(title), "right", align == HR_RIGHT));
}

json_t *hr_table_row(json_t *table, const json_t *of)
{
    json_t *row = json_pack("{s:[]}", "cells");
    const char *status = hr_view_text(of, "status"), *reason = hr_view_text(of, "reason");
    const char *advice = hr_view_text(of, "advice");

    const char *id = hr_view_text(of, "id");

    if (*status) {
        json_object_set_new(row, "status", json_string(status));
        json_object_set_new(row, "id", json_string(*id ? id : hr_view_text(of, "name")));
    }
    if (*reason && strcmp(status, "pass") != 0) {
        size_t bytes = strlen(reason) + strlen(advice) + 16;
        char *why = malloc(bytes);

        if (why) {
            snprintf(why, bytes, *advice ? "%s. Advice: %s" : "%s", reason, advice);
            json_object_set_new(row, "why", hr_sheet_string(why));
            free(why);
        }
    }
    json_array_append_new(json_object_get(table, "rows"), row);
    return row;
}

size_t hr_table_rows(const json_t *table)
{
    return json_array_size(json_object_get(table, "rows"));
}

void hr_table_end(json_t *sheet, json_t *table)
{
    size_t last = json_array_size(sheet);

    if (hr_table_rows(table) == 0 && last > 0 && json_array_get(sheet, last - 1) == table) {
        json_array_remove(sheet, last - 1);
    }
}

json_t *hr_row_cell(json_t *row, const char *text, const char *note)
{
    json_t *cell = json_pack("{s:o}", "t", hr_sheet_string(text));

    if (note && *note) {
        json_object_set_new(cell, "n", hr_sheet_string(note));
    }
    json_array_append_new(json_object_get(row, "cells"), cell);
    return cell;
}

void hr_row_status(json_t *row, const char *status)
{
    json_object_set_new(hr_row_cell(row, "", NULL), "s", hr_sheet_string(status));
}

void hr_row_share(json_t *row, double share, const char *above)
{
    bool over = share > 1.005; /* what is shown as more than 100 % */
    json_t *cell = hr_row_cell(row, hr_figure_share(share).text, over ? above : NULL);

    if (isfinite(share)) {
        json_object_set_new(cell, "bar", json_real(share < 0 ? 0 : share > 1 ? 1 : share));
    }
}

/* Below six runs there is no 95 % interval: what is shown is min to max. */
static void write_spread(const json_t *metric, char *note, size_t bytes)
{
    double low = hr_view_number(metric, "ci_low"), high = hr_view_number(metric, "ci_high");
    bool interval = json_is_true(json_object_get(metric, "interval"));

    note[0] = '\0';
    if (hr_view_number(metric, "n_runs") > 1 && isfinite(low) && isfinite(high) && low < high) {
        snprintf(note, bytes, interval ? "[%s]" : "%s min" HR_DASH "max",
                 hr_figure_range(low, high, hr_view_text(metric, "unit")).text);
    }
}

static void put_metric(json_t *row, const json_t *metric, bool with_unit)
{
    const char *unit = hr_view_text(metric, "unit");
    double estimate = hr_view_number(metric, "estimate");
    char note[HR_FIGURE_MAX + 16];

    if (isnan(estimate)) {
        /* The row's own reason, where it has one, stands below it. */
        hr_row_cell(row, HR_DASH,
                    json_object_get(row, "why") ? NULL : hr_view_text(metric, "reason"));
        return;
    }
    write_spread(metric, note, sizeof(note));
    hr_row_cell(row,
                with_unit ? hr_figure(estimate, unit).text : hr_figure_bare(estimate, unit).text,
                note);
}

void hr_row_metric(json_t *row, const json_t *metric)
{
    put_metric(row, metric, false);
}

void hr_row_metric_with_unit(json_t *row, const json_t *metric)
{
    put_metric(row, metric, true);
}
