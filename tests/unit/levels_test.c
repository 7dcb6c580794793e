/*
 * One side's levels, in every form and at every change of form, against a plain table; and whether
 * the pools that are reserved for them suffice.
 */
#include "tests/test.h"
#include "tests/unit/reference_rig.h"

#include <stdlib.h>

/* Every pool within its bound; and, when no level is left, empty. */
static void check_pools(const struct eut_levels *levels)
{
    for (unsigned c = 0; c < LEVEL_CLASSES + WINDOW_CLASSES; c++) {
        const struct eut_level_pool *pool =
            c < LEVEL_CLASSES ? &levels->pool[c] : &levels->window[c - LEVEL_CLASSES];

        /* A search may read past the last block that is in use. */
        CHECK(pool->top + (pool->top > 0 && c < LEVEL_CLASSES ? 2 : 0) <= pool->max);
        CHECK(levels->live > 0 || eut_level_pool_used(pool) == 0);
    }
}

static void check_levels(const struct eut_levels *levels, const struct eut_level_side *side,
                         const uint32_t *value, uint32_t keys, uint32_t stride)
{
    uint64_t level = level_best(levels, side);

    for (uint32_t k = keys; k-- > 0;) {
        const level_value *found = level_find(levels, side, (k + 1) * stride);

        CHECK(!found == !value[k]);
        if (value[k]) {
            CHECK(level == level_entry((k + 1) * stride, value[k]));
            CHECK_EQ(*found, value[k]);
            level = level_worse(levels, side, level_key(level));
        }
    }
    CHECK(level == 0);
    CHECK(!shape_wrong(levels, side));
}

TEST(levels, match_a_plain_table)
{
    static const struct {
        uint32_t keys, stride, rounds, near;
    } shapes[] = {
        {3, 1, 400, 0},      {20, 7, 3000, 0},          {200, 1000, 20000, 0},
        {1500, 1, 30000, 0}, {20000, 214748, 90000, 0}, {20000, 3, 60000, 1},
    };

    for (unsigned s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++) {
        uint32_t keys = shapes[s].keys, stride = shapes[s].stride, live = 0;
        uint32_t *value = calloc(keys, sizeof(*value));
        struct eut_levels levels;
        struct eut_level_side side = {0};

        state = s;
        CHECK_EQ(eut_levels_open(&levels, keys, 2), 0);
        for (uint32_t round = 0; round < shapes[s].rounds; round++) {
            /* Fills up, wanders, drains; near: mostly at the best end. */
            uint32_t phase = round * 4 / shapes[s].rounds;
            uint32_t k = shapes[s].near && below(8) ? keys - 1 - below(keys / 50) : below(keys);

            if (below(10) < (phase == 0 ? 9u : phase == 3 ? 1u : 5u)) {
                level_value *level = level_reach(&levels, &side, (k + 1) * stride, 1 + round);

                CHECK_EQ(*level, value[k] ? value[k] : 1 + round);
                live += !value[k];
                value[k] = 1 + round;
                *level = value[k];
            } else if (value[k]) {
                level_erase(&levels, &side, (k + 1) * stride);
                value[k] = 0;
                live--;
            }
            CHECK_EQ(levels.live, live);
            if (round % (shapes[s].rounds / 8) == 0) {
                check_levels(&levels, &side, value, keys, stride);
            }
        }
        check_levels(&levels, &side, value, keys, stride);
        while (side.best) { /* a sweep */
            level_erase(&levels, &side, side.best);
            CHECK(levels.live % 97 || !shape_wrong(&levels, &side));
        }
        CHECK_EQ(levels.live, 0);
        check_pools(&levels);
        eut_levels_close(&levels);
        free(value);
    }
}

/* A band of levels that wanders over the price range, now wider and now narrower than a window,
 * with a level far away from it from time to time: every change of form, back and forth. */
