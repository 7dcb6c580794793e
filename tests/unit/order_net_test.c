/* Clients, server and link at work: what goes over a link is answered as in process, all of it is
 * accounted for, and one who misbehaves is nobody else's trouble. Ports are the system's choice. */
#include "harness/order_net.h"

#include "harness/clock.h"
#include "harness/error.h"
#include "harness/progress.h"
#include "harness/wire.h"
#include "harness/zmq_library.h"
#include "tests/unit/engine_rig.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define MARKETS 7u
#define ORDERS 20000u

static const struct eut_limits limits = {.struct_size = sizeof(struct eut_limits),
                                         .markets = MARKETS,
                                         .batch_max = ORDERS,
                                         .orders = ORDERS,
                                         .levels = ORDERS};

/* Some rest, some trade with several, some are taken out, some are refused. */
static struct eut_request *orders(void)
{
    struct eut_request *all = calloc(ORDERS, sizeof(*all));

    for (uint32_t i = 0; i < ORDERS; i++) {
        bool buy = i / MARKETS % 5 == 4;

        all[i] = (struct eut_request){.order = i + 1,
                                      .market = i * 5 % MARKETS,
                                      .price = buy ? 200 : 100 + i % 13,
                                      .qty = buy ? 3 : 1,
                                      .op = EUT_NEW,
                                      .side = buy ? EUT_BUY : EUT_SELL,
                                      .type = EUT_LIMIT,
                                      .tif = buy ? EUT_IOC : EUT_DAY};
        if (i % 11 == 10) {
            all[i].op = EUT_CANCEL;
            all[i].order = i % 2 ? i - 6 : 1;
        }
    }
    return all;
}

static void open_net(struct hr_net *net, const struct hr_link_ops *ops, uint32_t clients,
                     uint32_t batch, const char *name)
{
    hr_clock_init();
    if (hr_net_open(net, &(struct hr_net_params){
                             .ops = ops,
                             .engine = engine_named(name),
                             .limits = limits,
                             .link = {.clients = clients, .congestion = "", .hwm = 1000},
                             .batch = batch,
                             .window = 4 * batch,
                             .server_cpu = -1})) {
        FAIL("%s: %s", ops->name, hr_error());
    }
}

/* What is not answered for so long is lost: long where all is answered, since a machine may be
 * busy. */
#define LOST_AFTER_MS 500
#define NEVER_LOST_MS 20000

static int drive(struct hr_net *net, const struct hr_net_cut *cut, uint32_t batch,
                 uint32_t lost_after_ms)
{
    uint64_t ns;

    return hr_clients_drive(net->clients,
                            &(struct hr_clients_run){.tapes = cut->tapes,
                                                     .batch = batch,
                                                     .lost_after_ms = lost_after_ms},
                            &ns);
}

static void check_sums(const struct hr_client_counts *c)
{
    CHECK_EQ(c->offered, c->sent + c->refused);
    CHECK_EQ(c->sent, c->acked + c->lost);
    CHECK_EQ(c->duplicated, 0);
}

static const struct hr_link_ops *link_of(const char *name)
{
    for (int i = 0; hr_links[i]; i++) {
        if (strcmp(hr_links[i]->name, name) == 0) {
            if (hr_links[i]->available()) {
                SKIP("this host has not got that link");
            }
            return hr_links[i];
        }
    }
    return NULL;
}

