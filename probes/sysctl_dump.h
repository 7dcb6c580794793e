/*
 * sysctl_dump.h - macOS facts, out of the text of `sysctl -a`.
 *
 * A live macOS host and a captured one (a file sysctl.txt in the root) go through the same text, so
 * that Apple hosts are golden tests on every system.
 */
#ifndef HR_SYSCTL_DUMP_H
#define HR_SYSCTL_DUMP_H

#include <jansson.h>

/* The macOS half of each probe; NULL if this root is not a macOS host. Keys as in the Linux half.
 */
json_t *hr_dump_host(const char *root);
json_t *hr_dump_os(const char *root);
json_t *hr_dump_virtualisation(const char *root);
json_t *hr_dump_machine(const char *root);
json_t *hr_dump_cpu(const char *root);
json_t *hr_dump_memory(const char *root);
json_t *hr_dump_clock(const char *root);
json_t *hr_dump_limits(const char *root);
json_t *hr_dump_tuning(const char *root);
/* nics, disks, gpus, power: what sysctl does not tell. */
json_t *hr_dump_untold(const char *root, const char *what);

#endif
