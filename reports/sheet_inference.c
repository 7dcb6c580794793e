/*
 * sheet_inference.c - language models: how fast could they be decoded here, by whom was that said,
 * and what does each model take?
 */
#include "reports/figure_text.h"
#include "reports/record_view.h"
#include "reports/sheet.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Who decodes, and what is left out of it. */
struct by {
    char who[160];
    const char *what;
};

static struct by by_whom(const json_t *item)
{
    const json_t *params = json_object_get(item, "params"),
                 *device = json_object_get(params, "device");
    const char *id = hr_view_text(item, "id");
    struct by by = {.what = "(weights alone)"};

    if (device) {
        const char *kind = hr_view_text(device, "kind");

        snprintf(by.who, sizeof(by.who), "%.20s: %.100s%s", hr_view_text(device, "api"),
                 hr_view_text(device, "name"), strcmp(kind, "cpu") == 0 ? " (CPU, no GPU)" : "");
    } else if (strstr(id, "/llama-bench/")) {
        snprintf(by.who, sizeof(by.who), "llama-bench");
        by.what = "(as it tells)";
    } else if (strstr(id, "/endpoint=")) {
        snprintf(by.who, sizeof(by.who), "%s",
                 strstr(id, "/endpoint=here/") ? "a server here" : "a server elsewhere");
        by.what = "(streamed, one request at a time)";
    } else {
        snprintf(by.who, sizeof(by.who), "processors, %.20s threads",
                 hr_figure_count(hr_view_param(item, "threads")).text);
    }
    return by;
}

static void add_rates(json_t *sheet, const json_t *cases)
{
    json_t *table = hr_sheet_table(sheet, NULL, NULL);
    const json_t *item;
    size_t i;

    hr_table_column(table, "Model", HR_LEFT);
    hr_table_column(table, "By", HR_LEFT);
    hr_table_column(table, "Tokens/s", HR_RIGHT);
    hr_table_column(table, "Of ceiling", HR_LEFT);
    hr_table_column(table, "First token", HR_RIGHT);
    hr_table_column(table, "Prompt, tokens/s", HR_RIGHT);
    hr_table_column(table, "Status", HR_LEFT);
    json_array_foreach (cases, i, item) {
        const json_t *rate = hr_view_metric(item, "decode");
        struct by by;
        json_t *row;

        if (strstr(hr_view_text(item, "id"), "/size/")) {
            continue;
        }
        by = by_whom(item);
        row = hr_table_row(table, item);
        hr_row_cell(row, hr_view_text(json_object_get(item, "params"), "model"), NULL);
        hr_row_cell(row, by.who, by.what);
        hr_row_metric(row, rate);
        hr_row_share(row, hr_view_number(rate, "of_ceiling"), HR_ABOVE_CEILING);
        hr_row_metric_with_unit(row, hr_view_metric(item, "first_token"));
        hr_row_metric(row, hr_view_metric(item, "prompt"));
        hr_row_status(row, hr_view_text(item, "status"));
    }
    hr_table_end(sheet, table);
}

/* The smallest of the usual memories that hold it; "" if none does. */
static void smallest_fit(json_t *fits, char *text, size_t size)
{
    const char *name;
    json_t *fit;
    double least = INFINITY;

    *text = '\0';
    json_object_foreach (fits, name, fit) {
        double gib = strtod(name, NULL);

        if (json_is_true(fit) && gib < least) {
            least = gib;
            snprintf(text, size, "%.16s", name);
        }
    }
}

static void add_sizes(json_t *sheet, const json_t *cases)
{
    json_t *table = hr_sheet_table(sheet, "What a model takes, by its shape", NULL);
    const json_t *item;
    size_t i;

    hr_table_column(table, "Model", HR_LEFT);
    hr_table_column(table, "With a context of", HR_RIGHT);
    hr_table_column(table, "Needs", HR_RIGHT);
    hr_table_column(table, "Fits in", HR_RIGHT);
    hr_table_column(table, "A token reads", HR_RIGHT);
    hr_table_column(table, "At most here, tokens/s", HR_RIGHT);
    json_array_foreach (cases, i, item) {
        const json_t *params = json_object_get(item, "params");
        char fits[24];
        json_t *row;

        if (!strstr(hr_view_text(item, "id"), "/size/")) {
            continue;
        }
        row = hr_table_row(table, item);
        smallest_fit(json_object_get(params, "fits"), fits, sizeof(fits));
        hr_row_cell(row, hr_view_text(params, "model"), NULL);
        hr_row_cell(row, hr_figure_count(hr_view_param(item, "context")).text, NULL);
        hr_row_metric_with_unit(row, hr_view_metric(item, "needed"));
        hr_row_cell(row, *fits ? fits : HR_DASH, NULL);
        hr_row_cell(row, hr_figure(hr_view_param(item, "token_bytes"), "bytes").text, NULL);
        hr_row_metric(row, hr_view_metric(item, "decode_at_most"));
    }
    hr_table_end(sheet, table);
}

void hr_section_inference(json_t *sheet, const json_t *record)
{
    const json_t *cases = json_object_get(hr_view_suite(record, "inference"), "cases");

    hr_sheet_heading(sheet, "inference", "Language models");
    if (json_array_size(cases) == 0) {
        hr_sheet_say(sheet, "note", "No language model was asked for in this run.");
        return;
    }
    add_rates(sheet, cases);
    add_sizes(sheet, cases);
    hr_sheet_say(sheet, "note",
                 "Weights alone: random weights of the model's shapes, streamed through products "
                 "whose answers are proved; attention, norms and sampling are left out, so it is "
                 "an upper bound. What llama-bench or a server tells is theirs: whether their "
                 "answers are any good is not checked. At most: the read bandwidth measured here "
                 "over the bytes that a token reads.");
}
