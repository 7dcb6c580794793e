/*
 * sheet_paste.c - one block to paste into a message or a table of machines: what was found, on
 * what, whether it can be trusted, and how to repeat it. Fixed width, no figure without its
 * conditions.
 */
#include "reports/figure_text.h"
#include "reports/record_view.h"
#include "reports/sheet.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LABEL_COLUMNS 12
#define WIDTH 92

static size_t columns_of(const char *text, size_t bytes)
{
    size_t columns = 0, i;

    for (i = 0; i < bytes; i++) {
        columns += ((unsigned char)text[i] & 0xc0) != 0x80;
    }
    return columns;
}

static void put_label(FILE *out, const char *label)
{
    fprintf(out, "%-*s", LABEL_COLUMNS, label);
}

/* A label and its words, wrapped with a hanging indent. Narrow spaces keep a figure and its unit
 * together while wrapping, and then become plain ones. */
static void put_words(FILE *out, const char *label, const char *text)
{
    size_t at = LABEL_COLUMNS, i;

    put_label(out, label);
    while (*text) {
        size_t length = strcspn(text, " \n"), columns = columns_of(text, length);

        if (at > LABEL_COLUMNS && at + 1 + columns > WIDTH) {
            fputc('\n', out);
            put_label(out, "");
            at = LABEL_COLUMNS;
        } else if (at > LABEL_COLUMNS) {
            fputc(' ', out);
            at++;
        }
        for (i = 0; i < length; i++) {
            if (strncmp(text + i, HR_NARROW_SPACE, 3) == 0) {
                fputc(' ', out);
                i += 2;
            } else {
                fputc(text[i], out);
            }
        }
        at += columns;
        text += length + (text[length] != '\0');
    }
    fputc('\n', out);
}

