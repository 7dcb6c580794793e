/*
 * durability_kill.c - is anything lost when the process is killed at any moment?
 *
 * A child recovers the ledger, goes on with the tape - journal, engine, a snapshot now and then -
 * and is killed (SIGKILL) after a random time, also in the middle of a write or of a snapshot. The
 * parent recovers too: it must reach every request that the child saw acknowledged, and be where an
 * oracle is that was given just those requests, by digest and by state root. Then the next child
 * goes on from there, until the tape is used up and a new ledger begins.
 *
 * The system outlives the process, so a kill alone leaves every write. After every second one a
 * power cut is made of it: of what was not synced yet any sectors are lost or spoiled, or the file
 * is cut. It cannot see what a real disk does with what it said it had.
 */
#include "suites/durability.h"

#include "engine-under-test/loader.h"
#include "harness/clock.h"
#include "harness/error.h"
#include "harness/ledger/ledger_files.h"
#include "harness/platform/platform.h"
#include "harness/random.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MARKETS 40u
#define ORDERS 60000u
#define BATCH 24u
#define SNAPSHOT_EVERY 4000u
#define SEGMENT_BYTES (256u << 10)
#define LIFE_MIN_US 300u
#define LIFE_MAX_US 12000u
#define BEGIN_STEPS 20000 /* of 100 us: a busy host is waited for so long */
#define SECTOR 512u
#define PLAN_KILL_S 0.05

enum { KILLS, CUTS, TORN, LOST, RECOVERED_PAST, RECOVERY, METRICS };
static const struct hr_measured metrics[METRICS] = {
    [KILLS] = {.name = "kills", .unit = "count", .higher = true},
    [CUTS] = {.name = "power_cuts", .unit = "count", .higher = true},
    [TORN] = {.name = "torn_tails", .unit = "count"},
    [LOST] = {.name = "lost", .unit = "orders"},
    [RECOVERED_PAST] = {.name = "unacknowledged", .unit = "orders"},
    [RECOVERY] = {.name = "recovery", .unit = "s"},
};

struct kill_case {
    const struct hr_workload *workload;
    const struct hr_disk *disk;
    uint64_t kills;
};

/* What the child leaves behind, in memory that outlives it. The file's name is told before what is
 * synced of it, and that before what is acknowledged: whenever it ends, the three agree. */
struct witness {
    char file[HR_LEDGER_PATH_MAX];
    _Atomic uint64_t synced, acknowledged;
    _Atomic int begun;  /* it goes on with the tape */
    _Atomic int failed; /* the child ended by itself, and why */
    char why[512];
};

struct killing {
    const struct kill_case *c;
    const struct eut_engine *engine;
    struct hr_random random;
    struct witness *witness;
    char folder[600];
    uint64_t cuts, torn, lost, past, recoveries, recovery_ns;
    uint64_t got, right; /* digests and roots, folded */
    bool uring;
};

/* The load phase is the tape's first requests, and in the journal as all others are. */
static uint64_t tape_requests(const struct kill_case *c)
{
    return c->workload->tape->load + c->workload->steady;
}

/* ---- the child ----------------------------------------------------------------------- */

static void testify(void *context, const struct hr_journal *journal)
{
    struct witness *w = context;
    uint64_t synced, acknowledged = hr_journal_acknowledged(journal);
    const char *file = hr_journal_file(journal, &synced);

    if (strcmp(w->file, file) != 0) {
        atomic_store(&w->synced, UINT64_MAX); /* of a name that is half written, nothing is known */
        snprintf(w->file, sizeof(w->file), "%s", file);
    }
    atomic_store(&w->synced, synced);
    atomic_store(&w->acknowledged, acknowledged);
}

static int go_on(const struct killing *k, struct hr_recovery *r, struct hr_journal *journal,
                 int threads)
{
    const struct eut_request *requests = k->c->workload->tape->requests;
    uint64_t end = tape_requests(k->c), snapshot = r->reached + SNAPSHOT_EVERY;
    int rc = 0;

    atomic_store(&k->witness->begun, 1);
    while (r->reached < end && rc == 0) {
        uint64_t left = end - r->reached;
        uint32_t n = left < BATCH ? (uint32_t)left : BATCH;

        rc = hr_journal_append(journal, requests + r->reached, n, NULL);
        rc = rc ? rc : hr_ledger_submit(r->engine, r->self, &r->digests, requests + r->reached, n);
        r->reached += n;
        r->history = hr_journal_history(journal);
        if (rc == 0 && r->reached >= snapshot) {
            struct hr_snapshot_source source = hr_recovery_source(r);
            struct hr_snapshot_facts facts;

            rc = hr_journal_commit(journal);
            rc = rc ? rc
                    : hr_snapshot_write(
                          &source, &(struct hr_snapshot_params){k->folder, threads, 1}, &facts);
            snapshot += SNAPSHOT_EVERY;
        }
    }
    return rc ? rc : hr_journal_commit(journal);
}

