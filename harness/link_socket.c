/*
 * link_socket.c - where do two processes meet, and how is a connection set?
 *
 * Small messages go out at once (TCP_NODELAY); buffers and congestion control are what was asked
 * for, and what the system made of it is read back for the report.
 */
#include "harness/link_socket.h"

#include "harness/error.h"
#include "harness/platform/cable.h"
#include "harness/progress.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define TMP_BYTES_MAX 60
#define FILES_SPARE 128u /* beside the connections: streams, metrics, what libraries open */
#define CONNECT_MS 20000
#define LOOK_MS 100

static void path_address(struct hr_meeting *m, const char *path)
{
    m->address.un.sun_family = AF_UNIX;
    snprintf(m->address.un.sun_path, sizeof(m->address.un.sun_path), "%s", path);
    m->address_bytes = sizeof(m->address.un);
    snprintf(m->text, sizeof(m->text), "%s", path);
}

static void own_address(struct hr_meeting *m, const struct hr_cable *cable)
{
    snprintf(m->text, sizeof(m->text), "%s", cable ? hr_cable_host(HR_CABLE_SERVER) : "127.0.0.1");
    m->address.in.sin_family = AF_INET;
    inet_pton(AF_INET, m->text, &m->address.in.sin_addr);
    m->address_bytes = sizeof(m->address.in);
}

/* The address that a name's `which`-th is; -ENOENT without a message if it has not so many. */
static int place_address(struct hr_meeting *m, const struct hr_link_place *place, unsigned which)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICSERV | (place->server ? AI_PASSIVE : 0)},
                    *found, *at;
    bool six = strchr(place->host, ':') != NULL;
    char port[8];
    int err;

    snprintf(m->text, sizeof(m->text), "%s%s%s:%u", six ? "[" : "", place->host, six ? "]" : "",
             place->port);
    snprintf(port, sizeof(port), "%u", place->port);
    err = getaddrinfo(place->host, port, &hints, &found);
    if (err) {
        return hr_fail(EHOSTUNREACH, "no address of %s: %s", place->host, gai_strerror(err));
    }
    for (at = found; at && which > 0; which--) {
        at = at->ai_next;
    }
    if (at) {
        m->address_bytes =
            at->ai_addrlen < sizeof(m->address) ? at->ai_addrlen : (socklen_t)sizeof(m->address);
        memcpy(&m->address, at->ai_addr, m->address_bytes);
    }
    freeaddrinfo(found);
    return at ? 0 : -ENOENT;
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

int hr_sockets_allow(uint64_t connections)
{
    uint64_t files = connections + FILES_SPARE;
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= files) {
        return 0;
    }
    limit.rlim_cur = limit.rlim_max < files ? limit.rlim_max : (rlim_t)files;
    if (limit.rlim_cur < files || setrlimit(RLIMIT_NOFILE, &limit)) {
        return hr_fail(EMFILE,
                       "%" PRIu64 " connections need %" PRIu64
                       " open files, and this process may have %" PRIu64 " (ulimit -Hn): fewer "
                       "connections, or a higher limit",
                       connections, files, (uint64_t)limit.rlim_max);
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
    path_address(m, m->path);
    return 0;
}

/* Where the sides meet. */
static int find_address(struct hr_meeting *m, const struct hr_link_params *params)
{
    const struct hr_link_place *place = params->place;

    if (!place) {
        if (m->local) {
            return make_folder(m);
        }
        own_address(m, params->way.cable);
        return 0;
    }
    if (!m->local) {
        return place_address(m, place, 0);
    }
    if (strlen(place->host) >= HR_SOCKET_PATH_MAX) {
        return hr_fail(ENAMETOOLONG, "%s: a socket's path is shorter than %d bytes", place->host,
                       HR_SOCKET_PATH_MAX);
    }
    path_address(m, place->host);
    return 0;
}

static int open_socket(const struct hr_meeting *m, const struct hr_cable *cable,
                       enum hr_cable_end end)
{
    int rc = cable ? hr_cable_enter(cable, end) : 0, fd, err;

