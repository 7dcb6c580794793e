/*
 * order_client.h - the clients of a link: orders out, events back, and every one of them accounted
 * for.
 *
 * One thread drives all connections of a link's client side. Each client numbers its orders; the
 * server answers each client's in turn; so what was lost or came twice is seen at once. All events
 * are folded into a digest (engine.h), which must be the engine's own, as it must be in process.
 *
 * Counters. An order is *offered* each time that it is handed to the link, and then *sent* or
 * *refused* (BUSY: it will be offered again): offered = sent + refused. It is *acked* when its last
 * event is here: sent = acked + lost. A last event of an order already acked is *duplicated*.
 *
 * Threads: one. Errors: 0; -EINTR after Ctrl-C; -EPIPE when the server is gone; -EBADMSG for bytes
 * that are no events; each with hr_error(). The counters are right after an error too.
 */
#ifndef HR_ORDER_CLIENT_H
#define HR_ORDER_CLIENT_H

#include "engine-under-test/engine.h"
#include "harness/histogram.h"
#include "harness/link.h"

struct hr_clients_params {
    struct hr_link *link; /* joined */
    uint32_t markets;
    uint32_t window; /* orders that a client sends ahead of their answers, at most */
};

struct hr_client_counts {
    uint64_t offered, sent, refused, acked, lost, duplicated;
    uint64_t events, trades, rejected;
};

struct hr_clients;
/* What one client sends. */
struct hr_client_tape {
    const struct eut_request *requests;
    uint64_t count;
};

int hr_clients_new(struct hr_clients **clients, const struct hr_clients_params *params);
void hr_clients_free(struct hr_clients *clients); /* accepts NULL; the link stays */

/* Hands one batch to client c: 1 if it was sent, 0 if it was refused, or -EPIPE. */
int hr_client_send(struct hr_clients *clients, uint32_t c, const struct eut_request *requests,
                   uint32_t count);
/* The same, but as old as it says: by which latency is counted from when an order was due. */
int hr_client_send_at(struct hr_clients *clients, uint32_t c, const struct eut_request *requests,
                      uint32_t count, uint64_t time_ns);
/* Takes what has come. Each span of events (wire.h) goes to `take`, if it is not NULL, once it is
 * accounted for. How many orders were acked. */
typedef void (*hr_client_take)(void *context, uint32_t c, const uint8_t *events, size_t count);
int64_t hr_clients_receive(struct hr_clients *clients, hr_client_take take, void *context);

/* All tapes, one a client, in batches, closed loop: until all is answered, or nothing has come for
 * lost_after_ms, and the rest is lost. latency (may be NULL): from the sending of a batch until
 * the last event of each of its orders was there, ns. *ns: first send to last answer. */
struct hr_clients_run {
    const struct hr_client_tape *tapes;
    uint32_t batch;
    unsigned lost_after_ms;
    struct hr_histogram *latency;
    bool shares_cpu; /* with the server: it is the server's when there is nothing to do */
};
int hr_clients_drive(struct hr_clients *clients, const struct hr_clients_run *run, uint64_t *ns);

/* Asks the server, not its engine (wire.h); when nothing of the client is in flight. No order is
 * counted. -ETIMEDOUT without an answer. */
struct hr_wire_event;
int hr_client_ask(struct hr_clients *clients, uint32_t c, uint8_t what, unsigned wait_ms,
                  struct hr_wire_event *answer);

/* For who drives by himself: where the latency of every order acked from now on goes (NULL:
 * nowhere; what is still kept back is then there), and what is not answered yet, as lost. */
void hr_clients_note(struct hr_clients *clients, struct hr_histogram *latency);
void hr_clients_give_up(struct hr_clients *clients);

/* Since the start. */
const struct hr_client_counts *hr_clients_counts(const struct hr_clients *clients);
uint64_t hr_clients_digest(const struct hr_clients *clients);
bool hr_client_may_send(const struct hr_clients *clients, uint32_t c,
                        uint32_t count); /* its window has room */
uint64_t hr_client_in_flight(const struct hr_clients *clients, uint32_t c);

#endif
