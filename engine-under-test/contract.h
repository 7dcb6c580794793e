/*
 * contract.h - what engine.h asks of every engine besides the rules: how it is made, asked and
 * ended.
 */
#ifndef EUT_CONTRACT_H
#define EUT_CONTRACT_H

#include "engine-under-test/engine.h"

#include <stdbool.h>
#include <stddef.h>

struct eut_contract {
    const char *name;    /* what is so */
    bool needs_matching; /* not asked of a ruler */
    bool built_in_only;  /* a foreign engine might take the machine down over it */
    /* 0, or 1 with one line in `why`; -ENOMEM. */
    int (*check)(const struct eut_engine *engine, char *why, size_t why_bytes);
};

/* Ended by a NULL name. */
extern const struct eut_contract eut_contracts[];

#endif
