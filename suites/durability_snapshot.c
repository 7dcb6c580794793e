/*
 * durability_snapshot.c - how long and how large is a snapshot of so many markets, how long does
 * matching stand still for it, and how soon are the books back?
 *
 * The engine matches, and journals by groups, one batch after the other; in the middle a child is
 * forked that writes the snapshot. Each batch is timed: those before the fork are what those during
 * the snapshot are held against; the first one during it holds the fork itself. Then everything is
 * thrown away and recovered from the folder: the digest must be the oracle's, and the root that of
 * the books that were thrown away. What is written was just written, and is read from the system's
 * memory, not from the disk.
 */
#include "suites/durability.h"

#include "suites/percentiles.h"

#include "harness/clock.h"
#include "harness/error.h"
#include "harness/histogram.h"
#include "harness/ledger/snapshot_format.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#define GROUP_BYTES (256u << 10)
#define SEGMENT_BYTES (256u << 20)
#define LEVEL 1
/* Of the tape before the fork: enough for a p99.9 of batches. */
#define BEFORE_SHARE 0.25
#define PLAN_LOAD_RATE 5e6

enum {
    SNAPSHOT,
    STATES,
    FILE_BYTES,
    RAW_BYTES,
    FORK,
    STALL_P50,
    STALL_P99,
    STALL_P999,
    STALL_MAX,
    QUIET_P99,
    QUIET_MAX,
    SLOWER,
    RECOVERY,
    RESTORED,
    REPLAYED,
    VERIFY,
    VERIFIED,
    METRICS
};
static const struct hr_measured metrics[METRICS] = {
    [SNAPSHOT] = {.name = "snapshot", .unit = "s"},
    [STATES] = {.name = "states", .unit = "bytes/s", .higher = true},
    [FILE_BYTES] = {.name = "file_bytes", .unit = "bytes"},
    [RAW_BYTES] = {.name = "state_bytes", .unit = "bytes"},
    [FORK] = {.name = "fork", .unit = "ns"},
    [STALL_P50] = {.name = "stall_p50", .unit = "ns"},
    [STALL_P99] = {.name = "stall_p99", .unit = "ns"},
    [STALL_P999] = {.name = "stall_p99.9", .unit = "ns"},
    [STALL_MAX] = {.name = "stall_max", .unit = "ns"},
    [QUIET_P99] = {.name = "quiet_p99", .unit = "ns"},
    [QUIET_MAX] = {.name = "quiet_max", .unit = "ns"},
    [SLOWER] = {.name = "slowdown", .unit = "times"},
    [RECOVERY] = {.name = "recovery", .unit = "s"},
    [RESTORED] = {.name = "restored", .unit = "orders/s", .higher = true},
    [REPLAYED] = {.name = "replayed", .unit = "orders/s", .higher = true},
    [VERIFY] = {.name = "verify", .unit = "bytes/s", .higher = true},
    [VERIFIED] = {.name = "verify_markets", .unit = "markets/s", .higher = true},
};

struct snapshot_case {
    const struct hr_workload *workload;
    const struct hr_disk *disk;
    uint32_t batch;
    int threads;
};

struct live {
    const struct snapshot_case *c;
    struct hr_host host;
    struct hr_journal *journal;
    char folder[600];
    uint64_t done; /* of the tape's steady requests */
    struct hr_snapshotting taking;
    struct hr_snapshot_facts facts;
    uint64_t ns[3], batches[3]; /* before, during, behind */
};

static int step(struct live *l, struct hr_histogram *h, int phase)
{
    const struct eut_request *requests = l->c->workload->tape->steady_requests + l->done;
    uint64_t left = l->c->workload->steady - l->done, start = hr_ticks(), ns;
    uint32_t n = left < l->c->batch ? (uint32_t)left : l->c->batch;
    int rc = hr_journal_append(l->journal, requests, n, NULL);

    rc = rc ? rc : hr_ledger_submit(l->host.engine, l->host.self, &l->host.digests, requests, n);
    l->done += n;
    ns = hr_ticks_to_ns(hr_ticks() - start);
    hr_histogram_record(h, ns);
    l->ns[phase] += ns;
    l->batches[phase]++;
    return rc;
}

static struct hr_snapshot_source source_of(const struct live *l)
{
    return (struct hr_snapshot_source){.engine = l->host.engine,
                                       .self = l->host.self,
                                       .limits = l->host.limits,
                                       .digests = &l->host.digests,
                                       .sequence = l->done,
                                       .history = l->journal ? hr_journal_history(l->journal) : 0};
}

