/*
 * ledger_test.c - from a snapshot and a journal the same books, or the truth about what is lost.
 */
#include "engine-under-test/engine_stream.h"
#include "harness/error.h"
#include "harness/ledger/journal.h"
#include "harness/ledger/ledger_files.h"
#include "harness/ledger/recovery.h"
#include "harness/ledger/snapshot_format.h"
#include "harness/ledger/state_root.h"
#include "harness/progress.h"
#include "harness/random.h"
#include "tests/unit/engine_rig.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define MARKETS 60u
#define REQUESTS 30000u
#define FIRST_SNAPSHOT 10016u
#define SECOND_SNAPSHOT 20000u

struct ledger {
    char path[64];
    /* What is right after all of it, and after each snapshot. */
    uint64_t digest, digest_first;
    uint8_t root[HR_HASH_BYTES], root_first[HR_HASH_BYTES];
};

static void flow_of(struct hr_flow_params *flow)
{
    hr_flow_defaults(flow);
    flow->markets = MARKETS;
    flow->l2_share = 0.3;
    flow->levels = 3;
    flow->orders_per_level = 2;
    flow->crossing = 0.3;
}

struct writing {
    struct ledger *ledger;
    struct hr_journal *journal;
    struct hr_state_root state;
};

static void saw(void *context, const struct eut_request *batch, const struct eut_event *events,
                uint32_t count)
{
    struct writing *w = context;

    hr_state_root_see(&w->state, batch, events, count);
}

static void take_snapshot(struct writing *w, struct eut_stream *stream,
                          const struct hr_flow_params *flow, uint8_t root[HR_HASH_BYTES])
{
    struct hr_snapshot_source source = {
        stream->engine,    stream->self, hr_flow_limits(flow, HR_FLOW_BATCH),
        &w->state.digests, stream->made, hr_journal_history(w->journal)};
    struct hr_snapshot_params params = {w->ledger->path, HR_ONE_PROCESS ? 1 : 2, 1};
    struct hr_snapshotting taking;
    struct hr_snapshot_facts facts;

    CHECK_EQ(hr_snapshot_begin(&taking, &source, &params), 0);
    CHECK_EQ(hr_snapshot_end(&taking, true, &facts), 1);
    CHECK_EQ(facts.sequence, stream->made);
    CHECK_EQ(facts.digest, stream->engine->digest(stream->self));
    CHECK_EQ(hr_state_root_rebuild(&w->state, stream->engine, stream->self, root, NULL), 0);
    CHECK(memcmp(root, facts.root, HR_HASH_BYTES) == 0);
}

/* Two snapshots, and a journal of all of it. */
static struct ledger ledger_of(uint64_t segment_bytes, uint64_t seed)
{
    struct ledger l = {.path = "/tmp/headroom-ledger.XXXXXX"};
    struct writing w = {.ledger = &l};
    struct hr_flow_params flow;
    struct eut_stream stream;
    uint8_t second[HR_HASH_BYTES];

    CHECK(mkdtemp(l.path) != NULL);
    flow_of(&flow);
    flow.seed = seed;
    CHECK_EQ(eut_stream_open(&stream, engine_named("reference"), &flow), 0);
    CHECK_EQ(hr_state_root_new(&w.state, MARKETS), 0);
    CHECK_EQ(
        hr_journal_open(&w.journal,
                        &(struct hr_journal_params){.folder = l.path,
                                                    .limits = hr_flow_limits(&flow, HR_FLOW_BATCH),
                                                    .sync = HR_SYNC_NONE,
                                                    .group_bytes = 4096,
                                                    .segment_bytes = segment_bytes},
                        NULL),
        0);
    stream.saw = saw;
    stream.context = &w;
    while (stream.made < REQUESTS) {
        uint64_t stop = stream.made < FIRST_SNAPSHOT    ? FIRST_SNAPSHOT
                        : stream.made < SECOND_SNAPSHOT ? SECOND_SNAPSHOT
                                                        : REQUESTS;

        CHECK_EQ(eut_stream_next(&stream, stop - stream.made), 0);
        CHECK_EQ(hr_journal_append(w.journal, stream.batch, stream.length, NULL), 0);
        if (stream.made == FIRST_SNAPSHOT) {
            take_snapshot(&w, &stream, &flow, l.root_first);
            l.digest_first = stream.engine->digest(stream.self);
        } else if (stream.made == SECOND_SNAPSHOT) {
            take_snapshot(&w, &stream, &flow, second);
        }
    }
    CHECK_EQ(hr_journal_close(w.journal), 0);
    l.digest = stream.engine->digest(stream.self);
    CHECK_EQ(hr_state_root_rebuild(&w.state, stream.engine, stream.self, l.root, NULL), 0);
    hr_state_root_free(&w.state);
    eut_stream_close(&stream);
    return l;
}

