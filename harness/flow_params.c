/* flow_params.c - which flow? Its defaults, what is wrong with a wish, the limits an engine needs
 * for it, and the memory its generator takes. */
#include "harness/error.h"
#include "harness/flow_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FLOW_LEVELS_MAX HR_NEARNESS_MAX
#define FLOW_ORDERS_MAX (1u << 22) /* a side of a market */
#define FLOW_MARKETS_MAX (1u << 27)
#define STEER_GAIN 4.0
#define SWING_MAX 0.95
#define SWING_REQUESTS_MAX 2000000000u

void hr_flow_defaults(struct hr_flow_params *params)
{
    *params = (struct hr_flow_params){
        .seed = 1,
        .markets = 1000,
        .l2_share = 0,
        .levels = 10,
        .orders_per_level = 10,
        .zipf = 0,
        .share_new = 0.42,
        .share_cancel = 0.45,
        .share_replace = 0.05,
        .share_ioc = 0.03,
        .share_fok = 0.005,
        .share_market = 0.015,
        .share_post = 0.03,
        .crossing = 0.02,
        .taking = 1,
        .nudge = 0,
        .walk = 0.01,
        .swing = 0,
        .swing_requests = 1000000,
        .price_mid = 100000,
        .price_full = false,
        .qty_mean = 100,
        .accounts = 1000,
        .l2_levels = 0,
        .ids = HR_IDS_SPARSE,
        .by_market = false,
    };
}

static bool is_share(double x)
{
    return x >= 0 && x <= 1;
}

static uint32_t levels_of_l2(const struct hr_flow_params *p)
{
    return p->l2_levels ? p->l2_levels : p->levels;
}

/* Of any market. */
static uint32_t levels_most(const struct hr_flow_params *p)
{
    return levels_of_l2(p) > p->levels ? levels_of_l2(p) : p->levels;
}

const char *hr_flow_check(const struct hr_flow_params *p)
{
    const double shares[] = {p->share_new, p->share_cancel, p->share_replace, p->share_ioc,
                             p->share_fok, p->share_market, p->share_post};
    double total = 0;

    for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
        if (!(shares[i] >= 0 && shares[i] <= 1e6)) {
            return "flow: every share of the mix must be a number from 0 up";
        }
        total = total + shares[i];
    }
    if (p->markets < 1 || p->markets > FLOW_MARKETS_MAX) {
        return "flow.markets must be 1 to 134217728";
    }
    if (p->levels < 1 || p->levels > FLOW_LEVELS_MAX) {
        return "flow.levels must be 1 to 4096 levels a side";
    }
    if (p->l2_levels > FLOW_LEVELS_MAX) {
        return "flow.l2_levels must be 0 (as flow.levels) to 4096 levels a side";
    }
    if (p->orders_per_level < 1 || (uint64_t)p->levels * p->orders_per_level > FLOW_ORDERS_MAX) {
        return "flow.orders_per_level must be at least 1, and levels times orders a level at most "
               "4194304 a side";
    }
    if (!is_share(p->l2_share)) {
        return "flow.l2_share must be 0 to 1, a part of the markets";
    }
    if (!(p->zipf >= 0 && p->zipf <= 10)) {
        return "flow.zipf must be 0 (uniform) to 10";
    }
    if (!(p->share_new + p->share_post > 0) && p->l2_share < 1) {
        return "flow.new or flow.post must be above 0, or no book can be held";
    }
    if (!(p->share_cancel > 0) && p->l2_share < 1) {
        return "flow.cancel must be above 0, or the books cannot be held at their size";
    }
    if (!is_share(p->crossing) || !is_share(p->walk) || !is_share(p->taking) ||
        !is_share(p->nudge)) {
        return "flow.crossing, flow.walk, flow.taking and flow.nudge must be 0 to 1";
    }
    if (!(p->swing >= -SWING_MAX && p->swing <= SWING_MAX) || p->swing_requests < 1 ||
        p->swing_requests > SWING_REQUESTS_MAX) {
        return "flow.swing must be -0.95 to 0.95, a part of where the middle starts, and "
               "flow.swing_requests 1 to 2000000000";
    }
    if (p->swing != 0 && p->by_market) {
        return "flow.swing: a flow that is made market by market cannot swing";
    }
    if (p->price_mid < 4 * levels_most(p) + 64 ||
        p->price_mid > EUT_PRICE_MAX - 4 * levels_most(p) - 64) {
        return "flow.price_mid must leave room for the levels on both sides: at least 4 x levels + "
               "64 "
               "ticks from 0 and from 2147483647";
    }
    if (!(p->qty_mean >= 1 && p->qty_mean <= HR_GEOMETRIC_MEAN_MAX)) {
        return "flow.qty_mean must be 1 to 1000000 lots";
    }
    if (p->ids != HR_IDS_SPARSE && p->ids != HR_IDS_DENSE) {
        return "flow.ids must be sparse or dense";
    }
    return "";
}

