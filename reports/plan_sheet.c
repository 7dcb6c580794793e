/*
 * plan_sheet.c - the plan as a page: the answer first, then the machines, the pictures, the money,
 * and the arithmetic behind each figure. Judges nothing that the plan has not judged.
 */
#include "reports/figure_text.h"
#include "reports/plan.h"
#include "reports/record_view.h"
#include "reports/sheet.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- words -------------------------------------------------------------------------------- */

static struct hr_figure amount(double value)
{
    struct hr_figure figure;

    if (isfinite(value) && value < 99.995 && value != floor(value)) {
        snprintf(figure.text, sizeof(figure.text), "%.2f", value);
        return figure;
    }
    return hr_figure_count(value);
}

static struct hr_figure money(const json_t *plan, double value)
{
    struct hr_figure figure, digits = amount(value);
    const char *currency = hr_view_text(json_object_get(plan, "terms"), "currency");

    if (!isfinite(value) || !*currency) {
        return digits;
    }
    snprintf(figure.text, sizeof(figure.text), "%s" HR_NARROW_SPACE "%.100s", currency,
             digits.text);
    return figure;
}

static const char *basis_word(const json_t *machine)
{
    const char *basis = hr_view_text(machine, "basis");

    return strcmp(basis, "constructed") == 0 ? "made up" : basis;
}

static bool is_projection(const json_t *machine)
{
    return hr_view_is(machine, "basis", "projection");
}

static struct hr_figure times(double headroom)
{
    struct hr_figure figure;

    if (isnan(headroom)) {
        return hr_figure(headroom, "");
    }
    snprintf(figure.text, sizeof(figure.text), headroom < 99.5 ? "%.3g×" : "%.0f×", headroom);
    return figure;
}

static double month_of(const json_t *machine)
{
    return hr_view_number(json_object_get(machine, "cost"), "month");
}

/* Something of the month's cost is not known: the sum is a lower bound. */
static bool is_partial(const json_t *machine)
{
    return json_array_size(json_object_get(json_object_get(machine, "cost"), "missing")) > 0;
}

/* ---- the answer -------------------------------------------------------------------------------
 */

static const json_t *best_of(const json_t *plan, const char *basis, const char *verdict)
{
    const json_t *machine;
    size_t i;

    json_array_foreach (json_object_get(plan, "machines"), i, machine) {
        if (hr_view_is(machine, "basis", basis) && hr_view_is(machine, "verdict", verdict)) {
            return machine; /* the cheapest stands first */
        }
    }
    return NULL;
}

static void write_headline(const json_t *plan, const json_t *best, char *text, size_t bytes)
{
    int at = snprintf(text, bytes, "%s %s meets what is required", hr_view_text(best, "label"),
                      hr_view_text(best, "name"));

    if (isfinite(month_of(best))) {
        at += snprintf(text + at, bytes - (size_t)at, " at %s a month",
                       money(plan, month_of(best)).text);
    }
    snprintf(text + at, bytes - (size_t)at, ", headroom %s",
             times(hr_view_number(best, "headroom")).text);
}

static void add_answer(json_t *sheet, const json_t *plan)
{
    const json_t *measured = best_of(plan, "measured", "meets");
    const json_t *made_up = best_of(plan, "constructed", "meets");
    const char *status = measured ? "meets" : made_up ? "made up" : "short";
    char line[500] = "No measured machine meets what is required", more[600];

    snprintf(more, sizeof(more), "The tables say what each machine lacks.");
    if (json_array_size(json_object_get(plan, "require")) == 0) {
        status = "ok";
        snprintf(line, sizeof(line), "What the machines cost and carry");
        snprintf(more, sizeof(more), "Nothing was required (--require), so none is judged.");
    } else if (measured) {
        write_headline(plan, measured, line, sizeof(line));
        snprintf(more, sizeof(more), "%s",
                 isfinite(month_of(measured))
                     ? "It is the cheapest of the measured machines that do and have a price."
                     : "What it costs is not known: no measured machine that does has a price.");
    } else if (made_up) {
        write_headline(plan, made_up, more, sizeof(more) - 80);
        strcat(more, ", but nobody measured it: its figures are made up.");
    }
    json_array_append_new(sheet, json_pack("{s:s,s:s,s:o,s:[]}", "kind", "verdict", "status",
                                           status, "line", hr_sheet_string(line), "chips"));
    hr_sheet_say(sheet, "text", "%s", more);
}

