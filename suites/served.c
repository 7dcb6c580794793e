/* served.c - what the cases of other programs have in common (served.h). */
#include "suites/served.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

void hr_model_in_id(const char *name, char *to, size_t size)
{
    size_t n = 0;

    for (; *name && n + 1 < size; name++) {
        unsigned char c = (unsigned char)*name;

        to[n++] = isalnum(c) || c == '.' || c == '_' ? (char)tolower(c) : '-';
    }
    to[n] = '\0';
}

bool hr_served_planned(struct hr_bench *bench, const char *name, json_t *params, int runs,
                       double seconds)
{
    struct hr_rig *rig = &bench->rig;
    char id[256];

    hr_case_id(rig, "inference", name, id, sizeof(id));
    if (!hr_case_wanted(rig, id)) {
        return true;
    }
    if (rig->plan) {
        json_array_append_new(json_object_get(rig->plan, "cases"),
                              json_pack("{s:s, s:O, s:i, s:f}", "id", id, "params", params, "runs",
                                        runs, "seconds", seconds));
        rig->planned_s += seconds;
    }
    return rig->plan != NULL;
}

void hr_served_metric(json_t *c, const struct hr_metric *metric, const char *why)
{
    for (int i = 0; i < metric->n && !why; i++) {
        why = isfinite(metric->samples[i]) ? NULL : "not had in every run";
    }
    if (why || metric->n == 0) {
        hr_case_metric_null(c, metric->name, metric->unit, why ? why : "no run");
    } else {
        hr_case_metric(c, metric);
    }
}
