/*
 * reference_rank.c - when a fill or kill would have to look at more makers than a few, who counts?
 *
 * The side is ranked then: its makers get a node each in two trees (rank_tree.h), from the best on,
 * RANK_STEP of them whenever those that have one do not decide. What lies behind, from the edge on,
 * is not ranked: it is looked at, and costs nothing else. From then on a change ahead of the edge
 * costs its walks in the trees, and so does the next refusal, whoever's orders lie where. A side of
 * which nobody asked for RANK_KEEP changes a node is forgotten, in one step: who has it ranked
 * again and again has to send far more requests than the engine has makers to rank.
 *
 * In L2 markets levels are ranked, and there are no accounts.
 */
#include "engine-under-test/reference/reference_book.h"

#define RANK_LOOKS 512u
#define RANK_STEP 16384u
#define RANK_KEEP 16u

int eut_ranks_open(struct eut_ranks *ranks, const struct eut_limits *limits)
{
    int rc = eut_rank_open(&ranks->orders, limits->orders);

    rc = rc ? rc : eut_rank_open(&ranks->levels, limits->levels);
    rc = rc ? rc
            : eut_lazy_map(&ranks->memory, (uint64_t)limits->markets * 2 * sizeof(*ranks->side));
    if (rc == 0) {
        eut_lazy_scatter(&ranks->memory);
    }
    ranks->side = ranks->memory.at;
    ranks->looks = RANK_LOOKS;
    ranks->step = RANK_STEP;
    return rc;
}

void eut_ranks_close(struct eut_ranks *ranks)
{
    eut_rank_close(&ranks->orders);
    eut_rank_close(&ranks->levels);
    eut_lazy_unmap(&ranks->memory);
}

/* ---- a side's nodes ------------------------------------------------------------------ */

static struct eut_rank_side *rank_of(const struct eut_reference_engine *engine,
                                     const struct eut_market *market, unsigned side)
{
    return &engine->ranks.side[2 * (uint64_t)(market - engine->market) + side];
}

static bool is_l3(const struct eut_reference_engine *engine, const struct eut_market *market)
{
    return market - engine->market < engine->l3_markets;
}

/* Nodes of levels: a free one brings its children with it, so that a whole tree is given at once.
 */
static uint32_t level_node_take(struct eut_ranks *ranks)
{
    struct eut_rank_node *at = ranks->levels.at;
    uint32_t node = ranks->level_free;

    if (node == 0) {
        return ++ranks->level_top;
    }
    ranks->level_free = at[node].parent[RANK_PRICE];
    for (int c = 0; c < 2; c++) {
        uint32_t child = at[node].child[RANK_PRICE][c];

        if (child) {
            at[child].parent[RANK_PRICE] = ranks->level_free;
            ranks->level_free = child;
        }
    }
    return node;
}

static void level_nodes_give(struct eut_ranks *ranks, uint32_t root)
{
    if (root) {
        ranks->levels.at[root].parent[RANK_PRICE] = ranks->level_free;
        ranks->level_free = root;
    }
}

static struct eut_rank_side *rank_begin(struct eut_reference_engine *engine,
                                        struct eut_market *market, unsigned side)
{
    struct eut_rank_side *rank = rank_of(engine, market, side);
    uint64_t best = level_best(&engine->levels, &market->side[side]);

    *rank = (struct eut_rank_side){.epoch = ++engine->ranks.epoch};
    rank->edge = is_l3(engine, market) ? (uint32_t)best : level_key(best);
    market->ranked |= 1u << side;
    return rank;
}

/* One change more. False if nobody has asked for so long that the side is now forgotten. */
static bool rank_kept(struct eut_reference_engine *engine, struct eut_market *market, unsigned side)
{
    struct eut_rank_side *rank = rank_of(engine, market, side);

    if (++rank->unasked <= (uint64_t)RANK_KEEP * rank->nodes) {
        return true;
    }
    market->ranked &= ~(1u << side);
    if (!is_l3(engine, market)) {
        level_nodes_give(&engine->ranks, rank->tree.root[RANK_PRICE]);
    }
    return false;
}

