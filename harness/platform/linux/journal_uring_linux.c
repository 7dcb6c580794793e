/*
 * journal_uring_linux.c - a journal's group by io_uring(7): one system call hands over the write
 * and, linked behind it, the sync.
 *
 * Spoken by system calls, since that needs no library. A short write breaks the link; the rest is
 * then written and synced as a new pair.
 */
#include "harness/error.h"
#include "harness/ledger/journal_io.h"

#include <errno.h>
#include <linux/io_uring.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ENTRIES 4u
enum { WRITE, SYNC };

struct ring {
    int fd;
    uint8_t *rings;
    struct io_uring_sqe *sqes;
    size_t rings_bytes, sqes_bytes;
    _Atomic uint32_t *sq_tail, *cq_head, *cq_tail;
    uint32_t *sq_array, sq_mask, cq_mask, tail;
    struct io_uring_cqe *cqes;
    struct hr_group_write left; /* of the group under way */
    uint32_t awaited;           /* completions */
    bool again;                 /* a short write: the rest is to be asked for */
    int rc;
};

static void ring_close(void *self)
{
    struct ring *r = self;

    if (r) {
        if (r->sqes) {
            munmap(r->sqes, r->sqes_bytes);
        }
        if (r->rings) {
            munmap(r->rings, r->rings_bytes);
        }
        if (r->fd >= 0) {
            close(r->fd);
        }
        free(r);
    }
}

static int map(struct ring *r, const struct io_uring_params *p)
{
    size_t sq = p->sq_off.array + p->sq_entries * sizeof(uint32_t);
    size_t cq = p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe);
    void *at;

    r->rings_bytes = sq > cq ? sq : cq;
    r->sqes_bytes = p->sq_entries * sizeof(struct io_uring_sqe);
    at = mmap(NULL, r->rings_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, IORING_OFF_SQ_RING);
    r->rings = at == MAP_FAILED ? NULL : at;
    at = mmap(NULL, r->sqes_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, IORING_OFF_SQES);
    r->sqes = at == MAP_FAILED ? NULL : at;
    if (!r->rings || !r->sqes) {
        return hr_fail(ENOMEM, "io_uring's rings cannot be mapped");
    }
    r->sq_tail = (void *)(r->rings + p->sq_off.tail);
    r->cq_head = (void *)(r->rings + p->cq_off.head);
    r->cq_tail = (void *)(r->rings + p->cq_off.tail);
    memcpy(&r->sq_mask, r->rings + p->sq_off.ring_mask, sizeof(r->sq_mask));
    memcpy(&r->cq_mask, r->rings + p->cq_off.ring_mask, sizeof(r->cq_mask));
    r->sq_array = (void *)(r->rings + p->sq_off.array);
    r->cqes = (void *)(r->rings + p->cq_off.cqes);
    return 0;
}

static int ring_open(void **self)
{
    struct io_uring_params p = {0};
    struct ring *r = calloc(1, sizeof(*r));
    int rc;

    *self = NULL;
    if (!r) {
        return hr_fail(ENOMEM, "no memory for a journal");
    }
    r->fd = (int)syscall(SYS_io_uring_setup, ENTRIES, &p);
    rc = r->fd < 0 ? hr_fail(errno,
                             "no io_uring here: %s (Linux 5.6 is needed, and sysctl "
                             "kernel.io_uring_disabled=0)",
                             strerror(errno))
         : !(p.features & IORING_FEAT_SINGLE_MMAP) || !(p.features & IORING_FEAT_RW_CUR_POS)
             ? hr_fail(ENOTSUP, "this io_uring is too old: Linux 5.6 is needed")
             : map(r, &p);
    if (rc) {
        ring_close(r);
        return rc;
    }
    *self = r;
    return 0;
}

static int enter(struct ring *r, uint32_t submit, uint32_t wanted)
{
    while (syscall(SYS_io_uring_enter, r->fd, submit, wanted, wanted ? IORING_ENTER_GETEVENTS : 0,
                   NULL, 0) < 0) {
        if (errno != EINTR && errno != EAGAIN && errno != EBUSY) {
            return -errno;
        }
    }
    return 0;
}

static struct io_uring_sqe *next(struct ring *r, uint8_t opcode, uint64_t what)
{
    uint32_t at = r->tail++ & r->sq_mask;
    struct io_uring_sqe *sqe = r->sqes + at;

    memset(sqe, 0, sizeof(*sqe));
    r->sq_array[at] = at;
    sqe->opcode = opcode;
    sqe->fd = r->left.fd;
    sqe->user_data = what;
    return sqe;
}

/* What is left of the group: a write and the sync behind it. */
static void ask(struct ring *r)
{
    struct io_uring_sqe *sqe = next(r, IORING_OP_WRITE, WRITE);

    sqe->addr = (uint64_t)(uintptr_t)r->left.data;
    sqe->len = r->left.bytes > 1u << 30 ? 1u << 30 : (uint32_t)r->left.bytes;
    sqe->off = r->left.offset;
    r->awaited = 1;
    if (r->left.sync) {
        sqe->flags = IOSQE_IO_LINK;
        sqe = next(r, IORING_OP_FSYNC, SYNC);
        sqe->fsync_flags = IORING_FSYNC_DATASYNC;
        r->awaited = 2;
    }
    atomic_store_explicit(r->sq_tail, r->tail, memory_order_release);
    r->again = false;
    r->rc = enter(r, r->awaited, 0);
    if (r->rc) {
        r->awaited = 0;
    }
}

static void ring_start(void *self, const struct hr_group_write *write)
{
    struct ring *r = self;

    r->left = *write;
    r->rc = 0;
    ask(r);
}

static void take(struct ring *r, const struct io_uring_cqe *cqe)
{
    r->awaited--;
    if (cqe->user_data == SYNC) {
        /* Cancelled behind a short write, which asks for both again; or behind a failed one. */
        if (cqe->res < 0 && cqe->res != -ECANCELED && r->rc == 0) {
            r->rc = cqe->res;
        }
        return;
    }
    if (cqe->res == -EINTR || cqe->res == -EAGAIN) {
        r->again = true;
    } else if (cqe->res <= 0) {
        r->rc = cqe->res ? cqe->res : -ENOSPC;
    } else if ((size_t)cqe->res < r->left.bytes) {
        r->left.data = (const uint8_t *)r->left.data + cqe->res;
        r->left.bytes -= (size_t)cqe->res;
        r->left.offset += (uint64_t)cqe->res;
        r->again = true;
    }
}

static void reap(struct ring *r)
{
    uint32_t head = atomic_load_explicit(r->cq_head, memory_order_relaxed);
    uint32_t tail = atomic_load_explicit(r->cq_tail, memory_order_acquire);

    for (; head != tail; head++) {
        take(r, r->cqes + (head & r->cq_mask));
    }
    atomic_store_explicit(r->cq_head, head, memory_order_release);
}

static int ring_finish(void *self, bool wait)
{
    struct ring *r = self;

    for (;;) {
        reap(r);
        if (r->awaited == 0 && r->again && r->rc == 0) {
            ask(r);
        } else if (r->awaited == 0) {
            return r->rc ? r->rc : 1;
        }
        if (!wait) {
            return 0;
        }
        if (r->awaited) {
            int rc = enter(r, 0, 1);

            if (rc) {
                return rc;
            }
        }
    }
}

const struct hr_group_io_ops hr_group_io_uring = {
    .open = ring_open, .start = ring_start, .finish = ring_finish, .close = ring_close};
