/* poll() of every link: whoever has something unread is told, also when few are told at a time and
 * none of them is read. The clients are a process of their own, which is what links are for. */
#include "harness/clock.h"
#include "harness/error.h"
#include "harness/link.h"
#include "harness/wire.h"
#include "tests/test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define CLIENTS 5u
#define FEW 2u
#define MESSAGE_BYTES (16 * HR_WIRE_EVENT_BYTES)
#define LONG_NS 20000000000ull

/* Each client says one order, and reads nothing. Ends when it is killed, or forgotten. */
static void clients_side(struct hr_link *link, int server_is_there)
{
    bool said[CLIENTS] = {false};
    uint32_t ready[CLIENTS];
    char word;

    alarm(60);
    if (read(server_is_there, &word, 1) != 1 || link->ops->join(link, false)) {
        _exit(1);
    }
    for (;;) {
        for (uint32_t c = 0; c < CLIENTS; c++) {
            uint8_t *at;

            if (!said[c] && link->ops->write(link, c, 0, &at) >= HR_WIRE_ORDER_BYTES) {
                hr_wire_orders_put(at, &(struct eut_request){.order = 1}, 1, c, 1, 0);
                link->ops->write(link, c, HR_WIRE_ORDER_BYTES, &at);
                said[c] = true;
            }
        }
        link->ops->poll(link, ready, CLIENTS, 1);
    }
}

/* How many connections the server was told of. */
static uint32_t told(struct hr_link *link)
{
    uint64_t deadline = hr_clock_ns() + LONG_NS;
    bool seen[CLIENTS + HR_LINK_STRANGERS_MAX] = {false};
    uint32_t ready[FEW], count = 0;

    while (count < CLIENTS && hr_clock_ns() < deadline) {
        int n = link->ops->poll(link, ready, FEW, 1);

        CHECK(n >= 0 && n <= (int)FEW);
        for (int i = 0; i < n; i++) {
            CHECK(ready[i] < link->slots);
            count += !seen[ready[i]];
            seen[ready[i]] = true;
        }
    }
    return count;
}

TEST(link_poll, nobody_is_passed_over)
{
    hr_clock_init();
    for (int i = 0; hr_links[i]; i++) {
        struct hr_link_params params = {
            .clients = CLIENTS, .message_bytes = MESSAGE_BYTES, .congestion = "", .hwm = 1000};
        struct hr_link *link;
        uint32_t count;
        pid_t clients;
        int pair[2];

        if (hr_links[i]->available()) {
            continue;
        }
        CHECK_EQ(hr_links[i]->listen(&link, &params), 0);
        link->ops = hr_links[i];
        CHECK_EQ(pipe(pair), 0);
        clients = fork();
        if (clients == 0) {
            clients_side(link, pair[0]);
        }
        CHECK_EQ(link->ops->join(link, true), 0);
        CHECK_EQ(write(pair[1], "", 1), 1);
        count = told(link);
        kill(clients, SIGKILL);
        waitpid(clients, NULL, 0);
        close(pair[0]);
        close(pair[1]);
        link->ops->close(link, HR_LINK_ALL);
        if (count != CLIENTS) {
            FAIL("%s: %u of %u with an unread order were told of", hr_links[i]->name, count,
                 CLIENTS);
        }
    }
}

/* A connection to a port of this machine that says some bytes; -1: none. */
static int caller(uint16_t port, size_t bytes)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    uint8_t order[HR_WIRE_ORDER_BYTES];
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    CHECK_EQ(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    hr_wire_orders_put(order, &(struct eut_request){.order = 1}, 1, 0, 1, 0);
    CHECK_EQ(send(fd, order, bytes, 0), (ssize_t)bytes);
    return fd;
}

/* What a server does, until so many orders came or for so long: reads whole ones, closes who is
 * gone. How many came. */
static uint32_t serve_until(struct hr_link *link, uint32_t enough, uint64_t ns)
{
    uint64_t deadline = hr_clock_ns() + ns;
    uint32_t orders = 0, ready[FEW];

    while (orders < enough && hr_clock_ns() < deadline) {
        int n = link->ops->poll(link, ready, FEW, 1);

        for (int i = 0; i < n; i++) {
            const uint8_t *at;

            if (ready[i] & HR_LINK_GONE) {
                link->ops->close(link, ready[i] & ~HR_LINK_GONE);
            } else if (link->ops->read(link, ready[i], 0, &at) >= HR_WIRE_ORDER_BYTES) {
                link->ops->read(link, ready[i], HR_WIRE_ORDER_BYTES, &at);
                orders++;
            }
        }
    }
    return orders;
}

/* Who holds a place and says nothing, or a part of an order, gives way; who said one does not. */
TEST(link_poll, the_silent_do_not_keep_others_out)
{
    struct hr_link_place place = {.host = "127.0.0.1", .server = true};
    struct hr_link_params params = {
        .message_bytes = MESSAGE_BYTES, .congestion = "", .place = &place, .strangers = 3};
    const struct hr_link_ops *tcp = NULL;
    int held[3], late[3];
    struct hr_link *link;
    char byte;

    hr_clock_init();
    for (int i = 0; !tcp; i++) {
        tcp = strcmp(hr_links[i]->name, "tcp") == 0 ? hr_links[i] : NULL;
    }
    CHECK_EQ(tcp->listen(&link, &params), 0);
    link->ops = tcp;
    CHECK_EQ(link->ops->join(link, true), 0);
    held[0] = caller(link->facts.port, HR_WIRE_ORDER_BYTES);
    held[1] = caller(link->facts.port, 0);
    held[2] = caller(link->facts.port, 1);
    CHECK_EQ(serve_until(link, 1, LONG_NS), 1);
    CHECK_EQ(serve_until(link, 1, 2100000000), 0);
    for (int i = 0; i < 2; i++) {
        late[i] = caller(link->facts.port, HR_WIRE_ORDER_BYTES);
    }
    CHECK_EQ(serve_until(link, 2, LONG_NS), 2);
    CHECK_EQ(recv(held[0], &byte, 1, MSG_DONTWAIT), -1);
    CHECK_EQ(recv(held[1], &byte, 1, 0), 0);
    CHECK_EQ(recv(held[2], &byte, 1, 0), 0);
    late[2] = caller(link->facts.port, 0); /* all others have said something */
    for (uint64_t begin = hr_clock_ns();
         link->counts.refused < 3 && hr_clock_ns() - begin < LONG_NS;) {
        CHECK_EQ(serve_until(link, 1, 1000000), 0);
    }
    CHECK_EQ(recv(late[2], &byte, 1, 0), 0);
    CHECK_EQ(link->counts.refused, 3);
    link->ops->close(link, HR_LINK_ALL);
    for (int i = 0; i < 3; i++) {
        close(held[i]);
        close(late[i]);
    }
}
