/*
 * wire.h - what an order and an event look like between two machines, byte for byte.
 *
 * Orders are 60 bytes, events 64, all integers little-endian, packed one after the other without
 * anything between them; where a message (a part, a record) begins and ends is the path's. The
 * published "60-byte binary FIX" has no single layout, and none that its sender and its receiver
 * both wrote down: this one is ours.
 *
 *     order: 60 bytes                             event: 64 bytes
 *      0  u32 magic     "HRO1"                     0  u32 magic     "HRE1"
 *      4  u32 client    who sends                  4  u32 client    of the order
 *      8  u64 sequence  of the client, from 1      8  u64 sequence  of the order that caused it
 *     16  u64 time_ns   the client's clock        16  u64 time_ns   of the order, sent back
 *     24  u64 reserved  0                         24  u64 engine_ns the server's clock, answered
 *     32  u64 order     \                         32  u64 order     \
 *     40  u32 market     |                        40  u64 maker      |
 *     44  u32 account    |                        48  u32 price      | struct eut_event
 *     48  u32 price      | struct eut_request,    52  u32 qty        | (engine.h)
 *     52  u32 qty        | its first 28 bytes     56  u32 market     |
 *     56  u8  op         | (engine.h)             60  u8  kind       |
 *     57  u8  side       |                        61  u8  reason    /
 *     58  u8  type       |                        62  u8  last      1: this order's last event
 *     59  u8  tif       /                         63  u8  reserved  0
 *
 * New, cancel, replace and quote are told apart by `op`; fields that an op does not name are not
 * read. All 28 bytes of a request fit, with its id, its sequence and its time in full width; what
 * made room is that price, quantity and account are 32 bits, as the rules of matching have them,
 * and that there is no checksum: the transports bring their own, and sealing is another layer's.
 *
 * Every order is answered by at least one event; its last one has `last` set, so that a client
 * knows what was acknowledged. An order of which the engine says nothing is answered by an event
 * of kind HR_WIRE_SILENT.
 *
 * A question is an order with op HR_WIRE_ASK and sequence 0, alone and sent when nothing of its
 * client is in flight: it goes to the server, not to its engine. `side` says which; the answer is
 * one event of kind HR_WIRE_ASK, with that in `reason` (HR_WIRE_RULER is added if the engine
 * matches nothing).
 *
 *     side                      order             maker              price     qty
 *     HR_WIRE_ASK_LIMITS        live orders       price levels       markets   L2 markets
 *     HR_WIRE_ASK_CONNECTION    received of it    accepted of it     0         0
 *     HR_WIRE_ASK_ENGINE        received in all   accepted in all    0         0
 *     HR_WIRE_ASK_NEW_ENGINE    as the last one, after a new engine was made, if the server does
 * that
 *
 * Nothing is trusted: orders_get() and event_get() look at the length, the magic and the reserved
 * bytes. What the codes mean is the engine's to judge (bad_type). Alignment does not matter.
 *
 * Threads: any. Errors: -EBADMSG with hr_error().
 */
#ifndef HR_WIRE_H
#define HR_WIRE_H

#include "engine-under-test/engine.h"

#include <stddef.h>
#include <string.h>

#define HR_WIRE_ORDER_BYTES 60u
#define HR_WIRE_EVENT_BYTES 64u
#define HR_WIRE_ORDER_MAGIC 0x314F5248u /* "HRO1" */
#define HR_WIRE_EVENT_MAGIC 0x31455248u /* "HRE1" */
#define HR_WIRE_SILENT '.'
#define HR_WIRE_ASK '?'
#define HR_WIRE_RULER 0x80u
enum hr_wire_ask {
    HR_WIRE_ASK_LIMITS = 1,
    HR_WIRE_ASK_CONNECTION,
    HR_WIRE_ASK_ENGINE,
    HR_WIRE_ASK_NEW_ENGINE
};
/* So much of struct eut_request and struct eut_event is copied in one piece. */
#define HR_WIRE_REQUEST_BYTES 28u
#define HR_WIRE_EVENT_COPIED_BYTES 24u
/* So many orders or events are fetched before their turn: they come from memory or from another
 * core, and what a processor fetches by itself ends with each page. */
#define HR_WIRE_AHEAD 32u

struct hr_wire_order {
    uint32_t magic, client;
    uint64_t sequence, time_ns, reserved;
    uint64_t order;
    uint32_t market, account, price, qty;
    uint8_t op, side, type, tif;
} __attribute__((packed, aligned(4)));

struct hr_wire_event {
    uint32_t magic, client;
    uint64_t sequence, time_ns, engine_ns;
    uint64_t order, maker;
    uint32_t price, qty, market;
    uint8_t kind, reason, last, reserved;
};

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "messages are copied as they lie");
_Static_assert(sizeof(struct hr_wire_order) == HR_WIRE_ORDER_BYTES, "an order is 60 bytes");
_Static_assert(sizeof(struct hr_wire_event) == HR_WIRE_EVENT_BYTES, "an event is 64 bytes");
_Static_assert(offsetof(struct hr_wire_order, sequence) == 8 &&
                   offsetof(struct hr_wire_order, time_ns) == 16 &&
                   offsetof(struct hr_wire_order, order) == 32 &&
                   offsetof(struct hr_wire_order, market) == 40 &&
                   offsetof(struct hr_wire_order, tif) == 59,
               "the table above");
