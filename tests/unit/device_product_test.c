/* device_product_test.c - do a device's products give the plain answers, however its columns are
 * cut, and is a device that answers wrong no result? */
#include "engine-under-test/device/device_product.h"
#include "harness/error.h"
#include "harness/random.h"
#include "suites/quantised_matrix.h"
#include "tests/unit/small_rig.h"

#include <errno.h>

#define MATRICES 3

/* The host, but as a GPU of so many units would be asked: in slices. */
static struct eut_device_ops changed_ops;
static int (*host_launch)(struct eut_device *, uint32_t, struct eut_kernel *, uint32_t, uint32_t,
                          const struct eut_arg *, uint32_t);
static int launches_left;

static int open_as_gpu(uint32_t number, struct eut_device **device)
{
    int rc = eut_api_host.open(number, device);

    CHECK_EQ(rc, 0);
    (*device)->facts.kind = EUT_DEVICE_GPU;
    (*device)->facts.compute_units = 3;
    return 0;
}

/* From some launch on the last group is left out. */
static int launch_less(struct eut_device *device, uint32_t queue, struct eut_kernel *kernel,
                       uint32_t groups, uint32_t group_size, const struct eut_arg *args,
                       uint32_t count)
{
    uint32_t done = launches_left-- > 0 || groups == 1 ? groups : groups - 1;

    return host_launch(device, queue, kernel, done, group_size, args, count);
}

static int open_broken(uint32_t number, struct eut_device **device)
{
    int rc = open_as_gpu(number, device);

    changed_ops = *(*device)->ops;
    host_launch = changed_ops.launch;
    changed_ops.launch = launch_less;
    (*device)->ops = &changed_ops;
    return rc;
}

static const struct eut_device_api as_gpu = {.name = "host", .open = open_as_gpu};
static const struct eut_device_api broken = {.name = "host", .open = open_broken};

/* How many rows are wrong after two passes over some matrices of these bits. */
static uint32_t wrong_rows(const struct eut_device_api *api, int bits)
{
    static const uint32_t shapes[MATRICES][2] = {{64, 96}, {32, 2048}, {96, 32}};
    struct eut_product_matrix given[MATRICES];
    struct hr_matrix plain[MATRICES];
    struct eut_product *product;
    struct hr_random random;
    uint32_t wrong = 0;
    uint64_t ns = 0;
    int8_t x[2048];

    hr_random_init(&random, 7, (uint64_t)bits);
    for (int i = 0; i < MATRICES; i++) {
        uint64_t bytes = hr_matrix_bytes(shapes[i][0], shapes[i][1], bits);
        uint8_t *tiles = malloc(bytes);

        CHECK(tiles);
        for (uint64_t k = 0; k < bytes; k++) {
            tiles[k] = (uint8_t)hr_random_below(&random, 256);
        }
        given[i] =
            (struct eut_product_matrix){tiles, bytes, shapes[i][0], shapes[i][1], (uint32_t)bits};
        plain[i] = (struct hr_matrix){shapes[i][0], shapes[i][1], bits, tiles};
    }
    for (uint32_t i = 0; i < 2048; i++) {
        x[i] = (int8_t)((int)hr_random_below(&random, 255) - 127);
    }
    CHECK_EQ(eut_product_open(api, 0, given, MATRICES, x, &product), 0);
    CHECK_EQ(eut_product_run(product, 1, &ns), 0);
    CHECK_EQ(eut_product_run(product, 2, &ns), 0);
    for (uint32_t i = 0; i < MATRICES; i++) {
        for (uint32_t row = 0; row < shapes[i][0]; row++) {
            wrong += eut_product_answer(product, i)[row] != hr_matrix_row(&plain[i], x, row);
        }
        free((void *)(uintptr_t)given[i].tiles);
    }
    eut_product_close(product);
    return wrong;
}

TEST(device_product, the_plain_answers)
{
    for (int bits = 4; bits <= 8; bits += 4) {
        CHECK_EQ(wrong_rows(&eut_api_host, bits), 0);
        CHECK_EQ(wrong_rows(&as_gpu, bits), 0);
    }
}

TEST(device_product, a_group_that_is_left_out_is_seen)
{
    launches_left = 0;
    CHECK(wrong_rows(&broken, 4) > 0);
}

TEST(device_product, what_a_device_cannot_take_is_told)
{
    struct eut_product_matrix huge = {
        .bytes = UINT64_MAX / 2, .rows = 32, .columns = 32, .bits = 4};
    struct eut_product *product;
    int8_t x[32] = {0};

    CHECK_EQ(eut_product_open(&eut_api_host, 0, &huge, 1, x, &product), -ENOMEM);
    CHECK(!product && strstr(hr_error(), "more than the kernel counts"));
    eut_product_close(NULL);
}
