/*
 * wire_suite.c - what do the bytes themselves cost, how long is an order's way to the engine and
 * its answer's way back, and how many orders can a link carry at most?
 *
 * The codec is timed a batch at a time, in cache, where a socket leaves its bytes, beside a plain
 * copy of the same bytes; what was decoded must be the flow that was encoded. The framing cases are
 * arithmetic, not measurement: what Ethernet, IP and TCP headers leave of a link for orders and for
 * sealed orders. They cannot see what a network card or a kernel reaches of that. A round trip is
 * of one order at a time, with both sides looking all the while: the shortest that the way can be.
 * Over loopback no interface, queue or packet is in it; over a cable between two network namespaces
 * there is, but still no card and no wire.
 */
#include "suites/closed_run.h"
#include "suites/framing.h"
#include "suites/round_trip.h"

#include "harness/clock.h"
#include "harness/error.h"
#include "harness/platform/cable.h"
#include "harness/wire.h"

#include <errno.h>
#include <stdlib.h>

#define SUITE "wire"
#define LOAD_BATCH 256u
#define MEMCPY_CEILING "memcpy of the same bytes"
/* What sealing adds to a record: 12 of nonce (stream, sequence) and 16 of tag. */
#define SEAL_BYTES 28.0

enum {
    ENCODE,
    DECODE,
    EVENT_ENCODE,
    EVENT_DECODE,
    ENCODE_BYTES,
    DECODE_BYTES,
    COPY_BYTES,
    METRICS
};
static const struct hr_measured metrics[METRICS] = {
    [ENCODE] = {.name = "encode", .unit = "ns"},
    [DECODE] = {.name = "decode", .unit = "ns"},
    [EVENT_ENCODE] = {.name = "event_encode", .unit = "ns"},
    [EVENT_DECODE] = {.name = "event_decode", .unit = "ns"},
    [ENCODE_BYTES] = {.name = "encode_bandwidth", .unit = "bytes/s", .higher = true},
    [DECODE_BYTES] = {.name = "decode_bandwidth", .unit = "bytes/s", .higher = true},
    [COPY_BYTES] = {.name = "memcpy_bandwidth", .unit = "bytes/s", .higher = true},
};

struct codec_case {
    const struct hr_workload *workload;
    uint32_t batch;
};

/* One batch in all its forms. */
struct block {
    uint8_t *orders, *copy, *events;
    struct eut_request *requests;
    struct eut_event *told;
};

static void block_free(struct block *b)
{
    free(b->orders);
    free(b->copy);
    free(b->events);
    free(b->requests);
    free(b->told);
}

static int block_make(struct block *b, uint32_t batch)
{
    b->orders = calloc(batch, HR_WIRE_ORDER_BYTES);
    b->copy = calloc(batch, HR_WIRE_ORDER_BYTES);
    b->events = calloc(batch, HR_WIRE_EVENT_BYTES);
    b->requests = calloc(batch, sizeof(*b->requests));
    b->told = calloc(batch, sizeof(*b->told));
    return b->orders && b->copy && b->events && b->requests && b->told
               ? 0
               : hr_fail(ENOMEM, "no memory for %u messages", batch);
}

static uint64_t fold(uint64_t sum, const struct eut_request *requests, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct eut_request *r = requests + i;

        sum = eut_digest_fold(sum, r->order, (uint64_t)r->market << 32 | r->account, r->price,
                              r->qty, (uint8_t)(r->op ^ r->side), (uint8_t)(r->type ^ r->tif));
    }
    return sum;
}

/* Ticks by kind of work over the whole tape; the digests of what went in and what came out. */
struct spent {
    uint64_t ticks[5]; /* encode, decode, event encode, event decode, copy */
    uint64_t in, out;
};

static int take_turns(struct block *b, const struct eut_request *requests, uint32_t count,
                      uint64_t sequence, struct spent *spent)
{
    size_t bytes = (size_t)count * HR_WIRE_ORDER_BYTES;
    struct hr_wire_event event;
    uint64_t at[6], seen = 0;

    at[0] = hr_ticks();
    hr_wire_orders_put(b->orders, requests, count, 1, sequence, at[0]);
    at[1] = hr_ticks();
    if (hr_wire_orders_get(b->orders, bytes, b->requests, count, NULL) != count) {
        return hr_fail(EBADMSG, "what was encoded cannot be decoded");
    }
    at[2] = hr_ticks();
    for (uint32_t i = 0; i < count; i++) {
        hr_wire_event_put(b->events + (size_t)i * HR_WIRE_EVENT_BYTES, b->told + i,
                          b->orders + (size_t)i * HR_WIRE_ORDER_BYTES, at[2], 1);
    }
    at[3] = hr_ticks();
    for (uint32_t i = 0; i < count; i++) {
        if (hr_wire_event_get(b->events + (size_t)i * HR_WIRE_EVENT_BYTES, HR_WIRE_EVENT_BYTES,
                              &event)) {
            return -EBADMSG;
        }
        seen += event.sequence ^ event.order;
    }
    at[4] = hr_ticks();
    memcpy(b->copy, b->orders, bytes);
    __asm__ volatile("" ::"r"(b->copy), "r"(seen) : "memory"); /* both are wanted */
    at[5] = hr_ticks();
    for (int i = 0; i < 5; i++) {
        spent->ticks[i] += at[i + 1] - at[i];
    }
    spent->in = fold(spent->in, requests, count);
    spent->out = fold(spent->out, b->requests, count);
    return 0;
}