TEST(order_net, every_link_answers_as_in_process)
{
    static const uint32_t batches[] = {1, 64, 3000};
    struct eut_request *requests = orders();
    uint64_t expected = digest_in_process("oracle", &limits, requests, ORDERS);

    for (int i = 0; hr_links[i]; i++) {
        for (int k = 0; k < 3 && hr_links[i]->available() == 0; k++) {
            struct hr_histogram *latency = hr_histogram_new();
            struct hr_server_counts served;
            struct hr_net_cut cut;
            struct hr_net net;
            uint64_t ns = 0;
            int rc;

            open_net(&net, hr_links[i], k == 0 ? 1 : 3, batches[k], "reference");
            CHECK_EQ(hr_net_cut(&cut, requests, ORDERS, net.link->params.clients), 0);
            rc = hr_clients_drive(net.clients,
                                  &(struct hr_clients_run){.tapes = cut.tapes,
                                                           .batch = batches[k],
                                                           .lost_after_ms = NEVER_LOST_MS,
                                                           .latency = latency},
                                  &ns);
            if (rc) {
                FAIL("%s, batches of %u: %s", hr_links[i]->name, batches[k], hr_error());
            }
            CHECK_EQ(hr_server_ask(&net.server, &served), 0);
            check_sums(hr_clients_counts(net.clients));
            CHECK_EQ(hr_clients_counts(net.clients)->acked, ORDERS);
            CHECK_EQ(served.received, ORDERS);
            CHECK_EQ(served.accepted + served.rejected, ORDERS);
            CHECK(served.rejected > 0 && served.trades > 0);
            CHECK_EQ(served.events, hr_clients_counts(net.clients)->events);
            CHECK_EQ(served.trades, hr_clients_counts(net.clients)->trades);
            CHECK_EQ(served.connections, net.link->params.clients);
            CHECK(served.digest == expected);
            CHECK(hr_clients_digest(net.clients) == expected);
            CHECK_EQ(hr_histogram_count(latency), ORDERS);
            CHECK(ns > 0);
            hr_net_cut_free(&cut);
            hr_net_close(&net);
            hr_histogram_free(latency);
        }
    }
    free(requests);
}

/* The words are those of the process in which it failed. */
TEST(order_net, a_server_that_cannot_start_says_why)
{
    struct eut_limits none = limits;
    struct hr_net net;

    none.markets = 0;
    CHECK_EQ(hr_net_open(&net, &(struct hr_net_params){.ops = link_of("tcp"),
                                                       .engine = engine_named("reference"),
                                                       .limits = none,
                                                       .link = {.clients = 1, .congestion = ""},
                                                       .batch = 1,
                                                       .window = 1,
                                                       .server_cpu = -1}),
             -EINVAL);
    CHECK(strstr(hr_error(), "reference did not start") != NULL);
    CHECK_EQ(net.server.pid, -1);
}

/* What was on its way is lost, and is counted so. */
TEST(order_net, a_killed_server_is_told_and_nothing_is_forgotten)
{
    struct eut_request *requests = orders();

    for (int i = 0; hr_links[i]; i++) {
        struct hr_server_counts served;
        struct hr_net_cut cut;
        struct hr_net net;
        int rc;

        if (hr_links[i]->available()) {
            continue;
        }
        open_net(&net, hr_links[i], 2, 16, "reference");
        CHECK_EQ(hr_net_cut(&cut, requests, ORDERS, 2), 0);
        CHECK_EQ(hr_client_send(net.clients, 0, cut.tapes[0].requests, 16), 1);
        while (hr_clients_receive(net.clients, NULL, NULL) == 0) {
        }
        kill(net.server.pid, SIGKILL);
        cut.tapes[0].requests += 16;
        cut.tapes[0].count -= 16;
        rc = drive(&net, &cut, 16, LOST_AFTER_MS);
        CHECK(rc == -EPIPE || (rc == 0 && hr_clients_counts(net.clients)->lost > 0));
        check_sums(hr_clients_counts(net.clients));
        CHECK(hr_clients_counts(net.clients)->acked >= 1);
        CHECK(hr_clients_counts(net.clients)->acked < ORDERS);
        CHECK_EQ(hr_server_ask(&net.server, &served), -EPIPE);
        hr_net_cut_free(&cut);
        hr_net_close(&net);
    }
    free(requests);
}

static int never(void *self, const struct eut_request *requests, uint32_t count,
                 struct eut_sink *sink)
{
    (void)self;
    (void)requests;
    (void)sink;
    while (count) {
        pause();
    }
    return 0;
}

