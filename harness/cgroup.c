/*
 * cgroup.c - how much memory and processor time do control groups leave this process?
 *
 * /proc/self/cgroup names the group, /proc/self/mountinfo where its tree is mounted; from there
 * every group up to the mount is asked. A group above the mount (a container's parent) cannot be
 * seen, and its limit neither.
 */
#include "harness/cgroup.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_MAX_HERE 4096
#define LINE_MAX_HERE 8192

static bool file_text(const char *folder, const char *name, char *text, size_t size)
{
    char path[PATH_MAX_HERE];

    if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path)) {
        return false;
    }
    FILE *f = fopen(path, "re");
    if (!f) {
        return false;
    }
    size_t n = fread(text, 1, size - 1, f);
    fclose(f);
    text[n] = 0;
    return n > 0;
}

static uint64_t file_bytes(const char *folder, const char *name)
{
    char text[64], *end;

    if (!file_text(folder, name, text, sizeof(text)) || text[0] < '0' || text[0] > '9') {
        return HR_CGROUP_UNLIMITED; /* absent, or "max" */
    }
    uint64_t value = strtoull(text, &end, 10);
    return value >= (UINT64_C(1) << 60) ? HR_CGROUP_UNLIMITED
                                        : value; /* v1 says 2^63 rounded down */
}

static uint64_t stat_bytes(const char *folder, const char *key)
{
    char text[LINE_MAX_HERE];
    size_t length = strlen(key);

    if (!file_text(folder, "memory.stat", text, sizeof(text))) {
        return 0;
    }
    for (char *save, *line = strtok_r(text, "\n", &save); line;
         line = strtok_r(NULL, "\n", &save)) {
        if (strncmp(line, key, length) == 0 && line[length] == ' ') {
            return strtoull(line + length, NULL, 10);
        }
    }
    return 0;
}

static void memory_of(struct hr_cgroup *group, const char *folder)
{
    bool v2 = group->version == 2;
    uint64_t limit = file_bytes(folder, v2 ? "memory.max" : "memory.limit_in_bytes");
    uint64_t high = v2 ? file_bytes(folder, "memory.high") : HR_CGROUP_UNLIMITED;

    limit = high < limit ? high : limit; /* above it the kernel slows the process down */

    if (limit == HR_CGROUP_UNLIMITED) {
        return;
    }
    uint64_t used = file_bytes(folder, v2 ? "memory.current" : "memory.usage_in_bytes");
    uint64_t cache = stat_bytes(folder, v2 ? "inactive_file" : "total_inactive_file");
    if (used == HR_CGROUP_UNLIMITED) {
        used = 0;
    }
    used = used > cache ? used - cache : 0;
    uint64_t left = limit > used ? limit - used : 0;
    if (limit < group->memory_limit_bytes) {
        group->memory_limit_bytes = limit;
    }
    if (left < group->memory_available_bytes) {
        group->memory_available_bytes = left;
    }
}

static void cpu_of(struct hr_cgroup *group, const char *folder, bool v2)
{
    char text[64];
    double quota, period;

    if (v2) {
        if (!file_text(folder, "cpu.max", text, sizeof(text)) ||
            sscanf(text, "%lf %lf", &quota, &period) != 2) {
            return;
        }
    } else {
        if (!file_text(folder, "cpu.cfs_quota_us", text, sizeof(text))) {
            return;
        }
        quota = strtod(text, NULL);
        if (!file_text(folder, "cpu.cfs_period_us", text, sizeof(text))) {
            return;
        }
        period = strtod(text, NULL);
    }
    if (quota > 0 && period > 0 && quota / period < group->cpus) {
        group->cpus = quota / period;
    }
}

/* Is `word` one of the comma separated words of list? */
static bool has_word(const char *list, const char *word)
{
    size_t length = strlen(word);

    for (const char *at = list; (at = strstr(at, word)); at += length) {
        if ((at == list || at[-1] == ',') &&
            (at[length] == 0 || at[length] == ',' || at[length] == '\n')) {
            return true;
        }
    }
    return false;
}

/* The group of `controller` (or of the one v2 tree, "") in the text of /proc/self/cgroup. */
static bool group_path(const char *root, const char *controller, char *path, size_t size)
{
    char folder[PATH_MAX_HERE], text[LINE_MAX_HERE];

    snprintf(folder, sizeof(folder), "%s/proc/self", root);
    if (!file_text(folder, "cgroup", text, sizeof(text))) {
        return false;
    }
    for (char *save, *line = strtok_r(text, "\n", &save); line;
         line = strtok_r(NULL, "\n", &save)) {
        char *names = strchr(line, ':'), *at = names ? strchr(names + 1, ':') : NULL;
        if (!at) {
            continue;
        }
        *at++ = 0;
        names++;
        if (*controller ? has_word(names, controller) : *names == 0 && line[0] == '0') {
            return snprintf(path, size, "%s", at) < (int)size;
        }
    }
    return false;
}

/* Where the tree of `controller` is mounted, and which of its folders the mount shows. */
static bool mount_of(const char *root, const char *controller, char *at, char *shows)
{
    char path[PATH_MAX_HERE], line[LINE_MAX_HERE];
    bool found = false;

    snprintf(path, sizeof(path), "%s/proc/self/mountinfo", root);
    FILE *f = fopen(path, "re");
    if (!f) {
        return false;
    }
    while (!found && fgets(line, sizeof(line), f)) {
        char type[32], options[1024] = "";
        char *rest = strstr(line, " - ");
        if (!rest || sscanf(line, "%*s %*s %*s %1023s %1023s", shows, at) != 2 ||
            sscanf(rest, " - %31s %*s %1023s", type, options) < 1) {
            continue;
        }
        found = *controller ? strcmp(type, "cgroup") == 0 && has_word(options, controller)
                            : strcmp(type, "cgroup2") == 0;
    }
    fclose(f);
    return found;
}

enum what { MEMORY, CPU };

/* From the process's group up to the mount. False if there is no such tree. */
static bool walk(struct hr_cgroup *group, const char *root, const char *controller, enum what what)
{
    char path[1024], at[1024], shows[1024], folder[PATH_MAX_HERE];

    if (!group_path(root, controller, path, sizeof(path)) ||
        !mount_of(root, controller, at, shows)) {
        return false;
    }
    size_t skip = strcmp(shows, "/") == 0 ? 0 : strlen(shows);
    const char *inside = strncmp(path, shows, skip) == 0 ? path + skip : "";
    if (strstr(inside, "..")) {
        inside = ""; /* outside this namespace: only what is mounted can be seen */
    }
    snprintf(folder, sizeof(folder), "%s%s%s", root, at, strcmp(inside, "/") == 0 ? "" : inside);
    for (size_t top = strlen(root) + strlen(at); strlen(folder) >= top;) {
        if (what == MEMORY) {
            memory_of(group, folder);
        } else {
            cpu_of(group, folder, *controller == 0);
        }
        char *slash = strrchr(folder, '/');
        if (!slash) {
            break;
        }
        *slash = 0;
    }
    return true;
}

void hr_cgroup_read(struct hr_cgroup *group, const char *root)
{
    *group = (struct hr_cgroup){.memory_limit_bytes = HR_CGROUP_UNLIMITED,
                                .memory_available_bytes = HR_CGROUP_UNLIMITED,
                                .cpus = HUGE_VAL};
    group->version = 1;
    if (!walk(group, root, "memory", MEMORY)) {
        group->version = 2;
        if (!walk(group, root, "", MEMORY)) {
            group->version = 0;
        }
    }
    if (!walk(group, root, "cpu", CPU)) {
        walk(group, root, "", CPU);
    }
}