static struct ledger ledger_make(uint64_t segment_bytes)
{
    return ledger_of(segment_bytes, 1);
}

static void ledger_remove(const struct ledger *l)
{
    char command[96];

    snprintf(command, sizeof(command), "rm -rf %s", l->path);
    CHECK_EQ(system(command), 0);
}

struct notes {
    int count;
    char last[1024];
};

static void keep_note(void *context, const char *line)
{
    struct notes *notes = context;

    notes->count++;
    snprintf(notes->last, sizeof(notes->last), "%s", line);
}

static int recover(const struct ledger *l, const char *engine, struct hr_recovery *r,
                   struct notes *notes)
{
    *notes = (struct notes){0};
    return hr_recover(r, &(struct hr_recovery_params){.folder = l->path,
                                                      .engine = engine_named(engine),
                                                      .threads = 2,
                                                      .snapshot_most = UINT64_MAX,
                                                      .note = keep_note,
                                                      .context = notes});
}

/* By the oracle, one thread, from snapshots up to this one and to this request (0: to the end). */
static void recover_to(const struct ledger *l, uint64_t snapshot_most, uint64_t most,
                       struct hr_recovery *r)
{
    CHECK_EQ(hr_recover(r, &(struct hr_recovery_params){.folder = l->path,
                                                        .engine = &eut_oracle,
                                                        .threads = 1,
                                                        .most = most,
                                                        .snapshot_most = snapshot_most}),
             0);
}

/* The books after all requests, from that snapshot (0: none). Frees the recovery. */
static void check_whole(const struct ledger *l, struct hr_recovery *r, uint64_t snapshot)
{
    CHECK_STR(r->lost, "");
    CHECK_EQ(r->reached, REQUESTS);
    CHECK_EQ(r->snapshot, snapshot);
    CHECK_EQ(r->digest, l->digest);
    CHECK(memcmp(r->root, l->root, sizeof(l->root)) == 0);
    hr_recovery_free(r);
}

static void path_of(const struct ledger *l, const char *what, uint64_t number, char path[256])
{
    snprintf(path, 256, "%s/%s-%020" PRIu64 ".%s", l->path, what, number,
             strcmp(what, "journal") == 0 ? "log" : "hrs");
}

static void flip(const char *path, size_t byte, int bit)
{
    FILE *file = fopen(path, "r+b");
    int c;

    CHECK(file != NULL);
    CHECK_EQ(fseek(file, (long)byte, SEEK_SET), 0);
    c = fgetc(file);
    CHECK_EQ(fseek(file, (long)byte, SEEK_SET), 0);
    fputc(c ^ 1 << bit, file);
    CHECK_EQ(fclose(file), 0);
}

