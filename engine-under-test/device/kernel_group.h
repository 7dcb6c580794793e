/*
 * kernel_group.h - from arrival order to runs of one market, and back to arrival order.
 *
 * How: a stable radix sort of (market, request), digit by digit, by counting in tiles of
 * K_GROUP * K_ITEMS items (Knuth, TAOCP 3, 5.2.5; as tiles: Zagha and Blelloch, 1991); the heads of
 * equal markets are counted off into runs; runs are sorted once more by the magnitude of their
 * length, longest first, so that work items that step together have as much to do each, and a hot
 * market begins before all others. Afterwards each request knows how many events it has: a scan in
 * arrival order gives them their places. No atomics, hence the same every time.
 */
#ifndef KERNEL_GROUP_H
#define KERNEL_GROUP_H

#include "engine-under-test/device/kernel_layout.h"

#ifndef K_GROUP
#define K_GROUP 1 /* work items of a group: on the host there is one, with a large tile */
#define K_ITEMS 4096
#define K_DIGIT_BITS 8
#endif
#define K_DIGITS (1 << K_DIGIT_BITS)
#define K_TILE ((u32)(K_GROUP) * (u32)(K_ITEMS))

/* Where a count lies in a group's memory: of 32 banks, which work items that step together must not
 * ask for the same one; on a processor there are none. */
#if K_GROUP < 32
#define K_CELL(i) (i)
#else
#define K_CELL(i) ((i) + ((i) >> 5))
#endif
#define K_CELLS (K_CELL(K_DIGITS * K_GROUP))

/* The sum of the values of the work items before this one; all of them meet here. */
K_FN u32 group_scan(K_TG u32 *cell, u32 lid, u32 value)
{
    cell[lid] = value;
    K_BARRIER();
    for (u32 reach = 1u; reach < (u32)K_GROUP; reach <<= 1) {
        u32 before = lid >= reach ? cell[lid - reach] : 0u;

        K_BARRIER();
        cell[lid] += before;
        K_BARRIER();
    }
    return cell[lid] - value;
}

K_FN u32 pass_count(K_OWN const struct k_pass *pass, K_DEV k_au32 *counter)
{
    return pass->count != 0u ? pass->count : K_LOAD(&counter[pass->counter]);
}

/* ---- sorting -------------------------------------------------------------------- */

/* Requests for markets out of range come last. */
K_KERNEL sort_keys(K_CBUF(struct k_request, requests, 0), K_BUF(u32, keys, 1), K_BUF(u32, items, 2),
                   K_VAL(struct k_setup, setup, 3), K_VAL(struct k_pass, given, 4) K_IDS)
{
    u32 i = K_GID;

    if (i < given.count) {
        u32 market = requests[i].market;

        keys[i] = market < setup.markets ? market : setup.markets;
        items[i] = i;
    }
}

/* How often each digit comes in each tile: one column of counts a work item. */
K_FN void tile_count(K_TG u32 *count, K_DEV const u32 *keys, u32 n, u32 from, u32 lid, u32 shift)
{
    for (u32 d = 0u; d < (u32)K_DIGITS; d++) {
        count[K_CELL(d * (u32)K_GROUP + lid)] = 0u;
    }
    for (u32 i = from; i < from + (u32)K_ITEMS && i < n; i++) {
        u32 d = (keys[i] >> shift) & ((u32)K_DIGITS - 1u);

        count[K_CELL(d * (u32)K_GROUP + lid)]++;
    }
}

K_KERNEL sort_count(K_CBUF(u32, keys, 0), K_BUF(u32, sums, 1), K_BUF(k_au32, counter, 2),
                    K_VAL(struct k_pass, given, 3) K_IDS)
{
    K_SHARED(u32, count, K_CELLS);
    struct k_pass pass = given;
    u32 n = pass_count(&pass, counter);

    tile_count(count, keys, n, (K_GRP * (u32)K_GROUP + K_LID) * (u32)K_ITEMS, K_LID, pass.shift);
    K_BARRIER();
    for (u32 d = K_LID; d < (u32)K_DIGITS; d += (u32)K_GROUP) {
        u32 sum = 0u;

        for (u32 i = 0u; i < (u32)K_GROUP; i++) { /* each begins elsewhere, see K_CELL */
            sum += count[K_CELL(d * (u32)K_GROUP + (i + d) % (u32)K_GROUP)];
        }
        sums[d * pass.tiles + K_GRP] = sum;
    }
}

