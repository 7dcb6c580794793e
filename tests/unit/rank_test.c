/*
 * What a refused fill or kill asks: the trees against a plain list, and books whose sides are
 * ranked all the time, or by a few makers at a time, against the oracle.
 */
#include "engine-under-test/loader.h"
#include "engine-under-test/reference/reference.h"
#include "engine-under-test/reference/reference_book.h"
#include "tests/unit/engine_rig.h"
#include "tests/unit/reference_rig.h"

#include <stdlib.h>

/* ---- the trees ------------------------------------------------------------------------- */

enum { NODES = 600 };

struct ranked {
    uint32_t key, account, qty, time; /* time 0: not there */
};

static bool before(const struct ranked *a, const struct ranked *b)
{
    return a->key != b->key ? a->key > b->key : a->time < b->time;
}

static void check_trees(const struct eut_rank_nodes *nodes, const struct eut_rank_tree *tree,
                        const struct ranked *model, uint32_t keys)
{
    uint32_t node = 1 + below(NODES), account = 1 + below(4), key = 1 + below(keys), first = 0;
    uint64_t ahead = 0, within = 0, there = 0;

    for (uint32_t i = 1; i <= NODES; i++) {
        const struct ranked *m = &model[i];

        if (m->time) {
            ahead += before(m, &model[node]) ? m->qty : 0;
            within += m->key >= key ? m->qty : 0;
            there += m->key == key;
            if (m->account == account && (!first || before(m, &model[first]))) {
                first = i;
            }
        }
    }
    CHECK_EQ(eut_rank_within(nodes, tree, key), within);
    CHECK_EQ(eut_rank_first(nodes, tree, account), first);
    uint32_t found = eut_rank_find(nodes, tree, key);

    CHECK_EQ(found != 0, there != 0);
    CHECK(!found || (model[found].time && model[found].key == key));
    if (model[node].time) {
        CHECK_EQ(eut_rank_ahead(nodes, node), ahead);
        CHECK_EQ(eut_rank_qty(nodes, node), model[node].qty);
    }
}

TEST(rank, trees_match_a_plain_list)
{
    static const uint32_t spreads[] = {1, 7, 100000};

    for (unsigned s = 0; s < 3; s++) {
        static struct ranked model[NODES + 1];
        struct eut_rank_nodes nodes = {0};
        struct eut_rank_tree tree = {{0}};

        state = s;
        memset(model, 0, sizeof(model));
        CHECK_EQ(eut_rank_open(&nodes, NODES), 0);
        for (uint32_t time = 1; time <= 20000; time++) {
            uint32_t i = 1 + below(NODES), of = time < 15000 ? 3 : 1;
            struct ranked *m = &model[i];

            if (!m->time && below(of)) {
                *m = (struct ranked){1 + below(spreads[s]), below(5), 1 + below(1000), time};
                eut_rank_insert(&nodes, &tree, i, m->key, m->account, m->qty);
            } else if (m->time && below(3) == 0) {
                uint32_t less = below(m->qty);

                m->qty -= less;
                eut_rank_add(&nodes, i, -(uint64_t)less);
            } else if (m->time) {
                eut_rank_remove(&nodes, &tree, i);
                m->time = 0;
            }
            check_trees(&nodes, &tree, model, spreads[s]);
            if (time % 1000 == 0) {
                CHECK(eut_rank_depth(&nodes, &tree) <= 50);
            }
        }
        for (uint32_t i = 1; i <= NODES; i++) {
            if (model[i].time) {
                eut_rank_remove(&nodes, &tree, i);
            }
        }
        CHECK_EQ(eut_rank_depth(&nodes, &tree), 0);
        eut_rank_close(&nodes);
    }
}

