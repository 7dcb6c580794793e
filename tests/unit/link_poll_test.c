/* poll() of every link: whoever has something unread is told, also when few are told at a time and
 * none of them is read. The clients are a process of their own, which is what links are for. */
#include "harness/clock.h"
#include "harness/error.h"
#include "harness/link.h"
#include "harness/wire.h"
#include "tests/test.h"

#include <signal.h>
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
