/*
 * workload.c - which requests are driven, and which digest is right for them?
 *
 * Records a flow with the shadow engine, proves it with the oracle, remembers both. It cannot see
 * an error that shadow and oracle share; they share no matching code, and conformance looks for the
 * rest.
 */
#include "harness/workload.h"

#include "harness/codec.h"
#include "harness/error.h"
#include "harness/flow_stream.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define KEPT_MAX 16
/* What engine and generator take for an order and a market while a flow is recorded; measured with
 * the reference engine, rounded up. */
#define RECORD_ORDER_BYTES 72u
#define RECORD_MARKET_BYTES 512u
/* What a compact engine takes for an order of an L3 market, a level of an L2 one, and a market: a
 * streamed flow is recorded in next to nothing, but is to be measured. */
#define ENGINE_ORDER_BYTES 64u
#define ENGINE_L2_LEVEL_BYTES 16u
#define ENGINE_MARKET_BYTES 128u

struct kept {
    struct hr_tape tape;
    uint64_t prefix[HR_PREFIXES], prefix_digest[HR_PREFIXES];
    uint64_t digest_load, used;
    int prefixes;
};

struct hr_workloads {
    struct hr_workloads_params params;
    struct kept *kept[KEPT_MAX];
    uint64_t clock, bytes;
};

int hr_workloads_new(struct hr_workloads **out, const struct hr_workloads_params *params)
{
    struct hr_workloads *w = calloc(1, sizeof(*w));

    *out = w;
    if (!w) {
        return hr_fail(ENOMEM, "no memory for the tapes' table");
    }
    w->params = *params;
    return 0;
}

static uint64_t tape_bytes(uint64_t requests)
{
    return requests * sizeof(struct eut_request);
}

static uint64_t kept_bytes(const struct hr_tape *tape)
{
    return tape_bytes(tape->steady + (tape->requests ? tape->load : 0));
}

static void drop(struct hr_workloads *w, int i)
{
    struct kept *k = w->kept[i];

    w->bytes -= kept_bytes(&k->tape);
    hr_tape_free(&k->tape);
    free(k);
    w->kept[i] = NULL;
}

void hr_workloads_free(struct hr_workloads *w)
{
    if (!w) {
        return;
    }
    for (int i = 0; i < KEPT_MAX; i++) {
        if (w->kept[i]) {
            drop(w, i);
        }
    }
    free(w);
}

static uint64_t streamed_bytes(const struct hr_flow_params *params, uint64_t steady)
{
    uint64_t orders = hr_flow_load_l3(params), quotes = hr_flow_load(params) - orders;
    uint64_t engine = orders * ENGINE_ORDER_BYTES + quotes * ENGINE_L2_LEVEL_BYTES +
                      (uint64_t)params->markets * ENGINE_MARKET_BYTES;
    uint64_t making = hr_flow_stream_bytes(steady);

    return tape_bytes(steady) + (engine > making ? engine : making);
}

uint64_t hr_workload_bytes(const struct hr_flow_params *params, uint64_t steady)
{
    if (params->by_market) {
        return streamed_bytes(params, steady);
    }
    uint64_t load = hr_flow_load(params) * 9 / 8;
    uint64_t record = load * RECORD_ORDER_BYTES + (uint64_t)params->markets * RECORD_MARKET_BYTES;
    uint64_t proof = hr_proof_bytes(load, params->markets);

    return tape_bytes(load + steady) + (record > proof ? record : proof);
}

static bool same_flow(const struct hr_flow_params *a, const struct hr_flow_params *b)
{
    return a->seed == b->seed && a->markets == b->markets && a->l2_share == b->l2_share &&
           a->levels == b->levels && a->l2_levels == b->l2_levels &&
           a->orders_per_level == b->orders_per_level && a->zipf == b->zipf &&
           a->share_new == b->share_new && a->share_cancel == b->share_cancel &&
           a->share_replace == b->share_replace && a->share_ioc == b->share_ioc &&
           a->share_fok == b->share_fok && a->share_market == b->share_market &&
           a->share_post == b->share_post && a->crossing == b->crossing && a->walk == b->walk &&
           a->price_mid == b->price_mid && a->price_full == b->price_full &&
           a->qty_mean == b->qty_mean && a->accounts == b->accounts && a->ids == b->ids &&
           a->by_market == b->by_market && a->taking == b->taking && a->nudge == b->nudge &&
           a->swing == b->swing && a->swing_requests == b->swing_requests;
}

static int prefix_of(const uint64_t *prefix, int n, uint64_t steady)
{
    for (int i = 0; i < n; i++) {
        if (prefix[i] == steady) {
            return i;
        }
    }
    return -1;
}

