/*
 * sheet_reproduce.c - how to get the same again: the exact command, seeds, hashes, the program and
 * every setting with where it came from.
 */
#include "reports/figure_text.h"
#include "reports/record_view.h"
#include "reports/sheet.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* For a POSIX shell: plain words as they are, the rest in single quotes. */
static void put_quoted(FILE *out, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-+=/.,:@%";

    if (*word && word[strspn(word, plain)] == '\0') {
        fputs(word, out);
        return;
    }
    fputc('\'', out);
    for (; *word; word++) {
        if (*word == '\'') {
            fputs("'\\''", out);
        } else {
            fputc(*word, out);
        }
    }
    fputc('\'', out);
}

char *hr_command_line(const json_t *record)
{
    const json_t *words = json_object_get(record, "argv"), *word;
    char *text = NULL;
    size_t bytes, i;
    FILE *out = open_memstream(&text, &bytes);

    if (!out) {
        return NULL;
    }
    json_array_foreach (words, i, word) {
        if (i) {
            fputc(' ', out);
        }
        put_quoted(out, json_string_value(word) ? json_string_value(word) : "");
    }
    if (fclose(out)) {
        free(text);
        return NULL;
    }
    return text;
}

static void setting_text(const json_t *setting, char *text, size_t bytes)
{
    const json_t *value = json_object_get(setting, "value");
    char *dump = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(12));

    if (json_is_string(value)) {
        snprintf(text, bytes, "%.300s", json_string_value(value));
    } else {
        snprintf(text, bytes, "%.300s", dump ? dump : "");
    }
    free(dump);
}

static void add_settings(json_t *sheet, const json_t *record)
{
    const json_t *config = json_object_get(record, "config");
    json_t *table = hr_sheet_table(sheet, NULL, "All settings and where each came from"), *setting;
    const char *key;

    hr_table_column(table, "Setting", HR_LEFT);
    hr_table_column(table, "Value", HR_LEFT);
    hr_table_column(table, "Unit", HR_LEFT);
    hr_table_column(table, "From", HR_LEFT);
    json_object_foreach ((json_t *)(uintptr_t)config, key, setting) {
        json_t *row = hr_table_row(table, NULL);
        char value[320];

        setting_text(setting, value, sizeof(value));
        hr_row_cell(row, key, NULL);
        hr_row_cell(row, value, NULL);
        hr_row_cell(row, hr_view_text(setting, "unit"), NULL);
        hr_row_cell(row, hr_view_text(setting, "origin"), NULL);
    }
    hr_table_end(sheet, table);
}

static void seeds_text(const json_t *record, char *text, size_t bytes)
{
    const json_t *seeds = json_object_get(json_object_get(record, "workload"), "seeds");
    const char *name;
    json_t *seed;
    size_t at = 0;

    text[0] = '\0';
    json_object_foreach ((json_t *)(uintptr_t)seeds, name, seed) {
        if (at + 120 > bytes) {
            return;
        }
        at += (size_t)snprintf(text + at, bytes - at, "%s%.60s=%lld", at ? ", " : "", name,
                               (long long)json_integer_value(seed));
    }
}

static void add_program(json_t *table, const json_t *tool)
{
    json_t *row = hr_table_row(table, NULL);
    const char *git = hr_view_text(tool, "git_sha");
    char program[500];

    snprintf(program, sizeof(program), "headroom %.40s, git %.40s%s, %.120s, %.200s (%.40s)",
             hr_view_text(tool, "version"), *git ? git : "unknown",
             json_is_true(json_object_get(tool, "git_dirty")) ? " modified" : "",
             hr_view_text(tool, "compiler"), hr_view_text(tool, "cflags"),
             hr_view_text(tool, "variant"));
    hr_row_cell(row, "Program", NULL);
    hr_row_cell(row, program, NULL);
}

static void add_pair(json_t *table, const char *what, const char *value)
{
    json_t *row = hr_table_row(table, NULL);

    hr_row_cell(row, what, NULL);
    hr_row_cell(row, *value ? value : HR_DASH, NULL);
}

static void add_identity(json_t *sheet, const json_t *record)
{
    json_t *table = hr_sheet_table(sheet, NULL, NULL);
    char seeds[400];

    hr_table_column(table, "What", HR_LEFT);
    hr_table_column(table, "Value", HR_LEFT);
    seeds_text(record, seeds, sizeof(seeds));
    add_pair(table, "Seeds", seeds);
    add_pair(table, "Workload, SHA-256",
             hr_view_text(json_object_get(record, "workload"), "sha256"));
    add_program(table, json_object_get(record, "tool"));
}

static void add_flows(json_t *sheet, const json_t *record)
{
    const json_t *flows = json_object_get(json_object_get(record, "workload"), "flows"), *flow;
    json_t *table = hr_sheet_table(sheet, NULL, "The order flows and their digests");
    size_t i;

    hr_table_column(table, "Flow, SHA-256", HR_LEFT);
    hr_table_column(table, "Markets", HR_RIGHT);
    hr_table_column(table, "Requests", HR_RIGHT);
    hr_table_column(table, "Digest", HR_LEFT);
    hr_table_column(table, "The oracle's", HR_LEFT);
    json_array_foreach (flows, i, flow) {
        double requests = hr_view_number(json_object_get(flow, "requests"), "steady");
        const char *oracle = hr_view_text(flow, "oracle_digest");
        json_t *row = hr_table_row(table, NULL);

        hr_row_cell(row, hr_view_text(flow, "sha256"), NULL);
        hr_row_cell(row, hr_figure_count(hr_view_number(flow, "markets")).text, NULL);
        hr_row_cell(row, hr_figure_count(requests).text, NULL);
        hr_row_cell(row, hr_view_text(flow, "digest"), NULL);
        hr_row_cell(row, *oracle ? oracle : HR_DASH, NULL);
    }
    hr_table_end(sheet, table);
}

void hr_section_reproduce(json_t *sheet, const json_t *record)
{
    char *line = hr_command_line(record);

    hr_sheet_heading(sheet, "reproduce", "How to reproduce");
    hr_sheet_say(sheet, "code", "%s", line ? line : "");
    free(line);
    add_identity(sheet, record);
    add_flows(sheet, record);
    add_settings(sheet, record);
}
