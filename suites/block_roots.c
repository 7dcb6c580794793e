/*
 * block_roots.c - what does a state root cost: over all markets, and over those that a block
 * touched?
 *
 * One engine in this process with the books of the load phase; the whole root is taken, then after
 * every `run.batch` requests the root of what they touched, and at the end the whole one again,
 * which must be the same. It cannot see what sharing the caches with a busy engine elsewhere costs.
 */
#include "suites/blocks.h"
#include "suites/closed_run.h"

#include "harness/clock.h"
#include "harness/error.h"
#include "harness/ledger/state_root.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SINK_ROOM 512u
#define PROOFS 1000u
#define PLAN_PER_MARKET_S 1e-5
#define PLAN_PER_ORDER_S 8e-6 /* its market is hashed again */

enum {
    REBUILD,
    REBUILD_MARKET,
    REBUILD_BYTES,
    UPDATE,
    UPDATE_MARKET,
    TOUCHED,
    NODES,
    PROVE,
    CHECK,
    MEMORY,
    METRICS
};
static const struct hr_measured metrics_fixed[METRICS] = {
    [REBUILD] = {.name = "rebuild", .unit = "ns"},
    [REBUILD_MARKET] = {.name = "rebuild_per_market", .unit = "ns"},
    [REBUILD_BYTES] = {.name = "rebuild_bandwidth", .unit = "bytes/s", .higher = true},
    [UPDATE] = {.name = "update", .unit = "ns"},
    [UPDATE_MARKET] = {.name = "update_per_market", .unit = "ns"},
    [TOUCHED] = {.name = "touched", .unit = "markets"},
    [NODES] = {.name = "nodes_hashed", .unit = "count"},
    [PROVE] = {.name = "proof_make", .unit = "ns"},
    [CHECK] = {.name = "proof_check", .unit = "ns"},
    [MEMORY] = {.name = "tree_bytes_per_market", .unit = "bytes"},
};

struct roots_case {
    const struct hr_workload *workload;
    uint32_t block;
};

struct machine {
    const struct eut_engine *engine;
    void *self;
    struct hr_state_root root;
    const struct eut_request *requests;
    struct eut_sink sink;
    struct eut_event events[SINK_ROOM];
};

struct spent {
    uint64_t update_ns, touched, nodes, blocks;
};

static void see(struct eut_sink *sink)
{
    struct machine *m = sink->owner;

    hr_state_root_see(&m->root, m->requests, sink->events, sink->count);
    sink->count = 0;
}

static int submit(struct machine *m, const struct eut_request *requests, uint32_t count)
{
    int rc;

    m->requests = requests;
    rc = m->engine->submit(m->self, requests, count, &m->sink);
    if (rc) {
        return hr_fail(rc < 0 ? -rc : EIO, "engine %s failed in submit()", m->engine->name);
    }
    see(&m->sink);
    return 0;
}

static int load(struct machine *m, const struct hr_tape *tape, uint32_t block)
{
    int rc = 0;

    for (uint64_t done = 0; done < tape->load && rc == 0; done += block) {
        rc = submit(m, tape->requests + done,
                    (uint32_t)(tape->load - done < block ? tape->load - done : block));
    }
    return rc;
}

static int blocks(struct machine *m, const struct roots_case *r, uint8_t root[HR_HASH_BYTES],
                  struct spent *spent)
{
    const struct hr_workload *w = r->workload;

    for (uint64_t done = 0; done < w->steady; done += r->block) {
        uint64_t left = w->steady - done, nodes, began;
        const uint32_t *touched;
        int rc = submit(m, w->tape->steady_requests + done,
                        (uint32_t)(left < r->block ? left : r->block));

        spent->touched += hr_state_tree_touched(m->root.tree, &touched);
        began = hr_clock_ns();
        rc = rc ? rc : hr_state_root_update(&m->root, m->engine, m->self, root, &nodes);
        spent->update_ns += hr_clock_ns() - began;
        if (rc) {
            return rc;
        }
        spent->nodes += nodes;
        spent->blocks++;
    }
    return 0;
}