TEST(levels, follow_a_wandering_market)
{
    enum { KEYS = 40000, ROUNDS = 200000 };
    static const uint32_t breadths[] = {400, 900, 3000, 6000, 150};
    uint32_t *value = calloc(KEYS, sizeof(*value)), far = 0, forms[3] = {0};
    struct eut_levels levels;
    struct eut_level_side side = {0};

    state = 5;
    CHECK_EQ(eut_levels_open(&levels, KEYS, 2), 0);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        uint32_t breadth = breadths[round / (ROUNDS / 10) % 5];
        uint32_t way = (uint32_t)((uint64_t)round * 2 * (KEYS - 6000) / ROUNDS);
        uint32_t from = way < KEYS - 6000 ? way : 2 * (KEYS - 6000) - way;
        uint32_t k = from + below(breadth);

        if (round % 7000 == 0) {
            far = (from + KEYS / 2) % KEYS;
            k = far;
        }
        if (!value[k] && below(8) < 5) {
            CHECK_EQ(*level_reach(&levels, &side, k + 1, 1 + round), 1 + round);
            value[k] = 1 + round;
        } else if (value[k]) {
            level_erase(&levels, &side, k + 1);
            value[k] = 0;
        }
        /* What the band has left behind goes, a little at a time. */
        for (uint32_t i = 0; i < 150; i++) {
            k = below(KEYS);
            if (value[k] && (k < from || k >= from + breadth) && k != far) {
                level_erase(&levels, &side, k + 1);
                value[k] = 0;
            }
        }
        forms[side.depth == 0 ? 0 : side.depth == LEVEL_WINDOW ? 1 : 2]++;
        if (round % 500 == 0) {
            CHECK(!shape_wrong(&levels, &side));
            check_pools(&levels);
        }
        if (round % 5000 == 0) {
            check_levels(&levels, &side, value, KEYS, 1);
        }
    }
    CHECK(forms[0] > 0 && forms[1] > ROUNDS / 10 && forms[2] > ROUNDS / 10);
    while (side.best) {
        level_erase(&levels, &side, side.best);
    }
    check_pools(&levels);
    eut_levels_close(&levels);
    free(value);
}

/* A thin book whose breadth goes about the 64 ticks of a strip, at both ends of either side's keys:
 * every form that few levels can have, back and forth. */
TEST(levels, of_a_thin_book_change_form)
{
    enum { KEYS = 200, ROUNDS = 64000 };
    static const uint32_t bases[] = {1, 0x7FFFFFFF - KEYS, 0x80000000, UINT32_MAX - KEYS};
    static const uint32_t breadths[] = {3, 8, 20, 64, 65, 100, 48, 63};

    for (unsigned b = 0; b < sizeof(bases) / sizeof(bases[0]); b++) {
        uint32_t value[KEYS] = {0}, forms[4] = {0};
        struct eut_levels levels;
        struct eut_level_side side = {0};

        state = b;
        CHECK_EQ(eut_levels_open(&levels, KEYS, 2), 0);
        for (uint32_t round = 0; round < ROUNDS; round++) {
            uint32_t breadth = breadths[round / 1000 % 8], from = round / 50 % (KEYS - 100);
            uint32_t k = from + below(breadth), makes = 1 + round / 8000;

            while (round % 1300 == 0 && side.best) {
                value[side.best - bases[b]] = 0;
                level_erase(&levels, &side, side.best);
            }
            if (below(3) == 0) { /* what was left behind goes, if it is hit */
                k = below(KEYS);
            }
            if (!value[k] && k - from < breadth && below(8) < makes) {
                CHECK_EQ(*level_reach(&levels, &side, bases[b] + k, 1 + round), 1 + round);
                value[k] = 1 + round;
            } else if (value[k] && below(8) < 3) {
                CHECK_EQ(*level_find(&levels, &side, bases[b] + k), value[k]);
                level_erase(&levels, &side, bases[b] + k);
                value[k] = 0;
            }
            CHECK(!shape_wrong(&levels, &side));
            forms[is_pair(&side) ? 0 : side.depth == 0 ? 1 : side.depth == LEVEL_STRIP ? 2 : 3]++;

            uint64_t level = level_best(&levels, &side);

            for (k = KEYS; k-- > 0;) {
                level_value *found = level_find(&levels, &side, bases[b] + k);

                CHECK_EQ(found ? *found : 0, value[k]);
                if (value[k]) {
                    CHECK(level == level_entry(bases[b] + k, value[k]));
                    level = level_worse(&levels, &side, bases[b] + k);
                }
            }
            CHECK(level == 0);
            check_pools(&levels);
        }
        for (unsigned f = 0; f < 4; f++) {
            CHECK(forms[f] > ROUNDS / 100);
        }
        while (side.best) {
            level_erase(&levels, &side, side.best);
        }
        check_pools(&levels);
        eut_levels_close(&levels);
    }
}

/* The most levels, on as many sides as hurts: every class at its bound at once cannot be, but each
 * alone can. */
