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

/* Puts the order at the back of its level; in one made for it, it is oldest and youngest. */
HOT void order_link(struct eut_reference_engine *engine, struct eut_market *market, unsigned side,
                    uint32_t handle, uint32_t key, bool ranked)
{
    struct eut_order *at = engine->orders.at, *o = &at[handle];
    uint32_t first = *level_reach(&engine->levels, &market->side[side], key, handle);

    o->key = key;
    o->prev = handle;
    o->market |= first == handle ? ORDER_FIRST : 0;

    uint32_t last = at[first].prev;

    o->prev = last;
    o->next = first;
    at[last].next = handle;
    at[first].prev = handle;
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
    at[o->prev].next = next;
    at[next].prev = o->prev;
    if (o->market & ORDER_FIRST) {
        if (own->depth == LEVEL_STRIP) {
            /* Whether it was alone is arithmetic: in thin books nobody can guess. */
            at[next].market |= ORDER_FIRST;
            strip_set(&engine->levels, own, o->key, next & (0u - (next != handle)));
        } else if (next == handle) {
            level_erase(&engine->levels, own, o->key);
        } else {
            *level_find(&engine->levels, own, o->key) = next;
            at[next].market |= ORDER_FIRST;
        }
    }
}

/* Trades while the limit allows. True if self-trade prevention stopped it. */
HOT bool taker_match(struct eut_reference_engine *engine, struct eut_run *run,
                     struct eut_market *market, struct taker *taker, bool ranked)
{
    struct eut_level_side *opposite = &market->side[1 - taker->side];
    struct eut_order *at = engine->orders.at;

