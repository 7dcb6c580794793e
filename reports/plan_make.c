/*
 * plan_make.c - which machine should be bought? Puts the answers together: the machines in their
 * order, the front that no other machine beats in both rate and cost, and the findings in words.
 */
#include "harness/error.h"
#include "harness/record.h"
#include "reports/catalog.h"
#include "reports/figure_text.h"
#include "reports/plan.h"
#include "reports/record_view.h"
#include "reports/sheet.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- which machine a result is of -------------------------------------------------------- */

/* A system tells somewhat less than is built in. */
static bool has_memory_of(const json_t *host, const json_t *entry)
{
    double has = hr_view_number(json_object_get(host, "memory"), "total_bytes");
    double sold = hr_view_number(entry, "memory");

    return isnan(has) || isnan(sold) || (has > 0.85 * sold && has < 1.02 * sold);
}

/* One model is sold with more or less memory, for other prices. */
static bool is_of(const json_t *host, const json_t *entry)
{
    const char *text = hr_view_text(entry, "host"), *print = hr_view_text(entry, "fingerprint");

    return (hr_view_names(hr_view_text(host, "line"), text) && has_memory_of(host, entry)) ||
           (*print && hr_view_is(host, "fingerprint", print));
}

static int find_entry(const json_t *catalog, const struct hr_plan_result *result,
                      const json_t **found)
{
    const json_t *host = json_object_get(result->record, "host"), *entry;
    size_t i;

    *found = NULL;
    if (result->id) {
        *found = hr_catalog_find(catalog, result->id);
        return *found ? 0
                      : hr_fail(EINVAL, "%s: '%s' is no machine of the catalog", result->file,
                                result->id);
    }
    json_array_foreach (catalog, i, entry) {
        if (is_of(host, entry) && *found) {
            return hr_fail(EINVAL, "%s may be %s or %s of the catalog; say which: %s=%s",
                           result->file, hr_view_text(*found, "id"), hr_view_text(entry, "id"),
                           hr_view_text(*found, "id"), result->file);
        }
        *found = is_of(host, entry) ? entry : *found;
    }
    return 0;
}

/* ---- one machine ----------------------------------------------------------------------------- */

/* One kind of ceiling, whatever sizes and threads each machine measured it at. */
static const struct ceiling {
    const char *prefix, *name;
    bool largest; /* of several working sets the largest; else the best */
} ceilings[] = {
    {"memory/bandwidth/", "Memory bandwidth, best of all", false},
    {"memory/lines/huge/", "Random lines, largest set, one thread", true},
    {"memory/latency/huge/", "Memory latency, largest set", true},
    {"core-to-core/", "Core to core, nearest pair", false},
};

static double bytes_in(const char *id)
{
    const char *bytes = strstr(id, "/bytes=");

    return bytes && !strstr(id, "/threads=") ? strtod(bytes + 7, NULL) : -1;
}

static bool is_better(const struct ceiling *kind, const json_t *a, const json_t *b)
{
    double x = hr_view_number(a, "estimate"), y = hr_view_number(b, "estimate");

    if (!b) {
        return !kind->largest || bytes_in(hr_view_text(a, "id")) > 0;
    }
    if (kind->largest) {
        return bytes_in(hr_view_text(a, "id")) > bytes_in(hr_view_text(b, "id"));
    }
    return hr_view_is(a, "better", "lower") ? x < y : x > y;
}

static json_t *ceilings_of(const json_t *record)
{
    json_t *list = json_array();

    for (size_t k = 0; k < sizeof(ceilings) / sizeof(ceilings[0]); k++) {
        const json_t *ceiling, *best = NULL;
        size_t i;

        json_array_foreach (json_object_get(record, "ceilings"), i, ceiling) {
            if (strncmp(hr_view_text(ceiling, "id"), ceilings[k].prefix,
                        strlen(ceilings[k].prefix)) == 0 &&
                hr_view_number(ceiling, "estimate") > 0 && is_better(&ceilings[k], ceiling, best)) {
                best = ceiling;
            }
        }
        if (best) {
            json_array_append_new(list, json_pack("{s:s,s:s,s:s,s:s,s:f}", "name", ceilings[k].name,
                                                  "id", hr_view_text(best, "id"), "unit",
                                                  hr_view_text(best, "unit"), "better",
                                                  hr_view_text(best, "better"), "estimate",
                                                  hr_view_number(best, "estimate")));
        }
    }
    return list;
}

