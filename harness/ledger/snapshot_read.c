/*
 * snapshot_read.c - is a snapshot what was written, and if not, whose state is lost?
 *
 * Chunks are found one after the other; each is checked, decompressed and hashed by whatever thread
 * is free. A chunk that does not check is decompressed as far as it goes, and its table tells which
 * of its markets came through. Behind a chunk's head that does not check, the next one that does is
 * looked for. It cannot see a forgery that keeps all sums, the digest and the root: who wants to
 * know that holds the root against one from elsewhere.
 */
#include "harness/ledger/snapshot.h"

#include "harness/clock.h"
#include "harness/error.h"
#include "harness/ledger/conveyor.h"
#include "harness/ledger/crc32c.h"
#include "harness/ledger/ledger_files.h"
#include "harness/ledger/snapshot_format.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zstd.h>

/* What one state may take: all orders and levels of an engine in one market. */
#define RAW_BYTES_MAX (UINT64_C(1) << 32)

/* A market's state in its chunk. */
struct part {
    bool bad;
    size_t at, bytes; /* in raw */
};

struct chunk {
    uint64_t offset; /* in the file */
    struct hr_chunk_head head;
    uint32_t lost_first; /* markets before it that no chunk holds: lost_first … head.first - 1 */
    uint8_t *raw;
    size_t raw_room, raw_bytes;
    const char *why; /* NULL: whole */
    struct part *parts;
    ZSTD_DStream *zstd;
};

struct reading {
    const uint8_t *data;
    size_t size;
    const char *name;
    const struct hr_snapshot_visit *visit;
    struct hr_snapshot_facts *facts;
    struct hr_state_tree *tree;
    uint64_t at, end; /* of the chunks */
    uint32_t market;  /* the next one that must come */
    uint64_t digest;
    bool lost;
    char why[HR_ERROR_MAX]; /* the first reason */
};

static int damaged(struct reading *r, uint32_t first, uint32_t last, uint64_t offset,
                   const char *why)
{
    char markets[64];

    snprintf(markets, sizeof(markets), first == last ? "market %u" : "markets %u to %u", first,
             last);
    if (!r->lost) {
        snprintf(r->why, sizeof(r->why), "%.600s: byte %" PRIu64 ": %s: %s", r->name, offset,
                 markets, why);
    }
    r->lost = true;
    if (r->visit->damaged) {
        r->visit->damaged(r->visit->context, first, last, why);
        return 0;
    }
    return hr_fail(EBADMSG, "%s", r->why);
}

/* ---- a chunk's way ------------------------------------------------------------------- */

static uint64_t table_bytes(const struct hr_chunk_head *head)
{
    return head->markets * (uint64_t)sizeof(struct hr_chunk_entry);
}

static uint64_t chunk_bytes(const struct hr_chunk_head *head)
{
    uint64_t bytes = sizeof(*head) + table_bytes(head) + head->packed_bytes;

    return (bytes + HR_SNAPSHOT_ALIGN - 1) / HR_SNAPSHOT_ALIGN * HR_SNAPSHOT_ALIGN;
}

static bool head_at(const struct reading *r, uint64_t at, struct hr_chunk_head *head)
{
    if (r->end - at < sizeof(*head)) {
        return false;
    }
    memcpy(head, r->data + at, sizeof(*head));
    return head->magic == HR_CHUNK_MAGIC &&
           head->crc == hr_crc32c(0, head, offsetof(struct hr_chunk_head, crc)) &&
           head->markets >= 1 && head->markets <= HR_CHUNK_MARKETS_MAX &&
           head->first >= r->market && head->first < r->facts->limits.markets &&
           head->markets <= r->facts->limits.markets - head->first &&
           head->raw_bytes <= RAW_BYTES_MAX && head->packed_bytes <= r->end &&
           chunk_bytes(head) <= r->end - at;
}

