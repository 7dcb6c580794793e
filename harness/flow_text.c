/* flow_text.c - requests, events and books as text: one line each, unsigned decimal numbers and
 * listed letters, as RULES.md gives them. Strict: what does not fit is refused with what was
 * expected; the one leniency is a carriage return before the newline. Hand-made, since replay lives
 * on its speed: a quick reader takes the lines that are plainly good, and a careful one says what
 * is wrong with the others. */
#include "harness/codec.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* ---- careful reading ---- */

/* A line being read; why is set by the first thing that is wrong with it. */
struct line {
    const char *at, *end;
    const char *why, *too_few, *too_many;
};

static bool wrong(struct line *line, const char *why)
{
    line->why = why;
    return false;
}

static inline bool is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

/* The comma before the next field. */
static inline bool comma(struct line *line)
{
    if (line->at == line->end) {
        return wrong(line, line->too_few);
    }
    if (*line->at != ',') {
        return wrong(line,
                     "expected a comma: fields are unsigned numbers and letters, without spaces");
    }
    line->at++;
    return true;
}

static inline bool read_u32(struct line *line, uint32_t *value, const char *not_number,
                            const char *too_big)
{
    const char *at, *start;
    uint64_t v = 0;

    if (!comma(line)) {
        return false;
    }
    at = start = line->at;
    for (; at < line->end && is_digit(*at); at++) {
        v = v * 10 + (uint64_t)(*at - '0');
        if (v > UINT32_MAX) {
            return wrong(line, too_big);
        }
    }
    line->at = at;
    *value = (uint32_t)v;
    return at > start || wrong(line, not_number);
}

static inline bool read_order(struct line *line, uint64_t *value)
{
    const char *at, *start;
    uint64_t v = 0;

    if (!comma(line)) {
        return false;
    }
    at = start = line->at;
    for (; at < line->end && is_digit(*at); at++) {
        uint64_t digit = (uint64_t)(*at - '0');

        if (v > UINT64_MAX / 10 || (v == UINT64_MAX / 10 && digit > UINT64_MAX % 10)) {
            return wrong(line, "order does not fit 64 bits");
        }
        v = v * 10 + digit;
    }
    line->at = at;
    *value = v;
    return at > start || wrong(line, "order is not an unsigned number");
}

static inline bool read_letter(struct line *line, uint8_t *value, const char *letters,
                               const char *why)
{
    if (!comma(line)) {
        return false;
    }
    if (line->at == line->end || *line->at == '\0' || !strchr(letters, *line->at)) {
        return wrong(line, why);
    }
    *value = (uint8_t)*line->at++;
    return true;
}

static inline bool read_end(struct line *line)
{
    return line->at == line->end ||
           wrong(line, *line->at == ',' ? line->too_many : "something follows the last field");
}

