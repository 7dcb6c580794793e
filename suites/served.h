/*
 * served.h - what do other programs make of a language model here? Cases of the inference suite
 * whose figures are theirs, not ours: their answers are not checked, and their cases say so.
 *
 * endpoint=here|elsewhere/model=M/prompt=W: first_token (ns), decode (tokens/s) and prompt_tokens
 * of an OpenAI-compatible server. "here" is this machine by the URL's host name; what a server
 * elsewhere does says nothing of this machine, and no claim takes it.
 *
 * llama-bench/model=M: prompt and decode (tokens/s) and weights (bytes), as llama-bench tells them.
 *
 * Each only if its setting is given. SKIP with the reason if the other does not answer, INVALID if
 * it answers nonsense. 0, -EINTR, -EINVAL for a setting that cannot be.
 */
#ifndef HR_SERVED_H
#define HR_SERVED_H

#include "suites/suite.h"

int hr_endpoint_case(struct hr_bench *bench, json_t *suite);
int hr_llama_bench_case(struct hr_bench *bench, json_t *suite);

/* ---- what both do ---- */

/* A model's name as part of a case's id: lower case, what is no letter, digit, dot or dash is -. */
void hr_model_in_id(const char *name, char *to, size_t size);
/* While planning: lists the case with its runs and seconds. True if there is nothing to do now:
 * planned, or filtered out. */
bool hr_served_planned(struct hr_bench *bench, const char *name, json_t *params, int runs,
                       double seconds);
/* The case's figure: the runs' samples, or null with the reason if `why` is not NULL or one of them
 * is no number. */
void hr_served_metric(json_t *c, const struct hr_metric *metric, const char *why);

#endif
