/*
 * gpu_probe.c - which GPUs and accelerators can be seen, and is their driver there?
 *
 * PCI classes 03 (display) and 12 (processing accelerator), DRM cards that are not on PCI (ARM
 * boards), and what the NVIDIA driver lists. What a GPU can do is asked through its own interface
 * elsewhere; a GPU passed through by other means is not seen here.
 */
#include "probes/fact.h"
#include "probes/facts_table.h"
#include "probes/sysctl_dump.h"

#include <stdlib.h>
#include <string.h>

#define PCI "/sys/bus/pci/devices/%s/"

/* pci.ids of the PCI SIG: vendors that build GPUs and accelerators. */
static const struct {
    int64_t id;
    const char *name;
} vendors[] = {{0x10de, "NVIDIA"}, {0x1002, "AMD"},       {0x8086, "Intel"}, {0x1a03, "ASPEED"},
               {0x102b, "Matrox"}, {0x1af4, "virtio"},    {0x1234, "QEMU"},  {0x15ad, "VMware"},
               {0x1d0f, "Amazon"}, {0x1414, "Microsoft"}, {0x1da3, "Habana"}};

static json_t *vendor_of(int64_t id)
{
    for (size_t i = 0; i < sizeof(vendors) / sizeof(*vendors); i++) {
        if (vendors[i].id == id) {
            return json_string(vendors[i].name);
        }
    }
    return hr_fact_why("PCI vendor 0x%llx is not in the table", (unsigned long long)id);
}

static json_t *uevent_line(const char *root, const char *device, const char *key)
{
    char *text = hr_fact_read(root, PCI "uevent", device), value[128];
    bool found = text && hr_lines_value(text, key, '=', value, sizeof(value));

    free(text);
    return found ? hr_fact_string(value) : hr_fact_null("no driver is bound");
}

static void add_pci(json_t *list, const char *root)
{
    struct hr_names names;

    hr_names_read(&names, root, "/sys/bus/pci/devices");
    for (int i = 0; i < names.count; i++) {
        int64_t class, vendor;
        const char *name = names.name[i];
        if (!hr_fact_integer(&class, root, PCI "class", name) ||
            !hr_fact_integer(&vendor, root, PCI "vendor", name) ||
            (class >> 16 != 0x03 && class >> 16 != 0x12)) {
            continue;
        }
        json_t *gpu = json_pack(
            "{s:s, s:o, s:o, s:o, s:o}", "kind", class >> 16 == 0x03 ? "display" : "accelerator",
            "address", hr_fact_string(name), "vendor", vendor_of(vendor), "pci_id",
            uevent_line(root, name, "PCI_ID"), "driver", uevent_line(root, name, "DRIVER"));
        json_object_set_new(gpu, "link_speed", hr_fact_text(root, PCI "max_link_speed", name));
        json_object_set_new(gpu, "link_width", hr_fact_number(root, PCI "max_link_width", name));
        json_object_set_new(gpu, "numa_node", hr_fact_number(root, PCI "numa_node", name));
        json_array_append_new(list, gpu);
    }
    hr_names_free(&names);
}

/* cardN without a dash: card0-HDMI-A-1 is a connector of card0. */
static void add_boards(json_t *list, const char *root)
{
    struct hr_names names;

    hr_names_read(&names, root, "/sys/class/drm");
    for (int i = 0; i < names.count; i++) {
        const char *name = names.name[i];
        char value[128];
        if (strncmp(name, "card", 4) != 0 || strchr(name, '-')) {
            continue;
        }
        char *text = hr_fact_read(root, "/sys/class/drm/%s/device/uevent", name);
        if (text && !strstr(text, "PCI_ID=") &&
            hr_lines_value(text, "DRIVER", '=', value, sizeof(value))) {
            json_array_append_new(list, json_pack("{s:s, s:o, s:o, s:o}", "kind", "board",
                                                  "address", hr_fact_string(name), "vendor",
                                                  hr_fact_null("not a PCI device"), "driver",
                                                  hr_fact_string(value)));
        }
        free(text);
    }
    hr_names_free(&names);
}

/* The NVIDIA driver names models, even where the PCI bus is not shown to this host. */
static json_t *nvidia_models(const char *root)
{
    struct hr_names names;
    json_t *list = json_array();

    hr_names_read(&names, root, "/proc/driver/nvidia/gpus");
    for (int i = 0; i < names.count; i++) {
        char *text = hr_fact_read(root, "/proc/driver/nvidia/gpus/%s/information", names.name[i]);
        char value[256];
        if (text && hr_lines_value(text, "Model", ':', value, sizeof(value))) {
            json_array_append_new(list, hr_fact_string(value));
        }
        free(text);
    }
    hr_names_free(&names);
    return list;
}

static json_t *driver_version(const char *root, const char *module)
{
    json_t *fact = hr_fact_text(root, "/sys/module/%s/version", module);

    if (!json_is_string(fact) && strcmp(module, "nvidia") == 0) {
        json_decref(fact);
        char *text = hr_fact_read(root, "/proc/driver/nvidia/version"), value[512];
        bool found = text && hr_lines_value(text, "NVRM version", ':', value, sizeof(value));
        free(text);
        fact = found ? hr_fact_string(value) : hr_fact_null("the driver is not loaded");
    } else if (!json_is_string(fact)) {
        struct hr_names names;
        json_decref(fact);
        hr_names_read(&names, root, "/sys/module/%s", module);
        fact =
            hr_fact_null(names.count > 0 ? "loaded, tells no version" : "the driver is not loaded");
        hr_names_free(&names);
    }
    return fact;
}

static json_t *read_gpus(const char *root)
{
    json_t *untold = hr_dump_untold(root, "GPUs"), *list = json_array();

    if (untold) {
        json_decref(list);
        return json_pack("{s:o}", "devices", untold);
    }
    add_pci(list, root);
    add_boards(list, root);
    return json_pack("{s:o, s:o, s:o, s:o}", "devices", list, "nvidia_models", nvidia_models(root),
                     "nvidia_driver", driver_version(root, "nvidia"), "amdgpu_driver",
                     driver_version(root, "amdgpu"));
}

const struct hr_probe_ops hr_probe_gpus = {
    .name = "gpus", .summary = "GPUs and accelerators seen", .read = read_gpus};
