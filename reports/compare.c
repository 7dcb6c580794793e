/*
 * compare.c - which figures of two results may be held against each other, and what comes out?
 *
 * Pairs cases by suite, path and name, refuses what does not belong together (other settings of a
 * case, other answers, INVALID), and has the pairs judged in one go. It knows no
 * statistics: those are harness/verdict.h's.
 */
#include "reports/compare.h"
#include "harness/error.h"
#include "harness/verdict.h"
#include "reports/compare_sides.h"
#include "reports/record_view.h"
#include "reports/sheet.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 400

/* A comparison being made. */
struct pairing {
    const struct hr_compare_options *options;
    const char *gate_text; /* which figures gate */
    const char *mode;
    regex_t gate;                /* what it says */
    json_t *rows;                /* of the comparison, borrowed */
    struct hr_contest *contests; /* of the rows that can be compared */
    json_t **judged;             /* those rows, borrowed */
    int count, room;
    json_t *again[HR_COMPARE_FILES_MAX]; /* cases of further results of the old build, by key */
};

static bool interleaved(const struct pairing *p)
{
    return strcmp(p->mode, "interleaved") == 0;
}

/* Why the figures of a pair cannot be held against each other, or "". */
static void why_not(const json_t *old, const json_t *new, char why[TEXT_MAX])
{
    const json_t *sides[] = {old, new};
    const char *const names[] = {"old", "new"};

    why[0] = '\0';
    for (int i = 0; i < 2 && !why[0]; i++) {
        if (!hr_view_counts(sides[i])) {
            snprintf(why, TEXT_MAX, "%s is %s: %.300s", names[i], hr_view_text(sides[i], "status"),
                     hr_view_text(sides[i], "reason"));
        }
    }
    if (!why[0] && !json_equal(json_object_get(old, "params"), json_object_get(new, "params"))) {
        snprintf(why, TEXT_MAX, "the case was set up differently");
    } else if (!why[0] && strcmp(hr_view_text(old, "digest"), hr_view_text(new, "digest")) != 0) {
        snprintf(why, TEXT_MAX, "the answers differ: digest %s, then %s",
                 hr_view_text(old, "digest"), hr_view_text(new, "digest"));
    }
}

/* ---- figures ------------------------------------------------------------------------------ */

static bool ends_in(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);

    return length >= tail && strcmp(text + length - tail, end) == 0;
}

/* What is a figure of the engine; the rest tells of the harness, or is counted. One that could not
 * be had has no direction. */
static bool is_figure(const json_t *metric, bool had)
{
    static const char *const others[] = {"times", "share", "count", "largest/mean", "shards", "%"};
    const char *unit = hr_view_text(metric, "unit");

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (strcmp(unit, others[i]) == 0) {
            return false;
        }
    }
    return *hr_view_text(metric, "better") || !had;
}

static double least_effect(const struct pairing *p, const char *metric)
{
    if (p->options->effect_min > 0) {
        return p->options->effect_min;
    }
    return ends_in(metric, "p99.9") || ends_in(metric, "p99.99") || ends_in(metric, "max") ? 0.10
           : ends_in(metric, "p99")                                                        ? 0.05
                                                                                           : 0.02;
}

static int samples_of(const json_t *metric, double **samples)
{
    const json_t *list = json_object_get(metric, "samples"), *sample;
    size_t i, n = json_array_size(list);

    *samples = calloc(n + 1, sizeof(**samples));
    json_array_foreach (list, i, sample) {
        if (*samples) {
            (*samples)[i] = json_is_number(sample) ? json_number_value(sample) : (double)NAN;
        }
    }
    return *samples ? (int)n : -ENOMEM;
}

/* What two results of the old build differ by, at its largest: the floor between starts. */
static double floor_again(const struct pairing *p, const char *key, const char *name, bool higher,
                          double *old, int old_count)
{
    double floor = 0;

    for (int i = 0; i < p->options->again_count; i++) {
        const json_t *item = json_object_get(p->again[i], key);
        struct hr_contest c = {.higher = higher};
        double *samples = NULL;
        int n = item && hr_view_counts(item) ? samples_of(hr_view_metric(item, name), &samples) : 0;

        if (n > 0 && hr_contest_stored(&c, old, old_count, samples, n) == 0) {
            floor = fmax(floor, fabs(c.effect));
        }
        hr_error_clear();
        free(samples);
    }
    return floor;
}

