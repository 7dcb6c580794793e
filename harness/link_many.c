/*
 * link_many.c - how does one loop serve several ports without any of them waiting for another?
 *
 * Every poll() asks the links what there is now, another one first each time, and takes from each
 * at most its share of the room. A link that had nothing for a while is asked when the others have
 * nothing either, and else from time to time: asking is a system call or more. Only when none has
 * anything does it wait, and then on the link that was heard last: what comes on another one is
 * seen when that wait is over.
 */
#include "harness/link_many.h"

#include "harness/clock.h"
#include "harness/error.h"

#include <errno.h>
#include <stdlib.h>

/* A port is quiet after so many rounds with nothing. While others have something, it is asked no
 * more often than this. */
#define QUIET_ROUNDS 16u
#define QUIET_NS UINT64_C(50000)

struct many_link {
    struct hr_link base;
    uint32_t count, turn, last; /* links; which is first; which was heard last */
    struct hr_link *links[HR_PORTS_MAX];
    uint32_t first[HR_PORTS_MAX]; /* number of a link's connection 0 */
    uint32_t empty[HR_PORTS_MAX]; /* rounds since a link had something */
    uint64_t asked_ns;            /* when the quiet ones were asked last */
    struct hr_port_counts counts[HR_PORTS_MAX];
    uint64_t bad[HR_PORTS_MAX]; /* beyond what the links say */
    bool known[];               /* connections that are there */
};

static uint32_t port_of(const struct many_link *m, uint32_t c)
{
    uint32_t k = m->count - 1;

    while (c < m->first[k]) {
        k--;
    }
    return k;
}

static int many_join(struct hr_link *link, bool server)
{
    struct many_link *m = (struct many_link *)link;
    int rc = 0;

    for (uint32_t k = 0; k < m->count && rc == 0; k++) {
        rc = m->links[k]->ops->join(m->links[k], server);
        m->counts[k].port = m->links[k]->facts.port;
        if (rc) {
            hr_context(rc, "%s", m->links[k]->ops->name);
        }
    }
    return rc;
}

/* Notes who came and who left, and says their numbers among all. */
static void translate(struct many_link *m, uint32_t k, uint32_t *ready, int n)
{
    struct hr_port_counts *counts = m->counts + k;

    counts->refused = m->links[k]->counts.refused;
    counts->bad = m->links[k]->counts.bad + m->bad[k];
    for (int i = 0; i < n; i++) {
        uint32_t c = (ready[i] & ~HR_LINK_GONE) + m->first[k];
        bool here = !(ready[i] & HR_LINK_GONE);

        if (here != m->known[c]) {
            counts->connections += here;
            counts->ended += !here;
            counts->open += here ? 1 : UINT64_MAX;
            m->known[c] = here;
        }
        ready[i] = c | (ready[i] & HR_LINK_GONE);
    }
    m->last = n ? k : m->last;
    m->empty[k] = n ? 0 : m->empty[k] + (m->empty[k] < QUIET_ROUNDS);
}

static int ask(struct many_link *m, uint32_t k, uint32_t *ready, uint32_t most, int wait_ms)
{
    int n = m->links[k]->ops->poll(m->links[k], ready, most, wait_ms);

    if (n >= 0) {
        translate(m, k, ready, n);
    }
    return n;
}

enum whom { ALL, BUSY, QUIET };

/* Asks those links, another one first each time, each for its share of the room. */
static int ask_those(struct many_link *m, enum whom whom, uint32_t *ready, uint32_t most)
{
    uint32_t which[HR_PORTS_MAX], count = 0, n = 0;

    for (uint32_t i = 0; i < m->count; i++) {
        uint32_t k = (m->turn + i) % m->count;

        if (whom == ALL || (m->empty[k] >= QUIET_ROUNDS) == (whom == QUIET)) {
            which[count++] = k;
        }
    }
    for (uint32_t i = 0; i < count && n < most; i++) {
        uint32_t share = (most - n) / (count - i);
        int got = ask(m, which[i], ready + n, share ? share : 1, 0);

        if (got < 0) {
            return got;
        }
        n += (uint32_t)got;
    }
    return (int)n;
}