static int live(const struct killing *k, enum hr_sync sync, int threads)
{
    struct hr_journal_params params = {.folder = k->folder,
                                       .sync = sync,
                                       .io = k->uring ? HR_IO_URING : HR_IO_PWRITE,
                                       .group_bytes = 4096,
                                       .segment_bytes = SEGMENT_BYTES,
                                       .acknowledged = testify,
                                       .context = k->witness};
    struct hr_recovery r = {.engine = k->engine};
    struct hr_journal *journal;
    uint64_t *files;
    int n = hr_ledger_list(k->folder, "journal", "log", &files), rc = n < 0 ? n : 0;

    if (rc == 0 && n) {
        rc = hr_recover(&r, &(struct hr_recovery_params){.folder = k->folder,
                                                         .engine = k->engine,
                                                         .threads = threads,
                                                         .snapshot_most = UINT64_MAX});
    } else if (rc == 0) {
        r.limits = hr_flow_limits(&k->c->workload->tape->params, HR_LEDGER_BATCH);
        rc = k->engine->create(&r.limits, &r.self);
        rc = rc ? rc : hr_event_digests_new(&r.digests, r.limits.markets);
    }
    params.limits = r.limits;
    rc = rc ? rc : hr_journal_open(&journal, &params, n ? &r.journal : NULL);
    return rc ? rc : go_on(k, &r, journal, threads);
}

__attribute__((noreturn)) static void be_child(const struct killing *k, enum hr_sync sync,
                                               int threads)
{
    int rc;

    (void)hr_thread_pin(-1);
    rc = live(k, sync, threads);
    if (rc) {
        snprintf(k->witness->why, sizeof(k->witness->why), "%.500s", hr_error());
        atomic_store(&k->witness->failed, -rc);
    }
    for (;;) { /* the tape is used up: the end is the parent's to bring */
        pause();
    }
}

/* ---- what is done to it -------------------------------------------------------------- */

/* A file that is followed was synced to its end, mark and all, whatever the witness knew. */
static bool newest(const struct killing *k)
{
    const char *name = strrchr(k->witness->file, '/');
    char last[64];
    uint64_t *files;
    int n = hr_ledger_list(k->folder, "journal", "log", &files);

    if (n <= 0 || !name) {
        free(files);
        return false;
    }
    snprintf(last, sizeof(last), "/" HR_JOURNAL_NAME, files[n - 1]);
    free(files);
    return strcmp(name, last) == 0;
}

/* Some sectors of what was not synced are lost or spoiled; or the file is cut there. */
static int cut_power(struct killing *k)
{
    struct witness *w = k->witness;
    uint64_t synced = atomic_load(&w->synced);
    uint8_t *data;
    size_t size;
    FILE *file;
    int rc;

    if (!newest(k)) {
        return 0;
    }
    rc = hr_file_load(w->file, UINT64_C(1) << 31, &data, &size);
    if (rc || synced >= size) {
        free(data);
        return rc;
    }
    k->cuts++;
    for (size_t at = synced; at < size; at += SECTOR - at % SECTOR) {
        size_t bytes = SECTOR - at % SECTOR < size - at ? SECTOR - at % SECTOR : size - at;

        switch (hr_random_below(&k->random, 4)) {
        case 0:
            memset(data + at, 0, bytes);
            break;
        case 1:
            for (size_t i = 0; i < bytes; i++) {
                data[at + i] = (uint8_t)hr_random_u64(&k->random);
            }
            break;
        default:
            break;
        }
    }
    if (hr_random_below(&k->random, 2)) {
        size = synced + hr_random_below(&k->random, (uint32_t)(size - synced));
    }
    file = fopen(w->file, "wb");
    rc = file && fwrite(data, 1, size, file) == size ? 0 : hr_fail(EIO, "%s: not written", w->file);
    rc = file && fclose(file) ? hr_fail(errno, "%s: %s", w->file, strerror(errno)) : rc;
    free(data);
    return rc;
}

