/*
 * claims_judge.c - what is to be said of a claim? Arithmetic first: what cannot be needs no
 * measuring. Then what was measured on the stated kind of hardware, then what other claims say,
 * then what was measured elsewhere; what none of them settles is what the registry says it is.
 */
#include "harness/error.h"
#include "reports/claims.h"
#include "reports/formula.h"
#include "reports/record_view.h"
#include "reports/report.h"
#include "reports/sheet.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const hr_verdict_names[HR_VERDICTS] = {
    [HR_REFUTED_BY_ARITHMETIC] = "refuted by arithmetic",
    [HR_REFUTED_BY_MEASUREMENT] = "refuted by measurement",
    [HR_CONTRADICTS] = "contradicts",
    [HR_SHORT_HERE] = "short here",
    [HR_VALIDATED] = "validated",
    [HR_MET_HERE] = "met here",
    [HR_NOT_TESTABLE_HERE] = "not testable here",
    [HR_UNDEFINED] = "undefined",
    [HR_EXTERNAL] = "external",
    [HR_CONFIGURATION] = "configuration",
};

enum hr_claim_verdict hr_verdict_of(const json_t *judged)
{
    const char *name = hr_view_text(judged, "verdict");
    int verdict = 0;

    while (verdict < HR_VERDICTS && strcmp(hr_verdict_names[verdict], name) != 0) {
        verdict++;
    }
    return (enum hr_claim_verdict)verdict;
}

#define REASON_BYTES 2000

/* A reason, built sentence by sentence; what does not fit is left out. */
struct reason {
    char text[REASON_BYTES];
    size_t at;
};

