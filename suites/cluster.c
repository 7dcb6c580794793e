/*
 * cluster.c - do more nodes carry more orders, and what does a router before them cost?
 *
 * Markets over ranks, each with its own engine: one tape, dealt out beforehand or each share made
 * by its owner (strong scaling: the same orders over more nodes; weak: as many orders a node), or
 * routed order by order by rank 0;
 * skewed markets cut evenly and cut by load; the ranges of layout files; the link between ranks. A
 * case is called nodes=N only if every node had a host of its own; ranks that share hosts are
 * ranks=N, and nothing here is then said of nodes. It cannot see what agreement between nodes
 * costs: markets never interact.
 */
#include "suites/closed_run.h"
#include "suites/run_ranks.h"
#include "suites/sweep.h"

#include "harness/error.h"
#include "harness/layout.h"
#include "harness/market_cut.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char suite_name[] = "cluster";

#define POINTS_MAX 32
#define DEAL_PER_S 2e7 /* for the plan */
#define ONE_NODE_CEILING "one node's rate, times nodes"
#define LINK_BYTES_LARGE 32768u
#define LINK_COUNT 2000u
#define LINK_WINDOW 16u
#define LINK_RUNS 6
#define MADE "generate=ranks/"

/* In the order of a trial's values. */
enum { THROUGHPUT, COMMITTED_NODE, IMBALANCE, BUSY, LOST, FIGURES };

/* Who owns what. */
enum cut { BY_LOAD, EVENLY, BY_LAYOUT };
static const char *const cut_names[] = {"load", "markets", "layout"};

struct point {
    struct hr_bench *bench;
    const struct hr_workload *workload;
    uint64_t steady, digest;
    uint32_t *bounds;
    int nodes, first_rank;
    bool routed, made;
    uint32_t batch;
};

static int cluster_trial(const struct hr_case *c, struct hr_trial *t)
{
    const struct point *p = c->context;
    const struct hr_config *config = t->rig->config;
    bool pinned = t->rig->cpu >= 0 && hr_ranks_forked(p->bench->ranks);
    struct hr_cluster_result r;
    int rc;

    hr_trial_start(t);
    rc = hr_cluster_run(
        &(struct hr_cluster_run){.ranks = p->bench->ranks,
                                 .parts = &p->bench->parts,
                                 .engine = t->ruler ? 1 : 0,
                                 .workload = p->workload,
                                 .steady = p->steady,
                                 .batch = p->batch,
                                 .nodes = p->nodes,
                                 .first_rank = p->first_rank,
                                 .bounds = p->bounds,
                                 .routed = p->routed,
                                 .made = p->made,
                                 .window = (uint32_t)hr_config_count(config, "cluster.window"),
                                 .cpus = pinned ? t->rig->cpus : NULL,
                                 .cpus_count = t->rig->cpus_count,
                                 .silence_ns = hr_config_count(config, "cluster.silence")},
        &r);
    hr_trial_stop(t);
    if (rc) {
        return rc;
    }
    t->values[THROUGHPUT] = (double)r.requests / ((double)r.ns / 1e9);
    t->values[COMMITTED_NODE] = t->values[THROUGHPUT] / p->nodes;
    t->values[IMBALANCE] = (double)r.requests_max * p->nodes / (double)r.requests;
    t->values[BUSY] =
        r.busy_sum_ns ? (double)r.busy_max_ns * p->nodes / (double)r.busy_sum_ns : (double)NAN;
    t->values[LOST] =
        fabs((double)p->steady - (double)r.requests) + fabs((double)p->steady - (double)r.acked);
    t->elapsed_ns = r.ns;
    /* Each order committed by one node, once, and answered. */
    hr_check_most(&t->checks, "not_committed_once", t->values[LOST], 0, 0, "orders");
    hr_check_most(&t->checks, "node_switches", (double)r.switches, p->nodes, INFINITY, "switches");
    hr_trial_digest(t, r.digest, p->digest);
    return 0;
}

static const struct hr_measured dealt_metrics[FIGURES] = {
    [THROUGHPUT] = {.name = "throughput", .unit = "orders/s", .higher = true, .ruled = true},
    [COMMITTED_NODE] = {.name = "committed_per_node", .unit = "orders/s", .higher = true},
    [IMBALANCE] = {.name = "imbalance", .unit = "largest/mean"},
    [BUSY] = {.name = "imbalance_time", .unit = "largest/mean"},
    [LOST] = {.name = "not_committed_once", .unit = "orders"},
};

