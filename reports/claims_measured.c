/*
 * claims_measured.c - which measured figure bears on a claim?
 *
 * A claim names cases by patterns (`*` is any text, blanks part alternatives), by what they were
 * run with, and a field.
 * "ceilings/…" names measured ceilings, "host/…" facts of the probe; anything else the cases of
 * suites. Only what passed or missed a limit counts; a figure of the ruler never does.
 */
#include "harness/error.h"
#include "reports/claims.h"
#include "reports/formula.h"
#include "reports/record_view.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* In one pass, however many stars: a mismatch goes back to the last star only. */
static bool matches(const char *pattern, size_t length, const char *text)
{
    size_t at = 0, star = length, resume = 0, i = 0;

    while (text[i]) {
        if (at < length && pattern[at] == '*') {
            star = at++;
            resume = i;
        } else if (at < length && pattern[at] == text[i]) {
            at++;
            i++;
        } else if (star < length) {
            at = star + 1;
            i = ++resume;
        } else {
            return false;
        }
    }
    while (at < length && pattern[at] == '*') {
        at++;
    }
    return at == length;
}

struct search {
    const struct hr_claim *claim;
    struct hr_evidence *found;
    const json_t *record;
    bool on_stated;
    const char *why_other; /* why the record is not from the stated hardware */
    char refused[240];     /* a case that matched and does not count */
    bool mistaken;         /* refused is of a unit that is not the claim's: that is told first */
    bool matched;          /* some case did */
    bool ran;              /* a suite of the patterns did */
    size_t runs;           /* of the case that is looked at */
};

static bool better(const struct search *s, const struct hr_quantity *estimate)
{
    const struct hr_evidence *found = s->found;
    double claimed = s->claim->amount.value;

    if (!found->record || s->on_stated != found->on_stated) {
        return !found->record || s->on_stated;
    }
    switch (s->claim->way) {
    case HR_AT_LEAST:
        return estimate->value > found->estimate.value;
    case HR_AT_MOST:
        return estimate->value < found->estimate.value;
    default:
        return fabs(estimate->value - claimed) < fabs(found->estimate.value - claimed);
    }
}

/* The unit of a field: "bytes_per_l2_market" in bytes is bytes a market, if a claim counts so; a
 * result's "share" is of the whole, not of a company. */
static bool unit_of(const char *field, const char *unit, const struct hr_quantity *claimed,
                    struct hr_quantity *one)
{
    const char *each_name = strstr(field, "_per_") ? strrchr(field, '_') + 1 : NULL;
    struct hr_quantity each;

    unit = strcmp(unit, "share") == 0 ? "times" : unit;
    if (!hr_unit_parse(unit, strlen(unit), one)) {
        return false;
    }
    if (!hr_quantity_same_kind(one, claimed) && each_name &&
        hr_unit_parse(each_name, strlen(each_name), &each)) {
        (void)hr_quantity_multiply(one, &each, -1);
    }
    return hr_quantity_same_kind(one, claimed);
}

/* So much of a reason as fits, whole words of it, and no comma or semicolon left hanging. */
struct few_words {
    char text[160];
};
static struct few_words few_words(const char *text)
{
    struct few_words few;
    size_t length = strlen(text);
    bool cut = length >= 120;

    length = cut ? 120 : length;
    while (cut && length > 0 && text[length] != ' ') {
        length--;
    }
    while (length > 0 && strchr(" ;,:", text[length - 1])) {
        length--;
    }
    snprintf(few.text, sizeof(few.text), "%.*s%s", (int)length, text, cut ? " …" : "");
    return few;
}

