/*
 * plan_money.c - what does a machine cost a month, and what does a budget buy? Purchase is spread
 * evenly over the horizon; energy is power around the clock; what is not known is left out, named,
 * and makes the sum a "not less than". Restricted money pays for its vendor's parts only, and
 * first.
 */
#include "harness/record.h"
#include "reports/catalog.h"
#include "reports/figure_text.h"
#include "reports/plan.h"
#include "reports/record_view.h"
#include "reports/sheet.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

double hr_plan_convert(const struct hr_plan_terms *terms, const json_t *money)
{
    const char *currency = hr_view_text(money, "currency");
    double amount = hr_view_number(money, "amount");

    if (strcmp(currency, terms->currency) == 0) {
        return amount;
    }
    for (int i = 0; i < terms->exchanges; i++) {
        if (strcmp(currency, terms->exchange[i].currency) == 0) {
            return amount * terms->exchange[i].worth;
        }
    }
    return (double)NAN;
}

/* ---- a month ----------------------------------------------------------------------------- */

/* An amount in the plan's currency, or why not, among what is missing. NaN if there is none. */
static double amount_of(const struct hr_plan_terms *terms, const json_t *money, json_t *missing)
{
    double amount = hr_plan_convert(terms, money);
    char why[160];

    if (money && isnan(amount)) {
        snprintf(why, sizeof(why), "its price is in %s; give --exchange %s=…",
                 hr_view_text(money, "currency"), hr_view_text(money, "currency"));
        json_array_append_new(missing, json_string(why));
    }
    return amount;
}

static double energy_of(const struct hr_plan_terms *terms, double watts, bool rented,
                        json_t *missing)
{
    if (rented) {
        return (double)NAN; /* in the rent */
    }
    if (!isfinite(terms->energy_per_kwh)) {
        json_array_append_new(missing, json_string("no energy price (--energy)"));
        return (double)NAN;
    }
    if (!(watts > 0)) {
        json_array_append_new(missing, json_string("no power: neither metered nor specified"));
        return (double)NAN;
    }
    return watts / 1000 * HR_HOURS_PER_MONTH * terms->energy_per_kwh;
}

/* "3557 / 36 mo + 0.096 kW × 730 h × 0.15 = AUD 98.81 + 10.51 = 109.32" */
static void write_how(char *how, size_t bytes, const struct hr_plan_terms *terms, double price,
                      double watts, double energy, double rent)
{
    const double sums[] = {price / terms->horizon_months, energy, rent};
    char currency[8];
    double sum = 0;
    size_t at = 0;
    int parts = 0;

    snprintf(currency, sizeof(currency), "%s ", terms->currency);
    how[0] = '\0';
    if (isfinite(price)) {
        at += (size_t)snprintf(how + at, bytes - at, "%.10g / %g mo", price, terms->horizon_months);
    }
    if (isfinite(energy)) {
        at += (size_t)snprintf(how + at, bytes - at, "%s%.4g kW × %g h × %g", at ? " + " : "",
                               watts / 1000, HR_HOURS_PER_MONTH, terms->energy_per_kwh);
    }
    if (isfinite(rent)) {
        at += (size_t)snprintf(how + at, bytes - at, "%s%.10g rent", at ? " + " : "", rent);
    }
    for (int i = 0; i < 3; i++) {
        if (isfinite(sums[i])) {
            at += (size_t)snprintf(how + at, bytes - at, "%s%s%.2f", parts ? " + " : " = ",
                                   parts ? "" : currency, sums[i]);
            parts++;
            sum += sums[i];
        }
    }
    if (parts > 1) {
        snprintf(how + at, bytes - at, " = %.2f", sum);
    }
}

static double or_zero(double value)
{
    return isfinite(value) ? value : 0;
}

static void add_cost(const struct hr_plan_terms *terms, json_t *machine, double watts)
{
    const json_t *entry = json_object_get(machine, "catalog");
    json_t *missing = json_array();
    double price = amount_of(terms, json_object_get(entry, "price"), missing);
    double rent = amount_of(terms, json_object_get(entry, "rent"), missing);
    bool priced = isfinite(price) || isfinite(rent);
    double energy, month, outlay;
    char how[300];

    if (!json_is_object(entry)) {
        json_array_append_new(missing, json_string("no price: it is in no catalog"));
    } else if (!json_object_get(entry, "price") && !json_object_get(entry, "rent")) {
        json_array_append_new(missing, json_string("no price in the catalog"));
    }
    energy = energy_of(terms, watts, json_object_get(entry, "rent") != NULL, missing);
    month = priced ? or_zero(price) / terms->horizon_months + or_zero(energy) + or_zero(rent)
                   : (double)NAN;
    outlay = priced ? or_zero(price) + or_zero(rent) * terms->horizon_months : (double)NAN;
    write_how(how, sizeof(how), terms, price, watts, energy, rent);
    json_object_set_new(machine, "cost",
                        json_pack("{s:o,s:o,s:o,s:o,s:o,s:s,s:o}", "purchase", hr_json_real(price),
                                  "energy", hr_json_real(energy), "rent", hr_json_real(rent),
                                  "month", hr_json_real(month), "outlay", hr_json_real(outlay),
                                  "how", how, "missing", missing));
}

