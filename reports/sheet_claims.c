/*
 * sheet_claims.c - the judged claims, grouped by verdict, each with the reason that a reader can
 * check. What was refuted stands first.
 */
#include "reports/claims.h"
#include "reports/record_view.h"
#include "reports/sheet.h"

#include <stdio.h>
#include <string.h>

static size_t count_of(const json_t *judged, enum hr_claim_verdict verdict)
{
    const json_t *claim;
    size_t i, count = 0;

    json_array_foreach (judged, i, claim) {
        count += hr_verdict_of(claim) == verdict;
    }
    return count;
}

static void add_counts(json_t *sheet, const json_t *judged)
{
    char line[600];
    size_t at = 0;

    at += (size_t)snprintf(line, sizeof(line), "%zu claim%s", json_array_size(judged),
                           json_array_size(judged) == 1 ? "" : "s");
    for (int v = 0; v < HR_VERDICTS; v++) {
        size_t count = count_of(judged, (enum hr_claim_verdict)v);

        if (count) {
            at += (size_t)snprintf(line + at, sizeof(line) - at, "%s%zu %s",
                                   strchr(line, ':') ? ", " : ": ", count,
                                   v == HR_CONTRADICTS ? "contradict others" : hr_verdict_names[v]);
        }
    }
    hr_sheet_say(sheet, "text", "%s.", line);
}

/* Claims of one's own stand in no document. */
static bool any_place(const json_t *judged)
{
    const json_t *claim;
    size_t i;

    json_array_foreach (judged, i, claim) {
        if (*hr_view_text(claim, "document") || *hr_view_text(claim, "at")) {
            return true;
        }
    }
    return false;
}

/* The row's status, id and reason are told under it, as those of any row that did not pass. */
static void add_claim(json_t *table, const json_t *claim, bool place)
{
    json_t *of =
        json_pack("{s:O, s:O, s:O}", "status", json_object_get(claim, "verdict"), "id",
                  json_object_get(claim, "id"), "reason", json_object_get(claim, "reason"));
    json_t *row = hr_table_row(table, of);
    const char *document = hr_view_text(claim, "document"), *at = hr_view_text(claim, "at");
    char where[80];

    snprintf(where, sizeof(where), "%.40s%s%.*s", document, *document && *at ? ":" : "",
             (int)strcspn(at, "/ "), at);
    hr_row_cell(row, hr_view_text(claim, "id"), NULL);
    hr_row_cell(row, hr_view_text(claim, "text"), NULL);
    hr_row_cell(row, hr_view_text(claim, "value"), NULL);
    if (place) {
        hr_row_cell(row, where, NULL);
    }
    json_decref(of);
}

static void add_verdict(json_t *sheet, const json_t *judged, enum hr_claim_verdict verdict,
                        bool fold)
{
    size_t count = count_of(judged, verdict), i;
    const bool place = any_place(judged);
    const json_t *claim;
    json_t *table;
    char title[80];

    if (count == 0) {
        return;
    }
    snprintf(title, sizeof(title), "%c%s (%zu)", hr_verdict_names[verdict][0] - 'a' + 'A',
             hr_verdict_names[verdict] + 1, count);
    table = hr_sheet_table(sheet, title, fold ? title : NULL);
    hr_table_column(table, "Claim", HR_LEFT);
    hr_table_column(table, "Says", HR_LEFT);
    hr_table_column(table, "Value", HR_RIGHT);
    if (place) {
        hr_table_column(table, "Where", HR_LEFT);
    }
    json_array_foreach (judged, i, claim) {
        if (hr_verdict_of(claim) == verdict) {
            add_claim(table, claim, place);
        }
    }
}

/* The facts that the arithmetic of these claims uses, by name; each once. New reference. */
static json_t *facts_of(const json_t *judged)
{
    json_t *facts = json_object(), *names, *fact;
    const json_t *claim, *check;
    const char *name;
    size_t i, k;

    json_array_foreach (judged, i, claim) {
        json_array_foreach (json_object_get(claim, "checks"), k, check) {
            names = json_object_get(check, "names");
            json_object_foreach (names, name, fact) {
                if (!hr_view_is(fact, "source", HR_THIS_CLAIM) &&
                    !hr_view_is(fact, "source", HR_ANOTHER_CLAIM)) {
                    json_object_set(facts, name, fact);
                }
            }
        }
    }
    return facts;
}

/* Who says so: without it nobody could check a reason. */
static void add_facts(json_t *sheet, const json_t *judged, bool fold)
{
    json_t *facts = facts_of(judged), *table, *fact;
    const char *name;
    char title[80];

    if (json_object_size(facts) > 0) {
        snprintf(title, sizeof(title), "Facts that this arithmetic uses (%zu)",
                 json_object_size(facts));
        table = hr_sheet_table(sheet, title, fold ? title : NULL);
        hr_table_column(table, "Fact", HR_LEFT);
        hr_table_column(table, "Value", HR_RIGHT);
        hr_table_column(table, "Source", HR_LEFT);
        json_object_foreach (facts, name, fact) {
            json_t *row = hr_table_row(table, NULL);

            hr_row_cell(row, name, NULL);
            hr_row_cell(row, hr_view_text(fact, "value"), NULL);
            hr_row_cell(row, hr_view_text(fact, "source"), NULL);
        }
    }
    json_decref(facts);
}

void hr_sheet_claims(json_t *sheet, const json_t *judged, bool fold)
{
    add_counts(sheet, judged);
    for (int v = 0; v < HR_VERDICTS; v++) {
        add_verdict(sheet, judged, (enum hr_claim_verdict)v, fold);
    }
    add_facts(sheet, judged, fold);
}

void hr_section_claims(json_t *sheet, const json_t *record)
{
    const json_t *judged = json_object_get(record, "claims");

    hr_sheet_heading(sheet, "claims", "Claims");
    if (json_array_size(judged) == 0) {
        hr_sheet_say(sheet, "note", "None was judged; `headroom claims RESULT.json` does it.");
        return;
    }
    /* A whole registry is folded away, a few claims of one's own are shown. */
    hr_sheet_claims(sheet, judged, json_array_size(judged) > 20);
}
