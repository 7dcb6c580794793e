/*
 * skeleton.c - a compiling start for an engine of your own, and the documentation of its hooks.
 *
 *     cp HEADROOM/engine-under-test/skeleton.c HEADROOM/engine-under-test/engine.h .
 *     cc -std=c11 -O2 -fPIC -shared skeleton.c -o my-engine.so
 *     headroom conform -e ./my-engine.so
 *
 * It rejects every request as EUT_CAPACITY, as an engine without memory would, except those for a
 * market out of range. Fill in submit() and walk(); the law is RULES.md. It includes engine.h only.
 */
#include "engine.h"

#include <errno.h>
#include <stdlib.h>

/* Everything an instance knows. Instances share nothing: a host may run one for each shard. */
struct skeleton {
    struct eut_limits limits;
    uint64_t *market_digest; /* for each market, as eut_digest_* folds it, XOR the market's number:
                                so memory that is 0 and untouched means no event yet */
};

/* Required. Makes empty books. All memory should be had or reserved here, nothing while matching.
 * The limits are promises: no more than `orders` live orders, `levels` live levels, and
 * `batch_max` requests a submit() are ever needed. Refuse what makes no sense, by -EINVAL. */
static int skeleton_create(const struct eut_limits *limits, void **self)
{
    struct skeleton *s;

    if (limits->struct_size != sizeof(*limits) || limits->markets == 0 ||
        limits->l2_markets > limits->markets || limits->batch_max == 0) {
        return -EINVAL;
    }
    s = calloc(1, sizeof(*s));
    if (!s) {
        return -ENOMEM;
    }
    s->limits = *limits;
    s->market_digest = calloc(limits->markets, sizeof(uint64_t));
    if (!s->market_digest) {
        free(s);
        return -ENOMEM;
    }
    *self = s;
    return 0;
}

/* One event: into the sink, which is emptied when full, and into its market's digest, unless the
 * market does not exist. */
static void emit(struct skeleton *s, struct eut_sink *sink, uint32_t market,
                 const struct eut_event *event)
{
    if (sink->count == sink->room) {
        sink->flush(sink);
    }
    sink->events[sink->count++] = *event;
    if (market < s->limits.markets) {
        uint64_t *digest = &s->market_digest[market];

        *digest = eut_digest_event(*digest ^ market, event) ^ market;
    }
}

/* Required. Processes the requests in order. A rejected request is an event, not an error; return
 * a negative errno only if the engine itself is lost. Here the matching goes. */
static int skeleton_submit(void *self, const struct eut_request *requests, uint32_t count,
                           struct eut_sink *sink)
{
    struct skeleton *s = self;

    for (uint32_t i = 0; i < count; i++) {
        const struct eut_request *r = &requests[i];
        struct eut_event event = {.order = r->op == EUT_QUOTE ? 0 : r->order,
                                  .request = i,
                                  .kind = EUT_REJECTED,
                                  .reason = EUT_CAPACITY};

        if (r->market >= s->limits.markets) {
            event.reason = EUT_BAD_MARKET;
        }
        emit(s, sink, r->market, &event);
    }
    return 0;
}

/* Required. Over all markets; asked between batches, not for each request. */
static uint64_t skeleton_digest(void *self)
{
    const struct skeleton *s = self;
    uint64_t sum = 0;

    for (uint32_t market = 0; market < s->limits.markets; market++) {
        sum += eut_digest_market(market, s->market_digest[market] ^ market);
    }
    return sum;
}

/* Required. Bids, then asks; best price first, oldest first within a price. Stop and return what
 * visit() returned when that is not 0. A market out of range is -EINVAL. */
static int skeleton_walk(void *self, uint32_t market, eut_visit visit, void *context)
{
    const struct skeleton *s = self;

    (void)visit, (void)context;
    return market < s->limits.markets ? 0 : -EINVAL;
}

/* Required. Accepts NULL. */
static void skeleton_destroy(void *self)
{
    struct skeleton *s = self;

    if (s) {
        free(s->market_digest);
        free(s);
    }
}

static const struct eut_engine skeleton = {
    .abi_version = EUT_ABI_VERSION,
    .struct_size = sizeof(struct eut_engine),
    .name = "skeleton",
    /* What it can do. One that lacks, say, EUT_CAP_STP is judged and measured without self-trades,
     * and the report says so. */
    .capabilities = EUT_CAP_ALL,
    .create = skeleton_create,
    .submit = skeleton_submit,
    .digest = skeleton_digest,
    .walk = skeleton_walk,
    .destroy = skeleton_destroy,
};

/* Required. The one exported symbol. */
const struct eut_engine *eut_engine_entry(void);
const struct eut_engine *eut_engine_entry(void)
{
    return &skeleton;
}
