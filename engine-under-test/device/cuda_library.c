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

#define DRIVER_MIN 11000 /* 11.0: the oldest that loads what a compiler of these days makes */

static struct eut_cuda cuda_table;
static struct eut_nvrtc nvrtc_table;
static struct eut_nvml nvml_table;

#define ROW_OF(table, function)      \
    {                                \
#function, &(table).function \
    }

int eut_cuda_fail(const struct eut_cuda *cuda, int result, const char *call)
{
    const char *name = NULL, *text = NULL;

    if (result == 0) {
        return 0;
    }
    if (cuda->cuGetErrorName(result, &name) != 0 || !name) {
        name = "an error it has no name for";
    }
    if (cuda->cuGetErrorString(result, &text) != 0 || !text) {
        text = "failed";
    }
    int err = result == EUT_CUDA_OUT_OF_MEMORY ? ENOMEM
              : result == EUT_CUDA_NO_DEVICE   ? ENODEV
                                               : EIO;
    return hr_fail(err, "%s: %s (%s, %d)", call, text, name, result);
}

int eut_cuda_open(const struct eut_cuda **cuda)
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
        rc = hr_fail(
            ENOTSUP, "the CUDA driver is of version %d.%d, too old: it takes %d.%d or newer",
            version / 1000, version % 1000 / 10, DRIVER_MIN / 1000, DRIVER_MIN % 1000 / 10);
    }
    *cuda = &cuda_table;
    return rc;
}

int eut_nvrtc_open(const struct eut_nvrtc **nvrtc)
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

    *nvrtc = &nvrtc_table;
    return eut_vendor_open("NVRTC, CUDA's run-time compiler", files, functions);
}

int eut_nvml_open(const struct eut_nvml **nvml)
{
#define ROW(name, arguments) ROW_OF(nvml_table, name),
    static const struct eut_vendor_function functions[] = {EUT_NVML_FUNCTIONS(ROW){NULL, NULL}};
#undef ROW
    static const char *const files[] = {"libnvidia-ml.so.1", NULL};
    int rc = eut_vendor_open("NVML, NVIDIA's management library", files, functions);

    *nvml = &nvml_table;
    if (rc == 0 && (rc = nvml_table.nvmlInit_v2()) != 0) {
        rc = hr_fail(ENODEV, "nvmlInit: NVML does not start (error %d)", rc);
    }
    return rc;
}
