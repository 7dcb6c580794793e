/*
 * limits_probe.c - what does the system let this process have?
 *
 * /proc/self/limits, the allowed processors of /proc/self/status, and the control group. Limits set
 * by a batch system elsewhere (a job's time, say) are not seen.
 */
#include "harness/cgroup.h"
#include "probes/fact.h"
#include "probes/facts_table.h"
#include "probes/sysctl_dump.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The soft limit of a row like "Max locked memory  8388608  8388608  bytes". */
static json_t *soft(const char *text, const char *row)
{
    const char *at = text ? strstr(text, row) : NULL;
    char word[32];
    int64_t value;

    if (!at || sscanf(at + strlen(row), "%31s", word) != 1) {
        return hr_fact_why("/proc/self/limits: no %s", row);
    }
    if (strcmp(word, "unlimited") == 0) {
        return json_string("unlimited");
    }
    return hr_text_integer(word, &value)
               ? json_integer(value)
               : hr_fact_why("/proc/self/limits: %s is not a number", row);
}

static json_t *allowed(const char *root)
{
    char *text = hr_fact_read(root, "/proc/self/status"), list[4096];
    bool found = text && hr_lines_value(text, "Cpus_allowed_list", ':', list, sizeof(list));

    free(text);
    return found ? hr_fact_string(list) : hr_fact_null("/proc/self/status: no Cpus_allowed_list");
}

static json_t *read_limits(const char *root)
{
    json_t *limits = hr_dump_limits(root);
    struct hr_cgroup group;

    if (limits) {
        return limits;
    }
    char *text = hr_fact_read(root, "/proc/self/limits");
    limits = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "memlock_bytes",
                       soft(text, "Max locked memory"), "nofile", soft(text, "Max open files"),
                       "nproc", soft(text, "Max processes"), "rtprio",
                       soft(text, "Max realtime priority"), "address_space_bytes",
                       soft(text, "Max address space"), "processors_allowed", allowed(root));
    free(text);
    hr_cgroup_read(&group, root);
    json_object_set_new(limits, "cgroup_processors",
                        isfinite(group.cpus) ? json_real(group.cpus)
                                             : hr_fact_null("no bandwidth limit is set"));
    return limits;
}

const struct hr_probe_ops hr_probe_limits = {
    .name = "limits", .summary = "limits of this process", .read = read_limits};