/* The whole tape; the snapshot begins after its first part. */
static int match(struct live *l, struct hr_trial *t)
{
    uint64_t steady = l->c->workload->steady, begin = (uint64_t)((double)steady * BEFORE_SHARE);
    struct hr_snapshot_params params = {l->folder, l->c->threads, LEVEL};
    uint64_t start;
    int rc = 0, ended = 0;

    while (l->done < begin && rc == 0) {
        rc = step(l, t->histograms[0], 0);
    }
    rc = rc ? rc : hr_journal_commit(l->journal);
    if (rc == 0) {
        struct hr_snapshot_source source = source_of(l);

        start = hr_ticks();
        rc = hr_snapshot_begin(&l->taking, &source, &params);
        hr_histogram_record(t->histograms[1], hr_ticks_to_ns(hr_ticks() - start));
    }
    /* What comes when the snapshot is done belongs to neither side. */
    while (l->done < steady && rc == 0) {
        if (!ended) {
            ended = hr_snapshot_end(&l->taking, false, &l->facts);
            rc = ended < 0 ? ended : 0;
        }
        rc = rc ? rc : step(l, t->histograms[ended ? 2 : 1], ended ? 2 : 1);
    }
    rc = rc ? rc : hr_journal_commit(l->journal);
    if (rc == 0 && !ended) {
        ended = hr_snapshot_end(&l->taking, true, &l->facts);
        rc = ended < 0 ? ended : 0;
    }
    return rc;
}

static void note_stall(struct hr_trial *t, const struct live *l)
{
    const struct hr_histogram *quiet = t->histograms[0], *during = t->histograms[1];
    double seconds = (double)l->facts.ns / 1e9;

    t->values[SNAPSHOT] = seconds;
    t->values[STATES] = (double)l->facts.raw_bytes / seconds;
    t->values[FILE_BYTES] = (double)l->facts.file_bytes;
    t->values[RAW_BYTES] = (double)l->facts.raw_bytes;
    t->values[FORK] = (double)l->taking.fork_ns;
    t->values[STALL_P50] = hr_percentile_or_nan(during, 50);
    t->values[STALL_P99] = hr_percentile_or_nan(during, 99);
    t->values[STALL_P999] = hr_percentile_or_nan(during, 99.9);
    t->values[STALL_MAX] = (double)hr_histogram_max(during);
    t->values[QUIET_P99] = hr_percentile_or_nan(quiet, 99);
    t->values[QUIET_MAX] = (double)hr_histogram_max(quiet);
    for (int m = STALL_P50; m <= QUIET_P99; m++) {
        if (isnan(t->values[m])) {
            t->reasons[m] = "too few batches in the time that a snapshot took";
        }
    }
    if (l->batches[0] && l->batches[1]) {
        t->values[SLOWER] =
            (double)l->ns[1] / (double)l->batches[1] / ((double)l->ns[0] / (double)l->batches[0]);
    } else {
        t->values[SLOWER] = (double)NAN;
        t->reasons[SLOWER] = "no batch was matched while the snapshot was taken";
    }
}

static int verify(struct hr_trial *t, const struct live *l)
{
    struct hr_snapshot_visit visit = {.context = NULL};
    struct hr_snapshot_facts facts;
    char path[800];
    int rc;

    snprintf(path, sizeof(path), "%s/%s", l->folder, l->facts.file);
    rc = hr_snapshot_read(path, l->c->threads, &visit, &facts);
    t->values[VERIFY] = (double)facts.raw_bytes / (double)facts.ns * 1e9;
    t->values[VERIFIED] = (double)facts.limits.markets / (double)facts.ns * 1e9;
    return rc;
}

/* Into a fresh engine; the old one's books are only asked for their root. */
static int come_back(struct hr_trial *t, struct live *l)
{
    struct hr_snapshot_source source = source_of(l);
    struct hr_recovery r;
    uint8_t root[HR_HASH_BYTES];
    uint64_t start_ns;
    int rc = hr_state_root_of(&source, l->c->threads, root);

    hr_host_close(&l->host);
    start_ns = hr_clock_ns();
    rc = rc ? rc
            : hr_recover(&r, &(struct hr_recovery_params){.folder = l->folder,
                                                          .engine = t->engine,
                                                          .threads = l->c->threads,
                                                          .snapshot_most = UINT64_MAX});
    if (rc) {
        return rc;
    }
    t->values[RECOVERY] = (double)(hr_clock_ns() - start_ns) / 1e9;
    t->values[RESTORED] = (double)r.restored / (double)r.snapshot_ns * 1e9;
    t->values[REPLAYED] = (double)r.replayed / (double)r.replay_ns * 1e9;
    if (r.lost[0]) {
        rc = hr_fail(EBADMSG, "recovery lost %s", r.lost);
    } else if (r.snapshot != l->facts.sequence || r.reached != l->c->workload->steady) {
        rc = hr_fail(EBADMSG,
                     "recovery used the snapshot of request %" PRIu64 " and ended at %" PRIu64,
                     r.snapshot, r.reached);
    } else if (memcmp(root, r.root, sizeof(root)) != 0) {
        rc = hr_fail(EBADMSG, "recovery came to another state root");
    }
    hr_trial_digest(t, r.digest, l->c->workload->digest);
    hr_recovery_free(&r);
    return rc;
}

