/*
 * plan_answer.c - does this machine carry what is required? Answered from the measured cases of its
 * record alone. A case at a tighter bound answers for a looser one, never the other way round; what
 * is INVALID or was skipped answers nothing.
 */
#include "harness/record.h"
#include "reports/figure_text.h"
#include "reports/plan.h"
#include "reports/record_view.h"
#include "reports/sheet.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

bool hr_plan_is_constructed(const json_t *record)
{
    return json_is_string(json_object_get(record, "constructed"));
}

double hr_plan_memory(const json_t *record, const json_t *entry)
{
    const json_t *memory = json_object_get(json_object_get(record, "host"), "memory");
    double total = hr_view_number(memory, "total_bytes");
    double limit = hr_view_number(memory, "cgroup_limit_bytes");

    if (!(total > 0)) {
        return hr_view_number(entry, "memory");
    }
    return limit > 0 && limit < total ? limit : total;
}

double hr_plan_bandwidth(const json_t *record)
{
    const json_t *ceiling;
    double best = (double)NAN;
    size_t i;

    json_array_foreach (json_object_get(record, "ceilings"), i, ceiling) {
        if (strncmp(hr_view_text(ceiling, "id"), "memory/bandwidth/", 17) == 0) {
            best = fmax(best, hr_view_number(ceiling, "estimate"));
        }
    }
    return best;
}

double hr_plan_bytes_per_market(const json_t *record, double depth, const char **from)
{
    struct hr_view_walk walk = {0};
    double most = 0, bytes = (double)NAN;

    while (hr_view_next(record, &walk)) {
        double here = hr_view_estimate(walk.item, "bytes_per_market");
        double markets = hr_view_param(walk.item, "markets");

        if (!hr_view_counts(walk.item) || !(here > 0) ||
            (isfinite(depth) && hr_view_depth(walk.item) != depth)) {
            continue;
        }
        if (markets > most) {
            most = markets;
            bytes = here;
            *from = hr_view_text(walk.item, "id");
        }
    }
    return bytes;
}

/* ---- answers ----------------------------------------------------------------------------- */

static json_t *answer(const struct hr_ask *ask, const char *status, double value, const char *how,
                      const char *from)
{
    return json_pack("{s:s,s:o,s:o,s:o,s:s}", "status", status, "value", hr_json_real(value),
                     "headroom", hr_json_real(value / ask->value), "how", hr_sheet_string(how),
                     "from", from);
}

static json_t *compared(const struct hr_ask *ask, double value, const char *what, const char *from)
{
    const char *unit = hr_ask_unit(ask->what);
    char how[400];

    snprintf(how, sizeof(how), "%s / %s required = %.3g×%s%s", hr_figure(value, unit).text,
             ask->what == HR_ASK_MEMORY ? hr_figure(ask->value, unit).text
                                        : hr_figure_set(ask->value, unit).text,
             value / ask->value, *what ? "; " : "", what);
    return answer(ask, value >= ask->value ? "met" : "short", value, how, from);
}

static json_t *unknown(const struct hr_ask *ask, const char *why, const char *from)
{
    return answer(ask, "unknown", (double)NAN, why, from);
}

/* A case's rate, and over how many markets it was measured. */
static json_t *compared_rate(const struct hr_ask *ask, const json_t *item, const char *metric,
                             const char *more)
{
    double markets = hr_view_param(item, "markets");
    char what[300];
    json_t *a;

    snprintf(what, sizeof(what), "%s%s%s%s%s", hr_view_path_engine(item).text,
             markets > 0 ? ", " : "", markets > 0 ? hr_figure_count(markets).text : "",
             markets == 1  ? " market"
             : markets > 0 ? " markets"
                           : "",
             more);
    a = compared(ask, hr_view_estimate(item, metric), what, hr_view_text(item, "id"));
    json_object_set_new(a, "at_markets", hr_json_real(markets));
    return a;
}

static bool is_asked(const struct hr_ask *ask, const json_t *item)
{
    return !hr_view_is_ruler(item) && (!ask->path[0] || hr_view_is(item, "path", ask->path)) &&
           (!ask->engine[0] || strcmp(hr_view_engine(item).text, ask->engine) == 0);
}

static bool answers_bound(const struct hr_ask *ask, const json_t *item)
{
    return hr_view_metric(item, "capacity") &&
           hr_view_param(item, "percentile") >= ask->percentile &&
           hr_view_param(item, "bound_ns") <= ask->bound_ns;
}