TEST(ledger, recovery_is_the_same_by_every_engine_and_from_every_snapshot)
{
    static const char *const engines[] = {"reference", "oracle", "device:host"};
    struct ledger l = ledger_make(1u << 20);
    struct hr_recovery r;
    struct notes notes;

    for (int i = 0; i < 3; i++) {
        CHECK_EQ(recover(&l, engines[i], &r, &notes), 0);
        CHECK_EQ(r.replayed, REQUESTS - SECOND_SNAPSHOT);
        CHECK(r.restored > 0);
        CHECK_EQ(notes.count, 0);
        check_whole(&l, &r, SECOND_SNAPSHOT);
    }
    for (uint64_t most = 0; most <= FIRST_SNAPSHOT; most += FIRST_SNAPSHOT) {
        recover_to(&l, most, 0, &r);
        check_whole(&l, &r, most);
    }
    /* To a request in between: what was right there. */
    recover_to(&l, 0, FIRST_SNAPSHOT, &r);
    CHECK_EQ(r.reached, FIRST_SNAPSHOT);
    CHECK_EQ(r.digest, l.digest_first);
    CHECK(memcmp(r.root, l.root_first, sizeof(l.root)) == 0);
    hr_recovery_free(&r);
    ledger_remove(&l);
}

TEST(ledger, a_damaged_snapshot_is_passed_over_and_told)
{
    struct ledger l = ledger_make(1u << 20);
    struct hr_recovery r;
    struct notes notes;
    char path[256];

    path_of(&l, "snapshot", SECOND_SNAPSHOT, path);
    flip(path, 3000, 4);
    CHECK_EQ(recover(&l, "reference", &r, &notes), 0);
    CHECK_EQ(notes.count, 1);
    CHECK(strstr(notes.last, "market") != NULL);
    check_whole(&l, &r, FIRST_SNAPSHOT);
    /* The other one is gone: all of the journal. */
    path_of(&l, "snapshot", FIRST_SNAPSHOT, path);
    CHECK_EQ(unlink(path), 0);
    CHECK_EQ(recover(&l, "reference", &r, &notes), 0);
    check_whole(&l, &r, 0);
    ledger_remove(&l);
}

TEST(ledger, damage_to_the_journal_says_what_is_lost)
{
    struct ledger l = ledger_make(100u << 10);
    struct hr_recovery r;
    struct notes notes;
    uint64_t *files;
    char path[256], expected[64];
    int n = hr_ledger_list(l.path, "journal", "log", &files);

    CHECK(n >= 4);
    path_of(&l, "journal", files[n - 2], path);
    CHECK(files[n - 2] > SECOND_SNAPSHOT);
    flip(path, 5000, 1);
    CHECK_EQ(recover(&l, "reference", &r, &notes), 0);
    CHECK(r.reached >= files[n - 2] - 1 && r.reached < files[n - 1]);
    CHECK_EQ(r.lost_first, r.reached + 1);
    CHECK_EQ(r.lost_last, REQUESTS);
    CHECK(strstr(r.lost, path) != NULL);
    CHECK(strstr(r.lost, "bit 1 of byte 5000 was flipped") != NULL);
    hr_recovery_free(&r);
    flip(path, 5000, 1);
    /* Before the snapshots nothing is needed. */
    path_of(&l, "journal", files[0], path);
    CHECK_EQ(unlink(path), 0);
    CHECK_EQ(recover(&l, "reference", &r, &notes), 0);
    check_whole(&l, &r, SECOND_SNAPSHOT);
    /* The last file is gone: its first request is the first that is lost. */
    path_of(&l, "journal", files[n - 1], path);
    CHECK_EQ(unlink(path), 0);
    CHECK_EQ(recover(&l, "reference", &r, &notes), 0);
    CHECK_EQ(r.reached, files[n - 1] - 1);
    snprintf(expected, sizeof(expected), "requests from %" PRIu64 " on", files[n - 1]);
    CHECK(strstr(r.lost, expected) != NULL);
    hr_recovery_free(&r);
    /* All of it: what is behind the snapshot, nobody knows. */
    for (int i = 1; i < n - 1; i++) {
        path_of(&l, "journal", files[i], path);
        CHECK_EQ(unlink(path), 0);
    }
    CHECK_EQ(recover(&l, "reference", &r, &notes), 0);
    CHECK_EQ(r.reached, SECOND_SNAPSHOT);
    CHECK(strstr(r.lost, "no journal") != NULL);
    hr_recovery_free(&r);
    free(files);
    ledger_remove(&l);
}

