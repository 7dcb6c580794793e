/* state_tree_test.c - is the state root what its definition says, whichever way it was come to, and
 * does a membership proof hold for its own leaf and break with any bit? */
#include "engine-under-test/loader.h"
#include "harness/error.h"
#include "harness/flow.h"
#include "harness/ledger/state_root.h"
#include "harness/sha256.h"
#include "tests/test.h"

#include <errno.h>
#include <stdlib.h>

#define MARKETS 37u
#define BATCH 50u
#define SINK_EVENTS 64u

static void hash(const void *bytes, size_t size, uint8_t out[32])
{
    struct hr_sha256 s;

    hr_sha256_init(&s);
    hr_sha256_update(&s, bytes, size);
    hr_sha256_final(&s, out);
}

static void leaf_of(uint32_t i, uint8_t out[32])
{
    uint8_t bytes[5] = {0, (uint8_t)i, (uint8_t)(i >> 8), 7, 9};

    hash(bytes, sizeof(bytes), out);
}

/* RFC 6962, 2.1, as its recursion says it: split at the largest power of two below the count. */
static void merkle(uint8_t (*leaves)[32], uint32_t count, uint8_t out[32])
{
    uint8_t both[65] = {1};
    uint32_t split = 1;

    if (count == 1) {
        memcpy(out, leaves[0], 32);
        return;
    }
    while (split * 2 < count) {
        split *= 2;
    }
    merkle(leaves, split, both + 1);
    merkle(leaves + split, count - split, both + 33);
    hash(both, sizeof(both), out);
}

static struct hr_state_tree *tree_of(uint32_t count, uint8_t (*leaves)[32])
{
    struct hr_state_tree *tree;

    CHECK_EQ(hr_state_tree_new(&tree, count), 0);
    for (uint32_t i = 0; i < count; i++) {
        leaf_of(i, leaves[i]);
        hr_state_tree_put(tree, i, leaves[i]);
    }
    return tree;
}

TEST(state_tree, shape_is_rfc_6962s_for_any_count)
{
    uint8_t leaves[70][32], expected[32], root[32], again[32];

    for (uint32_t count = 1; count <= 70; count++) {
        struct hr_state_tree *tree = tree_of(count, leaves);

        merkle(leaves, count, expected);
        CHECK_EQ(hr_state_tree_root(tree, root), count - 1); /* all were marked by new() */
        CHECK(memcmp(root, expected, 32) == 0);
        CHECK_EQ(hr_state_tree_rebuild(tree, again), count - 1);
        CHECK(memcmp(again, expected, 32) == 0);
        CHECK_EQ(hr_state_tree_root(tree, again), 0); /* nothing is marked */
        CHECK(memcmp(again, expected, 32) == 0);
        hr_state_tree_free(tree);
    }
}

/* Worked out by hand from the definition with another program (sha256sum). */
TEST(state_tree, known_answers)
{
    static const char *const roots[] = {
        "0a88111852095cae045340ea1f0b279944b2a756a213d9b50107d7489771e159",
        "95de1a7f27821580904743efa55b5ceffce261271ac1f5d689f1e9d0ebcf3818",
        "85c3e98b1fad97bc8795dacee66ba6e2f8ccd277ec63534158b81aaeaaee6c30",
    };
    uint8_t leaf[32], root[32];
    char hex[65];

    for (uint32_t count = 1; count <= 3; count++) {
        struct hr_state_tree *tree;

        CHECK_EQ(hr_state_tree_new(&tree, count), 0);
        for (uint32_t i = 0; i < count; i++) {
            /* a market without orders that was never asked: market, digest = market, count 0 */
            uint8_t state[HR_MARKET_STATE_HEAD_BYTES] = {(uint8_t)i, 0, 0, 0, (uint8_t)i};

            hr_market_leaf(state, sizeof(state), leaf);
            hr_state_tree_put(tree, i, leaf);
        }
        hr_state_tree_root(tree, root);
        for (int i = 0; i < 32; i++) {
            snprintf(hex + 2 * i, 3, "%02x", root[i]);
        }
        CHECK_STR(hex, roots[count - 1]);
        hr_state_tree_free(tree);
    }
}

TEST(state_tree, each_node_is_hashed_once_a_block)
{
    uint8_t leaves[64][32], root[32];
    struct hr_state_tree *tree = tree_of(64, leaves);
    const uint32_t *touched;

    hr_state_tree_root(tree, root);
    for (int again = 0; again < 3; again++) {
        for (uint32_t i = 8; i < 12; i++) {
            hr_state_tree_touch(tree, i);
        }
    }
    CHECK_EQ(hr_state_tree_touched(tree, &touched), 4);
    CHECK_EQ(touched[0], 8);
    CHECK_EQ(hr_state_tree_root(tree, root), 2 + 1 + 4); /* two pairs, theirs, and the way up */
    CHECK_EQ(hr_state_tree_touched(tree, &touched), 0);
    hr_state_tree_free(tree);
}

