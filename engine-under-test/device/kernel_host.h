/*
 * kernel_host.h - the kernels compiled as C, by name.
 */
#ifndef KERNEL_HOST_H
#define KERNEL_HOST_H

#include <stdint.h>

/* Runs so many groups of one work item each. Arguments as the kernel has them: where a buffer lies,
 * or where a value does. */
typedef void (*eut_host_run)(void *const *argument, uint32_t items);

/* NULL if there is none of this name. */
eut_host_run eut_host_kernel(const char *name);

#endif
