/* cluster_test.c - is a flow over several ranks still one flow, and what if one of them dies? */
#include "tests/unit/small_rig.h"

#include "harness/cluster_messages.h"
#include "harness/error.h"
#include "harness/market_cut.h"
#include "harness/ranks_backend.h"
#include "suites/run_plan.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#define ALARM_S 60 /* a test of what hangs must not hang */

struct small_cluster {
    struct small_rig *small;
    struct hr_cluster_parts parts;
    struct hr_ranks *ranks;
    struct hr_workload workload;
    uint32_t bounds[65];
};

static void serve(struct hr_ranks *ranks, void *context)
{
    hr_cluster_serve(ranks, context);
}

static struct small_cluster *small_cluster_new(int ranks, const struct eut_engine *engine,
                                               double l2_share)
{
    struct small_cluster *c = calloc(1, sizeof(*c));
    struct hr_flow_params flow;

    alarm(ALARM_S);
    c->small = small_rig_new(engine_named("reference"));
    c->parts = (struct hr_cluster_parts){.path = hr_path_find("inproc"),
                                         .engines = {engine, engine_named("reference")},
                                         .oracle = engine_named("oracle")};
    CHECK_EQ(hr_ranks_fork(&c->ranks, ranks, serve, &c->parts), 0);
    small_flow(&flow, 13);
    flow.l2_share = l2_share;
    CHECK_EQ(hr_rig_workload(&c->small->bench.rig, &flow, 8192, &c->workload), 0);
    return c;
}

static void small_cluster_free(struct small_cluster *c)
{
    hr_ranks_end(c->ranks, 0);
    small_rig_free(c->small);
    free(c);
    alarm(0);
}

/* A run that says what is its own; the rest is the same for all. */
static int run_of(struct small_cluster *c, struct hr_cluster_run own,
                  struct hr_cluster_result *result)
{
    CHECK_EQ(hr_markets_cut(c->workload.tape->steady_requests, c->workload.steady, 13, own.nodes,
                            c->bounds),
             0);
    own.ranks = c->ranks;
    own.parts = &c->parts;
    own.workload = &c->workload;
    own.steady = c->workload.steady;
    own.batch = 32;
    own.bounds = c->bounds;
    own.silence_ns = 200000000;
    return hr_cluster_run(&own, result);
}

static int run(struct small_cluster *c, int nodes, int first_rank, bool routed, int engine,
               struct hr_cluster_result *result)
{
    return run_of(c,
                  (struct hr_cluster_run){.engine = engine,
                                          .nodes = nodes,
                                          .first_rank = first_rank,
                                          .routed = routed,
                                          .window = 4},
                  result);
}

static void check_whole(const struct small_cluster *c, const struct hr_cluster_result *r)
{
    CHECK(r->digest == c->workload.digest);
    CHECK_EQ(r->requests, c->workload.steady);
    CHECK_EQ(r->acked, c->workload.steady);
    CHECK(r->ns > 0 && r->events >= r->requests);
}

TEST(cluster, digests_add_up_over_any_ranks)
{
    static const int sizes[] = {1, 2, 3, 5};

    for (size_t k = 0; k < 4; k++) {
        struct small_cluster *c =
            small_cluster_new(sizes[k], engine_named("reference"), k % 2 ? 0.25 : 0);
        struct hr_cluster_result r;

        CHECK_EQ(hr_ranks_size(c->ranks), sizes[k]);
        CHECK_EQ(hr_ranks_hosts(c->ranks, 0, sizes[k]), 1);
        CHECK(hr_ranks_forked(c->ranks));
        for (int nodes = 1; nodes <= sizes[k]; nodes++) {
            CHECK_EQ(run(c, nodes, 0, false, 0, &r), 0);
            check_whole(c, &r);
            CHECK_EQ(run(c, nodes, 0, true, 0, &r), 0);
            check_whole(c, &r);
        }
        if (sizes[k] > 1) { /* rank 0 routes and owns nothing */
            CHECK_EQ(run(c, sizes[k] - 1, 1, true, 0, &r), 0);
            check_whole(c, &r);
            CHECK_EQ(run(c, sizes[k] - 1, 1, false, 0, &r), 0);
            check_whole(c, &r);
        }
        small_cluster_free(c);
    }
}

