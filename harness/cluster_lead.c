/*
 * cluster_lead.c - what do several nodes carry together, and what does a router before them leave?
 *
 * Rank 0's part: it cuts the tape by the owners of its markets, deals it out or has it made, starts
 * the clock, lets the nodes drive their shares or routes order by order, and adds up what they say.
 * An answer that does not come in time ends the run with the rank's name.
 */
#include "harness/cluster_messages.h"

#include "harness/clock.h"
#include "harness/error.h"
#include "harness/flow_stream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_ORDER 10000u
#define DEAL 1024u /* requests of a PART */

/* A batch that fills up, and what of a node is still out. */
struct to_node {
    struct eut_request *gathered;
    uint32_t used;
    uint32_t outstanding;
    uint64_t load, steady;
    bool answered;
};

struct lead {
    const struct hr_cluster_run *run;
    struct hr_cluster_result *result;
    struct hr_cluster_node own; /* if rank 0 is a node */
    struct hr_cluster_message *in, *out;
    struct to_node *nodes;
    uint16_t *owner; /* of each market */
    uint32_t number;
    uint64_t heard_ns, patience_ns;
};

static uint32_t runs; /* so far, in this process */

static int rank_of(const struct lead *l, int node)
{
    return l->run->first_rank + node;
}

static int say(struct lead *l, int node, uint32_t kind, uint32_t count, size_t body)
{
    int rc;

    l->out->head = (struct hr_cluster_head){.kind = kind, .run = l->number, .count = count};
    rc = hr_ranks_send(l->run->ranks, rank_of(l, node), l->out, sizeof(l->out->head) + body);
    l->heard_ns = hr_clock_ns();
    return rc;
}

static int silent(const struct lead *l)
{
    for (int i = 0; i < l->run->nodes; i++) {
        int rank = rank_of(l, i);

        if (rank > 0 && (l->nodes[i].outstanding || !l->nodes[i].answered)) {
            hr_ranks_give_up(l->run->ranks, rank);
            return hr_fail(ETIMEDOUT,
                           "rank %d of %d (host %s, process %ld) has not answered for %.0f s", rank,
                           hr_ranks_size(l->run->ranks), hr_ranks_host(l->run->ranks, rank),
                           hr_ranks_process(l->run->ranks, rank), (double)l->patience_ns / 1e9);
        }
    }
    return hr_fail(ETIMEDOUT, "no rank answers");
}

/* The next answer of this run: its node, or -errno. -EAGAIN: none is here. */
static int hear(struct lead *l)
{
    int from, rc = hr_ranks_receive(l->run->ranks, &from, l->in);

    if (rc < 0) {
        return rc;
    }
    if (rc == 0) {
        return hr_clock_ns() - l->heard_ns > l->patience_ns ? silent(l) : -EAGAIN;
    }
    l->heard_ns = hr_clock_ns();
    if (l->in->head.run != l->number || from < l->run->first_rank ||
        from >= rank_of(l, l->run->nodes)) {
        return -EAGAIN; /* of a run that was given up */
    }
    if (l->in->head.kind == HR_CLUSTER_FAILED) {
        return hr_fail(EIO, "rank %d of %d (host %s): %.500s", from, hr_ranks_size(l->run->ranks),
                       hr_ranks_host(l->run->ranks, from), l->in->body.text);
    }
    return from - l->run->first_rank;
}

static void add_done(struct lead *l, const struct hr_cluster_done *done)
{
    struct hr_cluster_result *r = l->result;

    r->digest += done->digest;
    r->requests += done->requests;
    r->events += done->events;
    r->trades += done->trades;
    r->requests_max = done->requests > r->requests_max ? done->requests : r->requests_max;
    r->busy_max_ns = done->ns > r->busy_max_ns ? done->ns : r->busy_max_ns;
    r->busy_sum_ns += done->ns;
    r->switches += done->switches;
}

/* Waits until every other node answered `kind`; DONE is added up. */
static int await_all(struct lead *l, uint32_t kind)
{
    int missing = 0;

    for (int i = 0; i < l->run->nodes; i++) {
        l->nodes[i].answered = rank_of(l, i) == 0;
        missing += !l->nodes[i].answered;
    }
    for (unsigned idle = 0; missing;) {
        int node = hear(l);

        if (node == -EAGAIN) {
            hr_ranks_rest(idle);
            idle += idle < 20000; /* the time of the last answer is read: no long sleep */
            continue;
        }
        if (node < 0) {
            return node;
        }
        idle = 0;
        if (l->in->head.kind == kind && !l->nodes[node].answered) {
            l->nodes[node].answered = true;
            missing--;
            if (kind == HR_CLUSTER_DONE) {
                add_done(l, &l->in->body.done);
            }
        }
    }
    return 0;
}

