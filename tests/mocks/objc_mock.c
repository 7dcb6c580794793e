/*
 * objc_mock.c - an Objective-C runtime with just enough of Metal in it: memory is the host's, and a
 * kernel runs as C, on groups of one work item.
 *
 * As lazy as a device may be: a committed command buffer runs when somebody waits for it, after
 * those before it in its queue and after what it waits for in others. Objects count who holds them;
 * mock_objects() tells how many are left, and letting go of one that is gone ends the program.
 * metal_mock.c carries the framework's name.
 */
#include "engine-under-test/device/objc_library.h"
#include "tests/mocks/mock.h"
#include "tests/mocks/mock_kernels.h"

#include <stdbool.h>
#include <stdint.h>

#define POOL_MAX 4096
#define BUFFERED_MAX 512
#define INDEXES_MAX 31
#define TICK_S 1e-6

struct class
{
    const char *name;
    const struct method *methods;
};
struct method {
    const char *selector;
    void (*run)(void);
};

enum kind { DISPATCH, WAIT, SIGNAL };
struct operation {
    enum kind kind;
    struct object *event;
    uint64_t value;
    struct mock_launch *launch;
};

struct size {
    uint64_t width, height, depth;
};

/* One shape for all: each class uses its part. */
struct object {
    const struct class *is;
    int held;
    char *text;                  /* string, error, library */
    void *memory;                /* buffer */
    uint64_t length;             /* of it; an error's code */
    struct mock_kernel kernel;   /* function, pipeline */
    struct object *queue;        /* of a command buffer; the signaller of an event */
    struct object *commands;     /* of an encoder */
    struct object *next;         /* behind it in its queue */
    struct object *first, *last; /* of a queue, committed */
    struct operation work[BUFFERED_MAX];
    int count;
    bool committed, done;
    double start_s, end_s;
    struct object *pipeline; /* of an encoder, and what is set for the next dispatch */
    void *buffer[INDEXES_MAX];
    unsigned char value[INDEXES_MAX][MOCK_VALUE_BYTES_MAX];
    size_t value_bytes[INDEXES_MAX];
};

static const struct class strings, arrays, devices, queues, buffers, events, commands, encoders,
    libraries, functions, pipelines, errors;
static struct object *pool[POOL_MAX];
static int pooled, objects;
static double now_s = 1;

static struct object *make(const struct class *is)
{
    struct object *o = calloc(1, sizeof(*o));

    o->is = is;
    o->held = 1;
    objects++;
    return o;
}

static struct object *pool_it(struct object *o)
{
    if (pooled == POOL_MAX) {
        abort();
    }
    return pool[pooled++] = o;
}

MOCK_EXPORT int mock_objects(void);
int mock_objects(void)
{
    return objects;
}

static void *hold(struct object *o, const char *selector)
{
    (void)selector;
    o->held++;
    return o;
}

static void let_go(struct object *o, const char *selector)
{
    (void)selector;
    if (o->held <= 0) {
        fprintf(stderr, "mock: a %s is let go that nobody holds\n", o->is->name);
        abort();
    }
    if (--o->held > 0) {
        return;
    }
    for (int i = 0; !o->done && i < o->count; i++) {
        free(o->work[i].launch);
    }
    for (struct object *next, *c = o->first; c; c = next) {
        next = c->next;
        let_go(c, "");
    }
    free(o->text);
    free(o->memory);
    objects--;
    free(o);
}

/* ---- running -------------------------------------------------------------------- */

static void run_queue(struct object *queue, const struct object *last);

static void run_commands(struct object *c)
{
    c->start_s = now_s;
    for (int i = 0; i < c->count; i++) {
        struct operation *o = &c->work[i];
        if (o->kind == DISPATCH) {
            mock_launch_run(o->launch);
            free(o->launch);
        } else if (o->kind == WAIT && o->event->length < o->value) {
            for (const struct object *at = o->event->queue ? o->event->queue->first : NULL;
                 at && o->event->length < o->value;) {
                const struct object *next = at->next;
                run_queue(o->event->queue, at);
                at = next;
            }
        } else if (o->kind == SIGNAL) {
            o->event->length = o->value;
        }
        now_s += TICK_S;
    }
    c->done = true;
    c->end_s = now_s;
}