/* Its engine does not come back: who asks is told so, and can still be interrupted. */
TEST(order_net, a_stuck_engine_does_not_keep_the_program)
{
    struct eut_request one = {.order = 1, .op = EUT_CANCEL};
    struct eut_engine stuck = *engine_named("reference");
    struct hr_server_counts served;
    struct hr_net net;

    if (HR_ONE_PROCESS) {
        SKIP("one process for all tests: a signal would stop the others, too");
    }
    stuck.submit = never;
    hr_clock_init();
    CHECK_EQ(hr_net_open(&net, &(struct hr_net_params){.ops = link_of("unix"),
                                                       .engine = &stuck,
                                                       .limits = limits,
                                                       .link = {.clients = 1, .congestion = ""},
                                                       .batch = 1,
                                                       .window = 1,
                                                       .server_cpu = -1}),
             0);
    CHECK_EQ(hr_server_ask(&net.server, &served), 0);
    CHECK_EQ(hr_client_send(net.clients, 0, &one, 1), 1);
    usleep(20000); /* asked before it is stuck, it answers: then it is asked again */
    hr_stop_install();
    raise(SIGINT);
    while (hr_server_ask(&net.server, &served) == 0) {
        usleep(1000);
    }
    CHECK(strstr(hr_error(), "interrupted") != NULL);
    kill(net.server.pid, SIGKILL);
    hr_net_close(&net);
}

/* Who asked and did not wait must not take that answer, which has no digest, for his next one's. */
TEST(order_net, an_answer_that_was_given_up_is_not_the_next_ones)
{
    struct eut_request *requests = orders();
    struct hr_server_counts served, looked, again;
    struct hr_net_cut cut;
    struct hr_net net;

    if (HR_ONE_PROCESS) {
        SKIP("one process for all tests: a signal would stop the others, too");
    }
    open_net(&net, link_of("unix"), 2, 16, "reference");
    CHECK_EQ(hr_net_cut(&cut, requests, ORDERS, 2), 0);
    CHECK_EQ(drive(&net, &cut, 16, LOST_AFTER_MS), 0);
    CHECK_EQ(hr_server_ask(&net.server, &served), 0);
    CHECK(served.digest != 0);
    kill(net.server.pid, SIGSTOP);
    hr_stop_install();
    raise(SIGINT);
    CHECK_EQ(hr_server_look(&net.server, &looked), -EINTR);
    kill(net.server.pid, SIGCONT);
    net.server.patient = true;
    CHECK_EQ(hr_server_ask(&net.server, &again), 0);
    CHECK_EQ(again.digest, served.digest);
    hr_net_cut_free(&cut);
    hr_net_close(&net);
    free(requests);
}

/* A folder for temporary files may have a long name; a socket may not. */
TEST(order_net, a_long_tmpdir_is_no_hindrance)
{
    struct hr_link *link;
    char name[512];
    struct hr_link_params params = {.clients = 1, .message_bytes = 1000, .congestion = ""};

    memset(name, 'x', sizeof(name) - 1);
    name[0] = '/';
    name[sizeof(name) - 1] = '\0';
    setenv("TMPDIR", name, 1);
    if (link_of("unix")->listen(&link, &params)) {
        FAIL("%s", hr_error());
    }
    unsetenv("TMPDIR");
    CHECK_EQ(link_of("unix")->join(link, false), 0);
    link_of("unix")->close(link, HR_LINK_ALL);
}

/* More shared memory than there is: an error, no signal when it is touched. */
TEST(order_net, a_ring_too_big_is_refused)
{
    struct hr_link_params params = {.clients = 4, .message_bytes = 1000, .congestion = ""};
    struct hr_link *link;

#ifndef __linux__
    SKIP("only Linux tells before the memory is touched");
#endif
    params.buffer_bytes = UINT64_C(1) << 42;
    CHECK(link_of("ring")->listen(&link, &params) < 0);
    CHECK(link == NULL);
    CHECK(strstr(hr_error(), "memory") != NULL);
}

/* ---- strangers on the port of a server ------------------------------------------------ */

static int stranger(const struct hr_net *net)
{
    struct sockaddr_in in = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                             .sin_port = htons(net->link->facts.port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    CHECK(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){.tv_sec = 20},
               sizeof(struct timeval));
    CHECK_EQ(connect(fd, (struct sockaddr *)&in, sizeof(in)), 0);
    return fd;
}

/* Whether the server ended it; waits for that. */
static bool ended(int fd)
{
    char bytes[256];
    ssize_t got;

    while ((got = recv(fd, bytes, sizeof(bytes), 0)) > 0) {
    }
    return got == 0 || errno == ECONNRESET;
}

