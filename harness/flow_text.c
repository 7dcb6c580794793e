/* flow_text.c - requests, events and books as text: one line each, unsigned decimal numbers and listed
 * letters, as RULES.md gives them. Strict: what does not fit is refused with what was expected; the one
 * leniency is a carriage return before the newline. Hand-made, since replay lives on its speed. */
#include "harness/codec.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* ---- reading ---- */

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
        return wrong(line, "expected a comma: fields are unsigned numbers and letters, without spaces");
    }
    line->at++;
    return true;
}

static inline bool read_u32(struct line *line, uint32_t *value, const char *not_number, const char *too_big)
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

static inline bool read_letter(struct line *line, uint8_t *value, const char *letters, const char *why)
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
           read_letter(line, &r->tif, "DIFP",
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
    return READ_U32(line, market) && READ_SIDE(line) && READ_U32(line, price) && READ_U32(line, qty) &&
           read_end(line);
}

int hr_text_parse_request(const char *text, const char *end, struct eut_request *request, const char **why)
{
    bool good = false;

    if (end > text && end[-1] == '\r') {
        end--;
    }
    if (end == text || *text == '#') {
        return 1;
    }
    struct line line = {.at = text + 1, .end = end};
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
    if (!good) {
        *why = line.why;
        return -EINVAL;
    }
    return 0;
}

/* ---- writing ---- */

static const char digit_pairs[200] = "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
                                     "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
                                     "8081828384858687888990919293949596979899";

static const uint64_t powers_of_ten[20] = {
    0, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000,
    100000000000, 1000000000000, 10000000000000, 100000000000000, 1000000000000000,
    10000000000000000, 100000000000000000, 1000000000000000000, 10000000000000000000u};

static inline char *put_u64(char *at, uint64_t v)
{
    /* bits * log10(2), then one more where the power of ten is reached */
    unsigned guess = (64 - (unsigned)__builtin_clzll(v | 1)) * 1233 >> 12;
    unsigned digits = guess + (v >= powers_of_ten[guess]);
    char *end = at + digits, *to = end;

    while (v >= 100) {
        memcpy(to -= 2, digit_pairs + v % 100 * 2, 2);
        v /= 100;
    }
    if (v >= 10) {
        memcpy(to - 2, digit_pairs + v * 2, 2);
    } else {
        to[-1] = (char)('0' + v);
    }
    return end;
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
