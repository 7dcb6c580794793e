/*
 * cuda_test.c - does the CUDA API do what device_api.h says, and is every failure told?
 *
 * Against tests/mocks: a driver that does nothing before somebody waits for it, counts calls, and
 * fails when told to. What a real driver would say to the calls is not tested.
 */
#include "engine-under-test/device/cuda_library.h"
#include "engine-under-test/device/device_api.h"
#include "engine-under-test/device/device_ceilings.h"
#include "engine-under-test/device/kernel_walk.h"
#include "harness/error.h"
#include "tests/test.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>

extern const char eut_kernel_ceilings_text[];

static int (*mock_calls)(const char *name);
static const char *(*mock_log)(void);
static void (*mock_forget)(void);

static void *load(const char *name)
{
    char path[512];

    snprintf(path, sizeof(path), "%s/mocks/%s", hr_test_build(), name);
    return dlopen(path, RTLD_NOW | RTLD_GLOBAL);
}

/* In a process of its own: which library has the name is settled when it is first opened. */
static void use_mocks(void)
{
    void *driver = HR_ONE_PROCESS ? NULL : load("libcuda.so.1");

    if (HR_ONE_PROCESS) {
        SKIP("one process for all tests: another may have opened the vendor's library");
    }
    if (!driver) {
        SKIP("no mock libraries are built on this system");
    }
    CHECK(load("libnvrtc.so.13") && load("libnvidia-ml.so.1"));
    *(void **)&mock_calls = dlsym(driver, "mock_calls");
    *(void **)&mock_log = dlsym(driver, "mock_log");
    *(void **)&mock_forget = dlsym(driver, "mock_forget");
    CHECK(mock_calls && mock_log && mock_forget);
}

static const char *const names[] = {"ceiling_fill", "ceiling_wrong", NULL};
static const struct eut_kernel_source source = {
    .text = eut_kernel_ceilings_text, .defines = NULL, .names = names};

TEST(cuda, facts_come_from_the_driver_and_from_nvml)
{
    struct eut_device_answer answer;

    use_mocks();
    setenv("HEADROOM_MOCK_CUDA_DEVICES", "2", 1);
    eut_devices_ask(&eut_api_cuda, &answer);
    CHECK_EQ(answer.rc, 0);
    CHECK_EQ(answer.count, 2);
    const struct eut_device_facts *f = &answer.facts[1];
    CHECK_STR(f->name, "Mock GPU 1");
    CHECK_STR(f->driver, "CUDA 13.0, driver 580.00");
    CHECK(f->kind == EUT_DEVICE_GPU && !f->unified && f->ecc && f->ecc_known);
    CHECK_EQ(f->version, 90);
    CHECK_EQ(f->compute_units, 2);
    CHECK_EQ(f->clock_mhz, 1980);
    CHECK_EQ(f->memory_clock_mhz, 0); /* the mock does not tell */
    CHECK_EQ(f->pcie_generation, 5);
    CHECK_EQ(f->pcie_lanes, 16);
    CHECK_EQ(f->power_limit_mw, 350000);
    CHECK_EQ(f->pci_bus, 0x21);
    setenv("HEADROOM_MOCK", "nvmlInit_v2=9", 1);
    eut_devices_ask(&eut_api_cuda, &answer);
    CHECK_EQ(answer.rc, 0);
    CHECK_EQ(answer.facts[0].power_limit_mw, 0);
    CHECK(strstr(answer.facts[0].silent, "NVML does not start") != NULL);
}

