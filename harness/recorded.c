/* recorded.c - the orders of a recorded market that are live, by id, and what each message about
 * them becomes as requests. Knows the orders, not the books: whether a taker finds the order that
 * the exchange's did is for the engine to show. */
#include "harness/recorded.h"

#include "harness/error.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CELLS_FIRST 4096u

int hr_recorded_new(struct hr_recorded **recorded)
{
    struct hr_recorded *r = calloc(1, sizeof(*r));

    *recorded = r;
    if (!r || !(r->orders = calloc(CELLS_FIRST, sizeof(*r->orders)))) {
        return hr_fail(ENOMEM, "no memory to read a recorded market");
    }
    r->cells = CELLS_FIRST;
    return 0;
}

void hr_recorded_free(struct hr_recorded *recorded)
{
    if (recorded) {
        free(recorded->orders);
        free(recorded);
    }
}

/* ---- orders by id ---- */

static uint64_t home(const struct hr_recorded *r, uint64_t id)
{
    id *= 0x9E3779B97F4A7C15u;
    return (id ^ (id >> 32)) & (r->cells - 1);
}

/* The order's cell, or the empty one where it would go. */
static struct hr_recorded_order *cell_of(const struct hr_recorded *r, uint64_t id)
{
    uint64_t at = home(r, id);

    while (r->orders[at].id && r->orders[at].id != id) {
        at = (at + 1) & (r->cells - 1);
    }
    return &r->orders[at];
}

static int grow(struct hr_recorded *r)
{
    struct hr_recorded old = *r;

    if (r->used * 2 < r->cells) {
        return 0;
    }
    r->orders = calloc(old.cells * 2, sizeof(*r->orders));
    if (!r->orders) {
        r->orders = old.orders;
        return hr_fail(ENOMEM, "no memory for %llu live orders of a recorded market",
                       (unsigned long long)r->used);
    }
    r->cells = old.cells * 2;
    for (uint64_t i = 0; i < old.cells; i++) {
        if (old.orders[i].id) {
            *cell_of(r, old.orders[i].id) = old.orders[i];
        }
    }
    free(old.orders);
    return 0;
}

/* Empties a cell and moves back what had to go past it. */
static void erase(struct hr_recorded *r, struct hr_recorded_order *order)
{
    uint64_t mask = r->cells - 1, hole = (uint64_t)(order - r->orders);

    for (uint64_t at = (hole + 1) & mask; r->orders[at].id; at = (at + 1) & mask) {
        if (((at - home(r, r->orders[at].id)) & mask) >= ((at - hole) & mask)) {
            r->orders[hole] = r->orders[at];
            hole = at;
        }
    }
    r->orders[hole].id = 0;
    r->used--;
}

/* ---- messages ---- */

static struct eut_request *queue(struct hr_recorded *r, const struct hr_recorded_order *order,
                                 uint8_t op)
{
    struct eut_request *request = &r->queue[r->queued];

    memset(request, 0, sizeof(*request));
    request->op = op;
    request->market = order->market;
    request->order = order->id;
    r->queue_expected[r->queued++] = 0;
    return request;
}

bool hr_recorded_take(struct hr_recorded *r, struct eut_request *request)
{
    if (r->given == r->queued) {
        r->given = r->queued = 0;
        return false;
    }
    *request = r->queue[r->given];
    r->expected_next = r->queue_expected[r->given++];
    return true;
}

static struct hr_recorded_order *known(struct hr_recorded *r, uint64_t id)
{
    struct hr_recorded_order *order = cell_of(r, id);

    if (id == 0 || order->id == 0) {
        r->counts.unknown_orders++;
        return NULL;
    }
    return order;
}

int hr_recorded_enter(struct hr_recorded *r, const struct hr_recorded_order *order)
{
    struct hr_recorded_order *cell;
    struct eut_request *request;
    int rc = grow(r);

    if (rc) {
        return rc;
    }
    cell = cell_of(r, order->id);
    if (cell->id && order->id) {
        r->counts.reused_ids++;
        queue(r, cell, EUT_CANCEL);
    } else {
        r->used += order->id != 0; /* an order with id 0 is passed on, to be rejected */
    }
    if (order->id) {
        *cell = *order;
    }
    request = queue(r, order, EUT_NEW);
    request->side = order->side;
    request->type = EUT_LIMIT;
    request->tif = EUT_DAY;
    request->price = order->price;
    request->qty = order->qty;
    return 0;
}

void hr_recorded_execute(struct hr_recorded *r, uint64_t id, uint32_t qty)
{
    struct hr_recorded_order *order = known(r, id);
    struct eut_request *request;

    if (!order) {
        return;
    }
    qty = qty < order->qty ? qty : order->qty;
    r->counts.executions++;
    request = queue(r, order, EUT_NEW);
    request->order = HR_RECORDED_TAKER + ++r->takers;
    request->side = order->side == EUT_BUY ? EUT_SELL : EUT_BUY;
    request->type = EUT_LIMIT;
    request->tif = EUT_IOC;
    request->price = order->price;
    request->qty = qty;
    r->queue_expected[r->queued - 1] = id;
    order->qty -= qty;
    if (order->qty == 0) {
        erase(r, order);
    }
}

void hr_recorded_reduce(struct hr_recorded *r, uint64_t id, uint32_t qty)
{
    struct hr_recorded_order *order = known(r, id);

    if (!order) {
        return;
    }
    if (qty >= order->qty) {
        queue(r, order, EUT_CANCEL);
        erase(r, order);
    } else if (qty > 0) {
        struct eut_request *request = queue(r, order, EUT_REPLACE);

        order->qty -= qty;
        request->price = order->price;
        request->qty = order->qty;
    }
}

int hr_recorded_exchange(struct hr_recorded *r, uint64_t id, const struct hr_recorded_order *order)
{
    struct hr_recorded_order *old = known(r, id), next = *order;

    if (!old) {
        return 0;
    }
    next.side = old->side;
    next.market = old->market;
    queue(r, old, EUT_CANCEL);
    erase(r, old);
    return hr_recorded_enter(r, &next);
}
