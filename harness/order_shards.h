/*
 * order_shards.h - an engine's markets over several servers, each with a link and clients of its
 * own: what a host carries when every processor takes part.
 *
 * Client c of all belongs to shard c mod shards, and so do its markets (hr_net_client_of()), whose
 * events therefore stay in one order. With one shard the server has a processor of its own and the
 * caller's thread is the clients. With more, shard k's server and its clients' thread share the
 * processor cpus[k], and give it to each other whenever they have nothing to do: no core rests
 * while the other side is the slower one, and what is handed over is still in the cache.
 *
 * Threads: one; with more shards than one, each has a thread of its own from open() to close(),
 * since a link's side belongs to one. Errors: as order_client.h.
 */
#ifndef HR_ORDER_SHARDS_H
#define HR_ORDER_SHARDS_H

#include "harness/order_net.h"

struct hr_shards_net {
    struct hr_net *nets;
    struct hr_shards_crew *crew; /* NULL with one shard */
    uint32_t count, clients;
};

/* params: of all shards together, but for window and batch, which are a client's. cpus: one a
 * shard; NULL with one shard. Not more shards than clients. */
int hr_shards_net_open(struct hr_shards_net *net, const struct hr_net_params *params,
                       uint32_t shards, const int *cpus);
/* Accepts what was never opened, if it is zero. */
void hr_shards_net_close(struct hr_shards_net *net);

/* run->tapes: one for each client of all shards, as hr_net_cut() makes them. *ns: first start to
 * last end. */
int hr_shards_net_drive(struct hr_shards_net *net, const struct hr_clients_run *run, uint64_t *ns);

/* Sums; the longest waiting_bytes_max. */
int hr_shards_net_counts(struct hr_shards_net *net, struct hr_client_counts *clients,
                         struct hr_server_counts *servers);
/* Of the events that came back. */
uint64_t hr_shards_net_digest(const struct hr_shards_net *net);

#endif
