/*
 * compare_sheet.c - a comparison as people and CI read it: blocks of a report (text, Markdown) and
 * JUnit. Figures that gate stand first; of the others only what changed, unless all are asked for.
 */
#include "harness/error.h"
#include "harness/sink.h"
#include "reports/compare.h"
#include "reports/figure_text.h"
#include "reports/record_view.h"
#include "reports/report.h"
#include "reports/sheet.h"
#include "reports/sheet_writers.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define TEXT_MAX 400

static bool is_across(const json_t *comparison)
{
    return hr_view_is(comparison, "mode", "across-hosts");
}

static bool gates(const json_t *row)
{
    return json_is_true(json_object_get(row, "gating"));
}

static bool changed(const json_t *row)
{
    return hr_view_is(row, "verdict", "worse") || hr_view_is(row, "verdict", "better") ||
           hr_view_is(row, "verdict", "ratio");
}

struct words {
    char text[160];
};

/* A share as a signed change: -5.1 %. */
static struct words change_of(double ratio)
{
    struct words words;

    if (isnan(ratio)) {
        snprintf(words.text, sizeof(words.text), HR_DASH);
    } else {
        double percent = round(1000 * (ratio - 1)) / 10;

        snprintf(words.text, sizeof(words.text), "%+.1f %%", percent + 0.0); /* no -0.0 */
    }
    return words;
}

static struct words interval_of(const json_t *row, bool across)
{
    double low = hr_view_number(row, "ci_low"), high = hr_view_number(row, "ci_high");
    struct words words;

    if (isnan(low) || isnan(high)) {
        snprintf(words.text, sizeof(words.text), "no interval");
    } else if (across) {
        snprintf(words.text, sizeof(words.text), "%.3f … %.3f", low, high);
    } else {
        snprintf(words.text, sizeof(words.text), "%.40s … %.40s", change_of(low).text,
                 change_of(high).text);
    }
    return words;
}

static void add_row(json_t *table, const json_t *row, bool across)
{
    const char *unit = hr_view_text(row, "unit"), *reason = hr_view_text(row, "reason");
    double margin = hr_view_number(row, "margin"), ratio = hr_view_number(row, "ratio");
    json_t *out = hr_table_row(table, NULL);
    struct words words;

    hr_row_cell(out, hr_view_text(row, "case"), NULL);
    hr_row_cell(out, hr_view_text(row, "metric"), NULL);
    hr_row_cell(out, hr_figure(hr_view_number(row, "old"), unit).text, NULL);
    hr_row_cell(out, hr_figure(hr_view_number(row, "new"), unit).text, NULL);
    if (across) {
        snprintf(words.text, sizeof(words.text), isnan(ratio) ? HR_DASH : "× %.3f", ratio);
        hr_row_cell(out, words.text, NULL);
        hr_row_cell(out, interval_of(row, true).text, NULL);
        return;
    }
    hr_row_cell(out, change_of(ratio).text, NULL);
    hr_row_cell(out, interval_of(row, false).text, NULL);
    snprintf(words.text, sizeof(words.text), isnan(margin) ? HR_DASH : "%.1f %%", 100 * margin);
    hr_row_cell(out, words.text, NULL);
    snprintf(words.text, sizeof(words.text), *reason ? "(%.150s)" : "%s", reason);
    hr_row_cell(out, hr_view_text(row, "verdict"), words.text);
}

static void add_table(json_t *sheet, const json_t *comparison, bool gating, bool all)
{
    bool across = is_across(comparison);
    json_t *table = hr_sheet_table(sheet,
                                   !gating  ? "Information"
                                   : across ? "Main figures"
                                            : "Figures that gate",
                                   NULL);
    const json_t *row;
    size_t i;

    hr_table_column(table, "Case", HR_LEFT);
    hr_table_column(table, "Figure", HR_LEFT);
    hr_table_column(table, "Old", HR_RIGHT);
    hr_table_column(table, "New", HR_RIGHT);
    hr_table_column(table, across ? "Ratio" : "Change", HR_RIGHT);
    hr_table_column(table, "95 % interval", HR_RIGHT);
    if (!across) {
        hr_table_column(table, "Margin", HR_RIGHT);
        hr_table_column(table, "Verdict", HR_LEFT);
    }
    json_array_foreach (json_object_get(comparison, "rows"), i, row) {
        if (gates(row) == gating && (gating || all || changed(row))) {
            add_row(table, row, across);
        }
    }
    hr_table_end(sheet, table);
}

static void say_sides(json_t *sheet, const json_t *comparison)
{
    static const char *const sides[] = {"old", "new"};

    for (int i = 0; i < 2; i++) {
        const json_t *side = json_object_get(comparison, sides[i]);

        hr_sheet_say(sheet, "note", "%s: %.120s, engine %.60s; %.200s; %.30s; built %.200s",
                     sides[i], hr_view_text(side, "file"), hr_view_text(side, "engine"),
                     hr_view_text(side, "host"), hr_view_text(side, "started"),
                     hr_view_text(side, "tool"));
    }
}

