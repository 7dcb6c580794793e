/* flow_observe.c - what became of the requests? Frees the slots of orders that left, readies those
 * that rest, moves the claims on prices, and counts. Trusts no event: one that names an order
 * the generator does not know is counted and otherwise passed over. */
#include "harness/flow_state.h"

void hr_flow_claim(const struct hr_flow *f, struct hr_flow_market *m, unsigned side, uint32_t price)
{
    uint32_t *count = &hr_flow_ring(f, m, side)[price & (f->ring - 1)];

    m->levels[side] += *count == 0;
    ++*count;
    if (side ? price < m->best[1] : price > m->best[0]) {
        m->best[side] = price;
    }
}

static void release(const struct hr_flow *f, struct hr_flow_market *m, unsigned side,
                    uint32_t price)
{
    const uint32_t mask = f->ring - 1;
    uint32_t *ring = hr_flow_ring(f, m, side);

    if (ring[price & mask] == 0 || --ring[price & mask] > 0) {
        return;
    }
    m->levels[side]--;
    if ((m->best[side] & mask) != (price & mask)) {
        return;
    }
    uint32_t best = m->best[side];
    if (m->levels[side] > 0) { /* some count is not 0, so this ends */
        do {
            best += side ? 1u : UINT32_MAX;
        } while (ring[best & mask] == 0);
        m->best[side] = best;
    } else {
        m->best[side] = side ? UINT32_MAX : 0;
    }
}

/* A slot as its order id leads to it; slot is NULL if that order is not there. */
struct found {
    struct hr_flow_slot *slot;
    uint32_t index;
    unsigned side;
};

static struct found find(const struct hr_flow *f, uint32_t market, struct hr_flow_market *m,
                         uint64_t id)
{
    bool dense = f->params.ids == HR_IDS_DENSE;
    uint64_t x = dense ? id - 1 : hr_flow_unmix(id) - market * 0x9E3779B97F4A7C15u;
    uint64_t number = dense ? x : (uint32_t)x;
    struct found found = {NULL, (uint32_t)(number >> 1), number & 1};

    if (number < 2 * (uint64_t)f->per_side) {
        struct hr_flow_slot *slot = &hr_flow_slots(f, m, found.side)[found.index];
        bool used = hr_flow_used(f, m, found.side)[found.index / 64] >> (found.index % 64) & 1;

        if (used && (dense || slot->generation == x >> 32)) {
            found.slot = slot;
        }
    }
    return found;
}

static void release_slot_price(const struct hr_flow *f, struct hr_flow_market *m,
                               const struct found *at)
{
    if (!(at->slot->price & HR_SLOT_UNCLAIMED)) {
        release(f, m, at->side, at->slot->price);
    }
}

static void leave(const struct hr_flow *f, struct hr_flow_market *m, const struct found *at)
{
    uint64_t bit = (uint64_t)1 << (at->index % 64);

    release_slot_price(f, m, at);
    hr_flow_used(f, m, at->side)[at->index / 64] &= ~bit;
    hr_flow_ready(f, m, at->side)[at->index / 64] &= ~bit;
    m->used[at->side]--;
}

static void make_ready(const struct hr_flow *f, struct hr_flow_market *m, const struct found *at)
{
    hr_flow_ready(f, m, at->side)[at->index / 64] |= (uint64_t)1 << (at->index % 64);
}

/* Lots off a resting order; gone with the last. */
static void fill(const struct hr_flow *f, struct hr_flow_market *m, const struct found *at,
                 uint32_t qty)
{
    if (at->slot) {
        at->slot->qty -= qty < at->slot->qty ? qty : at->slot->qty;
        if (at->slot->qty == 0) {
            leave(f, m, at);
        }
    }
}

static void saw_trade(struct hr_flow *f, struct hr_flow_market *m, const struct eut_request *r,
                      const struct eut_event *e)
{
    struct found maker = find(f, r->market, m, e->maker), taker = find(f, r->market, m, r->order);

    f->counts.qty_traded[0] += e->qty;
    f->counts.qty_traded[1] += e->qty;
    f->seen_traded += e->qty;
    fill(f, m, &maker, e->qty);
    if (r->op != EUT_REPLACE) {
        fill(f, m, &taker, e->qty);
    } else if (taker.slot && f->seen_traded >= r->qty) {
        release(f, m, taker.side, r->price);
        leave(f, m, &taker);
    }
}

