/*
 * order_server.c - what does an engine carry when its orders come over a link?
 *
 * One loop: poll, decode what is there, submit, encode the events where they will be sent from. An
 * event waits for the one after it, since only that tells whether it was its order's last. Events
 * for which the link has no room wait in the connection's backlog, and its orders with them. It
 * cannot see what a link does with the bytes.
 */
#include "harness/order_server.h"

#include "harness/clock.h"
#include "harness/error.h"
#include "harness/platform/platform.h"
#include "harness/server_words.h"
#include "harness/wire.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define READY_MAX 64u
#define SINK_ROOM 512u
/* Looked at the parent's channel so often, in rounds; at once when there is nothing else to do. */
#define LOOK_ROUNDS 64u
#define LOOK_IDLE_ROUNDS 8u
/* Rounds without orders before the server sleeps a little. */
#define IDLE_ROUNDS 20000u
#define BACKLOG_BYTES_MAX (64u << 20)

/* What a connection sent: orders, and the number after the last one's. */
struct sent {
    uint64_t received, rejected, next;
};
/* A number that is further on is none: nobody loses so many. */
#define LOST_MAX (UINT64_C(1) << 20)

/* Events that the link had no room for. */
struct backlog {
    uint8_t *bytes;
    size_t at, end, size;
    bool known;
};

struct work {
    const struct hr_server_params *params;
    struct hr_link *link;
    void *engine;
    int control;
    struct hr_server_counts counts;
    struct sent *sent;
    uint64_t before_bytes;                     /* resident, before there was an engine */
    uint64_t engine_received, engine_rejected; /* before the present engine was made */
    struct backlog *backlogs;
    uint32_t backlogged; /* connections that have one */
    bool broken;         /* the engine, and hr_error() says why */
    /* the batch under way */
    uint32_t c, count, next; /* next: the first order not yet answered */
    const uint8_t *orders;
    uint64_t now_ns;
    struct eut_request *requests;
    struct eut_event held;
    bool holding;
    uint8_t *span; /* where the link takes events, how many fit, how many are written */
    size_t fits, written;
    struct eut_sink sink;
    struct eut_event events[SINK_ROOM];
};

/* ---- events out -------------------------------------------------------------------- */

static void open_span(struct work *w, size_t used)
{
    w->fits = w->link->ops->write(w->link, w->c, used, &w->span) / HR_WIRE_EVENT_BYTES;
    w->written = 0;
}

static void into_backlog(struct work *w, const uint8_t *event)
{
    struct backlog *b = w->backlogs + w->c;

    if (b->end + HR_WIRE_EVENT_BYTES > b->size) {
        size_t size = b->size ? 2 * b->size : 64u << 10;
        uint8_t *bytes = b->end < BACKLOG_BYTES_MAX ? realloc(b->bytes, size) : NULL;

        if (!bytes) {
            return; /* what is missing is counted as lost by who did not read */
        }
        b->bytes = bytes;
        b->size = size;
    }
    w->backlogged += b->end == 0;
    memcpy(b->bytes + b->end, event, HR_WIRE_EVENT_BYTES);
    b->end += HR_WIRE_EVENT_BYTES;
    if (b->end - b->at > w->counts.waiting_bytes_max) {
        w->counts.waiting_bytes_max = b->end - b->at;
    }
}

static inline void put(struct work *w, const struct eut_event *event, uint8_t last)
{
    const uint8_t *order = w->orders + (size_t)event->request * HR_WIRE_ORDER_BYTES;
    uint8_t late[HR_WIRE_EVENT_BYTES];

    w->counts.rejected += event->kind == EUT_REJECTED;
    w->counts.trades += event->kind == EUT_TRADE;
    if (w->written == w->fits && !w->backlogs[w->c].end) {
        open_span(w, w->written * HR_WIRE_EVENT_BYTES);
    }
    if (__builtin_expect(w->written < w->fits, 1)) {
        hr_wire_event_put(w->span + w->written++ * HR_WIRE_EVENT_BYTES, event, order, w->now_ns,
                          last);
        return;
    }
    hr_wire_event_put(late, event, order, w->now_ns, last);
    into_backlog(w, late);
}

