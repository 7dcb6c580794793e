/* dies_at_work.c - submit() takes the process down. */
#include "tests/plugins/plugin.h"

#include <stdlib.h>

static int create_nothing(const struct eut_limits *limits, void **self)
{
    (void)limits;
    *self = &plugin;
    return 0;
}

static int die(void *self, const struct eut_request *requests, uint32_t count,
               struct eut_sink *sink)
{
    (void)self, (void)requests, (void)count, (void)sink;
    abort();
}

PLUGIN(plugin.create = create_nothing; plugin.submit = die)
