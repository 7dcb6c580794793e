/*
 * probe_text.c - what does a person want to read of a host?
 *
 * Every line is made from the JSON; nothing is asked again. Unknown facts are shown with their
 * reason where somebody could act on it, and left out where they say nothing.
 */
#include "probes/probe_text.h"

#include "probes/fact.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define LABEL 13

/* 1536 MiB as "1.5 GiB". */
static void bytes_text(char text[32], double bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    size_t u = 0;

    for (; fabs(bytes) >= 1024 && u + 1 < sizeof(units) / sizeof(*units); u++) {
        bytes /= 1024;
    }
    snprintf(text, 32, bytes < 10 && bytes != floor(bytes) ? "%.1f %s" : "%.0f %s", bytes,
             units[u]);
}

static json_t *fact(json_t *host, const char *probe, const char *key)
{
    return json_object_get(json_object_get(host, probe), key);
}

/* A fact as a word; unknown ones as "unknown (reason)". Valid until the eighth next call. */
static const char *word(json_t *value)
{
    static char ring[8][256];
    static int next;
    char *text = ring[next++ & 7];

    if (json_is_string(value)) {
        return json_string_value(value);
    }
    if (json_is_integer(value)) {
        snprintf(text, sizeof(ring[0]), "%lld", (long long)json_integer_value(value));
    } else if (json_is_real(value)) {
        snprintf(text, sizeof(ring[0]), "%.3g", json_real_value(value));
    } else if (json_is_boolean(value)) {
        snprintf(text, sizeof(ring[0]), "%s", json_is_true(value) ? "yes" : "no");
    } else {
        const char *reason = json_string_value(json_object_get(value, "reason"));
        snprintf(text, sizeof(ring[0]), "unknown (%s)", reason ? reason : "no reason given");
    }
    return text;
}

static const char *size(json_t *value)
{
    static char ring[8][32];
    static int next;
    char *text = ring[next++ & 7];

    if (!json_is_number(value)) {
        return word(value);
    }
    bytes_text(text, json_number_value(value));
    return text;
}

__attribute__((format(printf, 3, 4))) static void put(FILE *out, const char *label,
                                                      const char *format, ...)
{
    va_list arguments;

    fprintf(out, "  %-*s ", LABEL, label);
    va_start(arguments, format);
    vfprintf(out, format, arguments);
    va_end(arguments);
    fputc('\n', out);
}

static bool known(json_t *value)
{
    return value && !json_is_object(value) && !json_is_null(value);
}

static void put_identity(FILE *out, json_t *host)
{
    if (known(fact(host, "machine", "model")) || known(fact(host, "machine", "vendor"))) {
        put(out, "machine", "%s, %s", word(fact(host, "machine", "vendor")),
            word(fact(host, "machine", "model")));
    } else {
        put(out, "machine", "%s", word(fact(host, "machine", "model")));
    }
    put(out, "system", "%s, %s %s, preemption %s", word(fact(host, "os", "name")),
        word(fact(host, "os", "kernel_name")), word(fact(host, "os", "kernel")),
        word(fact(host, "os", "preemption")));
    put(out, "hypervisor", "%s, container %s", word(fact(host, "virtualisation", "hypervisor")),
        word(fact(host, "virtualisation", "container")));
}

static void put_caches(FILE *out, json_t *host)
{
    json_t *cache, *caches = fact(host, "cpu", "caches");
    size_t i;

    if (!json_is_array(caches)) {
        put(out, "caches", "%s", word(caches));
        return;
    }
    json_array_foreach (caches, i, cache) {
        json_int_t shared = json_integer_value(json_object_get(cache, "shared_by_threads"));
        char by[64] = "";
        if (shared > 1) {
            snprintf(by, sizeof(by), ", each shared by %lld threads", (long long)shared);
        }
        put(out, i ? "" : "caches", "L%s %s: %s × %s, line %s bytes%s",
            word(json_object_get(cache, "level")), word(json_object_get(cache, "type")),
            word(json_object_get(cache, "count")), size(json_object_get(cache, "bytes")),
            word(json_object_get(cache, "line_bytes")), by);
    }
}

