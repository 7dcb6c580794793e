/*
 * cuda_library.c - is there an NVIDIA driver, does it work, and what did it mean by that error?
 *
 * NVRTC's file carries its major version; the newest that is installed is taken, and where the
 * loader does not know the toolkit, its usual folder.
 */
#include "engine-under-test/device/cuda_library.h"

#include "engine-under-test/device/vendor_library.h"
#include "harness/error.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>

#define DRIVER_MIN 11000 /* 11.0: the oldest that loads what a compiler of these days makes */

static struct eut_cuda cuda_table;
static struct eut_nvrtc nvrtc_table;
static struct eut_nvml nvml_table;

#define ROW_OF(table, function)      \
    {                                \
#function, &(table).function \
    }

/* CUresult, by what can be done about it. The lost ones stick: after them every call fails. */
static const struct {
    int result, err;
} meanings[] = {{2, ENOMEM},    /* OUT_OF_MEMORY */
                {34, ENODEV},   /* STUB_LIBRARY */
                {100, ENODEV},  /* NO_DEVICE */
                {101, ENODEV},  /* INVALID_DEVICE */
                {36, ENOTSUP},  /* CALL_REQUIRES_NEWER_DRIVER */
                {200, ENOTSUP}, /* INVALID_IMAGE */
                {209, ENOTSUP}, /* NO_BINARY_FOR_GPU */
                {222, ENOTSUP}, /* UNSUPPORTED_PTX_VERSION */
                {803, ENOTSUP}, /* SYSTEM_DRIVER_MISMATCH */
                {804, ENOTSUP}, /* COMPAT_NOT_SUPPORTED_ON_DEVICE */
                {4, ENODEV},    /* DEINITIALIZED */
                {46, ENODEV},   /* DEVICE_UNAVAILABLE */
                {214, ENODEV},  /* ECC_UNCORRECTABLE */
                {220, ENODEV},  /* NVLINK_UNCORRECTABLE */
                {700, ENODEV},  /* ILLEGAL_ADDRESS */
                {702, ENODEV},  /* LAUNCH_TIMEOUT */
                {709, ENODEV},  /* CONTEXT_IS_DESTROYED */
                {710, ENODEV},  /* ASSERT */
                {714, ENODEV},  /* HARDWARE_STACK_ERROR */
                {715, ENODEV},  /* ILLEGAL_INSTRUCTION */
                {716, ENODEV},  /* MISALIGNED_ADDRESS */
                {717, ENODEV},  /* INVALID_ADDRESS_SPACE */
                {718, ENODEV},  /* INVALID_PC */
                {719, ENODEV},  /* LAUNCH_FAILED */
                {999, ENODEV}}; /* UNKNOWN */

int eut_cuda_fail(const struct eut_cuda *cuda, int result, const char *call)
{
    const char *name = NULL, *text = NULL;
    int err = EIO;

    if (result == 0) {
        return 0;
    }
    if (cuda->cuGetErrorName(result, &name) != 0 || !name) {
        name = "an error that it has no name for";
    }
    if (cuda->cuGetErrorString(result, &text) != 0 || !text) {
        text = "failed";
    }
    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
        if (meanings[i].result == result) {
            err = meanings[i].err;
        }
    }
    return hr_fail(err, "CUDA: %s: %s (%s, %d)", call, text, name, result);
}

static int open_driver(void)
{
#define ROW(name, arguments) ROW_OF(cuda_table, name),
    static const struct eut_vendor_function functions[] = {EUT_CUDA_FUNCTIONS(ROW){NULL, NULL}};
#undef ROW
    static const char *const files[] = {"libcuda.so.1", NULL};
    int version = 0, rc = eut_vendor_open("the CUDA driver", files, functions);

    rc = rc ? rc : eut_cuda_fail(&cuda_table, cuda_table.cuInit(0), "cuInit");
    rc = rc ? rc
            : eut_cuda_fail(&cuda_table, cuda_table.cuDriverGetVersion(&version),
                            "cuDriverGetVersion");
    if (rc == 0 && version < DRIVER_MIN) {
        rc =
            hr_fail(ENOTSUP, "the CUDA driver is of CUDA %d.%d, too old: it takes %d.%d or newer",
                    version / 1000, version % 1000 / 10, DRIVER_MIN / 1000, DRIVER_MIN % 1000 / 10);
    }
    return rc;
}

static int open_compiler(void)
{
#define ROW(name, arguments) ROW_OF(nvrtc_table, name),
    static const struct eut_vendor_function functions[] = {EUT_NVRTC_FUNCTIONS(ROW){NULL, NULL}};
#undef ROW
    static const char *const files[] = {"libnvrtc.so.13",
                                        "libnvrtc.so.12",
                                        "libnvrtc.so.11.2",
                                        "/usr/local/cuda/lib64/libnvrtc.so",
                                        "/usr/local/cuda/lib/libnvrtc.so",
                                        "/opt/cuda/lib64/libnvrtc.so",
                                        "libnvrtc.so",
                                        NULL};

    int rc = eut_vendor_open("NVRTC, CUDA's run-time compiler,", files, functions);
    return rc == -ENODEV ? hr_fail(ENODEV,
                                   "%s; it comes with the CUDA toolkit, and device:opencl does "
                                   "without",
                                   hr_error())
                         : rc;
}

static int open_management(void)
{
#define ROW(name, arguments) ROW_OF(nvml_table, name),
    static const struct eut_vendor_function functions[] = {EUT_NVML_FUNCTIONS(ROW){NULL, NULL}};
#undef ROW
    static const char *const files[] = {"libnvidia-ml.so.1", NULL};
    int rc = eut_vendor_open("NVML, NVIDIA's management library,", files, functions);

    if (rc == 0 && (rc = nvml_table.nvmlInit_v2()) != 0) {
        rc = hr_fail(ENODEV, "nvmlInit: NVML does not start (error %d)", rc);
    }
    return rc;
}

/* Opens once; a failure is tried again, since its text is wanted. */
static int once(bool *done, int (*open)(void))
{
    static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

    pthread_mutex_lock(&one_at_a_time);
    int rc = *done ? 0 : open();
    *done = rc == 0;
    pthread_mutex_unlock(&one_at_a_time);
    return rc;
}

int eut_cuda_open(const struct eut_cuda **cuda)
{
    static bool done;

    *cuda = &cuda_table;
    return once(&done, open_driver);
}

int eut_nvrtc_open(const struct eut_nvrtc **nvrtc)
{
    static bool done;

    *nvrtc = &nvrtc_table;
    return once(&done, open_compiler);
}

int eut_nvml_open(const struct eut_nvml **nvml)
{
    static bool done;

    *nvml = &nvml_table;
    return once(&done, open_management);
}
