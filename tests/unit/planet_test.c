/* planet_test.c - five million markets in small: are they proved, measured, scaled and refused? */
#include "tests/unit/small_rig.h"

#include <regex.h>

static regex_t filter;

/* The planet case of a rig with so many markets wanted. */
static struct small_rig *planet_rig(const struct eut_engine *engine, const char *markets)
{
    struct small_rig *small = small_rig_new(engine);

    CHECK_EQ(hr_config_set(small->config, markets, "test"), 0);
    CHECK_EQ(regcomp(&filter, "/planet$", REG_EXTENDED | REG_NOSUB), 0);
    small->bench.rig.filter = &filter;
    return small;
}

static void planet_free(struct small_rig *small)
{
    regfree(&filter);
    small_rig_free(small);
}

static json_t *planet_run(struct small_rig *small)
{
    CHECK_EQ(hr_suite_find("markets")->run(&small->bench, small->suite), 0);
    return json_array_get(json_object_get(small->suite, "cases"), 0);
}

TEST(planet, every_run_reaches_the_oracles_digest)
{
    static const char *const names[] = {
        "throughput",          "null_distance",       "events",        "trades",
        "bytes_per_market",    "load_time",           "load_rate",     "load_rate_markets",
        "bytes_per_l3_market", "bytes_per_l2_market", "resident_peak", "first_touch"};
    struct small_rig *small = planet_rig(engine_named("reference"), "markets.planet=300");
    json_t *c = planet_run(small), *params = json_object_get(c, "params");
    json_t *flow = json_array_get(small->bench.rig.flows, 0);

    CHECK_EQ(json_array_size(small->bench.rig.flows), 1);
    CHECK_EQ(json_integer_value(json_object_get(params, "markets")), 300);
    CHECK_EQ(json_integer_value(json_object_get(params, "l2_levels")), 20);
    CHECK_EQ(json_integer_value(json_object_get(json_object_get(flow, "requests"), "load")),
             60 * 200 + 240 * 40);
    CHECK_STR(text_of(flow, "digest"), text_of(flow, "oracle_digest"));
    CHECK(!strstr(text_of(c, "reason"), "digest"));
    /* A busy machine may void a run; then there are no figures to name. */
    if (strcmp(text_of(c, "status"), "pass") == 0) {
        CHECK_STR(text_of(c, "digest"), text_of(flow, "digest"));
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
            CHECK_STR(text_of(json_array_get(json_object_get(c, "metrics"), i), "name"), names[i]);
        }
    }
    planet_free(small);
}

/* Loses one order of the load phase: a book that nobody looks at again, but for the digest. */
static uint64_t submitted;
static int forgetful(void *self, const struct eut_request *requests, uint32_t count,
                     struct eut_sink *sink)
{
    submitted += count;
    return engine_named("reference")
        ->submit(self, requests, submitted == count ? count - 1 : count, sink);
}

TEST(planet, a_lost_order_among_all_of_them_is_seen)
{
    struct eut_engine engine = *engine_named("reference");
    struct small_rig *small;

    engine.submit = forgetful;
    small = planet_rig(&engine, "markets.planet=300");
    json_t *c = planet_run(small);

    CHECK_STR(text_of(c, "status"), "invalid");
    CHECK(strstr(text_of(c, "reason"), "digest"));
    planet_free(small);
}

TEST(planet, is_scaled_to_the_memory_there_is)
{
    struct small_rig *small = planet_rig(engine_named("reference"), "markets.planet=1M");
    struct hr_rig *rig = &small->bench.rig;
    const json_t *warnings, *params;
    char *text;

    rig->memory_max_bytes = 100u << 20;
    rig->plan = json_pack("{s:[], s:{}}", "cases", "flows");
    planet_run(small);
    CHECK_EQ(json_array_size(json_object_get(rig->plan, "cases")), 1);
    params = json_object_get(json_array_get(json_object_get(rig->plan, "cases"), 0), "params");
    CHECK_EQ(json_integer_value(json_object_get(params, "markets_wanted")), 1000000);
    CHECK(json_integer_value(json_object_get(params, "markets")) < 50000);
    CHECK(json_integer_value(json_object_get(params, "markets")) > 20000);
    warnings = json_object_get(hr_record_json(rig->record), "warnings");
    text = json_dumps(warnings, JSON_ENCODE_ANY);
    CHECK(text && strstr(text, "scaled from 1000000"));
    free(text);
    json_decref(rig->plan);
    rig->plan = NULL;
    planet_free(small);
}
