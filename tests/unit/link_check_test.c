/* A goodput above what the link carries, or above what the interface was seen to send, is no
 * figure; and the interface's counters do count. */
#include "suites/link_baseline.h"

#include "harness/error.h"
#include "harness/platform/platform.h"
#include "tests/test.h"

#include <arpa/inet.h>
#include <math.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static bool hard(struct hr_link_seen seen)
{
    struct hr_checks checks;
    bool found;

    CHECK(hr_checks_init(&checks));
    hr_link_check(&checks, &seen);
    found = checks.hard;
    hr_checks_free(&checks);
    return found;
}

TEST(link_check, more_than_the_link_is_no_figure)
{
    double none = (double)NAN;

    CHECK(!hard((struct hr_link_seen){.orders = 9e9, .events = 8e9, .link = 10e9, .nic = 18e9}));
    CHECK(hard((struct hr_link_seen){.orders = 11e9, .events = 8e9, .link = 10e9, .nic = 20e9}));
    CHECK(hard((struct hr_link_seen){.orders = 8e9, .events = 11e9, .link = 10e9, .nic = none}));
    CHECK(!hard((struct hr_link_seen){.orders = 11e9, .events = 11e9, .link = none, .nic = none}));
}

TEST(link_check, more_than_the_interface_sent_is_no_figure)
{
    double none = (double)NAN;

    CHECK(hard((struct hr_link_seen){.orders = 9e9, .events = 8e9, .link = 10e9, .nic = 16e9}));
    CHECK(hard((struct hr_link_seen){.orders = 9e9, .events = 8e9, .link = none, .nic = 16e9}));
}

TEST(link_check, the_loopback_counts_what_crosses_it)
{
    enum { BYTES = 1000, TIMES = 50 };
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(to);
    int in = socket(AF_INET, SOCK_DGRAM, 0), out = socket(AF_INET, SOCK_DGRAM, 0);
    struct hr_nic_bytes before, after;
    char bytes[BYTES] = {0};

    if (hr_nic_bytes(hr_nic_loopback(), &before)) {
        SKIP("this host does not tell what crossed an interface");
    }
    CHECK_EQ(bind(in, (struct sockaddr *)&to, sizeof(to)), 0);
    CHECK_EQ(getsockname(in, (struct sockaddr *)&to, &size), 0);
    for (int i = 0; i < TIMES; i++) {
        CHECK_EQ(sendto(out, bytes, BYTES, 0, (struct sockaddr *)&to, sizeof(to)), BYTES);
        CHECK_EQ(recv(in, bytes, BYTES, 0), BYTES);
    }
    CHECK_EQ(hr_nic_bytes(hr_nic_loopback(), &after), 0);
    CHECK(after.sent - before.sent >= BYTES * TIMES);
    CHECK(after.received - before.received >= BYTES * TIMES);
    close(in);
    close(out);
}

TEST(link_check, an_interface_that_is_not_there_is_told)
{
    struct hr_nic_bytes bytes;

    CHECK(hr_nic_bytes("nosuchif0", &bytes) < 0);
    CHECK(strstr(hr_error(), "nosuchif0") != NULL);
}
