/*
 * order_shards.c - what do several servers and their clients carry together on the same processors?
 *
 * A net a shard; clients driven by a thread each, which start together. It cannot see what a router
 * in front of the shards would cost: clients know their server.
 */
#include "harness/order_shards.h"

#include "harness/clock.h"
#include "harness/error.h"
#include "harness/platform/platform.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

/* Beyond a shard's even part of the orders at rest. Too few would show as a wrong digest. */
#define SHARE_SLACK 1.1
#define SHARE_MORE 65536u

enum job { REST, OPEN, DRIVE, END };

/* A shard's thread, and what it is to do. */
struct driver {
    pthread_t thread;
    struct hr_shards_crew *crew;
    struct hr_net *net;
    int cpu;
    enum job job; /* under the crew's lock */
    struct hr_net_params params;
    struct hr_clients_run run;
    uint64_t started_ns, ended_ns;
    int rc;
    char why[HR_ERROR_MAX];
};

struct hr_shards_crew {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint32_t started;
    struct driver drivers[];
};

static uint32_t clients_of(const struct hr_shards_net *net, uint32_t shard)
{
    return (net->clients - shard + net->count - 1) / net->count;
}

/* A table for all shards' orders would be another engine. */
static uint64_t share(uint64_t all, uint32_t shards)
{
    uint64_t part = (uint64_t)((double)all / shards * SHARE_SLACK) + SHARE_MORE;

    return shards == 1 || part > all ? all : part;
}

/* ---- a shard's thread --------------------------------------------------------------------- */

static void work(struct driver *d)
{
    if (d->job == OPEN) {
        d->rc = hr_thread_pin(d->cpu);
        d->rc = d->rc && d->rc != -ENOTSUP ? d->rc : hr_net_connect(d->net, &d->params);
    } else {
        d->started_ns = hr_clock_ns();
        d->rc = hr_clients_drive(d->net->clients, &d->run, &d->ended_ns);
        d->ended_ns += d->started_ns;
    }
    if (d->rc) {
        snprintf(d->why, sizeof(d->why), "%s", hr_error());
    }
}

static void *drive(void *argument)
{
    struct driver *d = argument;
    struct hr_shards_crew *crew = d->crew;

    pthread_mutex_lock(&crew->lock);
    while (d->job != END) {
        if (d->job == REST) {
            pthread_cond_wait(&crew->changed, &crew->lock);
            continue;
        }
        pthread_mutex_unlock(&crew->lock);
        work(d);
        pthread_mutex_lock(&crew->lock);
        d->job = REST;
        pthread_cond_broadcast(&crew->changed);
    }
    pthread_mutex_unlock(&crew->lock);
    return NULL;
}

/* Shards first … end do it, all at once; returns when they have. 0, or the first one's errno. */
static int have_done(struct hr_shards_crew *crew, enum job job, uint32_t first, uint32_t end)
{
    int rc = 0;

    pthread_mutex_lock(&crew->lock);
    for (uint32_t s = first; s < end; s++) {
        crew->drivers[s].job = job;
    }
    pthread_cond_broadcast(&crew->changed);
    for (uint32_t s = first; s < end && job != END; s++) {
        while (crew->drivers[s].job != REST) {
            pthread_cond_wait(&crew->changed, &crew->lock);
        }
    }
    pthread_mutex_unlock(&crew->lock);
    for (uint32_t s = first; s < end && rc == 0; s++) {
        if (crew->drivers[s].rc) {
            rc = hr_fail(-crew->drivers[s].rc, "%s", crew->drivers[s].why);
        }
    }
    return rc;
}

static void dismiss(struct hr_shards_crew *crew)
{
    have_done(crew, END, 0, crew->started);
    for (uint32_t s = 0; s < crew->started; s++) {
        pthread_join(crew->drivers[s].thread, NULL);
    }
    pthread_mutex_destroy(&crew->lock);
    pthread_cond_destroy(&crew->changed);
    free(crew);
}

/* All servers' processes before any thread: then one a shard, whose clients connect. */
static int gather_crew(struct hr_shards_net *net, const struct hr_net_params *one, const int *cpus)
{
    struct hr_shards_crew *crew = calloc(1, sizeof(*crew) + net->count * sizeof(crew->drivers[0]));
    int rc = 0;

    if (!crew) {
        return hr_fail(ENOMEM, "no memory for %u servers", net->count);
    }
    net->crew = crew;
    pthread_mutex_init(&crew->lock, NULL);
    pthread_cond_init(&crew->changed, NULL);
    for (uint32_t s = 0; s < net->count && rc == 0; s++) {
        struct driver *d = crew->drivers + s;

        *d = (struct driver){.crew = crew, .net = net->nets + s, .cpu = cpus[s], .params = *one};
        d->params.link.clients = clients_of(net, s);
        d->params.server_cpu = cpus[s];
        rc = hr_net_serve(d->net, &d->params);
    }
    for (uint32_t s = 0; s < net->count && rc == 0; s++) {
        struct driver *d = crew->drivers + s;

        if (pthread_create(&d->thread, NULL, drive, d)) {
            return hr_fail(EAGAIN, "no thread for the clients of a server");
        }
        crew->started++;
    }
    return rc ? rc : have_done(crew, OPEN, 0, net->count);
}