/* What fails while a device is opened, kernels built, memory taken. */
TEST(cuda, every_failing_call_is_told_by_its_name)
{
    static const struct {
        const char *mock;
        int open, build, alloc;
        const char *text;
    } failures[] = {
        {"cuDeviceGetCount=100", -ENODEV, 0, 0, "no CUDA-capable device is detected"},
        {"cuDeviceGet=101", -ENODEV, 0, 0, "cuDeviceGet: "},
        {"cuDeviceTotalMem_v2=999", -ENODEV, 0, 0, "cuDeviceTotalMem"},
        {"cuCtxCreate_v2=2", -ENOMEM, 0, 0,
         "cuCtxCreate_v2: out of memory (CUDA_ERROR_OUT_OF_MEMO"},
        {"cuStreamCreate=46@2", -ENODEV, 0, 0, "cuStreamCreate"},
        {"cuEventCreate=2@60", -ENOMEM, 0, 0, "cuEventCreate"},
        {"cuMemGetInfo_v2=999", -ENODEV, 0, 0, "an error that it has no name for"},
        {"nvrtcCreateProgram=1", 0, -EIO, 0, "NVRTC does not take"},
        {"nvrtcCompileProgram=6", 0, -EINVAL, 0, "kernels.cu(3): error: of the mock's"},
        {"nvrtcGetCUBIN=11", 0, -EIO, 0, "gives no code"},
        {"cuModuleLoadData=209", 0, -ENOTSUP, 0, "code of NVRTC 13.0 for sm_90, under CUDA 13.0"},
        {"cuModuleGetFunction=500", 0, -EIO, 0, "kernel ceiling_fill: CUDA: cuModuleGetFunction"},
        {"cuMemHostAlloc=2", 0, 0, -ENOMEM, "of pinned memory: CUDA: cuMemHostAlloc"},
        {"cuMemAlloc_v2=2", 0, 0, -ENOMEM, "of device memory: CUDA: cuMemAlloc_v2"},
        {"cuMemsetD8Async=1", 0, 0, -EIO, "cuMemsetD8Async"},
        {"cuStreamSynchronize=719", 0, 0, -ENODEV, "unspecified launch failure"},
    };
    struct eut_kernel *kernels[2];
    struct eut_buffer *buffer;
    struct eut_device *device;

    use_mocks();
    setenv("HEADROOM_MOCK_NVRTC_LOG",
           "kernels.cu(2): warning: a\nkernels.cu(3): error: of the mock's\n1 error detected", 1);
    for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
        mock_forget();
        setenv("HEADROOM_MOCK", failures[i].mock, 1);
        CHECK_EQ(eut_api_cuda.open(0, &device), failures[i].open);
        if (failures[i].open == 0) {
            CHECK_EQ(device->ops->build(device, &source, kernels), failures[i].build);
            CHECK(failures[i].build == -EIO ||
                  strstr(device->ops->build_log(device), "warning: a") != NULL);
        }
        if (failures[i].open == 0 && failures[i].build == 0) {
            CHECK_EQ(device->ops->alloc(device, EUT_BUFFER_MIRRORED, 100, &buffer),
                     failures[i].alloc);
            CHECK(!buffer);
        }
        if (!strstr(hr_error(), failures[i].text)) {
            FAIL("%s is told as: %s", failures[i].mock, hr_error());
        }
        if (failures[i].open == 0) {
            device->ops->close(device);
        }
        CHECK_EQ(mock_calls("cuCtxDestroy_v2"),
                 mock_calls("cuCtxCreate_v2") && strncmp(failures[i].mock, "cuCtxCreate", 11));
    }
}

TEST(cuda, an_old_driver_is_refused)
{
    struct eut_device *device;

    use_mocks();
    setenv("HEADROOM_MOCK_CUDA_VERSION", "10020", 1);
    CHECK_EQ(eut_api_cuda.open(0, &device), -ENOTSUP);
    CHECK(strstr(hr_error(), "of CUDA 10.2, too old") != NULL);
    setenv("HEADROOM_MOCK_CUDA_VERSION", "12040", 1);
    CHECK_EQ(eut_api_cuda.open(5, &device), -ENODEV);
    CHECK(strstr(hr_error(), "no device 5: there are 1") != NULL);
    CHECK_EQ(eut_api_cuda.open(0, &device), 0);
    device->ops->close(device);
}

