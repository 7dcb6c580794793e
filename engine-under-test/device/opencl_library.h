/*
 * opencl_library.h - the OpenCL loader, opened at run time.
 *
 * The functions and constants of OpenCL 1.2 that are called here, each listed once, after the
 * Khronos OpenCL specification. eut_opencl_fail() makes the one-line message of an error.
 *
 * Threads: any.
 */
#ifndef EUT_OPENCL_LIBRARY_H
#define EUT_OPENCL_LIBRARY_H

#include <stddef.h>
#include <stdint.h>

typedef struct eut_cl_platform *eut_cl_platform;
typedef struct eut_cl_device *eut_cl_device;
typedef struct eut_cl_context *eut_cl_context;
typedef struct eut_cl_queue *eut_cl_queue;
typedef struct eut_cl_memory *eut_cl_memory;
typedef struct eut_cl_program *eut_cl_program;
typedef struct eut_cl_kernel *eut_cl_kernel;
typedef struct eut_cl_event *eut_cl_event;

/* clang-format off */
#define EUT_CL_WAIT uint32_t events, const eut_cl_event *event, eut_cl_event *made
#define EUT_OPENCL_FUNCTIONS(X)                                                                      \
    X(int, clGetPlatformIDs, (uint32_t room, eut_cl_platform *platforms, uint32_t *count))          \
    X(int, clGetPlatformInfo, (eut_cl_platform p, uint32_t what, size_t room, void *at, size_t *n)) \
    X(int, clGetDeviceIDs, (eut_cl_platform p, uint64_t type, uint32_t room, eut_cl_device *devices, \
                            uint32_t *count))                                                       \
    X(int, clGetDeviceInfo, (eut_cl_device d, uint32_t what, size_t room, void *at, size_t *n))     \
    X(eut_cl_context, clCreateContext, (const intptr_t *properties, uint32_t count,                 \
                                        const eut_cl_device *devices, void *notify, void *data,     \
                                        int *result))                                               \
    X(int, clReleaseContext, (eut_cl_context c))                                                    \
    X(eut_cl_queue, clCreateCommandQueue, (eut_cl_context c, eut_cl_device d, uint64_t properties,  \
                                           int *result))                                            \
    X(int, clReleaseCommandQueue, (eut_cl_queue q))                                                 \
    X(eut_cl_memory, clCreateBuffer, (eut_cl_context c, uint64_t flags, size_t bytes, void *host,   \
                                      int *result))                                                 \
    X(int, clReleaseMemObject, (eut_cl_memory m))                                                   \
    X(int, clEnqueueFillBuffer, (eut_cl_queue q, eut_cl_memory m, const void *pattern,              \
                                 size_t pattern_bytes, size_t offset, size_t bytes, EUT_CL_WAIT))   \
    X(int, clEnqueueReadBuffer, (eut_cl_queue q, eut_cl_memory m, uint32_t blocking, size_t offset, \
                                 size_t bytes, void *to, EUT_CL_WAIT))                              \
    X(int, clEnqueueWriteBuffer, (eut_cl_queue q, eut_cl_memory m, uint32_t blocking, size_t offset, \
                                  size_t bytes, const void *from, EUT_CL_WAIT))                     \
    X(void *, clEnqueueMapBuffer, (eut_cl_queue q, eut_cl_memory m, uint32_t blocking,              \
                                   uint64_t flags, size_t offset, size_t bytes, EUT_CL_WAIT,        \
                                   int *result))                                                    \
    X(int, clEnqueueUnmapMemObject, (eut_cl_queue q, eut_cl_memory m, void *at, EUT_CL_WAIT))       \
    X(eut_cl_program, clCreateProgramWithSource, (eut_cl_context c, uint32_t count,                 \
                                                  const char *const *text, const size_t *bytes,     \
                                                  int *result))                                     \
    X(int, clBuildProgram, (eut_cl_program p, uint32_t count, const eut_cl_device *devices,         \
                            const char *options, void *notify, void *data))                         \
    X(int, clGetProgramBuildInfo, (eut_cl_program p, eut_cl_device d, uint32_t what, size_t room,   \
                                   void *at, size_t *n))                                            \
    X(int, clReleaseProgram, (eut_cl_program p))                                                    \
    X(eut_cl_kernel, clCreateKernel, (eut_cl_program p, const char *name, int *result))             \
    X(int, clReleaseKernel, (eut_cl_kernel k))                                                      \
    X(int, clSetKernelArg, (eut_cl_kernel k, uint32_t number, size_t bytes, const void *at))        \
    X(int, clEnqueueNDRangeKernel, (eut_cl_queue q, eut_cl_kernel k, uint32_t dimensions,           \
                                    const size_t *offset, const size_t *global,                     \
                                    const size_t *local, EUT_CL_WAIT))                              \
    X(int, clEnqueueMarkerWithWaitList, (eut_cl_queue q, EUT_CL_WAIT))                              \
    X(int, clEnqueueBarrierWithWaitList, (eut_cl_queue q, EUT_CL_WAIT))                             \
    X(int, clFlush, (eut_cl_queue q))                                                               \
    X(int, clFinish, (eut_cl_queue q))                                                              \
    X(int, clWaitForEvents, (uint32_t count, const eut_cl_event *events))                           \
    X(int, clReleaseEvent, (eut_cl_event e))                                                        \
    X(int, clGetEventProfilingInfo, (eut_cl_event e, uint32_t what, size_t room, void *at, size_t *n))
/* clang-format on */

#define EUT_CL_MEMBER(type, name, arguments) type(*name) arguments;
struct eut_opencl {
    EUT_OPENCL_FUNCTIONS(EUT_CL_MEMBER)
};
#undef EUT_CL_MEMBER

enum {
    EUT_CL_PLATFORM_NAME = 0x0902,
    EUT_CL_TYPE = 0x1000,
    EUT_CL_COMPUTE_UNITS = 0x1002,
    EUT_CL_GROUP_MAX = 0x1004,
    EUT_CL_CLOCK_MHZ = 0x100C,
    EUT_CL_BUFFER_BYTES_MAX = 0x1010,
    EUT_CL_CACHE_BYTES = 0x101E,
    EUT_CL_MEMORY_BYTES = 0x101F,
    EUT_CL_GROUP_MEMORY_BYTES = 0x1023,
    EUT_CL_ECC = 0x1024,
    EUT_CL_LITTLE_ENDIAN = 0x1026,
    EUT_CL_AVAILABLE = 0x1027,
    EUT_CL_COMPILER = 0x1028,
    EUT_CL_NAME = 0x102B,
    EUT_CL_VENDOR = 0x102C,
    EUT_CL_DRIVER = 0x102D,
    EUT_CL_UNIFIED = 0x1035,
    EUT_CL_LANGUAGE = 0x103D,
    EUT_CL_BUILD_LOG = 0x1183,
    EUT_CL_ENDED = 0x1283,
};
#define EUT_CL_TYPE_CPU 2u
#define EUT_CL_TYPE_GPU 4u
#define EUT_CL_TYPE_ALL 0xFFFFFFFFu
#define EUT_CL_PROFILED 2u /* of a queue: its events have times */
#define EUT_CL_READ_WRITE 1u
#define EUT_CL_USE_HOST 8u
#define EUT_CL_ALLOC_HOST 16u
#define EUT_CL_MAP_BOTH 3u

/* The table, or -ENODEV, -ENOTSUP with the reason. */
int eut_opencl_open(const struct eut_opencl **opencl);

/* 0 for 0, else a negative errno with the text. */
int eut_opencl_fail(int result, const char *call);

#endif
