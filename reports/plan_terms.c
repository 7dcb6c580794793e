/*
 * plan_terms.c - what is required, and what may be spent? The flags of `headroom plan`, each
 * checked where it stands and then against the others: money of two currencies is never added.
 */
#include "harness/command.h"
#include "harness/error.h"
#include "harness/nearest.h"
#include "reports/plan.h"
#include "reports/quantity.h"
#include "reports/record_view.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name, *unit;
} asks[] = {
    [HR_ASK_RATE] = {"rate", "orders/s"},     [HR_ASK_MARKETS] = {"markets", "markets"},
    [HR_ASK_MEMORY] = {"memory", "bytes"},    [HR_ASK_BANDWIDTH] = {"bandwidth", "bytes/s"},
    [HR_ASK_DECODE] = {"decode", "tokens/s"},
};
#define ASKS (int)(sizeof(asks) / sizeof(asks[0]))

const char *hr_ask_unit(enum hr_ask_what what)
{
    return asks[what].unit;
}

const char *hr_ask_name(enum hr_ask_what what)
{
    return asks[what].name;
}

/* ---- requirements ---------------------------------------------------------------------- */

static int said_twice(const char *what)
{
    return hr_fail(EINVAL, "the %s is said twice; a requirement has one", what);
}

/* p99.9<=10us */
static int take_bound(struct hr_ask *ask, const char *condition)
{
    char *end;
    double percentile = strtod(condition + 1, &end);
    uint64_t bound_ns = 0;
    int rc;

    if (ask->what != HR_ASK_RATE) {
        return hr_fail(EINVAL, "'%.40s' bounds a rate, not %s", condition, asks[ask->what].name);
    }
    if (strncmp(end, "<=", 2) != 0 || !(percentile >= 50 && percentile < 100)) {
        return hr_fail(EINVAL, "'%.40s' is no tail bound; write it like p99.9<=10us", condition);
    }
    if (!isnan(ask->percentile)) {
        return said_twice("bound");
    }
    ask->percentile = percentile;
    rc = hr_parse_time(end + 2, &bound_ns);
    ask->bound_ns = (double)bound_ns;
    return rc == 0 && bound_ns == 0 ? hr_fail(EINVAL, "no order is answered in no time") : rc;
}

static int take_depth(struct hr_ask *ask, const char *levels)
{
    int rc;

    if (ask->what != HR_ASK_MARKETS) {
        return hr_fail(EINVAL, "depth is the levels of markets, not of a %s", asks[ask->what].name);
    }
    if (!isnan(ask->depth)) {
        return said_twice("depth");
    }
    rc = hr_parse_amount(levels, &ask->depth);
    return rc == 0 && !(ask->depth >= 1) ? hr_fail(EINVAL, "a depth is one level or more") : rc;
}

static int take_name(char *kept, size_t size, const char *what, const char *name)
{
    if (*kept) {
        return said_twice(what);
    }
    if (strlen(name) >= size) {
        return hr_fail(EINVAL, "the %s has more than %zu letters", what, size - 1);
    }
    memcpy(kept, name, strlen(name) + 1);
    return 0;
}

static int take_condition(struct hr_ask *ask, const char *condition)
{
    if (condition[0] == 'p' && condition[1] >= '0' && condition[1] <= '9') {
        return take_bound(ask, condition);
    }
    if (strncmp(condition, "depth=", 6) == 0) {
        return take_depth(ask, condition + 6);
    }
    if (strncmp(condition, "model=", 6) == 0) {
        if (ask->what != HR_ASK_DECODE || !condition[6]) {
            return hr_fail(EINVAL,
                           "a model is decoded; write it like decode=15@model=llama-3.1-8b");
        }
        return take_name(ask->model, sizeof(ask->model), "model", condition + 6);
    }
    if (strncmp(condition, "path=", 5) == 0 && condition[5]) {
        return take_name(ask->path, sizeof(ask->path), "path", condition + 5);
    }
    if (strncmp(condition, "engine=", 7) == 0 && condition[7]) {
        return take_name(ask->engine, sizeof(ask->engine), "engine", condition + 7);
    }
    return hr_fail(EINVAL,
                   "'%.40s' is no condition; these are p99.9<=10us, depth=N, path=NAME and "
                   "engine=NAME (of decode: model=NAME)",
                   condition);
}

static int find_ask(const char *name, struct hr_ask *ask)
{
    struct hr_nearest near = {.word = name};

    for (int i = 0; i < ASKS; i++) {
        if (strcmp(asks[i].name, name) == 0) {
            ask->what = (enum hr_ask_what)i;
            return 0;
        }
        hr_nearest_offer(&near, asks[i].name);
    }
    if (hr_nearest_name(&near)) {
        return hr_fail(EINVAL, "'%.40s' cannot be required; did you mean %s?", name,
                       hr_nearest_name(&near));
    }
    return hr_fail(EINVAL,
                   "'%.40s' cannot be required; rate, markets, memory, bandwidth and decode can",
                   name);
}

