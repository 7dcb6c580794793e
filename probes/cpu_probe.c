/*
 * cpu_probe.c - which processors, how many, of which kinds, with which caches, how fast?
 *
 * Topology from hwloc; identity from libcpuid (live x86) or /proc/cpuinfo; instruction sets from
 * CPUID (live x86) or /proc/cpuinfo; frequency and governor from cpufreq. In a guest most of
 * cpufreq is missing, and the topology is the hypervisor's word.
 */
#include "harness/error.h"
#include "probes/cpuid.h"
#include "probes/fact.h"
#include "probes/facts_table.h"
#include "probes/sysctl_dump.h"
#include "probes/topology.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* MIDR_EL1 implementers and parts, from Arm's technical reference manuals. */
static const struct {
    int implementer, part;
    const char *vendor, *name;
} arm_parts[] = {
    {0x41, 0xd03, "ARM", "Cortex-A53"},   {0x41, 0xd05, "ARM", "Cortex-A55"},
    {0x41, 0xd08, "ARM", "Cortex-A72"},   {0x41, 0xd0b, "ARM", "Cortex-A76"},
    {0x41, 0xd0c, "ARM", "Neoverse-N1"},  {0x41, 0xd40, "ARM", "Neoverse-V1"},
    {0x41, 0xd41, "ARM", "Cortex-A78"},   {0x41, 0xd44, "ARM", "Cortex-X1"},
    {0x41, 0xd49, "ARM", "Neoverse-N2"},  {0x41, 0xd4f, "ARM", "Neoverse-V2"},
    {0x46, 0x001, "Fujitsu", "A64FX"},    {0x48, 0xd01, "HiSilicon", "TaiShan v110"},
    {0x61, -1, "Apple", "Apple Silicon"}, {0xc0, 0xac3, "Ampere", "Ampere-1"},
    {0x51, -1, "Qualcomm", "Qualcomm"},   {0x41, -1, "ARM", "ARM"},
};

static void arm_identity(json_t *cpu, const char *text)
{
    int64_t implementer, part;
    char name[64];

    if (!hr_lines_integer(text, "CPU implementer", ':', &implementer) ||
        !hr_lines_integer(text, "CPU part", ':', &part)) {
        json_object_set_new(cpu, "vendor", hr_fact_null("/proc/cpuinfo: no vendor"));
        json_object_set_new(cpu, "model", hr_fact_null("/proc/cpuinfo: no model name"));
        return;
    }
    for (size_t i = 0; i < sizeof(arm_parts) / sizeof(*arm_parts); i++) {
        if (arm_parts[i].implementer == implementer &&
            (arm_parts[i].part == part || arm_parts[i].part < 0)) {
            json_object_set_new(cpu, "vendor", json_string(arm_parts[i].vendor));
            if (arm_parts[i].part == part) {
                json_object_set_new(cpu, "model", json_string(arm_parts[i].name));
                return;
            }
            break;
        }
    }
    if (!json_object_get(cpu, "vendor")) {
        json_object_set_new(
            cpu, "vendor",
            hr_fact_why("implementer 0x%llx is not in the table", (unsigned long long)implementer));
    }
    snprintf(name, sizeof(name), "ARM implementer 0x%llx part 0x%llx",
             (unsigned long long)implementer, (unsigned long long)part);
    json_object_set_new(cpu, "model", json_string(name));
}

/* A number out of the first processor's lines in cpuinfo, under `key`. */
static void add_number(json_t *cpu, const char *key, const char *text, const char *line)
{
    int64_t value;

    json_object_set_new(cpu, key,
                        hr_lines_integer(text, line, ':', &value)
                            ? json_integer(value)
                            : hr_fact_why("/proc/cpuinfo: no %s", line));
}

static void add_identity(json_t *cpu, const char *root, const char *text)
{
    char vendor[64], model[256];

    if (*root == 0 && hr_cpuid_brand(vendor, sizeof(vendor), model, sizeof(model))) {
        json_object_set_new(cpu, "vendor", hr_fact_string(vendor));
        json_object_set_new(cpu, "model", hr_fact_string(model));
    } else if (hr_lines_value(text, "model name", ':', model, sizeof(model)) &&
               hr_lines_value(text, "vendor_id", ':', vendor, sizeof(vendor))) {
        json_object_set_new(cpu, "vendor", hr_fact_string(vendor));
        json_object_set_new(cpu, "model", hr_fact_string(model));
    } else {
        arm_identity(cpu, text);
    }
    if (hr_lines_value(text, "cpu family", ':', vendor, sizeof(vendor))) {
        add_number(cpu, "family", text, "cpu family");
        add_number(cpu, "model_number", text, "model");
        add_number(cpu, "stepping", text, "stepping");
        json_object_set_new(cpu, "microcode",
                            hr_lines_value(text, "microcode", ':', vendor, sizeof(vendor))
                                ? hr_fact_string(vendor)
                                : hr_fact_null("/proc/cpuinfo: no microcode"));
    } else {
        add_number(cpu, "variant", text, "CPU variant");
        add_number(cpu, "revision", text, "CPU revision");
    }
}

