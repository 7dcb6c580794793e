/*
 * soak_suite.c - does it hold for hours what it holds for seconds?
 *
 * One engine, never made anew, in open loop at a share of the capacity that this very run
 * confirmed, with its tail, its drift and the program's memory looked at in intervals. The flow
 * goes round: its steady phase at the rate, then, not timed, every order that rests is cancelled
 * and the books are built again, so that the next round is the same question. The oracle answered
 * it once, market by market; what the digest must be after any number of rounds follows from that
 * by folding its events again. It cannot see what another flow would wear out.
 */
#include "suites/open_run.h"

#include "engine-under-test/collect.h"
#include "engine-under-test/loader.h"
#include "harness/clock.h"
#include "harness/error.h"
#include "harness/progress.h"
#include "harness/statistics.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SUITE "soak"
#define INTERVALS 12
/* Memory is flat if it grows by no more than this after the first interval. */
#define FLAT_BYTES (4u << 20)
#define FLAT_SHARE 0.01

enum { ACHIEVED = HR_PERCENTILES, RESIDENT, TIMED, FIGURES };

/* Requests that follow each other in every round, and what the oracle answers. */
struct part {
    struct eut_request *requests;
    uint64_t count, room;
    struct eut_events events;
};

struct soak {
    struct hr_workload workload;
    struct part steady, rewind; /* steady: requests borrowed from the tape */
    uint64_t *folds;            /* of each market's events so far, as they must be */
    uint32_t markets;
    double rate, interval_s;
    uint64_t rounds;
    struct hr_path *path;
    uint64_t *due;
    struct hr_open_batch *log;
};

/* ---- the oracle's part ---------------------------------------------------------------------- */

static void fold(struct soak *s, const struct part *part)
{
    for (uint64_t i = 0; i < part->events.count; i++) {
        const struct eut_event *e = part->events.at + i;
        uint64_t *d = s->folds + part->requests[e->request].market;

        *d = eut_digest_event(*d, e);
    }
}

static uint64_t expected(const struct soak *s)
{
    uint64_t sum = 0;

    for (uint32_t m = 0; m < s->markets; m++) {
        sum += eut_digest_market(m, s->folds[m]);
    }
    return sum;
}

static int push(struct part *part, const struct eut_request *request)
{
    if (part->count == part->room) {
        uint64_t room = part->room ? part->room * 2 : 4096;
        struct eut_request *more = realloc(part->requests, room * sizeof(*more));

        if (!more) {
            return hr_fail(ENOMEM, "no memory for the way back to the flow's beginning");
        }
        part->requests = more;
        part->room = room;
    }
    part->requests[part->count++] = *request;
    return 0;
}

/* All that rests in a market away, then the tape's load again. */
static int write_rewind(struct soak *s, const struct eut_engine *oracle, void *self)
{
    const struct hr_tape *tape = s->workload.tape;
    uint32_t l3 = s->markets - hr_flow_limits(&tape->params, 1).l2_markets;
    struct eut_book book = {0};
    int rc = 0;

    for (uint32_t m = 0; m < s->markets && rc == 0; m++) {
        rc = eut_book_read(oracle, self, m, &book);
        for (uint64_t i = 0; i < book.count && rc == 0; i++) {
            const struct eut_resting *r = book.at + i;
            struct eut_request away = {.market = m, .op = EUT_CANCEL};

            if (m < l3) {
                away.order = r->order;
                away.account = r->account;
            } else {
                away.op = EUT_QUOTE;
                away.side = r->side;
                away.price = r->price;
            }
            rc = push(&s->rewind, &away);
        }
    }
    for (uint64_t i = 0; i < tape->load && rc == 0; i++) {
        rc = push(&s->rewind, tape->requests + i);
    }
    eut_book_free(&book);
    return rc;
}

static int answer(const struct eut_engine *oracle, void *self, struct part *part, uint32_t batch)
{
    return eut_collect(oracle, self, part->requests, part->count, batch, 4096, &part->events);
}

