/*
 * sysctl_dump.c - what is this macOS host, by the text of `sysctl -a`?
 *
 * Lines are "key: value". Apple Silicon describes its core kinds as hw.perflevelN.*, Intel Macs
 * have machdep.cpu.*. Devices, power and thermal state are not in the dump. Source: sysctl(3),
 * sysctl(8) and sys/sysctl.h of macOS; developer.apple.com, "Determining instruction set
 * characteristics".
 */
#include "probes/sysctl_dump.h"

#include "probes/fact.h"
#include "probes/live_host.h"
#include "probes/probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEVELS_MAX 8

/* The text, to be freed; NULL if this root is not a macOS host. */
static char *dump_read(const char *root)
{
    return *root ? hr_fact_read(root, "/sysctl.txt") : hr_live_sysctl();
}

static bool dump_integer(const char *dump, const char *key, int64_t *value)
{
    return hr_lines_integer(dump, key, ':', value);
}

static bool dump_text(const char *dump, const char *key, char *value, size_t size)
{
    return hr_lines_value(dump, key, ':', value, size);
}

static json_t *text_of(const char *dump, const char *key)
{
    char value[1024];

    return dump_text(dump, key, value, sizeof(value)) ? hr_fact_string(value)
                                                      : hr_fact_why("sysctl %s: not there", key);
}

static json_t *number_of(const char *dump, const char *key)
{
    int64_t value;

    return dump_integer(dump, key, &value) ? json_integer(value)
                                           : hr_fact_why("sysctl %s: no number", key);
}

/* Numbers of Hz as MHz. */
static json_t *mhz_of(const char *dump, const char *key)
{
    int64_t hz;

    return dump_integer(dump, key, &hz) ? json_integer(hz / 1000000)
                                        : hr_fact_why("sysctl %s: not told by this Mac", key);
}

json_t *hr_dump_host(const char *root)
{
    char *dump = dump_read(root);

    if (!dump) {
        return NULL;
    }
    int64_t arm = 0;
    dump_integer(dump, "hw.optional.arm64", &arm);
    json_t *host = json_pack("{s:o, s:s, s:b}", "name", text_of(dump, "kern.hostname"),
                             "architecture", arm ? "arm64" : "x86_64", "captured", *root != 0);
    free(dump);
    return host;
}

json_t *hr_dump_os(const char *root)
{
    char *dump = dump_read(root), name[160];

    if (!dump) {
        return NULL;
    }
    json_t *product = text_of(dump, "kern.osproductversion");
    if (json_is_string(product)) {
        snprintf(name, sizeof(name), "macOS %.128s", json_string_value(product));
        json_decref(product);
        product = json_string(name);
    }
    json_t *os =
        json_pack("{s:o, s:s, s:o, s:o, s:o}", "name", product, "kernel_name", "Darwin", "kernel",
                  text_of(dump, "kern.osrelease"), "kernel_build", text_of(dump, "kern.osversion"),
                  "preemption", hr_fact_null("not told by macOS"));
    free(dump);
    return os;
}

json_t *hr_dump_virtualisation(const char *root)
{
    char *dump = dump_read(root);
    int64_t guest;

    if (!dump) {
        return NULL;
    }
    json_t *hypervisor, *evidence = json_string("sysctl kern.hv_vmm_present");
    if (dump_integer(dump, "kern.hv_vmm_present", &guest)) {
        hypervisor = json_string(guest ? "unnamed" : "none");
    } else {
        hypervisor = hr_fact_null("sysctl kern.hv_vmm_present: not there");
    }
    free(dump);
    return json_pack("{s:o, s:o, s:s, s:s}", "hypervisor", hypervisor, "evidence", evidence,
                     "container", "none", "container_evidence", "macOS has no containers");
}

json_t *hr_dump_machine(const char *root)
{
    char *dump = dump_read(root);

    if (!dump) {
        return NULL;
    }
    json_t *machine = json_pack(
        "{s:s, s:o, s:o, s:o}", "vendor", "Apple", "model", text_of(dump, "hw.model"), "board",
        hr_fact_null("not told by sysctl"), "firmware", hr_fact_null("not told by sysctl"));
    free(dump);
    return machine;
}

static json_t *cache(int level, const char *type, int64_t bytes, int64_t line, int64_t shared,
                     int64_t count)
{
    json_t *c = json_pack("{s:i, s:s, s:I, s:I, s:I, s:I}", "level", level, "type", type, "bytes",
                          (json_int_t)bytes, "line_bytes", (json_int_t)line, "shared_by_threads",
                          (json_int_t)shared, "count", (json_int_t)count);
    json_object_set_new(c, "ways", hr_fact_null("not told by sysctl"));
    return c;
}

