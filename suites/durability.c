/*
 * durability.c - what does it cost that nothing is lost, and is nothing lost?
 *
 * The disk's own figures first, by the calls that the journal uses, in a folder of the suite's own
 * on the disk that is asked about. A virtual disk may say that a sync is done when the host holds
 * the bytes in its memory: what is measured then is what this machine can have, not what a drive
 * can.
 */
#include "suites/durability.h"

#include "suites/closed_run.h"

#include "harness/clock.h"
#include "harness/error.h"
#include "harness/ledger/ledger_files.h"
#include "harness/platform/platform.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CEILING_RUNS 5
#define SYNC_BYTES 8224u /* a record of 256 requests */
#define STREAM_BYTES (1u << 20)
#define STREAM_BLOCKS_MAX 256u

/* ---- folders ------------------------------------------------------------------------- */

int hr_ledger_folder(const struct hr_disk *disk, char folder[600])
{
    snprintf(folder, 600, "%s/run.XXXXXX", disk->folder);
    return mkdtemp(folder) ? 0
                           : hr_fail(errno, "%s: no folder can be made in it: %s", disk->folder,
                                     strerror(errno));
}

/* The folder is ours, and holds files alone. */
void hr_ledger_remove(const char *folder)
{
    DIR *dir = opendir(folder);
    char path[1200];

    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        (void)!unlink(path);
    }
    if (dir) {
        closedir(dir);
    }
    (void)!rmdir(folder);
}

/* ---- the disk ------------------------------------------------------------------------ */

static int syncs(int fd, const uint8_t *block, uint64_t budget_ns, double *ns)
{
    uint64_t start = hr_clock_ns(), offset = 0, count = 0, spent;
    int rc;

    do {
        rc = hr_file_put(fd, block, SYNC_BYTES, offset);
        rc = rc ? rc : hr_file_sync(fd);
        if (rc) {
            return rc;
        }
        offset += SYNC_BYTES;
        count++;
        spent = hr_clock_ns() - start;
    } while (spent < budget_ns);
    *ns = (double)spent / (double)count;
    return ftruncate(fd, 0) ? -errno : 0;
}

struct streamed {
    double buffered, synced, read; /* bytes/s */
};

static int stream(int fd, uint8_t *block, uint64_t budget_ns, struct streamed *s)
{
    uint64_t start = hr_clock_ns(), bytes = 0;
    double ns;
    int rc = 0;

    for (uint32_t i = 0; i < STREAM_BLOCKS_MAX && rc == 0; i++) {
        rc = hr_file_put(fd, block, STREAM_BYTES, bytes);
        bytes += STREAM_BYTES;
        if (hr_clock_ns() - start > budget_ns) {
            break;
        }
    }
    ns = (double)(hr_clock_ns() - start);
    s->buffered = (double)bytes / ns * 1e9;
    rc = rc ? rc : hr_file_sync(fd);
    ns = (double)(hr_clock_ns() - start);
    s->synced = (double)bytes / ns * 1e9;
    start = hr_clock_ns();
    for (uint64_t at = 0; at < bytes && rc == 0; at += STREAM_BYTES) {
        rc = pread(fd, block, STREAM_BYTES, (off_t)at) == STREAM_BYTES ? 0 : -EIO;
    }
    s->read = (double)bytes / (double)(hr_clock_ns() - start) * 1e9;
    return rc ? rc : ftruncate(fd, 0) ? -errno : 0;
}

static int ceilings(struct hr_disk *disk, struct hr_bench *bench, int fd, uint8_t *block)
{
    uint64_t each = hr_config_count(bench->rig.config, "durability.ceilings") / (2 * CEILING_RUNS);
    double sync[CEILING_RUNS], buffered[CEILING_RUNS], synced[CEILING_RUNS], read[CEILING_RUNS];
    struct hr_record *record = bench->rig.record;

    for (int i = 0; i < CEILING_RUNS; i++) {
        struct streamed s;
        int rc = syncs(fd, block, each, &sync[i]);

        rc = rc ? rc : stream(fd, block, each, &s);
        if (rc) {
            return hr_fail(-rc, "%s: the disk cannot be measured: %s", disk->folder, strerror(-rc));
        }
        buffered[i] = s.buffered;
        synced[i] = s.synced;
        read[i] = s.read;
    }
    hr_record_ceiling(record, HR_DISK_SYNC, "ns", false, sync, CEILING_RUNS,
                      json_pack("{s:i}", "bytes", (int)SYNC_BYTES));
    hr_record_ceiling(record, HR_DISK_WRITE, "bytes/s", true, synced, CEILING_RUNS,
                      json_pack("{s:b}", "synced", 1));
    hr_record_ceiling(record, HR_DISK_BUFFERED, "bytes/s", true, buffered, CEILING_RUNS,
                      json_pack("{s:b}", "synced", 0));
    hr_record_ceiling(record, HR_DISK_READ, "bytes/s", true, read, CEILING_RUNS,
                      json_pack("{s:b}", "cached", 1));
    /* The best of them bounds a figure: a disk that others use is slower at times, never faster. */
    disk->sync_ns = sync[0];
    for (int i = 0; i < CEILING_RUNS; i++) {
        disk->sync_ns = fmin(disk->sync_ns, sync[i]);
        disk->write_bytes_s = fmax(disk->write_bytes_s, synced[i]);
        disk->buffered_bytes_s = fmax(disk->buffered_bytes_s, buffered[i]);
        disk->read_bytes_s = fmax(disk->read_bytes_s, read[i]);
    }
    return 0;
}

