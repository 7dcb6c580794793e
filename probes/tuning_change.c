/* tuning_change.c - how is a host's setting changed so that it can be changed back? The record is
 * written first. It cannot see what a changed setting did meanwhile. */
#include "probes/tuning_change.h"

#include "harness/error.h"
#include "harness/nearest.h"
#include "harness/record.h"
#include "probes/live_host.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PLACES_MAX 4096
#define RECORD_NAME "headroom-tuned"

static const char *text_of(const json_t *change, const char *key)
{
    const char *text = json_string_value(json_object_get(change, key));

    return text ? text : "";
}

static bool named(const struct hr_tuning *tuning, const char *const *names, int count)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(names[i], tuning->name) == 0) {
            return true;
        }
    }
    return count == 0 && !tuning->asked;
}

static int check_names(const char *const *names, int count)
{
    for (int i = 0; i < count; i++) {
        struct hr_nearest near = {.word = names[i]};
        bool known = false;

        for (const struct hr_tuning *t = hr_tunings; t->name; t++) {
            if (t->setting) {
                known = known || strcmp(t->name, names[i]) == 0;
                hr_nearest_offer(&near, t->name);
            }
        }
        if (!known) {
            return hr_nearest_name(&near)
                       ? hr_fail(EINVAL, "no setting '%.60s'; did you mean '%s'?", names[i],
                                 hr_nearest_name(&near))
                       : hr_fail(EINVAL,
                                 "no setting '%.60s': `headroom tune` names those there are",
                                 names[i]);
        }
    }
    return 0;
}

/* What has to change: [{"name", "setting", "was", "set"}]. */
static json_t *changes_of(const char *root, const char *const *names, int count)
{
    static struct hr_tuning_place places[PLACES_MAX];
    int n = hr_tuning_places(root, places, PLACES_MAX);
    json_t *changes = json_array();

    for (int i = 0; i < n; i++) {
        const struct hr_tuning *t = places[i].tuning;

        if (places[i].why[0]) {
            if (count && named(t, names, count)) {
                fprintf(stderr, "headroom: %s cannot be known here: %s\n", t->name, places[i].why);
            }
        } else if (named(t, names, count) && !hr_tuning_met(t, places[i].value)) {
            json_array_append_new(changes, json_pack("{s:s, s:s, s:s, s:s}", "name", t->name,
                                                     "setting", places[i].setting, "was",
                                                     places[i].value, "set", t->wanted));
        }
    }
    return changes;
}

static int keep(const char *file, const json_t *changes)
{
    json_t *record = json_pack("{s:s, s:O}", "record", RECORD_NAME, "changes", changes);
    int rc = hr_json_write(record, 1, file);

    json_decref(record);
    return rc;
}

/* The value is what the kernel made of it, not what it was told. */
static int set(const char *root, const json_t *change, const char *key)
{
    const char *setting = text_of(change, "setting"), *wanted = text_of(change, key);
    char now[64];
    int rc = hr_kernel_setting_write(root, setting, wanted);

    rc = rc ? rc : hr_kernel_setting_read(root, setting, now, sizeof(now));
    if (rc) {
        return rc;
    }
    hr_tuning_value(now);
    return strcmp(now, wanted) == 0
               ? 0
               : hr_fail(EIO, "%s: was told %s and is %s", setting, wanted, now);
}

static void complain(void)
{
    fprintf(stderr, "headroom: %s\n", hr_error());
    hr_error_clear();
}

/* The kernel made something else of it (fewer pages than there was memory for): that is what has to
 * be put back. */
static void keep_half_set(const char *root, json_t *change, json_t *made)
{
    char now[64];

    if (hr_kernel_setting_read(root, text_of(change, "setting"), now, sizeof(now))) {
        hr_error_clear(); /* it was told already */
        return;
    }
    hr_tuning_value(now);
    if (strcmp(now, text_of(change, "was")) != 0) {
        json_object_set_new(change, "set", json_string(now));
        json_array_append(made, change);
    }
}

