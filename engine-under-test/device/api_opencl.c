/*
 * api_opencl.c - devices by OpenCL 1.2: GPUs of any maker, and processors (PoCL).
 *
 * How: a queue is a command queue in order, a mark a marker's event, whose end is its time. Where
 * device and host share one memory, a mirrored buffer is made of the host's own pages and mapped
 * while it is the host's; else it is device memory, with pinned memory mapped for good beside it.
 * What it cannot see: OpenCL reports most faults of a kernel late, and many by the same number.
 */
#include "engine-under-test/device/device_api.h"
#include "engine-under-test/device/opencl_library.h"
#include "engine-under-test/device/vendor_library.h"

#include "harness/error.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLATFORMS_MAX 16u
#define LANGUAGE_MIN 120u /* OpenCL C 1.2 */
#define PAGE_BYTES 4096u  /* aligned so, the host's memory is used as it is */

struct cl_buffer {
    struct eut_buffer base;
    eut_cl_memory memory, pinned;
    bool mapped; /* unified: the host's at the moment */
    struct cl_buffer *next, **link;
};

struct eut_kernel {
    eut_cl_kernel kernel;
    struct eut_kernel *next;
};

struct cl_device {
    struct eut_device base;
    const struct eut_opencl *cl;
    eut_cl_device device;
    eut_cl_context context;
    eut_cl_queue queue[EUT_QUEUES];
    eut_cl_event mark[EUT_MARKS];
    struct cl_buffer *buffers;
    struct eut_kernel *kernels;
    char *log;
};

#define CALL(d, function, ...) eut_opencl_fail((d)->cl->function(__VA_ARGS__), #function)
#define NO_WAIT 0, NULL, NULL

/* ---- which devices there are ---------------------------------------------------- */

static uint64_t number_of(const struct eut_opencl *cl, eut_cl_device device, uint32_t what)
{
    uint64_t value = 0; /* little-endian: a shorter answer is right, too */

    return cl->clGetDeviceInfo(device, what, sizeof(value), &value, NULL) == 0 ? value : 0;
}

static void text_of(const struct eut_opencl *cl, eut_cl_device device, uint32_t what, char *text,
                    size_t bytes)
{
    char whole[512] = "";

    if (cl->clGetDeviceInfo(device, what, sizeof(whole) - 1, whole, NULL) != 0) {
        whole[0] = '\0';
    }
    snprintf(text, bytes, "%.*s", (int)bytes - 1, whole + strspn(whole, " "));
}

static enum eut_device_kind kind_of(const struct eut_opencl *cl, eut_cl_device device)
{
    uint64_t type = number_of(cl, device, EUT_CL_TYPE);

    return type & EUT_CL_TYPE_GPU   ? EUT_DEVICE_GPU
           : type & EUT_CL_TYPE_CPU ? EUT_DEVICE_CPU
                                    : EUT_DEVICE_OTHER;
}

/* "OpenCL C 1.2 …" as 120. */
static uint32_t language_of(const struct eut_opencl *cl, eut_cl_device device)
{
    char text[64];
    unsigned major = 0, minor = 0;

    text_of(cl, device, EUT_CL_LANGUAGE, text, sizeof(text));
    return sscanf(text, "OpenCL C %u.%u", &major, &minor) == 2 ? major * 100 + minor * 10 : 0;
}

