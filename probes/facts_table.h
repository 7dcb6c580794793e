/* facts_table.h - the fact probes that the table of probe.c lists, each in the file named after it.
 */
#ifndef HR_FACTS_TABLE_H
#define HR_FACTS_TABLE_H

#include "probes/probe.h"

extern const struct hr_probe_ops hr_probe_host_identity, hr_probe_os,
    hr_probe_machine; /* identity_probe.c */
extern const struct hr_probe_ops hr_probe_virtualisation;
extern const struct hr_probe_ops hr_probe_cpu;
extern const struct hr_probe_ops hr_probe_memory;
extern const struct hr_probe_ops hr_probe_clock;
extern const struct hr_probe_ops hr_probe_nics;
extern const struct hr_probe_ops hr_probe_disks;
extern const struct hr_probe_ops hr_probe_gpus;
extern const struct hr_probe_ops hr_probe_compute;
extern const struct hr_probe_ops hr_probe_power;
extern const struct hr_probe_ops hr_probe_limits;
extern const struct hr_probe_ops hr_probe_tuning;

#endif
