/*
 * block_power_test.c - does a validator whose ledger is synced come back from a power cut?
 *
 * The C library's two calls to sync are replaced in this program: they do what they did, and write
 * down how long the file was then. A power cut is made of it when a validator was killed: each of
 * its files is cut back to what was synced of it. What the disk itself forgets it cannot see, nor a
 * name that a folder had not kept yet.
 */
#include "tests/test.h"

#ifdef __linux__

#include "engine-under-test/loader.h"
#include "harness/clock.h"
#include "harness/error.h"
#include "harness/ledger/ledger_files.h"
#include "suites/block_net.h"
#include "suites/durability.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MS UINT64_C(1000000)
#define ORDERS 3000u
#define SYNCS_MAX 8192u
#define VOTES_BYTES 64u

struct synced {
    ino_t file;
    off_t bytes;
    char head[VOTES_BYTES]; /* of a file that is written over in place */
    atomic_bool whole;
};

/* Shared by all validators and this process. */
static struct syncs {
    atomic_uint count;
    struct synced log[SYNCS_MAX];
} * syncs;

static void note(const struct synced *what)
{
    unsigned at = atomic_fetch_add(&syncs->count, 1);

    if (at < SYNCS_MAX) {
        syncs->log[at].file = what->file;
        syncs->log[at].bytes = what->bytes;
        memcpy(syncs->log[at].head, what->head, VOTES_BYTES);
        atomic_store(&syncs->log[at].whole, true);
    }
}

static int sync_and_note(long call, int fd)
{
    struct synced now = {0};
    struct stat st = {0};
    int rc;

    if (syncs && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
        now.file = st.st_ino;
        now.bytes = st.st_size;
        (void)!pread(fd, now.head, VOTES_BYTES, 0);
    }
    rc = (int)syscall(call, fd);
    if (rc == 0 && now.file) {
        note(&now);
    }
    return rc;
}

int fsync(int fd)
{
    return sync_and_note(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    return sync_and_note(SYS_fdatasync, fd);
}

/* NULL: it never was. */
static const struct synced *last_sync(ino_t file)
{
    unsigned count = atomic_load(&syncs->count);

    for (unsigned i = count < SYNCS_MAX ? count : SYNCS_MAX; i-- > 0;) {
        if (atomic_load(&syncs->log[i].whole) && syncs->log[i].file == file) {
            return syncs->log + i;
        }
    }
    return NULL;
}

static void cut_back(const char *path)
{
    const struct synced *kept;
    struct stat st;
    int fd = open(path, O_RDWR);

    CHECK(fd >= 0);
    CHECK_EQ(fstat(fd, &st), 0);
    kept = last_sync(st.st_ino);
    CHECK_EQ(ftruncate(fd, kept ? kept->bytes : 0), 0);
    if (kept && kept->bytes == VOTES_BYTES) {
        CHECK_EQ(pwrite(fd, kept->head, VOTES_BYTES, 0), VOTES_BYTES);
    }
    CHECK_EQ(close(fd), 0);
}

static void cut_power(void *context)
{
    char folder[HR_BLOCK_FOLDER_MAX], path[HR_BLOCK_FOLDER_MAX + 300];
    struct dirent *entry;
    DIR *dir;

    CHECK(atomic_load(&syncs->count) < SYNCS_MAX);
    CHECK_EQ(hr_block_folder(context, 2, folder), 0);
    dir = opendir(folder);
    CHECK(dir != NULL);
    while ((entry = readdir(dir))) {
        /* What takes a snapshot outlives who was killed; it gives it its name when it is synced. */
        if (entry->d_name[0] != '.' && !strstr(entry->d_name, HR_LEDGER_MAKING)) {
            snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
            cut_back(path);
        }
    }
    closedir(dir);
}

/* Kills one of three, cuts its power, starts it again. */
static int run(const char *protocol, enum hr_sync sync, struct hr_block_result *r)
{
    char path[] = "/tmp/headroom-ledgers.XXXXXX", folder[HR_BLOCK_FOLDER_MAX];
    struct eut_handle oracle, reference;
    struct hr_flow_params params;
    struct hr_tape tape;
    int rc;

    syncs = mmap(NULL, sizeof(*syncs), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(syncs != MAP_FAILED);
    hr_clock_init();
    hr_flow_defaults(&params);
    params.markets = 20;
    params.levels = 3;
    CHECK_EQ(eut_open(&oracle, "oracle"), 0);
    CHECK_EQ(eut_open(&reference, "reference"), 0);
    CHECK_EQ(hr_tape_record(&tape, &params, ORDERS, oracle.engine, NULL, NULL), 0);
    CHECK(mkdtemp(path) != NULL);
    rc = hr_block_run(
        &(struct hr_block_run){
            .engine = reference.engine,
            .tape = &tape,
            .orders = ORDERS,
            .orders_per_block = 170,
            .batch = 64,
            .validators = 3,
            .protocol = hr_agree_find(protocol),
            .fpc = {.k = 10, .l = 3, .cooling = 1, .m_max = 30, .first = 0.5, .beta = 0.3},
            .tick_ns = MS,
            .patience_ns = 20 * MS,
            .most_ns = 30000 * MS,
            .ledger = path,
            .snapshot_blocks = 2,
            .sync = sync,
            .kill_height = 7,
            .restart_height = 11,
            .down = cut_power,
            .context = path},
        r);
    if (rc == 0) {
        CHECK(r->finished && r->same);
        CHECK_EQ(r->blocks, 18);
        CHECK(r->digest == tape.digest);
    }
    for (uint32_t i = 0; i < 3; i++) {
        CHECK_EQ(hr_block_folder(path, i, folder), 0);
        hr_ledger_remove(folder);
    }
    CHECK_EQ(rmdir(path), 0);
    hr_tape_free(&tape);
    munmap(syncs, sizeof(*syncs));
    syncs = NULL;
    return rc;
}

TEST(block_power, who_syncs_has_all_that_was_told_after_a_power_cut)
{
    static const char *const protocols[] = {"quorum", "fpc"};

    for (int i = 0; i < 2; i++) {
        struct hr_block_result r = {0};

        if (run(protocols[i], HR_SYNC_BATCH, &r)) {
            FAIL("%s", hr_error());
        }
        CHECK(r.rejoin.killed_height >= 6);
        CHECK_EQ(r.rejoin.height, r.rejoin.killed_height);
        CHECK(r.rejoin.votes.height > r.rejoin.killed_height);
    }
}

/* So the cut is one: who does not sync must not vote again. */
TEST(block_power, who_does_not_sync_knows_no_votes_after_a_power_cut)
{
    struct hr_block_result r = {0};

    CHECK_EQ(run("quorum", HR_SYNC_NONE, &r), -EBADMSG);
    CHECK(strstr(hr_error(), "nobody knows where this validator has voted") != NULL);
}

#endif
