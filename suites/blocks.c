/*
 * blocks.c - how soon is a block of orders agreed on, and how many orders may a block have?
 *
 * Per protocol, number of validators, tick and delay: validators as processes of this host, each
 * with its own engine. First, in trial runs, the most orders a block for which a block a tick is
 * kept up; then runs at that size. Digest and state root of all must be the oracle's. Where not
 * even a block of one order keeps the tick, the case says why, and how long a block takes. It
 * cannot see other hosts: validators share this one's processors, and a delay is a wait, not a
 * link.
 */
#include "suites/blocks.h"
#include "suites/block_net.h"
#include "suites/closed_run.h"
#include "suites/durability.h"
#include "suites/percentiles.h"

#include "engine-under-test/loader.h"
#include "harness/error.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SEARCH_NS 100000000u /* of ticks, in one trial of the search */
#define SEARCH_BLOCKS_MIN 6u
#define BLOCKS_MIN 8u
#define SLOW_BLOCKS_MIN 3u
#define SLOW_ORDERS 64u /* a block where no size keeps the tick */
/* A run keeps its ticks if it ends no later than this part of them, and this, behind the last. */
#define BEHIND_SHARE 0.05
#define BEHIND_NS 10000000u
#define MOST_FACTOR 4u

enum {
    RATE,
    PER_BLOCK,
    BLOCKS,
    INTERVAL,
    COMMIT, /* HR_CLASS_PERCENTILES of them */
    EVERYWHERE = COMMIT + HR_CLASS_PERCENTILES,
    EVERYWHERE_TAIL,
    DUE_TAIL,
    FLOOR,
    OVER_FLOOR,
    APPLY,
    ROOT,
    POLLS,
    ROUNDS,
    BYTES,
    METRICS,
    LEDGER = METRICS, /* where a ledger is kept */
    LEDGER_MAX,
    METRICS_LEDGER
};

static void metrics_of(struct hr_measured *m)
{
    static const struct hr_measured fixed[METRICS_LEDGER] = {
        [RATE] = {.name = "throughput", .unit = "orders/s", .higher = true},
        [PER_BLOCK] = {.name = "orders_per_block", .unit = "orders", .higher = true},
        [BLOCKS] = {.name = "blocks", .unit = "blocks/s", .higher = true},
        [INTERVAL] = {.name = "block_interval", .unit = "ns"},
        [EVERYWHERE] = {.name = "everywhere_p50", .unit = "ns"},
        [EVERYWHERE_TAIL] = {.name = "everywhere_p99", .unit = "ns"},
        [DUE_TAIL] = {.name = "due_p99", .unit = "ns"},
        [FLOOR] = {.name = "floor", .unit = "ns"},
        [OVER_FLOOR] = {.name = "over_floor", .unit = "times"},
        [APPLY] = {.name = "apply", .unit = "ns"},
        [ROOT] = {.name = "state_root", .unit = "ns"},
        [POLLS] = {.name = "polls", .unit = "count"},
        [ROUNDS] = {.name = "rounds_more", .unit = "count"},
        [BYTES] = {.name = "bytes_per_order", .unit = "bytes"},
        [LEDGER] = {.name = "ledger", .unit = "ns"},
        [LEDGER_MAX] = {.name = "ledger_longest", .unit = "ns"},
    };

    memcpy(m, fixed, sizeof(fixed));
    hr_percentile_metrics(m + COMMIT, HR_CLASS_PERCENTILES);
}

struct block_case {
    struct hr_block_run run;
    uint64_t blocks;
    uint32_t delays; /* one-way, from sealing to the last commit, at the least */
    bool kept;       /* a size was found that keeps the tick */
    uint64_t digest; /* the oracle's */
    uint8_t root[HR_HASH_BYTES];
    const char *disk; /* where ledgers are kept, if they are */
};

/* With its ledgers, if any are kept, in a folder that lives as long. */
static int run_blocks(const struct block_case *b, const struct hr_block_run *run,
                      struct hr_block_result *r)
{
    char ledger[600], folder[HR_BLOCK_FOLDER_MAX];
    struct hr_block_run with = *run;
    int rc;

