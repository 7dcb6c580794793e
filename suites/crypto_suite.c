/*
 * crypto_suite.c - what does sealing cost an order, and how much of a link is left for orders?
 *
 * The flow's own orders, as they lie on the wire, sealed and opened a batch at a time between the
 * two ends of one session, in cache, where a socket leaves its bytes. What was opened must be the
 * orders that went in. What a link of 10 Gb/s then carries, and how many cores that keeps busy, is
 * arithmetic from these figures. It cannot see what a transport makes of it: that is the network
 * suite's.
 */
#include "suites/crypto_suite.h"

#include "suites/closed_run.h"
#include "suites/framing.h"

#include "harness/clock.h"
#include "harness/error.h"
#include "harness/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NOW_NS 1000000000u
#define BLOCK_ORDERS 1024u /* sealed, then opened, between two readings of the clock */
#define RENEW_EVERY 64u    /* records: thousands of times as often as a session would */
#define LINK_BITS_PER_S 10e9
#define MTU 1500
#define PLAN_NS 400.0 /* an order, guessed, with all around it */

enum {
    SEAL,
    OPEN,
    SEAL_BYTES,
    OPEN_BYTES,
    WIRE_BYTES,
    OVERHEAD,
    LINK_ORDERS,
    SEAL_CORES,
    OPEN_CORES,
    RENEWALS,
    METRICS
};
static const struct hr_measured metrics[METRICS] = {
    [SEAL] = {.name = "seal", .unit = "ns"},
    [OPEN] = {.name = "open", .unit = "ns"},
    [SEAL_BYTES] = {.name = "seal_bandwidth", .unit = "bytes/s", .higher = true},
    [OPEN_BYTES] = {.name = "open_bandwidth", .unit = "bytes/s", .higher = true},
    [WIRE_BYTES] = {.name = "wire_bytes", .unit = "bytes"},
    [OVERHEAD] = {.name = "overhead_bytes", .unit = "bytes"},
    [LINK_ORDERS] = {.name = "orders_10g", .unit = "orders/s", .higher = true},
    [SEAL_CORES] = {.name = "cores_10g_seal", .unit = "cores"},
    [OPEN_CORES] = {.name = "cores_10g_open", .unit = "cores"},
    [RENEWALS] = {.name = "renewals", .unit = "count"},
};

struct seal_case {
    const struct hr_workload *workload;
    uint32_t batch;
    struct hr_qzmq_limits limits;
};

/* One block of orders on both sides of the session. */
struct block {
    uint8_t *plain, *sealed, *opened;
    size_t record_bytes; /* room for one */
};

struct spent {
    uint64_t seal_ticks, open_ticks, wire_bytes, renewals;
    uint64_t in, out; /* what went in and what came out, folded */
};

static uint64_t fold(uint64_t sum, const uint8_t *bytes, size_t size)
{
    uint64_t word;

    for (size_t i = 0; i + sizeof(word) <= size; i += sizeof(word)) {
        memcpy(&word, bytes + i, sizeof(word));
        sum = (sum ^ word) * UINT64_C(0x9E3779B97F4A7C15);
        sum ^= sum >> 29;
    }
    return sum ^ size;
}

static int block_make(struct block *b, uint32_t batch)
{
    uint32_t orders = batch > BLOCK_ORDERS ? batch : BLOCK_ORDERS;
    uint32_t records = (orders + batch - 1) / batch;

    b->record_bytes = (size_t)batch * HR_WIRE_ORDER_BYTES + HR_QZMQ_OVERHEAD_BYTES;
    b->plain = calloc(records, (size_t)batch * HR_WIRE_ORDER_BYTES);
    b->opened = calloc(records, (size_t)batch * HR_WIRE_ORDER_BYTES);
    b->sealed = calloc(records, b->record_bytes);
    return b->plain && b->sealed && b->opened ? 0 : hr_fail(ENOMEM, "no memory for records");
}

static void block_free(struct block *b)
{
    free(b->plain);
    free(b->sealed);
    free(b->opened);
}