/* The router is part of what a routed case measures: the null engine bounds it and judges nothing.
 */
static void metrics_of(struct hr_measured *m, bool routed)
{
    memcpy(m, dealt_metrics, sizeof(dealt_metrics));
    if (routed) {
        m[THROUGHPUT].ruled = false;
        m[THROUGHPUT].bounded = true;
    }
}

/* ---- one group of cases: a flow, and how it is spread ------------------------------------- */

struct group {
    const char *what; /* "", "weak/", "router/", "flow=zipf/even/" …: before nodes=N */
    bool made;        /* each node makes its share: so the name says, since it is another flow */
    struct hr_flow_params flow;
    uint64_t orders;
    struct hr_workload workload;
    struct point points[POINTS_MAX];
    char names[POINTS_MAX][128];
    struct hr_measured metrics[POINTS_MAX][FIGURES];
    struct hr_case cases[POINTS_MAX];
    struct hr_measure_result results[POINTS_MAX];
    int count;
};

/* On how many hosts these nodes are; forked ones are not there yet while planning. */
static int hosts_of(const struct hr_bench *bench, int first_rank, int nodes)
{
    return bench->ranks && first_rank + nodes <= hr_ranks_size(bench->ranks)
               ? hr_ranks_hosts(bench->ranks, first_rank, nodes)
               : 1;
}

static json_t *point_params(const struct group *g, const struct point *p, const char *cut,
                            uint32_t scaled_from)
{
    const struct hr_bench *bench = p->bench;
    int hosts = hosts_of(bench, p->first_rank, p->nodes), ranks = hr_run_ranks_size(bench);
    json_t *params = hr_flow_case_params(&g->flow);

    json_object_update_new(
        params, json_pack("{s:i, s:i, s:i, s:s, s:b, s:s, s:s, s:I, s:I, s:b}", "nodes", p->nodes,
                          "hosts", hosts, "ranks", ranks, "ranks_by",
                          bench->ranks ? hr_ranks_kind(bench->ranks) : "forked processes", "routed",
                          p->routed, "generate", p->made ? "ranks" : "router", "cut", cut, "orders",
                          (json_int_t)g->orders, "batch", (json_int_t)p->batch, "oversubscribed",
                          hosts == 1 && p->nodes + p->first_rank > bench->rig.cpus_count));
    if (scaled_from) {
        json_object_set_new(params, "layout_markets", json_integer((json_int_t)scaled_from));
    }
    return params;
}

/* 0, or -ENOMEM. Filtered cases are not added. */
static int add_point(struct hr_bench *bench, struct group *g, int nodes, int first_rank,
                     bool routed, enum cut cut, const struct hr_layout *layout,
                     uint32_t scaled_from)
{
    int i = g->count;
    struct point *p = g->points + i;
    bool apart = nodes > 1 && hosts_of(bench, first_rank, nodes) == nodes;
    char id[256];

    g->flow.by_market = g->made;
    snprintf(g->names[i], sizeof(g->names[i]), "%s%s%s=%d", g->what, g->made ? MADE : "",
             apart ? "nodes" : "ranks", nodes);
    hr_case_id(&bench->rig, suite_name, g->names[i], id, sizeof(id));
    if (i == POINTS_MAX || !hr_case_wanted(&bench->rig, id)) {
        return 0;
    }
    *p = (struct point){.bench = bench,
                        .workload = &g->workload,
                        .nodes = nodes,
                        .first_rank = first_rank,
                        .routed = routed,
                        .made = g->made,
                        .bounds = calloc((size_t)nodes + 1, sizeof(*p->bounds)),
                        .batch = (uint32_t)hr_config_count(bench->rig.config, "run.batch")};
    if (!p->bounds) {
        return hr_fail(ENOMEM, "no memory for a layout");
    }
    p->batch = p->batch < HR_CLUSTER_BATCH_MAX ? p->batch : HR_CLUSTER_BATCH_MAX;
    for (int k = 0; k <= nodes; k++) {
        p->bounds[k] = layout
                           ? layout->bounds[k]
                           : (uint32_t)((uint64_t)g->flow.markets * (uint64_t)k / (uint64_t)nodes);
    }
    metrics_of(g->metrics[i], routed);
    g->cases[i] =
        (struct hr_case){.suite = suite_name,
                         .name = g->names[i],
                         .params = point_params(g, p, cut_names[cut], scaled_from),
                         .metrics = g->metrics[i],
                         .metrics_count = FIGURES,
                         .run = cluster_trial,
                         .context = p,
                         .seconds = 0.05 + (double)(hr_flow_load(&g->flow) + g->orders) *
                                               (1 / HR_PLAN_ORDERS_PER_S + 1 / DEAL_PER_S)};
    g->count++;
    return 0;
}

