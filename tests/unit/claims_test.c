/*
 * claims_test.c - each verdict from a record made for it; mistakes in files are told with their
 * place; and the registry of the documents is whole: every number of theirs is covered once.
 */
#include "harness/error.h"
#include "reports/claims.h"
#include "reports/record_view.h"
#include "tests/test.h"

#include <errno.h>
#include <stdlib.h>

#define CEILING "memory/lines/huge/bytes=536870912"
#define REFERENCE_RUN "reports/reference-runs/vm-zen5-2cpu/result.json"

static struct hr_claims *parse(const char *facts, const char *hardware, const char *claims)
{
    struct hr_claims *c = hr_claims_new();

    hr_error_clear();
    if ((facts && hr_claims_parse(c, "facts", facts, strlen(facts), "facts.yaml")) ||
        (hardware && hr_claims_parse(c, "hardware", hardware, strlen(hardware), "hardware.yaml")) ||
        hr_claims_parse(c, "claims", claims, strlen(claims), "mine.yaml") || hr_claims_check(c)) {
        FAIL("%s", hr_error());
    }
    return c;
}

/* A result of one case with one figure, on a machine with this processor. */
static json_t *result(const char *cpu, const char *status, double low, double estimate, double high)
{
    json_t *record = json_pack(
        "{s:{s:s, s:s, s:{s:s, s:i}, s:{s:I}}, s:[{s:s}], s:[{s:s, s:s, s:[{s:s, s:s, s:s, s:s, "
        "s:[{s:s, s:s, s:f, s:f, s:f, s:f, s:f, s:s}]}]}]}",
        "host", "fingerprint", "0123456789abcdef", "line", "a machine, 2 cores, more", "cpu",
        "model", cpu, "threads", 2, "memory", "total_bytes", (json_int_t)64000000000, "ceilings",
        "id", CEILING, "suites", "name", "throughput", "status", "pass", "cases", "id",
        "throughput/inproc/reference/markets=1", "engine", "reference", "status", status, "reason",
        "it was disturbed", "metrics", "name", "throughput", "unit", "orders/s", "estimate",
        estimate, "ci_low", low, "ci_high", high, "ceiling_value", 40e6, "of_ceiling", 0.5,
        "ceiling", CEILING);

    CHECK(record);
    return record;
}

static const char fast[] = "fast:\n  says: the fast machine\n  cpu: Fast 9000|Faster\n";
static const char rate[] =
    "R:\n  claim: rate\n  value: 20e6 orders/s\n  hardware: fast\n"
    "  case: throughput/*/markets=1\n  field: throughput\n  tolerance: 0 %\n";

/* Judges claim 0 by up to two records, which are taken. */
static json_t *judge(struct hr_claims *claims, json_t *one, json_t *two)
{
    const json_t *records[2] = {one, two};
    json_t *judged = hr_claims_judge(claims, records, !one ? 0 : two ? 2 : 1), *first;

    if (!judged) {
        FAIL("%s", hr_error());
    }
    first = json_incref(json_array_get(judged, 0));
    json_decref(judged);
    json_decref(one);
    json_decref(two);
    hr_claims_free(claims);
    return first;
}

static void expect(json_t *judged, const char *verdict, const char *reason)
{
    if (strcmp(hr_view_text(judged, "verdict"), verdict) != 0 ||
        !strstr(hr_view_text(judged, "reason"), reason)) {
        FAIL("%s: %s", hr_view_text(judged, "verdict"), hr_view_text(judged, "reason"));
    }
    json_decref(judged);
}

TEST(claims, measured_on_the_stated_hardware)
{
    expect(judge(parse(NULL, fast, rate), result("A fast 9000 X", "pass", 20e6, 21e6, 22e6), NULL),
           "validated", "21 M orders/s measured (20 M orders/s to 22 M orders/s)");
    expect(judge(parse(NULL, fast, rate), result("Fast 9000", "pass", 9e6, 10e6, 11e6), NULL),
           "refuted by measurement", "2 times short");
}