/* Orders before `end` of which the engine said nothing. */
static void put_silent(struct work *w, uint32_t end)
{
    for (; w->next < end; w->next++) {
        put(w, &(struct eut_event){.request = w->next, .kind = HR_WIRE_SILENT}, 1);
        w->counts.events++;
    }
}

static void put_held(struct work *w, bool last)
{
    put(w, &w->held, last);
    w->next += last;
    w->holding = false;
}

/* Events that answer the orders in turn, as far as they fit where the link takes them; each has one
 * behind it. How many: what comes next is for put(). */
static uint32_t put_run(struct work *w, const struct eut_event *events, uint32_t count)
{
    uint32_t most = w->fits - w->written < count ? (uint32_t)(w->fits - w->written) : count;
    uint8_t *at = w->span + w->written * HR_WIRE_EVENT_BYTES;
    const uint8_t *order = w->orders + (size_t)w->next * HR_WIRE_ORDER_BYTES;
    uint32_t next = w->next, end = w->count, i = 0;
    uint64_t now_ns = w->now_ns, rejected = 0, trades = 0;

    for (; i < most && events[i].request == next && next < end; i++, at += HR_WIRE_EVENT_BYTES) {
        bool last = events[i + 1].request != next;

        hr_wire_event_put(at, events + i, order, now_ns, last);
        rejected += events[i].kind == EUT_REJECTED;
        trades += events[i].kind == EUT_TRADE;
        next += last;
        order += last ? HR_WIRE_ORDER_BYTES : 0;
    }
    w->counts.rejected += rejected;
    w->counts.trades += trades;
    w->written += i;
    w->next = next;
    return i;
}

/* All that stands in the sink; its last one is held until it is known what follows. `next` is the
 * request of the latest event until that was its last. */
static void put_events(struct work *w)
{
    const struct eut_event *events = w->sink.events;
    uint32_t count = w->sink.count;

    w->counts.events += count;
    w->sink.count = 0;
    if (count && w->holding) {
        put_held(w, events[0].request != w->held.request);
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct eut_event *e;

        i += put_run(w, events + i, count - 1 - i);
        e = events + i;
        if (__builtin_expect(e->request >= w->count || e->request < w->next, 0)) {
            w->broken = true;
            hr_fail(EBADMSG, "engine %s answers request %u of a batch of %u, out of turn",
                    w->params->engine->name, e->request, w->count);
            return;
        }
        if (__builtin_expect(e->request != w->next, 0)) {
            put_silent(w, e->request);
        }
        if (i + 1 == count) {
            w->held = *e;
            w->holding = true;
        } else {
            bool last = e[1].request != e->request;

            put(w, e, last);
            w->next += last;
        }
    }
}

static void flush(struct eut_sink *sink)
{
    put_events(sink->owner);
}

/* ---- orders in ----------------------------------------------------------------------- */

static void note_time(struct work *w, uint32_t count)
{
    uint64_t ns = hr_clock_ns() - w->now_ns;
    uint32_t i = ns <= 1000 ? 0 : 64 - (uint32_t)__builtin_clzll((ns - 1) / 1000);

    w->counts.latency[i < HR_SERVER_BUCKETS ? i : HR_SERVER_BUCKETS - 1] += count;
    w->counts.latency_ns += ns * count;
}

