/*
 * link_ring.c - how fast do bytes cross from one core to another through shared memory?
 *
 * Two rings a connection, one each way, in memory that both processes see; one writer, one reader.
 * Each side keeps a copy of the other's position and looks at the real one only when the copy says
 * full or empty. A ring's bytes are mapped twice, one behind the other, so that what goes round the
 * end lies in one piece. A writer that finds all it wrote read begins at the ring's start again:
 * what is in use stays in the cache, where all rings together would not. It cannot see that a peer
 * died: the server's control channel does.
 */
#include "harness/error.h"
#include "harness/link.h"
#include "harness/progress.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define LINE 128
/* A whole number of pages, also where they are of 64 KiB. */
#define RING_BYTES_MIN (64u << 10)
#define DEFAULT_BYTES (64u << 10)
#define SPINS_BEFORE_YIELD 2000

/* Shared. Positions count bytes since the start. */
struct way {
    _Alignas(LINE) _Atomic uint64_t written;
    _Atomic uint64_t base; /* nothing was written between what was read then and here */
    _Alignas(LINE) _Atomic uint64_t released;
    _Atomic uint32_t gone; /* the reader left */
};

/* One side's view of a connection. */
struct side {
    struct way *out, *in;
    uint8_t *out_bytes, *in_bytes; /* twice the ring's size */
    uint64_t written, released_seen;
    uint64_t base; /* of what is written out */
    uint64_t released, written_seen;
    bool open;
};

struct ring_link {
    struct hr_link base;
    struct way *ways; /* two a connection: to the server, to the client */
    uint8_t *bytes;   /* all rings, each twice */
    uint64_t size;    /* of a ring, a power of two */
    unsigned idle;
    uint32_t next; /* looked at first by the next poll() */
    struct side sides[];
};

static int ring_available(void)
{
    return 0;
}

/* 0 or an errno. What there is no memory for is said here: touched later, it would be a signal. */
static int allocate(int fd, size_t bytes)
{
#ifdef __linux__
    int err;

    do {
        err = posix_fallocate(fd, 0, (off_t)bytes);
    } while (err == EINTR && !hr_stop_signal());
    return err == EOPNOTSUPP || err == EINVAL ? 0 : err;
#else
    (void)fd;
    (void)bytes;
    return 0;
#endif
}

/* Memory without a name that forked processes share. */
static int shared_file(size_t bytes)
{
    static unsigned number;
    char name[64];
    int fd, err;

    snprintf(name, sizeof(name), "/headroom-%ld-%u", (long)getpid(), number++);
    fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
    if (fd < 0) {
        return hr_fail(errno, "no shared memory: %s", strerror(errno));
    }
    shm_unlink(name);
    err = ftruncate(fd, (off_t)bytes) ? errno : allocate(fd, bytes);
    if (err) {
        close(fd);
        return hr_fail(err, "no %zu bytes of shared memory: %s", bytes, strerror(err));
    }
    return fd;
}

/* Each ring of the file twice, one behind the other. */
static int map_rings(struct ring_link *l, int fd, uint32_t rings)
{
    for (uint32_t i = 0; i < 2 * rings; i++) {
        void *at = mmap(l->bytes + i * l->size, l->size, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_FIXED, fd, (off_t)(i / 2 * l->size));

        if (at == MAP_FAILED) {
            return hr_fail(errno, "shared memory cannot be mapped: %s", strerror(errno));
        }
    }
    memset(l->bytes, 0, 2 * l->size * rings); /* touched before anything is timed */
    return 0;
}

static void unmap(struct ring_link *l)
{
    uint32_t rings = 2 * l->base.slots;

    if (l->ways != MAP_FAILED) {
        munmap(l->ways, rings * sizeof(*l->ways));
    }
    if (l->bytes != MAP_FAILED) {
        munmap(l->bytes, 2 * l->size * rings);
    }
    free(l);
}

static int ring_listen(struct hr_link **out, const struct hr_link_params *params)
{
    uint64_t wanted = params->buffer_bytes ? params->buffer_bytes : DEFAULT_BYTES, size;
    struct ring_link *l = calloc(1, sizeof(*l) + params->clients * sizeof(l->sides[0]));
    uint32_t rings = 2 * params->clients;
    int fd, rc = 0;

    *out = NULL;
    if (!l) {
        return hr_fail(ENOMEM, "no memory for a ring's %u clients", params->clients);
    }
    wanted =
        wanted < 2 * (uint64_t)params->message_bytes ? 2 * (uint64_t)params->message_bytes : wanted;
    for (size = RING_BYTES_MIN; size < wanted; size *= 2) {
    }
    l->size = size;
    l->base = (struct hr_link){.params = *params, .slots = params->clients};
    l->base.facts.send_bytes = l->base.facts.receive_bytes = size;
    l->ways =
        mmap(NULL, rings * sizeof(*l->ways), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANON, -1, 0);
    l->bytes = mmap(NULL, 2 * size * rings, PROT_NONE, MAP_PRIVATE | MAP_ANON, -1, 0);
    fd = shared_file(size * rings);
    if (fd < 0) {
        rc = fd;
    } else {
        rc = l->ways == MAP_FAILED || l->bytes == MAP_FAILED
                 ? hr_fail(ENOMEM, "no memory for %u rings of %llu bytes", rings,
                           (unsigned long long)size)
                 : map_rings(l, fd, rings);
        close(fd);
    }
    if (rc) {
        unmap(l);
        return rc;
    }
    *out = &l->base;
    return 0;
}

