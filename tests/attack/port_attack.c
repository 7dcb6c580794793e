/*
 * port_attack.c - somebody who means no good, for the tests of `headroom serve` (and for as long as
 * one likes: `make attack` builds it).
 *
 *   port_attack garbage ADDRESS COUNT       COUNT bad messages to a port: bytes that are nothing,
 * half messages, messages of several parts, sealed messages that were never sealed, orders that no
 * engine takes port_attack flood ADDRESS SERVER.pub COUNT   handshakes by somebody unknown, ended
 * at every step port_attack relay HOST:PORT FILE CAPTURE [flip|replay|cut SIZE NTH] sits between a
 * client and that port: FILE tells where it listens, CAPTURE gets all bytes; in the NTH message of
 * SIZE bytes to the server a bit is changed, or it is sent twice, or the connection ends in its
 * midst. Until it is killed.
 *
 * The last line on standard output says what was done. Exit 0, or 2 with why.
 */
#include "harness/clock.h"
#include "harness/command.h"
#include "harness/error.h"
#include "harness/link_address.h"
#include "harness/qzmq_keys.h"
#include "harness/wire.h"
#include "harness/zmq_library.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MESSAGE_MAX 6000u
#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif
#define ORDERS_IN_A_ROW 500u
#define SOCKET_MESSAGES 20000u

static uint64_t seed = 42;

static uint32_t draw(uint32_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % below;
}

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "port_attack: %s: %s\n", what, *hr_error() ? hr_error() : strerror(errno));
    exit(2);
}

static void fill(uint8_t *at, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        at[i] = (uint8_t)draw(256);
    }
}

/* Orders that can be read and that no engine takes: no such market. */
static size_t nonsense_orders(uint8_t *at, uint32_t count, uint64_t sequence)
{
    struct eut_request requests[ORDERS_IN_A_ROW];

    for (uint32_t i = 0; i < count; i++) {
        requests[i] = (struct eut_request){.order = draw(1000),
                                           .market = UINT32_MAX - draw(1000),
                                           .op = (uint8_t)('A' + draw(26)),
                                           .side = (uint8_t)draw(256),
                                           .type = (uint8_t)draw(256),
                                           .tif = (uint8_t)draw(256)};
    }
    return hr_wire_orders_put(at, requests, count, 0, sequence, 0);
}

/* One message that nobody of ours sends; some are close to one. */
static size_t bad_message(uint8_t *at)
{
    static const uint16_t sizes[] = {HR_QZMQ_HELLO_BYTES,
                                     HR_QZMQ_RETRY_BYTES,
                                     HR_QZMQ_WELCOME_BYTES,
                                     HR_QZMQ_FINISH_BYTES,
                                     HR_QZMQ_REFUSE_BYTES,
                                     28,
                                     88,
                                     60,
                                     120};
    size_t size = draw(2) ? sizes[draw(9)] : 1 + draw(300);

    fill(at, size < 64 ? size : 64);
    if (draw(2)) {
        at[0] = (uint8_t)(1 + draw(7)); /* a kind, version 1, suite 1 */
        memcpy(at + 1, "\1\1\0", size > 4 ? 3 : 0);
    }
    if (draw(3) == 0 && size >= 60) {
        nonsense_orders(at, 1, draw(2) ? 1 : seed);
        at[draw(60)] ^= 0x55;
    }
    return size;
}

/* ---- sockets ---------------------------------------------------------------------------- */

static int connect_to(const char *host, uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (inet_pton(AF_INET, host, &address.sin_addr) != 1 ||
        connect(fd, (struct sockaddr *)&address, sizeof(address))) {
        give_up("no connection");
    }
    return fd;
}

/* Sends all, reading and forgetting what comes. False when the other side ended it. */
static bool push(int fd, const uint8_t *bytes, size_t size)
{
    uint8_t rubbish[65536];

    for (size_t at = 0; at < size;) {
        struct pollfd item = {.fd = fd, .events = POLLIN | POLLOUT};

        poll(&item, 1, 1000);
        if (item.revents & POLLIN && recv(fd, rubbish, sizeof(rubbish), MSG_DONTWAIT) == 0) {
            return false;
        }
        if (item.revents & (POLLOUT | POLLERR | POLLHUP)) {
            ssize_t put = send(fd, bytes + at, size - at, MSG_NOSIGNAL | MSG_DONTWAIT);

            if (put < 0 && errno != EAGAIN) {
                return false;
            }
            at += put > 0 ? (size_t)put : 0;
        }
    }
    return true;
}