TEST(state_tree, sets_of_leaves_at_random_give_the_rebuilt_root)
{
    uint8_t leaves[MARKETS][32], expected[32], root[32];
    struct hr_state_tree *tree = tree_of(MARKETS, leaves);
    uint32_t draw = 1;

    hr_state_tree_root(tree, root);
    for (int block = 0; block < 500; block++) {
        for (uint32_t k = draw >> 8 & 7; k > 0; k--) {
            uint32_t i = (draw = draw * 1664525u + 1013904223u) >> 16;

            leaf_of(draw, leaves[i % MARKETS]);
            hr_state_tree_put(tree, i % MARKETS, leaves[i % MARKETS]);
            hr_state_tree_touch(tree, i % MARKETS);
        }
        draw = draw * 1664525u + 1013904223u;
        hr_state_tree_root(tree, root);
        merkle(leaves, MARKETS, expected);
        CHECK(memcmp(root, expected, 32) == 0);
    }
    hr_state_tree_free(tree);
}

TEST(state_tree, memory_is_that_of_its_nodes)
{
    CHECK(hr_state_tree_bytes(1) >= 32);
    CHECK(hr_state_tree_bytes(1000000) < UINT64_C(69) * 1000000);
    CHECK(hr_state_root_bytes(1000000) < UINT64_C(77) * 1000000);
    struct hr_state_tree *tree;
    CHECK_EQ(hr_state_tree_new(&tree, 0), -EINVAL);
    CHECK(tree == NULL);
}

TEST(state_tree, membership_holds_and_every_flipped_bit_breaks_it)
{
    static const uint32_t counts[] = {1, 2, 3, 5, 7, 8, 37};
    uint8_t leaves[MARKETS][32], root[32];
    struct hr_membership proof;

    for (size_t c = 0; c < sizeof(counts) / sizeof(*counts); c++) {
        struct hr_state_tree *tree = tree_of(counts[c], leaves);

        hr_state_tree_root(tree, root);
        for (uint32_t i = 0; i < counts[c]; i++) {
            hr_membership_make(&proof, tree, i);
            CHECK(hr_membership_holds(&proof, leaves[i], root));
            for (uint32_t bit = 0; bit < 256; bit++) {
                leaves[i][bit / 8] ^= (uint8_t)(1u << bit % 8);
                CHECK(!hr_membership_holds(&proof, leaves[i], root));
                leaves[i][bit / 8] ^= (uint8_t)(1u << bit % 8);
                root[bit / 8] ^= (uint8_t)(1u << bit % 8);
                CHECK(!hr_membership_holds(&proof, leaves[i], root));
                root[bit / 8] ^= (uint8_t)(1u << bit % 8);
                for (uint32_t step = 0; step < proof.steps; step++) {
                    proof.beside[step][bit / 8] ^= (uint8_t)(1u << bit % 8);
                    CHECK(!hr_membership_holds(&proof, leaves[i], root));
                    proof.beside[step][bit / 8] ^= (uint8_t)(1u << bit % 8);
                }
            }
            /* another place, a step more, a step less, more steps than there can be */
            for (uint32_t other = 0; other < counts[c] + 2; other++) {
                proof.leaf = other;
                CHECK(hr_membership_holds(&proof, leaves[i], root) == (other == i));
            }
            proof.leaf = i;
            proof.steps++;
            CHECK(!hr_membership_holds(&proof, leaves[i], root));
            proof.steps = UINT32_MAX;
            CHECK(!hr_membership_holds(&proof, leaves[i], root));
        }
        hr_state_tree_free(tree);
    }
}

/* An engine, its sink and the root kept up beside it. */
struct followed {
    const struct eut_engine *engine;
    void *self;
    struct hr_state_root root;
    const struct eut_request *requests;
    struct eut_event events[SINK_EVENTS];
    struct eut_sink sink;
};

static void see(struct eut_sink *sink)
{
    struct followed *f = sink->owner;

    hr_state_root_see(&f->root, f->requests, sink->events, sink->count);
    sink->count = 0;
}

static void follow(struct followed *f, const char *name, const struct hr_flow_params *params)
{
    struct eut_limits limits = hr_flow_limits(params, BATCH);
    struct eut_handle handle;

    CHECK_EQ(eut_open(&handle, name), 0);
    f->engine = handle.engine;
    CHECK_EQ(f->engine->create(&limits, &f->self), 0);
    CHECK_EQ(hr_state_root_new(&f->root, params->markets), 0);
    f->sink = (struct eut_sink){.events = f->events, .room = SINK_EVENTS, .flush = see, .owner = f};
}

static void unfollow(struct followed *f)
{
    f->engine->destroy(f->self);
    hr_state_root_free(&f->root);
}

static void apply(struct followed *f, const struct eut_request *requests, uint32_t count)
{
    f->requests = requests;
    CHECK_EQ(f->engine->submit(f->self, requests, count, &f->sink), 0);
    see(&f->sink);
}

