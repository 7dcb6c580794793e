/* cuda_compile_test.c - does NVRTC, where it is installed, compile for each architecture, and what
 * is said where it does not? */
#include "engine-under-test/device/cuda_compile.h"
#include "engine-under-test/device/cuda_library.h"
#include "harness/error.h"
#include "tests/test.h"

#include <errno.h>

extern const char eut_kernel_text[], eut_kernel_ceilings_text[],
    eut_kernel_product_text[]; /* made by the Makefile */

static const char *const names[] = {"twice", NULL};
static const char good[] = "extern \"C\" __global__ void twice(unsigned *a)\n"
                           "{\n    a[blockIdx.x] *= FACTOR;\n}\n";

static void need_compiler(void)
{
    const struct eut_nvrtc *nvrtc;

    if (eut_nvrtc_open(&nvrtc) != 0) {
        SKIP("NVRTC is not installed");
    }
}

TEST(cuda_compile, every_architecture_that_the_compiler_has)
{
    static const char *const defines[] = {"FACTOR=2", NULL};
    static const unsigned architectures[] = {75, 80, 86, 90, 100, 120};
    struct eut_cuda_image image;

    need_compiler();
    for (size_t i = 0; i < sizeof(architectures) / sizeof(architectures[0]); i++) {
        const struct eut_kernel_source source = {good, defines, names};
        CHECK_EQ(eut_cuda_compile(&source, architectures[i], &image), 0);
        CHECK(image.bytes > 4 && memcmp(image.code, "\177ELF", 4) == 0); /* machine code */
        eut_cuda_image_free(&image);
    }
}

TEST(cuda_compile, a_device_of_tomorrow_gets_what_its_driver_compiles)
{
    static const char *const defines[] = {"FACTOR=2", NULL};
    const struct eut_kernel_source source = {good, defines, names};
    struct eut_cuda_image image;

    need_compiler();
    CHECK_EQ(eut_cuda_compile(&source, 990, &image), 0);
    CHECK(strstr(image.code, ".target") != NULL); /* PTX */
    eut_cuda_image_free(&image);
}

TEST(cuda_compile, what_does_not_compile_is_told_with_its_line)
{
    const struct eut_kernel_source source = {good, NULL, names};
    struct eut_cuda_image image;

    need_compiler();
    CHECK_EQ(eut_cuda_compile(&source, 90, &image), -EINVAL);
    CHECK(strstr(hr_error(), "kernels.cu(3): error") != NULL);
    CHECK(strstr(hr_error(), "FACTOR") != NULL);
    CHECK(strstr(image.log, "1 error detected") != NULL && !image.code);
    eut_cuda_image_free(&image);
}

TEST(cuda_compile, a_device_too_old_for_the_compiler_is_told)
{
    static const char *const defines[] = {"FACTOR=2", NULL};
    const struct eut_kernel_source source = {good, defines, names};
    struct eut_cuda_image image;

    need_compiler();
    CHECK_EQ(eut_cuda_compile(&source, 20, &image), -ENOTSUP);
    CHECK(strstr(hr_error(), "the device is sm_20") != NULL);
    eut_cuda_image_free(&image);
}

/* The kernels themselves, without a word from the compiler; the oldest, the newest and one between,
 * since each takes four seconds. */
static void compile_kernels(unsigned architecture)
{
    static const char *const shape[] = {"K_GROUP=256", "K_ITEMS=8", "K_DIGIT_BITS=4", NULL};
    const char *const texts[] = {eut_kernel_text, eut_kernel_ceilings_text,
                                 eut_kernel_product_text};
    struct eut_cuda_image image;

    need_compiler();
    if (HR_SANITIZED) {
        SKIP("takes seconds, and the compiler is not ours to check");
    }
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        const struct eut_kernel_source source = {texts[i], shape, names};
        CHECK_EQ(eut_cuda_compile(&source, architecture, &image), 0);
        CHECK_STR(image.log, "");
        CHECK(image.bytes > 4 && memcmp(image.code, "\177ELF", 4) == 0);
        eut_cuda_image_free(&image);
    }
}

TEST(cuda_compile, the_kernels_for_sm_75)
{
    compile_kernels(75);
}

TEST(cuda_compile, the_kernels_for_sm_90)
{
    compile_kernels(90);
}

TEST(cuda_compile, the_kernels_for_sm_120)
{
    compile_kernels(120);
}