    if (run->snapshot_blocks == 0) {
        return hr_block_run(run, r);
    }
    if (snprintf(ledger, sizeof(ledger), "%s/headroom-blocks.XXXXXX", b->disk) >=
        (int)sizeof(ledger)) {
        return hr_fail(ENAMETOOLONG, "durability.folder: its name is too long");
    }
    if (!mkdtemp(ledger)) {
        return hr_fail(errno, "%s: no folder can be made in it: %s", b->disk, strerror(errno));
    }
    with.ledger = ledger;
    rc = hr_block_run(&with, r);
    for (uint32_t i = 0; i < run->validators && hr_block_folder(ledger, i, folder) == 0; i++) {
        hr_ledger_remove(folder);
    }
    hr_ledger_remove(ledger);
    return rc;
}

static bool keeps_up(const struct hr_block_result *r, uint32_t delays, uint64_t delay_ns)
{
    return r->finished && (double)r->elapsed_ns <= (double)r->ticks_ns * (1 + BEHIND_SHARE) +
                                                       BEHIND_NS + (double)(delays * delay_ns);
}

/* What a block takes at the least: its tick, or its delays. */
static uint64_t block_ns(const struct block_case *b)
{
    uint64_t floor_ns = b->delays * b->run.delay_ns;

    return floor_ns > b->run.tick_ns ? floor_ns : b->run.tick_ns;
}

static uint64_t blocks_wanted(const struct block_case *b, uint64_t seconds_ns)
{
    uint64_t blocks = seconds_ns / block_ns(b),
             least = block_ns(b) > b->run.tick_ns ? SLOW_BLOCKS_MIN : BLOCKS_MIN;

    return blocks > least ? blocks : least;
}

static void set_size(struct block_case *b, uint64_t orders_per_block, uint64_t blocks,
                     uint64_t orders)
{
    uint64_t fit = orders / orders_per_block;

    b->blocks = blocks < fit ? blocks : fit;
    b->run.orders_per_block = (uint32_t)orders_per_block;
    b->run.orders = b->blocks * orders_per_block;
    b->run.most_ns = b->blocks * block_ns(b) * MOST_FACTOR + 5000000000u;
}

/* 1 if this size keeps the tick, 0 if not, or -errno. */
static int tried(struct block_case *b, uint64_t size, uint64_t orders)
{
    uint64_t blocks = SEARCH_NS / b->run.tick_ns;
    struct hr_block_result r = {0};
    int rc;

    set_size(b, size, blocks > SEARCH_BLOCKS_MIN ? blocks : SEARCH_BLOCKS_MIN, orders);
    b->run.most_ns = 2 * b->blocks * b->run.tick_ns + 500000000u;
    rc = run_blocks(b, &b->run, &r);
    return rc ? rc : keeps_up(&r, b->delays, b->run.delay_ns);
}

/* The most orders a block that keep the tick, within a factor of 1.2; 0 if none does. */
static int search(struct block_case *b, uint64_t orders, uint64_t *found)
{
    uint64_t top = orders / BLOCKS_MIN, low = 0, high = 0;
    uint64_t size = b->run.tick_ns / 20000; /* a guess: 50 million orders a second are beyond all */

    size = size < top ? size : top;
    *found = 0;
    if (block_ns(b) > b->run.tick_ns) {
        return 0; /* one height after the other: the delays alone are longer than a tick */
    }
    while (!(low && high && high <= low + low / 5 + 1) && !(low && low == top)) {
        int rc = tried(b, size, orders);

        if (rc < 0) {
            return rc;
        }
        if (rc) {
            low = size;
            size = high ? (low + high) / 2 : 4 * size;
        } else if (size == 1) {
            break;
        } else {
            high = size;
            size = low ? (low + high) / 2 : size / 8;
        }
        size = size < 1 ? 1 : size < top ? size : top;
    }
    *found = low;
    return 0;
}