/* The root from nothing but the books and the events' digests, by the recursion above. */
static void from_scratch(const struct followed *f, uint8_t out[32])
{
    uint8_t(*leaves)[32] = calloc(f->root.digests.markets, sizeof(*leaves));
    struct hr_market_state state = {0};

    for (uint32_t i = 0; i < f->root.digests.markets; i++) {
        uint8_t *bytes;

        CHECK_EQ(hr_market_state_read(&state, f->engine, f->self, i, f->root.digests.at[i]), 0);
        bytes = calloc(1, state.size + 1); /* its first byte is the leaf's mark */
        memcpy(bytes + 1, state.bytes, state.size);
        hash(bytes, state.size + 1, leaves[i]);
        free(bytes);
    }
    merkle(leaves, f->root.digests.markets, out);
    hr_market_state_free(&state);
    free(leaves);
}

TEST(state_root, incremental_is_rebuilt_and_engines_agree_on_it)
{
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct followed oracle, reference;
        struct eut_handle shadow;
        struct hr_flow_params params;
        struct hr_tape tape;
        uint8_t root[32], other[32], scratch[32];
        uint64_t nodes, all, total;

        hr_flow_defaults(&params);
        params.seed = seed;
        params.markets = MARKETS;
        params.l2_share = 0.2;
        params.levels = 3;
        CHECK_EQ(eut_open(&shadow, "oracle"), 0);
        CHECK_EQ(hr_tape_record(&tape, &params, 3000, shadow.engine, NULL, NULL), 0);
        follow(&oracle, "oracle", &params);
        follow(&reference, "reference", &params);
        total = tape.load + tape.steady;
        for (uint64_t done = 0; done < total;) {
            uint32_t n = total - done < BATCH ? (uint32_t)(total - done) : BATCH;

            apply(&oracle, tape.requests + done, n);
            apply(&reference, tape.requests + done, n);
            done += n;
            CHECK_EQ(hr_state_root_update(&oracle.root, oracle.engine, oracle.self, root, &nodes),
                     0);
            CHECK_EQ(hr_state_root_update(&reference.root, reference.engine, reference.self, other,
                                          NULL),
                     0);
            CHECK(memcmp(root, other, 32) == 0);
            if (done % (10 * BATCH) == 0 || done == total) {
                from_scratch(&oracle, scratch);
                CHECK(memcmp(root, scratch, 32) == 0);
                CHECK_EQ(
                    hr_state_root_rebuild(&oracle.root, oracle.engine, oracle.self, scratch, &all),
                    0);
                CHECK_EQ(all, MARKETS - 1);
                CHECK(nodes <= all);
                CHECK(memcmp(root, scratch, 32) == 0);
            }
        }
        CHECK(hr_event_digests_total(&oracle.root.digests) == tape.digest);
        hr_tape_free(&tape);
        unfollow(&oracle);
        unfollow(&reference);
    }
}

TEST(state_root, an_event_that_was_not_seen_is_noticed)
{
    struct eut_request order = {.order = 1,
                                .market = 2,
                                .price = 10,
                                .qty = 1,
                                .op = EUT_NEW,
                                .side = EUT_BUY,
                                .type = EUT_LIMIT,
                                .tif = EUT_DAY};
    struct hr_flow_params params;
    struct followed f;
    uint8_t root[32], before[32];

    hr_flow_defaults(&params);
    params.markets = 4;
    follow(&f, "oracle", &params);
    CHECK_EQ(hr_state_root_update(&f.root, f.engine, f.self, before, NULL), 0);
    apply(&f, &order, 1);
    CHECK_EQ(hr_state_root_update(&f.root, f.engine, f.self, root, NULL), 0);
    CHECK(memcmp(root, before, 32) != 0);
    order.order = 2;
    CHECK_EQ(f.engine->submit(f.self, &order, 1, &f.sink), 0);
    f.sink.count = 0;
    CHECK_EQ(hr_state_root_rebuild(&f.root, f.engine, f.self, root, NULL), -EBADMSG);
    CHECK(strstr(hr_error(), "oracle") != NULL);
    /* A rejected order changes no book, but what the market said: the root says so. */
    order.order = 3;
    order.market = 3;
    order.qty = 0;
    CHECK_EQ(hr_state_root_update(&f.root, f.engine, f.self, before, NULL), 0);
    apply(&f, &order, 1);
    CHECK_EQ(hr_state_root_update(&f.root, f.engine, f.self, root, NULL), 0);
    CHECK(memcmp(root, before, 32) != 0);
    /* An order for no market belongs to none. */
    order.market = 4;
    apply(&f, &order, 1);
    CHECK_EQ(hr_state_root_update(&f.root, f.engine, f.self, before, NULL), 0);
    CHECK(memcmp(root, before, 32) == 0);
    unfollow(&f);
}
