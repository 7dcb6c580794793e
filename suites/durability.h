/*
 * durability.h - the parts of the durability suite: what the disk can, what a journal costs
 * (durability_journal.c), what a snapshot and a recovery take (durability_snapshot.c), and whether
 * anything is lost when the process is killed (durability_kill.c).
 */
#ifndef HR_DURABILITY_H
#define HR_DURABILITY_H

#include "suites/suite.h"

#include "harness/ledger/journal.h"
#include "harness/ledger/recovery.h"

#define HR_DURABILITY "durability"
#define HR_LEDGER_BATCH 256u /* requests submitted at once while books are built */

/* What this disk reached in this run, by the same calls: pwrite() and a sync. */
struct hr_disk {
    char folder[512]; /* on it, the suite's own, removed at the end */
    double sync_ns;   /* of a record of 8 KiB, appended and synced: the best of several windows */
    double write_bytes_s, buffered_bytes_s,
        read_bytes_s; /* one stream; synced at its end, or not */
};
#define HR_DISK_SYNC "disk/sync"
#define HR_DISK_WRITE "disk/write"
#define HR_DISK_BUFFERED "disk/buffered"
#define HR_DISK_READ "disk/read"
/* Makes the folder, measures, and writes the ceilings into the record. -errno with a message. */
int hr_disk_open(struct hr_disk *disk, struct hr_bench *bench);
void hr_disk_close(struct hr_disk *disk);
/* A new folder for one run in it; removed with all that is in it. */
int hr_ledger_folder(const struct hr_disk *disk, char folder[600]);
void hr_ledger_remove(const char *folder);

/* A fresh engine with the books of a tape's load phase, and the digests of what it said. */
struct hr_host {
    const struct eut_engine *engine;
    void *self;
    struct eut_limits limits;
    struct hr_event_digests digests;
};
int hr_host_open(struct hr_host *host, const struct eut_engine *engine,
                 const struct hr_workload *workload);
void hr_host_close(struct hr_host *host); /* accepts a zeroed one */

/* The run's own flow over so many markets. */
struct hr_flow_params hr_durability_flow(const struct hr_bench *bench, uint32_t markets);
/* A flow, a case's name, a workload: 1 measure, 0 not wanted or refused with its reason, -errno.
 * *params is a new reference if 1. */
int hr_durability_case(struct hr_bench *bench, json_t *suite, const char *name,
                       const struct hr_flow_params *flow, uint64_t orders,
                       struct hr_workload *workload, json_t **params);

int hr_durability_journals(struct hr_bench *bench, json_t *suite, const struct hr_disk *disk);
int hr_durability_snapshots(struct hr_bench *bench, json_t *suite, const struct hr_disk *disk);
int hr_durability_kills(struct hr_bench *bench, json_t *suite, const struct hr_disk *disk);

#endif
