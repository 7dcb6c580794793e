/* Ports of a server as one link: who has been quiet is asked rarely, and yet heard soon. */
#include "harness/clock.h"
#include "harness/link_many.h"
#include "tests/test.h"

#include <stdlib.h>
#include <string.h>

#define PORTS 3u
#define SLOTS 4u
#define MOST 8u
#define WHILE 100u /* rounds after which a port is quiet */
#define ROUNDS 20000u
/* No port is asked more often than every 50 us, and not at all in a round that took so long. */
#define QUIET_NS 50000u
#define LONG_NS 20000000000ull

/* A port whose connections have something as long as it is told so. */
struct fake {
    struct hr_link base;
    bool talks;
    uint64_t polls;
};

static int fake_join(struct hr_link *link, bool server)
{
    (void)link;
    (void)server;
    return 0;
}

static int fake_poll(struct hr_link *link, uint32_t *ready, uint32_t most, int wait_ms)
{
    struct fake *f = (struct fake *)link;
    uint32_t n = 0;

    (void)wait_ms;
    f->polls++;
    for (; f->talks && n < most && n < SLOTS * 16; n++) {
        ready[n] = n % SLOTS;
    }
    return (int)n;
}

static void fake_close(struct hr_link *link, uint32_t c)
{
    if (c == HR_LINK_ALL) {
        free(link);
    }
}

static const struct hr_link_ops fake_ops = {
    .name = "fake", .join = fake_join, .poll = fake_poll, .close = fake_close};

static struct hr_link *open_ports(struct fake *fakes[PORTS])
{
    struct hr_link *links[PORTS], *many;

    hr_clock_init();
    for (uint32_t k = 0; k < PORTS; k++) {
        fakes[k] = calloc(1, sizeof(*fakes[k]));
        fakes[k]->base = (struct hr_link){.ops = &fake_ops, .slots = SLOTS};
        links[k] = &fakes[k]->base;
    }
    CHECK_EQ(hr_link_many(&many, links, PORTS), 0);
    CHECK_EQ(many->ops->join(many, true), 0);
    return many;
}

/* How many of a round's connections are port k's. */
static uint32_t heard(struct hr_link *many, uint32_t k)
{
    uint32_t ready[MOST], count = 0;
    int n = many->ops->poll(many, ready, MOST, 0);

    CHECK(n >= 0 && n <= (int)MOST);
    for (int i = 0; i < n; i++) {
        count += ready[i] / SLOTS == k;
    }
    return count;
}

TEST(link_many, a_quiet_port_is_asked_rarely_beside_a_busy_one)
{
    struct fake *fakes[PORTS];
    struct hr_link *many = open_ports(fakes);
    uint64_t start, asked;

    fakes[0]->talks = true;
    for (uint32_t i = 0; i < WHILE; i++) {
        heard(many, 0);
    }
    start = hr_clock_ns();
    asked = fakes[1]->polls;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        CHECK(heard(many, 0) > 0);
    }
    asked = fakes[1]->polls - asked;
    CHECK(asked <= (hr_clock_ns() - start) / QUIET_NS + 1);
    many->ops->close(many, HR_LINK_ALL);
}

TEST(link_many, a_port_that_was_quiet_for_long_is_heard_beside_one_that_never_ends)
{
    struct fake *fakes[PORTS];
    struct hr_link *many = open_ports(fakes);
    uint64_t start;
    uint32_t mine = 0, theirs = 0;

    fakes[0]->talks = true;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        heard(many, 0);
    }
    fakes[2]->talks = true;
    start = hr_clock_ns();
    while (heard(many, 2) == 0 && hr_clock_ns() - start < LONG_NS) {
    }
    CHECK(hr_clock_ns() - start < LONG_NS);
    for (uint32_t i = 0; i < PORTS * WHILE; i++) { /* from now on it has its half */
        uint32_t n = heard(many, 2);

        CHECK(n > 0);
        mine += n;
        theirs += MOST - n;
    }
    CHECK(mine * 4 > theirs * 3 && theirs * 4 > mine * 3);
    many->ops->close(many, HR_LINK_ALL);
}

TEST(link_many, a_port_that_was_quiet_for_long_is_heard_at_once_where_nobody_else_talks)
{
    struct fake *fakes[PORTS];
    struct hr_link *many = open_ports(fakes);

    fakes[0]->talks = true;
    for (uint32_t i = 0; i < WHILE; i++) {
        heard(many, 0);
    }
    fakes[0]->talks = false;
    fakes[1]->talks = true;
    CHECK(heard(many, 1) > 0);
    many->ops->close(many, HR_LINK_ALL);
}
