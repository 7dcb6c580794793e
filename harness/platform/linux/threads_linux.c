/*
 * threads_linux.c - on which logical processor does a thread run, and which may it use?
 *
 * sched_setaffinity and sched_getaffinity; the kernel keeps affinity inside the cpuset of the
 * control group, so both are honoured. CPU bandwidth (cpu.max) is not seen here: see cgroup.h.
 */
#include "harness/error.h"
#include "harness/platform/platform.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

#define CPUS_MAX 8192 /* the kernel's largest NR_CPUS */
#define SETS (CPUS_MAX / CPU_SETSIZE)

static cpu_set_t at_start[SETS];
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Before the first pinning: what the process was given. */
static void remember(void)
{
    if (sched_getaffinity(0, sizeof(at_start), at_start) != 0) {
        CPU_ZERO_S(sizeof(at_start), at_start);
        CPU_SET_S(0, sizeof(at_start), at_start);
    }
}

int hr_thread_pin(int cpu)
{
    cpu_set_t one[SETS];

    pthread_once(&once, remember);
    if (cpu >= CPUS_MAX) {
        return hr_fail(EINVAL, "processor %d: there are at most %d", cpu, CPUS_MAX);
    }
    if (cpu < 0) {
        memcpy(one, at_start, sizeof(one));
    } else {
        CPU_ZERO_S(sizeof(one), one);
        CPU_SET_S((size_t)cpu, sizeof(one), one);
    }
    if (sched_setaffinity(0, sizeof(one), one) != 0) {
        int err = errno;
        return hr_fail(err,
                       "cannot bind to processor %d: %s; see the allowed ones in "
                       "/proc/self/status, Cpus_allowed_list",
                       cpu, strerror(err));
    }
    return 0;
}

int hr_thread_realtime(bool on)
{
    struct sched_param param = {.sched_priority = on ? sched_get_priority_min(SCHED_FIFO) : 0};

    if (sched_setscheduler(0, on ? SCHED_FIFO : SCHED_OTHER, &param) != 0) {
        int err = errno;
        return hr_fail(err,
                       "no real-time priority: %s; allow it with ulimit -r (limits.conf, "
                       "rtprio), or run as root",
                       strerror(err));
    }
    return 0;
}

int hr_thread_cpu(void)
{
    int cpu = sched_getcpu();

    return cpu >= 0 ? cpu : hr_fail(ENOTSUP, "sched_getcpu: %s", strerror(errno));
}

int hr_cpus_allowed(int *cpus, int max)
{
    int n = 0;

    pthread_once(&once, remember);
    for (int cpu = 0; cpu < CPUS_MAX && n < max; cpu++) {
        if (CPU_ISSET_S((size_t)cpu, sizeof(at_start), at_start)) {
            cpus[n++] = cpu;
        }
    }
    return n;
}
