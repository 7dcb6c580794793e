/* block_test.c - does a sealed block show any change, and do messages come back as they went? */
#include "suites/block.h"
#include "tests/test.h"

#include <errno.h>
#include <stdlib.h>

TEST(block, what_is_sealed_is_sound_and_any_change_is_seen)
{
    struct eut_request orders[130];
    struct hr_block_head head = {.height = 9, .first = 77, .count = 130, .proposer = 2};
    struct hr_block *block;

    memset(orders, 0, sizeof(orders));
    for (uint32_t i = 0; i < 130; i++) {
        orders[i].order = i + 1;
    }
    block = hr_block_seal(&head, orders);
    CHECK(hr_block_sound(block));
    for (size_t at = 0; at < hr_block_bytes(block); at++) {
        uint8_t *byte = (uint8_t *)block + at;

        if (at >= offsetof(struct hr_block, head.count) &&
            at < offsetof(struct hr_block, head.proposer)) {
            continue; /* its own length */
        }
        *byte ^= 0x10;
        CHECK(!hr_block_sound(block));
        *byte ^= 0x10;
    }
    block->head.count--;
    CHECK(!hr_block_sound(block));
    free(block);
}

TEST(block, messages_come_back_as_they_went)
{
    struct eut_request orders[2];
    struct hr_block_head head = {.height = 3, .count = 2, .proposer = 1};
    struct hr_block *block, *got;
    struct hr_block_message m = {.kind = HR_BLOCK_PROPOSE, .height = 3, .round = 4}, back;
    uint8_t bytes[512];

    memset(orders, 7, sizeof(orders));
    block = hr_block_seal(&head, orders);
    m.block = block;
    CHECK_EQ(hr_block_message_bytes(&m), 88 + 88 + 64);
    hr_block_message_put(bytes, &m);
    CHECK_EQ(hr_block_message_size(bytes, 87), 0);
    CHECK_EQ(hr_block_message_size(bytes, 88), 88 + 88 + 64);
    CHECK_EQ(hr_block_message_get(&back, &got, bytes), 0);
    CHECK_EQ(back.round, 4);
    CHECK(hr_hash_same(got->hash, block->hash) && hr_block_sound(got));
    free(got);
    bytes[0] = HR_BLOCK_PREVOTE; /* which carries no block */
    CHECK_EQ(hr_block_message_size(bytes, 88), -EBADMSG);
    bytes[0] = HR_BLOCK_KINDS;
    CHECK_EQ(hr_block_message_size(bytes, 88), -EBADMSG);
    free(block);
}
