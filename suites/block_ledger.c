/*
 * block_ledger.c - what was committed, and voted for, by a validator that died?
 *
 * How: journal, snapshots and recovery are harness/ledger's; what is added is where one block ends
 * and the next begins, and what was agreed on there. It cannot see whether the disk kept its word.
 */
#include "suites/block_ledger.h"

#include "harness/error.h"
#include "harness/ledger/crc32c.h"
#include "harness/ledger/ledger_files.h"
#include "harness/platform/platform.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define GROUP_BYTES (1u << 20)
#define SEGMENT_BYTES (64u << 20)
#define SNAPSHOT_LEVEL 1
#define LINES_BYTES_MAX ((uint64_t)1 << 34)

/* A line of `blocks`. */
struct line {
    struct hr_block_head head;
    uint8_t hash[HR_HASH_BYTES], root[HR_HASH_BYTES];
    uint32_t round, crc;
};
_Static_assert(sizeof(struct line) == 160, "a line is written as it lies");

/* The file `votes`; less than a sector, which is written whole or not. */
struct votes {
    struct hr_vote_record record;
    uint32_t reserved, crc;
};
_Static_assert(sizeof(struct votes) == 64, "votes are written as they lie");

struct hr_block_ledger {
    struct hr_block_ledger_params params;
    char *folder;
    struct hr_journal *journal;
    struct line *lines; /* by height */
    uint64_t height, room;
    int held, lines_fd, votes_fd;
    struct hr_snapshotting taking;
};

static uint64_t sequence_at(const struct hr_block_ledger *l, uint64_t height)
{
    return l->params.load + l->lines[height].head.first + l->lines[height].head.count;
}

static uint32_t line_sum(const struct line *line)
{
    return hr_crc32c(0, line, offsetof(struct line, crc));
}

/* ---- files ------------------------------------------------------------------------------- */

static int open_file(const struct hr_block_ledger *l, const char *name, int flags)
{
    char path[HR_LEDGER_PATH_MAX];
    int fd;

    snprintf(path, sizeof(path), "%s/%s", l->folder, name);
    fd = open(path, O_RDWR | O_CLOEXEC | flags, 0644);
    return fd < 0 ? hr_fail(errno, "%s: %s", path, strerror(errno)) : fd;
}

static int put(const struct hr_block_ledger *l, int fd, const void *data, size_t bytes,
               uint64_t offset, const char *name)
{
    int rc = hr_file_put(fd, data, bytes, offset);

    if (rc == 0 && l->params.sync != HR_SYNC_NONE) {
        rc = hr_file_sync(fd);
    }
    return rc ? hr_fail(-rc, "%s/%s cannot be written: %s", l->folder, name, hr_reason(rc)) : 0;
}

static int add_line(struct hr_block_ledger *l, uint64_t height, const struct line *line)
{
    if (height == l->room) {
        uint64_t room = l->room ? 2 * l->room : 256;
        struct line *lines = realloc(l->lines, room * sizeof(*lines));

        if (!lines) {
            return hr_fail(ENOMEM, "no memory for a ledger of %llu blocks",
                           (unsigned long long)room);
        }
        l->lines = lines;
        l->room = room;
    }
    l->lines[height] = *line;
    l->lines[height].crc = line_sum(line);
    return put(l, l->lines_fd, &l->lines[height], sizeof(*line), height * sizeof(*line), "blocks");
}

static bool follows(const struct line *line, const struct line *before)
{
    return line->head.height == before->head.height + 1 &&
           line->head.first == before->head.first + before->head.count &&
           hr_hash_same(line->head.parent, before->hash);
}

/* Those that check, each on top of the one before it. */
static int load_lines(struct hr_block_ledger *l)
{
    char path[HR_LEDGER_PATH_MAX];
    uint64_t count;
    uint8_t *data;
    size_t size;
    int rc;

    snprintf(path, sizeof(path), "%s/blocks", l->folder);
    rc = hr_file_load(path, LINES_BYTES_MAX, &data, &size);
    if (rc) {
        return rc;
    }
    l->lines = (void *)data; /* whole lines of it */
    l->room = size / sizeof(struct line);
    for (count = 0; count < l->room; count++) {
        const struct line *line = &l->lines[count];

        if (line->crc != line_sum(line) || (count && !follows(line, line - 1))) {
            break;
        }
    }
    if (count == 0 || l->lines[0].head.height || l->lines[0].head.count) {
        return hr_fail(EBADMSG, "%s does not say where the first block begins", path);
    }
    l->height = count - 1;
    return 0;
}