struct rig {
    struct eut_device *device;
    const struct eut_device_ops *ops;
    struct eut_kernel *fill;
    struct eut_buffer *buffer;
    u32 *host;
};

#define QUADS 64u

static struct rig open_rig(void)
{
    struct eut_kernel *kernels[2];
    struct rig r;

    CHECK_EQ(eut_api_cuda.open(0, &r.device), 0);
    r.ops = r.device->ops;
    CHECK_EQ(r.ops->build(r.device, &source, kernels), 0);
    r.fill = kernels[0];
    CHECK_EQ(r.ops->alloc(r.device, EUT_BUFFER_MIRRORED, QUADS * 16, &r.buffer), 0);
    r.host = r.buffer->host;
    CHECK(r.host && (uintptr_t)r.host % 64 == 0);
    return r;
}

static void put_fill(const struct rig *r, uint32_t queue, u32 add)
{
    const struct ceiling_walk walk = {.count = QUADS, .each = 1, .block = 1, .step = 1, .add = add};
    const struct eut_arg args[] = {{.buffer = r->buffer},
                                   {.value = &walk, .value_bytes = sizeof(walk)}};

    CHECK_EQ(r->ops->launch(r->device, queue, r->fill, QUADS, 1, args, 2), 0);
}

TEST(cuda, work_is_done_in_order_and_known_when_waited_for)
{
    static const char expected[] =
        "cuCtxSetCurrent cuMemcpyHtoDAsync_v2 cuCtxSetCurrent cuEventRecord cuCtxSetCurrent "
        "cuStreamWaitEvent cuCtxSetCurrent cuLaunchKernel cuCtxSetCurrent cuEventRecord "
        "cuCtxSetCurrent cuStreamWaitEvent cuCtxSetCurrent cuMemcpyDtoHAsync_v2 cuCtxSetCurrent "
        "cuEventRecord cuCtxSetCurrent cuEventSynchronize ";
    uint64_t ns = 0;

    use_mocks();
    struct rig r = open_rig();
    for (u32 i = 0; i < QUADS * 4; i++) {
        r.host[i] = 99;
    }
    mock_forget();
    CHECK_EQ(r.ops->copy(r.device, 0, EUT_TO_DEVICE, r.buffer, 0, QUADS * 16, NULL), 0);
    CHECK_EQ(r.ops->mark(r.device, 0, 0), 0);
    CHECK_EQ(r.ops->after(r.device, 1, 0), 0);
    put_fill(&r, 1, 5);
    CHECK_EQ(r.ops->mark(r.device, 1, 1), 0);
    CHECK_EQ(r.ops->after(r.device, 2, 1), 0);
    CHECK_EQ(r.ops->copy(r.device, 2, EUT_TO_HOST, r.buffer, 16, 32, NULL), 0);
    CHECK_EQ(r.ops->mark(r.device, 2, 2), 0);
    CHECK_EQ(r.host[4], 99); /* nothing before it is waited for */
    CHECK_EQ(r.ops->after(r.device, EUT_HOST, 2), 0);
    CHECK_STR(mock_log(), expected);
    CHECK_EQ(r.host[3], 99);
    CHECK_EQ(r.host[4], 5);
    CHECK_EQ(r.host[11], 8);
    CHECK_EQ(r.host[12], 99);
    CHECK_EQ(r.ops->elapsed(r.device, 0, 2, &ns), 0);
    CHECK(ns > 0);
    CHECK_EQ(r.ops->after(r.device, EUT_HOST, 3), -EINVAL);
    r.ops->close(r.device);
}

TEST(cuda, a_lost_device_says_so_and_can_be_closed)
{
    use_mocks();
    struct rig r = open_rig();
    CHECK_EQ(r.ops->mark(r.device, 0, 0), 0);
    setenv("HEADROOM_MOCK", "cuEventSynchronize=719,cuCtxSetCurrent=719@1000", 1);
    CHECK_EQ(r.ops->after(r.device, EUT_HOST, 0), -ENODEV);
    CHECK(strstr(hr_error(), "CUDA: cuEventSynchronize: unspecified launch failure "
                             "(CUDA_ERROR_LAUNCH_FAILED, 719)") != NULL);
    r.ops->free(r.device, r.buffer);
    r.ops->free(r.device, NULL);
    r.ops->close(r.device);
    r.ops->close(NULL);
    CHECK_EQ(mock_calls("cuCtxDestroy_v2"), 1);
}

