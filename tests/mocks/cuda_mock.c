/*
 * cuda_mock.c - a CUDA driver without a device: memory is the host's, and a kernel runs as C, on
 * groups of one work item.
 *
 * As lazy as a driver may be: what is put into a stream is done only when somebody waits for it,
 * and another stream only as far as an event asks for. So who reads a result without having waited
 * reads old bytes, always. Time is counted, 1 us an operation. Copies of memory that is not pinned
 * are done at once, as a driver does them.
 */
#include "engine-under-test/device/cuda_library.h"
#include "tests/mocks/mock.h"
#include "tests/mocks/mock_kernels.h"

#include <stdbool.h>

#define TICK_NS 1000
enum { INVALID = 1, OUT_OF_MEMORY = 2, INVALID_CONTEXT = 201, NOT_FOUND = 500, NOT_READY = 600 };

enum kind { COPY, SET, LAUNCH, WAIT, RECORD };
struct eut_cuda_event {
    struct eut_cuda_stream *stream;
    size_t place; /* of the record in its stream */
    bool reached;
    uint64_t at_ns;
};
struct eut_cuda_module {
    char text[1];
};
struct eut_cuda_function {
    struct mock_kernel kernel;
};
struct operation {
    enum kind kind;
    void *to;
    const void *from;
    size_t bytes;
    unsigned char value;
    struct eut_cuda_event *event;
    struct eut_cuda_stream *waited;
    size_t place;
    struct mock_launch *launch;
};
struct eut_cuda_stream {
    struct operation *work;
    size_t base, count, done, room; /* places count from the first operation ever: base + index */
    struct eut_cuda_stream *next;
};
/* Whatever was made in a context goes with it. */
struct made {
    struct made *next;
    char *at;
    size_t bytes;
    bool pinned;
};
struct eut_cuda_context {
    struct made *made;
    struct eut_cuda_stream *streams;
};

static _Thread_local struct eut_cuda_context *current;
static uint64_t now_ns;

#define MOCK_CALL_INSIDE()      \
    MOCK_CALL();                \
    if (!current) {             \
        return INVALID_CONTEXT; \
    }

static void *make(size_t bytes, bool pinned)
{
    struct made *m = calloc(1, sizeof(*m));

    m->at = aligned_alloc(256, (bytes + 255) / 256 * 256);
    if (!m->at) {
        free(m);
        return NULL;
    }
    m->bytes = bytes;
    m->pinned = pinned;
    m->next = current->made;
    current->made = m;
    return m->at;
}

static void *make_zeroed(size_t bytes)
{
    return memset(make(bytes, false), 0, bytes);
}

static int unmake(void *at)
{
    for (struct made **link = &current->made; *link; link = &(*link)->next) {
        struct made *m = *link;
        if (m->at == at) {
            *link = m->next;
            free(m->at);
            free(m);
            return 0;
        }
    }
    return INVALID;
}

/* ---- streams -------------------------------------------------------------------- */

static void run_to(struct eut_cuda_stream *s, size_t place)
{
    while (s->done < s->count && s->base + s->done < place) {
        struct operation *o = &s->work[s->done];
        if (o->kind == WAIT) {
            run_to(o->waited, o->place);
        } else if (o->kind == COPY) {
            memcpy(o->to, o->from, o->bytes);
        } else if (o->kind == SET) {
            memset(o->to, o->value, o->bytes);
        } else if (o->kind == LAUNCH) {
            mock_launch_run(o->launch);
            free(o->launch);
        } else {
            o->event->at_ns = now_ns;
            o->event->reached = o->event->stream == s && o->event->place == s->base + s->done + 1;
        }
        now_ns += TICK_NS;
        s->done++;
    }
}

static struct operation *put(struct eut_cuda_stream *s, enum kind kind)
{
    if (s->done == s->count) {
        s->base += s->count;
        s->count = s->done = 0;
    }
    if (s->count == s->room) {
        s->room = s->room ? s->room * 2 : 64;
        s->work = realloc(s->work, s->room * sizeof(*s->work));
    }
    struct operation *o = &s->work[s->count++];
    memset(o, 0, sizeof(*o));
    o->kind = kind;
    return o;
}

static void run_all(void)
{
    for (struct eut_cuda_stream *s = current->streams; s; s = s->next) {
        run_to(s, s->base + s->count);
    }
}

static bool is_pinned(const void *memory)
{
    const char *at = memory;

    for (const struct made *m = current->made; m; m = m->next) {
        if (m->pinned && at >= m->at && at < m->at + m->bytes) {
            return true;
        }
    }
    return false;
}

static int put_copy(eut_cuda_stream *s, void *to, const void *from, size_t bytes, const void *host)
{
    struct operation *o = put(s, COPY);

    o->to = to;
    o->from = from;
    o->bytes = bytes;
    if (!is_pinned(host)) {
        run_to(s, s->base + s->count);
    }
    return 0;
}

/* ---- the driver ----------------------------------------------------------------- */

