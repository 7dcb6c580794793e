/*
 * markets.c - how many markets, how deep, fit this machine, and what do they cost?
 *
 * Counts at the profile's depth, depths at its market count, uniform and skewed: orders per second,
 * resident bytes a market after touching (RSS difference over building the books, so shared code
 * and the tape are not in it), time and rate of loading. What does not fit is skipped with the
 * reason; the planet mix is scaled down to what does.
 */
#include "suites/closed_run.h"

#include "harness/error.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

static const char suite_name[] = "markets";

static int point(struct hr_bench *bench, json_t *suite, const char *name,
                 const struct hr_flow_params *flow, enum hr_closed_more more, json_t *extra)
{
    return hr_closed_case_run(
        bench, suite,
        &(struct hr_closed_case){
            .suite = suite_name,
            .name = name,
            .flow = *flow,
            .orders = hr_config_count(bench->rig.config, "markets.requests"),
            .batch = (uint32_t)hr_config_count(bench->rig.config, "run.batch"),
            .more = more,
            .extra = extra,
        },
        NULL);
}

static int plain(struct hr_bench *bench, json_t *suite, const struct hr_flow_params *flow)
{
    char name[96];

    snprintf(name, sizeof(name), "markets=%u/depth=%u", flow->markets, flow->levels);
    return point(bench, suite, name, flow, HR_CLOSED_SIZE, NULL);
}

static int counts(struct hr_bench *bench, json_t *suite, const struct hr_flow_params *base)
{
    const uint64_t *values;
    int n = hr_config_counts(bench->rig.config, "markets.counts", &values), rc = 0;

    for (int i = 0; i < n && rc == 0; i++) {
        struct hr_flow_params flow = *base;

        flow.markets = (uint32_t)values[i];
        rc = plain(bench, suite, &flow);
    }
    return rc;
}

static int depths(struct hr_bench *bench, json_t *suite, const struct hr_flow_params *base)
{
    const uint64_t *values, *markets;
    int n = hr_config_counts(bench->rig.config, "markets.depths", &values), rc = 0;
    int m = hr_config_counts(bench->rig.config, "markets.counts", &markets);

    for (int i = 0; i < n && rc == 0; i++) {
        struct hr_flow_params flow = *base;
        bool done = values[i] == base->levels;
        bool swept = false;

        flow.levels = (uint32_t)values[i];
        for (int k = 0; k < m; k++) {
            swept = swept || markets[k] == base->markets;
        }
        if (!done || !swept) {
            rc = plain(bench, suite, &flow);
        }
    }
    return rc;
}

/* Skew concentrates the orders on few markets: caches help, one hot book hurts. */
static int skews(struct hr_bench *bench, json_t *suite, const struct hr_flow_params *base)
{
    struct hr_flow_params flow = *base;
    const uint64_t *values;
    int n = hr_config_counts(bench->rig.config, "markets.counts", &values);
    char name[96];

    flow.zipf = hr_config_real(bench->rig.config, "markets.zipf");
    if (flow.zipf <= 0 || n == 0) {
        return 0;
    }
    flow.markets = (uint32_t)values[n - 1];
    snprintf(name, sizeof(name), "markets=%u/depth=%u/zipf=%g", flow.markets, flow.levels,
             flow.zipf);
    return point(bench, suite, name, &flow, HR_CLOSED_SIZE, NULL);
}

/* The mix of a whole exchange of exchanges: one market in five keeps every order, 100 levels of one
 * order a side, the others 20 quoted levels; or as many of them as fit. No tape of their load would
 * fit beside the books: they are built from a stream. */
static int planet(struct hr_bench *bench, json_t *suite, const struct hr_flow_params *base)
{
    uint64_t orders = hr_config_count(bench->rig.config, "markets.requests");
    uint32_t wanted = (uint32_t)hr_config_count(bench->rig.config, "markets.planet");
    struct hr_flow_params flow = *base;
    json_t *extra;
    int rc;

    if (wanted == 0) {
        return 0;
    }
    flow.markets = wanted;
    flow.l2_share = 0.8;
    flow.levels = 100;
    flow.l2_levels = 20;
    flow.orders_per_level = 1;
    flow.by_market = true;
    while (flow.markets > 1000 && hr_workload_bytes(&flow, orders) > bench->rig.memory_max_bytes) {
        flow.markets -= flow.markets / 10;
    }
    if (flow.markets != wanted) {
        hr_record_warn(bench->rig.record,
                       "markets/planet was scaled from %u to %u markets to fit into %" PRIu64
                       " MiB",
                       wanted, flow.markets, bench->rig.memory_max_bytes >> 20);
    }
    extra = json_pack("{s:I}", "markets_wanted", (json_int_t)wanted);
    rc = point(bench, suite, "planet", &flow, HR_CLOSED_KINDS, extra);
    json_decref(extra);
    return rc;
}

static int markets_run(struct hr_bench *bench, json_t *suite)
{
    struct hr_flow_params base;
    int rc;

    hr_config_flow(bench->rig.config, &base);
    rc = counts(bench, suite, &base);
    rc = rc ? rc : depths(bench, suite, &base);
    rc = rc ? rc : skews(bench, suite, &base);
    return rc ? rc : planet(bench, suite, &base);
}

extern const struct hr_suite_ops hr_suite_markets;
const struct hr_suite_ops hr_suite_markets = {
    .name = suite_name,
    .question = "How many markets, how deep, fit this machine, and what do they cost?",
    .run = markets_run,
};
