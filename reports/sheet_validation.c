/*
 * sheet_validation.c - the environment: what disturbed the run, how ready the host was, what the
 * runs' own checks say, and all facts that were read. Then every case, one row each.
 */
#include "reports/figure_text.h"
#include "reports/record_view.h"
#include "reports/sheet.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FACTS_MAX 400 /* rows; a host object is never that large unless it is broken */

static void value_text(const json_t *value, char *text, size_t bytes)
{
    size_t length;

    text[0] = '\0';
    if (json_is_string(value)) {
        snprintf(text, bytes, "%.*s", (int)bytes - 1, json_string_value(value));
    } else if (json_is_real(value)) {
        snprintf(text, bytes, "%.6g", json_real_value(value));
    } else if (json_is_integer(value)) {
        snprintf(text, bytes, "%s", hr_figure_count((double)json_integer_value(value)).text);
    } else if (json_is_boolean(value)) {
        snprintf(text, bytes, "%s", json_is_true(value) ? "yes" : "no");
    } else if (json_is_array(value)) {
        const json_t *item;
        size_t i;

        json_array_foreach (value, i, item) {
            length = strlen(text);
            if (length + 40 > bytes) {
                snprintf(text + length, bytes - length, " …");
                return;
            }
            if (json_is_string(item)) {
                snprintf(text + length, bytes - length, "%s%.30s", i ? " " : "",
                         json_string_value(item));
            } else if (json_is_number(item)) {
                snprintf(text + length, bytes - length, "%s%g", i ? ", " : "",
                         json_number_value(item));
            } else {
                snprintf(text, bytes, "%zu items", json_array_size(value));
                return;
            }
        }
    }
}

static void add_warnings(json_t *sheet, const json_t *record)
{
    json_t *warnings = json_object_get(record, "warnings");

    if (json_array_size(warnings) > 0) {
        json_array_append_new(sheet, json_pack("{s:s,s:O}", "kind", "list", "items", warnings));
    } else {
        hr_sheet_say(sheet, "note", "The run has no warnings.");
    }
}

static void add_suites(json_t *sheet, const json_t *record)
{
    json_t *table = hr_sheet_table(sheet, "Suites", NULL);
    const json_t *suite;
    size_t i;

    hr_table_column(table, "Suite", HR_LEFT);
    hr_table_column(table, "Question", HR_LEFT);
    hr_table_column(table, "Cases", HR_RIGHT);
    hr_table_column(table, "Took", HR_RIGHT);
    hr_table_column(table, "Status", HR_LEFT);
    json_array_foreach (json_object_get(record, "suites"), i, suite) {
        json_t *row = hr_table_row(table, suite);

        hr_row_cell(row, hr_view_text(suite, "name"), NULL);
        hr_row_cell(row, hr_view_text(suite, "question"), NULL);
        hr_row_cell(row,
                    hr_figure_count((double)json_array_size(json_object_get(suite, "cases"))).text,
                    NULL);
        hr_row_cell(row, hr_figure(hr_view_number(suite, "seconds"), "s").text, NULL);
        hr_row_status(row, hr_view_text(suite, "status"));
    }
    hr_table_end(sheet, table);
}

static void add_readiness(json_t *sheet, const json_t *record)
{
    const json_t *list = json_object_get(json_object_get(record, "host"), "readiness"), *check;
    json_t *table = hr_sheet_table(sheet, "Readiness of the host", NULL);
    size_t i;

    hr_table_column(table, "Check", HR_LEFT);
    hr_table_column(table, "Found", HR_LEFT);
    hr_table_column(table, "Status", HR_LEFT);
    hr_table_column(table, "Advice", HR_LEFT);
    json_array_foreach (list, i, check) {
        json_t *row = hr_table_row(table, NULL);
        char value[200];

        value_text(json_object_get(check, "value"), value, sizeof(value));
        hr_row_cell(row, hr_view_text(check, "check"), NULL);
        hr_row_cell(row, *value ? value : HR_DASH, NULL);
        hr_row_status(row, hr_view_text(check, "status"));
        hr_row_cell(row, hr_view_text(check, "advice"), NULL);
    }
    hr_table_end(sheet, table);
}

/* A limit that was set is exact; one that was computed has three digits like any figure. */
static struct hr_figure limit_text(double limit, const char *unit)
{
    return floor(limit * 10) == limit * 10 && fabs(limit) < 1e4 ? hr_figure_set(limit, unit)
                                                                : hr_figure(limit, unit);
}

