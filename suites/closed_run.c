/*
 * closed_run.c - how many orders a second does an engine take when the next batch waits for the
 * last?
 *
 * Fresh engine, books from the tape's load phase, then the steady phase between two clock readings.
 * It cannot see what one order waits: that is the latency suite's.
 */
#include "suites/closed_run.h"

#include "harness/error.h"
#include "harness/platform/platform.h"
#include "probes/probe.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

enum {
    RESIDENT = 3,
    LOAD_TIME,
    LOAD_RATE,
    LOAD_MARKETS,
    RESIDENT_L3,
    RESIDENT_L2,
    PEAK,
    TOUCHED
}; /* in the place of HR_CLOSED_HALF and what follows */

struct closed_run {
    const struct hr_workload *workload;
    uint32_t batch;
    enum hr_closed_more more;
};

#define ORDER_LINES 4.0
/* What a streamed load is guessed to be made and built at, orders/s. */
#define PLAN_BUILT_PER_S 8e6
/* What a resting order and its share of the level and the id table take in a compact engine; and a
 * quoted level. */
#define WORKING_SET_ORDER_BYTES 64u
#define WORKING_SET_L2_LEVEL_BYTES 16u
/* Below this a working set may live in a last-level cache, where lines are not the bound. */
#define OUT_OF_CACHE_BYTES (128u << 20)

int hr_rig_other_cpu(const struct hr_rig *rig)
{
    if (rig->cpus_count < 2) {
        return HR_NO_OTHER_CPU;
    }
    for (int i = 0; i < rig->cpus_count && rig->cpu >= 0; i++) {
        if (rig->cpus[i] != rig->cpu) {
            return rig->cpus[i];
        }
    }
    return -1;
}

json_t *hr_flow_case_params(const struct hr_flow_params *f)
{
    json_t *params =
        json_pack("{s:f, s:I, s:I, s:I, s:f}", "crossing", f->crossing, "levels",
                  (json_int_t)f->levels, "markets", (json_int_t)f->markets, "orders_per_level",
                  (json_int_t)f->orders_per_level, "zipf", f->zipf);

    if (f->l2_share > 0) {
        json_object_set_new(params, "l2_share", json_real(f->l2_share));
    }
    if (f->l2_share > 0 && f->l2_levels > 0) {
        json_object_set_new(params, "l2_levels", json_integer((json_int_t)f->l2_levels));
    }
    return params;
}

double hr_orders_ceiling(const struct hr_rig *rig, const struct hr_flow_params *flow, int threads,
                         const char **id)
{
    uint64_t orders = hr_flow_load_l3(flow), quotes = hr_flow_load(flow) - orders;
    uint64_t bytes = orders * WORKING_SET_ORDER_BYTES + quotes * WORKING_SET_L2_LEVEL_BYTES;
    double lines;

    *id = NULL;
    if (bytes < OUT_OF_CACHE_BYTES || rig->plan) {
        return 0;
    }
    lines = hr_ceiling_lines(hr_record_json(rig->record), bytes, threads, id);
    return isfinite(lines) ? lines / ORDER_LINES : 0;
}

int hr_refuse_workload(struct hr_bench *bench, json_t *suite, const char *suite_name,
                       const char *name, json_t *params, int rc, struct hr_measure_result *result)
{
    bool skip = rc == -ENOSPC || rc == -ENOMEM || rc == -ENOTSUP;

    if (rc == -EINTR) {
        return rc;
    }
    enum hr_status status = skip ? HR_SKIP : HR_INVALID;
    json_t *c =
        hr_measure_refuse(&bench->rig, suite, suite_name, name, params, status,
                          *hr_error() ? hr_error() : strerror(-rc),
                          skip ? "needs a host with more memory, or a smaller case"
                               : "run `headroom conform -e reference` and report what it says");

    if (result) {
        result->json = c;
        result->status = status;
    }
    return 0;
}

static double per_second(uint64_t count, uint64_t ns)
{
    return (double)count / ((double)ns / 1e9);
}

/* What the books just built take. None at all is not a size: they went where memory was resident
 * already. */
static double size_each(uint64_t bytes, uint64_t markets)
{
    return bytes && markets ? (double)bytes / (double)markets : (double)NAN;
}

