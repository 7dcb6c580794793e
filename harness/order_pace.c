/*
 * order_pace.c - when is which client's next batch sent?
 *
 * One loop: send what may be sent, take what has come. A batch is as old as its first order's due
 * time. It cannot see whether an order waited for this loop or for the server: both are late.
 */
#include "harness/order_pace.h"

#include "harness/clock.h"
#include "harness/error.h"
#include "harness/progress.h"

#include <errno.h>
#include <sched.h>

#define SECOND_NS UINT64_C(1000000000)

struct state {
    struct hr_clients *clients;
    const struct hr_pace *pace;
    uint64_t *sent;
    uint64_t total, left; /* sent; still on the tapes */
    uint32_t turn;
    uint64_t start_ns, now_ns, answered_ns, told_ns;
};

/* Client c's next batch, if it has one and its window lets it: 1, 0 or -errno. */
static int send_one(struct state *s, uint32_t c, uint64_t time_ns)
{
    const struct hr_client_tape *tape = s->pace->tapes + c;
    uint64_t more = tape->count - s->sent[c];
    uint32_t n = more < s->pace->batch ? (uint32_t)more : s->pace->batch;
    int rc;

    if (n == 0 || !hr_client_may_send(s->clients, c, n)) {
        return 0;
    }
    rc = hr_client_send_at(s->clients, c, tape->requests + s->sent[c], n, time_ns);
    if (rc > 0) {
        s->sent[c] += n;
        s->total += n;
        s->left -= n;
    }
    return rc;
}

static int send_closed(struct state *s)
{
    for (uint32_t c = 0; c < s->pace->clients; c++) {
        int rc = send_one(s, c, hr_clock_ns());

        if (rc < 0) {
            return rc;
        }
    }
    return 0;
}

/* When the next order is. */
static uint64_t due_ns(const struct state *s)
{
    return s->start_ns + (uint64_t)((double)s->total / s->pace->rate * 1e9);
}

/* All that is due; each batch by the next client that can. */
static int send_due(struct state *s)
{
    uint32_t idle = 0;

    while (s->left && idle < s->pace->clients) {
        uint64_t due = due_ns(s);
        int rc;

        if (due > s->now_ns) {
            return 0;
        }
        rc = send_one(s, s->turn, due);
        s->turn = (s->turn + 1) % s->pace->clients;
        idle = rc ? 0 : idle + 1;
        if (rc < 0) {
            return rc;
        }
    }
    return 0;
}

static uint64_t in_flight(const struct state *s)
{
    uint64_t sum = 0;

    for (uint32_t c = 0; c < s->pace->clients; c++) {
        sum += hr_client_in_flight(s->clients, c);
    }
    return sum;
}

static void tell(struct state *s)
{
    if (s->pace->second && s->now_ns - s->told_ns >= SECOND_NS) {
        s->told_ns += SECOND_NS;
        s->pace->second(s->pace->context, s->now_ns - s->start_ns);
    }
}

/* What a round made: 1 to go on, 0 at the end, or -errno. */
static int round_of(struct state *s, bool sending)
{
    const struct hr_pace *p = s->pace;
    int64_t got = sending ? (p->rate > 0 ? send_due(s) : send_closed(s)) : 0;

    got = got ? got : hr_clients_receive(s->clients, NULL, NULL);
    if (got < 0) {
        return (int)got;
    }
    s->now_ns = hr_clock_ns();
    if (got || (p->rate > 0 && in_flight(s) == 0 && due_ns(s) > s->now_ns)) {
        s->answered_ns = s->now_ns;
    }
    tell(s);
    if (got == 0) {
        sched_yield(); /* a server that was put on this very processor would wait for our turn's end
                        */
    }
    return (s->left && sending) || in_flight(s) > 0;
}

int hr_clients_pace(struct hr_clients *clients, const struct hr_pace *pace, uint64_t *sent,
                    uint64_t *ns)
{
    struct state s = {.clients = clients, .pace = pace, .sent = sent};
    bool sending = true;
    int rc = 1;

    for (uint32_t c = 0; c < pace->clients; c++) {
        sent[c] = 0;
        s.left += pace->tapes[c].count;
    }
    hr_clients_note(clients, pace->latency);
    s.start_ns = s.now_ns = s.answered_ns = s.told_ns = hr_clock_ns();
    while (rc > 0) {
        rc = round_of(&s, sending);
        sending = sending && !hr_stop_signal() &&
                  !(pace->duration_ns && s.now_ns - s.start_ns > pace->duration_ns);
        if (rc > 0 && s.now_ns - s.answered_ns > pace->lost_after_ms * UINT64_C(1000000)) {
            break; /* the rest is lost */
        }
    }
    *ns = s.now_ns - s.start_ns;
    hr_clients_give_up(clients);
    hr_clients_note(clients, NULL);
    return rc < 0 ? rc : hr_stop_signal() ? hr_fail(EINTR, "interrupted") : 0;
}
