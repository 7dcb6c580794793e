/*
 * plan_test.c - what the purchase view concludes, on records and catalogs small enough to be worked
 * out by hand: answers, bounds, money and the order of machines.
 */
#include "harness/error.h"
#include "reports/catalog.h"
#include "reports/plan.h"
#include "reports/quantity.h"
#include "reports/record_view.h"
#include "tests/test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A record with one capacity case and 1000 bytes a market; made_up: "" or why. */
static json_t *record_of(const char *line, double capacity, const char *status, double bound_ns,
                         double memory_bytes, const char *made_up)
{
    json_t *record = json_pack(
        "{s:b,s:{s:s,s:s,s:{s:f}},s:[{s:s,s:f,s:s,s:s}],s:[{s:s,s:[{s:s,s:s,s:s,s:s,s:s,s:{s:f,s:f}"
        ","
        "s:[{s:s,s:f,s:s}]}]},{s:s,s:[{s:s,s:s,s:s,s:s,s:{s:f,s:f},s:[{s:s,s:f,s:s}]}]}]}",
        "complete", 1, "host", "line", line, "fingerprint", "00000000000000ff", "memory",
        "total_bytes", memory_bytes, "ceilings", "id", "memory/bandwidth/read/threads=1",
        "estimate", 10e9, "unit", "bytes/s", "better", "higher", "suites", "name", "capacity",
        "cases", "id", "capacity/x", "status", status, "reason", "disturbed", "engine", "reference",
        "path", "inproc", "params", "percentile", 99.9, "bound_ns", bound_ns, "metrics", "name",
        "capacity", "estimate", capacity, "unit", "orders/s", "name", "markets", "cases", "id",
        "markets/x", "status", "pass", "engine", "reference", "path", "inproc", "params", "markets",
        1000.0, "levels", 10.0, "metrics", "name", "bytes_per_market", "estimate", 1000.0, "unit",
        "bytes");

    CHECK(record);
    if (*made_up) {
        json_object_set_new(record, "constructed", json_string(made_up));
    }
    return record;
}

static json_t *catalog_of(const char *text)
{
    json_t *catalog = NULL;

    CHECK_EQ(hr_catalog_parse(&catalog, text, strlen(text), "test.yaml"), 0);
    return catalog;
}

static struct hr_plan_terms terms_of(const char *const *require, int requires, const char *budget,
                                     const char *const *restricted, int restrictions,
                                     const json_t *catalog)
{
    const struct hr_plan_flags flags = {.require = require,
                                        .requires = requires,
                                        .budget = budget,
                                        .restrict_to = restricted,
                                        .restricts = restrictions,
                                        .horizon = "10mo",
                                        .energy = "0.5/kWh",
                                        .memory_share = "50"};
    struct hr_plan_terms terms;

    CHECK_EQ(hr_plan_terms_parse(&terms, &flags, catalog), 0);
    return terms;
}

static const json_t *machine_at(const json_t *plan, size_t i)
{
    return json_array_get(json_object_get(plan, "machines"), i);
}

static const json_t *answer_at(const json_t *machine, size_t i)
{
    return json_array_get(json_object_get(machine, "answers"), i);
}

static const char *const rate_at_10us[] = {"rate=1e6@p99.9<=10us", "markets=1e6"};

TEST(plan, quantities_are_read_as_written)
{
    static const char *const bad[] = {"",      "x",      "-1 W", "0x10 W", "nan W",
                                      "inf W", "1e30 W", "5 w",  "5"};
    struct hr_money money;
    double value;
    size_t i;

    CHECK(hr_parse_size("48GiB", &value) == 0 && value == 48.0 * 1073741824);
    CHECK(hr_parse_bandwidth("273 GB/s", &value) == 0 && value == 273e9);
    CHECK(hr_parse_power("1.6 kW", &value) == 0 && value == 1600);
    CHECK(hr_parse_months("3y", &value) == 0 && value == 36);
    CHECK(hr_parse_money("AUD 8343", 0, &money) == 0 && money.amount == 8343);
    CHECK_EQ(strcmp(money.currency, "AUD"), 0);
    CHECK(hr_parse_money("8343", 0, &money) != 0 && hr_parse_money("AUDX 1", 1, &money) != 0);
    CHECK(hr_parse_money_per("0.15/kWh", "kWh", &money) == 0 && !money.currency[0]);
    CHECK(hr_parse_money_per("0.15/h", "kWh", &money) != 0);
    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CHECK(hr_parse_power(bad[i], &value) != 0);
    }
}

