/*
 * durability_journal.c - how many orders a second are matched and on the disk, and how long does an
 * order wait for that, by policy and way?
 *
 * Each batch goes to the journal, then to the engine; its time ends when it is matched and
 * acknowledged. Under `group` the disk works while the engine does. Afterwards the journal is read
 * back and must hold the tape, byte for byte. It cannot see whether the disk keeps its word.
 */
#include "suites/durability.h"

#include "suites/percentiles.h"

#include "harness/clock.h"
#include "harness/error.h"
#include "harness/histogram.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define GROUP_BYTES (256u << 10)
#define SEGMENT_BYTES (256u << 20)
#define WAITING_MAX (1u << 16) /* batches appended and not yet acknowledged */
#define PLAN_RATE 1e6

enum { ACKNOWLEDGED, P50, P99, SYNCS, BYTES_ORDER, BYTES, METRICS };

struct journal_case {
    const struct hr_workload *workload;
    const struct hr_disk *disk;
    struct hr_journal_params journal;
    uint32_t batch;
};

/* Batches that wait for their acknowledgement, oldest first. */
struct waiting {
    uint64_t last[WAITING_MAX], since[WAITING_MAX]; /* sequence numbers; ticks */
    uint64_t first, end;
};

static void acknowledged(struct waiting *w, uint64_t up_to, struct hr_histogram *latency)
{
    uint64_t now = w->first < w->end && w->last[w->first % WAITING_MAX] <= up_to ? hr_ticks() : 0;

    while (w->first < w->end && w->last[w->first % WAITING_MAX] <= up_to) {
        hr_histogram_record(latency, hr_ticks_to_ns(now - w->since[w->first++ % WAITING_MAX]));
    }
}

static int drive(const struct journal_case *c, struct hr_journal *journal, struct hr_host *host,
                 struct waiting *w, struct hr_histogram *latency)
{
    const struct eut_request *requests = c->workload->tape->steady_requests;
    uint64_t orders = c->workload->steady;
    int rc = 0;

    for (uint64_t at = 0; at < orders && rc == 0; at += c->batch) {
        uint32_t n = orders - at < c->batch ? (uint32_t)(orders - at) : c->batch;
        uint64_t slot = w->end % WAITING_MAX;

        w->since[slot] = hr_ticks();
        rc = hr_journal_append(journal, requests + at, n, &w->last[slot]);
        w->end++;
        rc = rc ? rc : hr_ledger_submit(host->engine, host->self, &host->digests, requests + at, n);
        rc = rc ? rc : hr_journal_poll(journal);
        if (rc == 0 && w->end - w->first == WAITING_MAX) {
            rc = hr_journal_commit(journal);
        }
        acknowledged(w, hr_journal_acknowledged(journal), latency);
    }
    rc = rc ? rc : hr_journal_commit(journal);
    acknowledged(w, rc ? 0 : hr_journal_acknowledged(journal), latency);
    return rc;
}

/* Is the tape in the journal, all of it? */
static int read_back(const struct journal_case *c, const char *folder)
{
    const struct eut_request *right = c->workload->tape->steady_requests, *requests;
    struct hr_journal_reader *reader;
    uint64_t first, last = 0;
    uint32_t count;
    int rc = hr_journal_reader_open(&reader, folder, 1);

    if (rc) {
        return rc;
    }
    while ((rc = hr_journal_read(reader, &requests, &count, &first)) == 1) {
        if (first != last + 1 || first + count - 1 > c->workload->steady ||
            memcmp(requests, right + last, count * sizeof(*requests)) != 0) {
            rc = hr_fail(EBADMSG, "the journal holds other requests than were appended");
            break;
        }
        last += count;
    }
    hr_journal_reader_close(reader);
    return rc == 0 && last != c->workload->steady
               ? hr_fail(EBADMSG, "the journal lost requests that were acknowledged")
               : rc;
}

static void note(struct hr_trial *t, const struct journal_case *c, uint64_t ns,
                 struct hr_journal_counts counts)
{
    double orders = (double)c->workload->steady;

    t->values[ACKNOWLEDGED] = orders / (double)ns * 1e9;
    hr_percentiles_into(t, t->histograms[0], P50, 2);
    t->values[SYNCS] = (double)counts.syncs;
    t->values[BYTES_ORDER] = (double)counts.bytes / orders;
    t->values[BYTES] = (double)counts.bytes / (double)ns * 1e9;
}

