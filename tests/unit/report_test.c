/*
 * report_test.c - what readers see of a result: figures, escaping, well-formed files, and that
 * nothing a result says can act (as markup, as a script of the terminal, as a command of gnuplot).
 */
#include "harness/error.h"
#include "reports/figure_text.h"
#include "reports/markup.h"
#include "reports/plot.h"
#include "reports/report.h"
#include "reports/sheet.h"
#include "tests/test.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#define SAMPLE "tests/golden/reports/sample.json"
#define MIB 1048576.0

static json_t *load_sample(void)
{
    json_t *sample = json_load_file(SAMPLE, 0, NULL);

    CHECK(sample);
    return sample;
}

static char *read_all(const char *file)
{
    FILE *in = fopen(file, "r");
    char *text = calloc(1, 4 << 20);

    CHECK(in && text);
    CHECK(fread(text, 1, (4 << 20) - 1, in) > 0);
    fclose(in);
    return text;
}

/* ---- figures ------------------------------------------------------------------------- */

/* Narrow spaces as underscores, to be read. */
static const char *readable(struct hr_figure figure)
{
    static char text[HR_FIGURE_MAX];
    const char *from = figure.text;
    char *to = text;

    while (*from) {
        if (strncmp(from, HR_NARROW_SPACE, 3) == 0) {
            *to++ = '_';
            from += 3;
        } else {
            *to++ = *from++;
        }
    }
    *to = '\0';
    return text;
}

TEST(figure, three_digits_and_a_unit)
{
    static const struct {
        double value;
        const char *unit, *text;
    } cases[] = {
        {27432100, "orders/s", "27.4_M_orders/s"},
        {981, "orders/s", "981_orders/s"},
        {999.6, "orders/s", "1.00_k_orders/s"},
        {9996, "orders/s", "10.0_k_orders/s"},
        {0, "orders/s", "0_orders/s"},
        {597, "ns", "597_ns"},
        {1214, "ns", "1.21_µs"},
        {999999, "ns", "1.00_ms"},
        {8.4e6, "ns", "8.40_ms"},
        {0.826, "s", "826_ms"},
        {431.2, "s", "431_s"},
        {1800, "s", "30.0_min"},
        {7200, "s", "2.00_h"},
        {2.31e10, "bytes/s", "23.1_GB/s"},
        {442, "bytes", "442_bytes"},
        {1544, "bytes", "1.54_kB"},
        {14.2, "ratio", "14.2_×"},
        {0.41, "%", "0.41_%"},
        {214, "count", "214"},
        {-1500, "", "-1.50_k"},
        {1e300, "orders/s", "1e+285_P_orders/s"},
    };
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CHECK_STR(readable(hr_figure(cases[i].value, cases[i].unit)), cases[i].text);
    }
    CHECK_STR(readable(hr_figure((double)NAN, "ns")), HR_DASH);
    CHECK_STR(readable(hr_figure((double)INFINITY, "ns")), HR_DASH);
}

TEST(figure, set_values_are_exact)
{
    CHECK_STR(readable(hr_figure_set(1e6, "orders/s")), "1_M_orders/s");
    CHECK_STR(readable(hr_figure_set(10000, "ns")), "10_µs");
    CHECK_STR(readable(hr_figure_set(4096 * MIB, "bytes")), "4_GiB");
    CHECK_STR(readable(hr_figure_set(16 * MIB, "bytes")), "16_MiB");
    CHECK_STR(readable(hr_figure_set(1000, "bytes")), "1_kB");
    CHECK_STR(readable(hr_figure_set(1.1, "")), "1.1");
    CHECK_STR(readable(hr_figure_count(1234567)), "1_234_567");
    CHECK_STR(readable(hr_figure_count(-1000)), "-1_000");
    CHECK_STR(readable(hr_figure_count(7)), "7");
    CHECK_STR(readable(hr_figure_share(0.42)), "42_%");
    CHECK_STR(readable(hr_figure_share(0.0123)), "1.2_%");
    CHECK_STR(readable(hr_figure_range(26.9e6, 27.8e6, "orders/s")), "26.9" HR_DASH "27.8_M");
    CHECK_STR(readable(hr_figure_range(980, 1210, "ns")), "0.98" HR_DASH "1.21_µs");
    CHECK_STR(readable(hr_figure_bare(27.4e6, "orders/s")), "27.4_M");
}

/* ---- escaping -------------------------------------------------------------------------- */

static const char *put(void (*put_text)(FILE *, const char *), const char *text)
{
    static char out[400];
    FILE *file = fmemopen(out, sizeof(out) - 1, "w");

    memset(out, 0, sizeof(out));
    put_text(file, text);
    fclose(file);
    return out;
}

