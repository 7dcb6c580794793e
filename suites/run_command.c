/*
 * run_command.c - `headroom run`: from a profile to a folder with a result, a report and an exit
 * status.
 *
 * Config, engine, path, plan; host and ceilings; conformance; the suites; the report. result.json
 * is rewritten after every suite, so that nothing finished is lost to a kill. It judges nothing
 * itself.
 */
#include "suites/run_against.h"
#include "suites/run_folder.h"
#include "suites/run_plan.h"
#include "suites/run_ranks.h"
#include "suites/suite.h"

#include "engine-under-test/loader.h"
#include "harness/clock.h"
#include "harness/command.h"
#include "harness/error.h"
#include "harness/platform/platform.h"
#include "harness/progress.h"
#include "harness/sha256.h"
#include "probes/probe.h"
#include "reports/compare.h"
#include "reports/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILTER_BYTES_MAX 512
#define FILTER_COPIES_MAX 1000

struct session {
    const struct hr_args *args;
    struct hr_config *config;
    struct eut_handle engine, oracle, ruler, shadow;
    struct hr_run_against against;
    struct hr_bench bench;
    struct hr_run_folder folder;
    regex_t filter;
    bool filtered;
    json_t *plan;
    bool to_stdout; /* --json -: standard output is the JSON only */
    int rc;         /* what ended the suites */
};

/* ---- before anything is measured -------------------------------------------------------- */

static int load_config(struct session *s)
{
    const char *const *operands, *const *settings;
    int n = hr_arg_operands(s->args, &operands), rc;

    rc = hr_config_load(&s->config, n ? operands[0] : NULL);
    if (rc) {
        return rc;
    }
    n = hr_arg_list(s->args, "set", &settings);
    for (int i = 0; i < n && rc == 0; i++) {
        rc = hr_config_set(s->config, settings[i], hr_arg_origin(s->args, "set"));
    }
    rc = rc ? rc : hr_config_check(s->config);
    return rc ? rc : hr_suites_check(s->config);
}

/* The C library copies what an interval repeats: nested {1,200} make it fill the memory. */
static bool repeats_too_much(const char *text)
{
    unsigned long copies = 1;

    while ((text = strchr(text, '{')) != NULL) {
        text++;
        while (*text && *text != '}' && copies <= FILTER_COPIES_MAX) {
            char *end;
            unsigned long n = strtoul(text, &end, 10);

            copies *= n > 1 && n <= FILTER_COPIES_MAX ? n : n > 1 ? FILTER_COPIES_MAX + 1 : 1;
            text = end > text ? end : text + 1;
        }
    }
    return copies > FILTER_COPIES_MAX;
}

static int open_filter(struct session *s)
{
    const char *text = hr_arg_text(s->args, "filter");
    char why[200];
    int rc;

    if (!text && s->bench.rig.against) {
        text = HR_COMPARE_CASES; /* what does not gate is not worth forty runs */
    }
    if (!text) {
        return 0;
    }
    if (strlen(text) > FILTER_BYTES_MAX) { /* the C library's compiler recurses */
        return hr_fail(EINVAL, "--filter '%.40s…' is longer than %d bytes; no case's id is", text,
                       FILTER_BYTES_MAX);
    }
    if (repeats_too_much(text)) {
        return hr_fail(EINVAL, "--filter '%.80s' repeats too much: at most %d times in all", text,
                       FILTER_COPIES_MAX);
    }
    rc = regcomp(&s->filter, text, REG_EXTENDED | REG_NOSUB);
    if (rc) {
        regerror(rc, &s->filter, why, sizeof(why));
        return hr_fail(EINVAL, "--filter '%.80s' is not a regular expression: %s", text, why);
    }
    s->filtered = true;
    s->bench.rig.filter = &s->filter;
    return 0;
}

static int open_parts(struct session *s)
{
    struct hr_rig *rig = &s->bench.rig;
    int rc = eut_open(&s->engine, hr_arg_text(s->args, "engine"));

    rc = rc ? rc : eut_open(&s->oracle, "oracle");
    rc = rc ? rc : eut_open(&s->ruler, "null");
    rc = rc ? rc : eut_open(&s->shadow, "reference");
    if (rc) {
        return rc;
    }
    rig->path = hr_path_find(hr_arg_text(s->args, "path"));
    if (!rig->path) {
        return -ENODEV;
    }
    rc = rig->path->available();
    if (rc) {
        hr_context(rc, "path %s", rig->path->name);
        return -ENODEV;
    }
    rig->engine = s->engine.engine;
    rig->ruler = s->ruler.engine;
    rc = hr_energy_open(&rig->energy, "");
    if (rc) {
        return rc;
    }
    rc = hr_run_against_open(&s->against, rig, &s->engine, hr_arg_text(s->args, "engine"),
                             hr_arg_text(s->args, "against"));
    return rc ? rc : open_filter(s);
}