static int trial(const struct hr_case *hc, struct hr_trial *t)
{
    const struct journal_case *c = hc->context;
    struct hr_journal_params params = c->journal;
    struct waiting *w = calloc(1, sizeof(*w));
    struct hr_journal *journal = NULL;
    struct hr_journal_counts counts = {0};
    struct hr_host host = {0};
    char folder[600] = "";
    uint64_t start_ns = 0, ns = 0;
    int rc = w ? hr_ledger_folder(c->disk, folder) : hr_fail(ENOMEM, "no memory for a run");

    rc = rc ? rc : hr_host_open(&host, t->engine, c->workload);
    params.folder = folder;
    params.limits = host.limits;
    rc = rc ? rc : hr_journal_open(&journal, &params, NULL);
    if (rc == 0) {
        hr_trial_start(t);
        start_ns = hr_clock_ns();
        rc = drive(c, journal, &host, w, t->histograms[0]);
        ns = hr_clock_ns() - start_ns;
        hr_trial_stop(t);
        counts = hr_journal_counts(journal);
    }
    if (rc) {
        hr_journal_drop(journal);
    } else {
        rc = hr_journal_close(journal);
    }
    rc = rc ? rc : read_back(c, folder);
    if (rc == 0) {
        note(t, c, ns, counts);
        hr_trial_digest(t, host.engine->digest(host.self), c->workload->digest);
    }
    hr_host_close(&host);
    if (folder[0]) {
        hr_ledger_remove(folder);
    }
    free(w);
    return rc;
}

/* What the disk alone would let through. */
static void bound(struct hr_measured *m, const struct journal_case *c)
{
    double record =
        sizeof(struct hr_journal_record) + (double)c->batch * (double)sizeof(struct eut_request);

    m->ceiling = c->journal.sync == HR_SYNC_NONE    ? HR_DISK_BUFFERED
                 : c->journal.sync == HR_SYNC_BATCH ? HR_DISK_SYNC
                                                    : HR_DISK_WRITE;
    m->ceiling_value =
        c->journal.sync == HR_SYNC_NONE    ? c->disk->buffered_bytes_s / record * c->batch
        : c->journal.sync == HR_SYNC_BATCH ? 1e9 / c->disk->sync_ns * c->batch
                                           : c->disk->write_bytes_s / record * c->batch;
}

static int one(struct hr_bench *bench, json_t *suite, const struct hr_disk *disk, enum hr_sync sync,
               enum hr_journal_io io)
{
    static const char *const histograms[] = {"acknowledged", NULL};
    const struct hr_config *config = bench->rig.config;
    uint64_t orders = hr_config_count(config, "durability.orders");
    struct hr_measured metrics[METRICS] = {
        [ACKNOWLEDGED] = {.name = "throughput", .unit = "orders/s", .higher = true},
        [SYNCS] = {.name = "syncs", .unit = "count"},
        [BYTES_ORDER] = {.name = "bytes_per_order", .unit = "bytes"},
        [BYTES] = {.name = "bandwidth", .unit = "bytes/s", .higher = true},
    };
    struct hr_workload workload;
    struct journal_case wanted = {
        .workload = &workload,
        .disk = disk,
        .journal = {.sync = sync,
                    .io = io,
                    .group_ns = hr_config_count(config, "durability.group"),
                    .group_bytes = GROUP_BYTES,
                    .segment_bytes = SEGMENT_BYTES},
        .batch = (uint32_t)hr_config_count(config, "durability.batch")};
    struct hr_flow_params flow;
    char name[64];
    json_t *params;
    int rc;

    snprintf(name, sizeof(name), "journal/sync=%s,io=%s", hr_sync_names[sync], hr_io_names[io]);
    flow = hr_durability_flow(bench, (uint32_t)hr_config_count(config, "flow.markets"));
    rc = hr_durability_case(bench, suite, name, &flow, orders, &workload, &params);
    if (rc <= 0) {
        return rc;
    }
    json_object_set_new(params, "sync", json_string(hr_sync_names[sync]));
    json_object_set_new(params, "io", json_string(hr_io_names[io]));
    json_object_set_new(params, "batch", json_integer((json_int_t)wanted.batch));
    hr_percentile_metrics(metrics + P50, 2);
    if (!bench->rig.plan) {
        bound(&metrics[ACKNOWLEDGED], &wanted);
    }
    if (hr_journal_io_available(io)) {
        hr_measure_refuse(&bench->rig, suite, HR_DURABILITY, name, params, HR_SKIP, hr_error(),
                          "durability.ways=pwrite leaves it out");
        hr_error_clear();
        rc = 0;
    } else {
        rc = hr_measure(&bench->rig, suite,
                        &(struct hr_case){.suite = HR_DURABILITY,
                                          .name = name,
                                          .params = params,
                                          .metrics = metrics,
                                          .metrics_count = METRICS,
                                          .histograms = histograms,
                                          .run = trial,
                                          .context = &wanted,
                                          .seconds = (double)orders / PLAN_RATE + 0.1},
                        NULL);
    }
    json_decref(params);
    return rc;
}

int hr_durability_journals(struct hr_bench *bench, json_t *suite, const struct hr_disk *disk)
{
    const char *ways = hr_config_text(bench->rig.config, "durability.ways");
    char way[HR_CONFIG_NAME_MAX], policy[HR_CONFIG_NAME_MAX];
    int rc = 0;

    while (rc == 0 && hr_config_name_next(&ways, way)) {
        const char *policies = hr_config_text(bench->rig.config, "durability.syncs");
        enum hr_journal_io io;

        rc = hr_io_parse(way, &io);
        while (rc == 0 && hr_config_name_next(&policies, policy)) {
            enum hr_sync sync;

            rc = hr_sync_parse(policy, &sync);
            rc = rc ? hr_context(rc, "durability.syncs") : one(bench, suite, disk, sync, io);
        }
    }
    return rc;
}
