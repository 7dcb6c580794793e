/*
 * nic_probe.c - which network interfaces, how fast, driven by what?
 *
 * /sys/class/net. Addresses are never read. A virtual interface reports no speed, and a cloud's
 * limit on it is not seen: only measuring tells.
 */
#include "probes/fact.h"
#include "probes/facts_table.h"
#include "probes/sysctl_dump.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NET "/sys/class/net/%s/"

/* ARPHRD_* of include/uapi/linux/if_arp.h */
enum { ARPHRD_ETHER_ = 1, ARPHRD_INFINIBAND_ = 32, ARPHRD_LOOPBACK_ = 772 };

static json_t *speed(const char *root, const char *name)
{
    int64_t mbps;

    if (!hr_fact_integer(&mbps, root, NET "speed", name)) {
        return hr_fact_null("the interface tells no speed");
    }
    return mbps > 0 && mbps < 10000000 ? json_integer(mbps)
                                       : hr_fact_null("the driver does not know the speed");
}

static int64_t queues(const char *root, const char *name, const char *prefix)
{
    struct hr_names names;
    int64_t n = 0;

    hr_names_read(&names, root, NET "queues", name);
    for (int i = 0; i < names.count; i++) {
        n += strncmp(names.name[i], prefix, strlen(prefix)) == 0;
    }
    hr_names_free(&names);
    return n;
}

static const char *kind(const char *root, const char *name, const char *uevent)
{
    int64_t type = 0;

    hr_fact_integer(&type, root, NET "type", name);
    if (type == ARPHRD_LOOPBACK_) {
        return "loopback";
    }
    if (type == ARPHRD_INFINIBAND_) {
        return "infiniband";
    }
    struct hr_names wireless;
    hr_names_read(&wireless, root, NET "wireless", name);
    bool radio = wireless.count > 0;
    hr_names_free(&wireless);
    if (radio) {
        return "wireless";
    }
    if (!uevent) {
        return "virtual"; /* a bridge, a tunnel, a container's end of a pair */
    }
    return strstr(uevent, "PCI_ID=")         ? "pci"
           : strstr(uevent, "DRIVER=virtio") ? "paravirtual"
                                             : "device";
}

static json_t *line_of(const char *uevent, const char *key)
{
    char value[256];

    if (!uevent || !hr_lines_value(uevent, key, '=', value, sizeof(value))) {
        return hr_fact_null(uevent ? "its device does not tell" : "no device behind it");
    }
    return hr_fact_string(value);
}

static json_t *interface(const char *root, const char *name)
{
    char *uevent = hr_fact_read(root, NET "device/uevent", name);
    json_t *nic = json_pack("{s:o, s:s, s:o, s:o, s:o, s:o}", "name", hr_fact_string(name), "kind",
                            kind(root, name, uevent), "driver", line_of(uevent, "DRIVER"), "pci_id",
                            line_of(uevent, "PCI_ID"), "speed_mbps", speed(root, name), "mtu_bytes",
                            hr_fact_number(root, NET "mtu", name));
    json_object_set_new(nic, "state", hr_fact_text(root, NET "operstate", name));
    json_object_set_new(nic, "duplex", hr_fact_text(root, NET "duplex", name));
    json_object_set_new(nic, "numa_node", hr_fact_number(root, NET "device/numa_node", name));
    json_object_set_new(nic, "queues_rx", json_integer(queues(root, name, "rx-")));
    json_object_set_new(nic, "queues_tx", json_integer(queues(root, name, "tx-")));
    free(uevent);
    return nic;
}

static json_t *read_nics(const char *root)
{
    json_t *untold = hr_dump_untold(root, "network interfaces"), *list = json_array();
    struct hr_names names;

    if (untold) {
        json_decref(list);
        return json_pack("{s:o}", "devices", untold);
    }
    hr_names_read(&names, root, "/sys/class/net");
    for (int i = 0; i < names.count; i++) {
        json_t *type = hr_fact_number(root, NET "type", names.name[i]);
        if (json_is_integer(type)) { /* else a file like bonding_masters */
            json_array_append_new(list, interface(root, names.name[i]));
        }
        json_decref(type);
    }
    hr_names_free(&names);
    if (json_array_size(list) == 0) {
        json_decref(list);
        list = hr_fact_null("/sys/class/net: no interfaces");
    }
    return json_pack("{s:o, s:o}", "devices", list, "tcp_congestion_control",
                     hr_fact_text(root, "/proc/sys/net/ipv4/tcp_congestion_control"));
}

const struct hr_probe_ops hr_probe_nics = {
    .name = "nics", .summary = "network interfaces", .read = read_nics};
