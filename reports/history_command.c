/*
 * history_command.c - `headroom history`: keeps the medians of results in one file, and tells since
 * when each is what it is.
 */
#include "harness/command.h"
#include "harness/error.h"
#include "harness/record.h"
#include "reports/compare.h"
#include "reports/history.h"
#include "reports/report.h"
#include "reports/sheet_writers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct hr_option options[] = {
    {"db", 0, HR_OPT_TEXT, "FILE", "results/history.sqlite", "the history"},
    {"filter", 'f', HR_OPT_TEXT, "REGEX", NULL,
     "show, plot: figures whose CASE:METRIC matches (default: those that gate in `compare`)"},
    {"json", 0, HR_OPT_TEXT, "FILE|-", NULL, "show: as JSON"},
    {.name = NULL},
};

static int add_one(struct hr_history *history, const char *file)
{
    json_t *record = NULL;
    bool added = false;
    int rc = hr_result_read(&record, file, true);
    bool whole = rc == 0 && json_is_true(json_object_get(record, "complete"));

    if (whole) {
        rc = hr_history_add(history, record, &added);
        rc = rc ? hr_context(rc, "%s", file) : 0;
    }
    json_decref(record);
    if (rc) {
        return rc;
    }
    printf("%s: %s\n", file,
           !whole  ? "left out: the run was interrupted"
           : added ? "added"
                   : "is there already");
    return 0;
}

static int add(struct hr_history *history, const char *const *files, int count)
{
    int rc = 0;

    for (int i = 0; i < count && rc == 0; i++) {
        rc = add_one(history, files[i]);
    }
    return rc;
}

static int read_series(struct hr_history *history, const struct hr_args *args, json_t **series)
{
    const char *filter = hr_arg_text(args, "filter");
    int rc = hr_history_series(history, filter ? filter : HR_COMPARE_GATE, series);

    return rc ? rc : hr_history_find_changes(*series);
}

static int show(struct hr_history *history, const struct hr_args *args)
{
    const char *json = hr_arg_text(args, "json"), *no_color = getenv("NO_COLOR");
    json_t *series = NULL, *sheet = json_array();
    int rc = read_series(history, args, &series);

    if (rc == 0 && json) {
        rc = hr_json_write(series, 2, json);
    } else if (rc == 0) {
        hr_history_sheet(sheet, series);
        rc = hr_write_text(sheet, stdout, isatty(STDOUT_FILENO) && !(no_color && *no_color));
    }
    json_decref(sheet);
    json_decref(series);
    return rc;
}

static int plot(struct hr_history *history, const struct hr_args *args, const char *dir)
{
    json_t *series = NULL;
    bool drawn = false;
    int left_out, rc = read_series(history, args, &series);

    rc = rc ? rc : hr_history_plot(series, dir, &drawn, &left_out);
    if (rc == 0 && left_out) {
        fprintf(stderr,
                "headroom: the figures that changed are drawn before others; left out: %d; choose "
                "with -f\n",
                left_out);
    }
    if (rc == 0) {
        printf("%s/history.%s\n", dir, drawn ? "svg" : "gp (gnuplot is missing: no picture)");
    }
    json_decref(series);
    return rc;
}

static int check_words(const char *action, int count)
{
    if (strcmp(action, "add") == 0) {
        return count ? 0 : hr_fail(EINVAL, "history add needs a RESULT.json");
    }
    if (strcmp(action, "show") == 0) {
        return count ? hr_fail(EINVAL, "history show takes no file; the history is named by --db")
                     : 0;
    }
    if (strcmp(action, "plot") == 0) {
        return count == 1 ? 0 : hr_fail(EINVAL, "history plot needs one folder for the picture");
    }
    return hr_fail(EINVAL, "history '%.40s' is none of add, show, plot", action);
}

static int run(const struct hr_args *args)
{
    struct hr_history *history = NULL;
    const char *const *words;
    int count = hr_arg_operands(args, &words) - 1, rc = check_words(words[0], count);
    bool adds = strcmp(words[0], "add") == 0;

    rc = rc ? rc : hr_history_open(&history, hr_arg_text(args, "db"), adds);
    if (rc == 0) {
        rc = adds                            ? add(history, words + 1, count)
             : strcmp(words[0], "show") == 0 ? show(history, args)
                                             : plot(history, args, words[1]);
    }
    hr_history_close(history);
    return rc ? hr_exit_of(rc) : HR_EXIT_OK;
}

const struct hr_command hr_command_history = {
    .name = "history",
    .operands = "add RESULT.json… | show | plot DIR",
    .operands_min = 1,
    .operands_max = 1000,
    .summary = "keep results' medians in a file, and tell since when each is what it is",
    .details =
        "A series is one figure of one engine on one host with one workload. Its changes of level "
        "are found by\n"
        "E-divisive (Matteson and James 2014): a difference from the last result alone is none.\n\n"
        "  headroom history add results/*/result.json\n"
        "  headroom history show\n"
        "  headroom history show -f ':p99.9$' --json -\n"
        "  headroom history plot plots/ -f '^throughput/.*/flow=single:throughput$'\n",
    .options = options,
    .run = run,
};