/* One round through the oracle: what is asked in every round, and what the answers are. */
static int ask_oracle(struct soak *s, uint32_t batch)
{
    const struct hr_tape *tape = s->workload.tape;
    struct eut_limits limits = hr_flow_limits(&tape->params, batch);
    struct part load = {.requests = tape->requests, .count = tape->load};
    struct eut_handle oracle;
    void *self = NULL;
    int rc = eut_open(&oracle, "oracle");

    if (rc) {
        return rc;
    }
    s->steady.requests = tape->steady_requests;
    s->steady.count = s->workload.prefix[0];
    s->markets = limits.markets;
    s->folds = calloc(s->markets, sizeof(*s->folds));
    rc = s->folds ? oracle.engine->create(&limits, &self) : -ENOMEM;
    for (uint32_t m = 0; m < s->markets && s->folds; m++) {
        s->folds[m] = m;
    }
    rc = rc ? rc : answer(oracle.engine, self, &load, batch);
    rc = rc ? rc : answer(oracle.engine, self, &s->steady, batch);
    rc = rc ? rc : write_rewind(s, oracle.engine, self);
    rc = rc ? rc : answer(oracle.engine, self, &s->rewind, batch);
    if (rc == 0) {
        fold(s, &load);
        if (expected(s) != s->workload.digest_load) {
            rc = hr_fail(EBADMSG, "the oracle's events do not fold to its digest");
        }
    }
    eut_events_free(&load.events);
    oracle.engine->destroy(self);
    eut_close(&oracle);
    return rc;
}

/* ---- a run of it ------------------------------------------------------------------------------
 */

static int round_once(struct soak *s, struct hr_trial *t, const struct hr_drive *drive,
                      uint64_t *timed_ns, double *late_share)
{
    struct hr_arrival arrival =
        hr_arrival_of(t->rig->config, s->rate, t->seed + 1000003 * ++s->rounds);
    struct hr_open_account account;
    struct hr_drive_sum sum;
    uint64_t batches, n = s->steady.count;
    int rc;

    hr_arrival_times(&arrival, s->due, n);
    for (uint64_t i = 0; i < n; i++) {
        s->due[i] = hr_ns_to_ticks(s->due[i]);
    }
    rc = hr_drive_open(drive, s->steady.requests, n, s->due, NULL, s->log, &batches, &sum);
    if (rc) {
        return rc;
    }
    *timed_ns += sum.ns;
    hr_open_account(s->log, batches, s->due,
                    hr_ns_to_ticks(hr_config_count(t->rig->config, "latency.late_budget")),
                    t->histograms[HR_OPEN_LATENCY], t->histograms[HR_OPEN_SERVICE], &account);
    *late_share = fmax(*late_share, (double)account.late / (double)n);
    rc = hr_drive_batches(drive, s->rewind.requests, s->rewind.count, &sum);
    fold(s, &s->steady);
    fold(s, &s->rewind);
    return rc;
}

/* An interval: rounds until it is over, on the engine of the interval before. */
static int interval(const struct hr_case *c, struct hr_trial *t)
{
    struct soak *s = *(struct soak *const *)c->context; /* it goes on from run to run */
    struct hr_drive drive = {.ops = t->rig->path, .path = s->path};
    uint64_t began_ns = hr_clock_ns(), timed_ns = 0, rounds = s->rounds;
    double late_share = 0, wall_s;
    int rc = 0;

    drive.batch = (uint32_t)hr_config_count(t->rig->config, "run.batch");
    hr_trial_start(t);
    do {
        rc = hr_stop_signal() ? -EINTR : round_once(s, t, &drive, &timed_ns, &late_share);
        wall_s = (double)(hr_clock_ns() - began_ns) / 1e9;
    } while (rc == 0 && wall_s < s->interval_s);
    hr_trial_stop(t);
    rc = rc ? rc : hr_trial_digest_of(t, s->path, expected(s));
    if (rc) {
        return rc;
    }
    hr_percentiles_into(t, t->histograms[HR_OPEN_LATENCY], 0, HR_PERCENTILES);
    t->elapsed_ns = timed_ns;
    t->values[ACHIEVED] =
        (double)((s->rounds - rounds) * s->steady.count) / ((double)timed_ns / 1e9);
    t->values[RESIDENT] = (double)hr_memory_resident();
    t->values[TIMED] = (double)timed_ns / 1e9 / wall_s;
    hr_check_most(&t->checks, "late_sends", late_share * 100, HR_LATE_SHARE_MAX * 100, INFINITY,
                  "% of a round's");
    return 0;
}