static void saw_accepted(struct hr_flow *f, struct hr_flow_market *m, const struct eut_request *r,
                         const struct eut_event *e)
{
    struct found at = find(f, r->market, m, r->order);

    if (at.slot) {
        if (r->op == EUT_REPLACE) {
            release_slot_price(f, m, &at);
            at.slot->price = r->price;
        } else if (at.slot->price & HR_SLOT_UNCLAIMED &&
                   m->middle - r->price + f->ring < 2 * f->ring) {
            hr_flow_claim(f, m, at.side, r->price);
            at.slot->price = r->price;
        }
        at.slot->qty = e->qty;
        make_ready(f, m, &at);
    }
}

static void saw_cancelled(struct hr_flow *f, struct hr_flow_market *m, const struct eut_request *r,
                          const struct eut_event *e)
{
    struct found at = find(f, r->market, m, r->order);
    unsigned side = r->op == EUT_NEW ? r->side == EUT_SELL : at.side;

    f->counts.qty_cancelled[side] += e->qty;
    if (at.slot) {
        if (r->op == EUT_REPLACE) {
            release(f, m, at.side, r->price);
        }
        leave(f, m, &at);
    }
}

static void saw_rejected(struct hr_flow *f, struct hr_flow_market *m, const struct eut_request *r)
{
    struct found at = find(f, r->market, m, r->order);

    if (r->op == EUT_NEW) {
        f->counts.qty_submitted[r->side == EUT_SELL] -= r->qty;
        if (at.slot) {
            leave(f, m, &at);
        }
        return;
    }
    if (r->op == EUT_REPLACE) {
        release(f, m, at.side, r->price);
    }
    if (at.slot) { /* the cancel or replace came to nothing: the order still rests */
        make_ready(f, m, &at);
    }
}

/* The first event of a replace that was taken: its old open quantity leaves, the new one enters. */
static void count_replace(struct hr_flow *f, struct hr_flow_market *m, const struct eut_request *r)
{
    struct found at = find(f, r->market, m, r->order);

    if (at.slot) {
        f->counts.qty_cancelled[at.side] += at.slot->qty;
        f->counts.qty_submitted[at.side] += r->qty;
    }
}

static void count_event(struct hr_flow_counts *c, const struct eut_event *e)
{
    switch (e->kind) {
    case EUT_TRADE:
        c->trades++;
        break;
    case EUT_ACCEPTED:
        c->accepted++;
        break;
    case EUT_CANCELLED:
        c->cancelled++;
        c->cancelled_by[e->reason % 32]++;
        break;
    case EUT_REJECTED:
        c->rejected++;
        c->rejected_by[e->reason % 32]++;
        break;
    default:
        break;
    }
}

void hr_flow_observe(struct hr_flow *f, const struct eut_request *requests,
                     const struct eut_event *events, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct eut_event *e = &events[i];
        const struct eut_request *r = &requests[e->request];

        count_event(&f->counts, e);
        if (r->market >= f->l3) {
            continue; /* the generator knows its L2 books without being told */
        }
        struct hr_flow_market *m = hr_flow_market(f, r->market);
        if (requests != f->seen_batch || e->request != f->seen_request) {
            f->seen_batch = requests;
            f->seen_request = e->request;
            f->seen_traded = 0;
            if (r->op == EUT_REPLACE && e->kind != EUT_REJECTED) {
                count_replace(f, m, r);
            }
        }
        switch (e->kind) {
        case EUT_TRADE:
            saw_trade(f, m, r, e);
            break;
        case EUT_ACCEPTED:
            saw_accepted(f, m, r, e);
            break;
        case EUT_CANCELLED:
            saw_cancelled(f, m, r, e);
            break;
        case EUT_REJECTED:
            saw_rejected(f, m, r);
            break;
        default:
            break;
        }
    }
}

const struct hr_flow_counts *hr_flow_counts(const struct hr_flow *flow)
{
    return &flow->counts;
}