/* A flow by_market, of which each rank makes its own markets: nobody is dealt anything. */
static void make_by_market(struct small_cluster *c, double l2_share, uint64_t orders)
{
    struct hr_flow_params flow;

    small_flow(&flow, 13);
    flow.l2_share = l2_share;
    flow.by_market = true;
    CHECK_EQ(hr_rig_workload(&c->small->bench.rig, &flow, orders, &c->workload), 0);
}

static int run_made(struct small_cluster *c, int nodes, int first_rank,
                    struct hr_cluster_result *result)
{
    return run_of(
        c, (struct hr_cluster_run){.nodes = nodes, .first_rank = first_rank, .made = true}, result);
}

TEST(cluster, shares_that_ranks_make_are_one_flow)
{
    static const int sizes[] = {1, 2, 5};

    for (size_t k = 0; k < 3; k++) {
        struct small_cluster *c = small_cluster_new(sizes[k], engine_named("reference"), 0);
        struct hr_cluster_result r;

        for (int again = 0; again < 3; again++) { /* another flow is not taken for the last one */
            make_by_market(c, k == 1 ? 0.25 : 0, again == 2 ? 4000 : 8192);
            CHECK(c->workload.tape->requests == NULL);
            for (int nodes = 1; nodes <= sizes[k]; nodes++) {
                CHECK_EQ(run_made(c, nodes, 0, &r), 0);
                check_whole(c, &r);
            }
        }
        if (sizes[k] > 1) { /* rank 0 makes nothing of what is measured */
            CHECK_EQ(run_made(c, sizes[k] - 1, 1, &r), 0);
            check_whole(c, &r);
        }
        CHECK_EQ(run(c, 1, 0, false, 0, &r), -EINVAL); /* there are no requests to deal */
        small_cluster_free(c);
    }
}

TEST(cluster, only_what_can_be_made_apart_is_made_by_ranks)
{
    struct small_cluster *c = small_cluster_new(2, engine_named("reference"), 0);
    struct hr_cluster_parts parts = {.path = hr_path_find("inproc"),
                                     .engines = {engine_named("reference")}};
    struct hr_cluster_node node = {.parts = &parts};
    struct hr_cluster_make make = {.steady = 100};
    struct hr_cluster_open open = {.batch = 4, .end = 5, .cpu = -1, .made = 1};
    struct hr_cluster_result r;

    CHECK_EQ(run_made(c, 2, 0, &r), -EINVAL); /* the flow of a tape */
    make_by_market(c, 0, 8192);
    make.flow = c->workload.tape->params;
    CHECK_EQ(hr_cluster_node_open(&node, &open), 0);
    CHECK_EQ(hr_cluster_node_make(&node, &make), -ENODEV); /* nobody to make it with */
    parts.oracle = engine_named("oracle");
    CHECK_EQ(hr_cluster_node_make(&node, &make), -EPROTO); /* more than was announced */
    CHECK(strstr(hr_error(), "were made, and 0 announced") != NULL);
    hr_cluster_node_free(&node);
    small_cluster_free(c);
}

TEST(cluster, a_ping_comes_back)
{
    struct small_cluster *c = small_cluster_new(2, engine_named("reference"), 0);
    uint64_t samples[50], ns;

    CHECK_EQ(hr_cluster_ping(c->ranks, 1, 32, 50, 1, samples, &ns), 0);
    for (int i = 0; i < 50; i++) {
        CHECK(samples[i] > 0 && samples[i] <= ns);
    }
    CHECK_EQ(hr_cluster_ping(c->ranks, 1, 32768, 200, 16, NULL, &ns), 0);
    CHECK(ns > 0);
    small_cluster_free(c);
}

TEST(cluster, an_order_for_another_node_is_refused)
{
    struct hr_cluster_parts parts = {.path = hr_path_find("inproc"),
                                     .engines = {engine_named("reference")}};
    struct hr_cluster_node node = {.parts = &parts};
    struct hr_cluster_open open = {
        .load = 2, .steady = 2, .batch = 4, .first = 3, .end = 5, .cpu = -1};
    struct eut_request own = {.market = 4}, foreign = {.market = 5};
    struct hr_cluster_done done;

    CHECK_EQ(hr_cluster_node_open(&node, &open), 0);
    CHECK_EQ(hr_cluster_node_part(&node, &own, 1), 0);
    CHECK_EQ(hr_cluster_node_part(&node, &foreign, 1), -EPROTO);
    CHECK_STR(hr_error(), "an order for market 5 came to the owner of 3 to 4");
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(hr_cluster_node_part(&node, &own, 1), 0);
    }
    CHECK_EQ(hr_cluster_node_part(&node, &own, 1), -EPROTO);         /* more than was announced */
    CHECK_EQ(hr_cluster_node_batch(&node, &own, 1, &done), -EPROTO); /* before there are books */
    CHECK_EQ(hr_cluster_node_finish(&node, &done), -EPROTO);
    hr_cluster_node_close(&node);
}

