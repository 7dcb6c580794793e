/*
 * journal.c - is every request on the disk before its answer counts?
 *
 * Two buffers: one gathers records while the other one is under way (journal_io.h). A file that has
 * reached its size is followed by the next one, between two groups. It cannot see a disk that
 * acknowledges what it has not kept.
 */
#include "harness/ledger/journal.h"

#include "harness/clock.h"
#include "harness/error.h"
#include "harness/ledger/crc32c.h"
#include "harness/ledger/journal_io.h"
#include "harness/ledger/ledger_files.h"
#include "harness/platform/platform.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RECORD_BYTES(count) \
    (sizeof(struct hr_journal_record) + (size_t)(count) * sizeof(struct eut_request))
#define GROUP_BYTES_MIN 4096u
#define GROUP_BYTES_MAX (64u << 20)
#define SEGMENT_BYTES_MIN (64u << 10)
#define SEGMENT_BYTES_MAX (1u << 30)

const char *const hr_sync_names[3] = {"none", "batch", "group"};
const char *const hr_io_names[2] = {"pwrite", "uring"};

struct group {
    uint8_t *bytes;
    size_t used;
    uint64_t first, last; /* sequence numbers in it */
    uint32_t before;      /* the journal's history in front of it */
    uint64_t since_ns;    /* its first record */
};

struct hr_journal {
    struct hr_journal_params params;
    char *folder, path[HR_LEDGER_PATH_MAX];
    const struct hr_group_io_ops *io;
    void *io_self;
    int fd;
    size_t room; /* of a buffer */
    struct group groups[2];
    int gathering; /* which of them; the other one may be under way */
    bool under_way;
    uint64_t offset; /* of the file, behind everything that was handed over */
    uint64_t good;   /* and behind everything that is acknowledged */
    uint64_t synced; /* up to which byte of it all was synced */
    uint64_t appended, acknowledged;
    uint32_t history; /* of all that was appended */
    struct hr_journal_counts counts;
    int failed; /* -errno of the first failure; why says it */
    char why[HR_ERROR_MAX];
};

static int parse(const char *name, const char *const *names, int count, const char *what)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(name, names[i]) == 0) {
            return i;
        }
    }
    return hr_fail(EINVAL, "no %s '%s': there are %s, %s%s%s", what, name, names[0], names[1],
                   count > 2 ? ", " : "", count > 2 ? names[2] : "");
}

int hr_sync_parse(const char *name, enum hr_sync *sync)
{
    int i = parse(name, hr_sync_names, 3, "policy of syncing");

    *sync = i < 0 ? HR_SYNC_GROUP : (enum hr_sync)i;
    return i < 0 ? i : 0;
}

int hr_io_parse(const char *name, enum hr_journal_io *io)
{
    int i = parse(name, hr_io_names, 2, "way to write");

    *io = i < 0 ? HR_IO_PWRITE : (enum hr_journal_io)i;
    return i < 0 ? i : 0;
}

int hr_journal_io_available(enum hr_journal_io io)
{
    void *self;
    int rc = io == HR_IO_URING ? hr_group_io_uring.open(&self) : 0;

    if (rc == 0 && io == HR_IO_URING) {
        hr_group_io_uring.close(self);
    }
    return rc;
}

/* ---- failures ------------------------------------------------------------------------ */

/* The first one is kept: what comes after it is its consequence. */
static int fail(struct hr_journal *j, int err, const char *what)
{
    if (j->failed == 0) {
        j->failed = -err;
        snprintf(j->why, sizeof(j->why),
                 "the journal cannot be %s: %.512s: %s; requests up to %" PRIu64
                 " are acknowledged, later ones are not",
                 what, j->path, strerror(err), j->acknowledged);
        if (j->fd >= 0) { /* what is half there would only look torn */
            (void)!ftruncate(j->fd, (off_t)j->good);
        }
    }
    return hr_fail(-j->failed, "%s", j->why);
}

static int told(const struct hr_journal *j)
{
    return j->failed ? hr_fail(-j->failed, "%s", j->why) : 0;
}

/* ---- files --------------------------------------------------------------------------- */

