/*
 * path_net.c - orders reach the engine through a link, as any path's do: what does the way cost?
 *
 * One client in the driver's thread, the engine in the server's process. A batch is one message;
 * batches are answered in turn, so an answer is whole when its last order is acked. The digest is
 * the engine's, and only given if the events that came back fold to the same. Several clients are
 * the network suite's, which uses the link without this.
 */
#include "harness/error.h"
#include "harness/order_net.h"
#include "harness/path.h"
#include "harness/wire.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Batches under way. */
#define BATCHES_MAX 64u

struct batch {
    uint64_t end; /* sequence after its last order */
    struct hr_answer answer;
};

struct hr_path {
    struct hr_net net;
    bool ruler;            /* whose digest is not of its events */
    uint32_t room;         /* events kept of a batch */
    uint64_t sent, acked;  /* sequences */
    uint32_t first, count; /* batches under way: first, first + 1 … modulo BATCHES_MAX */
    uint32_t told;         /* of which events come now, from the first */
    struct batch batches[BATCHES_MAX];
    struct eut_event events[];
};

static int net_open(struct hr_path **out, const struct hr_path_params *params,
                    const struct hr_link_ops *ops)
{
    uint32_t room = params->events_room ? params->events_room : 1;
    struct hr_link_params link = {.clients = 1, .congestion = ""};
    struct hr_path *path =
        calloc(1, sizeof(*path) + (size_t)BATCHES_MAX * room * sizeof(struct eut_event));
    int rc;

    *out = NULL;
    if (!path) {
        return hr_fail(ENOMEM, "no memory for %u events of the path %s", room, ops->name);
    }
    path->room = room;
    link.way = params->way ? *params->way : link.way;
    path->ruler = (params->engine->capabilities & EUT_CAP_RULER) != 0;
    rc = hr_net_open(&path->net, &(struct hr_net_params){.ops = ops,
                                                         .engine = params->engine,
                                                         .limits = params->limits,
                                                         .link = link,
                                                         .batch = params->limits.batch_max,
                                                         .window = UINT32_MAX,
                                                         .server_cpu = params->cpu});
    if (rc) {
        free(path);
        return hr_context(rc, "path %s", ops->name);
    }
    *out = path;
    return 0;
}

static enum hr_submit net_submit(struct hr_path *path, const struct eut_request *requests,
                                 uint32_t count)
{
    uint32_t slot = (path->first + path->count) % BATCHES_MAX;
    int rc;

    if (path->count == BATCHES_MAX) {
        return HR_BUSY;
    }
    rc = hr_client_send(path->net.clients, 0, requests, count);
    if (rc <= 0) {
        return rc ? HR_BROKEN : HR_BUSY;
    }
    path->sent += count;
    path->batches[slot] = (struct batch){
        .end = path->sent + 1, .answer = {.events = path->events + (size_t)slot * path->room}};
    path->count++;
    return HR_QUEUED;
}

/* Events come in the order of the batches. */
static void keep(void *context, uint32_t c, const uint8_t *at, size_t count)
{
    struct hr_path *path = context;

    (void)c;
    for (size_t i = 0; i < count; i++, at += HR_WIRE_EVENT_BYTES) {
        struct batch *batch = path->batches + (path->first + path->told) % BATCHES_MAX;
        uint32_t slot = (path->first + path->told) % BATCHES_MAX;
        uint64_t begin = path->told ? path->batches[(slot + BATCHES_MAX - 1) % BATCHES_MAX].end
                                    : path->acked + 1;
        struct hr_wire_event e;

        if (path->told >= path->count) {
            return;
        }
        memcpy(&e, at, sizeof(e));
        if (e.kind != HR_WIRE_SILENT) {
            if (batch->answer.count < path->room) {
                path->events[(size_t)slot * path->room + batch->answer.count++] =
                    (struct eut_event){.order = e.order,
                                       .maker = e.maker,
                                       .price = e.price,
                                       .qty = e.qty,
                                       .request = (uint32_t)(e.sequence - begin),
                                       .kind = e.kind,
                                       .reason = e.reason};
            }
            batch->answer.events_total++;
            batch->answer.trades += e.kind == EUT_TRADE;
        }
        path->told += e.last && e.sequence + 1 == batch->end;
    }
}

static int net_collect(struct hr_path *path, struct hr_answer *answer)
{
    struct batch *batch;

    if (path->count && path->told == 0) {
        int64_t rc = hr_clients_receive(path->net.clients, keep, path);

        if (rc < 0) {
            return (int)rc;
        }
    }
    if (path->told == 0) {
        return 0;
    }
    batch = path->batches + path->first;
    *answer = batch->answer;
    path->acked = batch->end - 1;
    path->first = (path->first + 1) % BATCHES_MAX;
    path->count--;
    path->told--;
    return 1;
}

static int net_digest(struct hr_path *path, uint64_t *digest)
{
    struct hr_server_counts counts;
    int rc = hr_server_ask(&path->net.server, &counts);

    if (rc) {
        return rc;
    }
    *digest = counts.digest;
    if (!path->ruler && hr_clients_digest(path->net.clients) != counts.digest) {
        return hr_fail(EBADMSG, "the events that came back are not those that the engine made");
    }
    return 0;
}

static void net_close(struct hr_path *path)
{
    if (path) {
        hr_net_close(&path->net);
        free(path);
    }
}

/* clang-format off */
#define NET_PATH(link, text)                                                                       \
    extern const struct hr_link_ops hr_link_##link;                                                \
    extern const struct hr_path_ops hr_path_##link;                                                \
    static int link##_open(struct hr_path **path, const struct hr_path_params *params)             \
    {                                                                                              \
        return net_open(path, params, &hr_link_##link);                                            \
    }                                                                                              \
    static int link##_available(void)                                                              \
    {                                                                                              \
        return hr_link_##link.available();                                                         \
    }                                                                                              \
    const struct hr_path_ops hr_path_##link = {                                                    \
        .name = #link,                                                                             \
        .summary = text,                                                                           \
        .between_processes = true,                                                                 \
        .available = link##_available,                                                             \
        .open = link##_open,                                                                       \
        .submit = net_submit,                                                                      \
        .collect = net_collect,                                                                    \
        .digest = net_digest,                                                                      \
        .close = net_close,                                                                        \
    }
/* clang-format on */

NET_PATH(ring, "rings of shared memory, to a server in its own process");
NET_PATH(unix, "a UNIX socket, to a server in its own process");
NET_PATH(tcp, "TCP over loopback, to a server in its own process");
NET_PATH(uring, "TCP over loopback by io_uring, to a server in its own process");
NET_PATH(zmq, "ZeroMQ, DEALER to ROUTER, to a server in its own process");
NET_PATH(qtcp, "TCP over loopback, sealed with post-quantum keys");
NET_PATH(qzmq, "ZeroMQ, sealed with post-quantum keys");
