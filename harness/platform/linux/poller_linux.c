/* poller_linux.c - which descriptors are ready, by epoll(7)? */
#include "harness/platform/poller.h"

#include "harness/error.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#define EVENTS_MAX 64

int hr_poller_open(void)
{
    int poller = epoll_create1(EPOLL_CLOEXEC);

    return poller < 0 ? hr_fail(errno, "epoll_create1: %s", strerror(errno)) : poller;
}

int hr_poller_set(int poller, int fd, uint32_t tag, bool write)
{
    struct epoll_event event = {.events = write ? EPOLLIN | EPOLLOUT : EPOLLIN, .data.u32 = tag};

    if (epoll_ctl(poller, EPOLL_CTL_MOD, fd, &event) == 0 ||
        (errno == ENOENT && epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) == 0)) {
        return 0;
    }
    return hr_fail(errno, "epoll_ctl: %s", strerror(errno));
}

void hr_poller_remove(int poller, int fd)
{
    epoll_ctl(poller, EPOLL_CTL_DEL, fd, NULL);
}

int hr_poller_wait(int poller, struct hr_poll_event *events, int most, int wait_ms)
{
    struct epoll_event found[EVENTS_MAX];
    int n = epoll_wait(poller, found, most < EVENTS_MAX ? most : EVENTS_MAX, wait_ms);

    if (n < 0) {
        return errno == EINTR ? 0 : hr_fail(errno, "epoll_wait: %s", strerror(errno));
    }
    for (int i = 0; i < n; i++) {
        events[i].tag = found[i].data.u32;
        events[i].readable = (found[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0;
        events[i].writable = (found[i].events & EPOLLOUT) != 0;
    }
    return n;
}
