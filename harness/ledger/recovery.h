/*
 * recovery.h - a ledger folder's last good state: the newest good snapshot and the journal behind
 * it.
 *
 * Resting orders of a snapshot are submitted to a fresh engine as day orders, in the order of
 * walk(), oldest first within a price (L2: as quotes): each must be accepted as it is. The engine's
 * own digest begins anew then, so the markets' digests are the host's, and go on where the
 * snapshot's ended. That the restored books are those under the snapshot's root is looked at before
 * anything else is done. Then every request of the journal behind it is submitted again: an engine
 * is a function of its requests.
 *
 * A snapshot that does not check, or is of other requests than those in the journal (their history,
 * journal_format.h), is passed over, and told. If all that is wrong with the snapshots is that they
 * are of others, nobody can say who is right, and nothing is handed out. Without a snapshot the
 * journal is replayed from its first request, if it is still there. Where the journal ends in a
 * torn tail, everything that was acknowledged is reached. Where it is damaged, recovery stops
 * before the damage, at a state that was right then, and says which requests are lost. So it either
 * reaches the last acknowledged request or says what is missing, and never hands out a book that
 * was not there.
 *
 * Threads: one. Errors: a negative errno with hr_error(), when there is nothing to hand out; -EINTR
 * when a stop was asked for (progress.h).
 */
#ifndef HR_RECOVERY_H
#define HR_RECOVERY_H

#include "harness/ledger/journal_read.h"
#include "harness/ledger/snapshot.h"

/* Every field is set by the caller. */
struct hr_recovery_params {
    const char *folder;
    const struct eut_engine *engine;
    int threads;
    uint64_t most;          /* stop at this request; 0: at the last one */
    uint64_t snapshot_most; /* use no snapshot of a later request; UINT64_MAX: any, 0: none */
    /* What is told on the way, a line without a newline; may be NULL. */
    void (*note)(void *context, const char *line);
    void *context;
};

struct hr_recovery {
    const struct eut_engine *engine;
    void *self; /* with its books as they were behind request `reached` */
    struct eut_limits limits;
    struct hr_event_digests digests;
    uint64_t reached;
    uint32_t history;  /* of the requests up to it (journal_format.h); 0: unknown */
    uint64_t snapshot; /* request of the snapshot that was used; 0: none */
    uint64_t replayed; /* requests of the journal */
    uint64_t restored; /* resting orders of the snapshot */
    uint64_t snapshot_ns, replay_ns;
    bool has_journal; /* journal holds where it ends, for hr_journal_open() */
    struct hr_journal_end journal;
    /* What is missing: "" if nothing is. lost_last 0: nobody can say how many. */
    uint64_t lost_first, lost_last;
    char lost[1024];
    uint64_t digest; /* of all events up to `reached` */
    uint8_t root[HR_HASH_BYTES];
};

/* 0, also if something is lost: look at `lost`. */
int hr_recover(struct hr_recovery *recovery, const struct hr_recovery_params *params);
/* What hr_snapshot_write() takes; valid as long as the recovery. */
struct hr_snapshot_source hr_recovery_source(const struct hr_recovery *recovery);
void hr_recovery_free(struct hr_recovery *recovery); /* accepts a zeroed one */

/* 0: the journal in this folder is that of a snapshot of this request with this history, or it does
 * not reach there; -ESTALE with a message: it is another one's. */
int hr_recovery_fits(const char *folder, uint64_t sequence, uint32_t history);

/* A batch into an engine, its events into the digests. -EIO if the engine failed, -EPROTO if it
 * answered a request that is not in the batch. */
int hr_ledger_submit(const struct eut_engine *engine, void *self, struct hr_event_digests *digests,
                     const struct eut_request *requests, uint32_t count);

#endif
