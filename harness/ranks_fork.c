/*
 * ranks_fork.c - ranks without MPI: processes of this host, a socket pair each.
 *
 * A message is its length and its bytes. A closed socket is a dead rank, and waitpid says how it
 * died. It cannot see another machine.
 */
#include "harness/ranks_backend.h"

#include "harness/error.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

/* One connection, and what of a message has come. */
struct peer {
    int fd;
    pid_t child;
    size_t filled;
    unsigned char *bytes; /* length, then message */
};

struct fork_ranks {
    int count, next; /* peers; the one that is asked first */
    struct peer *peers;
    struct pollfd *polls;
};

#define PEER_BYTES (HR_RANK_MESSAGE_MAX + sizeof(uint32_t))

static int peer_of(const struct hr_ranks *ranks, int rank)
{
    return ranks->rank == 0 ? rank - 1 : 0;
}

static int rank_of(const struct hr_ranks *ranks, int peer)
{
    return ranks->rank == 0 ? peer + 1 : 0;
}

/* How the rank of a closed connection ended; it has, or is about to. */
static int lose(struct hr_ranks *ranks, int peer)
{
    struct fork_ranks *f = ranks->backend;
    int status;

    ranks->lost = rank_of(ranks, peer);
    if (f->peers[peer].child > 0 && waitpid(f->peers[peer].child, &status, 0) > 0) {
        f->peers[peer].child = 0;
        snprintf(ranks->how, sizeof(ranks->how), WIFSIGNALED(status) ? "signal %d" : "exit %d",
                 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    }
    return -EPIPE;
}

/* Whole or not at all: 1, 0, -1. What was begun is finished, waiting if it must: the other side
 * reads whenever it waits. */
static int put(int fd, const void *bytes, size_t count, bool begun)
{
    size_t done = 0;

    while (done < count) {
        ssize_t n = send(fd, (const char *)bytes + done, count - done, MSG_NOSIGNAL);

        if (n > 0) {
            done += (size_t)n;
        } else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            if (done == 0 && !begun) {
                return 0;
            }
            poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, 100);
        } else if (n == 0 || errno != EINTR) {
            return -1;
        }
    }
    return 1;
}

static int fork_send(struct hr_ranks *ranks, int to, const void *bytes, size_t count)
{
    struct fork_ranks *f = ranks->backend;
    int peer = peer_of(ranks, to), rc;
    uint32_t length = (uint32_t)count;

    rc = put(f->peers[peer].fd, &length, sizeof(length), false);
    if (rc == 1) {
        rc = put(f->peers[peer].fd, bytes, count, true);
    }
    return rc < 0 ? lose(ranks, peer) : rc;
}

/* The message that is whole in a peer's buffer, if there is one; the rest of it is kept. */
static int take(struct peer *p, void *bytes)
{
    uint32_t length;

    if (p->filled < sizeof(length)) {
        return 0;
    }
    memcpy(&length, p->bytes, sizeof(length));
    if (length == 0 || length > HR_RANK_MESSAGE_MAX) {
        return hr_fail(EPROTO, "a rank sent a message of %u bytes", length);
    }
    if (p->filled < sizeof(length) + length) {
        return 0;
    }
    memcpy(bytes, p->bytes + sizeof(length), length);
    p->filled -= sizeof(length) + length;
    memmove(p->bytes, p->bytes + sizeof(length) + length, p->filled);
    return (int)length;
}

static int fork_receive(struct hr_ranks *ranks, int *from, void *bytes)
{
    struct fork_ranks *f = ranks->backend;

    for (int k = 0; k < f->count; k++) {
        int peer = (f->next + k) % f->count;
        struct peer *p = f->peers + peer;
        int rc = take(p, bytes);

        if (rc == 0) {
            ssize_t n = recv(p->fd, p->bytes + p->filled, PEER_BYTES - p->filled, 0);

            if (n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) {
                return lose(ranks, peer);
            }
            p->filled += n > 0 ? (size_t)n : 0;
            rc = take(p, bytes);
        }
        if (rc) {
            *from = rank_of(ranks, peer);
            f->next = (peer + 1) % f->count;
            return rc;
        }
    }
    return 0;
}

/* Receiving has looked at every connection already; sending to a full one has not. */
static void fork_look(struct hr_ranks *ranks)
{
    struct fork_ranks *f = ranks->backend;

    for (int i = 0; i < f->count; i++) {
        f->polls[i] = (struct pollfd){.fd = f->peers[i].fd};
    }
    if (poll(f->polls, (nfds_t)f->count, 0) > 0) {
        for (int i = 0; i < f->count && ranks->lost < 0; i++) {
            if (f->polls[i].revents & (POLLHUP | POLLERR)) {
                lose(ranks, i);
            }
        }
    }
}

