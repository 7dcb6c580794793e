/*
 * reference_l3.h - what does one request do to a book that keeps every order?
 *
 * Prices become keys that grow towards the touch on either side, so buying and selling are one
 * code. Nothing here allocates memory or loops over more than it trades with; fill or kill, which
 * must know of its makers before it may trade, looks at a few and then asks
 * reference_rank.c.
 *
 * Included by reference_submit.c alone, so that resting and cancelling, nine requests in ten, are
 * laid out inside the loop over the batch; what is rarer is kept out of line on purpose.
 */
#ifndef EUT_REFERENCE_L3_H
#define EUT_REFERENCE_L3_H

#include "engine-under-test/reference/reference_book.h"

#define HOT static inline __attribute__((always_inline))
#define COLD static __attribute__((noinline))
#define RARELY(condition) __builtin_expect(!!(condition), 0)

/* An order that meets the other side, or might: new, or entered again by a replacement. */
struct taker {
    uint64_t id;
    uint32_t market, account;
    uint32_t qty;   /* not yet traded */
    uint32_t limit; /* the worst opposite key it trades with */
    uint8_t side;   /* an index */
    uint8_t tif;
};

/* Puts the order at the back of its level. */
HOT void order_link(struct eut_reference_engine *engine, struct eut_market *market, unsigned side,
                    uint32_t handle, uint32_t key, bool ranked)
{
    struct eut_order *at = engine->orders.at, *o = &at[handle];
    struct eut_level_side *own = &market->side[side];
    bool created;
    uint64_t *level = level_reach(&engine->levels, own, key, handle, &created);

    o->key = key;
    if (created) {
        o->prev = o->next = handle;
        o->market |= ORDER_FIRST;
    } else {
        uint32_t first = (uint32_t)*level, last = at[first].prev;

        o->prev = last;
        o->next = first;
        at[last].next = handle;
        at[first].prev = handle;
    }
    if (ranked) {
        eut_rank_join(engine, market, handle);
    }
}

/* Takes the order out of its level, and the level out of the book when it was the last. */
HOT void order_unlink(struct eut_reference_engine *engine, struct eut_market *market,
                      uint32_t handle, bool ranked)
{
    struct eut_order *at = engine->orders.at, *o = &at[handle];
    struct eut_level_side *own = &market->side[key_side(o->key)];
    uint32_t next = o->next;

    if (ranked) {
        eut_rank_leave(engine, market, handle);
    }
    if (next == handle) {
        level_erase(&engine->levels, own, o->key);
        return;
    }
    at[o->prev].next = next;
    at[next].prev = o->prev;
    if (o->market & ORDER_FIRST) {
        *level_find(&engine->levels, own, o->key) = level_entry(o->key, next);
        at[next].market |= ORDER_FIRST;
    }
}

/* Trades while the limit allows. True if self-trade prevention stopped it. */
HOT bool taker_match(struct eut_reference_engine *engine, struct eut_run *run,
                     struct eut_market *market, struct taker *taker, bool ranked)
{
    struct eut_level_side *opposite = &market->side[1 - taker->side];
    struct eut_order *at = engine->orders.at;

    while (taker->qty > 0 && opposite->best >= taker->limit) {
        uint64_t *level = level_best(&engine->levels, opposite);
        uint32_t key = level_key(*level), first = (uint32_t)*level, last = at[first].prev;
        uint32_t handle = first;
        bool stopped = false, emptied = false;

        for (;;) {
            struct eut_order *maker = &at[handle];

            if (maker->account == taker->account && taker->account != 0) {
                stopped = true;
                break;
            }
            if (maker->qty > taker->qty) {
                if (ranked) {
                    eut_rank_lower(engine, market, handle, taker->qty);
                }
                maker->qty -= taker->qty;
                run_emit(run, EUT_TRADE, EUT_NONE, taker->id, maker->id, key_price(key),
                         taker->qty);
                taker->qty = 0;
                break;
            }
            taker->qty -= maker->qty;
            run_emit(run, EUT_TRADE, EUT_NONE, taker->id, maker->id, key_price(key), maker->qty);

            uint32_t next = maker->next;

            if (ranked) {
                eut_rank_leave(engine, market, handle);
            }
            index_erase(&engine->index, index_hash(&engine->index, taker->market, maker->id),
                        handle);
            order_give(&engine->orders, handle);
            emptied = handle == last;
            handle = next;
            if (emptied || taker->qty == 0) {
                break;
            }
        }
        if (emptied) {
            level_erase(&engine->levels, opposite, key);
        } else if (handle != first) {
            *level = level_entry(key, handle);
            at[handle].market |= ORDER_FIRST;
            at[handle].prev = last;
            at[last].next = handle;
        }
        if (stopped) {
            return true;
        }
    }
    return false;
}

