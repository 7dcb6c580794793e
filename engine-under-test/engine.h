/*
 * engine.h - the ABI between Headroom and a matching engine.
 *
 * An engine is a shared library (or a built-in) that exports ONE symbol,
 *
 *     const struct eut_engine *eut_engine_entry(void);
 *
 * and obeys the matching rules (RULES.md, beside this file).
 * `headroom conform -e ./my-engine.so` judges it; skeleton.c is a compiling start.
 *
 * This header is self-contained C11: copy it into your project. Nothing in it
 * allocates, and nothing in it changes without a new EUT_ABI_VERSION.
 *
 * Data: a batch of fixed-size requests goes in, fixed-size events come out through a
 * sink. All integers are in host byte order. Reserved fields are written as 0 and not read.
 *
 * Threads: one instance is used by one thread at a time. Instances share nothing, so
 * a host runs one instance a shard. create() and destroy() may be called on any thread.
 *
 * Errors: functions that return int return 0 or a negative errno. A *rejected request*
 * is not an error: it is an event.
 */
#ifndef EUT_ENGINE_H
#define EUT_ENGINE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define EUT_ABI_VERSION 1u

/* Prices are whole ticks in 1 … EUT_PRICE_MAX; quantities whole lots in 1 … UINT32_MAX. */
#define EUT_PRICE_MAX 2147483647u

/* ---- requests ------------------------------------------------------------------- */

enum eut_op {
    EUT_NEW = 'N',     /* market, account, order, side, type, tif, price, qty */
    EUT_CANCEL = 'C',  /* market, account, order */
    EUT_REPLACE = 'R', /* market, account, order, price, qty (qty is the new open quantity) */
    EUT_QUOTE = 'Q',   /* L2 markets: market, side, price, qty (the level's new total; 0 removes) */
};
enum eut_side { EUT_BUY = 'B', EUT_SELL = 'S' };
enum eut_type { EUT_LIMIT = 'L', EUT_MARKET = 'M' };
enum eut_tif { EUT_DAY = 'D', EUT_IOC = 'I', EUT_FOK = 'F', EUT_POST = 'P' };

/* One request: 32 bytes, also the record of Headroom's binary flow files (little-endian there).
 * Codes are the letters above; any other letter is the engine's to reject with EUT_BAD_TYPE. */
struct eut_request {
    uint64_t order;   /* chosen by the sender, not 0; unique among the market's live orders */
    uint32_t market;  /* 0 … markets - 1 */
    uint32_t account; /* 0 takes no part in self-trade prevention */
    uint32_t price;   /* ticks; 0 for a market order */
    uint32_t qty;     /* lots */
    uint8_t op, side, type, tif;
    uint32_t reserved;
};

/* ---- events --------------------------------------------------------------------- */

enum eut_kind {
    EUT_TRADE = 'T',     /* order = taker, maker, price = the maker's, qty traded */
    EUT_ACCEPTED = 'A',  /* order, price, qty = open quantity now resting */
    EUT_CANCELLED = 'X', /* order, qty that left untraded, reason */
    EUT_REJECTED = 'J',  /* order, reason; nothing changed */
};

enum eut_reason {
    EUT_NONE = 0,
    /* of EUT_CANCELLED */
    EUT_USER = 1,
    EUT_IOC_REST = 2,
    EUT_FOK_KILL = 3,
    EUT_STP = 4,
    /* of EUT_REJECTED, in the order in which they are checked */
    EUT_BAD_MARKET = 16,
    EUT_BAD_ORDER = 17,
    EUT_BAD_QTY = 18,
    EUT_BAD_PRICE = 19,
    EUT_BAD_TYPE = 20,
    EUT_DUPLICATE = 21,
    EUT_UNKNOWN_ORDER = 22,
    EUT_WOULD_CROSS = 23,
    EUT_CAPACITY = 24,
};

/* One event: 32 bytes. Fields that its kind does not name above are 0.
 * The market is that of the request: requests[event.request].market. */
struct eut_event {
    uint64_t order;   /* taker or subject; 0 for the answer to a quote */
    uint64_t maker;   /* EUT_TRADE only; 0 on L2 markets */
    uint32_t price;   /* EUT_TRADE, EUT_ACCEPTED */
    uint32_t qty;     /* EUT_TRADE, EUT_ACCEPTED, EUT_CANCELLED */
    uint32_t request; /* position in the submitted batch, from 0 */
    uint8_t kind, reason;
    uint16_t reserved;
};

/* Where events go. The engine appends at events[count++]. When count == room and another
 * event is due it calls flush(), which takes all events and sets count to 0. room is at
 * least EUT_SINK_ROOM_MIN. What is left at the end of submit() stays in events[0 … count). */
#define EUT_SINK_ROOM_MIN 64u
struct eut_sink {
    struct eut_event *events;
    uint32_t count, room;
    void (*flush)(struct eut_sink *sink);
    void *owner; /* the host's; engines leave it alone */
};

/* ---- limits --------------------------------------------------------------------- */

/* Every field is set by the host. Memory beyond these limits is never needed: a request
 * that would exceed `orders` or `levels` is rejected EUT_CAPACITY, exactly then:
 *   - counted are live orders of all L3 markets, and live price levels (a side and price with
 *     open quantity) of all markets, L2 and L3;
 *   - a new day or post-only order that passed every other check is rejected before it trades
 *     if `orders` are live, or if its own side has no level at its price and `levels` are live
 *     (whether or not it would come to rest). IOC, FOK and market orders need nothing;
 *   - a replacement that gives up its place counts as if its order had left first, and is
 *     rejected with the resting order as it was;
 *   - a quote needs a level only if qty > 0 and its side has none at that price. */