static void set_real(json_t *object, const char *name, double value)
{
    json_object_set_new(object, name, isfinite(value) ? json_real(value) : json_null());
}

static json_t *add_row(struct pairing *p, const char *key, const json_t *metric, bool gating)
{
    json_t *row =
        json_pack("{s:o, s:o, s:o, s:o, s:b, s:n, s:n, s:n, s:n}", "case", hr_sheet_string(key),
                  "metric", hr_sheet_string(hr_view_text(metric, "name")), "unit",
                  hr_sheet_string(hr_view_text(metric, "unit")), "better",
                  hr_sheet_string(hr_view_text(metric, "better")), "gating", gating, "verdict",
                  "reason", "old", "new");

    json_array_append_new(p->rows, row);
    return row;
}

static void not_compared(json_t *row, const char *why)
{
    json_object_set_new(row, "verdict", json_string("not compared"));
    json_object_set_new(row, "reason", hr_sheet_string(why));
}

static struct hr_contest *next_contest(struct pairing *p, json_t *row)
{
    if (p->count == p->room) {
        int room = p->room ? 2 * p->room : 64;
        struct hr_contest *contests = realloc(p->contests, (size_t)room * sizeof(*contests));
        json_t **judged = contests ? realloc(p->judged, (size_t)room * sizeof(*judged)) : NULL;

        p->contests = contests ? contests : p->contests;
        p->judged = judged ? judged : p->judged;
        if (!judged) {
            return NULL;
        }
        p->room = room;
    }
    p->judged[p->count] = row;
    return p->contests + p->count;
}

static int contest(struct pairing *p, json_t *row, struct hr_contest *c, double *old, int old_count,
                   double *new, int new_count)
{
    const char *name = hr_view_text(row, "metric"), *key = hr_view_text(row, "case");

    *c = (struct hr_contest){.higher = hr_view_is(row, "better", "higher"),
                             .gating = json_is_true(json_object_get(row, "gating")),
                             .effect_min = least_effect(p, name)};
    if (!interleaved(p)) {
        c->floor_given = floor_again(p, key, name, c->higher, old, old_count);
        return hr_contest_stored(c, old, old_count, new, new_count);
    }
    if (old_count != new_count || old_count % 2) {
        return hr_fail(EINVAL, "the blocks are not whole: %d runs of old, %d of new", old_count,
                       new_count);
    }
    return hr_contest_interleaved(c, old, new, old_count / 2);
}

static bool gates(const struct pairing *p, const char *key, const json_t *metric)
{
    char full[HR_COMPARE_KEY_MAX + 80];

    snprintf(full, sizeof(full), "%s:%.60s", key, hr_view_text(metric, "name"));
    return regexec(&p->gate, full, 0, NULL, 0) == 0;
}

/* Both say the same of it, where they say it. */
static bool is_alike(const json_t *old, const json_t *new, const char *what)
{
    const char *a = hr_view_text(old, what), *b = hr_view_text(new, what);

    return !*a || !*b || strcmp(a, b) == 0;
}

/* like: the side that says the figure's unit and direction. */
static int add_figure(struct pairing *p, const char *key, const json_t *like, const json_t *old,
                      const json_t *new, const char *refused)
{
    double *olds = NULL, *news = NULL;
    struct hr_contest *c;
    json_t *row = add_row(p, key, like, gates(p, key, like));
    int n, m, rc;

    set_real(row, "old", hr_view_number(old, "estimate"));
    set_real(row, "new", hr_view_number(new, "estimate"));
    if (!*refused && !(is_alike(old, new, "unit") && is_alike(old, new, "better"))) {
        refused = "the figure is another one: its unit or direction changed";
    }
    if (*refused) {
        not_compared(row, refused);
        return 0;
    }
    n = samples_of(old, &olds);
    m = samples_of(new, &news);
    c = n >= 0 && m >= 0 ? next_contest(p, row) : NULL;
    rc = c ? contest(p, row, c, olds, n, news, m) : hr_fail(ENOMEM, "no memory for the comparison");
    free(olds);
    free(news);
    if (rc == -EINVAL) {
        not_compared(row, hr_error());
        hr_error_clear();
        return 0;
    }
    p->count += rc == 0;
    return rc;
}