/* Orders as a book hands them out: numbers that rise, in any order of price that a sender likes. */
TEST(rank, no_order_of_insertion_makes_a_deep_tree)
{
    enum { MANY = 100000 };

    for (int shape = 0; shape < 4; shape++) {
        struct eut_rank_nodes nodes = {0};
        struct eut_rank_tree tree = {{0}};

        state = (uint64_t)shape;
        CHECK_EQ(eut_rank_open(&nodes, MANY), 0);
        for (uint32_t i = 1; i <= MANY; i++) {
            uint32_t key = shape == 0   ? 1
                           : shape == 1 ? i
                           : shape == 2 ? MANY + 1 - i
                                        : (i & 1 ? i : 2 * MANY - i);

            eut_rank_insert(&nodes, &tree, i, key, 1, 1);
        }
        CHECK(eut_rank_depth(&nodes, &tree) < 70); /* 2 ln n is 23 on average, 4.3 ln n the most */
        CHECK_EQ(eut_rank_within(&nodes, &tree, 1), MANY);
        eut_rank_close(&nodes);
    }
}

/* ---- books that are ranked, against the oracle ------------------------------------------- */

static struct eut_reference_engine *start(const struct eut_limits *limits, uint32_t looks,
                                          uint32_t step)
{
    struct eut_reference_engine *engine;
    void *self;

    CHECK_EQ(eut_reference.create(limits, &self), 0);
    engine = self;
    engine->ranks.looks = looks;
    engine->ranks.step = step;
    return engine;
}

/* Market 0 keeps orders, market 1 totals. Of a thousand requests `kills` are fill or kill. */
static struct eut_request any_request(uint32_t i, uint32_t prices, uint32_t kills)
{
    struct eut_request r = {.order = 1 + i, .market = below(3) == 0, .account = below(5)};
    uint32_t p = below(prices), roll = below(1000);

    r.price = 1000 + p;
    r.qty = 1 + below(9);
    r.type = EUT_LIMIT, r.tif = EUT_DAY, r.op = r.market ? EUT_QUOTE : EUT_NEW;
    r.side = p < prices / 2 ? EUT_BUY : EUT_SELL;
    if (roll < kills) {
        r.op = EUT_NEW, r.tif = EUT_FOK, r.qty = 1 + below(1u << below(15));
        r.side = below(2) ? EUT_BUY : EUT_SELL;
        r.account *= below(2);
        if (below(2)) { /* all of the other side */
            r.type = EUT_MARKET, r.price = 0;
        }
    } else if (r.market) {
        r.qty = below(10);
    } else if (roll < 500) {
        r.op = roll < 400 ? EUT_CANCEL : EUT_REPLACE;
        r.order = 1 + i - below(i < 600 ? i + 1 : 600);
        r.account = (uint32_t)r.order % 5;
    } else if (roll < 530) {
        r.tif = EUT_IOC, r.side = below(2) ? EUT_BUY : EUT_SELL;
    } else {
        r.tif = below(6) ? EUT_DAY : EUT_POST;
        if (below(40) == 0) { /* would trade */
            r.side = p < prices / 2 ? EUT_SELL : EUT_BUY;
        }
    }
    if (r.op == EUT_NEW && (r.tif == EUT_DAY || r.tif == EUT_POST)) {
        r.account = (uint32_t)r.order % 5; /* so that cancels find theirs */
    }
    return r;
}

/* What is ranked is what trades first, no more and no less than up to the edge. */
static uint32_t check_side(const struct eut_reference_engine *engine, unsigned side)
{
    const struct eut_market *market = &engine->market[0];
    const struct eut_rank_side *rank = &engine->ranks.side[side];
    const struct eut_order *at = engine->orders.at;
    uint64_t level;
    uint32_t ranked = 0, edge = 0;
    uint64_t ahead = 0;

    if (!(market->ranked >> side & 1)) {
        return 0;
    }
    CHECK(eut_rank_depth(&engine->ranks.orders, &rank->tree) != UINT32_MAX);
    level = level_best(&engine->levels, &market->side[side]);
    while (level && !edge) {
        uint32_t handle = (uint32_t)level;

        do {
            if (engine->ranks.orders.at[handle].epoch != rank->epoch) {
                edge = handle;
                break;
            }
            CHECK_EQ(eut_rank_ahead(&engine->ranks.orders, handle), ahead);
            CHECK_EQ(eut_rank_qty(&engine->ranks.orders, handle), at[handle].qty);
            ahead += at[handle].qty;
            ranked++;
            handle = at[handle].next;
        } while (handle != (uint32_t)level);
        level = level_worse(&engine->levels, &market->side[side], level_key(level));
    }
    CHECK_EQ(rank->edge, edge);
    CHECK_EQ(rank->nodes, ranked);
    return edge ? 2 : 1;
}