/* What the null engine reaches tells nothing of the machine that would be needed. */
TEST(claims, a_ceiling_of_the_harness_is_none)
{
    json_t *record = result("Slow", "pass", 9e6, 10e6, 11e6), *judged;

    json_array_clear(json_object_get(record, "ceilings"));
    judged = judge(parse(NULL, fast, rate), record, NULL);
    CHECK(!strstr(hr_view_text(judged, "reason"), "ceiling"));
    expect(judged, "short here", "2 times short");
}

/* What a case was run with can be claimed too: markets, bytes of an order. */
TEST(claims, parameters_are_figures)
{
    static const char size[] = "R:\n  claim: size\n  value: 60 B\n  direction: about\n"
                               "  case: throughput/*\n  field: order_bytes\n";
    json_t *record = result("x", "pass", 1, 1, 1);
    json_t *suite = json_array_get(json_object_get(record, "suites"), 0);

    json_object_set_new(json_array_get(json_object_get(suite, "cases"), 0), "params",
                        json_pack("{s:i}", "order_bytes", 60));
    expect(judge(parse(NULL, NULL, size), record, NULL), "validated", "60 B measured");
}

TEST(claims, bytes_per_market_are_of_a_market)
{
    static const char size[] = "R:\n  claim: size\n  value: 160 kB/market\n  direction: at_most\n"
                               "  case: throughput/*\n  field: bytes_per_l2_market\n";
    json_t *record = result("x", "pass", 150e3, 150e3, 150e3);
    json_t *item = json_array_get(
        json_object_get(json_array_get(json_object_get(record, "suites"), 0), "cases"), 0);
    json_t *metric = json_array_get(json_object_get(item, "metrics"), 0);

    json_object_set_new(metric, "name", json_string("bytes_per_l2_market"));
    json_object_set_new(metric, "unit", json_string("bytes"));
    expect(judge(parse(NULL, NULL, size), record, NULL), "validated", "150 kB/market measured");
}

TEST(claims, measured_elsewhere)
{
    expect(judge(parse(NULL, fast, rate), result("Slow", "pass", 20e6, 21e6, 22e6), NULL),
           "met here", "stated for the fast machine: its processor is Slow, not Fast 9000 or Faster");
    expect(judge(parse(NULL, fast, rate), result("Slow", "pass", 9e6, 10e6, 11e6), NULL),
           "short here", "2 times short; the ceiling here is 40 M orders/s (random lines in 537");
    expect(
        judge(parse(NULL, fast, rate), result("Slow", "pass", 9e6, 10e6, 11e6), NULL), "short here",
        "of which 50 % was reached: a machine of this kind would need a ceiling of 40 M orders/s");
}

/* A better figure from elsewhere does not stand in for one from the stated machine. */
TEST(claims, the_stated_hardware_comes_first)
{
    expect(judge(parse(NULL, fast, rate), result("Slow", "pass", 90e6, 91e6, 92e6),
                 result("Fast 9000", "pass", 9e6, 10e6, 11e6)),
           "refuted by measurement", "10 M orders/s measured");
    expect(judge(parse(NULL, fast, rate), result("Fast 9000", "pass", 9e6, 10e6, 11e6),
                 result("Slow", "pass", 90e6, 91e6, 92e6)),
           "refuted by measurement", "10 M orders/s measured");
}

TEST(claims, what_did_not_run_or_pass_is_not_validated)
{
    json_t *null = result("Fast 9000", "pass", 21e6, 21e6, 21e6);

    expect(judge(parse(NULL, fast, rate), NULL, NULL), "not testable here", "no result was given");
    expect(judge(parse(NULL, fast, rate), result("Fast 9000", "invalid", 21e6, 22e6, 23e6), NULL),
           "not testable here", "is invalid: it was disturbed");
    json_object_set_new(
        json_array_get(json_object_get(json_array_get(json_object_get(null, "suites"), 0), "cases"),
                       0),
        "engine", json_string("null"));
    expect(judge(parse(NULL, fast, rate), null, NULL), "not testable here", "no such case");
    expect(judge(parse(NULL, fast,
                       "R:\n  claim: rate\n  value: 1 orders/s\n  case: network/tcp/* cluster/*\n"
                       "  field: acked\n  needs: a network\n"),
                 result("Fast 9000", "pass", 21e6, 22e6, 23e6), NULL),
           "not testable here", "did not run: network, cluster; needs a network");
    expect(judge(parse(NULL, fast,
                       "R:\n  claim: rate\n  value: 1 messages/s\n  case: throughput/*\n"
                       "  field: throughput\n"),
                 result("Fast 9000", "pass", 21e6, 22e6, 23e6), NULL),
           "not testable here", "is in orders/s, the claim in messages/s");
}