static int fill(void *context, void *slot)
{
    struct reading *r = context;
    struct chunk *c = slot;

    c->lost_first = r->market;
    while (r->at < r->end && !head_at(r, r->at, &c->head)) {
        r->at += HR_SNAPSHOT_ALIGN;
    }
    if (r->at >= r->end) {
        return r->market < r->facts->limits.markets
                   ? damaged(r, r->market, r->facts->limits.markets - 1, r->end,
                             "no chunk holds them")
                   : 0;
    }
    c->offset = r->at;
    r->at += chunk_bytes(&c->head);
    r->market = c->head.first + c->head.markets;
    r->facts->chunks++;
    return 1;
}

/* The frame's bytes as far as they can be had. False: that was not all, or too much. */
static bool unpack(struct chunk *c, const uint8_t *packed)
{
    ZSTD_inBuffer in = {packed, c->head.packed_bytes, 0};
    ZSTD_outBuffer out = {c->raw, c->head.raw_bytes, 0};
    size_t left = 1;

    (void)ZSTD_initDStream(c->zstd);
    while (in.pos < in.size && left) {
        size_t before = in.pos + out.pos;

        left = ZSTD_decompressStream(c->zstd, &out, &in);
        if (ZSTD_isError(left) || in.pos + out.pos == before) {
            break;
        }
    }
    c->raw_bytes = out.pos;
    return left == 0 && in.pos == in.size && out.pos == c->head.raw_bytes;
}

/* A state says whose it is, and how long. Its bytes, 0 if they are not there. */
static size_t state_bytes(const struct chunk *c, size_t at, uint32_t market)
{
    uint32_t number, count;
    size_t bytes;

    if (c->raw_bytes - at < HR_MARKET_STATE_HEAD_BYTES) {
        return 0;
    }
    memcpy(&number, c->raw + at, sizeof(number));
    memcpy(&count, c->raw + at + 12, sizeof(count));
    bytes = HR_MARKET_STATE_HEAD_BYTES + (size_t)count * HR_MARKET_STATE_ORDER_BYTES;
    return number == market && bytes <= c->raw_bytes - at ? bytes : 0;
}

static int room_for(struct chunk *c)
{
    if (c->head.raw_bytes > c->raw_room || !c->raw) {
        uint8_t *more = realloc(c->raw, c->head.raw_bytes ? c->head.raw_bytes : 1);

        if (!more) {
            return hr_fail(ENOMEM, "no memory for a chunk of %" PRIu64 " bytes", c->head.raw_bytes);
        }
        c->raw = more;
        c->raw_room = c->head.raw_bytes;
    }
    if (!c->zstd && !(c->zstd = ZSTD_createDStream())) {
        return hr_fail(ENOMEM, "no memory to decompress");
    }
    if (!c->parts && !(c->parts = calloc(HR_CHUNK_MARKETS_MAX, sizeof(*c->parts)))) {
        return hr_fail(ENOMEM, "no memory for a list of markets");
    }
    return 0;
}

static int check(void *context, void *slot)
{
    struct reading *r = context;
    struct chunk *c = slot;
    const uint8_t *table = r->data + c->offset + sizeof(c->head);
    const uint8_t *packed = table + table_bytes(&c->head);
    uint64_t filled = chunk_bytes(&c->head) - sizeof(c->head) - table_bytes(&c->head);
    bool table_whole, whole;
    size_t at = 0;
    int rc = room_for(c);

    if (rc) {
        return rc;
    }
    table_whole = hr_crc32c(0, table, table_bytes(&c->head)) == c->head.table_crc;
    whole = hr_crc32c(0, packed, filled) == c->head.packed_crc;
    c->why = !table_whole ? "the table of their sums does not check"
             : !whole     ? "their compressed bytes do not check"
                          : NULL;
    whole = unpack(c, packed) && whole;
    for (uint32_t i = 0; i < c->head.markets; i++) {
        struct part *p = &c->parts[i];
        struct hr_chunk_entry entry;

        memcpy(&entry, table + i * sizeof(entry), sizeof(entry));
        p->at = at;
        p->bytes = state_bytes(c, at, c->head.first + i);
        /* One of the two sums vouches for the state; the other one then names the market, too. */
        p->bad = !(whole || table_whole) || p->bytes == 0 || p->bytes != entry.bytes ||
                 hr_crc32c(0, c->raw + at, p->bytes) != entry.crc;
        if (!p->bad) {
            uint8_t leaf[HR_HASH_BYTES];

            hr_market_leaf(c->raw + at, p->bytes, leaf);
            hr_state_tree_put(r->tree, c->head.first + i, leaf);
        } else if (!c->why) {
            c->why = "their states do not check";
        }
        /* Behind a broken state the table knows where the next one begins. */
        p->bytes = whole ? p->bytes : table_whole ? entry.bytes : 0;
        at += p->bytes < c->raw_bytes - at ? p->bytes : c->raw_bytes - at;
    }
    if (at != c->head.raw_bytes && !c->why) {
        c->why = "there is more, or less, than their states";
    }
    return 0;
}