    while (taker->qty > 0 && opposite->best >= taker->limit) {
        level_value *level = level_top(&engine->levels, opposite);
        uint32_t key = opposite->best, first = *level, last = at[first].prev;
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
            index_erase(&engine->index, index_key(&engine->index, taker->market, maker->id),
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
            *level = handle;
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
    uint64_t level = level_best(&engine->levels, opposite);
    uint64_t found = 0;

    while (level_key(level) >= taker->limit) {
        uint32_t first = (uint32_t)level, handle = first;

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
        level = level_worse(&engine->levels, opposite, level_key(level));
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

/* Enters what has come to rest, and says so. */
HOT void order_rest(struct eut_reference_engine *engine, struct eut_run *run,
                    struct eut_market *market, const struct eut_request *r, uint64_t index_at,
                    uint32_t qty, uint32_t flags, bool ranked)
{
    uint32_t handle = order_take(&engine->orders);
    struct eut_order *o = &engine->orders.at[handle];
    unsigned side = side_of(r->side);

    o->id = r->order;
    o->market = r->market | flags;
    o->account = r->account;
    o->qty = qty;
    index_insert(&engine->index, index_at, handle);
    order_link(engine, market, side, handle, key_of(r->price, side), ranked);
    run_emit(run, EUT_ACCEPTED, EUT_NONE, r->order, 0, r->price, qty);
}

/* What is malformed, or of an unknown kind: only why has still to be found out. */
COLD void request_refuse(struct eut_run *run, const struct eut_request *r)
{
    run_reject(run, r->op == EUT_QUOTE ? 0 : r->order, eut_request_refusal(r, 0));
}

/* Every new order that does not rest. */
COLD void request_immediate(struct eut_reference_engine *engine, struct eut_run *run,
                            struct eut_market *market, const struct eut_request *r,
                            uint64_t index_at)
{
    unsigned side = side_of(r->side);
    uint32_t unpriced = 0u - (r->type != EUT_LIMIT);
    struct taker taker = {.id = r->order,
                          .market = r->market,
                          .account = r->account,
                          .qty = r->qty,
                          .limit = (~key_of(r->price, side) & ~unpriced) | (LIMIT_NONE & unpriced),
                          .side = (uint8_t)side,
                          .tif = r->tif == EUT_FOK ? EUT_FOK : EUT_IOC};

    if (RARELY(!request_is_immediate(r))) {
        request_refuse(run, r);
    } else if (RARELY(index_find(&engine->index, engine->orders.at, index_at, r->market, r->order)
                          .handle)) {
        run_reject(run, r->order, EUT_DUPLICATE);
    } else {
        taker_enter(engine, run, market, &taker);
    }
}

/* A day order that trades on arrival, or a post-only order that may not. Returns what of it has to
 * rest now. */
HOT uint32_t new_meets(struct eut_reference_engine *engine, struct eut_run *run,
                       struct eut_market *market, const struct eut_request *r, bool ranked)
{
    unsigned side = side_of(r->side);
    uint32_t key = key_of(r->price, side);
    struct taker taker = {.id = r->order,
                          .market = r->market,
                          .account = r->account,
                          .qty = r->qty,
                          .limit = ~key,
                          .side = (uint8_t)side};

    if (RARELY(r->tif == EUT_POST)) {
        run_reject(run, r->order, EUT_WOULD_CROSS);
        return 0;
    }
    if (RARELY(capacity_lacks(engine, &market->side[side], key))) {
        run_reject(run, r->order, EUT_CAPACITY);
        return 0;
    }
    if (taker_match(engine, run, market, &taker, ranked)) {
        run_emit(run, EUT_CANCELLED, EUT_STP, r->order, 0, 0, taker.qty);
        return 0;
    }
    return taker.qty;
}

COLD uint32_t new_trades(struct eut_reference_engine *engine, struct eut_run *run,
                         struct eut_market *market, const struct eut_request *r)
{
    return new_meets(engine, run, market, r, false);
}

/* A new day or post-only order without a flaw of form. */
HOT void request_new(struct eut_reference_engine *engine, struct eut_run *run,
                     struct eut_market *market, const struct eut_request *r, uint64_t index_at,
                     bool ranked)
{
    unsigned side = side_of(r->side);
    uint32_t key = key_of(r->price, side), qty = r->qty;

    if (RARELY(
            index_find(&engine->index, engine->orders.at, index_at, r->market, r->order).handle)) {
        run_reject(run, r->order, EUT_DUPLICATE);
        return;
    }
    if (market->side[1 - side].best >= ~key) {
        qty = ranked ? new_meets(engine, run, market, r, true) : new_trades(engine, run, market, r);
        if (qty == 0) {
            return;
        }
    } else if (RARELY(capacity_lacks(engine, &market->side[side], key))) {
        run_reject(run, r->order, EUT_CAPACITY);
        return;
    }
    order_rest(engine, run, market, r, index_at, qty, ORDER_POST & (0u - (r->tif == EUT_POST)),
               ranked);
}

/* The live order that the request speaks of and may speak of, or 0 after a reject. */
HOT struct eut_index_place request_subject(const struct eut_reference_engine *engine,
                                           struct eut_run *run, const struct eut_request *r,
                                           struct eut_hint hint)
{
    const struct eut_order *at = engine->orders.at;
    struct eut_index_place place = {index_home(hint.key), hint.entry, hint.handle};

    if ((at[place.handle].id != r->order) | (order_market(&at[place.handle]) != r->market) |
        (place.handle == 0) | !index_holds(&engine->index, hint.key, place)) {
        place = index_find(&engine->index, at, hint.key, r->market, r->order);
    }
    if (RARELY(place.handle == 0 || at[place.handle].account != r->account)) {
        run_reject(run, r->order, r->order ? EUT_UNKNOWN_ORDER : EUT_BAD_ORDER);
        place.handle = 0;
    }
    return place;
}

HOT void request_cancel(struct eut_reference_engine *engine, struct eut_run *run,
                        struct eut_market *market, const struct eut_request *r,
                        struct eut_hint hint, bool ranked)
{
    struct eut_index_place place = request_subject(engine, run, r, hint);

    if (place.handle) {
        uint32_t qty = engine->orders.at[place.handle].qty;

        index_erase_at(&engine->index, hint.key, place);
        order_unlink(engine, market, place.handle, ranked);
        order_give(&engine->orders, place.handle);
        run_emit(run, EUT_CANCELLED, EUT_USER, r->order, 0, 0, qty);
    }
}

COLD void request_replace(struct eut_reference_engine *engine, struct eut_run *run,
                          struct eut_market *market, const struct eut_request *r,
                          struct eut_hint hint)
{
    uint32_t handle = request_subject(engine, run, r, hint).handle;
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
        index_erase(&engine->index, hint.key, handle);
        order_give(&engine->orders, handle);
    }
}

/* `ranked` as a constant, so that the two of a market that is and one that is not are two codes. */
HOT void l3_process(struct eut_reference_engine *engine, struct eut_run *run,
                    struct eut_market *market, const struct eut_request *r, struct eut_hint hint,
                    bool ranked)
{
    /* On one letter alone, which is known soonest: half of these branches are guessed wrong. */
    if (r->op == EUT_NEW) {
        if (RARELY(!request_is_resting(r))) {
            request_immediate(engine, run, market, r, hint.key);
            return;
        }
        request_new(engine, run, market, r, hint.key, ranked);
    } else if (r->op == EUT_CANCEL) {
        request_cancel(engine, run, market, r, hint, ranked);
    } else if (request_is_replace(r)) {
        request_replace(engine, run, market, r, hint);
    } else {
        request_refuse(run, r);
    }
}

COLD void l3_process_ranked(struct eut_reference_engine *engine, struct eut_run *run,
                            struct eut_market *market, const struct eut_request *r,
                            struct eut_hint hint)
{
    l3_process(engine, run, market, r, hint, true);
}

#endif