/* The closed loop's service time: every latency suite has it, at the same load of its own. */
static json_t *curve_of(const json_t *record)
{
    struct hr_view_walk walk = {0};

    while (hr_view_next(record, &walk)) {
        const json_t *histogram = hr_view_histogram(walk.item, "service");

        if (hr_view_counts(walk.item) && histogram && isnan(hr_view_param(walk.item, "rate"))) {
            return json_pack("{s:s,s:f,s:O}", "what", hr_view_text(walk.item, "id"), "count",
                             hr_view_number(histogram, "count"), "points",
                             json_object_get(histogram, "points"));
        }
    }
    return json_null();
}

static json_t *machine_of(const struct hr_plan_terms *terms, const struct hr_plan_result *result,
                          const json_t *entry, double *watts)
{
    const json_t *record = result->record;
    const char *line = hr_view_text(json_object_get(record, "host"), "line"), *from;
    double bytes = hr_plan_bytes_per_market(record, (double)NAN, &from);
    json_t *answers = json_array();
    json_t *machine = json_pack(
        "{s:s,s:s,s:o,s:s,s:O?,s:o,s:o,s:o}", "name", entry ? hr_view_text(entry, "name") : line,
        "basis", hr_plan_is_constructed(record) ? "constructed" : "measured", "file",
        hr_sheet_string(result->file), "host", line, "catalog", entry, "answers", answers,
        "ceilings", ceilings_of(record), "curve", curve_of(record));

    for (int i = 0; i < terms->asks; i++) {
        json_t *answer = hr_plan_answer(terms, &terms->ask[i], record, entry);

        *watts = isnan(*watts) ? hr_view_number(answer, "watts") : *watts;
        json_array_append_new(answers, answer);
    }
    json_object_set_new(machine, "id",
                        entry ? json_string(hr_view_text(entry, "id")) : json_null());
    json_object_set_new(machine, "complete",
                        json_boolean(json_is_true(json_object_get(record, "complete"))));
    json_object_set_new(machine, "memory", hr_json_real(hr_plan_memory(record, entry)));
    json_object_set_new(machine, "bandwidth", hr_json_real(hr_plan_bandwidth(record)));
    json_object_set_new(machine, "bytes_per_market", hr_json_real(bytes));
    json_object_set_new(machine, "model", json_null());
    return machine;
}

static const char *verdict_of(const json_t *machine)
{
    bool projected = hr_view_is(machine, "basis", "projection"), unknown = false;
    const json_t *answer;
    size_t i;

    json_array_foreach (json_object_get(machine, "answers"), i, answer) {
        if (hr_view_is(answer, "status", "short") || hr_view_is(answer, "status", "cannot meet")) {
            return projected ? "cannot meet" : "short";
        }
        unknown |= hr_view_is(answer, "status", "unknown");
    }
    return unknown ? "unknown" : projected ? "may meet" : "meets";
}

/* The smallest headroom: the requirement that is nearest to failing. */
static double headroom_of(const json_t *machine)
{
    const json_t *answer;
    double least = (double)NAN;
    size_t i;

    json_array_foreach (json_object_get(machine, "answers"), i, answer) {
        double here = hr_view_number(answer, "headroom");

        if (isnan(here)) {
            here = hr_view_is(answer, "status", "short") ? 0 : here;
        }
        least = fmin(least, here);
    }
    return least;
}