TEST(plan, only_a_tighter_bound_and_a_case_that_counts_answer)
{
    static const struct {
        double bound_ns;
        const char *status, *answer;
    } cases[] = {{10000, "pass", "met"},
                 {5000, "pass", "met"},
                 {20000, "pass", "unknown"},
                 {10000, "invalid", "unknown"},
                 {10000, "skip", "unknown"}};
    struct hr_plan_terms terms = terms_of(rate_at_10us, 1, NULL, NULL, 0, NULL);

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json_t *record = record_of("m", 2e6, cases[i].status, cases[i].bound_ns, 1e9, "");
        json_t *answer = hr_plan_answer(&terms, &terms.ask[0], record, NULL);

        CHECK(hr_view_is(answer, "status", cases[i].answer));
        CHECK(*hr_view_text(answer, "how"));
        json_decref(answer);
        json_decref(record);
    }
}

/* Where a search began and failed, nothing is known of what lies below. */
TEST(plan, a_bound_that_no_rate_held_is_short_only_from_where_it_failed)
{
    json_t *record = record_of("m", 1, "fail", 10000, 1e9, "");
    json_t *metrics = json_object_get(
        json_array_get(
            json_object_get(json_array_get(json_object_get(record, "suites"), 0), "cases"), 0),
        "metrics");
    struct hr_plan_terms terms = terms_of(rate_at_10us, 1, NULL, NULL, 0, NULL);
    json_t *answer;

    json_object_set_new(json_array_get(metrics, 0), "estimate", json_null());
    json_array_append_new(metrics, json_pack("{s:s,s:f,s:s}", "name", "lowest_failed", "estimate",
                                             1e6, "unit", "orders/s"));
    answer = hr_plan_answer(&terms, &terms.ask[0], record, NULL);
    CHECK(hr_view_is(answer, "status", "short"));
    CHECK(json_is_null(json_object_get(answer, "value")));
    CHECK(hr_view_number(answer, "below") == 1e6);
    json_decref(answer);
    terms.ask[0].value = 5e5;
    answer = hr_plan_answer(&terms, &terms.ask[0], record, NULL);
    CHECK(hr_view_is(answer, "status", "unknown"));
    json_decref(answer);
    json_decref(record);
}

TEST(plan, cost_is_purchase_energy_and_rent)
{
    json_t *catalog =
        catalog_of("a:\n  name: A\n  vendor: V\n  kind: pc\n  price: AUD 1000\n"
                   "  rent: AUD 7/mo\n  priced: undated\n  source: s\n  watts: 100 W\n"
                   "  specified: s\n  host: mine\n");
    json_t *record = record_of("mine", 2e6, "pass", 10000, 4e9, ""), *plan;
    struct hr_plan_terms terms = terms_of(rate_at_10us, 2, NULL, NULL, 0, catalog);
    const struct hr_plan_result result = {record, "r.json", NULL};
    const json_t *cost;

    plan = hr_plan_make(&terms, catalog, &result, 1);
    CHECK(plan);
    cost = json_object_get(machine_at(plan, 0), "cost");
    /* Rented machines have their energy in the rent. */
    CHECK(fabs(hr_view_number(cost, "month") - 107) < 1e-9);
    CHECK(fabs(hr_view_number(cost, "outlay") - 1070) < 1e-9);
    CHECK(fabs(hr_view_number(machine_at(plan, 0), "per_watt") - 2e4) < 1e-9);
    CHECK(hr_view_is(machine_at(plan, 0), "verdict", "meets"));
    /* Half of 4 GB at 1000 bytes a market. */
    CHECK_EQ((int)hr_view_number(answer_at(machine_at(plan, 0), 1), "value"), 2000000);
    json_object_del(json_array_get(catalog, 0), "rent");
    json_decref(plan);
    plan = hr_plan_make(&terms, catalog, &result, 1);
    cost = json_object_get(machine_at(plan, 0), "cost");
    CHECK(fabs(hr_view_number(cost, "month") - (100 + 0.1 * 730 * 0.5)) < 1e-9);
    json_decref(plan);
    json_decref(record);
    json_decref(catalog);
}

/* Another model's name begins like it, or it is sold with more memory: its price is not this one's.
 */
