/*
 * throughput.c - how many orders a second does one thread take, and is that figure one?
 *
 * Named flows as they are, and the run's own flow over market counts, shares of crossing orders and
 * batch sizes, closed loop. A rate that depends on how many orders were counted is no rate: over N,
 * 2N and 4N orders it must agree. The elementwise price-compare rate stands beside it under its own
 * name: it is no matching.
 */
#include "suites/closed_run.h"
#include "suites/regimes.h"

#include "harness/error.h"
#include "harness/statistics.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Two lengths agree when the interval of their ratio comes within this share of 1. */
#define INVARIANCE_SLACK 0.05
#define COMPARES_CEILING "cpu/compares"

static int one(struct hr_bench *bench, json_t *suite, struct hr_closed_case *wanted,
               struct hr_measure_result *result)
{
    wanted->suite = hr_suite_find("throughput")->name;
    return hr_closed_case_run(bench, suite, wanted, result);
}

/* How the rate over fewer orders compares with the headline, run by run; false if they cannot be
 * called the same: the interval of the ratio lies wholly outside 1 ± INVARIANCE_SLACK. */
static bool invariant(struct hr_measure_result *r, int figure, const char *name, uint64_t orders,
                      char *why, size_t size)
{
    double *ratios = calloc((size_t)r->runs, sizeof(*ratios));
    struct hr_estimate e;

    if (!ratios) {
        return true;
    }
    for (int i = 0; i < r->runs; i++) {
        ratios[i] =
            hr_measure_samples(r, figure)[i] / hr_measure_samples(r, HR_CLOSED_THROUGHPUT)[i];
    }
    e = hr_estimate_median(ratios, r->runs);
    hr_case_metric(r->json, &(struct hr_metric){
                                .name = name, .unit = "times", .samples = ratios, .n = r->runs});
    free(ratios);
    if (e.low <= 1 + INVARIANCE_SLACK && e.high >= 1 - INVARIANCE_SLACK) {
        return true;
    }
    snprintf(why, size,
             "the rate depends on the count: over %llu orders it is %.3g times that over %llu "
             "(%.3g to %.3g)",
             (unsigned long long)(figure == HR_CLOSED_HALF ? orders / 2 : orders / 4), e.median,
             (unsigned long long)orders, e.low, e.high);
    return false;
}

/* One flow over N, 2N and 4N orders; 4N is the headline. */
static int lengths(struct hr_bench *bench, json_t *suite, const char *name,
                   const struct hr_flow_params *flow, uint64_t orders, json_t *extra)
{
    struct hr_measure_result result = {0};
    char why[256];
    struct hr_closed_case wanted = {.name = name,
                                    .flow = *flow,
                                    .orders = orders,
                                    .batch =
                                        (uint32_t)hr_config_count(bench->rig.config, "run.batch"),
                                    .more = HR_CLOSED_LENGTHS,
                                    .extra = extra};
    int rc = one(bench, suite, &wanted, &result);

    if (result.json && result.status == HR_PASS) {
        bool half = invariant(&result, HR_CLOSED_HALF, "half_over_whole", orders, why, sizeof(why));
        bool quarter =
            invariant(&result, HR_CLOSED_QUARTER, "quarter_over_whole", orders, why, sizeof(why));

        if (!half || !quarter) {
            hr_measure_restate(&bench->rig, &result, HR_INVALID, why,
                               "use longer runs (throughput.requests); look for warming up or for "
                               "work that is put off");
        }
    }
    hr_measure_result_free(&result);
    return rc;
}

/* Presets as they are, whatever this run's own flow is: a goal's flow is the same in any profile.
 */
static int flows(struct hr_bench *bench, json_t *suite, uint64_t orders)
{
    const char *at = hr_config_text(bench->rig.config, "throughput.flows");
    char preset[HR_CONFIG_NAME_MAX], name[96];
    int rc = 0;

    while (rc == 0 && hr_config_name_next(&at, preset)) {
        json_t *extra = json_pack("{s:s}", "flow", preset);
        struct hr_flow_params flow;

        snprintf(name, sizeof(name), "flow=%s", preset);
        rc = hr_config_named_flow(bench->rig.config, preset, &flow);
        rc = rc ? rc : lengths(bench, suite, name, &flow, orders, extra);
        json_decref(extra);
    }
    return rc;
}

