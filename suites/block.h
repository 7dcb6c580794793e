/*
 * block.h - a block of orders, sealed, and the messages by which validators agree on it.
 *
 * A block's hash is SHA-256 of its head; the head holds the hash of its parent, its height, how
 * many orders it has, which of the flow's orders the first one is, and the root of a Merkle tree
 * (state_tree.h) over its orders, HR_BLOCK_CHUNK of them a leaf: SHA-256(0x00 || their bytes).
 * The parent of the first block is 32 bytes of 0. All integers little-endian.
 *
 * Ownership: blocks are malloc()ed in one piece, free() releases them. Threads: any. Errors: a
 * negative errno with hr_error().
 */
#ifndef HR_BLOCK_H
#define HR_BLOCK_H

#include "engine-under-test/engine.h"
#include "harness/ledger/market_state.h"

#include <stdbool.h>
#include <string.h>

#define HR_BLOCK_CHUNK 64u
#define HR_BLOCK_ORDERS_MAX (4u << 20)

struct hr_block_head {
    uint8_t parent[HR_HASH_BYTES];
    uint8_t order_root[HR_HASH_BYTES];
    uint64_t height; /* from 1 */
    uint64_t first;  /* of the flow's orders, from 0: all blocks before have so many */
    uint32_t count, proposer;
};
_Static_assert(sizeof(struct hr_block_head) == 88, "a head is hashed as it lies");

struct hr_block {
    struct hr_block_head head;
    uint8_t hash[HR_HASH_BYTES];
    struct eut_request orders[];
};

/* Sealed over a copy of the orders: root and hash are worked out here. NULL without memory. */
struct hr_block *hr_block_seal(const struct hr_block_head *head, const struct eut_request *orders);
struct hr_block *hr_block_copy(const struct hr_block *block);
/* Do its orders and its head say what its root and its hash say? */
bool hr_block_sound(const struct hr_block *block);
static inline size_t hr_block_bytes(const struct hr_block *block)
{
    return sizeof(*block) + block->head.count * sizeof(block->orders[0]);
}

/* ---- messages -------------------------------------------------------------------------- */

enum hr_block_kind {
    HR_BLOCK_PROPOSE = 1, /* height, round, block */
    HR_BLOCK_PREVOTE,     /* height, round, hash or nothing */
    HR_BLOCK_PRECOMMIT,   /* height, round, hash or nothing, root */
    HR_BLOCK_QUERY,       /* height, round, poll */
    HR_BLOCK_OPINION,     /* height, round, poll, hash or nothing */
    HR_BLOCK_FETCH,       /* height: give me what was committed there */
    HR_BLOCK_COMMITTED,   /* height, hash, root, block */
    HR_BLOCK_WANT,        /* height, hash: give me this proposed block */
    HR_BLOCK_GIVE,        /* height, block */
    HR_BLOCK_AHEAD,       /* height: where I am */
    HR_BLOCK_KINDS
};

/* "Nothing" is a hash of 32 bytes of 0. */
struct hr_block_message {
    uint8_t kind;
    uint8_t again; /* 1: said before, for who did not hear it */
    uint8_t reserved[2];
    uint32_t poll;
    uint32_t round;
    uint32_t orders; /* of the block that follows; only on the wire */
    uint64_t height;
    uint8_t hash[HR_HASH_BYTES], root[HR_HASH_BYTES];
    const struct hr_block *block; /* borrowed; NULL: none */
};
#define HR_BLOCK_MESSAGE_BYTES (offsetof(struct hr_block_message, block))
_Static_assert(HR_BLOCK_MESSAGE_BYTES == 88, "a message is sent as it lies");

static inline bool hr_block_carries(uint8_t kind)
{
    return kind == HR_BLOCK_PROPOSE || kind == HR_BLOCK_COMMITTED || kind == HR_BLOCK_GIVE;
}
static inline bool hr_hash_same(const uint8_t *a, const uint8_t *b)
{
    return memcmp(a, b, HR_HASH_BYTES) == 0;
}
bool hr_hash_none(const uint8_t *hash);

/* The bytes of a message: HR_BLOCK_MESSAGE_BYTES, and the block's head and orders if it carries
 * one. to: room for them all. */
size_t hr_block_message_bytes(const struct hr_block_message *m);
void hr_block_message_put(uint8_t *to, const struct hr_block_message *m);
/* How many bytes the message that begins here has, 0 if that cannot be told yet; -EBADMSG for what
 * is none. */
int64_t hr_block_message_size(const uint8_t *from, size_t have);
/* Of a whole one; *block (freed by the caller) is what m->block then points to, or NULL. -ENOMEM.
 * The block's hash is worked out from its head, its order root is not looked at. */
int hr_block_message_get(struct hr_block_message *m, struct hr_block **block, const uint8_t *from);

#endif
