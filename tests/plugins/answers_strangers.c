/* answers_strangers.c - every event is for a request that is not in the batch. */
#include "tests/plugins/plugin.h"

static int create_nothing(const struct eut_limits *limits, void **self)
{
    (void)limits;
    *self = &plugin;
    return 0;
}

static int answer_strangers(void *self, const struct eut_request *requests, uint32_t count,
                            struct eut_sink *sink)
{
    (void)self;
    for (uint32_t i = 0; i < count; i++) {
        if (sink->count == sink->room) {
            sink->flush(sink);
        }
        sink->events[sink->count++] =
            (struct eut_event){.order = requests[i].order, .request = 7777777, .kind = EUT_ACCEPTED};
    }
    return 0;
}

PLUGIN(plugin.create = create_nothing; plugin.submit = answer_strangers)