static void submit(struct work *w, uint32_t count)
{
    uint64_t rejected = w->counts.rejected;
    int rc;

    w->count = count;
    w->next = 0;
    w->holding = false;
    w->now_ns = hr_clock_ns();
    open_span(w, 0);
    rc = w->params->engine->submit(w->engine, w->requests, count, &w->sink);
    if (rc) {
        w->broken = true;
        hr_fail(rc < 0 ? -rc : EIO, "engine %s failed in submit() of %u requests (%d)",
                w->params->engine->name, count, rc);
        return;
    }
    put_events(w);
    if (w->broken) {
        return;
    }
    if (w->holding) {
        put_held(w, true);
    }
    put_silent(w, count);
    if (w->written) {
        open_span(w, w->written * HR_WIRE_EVENT_BYTES);
    }
    w->counts.received += count;
    w->counts.batches++;
    w->sent[w->c].received += count;
    w->sent[w->c].rejected += w->counts.rejected - rejected;
    if (w->params->timed) {
        note_time(w, count);
    }
}

static int make_engine(struct work *w)
{
    const struct hr_server_params *p = w->params;
    int rc = p->engine->create(&p->limits, &w->engine);

    if (rc) {
        return hr_fail(-rc, "engine %s did not start for %u markets and %llu orders: %s",
                       p->engine->name, p->limits.markets, (unsigned long long)p->limits.orders,
                       strerror(-rc));
    }
    w->counts.engines++;
    w->engine_received = w->counts.received;
    w->engine_rejected = w->counts.rejected;
    return 0;
}

/* A question stands alone. The answer is one event, and goes the way of all events. */
static void answer(struct work *w, uint8_t what)
{
    const struct eut_limits *limits = &w->params->limits;
    struct eut_event event = {.kind = HR_WIRE_ASK, .reason = what};

    if (what == HR_WIRE_ASK_NEW_ENGINE && w->params->renew) {
        w->params->engine->destroy(w->engine);
        w->engine = NULL;
        w->broken = make_engine(w) != 0;
    }
    if (what == HR_WIRE_ASK_LIMITS) {
        event.order = limits->orders;
        event.maker = limits->levels;
        event.price = limits->markets;
        event.qty = limits->l2_markets;
    } else if (what == HR_WIRE_ASK_CONNECTION) {
        event.order = w->sent[w->c].received;
        event.maker = event.order - w->sent[w->c].rejected;
    } else {
        event.order = w->counts.received - w->engine_received;
        event.maker = event.order - (w->counts.rejected - w->engine_rejected);
    }
    event.reason |= w->params->engine->capabilities & EUT_CAP_RULER ? HR_WIRE_RULER : 0;
    w->count = 1;
    w->now_ns = hr_clock_ns();
    open_span(w, 0);
    put(w, &event, 1);
    if (w->written) {
        open_span(w, w->written * HR_WIRE_EVENT_BYTES);
    }
}

/* What its numbers say of the orders before these: false if they say nothing. Looked at from the
 * first and the last alone; what is out of order between them cancels. */
static bool numbered(struct work *w, uint32_t c, uint32_t count)
{
    struct sent *sent = w->sent + c;
    uint64_t last, missing;

    memcpy(&last,
           w->orders + (size_t)(count - 1) * HR_WIRE_ORDER_BYTES +
               offsetof(struct hr_wire_order, sequence),
           sizeof(last));
    missing = last + 1 - sent->next - count;
    sent->next = last + 1;
    if (missing < LOST_MAX) {
        w->counts.lost += missing;
    } else if (-missing < LOST_MAX) {
        w->counts.duplicated += -missing;
    } else {
        return false;
    }
    return true;
}

/* The orders at `orders`, or the one question; how many of them were dealt with, or -1. */
static int64_t take_orders(struct work *w, uint32_t c, uint32_t count)
{
    if (__builtin_expect(w->requests[0].op == HR_WIRE_ASK, 0)) {
        answer(w, w->requests[0].side);
        return 1;
    }
    if (!numbered(w, c, count)) {
        return -1;
    }
    submit(w, count);
    return count;
}

