/*
 * device_engine.h - the engine `device`: markets in a device's memory, matched there batch by
 * batch.
 *
 * Two ways to it. As engines of the ABI, device:<api> and device:auto, for everybody. And below
 * them the parts, for who measures a device: batches that stay on the device, and what of a batch's
 * time was copying and what matching.
 *
 * Threads: one engine is used by one thread at a time; engines share nothing but idle devices.
 * Errors: 0 or a negative errno with its text (harness/error.h), as device_api.h has them; after
 * -ENODEV or -EIO of a batch the engine is dead.
 */
#ifndef EUT_DEVICE_ENGINE_H
#define EUT_DEVICE_ENGINE_H

#include "engine-under-test/device/device_api.h"
#include "engine-under-test/engine.h"

/* ---- as engines ----------------------------------------------------------------- */

/* Never needs anything that a host may lack; one of the loader's built-in engines. */
extern const struct eut_engine eut_device_host;

/* device:cuda, device:metal, device:opencl, device:auto; ended by NULL. */
extern const struct eut_engine *const eut_device_engines[];

/* 0, or -ENODEV and the reason: for device:auto a reason for each API. Asks in a child process. */
int eut_device_engine_check(const struct eut_engine *engine);

/* 0 if the engine can be made, with next to no room; else why not: the driver is too old, the
 * kernels do not compile, no memory is left. Compiles, in a child process: takes seconds. */
int eut_device_engine_try(const struct eut_engine *engine);

/* ---- in parts ------------------------------------------------------------------- */

struct eut_device_engine;

/* How a batch is cut for a device. 0: as suits it (device_engine.c). */
struct eut_device_shape {
    uint32_t group, items; /* of the kernels that sort and count: work items a group, items each */
    uint32_t slice;        /* requests that are on their way together */
};

int eut_device_engine_open(const struct eut_device_api *api, uint32_t number,
                           const struct eut_limits *limits, const struct eut_device_shape *shape,
                           struct eut_device_engine **engine);
void eut_device_engine_close(struct eut_device_engine *engine); /* accepts NULL */

/* Device memory that the engine takes, by what for; each text is static. NULL ends the list. */
struct eut_device_part {
    const char *name;
    uint64_t bytes;
};
const struct eut_device_part *eut_device_engine_memory(const struct eut_device_engine *engine);

/* As the ABI's hooks of these names. Slices of a batch overlap: while one is matched the next is
 * copied in and the one before is copied out. The host copies requests into pinned memory, and
 * events out of it into the sink. */
int eut_device_engine_submit(struct eut_device_engine *engine, const struct eut_request *requests,
                             uint32_t count, struct eut_sink *sink);

/* The same without a copy by the host on either side. pin: room for so many requests in memory that
 * the device's copy engine reaches; what is submitted from there is not copied by the host first.
 * Once an engine; freed with it. submit_to: events are shown where the device has put them, in
 * order, a slice or part of one at a time; they are gone when `take` returns. */
typedef void (*eut_device_take)(void *context, const struct eut_event *events, uint32_t count);
int eut_device_engine_pin(struct eut_device_engine *engine, uint64_t count,
                          struct eut_request **requests);
int eut_device_engine_submit_to(struct eut_device_engine *engine,
                                const struct eut_request *requests, uint32_t count,
                                eut_device_take take, void *context);

int eut_device_engine_digest(struct eut_device_engine *engine, uint64_t *digest);
int eut_device_engine_walk(struct eut_device_engine *engine, uint32_t market, eut_visit visit,
                           void *context);

/* What has been done since open. Times on the device's clock, in ns, added up over slices: those of
 * different slices overlap. */
struct eut_device_times {
    uint64_t slices, requests, events;
    uint64_t sequential; /* requests matched in arrival order: few, or near the limits */
    uint64_t in_ns, sort_ns, match_ns, events_ns, out_ns;
};
void eut_device_engine_times(const struct eut_device_engine *engine,
                             struct eut_device_times *times);

/* Resident: batches of so many requests (at most a slice; the last may have fewer) are put into
 * device memory once and matched from there; their events are counted, and up to two a request are
 * put in order and stay there. Loading again replaces them. -EINVAL: no such batch. -ENOTSUP: the
 * limits might be met. *ns: on the device's clock, from the first kernel's start to the last one's
 * end. */
int eut_device_engine_load(struct eut_device_engine *engine, const struct eut_request *requests,
                           uint64_t count, uint32_t batch);
int eut_device_engine_resident(struct eut_device_engine *engine, uint32_t first, uint32_t batches,
                               uint64_t *events, uint64_t *ns);

#endif
