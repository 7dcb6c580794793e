/*
 * disk_probe.c - which block devices, and on what does the working folder lie?
 *
 * /sys/block and /proc/self/mountinfo. Serial numbers are never read. A virtual disk says nothing
 * of what is behind it.
 */
#include "probes/fact.h"
#include "probes/facts_table.h"
#include "probes/sysctl_dump.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK "/sys/block/%s/"

static json_t *model(const char *root, const char *name)
{
    json_t *fact = hr_fact_text(root, BLOCK "device/model", name);

    if (!json_is_string(fact)) { /* SD cards call it name */
        json_t *other = hr_fact_text(root, BLOCK "device/name", name);
        if (json_is_string(other)) {
            json_decref(fact);
            return other;
        }
        json_decref(other);
    }
    return fact;
}

static json_t *size_bytes(const char *root, const char *name)
{
    int64_t sectors; /* of 512 bytes, whatever the device's block is */

    return hr_fact_integer(&sectors, root, BLOCK "size", name) && sectors >= 0 &&
                   sectors < INT64_MAX / 512
               ? json_integer(sectors * 512)
               : hr_fact_null("its size is not a number");
}

static json_t *rotational(const char *root, const char *name)
{
    int64_t value;

    return hr_fact_integer(&value, root, BLOCK "queue/rotational", name)
               ? json_boolean(value != 0)
               : hr_fact_null("queue/rotational: not there");
}

static json_t *disk(const char *root, const char *name)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "name", hr_fact_string(name),
                     "model", model(root, name), "bytes", size_bytes(root, name), "rotational",
                     rotational(root, name), "scheduler",
                     hr_fact_choice(root, BLOCK "queue/scheduler", name), "block_bytes",
                     hr_fact_number(root, BLOCK "queue/physical_block_size", name), "write_cache",
                     hr_fact_text(root, BLOCK "queue/write_cache", name), "requests_max",
                     hr_fact_number(root, BLOCK "queue/nr_requests", name));
}

/* Octal escapes of mountinfo: \040 is a space. */
static void unescape(char *text)
{
    char *out = text;

    for (const char *at = text; *at;) {
        unsigned code;
        if (at[0] == '\\' && sscanf(at + 1, "%3o", &code) == 1 && code < 256 && strlen(at) >= 4) {
            *out++ = (char)code;
            at += 4;
        } else {
            *out++ = *at++;
        }
    }
    *out = 0;
}

/* Does `folder` lie under `mount`? */
static bool under(const char *folder, const char *mount)
{
    size_t n = strlen(mount);

    return strcmp(mount, "/") == 0 ||
           (strncmp(folder, mount, n) == 0 && (folder[n] == '/' || folder[n] == 0));
}

/* The mount with the longest matching path; the last of equals covers the earlier ones. */
static json_t *mount_of(const char *root, const char *folder)
{
    char *text = hr_fact_read(root, "/proc/self/mountinfo"), *save;
    char best_type[64] = "", best_source[1024] = "", best_options[1024] = "";
    size_t best = 0;

    for (char *line = text ? strtok_r(text, "\n", &save) : NULL; line;
         line = strtok_r(NULL, "\n", &save)) {
        char at[1024], options[1024], type[64], source[1024];
        char *rest = strstr(line, " - ");
        if (!rest || sscanf(line, "%*s %*s %*s %*s %1023s %1023s", at, options) != 2 ||
            sscanf(rest, " - %63s %1023s", type, source) != 2) {
            continue;
        }
        unescape(at);
        if (under(folder, at) && strlen(at) >= best) {
            best = strlen(at);
            snprintf(best_type, sizeof(best_type), "%s", type);
            snprintf(best_source, sizeof(best_source), "%s", source);
            snprintf(best_options, sizeof(best_options), "%s", options);
        }
    }
    free(text);
    if (best == 0) {
        return hr_fact_null("/proc/self/mountinfo: no mount holds it");
    }
    return json_pack("{s:o, s:o, s:o}", "file_system", hr_fact_string(best_type), "source",
                     hr_fact_string(best_source), "options", hr_fact_string(best_options));
}

static json_t *working_folder(const char *root)
{
    char folder[4096] = "/"; /* a captured host has none: its root file system stands for it */

    if (*root == 0 && !getcwd(folder, sizeof(folder))) {
        return hr_fact_null("the working folder cannot be told");
    }
    return mount_of(root, folder);
}

static json_t *read_disks(const char *root)
{
    json_t *untold = hr_dump_untold(root, "disks"), *list = json_array();
    struct hr_names names;

    if (untold) {
        json_decref(list);
        return json_pack("{s:o}", "devices", untold);
    }
    hr_names_read(&names, root, "/sys/block");
    for (int i = 0; i < names.count; i++) {
        static const char *const not_disks[] = {"loop", "ram", "zram", "sr", "fd", "nbd"};
        bool skip = false;
        for (size_t k = 0; k < sizeof(not_disks) / sizeof(*not_disks); k++) {
            skip = skip || strncmp(names.name[i], not_disks[k], strlen(not_disks[k])) == 0;
        }
        if (!skip) {
            json_array_append_new(list, disk(root, names.name[i]));
        }
    }
    hr_names_free(&names);
    return json_pack("{s:o, s:o}", "devices", list, "working_folder", working_folder(root));
}

const struct hr_probe_ops hr_probe_disks = {
    .name = "disks", .summary = "block devices, file system", .read = read_disks};
