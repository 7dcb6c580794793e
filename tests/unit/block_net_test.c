/* block_net_test.c - validators in processes of their own: do they come to the oracle's digest and
 * root, over both protocols, with a delay, and when one of them is killed? */
#include "engine-under-test/loader.h"
#include "harness/clock.h"
#include "harness/error.h"
#include "harness/ledger/ledger_files.h"
#include "suites/block_net.h"
#include "suites/durability.h"
#include "tests/test.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MS UINT64_C(1000000)
#define ORDERS 3000u

struct rig {
    struct hr_tape tape;
    struct hr_block_run run;
    uint64_t digest;
    uint8_t root[HR_HASH_BYTES];
};

static void set_up(struct rig *rig, const char *protocol)
{
    struct hr_flow_params params;
    struct eut_handle oracle, reference;

    hr_clock_init();
    hr_flow_defaults(&params);
    params.markets = 20;
    params.levels = 3;
    CHECK_EQ(eut_open(&oracle, "oracle"), 0);
    CHECK_EQ(eut_open(&reference, "reference"), 0);
    CHECK_EQ(hr_tape_record(&rig->tape, &params, ORDERS, oracle.engine, NULL, NULL), 0);
    CHECK_EQ(hr_block_expected(oracle.engine, &rig->tape, ORDERS, &rig->digest, rig->root), 0);
    CHECK(rig->digest == rig->tape.digest);
    rig->run = (struct hr_block_run){
        .engine = reference.engine,
        .tape = &rig->tape,
        .orders = ORDERS,
        .orders_per_block = 170, /* the last block has fewer */
        .batch = 64,
        .validators = 3,
        .protocol = hr_agree_find(protocol),
        .fpc = {.k = 10, .l = 3, .cooling = 1, .m_max = 30, .first = 0.5, .beta = 0.3},
        .tick_ns = MS,
        .most_ns = 30000 * MS};
}

static void same_as_the_oracle(struct rig *rig)
{
    struct hr_block_result r = {.commit = hr_histogram_new(), .everywhere = hr_histogram_new()};
    int rc = hr_block_run(&rig->run, &r);

    if (rc) {
        FAIL("%s", hr_error());
    }
    CHECK(r.finished && r.same);
    CHECK_EQ(r.blocks, 18);
    CHECK_EQ(r.orders, ORDERS);
    CHECK(r.digest == rig->digest);
    CHECK(hr_hash_same(r.root, rig->root));
    CHECK_EQ(hr_histogram_count(r.everywhere), 18);
    CHECK(r.elapsed_ns >= 17 * rig->run.tick_ns);
    if (rig->run.delay_ns) {
        struct hr_agree_params params = {.validators = rig->run.validators, .fpc = rig->run.fpc};
        uint32_t delays = 2 + rig->run.protocol->delays(&params);

        CHECK(hr_histogram_min(r.everywhere) >= delays * rig->run.delay_ns * 99 / 100);
    }
    hr_histogram_free(r.commit);
    hr_histogram_free(r.everywhere);
    hr_tape_free(&rig->tape);
}

TEST(block_net, a_quorum_of_processes_comes_to_the_oracles_root)
{
    struct rig rig;

    set_up(&rig, "quorum");
    same_as_the_oracle(&rig);
}

TEST(block_net, processes_that_poll_come_to_the_oracles_root)
{
    struct rig rig;

    set_up(&rig, "fpc");
    rig.run.validators = 4;
    same_as_the_oracle(&rig);
}

TEST(block_net, no_commit_is_faster_than_its_delays)
{
    struct rig rig;

    set_up(&rig, "quorum");
    rig.run.delay_ns = 5 * MS;
    same_as_the_oracle(&rig);
    set_up(&rig, "quorum");
    rig.run.validators = 4;
    rig.run.delay_ns = 5 * MS;
    same_as_the_oracle(&rig);
    set_up(&rig, "fpc");
    rig.run.delay_ns = 2 * MS;
    same_as_the_oracle(&rig);
}

TEST(block_net, the_others_go_on_without_a_killed_one)
{
    struct rig rig;

    set_up(&rig, "quorum");
    rig.run.kill_height = 5;
    rig.run.patience_ns = 20 * MS;
    rig.run.orders_per_block = 170;
    same_as_the_oracle(&rig);
}

/* ---- a validator that comes back ---- */

struct ledger {
    char path[64];
};

