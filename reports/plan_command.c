/*
 * plan_command.c - `headroom plan`: what should I buy? Reads results and a catalog, measures
 * nothing, and distrusts both.
 */
#include "harness/command.h"
#include "harness/error.h"
#include "harness/record.h"
#include "harness/sink.h"
#include "reports/catalog.h"
#include "reports/plan.h"
#include "reports/report.h"
#include "reports/sheet.h"
#include "reports/sheet_writers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RESULTS_MAX 26

static const struct hr_option options[] = {
    {.name = "catalog",
     .kind = HR_OPT_LIST,
     .metavar = "FILE.yaml",
     .help = "what machines cost and promise"},
    {.name = "require",
     .kind = HR_OPT_LIST,
     .metavar = "NAME=VALUE[@CONDITION,…]",
     .help = "at least this much: rate, markets, memory, bandwidth, decode"},
    {.name = "budget", .kind = HR_OPT_TEXT, .metavar = "MONEY", .help = "e.g. 'AUD 8343'"},
    {.name = "restrict",
     .kind = HR_OPT_LIST,
     .metavar = "MONEY:vendor=NAME",
     .help = "part of the budget that buys from one vendor only"},
    {.name = "exchange",
     .kind = HR_OPT_LIST,
     .metavar = "CUR=X",
     .help = "what one of a currency is worth in the budget's"},
    {.name = "horizon",
     .kind = HR_OPT_TEXT,
     .metavar = "TIME",
     .preset = "36mo",
     .help = "months or years (3y) over which a purchase is spread"},
    {.name = "energy", .kind = HR_OPT_TEXT, .metavar = "MONEY/kWh", .help = "e.g. 0.15/kWh"},
    {.name = "memory-share",
     .kind = HR_OPT_TEXT,
     .metavar = "%",
     .preset = "90",
     .help = "of a machine's memory that books may take"},
    {.name = "json", .kind = HR_OPT_TEXT, .metavar = "FILE", .help = "the plan as JSON"},
    {.name = "html",
     .kind = HR_OPT_TEXT,
     .metavar = "FILE",
     .help = "one page with everything in it, plots too"},
    {.name = "md", .kind = HR_OPT_TEXT, .metavar = "FILE", .help = "Markdown"},
    {.name = "plots",
     .kind = HR_OPT_TEXT,
     .metavar = "DIR",
     .help = "data and gnuplot scripts, and SVG pictures if gnuplot is there"},
    {.name = "color", .kind = HR_OPT_FLAG, .help = "colours in the text"},
    {.name = NULL},
};

/* ---- inputs -------------------------------------------------------------------------------------
 */

static int read_catalogs(const struct hr_args *args, json_t **catalog)
{
    const char *const *files;
    int count = hr_arg_list(args, "catalog", &files), rc = 0;

    for (int i = 0; rc == 0 && i < count; i++) {
        rc = hr_catalog_read(catalog, files[i]);
    }
    return rc;
}

/* FILE, or ID=FILE with an id of the catalog. */
static int split_operand(const json_t *catalog, const char *operand, char id[128],
                         struct hr_plan_result *result)
{
    const char *equals = strchr(operand, '=');

    result->file = operand;
    if (!equals || access(operand, F_OK) == 0) {
        return 0;
    }
    snprintf(id, 128, "%.*s", (int)(equals - operand), operand);
    if (!hr_catalog_find(catalog, id)) {
        return hr_fail(EINVAL, "%s: '%s' is no machine of the catalog, and no such file is there",
                       operand, id);
    }
    result->id = id;
    result->file = equals + 1;
    return 0;
}

static int check_outputs(const struct hr_args *args, const struct hr_plan_result *results,
                         int count)
{
    static const char *const outputs[] = {"json", "html", "md", NULL};
    const char *const *catalogs;
    int catalog_count = hr_arg_list(args, "catalog", &catalogs);
    int rc = hr_args_check_outputs(args, outputs, catalogs, catalog_count);

    for (int i = 0; rc == 0 && i < count; i++) {
        rc = hr_args_check_outputs(args, outputs, &results[i].file, 1);
    }
    return rc;
}