/* A connection of orders that are refused, then of bytes that end it. */
static uint64_t bad_connection(const struct hr_link_address *a, uint64_t most)
{
    static uint8_t bytes[ORDERS_IN_A_ROW * HR_WIRE_ORDER_BYTES];
    int fd = connect_to(a->host, a->place.port);
    uint64_t sent = 0;

    while (!a->sealed && draw(8) && sent + ORDERS_IN_A_ROW < most &&
           push(fd, bytes, nonsense_orders(bytes, ORDERS_IN_A_ROW, sent + 1))) {
        sent += ORDERS_IN_A_ROW;
    }
    push(fd, bytes, bad_message(bytes));
    if (draw(2)) { /* one ends it by himself, or is ended, or is torn off */
        shutdown(fd, SHUT_WR);
        push(fd, bytes, 0);
    } else if (draw(2)) {
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0}, sizeof(struct linger));
    }
    close(fd);
    return sent + 1;
}

/* ---- ZeroMQ --------------------------------------------------------------------------------- */

static const struct hr_zmq *zmq;

static void *dealer(void *context, const struct hr_link_address *a)
{
    void *socket = zmq->socket(context, HR_ZMQ_DEALER);
    char endpoint[HR_ADDRESS_MAX + 32];
    int linger_ms = 2000;

    snprintf(endpoint, sizeof(endpoint), "tcp://%s:%u", a->host, a->place.port);
    if (!socket || zmq->setsockopt(socket, HR_ZMQ_LINGER, &linger_ms, sizeof(linger_ms)) ||
        zmq->connect(socket, endpoint)) {
        give_up("no DEALER");
    }
    return socket;
}

static int take(void *socket, uint8_t *at, size_t room, int wait_ms)
{
    struct hr_zmq_item item = {.socket = socket, .events = HR_ZMQ_POLLIN};
    struct hr_zmq_msg msg;
    int size = -1;

    if (zmq->poll(&item, 1, wait_ms) <= 0) {
        return -1;
    }
    zmq->msg_init(&msg);
    if (zmq->msg_recv(&msg, socket, HR_ZMQ_DONTWAIT) >= 0) {
        size = (int)zmq->msg_size(&msg);
        memcpy(at, zmq->msg_data(&msg), (size_t)size < room ? (size_t)size : room);
    }
    zmq->msg_close(&msg);
    return size;
}

static uint64_t bad_messages(void *context, const struct hr_link_address *a, uint64_t most)
{
    static uint8_t bytes[ORDERS_IN_A_ROW * HR_WIRE_ORDER_BYTES];
    void *socket = dealer(context, a);
    uint64_t sent = 0;

    while (sent < most && sent < SOCKET_MESSAGES) {
        size_t size = bad_message(bytes);

        if (!a->sealed && draw(64) == 0) {
            size = nonsense_orders(bytes, ORDERS_IN_A_ROW, 1);
        }
        if (zmq->send(socket, bytes, size, draw(16) ? 0 : HR_ZMQ_SNDMORE) < 0) {
            give_up("send");
        }
        sent++;
        if (sent % 256 == 0) {
            while (take(socket, bytes, sizeof(bytes), 0) >= 0) {
            }
        }
    }
    zmq->send(socket, bytes, 1, 0);
    zmq->close(socket);
    return sent;
}

static int garbage(const char *address, uint64_t count)
{
    struct hr_link_address a;
    void *context = NULL;
    uint64_t sent = 0;

    if (hr_link_address(&a, address, false)) {
        give_up(address);
    }
    if (strstr(a.ops->name, "zmq")) {
        if (hr_zmq_load(&zmq)) {
            give_up(address);
        }
        context = zmq->ctx_new();
    }
    while (sent < count) {
        sent +=
            context ? bad_messages(context, &a, count - sent) : bad_connection(&a, count - sent);
    }
    if (context) {
        zmq->ctx_term(context);
    }
    printf("garbage %" PRIu64 " %s\n", sent, address);
    return 0;
}

/* ---- handshakes ---------------------------------------------------------------------------------
 */

