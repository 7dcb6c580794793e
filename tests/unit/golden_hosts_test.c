/*
 * golden_hosts_test.c - do the probes say of recorded hosts what they said when somebody looked?
 *
 * tests/golden/hosts/NAME/root against expected.json; HEADROOM_BLESS=1 writes what they say now.
 */
#include "probes/facts_table.h"
#include "probes/probe.h"
#include "probes/topology.h"
#include "tests/test.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOSTS "tests/golden/hosts"

static void write_file(const char *folder, const char *name, const char *text)
{
    char path[1024];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    CHECK(f != NULL);
    fprintf(f, "%s\n", text);
    fclose(f);
}

static void make_folder(char *path, size_t size, const char *format, const char *root, int number)
{
    snprintf(path, size, format, root, number);
    CHECK(mkdir(path, 0755) == 0 || access(path, F_OK) == 0);
}

/* 256 processors as the kernel prints them: groups of 32, highest first. */
static const char *mask(int first, int count, bool siblings)
{
    static char text[8 * 9 + 1];
    uint32_t groups[8] = {0};

    for (int i = first; i < first + count; i++) {
        groups[i / 32] |= 1u << (i % 32);
        if (siblings) {
            groups[(i + 128) / 32] |= 1u << ((i + 128) % 32);
        }
    }
    for (int g = 7, at = 0; g >= 0; g--) {
        at += snprintf(text + at, sizeof(text) - (size_t)at, "%08x%s", groups[g], g ? "," : "");
    }
    return text;
}

static void write_number(const char *folder, const char *name, int number)
{
    char text[32];

    snprintf(text, sizeof(text), "%d", number);
    write_file(folder, name, text);
}

/* Processor cpu of two sockets of 64 cores; 128 to 255 are the second threads. */
static void write_processor(const char *root, int cpu)
{
    static const struct {
        int level;
        const char *type, *size;
        int ways, sets, cores;
    } caches[] = {{1, "Data", "32K", 8, 64, 1},
                  {1, "Instruction", "32K", 8, 64, 1},
                  {2, "Unified", "1024K", 8, 2048, 1},
                  {3, "Unified", "32768K", 16, 32768, 8}};
    char folder[600], sub[700], index[800];
    int core = cpu % 128, socket = core / 64;

    make_folder(folder, sizeof(folder), "%s/sys/devices/system/cpu/cpu%d", root, cpu);
    make_folder(sub, sizeof(sub), "%s/topology", folder, 0);
    write_number(sub, "physical_package_id", socket);
    write_number(sub, "core_id", core % 64);
    write_number(sub, "die_id", socket);
    write_file(sub, "core_cpus", mask(core, 1, true));
    write_file(sub, "package_cpus", mask(socket * 64, 64, true));
    write_file(sub, "die_cpus", mask(socket * 64, 64, true));
    make_folder(sub, sizeof(sub), "%s/cpufreq", folder, 0);
    write_file(sub, "cpuinfo_max_freq", "3762988");
    make_folder(sub, sizeof(sub), "%s/cache", folder, 0);
    for (int i = 0; i < 4; i++) {
        make_folder(index, sizeof(index), "%s/index%d", sub, i);
        write_number(index, "level", caches[i].level);
        write_file(index, "type", caches[i].type);
        write_file(index, "size", caches[i].size);
        write_number(index, "coherency_line_size", 64);
        write_number(index, "ways_of_associativity", caches[i].ways);
        write_number(index, "number_of_sets", caches[i].sets);
        write_file(index, "shared_cpu_map",
                   mask(core / caches[i].cores * caches[i].cores, caches[i].cores, true));
    }
}

static void write_node(const char *root, int node)
{
    char folder[600], text[128];

    make_folder(folder, sizeof(folder), "%s/sys/devices/system/node/node%d", root, node);
    write_file(folder, "cpumap", mask(node * 16, 16, true));
    snprintf(text, sizeof(text), "%d-%d,%d-%d", node * 16, node * 16 + 15, node * 16 + 128,
             node * 16 + 143);
    write_file(folder, "cpulist", text);
    snprintf(text, sizeof(text),
             "Node %d MemTotal:       198129895 kB\nNode %d MemFree:        192527052 kB", node,
             node);
    write_file(folder, "meminfo", text);
    *text = 0;
    for (int other = 0; other < 8; other++) {
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%d", other ? " " : "",
                 other == node           ? 10
                 : other / 4 == node / 4 ? 12
                                         : 32);
    }
    write_file(folder, "distance", text);
}

