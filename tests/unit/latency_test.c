/* The latency suite's own arithmetic, on the tiny profile: no figure's size is looked at. */
#include "tests/unit/small_rig.h"

#include <math.h>

static const json_t *named(const json_t *list, const char *key, const char *wanted)
{
    const json_t *item;
    size_t i;

    json_array_foreach (list, i, item) {
        const char *name = json_string_value(json_object_get(item, key));

        if (name && strstr(name, wanted) && (strcmp(key, "id") == 0 || strcmp(name, wanted) == 0)) {
            return item;
        }
    }
    FAIL("no %s", wanted);
    return NULL;
}

static double sample(const json_t *c, const char *metric, size_t run)
{
    const json_t *m = named(json_object_get(c, "metrics"), "name", metric);

    return json_number_value(json_array_get(json_object_get(m, "samples"), run));
}

static struct small_rig *measured(regex_t *filter, const char *wanted, const char *setting)
{
    struct small_rig *small = small_rig_new(engine_named("reference"));

    CHECK_EQ(regcomp(filter, wanted, REG_EXTENDED | REG_NOSUB), 0);
    small->bench.rig.filter = filter;
    if (setting) {
        CHECK_EQ(hr_config_set(small->config, setting, "flag"), 0);
    }
    CHECK_EQ(hr_suite_find("latency")->run(&small->bench, small->suite), 0);
    return small;
}

TEST(latency, net_is_without_the_clock)
{
    regex_t filter;
    struct small_rig *small = measured(&filter, "load=closed", NULL);
    const json_t *c = named(json_object_get(small->suite, "cases"), "id", "markets=8");

    if (strcmp(json_string_value(json_object_get(c, "status")), "pass") == 0) {
        double clock_ns = hr_clock()->cost_ns, host = sample(c, "p99.9_host", 0);

        for (size_t run = 0; run < 2; run++) {
            CHECK_NEAR(sample(c, "p50_net", run), fmax(sample(c, "p50", run) - clock_ns, 0), 1e-6);
            CHECK_NEAR(sample(c, "p99_net", run), fmax(sample(c, "p99", run) - clock_ns, 0), 1e-6);
        }
        CHECK(host >= 0 && host <= 100);
    }
    regfree(&filter);
    small_rig_free(small);
}

/* A preset is measured as it is, whatever the run's own flow: one market of 2 x 40 levels. */
TEST(latency, a_named_flow_is_measured_as_it_is)
{
    regex_t filter;
    struct small_rig *small = measured(&filter, "load=closed", "flow.levels=3");
    const json_t *cases = json_object_get(small->suite, "cases");
    const json_t *own = json_object_get(named(cases, "id", "markets=8"), "params");
    const json_t *preset = json_object_get(named(cases, "id", "flow=single"), "params");

    CHECK_EQ(json_integer_value(json_object_get(own, "levels")), 3);
    CHECK(json_object_get(own, "flow") == NULL);
    CHECK_EQ(json_integer_value(json_object_get(preset, "levels")), 40);
    CHECK_EQ(json_integer_value(json_object_get(preset, "markets")), 1);
    CHECK_STR(json_string_value(json_object_get(preset, "flow")), "single");
    regfree(&filter);
    small_rig_free(small);
}

TEST(latency, an_unknown_flow_is_refused)
{
    struct hr_config *config;

    CHECK_EQ(hr_config_load(&config, "tests/profiles/tiny.yaml"), 0);
    CHECK_EQ(hr_config_set(config, "latency.flows=no-such-flow", "flag"), 0);
    CHECK(hr_config_check(config) < 0);
    hr_config_free(config);
}
