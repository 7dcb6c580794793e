/*
 * state_tree.c - what is the root over all markets, when only a few of them changed?
 *
 * How: one array of hashes a level, the odd last node of a level moved up as it is (RFC 6962's
 * shape). The marked leaves' list becomes the list of their parents, each once by a bit a node, and
 * so on up to the root. What it cannot see: whether a leaf's hash is that of its market.
 */
#include "harness/ledger/state_tree.h"

#include "harness/error.h"
#include "harness/sha256.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NODE_MARK 0x01
#define LEVELS_MAX (HR_MEMBERSHIP_STEPS_MAX + 1)

struct hr_state_tree {
    uint8_t *nodes; /* level by level, the leaves first */
    uint64_t *marks;
    uint32_t *touched;
    uint32_t touched_count;
    uint32_t counts[LEVELS_MAX]; /* nodes of each level; the last has one */
    uint64_t firsts[LEVELS_MAX]; /* of the level, among all nodes */
    uint32_t levels;
};

static uint32_t parents(uint32_t count)
{
    return count / 2 + count % 2;
}

static uint64_t nodes_in_all(uint32_t leaves)
{
    uint64_t sum = leaves;

    for (uint32_t count = leaves; count > 1; sum += count) {
        count = parents(count);
    }
    return sum;
}

static uint64_t mark_words(uint64_t nodes)
{
    return (nodes + 63) / 64;
}

uint64_t hr_state_tree_bytes(uint32_t leaves)
{
    uint64_t nodes = nodes_in_all(leaves);

    return sizeof(struct hr_state_tree) + nodes * HR_HASH_BYTES +
           mark_words(nodes) * sizeof(uint64_t) + leaves * (uint64_t)sizeof(uint32_t);
}

int hr_state_tree_new(struct hr_state_tree **tree, uint32_t leaves)
{
    uint64_t nodes = nodes_in_all(leaves);
    struct hr_state_tree *t;

    *tree = NULL;
    if (leaves == 0) {
        return hr_fail(EINVAL, "a state tree needs at least one leaf");
    }
    t = calloc(1, sizeof(*t));
    if (t) {
        t->nodes = calloc(nodes, HR_HASH_BYTES);
        t->marks = calloc(mark_words(nodes), sizeof(*t->marks));
        t->touched = malloc(leaves * sizeof(*t->touched));
    }
    if (!t || !t->nodes || !t->marks || !t->touched) {
        hr_state_tree_free(t);
        return hr_fail(ENOMEM, "no memory for a state tree over %u markets", leaves);
    }
    t->counts[0] = leaves;
    for (t->levels = 1; t->counts[t->levels - 1] > 1; t->levels++) {
        t->counts[t->levels] = parents(t->counts[t->levels - 1]);
        t->firsts[t->levels] = t->firsts[t->levels - 1] + t->counts[t->levels - 1];
    }
    for (uint32_t leaf = 0; leaf < leaves; leaf++) {
        hr_state_tree_touch(t, leaf);
    }
    *tree = t;
    return 0;
}

void hr_state_tree_free(struct hr_state_tree *tree)
{
    if (tree) {
        free(tree->nodes);
        free(tree->marks);
        free(tree->touched);
        free(tree);
    }
}

uint32_t hr_state_tree_leaves(const struct hr_state_tree *tree)
{
    return tree->counts[0];
}

/* True if it was not marked. */
static bool mark(struct hr_state_tree *tree, uint64_t node)
{
    uint64_t bit = UINT64_C(1) << (node % 64);
    bool fresh = !(tree->marks[node / 64] & bit);

    tree->marks[node / 64] |= bit;
    return fresh;
}

static void unmark(struct hr_state_tree *tree, uint64_t node)
{
    tree->marks[node / 64] &= ~(UINT64_C(1) << (node % 64));
}

void hr_state_tree_touch(struct hr_state_tree *tree, uint32_t leaf)
{
    if (mark(tree, leaf)) {
        tree->touched[tree->touched_count++] = leaf;
    }
}

uint32_t hr_state_tree_touched(const struct hr_state_tree *tree, const uint32_t **leaves)
{
    *leaves = tree->touched;
    return tree->touched_count;
}

static uint8_t *node_at(const struct hr_state_tree *tree, uint32_t level, uint32_t i)
{
    return tree->nodes + (tree->firsts[level] + i) * HR_HASH_BYTES;
}

void hr_state_tree_put(struct hr_state_tree *tree, uint32_t leaf, const uint8_t hash[HR_HASH_BYTES])
{
    memcpy(node_at(tree, 0, leaf), hash, HR_HASH_BYTES);
}

const uint8_t *hr_state_tree_leaf(const struct hr_state_tree *tree, uint32_t leaf)
{
    return node_at(tree, 0, leaf);
}

