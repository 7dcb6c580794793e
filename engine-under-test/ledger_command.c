/*
 * ledger_command.c - `headroom snapshot` and `headroom recover`: makes a ledger folder from a flow,
 * and an engine's books from a ledger folder.
 *
 * The flow is made while it is used, as for `headroom soak`; every batch is in the journal before
 * the next one is made. What is acknowledged is told at the end; what the generator costs is in the
 * rates, which the suite `durability` measures without it.
 */
#include "engine-under-test/ledger_command.h"

#include "engine-under-test/engine_stream.h"
#include "harness/clock.h"
#include "harness/error.h"
#include "harness/ledger/journal.h"
#include "harness/ledger/ledger_files.h"
#include "harness/measure.h"
#include "harness/platform/platform.h"
#include "harness/progress.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define GROUP_BYTES (1u << 20)
#define SEGMENT_BYTES (64u << 20)

/* ---- what the commands share --------------------------------------------------------- */

void eut_hex_put(const uint8_t *bytes, size_t count, char *hex)
{
    for (size_t i = 0; i < count; i++) {
        snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
    }
    hex[2 * count] = 0;
}

static int digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

int eut_hex_get(const char *hex, uint8_t *bytes, size_t count)
{
    if (strlen(hex) != 2 * count) {
        return -EINVAL;
    }
    for (size_t i = 0; i < count; i++) {
        int high = digit(hex[2 * i]), low = digit(hex[2 * i + 1]);

        if (high < 0 || low < 0) {
            return -EINVAL;
        }
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return 0;
}

int eut_threads_of_args(const struct hr_args *args, int *threads)
{
    uint64_t wanted = hr_arg_count(args, "threads");
    int cpus[64];

    if (wanted > 64) {
        return hr_fail(EINVAL, "--threads %" PRIu64 ": at most 64", wanted);
    }
    *threads = wanted ? (int)wanted : hr_cpus_allowed(cpus, 64);
    *threads = *threads < 1 ? 1 : *threads;
    return 0;
}

int eut_ledger_of_args(const struct hr_args *args, const char **folder)
{
    const char *const *operands;
    struct stat st;
    long writer;

    hr_arg_operands(args, &operands);
    *folder = operands[0];
    if (stat(*folder, &st)) {
        return hr_fail(errno, "%s: %s: `headroom snapshot %s` makes one", *folder, strerror(errno),
                       *folder);
    }
    if (!S_ISDIR(st.st_mode)) {
        return hr_fail(ENOTDIR, "%s is no folder", *folder);
    }
    writer = hr_ledger_holder(*folder);
    if (writer) { /* on stderr: a proof goes to stdout */
        fprintf(stderr,
                "%s is being written by process %ld: what is told of it is told of this moment\n",
                *folder, writer);
    }
    return 0;
}

void eut_say(const char *what, const char *format, ...)
{
    va_list args;

    printf("%-10s ", what);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
    fflush(stdout);
}

void eut_say_note(void *context, const char *line)
{
    (void)context;
    eut_say("note", "%s", line);
}

static void say_root(uint64_t digest, const uint8_t root[HR_HASH_BYTES])
{
    char hex[EUT_HEX_ROOM];

    eut_hex_put(root, HR_HASH_BYTES, hex);
    eut_say("digest", "%016" PRIx64, digest);
    eut_say("root", "%s", hex);
}

static void say_snapshot(const struct hr_snapshot_facts *f, uint64_t fork_ns)
{
    char forked[64] = "";

    if (fork_ns) {
        snprintf(forked, sizeof(forked), ", matching stood still for %.1f ms",
                 (double)fork_ns / 1e6);
    }
    eut_say("snapshot",
            "%s: %u markets, %" PRIu64 " resting, %.1f MiB of %.1f MiB of states, %.2f s%s",
            f->file, f->limits.markets, f->resting, (double)f->file_bytes / 1048576.0,
            (double)f->raw_bytes / 1048576.0, (double)f->ns / 1e9, forked);
}

/* ---- snapshot: of a new ledger ------------------------------------------------------- */

static const struct hr_option snapshot_options[] = {
    EUT_LEDGER_ENGINE,
    {"requests", 0, HR_OPT_COUNT, "N", "1M",
     "of a new ledger: requests behind those that build the books"},
    {"every", 0, HR_OPT_COUNT, "N", "0",
     "of a new ledger: also a snapshot every N of them; 0: at the end only"},
    EUT_FLOW_OPTIONS,
    {"sync", 0, HR_OPT_TEXT, "POLICY", "group",
     "none, batch (each one synced) or group (while one is synced the next gathers)"},
    {"io", 0, HR_OPT_TEXT, "WAY", "pwrite", "how the journal is written: pwrite or uring (Linux)"},
    EUT_LEDGER_THREADS,
    {"level", 0, HR_OPT_COUNT, "N", "1", "of zstd: 1 fast to 19 small"},
    {.name = NULL},
};

struct making {
    const char *folder;
    struct hr_flow_params flow;
    struct eut_stream stream;
    struct hr_event_digests digests;
    struct hr_journal *journal;
    struct hr_snapshotting taking;
    struct hr_snapshot_params snapshot;
    uint64_t requests, every;
};

static void saw(void *context, const struct eut_request *batch, const struct eut_event *events,
                uint32_t count)
{
    struct making *m = context;

    hr_event_digests_add(&m->digests, batch, events, count);
}

static int end_snapshot(struct making *m, bool wait)
{
    struct hr_snapshot_facts facts;
    uint64_t fork_ns = m->taking.fork_ns;
    int rc = m->taking.child || m->taking.here ? hr_snapshot_end(&m->taking, wait, &facts) : 0;

    if (rc == 1) {
        say_snapshot(&facts, fork_ns);
    }
    return rc < 0 ? rc : 0;
}

static struct hr_snapshot_source source_of(const struct making *m)
{
    return (struct hr_snapshot_source){.engine = m->stream.engine,
                                       .self = m->stream.self,
                                       .limits = hr_flow_limits(&m->flow, HR_FLOW_BATCH),
                                       .digests = &m->digests,
                                       .sequence = m->stream.made,
                                       .history = hr_journal_history(m->journal)};
}

static int drive(struct making *m)
{
    uint64_t load = hr_flow_load(&m->flow), end = load + m->requests;
    uint64_t next = m->every ? load + m->every : UINT64_MAX;

    while (m->stream.made < end) {
        uint64_t stop = next < end ? next : end;
        int rc = eut_stream_next(&m->stream, stop - m->stream.made);

        rc = rc ? rc : hr_journal_append(m->journal, m->stream.batch, m->stream.length, NULL);
        rc = rc ? rc : end_snapshot(m, false);
        if (rc == 0 && m->stream.made == next && next < end) {
            struct hr_snapshot_source source = source_of(m);

            rc = end_snapshot(m, true); /* one at a time */
            rc = rc ? rc : hr_journal_commit(m->journal);
            rc = rc ? rc : hr_snapshot_begin(&m->taking, &source, &m->snapshot);
            next += m->every;
        }
        if (rc) {
            return rc;
        }
        if (hr_stop_signal()) {
            return hr_fail(EINTR, "stopped by a signal after %" PRIu64 " of %" PRIu64 " requests",
                           m->stream.made, end);
        }
    }
    return 0;
}

/* The last one: nothing goes on meanwhile, so no child is needed. */
static int conclude(struct making *m, uint64_t ns)
{
    struct hr_snapshot_source source = source_of(m);
    struct hr_journal_counts counts = hr_journal_counts(m->journal);
    struct hr_snapshot_facts facts;
    int rc = hr_journal_close(m->journal);

    m->journal = NULL;
    if (rc) {
        return rc;
    }
    eut_say("journal",
            "%" PRIu64 " requests, %.1f MiB in %" PRIu64 " file%s, %" PRIu64
            " syncs, %.1f s with the generator",
            m->stream.made, (double)counts.bytes / 1048576.0, counts.files,
            counts.files == 1 ? "" : "s", counts.syncs, (double)ns / 1e9);
    rc = end_snapshot(m, true);
    rc = rc ? rc : hr_snapshot_write(&source, &m->snapshot, &facts);
    if (rc == 0) {
        say_snapshot(&facts, 0);
        if (facts.digest != m->stream.engine->digest(m->stream.self)) {
            return hr_fail(
                EBADMSG, "engine %s says another digest than its events: `headroom conform -e %s`",
                m->stream.engine->name, m->stream.engine->name);
        }
        say_root(facts.digest, facts.root);
    }
    return rc;
}

static int make_ledger(struct making *m, const struct eut_engine *engine,
                       const struct hr_journal_params *params)
{
    struct hr_journal_params journal = *params;
    uint64_t start_ns = hr_clock_ns();
    int rc = eut_stream_open(&m->stream, engine, &m->flow);

    m->stream.saw = saw;
    m->stream.context = m;
    journal.limits = hr_flow_limits(&m->flow, HR_FLOW_BATCH);
    rc = rc ? rc : hr_event_digests_new(&m->digests, m->flow.markets);
    rc = rc ? rc : hr_journal_open(&m->journal, &journal, NULL);
    rc = rc ? rc : drive(m);
    rc = rc ? rc : conclude(m, hr_clock_ns() - start_ns);
    if (rc && m->journal) { /* what was appended is kept; the first message, too */
        char why[HR_ERROR_MAX];

        snprintf(why, sizeof(why), "%s", hr_error());
        (void)hr_journal_close(m->journal);
        (void)hr_fail(-rc, "%s", why);
    }
    hr_snapshot_abandon(&m->taking);
    hr_event_digests_free(&m->digests);
    eut_stream_close(&m->stream);
    return rc;
}

/* ---- snapshot: of a ledger that is there --------------------------------------------- */

static int snapshot_again(const struct making *m, const struct eut_engine *engine)
{
    struct hr_recovery r;
    struct hr_snapshot_source source;
    struct hr_snapshot_facts facts;
    int rc = hr_recover(&r, &(struct hr_recovery_params){.folder = m->folder,
                                                         .engine = engine,
                                                         .threads = m->snapshot.threads,
                                                         .snapshot_most = UINT64_MAX,
                                                         .note = eut_say_note});

    if (rc) {
        return rc;
    }
    if (r.lost[0]) {
        hr_recovery_free(&r);
        return hr_fail(EBADMSG, "%s is damaged, and no snapshot is made of it: lost are %s",
                       m->folder, r.lost);
    }
    source = hr_recovery_source(&r);
    rc = hr_snapshot_write(&source, &m->snapshot, &facts);
    if (rc == 0) {
        say_snapshot(&facts, 0);
        say_root(facts.digest, facts.root);
    }
    hr_recovery_free(&r);
    return rc;
}

/* Does the folder hold a ledger? It is made if it is not there, and ours to write from now on. */
static int look(const char *folder, bool *holds, int *held)
{
    uint64_t *journal = NULL, *snapshots = NULL;
    int n = hr_folder_make(folder), m;

    n = n < 0 ? n : (*held = hr_ledger_hold(folder));
    if (n < 0) {
        return n;
    }
    n = hr_ledger_list(folder, "journal", "log", &journal);
    m = n < 0 ? n : hr_ledger_list(folder, "snapshot", "hrs", &snapshots);
    free(journal);
    free(snapshots);
    *holds = n > 0 || m > 0;
    return n < 0 ? n : m < 0 ? m : 0;
}

static int refuse_flow(const struct hr_args *args, const char *folder)
{
    static const char *const of_new[] = {"requests", "every", "markets", "seed", "set", "preset"};

    for (size_t i = 0; i < sizeof(of_new) / sizeof(of_new[0]); i++) {
        if (hr_arg_given(args, of_new[i])) {
            return hr_fail(EINVAL,
                           "%s holds a ledger already, whose books are what they are: leave --%s "
                           "out for a snapshot of them, or name a new folder",
                           folder, of_new[i]);
        }
    }
    return 0;
}

static int settings(const struct hr_args *args, struct making *m, struct hr_journal_params *journal)
{
    const char *const *operands;
    uint64_t level = hr_arg_count(args, "level");
    int rc;

    hr_arg_operands(args, &operands);
    m->folder = m->snapshot.folder = journal->folder = operands[0];
    m->requests = hr_arg_count(args, "requests");
    m->every = hr_arg_count(args, "every");
    m->snapshot.level = (int)level;
    journal->group_bytes = GROUP_BYTES;
    journal->segment_bytes = SEGMENT_BYTES;
    if (level < 1 || level > 19) {
        return hr_fail(EINVAL, "--level %" PRIu64 ": 1 to 19", level);
    }
    rc = hr_sync_parse(hr_arg_text(args, "sync"), &journal->sync);
    rc = rc ? rc : hr_io_parse(hr_arg_text(args, "io"), &journal->io);
    rc = rc ? rc : eut_threads_of_args(args, &m->snapshot.threads);
    return rc ? rc : eut_flow_of_args(args, &m->flow);
}

static int open_matching(const struct hr_args *args, struct eut_handle *handle)
{
    int rc = eut_open(handle, hr_arg_text(args, "engine"));

    if (rc == 0 && (handle->engine->capabilities & EUT_CAP_RULER)) {
        eut_close(handle);
        return hr_fail(EINVAL,
                       "the null engine matches nothing, so it has no books: name an engine "
                       "that matches: -e reference");
    }
    if (rc == 0) {
        eut_watch(handle, hr_arg_text(args, "engine"));
    }
    return rc;
}

static int run_snapshot(const struct hr_args *args)
{
    struct hr_journal_params journal = {0};
    struct making m = {.requests = 0};
    struct eut_handle handle;
    bool holds = false;
    int rc = settings(args, &m, &journal), held = -1;

    rc = rc ? rc : open_matching(args, &handle);
    if (rc) {
        return hr_exit_of(rc);
    }
    hr_stop_install();
    hr_clock_init();
    rc = look(m.folder, &holds, &held);
    if (rc == 0 && holds) {
        rc = refuse_flow(args, m.folder);
        rc = rc ? rc : snapshot_again(&m, handle.engine);
    } else if (rc == 0) {
        char why[HR_WHY_MAX];

        if (hr_flow_subset(&m.flow, handle.engine->capabilities, why)) {
            fprintf(stderr, "engine %s cannot do everything: left out of the flow: %s\n",
                    handle.engine->name, why);
        }
        rc = make_ledger(&m, handle.engine, &journal);
    }
    hr_ledger_release(held);
    eut_close(&handle);
    return rc == -EINTR ? HR_EXIT_SIGNAL + hr_stop_signal() : hr_exit_of(rc);
}

const struct hr_command hr_command_snapshot = {
    .name = "snapshot",
    .operands = "FOLDER",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "a ledger folder: journal and snapshot of a flow, or one more snapshot",
    .details =
        "A new folder gets the journal of a flow, made while it is used, and snapshots of the "
        "books.\n"
        "Of a folder that holds a ledger the books are recovered, and a snapshot is made of them.\n"
        "\n"
        "  headroom snapshot ledger --markets 1M -S flow.levels=2 -S flow.orders_per_level=2\n"
        "  headroom snapshot ledger --requests 10M --every 1M --sync batch --io uring\n"
        "\n"
        "exit: 0 made, 2 not (a full disk is told with what was acknowledged, another writer with "
        "its process), 6 no such engine",
    .options = snapshot_options,
    .run = run_snapshot,
};

/* ---- recover ------------------------------------------------------------------------- */

static const struct hr_option recover_options[] = {
    EUT_LEDGER_ENGINE,
    {"at", 0, HR_OPT_COUNT, "N", "0", "stop behind request N; 0: at the last one"},
    {"journal-only", 0, HR_OPT_FLAG, NULL, NULL, "use no snapshot: replay from the first request"},
    EUT_LEDGER_THREADS,
    {.name = NULL},
};

static void say_recovery(const struct hr_recovery *r)
{
    if (r->snapshot) {
        eut_say("snapshot", "of request %" PRIu64 ": %" PRIu64 " resting orders, %.2f s",
                r->snapshot, r->restored, (double)r->snapshot_ns / 1e9);
    } else {
        eut_say("snapshot", "none");
    }
    eut_say("journal", "%" PRIu64 " requests behind it, %.2f s%s", r->replayed,
            (double)r->replay_ns / 1e9,
            r->has_journal && r->journal.closed ? ", closed as it should be" : "");
    if (r->has_journal && r->journal.torn) {
        eut_say("torn",
                "%s: %" PRIu64 " bytes behind byte %" PRIu64
                " are no whole record: they were being written, and were never acknowledged",
                r->journal.file, r->journal.torn_bytes, r->journal.offset);
    }
    eut_say("reached", "request %" PRIu64 ", %u markets", r->reached, r->limits.markets);
    say_root(r->digest, r->root);
    eut_say("lost", "%s", r->lost[0] ? r->lost : "nothing that was acknowledged");
}

static int run_recover(const struct hr_args *args)
{
    struct hr_recovery_params params = {.most = hr_arg_count(args, "at"),
                                        .snapshot_most =
                                            hr_arg_flag(args, "journal-only") ? 0 : UINT64_MAX,
                                        .note = eut_say_note};
    struct eut_handle handle;
    struct hr_recovery r;
    bool lost, short_of;
    int rc = eut_ledger_of_args(args, &params.folder);

    rc = rc ? rc : eut_threads_of_args(args, &params.threads);
    rc = rc ? rc : open_matching(args, &handle);
    if (rc) {
        return hr_exit_of(rc);
    }
    params.engine = handle.engine;
    hr_clock_init();
    rc = hr_recover(&r, &params);
    if (rc == 0) {
        say_recovery(&r);
        short_of = params.most && r.reached < params.most;
        lost = r.lost[0] != 0;
        if (short_of && !lost) {
            rc = hr_fail(EINVAL, "--at %" PRIu64 ": the journal ends at request %" PRIu64,
                         params.most, r.reached);
        }
        hr_recovery_free(&r);
        rc = rc ? rc : lost;
    }
    eut_close(&handle);
    return rc > 0 ? HR_EXIT_VERDICT : hr_exit_of(rc);
}

const struct hr_command hr_command_recover = {
    .name = "recover",
    .operands = "FOLDER",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "books from the newest good snapshot and the journal behind it",
    .details =
        "Nothing in the folder is changed. What is lost is told: by file, byte and request.\n"
        "A snapshot that is damaged, or of other requests than the journal's, is passed over.\n"
        "\n"
        "exit: 0 everything acknowledged was reached, 1 something is lost, 2 nothing can be "
        "recovered,\n"
        "6 no such engine",
    .options = recover_options,
    .run = run_recover,
};
