/*
 * language_model.h - the shapes of language models, from configs/models/NAME.yaml: what one token
 * makes a machine read, and what a model takes of its memory. Shapes, not weights.
 *
 * A layer has seven matrices: query, key, value and output of the attention, gate, up and down of
 * the inner part; after the layers comes the output matrix, a row a word. Decoding a token reads
 * all of them once. The table of words, as large as the output matrix, is held too; of it one row
 * is read.
 */
#ifndef HR_LANGUAGE_MODEL_H
#define HR_LANGUAGE_MODEL_H

#include <stdint.h>

#define HR_MODELS_MAX 16
#define HR_MODEL_MATRICES 7

struct hr_language_model {
    char id[64], name[96], source[160];
    uint32_t bits, layers, width, inner, heads, kv_heads, head_width, words;
};

/* name: NAME of configs/models/NAME.yaml, or a file where it holds a slash. 0; -errno with
 * file:line and the mend. */
int hr_models_read(const char *name, struct hr_language_model models[HR_MODELS_MAX], int *count);

/* Rows and columns of a layer's matrices. */
void hr_model_matrix(const struct hr_language_model *m, int which, uint32_t *rows,
                     uint32_t *columns);
uint64_t hr_model_layer_bytes(const struct hr_language_model *m);
uint64_t hr_model_token_bytes(const struct hr_language_model *m); /* read for a token, no context */
uint64_t hr_model_weight_bytes(const struct hr_language_model *m); /* held */
/* Keys and values of one token of context, at 16 bits; each later token reads them too. */
uint64_t hr_model_context_bytes(const struct hr_language_model *m);

#endif
