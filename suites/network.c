/*
 * network.c - how many orders a second does an engine take, and answer, when they come over a link?
 *
 * Per path and batch: a server's process with the engine, this process with the clients, closed
 * loop. An order counts when its last event is back here; the events that came back must fold to
 * the oracle's digest, and the counters must add up, or there is no figure.
 *
 * Beside it stands what the same bytes reach without engine and crypto: the same orders over the
 * same link, or the clear one beneath a sealed one, to a server that plays back as many events
 * (playback.h). And what the engine reaches alone: in process, in the same batches, on the servers'
 * processors. Where a server and its clients share a processor, an order takes the time of both, so
 * path and engine together allow 1 / (1 / path + 1 / engine). One server with a processor of its
 * own may do better where the path waits for its clients: at most as the slower of the two alone.
 * It is one host: a loopback is no network card, and latency under a full window is mostly the
 * window.
 */
#include "suites/closed_run.h"
#include "suites/link_baseline.h"
#include "suites/percentiles.h"
#include "suites/playback.h"

#include "engine-under-test/loader.h"

#include "harness/error.h"
#include "harness/link_sealed.h"
#include "harness/order_shards.h"
#include "harness/platform/platform.h"
#include "harness/shards.h"
#include "harness/statistics.h"
#include "harness/wire.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SUITE "network"
#define LOST_AFTER_MS 2000
/* More, and the server waited for its processor: a warning, as for the measuring thread. */
#define SERVER_SWITCHES_SOFT 2
/* What a run is guessed to reach, orders/s: batches of one are a system call each. */
#define PLAN_PER_S 4e6
#define PLAN_SINGLE_PER_S 3e5
/* Fewer orders where each is a message of its own. */
#define SMALL_BATCH 32u

enum {
    ACKED_RATE,
    ACCEPTED_RATE,
    EVENTS_RATE,
    ENGINE,
    TOGETHER,
    GOODPUT_IN,
    GOODPUT_OUT,
    NIC,
    LATENCY, /* HR_PERCENTILES of them */
    OFFERED = LATENCY + HR_PERCENTILES,
    SENT,
    REFUSED,
    RECEIVED,
    ACCEPTED,
    REJECTED,
    ACKED,
    LOST,
    DUPLICATED,
    METRICS
};

static void metrics_of(struct hr_measured *m)
{
    static const struct hr_measured fixed[METRICS] = {
        [ACKED_RATE] = {.name = "throughput", .unit = "orders/s", .higher = true, .bounded = true},
        [ACCEPTED_RATE] = {.name = "accepted_rate", .unit = "orders/s", .higher = true},
        [EVENTS_RATE] = {.name = "events", .unit = "events/s", .higher = true},
        [ENGINE] = {.name = "engine_alone", .unit = "orders/s", .higher = true},
        [TOGETHER] = {.name = "path_and_engine", .unit = "orders/s", .higher = true},
        [GOODPUT_IN] = {.name = "goodput_orders", .unit = "bits/s", .higher = true},
        [GOODPUT_OUT] = {.name = "goodput_events", .unit = "bits/s", .higher = true},
        [NIC] = {.name = "nic", .unit = "bits/s", .higher = true},
        [OFFERED] = {.name = "offered", .unit = "orders", .higher = true},
        [SENT] = {.name = "sent", .unit = "orders", .higher = true},
        [REFUSED] = {.name = "refused", .unit = "orders"},
        [RECEIVED] = {.name = "received", .unit = "orders", .higher = true},
        [ACCEPTED] = {.name = "accepted", .unit = "orders", .higher = true},
        [REJECTED] = {.name = "rejected", .unit = "orders"},
        [ACKED] = {.name = "acked", .unit = "orders", .higher = true},
        [LOST] = {.name = "lost", .unit = "orders"},
        [DUPLICATED] = {.name = "duplicated", .unit = "orders"},
    };

    memcpy(m, fixed, sizeof(fixed));
    hr_percentile_metrics(m + LATENCY, HR_PERCENTILES);
}

/* What a case is held against, as its ruler's runs found it. */
struct bound {
    const struct hr_link_ops *ops; /* the case's own, or the clear one beneath it */
    char name[64];
    double rate;     /* NAN: there was none */
    uint64_t events; /* of the steady phase */
};

