/* engine_stream.c - what comes next, and what did the engine make of it? It cannot see whether the
 * engine's answers are right: who uses the stream compares them. */
#include "engine-under-test/engine_stream.h"

#include "harness/clock.h"
#include "harness/config.h"
#include "harness/error.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SINK_ROOM 256u

static int ill_mannered(const struct eut_stream *stream, const char *what)
{
    return hr_fail(EPROTO, "engine %s %s: `headroom conform` tells what it should do",
                   stream->engine->name, what);
}

static void take(struct eut_sink *sink)
{
    struct eut_stream *stream = sink->owner;
    uint32_t count = sink->count;

    sink->count = 0;
    if (stream->rc == 0 && count > SINK_ROOM) {
        stream->rc = ill_mannered(stream, "wrote beyond the sink's room");
    }
    for (uint32_t i = 0; i < count && stream->rc == 0; i++) {
        if (sink->events[i].request >= stream->length) {
            stream->rc = ill_mannered(stream, "answered a request that is not in the batch");
        }
    }
    if (stream->rc == 0) {
        hr_flow_observe(stream->flow, stream->batch, sink->events, count);
        if (stream->saw) {
            stream->saw(stream->context, stream->batch, sink->events, count);
        }
    }
}

int eut_stream_open(struct eut_stream *stream, const struct eut_engine *engine,
                    const struct hr_flow_params *params)
{
    struct eut_limits limits = hr_flow_limits(params, HR_FLOW_BATCH);
    int rc;

    memset(stream, 0, sizeof(*stream));
    rc = hr_flow_new(&stream->flow, params);
    if (rc) {
        return rc;
    }
    rc = engine->create(&limits, &stream->self);
    if (rc) {
        hr_flow_free(stream->flow);
        stream->flow = NULL;
        return hr_fail(-rc, "engine %s cannot be made for %u markets and %" PRIu64 " orders: %s",
                       engine->name, limits.markets, limits.orders, strerror(-rc));
    }
    stream->engine = engine;
    return 0;
}

int eut_stream_next(struct eut_stream *stream, uint64_t most)
{
    struct eut_event events[SINK_ROOM];
    struct eut_sink sink = {events, 0, SINK_ROOM, take, stream};
    uint64_t start;
    int rc;

    stream->length = hr_flow_next(stream->flow, stream->batch,
                                  most < HR_FLOW_BATCH ? (uint32_t)most : HR_FLOW_BATCH);
    start = hr_ticks();
    rc = stream->engine->submit(stream->self, stream->batch, stream->length, &sink);
    stream->ticks += hr_ticks() - start;
    if (rc) {
        return hr_fail(-rc, "engine %s failed after %" PRIu64 " requests: %s", stream->engine->name,
                       stream->made, strerror(-rc));
    }
    take(&sink);
    stream->made += stream->length;
    return stream->rc;
}

void eut_stream_close(struct eut_stream *stream)
{
    if (stream->engine) {
        stream->engine->destroy(stream->self);
        hr_flow_free(stream->flow);
        stream->engine = NULL;
    }
}

static int configure(const struct hr_args *args, struct hr_config *config)
{
    static const struct {
        const char *option, *key;
    } own[] = {{"preset", "flow.preset"}, {"markets", "flow.markets"}, {"seed", "flow.seed"}};
    const char *const *settings;
    int count = hr_arg_list(args, "set", &settings), rc = 0;

    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]) && rc == 0; i++) {
        char assignment[512];

        if (!hr_arg_given(args, own[i].option)) {
            continue;
        }
        if (i == 0) {
            snprintf(assignment, sizeof(assignment), "%s=%s", own[i].key,
                     hr_arg_text(args, own[i].option));
        } else {
            snprintf(assignment, sizeof(assignment), "%s=%" PRIu64, own[i].key,
                     hr_arg_count(args, own[i].option));
        }
        rc = hr_config_set(config, assignment, hr_arg_origin(args, own[i].option));
    }
    for (int i = 0; i < count && rc == 0; i++) {
        rc = hr_config_set(config, settings[i], hr_arg_origin(args, "set"));
    }
    return rc ? rc : hr_config_check(config);
}

int eut_flow_of_args(const struct hr_args *args, struct hr_flow_params *params)
{
    struct hr_config *config;
    int rc = hr_config_load(&config, NULL);

    if (rc) {
        return rc;
    }
    rc = configure(args, config);
    if (rc == 0) {
        hr_config_flow(config, params);
    }
    hr_config_free(config);
    return rc;
}
