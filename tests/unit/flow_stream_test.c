/* flow_stream_test.c - is a flow that is made market by market the one that is made whole? */
#include "engine-under-test/loader.h"
#include "harness/error.h"
#include "harness/flow_stream.h"
#include "tests/test.h"

#include <errno.h>
#include <string.h>

static struct hr_flow_params mixed(uint32_t markets)
{
    struct hr_flow_params p;

    hr_flow_defaults(&p);
    p.markets = markets;
    p.l2_share = 0.6;
    p.levels = 12;
    p.l2_levels = 5;
    p.orders_per_level = 2;
    p.crossing = 0.2;
    p.walk = 0.2;
    p.accounts = 5;
    p.by_market = true;
    return p;
}

struct taken {
    const struct hr_tape *tape;
    uint64_t count;
    bool same;
};

static int take(void *context, const struct eut_request *requests, uint32_t count)
{
    struct taken *t = context;

    t->same = t->same && t->count + count <= t->tape->load &&
              memcmp(t->tape->requests + t->count, requests, count * sizeof(*requests)) == 0;
    t->count += count;
    return 0;
}

/* Everything that a streamed flow is must be what the tape of the same parameters is. */
static void check_same(const struct hr_flow_params *p, uint64_t steady, int threads)
{
    struct hr_proof_params params = {.oracle = &eut_oracle, .prefixes = 3, .threads = threads};
    struct hr_proof streamed_proof, proof;
    struct hr_tape tape, streamed;
    struct taken taken = {.tape = &tape, .same = true};

    for (int i = 0; i < params.prefixes; i++) {
        params.prefix[i] = steady >> (2 * i);
    }
    CHECK_EQ(hr_tape_record(&tape, p, steady, &eut_oracle, NULL, NULL), 0);
    CHECK_EQ(hr_flow_stream_record(&streamed, p, steady, &params, &streamed_proof), 0);
    params.tape = &tape;
    CHECK_EQ(hr_prove(&params, &proof), 0);

    CHECK(streamed.requests == NULL);
    CHECK_EQ(streamed.load, tape.load);
    CHECK_EQ(streamed.steady, steady);
    CHECK_EQ(memcmp(streamed.steady_requests, tape.steady_requests, steady * 32), 0);
    CHECK_EQ(streamed.digest, tape.digest);
    CHECK_EQ(streamed.digest_load, tape.digest_load);
    CHECK_EQ(memcmp(&streamed.counts, &tape.counts, sizeof(tape.counts)), 0);
    CHECK_EQ(streamed_proof.digest_load, proof.digest_load);
    for (int i = 0; i < params.prefixes; i++) {
        CHECK_EQ(streamed_proof.digest[i], proof.digest[i]);
    }
    if (p->l2_share <= 0) {
        CHECK_EQ(memcmp(&streamed_proof, &proof, sizeof(proof)), 0);
    }
    for (uint32_t chunk = 7; chunk < 20000; chunk *= 50) {
        taken.count = 0;
        CHECK_EQ(hr_flow_stream_load(p, 0, p->markets, chunk, take, &taken), 0);
        CHECK(taken.same);
        CHECK_EQ(taken.count, tape.load);
    }
    hr_tape_free(&tape);
    hr_tape_free(&streamed);
}

TEST(flow_stream, is_the_flow_of_the_tape)
{
    struct hr_flow_params p = mixed(3000);

    check_same(&p, 40001, 0);
    p.zipf = 1.2; /* several requests for one market in a batch */
    check_same(&p, 40001, 2);
    p.price_full = true;
    p.seed = 77;
    check_same(&p, 999, 1);
}

/* Whoever owns some markets makes theirs alone, wherever the cuts are. */
static void check_parts(const struct hr_flow_params *p, uint64_t steady, const uint32_t *bounds,
                        int parts)
{
    struct hr_tape tape, part;
    uint64_t digest = 0, made = 0, load = 0;

    CHECK_EQ(hr_tape_record(&tape, p, steady, &eut_oracle, NULL, NULL), 0);
    for (int i = 0; i < parts; i++) {
        uint64_t n = 0;
        struct taken taken = {.tape = &tape, .count = load, .same = true};

        CHECK_EQ(hr_flow_stream_part(&part, p, steady, bounds[i], bounds[i + 1], &eut_oracle), 0);
        for (uint64_t k = 0; k < steady; k++) {
            const struct eut_request *request = tape.steady_requests + k;

            if (request->market >= bounds[i] && request->market < bounds[i + 1]) {
                CHECK(n < part.steady);
                CHECK_EQ(memcmp(part.steady_requests + n++, request, sizeof(*request)), 0);
            }
        }
        CHECK_EQ(n, part.steady);
        CHECK(part.region.bytes <= (n + 1) * sizeof(*part.steady_requests)); /* and no room for all */
        CHECK_EQ(part.load, hr_flow_load_of(p, bounds[i], bounds[i + 1]));
        CHECK_EQ(hr_flow_stream_load(p, bounds[i], bounds[i + 1], 333, take, &taken), 0);
        CHECK(taken.same);
        CHECK_EQ(taken.count, load + part.load);
        load += part.load;
        made += part.steady;
        digest += part.digest;
        hr_tape_free(&part);
    }
    CHECK_EQ(load, tape.load);
    CHECK_EQ(made, steady);
    CHECK_EQ(digest, tape.digest);
    hr_tape_free(&tape);
}

