/*
 * recorded.h - a recorded market as a flow: orders as they were entered, and for each execution the
 * taker that must have caused it.
 *
 * A feed shows resting orders and what happened to them, not the orders that came and traded at
 * once. So an execution of a resting order becomes a taker: the opposite side, immediate or cancel,
 * that quantity at that order's price, under an id of its own (from HR_RECORDED_TAKER up). If the
 * books are right, our engine trades it with the very order the exchange did; the share of
 * executions for which it does is the *fidelity* of a replay. It falls short of 1 where the
 * exchange traded out of price-time order, or where a stream began mid-day with orders that were
 * never seen.
 *
 * A partial cancel becomes a replace with less quantity (it keeps its place), a delete a cancel, a
 * replacement under a new id a cancel and a new order. Executions that no displayed order stood
 * behind, and crosses, are passed over and counted.
 */
#ifndef HR_RECORDED_H
#define HR_RECORDED_H

#include "engine-under-test/engine.h"

#include <stdbool.h>

#define HR_RECORDED_TAKER ((uint64_t)1 << 63)

struct hr_recorded_counts {
    uint64_t messages;
    uint64_t executions;      /* of displayed orders that were seen: each became a taker */
    uint64_t unknown_orders;  /* messages about orders never seen: passed over */
    uint64_t not_displayed;   /* trades without a displayed order */
    uint64_t crosses, broken; /* cross trades, trades undone later */
    uint64_t halts;
    uint64_t other;         /* messages about no order */
    uint64_t unknown_types; /* of a type not known here */
    uint64_t reused_ids; /* orders entered under an id that was live: the old one was cancelled */
    uint64_t cut_short;  /* 1 if the file ends inside a message */
};

struct hr_flow_file;
/* NULL for formats that record no market. */
const struct hr_recorded_counts *hr_flow_file_recorded(const struct hr_flow_file *file);
/* The order that the exchange's execution met, for a taker that the last hr_flow_file_read() gave
 * at `index`; 0 for other requests, and for formats that record no market. */
uint64_t hr_flow_file_expected(const struct hr_flow_file *file, uint32_t index);

/* ---- for the readers ---- */

#define HR_RECORDED_READ_MAX 4096u /* requests a read, so that the expected makers have a place */
#define HR_RECORDED_QUEUE 4u

struct hr_recorded_order {
    uint64_t id; /* 0: an empty cell */
    uint32_t price, qty, market;
    uint8_t side;
};

struct hr_recorded {
    struct hr_recorded_counts counts;
    uint64_t takers;
    struct hr_recorded_order *orders; /* open addressing, linear, a power of two */
    uint64_t cells, used;
    struct eut_request queue[HR_RECORDED_QUEUE];
    uint64_t queue_expected[HR_RECORDED_QUEUE];
    uint32_t queued, given;
    uint64_t expected_next; /* of the request taken last */
    uint64_t expected[HR_RECORDED_READ_MAX];
};

int hr_recorded_new(struct hr_recorded **recorded); /* -ENOMEM */
void hr_recorded_free(struct hr_recorded *recorded);
/* One message's effect; requests are queued, at most HR_RECORDED_QUEUE of them. 0 or -ENOMEM.
 * execute() and reduce() take at most an order's open quantity; UINT32_MAX means all of it.
 * exchange() enters `order` with the side and market of the order `id`, which leaves. */
int hr_recorded_enter(struct hr_recorded *recorded, const struct hr_recorded_order *order);
void hr_recorded_execute(struct hr_recorded *recorded, uint64_t id, uint32_t qty);
void hr_recorded_reduce(struct hr_recorded *recorded, uint64_t id, uint32_t qty);
int hr_recorded_exchange(struct hr_recorded *recorded, uint64_t id,
                         const struct hr_recorded_order *order);
/* Takes a queued request, and sets expected_next; false if there is none. */
bool hr_recorded_take(struct hr_recorded *recorded, struct eut_request *request);

#endif