#define READ_U32(line, field) \
    read_u32(line, &r->field, #field " is not an unsigned number", #field " does not fit 32 bits")
#define READ_SIDE(line) read_letter(line, &r->side, "BS", "side must be B (buy) or S (sell)")

static bool read_new(struct line *line, struct eut_request *r)
{
    line->too_few = "too few fields: N,market,account,order,side,type,tif,price,qty has nine";
    line->too_many = "too many fields: N,market,account,order,side,type,tif,price,qty has nine";
    return READ_U32(line, market) && READ_U32(line, account) && read_order(line, &r->order) &&
           READ_SIDE(line) &&
           read_letter(line, &r->type, "LM", "type must be L (limit) or M (market)") &&
           read_letter(
               line, &r->tif, "DIFP",
               "tif must be D (day), I (immediate or cancel), F (fill or kill) or P (post only)") &&
           READ_U32(line, price) && READ_U32(line, qty) && read_end(line);
}

static bool read_cancel(struct line *line, struct eut_request *r)
{
    line->too_few = "too few fields: C,market,account,order has four";
    line->too_many = "too many fields: C,market,account,order has four";
    return READ_U32(line, market) && READ_U32(line, account) && read_order(line, &r->order) &&
           read_end(line);
}

static bool read_replace(struct line *line, struct eut_request *r)
{
    line->too_few = "too few fields: R,market,account,order,price,qty has six";
    line->too_many = "too many fields: R,market,account,order,price,qty has six";
    return READ_U32(line, market) && READ_U32(line, account) && read_order(line, &r->order) &&
           READ_U32(line, price) && READ_U32(line, qty) && read_end(line);
}

static bool read_quote(struct line *line, struct eut_request *r)
{
    line->too_few = "too few fields: Q,market,side,price,qty has five";
    line->too_many = "too many fields: Q,market,side,price,qty has five";
    return READ_U32(line, market) && READ_SIDE(line) && READ_U32(line, price) &&
           READ_U32(line, qty) && read_end(line);
}

static bool read_careful(const char *text, const char *end, struct eut_request *request,
                         const char **why)
{
    struct line line = {.at = text + 1, .end = end};
    bool good = false;

    memset(request, 0, sizeof(*request));
    request->op = (uint8_t)*text;
    switch (*text) {
    case EUT_NEW:
        good = read_new(&line, request);
        break;
    case EUT_CANCEL:
        good = read_cancel(&line, request);
        break;
    case EUT_REPLACE:
        good = read_replace(&line, request);
        break;
    case EUT_QUOTE:
        good = read_quote(&line, request);
        break;
    default:
        line.why = "a line starts with N (new), C (cancel), R (replace), Q (quote) or # (comment)";
    }
    *why = line.why;
    return good;
}

/* ---- quick reading: each step returns the place behind what it took, or NULL ---- */

/* Eight digits at once, if all are digits: the high half of each byte is 3, and adding 6 leaves it.
 */
static inline bool eight_digits(const char *at, uint64_t *value)
{
    const uint64_t high_halves = 0xF0F0F0F0F0F0F0F0u, threes = 0x3030303030303030u;
    uint64_t x;

    memcpy(&x, at, sizeof(x)); /* the first digit is the lowest byte: hosts are little-endian */
    if ((x & high_halves) != threes || ((x + 0x0606060606060606u) & high_halves) != threes) {
        return false;
    }
    x = (x & 0x0F0F0F0F0F0F0F0Fu) * (10 * 256 + 1) >> 8;
    x = (x & 0x00FF00FF00FF00FFu) * (100 * 65536 + 1) >> 16;
    *value = (x & 0x0000FFFF0000FFFFu) * ((uint64_t)10000 * 4294967296u + 1) >> 32;
    return true;
}

static inline const char *quick_u32(const char *at, const char *end, uint32_t *value)
{
    const char *start = ++at; /* past the comma or letter before it */
    uint64_t v = 0;

    for (; at < end && is_digit(*at); at++) {
        v = v * 10 + (uint64_t)(*at - '0');
    }
    *value = (uint32_t)v;
    return at > start && at - start <= 10 && v <= UINT32_MAX ? at : NULL;
}

static inline const char *quick_order(const char *at, const char *end, uint64_t *value)
{
    const char *start = ++at;
    uint64_t v = 0, part;

    for (int i = 0; i < 2 && end - at >= 8 && eight_digits(at, &part); i++, at += 8) {
        v = v * 100000000 + part;
    }
    for (; at < end && is_digit(*at) && at - start < 19; at++) {
        v = v * 10 + (uint64_t)(*at - '0');
    }
    if (at < end && is_digit(*at)) { /* the twentieth, if it fits */
        uint64_t digit = (uint64_t)(*at++ - '0');

        if (v > (UINT64_MAX - digit) / 10 || (at < end && is_digit(*at))) {
            return NULL;
        }
        v = v * 10 + digit;
    }
    *value = v;
    return at > start ? at : NULL;
}

static inline const char *quick_comma(const char *at, const char *end)
{
    return at && at < end && *at == ',' ? at : NULL;
}

#define QUICK_U32(field) (at = quick_comma(at, end)) && (at = quick_u32(at, end, &r->field))
#define QUICK_ORDER() (at = quick_comma(at, end)) && (at = quick_order(at, end, &r->order))

static bool quick_new(const char *at, const char *end, struct eut_request *r)
{
    if (!(QUICK_U32(market) && QUICK_U32(account) && QUICK_ORDER()) || end - at < 10 ||
        at[0] != ',' || at[2] != ',' || at[4] != ',' || at[6] != ',') {
        return false;
    }
    r->side = (uint8_t)at[1];
    r->type = (uint8_t)at[3];
    r->tif = (uint8_t)at[5];
    at += 6;
    return (r->side == EUT_BUY || r->side == EUT_SELL) &&
           (r->type == EUT_LIMIT || r->type == EUT_MARKET) &&
           (r->tif == EUT_DAY || r->tif == EUT_IOC || r->tif == EUT_FOK || r->tif == EUT_POST) &&
           QUICK_U32(price) && QUICK_U32(qty) && at == end;
}

static bool read_quick(const char *text, const char *end, struct eut_request *r)
{
    const char *at = text + 1;

    memset(r, 0, sizeof(*r));
    r->op = (uint8_t)*text;
    switch (*text) {
    case EUT_NEW:
        return quick_new(at, end, r);
    case EUT_CANCEL:
        return QUICK_U32(market) && QUICK_U32(account) && QUICK_ORDER() && at == end;
    case EUT_REPLACE:
        return QUICK_U32(market) && QUICK_U32(account) && QUICK_ORDER() && QUICK_U32(price) &&
               QUICK_U32(qty) && at == end;
    default:
        return false;
    }
}

int hr_text_parse_request(const char *text, const char *end, struct eut_request *request,
                          const char **why)
{
    if (end > text && end[-1] == '\r') {
        end--;
    }
    if (end == text || *text == '#') {
        return 1;
    }
    return read_quick(text, end, request) || read_careful(text, end, request, why) ? 0 : -EINVAL;
}

/* ---- writing ---- */

static const char digit_pairs[200] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
    "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
    "8081828384858687888990919293949596979899";

/* Exactly eight digits, by halves that do not wait for each other. */
static inline void put_eight(char *at, uint32_t v)
{
    uint32_t high = v / 10000, low = v % 10000;

    memcpy(at, digit_pairs + high / 100 * 2, 2);
    memcpy(at + 2, digit_pairs + high % 100 * 2, 2);
    memcpy(at + 4, digit_pairs + low / 100 * 2, 2);
    memcpy(at + 6, digit_pairs + low % 100 * 2, 2);
}

/* Without leading zeros; v < 100 000 000. */
static inline char *put_short(char *at, uint32_t v)
{
    unsigned digits = v < 10000 ? (v < 100 ? 1 + (v >= 10) : 3 + (v >= 1000))
                                : (v < 1000000 ? 5 + (v >= 100000) : 7 + (v >= 10000000));
    uint64_t all;

    put_eight((char *)&all, v);
    all >>= 8 * (8 - digits); /* the leading zeros are the lowest bytes */
    memcpy(at, &all, 8);      /* always eight: the caller has room, and writes over the rest */
    return at + digits;
}

static inline char *put_u64(char *at, uint64_t v)
{
    if (v < 100000000) {
        return put_short(at, (uint32_t)v);
    }
    uint64_t high = v / 100000000;

    if (high < 100000000) {
        at = put_short(at, (uint32_t)high);
    } else {
        at = put_short(at, (uint32_t)(high / 100000000));
        put_eight(at, (uint32_t)(high % 100000000));
        at += 8;
    }
    put_eight(at, (uint32_t)(v % 100000000));
    return at + 8;
}

static inline char *put_number(char *at, uint64_t v)
{
    *at++ = ',';
    return put_u64(at, v);
}

/* A code as a letter; those of binary forms may be any byte. */
static inline char printable(uint8_t letter)
{
    return letter > ' ' && letter < 127 && letter != ',' ? (char)letter : '?';
}

static inline char *put_letter(char *at, uint8_t letter)
{
    *at++ = ',';
    *at++ = printable(letter);
    return at;
}

char *hr_text_put_request(char *at, const struct eut_request *r)
{
    *at++ = printable(r->op);
    at = put_number(at, r->market);
    if (r->op == EUT_QUOTE) {
        at = put_letter(at, r->side);
    } else {
        at = put_number(at, r->account);
        at = put_number(at, r->order);
    }
    if (r->op != EUT_QUOTE && r->op != EUT_CANCEL && r->op != EUT_REPLACE) {
        at = put_letter(at, r->side);
        at = put_letter(at, r->type);
        at = put_letter(at, r->tif);
    }
    if (r->op != EUT_CANCEL) {
        at = put_number(at, r->price);
        at = put_number(at, r->qty);
    }
    *at++ = '\n';
    return at;
}

const char *hr_reason_name(uint8_t reason)
{
    static const char *const names[] = {
        [EUT_USER] = "user",
        [EUT_IOC_REST] = "ioc",
        [EUT_FOK_KILL] = "fok",
        [EUT_STP] = "stp",
        [EUT_BAD_MARKET] = "bad_market",
        [EUT_BAD_ORDER] = "bad_order",
        [EUT_BAD_QTY] = "bad_qty",
        [EUT_BAD_PRICE] = "bad_price",
        [EUT_BAD_TYPE] = "bad_type",
        [EUT_DUPLICATE] = "duplicate",
        [EUT_UNKNOWN_ORDER] = "unknown_order",
        [EUT_WOULD_CROSS] = "would_cross",
        [EUT_CAPACITY] = "capacity",
    };

    return reason < sizeof(names) / sizeof(names[0]) && names[reason] ? names[reason] : "?";
}

static inline char *put_reason(char *at, uint8_t reason)
{
    const char *name = hr_reason_name(reason);
    size_t length = strlen(name);

    *at++ = ',';
    memcpy(at, name, length);
    return at + length;
}

char *hr_text_put_event(char *at, uint64_t seq, uint32_t market, const struct eut_event *e)
{
    at = put_u64(at, seq);
    at = put_letter(at, e->kind);
    at = put_number(at, market);
    at = put_number(at, e->order);
    switch (e->kind) {
    case EUT_TRADE:
        at = put_number(at, e->maker);
        at = put_number(at, e->price);
        at = put_number(at, e->qty);
        break;
    case EUT_ACCEPTED:
        at = put_number(at, e->price);
        at = put_number(at, e->qty);
        break;
    case EUT_CANCELLED:
        at = put_number(at, e->qty);
        at = put_reason(at, e->reason);
        break;
    default:
        at = put_reason(at, e->reason);
        break;
    }
    *at++ = '\n';
    return at;
}

char *hr_text_put_resting(char *at, uint32_t market, const struct eut_resting *r)
{
    at = put_u64(at, market);
    at = put_letter(at, r->side);
    at = put_number(at, r->price);
    at = put_number(at, r->order);
    at = put_number(at, r->account);
    at = put_number(at, r->qty);
    *at++ = '\n';
    return at;
}
