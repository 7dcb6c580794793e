/*
 * reference_submit.c - the loop over a batch: each request to its market, memory asked for ahead.
 *
 * Three loops do the same: one that looks ahead, for books that outgrow the caches, one that does
 * not, and one that looks ahead for the index alone, for books that are just being filled. It sees
 * a batch only: there is nothing to look ahead to in a batch of one.
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
                         const struct eut_request *r, struct eut_hint hint)
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
    if (r->market >= engine->l3_markets) {
        eut_l2_process(engine, run, market, r);
    } else if (RARELY(market->ranked)) {
        l3_process_ranked(engine, run, market, r, hint);
    } else {
        l3_process(engine, run, market, r, hint, false);
    }
    market->digest = run->digest ^ r->market;
}

#define FILL_AHEAD 128u /* requests; measured, see NOTES.md */

/* Matching follows looking ahead at so many steps' distance. */
COLD void batch_ahead(struct eut_reference_engine *engine, struct eut_run *run,
                      const struct eut_request *requests, uint32_t count)
{
    struct eut_ahead ahead;

    ahead_begin(&ahead, requests, count);
    for (uint32_t step = 0, done = 0; done < count; step++) {
        ahead_step(engine, &ahead);
        if (step >= AHEAD_STEPS) {
            uint32_t to = count - done < AHEAD_CHUNK ? count : done + AHEAD_CHUNK;

            for (; done < to; done++) {
                run->request = done;
                request_process(engine, run, &requests[done], ahead.hint[done % AHEAD_RING]);
            }
        }
    }
}

/* Are books being filled, market by market? Then each is where the last requests left it. */
static bool batch_fills(const struct eut_request *requests, uint32_t count)
{
    uint32_t turns = 0;

    for (uint32_t i = 0; i < count; i++) {
        const struct eut_request *r = &requests[i];

        turns += i > 0 && r->market != r[-1].market;
        if ((r->op != EUT_NEW && r->op != EUT_QUOTE) || turns > 1 + i / 8) {
            return false;
        }
    }
    return true;
}

/* Only where in the index an order will be is anywhere, and that is asked for far ahead. */
COLD void batch_fill(struct eut_reference_engine *engine, struct eut_run *run,
                     const struct eut_request *requests, uint32_t count)
{
    uint64_t key[FILL_AHEAD] = {0};

    for (uint32_t i = 0; i < count + FILL_AHEAD; i++) {
        uint64_t known = key[i % FILL_AHEAD];

        if (i < count && requests[i].op == EUT_NEW) {
            uint64_t made = index_key(&engine->index, requests[i].market, requests[i].order);

            AHEAD_FETCH(ahead_bucket(engine, made));
            key[i % FILL_AHEAD] = made;
        }
        if (i >= FILL_AHEAD) {
            run->request = i - FILL_AHEAD;
            request_process(engine, run, &requests[run->request], (struct eut_hint){.key = known});
        }
    }
}

int eut_reference_submit(void *self, const struct eut_request *requests, uint32_t count,
                         struct eut_sink *sink)
{
    struct eut_reference_engine *engine = self;
    struct eut_run run = {
        .next = sink->events + sink->count, .end = sink->events + sink->room, .sink = sink};

    if (count > 1 && ahead_pays(engine)) {
        (batch_fills(requests, count) ? batch_fill : batch_ahead)(engine, &run, requests, count);
    } else {
        for (uint32_t i = 0; i < count; i++) {
            const struct eut_request *r = &requests[i];

            run.request = i;
            request_process(
                engine, &run, r,
                (struct eut_hint){.key = index_key(&engine->index, r->market, r->order)});
        }
    }
    sink->count = (uint32_t)(run.next - sink->events);
    return 0;
}
