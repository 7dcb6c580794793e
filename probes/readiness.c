/*
 * readiness.c - how ready is this host for measuring, and what would make it readier?
 *
 * One row per check over the facts alone, so that a captured host is judged too. "warning" spoils
 * figures (other work, swap, a CPU bandwidth limit, a bad clock); "advice" costs steadiness or
 * speed. It cannot see the hypervisor's other guests.
 */
#include "probes/probe.h"

#include "probes/fact.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum ready { OK, ADVICE, WARNING };

struct finding {
    enum ready status;
    json_t *value; /* borrowed fact, or NULL */
    char advice[400];
};

static json_t *fact(json_t *host, const char *probe, const char *key)
{
    return json_object_get(json_object_get(host, probe), key);
}

static const char *text(json_t *host, const char *probe, const char *key)
{
    return json_string_value(fact(host, probe, key));
}

static bool is(const char *text_, const char *word)
{
    return text_ && strcmp(text_, word) == 0;
}

__attribute__((format(printf, 3, 4))) static void find(struct finding *f, enum ready status,
                                                       const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    f->status = status;
    vsnprintf(f->advice, sizeof(f->advice), format, arguments);
    va_end(arguments);
}

static void governor(json_t *host, struct finding *f)
{
    f->value = fact(host, "cpu", "governor");
    if (is(text(host, "os", "kernel_name"), "Darwin")) {
        find(f, ADVICE,
             "macOS chooses the frequency itself: keep the machine cool and on mains power");
    } else if (!json_is_string(f->value)) {
        find(f, ADVICE,
             "the frequency cannot be seen or set here; on a rented machine ask for bare metal "
             "or a fixed frequency");
    } else if (!is(json_string_value(f->value), "performance")) {
        find(f, ADVICE, "set the performance governor: cpupower frequency-set -g performance");
    }
}

static void boost(json_t *host, struct finding *f)
{
    f->value = fact(host, "cpu", "boost");
    if (json_is_true(f->value)) {
        find(f, ADVICE,
             "the boost clock depends on temperature and neighbours; for repeatable figures "
             "switch it off: echo 0 > /sys/devices/system/cpu/cpufreq/boost");
    }
}

static void smt(json_t *host, struct finding *f)
{
    f->value = fact(host, "cpu", "smt");
    if (json_is_true(f->value)) {
        find(f, ADVICE,
             "two threads share a core: use one thread of each core, or boot with nosmt");
    }
}

static void isolated(json_t *host, struct finding *f)
{
    f->value = fact(host, "tuning", "isolated");
    if (is(json_string_value(f->value), "none") &&
        json_integer_value(fact(host, "cpu", "threads")) > 2) {
        find(f, ADVICE,
             "no processor is kept free of other work: boot with isolcpus=, nohz_full= and "
             "rcu_nocbs= for the measuring ones");
    }
}

static void thp(json_t *host, struct finding *f)
{
    f->value = json_object_get(fact(host, "memory", "thp"), "enabled");
    json_t *pages, *list = fact(host, "memory", "huge_pages");
    size_t i;
    json_int_t reserved = 0;

    json_array_foreach (list, i, pages) {
        reserved += json_integer_value(json_object_get(pages, "reserved"));
    }
    if (reserved == 0 && is(json_string_value(f->value), "never")) {
        find(f, ADVICE,
             "no huge pages of either kind: echo madvise > "
             "/sys/kernel/mm/transparent_hugepage/enabled, or reserve some with sysctl "
             "vm.nr_hugepages");
    }
}

static void swap(json_t *host, struct finding *f)
{
    f->value = fact(host, "memory", "swap_used_bytes");
    json_int_t used = json_integer_value(f->value);
    bool mac = is(text(host, "os", "kernel_name"), "Darwin");

    if (used > 64 << 20 && mac) {
        find(f, ADVICE, "memory has been swapped out: close other programs");
    } else if (used > 64 << 20) {
        find(f, WARNING, "memory has been swapped out: free memory, then swapoff -a");
    } else if (json_integer_value(fact(host, "memory", "swap_bytes")) > 0 && !mac) {
        find(f, ADVICE, "swap is on: swapoff -a while measuring");
    }
}

