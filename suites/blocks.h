/*
 * blocks.h - the parts of the blocks suite: what a state root costs one engine, and what agreeing
 * on it costs several.
 */
#ifndef HR_BLOCKS_H
#define HR_BLOCKS_H

#include "suites/suite.h"

#define HR_BLOCKS_SUITE "blocks"

/* Per market count: the whole root, the root of what a block touched, and membership proofs. */
int hr_state_root_cases(struct hr_bench *bench, json_t *suite);

#endif