static void put_line(FILE *out, const char *text)
{
    hr_put_plain(out, text, 0);
}

TEST(markup, nothing_that_a_result_says_can_act)
{
    CHECK_STR(put(hr_put_xml, "<a href=\"x\">&'"), "&lt;a href=&quot;x&quot;&gt;&amp;&#39;");
    CHECK_STR(put(hr_put_xml, "a\x1b[31m\xe2\x80\xae\x7f\xef\xbf\xbe"
                              "b"),
              "a?[31m???b");
    CHECK_STR(put(hr_put_xml, "\xff\xc3"), "??");
    CHECK_STR(put(hr_put_markdown, "a|b`c`*d*[e](f)<g>&\nh"),
              "a\\|b\\`c\\`\\*d\\*\\[e\\](f)&lt;g&gt;&amp; h");
    CHECK_STR(put(hr_put_markdown, "bytes_per_market _x_"), "bytes_per_market \\_x\\_");
    CHECK_STR(put(put_line, "\x1b]0;title\x07 1\xe2\x80\xaf"
                            "k\nnext \xc2\x9b"),
              "?]0;title? 1 k next ?");
    CHECK_EQ(hr_columns("µ × 10"), 6);
}

/* ---- files ------------------------------------------------------------------------------- */

/* Every element that is opened is closed, in order; void elements and SVG's closed ones aside. */
static void check_nesting(const char *html)
{
    static const char *const empty[] = {"meta", "!doctype", "br"};
    char open[64][16];
    int depth = 0;
    const char *at = html;

    while ((at = strchr(at, '<'))) {
        const char *end = strchr(at, '>');
        char name[16] = "";
        size_t i, length = 0;
        bool is_empty = false;

        CHECK(end);
        at++;
        bool closes = *at == '/';
        at += closes;
        while (length < 15 && (isalnum((unsigned char)at[length]) || at[length] == '!')) {
            name[length] = (char)tolower((unsigned char)at[length]);
            length++;
        }
        if (!length) {
            FAIL("a bare < before: %.40s", at);
        }
        for (i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
            is_empty |= strcmp(name, empty[i]) == 0;
        }
        if (closes) {
            CHECK(depth > 0);
            CHECK_STR(name, open[--depth]);
        } else if (!is_empty && end[-1] != '/') {
            CHECK(depth < 64);
            strcpy(open[depth++], name);
        }
        at = end;
    }
    CHECK_EQ(depth, 0);
}

TEST(report, the_html_is_whole_and_harmless)
{
    static const char *const forbidden[] = {
        "<script", "<img",    "<b>",     "http:", "https:",     "src=\"",
        "url(",    "@import", "<iframe", "xmlns", "javascript:"};
    char folder[] = "/tmp/headroom-report.XXXXXX", file[80];
    json_t *sample = load_sample();
    int drawn;
    char *html;
    size_t i;

    CHECK(mkdtemp(folder));
    snprintf(file, sizeof(file), "%s/report.html", folder);
    CHECK_EQ(hr_report_plots(sample, folder, &drawn), 0);
    CHECK_EQ(hr_report_html(sample, folder, file), 0);
    html = read_all(file);
    unlink(file);
    hr_report_plots_remove(folder);
    CHECK(access(folder, F_OK) != 0); /* the plots left nothing */
    check_nesting(html);
    for (i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++) {
        if (strstr(html, forbidden[i])) {
            FAIL("%s: %.80s", forbidden[i], strstr(html, forbidden[i]));
        }
    }
    CHECK(strstr(html, "&lt;script&gt;alert"));
    CHECK(strstr(html, "27.4"));
    CHECK(strstr(html, "the generator was late"));
    if (drawn == 0) {
        CHECK(strstr(html, "gnuplot was not there"));
    }
    free(html);
    json_decref(sample);
}

TEST(report, plots_can_be_drawn_without_the_tool)
{
    char folder[] = "/tmp/headroom-report.XXXXXX", file[100];
    json_t *sample = load_sample();
    const struct hr_plot_ops *plot;
    int drawn, count = 0;

    CHECK(mkdtemp(folder));
    CHECK_EQ(hr_report_plots(sample, folder, &drawn), 0);
    for (plot = hr_plots; plot->name; plot++, count++) {
        char *text;

        snprintf(file, sizeof(file), "%s/%s.gp", folder, plot->name);
        text = read_all(file);
        /* gnuplot runs what stands between backquotes. */
        CHECK(!strchr(text, '`'));
        CHECK(strstr(text, ".svg'"));
        free(text);
        snprintf(file, sizeof(file), "%s/%s.dat", folder, plot->name);
        text = read_all(file);
        CHECK(strchr(text, '\n'));
        free(text);
        snprintf(file, sizeof(file), "%s/%s.svg", folder, plot->name);
        if (drawn > 0) {
            text = read_all(file);
            CHECK(strstr(text, "prefers-color-scheme:dark"));
            CHECK(strstr(text, "</svg>"));
            CHECK(!strstr(text, "<title>"));
            free(text);
        }
    }
    if (drawn != 0) {
        CHECK_EQ(drawn, count);
    }
    hr_report_plots_remove(folder);
    json_decref(sample);
}