TEST(plan, a_result_is_of_the_machine_that_its_host_names)
{
    static const char text[] = "m:\n  name: M\n  vendor: V\n  kind: pc\n  host: Ryzen 5700X\n"
                               "  memory: 64GB\n  specified: s\n";
    static const struct {
        const char *line;
        double memory;
        bool is;
    } cases[] = {{"AMD Ryzen 5700X 8-Core Processor, 16 threads", 62.5e9, true},
                 {"AMD Ryzen 5700X3D 8-Core Processor, 16 threads", 62.5e9, false},
                 {"AMD Ryzen 5700X 8-Core Processor, 16 threads", 31e9, false},
                 {"AMD Ryzen 5700X 8-Core Processor, 16 threads", 128e9, false}};
    json_t *catalog = catalog_of(text);
    struct hr_plan_terms terms = terms_of(NULL, 0, NULL, NULL, 0, catalog);

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json_t *record = record_of(cases[i].line, 2e6, "pass", 10000, cases[i].memory, "");
        const struct hr_plan_result result = {record, "r.json", NULL};
        json_t *plan = hr_plan_make(&terms, catalog, &result, 1);

        CHECK_EQ((int)hr_view_is(machine_at(plan, 0), "id", "m"), (int)cases[i].is);
        json_decref(plan);
        json_decref(record);
    }
    json_decref(catalog);
}

/* Two parts are Apple's, one is not: the card cannot pay for it. */
TEST(plan, restricted_money_pays_its_vendors_parts_only)
{
    static const char *const card[] = {"AUD 100:vendor=Apple"};
    json_t *catalog = catalog_of("a:\n  name: A\n  vendor: Apple\n  kind: mac\n  currency: AUD\n"
                                 "  parts: [Body = 80, Fan @ Shop = 30]\n  priced: undated\n"
                                 "  source: s\nb:\n  name: B\n  vendor: Shop\n  kind: pc\n"
                                 "  price: AUD 71\n  priced: undated\n  source: s\n");
    struct hr_plan_terms terms = terms_of(NULL, 0, "AUD 200", card, 1, catalog);
    json_t *plan = hr_plan_make(&terms, catalog, NULL, 0), *bundles;
    const json_t *paid;

    bundles = json_object_get(plan, "bundles");
    /* 30 + 71 is more than the 100 that buys anything, though 181 is less than 200. */
    CHECK_EQ((int)json_array_size(bundles), 2);
    json_decref(plan);
    terms = terms_of(NULL, 0, "AUD 201", card, 1, catalog);
    plan = hr_plan_make(&terms, catalog, NULL, 0);
    bundles = json_object_get(plan, "bundles");
    CHECK_EQ((int)json_array_size(bundles), 1);
    paid = json_object_get(json_array_get(bundles, 0), "paid");
    CHECK(hr_view_number(json_array_get(paid, 0), "amount") == 80);
    CHECK(hr_view_number(json_array_get(paid, 0), "left") == 20);
    CHECK(hr_view_number(json_array_get(paid, 1), "amount") == 101);
    CHECK(hr_view_number(json_array_get(paid, 1), "left") == 0);
    json_decref(plan);
    json_decref(catalog);
}

static const char kinds[] = "m:\n  name: M\n  vendor: V\n  kind: x86-pc\n  host: real\n"
                            "  bandwidth: 20 GB/s\n  specified: s\n"
                            "u:\n  name: U\n  vendor: V\n  kind: x86-server\n  bandwidth: 60 GB/s\n"
                            "  memory: 8GB\n  specified: s\n"
                            "w:\n  name: W\n  vendor: V\n  kind: arm-phone\n  bandwidth: 60 GB/s\n"
                            "  specified: s\n"
                            "x:\n  name: X\n  vendor: V\n  kind: x86-server\n  host: fake\n"
                            "  bandwidth: 30 GB/s\n  specified: s\n";

TEST(plan, a_projection_is_bounded_by_the_nearest_kind_and_ranks_last)
{
    json_t *catalog = catalog_of(kinds);
    json_t *real = record_of("real", 2e6, "pass", 10000, 1e9, "");
    struct hr_plan_terms terms = terms_of(rate_at_10us, 2, NULL, NULL, 0, catalog);
    const struct hr_plan_result result = {real, "r.json", NULL};
    json_t *plan = hr_plan_make(&terms, catalog, &result, 1);
    const json_t *last;
    size_t i, count = json_array_size(json_object_get(plan, "machines"));

    CHECK_EQ((int)count, 4);
    /* Short of markets, and yet above every projection. */
    CHECK(hr_view_is(machine_at(plan, 0), "verdict", "short"));
    CHECK(hr_view_is(machine_at(plan, 0), "basis", "measured"));
    for (i = 1; i < count; i++) {
        const json_t *machine = machine_at(plan, i);

        CHECK(hr_view_is(machine, "basis", "projection"));
        CHECK(!json_is_true(json_object_get(machine, "front")));
        if (hr_view_is(machine, "id", "u")) {
            CHECK(fabs(hr_view_number(answer_at(machine, 0), "value") - 6e6) < 1e-3);
            CHECK(hr_view_is(answer_at(machine, 0), "status", "may meet"));
            CHECK_EQ((int)hr_view_number(answer_at(machine, 1), "value"), 4000000);
        }
        if (hr_view_is(machine, "id", "w")) {
            CHECK(hr_view_is(answer_at(machine, 0), "status", "unknown"));
        }
    }
    last = machine_at(plan, count - 1);
    CHECK(!hr_view_is(last, "verdict", "meets"));
    json_decref(plan);
    json_decref(real);
    json_decref(catalog);
}

