/*
 * link_uring_linux.c - TCP by io_uring(7): what does one system call for all connections bring?
 *
 * The sockets are those of tcp. Each connection has one multishot receive, which fills buffers that
 * the kernel picks from a ring of provided ones, and at most one send under way, from a registered
 * buffer while the other one is filled. A poll() is one io_uring_enter(): it hands over all sends
 * and takes all completions. Received bytes are copied once more, behind what is unread, so that a
 * reader finds them in one piece. Spoken by system calls, since that needs no library.
 */
#include "harness/clock.h"
#include "harness/error.h"
#include "harness/link_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SILENT_NS UINT64_C(2000000000) /* after it one who said nothing gives way, if he has to */
#define ENTRIES 1024u
#define PROVIDED 256u /* buffers for receiving, a power of two */
#define PROVIDED_BYTES (32u << 10)
#define IN_BYTES (512u << 10)
#define GROUP 1

/* user_data: what for, and of which connection. */
enum { FOR_ACCEPT, FOR_RECEIVE, FOR_SEND };
#define TAG(what, c, age) ((uint64_t)(what) << 56 | (uint64_t)(age) << 32 | (c))

/* Received, and not yet behind what is unread. */
struct held {
    uint16_t buffer;
    uint32_t at, end;
};

struct conn {
    int fd;
    uint32_t age; /* completions of who had this place before are not ours */
    bool used, gone, told, receiving, sending, ready, spoke;
    uint64_t since_ns; /* it was met */
    uint8_t *in;
    size_t in_at, in_end;
    uint8_t *out[2]; /* [filling] is being written, the other one sent */
    int filling;
    size_t filled, sent_at, sent_end;
    struct held held[PROVIDED];
    uint32_t held_first, held_count;
};

struct uring {
    int fd;
    void *rings, *sqes_map;
    size_t rings_bytes, sqes_bytes;
    _Atomic uint32_t *sq_head, *sq_tail, *cq_head, *cq_tail;
    uint32_t sq_mask, cq_mask, tail, to_submit;
    uint32_t *sq_array;
    struct io_uring_sqe *sqes;
    struct io_uring_cqe *cqes;
};

struct uring_link {
    struct hr_link base;
    struct hr_meeting meeting;
    struct uring ring;
    struct io_uring_buf_ring *provided;
    size_t provided_bytes, in_bytes, out_bytes;
    uint16_t provided_tail;
    uint8_t *memory; /* of the provided buffers */
    uint8_t *outs;   /* of all connections, registered as one */
    bool registered, server, failed;
    uint32_t next; /* looked at first by the next poll() */
    struct conn conns[];
};

/* ---- the ring ------------------------------------------------------------------------- */

static int enter(struct uring *r, uint32_t wanted, int wait_ms)
{
    struct __kernel_timespec time = {.tv_sec = wait_ms / 1000,
                                     .tv_nsec = wait_ms % 1000 * 1000000LL};
    struct io_uring_getevents_arg arg = {.ts = (uint64_t)(uintptr_t)&time};
    long rc = syscall(SYS_io_uring_enter, r->fd, r->to_submit, wanted,
                      IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG, &arg, sizeof(arg));

    if (rc >= 0) {
        r->to_submit -= (uint32_t)rc;
        return 0;
    }
    return errno == ETIME || errno == EINTR || errno == EBUSY || errno == EAGAIN
               ? 0
               : hr_fail(errno, "io_uring_enter: %s", strerror(errno));
}

static struct io_uring_sqe *next_sqe(struct uring *r)
{
    struct io_uring_sqe *sqe;
    uint32_t at;

    if (r->tail - atomic_load_explicit(r->sq_head, memory_order_acquire) > r->sq_mask &&
        enter(r, 0, 0)) {
        return NULL;
    }
    at = r->tail++ & r->sq_mask;
    sqe = r->sqes + at;
    memset(sqe, 0, sizeof(*sqe));
    r->sq_array[at] = at;
    r->to_submit++;
    return sqe;
}

static void push(struct uring *r)
{
    atomic_store_explicit(r->sq_tail, r->tail, memory_order_release);
}

