/*
 * api_metal.c - Apple's devices, by Metal, from plain C.
 *
 * How: only devices that share the host's memory are used, so a buffer is one piece of memory and
 * copies move nothing. A queue is a command queue with one command buffer under construction, which
 * a mark commits; marks are values of the queue's event, and other queues wait for that. What it
 * cannot see: when within a command buffer a kernel ran; a mark's time is the end of its command
 * buffer.
 */
#include "engine-under-test/device/device_api.h"
#include "engine-under-test/device/objc_library.h"
#include "engine-under-test/device/vendor_library.h"
#include "harness/error.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIMD_LANES 32
#define PENDING_MAX 256

/* MTLCommandBufferStatus, and codes of MTLCommandBufferErrorDomain */
enum { STATUS_ERROR = 5 };
enum { ERROR_ACCESS_REVOKED = 4, ERROR_OUT_OF_MEMORY = 8, ERROR_DEVICE_REMOVED = 11 };

struct size { /* MTLSize */
    uint64_t width, height, depth;
};

struct metal_buffer {
    struct eut_buffer base;
    void *buffer; /* MTLBuffer */
    struct metal_buffer *next, **link;
};

struct eut_kernel {
    void *pipeline; /* MTLComputePipelineState */
    uint32_t group_max;
    struct eut_kernel *next;
};

struct queue {
    void *queue, *event;      /* MTLCommandQueue, MTLEvent */
    void *commands, *encoder; /* under construction, or NULL */
    uint64_t value;           /* of the event, signalled by the last committed command buffer */
    /* Committed, and not yet seen to have ended well; the oldest first. */
    struct {
        void *commands;
        uint64_t value;
    } pending[PENDING_MAX];
    uint32_t pending_count;
};

struct mark {
    struct queue *queue;
    uint64_t value;
    void *commands; /* kept for its time */
};

struct metal_device {
    struct eut_device base;
    const struct eut_objc *objc;
    void *device; /* MTLDevice */
    struct queue queues[EUT_QUEUES];
    struct mark marks[EUT_MARKS];
    struct metal_buffer *buffers;
    struct eut_kernel *kernels;
    char *log;
};

static void *retain(const struct eut_objc *objc, void *object)
{
    return object ? EUT_SEND(objc, void *, object, "retain") : NULL;
}

static void release(const struct eut_objc *objc, void *object)
{
    if (object) {
        EUT_SEND(objc, void, object, "release");
    }
}

/* The text of an NSString in the current pool; "" for none. */
static const char *text_of(const struct eut_objc *objc, void *string)
{
    const char *text = string ? EUT_SEND(objc, const char *, string, "UTF8String") : NULL;

    return text ? text : "";
}

static const char *error_text(const struct eut_objc *objc, void *error)
{
    const char *text =
        error ? text_of(objc, EUT_SEND(objc, void *, error, "localizedDescription")) : "";

    return *text ? text : "it does not say why";
}

/* In the current pool. */
static void *string_of(const struct eut_objc *objc, const char *text)
{
    return EUT_SEND1(objc, void *, objc->objc_getClass("NSString"),
                     "stringWithUTF8String:", const char *, text);
}

/* ---- queues --------------------------------------------------------------------- */

/* The command buffer that the queue's next work goes into. Call within a pool. */
static int commands_of(struct metal_device *d, struct queue *q, void **commands)
{
    if (!q->commands) {
        q->commands = retain(d->objc, EUT_SEND(d->objc, void *, q->queue, "commandBuffer"));
    }
    *commands = q->commands;
    return q->commands ? 0 : hr_fail(ENOMEM, "Metal: no memory for a command buffer");
}

static void end_encoder(struct metal_device *d, struct queue *q)
{
    if (q->encoder) {
        EUT_SEND(d->objc, void, q->encoder, "endEncoding");
        release(d->objc, q->encoder);
        q->encoder = NULL;
    }
}

