/*
 * run_plan.h - what will be measured and how long will it take? Asked before anything runs.
 *
 * The plan is made by the suites themselves: they declare their cases to a rig that does not
 * measure. So the plan cannot differ from the run. Seconds are guesses from typical rates; they
 * steer the progress line and the cutting to run.budget, nothing else.
 */
#ifndef HR_RUN_PLAN_H
#define HR_RUN_PLAN_H

#include "suites/suite.h"

#include <stdio.h>

/* Is this suite named by run.suites (conformance always is)? */
bool hr_suite_asked(const struct hr_config *config, const char *name);
/* -EINVAL for a name in run.suites that is none. */
int hr_suites_check(const struct hr_config *config);

/* {"cases": [{"id", "params", "runs", "seconds"}], "seconds"}, a case with the "metrics" ([{"name",
 * "unit"}]) that hr_measure() will fill; a new reference, NULL with hr_error(). bench->rig needs config, engine, path, filter, record, cpus. */
json_t *hr_run_plan(struct hr_bench *bench);
/* Halves the suites' requests, then their runs (to no less than 3), until the plan fits run.budget;
 * each change is warned of in the record. *plan is made anew. */
int hr_run_plan_fit(struct hr_bench *bench, struct hr_config *config, json_t **plan);
double hr_run_plan_seconds(const json_t *plan);
void hr_run_plan_print(const json_t *plan, FILE *out);

#endif
