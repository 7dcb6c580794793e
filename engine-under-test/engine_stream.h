/*
 * engine_stream.h - a flow that is made while it is used: generator and engine in turn, batch by
 * batch, each batch forgotten after it, so that a flow may be longer than memory.
 *
 * The engine is its own shadow: what it answers decides what is sent next. Its manners are watched
 * as in collect.h: an event beyond the sink's room, or for a request outside the batch, is -EPROTO.
 *
 * Threads: one per stream. Ownership: open and close; close accepts one that did not open.
 */
#ifndef EUT_ENGINE_STREAM_H
#define EUT_ENGINE_STREAM_H

#include "engine-under-test/engine.h"
#include "harness/command.h"
#include "harness/flow.h"

struct eut_stream {
    struct hr_flow *flow;
    const struct eut_engine *engine;
    void *self;
    struct eut_request batch[HR_FLOW_BATCH]; /* the last one */
    uint32_t length;
    uint64_t made;  /* requests so far */
    uint64_t ticks; /* in the engine, with what is done with its events */
    /* Shown all events of a batch, in one call or several; NULL: nobody is. */
    void (*saw)(void *context, const struct eut_request *batch, const struct eut_event *events,
                uint32_t count);
    void *context;
    int rc; /* of the engine's manners */
};

/* saw and context are set afterwards. 0, or -errno with hr_error(). */
int eut_stream_open(struct eut_stream *stream, const struct eut_engine *engine,
                    const struct hr_flow_params *params);
/* One batch of at most `most` requests into the engine. 0, or -errno with hr_error(). */
int eut_stream_next(struct eut_stream *stream, uint64_t most);
void eut_stream_close(struct eut_stream *stream);

/* The options by which a command's user says which flow, and what they say: preset first, so that
 * single settings win over it. */
#define EUT_FLOW_OPTIONS                                                                             \
    {"markets", 0, HR_OPT_COUNT, "M", NULL, "markets (flow.markets)"},                               \
        {"seed", 0,    HR_OPT_COUNT,                                                                 \
         "S",    NULL, "seed (flow.seed): same seed and settings, same bytes"},                      \
        {"set",       'S',  HR_OPT_LIST,                                                             \
         "KEY=VALUE", NULL, "a flow.* setting; may be repeated (`headroom run --help` lists them)"}, \
    {                                                                                                \
        "preset", 0, HR_OPT_TEXT, "NAME", NULL, "a mix from configs/flows/NAME.yaml"                 \
    }
int eut_flow_of_args(const struct hr_args *args, struct hr_flow_params *params);

#endif
