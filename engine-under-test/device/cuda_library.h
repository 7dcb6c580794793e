/*
 * cuda_library.h - NVIDIA's driver, its run-time compiler and its management library, opened at run
 * time.
 *
 * The functions, constants and prototypes that are called here, each listed once, after the
 * vendor's documentation of the CUDA driver API, NVRTC and NVML. Every driver function returns 0 or
 * a CUresult; eut_cuda_fail() makes the one-line message of it.
 *
 * Threads: any.
 */
#ifndef EUT_CUDA_LIBRARY_H
#define EUT_CUDA_LIBRARY_H

#include <stddef.h>
#include <stdint.h>

typedef uint64_t eut_cuda_address; /* CUdeviceptr */
typedef struct eut_cuda_context eut_cuda_context;
typedef struct eut_cuda_stream eut_cuda_stream;
typedef struct eut_cuda_event eut_cuda_event;
typedef struct eut_cuda_module eut_cuda_module;
typedef struct eut_cuda_function eut_cuda_function;

struct eut_nvml_memory {
    unsigned long long total_bytes, free_bytes, used_bytes;
};

/* clang-format off */
#define EUT_CUDA_FUNCTIONS(X)                                                                      \
    X(cuInit, (unsigned flags))                                                                    \
    X(cuDriverGetVersion, (int *version))                                                          \
    X(cuGetErrorName, (int result, const char **name))                                             \
    X(cuGetErrorString, (int result, const char **text))                                           \
    X(cuDeviceGetCount, (int *count))                                                              \
    X(cuDeviceGet, (int *device, int index))                                                       \
    X(cuDeviceGetName, (char *name, int size, int device))                                         \
    X(cuDeviceTotalMem_v2, (size_t *bytes, int device))                                            \
    X(cuDeviceGetAttribute, (int *value, int attribute, int device))                               \
    X(cuDeviceGetPCIBusId, (char *address, int size, int device))                                  \
    X(cuCtxCreate_v2, (eut_cuda_context **context, unsigned flags, int device))                    \
    X(cuCtxDestroy_v2, (eut_cuda_context *context))                                                \
    X(cuCtxSetCurrent, (eut_cuda_context *context))                                                \
    X(cuMemGetInfo_v2, (size_t *free_bytes, size_t *total_bytes))                                  \
    X(cuMemAlloc_v2, (eut_cuda_address *at, size_t bytes))                                         \
    X(cuMemFree_v2, (eut_cuda_address at))                                                         \
    X(cuMemHostAlloc, (void **at, size_t bytes, unsigned flags))                                   \
    X(cuMemHostGetDevicePointer_v2, (eut_cuda_address *at, void *host, unsigned flags))            \
    X(cuMemFreeHost, (void *at))                                                                   \
    X(cuMemsetD8Async, (eut_cuda_address at, unsigned char value, size_t bytes, eut_cuda_stream *s)) \
    X(cuMemcpyHtoDAsync_v2, (eut_cuda_address to, const void *from, size_t bytes, eut_cuda_stream *s)) \
    X(cuMemcpyDtoHAsync_v2, (void *to, eut_cuda_address from, size_t bytes, eut_cuda_stream *s))   \
    X(cuModuleLoadData, (eut_cuda_module **module, const void *image))                             \
    X(cuModuleGetFunction, (eut_cuda_function **function, eut_cuda_module *module, const char *name)) \
    X(cuLaunchKernel, (eut_cuda_function *function, unsigned grid_x, unsigned grid_y,              \
                       unsigned grid_z, unsigned block_x, unsigned block_y, unsigned block_z,      \
                       unsigned shared_bytes, eut_cuda_stream *s, void **parameters, void **extra)) \
    X(cuStreamCreate, (eut_cuda_stream **s, unsigned flags))                                       \
    X(cuStreamSynchronize, (eut_cuda_stream *s))                                                   \
    X(cuStreamWaitEvent, (eut_cuda_stream *s, eut_cuda_event *event, unsigned flags))              \
    X(cuEventCreate, (eut_cuda_event **event, unsigned flags))                                     \
    X(cuEventRecord, (eut_cuda_event *event, eut_cuda_stream *s))                                  \
    X(cuEventSynchronize, (eut_cuda_event *event))                                                 \
    X(cuEventElapsedTime, (float *ms, eut_cuda_event *from, eut_cuda_event *to))