static int failed(const char *what, enum hr_qzmq_reason reason)
{
    return hr_fail(EPROTO, "a record without an enemy was not %s: %s", what, hr_qzmq_text(reason));
}

/* Seals what lies in b->plain, in records of at most batch orders, then opens them. */
static int through(const struct block *b, struct hr_sealed_pair *p, uint32_t orders, uint32_t batch,
                   struct spent *spent)
{
    const size_t whole = (size_t)batch * HR_WIRE_ORDER_BYTES,
                 bytes = (size_t)orders * HR_WIRE_ORDER_BYTES;
    uint64_t at[3];
    size_t made;

    at[0] = hr_ticks();
    for (size_t done = 0, k = 0; done < bytes; done += whole, k++) {
        size_t size = bytes - done < whole ? bytes - done : whole;
        enum hr_qzmq_reason reason =
            hr_qzmq_seal(p->client, NOW_NS, b->plain + done, size, b->sealed + k * b->record_bytes,
                         b->record_bytes, &made);

        if (reason) {
            return failed("sealed", reason);
        }
        spent->wire_bytes += made;
    }
    at[1] = hr_ticks();
    for (size_t done = 0, k = 0; done < bytes; done += whole, k++) {
        size_t size = bytes - done < whole ? bytes - done : whole;
        enum hr_qzmq_reason reason =
            hr_qzmq_open(p->session, NOW_NS, b->sealed + k * b->record_bytes,
                         size + HR_QZMQ_OVERHEAD_BYTES, b->opened + done, size, &made);

        if (reason) {
            return failed("opened", reason);
        }
    }
    at[2] = hr_ticks();
    spent->seal_ticks += at[1] - at[0];
    spent->open_ticks += at[2] - at[1];
    spent->in = fold(spent->in, b->plain, bytes);
    spent->out = fold(spent->out, b->opened, bytes);
    return 0;
}

static void note(struct hr_trial *t, const struct spent *s, uint64_t orders)
{
    t->values[SEAL] = (double)hr_ticks_to_ns(s->seal_ticks) / (double)orders;
    t->values[OPEN] = (double)hr_ticks_to_ns(s->open_ticks) / (double)orders;
    t->values[SEAL_BYTES] = HR_WIRE_ORDER_BYTES * 1e9 / t->values[SEAL];
    t->values[OPEN_BYTES] = HR_WIRE_ORDER_BYTES * 1e9 / t->values[OPEN];
    t->values[WIRE_BYTES] = (double)s->wire_bytes / (double)orders;
    t->values[OVERHEAD] = t->values[WIRE_BYTES] - HR_WIRE_ORDER_BYTES;
    t->values[LINK_ORDERS] =
        LINK_BITS_PER_S / 8 * hr_link_payload_share(MTU) / t->values[WIRE_BYTES];
    t->values[SEAL_CORES] = t->values[LINK_ORDERS] * t->values[SEAL] / 1e9;
    t->values[OPEN_CORES] = t->values[LINK_ORDERS] * t->values[OPEN] / 1e9;
    t->values[RENEWALS] = (double)s->renewals;
}

static int seal_trial(const struct hr_case *c, struct hr_trial *t)
{
    const struct seal_case *wanted = c->context;
    const struct eut_request *requests = wanted->workload->tape->steady_requests;
    uint64_t orders = wanted->workload->steady, done = 0;
    uint32_t step =
        wanted->batch > BLOCK_ORDERS ? wanted->batch : BLOCK_ORDERS / wanted->batch * wanted->batch;
    struct hr_sealed_pair pair;
    struct block block = {0};
    struct spent spent = {0};
    int rc = hr_sealed_pair_open(&pair, &wanted->limits);

    rc = rc ? rc : hr_sealed_pair_shake_hands(&pair, &wanted->limits, NULL, NULL);
    rc = rc ? rc : block_make(&block, wanted->batch);
    hr_trial_start(t);
    while (rc == 0 && done < orders) {
        uint32_t n = orders - done < step ? (uint32_t)(orders - done) : step;

        hr_wire_orders_put(block.plain, requests + done, n, 1, done + 1, NOW_NS);
        rc = through(&block, &pair, n, wanted->batch, &spent);
        done += n;
    }
    hr_trial_stop(t);
    spent.renewals = rc ? 0 : hr_qzmq_renewals(pair.client);
    block_free(&block);
    hr_sealed_pair_close(&pair);
    if (rc == 0) {
        note(t, &spent, orders);
        hr_trial_digest(t, spent.out, spent.in);
    }
    return rc;
}

