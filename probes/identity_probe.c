/*
 * identity_probe.c - which host is this, what runs on it, who built it?
 *
 * /proc/sys/kernel, /etc/os-release, DMI tables (x86, servers) or the device tree (ARM boards).
 * Serial numbers and asset tags are never read. In a guest the machine is what the hypervisor says.
 */
#include "probes/fact.h"
#include "probes/facts_table.h"
#include "probes/live_host.h"
#include "probes/sysctl_dump.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A captured host's architecture and page size are in capture.txt: they are in no kernel file. */
static json_t *architecture(const char *root)
{
    char name[128] = "";

    if (*root == 0) {
        hr_live_architecture(name, sizeof(name));
        return *name ? hr_fact_string(name) : hr_fact_null("uname failed");
    }
    json_t *told = hr_fact_text(root, "/proc/sys/kernel/arch"); /* from Linux 6.1 on */
    if (json_is_string(told)) {
        return told;
    }
    json_decref(told);
    char *text = hr_fact_read(root, "/capture.txt");
    bool found = text && hr_lines_value(text, "architecture", ':', name, sizeof(name));
    free(text);
    return found ? hr_fact_string(name) : hr_fact_null("capture.txt: no architecture");
}

static json_t *read_host(const char *root)
{
    json_t *host = hr_dump_host(root);

    if (host) {
        return host;
    }
    return json_pack("{s:o, s:o, s:b}", "name", hr_fact_text(root, "/proc/sys/kernel/hostname"),
                     "architecture", architecture(root), "captured", *root != 0);
}

static json_t *os_name(const char *root)
{
    char *text = hr_fact_read(root, "/etc/os-release"), name[256];
    json_t *json;

    if (!text) {
        return hr_fact_null("/etc/os-release: not there");
    }
    if (hr_lines_value(text, "PRETTY_NAME", '=', name, sizeof(name)) ||
        hr_lines_value(text, "NAME", '=', name, sizeof(name))) {
        json = hr_fact_string(name);
    } else {
        json = hr_fact_null("/etc/os-release: no name");
    }
    free(text);
    return json;
}

/* The kernel's preemption model is a word in its version line. */
static json_t *preemption(const char *root)
{
    static const char *const words[][2] = {
        {"PREEMPT_RT", "rt"}, {"PREEMPT_DYNAMIC", "dynamic"}, {"PREEMPT", "full"}};
    char *text = hr_fact_read(root, "/proc/sys/kernel/version");
    const char *model = "voluntary or none";

    if (!text) {
        return hr_fact_null("/proc/sys/kernel/version: not there");
    }
    for (size_t i = sizeof(words) / sizeof(*words); i-- > 0;) {
        model = strstr(text, words[i][0]) ? words[i][1] : model;
    }
    free(text);
    return json_string(model);
}

static json_t *read_os(const char *root)
{
    json_t *os = hr_dump_os(root);

    if (os) {
        return os;
    }
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "name", os_name(root), "kernel_name",
                     hr_fact_text(root, "/proc/sys/kernel/ostype"), "kernel",
                     hr_fact_text(root, "/proc/sys/kernel/osrelease"), "kernel_build",
                     hr_fact_text(root, "/proc/sys/kernel/version"), "preemption",
                     preemption(root));
}

/* A DMI string; what makers leave in blank tables is not one. */
static json_t *dmi_text(const char *root, const char *file)
{
    static const char *const blanks[] = {
        "To Be Filled",        "To be filled",  "Default string", "System Product",
        "System manufacturer", "Not Specified", "Not Applicable", "OEM"};
    json_t *fact = hr_fact_text(root, "/sys/class/dmi/id/%s", file);
    const char *text = json_string_value(fact);

    for (size_t i = 0; text && i < sizeof(blanks) / sizeof(*blanks); i++) {
        if (strncmp(text, blanks[i], strlen(blanks[i])) == 0) {
            json_decref(fact);
            return hr_fact_why("/sys/class/dmi/id/%s: left blank by the maker", file);
        }
    }
    return fact;
}

/* Boards without DMI have a device tree. */
static json_t *machine_model(const char *root)
{
    json_t *fact = dmi_text(root, "product_name");

    if (!json_is_string(fact)) {
        json_t *tree = hr_fact_text(root, "/proc/device-tree/model");
        if (json_is_string(tree)) {
            json_decref(fact);
            return tree;
        }
        json_decref(tree);
    }
    return fact;
}

static json_t *read_machine(const char *root)
{
    json_t *machine = hr_dump_machine(root);

    if (machine) {
        return machine;
    }
    machine = json_pack("{s:o, s:o, s:o, s:o}", "vendor", dmi_text(root, "sys_vendor"), "model",
                        machine_model(root), "board", dmi_text(root, "board_name"), "firmware",
                        dmi_text(root, "bios_version"));
    char *compatible = hr_fact_read(root, "/proc/device-tree/compatible");
    if (compatible) {
        char *comma = strchr(compatible, ',');
        if (comma && !json_is_string(json_object_get(machine, "vendor"))) {
            char *line = strchr(compatible, '\n');
            if (!line || comma < line) {
                *comma = 0;
                json_object_set_new(machine, "vendor", hr_fact_string(compatible));
            }
        }
        free(compatible);
    }
    return machine;
}

const struct hr_probe_ops hr_probe_host_identity = {
    .name = "host", .summary = "name and architecture", .read = read_host};
const struct hr_probe_ops hr_probe_os = {
    .name = "os", .summary = "operating system and kernel", .read = read_os};
const struct hr_probe_ops hr_probe_machine = {
    .name = "machine", .summary = "maker and model", .read = read_machine};
