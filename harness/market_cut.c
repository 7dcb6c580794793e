/* market_cut.c - where does each range of markets end? One pass counts the requests of every
 * market, a second over the markets cuts where a range has its share. It weighs every request the
 * same: a market whose requests cost more makes its range the slowest. */
#include "harness/market_cut.h"

#include "harness/error.h"

#include <errno.h>
#include <stdlib.h>

int hr_markets_cut(const struct eut_request *requests, uint64_t count, uint32_t markets, int parts,
                   uint32_t *bounds)
{
    uint32_t *counts = calloc(markets, sizeof(*counts));
    uint64_t sum = 0;
    int next = 1;

    if (!counts) {
        return hr_fail(ENOMEM, "no memory to cut a tape of %u markets", markets);
    }
    for (uint64_t i = 0; i < count; i++) {
        uint32_t *seen = &counts[requests[i].market];

        *seen += *seen < UINT32_MAX; /* beyond that the cut is rough */
    }
    bounds[0] = 0;
    for (uint32_t m = 0; m < markets && next < parts; m++) {
        sum += counts[m];
        if (sum * (uint64_t)parts >= count * (uint64_t)next ||
            markets - m - 1 == (uint32_t)(parts - next)) {
            bounds[next++] = m + 1;
        }
    }
    while (next <= parts) {
        bounds[next++] = markets;
    }
    free(counts);
    return 0;
}
