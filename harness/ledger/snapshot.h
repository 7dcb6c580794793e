/*
 * snapshot.h - every market's state at one request, in one file that is whole or not there.
 *
 * Engine-agnostic: what is kept is what the public ABI shows, each market's resting orders by
 * walk() and the digest of its events, which the host kept (market_state.h). The file is written
 * beside its name, synced, renamed, and the folder synced. Its foot holds the state root.
 *
 * hr_snapshot_begin() forks: the child sees the books as they are at that moment and writes them
 * while the parent goes on. What that costs the parent is the fork itself (page tables), and a copy
 * of each page that it then writes to first: the stall that the suite `durability` measures.
 *
 * Threads: one at a time; the engine is walked by the calling thread (of the child), states are
 * hashed and compressed by `threads`. Errors: a negative errno with hr_error(). A snapshot that
 * fails, or is stopped by a signal (-EINTR, progress.h), leaves no file, and the ones before it as
 * they were.
 */
#ifndef HR_SNAPSHOT_H
#define HR_SNAPSHOT_H

#include "harness/ledger/ledger_files.h"
#include "harness/ledger/state_tree.h"

#include <stdbool.h>
#include <sys/types.h>

/* What a snapshot is of: valid, and unchanged, while it is taken. */
struct hr_snapshot_source {
    const struct eut_engine *engine;
    void *self;
    struct eut_limits limits;
    const struct hr_event_digests *digests;
    uint64_t sequence; /* of the last request that went in */
    uint32_t history;  /* of the journal up to it (hr_journal_history()); 0: there is none */
};

/* Every field is set by the caller. */
struct hr_snapshot_params {
    const char *folder; /* must be there */
    int threads;        /* at least 1 */
    int level;          /* of zstd: 1 fast … 19 small */
};

struct hr_snapshot_facts {
    char file[64]; /* its name, without folder */
    uint64_t sequence, digest;
    uint32_t history;
    struct eut_limits limits;
    uint64_t file_bytes, raw_bytes, resting, chunks;
    uint8_t root[HR_HASH_BYTES];
    uint64_t ns; /* taking or reading it took */
};

/* In this process. */
int hr_snapshot_write(const struct hr_snapshot_source *source,
                      const struct hr_snapshot_params *params, struct hr_snapshot_facts *facts);

/* In a child. One at a time each. */
struct hr_snapshotting {
    pid_t child; /* 0: none */
    int pipe;
    uint64_t fork_ns; /* what fork() took; without a child, what all of it took */
    bool here;        /* taken in this process: facts are there to be fetched */
    struct hr_snapshot_facts facts;
    char making[HR_LEDGER_PATH_MAX + 16]; /* what a child that dies would leave */
};
/* Does a child of this engine's process have its books? By its name: not if it is `device:…`, but
 * for device:host, which is plain C. */
bool hr_snapshot_forks(const struct eut_engine *engine);
int hr_snapshot_begin(struct hr_snapshotting *s, const struct hr_snapshot_source *source,
                      const struct hr_snapshot_params *params);
/* 1: it is there, and *facts are filled; 0: not yet (never if `wait`); -errno: it failed, as told.
 */
int hr_snapshot_end(struct hr_snapshotting *s, bool wait, struct hr_snapshot_facts *facts);
/* Ends a child that is not wanted any more; nothing of it is left. Accepts one that did not begin.
 */
void hr_snapshot_abandon(struct hr_snapshotting *s);

/* The state root of an engine, from its books as they are. */
int hr_state_root_of(const struct hr_snapshot_source *source, int threads,
                     uint8_t root[HR_HASH_BYTES]);

/* ---- reading ------------------------------------------------------------------------- */

struct hr_snapshot_visit {
    /* A whole market's state, in ascending order; other than 0 ends it. May be NULL. */
    int (*market)(void *context, const uint8_t *bytes, size_t size);
    /* Markets that did not come through, and why; NULL: the first one ends it, -EBADMSG. */
    void (*damaged)(void *context, uint32_t first, uint32_t last, const char *why);
    void *context;
    struct hr_state_tree **tree; /* where the tree over all states is left, the caller's; or NULL */
};
/* Checks everything that there is to check: every sum, every state's form, the digest and the root.
 * Nothing in the file is trusted. -EBADMSG if it is not what was written (also after `damaged` was
 * told): hr_error() has the first reason, with file, byte and markets. */
int hr_snapshot_read(const char *path, int threads, const struct hr_snapshot_visit *visit,
                     struct hr_snapshot_facts *facts);
/* The same for a file in memory, which is called `name`. */
int hr_snapshot_read_memory(const void *data, size_t size, const char *name, int threads,
                            const struct hr_snapshot_visit *visit, struct hr_snapshot_facts *facts);

#endif
