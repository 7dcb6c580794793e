/*
 * kernel_book.h - a market's book in device memory: pools, index, levels, queues. Where is what,
 * and how does it come and go? It knows nothing of requests, events or rules.
 *
 * One work item owns a market while a batch lasts, so only pools and index are shared, and those by
 * atomics of 32 bits. A market's own record is kept in registers meanwhile.
 */
#ifndef KERNEL_BOOK_H
#define KERNEL_BOOK_H

#include "engine-under-test/device/kernel_layout.h"

/* A work item at work. */
struct k_worker {
    K_DEV struct k_market *market;
    K_DEV struct k_order *order;
    K_DEV struct k_chunk *chunk;
    K_DEV k_au32 *index;
    K_DEV u32 *order_ring;
    K_DEV u32 *chunk_ring;
    K_DEV k_au32 *counter;
    K_DEV struct k_event *first; /* of each request */
    K_DEV struct k_event *more;
    struct k_setup setup;
    struct k_batch batch;
    i32 orders_made, levels_made; /* came to live less ceased, by this work item */

    u32 number; /* the market at hand */
    bool l3;
    struct k_market m;

    u32 request; /* the request at hand, and its events so far */
    u32 events;
    u64 id; /* the order that events name */
    u32 first_price, first_qty, first_code;
    u64 first_maker;
};

/* Where a level is, or would be. */
struct k_place {
    u32 chunk, at;
    bool found;
};

/* ---- the market's record --------------------------------------------------------- */

/* By choice, not by place: an array that is indexed while it is used lies in memory, and the record
 * is to lie in registers. */
K_FN u32 best_of(K_OWN const struct k_worker *w, u32 side)
{
    u32 bid = w->m.best[0], ask = w->m.best[1];

    return side ? ask : bid;
}

K_FN u32 first_of(K_OWN const struct k_worker *w, u32 side)
{
    u32 bid = w->m.first[0], ask = w->m.first[1];

    return side ? ask : bid;
}

K_FN void best_set(K_OWN struct k_worker *w, u32 side, u32 key)
{
    w->m.best[0] = side ? w->m.best[0] : key;
    w->m.best[1] = side ? key : w->m.best[1];
}

K_FN void first_set(K_OWN struct k_worker *w, u32 side, u32 chunk)
{
    w->m.first[0] = side ? w->m.first[0] : chunk;
    w->m.first[1] = side ? chunk : w->m.first[1];
}

/* ---- pools ---------------------------------------------------------------------- */

K_FN u32 ring_take(K_DEV u32 *ring, K_DEV k_au32 *head, u32 cells)
{
    u32 at = K_ADD(head, 1u);

    return ring[at >= cells ? at - cells : at];
}

K_FN void ring_give(K_DEV u32 *ring, K_DEV k_au32 *tail, u32 cells, u32 handle)
{
    u32 at = K_ADD(tail, 1u);

    ring[at >= cells ? at - cells : at] = handle;
}

K_FN u32 order_take(K_OWN struct k_worker *w)
{
    u32 handle = w->m.spare;

    if (handle == 0u) {
        return ring_take(w->order_ring, &w->counter[K_ORDER_HEAD], w->setup.order_cells);
    }
    w->m.spare = w->order[handle].younger;
    w->m.spares--;
    return handle;
}

/* Its owner is wiped out so that whoever finds a tag like its own beside the handle, when another
 * market has it next, does not take the old order for its own. */
K_FN void order_give(K_OWN struct k_worker *w, u32 handle)
{
    w->order[handle].owner = 0u;
    if (w->m.spares < w->setup.spares) {
        w->order[handle].younger = w->m.spare;
        w->m.spare = handle;
        w->m.spares++;
    } else {
        ring_give(w->order_ring, &w->counter[K_ORDER_TAIL], w->setup.order_cells, handle);
    }
}

/* ---- index ---------------------------------------------------------------------- */

K_FN u64 index_hash(u32 market, u64 id)
{
    u64 h = id + ((u64)market + 1u) * 0x9E3779B97F4A7C15u;

    h = (h ^ (h >> 32)) * 0xD6E8FEB86659FD93u;
    h = (h ^ (h >> 29)) * 0xBF58476D1CE4E5B9u;
    return h ^ (h >> 32);
}

K_FN u32 index_bucket(K_OWN const struct k_worker *w, u64 hash)
{
    return (u32)(((hash >> 32) * w->setup.buckets) >> 32);
}

K_FN u32 index_next(K_OWN const struct k_worker *w, u32 bucket)
{
    return bucket + 1u == w->setup.buckets ? 0u : bucket + 1u;
}

K_FN K_DEV k_au32 *index_first(K_OWN const struct k_worker *w, u64 hash)
{
    return w->index + (u64)index_bucket(w, hash) * K_BUCKET_WORDS;
}

/* The market's live order of this id, or 0. Others' entries may come and go meanwhile; none of them
 * can look like one of this market. */