/* One case: every figure that both have. One that gates and is missing is no silence: it could not
 * be compared. new is NULL if there is no such case. */
static int add_case(struct pairing *p, const char *key, const json_t *old, const json_t *new)
{
    const json_t *all = hr_view_counts(new) && !hr_view_counts(old) ? new : old, *metric;
    char why[TEXT_MAX] = "new has no such case";
    int rc = 0;
    size_t i;

    if (hr_view_is_ruler(old) || hr_view_is_ruler(new)) {
        return 0;
    }
    if (new) {
        why_not(old, new, why);
    }
    json_array_foreach (json_object_get(all, "metrics"), i, metric) {
        const char *name = hr_view_text(metric, "name");
        const json_t *one = hr_view_metric(old, name), *other = hr_view_metric(new, name);

        if (rc == 0 && is_figure(metric, !*why) && ((one && other) || gates(p, key, metric))) {
            rc = add_figure(p, key, metric, one, other,
                            *why || (one && other) ? why : "new has no such figure");
        }
    }
    return rc;
}

/* ---- the verdict -------------------------------------------------------------------------- */

/* From "above 0 is better" back to new over old as measured. */
static double ratio_of(const struct hr_contest *c, double logs)
{
    return exp(c->higher ? logs : -logs);
}

static void write_row(const struct pairing *p, json_t *row, const struct hr_contest *c)
{
    bool ratios = p->options->across_hosts && !interleaved(p);

    json_object_set_new(row, "n", json_integer(c->n));
    set_real(row, "ratio", ratio_of(c, c->effect));
    set_real(row, "ci_low", ratio_of(c, c->higher ? c->low : c->high));
    set_real(row, "ci_high", ratio_of(c, c->higher ? c->high : c->low));
    if (ratios) {
        json_object_set_new(row, "verdict", json_string("ratio"));
        return;
    }
    set_real(row, "margin", expm1(c->margin));
    set_real(row, "floor", expm1(c->floor));
    set_real(row, "drift", expm1(c->higher ? c->drift : -c->drift));
    set_real(row, "p", fmin(c->p_worse, c->p_better));
    set_real(row, "p_holm", c->p_holm);
    json_object_set_new(row, "more", json_integer(c->more));
    json_object_set_new(row, "verdict",
                        json_string(c->gating || c->end < HR_IMPROVEMENT
                                        ? hr_contest_end_name(c->end)
                                    : c->end == HR_REGRESSION ? "worse"
                                                              : "better"));
    if (c->end == HR_INCONCLUSIVE) {
        char text[TEXT_MAX];
        const char *unit = interleaved(p) ? "block" : "run";

        if (c->more < 0) {
            snprintf(text, sizeof(text), "no number of %ss is likely to tell", unit);
        } else {
            snprintf(text, sizeof(text), "about %d more %s%s would tell", c->more, unit,
                     c->more == 1 ? "" : "s");
        }
        json_object_set_new(row, "reason", json_string(text));
    }
}

/* How many gating rows came out so, and the first of them. */
static int count_rows(const json_t *rows, const char *verdict, const json_t **first)
{
    const json_t *row;
    int count = 0;
    size_t i;

    json_array_foreach (rows, i, row) {
        if (json_is_true(json_object_get(row, "gating")) &&
            (!verdict || hr_view_is(row, "verdict", verdict))) {
            *first = count++ ? *first : row;
        }
    }
    return count;
}