/* The sum of the values of the tiles before each one, and behind them all their sum. */
K_FN u32 tiles_scan(K_TG u32 *cell, K_DEV u32 *sums, u32 n, u32 lid)
{
    u32 each = (n + (u32)K_GROUP - 1u) / (u32)K_GROUP, from = lid * each, sum = 0u;
    u32 to = from + each < n ? from + each : n, before;

    for (u32 i = from; i < to; i++) {
        sum += sums[i];
    }
    before = group_scan(cell, lid, sum);
    for (u32 i = from; i < to; i++) {
        u32 value = sums[i];

        sums[i] = before;
        before += value;
    }
    return cell[(u32)K_GROUP - 1u];
}

/* One group a digit; its sum goes behind those of all tiles. */
K_KERNEL sort_scan(K_BUF(u32, sums, 0), K_VAL(struct k_pass, given, 1) K_IDS)
{
    K_SHARED(u32, cell, K_GROUP);
    u32 total = tiles_scan(cell, sums + K_GRP * given.tiles, given.tiles, K_LID);

    if (K_LID == 0u) {
        sums[(u32)K_DIGITS * given.tiles + K_GRP] = total;
    }
}

/* The same of one value a tile; one group does all of them. */
K_KERNEL scan_sums(K_BUF(u32, sums, 0), K_BUF(k_au32, counter, 1),
                   K_VAL(struct k_pass, given, 2) K_IDS)
{
    K_SHARED(u32, cell, K_GROUP);
    u32 total = tiles_scan(cell, sums, given.count, K_LID);

    if (K_LID == 0u) {
        K_STORE(&counter[given.total], total);
    }
}

/* Where each digit begins. */
K_FN void digit_begins(K_TG u32 *cell, K_TG u32 *base, K_DEV const u32 *totals, u32 lid)
{
    u32 each = ((u32)K_DIGITS + (u32)K_GROUP - 1u) / (u32)K_GROUP, from = lid * each, sum = 0u;
    u32 to = from + each < (u32)K_DIGITS ? from + each : (u32)K_DIGITS, before;

    for (u32 d = from; d < to; d++) {
        sum += totals[d];
    }
    before = group_scan(cell, lid, sum);
    for (u32 d = from; d < to; d++) {
        base[d] = before;
        before += totals[d];
    }
    K_BARRIER();
}

K_KERNEL sort_scatter(K_CBUF(u32, keys, 0), K_CBUF(u32, items, 1), K_CBUF(u32, sums, 2),
                      K_BUF(u32, keys_out, 3), K_BUF(u32, items_out, 4), K_BUF(k_au32, counter, 5),
                      K_VAL(struct k_pass, given, 6) K_IDS)
{
    K_SHARED(u32, count, K_CELLS);
    K_SHARED(u32, cell, K_GROUP);
    K_SHARED(u32, base, K_DIGITS);
    struct k_pass pass = given;
    u32 n = pass_count(&pass, counter), lid = K_LID, before = 0u;
    u32 from = (K_GRP * (u32)K_GROUP + lid) * (u32)K_ITEMS;

    tile_count(count, keys, n, from, lid, pass.shift);
    digit_begins(cell, base, sums + (u32)K_DIGITS * pass.tiles, lid);
    for (u32 i = lid * (u32)K_DIGITS; i < (lid + 1u) * (u32)K_DIGITS; i++) {
        before += count[K_CELL(i)];
    }
    before = group_scan(cell, lid, before);
    for (u32 i = lid * (u32)K_DIGITS; i < (lid + 1u) * (u32)K_DIGITS; i++) {
        u32 value = count[K_CELL(i)];

        count[K_CELL(i)] = before;
        before += value;
    }
    K_BARRIER();
    for (u32 d = lid; d < (u32)K_DIGITS; d += (u32)K_GROUP) {
        base[d] += sums[d * pass.tiles + K_GRP] - count[K_CELL(d * (u32)K_GROUP)];
    }
    K_BARRIER();
    for (u32 i = from; i < from + (u32)K_ITEMS && i < n; i++) {
        u32 key = keys[i], d = (key >> pass.shift) & ((u32)K_DIGITS - 1u);
        u32 to = base[d] + count[K_CELL(d * (u32)K_GROUP + lid)]++;

        keys_out[to] = key;
        items_out[to] = items[i];
    }
}

/* ---- runs ----------------------------------------------------------------------- */

K_FN bool is_head(K_DEV const u32 *keys, u32 i)
{
    return i == 0u || keys[i] != keys[i - 1u];
}

