/*
 * api_host.c - the host's processor as a device: the kernels as C, everything at once and in order.
 *
 * How: a queue does nothing later, so a mark is the time at which it was set. Host and device side
 * are the same memory. It compiles nothing: it knows only the kernels that are built in. What it
 * cannot see: whether a copy, a mark or an owner was forgotten.
 */
#include "engine-under-test/device/device_api.h"
#include "engine-under-test/device/kernel_host.h"

#include "harness/error.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct eut_kernel {
    eut_host_run run;
};

struct host_buffer {
    struct eut_buffer base;
    struct host_buffer *before, *behind;
    void *taken, *memory; /* what calloc gave, and aligned */
};

#define ALIGNMENT 128u /* of the largest record */

#define KERNELS_MAX 64u

struct host_device {
    struct eut_device base;
    struct host_buffer *buffers;
    uint64_t mark_ns[EUT_MARKS];
    struct eut_kernel kernel[KERNELS_MAX];
    uint32_t kernels;
};

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void host_free(struct eut_device *device, struct eut_buffer *buffer)
{
    struct host_device *d = (struct host_device *)device;
    struct host_buffer *b = (struct host_buffer *)buffer;

    if (!b) {
        return;
    }
    if (b->behind) {
        b->behind->before = b->before;
    }
    if (b->before) {
        b->before->behind = b->behind;
    } else {
        d->buffers = b->behind;
    }
    free(b->taken);
    free(b);
}

static void host_close(struct eut_device *device)
{
    struct host_device *d = (struct host_device *)device;

    while (d && d->buffers) {
        host_free(device, &d->buffers->base);
    }
    free(d);
}

static int host_build(struct eut_device *device, const struct eut_kernel_source *source,
                      struct eut_kernel **kernels)
{
    struct host_device *d = (struct host_device *)device;

    for (uint32_t i = 0; source->names[i]; i++) {
        eut_host_run run = eut_host_kernel(source->names[i]);

        if (!run || d->kernels == KERNELS_MAX) {
            return hr_fail(ENOTSUP, "host: no kernel %s: only those built in can run here",
                           source->names[i]);
        }
        d->kernel[d->kernels].run = run;
        kernels[i] = &d->kernel[d->kernels++];
    }
    return 0;
}

static const char *host_build_log(const struct eut_device *device)
{
    (void)device;
    return "";
}

static int host_alloc(struct eut_device *device, enum eut_buffer_kind kind, uint64_t bytes,
                      struct eut_buffer **buffer)
{
    struct host_device *d = (struct host_device *)device;
    struct host_buffer *b = calloc(1, sizeof(*b));
    uint64_t room = bytes + ALIGNMENT;

    /* calloc, since what was never used is then zero without being touched. */
    *buffer = NULL;
    if (b && room > bytes && room <= SIZE_MAX) {
        b->taken = calloc(1, (size_t)room);
    }
    if (!b || !b->taken) {
        free(b);
        return hr_fail(ENOMEM, "host: no memory for a buffer of %" PRIu64 " bytes", bytes);
    }
    b->memory = (uint8_t *)b->taken + (ALIGNMENT - (uintptr_t)b->taken % ALIGNMENT) % ALIGNMENT;
    b->base = (struct eut_buffer){.bytes = bytes, .kind = kind};
    b->base.host = kind == EUT_BUFFER_MIRRORED ? b->memory : NULL;
    b->behind = d->buffers;
    if (b->behind) {
        b->behind->before = b;
    }
    d->buffers = b;
    *buffer = &b->base;
    return 0;
}

static int host_copy(struct eut_device *device, uint32_t queue, enum eut_direction direction,
                     struct eut_buffer *buffer, uint64_t offset, uint64_t bytes, void *memory)
{
    uint8_t *here = (uint8_t *)((struct host_buffer *)buffer)->memory + offset;

    (void)device, (void)queue;
    if (offset > buffer->bytes || bytes > buffer->bytes - offset ||
        (!memory && buffer->kind != EUT_BUFFER_MIRRORED)) {
        return hr_fail(EINVAL, "host: a copy of %" PRIu64 " bytes at %" PRIu64 " of %" PRIu64,
                       bytes, offset, buffer->bytes);
    }
    if (memory && direction == EUT_TO_DEVICE) {
        memcpy(here, memory, bytes);
    } else if (memory) {
        memcpy(memory, here, bytes);
    }
    return 0;
}

static int host_launch(struct eut_device *device, uint32_t queue, struct eut_kernel *kernel,
                       uint32_t groups, uint32_t group_size, const struct eut_arg *args,
                       uint32_t count)
{
    void *argument[EUT_ARGS_MAX];

    (void)device, (void)queue;
    if (group_size != 1 || count > EUT_ARGS_MAX) {
        return hr_fail(EINVAL,
                       "host: a launch with groups of %" PRIu32 " and %" PRIu32 " arguments",
                       group_size, count);
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct host_buffer *b = (const struct host_buffer *)args[i].buffer;
        union {
            const void *given;
            void *taken;
        } value = {.given = args[i].value}; /* the kernel takes it as const again */

        argument[i] = b ? b->memory : value.taken;
    }
    kernel->run(argument, groups);
    return 0;
}

static int host_mark(struct eut_device *device, uint32_t queue, uint32_t mark)
{
    (void)queue;
    ((struct host_device *)device)->mark_ns[mark] = now_ns();
    return 0;
}

static int host_after(struct eut_device *device, uint32_t queue, uint32_t mark)
{
    (void)device, (void)queue, (void)mark;
    return 0;
}

static int host_elapsed(struct eut_device *device, uint32_t from, uint32_t to, uint64_t *ns)
{
    const struct host_device *d = (const struct host_device *)device;

    *ns = d->mark_ns[to] - d->mark_ns[from];
    return 0;
}

static const struct eut_device_ops host_ops = {
    .close = host_close,
    .build = host_build,
    .build_log = host_build_log,
    .alloc = host_alloc,
    .free = host_free,
    .copy = host_copy,
    .launch = host_launch,
    .mark = host_mark,
    .after = host_after,
    .elapsed = host_elapsed,
};

static struct eut_device_facts host_facts(void)
{
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    struct eut_device_facts facts = {
        .api = "host",
        .name = "one thread of this host",
        .silent = "the kernels as C, for tests: the host's own probes tell the rest",
        .kind = EUT_DEVICE_CPU,
        .unified = true,
        .compute_units = 1,
        .lanes = 1,
        .group_max = 1,
        .pci_domain = -1,
        .pci_bus = -1,
        .pci_device = -1,
    };

    if (pages > 0 && page > 0) {
        facts.memory_bytes = facts.buffer_bytes_max = (uint64_t)pages * (uint64_t)page;
    }
    return facts;
}

static int host_list(struct eut_device_facts *facts, uint32_t room, uint32_t *count)
{
    *count = room > 0 ? 1 : 0;
    if (room > 0) {
        facts[0] = host_facts();
    }
    return 0;
}

static int host_open(uint32_t number, struct eut_device **device)
{
    struct host_device *d;

    *device = NULL;
    if (number != 0) {
        return hr_fail(ENODEV, "host: there is only device 0");
    }
    d = calloc(1, sizeof(*d));
    if (!d) {
        return hr_fail(ENOMEM, "host: no memory for a device");
    }
    d->base = (struct eut_device){.ops = &host_ops, .facts = host_facts()};
    *device = &d->base;
    return 0;
}

const struct eut_device_api eut_api_host = {
    .name = "host",
    .survives_fork = true,
    .list = host_list,
    .open = host_open,
};
