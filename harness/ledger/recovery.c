/*
 * recovery.c - what was the last state that can be proved, and what of the journal is behind it?
 *
 * Snapshots are tried from the newest on; each try is a fresh engine. It cannot see requests that
 * were never acknowledged, but for those of them that are whole in the journal: they are part of
 * what is reached.
 */
#include "harness/ledger/recovery.h"

#include "harness/clock.h"
#include "harness/error.h"
#include "harness/ledger/crc32c.h"
#include "harness/ledger/ledger_files.h"
#include "harness/ledger/snapshot_format.h"
#include "harness/progress.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SINK_ROOM 1024u
#define RESTORE_BATCH 256u

static void note(const struct hr_recovery_params *params, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void note(const struct hr_recovery_params *params, const char *format, ...)
{
    char line[HR_ERROR_MAX + 128];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    if (params->note) {
        params->note(params->context, line);
    }
}

/* ---- a batch into the engine --------------------------------------------------------- */

struct taker {
    const struct eut_request *requests;
    uint32_t count;
    struct hr_event_digests *digests;
    bool foreign;
};

static void take(struct eut_sink *sink)
{
    struct taker *t = sink->owner;
    uint32_t count = sink->count;

    sink->count = 0;
    t->foreign = t->foreign || count > SINK_ROOM;
    for (uint32_t i = 0; i < count && !t->foreign; i++) {
        t->foreign = sink->events[i].request >= t->count;
    }
    if (!t->foreign) {
        hr_event_digests_add(t->digests, t->requests, sink->events, count);
    }
}

int hr_ledger_submit(const struct eut_engine *engine, void *self, struct hr_event_digests *digests,
                     const struct eut_request *requests, uint32_t count)
{
    struct eut_event events[SINK_ROOM];
    struct taker taker = {requests, count, digests, false};
    struct eut_sink sink = {events, 0, SINK_ROOM, take, &taker};
    int rc = engine->submit(self, requests, count, &sink);

    if (rc) {
        return hr_fail(EIO, "engine %s failed: %s", engine->name, hr_reason(rc));
    }
    take(&sink);
    return taker.foreign ? hr_fail(EPROTO, "engine %s answered a request that is not in the batch",
                                   engine->name)
                         : 0;
}

/* ---- a snapshot into a fresh engine -------------------------------------------------- */

struct restoring {
    struct hr_recovery *r;
    bool made; /* the engine */
    struct eut_request batch[RESTORE_BATCH];
    uint32_t filled, batch_max;
    uint64_t accepted;
    struct eut_event refused; /* the first answer that was not what it must be */
    uint32_t refused_market;
    bool wrong;
};

/* Each order, and each level, rests as it was: nothing trades, nothing is rejected. */
static void look(struct eut_sink *sink)
{
    struct restoring *s = sink->owner;

    for (uint32_t i = 0; i < sink->count && i < SINK_ROOM; i++) {
        const struct eut_event *e = &sink->events[i];
        const struct eut_request *q = e->request < s->filled ? &s->batch[e->request] : NULL;

        if (q && e->kind == EUT_ACCEPTED && e->order == q->order && e->price == q->price &&
            e->qty == q->qty) {
            s->accepted++;
        } else if (!s->wrong) {
            s->wrong = true;
            s->refused = *e;
            s->refused_market = q ? q->market : 0;
        }
    }
    sink->count = 0;
}

/* Books of millions take seconds: whoever waits for them may stop. */
static int stopped(const struct hr_recovery *r)
{
    return hr_stop_signal()
               ? hr_fail(EINTR, "stopped by a signal behind request %" PRIu64 " of the recovery",
                         r->reached)
               : 0;
}

static int put_batch(struct restoring *s)
{
    struct hr_recovery *r = s->r;
    struct eut_event events[SINK_ROOM];
    struct eut_sink sink = {events, 0, SINK_ROOM, look, s};
    uint64_t before = s->accepted;
    int rc = stopped(r);

    if (rc) {
        return rc;
    }
    rc = s->filled ? r->engine->submit(r->self, s->batch, s->filled, &sink) : 0;
    if (rc) {
        return hr_fail(EIO, "engine %s failed: %s", r->engine->name, hr_reason(rc));
    }
    look(&sink);
    if (s->wrong || s->accepted - before != s->filled) {
        return hr_fail(EBADMSG,
                       "engine %s did not take a resting order of market %u back as it was "
                       "(answer '%c', reason %u)",
                       r->engine->name, s->refused_market, s->refused.kind ? s->refused.kind : '?',
                       s->refused.reason);
    }
    s->filled = 0;
    return 0;
}

static int make_engine(struct hr_recovery *r)
{
    int rc;

    hr_error_clear();
    rc = r->engine->create(&r->limits, &r->self);
    if (rc) {
        r->self = NULL;
        return hr_fail(-rc, "engine %s cannot be made for %u markets and %" PRIu64 " orders: %s",
                       r->engine->name, r->limits.markets, r->limits.orders, hr_reason(rc));
    }
    return hr_event_digests_new(&r->digests, r->limits.markets);
}

static void forget(struct hr_recovery *r)
{
    if (r->self) {
        r->engine->destroy(r->self);
    }
    r->self = NULL;
    hr_event_digests_free(&r->digests);
    r->restored = 0;
    r->snapshot = r->reached = r->history = 0;
}

static int restore_market(void *context, const uint8_t *bytes, size_t size)
{
    struct restoring *s = context;
    struct hr_recovery *r = s->r;
    uint32_t market;

    memcpy(&market, bytes, sizeof(market));
    memcpy(&r->digests.at[market], bytes + 4, sizeof(r->digests.at[market]));
    for (size_t at = HR_MARKET_STATE_HEAD_BYTES; at < size; at += HR_MARKET_STATE_ORDER_BYTES) {
        bool quoted = market >= r->limits.markets - r->limits.l2_markets;
        struct eut_resting resting;
        int rc;

        memcpy(&resting, bytes + at, sizeof(resting));
        s->batch[s->filled++] = (struct eut_request){.order = quoted ? 0 : resting.order,
                                                     .market = market,
                                                     .account = quoted ? 0 : resting.account,
                                                     .price = resting.price,
                                                     .qty = resting.qty,
                                                     .op = quoted ? EUT_QUOTE : EUT_NEW,
                                                     .side = resting.side,
                                                     .type = quoted ? 0 : EUT_LIMIT,
                                                     .tif = quoted ? 0 : EUT_DAY};
        r->restored++;
        if (s->filled == s->batch_max && (rc = put_batch(s))) {
            return rc;
        }
    }
    return 0;
}

/* The limits come first: a look at the head alone. */
static int limits_of(const char *path, struct eut_limits *limits)
{
    struct hr_snapshot_head head;
    uint64_t size;
    int fd = hr_file_open(path, &size);
    ssize_t n;

    if (fd < 0) {
        return fd;
    }
    n = pread(fd, &head, sizeof(head), 0);
    close(fd);
    if (n != (ssize_t)sizeof(head) ||
        memcmp(head.magic, HR_SNAPSHOT_MAGIC, sizeof(head.magic)) != 0 ||
        head.crc != hr_crc32c(0, &head, offsetof(struct hr_snapshot_head, crc)) ||
        head.limits.struct_size != sizeof(head.limits) || head.limits.markets == 0 ||
        head.limits.l2_markets > head.limits.markets || head.limits.batch_max == 0) {
        return hr_fail(EBADMSG, "%s: byte 0: the head does not check", path);
    }
    *limits = head.limits;
    return 0;
}

static int restore(struct hr_recovery *r, const struct hr_recovery_params *params,
                   uint64_t sequence)
{
    struct restoring *s = calloc(1, sizeof(*s));
    struct hr_snapshot_visit visit = {.market = restore_market, .context = s};
    struct hr_snapshot_facts facts;
    struct hr_snapshot_source source;
    uint8_t root[HR_HASH_BYTES];
    char path[HR_LEDGER_PATH_MAX];
    int rc;

    snprintf(path, sizeof(path), "%s/" HR_SNAPSHOT_NAME, params->folder, sequence);
    rc = s ? limits_of(path, &r->limits) : hr_fail(ENOMEM, "no memory to recover");
    rc = rc ? rc : make_engine(r);
    if (rc == 0) {
        s->r = r;
        s->batch_max = r->limits.batch_max < RESTORE_BATCH ? r->limits.batch_max : RESTORE_BATCH;
        rc = hr_snapshot_read(path, params->threads, &visit, &facts);
    }
    rc = rc ? rc : put_batch(s);
    free(s);
    if (rc == 0 && facts.sequence != sequence) {
        rc = hr_fail(EBADMSG, "%s: it was named after another request than its last one", path);
    }
    if (rc == 0) {
        source = hr_recovery_source(r);
        rc = hr_state_root_of(&source, params->threads, root);
    }
    if (rc == 0 && memcmp(root, facts.root, sizeof(root)) != 0) {
        rc =
            hr_fail(EBADMSG, "%s: the books that engine %s made of it are not those under its root",
                    path, r->engine->name);
    }
    if (rc) {
        forget(r);
    } else {
        r->snapshot = r->reached = sequence;
        r->history = facts.history;
    }
    return rc;
}

/* The newest one up to `most` that is good. 1: restored, 0: none, -errno: not the snapshots' fault.
 */
static int restore_newest(struct hr_recovery *r, const struct hr_recovery_params *params,
                          uint64_t most)
{
    uint64_t *numbers;
    int n = hr_ledger_list(params->folder, "snapshot", "hrs", &numbers), rc = 0;

    if (n < 0) {
        return n;
    }
    for (int i = n - 1; i >= 0 && rc == 0; i--) {
        if (numbers[i] > most || (params->most && numbers[i] > params->most)) {
            continue;
        }
        rc = restore(r, params, numbers[i]);
        if (rc == 0) {
            rc = 1;
        } else if (rc == -ENOMEM || rc == -EINTR) {
            break;
        } else {
            note(params, "a snapshot is passed over: %s", hr_error());
            rc = 0;
        }
    }
    free(numbers);
    return rc;
}

/* ---- the journal behind it ----------------------------------------------------------- */

static void lose(struct hr_recovery *r, uint64_t last, const char *why)
{
    r->lost_first = r->reached + 1;
    r->lost_last = last > r->reached ? last : 0;
    if (r->lost_last) {
        snprintf(r->lost, sizeof(r->lost), "requests %" PRIu64 " to %" PRIu64 " at least: %.800s",
                 r->lost_first, r->lost_last, why);
    } else {
        snprintf(r->lost, sizeof(r->lost), "requests from %" PRIu64 " on: %.800s", r->lost_first,
                 why);
    }
}

static int submit_all(struct hr_recovery *r, const struct eut_request *requests, uint32_t count)
{
    int rc = 0;

    while (count && rc == 0) {
        uint32_t n = count < r->limits.batch_max ? count : r->limits.batch_max;

        rc = hr_ledger_submit(r->engine, r->self, &r->digests, requests, n);
        r->history = hr_crc32c(r->history, requests, n * sizeof(*requests));
        r->reached += n;
        r->replayed += n;
        requests += n;
        count -= n;
    }
    return rc;
}

/* The first record makes the engine, if no snapshot did. */
static int be_ready(struct hr_recovery *r, const struct eut_limits *limits)
{
    if (!r->self) {
        r->limits = *limits;
        if (limits->markets == 0 || limits->batch_max == 0) {
            return hr_fail(EBADMSG, "a journal of no markets");
        }
        return make_engine(r);
    }
    return memcmp(&r->limits, limits, sizeof(*limits)) == 0
               ? 0
               : hr_fail(EBADMSG, "the journal is not of the engine that the snapshot is of: their "
                                  "limits differ");
}

/* Are the journal's requests up to `sequence` those that somebody else counted? */
static int fits(const char *folder, uint64_t sequence, uint32_t history, uint32_t journal)
{
    return history == 0 || history == journal
               ? 0
               : hr_fail(ESTALE,
                         "%s: the snapshot of request %" PRIu64
                         " is of other requests than those in the journal before it",
                         folder, sequence);
}

int hr_recovery_fits(const char *folder, uint64_t sequence, uint32_t history)
{
    struct hr_journal_reader *reader;
    const struct eut_request *requests;
    const struct hr_journal_end *end;
    uint64_t first;
    uint32_t count;
    int rc = hr_journal_reader_open(&reader, folder, sequence + 1);

    if (rc) {
        hr_error_clear();
        return rc == -ENOMEM ? rc : 0;
    }
    rc = hr_journal_read(reader, &requests, &count, &first);
    end = hr_journal_reader_end(reader);
    if (rc == 1 || (end->limits.markets && end->last == sequence)) {
        uint32_t there = rc == 1 ? hr_journal_reader_history(reader) : end->history;

        hr_error_clear();
        rc = fits(folder, sequence, history, there);
    } else if (rc != -ENOMEM) {
        hr_error_clear(); /* damage is told by who reads the journal for its own sake */
        rc = 0;
    }
    hr_journal_reader_close(reader);
    return rc;
}

static int replay(struct hr_recovery *r, const struct hr_recovery_params *params)
{
    struct hr_journal_reader *reader;
    const struct eut_request *requests;
    uint64_t first;
    uint32_t count;
    int rc = hr_journal_reader_open(&reader, params->folder, r->reached + 1);

    if (rc == -ENOENT && r->self) {
        lose(r, 0, hr_error());
        return 0;
    }
    if (rc) {
        if (rc == -EBADMSG && r->self) {
            lose(r, 0, hr_error());
            return 0;
        }
        return rc;
    }
    while ((rc = hr_journal_read(reader, &requests, &count, &first)) == 1) {
        if (r->replayed == 0) {
            rc = fits(params->folder, r->reached, r->history, hr_journal_reader_history(reader));
            if (rc) {
                break;
            }
            r->history = hr_journal_reader_history(reader);
        }
        if (params->most && first + count - 1 > params->most) {
            count = first > params->most ? 0 : (uint32_t)(params->most - first + 1);
        }
        rc = be_ready(r, &hr_journal_reader_end(reader)->limits);
        rc = rc ? rc : stopped(r);
        rc = rc ? rc : submit_all(r, requests, count);
        if (rc || (params->most && r->reached >= params->most)) {
            break;
        }
    }
    r->journal = *hr_journal_reader_end(reader);
    if (rc == -EBADMSG && (r->self || r->journal.limits.markets)) {
        rc = r->self ? 0 : be_ready(r, &r->journal.limits);
        lose(r, hr_journal_reader_beyond(reader), hr_error());
    } else if (rc >= 0) {
        r->has_journal = true;
        rc = r->self ? 0 : be_ready(r, &r->journal.limits); /* nothing was requested yet */
        if (rc == 0 && r->journal.last < r->reached) {
            char why[128];

            snprintf(why, sizeof(why),
                     "the journal ends at request %" PRIu64 ", before the snapshot",
                     r->journal.last);
            lose(r, 0, why);
            r->has_journal = false;
        } else if (rc == 0 && r->replayed == 0) {
            rc = fits(params->folder, r->reached, r->history, r->journal.history);
            r->history = r->journal.history;
        }
    }
    hr_journal_reader_close(reader);
    return rc;
}

struct hr_snapshot_source hr_recovery_source(const struct hr_recovery *r)
{
    return (struct hr_snapshot_source){.engine = r->engine,
                                       .self = r->self,
                                       .limits = r->limits,
                                       .digests = &r->digests,
                                       .sequence = r->reached,
                                       .history = r->history};
}

static int restore_and_replay(struct hr_recovery *r, const struct hr_recovery_params *params,
                              uint64_t *replay_from_ns)
{
    uint64_t most = params->snapshot_most;
    int rc, strangers = 0;

    for (;;) {
        rc = restore_newest(r, params, most);
        *replay_from_ns = hr_clock_ns();
        if (rc < 0) {
            return rc;
        }
        if (strangers && rc == 0) {
            return hr_fail(EBADMSG,
                           "%s: %d snapshot%s not of this journal's requests, and none is: one of "
                           "the two is from elsewhere (headroom recover --journal-only believes "
                           "the journal)",
                           params->folder, strangers, strangers == 1 ? " is" : "s are");
        }
        rc = params->most && r->reached == params->most
                 ? hr_recovery_fits(params->folder, r->reached, r->history)
                 : replay(r, params);
        if (rc != -ESTALE) {
            return rc;
        }
        note(params, "a snapshot is passed over: %s", hr_error());
        hr_error_clear();
        strangers++;
        most = r->snapshot - 1;
        forget(r);
    }
}

int hr_recover(struct hr_recovery *r, const struct hr_recovery_params *params)
{
    struct hr_snapshot_source source;
    uint64_t start_ns = hr_clock_ns(), middle_ns;
    int rc;

    *r = (struct hr_recovery){.engine = params->engine};
    rc = restore_and_replay(r, params, &middle_ns);
    r->snapshot_ns = middle_ns - start_ns;
    r->replay_ns = hr_clock_ns() - middle_ns;
    if (rc >= 0) {
        source = hr_recovery_source(r);
        r->digest = hr_event_digests_total(&r->digests);
        rc = hr_state_root_of(&source, params->threads, r->root);
    }
    if (rc < 0) {
        hr_recovery_free(r);
    }
    return rc < 0 ? rc : 0;
}

void hr_recovery_free(struct hr_recovery *r)
{
    forget(r);
}
