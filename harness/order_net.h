/*
 * order_net.h - both sides of a link at work: a server's process with an engine, and this process's
 * clients.
 *
 * Threads: one. Errors: a negative errno with hr_error().
 */
#ifndef HR_ORDER_NET_H
#define HR_ORDER_NET_H

#include "harness/order_client.h"
#include "harness/order_server.h"

/* Orders given to the engine at once, at most: what has come is not held back for more. */
#define HR_NET_BATCH_MAX 1024u
/* What sides of two programs commit at once, at most: both must say the same. */
#define HR_NET_REMOTE_BYTES (2 * HR_NET_BATCH_MAX * 64u)

struct hr_net_params {
    const struct hr_link_ops *ops;
    const struct eut_engine *engine;
    struct eut_limits limits;   /* batch_max is set here */
    struct hr_link_params link; /* message_bytes is set here */
    uint32_t batch;             /* orders in a message, at most */
    uint32_t window; /* orders that a client sends ahead of their answers; at least batch */
    int server_cpu;  /* -1: anywhere */
    bool shares_cpu; /* with its clients' thread: it is theirs when there is nothing to do */
};

struct hr_net {
    struct hr_link *link;
    struct hr_server server;
    struct hr_clients *clients;
    uint32_t markets;
};

/* The server's process, then the clients. Who opens several has all processes made first: a link's
 * clients may have threads, and what a process that is forked beside them inherits is half done. */
int hr_net_open(struct hr_net *net, const struct hr_net_params *params);
int hr_net_serve(struct hr_net *net, const struct hr_net_params *params);
int hr_net_connect(struct hr_net *net, const struct hr_net_params *params); /* closes it if it cannot */
/* Accepts what was never opened, if it is zero. */
void hr_net_close(struct hr_net *net);

/* The market's client: all orders of a market must come from one, or nobody could say in which
 * order they were meant. */
static inline uint32_t hr_net_client_of(uint32_t market, uint32_t clients)
{
    return market % clients;
}

/* One sequence of requests cut into one a client; owned by *cut. */
struct hr_net_cut {
    struct eut_request *requests;
    struct hr_client_tape *tapes;
};
int hr_net_cut(struct hr_net_cut *cut, const struct eut_request *requests, uint64_t count,
               uint32_t clients);
void hr_net_cut_free(struct hr_net_cut *cut);

#endif