/* The fewest markets at which a rate was measured, if more are required; else NaN. */
static double rates_at(const json_t *plan)
{
    double required = (double)NAN, fewest = (double)NAN;
    const json_t *ask, *machine, *answer;
    size_t i, k;

    json_array_foreach (json_object_get(plan, "require"), i, ask) {
        if (hr_view_is(ask, "what", "markets")) {
            required = fmax(required, hr_view_number(ask, "value"));
        }
    }
    json_array_foreach (json_object_get(plan, "machines"), i, machine) {
        json_array_foreach (json_object_get(machine, "answers"), k, answer) {
            fewest = fmin(fewest, hr_view_number(answer, "at_markets"));
        }
    }
    return fewest < required ? fewest : (double)NAN;
}

static void add_terms(json_t *sheet, const json_t *plan)
{
    const json_t *terms = json_object_get(plan, "terms"), *ask;
    json_t *items = json_array();
    char text[400];
    size_t i;

    json_array_foreach (json_object_get(plan, "require"), i, ask) {
        snprintf(text, sizeof(text), "Required: %s", hr_view_text(ask, "text"));
        json_array_append_new(items, hr_sheet_string(text));
    }
    if (isfinite(rates_at(plan))) {
        snprintf(
            text, sizeof(text),
            "Each is answered alone: the rates are of %s markets or more, as the arithmetic says, "
            "not of as many as are required, over which they are lower",
            hr_figure_count(rates_at(plan)).text);
        json_array_append_new(items, hr_sheet_string(text));
    }
    snprintf(text, sizeof(text),
             "Purchase spread over %g months; energy %.100s%s; %.40s of the memory for books",
             hr_view_number(terms, "horizon_months"),
             isfinite(hr_view_number(terms, "energy_per_kwh"))
                 ? money(plan, hr_view_number(terms, "energy_per_kwh")).text
                 : "not priced (--energy)",
             isfinite(hr_view_number(terms, "energy_per_kwh")) ? " a kWh, around the clock" : "",
             hr_figure_share(hr_view_number(terms, "memory_share")).text);
    json_array_append_new(items, hr_sheet_string(text));
    json_array_append_new(sheet, json_pack("{s:s,s:o}", "kind", "list", "items", items));
}

static void add_made_up(json_t *sheet, const json_t *plan)
{
    const json_t *machine;
    char labels[300] = "";
    size_t i;

    json_array_foreach (json_object_get(plan, "machines"), i, machine) {
        if (hr_view_is(machine, "basis", "constructed")) {
            size_t at = strlen(labels);

            snprintf(labels + at, sizeof(labels) - at, "%s%s", at ? ", " : "",
                     hr_view_text(machine, "label"));
        }
    }
    if (*labels) {
        hr_sheet_say(sheet, "text",
                     "Made up: %s. Their records say that nobody measured them; they show how the "
                     "plan reads, and prove nothing about such machines.",
                     labels);
    }
}

/* ---- machines ------------------------------------------------------------------------------ */

/* Orders/s a watt and for money say something only where a rate was required. */
static bool asks_rate(const json_t *plan)
{
    const json_t *ask;
    size_t i;

    json_array_foreach (json_object_get(plan, "require"), i, ask) {
        if (hr_view_is(ask, "what", "rate")) {
            return true;
        }
    }
    return false;
}

