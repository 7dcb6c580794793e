/*
 * path.h - how orders reach an engine: by call, ring, socket … One ops struct each.
 *
 * A driver submits batches and collects answers. Between open and close nothing allocates, locks,
 * logs or parses. A synchronous path answers HR_DONE; an asynchronous one HR_QUEUED, and HR_BUSY
 * when it cannot take the batch now: back-pressure is data. Faults, delays and traces are paths
 * wrapped around paths.
 *
 * Threads: one driving thread per path instance; a path may own others.
 */
#ifndef HR_PATH_H
#define HR_PATH_H

#include "engine-under-test/engine.h"

#include <stdbool.h>

enum hr_submit { HR_DONE, HR_QUEUED, HR_BUSY, HR_BROKEN /* hr_error() says why */ };

struct hr_link_way;
struct hr_path_params {
    const struct eut_engine *engine;
    struct eut_limits limits;
    uint32_t events_room; /* events per batch the driver wants kept; more are counted, then dropped */
    int cpu;              /* where the engine's thread runs, for paths that have one; -1 anywhere */
    const struct hr_link_way *way; /* of a link between processes (link.h); NULL: its usual one */
};

/* What came back for the oldest batch not yet collected. Valid until the next call on the path. */
struct hr_answer {
    const struct eut_event *events;
    uint32_t count;    /* events kept */
    uint64_t events_total;
    uint64_t trades;
};

struct hr_path;

struct hr_path_ops {
    const char *name, *summary;
    bool between_processes; /* the way is part of what is measured, and more than the harness */
    int (*available)(void); /* 0, or -errno with hr_error() saying why not on this host */
    int (*open)(struct hr_path **path, const struct hr_path_params *params);
    enum hr_submit (*submit)(struct hr_path *path, const struct eut_request *requests, uint32_t count);
    /* 1 and *answer, or 0 if none is ready, or -errno. */
    int (*collect)(struct hr_path *path, struct hr_answer *answer);
    int (*digest)(struct hr_path *path, uint64_t *digest);
    void (*close)(struct hr_path *path);
};

/* All paths, ended by NULL. */
extern const struct hr_path_ops *const hr_paths[];
const struct hr_path_ops *hr_path_find(const char *name); /* NULL with a message */

#endif
