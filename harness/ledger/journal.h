/*
 * journal.h - every request on the disk before its answer counts: an append-only log of batches.
 *
 * Requests are numbered from 1, the sequence number. append() copies a batch into memory; a group
 * of batches goes to the file in one write and, but for HR_SYNC_NONE, one fdatasync. What
 * hr_journal_acknowledged() has reached survives: the end of the process by HR_SYNC_NONE, that and
 * a power cut by the others, as far as the disk keeps its word. The caller decides what it does
 * with an answer before it is acknowledged.
 *
 * Policies:
 *   HR_SYNC_NONE   written when a buffer is full, when group_ns have passed and at the end; not
 * synced HR_SYNC_BATCH  written and synced before append() returns HR_SYNC_GROUP  while a group is
 * being written and synced the next one gathers: it goes when the one before it is done and it is
 * group_ns old or group_bytes long
 *
 * With HR_IO_PWRITE a group is written by a thread of the journal's own, so that the caller matches
 * on; with HR_IO_URING (Linux) the kernel does it: two linked requests, a write and a sync. What is
 * to be awaited at once (HR_SYNC_BATCH, HR_SYNC_NONE) is pwrite() in the caller's thread, or the
 * ring.
 *
 * Errors: the first failure to write or sync (a full disk) ends the journal: it is told, with what
 * is acknowledged, by every later call. A failed sync is never repeated: the kernel may have
 * dropped what it could not write, and would say yes the second time (Rebello et al., "Can
 * Applications Recover from fsync Failures?", ATC 2020).
 *
 * Threads: one per journal, beside its own. After fork() only the parent may use it.
 */
#ifndef HR_JOURNAL_H
#define HR_JOURNAL_H

#include "harness/ledger/journal_read.h"

enum hr_sync { HR_SYNC_NONE, HR_SYNC_BATCH, HR_SYNC_GROUP };
enum hr_journal_io { HR_IO_PWRITE, HR_IO_URING };
extern const char *const hr_sync_names[3];                 /* "none", "batch", "group" */
extern const char *const hr_io_names[2];                   /* "pwrite", "uring" */
int hr_sync_parse(const char *name, enum hr_sync *sync);   /* -EINVAL with a message */
int hr_io_parse(const char *name, enum hr_journal_io *io); /* the same */
int hr_journal_io_available(enum hr_journal_io io);        /* 0, or -errno with the reason */

struct hr_journal;

/* Every field is set by the caller. */
struct hr_journal_params {
    const char *folder; /* must be there */
    struct eut_limits limits;
    enum hr_sync sync;
    enum hr_journal_io io;
    uint64_t group_ns;      /* 0: a group goes as soon as the one before it is done */
    uint64_t group_bytes;   /* at least 4 KiB, at most 64 MiB */
    uint64_t segment_bytes; /* a file is followed by the next one at this size: 64 KiB … 1 GiB */
    /* Whenever more is acknowledged, before the next group begins; in the caller's thread, within a
     * call of his. May be NULL. */
    void (*acknowledged)(void *context, const struct hr_journal *journal);
    void *context;
};

/* after: where the requests so far end (journal_read.h), or NULL: the folder must hold no journal.
 * A torn tail is cut off, and a new file begun behind it. -EEXIST, -ENOSPC … with a message. */
int hr_journal_open(struct hr_journal **journal, const struct hr_journal_params *params,
                    const struct hr_journal_end *after);
/* Sequence number of the last of them into *last, which may be NULL. */
int hr_journal_append(struct hr_journal *journal, const struct eut_request *requests,
                      uint32_t count, uint64_t *last);
/* Starts and ends groups that are due: to be called when there is nothing to append, too. */
int hr_journal_poll(struct hr_journal *journal);
/* All that was appended is acknowledged (HR_SYNC_NONE: written). */
int hr_journal_commit(struct hr_journal *journal);
uint64_t hr_journal_acknowledged(const struct hr_journal *journal); /* 0: nothing yet */
uint64_t hr_journal_appended(const struct hr_journal *journal);
/* CRC-32C of all requests that were appended, since the journal's first: what tells it from others.
 */
uint32_t hr_journal_history(const struct hr_journal *journal);

struct hr_journal_counts {
    uint64_t bytes, groups, syncs, files;
};
struct hr_journal_counts hr_journal_counts(const struct hr_journal *journal);
/* For tests of power cuts: the present file, and up to which byte of it everything was synced. */
const char *hr_journal_file(const struct hr_journal *journal, uint64_t *synced_bytes);

/* Commits and marks the end. Accepts NULL. The first failure, if there was one. */
int hr_journal_close(struct hr_journal *journal);
/* Without a word to the file: as if the process had died here. */
void hr_journal_drop(struct hr_journal *journal);

#endif
