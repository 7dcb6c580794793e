/*
 * cluster.h - one tape over several ranks, a range of markets each.
 *
 * Rank 0 leads. Each node (a rank with an engine) owns a range of markets and builds its books from
 * its part of ONE tape, in the tape's order. Then either every node drives its own share (what the
 * nodes can do), or rank 0 routes: it takes the tape request by request, gathers a batch for each
 * owner, sends it and takes the answer (what a router in front of them leaves). A share is dealt
 * out by rank 0 before the clock starts, or made by its node: of a flow by_market each node makes
 * its markets' requests from seed and parameters, with an oracle of its own, and nobody sends any
 * (rank 0 has its own share already: it made the whole flow to prove it). Time is rank 0's clock,
 * from the first word to the last answer.
 *
 * Each node counts the requests it committed, and refuses one whose market is not its own, so an
 * order counts once; digests add up (engine.h), so their sum must be the oracle's for the whole
 * tape. Answers of a run that was given up are told by its number, and dropped.
 *
 * Threads: one a rank. Errors: 0, -EINTR, or a negative errno with hr_error() that names the rank.
 */
#ifndef HR_CLUSTER_H
#define HR_CLUSTER_H

#include "harness/path.h"
#include "harness/ranks.h"
#include "harness/workload.h"

#define HR_CLUSTER_ENGINES 2 /* under test, and the null engine */

/* What every rank has. */
struct hr_cluster_parts {
    const struct hr_path_ops *path;
    const struct eut_engine *engines[HR_CLUSTER_ENGINES]; /* NULL: not to be had on this host */
    char why[256];                                        /* and why */
    const struct eut_engine *oracle;                      /* for nodes that make their shares */
};

/* What the other ranks do until rank 0 sends them home, or is gone. */
void hr_cluster_serve(struct hr_ranks *ranks, const struct hr_cluster_parts *parts);

struct hr_cluster_run {
    struct hr_ranks *ranks;
    const struct hr_cluster_parts *parts;
    int engine; /* index of parts->engines */
    const struct hr_workload *workload;
    uint64_t steady; /* a prefix of it */
    uint32_t batch; /* orders a submit, and a message of the router; at most HR_CLUSTER_BATCH_MAX */
    int nodes, first_rank;  /* node i is rank first_rank + i; 0: rank 0 owns markets too */
    const uint32_t *bounds; /* node i owns markets bounds[i] … bounds[i + 1] - 1; all of them */
    bool routed;
    bool made;       /* by the nodes: the workload's flow is by_market, and not routed */
    uint32_t window; /* batches that may be on their way to one node */
    const int *cpus; /* of ranks on this host: rank r on cpus[r % cpus_count]; NULL: not pinned */
    int cpus_count;
    uint64_t
        silence_ns; /* a rank that answers nothing for so long, and 10 us an order, is given up */
};
#define HR_CLUSTER_BATCH_MAX 2000u

struct hr_cluster_result {
    uint64_t ns;
    uint64_t digest;                   /* sum over the nodes */
    uint64_t requests, events, trades; /* as the nodes counted them */
    uint64_t acked;                    /* as rank 0 did, if it routed; else requests */
    uint64_t requests_max;             /* of the node with most */
    uint64_t busy_max_ns, busy_sum_ns; /* each node's own time in its engine */
    int64_t switches;                  /* involuntary, of all nodes */
};
int hr_cluster_run(const struct hr_cluster_run *run, struct hr_cluster_result *result);

/* `count` messages of `bytes` to a rank. window 1: each is sent back whole before the next one, and
 * samples_ns[i] is its round trip; more: only their receipt is told, *ns is the time of all. */
int hr_cluster_ping(struct hr_ranks *ranks, int to, uint32_t bytes, uint32_t count, uint32_t window,
                    uint64_t *samples_ns, uint64_t *ns);

#endif