/* The last of the allowed processors first: the first ones serve most interrupts. */
static void order_cpus(struct hr_rig *rig)
{
    rig->cpus_count = hr_cpus_allowed(rig->cpus, HR_RIG_CPUS_MAX);
    for (int i = 0, k = rig->cpus_count - 1; i < k; i++, k--) {
        int cpu = rig->cpus[i];

        rig->cpus[i] = rig->cpus[k];
        rig->cpus[k] = cpu;
    }
}

/* Does the filter let any case of this suite (NULL: of any) through? Conformance is planned
 * whatever it says. */
static bool planned(const struct session *s, const char *suite)
{
    const json_t *c;
    size_t i;

    json_array_foreach (json_object_get(s->plan, "cases"), i, c) {
        const char *id = json_string_value(json_object_get(c, "id"));
        size_t length = suite ? strlen(suite) : 0;

        if (hr_case_wanted(&s->bench.rig, id) &&
            (!suite || (strncmp(id, suite, length) == 0 && id[length] == '/'))) {
            return true;
        }
    }
    return false;
}

/* The files of claims that were asked for; NULL: the documented ones. */
static int claims_files(const struct session *s, const char *const **files)
{
    int count = hr_arg_list(s->args, "claims", files);

    *files = count ? *files : NULL;
    return count;
}

/* What is wrong with claims of one's own is told before anything is measured. */
static int check_claims(const struct session *s)
{
    const char *const *files;
    int count = claims_files(s, &files), rc;
    json_t *judged = NULL;

    rc = files ? hr_report_judge(NULL, files, count, &judged) : 0;
    json_decref(judged);
    return rc;
}

static int prepare(struct session *s)
{
    struct hr_rig *rig = &s->bench.rig;
    char *const *argv;
    int argc, rc;

    rc = load_config(s);
    rc = rc ? rc : check_claims(s);
    rc = rc ? rc : open_parts(s);
    if (rc) {
        return rc;
    }
    argc = hr_arg_line(s->args, &argv);
    rig->record = hr_record_new(argc, argv);
    if (!rig->record) {
        return hr_fail(ENOMEM, "no memory for the record");
    }
    rig->config = s->config;
    rig->cpu = -1;
    order_cpus(rig);
    rig->memory_max_bytes =
        (uint64_t)((double)hr_memory_available() * hr_config_real(s->config, "run.memory_share"));
    rc = hr_run_plan_fit(&s->bench, s->config, &s->plan);
    if (rc) {
        return rc;
    }
    if (s->filtered && !planned(s, NULL)) {
        return hr_fail(EINVAL, "--filter '%.80s' matches no case; `headroom run -n` lists them",
                       hr_arg_text(s->args, "filter"));
    }
    return 0;
}

/* Another rank than 0: it needs the engines, and says nothing; what is missing is rank 0's to tell.
 */
static int serve(struct session *s)
{
    struct hr_cluster_parts parts = {.path = hr_path_find("inproc"), .oracle = &eut_oracle};
    int rc = eut_open(&s->engine, hr_arg_text(s->args, "engine"));

    rc = rc ? rc : eut_open(&s->ruler, "null");
    if (rc) {
        snprintf(parts.why, sizeof(parts.why), "%.250s", hr_error());
    } else {
        parts.engines[0] = s->engine.engine;
        parts.engines[1] = s->ruler.engine;
    }
    return hr_run_ranks_serve(&s->bench, &parts);
}

/* Before anything is measured: a process that is forked takes no tapes with it. */
static void start_ranks(struct session *s)
{
    s->bench.parts = (struct hr_cluster_parts){.path = hr_path_find("inproc"),
                                               .engines = {s->engine.engine, s->ruler.engine},
                                               .oracle = &eut_oracle};
    if (!hr_arg_flag(s->args, "dry-run")) {
        hr_run_ranks_fork(&s->bench, s->plan);
    }
}

