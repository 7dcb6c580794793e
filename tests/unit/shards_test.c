/* shards_test.c - are a flow's markets, cut over threads, still one flow? */
#include "tests/unit/small_rig.h"

#include "harness/error.h"
#include "harness/market_cut.h"
#include "harness/shards.h"

#include <errno.h>

TEST(shards, digests_add_up)
{
    static const double l2_shares[] = {0, 0.25};
    struct small_rig *small = small_rig_new(engine_named("reference"));

    for (size_t k = 0; k < 2; k++) {
        struct hr_workload workload;
        struct hr_flow_params flow;

        small_flow(&flow, 13);
        flow.l2_share = l2_shares[k];
        CHECK_EQ(hr_rig_workload(&small->bench.rig, &flow, 8192, &workload), 0);
        for (int shards = 1; shards <= 4; shards++) {
            struct hr_shards_params params = {.ops = small->bench.rig.path,
                                              .engine = small->bench.rig.engine,
                                              .workload = &workload,
                                              .steady = workload.steady,
                                              .batch = 32,
                                              .shards = shards};
            struct hr_shards_result result;

            CHECK_EQ(hr_shards_run(&params, &result), 0);
            CHECK(result.digest == workload.digest);
            CHECK_EQ(result.requests, workload.steady);
        }
    }
    small_rig_free(small);
}

TEST(shards, every_shard_has_a_market)
{
    struct small_rig *small = small_rig_new(engine_named("reference"));
    struct hr_workload workload;
    struct hr_flow_params flow;
    uint32_t bounds[14];

    small_flow(&flow, 13);
    flow.zipf = 2;
    CHECK_EQ(hr_rig_workload(&small->bench.rig, &flow, 4096, &workload), 0);
    for (int shards = 1; shards <= 13; shards++) {
        CHECK_EQ(hr_markets_cut(workload.tape->steady_requests, 4096, 13, shards, bounds), 0);
        CHECK_EQ(bounds[0], 0);
        CHECK_EQ(bounds[shards], 13);
        for (int i = 0; i < shards; i++) {
            CHECK(bounds[i] < bounds[i + 1]);
        }
    }
    small_rig_free(small);
}

static int no_books(const struct eut_limits *limits, void **self)
{
    (void)limits, (void)self;
    return -ENOMEM;
}

TEST(shards, one_that_cannot_start_stops_all)
{
    struct small_rig *small = small_rig_new(engine_named("reference"));
    struct eut_engine poor = *engine_named("reference");
    struct hr_workload workload;
    struct hr_flow_params flow;
    struct hr_shards_result result;

    poor.create = no_books;
    small_flow(&flow, 4);
    CHECK_EQ(hr_rig_workload(&small->bench.rig, &flow, 1024, &workload), 0);
    CHECK_EQ(hr_shards_run(&(struct hr_shards_params){.ops = small->bench.rig.path,
                                                      .engine = &poor,
                                                      .workload = &workload,
                                                      .steady = 1024,
                                                      .batch = 32,
                                                      .shards = 3},
                           &result),
             -ENOMEM);
    small_rig_free(small);
}