static struct eut_device_facts facts_of(const struct eut_opencl *cl, eut_cl_device device,
                                        const char *platform)
{
    struct eut_device_facts f = {
        .api = "opencl",
        .silent = "OpenCL tells neither free memory, memory clock, bus, lanes nor place on the bus",
        .kind = kind_of(cl, device),
        .unified = number_of(cl, device, EUT_CL_UNIFIED) != 0,
        .ecc = number_of(cl, device, EUT_CL_ECC) != 0,
        .ecc_known = true,
        .memory_bytes = number_of(cl, device, EUT_CL_MEMORY_BYTES),
        .buffer_bytes_max = number_of(cl, device, EUT_CL_BUFFER_BYTES_MAX),
        .cache_bytes = number_of(cl, device, EUT_CL_CACHE_BYTES),
        .compute_units = (uint32_t)number_of(cl, device, EUT_CL_COMPUTE_UNITS),
        .clock_mhz = (uint32_t)number_of(cl, device, EUT_CL_CLOCK_MHZ),
        .group_max = (uint32_t)number_of(cl, device, EUT_CL_GROUP_MAX),
        .group_memory_bytes = (uint32_t)number_of(cl, device, EUT_CL_GROUP_MEMORY_BYTES),
        .version = language_of(cl, device),
        .pci_domain = -1,
        .pci_bus = -1,
        .pci_device = -1,
    };
    char driver[64];

    text_of(cl, device, EUT_CL_NAME, f.name, sizeof(f.name));
    text_of(cl, device, EUT_CL_VENDOR, f.vendor, sizeof(f.vendor));
    text_of(cl, device, EUT_CL_DRIVER, driver, sizeof(driver));
    snprintf(f.driver, sizeof(f.driver), "%.60s %.60s", platform, driver);
    return f;
}

struct found {
    eut_cl_device device[EUT_DEVICES_MAX];
    struct eut_device_facts facts[EUT_DEVICES_MAX];
    uint32_t count, unfit; /* unfit: not there at the moment, or without a compiler */
};

/* GPUs first, processors last. */
static int rank_of(enum eut_device_kind kind)
{
    return kind == EUT_DEVICE_GPU ? 0 : kind == EUT_DEVICE_OTHER ? 1 : 2;
}

static void add_device(const struct eut_opencl *cl, struct found *found, eut_cl_device device,
                       const char *platform)
{
    struct eut_device_facts facts = facts_of(cl, device, platform);
    uint32_t at = found->count;

    if (!number_of(cl, device, EUT_CL_AVAILABLE) || !number_of(cl, device, EUT_CL_COMPILER) ||
        !number_of(cl, device, EUT_CL_LITTLE_ENDIAN)) {
        found->unfit++;
        return;
    }
    if (found->count == EUT_DEVICES_MAX) {
        return;
    }
    for (; at > 0 && rank_of(found->facts[at - 1].kind) > rank_of(facts.kind); at--) {
        found->facts[at] = found->facts[at - 1];
        found->device[at] = found->device[at - 1];
    }
    found->facts[at] = facts;
    found->device[at] = device;
    found->count++;
}

static int find_devices(const struct eut_opencl *cl, struct found *found)
{
    eut_cl_platform platforms[PLATFORMS_MAX];
    uint32_t count = 0;
    int result = cl->clGetPlatformIDs(PLATFORMS_MAX, platforms, &count);

    memset(found, 0, sizeof(*found));
    if (result != 0 || count == 0) {
        return hr_fail(ENODEV, "the OpenCL loader knows no driver: install one, or PoCL for the "
                               "processor");
    }
    for (uint32_t p = 0; p < count && p < PLATFORMS_MAX; p++) {
        eut_cl_device devices[EUT_DEVICES_MAX];
        char platform[64] = "";
        uint32_t n = 0;

        if (cl->clGetPlatformInfo(platforms[p], EUT_CL_PLATFORM_NAME, sizeof(platform) - 1,
                                  platform, NULL) != 0 ||
            cl->clGetDeviceIDs(platforms[p], EUT_CL_TYPE_ALL, EUT_DEVICES_MAX, devices, &n) != 0) {
            continue;
        }
        for (uint32_t i = 0; i < n && i < EUT_DEVICES_MAX; i++) {
            add_device(cl, found, devices[i], platform);
        }
    }
    if (found->count == 0) {
        return hr_fail(ENODEV,
                       "OpenCL has drivers but no device (%" PRIu32 " without a compiler, or not "
                       "available)",
                       found->unfit);
    }
    return 0;
}

