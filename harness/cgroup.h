/*
 * cgroup.h - the limits a control group (v1 or v2) puts on this process, read under a root.
 *
 * Only files are read, so a captured host answers too, and a system without control groups says
 * "no limit". Limits of parent groups count: the tightest wins.
 *
 * Threads: any. Errors: none; what cannot be read is no limit.
 * Source: the kernel's admin-guide, cgroup-v2.rst and cgroup-v1/memory.rst.
 */
#ifndef HR_CGROUP_H
#define HR_CGROUP_H

#include <stdint.h>

#define HR_CGROUP_UNLIMITED UINT64_MAX

struct hr_cgroup {
    int version;                 /* 1 or 2 for the memory controller; 0: none found */
    uint64_t memory_limit_bytes; /* HR_CGROUP_UNLIMITED if none */
    uint64_t
        memory_available_bytes; /* limit - (usage - inactive file pages), the least of all groups */
    double cpus;                /* CPU bandwidth in processors (cpu.max); INFINITY if none */
};

/* root ends without a slash; "" is the live host. */
void hr_cgroup_read(struct hr_cgroup *group, const char *root);

#endif
