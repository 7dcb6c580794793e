/*
 * order_index.c - how large is the index of orders, and does it still keep its promises?
 *
 * Creation and the check that tests use; what matching needs is inline in order_index.h.
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

const char *eut_index_check(const struct eut_order_index *index, const struct eut_order *orders,
                            uint64_t live)
{
    uint64_t entries = 0;

    for (uint64_t at = 0; at < index->buckets; at++) {
        for (unsigned i = 0; i < INDEX_ENTRIES; i++) {
            const struct eut_index_bucket *bucket = &index->bucket[at];
            const struct eut_order *o = &orders[bucket->handle[i]];
            struct eut_index_place place;
            uint64_t hash;

            if (bucket->tag[i] == 0) {
                continue;
            }
            hash = index_hash(index, order_market(o), o->id);
            if (index_find(index, orders, hash, order_market(o), o->id, &place) !=
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