static void free_peers(struct fork_ranks *f)
{
    for (int i = 0; f && f->peers && i < f->count; i++) {
        if (f->peers[i].fd >= 0) {
            close(f->peers[i].fd);
        }
        free(f->peers[i].bytes);
    }
    if (f) {
        free(f->peers);
        free(f->polls);
    }
    free(f);
}

/* Their connections are closed first, so that also one that does not listen any more ends. */
static void fork_end(struct hr_ranks *ranks, int status)
{
    struct fork_ranks *f = ranks->backend;

    (void)status;
    for (int i = 0; i < f->count; i++) {
        close(f->peers[i].fd);
        f->peers[i].fd = -1;
        if (f->peers[i].child > 0 && ranks->lost >= 0) {
            kill(f->peers[i].child, SIGKILL);
        }
    }
    for (int i = 0; i < f->count; i++) {
        if (f->peers[i].child > 0) {
            waitpid(f->peers[i].child, NULL, 0);
        }
    }
    free_peers(f);
}

static const struct hr_ranks_ops fork_ops = {
    .send = fork_send,
    .receive = fork_receive,
    .look = fork_look,
    .end = fork_end,
};

bool hr_ranks_forked(const struct hr_ranks *ranks)
{
    return ranks->ops == &fork_ops;
}

static struct hr_ranks *new_ranks(int rank, int size, int peers)
{
    struct hr_ranks *ranks = hr_ranks_new(&fork_ops, rank, size);
    struct fork_ranks *f = ranks ? calloc(1, sizeof(*f)) : NULL;

    if (!f) {
        hr_ranks_free(ranks);
        return NULL;
    }
    ranks->backend = f;
    f->peers = calloc((size_t)peers + 1, sizeof(*f->peers));
    f->polls = calloc((size_t)peers + 1, sizeof(*f->polls));
    for (int i = 0; f->peers && f->polls && i < peers; i++) {
        f->peers[i].fd = -1;
        f->peers[i].bytes = malloc(PEER_BYTES);
        f->count += f->peers[i].bytes != NULL;
    }
    if (f->count < peers || !f->polls) {
        free_peers(f);
        hr_ranks_free(ranks);
        return NULL;
    }
    snprintf(ranks->kind, sizeof(ranks->kind), "forked processes");
    return ranks;
}

/* The other process: the leader's sockets are not its own, and Ctrl-C is the leader's to answer. */
static void child(const struct hr_ranks *leader, int rank, int fd,
                  void (*body)(struct hr_ranks *, void *), void *context)
{
    const struct fork_ranks *f = leader->backend;
    struct hr_ranks *ranks;

    for (int i = 0; i < f->count; i++) {
        if (f->peers[i].fd >= 0) {
            close(f->peers[i].fd);
        }
    }
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    ranks = new_ranks(rank, leader->size, 1);
    if (!ranks) {
        _exit(1);
    }
    ((struct fork_ranks *)ranks->backend)->peers[0].fd = fd;
    body(ranks, context);
    _exit(0);
}

static int start(struct hr_ranks *ranks, int rank, void (*body)(struct hr_ranks *, void *),
                 void *context)
{
    struct peer *p = ((struct fork_ranks *)ranks->backend)->peers + rank - 1;
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair)) {
        return hr_fail(errno, "no connection to rank %d: %s", rank, strerror(errno));
    }
    for (int i = 0; i < 2; i++) {
        if (hr_rank_socket(pair[i])) {
            return hr_fail(errno, "rank %d's connection: %s", rank, strerror(errno));
        }
    }
    p->fd = pair[0];
    p->child = fork();
    if (p->child == 0) {
        child(ranks, rank, pair[1], body, context);
    }
    close(pair[1]);
    if (p->child < 0) {
        return hr_fail(errno, "rank %d cannot be started: %s", rank, strerror(errno));
    }
    hr_rank_self(ranks->facts + rank);
    ranks->facts[rank].process = p->child;
    return 0;
}

int hr_ranks_fork(struct hr_ranks **out, int size, void (*body)(struct hr_ranks *, void *),
                  void *context)
{
    struct hr_ranks *ranks;
    int rc = 0;

    *out = NULL;
    if (size < 1 || size > HR_RANKS_MAX) {
        return hr_fail(EINVAL, "%d ranks: 1 to %d can be forked", size, HR_RANKS_MAX);
    }
    ranks = new_ranks(0, size, size - 1);
    if (!ranks) {
        return hr_fail(ENOMEM, "no memory for %d ranks", size);
    }
    hr_rank_self(ranks->facts);
    fflush(NULL); /* or each of them could write it again */
    for (int r = 1; r < size && rc == 0; r++) {
        rc = start(ranks, r, body, context);
    }
    if (rc) {
        ranks->lost = 0; /* none is sent home: all are ended */
        hr_ranks_end(ranks, 0);
        return rc;
    }
    *out = ranks;
    return 0;
}
