/*
 * suite.h - one file per question. A suite declares its work; harness/measure does the timing,
 * repeating and statistics. A suite says what happened, never whether that is good.
 */
#ifndef HR_SUITE_H
#define HR_SUITE_H

#include "harness/cluster.h"
#include "harness/measure.h"

struct hr_bench {
    struct hr_rig rig; /* record, config, engine under test, path, tapes */
    char gate[512]; /* why no other suite may measure: set by conformance; "" if they may */
    struct hr_ranks *ranks; /* this process leads them; NULL: it is alone */
    char no_ranks[256]; /* why none could be forked, or "" */
    struct hr_cluster_parts parts;
};

struct hr_suite_ops {
    const char *name, *question;
    /* Measures its cases into `suite`, or, while rig.plan is set, only declares them: one list of
     * cases serves both. 0; -errno if the suite itself broke; -EINTR after Ctrl-C with what was
     * finished recorded. */
    int (*run)(struct hr_bench *bench, json_t *suite);
};
/* Ended by NULL; conformance first: it gates all. */
extern const struct hr_suite_ops *const hr_suites[];
/* NULL with a message. */
const struct hr_suite_ops *hr_suite_find(const char *name);

#endif
