/*
 * reference_submit.c - the loop over a batch: each request to its market, memory asked for ahead.
 *
 * Two loops do the same: one that looks ahead, for books that outgrow the caches, and one that does
 * not. It sees a batch only: there is nothing to look ahead to in a batch of one.
 */
#include "engine-under-test/reference/reference_ahead.h"
#include "engine-under-test/reference/reference_l3.h"

void eut_run_flush(struct eut_run *run)
{
    struct eut_sink *sink = run->sink;

    sink->count = (uint32_t)(run->next - sink->events);
    sink->flush(sink);
    run->next = sink->events + sink->count;
    run->end = sink->events + sink->room;
}

HOT void request_process(struct eut_reference_engine *engine, struct eut_run *run,
                         const struct eut_request *r, uint64_t hash)
{
    /* Computed beside the check, which is two instructions less than after it: as an integer, since
     * it may lie outside. */
    uintptr_t at = (uintptr_t)engine->market + (uintptr_t)r->market * sizeof(struct eut_market);
    struct eut_market *market = (struct eut_market *)at;

    if (__builtin_expect(r->market >= engine->markets, 0)) {
        /* In no market's digest. */
        run_reject(run, r->op == EUT_QUOTE ? 0 : r->order, EUT_BAD_MARKET);
        return;
    }
    run->digest = market->digest ^ r->market;
    if (r->market < engine->l3_markets) {
        l3_process(engine, run, market, r, hash);
    } else {
        eut_l2_process(engine, run, market, r);
    }
    market->digest = run->digest ^ r->market;
}

/* One stage for the request `ahead` places after the i-th, while there is one. */
#define STAGE(stage, ahead)                                                           \
    do {                                                                              \
        if (i + (ahead) < count) {                                                    \
            stage(engine, &note[(i + (ahead)) % AHEAD_RING], &requests[i + (ahead)]); \
        }                                                                             \
    } while (0)

COLD void batch_ahead(struct eut_reference_engine *engine, struct eut_run *run,
                      const struct eut_request *requests, uint32_t count)
{
    struct eut_ahead_note note[AHEAD_RING];

    for (uint32_t i = 0; i < 4 * AHEAD_STEP && i < count; i++) {
        STAGE(ahead_first, 0);
    }
    for (uint32_t i = 0; i < 3 * AHEAD_STEP && i < count; i++) {
        STAGE(ahead_second, 0);
    }
    for (uint32_t i = 0; i < 2 * AHEAD_STEP && i < count; i++) {
        STAGE(ahead_third, 0);
    }
    for (uint32_t i = 0; i < AHEAD_STEP && i < count; i++) {
        STAGE(ahead_fourth, 0);
    }
    for (uint32_t i = 0; i < count; i++) {
        STAGE(ahead_first, 4 * AHEAD_STEP);
        STAGE(ahead_second, 3 * AHEAD_STEP);
        STAGE(ahead_third, 2 * AHEAD_STEP);
        STAGE(ahead_fourth, AHEAD_STEP);
        run->request = i;
        request_process(engine, run, &requests[i], note[i % AHEAD_RING].hash);
    }
}

int eut_reference_submit(void *self, const struct eut_request *requests, uint32_t count,
                         struct eut_sink *sink)
{
    struct eut_reference_engine *engine = self;
    struct eut_run run = {
        .next = sink->events + sink->count, .end = sink->events + sink->room, .sink = sink};

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