static json_t *case_of(json_t *record)
{
    json_t *suite = json_array_get(json_object_get(record, "suites"), 0);

    return json_array_get(json_object_get(suite, "cases"), 0);
}

static json_t *with_runs(json_t *record, int runs, bool interval)
{
    json_t *metric = json_array_get(json_object_get(case_of(record), "metrics"), 0);

    json_object_set_new(metric, "n_runs", json_integer(runs));
    json_object_set_new(metric, "interval", json_boolean(interval));
    return record;
}

/* Below six runs there is no interval, and a single run is no more than that. */
TEST(claims, few_runs_are_told)
{
    json_t *record;

    expect(judge(parse(NULL, fast, rate),
                 with_runs(result("Fast 9000", "pass", 21e6, 22e6, 23e6), 3, false), NULL),
           "validated", "(21 M orders/s to 23 M orders/s, least to most of 3 runs)");
    expect(judge(parse(NULL, fast, rate),
                 with_runs(result("Fast 9000", "pass", 22e6, 22e6, 22e6), 1, false), NULL),
           "validated", "22 M orders/s measured in one run against");
    record = with_runs(result("Fast 9000", "pass", 22e6, 22e6, 22e6), 1, false);
    json_object_set_new(case_of(record), "runs", json_pack("[{}, {}, {}]"));
    expect(judge(parse(NULL, fast, rate), record, NULL), "validated",
           "22 M orders/s measured against");
    expect(judge(parse(NULL, fast, rate),
                 with_runs(result("Fast 9000", "pass", 21e6, 22e6, 23e6), 10, true), NULL),
           "validated", "(21 M orders/s to 23 M orders/s) against");
}

/* What is wrong with the claim is told before what another case lacks. */
TEST(claims, another_unit_is_told_first)
{
    json_t *record = result("Fast 9000", "pass", 21e6, 22e6, 23e6), *cases, *bare;

    cases = json_object_get(json_array_get(json_object_get(record, "suites"), 0), "cases");
    bare = json_deep_copy(json_array_get(cases, 0));
    json_object_set_new(bare, "metrics", json_array());
    json_array_append_new(cases, bare);
    expect(judge(parse(NULL, NULL,
                       "R:\n  claim: rate\n  value: 5 GB\n  case: throughput/*\n"
                       "  field: throughput\n"),
                 record, NULL),
           "not testable here", "is in orders/s, the claim in B");
}

TEST(claims, a_claim_and_a_fact_of_one_name_are_refused)
{
    static const char facts[] = "port:\n  value: 10 Gb/s\n  source: s\n";
    static const char claim[] = "port:\n  claim: c\n  value: 1 Gb/s\n";
    struct hr_claims *claims = hr_claims_new();

    CHECK_EQ(hr_claims_parse(claims, "facts", facts, strlen(facts), "facts.yaml"), 0);
    CHECK_EQ(hr_claims_parse(claims, "claims", claim, strlen(claim), "mine.yaml"), 0);
    CHECK_EQ(hr_claims_check(claims), -EINVAL);
    CHECK_STR(hr_error(),
              "mine.yaml:2:1: port is a fact already, in facts.yaml:2; name it otherwise");
    hr_claims_free(claims);
}

/* A missed limit is a measured figure, and may be what refutes. */
TEST(claims, what_missed_a_limit_counts)
{
    expect(judge(parse(NULL, fast, rate), result("Fast 9000", "fail", 9e6, 10e6, 11e6), NULL),
           "refuted by measurement", "10 M orders/s measured");
}

TEST(claims, an_interval_around_the_claim_tells_nothing)
{
    expect(judge(parse(NULL, fast, rate), result("Fast 9000", "pass", 19e6, 21e6, 22e6), NULL),
           "not testable here", "more runs would tell");
}

