/* block_suite_test.c - does the blocks suite measure what it says, and say why a tick cannot be
 * kept? */
#include "harness/error.h"
#include "reports/sheet.h"
#include "tests/unit/small_rig.h"

static const json_t *case_of(const json_t *suite, const char *end)
{
    const json_t *item;
    size_t i;

    json_array_foreach (json_object_get(suite, "cases"), i, item) {
        const char *id = text_of(item, "id");

        if (strlen(id) > strlen(end) && strcmp(id + strlen(id) - strlen(end), end) == 0) {
            return item;
        }
    }
    FAIL("no case ends in %s", end);
    return NULL;
}

static const json_t *whole_metric_of(const json_t *item, const char *name)
{
    const json_t *metric = figure_of(item, name);

    if (!metric) {
        FAIL("no metric %s", name);
    }
    return metric;
}

static const json_t *metric_of(const json_t *item, const char *name)
{
    return json_object_get(whole_metric_of(item, name), "estimate");
}

TEST(block_suite, validators_agree_and_delays_are_told)
{
    struct small_rig *small = small_rig_new(engine_named("reference"));
    const json_t *late, *roots;

    CHECK_EQ(hr_suite_find("blocks")->run(&small->bench, small->suite), 0);
    CHECK_EQ(json_array_size(json_object_get(small->suite, "cases")), 5);
    CHECK_EQ(small->bench.rig.statuses[HR_INVALID] + small->bench.rig.statuses[HR_SKIP], 0);

    late = case_of(small->suite, "/quorum/validators=3/tick=1ms/delay=2ms");
    CHECK_STR(text_of(late, "status"), "pass"); /* a finding, not a failure */
    CHECK(strstr(text_of(whole_metric_of(late, "orders_per_block"), "reason"),
                 "cannot be: 2 one-way delays of 2 ms") != NULL);
    CHECK(json_number_value(metric_of(late, "floor")) == 4e6);
    CHECK(json_number_value(metric_of(late, "over_floor")) >= 0.99);
    CHECK(json_is_null(metric_of(late, "orders_per_block")));
    CHECK(json_number_value(metric_of(late, "blocks")) > 0);
    CHECK_EQ(json_integer_value(json_object_get(json_object_get(late, "params"), "faults")), 0);
    late = case_of(small->suite, "/fpc/validators=3/tick=1ms/delay=2ms");
    CHECK(strstr(text_of(whole_metric_of(late, "orders_per_block"), "reason"),
                 "cannot be: 6 one-way delays of 2 ms") != NULL);
    CHECK(json_number_value(metric_of(late, "polls")) >= 2);

    roots = case_of(small->suite, "/state_root/markets=8");
    CHECK_STR(text_of(roots, "status"), "pass");
    CHECK(json_number_value(metric_of(roots, "touched")) <= 8);
    CHECK(json_number_value(metric_of(roots, "nodes_hashed")) <= 7);
    small_rig_free(small);
}

/* What the report says of the cases in `suite`, as text. */
static char *section_of(const json_t *suite)
{
    json_t *sheet = json_array();
    json_t *record = json_pack("{s:[{s:s, s:O}]}", "suites", "name", "blocks", "cases",
                               json_object_get(suite, "cases"));
    char *text;

    hr_section_blocks(sheet, record);
    text = json_dumps(sheet, 0);
    json_decref(record);
    json_decref(sheet);
    return text;
}

TEST(block_suite, what_cannot_be_is_said_above_the_table)
{
    json_t *suite = json_pack(
        "{s:[{s:s, s:s, s:s, s:s, s:{s:s, s:i, s:f, s:f, s:i}, s:[{s:s, s:s, s:n, s:s}]}]}",
        "cases", "id", "blocks/inproc/reference/quorum/x", "status", "pass", "engine", "reference",
        "path", "inproc", "params", "protocol", "quorum", "validators", 3, "tick_ns", 1e6,
        "delay_ns", 28e6, "delays", 2, "metrics", "name", "orders_per_block", "unit", "orders",
        "estimate", "reason", "a block a 1 ms tick cannot be");
    char *text = section_of(suite);
    const char *said = text ? strstr(text, ": a block a 1 ms tick cannot be.") : NULL;

    CHECK(said != NULL);
    CHECK(strstr(said, "not kept up") != NULL); /* the table comes after it */
    free(text);
    json_object_set_new(json_array_get(json_object_get(suite, "cases"), 0), "status",
                        json_string("fail"));
    text = section_of(suite);
    CHECK(text && strstr(text, "cannot be.") == NULL);
    free(text);
    json_decref(suite);
}

TEST(block_suite, what_a_ledger_costs)
{
    struct small_rig *small = small_rig_new(engine_named("reference"));
    const json_t *item;

    CHECK_EQ(hr_config_set(small->config, "blocks.snapshot=3", "flag"), 0);
    CHECK_EQ(hr_config_set(small->config, "blocks.delays_us=0", "flag"), 0);
    CHECK_EQ(hr_config_set(small->config, "blocks.protocols=quorum", "flag"), 0);
    CHECK_EQ(hr_suite_find("blocks")->run(&small->bench, small->suite), 0);
    CHECK_EQ(json_array_size(json_object_get(small->suite, "cases")), 3);
    item = case_of(small->suite, "/quorum/validators=3/tick=1ms/delay=0ms/snapshot=3");
    CHECK(json_number_value(metric_of(item, "ledger")) > 0);
    CHECK(json_number_value(metric_of(item, "ledger_longest")) >=
          json_number_value(metric_of(item, "ledger")));
    CHECK_EQ(
        json_integer_value(json_object_get(json_object_get(item, "params"), "snapshot_blocks")), 3);
    small_rig_free(small);
}

TEST(block_suite, an_unknown_protocol_is_refused_by_name)
{
    struct small_rig *small = small_rig_new(engine_named("reference"));

    CHECK_EQ(hr_config_set(small->config, "blocks.protocols=paxos", "flag"), 0);
    CHECK(hr_suite_find("blocks")->run(&small->bench, small->suite) < 0);
    CHECK(strstr(hr_error(), "no block protocol 'paxos'") != NULL);
    small_rig_free(small);
}