static int ring_open(struct uring *r)
{
    struct io_uring_params p = {.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                                         IORING_SETUP_CQSIZE,
                                .cq_entries = 8 * ENTRIES};
    size_t sq_bytes, cq_bytes;
    uint8_t *at;

    r->fd = (int)syscall(SYS_io_uring_setup, ENTRIES, &p);
    if (r->fd < 0) {
        return hr_fail(
            errno,
            "no io_uring here: %s (Linux 6.1 is needed, and sysctl kernel.io_uring_disabled=0)",
            strerror(errno));
    }
    if (!(p.features & IORING_FEAT_SINGLE_MMAP) || !(p.features & IORING_FEAT_EXT_ARG)) {
        close(r->fd);
        return hr_fail(ENOTSUP, "this io_uring is too old: Linux 6.1 is needed");
    }
    sq_bytes = p.sq_off.array + p.sq_entries * sizeof(uint32_t);
    cq_bytes = p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe);
    r->rings_bytes = sq_bytes > cq_bytes ? sq_bytes : cq_bytes;
    r->sqes_bytes = p.sq_entries * sizeof(struct io_uring_sqe);
    r->rings = mmap(NULL, r->rings_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, r->fd,
                    IORING_OFF_SQ_RING);
    r->sqes_map = mmap(NULL, r->sqes_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
                       r->fd, IORING_OFF_SQES);
    if (r->rings == MAP_FAILED || r->sqes_map == MAP_FAILED) {
        close(r->fd);
        return hr_fail(ENOMEM, "io_uring's rings cannot be mapped");
    }
    at = r->rings;
    r->sq_head = (void *)(at + p.sq_off.head);
    r->sq_tail = (void *)(at + p.sq_off.tail);
    r->cq_head = (void *)(at + p.cq_off.head);
    r->cq_tail = (void *)(at + p.cq_off.tail);
    memcpy(&r->sq_mask, at + p.sq_off.ring_mask, sizeof(r->sq_mask));
    memcpy(&r->cq_mask, at + p.cq_off.ring_mask, sizeof(r->cq_mask));
    r->sq_array = (void *)(at + p.sq_off.array);
    r->cqes = (void *)(at + p.cq_off.cqes);
    r->sqes = r->sqes_map;
    return 0;
}

static void ring_close(struct uring *r)
{
    if (r->sqes) {
        munmap(r->rings, r->rings_bytes);
        munmap(r->sqes_map, r->sqes_bytes);
        close(r->fd);
    }
}

static int uring_available(void)
{
    struct uring probe = {.fd = -1};
    int rc = ring_open(&probe);

    ring_close(&probe);
    return rc;
}

/* ---- buffers ------------------------------------------------------------------------------ */

static void provide(struct uring_link *l, uint16_t buffer)
{
    struct io_uring_buf *b = &l->provided->bufs[l->provided_tail++ & (PROVIDED - 1)];

    b->addr = (uint64_t)(uintptr_t)(l->memory + (size_t)buffer * PROVIDED_BYTES);
    b->len = PROVIDED_BYTES;
    b->bid = buffer;
    __atomic_store_n(&l->provided->tail, l->provided_tail, __ATOMIC_RELEASE);
}

static void *map(size_t bytes)
{
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE,
                    -1, 0);

    return at == MAP_FAILED ? NULL : at;
}

static int make_buffers(struct uring_link *l)
{
    struct io_uring_buf_reg reg = {.ring_entries = PROVIDED, .bgid = GROUP};
    size_t outs = 2 * l->out_bytes * l->base.slots;
    struct iovec all;

    l->provided_bytes = PROVIDED * sizeof(struct io_uring_buf);
    l->provided = map(l->provided_bytes);
    l->memory = map((size_t)PROVIDED * PROVIDED_BYTES);
    l->outs = map(outs);
    if (!l->provided || !l->memory || !l->outs) {
        return hr_fail(ENOMEM, "no memory for io_uring's buffers");
    }
    reg.ring_addr = (uint64_t)(uintptr_t)l->provided;
    if (syscall(SYS_io_uring_register, l->ring.fd, IORING_REGISTER_PBUF_RING, &reg, 1)) {
        return hr_fail(errno, "io_uring takes no ring of buffers: %s", strerror(errno));
    }
    for (uint16_t i = 0; i < PROVIDED; i++) {
        provide(l, i);
    }
    /* Locked memory may be scarce: unregistered buffers do as well. */
    all = (struct iovec){.iov_base = l->outs, .iov_len = outs};
    l->registered =
        syscall(SYS_io_uring_register, l->ring.fd, IORING_REGISTER_BUFFERS, &all, 1) == 0;
    return 0;
}

