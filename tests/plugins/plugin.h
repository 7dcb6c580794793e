/*
 * plugin.h - a library that has every hook and no engine; each plug-in here breaks one thing about
 * it, and the loader must refuse it by name.
 */
#ifndef PLUGIN_H
#define PLUGIN_H

#include "engine-under-test/engine.h"

#include <errno.h>

static int plugin_create(const struct eut_limits *limits, void **self)
{
    (void)limits, (void)self;
    return -ENOTSUP;
}

static int plugin_submit(void *self, const struct eut_request *requests, uint32_t count,
                         struct eut_sink *sink)
{
    (void)self, (void)requests, (void)count, (void)sink;
    return -ENOTSUP;
}

static uint64_t plugin_digest(void *self)
{
    (void)self;
    return 0;
}

static int plugin_walk(void *self, uint32_t market, eut_visit visit, void *context)
{
    (void)self, (void)market, (void)visit, (void)context;
    return 0;
}

static void plugin_destroy(void *self)
{
    (void)self;
}

static struct eut_engine plugin = {
    .abi_version = EUT_ABI_VERSION,
    .struct_size = sizeof(struct eut_engine),
    .name = "plugin",
    .capabilities = EUT_CAP_ALL,
    .create = plugin_create,
    .submit = plugin_submit,
    .digest = plugin_digest,
    .walk = plugin_walk,
    .destroy = plugin_destroy,
};

#define PLUGIN(breakage)                             \
    const struct eut_engine *eut_engine_entry(void); \
    const struct eut_engine *eut_engine_entry(void)  \
    {                                                \
        breakage;                                    \
        return &plugin;                              \
    }

#endif
