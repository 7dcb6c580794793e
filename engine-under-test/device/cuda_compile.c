/* cuda_compile.c - does the kernel source compile for this NVIDIA architecture, and to what? */
#include "engine-under-test/device/cuda_compile.h"

#include "engine-under-test/device/cuda_library.h"
#include "engine-under-test/device/vendor_library.h"
#include "harness/error.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARCHITECTURES_MAX 64
#define OPTIONS_MAX 32
#define OPTION_BYTES_MAX 128

/* The newest architecture that NVRTC knows and the device understands; 0 if there is none. */
static unsigned target_of(const struct eut_nvrtc *nvrtc, unsigned architecture, unsigned *oldest)
{
    int known[ARCHITECTURES_MAX], count = 0;
    unsigned target = 0;

    *oldest = 0;
    if (nvrtc->nvrtcGetNumSupportedArchs(&count) != 0 || count > ARCHITECTURES_MAX ||
        nvrtc->nvrtcGetSupportedArchs(known) != 0) {
        return architecture; /* let the compiler say it */
    }
    for (int i = 0; i < count; i++) {
        unsigned one = (unsigned)known[i];
        target = one <= architecture && one > target ? one : target;
        *oldest = *oldest == 0 || one < *oldest ? one : *oldest;
    }
    return target;
}

static void keep_log(const struct eut_nvrtc *nvrtc, void *program, struct eut_cuda_image *image)
{
    size_t bytes = 0;

    if (nvrtc->nvrtcGetProgramLogSize(program, &bytes) != 0 || bytes == 0) {
        return;
    }
    char *log = calloc(1, bytes + 1);
    if (log && nvrtc->nvrtcGetProgramLog(program, log) == 0) {
        free(image->log);
        image->log = log;
    } else {
        free(log);
    }
}

static int keep_code(const struct eut_nvrtc *nvrtc, void *program, bool machine_code,
                     struct eut_cuda_image *image)
{
    int rc = machine_code ? nvrtc->nvrtcGetCUBINSize(program, &image->bytes)
                          : nvrtc->nvrtcGetPTXSize(program, &image->bytes);

    image->code = rc == 0 ? malloc(image->bytes ? image->bytes : 1) : NULL;
    if (rc == 0 && !image->code) {
        return hr_fail(ENOMEM, "no memory for the compiled kernels");
    }
    rc = rc             ? rc
         : machine_code ? nvrtc->nvrtcGetCUBIN(program, image->code)
                        : nvrtc->nvrtcGetPTX(program, image->code);
    return rc ? hr_fail(EIO, "CUDA: NVRTC gives no code for what it compiled (error %d)", rc) : 0;
}

static int compile(const struct eut_nvrtc *nvrtc, void *program, unsigned target, bool machine_code,
                   const struct eut_kernel_source *source, struct eut_cuda_image *image)
{
    char text[OPTIONS_MAX][OPTION_BYTES_MAX], line[256];
    const char *options[OPTIONS_MAX];
    int count = 1;

    snprintf(text[0], sizeof(text[0]), "--gpu-architecture=%s_%u", machine_code ? "sm" : "compute",
             target);
    for (const char *const *define = source->defines; define && *define; define++, count++) {
        if (count == OPTIONS_MAX ||
            snprintf(text[count], sizeof(text[0]), "-D%s", *define) >= OPTION_BYTES_MAX) {
            return hr_fail(EINVAL, "CUDA: more or longer defines than %d of %d bytes",
                           OPTIONS_MAX - 1, OPTION_BYTES_MAX - 1);
        }
    }
    for (int i = 0; i < count; i++) {
        options[i] = text[i];
    }
    int rc = nvrtc->nvrtcCompileProgram(program, count, options);
    keep_log(nvrtc, program, image);
    if (rc != 0) {
        eut_vendor_first_error(image->log, line, sizeof(line));
        return hr_fail(EINVAL, "CUDA: %s does not compile the kernels for %s: %s", image->compiler,
                       strchr(text[0], '=') + 1, *line ? line : "it does not say why");
    }
    return keep_code(nvrtc, program, machine_code, image);
}

int eut_cuda_compile(const struct eut_kernel_source *source, unsigned architecture,
                     struct eut_cuda_image *image)
{
    const struct eut_nvrtc *nvrtc;
    int major = 0, minor = 0, rc;
    unsigned oldest;
    void *program = NULL;

    *image = (struct eut_cuda_image){.log = calloc(1, 1)};
    if (!image->log) {
        return hr_fail(ENOMEM, "no memory for a compiler's log");
    }
    rc = eut_nvrtc_open(&nvrtc);
    if (rc != 0) {
        return rc;
    }
    nvrtc->nvrtcVersion(&major, &minor);
    snprintf(image->compiler, sizeof(image->compiler), "NVRTC %d.%d", major, minor);
    unsigned target = target_of(nvrtc, architecture, &oldest);
    if (target == 0) {
        return hr_fail(ENOTSUP,
                       "CUDA: %s compiles for sm_%u and newer, the device is sm_%u: an older CUDA "
                       "toolkit's NVRTC is needed",
                       image->compiler, oldest, architecture);
    }
    rc = nvrtc->nvrtcCreateProgram(&program, source->text, "kernels.cu", 0, NULL, NULL);
    if (rc != 0) {
        return hr_fail(EIO, "CUDA: NVRTC does not take the kernel source (error %d)", rc);
    }
    rc = compile(nvrtc, program, target, target / 10 == architecture / 10, source, image);
    nvrtc->nvrtcDestroyProgram(&program);
    return rc;
}

void eut_cuda_image_free(struct eut_cuda_image *image)
{
    free(image->code);
    free(image->log);
    *image = (struct eut_cuda_image){.code = NULL};
}