static void put_mark(void *at, uint32_t magic, uint64_t next)
{
    struct hr_journal_record mark = {.magic = magic, .sequence = next, .group = next};

    mark.crc = hr_crc32c(0, &mark, offsetof(struct hr_journal_record, crc));
    memcpy(at, &mark, sizeof(mark));
}

/* A file with its head, under its name when it is whole. Its descriptor, or -errno. */
static int make_file(struct hr_journal *j, const char *path, uint64_t first, uint32_t history)
{
    struct hr_journal_head head = {.magic = HR_JOURNAL_MAGIC, .first = first, .history = history};
    bool sync = j->params.sync != HR_SYNC_NONE;
    char beside[HR_LEDGER_PATH_MAX + 16];
    int fd, rc;

    snprintf(beside, sizeof(beside), "%s" HR_LEDGER_MAKING, path);
    fd = open(beside, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) {
        return -errno;
    }
    head.limits = j->params.limits;
    head.crc = hr_crc32c(0, &head, offsetof(struct hr_journal_head, crc));
    rc = hr_file_put(fd, &head, sizeof(head), 0);
    rc = rc || !sync ? rc : hr_file_sync(fd);
    if (rc == 0 && rename(beside, path)) {
        rc = -errno;
    }
    rc = rc || !sync ? rc : hr_folder_sync(j->folder);
    if (rc) {
        close(fd);
        unlink(beside);
        return rc;
    }
    j->counts.syncs += sync ? 2 : 0;
    return fd;
}

/* Ends the present file with a mark. */
static int end_file(struct hr_journal *j, uint32_t magic)
{
    uint8_t mark[sizeof(struct hr_journal_record)];
    int rc;

    put_mark(mark, magic, j->acknowledged + 1);
    rc = hr_file_put(j->fd, mark, sizeof(mark), j->offset);
    if (rc == 0 && j->params.sync != HR_SYNC_NONE) {
        j->counts.syncs++;
        rc = hr_file_sync(j->fd);
    }
    j->counts.bytes += sizeof(mark);
    close(j->fd);
    j->fd = -1;
    return rc;
}

/* The next file is there, whole, before the one before it is sealed. Nothing is under way. */
static int next_file(struct hr_journal *j, uint64_t first, uint32_t history)
{
    char path[HR_LEDGER_PATH_MAX];
    int fd, rc;

    if (snprintf(path, sizeof(path), "%s/" HR_JOURNAL_NAME, j->folder, first) >=
        (int)sizeof(path)) {
        return fail(j, ENAMETOOLONG, "written");
    }
    fd = make_file(j, path, first, history);
    if (fd < 0) {
        return fail(j, -fd, "followed by its next file");
    }
    rc = j->fd < 0 ? 0 : end_file(j, HR_RECORD_SEAL);
    if (rc) {
        close(fd);
        return fail(j, -rc, "sealed");
    }
    snprintf(j->path, sizeof(j->path), "%s", path);
    j->fd = fd;
    j->offset = j->good = sizeof(struct hr_journal_head);
    j->synced = j->params.sync == HR_SYNC_NONE ? 0 : j->offset;
    j->counts.bytes += sizeof(struct hr_journal_head);
    j->counts.files++;
    return 0;
}

/* What is torn goes, so that nobody finds it in the middle later. */
static int cut(const char *folder, const struct hr_journal_end *end)
{
    char path[HR_LEDGER_PATH_MAX];
    int fd, rc = 0;

    snprintf(path, sizeof(path), "%s/%s", folder, end->file);
    if (end->offset == 0) { /* not even its head was whole */
        return unlink(path) ? hr_fail(errno, "%s: %s", path, strerror(errno))
                            : hr_folder_sync(folder);
    }
    fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) {
        return hr_fail(errno, "%s: %s", path, strerror(errno));
    }
    if (ftruncate(fd, (off_t)end->offset)) {
        rc = -errno;
    }
    rc = rc ? rc : hr_file_sync(fd);
    close(fd);
    return rc ? hr_fail(-rc, "%s: its torn end cannot be cut off: %s", path, strerror(-rc)) : 0;
}

/* ---- groups -------------------------------------------------------------------------- */