TEST(ledger, without_a_snapshot_and_the_first_file_there_is_nothing_to_hand_out)
{
    struct ledger l = ledger_make(100u << 10);
    struct hr_recovery r;
    struct notes notes;
    char path[256];

    path_of(&l, "journal", 1, path);
    CHECK_EQ(unlink(path), 0);
    path_of(&l, "snapshot", FIRST_SNAPSHOT, path);
    CHECK_EQ(unlink(path), 0);
    path_of(&l, "snapshot", SECOND_SNAPSHOT, path);
    CHECK_EQ(truncate(path, 1000), 0);
    CHECK_EQ(recover(&l, "reference", &r, &notes), -EBADMSG);
    CHECK_EQ(notes.count, 1);
    CHECK(strstr(hr_error(), "is missing: requests 1 to") != NULL);
    ledger_remove(&l);
}

/* Puts another ledger's file in the place of this one's. */
static void swap_in(const struct ledger *l, const struct ledger *other, const char *what,
                    uint64_t number)
{
    char from[256], to[256];

    path_of(other, what, number, from);
    path_of(l, what, number, to);
    CHECK_EQ(rename(from, to), 0);
}

/* Every sum in the other's files is right, and each begins and ends at the right request. */
TEST(ledger, files_of_another_ledger_are_not_taken_for_its_own)
{
    struct ledger l = ledger_make(100u << 10), other = ledger_of(100u << 10, 2);
    struct hr_recovery r;
    struct notes notes;
    uint64_t *files;
    int n = hr_ledger_list(l.path, "journal", "log", &files);

    CHECK(n >= 4);
    /* The newest snapshot is a stranger: the one before it and the journal agree. */
    swap_in(&l, &other, "snapshot", SECOND_SNAPSHOT);
    CHECK_EQ(recover(&l, "reference", &r, &notes), 0);
    CHECK_EQ(notes.count, 1);
    CHECK(strstr(notes.last, "of other requests than those in the journal") != NULL);
    check_whole(&l, &r, FIRST_SNAPSHOT);
    /* Just up to it: the same. */
    recover_to(&l, UINT64_MAX, SECOND_SNAPSHOT, &r);
    CHECK_EQ(r.snapshot, FIRST_SNAPSHOT);
    CHECK_EQ(r.reached, SECOND_SNAPSHOT);
    hr_recovery_free(&r);
    /* All snapshots are: nobody knows who is right, but who asks for the journal gets it. */
    swap_in(&l, &other, "snapshot", FIRST_SNAPSHOT);
    CHECK_EQ(recover(&l, "reference", &r, &notes), -EBADMSG);
    CHECK_EQ(notes.count, 2);
    CHECK(strstr(hr_error(), "--journal-only") != NULL);
    recover_to(&l, 0, 0, &r);
    check_whole(&l, &r, 0);
    /* A file in the middle is: recovery stops in front of it. */
    swap_in(&l, &other, "journal", files[n - 2]);
    recover_to(&l, 0, 0, &r);
    CHECK_EQ(r.reached, files[n - 2] - 1);
    CHECK(strstr(r.lost, "goes on behind other requests") != NULL);
    hr_recovery_free(&r);
    free(files);
    ledger_remove(&other);
    ledger_remove(&l);
}

