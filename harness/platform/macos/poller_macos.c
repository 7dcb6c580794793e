/* poller_macos.c - which descriptors are ready, by kqueue(2)? */
#include "harness/platform/poller.h"

#include "harness/error.h"

#include <errno.h>
#include <string.h>
#include <sys/event.h>
#include <time.h>

#define EVENTS_MAX 64

int hr_poller_open(void)
{
    int poller = kqueue();

    return poller < 0 ? hr_fail(errno, "kqueue: %s", strerror(errno)) : poller;
}

int hr_poller_set(int poller, int fd, uint32_t tag, bool write)
{
    struct kevent changes[2];

    EV_SET(&changes[0], (uintptr_t)fd, EVFILT_READ, EV_ADD, 0, 0, (void *)(uintptr_t)tag);
    EV_SET(&changes[1], (uintptr_t)fd, EVFILT_WRITE, EV_ADD | (write ? EV_ENABLE : EV_DISABLE), 0,
           0, (void *)(uintptr_t)tag);
    if (kevent(poller, changes, 2, NULL, 0, NULL) == 0) {
        return 0;
    }
    return hr_fail(errno, "kevent: %s", strerror(errno));
}

int hr_poller_busy(int poller, int fd, uint32_t us)
{
    (void)poller, (void)fd, (void)us;
    return hr_fail(ENOTSUP, "this system does not poll cards busily");
}

bool hr_poller_all_busy(void)
{
    return false;
}

void hr_poller_remove(int poller, int fd)
{
    struct kevent changes[2];

    EV_SET(&changes[0], (uintptr_t)fd, EVFILT_READ, EV_DELETE, 0, 0, NULL);
    EV_SET(&changes[1], (uintptr_t)fd, EVFILT_WRITE, EV_DELETE, 0, 0, NULL);
    kevent(poller, &changes[0], 1, NULL, 0, NULL);
    kevent(poller, &changes[1], 1, NULL, 0, NULL);
}

int hr_poller_wait(int poller, struct hr_poll_event *events, int most, int wait_ms)
{
    struct timespec wait = {.tv_sec = wait_ms / 1000, .tv_nsec = wait_ms % 1000 * 1000000L};
    struct kevent found[EVENTS_MAX];
    int n = kevent(poller, NULL, 0, found, most < EVENTS_MAX ? most : EVENTS_MAX, &wait);

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