/* The compiler of CUDA C++ text. Results are nvrtcResult, 0 is good. */
#define EUT_NVRTC_FUNCTIONS(X)                                                                     \
    X(nvrtcVersion, (int *major, int *minor))                                                      \
    X(nvrtcCreateProgram, (void **program, const char *text, const char *name, int headers,        \
                           const char *const *header_texts, const char *const *header_names))      \
    X(nvrtcCompileProgram, (void *program, int options, const char *const *option))                \
    X(nvrtcGetNumSupportedArchs, (int *count))                                                     \
    X(nvrtcGetSupportedArchs, (int *architectures))                                                \
    X(nvrtcGetProgramLogSize, (void *program, size_t *bytes))                                      \
    X(nvrtcGetProgramLog, (void *program, char *log))                                              \
    X(nvrtcGetCUBINSize, (void *program, size_t *bytes))                                           \
    X(nvrtcGetCUBIN, (void *program, char *image))                                                 \
    X(nvrtcGetPTXSize, (void *program, size_t *bytes))                                             \
    X(nvrtcGetPTX, (void *program, char *image))                                                   \
    X(nvrtcDestroyProgram, (void **program))

/* What the driver API does not tell: power, energy, the PCIe link. Results are nvmlReturn_t. */
#define EUT_NVML_FUNCTIONS(X)                                                                      \
    X(nvmlInit_v2, (void))                                                                         \
    X(nvmlSystemGetDriverVersion, (char *version, unsigned size))                                  \
    X(nvmlDeviceGetHandleByPciBusId_v2, (const char *address, void **device))                      \
    X(nvmlDeviceGetMemoryInfo, (void *device, struct eut_nvml_memory *memory))                     \
    X(nvmlDeviceGetEnforcedPowerLimit, (void *device, unsigned *milliwatts))                       \
    X(nvmlDeviceGetTotalEnergyConsumption, (void *device, unsigned long long *millijoules))        \
    X(nvmlDeviceGetMaxPcieLinkGeneration, (void *device, unsigned *generation))                    \
    X(nvmlDeviceGetMaxPcieLinkWidth, (void *device, unsigned *lanes))
/* clang-format on */

#define EUT_VENDOR_MEMBER(name, arguments) int(*name) arguments;
struct eut_cuda {
    EUT_CUDA_FUNCTIONS(EUT_VENDOR_MEMBER)
};
struct eut_nvrtc {
    EUT_NVRTC_FUNCTIONS(EUT_VENDOR_MEMBER)
};
struct eut_nvml {
    EUT_NVML_FUNCTIONS(EUT_VENDOR_MEMBER)
};
#undef EUT_VENDOR_MEMBER

/* CUdevice_attribute */
enum {
    EUT_CUDA_THREADS_PER_BLOCK = 1,
    EUT_CUDA_SHARED_BYTES_PER_BLOCK = 8,
    EUT_CUDA_WARP_THREADS = 10,
    EUT_CUDA_CLOCK_KHZ = 13,
    EUT_CUDA_MULTIPROCESSORS = 16,
    EUT_CUDA_INTEGRATED = 18,
    EUT_CUDA_ECC = 32,
    EUT_CUDA_PCI_BUS = 33,
    EUT_CUDA_PCI_DEVICE = 34,
    EUT_CUDA_MEMORY_CLOCK_KHZ = 36,
    EUT_CUDA_MEMORY_BUS_BITS = 37,
    EUT_CUDA_L2_BYTES = 38,
    EUT_CUDA_PCI_DOMAIN = 50,
    EUT_CUDA_CAPABILITY_MAJOR = 75,
    EUT_CUDA_CAPABILITY_MINOR = 76,
    EUT_CUDA_USES_HOST_PAGE_TABLES = 100, /* Grace: the device reads the host's memory as it lies */
};
enum { EUT_CUDA_STREAM_NON_BLOCKING = 1, EUT_CUDA_HOST_MAPPED = 2 };

/* The driver, initialised. -ENODEV: it is not installed, or sees no device; -ENOTSUP: too old.
 * Not undone: drivers start threads and do not bear being unloaded. */
int eut_cuda_open(const struct eut_cuda **cuda);

/* The compiler; needs neither driver nor device. -ENODEV if it is not installed. */
int eut_nvrtc_open(const struct eut_nvrtc **nvrtc);

/* The management library, initialised. -ENODEV if it is not installed or sees no driver. */
int eut_nvml_open(const struct eut_nvml **nvml);

/* 0 for result 0; else the errno that device_api.h has for it, with the message "CUDA: call: the
 * driver's words (its name of the error)". */
int eut_cuda_fail(const struct eut_cuda *cuda, int result, const char *call);

#endif