/* ---- before the clock -------------------------------------------------------------- */

static void count_parts(struct lead *l)
{
    const struct hr_tape *tape = l->run->workload->tape;

    for (int i = 0; i < l->run->nodes; i++) {
        for (uint32_t m = l->run->bounds[i]; m < l->run->bounds[i + 1]; m++) {
            l->owner[m] = (uint16_t)i;
        }
    }
    for (int i = 0; i < l->run->nodes; i++) {
        l->nodes[i].load = hr_flow_load_of(&tape->params, l->run->bounds[i], l->run->bounds[i + 1]);
    }
    for (uint64_t i = 0; i < l->run->steady; i++) {
        l->nodes[l->owner[tape->steady_requests[i].market]].steady++;
    }
}

/* As in shards.c: books for the node's share of the orders, with room for the flow's swing. */
static struct hr_cluster_open open_of(const struct lead *l, int node)
{
    const struct hr_cluster_run *run = l->run;
    const struct hr_tape *tape = run->workload->tape;
    const struct to_node *n = l->nodes + node;
    double share = tape->load ? (double)n->load / (double)tape->load : 1;
    struct hr_cluster_open open = {.limits = hr_flow_limits(&tape->params, run->batch),
                                   .load = n->load,
                                   .steady = run->routed ? 0 : n->steady,
                                   .engine = (uint32_t)run->engine,
                                   .batch = run->batch,
                                   .first = run->bounds[node],
                                   .end = run->bounds[node + 1],
                                   .cpu = -1,
                                   .made = run->made && rank_of(l, node) != 0};

    if (run->nodes > 1) {
        open.limits.orders = (uint64_t)((double)open.limits.orders * share * 1.1) + 65536;
        open.limits.levels = (uint64_t)((double)open.limits.levels * share * 1.1) + 65536;
    }
    if (run->cpus && run->cpus_count) {
        open.cpu = run->cpus[rank_of(l, node) % run->cpus_count];
    }
    return open;
}

static int open_node(struct lead *l, int node)
{
    struct hr_cluster_open open = open_of(l, node);

    if (rank_of(l, node) == 0) {
        return hr_cluster_node_open(&l->own, &open);
    }
    l->out->body.open = open;
    return say(l, node, HR_CLUSTER_OPEN, 0, sizeof(open));
}

static int deal_out(struct lead *l, int node, uint32_t kind)
{
    struct to_node *n = l->nodes + node;
    uint32_t count = n->used;

    n->used = 0;
    if (count == 0) {
        return 0;
    }
    if (rank_of(l, node) == 0) {
        return hr_cluster_node_part(&l->own, n->gathered, count);
    }
    memcpy(l->out->body.requests, n->gathered, count * sizeof(*n->gathered));
    return say(l, node, kind, count, count * sizeof(*n->gathered));
}

static int deal(struct lead *l, const struct eut_request *requests, uint64_t count)
{
    int rc = 0;

    for (uint64_t i = 0; i < count && rc == 0; i++) {
        int node = l->owner[requests[i].market];
        struct to_node *n = l->nodes + node;

        n->gathered[n->used++] = requests[i];
        rc = n->used == DEAL ? deal_out(l, node, HR_CLUSTER_PART) : 0;
    }
    for (int i = 0; i < l->run->nodes && rc == 0; i++) {
        rc = deal_out(l, i, HR_CLUSTER_PART);
    }
    return rc;
}

static int deal_all(struct lead *l)
{
    const struct hr_tape *tape = l->run->workload->tape;
    int rc = deal(l, tape->requests, tape->load);

    return rc || l->run->routed ? rc : deal(l, tape->steady_requests, l->run->steady);
}

static int take_own(void *context, const struct eut_request *requests, uint32_t count)
{
    struct lead *l = context;

    return hr_cluster_node_part(&l->own, requests, count);
}

/* Rank 0 made the whole flow to prove it: its own share is there. */
static int cut_own(struct lead *l)
{
    const struct hr_tape *tape = l->run->workload->tape;
    int rc =
        hr_flow_stream_load(&tape->params, l->run->bounds[0], l->run->bounds[1], DEAL, take_own, l);

    for (uint64_t i = 0; i < l->run->steady && rc == 0; i++) {
        if (l->owner[tape->steady_requests[i].market] == 0) {
            rc = hr_cluster_node_part(&l->own, tape->steady_requests + i, 1);
        }
    }
    return rc;
}