/* ---- outputs ------------------------------------------------------------------------------------
 */

static const char title[] = "Headroom purchase plan";

/* The plots go where they were asked for, else into a folder that lives as long as the page is
 * written. */
static int write_page(const json_t *plan, const json_t *sheet, const char *file, const char *plots)
{
    const char *temporary = getenv("TMPDIR");
    char folder[4096];
    struct hr_sink sink;
    int drawn, rc = 0, made = 0;

    if (!plots) {
        int length = snprintf(folder, sizeof(folder), "%s/headroom-plots.XXXXXX",
                              temporary && *temporary ? temporary : "/tmp");

        made = length < (int)sizeof(folder) && mkdtemp(folder);
        rc = made ? hr_plots_draw(hr_plan_plots, plan, folder, &drawn) : 0;
    }
    rc = rc ? rc : hr_sink_open(&sink, file);
    if (rc == 0) {
        rc = hr_write_html(sheet, sink.out, title, plan, plots ? plots : made ? folder : NULL);
        rc = hr_sink_close(&sink, rc);
    }
    if (made) {
        hr_plots_remove(hr_plan_plots, folder);
    }
    return rc;
}

static int write_markdown(const json_t *sheet, const char *file)
{
    struct hr_sink sink;
    int rc = hr_sink_open(&sink, file);

    if (rc) {
        return rc;
    }
    return hr_sink_close(&sink, hr_write_markdown(sheet, sink.out, title, NULL, NULL));
}

static int write_plan(const struct hr_args *args, const json_t *plan, const json_t *several)
{
    const char *json = hr_arg_text(args, "json"), *html = hr_arg_text(args, "html");
    const char *md = hr_arg_text(args, "md"), *plots = hr_arg_text(args, "plots");
    bool page = md || html;
    json_t *sheet = hr_sheet_of_plan(plan, page ? several : NULL); /* too wide for a terminal */
    int rc = 0, drawn = 0;

    if (plots) {
        rc = hr_plots_draw(hr_plan_plots, plan, plots, &drawn);
        if (rc == 0 && drawn == 0) {
            fprintf(stderr,
                    "headroom: no picture was drawn (gnuplot is missing, or there was no data); "
                    "data and scripts are in %s\n",
                    plots);
        }
    }
    rc = rc == 0 && json ? hr_json_write(plan, 1, json) : rc;
    rc = rc == 0 && md ? write_markdown(sheet, md) : rc;
    rc = rc == 0 && html ? write_page(plan, sheet, html, plots) : rc;
    if (rc == 0 && !json && !md && !html && !plots) {
        rc = hr_write_text(sheet, stdout, hr_arg_flag(args, "color"));
    }
    json_decref(sheet);
    return rc;
}

static json_t *side_by_side(const struct hr_plan_result *results, int count)
{
    const json_t *records[RESULTS_MAX];
    const char *names[RESULTS_MAX];

    for (int i = 0; i < count; i++) {
        records[i] = results[i].record;
        names[i] = results[i].file;
    }
    return count > 1 ? hr_sheet_of_several(records, names, count) : NULL;
}

static int plan_all(const struct hr_args *args, const json_t *catalog,
                    const struct hr_plan_result *results, int count)
{
    struct hr_plan_flags flags = {.budget = hr_arg_text(args, "budget"),
                                  .horizon = hr_arg_text(args, "horizon"),
                                  .energy = hr_arg_text(args, "energy"),
                                  .memory_share = hr_arg_text(args, "memory-share")};
    struct hr_plan_terms terms;
    json_t *plan, *several;
    int rc;

    flags.requires = hr_arg_list(args, "require", &flags.require);
    flags.restricts = hr_arg_list(args, "restrict", &flags.restrict_to);
    flags.exchanges = hr_arg_list(args, "exchange", &flags.exchange);
    rc = hr_plan_terms_parse(&terms, &flags, catalog);
    rc = rc ? rc : check_outputs(args, results, count);
    if (rc) {
        return rc;
    }
    plan = hr_plan_make(&terms, catalog, results, count);
    if (!plan) {
        return hr_error()[0] ? -EINVAL : hr_fail(ENOMEM, "out of memory");
    }
    several = side_by_side(results, count);
    rc = write_plan(args, plan, several);
    json_decref(several);
    json_decref(plan);
    return rc;
}

