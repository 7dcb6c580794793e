/* cable_test.c - a network of one's own: what is sent crosses it, the thread is at home again,
 * nobody else reaches it, and it is gone with the process that laid it. */
#include "harness/platform/cable.h"

#include "harness/clock.h"
#include "harness/error.h"
#include "harness/link.h"
#include "harness/path.h"
#include "tests/unit/engine_rig.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define ORDERS 200u
#define ORDER_BYTES 60u
#define NAME_MAX_BYTES 64

#define LAY_OR_SKIP(cable)                               \
    do {                                                 \
        int laid_rc = hr_cable_lay(cable);               \
                                                         \
        if (laid_rc == -ENOTSUP) {                       \
            SKIP("no network namespaces for this user"); \
        }                                                \
        CHECK_EQ(laid_rc, 0);                            \
    } while (0)

static void own_namespace(char name[NAME_MAX_BYTES])
{
    ssize_t n = readlink("/proc/thread-self/ns/net", name, NAME_MAX_BYTES - 1);

    CHECK(n > 0);
    name[n] = '\0';
}

static uint64_t crossed(const struct hr_cable *cable)
{
    struct hr_nic_bytes bytes;

    CHECK_EQ(hr_cable_bytes(cable, &bytes), 0);
    return bytes.sent + bytes.received;
}

/* Orders that all rest, one at a time, by this way. 0 or what open() said. */
static int answered(const char *name, const struct hr_link_way *way)
{
    const struct hr_path_ops *ops = hr_path_find(name);
    struct hr_path_params params = {.engine = engine_named("reference"),
                                    .limits = {.struct_size = sizeof(struct eut_limits),
                                               .markets = 1,
                                               .batch_max = 1,
                                               .orders = ORDERS,
                                               .levels = ORDERS},
                                    .events_room = 4,
                                    .cpu = -1,
                                    .way = way};
    struct hr_answer answer;
    struct hr_path *path;
    uint64_t digest;
    int rc = ops->open(&path, &params);

    if (rc) {
        return rc;
    }
    for (uint32_t i = 0; i < ORDERS; i++) {
        struct eut_request one = {.order = i + 1,
                                  .price = 100,
                                  .qty = 1,
                                  .op = EUT_NEW,
                                  .side = EUT_SELL,
                                  .type = EUT_LIMIT,
                                  .tif = EUT_DAY};

        CHECK_EQ(ops->submit(path, &one, 1), HR_QUEUED);
        while ((rc = ops->collect(path, &answer)) == 0) {
        }
        CHECK_EQ(rc, 1);
        CHECK_EQ(answer.events[0].order, i + 1);
    }
    CHECK_EQ(ops->digest(path, &digest), 0);
    ops->close(path);
    return 0;
}

TEST(cable, orders_cross_it_over_every_path_that_can)
{
    static const char *const names[] = {"tcp", "uring", "zmq", "qtcp", "qzmq"};
    struct hr_link_way way = {0};
    struct hr_cable *cable;

    if (HR_ONE_PROCESS) {
        SKIP("servers are forked, and libraries have threads");
    }
    hr_clock_init();
    LAY_OR_SKIP(&cable);
    way.cable = cable;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        uint64_t before = crossed(cable);

        if (hr_path_find(names[i])->available()) {
            continue;
        }
        CHECK_EQ(answered(names[i], &way), 0);
        CHECK(crossed(cable) - before > ORDERS * ORDER_BYTES);
        before = crossed(cable); /* and by its usual way nothing does: the test sees */
        CHECK_EQ(answered(names[i], NULL), 0);
        CHECK(crossed(cable) - before < ORDERS * ORDER_BYTES / 4); /* neighbours are looked for */
    }
    hr_cable_remove(cable);
}

TEST(cable, the_thread_stays_at_home_and_home_does_not_reach_it)
{
    struct sockaddr_in there = {.sin_family = AF_INET, .sin_port = htons(9)};
    char before[NAME_MAX_BYTES], name[NAME_MAX_BYTES];
    struct hr_cable *one, *other;

    own_namespace(before);
    LAY_OR_SKIP(&one);
    own_namespace(name);
    CHECK_STR(name, before);
    CHECK_EQ(hr_cable_lay(&other), 0); /* with the same names and addresses */
    CHECK_EQ(hr_cable_enter(one, HR_CABLE_SERVER), 0);
    own_namespace(name);
    CHECK(strcmp(name, before) != 0);
    CHECK_EQ(hr_cable_leave(one), 0);
    own_namespace(name);
    CHECK_STR(name, before);
    CHECK_EQ(inet_pton(AF_INET, hr_cable_host(HR_CABLE_SERVER), &there.sin_addr), 1);
    CHECK_EQ(hr_cable_enter(one, HR_CABLE_CLIENT), 0);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_EQ(hr_cable_leave(one), 0);
    CHECK(connect(fd, (struct sockaddr *)&there, sizeof(there)) < 0);
    CHECK_EQ(errno, ECONNREFUSED); /* there is a host, and nobody listens */
    CHECK(crossed(one) > 0);
    close(fd);
    hr_cable_remove(one);
    hr_cable_remove(other);
    hr_cable_remove(NULL);
}

