/*
 * request_refusal.c - is the request well formed for this kind of market?
 *
 * The checks of rule 8 that need no book, in its order. The market's number is checked before.
 */
#include "engine-under-test/reference/reference_book.h"

static bool price_ok(uint32_t price)
{
    return price - 1 < EUT_PRICE_MAX;
}

static bool side_ok(uint8_t side)
{
    return side == EUT_BUY || side == EUT_SELL;
}

static bool codes_ok(const struct eut_request *r, int l2)
{
    bool takes = r->tif == EUT_IOC || r->tif == EUT_FOK;

    if (r->op != EUT_NEW || !side_ok(r->side)) {
        return false;
    }
    if (r->type == EUT_MARKET) {
        return takes || r->tif == EUT_DAY;
    }
    return r->type == EUT_LIMIT && (takes || (!l2 && (r->tif == EUT_DAY || r->tif == EUT_POST)));
}

uint8_t eut_request_refusal(const struct eut_request *r, int l2)
{
    if (r->op == EUT_QUOTE) {
        return !price_ok(r->price)        ? EUT_BAD_PRICE
               : !l2 || !side_ok(r->side) ? EUT_BAD_TYPE
                                          : EUT_NONE;
    }
    if (r->order == 0) {
        return EUT_BAD_ORDER;
    }
    if (r->op == EUT_CANCEL) {
        return l2 ? EUT_BAD_TYPE : EUT_NONE;
    }
    if (r->qty == 0) {
        return EUT_BAD_QTY;
    }
    if (r->op == EUT_REPLACE) {
        return !price_ok(r->price) ? EUT_BAD_PRICE : l2 ? EUT_BAD_TYPE : EUT_NONE;
    }
    /* New, and what no one knows. */
    if (r->type == EUT_MARKET ? r->price != 0 : !price_ok(r->price)) {
        return EUT_BAD_PRICE;
    }
    return codes_ok(r, l2) ? EUT_NONE : EUT_BAD_TYPE;
}
