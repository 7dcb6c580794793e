/*
 * cuda_compile.h - kernel source to machine code for one NVIDIA architecture, by NVRTC.
 *
 * Needs neither a driver nor a device. Threads: any.
 */
#ifndef EUT_CUDA_COMPILE_H
#define EUT_CUDA_COMPILE_H

#include "engine-under-test/device/device_api.h"

struct eut_cuda_image {
    char *code; /* for cuModuleLoadData(); NULL if it did not compile */
    size_t bytes;
    char *log; /* what the compiler said; never NULL after eut_cuda_compile() */
    char compiler[32];
};

/* `architecture` is the compute capability x 10: 90 for sm_90. Machine code where NVRTC knows the
 * architecture or an older one of the same major number, else PTX, which the driver compiles. 0,
 * -EINVAL (the text has the first error), -ENOTSUP (NVRTC no longer compiles for so old a device),
 * -ENODEV (no NVRTC). The image is to be freed in every case. */
int eut_cuda_compile(const struct eut_kernel_source *source, unsigned architecture,
                     struct eut_cuda_image *image);
void eut_cuda_image_free(struct eut_cuda_image *image);

#endif