_Static_assert(offsetof(struct hr_wire_event, sequence) == 8 &&
                   offsetof(struct hr_wire_event, engine_ns) == 24 &&
                   offsetof(struct hr_wire_event, order) == 32 &&
                   offsetof(struct hr_wire_event, price) == 48 &&
                   offsetof(struct hr_wire_event, last) == 62,
               "the table above");
_Static_assert(offsetof(struct eut_request, order) == 0 &&
                   offsetof(struct eut_request, market) == 8 &&
                   offsetof(struct eut_request, account) == 12 &&
                   offsetof(struct eut_request, price) == 16 &&
                   offsetof(struct eut_request, qty) == 20 &&
                   offsetof(struct eut_request, op) == 24 &&
                   offsetof(struct eut_request, tif) == 27,
               "a request's first 28 bytes are those of an order's end");
_Static_assert(offsetof(struct eut_event, order) == 0 && offsetof(struct eut_event, maker) == 8 &&
                   offsetof(struct eut_event, price) == 16 && offsetof(struct eut_event, qty) == 20,
               "an event's first 24 bytes lie together in both");

/* A hint: nothing need be there. */
static inline void hr_wire_ahead(const void *at, size_t bytes)
{
    __builtin_prefetch((const void *)((uintptr_t)at + bytes));
}

/* Writes count orders with sequence, sequence + 1 …; room for count * 60 bytes at `at`. Returns the
 * bytes. */
static inline size_t hr_wire_orders_put(uint8_t *at, const struct eut_request *requests,
                                        uint32_t count, uint32_t client, uint64_t sequence,
                                        uint64_t time_ns)
{
    const struct hr_wire_order head = {
        .magic = HR_WIRE_ORDER_MAGIC, .client = client, .time_ns = time_ns};

    for (uint32_t i = 0; i < count; i++, at += HR_WIRE_ORDER_BYTES) {
        uint64_t own = sequence + i;

        hr_wire_ahead(requests + i, HR_WIRE_AHEAD * sizeof(*requests));
        /* The head never changes, so it stays in registers; the sequence goes over it. */
        memcpy(at, &head, offsetof(struct hr_wire_order, order));
        memcpy(at + offsetof(struct hr_wire_order, sequence), &own, sizeof(own));
        memcpy(at + offsetof(struct hr_wire_order, order), requests + i, HR_WIRE_REQUEST_BYTES);
    }
    return (size_t)count * HR_WIRE_ORDER_BYTES;
}

/* Reads the whole orders in [at, at + bytes), at most `most`; returns how many. What is left of an
 * order that has not come whole yet stays. -EBADMSG at the first that is none; *good (may be NULL)
 * then says how many before it were read. */
int64_t hr_wire_orders_get(const uint8_t *at, size_t bytes, struct eut_request *requests,
                           uint32_t most, uint32_t *good);

/* One event of the order at `order` (60 bytes, as received): 64 bytes at `at`. */
static inline void hr_wire_event_put(uint8_t *at, const struct eut_event *event,
                                     const uint8_t *order, uint64_t engine_ns, uint8_t last)
{
    uint32_t head[2] = {HR_WIRE_EVENT_MAGIC}, market;
    uint64_t tail;

    memcpy(head + 1, order + offsetof(struct hr_wire_order, client), sizeof(head[1]));
    memcpy(&market, order + offsetof(struct hr_wire_order, market), sizeof(market));
    tail =
        (uint64_t)last << 48 | (uint64_t)event->reason << 40 | (uint64_t)event->kind << 32 | market;
    memcpy(at, head, sizeof(head));
    memcpy(at + offsetof(struct hr_wire_event, sequence),
           order + offsetof(struct hr_wire_order, sequence), 2 * sizeof(uint64_t));
    memcpy(at + offsetof(struct hr_wire_event, engine_ns), &engine_ns, sizeof(engine_ns));
    memcpy(at + offsetof(struct hr_wire_event, order), event, HR_WIRE_EVENT_COPIED_BYTES);
    memcpy(at + offsetof(struct hr_wire_event, market), &tail, sizeof(tail));
}

/* -EBADMSG, in words. */
int hr_wire_not_an_event(size_t bytes);

/* 0, or -EBADMSG. */
static inline int hr_wire_event_get(const uint8_t *at, size_t bytes, struct hr_wire_event *event)
{
    if (__builtin_expect(bytes < HR_WIRE_EVENT_BYTES, 0)) {
        return hr_wire_not_an_event(bytes);
    }
    memcpy(event, at, sizeof(*event));
    if (__builtin_expect(event->magic != HR_WIRE_EVENT_MAGIC || event->reserved != 0 ||
                             event->last > 1,
                         0)) {
        return hr_wire_not_an_event(bytes);
    }
    return 0;
}

#endif