/* Bytes that a whole root reads: all states. */
static int bytes_of(struct machine *m, uint64_t *bytes)
{
    int rc = 0;

    *bytes = 0;
    for (uint32_t i = 0; i < m->root.digests.markets && rc == 0; i++) {
        rc = hr_market_state_read(&m->root.state, m->engine, m->self, i, m->root.digests.at[i]);
        *bytes += m->root.state.size;
    }
    return rc;
}

static int proofs(struct machine *m, const uint8_t root[HR_HASH_BYTES], struct hr_trial *t)
{
    uint32_t markets = m->root.digests.markets, held = 0;
    struct hr_membership *made = malloc(PROOFS * sizeof(*made));
    uint64_t at[3];

    if (!made) {
        return hr_fail(ENOMEM, "no memory for %u proofs", PROOFS);
    }
    at[0] = hr_clock_ns();
    for (uint32_t i = 0; i < PROOFS; i++) {
        hr_membership_make(&made[i], m->root.tree, (uint32_t)((uint64_t)i * 7919 % markets));
    }
    at[1] = hr_clock_ns();
    for (uint32_t i = 0; i < PROOFS; i++) {
        held += hr_membership_holds(&made[i], hr_state_tree_leaf(m->root.tree, made[i].leaf), root);
    }
    at[2] = hr_clock_ns();
    free(made);
    t->values[PROVE] = (double)(at[1] - at[0]) / PROOFS;
    t->values[CHECK] = (double)(at[2] - at[1]) / PROOFS;
    return held == PROOFS ? 0 : hr_fail(EBADMSG, "%u of %u proofs hold", held, PROOFS);
}

static int timed(struct machine *m, const struct roots_case *r, struct hr_trial *t)
{
    uint8_t root[HR_HASH_BYTES], whole[HR_HASH_BYTES];
    uint32_t markets = m->root.digests.markets;
    struct spent spent = {0};
    uint64_t began, bytes = 0;
    int rc = hr_state_root_update(&m->root, m->engine, m->self, root, NULL);

    hr_trial_start(t);
    rc = rc ? rc : blocks(m, r, root, &spent);
    began = hr_clock_ns();
    rc = rc ? rc : hr_state_root_rebuild(&m->root, m->engine, m->self, whole, NULL);
    t->values[REBUILD] = (double)(hr_clock_ns() - began);
    hr_trial_stop(t);
    rc = rc ? rc : bytes_of(m, &bytes);
    rc = rc ? rc : proofs(m, whole, t);
    if (rc) {
        return rc;
    }
    hr_check_most(&t->checks, "state_roots_unlike", memcmp(root, whole, sizeof(root)) != 0, 0, 0,
                  "runs");
    t->values[REBUILD_MARKET] = t->values[REBUILD] / markets;
    t->values[REBUILD_BYTES] = (double)bytes / (t->values[REBUILD] / 1e9);
    t->values[UPDATE] = (double)spent.update_ns / (double)spent.blocks;
    t->values[UPDATE_MARKET] = (double)spent.update_ns / (double)spent.touched;
    t->values[TOUCHED] = (double)spent.touched / (double)spent.blocks;
    t->values[NODES] = (double)spent.nodes / (double)spent.blocks;
    t->values[MEMORY] = (double)hr_state_root_bytes(markets) / markets;
    hr_trial_digest(t, m->engine->digest(m->self), r->workload->digest);
    return 0;
}

