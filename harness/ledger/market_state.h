/*
 * market_state.h - what a market's state is, byte for byte, and the digest of it.
 *
 * A market's state is what its past said and what its book holds: the digest of all its events, and
 * its resting orders in the order of walk() (engine.h). All integers little-endian:
 *
 *      0  u32 market
 *      4  u64 digest    of all the market's events, as eut_digest_event() folds it, unfinished
 *     12  u32 count     resting orders (L2: levels)
 *     16  24 bytes each:  0 u64 order   8 u32 account  12 u32 price  16 u32 qty  20 u8 side
 *                        21 3 bytes of 0
 *
 * Its leaf in the state tree (state_tree.h) is SHA-256(0x00 || these bytes): any engine that obeys
 * the rules comes to the same leaf, since nothing but its public walk() and its events enter.
 *
 * The events' digest per market is the host's to keep, because engine.h has only the sum of all:
 * 8 bytes a market, from every event that passed the host's sink. Their finished sum must equal the
 * engine's digest(), which shows that none was missed.
 *
 * Ownership: the caller's; every free accepts a zeroed one. Threads: one at a time each; reading
 * different markets of different instances at once is fine. Errors: a negative errno with
 * hr_error().
 */
#ifndef HR_MARKET_STATE_H
#define HR_MARKET_STATE_H

#include "engine-under-test/engine.h"

#define HR_HASH_BYTES 32u
#define HR_MARKET_STATE_HEAD_BYTES 16u
#define HR_MARKET_STATE_ORDER_BYTES 24u

/* ---- the digest of each market's events --------------------------------------------- */

struct hr_event_digests {
    uint64_t *at; /* a market that never answered: its own number */
    uint32_t markets;
};

int hr_event_digests_new(struct hr_event_digests *digests, uint32_t markets);
void hr_event_digests_free(struct hr_event_digests *digests);
/* The events of one batch, in order; may come in several calls, as a sink is flushed. `requests` is
 * the start of the batch. Events of markets that do not exist belong to no market. */
void hr_event_digests_add(struct hr_event_digests *digests, const struct eut_request *requests,
                          const struct eut_event *events, uint32_t count);
/* What the engine's digest() must say. */
uint64_t hr_event_digests_total(const struct hr_event_digests *digests);

/* ---- the state of one market --------------------------------------------------------- */

/* The bytes above. Zero it before the first use; the room is used again. */
struct hr_market_state {
    uint8_t *bytes;
    size_t size, room;
};

/* Replaces what was there. -ENOMEM, or what walk() returned. */
int hr_market_state_read(struct hr_market_state *state, const struct eut_engine *engine, void *self,
                         uint32_t market, uint64_t digest);
void hr_market_state_free(struct hr_market_state *state);
/* SHA-256(0x00 || bytes), of bytes from wherever they come. */
void hr_market_leaf(const void *bytes, size_t size, uint8_t leaf[HR_HASH_BYTES]);

#endif
