/*
 * clock_probe.c - which clock does the kernel trust, and may a program read the counter itself?
 *
 * clocksource in sysfs, the invariance bit from CPUID or cpuinfo. What reading costs and whether
 * processors agree is measured: see the ceilings.
 */
#include "probes/cpuid.h"
#include "probes/fact.h"
#include "probes/facts_table.h"
#include "probes/sysctl_dump.h"

#include <stdlib.h>
#include <string.h>

static json_t *invariant(const char *root)
{
    char signature[13];

    if (*root == 0 && hr_cpuid_hypervisor(signature)) {
        return json_boolean(hr_cpuid_invariant_tsc());
    }
    char *text = hr_fact_read(root, "/proc/cpuinfo");
    json_t *fact;
    if (text && strstr(text, "CPU implementer")) {
        fact = json_true(); /* the Arm generic timer runs at one rate by definition */
    } else if (text && strstr(text, "flags")) {
        fact = json_boolean(strstr(text, " constant_tsc") && strstr(text, " nonstop_tsc"));
    } else {
        fact = hr_fact_null("/proc/cpuinfo: no flags");
    }
    free(text);
    return fact;
}

static json_t *words(const char *root, const char *path)
{
    char *text = hr_fact_read(root, "%s", path);
    json_t *list = json_array();

    if (!text) {
        json_decref(list);
        return hr_fact_why("%s: not there", path);
    }
    for (char *save, *word = strtok_r(text, " \n\t", &save); word;
         word = strtok_r(NULL, " \n\t", &save)) {
        json_array_append_new(list, hr_fact_string(word));
    }
    free(text);
    return list;
}

static json_t *read_clock(const char *root)
{
#define SOURCE "/sys/devices/system/clocksource/clocksource0/"
    json_t *clock = hr_dump_clock(root);

    if (clock) {
        return clock;
    }
    return json_pack("{s:o, s:o, s:o}", "source", hr_fact_text(root, SOURCE "current_clocksource"),
                     "available", words(root, SOURCE "available_clocksource"), "invariant",
                     invariant(root));
#undef SOURCE
}

const struct hr_probe_ops hr_probe_clock = {
    .name = "clock", .summary = "clock source, counter invariance", .read = read_clock};