static int load_votes(const struct hr_block_ledger *l, struct hr_vote_record *record)
{
    struct votes votes;
    ssize_t n = pread(l->votes_fd, &votes, sizeof(votes), 0);

    if (n != sizeof(votes) || votes.crc != hr_crc32c(0, &votes, offsetof(struct votes, crc))) {
        return hr_fail(EBADMSG,
                       "%s/votes does not check: nobody knows where this validator has voted, so "
                       "it must not vote again; begin it anew, under another name",
                       l->folder);
    }
    *record = votes.record;
    return 0;
}

/* ---- beginning --------------------------------------------------------------------------- */

static struct hr_block_ledger *bare(const struct hr_block_ledger_params *params)
{
    struct hr_block_ledger *l = calloc(1, sizeof(*l));

    if (l) {
        l->params = *params;
        l->folder = strdup(params->folder);
        l->params.folder = l->folder;
        l->held = l->lines_fd = l->votes_fd = -1;
        l->taking.pipe = -1;
    }
    if (!l || !l->folder) {
        hr_fail(ENOMEM, "no memory for a ledger");
        free(l);
        return NULL;
    }
    return l;
}

static int open_journal(struct hr_block_ledger *l, const struct hr_journal_end *after)
{
    return hr_journal_open(&l->journal,
                           &(struct hr_journal_params){.folder = l->folder,
                                                       .limits = l->params.limits,
                                                       .sync = l->params.sync,
                                                       .io = HR_IO_PWRITE,
                                                       .group_bytes = GROUP_BYTES,
                                                       .segment_bytes = SEGMENT_BYTES},
                           after);
}

static struct hr_snapshot_params snapshot_params(const struct hr_block_ledger *l)
{
    return (struct hr_snapshot_params){.folder = l->folder, .threads = 1, .level = SNAPSHOT_LEVEL};
}

static void drop(struct hr_block_ledger *l)
{
    hr_snapshot_abandon(&l->taking);
    hr_journal_drop(l->journal);
    if (l->lines_fd >= 0) {
        close(l->lines_fd);
    }
    if (l->votes_fd >= 0) {
        close(l->votes_fd);
    }
    hr_ledger_release(l->held);
    free(l->lines);
    free(l->folder);
    free(l);
}

/* Before anything is looked at: two validators of one folder would vote for each other. */
static int open_both(struct hr_block_ledger *l, int flags)
{
    int rc = l->held = hr_ledger_hold(l->folder);

    rc = rc < 0 ? rc : (l->lines_fd = open_file(l, "blocks", flags));
    rc = rc < 0 ? rc : (l->votes_fd = open_file(l, "votes", flags));
    return rc < 0 ? rc : 0;
}

int hr_block_ledger_new(struct hr_block_ledger **ledger,
                        const struct hr_block_ledger_params *params,
                        const struct hr_snapshot_source *books, const uint8_t root[HR_HASH_BYTES])
{
    struct hr_block_ledger *l = bare(params);
    struct hr_snapshot_params snapshot;
    struct hr_snapshot_facts facts;
    struct line first = {0};
    int rc;

    *ledger = NULL;
    if (!l) {
        return -ENOMEM;
    }
    snapshot = snapshot_params(l);
    memcpy(first.root, root, HR_HASH_BYTES);
    rc = params->load ? open_both(l, O_CREAT | O_EXCL)
                      : hr_fail(EINVAL, "a ledger begins with books that were loaded");
    rc = rc ? rc : hr_snapshot_write(books, &snapshot, &facts);
    rc = rc ? rc : open_journal(l, &(struct hr_journal_end){.last = params->load});
    rc = rc ? rc : hr_block_ledger_keep(l, &(struct hr_vote_record){0});
    rc = rc ? rc : add_line(l, 0, &first);
    rc = rc ? rc : hr_folder_sync(l->folder);
    if (rc) {
        drop(l);
        return rc;
    }
    *ledger = l;
    return 0;
}

/* ---- coming back ------------------------------------------------------------------------- */

