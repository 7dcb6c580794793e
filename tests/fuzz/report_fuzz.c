/* report_fuzz.c - no document that the schema lets pass crashes a renderer, the judge of claims, a
 * comparison or a plan. Bytes that are no JSON any more steer changes of the sample result instead,
 * so that most inputs reach them. */
#include "harness/error.h"
#include "reports/catalog.h"
#include "reports/claims.h"
#include "reports/compare.h"
#include "reports/plan.h"
#include "reports/plot.h"
#include "reports/report.h"
#include "reports/sheet.h"
#include "reports/sheet_writers.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SAMPLE "tests/fuzz/seeds/report/sample.json"

static json_t *odd_value(uint8_t choice)
{
    switch (choice % 14) {
    case 0:
        return json_null();
    case 1:
        return json_integer(INT64_MAX);
    case 2:
        return json_integer(INT64_MIN);
    case 3:
        return json_real(1.7e308);
    case 4:
        return json_real(-1.7e308);
    case 5:
        return json_real(5e-324);
    case 6:
        return json_integer(0);
    case 7:
        return json_real(-0.5);
    case 8:
        return json_string("");
    case 9:
        return json_string("pass");
    case 10:
        return json_string("`|<b>&\x1b[2J\xe2\x80\xae'\"\\ \xf0\x9f\x98\x80");
    case 11:
        return json_array();
    case 12:
        return json_object();
    default:
        return json_integer(choice);
    }
}

/* Walks down from the root, a byte a step, and changes what it arrives at. */
static void change(json_t *at, const uint8_t *steer, size_t steps)
{
    size_t i;

    for (i = 0; i + 2 < steps && json_is_object(at) + json_is_array(at); i++) {
        size_t size = json_is_object(at) ? json_object_size(at) : json_array_size(at), k;
        json_t *next;
        void *iter;

        if (size == 0) {
            return;
        }
        k = steer[i] % size;
        if (json_is_array(at)) {
            next = json_array_get(at, k);
            if (i + 3 >= steps || !(json_is_object(next) || json_is_array(next))) {
                if (steer[i + 1] % 4 == 0) {
                    json_array_remove(at, k);
                } else {
                    json_array_set_new(at, k, odd_value(steer[i + 1]));
                }
                return;
            }
        } else {
            for (iter = json_object_iter(at); k > 0; k--) {
                iter = json_object_iter_next(at, iter);
            }
            next = json_object_iter_value(iter);
            if (i + 3 >= steps || !(json_is_object(next) || json_is_array(next))) {
                json_object_set_new(at, json_object_iter_key(iter), odd_value(steer[i + 1]));
                return;
            }
        }
        at = next;
    }
}

static void render_files(const json_t *record)
{
    char file[] = "/tmp/headroom-fuzz-XXXXXX";
    int fd = mkstemp(file);

    if (fd < 0) {
        abort();
    }
    close(fd);
    if (hr_report_junit(record, file) || hr_report_gbench(record, file)) {
        abort();
    }
    unlink(file);
}

/* rc: what a comparison said; one line if it refused, and what it made can be told. */
static void tell(int rc, json_t *comparison, FILE *nowhere)
{
    if (rc == 0) {
        if (hr_compare_text(comparison, nowhere, true, true) ||
            hr_compare_exit(comparison, true) < 0) {
            abort();
        }
        json_decref(comparison);
    } else if (!hr_error()[0] || strchr(hr_error(), '\n')) {
        abort();
    }
    hr_error_clear();
}

/* With the sample, both ways round; and with itself, as if two engines had taken turns. */
static void compare(const json_t *record, const json_t *sample, FILE *nowhere)
{
    const struct hr_compare_options options = {.across_hosts = true}, strict = {0};
    json_t *comparison = NULL, *turns = json_deep_copy(record), *suite, *item;
    size_t i, k;
    int rc;

    rc = hr_compare_stored(sample, "a", record, "b", &options, &comparison);
    tell(rc, comparison, nowhere);
    rc = hr_compare_stored(record, "a", sample, "b", &strict, &comparison);
    tell(rc, comparison, nowhere);
    json_object_set_new(turns, "against",
                        json_pack("{s:s, s:s, s:i}", "old", "a", "new", "b", "blocks", 1));
    json_array_foreach (json_object_get(turns, "suites"), i, suite) {
        json_array_foreach (json_object_get(suite, "cases"), k, item) {
            json_object_set_new(item, "against", json_deep_copy(item));
        }
    }
    rc = hr_compare_interleaved(turns, "a", &strict, &comparison);
    tell(rc, comparison, nowhere);
    json_decref(turns);
}

