/*
 * wire.c - are these bytes an order, or an event?
 *
 * Length, magic and reserved bytes, then one copy. It cannot see a flipped bit in a price: that is
 * the transport's checksum to see, or the seal's.
 */
#include "harness/wire.h"

#include "harness/error.h"

#include <errno.h>

#define ORDER_AT offsetof(struct hr_wire_order, order)

static int not_an_order(uint64_t at, uint32_t magic)
{
    if (magic != HR_WIRE_ORDER_MAGIC) {
        return hr_fail(EBADMSG, "byte %llu: an order begins with HRO1, this with 0x%08x",
                       (unsigned long long)at, magic);
    }
    return hr_fail(EBADMSG, "byte %llu: an order's reserved bytes are 0, these are not",
                   (unsigned long long)at);
}

int64_t hr_wire_orders_get(const uint8_t *at, size_t bytes, struct eut_request *requests,
                           uint32_t most, uint32_t *good)
{
    size_t whole = bytes / HR_WIRE_ORDER_BYTES;
    uint32_t count = whole < most ? (uint32_t)whole : most;

    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *order = at + (size_t)i * HR_WIRE_ORDER_BYTES;
        uint64_t reserved;
        uint32_t magic;

        hr_wire_ahead(order, HR_WIRE_AHEAD * HR_WIRE_ORDER_BYTES);
        memcpy(&magic, order, sizeof(magic));
        memcpy(&reserved, order + offsetof(struct hr_wire_order, reserved), sizeof(reserved));
        if (__builtin_expect(magic != HR_WIRE_ORDER_MAGIC || reserved != 0, 0)) {
            if (good) {
                *good = i;
            }
            return not_an_order((uint64_t)i * HR_WIRE_ORDER_BYTES, magic);
        }
        memcpy(requests + i, order + ORDER_AT, HR_WIRE_REQUEST_BYTES);
        requests[i].reserved = 0;
    }
    if (good) {
        *good = count;
    }
    return count;
}

int hr_wire_not_an_event(size_t bytes)
{
    if (bytes < HR_WIRE_EVENT_BYTES) {
        return hr_fail(EBADMSG, "an event is 64 bytes, not %zu", bytes);
    }
    return hr_fail(EBADMSG, "an event begins with HRE1 and ends with 0 or 1 and 0; this is none");
}