struct network_case {
    const struct hr_link_ops *ops;
    const struct hr_workload *workload;
    uint64_t orders, digest; /* a prefix of it */
    struct hr_link_params link;
    uint32_t batch, window;
    int server_cpu;
    uint32_t shards;
    const int *cpus; /* of the shards */
    double baseline; /* bits/s of libiperf over the same link; NAN: not known */
    json_t *params;  /* the case's: what the link really has is added by its first run */
    struct bound *bound;
};

/* What the steady phase alone did. */
struct counted {
    struct hr_client_counts client;
    struct hr_server_counts server;
    struct hr_nic_bytes nic;
    bool nic_known;
};

static int count(struct hr_shards_net *net, struct counted *c)
{
    bool on_nic = net->nets[0].link->facts.port != 0;

    c->nic_known = on_nic && hr_nic_bytes(hr_nic_loopback(), &c->nic) == 0;
    return hr_shards_net_counts(net, &c->client, &c->server);
}

static double apart(uint64_t a, uint64_t b)
{
    return fabs((double)a - (double)b);
}

static void note_counts(const struct network_case *n, struct hr_trial *t, const struct counted *b,
                        const struct counted *e)
{
    uint64_t offered = e->client.offered - b->client.offered,
             sent = e->client.sent - b->client.sent,
             refused = e->client.refused - b->client.refused,
             received = e->server.received - b->server.received,
             accepted = e->server.accepted - b->server.accepted,
             rejected = e->server.rejected - b->server.rejected,
             acked = e->client.acked - b->client.acked, lost = e->client.lost - b->client.lost,
             duplicated = e->client.duplicated - b->client.duplicated;
    const uint64_t all[] = {offered,  sent,  refused, received,  accepted,
                            rejected, acked, lost,    duplicated};

    for (int i = 0; i < METRICS - OFFERED; i++) {
        t->values[OFFERED + i] = (double)all[i];
    }
    /* The client's own are among every run's disturbances; shards give their processor away. */
    if (n->shards == 1) {
        hr_check_most(&t->checks, "server_switches", apart(e->server.switches, b->server.switches),
                      SERVER_SWITCHES_SOFT, INFINITY, "switches");
    }
    hr_check_most(&t->checks, "lost", (double)lost, 0, 0, "orders");
    hr_check_most(&t->checks, "duplicated", (double)duplicated, 0, 0, "orders");
    hr_check_most(
        &t->checks, "unaccounted",
        apart(offered, sent + refused) + apart(sent, acked + lost) + apart(sent, received) +
            apart(received, accepted + rejected) +
            apart(e->client.events - b->client.events, e->server.events - b->server.events),
        0, 0, "orders");
}

static void note_rates(const struct network_case *n, struct hr_trial *t, const struct counted *b,
                       const struct counted *e, uint64_t ns)
{
    double seconds = (double)ns / 1e9;
    double events = (double)(e->client.events - b->client.events);

    t->values[ACKED_RATE] = t->values[ACKED] / seconds;
    t->values[ACCEPTED_RATE] = (t->values[ACKED] - t->values[REJECTED]) / seconds;
    t->values[EVENTS_RATE] = events / seconds;
    t->values[GOODPUT_IN] = t->values[ACKED] * HR_WIRE_ORDER_BYTES * 8 / seconds;
    t->values[GOODPUT_OUT] = events * HR_WIRE_EVENT_BYTES * 8 / seconds;
    hr_percentiles_into(t, t->histograms[0], LATENCY, HR_PERCENTILES);
    t->values[NIC] = (double)NAN;
    t->reasons[NIC] = "no network interface takes part, or it has no counters";
    if (b->nic_known && e->nic_known) {
        t->values[NIC] = (double)(e->nic.sent - b->nic.sent) * 8 / seconds;
    }
    /* libiperf's is one stream to one server. */
    hr_link_check(&t->checks,
                  &(struct hr_link_seen){.orders = t->values[GOODPUT_IN],
                                         .events = t->values[GOODPUT_OUT],
                                         .link = n->shards == 1 ? n->baseline : (double)NAN,
                                         .nic = t->values[NIC]});
}

