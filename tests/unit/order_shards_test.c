/* Several servers and their clients on the same processors answer as one engine in process does,
 * over every link, and their counters add up. */
#include "harness/order_shards.h"

#include "harness/clock.h"
#include "harness/error.h"
#include "harness/platform/platform.h"
#include "tests/unit/engine_rig.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MARKETS 7u
#define CLIENTS 5u
#define SHARDS 3u
#define BATCH 40u
#define ORDERS 12000u

static const struct eut_limits limits = {.struct_size = sizeof(struct eut_limits),
                                         .markets = MARKETS,
                                         .batch_max = ORDERS,
                                         .orders = ORDERS,
                                         .levels = ORDERS};

/* Some rest, some trade. */
static struct eut_request *orders(void)
{
    struct eut_request *all = calloc(ORDERS, sizeof(*all));

    for (uint32_t i = 0; i < ORDERS; i++) {
        all[i] = (struct eut_request){.order = i + 1,
                                      .market = i * 5 % MARKETS,
                                      .price = 100 + i % 13,
                                      .qty = 1 + i % 3,
                                      .op = EUT_NEW,
                                      .side = i / MARKETS % 2 ? EUT_BUY : EUT_SELL,
                                      .type = EUT_LIMIT,
                                      .tif = EUT_DAY};
    }
    return all;
}

static void answers(const struct hr_link_ops *ops, const struct eut_request *requests,
                    uint64_t expected)
{
    struct hr_net_params params = {.ops = ops,
                                   .engine = engine_named("reference"),
                                   .limits = limits,
                                   .link = {.clients = CLIENTS, .congestion = "", .hwm = 1000},
                                   .batch = BATCH,
                                   .window = 4 * BATCH,
                                   .server_cpu = -1};
    struct hr_histogram *latency = hr_histogram_new();
    struct hr_client_counts clients;
    struct hr_server_counts servers;
    struct hr_shards_net net;
    struct hr_net_cut cut;
    int cpus[SHARDS] = {-1, -1, -1};
    uint64_t ns = 0;

    hr_cpus_allowed(cpus, 1); /* the others anywhere: there may be one */
    CHECK_EQ(hr_net_cut(&cut, requests, ORDERS, CLIENTS), 0);
    if (hr_shards_net_open(&net, &params, SHARDS, cpus) ||
        hr_shards_net_drive(
            &net,
            &(struct hr_clients_run){
                .tapes = cut.tapes, .batch = BATCH, .lost_after_ms = 20000, .latency = latency},
            &ns) ||
        hr_shards_net_counts(&net, &clients, &servers)) {
        FAIL("%s: %s", ops->name, hr_error());
    }
    if (clients.acked != ORDERS) {
        FAIL("%s: of %u orders %llu were sent, %llu came in, %llu were answered", ops->name,
             (unsigned)ORDERS, (unsigned long long)clients.sent,
             (unsigned long long)servers.received, (unsigned long long)clients.acked);
    }
    CHECK_EQ(clients.offered, clients.sent + clients.refused);
    CHECK_EQ(clients.lost + clients.duplicated, 0);
    CHECK_EQ(servers.received, ORDERS);
    CHECK_EQ(servers.received, servers.accepted + servers.rejected);
    CHECK_EQ(servers.events, clients.events);
    CHECK_EQ(servers.connections, CLIENTS);
    CHECK_EQ(servers.digest, expected);
    CHECK_EQ(hr_shards_net_digest(&net), expected);
    CHECK_EQ(hr_histogram_count(latency), ORDERS);
    CHECK(ns > 0);
    hr_shards_net_close(&net);
    hr_net_cut_free(&cut);
    hr_histogram_free(latency);
}

TEST(order_shards, every_link_answers_as_in_process)
{
    struct eut_request *requests = orders();
    uint64_t expected = digest_in_process("oracle", &limits, requests, ORDERS);

    hr_clock_init();
    for (int i = 0; hr_links[i]; i++) {
        if (hr_links[i]->available() == 0) {
            answers(hr_links[i], requests, expected);
        }
    }
    free(requests);
}

/* Says whom it started, and dies without a word. */
static void start_and_die(int told)
{
    struct hr_shards_net net;
    int cpus[SHARDS] = {-1, -1, -1};
    pid_t pids[SHARDS];

    CHECK_EQ(hr_shards_net_open(&net,
                                &(struct hr_net_params){.ops = hr_links[0],
                                                        .engine = engine_named("reference"),
                                                        .limits = limits,
                                                        .link = {.clients = CLIENTS,
                                                                 .congestion = ""},
                                                        .batch = BATCH,
                                                        .window = BATCH,
                                                        .server_cpu = -1},
                                SHARDS, cpus),
             0);
    for (unsigned s = 0; s < SHARDS; s++) {
        pids[s] = net.nets[s].server.pid;
    }
    CHECK_EQ(write(told, pids, sizeof(pids)), sizeof(pids));
    kill(getpid(), SIGKILL);
}

TEST(order_shards, no_server_outlives_who_started_it)
{
    pid_t pids[SHARDS], starter;
    int ends[2];

    if (HR_ONE_PROCESS) {
        SKIP("forks");
    }
    hr_clock_init();
    CHECK_EQ(pipe(ends), 0);
    starter = fork();
    if (starter == 0) {
        start_and_die(ends[1]);
    }
    CHECK_EQ(waitpid(starter, NULL, 0), starter);
    CHECK_EQ(read(ends[0], pids, sizeof(pids)), sizeof(pids));
    for (unsigned s = 0; s < SHARDS; s++) {
        char file[64], state = 'R';

        for (int ms = 0; ms < 20000 && state != 'Z'; ms += 10) {
            FILE *f;

            snprintf(file, sizeof(file), "/proc/%d/stat", (int)pids[s]);
            f = fopen(file, "re");
            if (!f || fscanf(f, "%*d (%*[^)]) %c", &state) != 1) {
                state = 'Z'; /* gone altogether */
            }
            if (f) {
                fclose(f);
            }
            nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
        }
        CHECK_EQ(state, 'Z');
    }
}