static void note_size(struct hr_trial *t, const struct hr_workload *w, uint64_t before_bytes,
                      const struct hr_loaded *loaded)
{
    static const char unseen[] = "resident memory did not grow in every run: too few books to tell";
    struct eut_limits limits = hr_flow_limits(&w->tape->params, 1);
    uint64_t bytes = hr_memory_resident();
    double seconds = (double)(loaded->l3.ns + loaded->l2.ns) / 1e9;

    t->values[RESIDENT] =
        size_each(bytes > before_bytes ? bytes - before_bytes : 0, limits.markets);
    t->values[LOAD_TIME] = seconds;
    t->values[LOAD_RATE] = (double)w->tape->load / seconds;
    t->values[LOAD_MARKETS] = (double)limits.markets / seconds;
    t->values[RESIDENT_L3] =
        size_each(loaded->l3.resident_bytes, limits.markets - limits.l2_markets);
    t->values[RESIDENT_L2] = size_each(loaded->l2.resident_bytes, limits.l2_markets);
    t->values[PEAK] = (double)hr_memory_resident_peak();
    t->values[TOUCHED] = loaded->reserve_ns
                             ? (double)loaded->reserve_bytes / ((double)loaded->reserve_ns / 1e9)
                             : (double)NAN;
    t->reasons[TOUCHED] = "the books are too small for memory to be touched before";
    t->reasons[RESIDENT] = t->reasons[RESIDENT_L3] = t->reasons[RESIDENT_L2] = unseen;
}

/* The steady phase, timed in all and after its first quarter and half: what they cost alone, since
 * what follows does not change what was. */
static int drive_steady(const struct closed_run *run, struct hr_trial *t, struct hr_path *path)
{
    static const int figures[] = {HR_CLOSED_THROUGHPUT, HR_CLOSED_HALF, HR_CLOSED_QUARTER};
    const struct hr_workload *w = run->workload;
    struct hr_drive drive = {.ops = t->rig->path, .path = path, .batch = run->batch};
    int k = run->more == HR_CLOSED_LENGTHS && !t->ruler ? w->prefixes - 1 : 0;
    uint64_t done = 0, ns = 0, events = 0, trades = 0;
    int rc = 0;

    for (k = k < 2 ? k : 2; k >= 0 && rc == 0; k--) {
        struct hr_drive_sum sum;

        rc = hr_drive_batches(&drive, w->tape->steady_requests + done, w->prefix[k] - done, &sum);
        done += sum.requests;
        events += sum.events;
        trades += sum.trades;
        ns += sum.ns;
        t->values[figures[k]] = per_second(done, ns);
    }
    t->values[HR_CLOSED_EVENTS] = per_second(events, ns);
    t->values[HR_CLOSED_TRADES] = trades ? per_second(trades, ns) : (double)NAN;
    t->reasons[HR_CLOSED_TRADES] = "no order of this flow trades";
    return rc;
}

static int closed_run(const struct hr_case *c, struct hr_trial *t)
{
    const struct closed_run *run = c->context;
    const struct hr_workload *w = run->workload;
    uint64_t before_bytes = 0;
    struct hr_loaded loaded;
    struct hr_path *path;
    int rc;

    if (run->more >= HR_CLOSED_SIZE) {
        hr_memory_trim(); /* or books built in the last run's leavings would look free */
        before_bytes = hr_memory_resident();
    }
    rc = hr_books_open(t->rig, t->engine, w, run->batch, &path, &loaded);
    if (rc) {
        return rc;
    }
    if (run->more >= HR_CLOSED_SIZE) {
        note_size(t, w, before_bytes, &loaded);
    }
    hr_trial_start(t);
    rc = drive_steady(run, t, path);
    hr_trial_stop(t);
    hr_trial_energy(t, c->metrics_count - HR_ENERGY_FIGURES_COUNT, t->joules, t->elapsed_ns,
                    w->prefix[0]);
    rc = rc ? rc : hr_trial_digest_of(t, path, w->digest);
    t->rig->path->close(path);
    return rc;
}

static json_t *case_params(const struct hr_closed_case *wanted)
{
    json_t *params = json_pack("{s:I}", "batch", (json_int_t)wanted->batch);

    json_object_update_new(params, hr_flow_case_params(&wanted->flow));
    json_object_set_new(params, "orders", json_integer((json_int_t)wanted->orders));
    if (wanted->extra) {
        json_object_update(params, wanted->extra);
    }
    return params;
}

