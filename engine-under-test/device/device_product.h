/*
 * device_product.h - matrices of quantised weights in a device's memory, multiplied with a vector
 * one after the other: what decoding a token of a language model makes a device read.
 *
 * The weights' layout is kernel_product.h's. Products follow each other as in a decoder: each
 * begins when the one before has ended.
 *
 * Threads: one at a time. Errors: as device_api.h.
 */
#ifndef EUT_DEVICE_PRODUCT_H
#define EUT_DEVICE_PRODUCT_H

#include "engine-under-test/device/device_api.h"

struct eut_product_matrix {
    const uint8_t *tiles; /* of the host; copied at once */
    uint64_t bytes;
    uint32_t rows, columns; /* multiples of 32 */
    uint32_t bits;          /* 4 or 8 */
};

struct eut_product;

/* x: as many values as the widest matrix has columns. -ENOMEM, too, for a matrix that the device
 * takes in no single buffer. */
int eut_product_open(const struct eut_device_api *api, uint32_t number,
                     const struct eut_product_matrix *matrices, uint32_t count, const int8_t *x,
                     struct eut_product **product);
/* All products, `passes` times; *ns on the device's clock. */
int eut_product_run(struct eut_product *product, uint32_t passes, uint64_t *ns);
/* The rows of this matrix after the last run; valid until the next one. */
const uint32_t *eut_product_answer(const struct eut_product *product, uint32_t matrix);
const struct eut_device_facts *eut_product_device(const struct eut_product *product);
void eut_product_close(struct eut_product *product); /* accepts NULL */

#endif
