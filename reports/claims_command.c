/*
 * claims_command.c - `headroom claims`: one verdict for each claim, from results that were measured
 * before, or from arithmetic alone. It never measures. With --fail-on it is a gate.
 */
#include "harness/command.h"
#include "harness/error.h"
#include "harness/record.h"
#include "harness/sink.h"
#include "reports/claims.h"
#include "reports/record_view.h"
#include "reports/report.h"
#include "reports/sheet.h"
#include "reports/sheet_writers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct hr_option options[] = {
    {.name = "claims",
     .kind = HR_OPT_LIST,
     .metavar = "FILE",
     .help = "claims of your own instead of those in configs/claims/; may be repeated"},
    {.name = "fail-on",
     .kind = HR_OPT_TEXT,
     .metavar = "VERDICTS",
     .help = "exit 1 if a claim got one of them: refuted, short, contradicts, undefined, untested; "
             "a comma between"},
    {.name = "only",
     .kind = HR_OPT_TEXT,
     .metavar = "VERDICTS",
     .help = "show these in table and Markdown; besides those above: validated, met, external, "
             "configuration"},
    {.name = "json", .kind = HR_OPT_TEXT, .metavar = "FILE|-", .help = "verdicts with all numbers"},
    {.name = "md", .kind = HR_OPT_TEXT, .metavar = "FILE|-", .help = "Markdown"},
    {.name = "junit",
     .kind = HR_OPT_TEXT,
     .metavar = "FILE|-",
     .help = "JUnit XML, a test case a claim"},
    {.name = "color", .kind = HR_OPT_FLAG, .help = "colours in the table"},
    {.name = NULL},
};

/* What --fail-on and --only understand. */
static const struct {
    const char *word;
    enum hr_claim_verdict verdict;
} words[] = {
    {"refuted", HR_REFUTED_BY_ARITHMETIC},
    {"refuted", HR_REFUTED_BY_MEASUREMENT},
    {"short", HR_SHORT_HERE},
    {"contradicts", HR_CONTRADICTS},
    {"undefined", HR_UNDEFINED},
    {"untested", HR_NOT_TESTABLE_HERE},
    {"validated", HR_VALIDATED},
    {"met", HR_MET_HERE},
    {"external", HR_EXTERNAL},
    {"configuration", HR_CONFIGURATION},
};
#define WORDS (sizeof(words) / sizeof(words[0]))

static int parse_verdicts(const struct hr_args *args, const char *option, bool of[HR_VERDICTS])
{
    const char *text = hr_arg_text(args, option);

    while (text && *text) {
        size_t length = strcspn(text, ",|");
        bool known = false;

        for (size_t i = 0; i < WORDS; i++) {
            if (strlen(words[i].word) == length && strncmp(text, words[i].word, length) == 0) {
                of[words[i].verdict] = known = true;
            }
        }
        if (!known) {
            return hr_fail(EINVAL,
                           "--%s %.*s: no such verdict; `headroom claims --help` lists them, with "
                           "commas between",
                           option, (int)(length < 40 ? length : 40), text);
        }
        text += length;
        text += *text != '\0';
    }
    return 0;
}

/* The claims that are shown. New reference. */
static json_t *shown_of(json_t *judged, const bool only[HR_VERDICTS], bool all)
{
    json_t *shown = json_array(), *claim;
    size_t i;

    json_array_foreach (judged, i, claim) {
        if (all || only[hr_verdict_of(claim)]) {
            json_array_append(shown, claim);
        }
    }
    return shown;
}

static int read_results(const char *const *files, int count, json_t **records)
{
    for (int i = 0; i < count; i++) {
        int rc = hr_result_read(&records[i], files[i], true);

        if (rc) {
            return rc;
        }
    }
    return 0;
}

static json_t *document_of(json_t *judged, json_t *const *records, const char *const *files,
                           int count)
{
    json_t *results = json_array(), *counts = json_object();
    const json_t *claim;
    size_t i;

    for (int r = 0; r < count; r++) {
        const json_t *host = json_object_get(records[r], "host");

        json_array_append_new(
            results, json_pack("{s:o, s:o, s:o}", "file", hr_sheet_string(files[r]), "fingerprint",
                               hr_sheet_string(hr_view_text(host, "fingerprint")), "line",
                               hr_sheet_string(hr_view_text(host, "line"))));
    }
    for (int v = 0; v < HR_VERDICTS; v++) {
        json_int_t n = 0;

        json_array_foreach (judged, i, claim) {
            n += hr_verdict_of(claim) == (enum hr_claim_verdict)v;
        }
        json_object_set_new(counts, hr_verdict_names[v], json_integer(n));
    }
    return json_pack("{s:O, s:o, s:o}", "claims", judged, "counts", counts, "results", results);
}

static void add_results(json_t *sheet, json_t *const *records, const char *const *files, int count)
{
    hr_sheet_heading(sheet, "claims", "Claims");
    if (count == 0) {
        hr_sheet_say(sheet, "note", "No result was given: judged by arithmetic alone.");
    }
    for (int i = 0; i < count; i++) {
        hr_sheet_say(sheet, "note", "Measured: %s (%s)", files[i],
                     hr_view_text(json_object_get(records[i], "host"), "line"));
    }
}