/* Up to and with this one. The queue holds what it has not run. */
static void run_queue(struct object *queue, const struct object *last)
{
    while (queue->first) {
        struct object *c = queue->first;
        bool end = c == last;

        queue->first = c->next;
        run_commands(c);
        let_go(c, "");
        if (end) {
            return;
        }
    }
}

/* ---- classes -------------------------------------------------------------------- */

static const char *utf8(struct object *o, const char *selector)
{
    (void)selector;
    return o->text;
}

static struct object *string_with(const struct class *is, const char *selector, const char *text)
{
    struct object *o = make(&strings);

    (void)is, (void)selector;
    o->text = strdup(text);
    return pool_it(o);
}

static struct object *text_object(struct object *o, const char *selector)
{
    (void)o;
    return string_with(NULL, selector, o->text ? o->text : "Mock M9");
}

static uint64_t array_count(struct object *o, const char *selector)
{
    const char *told = getenv("HEADROOM_MOCK_METAL_DEVICES");

    (void)o, (void)selector;
    return told ? (uint64_t)atoi(told) : 1;
}

static struct object *array_at(struct object *o, const char *selector, uint64_t i)
{
    (void)o, (void)selector, (void)i;
    return pool_it(make(&devices));
}

static bool unified(struct object *o, const char *selector)
{
    (void)o;
    return mock_call(selector) == 0;
}

static uint64_t bytes_of(struct object *o, const char *selector)
{
    (void)o;
    return strcmp(selector, "currentAllocatedSize") == 0         ? (uint64_t)1 << 30
           : strcmp(selector, "maxThreadgroupMemoryLength") == 0 ? 32768
                                                                 : (uint64_t)8 << 30;
}

static struct size group_of(struct object *o, const char *selector)
{
    (void)o, (void)selector;
    return (struct size){1, 1, 1};
}

static struct object *new_of(struct object *o, const char *selector)
{
    (void)o;
    if (mock_call(selector)) {
        return NULL;
    }
    return make(strcmp(selector, "newEvent") == 0 ? &events : &queues);
}

static struct object *new_buffer(struct object *o, const char *selector, uint64_t length,
                                 uint64_t options)
{
    (void)o;
    if (mock_call(selector) || options != 0) {
        return NULL;
    }
    struct object *b = make(&buffers);
    b->memory = aligned_alloc(256, (length + 255) / 256 * 256);
    memset(b->memory, 0xA5, length);
    b->length = length;
    return b;
}

static void *contents(struct object *o, const char *selector)
{
    (void)selector;
    return o->memory;
}

static struct object *error_of(const char *text, uint64_t code)
{
    struct object *o = make(&errors);

    o->text = strdup(text);
    o->length = code;
    return pool_it(o);
}

static struct object *new_library(struct object *o, const char *selector, struct object *text,
                                  void *options, struct object **error)
{
    const char *log = getenv("HEADROOM_MOCK_METAL_LOG");

    (void)o, (void)options;
    *error = log ? error_of(log, 3) : NULL;
    if (mock_call(selector)) {
        return NULL;
    }
    struct object *library = make(&libraries);
    library->text = strdup(text->text);
    return library;
}

static struct object *new_function(struct object *o, const char *selector, struct object *name)
{
    struct object *f = make(&functions);

    if (mock_call(selector) || !mock_kernel_find(&f->kernel, o->text, name->text)) {
        let_go(f, "");
        return NULL;
    }
    return f;
}

static struct object *new_pipeline(struct object *o, const char *selector, struct object *function,
                                   struct object **error)
{
    (void)o;
    if (mock_call(selector)) {
        *error = error_of("too many registers", 2);
        return NULL;
    }
    struct object *p = make(&pipelines);
    p->kernel = function->kernel;
    return p;
}

