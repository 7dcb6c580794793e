/*
 * cluster_node.c - what a rank does: its markets' part of the tape, given or made by itself,
 * through its own engine.
 *
 * It trusts nobody about whose market an order is for. It cannot see the others.
 */
#include "harness/cluster_messages.h"

#include "harness/drive.h"
#include "harness/error.h"
#include "harness/flow_stream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_BATCHES 32u /* built at a time of what this rank makes */

int hr_cluster_node_open(struct hr_cluster_node *node, const struct hr_cluster_open *open)
{
    hr_cluster_node_close(node);
    node->open = *open;
    memset(&node->done, 0, sizeof(node->done));
    if (open->engine >= HR_CLUSTER_ENGINES || !node->parts->engines[open->engine]) {
        return hr_fail(ENODEV, "%s",
                       *node->parts->why ? node->parts->why : "this rank has no such engine");
    }
    if (open->cpu >= 0 && hr_thread_pin(open->cpu)) {
        hr_error_clear(); /* a processor that is not this process's: it runs where it may */
    }
    if (open->made) {
        return 0;
    }
    node->requests = malloc((open->load + open->steady + 1) * sizeof(*node->requests));
    return node->requests ? 0 : hr_fail(ENOMEM, "no memory for this rank's part of the tape");
}

static int check_owner(const struct hr_cluster_node *node, const struct eut_request *requests,
                       uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (requests[i].market < node->open.first || requests[i].market >= node->open.end) {
            return hr_fail(EPROTO, "an order for market %u came to the owner of %u to %u",
                           requests[i].market, node->open.first, node->open.end - 1);
        }
    }
    return 0;
}

int hr_cluster_node_part(struct hr_cluster_node *node, const struct eut_request *requests,
                         uint32_t count)
{
    int rc = check_owner(node, requests, count);

    if (rc == 0 &&
        (!node->requests || node->filled + count > node->open.load + node->open.steady)) {
        rc = hr_fail(EPROTO, "more orders came than were announced");
    }
    if (rc == 0) {
        memcpy(node->requests + node->filled, requests, count * sizeof(*requests));
        node->filled += count;
    }
    return rc;
}

static bool has_made(const struct hr_cluster_node *node, const struct hr_cluster_make *make)
{
    return node->made.steady_requests && node->made_first == node->open.first &&
           node->made_end == node->open.end && memcmp(&node->made_of, make, sizeof(*make)) == 0;
}

int hr_cluster_node_make(struct hr_cluster_node *node, const struct hr_cluster_make *make)
{
    const struct hr_cluster_open *open = &node->open;
    int rc = 0;

    if (!has_made(node, make)) {
        hr_tape_free(&node->made);
        if (!node->parts->oracle) {
            return hr_fail(ENODEV, "this rank has no oracle to make a flow with");
        }
        rc = hr_flow_stream_part(&node->made, &make->flow, make->steady, open->first, open->end,
                                 node->parts->oracle);
        node->made_of = *make;
        node->made_first = open->first;
        node->made_end = open->end;
    }
    if (rc == 0 && (node->made.load != open->load || node->made.steady != open->steady)) {
        rc = hr_fail(EPROTO, "%llu orders were made, and %llu announced",
                     (unsigned long long)(node->made.load + node->made.steady),
                     (unsigned long long)(open->load + open->steady));
    }
    return rc;
}

static struct hr_drive drive_of(const struct hr_cluster_node *node)
{
    return (struct hr_drive){
        .ops = node->parts->path, .path = node->path, .batch = node->open.batch};
}

static int build_chunk(void *context, const struct eut_request *requests, uint32_t count)
{
    struct hr_drive drive = drive_of(context);
    struct hr_drive_sum sum;

    return hr_drive_batches(&drive, requests, count, &sum);
}

int hr_cluster_node_load(struct hr_cluster_node *node)
{
    const struct hr_cluster_open *open = &node->open;
    struct hr_path_params params = {.engine = node->parts->engines[open->engine],
                                    .limits = open->limits,
                                    .events_room = open->batch * 4,
                                    .cpu = open->cpu};
    struct hr_drive_sum sum;
    struct hr_drive drive;
    int rc = node->parts->path->open(&node->path, &params);

    if (rc) {
        return rc;
    }
    if (open->made) {
        return hr_flow_stream_load(&node->made_of.flow, open->first, open->end,
                                   open->batch * CHUNK_BATCHES, build_chunk, node);
    }
    drive = drive_of(node);
    return hr_drive_batches(&drive, node->requests, open->load, &sum);
}

static void add(struct hr_cluster_node *node, const struct hr_drive_sum *sum)
{
    node->done.requests += sum->requests;
    node->done.events += sum->events;
    node->done.trades += sum->trades;
    node->done.ns += sum->ns;
}

int hr_cluster_node_go(struct hr_cluster_node *node)
{
    const struct eut_request *steady =
        node->open.made ? node->made.steady_requests : node->requests + node->open.load;
    struct hr_drive drive = drive_of(node);
    struct hr_disturbance before, after;
    struct hr_drive_sum sum;
    int rc;

    hr_disturbance_read(&before);
    rc = hr_drive_batches(&drive, steady, node->open.steady, &sum);
    hr_disturbance_read(&after);
    node->done.switches += after.switches_involuntary - before.switches_involuntary;
    if (rc == 0) {
        add(node, &sum);
    }
    return rc;
}