static int drive(struct hr_shards_net *net, const struct eut_request *requests, uint64_t orders,
                 const struct network_case *n, struct hr_trial *t, bool timed, uint64_t *ns)
{
    struct hr_net_cut cut;
    int rc = hr_net_cut(&cut, requests, orders, n->link.clients);

    if (rc) {
        return rc;
    }
    if (timed) {
        hr_trial_start(t);
    }
    rc = hr_shards_net_drive(net,
                             &(struct hr_clients_run){.tapes = cut.tapes,
                                                      .batch = n->batch,
                                                      .lost_after_ms = LOST_AFTER_MS,
                                                      .latency = timed ? t->histograms[0] : NULL},
                             ns);
    if (timed) {
        hr_trial_stop(t);
    }
    hr_net_cut_free(&cut);
    return rc;
}

/* The ruler's best run, if it was whole; and what it bounds. They have carried the same bytes. */
static void note_bound(struct bound *bound, struct hr_trial *t, uint64_t events)
{
    if (t->ruler && (t->values[LOST] > 0 || t->values[DUPLICATED] > 0)) {
        t->values[ACKED_RATE] = (double)NAN;
    } else if (t->ruler) {
        bound->rate = fmax(bound->rate, t->values[ACKED_RATE]);
        bound->events = events;
    } else if (isfinite(bound->rate)) {
        t->values[TOGETHER] = 1 / (1 / bound->rate + 1 / t->values[ENGINE]);
        hr_check_most(&t->checks, "ruler_events", apart(bound->events, events), 0, 0, "events");
    } else {
        t->reasons[TOGETHER] = "no ruler was measured";
    }
}

static int measure_open(struct hr_shards_net *net, const struct network_case *n, struct hr_trial *t)
{
    const struct hr_tape *tape = n->workload->tape;
    struct counted before, after;
    uint64_t ns = 0;
    int rc = drive(net, tape->requests, tape->load, n, t, false, &ns);

    rc = rc ? rc : count(net, &before);
    rc = rc ? rc : drive(net, tape->steady_requests, n->orders, n, t, true, &ns);
    rc = rc ? rc : count(net, &after);
    if (rc) {
        return rc;
    }
    note_counts(n, t, &before, &after);
    note_rates(n, t, &before, &after, ns);
    note_bound(n->bound, t, after.client.events - before.client.events);
    /* The engine's own, and what came back. */
    hr_trial_digest(t, after.server.digest, n->digest);
    hr_trial_digest(t, hr_shards_net_digest(net), n->digest);
    return 0;
}

/* The requests as the clients send them: a batch of each, and again. A batch is then of few
 * markets, which an engine may find easier than the tape's own mix. */
static int as_sent(struct eut_request *to, const struct eut_request *requests, uint64_t count,
                   const struct network_case *n)
{
    struct hr_net_cut cut;
    int rc = hr_net_cut(&cut, requests, count, n->link.clients);
    const struct eut_request *end = to + count;

    while (rc == 0 && to < end) {
        for (uint32_t c = 0; c < n->link.clients; c++) {
            struct hr_client_tape *tape = cut.tapes + c;
            uint64_t k = tape->count < n->batch ? tape->count : n->batch;

            memcpy(to, tape->requests, k * sizeof(*to));
            tape->requests += k;
            tape->count -= k;
            to += k;
        }
    }
    if (rc == 0) {
        hr_net_cut_free(&cut);
    }
    return rc;
}

/* In process, in the same batches, on the servers' processors. */
static int engine_alone(const struct network_case *n, struct hr_trial *t)
{
    struct hr_tape tape = *n->workload->tape;
    const struct hr_workload workload = {.tape = &tape};
    const struct hr_shards_params params = {.ops = hr_path_find("inproc"),
                                            .engine = t->engine,
                                            .workload = &workload,
                                            .steady = n->orders,
                                            .batch = n->batch,
                                            .shards = (int)n->shards,
                                            .cpus = n->server_cpu < 0 ? NULL
                                                    : n->shards > 1   ? n->cpus
                                                                      : &n->server_cpu};
    struct hr_shards_result result;
    int rc;

    tape.requests = malloc((tape.load + n->orders) * sizeof(*tape.requests));
    if (!tape.requests) {
        return hr_fail(ENOMEM, "no memory for the orders as they are sent");
    }
    tape.steady_requests = tape.requests + tape.load;
    rc = as_sent(tape.requests, n->workload->tape->requests, tape.load, n);
    rc = rc ? rc : as_sent(tape.steady_requests, n->workload->tape->steady_requests, n->orders, n);
    rc = rc ? rc : hr_shards_run(&params, &result);
    if (rc == 0) {
        t->values[ENGINE] = (double)result.requests / ((double)result.ns / 1e9);
        hr_trial_digest(t, result.digest, n->digest);
    }
    free(tape.requests);
    return rc;
}