/* ---- measuring -------------------------------------------------------------------------- */

static void show(void *context, const char *what, double share)
{
    const struct hr_rig *rig = context;

    (void)share; /* the plan's share moves when the flow is done */
    hr_progress_step(what, rig->planned_s > 0 && rig->done_s < rig->planned_s
                               ? rig->done_s / rig->planned_s
                               : 0);
}

static int start_record(struct session *s)
{
    struct hr_rig *rig = &s->bench.rig;
    json_t *host = hr_probe_host(""), *flows = json_array();
    struct hr_workloads_params params = {.shadow = s->shadow.engine,
                                         .oracle = s->oracle.engine,
                                         .flows = flows,
                                         .progress = show,
                                         .context = rig};

    if (host && !json_object_get(host, "readiness")) {
        json_object_set_new(host, "readiness", hr_probe_readiness(host));
    }
    hr_record_set_new(rig->record, "host", host);
    hr_record_set_new(rig->record, "config", hr_config_json(s->config));
    hr_record_set_new(rig->record, "profile", json_string(hr_config_profile(s->config)));
    hr_record_set_new(rig->record, "workload", json_pack("{s:o}", "flows", flows));
    hr_run_against_record(rig, hr_arg_text(s->args, "engine"), hr_arg_text(s->args, "against"),
                          hr_arg_text(s->args, "filter") != NULL);
    params.bytes_max = rig->memory_max_bytes;
    rig->flows = flows;
    rig->gaps = hr_histogram_new();
    return rig->gaps ? hr_workloads_new(&rig->workloads, &params)
                     : hr_fail(ENOMEM, "no memory for a histogram");
}

/* What identifies all that was driven: the base flow's numbers and one hash over all flows. */
static void describe_workload(struct session *s)
{
    json_t *workload = json_object_get(hr_record_json(s->bench.rig.record), "workload"), *flow;
    struct hr_flow_params base;
    struct hr_sha256 sha;
    uint64_t messages = 0;
    char hex[65];
    size_t i;

    hr_config_flow(s->config, &base);
    hr_sha256_init(&sha);
    json_array_foreach (json_object_get(workload, "flows"), i, flow) {
        const json_t *requests = json_object_get(flow, "requests");

        hr_sha256_update(&sha, json_string_value(json_object_get(flow, "sha256")), 64);
        messages += (uint64_t)(json_integer_value(json_object_get(requests, "load")) +
                               json_integer_value(json_object_get(requests, "steady")));
    }
    hr_sha256_hex(&sha, hex);
    json_object_update_new(
        workload,
        json_pack("{s:{s:I,s:I}, s:I, s:{s:I,s:I}, s:{s:f,s:f,s:f,s:f,s:f,s:f,s:f,s:f}, s:I, s:o}",
                  "seeds", "flow", (json_int_t)base.seed, "arrival",
                  (json_int_t)hr_config_count(s->config, "arrival.seed"), "markets",
                  (json_int_t)base.markets, "depth", "levels", (json_int_t)base.levels,
                  "orders_per_level", (json_int_t)base.orders_per_level, "mix", "new",
                  base.share_new, "cancel", base.share_cancel, "replace", base.share_replace, "ioc",
                  base.share_ioc, "fok", base.share_fok, "market", base.share_market, "post",
                  base.share_post, "crossing", base.crossing, "messages", (json_int_t)messages,
                  "sha256", i ? json_string(hex) : json_null()));
}

/* What the measuring core lost to others, as evidence for every tail in the result. */
static void describe_hiccups(struct session *s)
{
    struct hr_rig *rig = &s->bench.rig;
    json_t *host = json_object_get(hr_record_json(rig->record), "host"), *holder, *hiccups;

    if (!rig->gaps || rig->hiccup.spun_ns == 0 || !json_is_object(host)) {
        return;
    }
    holder = json_pack("{s:[]}", "histograms");
    hr_case_histogram(holder, "hiccups", rig->gaps);
    hiccups = json_pack("{s:I, s:I, s:I, s:f}", "spun_ns", (json_int_t)rig->hiccup.spun_ns,
                        "lost_ns", (json_int_t)rig->hiccup.lost_ns, "gap_max_ns",
                        (json_int_t)rig->hiccup.gap_max_ns, "share", hr_hiccup_share(&rig->hiccup));
    json_object_set(hiccups, "histogram", json_array_get(json_object_get(holder, "histograms"), 0));
    json_object_set_new(host, "hiccups", hiccups);
    json_decref(holder);
}

