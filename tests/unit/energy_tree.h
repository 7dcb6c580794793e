/* energy_tree.h - a folder that looks like a host's energy counters, and a host that moves them on
 * while something else is measured. */
#ifndef HR_ENERGY_TREE_H
#define HR_ENERGY_TREE_H

#include "harness/clock.h"
#include "harness/energy.h"
#include "tests/test.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

struct tree {
    char root[64];
};

static inline struct tree tree_new(void)
{
    struct tree tree = {.root = "/tmp/headroom-energy-XXXXXX"};

    CHECK(mkdtemp(tree.root));
    return tree;
}

static inline void tree_free(const struct tree *tree)
{
    char command[128];

    snprintf(command, sizeof(command), "rm -rf '%s'", tree->root);
    CHECK_EQ(system(command), 0);
}

/* A file under the root, with the folders above it; written beside its place, so that a reader
 * meets the old text or the new one. */
static inline void put(const struct tree *tree, const char *path, const char *format, ...)
{
    char file[256], fresh[280];
    va_list arguments;
    FILE *f;

    snprintf(file, sizeof(file), "%s%s", tree->root, path);
    for (char *slash = strchr(file + strlen(tree->root) + 1, '/'); slash;
         slash = strchr(slash + 1, '/')) {
        *slash = 0;
        mkdir(file, 0700);
        *slash = '/';
    }
    snprintf(fresh, sizeof(fresh), "%s.new", file);
    f = fopen(fresh, "w");
    CHECK(f);
    va_start(arguments, format);
    vfprintf(f, format, arguments);
    va_end(arguments);
    fclose(f);
    CHECK_EQ(rename(fresh, file), 0);
}

static inline void put_counter(const struct tree *tree, const char *zone, unsigned long long uj)
{
    char path[128];

    snprintf(path, sizeof(path), "/sys/class/powercap/%s/energy_uj", zone);
    put(tree, path, "%llu\n", uj);
}

static inline void put_zone(const struct tree *tree, const char *zone, const char *name,
                            unsigned long long uj, unsigned long long range)
{
    char path[128];

    snprintf(path, sizeof(path), "/sys/class/powercap/%s/name", zone);
    put(tree, path, "%s\n", name);
    snprintf(path, sizeof(path), "/sys/class/powercap/%s/max_energy_range_uj", zone);
    put(tree, path, "%llu\n", range);
    put_counter(tree, zone, uj);
}

static inline struct hr_energy *open_tree(const struct tree *tree)
{
    struct hr_energy *energy;

    CHECK_EQ(hr_energy_open(&energy, tree->root), 0);
    return energy;
}

/* A host that uses so many watts: its counter moves on while a suite runs. */
struct powered_host {
    struct tree tree;
    struct hr_energy *energy;
    double watts;
    pthread_t thread;
    atomic_bool over;
};

static inline void *use_energy(void *argument)
{
    struct powered_host *host = argument;
    uint64_t began_ns = hr_clock_ns();

    while (!atomic_load(&host->over)) {
        double s = (double)(hr_clock_ns() - began_ns) / 1e9;

        put_counter(&host->tree, "intel-rapl:0", (unsigned long long)(s * host->watts * 1e6));
        nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
    }
    return NULL;
}

static inline void powered_host_begin(struct powered_host *host, double watts)
{
    host->tree = tree_new();
    host->watts = watts;
    atomic_init(&host->over, false);
    put_zone(&host->tree, "intel-rapl:0", "package-0", 0, 262143328850);
    host->energy = open_tree(&host->tree);
    CHECK_EQ(pthread_create(&host->thread, NULL, use_energy, host), 0);
}

/* Its counter stands still. */
static inline void powered_host_stop(struct powered_host *host)
{
    atomic_store(&host->over, true);
    pthread_join(host->thread, NULL);
}

static inline void powered_host_end(struct powered_host *host)
{
    hr_energy_close(host->energy);
    tree_free(&host->tree);
}

#endif