/* All of the tape goes through, and is right, whatever somebody else does. */
static void check_the_others(struct hr_net *net, const struct eut_request *requests)
{
    struct hr_net_cut cut;

    CHECK_EQ(hr_net_cut(&cut, requests, ORDERS, net->link->params.clients), 0);
    CHECK_EQ(drive(net, &cut, 64, NEVER_LOST_MS), 0);
    check_sums(hr_clients_counts(net->clients));
    CHECK_EQ(hr_clients_counts(net->clients)->acked, ORDERS);
    hr_net_cut_free(&cut);
}

TEST(order_net, garbage_is_cut_off_and_the_others_go_on)
{
    struct eut_request *requests = orders();
    struct hr_server_counts served;
    struct hr_net net;
    char garbage[600];

    open_net(&net, link_of("tcp"), 3, 64, "reference");
    for (int k = 0; k < 50; k++) { /* more than there are places for strangers at one time */
        int fd = stranger(&net);

        memset(garbage, k, sizeof(garbage));
        CHECK(send(fd, garbage, sizeof(garbage), MSG_NOSIGNAL) > 0);
        CHECK(ended(fd));
        close(fd);
    }
    check_the_others(&net, requests);
    CHECK_EQ(hr_server_ask(&net.server, &served), 0);
    CHECK_EQ(served.cut, 50);
    CHECK_EQ(served.received, ORDERS);
    CHECK(served.digest == digest_in_process("oracle", &limits, requests, ORDERS));
    hr_net_close(&net);
    free(requests);
}

/* A question's answer, or that the server ended it. */
static bool heard(int fd)
{
    struct eut_request question = {.op = HR_WIRE_ASK, .side = HR_WIRE_ASK_CONNECTION};
    uint8_t order[HR_WIRE_ORDER_BYTES], event[HR_WIRE_EVENT_BYTES];

    hr_wire_orders_put(order, &question, 1, 0, 0, 0);
    return send(fd, order, sizeof(order), MSG_NOSIGNAL) == (ssize_t)sizeof(order) &&
           recv(fd, event, sizeof(event), MSG_WAITALL) == (ssize_t)sizeof(event);
}

TEST(order_net, who_says_nothing_on_a_uring_port_gives_way_to_the_next)
{
    struct eut_request *requests;
    int fds[HR_LINK_STRANGERS_MAX], fd;
    struct hr_net net;

    if (link_of("uring")->available()) {
        SKIP("no io_uring here");
    }
    requests = orders();
    open_net(&net, link_of("uring"), 3, 64, "reference");
    check_the_others(&net, requests);
    for (uint32_t i = 0; i < HR_LINK_STRANGERS_MAX; i++) {
        fds[i] = stranger(&net);
    }
    CHECK(heard(fds[0]));
    usleep(2200000);
    for (uint32_t i = 1; i < HR_LINK_STRANGERS_MAX; i++) {
        fd = stranger(&net);
        CHECK(heard(fd));
        CHECK(ended(fds[i]));
        close(fds[i]);
        fds[i] = fd;
    }
    fd = stranger(&net);
    CHECK(ended(fd)); /* all of them spoke */
    close(fd);
    for (uint32_t i = 0; i < HR_LINK_STRANGERS_MAX; i++) {
        CHECK(heard(fds[i]));
        close(fds[i]);
    }
    hr_net_close(&net);
    free(requests);
}

/* What came whole was taken; the half order that came last is nobody's. */
TEST(order_net, a_client_that_dies_takes_nothing_with_it)
{
    struct eut_request *requests = orders(),
                       one = {.order = 1, .market = MARKETS, .op = EUT_CANCEL};
    struct linger at_once = {.l_onoff = 1};
    struct hr_server_counts served;
    uint8_t bytes[2 * HR_WIRE_ORDER_BYTES];
    struct hr_net net;

    open_net(&net, link_of("tcp"), 3, 64, "reference");
    for (int k = 0; k < 20; k++) {
        int fd = stranger(&net);

        hr_wire_orders_put(bytes, &one, 1, 77, 1, 0);
        hr_wire_orders_put(bytes + HR_WIRE_ORDER_BYTES, &one, 1, 77, 2, 0);
        CHECK_EQ(send(fd, bytes, sizeof(bytes) - 1, MSG_NOSIGNAL), sizeof(bytes) - 1);
        CHECK(recv(fd, bytes, 1, 0) == 1); /* the first was answered */
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
        close(fd); /* a reset, as when a process is killed with answers unread */
    }
    check_the_others(&net, requests);
    CHECK_EQ(hr_server_ask(&net.server, &served), 0);
    CHECK_EQ(served.received, ORDERS + 20);
    CHECK_EQ(served.ended, 20);
    CHECK_EQ(served.cut, 0);
    /* Of a market that is not there. */
    CHECK(served.digest == digest_in_process("oracle", &limits, requests, ORDERS));
    hr_net_close(&net);
    free(requests);
}