static uint64_t one(struct object *o, const char *selector)
{
    (void)o, (void)selector;
    return 1;
}

static struct object *command_buffer(struct object *o, const char *selector)
{
    if (mock_call(selector)) {
        return NULL;
    }
    struct object *c = make(&commands);
    c->queue = o;
    return pool_it(c);
}

static struct object *encoder(struct object *o, const char *selector)
{
    if (mock_call(selector)) {
        return NULL;
    }
    struct object *e = make(&encoders);
    e->commands = o;
    return pool_it(e);
}

static struct operation *put(struct object *c, enum kind kind)
{
    if (c->count == BUFFERED_MAX || c->committed) {
        abort();
    }
    c->work[c->count].kind = kind;
    return &c->work[c->count++];
}

static void put_event(struct object *o, const char *selector, struct object *event, uint64_t value)
{
    bool signal = strncmp(selector, "encodeSignal", 12) == 0;
    struct operation *at = put(o, signal ? SIGNAL : WAIT);

    at->event = event;
    at->value = value;
    if (signal) {
        event->queue = o->queue;
    }
}

static void commit(struct object *o, const char *selector)
{
    mock_call(selector);
    hold(o, "");
    o->committed = true;
    if (o->queue->first) {
        o->queue->last->next = o;
    } else {
        o->queue->first = o;
    }
    o->queue->last = o;
}

static void wait_for(struct object *o, const char *selector)
{
    mock_call(selector);
    if (!o->done) {
        run_queue(o->queue, o);
    }
}

static uint64_t status(struct object *o, const char *selector)
{
    return mock_call(selector) ? 5 : o->done ? 4 : 2;
}

static struct object *failure(struct object *o, const char *selector)
{
    (void)o, (void)selector;
    return error_of("the GPU was removed", 11);
}

static int64_t code(struct object *o, const char *selector)
{
    (void)selector;
    return (int64_t)o->length;
}

static double time_of(struct object *o, const char *selector)
{
    return strcmp(selector, "GPUStartTime") == 0 ? o->start_s : o->end_s;
}

static void set_pipeline(struct object *o, const char *selector, struct object *pipeline)
{
    (void)selector;
    o->pipeline = pipeline;
}

static void set_buffer(struct object *o, const char *selector, struct object *buffer,
                       uint64_t offset, uint64_t index)
{
    (void)selector;
    o->buffer[index] = (char *)buffer->memory + offset;
    o->value_bytes[index] = 0;
}

static void set_bytes(struct object *o, const char *selector, const void *bytes, uint64_t length,
                      uint64_t index)
{
    (void)selector;
    memcpy(o->value[index], bytes, length);
    o->value_bytes[index] = length;
}

static void dispatch(struct object *o, const char *selector, struct size groups, struct size size)
{
    const struct mock_kernel *kernel = &o->pipeline->kernel;
    struct mock_launch *launch = calloc(1, sizeof(*launch));

    mock_call(selector);
    if (size.width != 1 || size.height != 1 || groups.height != 1 || groups.depth != 1) {
        abort();
    }
    launch->kernel = kernel;
    launch->groups = (unsigned)groups.width;
    for (int i = 0; i < kernel->count; i++) {
        if (o->value_bytes[i] != kernel->value_bytes[i]) {
            fprintf(stderr, "mock: argument %d has %zu bytes, the kernel wants %zu\n", i,
                    o->value_bytes[i], kernel->value_bytes[i]);
            abort();
        }
        launch->buffer[i] = o->buffer[i];
        memcpy(launch->value[i], o->value[i], o->value_bytes[i]);
    }
    put(o->commands, DISPATCH)->launch = launch;
}

static void nothing(struct object *o, const char *selector)
{
    (void)o;
    mock_call(selector);
}

#define M(name, function)              \
    {                                  \
        name, (void (*)(void))function \
    }