TEST(report, a_plot_without_data_says_why)
{
    json_t *sample = load_sample();
    const struct hr_plot_ops *plot;

    json_object_set_new(sample, "suites", json_array());
    CHECK_EQ(hr_schema_check(sample), 0);
    for (plot = hr_plots; plot->name; plot++) {
        char why[HR_WHY_MAX];

        hr_plot_why(plot, sample, why);
        CHECK(why[0]);
    }
    json_decref(sample);
}

TEST(report, hostile_labels_stay_inside_quotes)
{
    char *text = NULL;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);

    hr_script_quote(out, "a'b`touch x`\"c\\n\nd");
    fclose(out);
    CHECK_STR(text, "'a’b’touch x’’c’nd'");
    free(text);
}

/* Figures of a case that cannot be trusted are neither plotted nor a headline. */
TEST(report, what_is_invalid_is_no_headline)
{
    json_t *sample = load_sample(), *suite, *item, *sheet;
    char *text;
    size_t i, k;

    json_array_foreach (json_object_get(sample, "suites"), i, suite) {
        json_array_foreach (json_object_get(suite, "cases"), k, item) {
            json_object_set_new(item, "status", json_string("invalid"));
            json_object_set_new(item, "reason", json_string("a test says so"));
            json_object_set_new(item, "advice", json_string("none"));
        }
    }
    CHECK_EQ(hr_schema_check(sample), 0);
    CHECK(!hr_best_capacity(sample));
    sheet = hr_sheet_of_record(sample);
    text = json_dumps(sheet, 0);
    CHECK(!strstr(text, "\"tiles\""));
    CHECK(!strstr(text, "headline"));
    free(text);
    item = json_array_get(sheet, json_array_size(sheet) - 1); /* the block to paste */
    CHECK(strstr(json_string_value(json_object_get(item, "t")), "validation"));
    CHECK(!strstr(json_string_value(json_object_get(item, "t")), "\none thread"));
    CHECK(!strstr(json_string_value(json_object_get(item, "t")), "\ncapacity"));
    CHECK(!strstr(json_string_value(json_object_get(item, "t")), "\nservice"));
    json_array_foreach (sheet, i, item) {
        if (json_is_string(json_object_get(item, "name"))) {
            char why[HR_WHY_MAX];

            hr_plot_why(hr_plot_find(json_string_value(json_object_get(item, "name"))), sample,
                        why);
            CHECK(why[0]);
        }
    }
    json_decref(sheet);
    json_decref(sample);
}

/* A figure above its ceiling, or above linear, is shown as it is and said to be odd. */
TEST(report, a_share_over_the_whole_asks_for_a_second_look)
{
    static const double shares[] = {0.4, 1.0, 1.3};

    for (size_t k = 0; k < sizeof(shares) / sizeof(shares[0]); k++) {
        json_t *sheet = json_array(), *table = hr_sheet_table(sheet, NULL, NULL), *cell;
        json_t *row = hr_table_row(table, NULL);

        hr_row_share(row, shares[k], HR_ABOVE_CEILING);
        cell = json_array_get(json_object_get(row, "cells"), 0);
        CHECK(!json_object_get(cell, "n") == (shares[k] <= 1));
        CHECK(json_number_value(json_object_get(cell, "bar")) <= 1);
        json_decref(sheet);
    }
}

/* A case of the wire suite with a median, or without. */
static json_t *way(const char *path, const char *name, double p50_ns)
{
    json_t *item = json_pack(
        "{s:o, s:s, s:s, s:s, s:[]}", "id", json_sprintf("wire/%s/reference/%s", path, name),
        "path", path, "engine", "reference", "status", p50_ns > 0 ? "pass" : "skip", "metrics");

    if (p50_ns > 0) {
        json_array_append_new(
            json_object_get(item, "metrics"),
            json_pack("{s:s, s:s, s:f}", "name", "p50", "unit", "ns", "estimate", p50_ns));
    }
    return item;
}

