/*
 * tune_command.c - `headroom tune`: how is this host set for measuring, what would each setting
 * bring, and, only if it is asked for, set it and take it back.
 */
#include "harness/command.h"
#include "harness/error.h"
#include "harness/record.h"
#include "probes/probe.h"
#include "probes/probe_text.h"
#include "probes/tuning_change.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLACES_MAX 4096

/* ---- what it brings, out of a result ------------------------------------------------------ */

/* The figure of the first case that passed and whose id matches; NULL: none. */
static const json_t *figure_of(const json_t *result, const char *id, const char *name)
{
    const json_t *suite, *c, *m;
    size_t i, k, j;

    json_array_foreach (json_object_get(result, "suites"), i, suite) {
        json_array_foreach (json_object_get(suite, "cases"), k, c) {
            const char *here = json_string_value(json_object_get(c, "id"));
            const char *status = json_string_value(json_object_get(c, "status"));

            if (!here || fnmatch(id, here, 0) != 0 || !status || strcmp(status, "pass") != 0) {
                continue;
            }
            json_array_foreach (json_object_get(c, "metrics"), j, m) {
                const char *metric = json_string_value(json_object_get(m, "name"));

                if (metric && strcmp(metric, name) == 0 &&
                    json_number_value(json_object_get(m, "estimate")) > 0) {
                    return m;
                }
            }
        }
    }
    return NULL;
}

/* {"figure", "unit", "with", "without", "times"}; times over 1 is better. NULL: not measured. */
static json_t *brings(const json_t *result, const struct hr_tuning *t)
{
    const json_t *with = t->with ? figure_of(result, t->with, t->figure) : NULL;
    const json_t *without = t->with ? figure_of(result, t->without, t->figure) : NULL;
    const char *better, *unit;
    double a, b;

    if (!with || !without) {
        return NULL;
    }
    a = json_number_value(json_object_get(with, "estimate"));
    b = json_number_value(json_object_get(without, "estimate"));
    better = json_string_value(json_object_get(with, "better"));
    unit = json_string_value(json_object_get(with, "unit"));
    return json_pack("{s:s, s:s, s:f, s:f, s:f}", "figure", t->figure, "unit", unit ? unit : "",
                     "with", a, "without", b, "times",
                     better && strcmp(better, "higher") == 0 ? a / b : b / a);
}

/* ---- what is ------------------------------------------------------------------------------- */

static void wanted_text(const struct hr_tuning *t, char *text, size_t size)
{
    snprintf(text, size, "%s%s%s", t->wish == HR_TUNE_NOT ? "not " : "",
             t->wish == HR_TUNE_NOT ? t->unwanted : t->wanted,
             t->wish == HR_TUNE_LEAST  ? " or more"
             : t->wish == HR_TUNE_MOST ? " or less"
                                       : "");
}

/* One row for all places of one tuning: those that are not as wanted speak for it. */
static json_t *row_of(const struct hr_tuning_place *places, int n, const json_t *result)
{
    const struct hr_tuning *t = places->tuning;
    const char *now = NULL, *reason = NULL;
    char wanted[80];
    int unmet = 0, unknown = 0;

    for (int i = 0; i < n; i++) {
        if (places[i].why[0]) {
            reason = unknown++ ? reason : places[i].why;
        } else if (!hr_tuning_met(t, places[i].value)) {
            now = unmet++ ? now : places[i].value;
        } else {
            now = now ? now : places[i].value;
        }
    }
    wanted_text(t, wanted, sizeof(wanted));
    return json_pack("{s:s, s:s, s:o, s:s?, s:s, s:i, s:i, s:i, s:s?, s:b, s:s, s:o?}", "name",
                     t->name, "setting", t->setting, "set",
                     now ? json_boolean(unmet == 0) : json_null(), "now", now, "wanted", wanted,
                     "places", n - unknown, "unset", unmet, "unknown", unknown, "reason", reason,
                     "asked", t->asked, "why", t->why, "brings", brings(result, t));
}

