/*
 * market_state.c - which bytes are a market, and what is their digest?
 *
 * How: the engine's own walk() into a buffer that is used again, behind the digest of the market's
 * events. What it cannot see: state that an engine keeps and neither shows in its book nor ever
 * says in an event.
 */
#include "harness/ledger/market_state.h"

#include "harness/error.h"
#include "harness/sha256.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LEAF_MARK 0x00
#define ROOM_FIRST_BYTES 4096u

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "states are copied as they lie");
_Static_assert(sizeof(struct eut_resting) == HR_MARKET_STATE_ORDER_BYTES &&
                   offsetof(struct eut_resting, account) == 8 &&
                   offsetof(struct eut_resting, price) == 12 &&
                   offsetof(struct eut_resting, qty) == 16 &&
                   offsetof(struct eut_resting, side) == 20,
               "a resting order lies in memory as in a state");

int hr_event_digests_new(struct hr_event_digests *digests, uint32_t markets)
{
    digests->at = malloc(markets * sizeof(*digests->at));
    if (!digests->at) {
        return hr_fail(ENOMEM, "no memory for the event digests of %u markets", markets);
    }
    digests->markets = markets;
    for (uint32_t market = 0; market < markets; market++) {
        digests->at[market] = market;
    }
    return 0;
}

void hr_event_digests_free(struct hr_event_digests *digests)
{
    free(digests->at);
    *digests = (struct hr_event_digests){0};
}

void hr_event_digests_add(struct hr_event_digests *digests, const struct eut_request *requests,
                          const struct eut_event *events, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t market = requests[events[i].request].market;

        if (market < digests->markets) {
            digests->at[market] = eut_digest_event(digests->at[market], &events[i]);
        }
    }
}

uint64_t hr_event_digests_total(const struct hr_event_digests *digests)
{
    uint64_t sum = 0;

    for (uint32_t market = 0; market < digests->markets; market++) {
        sum += eut_digest_market(market, digests->at[market]);
    }
    return sum;
}

static int grow(struct hr_market_state *state)
{
    size_t room = state->room ? 2 * state->room : ROOM_FIRST_BYTES;
    uint8_t *bytes = realloc(state->bytes, room);

    if (!bytes) {
        return hr_fail(ENOMEM, "no memory for a market's state of %zu bytes", room);
    }
    state->bytes = bytes;
    state->room = room;
    return 0;
}

static int keep(void *context, const struct eut_resting *resting)
{
    struct hr_market_state *state = context;
    struct eut_resting *to;

    if (state->room - state->size < HR_MARKET_STATE_ORDER_BYTES) {
        int rc = grow(state);

        if (rc) {
            return rc;
        }
    }
    to = (struct eut_resting *)(void *)(state->bytes + state->size);
    *to = *resting;
    memset(to->reserved, 0, sizeof(to->reserved));
    state->size += HR_MARKET_STATE_ORDER_BYTES;
    return 0;
}

int hr_market_state_read(struct hr_market_state *state, const struct eut_engine *engine, void *self,
                         uint32_t market, uint64_t digest)
{
    uint32_t count;
    int rc = state->room ? 0 : grow(state);

    state->size = HR_MARKET_STATE_HEAD_BYTES;
    rc = rc ? rc : engine->walk(self, market, keep, state);
    if (rc) {
        return rc;
    }
    count = (uint32_t)((state->size - HR_MARKET_STATE_HEAD_BYTES) / HR_MARKET_STATE_ORDER_BYTES);
    memcpy(state->bytes, &market, 4);
    memcpy(state->bytes + 4, &digest, 8);
    memcpy(state->bytes + 12, &count, 4);
    return 0;
}

void hr_market_state_free(struct hr_market_state *state)
{
    free(state->bytes);
    *state = (struct hr_market_state){0};
}

void hr_market_leaf(const void *bytes, size_t size, uint8_t leaf[HR_HASH_BYTES])
{
    static const uint8_t mark = LEAF_MARK;
    struct hr_sha256 s;

    hr_sha256_init(&s);
    hr_sha256_update(&s, &mark, 1);
    hr_sha256_update(&s, bytes, size);
    hr_sha256_final(&s, leaf);
}