/* 0, or why the GPU did not do what the command buffer says. It has ended. */
static int outcome(struct metal_device *d, void *commands)
{
    if (EUT_SEND(d->objc, uint64_t, commands, "status") != STATUS_ERROR) {
        return 0;
    }
    void *error = EUT_SEND(d->objc, void *, commands, "error");
    int64_t code = error ? EUT_SEND(d->objc, int64_t, error, "code") : 0;
    int err = code == ERROR_OUT_OF_MEMORY                                    ? ENOMEM
              : code == ERROR_DEVICE_REMOVED || code == ERROR_ACCESS_REVOKED ? ENODEV
                                                                             : EIO;
    return hr_fail(err, "Metal: the device did not finish its work: %s (code %lld)",
                   error_text(d->objc, error), (long long)code);
}

/* Waits for the oldest pending command buffers up to `value`; the first one that failed is told. */
static int settle(struct metal_device *d, struct queue *q, uint64_t value)
{
    uint32_t count = 0;
    int rc = 0;

    for (; count < q->pending_count && q->pending[count].value <= value; count++) {
        void *commands = q->pending[count].commands;
        EUT_SEND(d->objc, void, commands, "waitUntilCompleted");
        rc = rc ? rc : outcome(d, commands);
        release(d->objc, commands);
    }
    q->pending_count -= count;
    memmove(q->pending, q->pending + count, q->pending_count * sizeof(q->pending[0]));
    return rc;
}

/* Hands the command buffer under construction, or an empty one, to the device. */
static int commit(struct metal_device *d, struct queue *q, void **commands)
{
    int rc = q->pending_count == PENDING_MAX ? settle(d, q, q->pending[0].value) : 0;

    rc = rc ? rc : commands_of(d, q, commands);
    if (rc != 0) {
        return rc;
    }
    end_encoder(d, q);
    q->value++;
    EUT_SEND2(d->objc, void, q->commands, "encodeSignalEvent:value:", void *, q->event, uint64_t,
              q->value);
    EUT_SEND(d->objc, void, q->commands, "commit");
    q->pending[q->pending_count].commands = q->commands;
    q->pending[q->pending_count].value = q->value;
    q->pending_count++;
    q->commands = NULL;
    return 0;
}

static int mark(struct eut_device *device, uint32_t queue, uint32_t number)
{
    struct metal_device *d = (struct metal_device *)device;
    struct queue *q = &d->queues[queue];
    struct mark *m = &d->marks[number];
    void *commands, *pool = d->objc->objc_autoreleasePoolPush();
    int rc = commit(d, q, &commands);

    if (rc == 0) {
        release(d->objc, m->commands);
        *m = (struct mark){q, q->value, retain(d->objc, commands)};
    }
    d->objc->objc_autoreleasePoolPop(pool);
    return rc;
}

static int after(struct eut_device *device, uint32_t queue, uint32_t number)
{
    struct metal_device *d = (struct metal_device *)device;
    const struct mark *m = &d->marks[number];
    void *commands, *pool;
    int rc;

    if (!m->queue) {
        return hr_fail(EINVAL, "Metal: mark %u was never set", number);
    }
    pool = d->objc->objc_autoreleasePoolPush();
    if (queue == EUT_HOST) {
        rc = settle(d, m->queue, m->value);
    } else if (&d->queues[queue] == m->queue) {
        rc = 0; /* in order by itself */
    } else if ((rc = commands_of(d, &d->queues[queue], &commands)) == 0) {
        end_encoder(d, &d->queues[queue]);
        EUT_SEND2(d->objc, void, commands, "encodeWaitForEvent:value:", void *, m->queue->event,
                  uint64_t, m->value);
    }
    d->objc->objc_autoreleasePoolPop(pool);
    return rc;
}

static double end_s(struct metal_device *d, const struct mark *m)
{
    return m->commands ? EUT_SEND(d->objc, double, m->commands, "GPUEndTime") : 0;
}