/* The caches of one performance level, or of the whole host (prefix "hw"). */
static void add_caches(json_t *caches, const char *dump, const char *prefix, int64_t cpus)
{
    static const struct {
        const char *key;
        int level;
        const char *type, *shared;
    } rows[] = {{"l1dcachesize", 1, "data", NULL},
                {"l1icachesize", 1, "instruction", NULL},
                {"l2cachesize", 2, "unified", "cpusperl2"},
                {"l3cachesize", 3, "unified", "cpusperl3"}};
    int64_t line = 0;

    dump_integer(dump, "hw.cachelinesize", &line);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        char key[128];
        int64_t bytes, shared = 1;
        snprintf(key, sizeof(key), "%s.%s", prefix, rows[i].key);
        if (!dump_integer(dump, key, &bytes) || bytes <= 0) {
            continue;
        }
        if (rows[i].shared) {
            snprintf(key, sizeof(key), "%s.%s", prefix, rows[i].shared);
            if (!dump_integer(dump, key, &shared) || shared < 1) {
                shared = rows[i].level == 3 && cpus > 0 ? cpus : 1;
            }
        }
        json_array_append_new(caches, cache(rows[i].level, rows[i].type, bytes, line, shared,
                                            cpus > shared ? cpus / shared : 1));
    }
}

/* Performance levels are listed fastest first; kinds are ordered by rising performance elsewhere,
 * so they are turned round. */
static void add_kinds(json_t *cpu, const char *dump, int64_t levels)
{
    json_t *kinds = json_array(), *caches = json_array();

    for (int64_t i = levels - 1; i >= 0; i--) {
        char prefix[64], key[128], name[64];
        int64_t cores = 0, threads = 0;
        snprintf(prefix, sizeof(prefix), "hw.perflevel%d", (int)i);
        snprintf(key, sizeof(key), "%s.physicalcpu", prefix);
        dump_integer(dump, key, &cores);
        snprintf(key, sizeof(key), "%s.logicalcpu", prefix);
        dump_integer(dump, key, &threads);
        snprintf(key, sizeof(key), "%s.name", prefix);
        if (!dump_text(dump, key, name, sizeof(name))) {
            snprintf(name, sizeof(name), "%s",
                     levels == 1 ? "all"
                     : i == 0    ? "Performance"
                                 : "Efficiency");
        }
        json_array_append_new(kinds,
                              json_pack("{s:o, s:I, s:I, s:I, s:o}", "name", hr_fact_string(name),
                                        "efficiency", (json_int_t)(levels - 1 - i), "cores",
                                        (json_int_t)cores, "threads", (json_int_t)threads,
                                        "max_mhz", hr_fact_null("not told by sysctl")));
        add_caches(caches, dump, prefix, threads);
    }
    if (levels == 0) {
        int64_t threads = 0;
        dump_integer(dump, "hw.logicalcpu", &threads);
        add_caches(caches, dump, "hw", threads);
    }
    json_object_set_new(cpu, "kinds", kinds);
    json_object_set_new(cpu, "caches", caches);
}

/* hw.optional.arm.FEAT_X: 1 on Apple Silicon; machdep.cpu.features on Intel. */
static json_t *features(const char *dump)
{
    json_t *isa = json_array();
    char text[4096];

    for (const char *at = dump; (at = strstr(at, "hw.optional."));) {
        char name[64];
        int on;
        at += strlen("hw.optional.");
        const char *arm = strncmp(at, "arm.FEAT_", 9) == 0 ? at + 9 : NULL;
        if (arm && sscanf(arm, "%63[A-Za-z0-9_]: %d", name, &on) == 2 && on == 1) {
            json_array_append_new(isa, json_string(name));
        }
    }
    if (json_array_size(isa) == 0 && dump_text(dump, "machdep.cpu.features", text, sizeof(text))) {
        for (char *save, *word = strtok_r(text, " ", &save); word;
             word = strtok_r(NULL, " ", &save)) {
            json_array_append_new(isa, hr_fact_string(word));
        }
    }
    if (json_array_size(isa) == 0) {
        json_decref(isa);
        return hr_fact_null("no instruction sets in the sysctl dump");
    }
    return isa;
}

json_t *hr_dump_cpu(const char *root)
{
    char *dump = dump_read(root);
    int64_t levels = 0, cores = 0, threads = 0;

    if (!dump) {
        return NULL;
    }
    dump_integer(dump, "hw.nperflevels", &levels);
    dump_integer(dump, "hw.physicalcpu", &cores);
    dump_integer(dump, "hw.logicalcpu", &threads);
    json_t *cpu =
        json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "vendor", text_of(dump, "machdep.cpu.vendor"),
                  "model", text_of(dump, "machdep.cpu.brand_string"), "packages",
                  number_of(dump, "hw.packages"), "cores", number_of(dump, "hw.physicalcpu"),
                  "threads", number_of(dump, "hw.logicalcpu"), "isa", features(dump));
    if (!json_is_string(json_object_get(cpu, "vendor")) &&
        strncmp(json_string_value(json_object_get(cpu, "model")) ?: "", "Apple", 5) == 0) {
        json_object_set_new(cpu, "vendor", json_string("Apple"));
    }
    json_object_set_new(cpu, "smt",
                        cores > 0 && threads > 0 ? json_boolean(threads > cores)
                                                 : hr_fact_null("cores are unknown"));
    add_kinds(cpu, dump, levels < 0 ? 0 : levels > LEVELS_MAX ? LEVELS_MAX : levels);
    json_object_set_new(cpu, "frequency",
                        json_pack("{s:o, s:o, s:o}", "min_mhz", mhz_of(dump, "hw.cpufrequency_min"),
                                  "max_mhz", mhz_of(dump, "hw.cpufrequency_max"), "current_mhz",
                                  mhz_of(dump, "hw.cpufrequency")));
    json_object_set_new(cpu, "governor", hr_fact_null("macOS has no governor to choose"));
    json_object_set_new(cpu, "driver", hr_fact_null("not told by macOS"));
    json_object_set_new(cpu, "boost", hr_fact_null("not told by macOS"));
    free(dump);
    return cpu;
}

