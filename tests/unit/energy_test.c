/* energy_test.c - are joules counted as they were used: over a counter's wrap, over domains that
 * contain each other, over a tool's samples; and is there no figure without a source? */
#include "harness/energy.h"
#include "harness/error.h"
#include "tests/unit/energy_tree.h"
#include "tests/unit/small_rig.h"

#include <math.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define HOST_WATTS 40.0

static bool near(double a, double b)
{
    return fabs(a - b) <= 1e-9 * fmax(1, fabs(b));
}

TEST(energy, packages_and_their_memory_are_counted_once)
{
    struct tree tree = tree_new();
    char source[128];
    struct hr_energy *energy;

    put_zone(&tree, "intel-rapl:0", "package-0", 1000000, 262143328850);
    put_zone(&tree, "intel-rapl:0:0", "core", 500000, 262143328850);
    put_zone(&tree, "intel-rapl:0:1", "dram", 10, 65712999613);
    put_zone(&tree, "intel-rapl:1", "package-1", 7, 262143328850);
    put_zone(&tree, "intel-rapl:2", "psys", 7, 262143328850);
    put_zone(&tree, "intel-rapl-mmio:0", "package-0", 1000000, 262143328850);
    energy = open_tree(&tree);
    snprintf(source, sizeof(source), "powercap under %s: package-0, dram, package-1", tree.root);
    CHECK_STR(hr_energy_source(energy), source);
    CHECK_STR(hr_energy_reason(energy), "");
    CHECK(near(hr_energy_joules(energy), 0));
    put_counter(&tree, "intel-rapl:0", 3500000);
    put_counter(&tree, "intel-rapl:0:0", 3000000);
    put_counter(&tree, "intel-rapl:0:1", 500010);
    put_counter(&tree, "intel-rapl:2", 9000007);
    put_counter(&tree, "intel-rapl-mmio:0", 3500000);
    CHECK(near(hr_energy_joules(energy), 3.0));
    hr_energy_close(energy);
    tree_free(&tree);
}

TEST(energy, the_board_counts_where_no_package_does)
{
    struct tree tree = tree_new();
    struct hr_energy *energy;

    put_zone(&tree, "intel-rapl:0", "psys", 0, 1000000000);
    energy = open_tree(&tree);
    put_counter(&tree, "intel-rapl:0", 4000000);
    CHECK(near(hr_energy_joules(energy), 4.0));
    hr_energy_close(energy);
    tree_free(&tree);
}

TEST(energy, a_counter_that_goes_round_goes_on)
{
    struct tree tree = tree_new();
    struct hr_energy *energy;

    put_zone(&tree, "intel-rapl:0", "package-0", 900000000, 1000000000);
    energy = open_tree(&tree);
    put_counter(&tree, "intel-rapl:0", 50000000); /* 100 J to the end, 50 J from 0 */
    CHECK(near(hr_energy_joules(energy), 150.0));
    put_counter(&tree, "intel-rapl:0", 60000000);
    CHECK(near(hr_energy_joules(energy), 160.0));
    put_counter(&tree, "intel-rapl:0", 0);
    CHECK(near(hr_energy_joules(energy), 1100.0));
    hr_energy_close(energy);
    tree_free(&tree);
}

TEST(energy, a_counter_that_is_lost_is_not_guessed)
{
    struct tree tree = tree_new();
    struct hr_energy *energy;
    char file[160];

    put_zone(&tree, "intel-rapl:0", "package-0", 1, 1000000000);
    energy = open_tree(&tree);
    snprintf(file, sizeof(file), "%s/sys/class/powercap/intel-rapl:0/energy_uj", tree.root);
    CHECK_EQ(unlink(file), 0);
    CHECK(isnan(hr_energy_joules(energy)));
    put_counter(&tree, "intel-rapl:0", 5);
    CHECK(isnan(hr_energy_joules(energy))); /* what went by meanwhile nobody knows */
    hr_energy_close(energy);
    tree_free(&tree);
}