static void put_isa(FILE *out, json_t *host)
{
    json_t *name, *isa = fact(host, "cpu", "isa");
    char line[100] = "";
    size_t i;
    const char *label = "instructions";

    if (!json_is_array(isa)) {
        put(out, label, "%s", word(isa));
        return;
    }
    json_array_foreach (isa, i, name) {
        const char *one = word(name);
        if (strlen(line) + strlen(one) + 2 > 80) {
            put(out, label, "%s", line);
            label = "";
            *line = 0;
        }
        snprintf(line + strlen(line), sizeof(line) - strlen(line), "%s%.60s", *line ? " " : "",
                 one);
    }
    if (*line) {
        put(out, label, "%s", line);
    }
}

static void put_cpu(FILE *out, json_t *host)
{
    json_t *kind, *kinds = fact(host, "cpu", "kinds"), *frequency = fact(host, "cpu", "frequency");
    size_t i;

    put(out, "processor", "%s (%s)", word(fact(host, "cpu", "model")),
        word(fact(host, "cpu", "vendor")));
    put(out, "", "packages %s, cores %s, threads %s, SMT %s", word(fact(host, "cpu", "packages")),
        word(fact(host, "cpu", "cores")), word(fact(host, "cpu", "threads")),
        word(fact(host, "cpu", "smt")));
    if (json_array_size(kinds) > 1) {
        json_array_foreach (kinds, i, kind) {
            put(out, "", "%s cores: %s", word(json_object_get(kind, "name")),
                word(json_object_get(kind, "cores")));
        }
    }
    if (known(json_object_get(frequency, "max_mhz"))) {
        put(out, "frequency", "%s to %s MHz, now %s MHz",
            word(json_object_get(frequency, "min_mhz")),
            word(json_object_get(frequency, "max_mhz")),
            word(json_object_get(frequency, "current_mhz")));
        put(out, "", "governor %s, driver %s, boost %s", word(fact(host, "cpu", "governor")),
            word(fact(host, "cpu", "driver")), word(fact(host, "cpu", "boost")));
    } else if (known(json_object_get(frequency, "current_mhz"))) {
        put(out, "frequency", "%s MHz; range and governor unknown",
            word(json_object_get(frequency, "current_mhz")));
    } else {
        put(out, "frequency", "%s", word(json_object_get(frequency, "current_mhz")));
    }
    put_caches(out, host);
    put_isa(out, host);
}

static void put_memory(FILE *out, json_t *host)
{
    json_t *thp = fact(host, "memory", "thp"), *node, *nodes = fact(host, "memory", "nodes"),
           *pages;
    char reserved[128] = "";
    size_t i;

    put(out, "memory", "%s, available %s, hwloc says %s", size(fact(host, "memory", "total_bytes")),
        size(fact(host, "memory", "available_bytes")), size(fact(host, "memory", "hwloc_bytes")));
    json_array_foreach (fact(host, "memory", "huge_pages"), i, pages) {
        snprintf(reserved + strlen(reserved), sizeof(reserved) - strlen(reserved),
                 ", %s pages reserved: %.20s", size(json_object_get(pages, "bytes")),
                 word(json_object_get(pages, "reserved")));
    }
    put(out, "pages", "%s%s, transparent huge pages %s", size(fact(host, "memory", "page_bytes")),
        reserved,
        json_object_get(thp, "enabled") ? word(json_object_get(thp, "enabled")) : word(thp));
    put(out, "swap", "%s, used %s", size(fact(host, "memory", "swap_bytes")),
        size(fact(host, "memory", "swap_used_bytes")));
    if (json_array_size(nodes) > 1) {
        json_array_foreach (nodes, i, node) {
            put(out, i ? "" : "NUMA nodes", "node %s: processors %s, %s",
                word(json_object_get(node, "node")), word(json_object_get(node, "processors")),
                size(json_object_get(node, "bytes")));
        }
    }
}

static void put_clock(FILE *out, json_t *host)
{
    put(out, "clock", "%s, counter invariant: %s", word(fact(host, "clock", "source")),
        word(fact(host, "clock", "invariant")));
}