    if (rc) {
        return rc;
    }
    fd = socket(m->address.any.sa_family, SOCK_STREAM, 0);
    err = errno;
    rc = cable ? hr_cable_leave(cable) : 0;
    if (fd < 0) {
        return hr_fail(err, "no socket: %s", strerror(err));
    }
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    if (rc) {
        close(fd);
    }
    return rc ? rc : fd;
}

static int open_door(struct hr_meeting *m, const struct hr_link_params *params)
{
    union hr_address bound;
    socklen_t size = sizeof(bound);
    int rc;

    m->fd = open_socket(m, params->way.cable, HR_CABLE_SERVER);
    rc = m->fd < 0 ? m->fd : set_up(m->fd, m->local, params);
    if (rc) {
        return rc;
    }
    if (params->place && !m->local) { /* or who ends could not begin again for a minute */
        setsockopt(m->fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    }
    if (bind(m->fd, &m->address.any, m->address_bytes)) {
        return hr_fail(errno, "cannot listen on %s: %s%s", m->text, strerror(errno),
                       errno != EADDRINUSE ? ""
                       : m->local          ? "; remove it if nobody uses it"
                                           : "; port 0: the system chooses");
    }
    if (params->place && m->local) {
        snprintf(m->path, sizeof(m->path), "%s", params->place->host);
    }
    if (listen(m->fd, 1024) || fcntl(m->fd, F_SETFL, O_NONBLOCK)) {
        return hr_fail(errno, "cannot listen on %s: %s", m->text, strerror(errno));
    }
    if (!m->local && getsockname(m->fd, &bound.any, &size) == 0) {
        m->port = ntohs(bound.any.sa_family == AF_INET6 ? bound.in6.sin6_port : bound.in.sin_port);
    }
    if (!params->place && !m->local) {
        m->address.in.sin_port = htons(m->port);
    }
    return 0;
}

int hr_meeting_open(struct hr_meeting *m, bool local, const struct hr_link_params *params)
{
    int rc;

    *m = (struct hr_meeting){.fd = -1, .local = local};
    rc = find_address(m, params);
    if (rc == 0 && (!params->place || params->place->server)) {
        rc = open_door(m, params);
    }
    if (rc) {
        hr_meeting_close(m, true);
    }
    return rc;
}

/* Until the other side took the call, nobody wants it any more, or CONNECT_MS are over. */
static int await_connection(int fd, const char *text)
{
    struct pollfd item = {.fd = fd, .events = POLLOUT};
    int err = 0;

    for (int ms = 0; poll(&item, 1, LOOK_MS) <= 0; ms += LOOK_MS) {
        if (hr_stop_signal()) {
            return hr_fail(EINTR, "interrupted");
        }
        if (ms >= CONNECT_MS) {
            return hr_fail(ETIMEDOUT, "cannot connect to %s: nothing came back within %d s", text,
                           CONNECT_MS / 1000);
        }
    }
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &(socklen_t){sizeof(err)});
    return err ? hr_fail(err, "cannot connect to %s: %s", text, strerror(err)) : 0;
}

static int call(const struct hr_meeting *m, const struct hr_link_params *params)
{
    int fd = open_socket(m, params->way.cable, HR_CABLE_CLIENT), rc;

    if (fd < 0) {
        return fd;
    }
    rc = set_up(fd, m->local, params);
    if (rc == 0 && !m->local) { /* a local one is there at once, or its backlog is waited for */
        fcntl(fd, F_SETFL, O_NONBLOCK);
    }
    if (rc == 0 && connect(fd, &m->address.any, m->address_bytes)) {
        rc = errno == EINPROGRESS
                 ? await_connection(fd, m->text)
                 : hr_fail(errno, "cannot connect to %s: %s", m->text, strerror(errno));
    }
    if (rc) {
        close(fd);
        return rc;
    }
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

int hr_meeting_connect(const struct hr_meeting *m, const struct hr_link_params *params)
{
    struct hr_meeting other = *m;
    int fd = call(m, params);

    for (unsigned which = 1; fd < 0 && fd != -EINTR && params->place && !m->local &&
                             place_address(&other, params->place, which) == 0;
         which++) {
        fd = call(&other, params);
    }
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
    if (remove && m->path[0]) {
        unlink(m->path);
        m->path[0] = '\0';
    }
    if (remove && m->folder[0]) {
        rmdir(m->folder);
        m->folder[0] = '\0';
    }
}
