/*
 * engine_rig.h - an engine in the test's own process: by name, driven without a reader, and what it
 * answers in one word, its digest. A check that fails ends the test.
 */
#ifndef HR_ENGINE_RIG_H
#define HR_ENGINE_RIG_H

#include "engine-under-test/loader.h"
#include "tests/test.h"

static inline const struct eut_engine *engine_named(const char *name)
{
    struct eut_handle handle;

    CHECK_EQ(eut_open(&handle, name), 0);
    return handle.engine;
}

static inline void nobody_reads(struct eut_sink *sink)
{
    sink->count = 0;
}

/* As one batch, whose events nobody reads. */
static inline void submit_unread(const struct eut_engine *engine, void *self,
                                 const struct eut_request *requests, uint32_t count)
{
    struct eut_event events[EUT_SINK_ROOM_MIN];
    struct eut_sink sink = {events, 0, EUT_SINK_ROOM_MIN, nobody_reads, NULL};

    CHECK_EQ(engine->submit(self, requests, count, &sink), 0);
}

/* Of an engine that was sent these and nothing else. */
static inline uint64_t digest_in_process(const char *name, const struct eut_limits *limits,
                                         const struct eut_request *requests, uint32_t count)
{
    const struct eut_engine *engine = engine_named(name);
    uint64_t digest;
    void *self;

    CHECK_EQ(engine->create(limits, &self), 0);
    submit_unread(engine, self, requests, count);
    digest = engine->digest(self);
    engine->destroy(self);
    return digest;
}

#endif
