/*
 * compare_command.c - `headroom compare`: the gate. Reads results, has them compared, writes what
 * was asked for, and ends with a status that a build can act on. --selftest shows how often the
 * gate itself is wrong.
 */
#include "harness/command.h"
#include "harness/error.h"
#include "harness/gate_trials.h"
#include "harness/record.h"
#include "reports/compare.h"
#include "reports/report.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TRIALS 4000
#define SEED 1

static const struct hr_option options[] = {
    {"min-effect", 0, HR_OPT_TEXT, "PERCENT", NULL,
     "smallest change that counts, of every figure (default: 2 rates and medians, 5 p99, 10 "
     "beyond)"},
    {"gate", 0, HR_OPT_TEXT, "REGEX", NULL,
     "figures that gate, held against CASE:METRIC (default: throughput of named flows, market "
     "counts "
     "and crossings; closed-loop p50 and p99)"},
    {"fail-on", 0, HR_OPT_TEXT, "WHAT", "regression",
     "regression, inconclusive (both then), or none"},
    {"again", 0, HR_OPT_LIST, "FILE", NULL,
     "a further result of the old build: how far it lies from OLD is a noise floor; may be "
     "repeated"},
    {"across-hosts", 0, HR_OPT_FLAG, NULL, NULL,
     "different machines: ratios only, nothing is judged"},
    {"all", 0, HR_OPT_FLAG, NULL, NULL, "also list information that did not change"},
    {"md", 0, HR_OPT_TEXT, "FILE|-", NULL, "Markdown, for a pull request"},
    {"junit", 0, HR_OPT_TEXT, "FILE|-", NULL, "JUnit XML, a test case for each figure that gates"},
    {"json", 0, HR_OPT_TEXT, "FILE|-", NULL, "everything, as JSON"},
    {"selftest", 0, HR_OPT_FLAG, NULL, NULL,
     "compare simulated runs whose answer is known, and print how often the gate is wrong"},
    {.name = NULL},
};

/* ---- the gate's own error rates ----------------------------------------------------------- */

static int selftest(void)
{
    int broken = 0;

    printf("Simulated comparisons, %d of each, judged by the code that judges results.\n\n"
           "%-44s %10s %12s %6s %12s  %s\n",
           TRIALS, "runs as they were drawn", "regression", "improvement", "same", "inconclusive",
           "promise");
    for (const struct hr_gate_trial *t = hr_gate_trials; t->name; t++) {
        struct hr_gate_rates rates;
        char promise[64] = "none: why runs are interleaved";
        int rc = hr_gate_trial_run(t, SEED, TRIALS, &rates);

        if (rc) {
            return hr_exit_of(rc);
        }
        if (t->wrong_max > 0) {
            snprintf(promise, sizeof(promise), "regression < %g %%: %s", 100 * t->wrong_max,
                     rates.holds ? "holds" : "BROKEN");
        } else if (t->found_min > 0) {
            snprintf(promise, sizeof(promise), "regression > %g %%: %s", 100 * t->found_min,
                     rates.holds ? "holds" : "BROKEN");
        }
        printf("%-44s %8.2f %% %10.2f %% %4.0f %% %10.0f %%  %s\n", t->name, 100 * rates.regression,
               100 * rates.improvement, 100 * rates.same, 100 * rates.inconclusive, promise);
        broken += !rates.holds;
    }
    printf("\n%s\n", broken ? "The gate breaks its promise." : "The gate keeps its promises.");
    return broken ? HR_EXIT_VERDICT : HR_EXIT_OK;
}

/* ---- what was asked for ------------------------------------------------------------------- */

static int read_percent(const char *text, double *share)
{
    char *end;

    *share = 0;
    if (!text) {
        return 0;
    }
    *share = strtod(text, &end) / 100;
    while (*end == ' ' || *end == '%') {
        end++;
    }
    return end != text && !*end && *share > 0 && *share < 1
               ? 0
               : hr_fail(EINVAL, "--min-effect '%.40s' is not a percentage above 0 and below 100",
                         text);
}

static int read_fail_on(const char *text, bool *regression, bool *inconclusive)
{
    *inconclusive = strcmp(text, "inconclusive") == 0;
    *regression = *inconclusive || strcmp(text, "regression") == 0;
    return *regression || strcmp(text, "none") == 0
               ? 0
               : hr_fail(EINVAL, "--fail-on '%.40s' is none of regression, inconclusive, none",
                         text);
}

static const char *const outputs[] = {"md", "junit", "json", NULL};

static bool is_stdout(const char *file)
{
    return file && strcmp(file, "-") == 0;
}

static int write_all(const struct hr_args *args, json_t *comparisons)
{
    const char *md = hr_arg_text(args, "md"), *junit = hr_arg_text(args, "junit");
    const char *json = hr_arg_text(args, "json"), *no_color = getenv("NO_COLOR");
    bool all = hr_arg_flag(args, "all"), color = isatty(STDOUT_FILENO) && !(no_color && *no_color);
    const json_t *comparison;
    size_t i;
    int rc = md ? hr_compare_markdown(comparisons, all, md) : 0;

    rc = rc == 0 && junit ? hr_compare_junit(comparisons, junit) : rc;
    if (rc == 0 && json) {
        json_t *document = json_pack("{s:O}", "comparisons", comparisons);

        rc = document ? hr_json_write(document, 2, json) : hr_fail(ENOMEM, "no memory for JSON");
        json_decref(document);
    }
    if (!is_stdout(md) && !is_stdout(junit) && !is_stdout(json)) {
        json_array_foreach (comparisons, i, comparison) {
            rc = rc ? rc : hr_compare_text(comparison, stdout, color, all);
        }
    }
    return rc;
}