/* Ranges of about the same number of requests instead of the same number of markets. */
static int cut_by_load(struct group *g)
{
    int rc = 0;

    for (int i = 0; i < g->count && rc == 0; i++) {
        struct point *p = g->points + i;
        const json_t *cut = json_object_get(g->cases[i].params, "cut");

        if (strcmp(json_string_value(cut), cut_names[BY_LOAD]) == 0) {
            rc = hr_markets_cut(g->workload.tape->steady_requests, p->steady, g->flow.markets,
                                p->nodes, p->bounds);
        }
    }
    return rc;
}

static int measure_group(struct hr_bench *bench, json_t *suite, struct group *g)
{
    int rc;

    if (g->count == 0) {
        return 0;
    }
    if (g->made && *hr_flow_check(&g->flow)) {
        for (int i = 0; i < g->count; i++) {
            hr_measure_refuse(&bench->rig, suite, suite_name, g->names[i], g->cases[i].params,
                              HR_SKIP, hr_flow_check(&g->flow), "use cluster.generate=router");
        }
        return 0;
    }
    rc = hr_rig_workload(&bench->rig, &g->flow, g->orders, &g->workload);
    if (rc) {
        int refused = 0;

        for (int i = 0; i < g->count && refused == 0; i++) {
            refused = hr_refuse_workload(bench, suite, suite_name, g->names[i], g->cases[i].params,
                                         rc, NULL);
        }
        return refused;
    }
    if (!bench->rig.plan) {
        for (int i = 0; i < g->count; i++) {
            g->points[i].steady = g->workload.steady;
            g->points[i].digest = g->workload.digest;
        }
        rc = cut_by_load(g);
    }
    rc = rc ? rc : hr_measure_in_turns(&bench->rig, suite, g->cases, g->count, g->results);
    if (rc == 0 && bench->ranks && !bench->rig.plan && hr_ranks_lost(bench->ranks) >= 0) {
        rc = hr_ranks_tell_lost(bench->ranks);
    }
    return rc;
}

static void group_free(struct group *g)
{
    for (int i = 0; i < g->count; i++) {
        hr_measure_result_free(g->results + i);
        json_decref(g->cases[i].params);
        free(g->points[i].bounds);
    }
    free(g);
}

/* Else by rank 0, who also is the one that routes. */
static bool made_by_ranks(const struct hr_bench *bench)
{
    return strcmp(hr_config_text(bench->rig.config, "cluster.generate"), "ranks") == 0;
}

static struct group *group_new(const struct hr_bench *bench, const char *what, uint64_t orders)
{
    struct group *g = calloc(1, sizeof(*g));

    if (!g) {
        hr_fail(ENOMEM, "no memory for a sweep over nodes");
        return NULL;
    }
    g->what = what;
    g->made = made_by_ranks(bench) && strncmp(what, "router", 6) != 0;
    g->orders = orders;
    hr_config_flow(bench->rig.config, &g->flow);
    return g;
}

/* ---- figures over several cases ------------------------------------------------------------ */

/* Speed-up of each over one node, and the line and the law through all, beside the last. */
static void relate(struct group *g, double *one_rate)
{
    static const char few[] = "the universal scalability law needs 3 points";
    double nodes[POINTS_MAX], rates[POINTS_MAX];
    json_t *last = NULL;
    struct hr_usl usl;
    int n = 0;

    for (int i = 0; i < g->count; i++) {
        const struct hr_measure_result *r = g->results + i;

        if (!r->json || r->status != HR_PASS) {
            continue;
        }
        last = r->json;
        nodes[n] = g->points[i].nodes;
        rates[n++] = hr_measure_median(r, THROUGHPUT);
        if (nodes[0] == 1 && n > 1) {
            hr_case_figure(r->json, "speedup", "times", true, rates[n - 1] / rates[0], NULL);
            hr_case_figure(r->json, "efficiency", "share", true,
                           rates[n - 1] / rates[0] / nodes[n - 1], NULL);
            hr_case_metric_bound(r->json, "throughput", ONE_NODE_CEILING, rates[0] * nodes[n - 1]);
        }
    }
    *one_rate = n && nodes[0] == 1 ? rates[0] : (double)NAN;
    if (n > 1) {
        hr_sweep_law(last, nodes, rates, n, few, &usl);
    }
}