TEST(claims, directions_and_tolerance)
{
    static const char most[] = "R:\n  claim: rate\n  value: 20e6 orders/s\n  case: throughput/*\n"
                               "  field: throughput\n  tolerance: 10 %\n  direction: at_most\n";
    static const char about[] = "R:\n  claim: rate\n  value: 20e6 orders/s\n  case: throughput/*\n"
                                "  field: throughput\n  tolerance: 10 %\n  direction: about\n";

    expect(judge(parse(NULL, NULL, most), result("x", "pass", 21e6, 21e6, 22e6), NULL), "validated",
           "at most");
    expect(judge(parse(NULL, NULL, most), result("x", "pass", 39e6, 40e6, 41e6), NULL),
           "refuted by measurement", "2 times over");
    expect(judge(parse(NULL, NULL, about), result("x", "pass", 19e6, 20e6, 21e6), NULL),
           "validated", "about");
    expect(judge(parse(NULL, NULL, about), result("x", "pass", 39e6, 40e6, 41e6), NULL),
           "refuted by measurement", "2 times over");
    expect(judge(parse(NULL, NULL, about), result("x", "pass", 9e6, 10e6, 11e6), NULL),
           "refuted by measurement", "2 times short");
}

/* A verdict that rests on the tolerance says so. */
TEST(claims, the_tolerance_is_told_where_it_decides)
{
    static const char text[] = "R:\n  claim: rate\n  value: 20e6 orders/s\n  case: throughput/*\n"
                               "  field: throughput\n  tolerance: 30 %\n";
    json_t *judged;

    expect(judge(parse(NULL, NULL, text), result("x", "pass", 15e6, 15e6, 16e6), NULL), "validated",
           "against at least 20 M orders/s claimed, held to within 30 % of it");
    judged = judge(parse(NULL, NULL, text), result("x", "pass", 21e6, 22e6, 23e6), NULL);
    CHECK(!strstr(hr_view_text(judged, "reason"), "held to within"));
    json_decref(judged);
}

/* What a case was run with can be asked for; a case that does not tell it is not it. */
TEST(claims, where_asks_what_a_case_was_run_with)
{
    static const char text[] = "R:\n  claim: rate\n  value: 1e6 orders/s\n  case: throughput/*\n"
                               "  where: markets >= 5e6 and depth == 100\n  field: throughput\n";
    static const struct {
        double markets, depth;
        const char *verdict;
    } cases[] = {{5e6, 100, "validated"},
                 {4e6, 100, "not testable here"},
                 {5e6, 10, "not testable here"},
                 {5e6, 0, "not testable here"}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json_t *record = result("x", "pass", 2e6, 2e6, 2e6);
        json_t *params = json_pack("{s:f}", "markets", cases[i].markets);

        if (cases[i].depth > 0) {
            json_object_set_new(params, "depth", json_real(cases[i].depth));
        }
        json_object_set_new(case_of(record), "params", params);
        expect(judge(parse(NULL, NULL, text), record, NULL), cases[i].verdict,
               i ? "markets=1 was not run with markets >= 5e6 and depth == 100" : "2 M orders/s");
    }
}

/* A reason that is too long is cut behind a word. */
TEST(claims, long_reasons_are_cut_behind_a_word)
{
    json_t *record = result("Fast 9000", "invalid", 1, 1, 1);

    json_object_set_new(case_of(record), "reason",
                        json_string("no counters (not offered by this processor, or a guest); "
                                    "no battery, no meter, no tool that would tell, and nobody "
                                    "who stands beside the machine and reads a meter"));
    expect(judge(parse(NULL, fast, rate), record, NULL), "not testable here",
           "nobody who …; needs the fast machine");
    record = result("Fast 9000", "invalid", 1, 1, 1);
    json_object_set_new(case_of(record), "reason", json_string("no counters; "));
    expect(judge(parse(NULL, fast, rate), record, NULL), "not testable here",
           "is invalid: no counters; needs the fast machine");
}