int hr_disk_open(struct hr_disk *disk, struct hr_bench *bench)
{
    const char *where = hr_config_text(bench->rig.config, "durability.folder");
    char path[600];
    uint8_t *block;
    int fd, rc;

    *disk = (struct hr_disk){.folder = ""};
    if (snprintf(disk->folder, sizeof(disk->folder), "%s/headroom-ledger.XXXXXX",
                 *where ? where : ".") >= (int)sizeof(disk->folder)) {
        disk->folder[0] = 0;
        return hr_fail(ENAMETOOLONG, "durability.folder: its name is too long");
    }
    if (!mkdtemp(disk->folder)) {
        disk->folder[0] = 0;
        return hr_fail(errno, "%s: no folder can be made in it: %s", *where ? where : ".",
                       strerror(errno));
    }
    snprintf(path, sizeof(path), "%s/ceiling", disk->folder);
    fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    block = malloc(STREAM_BYTES);
    rc = fd < 0  ? hr_fail(errno, "%s: %s", path, strerror(errno))
         : block ? 0
                 : hr_fail(ENOMEM, "no memory to write a disk with");
    if (rc == 0) {
        memset(block, 0x5A, STREAM_BYTES);
        rc = ceilings(disk, bench, fd, block);
    }
    free(block);
    if (fd >= 0) {
        close(fd);
    }
    return rc;
}

void hr_disk_close(struct hr_disk *disk)
{
    if (disk->folder[0]) {
        hr_ledger_remove(disk->folder);
    }
}

/* ---- the engine ---------------------------------------------------------------------- */

int hr_host_open(struct hr_host *host, const struct eut_engine *engine,
                 const struct hr_workload *workload)
{
    const struct hr_tape *tape = workload->tape;
    int rc;

    *host = (struct hr_host){.engine = engine,
                             .limits = hr_flow_limits(&tape->params, HR_LEDGER_BATCH)};
    hr_error_clear();
    rc = engine->create(&host->limits, &host->self);
    if (rc) {
        host->self = NULL;
        return hr_fail(-rc, "engine %s cannot be made: %s", engine->name, hr_reason(rc));
    }
    rc = hr_event_digests_new(&host->digests, host->limits.markets);
    for (uint64_t at = 0; at < tape->load && rc == 0; at += HR_LEDGER_BATCH) {
        uint64_t left = tape->load - at;

        rc = hr_ledger_submit(engine, host->self, &host->digests, tape->requests + at,
                              left < HR_LEDGER_BATCH ? (uint32_t)left : HR_LEDGER_BATCH);
    }
    return rc;
}

void hr_host_close(struct hr_host *host)
{
    if (host->self) {
        host->engine->destroy(host->self);
    }
    hr_event_digests_free(&host->digests);
    host->self = NULL;
}

struct hr_flow_params hr_durability_flow(const struct hr_bench *bench, uint32_t markets)
{
    struct hr_flow_params flow;

    hr_config_flow(bench->rig.config, &flow);
    flow.markets = markets;
    return flow;
}

int hr_durability_case(struct hr_bench *bench, json_t *suite, const char *name,
                       const struct hr_flow_params *flow, uint64_t orders,
                       struct hr_workload *workload, json_t **params)
{
    char id[256];
    int rc;

    hr_case_id(&bench->rig, HR_DURABILITY, name, id, sizeof(id));
    if (!hr_case_wanted(&bench->rig, id)) {
        return 0;
    }
    *params = hr_flow_case_params(flow);
    json_object_set_new(*params, "orders", json_integer((json_int_t)orders));
    rc = hr_rig_workload(&bench->rig, flow, orders, workload);
    if (rc == 0) {
        return 1;
    }
    rc = hr_refuse_workload(bench, suite, HR_DURABILITY, name, *params, rc, NULL);
    json_decref(*params);
    return rc;
}

/* ---- the suite ----------------------------------------------------------------------- */

static int durability_run(struct hr_bench *bench, json_t *suite)
{
    struct hr_disk disk = {.folder = ""};
    int rc = bench->rig.plan ? 0 : hr_disk_open(&disk, bench);

    if (rc) {
        char why[512];

        snprintf(why, sizeof(why), "%s", hr_error());
        hr_error_clear();
        hr_disk_close(&disk);
        hr_measure_refuse(&bench->rig, suite, HR_DURABILITY, "journal", NULL, HR_SKIP, why,
                          "name a folder on the disk to measure: -S durability.folder=DIR");
        return 0;
    }
    rc = hr_durability_journals(bench, suite, &disk);
    rc = rc ? rc : hr_durability_snapshots(bench, suite, &disk);
    rc = rc ? rc : hr_durability_kills(bench, suite, &disk);
    hr_disk_close(&disk);
    return rc;
}

extern const struct hr_suite_ops hr_suite_durability;
const struct hr_suite_ops hr_suite_durability = {
    .name = HR_DURABILITY,
    .question = "What does it cost that nothing is lost, and is nothing lost?",
    .run = durability_run,
};
