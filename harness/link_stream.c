/*
 * link_stream.c - bytes through the kernel, one socket a client: tcp and unix.
 *
 * Ready descriptors by epoll or kqueue, one recv() of all that is there, one send() a commit. What
 * the kernel does not take at once waits in the connection's own buffer, and when that has no room
 * for a message the writer is told so. It cannot see where in the kernel the time goes.
 */
#include "harness/clock.h"
#include "harness/error.h"
#include "harness/link_socket.h"
#include "harness/platform/poller.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A connection's own buffers: room for all that a client's window lets come back at once. */
#define BUFFER_BYTES (512u << 10)
#define MEETING_TAG UINT32_MAX
#define SILENT_NS UINT64_C(2000000000) /* after it one who said nothing gives way, if he has to */
#define SLEEP_MS 1 /* at most, for what is nothing to do with bytes: to be asked, to end */
#define EVENTS_MAX 64
#ifdef MSG_NOSIGNAL
#define SEND_FLAGS MSG_NOSIGNAL
#else
#define SEND_FLAGS 0
#endif

struct stream {
    int fd;
    bool used, gone, told; /* told: poll() said that it is gone */
    bool blocked;          /* waits until it can be written */
    uint64_t silent_ns;    /* 0, or when one came of whom nothing was used yet */
    uint8_t *in, *out;
    size_t in_at, in_end, out_at, out_end;
};

struct stream_link {
    struct hr_link base;
    struct hr_meeting meeting;
    int poller; /* or -1 */
    size_t in_bytes, out_bytes;
    bool server;
    bool making_room; /* a silent one was shut down, and is still to be told and closed */
    int caller;       /* who is to have its place, or -1 */
    struct stream streams[];
};

static int stream_available(void)
{
    return 0;
}

static int stream_listen(struct hr_link **out, const struct hr_link_params *params, bool local)
{
    uint32_t slots = hr_link_slots(params);
    struct stream_link *l = calloc(1, sizeof(*l) + slots * sizeof(l->streams[0]));
    int rc;

    *out = NULL;
    if (!l) {
        return hr_fail(ENOMEM, "no memory for %u connections", slots);
    }
    l->base = (struct hr_link){.params = *params, .slots = slots};
    l->poller = l->caller = -1;
    l->in_bytes = 4 * (size_t)params->message_bytes;
    l->in_bytes = l->in_bytes > BUFFER_BYTES ? l->in_bytes : BUFFER_BYTES;
    l->out_bytes = l->in_bytes;
    rc = hr_meeting_open(&l->meeting, local, params);
    if (rc) {
        free(l);
        return rc;
    }
    l->base.facts.port = l->meeting.port;
    *out = &l->base;
    return 0;
}

static int tcp_listen(struct hr_link **link, const struct hr_link_params *params)
{
    return stream_listen(link, params, false);
}

static int unix_listen(struct hr_link **link, const struct hr_link_params *params)
{
    return stream_listen(link, params, true);
}

static void end(struct stream_link *l, struct stream *s)
{
    if (s->used) {
        if (!s->told) {
            hr_poller_remove(l->poller, s->fd);
        }
        close(s->fd);
    }
    l->making_room = false;
    free(s->in); /* what a connection took is not kept for the next */
    free(s->out);
    *s = (struct stream){.fd = -1};
}

/* Takes the descriptor over, also on failure. */
static int take(struct stream_link *l, uint32_t c, int fd)
{
    struct stream *s = l->streams + c;
    int rc;

    *s = (struct stream){.fd = fd,
                         .used = true,
                         .silent_ns = hr_clock_ns(),
                         .in = malloc(l->in_bytes),
                         .out = malloc(l->out_bytes)};
    rc = s->in && s->out ? hr_poller_set(l->poller, fd, c, false)
                         : hr_fail(ENOMEM, "no memory for a connection's buffers");
    if (rc == 0 && l->base.params.way.busy_poll_us) {
        rc = hr_poller_busy(l->poller, fd, l->base.params.way.busy_poll_us);
    }
    if (rc) {
        end(l, s);
    } else {
        hr_socket_facts(fd, l->meeting.local, &l->base.facts);
    }
    return rc;
}

static int stream_join(struct hr_link *link, bool server)
{
    struct stream_link *l = (struct stream_link *)link;
    int rc = 0;

    l->server = server;
    l->poller = hr_poller_open();
    if (l->poller < 0) {
        return l->poller;
    }
    if (server) {
        return hr_poller_set(l->poller, l->meeting.fd, MEETING_TAG, false);
    }
    for (uint32_t c = 0; c < link->params.clients && rc == 0; c++) {
        int fd = hr_meeting_connect(&l->meeting, &link->params);

        rc = fd < 0 ? fd : take(l, c, fd);
    }
    hr_meeting_close(&l->meeting, true);
    return rc;
}

/* Ends the one that came first of those who never said anything good, if that is long ago: who is
 * silent must not keep the others out. Not where all are this program's, who are waited for. */
static bool make_room(struct stream_link *l)
{
    uint64_t first_ns = hr_clock_ns() - SILENT_NS;
    struct stream *silent = NULL;

    for (uint32_t c = 0; l->base.params.place && c < l->base.slots; c++) {
        struct stream *s = l->streams + c;

        if (s->used && !s->gone && s->silent_ns && s->silent_ns < first_ns) {
            first_ns = s->silent_ns;
            silent = s;
        }
    }
    if (silent) {
        shutdown(silent->fd, SHUT_RDWR); /* poll() will tell that it is gone */
        l->making_room = true;
    }
    return silent;
}

