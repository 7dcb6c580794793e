/*
 * poller.h - which of these descriptors can be read or written now? epoll or kqueue behind one
 * surface.
 *
 * A poller is a descriptor itself: hr_poller_open() gives it, close() ends it. Level triggered: what
 * was told and not used is told again. Threads: one per poller. Errors: a negative errno with
 * hr_error().
 */
#ifndef HR_POLLER_H
#define HR_POLLER_H

#include <stdbool.h>
#include <stdint.h>

struct hr_poll_event {
    uint32_t tag; /* as given to hr_poller_set */
    bool readable, writable;
};

int hr_poller_open(void);
/* Adds a descriptor, or changes what is asked of one: always to read, to write if wanted. */
int hr_poller_set(int poller, int fd, uint32_t tag, bool write);
/* Before a wait for this connection sleeps, the kernel asks the queue of the card where its packets
 * come in for so long. -ENOTSUP: the kernel does not, or not for this user, or there is no such
 * queue, as over loopback. */
int hr_poller_busy(int poller, int fd, uint32_t us);
/* Whether it does so for all, whatever a poller was told: then nobody's wait just sleeps. */
bool hr_poller_all_busy(void);
void hr_poller_remove(int poller, int fd); /* before it is closed */
/* How many events there are, at most `most`; waits for the first as long as told. */
int hr_poller_wait(int poller, struct hr_poll_event *events, int most, int wait_ms);

#endif
