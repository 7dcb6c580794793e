/*
 * compare.h - two results, or the two engines of one interleaved run: which figures regressed?
 *
 * The comparison is a JSON document; text, Markdown and JUnit are written from it:
 *
 *   { "schema": {"name": "headroom-comparison", "major": 1, "minor": 0},
 *     "mode": "interleaved|stored|across-hosts",
 *     "old": {"file": …, "engine": …, "started": …, "host": …, "fingerprint": …, "tool": …}, "new":
 * {…}, "workload": "sha256", "gate": "regular expression", "alpha": 0.025, "verdict": {"status":
 * "regression|inconclusive|invalid|improvement|same|ratios", "line": "…"}, "rows": [{"case":
 * "throughput/inproc/markets=1", "metric": "throughput", "unit": "orders/s", "better": "higher",
 * "gating": true, "verdict": "regression", "reason": null, "old": 5.6e7, "new": 5.3e7, "n": 10,
 * "ratio": 0.95, "ci_low": 0.94, "ci_high": 0.96, "margin": 0.02, "floor": 0.004, "drift": null,
 * "p": 0.001, "p_holm": 0.005, "more": 0}], "notes": ["…"] }
 *
 * ratio, ci_low and ci_high are new over old as measured; margin, floor and drift are shares. The
 * verdict of a row that gates is one of those above; of one that only informs "worse" and "better"
 * stand for regression and improvement; or it is "not compared", with the reason. Across hosts all
 * are "ratio": there nothing is called a regression. The statistics are harness/verdict.h's.
 */
#ifndef HR_COMPARE_H
#define HR_COMPARE_H

#include <jansson.h>
#include <regex.h>
#include <stdbool.h>
#include <stdio.h>

/* Few figures gate, and they are named before anything is measured: these, if nobody names others.
 * Held against "CASE:METRIC", the case without its engine. */
#define HR_COMPARE_GATE                                                         \
    "^throughput/[^/]+/(flow=[^/]+|markets=[0-9]+|crossing=[0-9]+):throughput$" \
    "|^latency/[^/]+/load=closed/[^:]+:p(50|99)$"

/* Where a user chose the cases of an interleaved run. */
#define HR_COMPARE_GATE_CHOSEN ":(throughput|p50|p99)$"
/* The ids of the cases that have them, with their engine. */
#define HR_COMPARE_CASES                                                   \
    "^throughput/[^/]+/[^/]+/(flow=[^/]+|markets=[0-9]+|crossing=[0-9]+)$" \
    "|^latency/[^/]+/[^/]+/load=closed/"

#define HR_COMPARE_FILES_MAX 26

struct hr_compare_options {
    double effect_min; /* of every metric; 0: 2 % of rates and medians, 5 % of p99, 10 % beyond */
    const char *gate;  /* extended regular expression; NULL: that of the run, or HR_COMPARE_GATE */
    bool across_hosts; /* only ratios, of different machines too */
    json_t *const *again; /* further results of the old build, for the noise floor */
    int again_count;
};

/* The engine under test: the first that a case names, the ruler left out; "" if none was. */
const char *hr_compare_engine(const json_t *record);
/* A case's id without the engine under test, since two results may be of two; what is measured
 * beside it (devices, the ruler) keeps its name. */
#define HR_COMPARE_KEY_MAX 256
void hr_compare_key(const char *engine, const json_t *item, char key[HR_COMPARE_KEY_MAX]);
/* An extended regular expression of the option's; -EINVAL with why it is none. */
int hr_compare_regex(regex_t *regex, const char *option, const char *text);

/* Records are such as passed hr_schema_check(). *comparison is a new reference. -EXDEV if the two
 * cannot be compared, -EINVAL for a bad expression, -ENOMEM. */
int hr_compare_stored(const json_t *old, const char *old_name, const json_t *new,
                      const char *new_name, const struct hr_compare_options *options,
                      json_t **comparison);
/* The engines of one `headroom run --against`. */
int hr_compare_interleaved(const json_t *record, const char *name,
                           const struct hr_compare_options *options, json_t **comparison);
bool hr_compare_is_interleaved(const json_t *record);

/* HR_EXIT_VERDICT for a regression, else HR_EXIT_INVALID if a gating figure could not be trusted,
 * else HR_EXIT_INCONCLUSIVE if that was asked for, HR_EXIT_OK otherwise. */
int hr_compare_exit(const json_t *comparison, bool fail_on_inconclusive);

/* The comparison as blocks of a report (sheet.h). all: also information that is neither better nor
 * worse. */
void hr_section_comparison(json_t *sheet, const json_t *record); /* if it has one */
void hr_compare_sheet(json_t *sheet, const json_t *comparison, bool all);
int hr_compare_text(const json_t *comparison, FILE *out, bool color, bool all);
/* Several comparisons in one file. */
int hr_compare_markdown(const json_t *comparisons, bool all, const char *file);
int hr_compare_junit(const json_t *comparisons, const char *file);

#endif