static int market_counts(struct hr_bench *bench, json_t *suite, const struct hr_flow_params *base,
                         uint64_t orders)
{
    const uint64_t *markets;
    int n = hr_config_counts(bench->rig.config, "throughput.markets", &markets), rc = 0;

    for (int i = 0; i < n && rc == 0; i++) {
        struct hr_flow_params flow = *base;
        char name[96];

        flow.markets = (uint32_t)markets[i];
        snprintf(name, sizeof(name), "markets=%u", flow.markets);
        rc = lengths(bench, suite, name, &flow, orders, NULL);
    }
    return rc;
}

static int crossings(struct hr_bench *bench, json_t *suite, const struct hr_flow_params *base,
                     uint64_t orders)
{
    const uint64_t *percent;
    int n = hr_config_counts(bench->rig.config, "throughput.crossings", &percent), rc = 0;

    for (int i = 0; i < n && rc == 0; i++) {
        char name[96];
        struct hr_closed_case wanted = {.name = name, .flow = *base, .orders = orders};

        wanted.batch = (uint32_t)hr_config_count(bench->rig.config, "run.batch");
        wanted.flow.crossing = (double)percent[i] / 100;
        snprintf(name, sizeof(name), "crossing=%llu", (unsigned long long)percent[i]);
        rc = one(bench, suite, &wanted, NULL);
    }
    return rc;
}

static int batches(struct hr_bench *bench, json_t *suite, const struct hr_flow_params *base,
                   uint64_t orders)
{
    const uint64_t *sizes;
    int n = hr_config_counts(bench->rig.config, "throughput.batches", &sizes), rc = 0;

    for (int i = 0; i < n && rc == 0; i++) {
        char name[96];
        struct hr_closed_case wanted = {
            .name = name, .flow = *base, .orders = orders, .batch = (uint32_t)sizes[i]};

        snprintf(name, sizeof(name), "batch=%u", wanted.batch);
        rc = one(bench, suite, &wanted, NULL);
    }
    return rc;
}

static const json_t *ceiling(const struct hr_rig *rig, const char *id)
{
    const json_t *ceilings = json_object_get(hr_record_json(rig->record), "ceilings"), *c;
    size_t i;

    json_array_foreach (ceilings, i, c) {
        const char *text = json_string_value(json_object_get(c, "id"));

        if (text && strncmp(text, id, strlen(id)) == 0 &&
            json_is_number(json_object_get(c, "estimate"))) {
            return c;
        }
    }
    return NULL;
}

/* Measured by the probe as a ceiling; shown here because it is so often sold as matching. */
static void compares(struct hr_bench *bench, json_t *suite)
{
    static const char id[] = "throughput/compares";
    const json_t *found, *samples;
    double values[64];
    json_t *c;
    int n = 0;

    if (bench->rig.plan || !hr_case_wanted(&bench->rig, id)) {
        return;
    }
    c = hr_case_begin(suite, id, NULL, NULL, json_pack("{s:i}", "threads", 1));
    found = ceiling(&bench->rig, COMPARES_CEILING);
    samples = json_object_get(found, "samples");
    for (size_t i = 0; i < json_array_size(samples) && n < 64; i++) {
        values[n++] = json_number_value(json_array_get(samples, i));
    }
    if (n == 0) {
        hr_case_metric_null(c, "compares", "compares/s", "the ceilings were not measured");
        hr_case_status(c, HR_SKIP, "the ceilings were not measured",
                       "run with -S run.ceilings=20s");
        bench->rig.statuses[HR_SKIP]++;
        return;
    }
    hr_case_metric(
        c,
        &(struct hr_metric){
            .name = "compares", .unit = "compares/s", .higher = true, .samples = values, .n = n});
    hr_case_status(c, HR_PASS, NULL, NULL);
    bench->rig.statuses[HR_PASS]++;
}

static int throughput_run(struct hr_bench *bench, json_t *suite)
{
    uint64_t orders = 4 * hr_config_count(bench->rig.config, "throughput.requests");
    struct hr_flow_params base;
    int rc;

    hr_config_flow(bench->rig.config, &base);
    rc = flows(bench, suite, orders);
    rc = rc ? rc : market_counts(bench, suite, &base, orders);
    rc = rc ? rc : crossings(bench, suite, &base, orders / 4 ? orders / 4 : 1);
    rc = rc ? rc : batches(bench, suite, &base, orders);
    rc = rc ? rc : hr_regime_cases(bench, suite);
    if (rc == 0) {
        compares(bench, suite);
    }
    return rc;
}

extern const struct hr_suite_ops hr_suite_throughput;
const struct hr_suite_ops hr_suite_throughput = {
    .name = "throughput",
    .question = "How many orders a second does one thread take?",
    .run = throughput_run,
};
