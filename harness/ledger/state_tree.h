/*
 * state_tree.h - a Merkle tree over a fixed number of leaves, one a market: its root names all
 * their states, and a membership proof shows that one of them is under a root.
 *
 * Interior nodes are SHA-256(0x01 || left || right); leaves are set by the caller (market_state.h),
 * hashed behind another first byte, so that no leaf can be passed off as a node. The shape is that
 * of RFC 6962, section 2.1: the left subtree is the largest power of two below the count. Level by
 * level that is: neighbours are paired, and an odd last one moves up as it is. The shape follows
 * from the number of leaves alone.
 *
 * Incremental: setting a leaf marks it; the root hashes the marked leaves' ancestors, each once,
 * however many leaves below it were set. The work is that of the touched markets times the depth.
 * Memory: a hash a node (under 64 bytes a leaf), a mark a node (2 bits) and a list of marked leaves
 * (4 bytes each): hr_state_tree_bytes() says it before it is asked for.
 *
 * Threads: one at a time, but hr_state_tree_put() of different leaves may run at once between two
 * calls of the others. Errors: a negative errno with hr_error().
 */
#ifndef HR_STATE_TREE_H
#define HR_STATE_TREE_H

#include "harness/ledger/market_state.h"

#include <stdbool.h>

struct hr_state_tree;

uint64_t hr_state_tree_bytes(uint32_t leaves);
/* All leaves are 32 bytes of 0 and marked. -ENOMEM, -EINVAL without leaves. */
int hr_state_tree_new(struct hr_state_tree **tree, uint32_t leaves);
void hr_state_tree_free(struct hr_state_tree *tree); /* accepts NULL */
uint32_t hr_state_tree_leaves(const struct hr_state_tree *tree);

/* Marks a leaf: once, however often it is called. Those marked since the last root, in the order
 * in which they were. */
void hr_state_tree_touch(struct hr_state_tree *tree, uint32_t leaf);
uint32_t hr_state_tree_touched(const struct hr_state_tree *tree, const uint32_t **leaves);
/* The leaf's hash; does not mark it. */
void hr_state_tree_put(struct hr_state_tree *tree, uint32_t leaf,
                       const uint8_t hash[HR_HASH_BYTES]);
const uint8_t *hr_state_tree_leaf(const struct hr_state_tree *tree, uint32_t leaf);

/* Hashes what is above the marked leaves, takes the marks away and gives the root. How many
 * interior nodes were hashed. */
uint64_t hr_state_tree_root(struct hr_state_tree *tree, uint8_t root[HR_HASH_BYTES]);
/* Hashes every interior node, whatever is marked. */
uint64_t hr_state_tree_rebuild(struct hr_state_tree *tree, uint8_t root[HR_HASH_BYTES]);

/* The root of these leaves, in the same shape; they are overwritten. At least one. */
void hr_merkle_fold(uint8_t (*leaves)[HR_HASH_BYTES], uint32_t count, uint8_t root[HR_HASH_BYTES]);

/* ---- membership ----------------------------------------------------------------------- */

#define HR_MEMBERSHIP_STEPS_MAX 32u

/* The leaf's neighbours on its way up, the lowest first. */
struct hr_membership {
    uint32_t leaf, leaves;
    uint32_t steps;
    uint8_t beside[HR_MEMBERSHIP_STEPS_MAX][HR_HASH_BYTES];
};

/* Of the tree as its last root had it. */
void hr_membership_make(struct hr_membership *proof, const struct hr_state_tree *tree,
                        uint32_t leaf);
/* Is `hash` leaf number proof->leaf of the proof->leaves under this root? Nothing in the proof is
 * trusted. The number of leaves is the checker's to know: it is not in the root. */
bool hr_membership_holds(const struct hr_membership *proof, const uint8_t hash[HR_HASH_BYTES],
                         const uint8_t root[HR_HASH_BYTES]);

#endif
