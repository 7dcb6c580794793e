/*
 * reference.c - the reference engine's hooks: its memory, its batches, its digest, its books.
 *
 * Everything is reserved by create(). submit() walks the batch; what a request does is in
 * reference_l3.c and reference_l2.c. It sees one shard: it knows nothing of threads.
 */
#include "engine-under-test/reference/reference.h"

#include "engine-under-test/reference/reference_ahead.h"
#include "engine-under-test/reference/reference_book.h"

#include <errno.h>
#include <stdlib.h>

#define HANDLES_MAX (UINT32_MAX - 256u)

static void reference_destroy(void *self)
{
    struct eut_reference_engine *engine = self;

    if (engine) {
        eut_levels_close(&engine->levels);
        eut_index_close(&engine->index);
        eut_lazy_unmap(&engine->orders.memory);
        eut_lazy_unmap(&engine->market_memory);
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
    return eut_levels_open(&engine->levels, limits->levels, (uint64_t)limits->markets * 2);
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
    engine->batch_max = limits->batch_max;
    rc = reference_reserve(engine, limits);
    if (rc) {
        reference_destroy(engine);
        return rc;
    }
    *self = engine;
    return 0;
}

void eut_run_flush(struct eut_run *run)
{
    struct eut_sink *sink = run->sink;

    sink->count = (uint32_t)(run->next - sink->events);
    sink->flush(sink);
    run->next = sink->events + sink->count;
    run->end = sink->events + sink->room;
}

static inline void request_process(struct eut_reference_engine *engine, struct eut_run *run,
                                   const struct eut_request *r, uint64_t hash)
{
    struct eut_market *market = &engine->market[r->market];

    if (__builtin_expect(r->market >= engine->markets, 0)) {
        /* In no market's digest. */
        run_reject(run, r->op == EUT_QUOTE ? 0 : r->order, EUT_BAD_MARKET);
        return;
    }
    run->digest = market->digest ^ r->market;
    if (r->market < engine->l3_markets) {
        eut_l3_process(engine, run, market, r, hash);
    } else {
        eut_l2_process(engine, run, market, r);
    }
    market->digest = run->digest ^ r->market;
}

static void batch_ahead(struct eut_reference_engine *engine, struct eut_run *run,
                        const struct eut_request *requests, uint32_t count)
{
    struct eut_ahead ahead;
    uint32_t last = count - 1;

    for (uint32_t i = 0; i < 4 * AHEAD_STEP; i++) {
        ahead_first(engine, &ahead, requests, i < last ? i : last);
    }
    for (uint32_t i = 0; i < 3 * AHEAD_STEP; i++) {
        ahead_second(engine, &ahead, requests, i < last ? i : last);
    }
    for (uint32_t i = 0; i < 2 * AHEAD_STEP; i++) {
        ahead_third(engine, &ahead, requests, i < last ? i : last);
    }
    for (uint32_t i = 0; i < AHEAD_STEP; i++) {
        ahead_fourth(engine, &ahead, requests, i < last ? i : last);
    }
    for (uint32_t i = 0; i < count; i++) {
        ahead_first(engine, &ahead, requests, i + 4 * AHEAD_STEP < last ? i + 4 * AHEAD_STEP : last);
        ahead_second(engine, &ahead, requests,
                     i + 3 * AHEAD_STEP < last ? i + 3 * AHEAD_STEP : last);
        ahead_third(engine, &ahead, requests, i + 2 * AHEAD_STEP < last ? i + 2 * AHEAD_STEP : last);
        ahead_fourth(engine, &ahead, requests, i + AHEAD_STEP < last ? i + AHEAD_STEP : last);
        run->request = i;
        request_process(engine, run, &requests[i], ahead.hash[i % AHEAD_RING]);
    }
}

static int reference_submit(void *self, const struct eut_request *requests, uint32_t count,
                            struct eut_sink *sink)
{
    struct eut_reference_engine *engine = self;
    struct eut_run run = {.next = sink->events + sink->count,
                          .end = sink->events + sink->room,
                          .sink = sink};

    if (count > AHEAD_STEP && ahead_pays(engine)) {
        batch_ahead(engine, &run, requests, count);
    } else {
        for (uint32_t i = 0; i < count; i++) {
            const struct eut_request *r = &requests[i];

            run.request = i;
            request_process(engine, &run, r, index_hash(&engine->index, r->market, r->order));
        }
    }
    sink->count = (uint32_t)(run.next - sink->events);
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
        const uint64_t *level = side->best ? level_best(&engine->levels, side) : NULL;

        while (level && rc == 0) {
            rc = level_walk(engine, *level, market < engine->l3_markets, visit, context);
            level = level_worse(&engine->levels, side, level_key(*level));
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
    .submit = reference_submit,
    .digest = reference_digest,
    .walk = reference_walk,
    .destroy = reference_destroy,
};
