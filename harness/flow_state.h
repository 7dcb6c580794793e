/*
 * flow_state.h - what the flow generator remembers of each market (private to flow*.c).
 *
 * No order book: per L3 market a fixed number of *slots* a side, each an order that rests or was
 * sent, and a ring of counts, how many of them stand at each price (modulo the ring's size), from
 * which the best price is known in a step or two. A slot's number and generation make its order id
 * by an invertible mix, so that a maker's id in a trade leads back to its slot without a search.
 * Per L2 market: the price of each level that was quoted.
 *
 * A market is one block of memory:
 *
 *   L3: struct hr_flow_market, u64 used[2][words], u64 ready[2][words], u32 ring[2][ring],
 *       struct hr_flow_slot slots[2][per_side]
 *
 *   L2: struct hr_flow_market, u32 price[2][l2_levels]
 *
 * and, if every market draws from streams of its own, these behind it.
 *
 * Claims: a passive order counts in the ring from the moment it is sent, so that requests sent in
 * the same batch know of each other; what became of it puts that right. An order sent to trade
 * counts once it rests; one at a far end of the price range never.
 */
#ifndef HR_FLOW_STATE_H
#define HR_FLOW_STATE_H

#include "harness/distribution.h"
#include "harness/flow.h"
#include "harness/platform/platform.h"

struct hr_flow_market {
    uint32_t middle;
    uint32_t best[2];   /* best claimed price; bids 0 if none, asks UINT32_MAX */
    uint32_t used[2];   /* slots taken */
    uint32_t levels[2]; /* prices claimed */
    uint32_t takers;    /* ids given to takers that cannot rest */
};

/* Where a market's middle is on its way, when it swings. */
struct hr_flow_swing {
    int32_t reach;  /* ticks, at the far end; negative: down */
    uint32_t moved; /* requests since the start of this way out and back */
};

#define HR_SLOT_UNCLAIMED (1u << 31) /* in price: far from the middle, or sent to trade */
struct hr_flow_slot {
    uint32_t price;
    uint32_t qty; /* open, as far as known */
    uint32_t generation;
};

enum {
    HR_STREAM_MARKET = 1,
    HR_STREAM_MIX,
    HR_STREAM_PRICE,
    HR_STREAM_QTY,
    HR_STREAM_WALK,
    HR_STREAM_SLOT,
    HR_STREAM_COUNT
};

struct hr_flow {
    struct hr_flow_params params;
    struct hr_random shared[HR_STREAM_COUNT];
    struct hr_random *random;    /* drawn from now: the shared streams, or a market's own */
    uint32_t l3_first, l2_first; /* the markets whose blocks are the first of each kind */
    uint32_t l3, l2;             /* markets of each kind; the L3 ones come first */
    uint32_t per_side, words;    /* slots, and 64-bit words of a bitmap, a side */
    uint32_t ring;               /* a power of two */
    uint32_t batch;              /* at most this many in flight: few for few orders */
    uint32_t target;             /* resting orders an L3 market, a side */
    uint32_t lowest, highest;    /* between which the middle walks */
    uint32_t l2_levels;          /* a side of an L2 market */
    size_t ring_at, used_at, ready_at, slots_at, l3_bytes, l2_bytes;
    size_t l3_streams_at, l2_streams_at; /* with by_market */
    struct hr_region region;
    uint8_t *l3_blocks, *l2_blocks;
    struct hr_flow_swing *swings; /* one a market; NULL: no middle swings */
    /* chances, as parts of 2^32 */
    uint64_t keep_share, replace_share, ioc_share,
        fok_share; /* cumulated; the rest is market orders */
    uint64_t new_of_keep, post_of_new, crossing, taken, nudge, walk, taking;
    uint64_t steer; /* 2^32 * gain / target */
    struct hr_geometric qty;
    struct hr_nearness distance;
    struct hr_zipf zipf;
    uint32_t start[HR_FLOW_BATCH]; /* where in its side each request of a batch looks for a slot */
    uint32_t now;                  /* the request being made */
    uint64_t loaded, load_end;     /* counted over the load phase of all markets */
    bool steady;                   /* the first steady request was made */
    /* the request whose events are being seen */
    const struct eut_request *seen_batch;
    uint32_t seen_request;
    uint64_t seen_traded;
    struct hr_flow_counts counts;
};

static inline struct hr_flow_market *hr_flow_market(const struct hr_flow *f, uint32_t market)
{
    return (void *)(market < f->l3 ? f->l3_blocks + (market - f->l3_first) * f->l3_bytes
                                   : f->l2_blocks + (market - f->l2_first) * f->l2_bytes);
}

/* A market's own streams (by_market). */
static inline struct hr_random *hr_flow_streams(const struct hr_flow *f, uint32_t market)
{
    return (struct hr_random *)(void *)((uint8_t *)hr_flow_market(f, market) +
                                        (market < f->l3 ? f->l3_streams_at : f->l2_streams_at));
}

static inline uint32_t *hr_flow_ring(const struct hr_flow *f, struct hr_flow_market *m,
                                     unsigned side)
{
    return (uint32_t *)(void *)((uint8_t *)m + f->ring_at) + (size_t)side * f->ring;
}

static inline uint64_t *hr_flow_used(const struct hr_flow *f, struct hr_flow_market *m,
                                     unsigned side)
{
    return (uint64_t *)(void *)((uint8_t *)m + f->used_at) + (size_t)side * f->words;
}

static inline uint64_t *hr_flow_ready(const struct hr_flow *f, struct hr_flow_market *m,
                                      unsigned side)
{
    return (uint64_t *)(void *)((uint8_t *)m + f->ready_at) + (size_t)side * f->words;
}

static inline struct hr_flow_slot *hr_flow_slots(const struct hr_flow *f, struct hr_flow_market *m,
                                                 unsigned side)
{
    return (struct hr_flow_slot *)(void *)((uint8_t *)m + f->slots_at) + (size_t)side * f->per_side;
}

static inline uint32_t *hr_flow_l2_prices(struct hr_flow_market *m)
{
    return (uint32_t *)(m + 1);
}

/* Bijections on 64 bits, each the other's inverse: multiply by an odd number, fold the top down. */
#define HR_MIX_1 0xBF58476D1CE4E5B9u
#define HR_MIX_2 0x94D049BB133111EBu
#define HR_UNMIX_1 0x96DE1B173F119089u
#define HR_UNMIX_2 0x319642B2D24D8EC3u

static inline uint64_t hr_flow_mix(uint64_t x)
{
    x = (x ^ (x >> 32)) * HR_MIX_1;
    x = (x ^ (x >> 32)) * HR_MIX_2;
    return x ^ (x >> 32);
}

static inline uint64_t hr_flow_unmix(uint64_t x)
{
    x = (x ^ (x >> 32)) * HR_UNMIX_2;
    x = (x ^ (x >> 32)) * HR_UNMIX_1;
    return x ^ (x >> 32);
}

/* An id from slot and generation, never 0 (callers pass over a generation that gives 0). Numbers
 * from 2 * per_side on belong to takers. */
static inline uint64_t hr_flow_id(const struct hr_flow *f, uint32_t market, uint32_t slot,
                                  uint32_t generation)
{
    if (f->params.ids == HR_IDS_DENSE) {
        return (uint64_t)slot + 1;
    }
    return hr_flow_mix((((uint64_t)generation << 32) | slot) + market * 0x9E3779B97F4A7C15u);
}

/* Puts a claim to rest at `price` into a market's ring. */
void hr_flow_claim(const struct hr_flow *f, struct hr_flow_market *m, unsigned side,
                   uint32_t price);

#endif