static int roots_trial(const struct hr_case *c, struct hr_trial *t)
{
    const struct roots_case *r = c->context;
    const struct hr_tape *tape = r->workload->tape;
    struct eut_limits limits = hr_flow_limits(&tape->params, r->block);
    struct machine *m = calloc(1, sizeof(*m));
    int rc;

    if (!m) {
        return hr_fail(ENOMEM, "no memory for an engine");
    }
    m->engine = t->engine;
    m->sink = (struct eut_sink){.events = m->events, .room = SINK_ROOM, .flush = see, .owner = m};
    rc = hr_state_root_new(&m->root, limits.markets);
    if (rc == 0) {
        hr_error_clear();
        rc = m->engine->create(&limits, &m->self);
        rc =
            rc ? hr_fail(-rc, "engine %s: create() failed: %s", m->engine->name, hr_reason(rc)) : 0;
    }
    rc = rc ? rc : load(m, tape, r->block);
    rc = rc ? rc : timed(m, r, t);
    m->engine->destroy(m->self);
    hr_state_root_free(&m->root);
    free(m);
    return rc;
}

/* What this machine's memory gives one thread, measured in this run; NULL if it was not. */
static const char *read_ceiling(const struct hr_rig *rig, double *value)
{
    const json_t *item;
    size_t i;

    json_array_foreach (json_object_get(hr_record_json(rig->record), "ceilings"), i, item) {
        const char *id = json_string_value(json_object_get(item, "id"));
        const json_t *estimate = json_object_get(item, "estimate");

        if (id && strcmp(id, "memory/bandwidth/read/threads=1") == 0 && json_is_number(estimate)) {
            *value = json_number_value(estimate);
            return id;
        }
    }
    return NULL;
}

static int one(struct hr_bench *bench, json_t *suite, uint32_t markets)
{
    uint64_t orders = hr_config_count(bench->rig.config, "blocks.root_orders");
    struct roots_case r = {.block = (uint32_t)hr_config_count(bench->rig.config, "run.batch")};
    struct hr_measured metrics[METRICS];
    struct hr_workload workload;
    struct hr_flow_params flow;
    json_t *params;
    char name[64], id[256];
    int rc;

    snprintf(name, sizeof(name), "state_root/markets=%u", markets);
    hr_case_id(&bench->rig, HR_BLOCKS_SUITE, name, id, sizeof(id));
    if (!hr_case_wanted(&bench->rig, id)) {
        return 0;
    }
    hr_config_flow(bench->rig.config, &flow);
    flow.markets = markets;
    flow.orders_per_level = 1; /* so that many markets fit */
    params = hr_flow_case_params(&flow);
    json_object_update_new(params, json_pack("{s:I, s:I}", "orders", (json_int_t)orders, "batch",
                                             (json_int_t)r.block));
    memcpy(metrics, metrics_fixed, sizeof(metrics));
    metrics[REBUILD_BYTES].ceiling =
        read_ceiling(&bench->rig, &metrics[REBUILD_BYTES].ceiling_value);
    rc = hr_rig_workload(&bench->rig, &flow, orders, &workload);
    if (rc) {
        rc = hr_refuse_workload(bench, suite, HR_BLOCKS_SUITE, name, params, rc, NULL);
    } else {
        r.workload = &workload;
        rc = hr_measure(
            &bench->rig, suite,
            &(struct hr_case){.suite = HR_BLOCKS_SUITE,
                              .name = name,
                              .params = params,
                              .metrics = metrics,
                              .metrics_count = METRICS,
                              .run = roots_trial,
                              .context = &r,
                              .runs = (int)hr_config_count(bench->rig.config, "blocks.runs"),
                              .seconds = (double)hr_flow_load(&flow) / 4e6 +
                                         (double)orders * PLAN_PER_ORDER_S +
                                         markets * PLAN_PER_MARKET_S},
            NULL);
    }
    json_decref(params);
    return rc;
}

int hr_state_root_cases(struct hr_bench *bench, json_t *suite)
{
    const uint64_t *markets;
    int n = hr_config_counts(bench->rig.config, "blocks.root_markets", &markets), rc = 0;

    for (int i = 0; i < n && rc == 0; i++) {
        rc = one(bench, suite, (uint32_t)markets[i]);
    }
    return rc;
}
