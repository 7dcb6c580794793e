/*
 * block_mesh.c - how do validators' messages get from process to process, and how late?
 *
 * One socket a pair; what a socket does not take waits in memory. Delayed messages stand in one
 * queue, which is in order of time because the delay is the same for all.
 */
#include "suites/block_mesh.h"

#include "harness/clock.h"
#include "harness/error.h"
#include "harness/link_socket.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define READ_BYTES (256u << 10)
#define MEET_MS 2000
#define CALL_MS 100 /* a caller who has not said who he is by then is nobody */
#define WORD_BYTES 16
#ifdef MSG_NOSIGNAL
#define SEND_FLAGS MSG_NOSIGNAL
#else
#define SEND_FLAGS 0
#endif

struct bytes {
    uint8_t *at;
    size_t begin, end, room;
};

struct held {
    uint64_t due_ns;
    uint32_t to;
    size_t size;
};

/* What who comes back says first. */
struct call {
    uint8_t word[WORD_BYTES];
    uint32_t node;
};

struct hr_mesh {
    uint32_t nodes, me;
    struct hr_meeting doors[HR_VALIDATORS_MAX];
    uint8_t word[WORD_BYTES];
    int fds[HR_VALIDATORS_MAX][HR_VALIDATORS_MAX]; /* [mine][his]; -1: none */
    struct bytes in[HR_VALIDATORS_MAX], out[HR_VALIDATORS_MAX];
    uint64_t delay_ns, sent_bytes;
    struct bytes late; /* the held messages, one behind the other */
    struct held *held;
    size_t held_begin, held_end, held_room;
};

/* Room for `more` bytes at the end. */
static int make_room(struct bytes *b, size_t more)
{
    uint8_t *at;
    size_t room;

    if (b->begin && b->begin == b->end) {
        b->begin = b->end = 0;
    }
    if (b->room - b->end >= more) {
        return 0;
    }
    if (b->begin > b->room / 2) {
        memmove(b->at, b->at + b->begin, b->end - b->begin);
        b->end -= b->begin;
        b->begin = 0;
    }
    for (room = b->room ? b->room : READ_BYTES; room - b->end < more; room *= 2) {
    }
    if (room == b->room) {
        return 0;
    }
    at = realloc(b->at, room);
    if (!at) {
        return hr_fail(ENOMEM, "no memory for %zu bytes of messages", room);
    }
    b->at = at;
    b->room = room;
    return 0;
}

static int meet(struct hr_mesh *mesh, uint32_t a, uint32_t b)
{
    struct hr_link_params params = {.clients = 1};
    struct hr_meeting meeting;
    int rc = hr_meeting_open(&meeting, false, &params), fd = -1;

    if (rc) {
        return rc;
    }
    rc = hr_meeting_connect(&meeting, &params);
    if (rc >= 0) {
        mesh->fds[a][b] = rc;
        for (int ms = 0; (fd = hr_meeting_accept(&meeting, &params)) == -EAGAIN && ms < MEET_MS;
             ms++) {
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        }
        rc = fd < 0 ? hr_fail(-fd, "two validators did not meet") : 0;
        mesh->fds[b][a] = fd < 0 ? -1 : fd;
    }
    hr_meeting_close(&meeting, true);
    return rc;
}

int hr_mesh_new(struct hr_mesh **out, uint32_t nodes)
{
    struct hr_mesh *mesh = calloc(1, sizeof(*mesh));
    int rc = 0;

    *out = NULL;
    if (!mesh) {
        return hr_fail(ENOMEM, "no memory for a mesh");
    }
    mesh->nodes = nodes;
    memset(mesh->fds, -1, sizeof(mesh->fds));
    for (uint32_t i = 0; i < HR_VALIDATORS_MAX; i++) {
        mesh->doors[i].fd = -1;
    }
    if (getentropy(mesh->word, sizeof(mesh->word))) {
        rc = hr_fail(errno, "no random word for a mesh: %s", strerror(errno));
    }
    for (uint32_t i = 0; i < nodes && rc == 0; i++) {
        rc = hr_meeting_open(&mesh->doors[i], false, &(struct hr_link_params){.clients = 1});
    }
    for (uint32_t a = 0; a < nodes; a++) {
        for (uint32_t b = a + 1; b < nodes && rc == 0; b++) {
            rc = meet(mesh, a, b);
        }
    }
    if (rc) {
        hr_mesh_free(mesh);
        return rc;
    }
    *out = mesh;
    return 0;
}

void hr_mesh_free(struct hr_mesh *mesh)
{
    if (!mesh) {
        return;
    }
    hr_mesh_leave(mesh);
    for (uint32_t a = 0; a < HR_VALIDATORS_MAX; a++) {
        hr_meeting_close(&mesh->doors[a], true);
        free(mesh->in[a].at);
        free(mesh->out[a].at);
    }
    free(mesh->late.at);
    free(mesh->held);
    free(mesh);
}

static void close_all_but(struct hr_mesh *mesh, uint32_t me)
{
    for (uint32_t a = 0; a < mesh->nodes; a++) {
        for (uint32_t b = 0; b < mesh->nodes; b++) {
            if (a != me && mesh->fds[a][b] >= 0) {
                close(mesh->fds[a][b]);
                mesh->fds[a][b] = -1;
            }
        }
    }
}

