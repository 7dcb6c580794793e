/*
 * case_flow.c - which flow does a case get, and how does it come into the books?
 *
 * Leaves out what the engine cannot do, looks at the memory, records and proves the tape (or only
 * plans it), and builds the books of its load phase. It cannot see what an engine takes beyond what
 * its limits let expect.
 */
#include "harness/measure.h"

#include "harness/error.h"

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

int hr_books_open(const struct hr_rig *rig, const struct eut_engine *engine,
                  const struct hr_workload *workload, uint32_t batch, struct hr_path **path,
                  uint64_t *load_ns)
{
    struct hr_path_params params = {.engine = engine,
                                    .limits = hr_flow_limits(&workload->tape->params, batch),
                                    .events_room = batch * 4,
                                    .cpu = -1};
    struct hr_drive_sum sum;
    int rc = rig->path->open(path, &params);

    if (rc) {
        return rc;
    }
    struct hr_drive drive = {.ops = rig->path, .path = *path, .batch = batch};

    rc = hr_drive_batches(&drive, workload->tape->requests, workload->tape->load, &sum);
    if (rc) {
        rig->path->close(*path);
        *path = NULL;
        return rc;
    }
    if (load_ns) {
        *load_ns = sum.ns;
    }
    return 0;
}

#define PLAN_RECORD_PER_S 3e6
#define PLAN_ORACLE_PER_S 2e6

/* Each distinct flow costs its recording and its proof once. */
static double flow_seconds(const struct hr_flow_params *p, uint64_t steady)
{
    double n = (double)(hr_flow_load(p) + steady);

    return n / PLAN_RECORD_PER_S + n / PLAN_ORACLE_PER_S;
}

static void plan_flow(struct hr_rig *rig, const struct hr_flow_params *p, uint64_t steady)
{
    json_t *flows = json_object_get(rig->plan, "flows");
    char key[256];

    snprintf(key, sizeof(key), "%" PRIu64 " %u %u %u %g %g %g %g %g %" PRIu64, p->seed, p->markets,
             p->levels, p->orders_per_level, p->zipf, p->crossing, p->l2_share, p->share_new,
             p->share_ioc, steady);
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

    if (hr_flow_subset(&params, rig->engine->capabilities, why) &&
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