static void forget(struct work *w, uint32_t c)
{
    w->backlogged -= w->backlogs[c].end != 0;
    free(w->backlogs[c].bytes);
    w->backlogs[c] = (struct backlog){0};
    w->sent[c] = (struct sent){.next = 1};
    w->link->ops->close(w->link, c);
}

static void cut_bad(struct work *w, uint32_t c)
{
    w->counts.cut++;
    w->counts.bad++;
    if (w->params->ports) {
        hr_link_many_bad(w->link, c);
    }
    forget(w, c);
}

/* What is there now, and no more: who sends without end must not keep the others waiting. */
static void serve(struct work *w, uint32_t c)
{
    const uint8_t *at;
    size_t have = w->link->ops->read(w->link, c, 0, &at);
    size_t turn = have - have % HR_WIRE_ORDER_BYTES;

    w->c = c;
    if (!w->backlogs[c].known) {
        w->backlogs[c].known = true;
        w->counts.connections++;
    }
    while (turn && have >= HR_WIRE_ORDER_BYTES && !w->backlogs[c].end && !w->broken) {
        uint32_t good = 0;
        int64_t n = hr_wire_orders_get(at, turn < have ? turn : have, w->requests,
                                       w->params->limits.batch_max, &good);

        w->orders = at;
        if (good) {
            int64_t taken = take_orders(w, c, good);

            n = taken < 0 || (n < 0 && taken == good) ? -1 : 0;
            good = taken < 0 ? 0 : (uint32_t)taken;
        }
        if (n < 0) {
            cut_bad(w, c);
            return;
        }
        turn -= (size_t)good * HR_WIRE_ORDER_BYTES;
        have = w->link->ops->read(w->link, c, (size_t)good * HR_WIRE_ORDER_BYTES, &at);
    }
}

/* What waited, as far as there is room for it now; then the orders that waited behind it. */
static void drain(struct work *w, uint32_t c)
{
    struct backlog *b = w->backlogs + c;
    uint8_t *at;
    size_t room = w->link->ops->write(w->link, c, 0, &at), n;

    while (b->end && (n = b->end - b->at < room ? b->end - b->at : room) >= HR_WIRE_EVENT_BYTES) {
        n -= n % HR_WIRE_EVENT_BYTES;
        memcpy(at, b->bytes + b->at, n);
        b->at += n;
        if (b->at == b->end) {
            b->at = b->end = 0;
            w->backlogged--;
        }
        room = w->link->ops->write(w->link, c, n, &at);
    }
    if (b->end >= BACKLOG_BYTES_MAX) {
        w->counts.cut++;
        forget(w, c);
    } else if (!b->end) {
        serve(w, c);
    }
}

/* ---- the loop -------------------------------------------------------------------------- */

/* What is not counted as it happens. */
static void count_up(struct work *w)
{
    struct hr_server_counts *counts = &w->counts;

    counts->accepted = counts->received - counts->rejected;
    counts->waiting_bytes = 0;
    for (uint32_t c = 0; w->backlogged && c < w->link->slots; c++) {
        counts->waiting_bytes += w->backlogs[c].end - w->backlogs[c].at;
    }
    if (w->params->ports) {
        const struct hr_port_counts *ports = hr_link_many_counts(w->link, &counts->port_count);
        uint64_t now = hr_memory_resident();

        counts->resident_bytes = now;
        counts->engine_bytes = now > w->before_bytes ? now - w->before_bytes : 0;
        memcpy(counts->ports, ports, counts->port_count * sizeof(*ports));
    }
}

/* False when the parent is gone. */
static bool answer_parent(struct work *w)
{
    struct hr_disturbance disturbance;
    char question;
    ssize_t got;

    if (w->control < 0) {
        return true;
    }
    got = recv(w->control, &question, 1, MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
        return false;
    }
    if (got == 1 && question == HR_SERVER_ENOUGH) {
        return false;
    }
    if (got == 1) {
        w->counts.digest = question == HR_SERVER_COUNT ? w->params->engine->digest(w->engine) : 0;
        hr_disturbance_read(&disturbance);
        w->counts.switches = (uint64_t)disturbance.switches_involuntary;
        count_up(w);
        return send(w->control, &w->counts, sizeof(w->counts), 0) == (ssize_t)sizeof(w->counts);
    }
    return true;
}