/* The others make theirs meanwhile. */
static int have_made(struct lead *l)
{
    struct hr_cluster_make make = {.flow = l->run->workload->tape->params,
                                   .steady = l->run->steady};
    int rc = 0;

    for (int i = 0; i < l->run->nodes && rc == 0; i++) {
        l->out->body.make = make;
        rc = rank_of(l, i) == 0 ? 0 : say(l, i, HR_CLUSTER_MAKE, 0, sizeof(make));
    }
    return rc || l->run->first_rank ? rc : cut_own(l);
}

static int prepare(struct lead *l)
{
    int rc = 0;

    count_parts(l);
    for (int i = 0; i < l->run->nodes && rc == 0; i++) {
        rc = open_node(l, i);
    }
    rc = rc ? rc : l->run->made ? have_made(l) : deal_all(l);
    for (int i = 0; i < l->run->nodes && rc == 0; i++) {
        rc = rank_of(l, i) == 0 ? 0 : say(l, i, HR_CLUSTER_LOAD, 0, 0);
    }
    if (rc == 0 && l->run->first_rank == 0) {
        rc = hr_cluster_node_load(&l->own);
    }
    return rc ? rc : await_all(l, HR_CLUSTER_READY);
}

/* ---- every node its share ---------------------------------------------------------- */

static int go(struct lead *l)
{
    struct hr_cluster_done done;
    uint64_t started_ns = hr_clock_ns();
    int rc = 0;

    for (int i = 0; i < l->run->nodes && rc == 0; i++) {
        rc = rank_of(l, i) == 0 ? 0 : say(l, i, HR_CLUSTER_GO, 0, 0);
    }
    if (rc == 0 && l->run->first_rank == 0) {
        rc = hr_cluster_node_go(&l->own);
        rc = rc ? rc : hr_cluster_node_finish(&l->own, &done);
        if (rc == 0) {
            add_done(l, &done);
        }
    }
    rc = rc ? rc : await_all(l, HR_CLUSTER_DONE);
    l->result->ns = hr_clock_ns() - started_ns;
    l->result->acked = l->result->requests;
    return rc;
}

/* ---- a router ---------------------------------------------------------------------- */

/* Takes what acknowledgements are here: how many, or -errno. */
static int take_acks(struct lead *l)
{
    int taken = 0, node;

    while ((node = hear(l)) >= 0) {
        if (l->in->head.kind == HR_CLUSTER_ACK) {
            l->result->acked += l->in->body.done.requests;
            l->nodes[node].outstanding--;
            taken++;
        }
    }
    return node == -EAGAIN ? taken : node;
}

static int await_room(struct lead *l, int node, uint32_t most)
{
    int rc = 0;

    for (unsigned idle = 0; l->nodes[node].outstanding > most && rc >= 0;) {
        rc = take_acks(l);
        if (rc == 0) {
            hr_ranks_rest(idle);
            idle += idle < 20000;
        } else {
            idle = 0;
        }
    }
    return rc < 0 ? rc : 0;
}

static int route_out(struct lead *l, int node)
{
    struct to_node *n = l->nodes + node;
    struct hr_cluster_done ack;
    int rc;

    if (rank_of(l, node) == 0) {
        rc = n->used ? hr_cluster_node_batch(&l->own, n->gathered, n->used, &ack) : 0;
        l->result->acked += rc || !n->used ? 0 : ack.requests;
        n->used = 0;
        return rc;
    }
    if (n->used == 0) {
        return 0;
    }
    rc = await_room(l, node, l->run->window - 1);
    n->outstanding++;
    return rc ? rc : deal_out(l, node, HR_CLUSTER_BATCH);
}

static int route(struct lead *l)
{
    const struct eut_request *requests = l->run->workload->tape->steady_requests;
    struct hr_cluster_done done;
    uint64_t started_ns = hr_clock_ns();
    int rc = 0;

    for (uint64_t i = 0; i < l->run->steady && rc == 0; i++) {
        int node = l->owner[requests[i].market];
        struct to_node *n = l->nodes + node;

        n->gathered[n->used++] = requests[i];
        rc = n->used == l->run->batch ? route_out(l, node) : 0;
    }
    for (int i = 0; i < l->run->nodes && rc == 0; i++) {
        rc = route_out(l, i);
    }
    for (int i = 0; i < l->run->nodes && rc == 0; i++) {
        rc = await_room(l, i, 0);
    }
    l->result->ns = hr_clock_ns() - started_ns;
    for (int i = 0; i < l->run->nodes && rc == 0; i++) {
        rc = rank_of(l, i) == 0 ? 0 : say(l, i, HR_CLUSTER_FINISH, 0, 0);
    }
    if (rc == 0 && l->run->first_rank == 0) {
        rc = hr_cluster_node_finish(&l->own, &done);
        if (rc == 0) {
            add_done(l, &done);
        }
    }
    return rc ? rc : await_all(l, HR_CLUSTER_DONE);
}