static int write_sheet(const json_t *sheet, const char *markdown, int color)
{
    struct hr_sink sink;
    int rc;

    if (!markdown) {
        return hr_write_text(sheet, stdout, color);
    }
    rc = hr_sink_open(&sink, markdown);
    if (rc) {
        return rc;
    }
    rc = hr_write_markdown(sheet, sink.out, "Headroom claims", NULL, NULL);
    return hr_sink_close(&sink, rc);
}

static int write_all(const struct hr_args *args, json_t *judged, json_t *const *records,
                     const char *const *files, int count)
{
    const char *json = hr_arg_text(args, "json"), *md = hr_arg_text(args, "md");
    const char *junit = hr_arg_text(args, "junit");
    int rc = 0;

    if (json) {
        json_t *document = document_of(judged, records, files, count);

        rc = hr_json_write(document, 1, json);
        json_decref(document);
    }
    if (rc == 0 && junit) {
        rc = hr_claims_junit(judged, junit);
    }
    if (rc == 0 && (md || (!json && !junit))) {
        bool only[HR_VERDICTS] = {false};
        json_t *sheet = json_array(), *shown;

        (void)parse_verdicts(args, "only", only); /* it was checked at the start */
        shown = shown_of(judged, only, !hr_arg_text(args, "only"));
        add_results(sheet, records, files, count);
        if (json_array_size(shown) > 0) {
            hr_sheet_claims(sheet, shown, false);
        } else {
            hr_sheet_say(sheet, "note", "None of %zu claims got a verdict that --only names.",
                         json_array_size(judged));
        }
        rc = write_sheet(sheet, md, hr_arg_flag(args, "color"));
        json_decref(shown);
        json_decref(sheet);
    }
    return rc;
}

/* The gate: 0, or the exit status with the claims' names as the message. */
static int gate(const json_t *judged, const bool fails[HR_VERDICTS])
{
    char names[HR_ERROR_MAX / 2] = "";
    const json_t *claim;
    size_t at = 0, count = 0, i;

    json_array_foreach (judged, i, claim) {
        if (hr_verdict_of(claim) < HR_VERDICTS && fails[hr_verdict_of(claim)]) {
            const char *id = hr_view_text(claim, "id");

            count++;
            if (at + strlen(id) + 8 < sizeof(names)) {
                at += (size_t)snprintf(names + at, sizeof(names) - at, "%s%s", at ? ", " : "", id);
            }
        }
    }
    if (count == 0) {
        return HR_EXIT_OK;
    }
    hr_fail(EINVAL, "%zu of %zu claims failed: %s%s", count, json_array_size(judged), names,
            at + 60 > sizeof(names) ? " …" : "");
    return HR_EXIT_VERDICT;
}

static int judge(const struct hr_args *args, json_t **records, const char *const *files, int count,
                 const bool fails[HR_VERDICTS])
{
    static const char *const outputs[] = {"json", "md", "junit", NULL};
    const char *const *own;
    int own_count = hr_arg_list(args, "claims", &own), rc, status;
    struct hr_claims *claims;
    json_t *judged;

    rc = hr_args_check_outputs(args, outputs, files, count);
    rc = rc ? rc : hr_args_check_outputs(args, outputs, own, own_count);
    if (rc) {
        return hr_exit_of(rc);
    }
    rc = hr_claims_load(&claims, own_count ? own : NULL, own_count);
    rc = rc ? rc : read_results(files, count, records);
    if (rc) {
        hr_claims_free(claims);
        return hr_exit_of(rc);
    }
    judged = hr_claims_judge(claims, (const json_t *const *)records, count);
    rc = judged ? write_all(args, judged, records, files, count) : -EINVAL;
    status = rc ? hr_exit_of(rc) : gate(judged, fails);
    json_decref(judged);
    hr_claims_free(claims);
    return status;
}

static int run(const struct hr_args *args)
{
    bool fails[HR_VERDICTS] = {false}, only[HR_VERDICTS] = {false};
    const char *const *files;
    int count = hr_arg_operands(args, &files), status;
    json_t **records = calloc((size_t)count + 1, sizeof(json_t *));
    int rc = records ? parse_verdicts(args, "fail-on", fails)
                     : hr_fail(ENOMEM, "no memory for %d results", count);

    rc = rc ? rc : parse_verdicts(args, "only", only);

    status = rc ? hr_exit_of(rc) : judge(args, records, files, count, fails);
    for (int i = 0; records && i < count; i++) {
        json_decref(records[i]);
    }
    free(records);
    return status;
}

const struct hr_command hr_command_claims = {
    .name = "claims",
    .operands = "[RESULT.json…]",
    .operands_min = 0,
    .operands_max = 26,
    .summary = "judge claims by results and by arithmetic: validated, refuted, short, and why",
    .details =
        "Each claim gets one verdict: refuted by arithmetic, refuted by measurement, contradicts,\n"
        "short here, validated, met here, not testable here, undefined, external, configuration.\n"
        "\"Validated\" and \"refuted by measurement\" need a result from the hardware that the "
        "claim\n"
        "is stated for; what another machine shows is \"met here\" or \"short here\", with the "
        "gap.\n"
        "Without a result only arithmetic judges. Without --json, --md and --junit a table goes "
        "to\n"
        "standard output. The keys of a claims file are in configs/claims/README.md.\n"
        "\n"
        "  headroom claims results/latest/result.json\n"
        "  headroom claims results/latest/result.json --claims mine.yaml --fail-on refuted,short\n"
        "  headroom claims --only refuted,contradicts --md claims.md\n",
    .options = options,
    .run = run,
};
