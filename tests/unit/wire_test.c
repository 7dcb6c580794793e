/* Orders and events as bytes: what goes in comes out, and what is none is refused. */
#include "harness/error.h"
#include "harness/wire.h"
#include "tests/test.h"

#include <errno.h>

static struct eut_request request_of(uint32_t i)
{
    static const uint8_t ops[] = {EUT_NEW, EUT_CANCEL, EUT_REPLACE, EUT_QUOTE};

    return (struct eut_request){.order = UINT64_MAX - i,
                                .market = i,
                                .account = UINT32_MAX - i,
                                .price = EUT_PRICE_MAX - i,
                                .qty = UINT32_MAX - i,
                                .op = ops[i % 4],
                                .side = i & 1 ? EUT_BUY : EUT_SELL,
                                .type = EUT_LIMIT,
                                .tif = EUT_POST};
}

/* The table of wire.h, byte by byte: a peer is written from it. */
TEST(wire, an_order_lies_as_the_table_says)
{
    static const uint8_t expected[HR_WIRE_ORDER_BYTES] = {
        'H',  'R',  'O',  '1',  0x04, 0x03, 0x02, 0x01, 0x18, 0x17, 0x16, 0x15,
        0x14, 0x13, 0x12, 0x11, 0x28, 0x27, 0x26, 0x25, 0x24, 0x23, 0x22, 0x21,
        0,    0,    0,    0,    0,    0,    0,    0,    0x38, 0x37, 0x36, 0x35,
        0x34, 0x33, 0x32, 0x31, 0x44, 0x43, 0x42, 0x41, 0x54, 0x53, 0x52, 0x51,
        0x64, 0x63, 0x62, 0x61, 0x74, 0x73, 0x72, 0x71, 'N',  'B',  'L',  'I'};
    const struct eut_request request = {.order = 0x3132333435363738u,
                                        .market = 0x41424344u,
                                        .account = 0x51525354u,
                                        .price = 0x61626364u,
                                        .qty = 0x71727374u,
                                        .op = EUT_NEW,
                                        .side = EUT_BUY,
                                        .type = EUT_LIMIT,
                                        .tif = EUT_IOC};
    uint8_t bytes[HR_WIRE_ORDER_BYTES];

    CHECK_EQ(hr_wire_orders_put(bytes, &request, 1, 0x01020304u, 0x1112131415161718u,
                                0x2122232425262728u),
             HR_WIRE_ORDER_BYTES);
    CHECK(memcmp(bytes, expected, sizeof(bytes)) == 0);
}

TEST(wire, an_event_lies_as_the_table_says)
{
    static const uint8_t expected[HR_WIRE_EVENT_BYTES] = {
        'H', 'R', 'E', '1', 7, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0,
        0,   0,   5,   0,   0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0,
        0,   0,   0,   0,   3, 0, 0, 0, 4, 0, 0, 0, 6, 0, 0, 0, 'T', EUT_STP, 1, 0};
    const struct eut_request request = {.order = 1, .market = 6};
    const struct eut_event event = {
        .order = 1, .maker = 2, .price = 3, .qty = 4, .kind = EUT_TRADE, .reason = EUT_STP};
    uint8_t order[HR_WIRE_ORDER_BYTES], bytes[HR_WIRE_EVENT_BYTES];
    struct hr_wire_event got;

    hr_wire_orders_put(order, &request, 1, 7, 9, 8);
    hr_wire_event_put(bytes, &event, order, 5, 1);
    CHECK(memcmp(bytes, expected, sizeof(bytes)) == 0);
    CHECK_EQ(hr_wire_event_get(bytes, sizeof(bytes), &got), 0);
    CHECK_EQ(got.sequence, 9);
    CHECK_EQ(got.time_ns, 8);
    CHECK_EQ(got.engine_ns, 5);
    CHECK_EQ(got.market, 6);
}

TEST(wire, orders_come_back_at_any_alignment)
{
    enum { COUNT = 17 };
    struct eut_request in[COUNT], out[COUNT];
    uint8_t bytes[COUNT * HR_WIRE_ORDER_BYTES + 8];

    for (uint32_t i = 0; i < COUNT; i++) {
        in[i] = request_of(i);
    }
    for (size_t shift = 0; shift < 8; shift++) {
        uint32_t good = 99;

        memset(out, 0xff, sizeof(out));
        CHECK_EQ(hr_wire_orders_put(bytes + shift, in, COUNT, 1, 1, 1), COUNT * HR_WIRE_ORDER_BYTES);
        CHECK_EQ(hr_wire_orders_get(bytes + shift, COUNT * HR_WIRE_ORDER_BYTES, out, COUNT, &good),
                 COUNT);
        CHECK_EQ(good, COUNT);
        CHECK(memcmp(in, out, sizeof(in)) == 0);
    }
}

/* A stream is cut anywhere: what is not whole waits, and nothing behind the end is read. */
TEST(wire, a_part_of_an_order_waits)
{
    struct eut_request in[2] = {request_of(1), request_of(2)}, out[2];
    uint8_t bytes[2 * HR_WIRE_ORDER_BYTES];

    hr_wire_orders_put(bytes, in, 2, 1, 1, 1);
    for (size_t cut = 0; cut <= sizeof(bytes); cut++) {
        CHECK_EQ(hr_wire_orders_get(bytes, cut, out, 2, NULL), cut / HR_WIRE_ORDER_BYTES);
    }
    CHECK_EQ(hr_wire_orders_get(bytes, sizeof(bytes), out, 1, NULL), 1);
    CHECK_EQ(hr_wire_orders_get(bytes, sizeof(bytes), out, 0, NULL), 0);
}

TEST(wire, what_is_no_order_is_refused)
{
    struct eut_request in[3] = {request_of(1), request_of(2), request_of(3)}, out[3];
    uint8_t bytes[3 * HR_WIRE_ORDER_BYTES];

    /* Each byte of the second one's magic and reserved part, changed. */
    for (size_t at = 0; at < 32; at++) {
        uint32_t good = 99;

        if (at >= 4 && at < 24) {
            continue; /* client, sequence, time: any value is right */
        }
        hr_wire_orders_put(bytes, in, 3, 1, 1, 1);
        bytes[HR_WIRE_ORDER_BYTES + at] ^= 0x20;
        CHECK_EQ(hr_wire_orders_get(bytes, sizeof(bytes), out, 3, &good), -EBADMSG);
        CHECK_EQ(good, 1);
        CHECK(memcmp(out, in, sizeof(in[0])) == 0);
        CHECK(strstr(hr_error(), "byte 60") != NULL);
    }
}

TEST(wire, what_is_no_event_is_refused)
{
    const struct eut_event event = {.order = 1, .kind = EUT_ACCEPTED};
    uint8_t order[HR_WIRE_ORDER_BYTES] = {0}, bytes[HR_WIRE_EVENT_BYTES];
    struct hr_wire_event got;
    static const size_t fixed[] = {0, 1, 2, 3, 63};

    hr_wire_event_put(bytes, &event, order, 0, 1);
    CHECK_EQ(hr_wire_event_get(bytes, HR_WIRE_EVENT_BYTES - 1, &got), -EBADMSG);
    for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
        hr_wire_event_put(bytes, &event, order, 0, 1);
        bytes[fixed[i]] ^= 4;
        CHECK_EQ(hr_wire_event_get(bytes, sizeof(bytes), &got), -EBADMSG);
    }
    hr_wire_event_put(bytes, &event, order, 0, 2);
    CHECK_EQ(hr_wire_event_get(bytes, sizeof(bytes), &got), -EBADMSG);
}
