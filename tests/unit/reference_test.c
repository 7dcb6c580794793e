/*
 * The reference engine's parts against plain models, its promises about memory, and deep books
 * against the oracle. What the rules say is conform's to test.
 */
#include "engine-under-test/conform.h"
#include "engine-under-test/loader.h"
#include "engine-under-test/reference/reference.h"
#include "engine-under-test/reference/reference_book.h"
#include "tests/unit/engine_rig.h"
#include "tests/unit/reference_rig.h"

#include <errno.h>
#include <stdlib.h>

/* ---- the index --------------------------------------------------------------------- */

TEST(reference, index_finds_all_through_churn_and_overflow)
{
    enum { ORDERS = 2000 };
    struct eut_order *orders = calloc(ORDERS + 1, sizeof(*orders));
    struct eut_order_index index;

    for (unsigned shape = 0; shape < 3; shape++) {
        uint64_t live = 0;

        state = shape;
        CHECK_EQ(eut_index_open(&index, ORDERS), 0);
        if (shape > 0) {
            index.buckets = ORDERS / INDEX_ENTRIES + 1; /* as full as it can be: long detours */
        }
        if (shape == 2) {
            index.secret[0] = index.secret[1] = 0; /* market 0 hashes every id to one bucket */
        }
        memset(orders, 0, (ORDERS + 1) * sizeof(*orders));
        for (uint32_t round = 0; round < 20000; round++) {
            uint32_t h = 1 + below(ORDERS);
            struct eut_order *o = &orders[h];

            if (o->id == 0) {
                o->id = (uint64_t)h << (shape * 20);
                o->market = shape == 2 ? 0 : h % 7;
                uint64_t key = index_key(&index, o->market, o->id);

                CHECK_EQ(index_find(&index, orders, key, o->market, o->id).handle, 0);
                index_insert(&index, key, h);
                live++;
            } else if (below(10) < (round > 15000 ? 9u : 3u)) {
                uint64_t key = index_key(&index, o->market, o->id);
                struct eut_index_place place = index_find(&index, orders, key, o->market, o->id);

                CHECK_EQ(place.handle, h);
                if (round % 2) {
                    index_erase(&index, key, h);
                } else {
                    index_erase_at(&index, key, place);
                }
                o->id = 0;
                live--;
            }
            if (round % 4000 == 0) {
                CHECK(!eut_index_check(&index, orders, live));
            }
        }
        for (uint32_t h = 1; h <= ORDERS; h++) {
            if (orders[h].id) {
                index_erase(&index, index_key(&index, orders[h].market, orders[h].id), h);
            }
        }
        CHECK(!eut_index_check(&index, orders, 0));
        eut_index_close(&index);
    }
    free(orders);
}

/* ---- whole engines ------------------------------------------------------------------ */

static struct eut_reference_engine *start(uint32_t markets, uint32_t l2, uint64_t orders,
                                          uint64_t levels)
{
    struct eut_limits limits = {sizeof(limits), markets, l2, 4096, orders, levels};
    void *self;

    CHECK_EQ(eut_reference.create(&limits, &self), 0);
    return self;
}

static uint64_t level_bytes(const struct eut_reference_engine *engine)
{
    uint64_t bytes = 0;

    for (unsigned c = 0; c < LEVEL_CLASSES; c++) {
        bytes += eut_level_pool_used(&engine->levels.pool[c]) * engine->levels.pool[c].block_bytes;
    }
    for (unsigned c = 0; c < WINDOW_CLASSES; c++) {
        bytes +=
            eut_level_pool_used(&engine->levels.window[c]) * engine->levels.window[c].block_bytes;
    }
    return bytes;
}

TEST(reference, limits_that_cannot_be_are_refused)
{
    static const struct {
        struct eut_limits limits;
        int expected;
    } cases[] = {
        {{sizeof(struct eut_limits), 0, 0, 1, 1, 1}, -EINVAL},
        {{sizeof(struct eut_limits), 1, 2, 1, 1, 1}, -EINVAL},
        {{sizeof(struct eut_limits), 1, 0, 0, 1, 1}, -EINVAL},
        {{sizeof(struct eut_limits) + 8, 1, 0, 1, 1, 1}, -EINVAL},
        {{sizeof(struct eut_limits), UINT32_MAX, 0, 1, 1, 1}, -ENOTSUP},
        {{sizeof(struct eut_limits), 1, 0, 1, UINT64_MAX, 1}, -ENOTSUP},
        {{sizeof(struct eut_limits), 1, 0, 1, 1, UINT64_MAX}, -ENOTSUP},
        {{sizeof(struct eut_limits), 1, 0, 1, 0, 0}, 0},
    };

    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        void *self = &self;

        CHECK_EQ(eut_reference.create(&cases[i].limits, &self), cases[i].expected);
        CHECK(cases[i].expected == 0 ? self != NULL : self == NULL);
        eut_reference.destroy(self);
    }
}