static void put_nics(FILE *out, json_t *host)
{
    json_t *nic, *nics = fact(host, "nics", "devices");
    size_t i;

    if (!json_is_array(nics)) {
        put(out, "network", "%s", word(nics));
    }
    json_array_foreach (nics, i, nic) {
        json_t *speed = json_object_get(nic, "speed_mbps"),
               *driver = json_object_get(nic, "driver");
        char rate[64];
        if (known(speed)) {
            snprintf(rate, sizeof(rate), "%lld Mb/s", (long long)json_integer_value(speed));
        } else {
            snprintf(rate, sizeof(rate), "speed unknown");
        }
        put(out, i ? "" : "network", "%s: %s%s%s, %s, MTU %s bytes, %s",
            word(json_object_get(nic, "name")), word(json_object_get(nic, "kind")),
            known(driver) ? ", " : "", known(driver) ? word(driver) : "", rate,
            word(json_object_get(nic, "mtu_bytes")), word(json_object_get(nic, "state")));
    }
}

static void put_disks(FILE *out, json_t *host)
{
    json_t *disk, *disks = fact(host, "disks", "devices"),
                  *folder = fact(host, "disks", "working_folder");
    size_t i;

    if (!json_is_array(disks)) {
        put(out, "disks", "%s", word(disks));
    }
    json_array_foreach (disks, i, disk) {
        json_t *model = json_object_get(disk, "model"),
               *turns = json_object_get(disk, "rotational");
        put(out, i ? "" : "disks", "%s: %s%s%s, %s, scheduler %s",
            word(json_object_get(disk, "name")), known(model) ? word(model) : "",
            known(model) ? ", " : "", size(json_object_get(disk, "bytes")),
            json_is_true(turns)    ? "rotational"
            : json_is_false(turns) ? "not rotational"
                                   : "unknown kind",
            word(json_object_get(disk, "scheduler")));
    }
    if (known(json_object_get(folder, "file_system"))) {
        put(out, "here", "%s on %s", word(json_object_get(folder, "file_system")),
            word(json_object_get(folder, "source")));
    }
}

/* A CPU that computes as if it were a GPU is told from one. */
static void put_compute(FILE *out, json_t *host)
{
    const char *interface, *label = "compute";
    json_t *device, *devices;
    size_t i;

    json_object_foreach (json_object_get(host, "compute"), interface, devices) {
        if (!json_is_array(devices)) {
            put(out, label, "%s: none (%s)", interface, word(json_object_get(devices, "reason")));
        }
        json_array_foreach (devices, i, device) {
            json_t *units = json_object_get(device, "compute_units");
            put(out, i ? "" : label, "%s: %s, %s, %s%s%s%s", interface,
                word(json_object_get(device, "name")), word(json_object_get(device, "kind")),
                size(json_object_get(device, "memory_bytes")), known(units) ? ", " : "",
                known(units) ? word(units) : "", known(units) ? " compute units" : "");
        }
        label = "";
    }
}

static void put_devices(FILE *out, json_t *host)
{
    json_t *gpu, *gpus = fact(host, "gpus", "devices"), *rapl = fact(host, "power", "rapl"), *name;
    size_t i;

    if (!json_is_array(gpus)) {
        put(out, "GPUs", "%s", word(gpus));
    } else if (json_array_size(gpus) == 0 &&
               json_array_size(fact(host, "gpus", "nvidia_models")) == 0) {
        put(out, "GPUs", "none seen");
    }
    json_array_foreach (gpus, i, gpu) {
        json_t *vendor = json_object_get(gpu, "vendor");
        put(out, i ? "" : "GPUs", "%s%s%s at %s, driver %s", known(vendor) ? word(vendor) : "",
            known(vendor) ? " " : "", word(json_object_get(gpu, "kind")),
            word(json_object_get(gpu, "address")), word(json_object_get(gpu, "driver")));
    }
    json_array_foreach (fact(host, "gpus", "nvidia_models"), i, name) {
        put(out, "", "%s, driver %s", word(name), word(fact(host, "gpus", "nvidia_driver")));
    }
    put_compute(out, host);
    if (json_is_array(rapl)) {
        size_t readable = 0;
        json_array_foreach (rapl, i, gpu) {
            readable += json_is_true(json_object_get(gpu, "readable"));
        }
        put(out, "energy", "%zu RAPL domains, %zu readable by this user", json_array_size(rapl),
            readable);
    } else {
        put(out, "energy", "%s", word(rapl));
    }
    if (known(fact(host, "limits", "processors_allowed"))) {
        put(out, "limits", "processors %s, locked memory %s, open files %s, real-time priority %s",
            word(fact(host, "limits", "processors_allowed")),
            size(fact(host, "limits", "memlock_bytes")), word(fact(host, "limits", "nofile")),
            word(fact(host, "limits", "rtprio")));
    }
}

