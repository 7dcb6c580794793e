/* readiness_test.c - which facts spoil figures, which deserve advice, which are good? */
#include "probes/probe.h"
#include "tests/test.h"

static const char *status_of(const char *host_text, const char *check, bool *advised)
{
    json_error_t error;
    json_t *host = json_loads(host_text, 0, &error), *rows, *row;
    const char *status = NULL;
    size_t i;

    if (!host) {
        FAIL("%s: %s", host_text, error.text);
    }
    rows = hr_probe_readiness(host);
    json_array_foreach (rows, i, row) {
        if (strcmp(json_string_value(json_object_get(row, "check")), check) == 0) {
            const char *said = json_string_value(json_object_get(row, "status"));
            status = strcmp(said, "ok") == 0       ? "ok"
                     : strcmp(said, "advice") == 0 ? "advice"
                                                   : "warning";
            *advised = json_string_length(json_object_get(row, "advice")) > 0;
        }
    }
    json_decref(rows);
    json_decref(host);
    return status;
}

TEST(readiness, each_check_judges_its_facts)
{
    static const struct {
        const char *check, *host, *status;
    } rows[] = {
        {"background load", "{\"tuning\":{\"load_1min\":0.2},\"cpu\":{\"threads\":8}}", "ok"},
        {"background load", "{\"tuning\":{\"load_1min\":0.9},\"cpu\":{\"threads\":8}}", "advice"},
        {"background load", "{\"tuning\":{\"load_1min\":3.0},\"cpu\":{\"threads\":8}}", "warning"},
        {"background load", "{\"tuning\":{\"load_1min\":3.0},\"cpu\":{\"threads\":64}}", "advice"},
        {"swap", "{\"memory\":{\"swap_used_bytes\":0,\"swap_bytes\":0}}", "ok"},
        {"swap", "{\"memory\":{\"swap_used_bytes\":0,\"swap_bytes\":1024}}", "advice"},
        {"swap", "{\"memory\":{\"swap_used_bytes\":1000000000,\"swap_bytes\":2000000000}}",
         "warning"},
        {"clock source", "{\"clock\":{\"source\":\"tsc\",\"invariant\":true}}", "ok"},
        {"clock source", "{\"clock\":{\"source\":\"hpet\",\"invariant\":true}}", "warning"},
        {"clock source", "{\"clock\":{\"source\":\"tsc\",\"invariant\":false}}", "warning"},
        {"clock source", "{\"clock\":{\"source\":\"kvm-clock\",\"invariant\":true}}", "advice"},
        {"cpu bandwidth", "{\"limits\":{\"cgroup_processors\":1.5}}", "warning"},
        {"cpu bandwidth", "{\"limits\":{\"cgroup_processors\":{\"value\":null}}}", "ok"},
        {"battery",
         "{\"power\":{\"supplies\":[{\"type\":\"Battery\",\"status\":\"Discharging\"}]}}",
         "warning"},
        {"battery", "{\"power\":{\"supplies\":[{\"type\":\"Battery\",\"status\":\"Full\"}]}}",
         "ok"},
        {"temperature", "{\"power\":{\"thermal_zones\":[{\"celsius\":40},{\"celsius\":91.5}]}}",
         "warning"},
        {"temperature", "{\"power\":{\"thermal_zones\":[{\"celsius\":40}]}}", "ok"},
        {"governor", "{\"cpu\":{\"governor\":\"performance\"}}", "ok"},
        {"governor", "{\"cpu\":{\"governor\":\"powersave\"}}", "advice"},
        {"governor", "{}", "advice"},
        {"virtualisation", "{\"virtualisation\":{\"hypervisor\":\"none\"}}", "ok"},
        {"virtualisation", "{\"virtualisation\":{\"hypervisor\":\"Xen\"}}", "advice"},
        {"huge pages", "{\"memory\":{\"thp\":{\"enabled\":\"never\"},\"huge_pages\":[]}}",
         "advice"},
        {"huge pages",
         "{\"memory\":{\"thp\":{\"enabled\":\"never\"},\"huge_pages\":[{\"reserved\":9}]}}", "ok"},
        {"interrupts",
         "{\"tuning\":{\"isolated\":\"2-3\",\"irq_affinity\":\"3\"},\"cpu\":{\"threads\":4}}",
         "ok"},
        {"interrupts",
         "{\"tuning\":{\"isolated\":\"2-3\",\"irq_affinity\":\"f\"},\"cpu\":{\"threads\":4}}",
         "advice"},
        {"locked memory", "{\"limits\":{\"memlock_bytes\":\"unlimited\"}}", "ok"},
        {"locked memory", "{\"limits\":{\"memlock_bytes\":65536}}", "advice"},
        {"memory left", "{\"memory\":{\"available_bytes\":10,\"total_bytes\":100}}", "advice"},
        {"memory left", "{\"memory\":{\"available_bytes\":50,\"total_bytes\":100}}", "ok"},
        {"smt", "{\"cpu\":5,\"tuning\":[],\"memory\":null}", "ok"}, /* nonsense is no crash */
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        bool advised = false;
        const char *status = status_of(rows[i].host, rows[i].check, &advised);
        if (!status || strcmp(status, rows[i].status) != 0) {
            FAIL("%s of %s is %s, expected %s", rows[i].check, rows[i].host,
                 status ? status : "missing", rows[i].status);
        }
        CHECK_EQ(advised, strcmp(rows[i].status, "ok") != 0);
    }
}
