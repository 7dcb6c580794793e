/*
 * oracle.h - the oracle's books: markets with two sides of levels, levels with queues of orders,
 * and a table that finds an order by market and id. They know nothing of requests, events or rules.
 */
#ifndef EUT_ORACLE_H
#define EUT_ORACLE_H

#include "engine-under-test/engine.h"

#include <stdbool.h>

struct order {
    uint64_t id;
    struct market *market;
    uint32_t account;
    uint32_t qty; /* open */
    uint8_t side;
    bool post; /* entered as post only */
    struct level *level;
    struct order *older, *newer; /* neighbours in the level's queue */
    struct order *chained;       /* next in the same bucket of the hash table */
};

struct level {
    uint32_t price;
    uint32_t qty;                  /* L2 markets: the total; L3 markets do not use it */
    struct order *oldest, *newest; /* L3 markets */
};

struct side {
    struct level **levels; /* sorted by price, best last */
    uint32_t count, room;
};

struct market {
    struct side bids, asks;
    uint64_t digest;
    struct market *met_before; /* the market first met before this one */
    bool met;                  /* had a request */
};

struct books {
    struct market *markets;
    struct market *met; /* the markets that had requests, in a list */
    uint64_t orders_live, levels_live;
    struct order **buckets; /* the hash table */
    uint64_t bucket_count;  /* a power of two */
};

/* -ENOMEM. A zeroed or half-opened one may be closed. */
int eut_books_open(struct books *books, uint32_t markets);
void eut_books_close(struct books *books);

/* The market of this number, which from now on is on the list of those that had requests. */
struct market *eut_books_meet(struct books *books, uint32_t number);

struct side *eut_market_side(struct market *market, uint8_t side);
struct level *eut_market_best(struct market *market, uint8_t side);                  /* or NULL */
struct level *eut_market_level(struct market *market, uint8_t side, uint32_t price); /* or NULL */

/* The level at this price, made if it is not there; NULL when the host has no memory left. */
struct level *eut_books_level_add(struct books *books, struct market *market, uint8_t side,
                                  uint32_t price);
void eut_books_level_remove(struct books *books, struct market *market, uint8_t side,
                            struct level *level);

struct order *eut_books_find(struct books *books, uint32_t market, uint64_t id); /* or NULL */
/* Puts an order with these values (market, id, account, qty, side, post) at the end of the queue at
 * this price. -ENOMEM. */
int eut_books_order_add(struct books *books, const struct order *values, uint32_t price);
/* Takes it out, and its level with it if it was alone there. */
void eut_books_order_remove(struct books *books, struct order *order);

#endif