/* An empty command buffer may have no time of its own; then what came behind it tells its start. */
static int elapsed(struct eut_device *device, uint32_t from, uint32_t to, uint64_t *ns)
{
    struct metal_device *d = (struct metal_device *)device;
    double begin = end_s(d, &d->marks[from]), end = end_s(d, &d->marks[to]);

    *ns = 0;
    if (end == 0) {
        return hr_fail(EINVAL, "Metal: mark %u has no time", to);
    }
    if (begin == 0) {
        begin = EUT_SEND(d->objc, double, d->marks[to].commands, "GPUStartTime");
    }
    *ns = end > begin ? (uint64_t)((end - begin) * 1e9 + 0.5) : 0;
    return 0;
}

/* ---- memory --------------------------------------------------------------------- */

static int buffer_alloc(struct eut_device *device, enum eut_buffer_kind kind, uint64_t bytes,
                        struct eut_buffer **buffer)
{
    struct metal_device *d = (struct metal_device *)device;
    struct metal_buffer *b = calloc(1, sizeof(*b));
    uint64_t shared = 0; /* MTLResourceStorageModeShared */

    *buffer = NULL;
    bytes = bytes ? bytes : 1;
    if (b) {
        b->buffer = EUT_SEND2(d->objc, void *, d->device, "newBufferWithLength:options:", uint64_t,
                              bytes, uint64_t, shared);
    }
    if (!b || !b->buffer) {
        free(b);
        return hr_fail(ENOMEM, "Metal: no memory for a buffer of %llu bytes",
                       (unsigned long long)bytes);
    }
    void *contents = EUT_SEND(d->objc, void *, b->buffer, "contents");
    memset(contents, 0, (size_t)bytes);
    b->base = (struct eut_buffer){
        .bytes = bytes, .host = kind == EUT_BUFFER_MIRRORED ? contents : NULL, .kind = kind};
    b->next = d->buffers;
    b->link = &d->buffers;
    if (b->next) {
        b->next->link = &b->next;
    }
    d->buffers = b;
    *buffer = &b->base;
    return 0;
}

static void buffer_free(struct eut_device *device, struct eut_buffer *buffer)
{
    struct metal_device *d = (struct metal_device *)device;
    struct metal_buffer *b = (struct metal_buffer *)buffer;

    if (b) {
        release(d->objc, b->buffer);
        *b->link = b->next;
        if (b->next) {
            b->next->link = b->link;
        }
        free(b);
    }
}

/* Other memory of the host is copied by the host, when the queue has come so far. */
static int copy(struct eut_device *device, uint32_t queue, enum eut_direction direction,
                struct eut_buffer *buffer, uint64_t offset, uint64_t bytes, void *memory)
{
    struct metal_device *d = (struct metal_device *)device;
    struct metal_buffer *b = (struct metal_buffer *)buffer;
    void *commands, *pool;

    if (!memory || bytes == 0) {
        return 0;
    }
    pool = d->objc->objc_autoreleasePoolPush();
    int rc = commit(d, &d->queues[queue], &commands);
    rc = rc ? rc : settle(d, &d->queues[queue], d->queues[queue].value);
    if (rc == 0) {
        char *here = (char *)EUT_SEND(d->objc, void *, b->buffer, "contents") + offset;
        memcpy(direction == EUT_TO_DEVICE ? here : memory,
               direction == EUT_TO_DEVICE ? memory : here, (size_t)bytes);
    }
    d->objc->objc_autoreleasePoolPop(pool);
    return rc;
}

/* ---- kernels -------------------------------------------------------------------- */