#define PROTOTYPE(name, arguments) MOCK_EXPORT int name arguments;
EUT_CUDA_FUNCTIONS(PROTOTYPE)

int cuInit(unsigned flags)
{
    (void)flags;
    MOCK_CALL();
    return 0;
}

int cuDriverGetVersion(int *version)
{
    const char *told = getenv("HEADROOM_MOCK_CUDA_VERSION");

    MOCK_CALL();
    *version = told ? atoi(told) : 13000;
    return 0;
}

int cuGetErrorName(int result, const char **name)
{
    *name = result == 2     ? "CUDA_ERROR_OUT_OF_MEMORY"
            : result == 100 ? "CUDA_ERROR_NO_DEVICE"
            : result == 719 ? "CUDA_ERROR_LAUNCH_FAILED"
                            : NULL;
    return *name ? 0 : 1;
}

int cuGetErrorString(int result, const char **text)
{
    *text = result == 2     ? "out of memory"
            : result == 100 ? "no CUDA-capable device is detected"
            : result == 719 ? "unspecified launch failure"
                            : NULL;
    return *text ? 0 : 1;
}

int cuDeviceGetCount(int *count)
{
    const char *told = getenv("HEADROOM_MOCK_CUDA_DEVICES");

    MOCK_CALL();
    *count = told ? atoi(told) : 1;
    return 0;
}

int cuDeviceGet(int *device, int index)
{
    MOCK_CALL();
    *device = index;
    return 0;
}

int cuDeviceGetName(char *name, int size, int device)
{
    MOCK_CALL();
    snprintf(name, (size_t)size, "Mock GPU %d", device);
    return 0;
}

int cuDeviceTotalMem_v2(size_t *bytes, int device)
{
    (void)device;
    MOCK_CALL();
    *bytes = (size_t)4 << 30;
    return 0;
}

int cuDeviceGetAttribute(int *value, int attribute, int device)
{
    static const int known[][2] = {{EUT_CUDA_THREADS_PER_BLOCK, 1},
                                   {EUT_CUDA_SHARED_BYTES_PER_BLOCK, 49152},
                                   {EUT_CUDA_WARP_THREADS, 32},
                                   {EUT_CUDA_CLOCK_KHZ, 1980000},
                                   {EUT_CUDA_MULTIPROCESSORS, 2},
                                   {EUT_CUDA_INTEGRATED, 0},
                                   {EUT_CUDA_ECC, 1},
                                   {EUT_CUDA_PCI_BUS, 0x21},
                                   {EUT_CUDA_PCI_DEVICE, 0},
                                   {EUT_CUDA_PCI_DOMAIN, 0},
                                   {EUT_CUDA_MEMORY_BUS_BITS, 5120},
                                   {EUT_CUDA_L2_BYTES, 50 << 20},
                                   {EUT_CUDA_CAPABILITY_MAJOR, 9},
                                   {EUT_CUDA_CAPABILITY_MINOR, 0}};
    const char *unified = getenv("HEADROOM_MOCK_CUDA_UNIFIED");

    (void)device;
    MOCK_CALL();
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (known[i][0] == attribute) {
            *value = attribute == EUT_CUDA_INTEGRATED && unified ? 1 : known[i][1];
            return 0;
        }
    }
    return 1;
}

int cuDeviceGetPCIBusId(char *address, int size, int device)
{
    (void)device;
    MOCK_CALL();
    snprintf(address, (size_t)size, "0000:21:00.0");
    return 0;
}

int cuCtxCreate_v2(eut_cuda_context **context, unsigned flags, int device)
{
    (void)flags, (void)device;
    MOCK_CALL();
    current = *context = calloc(1, sizeof(**context));
    return 0;
}

/* Work that nobody waited for is never done. */
int cuCtxDestroy_v2(eut_cuda_context *context)
{
    MOCK_CALL();
    current = context;
    for (struct eut_cuda_stream *s = context->streams; s; s = s->next) {
        for (size_t i = s->done; i < s->count; i++) {
            free(s->work[i].launch);
        }
        free(s->work);
    }
    while (context->made) {
        unmake(context->made->at);
    }
    free(context);
    current = NULL;
    return 0;
}

int cuCtxSetCurrent(eut_cuda_context *context)
{
    MOCK_CALL();
    current = context;
    return 0;
}

int cuMemGetInfo_v2(size_t *free_bytes, size_t *total_bytes)
{
    MOCK_CALL();
    *free_bytes = (size_t)3 << 30;
    *total_bytes = (size_t)4 << 30;
    return 0;
}

/* Memory of a device is not zeroed: it holds what was there before. */
int cuMemAlloc_v2(eut_cuda_address *at, size_t bytes)
{
    MOCK_CALL_INSIDE();
    void *memory = make(bytes, false);
    if (!memory) {
        return OUT_OF_MEMORY;
    }
    memset(memory, 0xA5, bytes);
    *at = (eut_cuda_address)(uintptr_t)memory;
    return 0;
}

