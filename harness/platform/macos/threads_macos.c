/*
 * threads_macos.c - on which processor does a thread run, on a system that does not bind threads?
 *
 * macOS has no binding. On Intel an affinity tag keeps threads of different tags apart; on Apple
 * Silicon the kernel refuses even that, and only the quality-of-service class decides between the
 * performance and the efficiency cores. Both hints are given, and -ENOTSUP tells the caller that
 * the thread may still move. Sources: thread_policy.h, pthread/qos.h, sysctl(3).
 */
#include "harness/error.h"
#include "harness/platform/platform.h"

#include <errno.h>
#include <mach/mach.h>
#include <mach/thread_policy.h>
#include <pthread.h>
#include <pthread/qos.h>
#include <sys/sysctl.h>

int hr_thread_pin(int cpu)
{
    thread_affinity_policy_data_t tag = {.affinity_tag =
                                             cpu < 0 ? THREAD_AFFINITY_TAG_NULL : cpu + 1};

    pthread_set_qos_class_self_np(cpu < 0 ? QOS_CLASS_DEFAULT : QOS_CLASS_USER_INTERACTIVE, 0);
    kern_return_t tagged =
        thread_policy_set(pthread_mach_thread_np(pthread_self()), THREAD_AFFINITY_POLICY,
                          (thread_policy_t)&tag, THREAD_AFFINITY_POLICY_COUNT);
    if (cpu < 0) {
        return 0;
    }
    return hr_fail(ENOTSUP, "macOS does not bind threads to processors (asked for %d; %s)", cpu,
                   tagged == KERN_SUCCESS ? "affinity tag and user-interactive class set"
                                          : "user-interactive class set, affinity tags refused");
}

int hr_thread_realtime(bool on)
{
    (void)on;
    return hr_fail(ENOTSUP, "macOS gives real-time only to work that says its period beforehand");
}

int hr_thread_cpu(void)
{
    size_t cpu;

    if (__builtin_available(macOS 11.0, *)) {
        if (pthread_cpu_number_np(&cpu) == 0) {
            return (int)cpu;
        }
    }
    return hr_fail(ENOTSUP, "the processor a thread runs on is told from macOS 11 on");
}

int hr_cpus_allowed(int *cpus, int max)
{
    int count = 1;
    size_t size = sizeof(count);

    if (sysctlbyname("hw.logicalcpu", &count, &size, NULL, 0) != 0 || count < 1) {
        count = 1;
    }
    int n = count < max ? count : max;
    for (int i = 0; i < n; i++) {
        cpus[i] = i;
    }
    return n;
}