int hr_cluster_node_batch(struct hr_cluster_node *node, const struct eut_request *requests,
                          uint32_t count, struct hr_cluster_done *ack)
{
    struct hr_drive drive = drive_of(node);
    struct hr_drive_sum sum;
    int rc = node->path ? check_owner(node, requests, count)
                        : hr_fail(EPROTO, "orders came before the books were built");

    rc = rc ? rc : hr_drive_batches(&drive, requests, count, &sum);
    if (rc == 0) {
        add(node, &sum);
        *ack = (struct hr_cluster_done){
            .requests = sum.requests, .events = sum.events, .trades = sum.trades, .ns = sum.ns};
    }
    return rc;
}

int hr_cluster_node_finish(struct hr_cluster_node *node, struct hr_cluster_done *done)
{
    *done = node->done;
    return node->path ? node->parts->path->digest(node->path, &done->digest)
                      : hr_fail(EPROTO, "there are no books to tell of");
}

void hr_cluster_node_close(struct hr_cluster_node *node)
{
    if (node->path) {
        node->parts->path->close(node->path);
    }
    free(node->requests);
    node->path = NULL;
    node->requests = NULL;
    node->filled = 0;
}

void hr_cluster_node_free(struct hr_cluster_node *node)
{
    hr_cluster_node_close(node);
    hr_tape_free(&node->made);
}

/* ---- the loop of the other ranks --------------------------------------------------- */

struct serving {
    struct hr_ranks *ranks;
    struct hr_cluster_node node;
    struct hr_cluster_message *in, *out;
    uint32_t failed_run; /* after a failure the rest of that run is not heard */
    bool failed;
};

static int answer(struct serving *s, uint32_t kind, size_t body)
{
    s->out->head = (struct hr_cluster_head){.kind = kind, .run = s->in->head.run};
    return hr_ranks_send(s->ranks, 0, s->out, sizeof(s->out->head) + body);
}

static int answer_failure(struct serving *s)
{
    s->failed = true;
    s->failed_run = s->in->head.run;
    hr_cluster_node_close(&s->node);
    snprintf(s->out->body.text, sizeof(s->out->body.text), "%.500s", hr_error());
    hr_error_clear();
    return answer(s, HR_CLUSTER_FAILED, strlen(s->out->body.text) + 1);
}

/* What was asked; *kind is the answer's, or the question's if it has none, *body its bytes. */
static int work(struct serving *s, uint32_t *kind, size_t *body)
{
    const struct hr_cluster_message *in = s->in;

    *body = 0;
    *kind = in->head.kind;
    switch (in->head.kind) {
    case HR_CLUSTER_OPEN:
        return hr_cluster_node_open(&s->node, &in->body.open);
    case HR_CLUSTER_PART:
        return hr_cluster_node_part(&s->node, in->body.requests, in->head.count);
    case HR_CLUSTER_MAKE:
        return hr_cluster_node_make(&s->node, &in->body.make);
    case HR_CLUSTER_LOAD:
        *kind = HR_CLUSTER_READY;
        return hr_cluster_node_load(&s->node);
    case HR_CLUSTER_BATCH:
        *kind = HR_CLUSTER_ACK;
        *body = sizeof(s->out->body.done);
        return hr_cluster_node_batch(&s->node, in->body.requests, in->head.count,
                                     &s->out->body.done);
    case HR_CLUSTER_GO:
    case HR_CLUSTER_FINISH: {
        int rc = in->head.kind == HR_CLUSTER_GO ? hr_cluster_node_go(&s->node) : 0;

        *kind = HR_CLUSTER_DONE;
        *body = sizeof(s->out->body.done);
        return rc ? rc : hr_cluster_node_finish(&s->node, &s->out->body.done);
    }
    case HR_CLUSTER_CLOSE:
        hr_cluster_node_close(&s->node);
        return 0;
    default:
        return hr_fail(EPROTO, "rank 0 said something unknown: %u", in->head.kind);
    }
}

static int handle(struct serving *s, size_t bytes)
{
    const struct hr_cluster_head *head = &s->in->head;
    size_t body;
    uint32_t kind;
    int rc;

    if (head->kind == HR_CLUSTER_PING) {
        body = head->count ? bytes - sizeof(*head) : 0;
        memcpy(s->out->body.all, s->in->body.all, body);
        return answer(s, HR_CLUSTER_PONG, body);
    }
    if (s->failed && s->failed_run == head->run) {
        return 0;
    }
    rc = work(s, &kind, &body);
    if (rc) {
        return answer_failure(s);
    }
    return kind == head->kind ? 0 : answer(s, kind, body);
}

void hr_cluster_serve(struct hr_ranks *ranks, const struct hr_cluster_parts *parts)
{
    struct serving s = {.ranks = ranks,
                        .node = {.parts = parts},
                        .in = calloc(1, sizeof(*s.in)),
                        .out = calloc(1, sizeof(*s.out))};
    int from, rc = s.in && s.out ? 0 : -ENOMEM;

    for (unsigned idle = HR_RANKS_ASLEEP; rc >= 0;) {
        rc = hr_ranks_receive(ranks, &from, s.in);
        if (rc == 0) {
            hr_ranks_rest(idle);
            idle += idle < HR_RANKS_ASLEEP;
        }
        if (rc > 0) {
            /* Between runs it sleeps: the processor is for the ranks that are in one. */
            idle = s.in->head.kind == HR_CLUSTER_CLOSE ? HR_RANKS_ASLEEP : 0;
            rc = handle(&s, (size_t)rc);
        }
    }
    hr_cluster_node_free(&s.node);
    free(s.in);
    free(s.out);
}