/* Defines are put in front of the text. NULL without memory. */
static char *whole_text(const struct eut_kernel_source *source)
{
    size_t bytes = strlen(source->text) + 1, used = 0;

    for (const char *const *define = source->defines; define && *define; define++) {
        bytes += strlen(*define) + sizeof("#define \n");
    }
    char *text = malloc(bytes);
    if (!text) {
        return NULL;
    }
    for (const char *const *define = source->defines; define && *define; define++) {
        int name = (int)strcspn(*define, "=");
        used += (size_t)snprintf(text + used, bytes - used, "#define %.*s %s\n", name, *define,
                                 (*define)[name] ? *define + name + 1 : "1");
    }
    snprintf(text + used, bytes - used, "%s", source->text);
    return text;
}

static int make_kernel(struct metal_device *d, void *library, const char *name,
                       struct eut_kernel **made)
{
    struct eut_kernel *kernel = calloc(1, sizeof(*kernel));
    void *error = NULL, *function;

    if (!kernel) {
        return hr_fail(ENOMEM, "no memory for a kernel's description");
    }
    kernel->next = d->kernels;
    d->kernels = kernel;
    function = EUT_SEND1(d->objc, void *, library, "newFunctionWithName:", void *,
                         string_of(d->objc, name));
    if (!function) {
        return hr_fail(EINVAL, "Metal: the source has no kernel %s", name);
    }
    kernel->pipeline =
        EUT_SEND2(d->objc, void *, d->device, "newComputePipelineStateWithFunction:error:", void *,
                  function, void **, &error);
    release(d->objc, function);
    if (!kernel->pipeline) {
        return hr_fail(ENOTSUP, "Metal: kernel %s does not go on this device: %s", name,
                       error_text(d->objc, error));
    }
    kernel->group_max =
        (uint32_t)EUT_SEND(d->objc, uint64_t, kernel->pipeline, "maxTotalThreadsPerThreadgroup");
    *made = kernel;
    return 0;
}

static int build_in_pool(struct metal_device *d, const char *text, const char *const *names,
                         struct eut_kernel **kernels)
{
    void *error = NULL;
    void *library =
        EUT_SEND3(d->objc, void *, d->device, "newLibraryWithSource:options:error:", void *,
                  string_of(d->objc, text), void *, NULL, void **, &error);
    char line[256];
    int rc = 0;

    free(d->log);
    d->log = error ? strdup(error_text(d->objc, error)) : NULL;
    if (!library) {
        eut_vendor_first_error(d->log ? d->log : "it does not say why", line, sizeof(line));
        return hr_fail(EINVAL, "Metal: the kernels do not compile: %s", line);
    }
    for (size_t i = 0; rc == 0 && names[i]; i++) {
        rc = make_kernel(d, library, names[i], &kernels[i]);
    }
    release(d->objc, library);
    return rc;
}

static int build(struct eut_device *device, const struct eut_kernel_source *source,
                 struct eut_kernel **kernels)
{
    struct metal_device *d = (struct metal_device *)device;
    char *text = whole_text(source);

    if (!text) {
        return hr_fail(ENOMEM, "no memory for the kernel source");
    }
    void *pool = d->objc->objc_autoreleasePoolPush();
    int rc = build_in_pool(d, text, source->names, kernels);
    d->objc->objc_autoreleasePoolPop(pool);
    free(text);
    return rc;
}

static const char *build_log(const struct eut_device *device)
{
    const struct metal_device *d = (const struct metal_device *)device;

    return d->log ? d->log : "";
}

static int encoder_of(struct metal_device *d, struct queue *q)
{
    void *commands;
    int rc = q->encoder ? 0 : commands_of(d, q, &commands);

    if (rc == 0 && !q->encoder) {
        q->encoder = retain(d->objc, EUT_SEND(d->objc, void *, commands, "computeCommandEncoder"));
        rc = q->encoder ? 0 : hr_fail(ENOMEM, "Metal: no memory for a command encoder");
    }
    return rc;
}