static int no_books(const struct eut_limits *limits, void **self)
{
    (void)limits, (void)self;
    return -ENOMEM;
}

/* What one rank cannot do ends that run with its name; the next one is whole. */
TEST(cluster, a_failure_is_told_and_does_not_linger)
{
    struct eut_engine poor = *engine_named("reference");
    struct small_cluster *c;
    struct hr_cluster_result r;

    poor.create = no_books;
    c = small_cluster_new(3, &poor, 0);
    for (int routed = 0; routed < 2; routed++) {
        CHECK(run(c, 2, 1, routed, 0, &r) < 0);
        CHECK(strstr(hr_error(), "of 3 (host ") != NULL);
        CHECK_EQ(run(c, 3, 0, routed, 1, &r), 0);
        check_whole(c, &r);
    }
    CHECK_EQ(hr_ranks_lost(c->ranks), -1);
    small_cluster_free(c);
}

TEST(cluster, a_rank_without_the_engine_says_why)
{
    struct small_cluster *c;
    struct hr_cluster_result r;

    alarm(ALARM_S);
    c = small_cluster_new(2, NULL, 0);
    CHECK_EQ(run(c, 1, 1, false, 0, &r), -EIO);
    CHECK(strstr(hr_error(), "rank 1 of 2 (host ") != NULL);
    CHECK(strstr(hr_error(), "this rank has no such engine") != NULL);
    small_cluster_free(c);
}

/* ---- deaths ------------------------------------------------------------------------ */

static pid_t leader;
static const struct eut_engine *sound;
static int submits;

/* Whoever is not the leader dies of its third batch. */
static int die_at_work(void *self, const struct eut_request *requests, uint32_t count,
                       struct eut_sink *sink)
{
    if (getpid() != leader && ++submits == 3) {
        raise(SIGKILL);
    }
    return sound->submit(self, requests, count, sink);
}

static int hang_at_work(void *self, const struct eut_request *requests, uint32_t count,
                        struct eut_sink *sink)
{
    while (getpid() != leader) {
        pause();
    }
    return sound->submit(self, requests, count, sink);
}

static struct small_cluster *ill_cluster(int (*submit)(void *, const struct eut_request *, uint32_t,
                                                       struct eut_sink *))
{
    static struct eut_engine ill;

    leader = getpid();
    sound = engine_named("reference");
    ill = *sound;
    ill.submit = submit;
    return small_cluster_new(3, &ill, 0);
}

TEST(cluster, a_rank_that_dies_at_work_is_named)
{
    for (int routed = 0; routed < 2; routed++) {
        struct small_cluster *c = ill_cluster(die_at_work);
        struct hr_cluster_result r;

        CHECK_EQ(run(c, 3, 0, routed, 0, &r), -EPIPE);
        CHECK(strstr(hr_error(), "of 3 (host ") != NULL);
        CHECK(strstr(hr_error(), "died: signal 9") != NULL);
        CHECK(hr_ranks_lost(c->ranks) > 0);
        CHECK_EQ(run(c, 3, 0, routed, 1, &r), -EPIPE); /* and stays dead */
        small_cluster_free(c);
    }
}

TEST(cluster, a_rank_killed_between_runs_is_named)
{
    struct small_cluster *c = small_cluster_new(3, engine_named("reference"), 0);
    struct hr_cluster_result r;
    char name[64];

    CHECK_EQ(run(c, 3, 0, false, 0, &r), 0);
    kill((pid_t)hr_ranks_process(c->ranks, 2), SIGKILL);
    CHECK_EQ(run(c, 3, 0, true, 0, &r), -EPIPE);
    snprintf(name, sizeof(name), "process %ld) died: signal 9", hr_ranks_process(c->ranks, 2));
    CHECK(strstr(hr_error(), "rank 2 of 3 (host ") != NULL);
    CHECK(strstr(hr_error(), name) != NULL);
    small_cluster_free(c);
}