/* Between machines: the geometric mean of the main ratios, each so turned that more is better. */
static json_t *mean_ratio(const struct pairing *p)
{
    char line[TEXT_MAX] = "ratios between machines; nothing is judged";
    double sum = 0;
    int n = 0;

    for (int i = 0; i < p->count; i++) {
        sum += p->contests[i].gating ? p->contests[i].effect : 0;
        n += p->contests[i].gating;
    }
    if (n) {
        snprintf(
            line, sizeof(line),
            "over %d main figure%s new is × %.3f of old (geometric mean, rates as they are and "
            "times turned over); nothing is judged",
            n, n == 1 ? "" : "s", exp(sum / n));
    }
    return json_pack("{s:s, s:o}", "status", "ratios", "line", hr_sheet_string(line));
}

static json_t *verdict_of(const struct pairing *p)
{
    static const struct {
        const char *verdict, *status, *words;
    } ends[] = {{"regression", "regression", "regressed"},
                {"not compared", "invalid", "could not be compared"},
                {"inconclusive", "inconclusive", "cannot be told from noise"},
                {"improvement", "improvement", "improved"},
                {"same", "same", "stayed the same"}};
    const json_t *row = NULL, *first = NULL;
    const char *status = NULL;
    char line[2 * TEXT_MAX];
    int gating = count_rows(p->rows, NULL, &row), at = 0;

    if (p->options->across_hosts && !interleaved(p)) {
        return mean_ratio(p);
    }
    if (!gating) {
        return json_pack("{s:s, s:s}", "status", "invalid", "line",
                         "no gating figure is in both: see --gate");
    }
    at = snprintf(line, sizeof(line), "of %d gating figure%s", gating, gating == 1 ? "" : "s");
    for (size_t k = 0; k < sizeof(ends) / sizeof(ends[0]); k++) {
        int n = count_rows(p->rows, ends[k].verdict, &row);

        if (n) {
            at += snprintf(line + at, sizeof(line) - (size_t)at, "%s %d %s", status ? "," : "", n,
                           ends[k].words);
            first = status ? first : row;
            status = status ? status : ends[k].status;
        }
    }
    if (strcmp(status, "same") != 0) {
        snprintf(line + at, sizeof(line) - (size_t)at, "; first: %.200s %.60s",
                 hr_view_text(first, "case"), hr_view_text(first, "metric"));
    }
    return json_pack("{s:s, s:o}", "status", status, "line", hr_sheet_string(line));
}

/* ---- whole results ------------------------------------------------------------------------ */

/* gate: if the options name none. */
static int begin(struct pairing *p, const struct hr_compare_options *options, const char *mode,
                 const char *gate)
{
    int rc;

    *p = (struct pairing){
        .options = options, .mode = mode, .gate_text = options->gate ? options->gate : gate};
    rc = hr_compare_regex(&p->gate, "--gate", p->gate_text);
    p->rows = rc ? NULL : json_array();
    return rc;
}

/* Judges what was paired and writes it down; the pairing is used up. */
static int finish(struct pairing *p, int rc, json_t *old, json_t *new, const char *workload,
                  json_t *notes, json_t **comparison)
{
    *comparison = NULL;
    if (rc == 0) {
        hr_contests_judge(p->contests, p->count);
        for (int i = 0; i < p->count; i++) {
            write_row(p, p->judged[i], p->contests + i);
        }
        *comparison = json_pack(
            "{s:{s:s, s:i, s:i}, s:s, s:O, s:O, s:o, s:o, s:f, s:o, s:O, s:O}", "schema", "name",
            "headroom-comparison", "major", 1, "minor", 0, "mode", p->mode, "old", old, "new", new,
            "workload", hr_sheet_string(workload), "gate", hr_sheet_string(p->gate_text), "alpha",
            HR_CONTEST_ALPHA, "verdict", verdict_of(p), "rows", p->rows, "notes", notes);
        rc = *comparison ? 0 : hr_fail(ENOMEM, "no memory for the comparison");
    }
    json_decref(old);
    json_decref(new);
    json_decref(notes);
    json_decref(p->rows);
    for (int i = 0; i < HR_COMPARE_FILES_MAX; i++) {
        json_decref(p->again[i]);
    }
    free(p->contests);
    free(p->judged);
    regfree(&p->gate);
    return rc;
}

