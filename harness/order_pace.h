/*
 * order_pace.h - orders of many clients, at a rate or as fast as they are answered, until they are
 * all answered, a time is over, or somebody has had enough.
 *
 * Closed loop (rate 0): each client sends as far ahead as its window lets it. Open loop: the batch
 * that begins with order i is due at i / rate after the start, whoever's it is; clients take turns,
 * and what is due waits for nobody's answers but a full window's. Latency then counts from when the
 * batch was due, so that what the server's side holds up is paid by all that came meanwhile. With
 * nothing to send or to take the loop yields its processor: a server of this machine may need it.
 *
 * Threads: one. Errors as in order_client.h; the counters are right after an error, too.
 */
#ifndef HR_ORDER_PACE_H
#define HR_ORDER_PACE_H

#include "harness/order_client.h"

struct hr_pace {
    const struct hr_client_tape *tapes; /* one a client */
    uint32_t clients, batch;
    double rate;            /* orders a second over all clients; 0: closed loop */
    uint64_t duration_ns;   /* nothing is sent after it; 0: no end */
    unsigned lost_after_ms; /* without any answer: the rest is lost */
    struct hr_histogram *latency;
    void (*second)(void *context, uint64_t ns); /* told every second; may be NULL */
    void *context;
};

/* sent: of each client's tape, so many were sent. *ns: first send to last answer. */
int hr_clients_pace(struct hr_clients *clients, const struct hr_pace *pace, uint64_t *sent,
                    uint64_t *ns);

#endif
