/*
 * live_host.h - the few facts of the live host that are not files: each system has its own file.
 */
#ifndef HR_LIVE_HOST_H
#define HR_LIVE_HOST_H

#include <stddef.h>

/* The text of `sysctl -a` on macOS, to be freed; NULL elsewhere. */
char *hr_live_sysctl(void);

/* "x86_64", "aarch64" …: the architecture the kernel runs on. */
void hr_live_architecture(char *name, size_t size);

#endif
