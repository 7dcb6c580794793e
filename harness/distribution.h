/*
 * distribution.h - drawing from skewed distributions by table: one draw, one or two loads.
 *
 * Tables are built with exactly reproducible arithmetic (portable_math.h), so that the same seed
 * gives the same draws on every machine.
 */
#ifndef HR_DISTRIBUTION_H
#define HR_DISTRIBUTION_H

#include "harness/random.h"

#include <stddef.h>

#define HR_QUANTILES 4096u

/* Geometric on 1, 2, 3 … with the given mean: the inverse distribution at 4095 quantiles; what
 * lies beyond the last is drawn again on top of it, which a geometric distribution allows
 * exactly. */
struct hr_geometric {
    uint32_t value[HR_QUANTILES]; /* the last: where the tail begins */
};
#define HR_GEOMETRIC_MEAN_MAX 1e6
void hr_geometric_init(struct hr_geometric *g,
                       double mean); /* 1 <= mean <= HR_GEOMETRIC_MEAN_MAX */
uint32_t hr_geometric_draw(const struct hr_geometric *g, struct hr_random *r);

/* 0 … n - 1 with weights falling geometrically, the last a quarter of the first: how resting orders
 * lie around the middle price, still populating the far levels. n <= HR_NEARNESS_MAX. */
#define HR_NEARNESS_MAX 4096u
struct hr_nearness {
    uint16_t value[HR_QUANTILES];
};
void hr_nearness_init(struct hr_nearness *d, uint32_t n);

static inline uint32_t hr_nearness_draw(const struct hr_nearness *d, uint64_t bits)
{
    return d->value[bits % HR_QUANTILES];
}

/* Zipf over n things, P(rank k) ~ 1/k^s, by Walker's alias method as Vose builds it. Which thing
 * has which rank is scattered. 8 bytes a thing. */
struct hr_zipf_cell {
    uint32_t keep; /* keep the cell with chance (keep + 1) / 2^32, else take the alias */
    uint32_t alias;
};
struct hr_zipf {
    struct hr_zipf_cell *cells;
    uint32_t n;
};
int hr_zipf_init(struct hr_zipf *z, uint32_t n, double s); /* -ENOMEM */
void hr_zipf_free(struct hr_zipf *z);

static inline uint32_t hr_zipf_draw(const struct hr_zipf *z, struct hr_random *r)
{
    uint64_t bits = hr_random_u64(r);
    uint32_t i = (uint32_t)(((bits >> 32) * z->n) >> 32);

    return (uint32_t)bits <= z->cells[i].keep ? i : z->cells[i].alias;
}

#endif