static int strong(struct hr_bench *bench, json_t *suite, double *one_rate)
{
    uint64_t orders = hr_config_count(bench->rig.config, "cluster.orders");
    struct group *g = group_new(bench, "", orders);
    int counts[POINTS_MAX], rc = g ? 0 : -ENOMEM, n;

    if (rc) {
        return rc;
    }
    n = hr_sweep_counts(hr_run_ranks_size(bench), counts, POINTS_MAX);
    for (int i = 0; i < n && rc == 0; i++) {
        rc = (uint32_t)counts[i] > g->flow.markets
                 ? 0
                 : add_point(bench, g, counts[i], 0, false, BY_LOAD, NULL, 0);
    }
    rc = rc ? rc : measure_group(bench, suite, g);
    if (rc == 0 && !bench->rig.plan) {
        relate(g, one_rate);
    }
    group_free(g);
    return rc;
}

/* All nodes, each with a share that it made itself, where the others are dealt theirs. */
static int made_once(struct hr_bench *bench, json_t *suite)
{
    struct group *g;
    int size = hr_run_ranks_size(bench), rc = 0;

    if (made_by_ranks(bench)) {
        return 0; /* all are */
    }
    g = group_new(bench, "", hr_config_count(bench->rig.config, "cluster.orders"));
    if (!g) {
        return -ENOMEM;
    }
    g->made = true;
    rc = (uint32_t)size > g->flow.markets ? 0
                                          : add_point(bench, g, size, 0, false, BY_LOAD, NULL, 0);
    rc = rc ? rc : measure_group(bench, suite, g);
    group_free(g);
    return rc;
}

/* As many orders a node as one node has in the strong sweep. */
static int weak(struct hr_bench *bench, json_t *suite, double one_rate)
{
    uint64_t orders = hr_config_count(bench->rig.config, "cluster.orders");
    int counts[POINTS_MAX], n = hr_sweep_counts(hr_run_ranks_size(bench), counts, POINTS_MAX),
                            rc = 0;

    for (int i = 1; i < n && rc == 0; i++) {
        struct group *g = group_new(bench, "weak/", orders * (uint64_t)counts[i]);

        if (!g) {
            return -ENOMEM;
        }
        rc = (uint32_t)counts[i] > g->flow.markets
                 ? 0
                 : add_point(bench, g, counts[i], 0, false, BY_LOAD, NULL, 0);
        rc = rc ? rc : measure_group(bench, suite, g);
        if (rc == 0 && g->count && g->results[0].json && g->results[0].status == HR_PASS) {
            hr_case_figure(g->results[0].json, "efficiency", "share", true,
                           hr_measure_median(g->results, THROUGHPUT) / counts[i] / one_rate,
                           "one node alone was not measured in this run");
        }
        group_free(g);
    }
    return rc;
}

/* Rank 0 routes to all others, and, in the second case, owns markets too. */
static int router(struct hr_bench *bench, json_t *suite)
{
    int size = hr_run_ranks_size(bench), rc = 0;

    for (int owns = 0; owns < 2 && rc == 0; owns++) {
        struct group *g = group_new(bench, owns ? "router-owns/" : "router/",
                                    hr_config_count(bench->rig.config, "cluster.orders"));
        int nodes = owns ? size : size - 1;

        if (!g) {
            return -ENOMEM;
        }
        rc = (uint32_t)nodes > g->flow.markets
                 ? 0
                 : add_point(bench, g, nodes, owns ? 0 : 1, true, BY_LOAD, NULL, 0);
        rc = rc ? rc : measure_group(bench, suite, g);
        if (rc == 0 && g->count && g->results[0].json && g->results[0].status == HR_PASS) {
            const json_t *m = json_object_get(g->results[0].json, "metrics");
            double null =
                json_number_value(json_object_get(json_array_get(m, THROUGHPUT), "ceiling_value"));

            hr_case_figure(g->results[0].json, "router_cost", "ns/order", false,
                           null > 0 ? 1e9 / null : (double)NAN,
                           "the null engine's rate is not known");
        }
        group_free(g);
    }
    return rc;
}

