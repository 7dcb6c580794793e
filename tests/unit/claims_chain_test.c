/*
 * claims_chain_test.c - do the documents' claims of power and of clusters get a verdict from what a
 * suite measured? From the counter, or the ranks, to the verdict, all of it real but for the
 * machine: the counters are a folder's, the hosts' names are changed, and the record says what it
 * is told.
 */
#include "harness/error.h"
#include "harness/ranks_backend.h"
#include "reports/report.h"
#include "tests/unit/energy_tree.h"
#include "tests/unit/small_rig.h"

#include <regex.h>
#include <unistd.h>

#define M2_ULTRA_CORES 24
#define ALARM_S 60

/* As if the record were of a machine with this processor. */
static void set_host(const struct small_rig *small, const char *cpu)
{
    json_t *host =
        json_pack("{s:s, s:s, s:{s:s}, s:{s:i}}", "fingerprint", "0123456789abcdef", "line",
                  "a machine, 24 cores", "cpu", "model", cpu, "memory", "total_bytes", 64);

    CHECK(host);
    hr_record_set_new(small->bench.rig.record, "host", host);
}

/* The verdict on a claim of the documents, by what this rig measured. */
static void expect(const struct small_rig *small, const char *claim, const char *verdict,
                   const char *reason)
{
    json_t *judged;
    const json_t *one;
    bool found = false;
    size_t i;

    if (hr_report_judge(hr_record_json(small->bench.rig.record), NULL, 0, &judged)) {
        FAIL("%s", hr_error());
    }
    json_array_foreach (judged, i, one) {
        if (strcmp(text_of(one, "id"), claim) != 0) {
            continue;
        }
        found = true;
        if (strcmp(text_of(one, "verdict"), verdict) != 0 ||
            !strstr(text_of(one, "reason"), reason)) {
            FAIL("%s: %s: %s", claim, text_of(one, "verdict"), text_of(one, "reason"));
        }
    }
    CHECK(found);
    json_decref(judged);
}

static struct small_rig *measure_energy(double watts)
{
    struct small_rig *small = small_rig_new(engine_named("reference"));
    struct powered_host host;
    const json_t *last;

    powered_host_begin(&host, watts);
    small->bench.rig.energy = host.energy;
    small->bench.rig.cpus_count = M2_ULTRA_CORES;
    CHECK_EQ(hr_suite_find("energy")->run(&small->bench, small->suite), 0);
    powered_host_stop(&host);
    powered_host_end(&host);
    small->bench.rig.energy = NULL;
    last = json_array_get(json_object_get(small->suite, "cases"), 1);
    CHECK_STR(text_of(last, "id"), "energy/inproc/reference/shards=24");
    CHECK(strstr(text_of(json_object_get(last, "params"), "source"), "powercap under /tmp/"));
    return small;
}

/* Somebody else took the processors meanwhile: no figure, and nothing to judge. */
static bool disturbed(const struct small_rig *small)
{
    const json_t *cases = json_object_get(small->suite, "cases"), *one;
    bool is = false;
    size_t i;

    json_array_foreach (cases, i, one) {
        is = is || strncmp(text_of(one, "reason"), "steal", 5) == 0 ||
             strncmp(text_of(one, "reason"), "null_distance", 13) == 0;
    }
    return is;
}
#define STOP_IF_DISTURBED(small)            \
    do {                                    \
        if (disturbed(small)) {             \
            small_rig_free(small);          \
            SKIP("the host was disturbed"); \
        }                                   \
    } while (0)

/* Far below and far above what is claimed, so that it does not matter how soon the thread that moves
 * the counter comes between those that are measured. */