static void refuse(struct search *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void refuse(struct search *s, const char *format, ...)
{
    va_list args;

    s->matched = true;
    if (!s->mistaken) {
        va_start(args, format);
        vsnprintf(s->refused, sizeof(s->refused), format, args);
        va_end(args);
    }
}

/* One sample of many runs is a figure of them together, such as a capacity that was searched. */
static int few_runs(const struct search *s, const json_t *metric)
{
    double n = hr_view_number(metric, "n_runs");

    return metric && !json_is_true(json_object_get(metric, "interval")) && n >= 1 &&
                   !(n == 1 && s->runs > 1)
               ? (int)fmin(n, 1e6)
               : 0;
}

/* One figure: value in its unit, with the ends of its interval (NaN: none). */
static void offer(struct search *s, const char *id, const char *field, double value, double low,
                  double high, const char *unit, const json_t *metric)
{
    const struct hr_quantity *claimed = &s->claim->amount;
    struct hr_quantity one;
    double ceiling = hr_view_is_ceiling(s->record, hr_view_text(metric, "ceiling"))
                         ? hr_view_number(metric, "ceiling_value")
                         : (double)NAN;

    s->matched = true;
    if (!unit) {
        one = (struct hr_quantity){.value = 1};
        memcpy(one.power, claimed->power, sizeof(one.power));
    } else if (!unit_of(field, unit, claimed, &one)) {
        snprintf(s->refused, sizeof(s->refused), "%.60s of %.80s is in %.20s, the claim in %.30s",
                 field, id, unit, hr_quantity_unit(claimed, claimed->bytes).text);
        s->mistaken = true;
        return;
    }
    if (!isfinite(value)) {
        refuse(s, "%.120s has no %.60s", id, field);
        return;
    }
    one.bytes = claimed->bytes;
    if (!better(s, &(struct hr_quantity){.value = value * one.value})) {
        return;
    }
    s->found->record = s->record;
    s->found->on_stated = s->on_stated;
    snprintf(s->found->id, sizeof(s->found->id), "%.190s", id);
    snprintf(s->found->field, sizeof(s->found->field), "%.60s", field);
    s->found->estimate = s->found->low = s->found->high = s->found->ceiling = one;
    s->found->estimate.value = value * one.value;
    s->found->low.value = (isfinite(low) ? low : value) * one.value;
    s->found->high.value = (isfinite(high) ? high : value) * one.value;
    s->found->few_runs = few_runs(s, metric);
    s->found->ceiling.value = isfinite(ceiling) && ceiling > 0 ? ceiling * one.value : 0;
    s->found->of_ceiling = hr_view_number(metric, "of_ceiling");
    snprintf(s->found->ceiling_name, sizeof(s->found->ceiling_name), "%s",
             metric ? hr_view_ceiling(metric).text : "");
    snprintf(s->found->why, sizeof(s->found->why), "%.380s", s->why_other);
}

/* Facts and parameters have no unit but in their names. */
static const char *unit_of_fact(const char *field)
{
    static const struct {
        const char *end, *unit;
    } ends[] = {{"bytes", "B"}, {"_mbps", "Mb/s"}, {"_ns", "ns"}};
    size_t length = strlen(field);

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        size_t end = strlen(ends[i].end);

        if (length >= end && strcmp(field + length - end, ends[i].end) == 0) {
            return ends[i].unit;
        }
    }
    return NULL;
}

static int find_param(void *context, const char *name, struct hr_quantity *value)
{
    *value = (struct hr_quantity){.value = hr_view_param(context, name)};
    return isfinite(value->value) ? 0 : -EINVAL;
}

/* A case without such a setting was not run with it. */
static bool was_run_so(const struct hr_claim *claim, const json_t *item)
{
    const struct hr_formula_names names = {find_param, (void *)(uintptr_t)item};
    struct hr_formula_result result;
    bool so = true;

    if (!claim->where.text) {
        return true;
    }
    so = hr_formula_evaluate(claim->where.text, &names, &result) == 0;
    hr_error_clear();
    for (int i = 0; so && i < result.comparisons; i++) {
        so = result.comparison[i].holds;
    }
    return so;
}

static void offer_metric(struct search *s, const json_t *item)
{
    const char *id = hr_view_text(item, "id"), *field = s->claim->field.text;
    const json_t *metric = hr_view_metric(item, field);

    if (hr_view_is_ruler(item)) {
        return;
    }
    if (!was_run_so(s->claim, item)) {
        refuse(s, "%.120s was not run with %.80s", id, s->claim->where.text);
        return;
    }
    if (!hr_view_counts(item)) {
        refuse(s, "%.80s is %.10s: %s", id, hr_view_text(item, "status"),
               few_words(hr_view_text(item, "reason")).text);
        return;
    }
    if (!metric && isfinite(hr_view_param(item, field))) {
        /* What the case was run with: how many markets, how many nodes. */
        offer(s, id, field, hr_view_param(item, field), (double)NAN, (double)NAN,
              unit_of_fact(field), NULL);
        return;
    }
    if (!metric) {
        refuse(s, "%.120s has no %.60s", id, field);
        return;
    }
    s->runs = json_array_size(json_object_get(item, "runs"));
    offer(s, id, field, hr_view_number(metric, "estimate"), hr_view_number(metric, "ci_low"),
          hr_view_number(metric, "ci_high"), hr_view_text(metric, "unit"), metric);
}

static void search_cases(struct search *s, const char *pattern, size_t length)
{
    struct hr_view_walk walk = {0};
    size_t suite = strcspn(pattern, "/ ");

    while (hr_view_next(s->record, &walk)) {
        const char *name = hr_view_text(walk.suite, "name");

        s->ran = s->ran || matches(pattern, suite, name);
        if (matches(pattern, length, hr_view_text(walk.item, "id"))) {
            offer_metric(s, walk.item);
        }
    }
}