TEST(plan, what_is_made_up_stands_below_what_is_measured)
{
    json_t *catalog = catalog_of(kinds);
    json_t *real = record_of("real", 1, "pass", 10000, 1e9, "");
    json_t *fake = record_of("fake", 9e6, "pass", 10000, 64e9, "an example");
    struct hr_plan_terms terms = terms_of(rate_at_10us, 2, NULL, NULL, 0, catalog);
    const struct hr_plan_result results[] = {{fake, "f.json", NULL}, {real, "r.json", NULL}};
    json_t *plan = hr_plan_make(&terms, catalog, results, 2);

    CHECK(hr_view_is(machine_at(plan, 0), "id", "m"));
    CHECK(hr_view_is(machine_at(plan, 1), "id", "x"));
    CHECK(hr_view_is(machine_at(plan, 1), "basis", "constructed"));
    CHECK(hr_view_is(machine_at(plan, 1), "verdict", "meets"));
    /* The same kind is nearer than another one, made up or not; the bound says which it took. */
    CHECK(hr_view_is(json_object_get(machine_at(plan, 2), "model"), "of", "A"));
    CHECK(strstr(hr_view_text(answer_at(machine_at(plan, 2), 0), "how"), "made up"));
    json_decref(plan);
    json_decref(fake);
    json_decref(real);
    json_decref(catalog);
}

TEST(plan, the_front_is_of_one_sort_and_beaten_by_none)
{
    static const char text[] =
        "a:\n  name: A\n  vendor: V\n  kind: pc\n  price: AUD 100\n  priced: undated\n  source: s\n"
        "b:\n  name: B\n  vendor: V\n  kind: pc\n  price: AUD 200\n  priced: undated\n  source: s\n"
        "c:\n  name: C\n  vendor: V\n  kind: pc\n  price: AUD 300\n  priced: undated\n  source: "
        "s\n";
    static const double rates[] = {1e6, 5e6, 4e6};
    static const char *const ids[] = {"a", "b", "c"};
    json_t *catalog = catalog_of(text), *records[3], *plan;
    struct hr_plan_terms terms = terms_of(rate_at_10us, 1, NULL, NULL, 0, catalog);
    struct hr_plan_result results[3];

    for (int i = 0; i < 3; i++) {
        records[i] = record_of("m", rates[i], "pass", 10000, 1e9, "");
        results[i] = (struct hr_plan_result){records[i], "r.json", ids[i]};
    }
    plan = hr_plan_make(&terms, catalog, results, 3);
    for (size_t i = 0; i < 3; i++) {
        const json_t *machine = machine_at(plan, i);

        CHECK_EQ(json_is_true(json_object_get(machine, "front")), !hr_view_is(machine, "id", "c"));
    }
    json_decref(plan);
    for (int i = 0; i < 3; i++) {
        json_decref(records[i]);
    }
    json_decref(catalog);
}

/* 10 GB a token: 4 GB of it at 100 GB/s, the rest at 20. */
TEST(plan, a_token_reads_the_gpus_part_faster)
{
    json_t *entry = json_pack("{s:f,s:f,s:f,s:f}", "memory", 16e9, "bandwidth", 20e9, "vram", 4e9,
                              "vram_bandwidth", 100e9);
    char how[300];

    CHECK(fabs(hr_plan_decode_bound(entry, 11e9, 10e9, how, sizeof(how)) - 1 / 0.34) < 1e-9);
    CHECK(fabs(hr_plan_decode_bound(entry, 3e9, 2e9, how, sizeof(how)) - 50) < 1e-9);
    CHECK(hr_plan_decode_bound(entry, 21e9, 10e9, how, sizeof(how)) == 0);
    json_object_del(entry, "vram");
    CHECK(fabs(hr_plan_decode_bound(entry, 11e9, 10e9, how, sizeof(how)) - 2) < 1e-9);
    json_object_del(entry, "bandwidth");
    CHECK(isnan(hr_plan_decode_bound(entry, 11e9, 10e9, how, sizeof(how))));
    json_decref(entry);
}
