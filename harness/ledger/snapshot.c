/*
 * snapshot.c - how is every market's state brought to the disk while matching goes on?
 *
 * A child of fork() walks the markets in order; threads hash and compress chunks of them, and the
 * file is written in order. It cannot see what an engine keeps outside this process, as on a
 * device: such an engine's snapshot is taken without a child.
 */
#include "harness/ledger/snapshot.h"

#include "harness/clock.h"
#include "harness/error.h"
#include "harness/ledger/conveyor.h"
#include "harness/ledger/crc32c.h"
#include "harness/ledger/ledger_files.h"
#include "harness/ledger/snapshot_format.h"
#include "harness/platform/platform.h"
#include "harness/progress.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zstd.h>

/* A chunk on its way. */
struct chunk {
    uint32_t first, markets;
    uint8_t *raw;
    size_t raw_bytes, raw_room;
    uint8_t *file; /* its head, table and frame as they lie in the file */
    size_t file_bytes, file_room;
    struct hr_chunk_entry table[HR_CHUNK_MARKETS_MAX];
    ZSTD_CCtx *zstd;
};

struct taking {
    const struct hr_snapshot_source *source;
    int level;
    int fd; /* -1: only the root is wanted */
    const char *path;
    uint32_t market; /* the next one */
    struct hr_market_state state;
    struct hr_state_tree *tree;
    struct hr_snapshot_facts facts;
};

static uint64_t aligned(uint64_t bytes)
{
    return (bytes + HR_SNAPSHOT_ALIGN - 1) / HR_SNAPSHOT_ALIGN * HR_SNAPSHOT_ALIGN;
}

static int room_for(uint8_t **bytes, size_t *room, size_t wanted)
{
    uint8_t *more;

    if (wanted <= *room) {
        return 0;
    }
    wanted += wanted / 2;
    more = realloc(*bytes, wanted);
    if (!more) {
        return hr_fail(ENOMEM, "no memory for a chunk of %zu bytes", wanted);
    }
    *bytes = more;
    *room = wanted;
    return 0;
}

/* ---- a chunk's way ------------------------------------------------------------------- */

static int fill(void *context, void *slot)
{
    struct taking *t = context;
    const struct hr_snapshot_source *s = t->source;
    struct chunk *c = slot;

    if (hr_stop_signal()) {
        return hr_fail(EINTR, "stopped by a signal at market %u of a snapshot", t->market);
    }
    c->first = t->market;
    c->markets = 0;
    c->raw_bytes = 0;
    while (t->market < s->limits.markets && c->markets < HR_CHUNK_MARKETS_MAX &&
           c->raw_bytes < HR_CHUNK_BYTES) {
        int rc = hr_market_state_read(&t->state, s->engine, s->self, t->market,
                                      s->digests->at[t->market]);

        rc = rc ? hr_context(rc, "market %u cannot be walked", t->market)
                : room_for(&c->raw, &c->raw_room, c->raw_bytes + t->state.size);
        if (rc) {
            return rc < 0 ? rc : -EIO;
        }
        memcpy(c->raw + c->raw_bytes, t->state.bytes, t->state.size);
        c->raw_bytes += t->state.size;
        c->table[c->markets++].bytes = (uint32_t)t->state.size;
        t->market++;
    }
    return c->markets > 0;
}

static int pack(struct chunk *c, int level)
{
    size_t table = c->markets * sizeof(c->table[0]), bound = ZSTD_compressBound(c->raw_bytes);
    size_t at = sizeof(struct hr_chunk_head) + table, packed;
    struct hr_chunk_head head = {.magic = HR_CHUNK_MAGIC,
                                 .first = c->first,
                                 .markets = c->markets,
                                 .table_crc = hr_crc32c(0, c->table, table),
                                 .raw_bytes = c->raw_bytes};
    int rc = room_for(&c->file, &c->file_room, aligned(at + bound));

    if (rc == 0 && !c->zstd && !(c->zstd = ZSTD_createCCtx())) {
        rc = hr_fail(ENOMEM, "no memory to compress");
    }
    if (rc) {
        return rc;
    }
    packed = ZSTD_compressCCtx(c->zstd, c->file + at, bound, c->raw, c->raw_bytes, level);
    if (ZSTD_isError(packed)) {
        return hr_fail(EIO, "markets %u …: zstd: %s", c->first, ZSTD_getErrorName(packed));
    }
    c->file_bytes = aligned(at + packed);
    memset(c->file + at + packed, 0, c->file_bytes - at - packed);
    head.packed_bytes = packed;
    head.packed_crc = hr_crc32c(0, c->file + at, c->file_bytes - at);
    head.crc = hr_crc32c(0, &head, offsetof(struct hr_chunk_head, crc));
    memcpy(c->file, &head, sizeof(head));
    memcpy(c->file + sizeof(head), c->table, table);
    return 0;
}