/* The one that is so many from the end; "" if there are not so many. */
static const char *file_of(const struct ledger *l, const char *prefix, uint32_t from_the_end)
{
    static char path[HR_BLOCK_FOLDER_MAX + 300];
    char folder[HR_BLOCK_FOLDER_MAX];
    struct dirent **entries;
    int n;

    CHECK_EQ(hr_block_folder(l->path, 2, folder), 0);
    n = scandir(folder, &entries, NULL, alphasort);
    path[0] = '\0';
    for (int i = n - 1; i >= 0; i--) {
        if (strncmp(entries[i]->d_name, prefix, strlen(prefix)) == 0 &&
            !strstr(entries[i]->d_name, HR_LEDGER_MAKING) && from_the_end-- == 0) {
            snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
        }
        free(entries[i]);
    }
    free(entries);
    return path;
}

/* What takes a snapshot outlives who was killed: waits for it. */
static void all_snapshots(const struct ledger *l)
{
    struct stat blocks;
    uint32_t there;

    CHECK_EQ(stat(file_of(l, "blocks", 0), &blocks), 0);
    there = (uint32_t)(blocks.st_size / 160 - 1) / 2;
    for (int ms = 0; !file_of(l, "snapshot-", there)[0] && ms < 5000; ms++) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
}

static void flip(const char *path, double where)
{
    FILE *file = fopen(path, "r+b");
    long at;
    int c;

    CHECK(file != NULL);
    CHECK_EQ(fseek(file, 0, SEEK_END), 0);
    at = (long)(where * (double)ftell(file));
    CHECK_EQ(fseek(file, at, SEEK_SET), 0);
    c = fgetc(file);
    CHECK_EQ(fseek(file, at, SEEK_SET), 0);
    CHECK(fputc(c ^ 1, file) != EOF);
    CHECK_EQ(fclose(file), 0);
}

static void set_up_ledger(struct rig *rig, struct ledger *l, const char *protocol)
{
    set_up(rig, protocol);
    *l = (struct ledger){.path = "/tmp/headroom-ledgers.XXXXXX"};
    CHECK(mkdtemp(l->path) != NULL);
    rig->run.patience_ns = 20 * MS;
    rig->run.ledger = l->path;
    rig->run.snapshot_blocks = 2;
    rig->run.kill_height = 7;
    rig->run.restart_height = 11;
    rig->run.context = l;
}

static void remove_ledgers(const struct ledger *l)
{
    char folder[HR_BLOCK_FOLDER_MAX];

    for (uint32_t i = 0; i < 3; i++) {
        CHECK_EQ(hr_block_folder(l->path, i, folder), 0);
        hr_ledger_remove(folder);
    }
    CHECK_EQ(rmdir(l->path), 0);
}

static struct hr_block_rejoin rejoins(struct rig *rig)
{
    struct hr_block_result r = {0};
    int rc = hr_block_run(&rig->run, &r);

    if (rc) {
        FAIL("%s", hr_error());
    }
    CHECK(r.finished && r.same);
    CHECK_EQ(r.blocks, 18);
    CHECK(r.digest == rig->digest);
    CHECK(hr_hash_same(r.root, rig->root));
    CHECK(r.rejoin.killed_height >= 6);
    CHECK(r.rejoin.killed_height + r.rejoin.fetched >= rig->run.restart_height);
    CHECK(r.rejoin.votes.height > r.rejoin.killed_height);
    /* no second vote where there may have been a first one */
    CHECK(r.rejoin.voted_height == 0 || r.rejoin.voted_height > r.rejoin.votes.height ||
          (r.rejoin.voted_height == r.rejoin.votes.height &&
           r.rejoin.voted_round > r.rejoin.votes.round));
    return r.rejoin;
}

TEST(block_net, a_killed_one_comes_back_from_its_ledger)
{
    static const char *const protocols[] = {"quorum", "fpc"};

    for (int i = 0; i < 2; i++) {
        struct hr_block_rejoin rejoin;
        struct ledger ledger;
        struct rig rig;

        set_up_ledger(&rig, &ledger, protocols[i]);
        rejoin = rejoins(&rig);
        CHECK_EQ(rejoin.height, rejoin.killed_height);
        CHECK(rejoin.snapshot >= rig.tape.load + 2 * 170);
        CHECK_EQ(rejoin.snapshot + rejoin.replayed, rig.tape.load + rejoin.height * 170);
        remove_ledgers(&ledger);
        hr_tape_free(&rig.tape);
    }
}

/* The other one cannot go on alone: whatever is voted for there again, is voted for a round later.
 */
TEST(block_net, who_comes_back_votes_in_a_later_round)
{
    struct hr_block_rejoin rejoin;
    struct ledger ledger;
    struct rig rig;

    set_up_ledger(&rig, &ledger, "quorum");
    rig.run.validators = 2;
    rig.run.kill_mute = true;
    rig.run.restart_height = 6;
    rejoin = rejoins(&rig);
    CHECK_EQ(rejoin.height, 6);
    CHECK_EQ(rejoin.votes.height, 7);
    CHECK_EQ(rejoin.voted_height, 7);
    remove_ledgers(&ledger);
    hr_tape_free(&rig.tape);
}

