/* block_fuzz.c - no bytes from other validators make one read outside them, commit what no quorum
 * voted for with its own root, or stop for another reason than a root. */
#include "harness/error.h"
#include "suites/block_validator.h"

#include <errno.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define VALIDATORS 4u

static void post(void *context, uint32_t to, const struct hr_block_message *m)
{
    (void)context, (void)to, (void)m;
}

static struct hr_block *gather(void *context, uint64_t now_ns, const struct hr_block_head *head,
                               uint64_t *again_ns)
{
    (void)context, (void)now_ns, (void)head;
    *again_ns = HR_NEVER;
    return NULL;
}

static int apply(void *context, const struct hr_block *block, uint8_t root[HR_HASH_BYTES])
{
    (void)context;
    memcpy(root, block->hash, HR_HASH_BYTES);
    return 0;
}

static int reset(void *context)
{
    (void)context;
    return 0;
}

static void keep(void *context, const struct hr_vote_record *record)
{
    (void)context, (void)record;
}

static void committed(void *context, uint64_t now_ns, const struct hr_block *block,
                      const uint8_t root[HR_HASH_BYTES], uint32_t round)
{
    (void)context, (void)now_ns, (void)round;
    if (!hr_hash_same(block->hash, root) || !hr_block_sound(block)) {
        abort();
    }
}

static const struct hr_validator_host host = {.send = post,
                                              .gather = gather,
                                              .apply = apply,
                                              .reset = reset,
                                              .keep = keep,
                                              .committed = committed};

static void hear_all(struct hr_validator *v, const uint8_t *bytes, size_t size)
{
    uint64_t now_ns = 0;
    uint32_t from = 1;

    for (size_t at = 0; at < size; from = from % (VALIDATORS - 1) + 1, now_ns += 1000) {
        int64_t n = hr_block_message_size(bytes + at, size - at);
        struct hr_block_message m;
        struct hr_block *block;

        if (n <= 0 || (size_t)n > size - at || hr_block_message_get(&m, &block, bytes + at)) {
            return;
        }
        hr_validator_receive(v, now_ns, from, &m);
        hr_validator_tick(v, now_ns);
        free(block);
        at += (size_t)n;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);

    for (int i = 0; copy && hr_agree_all[i]; i++) {
        struct hr_validator *v;
        struct hr_validator_params params = {
            .validators = VALIDATORS,
            .protocol = hr_agree_all[i],
            .fpc = {.k = 4, .l = 2, .m_max = 5, .first = 0.5, .beta = 0.3},
            .propose_ns = 5000,
            .vote_ns = 5000,
            .poll_ns = 2000,
            .again_ns = 7000,
            .host = &host};

        memcpy(copy, data, size);
        if (hr_validator_new(&v, &params, NULL) == 0) {
            hr_validator_start(v, 0);
            hear_all(v, copy, size);
            if (hr_validator_broken(v) && hr_validator_broken(v) != -EBADMSG &&
                hr_validator_broken(v) != -ENOMEM) {
                abort();
            }
        }
        hr_validator_free(v);
    }
    free(copy);
    return 0;
}