/* The sizes that the design promises, everything a market owns counted. */
TEST(reference, a_market_is_as_small_as_promised)
{
    struct eut_reference_engine *engine = start(2, 1, 200, 240);

    CHECK_EQ(sizeof(struct eut_market), 64);
    for (uint32_t i = 0; i < 200; i++) {
        struct eut_request r = {.order = 1 + i, .price = i < 100 ? 1000 - i : 1001 + i, .qty = 1};

        r.op = EUT_NEW, r.type = EUT_LIMIT, r.tif = EUT_DAY;
        r.side = i < 100 ? EUT_BUY : EUT_SELL;
        submit_unread(&eut_reference, engine, &r, 1);
    }
    CHECK_EQ(engine->orders.live, 200);
    CHECK_EQ(engine->levels.live, 200);
    uint64_t l3 = level_bytes(engine);

    CHECK_EQ(l3, 2 * 1088);
    CHECK(64 + l3 + 200 * 32 + engine->index.buckets * 64 <= 13 * 1024);
    for (uint32_t i = 0; i < 40; i++) {
        struct eut_request r = {.market = 1, .price = i < 20 ? 1000 - i : 1001 + i, .qty = 1};

        r.op = EUT_QUOTE, r.side = i < 20 ? EUT_BUY : EUT_SELL;
        submit_unread(&eut_reference, engine, &r, 1);
    }
    CHECK(64 + level_bytes(engine) - l3 <= 640);
    eut_reference.destroy(engine);
}

/* Wild trading on few markets, then everything is cancelled: nothing may be left, whichever way it
 * went. */
TEST(reference, memory_returns_after_cancel_all)
{
    enum { IDS = 3000, MARKETS = 5 };
    struct eut_reference_engine *engine = start(MARKETS, 0, IDS * MARKETS, IDS * MARKETS);

    for (uint32_t round = 0; round < 3; round++) {
        uint32_t wide = round == 0 ? 50 : round == 1 ? 5000 : EUT_PRICE_MAX;

        state = round;
        for (uint32_t i = 0; i < 40000; i++) {
            struct eut_request r = {.order = 1 + below(IDS),
                                    .market = below(MARKETS),
                                    .account = below(3),
                                    .price = 1 + below(wide),
                                    .qty = 1 + below(50)};

            r.op = "NNNCR"[below(5)], r.side = "BS"[r.price > wide / 2 + below(wide / 8 + 1)];
            r.type = EUT_LIMIT, r.tif = "DDDIFP"[below(6)];
            submit_unread(&eut_reference, engine, &r, 1);
            for (uint32_t m = 0; i % 1000 == 0 && m < MARKETS; m++) {
                const struct eut_level_side *side = engine->market[m].side;

                CHECK(!side[0].best || !side[1].best ||
                      key_price(side[0].best) < key_price(side[1].best));
                CHECK(!shape_wrong(&engine->levels, &side[0]));
                CHECK(!shape_wrong(&engine->levels, &side[1]));
            }
        }
        CHECK(!eut_index_check(&engine->index, engine->orders.at, engine->orders.live));
        CHECK(engine->orders.live > 100);
        for (uint32_t i = 0; i < IDS * MARKETS * 3; i++) {
            struct eut_request r = {
                .order = 1 + i % IDS, .market = i / 3 / IDS, .account = i / IDS % 3};

            r.op = EUT_CANCEL;
            submit_unread(&eut_reference, engine, &r, 1);
        }
        CHECK_EQ(engine->orders.live, 0);
        CHECK_EQ(engine->levels.live, 0);
        CHECK_EQ(level_bytes(engine), 0);
        CHECK(!eut_index_check(&engine->index, engine->orders.at, 0));
    }
    eut_reference.destroy(engine);
}

/* Thousands of levels and long queues, swept and cancelled from the middle, against the oracle;
 * looking ahead and not. */