struct eut_limits {
    uint32_t struct_size; /* sizeof(struct eut_limits) */
    uint32_t markets;     /* markets in all, numbered from 0 */
    uint32_t l2_markets;  /* how many of them are L2: the LAST ones, markets - l2_markets … */
    uint32_t batch_max;   /* the largest count that submit() will see, at least 1 */
    uint64_t orders;
    uint64_t levels;
};

/* ---- the book, as walked -------------------------------------------------------- */

struct eut_resting {
    uint64_t order;   /* 0 on L2 markets */
    uint32_t account; /* 0 on L2 markets */
    uint32_t price;
    uint32_t qty; /* open */
    uint8_t side;
    uint8_t reserved[3];
};

/* Returns 0 to go on, anything else to stop the walk (and be returned by it). */
typedef int (*eut_visit)(void *context, const struct eut_resting *resting);

/* ---- capabilities --------------------------------------------------------------- */

/* What an engine can do. One without a bit is measured on flow that does not need it, and the
 * report says so. EUT_CAP_ALL is the whole of the rules. */
enum {
    EUT_CAP_L3 = 1u << 0,
    EUT_CAP_L2 = 1u << 1,
    EUT_CAP_REPLACE = 1u << 2,
    EUT_CAP_FOK = 1u << 3,
    EUT_CAP_POST = 1u << 4,
    EUT_CAP_STP = 1u << 5,
    EUT_CAP_ANY_ID = 1u << 6,    /* any 64-bit order id, not only small dense ones */
    EUT_CAP_ANY_PRICE = 1u << 7, /* the full price range in one book */
    EUT_CAP_ALL = (1u << 8) - 1,
    EUT_CAP_RULER = 1u << 31, /* does not match at all: the null engine */
};

/* ---- the engine ----------------------------------------------------------------- */

struct eut_engine {
    uint32_t abi_version; /* EUT_ABI_VERSION */
    uint32_t struct_size; /* sizeof(struct eut_engine) */
    const char *name;     /* short, lower case, no spaces */
    uint64_t capabilities;

    /* Required. Makes empty books within limits; -ENOMEM, -EINVAL, -ENOTSUP on failure. */
    int (*create)(const struct eut_limits *limits, void **self);

    /* Required. Processes requests[0 … count) in order, count ≤ batch_max. Negative errno
     * only if the engine itself failed (a device was lost): the instance is then dead. */
    int (*submit)(void *self, const struct eut_request *requests, uint32_t count,
                  struct eut_sink *sink);

    /* Required. The digest of all events since create(), as eut_digest_* below defines it. */
    uint64_t (*digest)(void *self);

    /* Required. Visits a market's resting orders (L2: levels): bids, then asks; best price
     * first, oldest first within a price. */
    int (*walk)(void *self, uint32_t market, eut_visit visit, void *context);

    /* Required. Accepts NULL. */
    void (*destroy)(void *self);
};

typedef const struct eut_engine *(*eut_engine_entry_fn)(void);
#define EUT_ENGINE_ENTRY "eut_engine_entry"

/* ---- the digest ----------------------------------------------------------------- */

/*
 * Two runs agree when their digests agree. For each market a 64-bit value d starts at the
 * market number and folds every event in order:
 *
 *     h = mix of the event's five words, each times its own odd constant
 *     d = (rotl(d, 29) ^ h) * K
 *
 * Markets combine by sum, modulo 2^64, of finish(d) - finish(market), so that a market
 * without events adds 0 and neither the order of markets nor their split over instances
 * matters. h does not depend on d: an engine computes it off the critical path.
 * `request` (a position in a batch) is left out, so batch size does not matter either.
 */
static inline uint64_t eut_digest_fold(uint64_t d, uint64_t order, uint64_t maker, uint32_t price,
                                       uint32_t qty, uint8_t kind, uint8_t reason)
{
    uint64_t h = order * 0x9E3779B97F4A7C15u + maker * 0xC2B2AE3D27D4EB4Fu;

    h ^= (((uint64_t)price << 32) | qty) * 0x165667B19E3779F9u;
    h += (((uint64_t)kind << 8) | reason) * 0xD6E8FEB86659FD93u;
    h ^= h >> 32;
    return (((d << 29) | (d >> 35)) ^ h) * 0xFF51AFD7ED558CCDu;
}

static inline uint64_t eut_digest_event(uint64_t d, const struct eut_event *e)
{
    return eut_digest_fold(d, e->order, e->maker, e->price, e->qty, e->kind, e->reason);
}

static inline uint64_t eut_digest_finish(uint64_t d)
{
    d ^= d >> 33;
    d *= 0xC4CEB9FE1A85EC53u;
    return d ^ (d >> 29);
}

/* What one market adds to the engine's digest. */
static inline uint64_t eut_digest_market(uint32_t market, uint64_t d)
{
    return eut_digest_finish(d) - eut_digest_finish(market);
}

#if defined(__cplusplus)
static_assert(sizeof(struct eut_request) == 32, "requests are 32 bytes");
static_assert(sizeof(struct eut_event) == 32, "events are 32 bytes");
}
#else
_Static_assert(sizeof(struct eut_request) == 32, "requests are 32 bytes");
_Static_assert(sizeof(struct eut_event) == 32, "events are 32 bytes");
_Static_assert(sizeof(struct eut_resting) == 24, "resting orders are 24 bytes");
#endif

#endif
