/*
 * poller.h - which of these descriptors can be read or written now? epoll or kqueue behind one
 * surface.
 *
 * Level triggered: what was told and not used is told again. Threads: one per poller. Errors: a
 * negative errno with hr_error().
 */
#ifndef HR_POLLER_H
#define HR_POLLER_H

#include <stdbool.h>
#include <stdint.h>

struct hr_poller;
struct hr_poll_event {
    uint32_t tag; /* as given to hr_poller_set */
    bool readable, writable;
};

int hr_poller_new(struct hr_poller **poller);
void hr_poller_free(struct hr_poller *poller); /* accepts NULL */
/* Adds a descriptor, or changes what is asked of one: always to read, to write if wanted. */
int hr_poller_set(struct hr_poller *poller, int fd, uint32_t tag, bool write);
void hr_poller_remove(struct hr_poller *poller, int fd); /* before it is closed */
/* How many events there are, at most `most`; waits for the first as long as told. */
int hr_poller_wait(struct hr_poller *poller, struct hr_poll_event *events, int most, int wait_ms);

#endif