void hr_mesh_leave(struct hr_mesh *mesh)
{
    close_all_but(mesh, HR_TO_ALL);
}

static void be_node(struct hr_mesh *mesh, uint32_t me, uint64_t delay_ns)
{
    mesh->me = me;
    mesh->delay_ns = delay_ns;
    close_all_but(mesh, me);
}

static void close_other_doors(struct hr_mesh *mesh)
{
    for (uint32_t i = 0; i < mesh->nodes; i++) {
        if (i != mesh->me) {
            hr_meeting_close(&mesh->doors[i], false);
        }
    }
}

void hr_mesh_become(struct hr_mesh *mesh, uint32_t me, uint64_t delay_ns)
{
    be_node(mesh, me, delay_ns);
    close_other_doors(mesh);
}

int hr_mesh_return(struct hr_mesh *mesh, uint32_t me, uint64_t delay_ns)
{
    struct call call = {.node = me};
    int rc = 0;

    be_node(mesh, me, delay_ns);
    memcpy(call.word, mesh->word, WORD_BYTES);
    for (uint32_t i = 0; i < mesh->nodes && rc == 0; i++) {
        if (i == me) {
            continue;
        }
        rc = hr_meeting_connect(&mesh->doors[i], &(struct hr_link_params){.clients = 1});
        if (rc >= 0) {
            mesh->fds[me][i] = rc;
            rc = send(rc, &call, sizeof(call), SEND_FLAGS) == sizeof(call)
                     ? 0
                     : hr_fail(EPIPE, "a validator that came back was not heard");
        }
    }
    close_other_doors(mesh);
    return rc;
}

static void drop(struct hr_mesh *mesh, uint32_t peer)
{
    close(mesh->fds[mesh->me][peer]);
    mesh->fds[mesh->me][peer] = -1;
    mesh->out[peer].begin = mesh->out[peer].end = 0;
}

static void flush(struct hr_mesh *mesh, uint32_t peer)
{
    struct bytes *b = &mesh->out[peer];

    while (b->begin < b->end && mesh->fds[mesh->me][peer] >= 0) {
        ssize_t n =
            send(mesh->fds[mesh->me][peer], b->at + b->begin, b->end - b->begin, SEND_FLAGS);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            if (errno != EAGAIN && errno != EWOULDBLOCK) {
                drop(mesh, peer);
            }
            return;
        }
        b->begin += (size_t)n;
        mesh->sent_bytes += (uint64_t)n;
    }
}

static int hold_back(struct hr_mesh *mesh, uint64_t now_ns, uint32_t to,
                     const struct hr_block_message *m, size_t size)
{
    if (mesh->held_end == mesh->held_room && mesh->held_begin) {
        mesh->held_end -= mesh->held_begin;
        memmove(mesh->held, mesh->held + mesh->held_begin, mesh->held_end * sizeof(*mesh->held));
        mesh->held_begin = 0;
    } else if (mesh->held_end == mesh->held_room) {
        size_t room = mesh->held_room ? 2 * mesh->held_room : 256;
        struct held *held = realloc(mesh->held, room * sizeof(*held));

        if (!held) {
            return hr_fail(ENOMEM, "no memory for %zu messages", room);
        }
        mesh->held = held;
        mesh->held_room = room;
    }
    if (make_room(&mesh->late, size)) {
        return -ENOMEM;
    }
    hr_block_message_put(mesh->late.at + mesh->late.end, m);
    mesh->late.end += size;
    mesh->held[mesh->held_end++] =
        (struct held){.due_ns = now_ns + mesh->delay_ns, .to = to, .size = size};
    return 0;
}

static int send_one(struct hr_mesh *mesh, uint64_t now_ns, uint32_t to,
                    const struct hr_block_message *m)
{
    size_t size = hr_block_message_bytes(m);
    struct bytes *b = &mesh->out[to];

    if (mesh->fds[mesh->me][to] < 0) {
        return 0;
    }
    if (mesh->delay_ns) {
        return hold_back(mesh, now_ns, to, m, size);
    }
    if (make_room(b, size)) {
        return -ENOMEM;
    }
    hr_block_message_put(b->at + b->end, m);
    b->end += size;
    flush(mesh, to);
    return 0;
}

int hr_mesh_send(struct hr_mesh *mesh, uint64_t now_ns, uint32_t to,
                 const struct hr_block_message *m)
{
    int rc = 0;

    for (uint32_t i = 0; i < mesh->nodes && rc == 0; i++) {
        if (i != mesh->me && (to == HR_TO_ALL || to == i)) {
            rc = send_one(mesh, now_ns, i, m);
        }
    }
    return rc;
}