/* What was received goes behind what is unread, as far as there is room. */
static void settle(struct uring_link *l, struct conn *n)
{
    while (n->held_count) {
        struct held *h = n->held + n->held_first % PROVIDED;
        size_t left = h->end - h->at, room;

        if (n->in_at == n->in_end) {
            n->in_at = n->in_end = 0;
        } else if (n->in_at && l->in_bytes - n->in_end < left) {
            memmove(n->in, n->in + n->in_at, n->in_end - n->in_at);
            n->in_end -= n->in_at;
            n->in_at = 0;
        }
        room = l->in_bytes - n->in_end;
        left = left < room ? left : room;
        memcpy(n->in + n->in_end, l->memory + (size_t)h->buffer * PROVIDED_BYTES + h->at, left);
        n->in_end += left;
        h->at += (uint32_t)left;
        if (h->at < h->end) {
            return;
        }
        provide(l, h->buffer);
        n->held_first++;
        n->held_count--;
    }
}

/* ---- requests to the kernel ----------------------------------------------------------------- */

static void ask_receive(struct uring_link *l, uint32_t c)
{
    struct io_uring_sqe *sqe = next_sqe(&l->ring);

    if (!sqe) {
        l->failed = true;
        return;
    }
    sqe->opcode = IORING_OP_RECV;
    sqe->fd = l->conns[c].fd;
    sqe->ioprio = IORING_RECV_MULTISHOT;
    sqe->flags = IOSQE_BUFFER_SELECT;
    sqe->buf_group = GROUP;
    sqe->user_data = TAG(FOR_RECEIVE, c, l->conns[c].age & 0xffff);
    l->conns[c].receiving = true;
    push(&l->ring);
}

static void ask_send(struct uring_link *l, uint32_t c)
{
    struct conn *n = l->conns + c;
    struct io_uring_sqe *sqe = next_sqe(&l->ring);

    if (!sqe) {
        l->failed = true;
        return;
    }
    sqe->opcode = l->registered ? IORING_OP_WRITE_FIXED : IORING_OP_SEND;
    sqe->fd = n->fd;
    sqe->addr = (uint64_t)(uintptr_t)(n->out[!n->filling] + n->sent_at);
    sqe->len = (uint32_t)(n->sent_end - n->sent_at);
    if (!l->registered) {
        sqe->msg_flags = MSG_NOSIGNAL;
    }
    sqe->user_data = TAG(FOR_SEND, c, n->age & 0xffff);
    n->sending = true;
    push(&l->ring);
}

static void ask_accept(struct uring_link *l)
{
    struct io_uring_sqe *sqe = next_sqe(&l->ring);

    if (!sqe) {
        l->failed = true;
        return;
    }
    sqe->opcode = IORING_OP_POLL_ADD;
    sqe->fd = l->meeting.fd;
    sqe->poll32_events = POLLIN;
    sqe->len = IORING_POLL_ADD_MULTI;
    sqe->user_data = TAG(FOR_ACCEPT, 0, 0);
    push(&l->ring);
}

/* ---- connections ----------------------------------------------------------------------------- */

static int take(struct uring_link *l, uint32_t c, int fd)
{
    struct conn *n = l->conns + c;
    uint8_t *in = n->in ? n->in : malloc(l->in_bytes), *outs = l->outs + 2 * l->out_bytes * c;
    uint32_t age = n->age + 1;

    if (!in) {
        close(fd);
        return hr_fail(ENOMEM, "no memory for a connection's buffer");
    }
    memset(n, 0, sizeof(*n));
    n->fd = fd;
    n->age = age;
    n->used = true;
    n->since_ns = hr_clock_ns();
    n->in = in;
    n->out[0] = outs;
    n->out[1] = outs + l->out_bytes;
    fcntl(fd, F_SETFL,
          fcntl(fd, F_GETFL) & ~O_NONBLOCK); /* io_uring waits; it is not to be refused */
    hr_socket_facts(fd, false, &l->base.facts);
    ask_receive(l, c);
    return 0;
}

static void uring_close(struct hr_link *link, uint32_t c);

/* Where the next one goes: a free place, or that of who has been silent since he came, and longest;
 * of such a one poll() never told. */
