/*
 * oracle_book.c - the oracle's books. Where is what, and what comes next?
 *
 * How: sorted arrays searched by halving, linked queues, one hash table with chains; memory is
 * taken and given back one order or level at a time, the plainest way there is. What it cannot see:
 * the rules.
 */
#include "engine-under-test/oracle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- finding an order by market and id ------------------------------------------ */

static struct order **bucket_of(const struct books *books, uint64_t market, uint64_t id)
{
    uint64_t h = id + market * 0x9E3779B97F4A7C15u;

    h = (h ^ (h >> 31)) * 0xBF58476D1CE4E5B9u;
    h = (h ^ (h >> 29)) * 0x94D049BB133111EBu;
    return &books->buckets[(h ^ (h >> 32)) & (books->bucket_count - 1)];
}

static struct order **bucket_of_order(const struct books *books, const struct order *order)
{
    return bucket_of(books, (uint64_t)(order->market - books->markets), order->id);
}

struct order *eut_books_find(struct books *books, uint32_t market, uint64_t id)
{
    struct order *order = *bucket_of(books, market, id);

    while (order && (order->id != id || order->market != &books->markets[market])) {
        order = order->chained;
    }
    return order;
}

/* Twice as many buckets. Without the memory for it the chains just grow longer. */
static void grow_buckets(struct books *books)
{
    uint64_t old_count = books->bucket_count;
    struct order **old = books->buckets, **grown = calloc(2 * old_count, sizeof(struct order *));

    if (!grown) {
        return;
    }
    books->buckets = grown;
    books->bucket_count = 2 * old_count;
    for (uint64_t i = 0; i < old_count; i++) {
        for (struct order *order = old[i], *next; order; order = next) {
            struct order **bucket = bucket_of_order(books, order);

            next = order->chained;
            order->chained = *bucket;
            *bucket = order;
        }
    }
    free(old);
}

static void hash_insert(struct books *books, struct order *order)
{
    struct order **bucket;

    if (books->orders_live >= books->bucket_count) {
        grow_buckets(books);
    }
    bucket = bucket_of_order(books, order);
    order->chained = *bucket;
    *bucket = order;
}

static void hash_remove(struct books *books, const struct order *order)
{
    struct order **link = bucket_of_order(books, order);

    while (*link != order) {
        link = &(*link)->chained;
    }
    *link = order->chained;
}

/* ---- levels --------------------------------------------------------------------- */

struct side *eut_market_side(struct market *market, uint8_t side)
{
    return side == EUT_BUY ? &market->bids : &market->asks;
}

/* Is price a worse than price b, for a resting order of this side? */
static bool worse(uint8_t side, uint32_t a, uint32_t b)
{
    return side == EUT_BUY ? a < b : a > b;
}

/* How many levels of this side are worse than price: where a level at that price is, or belongs. */
static uint32_t level_position(struct market *market, uint8_t side, uint32_t price)
{
    const struct side *s = eut_market_side(market, side);
    uint32_t low = 0, high = s->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (worse(side, s->levels[middle]->price, price)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct level *eut_market_level(struct market *market, uint8_t side, uint32_t price)
{
    const struct side *s = eut_market_side(market, side);
    uint32_t at = level_position(market, side, price);

    return at < s->count && s->levels[at]->price == price ? s->levels[at] : NULL;
}

struct level *eut_market_best(struct market *market, uint8_t side)
{
    const struct side *s = eut_market_side(market, side);

    return s->count ? s->levels[s->count - 1] : NULL;
}

struct level *eut_books_level_add(struct books *books, struct market *market, uint8_t side,
                                  uint32_t price)
{
    struct side *s = eut_market_side(market, side);
    struct level *level = eut_market_level(market, side, price);
    uint32_t at = level_position(market, side, price);

    if (level) {
        return level;
    }
    if (s->count == s->room) {
        uint32_t room = s->room ? 2 * s->room : 4;
        struct level **levels = realloc(s->levels, room * sizeof(struct level *));

        if (!levels) {
            return NULL;
        }
        s->levels = levels;
        s->room = room;
    }
    level = calloc(1, sizeof(*level));
    if (!level) {
        return NULL;
    }
    level->price = price;
    memmove(&s->levels[at + 1], &s->levels[at], (s->count - at) * sizeof(struct level *));
    s->levels[at] = level;
    s->count++;
    books->levels_live++;
    return level;
}

void eut_books_level_remove(struct books *books, struct market *market, uint8_t side,
                            struct level *level)
{
    struct side *s = eut_market_side(market, side);
    uint32_t at = level_position(market, side, level->price);

    s->count--;
    memmove(&s->levels[at], &s->levels[at + 1], (s->count - at) * sizeof(struct level *));
    books->levels_live--;
    free(level);
}

/* ---- orders --------------------------------------------------------------------- */

int eut_books_order_add(struct books *books, const struct order *values, uint32_t price)
{
    struct order *order = malloc(sizeof(*order));
    struct level *level = eut_books_level_add(books, values->market, values->side, price);

    if (!order || !level) {
        free(order);
        return -ENOMEM;
    }
    *order = *values;
    order->level = level;
    order->newer = NULL;
    order->older = level->newest;
    if (level->newest) {
        level->newest->newer = order;
    } else {
        level->oldest = order;
    }
    level->newest = order;
    hash_insert(books, order);
    books->orders_live++;
    return 0;
}

void eut_books_order_remove(struct books *books, struct order *order)
{
    struct level *level = order->level;

    if (order->older) {
        order->older->newer = order->newer;
    } else {
        level->oldest = order->newer;
    }
    if (order->newer) {
        order->newer->older = order->older;
    } else {
        level->newest = order->older;
    }
    if (!level->oldest) {
        eut_books_level_remove(books, order->market, order->side, level);
    }
    hash_remove(books, order);
    books->orders_live--;
    free(order);
}

/* ---- all of them ---------------------------------------------------------------- */

int eut_books_open(struct books *books, uint32_t markets)
{
    uint64_t memory = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);

    if (markets > memory / sizeof(struct market)) {
        return -ENOMEM; /* calloc may promise what the machine does not have */
    }
    books->bucket_count = 1024;
    books->buckets = calloc(books->bucket_count, sizeof(struct order *));
    books->markets = calloc(markets, sizeof(struct market));
    return books->buckets && books->markets ? 0 : -ENOMEM;
}

static void free_side(struct side *side)
{
    for (uint32_t at = 0; at < side->count; at++) {
        struct level *level = side->levels[at];

        for (struct order *order = level->oldest, *next; order; order = next) {
            next = order->newer;
            free(order);
        }
        free(level);
    }
    free(side->levels);
}

void eut_books_close(struct books *books)
{
    for (struct market *market = books->met; market; market = market->met_before) {
        free_side(&market->bids);
        free_side(&market->asks);
    }
    free(books->buckets);
    free(books->markets);
    *books = (struct books){0};
}

struct market *eut_books_meet(struct books *books, uint32_t number)
{
    struct market *market = &books->markets[number];

    if (!market->met) {
        market->met = true;
        market->digest = number;
        market->met_before = books->met;
        books->met = market;
    }
    return market;
}
