/*
 * power_probe.c - which sources tell the energy used, and does the host run on its battery?
 *
 * RAPL domains in powercap (and whether they can be read without root rights), power supplies,
 * thermal zones. A guest usually has none of them.
 */
#include "probes/fact.h"
#include "probes/facts_table.h"
#include "probes/sysctl_dump.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *rapl(const char *root)
{
    struct hr_names names;
    json_t *list = json_array();

    hr_names_read(&names, root, "/sys/class/powercap");
    for (int i = 0; i < names.count; i++) {
        const char *name = names.name[i];
        int64_t energy;
        if (!strchr(name, ':')) { /* intel-rapl is the control, intel-rapl:0 a domain */
            continue;
        }
        json_array_append_new(
            list,
            json_pack("{s:o, s:o, s:b, s:o}", "domain",
                      hr_fact_text(root, "/sys/class/powercap/%s/name", name), "zone",
                      hr_fact_string(name), "readable",
                      hr_fact_integer(&energy, root, "/sys/class/powercap/%s/energy_uj", name),
                      "wraps_at_uj",
                      hr_fact_number(root, "/sys/class/powercap/%s/max_energy_range_uj", name)));
    }
    hr_names_free(&names);
    if (json_array_size(list) == 0) {
        json_decref(list);
        return hr_fact_null(
            "/sys/class/powercap: no domains (not offered by this processor, or a guest)");
    }
    return list;
}

static json_t *supplies(const char *root)
{
#define SUPPLY "/sys/class/power_supply/%s/"
    struct hr_names names;
    json_t *list = json_array();

    hr_names_read(&names, root, "/sys/class/power_supply");
    for (int i = 0; i < names.count; i++) {
        const char *name = names.name[i];
        json_t *type = hr_fact_text(root, SUPPLY "type", name);
        const char *is = json_string_value(type);
        bool battery = is && strcmp(is, "Battery") == 0;
        json_t *supply = json_pack("{s:o, s:o}", "name", hr_fact_string(name), "type", type);
        if (battery) {
            json_object_set_new(supply, "status", hr_fact_text(root, SUPPLY "status", name));
            json_object_set_new(supply, "charge_percent",
                                hr_fact_number(root, SUPPLY "capacity", name));
        } else {
            json_object_set_new(supply, "online", hr_fact_number(root, SUPPLY "online", name));
        }
        json_array_append_new(list, supply);
    }
    hr_names_free(&names);
    return list;
#undef SUPPLY
}

static json_t *thermal(const char *root)
{
    struct hr_names names;
    json_t *list = json_array();

    hr_names_read(&names, root, "/sys/class/thermal");
    for (int i = 0; i < names.count; i++) {
        int64_t milli;
        const char *name = names.name[i];
        if (strncmp(name, "thermal_zone", 12) != 0) {
            continue;
        }
        json_array_append_new(
            list, json_pack("{s:o, s:o}", "zone",
                            hr_fact_text(root, "/sys/class/thermal/%s/type", name), "celsius",
                            hr_fact_integer(&milli, root, "/sys/class/thermal/%s/temp", name)
                                ? json_real((double)milli / 1000.0)
                                : hr_fact_null("not readable")));
    }
    hr_names_free(&names);
    return list;
}

static json_t *read_power(const char *root)
{
    json_t *untold = hr_dump_untold(root, "power sources");

    if (untold) {
        return json_pack("{s:o}", "rapl", untold);
    }
    return json_pack("{s:o, s:o, s:o}", "rapl", rapl(root), "supplies", supplies(root),
                     "thermal_zones", thermal(root));
}

const struct hr_probe_ops hr_probe_power = {
    .name = "power", .summary = "energy counters, battery, temperature", .read = read_power};