int hr_compare_stored(const json_t *old, const char *old_name, const json_t *new,
                      const char *new_name, const struct hr_compare_options *options,
                      json_t **comparison)
{
    const char *engine = hr_compare_engine(new), *old_engine = hr_compare_engine(old);
    struct hr_view_walk walk = {0}, old_walk = {0};
    struct pairing p;
    json_t *notes, *olds, *news;
    int rc = hr_compare_check(old, old_name, new, new_name, options->across_hosts);

    for (int i = 0; i < options->again_count && rc == 0; i++) {
        rc = hr_compare_check(old, old_name, options->again[i], "the result of --again", false);
    }
    rc =
        rc ? rc
           : begin(&p, options, options->across_hosts ? "across-hosts" : "stored", HR_COMPARE_GATE);
    if (rc) {
        return rc;
    }
    for (int i = 0; i < options->again_count; i++) {
        p.again[i] = hr_compare_index(options->again[i]);
    }
    olds = hr_compare_index(old);
    news = hr_compare_index(new);
    while (rc == 0 && hr_view_next(new, &walk)) {
        const json_t *other;
        char key[HR_COMPARE_KEY_MAX];

        hr_compare_key(engine, walk.item, key);
        other = json_object_get(olds, key);
        rc = other ? add_case(&p, key, other, walk.item) : 0;
    }
    while (rc == 0 && hr_view_next(old, &old_walk)) {
        char key[HR_COMPARE_KEY_MAX];

        hr_compare_key(old_engine, old_walk.item, key);
        rc = json_object_get(news, key) ? 0 : add_case(&p, key, old_walk.item, NULL);
    }
    json_decref(olds);
    json_decref(news);
    notes = hr_compare_notes(old, new, options);
    return finish(&p, rc, hr_compare_side(old, old_name, old_engine),
                  hr_compare_side(new, new_name, engine),
                  hr_view_text(json_object_get(old, "workload"), "sha256"), notes, comparison);
}

bool hr_compare_is_interleaved(const json_t *record)
{
    return json_is_object(json_object_get(record, "against"));
}

int hr_compare_interleaved(const json_t *record, const char *name,
                           const struct hr_compare_options *options, json_t **comparison)
{
    const json_t *against = json_object_get(record, "against");
    const char *engine = hr_compare_engine(record);
    /* No expression of a file is compiled: it is one of two. */
    bool chosen = hr_view_is(against, "gate", HR_COMPARE_GATE_CHOSEN);
    struct hr_view_walk walk = {0};
    char alone[300] = "";
    struct pairing p;
    json_t *notes;
    int rc = hr_compare_check_whole(record, name);

    rc = rc ? rc
            : begin(&p, options, "interleaved", chosen ? HR_COMPARE_GATE_CHOSEN : HR_COMPARE_GATE);
    if (rc) {
        return rc;
    }
    while (rc == 0 && hr_view_next(record, &walk)) {
        const json_t *old = json_object_get(walk.item, "against");
        char key[HR_COMPARE_KEY_MAX];

        hr_compare_key(engine, walk.item, key);
        rc = old ? add_case(&p, key, old, walk.item) : 0;
        if (!old && !hr_view_is(walk.suite, "name", "conformance")) {
            hr_compare_list(alone, sizeof(alone), key);
        }
    }
    notes = json_array();
    if (*alone) {
        hr_compare_note(notes, "Not interleaved, so not compared: ", alone);
    }
    return finish(&p, rc, hr_compare_side(record, name, hr_view_text(against, "old")),
                  hr_compare_side(record, name, hr_view_text(against, "new")),
                  hr_view_text(json_object_get(record, "workload"), "sha256"), notes, comparison);
}

int hr_compare_exit(const json_t *comparison, bool fail_on_inconclusive)
{
    const json_t *verdict = json_object_get(comparison, "verdict");

    if (hr_view_is(verdict, "status", "regression")) {
        return HR_EXIT_VERDICT;
    }
    if (hr_view_is(verdict, "status", "invalid")) {
        return HR_EXIT_INVALID;
    }
    return hr_view_is(verdict, "status", "inconclusive") && fail_on_inconclusive
               ? HR_EXIT_INCONCLUSIVE
               : HR_EXIT_OK;
}