TEST(claims, arithmetic_comes_before_everything)
{
    static const char facts[] = "port:\n  value: 10 Gb/s\n  source: a standard\n";
    static const char claim[] = "R:\n  claim: rate\n  hardware: fast\n  value: 26e6 orders/s\n  "
                                "case: throughput/*\n  field: throughput\n"
                                "  must: value >= 1 orders/s and value * 60 B/order <= port\n";
    struct hr_claims *claims = parse(facts, fast, claim);
    json_t *record = result("x", "pass", 90e6, 91e6, 92e6);
    json_t *judged = hr_claims_judge(claims, (const json_t *const *)&record, 1);
    const json_t *one = json_array_get(judged, 0), *check;

    CHECK_STR(hr_view_text(one, "verdict"), "refuted by arithmetic");
    CHECK_STR(
        hr_view_text(one, "reason"),
        "value * 60 B/order <= port does not hold: 12.48 Gb/s against 10 Gb/s, with value = 26 M "
        "orders/s");
    check = json_array_get(json_object_get(one, "checks"), 1);
    CHECK(json_is_false(json_object_get(check, "holds")));
    CHECK_STR(hr_view_text(json_object_get(json_object_get(check, "names"), "port"), "source"),
              "a standard");
    json_decref(judged);
    json_decref(record);
    hr_claims_free(claims);
}

/* Arithmetic that a measurement gives the lie to is told as such. */
TEST(claims, arithmetic_against_a_measurement)
{
    static const char claim[] =
        "R:\n  claim: rate\n  value: 26e6 orders/s\n  case: throughput/*\n  field: throughput\n"
        "  must: value <= 1 orders/s\n";

    expect(judge(parse(NULL, NULL, claim), result("x", "pass", 90e6, 91e6, 92e6), NULL),
           "refuted by arithmetic", "a fact or the formula is wrong: 91 M orders/s measured");
}

TEST(claims, contradictions_name_the_other)
{
    static const char two[] = "R:\n  claim: here\n  value: 512 GB\n  agrees: value == S\n"
                              "S:\n  claim: there\n  value: 192 GB\n";

    expect(judge(parse(NULL, NULL, two), NULL, NULL), "contradicts",
           "contradicts claim S: value == S does not hold: 512 GB against 192 GB");
}

/* What is to be known of the contradiction stands beside it, before what was measured. */
TEST(claims, a_note_stands_by_what_it_is_about)
{
    static const char two[] = "R:\n  claim: here\n  value: 20e6 orders/s\n  hardware: fast\n"
                              "  case: throughput/*\n  field: throughput\n  agrees: value == S\n"
                              "  note: of one machine\nS:\n  claim: there\n  value: 1 orders/s\n";

    expect(judge(parse(NULL, fast, two), result("Slow", "pass", 9e6, 10e6, 11e6), NULL),
           "contradicts",
           "20 M orders/s against 1 order/s; of one machine; 10 M orders/s measured");
}

TEST(claims, what_is_no_measurement_keeps_its_kind)
{
    expect(
        judge(parse(NULL, NULL, "R:\n  claim: c\n  value: 1\n  kind: configuration\n"), NULL, NULL),
        "configuration", "setting");
    expect(
        judge(parse(NULL, NULL, "R:\n  claim: c\n  value: 1 USD\n  kind: external\n"), NULL, NULL),
        "external", "third party");
    expect(judge(parse(NULL, NULL, "R:\n  claim: c\n  value: 1\n  kind: undefined\n"), NULL, NULL),
           "undefined", "not stated");
    expect(judge(parse(NULL, NULL,
                       "R:\n  claim: c\n  value: 1\n  kind: configuration\n  must: value > 2\n"),
                 NULL, NULL),
           "refuted by arithmetic", "1 against 2");
}

TEST(claims, facts_of_the_host)
{
    static const char memory[] = "R:\n  claim: memory\n  value: 64 GB\n  hardware: fast\n"
                                 "  case: host/memory\n  field: total_bytes\n  direction: about\n";

    expect(judge(parse(NULL, fast, memory), result("Fast 9000", "pass", 1, 1, 1), NULL),
           "validated", "64 GB measured");
    expect(judge(parse(NULL, fast, memory), result("Slow", "pass", 1, 1, 1), NULL),
           "not testable here",
           "a fact about the fast machine, not about the machine of this result");
}

