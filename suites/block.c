/*
 * block.c - which bytes are a block, and are these orders the ones that were sealed?
 *
 * What it cannot see: whether the orders are what clients sent.
 */
#include "suites/block.h"

#include "harness/error.h"
#include "harness/ledger/state_tree.h"
#include "harness/sha256.h"

#include <errno.h>
#include <stdlib.h>

bool hr_hash_none(const uint8_t *hash)
{
    static const uint8_t none[HR_HASH_BYTES];

    return hr_hash_same(hash, none);
}

static void hash_head(const struct hr_block_head *head, uint8_t hash[HR_HASH_BYTES])
{
    struct hr_sha256 s;

    hr_sha256_init(&s);
    hr_sha256_update(&s, head, sizeof(*head));
    hr_sha256_final(&s, hash);
}

static int order_root(const struct eut_request *orders, uint32_t count, uint8_t root[HR_HASH_BYTES])
{
    uint32_t chunks = (count + HR_BLOCK_CHUNK - 1) / HR_BLOCK_CHUNK;
    uint8_t(*leaves)[HR_HASH_BYTES];

    if (count == 0) {
        memset(root, 0, HR_HASH_BYTES);
        return 0;
    }
    leaves = malloc(chunks * sizeof(*leaves));
    if (!leaves) {
        return hr_fail(ENOMEM, "no memory for the order root of %u orders", count);
    }
    for (uint32_t i = 0; i < chunks; i++) {
        uint32_t from = i * HR_BLOCK_CHUNK,
                 n = count - from < HR_BLOCK_CHUNK ? count - from : HR_BLOCK_CHUNK;

        hr_market_leaf(orders + from, n * sizeof(*orders), leaves[i]);
    }
    hr_merkle_fold(leaves, chunks, root);
    free(leaves);
    return 0;
}

struct hr_block *hr_block_seal(const struct hr_block_head *head, const struct eut_request *orders)
{
    struct hr_block *block = malloc(sizeof(*block) + head->count * sizeof(*orders));

    if (!block) {
        hr_fail(ENOMEM, "no memory for a block of %u orders", head->count);
        return NULL;
    }
    block->head = *head;
    if (head->count) {
        memcpy(block->orders, orders, head->count * sizeof(*orders));
    }
    if (order_root(orders, head->count, block->head.order_root)) {
        free(block);
        return NULL;
    }
    hash_head(&block->head, block->hash);
    return block;
}

struct hr_block *hr_block_copy(const struct hr_block *block)
{
    struct hr_block *copy = malloc(hr_block_bytes(block));

    if (!copy) {
        hr_fail(ENOMEM, "no memory for a block of %u orders", block->head.count);
        return NULL;
    }
    memcpy(copy, block, hr_block_bytes(block));
    return copy;
}

bool hr_block_sound(const struct hr_block *block)
{
    uint8_t root[HR_HASH_BYTES], hash[HR_HASH_BYTES];

    hash_head(&block->head, hash);
    return hr_hash_same(hash, block->hash) &&
           order_root(block->orders, block->head.count, root) == 0 &&
           hr_hash_same(root, block->head.order_root);
}

size_t hr_block_message_bytes(const struct hr_block_message *m)
{
    return HR_BLOCK_MESSAGE_BYTES +
           (m->block ? sizeof(m->block->head) + m->block->head.count * sizeof(m->block->orders[0])
                     : 0);
}

void hr_block_message_put(uint8_t *to, const struct hr_block_message *m)
{
    struct hr_block_message copy = *m;

    copy.orders = m->block ? m->block->head.count : 0;
    memset(copy.reserved, 0, sizeof(copy.reserved));
    memcpy(to, &copy, HR_BLOCK_MESSAGE_BYTES);
    if (m->block) {
        to += HR_BLOCK_MESSAGE_BYTES;
        memcpy(to, &m->block->head, sizeof(m->block->head));
        memcpy(to + sizeof(m->block->head), m->block->orders,
               m->block->head.count * sizeof(m->block->orders[0]));
    }
}

int64_t hr_block_message_size(const uint8_t *from, size_t have)
{
    struct hr_block_message m = {0};

    if (have < HR_BLOCK_MESSAGE_BYTES) {
        return 0;
    }
    memcpy(&m, from, HR_BLOCK_MESSAGE_BYTES);
    if (m.kind == 0 || m.kind >= HR_BLOCK_KINDS || m.orders > HR_BLOCK_ORDERS_MAX ||
        (m.orders && !hr_block_carries(m.kind))) {
        return hr_fail(EBADMSG, "a message between validators of kind %u with %u orders", m.kind,
                       m.orders);
    }
    return (int64_t)(HR_BLOCK_MESSAGE_BYTES +
                     (hr_block_carries(m.kind)
                          ? sizeof(struct hr_block_head) + m.orders * sizeof(struct eut_request)
                          : 0));
}

int hr_block_message_get(struct hr_block_message *m, struct hr_block **block, const uint8_t *from)
{
    struct hr_block *b;

    memcpy(m, from, HR_BLOCK_MESSAGE_BYTES);
    m->block = *block = NULL;
    if (!hr_block_carries(m->kind)) {
        return 0;
    }
    b = malloc(sizeof(*b) + m->orders * sizeof(b->orders[0]));
    if (!b) {
        return hr_fail(ENOMEM, "no memory for a block of %u orders", m->orders);
    }
    from += HR_BLOCK_MESSAGE_BYTES;
    memcpy(&b->head, from, sizeof(b->head));
    b->head.count = m->orders; /* what came is what it has; another count is another hash */
    memcpy(b->orders, from + sizeof(b->head), m->orders * sizeof(b->orders[0]));
    hash_head(&b->head, b->hash);
    m->block = *block = b;
    return 0;
}