/* ---- all of them -------------------------------------------------------------------------- */

int hr_shards_net_open(struct hr_shards_net *net, const struct hr_net_params *params,
                       uint32_t shards, const int *cpus)
{
    struct hr_net_params one = *params;
    int rc;

    *net = (struct hr_shards_net){.count = shards, .clients = params->link.clients};
    net->nets = calloc(shards, sizeof(*net->nets));
    if (!net->nets) {
        return hr_fail(ENOMEM, "no memory for %u servers", shards);
    }
    if (shards == 1) {
        rc = hr_net_open(net->nets, params);
    } else {
        one.shares_cpu = true;
        one.limits.orders = share(params->limits.orders, shards);
        one.limits.levels = share(params->limits.levels, shards);
        rc = gather_crew(net, &one, cpus);
    }
    if (rc) {
        hr_shards_net_close(net);
    }
    return rc;
}

void hr_shards_net_close(struct hr_shards_net *net)
{
    if (net->crew) {
        dismiss(net->crew);
    }
    for (uint32_t s = 0; net->nets && s < net->count; s++) {
        hr_net_close(net->nets + s);
    }
    free(net->nets);
    *net = (struct hr_shards_net){0};
}

/* Each shard's tapes, one behind the other, and a histogram for each. */
static int prepare(struct hr_shards_net *net, const struct hr_clients_run *run,
                   struct hr_client_tape *tapes)
{
    uint32_t at = 0;

    for (uint32_t s = 0; s < net->count; s++) {
        struct driver *d = net->crew->drivers + s;

        d->run = *run;
        d->run.shares_cpu = true;
        d->run.tapes = tapes + at;
        for (uint32_t c = s; c < net->clients; c += net->count) {
            tapes[at++] = run->tapes[c];
        }
        d->run.latency = run->latency ? hr_histogram_new() : NULL;
        if (run->latency && !d->run.latency) {
            return hr_fail(ENOMEM, "no memory for a histogram");
        }
    }
    return 0;
}

static void sum_up(const struct hr_shards_net *net, const struct hr_clients_run *run, uint64_t *ns)
{
    uint64_t first = UINT64_MAX, last = 0;

    for (uint32_t s = 0; s < net->count; s++) {
        const struct driver *d = net->crew->drivers + s;

        first = d->started_ns < first ? d->started_ns : first;
        last = d->ended_ns > last ? d->ended_ns : last;
        if (run->latency) {
            hr_histogram_add(run->latency, d->run.latency);
        }
    }
    *ns = last - first;
}

int hr_shards_net_drive(struct hr_shards_net *net, const struct hr_clients_run *run, uint64_t *ns)
{
    struct hr_client_tape *tapes;
    int rc;

    if (!net->crew) {
        return hr_clients_drive(net->nets[0].clients, run, ns);
    }
    tapes = calloc(net->clients, sizeof(*tapes));
    rc = tapes ? prepare(net, run, tapes)
               : hr_fail(ENOMEM, "no memory for %u clients", net->clients);
    rc = rc ? rc : have_done(net->crew, DRIVE, 0, net->count);
    if (rc == 0) {
        sum_up(net, run, ns);
    }
    for (uint32_t s = 0; s < net->count; s++) {
        hr_histogram_free(net->crew->drivers[s].run.latency);
        net->crew->drivers[s].run.latency = NULL;
    }
    free(tapes);
    return rc;
}

int hr_shards_net_counts(struct hr_shards_net *net, struct hr_client_counts *clients,
                         struct hr_server_counts *servers)
{
    *clients = (struct hr_client_counts){0};
    *servers = (struct hr_server_counts){0};
    for (uint32_t s = 0; s < net->count; s++) {
        const struct hr_client_counts *c = hr_clients_counts(net->nets[s].clients);
        struct hr_server_counts one;
        int rc = hr_server_ask(&net->nets[s].server, &one);

        if (rc) {
            return rc;
        }
        clients->offered += c->offered;
        clients->sent += c->sent;
        clients->refused += c->refused;
        clients->acked += c->acked;
        clients->lost += c->lost;
        clients->duplicated += c->duplicated;
        clients->events += c->events;
        clients->trades += c->trades;
        clients->rejected += c->rejected;
        servers->received += one.received;
        servers->accepted += one.accepted;
        servers->rejected += one.rejected;
        servers->events += one.events;
        servers->trades += one.trades;
        servers->batches += one.batches;
        servers->connections += one.connections;
        servers->ended += one.ended;
        servers->cut += one.cut;
        servers->digest += one.digest;
        servers->switches += one.switches;
        servers->waiting_bytes_max = one.waiting_bytes_max > servers->waiting_bytes_max
                                         ? one.waiting_bytes_max
                                         : servers->waiting_bytes_max;
    }
    return 0;
}

uint64_t hr_shards_net_digest(const struct hr_shards_net *net)
{
    uint64_t sum = 0;

    for (uint32_t s = 0; s < net->count; s++) {
        sum += hr_clients_digest(net->nets[s].clients);
    }
    return sum;
}