static int save(struct session *s)
{
    char path[HR_FOLDER_MAX + 64];

    describe_workload(s);
    describe_hiccups(s);
    return hr_record_write(s->bench.rig.record,
                           hr_run_folder_file(&s->folder, "result.json", path, sizeof(path)));
}

static int measure_ceilings(struct session *s)
{
    double budget_s = (double)hr_config_count(s->config, "run.ceilings") / 1e9;
    int rc = 0;

    if (budget_s > 0) {
        hr_progress_step("ceilings", 0);
        rc = hr_ceilings_measure(s->bench.rig.record, budget_s);
        s->bench.rig.done_s += budget_s;
    }
    return rc;
}

static void pin(struct session *s)
{
    struct hr_rig *rig = &s->bench.rig;

    if (!hr_config_bool(s->config, "run.pin") || rig->cpus_count < 1) {
        return;
    }
    if (hr_thread_pin(rig->cpus[0])) {
        hr_record_warn(rig->record, "the measuring thread is not pinned: %s", hr_error());
        hr_error_clear();
        return;
    }
    rig->cpu = rig->cpus[0];
}

static int run_suite(struct session *s, const struct hr_suite_ops *ops)
{
    json_t *suites = json_object_get(hr_record_json(s->bench.rig.record), "suites");
    json_t *suite = hr_suite_begin(s->bench.rig.record, ops->name, ops->question);
    int rc = 0;

    if (*s->bench.gate) {
        hr_suite_skip(
            suite, s->bench.gate,
            "mend the engine first: `headroom conform -e ENGINE` shows the shortest flow");
    } else {
        rc = ops->run(&s->bench, suite);
        rc = rc == 0 && ops == hr_suites[0] ? hr_run_against_conform(&s->bench, suite) : rc;
    }
    if (rc && rc != -EINTR) {
        hr_record_warn(s->bench.rig.record, "suite %s broke: %s", ops->name,
                       *hr_error() ? hr_error() : strerror(-rc));
    }
    if (s->filtered && rc == 0 && !*s->bench.gate &&
        json_array_size(json_object_get(suite, "cases")) == 0) {
        json_array_remove(suites, json_array_size(suites) - 1);
        return 0;
    }
    hr_suite_end(suite);
    return rc;
}

static int measure(struct session *s)
{
    int rc = start_record(s), saved;

    if (rc) {
        return rc;
    }
    if (hr_run_folder_topology(&s->folder)) {
        hr_record_warn(s->bench.rig.record, "%s", hr_error());
        hr_error_clear();
    }
    rc = save(s); /* from here on the folder holds a result, however this ends */
    if (rc) {
        return rc;
    }
    hr_progress_begin("measuring", hr_run_plan_seconds(s->plan));
    s->bench.rig.hist_dir = s->folder.hist;
    s->rc = measure_ceilings(s);
    pin(s);
    for (int i = 0; hr_suites[i] && s->rc == 0; i++) {
        bool wanted = i == 0 || !s->filtered || planned(s, hr_suites[i]->name);

        if (wanted && hr_suite_asked(s->config, hr_suites[i]->name)) {
            s->rc = run_suite(s, hr_suites[i]);
            s->rc = s->rc == 0 && hr_stop_signal() ? -EINTR : s->rc;
            saved = save(s);
            if (saved) {
                rc = saved;
                break;
            }
        }
    }
    if (s->bench.rig.cpu >= 0) {
        hr_thread_pin(-1);
    }
    hr_progress_end();
    return rc;
}

/* ---- after it --------------------------------------------------------------------------- */

static void note(struct session *s, int rc)
{
    if (rc) {
        fprintf(stderr, "headroom: %s\n", hr_error());
        hr_error_clear();
        (void)s;
    }
}

static void judge_claims(struct session *s)
{
    const char *const *files;
    int count = claims_files(s, &files);
    struct hr_record *record = s->bench.rig.record;
    json_t *judged;

    if (hr_report_judge(hr_record_json(record), files, count, &judged)) {
        hr_record_warn(record, "no claim was judged: %s", hr_error());
        hr_error_clear();
        return;
    }
    hr_record_set_new(record, "claims", judged);
}

