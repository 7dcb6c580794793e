/*
 * probe_command.c - `headroom probe`: what is this host, how ready is it, what can it at most?
 *
 * Text goes to standard output unless --json - takes it. Needs no root rights. A captured host
 * (--root) has facts and no ceilings.
 */
#include "harness/clock.h"
#include "harness/command.h"
#include "harness/error.h"
#include "harness/progress.h"
#include "probes/ceilings.h"
#include "probes/probe.h"
#include "probes/probe_text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SECONDS_MAX 3600

static const struct hr_option options[] = {
    {"json", 'j', HR_OPT_TEXT, "FILE", NULL,
     "write the record as JSON; - is standard output, and no text"},
    {"root", 'r', HR_OPT_TEXT, "DIR", NULL,
     "read the facts of a host captured by scripts/capture-host"},
    {"only", 0, HR_OPT_TEXT, "PROBE", NULL,
     "print what one probe says, as JSON, and nothing else: cpu, memory, compute …"},
    {"ceilings", 'c', HR_OPT_FLAG, NULL, NULL, "measure the ceilings too: clock, memory, cores"},
    {"seconds", 's', HR_OPT_COUNT, "N", "30", "time for the ceilings, in seconds"},
    {.name = NULL},
};

/* The root without slashes at its end; "" for the live host. NULL with a message if it is no
 * folder. */
static char *root_of(const struct hr_args *args)
{
    const char *asked = hr_arg_text(args, "root");
    char *root = strdup(asked ? asked : "");
    struct stat about;

    if (!root) {
        hr_fail(ENOMEM, "no memory");
        return NULL;
    }
    if (asked && (stat(asked, &about) != 0 || !S_ISDIR(about.st_mode))) {
        hr_fail(ENOENT, "--root %s: not a folder; scripts/capture-host DIR makes one", asked);
        free(root);
        return NULL;
    }
    for (size_t n = strlen(root); n > 0 && root[n - 1] == '/'; n--) {
        root[n - 1] = 0;
    }
    return root;
}

static int output(struct hr_record *record, const char *file)
{
    json_t *json = hr_record_json(record), *host = json_object_get(json, "host");
    json_t *ceilings = json_object_get(json, "ceilings");

    if (!file || strcmp(file, "-") != 0) {
        hr_probe_print_host(stdout, host);
        if (json_array_size(ceilings) > 0) {
            hr_probe_print_ceilings(stdout, ceilings);
        }
        hr_probe_print_readiness(stdout, host);
    }
    return file ? hr_record_write(record, file) : 0;
}

/* One probe's facts on standard output. */
static int only(const char *name, const char *root)
{
    for (int i = 0; hr_probes[i]; i++) {
        if (strcmp(hr_probes[i]->name, name) == 0) {
            json_t *facts = hr_probes[i]->read(root);
            int rc = hr_json_write(facts, 2, "-");
            json_decref(facts);
            return rc;
        }
    }
    return hr_fail(EINVAL, "--only %s: no such probe; headroom probe --json - shows all", name);
}

static int measure_ceilings(struct hr_record *record, double seconds)
{
    hr_progress_begin("ceilings", seconds);
    int rc = hr_ceilings_measure_within(record, seconds, 0, hr_progress_step);
    hr_progress_end();
    return rc;
}

static int probe(const struct hr_args *args)
{
    char *const *line;
    int words = hr_arg_line(args, &line);
    uint64_t seconds = hr_arg_count(args, "seconds");
    bool measure = hr_arg_flag(args, "ceilings");

    if (seconds < 1 || seconds > SECONDS_MAX) {
        return hr_exit_of(
            hr_fail(EINVAL, "--seconds %llu: 1 to %d", (unsigned long long)seconds, SECONDS_MAX));
    }
    char *root = root_of(args);
    if (!root) {
        return HR_EXIT_INPUT;
    }
    if (measure && *root) {
        free(root);
        return hr_exit_of(hr_fail(EINVAL, "--ceilings measures this host: leave out --root"));
    }
    if (hr_arg_text(args, "only")) {
        int rc = measure || hr_arg_text(args, "json")
                     ? hr_fail(EINVAL, "--only prints facts: leave out --ceilings and --json")
                     : only(hr_arg_text(args, "only"), root);
        free(root);
        return rc ? hr_exit_of(rc) : HR_EXIT_OK;
    }
    hr_clock_init();
    hr_stop_install();
    struct hr_record *record = hr_record_new(words, line);
    if (!record) {
        free(root);
        return hr_exit_of(hr_fail(ENOMEM, "no memory"));
    }
    hr_record_set_new(record, "host", hr_probe_host(root));
    int rc = measure ? measure_ceilings(record, (double)seconds) : 0;
    bool stopped = rc == -EINTR;
    hr_record_finish(record, !stopped);
    if (rc == 0 || stopped) {
        rc = output(record, hr_arg_text(args, "json"));
    }
    hr_record_free(record);
    free(root);
    if (rc) {
        return hr_exit_of(rc);
    }
    return stopped ? HR_EXIT_SIGNAL + hr_stop_signal() : HR_EXIT_OK;
}

const struct hr_command hr_command_probe = {
    .name = "probe",
    .operands = "",
    .summary = "what this host is, how ready it is for measuring, what it can at most",
    .details =
        "  headroom probe                       facts and advice, in well under a second\n"
        "  headroom probe --ceilings            and what memory, cores and clock can at most\n"
        "  headroom probe --json -              as JSON\n"
        "  headroom probe --root captured/box   a host captured by scripts/capture-host\n",
    .options = options,
    .run = probe,
};
