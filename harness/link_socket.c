/*
 * link_socket.c - where do two processes meet, and how is a connection set?
 *
 * Small messages go out at once (TCP_NODELAY); buffers and congestion control are what was asked
 * for, and what the system made of it is read back for the report.
 */
#include "harness/link_socket.h"

#include "harness/error.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define TMP_BYTES_MAX 60

union address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_un un;
};

static socklen_t address_of(const struct hr_meeting *m, union address *a)
{
    memset(a, 0, sizeof(*a));
    if (m->local) {
        a->un.sun_family = AF_UNIX;
        snprintf(a->un.sun_path, sizeof(a->un.sun_path), "%s", m->path);
        return sizeof(a->un);
    }
    a->in.sin_family = AF_INET;
    a->in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    a->in.sin_port = htons(m->port);
    return sizeof(a->in);
}

static int set_up(int fd, bool local, const struct hr_link_params *p)
{
    int one = 1, bytes = (int)(p->buffer_bytes < 1u << 30 ? p->buffer_bytes : 1u << 30);

    if (bytes) {
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
    }
#ifdef SO_NOSIGPIPE
    setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &one, sizeof(one));
#endif
    if (local) {
        return 0;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (p->congestion && *p->congestion) {
#ifdef TCP_CONGESTION
        if (setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, p->congestion,
                       (socklen_t)strlen(p->congestion))) {
            return hr_fail(ENOTSUP,
                           "no congestion control '%s' here: %s; "
                           "/proc/sys/net/ipv4/tcp_available_congestion_control lists them",
                           p->congestion, strerror(errno));
        }
#else
        return hr_fail(ENOTSUP, "this system does not let a program choose its congestion control");
#endif
    }
    return 0;
}

void hr_socket_facts(int fd, bool local, struct hr_link_facts *facts)
{
    int bytes = 0;
    socklen_t size = sizeof(bytes);

    if (getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, &size) == 0) {
        facts->send_bytes = (uint64_t)bytes;
    }
    size = sizeof(bytes);
    if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, &size) == 0) {
        facts->receive_bytes = (uint64_t)bytes;
    }
#ifdef TCP_CONGESTION
    size = sizeof(facts->congestion) - 1;
    if (!local && getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, facts->congestion, &size)) {
        facts->congestion[0] = '\0';
    }
#else
    (void)local;
#endif
}

static int make_folder(struct hr_meeting *m)
{
    const char *tmp = getenv("TMPDIR");

    /* A socket's name must be short, as some TMPDIR are not. */
    tmp = tmp && *tmp && strlen(tmp) <= TMP_BYTES_MAX ? tmp : "/tmp";
    snprintf(m->folder, sizeof(m->folder), "%s/headroom-XXXXXX", tmp);
    if (!mkdtemp(m->folder)) {
        int err = errno;

        m->folder[0] = '\0';
        return hr_fail(err, "no folder for a socket under %s: %s", tmp, strerror(err));
    }
    snprintf(m->path, sizeof(m->path), "%s/s", m->folder);
    return 0;
}

static int open_socket(bool local)
{
    int fd = socket(local ? AF_UNIX : AF_INET, SOCK_STREAM, 0);

    if (fd < 0) {
        return hr_fail(errno, "no socket: %s", strerror(errno));
    }
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    return fd;
}

int hr_meeting_open(struct hr_meeting *m, bool local, const struct hr_link_params *params)
{
    union address address;
    socklen_t size;
    int rc;

    *m = (struct hr_meeting){.fd = -1, .local = local};
    rc = local ? make_folder(m) : 0;
    if (rc == 0) {
        m->fd = open_socket(local);
        rc = m->fd < 0 ? m->fd : set_up(m->fd, local, params);
    }
    if (rc == 0) {
        size = address_of(m, &address);
        if (bind(m->fd, &address.any, size) || listen(m->fd, 1024) ||
            fcntl(m->fd, F_SETFL, O_NONBLOCK)) {
            rc = hr_fail(errno, "cannot listen on %s: %s", local ? m->path : "127.0.0.1",
                         strerror(errno));
        } else if (!local && getsockname(m->fd, &address.any, &size) == 0) {
            m->port = ntohs(address.in.sin_port);
        }
    }
    if (rc) {
        hr_meeting_close(m, true);
    }
    return rc;
}

int hr_meeting_connect(const struct hr_meeting *m, const struct hr_link_params *params)
{
    union address address;
    socklen_t size = address_of(m, &address);
    int fd = open_socket(m->local), rc;

    if (fd < 0) {
        return fd;
    }
    rc = set_up(fd, m->local, params);
    if (rc == 0 && connect(fd, &address.any, size)) {
        rc = hr_fail(errno, "cannot connect to %s: %s", m->local ? m->path : "127.0.0.1",
                     strerror(errno));
    }
    if (rc) {
        close(fd);
        return rc;
    }
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

int hr_meeting_accept(const struct hr_meeting *m, const struct hr_link_params *params)
{
    int fd = accept(m->fd, NULL, NULL), rc;

    if (fd < 0) {
        return -EAGAIN; /* none, or one that left before it was met */
    }
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    rc = set_up(fd, m->local, params);
    if (rc) {
        close(fd);
        return rc;
    }
    return fd;
}

void hr_meeting_close(struct hr_meeting *m, bool remove)
{
    if (m->fd >= 0) {
        close(m->fd);
        m->fd = -1;
    }
    if (remove && m->folder[0]) {
        unlink(m->path);
        rmdir(m->folder);
        m->folder[0] = '\0';
    }
}