/* Fill or kill: is there enough before the limit, or before the maker that would stop it? */
COLD bool taker_fills(struct eut_reference_engine *engine, struct eut_market *market,
                      const struct taker *taker)
{
    const struct eut_level_side *opposite = &market->side[1 - taker->side];
    const struct eut_order *at = engine->orders.at;
    uint32_t looks = rank_looks(engine, market);
    const uint64_t *level = opposite->best ? level_best(&engine->levels, opposite) : NULL;
    uint64_t found = 0;

    while (level && level_key(*level) >= taker->limit) {
        uint32_t first = (uint32_t)*level, handle = first;

        do {
            if (looks-- == 0) {
                return eut_rank_fills(engine, market, 1u - taker->side, taker->account,
                                      taker->limit, taker->qty);
            }
            if (at[handle].account == taker->account && taker->account != 0) {
                return false;
            }
            found += at[handle].qty;
            if (found >= taker->qty) {
                return true;
            }
            handle = at[handle].next;
        } while (handle != first);
        level = level_worse(&engine->levels, opposite, level_key(*level));
    }
    return false;
}

/* Trades, then says what becomes of the rest. True if the order now has to rest with taker->qty. */
COLD bool taker_enter(struct eut_reference_engine *engine, struct eut_run *run,
                      struct eut_market *market, struct taker *taker)
{
    struct eut_level_side *opposite = &market->side[1 - taker->side];

    if (taker->tif == EUT_FOK && !taker_fills(engine, market, taker)) {
        run_emit(run, EUT_CANCELLED, EUT_FOK_KILL, taker->id, 0, 0, taker->qty);
        return false;
    }
    if (opposite->best >= taker->limit) {
        if (taker_match(engine, run, market, taker, market->ranked != 0)) {
            run_emit(run, EUT_CANCELLED, EUT_STP, taker->id, 0, 0, taker->qty);
            return false;
        }
        if (taker->qty == 0) {
            return false;
        }
    }
    if (taker->tif == EUT_DAY || taker->tif == EUT_POST) {
        return true;
    }
    run_emit(run, EUT_CANCELLED, EUT_IOC_REST, taker->id, 0, 0, taker->qty);
    return false;
}

/* Rule 8's last check, for an order that is to rest: is there no room for it, or for its level? */
HOT bool capacity_lacks(const struct eut_reference_engine *engine, const struct eut_level_side *own,
                        uint32_t key)
{
    return engine->orders.live == engine->orders.max ||
           (RARELY(engine->levels.live == engine->levels.max) &&
            !level_find(&engine->levels, own, key));
}

/* A new order that is not simply a day order going to rest. True if it has to rest now, with *qty.
 */
COLD bool new_special(struct eut_reference_engine *engine, struct eut_run *run,
                      struct eut_market *market, const struct eut_request *r, uint32_t *qty)
{
    unsigned side = r->side == EUT_SELL;
    uint32_t key = key_of(r->price, side);
    bool priced = r->type == EUT_LIMIT, rests = r->tif == EUT_POST || (r->tif == EUT_DAY && priced);
    struct taker taker = {.id = r->order,
                          .market = r->market,
                          .account = r->account,
                          .qty = r->qty,
                          .limit = priced ? ~key : LIMIT_NONE,
                          .side = (uint8_t)side,
                          .tif = r->tif == EUT_DAY && !priced ? EUT_IOC : r->tif};

