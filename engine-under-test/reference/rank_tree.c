/*
 * rank_tree.c - how are the two treaps of a ranked side kept?
 *
 * Insertion goes in as a leaf and is turned upwards; removal merges the two children; parents are
 * known, so a node is found from its number. It cannot keep a balance that is promised: a tree of
 * n nodes is about 2 ln n deep but with a chance that dwindles with each step more.
 */
#include "engine-under-test/reference/rank_tree.h"

#include <stdbool.h>

int eut_rank_open(struct eut_rank_nodes *nodes, uint64_t max)
{
    int rc = eut_lazy_map(&nodes->memory, (max + 1) * sizeof(*nodes->at));

    if (rc) {
        return rc;
    }
    eut_lazy_scatter(&nodes->memory); /* the orders of a side may have numbers of any size */
    nodes->at = nodes->memory.at;
    eut_secret_fill(&nodes->secret, 1);
    return 0;
}

void eut_rank_close(struct eut_rank_nodes *nodes)
{
    eut_lazy_unmap(&nodes->memory);
}

/* Sorts a tree: what trades first is smallest. */
static inline uint64_t rank_place(const struct eut_rank_node *n, int tree)
{
    uint64_t account = tree == RANK_ACCOUNT ? n->account : 0;

    return account << 32 | (uint32_t)~n->key;
}

/* The parent's is never lower. (The multipliers are those of MurmurHash3's finalizer.) */
static inline uint64_t rank_height(const struct eut_rank_nodes *nodes, uint32_t node)
{
    uint64_t x = node ^ nodes->secret;

    x = (x ^ (x >> 33)) * 0xFF51AFD7ED558CCDu;
    x = (x ^ (x >> 33)) * 0xC4CEB9FE1A85EC53u;
    return x ^ (x >> 33);
}

/* Where the tree points to the node from. */
static uint32_t *rank_link(struct eut_rank_nodes *nodes, struct eut_rank_tree *tree, int t,
                           uint32_t node)
{
    uint32_t up = nodes->at[node].parent[t];

    return up ? &nodes->at[up].child[t][nodes->at[up].child[t][1] == node] : &tree->root[t];
}

static void rank_adopt(struct eut_rank_nodes *nodes, int t, uint32_t *link, uint32_t node,
                       uint32_t parent)
{
    *link = node;
    if (node) {
        nodes->at[node].parent[t] = parent;
    }
}

/* The node and its parent change places. */
static void rank_turn(struct eut_rank_nodes *nodes, struct eut_rank_tree *tree, int t,
                      uint32_t node)
{
    struct eut_rank_node *at = nodes->at, *n = &at[node];
    uint32_t down = n->parent[t], later = at[down].child[t][1] == node;
    uint32_t moved = n->child[t][!later];
    uint64_t sum = at[down].sum;

    rank_adopt(nodes, t, rank_link(nodes, tree, t, down), node, at[down].parent[t]);
    rank_adopt(nodes, t, &at[down].child[t][later], moved, down);
    rank_adopt(nodes, t, &n->child[t][!later], down, node);
    if (t == RANK_PRICE) {
        at[down].sum = sum - n->sum + at[moved].sum;
        n->sum = sum;
    }
}

static inline void insert_into(struct eut_rank_nodes *nodes, struct eut_rank_tree *tree, int t,
                               uint32_t node)
{
    struct eut_rank_node *at = nodes->at, *n = &at[node];
    uint64_t place = rank_place(n, t), height = rank_height(nodes, node);
    uint32_t *link = &tree->root[t], up = 0;

    while (*link) {
        up = *link;
        at[up].sum += t == RANK_PRICE ? n->sum : 0;
        link = &at[up].child[t][place >= rank_place(&at[up], t)];
    }
    n->child[t][0] = n->child[t][1] = 0;
    n->parent[t] = up;
    *link = node;
    while (n->parent[t] && rank_height(nodes, n->parent[t]) < height) {
        rank_turn(nodes, tree, t, node);
    }
}

void eut_rank_insert(struct eut_rank_nodes *nodes, struct eut_rank_tree *tree, uint32_t node,
                     uint32_t key, uint32_t account, uint32_t qty)
{
    struct eut_rank_node *n = &nodes->at[node];

    n->key = key;
    n->account = account;
    n->sum = qty;
    insert_into(nodes, tree, RANK_PRICE, node);
    if (account) {
        insert_into(nodes, tree, RANK_ACCOUNT, node);
    }
}

static inline void remove_from(struct eut_rank_nodes *nodes, struct eut_rank_tree *tree, int t,
                               uint32_t node)
{
    struct eut_rank_node *at = nodes->at;
    uint32_t *link = rank_link(nodes, tree, t, node), up = at[node].parent[t];
    uint32_t a = at[node].child[t][0], b = at[node].child[t][1];

    while (a && b) {
        bool first = rank_height(nodes, a) > rank_height(nodes, b);
        uint32_t top = first ? a : b, other = first ? b : a;

        at[top].sum += t == RANK_PRICE ? at[other].sum : 0;
        rank_adopt(nodes, t, link, top, up);
        link = &at[top].child[t][first];
        up = top;
        *(first ? &a : &b) = *link;
    }
    rank_adopt(nodes, t, link, a | b, up);
}

