/*
 * report_command.c - `headroom report`: renders results again. It never measures, and it distrusts
 * its input: every result is held to the schema before anything is drawn from it.
 */
#include "harness/command.h"
#include "harness/error.h"
#include "harness/sink.h"
#include "reports/report.h"
#include "reports/sheet.h"
#include "reports/sheet_writers.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static const struct hr_option options[] = {
    {.name = "html",
     .kind = HR_OPT_TEXT,
     .metavar = "FILE",
     .help = "one HTML file with everything in it"},
    {.name = "md", .kind = HR_OPT_TEXT, .metavar = "FILE", .help = "Markdown"},
    {.name = "plots",
     .kind = HR_OPT_TEXT,
     .metavar = "DIR",
     .help = "data and gnuplot scripts, and SVG pictures if gnuplot is there"},
    {.name = "junit",
     .kind = HR_OPT_TEXT,
     .metavar = "FILE",
     .help = "JUnit XML, a test case a case"},
    {.name = "gbench", .kind = HR_OPT_TEXT, .metavar = "FILE", .help = "google-benchmark's JSON"},
    {.name = "color", .kind = HR_OPT_FLAG, .help = "colours in the text summary"},
    {.name = NULL},
};

static int read_results(const char *const *files, int count, json_t **records)
{
    int rc = 0;

    for (int i = 0; i < count && rc == 0; i++) {
        rc = hr_result_read(&records[i], files[i], false);
    }
    return rc;
}

/* The plots go where they were asked for, else into a folder that lives as long as the HTML is
 * written. */
static int write_html(const json_t *record, const char *html, const char *plots)
{
    const char *temporary = getenv("TMPDIR");
    char folder[4096];
    int rc, drawn;

    if (plots) {
        return hr_report_html(record, plots, html);
    }
    rc = snprintf(folder, sizeof(folder), "%s/headroom-plots.XXXXXX",
                  temporary && *temporary ? temporary : "/tmp");
    if (rc >= (int)sizeof(folder) || !mkdtemp(folder)) {
        return hr_report_html(record, NULL, html);
    }
    rc = hr_report_plots(record, folder, &drawn);
    rc = rc ? rc : hr_report_html(record, folder, html);
    hr_report_plots_remove(folder);
    return rc;
}

static int render_one(const struct hr_args *args, const json_t *record)
{
    const char *html = hr_arg_text(args, "html"), *md = hr_arg_text(args, "md");
    const char *plots = hr_arg_text(args, "plots"), *junit = hr_arg_text(args, "junit");
    const char *gbench = hr_arg_text(args, "gbench");
    int rc = 0, drawn = 0;

    if (plots) {
        rc = hr_report_plots(record, plots, &drawn);
        if (rc == 0 && drawn == 0) {
            fprintf(stderr,
                    "headroom: no picture was drawn (gnuplot is missing, or there was no data); "
                    "data and scripts are in %s\n",
                    plots);
        }
    }
    if (rc == 0 && md) {
        rc = hr_report_markdown(record, md);
    }
    if (rc == 0 && html) {
        rc = write_html(record, html, plots);
    }
    if (rc == 0 && junit) {
        rc = hr_report_junit(record, junit);
    }
    if (rc == 0 && gbench) {
        rc = hr_report_gbench(record, gbench);
    }
    if (rc == 0 && !html && !md && !plots && !junit && !gbench) {
        rc = hr_report_text(record, stdout, hr_arg_flag(args, "color"));
    }
    return rc;
}

static int write_sheet(const json_t *sheet, const char *file, int html)
{
    struct hr_sink sink;
    int rc = hr_sink_open(&sink, file);

    if (rc == 0) {
        rc = html ? hr_write_html(sheet, sink.out, "Headroom results side by side", NULL, NULL)
                  : hr_write_markdown(sheet, sink.out, "Headroom results side by side", NULL, NULL);
        rc = hr_sink_close(&sink, rc);
    }
    return rc;
}

static int render_several(const struct hr_args *args, json_t *const *records,
                          const char *const *files, int count)
{
    const char *html = hr_arg_text(args, "html"), *md = hr_arg_text(args, "md");
    json_t *sheet;
    int rc = 0;

    if (hr_arg_text(args, "plots") || hr_arg_text(args, "junit") || hr_arg_text(args, "gbench")) {
        return hr_fail(EINVAL, "--plots, --junit and --gbench take one result, %d were given",
                       count);
    }
    sheet = hr_sheet_of_several((const json_t *const *)records, files, count);
    if (md) {
        rc = write_sheet(sheet, md, 0);
    }
    if (rc == 0 && html) {
        rc = write_sheet(sheet, html, 1);
    }
    if (rc == 0 && !html && !md) {
        rc = hr_write_text(sheet, stdout, hr_arg_flag(args, "color"));
    }
    json_decref(sheet);
    return rc;
}

static int run(const struct hr_args *args)
{
    static const char *const outputs[] = {"html", "md", "junit", "gbench", NULL};
    const char *const *files;
    int count = hr_arg_operands(args, &files), rc, i;
    json_t **records = calloc((size_t)count, sizeof(json_t *));

    if (!records) {
        return hr_exit_of(hr_fail(ENOMEM, "no memory for %d results", count));
    }
    rc = hr_args_check_outputs(args, outputs, files, count);
    rc = rc ? rc : read_results(files, count, records);
    if (rc == 0) {
        rc =
            count == 1 ? render_one(args, records[0]) : render_several(args, records, files, count);
    }
    for (i = 0; i < count; i++) {
        json_decref(records[i]);
    }
    free(records);
    return rc ? hr_exit_of(rc) : HR_EXIT_OK;
}

const struct hr_command hr_command_report = {
    .name = "report",
    .operands = "RESULT.json…",
    .operands_min = 1,
    .operands_max = 26,
    .summary = "render results again: text, HTML, Markdown, plots, JUnit; never measures",
    .details = "Without an output option the text summary goes to standard output. FILE may be -.\n"
               "Several results are shown side by side; that is a view, not a verdict.\n"
               "\n"
               "  headroom report results/latest/result.json\n"
               "  headroom report results/latest/result.json --html report.html\n"
               "  headroom report a/result.json b/result.json --md both.md\n",
    .options = options,
    .run = run,
};