/* What the link really has. */
static void note_link(json_t *params, const struct hr_link_facts *facts)
{
    json_object_update_new(
        params, json_pack("{s:s, s:I, s:I, s:I}", "congestion", facts->congestion, "send_buffer",
                          (json_int_t)facts->send_bytes, "receive_buffer",
                          (json_int_t)facts->receive_bytes, "hwm", (json_int_t)facts->hwm));
}

static int network_trial(const struct hr_case *c, struct hr_trial *t)
{
    const struct network_case *n = c->context;
    const struct hr_net_params params = {.ops = t->ruler ? n->bound->ops : n->ops,
                                         .engine = t->ruler ? &hr_playback : t->engine,
                                         .limits = hr_flow_limits(&n->workload->tape->params, 1),
                                         .link = n->link,
                                         .batch = n->batch,
                                         .window = n->window,
                                         .server_cpu = n->server_cpu};
    struct hr_shards_net net;
    int rc = t->ruler ? 0 : engine_alone(n, t);

    rc = rc ? rc : hr_shards_net_open(&net, &params, n->shards, n->cpus);
    if (rc) {
        return rc;
    }
    if (!t->ruler) {
        note_link(n->params, &net.nets[0].link->facts);
    }
    rc = measure_open(&net, n, t);
    hr_shards_net_close(&net);
    return rc;
}

static const char *why_not(const struct network_case *n)
{
    if (n->server_cpu == HR_NO_OTHER_CPU) {
        return HR_WHY_OTHER_CPU;
    }
    return n->ops->available() ? hr_error() : NULL;
}

static int measure(struct hr_bench *bench, json_t *suite, const char *name,
                   const struct hr_flow_params *flow, struct network_case *n)
{
    const struct hr_config *config = bench->rig.config;
    uint64_t orders = hr_config_count(config, "network.orders");
    struct hr_measured metrics[METRICS];
    static const char *const histograms[] = {"latency", NULL};
    struct hr_workload workload;
    double driven;
    int rc = hr_rig_workload(&bench->rig, flow, orders, &workload);

    if (rc == 0 && bench->rig.ruler && !bench->rig.plan) {
        rc = hr_playback_note(&eut_oracle, workload.tape, orders);
    }
    if (rc) {
        return hr_refuse_workload(bench, suite, SUITE, name, n->params, rc, NULL);
    }
    n->workload = &workload;
    n->orders = orders;
    if (n->batch < SMALL_BATCH) {
        n->orders = orders * n->batch / SMALL_BATCH;
    }
    if (!bench->rig.plan) {
        hr_workload_prefix(&workload, n->orders, &n->orders, &n->digest);
    }
    driven = (double)hr_flow_load(flow) / PLAN_PER_S +
             (double)n->orders / (n->batch < SMALL_BATCH ? PLAN_SINGLE_PER_S : PLAN_PER_S) +
             (double)n->orders / HR_PLAN_ORDERS_PER_S; /* the engine alone */
    metrics_of(metrics);
    return hr_measure(&bench->rig, suite,
                      &(struct hr_case){.suite = SUITE,
                                        .name = name,
                                        .params = n->params,
                                        .metrics = metrics,
                                        .metrics_count = METRICS,
                                        .histograms = histograms,
                                        .run = network_trial,
                                        .context = n,
                                        .seconds = driven + 0.05,
                                        .ruler = n->bound->name},
                      NULL);
}

