/*
 * record.h - the run record: one JSON document, filled while measuring, from which result.json is
 * written and every report is made. Data first, text second.
 *
 * The typed calls below keep the schema's promises (reports/result.schema.json): no NaN (null and a
 * reason instead), integers for ns and counts, a status with every suite and case, and advice with
 * every status that is not pass. A json_t passed in as *_new is stolen.
 *
 * The shape, by example:
 *
 *   { "schema": {"name": "headroom-result", "major": 1, "minor": 1},
 *     "complete": true, "started": "2026-11-21T08:00:00Z", "finished": "2026-11-21T08:07:11Z",
 *     "seconds": 431.2,
 *     "tool": {"name": "headroom", "version": "0.1.0", "git_sha": "…", "git_dirty": false,
 *              "compiler": "gcc 12.2.0", "cflags": "-O2 …", "variant": "release", "features": ["hwloc"]},
 *     "argv": ["headroom", "run", "quick"], "config": {"flow.markets": {"value": 1000, "unit": "",
 *              "origin": "profile"}}, "profile": "quick",
 *     "host": {"fingerprint": "16 hex", "line": "2 × AMD EPYC …", "cpu": {…}, …, "readiness": [
 *              {"check": "governor", "status": "ok|advice|warning", "value": …, "advice": "…"}]},
 *     "ceilings": [{"id": "memory/lines/huge/bytes=4294967296", "unit": "lines/s", "better": "higher",
 *              "estimate": 9.6e7, "ci_low": …, "ci_high": …, "n_runs": 5, "samples": […], "params": {…},
 *              "reason": null}],
 *     "workload": {"flows": [{"sha256": "…", "digest": "16 hex", "oracle_digest": "16 hex", "requests":
 *              {"load": 0, "steady": 1000000}, "markets": 1000, "depth": {"levels": 10, "orders_per_level": 1},
 *              "mix": {…}, "counts": {"trades": …, "accepted": …, "rejected": {"would_cross": …}, …}}],
 *              "seeds": {"flow": 1, "arrival": 1}, "markets": …, "depth": …, "mix": …, "messages": …, "sha256": "…"},
 *     "suites": [{"name": "latency", "question": "…", "status": "pass", "reason": null, "advice": null,
 *              "seconds": 12.5, "cases": [{"id": "latency/inproc/reference/markets=1", "params": {…},
 *              "engine": "reference", "path": "inproc", "status": "pass", "reason": null, "advice": null,
 *              "digest": "16 hex", "runs": [{"seed": 1, "throughput": 5.1e7, "checks": [{"check": "steal",
 *              "status": "ok|soft|hard", "value": 0, "limit": 5, "unit": "ms"}]}],
 *              "metrics": [{"name": "throughput", "unit": "orders/s", "better": "higher", "estimate": …,
 *              "ci_low": …, "ci_high": …, "interval": true, "n_runs": 6, "samples": […], "outliers": 0,
 *              "ceiling": "id, words or null", "ceiling_value": …, "of_ceiling": 0.71, "reason": null}],
 *              "histograms": [{"name": "latency", "unit": "ns", "count": …, "clamped": 0, "min": …,
 *              "mean": …, "max": …, "percentiles": {"p50": …, "p90": …, "p99": …, "p99.9": …,
 *              "p99.99": null}, "reasons": {"p99.99": "needs …"}, "points": [[50.0, 123], …]}]}]}],
 *     "claims": [{"id": "…", "text": "…", "value": "26 M orders/s", "verdict": "short here", "reason": "…",
 *              "measured": {"case": "…", "field": "…", "estimate": …, "gap": 2.3}, "checks": [{"formula": "…",
 *              "holds": false, "left": "12.48 Gb/s", "right": "10 Gb/s", "names": {…}}]}], "warnings": ["…"], "verdict": {"status": "pass|fail|invalid|skip", "line": "…"} }
 *
 * Threads: one at a time.
 */
#ifndef HR_RECORD_H
#define HR_RECORD_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define HR_SCHEMA_NAME "headroom-result"
#define HR_SCHEMA_MAJOR 1
/* One more with every property that is added; what came with which is in result.schema.json. */
#define HR_SCHEMA_MINOR 1