/* ---- orders ---------------------------------------------------------------------------- */

/* The maker that a taker meets after this one, or 0. */
static uint32_t order_after(const struct eut_reference_engine *engine,
                            const struct eut_level_side *side, uint32_t handle)
{
    const struct eut_order *at = engine->orders.at;

    if (!(at[at[handle].next].market & ORDER_FIRST)) {
        return at[handle].next;
    }
    return (uint32_t)level_worse(&engine->levels, side, at[handle].key);
}

static void order_rank(struct eut_reference_engine *engine, struct eut_rank_side *rank,
                       uint32_t handle)
{
    const struct eut_order *o = &engine->orders.at[handle];

    eut_rank_insert(&engine->ranks.orders, &rank->tree, handle, o->key, o->account, o->qty);
    engine->ranks.orders.at[handle].epoch = rank->epoch;
    rank->nodes++;
}

static bool order_is_ranked(const struct eut_reference_engine *engine,
                            const struct eut_rank_side *rank, uint32_t handle)
{
    return engine->ranks.orders.at[handle].epoch == rank->epoch;
}

void eut_rank_join(struct eut_reference_engine *engine, struct eut_market *market, uint32_t handle)
{
    const struct eut_order *at = engine->orders.at;
    unsigned side = key_side(at[handle].key);
    struct eut_rank_side *rank = rank_of(engine, market, side);

    if ((market->ranked >> side & 1) && rank_kept(engine, market, side) &&
        (rank->edge == 0 || at[handle].key > at[rank->edge].key)) {
        order_rank(engine, rank, handle);
    }
}

void eut_rank_leave(struct eut_reference_engine *engine, struct eut_market *market, uint32_t handle)
{
    unsigned side = key_side(engine->orders.at[handle].key);
    struct eut_rank_side *rank = rank_of(engine, market, side);

    if (!(market->ranked >> side & 1) || !rank_kept(engine, market, side)) {
        return;
    }
    if (handle == rank->edge) {
        rank->edge = order_after(engine, &market->side[side], handle);
    } else if (order_is_ranked(engine, rank, handle)) {
        eut_rank_remove(&engine->ranks.orders, &rank->tree, handle);
        engine->ranks.orders.at[handle].epoch = 0;
        rank->nodes--;
    }
}

void eut_rank_lower(struct eut_reference_engine *engine, struct eut_market *market, uint32_t handle,
                    uint32_t by)
{
    unsigned side = key_side(engine->orders.at[handle].key);
    struct eut_rank_side *rank = rank_of(engine, market, side);

    if ((market->ranked >> side & 1) && rank_kept(engine, market, side) &&
        order_is_ranked(engine, rank, handle)) {
        eut_rank_add(&engine->ranks.orders, handle, -(uint64_t)by);
    }
}

/* Whether what is ranked decides; then *found is all that can be had, or enough. */
static bool ranked_decide(const struct eut_reference_engine *engine,
                          const struct eut_rank_side *rank, uint32_t account, uint32_t limit,
                          uint32_t qty, uint64_t *found)
{
    const struct eut_order *at = engine->orders.at;
    const struct eut_rank_nodes *nodes = &engine->ranks.orders;
    uint32_t own = account ? eut_rank_first(nodes, &rank->tree, account) : 0;

    if (own && at[own].key >= limit) {
        *found = eut_rank_ahead(nodes, own);
        return true;
    }
    *found = eut_rank_within(nodes, &rank->tree, limit);
    return *found >= qty || rank->edge == 0 || at[rank->edge].key < limit;
}

