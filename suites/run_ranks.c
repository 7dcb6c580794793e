/*
 * run_ranks.c - who else belongs to this run?
 *
 * Under mpirun every rank starts the same command: rank 0 goes on as if it were alone, the others
 * serve it and say nothing. If rank 0 is killed with a dying rank, its witness finishes the report
 * from what was saved last; what the suite cluster had measured until then is lost.
 */
#include "suites/run_ranks.h"

#include "harness/error.h"
#include "reports/report.h"

#include <stdio.h>
#include <string.h>

#define RANKS_LEAST 3 /* the scalability law needs three points */

int hr_run_ranks_size(const struct hr_bench *bench)
{
    int asked = (int)hr_config_count(bench->rig.config, "cluster.ranks");

    if (bench->ranks) {
        return hr_ranks_size(bench->ranks);
    }
    if (asked) {
        return asked;
    }
    return bench->rig.cpus_count > RANKS_LEAST ? bench->rig.cpus_count : RANKS_LEAST;
}

/* ---- what is left when rank 0 is gone ---------------------------------------------- */

static void mark(json_t *record, const char *why)
{
    json_t *warnings = json_object_get(record, "warnings"),
           *suites = json_object_get(record, "suites"), *suite;
    char line[400];

    snprintf(line, sizeof(line), "%s: the run ended there", why);
    json_array_append_new(warnings, json_string(line));
    suite =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:f, s:[]}", "name", "cluster", "question",
                  "Do more nodes carry more orders?", "status", "invalid", "reason", line, "advice",
                  "look at that rank's host: what ended it?", "seconds", 0.0, "cases");
    json_array_append_new(suites, suite);
    json_object_set_new(record, "complete", json_false());
    json_object_set_new(record, "verdict",
                        json_pack("{s:s, s:s}", "status", "invalid", "line", line));
}

static void write_partial(const char *folder, const char *why)
{
    char file[1200];
    json_t *record = NULL;

    fprintf(stderr, "headroom: %s\n", why);
    if (!*folder) {
        return;
    }
    snprintf(file, sizeof(file), "%s/result.json", folder);
    if (hr_record_read(&record, file) || json_is_true(json_object_get(record, "complete"))) {
        return; /* nothing was saved yet, or all of it */
    }
    mark(record, why);
    hr_json_write(record, 1, file);
    snprintf(file, sizeof(file), "%s/report.html", folder);
    hr_report_html(record, NULL, file);
    snprintf(file, sizeof(file), "%s/report.md", folder);
    hr_report_markdown(record, file);
    fprintf(stderr, "headroom: what was finished before is in %s\n", folder);
    json_decref(record);
}

/* ---- who they are ------------------------------------------------------------------- */

int hr_run_ranks_join(struct hr_bench *bench)
{
    return hr_ranks_join(&bench->ranks, write_partial);
}

int hr_run_ranks_serve(struct hr_bench *bench, const struct hr_cluster_parts *parts)
{
    hr_cluster_serve(bench->ranks, parts);
    hr_error_clear();
    hr_run_ranks_end(bench, HR_EXIT_OK);
    return HR_EXIT_OK;
}

static void serve(struct hr_ranks *ranks, void *context)
{
    hr_cluster_serve(ranks, context);
}

static bool has_cluster(const struct hr_bench *bench, const json_t *plan)
{
    const json_t *c;
    size_t i;

    json_array_foreach (json_object_get(plan, "cases"), i, c) {
        const char *id = json_string_value(json_object_get(c, "id"));

        if (id && strncmp(id, "cluster/", 8) == 0 && hr_case_wanted(&bench->rig, id)) {
            return true;
        }
    }
    return false;
}

void hr_run_ranks_fork(struct hr_bench *bench, const json_t *plan)
{
    if (bench->ranks || !has_cluster(bench, plan)) {
        return;
    }
    if (hr_ranks_fork(&bench->ranks, hr_run_ranks_size(bench), serve, &bench->parts)) {
        snprintf(bench->no_ranks, sizeof(bench->no_ranks), "%s", hr_error());
        hr_error_clear();
    }
}

void hr_run_ranks_end(struct hr_bench *bench, int status)
{
    if (bench->ranks && hr_ranks_rank(bench->ranks) == 0 && hr_ranks_lost(bench->ranks) >= 0) {
        if (!*hr_error()) {
            hr_ranks_tell_lost(bench->ranks);
        }
        fprintf(stderr, "headroom: %s\n", hr_error()); /* under MPI nobody comes to say it */
        hr_error_clear();
    }
    hr_ranks_end(bench->ranks, status);
    bench->ranks = NULL;
}
