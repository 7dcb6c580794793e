/*
 * kernel_match.h - the rules. What becomes of a market's requests, in their order?
 *
 * One work item takes one run: the requests of one market in this batch. What it cannot do by
 * itself is to know what other markets take of the limits meanwhile; the host lets runs go side by
 * side only where the limits cannot be met, and else has one work item take all in arrival order.
 */
#ifndef KERNEL_MATCH_H
#define KERNEL_MATCH_H

#include "engine-under-test/device/kernel_book.h"

#define K_PRICE_MAX 0x7FFFFFFFu

/* Reasons, as in engine.h. */
#define K_USER 1u
#define K_IOC_REST 2u
#define K_FOK_KILL 3u
#define K_STP 4u
#define K_BAD_MARKET 16u
#define K_BAD_ORDER 17u
#define K_BAD_QTY 18u
#define K_BAD_PRICE 19u
#define K_BAD_TYPE 20u
#define K_DUPLICATE 21u
#define K_UNKNOWN_ORDER 22u
#define K_WOULD_CROSS 23u
#define K_CAPACITY 24u

/* An order on its way in. */
struct k_entry {
    u64 id;
    u32 account, key, qty;
    u32 side;
    u32 limit; /* meets opposite levels with keys from here on */
    u8 tif;
    bool may_rest;
};

/* ---- events --------------------------------------------------------------------- */

K_FN u64 digest_fold(u64 d, u64 order, u64 maker, u32 price, u32 qty, u32 code)
{
    u64 h = order * 0x9E3779B97F4A7C15u + maker * 0xC2B2AE3D27D4EB4Fu;

    h ^= (((u64)price << 32) | qty) * 0x165667B19E3779F9u;
    h += (u64)(((code & 255u) << 8) | (code >> 8)) * 0xD6E8FEB86659FD93u;
    h ^= h >> 32;
    return (((d << 29) | (d >> 35)) ^ h) * 0xFF51AFD7ED558CCDu;
}

/* The first event of a request has a place of its own, the others take the next free ones. */
K_FN void emit(K_OWN struct k_worker *w, u64 maker, u32 price, u32 qty, u32 code)
{
    w->m.digest = digest_fold(w->m.digest ^ w->number, w->id, maker, price, qty, code) ^ w->number;
    if (w->events == 0u) {
        w->first_maker = maker;
        w->first_price = price;
        w->first_qty = qty;
        w->first_code = code;
    } else {
        K_DEV struct k_event *event = &w->more[K_ADD(&w->counter[K_MORE], 1u)];

        event->order = w->events;
        event->maker = maker;
        event->price = price;
        event->qty = qty;
        event->request = w->request;
        event->code = code;
    }
    w->events++;
}

K_FN void emit_accepted(K_OWN struct k_worker *w, u32 price, u32 qty)
{
    emit(w, 0u, price, qty, 'A');
}

K_FN void emit_cancelled(K_OWN struct k_worker *w, u32 qty, u32 reason)
{
    emit(w, 0u, 0u, qty, 'X' | (reason << 8));
}

K_FN void emit_rejected(K_OWN struct k_worker *w, u32 reason)
{
    emit(w, 0u, 0u, 0u, 'J' | (reason << 8));
}

/* ---- prices --------------------------------------------------------------------- */

/* The same on both sides, both ways. */
K_FN u32 key_of(u32 side, u32 price)
{
    return side ? K_KEY_SPAN - price : price;
}

/* The least key of the opposite side that a limit of this key admits. */
K_FN u32 limit_of(u32 key)
{
    return K_KEY_SPAN - key;
}

/* ---- trading -------------------------------------------------------------------- */

K_FN bool crosses(K_OWN const struct k_worker *w, K_OWN const struct k_entry *entry)
{
    return best_of(w, entry->side ^ 1u) >= entry->limit;
}