/* Held messages whose time has come go to their sockets. When the next one's comes. */
static int let_go(struct hr_mesh *mesh, uint64_t now_ns, uint64_t *next_ns)
{
    while (mesh->held_begin < mesh->held_end) {
        const struct held *held = &mesh->held[mesh->held_begin];
        struct bytes *b = &mesh->out[held->to];

        if (held->due_ns > now_ns) {
            *next_ns = held->due_ns < *next_ns ? held->due_ns : *next_ns;
            return 0;
        }
        if (make_room(b, held->size)) {
            return -ENOMEM;
        }
        if (mesh->fds[mesh->me][held->to] >= 0) {
            memcpy(b->at + b->end, mesh->late.at + mesh->late.begin, held->size);
            b->end += held->size;
            flush(mesh, held->to);
        }
        mesh->late.begin += held->size;
        mesh->held_begin++;
    }
    return 0;
}

static int hand_over(struct hr_mesh *mesh, uint32_t from, hr_mesh_take take, void *context)
{
    struct bytes *b = &mesh->in[from];

    while (b->begin < b->end) {
        int64_t size = hr_block_message_size(b->at + b->begin, b->end - b->begin);
        struct hr_block_message m;
        struct hr_block *block;
        int rc;

        if (size < 0) {
            return (int)size;
        }
        if (size == 0 || (size_t)size > b->end - b->begin) {
            return 0;
        }
        rc = hr_block_message_get(&m, &block, b->at + b->begin);
        if (rc) {
            return rc;
        }
        b->begin += (size_t)size;
        take(context, from, &m);
        free(block);
    }
    return 0;
}

static int read_from(struct hr_mesh *mesh, uint32_t from, hr_mesh_take take, void *context)
{
    struct bytes *b = &mesh->in[from];
    ssize_t n;

    if (make_room(b, READ_BYTES)) {
        return -ENOMEM;
    }
    n = recv(mesh->fds[mesh->me][from], b->at + b->end, b->room - b->end, 0);
    if (n > 0) {
        b->end += (size_t)n;
        return hand_over(mesh, from, take, context);
    }
    if (n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) {
        drop(mesh, from);
    }
    return 0;
}

/* Somebody at our door: a node that came back, or nobody. */
static void answer(struct hr_mesh *mesh)
{
    int fd = hr_meeting_accept(&mesh->doors[mesh->me], &(struct hr_link_params){.clients = 1});
    struct timespec wait = {.tv_nsec = CALL_MS * 1000000};
    struct call call;
    fd_set reads;

    if (fd < 0) {
        return;
    }
    FD_ZERO(&reads);
    if (fd < FD_SETSIZE) {
        FD_SET(fd, &reads);
    }
    if (fd >= FD_SETSIZE || pselect(fd + 1, &reads, NULL, NULL, &wait, NULL) != 1 ||
        recv(fd, &call, sizeof(call), 0) != sizeof(call) ||
        memcmp(call.word, mesh->word, WORD_BYTES) != 0 || call.node >= mesh->nodes ||
        call.node == mesh->me) {
        close(fd);
        return;
    }
    if (mesh->fds[mesh->me][call.node] >= 0) {
        drop(mesh, call.node);
    }
    mesh->in[call.node].begin = mesh->in[call.node].end = 0;
    mesh->fds[mesh->me][call.node] = fd;
}

int hr_mesh_poll(struct hr_mesh *mesh, uint64_t due_ns, hr_mesh_take take, void *context)
{
    uint64_t now_ns = hr_clock_ns(), wait_ns;
    struct timespec wait;
    fd_set reads, writes;
    int door = mesh->doors[mesh->me].fd, most = -1, rc = let_go(mesh, now_ns, &due_ns);

    if (rc) {
        return rc;
    }
    FD_ZERO(&reads);
    FD_ZERO(&writes);
    for (uint32_t i = 0; i < mesh->nodes; i++) {
        int fd = mesh->fds[mesh->me][i];

        if (fd < 0 || fd >= FD_SETSIZE) {
            continue;
        }
        FD_SET(fd, &reads);
        if (mesh->out[i].begin < mesh->out[i].end) {
            FD_SET(fd, &writes);
        }
        most = fd > most ? fd : most;
    }
    if (door < FD_SETSIZE) {
        FD_SET(door, &reads);
        most = door > most ? door : most;
    }
    wait_ns = due_ns > now_ns ? due_ns - now_ns : 0;
    wait_ns = wait_ns < 100000000 ? wait_ns : 100000000;
    wait = (struct timespec){.tv_nsec = (long)wait_ns};
    if (pselect(most + 1, &reads, &writes, NULL, &wait, NULL) <= 0) {
        return 0;
    }
    for (uint32_t i = 0; i < mesh->nodes && rc == 0; i++) {
        int fd = mesh->fds[mesh->me][i];

        if (fd >= 0 && fd < FD_SETSIZE && FD_ISSET(fd, &writes)) {
            flush(mesh, i);
        }
        if (mesh->fds[mesh->me][i] >= 0 && fd < FD_SETSIZE && FD_ISSET(fd, &reads)) {
            rc = read_from(mesh, i, take, context);
        }
    }
    if (rc == 0 && door < FD_SETSIZE && FD_ISSET(door, &reads)) {
        answer(mesh);
    }
    return rc;
}

uint64_t hr_mesh_bytes(const struct hr_mesh *mesh)
{
    return mesh->sent_bytes;
}