/* A snapshot right where the last file begins; the file behind it lost all its bytes. */
TEST(ledger, an_emptied_last_file_is_a_loss_also_right_behind_a_snapshot)
{
    struct ledger l = ledger_make(100u << 10);
    struct hr_journal_reader *reader;
    const struct eut_request *requests;
    uint64_t *files, first;
    uint32_t count;
    char path[256];
    int n = hr_ledger_list(l.path, "journal", "log", &files);

    CHECK(n >= 2);
    path_of(&l, "journal", files[n - 1], path);
    CHECK_EQ(truncate(path, 0), 0);
    CHECK_EQ(hr_journal_reader_open(&reader, l.path, files[n - 1]), 0);
    CHECK_EQ(hr_journal_read(reader, &requests, &count, &first), -EBADMSG);
    CHECK_EQ(hr_journal_reader_end(reader)->last, files[n - 1] - 1);
    hr_journal_reader_close(reader);
    free(files);
    ledger_remove(&l);
}

static bool holds(const struct ledger *l, const char *what, uint64_t number)
{
    char path[256];

    path_of(l, what, number, path);
    return access(path, F_OK) == 0;
}

/* In a process of its own, which has been told to stop. */
static int stopped(const struct ledger *l)
{
    struct hr_snapshot_params params = {l->path, 1, 1};
    struct hr_snapshot_source source;
    struct hr_snapshot_facts facts;
    struct hr_recovery r, again;
    struct notes notes;
    int bad = recover(l, "reference", &r, &notes) != 0;

    hr_stop_install();
    raise(SIGINT);
    source = hr_recovery_source(&r);
    bad += hr_snapshot_write(&source, &params, &facts) != -EINTR;
    bad += holds(l, "snapshot", REQUESTS);
    bad += recover(l, "reference", &again, &notes) != -EINTR || notes.count != 0;
    return bad;
}

