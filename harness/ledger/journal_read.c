/*
 * journal_read.c - which requests does a journal hold, and is one missing?
 *
 * Each file is read whole (at most 1 GiB and a group), its records checked in their order. Where
 * one does not check, the rest of the file is searched for a record that does, at every place where
 * one can lie: that tells damage from the end of what was written.
 */
#include "harness/ledger/journal_read.h"

#include "harness/error.h"
#include "harness/ledger/crc32c.h"
#include "harness/ledger/ledger_files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES_MAX (UINT64_C(1) << 31)

/* ---- one file ------------------------------------------------------------------------ */

/* The record at `at`, if its header and, for a batch, its requests are whole. */
static bool whole(const struct hr_segment *s, size_t at, struct hr_journal_record *record)
{
    size_t bytes;

    if (s->size - at < sizeof(*record)) {
        return false;
    }
    memcpy(record, s->data + at, sizeof(*record));
    if (record->crc != hr_crc32c(0, record, offsetof(struct hr_journal_record, crc))) {
        return false;
    }
    if (record->magic == HR_RECORD_SEAL || record->magic == HR_RECORD_CLOSE) {
        return record->count == 0;
    }
    bytes = (size_t)record->count * sizeof(struct eut_request);
    return record->magic == HR_RECORD_BATCH && record->count >= 1 &&
           record->count <= HR_JOURNAL_RECORD_MAX && s->size - at - sizeof(*record) >= bytes &&
           record->payload_crc == hr_crc32c(0, s->data + at + sizeof(*record), bytes);
}

/* A bit of what a sum is over, or of the sum itself. */
static int64_t flipped(uint32_t right, const uint8_t *data, size_t bytes)
{
    int64_t bit = hr_crc32c_flipped(right, data, bytes);
    uint32_t difference = right ^ hr_crc32c(0, data, bytes);

    /* The sum lies right behind a header. */
    if (bit < 0 && difference && (difference & (difference - 1)) == 0) {
        bit = (int64_t)bytes * 8 + __builtin_ctz(difference);
    }
    return bit;
}

/* Is the record at `at` one bit from being whole, and which one? */
static int64_t one_bit(const struct hr_segment *s, size_t at)
{
    struct hr_journal_record record;
    size_t covered = offsetof(struct hr_journal_record, crc), bytes;
    int64_t bit;

    if (s->size - at < sizeof(record)) {
        return -1;
    }
    memcpy(&record, s->data + at, sizeof(record));
    if (record.crc != hr_crc32c(0, &record, covered)) {
        bit = flipped(record.crc, s->data + at, covered);
        return bit < 0 ? -1 : (int64_t)at * 8 + bit;
    }
    bytes = (size_t)record.count * sizeof(struct eut_request);
    if (record.magic != HR_RECORD_BATCH || record.count > HR_JOURNAL_RECORD_MAX ||
        s->size - at - sizeof(record) < bytes) {
        return -1;
    }
    bit = hr_crc32c_flipped(record.payload_crc, s->data + at + sizeof(record), bytes);
    return bit < 0 ? -1 : (int64_t)(at + sizeof(record)) * 8 + bit;
}

/* What does not check at `at`: was it whole once? It was if something whole of a later group lies
 * behind it; what lies at `at` itself and is only not the one that must come was moved there. */
static enum hr_segment_step judge(struct hr_segment *s, size_t at)
{
    struct hr_journal_record record;

    s->flipped_bit = one_bit(s, at);
    s->resumes = 0;
    s->torn_requests = 0;
    if (s->size - at >= sizeof(record)) {
        memcpy(&record, s->data + at, sizeof(record));
        if (record.magic == HR_RECORD_BATCH && record.count <= HR_JOURNAL_RECORD_MAX &&
            record.crc == hr_crc32c(0, &record, offsetof(struct hr_journal_record, crc))) {
            s->torn_requests = record.count;
        }
    }
    for (size_t next = at; next < s->size; next += HR_JOURNAL_ALIGN) {
        if (whole(s, next, &record) && (next == at || record.group > s->next)) {
            s->resumes = record.sequence;
            return HR_SEGMENT_DAMAGED;
        }
    }
    return s->flipped_bit >= 0 ? HR_SEGMENT_DAMAGED : HR_SEGMENT_TORN;
}