static int codec_trial(const struct hr_case *c, struct hr_trial *t)
{
    const struct codec_case *wanted = c->context;
    const struct hr_tape *tape = wanted->workload->tape;
    struct block block = {0};
    struct spent spent = {0};
    uint64_t done = 0, orders = wanted->workload->steady;
    int rc = block_make(&block, wanted->batch);

    hr_trial_start(t);
    while (rc == 0 && done < orders) {
        uint32_t n = orders - done < wanted->batch ? (uint32_t)(orders - done) : wanted->batch;

        rc = take_turns(&block, tape->steady_requests + done, n, done + 1, &spent);
        done += n;
    }
    hr_trial_stop(t);
    block_free(&block);
    if (rc) {
        return rc;
    }
    for (int i = 0; i < 4; i++) {
        t->values[ENCODE + i] = (double)hr_ticks_to_ns(spent.ticks[i]) / (double)orders;
    }
    t->values[ENCODE_BYTES] = HR_WIRE_ORDER_BYTES * 1e9 / t->values[ENCODE];
    t->values[DECODE_BYTES] = HR_WIRE_ORDER_BYTES * 1e9 / t->values[DECODE];
    t->values[COPY_BYTES] =
        HR_WIRE_ORDER_BYTES * 1e9 * (double)orders / (double)hr_ticks_to_ns(spent.ticks[4]);
    hr_trial_digest(t, spent.out, spent.in);
    return 0;
}

static int codec(struct hr_bench *bench, json_t *suite, const struct hr_flow_params *flow,
                 uint64_t orders, uint32_t batch)
{
    struct hr_workload workload;
    struct codec_case wanted = {&workload, batch};
    struct hr_measure_result result;
    json_t *params;
    char name[64], id[256];
    int rc;

    snprintf(name, sizeof(name), "codec/batch=%u", batch);
    hr_case_id(&bench->rig, SUITE, name, id, sizeof(id));
    if (!hr_case_wanted(&bench->rig, id)) {
        return 0;
    }
    params = json_pack("{s:I, s:I, s:I, s:I}", "batch", (json_int_t)batch, "orders",
                       (json_int_t)orders, "order_bytes", (json_int_t)HR_WIRE_ORDER_BYTES,
                       "event_bytes", (json_int_t)HR_WIRE_EVENT_BYTES);
    rc = hr_rig_workload(&bench->rig, flow, orders, &workload);
    if (rc) {
        rc = hr_refuse_workload(bench, suite, SUITE, name, params, rc, NULL);
        json_decref(params);
        return rc;
    }
    rc = hr_measure(&bench->rig, suite,
                    &(struct hr_case){.suite = SUITE,
                                      .name = name,
                                      .params = params,
                                      .metrics = metrics,
                                      .metrics_count = METRICS,
                                      .run = codec_trial,
                                      .context = &wanted,
                                      .seconds = (double)orders * 50e-9 + 0.01},
                    &result);
    if (result.json && result.status == HR_PASS) {
        double copied = hr_measure_median(&result, COPY_BYTES);

        hr_case_metric_bound(result.json, metrics[ENCODE_BYTES].name, MEMCPY_CEILING, copied);
        hr_case_metric_bound(result.json, metrics[DECODE_BYTES].name, MEMCPY_CEILING, copied);
    }
    hr_measure_result_free(&result);
    json_decref(params);
    return rc;
}

/* ---- there and back ---------------------------------------------------------------------- */

int hr_round_trip_metrics(struct hr_measured figures[HR_ROUND_TRIP_METRICS_MAX], bool cable)
{
    hr_percentile_metrics(figures, HR_PERCENTILES);
    figures[HR_ROUND_TRIP_BYTES] = (struct hr_measured){.name = "cable_bytes", .unit = "bytes"};
    return HR_PERCENTILES + cable;
}

const char *hr_own_net_refused(const struct hr_bench *bench, struct hr_own_net *net)
{
    if (!net->tried && !bench->rig.plan) {
        net->tried = true;
        if (hr_cable_lay(&net->cable)) {
            snprintf(net->why, sizeof(net->why), "%s", hr_error());
        }
    }
    return *net->why ? net->why : NULL;
}