    if (r->tif == EUT_POST && market->side[1 - side].best >= taker.limit) {
        run_reject(run, r->order, EUT_WOULD_CROSS);
        return false;
    }
    if (rests && capacity_lacks(engine, &market->side[side], key)) {
        run_reject(run, r->order, EUT_CAPACITY);
        return false;
    }
    bool rest = taker_enter(engine, run, market, &taker);

    *qty = taker.qty;
    return rest;
}

/* A day order that trades on arrival. True if the rest of it, *qty, has to rest now. */
HOT bool new_meets(struct eut_reference_engine *engine, struct eut_run *run,
                   struct eut_market *market, const struct eut_request *r, uint32_t *qty,
                   bool ranked)
{
    unsigned side = r->side == EUT_SELL;
    struct taker taker = {.id = r->order,
                          .market = r->market,
                          .account = r->account,
                          .qty = r->qty,
                          .limit = ~key_of(r->price, side),
                          .side = (uint8_t)side};

    if (taker_match(engine, run, market, &taker, ranked)) {
        run_emit(run, EUT_CANCELLED, EUT_STP, r->order, 0, 0, taker.qty);
        return false;
    }
    *qty = taker.qty;
    return taker.qty > 0;
}

COLD bool new_trades(struct eut_reference_engine *engine, struct eut_run *run,
                     struct eut_market *market, const struct eut_request *r, uint32_t *qty)
{
    return new_meets(engine, run, market, r, qty, false);
}

HOT void request_new(struct eut_reference_engine *engine, struct eut_run *run,
                     struct eut_market *market, const struct eut_request *r, uint64_t hash,
                     bool ranked)
{
    unsigned side = r->side == EUT_SELL;
    uint32_t key = key_of(r->price, side), qty = r->qty;
    bool plain = request_is_day_order(r);
    struct eut_index_place place;

    if (RARELY(!plain)) {
        uint8_t refusal = eut_request_refusal(r, 0);

        if (refusal != EUT_NONE) {
            run_reject(run, r->order, refusal);
            return;
        }
    }
    if (RARELY(index_find(&engine->index, engine->orders.at, hash, r->market, r->order, &place))) {
        run_reject(run, r->order, EUT_DUPLICATE);
        return;
    }
    if (RARELY(!plain)) {
        if (!new_special(engine, run, market, r, &qty)) {
            return;
        }
    } else if (RARELY(capacity_lacks(engine, &market->side[side], key))) {
        run_reject(run, r->order, EUT_CAPACITY);
        return;
    } else if (market->side[1 - side].best >= ~key &&
               !(ranked ? new_meets(engine, run, market, r, &qty, true)
                        : new_trades(engine, run, market, r, &qty))) {
        return;
    }
    uint32_t handle = order_take(&engine->orders);
    struct eut_order *o = &engine->orders.at[handle];

    o->id = r->order;
    o->market = r->market | (r->tif == EUT_POST ? ORDER_POST : 0);
    o->account = r->account;
    o->qty = qty;
    index_insert(&engine->index, hash, handle);
    order_link(engine, market, side, handle, key, ranked);
    run_emit(run, EUT_ACCEPTED, EUT_NONE, r->order, 0, r->price, qty);
}

/* The live order that the request speaks of and may speak of, or 0 after a reject. */
HOT uint32_t request_subject(const struct eut_reference_engine *engine, struct eut_run *run,
                             const struct eut_request *r, struct eut_hint hint,
                             struct eut_index_place *place)
{
    const struct eut_order *at = engine->orders.at;
    uint32_t handle = hint.handle;

    place->bucket = index_home(&engine->index, hint.hash);
    place->entry = hint.entry;
    if ((at[handle].id != r->order) | (order_market(&at[handle]) != r->market) | (handle == 0) |
        !index_holds(&engine->index, hint.hash, *place, handle)) {
        handle = index_find(&engine->index, at, hint.hash, r->market, r->order, place);
    }

    if (RARELY(handle == 0 || engine->orders.at[handle].account != r->account)) {
        run_reject(run, r->order, r->order ? EUT_UNKNOWN_ORDER : EUT_BAD_ORDER);
        return 0;
    }
    return handle;
}