static json_t *rows_of(const char *root, const json_t *result)
{
    static struct hr_tuning_place places[PLACES_MAX];
    int n = hr_tuning_places(root, places, PLACES_MAX);
    json_t *rows = json_array();

    for (int i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && places[end].tuning == places[i].tuning; end++) {
        }
        json_array_append_new(rows, row_of(places + i, end - i, result));
    }
    return rows;
}

static const char *word(const json_t *row, const char *key)
{
    const char *text = json_string_value(json_object_get(row, key));

    return text ? text : "";
}

static void print_brings(const json_t *b)
{
    if (json_is_object(b)) {
        printf("             measured: %s %.4g %s, without %.4g: %.3g times\n", word(b, "figure"),
               json_number_value(json_object_get(b, "with")), word(b, "unit"),
               json_number_value(json_object_get(b, "without")),
               json_number_value(json_object_get(b, "times")));
    }
}

/* What a program sets for itself. */
static void print_own(const json_t *result)
{
    printf("\nwhat Headroom sets for itself\n");
    for (const struct hr_tuning *t = hr_tunings; t->name; t++) {
        if (!t->setting) {
            json_t *b = brings(result, t);

            printf("           %-20s %s\n", t->name, t->why);
            print_brings(b);
            json_decref(b);
        }
    }
}

static void print_rows(const json_t *rows)
{
    const json_t *row;
    size_t i, set = 0, unknown = 0;

    printf("settings that can be changed while the host runs\n");
    json_array_foreach (rows, i, row) {
        bool met = json_is_true(json_object_get(row, "set"));
        int places = (int)json_integer_value(json_object_get(row, "places"));
        int unset = (int)json_integer_value(json_object_get(row, "unset"));
        int untold = (int)json_integer_value(json_object_get(row, "unknown"));

        if (places == 0) {
            printf("  unknown  %-20s cannot be known here: %s\n", word(row, "name"),
                   word(row, "reason"));
            unknown++;
            continue;
        }
        printf("  %-8s %-20s %-12s wanted %-18s", met ? "set" : "not set", word(row, "name"),
               word(row, "now"), word(row, "wanted"));
        if (places > 1 && unset) {
            printf(" %d of %d are not", unset, places);
        }
        if (untold) {
            printf("; %d cannot be known", untold);
        }
        printf("\n");
        if (!met) {
            printf("             %s%s\n", word(row, "why"),
                   json_is_true(json_object_get(row, "asked")) ? " (only by name)" : "");
        }
        print_brings(json_object_get(row, "brings"));
        set += met;
    }
    printf("%zu of %zu are as wanted", set, json_array_size(rows) - unknown);
    if (unknown) {
        printf("; %zu cannot be known here", unknown);
    }
    printf("\n");
}

static int check(const char *root, const struct hr_args *args)
{
    const char *file = hr_arg_text(args, "result"), *json = hr_arg_text(args, "json");
    json_t *result = NULL, *rows, *host, *all;
    int rc = file ? hr_record_read(&result, file) : 0;

    if (rc) {
        return hr_exit_of(rc);
    }
    host = hr_probe_host(root);
    json_object_set_new(host, "readiness", hr_probe_readiness(host));
    rows = rows_of(root, result);
    if (!result && (!json || strcmp(json, "-") != 0)) {
        fprintf(stderr,
                "with --result FILE of a run of suite wire: what they were measured to bring\n");
    }
    if (result && strcmp(word(json_object_get(result, "host"), "fingerprint"),
                         word(host, "fingerprint")) != 0) {
        fprintf(stderr, "headroom: %s was measured on another host: %s\n", file,
                word(json_object_get(result, "host"), "line"));
    }
    if (!json || strcmp(json, "-") != 0) {
        print_rows(rows);
        print_own(result);
        hr_probe_print_readiness(stdout, host);
    }
    if (json) {
        all = json_pack("{s:O, s:O}", "settings", rows, "readiness",
                        json_object_get(host, "readiness"));
        rc = hr_json_write(all, 2, json);
        json_decref(all);
    }
    json_decref(rows);
    json_decref(host);
    json_decref(result);
    return rc ? hr_exit_of(rc) : HR_EXIT_OK;
}

