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
    struct small_rig *small = small_rig_new(small_engine("reference"));

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

/* 8 markets of 2 x 4 levels: 64 orders with one on each, 128 with two. */
TEST(latency, many_markets_hold_fewer_orders_a_level)
{
    static const struct {
        const char *setting;
        json_int_t orders_per_level;
    } rows[] = {{"latency.resting_max=128", 2},
                {"latency.resting_max=127", 1},
                {"latency.resting_max=1", 1}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        regex_t filter;
        struct small_rig *small = measured(&filter, "load=closed", rows[i].setting);
        const json_t *c = named(json_object_get(small->suite, "cases"), "id", "markets=8");
        const json_t *params = json_object_get(c, "params");

        CHECK_EQ(json_integer_value(json_object_get(params, "orders_per_level")),
                 rows[i].orders_per_level);
        regfree(&filter);
        small_rig_free(small);
    }
}