static int many_poll(struct hr_link *link, uint32_t *ready, uint32_t most, int wait_ms)
{
    struct many_link *m = (struct many_link *)link;
    uint64_t now_ns;
    bool all;
    int n;

    if (m->count == 1) {
        return ask(m, 0, ready, most, wait_ms);
    }
    now_ns = hr_clock_ns();
    all = now_ns - m->asked_ns >= QUIET_NS;
    m->asked_ns = all ? now_ns : m->asked_ns;
    m->turn = (m->turn + 1) % m->count;
    n = ask_those(m, all ? ALL : BUSY, ready, most);
    if (n == 0 && !all) {
        n = ask_those(m, QUIET, ready, most);
    }
    return n == 0 && wait_ms > 0 ? ask(m, m->last, ready, most, wait_ms) : n;
}

static size_t many_read(struct hr_link *link, uint32_t c, size_t used, const uint8_t **at)
{
    struct many_link *m = (struct many_link *)link;
    uint32_t k = port_of(m, c);

    m->counts[k].bytes_in += used;
    return m->links[k]->ops->read(m->links[k], c - m->first[k], used, at);
}

static size_t many_write(struct hr_link *link, uint32_t c, size_t used, uint8_t **at)
{
    struct many_link *m = (struct many_link *)link;
    uint32_t k = port_of(m, c);

    m->counts[k].bytes_out += used;
    return m->links[k]->ops->write(m->links[k], c - m->first[k], used, at);
}

static void many_close(struct hr_link *link, uint32_t c)
{
    struct many_link *m = (struct many_link *)link;

    if (!link) {
        return;
    }
    if (c != HR_LINK_ALL) {
        uint32_t k = port_of(m, c);

        m->links[k]->ops->close(m->links[k], c - m->first[k]);
        if (m->known[c]) { /* whoever left by himself was told before */
            m->counts[k].cut++;
            m->counts[k].open--;
            m->known[c] = false;
        }
        return;
    }
    for (uint32_t k = 0; k < m->count; k++) {
        m->links[k]->ops->close(m->links[k], HR_LINK_ALL);
    }
    free(m);
}

static const struct hr_link_ops many_ops = {
    .name = "ports",
    .summary = "several links of a server",
    .join = many_join,
    .poll = many_poll,
    .read = many_read,
    .write = many_write,
    .close = many_close,
};

int hr_link_many(struct hr_link **out, struct hr_link *const *links, uint32_t count)
{
    uint32_t slots = 0;
    struct many_link *m = NULL;
    int rc = 0;

    *out = NULL;
    for (uint32_t k = 0; k < count; k++) {
        slots += links[k]->slots;
    }
    if (count == 0 || count > HR_PORTS_MAX) {
        rc = hr_fail(EINVAL, "a server has between 1 and %u ports", HR_PORTS_MAX);
    } else {
        m = calloc(1, sizeof(*m) + slots * sizeof(m->known[0]));
        rc = m ? 0 : hr_fail(ENOMEM, "no memory for %u connections", slots);
    }
    if (rc) {
        for (uint32_t k = 0; k < count; k++) {
            links[k]->ops->close(links[k], HR_LINK_ALL);
        }
        return rc;
    }
    m->base = (struct hr_link){.ops = &many_ops, .params = links[0]->params, .slots = slots};
    m->count = count;
    for (uint32_t k = 0; k < count; k++) {
        m->links[k] = links[k];
        m->first[k] = k ? m->first[k - 1] + links[k - 1]->slots : 0;
    }
    *out = &m->base;
    return 0;
}

void hr_link_many_bad(struct hr_link *link, uint32_t c)
{
    struct many_link *m = (struct many_link *)link;

    m->bad[port_of(m, c)]++;
}

const struct hr_port_counts *hr_link_many_counts(const struct hr_link *link, uint32_t *count)
{
    const struct many_link *m = (const struct many_link *)link;

    *count = m->count;
    return m->counts;
}