/* ---- a budget ---------------------------------------------------------------------------- */

/* What is left of each purse: restrictions first, then the money that buys anything. */
struct purse {
    double left[HR_RESTRICTIONS_MAX + 1], paid[HR_RESTRICTIONS_MAX + 1];
};

static struct purse whole_purse(const struct hr_plan_terms *terms)
{
    struct purse purse = {{0}, {0}};

    purse.left[terms->restrictions] = terms->budget;
    for (int i = 0; i < terms->restrictions; i++) {
        purse.left[i] = terms->restricted[i].amount;
        purse.left[terms->restrictions] -= terms->restricted[i].amount;
    }
    return purse;
}

/* Since restricted money goes to one vendor only, paying with it first is the best one can do. */
static bool pay(const struct hr_plan_terms *terms, struct purse *purse, const char *vendor,
                double amount)
{
    for (int i = 0; i <= terms->restrictions; i++) {
        if (i == terms->restrictions || strcmp(vendor, terms->restricted[i].vendor) == 0) {
            double part = fmin(amount, fmax(purse->left[i], 0));

            purse->left[i] -= part;
            purse->paid[i] += part;
            amount -= part;
        }
    }
    return amount < 0.005;
}

/* A machine part by part, each from its own vendor. */
static bool buy(const struct hr_plan_terms *terms, struct purse *purse, const json_t *machine)
{
    const json_t *entry = json_object_get(machine, "catalog"), *part;
    const json_t *parts = json_object_get(entry, "parts");
    double outlay = hr_view_number(json_object_get(machine, "cost"), "outlay");
    double price = hr_view_number(json_object_get(entry, "price"), "amount");
    double worth =
        price > 0 ? hr_view_number(json_object_get(machine, "cost"), "purchase") / price : 1;
    bool paid = isfinite(outlay);
    size_t i;

    if (!json_array_size(parts)) {
        return paid && pay(terms, purse, hr_view_text(entry, "vendor"), outlay);
    }
    json_array_foreach (parts, i, part) {
        const char *vendor = hr_view_text(part, "vendor");

        paid = paid && pay(terms, purse, *vendor ? vendor : hr_view_text(entry, "vendor"),
                           hr_view_number(part, "amount") * worth);
    }
    return paid;
}

static json_t *payments(const struct hr_plan_terms *terms, const struct purse *purse)
{
    json_t *list = json_array();

    for (int i = 0; i <= terms->restrictions; i++) {
        json_array_append_new(
            list, json_pack("{s:o,s:f,s:f}", "from",
                            hr_sheet_string(i < terms->restrictions ? terms->restricted[i].vendor
                                                                    : "any"),
                            "amount", purse->paid[i], "left", purse->left[i]));
    }
    return list;
}

static void add_budget(const struct hr_plan_terms *terms, json_t *machine)
{
    struct purse purse = whole_purse(terms);
    double outlay = hr_view_number(json_object_get(machine, "cost"), "outlay");
    bool fits = buy(terms, &purse, machine);

    if (!isfinite(terms->budget) || !isfinite(outlay)) {
        json_object_set_new(machine, "budget", json_null());
        return;
    }
    json_object_set_new(
        machine, "budget",
        json_pack("{s:b,s:o}", "fits", fits, "paid", fits ? payments(terms, &purse) : json_null()));
}

void hr_plan_cost(const struct hr_plan_terms *terms, json_t *machine, double measured_watts)
{
    const json_t *entry = json_object_get(machine, "catalog"), *answer;
    double specified = hr_view_number(entry, "watts"), rate = (double)NAN, month;
    double watts = measured_watts > 0 ? measured_watts : specified;
    const char *source = measured_watts > 0 ? "metered" : specified > 0 ? "specified" : "unknown";
    size_t i;

    json_array_foreach (json_object_get(machine, "answers"), i, answer) {
        if (isnan(rate) && hr_view_is(answer, "what", "rate")) {
            rate = hr_view_number(answer, "value");
        }
    }
    add_cost(terms, machine, watts);
    month = hr_view_number(json_object_get(machine, "cost"), "month");
    json_object_set_new(machine, "watts", hr_json_real(watts));
    json_object_set_new(machine, "watts_source", json_string(source));
    json_object_set_new(machine, "rate", hr_json_real(rate));
    json_object_set_new(machine, "per_watt", hr_json_real(rate / watts));
    json_object_set_new(machine, "per_money", hr_json_real(month > 0 ? rate / month : (double)NAN));
    add_budget(terms, machine);
}