/* 1 if nothing is under way any more, 0 if it still is. */
static int end_group(struct hr_journal *j, bool wait)
{
    struct group *g = &j->groups[!j->gathering];
    int rc = j->under_way ? j->io->finish(j->io_self, wait) : 1;

    if (rc <= 0) {
        if (rc < 0) {
            j->under_way = false;
            return fail(j, -rc, "written");
        }
        return 0;
    }
    if (j->under_way) {
        j->under_way = false;
        j->acknowledged = g->last;
        j->good = j->offset;
        if (j->params.sync != HR_SYNC_NONE) {
            j->synced = j->offset;
        }
        g->used = 0;
        if (j->params.acknowledged) {
            j->params.acknowledged(j->params.context, j);
        }
    }
    return 1;
}

/* Hands over what has been gathered; waits for the group before it. */
static int begin_group(struct hr_journal *j)
{
    struct group *g = &j->groups[j->gathering];
    int rc = end_group(j, true);

    if (rc < 0 || g->used == 0) {
        return rc < 0 ? rc : 0;
    }
    if (j->offset + g->used > j->params.segment_bytes &&
        j->offset > sizeof(struct hr_journal_head)) {
        rc = next_file(j, g->first, g->before);
        if (rc < 0) {
            return rc;
        }
    }
    j->io->start(j->io_self, &(struct hr_group_write){.fd = j->fd,
                                                      .data = g->bytes,
                                                      .bytes = g->used,
                                                      .offset = j->offset,
                                                      .sync = j->params.sync != HR_SYNC_NONE});
    j->under_way = true;
    j->offset += g->used;
    j->gathering = !j->gathering;
    j->counts.groups++;
    j->counts.syncs += j->params.sync != HR_SYNC_NONE;
    j->counts.bytes += g->used;
    return 0;
}

static void gather(struct hr_journal *j, const struct eut_request *requests, uint32_t count)
{
    struct group *g = &j->groups[j->gathering];
    struct hr_journal_record record = {
        .magic = HR_RECORD_BATCH, .count = count, .sequence = j->appended + 1};
    uint8_t *at = g->bytes + g->used;

    if (g->used == 0) {
        g->first = record.sequence;
        g->before = j->history;
        g->since_ns = j->params.sync == HR_SYNC_BATCH ? 0 : hr_clock_ns();
    }
    record.group = g->first;
    record.payload_crc = hr_crc32c(0, requests, (size_t)count * sizeof(*requests));
    record.crc = hr_crc32c(0, &record, offsetof(struct hr_journal_record, crc));
    memcpy(at, &record, sizeof(record));
    memcpy(at + sizeof(record), requests, (size_t)count * sizeof(*requests));
    g->used += RECORD_BYTES(count);
    j->appended += count;
    j->history = hr_crc32c(j->history, requests, (size_t)count * sizeof(*requests));
    g->last = j->appended;
}

int hr_journal_poll(struct hr_journal *j)
{
    const struct group *g = &j->groups[j->gathering];
    int rc = told(j);

    if (rc || (rc = end_group(j, false)) <= 0) {
        return rc;
    }
    if (g->used &&
        (g->used >= j->params.group_bytes || hr_clock_ns() - g->since_ns >= j->params.group_ns)) {
        return begin_group(j);
    }
    return 0;
}

int hr_journal_append(struct hr_journal *j, const struct eut_request *requests, uint32_t count,
                      uint64_t *last)
{
    int rc = told(j);

    while (rc == 0 && count) {
        uint32_t n = count < HR_JOURNAL_RECORD_MAX ? count : HR_JOURNAL_RECORD_MAX;

        if (j->groups[j->gathering].used + RECORD_BYTES(n) > j->room) {
            rc = begin_group(j);
        }
        if (rc == 0) {
            gather(j, requests, n);
            requests += n;
            count -= n;
        }
    }
    if (last) {
        *last = j->appended;
    }
    return rc ? rc : j->params.sync == HR_SYNC_BATCH ? hr_journal_commit(j) : hr_journal_poll(j);
}

int hr_journal_commit(struct hr_journal *j)
{
    int rc = told(j);

    rc = rc ? rc : begin_group(j);
    rc = rc ? rc : end_group(j, true);
    return rc < 0 ? rc : 0;
}

