/*
 * ceilings.c - what can this machine at most?
 *
 * The order of measuring, the share of time and memory each may use, and the look-up of the
 * ceiling that bounds an engine. A busy neighbour lowers what is measured: the samples' spread
 * shows it, the median does not hide it.
 */
#include "probes/ceilings.h"

#include "harness/clock.h"
#include "harness/error.h"
#include "harness/platform/platform.h"
#include "harness/progress.h"
#include "probes/facts_table.h"
#include "probes/probe.h"
#include "probes/topology.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define MEMORY_SHARE 4 /* at most a quarter of what is available */

double hr_ceiling_left_s(const struct hr_ceiling_work *w)
{
    uint64_t now = hr_clock_ns();

    return now < w->end_ns ? (double)(w->end_ns - now) * 1e-9 : 0;
}

/* The largest data or unified cache of each level, one instance of it and all together. */
static void find_caches(struct hr_ceiling_work *w)
{
    json_t *cpu = hr_probe_cpu.read(""), *cache;
    size_t i;

    json_array_foreach (json_object_get(cpu, "caches"), i, cache) {
        const char *type = json_string_value(json_object_get(cache, "type"));
        json_int_t level = json_integer_value(json_object_get(cache, "level"));
        json_int_t bytes = json_integer_value(json_object_get(cache, "bytes"));
        json_int_t count = json_integer_value(json_object_get(cache, "count"));
        if (!type || strcmp(type, "instruction") == 0 || bytes <= 0) {
            continue;
        }
        uint64_t *one = level == 1 ? &w->l1_bytes : level == 2 ? &w->l2_bytes : &w->l3_bytes;
        *one = (uint64_t)bytes > *one ? (uint64_t)bytes : *one;
        if (level >= 3) {
            w->l3_total_bytes += (uint64_t)bytes * (uint64_t)count;
        } else if (level == 2 && w->l3_total_bytes < (uint64_t)bytes * (uint64_t)count) {
            w->l3_total_bytes = (uint64_t)bytes * (uint64_t)count; /* Apple's last level */
        }
    }
    json_decref(cpu);
}

/* Processor 0 takes the interrupts of an untuned host, so the second one of the fastest kind. */
static int fast_cpu(const struct hr_ceiling_work *w)
{
    hwloc_topology_t topology;
    int cpu = w->cpus[w->n_cpus > 1 ? 1 : 0], kinds;

    if (hr_topology_load(&topology, "") != 0) {
        hr_error_clear();
        return cpu;
    }
    hwloc_bitmap_t set = hwloc_bitmap_alloc();
    int efficiency = -1;
    kinds = hwloc_cpukinds_get_nr(topology, 0);
    if (kinds > 1 &&
        hwloc_cpukinds_get_info(topology, (unsigned)kinds - 1, set, &efficiency, NULL, NULL, 0) ==
            0 &&
        efficiency >= 0) {
        int seen = 0;
        for (int i = 0; i < w->n_cpus && seen < 2; i++) {
            if (hwloc_bitmap_isset(set, (unsigned)w->cpus[i])) {
                cpu = w->cpus[i];
                seen++;
            }
        }
    }
    hwloc_bitmap_free(set);
    hwloc_topology_destroy(topology);
    return cpu;
}

static int measure_all(struct hr_ceiling_work *w, void (*tell)(const char *what, double share))
{
    static const struct {
        const char *what;
        void (*measure)(struct hr_ceiling_work *w);
    } steps[] = {{"clock", hr_measure_clock},
                 {"core to core", hr_measure_cores},
                 {"price compares", hr_measure_compares},
                 {"memory bandwidth", hr_measure_streams},
                 {"memory latency and random lines", hr_measure_working_sets}};
    const size_t n = sizeof(steps) / sizeof(*steps);

    for (size_t i = 0; i < n; i++) {
        if (tell) {
            tell(steps[i].what, 1 - hr_ceiling_left_s(w) / w->budget_s);
        }
        steps[i].measure(w);
        if (hr_stop_signal()) {
            return hr_fail(EINTR, "stopped while measuring %s", steps[i].what);
        }
    }
    return 0;
}

int hr_ceilings_measure_within(struct hr_record *record, double budget_s, uint64_t bytes_max,
                               void (*tell)(const char *what, double share))
{
    struct hr_ceiling_work w = {.record = record, .budget_s = budget_s};
    uint64_t share = hr_memory_available() / MEMORY_SHARE;

    if (!(budget_s > 0)) {
        return hr_fail(EINVAL, "the ceilings need some time");
    }
    hr_clock_init();
    w.bytes_max = bytes_max && bytes_max < share ? bytes_max : share;
    w.end_ns = hr_clock_ns() + (uint64_t)(budget_s * 1e9);
    w.sample_s = fmin(0.025, budget_s / 1000);
    w.n_cpus = hr_cpus_allowed(w.cpus, HR_CEILING_CPUS_MAX);
    find_caches(&w);
    w.cpu = fast_cpu(&w);
    if (hr_thread_pin(w.cpu) != 0) { /* measured unbound, on systems that do not bind */
        hr_error_clear();
    }
    int rc = measure_all(&w, tell);
    if (hr_thread_pin(-1) != 0) {
        hr_error_clear();
    }
    if (rc == -EINTR) {
        hr_error_clear(); /* the caller asked for it */
    }
    return rc;
}

int hr_ceilings_measure(struct hr_record *record, double budget_s)
{
    return hr_ceilings_measure_within(record, budget_s, 0, NULL);
}

double hr_ceiling_lines(json_t *record, uint64_t bytes, int threads, const char **id)
{
    json_t *ceiling;
    double best = (double)NAN, nearest = HUGE_VAL;
    size_t i;

    *id = NULL;
    json_array_foreach (json_object_get(record, "ceilings"), i, ceiling) {
        const char *name = json_string_value(json_object_get(ceiling, "id"));
        json_t *estimate = json_object_get(ceiling, "estimate");
        json_t *params = json_object_get(ceiling, "params");
        json_int_t size = json_integer_value(json_object_get(params, "bytes"));
        if (!name || strncmp(name, "memory/lines/", 13) != 0 || !json_is_number(estimate) ||
            size <= 0 || json_integer_value(json_object_get(params, "threads")) != threads) {
            continue;
        }
        /* At equal distance the page size that does better bounds: an engine may choose it. */
        double distance = fabs(log((double)size) - log((double)(bytes ? bytes : 1)));
        double rate = json_number_value(estimate);
        if (distance < nearest || (distance <= nearest && rate > best)) {
            nearest = distance;
            best = rate;
            *id = name;
        }
    }
    return best;
}