static void join(uint8_t *to, const uint8_t *left, const uint8_t *right)
{
    uint8_t both[1 + 2 * HR_HASH_BYTES];
    struct hr_sha256 s;

    both[0] = NODE_MARK;
    memcpy(both + 1, left, HR_HASH_BYTES);
    memcpy(both + 1 + HR_HASH_BYTES, right, HR_HASH_BYTES);
    hr_sha256_init(&s);
    hr_sha256_update(&s, both, sizeof(both));
    hr_sha256_final(&s, to);
}

/* 1 if it was hashed, 0 if it is an odd last one's copy. */
static uint32_t make_node(struct hr_state_tree *tree, uint32_t level, uint32_t i)
{
    uint8_t *to = node_at(tree, level, i);
    const uint8_t *left = node_at(tree, level - 1, 2 * i);

    if (2 * (uint64_t)i + 1 == tree->counts[level - 1]) {
        memcpy(to, left, HR_HASH_BYTES);
        return 0;
    }
    join(to, left, left + HR_HASH_BYTES);
    return 1;
}

static void give_root(const struct hr_state_tree *tree, uint8_t root[HR_HASH_BYTES])
{
    memcpy(root, node_at(tree, tree->levels - 1, 0), HR_HASH_BYTES);
}

uint64_t hr_state_tree_root(struct hr_state_tree *tree, uint8_t root[HR_HASH_BYTES])
{
    uint64_t hashed = 0;

    for (uint32_t i = 0; i < tree->touched_count; i++) {
        unmark(tree, tree->touched[i]);
    }
    for (uint32_t level = 1; level < tree->levels; level++) {
        uint32_t kept = 0;

        for (uint32_t i = 0; i < tree->touched_count; i++) {
            uint32_t parent = tree->touched[i] / 2;

            if (mark(tree, tree->firsts[level] + parent)) {
                tree->touched[kept++] = parent;
                hashed += make_node(tree, level, parent);
            }
        }
        for (uint32_t i = 0; i < kept; i++) {
            unmark(tree, tree->firsts[level] + tree->touched[i]);
        }
        tree->touched_count = kept;
    }
    tree->touched_count = 0;
    give_root(tree, root);
    return hashed;
}

uint64_t hr_state_tree_rebuild(struct hr_state_tree *tree, uint8_t root[HR_HASH_BYTES])
{
    uint64_t hashed = 0;

    for (uint32_t i = 0; i < tree->touched_count; i++) {
        unmark(tree, tree->touched[i]);
    }
    tree->touched_count = 0;
    for (uint32_t level = 1; level < tree->levels; level++) {
        for (uint32_t i = 0; i < tree->counts[level]; i++) {
            hashed += make_node(tree, level, i);
        }
    }
    give_root(tree, root);
    return hashed;
}

void hr_merkle_fold(uint8_t (*leaves)[HR_HASH_BYTES], uint32_t count, uint8_t root[HR_HASH_BYTES])
{
    for (; count > 1; count = parents(count)) {
        for (uint32_t i = 0; i < count / 2; i++) {
            join(leaves[i], leaves[2 * i], leaves[2 * i + 1]);
        }
        if (count % 2) {
            memmove(leaves[count / 2], leaves[count - 1], HR_HASH_BYTES);
        }
    }
    memcpy(root, leaves[0], HR_HASH_BYTES);
}

void hr_membership_make(struct hr_membership *proof, const struct hr_state_tree *tree,
                        uint32_t leaf)
{
    uint32_t i = leaf;

    proof->leaf = leaf;
    proof->leaves = tree->counts[0];
    proof->steps = 0;
    for (uint32_t level = 0; level + 1 < tree->levels; level++, i /= 2) {
        if ((i ^ 1) < tree->counts[level]) {
            memcpy(proof->beside[proof->steps++], node_at(tree, level, i ^ 1), HR_HASH_BYTES);
        }
    }
}

bool hr_membership_holds(const struct hr_membership *proof, const uint8_t hash[HR_HASH_BYTES],
                         const uint8_t root[HR_HASH_BYTES])
{
    uint8_t at[HR_HASH_BYTES];
    uint32_t i = proof->leaf, step = 0;

    if (proof->leaf >= proof->leaves || proof->steps > HR_MEMBERSHIP_STEPS_MAX) {
        return false;
    }
    memcpy(at, hash, HR_HASH_BYTES);
    for (uint32_t count = proof->leaves; count > 1; count = parents(count), i /= 2) {
        if ((i ^ 1) >= count) {
            continue; /* the odd last one moves up as it is */
        }
        if (step == proof->steps) {
            return false;
        }
        join(at, i & 1 ? proof->beside[step] : at, i & 1 ? at : proof->beside[step]);
        step++;
    }
    return step == proof->steps && memcmp(at, root, HR_HASH_BYTES) == 0;
}