int hr_tuning_apply(const char *root, const char *const *names, int count, const char *record,
                    int *done, int *failed)
{
    json_t *changes = NULL, *made = json_array(), *change;
    int rc = check_names(names, count);
    size_t i;

    *done = *failed = 0;
    if (rc == 0 && strcmp(record, "-") == 0) {
        rc = hr_fail(EINVAL, "--record -: what was must be in a file, for --undo to find it");
    }
    if (rc == 0 && access(record, F_OK) == 0) {
        rc = hr_fail(EEXIST,
                     "%s is there already: take that back first (headroom tune --undo), or "
                     "name another with --record",
                     record);
    }
    changes = rc ? NULL : changes_of(root, names, count);
    if (rc == 0 && json_array_size(changes) > 0) {
        rc = keep(record, changes);
        json_array_foreach (changes, i, change) {
            if (rc) {
                break;
            }
            if (set(root, change, "set")) {
                complain();
                ++*failed;
                keep_half_set(root, change, made);
                continue;
            }
            fprintf(stderr, "%s: %s, was %s\n", text_of(change, "setting"), text_of(change, "set"),
                    text_of(change, "was"));
            json_array_append(made, change);
            ++*done;
        }
        if (rc == 0 && json_array_size(made) == 0) {
            unlink(record);
            rc = hr_fail(EACCES, "nothing could be set");
        } else if (rc == 0 && *failed > 0) {
            rc = keep(record, made);
        }
    }
    json_decref(changes);
    json_decref(made);
    return rc;
}

/* A record is read as strangers' input: it may only name settings of the table. */
static bool known_place(const char *setting)
{
    for (const struct hr_tuning *t = hr_tunings; t->name && t->setting; t++) {
        const char *star = strchr(t->setting, '*');
        size_t head = star ? (size_t)(star - t->setting) : 0, tail = star ? strlen(star + 1) : 0;
        size_t length = strlen(setting);

        if (!star ? strcmp(setting, t->setting) == 0
                  : length > head + tail && strncmp(setting, t->setting, head) == 0 &&
                        strcmp(setting + length - tail, star + 1) == 0 &&
                        strcspn(setting + head, "/") == length - head - tail &&
                        strncmp(setting + head, "..", 2) != 0) {
            return true;
        }
    }
    return false;
}

static int read_changes(const char *file, json_t **record)
{
    json_error_t error;
    const json_t *changes, *change;
    size_t i;

    *record = json_load_file(file, JSON_REJECT_DUPLICATES, &error);
    if (!*record) {
        return hr_fail(EINVAL, "%s:%d: %s", file, error.line > 0 ? error.line : 1, error.text);
    }
    changes = json_object_get(*record, "changes");
    if (strcmp(text_of(*record, "record"), RECORD_NAME) != 0 || !json_is_array(changes)) {
        return hr_fail(EINVAL, "%s:1: no record of `headroom tune --apply`", file);
    }
    json_array_foreach (changes, i, change) {
        if (!known_place(text_of(change, "setting")) || !*text_of(change, "was") ||
            !*text_of(change, "set")) {
            return hr_fail(EINVAL, "%s:1: change %zu is of no setting that is tuned here: '%.80s'",
                           file, i + 1, text_of(change, "setting"));
        }
    }
    return 0;
}

/* 0: it is as it was before. */
static int put_back(const char *root, const json_t *change)
{
    const char *setting = text_of(change, "setting");
    char now[64];
    int rc = hr_kernel_setting_read(root, setting, now, sizeof(now));

    if (rc) {
        return rc;
    }
    hr_tuning_value(now);
    if (strcmp(now, text_of(change, "was")) == 0) {
        return 0;
    }
    if (strcmp(now, text_of(change, "set")) != 0) {
        return hr_fail(EBUSY,
                       "%s is %s, and was set to %s: somebody changed it since; left as it is",
                       setting, now, text_of(change, "set"));
    }
    return set(root, change, "was");
}

int hr_tuning_undo(const char *root, const char *file, int *done, int *left)
{
    json_t *record, *kept = json_array();
    const json_t *changes;
    int rc = read_changes(file, &record);

    *done = *left = 0;
    changes = json_object_get(record, "changes");
    for (size_t i = rc ? 0 : json_array_size(changes); i-- > 0;) {
        json_t *change = json_array_get(changes, i);

        if (put_back(root, change)) {
            complain();
            json_array_insert(kept, 0, change);
            ++*left;
        } else {
            fprintf(stderr, "%s: %s again\n", text_of(change, "setting"), text_of(change, "was"));
            ++*done;
        }
    }
    if (rc == 0 && *left) {
        rc = keep(file, kept);
    } else if (rc == 0 && unlink(file)) {
        rc = hr_fail(errno, "%s: %s", file, strerror(errno));
    }
    json_decref(kept);
    json_decref(record);
    return rc;
}