static void add_columns(json_t *table, const json_t *plan, bool projected)
{
    const json_t *ask;
    char title[160];
    size_t i;

    hr_table_column(table, "", HR_LEFT);
    hr_table_column(table, "Machine", HR_LEFT);
    hr_table_column(table, projected ? "From" : "Figures", HR_LEFT);
    hr_table_column(table, "Verdict", HR_LEFT);
    json_array_foreach (json_object_get(plan, "require"), i, ask) {
        snprintf(title, sizeof(title), "%.60s%s%.60s", hr_view_text(ask, "what"),
                 *hr_view_text(ask, "model") ? " " : "", hr_view_text(ask, "model"));
        hr_table_column(table, title, HR_RIGHT);
    }
    hr_table_column(table, "A month", HR_RIGHT);
    if (asks_rate(plan)) {
        hr_table_column(table, "Orders/s a watt", HR_RIGHT);
        snprintf(title, sizeof(title), "Orders/s for 1 %s a month",
                 hr_view_text(json_object_get(plan, "terms"), "currency"));
        hr_table_column(table, title, HR_RIGHT);
    }
}

static void add_answer_cell(json_t *row, const json_t *answer, const json_t *ask)
{
    double value = hr_view_number(answer, "value"), below = hr_view_number(answer, "below");
    char text[200];

    if (isfinite(value)) {
        hr_row_cell(row, hr_figure_bare(value, hr_view_text(ask, "unit")).text,
                    times(hr_view_number(answer, "headroom")).text);
    } else if (isfinite(below)) {
        snprintf(text, sizeof(text), "< %s", hr_figure_bare(below, hr_view_text(ask, "unit")).text);
        hr_row_cell(row, text, NULL);
    } else {
        hr_row_cell(row, HR_DASH, NULL);
    }
}

/* Whose figures the bound is made of, and whether those are made up. */
static void add_model_cell(json_t *row, const json_t *plan, const json_t *machine)
{
    const char *of = hr_view_text(json_object_get(machine, "model"), "of");
    const json_t *other;
    size_t i;

    json_array_foreach (json_object_get(plan, "machines"), i, other) {
        if (*of && hr_view_is(other, "label", of)) {
            hr_row_cell(row, of, hr_view_is(other, "basis", "constructed") ? "made up" : NULL);
            return;
        }
    }
    hr_row_cell(row, HR_DASH, NULL);
}

static void add_machine(json_t *table, const json_t *plan, const json_t *machine)
{
    const json_t *asks = json_object_get(plan, "require"), *answer;
    json_t *row = hr_table_row(table, NULL);
    char text[200];
    size_t i;

    hr_row_cell(row, hr_view_text(machine, "label"), NULL);
    hr_row_cell(row, hr_view_text(machine, "name"),
                json_is_true(json_object_get(machine, "front")) ? "on the front" : NULL);
    if (is_projection(machine)) {
        add_model_cell(row, plan, machine);
    } else {
        hr_row_status(row, basis_word(machine));
    }
    hr_row_status(row, json_array_size(asks) ? hr_view_text(machine, "verdict") : "");
    json_array_foreach (json_object_get(machine, "answers"), i, answer) {
        add_answer_cell(row, answer, json_array_get(asks, i));
    }
    snprintf(text, sizeof(text), "%s%s",
             isfinite(month_of(machine)) && is_partial(machine) ? "≥ " : "",
             amount(month_of(machine)).text);
    hr_row_cell(row, text, NULL);
    if (asks_rate(plan)) {
        hr_row_cell(row, hr_figure_bare(hr_view_number(machine, "per_watt"), "").text, NULL);
        hr_row_cell(row, hr_figure_bare(hr_view_number(machine, "per_money"), "").text, NULL);
    }
}

static void add_machines(json_t *sheet, const json_t *plan, bool projected)
{
    const json_t *machine;
    json_t *table = hr_sheet_table(sheet, NULL, NULL);
    size_t i;

    add_columns(table, plan, projected);
    json_array_foreach (json_object_get(plan, "machines"), i, machine) {
        if (is_projection(machine) == projected) {
            add_machine(table, plan, machine);
        }
    }
    hr_table_end(sheet, table);
}

