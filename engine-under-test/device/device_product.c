/*
 * device_product.c - how fast does a device multiply quantised matrices with a vector?
 *
 * One buffer a matrix, one launch a product, all in one queue; columns are cut into as many slices
 * as keep the device busy. What it cannot see: what a kernel for one device alone would reach.
 */
#include "engine-under-test/device/device_product.h"

#include "engine-under-test/device/kernel_matrix.h"
#include "harness/error.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

extern const char eut_kernel_product_text[]; /* made by the Makefile */

#define GPU_GROUP 256u
#define GPU_ITEMS_A_UNIT 2048u /* as many as fit on one */
#define GPU_UNITS_UNTOLD 80u   /* as device_ceilings.c */
#define CPU_GROUP 64u

enum { CLEAR, TILES, KERNELS };
static const char *const names[KERNELS + 1] = {
    [CLEAR] = "product_clear", [TILES] = "product_tiles"};

struct matrix {
    struct eut_buffer *weights;
    struct product_shape shape;
};

struct eut_product {
    struct eut_device *device;
    struct eut_kernel *kernel[KERNELS];
    struct eut_buffer *x, *x_sums, *y; /* y is mirrored, and the device's between runs */
    struct matrix *matrix;
    uint32_t count, group;
    uint32_t rows; /* of all */
};

static uint32_t groups_for(const struct eut_product *p, uint32_t items)
{
    return (items + p->group - 1) / p->group;
}

static int wait_for(struct eut_product *p, uint32_t mark)
{
    int rc = p->device->ops->mark(p->device, 0, mark);

    return rc ? rc : p->device->ops->after(p->device, EUT_HOST, mark);
}

static int put(struct eut_product *p, const void *bytes, uint64_t count, struct eut_buffer **buffer)
{
    const struct eut_device_ops *ops = p->device->ops;
    uint64_t most = p->device->facts.buffer_bytes_max;
    int rc = most && count > most
                 ? hr_fail(ENOMEM, "the device takes %" PRIu64 " bytes in a buffer, not %" PRIu64,
                           most, count)
                 : ops->alloc(p->device, EUT_BUFFER_PRIVATE, count, buffer);

    rc = rc ? rc
            : ops->copy(p->device, 0, EUT_TO_DEVICE, *buffer, 0, count, (void *)(uintptr_t)bytes);
    return rc ? rc : wait_for(p, 0);
}

/* As numbers of 32 bits, and summed by tile. */
static int put_vector(struct eut_product *p, const int8_t *x, uint32_t columns)
{
    int32_t *wide = calloc(columns, sizeof(*wide));
    int32_t *sums = calloc(columns / PRODUCT_TILE, sizeof(*sums));
    int rc = wide && sums ? 0 : hr_fail(ENOMEM, "no memory for a vector");

    for (uint32_t i = 0; rc == 0 && i < columns; i++) {
        wide[i] = x[i];
        sums[i / PRODUCT_TILE] += x[i];
    }
    rc = rc ? rc : put(p, wide, (uint64_t)columns * sizeof(*wide), &p->x);
    rc = rc ? rc : put(p, sums, (uint64_t)columns / PRODUCT_TILE * sizeof(*sums), &p->x_sums);
    free(wide);
    free(sums);
    return rc;
}

/* So many that there is work for all units, and each slice has a tile. */
static uint32_t slices_for(const struct eut_device_facts *f, uint32_t pairs, uint32_t across)
{
    uint32_t units = f->compute_units ? f->compute_units : GPU_UNITS_UNTOLD;
    uint32_t items = f->kind == EUT_DEVICE_CPU ? 1 : units * GPU_ITEMS_A_UNIT;
    uint32_t slices = (items + pairs - 1) / pairs;

    return slices < across ? slices : across;
}

static int put_matrix(struct eut_product *p, const struct eut_product_matrix *m)
{
    struct matrix *to = &p->matrix[p->count];
    uint32_t pairs = m->rows / 2, across = m->columns / PRODUCT_TILE;

    if (m->bytes / sizeof(uint32_t) > UINT32_MAX || across > UINT16_MAX) {
        return hr_fail(ENOMEM, "a matrix of %" PRIu64 " bytes is more than the kernel counts",
                       m->bytes);
    }
    to->shape = (struct product_shape){.pairs = pairs,
                                       .across = across,
                                       .slices = slices_for(&p->device->facts, pairs, across),
                                       .bits = m->bits,
                                       .answer = p->rows};
    p->rows += m->rows;
    p->count++;
    return put(p, m->tiles, m->bytes, &to->weights);
}

