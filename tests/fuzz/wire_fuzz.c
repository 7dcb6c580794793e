/* wire_fuzz.c - no bytes from a peer make the codec read outside them, and an order that it takes
 * is the order that it would send. */
#include "harness/wire.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ORDERS_MAX 64u

static void orders(const uint8_t *data, size_t size)
{
    struct eut_request requests[ORDERS_MAX];
    uint32_t good = 0;
    int64_t n = hr_wire_orders_get(data, size, requests, ORDERS_MAX, &good);

    if (n > (int64_t)(size / HR_WIRE_ORDER_BYTES) || good > ORDERS_MAX || (n >= 0 && n != good)) {
        abort();
    }
    for (uint32_t i = 0; i < good; i++) {
        const uint8_t *at = data + (size_t)i * HR_WIRE_ORDER_BYTES;
        struct hr_wire_order wire;
        uint8_t again[HR_WIRE_ORDER_BYTES];

        memcpy(&wire, at, sizeof(wire));
        hr_wire_orders_put(again, requests + i, 1, wire.client, wire.sequence, wire.time_ns);
        if (memcmp(again, at, sizeof(again)) != 0) {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* A copy of its very size, so that the sanitizer sees the first byte behind it. */
    uint8_t *copy = malloc(size ? size : 1);
    struct hr_wire_event event;

    if (!copy) {
        return 0;
    }
    memcpy(copy, data, size);
    orders(copy, size);
    if (hr_wire_event_get(copy, size, &event) == 0 && memcmp(&event, copy, sizeof(event)) != 0) {
        abort();
    }
    free(copy);
    return 0;
}
