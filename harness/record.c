/* record.c - what was measured, as one JSON document? Typed calls fill it, so that no figure is
 * without its status and no NaN gets in. It cannot see whether a status is deserved: suites say
 * that. */
#include "harness/record.h"
#include "harness/build.h"
#include "harness/clock.h"
#include "harness/error.h"
#include "harness/histogram.h"
#include "harness/statistics.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TEXT_MAX 1024
#define POINTS_MAX 200
#define EXACT_MAX 9007199254740992.0 /* 2^53 */
#define BEGAN "began_ns"             /* in a suite or case only while it runs */

struct hr_record {
    json_t *json;
    uint64_t began_ns;
    time_t started;
};

/* Text from outside may not be UTF-8, or be cut within a character: JSON could then not be written
 * at all. What is not ASCII is then shown as '?'. */
static json_t *text_or_null(const char *text)
{
    json_t *json = text ? json_string(text) : json_null();
    char *copy;

    if (json) {
        return json;
    }
    copy = strdup(text);
    for (char *at = copy; at && *at; at++) {
        *at = (char)((unsigned char)*at < 0x80 ? *at : '?');
    }
    json = copy ? json_string(copy) : NULL;
    free(copy);
    return json ? json : json_null();
}

json_t *hr_json_real(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

/* Integers for ns, bytes and counts. */
static json_t *number(const char *unit, double value)
{
    bool whole =
        strcmp(unit, "ns") == 0 || strcmp(unit, "bytes") == 0 || strcmp(unit, "count") == 0;

    if (whole && value == floor(value) && fabs(value) < EXACT_MAX) {
        return json_integer((json_int_t)value);
    }
    return hr_json_real(value);
}

/* UTC; SOURCE_DATE_EPOCH stands in for the clock where a result must be reproducible to the byte.
 */
static time_t now_s(void)
{
    const char *fixed = getenv("SOURCE_DATE_EPOCH");
    time_t now = time(NULL);
    char *end;

    if (fixed && *fixed) {
        long long seconds = strtoll(fixed, &end, 10);

        now = *end || seconds < 0 || seconds > 253402300799 ? now : (time_t)seconds;
    }
    return now;
}

static json_t *instant(time_t when)
{
    struct tm utc;
    char text[40];

    gmtime_r(&when, &utc);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
    return json_string(text);
}

static const char *status_name(enum hr_status status)
{
    static const char *const names[] = {"pass", "fail", "skip", "invalid"};

    return names[status];
}

static enum hr_status status_of(const json_t *object)
{
    const char *name = json_string_value(json_object_get(object, "status"));

    for (int s = HR_PASS; s <= HR_INVALID; s++) {
        if (name && strcmp(name, status_name((enum hr_status)s)) == 0) {
            return (enum hr_status)s;
        }
    }
    return HR_INVALID;
}

/* A skipped part does not spoil the whole, but a whole of skipped parts is skipped. */
static int weight(enum hr_status status)
{
    static const int weights[] = {[HR_SKIP] = 0, [HR_PASS] = 1, [HR_INVALID] = 2, [HR_FAIL] = 3};

    return weights[status];
}

/* ---- the record ------------------------------------------------------------------- */

static json_t *tool(void)
{
    json_t *features = json_pack("[s,s,s,s]", "hwloc", "jansson", "libyaml", "zstd");

#if defined(__x86_64__) || defined(__i386__)
    json_array_append_new(features, json_string("libcpuid"));
#endif
    return json_pack("{s:s,s:s,s:o,s:o,s:s,s:s,s:s,s:o}", "name", "headroom", "version",
                     hr_build.version, "git_sha",
                     text_or_null(*hr_build.git_sha ? hr_build.git_sha : NULL), "git_dirty",
                     *hr_build.git_sha ? json_boolean(hr_build.git_dirty) : json_null(), "compiler",
                     hr_build.compiler, "cflags", hr_build.cflags, "variant", hr_build.variant,
                     "features", features);
}

struct hr_record *hr_record_new(int argc, char *const *argv)
{
    struct hr_record *r = calloc(1, sizeof(*r));
    json_t *words = json_array();

    if (!r || !words) {
        free(r);
        json_decref(words);
        return NULL;
    }
    for (int i = 0; i < argc; i++) {
        json_array_append_new(words, text_or_null(argv[i]));
    }
    r->began_ns = hr_clock_ns();
    r->started = now_s();
    r->json = json_pack(
        "{s:{s:s,s:i,s:i},s:b,s:o,s:n,s:n,s:o,s:o,s:{},s:{},s:[],s:{},s:[],s:[],s:[],"
        "s:{s:s,s:s}}",
        "schema", "name", HR_SCHEMA_NAME, "major", HR_SCHEMA_MAJOR, "minor", HR_SCHEMA_MINOR,
        "complete", 0, "started", instant(r->started), "finished", "seconds", "tool", tool(),
        "argv", words, "config", "host", "ceilings", "workload", "suites", "claims", "warnings",
        "verdict", "status", "invalid", "line", "not finished");
    if (!r->json) {
        free(r);
        return NULL;
    }
    return r;
}

void hr_record_free(struct hr_record *r)
{
    if (r) {
        json_decref(r->json);
        free(r);
    }
}

json_t *hr_record_json(struct hr_record *r)
{
    return r->json;
}

double hr_record_started_s(const struct hr_record *r)
{
    return (double)r->started;
}

void hr_record_set_new(struct hr_record *r, const char *key, json_t *value)
{
    json_object_set_new(r->json, key, value ? value : json_null());
}

void hr_record_warn(struct hr_record *r, const char *format, ...)
{
    json_t *warnings = json_object_get(r->json, "warnings"), *old;
    char text[TEXT_MAX];
    va_list args;
    size_t i;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    json_array_foreach (warnings, i, old) {
        if (strcmp(json_string_value(old), text) == 0) {
            return;
        }
    }
    json_array_append_new(warnings, text_or_null(text));
}

static void set_seconds(json_t *object)
{
    json_t *began = json_object_get(object, BEGAN);

    if (began) {
        double seconds = (double)(hr_clock_ns() - (uint64_t)json_integer_value(began)) * 1e-9;

        json_object_set_new(object, "seconds", hr_json_real(round(seconds * 1e3) / 1e3));
        json_object_del(object, BEGAN);
    }
}

/* The verdict of a whole from its parts: the worst one's status, and the first such part. */
static const json_t *worst(const json_t *parts, enum hr_status *status)
{
    const json_t *part, *found = NULL;
    size_t i;

    *status = HR_SKIP;
    json_array_foreach (parts, i, part) {
        if (!found || weight(status_of(part)) > weight(*status)) {
            *status = status_of(part);
            found = part;
        }
    }
    return found;
}

static void set_verdict(struct hr_record *r, bool complete)
{
    const json_t *suites = json_object_get(r->json, "suites"), *suite, *found;
    char line[TEXT_MAX];
    enum hr_status status;
    int counts[4] = {0};
    size_t i, at = 0;

    found = worst(suites, &status);
    json_array_foreach (suites, i, suite) {
        counts[status_of(suite)]++;
    }
    at += (size_t)snprintf(line, sizeof(line), "%s%zu suite%s: %d pass",
                           complete ? "" : "interrupted after ", json_array_size(suites),
                           json_array_size(suites) == 1 ? "" : "s", counts[HR_PASS]);
    for (int s = HR_FAIL; s <= HR_INVALID; s++) {
        if (counts[s]) {
            at += (size_t)snprintf(line + at, sizeof(line) - at, ", %d %s", counts[s],
                                   status_name((enum hr_status)s));
        }
    }
    if (found && (status == HR_FAIL || status == HR_INVALID)) {
        const char *name = json_string_value(json_object_get(found, "name"));
        const char *reason = json_string_value(json_object_get(found, "reason"));

        reason = reason ? reason : "no reason";
        if (strncmp(reason, name, strlen(name)) == 0) { /* a case's id begins with its suite */
            snprintf(line + at, sizeof(line) - at, "; %.700s", reason);
        } else {
            snprintf(line + at, sizeof(line) - at, "; %s: %.700s", name, reason);
        }
    }
    hr_record_set_new(
        r, "verdict",
        json_pack("{s:s,s:o}", "status", status_name(status), "line", text_or_null(line)));
}

void hr_record_finish(struct hr_record *r, bool complete)
{
    double seconds = (double)(hr_clock_ns() - r->began_ns) * 1e-9;
    json_t *suite;
    size_t i;

    json_array_foreach (json_object_get(r->json, "suites"), i, suite) {
        if (json_object_get(suite, BEGAN)) {
            hr_suite_end(suite);
        }
    }
    hr_record_set_new(r, "complete", json_boolean(complete));
    hr_record_set_new(r, "finished", instant(now_s()));
    hr_record_set_new(r, "seconds", hr_json_real(round(seconds * 1e3) / 1e3));
    set_verdict(r, complete);
}

/* ---- suites and cases --------------------------------------------------------------- */

static void set_status(json_t *object, enum hr_status status, const char *reason,
                       const char *advice)
{
    json_object_set_new(object, "status", json_string(status_name(status)));
    if (status != HR_PASS) {
        reason = reason && *reason ? reason : "no reason was given";
        advice = advice && *advice ? advice : "none is known";
    }
    json_object_set_new(object, "reason", text_or_null(reason));
    json_object_set_new(object, "advice", text_or_null(advice));
}

json_t *hr_suite_begin(struct hr_record *r, const char *name, const char *question)
{
    json_t *suite = json_pack("{s:s,s:s,s:n,s:[],s:I}", "name", name, "question", question,
                              "seconds", "cases", BEGAN, (json_int_t)hr_clock_ns());

    set_status(suite, HR_INVALID, "not finished", "run it again");
    json_array_append_new(json_object_get(r->json, "suites"), suite);
    return suite;
}

void hr_suite_end(json_t *suite)
{
    const json_t *cases = json_object_get(suite, "cases"), *found;
    enum hr_status status;
    json_t *c;
    size_t i;

    set_seconds(suite);
    json_array_foreach (cases, i, c) {
        set_seconds(c);
    }
    if (status_of(suite) == HR_SKIP && json_array_size(cases) == 0) {
        return; /* hr_suite_skip() said why */
    }
    found = worst(cases, &status);
    if (!found) {
        set_status(suite, HR_SKIP, "no case was run", "widen the filter, or raise run.budget");
    } else if (status == HR_PASS) {
        set_status(suite, HR_PASS, NULL, NULL);
    } else {
        const char *reason = json_string_value(json_object_get(found, "reason"));
        char text[TEXT_MAX];

        snprintf(text, sizeof(text), "%.300s: %.700s",
                 json_string_value(json_object_get(found, "id")), reason ? reason : "");
        set_status(suite, status, text, json_string_value(json_object_get(found, "advice")));
    }
}

void hr_suite_skip(json_t *suite, const char *reason, const char *advice)
{
    set_status(suite, HR_SKIP, reason, advice);
}

json_t *hr_case_begin(json_t *suite, const char *id, const char *engine, const char *path,
                      json_t *params_new)
{
    json_t *c = json_pack("{s:o,s:o,s:o,s:o,s:n,s:[],s:[],s:[],s:I}", "id", text_or_null(id),
                          "params", params_new ? params_new : json_object(), "engine",
                          text_or_null(engine), "path", text_or_null(path), "digest", "runs",
                          "metrics", "histograms", BEGAN, (json_int_t)hr_clock_ns());

    set_status(c, HR_INVALID, "not finished", "run it again");
    json_array_append_new(json_object_get(suite, "cases"), c);
    return c;
}

void hr_case_status(json_t *c, enum hr_status status, const char *reason, const char *advice)
{
    set_status(c, status, reason, advice);
    set_seconds(c);
}

void hr_case_digest(json_t *c, uint64_t digest)
{
    char hex[17];

    snprintf(hex, sizeof(hex), "%016" PRIx64, digest);
    json_object_set_new(c, "digest", json_string(hex));
}

void hr_case_run_new(json_t *c, json_t *run)
{
    json_array_append_new(json_object_get(c, "runs"), run);
}

/* ---- figures -------------------------------------------------------------------------- */

/* The estimate's fields, or nulls with the reason. Stolen by nobody: fills `object`. */
static void set_estimate(json_t *object, const char *unit, const double *samples, int n,
                         double *estimate)
{
    json_t *list = json_array();
    char reason[80] = "there are no samples";
    int missing = 0;

    *estimate = NAN;
    for (int i = 0; i < n; i++) {
        missing += !isfinite(samples[i]);
        json_array_append_new(list, number(unit, samples[i]));
    }
    json_object_set_new(object, "samples", list);
    json_object_set_new(object, "n_runs", json_integer(n > 0 ? n : 0));
    if (n > 0 && !missing) {
        struct hr_estimate e = hr_estimate_median(samples, n);

        *estimate = e.median;
        json_object_set_new(object, "estimate", number(unit, e.median));
        json_object_set_new(object, "ci_low", number(unit, e.low));
        json_object_set_new(object, "ci_high", number(unit, e.high));
        json_object_set_new(object, "interval", json_boolean(e.interval));
        json_object_set_new(object, "outliers", json_integer(e.outliers));
        json_object_set_new(object, "reason", json_null());
        return;
    }
    if (n > 0) {
        snprintf(reason, sizeof(reason), "%d of %d runs gave no number", missing, n);
    }
    json_object_set_new(object, "estimate", json_null());
    json_object_set_new(object, "ci_low", json_null());
    json_object_set_new(object, "ci_high", json_null());
    json_object_set_new(object, "interval", json_false());
    json_object_set_new(object, "outliers", json_integer(0));
    json_object_set_new(object, "reason", json_string(reason));
}

/* 1: as good as the ceiling, whichever way is better. */
static void set_ceiling(json_t *metric, bool higher, double estimate, const char *id, double value)
{
    const char *unit = json_string_value(json_object_get(metric, "unit"));
    bool bounded = id && isfinite(value) && value > 0;
    double share = !bounded ? (double)NAN : higher ? estimate / value : value / estimate;

    json_object_set_new(metric, "ceiling", text_or_null(id));
    json_object_set_new(metric, "ceiling_value", bounded ? number(unit, value) : json_null());
    json_object_set_new(metric, "of_ceiling", hr_json_real(share));
}

void hr_case_metric(json_t *c, const struct hr_metric *m)
{
    json_t *metric = json_pack("{s:s,s:s,s:s}", "name", m->name, "unit", m->unit, "better",
                               m->higher ? "higher" : "lower");
    double estimate;

    set_estimate(metric, m->unit, m->samples, m->n, &estimate);
    set_ceiling(metric, m->higher, estimate, m->ceiling, m->ceiling_value);
    json_array_append_new(json_object_get(c, "metrics"), metric);
}

void hr_case_metric_bound(json_t *c, const char *name, const char *ceiling, double value)
{
    json_t *metric;
    size_t i;

    json_array_foreach (json_object_get(c, "metrics"), i, metric) {
        const json_t *estimate = json_object_get(metric, "estimate");
        const char *better = json_string_value(json_object_get(metric, "better"));

        if (strcmp(json_string_value(json_object_get(metric, "name")), name) == 0 &&
            json_is_number(estimate)) {
            set_ceiling(metric, better && strcmp(better, "higher") == 0,
                        json_number_value(estimate), ceiling, value);
        }
    }
}

void hr_case_metric_null(json_t *c, const char *name, const char *unit, const char *reason)
{
    json_t *metric = json_pack("{s:s,s:s,s:n,s:n,s:n,s:n}", "name", name, "unit", unit, "better",
                               "ceiling", "ceiling_value", "of_ceiling");
    double estimate;

    set_estimate(metric, unit, NULL, 0, &estimate);
    json_object_set_new(metric, "reason",
                        text_or_null(reason && *reason ? reason : "no reason was given"));
    json_array_append_new(json_object_get(c, "metrics"), metric);
}

void hr_case_figure(json_t *c, const char *name, const char *unit, bool higher, double value,
                    const char *reason)
{
    if (isfinite(value)) {
        hr_case_metric(
            c, &(struct hr_metric){
                   .name = name, .unit = unit, .higher = higher, .samples = &value, .n = 1});
    } else {
        hr_case_metric_null(c, name, unit, reason);
    }
}

void hr_case_metric_why(json_t *c, const char *name, const char *reason)
{
    json_t *metric;
    size_t i;

    json_array_foreach (json_object_get(c, "metrics"), i, metric) {
        if (strcmp(json_string_value(json_object_get(metric, "name")), name) == 0 &&
            json_is_null(json_object_get(metric, "estimate"))) {
            json_object_set_new(metric, "reason", text_or_null(reason));
        }
    }
}

void hr_case_histogram(json_t *c, const char *name, const struct hr_histogram *h)
{
    static const struct {
        const char *key;
        double percentile;
    } wanted[] = {{"p50", 50}, {"p90", 90}, {"p99", 99}, {"p99.9", 99.9}, {"p99.99", 99.99}};
    struct hr_histogram_point points[POINTS_MAX];
    json_t *percentiles = json_object(), *reasons = json_object(), *curve = json_array();
    uint64_t count = hr_histogram_count(h);
    int n = hr_histogram_points(h, points, POINTS_MAX);

    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        uint64_t needed = hr_histogram_samples_needed(wanted[i].percentile);
        char reason[96];

        if (count >= needed) {
            uint64_t value = hr_histogram_percentile(h, wanted[i].percentile);

            json_object_set_new(percentiles, wanted[i].key, json_integer((json_int_t)value));
            continue;
        }
        snprintf(reason, sizeof(reason), "needs %" PRIu64 " samples, there are %" PRIu64, needed,
                 count);
        json_object_set_new(percentiles, wanted[i].key, json_null());
        json_object_set_new(reasons, wanted[i].key, json_string(reason));
    }
    for (int i = 0; i < n; i++) {
        json_array_append_new(
            curve, json_pack("[f,I]", points[i].percentile, (json_int_t)points[i].value));
    }
    json_array_append_new(
        json_object_get(c, "histograms"),
        json_pack("{s:s,s:s,s:I,s:I,s:o,s:o,s:o,s:o,s:o,s:o}", "name", name, "unit", "ns", "count",
                  (json_int_t)count, "clamped", (json_int_t)hr_histogram_clamped(h), "min",
                  count ? json_integer((json_int_t)hr_histogram_min(h)) : json_null(), "mean",
                  count ? hr_json_real(hr_histogram_mean(h)) : json_null(), "max",
                  count ? json_integer((json_int_t)hr_histogram_max(h)) : json_null(),
                  "percentiles", percentiles, "reasons", reasons, "points", curve));
}

static void add_ceiling(struct hr_record *r, json_t *ceiling)
{
    json_array_append_new(json_object_get(r->json, "ceilings"), ceiling);
}

void hr_record_ceiling(struct hr_record *r, const char *id, const char *unit, bool higher,
                       const double *samples, int n, json_t *params_new)
{
    json_t *ceiling =
        json_pack("{s:s,s:s,s:s,s:o}", "id", id, "unit", unit, "better",
                  higher ? "higher" : "lower", "params", params_new ? params_new : json_object());
    double estimate;

    set_estimate(ceiling, unit, samples, n, &estimate);
    add_ceiling(r, ceiling);
}

void hr_record_ceiling_null(struct hr_record *r, const char *id, const char *unit,
                            const char *reason)
{
    json_t *ceiling = json_pack("{s:s,s:s,s:n,s:{}}", "id", id, "unit", unit, "better", "params");
    double estimate;

    set_estimate(ceiling, unit, NULL, 0, &estimate);
    json_object_set_new(ceiling, "reason",
                        text_or_null(reason && *reason ? reason : "no reason was given"));
    add_ceiling(r, ceiling);
}
