/*
 * link_zmq.c - bytes as ZeroMQ messages: a DEALER a client, one ROUTER at the server.
 *
 * What is committed at once is one part, handed over without a copy. A message that the ROUTER may
 * not take yet (its high-water mark) stays here and leaves no room. Messages that were received
 * wait for their reader, of one connection not more than the high-water mark or WAITING_MIN. libzmq
 * moves the bytes in a thread of its own, beside each side's, which on few processors needs that of
 * its side: a side without messages sleeps until there are some, also when it was told not to wait.
 * ZeroMQ does not say that a peer left: a server's connection is gone when an answer finds nobody,
 * a client's never. So a client of another program sends an empty message when it leaves, and where
 * strangers are short of room, the one that was silent longest is given up.
 */
#include "harness/clock.h"
#include "harness/error.h"
#include "harness/link.h"
#include "harness/platform/cable.h"
#include "harness/platform/platform.h"
#include "harness/wire.h"
#include "harness/zmq_library.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define ID_MAX 255u
#define OWN_ID_BYTES 6u
#define IDLE_MS 1
#define CPUS_MAX 1024
#define IN_A_ROW 64       /* messages taken before the reader has a turn */
#define WAITING_MIN 1000u /* of a connection, also where the high-water mark is lower */
#define SILENT_NS UINT64_C(2000000000) /* a stranger may be given up after it */
#define ENDPOINT_MAX 300
#define LEAVE_MS 200

struct message {
    struct hr_zmq_msg msg;
    struct message *next;
};

struct peer {
    void *socket;             /* a client's own; the server's is the ROUTER */
    bool used, gone, leaving; /* leaving: nothing comes any more */
    uint8_t id[ID_MAX];
    size_t id_bytes;
    uint64_t heard_ns;            /* a stranger's last message came */
    struct message *first, *last; /* received */
    size_t at;                    /* read of the first */
    uint32_t waiting;
    uint8_t *out;  /* being written, then the message's own */
    size_t unsent; /* bytes of out that the socket did not take yet */
};

struct port {
    _Atomic int number;
};

struct zmq_link {
    struct hr_link base;
    const struct hr_zmq *zmq;
    struct port *shared; /* the server binds after the processes parted */
    void *context, *router;
    struct hr_zmq_item *items; /* to wait for: the ROUTER, or all DEALERs */
    bool server;
    uint32_t next;   /* looked at first by the next poll() */
    uint64_t now_ns; /* when there was something to receive */
    struct peer peers[];
};

static int zmq_available(void)
{
    const struct hr_zmq *zmq;

    return hr_zmq_load(&zmq);
}

static int broken(const struct zmq_link *l, const char *what)
{
    int err = l->zmq->errnum();

    return hr_fail(err > 0 && err < 4096 ? err : EIO, "%s: %s", what, l->zmq->strerror(err));
}