/* A list is looked through, and "bytes" is a unit of its own. */
TEST(claims, facts_in_lists)
{
    static const char disk[] = "R:\n  claim: disk\n  value: 8 TB\n  case: host/disks/devices\n"
                               "  field: bytes\n";
    json_t *record = result("x", "pass", 1, 1, 1);

    json_object_set_new(json_object_get(record, "host"), "disks",
                        json_pack("{s:[{s:I}, {s:I}, {}]}", "devices", "bytes",
                                  (json_int_t)500000000000, "bytes", (json_int_t)8000000000000));
    expect(judge(parse(NULL, NULL, disk), record, NULL), "validated", "8 TB measured");
}

TEST(claims, conditions_of_hardware)
{
    static const struct {
        const char *conditions;
        int is;
    } cases[] = {
        {"cpu: slow", 1},
        {"cpu: fast", 0},
        {"cpu: slow\n  not_cpu: slow", 0},
        {"cpu: slo", 0}, /* a word of another name */
        {"gpu: H100", 0},
        {"gpu: RTX 3090", 1},
        {"gpu: RTX 309", 0},
        {"gpu: RTX 3090\n  not_gpu: RTX 3090 Ti", 0},
        {"machine: Mac", 0},
        {"system: Linux", 0},
        {"memory: 60 GB", 1},
        {"memory: 65 GB", 0},
        {"network: 1 Mb/s", 0},
        {"processors: 2 cores", 1},
        {"processors: 3 cores", 0},
        {"cpu: slow\n  memory: 60 GB\n  processors: 2 cores", 1},
    };
    json_t *record = result("Slow", "pass", 1, 1, 1);

    json_object_set_new(json_object_get(record, "host"), "gpus",
                        json_pack("[{s:s}]", "name", "NVIDIA GeForce RTX 3090 Ti"));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[200], why[200];
        struct hr_claims *claims = hr_claims_new();

        snprintf(text, sizeof(text), "kind:\n  says: it\n  %s\n", cases[i].conditions);
        CHECK_EQ(hr_claims_parse(claims, "hardware", text, strlen(text), "h"), 0);
        CHECK_EQ(hr_claims_check(claims), 0);
        if (hr_hardware_is(&claims->hardware[0], record, why, sizeof(why)) != cases[i].is ||
            (*why == '\0') != cases[i].is) {
            FAIL("%s: %s", cases[i].conditions, why);
        }
        hr_claims_free(claims);
    }
    json_decref(record);
}

