/*
 * plan_project.c - what could a machine carry that nobody measured? At most what its maker's memory
 * bandwidth allows at the orders per byte that the nearest measured kind reached; its markets, what
 * its memory holds at the bytes a market measured there. The bound is loose on purpose: a core that
 * waits for memory rather than for bandwidth does not reach it, and nothing is taken for more than
 * a bound.
 */
#include "harness/record.h"
#include "reports/figure_text.h"
#include "reports/plan.h"
#include "reports/record_view.h"
#include "reports/sheet.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Leading words, joined by dashes, that two kinds share. */
static int shared_words(const char *a, const char *b)
{
    int words = 0;

    for (; *a && *b; words++) {
        size_t length = strcspn(a, "-");

        if (length != strcspn(b, "-") || strncmp(a, b, length) != 0) {
            break;
        }
        a += length + (a[length] == '-');
        b += length + (b[length] == '-');
    }
    return words;
}

/* As its maker says, so that both sides of the ratio are promises; measured where nobody says. */
static double bandwidth_of(const json_t *machine, bool *specified)
{
    double promised = hr_view_number(json_object_get(machine, "catalog"), "bandwidth");

    *specified = promised > 0;
    return *specified ? promised : hr_view_number(machine, "bandwidth");
}

/* Whether a machine has what the projection of this answer needs. */
static bool has_answer(const json_t *machine, size_t answer)
{
    const json_t *a = json_array_get(json_object_get(machine, "answers"), answer);

    return hr_view_number(a, "value") > 0 || hr_view_number(a, "below") > 0;
}

static bool has_bytes(const json_t *machine, size_t answer)
{
    (void)answer;
    return hr_view_number(machine, "bytes_per_market") > 0;
}

static const json_t *nearest(const json_t *entry, const json_t *machines, int words_min,
                             bool (*fits)(const json_t *, size_t), size_t answer)
{
    const json_t *machine, *best = NULL;
    double best_rank = -1, bandwidth = hr_view_number(entry, "bandwidth");
    size_t i;

    json_array_foreach (machines, i, machine) {
        bool specified;
        double there = bandwidth_of(machine, &specified), apart, rank;
        int words = shared_words(hr_view_text(json_object_get(machine, "catalog"), "kind"),
                                 hr_view_text(entry, "kind"));

        if (hr_view_is(machine, "basis", "projection") || words < words_min ||
            !fits(machine, answer)) {
            continue;
        }
        /* Kind first, then what was really measured, then likeness. */
        apart = bandwidth > 0 && there > 0 ? fmin(fabs(log(bandwidth / there)), 90) : 95;
        rank = 1000.0 * words + (hr_view_is(machine, "basis", "measured") ? 500 : 0) + 100 - apart;
        if (rank > best_rank) {
            best_rank = rank;
            best = machine;
        }
    }
    return best;
}

static json_t *bound(const struct hr_ask *ask, double value, const char *how)
{
    const char *status = !isfinite(value)      ? "unknown"
                         : value >= ask->value ? "may meet"
                                               : "cannot meet";

    return json_pack("{s:s,s:o,s:o,s:o,s:s}", "status", status, "value", hr_json_real(value),
                     "headroom", hr_json_real(value / ask->value), "how", hr_sheet_string(how),
                     "from", "projection");
}

static json_t *project_rate(const struct hr_ask *ask, size_t answer, const json_t *entry,
                            const json_t *machines, json_t *model)
{
    const json_t *of = nearest(entry, machines, 1, has_answer, answer);
    const json_t *a = json_array_get(json_object_get(of, "answers"), answer);
    double here = hr_view_number(entry, "bandwidth"), there, value;
    bool specified, made_up = hr_view_is(of, "basis", "constructed");
    char how[600];

    if (!of) {
        snprintf(how, sizeof(how),
                 "no result of kind %.40s or a kindred one answers this: nothing to project from",
                 hr_view_text(entry, "kind"));
        return bound(ask, (double)NAN, how);
    }
    there = bandwidth_of(of, &specified);
    if (!(here > 0) || !(there > 0)) {
        return bound(ask, (double)NAN,
                     "its memory bandwidth, or that of the nearest kind, is not known");
    }
    value = hr_view_number(a, "value");
    value = value > 0 ? value : hr_view_number(a, "below");
    snprintf(how, sizeof(how), "at most %.80s of %.16s × %.80s / %.80s%s%s",
             hr_figure(value, "orders/s").text, hr_view_text(of, "label"),
             hr_figure_set(here, "bytes/s").text, hr_figure(there, "bytes/s").text,
             specified ? "" : " (measured)", made_up ? ", made up as that figure is" : "");
    json_object_set_new(model, "of", json_string(hr_view_text(of, "label")));
    return bound(ask, value * here / there, how);
}