/* ---- the command ---------------------------------------------------------------------------- */

static int apply(const char *root, const struct hr_args *args, const char *const *names, int count)
{
    const char *record = hr_arg_text(args, "record");
    int done, failed, rc = hr_tuning_apply(root, names, count, record, &done, &failed);

    if (rc) {
        return hr_exit_of(rc);
    }
    if (done + failed == 0) {
        fprintf(stderr, "all is as wanted: nothing was changed\n");
        return HR_EXIT_OK;
    }
    fprintf(stderr, "%d set; what was is in %s: headroom tune --undo puts it back\n", done, record);
    return failed ? HR_EXIT_VERDICT : HR_EXIT_OK;
}

static int undo(const char *root, const struct hr_args *args)
{
    int done, left, rc = hr_tuning_undo(root, hr_arg_text(args, "record"), &done, &left);

    if (rc) {
        return hr_exit_of(rc);
    }
    fprintf(stderr, "%d put back%s\n", done, left ? "; the rest stays in the record" : "");
    return left ? HR_EXIT_VERDICT : HR_EXIT_OK;
}

static int tune(const struct hr_args *args)
{
    const char *const *names, *asked = hr_arg_text(args, "root");
    int count = hr_arg_operands(args, &names);
    bool applies = hr_arg_flag(args, "apply"), undoes = hr_arg_flag(args, "undo");
    char *root = strdup(asked ? asked : "");
    int status;

    for (size_t n = root ? strlen(root) : 0; n > 0 && root[n - 1] == '/'; n--) {
        root[n - 1] = 0;
    }
    if (!root) {
        return hr_exit_of(hr_fail(ENOMEM, "no memory"));
    }
    if (applies + undoes + hr_arg_flag(args, "check") > 1) {
        status = hr_exit_of(hr_fail(EINVAL, "--check, --apply or --undo: one at a time"));
    } else if (count && !applies) {
        status = hr_exit_of(hr_fail(EINVAL, "names of settings go with --apply"));
    } else if ((applies || undoes) && (hr_arg_text(args, "json") || hr_arg_text(args, "result"))) {
        status = hr_exit_of(hr_fail(EINVAL, "--json and --result go with --check"));
    } else {
        status = applies  ? apply(root, args, names, count)
                 : undoes ? undo(root, args)
                          : check(root, args);
    }
    free(root);
    return status;
}

static const struct hr_option options[] = {
    {"check", 0, HR_OPT_FLAG, NULL, NULL, "only tell (what it does without any of these three)"},
    {"apply", 0, HR_OPT_FLAG, NULL, NULL,
     "set those named, or all but the ones marked 'only by name'"},
    {"undo", 0, HR_OPT_FLAG, NULL, NULL, "put back what --apply changed"},
    {"record", 0, HR_OPT_TEXT, "FILE", "headroom-tuned.json", "where --apply keeps what was"},
    {"result", 0, HR_OPT_TEXT, "FILE", NULL,
     "a result with suite wire: tell what each brings here"},
    {"json", 'j', HR_OPT_TEXT, "FILE", NULL, "write the check as JSON; - is standard output"},
    {"root", 'r', HR_OPT_TEXT, "DIR", NULL,
     "another host's files in a folder, in place of this host"},
    {.name = NULL},
};

const struct hr_command hr_command_tune = {
    .name = "tune",
    .operands = "[SETTING…]",
    .operands_max = 64,
    .summary = "how the host is set for measuring; on request sets it, and takes it back",
    .details =
        "  headroom tune                                     what is set, what is not, and why it "
        "matters\n"
        "  headroom run standard -f '^wire' && headroom tune --result results/latest/result.json\n"
        "                                                    and what each was measured to bring\n"
        "  sudo headroom tune --apply governor swappiness    these two, until --undo or a reboot\n"
        "  sudo headroom tune --undo\n\n"
        "Nothing is changed without --apply. Exit 1: something could not be set or put back.\n",
    .options = options,
    .run = tune,
};
