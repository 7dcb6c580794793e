/*
 * metal_test.c - does the Metal API do what device_api.h says, let go of all that it holds, and
 * tell every failure?
 *
 * Against tests/mocks/objc_mock.c, which runs nothing before somebody waits for it. What a Mac
 * would say to the messages is not tested.
 */
#include "engine-under-test/device/device_api.h"
#include "engine-under-test/device/kernel_walk.h"
#include "harness/error.h"
#include "tests/test.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>

#define QUADS 64u

extern const char eut_kernel_ceilings_text[]; /* made by the Makefile */

static int (*mock_calls)(const char *name);
static int (*mock_objects)(void);

static void use_mocks(void)
{
    static const char *const files[] = {"libobjc.A.dylib", "CoreGraphics", "Metal"};
    void *runtime = NULL;

    if (HR_ONE_PROCESS) {
        SKIP("one process for all tests: what a library's name means is settled once");
    }
    for (size_t i = 0; i < 3; i++) {
        char path[512];
        snprintf(path, sizeof(path), "%s/mocks/%s", hr_test_build(), files[i]);
        void *library = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
        if (!library) {
            SKIP("no mock libraries are built on this system");
        }
        runtime = runtime ? runtime : library;
    }
    *(void **)&mock_calls = dlsym(runtime, "mock_calls");
    *(void **)&mock_objects = dlsym(runtime, "mock_objects");
    CHECK(mock_calls && mock_objects);
}

static const char *const names[] = {"ceiling_fill", "ceiling_wrong", NULL};
static const char *const defines[] = {"ONE", "TWO=2", NULL};
static const struct eut_kernel_source source = {
    .text = eut_kernel_ceilings_text, .defines = defines, .names = names};

static struct eut_device *device;
static struct eut_kernel *kernels[2];
static struct eut_buffer *buffer;

static void open_all(void)
{
    CHECK_EQ(eut_api_metal.open(0, &device), 0);
    CHECK_EQ(device->ops->build(device, &source, kernels), 0);
    CHECK_EQ(device->ops->alloc(device, EUT_BUFFER_MIRRORED, QUADS * 16, &buffer), 0);
}

static void close_all(void)
{
    device->ops->close(device);
    CHECK_EQ(mock_objects(), 0);
}

static int put_fill(uint32_t queue, u32 add)
{
    const struct ceiling_walk walk = {.count = QUADS, .each = 1, .block = 1, .step = 1, .add = add};
    const struct eut_arg args[] = {{.buffer = buffer},
                                   {.value = &walk, .value_bytes = sizeof(walk)}};

    return device->ops->launch(device, queue, kernels[0], QUADS, 1, args, 2);
}

TEST(metal, only_devices_that_share_the_hosts_memory_are_listed)
{
    struct eut_device_facts facts[2];
    uint32_t count;

    use_mocks();
    setenv("HEADROOM_MOCK_METAL_DEVICES", "2", 1);
    CHECK_EQ(eut_api_metal.list(facts, 2, &count), 0);
    CHECK_EQ(count, 2);
    CHECK_STR(facts[1].name, "Mock M9");
    CHECK(facts[1].unified && facts[1].kind == EUT_DEVICE_GPU);
    CHECK_EQ(facts[1].memory_free_bytes, (uint64_t)7 << 30);
    setenv("HEADROOM_MOCK", "hasUnifiedMemory=1", 1);
    CHECK_EQ(eut_api_metal.list(facts, 2, &count), -ENODEV);
    CHECK(strstr(hr_error(), "no GPU here shares the host's memory") != NULL);
    setenv("HEADROOM_MOCK_METAL_DEVICES", "0", 1);
    CHECK_EQ(eut_api_metal.open(0, &device), -ENODEV);
    CHECK(strstr(hr_error(), "sees no GPU") != NULL);
    unsetenv("HEADROOM_MOCK_METAL_DEVICES");
    unsetenv("HEADROOM_MOCK");
    CHECK_EQ(eut_api_metal.open(3, &device), -ENODEV);
    CHECK_EQ(mock_objects(), 0);
}

