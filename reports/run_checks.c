/*
 * run_checks.c - can the figures be trusted? Sums up the checks that every run carries, by name. A
 * check that no run carries is not listed: it is not known to be fine.
 */
#include "reports/figure_text.h"
#include "reports/record_view.h"
#include "reports/sheet.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a reader asks for first. */
static int rank_of(const char *check)
{
    static const char *const leading[] = {"swap", "background_load", "throttle", "frequency",
                                          "steal"};
    const int count = sizeof(leading) / sizeof(leading[0]);
    int i;

    for (i = 0; i < count && strcmp(check, leading[i]) != 0; i++) {
    }
    return i;
}

static void bump(json_t *sum, const char *name)
{
    json_object_set_new(sum, name,
                        json_integer(json_integer_value(json_object_get(sum, name)) + 1));
}

/* A check does not say whether its limit is a most or a least; a value that is ok and above it
 * does, and so does one that is not ok and below it. */
static bool is_least(const json_t *check)
{
    double value = hr_view_number(check, "value"), limit = hr_view_number(check, "limit");

    return hr_view_is(check, "status", "ok") ? value > limit : value < limit;
}

static void count_one(json_t *sums, const json_t *check)
{
    const char *name = hr_view_text(check, "check"), *status = hr_view_text(check, "status");
    const json_t *value = json_object_get(check, "value");
    json_t *sum = json_object_get(sums, name);
    double number = json_number_value(value);

    if (!sum) {
        sum = json_pack("{s:s,s:i,s:i,s:i,s:i,s:s}", "check", name, "ok", 0, "soft", 0, "hard", 0,
                        "unknown", 0, "unit", hr_view_text(check, "unit"));
        json_object_set_new(sums, name, sum);
    }
    if (!value || json_is_null(value)) {
        bump(sum, hr_view_is(check, "status", "ok") ? "unknown" : status);
        return;
    }
    bump(sum, status);
    if (json_is_number(value)) {
        double worst = hr_view_number(sum, "worst");

        if (isnan(worst) || (is_least(check) ? number < worst : number > worst)) {
            json_object_set_new(sum, "worst", json_real(number));
            json_object_set(sum, "limit", json_object_get(check, "limit"));
        }
    }
}

static int compare_checks(const void *a, const void *b)
{
    const char *x = hr_view_text(*(json_t *const *)a, "check");
    const char *y = hr_view_text(*(json_t *const *)b, "check");

    return rank_of(x) != rank_of(y) ? rank_of(x) - rank_of(y) : strcmp(x, y);
}

json_t *hr_checks_of(const json_t *record)
{
    struct hr_view_walk walk = {0};
    json_t *sums = json_object(), *list = json_array(), **sorted;
    const char *name;
    json_t *sum;
    size_t count, at = 0;

    while (hr_view_next(record, &walk)) {
        const json_t *run, *check;
        size_t i, k;

        json_array_foreach (json_object_get(walk.item, "runs"), i, run) {
            json_array_foreach (json_object_get(run, "checks"), k, check) {
                count_one(sums, check);
            }
        }
    }
    count = json_object_size(sums);
    sorted = calloc(count ? count : 1, sizeof(json_t *));
    if (sorted) {
        json_object_foreach (sums, name, sum) {
            sorted[at++] = sum;
        }
        qsort(sorted, count, sizeof(json_t *), compare_checks);
        for (at = 0; at < count; at++) {
            json_array_append(list, sorted[at]);
        }
        free(sorted);
    }
    json_decref(sums);
    return list;
}

struct hr_check_text hr_check_text(const json_t *check)
{
    long long ok = json_integer_value(json_object_get(check, "ok"));
    long long soft = json_integer_value(json_object_get(check, "soft"));
    long long hard = json_integer_value(json_object_get(check, "hard"));
    long long unknown = json_integer_value(json_object_get(check, "unknown"));
    long long known = ok + soft + hard;
    struct hr_check_text t;

    if (hard) {
        snprintf(t.text, sizeof(t.text), "hard in %lld of %lld runs", hard, known);
    } else if (soft) {
        snprintf(t.text, sizeof(t.text), "soft in %lld of %lld runs", soft, known);
    } else if (ok) {
        snprintf(t.text, sizeof(t.text),
                 ok == 1   ? "ok in 1 run"
                 : unknown ? "ok in %lld runs"
                           : "ok in all %lld runs",
                 ok);
    } else {
        snprintf(t.text, sizeof(t.text), "cannot be known here");
    }
    if (known && unknown) {
        size_t length = strlen(t.text);

        snprintf(t.text + length, sizeof(t.text) - length, ", unknown in %lld", unknown);
    }
    return t;
}
