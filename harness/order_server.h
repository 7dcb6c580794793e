/*
 * order_server.h - an engine behind a link, in a process of its own.
 *
 * The server takes the orders of all connections as they come, a batch at a time, gives them to one
 * engine, and sends every event back to the connection whose order caused it. Who sends what is no
 * order is cut off; who does not read is no longer listened to (or, where the transport cannot hold
 * him back, cut off once too much waits for him); the others go on. It answers its parent over a
 * channel of its own, and its clients' questions (wire.h) over theirs, and ends when the parent's
 * channel closes.
 *
 * Threads: hr_server_start() must come before other threads of the program use the link; the parent
 * side belongs to one thread. Errors: a negative errno with hr_error().
 */
#ifndef HR_ORDER_SERVER_H
#define HR_ORDER_SERVER_H

#include "engine-under-test/engine.h"
#include "harness/link_many.h"

#include <sys/types.h>

struct hr_server_params {
    struct hr_link *link; /* listening; both processes have it, each its own side */
    const struct eut_engine *engine;
    struct eut_limits limits; /* batch_max: orders given to the engine at once */
    int cpu;                  /* -1: anywhere */
    bool ports;      /* the link is of hr_link_many(); its counts and the memory are wanted */
    bool timed;      /* what each batch took is wanted */
    bool renew;      /* a client may have a new engine made */
    bool shares_cpu; /* gives it away when there is nothing to do */
};

/* Of an order: from when it was taken off the link until its events were on their way. Each bucket
 * counts those of at most hr_server_bucket_ns(i), and more than the one before; the last one the
 * rest. */
#define HR_SERVER_BUCKETS 25u
static inline uint64_t hr_server_bucket_ns(uint32_t i)
{
    return UINT64_C(1000) << i;
}

/* received = accepted + rejected; what was answered for them is events. */
struct hr_server_counts {
    uint64_t received, accepted, rejected, events, trades;
    uint64_t batches;                 /* given to the engine */
    uint64_t connections, ended, cut; /* came; left by themselves; were cut off */
    uint64_t waiting_bytes_max;       /* of events that one connection did not read at once */
    uint64_t digest;                  /* the engine's */
    uint64_t switches;                /* of the server's thread, against its will */
    uint64_t bad;                     /* were cut off for bytes that are no orders */
    uint64_t lost, duplicated;        /* orders, by the numbers that their clients gave them */
    uint64_t waiting_bytes;           /* of events, for connections that do not read, now */
    uint64_t resident_bytes,
        engine_bytes; /* of the process; grown since before the engine was made */
    uint64_t engines; /* made */
    uint64_t latency[HR_SERVER_BUCKETS], latency_ns; /* if timed: orders, and the sum of all */
    uint32_t port_count;
    struct hr_port_counts ports[HR_PORTS_MAX];
};

struct hr_server {
    pid_t pid;
    int control;
    unsigned owed; /* answers that were asked for and have not come: an ask() was given up */
    bool patient;  /* an answer is waited for although the program is to end */
};

/* The server's part, in the calling process: until the parent's channel says so, or with control -1
 * until the link's poll() fails. *counts: what it counted; may be NULL. For the server's process
 * and for tests. */
int hr_server_run(const struct hr_server_params *params, int control,
                  struct hr_server_counts *counts);

/* Starts the process and waits until its engine is there. */
int hr_server_start(struct hr_server *server, const struct hr_server_params *params);
/* -EPIPE if it is no more, -ETIMEDOUT if its engine did not come back from a call for so long,
 * -EINTR if it is silent and the program is to end. */
#define HR_SERVER_ANSWER_MS 30000
int hr_server_ask(struct hr_server *server, struct hr_server_counts *counts);
/* The same without the digest, for which an engine may have to look at all its markets. */
int hr_server_look(struct hr_server *server, struct hr_server_counts *counts);
/* Ends the process, if it still runs, and waits for it. May be called twice. */
void hr_server_stop(struct hr_server *server);

#endif
