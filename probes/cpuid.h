/*
 * cpuid.h - instruction sets and identity, from the CPUID instruction itself (live x86 hosts).
 *
 * Libraries that name instruction sets lag behind the processors: the bits do not. Names are those
 * of /proc/cpuinfo, so that live and captured hosts compare. Sets that need wider registers count
 * only when the system saves those (XCR0). Threads: any.
 * Sources: Intel SDM vol. 2A "CPUID", AMD APM vol. 3 appendix E.
 */
#ifndef HR_CPUID_H
#define HR_CPUID_H

#include <stdbool.h>
#include <stddef.h>

/* How many names of instruction sets that matter here are known; hr_cpuid_name(i) is one. */
int hr_cpuid_names(void);
const char *hr_cpuid_name(int i);
/* Has this processor it? Always false off x86. */
bool hr_cpuid_has(int i);

/* The hypervisor's signature (leaf 0x40000000), "" if there is none; false off x86. */
bool hr_cpuid_hypervisor(char signature[13]);
/* The time stamp counter runs at one rate in all states; false off x86. */
bool hr_cpuid_invariant_tsc(void);
/* Vendor and brand as libcpuid reads them; false off x86 or where it cannot. */
bool hr_cpuid_brand(char *vendor, size_t vendor_size, char *brand, size_t brand_size);

#endif