static bool has_word(const char *list, const char *word)
{
    size_t length = strlen(word);

    for (const char *at = list; (at = strstr(at, word)); at += length) {
        if ((at == list || at[-1] == ' ') && (at[length] == ' ' || at[length] == 0)) {
            return true;
        }
    }
    return false;
}

static json_t *instruction_sets(const char *root, const char *text)
{
    json_t *isa = json_array();
    char *flags = malloc(strlen(text) + 1);
    char signature[13];

    if (*root == 0 && hr_cpuid_hypervisor(signature)) {
        for (int i = 0; i < hr_cpuid_names(); i++) {
            if (hr_cpuid_has(i)) {
                json_array_append_new(isa, json_string(hr_cpuid_name(i)));
            }
        }
    } else if (flags && hr_lines_value(text, "flags", ':', flags, strlen(text) + 1)) {
        for (int i = 0; i < hr_cpuid_names(); i++) {
            if (has_word(flags, hr_cpuid_name(i))) {
                json_array_append_new(isa, json_string(hr_cpuid_name(i)));
            }
        }
    } else if (flags && hr_lines_value(text, "Features", ':', flags, strlen(text) + 1)) {
        for (char *save, *word = strtok_r(flags, " ", &save); word;
             word = strtok_r(NULL, " ", &save)) {
            json_array_append_new(isa, hr_fact_string(word));
        }
    } else {
        json_decref(isa);
        isa = hr_fact_null("/proc/cpuinfo: neither flags nor Features");
    }
    free(flags);
    return isa;
}

static const char *cache_type(hwloc_obj_t cache)
{
    switch (cache->attr->cache.type) {
    case HWLOC_OBJ_CACHE_DATA:
        return "data";
    case HWLOC_OBJ_CACHE_INSTRUCTION:
        return "instruction";
    default:
        return "unified";
    }
}

static json_t *caches(hwloc_topology_t topology)
{
    static const hwloc_obj_type_t types[] = {HWLOC_OBJ_L1CACHE, HWLOC_OBJ_L1ICACHE,
                                             HWLOC_OBJ_L2CACHE, HWLOC_OBJ_L3CACHE,
                                             HWLOC_OBJ_L4CACHE};
    json_t *list = json_array();

    for (size_t t = 0; t < sizeof(types) / sizeof(*types); t++) {
        json_t *last = NULL;
        for (hwloc_obj_t o = NULL; (o = hwloc_get_next_obj_by_type(topology, types[t], o));) {
            json_int_t bytes = (json_int_t)o->attr->cache.size;
            json_int_t shared = hwloc_bitmap_weight(o->complete_cpuset);
            /* Core kinds may differ in size; each size is a row that counts its instances. */
            if (last && json_integer_value(json_object_get(last, "bytes")) == bytes &&
                json_integer_value(json_object_get(last, "shared_by_threads")) == shared) {
                json_object_set_new(
                    last, "count",
                    json_integer(json_integer_value(json_object_get(last, "count")) + 1));
                continue;
            }
            last = json_pack("{s:i, s:s, s:I, s:I, s:I, s:i}", "level", (int)o->attr->cache.depth,
                             "type", cache_type(o), "bytes", bytes, "line_bytes",
                             (json_int_t)o->attr->cache.linesize, "shared_by_threads", shared,
                             "count", 1);
            json_object_set_new(last, "ways",
                                o->attr->cache.associativity > 0
                                    ? json_integer(o->attr->cache.associativity)
                                    : hr_fact_null("not told"));
            json_array_append_new(list, last);
        }
    }
    if (json_array_size(list) == 0) {
        json_decref(list);
        return hr_fact_null("the kernel lists no caches");
    }
    return list;
}

static int cores_within(hwloc_topology_t topology, hwloc_const_cpuset_t set)
{
    int cores = 0;

    for (hwloc_obj_t o = NULL; (o = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_CORE, o));) {
        cores += hwloc_bitmap_intersects(o->cpuset, set);
    }
    return cores;
}

static json_t *max_mhz_of(const char *root, hwloc_const_cpuset_t set)
{
    int64_t khz;

    return hr_fact_integer(&khz, root, "/sys/devices/system/cpu/cpu%d/cpufreq/cpuinfo_max_freq",
                           hwloc_bitmap_first(set))
               ? json_integer(khz / 1000)
               : hr_fact_null("no cpufreq");
}

