/*
 * weight_stream.h - random weights in the shapes of a language model's layers, a vector, and what
 * their products must be: what the inference suite streams through processors and devices alike.
 */
#ifndef HR_WEIGHT_STREAM_H
#define HR_WEIGHT_STREAM_H

#include "harness/platform/platform.h"
#include "suites/language_model.h"
#include "suites/quantised_matrix.h"

#define HR_STREAM_LAYERS_MAX 512
#define HR_STREAM_RUN_BYTES (UINT64_C(4) << 30) /* streamed in a run, about */
#define HR_STREAM_PASSES_MAX 64

struct hr_weight_stream {
    const struct hr_language_model *model;
    uint32_t layers;
    int matrices_count, passes; /* of a run */
    uint64_t bytes;
    /* Of one that was made: */
    struct hr_region region;
    struct hr_matrix *matrices;
    int8_t *x; /* as long as the widest */
    uint32_t columns;
    uint64_t expected; /* the digest of right answers */
};

/* As many whole layers as fit into so many bytes, at least one. Nothing is made yet. */
void hr_weight_stream_plan(struct hr_weight_stream *s, const struct hr_language_model *model,
                           uint64_t bytes);
/* -ENOMEM. Closed in any case. */
int hr_weight_stream_make(struct hr_weight_stream *s);
void hr_weight_stream_close(struct hr_weight_stream *s);

/* The digest of answers, all rows of each matrix: some rows of each are looked at. */
uint64_t hr_weight_stream_digest(const struct hr_weight_stream *s, const uint32_t *const *y);

#endif