static void numa(json_t *host, struct finding *f)
{
    f->value = fact(host, "tuning", "numa_balancing");
    if (json_array_size(fact(host, "memory", "nodes")) > 1 && json_integer_value(f->value) > 0) {
        find(f, ADVICE, "the kernel moves pages between nodes: sysctl kernel.numa_balancing=0");
    }
}

static void io_uring(json_t *host, struct finding *f)
{
    f->value = fact(host, "tuning", "io_uring_disabled");
    if (json_integer_value(f->value) > 0) {
        find(f, ADVICE,
             "io_uring is switched off: sysctl kernel.io_uring_disabled=0, or its path is skipped");
    }
}

static void perf_events(json_t *host, struct finding *f)
{
    f->value = fact(host, "tuning", "perf_event_paranoid");
    if (json_integer_value(f->value) > 2) {
        find(f, ADVICE, "hardware counters need rights here: sysctl kernel.perf_event_paranoid=2");
    }
}

static void memlock(json_t *host, struct finding *f)
{
    f->value = fact(host, "limits", "memlock_bytes");
    if (json_is_integer(f->value) && json_integer_value(f->value) < 64 << 20) {
        find(f, ADVICE, "little memory may be locked: ulimit -l unlimited (limits.conf, memlock)");
    }
}

static void realtime(json_t *host, struct finding *f)
{
    f->value = fact(host, "limits", "rtprio");
    if (json_is_integer(f->value) && json_integer_value(f->value) == 0) {
        find(f, ADVICE,
             "real-time scheduling needs root rights here: ulimit -r 99 (limits.conf, rtprio)");
    }
}

static void files(json_t *host, struct finding *f)
{
    f->value = fact(host, "limits", "nofile");
    if (json_is_integer(f->value) && json_integer_value(f->value) < 4096) {
        find(f, ADVICE, "few open files are allowed: ulimit -n 65536");
    }
}

static void load(json_t *host, struct finding *f)
{
    f->value = fact(host, "tuning", "load_1min");
    double busy = json_number_value(f->value),
           threads = json_number_value(fact(host, "cpu", "threads"));

    if (busy > 1 && busy > 0.25 * threads) {
        find(f, WARNING, "other work is running: stop it, or wait until the load has fallen");
    } else if (busy > 0.5) {
        find(f, ADVICE, "some other work is running");
    }
}

static void bandwidth(json_t *host, struct finding *f)
{
    f->value = fact(host, "limits", "cgroup_processors");
    if (json_is_number(f->value)) {
        find(f, WARNING,
             "the control group stops this process when its processor time is used up, which "
             "ruins tails: lift cpu.max (docker: no --cpus; use --cpuset-cpus)");
    }
}

static void guest(json_t *host, struct finding *f)
{
    f->value = fact(host, "virtualisation", "hypervisor");
    if (json_is_string(f->value) && !is(json_string_value(f->value), "none")) {
        find(f, ADVICE, "a guest: tails are the hypervisor's too, and ceilings those of its slice");
    }
}

static void clock_source(json_t *host, struct finding *f)
{
    const char *source = json_string_value(f->value = fact(host, "clock", "source"));

    if (json_is_false(fact(host, "clock", "invariant"))) {
        find(f, WARNING,
             "the processor's counter does not run at one rate: times are coarser and dearer");
    } else if (is(source, "hpet") || is(source, "acpi_pm") || is(source, "jiffies") ||
               is(source, "refined-jiffies")) {
        find(f, WARNING,
             "a slow clock: find out why the kernel left tsc (dmesg | grep -i tsc), or boot "
             "with tsc=reliable");
    } else if (source && !is(source, "tsc") && !is(source, "arch_sys_counter") &&
               !is(source, "cntvct")) {
        find(
            f, ADVICE,
            "a hypervisor's clock: where the guest's tsc is invariant, clocksource=tsc is cheaper");
    }
}

static void battery(json_t *host, struct finding *f)
{
    json_t *supply, *supplies = fact(host, "power", "supplies");
    size_t i;

    json_array_foreach (supplies, i, supply) {
        json_t *status = json_object_get(supply, "status");
        f->value = status ? status : f->value;
        if (is(json_string_value(status), "Discharging")) {
            find(f, WARNING, "running on battery: plug in");
        }
    }
}