static size_t count_of(const json_t *plan, bool projected)
{
    const json_t *machine;
    size_t i, count = 0;

    json_array_foreach (json_object_get(plan, "machines"), i, machine) {
        count += is_projection(machine) == projected;
    }
    return count;
}

static void add_all_machines(json_t *sheet, const json_t *plan)
{
    hr_sheet_heading(sheet, "machines", "Machines");
    add_machines(sheet, plan, false);
    hr_sheet_say(
        sheet, "note",
        "Measured before made up, then those that meet, the cheaper first. \"On the front\": "
        "none of the same sort carries as much for less. Watts are metered where the "
        "arithmetic below says so, else the catalog's. ≥: something of the cost is not known.");
    if (count_of(plan, true) == 0) {
        return;
    }
    hr_sheet_heading(sheet, "projections", "Not measured: projections, at most");
    add_machines(sheet, plan, true);
    hr_sheet_say(sheet, "note",
                 "All upper bounds, from what the makers specify, at the orders per byte of memory "
                 "bandwidth of the nearest kind that has a result. A bound can rule a machine out; "
                 "\"may meet\" is no promise, and ranks below every result above.");
}

/* ---- budget ------------------------------------------------------------------------------------
 */

/* "Apple 3 527 of 3 900, any 1 095 of 4 443" */
static void write_payments(const json_t *paid, char *text, size_t bytes, const char *which)
{
    const json_t *purse;
    size_t i, at = 0;

    text[0] = '\0';
    json_array_foreach (paid, i, purse) {
        double sum = hr_view_number(purse, which);

        if (at < bytes) {
            at += (size_t)snprintf(
                text + at, bytes - at, "%s%s %s", at ? " + " : "", amount(sum).text,
                hr_view_is(purse, "from", "any") ? "free" : hr_view_text(purse, "from"));
        }
    }
}

static void write_budget(const json_t *plan, char *text, size_t bytes)
{
    const json_t *terms = json_object_get(plan, "terms"), *restricted;
    size_t i, at;

    at = (size_t)snprintf(text, bytes, "%s = ", money(plan, hr_view_number(terms, "budget")).text);
    json_array_foreach (json_object_get(terms, "restricted"), i, restricted) {
        if (at < bytes) {
            at += (size_t)snprintf(text + at, bytes - at, "%s that buys from %s only + ",
                                   amount(hr_view_number(restricted, "amount")).text,
                                   hr_view_text(restricted, "vendor"));
        }
    }
    if (at < bytes) {
        snprintf(text + at, bytes - at, "%s that buys anything",
                 amount(hr_view_number(terms, "free")).text);
    }
}

static void add_bundle_row(json_t *table, const json_t *bundle, size_t asks)
{
    const json_t *label;
    json_t *row = hr_table_row(table, NULL);
    char text[600] = "", paid[300];
    size_t i, at = 0;

    json_array_foreach (json_object_get(bundle, "machines"), i, label) {
        at += (size_t)snprintf(
            text + at, sizeof(text) - at, "%s%.8s %.100s", i ? " + " : "", json_string_value(label),
            json_string_value(json_array_get(json_object_get(bundle, "names"), i)));
    }
    hr_row_cell(row, text, NULL);
    hr_row_cell(row, amount(hr_view_number(bundle, "outlay")).text, NULL);
    write_payments(json_object_get(bundle, "paid"), paid, sizeof(paid), "amount");
    hr_row_cell(row, paid, NULL);
    write_payments(json_object_get(bundle, "paid"), paid, sizeof(paid), "left");
    hr_row_cell(row, paid, NULL);
    snprintf(text, sizeof(text), "%g of %zu", hr_view_number(bundle, "met"), asks);
    hr_row_cell(row, text, hr_view_number(bundle, "may") > 0 ? "more by projection" : NULL);
}

