/*
 * api_cuda.c - NVIDIA's devices, by the driver API.
 *
 * How: a queue is a stream, a mark an event with a time, a mirrored buffer device memory with
 * pinned memory of the host beside it; where both are one memory it is the pinned memory alone, and
 * the device reaches into it. The kernels are compiled by NVRTC for the very device. What it cannot
 * see: whether the link to the device is shared with others.
 */
#include "engine-under-test/device/cuda_compile.h"
#include "engine-under-test/device/cuda_facts.h"
#include "engine-under-test/device/cuda_library.h"
#include "engine-under-test/device/device_api.h"
#include "harness/error.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct cuda_buffer {
    struct eut_buffer base;
    eut_cuda_address at; /* in the device's view */
    bool in_host_memory;
    struct cuda_buffer *next, **link;
};

struct eut_kernel {
    eut_cuda_function *function;
    struct eut_kernel *next;
};

struct cuda_device {
    struct eut_device base;
    const struct eut_cuda *cuda;
    eut_cuda_context *context;
    eut_cuda_stream *queues[EUT_QUEUES];
    eut_cuda_event *marks[EUT_MARKS];
    bool set[EUT_MARKS];
    struct cuda_buffer *buffers;
    struct eut_kernel *kernels;
    char *log;
};

/* One call of the driver's, as 0 or a negative errno with its text. */
#define CALL(d, function, ...) eut_cuda_fail((d)->cuda, (d)->cuda->function(__VA_ARGS__), #function)

/* A device may be handed from thread to thread; its context is the thread's. */
static int enter(struct cuda_device *d)
{
    return CALL(d, cuCtxSetCurrent, d->context);
}

/* ---- memory --------------------------------------------------------------------- */

static void buffer_free(struct eut_device *device, struct eut_buffer *buffer)
{
    struct cuda_device *d = (struct cuda_device *)device;
    struct cuda_buffer *b = (struct cuda_buffer *)buffer;

    if (!b) {
        return;
    }
    if (d->cuda->cuCtxSetCurrent(d->context) == 0) {
        if (b->at && !b->in_host_memory) {
            d->cuda->cuMemFree_v2(b->at);
        }
        if (b->base.host) {
            d->cuda->cuMemFreeHost(b->base.host);
        }
    }
    *b->link = b->next;
    if (b->next) {
        b->next->link = b->link;
    }
    free(b);
}

static int take_memory(struct cuda_device *d, struct cuda_buffer *b)
{
    bool mirrored = b->base.kind == EUT_BUFFER_MIRRORED;
    size_t bytes = b->base.bytes;
    int rc = 0;

    if (mirrored) {
        rc = CALL(d, cuMemHostAlloc, &b->base.host, bytes, EUT_CUDA_HOST_MAPPED);
        if (rc != 0) {
            return hr_context(rc, "%zu bytes of pinned memory", bytes);
        }
        memset(b->base.host, 0, bytes);
    }
    if (mirrored && d->base.facts.unified) {
        b->in_host_memory = true;
        return CALL(d, cuMemHostGetDevicePointer_v2, &b->at, b->base.host, 0);
    }
    rc = CALL(d, cuMemAlloc_v2, &b->at, bytes);
    if (rc != 0) {
        return hr_context(rc, "%zu bytes of device memory", bytes);
    }
    rc = CALL(d, cuMemsetD8Async, b->at, 0, bytes, d->queues[0]);
    return rc ? rc : CALL(d, cuStreamSynchronize, d->queues[0]);
}

static int buffer_alloc(struct eut_device *device, enum eut_buffer_kind kind, uint64_t bytes,
                        struct eut_buffer **buffer)
{
    struct cuda_device *d = (struct cuda_device *)device;
    struct cuda_buffer *b = calloc(1, sizeof(*b));

    *buffer = NULL;
    if (!b) {
        return hr_fail(ENOMEM, "no memory for a buffer's description");
    }
    b->base.bytes = bytes ? bytes : 1;
    b->base.kind = kind;
    b->next = d->buffers;
    b->link = &d->buffers;
    if (b->next) {
        b->next->link = &b->next;
    }
    d->buffers = b;
    int rc = enter(d);
    rc = rc ? rc : take_memory(d, b);
    if (rc != 0) {
        buffer_free(device, &b->base);
        return rc;
    }
    *buffer = &b->base;
    return 0;
}