static int launch(struct eut_device *device, uint32_t queue, struct eut_kernel *kernel,
                  uint32_t groups, uint32_t group_size, const struct eut_arg *args, uint32_t count)
{
    struct metal_device *d = (struct metal_device *)device;
    struct queue *q = &d->queues[queue];
    uint64_t none = 0;

    if (group_size > kernel->group_max) {
        return hr_fail(ENOTSUP, "Metal: the kernel runs in groups of at most %u, not of %u",
                       kernel->group_max, group_size);
    }
    void *pool = d->objc->objc_autoreleasePoolPush();
    int rc = encoder_of(d, q);
    if (rc == 0) {
        EUT_SEND1(d->objc, void, q->encoder, "setComputePipelineState:", void *, kernel->pipeline);
        for (uint64_t i = 0; i < count; i++) {
            if (args[i].buffer) {
                void *buffer = ((const struct metal_buffer *)args[i].buffer)->buffer;
                EUT_SEND3(d->objc, void, q->encoder, "setBuffer:offset:atIndex:", void *, buffer,
                          uint64_t, none, uint64_t, i);
            } else {
                EUT_SEND3(d->objc, void, q->encoder, "setBytes:length:atIndex:", const void *,
                          args[i].value, uint64_t, args[i].value_bytes, uint64_t, i);
            }
        }
        EUT_SEND2(d->objc, void, q->encoder,
                  "dispatchThreadgroups:threadsPerThreadgroup:", struct size,
                  ((struct size){groups, 1, 1}), struct size, ((struct size){group_size, 1, 1}));
    }
    d->objc->objc_autoreleasePoolPop(pool);
    return rc;
}

/* ---- devices -------------------------------------------------------------------- */

/* A command buffer that was never committed may not be let go with an open encoder. */
static void close_queue(struct metal_device *d, struct queue *q)
{
    end_encoder(d, q);
    release(d->objc, q->commands);
    for (uint32_t i = 0; i < q->pending_count; i++) {
        release(d->objc, q->pending[i].commands);
    }
    release(d->objc, q->event);
    release(d->objc, q->queue);
}

static void close_device(struct eut_device *device)
{
    struct metal_device *d = (struct metal_device *)device;

    if (!d) {
        return;
    }
    void *pool = d->objc->objc_autoreleasePoolPush();
    for (uint32_t i = 0; i < EUT_MARKS; i++) {
        release(d->objc, d->marks[i].commands);
    }
    for (uint32_t i = 0; i < EUT_QUEUES; i++) {
        close_queue(d, &d->queues[i]);
    }
    while (d->buffers) {
        buffer_free(device, &d->buffers->base);
    }
    for (struct eut_kernel *next, *k = d->kernels; k; k = next) {
        next = k->next;
        release(d->objc, k->pipeline);
        free(k);
    }
    release(d->objc, d->device);
    d->objc->objc_autoreleasePoolPop(pool);
    free(d->log);
    free(d);
}

static void facts_of(const struct eut_objc *objc, void *device, struct eut_device_facts *facts)
{
    *facts = (struct eut_device_facts){
        .api = "metal",
        .driver = "Metal",
        .silent = "Metal does not tell",
        .kind = EUT_DEVICE_GPU,
        .unified = true,
        .memory_bytes = EUT_SEND(objc, uint64_t, device, "recommendedMaxWorkingSetSize"),
        .buffer_bytes_max = EUT_SEND(objc, uint64_t, device, "maxBufferLength"),
        .group_memory_bytes =
            (uint32_t)EUT_SEND(objc, uint64_t, device, "maxThreadgroupMemoryLength"),
        .lanes = SIMD_LANES,
        .group_max =
            (uint32_t)EUT_SEND(objc, struct size, device, "maxThreadsPerThreadgroup").width,
        .pci_domain = -1,
        .pci_bus = -1,
        .pci_device = -1,
    };
    snprintf(facts->name, sizeof(facts->name), "%s",
             text_of(objc, EUT_SEND(objc, void *, device, "name")));
    snprintf(facts->vendor, sizeof(facts->vendor), "%s",
             strncmp(facts->name, "Apple", 5) == 0 ? "Apple" : "");
    uint64_t used = EUT_SEND(objc, uint64_t, device, "currentAllocatedSize");
    facts->memory_free_bytes = facts->memory_bytes > used ? facts->memory_bytes - used : 0;
}