void eut_rank_remove(struct eut_rank_nodes *nodes, struct eut_rank_tree *tree, uint32_t node)
{
    eut_rank_add(nodes, node, -eut_rank_qty(nodes, node));
    remove_from(nodes, tree, RANK_PRICE, node);
    if (nodes->at[node].account) {
        remove_from(nodes, tree, RANK_ACCOUNT, node);
    }
}

void eut_rank_add(struct eut_rank_nodes *nodes, uint32_t node, uint64_t more)
{
    for (; node; node = nodes->at[node].parent[RANK_PRICE]) {
        nodes->at[node].sum += more;
    }
}

uint64_t eut_rank_qty(const struct eut_rank_nodes *nodes, uint32_t node)
{
    const uint32_t *child = nodes->at[node].child[RANK_PRICE];

    return nodes->at[node].sum - nodes->at[child[0]].sum - nodes->at[child[1]].sum;
}

uint64_t eut_rank_within(const struct eut_rank_nodes *nodes, const struct eut_rank_tree *tree,
                         uint32_t key)
{
    uint64_t within = 0;

    for (uint32_t node = tree->root[RANK_PRICE]; node;) {
        const struct eut_rank_node *n = &nodes->at[node];
        bool in = n->key >= key;

        within += in ? n->sum - nodes->at[n->child[RANK_PRICE][1]].sum : 0;
        node = n->child[RANK_PRICE][in];
    }
    return within;
}

uint64_t eut_rank_ahead(const struct eut_rank_nodes *nodes, uint32_t node)
{
    const struct eut_rank_node *at = nodes->at;
    uint64_t ahead = at[at[node].child[RANK_PRICE][0]].sum;

    for (uint32_t up; (up = at[node].parent[RANK_PRICE]) != 0; node = up) {
        ahead += at[up].child[RANK_PRICE][1] == node ? at[up].sum - at[node].sum : 0;
    }
    return ahead;
}

uint32_t eut_rank_first(const struct eut_rank_nodes *nodes, const struct eut_rank_tree *tree,
                        uint32_t account)
{
    uint32_t first = 0;

    for (uint32_t node = tree->root[RANK_ACCOUNT]; node;) {
        const struct eut_rank_node *n = &nodes->at[node];
        bool before = n->account < account;

        first = before ? first : node;
        node = n->child[RANK_ACCOUNT][before];
    }
    return nodes->at[first].account == account ? first : 0;
}

uint32_t eut_rank_find(const struct eut_rank_nodes *nodes, const struct eut_rank_tree *tree,
                       uint32_t key)
{
    uint32_t node = tree->root[RANK_PRICE];

    while (node && nodes->at[node].key != key) {
        node = nodes->at[node].child[RANK_PRICE][nodes->at[node].key > key];
    }
    return node;
}

/* ---- its promises ------------------------------------------------------------------ */

static uint32_t next_in(const struct eut_rank_nodes *nodes, int t, uint32_t node)
{
    const struct eut_rank_node *at = nodes->at;

    if (at[node].child[t][1]) {
        for (node = at[node].child[t][1]; at[node].child[t][0];) {
            node = at[node].child[t][0];
        }
        return node;
    }
    while (at[node].parent[t] && at[at[node].parent[t]].child[t][1] == node) {
        node = at[node].parent[t];
    }
    return at[node].parent[t];
}

static bool node_keeps(const struct eut_rank_nodes *nodes, int t, uint32_t node)
{
    const struct eut_rank_node *at = nodes->at, *n = &at[node];
    bool keeps = t != RANK_PRICE || eut_rank_qty(nodes, node) <= UINT32_MAX;

    for (int c = 0; c < 2; c++) {
        uint32_t child = n->child[t][c];

        keeps = keeps && (!child || (at[child].parent[t] == node &&
                                     rank_height(nodes, child) <= rank_height(nodes, node)));
    }
    return keeps;
}

uint32_t eut_rank_depth(const struct eut_rank_nodes *nodes, const struct eut_rank_tree *tree)
{
    const struct eut_rank_node *at = nodes->at;
    uint32_t deepest = 0;

    for (int t = 0; t < RANK_TREES; t++) {
        uint32_t node = tree->root[t];
        uint64_t last = 0;

        if (node && at[node].parent[t]) {
            return UINT32_MAX;
        }
        while (node && at[node].child[t][0]) {
            node = at[node].child[t][0];
        }
        for (; node; node = next_in(nodes, t, node)) {
            uint32_t depth = 0;

            for (uint32_t up = node; up; up = at[up].parent[t]) {
                depth++;
            }
            deepest = depth > deepest ? depth : deepest;
            if (!node_keeps(nodes, t, node) || rank_place(&at[node], t) < last) {
                return UINT32_MAX;
            }
            last = rank_place(&at[node], t);
        }
    }
    return at[0].sum == 0 ? deepest : UINT32_MAX;
}