static uint32_t place_of_next(struct uring_link *l)
{
    uint32_t slots = l->base.slots, silent = slots;
    uint64_t now_ns = hr_clock_ns();

    for (uint32_t c = 0; c < slots; c++) {
        const struct conn *n = l->conns + c;

        if (!n->used) {
            return c;
        }
        if (!n->spoke && !n->gone && now_ns - n->since_ns > SILENT_NS &&
            (silent == slots || n->since_ns < l->conns[silent].since_ns)) {
            silent = c;
        }
    }
    l->base.counts.refused++; /* one of them */
    if (silent < slots) {
        uring_close(&l->base, silent);
    }
    return silent;
}

static void accept_all(struct uring_link *l)
{
    int fd;

    while ((fd = hr_meeting_accept(&l->meeting, &l->base.params)) >= 0) {
        uint32_t c = place_of_next(l);

        if (c == l->base.slots) {
            close(fd);
        } else {
            take(l, c, fd);
        }
    }
}

static int uring_listen(struct hr_link **out, const struct hr_link_params *params)
{
    uint32_t slots = hr_link_slots(params);
    struct uring_link *l = calloc(1, sizeof(*l) + slots * sizeof(l->conns[0]));
    size_t least = 2 * (size_t)params->message_bytes;
    int rc;

    *out = NULL;
    if (!l) {
        return hr_fail(ENOMEM, "no memory for %u connections", slots);
    }
    l->base = (struct hr_link){.params = *params, .slots = slots};
    l->out_bytes = (least + 4095) / 4096 * 4096;
    l->in_bytes = least > IN_BYTES ? least : IN_BYTES;
    rc = hr_meeting_open(&l->meeting, false, params);
    if (rc) {
        free(l);
        return rc;
    }
    l->base.facts.port = l->meeting.port;
    *out = &l->base;
    return 0;
}

static int uring_join(struct hr_link *link, bool server)
{
    struct uring_link *l = (struct uring_link *)link;
    int rc = ring_open(&l->ring);

    l->server = server;
    signal(SIGPIPE, SIG_IGN); /* a fixed write cannot be told to raise none */
    rc = rc ? rc : make_buffers(l);
    if (rc) {
        return rc;
    }
    if (server) {
        ask_accept(l);
        return enter(&l->ring, 0, 0);
    }
    for (uint32_t c = 0; c < link->params.clients && rc == 0; c++) {
        int fd = hr_meeting_connect(&l->meeting, &link->params);

        rc = fd < 0 ? fd : take(l, c, fd);
    }
    hr_meeting_close(&l->meeting, true);
    return rc;
}

/* ---- completions ------------------------------------------------------------------------------
 */

static void on_receive(struct uring_link *l, uint32_t c, const struct io_uring_cqe *cqe)
{
    struct conn *n = l->conns + c;
    bool ours = n->used && !n->gone && (cqe->user_data >> 32 & 0xffff) == (n->age & 0xffff);

    if (cqe->flags & IORING_CQE_F_BUFFER) {
        uint16_t buffer = (uint16_t)(cqe->flags >> IORING_CQE_BUFFER_SHIFT);

        if (ours && cqe->res > 0) {
            n->held[(n->held_first + n->held_count++) % PROVIDED] =
                (struct held){.buffer = buffer, .end = (uint32_t)cqe->res};
        } else {
            provide(l, buffer);
        }
    }
    if (!ours) {
        return;
    }
    n->spoke = n->spoke || cqe->res > 0;
    if (cqe->res == 0 || (cqe->res < 0 && cqe->res != -ENOBUFS && cqe->res != -EINTR)) {
        n->gone = true;
    }
    n->receiving = (cqe->flags & IORING_CQE_F_MORE) != 0;
}

static void on_send(struct uring_link *l, uint32_t c, const struct io_uring_cqe *cqe)
{
    struct conn *n = l->conns + c;

    if (!n->used || (cqe->user_data >> 32 & 0xffff) != (n->age & 0xffff)) {
        return;
    }
    n->sending = false;
    if (cqe->res < 0 && cqe->res != -EAGAIN && cqe->res != -EINTR) {
        n->gone = true;
        return;
    }
    n->sent_at += cqe->res > 0 ? (size_t)cqe->res : 0;
    if (n->sent_at < n->sent_end) {
        ask_send(l, c);
        return;
    }
    n->sent_at = n->sent_end = 0;
    if (n->filled) {
        n->filling = !n->filling;
        n->sent_end = n->filled;
        n->filled = 0;
        ask_send(l, c);
    }
}