/* The devices that share the host's memory, in Metal's order, kept; how many, or an error. Call
 * within a pool. */
static int devices_of(const struct eut_objc **objc, void **devices, uint32_t room, uint32_t *count)
{
    int rc = eut_objc_open(objc);
    uint64_t all_count = 0;

    *count = 0;
    if (rc != 0) {
        return rc;
    }
    void *all = (*objc)->MTLCopyAllDevices();
    if (all) {
        all_count = EUT_SEND(*objc, uint64_t, all, "count");
    }
    for (uint64_t i = 0; i < all_count && *count < room; i++) {
        void *device = EUT_SEND1(*objc, void *, all, "objectAtIndex:", uint64_t, i);
        if (EUT_SEND(*objc, bool, device, "hasUnifiedMemory")) {
            devices[(*count)++] = retain(*objc, device);
        }
    }
    release(*objc, all);
    if (*count == 0) {
        return hr_fail(ENODEV, all_count ? "no GPU here shares the host's memory; Metal is used on "
                                           "those only"
                                         : "Metal sees no GPU in this host");
    }
    return 0;
}

static int list(struct eut_device_facts *facts, uint32_t room, uint32_t *count)
{
    const struct eut_objc *objc;
    void *devices[EUT_DEVICES_MAX];
    int rc = eut_objc_open(&objc);

    *count = 0;
    if (rc != 0) {
        return rc;
    }
    void *pool = objc->objc_autoreleasePoolPush();
    rc = devices_of(&objc, devices, room < EUT_DEVICES_MAX ? room : EUT_DEVICES_MAX, count);
    for (uint32_t i = 0; i < *count; i++) {
        facts_of(objc, devices[i], &facts[i]);
        release(objc, devices[i]);
    }
    objc->objc_autoreleasePoolPop(pool);
    return rc;
}

static const struct eut_device_ops metal_ops = {
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

static int start(struct metal_device *d)
{
    for (uint32_t i = 0; i < EUT_QUEUES; i++) {
        struct queue *q = &d->queues[i];
        q->queue = EUT_SEND(d->objc, void *, d->device, "newCommandQueue");
        q->event = EUT_SEND(d->objc, void *, d->device, "newEvent");
        if (!q->queue || !q->event) {
            return hr_fail(ENOMEM, "Metal: no memory for a command queue");
        }
    }
    return 0;
}

static int open_device(uint32_t number, struct eut_device **device)
{
    const struct eut_objc *objc;
    void *devices[EUT_DEVICES_MAX];
    uint32_t count;
    int rc = eut_objc_open(&objc);
    struct metal_device *d = rc == 0 ? calloc(1, sizeof(*d)) : NULL;

    *device = NULL;
    if (!d) {
        return rc ? rc : hr_fail(ENOMEM, "no memory for a device's description");
    }
    d->base.ops = &metal_ops;
    d->objc = objc;
    void *pool = objc->objc_autoreleasePoolPush();
    rc = devices_of(&objc, devices, EUT_DEVICES_MAX, &count);
    for (uint32_t i = 0; i < count; i++) {
        if (i == number) {
            d->device = devices[i];
            facts_of(objc, d->device, &d->base.facts);
        } else {
            release(objc, devices[i]);
        }
    }
    if (rc == 0 && !d->device) {
        rc = hr_fail(ENODEV, "Metal: no device %u: there are %u, numbered from 0", number, count);
    }
    rc = rc ? rc : start(d);
    objc->objc_autoreleasePoolPop(pool);
    if (rc != 0) {
        close_device(&d->base);
        return rc;
    }
    *device = &d->base;
    return 0;
}

const struct eut_device_api eut_api_metal = {.name = "metal", .list = list, .open = open_device};