K_KERNEL run_count(K_CBUF(u32, keys, 0), K_BUF(u32, sums, 1), K_VAL(struct k_pass, given, 2) K_IDS)
{
    K_SHARED(u32, cell, K_GROUP);
    u32 from = (K_GRP * (u32)K_GROUP + K_LID) * (u32)K_ITEMS, heads = 0u;

    for (u32 i = from; i < from + (u32)K_ITEMS && i < given.count; i++) {
        heads += is_head(keys, i) ? 1u : 0u;
    }
    (void)group_scan(cell, K_LID, heads);
    if (K_LID == (u32)K_GROUP - 1u) {
        sums[K_GRP] = cell[K_LID];
    }
}

K_KERNEL run_starts(K_CBUF(u32, keys, 0), K_CBUF(u32, sums, 1), K_BUF(u32, run_start, 2),
                    K_BUF(k_au32, counter, 3), K_VAL(struct k_pass, given, 4) K_IDS)
{
    K_SHARED(u32, cell, K_GROUP);
    u32 from = (K_GRP * (u32)K_GROUP + K_LID) * (u32)K_ITEMS, heads = 0u, run;

    for (u32 i = from; i < from + (u32)K_ITEMS && i < given.count; i++) {
        heads += is_head(keys, i) ? 1u : 0u;
    }
    run = sums[K_GRP] + group_scan(cell, K_LID, heads);
    for (u32 i = from; i < from + (u32)K_ITEMS && i < given.count; i++) {
        if (is_head(keys, i)) {
            run_start[run++] = i;
        }
    }
    if (K_GID == 0u) {
        run_start[K_LOAD(&counter[K_RUNS])] = given.count;
    }
}

/* The key of a run: 0 for the longest, one more for each halving; sorted by one pass of the above.
 */
K_KERNEL run_keys(K_CBUF(u32, run_start, 0), K_BUF(u32, keys, 1), K_BUF(u32, items, 2),
                  K_BUF(k_au32, counter, 3), K_VAL(struct k_pass, given, 4) K_IDS)
{
    u32 i = K_GID;

    if (i < given.count && i < K_LOAD(&counter[K_RUNS])) {
        u32 length = run_start[i + 1u] - run_start[i], key = (u32)K_DIGITS - 1u;

        if (key > 31u) {
            key = 31u;
        }
        while (length > 1u && key > 0u) {
            length >>= 1;
            key--;
        }
        keys[i] = key;
        items[i] = i;
    }
}

/* ---- events --------------------------------------------------------------------- */

K_KERNEL event_count(K_CBUF(struct k_event, first, 0), K_BUF(u32, sums, 1),
                     K_VAL(struct k_pass, given, 2) K_IDS)
{
    K_SHARED(u32, cell, K_GROUP);
    u32 from = (K_GRP * (u32)K_GROUP + K_LID) * (u32)K_ITEMS, events = 0u;

    for (u32 i = from; i < from + (u32)K_ITEMS && i < given.count; i++) {
        events += first[i].request;
    }
    (void)group_scan(cell, K_LID, events);
    if (K_LID == (u32)K_GROUP - 1u) {
        sums[K_GRP] = cell[K_LID];
    }
}

/* The first events to their places, as far as they fall into the window; all places are kept. */
K_KERNEL event_first(K_CBUF(struct k_event, first, 0), K_CBUF(u32, sums, 1), K_BUF(u32, place, 2),
                     K_BUF(struct k_event, events, 3), K_VAL(struct k_pass, given, 4) K_IDS)
{
    K_SHARED(u32, cell, K_GROUP);
    u32 from = (K_GRP * (u32)K_GROUP + K_LID) * (u32)K_ITEMS, sum = 0u, at;

    for (u32 i = from; i < from + (u32)K_ITEMS && i < given.count; i++) {
        sum += first[i].request;
    }
    at = sums[K_GRP] + group_scan(cell, K_LID, sum);
    for (u32 i = from; i < from + (u32)K_ITEMS && i < given.count; i++) {
        struct k_event event = first[i];

        place[i] = at;
        if (event.request != 0u && at >= given.from && at - given.from < given.room) {
            u32 count = event.request;

            event.request = given.base + i;
            events[at - given.from] = event;
            at += count;
        } else {
            at += event.request;
        }
    }
}

/* The others behind them. They carry their number within their request for an order. Each of
 * given.count work items takes every given.count-th; more are launched, to fill their group. */
K_KERNEL event_more(K_CBUF(struct k_event, first, 0), K_CBUF(struct k_event, more, 1),
                    K_CBUF(u32, place, 2), K_BUF(struct k_event, events, 3),
                    K_BUF(k_au32, counter, 4), K_VAL(struct k_pass, given, 5) K_IDS)
{
    u32 count = K_GID < given.count ? K_LOAD(&counter[K_MORE]) : 0u;

    for (u32 i = K_GID; i < count; i += given.count) {
        struct k_event event = more[i];
        u32 at = place[event.request] + (u32)event.order;

        if (at >= given.from && at - given.from < given.room) {
            event.order = first[event.request].order;
            event.request += given.base;
            events[at - given.from] = event;
        }
    }
}