/* Rule 3: is there enough before the first order that rule 5 stops at? */
K_FN bool can_fill(K_OWN const struct k_worker *w, K_OWN const struct k_entry *entry)
{
    u32 left = entry->qty, c = first_of(w, entry->side ^ 1u);

    if (!crosses(w, entry)) {
        return false;
    }
    for (; c != 0u; c = w->chunk[c].worse) {
        for (u32 at = w->chunk[c].count; at-- > 0u;) {
            u32 value = w->chunk[c].level[at].value, handle = value;

            if (w->chunk[c].level[at].key < entry->limit) {
                return false;
            }
            if (!w->l3) {
                if (value >= left) {
                    return true;
                }
                left -= value;
                continue;
            }
            do {
                if (entry->account != 0u && w->order[handle].account == entry->account) {
                    return false;
                }
                if (w->order[handle].qty >= left) {
                    return true;
                }
                left -= w->order[handle].qty;
                handle = w->order[handle].younger;
            } while (handle != value);
        }
    }
    return false;
}

/* Trades with the orders of the best opposite level; returns what is left. *stopped: an own order
 * is next. */
K_FN u32 trade_level(K_OWN struct k_worker *w, K_OWN const struct k_entry *entry, u32 left,
                     K_OWN bool *stopped)
{
    u32 side = entry->side ^ 1u, c = first_of(w, side), at = w->chunk[c].count - 1u;
    u32 price = key_of(side, best_of(w, side)), oldest = w->chunk[c].level[at].value;
    u32 handle = oldest, youngest = w->order[oldest].older;

    while (left > 0u) {
        u32 open = w->order[handle].qty, younger = w->order[handle].younger;
        u64 id = w->order[handle].id;

        *stopped = entry->account != 0u && w->order[handle].account == entry->account;
        if (*stopped) {
            break;
        }
        emit(w, id, price, left < open ? left : open, 'T');
        if (left < open) {
            w->order[handle].qty = open - left;
            left = 0u;
            break;
        }
        left -= open;
        index_erase(w, id, handle);
        order_give(w, handle);
        w->orders_made--;
        if (handle == youngest) {
            level_erase(w, side, c, at);
            return left;
        }
        handle = younger;
    }
    if (handle != oldest) {
        w->order[handle].older = youngest;
        w->order[youngest].younger = handle;
        w->order[handle].owner |= K_OWNER_OLDEST;
        w->chunk[c].level[at].value = handle;
    }
    return left;
}

/* The same with the total of an L2 level. */
K_FN u32 trade_total(K_OWN struct k_worker *w, K_OWN const struct k_entry *entry, u32 left)
{
    u32 side = entry->side ^ 1u, c = first_of(w, side), at = w->chunk[c].count - 1u;
    u32 open = w->chunk[c].level[at].value;

    emit(w, 0u, key_of(side, best_of(w, side)), left < open ? left : open, 'T');
    if (left < open) {
        w->chunk[c].level[at].value = open - left;
        return 0u;
    }
    level_erase(w, side, c, at);
    return left - open;
}

/* ---- entering ------------------------------------------------------------------- */

/* An entry that passed every check: rules 1, 2, 3 and 5. `handle` is the order that was replaced
 * and has left its queue, or 0. */
K_FN void enter(K_OWN struct k_worker *w, K_OWN const struct k_entry *entry, u32 handle)
{
    u32 left = entry->qty;
    bool stopped = false;

    if (entry->tif == 'F' && !can_fill(w, entry)) {
        emit_cancelled(w, entry->qty, K_FOK_KILL);
        return;
    }
    while (left > 0u && !stopped && crosses(w, entry)) {
        left = w->l3 ? trade_level(w, entry, left, &stopped) : trade_total(w, entry, left);
    }
    if (left > 0u && !stopped && entry->may_rest) {
        if (handle == 0u) {
            handle = order_take(w);
            w->order[handle].id = entry->id;
            w->order[handle].account = entry->account;
            index_add(w, entry->id, handle);
            w->orders_made++;
        }
        w->order[handle].owner = (w->number + 1u) | (entry->tif == 'P' ? K_OWNER_POST : 0u);
        w->order[handle].qty = left;
        order_join(w, entry->side, entry->key, handle);
        emit_accepted(w, key_of(entry->side, entry->key), left);
        return;
    }
    if (handle != 0u) {
        index_erase(w, entry->id, handle);
        order_give(w, handle);
        w->orders_made--;
    }
    if (left > 0u) {
        emit_cancelled(w, left, stopped ? K_STP : K_IOC_REST);
    }
}

