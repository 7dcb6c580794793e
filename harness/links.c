/* links.c - which transports are there between clients and server? The one table of them. */
#include "harness/link.h"

extern const struct hr_link_ops hr_link_ring, hr_link_tcp, hr_link_unix, hr_link_uring, hr_link_zmq,
    hr_link_qtcp, hr_link_qzmq;

const struct hr_link_ops *const hr_links[] = {
    &hr_link_ring,
    &hr_link_unix,
    &hr_link_tcp,
    &hr_link_uring,
    &hr_link_zmq,
    &hr_link_qtcp,
    &hr_link_qzmq,
    NULL,
};
