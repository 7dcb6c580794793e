/* cluster_model_test.c - is what was not measured called a projection, and one host never nodes? */
#include "reports/cluster_model.h"
#include "reports/sheet.h"
#include "tests/test.h"

#include <math.h>
#include <stdlib.h>

static json_t *metric(const char *name, const char *unit, double estimate, double ceiling)
{
    return json_pack("{s:s, s:s, s:f, s:f}", "name", name, "unit", unit, "estimate", estimate,
                     "ceiling_value", ceiling);
}

static void add(json_t *cases, const char *name, int nodes, int hosts, double rate, double ceiling)
{
    char id[128];

    snprintf(id, sizeof(id), "cluster/inproc/reference/%s", name);
    json_array_append_new(
        cases, json_pack("{s:s, s:s, s:s, s:{s:i, s:i, s:i, s:s, s:b}, s:[o]}", "id", id, "status",
                         "pass", "engine", "reference", "params", "nodes", nodes, "hosts", hosts,
                         "ranks", 3, "ranks_by", "Open MPI v4", "oversubscribed", 0, "metrics",
                         metric("throughput", "orders/s", rate, ceiling)));
}

/* Three ranks, each of whose n nodes has `hosts` hosts at most. */
static json_t *record_over(int hosts)
{
    json_t *cases = json_array();
    json_t *link = json_pack(
        "{s:s, s:s, s:s, s:{s:i}, s:[oo]}", "id", "cluster/inproc/reference/link", "status", "pass",
        "engine", "reference", "params", "hosts", hosts > 1 ? 2 : 1, "metrics",
        metric("goodput", "bits/s", 10e9, 0), metric("round_trip", "ns", 20000, 0));

    json_array_append_new(cases, link);
    for (int n = 1; n <= 3; n++) {
        char name[32];

        snprintf(name, sizeof(name), "%s=%d", hosts >= n && n > 1 ? "nodes" : "ranks", n);
        add(cases, name, n, hosts < n ? hosts : n, 10e6 * n / (1 + 0.02 * (n - 1)), 0);
    }
    add(cases, hosts > 1 ? "router/nodes=2" : "router/ranks=2", 2, hosts < 2 ? hosts : 2, 15e6,
        25e6);
    return json_pack("{s:[{s:s, s:s, s:o}]}", "suites", "name", "cluster", "status", "pass",
                     "cases", cases);
}

static bool sheet_says(const json_t *record, const char *text)
{
    json_t *sheet = json_array();
    char *all;
    bool found;

    hr_section_cluster(sheet, record);
    all = json_dumps(sheet, 0);
    found = strstr(all, text) != NULL;
    free(all);
    json_decref(sheet);
    return found;
}

TEST(cluster_model, nodes_have_a_law_and_a_verdict)
{
    json_t *record = record_over(3);
    struct hr_cluster_model m;
    const char *bound;

    CHECK(hr_cluster_model_of(record, &m));
    CHECK(!m.shared && m.has_law);
    CHECK_NEAR(m.one_rate, 10e6, 1);
    CHECK_NEAR(hr_cluster_linear(&m, 10), 100e6, 1);
    CHECK_NEAR(hr_cluster_law(&m, 3), 30e6 / 1.04, 1e4);
    CHECK_NEAR(hr_cluster_routed(&m, 2, &bound), 20e6 / 1.02, 1e4);
    CHECK_STR(bound, "the nodes");
    CHECK_NEAR(hr_cluster_routed(&m, 10, &bound), 25e6, 1);
    CHECK_STR(bound, "the router");
    CHECK(sheet_says(record, "which is linear scaling over that many"));
    CHECK(sheet_says(record, "Projection: nobody measured this"));
    json_decref(record);
}

TEST(cluster_model, one_host_says_nothing_of_nodes)
{
    json_t *record = record_over(1);
    struct hr_cluster_model m;

    CHECK(hr_cluster_model_of(record, &m));
    CHECK(m.shared && !m.has_law);
    CHECK(isnan(hr_cluster_law(&m, 3)));
    CHECK(sheet_says(record, "Nothing is said here of nodes, and nothing of linear scaling"));
    CHECK(!sheet_says(record, "of linear."));
    CHECK(!sheet_says(record, "which is linear"));
    CHECK(sheet_says(record, "Projection: nobody measured this"));
    json_decref(record);
}

TEST(cluster_model, the_link_binds_where_it_is_slow)
{
    json_t *record = record_over(3), *m0;
    struct hr_cluster_model m;
    const char *bound;

    m0 = json_array_get(
        json_object_get(
            json_array_get(
                json_object_get(json_array_get(json_object_get(record, "suites"), 0), "cases"), 0),
            "metrics"),
        0);
    json_object_set_new(m0, "estimate", json_real(1e9));
    CHECK(hr_cluster_model_of(record, &m));
    CHECK_NEAR(hr_cluster_routed(&m, 10, &bound), 1e9 / 256, 1);
    CHECK_STR(bound, "the link");
    json_decref(record);
}

/* What ranks made is the sweep of a run in which all did, and no point of one in which one case
 * did. */
TEST(cluster_model, shares_that_ranks_made_are_a_sweep_of_their_own)
{
    json_t *record = record_over(1), *item;
    json_t *cases = json_object_get(json_array_get(json_object_get(record, "suites"), 0), "cases");
    struct hr_cluster_model dealt, made;
    size_t i;

    add(cases, "generate=ranks/ranks=3", 3, 1, 1e6, 0);
    CHECK(hr_cluster_model_of(record, &dealt));
    CHECK_EQ(dealt.points, 3);
    json_array_remove(cases, json_array_size(cases) - 1);
    json_array_foreach (cases, i, item) {
        const char *name = strrchr(json_string_value(json_object_get(item, "id")), '/') + 1;
        char id[128];

        if (strncmp(name, "ranks=", 6) == 0 &&
            !strstr(json_string_value(json_object_get(item, "id")), "router/")) {
            snprintf(id, sizeof(id), "cluster/inproc/reference/generate=ranks/%s", name);
            json_object_set_new(item, "id", json_string(id));
        }
    }
    CHECK(hr_cluster_model_of(record, &made));
    CHECK_EQ(made.points, 3);
    CHECK_EQ(made.hosts, 1);
    CHECK(made.one_rate == dealt.one_rate);
    json_decref(record);
}