/* NAME=VALUE[@CONDITION,…] */
static int take_ask(struct hr_ask *ask, const char *text)
{
    char copy[256], *value, *condition, *rest = NULL;
    int rc;

    *ask = (struct hr_ask){
        .text = text, .percentile = (double)NAN, .bound_ns = (double)NAN, .depth = (double)NAN};
    if (strlen(text) >= sizeof(copy)) {
        return hr_fail(EINVAL, "the requirement is too long");
    }
    memcpy(copy, text, strlen(text) + 1);
    condition = strchr(copy, '@');
    if (condition) {
        *condition++ = '\0';
    }
    value = strchr(copy, '=');
    if (!value) {
        return hr_fail(EINVAL, "'%.60s' has no value; write it like rate=1e6@p99.9<=10us", text);
    }
    *value++ = '\0';
    rc = find_ask(copy, ask);
    rc = rc                              ? rc
         : ask->what == HR_ASK_MEMORY    ? hr_parse_size(value, &ask->value)
         : ask->what == HR_ASK_BANDWIDTH ? hr_parse_bandwidth(value, &ask->value)
                                         : hr_parse_amount(value, &ask->value);
    if (rc == 0 && ask->value <= 0) {
        rc = hr_fail(EINVAL, "a requirement of 0 asks nothing");
    }
    if (rc == 0 && condition && !condition[strspn(condition, ",")]) {
        rc = hr_fail(EINVAL, "'%.60s' ends where a condition should stand", text);
    }
    for (condition = condition ? strtok_r(condition, ",", &rest) : NULL; rc == 0 && condition;
         condition = strtok_r(NULL, ",", &rest)) {
        rc = take_condition(ask, condition);
    }
    if (rc == 0 && ask->what == HR_ASK_DECODE && !ask->model[0]) {
        rc = hr_fail(EINVAL, "'%.60s' names no model; write it like decode=15@model=llama-3.1-8b",
                     text);
    }
    return rc;
}

/* ---- money ----------------------------------------------------------------------------- */

/* Money that buys from nobody is a slip of the pen. */
static int check_vendor(const json_t *catalog, const char *vendor)
{
    struct hr_nearest near = {.word = vendor};
    const json_t *entry, *part;
    size_t i, k;

    if (json_array_size(catalog) == 0) {
        return 0; /* nothing has a price, so nothing is bought */
    }
    json_array_foreach (catalog, i, entry) {
        const char *name = hr_view_text(entry, "vendor");

        if (strcmp(name, vendor) == 0) {
            return 0;
        }
        hr_nearest_offer(&near, name);
        json_array_foreach (json_object_get(entry, "parts"), k, part) {
            name = hr_view_text(part, "vendor");
            if (strcmp(name, vendor) == 0) {
                return 0;
            }
            hr_nearest_offer(&near, name);
        }
    }
    return hr_nearest_name(&near)
               ? hr_fail(EINVAL, "nothing in the catalog is sold by '%.60s'; did you mean %s?",
                         vendor, hr_nearest_name(&near))
               : hr_fail(EINVAL, "nothing in the catalog is sold by '%.60s'", vendor);
}

/* AUD 3900:vendor=Apple */
static int take_restriction(struct hr_plan_terms *terms, const json_t *catalog, const char *text)
{
    struct hr_restriction *r = &terms->restricted[terms->restrictions];
    const char *colon = strchr(text, ':');
    struct hr_money money;
    char sum[64];
    int rc;

    if (!colon || strncmp(colon, ":vendor=", 8) != 0 || !colon[8] ||
        strlen(colon + 8) >= sizeof(r->vendor)) {
        return hr_fail(EINVAL, "'%.60s' is no restriction; write it like AUD 3900:vendor=Apple",
                       text);
    }
    snprintf(sum, sizeof(sum), "%.*s", (int)(colon - text), text);
    rc = hr_parse_money(sum, 0, &money);
    if (rc) {
        return rc;
    }
    if (strcmp(money.currency, terms->currency) != 0) {
        return hr_fail(EINVAL, "'%.60s' is in %s, the budget in %s; write both in one", text,
                       money.currency, terms->currency);
    }
    r->amount = money.amount;
    snprintf(r->vendor, sizeof(r->vendor), "%s", colon + 8);
    terms->restrictions++;
    return check_vendor(catalog, r->vendor);
}

static int take_restrictions(struct hr_plan_terms *terms, const struct hr_plan_flags *flags,
                             const json_t *catalog)
{
    double sum = 0;
    int rc = 0;

    if (flags->restricts && !flags->budget) {
        return hr_fail(EINVAL, "--restrict names a part of a budget; give --budget too");
    }
    if (flags->restricts > HR_RESTRICTIONS_MAX) {
        return hr_fail(EINVAL, "--restrict: %d at most", HR_RESTRICTIONS_MAX);
    }
    for (int i = 0; rc == 0 && i < flags->restricts; i++) {
        rc = take_restriction(terms, catalog, flags->restrict_to[i]);
        rc = rc ? hr_context(rc, "--restrict") : 0;
        sum += rc ? 0 : terms->restricted[i].amount;
    }
    if (rc == 0 && sum > terms->budget + 0.005) {
        rc = hr_fail(EINVAL,
                     "--restrict: %s %.15g in all is more than the budget of %.15g, of which it is "
                     "a part",
                     terms->currency, sum, terms->budget);
    }
    return rc;
}

