/*
 * reference_l2.c - what does one request do to a book that keeps only totals?
 *
 * Quotes set a level's total; takers meet the totals, best first. It knows neither orders
 * nor accounts.
 */
#include "engine-under-test/reference/reference_book.h"

static void request_quote(struct eut_reference_engine *engine, struct eut_run *run,
                          struct eut_market *market, const struct eut_request *r)
{
    unsigned side = r->side == EUT_SELL;
    uint32_t key = key_of(r->price, side);
    struct eut_level_side *own = &market->side[side];

    if (r->qty == 0) {
        if (level_find(&engine->levels, own, key)) {
            if (market->ranked) {
                eut_rank_total(engine, market, key, 0);
            }
            level_erase(&engine->levels, own, key);
        }
    } else if (market->side[1 - side].best >= ~key) {
        run_reject(run, 0, EUT_WOULD_CROSS);
        return;
    } else if (__builtin_expect(engine->levels.live == engine->levels.max, 0)) {
        level_value *level = level_find(&engine->levels, own, key);

        if (!level) {
            run_reject(run, 0, EUT_CAPACITY);
            return;
        }
        *level = r->qty;
    } else {
        *level_reach(&engine->levels, own, key, r->qty) = r->qty;
    }
    if (market->ranked && r->qty > 0) {
        eut_rank_total(engine, market, key, r->qty);
    }
    run_emit(run, EUT_ACCEPTED, EUT_NONE, 0, 0, r->price, r->qty);
}

static bool totals_fill(struct eut_reference_engine *engine, struct eut_market *market,
                        unsigned side, uint32_t limit, uint32_t qty)
{
    const struct eut_level_side *opposite = &market->side[side];
    uint32_t looks = rank_looks(engine, market);
    uint64_t level = level_best(&engine->levels, opposite);
    uint64_t found = 0;

    while (level_key(level) >= limit) {
        if (looks-- == 0) {
            return eut_rank_totals_fill(engine, market, side, limit, qty);
        }
        found += (uint32_t)level;
        if (found >= qty) {
            return true;
        }
        level = level_worse(&engine->levels, opposite, level_key(level));
    }
    return false;
}

static void request_take(struct eut_reference_engine *engine, struct eut_run *run,
                         struct eut_market *market, const struct eut_request *r)
{
    unsigned side = r->side == EUT_SELL;
    uint32_t limit = r->type == EUT_MARKET ? LIMIT_NONE : ~key_of(r->price, side);
    struct eut_level_side *opposite = &market->side[1 - side];
    uint32_t left = r->qty;

    if (r->tif == EUT_FOK && !totals_fill(engine, market, 1 - side, limit, left)) {
        run_emit(run, EUT_CANCELLED, EUT_FOK_KILL, r->order, 0, 0, left);
        return;
    }
    while (left > 0 && opposite->best >= limit) {
        level_value *level = level_top(&engine->levels, opposite);
        uint32_t key = opposite->best, total = *level;

        if (market->ranked) {
            eut_rank_total(engine, market, key, total > left ? total - left : 0);
        }
        if (total > left) {
            *level = total - left;
            run_emit(run, EUT_TRADE, EUT_NONE, r->order, 0, key_price(key), left);
            return;
        }
        left -= total;
        level_erase(&engine->levels, opposite, key);
        run_emit(run, EUT_TRADE, EUT_NONE, r->order, 0, key_price(key), total);
    }
    if (left > 0) {
        run_emit(run, EUT_CANCELLED, EUT_IOC_REST, r->order, 0, 0, left);
    }
}

void eut_l2_process(struct eut_reference_engine *engine, struct eut_run *run,
                    struct eut_market *market, const struct eut_request *r)
{
    uint8_t refusal = eut_request_refusal(r, 1);

    if (refusal != EUT_NONE) {
        run_reject(run, r->op == EUT_QUOTE ? 0 : r->order, refusal);
    } else if (r->op == EUT_QUOTE) {
        request_quote(engine, run, market, r);
    } else {
        request_take(engine, run, market, r);
    }
}