static int hash_and_pack(void *context, void *slot)
{
    struct taking *t = context;
    struct chunk *c = slot;
    const uint8_t *at = c->raw;

    for (uint32_t i = 0; i < c->markets; i++) {
        uint8_t leaf[HR_HASH_BYTES];

        hr_market_leaf(at, c->table[i].bytes, leaf);
        hr_state_tree_put(t->tree, c->first + i, leaf);
        c->table[i].crc = hr_crc32c(0, at, c->table[i].bytes);
        at += c->table[i].bytes;
    }
    return t->fd < 0 ? 0 : pack(c, t->level);
}

static int put(struct taking *t, const void *data, size_t bytes)
{
    int rc = hr_file_put(t->fd, data, bytes, t->facts.file_bytes);

    t->facts.file_bytes += bytes;
    return rc ? hr_fail(-rc, "%s cannot be written: %s", t->path, strerror(-rc)) : 0;
}

static int drain(void *context, void *slot)
{
    struct taking *t = context;
    const struct chunk *c = slot;

    t->facts.chunks++;
    t->facts.raw_bytes += c->raw_bytes;
    t->facts.resting += (c->raw_bytes - (size_t)c->markets * HR_MARKET_STATE_HEAD_BYTES) /
                        HR_MARKET_STATE_ORDER_BYTES;
    return t->fd < 0 ? 0 : put(t, c->file, c->file_bytes);
}

/* ---- the whole ----------------------------------------------------------------------- */

static int all_chunks(struct taking *t, int threads)
{
    int count = threads > 1 ? 2 * threads : 1, rc;
    struct chunk *chunks = calloc((size_t)count, sizeof(*chunks));

    if (!chunks) {
        return hr_fail(ENOMEM, "no memory for a snapshot's chunks");
    }
    rc = hr_state_tree_new(&t->tree, t->source->limits.markets);
    rc = rc ? rc
            : hr_conveyor_run(&(struct hr_conveyor){.threads = threads,
                                                    .slots = chunks,
                                                    .slot_bytes = sizeof(*chunks),
                                                    .count = count,
                                                    .context = t,
                                                    .fill = fill,
                                                    .work = hash_and_pack,
                                                    .drain = drain});
    if (rc == 0) {
        hr_state_tree_rebuild(t->tree, t->facts.root);
    }
    hr_state_tree_free(t->tree);
    hr_market_state_free(&t->state);
    for (int i = 0; i < count; i++) {
        free(chunks[i].raw);
        free(chunks[i].file);
        ZSTD_freeCCtx(chunks[i].zstd);
    }
    free(chunks);
    return rc;
}

int hr_state_root_of(const struct hr_snapshot_source *source, int threads,
                     uint8_t root[HR_HASH_BYTES])
{
    struct taking t = {.source = source, .fd = -1};
    int rc = all_chunks(&t, threads);

    memcpy(root, t.facts.root, HR_HASH_BYTES);
    return rc;
}

static int put_all(struct taking *t, int threads)
{
    struct hr_snapshot_head head = {.magic = HR_SNAPSHOT_MAGIC,
                                    .sequence = t->facts.sequence,
                                    .digest = t->facts.digest,
                                    .limits = t->facts.limits,
                                    .history = t->facts.history};
    struct hr_snapshot_foot foot = {.magic = HR_SNAPSHOT_END};
    int rc;

    head.crc = hr_crc32c(0, &head, offsetof(struct hr_snapshot_head, crc));
    rc = put(t, &head, sizeof(head));
    rc = rc ? rc : all_chunks(t, threads);
    foot.file_bytes = t->facts.file_bytes + sizeof(foot);
    foot.chunks = t->facts.chunks;
    foot.raw_bytes = t->facts.raw_bytes;
    foot.resting = t->facts.resting;
    memcpy(foot.root, t->facts.root, sizeof(foot.root));
    foot.crc = hr_crc32c(0, &foot, offsetof(struct hr_snapshot_foot, crc));
    rc = rc ? rc : put(t, &foot, sizeof(foot));
    if (rc == 0 && (rc = hr_file_sync(t->fd))) {
        rc = hr_fail(-rc, "%s cannot be synced: %s", t->path, strerror(-rc));
    }
    return rc;
}

