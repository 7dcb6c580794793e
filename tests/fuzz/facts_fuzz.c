/*
 * facts_fuzz.c - can the content of a captured host's files break a probe?
 *
 * The first byte picks a file and the probe that reads it; the rest is the file. Every answer must
 * be JSON that can be written. hwloc's own parsing of sysfs is not driven here.
 */
#include "harness/cgroup.h"
#include "probes/fact.h"
#include "probes/probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
    const char *path, *probe;
} files[] = {
    {"/sysctl.txt", "cpu"},
    {"/sysctl.txt", "memory"},
    {"/sysctl.txt", "os"},
    {"/sysctl.txt", "tuning"},
    {"/proc/cpuinfo", "cpu"},
    {"/proc/cpuinfo", "virtualisation"},
    {"/proc/meminfo", "memory"},
    {"/proc/self/mountinfo", "disks"},
    {"/proc/self/cgroup", "virtualisation"},
    {"/proc/self/limits", "limits"},
    {"/proc/cmdline", "tuning"},
    {"/proc/loadavg", "tuning"},
    {"/etc/os-release", "os"},
    {"/proc/device-tree/compatible", "machine"},
    {"/sys/class/net/e/speed", "nics"},
    {"/sys/class/net/e/device/uevent", "nics"},
    {"/sys/block/d/queue/scheduler", "disks"},
    {"/sys/class/thermal/thermal_zone0/temp", "power"},
    {"/sys/devices/system/node/node0/distance", "memory"},
    {"/compute.json", "compute"},
};
static char root[64];

static void remove_root(void)
{
    char command[128];

    snprintf(command, sizeof(command), "rm -rf %s", root);
    if (system(command) != 0) {
        fprintf(stderr, "cannot remove %s\n", root);
    }
}

static void put(const char *path, const uint8_t *data, size_t size)
{
    char full[256];

    snprintf(full, sizeof(full), "%s%s", root, path);
    FILE *f = fopen(full, "wb");
    if (!f) {
        abort();
    }
    fwrite(data, 1, size, f);
    fclose(f);
}

static void make_root(void)
{
    snprintf(root, sizeof(root), "/tmp/headroom-facts.XXXXXX");
    if (!mkdtemp(root)) {
        abort();
    }
    atexit(remove_root);
    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
        char folder[256];
        for (const char *at = files[i].path; (at = strchr(at + 1, '/'));) {
            snprintf(folder, sizeof(folder), "%s%.*s", root, (int)(at - files[i].path),
                     files[i].path);
            mkdir(folder, 0700);
        }
    }
    put("/sys/class/net/e/type", (const uint8_t *)"1", 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hr_cgroup group;
    char path[256];

    if (size < 1) {
        return 0;
    }
    if (!*root) {
        make_root();
    }
    size_t which = data[0] % (sizeof(files) / sizeof(*files));
    put(files[which].path, data + 1, size - 1);
    for (int i = 0; hr_probes[i]; i++) {
        if (strcmp(hr_probes[i]->name, files[which].probe) == 0) {
            json_t *facts = hr_probes[i]->read(root);
            char *text = facts ? json_dumps(facts, JSON_ENCODE_ANY) : NULL;
            if (!text) {
                abort();
            }
            free(text);
            json_decref(facts);
        }
    }
    hr_cgroup_read(&group, root);
    snprintf(path, sizeof(path), "%s%s", root, files[which].path);
    unlink(path);
    return 0;
}
