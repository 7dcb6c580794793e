/*
 * order_net.c - how are a server, a link and its clients put together, and taken apart again?
 *
 * The meeting point is made first, then the server's process, then the clients connect.
 */
#include "harness/order_net.h"

#include "harness/error.h"
#include "harness/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Events to an order, as a link's messages and rings are sized: more wait in the server. */
#define EVENTS_PER_ORDER 2u

int hr_net_serve(struct hr_net *net, const struct hr_net_params *params)
{
    struct hr_link_params link = params->link;
    struct hr_server_params server = {.engine = params->engine,
                                      .limits = params->limits,
                                      .cpu = params->server_cpu,
                                      .shares_cpu = params->shares_cpu};
    int rc;

    *net = (struct hr_net){.server = {.pid = -1, .control = -1}, .markets = params->limits.markets};
    link.message_bytes = params->batch * EVENTS_PER_ORDER * HR_WIRE_EVENT_BYTES;
    server.limits.batch_max =
        params->batch > HR_NET_BATCH_MAX ? params->batch : HR_NET_BATCH_MAX;
    rc = params->ops->listen(&net->link, &link);
    if (rc) {
        return rc;
    }
    net->link->ops = params->ops;
    server.link = net->link;
    rc = hr_server_start(&net->server, &server);
    if (rc) {
        hr_net_close(net);
    }
    return rc;
}

int hr_net_connect(struct hr_net *net, const struct hr_net_params *params)
{
    uint32_t window = params->window > params->batch ? params->window : params->batch;
    int rc = params->ops->join(net->link, false);

    rc = rc ? rc
            : hr_clients_new(&net->clients,
                             &(struct hr_clients_params){.link = net->link,
                                                         .markets = params->limits.markets,
                                                         .window = window});
    if (rc) {
        hr_net_close(net);
    }
    return rc;
}

int hr_net_open(struct hr_net *net, const struct hr_net_params *params)
{
    int rc = hr_net_serve(net, params);

    return rc ? rc : hr_net_connect(net, params);
}

void hr_net_close(struct hr_net *net)
{
    hr_clients_free(net->clients);
    if (net->link) {
        net->link->ops->close(net->link, HR_LINK_ALL);
    }
    if (net->server.pid > 0) {
        hr_server_stop(&net->server);
    }
    *net = (struct hr_net){.server = {.pid = -1, .control = -1}};
}

int hr_net_cut(struct hr_net_cut *cut, const struct eut_request *requests, uint64_t count,
               uint32_t clients)
{
    struct eut_request **ends = calloc(clients, sizeof(struct eut_request *));
    uint64_t at = 0;

    cut->requests = malloc((count + 1) * sizeof(*cut->requests));
    cut->tapes = calloc(clients, sizeof(*cut->tapes));
    if (!ends || !cut->requests || !cut->tapes) {
        free(ends);
        hr_net_cut_free(cut);
        return hr_fail(ENOMEM, "no memory for the orders of %u clients", clients);
    }
    for (uint64_t i = 0; i < count; i++) {
        cut->tapes[hr_net_client_of(requests[i].market, clients)].count++;
    }
    for (uint32_t c = 0; c < clients; c++) {
        ends[c] = cut->requests + at;
        cut->tapes[c].requests = ends[c];
        at += cut->tapes[c].count;
    }
    for (uint64_t i = 0; i < count; i++) {
        *ends[hr_net_client_of(requests[i].market, clients)]++ = requests[i];
    }
    free(ends);
    return 0;
}

void hr_net_cut_free(struct hr_net_cut *cut)
{
    free(cut->requests);
    free(cut->tapes);
    *cut = (struct hr_net_cut){NULL, NULL};
}
