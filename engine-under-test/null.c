/*
 * null.c - the ruler. What does the measuring itself cost?
 *
 * How: one accepted event for each request, copied from it; the least an engine can do that reads
 * every request and answers. Figures close to this engine's measured the harness. It holds no book,
 * breaks every rule, and says so by EUT_CAP_RULER. What it cannot see: matching.
 */
#include "engine-under-test/engine.h"

#include <errno.h>
#include <stdlib.h>

struct ruler {
    uint64_t answered;
};

static int null_create(const struct eut_limits *limits, void **self)
{
    if (limits->struct_size != sizeof(*limits) || limits->markets == 0 ||
        limits->l2_markets > limits->markets || limits->batch_max == 0) {
        return -EINVAL;
    }
    *self = calloc(1, sizeof(struct ruler));
    return *self ? 0 : -ENOMEM;
}

static int null_submit(void *self, const struct eut_request *requests, uint32_t count,
                       struct eut_sink *sink)
{
    struct ruler *ruler = self;

    for (uint32_t i = 0; i < count; i++) {
        if (sink->count == sink->room) {
            sink->flush(sink);
        }
        sink->events[sink->count++] = (struct eut_event){.order = requests[i].order,
                                                         .price = requests[i].price,
                                                         .qty = requests[i].qty,
                                                         .request = i,
                                                         .kind = EUT_ACCEPTED};
    }
    ruler->answered += count;
    return 0;
}

/* The same for any batch size; folding the events would be work that is not the harness's. */
static uint64_t null_digest(void *self)
{
    const struct ruler *ruler = self;

    return ruler->answered;
}

static int null_walk(void *self, uint32_t market, eut_visit visit, void *context)
{
    (void)self, (void)market, (void)visit, (void)context;
    return 0;
}

static void null_destroy(void *self)
{
    free(self);
}

const struct eut_engine eut_null = {
    .abi_version = EUT_ABI_VERSION,
    .struct_size = sizeof(struct eut_engine),
    .name = "null",
    .capabilities = EUT_CAP_RULER,
    .create = null_create,
    .submit = null_submit,
    .digest = null_digest,
    .walk = null_walk,
    .destroy = null_destroy,
};