K_FN u32 index_find(K_OWN const struct k_worker *w, u64 id)
{
    u64 hash = index_hash(w->number, id);
    u32 bucket = index_bucket(w, hash);

    for (;;) {
        K_DEV k_au32 *words = w->index + (u64)bucket * K_BUCKET_WORDS;

        for (u32 i = 0u; i < K_BUCKET_ENTRIES; i++) {
            if (K_LOAD(&words[K_BUCKET_TAG + i]) == (u32)hash) {
                u32 handle = K_LOAD(&words[K_BUCKET_HANDLE + i]);

                if (handle != 0u && w->order[handle].id == id &&
                    (w->order[handle].owner & K_OWNER_MARKET) == w->number + 1u) {
                    return handle;
                }
            }
        }
        if (K_LOAD(&words[K_BUCKET_PAST]) == 0u) {
            return 0u;
        }
        bucket = index_next(w, bucket);
    }
}

K_FN void index_add(K_OWN const struct k_worker *w, u64 id, u32 handle)
{
    u64 hash = index_hash(w->number, id);
    u32 bucket = index_bucket(w, hash);

    for (;;) {
        K_DEV k_au32 *words = w->index + (u64)bucket * K_BUCKET_WORDS;

        for (u32 i = 0u; i < K_BUCKET_ENTRIES; i++) {
            if (K_LOAD(&words[K_BUCKET_HANDLE + i]) == 0u &&
                K_TAKE(&words[K_BUCKET_HANDLE + i], 0u, handle)) {
                K_STORE(&words[K_BUCKET_TAG + i], (u32)hash);
                return;
            }
        }
        K_ADD(&words[K_BUCKET_PAST], 1u);
        bucket = index_next(w, bucket);
    }
}

K_FN void index_erase(K_OWN const struct k_worker *w, u64 id, u32 handle)
{
    u32 bucket = index_bucket(w, index_hash(w->number, id));

    for (;;) {
        K_DEV k_au32 *words = w->index + (u64)bucket * K_BUCKET_WORDS;

        for (u32 i = 0u; i < K_BUCKET_ENTRIES; i++) {
            if (K_LOAD(&words[K_BUCKET_HANDLE + i]) == handle) {
                K_STORE(&words[K_BUCKET_HANDLE + i], 0u);
                return;
            }
        }
        K_ADD(&words[K_BUCKET_PAST], 0xFFFFFFFFu);
        bucket = index_next(w, bucket);
    }
}

/* ---- levels --------------------------------------------------------------------- */

K_FN struct k_place level_find(K_OWN const struct k_worker *w, u32 side, u32 key)
{
    struct k_place place = {0u, 0u, false};
    u32 c = first_of(w, side), at;

    if (best_of(w, side) == 0u) {
        return place;
    }
    while (w->chunk[c].level[0].key > key && w->chunk[c].worse != 0u) {
        c = w->chunk[c].worse;
    }
    at = w->chunk[c].count;
    while (at > 0u && w->chunk[c].level[at - 1u].key > key) {
        at--;
    }
    place.chunk = c;
    place.found = at > 0u && w->chunk[c].level[at - 1u].key == key;
    place.at = place.found ? at - 1u : at;
    return place;
}

K_FN u32 chunk_take(K_OWN struct k_worker *w)
{
    return ring_take(w->chunk_ring, &w->counter[K_CHUNK_HEAD], w->setup.chunk_cells);
}

/* An empty one on the worse side of `better`, or, if that is 0, before the side's first. */
K_FN u32 chunk_insert(K_OWN struct k_worker *w, u32 side, u32 better)
{
    u32 c = chunk_take(w);
    u32 worse = better ? w->chunk[better].worse : best_of(w, side) ? first_of(w, side) : 0u;

    w->chunk[c].better = better;
    w->chunk[c].worse = worse;
    w->chunk[c].count = 0u;
    if (worse) {
        w->chunk[worse].better = c;
    }
    if (better) {
        w->chunk[better].worse = c;
    } else {
        first_set(w, side, c);
    }
    return c;
}

K_FN void chunk_remove(K_OWN struct k_worker *w, u32 side, u32 c)
{
    u32 better = w->chunk[c].better, worse = w->chunk[c].worse;

    if (worse) {
        w->chunk[worse].better = better;
    }
    if (better) {
        w->chunk[better].worse = worse;
    } else {
        first_set(w, side, worse);
    }
    ring_give(w->chunk_ring, &w->counter[K_CHUNK_TAIL], w->setup.chunk_cells, c);
}

/* Room for one more in a full chunk: a new first or last one for what goes beyond the end, else its
 * worse half moves out. */