static int recover(const struct hr_block_ledger *l, uint64_t most, struct hr_recovery *books)
{
    int rc = hr_recover(books, &(struct hr_recovery_params){.folder = l->folder,
                                                            .engine = l->params.engine,
                                                            .threads = 1,
                                                            .most = most,
                                                            .snapshot_most = UINT64_MAX});

    if (rc == 0 && memcmp(&books->limits, &l->params.limits, sizeof(books->limits)) != 0) {
        hr_recovery_free(books);
        rc = hr_fail(EBADMSG, "%s is the ledger of another flow", l->folder);
    }
    return rc;
}

int hr_block_ledger_books(const struct hr_block_ledger *l, uint64_t height,
                          struct hr_recovery *books)
{
    int rc = recover(l, sequence_at(l, height), books);

    if (rc == 0 && (books->reached != sequence_at(l, height) ||
                    !hr_hash_same(books->root, l->lines[height].root))) {
        hr_recovery_free(books);
        rc = hr_fail(EBADMSG, "%s: the books behind block %llu are not those that were agreed on",
                     l->folder, (unsigned long long)height);
    }
    return rc;
}

/* Files of requests beyond `last`, or all. */
static int remove_files(const struct hr_block_ledger *l, const char *prefix, const char *suffix,
                        uint64_t last)
{
    char path[HR_LEDGER_PATH_MAX];
    uint64_t *numbers;
    int n = hr_ledger_list(l->folder, prefix, suffix, &numbers), rc = 0;

    for (int i = n - 1; i >= 0 && rc == 0; i--) {
        snprintf(path, sizeof(path), "%s/%s-%020" PRIu64 ".%s", l->folder, prefix, numbers[i],
                 suffix);
        if (numbers[i] > last && unlink(path)) {
            rc = hr_fail(errno, "%s: %s", path, strerror(errno));
        }
    }
    free(numbers);
    return n < 0 ? n : rc;
}

/* A journal that cannot be gone on with makes room for a snapshot and a new one. */
static int start_over(struct hr_block_ledger *l, const struct hr_recovery *books)
{
    struct hr_snapshot_source source = hr_recovery_source(books);
    struct hr_snapshot_params snapshot = snapshot_params(l);
    struct hr_snapshot_facts facts;
    int rc = remove_files(l, "snapshot", "hrs", books->reached);

    rc = rc ? rc : hr_snapshot_write(&source, &snapshot, &facts);
    rc = rc ? rc : remove_files(l, "journal", "log", 0);
    return rc ? rc
              : open_journal(
                    l, &(struct hr_journal_end){.last = books->reached, .history = books->history});
}

static int come_back(struct hr_block_ledger *l, struct hr_recovery *books)
{
    int rc = recover(l, 0, books);
    bool whole;

    if (rc) {
        return rc;
    }
    while (l->height && sequence_at(l, l->height) > books->reached) {
        l->height--;
    }
    whole = books->has_journal && !books->lost[0] && sequence_at(l, l->height) == books->reached &&
            hr_hash_same(books->root, l->lines[l->height].root);
    if (!whole) {
        hr_recovery_free(books);
        rc = hr_block_ledger_books(l, l->height, books);
    }
    if (rc) {
        return rc;
    }
    if (ftruncate(l->lines_fd, (off_t)((l->height + 1) * sizeof(struct line)))) {
        rc = hr_fail(errno, "%s/blocks: %s", l->folder, strerror(errno));
    }
    rc = rc ? rc : whole ? open_journal(l, &books->journal) : start_over(l, books);
    if (rc) {
        hr_recovery_free(books);
    }
    return rc;
}

int hr_block_ledger_back(struct hr_block_ledger **ledger,
                         const struct hr_block_ledger_params *params, struct hr_recovery *books,
                         struct hr_block_past *past, struct hr_vote_record *votes)
{
    struct hr_block_ledger *l = bare(params);
    int rc;

    *ledger = NULL;
    if (!l) {
        return -ENOMEM;
    }
    rc = open_both(l, 0);
    rc = rc ? rc : load_votes(l, votes);
    rc = rc ? rc : load_lines(l);
    rc = rc ? rc : come_back(l, books);
    if (rc) {
        drop(l);
        return rc;
    }
    past->height = l->height;
    past->orders = sequence_at(l, l->height) - params->load;
    memcpy(past->hash, l->lines[l->height].hash, HR_HASH_BYTES);
    *ledger = l;
    return 0;
}

/* ---- while it lives ---------------------------------------------------------------------- */