enum hr_segment_step hr_segment_open(struct hr_segment *s, const void *data, size_t size)
{
    struct hr_journal_head head;
    size_t covered = offsetof(struct hr_journal_head, crc);

    *s = (struct hr_segment){.data = data, .size = size, .flipped_bit = -1};
    if (size < sizeof(head)) {
        return HR_SEGMENT_TORN;
    }
    memcpy(&head, data, sizeof(head));
    if (memcmp(head.magic, HR_JOURNAL_MAGIC, sizeof(head.magic)) == 0 &&
        head.crc == hr_crc32c(0, &head, covered) && head.first >= 1 &&
        head.limits.struct_size == sizeof(head.limits)) {
        s->at = sizeof(head);
        s->next = head.first;
        s->history = head.history;
        s->limits = head.limits;
        return HR_SEGMENT_BATCH;
    }
    if (judge(s, 0) == HR_SEGMENT_DAMAGED && s->resumes) {
        s->flipped_bit = flipped(head.crc, data, covered);
        return HR_SEGMENT_DAMAGED;
    }
    s->flipped_bit = flipped(head.crc, data, covered);
    return s->flipped_bit >= 0 ? HR_SEGMENT_DAMAGED : HR_SEGMENT_TORN;
}

enum hr_segment_step hr_segment_next(struct hr_segment *s, const struct eut_request **requests,
                                     uint32_t *count)
{
    struct hr_journal_record record;

    if (s->at == s->size) {
        return HR_SEGMENT_END;
    }
    if (!whole(s, s->at, &record) || record.sequence != s->next ||
        record.count > UINT64_MAX - s->next) {
        return judge(s, s->at);
    }
    *requests = (const void *)(s->data + s->at + sizeof(record));
    *count = record.count;
    s->at += sizeof(record) + (size_t)record.count * sizeof(struct eut_request);
    s->next += record.count;
    s->history =
        hr_crc32c(s->history, *requests, (size_t)record.count * sizeof(struct eut_request));
    if (record.magic == HR_RECORD_BATCH) {
        return HR_SEGMENT_BATCH;
    }
    /* Nothing is written behind the mark that ends a file. */
    if (s->at != s->size) {
        return judge(s, s->at);
    }
    return record.magic == HR_RECORD_SEAL ? HR_SEGMENT_SEALED : HR_SEGMENT_CLOSED;
}

/* ---- a folder ------------------------------------------------------------------------ */

struct hr_journal_reader {
    char *folder;
    uint64_t *files;  /* the numbers in their names */
    int count, index; /* index: of the file being read */
    uint64_t from;
    uint8_t *data;
    size_t size;
    struct hr_segment segment;
    bool loaded, ended;
    bool sealed; /* the file before the present one */
    struct hr_journal_end end;
    uint64_t beyond;
    uint32_t before; /* history in front of what was handed out last */
};

static const char *name_of(struct hr_journal_reader *r)
{
    snprintf(r->end.file, sizeof(r->end.file), "journal-%020" PRIu64 ".log", r->files[r->index]);
    return r->end.file;
}

/* The highest number in any record of this segment from where it stands, whole or not so the rest.
 */
static uint64_t highest(const struct hr_segment *s, size_t from)
{
    struct hr_journal_record record;
    uint64_t last = 0;

    for (size_t at = from; at < s->size; at += HR_JOURNAL_ALIGN) {
        if (whole(s, at, &record) && record.magic == HR_RECORD_BATCH) {
            uint64_t end = record.sequence + record.count - 1;

            last = end > last ? end : last;
            at += (size_t)record.count * sizeof(struct eut_request);
        }
    }
    return last;
}

