/* poller_linux.c - which descriptors are ready, by epoll(7)? */
#include "harness/platform/poller.h"

#include "harness/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

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

/* As linux/eventpoll.h has it since 6.9, newer than many a libc's headers. */
struct busy_params {
    uint32_t us;
    uint16_t packets;
    uint8_t preferred, none;
};
#define SET_BUSY_PARAMS _IOW(0x8A, 0x01, struct busy_params)

bool hr_poller_all_busy(void)
{
    FILE *file = fopen("/proc/sys/net/core/busy_poll", "r");
    unsigned us = 0;

    if (file) {
        us = fscanf(file, "%u", &us) == 1 ? us : 0;
        fclose(file);
    }
    return us > 0;
}

int hr_poller_busy(int poller, int fd, uint32_t us)
{
    struct busy_params params = {.us = us, .preferred = 1};
    int wanted = (int)us, one = 1;
    unsigned queue = 0;
    socklen_t size = sizeof(queue);

    if (setsockopt(fd, SOL_SOCKET, SO_BUSY_POLL, &wanted, sizeof(wanted)) ||
        setsockopt(fd, SOL_SOCKET, SO_PREFER_BUSY_POLL, &one, sizeof(one))) {
        return hr_fail(ENOTSUP, "SO_BUSY_POLL: %s", strerror(errno));
    }
    if (ioctl(poller, SET_BUSY_PARAMS, &params) && !hr_poller_all_busy()) {
        return hr_fail(ENOTSUP, "epoll polls busily from Linux 6.9, or with net.core.busy_poll: %s",
                       strerror(errno));
    }
    if (getsockopt(fd, SOL_SOCKET, SO_INCOMING_NAPI_ID, &queue, &size) || queue == 0) {
        return hr_fail(ENOTSUP, "its packets come through no card's queue that could be asked "
                                "(SO_INCOMING_NAPI_ID is 0)");
    }
    return 0;
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