/* Neighbours that are lost are told as one. */
static int tell_damage(struct reading *r, const struct chunk *c)
{
    bool any = false;
    int rc = 0;

    for (uint32_t i = 0; i < c->head.markets && rc == 0; i++) {
        uint32_t end = i;

        while (end < c->head.markets && c->parts[end].bad) {
            end++;
        }
        if (end > i) {
            any = true;
            rc = damaged(r, c->head.first + i, c->head.first + end - 1, c->offset, c->why);
            i = end;
        }
    }
    /* All states came through: what is damaged is told by the markets around it. */
    return any || rc
               ? rc
               : damaged(r, c->head.first, c->head.first + c->head.markets - 1, c->offset, c->why);
}

static int hand_out(void *context, void *slot)
{
    struct reading *r = context;
    struct chunk *c = slot;
    int rc = c->lost_first < c->head.first
                 ? damaged(r, c->lost_first, c->head.first - 1, c->offset, "no chunk holds them")
                 : 0;

    rc = rc || !c->why ? rc : tell_damage(r, c);
    r->facts->raw_bytes += c->raw_bytes;
    for (uint32_t i = 0; i < c->head.markets && rc == 0; i++) {
        const struct part *p = &c->parts[i];
        const uint8_t *state = c->raw + p->at;
        uint64_t digest;

        if (p->bad) {
            continue;
        }
        memcpy(&digest, state + 4, sizeof(digest));
        r->digest += eut_digest_market(c->head.first + i, digest);
        r->facts->resting += (p->bytes - HR_MARKET_STATE_HEAD_BYTES) / HR_MARKET_STATE_ORDER_BYTES;
        rc = r->visit->market ? r->visit->market(r->visit->context, state, p->bytes) : 0;
    }
    return rc;
}

/* ---- the whole ----------------------------------------------------------------------- */

static int open_head(struct reading *r)
{
    struct hr_snapshot_head head;

    if (r->size < sizeof(head) + sizeof(struct hr_snapshot_foot)) {
        return hr_fail(EBADMSG, "%s: %zu bytes are no snapshot", r->name, r->size);
    }
    memcpy(&head, r->data, sizeof(head));
    if (memcmp(head.magic, HR_SNAPSHOT_MAGIC, sizeof(head.magic)) != 0) {
        return hr_fail(EBADMSG, "%s: byte 0: this is no snapshot", r->name);
    }
    if (head.crc != hr_crc32c(0, &head, offsetof(struct hr_snapshot_head, crc)) ||
        head.limits.struct_size != sizeof(head.limits) || head.limits.markets == 0 ||
        head.limits.l2_markets > head.limits.markets) {
        return hr_fail(EBADMSG, "%s: byte 0: the head does not check", r->name);
    }
    if (head.limits.markets > r->size / sizeof(struct hr_chunk_entry)) {
        return hr_fail(EBADMSG, "%s: %zu bytes hold no %u markets", r->name, r->size,
                       head.limits.markets);
    }
    r->facts->sequence = head.sequence;
    r->facts->digest = head.digest;
    r->facts->history = head.history;
    r->facts->limits = head.limits;
    r->facts->file_bytes = r->size;
    r->at = sizeof(head);
    r->end = (r->size - sizeof(struct hr_snapshot_foot)) / HR_SNAPSHOT_ALIGN * HR_SNAPSHOT_ALIGN;
    return 0;
}