int cuMemFree_v2(eut_cuda_address at)
{
    MOCK_CALL_INSIDE();
    run_all();
    return unmake((void *)(uintptr_t)at);
}

int cuMemHostAlloc(void **at, size_t bytes, unsigned flags)
{
    (void)flags;
    MOCK_CALL_INSIDE();
    *at = make(bytes, true);
    return *at ? 0 : OUT_OF_MEMORY;
}

int cuMemFreeHost(void *at)
{
    MOCK_CALL_INSIDE();
    run_all();
    return unmake(at);
}

int cuMemHostGetDevicePointer_v2(eut_cuda_address *at, void *host, unsigned flags)
{
    (void)flags;
    MOCK_CALL();
    *at = (eut_cuda_address)(uintptr_t)host;
    return 0;
}

int cuMemsetD8Async(eut_cuda_address at, unsigned char value, size_t bytes, eut_cuda_stream *s)
{
    MOCK_CALL_INSIDE();
    struct operation *o = put(s, SET);
    o->to = (void *)(uintptr_t)at;
    o->bytes = bytes;
    o->value = value;
    return 0;
}

int cuMemcpyHtoDAsync_v2(eut_cuda_address to, const void *from, size_t bytes, eut_cuda_stream *s)
{
    MOCK_CALL_INSIDE();
    return put_copy(s, (void *)(uintptr_t)to, from, bytes, from);
}

int cuMemcpyDtoHAsync_v2(void *to, eut_cuda_address from, size_t bytes, eut_cuda_stream *s)
{
    MOCK_CALL_INSIDE();
    return put_copy(s, to, (const void *)(uintptr_t)from, bytes, to);
}

/* An image is the source, as nvrtc_mock.c makes it. */
int cuModuleLoadData(eut_cuda_module **module, const void *image)
{
    MOCK_CALL_INSIDE();
    *module = make(strlen(image) + 1, false);
    strcpy((*module)->text, image);
    return 0;
}

int cuModuleGetFunction(eut_cuda_function **function, eut_cuda_module *module, const char *name)
{
    MOCK_CALL_INSIDE();
    *function = make_zeroed(sizeof(**function));
    return mock_kernel_find(&(*function)->kernel, module->text, name) ? 0 : NOT_FOUND;
}

int cuLaunchKernel(eut_cuda_function *function, unsigned grid_x, unsigned grid_y, unsigned grid_z,
                   unsigned block_x, unsigned block_y, unsigned block_z, unsigned shared_bytes,
                   eut_cuda_stream *s, void **parameters, void **extra)
{
    MOCK_CALL_INSIDE();
    if (grid_y != 1 || grid_z != 1 || block_x != 1 || block_y != 1 || block_z != 1 || grid_x == 0 ||
        shared_bytes || extra) {
        return 1;
    }
    struct operation *o = put(s, LAUNCH);
    o->launch = calloc(1, sizeof(*o->launch));
    o->launch->kernel = &function->kernel;
    o->launch->groups = grid_x;
    for (int i = 0; i < function->kernel.count; i++) {
        size_t bytes = function->kernel.value_bytes[i];
        memcpy(bytes ? (void *)o->launch->value[i] : (void *)&o->launch->buffer[i], parameters[i],
               bytes ? bytes : sizeof(void *));
    }
    return 0;
}

int cuStreamCreate(eut_cuda_stream **s, unsigned flags)
{
    (void)flags;
    MOCK_CALL_INSIDE();
    *s = make_zeroed(sizeof(**s));
    (*s)->next = current->streams;
    current->streams = *s;
    return 0;
}

int cuStreamSynchronize(eut_cuda_stream *s)
{
    MOCK_CALL_INSIDE();
    run_to(s, s->base + s->count);
    return 0;
}

int cuStreamWaitEvent(eut_cuda_stream *s, eut_cuda_event *event, unsigned flags)
{
    (void)flags;
    MOCK_CALL_INSIDE();
    struct operation *o = put(s, WAIT);
    o->waited = event->stream;
    o->place = event->place;
    return 0;
}

int cuEventCreate(eut_cuda_event **event, unsigned flags)
{
    (void)flags;
    MOCK_CALL_INSIDE();
    *event = make_zeroed(sizeof(**event));
    return 0;
}

int cuEventRecord(eut_cuda_event *event, eut_cuda_stream *s)
{
    MOCK_CALL_INSIDE();
    struct operation *o = put(s, RECORD);
    o->event = event;
    event->stream = s;
    event->place = s->base + s->count;
    event->reached = false;
    return 0;
}

int cuEventSynchronize(eut_cuda_event *event)
{
    MOCK_CALL_INSIDE();
    if (event->stream) {
        run_to(event->stream, event->place);
    }
    return 0;
}

int cuEventElapsedTime(float *ms, eut_cuda_event *from, eut_cuda_event *to)
{
    MOCK_CALL_INSIDE();
    if (!from->reached || !to->reached) {
        return NOT_READY;
    }
    *ms = (float)((double)(to->at_ns - from->at_ns) * 1e-6);
    return 0;
}