static json_t *project_markets(const struct hr_plan_terms *terms, const struct hr_ask *ask,
                               const json_t *entry, const json_t *machines, json_t *machine)
{
    const json_t *of = nearest(entry, machines, 0, has_bytes, 0);
    double bytes = hr_view_number(of, "bytes_per_market");
    double memory = hr_view_number(entry, "memory") * terms->memory_share;
    char how[400];

    if (!(bytes > 0) || !(memory > 0)) {
        return bound(ask, (double)NAN,
                     memory > 0 ? "no result has the bytes of a market"
                                : "its memory is not known");
    }
    snprintf(how, sizeof(how), "at most %.80s (%.40s of memory) / %.80s a market as %s of %.16s",
             hr_figure(memory, "bytes").text, hr_figure_share(terms->memory_share).text,
             hr_figure(bytes, "bytes").text,
             hr_view_is(of, "basis", "measured") ? "measured" : "made up",
             hr_view_text(of, "label"));
    json_object_set_new(machine, "bytes_per_market", json_real(bytes));
    return bound(ask, floor(memory / bytes), how);
}

double hr_plan_decode_bound(const json_t *entry, double needed, double token, char *how,
                            size_t size)
{
    double memory = hr_view_number(entry, "memory"), slow = hr_view_number(entry, "bandwidth");
    double vram = hr_view_number(entry, "vram"), fast = hr_view_number(entry, "vram_bandwidth");
    double on_gpu = vram > 0 && fast > 0 ? fmin(token, vram) : 0;

    if (on_gpu < token && (!(slow > 0) || !(memory > 0))) {
        snprintf(how, size, "its memory and bandwidth are not known");
        return (double)NAN;
    }
    if (needed > fmax(memory, 0) + on_gpu) {
        snprintf(how, size, "it needs %.60s, there are %.60s%s", hr_figure(needed, "bytes").text,
                 hr_figure(memory, "bytes").text, on_gpu > 0 ? " and the GPU's" : "");
        return 0;
    }
    if (on_gpu > 0 && on_gpu < token) {
        snprintf(how, size, "at most 1 / (%.60s / %.60s of the GPU + %.60s / %.60s)",
                 hr_figure(on_gpu, "bytes").text, hr_figure(fast, "bytes/s").text,
                 hr_figure(token - on_gpu, "bytes").text, hr_figure(slow, "bytes/s").text);
    } else {
        snprintf(how, size, "at most %.60s / %.60s a token",
                 hr_figure(on_gpu > 0 ? fast : slow, "bytes/s").text,
                 hr_figure(token, "bytes").text);
    }
    return 1 / ((on_gpu > 0 ? on_gpu / fast : 0) + (on_gpu < token ? (token - on_gpu) / slow : 0));
}

/* Sizes are arithmetic: any result that has them will do. */
static json_t *project_decode(const struct hr_ask *ask, size_t at, const json_t *entry,
                              const json_t *machines)
{
    const json_t *machine;
    char how[500];
    size_t i;

    json_array_foreach (machines, i, machine) {
        const json_t *a = json_array_get(json_object_get(machine, "answers"), at);
        double token = hr_view_number(a, "token_bytes");

        if (token > 0) {
            double most =
                hr_plan_decode_bound(entry, hr_view_number(a, "needed"), token, how, sizeof(how));

            return bound(ask, most, how);
        }
    }
    return bound(ask, (double)NAN, "no result has the size of this model");
}

static json_t *project(const struct hr_plan_terms *terms, size_t at, const json_t *entry,
                       const json_t *machines, json_t *machine)
{
    const struct hr_ask *ask = &terms->ask[at];
    const char *name = hr_ask_name(ask->what), *unit = hr_ask_unit(ask->what);
    double promised;
    char how[300];

    switch (ask->what) {
    case HR_ASK_RATE:
        return project_rate(ask, at, entry, machines, json_object_get(machine, "model"));
    case HR_ASK_MARKETS:
        return project_markets(terms, ask, entry, machines, machine);
    case HR_ASK_DECODE:
        return project_decode(ask, at, entry, machines);
    case HR_ASK_MEMORY:
    case HR_ASK_BANDWIDTH:
        break;
    }
    promised = hr_view_number(entry, name);
    snprintf(how, sizeof(how), "%.80s specified / %.80s required",
             hr_figure_set(promised, unit).text, hr_figure_set(ask->value, unit).text);
    return bound(ask, promised, promised > 0 ? how : "not specified in the catalog");
}

json_t *hr_plan_project(const struct hr_plan_terms *terms, const json_t *entry,
                        const json_t *machines)
{
    json_t *machine = json_pack("{s:s,s:s,s:n,s:O,s:[],s:{},s:n,s:n,s:n,s:[],s:n}", "name",
                                hr_view_text(entry, "name"), "basis", "projection", "file",
                                "catalog", entry, "answers", "model", "bandwidth", "markets",
                                "bytes_per_market", "ceilings", "curve");
    json_t *answers = json_object_get(machine, "answers");

    json_object_set_new(machine, "id", json_string(hr_view_text(entry, "id")));
    json_object_set_new(machine, "memory", hr_json_real(hr_view_number(entry, "memory")));
    for (int i = 0; i < terms->asks; i++) {
        json_array_append_new(answers, project(terms, (size_t)i, entry, machines, machine));
    }
    return machine;
}