/* How far do the files behind the damage go? */
static void look_beyond(struct hr_journal_reader *r, size_t from)
{
    r->beyond = highest(&r->segment, from);
    for (int i = r->index + 1; i < r->count; i++) {
        char path[HR_LEDGER_PATH_MAX];
        struct hr_segment other = {0};
        uint8_t *data;
        uint64_t last;

        snprintf(path, sizeof(path), "%s/" HR_JOURNAL_NAME, r->folder, r->files[i]);
        if (hr_file_load(path, FILE_BYTES_MAX, &data, &other.size)) {
            hr_error_clear();
            continue;
        }
        other.data = data;
        last = highest(&other, 0);
        r->beyond = last > r->beyond ? last : r->beyond;
        free(data);
    }
}

static int damaged(struct hr_journal_reader *r, const char *what)
{
    char bit[96] = "";

    if (r->segment.flipped_bit >= 0) {
        snprintf(bit, sizeof(bit), ": bit %d of byte %" PRId64 " was flipped",
                 (int)(r->segment.flipped_bit % 8), r->segment.flipped_bit / 8);
    }
    r->ended = true;
    r->end.offset = r->segment.at;
    look_beyond(r, r->segment.at);
    return hr_fail(EBADMSG, "%s/%s: byte %zu: %s%s", r->folder, r->end.file, r->segment.at, what,
                   bit);
}

static int torn(struct hr_journal_reader *r)
{
    r->ended = true;
    r->end.torn = true;
    r->end.offset = r->segment.at;
    r->end.torn_bytes = r->segment.size - r->segment.at;
    r->end.torn_requests = r->segment.torn_requests;
    return 0;
}

static int load(struct hr_journal_reader *r)
{
    char path[HR_LEDGER_PATH_MAX];
    enum hr_segment_step step;
    int rc;

    free(r->data);
    r->data = NULL;
    snprintf(path, sizeof(path), "%s/%s", r->folder, name_of(r));
    rc = hr_file_load(path, FILE_BYTES_MAX, &r->data, &r->size);
    if (rc) {
        r->ended = true;
        r->segment = (struct hr_segment){.flipped_bit = -1};
        return rc;
    }
    step = hr_segment_open(&r->segment, r->data, r->size);
    if (step == HR_SEGMENT_TORN && !r->loaded && r->index > 0 && r->index == r->count - 1) {
        r->index--; /* the file before the last one says whether that was whole once */
        return load(r);
    }
    if (step == HR_SEGMENT_TORN && r->index == r->count - 1 && !r->sealed) {
        r->end.last = r->loaded ? r->end.last : r->files[r->index] - 1;
        return torn(r); /* it was just being made */
    }
    if (step != HR_SEGMENT_BATCH) {
        return damaged(r, "the head of the file does not check");
    }
    if (r->segment.next != r->files[r->index]) {
        r->segment.at = 0;
        return damaged(r, "the file was named after another request than its first one");
    }
    if (!r->loaded) {
        r->end.limits = r->segment.limits;
        r->end.first = r->segment.next;
        r->end.last = r->segment.next - 1;
        r->end.history = r->segment.history;
    } else if (r->end.history != r->segment.history) {
        r->segment.at = 0;
        return damaged(r, "it goes on behind other requests than those in the files before it");
    } else if (memcmp(&r->end.limits, &r->segment.limits, sizeof(r->end.limits)) != 0) {
        r->segment.at = 0;
        return damaged(r, "it belongs to an engine of other limits than the file before it");
    }
    r->loaded = true;
    r->end.offset = r->segment.at;
    return 1;
}

