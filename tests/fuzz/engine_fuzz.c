/* engine_fuzz.c - no requests make a built-in engine answer differently from the oracle, or crash.
 * Eight bytes set the stage, every eight more are one request, drawn from few markets, ids and
 * prices. */
#include "engine-under-test/differ.h"
#include "engine-under-test/loader.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUESTS_MAX 2000u

static uint32_t price_of(uint8_t far, uint8_t near)
{
    static const uint32_t ends[] = {0, 1, EUT_PRICE_MAX, EUT_PRICE_MAX + 1, UINT32_MAX, 1u << 30};

    return far < 240 ? 100u + near % 64u : ends[near % 6u];
}

static struct eut_request request_of(const uint8_t *at)
{
    static const uint8_t ops[] = "NNNNCRRQ", tifs[] = "DDIFP";

    return (struct eut_request){.op = at[0] == 255 ? 'Z' : ops[at[0] % 8],
                                .side = at[0] & 8 ? EUT_BUY : EUT_SELL,
                                .type = at[0] & 16   ? EUT_LIMIT
                                        : at[0] & 32 ? EUT_LIMIT
                                                     : EUT_MARKET,
                                .tif = tifs[at[1] % 5],
                                .market = at[2] % 5,
                                .account = at[3] % 4,
                                .order = at[4] == 255 ? UINT64_MAX : at[4] % 32,
                                .price = price_of(at[5], at[6]),
                                .qty = at[7] == 255 ? UINT32_MAX : at[7] % 20};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct eut_request requests[REQUESTS_MAX];
    struct eut_difference difference;
    struct eut_trial trial = {.sink_room = EUT_SINK_ROOM_MIN};
    uint32_t count = 0;

    if (size < 8) {
        return 0;
    }
    trial.limits = (struct eut_limits){.struct_size = sizeof(trial.limits),
                                       .markets = 4,
                                       .l2_markets = data[0] % 5,
                                       .batch_max = 1u + data[1] % 64u,
                                       .orders = data[2] < 200 ? 1000 : data[2] - 200u,
                                       .levels = data[3] < 200 ? 1000 : data[3] - 200u};
    for (size_t at = 8; at + 8 <= size && count < REQUESTS_MAX; at += 8) {
        requests[count++] = request_of(data + at);
        if (requests[count - 1].type == EUT_MARKET && data[at + 5] < 250) {
            requests[count - 1].price = 0;
        }
    }
    for (int i = 0; eut_builtin[i]; i++) {
        if (!(eut_builtin[i]->capabilities & EUT_CAP_RULER) && count > 0 &&
            eut_differ(eut_builtin[i], &trial, requests, count, &difference) != 0) {
            fprintf(stderr, "%s: request %llu: expected %s, got %s\n", eut_builtin[i]->name,
                    (unsigned long long)difference.request + 1, difference.expected,
                    difference.actual);
            abort();
        }
    }
    return 0;
}
