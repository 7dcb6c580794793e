/*
 * level_tree.c - how does a side with more levels than one block holds stay quick?
 *
 * A B+ tree of 126-entry nodes. Leaves hold levels; inner nodes hold, for each child, a lower bound
 * of its keys and its handle; a first child's bound is that of its parent, 0 at the left edge. A
 * node below LEVEL_NODE_MIN is evened out or merged with a sibling. The rightmost leaf is
 * known to the side, so that work near the touch does not descend. Structural changes are made one
 * at a time, top down, and the search is then begun again: rare, and simple to believe.
 */
#include "engine-under-test/reference/level_array.h"

/* 32 children at the least: 2^32 levels are seven inner nodes deep. */
#define DEPTH_MAX 8

struct path {
    uint64_t *node[DEPTH_MAX + 1]; /* the root first, the leaf last */
    uint32_t at[DEPTH_MAX + 1];    /* which child was taken; in the leaf, the key's position */
};

static uint64_t *node_of(const struct eut_levels *levels, uint32_t handle)
{
    return level_block(levels, LEVEL_CLASS_TOP, handle);
}

static uint32_t node_count(const uint64_t *e)
{
    return (uint32_t)e[LEVEL_NODE_WORDS - 1];
}

static void node_count_set(uint64_t *e, uint32_t count)
{
    e[LEVEL_NODE_WORDS - 1] = count;
}

static void node_insert(uint64_t *e, uint32_t at, uint64_t entry)
{
    uint32_t n = node_count(e);

    level_insert(e, at, n, entry);
    node_count_set(e, n + 1);
}

static void node_remove(uint64_t *e, uint32_t at)
{
    uint32_t n = node_count(e);

    level_remove(e, at, n);
    node_count_set(e, n - 1);
}

/* Where in a leaf the key is or belongs. */
static uint32_t leaf_place(const uint64_t *e, uint32_t n, uint32_t key)
{
    return level_place(e, n, level_key(e[n - 1]), key);
}

/* Which child of an inner node covers the key. */
static uint32_t child_at(const uint64_t *e, uint32_t key)
{
    return level_position(e, node_count(e), key + 1) - 1;
}

static void descend(const struct eut_levels *levels, const struct eut_level_side *side,
                    uint32_t key, struct path *path)
{
    uint64_t *e = node_of(levels, side->root);

    for (unsigned d = 0; d < side->depth; d++) {
        path->node[d] = e;
        path->at[d] = child_at(e, key);
        e = node_of(levels, (uint32_t)e[path->at[d]]);
    }
    path->node[side->depth] = e;
    path->at[side->depth] = leaf_place(e, node_count(e), key);
}

/* After a change of shape: which leaf is rightmost now? */
static void tip_refresh(const struct eut_levels *levels, struct eut_level_side *side)
{
    uint32_t handle = side->root;

    for (unsigned d = 0; d < side->depth; d++) {
        const uint64_t *e = node_of(levels, handle);

        handle = (uint32_t)e[node_count(e) - 1];
    }
    const uint64_t *leaf = node_of(levels, handle);

    side->tip = handle;
    side->best = level_key(leaf[node_count(leaf) - 1]);
}

/* ---- looking --------------------------------------------------------------------- */

static uint64_t *leaf_of(const struct eut_levels *levels, const struct eut_level_side *side,
                         uint32_t key)
{
    uint64_t *e = node_of(levels, side->tip);

    if (key >= level_key(e[0])) {
        return e;
    }
    e = node_of(levels, side->root);
    for (unsigned d = 0; d < side->depth; d++) {
        e = node_of(levels, (uint32_t)e[child_at(e, key)]);
    }
    return e;
}

uint64_t *eut_tree_find(const struct eut_levels *levels, const struct eut_level_side *side,
                        uint32_t key)
{
    uint64_t *e = leaf_of(levels, side, key);
    uint32_t n = node_count(e), at = leaf_place(e, n, key);

    return at < n && level_key(e[at]) == key ? e + at : NULL;
}

uint64_t *eut_tree_worse(const struct eut_levels *levels, const struct eut_level_side *side,
                         uint32_t key)
{
    uint64_t *e = leaf_of(levels, side, key);
    uint32_t at = leaf_place(e, node_count(e), key);
    struct path path;

    if (at) {
        return e + at - 1;
    }
    /* The last entry of the leaf before this one: up to where there is a child to the left. */
    descend(levels, side, key, &path);
    for (unsigned d = side->depth; d-- > 0;) {
        if (path.at[d]) {
            e = node_of(levels, (uint32_t)path.node[d][path.at[d] - 1]);
            for (d++; d < side->depth; d++) {
                e = node_of(levels, (uint32_t)e[node_count(e) - 1]);
            }
            return e + node_count(e) - 1;
        }
    }
    return NULL;
}

/* ---- growing --------------------------------------------------------------------- */

void eut_tree_enter(struct eut_levels *levels, struct eut_level_side *side)
{
    uint32_t root = eut_level_block_take(levels, LEVEL_CLASS_TOP);

    node_count_set(node_of(levels, side->root), side->count);
    node_of(levels, root)[0] = level_entry(0, side->root);
    node_count_set(node_of(levels, root), 1);
    side->tip = side->root;
    side->root = root;
    side->count = 0;
    side->depth = 1;
}