static void note(const struct block_case *b, struct hr_trial *t, const struct hr_block_result *r)
{
    uint64_t floor_ns = b->delays * b->run.delay_ns;
    double kept = keeps_up(r, b->delays, b->run.delay_ns);

    t->values[RATE] = (double)r->orders / ((double)r->elapsed_ns / 1e9);
    t->values[PER_BLOCK] = b->kept && kept ? b->run.orders_per_block : (double)NAN;
    t->reasons[PER_BLOCK] = "no block a tick is kept up";
    t->values[BLOCKS] = (double)r->blocks / ((double)r->elapsed_ns / 1e9);
    t->values[INTERVAL] = (double)r->elapsed_ns / (double)r->blocks;
    hr_percentiles_into(t, t->histograms[0], COMMIT, HR_CLASS_PERCENTILES);
    /* A median of a few is one: where delays make blocks rare, there are no more. */
    t->values[EVERYWHERE] = (double)hr_histogram_percentile(t->histograms[1], 50);
    t->values[EVERYWHERE_TAIL] = hr_percentile_or_nan(t->histograms[1], 99);
    t->values[DUE_TAIL] = hr_percentile_or_nan(t->histograms[2], 99);
    t->reasons[EVERYWHERE_TAIL] = t->reasons[DUE_TAIL] = "too few blocks for this percentile";
    t->values[FLOOR] = floor_ns ? (double)floor_ns : (double)NAN;
    t->values[OVER_FLOOR] = floor_ns ? t->values[EVERYWHERE] / (double)floor_ns : (double)NAN;
    t->reasons[FLOOR] = t->reasons[OVER_FLOOR] = "no delay was injected";
    t->values[APPLY] = (double)r->apply_ns / (double)r->blocks;
    t->values[ROOT] = (double)r->root_ns / (double)r->blocks;
    t->values[POLLS] = (double)r->polls / (double)r->blocks / b->run.validators;
    t->values[ROUNDS] = (double)r->rounds;
    t->values[BYTES] = (double)r->bytes / (double)r->orders;
    if (b->run.snapshot_blocks) {
        t->values[LEDGER] = (double)r->ledger_ns / (double)r->blocks;
        t->values[LEDGER_MAX] = (double)r->ledger_ns_max;
    }
}

static int block_trial(const struct hr_case *c, struct hr_trial *t)
{
    const struct block_case *b = c->context;
    struct hr_block_run run = b->run;
    struct hr_block_result r = {
        .commit = t->histograms[0], .everywhere = t->histograms[1], .due = t->histograms[2]};
    int rc;

    run.engine = t->engine;
    hr_trial_start(t);
    rc = run_blocks(b, &run, &r);
    hr_trial_stop(t);
    if (rc) {
        return rc;
    }
    hr_check_most(&t->checks, "blocks_missing", (double)(b->blocks - r.blocks), 0, 0, "blocks");
    if (!t->ruler) {
        bool unlike = !r.same || !hr_hash_same(r.root, b->root);

        hr_check_most(&t->checks, "state_roots_unlike", unlike, 0, 0, "runs");
    }
    hr_trial_digest(t, r.digest, b->digest);
    if (r.blocks) {
        note(b, t, &r);
    }
    return 0;
}

/* A tick that is not kept is a finding, not a failure: no size, and the reason in numbers. */
static void say_why(const struct block_case *b, const struct hr_measure_result *result)
{
    double floor_ms = (double)(b->delays * b->run.delay_ns) / 1e6,
           tick_ms = (double)b->run.tick_ns / 1e6, took = hr_measure_median(result, EVERYWHERE);
    char reason[320];

    if (result->status != HR_PASS || (b->kept && isfinite(hr_measure_median(result, PER_BLOCK)))) {
        return;
    }
    if (b->kept) {
        snprintf(reason, sizeof(reason),
                 "a block of %u orders a %g ms tick was kept up in a trial, but not in every run",
                 b->run.orders_per_block, tick_ms);
    } else if (floor_ms > tick_ms) {
        snprintf(reason, sizeof(reason),
                 "a block a %g ms tick cannot be: %u one-way delays of %g ms lie between sealing "
                 "and the last commit, %g ms, whatever the machine; it took %.3g ms",
                 tick_ms, b->delays, (double)b->run.delay_ns / 1e6, floor_ms, took / 1e6);
    } else {
        snprintf(reason, sizeof(reason),
                 "a block a %g ms tick was not kept up even with one order a block; with %u "
                 "agreeing took %.3g ms at the median",
                 tick_ms, b->run.orders_per_block, took / 1e6);
    }
    hr_case_metric_why(result->json, "orders_per_block", reason);
}