static void hand_out(const struct kept *k, int first, struct hr_workload *out)
{
    memset(out, 0, sizeof(*out));
    out->tape = &k->tape;
    out->steady = k->prefix[first];
    out->digest = k->prefix_digest[first];
    out->digest_load = k->digest_load;
    for (int i = first; i < k->prefixes; i++) {
        out->prefix[out->prefixes] = k->prefix[i];
        out->prefix_digest[out->prefixes++] = k->prefix_digest[i];
    }
}

int hr_workload_prefix(const struct hr_workload *w, uint64_t wanted, uint64_t *steady,
                       uint64_t *digest)
{
    int i = 0;

    while (i < w->prefixes - 1 && w->prefix[i] > wanted) {
        i++;
    }
    *steady = w->prefix[i];
    *digest = w->prefix_digest[i];
    return i;
}

/* ---- the proof --------------------------------------------------------------------------- */

static int same_digests(const struct hr_workloads *w, const struct kept *k)
{
    if (k->prefix_digest[0] == k->tape.digest && k->digest_load == k->tape.digest_load) {
        return 0;
    }
    return hr_fail(EBADMSG,
                   "flow %.12s: the oracle's digest %016" PRIx64 " is not %s's %016" PRIx64
                   "; nothing can be measured with it (see `headroom conform -e %s`)",
                   k->tape.sha256, k->prefix_digest[0], w->params.shadow->name, k->tape.digest,
                   w->params.shadow->name);
}

/* What was submitted traded, rests or left; what was bought was sold. L2 totals are set, not
 * submitted, so a flow with L2 markets is not weighed. */
static int conserved(const struct kept *k, const struct hr_proof *proof)
{
    const struct hr_flow_counts *c = &k->tape.counts;

    if (k->tape.params.l2_share > 0) {
        return 0;
    }
    for (int side = 0; side < 2; side++) {
        uint64_t entered = proof->resting_load[side] + c->qty_submitted[side];
        uint64_t left = proof->resting_end[side] + c->qty_traded[side] + c->qty_cancelled[side];

        if (entered != left) {
            return hr_fail(EBADMSG,
                           "flow %.12s: %" PRIu64
                           " lots to %s rested or were submitted, but %" PRIu64
                           " traded, left or rest: work is not conserved",
                           k->tape.sha256, entered, side ? "sell" : "buy", left);
        }
    }
    return c->qty_traded[0] == c->qty_traded[1]
               ? 0
               : hr_fail(EBADMSG, "flow %.12s: more lots were bought than sold, or fewer",
                         k->tape.sha256);
}

static void proved(void *context, double share)
{
    struct hr_workloads *w = context;

    if (w->params.progress) {
        w->params.progress(w->params.context, "proving the flow", share);
    }
}

/* The oracle over a tape, or, if a flow is given, over one that is made on the way. */
static int prove(struct hr_workloads *w, struct kept *k, const struct hr_flow_params *flow,
                 uint64_t steady)
{
    struct hr_proof_params params = {.oracle = w->params.oracle,
                                     .tape = &k->tape,
                                     .prefixes = k->prefixes,
                                     .progress = proved,
                                     .context = w};
    struct hr_proof proof;
    int rc;

    memcpy(params.prefix, k->prefix, sizeof(params.prefix));
    rc = flow ? hr_flow_stream_record(&k->tape, flow, steady, &params, &proof)
              : hr_prove(&params, &proof);
    k->digest_load = proof.digest_load;
    memcpy(k->prefix_digest, proof.digest, sizeof(k->prefix_digest));
    rc = rc ? rc : same_digests(w, k);
    return rc ? rc : conserved(k, &proof);
}

static json_t *reasons(const uint64_t counts[32])
{
    json_t *o = json_object();

    for (uint8_t i = 0; i < 32; i++) {
        if (counts[i]) {
            json_object_set_new(o, hr_reason_name(i), json_integer((json_int_t)counts[i]));
        }
    }
    return o;
}

static json_t *hex(uint64_t digest)
{
    return json_sprintf("%016" PRIx64, digest);
}