TEST(order_net, one_who_does_not_read_is_not_waited_for)
{
    struct eut_request *requests = orders(), *lost = calloc(1000, sizeof(*lost));
    uint8_t *bytes = malloc(1000 * HR_WIRE_ORDER_BYTES);
    struct hr_server_counts served;
    struct hr_net net;
    ssize_t sent = 0, got;
    int fd;

    open_net(&net, link_of("tcp"), 3, 64, "reference");
    fd = stranger(&net);
    for (int i = 0; i < 1000; i++) {
        lost[i] = (struct eut_request){.order = 1, .market = MARKETS, .op = EUT_CANCEL};
    }
    hr_wire_orders_put(bytes, lost, 1000, 9, 1, 0);
    /* Until the server does not take more: its answers have nowhere to go. */
    for (int k = 0; k < 10000; k++) {
        got = send(fd, bytes, 1000 * HR_WIRE_ORDER_BYTES, MSG_DONTWAIT | MSG_NOSIGNAL);
        sent += got > 0 ? got : 0;
        if (got <= 0) {
            usleep(2000);
            if (send(fd, bytes, 1, MSG_DONTWAIT | MSG_NOSIGNAL) <= 0) {
                break;
            }
        }
        if (got > 0 && got % HR_WIRE_ORDER_BYTES) {
            break; /* a part of an order: enough is waiting */
        }
    }
    CHECK(sent > 0);
    check_the_others(&net, requests);
    CHECK_EQ(hr_server_ask(&net.server, &served), 0);
    CHECK(served.received >= ORDERS);
    CHECK(served.waiting_bytes_max < 1u << 20);
    close(fd);
    hr_net_close(&net);
    free(requests);
    free(lost);
    free(bytes);
}

/* A DEALER that sends one message of these bytes, twice. */
static void send_by_zmq(const struct hr_net *net, const void *bytes, size_t size)
{
    const struct hr_zmq *zmq;
    char endpoint[64];
    void *context, *socket;
    int linger_ms = 1000;

    CHECK_EQ(hr_zmq_load(&zmq), 0);
    context = zmq->ctx_new();
    socket = zmq->socket(context, HR_ZMQ_DEALER);
    snprintf(endpoint, sizeof(endpoint), "tcp://127.0.0.1:%u", net->link->facts.port);
    zmq->setsockopt(socket, HR_ZMQ_LINGER, &linger_ms, sizeof(linger_ms));
    CHECK_EQ(zmq->connect(socket, endpoint), 0);
    for (int k = 0; k < 2; k++) {
        CHECK_EQ(zmq->send(socket, bytes, size, 0), size);
    }
    zmq->close(socket);
    zmq->ctx_term(context); /* when all was sent */
}

/* The lowest high-water mark holds everybody back, and ends nobody's connection. */
TEST(order_net, a_low_high_water_mark_is_back_pressure)
{
    struct eut_request *requests = orders();
    struct hr_net net;

    hr_clock_init();
    if (hr_net_open(&net,
                    &(struct hr_net_params){.ops = link_of("zmq"),
                                            .engine = engine_named("reference"),
                                            .limits = limits,
                                            .link = {.clients = 3, .congestion = "", .hwm = 1},
                                            .batch = 64,
                                            .window = 64 * 64,
                                            .server_cpu = -1})) {
        FAIL("%s", hr_error());
    }
    check_the_others(&net, requests);
    hr_net_close(&net);
    free(requests);
}

