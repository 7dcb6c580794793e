/*
 * rank_tree.h - the orders of a side in the order in which they trade, with sums: how much lies
 * ahead of an order, how much within a limit, and which is an account's first?
 *
 * Two treaps over the same nodes (Aragon and Seidel, "Randomized Search Trees", 1989): one by price
 * and then time, each node with the sum of its subtree; one by account, price and time. Every
 * question and every change is a walk between root and leaf, about 2 ln n steps. A node's height is
 * a keyed hash of its number, so that no sender can aim at a deep tree.
 *
 * Nodes are the caller's numbers, from 1; a node is in both trees (account 0: only in the first) or
 * in none. Memory is reserved, and touched for nodes that were in a tree only.
 */
#ifndef EUT_RANK_TREE_H
#define EUT_RANK_TREE_H

#include "engine-under-test/reference/lazy_memory.h"

enum { RANK_PRICE, RANK_ACCOUNT, RANK_TREES };

struct eut_rank_node {
    uint32_t child[RANK_TREES][2]; /* what trades earlier, what trades later; 0: none */
    uint32_t parent[RANK_TREES];
    uint32_t key, account;
    uint64_t sum;   /* quantities of the subtree by price */
    uint64_t epoch; /* of the side it is ranked in; the caller's */
};
_Static_assert(sizeof(struct eut_rank_node) == 48, "a ranked order costs 48 bytes");

struct eut_rank_nodes {
    struct eut_rank_node *at; /* 0 is nobody, and has no quantity */
    uint64_t secret;
    struct eut_lazy memory;
};

struct eut_rank_tree {
    uint32_t root[RANK_TREES]; /* zeroes: empty */
};

/* Nodes 1 … max. -ENOMEM. */
int eut_rank_open(struct eut_rank_nodes *nodes, uint64_t max);
void eut_rank_close(struct eut_rank_nodes *nodes);

/* The node, in no tree, goes behind all of its price. */
void eut_rank_insert(struct eut_rank_nodes *nodes, struct eut_rank_tree *tree, uint32_t node,
                     uint32_t key, uint32_t account, uint32_t qty);
void eut_rank_remove(struct eut_rank_nodes *nodes, struct eut_rank_tree *tree, uint32_t node);
/* Adds to a node's quantity; modulo 2^64, so that it may be less. */
void eut_rank_add(struct eut_rank_nodes *nodes, uint32_t node, uint64_t more);

uint64_t eut_rank_qty(const struct eut_rank_nodes *nodes, uint32_t node);
/* Quantity at this key or a better (larger) one. */
uint64_t eut_rank_within(const struct eut_rank_nodes *nodes, const struct eut_rank_tree *tree,
                         uint32_t key);
/* Quantity that trades before the node. */
uint64_t eut_rank_ahead(const struct eut_rank_nodes *nodes, uint32_t node);
/* The account's first to trade, or 0. */
uint32_t eut_rank_first(const struct eut_rank_nodes *nodes, const struct eut_rank_tree *tree,
                        uint32_t account);
/* A node with this key, or 0. */
uint32_t eut_rank_find(const struct eut_rank_nodes *nodes, const struct eut_rank_tree *tree,
                       uint32_t key);

/* Steps from the root to the deepest node, or UINT32_MAX if a promise is broken. For tests. */
uint32_t eut_rank_depth(const struct eut_rank_nodes *nodes, const struct eut_rank_tree *tree);

#endif