/* A folder of results and its `latest` hold the same one twice, and that is one machine. The next
 * place in the list, which stays where it is if the result is there already. */
static int take_result(struct hr_plan_result *results, int *next)
{
    const struct hr_plan_result *new = &results[*next];

    for (int i = 0; i < *next; i++) {
        const char *id = new->id ? new->id : results[i].id;

        if (!json_equal(results[i].record, new->record)) {
            continue;
        }
        if (results[i].id && strcmp(results[i].id, id) != 0) {
            return hr_fail(EINVAL, "%s is the same result as %s: it cannot be %s and %s", new->file,
                           results[i].file, results[i].id, id);
        }
        fprintf(stderr, "headroom: %s is the same result as %s: it counts once\n", new->file,
                results[i].file);
        results[i].id = id;
        return 0;
    }
    ++*next;
    return 0;
}

static int run(const struct hr_args *args)
{
    struct hr_plan_result results[RESULTS_MAX] = {{0}};
    char ids[RESULTS_MAX][128];
    const char *const *operands;
    int count = hr_arg_operands(args, &operands), kept = 0, rc;
    json_t *catalog = NULL, *records[RESULTS_MAX] = {NULL};

    rc = read_catalogs(args, &catalog);
    for (int i = 0; rc == 0 && i < count; i++) {
        results[kept] = (struct hr_plan_result){0};
        rc = split_operand(catalog, operands[i], ids[i], &results[kept]);
        rc = rc ? rc : hr_result_read(&records[i], results[kept].file, false);
        results[kept].record = records[i];
        rc = rc ? rc : take_result(results, &kept);
    }
    rc = rc ? rc : plan_all(args, catalog, results, kept);
    for (int i = 0; i < count; i++) {
        json_decref(records[i]);
    }
    json_decref(catalog);
    return rc ? hr_exit_of(rc) : HR_EXIT_OK;
}

const struct hr_command hr_command_plan = {
    .name = "plan",
    .operands = "[MACHINE=]RESULT.json…",
    .operands_min = 1,
    .operands_max = RESULTS_MAX,
    .summary = "what should I buy? Requirement, cost and budget over several results",
    .details =
        "A result is found in the catalog by its host; MACHINE=RESULT.json says which it is. "
        "Machines\n"
        "of the catalog without a result are projections: upper bounds, never ranked above "
        "results.\n"
        "Without an output option a table goes to standard output. FILE may be -.\n"
        "\n"
        "Requirements, each at least so much:\n"
        "  rate=1e6@p99.9<=10us         orders/s at a tail bound (a capacity case); also "
        ",path=NAME\n"
        "                               and ,engine=NAME; without a bound the highest throughput\n"
        "  markets=5e6@depth=10         markets in memory, at the measured bytes a market\n"
        "  memory=64GiB  bandwidth=200GB/s\n"
        "  decode=15@model=llama-3.1-70b   tokens/s, from the inference suite\n"
        "\n"
        "  headroom plan a/result.json b/result.json --require rate=1e6@p99.9<=1ms\n"
        "  headroom plan results/*.json --catalog configs/catalog/documents.yaml \\\n"
        "      --require 'markets=5e6' --require 'rate=1e6@p99.9<=10us' --budget 'AUD 8343' \\\n"
        "      --restrict 'AUD 3900:vendor=Apple' --horizon 36mo --energy 0.15/kWh --html "
        "plan.html\n"
        "  headroom plan vm-2cpu=result.json --catalog mine.yaml --exchange USD=1.52 --json -\n",
    .options = options,
    .run = run,
};