TEST(order_net, garbage_by_zmq_is_cut_off_and_the_others_go_on)
{
    struct eut_request *requests = orders();
    uint8_t garbage[3 * HR_WIRE_ORDER_BYTES] = {7};
    struct hr_server_counts served;
    struct hr_net net;

    open_net(&net, link_of("zmq"), 3, 64, "reference");
    for (int k = 0; k < 20; k++) { /* more than there are places for strangers */
        /* Whole in length and none inside; then not even whole. */
        send_by_zmq(&net, garbage, sizeof(garbage) - (size_t)(k % 2));
    }
    check_the_others(&net, requests);
    CHECK_EQ(hr_server_ask(&net.server, &served), 0);
    CHECK(served.cut >= 10);
    CHECK_EQ(served.received, ORDERS);
    CHECK(served.digest == digest_in_process("oracle", &limits, requests, ORDERS));
    hr_net_close(&net);
    free(requests);
}

/* ---- a link that loses and repeats ----------------------------------------------------- */

struct fake {
    struct hr_link base;
    uint8_t out[64 * HR_WIRE_ORDER_BYTES], in[64 * HR_WIRE_EVENT_BYTES];
    size_t have;
};

static int fake_poll(struct hr_link *link, uint32_t *ready, uint32_t most, int wait_ms)
{
    (void)most, (void)wait_ms;
    ready[0] = 0;
    return ((struct fake *)link)->have > 0;
}

static size_t fake_read(struct hr_link *link, uint32_t c, size_t used, const uint8_t **at)
{
    struct fake *f = (struct fake *)link;

    (void)c;
    f->have -= used;
    *at = f->in;
    return f->have;
}

static size_t fake_write(struct hr_link *link, uint32_t c, size_t used, uint8_t **at)
{
    struct fake *f = (struct fake *)link;

    (void)c, (void)used;
    *at = f->out;
    return sizeof(f->out);
}

/* Answers to the orders named. */
static void answer(struct fake *f, const uint64_t *sequences, int n)
{
    uint8_t order[HR_WIRE_ORDER_BYTES];
    const struct eut_request request = {.order = 1};

    for (int i = 0; i < n; i++) {
        hr_wire_orders_put(order, &request, 1, 0, sequences[i], 0);
        hr_wire_event_put(f->in + (size_t)i * HR_WIRE_EVENT_BYTES,
                          &(struct eut_event){.order = 1, .kind = EUT_ACCEPTED}, order, 0, 1);
    }
    f->have = (size_t)n * HR_WIRE_EVENT_BYTES;
}

TEST(order_net, what_is_lost_or_comes_twice_is_counted)
{
    static const struct hr_link_ops ops = {
        .name = "fake", .poll = fake_poll, .read = fake_read, .write = fake_write};
    static struct fake f = {.base = {.ops = &ops, .params = {.clients = 1}, .slots = 1}};
    struct eut_request requests[10] = {{.order = 1}};
    const struct hr_client_counts *counts;
    struct hr_clients *clients;

    hr_clock_init();
    CHECK_EQ(
        hr_clients_new(&clients,
                       &(struct hr_clients_params){.link = &f.base, .markets = 1, .window = 10}),
        0);
    counts = hr_clients_counts(clients);
    CHECK_EQ(hr_client_send(clients, 0, requests, 8), 1);
    CHECK_EQ(hr_client_send(clients, 0, requests, 3), 0); /* the window */
    CHECK_EQ(counts->refused, 3);
    answer(&f, (const uint64_t[]){1, 2, 2, 5, 4, 99}, 6);
    CHECK_EQ(hr_clients_receive(clients, NULL, NULL), 3); /* 1, 2, 5 */
    CHECK_EQ(counts->duplicated, 3);                      /* 2 again, 4 late, 99 never sent */
    CHECK_EQ(counts->lost, 2);                            /* 3 and 4 */
    CHECK_EQ(hr_client_in_flight(clients, 0), 3);
    answer(&f, (const uint64_t[]){6, 7, 8}, 3);
    CHECK_EQ(hr_clients_receive(clients, NULL, NULL), 3);
    CHECK_EQ(counts->sent, counts->acked + counts->lost);
    CHECK_EQ(counts->offered, counts->sent + counts->refused);
    memset(f.in, 7, sizeof(f.in));
    f.have = HR_WIRE_EVENT_BYTES;
    CHECK_EQ(hr_clients_receive(clients, NULL, NULL), -EBADMSG);
    hr_clients_free(clients);
}