static void heat(json_t *host, struct finding *f)
{
    json_t *zone, *zones = fact(host, "power", "thermal_zones");
    size_t i;

    json_array_foreach (zones, i, zone) {
        json_t *celsius = json_object_get(zone, "celsius");
        if (json_is_number(celsius) && json_number_value(celsius) > json_number_value(f->value)) {
            f->value = celsius;
        }
    }
    if (json_number_value(f->value) >= 85) {
        find(f, WARNING, "hot: it will slow down; improve the cooling");
    }
}

static void memory_left(json_t *host, struct finding *f)
{
    f->value = fact(host, "memory", "available_bytes");
    double total = json_number_value(fact(host, "memory", "total_bytes"));

    if (json_is_integer(f->value) && total > 0 && json_number_value(f->value) < 0.25 * total) {
        find(f, ADVICE,
             "less than a quarter of the memory is free: large working sets will be left out");
    }
}

static void idle_states(json_t *host, struct finding *f)
{
    f->value = fact(host, "tuning", "idle_exit_us_max");
    if (json_integer_value(f->value) > 50) {
        find(f, ADVICE, "deep idle states take long to leave: cpupower idle-set -D 50");
    }
}

static void watchdog(json_t *host, struct finding *f)
{
    f->value = fact(host, "tuning", "nmi_watchdog");
    if (json_integer_value(f->value) > 0) {
        find(f, ADVICE,
             "the watchdog takes a counter and interrupts: sysctl kernel.nmi_watchdog=0");
    }
}

static int ones(const char *mask)
{
    int n = 0;

    for (; *mask; mask++) {
        char digit[2] = {*mask, 0};
        n += *mask == ',' ? 0 : __builtin_popcountl(strtoul(digit, NULL, 16));
    }
    return n;
}

static void interrupts(json_t *host, struct finding *f)
{
    const char *isolated_list = text(host, "tuning", "isolated");
    const char *mask = json_string_value(f->value = fact(host, "tuning", "irq_affinity"));

    if (mask && isolated_list && !is(isolated_list, "none") &&
        ones(mask) >= json_integer_value(fact(host, "cpu", "threads"))) {
        find(f, ADVICE,
             "interrupts may land on the isolated processors: boot with irqaffinity= for "
             "the others, and stop irqbalance");
    }
}

static void binding(json_t *host, struct finding *f)
{
    f->value = fact(host, "tuning", "binding");
    if (json_is_false(f->value)) {
        find(f, ADVICE, "threads cannot be bound to processors on this system: expect wider tails");
    }
}

static const struct {
    const char *check;
    void (*judge)(json_t *host, struct finding *f);
} checks[] = {
    {"background load", load},
    {"swap", swap},
    {"clock source", clock_source},
    {"cpu bandwidth", bandwidth},
    {"battery", battery},
    {"temperature", heat},
    {"virtualisation", guest},
    {"governor", governor},
    {"boost", boost},
    {"idle states", idle_states},
    {"smt", smt},
    {"isolated processors", isolated},
    {"interrupts", interrupts},
    {"thread binding", binding},
    {"huge pages", thp},
    {"numa balancing", numa},
    {"memory left", memory_left},
    {"locked memory", memlock},
    {"real-time priority", realtime},
    {"open files", files},
    {"io_uring", io_uring},
    {"hardware counters", perf_events},
    {"nmi watchdog", watchdog},
};

json_t *hr_probe_readiness(json_t *host)
{
    static const char *const names[] = {"ok", "advice", "warning"};
    json_t *list = json_array();

    for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++) {
        struct finding f = {.status = OK};
        checks[i].judge(host, &f);
        bool known = f.value && !json_is_object(f.value);
        json_t *row = json_pack("{s:s, s:s, s:O?, s:o}", "check", checks[i].check, "status",
                                names[f.status], "value", known ? f.value : NULL, "advice",
                                *f.advice ? json_string(f.advice) : json_null());
        json_array_append_new(list, row);
    }
    return list;
}