/* No rate held the bound: where the search began is where it failed already. */
static json_t *held_nothing(const struct hr_ask *ask, const json_t *item)
{
    double failed = hr_view_number(hr_view_metric(item, "lowest_failed"), "estimate");
    char how[400];

    if (failed > 0 && failed <= ask->value) {
        json_t *a;

        snprintf(how, sizeof(how), "no rate from %s up held the bound",
                 hr_figure_set(failed, "orders/s").text);
        a = answer(ask, "short", (double)NAN, how, hr_view_text(item, "id"));
        json_object_set_new(a, "below", json_real(failed));
        return a;
    }
    return unknown(ask, "its search for the highest rate confirmed none", hr_view_text(item, "id"));
}

static json_t *answer_capacity(const struct hr_ask *ask, const json_t *record)
{
    struct hr_view_walk walk = {0};
    const json_t *best = NULL, *failed = NULL, *invalid = NULL;
    char why[300];

    while (hr_view_next(record, &walk)) {
        if (!is_asked(ask, walk.item) || !answers_bound(ask, walk.item)) {
            continue;
        }
        if (!hr_view_counts(walk.item)) {
            invalid = walk.item;
        } else if (hr_view_estimate(walk.item, "capacity") > 0) {
            best = !best || hr_view_estimate(walk.item, "capacity") >
                                hr_view_estimate(best, "capacity")
                       ? walk.item
                       : best;
        } else {
            failed = walk.item;
        }
    }
    if (best) {
        json_t *a = compared_rate(ask, best, "capacity", "");

        json_object_set_new(a, "watts", hr_json_real(hr_view_estimate(best, "power")));
        return a;
    }
    if (failed) {
        return held_nothing(ask, failed);
    }
    if (invalid) {
        snprintf(why, sizeof(why), "the case is %s: %.200s", hr_view_text(invalid, "status"),
                 hr_view_text(invalid, "reason"));
        return unknown(ask, why, hr_view_text(invalid, "id"));
    }
    snprintf(why, sizeof(why), "not measured: no capacity at p%g ≤ %s or tighter%s%s",
             ask->percentile, hr_figure_set(ask->bound_ns, "ns").text,
             ask->path[0] ? " by path " : "", ask->path);
    return unknown(ask, why, "");
}

/* Without a bound: the highest throughput of the orders suites, over all its shards. */
static json_t *answer_throughput(const struct hr_ask *ask, const json_t *record)
{
    struct hr_view_walk walk = {0};
    const json_t *best = NULL;

    while (hr_view_next(record, &walk)) {
        const char *suite = hr_view_text(walk.suite, "name");

        if ((strcmp(suite, "throughput") == 0 || strcmp(suite, "scaling") == 0) &&
            is_asked(ask, walk.item) && hr_view_counts(walk.item) &&
            hr_view_estimate(walk.item, "throughput") > 0 &&
            (!best ||
             hr_view_estimate(walk.item, "throughput") > hr_view_estimate(best, "throughput"))) {
            best = walk.item;
        }
    }
    if (!best) {
        return unknown(ask, "not measured: no throughput that counts", "");
    }
    return compared_rate(ask, best, "throughput", ", no tail bound asked");
}

static json_t *answer_markets(const struct hr_plan_terms *terms, const struct hr_ask *ask,
                              const json_t *record, const json_t *entry)
{
    const char *from = "";
    double bytes = hr_plan_bytes_per_market(record, ask->depth, &from);
    double memory = hr_plan_memory(record, entry) * terms->memory_share;
    char what[300];

    if (!(bytes > 0)) {
        snprintf(what, sizeof(what), "not measured: no bytes a market%s%s",
                 isfinite(ask->depth) ? " at depth " : "",
                 isfinite(ask->depth) ? hr_figure_set(ask->depth, "").text : "");
        return unknown(ask, what, "");
    }
    if (!(memory > 0)) {
        return unknown(ask, "the record does not say how much memory there is", from);
    }
    snprintf(what, sizeof(what), "%.80s (%.40s of memory) / %.80s a market",
             hr_figure(memory, "bytes").text, hr_figure_share(terms->memory_share).text,
             hr_figure(bytes, "bytes").text);
    return compared(ask, floor(memory / bytes), what, from);
}

/* The case of this kind ("decode", "size") and model, or NULL. A model is decoded by the processors
 * and by each device: then the best of those that count. */
