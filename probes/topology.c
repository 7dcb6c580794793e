/*
 * topology.c - how are processors, caches and memory arranged?
 *
 * Asks hwloc, of the live host, of a captured sysfs or of a captured XML. Processors that the
 * control group forbids are part of the machine and are kept. Devices are the other probes' work.
 */
#include "probes/topology.h"

#include "harness/error.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static bool exists(const char *root, const char *path)
{
    char full[4096];

    return snprintf(full, sizeof(full), "%s%s", root, path) < (int)sizeof(full) &&
           access(full, R_OK) == 0;
}

int hr_topology_load(hwloc_topology_t *topology, const char *root)
{
    static const char *const settings[] = {"HWLOC_FSROOT", "HWLOC_COMPONENTS", "HWLOC_HIDE_ERRORS"};
    bool quiet = getenv(settings[2]) == NULL; /* hwloc's complaints belong in our messages */
    bool captured = *root != 0,
         sysfs = captured && exists(root, "/sys/devices/system/cpu/cpu0/topology"),
         xml = captured && !sysfs && exists(root, "/topology.xml");
    char full[4096];
    int rc = 0;

    if (captured && !sysfs && !xml) {
        return hr_fail(ENOENT, "neither /sys/devices/system/cpu nor topology.xml under %s", root);
    }
    if (hwloc_topology_init(topology) != 0) {
        return hr_fail(EIO, "hwloc: cannot begin");
    }
    if (quiet) {
        setenv(settings[2], "2", 1);
    }
    if (sysfs) {
        setenv(settings[0], root, 1);
        setenv(settings[1], "linux,stop", 1);
    } else if (xml) {
        snprintf(full, sizeof(full), "%s/topology.xml", root);
        rc = hwloc_topology_set_xml(*topology, full);
    }
    if (rc == 0) {
        hwloc_topology_set_flags(*topology, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED);
        hwloc_topology_set_icache_types_filter(*topology, HWLOC_TYPE_FILTER_KEEP_ALL);
        rc = hwloc_topology_load(*topology);
    }
    if (sysfs) {
        unsetenv(settings[0]);
        unsetenv(settings[1]);
    }
    if (quiet) {
        unsetenv(settings[2]);
    }
    if (rc != 0) {
        hwloc_topology_destroy(*topology);
        return hr_fail(EIO, "hwloc makes no topology of %s", captured ? root : "this host");
    }
    return 0;
}