/* Whether so many levels are live that the side may not have one more. */
K_FN bool levels_full(K_OWN const struct k_worker *w, i32 leaving)
{
    return w->levels_made - leaving >= (i32)w->batch.levels_room;
}

K_FN void process_new(K_OWN struct k_worker *w, K_OWN const struct k_request *r)
{
    struct k_entry entry;

    entry.id = r->order;
    entry.account = r->account;
    entry.qty = r->qty;
    entry.side = r->side == 'S' ? 1u : 0u;
    entry.key = key_of(entry.side, r->price);
    entry.limit = r->type == 'M' ? 1u : limit_of(entry.key);
    entry.tif = r->type == 'M' && r->tif == 'D' ? (u8)'I' : r->tif;
    entry.may_rest = entry.tif == 'D' || entry.tif == 'P';
    if (w->l3 && index_find(w, r->order) != 0u) {
        emit_rejected(w, K_DUPLICATE);
    } else if (entry.tif == 'P' && crosses(w, &entry)) {
        emit_rejected(w, K_WOULD_CROSS);
    } else if (entry.may_rest &&
               (w->orders_made >= (i32)w->batch.orders_room ||
                (levels_full(w, 0) && !level_find(w, entry.side, entry.key).found))) {
        emit_rejected(w, K_CAPACITY);
    } else {
        enter(w, &entry, 0u);
    }
}

K_FN void process_cancel(K_OWN struct k_worker *w, K_OWN const struct k_request *r)
{
    u32 handle = index_find(w, r->order);

    if (handle == 0u || w->order[handle].account != r->account) {
        emit_rejected(w, K_UNKNOWN_ORDER);
        return;
    }
    emit_cancelled(w, w->order[handle].qty, K_USER);
    order_leave(w, handle);
    index_erase(w, r->order, handle);
    order_give(w, handle);
    w->orders_made--;
}

K_FN void process_replace(K_OWN struct k_worker *w, K_OWN const struct k_request *r)
{
    u32 handle = index_find(w, r->order), key;
    struct k_entry entry;
    bool alone;

    if (handle == 0u || w->order[handle].account != r->account) {
        emit_rejected(w, K_UNKNOWN_ORDER);
        return;
    }
    key = w->order[handle].key & ~K_ORDER_ASK;
    entry.id = r->order;
    entry.account = r->account;
    entry.qty = r->qty;
    entry.side = order_side(w->order[handle].key);
    entry.key = key_of(entry.side, r->price);
    entry.limit = limit_of(entry.key);
    entry.tif = w->order[handle].owner & K_OWNER_POST ? (u8)'P' : (u8)'D';
    entry.may_rest = true;
    if (entry.key == key && r->qty <= w->order[handle].qty) {
        w->order[handle].qty = r->qty;
        emit_accepted(w, r->price, r->qty);
        return;
    }
    if (entry.tif == 'P' && crosses(w, &entry)) {
        emit_rejected(w, K_WOULD_CROSS);
        return;
    }
    /* Capacity counts as if the order had left. */
    alone = w->order[handle].younger == handle;
    if (levels_full(w, alone ? 1 : 0) &&
        ((alone && entry.key == key) || !level_find(w, entry.side, entry.key).found)) {
        emit_rejected(w, K_CAPACITY);
        return;
    }
    order_leave(w, handle);
    enter(w, &entry, handle);
}