#define HELD M("retain", hold), M("release", let_go)
#define CLASS(object, title, ...)                                                      \
    static const struct method object##_methods[] = {HELD, __VA_ARGS__, {NULL, NULL}}; \
    static const struct class object = {title, object##_methods}

CLASS(strings, "NSString", M("UTF8String", utf8), M("stringWithUTF8String:", string_with));
CLASS(arrays, "NSArray", M("count", array_count), M("objectAtIndex:", array_at));
CLASS(errors, "NSError", M("localizedDescription", text_object), M("code", code));
CLASS(devices, "MTLDevice", M("name", text_object), M("hasUnifiedMemory", unified),
      M("recommendedMaxWorkingSetSize", bytes_of), M("maxBufferLength", bytes_of),
      M("maxThreadgroupMemoryLength", bytes_of), M("currentAllocatedSize", bytes_of),
      M("maxThreadsPerThreadgroup", group_of), M("newCommandQueue", new_of), M("newEvent", new_of),
      M("newBufferWithLength:options:", new_buffer),
      M("newLibraryWithSource:options:error:", new_library),
      M("newComputePipelineStateWithFunction:error:", new_pipeline));
CLASS(queues, "MTLCommandQueue", M("commandBuffer", command_buffer));
CLASS(buffers, "MTLBuffer", M("contents", contents));
CLASS(events, "MTLEvent", M("label", utf8));
CLASS(libraries, "MTLLibrary", M("newFunctionWithName:", new_function));
CLASS(functions, "MTLFunction", M("name", utf8));
CLASS(pipelines, "MTLComputePipelineState", M("maxTotalThreadsPerThreadgroup", one));
CLASS(commands, "MTLCommandBuffer", M("computeCommandEncoder", encoder),
      M("encodeSignalEvent:value:", put_event), M("encodeWaitForEvent:value:", put_event),
      M("commit", commit), M("waitUntilCompleted", wait_for), M("status", status),
      M("error", failure), M("GPUStartTime", time_of), M("GPUEndTime", time_of));
CLASS(encoders, "MTLComputeCommandEncoder", M("setComputePipelineState:", set_pipeline),
      M("setBuffer:offset:atIndex:", set_buffer), M("setBytes:length:atIndex:", set_bytes),
      M("dispatchThreadgroups:threadsPerThreadgroup:", dispatch), M("endEncoding", nothing));

/* ---- the runtime ---------------------------------------------------------------- */

#define PROTOTYPE(type, name, arguments) MOCK_EXPORT type name arguments;
EUT_OBJC_FUNCTIONS(PROTOTYPE)
MOCK_EXPORT void *mock_all_devices(void);

/* A class object begins with itself for a class: it has its own methods here. */
void *objc_getClass(const char *name)
{
    static struct object class_of_strings = {.is = &strings, .held = 1};

    return strcmp(name, "NSString") == 0 ? &class_of_strings : NULL;
}

void *sel_registerName(const char *name)
{
    union {
        const char *given;
        void *taken;
    } selector = {.given = name};

    return selector.taken;
}

void *object_getClass(void *object)
{
    union {
        const struct class *given;
        void *taken;
    } is = {.given = ((struct object *)object)->is};

    return is.taken;
}

void *class_getMethodImplementation(void *class, void *selector)
{
    void *found = NULL;

    for (const struct method *m = ((const struct class *)class)->methods; m->selector; m++) {
        if (strcmp(m->selector, selector) == 0) {
            memcpy(&found, &m->run, sizeof(found));
            return found;
        }
    }
    fprintf(stderr, "mock: a %s does not know %s\n", ((const struct class *)class)->name,
            (const char *)selector);
    abort();
}

void *objc_autoreleasePoolPush(void)
{
    return &pool[pooled];
}

void objc_autoreleasePoolPop(void *from)
{
    while (&pool[pooled] != from) {
        let_go(pool[--pooled], "");
    }
}

void *mock_all_devices(void)
{
    return make(&arrays);
}
