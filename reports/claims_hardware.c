/* claims_hardware.c - is a result from the hardware that a claim is stated for? Decided from what
 * the probe recorded, never from a name somebody gave the machine. What was not recorded is not
 * there. */
#include "reports/claims.h"
#include "reports/record_view.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* One of the alternatives is named in it. */
static bool holds_one(const char *text, const char *alternatives)
{
    while (*alternatives) {
        size_t length = strcspn(alternatives, "|");
        char one[128];

        length = length < sizeof(one) ? length : sizeof(one) - 1;
        memcpy(one, alternatives, length);
        one[length] = '\0';
        if (hr_view_names(text, one)) {
            return true;
        }
        alternatives += strcspn(alternatives, "|");
        alternatives += *alternatives == '|';
    }
    return false;
}

#define DEPTH_MAX 8

/* Any text below a part of the host. */
static bool any_text(const json_t *value, const char *alternatives, int depth)
{
    const json_t *member;
    const char *name;
    size_t i;
    void *at;

    if (json_is_string(value)) {
        return holds_one(json_string_value(value), alternatives);
    }
    if (depth == DEPTH_MAX) {
        return false;
    }
    json_array_foreach (value, i, member) {
        if (any_text(member, alternatives, depth + 1)) {
            return true;
        }
    }
    for (at = json_object_iter((json_t *)(uintptr_t)value); at;
         at = json_object_iter_next((json_t *)(uintptr_t)value, at)) {
        name = json_object_iter_key(at);
        /* Why a fact is missing tells what was looked for, not what is there. */
        if (strcmp(name, "reason") != 0 &&
            any_text(json_object_iter_value(at), alternatives, depth + 1)) {
            return true;
        }
    }
    return false;
}

static double fastest_mbps(const json_t *host)
{
    const json_t *nic;
    double best = NAN;
    size_t i;

    json_array_foreach (json_object_get(json_object_get(host, "nics"), "devices"), i, nic) {
        best = fmax(best, hr_view_number(nic, "speed_mbps"));
    }
    return best;
}

/* "A|B" as people say it. */
struct said {
    char text[160];
};
static struct said or_between(const char *alternatives)
{
    struct said said = {""};
    size_t at = 0;

    for (; *alternatives && at + 8 < sizeof(said.text); alternatives++) {
        at += *alternatives == '|'
                  ? (size_t)snprintf(said.text + at, sizeof(said.text) - at, " or ")
                  : (size_t)snprintf(said.text + at, sizeof(said.text) - at, "%c", *alternatives);
    }
    return said;
}

static const char *text_or(const char *text, const char *otherwise)
{
    return *text ? text : otherwise;
}

bool hr_hardware_is(const struct hr_hardware *h, const json_t *record, char *why, size_t bytes)
{
    const json_t *host = json_object_get(record, "host");
    const char *cpu = hr_view_text(json_object_get(host, "cpu"), "model");
    const char *machine = hr_view_text(json_object_get(host, "machine"), "model");
    double memory = hr_view_number(json_object_get(host, "memory"), "total_bytes");
    double processors = hr_view_number(json_object_get(host, "cpu"), "threads");
    double mbps = fastest_mbps(host);
    struct hr_quantity least;

    if (h->cpu.text && !holds_one(cpu, h->cpu.text)) {
        snprintf(why, bytes, "its processor is %s, not %s", text_or(cpu, "not told"),
                 or_between(h->cpu.text).text);
    } else if (h->not_cpu.text && holds_one(cpu, h->not_cpu.text)) {
        snprintf(why, bytes, "its processor is %s", cpu);
    } else if (h->machine.text && !holds_one(machine, h->machine.text)) {
        snprintf(why, bytes, "it is %s, not %s", text_or(machine, "of no told model"),
                 or_between(h->machine.text).text);
    } else if (h->gpu.text && !any_text(json_object_get(host, "gpus"), h->gpu.text, 0) &&
               !any_text(json_object_get(host, "compute"), h->gpu.text, 0)) {
        snprintf(why, bytes, "it has no %s", or_between(h->gpu.text).text);
    } else if (h->not_gpu.text &&
               (any_text(json_object_get(host, "gpus"), h->not_gpu.text, 0) ||
                any_text(json_object_get(host, "compute"), h->not_gpu.text, 0))) {
        snprintf(why, bytes, "it has a %s", or_between(h->not_gpu.text).text);
    } else if (h->system.text && !any_text(json_object_get(host, "os"), h->system.text, 0)) {
        snprintf(why, bytes, "its system is not %s", or_between(h->system.text).text);
    } else if (h->memory.text && !(memory * 8 >= h->memory_least.value)) {
        least = h->memory_least;
        snprintf(why, bytes, "it has less memory than %s", hr_quantity_text(&least, true).text);
    } else if (h->network.text && !(mbps * 1e6 >= h->network_least.value)) {
        least = h->network_least;
        snprintf(why, bytes, "no network interface of it tells %s",
                 hr_quantity_text(&least, false).text);
    } else if (h->processors.text && !(processors >= h->processors_least.value)) {
        snprintf(why, bytes, "it has fewer than %.0f processors", h->processors_least.value);
    } else {
        why[0] = '\0';
        return true;
    }
    return false;
}
