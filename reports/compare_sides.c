/*
 * compare_sides.c - do two results belong together? Same orders, same host, both whole; and what
 * is to be said of them. It knows no figures.
 */
#include "reports/compare_sides.h"
#include "harness/error.h"
#include "reports/record_view.h"
#include "reports/sheet.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#define TEXT_MAX 400

const char *hr_compare_engine(const json_t *record)
{
    struct hr_view_walk walk = {0};

    while (hr_view_next(record, &walk)) {
        if (*hr_view_text(walk.item, "engine") && !hr_view_is_ruler(walk.item)) {
            return hr_view_text(walk.item, "engine");
        }
    }
    return "";
}

void hr_compare_key(const char *engine, const json_t *item, char key[HR_COMPARE_KEY_MAX])
{
    const char *id = hr_view_text(item, "id");
    const char *at = *engine && hr_view_is(item, "engine", engine) ? strstr(id, engine) : NULL;
    size_t length = strlen(engine);

    while (at && !((at == id || at[-1] == '/') && at[length] == '/')) {
        at = strstr(at + 1, engine);
    }
    if (at) {
        snprintf(key, HR_COMPARE_KEY_MAX, "%.*s%s", (int)(at - id), id, at + length + 1);
    } else {
        snprintf(key, HR_COMPARE_KEY_MAX, "%s", id);
    }
}

json_t *hr_compare_index(const json_t *record)
{
    const char *engine = hr_compare_engine(record);
    struct hr_view_walk walk = {0};
    json_t *index = json_object();

    while (hr_view_next(record, &walk)) {
        char key[HR_COMPARE_KEY_MAX];

        hr_compare_key(engine, walk.item, key);
        if (!json_object_get(index, key)) {
            json_object_set_nocheck(index, key, (json_t *)(uintptr_t)walk.item);
        }
    }
    return index;
}

int hr_compare_regex(regex_t *regex, const char *option, const char *text)
{
    char why[100];
    int rc;

    if (strlen(text) > 1000) {
        return hr_fail(EINVAL, "%s '%.40s…' is longer than 1000 bytes", option, text);
    }
    rc = regcomp(regex, text, REG_EXTENDED | REG_NOSUB);
    if (rc) {
        regerror(rc, regex, why, sizeof(why));
        return hr_fail(EINVAL, "%s '%.80s' is not a regular expression: %s", option, text, why);
    }
    return 0;
}

json_t *hr_compare_side(const json_t *record, const char *file, const char *engine)
{
    const json_t *host = json_object_get(record, "host"), *tool = json_object_get(record, "tool");
    char build[200];

    snprintf(build, sizeof(build), "%.30s %.12s%s, %.40s, %.80s", hr_view_text(tool, "version"),
             hr_view_text(tool, "git_sha"),
             json_is_true(json_object_get(tool, "git_dirty")) ? " (modified)" : "",
             hr_view_text(tool, "compiler"), hr_view_text(tool, "cflags"));
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o}", "file", hr_sheet_string(file), "engine",
        hr_sheet_string(engine), "started", hr_sheet_string(hr_view_text(record, "started")),
        "host", hr_sheet_string(hr_view_text(host, "line")), "fingerprint",
        hr_sheet_string(hr_view_text(host, "fingerprint")), "tool", hr_sheet_string(build));
}

void hr_compare_list(char *list, size_t size, const char *name)
{
    static const char more[] = ", …";
    size_t at = strlen(list);
    bool ended = at >= sizeof(more) && strcmp(list + at - (sizeof(more) - 1), more) == 0;

    if (at + strlen(name) + 2 + sizeof(more) <= size) {
        snprintf(list + at, size - at, "%s%s", at ? ", " : "", name);
    } else if (!ended && at + sizeof(more) <= size) {
        memcpy(list + at, more, sizeof(more));
    }
}

/* Settings that say how much was run, not what. */
static bool is_about_runs(const char *key)
{
    return strcmp(key, "run.runs") == 0 || strcmp(key, "run.blocks") == 0 ||
           strcmp(key, "run.budget") == 0 || strcmp(key, "run.ceilings") == 0 ||
           strcmp(key, "run.retries") == 0;
}

