/*
 * reference.c - the reference engine's hooks: its memory, its digest, its books.
 *
 * Everything is reserved by create(). What a batch does is in reference_submit.c. It sees one
 * shard: it knows nothing of threads.
 */
#include "engine-under-test/reference/reference.h"

#include "engine-under-test/reference/reference_book.h"

#include <errno.h>
#include <stdlib.h>

#define HANDLES_MAX (UINT32_MAX - 256u)

/* Measured, see NOTES.md: between a core's own cache and the shared one. */
#ifndef AHEAD_BYTES
#define AHEAD_BYTES (6u << 20)
#endif

static void reference_destroy(void *self)
{
    struct eut_reference_engine *engine = self;

    if (engine) {
        eut_levels_close(&engine->levels);
        eut_index_close(&engine->index);
        eut_lazy_unmap(&engine->orders.memory);
        eut_lazy_unmap(&engine->market_memory);
        eut_ranks_close(&engine->ranks);
        free(engine);
    }
}

static int reference_reserve(struct eut_reference_engine *engine, const struct eut_limits *limits)
{
    int rc;

    rc = eut_lazy_map(&engine->market_memory, (uint64_t)limits->markets * sizeof(*engine->market));
    if (rc) {
        return rc;
    }
    engine->market = engine->market_memory.at;
    rc = eut_lazy_map(&engine->orders.memory, (limits->orders + 1) * sizeof(*engine->orders.at));
    if (rc) {
        return rc;
    }
    engine->orders.at = engine->orders.memory.at;
    engine->orders.max = limits->orders;
    rc = eut_index_open(&engine->index, limits->orders);
    if (rc) {
        return rc;
    }
    rc = eut_levels_open(&engine->levels, limits->levels, (uint64_t)limits->markets * 2);
    return rc ? rc : eut_ranks_open(&engine->ranks, limits);
}

static int reference_create(const struct eut_limits *limits, void **self)
{
    struct eut_reference_engine *engine;
    int rc;

    *self = NULL;
    if (limits->struct_size != sizeof(*limits) || limits->markets == 0 ||
        limits->l2_markets > limits->markets || limits->batch_max == 0) {
        return -EINVAL;
    }
    if (limits->markets > ORDER_MARKET_MASK || limits->orders > HANDLES_MAX ||
        limits->levels > HANDLES_MAX) {
        return -ENOTSUP;
    }
    engine = calloc(1, sizeof(*engine));
    if (!engine) {
        return -ENOMEM;
    }
    engine->markets = limits->markets;
    engine->l3_markets = limits->markets - limits->l2_markets;
    engine->ahead_bytes = AHEAD_BYTES;
    rc = reference_reserve(engine, limits);
    if (rc) {
        reference_destroy(engine);
        return rc;
    }
    *self = engine;
    return 0;
}

static uint64_t reference_digest(void *self)
{
    const struct eut_reference_engine *engine = self;
    uint64_t sum = 0;

    for (uint32_t m = 0; m < engine->markets; m++) {
        if (engine->market[m].digest) {
            sum += eut_digest_market(m, engine->market[m].digest ^ m);
        }
    }
    return sum;
}

static int level_walk(const struct eut_reference_engine *engine, uint64_t level, bool l3,
                      eut_visit visit, void *context)
{
    uint32_t first = (uint32_t)level, handle = first;
    struct eut_resting resting = {.price = key_price(level_key(level)),
                                  .qty = first,
                                  .side = level >> 63 ? EUT_SELL : EUT_BUY};
    int rc = 0;

    if (!l3) {
        return visit(context, &resting);
    }
    do {
        const struct eut_order *o = &engine->orders.at[handle];

        resting.order = o->id;
        resting.account = o->account;
        resting.qty = o->qty;
        rc = visit(context, &resting);
        handle = o->next;
    } while (rc == 0 && handle != first);
    return rc;
}

static int reference_walk(void *self, uint32_t market, eut_visit visit, void *context)
{
    const struct eut_reference_engine *engine = self;
    int rc = 0;

    if (market >= engine->markets) {
        return -EINVAL;
    }
    for (unsigned s = SIDE_BUY; s <= SIDE_SELL && rc == 0; s++) {
        const struct eut_level_side *side = &engine->market[market].side[s];
        uint64_t level = level_best(&engine->levels, side);

        while (level && rc == 0) {
            rc = level_walk(engine, level, market < engine->l3_markets, visit, context);
            level = level_worse(&engine->levels, side, level_key(level));
        }
    }
    return rc;
}

const struct eut_engine eut_reference = {
    .abi_version = EUT_ABI_VERSION,
    .struct_size = sizeof(struct eut_engine),
    .name = "reference",
    .capabilities = EUT_CAP_ALL,
    .create = reference_create,
    .submit = eut_reference_submit,
    .digest = reference_digest,
    .walk = reference_walk,
    .destroy = reference_destroy,
};