static int fitting(const json_t *plan)
{
    const json_t *machine;
    int count = 0;
    size_t i;

    json_array_foreach (json_object_get(plan, "machines"), i, machine) {
        count += json_is_true(json_object_get(json_object_get(machine, "budget"), "fits"));
    }
    return count;
}

static void add_misfits(json_t *sheet, const json_t *plan)
{
    const json_t *machine;
    json_t *items = json_array();
    char text[400];
    size_t i;

    json_array_foreach (json_object_get(plan, "machines"), i, machine) {
        const json_t *cost = json_object_get(machine, "cost");
        double outlay = hr_view_number(cost, "outlay");

        if (json_is_false(json_object_get(json_object_get(machine, "budget"), "fits"))) {
            snprintf(text, sizeof(text), "%s %s does not fit: %s%s", hr_view_text(machine, "label"),
                     hr_view_text(machine, "name"), money(plan, outlay).text,
                     hr_view_number(cost, "rent") > 0 ? " of rent over the horizon" : "");
            json_array_append_new(items, hr_sheet_string(text));
        } else if (isnan(outlay)) {
            snprintf(text, sizeof(text), "%s %s is left out: %s", hr_view_text(machine, "label"),
                     hr_view_text(machine, "name"),
                     json_string_value(json_array_get(json_object_get(cost, "missing"), 0)));
            json_array_append_new(items, hr_sheet_string(text));
        }
    }
    json_array_append_new(sheet, json_pack("{s:s,s:o}", "kind", "list", "items", items));
}

static void add_budget(json_t *sheet, const json_t *plan)
{
    const json_t *bundles = json_object_get(plan, "bundles"), *bundle;
    size_t asks = json_array_size(json_object_get(plan, "require")), i;
    json_t *table;
    char text[800];

    if (isnan(hr_view_number(json_object_get(plan, "terms"), "budget"))) {
        return;
    }
    hr_sheet_heading(sheet, "budget", "What the budget buys");
    write_budget(plan, text, sizeof(text));
    hr_sheet_say(sheet, "text", "%s.", text);
    table = hr_sheet_table(sheet, NULL, NULL);
    hr_table_column(table, "Together", HR_LEFT);
    hr_table_column(table, "Outlay", HR_RIGHT);
    hr_table_column(table, "Paid", HR_LEFT);
    hr_table_column(table, "Left", HR_LEFT);
    hr_table_column(table, "Requirements met", HR_LEFT);
    json_array_foreach (bundles, i, bundle) {
        if (i < 12) {
            add_bundle_row(table, bundle, asks);
        }
    }
    hr_table_end(sheet, table);
    hr_sheet_say(
        sheet, "note",
        json_array_size(bundles) == 0
            ? "Nothing with a price fits."
            : "Up to four different machines of the catalog, one of each; a set is shown when "
              "no other machine could be added (%zu in all). A requirement counts as met when one "
              "machine of the set meets it alone. Energy is not in the outlay.",
        json_array_size(bundles));
    if (fitting(plan) > HR_BUNDLED_MAX) {
        hr_sheet_say(sheet, "note", "Only the first %d machines that fit were put together.",
                     HR_BUNDLED_MAX);
    }
    add_misfits(sheet, plan);
}

/* ---- arithmetic -------------------------------------------------------------------------------
 */

static void add_how_row(json_t *table, const char *who, const char *what, const char *how,
                        const char *from)
{
    json_t *row = hr_table_row(table, NULL);

    hr_row_cell(row, who, NULL);
    hr_row_cell(row, what, NULL);
    hr_row_cell(row, how, from);
}