K_FN void process_quote(K_OWN struct k_worker *w, K_OWN const struct k_request *r)
{
    u32 side = r->side == 'S' ? 1u : 0u, key = key_of(side, r->price);
    struct k_place place;

    if (r->qty != 0u && best_of(w, side ^ 1u) >= limit_of(key)) {
        emit_rejected(w, K_WOULD_CROSS);
        return;
    }
    place = level_find(w, side, key);
    if (place.found && r->qty == 0u) {
        level_erase(w, side, place.chunk, place.at);
    } else if (place.found) {
        w->chunk[place.chunk].level[place.at].value = r->qty;
    } else if (r->qty != 0u && levels_full(w, 0)) {
        emit_rejected(w, K_CAPACITY);
        return;
    } else if (r->qty != 0u) {
        level_insert(w, side, place, key, r->qty);
    }
    emit_accepted(w, r->price, r->qty);
}

/* ---- requests ------------------------------------------------------------------- */

K_FN bool codes_ok(K_OWN const struct k_request *r, bool l3)
{
    bool takes = r->tif == 'I' || r->tif == 'F';

    if (r->op == 'Q') {
        return !l3 && (r->side == 'B' || r->side == 'S');
    }
    if (r->op == 'C' || r->op == 'R') {
        return l3;
    }
    if (r->op != 'N' || (r->side != 'B' && r->side != 'S')) {
        return false;
    }
    if (r->type == 'M') {
        return takes || r->tif == 'D';
    }
    return r->type == 'L' && (takes || (l3 && (r->tif == 'D' || r->tif == 'P')));
}

/* The checks of rule 8 that need no book, in their order. */
K_FN u32 refusal(K_OWN const struct k_request *r, bool l3)
{
    if (r->op != 'Q' && r->order == 0u) {
        return K_BAD_ORDER;
    }
    if (r->op != 'Q' && r->op != 'C' && r->qty == 0u) {
        return K_BAD_QTY;
    }
    if (r->op != 'C' && r->op != 'Q' && r->op != 'R' && r->type == 'M') {
        if (r->price != 0u) {
            return K_BAD_PRICE;
        }
    } else if (r->op != 'C' && (r->price == 0u || r->price > K_PRICE_MAX)) {
        return K_BAD_PRICE;
    }
    return codes_ok(r, l3) ? 0u : K_BAD_TYPE;
}

K_FN void process(K_OWN struct k_worker *w, K_OWN const struct k_request *r)
{
    u32 reason = w->number >= w->setup.markets ? K_BAD_MARKET : refusal(r, w->l3);

    w->id = r->op == 'Q' ? 0u : r->order;
    if (reason != 0u) {
        emit_rejected(w, reason);
    } else if (r->op == 'N') {
        process_new(w, r);
    } else if (r->op == 'C') {
        process_cancel(w, r);
    } else if (r->op == 'R') {
        process_replace(w, r);
    } else {
        process_quote(w, r);
    }
}

/* A market out of range has no record: what is folded there is forgotten. */
K_FN void market_load(K_OWN struct k_worker *w, u32 number)
{
    w->number = number;
    w->l3 = number < w->setup.l3_markets;
    if (number < w->setup.markets) {
        w->m = w->market[number];
    } else {
        w->m.digest = 0u;
    }
}

K_FN void market_store(K_OWN const struct k_worker *w)
{
    if (w->number < w->setup.markets) {
        w->market[w->number] = w->m;
    }
}

/* Requests of a run wait for each other, what they look for need not: each comes a step nearer
 * while those before it are at work, first itself, then its bucket of the index, then its order.
 * Nothing is kept meanwhile, since registers decide how many runs go side by side. */
