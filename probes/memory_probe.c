/*
 * memory_probe.c - how much memory, in which nodes, in which page sizes, with how much swap?
 *
 * /proc/meminfo, hwloc (which may differ: both are kept), sysfs for nodes and huge pages, control
 * group limits. It cannot see what a hypervisor has not given yet, nor the modules' speed.
 */
#include "harness/cgroup.h"
#include "harness/error.h"
#include "probes/fact.h"
#include "probes/facts_table.h"
#include "probes/sysctl_dump.h"
#include "probes/topology.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static json_t *meminfo(const char *text, const char *key)
{
    int64_t bytes;

    return text && hr_lines_integer(text, key, ':', &bytes)
               ? json_integer(bytes)
               : hr_fact_why("/proc/meminfo: no %s", key);
}

static json_t *page_bytes(const char *root)
{
    int64_t bytes = 0;

    if (*root == 0) {
        return json_integer(sysconf(_SC_PAGESIZE));
    }
    char *text = hr_fact_read(root, "/capture.txt");
    bool found = text && hr_lines_integer(text, "page_bytes", ':', &bytes);
    free(text);
    return found ? json_integer(bytes) : hr_fact_null("capture.txt: no page_bytes");
}

static json_t *distances(const char *root, const char *node)
{
    char *text = hr_fact_read(root, "/sys/devices/system/node/%s/distance", node);
    json_t *list = json_array();

    if (!text) {
        json_decref(list);
        return hr_fact_null("no distance file");
    }
    for (char *save, *word = strtok_r(text, " \n\t", &save); word;
         word = strtok_r(NULL, " \n\t", &save)) {
        int64_t value;
        if (hr_text_integer(word, &value)) {
            json_array_append_new(list, json_integer(value));
        }
    }
    free(text);
    return list;
}

/* "Node 0 MemTotal:  123 kB" */
static json_t *node_bytes(const char *root, const char *node, const char *number)
{
    char *text = hr_fact_read(root, "/sys/devices/system/node/%s/meminfo", node), key[64];
    int64_t bytes = -1;

    snprintf(key, sizeof(key), "Node %s MemTotal", number);
    bool found = text && hr_lines_integer(text, key, ':', &bytes);
    free(text);
    return found ? json_integer(bytes) : hr_fact_null("its meminfo has no MemTotal");
}

static json_t *nodes(const char *root)
{
    struct hr_names names;
    json_t *list = json_array();

    hr_names_read(&names, root, "/sys/devices/system/node");
    for (int i = 0; i < names.count; i++) {
        int64_t number;
        const char *name = names.name[i];
        if (strncmp(name, "node", 4) != 0 || !hr_text_integer(name + 4, &number)) {
            continue;
        }
        json_array_append_new(
            list,
            json_pack("{s:I, s:o, s:o, s:o}", "node", (json_int_t)number, "processors",
                      hr_fact_text(root, "/sys/devices/system/node/%s/cpulist", name), "bytes",
                      node_bytes(root, name, name + 4), "distances", distances(root, name)));
    }
    hr_names_free(&names);
    if (json_array_size(list) == 0) {
        json_decref(list);
        return hr_fact_null("/sys/devices/system/node: no nodes");
    }
    return list;
}

static json_t *huge_pages(const char *root)
{
    struct hr_names names;
    json_t *list = json_array();

    hr_names_read(&names, root, "/sys/kernel/mm/hugepages");
    for (int i = 0; i < names.count; i++) {
        const char *name = names.name[i];
        long long kb;
        if (sscanf(name, "hugepages-%lldkB", &kb) != 1 || kb <= 0 || kb > INT64_MAX / 1024) {
            continue;
        }
        json_array_append_new(
            list,
            json_pack("{s:I, s:o, s:o}", "bytes", (json_int_t)kb * 1024, "reserved",
                      hr_fact_number(root, "/sys/kernel/mm/hugepages/%s/nr_hugepages", name),
                      "free",
                      hr_fact_number(root, "/sys/kernel/mm/hugepages/%s/free_hugepages", name)));
    }
    hr_names_free(&names);
    return list;
}

static json_t *hwloc_bytes(const char *root)
{
    hwloc_topology_t topology;

    if (hr_topology_load(&topology, root) != 0) {
        hr_error_clear();
        return hr_fact_null("no topology under this root");
    }
    hwloc_obj_t machine = hwloc_get_root_obj(topology);
    json_int_t bytes = machine ? (json_int_t)machine->total_memory : 0;
    hwloc_topology_destroy(topology);
    return bytes > 0 ? json_integer(bytes) : hr_fact_null("hwloc tells of no memory");
}

static void add_swap(json_t *memory, const char *text)
{
    int64_t total, unused;

    if (text && hr_lines_integer(text, "SwapTotal", ':', &total) &&
        hr_lines_integer(text, "SwapFree", ':', &unused)) {
        json_object_set_new(memory, "swap_bytes", json_integer(total));
        json_object_set_new(memory, "swap_used_bytes", json_integer(total - unused));
    } else {
        json_object_set_new(memory, "swap_bytes", hr_fact_null("/proc/meminfo: no SwapTotal"));
        json_object_set_new(memory, "swap_used_bytes", hr_fact_null("/proc/meminfo: no SwapFree"));
    }
}

static void add_available(json_t *memory, const char *root)
{
    struct hr_cgroup group;

    hr_cgroup_read(&group, root);
    json_int_t available = json_integer_value(json_object_get(memory, "available_bytes"));
    if (group.memory_limit_bytes == HR_CGROUP_UNLIMITED) {
        json_object_set_new(
            memory, "cgroup_limit_bytes",
            hr_fact_null(group.version ? "no limit is set" : "no control group tells"));
        return;
    }
    json_object_set_new(memory, "cgroup_limit_bytes",
                        json_integer((json_int_t)group.memory_limit_bytes));
    if (available > (json_int_t)group.memory_available_bytes) {
        json_object_set_new(memory, "available_bytes",
                            json_integer((json_int_t)group.memory_available_bytes));
    }
}

static json_t *read_memory(const char *root)
{
#define THP "/sys/kernel/mm/transparent_hugepage/"
    json_t *memory = hr_dump_memory(root);

    if (memory) {
        return memory;
    }
    memory = json_object();
    char *text = hr_fact_read(root, "/proc/meminfo");
    json_object_set_new(memory, "total_bytes", meminfo(text, "MemTotal"));
    json_object_set_new(memory, "available_bytes", meminfo(text, "MemAvailable"));
    json_object_set_new(memory, "hwloc_bytes", hwloc_bytes(root));
    json_object_set_new(memory, "nodes", nodes(root));
    json_object_set_new(memory, "page_bytes", page_bytes(root));
    json_object_set_new(memory, "huge_pages", huge_pages(root));
    json_object_set_new(memory, "thp",
                        json_pack("{s:o, s:o, s:o}", "enabled", hr_fact_choice(root, THP "enabled"),
                                  "defrag", hr_fact_choice(root, THP "defrag"), "page_bytes",
                                  hr_fact_number(root, THP "hpage_pmd_size")));
    add_swap(memory, text);
    add_available(memory, root);
    free(text);
    return memory;
#undef THP
}

const struct hr_probe_ops hr_probe_memory = {
    .name = "memory", .summary = "size, nodes, page sizes, swap", .read = read_memory};