static void add_cost_rows(json_t *table, const json_t *machine)
{
    const json_t *cost = json_object_get(machine, "cost"), *missing;
    const char *label = hr_view_text(machine, "label");
    double watts = hr_view_number(machine, "watts");
    char text[400];
    size_t i;

    if (isfinite(month_of(machine))) {
        add_how_row(table, label, "a month", hr_view_text(cost, "how"), NULL);
    }
    json_array_foreach (json_object_get(cost, "missing"), i, missing) {
        add_how_row(table, label, "not known", json_string_value(missing), NULL);
    }
    if (hr_view_number(machine, "rate") > 0 && watts > 0) {
        snprintf(text, sizeof(text), "%s / %g W %s = %s",
                 hr_figure(hr_view_number(machine, "rate"), "orders/s").text, watts,
                 hr_view_text(machine, "watts_source"),
                 hr_figure(hr_view_number(machine, "per_watt"), "orders/s").text);
        add_how_row(table, label, "a watt", text, NULL);
    }
}

static void add_arithmetic(json_t *sheet, const json_t *plan)
{
    const json_t *machine, *answer;
    json_t *table;
    size_t i, k;

    hr_sheet_heading(sheet, "arithmetic", "The arithmetic");
    table = hr_sheet_table(sheet, NULL, NULL);
    hr_table_column(table, "", HR_LEFT);
    hr_table_column(table, "Figure", HR_LEFT);
    hr_table_column(table, "How", HR_LEFT);
    json_array_foreach (json_object_get(plan, "machines"), i, machine) {
        json_array_foreach (json_object_get(machine, "answers"), k, answer) {
            const char *from = hr_view_text(answer, "from");

            add_how_row(table, hr_view_text(machine, "label"), hr_view_text(answer, "what"),
                        hr_view_text(answer, "how"), strchr(from, '/') ? from : NULL);
        }
        add_cost_rows(table, machine);
    }
    hr_table_end(sheet, table);
}

static void add_sources(json_t *sheet, const json_t *plan)
{
    const json_t *machine;
    json_t *table;
    char text[700];
    size_t i;

    hr_sheet_heading(sheet, "sources", "Who says so");
    table = hr_sheet_table(sheet, NULL, NULL);
    hr_table_column(table, "", HR_LEFT);
    hr_table_column(table, "From", HR_LEFT);
    hr_table_column(table, "Price, dated", HR_LEFT);
    hr_table_column(table, "Price", HR_LEFT);
    hr_table_column(table, "Specification", HR_LEFT);
    hr_table_column(table, "Note", HR_LEFT);
    json_array_foreach (json_object_get(plan, "machines"), i, machine) {
        const json_t *entry = json_object_get(machine, "catalog");
        const json_t *price = json_object_get(entry, "price");
        const char *file = hr_view_text(machine, "file");
        json_t *row = hr_table_row(table, NULL);

        price = price ? price : json_object_get(entry, "rent");
        hr_row_cell(row, hr_view_text(machine, "label"), NULL);
        hr_row_cell(row, *file ? file : "catalog only", NULL);
        snprintf(text, sizeof(text), "%s %s%s", hr_view_text(price, "currency"),
                 amount(hr_view_number(price, "amount")).text,
                 price && !json_object_get(entry, "price") ? " a month" : "");
        hr_row_cell(row, price ? text : HR_DASH, hr_view_text(entry, "priced"));
        hr_row_cell(row, hr_view_text(entry, "source"), NULL);
        hr_row_cell(row, hr_view_text(entry, "specified"), NULL);
        hr_row_cell(row, hr_view_text(entry, "note"), NULL);
    }
    hr_table_end(sheet, table);
}

json_t *hr_sheet_of_plan(const json_t *plan, const json_t *several)
{
    json_t *sheet = json_array();
    const struct hr_plot_ops *plot;
    json_t *block;
    size_t i;

    add_answer(sheet, plan);
    add_made_up(sheet, plan);
    add_terms(sheet, plan);
    add_all_machines(sheet, plan);
    for (plot = hr_plan_plots; plot->name; plot++) {
        hr_sheet_plot(sheet, plot->name);
    }
    add_budget(sheet, plan);
    add_arithmetic(sheet, plan);
    add_sources(sheet, plan);
    json_array_foreach (several, i, block) {
        json_array_append(sheet, block);
    }
    return sheet;
}
