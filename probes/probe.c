/*
 * probe.c - what is this host? The table of the fact probes, and what is said of the host as a
 * whole.
 *
 * The fingerprint is over what must be equal for two results to be comparable as results of the
 * same host; memory counts in whole GiB because kernels keep a little back.
 */
#include "probes/probe.h"

#include "harness/sha256.h"
#include "probes/fact.h"
#include "probes/facts_table.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct hr_probe_ops *const hr_probes[] = {
    &hr_probe_host_identity,  &hr_probe_os,      &hr_probe_machine,
    &hr_probe_virtualisation, &hr_probe_cpu,     &hr_probe_memory,
    &hr_probe_clock,          &hr_probe_nics,    &hr_probe_disks,
    &hr_probe_gpus,           &hr_probe_compute, &hr_probe_power,
    &hr_probe_limits,         &hr_probe_tuning,  NULL,
};

static json_t *fact(json_t *host, const char *probe, const char *key)
{
    return json_object_get(json_object_get(host, probe), key);
}

static const char *text(json_t *host, const char *probe, const char *key)
{
    const char *value = json_string_value(fact(host, probe, key));

    return value ? value : "";
}

static json_int_t gib(json_t *host)
{
    return (json_int_t)(json_number_value(fact(host, "memory", "total_bytes")) / 1073741824.0 +
                        0.5);
}

static json_t *fingerprint(json_t *host)
{
    static const char *const keys[][2] = {{"host", "architecture"},
                                          {"machine", "vendor"},
                                          {"machine", "model"},
                                          {"cpu", "vendor"},
                                          {"cpu", "model"},
                                          {"cpu", "packages"},
                                          {"cpu", "cores"},
                                          {"cpu", "threads"},
                                          {"os", "name"},
                                          {"os", "kernel"},
                                          {"virtualisation", "hypervisor"},
                                          {"virtualisation", "container"},
                                          {"cpu", "governor"}};
    struct hr_sha256 sha;
    char hex[65], number[32];

    hr_sha256_init(&sha);
    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
        json_t *value = fact(host, keys[i][0], keys[i][1]);
        const char *word = json_string_value(value);
        if (json_is_integer(value)) {
            snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(value));
            word = number;
        }
        word = word ? word : "?";
        hr_sha256_update(&sha, word, strlen(word) + 1);
    }
    snprintf(number, sizeof(number), "%lld", (long long)gib(host));
    hr_sha256_update(&sha, number, strlen(number));
    hr_sha256_hex(&sha, hex);
    hex[16] = 0;
    return json_string(hex);
}

struct line {
    char text[1024];
    size_t used;
};

__attribute__((format(printf, 2, 3))) static void say(struct line *line, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int n = vsnprintf(line->text + line->used, sizeof(line->text) - line->used, format, arguments);
    va_end(arguments);
    if (n > 0 && line->used + (size_t)n < sizeof(line->text)) {
        line->used += (size_t)n;
    }
    line->text[line->used] = 0; /* a piece that does not fit is left out whole */
}

static void say_gpus(struct line *line, json_t *host)
{
    json_t *models = fact(host, "gpus", "nvidia_models");
    size_t n = json_array_size(models);

    if (n > 0) {
        say(line, ", %zu × %s", n, json_string_value(json_array_get(models, 0)));
    }
}

static json_t *in_one_line(json_t *host)
{
    struct line line = {.used = 0};
    json_int_t packages = json_integer_value(fact(host, "cpu", "packages"));
    json_int_t cores = json_integer_value(fact(host, "cpu", "cores"));
    json_int_t threads = json_integer_value(fact(host, "cpu", "threads"));
    size_t nodes = json_array_size(fact(host, "memory", "nodes"));
    const char *model = text(host, "cpu", "model"),
               *guest = text(host, "virtualisation", "hypervisor");
    const char *box = text(host, "virtualisation", "container"),
               *machine = text(host, "machine", "model");

    if (*machine) {
        say(&line, "%s: ", machine);
    }
    if (packages > 1) {
        say(&line, "%lld × ", (long long)packages);
    }
    say(&line, "%s", *model ? model : "unknown processor");
    if (cores > 0) {
        say(&line, ", %lld core%s", (long long)cores, cores == 1 ? "" : "s");
    }
    if (threads > 0 && threads != cores) {
        say(&line, ", %lld threads", (long long)threads);
    }
    if (gib(host) > 0) {
        say(&line, ", %lld GiB", (long long)gib(host));
    }
    if (nodes > 1) {
        say(&line, ", %zu NUMA nodes", nodes);
    }
    say_gpus(&line, host);
    if (*guest && strcmp(guest, "none") != 0) {
        say(&line, ", %s guest", guest);
    }
    if (*box && strcmp(box, "none") != 0) {
        say(&line, ", in %s", box);
    }
    if (*text(host, "os", "name")) {
        say(&line, ", %s", text(host, "os", "name"));
    }
    if (*text(host, "os", "kernel")) {
        say(&line, ", %s %s", text(host, "os", "kernel_name"), text(host, "os", "kernel"));
    }
    return hr_fact_string(line.text);
}

json_t *hr_probe_host(const char *root)
{
    json_t *host = json_object();

    for (int i = 0; hr_probes[i]; i++) {
        json_t *facts = hr_probes[i]->read(root);
        json_object_set_new(host, hr_probes[i]->name,
                            facts ? facts : hr_fact_null("the probe broke"));
    }
    json_object_set_new(host, "fingerprint", fingerprint(host));
    json_object_set_new(host, "line", in_one_line(host));
    json_object_set_new(host, "readiness", hr_probe_readiness(host));
    return host;
}