static void put(FILE *out, const char *label, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void put(FILE *out, const char *label, const char *format, ...)
{
    char *text = NULL;
    va_list args;

    va_start(args, format);
    if (vasprintf(&text, format, args) < 0) {
        text = NULL;
    }
    va_end(args);
    put_words(out, label, text ? text : "");
    free(text);
}

static void put_capacity(FILE *out, const json_t *record)
{
    struct hr_view_walk walk = {0};

    while (hr_view_next(record, &walk)) {
        double capacity = hr_view_estimate(walk.item, "capacity");
        double failed = hr_view_estimate(walk.item, "lowest_failed");

        if (isnan(capacity) || !hr_view_counts(walk.item)) {
            continue;
        }
        put(out, "capacity", "%s with %s, %s; %s%s", hr_figure(capacity, "orders/s").text,
            hr_bound_text(walk.item).text, hr_view_path_engine(walk.item).text,
            isnan(failed) ? "no higher rate is known to fail" : "lowest failed ",
            isnan(failed) ? "" : hr_figure_bare(failed, "orders/s").text);
    }
}

/* The best rate of a suite; noun is what its param of that name in the plural counts. */
static void put_best(FILE *out, const char *label, const json_t *suite, const char *noun)
{
    const json_t *item, *best = NULL, *metric;
    const char *unit;
    char batch[200] = "", param[32];
    double count;
    size_t i;

    json_array_foreach (json_object_get(suite, "cases"), i, item) {
        double rate = hr_view_estimate(item, "throughput");

        if (hr_view_counts(item) && isfinite(rate) &&
            (!best || rate > hr_view_estimate(best, "throughput"))) {
            best = item;
        }
    }
    if (!best) {
        return;
    }
    metric = hr_view_metric(best, "throughput");
    unit = hr_view_text(metric, "unit");
    if (isfinite(hr_view_param(best, "batch"))) {
        snprintf(batch, sizeof(batch), ", batches of %s",
                 hr_figure_count(hr_view_param(best, "batch")).text);
    }
    snprintf(param, sizeof(param), "%ss", noun);
    count = hr_view_param(best, param);
    put(out, label, "%s, %s %s of %s runs, %s, %s %s%s%s",
        hr_figure(hr_view_number(metric, "estimate"), unit).text,
        hr_figure_range(hr_view_number(metric, "ci_low"), hr_view_number(metric, "ci_high"), unit)
            .text,
        json_is_true(json_object_get(metric, "interval")) ? "(95 %)" : "(min to max)",
        hr_figure_count(hr_view_number(metric, "n_runs")).text, hr_view_path_engine(best).text,
        hr_figure_count(count).text, noun, count > 1 ? "s" : "", batch);
}

static void put_latency(FILE *out, const json_t *record)
{
    struct hr_view_walk walk = {0};

    while (hr_view_next(record, &walk)) {
        const json_t *service = hr_view_histogram(walk.item, "service");

        if (!service || !hr_view_passed(walk.item) || !hr_view_counts(walk.item) ||
            isfinite(hr_view_param(walk.item, "rate"))) {
            continue;
        }
        put(out, "service", "p50 %s, p99 %s, p99.9 %s, max %s, %s, closed loop",
            hr_figure(hr_view_percentile(service, "p50"), "ns").text,
            hr_figure(hr_view_percentile(service, "p99"), "ns").text,
            hr_figure(hr_view_percentile(service, "p99.9"), "ns").text,
            hr_figure(hr_view_number(service, "max"), "ns").text,
            hr_view_path_engine(walk.item).text);
        return;
    }
}

static void put_markets(FILE *out, const json_t *record)
{
    const json_t *item, *largest = NULL;
    size_t i;

    json_array_foreach (json_object_get(hr_view_suite(record, "markets"), "cases"), i, item) {
        if (hr_view_counts(item) && isfinite(hr_view_estimate(item, "throughput")) &&
            (!largest || hr_view_param(item, "markets") > hr_view_param(largest, "markets"))) {
            largest = item;
        }
    }
    if (largest) {
        put(out, "markets", "%s of depth %s: %s, %s a market, %s",
            hr_figure_count(hr_view_param(largest, "markets")).text,
            hr_figure_count(hr_view_depth(largest)).text,
            hr_figure(hr_view_estimate(largest, "throughput"), "orders/s").text,
            hr_figure(hr_view_estimate(largest, "bytes_per_market"), "bytes").text,
            hr_view_path_engine(largest).text);
    }
}

static const char *readiness_state(const json_t *item)
{
    return hr_view_text(item, "status");
}

static const char *check_state(const json_t *check)
{
    static const char *const worst_first[] = {"hard", "soft", "ok"};

    for (size_t i = 0; i < 3; i++) {
        if (json_integer_value(json_object_get(check, worst_first[i])) > 0) {
            return worst_first[i];
        }
    }
    return "unknown";
}

/* "a, b, c": the checks that are in this state; free() it. NULL if there are none. */
static char *checks_in(const json_t *checks, const char *(*state_of)(const json_t *),
                       const char *state)
{
    const json_t *check;
    char *names = NULL;
    size_t i;

    json_array_foreach (checks, i, check) {
        char *longer = NULL;

        if (strcmp(state_of(check), state) != 0) {
            continue;
        }
        if (asprintf(&longer, "%s%s%s", names ? names : "", names ? ", " : "",
                     hr_view_text(check, "check")) < 0) {
            break;
        }
        free(names);
        names = longer;
    }
    return names;
}

static void put_checks_in(FILE *out, const char *label, const char *heading, const json_t *checks,
                          const char *(*state_of)(const json_t *), const char *state)
{
    char *names = checks_in(checks, state_of, state);

    if (names) {
        put(out, label, "%s: %s", heading, names);
    }
    free(names);
}

/* What is fine in one line, and what is not with its worst figure. */
static void put_validation(FILE *out, const json_t *record)
{
    json_t *checks = hr_checks_of(record), *check;
    size_t i;

    put(out, "validation", "%zu checks of every run", json_array_size(checks));
    put_checks_in(out, "", "ok", checks, check_state, "ok");
    put_checks_in(out, "", "cannot be known here", checks, check_state, "unknown");
    json_array_foreach (checks, i, check) {
        const char *state = check_state(check);

        if (strcmp(state, "ok") == 0 || strcmp(state, "unknown") == 0) {
            continue;
        }
        put(out, "", "%s: %s%s%s", hr_view_text(check, "check"), hr_check_text(check).text,
            json_is_number(json_object_get(check, "worst")) ? ", worst " : "",
            json_is_number(json_object_get(check, "worst"))
                ? hr_figure(hr_view_number(check, "worst"), hr_view_text(check, "unit")).text
                : "");
    }
    json_decref(checks);
}

static void put_readiness(FILE *out, const json_t *record)
{
    const json_t *list = json_object_get(json_object_get(record, "host"), "readiness"), *check;
    size_t i, fine = 0;

    json_array_foreach (list, i, check) {
        fine += hr_view_is(check, "status", "ok");
    }
    put(out, "host", "%zu of %zu readiness checks ok", fine, json_array_size(list));
    put_checks_in(out, "", "warning", list, readiness_state, "warning");
    put_checks_in(out, "", "advice", list, readiness_state, "advice");
}

static void put_identity(FILE *out, const json_t *record)
{
    const json_t *workload = json_object_get(record, "workload");
    const json_t *flow = json_array_get(json_object_get(workload, "flows"), 0);
    const char *hash = hr_view_text(workload, "sha256");
    const json_t *tool = json_object_get(record, "tool");
    char *line = hr_command_line(record);

    put(out, "workload", "SHA-256 %s",
        *hash                           ? hash
        : *hr_view_text(flow, "sha256") ? hr_view_text(flow, "sha256")
                                        : HR_DASH);
    put(out, "program", "headroom %s git %.12s%s, %s, %s", hr_view_text(tool, "version"),
        *hr_view_text(tool, "git_sha") ? hr_view_text(tool, "git_sha") : "unknown",
        json_is_true(json_object_get(tool, "git_dirty")) ? " modified" : "",
        hr_view_text(tool, "compiler"), hr_view_text(tool, "cflags"));
    put(out, "repeat", "%s", line ? line : "");
    free(line);
}

void hr_section_paste(json_t *sheet, const json_t *record)
{
    const json_t *verdict = json_object_get(record, "verdict");
    char *text = NULL;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);

    if (!out) {
        return;
    }
    put(out, "headroom", "%s, profile %s, %s", hr_view_text(record, "started"),
        *hr_view_text(record, "profile") ? hr_view_text(record, "profile") : HR_DASH,
        json_is_true(json_object_get(record, "complete")) ? "complete" : "INTERRUPTED");
    put(out, "machine", "%s", hr_view_text(json_object_get(record, "host"), "line"));
    put(out, "verdict", "%s: %s", hr_view_text(verdict, "status"), hr_view_text(verdict, "line"));
    put_capacity(out, record);
    put_best(out, "one thread", hr_view_suite(record, "throughput"), "market");
    put_best(out, "all cores", hr_view_suite(record, "scaling"), "shard");
    put_latency(out, record);
    put_markets(out, record);
    put_validation(out, record);
    put_readiness(out, record);
    put_identity(out, record);
    if (fclose(out)) {
        free(text);
        return;
    }
    hr_sheet_heading(sheet, "paste", "To paste");
    hr_sheet_say(sheet, "code", "%s", text);
    free(text);
}
