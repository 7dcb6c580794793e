/*
 * order_client.c - was every order answered, once, and by the right events?
 *
 * Orders are encoded where the link sends them from, events are read where it left them. One clock
 * reading a batch sent and one a span received: orders of a batch are as old as the batch. It
 * cannot see how long an event waited in the kernel before it was looked at; that wait is latency.
 */
#include "harness/order_client.h"

#include "harness/clock.h"
#include "harness/error.h"
#include "harness/progress.h"
#include "harness/wire.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#define READY_MAX 64u

struct client {
    uint64_t sent, expected; /* sequences: the last one sent, the next one answered */
    bool gone;
};

struct hr_clients {
    struct hr_clients_params params;
    struct hr_client_counts counts;
    uint32_t count;
    uint64_t *digests; /* by market */
    struct hr_histogram *latency;
    uint64_t same_ns, same_count; /* a run of orders sent at one time */
    struct client clients[];
};

int hr_clients_new(struct hr_clients **out, const struct hr_clients_params *params)
{
    uint32_t n = params->link->params.clients;
    struct hr_clients *h = calloc(1, sizeof(*h) + n * sizeof(h->clients[0]));

    *out = h;
    if (!h) {
        return hr_fail(ENOMEM, "no memory for %u clients", n);
    }
    h->params = *params;
    h->count = n;
    h->digests = malloc((params->markets + 1) * sizeof(*h->digests));
    if (!h->digests) {
        free(h);
        *out = NULL;
        return hr_fail(ENOMEM, "no memory for the digests of %u markets", params->markets);
    }
    for (uint32_t m = 0; m <= params->markets; m++) {
        h->digests[m] = m;
    }
    for (uint32_t c = 0; c < n; c++) {
        h->clients[c].expected = 1;
    }
    return 0;
}

void hr_clients_free(struct hr_clients *h)
{
    if (h) {
        free(h->digests);
        free(h);
    }
}

const struct hr_client_counts *hr_clients_counts(const struct hr_clients *h)
{
    return &h->counts;
}

uint64_t hr_clients_digest(const struct hr_clients *h)
{
    uint64_t sum = 0;

    for (uint32_t m = 0; m < h->params.markets; m++) {
        sum += eut_digest_market(m, h->digests[m]);
    }
    return sum;
}

uint64_t hr_client_in_flight(const struct hr_clients *h, uint32_t c)
{
    return h->clients[c].sent + 1 - h->clients[c].expected;
}

bool hr_client_may_send(const struct hr_clients *h, uint32_t c, uint32_t count)
{
    return hr_client_in_flight(h, c) + count <= h->params.window;
}

static int gone(struct hr_clients *h, uint32_t c)
{
    h->clients[c].gone = true;
    return hr_fail(EPIPE, "the server ended the connection of client %u", c);
}

int hr_client_send_at(struct hr_clients *h, uint32_t c, const struct eut_request *requests,
                      uint32_t count, uint64_t time_ns)
{
    struct hr_link *link = h->params.link;
    struct client *client = h->clients + c;
    size_t bytes = (size_t)count * HR_WIRE_ORDER_BYTES;
    uint8_t *at;

    if (client->gone) {
        return gone(h, c);
    }
    h->counts.offered += count;
    if (hr_client_in_flight(h, c) + count > h->params.window ||
        link->ops->write(link, c, 0, &at) < bytes) {
        h->counts.refused += count;
        return 0;
    }
    hr_wire_orders_put(at, requests, count, c, client->sent + 1, time_ns);
    link->ops->write(link, c, bytes, &at);
    client->sent += count;
    h->counts.sent += count;
    return 1;
}

int hr_client_send(struct hr_clients *h, uint32_t c, const struct eut_request *requests,
                   uint32_t count)
{
    return hr_client_send_at(h, c, requests, count, hr_clock_ns());
}

/* Orders that were sent at one time and are answered at another. */
static void note_latency(struct hr_clients *h, uint64_t waited_ns, uint64_t count)
{
    if (waited_ns != h->same_ns && h->same_count) {
        hr_histogram_record_n(h->latency, h->same_ns, h->same_count);
        h->same_count = 0;
    }
    h->same_ns = waited_ns;
    h->same_count += count;
}

/* What is not the next one: lost between, or here a second time. True if it counts as an answer. */
static bool out_of_turn(struct hr_clients *h, struct client *client, uint64_t sequence,
                        uint8_t last)
{
    if (sequence < client->expected || sequence > client->sent) {
        h->counts.duplicated += last;
        return false;
    }
    h->counts.lost += sequence - client->expected;
    client->expected = sequence;
    return true;
}