TEST(claims, mistakes_are_told_with_file_line_and_column)
{
    static const struct {
        const char *folder, *text, *message;
    } mistakes[] = {
        {"claims", "R:\n  claim: c\n  value: 5 furlongs\n", "m.yaml:3:12: unknown unit 'furlongs'"},
        {"claims", "R:\n  claim: c\n  value: \"5 furlongs\"\n", "m.yaml:3:13: unknown unit"},
        {"claims", "R:\n  claim: c\n  value: 1\n  must: value <= porrt\n",
         "m.yaml:4:18: unknown name porrt"},
        {"claims", "R:\n  claim: c\n  value: 1 B\n  must: value <= 2 s\n",
         "m.yaml:4:15: B and s are of different kinds"},
        {"claims", "R:\n  claim: c\n  value: 1\n  must: value\n",
         "m.yaml:4:9: a comparison is meant"},
        {"claims", "R:\n  claim: c\n  value: 1 < 2\n", "m.yaml:3:10: a quantity is meant"},
        {"claims", "R:\n  claim: c\n  value: 1\n  agrees: value > 2\n", "m.yaml:4:11: `agrees`"},
        {"claims", "R:\n  claim: c\n", "m.yaml:2:1: R has no value; give one"},
        {"claims", "R:\n  claim: c\n  value: 1\n  vlaue: 2\n",
         "m.yaml:4:10: unknown key vlaue; did you mean value?"},
        {"claims", "R:\n  claim: c\n  value: 1\n  direction: up\n",
         "m.yaml:4:14: 'up' is none of at_least, at_most, about"},
        {"claims", "R:\n  claim: c\n  value: 1\n  kind: odd\n", "m.yaml:4:9: 'odd' is none of"},
        {"claims", "R:\n  claim: c\n  value: 1\n  hardware: odd\n",
         "m.yaml:4:13: unknown hardware"},
        {"claims", "R:\n  claim: c\n  value: 1\n  tolerance: 2\n", "m.yaml:4:14: a tolerance is"},
        {"claims", "R:\n  claim: c\n  value: 1\n  tolerance: 1 s\n", "m.yaml:4:14: a tolerance is"},
        {"claims", "R:\n  claim: c\n  value: 1\n  case: x/*\n", "m.yaml:4:9: case and field"},
        {"claims", "R:\n  claim: c\n  value: 1\n  where: x > 1\n", "m.yaml:4:10: `where` compares"},
        {"claims", "R:\n  claim: c\n  value: 1\n  case: x/*\n  field: f\n  where: x\n",
         "m.yaml:6:10: `where` compares"},
        {"claims", "R:\n  claim: c\n  value: 1\n  case: x/*\n  field: f\n  where: x >\n",
         "m.yaml:6:13: it ends where"},
        {"claims", "R:\n  claim: [a, b]\n  value: 1\n", "m.yaml:2:1: claim takes one value"},
        {"claims", "9R:\n  claim: c\n  value: 1\n", "m.yaml:2:10: an entry's name"},
        {"claims", "value:\n  claim: c\n  value: 1\n", "m.yaml:2:10: 'value' and 'and' are words"},
        {"claims", "and:\n  claim: c\n  value: 1\n", "m.yaml:2:10: 'value' and 'and' are words"},
        {"claims", "claim: c\n", "m.yaml:1:8: claim stands outside"},
        {"claims", "summary: nothing\n", "m.yaml:1:1: no entry of claims"},
        {"claims", "R:\n  claim: c\n  value: 1\nS:\n  claim: c\n  value: 1\nR:\n  claim: d\n",
         "m.yaml:7: R is given twice"},
        {"facts", "a:\n  value: b\n  source: s\nb:\n  value: 1\n  source: s\n",
         "m.yaml:2:10: unknown name b"},
        {"facts", "a:\n  value: 1\n", "m.yaml:2:1: a has no source"},
        {"hardware", "h:\n  says: s\n", "m.yaml:2:1: hardware h has no condition"},
        {"hardware", "h:\n  says: s\n  memory: 5 s\n", "m.yaml:3:11: give it in GB"},
    };

    for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
        struct hr_claims *claims = hr_claims_new();
        int rc = hr_claims_parse(claims, mistakes[i].folder, mistakes[i].text,
                                 strlen(mistakes[i].text), "m.yaml");

        rc = rc ? rc : hr_claims_check(claims);
        if (rc != -EINVAL ||
            strncmp(hr_error(), mistakes[i].message, strlen(mistakes[i].message)) ||
            strchr(hr_error(), '\n')) {
            FAIL("%s: %s", mistakes[i].text, hr_error());
        }
        hr_claims_free(claims);
    }
}

/* ---- the documents' registry ------------------------------------------------------------ */

static struct hr_claims *documents(void)
{
    struct hr_claims *claims;

    if (hr_claims_load(&claims, NULL, 0)) {
        FAIL("%s", hr_error());
    }
    return claims;
}

/* How many claims say that they cover this number of this line. */
static int covered(const struct hr_claims *claims, const char *document, const char *place)
{
    int count = 0;

    for (size_t i = 0; i < claims->claim_count; i++) {
        const char *at = claims->claims[i].at.text;

        if (strcmp(claims->claims[i].document, document) != 0) {
            continue;
        }
        for (; at && *at; at += strcspn(at, " "), at += strspn(at, " ")) {
            count += strlen(place) == strcspn(at, " ") && strncmp(at, place, strlen(place)) == 0;
        }
    }
    return count;
}