TEST(flow_stream, parts_of_it_are_the_flow)
{
    static const uint32_t thirds[] = {0, 1000, 2000, 3000}, odd[] = {0, 1, 1199, 1201, 2999, 3000},
                          half_of_one[] = {0, 150, 300}, whole[] = {0, 300};
    struct hr_flow_params p = mixed(3000);

    check_parts(&p, 40001, thirds, 3);
    p.zipf = 1.2;
    check_parts(&p, 20000, odd, 5);
    p = mixed(300);
    p.l2_share = 0;
    check_parts(&p, 9000, half_of_one, 2);
    p.l2_share = 1;
    check_parts(&p, 9000, half_of_one, 2);
    check_parts(&p, 33, whole, 1);
}

TEST(flow_stream, any_mix_of_markets)
{
    struct hr_flow_params p = mixed(300);

    p.l2_share = 0;
    check_same(&p, 20000, 0);
    p.ids = HR_IDS_DENSE;
    check_same(&p, 20000, 0);
    p.l2_share = 1;
    check_same(&p, 20000, 0);
    p.taking = 0.2; /* takers priced to miss: no L2 market knows as many levels as an L3 one */
    p.levels = 200;
    check_same(&p, 20000, 0);
    p.l2_share = 0.6;
    check_same(&p, 20000, 0);
    p = mixed(1);
    check_same(&p, 5000, 0);
    p = mixed(2);
    p.levels = p.l2_levels = p.orders_per_level = 1; /* few requests in flight */
    check_same(&p, 100, 0);
}

TEST(flow_stream, markets_differ_from_each_other)
{
    struct hr_flow_params p = mixed(2);
    struct hr_tape tape;

    p.l2_share = 0;
    CHECK_EQ(hr_tape_record(&tape, &p, 1, &eut_oracle, NULL, NULL), 0);
    const struct eut_request *first = tape.requests, *second = first + tape.load / 2;
    uint64_t same = 0;

    for (uint64_t i = 0; i < tape.load / 2; i++) {
        same += first[i].qty == second[i].qty;
    }
    CHECK(same < tape.load / 10);
    hr_tape_free(&tape);
}

TEST(flow_stream, l2_levels_are_their_own)
{
    struct hr_flow_params p = mixed(10), same = p;

    CHECK_EQ(hr_flow_load(&p), 2 * (4 * 12 * 2 + 6 * 5));
    CHECK_EQ(hr_flow_limits(&p, 1).levels,
             hr_flow_limits(&p, 1).orders + 2 * 6 * (uint64_t)p.l2_levels);
    same.l2_levels = 0;
    CHECK_EQ(hr_flow_load(&same), 2 * (4 * 12 * 2 + 6 * 12));
    p.l2_levels = 4097;
    CHECK(strstr(hr_flow_check(&p), "l2_levels"));
}

/* Markets in their thousands do not add up: what is resident is the steady phase and a few ranges.
 */
TEST(flow_stream, memory_does_not_grow_with_the_markets)
{
    struct hr_flow_params p = mixed(200000); /* a tape of 176 MB, books of more */
    struct hr_proof_params params = {.oracle = &eut_oracle, .threads = 2, .prefixes = 1};
    struct hr_proof proof;
    struct hr_tape tape;

    if (HR_SANITIZED) {
        SKIP("this sanitizer's allocator keeps what is freed");
    }
    p.levels = p.l2_levels = 10;
    params.prefix[0] = 1000;
    uint64_t before = hr_memory_resident_peak();

    CHECK_EQ(hr_flow_stream_record(&tape, &p, 1000, &params, &proof), 0);
    CHECK(tape.load * sizeof(*tape.requests) > 150u << 20);
    CHECK(hr_memory_resident_peak() - before < 48u << 20);
    hr_tape_free(&tape);
}

static int refuse(void *context, const struct eut_request *requests, uint32_t count)
{
    (void)context;
    (void)requests;
    (void)count;
    return -EPIPE;
}

static int fails(void *self, const struct eut_request *requests, uint32_t count,
                 struct eut_sink *sink)
{
    (void)self;
    (void)requests;
    (void)count;
    (void)sink;
    return -ENODEV;
}

TEST(flow_stream, what_fails_is_told)
{
    struct eut_engine broken = eut_oracle;
    struct hr_proof_params params = {.oracle = &broken};
    struct hr_flow_params p = mixed(1000);
    struct hr_proof proof;
    struct hr_tape tape;

    CHECK_EQ(hr_flow_stream_load(&p, 0, p.markets, 100, refuse, NULL), -EPIPE);
    broken.submit = fails;
    CHECK(hr_flow_stream_record(&tape, &p, 1000, &params, &proof) < 0);
    CHECK(strstr(hr_error(), "the oracle failed"));
    p.by_market = false;
    CHECK_EQ(hr_flow_stream_load(&p, 0, p.markets, 100, refuse, NULL), -EINVAL);
    p.levels = 0;
    CHECK_EQ(hr_flow_stream_record(&tape, &p, 1000, &params, &proof), -EINVAL);
}