/* Kinds in rising efficiency, as hwloc ranks them: 0 is the most thrifty. */
static json_t *kinds(hwloc_topology_t topology, const char *root)
{
    json_t *list = json_array();
    hwloc_bitmap_t set = hwloc_bitmap_alloc();
    int n = hwloc_cpukinds_get_nr(topology, 0);

    for (int i = 0; i < n; i++) {
        int efficiency = -1;
        if (hwloc_cpukinds_get_info(topology, (unsigned)i, set, &efficiency, NULL, NULL, 0) != 0) {
            continue;
        }
        const char *name = n == 1       ? "all"
                           : i == n - 1 ? "performance"
                           : i == 0     ? "efficiency"
                                        : "middle";
        json_array_append_new(
            list, json_pack("{s:s, s:i, s:i, s:i, s:o}", "name",
                            efficiency < 0 && n > 1 ? "unranked" : name, "efficiency", efficiency,
                            "cores", cores_within(topology, set), "threads",
                            hwloc_bitmap_weight(set), "max_mhz", max_mhz_of(root, set)));
    }
    if (n <= 0) {
        hwloc_const_cpuset_t all = hwloc_topology_get_topology_cpuset(topology);
        json_array_append_new(list, json_pack("{s:s, s:i, s:i, s:i, s:o}", "name", "all",
                                              "efficiency", 0, "cores", cores_within(topology, all),
                                              "threads", hwloc_bitmap_weight(all), "max_mhz",
                                              max_mhz_of(root, all)));
    }
    hwloc_bitmap_free(set);
    return list;
}

static json_t *counted(hwloc_topology_t topology, hwloc_obj_type_t type, const char *what)
{
    int n = hwloc_get_nbobjs_by_type(topology, type);

    return n > 0 ? json_integer(n) : hr_fact_why("the kernel tells of no %s", what);
}

static void add_topology(json_t *cpu, const char *root)
{
    static const char *const keys[] = {"packages", "cores", "threads", "smt", "kinds", "caches"};
    hwloc_topology_t topology;

    if (hr_topology_load(&topology, root) != 0) {
        for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
            json_object_set_new(cpu, keys[i], hr_fact_null("no topology under this root"));
        }
        hr_error_clear();
        return;
    }
    int cores = hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_CORE);
    int threads = hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_PU);
    json_object_set_new(cpu, "packages", counted(topology, HWLOC_OBJ_PACKAGE, "packages"));
    json_object_set_new(cpu, "cores", counted(topology, HWLOC_OBJ_CORE, "cores"));
    json_object_set_new(cpu, "threads", json_integer(threads));
    json_object_set_new(
        cpu, "smt", cores > 0 ? json_boolean(threads > cores) : hr_fact_null("cores are unknown"));
    json_object_set_new(cpu, "kinds", kinds(topology, root));
    json_object_set_new(cpu, "caches", caches(topology));
    hwloc_topology_destroy(topology);
}

static json_t *mhz(const char *root, const char *file)
{
    int64_t khz;

    return hr_fact_integer(&khz, root, "/sys/devices/system/cpu/cpu0/cpufreq/%s", file)
               ? json_integer(khz / 1000)
               : hr_fact_why("/sys/devices/system/cpu/cpu0/cpufreq/%s: not there", file);
}

/* Where cpufreq is missing, cpuinfo's "cpu MHz" is what the kernel believes. */
static json_t *current_mhz(const char *root, const char *text)
{
    json_t *fact = mhz(root, "scaling_cur_freq");
    char value[64];

    if (!json_is_integer(fact) && hr_lines_value(text, "cpu MHz", ':', value, sizeof(value))) {
        double told = strtod(value, NULL);
        if (told > 0 && told < 1e5) {
            json_decref(fact);
            return json_integer((json_int_t)(told + 0.5));
        }
    }
    return fact;
}

static json_t *boost(const char *root)
{
    int64_t value;

    if (hr_fact_integer(&value, root, "/sys/devices/system/cpu/cpufreq/boost")) {
        return json_boolean(value != 0);
    }
    if (hr_fact_integer(&value, root, "/sys/devices/system/cpu/intel_pstate/no_turbo")) {
        return json_boolean(value == 0);
    }
    return hr_fact_null("neither cpufreq/boost nor intel_pstate/no_turbo is there");
}

static json_t *read_cpu(const char *root)
{
#define POLICY "/sys/devices/system/cpu/cpu0/cpufreq/"
    json_t *cpu = hr_dump_cpu(root);

    if (cpu) {
        return cpu;
    }
    cpu = json_object();
    char *text = hr_fact_read(root, "/proc/cpuinfo");
    add_identity(cpu, root, text ? text : "");
    add_topology(cpu, root);
    json_object_set_new(cpu, "online", hr_fact_text(root, "/sys/devices/system/cpu/online"));
    json_object_set_new(cpu, "isa", instruction_sets(root, text ? text : ""));
    json_object_set_new(cpu, "frequency",
                        json_pack("{s:o, s:o, s:o, s:o}", "min_mhz", mhz(root, "cpuinfo_min_freq"),
                                  "max_mhz", mhz(root, "cpuinfo_max_freq"), "base_mhz",
                                  mhz(root, "base_frequency"), "current_mhz",
                                  current_mhz(root, text ? text : "")));
    json_object_set_new(cpu, "governor", hr_fact_text(root, POLICY "scaling_governor"));
    json_object_set_new(cpu, "driver", hr_fact_text(root, POLICY "scaling_driver"));
    json_object_set_new(cpu, "energy_preference",
                        hr_fact_text(root, POLICY "energy_performance_preference"));
    json_object_set_new(cpu, "boost", boost(root));
    free(text);
    return cpu;
#undef POLICY
}

const struct hr_probe_ops hr_probe_cpu = {
    .name = "cpu", .summary = "processors, kinds, caches, frequency", .read = read_cpu};
