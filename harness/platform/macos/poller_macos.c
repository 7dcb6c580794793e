/* poller_macos.c - which descriptors are ready, by kqueue(2)? */
#include "harness/platform/poller.h"

#include "harness/error.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/event.h>
#include <unistd.h>

#define EVENTS_MAX 64

struct hr_poller {
    int fd;
};

int hr_poller_new(struct hr_poller **out)
{
    struct hr_poller *poller = malloc(sizeof(*poller));

    *out = poller;
    if (!poller) {
        return hr_fail(ENOMEM, "no memory for a poller");
    }
    poller->fd = kqueue();
    if (poller->fd < 0) {
        int err = errno;

        free(poller);
        *out = NULL;
        return hr_fail(err, "kqueue: %s", strerror(err));
    }
    return 0;
}

void hr_poller_free(struct hr_poller *poller)
{
    if (poller) {
        close(poller->fd);
        free(poller);
    }
}

int hr_poller_set(struct hr_poller *poller, int fd, uint32_t tag, bool write)
{
    struct kevent changes[2];

    EV_SET(&changes[0], (uintptr_t)fd, EVFILT_READ, EV_ADD, 0, 0, (void *)(uintptr_t)tag);
    EV_SET(&changes[1], (uintptr_t)fd, EVFILT_WRITE, EV_ADD | (write ? EV_ENABLE : EV_DISABLE), 0,
           0, (void *)(uintptr_t)tag);
    if (kevent(poller->fd, changes, 2, NULL, 0, NULL) == 0) {
        return 0;
    }
    return hr_fail(errno, "kevent: %s", strerror(errno));
}

void hr_poller_remove(struct hr_poller *poller, int fd)
{
    struct kevent changes[2];

    EV_SET(&changes[0], (uintptr_t)fd, EVFILT_READ, EV_DELETE, 0, 0, NULL);
    EV_SET(&changes[1], (uintptr_t)fd, EVFILT_WRITE, EV_DELETE, 0, 0, NULL);
    kevent(poller->fd, &changes[0], 1, NULL, 0, NULL);
    kevent(poller->fd, &changes[1], 1, NULL, 0, NULL);
}

int hr_poller_wait(struct hr_poller *poller, struct hr_poll_event *events, int most, int wait_ms)
{
    struct timespec wait = {.tv_sec = wait_ms / 1000, .tv_nsec = wait_ms % 1000 * 1000000L};
    struct kevent found[EVENTS_MAX];
    int n = kevent(poller->fd, NULL, 0, found, most < EVENTS_MAX ? most : EVENTS_MAX, &wait);

    if (n < 0) {
        return errno == EINTR ? 0 : hr_fail(errno, "kevent: %s", strerror(errno));
    }
    for (int i = 0; i < n; i++) {
        events[i].tag = (uint32_t)(uintptr_t)found[i].udata;
        events[i].readable = found[i].filter == EVFILT_READ;
        events[i].writable = found[i].filter == EVFILT_WRITE;
    }
    return n;
}
