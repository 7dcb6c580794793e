/* claims_check.c - are claims, facts and hardware sound before anything is judged by them? Every
 * formula is evaluated once, whether or not it will decide anything. */
#include "harness/error.h"
#include "harness/nearest.h"
#include "reports/claims.h"
#include "reports/claims_words.h"
#include "reports/formula.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* A plain quantity, no comparison. */
static int take_quantity(const struct hr_claims *claims, const char *file,
                         const struct hr_words *words, struct hr_quantity *amount)
{
    struct hr_claim_names context = {claims, NULL, true};
    struct hr_formula_names names = hr_claim_names(&context);
    struct hr_formula_result result;
    int rc = hr_formula_evaluate(words->text, &names, &result);

    if (rc) {
        return hr_words_context(rc, file, words, result.at);
    }
    if (result.comparisons) {
        return fail_words(file, words, "a quantity is meant, not a comparison");
    }
    *amount = result.value;
    return 0;
}

/* A word of a short list; `of` is where the number of it goes. */
static int take_word(const char *file, const struct hr_words *words, const char *const *choices,
                     int count, int *of)
{
    char list[120] = "";

    for (int i = 0; i < count; i++) {
        size_t at = strlen(list);

        if (strcmp(words->text, choices[i]) == 0) {
            *of = i;
            return 0;
        }
        snprintf(list + at, sizeof(list) - at, "%s%s", i ? ", " : "", choices[i]);
    }
    return fail_words(file, words, "'%s' is none of %s", hr_plain(words->text).text, list);
}

static int check_hardware_name(const struct hr_claims *claims, const struct hr_claim *c)
{
    struct hr_nearest near = {.word = c->hardware.text};

    if (hr_hardware_find(claims, c->hardware.text)) {
        return 0;
    }
    for (size_t i = 0; i < claims->hardware_count; i++) {
        hr_nearest_offer(&near, claims->hardware[i].entry.id);
    }
    if (hr_nearest_name(&near)) {
        return fail_words(c->entry.file, &c->hardware, "unknown hardware '%s'; did you mean %s?",
                          hr_plain(c->hardware.text).text, hr_nearest_name(&near));
    }
    return fail_words(c->entry.file, &c->hardware,
                      "unknown hardware '%s': the kinds are in configs/hardware/",
                      hr_plain(c->hardware.text).text);
}

static int check_tolerance(const struct hr_claims *claims, struct hr_claim *c)
{
    struct hr_quantity share;
    int rc = take_quantity(claims, c->entry.file, &c->tolerance, &share);

    if (rc) {
        return rc;
    }
    for (int i = 0; i < HR_DIMENSIONS; i++) {
        rc = rc ? rc : share.power[i];
    }
    if (rc || share.value < 0 || share.value >= 1) {
        return fail_words(c->entry.file, &c->tolerance,
                          "a tolerance is a share, from 0 %% to below 100 %%");
    }
    c->slack = share.value;
    return 0;
}

/* What a case was run with is not known yet: any name may be one of its settings. */
static int any_name(void *context, const char *name, struct hr_quantity *value)
{
    (void)context;
    (void)name;
    *value = (struct hr_quantity){.value = 1};
    return 0;
}

static int check_where(const struct hr_claim *c)
{
    const struct hr_formula_names names = {any_name, NULL};
    struct hr_formula_result result;
    int rc = hr_formula_evaluate(c->where.text, &names, &result);

    if (rc) {
        return hr_words_context(rc, c->entry.file, &c->where, result.at);
    }
    return result.comparisons && c->cases.text
               ? 0
               : fail_words(c->entry.file, &c->where,
                            "`where` compares what a case was run with, such as markets >= 5e6");
}