TEST(claims, every_number_of_the_documents_is_covered_once)
{
    struct hr_claims *claims = documents();
    FILE *in = fopen("tests/golden/claims/numbers.txt", "r");
    char line[1000], document[64], place[128];
    size_t numbers = 0, places = 0;

    CHECK(in);
    while (fgets(line, sizeof(line), in)) {
        char *rest = NULL, *word = line[0] == '#' ? NULL : strtok_r(line, " \n", &rest), *at;

        if (!word) {
            continue;
        }
        snprintf(document, sizeof(document), "%s", word);
        at = strtok_r(NULL, " \n", &rest);
        while ((word = strtok_r(NULL, " \n", &rest)) != NULL) {
            snprintf(place, sizeof(place), "%s/%s", at, word);
            numbers++;
            if (covered(claims, document, place) != 1) {
                FAIL("%s:%s is covered %d times", document, place,
                     covered(claims, document, place));
            }
        }
    }
    fclose(in);
    for (size_t i = 0; i < claims->claim_count; i++) {
        const char *at = claims->claims[i].at.text;

        CHECK(at); /* every claim stands somewhere */
        for (; *at; at += strcspn(at, " "), at += strspn(at, " ")) {
            places++;
        }
    }
    CHECK(numbers > 400);
    CHECK_EQ(places, numbers); /* and no claim covers what is not in a document */
    hr_claims_free(claims);
}

TEST(claims, every_fact_and_hardware_of_the_documents_is_sound)
{
    struct hr_claims *claims = documents();

    for (size_t i = 0; i < claims->claim_count; i++) {
        const struct hr_claim *c = &claims->claims[i];

        CHECK(*c->document);
        /* What can be measured names its hardware: without one any machine would validate it. */
        if (c->cases.text && !c->hardware.text) {
            FAIL("%s names no hardware", c->entry.id);
        }
    }
    hr_claims_free(claims);
}

/* The kinds of hardware against hosts as the probe records them. */
TEST(claims, hosts_are_told_apart)
{
    static const struct {
        const char *host, *kind;
        int is;
    } cases[] = {
        {"epyc-2x64", "h100", 1},        {"epyc-2x64", "a100", 0},
        {"epyc-2x64", "rtx-3090", 0},    {"epyc-2x64", "cloud-8", 1},
        {"epyc-2x64", "m2-ultra", 0},    {"apple-m2-max", "apple-laptop", 1},
        {"apple-m2-max", "m2-ultra", 0}, {"apple-m2-max", "m1-max", 0},
        {"apple-m2-max", "cloud-8", 0},  {"vm-2cpu", "cloud-8", 0},
        {"vm-2cpu", "h100", 0},          {"raspberry-pi-5", "pc-10g", 0},
    };
    struct hr_claims *claims = documents();

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char file[100], why[300];
        json_t *record;

        snprintf(file, sizeof(file), "tests/golden/hosts/%s/expected.json", cases[i].host);
        record = json_pack("{s:o}", "host", json_load_file(file, 0, NULL));
        CHECK(record);
        if (hr_hardware_is(hr_hardware_find(claims, cases[i].kind), record, why, sizeof(why)) !=
            cases[i].is) {
            FAIL("%s %s: %s", cases[i].host, cases[i].kind, why);
        }
        json_decref(record);
    }
    hr_claims_free(claims);
}

/* On a machine of none of the stated kinds no claim is validated or refuted by measurement. */
TEST(claims, a_run_elsewhere_validates_nothing)
{
    static const char *const refuted[] = {"Q01", "M01", "M30", "M52", "A17"};
    struct hr_claims *claims = documents();
    json_t *record = json_load_file(REFERENCE_RUN, 0, NULL), *judged, *one;
    size_t i, found = 0;

    CHECK(record);
    judged = hr_claims_judge(claims, (const json_t *const *)&record, 1);
    CHECK_EQ(json_array_size(judged), claims->claim_count);
    json_array_foreach (judged, i, one) {
        enum hr_claim_verdict verdict = hr_verdict_of(one);

        CHECK(verdict != HR_VERDICTS);
        CHECK(verdict != HR_VALIDATED && verdict != HR_REFUTED_BY_MEASUREMENT);
        CHECK(*hr_view_text(one, "reason"));
        for (size_t k = 0; k < sizeof(refuted) / sizeof(refuted[0]); k++) {
            if (strcmp(hr_view_text(one, "id"), refuted[k]) == 0) {
                CHECK_STR(hr_view_text(one, "verdict"), "refuted by arithmetic");
                found++;
            }
        }
    }
    CHECK_EQ(found, 5);
    json_decref(judged);
    json_decref(record);
    hr_claims_free(claims);
}
