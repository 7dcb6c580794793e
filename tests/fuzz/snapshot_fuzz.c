/* snapshot_fuzz.c - no bytes make the reader of a snapshot read outside them, take a market twice
 * or out of turn, or find whole what nobody vouches for. */
#include "harness/ledger/crc32c.h"
#include "harness/ledger/snapshot.h"
#include "harness/ledger/snapshot_format.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MARKETS_MAX 65536u /* a tree for more takes its time */

static int market(void *context, const uint8_t *bytes, size_t size)
{
    int64_t *last = context;
    uint32_t number;

    memcpy(&number, bytes, sizeof(number));
    if (number <= *last || size < HR_MARKET_STATE_HEAD_BYTES) {
        abort();
    }
    *last = number;
    return 0;
}

static void damaged(void *context, uint32_t first, uint32_t last, const char *why)
{
    (void)context;
    if (first > last || !why) {
        abort();
    }
}

static void mend_sum(uint8_t *at, size_t covered)
{
    uint32_t crc = hr_crc32c(0, at, covered);

    memcpy(at + covered, &crc, sizeof(crc));
}

/* Heads with their sums mended, so that what lies behind the sums is reached, too. */
static void mend(uint8_t *data, size_t size)
{
    if (size < sizeof(struct hr_snapshot_head) + sizeof(struct hr_snapshot_foot)) {
        return;
    }
    mend_sum(data, offsetof(struct hr_snapshot_head, crc));
    mend_sum(data + size - sizeof(struct hr_snapshot_foot), offsetof(struct hr_snapshot_foot, crc));
    for (size_t at = sizeof(struct hr_snapshot_head); size - at >= 64 + 128; at += 64) {
        uint32_t magic;

        memcpy(&magic, data + at, sizeof(magic));
        if (magic == HR_CHUNK_MAGIC) {
            struct hr_chunk_head head;

            memcpy(&head, data + at, sizeof(head));
            head.raw_bytes &= 0xffffff; /* what a forger may ask for is memory, and time */
            memcpy(data + at, &head, sizeof(head));
            mend_sum(data + at, offsetof(struct hr_chunk_head, crc));
        }
    }
}

static void read_once(const uint8_t *data, size_t size, bool tolerant)
{
    int64_t last = -1;
    struct hr_snapshot_visit visit = {
        .market = market, .damaged = tolerant ? damaged : NULL, .context = &last};
    struct hr_snapshot_facts facts;
    struct hr_snapshot_head head;

    if (size >= sizeof(head)) {
        memcpy(&head, data, sizeof(head));
        if (head.limits.markets > MARKETS_MAX) {
            return;
        }
    }
    if (hr_snapshot_read_memory(data, size, "fuzz", 1, &visit, &facts) == 0 &&
        last + 1 != facts.limits.markets) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);

    if (!copy) {
        return 0;
    }
    memcpy(copy, data, size);
    read_once(copy, size, false);
    mend(copy, size);
    read_once(copy, size, true);
    free(copy);
    return 0;
}