static int cl_list(struct eut_device_facts *facts, uint32_t room, uint32_t *count)
{
    const struct eut_opencl *cl;
    struct found found;
    int rc = eut_opencl_open(&cl);

    *count = 0;
    rc = rc ? rc : find_devices(cl, &found);
    for (; rc == 0 && *count < room && *count < found.count; ++*count) {
        facts[*count] = found.facts[*count];
    }
    return rc;
}

/* ---- opening and closing -------------------------------------------------------- */

static void finish_queues(struct cl_device *d)
{
    for (uint32_t i = 0; i < EUT_QUEUES && d->queue[i]; i++) {
        d->cl->clFinish(d->queue[i]);
    }
}

static void cl_free(struct eut_device *device, struct eut_buffer *buffer)
{
    struct cl_device *d = (struct cl_device *)device;
    struct cl_buffer *b = (struct cl_buffer *)buffer;

    if (!b) {
        return;
    }
    if (b->memory) {
        d->cl->clReleaseMemObject(b->memory);
    }
    if (b->pinned) {
        d->cl->clEnqueueUnmapMemObject(d->queue[0], b->pinned, b->base.host, NO_WAIT);
        d->cl->clFinish(d->queue[0]);
        d->cl->clReleaseMemObject(b->pinned);
    } else if (b->base.host) {
        finish_queues(d); /* kernels may still reach into the host's own pages */
        free(b->base.host);
    }
    *b->link = b->next;
    if (b->next) {
        b->next->link = b->link;
    }
    free(b);
}

static void cl_close(struct eut_device *device)
{
    struct cl_device *d = (struct cl_device *)device;

    if (!d) {
        return;
    }
    finish_queues(d); /* it may still reach into memory that is freed next */
    while (d->buffers) {
        cl_free(device, &d->buffers->base);
    }
    while (d->kernels) {
        struct eut_kernel *kernel = d->kernels;

        d->kernels = kernel->next;
        d->cl->clReleaseKernel(kernel->kernel);
        free(kernel);
    }
    for (uint32_t i = 0; i < EUT_MARKS; i++) {
        if (d->mark[i]) {
            d->cl->clReleaseEvent(d->mark[i]);
        }
    }
    for (uint32_t i = 0; i < EUT_QUEUES && d->queue[i]; i++) {
        d->cl->clReleaseCommandQueue(d->queue[i]);
    }
    if (d->context) {
        d->cl->clReleaseContext(d->context);
    }
    free(d->log);
    free(d);
}

static int open_queues(struct cl_device *d)
{
    int result = 0;

    d->context = d->cl->clCreateContext(NULL, 1, &d->device, NULL, NULL, &result);
    if (!d->context) {
        return eut_opencl_fail(result, "clCreateContext");
    }
    for (uint32_t i = 0; i < EUT_QUEUES; i++) {
        d->queue[i] = d->cl->clCreateCommandQueue(d->context, d->device, EUT_CL_PROFILED, &result);
        if (!d->queue[i]) {
            return eut_opencl_fail(result, "clCreateCommandQueue");
        }
    }
    return 0;
}

static const struct eut_device_ops cl_ops;

static int cl_open(uint32_t number, struct eut_device **device)
{
    const struct eut_opencl *cl;
    struct cl_device *d;
    struct found found;
    int rc = eut_opencl_open(&cl);

    *device = NULL;
    rc = rc ? rc : find_devices(cl, &found);
    if (rc) {
        return rc;
    }
    if (number >= found.count) {
        return hr_fail(ENODEV, "OpenCL has %" PRIu32 " devices, no number %" PRIu32, found.count,
                       number);
    }
    if (found.facts[number].version < LANGUAGE_MIN) {
        return hr_fail(ENOTSUP, "%s: OpenCL C 1.2 is needed: a newer driver",
                       found.facts[number].name);
    }
    d = calloc(1, sizeof(*d));
    if (!d) {
        return hr_fail(ENOMEM, "no memory for a device");
    }
    d->base = (struct eut_device){.ops = &cl_ops, .facts = found.facts[number]};
    d->cl = cl;
    d->device = found.device[number];
    rc = open_queues(d);
    if (rc) {
        cl_close(&d->base);
        return hr_context(rc, "%s", found.facts[number].name);
    }
    *device = &d->base;
    return 0;
}

