/* record_test.c - the run record keeps its promises: shape, statuses, no NaN; reading distrusts. */
#include "harness/error.h"
#include "harness/histogram.h"
#include "harness/record.h"
#include "reports/report.h"
#include "tests/test.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

static char program[] = "headroom", command[] = "run", odd[] = "\xff";
static char *const argv[] = {program, command, odd, NULL};

static const char *text_at(const json_t *json, const char *key)
{
    return json_string_value(json_object_get(json, key));
}

TEST(record, has_the_fields_that_must_be_found)
{
    static const char *const fields[] = {"schema",   "complete", "started", "finished", "seconds",
                                         "tool",     "argv",     "config",  "host",     "ceilings",
                                         "workload", "suites",   "claims",  "warnings", "verdict"};
    struct hr_record *r = hr_record_new(3, argv);
    json_t *json = hr_record_json(r);

    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        CHECK(json_object_get(json, fields[i]));
    }
    CHECK(json_is_false(json_object_get(json, "complete")));
    CHECK_STR(json_string_value(json_array_get(json_object_get(json, "argv"), 1)), "run");
    CHECK_STR(json_string_value(json_array_get(json_object_get(json, "argv"), 2)), "?");
    hr_record_warn(r, "twice %d", 1);
    hr_record_warn(r, "twice %d", 1);
    CHECK_EQ(json_array_size(json_object_get(json, "warnings")), 1);
    hr_record_finish(r, true);
    CHECK(json_is_true(json_object_get(json, "complete")));
    CHECK_STR(text_at(json_object_get(json, "verdict"), "status"), "skip");
    hr_record_free(r);
}

TEST(record, a_suite_is_as_good_as_its_worst_case)
{
    static const struct {
        int cases[3]; /* of enum hr_status; -1 ends */
        const char *status;
    } known[] = {
        {{HR_PASS, HR_PASS, -1}, "pass"},         {{HR_PASS, HR_SKIP, -1}, "pass"},
        {{HR_SKIP, HR_SKIP, -1}, "skip"},         {{HR_PASS, HR_INVALID, HR_SKIP}, "invalid"},
        {{HR_INVALID, HR_FAIL, HR_PASS}, "fail"}, {{-1, -1, -1}, "skip"}};

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        struct hr_record *r = hr_record_new(1, argv);
        json_t *suite = hr_suite_begin(r, "latency", "how long?");

        for (int k = 0; k < 3 && known[i].cases[k] >= 0; k++) {
            json_t *c = hr_case_begin(suite, "latency/x", "reference", "inproc", NULL);

            CHECK_STR(text_at(c, "status"), "invalid");
            hr_case_status(c, (enum hr_status)known[i].cases[k], "why", "do");
        }
        hr_suite_end(suite);
        CHECK_STR(text_at(suite, "status"), known[i].status);
        CHECK((text_at(suite, "reason") == NULL) == (strcmp(known[i].status, "pass") == 0));
        CHECK((text_at(suite, "advice") == NULL) == (strcmp(known[i].status, "pass") == 0));
        hr_record_finish(r, true);
        CHECK_STR(text_at(json_object_get(hr_record_json(r), "verdict"), "status"),
                  known[i].status);
        hr_record_free(r);
    }
}

TEST(record, what_was_not_finished_is_not_a_pass)
{
    struct hr_record *r = hr_record_new(1, argv);
    json_t *suite = hr_suite_begin(r, "latency", "how long?"), *verdict;

    hr_case_begin(suite, "latency/x", "reference", "inproc", NULL);
    hr_record_finish(r, false);
    verdict = json_object_get(hr_record_json(r), "verdict");
    CHECK_STR(text_at(suite, "status"), "invalid");
    CHECK(json_is_real(json_object_get(suite, "seconds")));
    CHECK(json_object_get(suite, "began_ns") == NULL);
    CHECK_STR(text_at(verdict, "status"), "invalid");
    CHECK_STR(text_at(verdict, "line"),
              "interrupted after 1 suite: 0 pass, 1 invalid; latency/x: not finished");
    hr_record_free(r);

    r = hr_record_new(1, argv);
    suite = hr_suite_begin(r, "device", "how fast?");
    hr_suite_skip(suite, "no device", "plug one in");
    hr_suite_end(suite);
    CHECK_STR(text_at(suite, "status"), "skip");
    CHECK_STR(text_at(suite, "reason"), "no device");
    hr_record_free(r);
}