static int fill(struct eut_product *p, const struct eut_product_matrix *matrices, uint32_t count,
                const int8_t *x)
{
    const struct eut_kernel_source source = {.text = eut_kernel_product_text, .names = names};
    const struct eut_device_facts *f = &p->device->facts;
    uint32_t widest = 0, group = f->kind == EUT_DEVICE_CPU ? CPU_GROUP : GPU_GROUP;
    int rc = p->device->ops->build(p->device, &source, p->kernel);

    p->group = f->group_max && f->group_max < group ? f->group_max : group;
    for (uint32_t i = 0; rc == 0 && i < count; i++) {
        widest = matrices[i].columns > widest ? matrices[i].columns : widest;
        rc = put_matrix(p, &matrices[i]);
    }
    rc = rc ? rc : put_vector(p, x, widest);
    rc = rc ? rc
            : p->device->ops->alloc(p->device, EUT_BUFFER_MIRRORED,
                                    (uint64_t)p->rows * sizeof(uint32_t), &p->y);
    return rc ? rc : p->device->ops->copy(p->device, 0, EUT_TO_DEVICE, p->y, 0, 0, NULL);
}

int eut_product_open(const struct eut_device_api *api, uint32_t number,
                     const struct eut_product_matrix *matrices, uint32_t count, const int8_t *x,
                     struct eut_product **product)
{
    struct eut_product *p = calloc(1, sizeof(*p));
    int rc;

    *product = NULL;
    if (p) {
        p->matrix = calloc(count + 1, sizeof(*p->matrix));
    }
    rc = p && p->matrix ? eut_device_open(api, number, &p->device)
                        : hr_fail(ENOMEM, "no memory for %u matrices", count);
    rc = rc ? rc : fill(p, matrices, count, x);
    if (rc) {
        eut_product_close(p);
        return rc;
    }
    *product = p;
    return 0;
}

static int pass(struct eut_product *p)
{
    const struct eut_device_ops *ops = p->device->ops;
    const struct eut_arg all[] = {{.buffer = p->y},
                                  {.value = &p->rows, .value_bytes = sizeof(p->rows)}};
    int rc = ops->launch(p->device, 0, p->kernel[CLEAR], groups_for(p, p->rows), p->group, all, 2);

    for (uint32_t i = 0; rc == 0 && i < p->count; i++) {
        const struct matrix *m = &p->matrix[i];
        const struct eut_arg args[] = {{.buffer = m->weights},
                                       {.buffer = p->x},
                                       {.buffer = p->x_sums},
                                       {.buffer = p->y},
                                       {.value = &m->shape, .value_bytes = sizeof(m->shape)}};

        rc = ops->launch(p->device, 0, p->kernel[TILES],
                         groups_for(p, m->shape.pairs * m->shape.slices), p->group, args, 5);
    }
    return rc;
}

int eut_product_run(struct eut_product *p, uint32_t passes, uint64_t *ns)
{
    const struct eut_device_ops *ops = p->device->ops;
    int rc = ops->copy(p->device, 0, EUT_TO_DEVICE, p->y, 0, 0, NULL);

    rc = rc ? rc : ops->mark(p->device, 0, 0);
    for (uint32_t i = 0; rc == 0 && i < passes; i++) {
        rc = pass(p);
        rc = rc ? rc : ops->mark(p->device, 0, 3); /* so that the device begins with it */
    }
    rc = rc ? rc : wait_for(p, 1);
    rc = rc ? rc : ops->elapsed(p->device, 0, 1, ns);
    rc = rc ? rc : ops->copy(p->device, 0, EUT_TO_HOST, p->y, 0, p->y->bytes, NULL);
    return rc ? rc : wait_for(p, 2);
}

const uint32_t *eut_product_answer(const struct eut_product *p, uint32_t matrix)
{
    return (const uint32_t *)p->y->host + p->matrix[matrix].shape.answer;
}

const struct eut_device_facts *eut_product_device(const struct eut_product *p)
{
    return &p->device->facts;
}

void eut_product_close(struct eut_product *p)
{
    if (!p) {
        return;
    }
    if (p->device) {
        p->device->ops->close(p->device);
    }
    free(p->matrix);
    free(p);
}