static void metrics_of(struct hr_measured metrics[FIGURES])
{
    hr_percentile_metrics(metrics, HR_PERCENTILES);
    metrics[ACHIEVED] =
        (struct hr_measured){.name = "achieved", .unit = "orders/s", .higher = true};
    metrics[RESIDENT] = (struct hr_measured){.name = "resident", .unit = "bytes"};
    metrics[TIMED] = (struct hr_measured){.name = "timed", .unit = "share", .higher = true};
}

/* The last third of the intervals over the first, of a figure where less is better. */
static double drift(const struct hr_measure_result *r, int figure)
{
    const double *samples = hr_measure_samples(r, figure);
    int third = r->runs / 3;

    return third ? hr_estimate_median(samples + r->runs - third, third).median /
                       hr_estimate_median(samples, third).median
                 : (double)NAN;
}

static void conclude(struct hr_rig *rig, const struct soak *s, struct hr_measure_result *r)
{
    static const char few[] = "too few intervals, or too few samples in them";
    const double *resident = hr_measure_samples(r, RESIDENT);
    double grown = r->runs ? resident[r->runs - 1] - resident[0] : (double)NAN;
    char why[200];

    if (!r->json || r->status != HR_PASS) {
        return;
    }
    hr_case_figure(r->json, "p50_drift", "times", false, drift(r, 0), few);
    hr_case_figure(r->json, "p99_drift", "times", false, drift(r, 1), few);
    hr_case_figure(r->json, "orders", "orders", false, (double)(s->rounds * s->steady.count), few);
    hr_case_figure(r->json, "grown", "bytes", false, grown, few);
    if (grown > FLAT_BYTES && grown > FLAT_SHARE * resident[0]) {
        snprintf(why, sizeof(why),
                 "memory is not flat: %.1f MiB after the first interval, %.1f MiB after the last",
                 resident[0] / (1 << 20), resident[r->runs - 1] / (1 << 20));
        hr_measure_missed(rig, r, why, "look for what the engine keeps of orders that are gone");
    }
}

/* The highest rate that the capacity suite of this run confirmed on this path and engine, at its
 * tightest bound: the first case that has one. NAN: none. */
static double capacity_of(const struct hr_rig *rig)
{
    const json_t *suite, *c, *m;
    size_t i, k, j;

    json_array_foreach (json_object_get(hr_record_json(rig->record), "suites"), i, suite) {
        json_array_foreach (json_object_get(suite, "cases"), k, c) {
            json_array_foreach (json_object_get(c, "metrics"), j, m) {
                const char *name = json_string_value(json_object_get(m, "name"));
                double estimate = json_number_value(json_object_get(m, "estimate"));

                if (name && strcmp(name, "capacity") == 0 && estimate > 0) {
                    return estimate;
                }
            }
        }
    }
    return (double)NAN;
}

static void end(struct soak *s, const struct hr_rig *rig)
{
    if (s->path) {
        rig->path->close(s->path);
    }
    eut_events_free(&s->steady.events);
    eut_events_free(&s->rewind.events);
    free(s->rewind.requests);
    free(s->folds);
    free(s->due);
    free(s->log);
    free(s);
}