static void search_ceilings(struct search *s, const char *pattern, size_t length)
{
    const json_t *ceiling;
    size_t i;

    json_array_foreach (json_object_get(s->record, "ceilings"), i, ceiling) {
        const char *id = hr_view_text(ceiling, "id");
        char named[200];

        s->ran = true;
        snprintf(named, sizeof(named), "ceilings/%.180s", id);
        if (matches(pattern, length, named)) {
            offer(s, named, "estimate", hr_view_number(ceiling, "estimate"),
                  hr_view_number(ceiling, "ci_low"), hr_view_number(ceiling, "ci_high"),
                  hr_view_text(ceiling, "unit"), NULL);
        }
    }
}

static void offer_fact(struct search *s, const char *path, const json_t *object)
{
    const char *field = s->claim->field.text;

    if (json_is_number(json_object_get(object, field))) {
        offer(s, path, field, hr_view_number(object, field), (double)NAN, (double)NAN,
              unit_of_fact(field), NULL);
    }
}

/* "host/memory": the object itself, or each of a list. */
static void search_host(struct search *s, const char *pattern, size_t length)
{
    const json_t *at = json_object_get(s->record, "host"), *member;
    char path[120];
    size_t i;

    snprintf(path, sizeof(path), "%.*s", (int)(length < 100 ? length : 100), pattern);
    s->ran = true;
    for (char *word = path + strlen("host/"); *word;) {
        size_t end = strcspn(word, "/");
        char name[120];

        snprintf(name, sizeof(name), "%.*s", (int)end, word);
        at = json_object_get(at, name);
        word += end + (word[end] == '/');
    }
    offer_fact(s, path, at);
    json_array_foreach (at, i, member) {
        offer_fact(s, path, member);
    }
}

static bool begins(const char *pattern, const char *word)
{
    return strncmp(pattern, word, strlen(word)) == 0;
}

static void search_record(struct search *s)
{
    const char *pattern = s->claim->cases.text;

    while (*pattern) {
        size_t length = strcspn(pattern, " ");

        if (begins(pattern, "host/")) {
            search_host(s, pattern, length);
        } else if (begins(pattern, "ceilings/")) {
            search_ceilings(s, pattern, length);
        } else if (length) {
            search_cases(s, pattern, length);
        }
        pattern += length;
        pattern += strspn(pattern, " ");
    }
}

/* The suites of the patterns, each once: "device, network". */
static void list_suites(const char *pattern, char *list, size_t size)
{
    size_t at = 0;

    list[0] = '\0';
    while (*pattern) {
        size_t length = strcspn(pattern, "/ ");
        char name[40];

        snprintf(name, sizeof(name), "%.*s", (int)(length < 39 ? length : 39), pattern);
        if (!strstr(list, name) && at + length + 3 < size) {
            at += (size_t)snprintf(list + at, size - at, "%s%s", at ? ", " : "", name);
        }
        pattern += strcspn(pattern, " ");
        pattern += strspn(pattern, " ");
    }
}

static void say_why_none(const struct search *s, int count, struct hr_evidence *m)
{
    char suites[120];

    list_suites(s->claim->cases.text, suites, sizeof(suites));
    if (s->matched && *s->refused) {
        snprintf(m->why, sizeof(m->why), "%s", s->refused);
    } else if (count == 0) {
        snprintf(m->why, sizeof(m->why), "no result was given; measured by %s", suites);
    } else if (!s->ran) {
        snprintf(m->why, sizeof(m->why), "did not run: %s", suites);
    } else if (begins(s->claim->cases.text, "host/")) {
        snprintf(m->why, sizeof(m->why), "the probe did not tell %.60s of %.200s",
                 s->claim->field.text, s->claim->cases.text);
    } else {
        snprintf(m->why, sizeof(m->why), "no such case was measured: %.300s", s->claim->cases.text);
    }
}

void hr_claim_measured(const struct hr_claims *claims, const struct hr_claim *claim,
                       const json_t *const *records, int count, struct hr_evidence *measured)
{
    const struct hr_hardware *hardware =
        claim->hardware.text ? hr_hardware_find(claims, claim->hardware.text) : NULL;
    struct search s = {.claim = claim, .found = measured};
    char why[200];

    memset(measured, 0, sizeof(*measured));
    if (!claim->cases.text) {
        return;
    }
    for (int i = 0; i < count; i++) {
        why[0] = '\0';
        s.record = records[i];
        s.on_stated = !hardware || hr_hardware_is(hardware, records[i], why, sizeof(why));
        s.why_other = why;
        search_record(&s);
    }
    if (!measured->record) {
        say_why_none(&s, count, measured);
    }
}