int hr_block_ledger_keep(struct hr_block_ledger *l, const struct hr_vote_record *record)
{
    struct votes votes = {.record = *record};

    votes.crc = hr_crc32c(0, &votes, offsetof(struct votes, crc));
    return put(l, l->votes_fd, &votes, sizeof(votes), 0, "votes");
}

int hr_block_ledger_append(struct hr_block_ledger *l, const struct hr_block *block,
                           const uint8_t root[HR_HASH_BYTES], uint32_t round)
{
    struct line line = {.head = block->head, .round = round};
    int rc;

    memcpy(line.hash, block->hash, HR_HASH_BYTES);
    memcpy(line.root, root, HR_HASH_BYTES);
    rc = add_line(l, l->height + 1, &line);
    rc = rc ? rc : hr_journal_append(l->journal, block->orders, block->head.count, NULL);
    rc = rc ? rc : hr_journal_commit(l->journal);
    l->height += rc == 0;
    return rc;
}

static int end_snapshot(struct hr_block_ledger *l)
{
    struct hr_snapshot_facts facts;
    int rc = l->taking.child || l->taking.here ? hr_snapshot_end(&l->taking, true, &facts) : 1;

    return rc < 0 ? rc : 0;
}

int hr_block_ledger_snapshot(struct hr_block_ledger *l, const struct eut_engine *engine, void *self,
                             const struct hr_event_digests *digests)
{
    struct hr_snapshot_params params = snapshot_params(l);
    struct hr_snapshot_source source = {.engine = engine,
                                        .self = self,
                                        .limits = l->params.limits,
                                        .digests = digests,
                                        .sequence = sequence_at(l, l->height),
                                        .history = hr_journal_history(l->journal)};
    int rc;

    if (!l->params.snapshot_blocks || l->height % l->params.snapshot_blocks) {
        return 0;
    }
    rc = end_snapshot(l);
    return rc ? rc : hr_snapshot_begin(&l->taking, &source, &params);
}

/* Its requests, from the journal. */
static int read_orders(const struct hr_block_ledger *l, const struct hr_block_head *head,
                       struct eut_request *orders)
{
    uint64_t from = l->params.load + head->first + 1, first;
    struct hr_journal_reader *reader;
    const struct eut_request *requests;
    uint32_t have = 0, count;
    int rc = hr_journal_reader_open(&reader, l->folder, from);

    if (rc) {
        return rc;
    }
    while (have < head->count && (rc = hr_journal_read(reader, &requests, &count, &first)) == 1) {
        count = count < head->count - have ? count : head->count - have;
        memcpy(orders + have, requests, count * sizeof(*orders));
        have += count;
    }
    hr_journal_reader_close(reader);
    return rc < 0               ? rc
           : have < head->count ? hr_fail(ENOENT, "%s: the journal ends within block %llu",
                                          l->folder, (unsigned long long)head->height)
                                : 0;
}

struct hr_block *hr_block_ledger_recall(const struct hr_block_ledger *l, uint64_t height,
                                        uint8_t root[HR_HASH_BYTES], uint32_t *round)
{
    const struct line *line = &l->lines[height];
    struct hr_block *block = NULL;
    struct eut_request *orders;

    if (height == 0 || height > l->height) {
        hr_fail(ENOENT, "%s has no block %llu", l->folder, (unsigned long long)height);
        return NULL;
    }
    orders = malloc((line->head.count + 1) * sizeof(*orders));
    if (!orders) {
        hr_fail(ENOMEM, "no memory for a block of %u orders", line->head.count);
        return NULL;
    }
    if (line->head.count == 0 || read_orders(l, &line->head, orders) == 0) {
        block = hr_block_seal(&line->head, orders);
    }
    free(orders);
    if (block && !hr_hash_same(block->hash, line->hash)) {
        hr_fail(EBADMSG, "%s: block %llu is not what it was", l->folder,
                (unsigned long long)height);
        free(block);
        return NULL;
    }
    if (block) {
        memcpy(root, line->root, HR_HASH_BYTES);
        *round = line->round;
    }
    return block;
}

int hr_block_ledger_close(struct hr_block_ledger *l)
{
    int rc, closed;

    if (!l) {
        return 0;
    }
    rc = end_snapshot(l);
    closed = hr_journal_close(l->journal);
    l->journal = NULL;
    drop(l);
    return rc ? rc : closed;
}