/* How far this one goes: HELLO, HELLO with cookie, FINISH. Its answers. */
static int handshake(void *context, const struct hr_link_address *a, const struct hr_sign_key *key,
                     const uint8_t *server, uint32_t steps)
{
    uint8_t in[MESSAGE_MAX], out[HR_QZMQ_HANDSHAKE_MAX];
    struct hr_qzmq *session;
    void *socket = dealer(context, a);
    size_t size = HR_QZMQ_HELLO_BYTES;
    int answers = 0;

    if (hr_qzmq_connect(&session, key, server, NULL, hr_clock_ns(), out)) {
        give_up("a session");
    }
    for (uint32_t i = 0; i < steps && size; i++) {
        int got;

        zmq->send(socket, out, size, 0);
        got = take(socket, in, sizeof(in), 2000);
        if (got < 0) {
            break;
        }
        answers++;
        if (hr_qzmq_step(session, hr_clock_ns(), in, (size_t)got, out, &size)) {
            break;
        }
    }
    hr_qzmq_free(session);
    zmq->close(socket);
    return answers;
}

static int flood(const char *address, const char *file, uint64_t count)
{
    uint8_t server[HR_VERIFY_KEY_BYTES];
    struct hr_link_address a;
    struct hr_sign_key *key;
    uint64_t answers = 0;
    void *context;

    hr_clock_init();
    if (hr_link_address(&a, address, false) || hr_qzmq_keys_public(file, server) ||
        hr_sign_key_new(&key) || hr_zmq_load(&zmq)) {
        give_up(address);
    }
    context = zmq->ctx_new();
    for (uint64_t i = 0; i < count; i++) {
        answers += (uint64_t)handshake(context, &a, key, server, (uint32_t)(i % 3) + 1);
    }
    zmq->ctx_term(context);
    hr_sign_key_free(key);
    printf("flood %" PRIu64 " handshakes, %" PRIu64 " answers\n", count, answers);
    return 0;
}

/* ---- between the two
 * ------------------------------------------------------------------------------ */

#define PAIRS_MAX 64
#define GREETING_BYTES 64u /* of ZMTP 3 */

/* What goes to the server, cut into ZMTP frames. */
struct pair {
    int client, server;
    uint8_t held[1 << 20];
    size_t end;
    size_t greeted; /* bytes; they are passed on as they come, since each side waits for some */
};

static struct {
    const char *what; /* "", flip, replay, cut */
    size_t size;
    uint64_t nth, seen;
    FILE *capture;
} middle;

static void end_pair(struct pair *p)
{
    close(p->client);
    close(p->server);
    p->client = p->server = -1;
}

static bool put_all(int fd, const uint8_t *bytes, size_t size)
{
    for (size_t at = 0; at < size;) {
        ssize_t put = send(fd, bytes + at, size - at, MSG_NOSIGNAL);

        if (put < 0) {
            return false;
        }
        at += (size_t)put;
    }
    return true;
}

/* A whole frame, its body behind `head` bytes. */
static void forward(struct pair *p, uint8_t *frame, size_t head, size_t size)
{
    bool chosen = size == middle.size && *middle.what && ++middle.seen == middle.nth;
    bool cut = chosen && strcmp(middle.what, "cut") == 0;

    if (chosen && strcmp(middle.what, "flip") == 0) {
        frame[head + size / 2] ^= 4;
    }
    if (!put_all(p->server, frame, cut ? head + size / 2 : head + size) || cut ||
        (chosen && strcmp(middle.what, "replay") == 0 && !put_all(p->server, frame, head + size))) {
        end_pair(p);
    }
}

static void forward_frames(struct pair *p)
{
    size_t at = 0;

    if (p->greeted < GREETING_BYTES) {
        at = GREETING_BYTES - p->greeted < p->end ? GREETING_BYTES - p->greeted : p->end;
        put_all(p->server, p->held, at);
        p->greeted += at;
    }
    while (p->greeted == GREETING_BYTES && p->client >= 0 && p->end - at >= 2) {
        bool is_long = p->held[at] & 2;
        uint64_t size = p->held[at + 1], big;
        size_t head = is_long ? 9 : 2;

        if (p->end - at < head) {
            break;
        }
        if (is_long) {
            memcpy(&big, p->held + at + 1, sizeof(big));
            size = __builtin_bswap64(big);
        }
        if (size > sizeof(p->held) - head) {
            give_up("a frame that is too long");
        }
        if (p->end - at < head + size) {
            break;
        }
        forward(p, p->held + at, head, size);
        at += head + size;
    }
    memmove(p->held, p->held + at, p->end - at);
    p->end -= at;
}