int hr_snapshot_write(const struct hr_snapshot_source *source,
                      const struct hr_snapshot_params *params, struct hr_snapshot_facts *facts)
{
    char path[HR_LEDGER_PATH_MAX], beside[HR_LEDGER_PATH_MAX + 16];
    struct taking t = {.source = source, .level = params->level, .path = path};
    uint64_t start_ns = hr_clock_ns();
    int rc;

    snprintf(t.facts.file, sizeof(t.facts.file), HR_SNAPSHOT_NAME, source->sequence);
    if (snprintf(path, sizeof(path), "%s/%s", params->folder, t.facts.file) >= (int)sizeof(path)) {
        return hr_fail(ENAMETOOLONG, "%s: its name is too long", params->folder);
    }
    snprintf(beside, sizeof(beside), "%s" HR_LEDGER_MAKING, path);
    t.fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (t.fd < 0) {
        return hr_fail(errno, "%s: %s", beside, strerror(errno));
    }
    t.facts.sequence = source->sequence;
    t.facts.history = source->history;
    t.facts.limits = source->limits;
    t.facts.digest = hr_event_digests_total(source->digests);
    rc = put_all(&t, params->threads);
    close(t.fd);
    if (rc == 0 && rename(beside, path)) {
        rc = hr_fail(errno, "%s cannot be given its name: %s", beside, strerror(errno));
    }
    if (rc) {
        unlink(beside);
        return rc;
    }
    rc = hr_folder_sync(params->folder);
    t.facts.ns = hr_clock_ns() - start_ns;
    *facts = t.facts;
    return rc;
}

/* ---- in a child ---------------------------------------------------------------------- */

/* What the child says in the end. */
struct answer {
    int rc;
    struct hr_snapshot_facts facts;
    char why[HR_ERROR_MAX];
};

__attribute__((noreturn)) static void be_child(int to, const struct hr_snapshot_source *source,
                                               const struct hr_snapshot_params *params)
{
    struct answer answer = {0};

    (void)hr_thread_pin(-1); /* the parent keeps its processor */
    answer.rc = hr_snapshot_write(source, params, &answer.facts);
    snprintf(answer.why, sizeof(answer.why), "%s", hr_error());
    _exit(write(to, &answer, sizeof(answer)) == sizeof(answer) ? 0 : 1);
}

bool hr_snapshot_forks(const struct eut_engine *engine)
{
    return strncmp(engine->name, "device:", 7) != 0 || strcmp(engine->name, "device:host") == 0;
}

static int take_here(struct hr_snapshotting *s, const struct hr_snapshot_source *source,
                     const struct hr_snapshot_params *params)
{
    uint64_t start_ns = hr_clock_ns();
    int rc = hr_snapshot_write(source, params, &s->facts);

    s->fork_ns = hr_clock_ns() - start_ns;
    s->here = rc == 0;
    return rc;
}

int hr_snapshot_begin(struct hr_snapshotting *s, const struct hr_snapshot_source *source,
                      const struct hr_snapshot_params *params)
{
    uint64_t start_ns;
    int ends[2];

    *s = (struct hr_snapshotting){.pipe = -1};
    if (!hr_snapshot_forks(source->engine)) {
        return take_here(s, source, params);
    }
    if (pipe(ends)) {
        return hr_fail(errno, "no pipe to a snapshot's process: %s", strerror(errno));
    }
    start_ns = hr_clock_ns();
    s->child = fork();
    if (s->child == 0) {
        close(ends[0]);
        be_child(ends[1], source, params);
    }
    s->fork_ns = hr_clock_ns() - start_ns;
    close(ends[1]);
    if (s->child < 0) {
        s->child = 0;
        close(ends[0]);
        return hr_fail(errno, "no process for a snapshot: %s", strerror(errno));
    }
    s->pipe = ends[0];
    snprintf(s->making, sizeof(s->making), "%s/" HR_SNAPSHOT_NAME HR_LEDGER_MAKING, params->folder,
             source->sequence);
    (void)fcntl(s->pipe, F_SETFL, O_NONBLOCK);
    return 0;
}

static void bury(struct hr_snapshotting *s)
{
    while (waitpid(s->child, NULL, 0) < 0 && errno == EINTR) {
    }
    close(s->pipe);
    s->child = 0;
}

int hr_snapshot_end(struct hr_snapshotting *s, bool wait, struct hr_snapshot_facts *facts)
{
    struct answer answer;
    ssize_t n;

    if (s->here) {
        s->here = false;
        *facts = s->facts;
        return 1;
    }
    if (s->child == 0) {
        return hr_fail(EINVAL, "no snapshot is being taken");
    }
    if (wait) {
        (void)fcntl(s->pipe, F_SETFL, 0);
    }
    /* Less than a pipe takes at once: all of it comes, or nothing. */
    while ((n = read(s->pipe, &answer, sizeof(answer))) < 0 && errno == EINTR) {
    }
    if (n < 0 && errno == EAGAIN) {
        return 0;
    }
    bury(s);
    if (n != sizeof(answer)) {
        (void)!unlink(s->making);
        return hr_fail(EIO, "the process that took a snapshot died");
    }
    if (answer.rc) {
        return hr_fail(-answer.rc, "%s", answer.why);
    }
    *facts = answer.facts;
    return 1;
}

void hr_snapshot_abandon(struct hr_snapshotting *s)
{
    if (s->child) {
        kill(s->child, SIGKILL);
        bury(s);
        (void)!unlink(s->making);
    }
}