/* ---- bundles ------------------------------------------------------------------------------ */

#define BUNDLE_MAX 4 /* machines in one */

struct bundles {
    const struct hr_plan_terms *terms;
    const json_t *machines[HR_BUNDLED_MAX]; /* priced, and each affordable alone */
    int count, asks;
    json_t *list;
};

static bool affordable(const struct bundles *b, const int *chosen, int size, struct purse *purse)
{
    *purse = whole_purse(b->terms);
    for (int i = 0; i < size; i++) {
        if (!buy(b->terms, purse, b->machines[chosen[i]])) {
            return false;
        }
    }
    return true;
}

/* No other machine could still be bought with what is left: a set that holds it says more. */
static bool is_largest(const struct bundles *b, const int *chosen, int size)
{
    struct purse purse;

    for (int extra = 0; extra < b->count && size < BUNDLE_MAX; extra++) {
        int with[BUNDLE_MAX];
        bool has = false;

        for (int i = 0; i < size; i++) {
            with[i] = chosen[i];
            has |= chosen[i] == extra;
        }
        with[size] = extra;
        if (!has && affordable(b, with, size + 1, &purse)) {
            return false;
        }
    }
    return true;
}

/* The requirements that at least one of its machines meets; machines do not add up here. */
static int met_by(const struct bundles *b, const int *chosen, int size, const char *status)
{
    int met = 0;

    for (int k = 0; k < b->asks; k++) {
        bool any = false;

        for (int i = 0; i < size; i++) {
            const json_t *answers = json_object_get(b->machines[chosen[i]], "answers");

            any |= hr_view_is(json_array_get(answers, (size_t)k), "status", status);
        }
        met += any;
    }
    return met;
}

static void add_bundle(struct bundles *b, const int *chosen, int size, const struct purse *purse)
{
    json_t *labels = json_array(), *names = json_array();
    double outlay = 0;

    for (int i = 0; i < size; i++) {
        const json_t *machine = b->machines[chosen[i]];

        json_array_append(labels, json_object_get(machine, "label"));
        json_array_append(names, json_object_get(machine, "name"));
        outlay += hr_view_number(json_object_get(machine, "cost"), "outlay");
    }
    json_array_append_new(
        b->list, json_pack("{s:o,s:o,s:f,s:f,s:o,s:i,s:i}", "machines", labels, "names", names,
                           "outlay", outlay, "left", b->terms->budget - outlay, "paid",
                           payments(b->terms, purse), "met", met_by(b, chosen, size, "met"), "may",
                           met_by(b, chosen, size, "may meet")));
}

static void choose(struct bundles *b, int *chosen, int size, int from)
{
    struct purse purse;

    if (size > 0) {
        if (!affordable(b, chosen, size, &purse)) {
            return;
        }
        if (is_largest(b, chosen, size)) {
            add_bundle(b, chosen, size, &purse);
        }
    }
    for (int i = from; i < b->count && size < BUNDLE_MAX; i++) {
        chosen[size] = i;
        choose(b, chosen, size + 1, i + 1);
    }
}

static int compare_bundles(const void *a, const void *b)
{
    const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
    double met = hr_view_number(y, "met") - hr_view_number(x, "met");
    double may = hr_view_number(y, "may") - hr_view_number(x, "may");
    double left = hr_view_number(y, "left") - hr_view_number(x, "left");

    return met != 0   ? (met > 0) - (met < 0)
           : may != 0 ? (may > 0) - (may < 0)
                      : (left > 0) - (left < 0);
}

static json_t *sorted(json_t *list)
{
    size_t count = json_array_size(list), i;
    json_t **items = calloc(count + 1, sizeof(*items));
    json_t *order = json_array();

    for (i = 0; items && i < count; i++) {
        items[i] = json_array_get(list, i);
    }
    if (items) {
        qsort(items, count, sizeof(*items), compare_bundles);
    }
    for (i = 0; items && i < count; i++) {
        json_array_append(order, items[i]);
    }
    free(items);
    json_decref(list);
    return order;
}

json_t *hr_plan_bundles(const struct hr_plan_terms *terms, const json_t *machines)
{
    struct bundles b = {.terms = terms, .asks = terms->asks, .list = json_array()};
    const json_t *machine;
    int chosen[BUNDLE_MAX];
    size_t i;

    json_array_foreach (machines, i, machine) {
        const json_t *budget = json_object_get(machine, "budget");

        if (json_is_true(json_object_get(budget, "fits")) && b.count < HR_BUNDLED_MAX) {
            b.machines[b.count++] = machine;
        }
    }
    choose(&b, chosen, 0, 0);
    return sorted(b.list);
}