static uint32_t l2_markets(const struct hr_flow_params *p)
{
    return (uint32_t)(p->markets * p->l2_share + 0.5);
}

/* Room for a book above its target, and for orders whose fate is not known yet. */
static uint32_t slots_per_side(const struct hr_flow_params *p)
{
    uint32_t target = p->levels * p->orders_per_level;

    return target + target / 4 + 4;
}

uint64_t hr_flow_load(const struct hr_flow_params *p)
{
    return hr_flow_load_l3(p) + 2 * (uint64_t)l2_markets(p) * levels_of_l2(p);
}

uint64_t hr_flow_load_l3(const struct hr_flow_params *p)
{
    return 2 * (uint64_t)(p->markets - l2_markets(p)) * p->levels * p->orders_per_level;
}

uint64_t hr_flow_load_of(const struct hr_flow_params *p, uint32_t first, uint32_t end)
{
    uint32_t l3 = p->markets - l2_markets(p);
    uint64_t own_l3 = first < l3 ? (end < l3 ? end : l3) - first : 0;

    return 2 * own_l3 * p->levels * p->orders_per_level +
           2 * (end - first - own_l3) * levels_of_l2(p);
}

struct eut_limits hr_flow_limits(const struct hr_flow_params *p, uint32_t batch_max)
{
    uint64_t l2 = l2_markets(p), orders = (p->markets - l2) * 2 * slots_per_side(p);

    return (struct eut_limits){
        .struct_size = sizeof(struct eut_limits),
        .markets = p->markets,
        .l2_markets = (uint32_t)l2,
        .batch_max = batch_max,
        .orders = orders ? orders : 1,
        .levels = orders + 2 * l2 * levels_of_l2(p),
    };
}

static uint64_t chance(double share)
{
    return (uint64_t)(share * 4294967296.0);
}

static void set_mix(struct hr_flow *f)
{
    const struct hr_flow_params *p = &f->params;
    double enter = p->share_new + p->share_post, keep = enter + p->share_cancel;
    double total = keep + p->share_replace + p->share_ioc + p->share_fok + p->share_market;

    f->keep_share = chance(keep / total);
    f->replace_share = chance((keep + p->share_replace) / total);
    f->ioc_share = chance((keep + p->share_replace + p->share_ioc) / total);
    f->fok_share = chance((keep + p->share_replace + p->share_ioc + p->share_fok) / total);
    f->new_of_keep = keep > 0 ? chance(enter / keep) : 0;
    f->post_of_new = enter > 0 ? chance(p->share_post / enter) : 0;
    f->crossing = chance(p->crossing);
    f->taken = chance(p->taking);
    f->nudge = chance(p->nudge);
    f->walk = chance(p->walk);
    f->taking = ((uint64_t)1 << 32) - f->replace_share;
}