TEST(energy, what_may_not_be_read_is_named)
{
    struct tree tree = tree_new();
    struct hr_energy *energy;

    put(&tree, "/sys/class/powercap/intel-rapl:0/name", "package-0\n");
    put(&tree, "/sys/class/powercap/intel-rapl:0/max_energy_range_uj", "1000\n");
    energy = open_tree(&tree);
    CHECK(!hr_energy_source(energy));
    CHECK(isnan(hr_energy_joules(energy)));
    CHECK(isnan(hr_energy_asleep(energy, 0.001)));
    CHECK(strstr(hr_energy_reason(energy), "intel-rapl:0/energy_uj cannot be read: run as root"));
    hr_energy_close(energy);
    tree_free(&tree);
}

TEST(energy, without_any_source_every_one_says_why)
{
    struct tree tree = tree_new();
    struct hr_energy *energy = open_tree(&tree);

    CHECK(!hr_energy_source(energy));
    CHECK(strstr(hr_energy_reason(energy), "powercap: "));
    CHECK(strstr(hr_energy_reason(energy), "powermetrics: only on macOS"));
    CHECK(strstr(hr_energy_reason(energy), "battery: none"));
    hr_energy_close(energy);
    tree_free(&tree);
}

TEST(energy, a_battery_tells_only_while_it_is_drained)
{
    static const char *const folder = "/sys/class/power_supply/BAT0";
    struct tree tree = tree_new();
    struct hr_energy *energy;
    char path[128];

    put(&tree, "/sys/class/power_supply/AC/type", "Mains\n");
    snprintf(path, sizeof(path), "%s/type", folder);
    put(&tree, path, "Battery\n");
    snprintf(path, sizeof(path), "%s/energy_now", folder);
    put(&tree, path, "50000000\n");
    snprintf(path, sizeof(path), "%s/status", folder);
    put(&tree, path, "Not charging\n");
    energy = open_tree(&tree);
    CHECK(!hr_energy_source(energy));
    CHECK(strstr(hr_energy_reason(energy), "not discharging"));
    hr_energy_close(energy);

    put(&tree, path, "Discharging\n");
    energy = open_tree(&tree);
    CHECK(strstr(hr_energy_source(energy), ": 1, discharging") != NULL);
    snprintf(path, sizeof(path), "%s/energy_now", folder);
    put(&tree, path, "49000000\n");
    CHECK(near(hr_energy_joules(energy), 3600));
    snprintf(path, sizeof(path), "%s/status", folder);
    put(&tree, path, "Charging\n");
    CHECK(isnan(hr_energy_joules(energy)));
    hr_energy_close(energy);
    tree_free(&tree);
}

/* Says what the tool of macOS says, as often as told, then sleeps. */
static void put_tool(const struct tree *tree, const char *samples)
{
    char file[128];

    put(tree, "/usr/bin/powermetrics", "#!/bin/sh\n%s\nexec sleep 60\n", samples);
    snprintf(file, sizeof(file), "%s/usr/bin/powermetrics", tree->root);
    CHECK_EQ(chmod(file, 0700), 0);
}

static double settled(struct hr_energy *energy, double wanted)
{
    double joules = hr_energy_joules(energy);

    for (int i = 0; i < 2000 && !near(joules, wanted); i++) {
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
        joules = hr_energy_joules(energy);
    }
    return joules;
}