/* Processes that are in, or hold, this namespace. */
static int holders(const char *namespace)
{
    DIR *processes = opendir("/proc");
    int found = 0;

    CHECK(processes != NULL);
    for (struct dirent *p; (p = readdir(processes)) != NULL;) {
        char folder[300], path[600], target[NAME_MAX_BYTES];
        DIR *files;

        snprintf(folder, sizeof(folder), "/proc/%.200s/fd", p->d_name);
        files = p->d_name[0] >= '1' && p->d_name[0] <= '9' ? opendir(folder) : NULL;
        for (struct dirent *f; files && (f = readdir(files)) != NULL;) {
            snprintf(path, sizeof(path), "%.299s/%.255s", folder, f->d_name);
            ssize_t n = readlink(path, target, sizeof(target) - 1);

            target[n > 0 ? n : 0] = '\0';
            found += strcmp(target, namespace) == 0;
        }
        if (files) {
            closedir(files);
        }
    }
    closedir(processes);
    return found;
}

/* Nothing is left for the next one to find, whatever ended the process. */
/* The namespace is made, and the last descriptor is gone: home is where the thread was before. */
TEST(cable, who_cannot_lay_one_is_at_home_again)
{
    char before[NAME_MAX_BYTES], after[NAME_MAX_BYTES];
    struct rlimit had, few;
    struct hr_cable *cable;
    int last, rc;

    LAY_OR_SKIP(&cable);
    hr_cable_remove(cable);
    own_namespace(before);
    CHECK_EQ(getrlimit(RLIMIT_NOFILE, &had), 0);
    for (rlim_t more = 1; more <= 2; more++) { /* home; and one end */
        last = dup(0);
        CHECK(last >= 0);
        close(last);
        few = (struct rlimit){(rlim_t)last + more, had.rlim_max};
        CHECK_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
        rc = hr_cable_lay(&cable);
        CHECK_EQ(setrlimit(RLIMIT_NOFILE, &had), 0);
        CHECK_EQ(rc, -ENOTSUP);
        own_namespace(after);
        CHECK_STR(after, before);
    }
}

TEST(cable, it_is_gone_with_the_process_that_laid_it)
{
    char name[NAME_MAX_BYTES] = "";
    struct hr_cable *cable;
    int said[2], status;
    pid_t child;

    LAY_OR_SKIP(&cable);
    hr_cable_remove(cable);
    CHECK_EQ(pipe(said), 0);
    child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        if (hr_cable_lay(&cable) == 0 && hr_cable_enter(cable, HR_CABLE_SERVER) == 0) {
            ssize_t n = readlink("/proc/thread-self/ns/net", name, sizeof(name) - 1);

            if (n > 0 && hr_cable_leave(cable) == 0 && write(said[1], name, (size_t)n) == n) {
                pause();
            }
        }
        _exit(1);
    }
    CHECK(read(said[0], name, sizeof(name) - 1) > 0);
    CHECK(holders(name) > 0);
    CHECK_EQ(kill(child, SIGKILL), 0);
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(holders(name), 0);
    close(said[0]);
    close(said[1]);
}

/* How often this thread gave its processor away. */
static long naps(void)
{
    struct rusage usage;

    CHECK_EQ(getrusage(RUSAGE_THREAD, &usage), 0);
    return usage.ru_nvcsw;
}

TEST(cable, who_sleeps_sleeps_and_is_answered_too)
{
    struct hr_link_way way = {.sleeps = true};
    long before;

    hr_clock_init();
    before = naps();
    CHECK_EQ(answered("tcp", &way), 0);
    CHECK(naps() - before > (long)ORDERS / 10);
}

/* Busy polling asks the queue where packets come in: that of loopback is none, that of a cable is
 * one. */
TEST(cable, busy_polling_needs_a_queue)
{
    struct hr_link_way way = {.sleeps = true, .busy_poll_us = 50};
    struct hr_cable *cable;

    hr_clock_init();
    CHECK_EQ(answered("tcp", &way), -ENOTSUP);
    CHECK(*hr_error());
    LAY_OR_SKIP(&cable);
    way.cable = cable;
    int rc = answered("tcp", &way);
    if (rc == -ENOTSUP) {
        hr_cable_remove(cable);
        SKIP("epoll does not poll busily here");
    }
    CHECK_EQ(rc, 0);
    hr_cable_remove(cable);
}