static int check_claim(const struct hr_claims *claims, struct hr_claim *c)
{
    static const char *const kinds[] = {"measured", "configuration", "external", "undefined"};
    static const char *const ways[] = {"at_least", "at_most", "about"};
    const char *file = c->entry.file;
    int rc = take_quantity(claims, file, &c->value, &c->amount), word = 0;

    if (rc == 0 && c->kind.text) {
        rc = take_word(file, &c->kind, kinds, 4, &word);
        c->meant = (enum hr_claim_kind)word;
    }
    word = HR_AT_LEAST;
    if (rc == 0 && c->direction.text) {
        rc = take_word(file, &c->direction, ways, 3, &word);
    }
    c->way = (enum hr_claim_direction)word;
    c->slack = 0.05;
    if (rc == 0 && c->tolerance.text) {
        rc = check_tolerance(claims, c);
    }
    if (rc == 0 && c->hardware.text) {
        rc = check_hardware_name(claims, c);
    }
    if (rc == 0 && !c->cases.text != !c->field.text) {
        rc = fail_words(file, c->cases.text ? &c->cases : &c->field,
                        "case and field go together: which cases, and which of their figures");
    }
    return rc == 0 && c->where.text ? check_where(c) : rc;
}

/* Facts in order: each may use those before it. */
static int check_facts(struct hr_claims *claims)
{
    size_t count = claims->fact_count;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < count; i++) {
        struct hr_named_fact *fact = &claims->facts[i];

        claims->fact_count = i;
        rc = take_quantity(claims, fact->entry.file, &fact->value, &fact->amount);
    }
    claims->fact_count = count;
    return rc;
}

static int take_least(const struct hr_claims *claims, const struct hr_hardware *h,
                      const struct hr_words *words, const char *unit, struct hr_quantity *least)
{
    struct hr_quantity one;
    int rc = words->text ? take_quantity(claims, h->entry.file, words, least) : 0;

    if (rc || !words->text) {
        return rc;
    }
    return hr_unit_parse(unit, strlen(unit), &one) && hr_quantity_same_kind(least, &one)
               ? 0
               : fail_words(h->entry.file, words, "give it in %s", unit);
}

static int check_hardware(const struct hr_claims *claims, struct hr_hardware *h)
{
    int rc;

    if (!h->cpu.text && !h->gpu.text && !h->machine.text && !h->system.text && !h->memory.text &&
        !h->network.text && !h->processors.text) {
        return hr_fail(EINVAL,
                       "%s:%d:1: hardware %s has no condition; give cpu, gpu, machine, system, "
                       "memory, network or processors",
                       h->entry.file, h->entry.line, h->entry.id);
    }
    rc = take_least(claims, h, &h->memory, "GB", &h->memory_least);
    rc = rc ? rc : take_least(claims, h, &h->network, "Gb/s", &h->network_least);
    return rc ? rc : take_least(claims, h, &h->processors, "cores", &h->processors_least);
}

/* Formulas must be sound whether or not they will decide anything. */
static int check_formula(const struct hr_claims *claims, const struct hr_claim *c,
                         const struct hr_words *words, bool names_a_claim)
{
    struct hr_claim_names context = {claims, c, false};
    struct hr_formula_names names = hr_claim_names(&context);
    struct hr_formula_result result;
    int rc = hr_formula_evaluate(words->text, &names, &result);
    bool named = false;

    if (rc) {
        return hr_words_context(rc, c->entry.file, words, result.at);
    }
    if (result.comparisons == 0) {
        return fail_words(c->entry.file, words, "a comparison is meant, such as value <= 10 Gb/s");
    }
    for (int i = 0; i < result.names; i++) {
        named = named || hr_claims_find(claims, result.name[i].name);
    }
    return named || !names_a_claim ? 0
                                   : fail_words(c->entry.file, words,
                                                "`agrees` compares with another claim by its name");
}

int hr_claims_check(struct hr_claims *claims)
{
    int rc = hr_claims_check_entries(claims);
    rc = rc ? rc : check_facts(claims);
    for (size_t i = 0; rc == 0 && i < claims->hardware_count; i++) {
        rc = check_hardware(claims, &claims->hardware[i]);
    }
    for (size_t i = 0; rc == 0 && i < claims->claim_count; i++) {
        rc = check_claim(claims, &claims->claims[i]);
    }
    for (size_t i = 0; rc == 0 && i < claims->claim_count; i++) {
        const struct hr_claim *c = &claims->claims[i];

        rc = c->must.text ? check_formula(claims, c, &c->must, false) : 0;
        rc = rc == 0 && c->agrees.text ? check_formula(claims, c, &c->agrees, true) : rc;
    }
    return rc;
}