/* The same skewed flow over ranges of as many markets, and of as many orders. */
static int skew(struct hr_bench *bench, json_t *suite)
{
    const char *preset = hr_config_text(bench->rig.config, "cluster.skew");
    int size = hr_run_ranks_size(bench), rc = 0;
    char even[80], cut[80];
    struct group *g;

    if (!*preset) {
        return 0;
    }
    snprintf(even, sizeof(even), "flow=%.40s/even/", preset);
    snprintf(cut, sizeof(cut), "flow=%.40s/cut/", preset);
    g = group_new(bench, even, hr_config_count(bench->rig.config, "cluster.orders"));
    if (!g) {
        return -ENOMEM;
    }
    rc = hr_config_named_flow(bench->rig.config, preset, &g->flow);
    rc = rc ? rc : add_point(bench, g, size, 0, false, EVENLY, NULL, 0);
    g->what = cut;
    rc = rc ? rc : add_point(bench, g, size, 0, false, BY_LOAD, NULL, 0);
    rc = rc ? rc : measure_group(bench, suite, g);
    group_free(g);
    return rc;
}

static int one_layout(struct hr_bench *bench, json_t *suite, const char *name)
{
    struct hr_layout *layout = malloc(sizeof(*layout));
    struct group *g = group_new(bench, "", hr_config_count(bench->rig.config, "cluster.orders"));
    int size = hr_run_ranks_size(bench), rc = layout && g ? 0 : -ENOMEM;
    uint32_t from = 0;
    char what[200], reason[200];
    const char *base = strrchr(name, '/') ? strrchr(name, '/') + 1 : name;

    rc = rc ? rc : hr_layout_read(layout, name);
    if (rc == 0 && layout->markets != g->flow.markets) {
        from = layout->markets;
        rc = hr_layout_scale(layout, g->flow.markets);
    }
    if (rc == 0) {
        snprintf(what, sizeof(what), "layout=%.*s/", (int)strcspn(base, "."), base);
        g->what = what;
        rc = add_point(bench, g, layout->nodes, 0, false, BY_LAYOUT, layout, from);
    }
    if (rc == 0 && g->count && layout->nodes > size) {
        snprintf(reason, sizeof(reason), "the layout has %d nodes, and there are %d ranks",
                 layout->nodes, size);
        hr_measure_refuse(&bench->rig, suite, suite_name, g->names[0], g->cases[0].params, HR_SKIP,
                          reason, "start as many: `mpirun -np N headroom run`, or cluster.ranks=N");
    } else if (rc == 0) {
        rc = measure_group(bench, suite, g);
    }
    if (g) {
        group_free(g);
    }
    free(layout);
    return rc;
}

static int layouts(struct hr_bench *bench, json_t *suite)
{
    const char *at = hr_config_text(bench->rig.config, "cluster.layouts");
    char name[HR_CONFIG_NAME_MAX];
    int rc = 0;

    while (rc == 0 && hr_config_name_next(&at, name)) {
        rc = one_layout(bench, suite, name);
    }
    return rc;
}

/* ---- the link ------------------------------------------------------------------------------- */