static int zmq_listen(struct hr_link **out, const struct hr_link_params *params)
{
    uint32_t slots = hr_link_slots(params);
    struct zmq_link *l = calloc(1, sizeof(*l) + slots * sizeof(l->peers[0]));
    int rc;

    *out = NULL;
    if (!l) {
        return hr_fail(ENOMEM, "no memory for %u connections", slots);
    }
    l->items = calloc(params->clients + 1, sizeof(*l->items));
    rc = l->items ? hr_zmq_load(&l->zmq) : hr_fail(ENOMEM, "no memory for %u clients", slots);
    l->shared =
        mmap(NULL, sizeof(*l->shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANON, -1, 0);
    if (rc == 0 && l->shared == MAP_FAILED) {
        rc = hr_fail(ENOMEM, "no shared memory for a port's number");
    }
    if (rc) {
        free(l->items);
        free(l);
        return rc;
    }
    l->base = (struct hr_link){.params = *params, .slots = slots};
    l->base.facts.hwm = params->hwm;
    *out = &l->base;
    return 0;
}

static void *open_socket(struct zmq_link *l, int type)
{
    const struct hr_link_params *p = &l->base.params;
    int hwm = (int)p->hwm, none = 0,
        bytes = (int)(p->buffer_bytes < 1u << 30 ? p->buffer_bytes : 1u << 30);
    /* One that is longer than any of ours is refused before it is in memory. */
    int64_t most = 4 * (int64_t)p->message_bytes;
    void *s = l->zmq->socket(l->context, type);

    if (s) {
        l->zmq->setsockopt(s, HR_ZMQ_SNDHWM, &hwm, sizeof(hwm));
        l->zmq->setsockopt(s, HR_ZMQ_RCVHWM, &hwm, sizeof(hwm));
        l->zmq->setsockopt(s, HR_ZMQ_LINGER, &none, sizeof(none));
        l->zmq->setsockopt(s, HR_ZMQ_MAXMSGSIZE, &most, sizeof(most));
        if (bytes) {
            l->zmq->setsockopt(s, HR_ZMQ_SNDBUF, &bytes, sizeof(bytes));
            l->zmq->setsockopt(s, HR_ZMQ_RCVBUF, &bytes, sizeof(bytes));
        }
    }
    return s;
}

static const char *server_host(const struct zmq_link *l)
{
    const struct hr_link_params *p = &l->base.params;

    return p->place ? p->place->host : p->way.cable ? hr_cable_host(HR_CABLE_SERVER) : "127.0.0.1";
}

static int serve(struct zmq_link *l)
{
    const struct hr_link_place *place = l->base.params.place;
    char endpoint[ENDPOINT_MAX];
    size_t size = sizeof(endpoint);
    int one = 1;

    if (place && place->port) {
        snprintf(endpoint, sizeof(endpoint), "tcp://%s:%u", place->host, place->port);
    } else {
        snprintf(endpoint, sizeof(endpoint), "tcp://%s:*", server_host(l));
    }
    l->router = open_socket(l, HR_ZMQ_ROUTER);
    if (!l->router || l->zmq->setsockopt(l->router, HR_ZMQ_ROUTER_MANDATORY, &one, sizeof(one))) {
        return broken(l, "the server's ROUTER");
    }
    if (l->zmq->bind(l->router, endpoint) ||
        l->zmq->getsockopt(l->router, HR_ZMQ_LAST_ENDPOINT, endpoint, &size)) {
        int rc = broken(l, "a ROUTER, which wants an address or an interface's name");

        return hr_context(rc == -ENODEV ? -EADDRNOTAVAIL : rc, "cannot listen on %s", endpoint);
    }
    l->items[0] = (struct hr_zmq_item){.socket = l->router, .events = HR_ZMQ_POLLIN};
    l->base.facts.port = (uint16_t)atoi(strrchr(endpoint, ':') + 1);
    atomic_store(&l->shared->number, l->base.facts.port);
    return 0;
}

static void own_id(uint32_t c, uint8_t id[OWN_ID_BYTES])
{
    id[0] = 'h'; /* not 0, which ZeroMQ keeps for itself */
    id[1] = 'r';
    memcpy(id + 2, &c, sizeof(c));
}

/* libzmq's thread may run wherever the program may, not only where the thread that starts it is
 * bound. */
static void unbind_helper(struct zmq_link *l)
{
    int cpus[CPUS_MAX], n = hr_cpus_allowed(cpus, CPUS_MAX);

    for (int i = 0; i < n; i++) {
        l->zmq->ctx_set(l->context, HR_ZMQ_THREAD_AFFINITY_CPU_ADD, cpus[i]);
    }
}

static int join(struct zmq_link *l, bool server)
{
    struct hr_link *link = &l->base;
    const struct hr_link_place *place = link->params.place;
    char endpoint[ENDPOINT_MAX];

    l->server = server;
    l->context = l->zmq->ctx_new();
    if (!l->context) {
        return broken(l, "ZeroMQ");
    }
    unbind_helper(l);
    if (server) {
        return serve(l);
    }
    link->facts.port = place ? place->port : (uint16_t)atomic_load(&l->shared->number);
    snprintf(endpoint, sizeof(endpoint), "tcp://%s:%u", server_host(l), link->facts.port);
    for (uint32_t c = 0; c < link->params.clients; c++) {
        struct peer *p = l->peers + c;
        uint8_t id[OWN_ID_BYTES];

        own_id(c, id);
        p->used = true;
        p->socket = open_socket(l, HR_ZMQ_DEALER);
        /* Clients of other programs have the same numbers: the ROUTER names them. */
        if (!p->socket ||
            (!place && l->zmq->setsockopt(p->socket, HR_ZMQ_ROUTING_ID, id, sizeof(id))) ||
            l->zmq->connect(p->socket, endpoint)) {
            return hr_context(broken(l, "a client's DEALER"), "%s", endpoint);
        }
        l->items[c] = (struct hr_zmq_item){.socket = p->socket, .events = HR_ZMQ_POLLIN};
    }
    return 0;
}

/* libzmq's thread, which is made here too, stays at this end of a cable. */
static int zmq_join(struct hr_link *link, bool server)
{
    const struct hr_cable *cable = link->params.way.cable;
    int rc = cable ? hr_cable_enter(cable, server ? HR_CABLE_SERVER : HR_CABLE_CLIENT) : 0, back;

    if (rc) {
        return rc;
    }
    rc = join((struct zmq_link *)link, server);
    back = cable ? hr_cable_leave(cable) : 0;
    return rc ? rc : back;
}

/* ---- receiving ---------------------------------------------------------------------- */

static void drop_first(struct zmq_link *l, struct peer *p)
{
    struct message *m = p->first;

    p->first = m->next;
    p->at = 0;
    p->waiting--;
    l->zmq->msg_close(&m->msg);
    free(m);
}

static void forget(struct zmq_link *l, struct peer *p)
{
    while (p->first) {
        drop_first(l, p);
    }
    p->unsent = 0;
}

/* Makes room for the next one: who was silent longest, and long enough, and waits for nothing. */
static void give_up_a_silent(struct zmq_link *l)
{
    struct peer *silent = NULL;

    for (uint32_t c = l->base.params.clients; c < l->base.slots; c++) {
        struct peer *p = l->peers + c;

        if (p->used && !p->gone && !p->first && !p->unsent &&
            (!silent || p->heard_ns < silent->heard_ns)) {
            silent = p;
        }
    }
    if (silent && l->now_ns - silent->heard_ns > SILENT_NS) {
        silent->gone = true;
    }
}

/* A stranger's place: that of its name, or the first free one after where its name points.
 * UINT32_MAX: no room. */
static uint32_t stranger_of(struct zmq_link *l, const uint8_t *id, size_t bytes)
{
    uint32_t first = l->base.params.clients, n = l->base.slots - first, room = UINT32_MAX;
    uint32_t hash = 5381, taken = 0;

    for (size_t i = 0; i < bytes; i++) {
        hash = hash * 33 + id[i];
    }
    for (uint32_t k = 0; k < n; k++) {
        uint32_t c = first + (hash % n + k) % n;
        struct peer *p = l->peers + c;

        if (p->used && p->id_bytes == bytes && memcmp(p->id, id, bytes) == 0) {
            p->heard_ns = l->now_ns;
            return c;
        }
        taken += p->used;
        room = room == UINT32_MAX && !p->used ? c : room;
    }
    if (taken + n / 8 >= n) {
        give_up_a_silent(l);
    }
    if (room == UINT32_MAX || bytes > ID_MAX) {
        l->base.counts.refused++;
        return UINT32_MAX;
    }
    l->peers[room] = (struct peer){
        .used = true, .id_bytes = bytes, .heard_ns = l->now_ns, .out = l->peers[room].out};
    memcpy(l->peers[room].id, id, bytes);
    return room;
}

/* Whose identity is this? One of ours says so itself; a stranger's is looked for. UINT32_MAX: no
 * room. */
static uint32_t peer_of(struct zmq_link *l, const uint8_t *id, size_t bytes)
{
    uint8_t own[OWN_ID_BYTES];
    uint32_t c;

    if (bytes == OWN_ID_BYTES) {
        memcpy(&c, id + 2, sizeof(c));
        own_id(c, own);
        if (c < l->base.params.clients && memcmp(id, own, sizeof(own)) == 0) {
            if (!l->peers[c].used) {
                l->peers[c].used = true;
                l->peers[c].id_bytes = bytes;
                memcpy(l->peers[c].id, id, bytes);
            }
            return c;
        }
    }
    return stranger_of(l, id, bytes);
}

/* Messages of a connection that may wait here. What is in ZeroMQ's queues and the kernel comes on
 * top of a high-water mark, so that a low one would be reached by who did nothing wrong. */
static uint32_t waiting_most(const struct zmq_link *l)
{
    uint32_t hwm = l->base.params.hwm;

    return hwm == 0 ? UINT32_MAX : hwm < WAITING_MIN ? WAITING_MIN : hwm;
}

/* A message to its reader. One that is not of whole orders, of several parts, or one too many ends
 * the connection. */
static void queue(struct zmq_link *l, uint32_t c, struct message *m, bool whole)
{
    struct peer *p = l->peers + c;
    size_t unit = l->base.params.sealed ? 1 : l->server ? HR_WIRE_ORDER_BYTES : HR_WIRE_EVENT_BYTES;

    if (whole && l->server && l->zmq->msg_size(&m->msg) == 0) {
        p->leaving = true;
        l->zmq->msg_close(&m->msg);
        free(m);
        return;
    }
    if (p->gone || !whole || l->zmq->msg_size(&m->msg) % unit || p->waiting >= waiting_most(l)) {
        l->base.counts.bad++;
        p->gone = true;
        l->zmq->msg_close(&m->msg);
        free(m);
        return;
    }
    m->next = NULL;
    if (p->first) {
        p->last->next = m;
    } else {
        p->first = m;
    }
    p->last = m;
    p->waiting++;
}

/* The next message of a socket, or NULL. */
static struct message *receive(struct zmq_link *l, void *socket)
{
    struct message *m = malloc(sizeof(*m));

    if (!m) {
        return NULL;
    }
    l->zmq->msg_init(&m->msg);
    if (l->zmq->msg_recv(&m->msg, socket, HR_ZMQ_DONTWAIT) < 0) {
        l->zmq->msg_close(&m->msg);
        free(m);
        return NULL;
    }
    return m;
}

/* The parts of a message behind its identity; only one is right. */
static void receive_body(struct zmq_link *l, uint32_t c, struct message *m)
{
    bool more = l->zmq->msg_more(&m->msg);

    while (more) {
        struct message *body = receive(l, l->router);

        if (!body) {
            return;
        }
        more = l->zmq->msg_more(&body->msg);
        if (c == UINT32_MAX) {
            l->zmq->msg_close(&body->msg);
            free(body);
        } else {
            queue(l, c, body, !more);
        }
    }
}

static void receive_at_server(struct zmq_link *l)
{
    struct message *id;

    for (int k = 0; k < IN_A_ROW && (id = receive(l, l->router)); k++) {
        l->now_ns = k ? l->now_ns : hr_clock_ns();
        uint32_t c = peer_of(l, l->zmq->msg_data(&id->msg), l->zmq->msg_size(&id->msg));

        receive_body(l, c, id);
        l->zmq->msg_close(&id->msg);
        free(id);
    }
}

static void receive_at_clients(struct zmq_link *l)
{
    for (uint32_t c = 0; c < l->base.params.clients; c++) {
        struct message *m;

        for (int k = 0; k < IN_A_ROW && (m = receive(l, l->peers[c].socket)); k++) {
            queue(l, c, m, !l->zmq->msg_more(&m->msg));
        }
    }
}

static void send_out(struct zmq_link *l, struct peer *p);

/* What came since the last time. */
static uint32_t look(struct zmq_link *l, uint32_t *ready, uint32_t most)
{
    uint32_t n = 0, c = l->next, slots = l->base.slots;

    if (l->server) {
        receive_at_server(l);
    } else {
        receive_at_clients(l);
    }
    for (uint32_t k = 0; k < slots && n < most; k++, c = c + 1 < slots ? c + 1 : 0) {
        struct peer *p = l->peers + c;

        if (p->used && p->unsent && !p->gone) {
            send_out(l, p); /* its writer may have nothing more to write */
        }
        if (p->used && (p->gone || (p->leaving && !p->first))) {
            forget(l, p);
            p->used = false; /* told once */
            ready[n++] = c | HR_LINK_GONE;
        } else if (p->used && p->first) {
            ready[n++] = c;
        }
    }
    l->next = c;
    return n;
}

static int zmq_poll(struct hr_link *link, uint32_t *ready, uint32_t most, int wait_ms)
{
    struct zmq_link *l = (struct zmq_link *)link;
    uint32_t n = look(l, ready, most);

    wait_ms = link->params.beside ? wait_ms : IDLE_MS;
    if (n == 0 && wait_ms > 0 &&
        l->zmq->poll(l->items, l->server ? 1 : (int)link->params.clients, wait_ms) > 0) {
        n = look(l, ready, most);
    }
    return (int)n;
}

static size_t zmq_read(struct hr_link *link, uint32_t c, size_t used, const uint8_t **at)
{
    struct zmq_link *l = (struct zmq_link *)link;
    struct peer *p = l->peers + c;

    p->at += used;
    while (p->first && p->at >= l->zmq->msg_size(&p->first->msg)) {
        drop_first(l, p);
    }
    if (!p->first) {
        return 0;
    }
    *at = (const uint8_t *)l->zmq->msg_data(&p->first->msg) + p->at;
    return l->zmq->msg_size(&p->first->msg) - p->at;
}

/* ---- sending ------------------------------------------------------------------------- */

static void release(void *data, void *hint)
{
    (void)hint;
    free(data);
}

static void send_out(struct zmq_link *l, struct peer *p)
{
    void *socket = l->server ? l->router : p->socket;
    struct hr_zmq_msg msg;

    if (l->server &&
        l->zmq->send(socket, p->id, p->id_bytes, HR_ZMQ_SNDMORE | HR_ZMQ_DONTWAIT) < 0) {
        if (l->zmq->errnum() != EAGAIN) {
            p->gone = true; /* nobody of that name any more */
        }
        return;
    }
    l->zmq->msg_init_data(&msg, p->out, p->unsent, release, NULL);
    if (l->zmq->msg_send(&msg, socket, HR_ZMQ_DONTWAIT) >= 0) {
        p->out = NULL;
        p->unsent = 0;
        return;
    }
    /* The bytes were handed over: what comes back is the message, from which they are saved. */
    uint8_t *saved = malloc(2 * (size_t)l->base.params.message_bytes);

    if (saved) {
        memcpy(saved, p->out, p->unsent);
    } else {
        p->gone = true;
    }
    l->zmq->msg_close(&msg);
    p->out = saved;
}

static size_t zmq_write(struct hr_link *link, uint32_t c, size_t used, uint8_t **at)
{
    struct zmq_link *l = (struct zmq_link *)link;
    struct peer *p = l->peers + c;

    p->unsent += used;
    if (p->unsent && !p->gone) {
        send_out(l, p);
    }
    if (!p->used || p->gone || p->unsent) {
        return 0;
    }
    p->out = p->out ? p->out : malloc(link->params.message_bytes);
    *at = p->out;
    return p->out ? link->params.message_bytes : 0;
}

/* Waits a little for what is still to be sent. */
static void take_leave(struct zmq_link *l, struct peer *p)
{
    int linger_ms = LEAVE_MS;

    l->zmq->setsockopt(p->socket, HR_ZMQ_LINGER, &linger_ms, sizeof(linger_ms));
    l->zmq->send(p->socket, "", 0, HR_ZMQ_DONTWAIT);
}

static void zmq_close(struct hr_link *link, uint32_t c)
{
    struct zmq_link *l = (struct zmq_link *)link;

    for (uint32_t i = 0; link && i < link->slots; i++) {
        struct peer *p = l->peers + i;

        if (c != HR_LINK_ALL && c != i) {
            continue;
        }
        forget(l, p);
        free(p->out);
        if (p->socket && link->params.place) {
            take_leave(l, p);
        }
        if (p->socket) {
            l->zmq->close(p->socket);
        }
        *p = (struct peer){.used = false};
    }
    if (link && c == HR_LINK_ALL) {
        if (l->router) {
            l->zmq->close(l->router);
        }
        if (l->context) {
            l->zmq->ctx_term(l->context);
        }
        munmap(l->shared, sizeof(*l->shared));
        free(l->items);
        free(l);
    }
}

extern const struct hr_link_ops hr_link_zmq;
const struct hr_link_ops hr_link_zmq = {
    .name = "zmq",
    .summary = "ZeroMQ, a DEALER a client, one ROUTER at a server in its own process",
    .available = zmq_available,
    .listen = zmq_listen,
    .join = zmq_join,
    .poll = zmq_poll,
    .read = zmq_read,
    .write = zmq_write,
    .close = zmq_close,
};
