/* itch50.c - NASDAQ TotalView-ITCH 5.0 files as flow. Each message has a 2-byte big-endian length
 * before it; files exist whose prefix is 0000, there the type tells the length. The market is the
 * stock locate, the price unit 1/10000 dollar. Cannot see: orders that traded at once, and hidden
 * ones (recorded.h). Source: Nasdaq TotalView-ITCH 5.0 specification, message formats. */
#include "harness/error.h"
#include "harness/flow_reader.h"

#include <errno.h>

/* Bytes of each message, type included; 0: not a type of version 5.0. */
static const uint8_t message_bytes[128] = {
    ['S'] = 12, ['R'] = 39, ['H'] = 25, ['Y'] = 20, ['L'] = 26, ['V'] = 35, ['W'] = 12, ['K'] = 28,
    ['J'] = 35, ['h'] = 21, ['A'] = 36, ['F'] = 40, ['E'] = 31, ['C'] = 36, ['X'] = 23, ['D'] = 19,
    ['U'] = 35, ['P'] = 44, ['Q'] = 40, ['B'] = 19, ['I'] = 50, ['N'] = 20, ['O'] = 48,
};

static uint32_t big16(const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

static uint32_t big32(const uint8_t *at)
{
    return big16(at) << 16 | big16(at + 2);
}

static uint64_t big64(const uint8_t *at)
{
    return (uint64_t)big32(at) << 32 | big32(at + 4);
}

static int start(struct hr_flow_file *file)
{
    return hr_recorded_new(&file->recorded);
}

/* What one message does; it has the bytes that its type needs. Every message: type 1, locate 2,
 * tracking 2, time 6; those about an order go on with its 8-byte reference. */
static int apply(struct hr_recorded *r, const uint8_t *m)
{
    struct hr_recorded_counts *c = &r->counts;
    struct hr_recorded_order order = {.market = big16(m + 1)};

    c->messages++;
    switch (m[0]) {
    case 'A':
    case 'F':
        order.id = big64(m + 11);
        order.side = m[19] == 'B' ? EUT_BUY : EUT_SELL;
        order.qty = big32(m + 20);
        order.price = big32(m + 32);
        return hr_recorded_enter(r, &order);
    case 'E':
    case 'C':
        hr_recorded_execute(r, big64(m + 11), big32(m + 19));
        return 0;
    case 'X':
        hr_recorded_reduce(r, big64(m + 11), big32(m + 19));
        return 0;
    case 'D':
        hr_recorded_reduce(r, big64(m + 11), UINT32_MAX);
        return 0;
    case 'U':
        order.id = big64(m + 19);
        order.qty = big32(m + 27);
        order.price = big32(m + 31);
        return hr_recorded_exchange(r, big64(m + 11), &order);
    case 'P':
        c->not_displayed++;
        return 0;
    case 'Q':
        c->crosses++;
        return 0;
    case 'B':
        c->broken++;
        return 0;
    case 'H':
    case 'h':
        c->halts++;
        return 0;
    default:
        c->other++;
        return 0;
    }
}

/* Any two bytes look like a length: a file without one message that ITCH knows is something else.
 */
static int end(struct hr_flow_file *file, bool cut_short)
{
    struct hr_recorded_counts *c = &file->recorded->counts;

    c->cut_short = cut_short;
    if ((c->messages > 0 || cut_short) && c->messages == c->unknown_types) {
        return hr_fail(EINVAL, "%s: holds no message of ITCH 5.0: it is of another format",
                       file->name);
    }
    return 0;
}

/* Takes in one message. 1, 0 at the end, or -errno. */
static int read_message(struct hr_flow_file *file)
{
    unsigned long long offset = hr_bytes_offset(&file->bytes);
    int rc = hr_flow_need(file, 3);

    if (rc <= 0) { /* nothing, or a length of 0 that ends a session, or half a message */
        const uint8_t *at = file->bytes.at;
        size_t seen = (size_t)(file->bytes.end - at);

        return rc ? rc : end(file, seen > 0 && !(seen == 2 && big16(at) == 0));
    }
    const uint8_t *at = file->bytes.at;
    uint32_t given = big16(at), known = at[2] < 128 ? message_bytes[at[2]] : 0;
    uint32_t bytes = given ? given : known;

    if (bytes == 0) {
        return hr_fail(EINVAL,
                       "%s: byte %llu: a message of type 0x%02x without a length, which ITCH 5.0 "
                       "does not know: "
                       "the file is damaged, or of another version",
                       file->name, offset, at[2]);
    }
    if (bytes < known) {
        return hr_fail(EINVAL,
                       "%s: byte %llu: a message '%c' of %u bytes, but ITCH 5.0 has %u: the file "
                       "is damaged, or "
                       "of another version",
                       file->name, offset, at[2], bytes, known);
    }
    rc = hr_flow_need(file, 2 + (size_t)bytes);
    if (rc <= 0) {
        return rc ? rc : end(file, true);
    }
    at = file->bytes.at + 2;
    file->bytes.at += 2 + (size_t)bytes;
    if (known == 0) {
        file->recorded->counts.messages++;
        file->recorded->counts.unknown_types++;
        return 1;
    }
    rc = apply(file->recorded, at);
    return rc ? rc : 1;
}

static int next(struct hr_flow_file *file, struct eut_request *request)
{
    while (!hr_recorded_take(file->recorded, request)) {
        int rc = read_message(file);

        if (rc <= 0) {
            return rc;
        }
    }
    return 1;
}

const struct hr_flow_reader hr_itch50_reader = {HR_FORMAT_ITCH50, "itch50", start, next};