static const struct hr_measured rate_metrics[] = {
    {.name = "throughput", .unit = "orders/s", .higher = true, .ruled = true},
    {.name = "events", .unit = "events/s", .higher = true},
    {.name = "trades", .unit = "trades/s", .higher = true},
};
#define RATE_METRICS (int)(sizeof(rate_metrics) / sizeof(rate_metrics[0]))
static const struct hr_measured energy_metrics[] = {HR_ENERGY_FIGURES};
#define SIZE_METRICS                                                                   \
    {.name = "bytes_per_market", .unit = "bytes"}, {.name = "load_time", .unit = "s"}, \
        {.name = "load_rate", .unit = "orders/s", .higher = true},                     \
    {                                                                                  \
        .name = "load_rate_markets", .unit = "markets/s", .higher = true               \
    }
static const struct hr_measured more_metrics[][8] = {
    [HR_CLOSED_LENGTHS] = {{.name = "rate_over_half", .unit = "orders/s", .higher = true},
                           {.name = "rate_over_quarter", .unit = "orders/s", .higher = true}},
    [HR_CLOSED_SIZE] = {SIZE_METRICS},
    [HR_CLOSED_KINDS] = {SIZE_METRICS,
                         {.name = "bytes_per_l3_market", .unit = "bytes"},
                         {.name = "bytes_per_l2_market", .unit = "bytes"},
                         {.name = "resident_peak", .unit = "bytes"},
                         {.name = "first_touch", .unit = "bytes/s", .higher = true}},
};
static const int more_count[] = {
    [HR_CLOSED_RATE] = 0, [HR_CLOSED_LENGTHS] = 2, [HR_CLOSED_SIZE] = 4, [HR_CLOSED_KINDS] = 8};

static int measure(struct hr_bench *bench, json_t *suite, const struct hr_closed_case *wanted,
                   json_t *params, struct hr_measure_result *result)
{
    struct hr_workload workload;
    struct closed_run run = {.workload = &workload, .batch = wanted->batch, .more = wanted->more};
    struct hr_measured metrics[RATE_METRICS + 8 + HR_ENERGY_FIGURES_COUNT];
    int more = more_count[wanted->more], count = RATE_METRICS + more + HR_ENERGY_FIGURES_COUNT;
    double load = (double)hr_flow_load(&wanted->flow), driven = load + (double)wanted->orders;
    double orders_s = (double)wanted->orders / HR_PLAN_ORDERS_PER_S;
    bool streamed = wanted->flow.by_market; /* made again for every run, but not for the ruler */
    int rc = hr_rig_workload(&bench->rig, &wanted->flow, wanted->orders, &workload);

    if (rc) {
        return hr_refuse_workload(bench, suite, wanted->suite, wanted->name, params, rc, result);
    }
    memcpy(metrics, rate_metrics, sizeof(rate_metrics));
    memcpy(metrics + RATE_METRICS, more_metrics[wanted->more], (size_t)more * sizeof(metrics[0]));
    memcpy(metrics + RATE_METRICS + more, energy_metrics, sizeof(energy_metrics));
    metrics[0].ceiling_value =
        hr_orders_ceiling(&bench->rig, &wanted->flow, 1, &metrics[0].ceiling);
    return hr_measure(&bench->rig, suite,
                      &(struct hr_case){.suite = wanted->suite,
                                        .name = wanted->name,
                                        .params = params,
                                        .metrics = metrics,
                                        .metrics_count = count,
                                        .run = closed_run,
                                        .context = &run,
                                        .seconds = streamed ? load / PLAN_BUILT_PER_S + orders_s
                                                            : driven / HR_PLAN_ORDERS_PER_S + 0.01,
                                        .ruler_seconds = streamed ? orders_s : 0},
                      result);
}

int hr_closed_case_run(struct hr_bench *bench, json_t *suite, const struct hr_closed_case *wanted,
                       struct hr_measure_result *result)
{
    char id[256];
    json_t *params;
    int rc;

    if (result) {
        memset(result, 0, sizeof(*result));
    }
    hr_case_id(&bench->rig, wanted->suite, wanted->name, id, sizeof(id));
    if (!hr_case_wanted(&bench->rig, id)) {
        return 0; /* before any tape is recorded for it */
    }
    params = case_params(wanted);
    rc = measure(bench, suite, wanted, params, result);
    json_decref(params);
    return rc;
}
