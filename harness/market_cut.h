/*
 * market_cut.h - ranges of markets with about the same work in each.
 *
 * Markets never interact, so a tape may be cut by them: a range is what one shard, or one slice of
 * a proof, is made of.
 */
#ifndef HR_MARKET_CUT_H
#define HR_MARKET_CUT_H

#include "engine-under-test/engine.h"

/* Cuts markets 0 … markets - 1 into `parts` ranges that get about the same number of these requests
 * each, all of which name one of the markets. Range i is bounds[i] … bounds[i + 1] - 1; bounds has
 * room for parts + 1. No range is empty while parts <= markets. -ENOMEM. */
int hr_markets_cut(const struct eut_request *requests, uint64_t count, uint32_t markets, int parts,
                   uint32_t *bounds);

#endif