static int copy(struct eut_device *device, uint32_t queue, enum eut_direction direction,
                struct eut_buffer *buffer, uint64_t offset, uint64_t bytes, void *memory)
{
    struct cuda_device *d = (struct cuda_device *)device;
    struct cuda_buffer *b = (struct cuda_buffer *)buffer;

    if (bytes == 0 || (!memory && b->in_host_memory)) {
        return 0; /* the same bytes; the queue keeps the order */
    }
    void *host = memory ? memory : (char *)b->base.host + offset;
    int rc = enter(d);
    if (rc != 0) {
        return rc;
    }
    return direction == EUT_TO_DEVICE
               ? CALL(d, cuMemcpyHtoDAsync_v2, b->at + offset, host, bytes, d->queues[queue])
               : CALL(d, cuMemcpyDtoHAsync_v2, host, b->at + offset, bytes, d->queues[queue]);
}

/* ---- kernels -------------------------------------------------------------------- */

static int find_kernels(struct cuda_device *d, eut_cuda_module *module, const char *const *names,
                        struct eut_kernel **kernels)
{
    for (; *names; names++, kernels++) {
        struct eut_kernel *kernel = calloc(1, sizeof(*kernel));
        if (!kernel) {
            return hr_fail(ENOMEM, "no memory for a kernel's description");
        }
        kernel->next = d->kernels;
        d->kernels = kernel;
        int rc = CALL(d, cuModuleGetFunction, &kernel->function, module, *names);
        if (rc != 0) {
            return hr_context(rc, "kernel %s", *names);
        }
        *kernels = kernel;
    }
    return 0;
}

static int build(struct eut_device *device, const struct eut_kernel_source *source,
                 struct eut_kernel **kernels)
{
    struct cuda_device *d = (struct cuda_device *)device;
    struct eut_cuda_image image;
    eut_cuda_module *module = NULL;
    int rc = eut_cuda_compile(source, d->base.facts.version, &image);

    free(d->log);
    d->log = image.log;
    image.log = NULL;
    rc = rc ? rc : enter(d);
    if (rc == 0) {
        rc = CALL(d, cuModuleLoadData, &module, image.code);
        rc = rc ? hr_context(rc, "code of %s for sm_%u, under %s", image.compiler,
                             d->base.facts.version, d->base.facts.driver)
                : 0;
    }
    eut_cuda_image_free(&image);
    return rc ? rc : find_kernels(d, module, source->names, kernels);
}

static const char *build_log(const struct eut_device *device)
{
    const struct cuda_device *d = (const struct cuda_device *)device;

    return d->log ? d->log : "";
}

static int launch(struct eut_device *device, uint32_t queue, struct eut_kernel *kernel,
                  uint32_t groups, uint32_t group_size, const struct eut_arg *args, uint32_t count)
{
    struct cuda_device *d = (struct cuda_device *)device;
    void *parameters[EUT_ARGS_MAX];

    if (count > EUT_ARGS_MAX) {
        return hr_fail(EINVAL, "CUDA: %u arguments of a kernel, at most %u", count, EUT_ARGS_MAX);
    }
    for (uint32_t i = 0; i < count; i++) {
        const void *at =
            args[i].buffer ? &((const struct cuda_buffer *)args[i].buffer)->at : args[i].value;
        memcpy(&parameters[i], &at, sizeof(at)); /* read only, the prototype forgets to say */
    }
    int rc = enter(d);
    return rc ? rc
              : CALL(d, cuLaunchKernel, kernel->function, groups, 1, 1, group_size, 1, 1, 0,
                     d->queues[queue], parameters, NULL);
}

/* ---- marks ---------------------------------------------------------------------- */

static int mark(struct eut_device *device, uint32_t queue, uint32_t number)
{
    struct cuda_device *d = (struct cuda_device *)device;
    int rc = enter(d);

    rc = rc ? rc : CALL(d, cuEventRecord, d->marks[number], d->queues[queue]);
    d->set[number] |= rc == 0;
    return rc;
}

static int after(struct eut_device *device, uint32_t queue, uint32_t number)
{
    struct cuda_device *d = (struct cuda_device *)device;
    int rc = d->set[number] ? enter(d) : hr_fail(EINVAL, "CUDA: mark %u was never set", number);

    if (rc != 0) {
        return rc;
    }
    return queue == EUT_HOST ? CALL(d, cuEventSynchronize, d->marks[number])
                             : CALL(d, cuStreamWaitEvent, d->queues[queue], d->marks[number], 0);
}