TEST(claims_chain, power_is_judged_by_what_the_counters_counted)
{
    struct small_rig *small;

    if (HR_SANITIZED) {
        SKIP("two dozen busy threads and a sanitizer leave the counter's own no time");
    }
    small = measure_energy(0.01);
    STOP_IF_DISTURBED(small);
    set_host(small, "Apple M2 Ultra");
    expect(small, "M06", "validated", "power of energy/inproc/reference/shards=24");
    expect(small, "B15", "validated", "measured");
    expect(small, "A09", "not testable here", "a power meter");
    set_host(small, "Another 9000");
    expect(small, "M06", "met here", ", stated for a Mac");
    small_rig_free(small);

    small = measure_energy(100000);
    STOP_IF_DISTURBED(small);
    set_host(small, "Apple M2 Ultra");
    expect(small, "M06", "refuted by measurement", "times over");
    expect(small, "M43", "refuted by measurement", "orders_per_joule of energy/");
    set_host(small, "Another 9000");
    expect(small, "M43", "short here", ", stated for a Mac");
    small_rig_free(small);
}

static void serve(struct hr_ranks *ranks, void *context)
{
    hr_cluster_serve(ranks, context);
}

/* So many ranks, of which only the largest sweep is run; apart: each as if on a host of its own.
 * The engine is slow enough to be told from the harness everywhere. */
static struct small_rig *measure_ranks(int count, bool apart)
{
    struct small_rig *small = small_rig_new(engine_named("oracle"));
    struct hr_bench *bench = &small->bench;
    struct hr_cluster_parts parts = {.path = hr_path_find("inproc"),
                                     .engines = {engine_named("oracle"), engine_named("null")},
                                     .oracle = engine_named("oracle")};
    char wanted[64];
    regex_t filter;

    alarm(ALARM_S);
    bench->parts = parts;
    CHECK_EQ(hr_config_set(small->config, "flow.markets=100", "flag"), 0);
    CHECK_EQ(hr_config_set(small->config, "cluster.orders=100k", "flag"), 0);
    CHECK_EQ(hr_ranks_fork(&bench->ranks, count, serve, &bench->parts), 0);
    for (int rank = 0; apart && rank < count; rank++) {
        struct hr_rank_facts *facts = bench->ranks->facts + rank;

        snprintf(facts->boot, sizeof(facts->boot), "kernel-%d", rank);
    }
    snprintf(wanted, sizeof(wanted), "oracle/(nodes|ranks)=%d$", count);
    CHECK_EQ(regcomp(&filter, wanted, REG_EXTENDED | REG_NOSUB), 0);
    bench->rig.filter = &filter;
    CHECK_EQ(hr_suite_find("cluster")->run(bench, small->suite), 0);
    CHECK_EQ(json_array_size(json_object_get(small->suite, "cases")), 1);
    bench->rig.filter = NULL;
    regfree(&filter);
    hr_ranks_end(bench->ranks, 0);
    bench->ranks = NULL;
    alarm(0);
    return small;
}

TEST(claims_chain, nodes_are_judged_by_what_ranks_committed_that_have_hosts_of_their_own)
{
    struct small_rig *small = measure_ranks(3, true);

    STOP_IF_DISTURBED(small);
    set_host(small, "Apple M2 Max");
    expect(small, "B02", "refuted by measurement", "throughput of cluster/inproc/oracle/nodes=3");
    expect(small, "B10", "refuted by measurement", "committed_per_node of cluster/");
    expect(small, "B18", "not testable here", "nine more such machines");
    set_host(small, "Another 9000");
    expect(small, "B02", "short here", ", stated for a Mac");
    small_rig_free(small);

    small = measure_ranks(10, true);
    STOP_IF_DISTURBED(small);
    set_host(small, "Apple M2 Ultra");
    expect(small, "B18", "refuted by measurement", "cluster/inproc/oracle/nodes=10");
    small_rig_free(small);
}

/* Three processes of one machine are no three machines, whatever they do. */
TEST(claims_chain, ranks_that_share_a_host_say_nothing_of_nodes)
{
    struct small_rig *small = measure_ranks(3, false);

    set_host(small, "Apple M2 Max");
    expect(small, "B02", "not testable here", "two more such machines");
    expect(small, "B10", "not testable here", "two more such machines");
    small_rig_free(small);
}