/* ---- a run ------------------------------------------------------------------------- */

static int begin(struct lead *l, const struct hr_cluster_run *run, struct hr_cluster_result *result)
{
    size_t room = run->batch > DEAL ? run->batch : DEAL;

    memset(l, 0, sizeof(*l));
    memset(result, 0, sizeof(*result));
    if (run->batch > HR_CLUSTER_BATCH_MAX) {
        return hr_fail(EINVAL, "a batch of %u orders: ranks take at most %u in a message",
                       run->batch, HR_CLUSTER_BATCH_MAX);
    }
    if (run->made && (run->routed || !run->workload->tape->params.by_market)) {
        return hr_fail(EINVAL, "only shares of a flow by_market are made by the nodes");
    }
    if (!run->made && !run->workload->tape->requests) {
        return hr_fail(EINVAL, "a flow whose books were not recorded cannot be dealt out");
    }
    l->run = run;
    l->result = result;
    l->own.parts = run->parts;
    l->number = ++runs;
    l->heard_ns = hr_clock_ns();
    l->patience_ns = run->silence_ns + NS_PER_ORDER * (run->workload->tape->load + run->steady);
    l->in = malloc(sizeof(*l->in));
    l->out = calloc(1, sizeof(*l->out));
    l->nodes = calloc((size_t)run->nodes, sizeof(*l->nodes));
    l->owner = malloc(run->workload->tape->params.markets * sizeof(*l->owner));
    for (int i = 0; l->nodes && i < run->nodes; i++) {
        l->nodes[i].gathered = malloc(room * sizeof(struct eut_request));
        if (!l->nodes[i].gathered) {
            return hr_fail(ENOMEM, "no memory to lead %d nodes", run->nodes);
        }
    }
    return l->in && l->out && l->nodes && l->owner
               ? 0
               : hr_fail(ENOMEM, "no memory to lead %d nodes", run->nodes);
}

/* The books of the others are given back, whatever came of the run. */
static void finish(struct lead *l)
{
    for (int i = 0; l->nodes && l->out && i < l->run->nodes; i++) {
        if (rank_of(l, i) > 0 && hr_ranks_lost(l->run->ranks) < 0) {
            l->out->head = (struct hr_cluster_head){.kind = HR_CLUSTER_CLOSE, .run = l->number};
            hr_ranks_send(l->run->ranks, rank_of(l, i), l->out, sizeof(l->out->head));
        }
        free(l->nodes[i].gathered);
    }
    hr_cluster_node_close(&l->own);
    free(l->nodes);
    free(l->owner);
    free(l->in);
    free(l->out);
}

int hr_cluster_run(const struct hr_cluster_run *run, struct hr_cluster_result *result)
{
    char why[HR_ERROR_MAX];
    struct lead l;
    int rc = begin(&l, run, result);

    rc = rc ? rc : prepare(&l);
    rc = rc ? rc : run->routed ? route(&l) : go(&l);
    snprintf(why, sizeof(why), "%s", hr_error());
    finish(&l);
    hr_error_clear();
    return rc && *why ? hr_fail(-rc, "%s", why) : rc;
}

int hr_cluster_ping(struct hr_ranks *ranks, int to, uint32_t bytes, uint32_t count, uint32_t window,
                    uint64_t *samples_ns, uint64_t *ns)
{
    struct hr_cluster_message *out = calloc(1, sizeof(*out)), *in = malloc(sizeof(*in));
    uint64_t started_ns = hr_clock_ns(), sent_ns = started_ns;
    uint32_t sent = 0, back = 0, number = ++runs;
    int from, rc = out && in ? 0 : hr_fail(ENOMEM, "no memory for a message");

    for (unsigned idle = 0; rc >= 0 && back < count;) {
        if (sent < count && sent - back < window) {
            out->head = (struct hr_cluster_head){
                .kind = HR_CLUSTER_PING, .run = number, .count = window == 1};
            sent_ns = hr_clock_ns();
            rc = hr_ranks_send(ranks, to, out, sizeof(out->head) + bytes);
            sent++;
            continue;
        }
        rc = hr_ranks_receive(ranks, &from, in);
        if (rc == 0) {
            hr_ranks_rest(idle++);
        } else if (rc > 0 && in->head.run == number && in->head.kind == HR_CLUSTER_PONG) {
            if (samples_ns) {
                samples_ns[back] = hr_clock_ns() - sent_ns;
            }
            back++;
            idle = 0;
        }
    }
    *ns = hr_clock_ns() - started_ns;
    free(in);
    free(out);
    return rc < 0 ? rc : 0;
}