TEST(levels, pools_suffice_however_levels_are_spread)
{
    enum { LEVELS = 3000, SIDES = 1000 };
    struct eut_level_side *side = calloc(SIDES, sizeof(*side));
    struct eut_levels levels;

    CHECK_EQ(eut_levels_open(&levels, LEVELS, SIDES), 0);
    for (uint32_t spread = 1; spread <= SIDES; spread = spread * 3 / 2 + 1) {
        for (uint32_t i = 0; i < LEVELS; i++) {
            *level_reach(&levels, &side[i % spread], i + 1, 1) |= 1;
        }
        /* Thin every side out to just above where its block shrinks, then use the room elsewhere.
         */
        for (uint32_t i = 0; i < LEVELS; i++) {
            if (i / spread % 4 != 3) {
                level_erase(&levels, &side[i % spread], i + 1);
            }
        }
        for (uint32_t i = 0; levels.live < LEVELS; i++) {
            level_reach(&levels, &side[(i / 2) % SIDES], LEVELS + 1 + i, 1);
        }
        check_pools(&levels);
        for (uint32_t i = 0; i < SIDES; i++) {
            while (side[i].best) {
                level_erase(&levels, &side[i], side[i].best);
            }
        }
    }
    eut_levels_close(&levels);
    free(side);
}

/* Trees as thin as they can be: two leaves of LEVEL_NODE_MIN below a root, on as many sides as the
 * levels allow. */
TEST(levels, pools_suffice_for_the_thinnest_trees)
{
    enum { LEAST = 2 * LEVEL_NODE_MIN, MOST = LEVEL_NODE_MAX + 1, APART = 50000 };

    for (uint32_t sides = 1; sides <= 1000; sides *= 10) {
        struct eut_level_side *side = calloc(sides, sizeof(*side));
        struct eut_levels levels;

        CHECK_EQ(eut_levels_open(&levels, (uint64_t)LEAST * (sides - 1) + MOST, sides), 0);
        for (uint32_t s = 0; s < sides; s++) {
            for (uint32_t i = 0; i < MOST; i++) {
                level_reach(&levels, &side[s], (i + 1) * APART, 1);
            }
            for (uint32_t i = 0; i < MOST; i++) {
                /* The lower half of each leaf goes. */
                if (i % 63 < 31 && side[s].depth && i < 126) {
                    level_erase(&levels, &side[s], (i + 1) * APART);
                }
            }
            CHECK(side[s].depth == 1 && !eut_tree_check(&levels, &side[s]));
            check_pools(&levels);
        }
        for (uint32_t s = 0; s < sides; s++) {
            while (side[s].best) {
                level_erase(&levels, &side[s], side[s].best);
            }
        }
        check_pools(&levels);
        eut_levels_close(&levels);
        free(side);
    }
}

/* Every other form as thin as it can be, on as many sides as the levels allow: blocks of a quarter
 * of their words, and strips. */
TEST(levels, pools_suffice_for_the_thinnest_blocks_and_strips)
{
    enum { SIDES = 500, APART = 100000 };
    static const struct {
        uint32_t most, least, apart;
        uint8_t size_class, depth;
    } forms[] = {{3, 2, APART, 1, 0},   {5, 4, APART, 2, 0},
                 {17, 8, APART, 3, 0},  {33, 16, APART, 4, 0},
                 {65, 32, APART, 5, 0}, {5, STRIP_LEAST, 7, STRIP_CLASS, LEVEL_STRIP}};

    for (unsigned f = 0; f < sizeof(forms) / sizeof(forms[0]); f++) {
        uint32_t most = forms[f].most, least = forms[f].least, apart = forms[f].apart;
        struct eut_level_side *side = calloc(SIDES, sizeof(*side));
        struct eut_levels levels;

        CHECK_EQ(eut_levels_open(&levels, least * (SIDES - 1) + most, SIDES), 0);
        for (uint32_t s = 0; s < SIDES; s++) {
            for (uint32_t i = 0; i < most; i++) {
                level_reach(&levels, &side[s], (i + 1) * apart, 1 + i);
            }
            for (uint32_t i = least; i < most; i++) {
                level_erase(&levels, &side[s], (i + 1) * apart);
            }
            CHECK_EQ(side[s].size_class, forms[f].size_class);
            CHECK_EQ(side[s].depth, forms[f].depth);
            CHECK(!shape_wrong(&levels, &side[s]));
            check_pools(&levels);
        }
        CHECK_EQ(eut_level_pool_used(&levels.pool[forms[f].size_class]), SIDES);
        for (uint32_t s = 0; s < SIDES; s++) {
            level_erase(&levels, &side[s], side[s].best);
            CHECK(!shape_wrong(&levels, &side[s]));
        }
        CHECK_EQ(eut_level_pool_used(&levels.pool[forms[f].size_class]), 0);
        check_pools(&levels);
        eut_levels_close(&levels);
        free(side);
    }
}