static void settings_that_differ(const json_t *old, const json_t *new, char *text, size_t size)
{
    const json_t *olds = json_object_get(old, "config"), *setting;
    json_t *news = json_object_get(new, "config");
    const char *key;

    text[0] = '\0';
    json_object_foreach (news, key, setting) {
        const json_t *other = json_object_get(json_object_get(olds, key), "value");

        if (other && !is_about_runs(key) && !json_equal(json_object_get(setting, "value"), other)) {
            hr_compare_list(text, size, key);
        }
    }
}

int hr_compare_check_whole(const json_t *record, const char *name)
{
    return json_is_true(json_object_get(record, "complete"))
               ? 0
               : hr_fail(EXDEV, "%s was interrupted: run it again to the end", name);
}

int hr_compare_check(const json_t *old, const char *old_name, const json_t *new,
                     const char *new_name, bool across_hosts)
{
    const char *a = hr_view_text(json_object_get(old, "workload"), "sha256");
    const char *b = hr_view_text(json_object_get(new, "workload"), "sha256");
    const char *here = hr_view_text(json_object_get(old, "host"), "fingerprint");
    const char *there = hr_view_text(json_object_get(new, "host"), "fingerprint");
    char settings[300];
    int rc = hr_compare_check_whole(old, old_name);

    rc = rc ? rc : hr_compare_check_whole(new, new_name);
    if (rc) {
        return rc;
    }
    if (!*a || strcmp(a, b) != 0) {
        settings_that_differ(old, new, settings, sizeof(settings));
        return hr_fail(EXDEV,
                       "%s and %s drove different orders (workload %.8s and %.8s; settings that "
                       "differ: %s): run both with the same profile, settings and filter",
                       old_name, new_name, *a ? a : "none", *b ? b : "none",
                       *settings ? settings : "none, so the filter or the version");
    }
    if (!across_hosts && strcmp(here, there) != 0) {
        return hr_fail(EXDEV,
                       "%s and %s are of different hosts (%.60s; %.60s): compare on one, or take "
                       "the ratios with --across-hosts",
                       old_name, new_name, hr_view_text(json_object_get(old, "host"), "line"),
                       hr_view_text(json_object_get(new, "host"), "line"));
    }
    return 0;
}

void hr_compare_note(json_t *notes, const char *what, const char *more)
{
    char text[2 * TEXT_MAX];

    snprintf(text, sizeof(text), "%s%s", what, more);
    json_array_append_new(notes, hr_sheet_string(text));
}

static void note_circumstances(json_t *notes, const json_t *old, const json_t *new,
                               const struct hr_compare_options *options)
{
    char settings[300];

    settings_that_differ(old, new, settings, sizeof(settings));
    if (*settings) {
        hr_compare_note(notes, "Settings that differ: ", settings);
    }
    if (options->across_hosts) {
        hr_compare_note(
            notes,
            "A case uses as many cores on both, so a ratio is one per core too; orders a joule are a ",
            "row where both hosts count energy. Per unit of money: `headroom plan`, since a result "
            "holds no price.");
    } else if (options->again_count == 0) {
        const json_t *guest = json_object_get(json_object_get(new, "host"), "virtualisation");

        hr_compare_note(
            notes, "The noise floor is from runs within one start of the program: what differs ",
            "from start to start is not in it (give --again, or use `headroom run --against`).");
        if (*hr_view_text(guest, "hypervisor")) {
            hr_compare_note(
                notes, "The host is a virtual machine: what its neighbours do between two runs ",
                "can look like a change.");
        }
    }
}

/* What only one of the two has. */
static void note_alone(json_t *notes, const json_t *here, const json_t *there, const char *which)
{
    const char *engine = hr_compare_engine(here);
    struct hr_view_walk walk = {0};
    json_t *others = hr_compare_index(there);
    char names[300] = "";

    while (hr_view_next(here, &walk)) {
        char key[HR_COMPARE_KEY_MAX];

        hr_compare_key(engine, walk.item, key);
        if (!json_object_get(others, key)) {
            hr_compare_list(names, sizeof(names), key);
        }
    }
    if (*names) {
        hr_compare_note(notes, which, names);
    }
    json_decref(others);
}

json_t *hr_compare_notes(const json_t *old, const json_t *new,
                         const struct hr_compare_options *options)
{
    json_t *notes = json_array();

    note_circumstances(notes, old, new, options);
    note_alone(notes, old, new, "Cases only in old: ");
    note_alone(notes, new, old, "Cases only in new: ");
    return notes;
}
