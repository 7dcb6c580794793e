/*
 * compute_probe.c - which devices can compute, by the interface that reaches them?
 *
 * The live host's libraries are asked through the device APIs, each in a process of its own; a
 * captured host holds what they said in compute.json. Both go through the same table, so that
 * hosts with GPUs are golden tests anywhere. One GPU may be reached by several interfaces.
 */
#include "engine-under-test/device/device_api.h"
#include "probes/fact.h"
#include "probes/facts_table.h"

#include <stdlib.h>
#include <string.h>

#define CAPTURE "/compute.json"
#define UNTOLD "the interface does not tell"

/* What is said of a device; sizes in bytes, clocks in MHz, null with a reason where unknown. */
static const struct {
    const char *key;
    json_type type;
    size_t at; /* of a number, in the facts; 0: it is none */
} facts[] = {
#define NUMBER(key)                                                \
    {                                                              \
#key, JSON_INTEGER, offsetof(struct eut_device_facts, key) \
    }
    {"name", JSON_STRING, 0},
    {"kind", JSON_STRING, 0}, /* gpu, cpu, other */
    {"vendor", JSON_STRING, 0},
    {"driver", JSON_STRING, 0},
    {"address", JSON_STRING, 0}, /* on the PCI bus */
    {"memory_bytes", JSON_INTEGER, 0},
    {"cache_bytes", JSON_INTEGER, 0},
    {"unified", JSON_TRUE, 0}, /* one memory with the host: nothing is copied */
    {"ecc", JSON_TRUE, 0},
    NUMBER(compute_units),
    NUMBER(clock_mhz),
    NUMBER(memory_clock_mhz),
    NUMBER(memory_bus_bits),
    NUMBER(lanes),
    NUMBER(version),
    NUMBER(pcie_generation),
    NUMBER(pcie_lanes),
    NUMBER(power_limit_mw),
#undef NUMBER
};

static const char *const interfaces[] = {"cuda", "metal", "opencl"};

static json_t *count_or_null(uint64_t count, const char *silent)
{
    return count > 0 ? json_integer((json_int_t)count) : hr_fact_null(silent);
}

static json_t *text_or_null(const char *text, const char *silent)
{
    return *text ? hr_fact_string(text) : hr_fact_null(silent);
}

static json_t *told(const struct eut_device_facts *f)
{
    static const char *const kinds[] = {
        [EUT_DEVICE_CPU] = "cpu", [EUT_DEVICE_GPU] = "gpu", [EUT_DEVICE_OTHER] = "other"};
    const char *silent = *f->silent ? f->silent : UNTOLD;
    json_t *device = json_pack(
        "{s:o, s:s, s:o, s:o, s:o, s:o, s:b, s:o}", "name", text_or_null(f->name, silent), "kind",
        kinds[f->kind], "vendor", text_or_null(f->vendor, silent), "driver",
        text_or_null(f->driver, silent), "memory_bytes", count_or_null(f->memory_bytes, silent),
        "cache_bytes", count_or_null(f->cache_bytes, silent), "unified", (int)f->unified, "ecc",
        f->ecc_known ? json_boolean(f->ecc) : hr_fact_null(silent));

    json_object_set_new(device, "address",
                        f->pci_bus >= 0
                            ? json_sprintf("%04x:%02x:%02x.0", (unsigned)f->pci_domain,
                                           (unsigned)f->pci_bus, (unsigned)f->pci_device)
                            : hr_fact_null(silent));
    for (size_t i = 0; i < sizeof(facts) / sizeof(*facts); i++) {
        uint32_t number;
        if (facts[i].at) {
            memcpy(&number, (const char *)f + facts[i].at, sizeof(number));
            json_object_set_new(device, facts[i].key, count_or_null(number, silent));
        }
    }
    return device;
}

static json_t *ask(const char *interface)
{
    const struct eut_device_api *api = eut_device_api_find(interface);
    struct eut_device_answer *answer = malloc(sizeof(*answer));
    json_t *devices;

    if (!api || !answer) {
        free(answer);
        return hr_fact_null(api ? "no memory" : "this build does not know the interface");
    }
    eut_devices_ask(api, answer);
    if (answer->rc != 0) {
        devices = hr_fact_null(answer->why);
    } else {
        devices = json_array();
        for (uint32_t i = 0; i < answer->count; i++) {
            json_array_append_new(devices, told(&answer->facts[i]));
        }
    }
    free(answer);
    return devices;
}

static json_t *reason_of(json_t *said)
{
    const char *why = json_string_value(json_object_get(said, "reason"));
    json_t *reason = hr_fact_string(why ? why : "");
    json_t *fact = hr_fact_null(json_is_string(reason) ? json_string_value(reason) : "not told");

    json_decref(reason);
    return fact;
}

static json_t *fact_of(json_t *said, json_type type)
{
    if (type == JSON_STRING && json_is_string(said)) {
        return hr_fact_string(json_string_value(said));
    }
    if ((type == JSON_INTEGER && json_is_integer(said) && json_integer_value(said) >= 0) ||
        (type == JSON_TRUE && json_is_boolean(said))) {
        return json_incref(said);
    }
    return reason_of(said);
}

/* What one interface said, made of known facts only: a captured host is input from strangers. */
static json_t *known_facts(json_t *said)
{
    json_t *device, *devices;
    size_t i;

    if (!json_is_array(said)) {
        return reason_of(said);
    }
    devices = json_array();
    json_array_foreach (said, i, device) {
        json_t *known = json_object();
        for (size_t f = 0; f < sizeof(facts) / sizeof(*facts); f++) {
            json_object_set_new(known, facts[f].key,
                                fact_of(json_object_get(device, facts[f].key), facts[f].type));
        }
        json_array_append_new(devices, known);
        if (i + 1 == EUT_DEVICES_MAX) {
            break;
        }
    }
    return devices;
}

static json_t *read_compute(const char *root)
{
    char *text = *root ? hr_fact_read(root, CAPTURE) : NULL;
    json_t *captured = text ? json_loads(text, 0, NULL) : NULL, *compute = json_object();

    for (size_t i = 0; i < sizeof(interfaces) / sizeof(*interfaces); i++) {
        json_t *said = !*root ? ask(interfaces[i])
                       : captured
                           ? json_incref(json_object_get(captured, interfaces[i]))
                           : hr_fact_why("%s: %s", CAPTURE, text ? "not JSON" : "not captured");
        json_object_set_new(compute, interfaces[i], known_facts(said));
        json_decref(said);
    }
    free(text);
    json_decref(captured);
    return compute;
}

const struct hr_probe_ops hr_probe_compute = {.name = "compute",
                                              .summary =
                                                  "devices that compute, and what reaches them",
                                              .read = read_compute};