static int ring_join(struct hr_link *link, bool server)
{
    struct ring_link *l = (struct ring_link *)link;

    for (uint32_t c = 0; c < link->slots; c++) {
        uint32_t out = 2 * c + server, in = 2 * c + !server;

        l->sides[c] = (struct side){.out = l->ways + out,
                                    .in = l->ways + in,
                                    .out_bytes = l->bytes + 2 * l->size * out,
                                    .in_bytes = l->bytes + 2 * l->size * in,
                                    .open = true};
    }
    return 0;
}

static bool has_more(struct side *s)
{
    if (s->written_seen == s->released) {
        s->written_seen = atomic_load_explicit(&s->in->written, memory_order_acquire);
        if (s->written_seen != s->released) {
            uint64_t base = atomic_load_explicit(&s->in->base, memory_order_relaxed);

            s->released = base > s->released ? base : s->released;
        }
    }
    return s->written_seen != s->released;
}

static int ring_poll(struct hr_link *link, uint32_t *ready, uint32_t most, int wait_ms)
{
    struct ring_link *l = (struct ring_link *)link;
    uint32_t n = 0, c = l->next;

    for (uint32_t k = 0; k < link->slots && n < most; k++, c = c + 1 < link->slots ? c + 1 : 0) {
        struct side *s = l->sides + c;

        if (!s->open) {
            continue;
        }
        if (has_more(s)) {
            ready[n++] = c;
        } else if (atomic_load_explicit(&s->out->gone, memory_order_acquire)) {
            s->open = false;
            ready[n++] = c | HR_LINK_GONE;
        }
    }
    l->next = c;
    l->idle = n ? 0 : l->idle + 1;
    if (n == 0 && wait_ms) {
        nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
    } else if (l->idle % SPINS_BEFORE_YIELD == SPINS_BEFORE_YIELD - 1) {
        sched_yield(); /* the other side may want this very processor */
    }
    return (int)n;
}

static size_t ring_read(struct hr_link *link, uint32_t c, size_t used, const uint8_t **at)
{
    struct ring_link *l = (struct ring_link *)link;
    struct side *s = l->sides + c;

    if (!s->open) {
        return 0;
    }
    if (used) {
        s->released += used;
        atomic_store_explicit(&s->in->released, s->released, memory_order_release);
    }
    has_more(s);
    *at = s->in_bytes + (s->released & (l->size - 1));
    return s->written_seen - s->released;
}

static void look_released(struct side *s)
{
    uint64_t released = atomic_load_explicit(&s->out->released, memory_order_acquire);

    s->released_seen = released > s->base ? released : s->base;
}

/* To the start of the ring, if all was read. The reader is told with what is written next. */
static void rewind_out(struct ring_link *l, struct side *s)
{
    look_released(s);
    if (s->released_seen == s->written) {
        s->written = (s->written + l->size - 1) & ~(l->size - 1);
        s->base = s->released_seen = s->written;
        atomic_store_explicit(&s->out->base, s->base, memory_order_relaxed);
    }
}

static size_t ring_write(struct hr_link *link, uint32_t c, size_t used, uint8_t **at)
{
    struct ring_link *l = (struct ring_link *)link;
    struct side *s = l->sides + c;

    if (!s->open) {
        return 0;
    }
    if (used) {
        s->written += used;
        atomic_store_explicit(&s->out->written, s->written, memory_order_release);
    } else if (s->written & (l->size - 1)) {
        rewind_out(l, s);
    }
    if (l->size - (s->written - s->released_seen) < link->params.message_bytes) {
        look_released(s);
    }
    *at = s->out_bytes + (s->written & (l->size - 1));
    return l->size - (s->written - s->released_seen);
}

static void ring_close(struct hr_link *link, uint32_t c)
{
    struct ring_link *l = (struct ring_link *)link;

    for (uint32_t i = 0; link && i < link->slots; i++) {
        if ((c == HR_LINK_ALL || c == i) && l->sides[i].in) {
            atomic_store_explicit(&l->sides[i].in->gone, 1, memory_order_release);
            l->sides[i].open = false;
        }
    }
    if (link && c == HR_LINK_ALL) {
        unmap(l);
    }
}

extern const struct hr_link_ops hr_link_ring;
const struct hr_link_ops hr_link_ring = {
    .name = "ring",
    .summary = "rings of shared memory between two processes",
    .available = ring_available,
    .listen = ring_listen,
    .join = ring_join,
    .poll = ring_poll,
    .read = ring_read,
    .write = ring_write,
    .close = ring_close,
};