/* A copy of the static part, and what would be thousands of files. */
static void make_server(char *root, size_t size)
{
    char command[1200];

    snprintf(root, size, "/tmp/headroom-epyc.XXXXXX");
    CHECK(mkdtemp(root) != NULL);
    snprintf(command, sizeof(command), "cp -R " HOSTS "/epyc-2x64/root/. %s", root);
    CHECK_EQ(system(command), 0);
    for (int cpu = 0; cpu < 256; cpu++) {
        write_processor(root, cpu);
    }
    for (int node = 0; node < 8; node++) {
        write_node(root, node);
    }
}

static void remove_folder(const char *root)
{
    char command[1200];

    snprintf(command, sizeof(command), "rm -rf %s", root);
    CHECK_EQ(system(command), 0);
}

static void compare(const char *name, const char *root)
{
    char path[512];
    json_t *host = hr_probe_host(root);

    snprintf(path, sizeof(path), HOSTS "/%s/expected.json", name);
    char *said = json_dumps(host, JSON_INDENT(2) | JSON_SORT_KEYS | JSON_REAL_PRECISION(15));
    CHECK(said != NULL);
    json_decref(host);
    if (getenv("HEADROOM_BLESS")) {
        FILE *f = fopen(path, "w");
        CHECK(f != NULL);
        fprintf(f, "%s\n", said);
        fclose(f);
        free(said);
        return;
    }
    FILE *f = fopen(path, "r");
    CHECK(f != NULL);
    char *line = said, expected[4096];
    for (int number = 1; fgets(expected, sizeof(expected), f); number++) {
        char *end = line + strcspn(line, "\n");
        int length = (int)(end - line);
        expected[strcspn(expected, "\n")] = 0;
        if (strncmp(line, expected, (size_t)length) != 0 || expected[length] != 0) {
            FAIL("%s:%d: expected '%s', the probes say '%.*s'", path, number, expected, length,
                 line);
        }
        line = *end ? end + 1 : end;
    }
    CHECK(*line == 0);
    fclose(f);
    free(said);
}

TEST(golden_hosts, captured_and_constructed_hosts)
{
    static const char *const names[] = {"vm-2cpu", "raspberry-pi-5", "apple-m2-max"};

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        char root[256];
        snprintf(root, sizeof(root), HOSTS "/%s/root", names[i]);
        compare(names[i], root);
    }
}

TEST(golden_hosts, a_server_with_many_processors)
{
    char root[64];

    make_server(root, sizeof(root));
    compare("epyc-2x64", root);
    remove_folder(root);
}

TEST(golden_hosts, a_topology_in_xml_stands_in_for_sysfs)
{
    char root[] = "/tmp/headroom-xml.XXXXXX", path[64];
    hwloc_topology_t topology;

    CHECK(mkdtemp(root) != NULL);
    snprintf(path, sizeof(path), "%s/topology.xml", root);
    CHECK_EQ(hr_topology_load(&topology, HOSTS "/raspberry-pi-5/root"), 0);
    CHECK_EQ(hwloc_topology_export_xml(topology, path, 0), 0);
    hwloc_topology_destroy(topology);
    json_t *cpu = hr_probe_cpu.read(root);
    CHECK_EQ(json_integer_value(json_object_get(cpu, "cores")), 4);
    CHECK_EQ(json_array_size(json_object_get(cpu, "caches")), 4);
    json_decref(cpu);
    write_file(root, "topology.xml", "<topology><object type=\"Machine\"/>");
    CHECK(hr_topology_load(&topology, root) < 0);
    remove_folder(root);
}

TEST(golden_hosts, an_empty_root_knows_nothing_and_says_why)
{
    char root[] = "/tmp/headroom-empty.XXXXXX";

    CHECK(mkdtemp(root) != NULL);
    json_t *host = hr_probe_host(root);
    CHECK(json_is_null(
        json_object_get(json_object_get(json_object_get(host, "memory"), "total_bytes"), "value")));
    CHECK_STR(json_string_value(json_object_get(
                  json_object_get(json_object_get(host, "memory"), "total_bytes"), "reason")),
              "/proc/meminfo: no MemTotal");
    CHECK_EQ(json_string_length(json_object_get(host, "fingerprint")), 16);
    CHECK(json_string_length(json_object_get(host, "line")) > 0);
    json_decref(host);
    rmdir(root);
}