/* Which way did they go? */
static int crossed(const struct hr_round_trip *r, struct hr_trial *t,
                   const struct hr_nic_bytes *before, uint64_t events)
{
    uint64_t orders = r->workload->steady, bytes;
    struct hr_nic_bytes after;
    int rc = hr_cable_bytes(r->way.cable, &after);

    if (rc) {
        return rc;
    }
    bytes = after.sent - before->sent + after.received - before->received;
    t->values[HR_ROUND_TRIP_BYTES] = (double)bytes / (double)orders;
    return bytes >= orders * HR_WIRE_ORDER_BYTES + events * HR_WIRE_EVENT_BYTES
               ? 0
               : hr_fail(EBADMSG, "%llu bytes crossed the cable: they went another way",
                         (unsigned long long)bytes);
}

static int round_trips(const struct hr_round_trip *r, struct hr_trial *t, struct hr_path *path,
                       uint64_t *samples)
{
    const struct hr_path_ops *ops = t->rig->path;
    struct hr_nic_bytes before = {0};
    const struct hr_tape *tape = r->workload->tape;
    struct hr_drive drive = {ops, path, LOAD_BATCH};
    struct hr_drive_sum sum;
    uint64_t digest = 0;
    int rc = hr_drive_batches(&drive, tape->requests, tape->load, &sum);

    rc = rc || !r->way.cable ? rc : hr_cable_bytes(r->way.cable, &before);
    if (rc == 0) {
        hr_trial_start(t);
        rc = hr_drive_each(&drive, tape->steady_requests, r->workload->steady, samples, &sum);
        hr_trial_stop(t);
    }
    rc = rc || !r->way.cable ? rc : crossed(r, t, &before, sum.events);
    rc = rc ? rc : ops->digest(path, &digest);
    if (rc) {
        return rc;
    }
    hr_trial_digest(t, digest, r->workload->digest);
    for (uint64_t i = 0; i < r->workload->steady; i++) {
        hr_histogram_record(t->histograms[0], hr_ticks_to_ns(samples[i] >> 3));
    }
    hr_percentiles_into(t, t->histograms[0], 0, HR_PERCENTILES);
    return 0;
}

int hr_round_trip_trial(const struct hr_case *c, struct hr_trial *t)
{
    const struct hr_round_trip *r = c->context;
    uint64_t *samples = calloc(r->workload->steady, sizeof(*samples));
    struct hr_path *path = NULL;
    int rc = samples ? 0 : hr_fail(ENOMEM, "no memory for the samples of a run");

    if (rc == 0) {
        rc = t->rig->path->open(
            &path, &(struct hr_path_params){
                       .engine = t->engine,
                       .limits = hr_flow_limits(&r->workload->tape->params, LOAD_BATCH),
                       .events_room = 1,
                       .cpu = r->server_cpu,
                       .way = &r->way});
    }
    rc = rc ? rc : round_trips(r, t, path, samples);
    if (path) {
        t->rig->path->close(path);
    }
    free(samples);
    return rc;
}

/* Why one cannot be measured here, or NULL; what would help into *advice. */
static const char *no_round_trip(const struct hr_bench *bench, int server_cpu,
                                 struct hr_own_net *net, const char **advice)
{
    *advice = "`headroom list` says what each path needs";
    if (server_cpu == HR_NO_OTHER_CPU) {
        return HR_WHY_OTHER_CPU;
    }
    if (bench->rig.path->available()) {
        return hr_error();
    }
    *advice = HR_OWN_NET_ADVICE;
    return net ? hr_own_net_refused(bench, net) : NULL;
}

/* net: NULL, or its cable is the way. */
static int round_trip_case(struct hr_bench *bench, json_t *suite, const struct hr_flow_params *flow,
                           struct hr_own_net *net)
{
    static const char *const histograms[] = {"latency", NULL};
    const char *name = net ? "round_trip/cable=veth" : "round_trip", *why, *advice;
    uint64_t orders = hr_config_count(bench->rig.config, "wire.round_trips");
    struct hr_measured figures[HR_ROUND_TRIP_METRICS_MAX];
    struct hr_workload workload;
    struct hr_round_trip wanted = {.workload = &workload,
                                   .server_cpu = hr_rig_other_cpu(&bench->rig)};
    json_t *params;
    char id[256];
    int rc = 0;