TEST(reference, deep_books_equal_the_oracle)
{
    static const struct {
        uint32_t prices, stride, from;
    } shapes[] = {{2, 1, 1},
                  {4000, 1, 1},
                  {4000, 500000, 1},
                  {600, 1, 1},
                  {600, 1, EUT_PRICE_MAX - 599},
                  {4000, 1, EUT_PRICE_MAX - 3999}};
    enum { REQUESTS = 24000, CHUNK = 1000 };
    static struct eut_request requests[REQUESTS];

    for (unsigned s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++) {
        struct eut_limits limits = {sizeof(limits), 2, 1, CHUNK, REQUESTS, REQUESTS};
        void *oracle, *self, *ahead;

        state = s;
        for (uint32_t i = 0; i < REQUESTS; i++) {
            struct eut_request *r = &requests[i];
            uint32_t p = below(shapes[s].prices), half = shapes[s].prices / 2;

            *r = (struct eut_request){.order = 1 + i, .market = i % 4 == 3, .qty = 1 + below(9)};
            r->price = shapes[s].from + p * shapes[s].stride;
            r->op = r->market ? EUT_QUOTE : EUT_NEW;
            r->side = p < half ? EUT_BUY : EUT_SELL;
            r->type = EUT_LIMIT, r->tif = EUT_DAY;
            if (!r->market && i > REQUESTS / 3 && below(3)) {
                r->op = EUT_CANCEL, r->order = 1 + below(i);
            } else if (i > REQUESTS / 2 && below(200) == 0) {
                /* A sweep through a good part of one side. */
                r->op = EUT_NEW, r->tif = below(2) ? EUT_IOC : EUT_FOK, r->type = EUT_MARKET;
                r->price = 0, r->qty = 1 + below(20000);
            }
        }
        CHECK_EQ(eut_oracle.create(&limits, &oracle), 0);
        CHECK_EQ(eut_reference.create(&limits, &self), 0);
        CHECK_EQ(eut_reference.create(&limits, &ahead), 0);
        ((struct eut_reference_engine *)ahead)->ahead_bytes = 0;
        for (uint32_t i = 0; i < REQUESTS; i += CHUNK) {
            submit_unread(&eut_oracle, oracle, requests + i, CHUNK);
            submit_unread(&eut_reference, self, requests + i, CHUNK);
            submit_unread(&eut_reference, ahead, requests + i, CHUNK);
            CHECK(eut_oracle.digest(oracle) == eut_reference.digest(self));
            CHECK(eut_oracle.digest(oracle) == eut_reference.digest(ahead));
        }
        eut_reference.destroy(ahead);
        eut_oracle.destroy(oracle);
        eut_reference.destroy(self);
    }
}

/* Markets filled one after another, a run of requests each: day orders and takers, quotes, ids that
 * are there already, markets that are not; in batches of any length. */
TEST(reference, books_being_filled_equal_the_oracle)
{
    enum { BATCH = 400, MARKETS = 40 };
    static struct eut_request requests[BATCH];

    for (uint32_t run = 1; run <= 60; run += 19) {
        struct eut_limits limits = {sizeof(limits), MARKETS, MARKETS / 2, BATCH, 6000, 4000};
        struct eut_reference_engine *engine = start(MARKETS, MARKETS / 2, 6000, 4000);
        void *oracle;

        state = run;
        engine->ahead_bytes = 0;
        CHECK_EQ(eut_oracle.create(&limits, &oracle), 0);
        for (uint32_t sent = 0; sent < 20000;) {
            uint32_t count = 1 + below(BATCH);

            for (uint32_t i = 0; i < count; i++, sent++) {
                struct eut_request *r = &requests[i];
                uint32_t p = below(300);

                *r = (struct eut_request){.order = 1 + below(5) * 10000 + sent % 9000,
                                          .market = sent / run % (MARKETS + 1),
                                          .account = below(4),
                                          .price = 1000 + p,
                                          .qty = 1 + below(9)};
                r->op = r->market >= MARKETS / 2 && below(8) ? EUT_QUOTE : EUT_NEW;
                r->side = (p < 150) ^ (below(20) == 0) ? EUT_BUY : EUT_SELL;
                r->type = EUT_LIMIT, r->tif = "DDDDDDIFP"[below(9)];
            }
            submit_unread(&eut_oracle, oracle, requests, count);
            submit_unread(&eut_reference, engine, requests, count);
            CHECK(eut_oracle.digest(oracle) == eut_reference.digest(engine));
        }
        CHECK(engine->orders.live > 1000);
        eut_oracle.destroy(oracle);
        eut_reference.destroy(engine);
    }
}

