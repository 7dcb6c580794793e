/*
 * disturbance_linux.c - what else happened on the host while something was measured?
 *
 * Faults and switches are the calling thread's (RUSAGE_THREAD); swap and steal are the
 * host's; throttling is counted over the processors this process may use. Interrupts and SMIs are
 * not seen.
 */
#include "harness/platform/platform.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#define CPUS_LOOKED_AT 512

static int64_t number_in(const char *path)
{
    long long value = -1;
    FILE *f = fopen(path, "re");

    if (f) {
        if (fscanf(f, "%lld", &value) != 1) {
            value = -1;
        }
        fclose(f);
    }
    return value;
}

static int64_t swap_used(void)
{
    char line[256];
    long long total = -1, unused = -1;
    FILE *f = fopen("/proc/meminfo", "re");

    while (f && unused < 0 && fgets(line, sizeof(line), f)) {
        if (sscanf(line, "SwapTotal: %lld", &total) != 1) {
            (void)sscanf(line, "SwapFree: %lld", &unused);
        }
    }
    if (f) {
        fclose(f);
    }
    return total >= 0 && unused >= 0 ? (total - unused) * 1024 : -1;
}

static int64_t steal(void)
{
    long long ticks = -1;
    FILE *f = fopen("/proc/stat", "re");

    if (f) {
        if (fscanf(f, "cpu %*s %*s %*s %*s %*s %*s %*s %lld", &ticks) != 1) {
            ticks = -1;
        }
        fclose(f);
    }
    return ticks;
}

static int64_t throttled(void)
{
    static const char *const counts[] = {"core_throttle_count", "package_throttle_count"};
    int cpus[CPUS_LOOKED_AT], n = hr_cpus_allowed(cpus, CPUS_LOOKED_AT);
    int64_t sum = -1;

    for (int i = 0; i < n; i++) {
        for (int k = 0; k < 2; k++) {
            char path[128];
            snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/thermal_throttle/%s",
                     cpus[i], counts[k]);
            int64_t count = number_in(path);
            if (count >= 0) {
                sum = (sum < 0 ? 0 : sum) + count;
            }
        }
        if (i == 0 && sum < 0) {
            break; /* not there on the first: on none */
        }
    }
    return sum;
}

void hr_disturbance_read(struct hr_disturbance *d)
{
    struct rusage usage;
    char path[128];
    int cpu = hr_thread_cpu();

    memset(&usage, 0, sizeof(usage));
    getrusage(RUSAGE_THREAD, &usage);
    snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/cpufreq/scaling_cur_freq", cpu);
    *d = (struct hr_disturbance){
        .major_faults = usage.ru_majflt,
        .minor_faults = usage.ru_minflt,
        .switches_involuntary = usage.ru_nivcsw,
        .swap_bytes = swap_used(),
        .steal_ticks = steal(),
        .throttle_count = throttled(),
        .frequency_khz = cpu >= 0 ? number_in(path) : -1,
    };
}