static int serve_all(struct work *w)
{
    uint32_t ready[READY_MAX];
    unsigned idle = 0;

    for (unsigned round = 1;; round++) {
        bool sleepy = idle > IDLE_ROUNDS && !w->backlogged;
        int n = w->link->ops->poll(w->link, ready, READY_MAX, sleepy ? 1 : 0);

        if (n < 0) {
            return n;
        }
        for (int i = 0; i < n && !w->broken; i++) {
            if (ready[i] & HR_LINK_GONE) {
                w->counts.ended += w->backlogs[ready[i] & ~HR_LINK_GONE].known;
                forget(w, ready[i] & ~HR_LINK_GONE);
            } else {
                serve(w, ready[i]);
            }
        }
        for (uint32_t c = 0; w->backlogged && c < w->link->slots && !w->broken; c++) {
            if (w->backlogs[c].end) {
                drain(w, c);
            }
        }
        if (w->broken) {
            return -EIO;
        }
        idle = n ? 0 : idle + 1;
        if (idle && w->params->shares_cpu) {
            sched_yield();
        }
        if ((round % LOOK_ROUNDS == 0 || (idle && idle % LOOK_IDLE_ROUNDS == 0)) &&
            !answer_parent(w)) {
            return 0;
        }
    }
}

static int begin(struct work *w)
{
    const struct hr_server_params *p = w->params;
    int rc = hr_thread_pin(p->cpu); /* the parent's own is inherited */

    w->backlogs = calloc(p->link->slots, sizeof(*w->backlogs));
    w->sent = calloc(p->link->slots, sizeof(*w->sent));
    w->requests = calloc(p->limits.batch_max, sizeof(*w->requests));
    w->sink = (struct eut_sink){.events = w->events, .room = SINK_ROOM, .flush = flush, .owner = w};
    if (!w->backlogs || !w->sent || !w->requests) {
        return hr_fail(ENOMEM, "no memory for a server");
    }
    for (uint32_t c = 0; c < p->link->slots; c++) {
        w->sent[c].next = 1;
    }
    rc = rc == -ENOTSUP ? 0 : rc;
    w->before_bytes = p->ports ? hr_memory_resident() : 0;
    rc = rc ? rc : make_engine(w);
    return rc ? rc : p->link->ops->join(p->link, true);
}

static bool greet(int control, int rc)
{
    struct hr_server_greeting hello = {.rc = rc};

    snprintf(hello.why, sizeof(hello.why), "%s", hr_error());
    return control < 0 || send(control, &hello, sizeof(hello), 0) == (ssize_t)sizeof(hello);
}

static void end(struct work *w)
{
    for (uint32_t c = 0; w->backlogs && c < w->link->slots; c++) {
        free(w->backlogs[c].bytes);
    }
    free(w->backlogs);
    free(w->sent);
    free(w->requests);
    w->params->engine->destroy(w->engine);
    free(w);
}

int hr_server_run(const struct hr_server_params *params, int control,
                  struct hr_server_counts *counts)
{
    struct work *w = calloc(1, sizeof(*w));
    int rc;

    hr_error_clear();
    if (!w) {
        return hr_fail(ENOMEM, "no memory for a server");
    }
    w->params = params;
    w->link = params->link;
    w->control = control;
    rc = begin(w);
    if (greet(control, rc) && rc == 0) {
        rc = serve_all(w);
        count_up(w);
        if (rc && control >= 0) {
            fprintf(stderr, "headroom: the server ended: %s\n", hr_error());
        }
    }
    if (counts) {
        *counts = w->counts;
    }
    end(w);
    return rc;
}
