/*
 * units.h - a number with its unit: what claims, facts and measured figures are compared as.
 *
 * A quantity is held in base units (bits, seconds, metres, joules, and one unit for each thing that
 * is counted: orders, trades, markets …) with the power of each, so that bytes and bits, GB/s and
 * Gb/s, W and J/s agree, and orders cannot be compared with messages. Prefixes are those of the SI
 * (k M G T P, m u µ n p), with Ki Mi Gi Ti for bits and bytes. Money is counted by its currency.
 *
 * Plain values: no memory, no locks, no files.
 */
#ifndef HR_UNITS_H
#define HR_UNITS_H

#include <stdbool.h>
#include <stddef.h>

enum hr_dimension {
    HR_DIM_BIT,
    HR_DIM_SECOND,
    HR_DIM_METRE,
    HR_DIM_JOULE,
    HR_DIM_ORDER,
    HR_DIM_TRADE,
    HR_DIM_MARKET,
    HR_DIM_MESSAGE,
    HR_DIM_SHARE,
    HR_DIM_COMPARE,
    HR_DIM_EVENT,
    HR_DIM_TOKEN,
    HR_DIM_WEIGHT, /* of a model */
    HR_DIM_FLOP,
    HR_DIM_BLOCK,
    HR_DIM_VOTE,
    HR_DIM_BATCH,
    HR_DIM_CLIENT,
    HR_DIM_NODE,
    HR_DIM_CORE,
    HR_DIM_LINE, /* of memory */
    HR_DIM_USD,
    HR_DIM_AUD,
    HR_DIMENSIONS
};

#define HR_DIMENSION_POWER_MAX 9

struct hr_quantity {
    double value; /* in base units */
    signed char power[HR_DIMENSIONS];
    bool bytes; /* written in bytes, not bits, when shown */
};

/* "Gb/s", "orders/s", "B", "s^2", "%" …: what one of it is. length bytes of text; false if unknown,
 * or a power is out of range. The units of result.json ("bytes", "times") are known too. */
bool hr_unit_parse(const char *text, size_t length, struct hr_quantity *unit);

bool hr_quantity_same_kind(const struct hr_quantity *a, const struct hr_quantity *b);
/* a * b, a / b, and a to a whole power: false if a power of a unit leaves its range. */
bool hr_quantity_multiply(struct hr_quantity *a, const struct hr_quantity *b, int sign);

#define HR_QUANTITY_TEXT_MAX 160
struct hr_quantity_text {
    char text[HR_QUANTITY_TEXT_MAX];
};
/* "12.48 Gb/s", "26 M orders/s", "597 ns"; four digits. bytes: in bytes instead of bits. */
struct hr_quantity_text hr_quantity_text(const struct hr_quantity *q, bool bytes);
/* The unit alone, in base units or bytes: "b/s", "orders/s", "1". */
struct hr_quantity_text hr_quantity_unit(const struct hr_quantity *q, bool bytes);

#endif