K_FN void chunk_split(K_OWN struct k_worker *w, u32 side, K_OWN struct k_place *place)
{
    u32 c = place->chunk, moved = K_CHUNK_LEVELS / 2u, made;

    if (place->at == K_CHUNK_LEVELS && w->chunk[c].better == 0u) {
        place->chunk = chunk_insert(w, side, 0u);
        place->at = 0u;
        return;
    }
    made = chunk_insert(w, side, c);
    if (place->at == 0u) {
        place->chunk = made;
        return;
    }
    for (u32 i = 0u; i < moved; i++) {
        w->chunk[made].level[i] = w->chunk[c].level[i];
        w->chunk[c].level[i] = w->chunk[c].level[i + moved];
    }
    w->chunk[made].count = moved;
    w->chunk[c].count = moved;
    if (place->at <= moved) {
        place->chunk = made;
    } else {
        place->at -= moved;
    }
}

K_FN void level_insert(K_OWN struct k_worker *w, u32 side, struct k_place place, u32 key, u32 value)
{
    K_DEV struct k_chunk *chunk;

    if (best_of(w, side) == 0u) {
        place.chunk = chunk_insert(w, side, 0u);
        place.at = 0u;
    } else if (w->chunk[place.chunk].count == K_CHUNK_LEVELS) {
        chunk_split(w, side, &place);
    }
    chunk = &w->chunk[place.chunk];
    for (u32 i = chunk->count; i > place.at; i--) {
        chunk->level[i] = chunk->level[i - 1u];
    }
    chunk->level[place.at].key = key;
    chunk->level[place.at].value = value;
    chunk->count++;
    w->levels_made++;
    if (key > best_of(w, side)) {
        best_set(w, side, key);
    }
}

/* A chunk with few levels and a neighbour become one, so that two neighbours hold five levels or
 * more, whatever came and went, and the pool suffices for the limit. */
K_FN void chunk_merge(K_OWN struct k_worker *w, u32 side, u32 better, u32 worse)
{
    u32 more = w->chunk[better].count, count = w->chunk[worse].count;

    for (u32 i = 0u; i < more; i++) {
        w->chunk[worse].level[count + i] = w->chunk[better].level[i];
    }
    w->chunk[worse].count = count + more;
    chunk_remove(w, side, better);
}

K_FN void level_erase(K_OWN struct k_worker *w, u32 side, u32 c, u32 at)
{
    u32 count = w->chunk[c].count - 1u, better = w->chunk[c].better, worse = w->chunk[c].worse;

    for (u32 i = at; i < count; i++) {
        w->chunk[c].level[i] = w->chunk[c].level[i + 1u];
    }
    w->chunk[c].count = count;
    w->levels_made--;
    if (better == 0u && at == count) { /* the best one */
        if (count > 0u) {
            best_set(w, side, w->chunk[c].level[count - 1u].key);
        } else {
            best_set(w, side, worse ? w->chunk[worse].level[w->chunk[worse].count - 1u].key : 0u);
        }
    }
    if (count == 0u) {
        chunk_remove(w, side, c);
    } else if (count <= K_CHUNK_FEW) {
        if (worse && w->chunk[worse].count + count <= K_CHUNK_MERGED) {
            chunk_merge(w, side, c, worse);
        } else if (better && w->chunk[better].count + count <= K_CHUNK_MERGED) {
            chunk_merge(w, side, better, c);
        }
    }
}

/* ---- queues --------------------------------------------------------------------- */

K_FN u32 order_side(u32 order_key)
{
    return order_key & K_ORDER_ASK ? 1u : 0u;
}

/* The last of its level's queue; the level is made if it is not there. */
K_FN void order_join(K_OWN struct k_worker *w, u32 side, u32 key, u32 handle)
{
    struct k_place place = level_find(w, side, key);

    w->order[handle].key = key | (side ? K_ORDER_ASK : 0u);
    if (place.found) {
        u32 oldest = w->chunk[place.chunk].level[place.at].value;
        u32 youngest = w->order[oldest].older;

        w->order[handle].older = youngest;
        w->order[handle].younger = oldest;
        w->order[youngest].younger = handle;
        w->order[oldest].older = handle;
    } else {
        w->order[handle].older = handle;
        w->order[handle].younger = handle;
        w->order[handle].owner |= K_OWNER_OLDEST;
        level_insert(w, side, place, key, handle);
    }
}

/* Leaves its queue, and the level ceases if it was alone there. */
K_FN void order_leave(K_OWN struct k_worker *w, u32 handle)
{
    u32 older = w->order[handle].older, younger = w->order[handle].younger;
    u32 key = w->order[handle].key & ~K_ORDER_ASK, side = order_side(w->order[handle].key);
    struct k_place place;

    if (!(w->order[handle].owner & K_OWNER_OLDEST)) {
        w->order[older].younger = younger;
        w->order[younger].older = older;
        return;
    }
    place = level_find(w, side, key);
    if (younger == handle) {
        level_erase(w, side, place.chunk, place.at);
        return;
    }
    w->order[older].younger = younger;
    w->order[younger].older = older;
    w->order[younger].owner |= K_OWNER_OLDEST;
    w->order[handle].owner &= ~K_OWNER_OLDEST;
    w->chunk[place.chunk].level[place.at].value = younger;
}

#endif
