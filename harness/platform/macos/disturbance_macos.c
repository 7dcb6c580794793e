/*
 * disturbance_macos.c - what else happened on the host while something was measured?
 *
 * macOS counts faults and switches for the process, not the thread, and does not tell an
 * unprivileged program of steal, throttling or frequency: those are -1, unknown.
 * Sources: getrusage(2), sysctl(3) vm.swapusage.
 */
#include "harness/platform/platform.h"

#include <string.h>
#include <sys/resource.h>
#include <sys/sysctl.h>

void hr_disturbance_read(struct hr_disturbance *d)
{
    struct rusage usage;
    struct xsw_usage swap;
    size_t size = sizeof(swap);

    memset(&usage, 0, sizeof(usage));
    getrusage(RUSAGE_SELF, &usage);
    *d = (struct hr_disturbance){
        .major_faults = usage.ru_majflt,
        .minor_faults = usage.ru_minflt,
        .switches_involuntary = usage.ru_nivcsw,
        .swap_bytes =
            sysctlbyname("vm.swapusage", &swap, &size, NULL, 0) == 0 ? (int64_t)swap.xsu_used : -1,
        .steal_ticks = -1,
        .throttle_count = -1,
        .frequency_khz = -1,
    };
}
