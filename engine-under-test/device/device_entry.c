/*
 * device_entry.c - the engine `device` under the ABI's names, one a way to a device.
 *
 * How: device:<api> takes that API's first device, device:auto the first API in the table that has
 * one. What it cannot see: whether the device is fast.
 */
#include "engine-under-test/device/device_engine.h"

#include "harness/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PREFIX "device:"

static int open_named(const char *api_name, const struct eut_limits *limits, void **self)
{
    const struct eut_device_api *api = eut_device_api_find(api_name);
    struct eut_device_engine *engine = NULL;
    int rc = api ? eut_device_engine_open(api, 0, limits, NULL, &engine)
                 : hr_fail(ENODEV, "not in this build");

    *self = engine;
    return rc ? hr_context(rc, PREFIX "%s", api_name) : 0;
}

/* Has it a device? 0, or a negative errno and the reason. */
static int look(const struct eut_device_api *api)
{
    struct eut_device_facts facts;
    uint32_t count = 0;
    int rc = api->list(&facts, 1, &count);

    return rc ? rc : count ? 0 : hr_fail(ENODEV, "%s lists no device", api->name);
}

/* The same from a process that may fork later. */
static int ask(const struct eut_device_api *api)
{
    struct eut_device_answer answer;

    eut_devices_ask(api, &answer);
    return answer.rc      ? hr_fail(ENODEV, "%s", answer.why)
           : answer.count ? 0
                          : hr_fail(ENODEV, "%s lists no device", api->name);
}

/* The first API that has a device; the host's own does not count. -ENODEV: a reason for each. */
static int find_any(int (*has_device)(const struct eut_device_api *api),
                    const struct eut_device_api **found)
{
    char why[HR_ERROR_MAX] = "";
    size_t at = 0;

    for (uint32_t i = 0; eut_device_apis[i] && eut_device_apis[i] != &eut_api_host; i++) {
        *found = eut_device_apis[i];
        if (has_device(*found) == 0) {
            return 0;
        }
        at += (size_t)snprintf(why + at, sizeof(why) - at, "%s%s", at ? "; " : "", hr_error());
        at = at < sizeof(why) ? at : sizeof(why) - 1;
    }
    return hr_fail(ENODEV, "%s", why);
}

/* A device that is there but too small or broken is not passed over in silence. */
static int create_auto(const struct eut_limits *limits, void **self)
{
    const struct eut_device_api *api = NULL;
    int rc = find_any(look, &api);

    *self = NULL;
    return rc ? hr_context(rc, PREFIX "auto: no device") : open_named(api->name, limits, self);
}

int eut_device_engine_check(const struct eut_engine *engine)
{
    const struct eut_device_api *api = eut_device_api_find(engine->name + strlen(PREFIX));
    int rc = api ? ask(api) : find_any(ask, &api);

    return rc ? hr_context(rc, "%s: no device", engine->name) : 0;
}

static int submit(void *self, const struct eut_request *requests, uint32_t count,
                  struct eut_sink *sink)
{
    return eut_device_engine_submit(self, requests, count, sink);
}

/* A device that is lost has no digest: a value that is nobody's, and the next batch says why. */
static uint64_t digest(void *self)
{
    uint64_t sum;

    return eut_device_engine_digest(self, &sum) ? UINT64_MAX : sum;
}

static int walk(void *self, uint32_t market, eut_visit visit, void *context)
{
    return eut_device_engine_walk(self, market, visit, context);
}

static void destroy(void *self)
{
    eut_device_engine_close(self);
}

#define ENGINE(way)                                                               \
    {                                                                             \
        .abi_version = EUT_ABI_VERSION, .struct_size = sizeof(struct eut_engine), \
        .name = PREFIX #way, .capabilities = EUT_CAP_ALL, .create = create_##way, \
        .submit = submit, .digest = digest, .walk = walk, .destroy = destroy,     \
    }
#define NAMED(way)                                                        \
    static int create_##way(const struct eut_limits *limits, void **self) \
    {                                                                     \
        return open_named(#way, limits, self);                            \
    }

NAMED(host)
NAMED(cuda)
NAMED(metal)
NAMED(opencl)

const struct eut_engine eut_device_host = ENGINE(host);
static const struct eut_engine device_cuda = ENGINE(cuda), device_metal = ENGINE(metal);
static const struct eut_engine device_opencl = ENGINE(opencl), device_auto = ENGINE(auto);

const struct eut_engine *const eut_device_engines[] = {
    &device_auto, &device_cuda, &device_metal, &device_opencl, NULL,
};