static int take_exchange(struct hr_plan_terms *terms, const char *text)
{
    struct hr_exchange *e = &terms->exchange[terms->exchanges];
    double worth;

    if (strlen(text) < 5 || text[3] != '=' || strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 3) {
        return hr_fail(EINVAL,
                       "'%.60s' is no exchange; write it like USD=1.52: what one is worth in "
                       "the plan's currency",
                       text);
    }
    if (hr_parse_amount(text + 4, &worth) || worth <= 0) {
        return hr_fail(EINVAL, "'%.60s': what one is worth must be a number above 0", text);
    }
    memcpy(e->currency, text, 3);
    e->currency[3] = '\0';
    if (strcmp(e->currency, terms->currency) == 0) {
        return hr_fail(EINVAL, "'%.60s': %s is the plan's own currency; name another", text,
                       e->currency);
    }
    for (int i = 0; i < terms->exchanges; i++) {
        if (strcmp(terms->exchange[i].currency, e->currency) == 0) {
            return hr_fail(EINVAL, "'%.60s': %s is said twice", text, e->currency);
        }
    }
    e->worth = worth;
    terms->exchanges++;
    return 0;
}

/* The first currency of the catalog, where no flag names one. */
static void adopt_currency(struct hr_plan_terms *terms, const json_t *catalog)
{
    const json_t *entry;
    size_t i;

    json_array_foreach (catalog, i, entry) {
        const json_t *price = json_object_get(entry, "price");

        if (!terms->currency[0] && (price || json_object_get(entry, "rent"))) {
            snprintf(terms->currency, sizeof(terms->currency), "%s",
                     hr_view_text(price ? price : json_object_get(entry, "rent"), "currency"));
        }
    }
}

static int take_energy(struct hr_plan_terms *terms, const char *text)
{
    struct hr_money money;
    json_t *json;
    int rc = hr_parse_money_per(text, "kWh", &money);

    if (rc) {
        return rc;
    }
    if (!money.currency[0]) {
        terms->energy_per_kwh = money.amount;
        return 0;
    }
    json = json_pack("{s:f,s:s}", "amount", money.amount, "currency", money.currency);
    terms->energy_per_kwh = hr_plan_convert(terms, json);
    json_decref(json);
    return isfinite(terms->energy_per_kwh)
               ? 0
               : hr_fail(EINVAL, "'%.60s' is in %s; give --exchange %s=… too", text, money.currency,
                         money.currency);
}

static int take_share(struct hr_plan_terms *terms, const char *text)
{
    double percent;

    if (hr_parse_amount(text, &percent) || !(percent > 0 && percent <= 100)) {
        return hr_fail(EINVAL, "--memory-share: '%.40s' is no share; write it in per cent, like 90",
                       text);
    }
    terms->memory_share = percent / 100;
    return 0;
}

static int take_asks(struct hr_plan_terms *terms, const struct hr_plan_flags *flags)
{
    int rc = 0;

    if (flags->requires > HR_ASKS_MAX) {
        return hr_fail(EINVAL, "--require: %d at most", HR_ASKS_MAX);
    }
    for (int i = 0; rc == 0 && i < flags->requires; i++) {
        rc = take_ask(&terms->ask[i], flags->require[i]);
        rc = rc ? hr_context(rc, "--require") : 0;
        terms->asks++;
    }
    return rc;
}

int hr_plan_terms_parse(struct hr_plan_terms *terms, const struct hr_plan_flags *flags,
                        const json_t *catalog)
{
    struct hr_money money;
    int rc;

    *terms = (struct hr_plan_terms){.budget = (double)NAN, .energy_per_kwh = (double)NAN};
    rc = take_asks(terms, flags);
    if (rc == 0 && flags->budget) {
        rc = hr_parse_money(flags->budget, 0, &money);
        if (rc) {
            return hr_context(rc, "--budget");
        }
        terms->budget = money.amount;
        memcpy(terms->currency, money.currency, sizeof(terms->currency));
    }
    adopt_currency(terms, catalog);
    rc = rc ? rc : take_restrictions(terms, flags, catalog);
    if (rc == 0 && flags->exchanges > HR_EXCHANGES_MAX) {
        rc = hr_fail(EINVAL, "--exchange: %d at most", HR_EXCHANGES_MAX);
    }
    for (int i = 0; rc == 0 && i < flags->exchanges; i++) {
        rc = take_exchange(terms, flags->exchange[i]);
        rc = rc ? hr_context(rc, "--exchange") : 0;
    }
    if (rc == 0 && flags->energy) {
        rc = take_energy(terms, flags->energy);
        rc = rc ? hr_context(rc, "--energy") : 0;
    }
    rc = rc ? rc : take_share(terms, flags->memory_share);
    if (rc == 0) {
        rc = hr_parse_months(flags->horizon, &terms->horizon_months);
        rc = rc ? hr_context(rc, "--horizon") : 0;
    }
    return rc;
}