static json_t *params_of(const struct block_case *b, const struct hr_flow_params *flow)
{
    json_t *params = hr_flow_case_params(flow);

    json_object_update_new(
        params, json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "protocol",
                          b->run.protocol->name, "validators", (json_int_t)b->run.validators,
                          "faults", (json_int_t)hr_faults(b->run.validators), "quorum",
                          (json_int_t)hr_quorum(b->run.validators), "tick_ns",
                          (json_int_t)b->run.tick_ns, "delay_ns", (json_int_t)b->run.delay_ns,
                          "delays", (json_int_t)b->delays, "orders_per_block",
                          (json_int_t)b->run.orders_per_block, "blocks", (json_int_t)b->blocks));
    if (b->run.snapshot_blocks) {
        json_object_set_new(params, "snapshot_blocks",
                            json_integer((json_int_t)b->run.snapshot_blocks));
    }
    if (b->run.protocol == &hr_agree_fpc) {
        json_object_update_new(params, json_pack("{s:I, s:I, s:I, s:I, s:f, s:f}", "fpc_k",
                                                 (json_int_t)b->run.fpc.k, "fpc_l",
                                                 (json_int_t)b->run.fpc.l, "fpc_cooling",
                                                 (json_int_t)b->run.fpc.cooling, "fpc_m_max",
                                                 (json_int_t)b->run.fpc.m_max, "fpc_first",
                                                 b->run.fpc.first, "fpc_beta", b->run.fpc.beta));
    }
    return params;
}

static int measure(struct hr_bench *bench, json_t *suite, const char *name,
                   const struct hr_flow_params *flow, struct block_case *b)
{
    static const char *const histograms[] = {"commit", "everywhere", "due", NULL};
    const struct hr_config *config = bench->rig.config;
    uint64_t orders = hr_config_count(config, "blocks.orders"), size = 0,
             blocks = blocks_wanted(b, hr_config_count(config, "blocks.seconds"));
    struct hr_measured metrics[METRICS_LEDGER];
    struct hr_measure_result result = {0};
    struct hr_workload workload;
    json_t *params;
    int rc = hr_rig_workload(&bench->rig, flow, orders, &workload);

    if (rc) {
        params = params_of(b, flow);
        rc = hr_refuse_workload(bench, suite, HR_BLOCKS_SUITE, name, params, rc, NULL);
        json_decref(params);
        return rc;
    }
    b->run.tape = workload.tape;
    if (!bench->rig.plan) {
        rc = search(b, orders, &size);
        b->kept = size > 0;
        size -= size / 4; /* not on the edge, where a pause too many decides */
        set_size(b, b->kept ? size : SLOW_ORDERS, blocks, orders);
        rc = rc ? rc
                : hr_block_expected(&eut_oracle, b->run.tape, b->run.orders, &b->digest, b->root);
    }
    if (rc == -EINTR) {
        return rc;
    }
    params = params_of(b, flow);
    metrics_of(metrics);
    if (rc) {
        hr_measure_refuse(&bench->rig, suite, HR_BLOCKS_SUITE, name, params, HR_FAIL, hr_error(),
                          "run the case again alone (-f), and report what it says");
        json_decref(params);
        return 0;
    }
    rc = hr_measure(
        &bench->rig, suite,
        &(struct hr_case){
            .suite = HR_BLOCKS_SUITE,
            .name = name,
            .params = params,
            .metrics = metrics,
            .metrics_count = b->run.snapshot_blocks ? METRICS_LEDGER : METRICS,
            .histograms = histograms,
            .run = block_trial,
            .context = b,
            .runs = (int)hr_config_count(config, "blocks.runs"),
            .seconds =
                0.2 + (double)(blocks * (b->run.tick_ns + b->delays * b->run.delay_ns)) / 1e9},
        &result);
    if (rc == 0 && result.json) {
        say_why(b, &result);
    }
    hr_measure_result_free(&result);
    json_decref(params);
    return rc;
}

