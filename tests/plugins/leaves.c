/* leaves.c - submit() ends the process, as if all were done. */
#include "tests/plugins/plugin.h"

#include <stdlib.h>

static int create_nothing(const struct eut_limits *limits, void **self)
{
    (void)limits;
    *self = &plugin;
    return 0;
}

static int leave(void *self, const struct eut_request *requests, uint32_t count,
                 struct eut_sink *sink)
{
    (void)self, (void)requests, (void)count, (void)sink;
    exit(EXIT_SUCCESS);
}

PLUGIN(plugin.create = create_nothing; plugin.submit = leave)
