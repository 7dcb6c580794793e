/*
 * link_address.h - "tcp://host:5555" as people write it: which link, and where.
 *
 *     LINK://HOST[:PORT]   tcp, uring, zmq, qtcp, qzmq; port 5555 if none
 *     unix://PATH
 *
 * An IPv6 address stands in brackets, and is not for ZeroMQ.
 *
 * Errors: -EINVAL for what is none, -ENODEV for a link that there is not or that this host has not
 * got, each with hr_error().
 */
#ifndef HR_LINK_ADDRESS_H
#define HR_LINK_ADDRESS_H

#include "harness/link.h"

#define HR_ADDRESS_MAX 256
#define HR_PORT_DEFAULT 5555u

struct hr_link_address {
    const struct hr_link_ops *ops;
    struct hr_link_place place; /* its host is the one below: not to be copied */
    char host[HR_ADDRESS_MAX];
    bool sealed; /* needs keys */
};

int hr_link_address(struct hr_link_address *address, const char *text, bool server);
/* As it is to be written, with this port instead of its own if it has one. */
void hr_link_address_text(const struct hr_link_address *address, uint16_t port,
                          char text[HR_ADDRESS_MAX + 32]);
/* HOST[:PORT] alone; *port stays if there is none. */
int hr_host_and_port(const char *text, char host[HR_ADDRESS_MAX], uint16_t *port);

#endif
