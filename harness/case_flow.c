/*
 * case_flow.c - which flow does a case get, and how does it come into the books?
 *
 * Leaves out what the engine cannot do, looks at the memory, records and proves the tape (or only
 * plans it), and builds the books of its load phase. It cannot see what an engine takes beyond what
 * its limits let expect.
 */
#include "harness/measure.h"

#include "harness/error.h"
#include "harness/flow_stream.h"
#include "harness/memory_reserve.h"
#include "harness/slices.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

bool hr_flow_subset(struct hr_flow_params *p, uint64_t can, char *why)
{
    size_t at = 0;

    why[0] = '\0';
#define WITHOUT(bit, what, has)                                                          \
    if (!(can & (bit)) && (has)) {                                                       \
        at += (size_t)snprintf(why + at, HR_WHY_MAX - at, "%s%s", at ? ", " : "", what); \
    }
    WITHOUT(EUT_CAP_L2, "L2 markets", p->l2_share > 0)
    WITHOUT(EUT_CAP_L3, "L3 markets", p->l2_share < 1)
    WITHOUT(EUT_CAP_REPLACE, "replace", p->share_replace > 0)
    WITHOUT(EUT_CAP_FOK, "fill or kill", p->share_fok > 0)
    WITHOUT(EUT_CAP_POST, "post only", p->share_post > 0)
    WITHOUT(EUT_CAP_STP, "self-trade prevention", p->accounts > 0)
    WITHOUT(EUT_CAP_ANY_ID, "sparse order ids", p->ids == HR_IDS_SPARSE)
    WITHOUT(EUT_CAP_ANY_PRICE, "the full price range", p->price_full)
#undef WITHOUT
    p->l2_share = can & EUT_CAP_L2 ? p->l2_share : 0;
    p->l2_share = can & EUT_CAP_L3 ? p->l2_share : 1;
    p->share_replace = can & EUT_CAP_REPLACE ? p->share_replace : 0;
    p->share_fok = can & EUT_CAP_FOK ? p->share_fok : 0;
    p->share_post = can & EUT_CAP_POST ? p->share_post : 0;
    p->accounts = can & EUT_CAP_STP ? p->accounts : 0;
    p->ids = can & EUT_CAP_ANY_ID ? p->ids : HR_IDS_DENSE;
    p->price_full = can & EUT_CAP_ANY_PRICE && p->price_full;
    return at > 0;
}

/* Of a streamed flow; whole batches of any size that a case uses. */
#define CHUNK_BATCHES(batch) (8192 / (batch) + 1)
/* What a compact engine takes for an order of an L3 market and a level of an L2 one; how much of
 * that it takes at once. */
#define RESERVE_ORDER_BYTES 52.0
#define RESERVE_L2_LEVEL_BYTES 14.0
#define RESERVE_AT_ONCE 0.2

enum { L3, L2, KINDS };

struct builder {
    struct hr_drive drive;
    uint32_t l3; /* markets */
    struct hr_loaded_kind loaded[KINDS];
    uint64_t began_bytes[KINDS]; /* resident before the first of a kind */
    struct hr_reserve reserve;
    double reserve_l3; /* the part of it that is for L3 markets */
    uint64_t l3_load, l2_load;
};

/* Without what only waits to be given back. */
static uint64_t resident(const struct builder *b)
{
    uint64_t bytes = hr_memory_resident(), left = hr_reserve_left(&b->reserve);

    return bytes > left ? bytes - left : 0;
}

/* The books are going to need as much of the reserve as they are of all, and the index of orders,
 * which every order may touch anywhere, at once. */
static void give_ahead(struct builder *b)
{
    double l3 = b->l3_load ? (double)b->loaded[L3].requests / (double)b->l3_load : 0;
    double l2 = b->l2_load ? (double)b->loaded[L2].requests / (double)b->l2_load : 0;
    double taken = b->reserve_l3 * l3 + (1 - b->reserve_l3) * l2;

    hr_reserve_give(&b->reserve, (1 - RESERVE_AT_ONCE) * (1 - taken));
}

/* Requests of one kind of market. */
static int build(void *context, const struct eut_request *requests, uint64_t count)
{
    struct builder *b = context;
    int kind = count && requests->market >= b->l3 ? L2 : L3;
    struct hr_loaded_kind *loaded = b->loaded + kind;
    struct hr_drive_sum sum;
    int rc;

    if (loaded->requests == 0) {
        b->began_bytes[kind] = resident(b);
    }
    give_ahead(b);
    rc = hr_drive_batches(&b->drive, requests, count, &sum);
    loaded->requests += count;
    loaded->ns += sum.ns;
    return rc;
}

static int build_chunk(void *context, const struct eut_request *requests, uint32_t count)
{
    return build(context, requests, count);
}

static int open_reserve(struct builder *b, const struct hr_tape *tape, uint64_t l3)
{
    double orders = (double)l3 * RESERVE_ORDER_BYTES;
    double quotes = (double)(tape->load - l3) * RESERVE_L2_LEVEL_BYTES;

    b->l3_load = l3;
    b->l2_load = tape->load - l3;
    b->reserve_l3 = orders / (orders + quotes);
    return hr_reserve_open(&b->reserve, (uint64_t)(orders + quotes));
}