static int64_t swap_megabytes(const char *dump, const char *word)
{
    char text[256];
    double value;

    if (!dump_text(dump, "vm.swapusage", text, sizeof(text))) {
        return -1;
    }
    const char *at = strstr(text, word);
    if (!at || sscanf(at + strlen(word), " = %lfM", &value) != 1 || !(value >= 0 && value < 1e9)) {
        return -1;
    }
    return (int64_t)(value * 1048576.0);
}

json_t *hr_dump_memory(const char *root)
{
    char *dump = dump_read(root);
    int64_t page = 0, unused = 0, count;

    if (!dump) {
        return NULL;
    }
    dump_integer(dump, "hw.pagesize", &page);
    if (dump_integer(dump, "vm.page_free_count", &count) && count >= 0) {
        unused = count;
    }
    if (dump_integer(dump, "vm.page_purgeable_count", &count) && count >= 0) {
        unused += count;
    }
    int64_t total = swap_megabytes(dump, "total"), used = swap_megabytes(dump, "used");
    json_t *memory =
        json_pack("{s:o, s:o, s:o, s:[], s:[]}", "total_bytes", number_of(dump, "hw.memsize"),
                  "hwloc_bytes", hr_fact_null("not asked on macOS"), "page_bytes",
                  number_of(dump, "hw.pagesize"), "nodes", "huge_pages");
    json_object_set_new(memory, "available_bytes",
                        page > 0 && page < 1 << 20 && unused > 0 && unused < INT64_C(1) << 40
                            ? json_integer(page * unused)
                            : hr_fact_null("sysctl vm.page_free_count: not there"));
    json_object_set_new(memory, "swap_bytes",
                        total >= 0 ? json_integer(total)
                                   : hr_fact_null("sysctl vm.swapusage: not there"));
    json_object_set_new(memory, "swap_used_bytes",
                        used >= 0 ? json_integer(used)
                                  : hr_fact_null("sysctl vm.swapusage: not there"));
    json_object_set_new(memory, "thp", hr_fact_null("macOS has no transparent huge pages to set"));
    free(dump);
    return memory;
}

json_t *hr_dump_clock(const char *root)
{
    char *dump = dump_read(root);
    int64_t arm = 0;

    if (!dump) {
        return NULL;
    }
    dump_integer(dump, "hw.optional.arm64", &arm);
    json_t *clock = json_pack("{s:s, s:[s], s:b, s:o}", "source", arm ? "cntvct" : "tsc",
                              "available", arm ? "cntvct" : "tsc", "invariant", 1, "counter_hz",
                              number_of(dump, "hw.tbfrequency"));
    free(dump);
    return clock;
}

json_t *hr_dump_limits(const char *root)
{
    char *dump = dump_read(root);

    if (!dump) {
        return NULL;
    }
    json_t *limits = json_pack("{s:o, s:o, s:o}", "nofile", number_of(dump, "kern.maxfilesperproc"),
                               "memlock_bytes", number_of(dump, "vm.user_wire_limit"), "nproc",
                               number_of(dump, "kern.maxprocperuid"));
    free(dump);
    return limits;
}

json_t *hr_dump_tuning(const char *root)
{
    char *dump = dump_read(root), text[128];
    double load;

    if (!dump) {
        return NULL;
    }
    bool told = dump_text(dump, "vm.loadavg", text, sizeof(text)) &&
                sscanf(text, "{ %lf", &load) == 1 && load >= 0 && load < 1e6;
    json_t *tuning = json_object();
    json_object_set_new(tuning, "load_1min",
                        told ? json_real(load) : hr_fact_null("sysctl vm.loadavg: not there"));
    json_object_set_new(tuning, "binding", json_false());
    free(dump);
    return tuning;
}

json_t *hr_dump_untold(const char *root, const char *what)
{
    char *dump = dump_read(root);

    if (!dump) {
        return NULL;
    }
    free(dump);
    return hr_fact_why("%s: not told by sysctl", what);
}