static size_t lines(size_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

uint32_t hr_flow_in_flight(const struct hr_flow_params *p)
{
    uint64_t n = hr_flow_load(p) / 8;

    return n < 1 ? 1 : n < HR_FLOW_BATCH ? (uint32_t)n : HR_FLOW_BATCH;
}

static void set_shape(struct hr_flow *f)
{
    const struct hr_flow_params *p = &f->params;

    f->l2 = l2_markets(p);
    f->l3 = p->markets - f->l2;
    f->target = p->levels * p->orders_per_level;
    f->per_side = slots_per_side(p);
    f->words = (f->per_side + 63) / 64;
    f->lowest = 2 * levels_most(p) + 16;
    f->highest = EUT_PRICE_MAX - f->lowest;
    f->steer = (uint64_t)(4294967296.0 * STEER_GAIN / (2.0 * f->target));
    f->l2_levels = levels_of_l2(p);
    f->load_end = hr_flow_load(p);
    f->batch = hr_flow_in_flight(p);
    for (f->ring = 8; f->ring < 2 * p->levels + 4; f->ring *= 2) {
    }
    f->used_at = (sizeof(struct hr_flow_market) + 7) / 8 * 8;
    f->ready_at = f->used_at + 2 * (size_t)f->words * sizeof(uint64_t);
    f->ring_at = f->ready_at + 2 * (size_t)f->words * sizeof(uint64_t);
    f->slots_at = f->ring_at + 2 * (size_t)f->ring * sizeof(uint32_t);
    size_t streams = p->by_market ? HR_STREAM_COUNT * sizeof(struct hr_random) : 0;

    f->l3_streams_at = lines(f->slots_at + 2 * (size_t)f->per_side * sizeof(struct hr_flow_slot));
    f->l2_streams_at =
        lines(sizeof(struct hr_flow_market) + 2 * (size_t)f->l2_levels * sizeof(uint32_t));
    f->l3_bytes = lines(f->l3_streams_at + streams);
    f->l2_bytes = lines(f->l2_streams_at + streams);
}

/* Everything but the memory of the markets. */
static int flow_make(struct hr_flow **flow, const struct hr_flow_params *params)
{
    const char *why = hr_flow_check(params);
    struct hr_flow *f;

    *flow = NULL;
    if (*why) {
        return hr_fail(EINVAL, "%s", why);
    }
    f = calloc(1, sizeof(*f));
    if (!f) {
        return hr_fail(ENOMEM, "flow: no memory for a generator");
    }
    f->params = *params;
    set_shape(f);
    set_mix(f);
    for (uint64_t i = 0; i < HR_STREAM_COUNT; i++) {
        hr_random_init(&f->shared[i], params->seed, i);
    }
    f->random = f->shared;
    hr_geometric_init(&f->qty, params->qty_mean);
    hr_nearness_init(&f->distance, params->levels);
    if (params->swing != 0) {
        f->swings = calloc(params->markets, sizeof(*f->swings));
        if (!f->swings) {
            hr_flow_free(f);
            return hr_fail(ENOMEM, "flow: no memory for the ways of %u markets", params->markets);
        }
    }
    *flow = f;
    return 0;
}

static int no_memory(struct hr_flow *f, size_t bytes)
{
    uint32_t markets = f->params.markets;

    hr_flow_free(f);
    return hr_fail(ENOMEM,
                   "flow: %zu MiB for the generator of %u markets were not to be had: "
                   "ask for fewer markets, levels or orders",
                   bytes >> 20, markets);
}

int hr_flow_new(struct hr_flow **flow, const struct hr_flow_params *params)
{
    struct hr_flow *f;
    int rc = flow_make(&f, params);

    *flow = NULL;
    if (rc) {
        return rc;
    }
    size_t bytes = f->l3 * f->l3_bytes + f->l2 * f->l2_bytes;

    rc = hr_region_map(&f->region, bytes, HR_PAGES_HUGE);
    if (rc == 0 && params->zipf > 0) {
        rc = hr_zipf_init(&f->zipf, params->markets, params->zipf);
    }
    if (rc) {
        return no_memory(f, bytes);
    }
    f->l3_blocks = f->region.at;
    f->l2_blocks = f->l3_blocks + f->l3 * f->l3_bytes;
    f->l2_first = f->l3;
    *flow = f;
    return 0;
}

int hr_flow_range_new(struct hr_flow **flow, const struct hr_flow_params *params, uint32_t markets)
{
    struct hr_flow *f;
    int rc = params->by_market
                 ? flow_make(&f, params)
                 : hr_fail(EINVAL, "flow: a range of markets needs streams by market");

    *flow = NULL;
    if (rc) {
        return rc;
    }
    size_t bytes = markets * (f->l3_bytes > f->l2_bytes ? f->l3_bytes : f->l2_bytes);

    if (hr_region_map(&f->region, bytes, HR_PAGES_HUGE)) {
        return no_memory(f, bytes);
    }
    f->l3_blocks = f->l2_blocks = f->region.at;
    *flow = f;
    return 0;
}

void hr_flow_free(struct hr_flow *flow)
{
    if (!flow) {
        return;
    }
    hr_zipf_free(&flow->zipf);
    free(flow->swings);
    if (flow->region.at) {
        hr_region_unmap(&flow->region);
    }
    free(flow);
}
