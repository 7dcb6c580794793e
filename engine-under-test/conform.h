/*
 * conform.h - may this engine be measured? Scenario tests for every rule, then differential
 * fuzzing against the oracle with hostile flows; a failure is shrunk to a few requests.
 */
#ifndef EUT_CONFORM_H
#define EUT_CONFORM_H

#include "engine-under-test/engine.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* So that neighbouring first seeds share no rounds. */
#define EUT_SEED_STEP 1000003u

struct eut_conform_params {
    const struct eut_engine *engine;
    uint64_t seed;      /* of the first round; the next ones add EUT_SEED_STEP each */
    uint64_t requests;  /* of hostile flow, in all; rounds are whole */
    bool verbose;       /* name every scenario */
    FILE *out;          /* the account of it; NULL for silence */
    const char *name;   /* what the user typed, for the advice; NULL: the engine's name */
    const char *flow;   /* file for the shrunk flow of a failure, in binary form; may be NULL */
    bool progress;      /* show it on standard error */
};

/* The engine runs in a child process: one that crashes or hangs fails, and the report stays. */
struct eut_conform_result {
    uint32_t scenarios, scenarios_failed; /* the contract's checks included */
    uint32_t scenarios_skipped;           /* the engine lacks the capability */
    uint64_t requests;                    /* of hostile flow, those of the failing round included */
    uint64_t requests_failed_at;          /* position in that round, from 1; 0 if none failed */
    uint64_t seed_failed;
    char first_failure[512]; /* one line: what was expected, what came */
};

/* 0 if the engine conforms, 1 if it does not, -errno if it could not be judged: -ENOTSUP for a
 * ruler, which does not match at all, -EINTR after Ctrl-C. */
int eut_conform(const struct eut_conform_params *params, struct eut_conform_result *result);

/* Hostile requests for one seed: colliding ids, self-trades, huge quantities, prices at both ends,
 * replace chains, unknown codes, L2 and L3 mixed. Deterministic. Needs no feedback. */
struct eut_hostile {
    uint32_t markets, l2_markets;
    bool full_range;  /* prices over the whole range, else a narrow band */
    bool bad_codes;   /* unknown letters too (binary forms only) */
    bool brink;       /* books of about as many levels and ticks as an engine's arrays may hold */
};
void eut_hostile_fill(const struct eut_hostile *kind, uint64_t seed, struct eut_request *requests,
                      uint32_t count);

/* One round of hostile flow: the flow, the limits, the batches, all drawn from the seed and
 * kept to what the engine's capabilities allow. *requests is the caller's to free(). -ENOMEM. */
struct eut_trial;
int eut_hostile_round(uint64_t seed, uint64_t capabilities, struct eut_trial *trial,
                      struct eut_request **requests, uint32_t *count);

#endif