enum hr_status { HR_PASS, HR_FAIL, HR_SKIP, HR_INVALID };

struct hr_record;
struct hr_record *hr_record_new(int argc, char *const *argv); /* tool, argv, started, complete:false */
void hr_record_free(struct hr_record *r);
json_t *hr_record_json(struct hr_record *r); /* borrowed */
/* When the run began, as "started" says it: seconds since 1970. */
double hr_record_started_s(const struct hr_record *r);
void hr_record_set_new(struct hr_record *r, const char *key, json_t *value); /* host, config, workload … */
void hr_record_warn(struct hr_record *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* complete, verdict, finished. */
void hr_record_finish(struct hr_record *r, bool complete);
/* Any document: whole or not at all (sink.h), sorted keys, newline at the end. "-" is standard
 * output. NULL is -ENOMEM, as is what cannot be put into JSON. */
int hr_json_write(const json_t *json, unsigned indent, const char *file);
/* Indented by one space: by two, a third of a result would be blanks. */
int hr_record_write(struct hr_record *r, const char *file);
/* Parses and checks name, major version and the fields that must be there. hr_error() has file:line. */
int hr_record_read(json_t **json, const char *file);

/* ---- suites, cases, metrics: borrowed json_t handles ---- */
json_t *hr_suite_begin(struct hr_record *r, const char *name, const char *question);
/* Status of a suite = the worst of its cases unless given a SKIP with a reason. */
void hr_suite_end(json_t *suite);
void hr_suite_skip(json_t *suite, const char *reason, const char *advice);

/* id is stable and slash separated: throughput/inproc/reference/markets=1000. A case begins
 * INVALID ("not finished") and is what hr_case_status() says of it at its end. */
json_t *hr_case_begin(json_t *suite, const char *id, const char *engine, const char *path, json_t *params_new);
void hr_case_status(json_t *c, enum hr_status status, const char *reason, const char *advice);
void hr_case_digest(json_t *c, uint64_t digest); /* as 16 hex digits */
/* One run: {"metric": number …} plus "seed", "seconds" and "checks". */
void hr_case_run_new(json_t *c, json_t *run);

/* A metric over runs; estimate and interval by hr_estimate_median(). samples: one per run. */
struct hr_metric {
    const char *name, *unit; /* "throughput", "orders/s" */
    bool higher;             /* which way is better */
    const double *samples;
    int n;
    const char *ceiling;     /* id of the ceiling that bounds it or what it is, or NULL */
    double ceiling_value;    /* in the metric's unit */
};
void hr_case_metric(json_t *c, const struct hr_metric *m);
/* Gives a figure another ceiling, one that is known only when other cases are measured. A figure
 * that is null keeps none. */
void hr_case_metric_bound(json_t *c, const char *name, const char *ceiling, double value);
/* A figure that could not be had. */
void hr_case_metric_null(json_t *c, const char *name, const char *unit, const char *reason);
/* One that is known only of the case as a whole, not of each run; not finite: null, with the reason. */
void hr_case_figure(json_t *c, const char *name, const char *unit, bool higher, double value,
                    const char *reason);
/* Why a figure of this case that is null is null, in the words of who saw the whole case. */
void hr_case_metric_why(json_t *c, const char *name, const char *reason);
/* A histogram under case["histograms"]: name, unit, count, min, mean, max, p50 … (null with a
 * reason below the samples needed), points[[percentile, value] …]. */
struct hr_histogram;
void hr_case_histogram(json_t *c, const char *name, const struct hr_histogram *h);

/* A ceiling: what this machine can at most. params_new: working set, threads, page size … */
void hr_record_ceiling(struct hr_record *r, const char *id, const char *unit, bool higher,
                       const double *samples, int n, json_t *params_new);
void hr_record_ceiling_null(struct hr_record *r, const char *id, const char *unit, const char *reason);

/* A JSON number, or null when it is not finite. */
json_t *hr_json_real(double value);

#endif
