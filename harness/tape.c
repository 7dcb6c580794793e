/* tape.c - a flow in memory before any clock starts: generator and shadow engine in turn, batch
 * after batch. What the shadow emits decides what is sent next, so a tape is only as right as its
 * shadow; the digests that it leaves are what other engines must reach. */
#include "harness/error.h"
#include "harness/flow.h"
#include "harness/platform/platform.h"
#include "harness/progress.h"
#include "harness/sha256.h"

#include <errno.h>
#include <string.h>

/* sha256 and binary files are of the bytes in memory. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "requests are hashed as little-endian");

#define SINK_ROOM 256u
#define PROGRESS_EVERY 65536u

struct recorder {
    struct hr_flow *flow;
    const struct eut_request *batch; /* of the submit that is under way */
};

static void observe_all(struct eut_sink *sink)
{
    const struct recorder *recorder = sink->owner;

    hr_flow_observe(recorder->flow, recorder->batch, sink->events, sink->count);
    sink->count = 0;
}

static int record(struct hr_tape *tape, struct hr_flow *flow, const struct eut_engine *shadow,
                  void *self, void (*progress)(void *, double share), void *context)
{
    struct eut_event events[SINK_ROOM];
    struct recorder recorder = {flow, NULL};
    struct eut_sink sink = {events, 0, SINK_ROOM, observe_all, &recorder};
    uint64_t total = tape->load + tape->steady, made = 0, told = 0;

    while (made < total) {
        uint64_t left = made < tape->load ? tape->load - made : total - made;
        struct eut_request *batch = tape->requests + made;
        uint32_t count =
            hr_flow_next(flow, batch, left < HR_FLOW_BATCH ? (uint32_t)left : HR_FLOW_BATCH);

        recorder.batch = batch;
        int rc = shadow->submit(self, batch, count, &sink);
        if (rc) {
            return hr_fail(-rc,
                           "flow: the engine %s that shadows it failed after %llu requests: %s",
                           shadow->name, (unsigned long long)made, strerror(-rc));
        }
        observe_all(&sink);
        made += count;
        if (made == tape->load) {
            tape->digest_load = shadow->digest(self);
        }
        if (made - told >= PROGRESS_EVERY) {
            told = made;
            if (hr_stop_signal()) {
                return hr_fail(EINTR, "interrupted");
            }
            if (progress) {
                progress(context, (double)made / (double)total);
            }
        }
    }
    tape->digest = shadow->digest(self);
    if (hr_flow_phase(flow) == HR_FLOW_STEADY && tape->steady > 0) {
        tape->counts = *hr_flow_counts(flow);
    }
    return 0;
}

int hr_tape_record(struct hr_tape *tape, const struct hr_flow_params *params, uint64_t steady,
                   const struct eut_engine *shadow, void (*progress)(void *, double share),
                   void *context)
{
    struct eut_limits limits;
    struct hr_flow *flow;
    struct hr_sha256 sha;
    void *self = NULL;
    int rc = hr_flow_new(&flow, params);

    memset(tape, 0, sizeof(*tape));
    if (rc) {
        return rc;
    }
    limits = hr_flow_limits(params, HR_FLOW_BATCH);
    tape->params = *params;
    tape->load = hr_flow_load(params);
    tape->steady = steady;
    if (steady > SIZE_MAX / sizeof(*tape->requests) - tape->load ||
        hr_region_map(&tape->region, (tape->load + steady) * sizeof(*tape->requests),
                      HR_PAGES_HUGE)) {
        rc = hr_fail(ENOMEM, "flow: no memory for %llu requests of 32 bytes",
                     (unsigned long long)(tape->load + steady));
        goto out;
    }
    tape->requests = tape->region.at;
    tape->steady_requests = tape->requests + tape->load;
    rc = shadow->create(&limits, &self);
    if (rc) {
        rc =
            hr_fail(-rc, "flow: engine %s cannot shadow %u markets with %llu orders: %s",
                    shadow->name, limits.markets, (unsigned long long)limits.orders, strerror(-rc));
        goto out;
    }
    rc = record(tape, flow, shadow, self, progress, context);
    shadow->destroy(self);
    if (rc == 0) {
        hr_sha256_init(&sha);
        hr_sha256_update(&sha, tape->requests, (tape->load + steady) * sizeof(*tape->requests));
        hr_sha256_hex(&sha, tape->sha256);
    }
out:
    hr_flow_free(flow);
    if (rc) {
        hr_tape_free(tape);
    }
    return rc;
}

void hr_tape_free(struct hr_tape *tape)
{
    hr_region_unmap(&tape->region);
    tape->requests = tape->steady_requests = NULL;
}