static void add_checks(json_t *sheet, const json_t *record)
{
    json_t *checks = hr_checks_of(record), *check;
    json_t *table = hr_sheet_table(sheet, "Checks of every run", NULL);
    size_t i;

    hr_table_column(table, "Check", HR_LEFT);
    hr_table_column(table, "Result", HR_LEFT);
    hr_table_column(table, "Worst", HR_RIGHT);
    hr_table_column(table, "Limit", HR_RIGHT);
    hr_table_column(table, "Status", HR_LEFT);
    json_array_foreach (checks, i, check) {
        const char *unit = hr_view_text(check, "unit");
        json_t *row = hr_table_row(table, NULL);

        hr_row_cell(row, hr_view_text(check, "check"), NULL);
        hr_row_cell(row, hr_check_text(check).text, NULL);
        hr_row_cell(row, hr_figure(hr_view_number(check, "worst"), unit).text, NULL);
        hr_row_cell(row, limit_text(hr_view_number(check, "limit"), unit).text, NULL);
        hr_row_status(row, json_integer_value(json_object_get(check, "hard"))   ? "hard"
                           : json_integer_value(json_object_get(check, "soft")) ? "soft"
                           : json_integer_value(json_object_get(check, "ok"))   ? "ok"
                                                                                : "");
    }
    hr_table_end(sheet, table);
    json_decref(checks);
}

/* Facts of a fact: an object of plain values, {"value": null, "reason": …}, or one plain value. */
static void add_fact(json_t *table, const char *name, const json_t *fact, int depth)
{
    const char *key;
    json_t *member;
    char text[400];

    if (hr_table_rows(table) >= FACTS_MAX) {
        return;
    }
    if (json_is_object(fact) && json_object_get(fact, "reason") &&
        json_is_null(json_object_get(fact, "value"))) {
        json_t *row = hr_table_row(table, NULL);

        hr_row_cell(row, name, NULL);
        hr_row_cell(row, HR_DASH, hr_view_text(fact, "reason"));
    } else if (json_is_object(fact) && depth < 3) {
        json_object_foreach ((json_t *)(uintptr_t)fact, key, member) {
            char path[200];

            snprintf(path, sizeof(path), "%.120s.%.70s", name, key);
            add_fact(table, *name ? path : key, member, depth + 1);
        }
    } else {
        json_t *row = hr_table_row(table, NULL);

        size_t length = strlen(name);

        if (json_is_number(fact) && length > 6 && strcmp(name + length - 6, "_bytes") == 0) {
            snprintf(text, sizeof(text), "%s",
                     hr_figure_set(json_number_value(fact), "bytes").text);
        } else {
            value_text(fact, text, sizeof(text));
        }
        hr_row_cell(row, name, NULL);
        hr_row_cell(row, *text ? text : HR_DASH, NULL);
    }
}

static void add_facts(json_t *sheet, const json_t *record)
{
    const json_t *host = json_object_get(record, "host");
    json_t *table = hr_sheet_table(sheet, NULL, "All facts of the host"), *fact;
    const char *name;

    hr_table_column(table, "Fact", HR_LEFT);
    hr_table_column(table, "Value", HR_LEFT);
    json_object_foreach ((json_t *)(uintptr_t)host, name, fact) {
        if (strcmp(name, "readiness") != 0) {
            add_fact(table, name, fact, 0);
        }
    }
    hr_table_end(sheet, table);
}

void hr_section_validation(json_t *sheet, const json_t *record)
{
    hr_sheet_heading(sheet, "validation", "Environment and validation");
    add_warnings(sheet, record);
    add_suites(sheet, record);
    add_checks(sheet, record);
    add_readiness(sheet, record);
    add_facts(sheet, record);
}

/* One row a figure; the case itself (id, digest, status, reason) stands in the first. */
static void add_case(json_t *table, const json_t *item)
{
    const json_t *metrics = json_object_get(item, "metrics");
    size_t count = json_array_size(metrics), i;

    for (i = 0; i < (count ? count : 1); i++) {
        const json_t *metric = json_array_get(metrics, i);
        json_t *row = hr_table_row(table, i ? NULL : item);

        if (i && isnan(hr_view_number(metric, "estimate")) &&
            strcmp(hr_view_text(metric, "reason"), hr_view_text(item, "reason")) == 0) {
            json_array_remove(json_object_get(table, "rows"), hr_table_rows(table) - 1);
            continue; /* the case's reason, said already */
        }
        hr_row_cell(row, i ? "" : hr_view_text(item, "id"), NULL);
        hr_row_cell(row, hr_view_text(metric, "name"), NULL);
        hr_row_metric_with_unit(row, metric);
        hr_row_cell(row, hr_figure_count(hr_view_number(metric, "n_runs")).text, NULL);
        hr_row_cell(row, i ? "" : hr_view_text(item, "digest"), NULL);
        hr_row_status(row, i ? "" : hr_view_text(item, "status"));
    }
}

void hr_section_cases(json_t *sheet, const json_t *record)
{
    json_t *table = hr_sheet_table(sheet, NULL, "All cases and their figures");
    struct hr_view_walk walk = {0};

    hr_table_column(table, "Case", HR_LEFT);
    hr_table_column(table, "Figure", HR_LEFT);
    hr_table_column(table, "Estimate", HR_RIGHT);
    hr_table_column(table, "Runs", HR_RIGHT);
    hr_table_column(table, "Digest", HR_LEFT);
    hr_table_column(table, "Status", HR_LEFT);
    while (hr_view_next(record, &walk)) {
        add_case(table, walk.item);
    }
    hr_table_end(sheet, table);
}