/* What a span adds up to, and the market and the time of sending that are under way: neighbours
 * share them. */
struct span {
    struct hr_client_counts sum;
    uint32_t market;
    uint64_t digest;
    uint64_t sent_ns, acked;
    uint64_t now_ns;
};

static void change_market(struct hr_clients *h, struct span *s, uint32_t market)
{
    h->digests[s->market] = s->digest;
    s->market = market;
    s->digest = h->digests[market];
}

static void change_time(struct hr_clients *h, struct span *s, uint64_t sent_ns)
{
    if (h->latency && s->acked) {
        note_latency(h, s->now_ns - s->sent_ns, s->acked);
    }
    s->sum.acked += s->acked;
    s->acked = 0;
    s->sent_ns = sent_ns;
}

static inline void account(struct hr_clients *h, struct client *client,
                           const struct hr_wire_event *e, struct span *s)
{
    if (__builtin_expect(e->sequence != client->expected, 0) &&
        !out_of_turn(h, client, e->sequence, e->last)) {
        return;
    }
    if (__builtin_expect(e->kind != HR_WIRE_SILENT && e->market < h->params.markets, 1)) {
        if (e->market != s->market) {
            change_market(h, s, e->market);
        }
        s->digest =
            eut_digest_fold(s->digest, e->order, e->maker, e->price, e->qty, e->kind, e->reason);
    }
    s->sum.events++;
    s->sum.trades += e->kind == EUT_TRADE;
    s->sum.rejected += e->kind == EUT_REJECTED;
    if (e->time_ns != s->sent_ns) {
        change_time(h, s, e->time_ns);
    }
    s->acked += e->last;
    client->expected += e->last;
}

static int take_span(struct hr_clients *h, uint32_t c, const uint8_t *at, size_t count)
{
    struct span s = {.digest = h->digests[0], .now_ns = hr_clock_ns()};
    struct client client = h->clients[c];
    int rc = 0;

    for (size_t i = 0; i < count && rc == 0; i++, at += HR_WIRE_EVENT_BYTES) {
        struct hr_wire_event event;

        hr_wire_ahead(at, HR_WIRE_AHEAD * HR_WIRE_EVENT_BYTES);
        rc = hr_wire_event_get(at, HR_WIRE_EVENT_BYTES, &event);
        if (rc == 0) {
            account(h, &client, &event, &s);
        }
    }
    change_market(h, &s, 0);
    change_time(h, &s, 0);
    h->clients[c] = client;
    h->counts.events += s.sum.events;
    h->counts.trades += s.sum.trades;
    h->counts.rejected += s.sum.rejected;
    h->counts.acked += s.sum.acked;
    return rc;
}

int64_t hr_clients_receive(struct hr_clients *h, hr_client_take take, void *context)
{
    struct hr_link *link = h->params.link;
    uint64_t before = h->counts.acked;
    uint32_t ready[READY_MAX];
    int n = link->ops->poll(link, ready, READY_MAX, 0);

    for (int i = 0; i < n; i++) {
        uint32_t c = ready[i] & ~HR_LINK_GONE;
        const uint8_t *at;
        size_t have, count;

        if (ready[i] & HR_LINK_GONE) {
            return gone(h, c);
        }
        have = link->ops->read(link, c, 0, &at);
        while ((count = have / HR_WIRE_EVENT_BYTES) > 0) {
            int rc = take_span(h, c, at, count);

            if (rc) {
                return rc;
            }
            if (take) {
                take(context, c, at, count);
            }
            have = link->ops->read(link, c, count * HR_WIRE_EVENT_BYTES, &at);
        }
    }
    return n < 0 ? n : (int64_t)(h->counts.acked - before);
}

/* The answer among what came, if it is there: nothing else is asked for any more. 1, 0 or -errno.
 */
static int find_answer(struct hr_clients *h, uint32_t c, struct hr_wire_event *answer)
{
    struct hr_link *link = h->params.link;
    uint32_t ready[READY_MAX];
    int n = link->ops->poll(link, ready, READY_MAX, 1), found = 0;

    for (int i = 0; i < n; i++) {
        const uint8_t *at;
        size_t have;

        if (ready[i] & HR_LINK_GONE) {
            return gone(h, ready[i] & ~HR_LINK_GONE);
        }
        have = link->ops->read(link, ready[i], 0, &at);
        while (have >= HR_WIRE_EVENT_BYTES) {
            int rc = hr_wire_event_get(at, HR_WIRE_EVENT_BYTES, answer);

            if (rc) {
                return rc;
            }
            have = link->ops->read(link, ready[i], HR_WIRE_EVENT_BYTES, &at);
            if (ready[i] == c && answer->kind == HR_WIRE_ASK) {
                found = 1;
                break;
            }
        }
    }
    return n < 0 ? n : found;
}