static int one(struct hr_bench *bench, json_t *suite, const struct hr_agree_ops *protocol,
               uint32_t validators, uint64_t tick_us, uint64_t delay_us, uint64_t snapshot)
{
    const struct hr_config *config = bench->rig.config;
    struct block_case b = {
        .run = {.engine = bench->rig.engine,
                .batch = (uint32_t)hr_config_count(config, "run.batch"),
                .validators = validators,
                .protocol = protocol,
                .fpc = {.k = (uint32_t)hr_config_count(config, "blocks.fpc_k"),
                        .l = (uint32_t)hr_config_count(config, "blocks.fpc_l"),
                        .cooling = (uint32_t)hr_config_count(config, "blocks.fpc_cooling"),
                        .m_max = (uint32_t)hr_config_count(config, "blocks.fpc_m_max"),
                        .first = hr_config_real(config, "blocks.fpc_first"),
                        .beta = hr_config_real(config, "blocks.fpc_beta")},
                .tick_ns = tick_us * 1000,
                .delay_ns = delay_us * 1000,
                .snapshot_blocks = snapshot,
                .sync = HR_SYNC_NONE},
        .disk = hr_config_text(config, "durability.folder")};
    struct hr_flow_params flow;
    char name[96], id[256], ledger[40] = "";

    b.disk = *b.disk ? b.disk : ".";
    if (snapshot) {
        snprintf(ledger, sizeof(ledger), "/snapshot=%" PRIu64, snapshot);
    }
    snprintf(name, sizeof(name), "%s/validators=%u/tick=%gms/delay=%gms%s", protocol->name,
             validators, (double)tick_us / 1e3, (double)delay_us / 1e3, ledger);
    hr_case_id(&bench->rig, HR_BLOCKS_SUITE, name, id, sizeof(id));
    if (!hr_case_wanted(&bench->rig, id)) {
        return 0;
    }
    b.delays =
        2 + protocol->delays(&(struct hr_agree_params){.validators = validators, .fpc = b.run.fpc});
    hr_config_flow(config, &flow);
    flow.markets = (uint32_t)hr_config_count(config, "blocks.markets");
    return measure(bench, suite, name, &flow, &b);
}

/* The first number of validators at all ticks and delays; the others at the first tick. With
 * ledgers, the first of each. */
static int cases(struct hr_bench *bench, json_t *suite, const struct hr_agree_ops *protocol)
{
    const struct hr_config *config = bench->rig.config;
    uint64_t snapshot = hr_config_count(config, "blocks.snapshot");
    const uint64_t *validators, *ticks, *delays;
    int v = hr_config_counts(config, "blocks.validators", &validators), rc = 0;
    int k = hr_config_counts(config, "blocks.ticks_us", &ticks);
    int d = hr_config_counts(config, "blocks.delays_us", &delays);

    for (int i = 0; i < v; i++) {
        for (int j = 0; j < (i ? 1 : k); j++) {
            for (int l = 0; l < d && rc == 0; l++) {
                rc = one(bench, suite, protocol, (uint32_t)validators[i], ticks[j], delays[l], 0);
            }
        }
    }
    return rc || !snapshot ? rc
                           : one(bench, suite, protocol, (uint32_t)validators[0], ticks[0],
                                 delays[0], snapshot);
}

static int blocks_run(struct hr_bench *bench, json_t *suite)
{
    const char *at = hr_config_text(bench->rig.config, "blocks.protocols");
    char name[HR_CONFIG_NAME_MAX];
    int rc = hr_state_root_cases(bench, suite);

    while (rc == 0 && hr_config_name_next(&at, name)) {
        const struct hr_agree_ops *protocol = hr_agree_find(name);

        if (!protocol) {
            return hr_context(-EINVAL, "blocks.protocols");
        }
        rc = cases(bench, suite, protocol);
    }
    return rc;
}

extern const struct hr_suite_ops hr_suite_blocks;
const struct hr_suite_ops hr_suite_blocks = {
    .name = HR_BLOCKS_SUITE,
    .question = "How soon do validators agree on a block, and of how many orders?",
    .run = blocks_run,
};
