/*
 * virtualisation_probe.c - is this a guest, is it in a container, and how do we know?
 *
 * A live x86 host is asked by CPUID; a captured one by its cpuinfo flag, DMI strings, the device
 * tree and /sys/hypervisor. Containers leave files and control group paths. A hypervisor that hides
 * itself is not seen: "none" means none was found.
 */
#include "probes/cpuid.h"
#include "probes/fact.h"
#include "probes/facts_table.h"
#include "probes/sysctl_dump.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Signatures of leaf 0x40000000, and what DMI strings begin with. */
static const struct {
    const char *sign, *name;
} by_cpuid[] = {{"KVMKVMKVM", "KVM"},          {"Microsoft Hv", "Hyper-V"},
                {"VMwareVMware", "VMware"},    {"XenVMMXenVMM", "Xen"},
                {"TCGTCGTCGTCG", "QEMU"},      {"bhyve bhyve ", "bhyve"},
                {"ACRNACRNACRN", "ACRN"},      {"prl hyperv", "Parallels"},
                {"VBoxVBoxVBox", "VirtualBox"}},
  by_dmi[] = {{"QEMU", "QEMU/KVM"},       {"KVM", "KVM"},
              {"VMware", "VMware"},       {"VirtualBox", "VirtualBox"},
              {"innotek", "VirtualBox"},  {"Xen", "Xen"},
              {"Bochs", "Bochs"},         {"Parallels", "Parallels"},
              {"BHYVE", "bhyve"},         {"Amazon EC2", "Nitro"},
              {"Google Compute", "KVM"},  {"Alibaba Cloud", "KVM"},
              {"OpenStack", "OpenStack"}, {"Virtual Machine", "Hyper-V"}};

/* Does the flags (x86) line of cpuinfo hold "hypervisor"? -1: there is no such line. */
static int hypervisor_flag(const char *root)
{
    char *text = hr_fact_read(root, "/proc/cpuinfo"), flags[8192];
    int has = -1;

    if (text && hr_lines_value(text, "flags", ':', flags, sizeof(flags))) {
        has = strstr(flags, " hypervisor") != NULL;
    }
    free(text);
    return has;
}

static const char *dmi_hypervisor(const char *root, const char **evidence)
{
    static const char *const files[] = {"/sys/class/dmi/id/sys_vendor",
                                        "/sys/class/dmi/id/product_name",
                                        "/sys/class/dmi/id/bios_vendor"};
    char *product = hr_fact_read(root, "/sys/class/dmi/id/product_name");
    bool metal = product && strstr(product, ".metal"); /* rented, but the whole machine */

    free(product);
    for (size_t f = 0; !metal && f < sizeof(files) / sizeof(*files); f++) {
        char *text = hr_fact_read(root, "%s", files[f]);
        for (size_t i = 0; text && i < sizeof(by_dmi) / sizeof(*by_dmi); i++) {
            if (strncasecmp(text, by_dmi[i].sign, strlen(by_dmi[i].sign)) == 0) {
                free(text);
                *evidence = files[f];
                return by_dmi[i].name;
            }
        }
        free(text);
    }
    return NULL;
}

/* A paravirtual clock names its hypervisor where nothing else does. */
static const char *clock_hypervisor(const char *root)
{
    static const char *const clocks[][2] = {
        {"kvm-clock", "KVM"}, {"hyperv_clocksource", "Hyper-V"}, {"xen", "Xen"}};
    char *text =
        hr_fact_read(root, "/sys/devices/system/clocksource/clocksource0/available_clocksource");
    const char *name = NULL;

    for (size_t i = 0; text && !name && i < sizeof(clocks) / sizeof(*clocks); i++) {
        name = strstr(text, clocks[i][0]) ? clocks[i][1] : NULL;
    }
    free(text);
    return name;
}

static json_t *hypervisor(const char *root, const char **evidence)
{
    char signature[13];

    if (*root == 0 && hr_cpuid_hypervisor(signature)) {
        *evidence = "CPUID leaf 0x40000000";
        if (*signature == 0) {
            *evidence = "CPUID leaf 1";
            return json_string("none");
        }
        for (size_t i = 0; i < sizeof(by_cpuid) / sizeof(*by_cpuid); i++) {
            if (strncmp(signature, by_cpuid[i].sign, 12) == 0) {
                return json_string(by_cpuid[i].name);
            }
        }
        return hr_fact_string(signature);
    }
    char *xen = hr_fact_read(root, "/sys/hypervisor/type");
    if (xen && *xen) {
        json_t *name = hr_fact_string(xen);
        free(xen);
        *evidence = "/sys/hypervisor/type";
        return name;
    }
    free(xen);
    int flag = hypervisor_flag(root);
    const char *name = flag == 0 ? NULL : dmi_hypervisor(root, evidence);
    if (name) {
        return json_string(name);
    }
    name = flag > 0 ? clock_hypervisor(root) : NULL;
    if (name) {
        *evidence = "available_clocksource";
        return json_string(name);
    }
    *evidence = "/proc/cpuinfo flags";
    if (flag >= 0) {
        return json_string(flag ? "unnamed" : "none");
    }
    char *guest = hr_fact_read(root, "/proc/device-tree/hypervisor/compatible");
    if (guest) {
        *evidence = "/proc/device-tree/hypervisor";
        json_t *told = hr_fact_string(guest);
        free(guest);
        return told;
    }
    char *board = hr_fact_read(root, "/proc/device-tree/model");
    if (board) {
        free(board);
        *evidence = "/proc/device-tree without a hypervisor node";
        return json_string("none");
    }
    *evidence = NULL;
    return hr_fact_null("neither CPUID, cpuinfo, DMI nor the device tree tells");
}

static json_t *container(const char *root, const char **evidence)
{
    static const struct {
        const char *word, *name;
    } words[] = {{"docker", "docker"}, {"kubepods", "kubernetes"},   {"libpod", "podman"},
                 {"/lxc", "lxc"},      {"containerd", "containerd"}, {"machine.slice", "nspawn"}};
    const char *name = "none";
    char *text = hr_fact_read(root, "/.dockerenv");

    *evidence = "/proc/self/cgroup";
    if (text) {
        free(text);
        *evidence = "/.dockerenv";
        return json_string("docker");
    }
    text = hr_fact_read(root, "/run/.containerenv");
    if (text) {
        free(text);
        *evidence = "/run/.containerenv";
        return json_string("podman");
    }
    text = hr_fact_read(root, "/run/systemd/container");
    if (text && *text) {
        json_t *told = hr_fact_string(text);
        free(text);
        *evidence = "/run/systemd/container";
        return told;
    }
    free(text);
    text = hr_fact_read(root, "/proc/self/cgroup");
    for (size_t i = 0; text && i < sizeof(words) / sizeof(*words); i++) {
        if (strstr(text, words[i].word)) {
            name = words[i].name;
            break;
        }
    }
    free(text);
    return json_string(name);
}

static json_t *read_virtualisation(const char *root)
{
    json_t *dump = hr_dump_virtualisation(root);
    const char *evidence = NULL, *container_evidence = NULL;

    if (dump) {
        return dump;
    }
    json_t *name = hypervisor(root, &evidence);
    json_t *box = container(root, &container_evidence);
    return json_pack("{s:o, s:o, s:o, s:s}", "hypervisor", name, "evidence",
                     evidence ? json_string(evidence) : hr_fact_null("nothing tells"), "container",
                     box, "container_evidence", container_evidence);
}

const struct hr_probe_ops hr_probe_virtualisation = {
    .name = "virtualisation", .summary = "hypervisor and container", .read = read_virtualisation};
