/* distribution.c - builds the tables that the flow generator draws from. Cannot see how well a
 * finite draw fits them: tests/unit/distribution_test.c does. */
#include "harness/distribution.h"

#include "harness/portable_math.h"

#include <errno.h>
#include <stdlib.h>

void hr_geometric_init(struct hr_geometric *g, double mean)
{
    double stay = 1 - 1 / mean, beyond = 1; /* beyond: the chance of more than `value` lots */
    uint32_t value = 0;

    for (uint32_t i = 0; i < HR_QUANTILES; i++) {
        /* the middle of each part of the distribution; the tail begins where the last part does */
        double left = i + 1 < HR_QUANTILES ? 1 - (i + 0.5) / HR_QUANTILES : 1.0 / HR_QUANTILES;

        while (value == 0 || beyond > left) {
            value++;
            beyond = beyond * stay;
        }
        g->value[i] = value;
    }
}

uint32_t hr_geometric_draw(const struct hr_geometric *g, struct hr_random *r)
{
    uint32_t value = 0;

    for (int again = 0; again < 64; again++) {
        uint32_t i = (uint32_t)(hr_random_u64(r) >> 52);

        value += g->value[i];
        if (i != HR_QUANTILES - 1) {
            break;
        }
    }
    return value;
}

void hr_nearness_init(struct hr_nearness *d, uint32_t n)
{
    double ratio = n > 1 ? hr_portable_pow(0.25, 1.0 / (n - 1)) : 1, weight = 1, total = 0, sum = 1;

    for (uint32_t i = 0; i < n; i++) {
        total = total + weight;
        weight = weight * ratio;
    }
    weight = 1;
    for (uint32_t i = 0, value = 0; i < HR_QUANTILES; i++) {
        while (value + 1 < n && sum * HR_QUANTILES <= (i + 0.5) * total) {
            weight = weight * ratio;
            sum = sum + weight;
            value++;
        }
        d->value[i] = (uint16_t)value;
    }
}

/* Ranks 0 … n-1 onto things 0 … n-1: a walk whose step is prime to n visits each once. */
static uint32_t scatter_step(uint32_t n)
{
    uint32_t step = (uint32_t)((uint64_t)n * 2654435769u >> 32);

    for (;; step++) {
        uint32_t a = n, b = step;

        while (b) {
            uint32_t rest = a % b;

            a = b;
            b = rest;
        }
        if (a == 1) {
            return step;
        }
    }
}

int hr_zipf_init(struct hr_zipf *z, uint32_t n, double s)
{
    double *weight = malloc(n * sizeof(*weight)), total = 0;
    uint32_t *queue =
        malloc(n * sizeof(*queue)); /* the light from the front, the heavy from the back */
    uint32_t light = 0, heavy = n, step = scatter_step(n), thing = 0;

    *z = (struct hr_zipf){malloc(n * sizeof(*z->cells)), n};
    if (!weight || !queue || !z->cells) {
        free(weight);
        free(queue);
        hr_zipf_free(z);
        return -ENOMEM;
    }
    for (uint32_t rank = 0; rank < n; rank++) {
        weight[thing] = hr_portable_pow(1.0 / ((double)rank + 1), s);
        total = total + weight[thing];
        thing = (uint32_t)(((uint64_t)thing + step) % n);
    }
    for (uint32_t i = 0; i < n; i++) {
        weight[i] = weight[i] / total * n;
        z->cells[i] = (struct hr_zipf_cell){UINT32_MAX, i};
        if (weight[i] < 1) {
            queue[light++] = i;
        } else {
            queue[--heavy] = i;
        }
    }
    while (light > 0 && heavy < n) {
        uint32_t small = queue[--light], large = queue[heavy];

        z->cells[small] = (struct hr_zipf_cell){(uint32_t)(weight[small] * 4294967295.0), large};
        weight[large] = weight[large] - (1 - weight[small]);
        if (weight[large] < 1) {
            heavy++;
            queue[light++] = large;
        }
    }
    free(weight);
    free(queue);
    return 0;
}

void hr_zipf_free(struct hr_zipf *z)
{
    free(z->cells);
    z->cells = NULL;
}