static void spoil_the_newest(void *context)
{
    all_snapshots(context);
    flip(file_of(context, "snapshot-", 0), 0.5);
    flip(file_of(context, "journal-", 0), 0.6);
}

static void spoil_the_lines(void *context)
{
    flip(file_of(context, "blocks", 0), 0.5);
}

static void spoil_snapshots(void *context)
{
    all_snapshots(context);
    for (uint32_t i = 0; file_of(context, "snapshot-", i)[0]; i++) {
        flip(file_of(context, "snapshot-", i), 0.5);
    }
}

static void spoil_votes(void *context)
{
    flip(file_of(context, "votes", 0), 0.2);
}

TEST(block_net, what_is_damaged_in_a_ledger_comes_from_the_others)
{
    void (*const spoils[])(void *) = {spoil_the_newest, spoil_the_lines};

    for (int i = 0; i < 2; i++) {
        struct hr_block_rejoin rejoin;
        struct ledger ledger;
        struct rig rig;

        set_up_ledger(&rig, &ledger, "quorum");
        rig.run.down = spoils[i];
        rejoin = rejoins(&rig);
        CHECK(rejoin.height < rejoin.killed_height);
        CHECK(rejoin.fetched >= 11 - rejoin.height);
        remove_ledgers(&ledger);
        hr_tape_free(&rig.tape);
    }
}

/* Neither books that nobody can vouch for, nor votes that nobody knows of. */
TEST(block_net, a_ledger_without_anything_good_is_refused)
{
    void (*const spoils[])(void *) = {spoil_snapshots, spoil_votes};
    const char *const said[] = {"validator 2: ", "nobody knows where this validator has voted"};

    for (int i = 0; i < 2; i++) {
        struct hr_block_result r = {0};
        struct ledger ledger;
        struct rig rig;

        set_up_ledger(&rig, &ledger, "quorum");
        rig.run.down = spoils[i];
        CHECK_EQ(hr_block_run(&rig.run, &r), -EBADMSG);
        CHECK(strstr(hr_error(), said[i]) != NULL);
        remove_ledgers(&ledger);
        hr_tape_free(&rig.tape);
    }
}

/* Somebody else took the folder while it was dead. */
struct taken {
    struct ledger ledger;
    pid_t by;
};

static void take_the_folder(void *context)
{
    struct taken *taken = context;
    char folder[HR_BLOCK_FOLDER_MAX];
    int ready[2];
    char c;

    CHECK_EQ(hr_block_folder(taken->ledger.path, 2, folder), 0);
    CHECK_EQ(pipe(ready), 0);
    taken->by = fork();
    if (taken->by == 0) {
        (void)!write(ready[1], hr_ledger_hold(folder) >= 0 ? "y" : "n", 1);
        pause();
        _exit(0);
    }
    CHECK_EQ(read(ready[0], &c, 1), 1);
    CHECK_EQ(c, 'y');
    close(ready[0]);
    close(ready[1]);
}

TEST(block_net, two_validators_do_not_share_a_ledger)
{
    struct hr_block_result r = {0};
    struct taken taken;
    struct rig rig;
    char said[100];

    set_up_ledger(&rig, &taken.ledger, "quorum");
    rig.run.down = take_the_folder;
    rig.run.context = &taken;
    CHECK_EQ(hr_block_run(&rig.run, &r), -EBUSY);
    snprintf(said, sizeof(said), "validator-2 is being written by process %ld", (long)taken.by);
    CHECK(strstr(hr_error(), said) != NULL);
    kill(taken.by, SIGKILL);
    CHECK_EQ(waitpid(taken.by, NULL, 0), taken.by);
    remove_ledgers(&taken.ledger);
    hr_tape_free(&rig.tape);
}

/* An engine of which nobody else has the answers. */
static int submit_twice(void *self, const struct eut_request *requests, uint32_t count,
                        struct eut_sink *sink)
{
    struct eut_request changed = requests[0];

    (void)count;
    changed.qty += (uint32_t)getpid() % 1000;
    return eut_oracle.submit(self, &changed, 1, sink);
}

TEST(block_net, engines_that_differ_commit_nothing)
{
    struct eut_engine odd = eut_oracle;
    struct hr_block_result r = {0};
    struct rig rig;

    odd.submit = submit_twice;
    set_up(&rig, "quorum");
    rig.run.engine = &odd;
    rig.run.batch = 1;
    rig.run.patience_ns = 20 * MS;
    rig.run.most_ns = 500 * MS;
    if (hr_block_run(&rig.run, &r) == 0) {
        CHECK(!r.finished);
        CHECK_EQ(r.blocks, 0);
    }
    hr_tape_free(&rig.tape);
}