/* Every claim of the documents gets one verdict and a reason. */
static void judge(const json_t *record)
{
    static struct hr_claims *claims;
    json_t *judged, *one, *sheet = json_array();
    size_t i;

    if (!claims && hr_claims_load(&claims, NULL, 0)) {
        abort();
    }
    judged = hr_claims_judge(claims, &record, 1);
    if (!judged || json_array_size(judged) != claims->claim_count) {
        abort();
    }
    json_array_foreach (judged, i, one) {
        if (hr_verdict_of(one) == HR_VERDICTS ||
            json_string_length(json_object_get(one, "reason")) == 0) {
            abort();
        }
    }
    hr_sheet_claims(sheet, judged, true);
    json_decref(sheet);
    json_decref(judged);
}

static void plan(const json_t *record)
{
    static json_t *catalog;
    static struct hr_plan_terms terms;
    static const char *const require[] = {"rate=1e6@p99.9<=10us", "markets=5e6", "memory=1GiB",
                                          "bandwidth=1GB/s", "decode=15@model=llama-3.1-8b"};
    const struct hr_plan_flags flags = {.require = require,
                                        .requires = 5,
                                        .budget = "AUD 8343",
                                        .horizon = "36mo",
                                        .energy = "0.15/kWh",
                                        .memory_share = "90"};
    const struct hr_plan_result result = {.record = record, .file = "a"};
    json_t *made;

    if (!catalog && (hr_catalog_read(&catalog, "configs/catalog/documents.yaml") ||
                     hr_plan_terms_parse(&terms, &flags, catalog))) {
        abort(); /* the fuzz tests run from the top of the tree */
    }
    made = hr_plan_make(&terms, catalog, &result, 1);
    if (made) {
        json_decref(hr_sheet_of_plan(made, NULL));
        json_decref(made);
    } else if (!hr_error()[0] || strchr(hr_error(), '\n')) {
        abort();
    }
    hr_error_clear();
}

static void render(const json_t *record, const json_t *sample, int files)
{
    static FILE *nowhere;
    const struct hr_plot_ops *plot;
    json_t *sheet = hr_sheet_of_record(record), *several;
    const json_t *both[] = {record, record};
    const char *names[] = {"a", "b"};

    nowhere = nowhere ? nowhere : fopen("/dev/null", "w");
    if (!nowhere || hr_write_text(sheet, nowhere, 1) ||
        hr_write_markdown(sheet, nowhere, "t", NULL, NULL) ||
        hr_write_html(sheet, nowhere, "t", record, NULL)) {
        abort();
    }
    for (plot = hr_plots; plot->name; plot++) {
        char why[HR_WHY_MAX] = "";

        if (!plot->write(record, nowhere, nowhere, why) && !why[0]) {
            abort(); /* nothing drawn, and nobody says why */
        }
    }
    json_decref(sheet);
    if (files) {
        several = hr_sheet_of_several(both, names, 2);
        hr_write_text(several, nowhere, 0);
        json_decref(several);
        render_files(record);
        judge(record);
        plan(record);
        if (sample) {
            compare(record, sample, nowhere);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static json_t *sample;
    unsigned sum = 0;
    json_t *json;
    size_t i;

    for (i = 0; i < size; i++) {
        sum += data[i];
    }
    if (sum % 8) {
        return 0; /* a render costs milliseconds: every eighth input will do */
    }
    json = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
    sample = sample ? sample : json_load_file(SAMPLE, 0, NULL);
    if (!json && sample && size >= 64) {
        /* The bytes in the middle were changed too: take them from there. */
        const uint8_t *steer = data + size / 2;

        json = json_deep_copy(sample);
        for (i = 0; i < 2; i++) {
            change(json, steer + i * 12, 12);
        }
    }
    hr_error_clear();
    if (json && hr_schema_check(json) == 0) {
        render(json, sample, sum % 64 == 0);
    } else if (json && (!hr_error()[0] || strchr(hr_error(), '\n'))) {
        abort(); /* refused without one clear line */
    }
    json_decref(json);
    return 0;
}
