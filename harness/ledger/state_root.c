/*
 * state_root.c - what is the root of this engine's state after this block?
 *
 * How: the markets of which an event was seen are read through walk(), hashed, and put into the
 * tree. What it cannot see: a market that changed without an event, but for the next rebuild.
 */
#include "harness/ledger/state_root.h"

#include "harness/error.h"

#include <errno.h>
#include <inttypes.h>

uint64_t hr_state_root_bytes(uint32_t markets)
{
    return hr_state_tree_bytes(markets) + markets * (uint64_t)sizeof(uint64_t);
}

int hr_state_root_new(struct hr_state_root *s, uint32_t markets)
{
    int rc;

    *s = (struct hr_state_root){0};
    rc = hr_event_digests_new(&s->digests, markets);
    return rc ? rc : hr_state_tree_new(&s->tree, markets);
}

void hr_state_root_free(struct hr_state_root *s)
{
    hr_event_digests_free(&s->digests);
    hr_state_tree_free(s->tree);
    hr_market_state_free(&s->state);
    s->tree = NULL;
}

void hr_state_root_see(struct hr_state_root *s, const struct eut_request *requests,
                       const struct eut_event *events, uint32_t count)
{
    hr_event_digests_add(&s->digests, requests, events, count);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t market = requests[events[i].request].market;

        if (market < s->digests.markets) {
            hr_state_tree_touch(s->tree, market);
        }
    }
}

static int read_leaf(struct hr_state_root *s, const struct eut_engine *engine, void *self,
                     uint32_t market)
{
    uint8_t leaf[HR_HASH_BYTES];
    int rc = hr_market_state_read(&s->state, engine, self, market, s->digests.at[market]);

    if (rc == 0) {
        hr_market_leaf(s->state.bytes, s->state.size, leaf);
        hr_state_tree_put(s->tree, market, leaf);
    }
    return rc;
}

int hr_state_root_update(struct hr_state_root *s, const struct eut_engine *engine, void *self,
                         uint8_t root[HR_HASH_BYTES], uint64_t *nodes)
{
    const uint32_t *markets;
    uint32_t count = hr_state_tree_touched(s->tree, &markets);
    uint64_t hashed;
    int rc = 0;

    for (uint32_t i = 0; i < count && rc == 0; i++) {
        rc = read_leaf(s, engine, self, markets[i]);
    }
    if (rc) {
        return rc;
    }
    hashed = hr_state_tree_root(s->tree, root);
    if (nodes) {
        *nodes = hashed;
    }
    return 0;
}

int hr_state_root_rebuild(struct hr_state_root *s, const struct eut_engine *engine, void *self,
                          uint8_t root[HR_HASH_BYTES], uint64_t *nodes)
{
    uint64_t seen = hr_event_digests_total(&s->digests), said = engine->digest(self), hashed;
    int rc = 0;

    if (seen != said) {
        return hr_fail(EBADMSG,
                       "the events seen fold to %016" PRIx64 ", engine %s says %016" PRIx64, seen,
                       engine->name, said);
    }
    for (uint32_t market = 0; market < s->digests.markets && rc == 0; market++) {
        rc = read_leaf(s, engine, self, market);
    }
    if (rc) {
        return rc;
    }
    hashed = hr_state_tree_rebuild(s->tree, root);
    if (nodes) {
        *nodes = hashed;
    }
    return 0;
}