/* ---- kernels -------------------------------------------------------------------- */

static void keep_log(struct cl_device *d, eut_cl_program program)
{
    size_t bytes = 0;

    free(d->log);
    d->log = NULL;
    if (d->cl->clGetProgramBuildInfo(program, d->device, EUT_CL_BUILD_LOG, 0, NULL, &bytes) == 0) {
        d->log = calloc(1, bytes + 1);
    }
    if (d->log) {
        d->cl->clGetProgramBuildInfo(program, d->device, EUT_CL_BUILD_LOG, bytes, d->log, NULL);
    }
}

static const char *cl_build_log(const struct eut_device *device)
{
    const struct cl_device *d = (const struct cl_device *)device;

    return d->log ? d->log : "";
}

static int compile(struct cl_device *d, eut_cl_program program,
                   const struct eut_kernel_source *source)
{
    char options[512] = "-cl-std=CL1.2", line[256];
    int rc;

    for (uint32_t i = 0; source->defines && source->defines[i]; i++) {
        size_t at = strlen(options);

        snprintf(options + at, sizeof(options) - at, " -D %s", source->defines[i]);
    }
    rc = CALL(d, clBuildProgram, program, 1, &d->device, options, NULL, NULL);
    keep_log(d, program);
    if (rc == -EINVAL) {
        eut_vendor_first_error(cl_build_log(&d->base), line, sizeof(line));
        return hr_context(rc, "%s: the kernel does not compile: %s", d->base.facts.name, line);
    }
    return rc ? hr_context(rc, "%s", d->base.facts.name) : 0;
}

static int find_kernel(struct cl_device *d, eut_cl_program program, const char *name,
                       struct eut_kernel **found)
{
    struct eut_kernel *kernel = calloc(1, sizeof(*kernel));
    int result = 0;

    if (!kernel) {
        return hr_fail(ENOMEM, "no memory for kernel %s", name);
    }
    kernel->kernel = d->cl->clCreateKernel(program, name, &result);
    if (!kernel->kernel) {
        free(kernel);
        return hr_context(eut_opencl_fail(result, "clCreateKernel"), "kernel %s", name);
    }
    kernel->next = d->kernels;
    d->kernels = kernel;
    *found = kernel;
    return 0;
}

static int cl_build(struct eut_device *device, const struct eut_kernel_source *source,
                    struct eut_kernel **kernels)
{
    struct cl_device *d = (struct cl_device *)device;
    int result = 0, rc;
    eut_cl_program program =
        d->cl->clCreateProgramWithSource(d->context, 1, &source->text, NULL, &result);

    if (!program) {
        return eut_opencl_fail(result, "clCreateProgramWithSource");
    }
    rc = compile(d, program, source);
    for (uint32_t i = 0; rc == 0 && source->names[i]; i++) {
        rc = find_kernel(d, program, source->names[i], &kernels[i]);
    }
    d->cl->clReleaseProgram(program); /* the kernels keep it */
    return rc;
}

static int cl_launch(struct eut_device *device, uint32_t queue, struct eut_kernel *kernel,
                     uint32_t groups, uint32_t group_size, const struct eut_arg *args,
                     uint32_t count)
{
    struct cl_device *d = (struct cl_device *)device;
    size_t global = (size_t)groups * group_size, local = group_size;
    int rc = 0;

    for (uint32_t i = 0; i < count && rc == 0; i++) {
        const struct cl_buffer *b = (const struct cl_buffer *)args[i].buffer;

        rc = b ? CALL(d, clSetKernelArg, kernel->kernel, i, sizeof(b->memory), &b->memory)
               : CALL(d, clSetKernelArg, kernel->kernel, i, args[i].value_bytes, args[i].value);
    }
    return rc ? rc
              : CALL(d, clEnqueueNDRangeKernel, d->queue[queue], kernel->kernel, 1, NULL, &global,
                     &local, NO_WAIT);
}

