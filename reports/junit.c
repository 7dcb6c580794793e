/*
 * junit.c - the cases as JUnit XML, so that any CI shows them: a limit missed is a failure, a
 * result that cannot be trusted is an error, what could not run is skipped.
 */
#include "harness/error.h"
#include "harness/sink.h"
#include "reports/markup.h"
#include "reports/record_view.h"
#include "reports/report.h"

#include <errno.h>
#include <math.h>
#include <string.h>

struct tally {
    size_t cases, failed, invalid, skipped;
    double seconds;
};

static void count(struct tally *tally, const json_t *object)
{
    tally->cases++;
    tally->failed += hr_view_is(object, "status", "fail");
    tally->invalid += hr_view_is(object, "status", "invalid");
    tally->skipped += hr_view_is(object, "status", "skip");
}

/* A suite without cases (skipped as a whole) is shown as one case. */
static struct tally tally_of(const json_t *suite)
{
    const json_t *cases = json_object_get(suite, "cases"), *item;
    double seconds = hr_view_number(suite, "seconds");
    struct tally tally = {.seconds = isfinite(seconds) ? seconds : 0};
    size_t i;

    json_array_foreach (cases, i, item) {
        count(&tally, item);
    }
    if (json_array_size(cases) == 0) {
        count(&tally, suite);
    }
    return tally;
}

static void put_attribute(FILE *out, const char *name, const char *text)
{
    fprintf(out, " %s=\"", name);
    hr_put_xml(out, text);
    fputc('"', out);
}

static void put_tally(FILE *out, const struct tally *tally)
{
    fprintf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\" time=\"%.3f\"",
            tally->cases, tally->failed, tally->invalid, tally->skipped, tally->seconds);
}

static void put_case(FILE *out, const char *suite, const json_t *item, const char *name)
{
    const char *status = hr_view_text(item, "status");
    const char *element = strcmp(status, "fail") == 0      ? "failure"
                          : strcmp(status, "invalid") == 0 ? "error"
                          : strcmp(status, "skip") == 0    ? "skipped"
                                                           : NULL;
    double seconds = hr_view_number(item, "seconds");

    fputs("    <testcase", out);
    put_attribute(out, "classname", suite);
    put_attribute(out, "name", name);
    fprintf(out, " time=\"%.3f\"", isfinite(seconds) ? seconds : 0.0);
    if (!element) {
        fputs("/>\n", out);
        return;
    }
    fprintf(out, ">\n      <%s", element);
    put_attribute(out, "message", hr_view_text(item, "reason"));
    if (strcmp(element, "skipped") != 0) {
        put_attribute(out, "type", status);
        fputc('>', out);
        hr_put_xml(out, hr_view_text(item, "advice"));
        fprintf(out, "</%s>\n    </testcase>\n", element);
    } else {
        fputs("/>\n    </testcase>\n", out);
    }
}

static void put_suite(FILE *out, const json_t *suite, const char *started)
{
    const json_t *cases = json_object_get(suite, "cases"), *item;
    const char *name = hr_view_text(suite, "name");
    struct tally tally = tally_of(suite);
    size_t i;

    fputs("  <testsuite", out);
    put_attribute(out, "name", name);
    put_tally(out, &tally);
    /* JUnit's timestamps have no zone. */
    fprintf(out, " timestamp=\"%.19s\">\n", started);
    json_array_foreach (cases, i, item) {
        put_case(out, name, item, hr_view_text(item, "id"));
    }
    if (json_array_size(cases) == 0) {
        put_case(out, name, suite, name);
    }
    fputs("  </testsuite>\n", out);
}

int hr_report_junit(const json_t *record, const char *file)
{
    const json_t *suites = json_object_get(record, "suites"), *suite;
    struct tally all = {0};
    struct hr_sink sink;
    size_t i;
    int rc = hr_sink_open(&sink, file);

    if (rc) {
        return rc;
    }
    json_array_foreach (suites, i, suite) {
        struct tally tally = tally_of(suite);

        all.cases += tally.cases;
        all.failed += tally.failed;
        all.invalid += tally.invalid;
        all.skipped += tally.skipped;
        all.seconds += tally.seconds;
    }
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"headroom\"", sink.out);
    put_tally(sink.out, &all);
    fputs(">\n", sink.out);
    json_array_foreach (suites, i, suite) {
        put_suite(sink.out, suite, hr_view_text(record, "started"));
    }
    fputs("</testsuites>\n", sink.out);
    return hr_sink_close(&sink, ferror(sink.out) ? hr_fail(EIO, "cannot write %s", file) : 0);
}