/* One entry of workload.flows, as record.h shows it. */
static json_t *describe(const struct kept *k)
{
    const struct hr_flow_params *p = &k->tape.params;
    const struct hr_flow_counts *c = &k->tape.counts;

    return json_pack("{s:s, s:o, s:o, s:{s:I,s:I}, s:I, s:{s:I,s:I}, s:f, s:f, s:I,"
                     " s:{s:f,s:f,s:f,s:f,s:f,s:f,s:f,s:f,s:f,s:f,s:f},"
                     " s:{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:o,s:o,s:I}}",
                     "sha256", k->tape.sha256, "digest", hex(k->tape.digest), "oracle_digest",
                     hex(k->prefix_digest[0]), "requests", "load", (json_int_t)k->tape.load,
                     "steady", (json_int_t)k->tape.steady, "markets", (json_int_t)p->markets,
                     "depth", "levels", (json_int_t)p->levels, "orders_per_level",
                     (json_int_t)p->orders_per_level, "zipf", p->zipf, "l2_share", p->l2_share,
                     "seed", (json_int_t)p->seed, "mix", "new", p->share_new, "cancel",
                     p->share_cancel, "replace", p->share_replace, "ioc", p->share_ioc, "fok",
                     p->share_fok, "market", p->share_market, "post", p->share_post, "crossing",
                     p->crossing, "taking", p->taking, "nudge", p->nudge, "swing", p->swing,
                     "counts", "requests", (json_int_t)c->requests, "news", (json_int_t)c->news,
                     "cancels", (json_int_t)c->cancels, "replaces", (json_int_t)c->replaces,
                     "quotes", (json_int_t)c->quotes, "trades", (json_int_t)c->trades, "accepted",
                     (json_int_t)c->accepted, "cancelled", reasons(c->cancelled_by), "rejected",
                     reasons(c->rejected_by), "lots_traded", (json_int_t)c->qty_traded[0]);
}

static void recorded(void *context, double share)
{
    struct hr_workloads *w = context;

    if (w->params.progress) {
        w->params.progress(w->params.context, "recording the flow", share);
    }
}

/* A tape that had to make room and was recorded again is still one flow. */
static void list(struct hr_workloads *w, const struct kept *k)
{
    const json_t *flow;
    size_t i;

    json_array_foreach (w->params.flows, i, flow) {
        if (strcmp(json_string_value(json_object_get(flow, "sha256")), k->tape.sha256) == 0) {
            return;
        }
    }
    json_array_append_new(w->params.flows, describe(k));
}

/* Frees the least recently used tapes until what a new one needs fits and a place is free. */
static int make_room(struct hr_workloads *w, uint64_t bytes)
{
    if (bytes > w->params.bytes_max) {
        return hr_fail(ENOSPC,
                       "a flow that needs %" PRIu64 " MiB does not fit into the %" PRIu64
                       " MiB that may be used",
                       bytes >> 20, w->params.bytes_max >> 20);
    }
    for (;;) {
        int oldest = -1, place = -1;

        for (int i = 0; i < KEPT_MAX; i++) {
            if (!w->kept[i]) {
                place = i;
            } else if (oldest < 0 || w->kept[i]->used < w->kept[oldest]->used) {
                oldest = i;
            }
        }
        if (place >= 0 && w->bytes + bytes <= w->params.bytes_max) {
            return place;
        }
        drop(w, oldest);
    }
}

static int add(struct hr_workloads *w, const struct hr_flow_params *params, uint64_t steady)
{
    int place = make_room(w, hr_workload_bytes(params, steady)), rc;
    struct kept *k;

    if (place < 0) {
        return place;
    }
    k = calloc(1, sizeof(*k));
    if (!k) {
        return hr_fail(ENOMEM, "no memory for a tape");
    }
    for (uint64_t n = steady; n > 0 && k->prefixes < HR_PREFIXES; n >>= 1) {
        k->prefix[k->prefixes++] = n;
    }
    if (params->by_market) {
        rc = prove(w, k, params, steady);
    } else {
        rc = hr_tape_record(&k->tape, params, steady, w->params.shadow, recorded, w);
        rc = rc ? rc : prove(w, k, NULL, 0);
    }
    if (rc) {
        hr_tape_free(&k->tape);
        free(k);
        return rc;
    }
    list(w, k);
    w->bytes += kept_bytes(&k->tape);
    w->kept[place] = k;
    return place;
}

int hr_workload_get(struct hr_workloads *w, const struct hr_flow_params *params, uint64_t steady,
                    struct hr_workload *out)
{
    int place = -1, first = 0;

    if (steady == 0) {
        return hr_fail(EINVAL, "a workload of no requests");
    }
    for (int i = 0; i < KEPT_MAX && place < 0; i++) {
        if (w->kept[i] && same_flow(&w->kept[i]->tape.params, params)) {
            first = prefix_of(w->kept[i]->prefix, w->kept[i]->prefixes, steady);
            place = first >= 0 ? i : -1;
        }
    }
    if (place < 0) {
        first = 0;
        place = add(w, params, steady);
        if (place < 0) {
            return place;
        }
    }
    w->kept[place]->used = ++w->clock;
    hand_out(w->kept[place], first, out);
    return 0;
}
