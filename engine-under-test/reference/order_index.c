/*
 * order_index.c - how large is the index of orders, and does it still keep its promises?
 *
 * Creation, the check that tests use, and the rare entries that are not in their home bucket; what
 * matching needs nearly always is inline in order_index.h.
 */
#include "engine-under-test/reference/order_index.h"

#include <errno.h>

int eut_index_open(struct eut_order_index *index, uint64_t orders_max)
{
    int rc;

    memset(index, 0, sizeof(*index));
    index->buckets = orders_max / 8 + 2;
    if (index->buckets > UINT32_MAX) {
        return -ENOTSUP;
    }
    rc = eut_lazy_map(&index->memory, index->buckets * sizeof(*index->bucket));
    if (rc) {
        return rc;
    }
    index->bucket = index->memory.at;
    eut_secret_fill(index->secret, 2);
    return 0;
}

void eut_index_close(struct eut_order_index *index)
{
    eut_lazy_unmap(&index->memory);
}

static uint32_t bucket_after(const struct eut_order_index *index, uint32_t at)
{
    return at + 1 < index->buckets ? at + 1 : 0;
}

struct eut_index_place eut_index_find_further(const struct eut_order_index *index,
                                              const struct eut_order *orders, uint64_t key,
                                              uint32_t market, uint64_t id)
{
    uint32_t at = index_home(key);

    do {
        at = bucket_after(index, at);
        const struct eut_index_bucket *bucket = &index->bucket[at];

        for (uint32_t bits = index_match(bucket, index_tag(key)); bits; bits &= bits - 1) {
            uint32_t entry = (uint32_t)__builtin_ctz(bits), handle = bucket->handle[entry];

            if (orders[handle].id == id && order_market(&orders[handle]) == market) {
                return (struct eut_index_place){at, entry, handle};
            }
        }
        /* All the way round only if every count stands at its ceiling. */
    } while (index->bucket[at].passed != 0 && at != index_home(key));
    return (struct eut_index_place){0};
}

void eut_index_insert_further(struct eut_order_index *index, uint64_t key, uint32_t handle)
{
    uint32_t at = index_home(key), empty;

    while ((empty = index_match(&index->bucket[at], 0)) == 0) {
        struct eut_index_bucket *bucket = &index->bucket[at];

        bucket->passed = (uint16_t)(bucket->passed + (bucket->passed < INDEX_PASSED_MAX));
        at = bucket_after(index, at);
    }
    uint32_t entry = (uint32_t)__builtin_ctz(empty);

    index->bucket[at].tag[entry] = index_tag(key);
    index->bucket[at].handle[entry] = handle;
}

void eut_index_unpass(struct eut_order_index *index, uint64_t key, uint32_t to)
{
    for (uint32_t at = index_home(key); at != to; at = bucket_after(index, at)) {
        struct eut_index_bucket *bucket = &index->bucket[at];

        bucket->passed = (uint16_t)(bucket->passed - (bucket->passed < INDEX_PASSED_MAX));
    }
}

void eut_index_erase_further(struct eut_order_index *index, uint64_t key, uint32_t handle)
{
    for (uint32_t at = bucket_after(index, index_home(key));; at = bucket_after(index, at)) {
        for (uint32_t bits = index_match(&index->bucket[at], index_tag(key)); bits;
             bits &= bits - 1) {
            uint32_t entry = (uint32_t)__builtin_ctz(bits);

            if (index->bucket[at].handle[entry] == handle) {
                index_erase_at(index, key, (struct eut_index_place){at, entry, handle});
                return;
            }
        }
    }
}

const char *eut_index_check(const struct eut_order_index *index, const struct eut_order *orders,
                            uint64_t live)
{
    uint64_t entries = 0;

    for (uint64_t at = 0; at < index->buckets; at++) {
        for (unsigned i = 0; i < INDEX_ENTRIES; i++) {
            const struct eut_index_bucket *bucket = &index->bucket[at];
            const struct eut_order *o = &orders[bucket->handle[i]];
            uint64_t key;

            if (bucket->tag[i] == 0) {
                continue;
            }
            key = index_key(index, order_market(o), o->id);
            if (index_find(index, orders, key, order_market(o), o->id).handle !=
                bucket->handle[i]) {
                return "an entry cannot be found";
            }
            entries++;
        }
    }
    if (entries != live) {
        return "entries are not as many as live orders";
    }
    for (uint64_t at = 0; live == 0 && at < index->buckets; at++) {
        if (index->bucket[at].passed != 0) {
            return "an empty index still counts passed entries";
        }
    }
    return NULL;
}
