/* claims_junit.c - the judged claims as JUnit XML: what is refuted or short is a failure, what was
 * not measured is skipped. */
#include "harness/error.h"
#include "harness/sink.h"
#include "reports/claims.h"
#include "reports/markup.h"
#include "reports/record_view.h"

#include <errno.h>

static const char *const elements[HR_VERDICTS] = {
    [HR_REFUTED_BY_ARITHMETIC] = "failure",
    [HR_REFUTED_BY_MEASUREMENT] = "failure",
    [HR_CONTRADICTS] = "failure",
    [HR_SHORT_HERE] = "failure",
    [HR_NOT_TESTABLE_HERE] = "skipped",
    [HR_UNDEFINED] = "skipped",
    [HR_EXTERNAL] = "skipped",
    [HR_CONFIGURATION] = "skipped",
};

static void put_attribute(FILE *out, const char *name, const char *text)
{
    fprintf(out, " %s=\"", name);
    hr_put_xml(out, text);
    fputc('"', out);
}

static void put_claim(FILE *out, const json_t *claim)
{
    enum hr_claim_verdict verdict = hr_verdict_of(claim);
    const char *element = verdict < HR_VERDICTS ? elements[verdict] : "skipped";

    fputs("    <testcase classname=\"claims\"", out);
    put_attribute(out, "name", hr_view_text(claim, "id"));
    if (!element) {
        fputs("/>\n", out);
        return;
    }
    fprintf(out, ">\n      <%s", element);
    put_attribute(out, "message", hr_view_text(claim, "reason"));
    if (element[0] == 'f') {
        put_attribute(out, "type", hr_view_text(claim, "verdict"));
    }
    fputs("/>\n    </testcase>\n", out);
}

int hr_claims_junit(const json_t *judged, const char *file)
{
    size_t failed = 0, skipped = 0, i;
    struct hr_sink sink;
    const json_t *claim;
    int rc = hr_sink_open(&sink, file);

    if (rc) {
        return rc;
    }
    json_array_foreach (judged, i, claim) {
        enum hr_claim_verdict verdict = hr_verdict_of(claim);
        const char *element = verdict < HR_VERDICTS ? elements[verdict] : "skipped";

        failed += element && element[0] == 'f';
        skipped += element && element[0] == 's';
    }
    fprintf(sink.out,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"headroom\">\n"
            "  <testsuite name=\"claims\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" "
            "skipped=\"%zu\">\n",
            json_array_size(judged), failed, skipped);
    json_array_foreach (judged, i, claim) {
        put_claim(sink.out, claim);
    }
    fputs("  </testsuite>\n</testsuites>\n", sink.out);
    return hr_sink_close(&sink, ferror(sink.out) ? hr_fail(EIO, "cannot write %s", file) : 0);
}