static const json_t *model_case(const json_t *record, const char *kind, const char *model)
{
    const json_t *best = NULL;
    struct hr_view_walk walk = {0};
    char begin[40], end[120];

    snprintf(begin, sizeof(begin), "/%s/", kind);
    snprintf(end, sizeof(end), "/model=%.80s", model);
    while (hr_view_next(record, &walk)) {
        const char *id = hr_view_text(walk.item, "id");

        if (hr_view_is(walk.suite, "name", "inference") && strstr(id, begin) &&
            strlen(id) > strlen(end) && strcmp(id + strlen(id) - strlen(end), end) == 0 &&
            (!best || (hr_view_counts(walk.item) &&
                       !(hr_view_counts(best) &&
                         hr_view_estimate(best, kind) >= hr_view_estimate(walk.item, kind))))) {
            best = walk.item;
        }
    }
    return best;
}

static const char *device_kind(const json_t *item)
{
    return hr_view_text(json_object_get(json_object_get(item, "params"), "device"), "kind");
}

/* Where the processors are too slow and a GPU that no case asked may not be, nothing is known. */
static void ask_the_gpu(const struct hr_ask *ask, const json_t *entry, double needed, double token,
                        json_t *a)
{
    char how[500], both[900];
    double most;

    if (!hr_view_is(a, "status", "short") || !(token > 0) ||
        !(*hr_view_text(entry, "gpu") || json_object_get(entry, "vram"))) {
        return;
    }
    most = hr_plan_decode_bound(entry, needed, token, how, sizeof(how));
    if (isfinite(most) && most < ask->value) {
        snprintf(both, sizeof(both), "%s; with its GPU %s = %.80s", hr_view_text(a, "how"), how,
                 hr_figure(most, "tokens/s").text);
    } else {
        json_object_set_new(a, "status", json_string("unknown"));
        snprintf(both, sizeof(both), "%s; its GPU was not asked: %s%s%.80s", hr_view_text(a, "how"),
                 how, isfinite(most) ? " = " : "",
                 isfinite(most) ? hr_figure(most, "tokens/s").text : "");
    }
    json_object_set_new(a, "how", hr_sheet_string(both));
}

/* The answer keeps what a token reads and what the model takes, for machines without a result. */
static json_t *answer_decode(const struct hr_ask *ask, const json_t *record, const json_t *entry)
{
    const json_t *decoded = model_case(record, "decode", ask->model);
    const json_t *size = model_case(record, "size", ask->model);
    double needed = hr_view_estimate(size, "needed"), value = hr_view_estimate(decoded, "decode");
    double memory = hr_plan_memory(record, entry);
    const char *from = hr_view_text(decoded, "id");
    bool by_gpu = strcmp(device_kind(decoded), "gpu") == 0;
    char how[300];
    json_t *a;

    if (value > 0 && hr_view_counts(decoded)) {
        a = compared(ask, value,
                     by_gpu ? "weights alone, streamed by its GPU"
                            : "weights alone, streamed by the processors",
                     from);
    } else if (needed > memory) {
        snprintf(how, sizeof(how), "it needs %.80s, the memory is %.80s",
                 hr_figure(needed, "bytes").text, hr_figure(memory, "bytes").text);
        a = answer(ask, "short", (double)NAN, how, hr_view_text(size, "id"));
    } else {
        const char *why = hr_view_text(decoded, "reason");

        snprintf(how, sizeof(how), "not measured: %.200s",
                 *why ? why : "no inference case of this model");
        a = unknown(ask, how, from);
    }
    if (!by_gpu) {
        ask_the_gpu(ask, entry, needed, hr_view_param(size, "token_bytes"), a);
    }
    json_object_set_new(a, "needed", hr_json_real(needed));
    json_object_set_new(a, "token_bytes", hr_json_real(hr_view_param(size, "token_bytes")));
    return a;
}

json_t *hr_plan_answer(const struct hr_plan_terms *terms, const struct hr_ask *ask,
                       const json_t *record, const json_t *entry)
{
    double value;

    switch (ask->what) {
    case HR_ASK_RATE:
        return isfinite(ask->bound_ns) ? answer_capacity(ask, record)
                                       : answer_throughput(ask, record);
    case HR_ASK_MARKETS:
        return answer_markets(terms, ask, record, entry);
    case HR_ASK_MEMORY:
        value = hr_plan_memory(record, entry);
        return value > 0 ? compared(ask, value, "", "host")
                         : unknown(ask, "the record does not say how much memory there is", "");
    case HR_ASK_BANDWIDTH:
        value = hr_plan_bandwidth(record);
        return value > 0 ? compared(ask, value, "measured", "ceilings")
                         : unknown(ask, "not measured: no ceiling of memory bandwidth", "");
    case HR_ASK_DECODE:
        return answer_decode(ask, record, entry);
    }
    return NULL;
}