static void finish_machine(const struct hr_plan_terms *terms, json_t *machine, double watts)
{
    json_t *answers = json_object_get(machine, "answers"), *answer;
    double markets = hr_view_number(machine, "memory") * terms->memory_share /
                     hr_view_number(machine, "bytes_per_market");
    size_t i;

    json_array_foreach (answers, i, answer) {
        json_object_set_new(answer, "what", json_string(hr_ask_name(terms->ask[i].what)));
    }
    json_object_set_new(machine, "markets", hr_json_real(floor(markets)));
    json_object_set_new(machine, "verdict", json_string(verdict_of(machine)));
    json_object_set_new(machine, "headroom", hr_json_real(headroom_of(machine)));
    hr_plan_cost(terms, machine, watts);
}

/* ---- order ------------------------------------------------------------------------------------
 */

static int place_in(const char *const *words, const char *word)
{
    int i = 0;

    while (words[i] && strcmp(words[i], word) != 0) {
        i++;
    }
    return i;
}

static double month_of(const json_t *machine)
{
    return hr_view_number(json_object_get(machine, "cost"), "month");
}

/* What is measured stands before what is made up, and that before what is projected; then who
 * meets, then the cheaper, a price not known last; then the one with more headroom. */
static int compare_machines(const void *a, const void *b)
{
    static const char *const bases[] = {"measured", "constructed", "projection", NULL};
    static const char *const verdicts[] = {"meets", "may meet",    "unknown",
                                           "short", "cannot meet", NULL};
    const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
    int order =
        place_in(bases, hr_view_text(x, "basis")) - place_in(bases, hr_view_text(y, "basis"));
    double left, right;

    order = order ? order
                  : place_in(verdicts, hr_view_text(x, "verdict")) -
                        place_in(verdicts, hr_view_text(y, "verdict"));
    left = isfinite(month_of(x)) ? month_of(x) : 1e300;
    right = isfinite(month_of(y)) ? month_of(y) : 1e300;
    order = order ? order : (left > right) - (left < right);
    left = hr_view_number(x, "headroom");
    right = hr_view_number(y, "headroom");
    order = order ? order : (right > left) - (right < left);
    return order ? order : strcmp(hr_view_text(x, "name"), hr_view_text(y, "name"));
}

static json_t *in_order(json_t *list)
{
    size_t count = json_array_size(list), i;
    json_t **machines = calloc(count + 1, sizeof(*machines));
    json_t *order = json_array();

    for (i = 0; machines && i < count; i++) {
        machines[i] = json_array_get(list, i);
    }
    if (machines) {
        qsort(machines, count, sizeof(*machines), compare_machines);
    }
    for (i = 0; machines && i < count; i++) {
        json_array_append(order, machines[i]);
    }
    free(machines);
    json_decref(list);
    return order;
}

/* A … Z, then R27: results first, as they were given; projections go on from there. */
static void label(json_t *machine, size_t i)
{
    char text[16];

    snprintf(text, sizeof(text), i < 26 ? "%c" : "R%d", i < 26 ? 'A' + (int)i : (int)i + 1);
    json_object_set_new(machine, "label", json_string(text));
}

/* No machine that counts carries as much for less. Projections neither stand on it nor push off it;
 * what is made up only where all are. */
static void mark_front(json_t *machines)
{
    json_t *machine, *other;
    size_t i, k;
    bool any = false;

    json_array_foreach (machines, i, machine) {
        any |= hr_view_is(machine, "basis", "measured") && isfinite(month_of(machine)) &&
               hr_view_number(machine, "rate") > 0;
    }
    json_array_foreach (machines, i, machine) {
        const char *basis = any ? "measured" : "constructed";
        double rate = hr_view_number(machine, "rate"), month = month_of(machine);
        bool front = hr_view_is(machine, "basis", basis) && rate > 0 && isfinite(month);

        json_array_foreach (machines, k, other) {
            double r = hr_view_number(other, "rate"), m = month_of(other);

            if (hr_view_is(other, "basis", basis) && r >= rate && m <= month &&
                (r > rate || m < month)) {
                front = false;
            }
        }
        json_object_set_new(machine, "front", json_boolean(front));
    }
}

/* ---- the plan -----------------------------------------------------------------------------------
 */