TEST(metal, work_is_done_in_order_and_known_when_waited_for)
{
    uint64_t ns = 0;

    use_mocks();
    open_all();
    u32 *host = buffer->host, plain[4];
    host[0] = 99;
    CHECK_EQ(device->ops->copy(device, 0, EUT_TO_DEVICE, buffer, 0, QUADS * 16, NULL), 0);
    CHECK_EQ(device->ops->mark(device, 0, 0), 0);
    CHECK_EQ(put_fill(0, 5), 0);
    CHECK_EQ(device->ops->mark(device, 0, 1), 0);
    CHECK_EQ(device->ops->after(device, 1, 1), 0);
    CHECK_EQ(put_fill(1, 7), 0);
    CHECK_EQ(device->ops->mark(device, 1, 2), 0);
    CHECK_EQ(host[0], 99); /* nothing before it is waited for */
    CHECK_EQ(device->ops->after(device, EUT_HOST, 2), 0);
    CHECK_EQ(host[0], 7);
    CHECK_EQ(host[QUADS * 4 - 1], 10);
    CHECK_EQ(device->ops->elapsed(device, 0, 1, &ns), 0);
    CHECK_NEAR((double)ns, 2000, 10); /* a kernel and the signal behind it */
    CHECK_EQ(device->ops->after(device, EUT_HOST, 9), -EINVAL);
    CHECK_EQ(put_fill(2, 11), 0);
    CHECK_EQ(device->ops->copy(device, 2, EUT_TO_HOST, buffer, 16, sizeof(plain), plain), 0);
    CHECK_EQ(plain[3], 14);
    CHECK_EQ(put_fill(2, 13), 0); /* and never waited for */
    close_all();
}

TEST(metal, marks_that_nobody_waits_for_are_let_go)
{
    use_mocks();
    open_all();
    for (uint32_t i = 0; i < 1000; i++) {
        CHECK_EQ(put_fill(i % 3, i), 0);
        CHECK_EQ(device->ops->mark(device, i % 3, i % EUT_MARKS), 0);
    }
    close_all();
}

TEST(metal, every_failure_is_told)
{
    static const struct {
        const char *mock, *log;
        int rc;
        const char *text;
    } failures[] = {
        {"newCommandQueue=1", NULL, -ENOMEM, "no memory for a command queue"},
        {"newLibraryWithSource:options:error:=1", "kernels:4: error: no", -EINVAL,
         "do not compile: kernels:4: error: no"},
        {"newFunctionWithName:=1", NULL, -EINVAL, "has no kernel ceiling_fill"},
        {"newComputePipelineStateWithFunction:error:=1", NULL, -ENOTSUP, "too many registers"},
        {"newBufferWithLength:options:=1", NULL, -ENOMEM, "no memory for a buffer of 1024 bytes"},
        {"commandBuffer=1", NULL, -ENOMEM, "no memory for a command buffer"},
        {"computeCommandEncoder=1", NULL, -ENOMEM, "no memory for a command encoder"},
        {"status=1", NULL, -ENODEV, "the GPU was removed (code 11)"},
    };

    use_mocks();
    for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
        unsetenv("HEADROOM_MOCK_METAL_LOG");
        if (failures[i].log) {
            setenv("HEADROOM_MOCK_METAL_LOG", failures[i].log, 1);
        }
        setenv("HEADROOM_MOCK", failures[i].mock, 1);
        int rc = eut_api_metal.open(0, &device);
        if (rc == 0) {
            rc = device->ops->build(device, &source, kernels);
            rc = rc ? rc : device->ops->alloc(device, EUT_BUFFER_MIRRORED, QUADS * 16, &buffer);
            rc = rc ? rc : put_fill(0, 1);
            rc = rc ? rc : device->ops->mark(device, 0, 0);
            rc = rc ? rc : device->ops->after(device, EUT_HOST, 0);
            device->ops->close(device);
        }
        CHECK_EQ(rc, failures[i].rc);
        if (!strstr(hr_error(), failures[i].text)) {
            FAIL("%s is told as: %s", failures[i].mock, hr_error());
        }
        CHECK_EQ(mock_objects(), 0);
    }
}

TEST(metal, a_group_too_large_for_the_kernel_is_refused)
{
    use_mocks();
    open_all();
    CHECK_EQ(device->ops->launch(device, 0, kernels[0], 1, 2, NULL, 0), -ENOTSUP);
    CHECK(strstr(hr_error(), "groups of at most 1, not of 2") != NULL);
    close_all();
}