/* Looking ahead reads requests before they are checked, and books before they are what they will
 * be. */
TEST(reference, looking_ahead_survives_hostile_requests)
{
    static struct eut_request requests[512];
    static const uint32_t markets[] = {1, 7, 3000};

    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct eut_hostile kind = {markets[seed % 3], markets[seed % 3] / 3, seed % 2, true,
                                   seed > 6};
        struct eut_limits limits = {sizeof(limits), kind.markets, kind.l2_markets, 512, 300, 200};
        void *oracle, *self;

        CHECK_EQ(eut_oracle.create(&limits, &oracle), 0);
        CHECK_EQ(eut_reference.create(&limits, &self), 0);
        ((struct eut_reference_engine *)self)->ahead_bytes = 0;
        for (uint32_t round = 0; round < 8; round++) {
            eut_hostile_fill(&kind, seed * 100 + round, requests, 512);
            /* A price beyond the range, in a book that is still empty: its limit is below every
             * key. */
            requests[20] = (struct eut_request){.order = 5, .price = UINT32_MAX, .qty = 1};
            requests[20].op = EUT_NEW, requests[20].side = EUT_BUY;
            requests[20].type = EUT_LIMIT, requests[20].tif = EUT_DAY;
            submit_unread(&eut_oracle, oracle, requests, 512);
            submit_unread(&eut_reference, self, requests, 512);
            CHECK(eut_oracle.digest(oracle) == eut_reference.digest(self));
        }
        eut_oracle.destroy(oracle);
        eut_reference.destroy(self);
    }
}

/* Hostile flow on the brink, or it would prove little of the forms: sides enter and leave them again
 * and again, keep their promises, and equal the oracle's. */
TEST(reference, books_on_the_brink_change_form_and_equal_the_oracle)
{
    enum { REQUESTS = 4000, SIDES = 4 };
    static struct eut_request requests[REQUESTS];
    uint32_t pairs[2] = {0}, strips[2] = {0}, windows[2] = {0};

    for (uint64_t seed = 1; seed <= 100; seed++) {
        struct eut_hostile kind = {
            .markets = 2, .l2_markets = 1, .full_range = seed % 2, .brink = true};
        struct eut_limits limits = {sizeof(limits), 2, 1, 1, 2000, seed % 3 ? 2000 : 60};
        struct eut_reference_engine *engine = start(2, 1, 2000, limits.levels);
        void *oracle;

        CHECK_EQ(eut_oracle.create(&limits, &oracle), 0);
        engine->ahead_bytes = seed % 4 < 2 ? 0 : engine->ahead_bytes;
        eut_hostile_fill(&kind, seed, requests, REQUESTS);
        for (uint32_t i = 0; i < REQUESTS; i++) {
            uint8_t was[SIDES];
            bool paired[SIDES];

            for (uint32_t s = 0; s < SIDES; s++) {
                was[s] = engine->market[s / 2].side[s % 2].depth;
                paired[s] = is_pair(&engine->market[s / 2].side[s % 2]);
            }
            submit_unread(&eut_oracle, oracle, requests + i, 1);
            submit_unread(&eut_reference, engine, requests + i, 1);
            for (uint32_t s = 0; s < SIDES; s++) {
                const struct eut_level_side *side = &engine->market[s / 2].side[s % 2];

                CHECK(!shape_wrong(&engine->levels, side));
                pairs[s / 2] += paired[s] != is_pair(side);
                strips[s / 2] += (was[s] == LEVEL_STRIP) != (side->depth == LEVEL_STRIP);
                windows[s / 2] += (was[s] == LEVEL_WINDOW) != (side->depth == LEVEL_WINDOW);
            }
            CHECK(eut_oracle.digest(oracle) == eut_reference.digest(engine));
        }
        eut_oracle.destroy(oracle);
        eut_reference.destroy(engine);
    }
    if (pairs[0] < 200 || pairs[1] < 200 || strips[0] < 200 || strips[1] < 200 ||
        windows[0] + windows[1] < 60) {
        FAIL("pairs %u %u, strips %u %u, windows %u %u", pairs[0], pairs[1], strips[0], strips[1],
             windows[0], windows[1]);
    }
}