int hr_client_ask(struct hr_clients *h, uint32_t c, uint8_t what, unsigned wait_ms,
                  struct hr_wire_event *answer)
{
    struct eut_request question = {.op = HR_WIRE_ASK, .side = what};
    struct hr_link *link = h->params.link;
    uint64_t start_ns = hr_clock_ns();
    bool asked = false;
    int rc = 0;

    while (rc == 0) {
        uint8_t *at;

        if (h->clients[c].gone) {
            return gone(h, c);
        }
        if (!asked && link->ops->write(link, c, 0, &at) >= HR_WIRE_ORDER_BYTES) {
            hr_wire_orders_put(at, &question, 1, c, 0, start_ns);
            link->ops->write(link, c, HR_WIRE_ORDER_BYTES, &at);
            asked = true;
        }
        rc = find_answer(h, c, answer);
        if (rc == 0 && hr_clock_ns() - start_ns > wait_ms * UINT64_C(1000000)) {
            return hr_fail(ETIMEDOUT, "no answer within %u s", wait_ms / 1000);
        }
        if (rc == 0 && hr_stop_signal()) {
            return hr_fail(EINTR, "interrupted");
        }
    }
    return rc < 0 ? rc : 0;
}

/* One batch of each client that has one and may. How many are still to be sent, or an errno. */
static int64_t send_round(struct hr_clients *h, const struct hr_clients_run *run, uint64_t *done)
{
    uint64_t left = 0;

    for (uint32_t c = 0; c < h->count; c++) {
        const struct hr_client_tape *tape = run->tapes + c;
        uint64_t more = tape->count - done[c];
        uint32_t n = more < run->batch ? (uint32_t)more : run->batch;

        /* A full window is the driver's own doing, no back-pressure. */
        if (n && hr_client_in_flight(h, c) + n <= h->params.window) {
            int rc = hr_client_send(h, c, tape->requests + done[c], n);

            if (rc < 0) {
                return rc;
            }
            done[c] += rc ? n : 0;
        }
        left += tape->count - done[c];
    }
    return (int64_t)left;
}

static uint64_t unanswered(const struct hr_clients *h)
{
    uint64_t sum = 0;

    for (uint32_t c = 0; c < h->count; c++) {
        sum += hr_client_in_flight(h, c);
    }
    return sum;
}

/* What was never answered. The next order's answer is not to be taken for theirs. */
void hr_clients_give_up(struct hr_clients *h)
{
    h->counts.lost += unanswered(h);
    for (uint32_t c = 0; c < h->count; c++) {
        h->clients[c].expected = h->clients[c].sent + 1;
    }
}

void hr_clients_note(struct hr_clients *h, struct hr_histogram *latency)
{
    if (h->latency && h->same_count) {
        hr_histogram_record_n(h->latency, h->same_ns, h->same_count);
    }
    h->latency = latency;
    h->same_count = 0;
}

int hr_clients_drive(struct hr_clients *h, const struct hr_clients_run *run, uint64_t *ns)
{
    uint64_t *done = calloc(h->count, sizeof(*done)), start, quiet_ns = 0;
    int64_t left = 1, got = 0;
    unsigned idle = 0;

    if (!done) {
        return hr_fail(ENOMEM, "no memory for %u clients", h->count);
    }
    hr_clients_note(h, run->latency);
    start = hr_clock_ns();
    while (left >= 0 && got >= 0 && (left > 0 || unanswered(h) > 0)) {
        left = left ? send_round(h, run, done) : 0;
        got = left < 0 ? 0 : hr_clients_receive(h, NULL, NULL);
        idle = got ? 0 : idle + 1;
        if (idle && run->shares_cpu) {
            sched_yield();
        }
        quiet_ns = got ? 0 : quiet_ns;
        if (idle % 1024 == 1023) {
            uint64_t now = hr_clock_ns();

            quiet_ns = quiet_ns ? quiet_ns : now;
            if (now - quiet_ns > run->lost_after_ms * (uint64_t)1000000) {
                break;
            }
        }
        if (hr_stop_signal()) {
            got = hr_fail(EINTR, "interrupted");
        }
    }
    *ns = hr_clock_ns() - start;
    hr_clients_give_up(h);
    hr_clients_note(h, NULL);
    free(done);
    return left < 0 ? (int)left : got < 0 ? (int)got : 0;
}
