/*
 * order_pool.h - resting orders: 32 bytes each, two a cache line, in a pool of handles.
 *
 * The orders of a level form a ring, oldest first: the level's word has the oldest, whose `prev` is
 * the youngest. So an order leaves the middle of any queue without a search and without
 * its level being touched. Free orders form a chain, last freed first taken: that line is warm.
 */
#ifndef EUT_ORDER_POOL_H
#define EUT_ORDER_POOL_H

#include "engine-under-test/reference/lazy_memory.h"

#include <stdint.h>

struct eut_order {
    uint64_t id;
    uint32_t market; /* and the two flags below */
    uint32_t account;
    uint32_t qty;        /* open */
    uint32_t key;        /* of its level: price of a bid, ~price of an ask */
    uint32_t prev, next; /* in its level's ring; next also chains free orders */
};
_Static_assert(sizeof(struct eut_order) == 32, "two orders a cache line");

#define ORDER_MARKET_MASK 0x3FFFFFFFu
#define ORDER_POST 0x40000000u  /* was entered post only */
#define ORDER_FIRST 0x80000000u /* is the oldest of its level */

struct eut_orders {
    struct eut_order *at; /* handle 0 is nobody */
    uint32_t free;
    uint32_t top; /* handles 1 … top have been handed out before */
    uint64_t live, max;
    struct eut_lazy memory;
};

static inline uint32_t order_market(const struct eut_order *o)
{
    return o->market & ORDER_MARKET_MASK;
}

/* There must be room: live < max. */
static inline uint32_t order_take(struct eut_orders *orders)
{
    uint32_t handle = orders->free;

    orders->live++;
    if (__builtin_expect(handle != 0, 1)) {
        orders->free = orders->at[handle].next;
        return handle;
    }
    return ++orders->top;
}

static inline void order_give(struct eut_orders *orders, uint32_t handle)
{
    orders->at[handle].next = orders->free;
    orders->free = handle;
    orders->live--;
}

#endif
