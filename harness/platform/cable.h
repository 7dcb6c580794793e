/*
 * cable.h - a network of one's own: two network namespaces of this process and a cable between
 * them.
 *
 * What crosses it leaves by one interface and comes in by another, in packets of 1500 bytes,
 * through a receive queue as a card's (NAPI), where loopback hands over 64 KiB at a time and has no
 * queue. It has no wire: what a real one adds is not in it.
 *
 * Nothing of it has a name outside. Namespaces, interfaces and addresses hang on descriptors of
 * this process and of its children, and are gone when the last of those ends, in whatever way.
 *
 * Threads: any. In which namespace a thread is, is its own; a socket stays in the one where it was
 * made. Errors: a negative errno with hr_error(); -ENOTSUP: not on this system, or not for this
 * user.
 */
#ifndef HR_CABLE_H
#define HR_CABLE_H

#include "harness/platform/platform.h"

#define HR_CABLE_PACKET_BYTES 1500

struct hr_cable;
enum hr_cable_end { HR_CABLE_CLIENT, HR_CABLE_SERVER, HR_CABLE_ENDS };

int hr_cable_lay(struct hr_cable **cable);
void hr_cable_remove(struct hr_cable *cable); /* accepts NULL */
/* The calling thread's sockets, and the threads that it starts, are at this end from now on; then
 * at home again. */
int hr_cable_enter(const struct hr_cable *cable, enum hr_cable_end end);
int hr_cable_leave(const struct hr_cable *cable);
/* The address of an end. */
const char *hr_cable_host(enum hr_cable_end end);
/* What crossed it, since it is there, as the client's interface counts it. */
int hr_cable_bytes(const struct hr_cable *cable, struct hr_nic_bytes *bytes);

#endif