TEST(rank, ranked_books_equal_the_oracle)
{
    static const struct {
        uint32_t looks, step, prices;
    } shapes[] = {{0, 1000000, 200}, {0, 3, 200}, {2, 5, 12}, {9, 40, 1000}, {64, 16384, 60}};
    enum { REQUESTS = 40000, CHUNK = 50 };
    static struct eut_request requests[CHUNK];
    uint32_t seen[3] = {0};

    for (unsigned s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++) {
        struct eut_limits limits = {sizeof(limits), 2, 1, CHUNK, REQUESTS, 3000};
        struct eut_reference_engine *engine = start(&limits, shapes[s].looks, shapes[s].step);
        void *oracle;

        state = s;
        CHECK_EQ(eut_oracle.create(&limits, &oracle), 0);
        for (uint32_t i = 0; i < REQUESTS; i += CHUNK) {
            /* Many kills and none, so that sides are ranked, kept, forgotten and ranked again. */
            uint32_t kills = i / 4000 % 2 ? 0 : 150;

            for (uint32_t k = 0; k < CHUNK; k++) {
                requests[k] = any_request(i + k, shapes[s].prices, kills);
            }
            submit_unread(&eut_oracle, oracle, requests, CHUNK);
            submit_unread(&eut_reference, engine, requests, CHUNK);
            CHECK(eut_oracle.digest(oracle) == eut_reference.digest(engine));
            seen[check_side(engine, 0)]++;
            seen[check_side(engine, 1)]++;
            CHECK(engine->ranks.level_top <= limits.levels);
        }
        eut_oracle.destroy(oracle);
        eut_reference.destroy(engine);
    }
    CHECK(seen[0] > 50 && seen[1] > 100 && seen[2] > 100);
}

/* ---- what it costs -------------------------------------------------------------------- */

static struct eut_request entry(uint64_t id, uint32_t account, uint32_t price, uint32_t qty)
{
    struct eut_request r = {.order = id, .account = account, .price = price, .qty = qty};

    r.op = EUT_NEW, r.side = EUT_SELL, r.type = EUT_LIMIT, r.tif = EUT_DAY;
    return r;
}

/* A market that nobody asks costs nothing; one that was asked is forgotten, and may be asked again.
 */
TEST(rank, a_side_is_ranked_for_as_long_as_it_is_asked)
{
    enum { MAKERS = 500 };
    struct eut_limits limits = {sizeof(limits), 1, 0, 1, MAKERS + 1, MAKERS + 1};
    struct eut_reference_engine *engine = start(&limits, 64, 16384);
    struct eut_request r, kill = entry(9999, 7, 2000, 10 * MAKERS + 1);

    kill.side = EUT_BUY, kill.tif = EUT_FOK;
    for (uint32_t i = 0; i < MAKERS; i++) {
        r = entry(1 + i, 1, 1000 + i, 10);
        submit_unread(&eut_reference, engine, &r, 1);
    }
    CHECK_EQ(engine->market[0].ranked, 0);
    for (int again = 0; again < 3; again++) {
        uint32_t changes = 0;

        kill.qty = 64 * 10;
        /* Decided by the first 64, and refills them. */
        submit_unread(&eut_reference, engine, &kill, 1);
        CHECK_EQ(engine->market[0].ranked, 0);
        for (uint32_t i = 0; i < 64; i++) {
            r = entry(1 + i, 1, 1000 + i, 10);
            submit_unread(&eut_reference, engine, &r, 1);
        }
        kill.qty = 10 * MAKERS + 1;
        submit_unread(&eut_reference, engine, &kill, 1);
        CHECK_EQ(engine->market[0].ranked, 1u << SIDE_SELL);
        while (engine->market[0].ranked) {
            r = entry(MAKERS + 1, 1, 1700, 10);
            submit_unread(&eut_reference, engine, &r, 1);
            r.op = EUT_CANCEL;
            submit_unread(&eut_reference, engine, &r, 1);
            changes += 2;
        }
        CHECK(changes > 8 * MAKERS && changes < 32 * MAKERS);
    }
    eut_reference.destroy(engine);
}