/* Round trip of one order and of a batch, and what a stream reaches, between ranks 0 and 1. */
static int link_measured(struct hr_bench *bench, json_t *c)
{
    static const struct {
        const char *name;
        uint32_t bytes;
    } trips[] = {{"round_trip", sizeof(struct eut_request)},
                 {"round_trip_batch", 256 * sizeof(struct eut_request)}};
    double samples[LINK_RUNS];
    uint64_t *ns = malloc(LINK_COUNT * sizeof(*ns)), all_ns;
    double *sorted = malloc(LINK_COUNT * sizeof(*sorted));
    int rc = ns && sorted ? 0 : hr_fail(ENOMEM, "no memory for a link's figures");

    for (int k = 0; k < 2 && rc == 0; k++) {
        for (int run = 0; run < LINK_RUNS && rc == 0; run++) {
            rc = hr_cluster_ping(bench->ranks, 1, trips[k].bytes, LINK_COUNT / 4, 1, ns, &all_ns);
            for (uint32_t i = 0; i < LINK_COUNT / 4; i++) {
                sorted[i] = (double)ns[i];
            }
            samples[run] = rc ? 0 : hr_median(sorted, LINK_COUNT / 4);
        }
        if (rc == 0) {
            hr_case_metric(
                c, &(struct hr_metric){
                       .name = trips[k].name, .unit = "ns", .samples = samples, .n = LINK_RUNS});
        }
    }
    for (int run = 0; run < LINK_RUNS && rc == 0; run++) {
        rc = hr_cluster_ping(bench->ranks, 1, LINK_BYTES_LARGE, LINK_COUNT, LINK_WINDOW, NULL,
                             &all_ns);
        samples[run] = (double)LINK_BYTES_LARGE * LINK_COUNT * 8 / ((double)all_ns / 1e9);
    }
    if (rc == 0) {
        hr_case_metric(c, &(struct hr_metric){.name = "goodput",
                                              .unit = "bits/s",
                                              .higher = true,
                                              .samples = samples,
                                              .n = LINK_RUNS});
    }
    free(sorted);
    free(ns);
    return rc;
}

static int link_case(struct hr_bench *bench, json_t *suite)
{
    struct hr_rig *rig = &bench->rig;
    int hosts = hosts_of(bench, 0, 2), rc = 0;
    char id[256];
    json_t *c, *params;

    hr_case_id(rig, suite_name, "link", id, sizeof(id));
    if (!hr_case_wanted(rig, id)) {
        return 0;
    }
    params = json_pack("{s:i, s:s}", "hosts", hosts, "ranks_by",
                       bench->ranks ? hr_ranks_kind(bench->ranks) : "forked processes");
    rig->planned_s += rig->plan ? 0.5 : 0;
    c = hr_measure_refuse(rig, suite, suite_name, "link", params, HR_PASS, NULL, NULL);
    json_decref(params);
    if (!rig->plan && c) {
        rc = link_measured(bench, c);
        if (rc && rc != -EINTR) {
            rig->statuses[HR_PASS]--;
            hr_rig_state(rig, c, HR_INVALID, hr_error(), "look at that rank's host");
        }
    }
    return rc;
}

static int refuse_all(struct hr_bench *bench, json_t *suite, const char *reason, const char *advice)
{
    char id[256];

    hr_case_id(&bench->rig, suite_name, "ranks", id, sizeof(id));
    if (hr_case_wanted(&bench->rig, id)) {
        hr_measure_refuse(&bench->rig, suite, suite_name, "ranks", NULL, HR_SKIP, reason, advice);
    }
    return 0;
}

static int cluster_run(struct hr_bench *bench, json_t *suite)
{
    const char *generate = hr_config_text(bench->rig.config, "cluster.generate");
    double one_rate = (double)NAN;
    int rc;

    if (strcmp(generate, "router") != 0 && strcmp(generate, "ranks") != 0) {
        return hr_fail(EINVAL, "cluster.generate=%.60s: router or ranks", generate);
    }
    if (strcmp(bench->rig.path->name, "inproc") != 0) {
        return refuse_all(bench, suite, "each rank calls its own engine: there is no other path",
                          "run it with -p inproc, the default");
    }
    if (bench->rig.against) {
        return refuse_all(bench, suite, "the ranks have one engine", "compare two results instead");
    }
    if (bench->no_ranks[0]) {
        return refuse_all(bench, suite, bench->no_ranks, "`ulimit -a` shows this process's limits");
    }
    if (hr_run_ranks_size(bench) < 2 || (!bench->rig.plan && !bench->ranks)) {
        return refuse_all(bench, suite, "one rank is no cluster",
                          "start more: `mpirun -np 3 headroom run -f cluster`, or without mpirun "
                          "cluster.ranks=3");
    }
    rc = link_case(bench, suite);
    rc = rc ? rc : strong(bench, suite, &one_rate);
    rc = rc ? rc : made_once(bench, suite);
    rc = rc ? rc : router(bench, suite);
    rc = rc ? rc : skew(bench, suite);
    rc = rc ? rc : layouts(bench, suite);
    return rc ? rc : weak(bench, suite, one_rate);
}

extern const struct hr_suite_ops hr_suite_cluster;
const struct hr_suite_ops hr_suite_cluster = {
    .name = suite_name,
    .question = "Do more nodes carry more orders?",
    .run = cluster_run,
};