static int trial(const struct hr_case *hc, struct hr_trial *t)
{
    struct live l = {.c = hc->context};
    struct hr_journal_params params = {.folder = l.folder,
                                       .sync = HR_SYNC_GROUP,
                                       .io = HR_IO_PWRITE,
                                       .group_bytes = GROUP_BYTES,
                                       .segment_bytes = SEGMENT_BYTES};
    int rc = hr_ledger_folder(l.c->disk, l.folder);

    if (rc) {
        return rc;
    }
    rc = hr_host_open(&l.host, t->engine, l.c->workload);
    params.limits = l.host.limits;
    rc = rc ? rc : hr_journal_open(&l.journal, &params, NULL);
    if (rc == 0) {
        hr_trial_start(t);
        rc = match(&l, t);
        hr_trial_stop(t);
    }
    if (rc) {
        hr_snapshot_abandon(&l.taking);
        hr_journal_drop(l.journal);
    } else {
        note_stall(t, &l);
        rc = hr_journal_close(l.journal);
        l.journal = NULL; /* the books are asked for their root without it */
    }
    rc = rc ? rc : verify(t, &l);
    rc = rc ? rc : come_back(t, &l);
    hr_host_close(&l.host);
    hr_ledger_remove(l.folder);
    return rc;
}

/* thin: one order a side, so that as many markets as possible fit. */
static int one(struct hr_bench *bench, json_t *suite, const struct hr_disk *disk, uint32_t markets,
               bool thin, int threads)
{
    static const char *const histograms[] = {"quiet", "snapshot", "behind", NULL};
    uint64_t orders = hr_config_count(bench->rig.config, "durability.requests");
    struct hr_measured own[METRICS];
    struct hr_workload workload;
    struct snapshot_case wanted = {
        &workload, disk, (uint32_t)hr_config_count(bench->rig.config, "durability.stall_batch"),
        threads};
    struct hr_flow_params flow = hr_durability_flow(bench, markets);
    char name[64];
    json_t *params;
    int rc;

    snprintf(name, sizeof(name), "snapshot/markets=%u%s,threads=%d", markets,
             thin ? ",levels=1" : "", threads);
    if (thin) {
        flow.levels = flow.l2_levels = flow.orders_per_level = 1;
    }
    rc = hr_durability_case(bench, suite, name, &flow, orders, &workload, &params);
    if (rc <= 0) {
        return rc;
    }
    json_object_set_new(params, "threads", json_integer(threads));
    json_object_set_new(params, "batch", json_integer((json_int_t)wanted.batch));
    json_object_set_new(params, "level", json_integer(LEVEL));
    memcpy(own, metrics, sizeof(own));
    own[STATES].ceiling = HR_DISK_WRITE;
    own[STATES].ceiling_value = disk->write_bytes_s;
    own[VERIFY].ceiling = HR_DISK_READ;
    own[VERIFY].ceiling_value = disk->read_bytes_s;
    rc = hr_measure(
        &bench->rig, suite,
        &(struct hr_case){
            .suite = HR_DURABILITY,
            .name = name,
            .params = params,
            .metrics = own,
            .metrics_count = METRICS,
            .histograms = histograms,
            .run = trial,
            .context = &wanted,
            .seconds =
                ((double)hr_flow_load(&flow) * 3 + (double)orders * 3) / PLAN_LOAD_RATE + 0.1},
        NULL);
    json_decref(params);
    return rc;
}

int hr_durability_snapshots(struct hr_bench *bench, json_t *suite, const struct hr_disk *disk)
{
    uint32_t thin = (uint32_t)hr_config_count(bench->rig.config, "durability.thin_markets");
    const uint64_t *markets, *threads;
    int n = hr_config_counts(bench->rig.config, "durability.markets", &markets);
    int m = hr_config_counts(bench->rig.config, "durability.threads", &threads), rc = 0;

    for (int i = 0; i < n && rc == 0; i++) {
        for (int k = 0; k < m && rc == 0; k++) {
            /* 0: one a processor, unless that was asked for by its number. */
            int wanted = threads[k] ? (int)threads[k] : bench->rig.cpus_count;
            bool twice = false;

            for (int before = 0; before < k; before++) {
                twice = twice || (int)threads[before] == wanted;
            }
            if (!twice) {
                rc = one(bench, suite, disk, (uint32_t)markets[i], false, wanted);
            }
        }
    }
    return rc || !thin ? rc : one(bench, suite, disk, thin, true, bench->rig.cpus_count);
}