/* What only the whole can say. */
static int check_whole(struct reading *r)
{
    struct hr_snapshot_foot foot;
    uint8_t root[HR_HASH_BYTES];

    memcpy(&foot, r->data + r->size - sizeof(foot), sizeof(foot));
    memcpy(r->facts->root, foot.root, sizeof(foot.root));
    hr_state_tree_rebuild(r->tree, root);
    if (r->lost) {
        return hr_fail(EBADMSG, "%s", r->why);
    }
    if (memcmp(foot.magic, HR_SNAPSHOT_END, sizeof(foot.magic)) != 0 ||
        foot.crc != hr_crc32c(0, &foot, offsetof(struct hr_snapshot_foot, crc)) ||
        foot.file_bytes != r->size || foot.chunks != r->facts->chunks ||
        foot.raw_bytes != r->facts->raw_bytes || foot.resting != r->facts->resting) {
        return hr_fail(EBADMSG, "%s: byte %zu: the foot does not check", r->name,
                       r->size - sizeof(foot));
    }
    if (r->digest != r->facts->digest) {
        return hr_fail(EBADMSG,
                       "%s: the markets' events make the digest %016" PRIx64
                       ", and the head says %016" PRIx64,
                       r->name, r->digest, r->facts->digest);
    }
    if (memcmp(root, foot.root, sizeof(root)) != 0) {
        return hr_fail(EBADMSG, "%s: the states are not those under the root in its foot", r->name);
    }
    return 0;
}

int hr_snapshot_read_memory(const void *data, size_t size, const char *name, int threads,
                            const struct hr_snapshot_visit *visit, struct hr_snapshot_facts *facts)
{
    struct reading r = {.data = data, .size = size, .name = name, .visit = visit, .facts = facts};
    const char *slash = strrchr(name, '/');
    uint64_t start_ns = hr_clock_ns();
    int count = threads > 1 ? 2 * threads : 1, rc;
    struct chunk *chunks = calloc((size_t)count, sizeof(*chunks));

    *facts = (struct hr_snapshot_facts){0};
    snprintf(facts->file, sizeof(facts->file), "%s", slash ? slash + 1 : name);
    rc = chunks ? open_head(&r) : hr_fail(ENOMEM, "no memory for a snapshot's chunks");
    rc = rc ? rc : hr_state_tree_new(&r.tree, facts->limits.markets);
    rc = rc ? rc
            : hr_conveyor_run(&(struct hr_conveyor){.threads = threads,
                                                    .slots = chunks,
                                                    .slot_bytes = sizeof(*chunks),
                                                    .count = count,
                                                    .context = &r,
                                                    .fill = fill,
                                                    .work = check,
                                                    .drain = hand_out});
    rc = rc ? rc : check_whole(&r);
    for (int i = 0; chunks && i < count; i++) {
        free(chunks[i].raw);
        free(chunks[i].parts);
        ZSTD_freeDStream(chunks[i].zstd);
    }
    free(chunks);
    if (visit->tree && (rc == 0 || rc == -EBADMSG)) {
        *visit->tree = r.tree;
    } else {
        hr_state_tree_free(r.tree);
    }
    facts->ns = hr_clock_ns() - start_ns;
    return rc;
}

int hr_snapshot_read(const char *path, int threads, const struct hr_snapshot_visit *visit,
                     struct hr_snapshot_facts *facts)
{
    uint64_t size;
    int fd = hr_file_open(path, &size), rc;
    void *data;

    if (fd < 0 || size == 0) {
        if (fd >= 0) {
            close(fd);
        }
        return fd < 0 && fd != -EINVAL ? fd : hr_fail(EBADMSG, "%s: this is no snapshot", path);
    }
    data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (data == MAP_FAILED) {
        return hr_fail(errno, "%s cannot be mapped: %s", path, strerror(errno));
    }
    rc = hr_snapshot_read_memory(data, size, path, threads, visit, facts);
    munmap(data, size);
    return rc;
}