static int elapsed(struct eut_device *device, uint32_t from, uint32_t to, uint64_t *ns)
{
    struct cuda_device *d = (struct cuda_device *)device;
    float ms = 0;
    int rc = enter(d);

    rc = rc ? rc : CALL(d, cuEventElapsedTime, &ms, d->marks[from], d->marks[to]);
    *ns = rc == 0 && ms > 0 ? (uint64_t)((double)ms * 1e6 + 0.5) : 0;
    return rc;
}

/* ---- devices -------------------------------------------------------------------- */

/* Streams, events, modules and memory go with their context. */
static void close_device(struct eut_device *device)
{
    struct cuda_device *d = (struct cuda_device *)device;

    if (!d) {
        return;
    }
    if (d->context) {
        d->cuda->cuCtxDestroy_v2(d->context);
    }
    for (struct cuda_buffer *next, *b = d->buffers; b; b = next) {
        next = b->next;
        free(b);
    }
    for (struct eut_kernel *next, *k = d->kernels; k; k = next) {
        next = k->next;
        free(k);
    }
    free(d->log);
    free(d);
}

/* A context of its own, so that what breaks one open device breaks no other. */
static int start(struct cuda_device *d, int device)
{
    size_t free_bytes, total_bytes;
    int rc = CALL(d, cuCtxCreate_v2, &d->context, 0, device);

    for (uint32_t i = 0; rc == 0 && i < EUT_QUEUES; i++) {
        rc = CALL(d, cuStreamCreate, &d->queues[i], EUT_CUDA_STREAM_NON_BLOCKING);
    }
    for (uint32_t i = 0; rc == 0 && i < EUT_MARKS; i++) {
        rc = CALL(d, cuEventCreate, &d->marks[i], 0);
    }
    rc = rc ? rc : CALL(d, cuMemGetInfo_v2, &free_bytes, &total_bytes);
    if (rc == 0) {
        d->base.facts.memory_free_bytes = free_bytes;
    }
    return rc;
}

static int count_devices(const struct eut_cuda **cuda, int *count)
{
    int rc = eut_cuda_open(cuda);

    rc = rc ? rc : eut_cuda_fail(*cuda, (*cuda)->cuDeviceGetCount(count), "cuDeviceGetCount");
    if (rc == 0 && *count == 0) {
        rc = hr_fail(ENODEV, "the CUDA driver sees no device in this host");
    }
    return rc;
}

static int list(struct eut_device_facts *facts, uint32_t room, uint32_t *count)
{
    const struct eut_cuda *cuda;
    int found = 0, device, rc = count_devices(&cuda, &found);

    *count = 0;
    for (int i = 0; rc == 0 && i < found && *count < room; i++) {
        rc = eut_cuda_fail(cuda, cuda->cuDeviceGet(&device, i), "cuDeviceGet");
        rc = rc ? rc : eut_cuda_facts(cuda, device, &facts[*count]);
        *count += rc == 0;
    }
    return rc;
}

static const struct eut_device_ops cuda_ops = {
    .close = close_device,
    .build = build,
    .build_log = build_log,
    .alloc = buffer_alloc,
    .free = buffer_free,
    .copy = copy,
    .launch = launch,
    .mark = mark,
    .after = after,
    .elapsed = elapsed,
};

static int open_device(uint32_t number, struct eut_device **device)
{
    const struct eut_cuda *cuda;
    int found = 0, handle, rc = count_devices(&cuda, &found);

    *device = NULL;
    if (rc == 0 && number >= (uint32_t)found) {
        rc = hr_fail(ENODEV, "CUDA: no device %u: there are %d, numbered from 0", number, found);
    }
    struct cuda_device *d = rc == 0 ? calloc(1, sizeof(*d)) : NULL;
    if (rc == 0 && !d) {
        rc = hr_fail(ENOMEM, "no memory for a device's description");
    }
    if (rc != 0) {
        return rc;
    }
    d->base.ops = &cuda_ops;
    d->cuda = cuda;
    rc = CALL(d, cuDeviceGet, &handle, (int)number);
    rc = rc ? rc : eut_cuda_facts(cuda, handle, &d->base.facts);
    rc = rc ? rc : start(d, handle);
    if (rc != 0) {
        close_device(&d->base);
        return rc;
    }
    *device = &d->base;
    return 0;
}

const struct eut_device_api eut_api_cuda = {.name = "cuda", .list = list, .open = open_device};