TEST(cluster, a_rank_that_hangs_is_given_up)
{
    for (int routed = 0; routed < 2; routed++) {
        struct small_cluster *c = ill_cluster(hang_at_work);
        struct hr_cluster_result r;

        CHECK_EQ(run(c, 2, 1, routed, 0, &r), -ETIMEDOUT);
        CHECK(strstr(hr_error(), "has not answered for") != NULL);
        CHECK(hr_ranks_lost(c->ranks) > 0);
        small_cluster_free(c);
    }
}

/* The suite says so, and the run ends. */
TEST(cluster, the_suite_ends_with_the_name)
{
    struct small_cluster *c = small_cluster_new(3, engine_named("reference"), 0);
    struct hr_bench *bench = &c->small->bench;

    bench->ranks = c->ranks;
    bench->parts = c->parts;
    kill((pid_t)hr_ranks_process(c->ranks, 1), SIGKILL);
    CHECK_EQ(hr_suite_find("cluster")->run(bench, c->small->suite), -EPIPE);
    CHECK(strstr(hr_error(), "rank 1 of 3 (host ") != NULL);
    CHECK(bench->rig.statuses[HR_INVALID] > 0);
    CHECK_EQ(bench->rig.statuses[HR_PASS], 0);
    bench->ranks = NULL;
    small_cluster_free(c);
}

/* One host is no three nodes, by name. */
TEST(cluster, ranks_of_one_host_are_not_called_nodes)
{
    struct small_cluster *c = small_cluster_new(3, engine_named("reference"), 0);
    struct hr_bench *bench = &c->small->bench;
    const json_t *cases = json_object_get(c->small->suite, "cases"), *item;
    regex_t filter;
    size_t i;

    bench->ranks = c->ranks;
    bench->parts = c->parts;
    CHECK_EQ(regcomp(&filter, "ranks=[0-9]|nodes=", REG_EXTENDED | REG_NOSUB), 0);
    bench->rig.filter = &filter;
    CHECK_EQ(hr_suite_find("cluster")->run(bench, c->small->suite), 0);
    CHECK(json_array_size(cases) >= 8);
    json_array_foreach (cases, i, item) {
        const json_t *params = json_object_get(item, "params");

        CHECK(strstr(json_string_value(json_object_get(item, "id")), "nodes=") == NULL);
        CHECK_EQ(json_integer_value(json_object_get(params, "hosts")), 1);
        CHECK_STR(json_string_value(json_object_get(params, "ranks_by")), "forked processes");
    }
    regfree(&filter);
    bench->ranks = NULL;
    small_cluster_free(c);
}

/* Containers have names of their own and one kernel; a machine has a kernel of its own. */
TEST(cluster, a_host_is_a_kernel_and_earns_the_name_of_a_node)
{
    struct small_cluster *c = small_cluster_new(3, engine_named("reference"), 0);
    struct hr_bench *bench = &c->small->bench;
    struct hr_rank_facts *facts = c->ranks->facts;
    json_t *plan;

    CHECK(*facts[0].boot);
    for (int r = 0; r < 3; r++) {
        snprintf(facts[r].host, sizeof(facts[r].host), "pod-%d", r);
    }
    CHECK_EQ(hr_ranks_hosts(c->ranks, 0, 3), 1);
    snprintf(facts[1].boot, sizeof(facts[1].boot), "another");
    CHECK_EQ(hr_ranks_hosts(c->ranks, 0, 3), 2);
    CHECK_EQ(hr_ranks_hosts(c->ranks, 1, 2), 2);
    bench->ranks = c->ranks;
    plan = hr_run_plan(bench);
    char *text = json_dumps(plan, 0);
    CHECK(strstr(text, "\"cluster/inproc/reference/nodes=2\"") != NULL); /* two ranks, two hosts */
    CHECK(strstr(text, "\"cluster/inproc/reference/ranks=3\"") != NULL); /* three, and two */
    facts[2].boot[0] = '\0'; /* it does not say: its name counts */
    CHECK_EQ(hr_ranks_hosts(c->ranks, 0, 3), 3);
    free(text);
    json_decref(plan);
    bench->ranks = NULL;
    small_cluster_free(c);
}