bool eut_rank_fills(struct eut_reference_engine *engine, struct eut_market *market, unsigned side,
                    uint32_t account, uint32_t limit, uint32_t qty)
{
    const struct eut_order *at = engine->orders.at;
    struct eut_rank_side *rank = market->ranked >> side & 1 ? rank_of(engine, market, side)
                                                            : rank_begin(engine, market, side);
    uint32_t handle;
    uint64_t found;

    rank->unasked = 0;
    if (ranked_decide(engine, rank, account, limit, qty, &found)) {
        return found >= qty;
    }
    for (uint32_t step = engine->ranks.step; step > 0 && rank->edge; step--) {
        order_rank(engine, rank, rank->edge);
        rank->edge = order_after(engine, &market->side[side], rank->edge);
    }
    if (ranked_decide(engine, rank, account, limit, qty, &found)) {
        return found >= qty;
    }
    for (handle = rank->edge; handle && at[handle].key >= limit && found < qty;) {
        if (account && at[handle].account == account) {
            return false;
        }
        found += at[handle].qty;
        handle = order_after(engine, &market->side[side], handle);
    }
    return found >= qty;
}

/* ---- levels of L2 markets ------------------------------------------------------------ */

static void level_rank(struct eut_reference_engine *engine, struct eut_rank_side *rank,
                       uint32_t key, uint32_t total)
{
    eut_rank_insert(&engine->ranks.levels, &rank->tree, level_node_take(&engine->ranks), key, 0,
                    total);
    rank->nodes++;
}

static uint32_t level_after(const struct eut_reference_engine *engine,
                            const struct eut_level_side *side, uint32_t key)
{
    return level_key(level_worse(&engine->levels, side, key));
}

static uint32_t level_total(const struct eut_reference_engine *engine,
                            const struct eut_level_side *side, uint32_t key)
{
    return *level_find(&engine->levels, side, key);
}

void eut_rank_total(struct eut_reference_engine *engine, struct eut_market *market, uint32_t key,
                    uint32_t total)
{
    struct eut_rank_nodes *nodes = &engine->ranks.levels;
    unsigned side = key_side(key);
    struct eut_rank_side *rank = rank_of(engine, market, side);
    uint32_t node;

    if (!(market->ranked >> side & 1) || !rank_kept(engine, market, side) || key < rank->edge) {
        return;
    }
    if (key == rank->edge) {
        rank->edge = total ? key : level_after(engine, &market->side[side], key);
        return;
    }
    node = eut_rank_find(nodes, &rank->tree, key);
    if (node == 0) {
        level_rank(engine, rank, key, total);
    } else if (total) {
        eut_rank_add(nodes, node, total - eut_rank_qty(nodes, node));
    } else {
        eut_rank_remove(nodes, &rank->tree, node);
        nodes->at[node].child[RANK_PRICE][0] = nodes->at[node].child[RANK_PRICE][1] = 0;
        level_nodes_give(&engine->ranks, node);
        rank->nodes--;
    }
}

bool eut_rank_totals_fill(struct eut_reference_engine *engine, struct eut_market *market,
                          unsigned side, uint32_t limit, uint32_t qty)
{
    const struct eut_level_side *levels = &market->side[side];
    struct eut_rank_side *rank = market->ranked >> side & 1 ? rank_of(engine, market, side)
                                                            : rank_begin(engine, market, side);
    uint64_t found = eut_rank_within(&engine->ranks.levels, &rank->tree, limit);

    rank->unasked = 0;
    if (found >= qty || rank->edge < limit) {
        return found >= qty;
    }
    for (uint32_t step = engine->ranks.step; step > 0 && rank->edge; step--) {
        level_rank(engine, rank, rank->edge, level_total(engine, levels, rank->edge));
        rank->edge = level_after(engine, levels, rank->edge);
    }
    found = eut_rank_within(&engine->ranks.levels, &rank->tree, limit);
    for (uint32_t key = rank->edge; key >= limit && found < qty;) {
        found += level_total(engine, levels, key);
        key = level_after(engine, levels, key);
    }
    return found >= qty;
}
