/*
 * opencl_library.c - is there an OpenCL loader, and what did it mean by that error?
 */
#include "engine-under-test/device/opencl_library.h"

#include "engine-under-test/device/vendor_library.h"
#include "harness/error.h"

#include <errno.h>
#include <pthread.h>

static struct eut_opencl table;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

int eut_opencl_open(const struct eut_opencl **opencl)
{
    static const char *const files[] = {"libOpenCL.so.1",
                                        "/System/Library/Frameworks/OpenCL.framework/OpenCL", NULL};
#define ROW(type, name, arguments) {#name, &table.name},
    static const struct eut_vendor_function rows[] = {EUT_OPENCL_FUNCTIONS(ROW){NULL, NULL}};
    int rc;

    pthread_mutex_lock(&lock);
    rc = eut_vendor_open("the OpenCL loader", files, rows);
    pthread_mutex_unlock(&lock);
    *opencl = &table;
    return rc;
}

int eut_opencl_fail(int result, const char *call)
{
    static const struct {
        int result, err;
        const char *name;
    } known[] = {
        {-1, ENODEV, "DEVICE_NOT_FOUND"},
        {-2, ENODEV, "DEVICE_NOT_AVAILABLE"},
        {-3, ENOTSUP, "COMPILER_NOT_AVAILABLE"},
        {-4, ENOMEM, "MEM_OBJECT_ALLOCATION_FAILURE"},
        {-5, ENOMEM, "OUT_OF_RESOURCES"},
        {-6, ENOMEM, "OUT_OF_HOST_MEMORY"},
        {-7, EIO, "PROFILING_INFO_NOT_AVAILABLE"},
        {-11, EINVAL, "BUILD_PROGRAM_FAILURE"},
        {-14, ENODEV, "EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST"},
        {-33, ENODEV, "INVALID_DEVICE"},
        {-34, ENODEV, "INVALID_CONTEXT"},
        {-36, ENODEV, "INVALID_COMMAND_QUEUE"},
        {-38, EIO, "INVALID_MEM_OBJECT"},
        {-46, EINVAL, "INVALID_KERNEL_NAME"},
        {-48, EIO, "INVALID_KERNEL"},
        {-51, EIO, "INVALID_ARG_SIZE"},
        {-52, EIO, "INVALID_KERNEL_ARGS"},
        {-54, EIO, "INVALID_WORK_GROUP_SIZE"},
        {-61, ENOMEM, "INVALID_BUFFER_SIZE"},
        {-1001, ENODEV, "PLATFORM_NOT_FOUND"},
    };

    if (result == 0) {
        return 0;
    }
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (known[i].result == result) {
            return hr_fail(known[i].err, "%s: CL_%s", call, known[i].name);
        }
    }
    return hr_fail(EIO, "%s: OpenCL error %d", call, result);
}