HOT void request_cancel(struct eut_reference_engine *engine, struct eut_run *run,
                        struct eut_market *market, const struct eut_request *r,
                        struct eut_hint hint, bool ranked)
{
    struct eut_index_place place;
    uint32_t handle = request_subject(engine, run, r, hint, &place);

    if (handle) {
        uint32_t qty = engine->orders.at[handle].qty;

        index_erase_at(&engine->index, hint.hash, place);
        order_unlink(engine, market, handle, ranked);
        order_give(&engine->orders, handle);
        run_emit(run, EUT_CANCELLED, EUT_USER, r->order, 0, 0, qty);
    }
}

COLD void request_replace(struct eut_reference_engine *engine, struct eut_run *run,
                          struct eut_market *market, const struct eut_request *r,
                          struct eut_hint hint)
{
    struct eut_index_place place;
    uint32_t handle = request_subject(engine, run, r, hint, &place);
    struct eut_order *o = &engine->orders.at[handle];

    if (handle == 0) {
        return;
    }
    unsigned side = key_side(o->key);
    uint32_t key = key_of(r->price, side);
    struct taker taker = {.id = r->order,
                          .market = r->market,
                          .account = o->account,
                          .qty = r->qty,
                          .limit = ~key,
                          .side = (uint8_t)side,
                          .tif = o->market & ORDER_POST ? EUT_POST : EUT_DAY};

    if (key == o->key && r->qty <= o->qty) {
        if (RARELY(market->ranked)) {
            eut_rank_lower(engine, market, handle, o->qty - r->qty);
        }
        o->qty = r->qty;
        run_emit(run, EUT_ACCEPTED, EUT_NONE, r->order, 0, r->price, r->qty);
        return;
    }
    if (taker.tif == EUT_POST && market->side[1 - side].best >= taker.limit) {
        run_reject(run, r->order, EUT_WOULD_CROSS);
        return;
    }
    /* An order alone on its level leaves room for the one it will need. */
    if (RARELY(engine->levels.live == engine->levels.max) && o->next != handle &&
        !level_find(&engine->levels, &market->side[side], key)) {
        run_reject(run, r->order, EUT_CAPACITY);
        return;
    }
    order_unlink(engine, market, handle, market->ranked != 0);
    o->market &= ~ORDER_FIRST;
    if (taker_enter(engine, run, market, &taker)) {
        o->qty = taker.qty;
        order_link(engine, market, side, handle, key, market->ranked != 0);
        run_emit(run, EUT_ACCEPTED, EUT_NONE, r->order, 0, r->price, taker.qty);
    } else {
        index_erase(&engine->index, hint.hash, handle);
        order_give(&engine->orders, handle);
    }
}

COLD void request_other(struct eut_reference_engine *engine, struct eut_run *run,
                        struct eut_market *market, const struct eut_request *r,
                        struct eut_hint hint)
{
    uint8_t refusal = eut_request_refusal(r, 0);

    if (refusal != EUT_NONE) {
        run_reject(run, r->op == EUT_QUOTE ? 0 : r->order, refusal);
    } else {
        request_replace(engine, run, market, r, hint);
    }
}

/* `ranked` as a constant, so that the two of a market that is and one that is not are two codes. */
HOT void l3_process(struct eut_reference_engine *engine, struct eut_run *run,
                    struct eut_market *market, const struct eut_request *r, struct eut_hint hint,
                    bool ranked)
{
    if (r->op == EUT_NEW) {
        request_new(engine, run, market, r, hint.hash, ranked);
    } else if (r->op == EUT_CANCEL) {
        request_cancel(engine, run, market, r, hint, ranked);
    } else {
        request_other(engine, run, market, r, hint);
    }
}

COLD void l3_process_ranked(struct eut_reference_engine *engine, struct eut_run *run,
                            struct eut_market *market, const struct eut_request *r,
                            struct eut_hint hint)
{
    l3_process(engine, run, market, r, hint, true);
}

#endif