static int build_all(struct builder *b, const struct hr_tape *tape, uint32_t batch)
{
    uint64_t l3 = hr_flow_load_l3(&tape->params);
    int rc;

    if (!tape->requests) {
        rc = open_reserve(b, tape, l3);
        rc = rc ? rc
                : hr_flow_stream_load(&tape->params, 0, tape->params.markets,
                                      CHUNK_BATCHES(batch) * batch, build_chunk, b);
        hr_reserve_close(&b->reserve);
        return rc;
    }
    rc = build(b, tape->requests, l3);
    return rc ? rc : build(b, tape->requests + l3, tape->load - l3);
}

static void note_growth(struct builder *b)
{
    uint64_t end = resident(b);

    for (int kind = KINDS - 1; kind >= 0; kind--) {
        if (b->loaded[kind].requests) {
            uint64_t began = b->began_bytes[kind];

            b->loaded[kind].resident_bytes = end > began ? end - began : 0;
            end = began;
        }
    }
}

int hr_books_open(const struct hr_rig *rig, const struct eut_engine *engine,
                  const struct hr_workload *workload, uint32_t batch, struct hr_path **path,
                  struct hr_loaded *loaded)
{
    const struct hr_tape *tape = workload->tape;
    struct hr_path_params params = {.engine = engine,
                                    .limits = hr_flow_limits(&tape->params, batch),
                                    .events_room = batch * 4,
                                    .cpu = -1};
    bool spared = !tape->requests && engine->capabilities & EUT_CAP_RULER;
    struct builder b = {.l3 = params.limits.markets - params.limits.l2_markets};
    int rc = rig->path->open(path, &params);

    if (rc) {
        return rc;
    }
    b.drive = (struct hr_drive){.ops = rig->path, .path = *path, .batch = batch};
    rc = spared ? 0 : build_all(&b, tape, batch);
    if (rc) {
        rig->path->close(*path);
        *path = NULL;
        return rc;
    }
    if (loaded) {
        note_growth(&b);
        *loaded = (struct hr_loaded){.l3 = b.loaded[L3],
                                     .l2 = b.loaded[L2],
                                     .reserve_bytes = b.reserve.bytes,
                                     .reserve_ns = b.reserve.ns};
    }
    return 0;
}

#define PLAN_RECORD_PER_S 3e6
#define PLAN_ORACLE_PER_S 2e6
#define PLAN_STREAM_PER_S 6e6 /* made and proved in one, a processor */

/* Each distinct flow costs its recording and its proof once. */
static double flow_seconds(const struct hr_flow_params *p, uint64_t steady)
{
    double n = (double)(hr_flow_load(p) + steady);

    if (p->by_market) {
        return n / (PLAN_STREAM_PER_S * hr_slices_workers(0));
    }
    return n / PLAN_RECORD_PER_S + n / PLAN_ORACLE_PER_S;
}

static void plan_flow(struct hr_rig *rig, const struct hr_flow_params *p, uint64_t steady)
{
    json_t *flows = json_object_get(rig->plan, "flows");
    char key[256];

    snprintf(key, sizeof(key), "%" PRIu64 " %u %u %u %u %g %g %g %g %g %d %g %" PRIu64, p->seed,
             p->markets, p->levels, p->l2_levels, p->orders_per_level, p->zipf, p->crossing,
             p->l2_share, p->share_new, p->share_ioc, p->by_market, p->swing, steady);
    if (!json_object_get(flows, key)) {
        json_object_set_new(flows, key, json_true());
        rig->planned_s += flow_seconds(p, steady);
    }
}

int hr_rig_workload(struct hr_rig *rig, const struct hr_flow_params *wanted, uint64_t steady,
                    struct hr_workload *workload)
{
    struct hr_flow_params params = *wanted;
    char why[HR_WHY_MAX];
    uint64_t needed;

    if (hr_flow_subset(&params, hr_rig_capabilities(rig), why) &&
        !(rig->engine->capabilities & EUT_CAP_RULER)) {
        hr_record_warn(rig->record, "engine %s cannot do everything: left out of all flow: %s",
                       rig->engine->name, why);
    }
    needed = hr_workload_bytes(&params, steady);
    if (needed > rig->memory_max_bytes) {
        return hr_fail(ENOSPC,
                       "needs about %" PRIu64
                       " MiB for the flow, the engine and the oracle; %" PRIu64 " MiB may be used",
                       needed >> 20, rig->memory_max_bytes >> 20);
    }
    if (rig->plan) {
        memset(workload, 0, sizeof(*workload));
        workload->steady = steady;
        plan_flow(rig, &params, steady);
        return 0;
    }
    size_t known = json_array_size(rig->flows);
    int rc = hr_workload_get(rig->workloads, &params, steady, workload);

    if (json_array_size(rig->flows) > known) {
        rig->done_s += flow_seconds(&params, steady);
    }
    return rc;
}