static int prepare(struct soak *s, struct hr_rig *rig)
{
    uint32_t batch = (uint32_t)hr_config_count(rig->config, "run.batch");
    int rc = ask_oracle(s, batch);

    s->due = calloc(s->steady.count, sizeof(*s->due));
    s->log = calloc(s->steady.count, sizeof(*s->log));
    if (rc == 0 && (!s->due || !s->log)) {
        rc = hr_fail(ENOMEM, "no memory for the due times of %" PRIu64 " orders", s->steady.count);
    }
    return rc ? rc : hr_books_open(rig, rig->engine, &s->workload, batch, &s->path, NULL);
}

static int measure(struct hr_bench *bench, json_t *suite, const char *name, json_t *params,
                   const struct hr_flow_params *flow, double rate, double seconds)
{
    struct hr_rig *rig = &bench->rig;
    struct hr_measured metrics[FIGURES];
    struct hr_measure_result result = {0};
    struct soak *s = calloc(1, sizeof(*s));
    int rc =
        s ? hr_rig_workload(rig, flow, hr_config_count(rig->config, "soak.requests"), &s->workload)
          : -ENOMEM;

    if (s) {
        s->rate = rate;
        s->interval_s = seconds / INTERVALS;
    }
    rc = rc || rig->plan ? rc : prepare(s, rig);
    if (rc) {
        rc = hr_refuse_workload(bench, suite, SUITE, name, params, rc, NULL);
    } else {
        metrics_of(metrics);
        rc = hr_measure(rig, suite,
                        &(struct hr_case){.suite = SUITE,
                                          .name = name,
                                          .params = params,
                                          .metrics = metrics,
                                          .metrics_count = FIGURES,
                                          .histograms = hr_open_histograms,
                                          .run = interval,
                                          .context = &s,
                                          .runs = INTERVALS,
                                          .seconds = seconds / INTERVALS,
                                          .ruler_seconds = 1e-3},
                        &result);
        conclude(rig, s, &result);
        hr_measure_result_free(&result);
    }
    if (s) {
        end(s, rig);
    }
    return rc;
}

static int soak_run(struct hr_bench *bench, json_t *suite)
{
    struct hr_rig *rig = &bench->rig;
    double seconds = (double)hr_config_count(rig->config, "soak.time") / 1e9,
           share = hr_config_real(rig->config, "soak.share"), rate = share * capacity_of(rig);
    struct hr_flow_params flow;
    char name[64], id[256];
    json_t *params;
    int rc = 0;

    snprintf(name, sizeof(name), "share=%g", share);
    hr_case_id(rig, SUITE, name, id, sizeof(id));
    if (seconds <= 0 || !hr_case_wanted(rig, id)) {
        if (seconds <= 0 && !rig->plan) {
            hr_suite_skip(suite, "not asked for", "set soak.time, or run the profile full");
        }
        return 0;
    }
    hr_config_flow(rig->config, &flow);
    params = hr_flow_case_params(&flow);
    json_object_set_new(params, "load", json_string("open"));
    json_object_set_new(params, "share", json_real(share));
    if (!rig->plan) {
        json_object_set_new(params, "rate", hr_json_real(rate));
    }
    if (!rig->plan && !(rate > 0)) {
        hr_measure_refuse(rig, suite, SUITE, name, params, HR_SKIP,
                          "no capacity was confirmed in this run to take a share of",
                          "run it with the suite capacity, with a bound that this host holds");
    } else if (rig->against) {
        hr_measure_refuse(rig, suite, SUITE, name, params, HR_SKIP,
                          "one engine at a time is watched for hours", "run it without --against");
    } else {
        rc = measure(bench, suite, name, params, &flow, rate, seconds);
    }
    json_decref(params);
    return rc;
}

extern const struct hr_suite_ops hr_suite_soak;
const struct hr_suite_ops hr_suite_soak = {
    .name = SUITE,
    .question = "Does it hold for hours what it holds for seconds?",
    .run = soak_run,
};
