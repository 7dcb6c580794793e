/* journal_fuzz.c - no bytes make the reader of a journal's file read outside them, or hand out
 * requests that no sum vouches for. */
#include "harness/ledger/crc32c.h"
#include "harness/ledger/journal_read.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Headers with their sums mended, so that what lies behind the sums is reached, too. */
static void mend(uint8_t *data, size_t size)
{
    uint32_t crc;

    if (size >= sizeof(struct hr_journal_head)) {
        crc = hr_crc32c(0, data, offsetof(struct hr_journal_head, crc));
        memcpy(data + offsetof(struct hr_journal_head, crc), &crc, sizeof(crc));
    }
    for (size_t at = sizeof(struct hr_journal_head); at < size && size - at >= HR_JOURNAL_ALIGN;
         at += HR_JOURNAL_ALIGN) {
        uint32_t magic;

        memcpy(&magic, data + at, sizeof(magic));
        if (magic == HR_RECORD_BATCH || magic == HR_RECORD_SEAL || magic == HR_RECORD_CLOSE) {
            crc = hr_crc32c(0, data + at, offsetof(struct hr_journal_record, crc));
            memcpy(data + at + offsetof(struct hr_journal_record, crc), &crc, sizeof(crc));
        }
    }
}

static void read_all(const uint8_t *data, size_t size)
{
    const struct eut_request *requests;
    struct hr_segment segment;
    enum hr_segment_step step = hr_segment_open(&segment, data, size);
    uint64_t sum = 0, next = segment.next;
    uint32_t count;

    while (step == HR_SEGMENT_BATCH) {
        step = hr_segment_next(&segment, &requests, &count);
        if (step != HR_SEGMENT_BATCH) {
            break;
        }
        if (count == 0 || segment.next - count != next) {
            abort();
        }
        next = segment.next;
        for (uint32_t i = 0; i < count; i++) {
            sum += requests[i].order;
        }
    }
    if (segment.at > size || (sum && segment.next == 0)) {
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
    read_all(copy, size);
    mend(copy, size);
    read_all(copy, size);
    free(copy);
    return 0;
}