/* Is the next file the one that must come? */
static int follow(struct hr_journal_reader *r, bool sealed)
{
    uint64_t missing = r->end.last + 1;

    r->end.offset = r->segment.at;
    if (r->index + 1 == r->count) {
        if (sealed) {
            r->ended = true;
            return hr_fail(EBADMSG,
                           "%s: " HR_JOURNAL_NAME " is missing: requests from %" PRIu64
                           " on were in it",
                           r->folder, missing, missing);
        }
        r->ended = true;
        return 0;
    }
    if (r->files[r->index + 1] > missing) {
        r->ended = true;
        look_beyond(r, r->segment.size);
        return hr_fail(EBADMSG,
                       "%s: " HR_JOURNAL_NAME " is missing: requests %" PRIu64 " to %" PRIu64
                       " were in it",
                       r->folder, missing, missing, r->files[r->index + 1] - 1);
    }
    if (r->files[r->index + 1] < missing) {
        r->ended = true;
        return hr_fail(EBADMSG, "%s: " HR_JOURNAL_NAME " begins before the file before it ends",
                       r->folder, r->files[r->index + 1]);
    }
    r->index++;
    r->sealed = sealed;
    return load(r);
}

/* What comes behind the last whole record of the present file. */
static int beyond_records(struct hr_journal_reader *r, enum hr_segment_step step)
{
    bool last = r->index == r->count - 1;

    r->end.closed = step == HR_SEGMENT_CLOSED && last;
    if (step == HR_SEGMENT_TORN && last) {
        return torn(r);
    }
    if (step == HR_SEGMENT_TORN || step == HR_SEGMENT_DAMAGED) {
        return damaged(r, "a record does not check");
    }
    return follow(r, step == HR_SEGMENT_SEALED);
}

int hr_journal_read(struct hr_journal_reader *r, const struct eut_request **requests,
                    uint32_t *count, uint64_t *first)
{
    int rc = r->loaded || r->ended ? 1 : load(r);

    while (rc > 0) {
        uint32_t before = r->segment.history;
        enum hr_segment_step step;

        if (r->ended) {
            return 0;
        }
        step = hr_segment_next(&r->segment, requests, count);
        if (step != HR_SEGMENT_BATCH) {
            rc = beyond_records(r, step);
            continue;
        }
        r->end.last = r->segment.next - 1;
        r->end.offset = r->segment.at;
        r->end.history = r->segment.history;
        if (r->end.last < r->from) {
            continue;
        }
        *first = r->segment.next - *count;
        if (*first < r->from) {
            before = hr_crc32c(before, *requests, (r->from - *first) * sizeof(**requests));
            *requests += r->from - *first;
            *count -= (uint32_t)(r->from - *first);
            *first = r->from;
        }
        r->before = before;
        return 1;
    }
    return rc;
}

int hr_journal_reader_open(struct hr_journal_reader **reader, const char *folder, uint64_t from)
{
    struct hr_journal_reader *r = calloc(1, sizeof(*r));
    int n;

    *reader = NULL;
    if (!r || !(r->folder = strdup(folder))) {
        free(r);
        return hr_fail(ENOMEM, "no memory for a journal");
    }
    r->from = from;
    r->segment.flipped_bit = -1;
    n = hr_ledger_list(folder, "journal", "log", &r->files);
    r->count = n < 0 ? 0 : n;
    if (n == 0) {
        n = hr_fail(ENOENT, "%s holds no journal", folder);
    } else if (n > 0 && r->files[0] > from) {
        n = hr_fail(EBADMSG,
                    "%s: " HR_JOURNAL_NAME " is missing: requests %" PRIu64 " to %" PRIu64
                    " were in it",
                    folder, from, from, r->files[0] - 1);
    }
    if (n < 0) {
        hr_journal_reader_close(r);
        return n;
    }
    while (r->index + 1 < r->count && r->files[r->index + 1] <= from) {
        r->index++;
    }
    *reader = r;
    return 0;
}

const struct hr_journal_end *hr_journal_reader_end(const struct hr_journal_reader *r)
{
    return &r->end;
}

uint32_t hr_journal_reader_history(const struct hr_journal_reader *r)
{
    return r->before;
}

uint64_t hr_journal_reader_beyond(const struct hr_journal_reader *r)
{
    return r->beyond;
}

void hr_journal_reader_close(struct hr_journal_reader *r)
{
    if (r) {
        free(r->data);
        free(r->files);
        free(r->folder);
        free(r);
    }
}
