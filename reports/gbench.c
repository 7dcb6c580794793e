/*
 * gbench.c - the cases in google/benchmark's JSON, so that dashboards which read that show them. A
 * rate becomes items_per_second and its inverse the time; other figures are user counters. What is
 * not a result (SKIP, INVALID) carries error_occurred, as a benchmark that failed does there. A
 * case of neither rates nor times (is the engine right?) is no benchmark, and left out.
 */
#include "harness/error.h"
#include "harness/sink.h"
#include "reports/record_view.h"
#include "reports/report.h"

#include <errno.h>
#include <math.h>
#include <string.h>

static bool is_rate(const char *unit)
{
    size_t length = strlen(unit);

    return length > 2 && strcmp(unit + length - 2, "/s") == 0;
}

/* What one of this unit is in ns; 0: it is no time. */
static double ns_of(const char *unit)
{
    return strcmp(unit, "ns") == 0 ? 1 : strcmp(unit, "s") == 0 ? 1e9 : 0;
}

/* The figure that the case is about: its first rate or time. */
static const json_t *main_metric(const json_t *item)
{
    const json_t *metrics = json_object_get(item, "metrics"), *metric;
    size_t i;

    json_array_foreach (metrics, i, metric) {
        const char *unit = hr_view_text(metric, "unit");

        if (isfinite(hr_view_number(metric, "estimate")) && (is_rate(unit) || ns_of(unit) > 0)) {
            return metric;
        }
    }
    return NULL;
}

static bool failed(const json_t *item)
{
    return hr_view_is(item, "status", "skip") || hr_view_is(item, "status", "invalid");
}

static json_t *entry_of(const json_t *item, size_t family)
{
    const json_t *metrics = json_object_get(item, "metrics"), *metric, *about = main_metric(item);
    double estimate = hr_view_number(about, "estimate");
    bool rate = is_rate(hr_view_text(about, "unit"));
    double ns = rate ? 1e9 / estimate : estimate * ns_of(hr_view_text(about, "unit"));
    double runs = hr_view_number(about, "n_runs");
    json_t *entry = json_pack(
        "{s:s,s:s,s:s,s:i,s:i,s:i,s:I,s:i,s:I,s:s}", "name", hr_view_text(item, "id"), "run_name",
        hr_view_text(item, "id"), "run_type", "iteration", "repetitions", 1, "repetition_index", 0,
        "threads", 1, "family_index", (json_int_t)family, "per_family_instance_index", 0,
        "iterations", (json_int_t)(isfinite(runs) && runs >= 0 && runs < 1e15 ? runs : 0),
        "time_unit", "ns");
    size_t i;

    json_object_set_new(entry, "real_time", isfinite(ns) ? json_real(ns) : json_integer(0));
    json_object_set_new(entry, "cpu_time", isfinite(ns) ? json_real(ns) : json_integer(0));
    if (rate && isfinite(estimate)) {
        json_object_set_new(entry, "items_per_second", json_real(estimate));
    }
    json_array_foreach (metrics, i, metric) {
        double value = hr_view_number(metric, "estimate");

        if (metric != about && isfinite(value) &&
            !json_object_get(entry, hr_view_text(metric, "name"))) {
            json_object_set_new(entry, hr_view_text(metric, "name"), json_real(value));
        }
    }
    if (failed(item)) {
        json_object_set_new(entry, "error_occurred", json_true());
        json_object_set(entry, "error_message", json_object_get(item, "reason"));
    }
    return entry;
}

static json_t *context_of(const json_t *record)
{
    const json_t *host = json_object_get(record, "host"), *tool = json_object_get(record, "tool");
    const json_t *argv = json_object_get(record, "argv");
    const char *program = json_string_value(json_array_get(argv, 0));
    double cores = hr_view_number(json_object_get(host, "cpu"), "threads");

    return json_pack("{s:s,s:s,s:s,s:s,s:o,s:b,s:s,s:s}", "date", hr_view_text(record, "started"),
                     "host_name", hr_view_text(host, "fingerprint"), "host_line",
                     hr_view_text(host, "line"), "executable", program ? program : "headroom",
                     "num_cpus",
                     isfinite(cores) && cores >= 0 && cores < 1e9 ? json_integer((json_int_t)cores)
                                                                  : json_null(),
                     "cpu_scaling_enabled", 0, "library_build_type",
                     hr_view_is(tool, "variant", "debug") ? "debug" : "release", "headroom_version",
                     hr_view_text(tool, "version"));
}

int hr_report_gbench(const json_t *record, const char *file)
{
    json_t *document = json_pack("{s:o,s:[]}", "context", context_of(record), "benchmarks");
    json_t *list = json_object_get(document, "benchmarks");
    struct hr_view_walk walk = {0};
    struct hr_sink sink;
    size_t family = 0;
    int rc = hr_sink_open(&sink, file);

    while (rc == 0 && hr_view_next(record, &walk)) {
        if (main_metric(walk.item) || failed(walk.item)) {
            json_array_append_new(list, entry_of(walk.item, family++));
        }
    }
    if (rc == 0) {
        bool written =
            json_dumpf(document, sink.out, JSON_INDENT(2)) == 0 && fputc('\n', sink.out) != EOF;

        rc = hr_sink_close(&sink, written ? 0 : hr_fail(EIO, "cannot write %s", file));
    }
    json_decref(document);
    return rc;
}