/* Splits the full node path->node[d], or what above it must be split first. */
static void split(struct eut_levels *levels, struct eut_level_side *side, const struct path *path,
                  unsigned d)
{
    while (d > 0 && node_count(path->node[d - 1]) == LEVEL_NODE_MAX) {
        d--;
    }
    uint32_t handle = eut_level_block_take(levels, LEVEL_CLASS_TOP);
    uint64_t *made = node_of(levels, handle), *full = path->node[d];

    if (d == 0) {
        /* The root itself is full: it becomes the only child of a new one. */
        made[0] = level_entry(0, side->root);
        node_count_set(made, 1);
        side->root = handle;
        side->depth++;
        return;
    }
    uint32_t keep = LEVEL_NODE_MAX / 2;

    memcpy(made, full + keep, (LEVEL_NODE_MAX - keep) * sizeof(*made));
    node_count_set(made, LEVEL_NODE_MAX - keep);
    node_count_set(full, keep);
    node_insert(path->node[d - 1], path->at[d - 1] + 1, level_entry(level_key(made[0]), handle));
}

uint64_t *eut_tree_reach(struct eut_levels *levels, struct eut_level_side *side, uint32_t key,
                         uint32_t value)
{
    for (;;) {
        uint64_t *e = leaf_of(levels, side, key);
        uint32_t n = node_count(e), at = leaf_place(e, n, key);
        struct path path;

        if (at < n && level_key(e[at]) == key) {
            return e + at;
        }
        if (n < LEVEL_NODE_MAX) {
            node_insert(e, at, level_entry(key, value));
            side->best = key > side->best ? key : side->best;
            levels->live++;
            return e + at;
        }
        descend(levels, side, key, &path);
        split(levels, side, &path, side->depth);
        tip_refresh(levels, side);
    }
}

/* ---- shrinking ------------------------------------------------------------------- */

/* Evens out or merges the children `left` and `left + 1` of a node. */
static void mend(struct eut_levels *levels, uint64_t *parent, uint32_t left)
{
    uint32_t right_handle = (uint32_t)parent[left + 1];
    uint64_t *a = node_of(levels, (uint32_t)parent[left]), *b = node_of(levels, right_handle);
    uint32_t na = node_count(a), nb = node_count(b), keep = (na + nb) / 2;

    if (na + nb <= LEVEL_NODE_MAX * 3 / 4) {
        memcpy(a + na, b, nb * sizeof(*a));
        node_count_set(a, na + nb);
        node_remove(parent, left + 1);
        eut_level_block_give(levels, LEVEL_CLASS_TOP, right_handle);
        return;
    }
    if (keep > na) {
        memcpy(a + na, b, (keep - na) * sizeof(*a));
        memmove(b, b + (keep - na), (nb - (keep - na)) * sizeof(*b));
    } else {
        memmove(b + (na - keep), b, nb * sizeof(*b));
        memcpy(b, a + keep, (na - keep) * sizeof(*b));
    }
    node_count_set(a, keep);
    node_count_set(b, na + nb - keep);
    parent[left + 1] = level_entry(level_key(b[0]), right_handle);
}

void eut_tree_erase(struct eut_levels *levels, struct eut_level_side *side, uint32_t key)
{
    uint64_t *e = leaf_of(levels, side, key);
    uint32_t n = node_count(e), at = leaf_place(e, n, key);
    struct path path;

    levels->live--;
    if (n > LEVEL_NODE_MIN) {
        node_remove(e, at);
        if (key == side->best) {
            side->best = level_key(e[n - 2]);
        }
        return;
    }
    descend(levels, side, key, &path);
    node_remove(e, at);
    for (unsigned d = side->depth; d > 0 && node_count(path.node[d]) < LEVEL_NODE_MIN; d--) {
        uint64_t *parent = path.node[d - 1];
        uint32_t left = path.at[d - 1];

        mend(levels, parent, left + 1 < node_count(parent) ? left : left - 1);
    }
    while (side->depth > 0 && node_count(node_of(levels, side->root)) == 1) {
        uint32_t child = (uint32_t)node_of(levels, side->root)[0];

        eut_level_block_give(levels, LEVEL_CLASS_TOP, side->root);
        side->root = child;
        side->depth--;
    }
    tip_refresh(levels, side);
    if (side->depth == 0) {
        side->count = (uint16_t)node_count(node_of(levels, side->root));
    }
}

/* ---- its promises ------------------------------------------------------------------ */

static const char *node_check(const struct eut_levels *levels, uint32_t handle, unsigned height,
                              bool root, uint32_t from, uint64_t to)
{
    const uint64_t *e = node_of(levels, handle);
    uint32_t n = node_count(e);

    if (n > LEVEL_NODE_MAX || n < (root ? 2u : LEVEL_NODE_MIN)) {
        return "a node holds too many or too few";
    }
    for (uint32_t i = 0; i < n; i++) {
        uint32_t low = level_key(e[i]);

        if (low < from || low >= to || (i > 0 && level_key(e[i - 1]) >= low) ||
            (height > 0 && i == 0 && low != from)) {
            return "keys are out of order or of bounds";
        }
        if (height > 0) {
            const char *wrong = node_check(levels, (uint32_t)e[i], height - 1, false, low,
                                           i + 1 < n ? level_key(e[i + 1]) : to);
            if (wrong) {
                return wrong;
            }
        }
    }
    return NULL;
}

const char *eut_tree_check(const struct eut_levels *levels, const struct eut_level_side *side)
{
    struct eut_level_side seen = *side;
    const char *wrong =
        node_check(levels, side->root, side->depth, true, 0, (uint64_t)UINT32_MAX + 1);

    if (wrong) {
        return wrong;
    }
    tip_refresh(levels, &seen);
    return seen.tip == side->tip && seen.best == side->best ? NULL : "tip or best is stale";
}