/* What cannot be written is said, and the rest is written. */
static void write_reports(struct session *s)
{
    const json_t *json = hr_record_json(s->bench.rig.record);
    char path[HR_FOLDER_MAX + 64];
    int drawn = 0;

    note(s, hr_report_plots(json, s->folder.plots, &drawn));
    note(s, hr_report_html(json, s->folder.plots,
                           hr_run_folder_file(&s->folder, "report.html", path, sizeof(path))));
    note(s,
         hr_report_markdown(json, hr_run_folder_file(&s->folder, "report.md", path, sizeof(path))));
    note(s, hr_report_junit(json, hr_run_folder_file(&s->folder, "junit.xml", path, sizeof(path))));
    note(s, hr_run_folder_seal(&s->folder));
}

static int tell(struct session *s)
{
    const char *file = hr_arg_text(s->args, "json");
    const char *no_color = getenv("NO_COLOR");
    int rc = 0;

    if (file) {
        rc = hr_record_write(s->bench.rig.record, file);
    }
    if (!s->to_stdout) {
        hr_report_text(hr_record_json(s->bench.rig.record), stdout,
                       isatty(STDOUT_FILENO) && !(no_color && *no_color));
        printf("\nreport: %s/report.html\n", s->folder.path);
    }
    return rc;
}

/* A bound that no rate held is a finding, not a failure of this kind: the verdict line says it. */
static int exit_status(const struct session *s)
{
    const int *statuses = s->bench.rig.statuses;

    if (s->rc && s->bench.ranks && hr_ranks_lost(s->bench.ranks) >= 0) {
        return HR_EXIT_INVALID; /* whatever mpirun then sent to all */
    }
    if (hr_stop_signal()) {
        return HR_EXIT_SIGNAL + hr_stop_signal();
    }
    if (s->rc) { /* also if the engine could not be judged: that is no verdict on it */
        return HR_EXIT_INPUT;
    }
    if (*s->bench.gate) {
        return HR_EXIT_VERDICT;
    }
    if (hr_run_against_exit(&s->bench.rig)) {
        return hr_run_against_exit(&s->bench.rig);
    }
    if (statuses[HR_INVALID]) {
        return HR_EXIT_INVALID;
    }
    return statuses[HR_PASS] + statuses[HR_FAIL] == 0 ? HR_EXIT_SKIPPED : HR_EXIT_OK;
}

static int run_and_report(struct session *s)
{
    const char *wanted = hr_arg_text(s->args, "output");
    char path[HR_FOLDER_MAX + 64], failure[HR_ERROR_MAX];
    int rc = hr_run_folder_make(&s->folder, wanted, hr_config_profile(s->config));

    if (rc) {
        return hr_exit_of(rc);
    }
    fprintf(stderr, "headroom: engine %s, path %s, profile %s; about %.0f s; into %s\n",
            s->bench.rig.engine->name, s->bench.rig.path->name, hr_config_profile(s->config),
            hr_run_plan_seconds(s->plan), s->folder.path);
    hr_stop_install();
    if (s->bench.ranks) {
        hr_ranks_folder(s->bench.ranks, s->folder.path);
    }
    rc = measure(s);
    if (rc) {
        return hr_exit_of(rc);
    }
    snprintf(failure, sizeof(failure), "%s", hr_error());
    hr_error_clear();
    describe_workload(s);
    describe_hiccups(s);
    if (s->bench.ranks && hr_ranks_lost(s->bench.ranks) >= 0) {
        hr_ranks_tell_lost(s->bench.ranks);
        hr_record_warn(s->bench.rig.record, "%s: the run ended there", hr_error());
        hr_error_clear();
    }
    judge_claims(s);
    hr_record_finish(s->bench.rig.record, s->rc == 0);
    hr_run_folder_file(&s->folder, "result.json", path, sizeof(path));
    if (s->rc == 0) {
        hr_run_against_judge(&s->bench.rig, path);
    }
    rc = hr_record_write(s->bench.rig.record, path);
    if (rc) {
        return hr_exit_of(rc);
    }
    write_reports(s);
    rc = tell(s);
    if (rc) {
        return hr_exit_of(rc);
    }
    hr_error_clear(); /* what was said while measuring and drawing is in the record */
    if (s->rc && s->rc != -EINTR) {
        hr_fail(-s->rc, "the run broke: %s", *failure ? failure : strerror(-s->rc));
    }
    return exit_status(s);
}