    hr_case_id(&bench->rig, SUITE, name, id, sizeof(id));
    if (!hr_case_wanted(&bench->rig, id)) {
        return 0;
    }
    params = hr_flow_case_params(flow);
    json_object_set_new(params, "orders", json_integer((json_int_t)orders));
    if (net) {
        json_object_set_new(params, "packet_bytes", json_integer(HR_CABLE_PACKET_BYTES));
    }
    why = no_round_trip(bench, wanted.server_cpu, net, &advice);
    if (why) {
        hr_measure_refuse(&bench->rig, suite, SUITE, name, params, HR_SKIP, why, advice);
    } else if ((rc = hr_rig_workload(&bench->rig, flow, orders, &workload))) {
        rc = hr_refuse_workload(bench, suite, SUITE, name, params, rc, NULL);
    } else {
        int count = hr_round_trip_metrics(figures, net != NULL);

        figures[0].bounded = true;
        wanted.way.cable = net ? net->cable : NULL;
        rc = hr_measure(&bench->rig, suite,
                        &(struct hr_case){.suite = SUITE,
                                          .name = name,
                                          .params = params,
                                          .metrics = figures,
                                          .metrics_count = count,
                                          .histograms = histograms,
                                          .run = hr_round_trip_trial,
                                          .context = &wanted,
                                          .seconds = (double)orders * HR_ROUND_TRIP_PLAN_S + 0.05},
                        NULL);
    }
    json_decref(params);
    return rc;
}

/* Every path there is, the call among them: the way that is none; then a network of one's own, for
 * all that can cross one. */
static int round_trip_cases(struct hr_bench *bench, json_t *suite,
                            const struct hr_flow_params *flow, struct hr_own_net *net)
{
    static const char *const crossing[] = {"tcp", "uring", "zmq", "qtcp", "qzmq", NULL};
    const struct hr_path_ops *given = bench->rig.path;
    int rc = 0;

    for (int i = 0; hr_paths[i] && rc == 0; i++) {
        bench->rig.path = hr_paths[i];
        rc = round_trip_case(bench, suite, flow, NULL);
    }
    for (int i = 0; crossing[i] && rc == 0; i++) {
        bench->rig.path = hr_path_find(crossing[i]);
        rc = round_trip_case(bench, suite, flow, net);
    }
    bench->rig.path = given;
    return rc;
}

/* ---- arithmetic ---------------------------------------------------------------------------- */

/* What is left of a full link for TCP's payload, and how many orders that is. */
static void framing(struct hr_bench *bench, json_t *suite, int mtu)
{
    double share = hr_link_payload_share(mtu);
    double per_gbit = share * 1e9 / 8;
    uint32_t batch = (uint32_t)hr_config_count(bench->rig.config, "run.batch");
    json_t *params =
        json_pack("{s:i, s:I, s:s, s:f, s:f}", "mtu", mtu, "batch", (json_int_t)batch, "kind",
                  "arithmetic", "header_bytes", HR_LINK_HEADER_BYTES, "link_bytes", HR_LINK_BYTES);
    char name[64];
    json_t *c;

    snprintf(name, sizeof(name), "framing/mtu=%d", mtu);
    c = hr_measure_refuse(&bench->rig, suite, SUITE, name, params, HR_PASS, NULL, NULL);
    json_decref(params);
    if (!c) {
        return;
    }
    hr_case_figure(c, "payload_share", "share", true, share, NULL);
    hr_case_figure(c, "orders_per_gbit", "orders/s", true, per_gbit / HR_WIRE_ORDER_BYTES, NULL);
    hr_case_figure(c, "orders_10g", "orders/s", true, 10 * per_gbit / HR_WIRE_ORDER_BYTES, NULL);
    hr_case_figure(c, "orders_10g_sealed_single", "orders/s", true,
                   10 * per_gbit / (HR_WIRE_ORDER_BYTES + SEAL_BYTES), NULL);
    hr_case_figure(c, "orders_10g_sealed_batch", "orders/s", true,
                   10 * per_gbit / (HR_WIRE_ORDER_BYTES + SEAL_BYTES / batch), NULL);
    hr_case_figure(c, "events_10g", "events/s", true, 10 * per_gbit / HR_WIRE_EVENT_BYTES, NULL);
}

static int wire_run(struct hr_bench *bench, json_t *suite)
{
    uint64_t orders = hr_config_count(bench->rig.config, "wire.orders");
    uint32_t batch = (uint32_t)hr_config_count(bench->rig.config, "run.batch");
    struct hr_own_net net = {0};
    struct hr_flow_params flow;
    int rc;

    hr_config_flow(bench->rig.config, &flow);
    rc = codec(bench, suite, &flow, orders, batch);
    rc = rc ? rc : round_trip_cases(bench, suite, &flow, &net);
    rc = rc ? rc : hr_tuning_cases(bench, suite, &flow, &net);
    hr_cable_remove(net.cable);
    framing(bench, suite, 1500);
    framing(bench, suite, 9000);
    return rc;
}

extern const struct hr_suite_ops hr_suite_wire;
const struct hr_suite_ops hr_suite_wire = {
    .name = SUITE,
    .question = "What do the bytes cost, how long is their way, and how many can a link carry?",
    .run = wire_run,
};