/* How far the machine itself went meanwhile: the largest drift of a figure that gates. */
static void say_drift(json_t *sheet, const json_t *comparison)
{
    const json_t *row;
    double most = 0;
    size_t i;

    json_array_foreach (json_object_get(comparison, "rows"), i, row) {
        double drift = hr_view_number(row, "drift");

        most = gates(row) && fabs(drift) > fabs(most) ? drift : most;
    }
    hr_sheet_say(
        sheet, "note",
        "Interleaved in blocks of old, new, new, old; a change is the median over blocks, "
        "not the ratio of the two medians. From the first block to the last both drifted by up "
        "to %s, which the blocks cancel.",
        change_of(1 + most).text);
}

static void say_notes(json_t *sheet, const json_t *comparison, bool all)
{
    const json_t *row, *text;
    int kept = 0;
    size_t i;

    json_array_foreach (json_object_get(comparison, "rows"), i, row) {
        kept += !gates(row) && !changed(row);
    }
    if (hr_view_is(comparison, "mode", "interleaved")) {
        say_drift(sheet, comparison);
    }
    if (kept && !all) {
        hr_sheet_say(sheet, "note",
                     "%d further figures are information and did not change beyond their margin "
                     "(--all shows them).",
                     kept);
    }
    json_array_foreach (json_object_get(comparison, "notes"), i, text) {
        hr_sheet_say(sheet, "note", "%s", json_string_value(text));
    }
}

void hr_compare_sheet(json_t *sheet, const json_t *comparison, bool all)
{
    const json_t *verdict = json_object_get(comparison, "verdict");

    hr_sheet_heading(sheet, "comparison", "Comparison");
    hr_sheet_say(sheet, "text", "%s: %s", hr_view_text(verdict, "status"),
                 hr_view_text(verdict, "line"));
    add_table(sheet, comparison, true, all);
    add_table(sheet, comparison, false, all);
    say_notes(sheet, comparison, all);
    say_sides(sheet, comparison);
}

void hr_section_comparison(json_t *sheet, const json_t *record)
{
    const json_t *comparison = json_object_get(record, "comparison");

    if (comparison) {
        hr_compare_sheet(sheet, comparison, false);
    }
}

int hr_compare_text(const json_t *comparison, FILE *out, bool color, bool all)
{
    json_t *sheet = json_array();
    int rc;

    hr_compare_sheet(sheet, comparison, all);
    rc = hr_write_text(sheet, out, color);
    json_decref(sheet);
    return rc;
}

int hr_compare_markdown(const json_t *comparisons, bool all, const char *file)
{
    json_t *sheet = json_array();
    const json_t *comparison;
    struct hr_sink sink;
    size_t i;
    int rc = hr_sink_open(&sink, file);

    if (rc == 0) {
        json_array_foreach (comparisons, i, comparison) {
            hr_compare_sheet(sheet, comparison, all);
        }
        rc = hr_write_markdown(sheet, sink.out, "Headroom comparison", NULL, NULL);
        rc = hr_sink_close(&sink, rc);
    }
    json_decref(sheet);
    return rc;
}

/* ---- JUnit -------------------------------------------------------------------------------- */

/* A figure as a case of a run record, which is what the JUnit writer reads. */
static json_t *case_of(const json_t *row)
{
    const char *verdict = hr_view_text(row, "verdict");
    const char *status = strcmp(verdict, "regression") == 0     ? "fail"
                         : strcmp(verdict, "not compared") == 0 ? "invalid"
                         : strcmp(verdict, "inconclusive") == 0 ? "skip"
                                                                : "pass";
    char id[TEXT_MAX], reason[2 * TEXT_MAX];

    snprintf(id, sizeof(id), "%.250s %.60s", hr_view_text(row, "case"),
             hr_view_text(row, "metric"));
    if (isfinite(hr_view_number(row, "ratio"))) {
        snprintf(reason, sizeof(reason), "%s: %s (%s; margin %.1f %%) %.150s", verdict,
                 change_of(hr_view_number(row, "ratio")).text, interval_of(row, false).text,
                 100 * hr_view_number(row, "margin"), hr_view_text(row, "reason"));
    } else {
        snprintf(reason, sizeof(reason), "%s: %.300s", verdict, hr_view_text(row, "reason"));
    }
    return json_pack("{s:o, s:s, s:o, s:s}", "id", hr_sheet_string(id), "status", status, "reason",
                     hr_sheet_string(reason), "advice",
                     "repeat it as `headroom run --against`, which interleaves the two");
}

int hr_compare_junit(const json_t *comparisons, const char *file)
{
    json_t *suites = json_array(), *record;
    const json_t *comparison, *row;
    size_t i, k;
    int rc;

    json_array_foreach (comparisons, i, comparison) {
        json_t *cases = json_array();

        json_array_foreach (json_object_get(comparison, "rows"), k, row) {
            if (gates(row)) {
                json_array_append_new(cases, case_of(row));
            }
        }
        json_array_append_new(
            suites,
            json_pack("{s:o, s:s, s:o}", "name",
                      hr_sheet_string(hr_view_text(json_object_get(comparison, "new"), "file")),
                      "status", "pass", "cases", cases));
    }
    record = json_pack("{s:o, s:o}", "suites", suites, "started",
                       hr_sheet_string(hr_view_text(
                           json_object_get(json_array_get(comparisons, 0), "new"), "started")));
    rc = record ? hr_report_junit(record, file) : hr_fail(ENOMEM, "no memory for JUnit");
    json_decref(record);
    return rc;
}
