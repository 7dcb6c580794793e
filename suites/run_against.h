/*
 * run_against.h - the older engine of `headroom run --against`: opened under a name of its own,
 * held to the rules, and the two compared at the end. Who takes which turn is harness/measure.h's.
 */
#ifndef HR_RUN_AGAINST_H
#define HR_RUN_AGAINST_H

#include "engine-under-test/loader.h"
#include "suites/suite.h"

struct hr_run_against {
    struct eut_handle handle;
    struct eut_engine old; /* as the rig knows it: old:NAME */
    char name[48], watched[200];
};

/* Sets rig->against, if there is a name, and has crashes of either library told as theirs. engine
 * is the one under test, called engine_name on the command line. -EINVAL for the null engine. */
int hr_run_against_open(struct hr_run_against *against, struct hr_rig *rig,
                        const struct eut_handle *engine, const char *engine_name, const char *name);
void hr_run_against_close(struct hr_run_against *against);
/* "against" in the record: the names as they were given, and what gates: of cases that were chosen
 * by a filter all do. Like those below it does nothing when there is no older engine. */
void hr_run_against_record(const struct hr_rig *rig, const char *engine_name, const char *name,
                           bool chosen);
/* The conformance suite once more, on the older engine. */
int hr_run_against_conform(struct hr_bench *bench, json_t *suite);
/* "comparison" in the record, of a run that came to its end, or a warning why there is none; file:
 * where the record will lie. */
void hr_run_against_judge(struct hr_rig *rig, const char *file);
/* HR_EXIT_OK, HR_EXIT_VERDICT for a regression, or HR_EXIT_INVALID if nothing could be compared. */
int hr_run_against_exit(const struct hr_rig *rig);

#endif