TEST(cuda, where_memory_is_one_nothing_is_copied)
{
    use_mocks();
    setenv("HEADROOM_MOCK_CUDA_UNIFIED", "1", 1);
    struct rig r = open_rig();
    CHECK(r.device->facts.unified);
    CHECK_EQ(r.ops->copy(r.device, 0, EUT_TO_DEVICE, r.buffer, 0, QUADS * 16, NULL), 0);
    put_fill(&r, 0, 7);
    CHECK_EQ(r.ops->copy(r.device, 0, EUT_TO_HOST, r.buffer, 0, QUADS * 16, NULL), 0);
    CHECK_EQ(r.ops->mark(r.device, 0, 0), 0);
    CHECK_EQ(r.ops->after(r.device, EUT_HOST, 0), 0);
    CHECK_EQ(r.host[QUADS * 4 - 1], 10);
    CHECK_EQ(mock_calls("cuMemcpyHtoDAsync_v2") + mock_calls("cuMemcpyDtoHAsync_v2"), 0);
    CHECK_EQ(mock_calls("cuMemAlloc_v2"), 0);
    r.ops->close(r.device);
}

TEST(cuda, other_memory_of_the_host_is_copied_too)
{
    static u32 plain[8];

    use_mocks();
    struct rig r = open_rig();
    put_fill(&r, 0, 40);
    CHECK_EQ(r.ops->copy(r.device, 0, EUT_TO_HOST, r.buffer, 16, sizeof(plain), plain), 0);
    CHECK_EQ(r.ops->mark(r.device, 0, 0), 0);
    CHECK_EQ(r.ops->after(r.device, EUT_HOST, 0), 0);
    CHECK_EQ(plain[0], 40);
    CHECK_EQ(plain[7], 43);
    r.ops->close(r.device);
}

TEST(cuda, energy_is_counted_by_nvml_or_not_at_all)
{
    struct eut_device_facts facts = {.api = "cuda", .pci_bus = 0x21};
    uint64_t before, after;

    use_mocks();
    CHECK_EQ(eut_device_energy(&facts, &before), 0);
    CHECK_EQ(eut_device_energy(&facts, &after), 0);
    CHECK_EQ(after - before, 1000);
    facts.pci_bus = 0x22;
    CHECK_EQ(eut_device_energy(&facts, &after), -ENOTSUP);
    facts = (struct eut_device_facts){.api = "opencl"};
    CHECK_EQ(eut_device_energy(&facts, &after), -ENOTSUP);
    CHECK(strstr(hr_error(), "opencl devices do not count") != NULL);
}

TEST(cuda, ceilings_are_measured_and_checked_with_copies)
{
    static struct eut_device_ceilings c;

    use_mocks();
    CHECK_EQ(eut_device_ceilings_measure(&eut_api_cuda, 0, 0.0005, (uint64_t)4 << 20, NULL, &c), 0);
    CHECK_EQ(c.count, 12);
    for (uint32_t i = 0; i < c.count; i++) {
        CHECK_EQ(c.row[i].n, EUT_DEVICE_CEILING_SAMPLES);
        CHECK(eut_device_ceiling(&c, c.row[i].name) > 0);
    }
    setenv("HEADROOM_MOCK", "cuMemcpyDtoHAsync_v2=719@20", 1);
    mock_forget();
    CHECK_EQ(eut_device_ceilings_measure(&eut_api_cuda, 0, 0.0005, (uint64_t)4 << 20, NULL, &c),
             -ENODEV);
    CHECK(c.count > 3 && c.row[0].n > 0);
}
