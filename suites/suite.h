/*
 * suite.h - one folder file per question. A suite declares its work; harness/measure does the timing,
 * repeating and statistics. A suite says what happened, never whether that is good.
 */
#ifndef HR_SUITE_H
#define HR_SUITE_H

#include "engine-under-test/engine.h"
#include "harness/config.h"
#include "harness/path.h"
#include "harness/record.h"

struct hr_bench {
    struct hr_record *record;
    const struct hr_config *config;
    const struct eut_engine *engine;   /* under test */
    const char *engine_name;
    const struct hr_path_ops *path;
    const char *filter;                /* regular expression over case ids, or NULL */
};

struct hr_suite_ops {
    const char *name, *question;
    /* Predicted seconds with this configuration, and its cases, for the plan (-n). */
    double (*plan)(const struct hr_bench *bench, json_t *cases);
    /* 0; -errno if the suite itself broke; -EINTR after Ctrl-C with what was finished recorded. */
    int (*run)(struct hr_bench *bench, json_t *suite);
};
extern const struct hr_suite_ops *const hr_suites[]; /* ended by NULL; conformance first: it gates all */

#endif