static int one(struct hr_bench *bench, json_t *suite, const struct hr_link_ops *ops, uint32_t batch,
               uint32_t shards, double baseline)
{
    const struct hr_config *config = bench->rig.config;
    uint32_t clients = (uint32_t)hr_config_count(config, "network.clients");
    struct bound bound = {.ops = hr_link_clear(ops), .rate = (double)NAN};
    struct network_case n = {.ops = ops,
                             .batch = batch,
                             .window = (uint32_t)hr_config_count(config, "network.window"),
                             .server_cpu = hr_rig_other_cpu(&bench->rig),
                             .shards = shards,
                             .cpus = bench->rig.cpus,
                             .baseline = baseline,
                             .bound = &bound};
    struct hr_flow_params flow;
    const char *reason;
    char name[64], id[256];
    int rc = 0;

    snprintf(name, sizeof(name), shards > 1 ? "batch=%u/shards=%u" : "batch=%u", batch, shards);
    hr_case_id(&bench->rig, SUITE, name, id, sizeof(id));
    if (!hr_case_wanted(&bench->rig, id)) {
        return 0;
    }
    hr_config_flow(config, &flow);
    flow.markets = (uint32_t)hr_config_count(config, "network.markets");
    snprintf(bound.name, sizeof(bound.name), "same bytes over %s, nothing matched",
             bound.ops->name);
    n.window = n.window < batch ? batch : n.window;
    n.link = (struct hr_link_params){
        .clients = clients < flow.markets ? clients : flow.markets,
        .buffer_bytes = hr_config_count(config, "network.buffer"),
        .congestion = hr_config_text(config, "network.congestion"),
        .hwm = (uint32_t)hr_config_count(config, "network.hwm"),
    };
    n.params = hr_flow_case_params(&flow);
    json_object_update_new(n.params, json_pack("{s:I, s:I, s:I, s:I}", "batch", (json_int_t)batch,
                                               "clients", (json_int_t)n.link.clients, "shards",
                                               (json_int_t)shards, "window", (json_int_t)n.window));
    reason = why_not(&n);
    if (reason) {
        hr_measure_refuse(&bench->rig, suite, SUITE, name, n.params, HR_SKIP, reason,
                          "`headroom list` says what each path needs");
    } else {
        rc = measure(bench, suite, name, &flow, &n);
    }
    json_decref(n.params);
    return rc;
}

static bool asked(const char *list, const char *name)
{
    char one_name[HR_CONFIG_NAME_MAX];
    const char *at = list;

    if (strcmp(list, "all") == 0) {
        return true;
    }
    while (hr_config_name_next(&at, one_name)) {
        if (strcmp(one_name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* As many as there are processors, unless told otherwise; clients cannot be cut. */
static uint32_t shards_wanted(const struct hr_rig *rig)
{
    uint64_t asked_for = hr_config_count(rig->config, "network.shards"), clients, markets;
    uint64_t shards = asked_for ? asked_for : (uint64_t)rig->cpus_count;

    clients = hr_config_count(rig->config, "network.clients");
    markets = hr_config_count(rig->config, "network.markets");
    clients = clients < markets ? clients : markets;
    shards = shards < (uint64_t)rig->cpus_count ? shards : (uint64_t)rig->cpus_count;
    return (uint32_t)(shards < clients ? shards : clients);
}

static int path_cases(struct hr_bench *bench, json_t *suite, const struct hr_link_ops *ops,
                      double *baseline)
{
    const uint64_t *batches;
    int n = hr_config_counts(bench->rig.config, "network.batches", &batches), rc = 0;
    uint32_t shards = shards_wanted(&bench->rig);

    bench->rig.path = hr_path_find(ops->name);
    if (!bench->rig.path) {
        return -EINVAL;
    }
    if (strcmp(ops->name, "tcp") == 0) {
        rc = hr_link_baseline(bench, suite, SUITE, baseline);
    }
    for (int i = 0; i < n && rc == 0; i++) {
        rc = one(bench, suite, ops, (uint32_t)batches[i], 1, *baseline);
    }
    if (shards > 1 && rc == 0) {
        rc = one(bench, suite, ops, (uint32_t)batches[n - 1], shards, *baseline);
    }
    return rc;
}

static int network_run(struct hr_bench *bench, json_t *suite)
{
    const char *paths = hr_config_text(bench->rig.config, "network.paths");
    const struct hr_path_ops *given = bench->rig.path;
    double baseline = (double)NAN; /* of the links behind tcp, which are TCP as well */
    int rc = 0;

    for (int i = 0; hr_links[i] && rc == 0; i++) {
        if (asked(paths, hr_links[i]->name)) {
            rc = path_cases(bench, suite, hr_links[i], &baseline);
        }
    }
    bench->rig.path = given;
    hr_playback_forget();
    return rc;
}

extern const struct hr_suite_ops hr_suite_network;
const struct hr_suite_ops hr_suite_network = {
    .name = SUITE,
    .question = "How many orders a second reach an engine over a link, and are answered?",
    .run = network_run,
};