/* The other way nothing is looked at, and the client is not kept waiting for the server. */
static void backward(struct pair *p)
{
    static uint8_t bytes[1 << 16];
    ssize_t got = recv(p->server, bytes, sizeof(bytes), MSG_DONTWAIT);

    if (got == 0 || (got < 0 && errno != EAGAIN)) {
        end_pair(p);
        return;
    }
    fwrite(bytes, 1, got > 0 ? (size_t)got : 0, middle.capture);
    if (got > 0 && !put_all(p->client, bytes, (size_t)got)) {
        end_pair(p);
    }
}

static void take_in(struct pair *p)
{
    ssize_t got = recv(p->client, p->held + p->end, sizeof(p->held) - p->end, MSG_DONTWAIT);

    if (got == 0 || (got < 0 && errno != EAGAIN)) {
        end_pair(p);
        return;
    }
    if (got > 0) {
        fwrite(p->held + p->end, 1, (size_t)got, middle.capture);
        p->end += (size_t)got;
        forward_frames(p);
    }
}

static int open_door(const char *file)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(address);
    int door = socket(AF_INET, SOCK_STREAM, 0);
    char name[4096];
    FILE *out;

    snprintf(name, sizeof(name), "%s.new", file);
    if (bind(door, (struct sockaddr *)&address, size) || listen(door, PAIRS_MAX) ||
        getsockname(door, (struct sockaddr *)&address, &size) || !(out = fopen(name, "w"))) {
        give_up("relay");
    }
    fprintf(out, "127.0.0.1:%u\n", ntohs(address.sin_port));
    if (fclose(out) || rename(name, file)) {
        give_up(file);
    }
    return door;
}

static int relay(const char *where, const char *file, const char *capture)
{
    static struct pair *pairs[PAIRS_MAX];
    char host[HR_ADDRESS_MAX];
    uint16_t port = 0;
    int count = 0, door = open_door(file);

    middle.capture = fopen(capture, "w");
    if (!middle.capture || hr_host_and_port(where, host, &port)) {
        give_up("relay");
    }
    setvbuf(middle.capture, NULL, _IONBF, 0); /* it is killed, and all of it must be there */
    for (;;) {
        struct pollfd items[2 * PAIRS_MAX + 1] = {{.fd = door, .events = POLLIN}};

        for (int i = 0; i < count; i++) {
            items[2 * i + 1] = (struct pollfd){.fd = pairs[i]->client, .events = POLLIN};
            items[2 * i + 2] = (struct pollfd){.fd = pairs[i]->server, .events = POLLIN};
        }
        poll(items, (nfds_t)(2 * count + 1), -1);
        for (int i = 0; i < count; i++) {
            if (items[2 * i + 1].revents && pairs[i]->client >= 0) {
                take_in(pairs[i]);
            }
            if (items[2 * i + 2].revents && pairs[i]->server >= 0) {
                backward(pairs[i]);
            }
        }
        if (items[0].revents && count < PAIRS_MAX) {
            pairs[count] = calloc(1, sizeof(**pairs));
            pairs[count]->client = accept(door, NULL, NULL);
            pairs[count++]->server = connect_to(host, port);
        }
    }
}

int main(int argc, char **argv)
{
    uint64_t count;

    signal(SIGPIPE, SIG_IGN);
    middle.what = "";
    if (argc == 4 && strcmp(argv[1], "garbage") == 0 && hr_parse_count(argv[3], &count) == 0) {
        return garbage(argv[2], count);
    }
    if (argc == 5 && strcmp(argv[1], "flood") == 0 && hr_parse_count(argv[4], &count) == 0) {
        return flood(argv[2], argv[3], count);
    }
    if ((argc == 5 || argc == 8) && strcmp(argv[1], "relay") == 0) {
        if (argc == 8) {
            middle.what = argv[5];
            middle.size = strtoull(argv[6], NULL, 10);
            middle.nth = strtoull(argv[7], NULL, 10);
        }
        return relay(argv[2], argv[3], argv[4]);
    }
    fputs("usage: port_attack garbage ADDRESS COUNT | flood ADDRESS SERVER.pub COUNT | relay "
          "HOST:PORT "
          "FILE CAPTURE [flip|replay|cut SIZE NTH]\n",
          stderr);
    return 2;
}