TEST(record, figures_are_numbers_or_null_with_a_reason)
{
    static const double rates[] = {10, 20, 30, 40, 50, 60}, broken[] = {1, NAN, INFINITY},
                        times[] = {3, 4};
    struct hr_record *r = hr_record_new(1, argv);
    json_t *c = hr_case_begin(hr_suite_begin(r, "x", "?"), "x/y", NULL, NULL, NULL), *m;
    json_t *metrics = json_object_get(c, "metrics");
    char *text;

    hr_case_metric(
        c, &(struct hr_metric){"throughput", "orders/s", true, rates, 6, "cpu/compares", 70});
    m = json_array_get(metrics, 0);
    CHECK_NEAR(json_number_value(json_object_get(m, "estimate")), 35, 0);
    CHECK_NEAR(json_number_value(json_object_get(m, "ci_low")), 10, 0);
    CHECK(json_is_true(json_object_get(m, "interval")));
    CHECK_NEAR(json_number_value(json_object_get(m, "of_ceiling")), 0.5, 1e-12);
    hr_case_metric(c, &(struct hr_metric){"p50", "ns", false, times, 2, "memory/latency", 0.7});
    m = json_array_get(metrics, 1);
    CHECK_NEAR(json_number_value(json_object_get(m, "of_ceiling")), 0.2, 1e-12);
    CHECK(json_is_integer(json_array_get(json_object_get(m, "samples"), 0)));
    CHECK(json_is_false(json_object_get(m, "interval")));
    hr_case_metric_bound(c, "p50", "another", 1.75);
    CHECK_NEAR(json_number_value(json_object_get(m, "of_ceiling")), 0.5, 1e-12);
    CHECK_STR(text_at(m, "ceiling"), "another");
    hr_case_metric(c, &(struct hr_metric){"broken", "ns", false, broken, 3, NULL, 0});
    m = json_array_get(metrics, 2);
    CHECK(json_is_null(json_object_get(m, "estimate")));
    CHECK(json_is_null(json_array_get(json_object_get(m, "samples"), 1)));
    CHECK_STR(text_at(m, "reason"), "2 of 3 runs gave no number");
    hr_case_metric_bound(c, "broken", "another", 1);
    CHECK(json_is_null(json_object_get(m, "of_ceiling")));
    hr_case_metric_null(c, "energy", "J", "no source");
    CHECK_STR(text_at(json_array_get(metrics, 3), "reason"), "no source");
    hr_record_ceiling(r, "memory/lines", "lines/s", true, rates, 6, NULL);
    hr_record_ceiling_null(r, "memory/huge", "lines/s", "no huge pages");
    CHECK_EQ(json_array_size(json_object_get(hr_record_json(r), "ceilings")), 2);
    CHECK(json_is_null(hr_json_real(NAN)) && json_is_null(hr_json_real(-INFINITY)));
    text = json_dumps(hr_record_json(r), JSON_SORT_KEYS);
    CHECK(text && !strstr(text, "nan") && !strstr(text, "inf"));
    free(text);
    hr_record_free(r);
}

TEST(record, percentiles_wait_for_their_samples)
{
    struct hr_record *r = hr_record_new(1, argv);
    json_t *c = hr_case_begin(hr_suite_begin(r, "x", "?"), "x/y", NULL, NULL, NULL), *h, *p;
    struct hr_histogram *histogram = hr_histogram_new();

    for (uint64_t v = 1; v <= 1000; v++) {
        hr_histogram_record(histogram, v);
    }
    hr_case_histogram(c, "latency", histogram);
    h = json_array_get(json_object_get(c, "histograms"), 0);
    p = json_object_get(h, "percentiles");
    CHECK_EQ(json_integer_value(json_object_get(p, "p99")), 990);
    CHECK(json_is_null(json_object_get(p, "p99.9")));
    CHECK_STR(text_at(json_object_get(h, "reasons"), "p99.9"),
              "needs 2995 samples, there are 1000");
    CHECK(json_array_size(json_object_get(h, "points")) > 2);
    hr_histogram_reset(histogram);
    hr_case_histogram(c, "empty", histogram);
    h = json_array_get(json_object_get(c, "histograms"), 1);
    CHECK(json_is_null(json_object_get(h, "mean")) && json_is_null(json_object_get(h, "max")));
    hr_histogram_free(histogram);
    hr_record_free(r);
}

