/*
 * energy_powercap.c - RAPL counters as Linux shows them in /sys/class/powercap.
 *
 * Counted are the packages and, beside them, their memory; "core" and "uncore" are parts of the
 * package, and "psys" (the whole board) counts only where no package does. A counter goes round at
 * max_energy_range_uj. They step about once a millisecond. Kernels since 5.10 let only root read
 * them. AMD's processors are found under Intel's name.
 */
#include "harness/energy.h"
#include "harness/error.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER "/sys/class/powercap"
#define ZONE "intel-rapl:"
#define DOMAINS_MAX 64
#define WINDOW_S 0.1 /* a hundred steps */

struct domain {
    char file[320], name[32];
    uint64_t last_uj, range_uj;
};

struct powercap {
    struct domain domains[DOMAINS_MAX];
    int count;
    double joules; /* NAN once a counter could not be read */
};

static bool number_in(uint64_t *value, const char *folder, const char *name)
{
    unsigned long long number;
    char file[352];
    FILE *f;
    bool good;

    snprintf(file, sizeof(file), "%s/%s", folder, name);
    f = fopen(file, "re");
    good = f && fscanf(f, "%llu", &number) == 1;
    *value = good ? number : 0;
    if (f) {
        fclose(f);
    }
    return good;
}

static bool name_of(char name[32], const char *folder)
{
    char file[352];
    FILE *f;
    bool good;

    snprintf(file, sizeof(file), "%s/name", folder);
    f = fopen(file, "re");
    good = f && fscanf(f, "%31s", name) == 1;
    if (f) {
        fclose(f);
    }
    return good;
}

/* -ENODEV: not one to count; -EACCES: one that may not be read. */
static int add_domain(struct powercap *p, const char *root, const char *zone, const char *wanted)
{
    struct domain *d = p->domains + p->count;
    char folder[300], file[352];

    snprintf(folder, sizeof(folder), "%.200s" FOLDER "/%.60s", root, zone);
    if (strncmp(zone, ZONE, strlen(ZONE)) != 0 || p->count == DOMAINS_MAX ||
        !name_of(d->name, folder) || strncmp(d->name, wanted, strlen(wanted)) != 0) {
        return -ENODEV;
    }
    snprintf(d->file, sizeof(d->file), "%s", folder);
    if (!number_in(&d->range_uj, folder, "max_energy_range_uj") ||
        !number_in(&d->last_uj, folder, "energy_uj")) {
        snprintf(file, sizeof(file), FOLDER "/%.60s/energy_uj", zone);
        return hr_fail(EACCES, "%s cannot be read: run as root, or chmod a+r it", file);
    }
    p->count++;
    return 0;
}

static int add_all(struct powercap *p, const char *root, const char *wanted)
{
    char folder[256];
    const struct dirent *entry;
    DIR *dir;
    int rc = 0;

    snprintf(folder, sizeof(folder), "%.200s" FOLDER, root);
    dir = opendir(folder);
    while (dir && rc == 0 && (entry = readdir(dir))) {
        rc = add_domain(p, root, entry->d_name, wanted);
        rc = rc == -ENODEV ? 0 : rc;
    }
    if (dir) {
        closedir(dir);
    }
    return rc;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct domain *)a)->file, ((const struct domain *)b)->file);
}

static int powercap_open(void **self, const char *root, char *what, unsigned size)
{
    struct powercap *p = calloc(1, sizeof(*p));
    int rc = p ? add_all(p, root, "package") : hr_fail(ENOMEM, "no memory");
    unsigned at = 0;

    rc = rc ? rc : add_all(p, root, p->count ? "dram" : "psys");
    if (rc == 0 && p->count == 0) {
        rc = hr_fail(ENODEV,
                     "no counters in " FOLDER " (not offered by this processor, or a guest)");
    }
    if (rc) {
        free(p);
        return rc;
    }
    qsort(p->domains, (size_t)p->count, sizeof(p->domains[0]), by_name);
    for (int i = 0; i < p->count && at < size; i++) {
        at += (unsigned)snprintf(what + at, size - at, "%s%s", i ? ", " : "", p->domains[i].name);
    }
    *self = p;
    return 0;
}

static double powercap_joules(void *self)
{
    struct powercap *p = self;

    for (int i = 0; i < p->count; i++) {
        struct domain *d = p->domains + i;
        uint64_t now_uj;

        if (!number_in(&now_uj, d->file, "energy_uj") ||
            (now_uj < d->last_uj && d->range_uj < d->last_uj)) {
            p->joules = (double)NAN;
            break;
        }
        p->joules += (double)(now_uj >= d->last_uj ? now_uj - d->last_uj
                                                   : now_uj + (d->range_uj - d->last_uj)) /
                     1e6;
        d->last_uj = now_uj;
    }
    return p->joules;
}

const struct hr_energy_ops hr_energy_powercap = {.name = "powercap",
                                                 .window_s = WINDOW_S,
                                                 .open = powercap_open,
                                                 .joules = powercap_joules,
                                                 .close = free};