static void say(struct reason *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(struct reason *r, const char *format, ...)
{
    va_list args;
    int length;

    va_start(args, format);
    length = vsnprintf(r->text + r->at, sizeof(r->text) - r->at, format, args);
    va_end(args);
    r->at += length < 0 ? 0 : (size_t)length;
    r->at = r->at < sizeof(r->text) ? r->at : sizeof(r->text) - 1;
}

/* ---- arithmetic ------------------------------------------------------------------------- */

static bool uses_bytes(const struct hr_comparison *c)
{
    return c->right.bytes;
}

static int trimmed(const char *text, int length)
{
    while (length > 0 && text[length - 1] == ' ') {
        length--;
    }
    return length;
}

/* A name that is a whole side is told with that side. */
static bool is_told(const struct hr_quantity *name, const struct hr_quantity *side)
{
    return name->value == side->value && hr_quantity_same_kind(name, side);
}

/* "value * order_bytes <= port: 12.48 Gb/s against 10 Gb/s, with value = 26 M orders/s, …" */
static void say_comparison(struct reason *r, const char *formula,
                           const struct hr_formula_result *result, int at)
{
    const struct hr_comparison *c = &result->comparison[at];
    int end = at + 1 < result->comparisons ? result->comparison[at + 1].name_first : result->names;
    bool first = true;

    say(r, "%.*s%s: %s against %s", trimmed(formula + c->first, c->length), formula + c->first,
        c->holds ? "" : " does not hold", hr_quantity_text(&c->left, uses_bytes(c)).text,
        hr_quantity_text(&c->right, uses_bytes(c)).text);
    for (int i = c->name_first; i < end; i++) {
        const struct hr_quantity *value = &result->name[i].value;
        bool told = is_told(value, &c->left) || is_told(value, &c->right);

        for (int k = c->name_first; k < i; k++) {
            told = told || strcmp(result->name[k].name, result->name[i].name) == 0;
        }
        if (!told) {
            say(r, "%s%s = %s", first ? ", with " : ", ", result->name[i].name,
                hr_quantity_text(value, value->bytes).text);
            first = false;
        }
    }
}

static json_t *comparison_json(const struct hr_claims *claims, const char *formula,
                               const struct hr_formula_result *result, int at)
{
    const struct hr_comparison *c = &result->comparison[at];
    int end = at + 1 < result->comparisons ? result->comparison[at + 1].name_first : result->names;
    json_t *names = json_object();

    for (int i = c->name_first; i < end; i++) {
        const char *name = result->name[i].name, *source = NULL;

        for (size_t k = 0; !hr_claims_find(claims, name) && k < claims->fact_count; k++) {
            if (strcmp(claims->facts[k].entry.id, name) == 0) {
                source = claims->facts[k].source.text;
            }
        }
        json_object_set_new(
            names, name,
            json_pack(
                "{s:o, s:o}", "value",
                hr_sheet_string(
                    hr_quantity_text(&result->name[i].value, result->name[i].value.bytes).text),
                "source",
                source
                    ? hr_sheet_string(source)
                    : json_string(strcmp(name, "value") == 0 ? HR_THIS_CLAIM : HR_ANOTHER_CLAIM)));
    }
    return json_pack(
        "{s:o, s:b, s:o, s:o, s:o}", "formula",
        json_stringn(formula + c->first, (size_t)trimmed(formula + c->first, c->length)), "holds",
        c->holds, "left", hr_sheet_string(hr_quantity_text(&c->left, uses_bytes(c)).text), "right",
        hr_sheet_string(hr_quantity_text(&c->right, uses_bytes(c)).text), "names", names);
}

/* Evaluates a claim's formula into `list`; *failed is the first comparison that does not hold, or
 * -1. */
static int check(const struct hr_claims *claims, const struct hr_claim *claim,
                 const struct hr_words *words, struct hr_formula_result *result, json_t *list,
                 int *failed)
{
    struct hr_claim_names context = {claims, claim, false};
    struct hr_formula_names names = hr_claim_names(&context);
    int rc;

    *failed = -1;
    result->comparisons = 0;
    if (!words->text) {
        return 0;
    }
    rc = hr_formula_evaluate(words->text, &names, result);
    if (rc) {
        return hr_words_context(rc, claim->entry.file, words, result->at);
    }
    for (int i = 0; i < result->comparisons; i++) {
        json_array_append_new(list, comparison_json(claims, words->text, result, i));
        *failed = *failed < 0 && !result->comparison[i].holds ? i : *failed;
    }
    return 0;
}

static void say_what_holds(struct reason *r, const char *formula,
                           const struct hr_formula_result *result)
{
    for (int i = 0; i < result->comparisons; i++) {
        say(r, "%s", i ? "; " : "; arithmetic agrees: ");
        say_comparison(r, formula, result, i);
    }
}

/* ---- measured --------------------------------------------------------------------------- */

enum outcome { HOLDS, FAILS, BETWEEN };

/* The whole interval must lie on one side of what is claimed, less so much of it. */
static enum outcome outcome_within(const struct hr_claim *c, const struct hr_evidence *m,
                                   double slack)
{
    double low = fmin(m->low.value, m->high.value), high = fmax(m->low.value, m->high.value);
    double least = c->amount.value * (1 - slack), most = c->amount.value * (1 + slack);

    switch (c->way) {
    case HR_AT_LEAST:
        return low >= least ? HOLDS : high < least ? FAILS : BETWEEN;
    case HR_AT_MOST:
        return high <= most ? HOLDS : low > most ? FAILS : BETWEEN;
    default:
        return low >= least && high <= most ? HOLDS : high < least || low > most ? FAILS : BETWEEN;
    }
}

static enum outcome outcome_of(const struct hr_claim *c, const struct hr_evidence *m)
{
    return outcome_within(c, m, c->slack);
}

/* How many times short; below 1 it is met. */
static double gap_of(const struct hr_claim *c, const struct hr_evidence *m)
{
    double up = c->amount.value / m->estimate.value;

    return c->way == HR_AT_LEAST || (c->way == HR_ABOUT && up >= 1) ? up : 1 / up;
}

/* "AMD EPYC, 2 cores": the first two facts of the host's line. */
static int host_length(const char *line)
{
    size_t length = strcspn(line, ",");

    return (int)(line[length] ? length + 1 + strcspn(line + length + 1, ",") : length);
}

static const char *hardware_says(const struct hr_claims *claims, const struct hr_claim *c)
{
    return c->hardware.text ? hr_hardware_find(claims, c->hardware.text)->says.text : "any machine";
}

static void say_measured(struct reason *r, const struct hr_claim *c, const struct hr_evidence *m)
{
    bool bytes = c->amount.bytes;

    say(r, "%s measured", hr_quantity_text(&m->estimate, bytes).text);
    if (m->few_runs == 1) {
        say(r, " in one run");
    } else if (m->low.value != m->high.value) {
        say(r, " (%s to %s", hr_quantity_text(&m->low, bytes).text,
            hr_quantity_text(&m->high, bytes).text);
        if (m->few_runs) {
            say(r, ", least to most of %d runs", m->few_runs);
        }
        say(r, ")");
    }
    say(r, " against %s %s claimed",
        c->way == HR_AT_LEAST  ? "at least"
        : c->way == HR_AT_MOST ? "at most"
                               : "about",
        hr_quantity_text(&c->amount, bytes).text);
    if (outcome_of(c, m) != outcome_within(c, m, 0)) {
        say(r, ", held to within %.3g %% of it", c->slack * 100);
    }
    say(r, ", %s of %s", m->field, m->id);
}

static void say_gap(struct reason *r, const struct hr_claim *c, const struct hr_evidence *m)
{
    double gap = gap_of(c, m);

    if (isfinite(gap)) {
        say(r, "; %.3g times %s", gap,
            c->way == HR_AT_MOST || (c->way == HR_ABOUT && m->estimate.value > c->amount.value)
                ? "over"
                : "short");
    }
    if (c->way == HR_AT_LEAST && m->ceiling.value > 0 && m->of_ceiling > 0) {
        struct hr_quantity needed = m->ceiling;

        needed.value = c->amount.value / m->of_ceiling;
        say(r,
            "; the ceiling here is %s (%s), of which %.0f %% was reached: a machine of this kind "
            "would need a ceiling of %s",
            hr_quantity_text(&m->ceiling, false).text, m->ceiling_name, m->of_ceiling * 100,
            hr_quantity_text(&needed, false).text);
    }
}

static void say_where(struct reason *r, const struct hr_claims *claims, const struct hr_claim *c,
                      const struct hr_evidence *m)
{
    const char *line = hr_view_text(json_object_get(m->record, "host"), "line");

    say(r, "; measured on %.*s", host_length(line), line);
    if (!m->on_stated) {
        say(r, ", stated for %s: %s", hardware_says(claims, c), m->why);
    }
}

static json_t *measured_json(const struct hr_claim *c, const struct hr_evidence *m)
{
    struct hr_quantity one = c->amount;
    double in_unit = one.bytes ? pow(8, one.power[HR_DIM_BIT]) : 1;

    if (!m->record) {
        return json_null();
    }
    return json_pack(
        "{s:o, s:o, s:f, s:f, s:f, s:o, s:o, s:b, s:o}", "case", hr_sheet_string(m->id), "field",
        hr_sheet_string(m->field), "estimate", m->estimate.value / in_unit, "low",
        m->low.value / in_unit, "high", m->high.value / in_unit, "unit",
        hr_sheet_string(hr_quantity_unit(&c->amount, c->amount.bytes).text), "fingerprint",
        hr_sheet_string(hr_view_text(json_object_get(m->record, "host"), "fingerprint")),
        "stated_hardware", m->on_stated, "gap",
        isfinite(gap_of(c, m)) ? json_real(gap_of(c, m)) : json_null());
}

/* A fact about a machine says nothing about another machine. */
static bool tells(const struct hr_claim *c, const struct hr_evidence *m)
{
    return m->record && (m->on_stated || strncmp(c->cases.text, "host/", 5) != 0);
}

static void say_note(struct reason *r, const struct hr_claim *c)
{
    if (c->note.text) {
        say(r, "; %s", c->note.text);
    }
}

static enum hr_claim_verdict judge_measured(const struct hr_claims *claims,
                                            const struct hr_claim *c, const struct hr_evidence *m,
                                            struct reason *r)
{
    enum outcome outcome = outcome_of(c, m);

    say_measured(r, c, m);
    if (outcome == FAILS) {
        say_gap(r, c, m);
    } else if (outcome == BETWEEN) {
        say(r, "; the claim lies between them, more runs would tell");
    }
    say_where(r, claims, c, m);
    return outcome == BETWEEN ? HR_NOT_TESTABLE_HERE
           : outcome == HOLDS ? m->on_stated ? HR_VALIDATED : HR_MET_HERE
           : m->on_stated     ? HR_REFUTED_BY_MEASUREMENT
                              : HR_SHORT_HERE;
}

/* ---- the verdict ------------------------------------------------------------------------ */

static enum hr_claim_verdict judge_rest(const struct hr_claims *claims, const struct hr_claim *c,
                                        const struct hr_evidence *m, struct reason *r)
{
    static const enum hr_claim_verdict verdicts[] = {HR_NOT_TESTABLE_HERE, HR_CONFIGURATION,
                                                     HR_EXTERNAL, HR_UNDEFINED};

    if (c->note.text) {
        say(r, "%s", c->note.text);
    }
    if (c->meant == HR_CLAIM_MEASURED) {
        if (m->record) {
            say(r, "%sa fact about %s, not about the machine of this result", r->at ? "; " : "",
                hardware_says(claims, c));
        } else if (*m->why) {
            say(r, "%s%s", r->at ? "; " : "", m->why);
        }
        if (c->needs.text || c->hardware.text) {
            say(r, "%sneeds %s%s%s", r->at ? "; " : "",
                c->hardware.text ? hardware_says(claims, c) : "",
                c->hardware.text && c->needs.text ? ", and " : "",
                c->needs.text ? c->needs.text : "");
        }
    }
    if (r->at == 0) {
        say(r, c->meant == HR_CLAIM_CONFIGURATION ? "a setting of theirs, no figure"
               : c->meant == HR_CLAIM_EXTERNAL    ? "a figure of a third party"
               : c->meant == HR_CLAIM_UNDEFINED   ? "unit or workload is not stated"
                                                  : "nothing here measures it");
    }
    return verdicts[c->meant];
}

/* The first other claim named in a comparison. */
static const struct hr_claim *other_claim(const struct hr_claims *claims,
                                          const struct hr_formula_result *result, int at)
{
    const struct hr_claim *other = NULL;

    for (int i = result->comparison[at].name_first; !other && i < result->names; i++) {
        other = hr_claims_find(claims, result->name[i].name);
    }
    return other;
}

struct checks {
    struct hr_formula_result must, agrees;
    int must_failed, agrees_failed;
    json_t *list;
};

static enum hr_claim_verdict judge_one(const struct hr_claims *claims, const struct hr_claim *c,
                                       const struct hr_evidence *m, const struct checks *checks,
                                       struct reason *r)
{
    enum hr_claim_verdict verdict;

    if (checks->must_failed >= 0) {
        say_comparison(r, c->must.text, &checks->must, checks->must_failed);
        say_note(r, c);
        if (tells(c, m) && m->on_stated && outcome_of(c, m) == HOLDS) {
            say(r,
                "; yet it was measured on that very hardware, so a fact or the formula is wrong: ");
            say_measured(r, c, m);
        }
        return HR_REFUTED_BY_ARITHMETIC;
    }
    if (checks->agrees_failed >= 0 && !(tells(c, m) && m->on_stated)) {
        const struct hr_claim *other = other_claim(claims, &checks->agrees, checks->agrees_failed);

        say(r, "contradicts claim %s: ", other ? other->entry.id : "");
        say_comparison(r, c->agrees.text, &checks->agrees, checks->agrees_failed);
        say_note(r, c);
        if (tells(c, m)) {
            say(r, "; ");
            (void)judge_measured(claims, c, m, r);
        }
        return HR_CONTRADICTS;
    }
    if (c->meant == HR_CLAIM_MEASURED && tells(c, m)) {
        verdict = judge_measured(claims, c, m, r);
        say_note(r, c);
    } else {
        verdict = judge_rest(claims, c, m, r);
    }
    say_what_holds(r, c->must.text, &checks->must);
    return verdict;
}

/* A share is shown as it was written. */
static bool is_percent(const struct hr_claim *c)
{
    size_t length = strlen(c->value.text);

    return length > 0 && c->value.text[length - 1] == '%';
}

static json_t *judged_json(const struct hr_claim *c, enum hr_claim_verdict verdict,
                           const char *reason, const struct hr_evidence *m, json_t *checks)
{
    json_t *judged = json_pack(
        "{s:s, s:o, s:o, s:o, s:s, s:o}", "id", c->entry.id, "text", hr_sheet_string(c->claim.text),
        "document", hr_sheet_string(c->document), "value",
        hr_sheet_string(is_percent(c) ? c->value.text
                                      : hr_quantity_text(&c->amount, c->amount.bytes).text),
        "verdict", hr_verdict_names[verdict], "reason", hr_sheet_string(reason));

    json_object_set_new(judged, "at", hr_sheet_string(c->at.text ? c->at.text : ""));
    json_object_set_new(judged, "hardware",
                        c->hardware.text ? hr_sheet_string(c->hardware.text) : json_null());
    json_object_set_new(judged, "measured", measured_json(c, m));
    json_object_set_new(judged, "checks", checks);
    return judged;
}

json_t *hr_claims_judge(const struct hr_claims *claims, const json_t *const *records, int count)
{
    json_t *list = json_array();

    for (size_t i = 0; i < claims->claim_count; i++) {
        const struct hr_claim *c = &claims->claims[i];
        struct checks *checks = calloc(1, sizeof(*checks));
        struct hr_evidence measured;
        struct reason reason = {"", 0};
        enum hr_claim_verdict verdict;
        int rc = checks ? 0 : hr_fail(ENOMEM, "out of memory");

        if (checks) {
            checks->list = json_array();
            rc = check(claims, c, &c->must, &checks->must, checks->list, &checks->must_failed);
            rc = rc ? rc
                    : check(claims, c, &c->agrees, &checks->agrees, checks->list,
                            &checks->agrees_failed);
        }
        if (rc) {
            json_decref(checks ? checks->list : NULL);
            free(checks);
            json_decref(list);
            return NULL;
        }
        hr_claim_measured(claims, c, records, count, &measured);
        verdict = judge_one(claims, c, &measured, checks, &reason);
        json_array_append_new(list, judged_json(c, verdict, reason.text, &measured, checks->list));
        free(checks);
    }
    return list;
}

int hr_report_judge(const json_t *record, const char *const *files, int count, json_t **judged)
{
    struct hr_claims *claims;
    int rc = hr_claims_load(&claims, files, count);

    if (rc == -ENOENT && !files) {
        hr_error_clear();
        *judged = json_array();
        return 0;
    }
    if (rc == 0) {
        *judged = hr_claims_judge(claims, &record, record ? 1 : 0);
        rc = *judged ? 0 : -EINVAL;
    }
    hr_claims_free(claims);
    return rc;
}
