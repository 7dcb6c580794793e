/*
 * state_root.h - the state root of one engine, kept up as its events go by.
 *
 * The event digests of all markets and the tree over their states, together: the host shows every
 * batch's events, and asks for the root when a block is done; only markets of which an event was
 * seen are read again and hashed again. Every request is answered by an event, so no other market
 * can have changed.
 *
 * Threads: one. Errors: a negative errno with hr_error().
 */
#ifndef HR_STATE_ROOT_H
#define HR_STATE_ROOT_H

#include "harness/ledger/state_tree.h"

struct hr_state_root {
    struct hr_event_digests digests;
    struct hr_state_tree *tree;
    struct hr_market_state state; /* of the market just read */
};

/* What it keeps, beside the longest single market. */
uint64_t hr_state_root_bytes(uint32_t markets);
/* Accepts -ENOMEM half-made: hr_state_root_free() takes it. */
int hr_state_root_new(struct hr_state_root *s, uint32_t markets);
void hr_state_root_free(struct hr_state_root *s);

/* As hr_event_digests_add(). */
void hr_state_root_see(struct hr_state_root *s, const struct eut_request *requests,
                       const struct eut_event *events, uint32_t count);
/* Of the markets seen since the last root, or of all; nodes (may be NULL): interior ones hashed.
 * -EBADMSG if the engine's digest is not that of the events seen (asked in a rebuild only: it is a
 * sum over all markets). */
int hr_state_root_update(struct hr_state_root *s, const struct eut_engine *engine, void *self,
                         uint8_t root[HR_HASH_BYTES], uint64_t *nodes);
int hr_state_root_rebuild(struct hr_state_root *s, const struct eut_engine *engine, void *self,
                          uint8_t root[HR_HASH_BYTES], uint64_t *nodes);

#endif