static int seal(struct hr_bench *bench, json_t *suite, const struct hr_flow_params *flow,
                const char *name, uint32_t batch, uint64_t rekey_records)
{
    uint64_t orders = hr_config_count(bench->rig.config, "crypto.orders");
    struct hr_workload workload;
    struct seal_case wanted = {&workload, batch, {0, rekey_records}};
    json_t *params;
    char id[256];
    int rc;

    hr_case_id(&bench->rig, HR_CRYPTO_SUITE, name, id, sizeof(id));
    if (!hr_case_wanted(&bench->rig, id)) {
        return 0;
    }
    params = hr_crypto_params();
    json_object_set_new(params, "batch", json_integer((json_int_t)batch));
    json_object_set_new(params, "orders", json_integer((json_int_t)orders));
    json_object_set_new(params, "order_bytes", json_integer((json_int_t)HR_WIRE_ORDER_BYTES));
    json_object_set_new(params, "mtu", json_integer(MTU));
    json_object_set_new(
        params, "rekey_records",
        json_integer((json_int_t)(rekey_records ? rekey_records : HR_QZMQ_REKEY_RECORDS)));
    rc = hr_rig_workload(&bench->rig, flow, orders, &workload);
    if (rc) {
        rc = hr_refuse_workload(bench, suite, HR_CRYPTO_SUITE, name, params, rc, NULL);
    } else {
        rc = hr_measure(&bench->rig, suite,
                        &(struct hr_case){.suite = HR_CRYPTO_SUITE,
                                          .name = name,
                                          .params = params,
                                          .metrics = metrics,
                                          .metrics_count = METRICS,
                                          .run = seal_trial,
                                          .context = &wanted,
                                          .seconds = (double)orders * PLAN_NS / 1e9},
                        NULL);
    }
    json_decref(params);
    return rc;
}

static int crypto_run(struct hr_bench *bench, json_t *suite)
{
    const uint64_t *batches;
    int n = hr_config_counts(bench->rig.config, "crypto.batches", &batches), rc;
    struct hr_flow_params flow;
    char name[64];

    if (hr_crypto_available()) {
        char why[512];

        snprintf(why, sizeof(why), "%s", hr_error());
        hr_error_clear();
        hr_measure_refuse(&bench->rig, suite, HR_CRYPTO_SUITE, "handshake", NULL, HR_SKIP, why,
                          "run scripts/bootstrap, then make");
        return 0;
    }
    rc = hr_crypto_handshakes(bench, suite);
    hr_config_flow(bench->rig.config, &flow);
    for (int i = 0; i < n && rc == 0; i++) {
        snprintf(name, sizeof(name), "seal/batch=%u", (unsigned)batches[i]);
        rc = seal(bench, suite, &flow, name, (uint32_t)batches[i], 0);
    }
    /* Renewal under load: no order may be lost by it. */
    snprintf(name, sizeof(name), "seal/batch=16,renewed=%u", RENEW_EVERY);
    return rc ? rc : seal(bench, suite, &flow, name, 16, RENEW_EVERY);
}

extern const struct hr_suite_ops hr_suite_crypto;
const struct hr_suite_ops hr_suite_crypto = {
    .name = HR_CRYPTO_SUITE,
    .question = "What does sealing cost a session and an order, and what is left of a link?",
    .run = crypto_run,
};