void hr_probe_print_host(FILE *out, json_t *host)
{
    fprintf(out, "%s\nfingerprint %s\n\n", word(json_object_get(host, "line")),
            word(json_object_get(host, "fingerprint")));
    put_identity(out, host);
    put_cpu(out, host);
    put_memory(out, host);
    put_clock(out, host);
    put_nics(out, host);
    put_disks(out, host);
    put_devices(out, host);
}

/* Checks of memory and swap have bytes for values. */
static const char *row_value(json_t *row)
{
    json_t *value = json_object_get(row, "value");
    const char *check = word(json_object_get(row, "check"));

    if (!known(value)) {
        return "unknown";
    }
    return strstr(check, "memory") || strcmp(check, "swap") == 0 ? size(value) : word(value);
}

void hr_probe_print_readiness(FILE *out, json_t *host)
{
    json_t *row, *rows = json_object_get(host, "readiness");
    size_t i, warnings = 0, advice = 0;

    fprintf(out, "\nready for measuring?\n");
    json_array_foreach (rows, i, row) {
        const char *status = json_string_value(json_object_get(row, "status"));
        bool warning = status && strcmp(status, "warning") == 0;
        if (!status || strcmp(status, "ok") == 0) {
            continue;
        }
        warnings += warning;
        advice += !warning;
        fprintf(out, "  %-7s  %-20s %-12.24s %s\n", status, word(json_object_get(row, "check")),
                row_value(row), word(json_object_get(row, "advice")));
    }
    size_t good = json_array_size(rows) - warnings - advice;
    if (warnings > 0) {
        fprintf(out, "not ready: %zu warning%s figures, %zu piece%s of advice, %zu checks good\n",
                warnings, warnings == 1 ? " that spoils" : "s that spoil", advice,
                advice == 1 ? "" : "s", good);
    } else {
        fprintf(out, "%s: %zu piece%s of advice, %zu checks good\n", advice ? "usable" : "ready",
                advice, advice == 1 ? "" : "s", good);
    }
}

/* 9.6e7 lines/s as "96.0 M lines/s"; times stay in ns. */
static void value_text(char text[64], double value, const char *unit)
{
    static const char *const prefixes[] = {"", "k", "M", "G", "T"};
    size_t p = 0;

    if (strcmp(unit, "ns") == 0) {
        snprintf(text, 64, "%.1f ns", value);
        return;
    }
    for (; value >= 1000 && p + 1 < sizeof(prefixes) / sizeof(*prefixes); p++) {
        value /= 1000;
    }
    snprintf(text, 64, "%.1f %s%s%s", value, prefixes[p], strcmp(unit, "bytes/s") == 0 ? "" : " ",
             strcmp(unit, "bytes/s") == 0 ? "B/s" : unit);
}

void hr_probe_print_ceilings(FILE *out, json_t *ceilings)
{
    json_t *c;
    size_t i;

    fprintf(out, "\nceilings, measured (median; interval or least and most)\n");
    json_array_foreach (ceilings, i, c) {
        const char *unit = json_string_value(json_object_get(c, "unit"));
        json_t *estimate = json_object_get(c, "estimate");
        char value[64], low[64], high[64];
        if (!json_is_number(estimate) || !unit) {
            fprintf(out, "  %-46s %s\n", word(json_object_get(c, "id")),
                    word(json_object_get(c, "reason")));
            continue;
        }
        value_text(value, json_number_value(estimate), unit);
        value_text(low, json_number_value(json_object_get(c, "ci_low")), unit);
        value_text(high, json_number_value(json_object_get(c, "ci_high")), unit);
        fprintf(out, "  %-46s %-18s %s to %s\n", word(json_object_get(c, "id")), value, low, high);
    }
}
