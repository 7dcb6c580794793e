/*
 * link_many.h - several links of a server as one: its ports.
 *
 * Connections are numbered through all of them; what one port's connections do costs the others no
 * turn. Only the server's side: listen() was called on each, join() is called on the whole. A
 * server (order_server.h) works on it as on any link.
 *
 * Threads and errors as in link.h.
 */
#ifndef HR_LINK_MANY_H
#define HR_LINK_MANY_H

#include "harness/link.h"

#define HR_PORTS_MAX 8u

/* Of one port, since the start. Bytes are those of orders and events, before they are sealed. */
struct hr_port_counts {
    uint64_t port;              /* its number; 0: it has none */
    uint64_t connections, open; /* that sent something good; that are there now */
    uint64_t ended, cut;        /* left by themselves; were cut off */
    uint64_t refused, bad; /* as in struct hr_link_counts; bad: also bytes that are no orders */
    uint64_t bytes_in, bytes_out;
};

/* Takes the links over, also on failure; all have the same params.message_bytes. */
int hr_link_many(struct hr_link **link, struct hr_link *const *links, uint32_t count);
/* The connection's bytes were none of ours: counted with its port's bad ones. It is still to be
 * closed. */
void hr_link_many_bad(struct hr_link *link, uint32_t c);
/* Of all ports, kept up by poll(), in the process that joined. */
const struct hr_port_counts *hr_link_many_counts(const struct hr_link *link, uint32_t *count);

#endif