static int kill_once(struct killing *k, enum hr_sync sync, int threads)
{
    uint32_t life_us = LIFE_MIN_US + hr_random_below(&k->random, LIFE_MAX_US - LIFE_MIN_US);
    struct timespec life = {0, (long)life_us * 1000}, moment = {0, 100000};
    bool in_work = hr_random_below(&k->random, 4) != 0;
    pid_t child;

    k->witness->file[0] = 0; /* of the one before it */
    atomic_store(&k->witness->synced, UINT64_MAX);
    atomic_store(&k->witness->begun, 0);
    child = fork();
    if (child == 0) {
        be_child(k, sync, threads);
    }
    if (child < 0) {
        return hr_fail(errno, "no process to kill: %s", strerror(errno));
    }
    /* One in four is also killed while it recovers, or before. */
    for (int i = 0; i < BEGIN_STEPS && in_work && !atomic_load(&k->witness->begun) &&
                    !atomic_load(&k->witness->failed);
         i++) {
        nanosleep(&moment, NULL);
    }
    nanosleep(&life, NULL);
    kill(child, SIGKILL);
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {
    }
    return atomic_load(&k->witness->failed) ? hr_fail(atomic_load(&k->witness->failed),
                                                      "the process that was to be killed "
                                                      "failed by itself: %s",
                                                      k->witness->why)
                                            : 0;
}

/* ---- what must be there afterwards --------------------------------------------------- */

/* The oracle over just these requests. */
static int ask_oracle(const struct kill_case *c, uint64_t requests, int threads, uint64_t *digest,
                      uint8_t root[HR_HASH_BYTES])
{
    struct hr_host host = {.engine = &eut_oracle,
                           .limits = hr_flow_limits(&c->workload->tape->params, HR_LEDGER_BATCH)};
    struct hr_snapshot_source source;
    int rc = eut_oracle.create(&host.limits, &host.self);

    rc = rc ? hr_fail(-rc, "the oracle did not start")
            : hr_event_digests_new(&host.digests, MARKETS);
    for (uint64_t at = 0; at < requests && rc == 0; at += HR_LEDGER_BATCH) {
        uint64_t left = requests - at;

        rc = hr_ledger_submit(&eut_oracle, host.self, &host.digests,
                              c->workload->tape->requests + at,
                              left < HR_LEDGER_BATCH ? (uint32_t)left : HR_LEDGER_BATCH);
    }
    source = (struct hr_snapshot_source){&eut_oracle,   host.self, host.limits,
                                         &host.digests, requests,  0};
    rc = rc ? rc : hr_state_root_of(&source, threads, root);
    *digest = rc ? 0 : eut_oracle.digest(host.self);
    hr_host_close(&host);
    return rc;
}

static uint64_t fold(uint64_t sum, uint64_t digest, const uint8_t root[HR_HASH_BYTES])
{
    uint64_t words[4];

    memcpy(words, root, sizeof(words));
    return eut_digest_fold(sum, digest ^ words[0], words[1], (uint32_t)words[2], (uint32_t)words[3],
                           0, 0);
}

/* `ended`: this ledger's tape is used up. */
static int look(struct killing *k, int threads, bool *ended)
{
    uint64_t acknowledged = atomic_load(&k->witness->acknowledged), *files, digest;
    uint8_t root[HR_HASH_BYTES];
    struct hr_recovery r;
    int n = hr_ledger_list(k->folder, "journal", "log", &files), rc;

    *ended = false;
    if (n <= 0) { /* killed before there was a journal */
        return n == 0 && acknowledged ? hr_fail(EBADMSG, "the whole journal is gone") : n;
    }
    free(files);
    rc = hr_recover(&r, &(struct hr_recovery_params){.folder = k->folder,
                                                     .engine = k->engine,
                                                     .threads = threads,
                                                     .snapshot_most = UINT64_MAX});
    if (rc) {
        return rc;
    }
    k->recoveries++;
    k->recovery_ns += r.snapshot_ns + r.replay_ns;
    k->torn += r.has_journal && r.journal.torn;
    if (r.reached < acknowledged || r.lost[0]) {
        k->lost += acknowledged > r.reached ? acknowledged - r.reached : 1;
        rc = hr_fail(EBADMSG,
                     "request %" PRIu64 " was acknowledged, and recovery reached %" PRIu64 "%s%s",
                     acknowledged, r.reached, r.lost[0] ? ": lost are " : "", r.lost);
    } else {
        k->past += r.reached - acknowledged;
        *ended = r.reached >= tape_requests(k->c);
        rc = ask_oracle(k->c, r.reached, threads, &digest, root);
        k->got = fold(k->got, r.digest, r.root);
        k->right = fold(k->right, digest, root);
        if (rc == 0 && k->got != k->right) {
            rc = hr_fail(EBADMSG,
                         "after request %" PRIu64 " recovery has other books than the oracle",
                         r.reached);
        }
    }
    hr_recovery_free(&r);
    return rc;
}