TEST(energy, the_samples_of_a_tool_are_summed_up)
{
    struct tree tree = tree_new();
    struct hr_energy *energy;

    if (HR_ONE_PROCESS) {
        tree_free(&tree);
        SKIP("forks");
    }
    put_tool(&tree, "echo 'Machine model: Mac'\n"
                    "echo '*** Sampled system activity (Sat Nov 21) (200.50ms elapsed) ***'\n"
                    "echo 'CPU Power: 9999 mW'\n"
                    "echo 'Combined Power (CPU + GPU + ANE): 10000 mW'\n"
                    "echo 'Combined Power (CPU + GPU + ANE): 10000 mW'\n"
                    "echo '*** Sampled system activity (Sat Nov 21) (100.00ms elapsed) ***'\n"
                    "echo 'Intel energy model derived package power (CPUs+GT+SA): 2.5W'");
    energy = open_tree(&tree);
    CHECK(hr_energy_source(energy));
    CHECK(near(settled(energy, 2.255), 2.255));
    hr_energy_close(energy);

    put_tool(&tree, "echo 'powermetrics must be invoked as the superuser' >&2; exit 1");
    energy = open_tree(&tree);
    CHECK(!hr_energy_source(energy));
    CHECK(strstr(hr_energy_reason(energy), "gives no power: run as root"));
    hr_energy_close(energy);
    tree_free(&tree);
}

static double figure(const json_t *c, const char *name)
{
    const json_t *value = json_object_get(figure_of(c, name), "estimate");

    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

TEST(energy, the_suite_tells_watts_and_orders_a_joule)
{
    struct small_rig *small = small_rig_new(engine_named("reference"));
    struct powered_host host;
    const json_t *c;
    double per_joule;
    char source[128];

    powered_host_begin(&host, HOST_WATTS);
    small->bench.rig.energy = host.energy;
    CHECK_EQ(hr_suite_find("energy")->run(&small->bench, small->suite), 0);
    powered_host_stop(&host);
    CHECK_EQ(json_array_size(json_object_get(small->suite, "cases")), 2);
    c = json_array_get(json_object_get(small->suite, "cases"), 0);
    CHECK_STR(json_string_value(json_object_get(c, "status")), "pass");
    snprintf(source, sizeof(source), "powercap under %s: package-0", host.tree.root);
    CHECK_STR(json_string_value(json_object_get(json_object_get(c, "params"), "source")), source);
    /* The same clock on both sides; what is between them is the machine's other work. */
    CHECK(figure(c, "power") > HOST_WATTS / 10 && figure(c, "power") < HOST_WATTS * 10);
    CHECK(figure(c, "idle_power") > HOST_WATTS / 10 && figure(c, "idle_power") < HOST_WATTS * 10);
    per_joule = figure(c, "throughput") / figure(c, "power");
    CHECK(fabs(figure(c, "orders_per_joule") / per_joule - 1) < 0.5);
    small_rig_free(small);
    powered_host_end(&host);
}

TEST(energy, the_suite_skips_with_the_reason)
{
    struct small_rig *small = small_rig_new(engine_named("reference"));
    struct tree tree = tree_new();
    struct hr_energy *energy = small->bench.rig.energy = open_tree(&tree);
    const json_t *c;

    CHECK_EQ(hr_suite_find("energy")->run(&small->bench, small->suite), 0);
    c = json_array_get(json_object_get(small->suite, "cases"), 0);
    CHECK_STR(json_string_value(json_object_get(c, "status")), "skip");
    CHECK_STR(json_string_value(json_object_get(c, "reason")), hr_energy_reason(energy));
    small_rig_free(small);
    hr_energy_close(energy);
    tree_free(&tree);
}

TEST(energy, a_rate_has_its_energy_or_the_reason)
{
    struct small_rig *small = small_rig_new(engine_named("reference"));
    const json_t *c, *m;

    CHECK_EQ(hr_suite_find("throughput")->run(&small->bench, small->suite), 0);
    c = json_array_get(json_object_get(small->suite, "cases"), 0);
    m = json_array_get(json_object_get(c, "metrics"),
                       json_array_size(json_object_get(c, "metrics")) - 1);
    CHECK(isnan(figure(c, "orders_per_joule")));
    CHECK(m && isnan(figure(c, "power")));
    small_rig_free(small);
}