/* ---- comparing ---------------------------------------------------------------------------- */

struct inputs {
    json_t *records[HR_COMPARE_FILES_MAX], *again[HR_COMPARE_FILES_MAX];
    const char *const *files;
    int count;
    struct hr_compare_options options;
    json_t *comparisons;
};

static int compare_all(struct inputs *in)
{
    json_t *comparison = NULL;
    int rc = 0;

    if (in->count == 1 && !hr_compare_is_interleaved(in->records[0])) {
        return hr_fail(EINVAL,
                       "%s holds one engine: give a second result, or one of `headroom run "
                       "--against`",
                       in->files[0]);
    }
    if (in->count == 1) {
        rc = hr_compare_interleaved(in->records[0], in->files[0], &in->options, &comparison);
        return rc ? rc : json_array_append_new(in->comparisons, comparison);
    }
    for (int i = 1; i < in->count && rc == 0; i++) {
        rc = hr_compare_stored(in->records[0], in->files[0], in->records[i], in->files[i],
                               &in->options, &comparison);
        rc = rc ? rc : json_array_append_new(in->comparisons, comparison);
    }
    return rc;
}

static int read_all(const struct hr_args *args, struct inputs *in)
{
    const char *const *again;
    int n = hr_arg_list(args, "again", &again), rc = 0;

    if (n > HR_COMPARE_FILES_MAX) {
        return hr_fail(EINVAL, "--again is given %d times, at most %d", n, HR_COMPARE_FILES_MAX);
    }
    for (int i = 0; i < in->count && rc == 0; i++) {
        rc = hr_result_read(in->records + i, in->files[i], true);
    }
    for (int i = 0; i < n && rc == 0; i++) {
        rc = hr_result_read(in->again + i, again[i], true);
    }
    rc = rc ? rc : hr_args_check_outputs(args, outputs, again, n);
    in->options.again = in->again;
    in->options.again_count = n;
    return rc;
}

/* The worst of them. */
static int exit_status(const json_t *comparisons, bool on_regression, bool on_inconclusive)
{
    static const int order[] = {HR_EXIT_VERDICT, HR_EXIT_INVALID, HR_EXIT_INCONCLUSIVE};
    const json_t *comparison;
    size_t i;

    for (size_t k = 0; k < sizeof(order) / sizeof(order[0]) && on_regression; k++) {
        json_array_foreach (comparisons, i, comparison) {
            if (hr_compare_exit(comparison, on_inconclusive) == order[k]) {
                return order[k];
            }
        }
    }
    return HR_EXIT_OK;
}

static int run(const struct hr_args *args)
{
    struct inputs in = {.comparisons = json_array()};
    bool on_regression, on_inconclusive;
    int rc;

    if (hr_arg_flag(args, "selftest")) {
        json_decref(in.comparisons);
        return selftest();
    }
    in.count = hr_arg_operands(args, &in.files);
    in.options.gate = hr_arg_text(args, "gate");
    in.options.across_hosts = hr_arg_flag(args, "across-hosts");
    rc = in.count
             ? 0
             : hr_fail(EINVAL, "compare needs OLD.json and NEW.json; `headroom compare --help`");
    rc = rc ? rc : read_percent(hr_arg_text(args, "min-effect"), &in.options.effect_min);
    rc = rc ? rc : read_fail_on(hr_arg_text(args, "fail-on"), &on_regression, &on_inconclusive);
    rc = rc ? rc : hr_args_check_outputs(args, outputs, in.files, in.count);
    rc = rc ? rc : read_all(args, &in);
    rc = rc ? rc : compare_all(&in);
    rc = rc ? rc : write_all(args, in.comparisons);
    rc = rc == -EXDEV ? HR_EXIT_INCOMPARABLE
         : rc         ? hr_exit_of(rc)
                      : exit_status(in.comparisons, on_regression, on_inconclusive);
    for (int i = 0; i < HR_COMPARE_FILES_MAX; i++) {
        json_decref(in.records[i]);
        json_decref(in.again[i]);
    }
    json_decref(in.comparisons);
    return rc;
}

const struct hr_command hr_command_compare = {
    .name = "compare",
    .operands = "OLD.json NEW.json…",
    .operands_min = 0,
    .operands_max = HR_COMPARE_FILES_MAX,
    .summary = "tell regressions from noise between results: the gate for CI",
    .details =
        "Each figure is one of: regression, improvement, same, inconclusive (with how many more "
        "runs it\n"
        "would take). The margin is the larger of --min-effect and 1.5 times the noise floor. "
        "Stored results\n"
        "must be of one host and one workload; one RESULT.json of `headroom run --against` is "
        "judged alone,\n"
        "and sees smaller changes, since its runs take turns.\n"
        "Exit status: 0 no regression, 1 a regression, 2 wrong input, 3 a gating figure could not "
        "be compared\n"
        "(INVALID, SKIP or missing), 4 inconclusive (with --fail-on inconclusive), 5 the results "
        "cannot be compared.\n\n"
        "  headroom compare old/result.json new/result.json\n"
        "  headroom compare base.json pr.json --md comment.md --junit junit.xml\n"
        "  headroom compare base.json pr.json --again base2.json --fail-on inconclusive\n"
        "  headroom compare mine.json theirs.json --across-hosts\n"
        "  headroom compare results/latest/result.json        (of run --against)\n"
        "  headroom compare --selftest\n",
    .options = options,
    .run = run,
};