static int new_ledger(struct killing *k)
{
    if (k->folder[0]) {
        hr_ledger_remove(k->folder);
    }
    memset(k->witness, 0, sizeof(*k->witness));
    return hr_ledger_folder(k->c->disk, k->folder);
}

static int kill_all(struct killing *k)
{
    int rc = new_ledger(k);

    for (uint64_t i = 0; i < k->c->kills && rc == 0; i++) {
        enum hr_sync sync = (enum hr_sync)hr_random_below(&k->random, 3);
        int threads = 1 + (int)hr_random_below(&k->random, 2);
        bool ended;

        k->uring = hr_random_below(&k->random, 2) && hr_journal_io_available(HR_IO_URING) == 0;
        hr_error_clear();
        rc = kill_once(k, sync, threads);
        if (rc == 0 && sync != HR_SYNC_NONE && i % 2) {
            rc = cut_power(k);
        }
        rc = rc ? rc : look(k, threads, &ended);
        rc = rc ? hr_context(rc, "kill %" PRIu64 ", sync=%s, io=%s", i + 1, hr_sync_names[sync],
                             hr_io_names[k->uring])
             : ended ? new_ledger(k)
                     : 0;
    }
    return rc;
}

static int trial(const struct hr_case *hc, struct hr_trial *t)
{
    const struct kill_case *c = hc->context;
    struct killing k = {.c = c, .engine = t->engine};
    int rc;

    k.witness =
        mmap(NULL, sizeof(*k.witness), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (k.witness == MAP_FAILED) {
        return hr_fail(ENOMEM, "no memory for a witness");
    }
    hr_random_init(&k.random, t->seed, 0);
    hr_trial_start(t);
    rc = kill_all(&k);
    hr_trial_stop(t);
    if (k.folder[0]) {
        hr_ledger_remove(k.folder);
    }
    munmap(k.witness, sizeof(*k.witness));
    if (rc) {
        return rc;
    }
    t->values[KILLS] = (double)c->kills;
    t->values[CUTS] = (double)k.cuts;
    t->values[TORN] = (double)k.torn;
    t->values[LOST] = (double)k.lost;
    t->values[RECOVERED_PAST] = (double)k.past;
    t->values[RECOVERY] =
        k.recoveries ? (double)k.recovery_ns / (double)k.recoveries / 1e9 : (double)NAN;
    t->reasons[RECOVERY] = "nothing was there to recover";
    hr_trial_digest(t, k.got, k.right);
    return 0;
}

int hr_durability_kills(struct hr_bench *bench, json_t *suite, const struct hr_disk *disk)
{
    static const char name[] = "kills";
    struct hr_workload workload;
    struct kill_case wanted = {&workload, disk,
                               hr_config_count(bench->rig.config, "durability.kills")};
    struct hr_flow_params flow = hr_durability_flow(bench, MARKETS);
    json_t *params;
    int rc = wanted.kills
                 ? hr_durability_case(bench, suite, name, &flow, ORDERS, &workload, &params)
                 : 0;

    if (rc <= 0) {
        return rc;
    }
    if (!hr_snapshot_forks(bench->rig.engine)) {
        hr_measure_refuse(&bench->rig, suite, HR_DURABILITY, name, params, HR_SKIP,
                          "its driver does not survive the fork() that makes a process to kill",
                          "durability.kills=0 leaves it out");
        json_decref(params);
        return 0;
    }
    rc = hr_measure(&bench->rig, suite,
                    &(struct hr_case){.suite = HR_DURABILITY,
                                      .name = name,
                                      .params = params,
                                      .metrics = metrics,
                                      .metrics_count = METRICS,
                                      .run = trial,
                                      .context = &wanted,
                                      .runs = 1,
                                      .seconds = (double)wanted.kills * PLAN_KILL_S},
                    NULL);
    json_decref(params);
    return rc;
}