static int print_plan(struct session *s)
{
    const char *file = hr_arg_text(s->args, "json");

    if (!file) {
        hr_run_plan_print(s->plan, stdout);
        return HR_EXIT_OK;
    }
    return hr_exit_of(hr_json_write(s->plan, 2, file));
}

static void end(struct session *s)
{
    hr_workloads_free(s->bench.rig.workloads);
    hr_histogram_free(s->bench.rig.gaps);
    hr_energy_close(s->bench.rig.energy);
    hr_record_free(s->bench.rig.record);
    json_decref(s->plan);
    if (s->filtered) {
        regfree(&s->filter);
    }
    hr_config_free(s->config);
    eut_close(&s->engine);
    hr_run_against_close(&s->against);
    eut_close(&s->oracle);
    eut_close(&s->ruler);
    eut_close(&s->shadow);
}

static int run_run(const struct hr_args *args)
{
    struct session *s = calloc(1, sizeof(*s));
    const char *json = hr_arg_text(args, "json");
    int rc;

    if (!s) {
        return hr_exit_of(hr_fail(ENOMEM, "no memory to start"));
    }
    hr_clock_init();
    s->args = args;
    s->to_stdout = json && strcmp(json, "-") == 0;
    rc = hr_run_ranks_join(&s->bench);
    if (rc == 0 && s->bench.ranks && hr_ranks_rank(s->bench.ranks) > 0) {
        rc = serve(s);
        end(s);
        free(s);
        return rc;
    }
    rc = rc ? rc : prepare(s);
    if (rc) {
        rc = hr_exit_of(rc);
    } else {
        start_ranks(s);
        rc = hr_arg_flag(args, "dry-run") ? print_plan(s) : run_and_report(s);
    }
    end(s);
    hr_run_ranks_end(&s->bench, rc);
    free(s);
    return rc;
}

static const struct hr_option options[] = {
    {"filter", 'f', HR_OPT_TEXT, "REGEX", NULL,
     "measure only the cases whose id matches this extended regular expression"},
    {"engine", 'e', HR_OPT_TEXT, "ENGINE", "reference",
     "engine under test: a built-in's name or a shared library"},
    {"against", 0, HR_OPT_TEXT, "ENGINE|PATH", NULL,
     "an older engine or build: the two take turns, run by run, and are compared"},
    {"path", 'p', HR_OPT_TEXT, "PATH", "inproc", "how orders reach it"},
    {"set", 'S', HR_OPT_LIST, "KEY=VALUE", NULL, "set one setting; may be repeated"},
    {"claims", 0, HR_OPT_LIST, "FILE", NULL,
     "judge these claims at the end instead of the documented ones (see `headroom claims`)"},
    {"dry-run", 'n', HR_OPT_FLAG, NULL, NULL,
     "print the plan and its predicted duration, measure nothing"},
    {"output", 'o', HR_OPT_TEXT, "DIR", NULL,
     "folder of the result (default: a new one under results/)"},
    {"json", 0, HR_OPT_TEXT, "FILE|-", NULL,
     "also write result.json (with -n: the plan) here; - is standard output, then the only thing "
     "on it"},
    {.name = NULL},
};

const struct hr_command hr_command_run = {
    .name = "run",
    .operands = "[PROFILE|FILE.yaml]",
    .operands_min = 0,
    .operands_max = 1,
    .summary = "measure this machine with an engine, and write the report",
    .details =
        "Profiles: quick (two minutes), standard (the default, ten minutes), full (hours), planet\n"
        "(five million markets).\n\n"
        "  headroom run quick\n"
        "  headroom run -e ./my-engine.so -f 'throughput/' -S flow.markets=100k -o /tmp/mine\n"
        "  headroom run quick -e ./new.so --against ./old.so     (exit status 1: a regression)\n\n"
        "--against measures the cases that gate (`headroom compare --help`), or those of -f, in\n"
        "blocks of old, new, new, old (run.blocks). Two builds of the reference engine: `make\n"
        "engine` in either tree makes build/release/reference.so. Two builds of headroom itself:\n"
        "run each several times in turn, and give the further results of the old one to\n"
        "`headroom compare --again`.\n\n"
        "exit: 0 done, 1 the engine does not conform or is worse than --against's, 2 bad input,\n"
        "3 a result is INVALID, 6 no such engine, path or device, 77 everything was skipped,\n"
        "130/143 interrupted, what was finished is written\n",
    .options = options,
    .help = hr_config_help,
    .run = run_run,
};
