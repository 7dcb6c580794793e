/* block_net_test.c - validators in processes of their own: do they come to the oracle's digest and
 * root, over both protocols, with a delay, and when one of them is killed? */
#include "engine-under-test/loader.h"
#include "harness/clock.h"
#include "harness/error.h"
#include "suites/block_net.h"
#include "tests/test.h"

#include <unistd.h>

#define MS UINT64_C(1000000)
#define ORDERS 3000u

struct rig {
    struct hr_tape tape;
    struct hr_block_run run;
    uint64_t digest;
    uint8_t root[HR_HASH_BYTES];
};

static void set_up(struct rig *rig, const char *protocol)
{
    struct hr_flow_params params;
    struct eut_handle oracle, reference;

    hr_clock_init();
    hr_flow_defaults(&params);
    params.markets = 20;
    params.levels = 3;
    CHECK_EQ(eut_open(&oracle, "oracle"), 0);
    CHECK_EQ(eut_open(&reference, "reference"), 0);
    CHECK_EQ(hr_tape_record(&rig->tape, &params, ORDERS, oracle.engine, NULL, NULL), 0);
    CHECK_EQ(hr_block_expected(oracle.engine, &rig->tape, ORDERS, &rig->digest, rig->root), 0);
    CHECK(rig->digest == rig->tape.digest);
    rig->run = (struct hr_block_run){
        .engine = reference.engine,
        .tape = &rig->tape,
        .orders = ORDERS,
        .orders_per_block = 170, /* the last block has fewer */
        .batch = 64,
        .validators = 3,
        .protocol = hr_agree_find(protocol),
        .fpc = {.k = 10, .l = 3, .cooling = 1, .m_max = 30, .first = 0.5, .beta = 0.3},
        .tick_ns = MS,
        .most_ns = 30000 * MS};
}

static void same_as_the_oracle(struct rig *rig)
{
    struct hr_block_result r = {.commit = hr_histogram_new(), .everywhere = hr_histogram_new()};
    int rc = hr_block_run(&rig->run, &r);

    if (rc) {
        FAIL("%s", hr_error());
    }
    CHECK(r.finished && r.same);
    CHECK_EQ(r.blocks, 18);
    CHECK_EQ(r.orders, ORDERS);
    CHECK(r.digest == rig->digest);
    CHECK(hr_hash_same(r.root, rig->root));
    CHECK_EQ(hr_histogram_count(r.everywhere), 18);
    CHECK(r.elapsed_ns >= 17 * rig->run.tick_ns);
    if (rig->run.delay_ns) {
        struct hr_agree_params params = {.validators = rig->run.validators, .fpc = rig->run.fpc};
        uint32_t delays = 2 + rig->run.protocol->delays(&params);

        CHECK(hr_histogram_min(r.everywhere) >= delays * rig->run.delay_ns * 99 / 100);
    }
    hr_histogram_free(r.commit);
    hr_histogram_free(r.everywhere);
    hr_tape_free(&rig->tape);
}

TEST(block_net, a_quorum_of_processes_comes_to_the_oracles_root)
{
    struct rig rig;

    set_up(&rig, "quorum");
    same_as_the_oracle(&rig);
}

TEST(block_net, processes_that_poll_come_to_the_oracles_root)
{
    struct rig rig;

    set_up(&rig, "fpc");
    rig.run.validators = 4;
    same_as_the_oracle(&rig);
}

TEST(block_net, no_commit_is_faster_than_its_delays)
{
    struct rig rig;

    set_up(&rig, "quorum");
    rig.run.delay_ns = 5 * MS;
    same_as_the_oracle(&rig);
    set_up(&rig, "quorum");
    rig.run.validators = 4;
    rig.run.delay_ns = 5 * MS;
    same_as_the_oracle(&rig);
    set_up(&rig, "fpc");
    rig.run.delay_ns = 2 * MS;
    same_as_the_oracle(&rig);
}

TEST(block_net, the_others_go_on_without_a_killed_one)
{
    struct rig rig;

    set_up(&rig, "quorum");
    rig.run.kill_height = 5;
    rig.run.patience_ns = 20 * MS;
    rig.run.orders_per_block = 170;
    same_as_the_oracle(&rig);
}

/* An engine of which nobody else has the answers. */
static int submit_twice(void *self, const struct eut_request *requests, uint32_t count,
                        struct eut_sink *sink)
{
    struct eut_request changed = requests[0];

    (void)count;
    changed.qty += (uint32_t)getpid() % 1000;
    return eut_oracle.submit(self, &changed, 1, sink);
}

TEST(block_net, engines_that_differ_commit_nothing)
{
    struct eut_engine odd = eut_oracle;
    struct hr_block_result r = {0};
    struct rig rig;

    odd.submit = submit_twice;
    set_up(&rig, "quorum");
    rig.run.engine = &odd;
    rig.run.batch = 1;
    rig.run.patience_ns = 20 * MS;
    rig.run.most_ns = 500 * MS;
    if (hr_block_run(&rig.run, &r) == 0) {
        CHECK(!r.finished);
        CHECK_EQ(r.blocks, 0);
    }
    hr_tape_free(&rig.tape);
}