static json_t *terms_json(const struct hr_plan_terms *terms)
{
    json_t *restricted = json_array(), *exchange = json_object();
    double left = terms->budget;

    for (int i = 0; i < terms->restrictions; i++) {
        left -= terms->restricted[i].amount;
        json_array_append_new(restricted, json_pack("{s:o,s:f}", "vendor",
                                                    hr_sheet_string(terms->restricted[i].vendor),
                                                    "amount", terms->restricted[i].amount));
    }
    for (int i = 0; i < terms->exchanges; i++) {
        json_object_set_new(exchange, terms->exchange[i].currency,
                            json_real(terms->exchange[i].worth));
    }
    return json_pack("{s:s,s:o,s:o,s:o,s:o,s:f,s:o,s:f,s:f}", "currency", terms->currency, "budget",
                     hr_json_real(terms->budget), "free", hr_json_real(left), "restricted",
                     restricted, "exchange", exchange, "horizon_months", terms->horizon_months,
                     "energy_per_kwh", hr_json_real(terms->energy_per_kwh), "memory_share",
                     terms->memory_share, "hours_per_month", HR_HOURS_PER_MONTH);
}

static json_t *asks_json(const struct hr_plan_terms *terms)
{
    json_t *list = json_array();

    for (int i = 0; i < terms->asks; i++) {
        const struct hr_ask *ask = &terms->ask[i];

        json_array_append_new(
            list, json_pack("{s:o,s:s,s:f,s:s,s:o,s:o,s:o,s:o,s:o,s:o}", "text",
                            hr_sheet_string(ask->text), "what", hr_ask_name(ask->what), "value",
                            ask->value, "unit", hr_ask_unit(ask->what), "percentile",
                            hr_json_real(ask->percentile), "bound_ns", hr_json_real(ask->bound_ns),
                            "depth", hr_json_real(ask->depth), "path", hr_sheet_string(ask->path),
                            "engine", hr_sheet_string(ask->engine), "model",
                            hr_sheet_string(ask->model)));
    }
    return list;
}

static int add_results(const struct hr_plan_terms *terms, const json_t *catalog,
                       const struct hr_plan_result *results, int count, json_t *machines)
{
    for (int i = 0; i < count; i++) {
        const json_t *entry;
        json_t *machine;
        double watts = (double)NAN;
        int rc = find_entry(catalog, &results[i], &entry);

        if (rc) {
            return rc;
        }
        machine = machine_of(terms, &results[i], entry, &watts);
        label(machine, json_array_size(machines));
        json_array_append_new(machines, machine);
        finish_machine(terms, machine, watts);
    }
    return 0;
}

static bool has_result(const json_t *machines, const json_t *entry)
{
    const json_t *machine;
    size_t i;

    json_array_foreach (machines, i, machine) {
        if (hr_view_is(machine, "id", hr_view_text(entry, "id"))) {
            return true;
        }
    }
    return false;
}

static void add_projections(const struct hr_plan_terms *terms, const json_t *catalog,
                            json_t *machines)
{
    const json_t *entry;
    size_t i;

    json_array_foreach (catalog, i, entry) {
        if (!has_result(machines, entry)) {
            json_t *machine = hr_plan_project(terms, entry, machines);

            label(machine, json_array_size(machines));
            json_array_append_new(machines, machine);
            finish_machine(terms, machine, (double)NAN);
        }
    }
}

json_t *hr_plan_make(const struct hr_plan_terms *terms, const json_t *catalog,
                     const struct hr_plan_result *results, int count)
{
    json_t *machines = json_array(), *bundles = json_array();

    if (!machines || !bundles || add_results(terms, catalog, results, count, machines)) {
        json_decref(machines);
        json_decref(bundles);
        return NULL;
    }
    add_projections(terms, catalog, machines);
    mark_front(machines);
    machines = in_order(machines);
    if (isfinite(terms->budget)) {
        json_decref(bundles);
        bundles = hr_plan_bundles(terms, machines);
    }
    return json_pack("{s:{s:s,s:i,s:i},s:o,s:o,s:o,s:o}", "schema", "name", "headroom-plan",
                     "major", 1, "minor", 0, "terms", terms_json(terms), "require",
                     asks_json(terms), "machines", machines, "bundles", bundles);
}