static void complete_all(struct uring_link *l)
{
    struct uring *r = &l->ring;
    uint32_t head = atomic_load_explicit(r->cq_head, memory_order_relaxed);
    uint32_t tail = atomic_load_explicit(r->cq_tail, memory_order_acquire);

    for (; head != tail; head++) {
        struct io_uring_cqe cqe = r->cqes[head & r->cq_mask];
        uint32_t c = (uint32_t)cqe.user_data;

        switch (cqe.user_data >> 56) {
        case FOR_RECEIVE:
            on_receive(l, c, &cqe);
            break;
        case FOR_SEND:
            on_send(l, c, &cqe);
            break;
        default:
            accept_all(l);
            if (!(cqe.flags & IORING_CQE_F_MORE)) {
                ask_accept(l);
            }
        }
    }
    atomic_store_explicit(r->cq_head, head, memory_order_release);
}

static int uring_poll(struct hr_link *link, uint32_t *ready, uint32_t most, int wait_ms)
{
    struct uring_link *l = (struct uring_link *)link;
    int rc = enter(&l->ring, wait_ms ? 1 : 0, wait_ms), n = 0;
    uint32_t c = l->next;

    if (rc || l->failed) {
        return rc ? rc : hr_fail(EIO, "io_uring takes no more requests");
    }
    complete_all(l);
    for (uint32_t i = 0; i < link->slots && n < (int)most;
         i++, c = c + 1 < link->slots ? c + 1 : 0) {
        struct conn *k = l->conns + c;

        if (!k->used || k->told) {
            continue;
        }
        settle(l, k);
        if (k->gone) {
            k->told = true;
            ready[n++] = c | HR_LINK_GONE;
            continue;
        }
        if (!k->receiving && k->held_count == 0) {
            ask_receive(l, c);
        }
        if (k->in_end > k->in_at) {
            ready[n++] = c;
        }
    }
    l->next = c;
    return n;
}

static size_t uring_read(struct hr_link *link, uint32_t c, size_t used, const uint8_t **at)
{
    struct conn *n = ((struct uring_link *)link)->conns + c;

    n->in_at += used;
    *at = n->in + n->in_at;
    return n->used && !n->gone ? n->in_end - n->in_at : 0;
}

static size_t uring_write(struct hr_link *link, uint32_t c, size_t used, uint8_t **at)
{
    struct uring_link *l = (struct uring_link *)link;
    struct conn *n = l->conns + c;

    if (!n->used || n->gone) {
        return 0;
    }
    n->filled += used;
    if (n->filled && !n->sending) {
        n->filling = !n->filling;
        n->sent_at = 0;
        n->sent_end = n->filled;
        n->filled = 0;
        ask_send(l, c);
    }
    *at = n->out[n->filling] + n->filled;
    return l->out_bytes - n->filled;
}

static void give_back_held(struct uring_link *l, struct conn *n)
{
    for (; n->held_count; n->held_count--, n->held_first++) {
        provide(l, n->held[n->held_first % PROVIDED].buffer);
    }
}

static void uring_close(struct hr_link *link, uint32_t c)
{
    struct uring_link *l = (struct uring_link *)link;

    for (uint32_t i = 0; link && i < link->slots; i++) {
        struct conn *n = l->conns + i;

        if ((c == HR_LINK_ALL || c == i) && n->used) {
            give_back_held(l, n);
            shutdown(n->fd, SHUT_RDWR); /* ends the receive that is under way */
            close(n->fd);
            n->used = false;
        }
        if (c == HR_LINK_ALL) {
            free(n->in);
        }
    }
    if (link && c == HR_LINK_ALL) {
        hr_meeting_close(&l->meeting, !l->server);
        ring_close(&l->ring);
        if (l->provided) {
            munmap(l->provided, l->provided_bytes);
        }
        if (l->memory) {
            munmap(l->memory, (size_t)PROVIDED * PROVIDED_BYTES);
        }
        if (l->outs) {
            munmap(l->outs, 2 * l->out_bytes * link->slots);
        }
        free(l);
    }
}

extern const struct hr_link_ops hr_link_uring;
const struct hr_link_ops hr_link_uring = {
    .name = "uring",
    .summary = "TCP by io_uring: registered buffers, multishot receive, one system call a round",
    .available = uring_available,
    .listen = uring_listen,
    .join = uring_join,
    .poll = uring_poll,
    .read = uring_read,
    .write = uring_write,
    .close = uring_close,
};