TEST(record, is_written_whole_and_read_back)
{
    char file[64];
    struct hr_record *r = hr_record_new(1, argv);
    json_t *json;

    snprintf(file, sizeof(file), "/tmp/headroom-record-%d.json", (int)getpid());
    hr_record_finish(r, true);
    CHECK_EQ(hr_record_write(r, file), 0);
    CHECK_EQ(hr_record_read(&json, file), 0);
    CHECK(json_equal(json, hr_record_json(r)));
    json_decref(json);
    CHECK(hr_record_write(r, "/nonexistent/x.json") < 0);
    CHECK(strstr(hr_error(), "/nonexistent/x.json"));
    hr_record_free(r);
    remove(file);
}

TEST(record, bad_files_are_refused_in_one_line)
{
    static const struct {
        const char *text, *said;
    } bad[] = {
        {"", ":1: not valid JSON"},
        {"{\n\"a\": nan}", ":2: not valid JSON"},
        {"{\"a\": 1, \"a\": 2}", "duplicate"},
        {"[]", "schema.name"},
        {"{\"schema\": {\"name\": \"other\", \"major\": 1}}", "schema.name"},
        {"{\"schema\": {\"name\": \"headroom-result\", \"major\": 99}}", "schema version 99"},
        {"{\"schema\": {\"name\": \"headroom-result\", \"major\": 1}}", "\"complete\" is missing"},
        {"{\"schema\": {\"name\": \"headroom-result\", \"major\": 1}, \"complete\": true, "
         "\"tool\": {}, \"argv\": [], "
         "\"config\": {}, \"host\": {}, \"ceilings\": [], \"workload\": {}, \"suites\": [1], "
         "\"claims\": [], "
         "\"warnings\": [], \"verdict\": {}}",
         "suites[0]"},
    };
    char file[64];
    json_t *json;

    snprintf(file, sizeof(file), "/tmp/headroom-bad-record-%d.json", (int)getpid());
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        FILE *out = fopen(file, "w");

        CHECK(out && fputs(bad[i].text, out) >= 0 && fclose(out) == 0);
        CHECK_EQ(hr_record_read(&json, file), -EINVAL);
        CHECK(json == NULL);
        if (!strstr(hr_error(), bad[i].said) || !strstr(hr_error(), file)) {
            FAIL("file %zu: '%s' lacks '%s'", i, hr_error(), bad[i].said);
        }
    }
    remove(file);
    CHECK_EQ(hr_record_read(&json, file), -ENOENT);
    CHECK_EQ(hr_record_read(&json, "tests"), -EISDIR);
}

TEST(record, what_the_calls_write_fits_the_published_schema)
{
    static const double samples[] = {1, 2, 3, 4, 5, NAN};
    struct hr_record *r = hr_record_new(2, argv);
    struct hr_histogram *histogram = hr_histogram_new();
    json_t *suite = hr_suite_begin(r, "latency", "how long?"), *c;

    hr_record_set_new(r, "profile", json_string("quick"));
    hr_record_set_new(r, "host",
                      json_pack("{s:s,s:s,s:[]}", "fingerprint", "0123456789abcdef", "line",
                                "a host", "readiness"));
    hr_record_warn(r, "a warning");
    hr_record_ceiling(r, "memory/lines", "lines/s", true, samples, 5, NULL);
    hr_record_ceiling_null(r, "memory/huge", "lines/s", "no huge pages");
    c = hr_case_begin(suite, "latency/a", "reference", "inproc", json_pack("{s:i}", "markets", 1));
    hr_case_digest(c, 0xABC);
    hr_case_run_new(c, json_pack("{s:i,s:f}", "seed", 1, "throughput", 1e6));
    hr_case_metric(c, &(struct hr_metric){"p50", "ns", false, samples, 5, "memory/lines", 2});
    hr_case_metric(c, &(struct hr_metric){"p99", "ns", false, samples, 6, NULL, 0});
    hr_case_metric_null(c, "energy", "J", "no source");
    hr_case_histogram(c, "latency", histogram);
    hr_histogram_record_n(histogram, 12345, 400);
    hr_case_histogram(c, "service", histogram);
    hr_case_status(c, HR_PASS, NULL, NULL);
    c = hr_case_begin(suite, "latency/b", NULL, NULL, NULL);
    hr_case_status(c, HR_INVALID, "stolen time", "run on an idle host");
    hr_case_begin(suite, "latency/c", NULL, NULL, NULL); /* never finished */
    hr_suite_end(suite);
    hr_suite_skip(hr_suite_begin(r, "device", "how fast?"), "no device", NULL);
    hr_record_finish(r, false);
    if (hr_schema_check(hr_record_json(r)) != 0) {
        FAIL("%s", hr_error());
    }
    hr_histogram_free(histogram);
    hr_record_free(r);
}