/* Every way of an order, measured or not, in one table; pages, which are no way, in another. */
TEST(report, the_ways_of_an_order_stand_beside_each_other)
{
    json_t *sample = load_sample(), *sheet;
    json_t *cases = json_pack(
        "[o, o, o, o]", way("tcp", "round_trip", 10e3), way("zmq", "round_trip/cable=veth", 20e3),
        way("tcp", "tuning=pinned,sleeping,busy_poll", 0), way("inproc", "tuning=pages_huge", 0));
    char *text, *ways, *pages;

    json_array_append_new(
        json_object_get(sample, "suites"),
        json_pack("{s:s, s:s, s:o}", "name", "wire", "status", "pass", "cases", cases));
    sheet = hr_sheet_of_record(sample);
    text = json_dumps(sheet, 0);
    ways = strstr(text, "One order, there and back");
    pages = strstr(text, "in small pages and in huge ones");
    CHECK(ways && pages && pages > ways);
    for (const char *const *name = (const char *const[]){"round_trip/cable=veth", "busy_poll",
                                                         "no card and no wire", NULL};
         *name; name++) {
        CHECK(strstr(ways, *name) && strstr(ways, *name) < pages);
    }
    CHECK(!strstr(ways, "pages_huge") || strstr(ways, "pages_huge") > pages);
    free(text);
    json_decref(sheet);
    json_decref(sample);
}

TEST(report, junit_counts_what_it_shows)
{
    char file[] = "/tmp/headroom-report.XXXXXX";
    json_t *sample = load_sample();
    char *text, *at;
    int fd = mkstemp(file), cases = 0;

    CHECK(fd >= 0);
    close(fd);
    CHECK_EQ(hr_report_junit(sample, file), 0);
    text = read_all(file);
    unlink(file);
    for (at = text; (at = strstr(at, "<testcase ")); at++) {
        cases++;
    }
    CHECK(strstr(
        text,
        "<testsuites name=\"headroom\" tests=\"66\" failures=\"1\" errors=\"2\" skipped=\"3\""));
    CHECK_EQ(cases, 66);
    CHECK(strstr(text, "<skipped message=\"no GPU was found\"/>"));
    CHECK(strstr(text, "<error message=\"the generator was late"));
    CHECK(strstr(text, "<failure message=\"p99 is 425 times the median request"));
    CHECK(!strstr(text, "<script"));
    free(text);
    json_decref(sample);
}

/* As the latency suite has it beside the percentiles of an offered rate. */
static void add_achieved(json_t *sample)
{
    json_t *suite, *item;
    size_t i, k;

    json_array_foreach (json_object_get(sample, "suites"), i, suite) {
        json_array_foreach (json_object_get(suite, "cases"), k, item) {
            if (strstr(json_string_value(json_object_get(item, "id")), "/rate=")) {
                json_array_append_new(json_object_get(item, "metrics"),
                                      json_pack("{s:s, s:s, s:f}", "name", "achieved", "unit",
                                                "orders/s", "estimate", 1e6));
            }
        }
    }
}

TEST(report, gbench_marks_what_is_no_result)
{
    char file[] = "/tmp/headroom-report.XXXXXX";
    json_t *sample = load_sample(), *read, *entry;
    int fd = mkstemp(file), errors = 0, offered = 0;
    size_t i;

    CHECK(fd >= 0);
    close(fd);
    add_achieved(sample);
    CHECK_EQ(hr_report_gbench(sample, file), 0);
    read = json_load_file(file, 0, NULL);
    unlink(file);
    CHECK(json_is_object(json_object_get(read, "context")));
    json_array_foreach (json_object_get(read, "benchmarks"), i, entry) {
        const char *name = json_string_value(json_object_get(entry, "name"));

        errors += json_is_true(json_object_get(entry, "error_occurred"));
        CHECK(json_is_number(json_object_get(entry, "real_time")));
        CHECK_EQ(json_integer_value(json_object_get(entry, "family_index")), i);
        /* An offered rate is about its latency, not about the rate that was offered. */
        if (strstr(name, "/rate=")) {
            CHECK(!json_object_get(entry, "items_per_second"));
            offered += json_number_value(json_object_get(entry, "real_time")) > 0;
        }
        CHECK(!strstr(name, "conformance/"));
        if (strcmp(name, "throughput/inproc/reference/markets=1000") == 0) {
            double rate = json_number_value(json_object_get(entry, "items_per_second"));

            CHECK(rate > 1e7);
            CHECK_NEAR(json_number_value(json_object_get(entry, "real_time")), 1e9 / rate, 1e-6);
        }
    }
    CHECK_EQ(errors, 4);
    CHECK(offered > 0);
    json_decref(read);
    json_decref(sample);
}