/* ---- memory --------------------------------------------------------------------- */

static int map(struct cl_device *d, uint32_t queue, eut_cl_memory memory, uint32_t blocking,
               uint64_t bytes, void **at)
{
    int result = 0;

    *at = d->cl->clEnqueueMapBuffer(d->queue[queue], memory, blocking, EUT_CL_MAP_BOTH, 0,
                                    (size_t)bytes, NO_WAIT, &result);
    return eut_opencl_fail(result, "clEnqueueMapBuffer");
}

static int create(struct cl_device *d, uint64_t flags, uint64_t bytes, void *host,
                  eut_cl_memory *memory)
{
    int result = 0;

    *memory =
        d->cl->clCreateBuffer(d->context, EUT_CL_READ_WRITE | flags, (size_t)bytes, host, &result);
    return *memory
               ? 0
               : hr_context(eut_opencl_fail(result, "clCreateBuffer"), "%" PRIu64 " bytes", bytes);
}

static int create_unified(struct cl_device *d, struct cl_buffer *b, uint64_t bytes)
{
    uint64_t whole = (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
    void *at;
    int rc;

    if (posix_memalign(&b->base.host, PAGE_BYTES, (size_t)whole) != 0) {
        b->base.host = NULL;
        return hr_fail(ENOMEM, "%" PRIu64 " bytes of the host's memory", whole);
    }
    memset(b->base.host, 0, (size_t)whole);
    rc = create(d, EUT_CL_USE_HOST, whole, b->base.host, &b->memory);
    rc = rc ? rc : map(d, 0, b->memory, 1, bytes, &at);
    b->mapped = rc == 0;
    return rc;
}

static int create_zeroed(struct cl_device *d, struct cl_buffer *b, uint64_t bytes)
{
    const uint32_t zero = 0;
    uint64_t whole = (bytes + 3) / 4 * 4;
    int rc = create(d, 0, whole, NULL, &b->memory);

    rc = rc ? rc
            : CALL(d, clEnqueueFillBuffer, d->queue[0], b->memory, &zero, sizeof(zero), 0,
                   (size_t)whole, NO_WAIT);
    return rc ? rc : CALL(d, clFinish, d->queue[0]);
}

static int create_pinned(struct cl_device *d, struct cl_buffer *b, uint64_t bytes)
{
    int rc = create_zeroed(d, b, bytes);

    rc = rc ? rc : create(d, EUT_CL_ALLOC_HOST, bytes, NULL, &b->pinned);
    rc = rc ? rc : map(d, 0, b->pinned, 1, bytes, &b->base.host);
    if (rc == 0) {
        memset(b->base.host, 0, (size_t)bytes);
    }
    return rc;
}

static int cl_alloc(struct eut_device *device, enum eut_buffer_kind kind, uint64_t bytes,
                    struct eut_buffer **buffer)
{
    struct cl_device *d = (struct cl_device *)device;
    struct cl_buffer *b = calloc(1, sizeof(*b));
    int rc;

    *buffer = NULL;
    if (!b) {
        return hr_fail(ENOMEM, "no memory for a buffer's description");
    }
    bytes = bytes ? bytes : 1;
    b->base = (struct eut_buffer){.bytes = bytes, .kind = kind};
    b->next = d->buffers;
    b->link = &d->buffers;
    if (b->next) {
        b->next->link = &b->next;
    }
    d->buffers = b;
    rc = kind == EUT_BUFFER_PRIVATE ? create_zeroed(d, b, bytes)
         : d->base.facts.unified    ? create_unified(d, b, bytes)
                                    : create_pinned(d, b, bytes);
    if (rc) {
        cl_free(device, &b->base);
        return rc;
    }
    *buffer = &b->base;
    return 0;
}

/* One memory: the copy is a change of owner. */
static int hand_over(struct cl_device *d, uint32_t queue, enum eut_direction direction,
                     struct cl_buffer *b)
{
    bool to_host = direction == EUT_TO_HOST;
    void *at;
    int rc;

    if (b->mapped == to_host) {
        return 0;
    }
    rc = to_host
             ? map(d, queue, b->memory, 0, b->base.bytes, &at)
             : CALL(d, clEnqueueUnmapMemObject, d->queue[queue], b->memory, b->base.host, NO_WAIT);
    b->mapped = rc ? b->mapped : to_host;
    return rc;
}

static int cl_copy(struct eut_device *device, uint32_t queue, enum eut_direction direction,
                   struct eut_buffer *buffer, uint64_t offset, uint64_t bytes, void *memory)
{
    struct cl_device *d = (struct cl_device *)device;
    struct cl_buffer *b = (struct cl_buffer *)buffer;
    void *host = memory;

    if (!memory && d->base.facts.unified) {
        return hand_over(d, queue, direction, b);
    }
    if (bytes == 0) {
        return 0;
    }
    host = memory ? memory : (char *)b->base.host + offset;
    return direction == EUT_TO_DEVICE ? CALL(d, clEnqueueWriteBuffer, d->queue[queue], b->memory, 0,
                                             (size_t)offset, (size_t)bytes, host, NO_WAIT)
                                      : CALL(d, clEnqueueReadBuffer, d->queue[queue], b->memory, 0,
                                             (size_t)offset, (size_t)bytes, host, NO_WAIT);
}

/* ---- order and time ------------------------------------------------------------- */

static int cl_mark(struct eut_device *device, uint32_t queue, uint32_t mark)
{
    struct cl_device *d = (struct cl_device *)device;
    int rc;

    if (d->mark[mark]) {
        d->cl->clReleaseEvent(d->mark[mark]);
        d->mark[mark] = NULL;
    }
    rc = CALL(d, clEnqueueMarkerWithWaitList, d->queue[queue], 0, NULL, &d->mark[mark]);
    return rc ? rc : CALL(d, clFlush, d->queue[queue]);
}

static int cl_after(struct eut_device *device, uint32_t queue, uint32_t mark)
{
    struct cl_device *d = (struct cl_device *)device;

    if (!d->mark[mark]) {
        return hr_fail(EINVAL, "mark %" PRIu32 " was never set", mark);
    }
    return queue == EUT_HOST
               ? CALL(d, clWaitForEvents, 1, &d->mark[mark])
               : CALL(d, clEnqueueBarrierWithWaitList, d->queue[queue], 1, &d->mark[mark], NULL);
}

static int cl_elapsed(struct eut_device *device, uint32_t from, uint32_t to, uint64_t *ns)
{
    struct cl_device *d = (struct cl_device *)device;
    uint64_t begin = 0, end = 0;
    int rc =
        CALL(d, clGetEventProfilingInfo, d->mark[from], EUT_CL_ENDED, sizeof(begin), &begin, NULL);

    rc = rc ? rc
            : CALL(d, clGetEventProfilingInfo, d->mark[to], EUT_CL_ENDED, sizeof(end), &end, NULL);
    *ns = rc || end < begin ? 0 : end - begin;
    return rc;
}

static const struct eut_device_ops cl_ops = {
    .close = cl_close,
    .build = cl_build,
    .build_log = cl_build_log,
    .alloc = cl_alloc,
    .free = cl_free,
    .copy = cl_copy,
    .launch = cl_launch,
    .mark = cl_mark,
    .after = cl_after,
    .elapsed = cl_elapsed,
};

const struct eut_device_api eut_api_opencl = {
    .name = "opencl",
    .list = cl_list,
    .open = cl_open,
};
