/*
 * tuning_probe.c - which kernel settings that matter for latency are how?
 *
 * Settings under /proc/sys and /sys, the tuning words of the kernel's command line, the load. Only
 * words known to matter are taken from the command line: the rest is nobody's business. It reads,
 * and changes nothing.
 */
#include "probes/fact.h"
#include "probes/facts_table.h"
#include "probes/sysctl_dump.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *key, *path;
} numbers[] = {
    {"io_uring_disabled", "/proc/sys/kernel/io_uring_disabled"},
    {"perf_event_paranoid", "/proc/sys/kernel/perf_event_paranoid"},
    {"numa_balancing", "/proc/sys/kernel/numa_balancing"},
    {"nmi_watchdog", "/proc/sys/kernel/nmi_watchdog"},
    {"timer_migration", "/proc/sys/kernel/timer_migration"},
    {"sched_rt_runtime_us", "/proc/sys/kernel/sched_rt_runtime_us"},
    {"swappiness", "/proc/sys/vm/swappiness"},
    {"overcommit_memory", "/proc/sys/vm/overcommit_memory"},
    {"zone_reclaim_mode", "/proc/sys/vm/zone_reclaim_mode"},
    {"stat_interval_s", "/proc/sys/vm/stat_interval"},
    {"compaction_proactiveness", "/proc/sys/vm/compaction_proactiveness"},
    {"busy_poll_us", "/proc/sys/net/core/busy_poll"},
    {"busy_read_us", "/proc/sys/net/core/busy_read"},
};
static const struct {
    const char *key, *path;
} texts[] = {
    {"smt_control", "/sys/devices/system/cpu/smt/control"},
    {"isolated", "/sys/devices/system/cpu/isolated"},
    {"nohz_full", "/sys/devices/system/cpu/nohz_full"},
    {"idle_governor", "/sys/devices/system/cpu/cpuidle/current_governor_ro"},
    {"idle_driver", "/sys/devices/system/cpu/cpuidle/current_driver"},
    {"irq_affinity", "/proc/irq/default_smp_affinity"},
};
static const char *const words[] = {"isolcpus",
                                    "nohz_full",
                                    "nohz",
                                    "rcu_nocbs",
                                    "rcu_nocb_poll",
                                    "irqaffinity",
                                    "mitigations",
                                    "nosmt",
                                    "idle",
                                    "intel_idle.max_cstate",
                                    "processor.max_cstate",
                                    "intel_pstate",
                                    "amd_pstate",
                                    "cpufreq.default_governor",
                                    "cpuidle.off",
                                    "tsc",
                                    "clocksource",
                                    "hugepages",
                                    "hugepagesz",
                                    "default_hugepagesz",
                                    "transparent_hugepage",
                                    "numa_balancing",
                                    "nowatchdog",
                                    "nmi_watchdog",
                                    "skew_tick",
                                    "preempt",
                                    "threadirqs",
                                    "iommu",
                                    "intel_iommu",
                                    "amd_iommu",
                                    "nosoftlockup",
                                    "audit"};

static json_t *command_line(const char *root)
{
    char *text = hr_fact_read(root, "/proc/cmdline");
    json_t *list = json_array();

    if (!text) {
        json_decref(list);
        return hr_fact_null("/proc/cmdline: not there");
    }
    for (char *save, *word = strtok_r(text, " \n\t", &save); word;
         word = strtok_r(NULL, " \n\t", &save)) {
        size_t length = strcspn(word, "=");
        if (strcmp(word, "--") == 0) { /* the rest is for init */
            break;
        }
        for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
            if (strlen(words[i]) == length && strncmp(word, words[i], length) == 0) {
                json_array_append_new(list, hr_fact_string(word));
            }
        }
    }
    free(text);
    return list;
}

/* {"spectre_v2": "Mitigation: …"}: what the kernel does against each known flaw, and may cost time.
 */
static json_t *mitigations(const char *root)
{
    struct hr_names names;
    int64_t mitigated = 0, vulnerable = 0;

    hr_names_read(&names, root, "/sys/devices/system/cpu/vulnerabilities");
    int count = names.count;
    for (int i = 0; i < count; i++) {
        char *text =
            hr_fact_read(root, "/sys/devices/system/cpu/vulnerabilities/%s", names.name[i]);
        mitigated += text && strncmp(text, "Mitigation", 10) == 0;
        vulnerable += text && strncmp(text, "Vulnerable", 10) == 0;
        free(text);
    }
    hr_names_free(&names);
    if (count == 0) {
        return hr_fact_null("/sys/devices/system/cpu/vulnerabilities: not there");
    }
    return json_pack("{s:I, s:I, s:i}", "mitigated", (json_int_t)mitigated, "vulnerable",
                     (json_int_t)vulnerable, "known", count);
}

/* The longest time an idle state of cpu0 takes to leave. */
static json_t *idle_exit_us(const char *root)
{
    struct hr_names names;
    int64_t longest = -1;

    hr_names_read(&names, root, "/sys/devices/system/cpu/cpu0/cpuidle");
    for (int i = 0; i < names.count; i++) {
        int64_t us, off = 0;
        hr_fact_integer(&off, root, "/sys/devices/system/cpu/cpu0/cpuidle/%s/disable",
                        names.name[i]);
        if (!off &&
            hr_fact_integer(&us, root, "/sys/devices/system/cpu/cpu0/cpuidle/%s/latency",
                            names.name[i]) &&
            us > longest) {
            longest = us;
        }
    }
    hr_names_free(&names);
    return longest >= 0 ? json_integer(longest) : hr_fact_null("no idle states are listed");
}

static json_t *load(const char *root)
{
    char *text = hr_fact_read(root, "/proc/loadavg"), *end = text;
    double value = text ? strtod(text, &end) : 0;
    bool good = text && end != text && value >= 0 && value < 1e6;

    free(text);
    return good ? json_real(value) : hr_fact_null("/proc/loadavg: no number");
}

/* An empty list file means that no processor is in the list. */
static json_t *list_or_text(const char *root, const char *path)
{
    char *text = hr_fact_read(root, "%s", path);
    json_t *fact;

    if (text && (*text == 0 || strcmp(text, "(null)") == 0)) {
        fact = json_string("none");
    } else {
        fact = hr_fact_text(root, "%s", path);
    }
    free(text);
    return fact;
}

static json_t *read_tuning(const char *root)
{
    json_t *tuning = hr_dump_tuning(root);

    if (tuning) {
        return tuning;
    }
    tuning = json_object();
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
        json_object_set_new(tuning, numbers[i].key, hr_fact_number(root, "%s", numbers[i].path));
    }
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        json_object_set_new(tuning, texts[i].key, list_or_text(root, texts[i].path));
    }
    json_object_set_new(tuning, "command_line", command_line(root));
    json_object_set_new(tuning, "mitigations", mitigations(root));
    json_object_set_new(tuning, "idle_exit_us_max", idle_exit_us(root));
    json_object_set_new(tuning, "load_1min", load(root));
    json_object_set_new(tuning, "binding", json_true());
    return tuning;
}

const struct hr_probe_ops hr_probe_tuning = {
    .name = "tuning", .summary = "kernel settings that matter for latency", .read = read_tuning};