TEST(ledger, who_waits_for_a_recovery_or_a_snapshot_may_stop_it)
{
    struct ledger l;
    pid_t child;
    int status = -1;

    if (HR_ONE_PROCESS) {
        SKIP("its child starts threads, and other tests have left some");
    }
    l = ledger_make(1u << 20);
    child = fork();

    if (child == 0) {
        _exit(stopped(&l));
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
    ledger_remove(&l);
}

TEST(ledger, goes_on_after_a_recovery)
{
    struct ledger l = ledger_make(1u << 20);
    struct eut_request request = {.order = 4242,
                                  .market = 1,
                                  .price = 1,
                                  .qty = 5,
                                  .op = EUT_NEW,
                                  .side = EUT_BUY,
                                  .type = EUT_LIMIT,
                                  .tif = EUT_DAY};
    struct hr_journal *journal;
    struct hr_recovery r, again;
    struct notes notes;
    char half[128];

    snprintf(half, sizeof(half), "%s/snapshot-1.hrs" HR_LEDGER_MAKING, l.path);
    CHECK_EQ(symlink("nowhere", half), 0);
    CHECK_EQ(recover(&l, "reference", &r, &notes), 0);
    CHECK_EQ(hr_journal_open(&journal,
                             &(struct hr_journal_params){.folder = l.path,
                                                         .limits = r.limits,
                                                         .sync = HR_SYNC_BATCH,
                                                         .group_bytes = 4096,
                                                         .segment_bytes = 1u << 20},
                             &r.journal),
             0);
    CHECK_EQ(hr_journal_append(journal, &request, 1, NULL), 0);
    CHECK(unlink(half) != 0); /* what was half made is gone */
    CHECK_EQ(hr_ledger_submit(r.engine, r.self, &r.digests, &request, 1), 0);
    CHECK_EQ(hr_journal_close(journal), 0);
    CHECK_EQ(recover(&l, "oracle", &again, &notes), 0);
    CHECK_EQ(again.reached, REQUESTS + 1);
    CHECK_STR(again.lost, "");
    CHECK_EQ(again.digest, hr_event_digests_total(&r.digests));
    CHECK(again.digest != l.digest);
    hr_recovery_free(&again);
    hr_recovery_free(&r);
    ledger_remove(&l);
}

/* ---- snapshots ----------------------------------------------------------------------- */

struct damage {
    uint32_t markets, first, last;
};

static void keep_damage(void *context, uint32_t first, uint32_t last, const char *why)
{
    struct damage *d = context;

    CHECK(why != NULL);
    if (d->markets == 0) {
        d->first = first;
    }
    d->last = last;
    d->markets += last - first + 1;
}

/* Whatever bit is flipped, the file is refused; and if it lies in a chunk, markets are named. */
TEST(ledger, every_flipped_bit_of_a_snapshot_is_found)
{
    struct ledger l = ledger_make(1u << 20);
    struct hr_snapshot_facts facts;
    struct damage damage = {0};
    struct hr_snapshot_visit visit = {.damaged = keep_damage, .context = &damage};
    char path[256];
    uint8_t *data;
    size_t size;
    uint32_t named = 0;

    path_of(&l, "snapshot", SECOND_SNAPSHOT, path);
    CHECK_EQ(hr_file_load(path, 1 << 24, &data, &size), 0);
    CHECK_EQ(hr_snapshot_read_memory(data, size, "s", 1, &visit, &facts), 0);
    CHECK_EQ(damage.markets, 0);
    for (size_t byte = 0; byte < size; byte += byte < 300 ? 1 : 37) {
        damage.markets = 0;
        data[byte] ^= (uint8_t)(1u << byte % 8);
        CHECK_EQ(hr_snapshot_read_memory(data, size, "s", 1, &visit, &facts), -EBADMSG);
        data[byte] ^= (uint8_t)(1u << byte % 8);
        CHECK_EQ(damage.markets > 0, byte >= 128 && byte < size - 128);
        CHECK(damage.markets <= MARKETS);
        named += damage.markets == 1;
    }
    CHECK(named > 0);
    for (size_t cut = 0; cut < size; cut += 211) { /* and whatever is missing */
        uint8_t *copy = malloc(cut + 1);

        memcpy(copy, data, cut);
        CHECK_EQ(hr_snapshot_read_memory(copy, cut, "s", 1, &visit, &facts), -EBADMSG);
        free(copy);
    }
    free(data);
    ledger_remove(&l);
}

/* In the table of sums each market has a place of its own: it is the one that is named. */
TEST(ledger, a_flipped_bit_in_a_markets_sum_names_that_market)
{
    struct ledger l = ledger_make(1u << 20);
    struct hr_snapshot_facts facts;
    char path[256];
    uint8_t *data;
    size_t size;

    path_of(&l, "snapshot", SECOND_SNAPSHOT, path);
    CHECK_EQ(hr_file_load(path, 1 << 24, &data, &size), 0);
    for (uint32_t market = 0; market < MARKETS; market++) {
        struct damage damage = {0};
        struct hr_snapshot_visit visit = {.damaged = keep_damage, .context = &damage};
        size_t at = sizeof(struct hr_snapshot_head) + sizeof(struct hr_chunk_head) + 8 * market;

        data[at + 5] ^= 16;
        CHECK_EQ(hr_snapshot_read_memory(data, size, "s", 1, &visit, &facts), -EBADMSG);
        CHECK_EQ(damage.markets, 1);
        CHECK_EQ(damage.first, market);
        data[at + 5] ^= 16;
    }
    free(data);
    ledger_remove(&l);
}

TEST(ledger, a_driver_s_books_are_not_forked)
{
    struct eut_engine engine = eut_oracle;

    CHECK(hr_snapshot_forks(&engine));
    engine.name = "device:host";
    CHECK(hr_snapshot_forks(&engine));
    engine.name = "device:opencl";
    CHECK(!hr_snapshot_forks(&engine));
}

/* A full disk, an unknown folder, a killed child: no file, no snapshot, one error. */
TEST(ledger, a_snapshot_that_fails_leaves_nothing)
{
    struct hr_flow_params flow;
    struct eut_stream stream;
    struct hr_event_digests digests;
    struct hr_snapshotting taking;
    struct hr_snapshot_facts facts;
    struct hr_snapshot_params params = {"/nowhere/at/all", 1, 1};
    struct hr_snapshot_source source;
    char folder[] = "/tmp/headroom-ledger.XXXXXX", half[128];
    FILE *file;

    flow_of(&flow);
    CHECK_EQ(eut_stream_open(&stream, engine_named("reference"), &flow), 0);
    CHECK_EQ(hr_event_digests_new(&digests, MARKETS), 0);
    source = (struct hr_snapshot_source){
        stream.engine, stream.self, hr_flow_limits(&flow, HR_FLOW_BATCH), &digests, 0, 0};
    CHECK_EQ(hr_snapshot_write(&source, &params, &facts), -ENOENT);
    CHECK_EQ(hr_snapshot_begin(&taking, &source, &params), 0);
    CHECK_EQ(hr_snapshot_end(&taking, true, &facts), -ENOENT);
    CHECK(strstr(hr_error(), "/nowhere/at/all") != NULL);
    CHECK_EQ(hr_snapshot_end(&taking, true, &facts), -EINVAL);
    hr_snapshot_abandon(&taking);
    /* What a killed child was making goes with it. */
    CHECK(mkdtemp(folder) != NULL);
    params.folder = folder;
    snprintf(half, sizeof(half), "%s/" HR_SNAPSHOT_NAME HR_LEDGER_MAKING, folder, UINT64_C(0));
    file = fopen(half, "w");
    CHECK(file != NULL && fclose(file) == 0);
    CHECK_EQ(hr_snapshot_begin(&taking, &source, &params), 0);
    hr_snapshot_abandon(&taking);
    CHECK(access(half, F_OK) != 0);
    snprintf(half, sizeof(half), "rm -rf %s", folder);
    CHECK_EQ(system(half), 0);
    hr_event_digests_free(&digests);
    eut_stream_close(&stream);
}

/* A child that holds the folder until its pipe's other end is closed; *let_go is that end. */
static pid_t another_writer(const char *folder, int *let_go)
{
    int told[2], wait_for[2];
    char c = 0;
    pid_t child;

    CHECK_EQ(pipe(told), 0);
    CHECK_EQ(pipe(wait_for), 0);
    child = fork();
    if (child == 0) {
        int held = hr_ledger_hold(folder);

        close(wait_for[1]);
        c = held >= 0;
        (void)!write(told[1], &c, 1);
        (void)!read(wait_for[0], &c, 1);
        _exit(0); /* without letting it go */
    }
    CHECK(child > 0);
    CHECK_EQ(read(told[0], &c, 1), 1);
    CHECK_EQ(c, 1);
    close(told[0]);
    close(told[1]);
    close(wait_for[0]);
    *let_go = wait_for[1];
    return child;
}

TEST(ledger, a_folder_has_one_writer_until_that_one_is_dead)
{
    char folder[] = "/tmp/headroom-ledger.XXXXXX", path[128], named[64];
    int let_go, held;
    pid_t child;

    CHECK(mkdtemp(folder) != NULL);
    CHECK_EQ(hr_ledger_holder(folder), 0);
    child = another_writer(folder, &let_go);
    CHECK_EQ(hr_ledger_hold(folder), -EBUSY);
    snprintf(named, sizeof(named), "is being written by process %ld: ", (long)child);
    CHECK(strstr(hr_error(), named) != NULL);
    CHECK_EQ(hr_ledger_holder(folder), (long)child);
    kill(child, SIGKILL);
    CHECK_EQ(waitpid(child, NULL, 0), child);
    close(let_go);
    CHECK_EQ(hr_ledger_holder(folder), 0);
    held = hr_ledger_hold(folder);
    CHECK(held >= 0);
    hr_ledger_release(held);
    child = another_writer(folder, &let_go); /* and what was let go is anybody's */
    close(let_go);
    CHECK_EQ(waitpid(child, NULL, 0), child);
    snprintf(path, sizeof(path), "%s/" HR_LEDGER_WRITER, folder);
    CHECK_EQ(unlink(path), 0);
    CHECK_EQ(rmdir(folder), 0);
    CHECK_EQ(hr_ledger_hold(folder), -ENOENT);
}