/* ---- the engine's life ---------------------------------------------------------- */

/* All handles of a pool are free at first. */
K_KERNEL ring_fill(K_BUF(u32, ring, 0), K_VAL(struct k_pass, given, 1) K_IDS)
{
    if (K_GID < given.count) {
        ring[K_GID] = K_GID + 1u;
    }
}

/* Before a batch: rings go round, and the batch has no events yet. */
K_KERNEL batch_begin(K_BUF(k_au32, counter, 0), K_VAL(struct k_setup, setup, 1) K_IDS)
{
    if (K_GID == 0u) {
        if (K_LOAD(&counter[K_ORDER_HEAD]) >= setup.order_cells) {
            K_ADD(&counter[K_ORDER_HEAD], 0u - setup.order_cells);
            K_ADD(&counter[K_ORDER_TAIL], 0u - setup.order_cells);
        }
        if (K_LOAD(&counter[K_CHUNK_HEAD]) >= setup.chunk_cells) {
            K_ADD(&counter[K_CHUNK_HEAD], 0u - setup.chunk_cells);
            K_ADD(&counter[K_CHUNK_TAIL], 0u - setup.chunk_cells);
        }
        K_STORE(&counter[K_MORE], 0u);
    }
}

/* After it: what the host is to know. */
K_KERNEL batch_end(K_BUF(k_au32, counter, 0), K_BUF(u32, report, 1) K_IDS)
{
    if (K_GID < K_COUNTERS) {
        report[K_GID] = K_LOAD(&counter[K_GID]);
    }
}

K_FN u64 digest_finish(u64 d)
{
    d ^= d >> 33;
    d *= 0xC4CEB9FE1A85EC53u;
    return d ^ (d >> 29);
}

/* Each work item adds up every given.count-th market. */
K_KERNEL digest_sum(K_CBUF(struct k_market, market, 0), K_BUF(u64, sums, 1),
                    K_VAL(struct k_setup, setup, 2), K_VAL(struct k_pass, given, 3) K_IDS)
{
    u64 sum = 0u;

    if (K_GID >= given.count) {
        return;
    }
    for (u32 i = K_GID; i < setup.markets; i += given.count) {
        u64 d = market[i].digest;

        if (d != 0u) {
            sum += digest_finish(d ^ i) - digest_finish(i);
        }
    }
    sums[K_GID] = sum;
}

/* The next resting orders (L2: levels) of market `base`, as many as fit, behind a first record
 * whose `order` is how many they are; its other fields are where the next call goes on, from 0 the
 * first does. */
K_KERNEL book_walk(K_CBUF(struct k_market, market, 0), K_CBUF(struct k_order, order, 1),
                   K_CBUF(struct k_chunk, chunk, 2), K_BUF(struct k_resting, resting, 3),
                   K_VAL(struct k_setup, setup, 4), K_VAL(struct k_pass, given, 5) K_IDS)
{
    struct k_resting walk, found;
    u32 c, at, next;

    if (K_GID != 0u) {
        return;
    }
    walk = resting[0];
    walk.side = given.from ? walk.side : 0u;
    c = given.from ? walk.account : market[given.base].best[0] ? market[given.base].first[0] : 0u;
    at = given.from ? walk.price : chunk[c].count;
    next = given.from ? walk.qty : 0u;
    walk.order = 0u;
    while (walk.order < given.room && (c != 0u || walk.side == 0u)) {
        u32 value;

        if (c == 0u || at == 0u) {
            walk.side += c == 0u ? 1u : 0u;
            c = c ? chunk[c].worse : market[given.base].best[1] ? market[given.base].first[1] : 0u;
            at = chunk[c].count;
            continue;
        }
        value = chunk[c].level[at - 1u].value;
        found.order = 0u;
        found.account = 0u;
        found.price = chunk[c].level[at - 1u].key;
        found.price = walk.side ? K_KEY_SPAN - found.price : found.price;
        found.qty = value;
        found.side = walk.side;
        if (given.base < setup.l3_markets) {
            next = next ? next : value;
            found.order = order[next].id;
            found.account = order[next].account;
            found.qty = order[next].qty;
            next = order[next].younger == value ? 0u : order[next].younger;
        }
        at -= next ? 0u : 1u;
        walk.order++;
        resting[walk.order] = found;
    }
    walk.account = c;
    walk.price = at;
    walk.qty = next;
    resting[0] = walk;
}

#endif
