/*
 * topology.h - processors, caches and NUMA nodes, as hwloc sees them.
 *
 * Live: hwloc itself. Under a root: the root's sysfs through HWLOC_FSROOT (how hwloc tests itself),
 * or, where that is not captured, a topology.xml in the root (hwloc's own export). Reading under a
 * root sets environment variables of this process while it runs: one thread at a time.
 */
#ifndef HR_TOPOLOGY_H
#define HR_TOPOLOGY_H

#include <hwloc.h>

/* 0; -ENOENT if the root has neither; -EIO if hwloc cannot make sense of it. With a message. */
int hr_topology_load(hwloc_topology_t *topology, const char *root);

#endif