/* All who call, as far as there is room for them; one too many is sent away. */
static void accept_all(struct stream_link *l)
{
    int fd = l->caller;

    l->caller = -1;
    while (fd >= 0 || (fd = hr_meeting_accept(&l->meeting, &l->base.params)) >= 0) {
        uint32_t c = 0;

        while (c < l->base.slots && l->streams[c].used) {
            c++;
        }
        if (c < l->base.slots) {
            take(l, c, fd);
        } else {
            l->base.counts.refused++;
            if (make_room(l)) {
                l->caller = fd;
                return;
            }
            close(fd);
        }
        fd = -1;
    }
}

static void lose(struct stream *s)
{
    s->gone = true;
    s->in_at = s->in_end = s->out_at = s->out_end = 0;
}

static void receive(struct stream_link *l, struct stream *s)
{
    ssize_t got;

    if (s->in_at && s->in_end - s->in_at < l->in_bytes / 2) {
        memmove(s->in, s->in + s->in_at, s->in_end - s->in_at);
        s->in_end -= s->in_at;
        s->in_at = 0;
    }
    if (s->in_end == l->in_bytes) {
        return; /* the reader is behind; the kernel holds the rest, and then the peer */
    }
    got = recv(s->fd, s->in + s->in_end, l->in_bytes - s->in_end, 0);
    if (got > 0) {
        s->in_end += (size_t)got;
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
        lose(s);
    }
}

static void send_out(struct stream_link *l, uint32_t c)
{
    struct stream *s = l->streams + c;
    ssize_t sent = send(s->fd, s->out + s->out_at, s->out_end - s->out_at, SEND_FLAGS);

    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        lose(s);
        return;
    }
    s->out_at += sent > 0 ? (size_t)sent : 0;
    if (s->out_at == s->out_end) {
        s->out_at = s->out_end = 0;
    }
    if (s->blocked != (s->out_end > 0)) {
        s->blocked = s->out_end > 0;
        hr_poller_set(l->poller, s->fd, c, s->blocked);
    }
}

static int stream_poll(struct hr_link *link, uint32_t *ready, uint32_t most, int wait_ms)
{
    struct stream_link *l = (struct stream_link *)link;
    struct hr_poll_event events[EVENTS_MAX];
    int found = hr_poller_wait(l->poller, events, most < EVENTS_MAX ? (int)most : EVENTS_MAX,
                               link->params.way.sleeps && wait_ms == 0 ? SLEEP_MS : wait_ms);
    bool call_in = l->caller >= 0 && !l->making_room;
    int n = 0;

    for (int i = 0; i < found; i++) {
        uint32_t c = events[i].tag;
        struct stream *s;

        if (c == MEETING_TAG) {
            call_in |= !l->making_room;
            continue;
        }
        s = l->streams + c;
        if (!s->used || s->told) {
            continue;
        }
        if (events[i].writable && !s->gone) {
            send_out(l, c);
        }
        if (events[i].readable && !s->gone) {
            receive(l, s);
        }
        if (s->gone) {
            hr_poller_remove(l->poller, s->fd);
            s->told = true;
            ready[n++] = c | HR_LINK_GONE;
        } else if (s->in_end > s->in_at) {
            ready[n++] = c;
        }
    }
    if (call_in) {
        accept_all(l);
    }
    return found < 0 ? found : n;
}

static size_t stream_read(struct hr_link *link, uint32_t c, size_t used, const uint8_t **at)
{
    struct stream *s = ((struct stream_link *)link)->streams + c;

    s->in_at += used;
    s->silent_ns = used ? 0 : s->silent_ns;
    if (s->in_at >= s->in_end) {
        s->in_at = s->in_end = 0;
    }
    *at = s->in + s->in_at;
    return s->used ? s->in_end - s->in_at : 0;
}

static size_t stream_write(struct hr_link *link, uint32_t c, size_t used, uint8_t **at)
{
    struct stream_link *l = (struct stream_link *)link;
    struct stream *s = l->streams + c;

    if (!s->used || s->gone) {
        return 0;
    }
    s->out_end += used;
    if (s->out_end && !(s->blocked && used)) {
        send_out(l, c); /* what is blocked is tried again by poll(), or when room is asked for */
    }
    if (s->out_at && l->out_bytes - s->out_end < link->params.message_bytes) {
        memmove(s->out, s->out + s->out_at, s->out_end - s->out_at);
        s->out_end -= s->out_at;
        s->out_at = 0;
    }
    *at = s->out + s->out_end;
    return s->gone ? 0 : l->out_bytes - s->out_end;
}

static void stream_close(struct hr_link *link, uint32_t c)
{
    struct stream_link *l = (struct stream_link *)link;

    if (!link) {
        return;
    }
    for (uint32_t i = 0; i < link->slots; i++) {
        if (c == HR_LINK_ALL || c == i) {
            end(l, l->streams + i);
        }
    }
    if (c == HR_LINK_ALL) {
        if (l->caller >= 0) {
            close(l->caller);
        }
        hr_meeting_close(&l->meeting, !l->server);
        if (l->poller >= 0) {
            close(l->poller);
        }
        free(l);
    }
}

extern const struct hr_link_ops hr_link_tcp, hr_link_unix;
const struct hr_link_ops hr_link_tcp = {
    .name = "tcp",
    .summary = "TCP, one connection a client, to a server in its own process",
    .available = stream_available,
    .listen = tcp_listen,
    .join = stream_join,
    .poll = stream_poll,
    .read = stream_read,
    .write = stream_write,
    .close = stream_close,
};
const struct hr_link_ops hr_link_unix = {
    .name = "unix",
    .summary = "UNIX sockets, one a client, to a server in its own process",
    .available = stream_available,
    .listen = unix_listen,
    .join = stream_join,
    .poll = stream_poll,
    .read = stream_read,
    .write = stream_write,
    .close = stream_close,
};
