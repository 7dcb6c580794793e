/*
 * kernel_layout.h - what lies in device memory, as kernels and host see it.
 *
 * Handles are 32 bits into pools, 0 is none. A *key* is a price as its side ranks it: greater is
 * better, 1 … 2^31 - 1, a bid's is its price, an ask's 2^31 - price. So both sides share all code,
 * and an empty side's best key is 0, which no limit admits.
 */
#ifndef KERNEL_LAYOUT_H
#define KERNEL_LAYOUT_H

#include "engine-under-test/device/kernel_dialect.h"

#define K_KEY_SPAN 0x80000000u
#define K_SIDES 2u /* 0 bids, 1 asks */

/* As struct eut_request and struct eut_event of engine.h. */
struct K_ALIGN(16) k_request {
    u64 order;
    u32 market, account, price, qty;
    u8 op, side, type, tif;
    u32 reserved;
};
struct K_ALIGN(16) k_event {
    u64 order, maker;
    u32 price, qty, request;
    u32 code; /* kind, and reason times 256: little-endian, as all devices are */
};

/* All zeroes is an empty market. */
struct K_ALIGN(16) k_market {
    u64 digest;         /* xor the market's number */
    u32 best[K_SIDES];  /* key of the best level, 0: the side is empty */
    u32 first[K_SIDES]; /* its chunk */
    u32 spare, spares;  /* freed orders that this market keeps for itself, and how many */
};

/* The orders of a level are a ring, oldest to youngest and round; the level knows the oldest. */
struct K_ALIGN(16) k_order {
    u64 id;
    u32 owner; /* market + 1, with the flags below; 0: free */
    u32 account, qty;
    u32 key; /* and the side on top */
    u32 older, younger;
};
#define K_OWNER_POST 0x80000000u /* entered as post only */
#define K_OWNER_OLDEST                                                         \
    0x40000000u /* of its level: who is not leaves without a look at the level \
                 */
#define K_OWNER_MARKET 0x3FFFFFFFu
#define K_ORDER_ASK 0x80000000u

struct k_level {
    u32 key;
    u32 value; /* the oldest order; on L2 markets the total */
};

/* The levels of a side, in a list of chunks from best to worst; within one, worst first, so that
 * the best comes and goes at the end, and the header shares its sector with the worst, which is all
 * that a search reads of the chunks it passes. Two neighbours never have few levels both (see
 * chunk_merge). */
#define K_CHUNK_LEVELS 14u
#define K_CHUNK_FEW 3u
#define K_CHUNK_MERGED 11u /* at most in a merged one, so that it is not split again at once */
struct K_ALIGN(128) k_chunk {
    u32 better, worse, count, reserved;
    struct k_level level[K_CHUNK_LEVELS];
};

/* The index, from market and id to order: buckets of one sector. Words of a bucket: how many
 * entries went past it, then a tag and a handle for each of its entries. */
#define K_BUCKET_WORDS 8u
#define K_BUCKET_ENTRIES 3u
#define K_BUCKET_PAST 0u
#define K_BUCKET_TAG 1u
#define K_BUCKET_HANDLE 4u

/* Counters, one word each. A pool's free handles lie in a ring between head and tail. Within one
 * launch handles are taken at the head and given back at the tail, and those given back are not
 * taken again before the next, so the two never meet. */
#define K_RUNS 0u   /* of one market's requests in this batch */
#define K_EVENTS 1u /* of this batch */
#define K_MORE 2u   /* of them, those beyond the first of their request */
#define K_ORDERS_LIVE 3u
#define K_LEVELS_LIVE 4u
#define K_ORDER_HEAD 5u
#define K_ORDER_TAIL 6u
#define K_CHUNK_HEAD 7u
#define K_CHUNK_TAIL 8u
#define K_COUNTERS 16u

/* What does not change while an engine lives, and what does with the batch. */
struct k_setup {
    u32 markets, l3_markets;
    u32 buckets;
    u32 order_cells, chunk_cells; /* of the rings, twice as many as there are handles */
    u32 spares;                   /* freed orders that a market may keep */
    u32 more_max;                 /* events that fit behind the first ones */
};
struct k_batch {
    u32 count;       /* requests */
    u32 orders_room; /* how many may come to live, at most 2^30 */
    u32 levels_room;
    u32 sequential; /* all in arrival order by one work item: capacity may be met */
};

/* One pass of a sort or a scan. */
struct k_pass {
    u32 count; /* items, or, where this is 0, as many as the counter says */
    u32 counter;
    u32 tiles;      /* groups launched */
    u32 shift;      /* of the digit in the key */
    u32 total;      /* counter that takes the sum of a scan */
    u32 from, room; /* window of the events: the first one's number, how many fit */
    u32 base;       /* of request numbers */
};

struct k_resting {
    u64 order;
    u32 account, price, qty, side;
};

#endif