/* ---- begin and end ------------------------------------------------------------------- */

static int check(const struct hr_journal_params *p)
{
    if (p->group_bytes < GROUP_BYTES_MIN || p->group_bytes > GROUP_BYTES_MAX) {
        return hr_fail(EINVAL, "a journal's group of %" PRIu64 " bytes: it takes %u to %u",
                       p->group_bytes, GROUP_BYTES_MIN, GROUP_BYTES_MAX);
    }
    if (p->segment_bytes < SEGMENT_BYTES_MIN || p->segment_bytes > SEGMENT_BYTES_MAX) {
        return hr_fail(EINVAL, "a journal's file of %" PRIu64 " bytes: it takes %u to %u",
                       p->segment_bytes, SEGMENT_BYTES_MIN, SEGMENT_BYTES_MAX);
    }
    return 0;
}

static int must_be_empty(const char *folder)
{
    uint64_t *numbers;
    int n = hr_ledger_list(folder, "journal", "log", &numbers);

    free(numbers);
    return n > 0 ? hr_fail(EEXIST, "%s holds a journal already: recover it, or take another folder",
                           folder)
                 : n;
}

static int open_files(struct hr_journal *j, const struct hr_journal_end *after)
{
    int rc = after ? (after->torn ? cut(j->folder, after) : 0) : must_be_empty(j->folder);

    hr_ledger_sweep(j->folder);
    /* A last file without requests has the name of the next one, which takes its place. */
    return rc ? rc : next_file(j, j->appended + 1, j->history);
}

int hr_journal_open(struct hr_journal **journal, const struct hr_journal_params *params,
                    const struct hr_journal_end *after)
{
    struct hr_journal *j = calloc(1, sizeof(*j));
    int rc = j ? check(params) : hr_fail(ENOMEM, "no memory for a journal");

    *journal = NULL;
    if (rc) {
        free(j);
        return rc;
    }
    j->params = *params;
    j->fd = -1;
    j->folder = strdup(params->folder);
    j->room = params->group_bytes + 2 * RECORD_BYTES(HR_JOURNAL_RECORD_MAX);
    j->groups[0].bytes = malloc(j->room);
    j->groups[1].bytes = malloc(j->room);
    j->appended = j->acknowledged = after ? after->last : 0;
    j->history = after ? after->history : 0;
    j->io = params->io == HR_IO_URING       ? &hr_group_io_uring
            : params->sync == HR_SYNC_GROUP ? &hr_group_io_thread
                                            : &hr_group_io_inline;
    if (!j->folder || !j->groups[0].bytes || !j->groups[1].bytes) {
        rc = hr_fail(ENOMEM, "no memory for a journal's buffers");
    }
    rc = rc ? rc : j->io->open(&j->io_self);
    rc = rc ? rc : open_files(j, after);
    if (rc) {
        hr_journal_drop(j);
        return rc;
    }
    *journal = j;
    return 0;
}

void hr_journal_drop(struct hr_journal *j)
{
    if (!j) {
        return;
    }
    if (j->under_way) {
        (void)j->io->finish(j->io_self, true);
    }
    j->io->close(j->io_self);
    if (j->fd >= 0) {
        close(j->fd);
    }
    free(j->groups[0].bytes);
    free(j->groups[1].bytes);
    free(j->folder);
    free(j);
}

int hr_journal_close(struct hr_journal *j)
{
    int rc = j ? hr_journal_commit(j) : 0;

    if (j && rc == 0) {
        rc = end_file(j, HR_RECORD_CLOSE);
        rc = rc ? fail(j, -rc, "closed") : 0;
    }
    hr_journal_drop(j);
    return rc;
}

uint64_t hr_journal_acknowledged(const struct hr_journal *j)
{
    return j->acknowledged;
}

uint64_t hr_journal_appended(const struct hr_journal *j)
{
    return j->appended;
}

uint32_t hr_journal_history(const struct hr_journal *j)
{
    return j->history;
}

struct hr_journal_counts hr_journal_counts(const struct hr_journal *j)
{
    return j->counts;
}

const char *hr_journal_file(const struct hr_journal *j, uint64_t *synced_bytes)
{
    *synced_bytes = j->synced;
    return j->path;
}