K_FN void look_ahead(K_OWN const struct k_worker *w, K_DEV const struct k_request *requests,
                     K_DEV const u32 *sorted, u32 at, u32 to)
{
#ifdef K_SOON
    if (at + 3u < to) {
        K_SOON(&requests[sorted[at + 3u]]);
    }
    if (at + 2u < to) {
        K_SOON(index_first(w, index_hash(w->number, requests[sorted[at + 2u]].order)));
    }
    if (at + 1u < to) {
        u64 hash = index_hash(w->number, requests[sorted[at + 1u]].order);
        K_DEV k_au32 *words = index_first(w, hash);

        for (u32 i = 0u; i < K_BUCKET_ENTRIES; i++) {
            if (K_LOAD(&words[K_BUCKET_TAG + i]) == (u32)hash) {
                K_SOON(&w->order[K_LOAD(&words[K_BUCKET_HANDLE + i])]);
            }
        }
    }
#else
    (void)w, (void)requests, (void)sorted, (void)at, (void)to;
#endif
}

K_FN void run_process(K_OWN struct k_worker *w, K_DEV const struct k_request *requests,
                      K_DEV const u32 *sorted, u32 from, u32 to)
{
    for (u32 at = from; at < to; at++) {
        u32 number = w->batch.sequential ? at : sorted[at];
        struct k_request r = requests[number];

        if (at == from || r.market != w->number) {
            if (at != from) {
                market_store(w);
            }
            market_load(w, r.market);
        }
        if (w->l3 && !w->batch.sequential) {
            look_ahead(w, requests, sorted, at, to);
        }
        w->request = number;
        w->events = 0u;
        process(w, &r);
        if (w->events > 0u) {
            w->first[number].order = w->id;
            w->first[number].maker = w->first_maker;
            w->first[number].price = w->first_price;
            w->first[number].qty = w->first_qty;
            w->first[number].code = w->first_code;
        }
        w->first[number].request = w->events; /* how many, until they have their places */
    }
    if (from < to) {
        market_store(w);
    }
}

K_KERNEL match_runs(K_CBUF(struct k_request, requests, 0), K_CBUF(u32, sorted, 1),
                    K_CBUF(u32, run, 2), K_CBUF(u32, run_start, 3),
                    K_BUF(struct k_market, market, 4), K_BUF(struct k_order, order, 5),
                    K_BUF(struct k_chunk, chunk, 6), K_BUF(k_au32, index, 7),
                    K_BUF(u32, order_ring, 8), K_BUF(u32, chunk_ring, 9),
                    K_BUF(k_au32, counter, 10), K_BUF(struct k_event, first, 11),
                    K_BUF(struct k_event, more, 12), K_VAL(struct k_setup, setup, 13),
                    K_VAL(struct k_batch, batch, 14) K_IDS)
{
    K_SHARED(k_au32, made, 2);
    u32 runs = batch.sequential ? 1u : K_LOAD(&counter[K_RUNS]);
    struct k_worker w;

    if (K_LID == 0u) {
        K_TG_STORE(&made[0], 0u);
        K_TG_STORE(&made[1], 0u);
    }
    K_BARRIER();
    if (K_GID < runs) {
        w.market = market;
        w.order = order;
        w.chunk = chunk;
        w.index = index;
        w.order_ring = order_ring;
        w.chunk_ring = chunk_ring;
        w.counter = counter;
        w.first = first;
        w.more = more;
        w.setup = setup;
        w.batch = batch;
        w.orders_made = 0;
        w.levels_made = 0;
        if (batch.sequential) {
            run_process(&w, requests, sorted, 0u, batch.count);
        } else {
            run_process(&w, requests, sorted, run_start[run[K_GID]], run_start[run[K_GID] + 1u]);
        }
        K_TG_ADD(&made[0], (u32)w.orders_made);
        K_TG_ADD(&made[1], (u32)w.levels_made);
    }
    K_BARRIER();
    if (K_LID == 0u) {
        K_ADD(&counter[K_ORDERS_LIVE], K_TG_LOAD(&made[0]));
        K_ADD(&counter[K_LEVELS_LIVE], K_TG_LOAD(&made[1]));
    }
}

#endif
