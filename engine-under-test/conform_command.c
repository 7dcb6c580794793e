/*
 * conform_command.c - `headroom conform -e ENGINE`: the verdict on one engine, in words and as
 * JSON.
 *
 * How: loads the engine, has it judged, says what to do next. What it cannot see: what conform.c
 * cannot.
 */
#include "engine-under-test/conform.h"
#include "engine-under-test/loader.h"
#include "harness/command.h"
#include "harness/error.h"
#include "harness/progress.h"
#include "harness/record.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

static const struct hr_option options[] = {
    {"engine", 'e', HR_OPT_TEXT, "ENGINE", "reference",
     "a built-in engine, or the path of a shared library"},
    {"seed", 0, HR_OPT_COUNT, "S", "1", "seed of the first round of hostile flow"},
    {"requests", 0, HR_OPT_COUNT, "N", "1M", "hostile requests in all, rounded up to whole rounds"},
    {"flow", 0, HR_OPT_TEXT, "FILE", NULL,
     "save the shrunk flow of a failure, for `headroom replay`"},
    {"verbose", 'v', HR_OPT_FLAG, NULL, NULL, "name every scenario"},
    {"json", 0, HR_OPT_TEXT, "FILE", NULL, "write the verdict as JSON; - is standard output"},
    {0},
};

static json_t *text_or_null(const char *text)
{
    return text[0] ? json_string(text) : json_null();
}

static int write_json(const char *file, const struct eut_engine *engine, int rc, uint64_t seed,
                      const struct eut_conform_result *r)
{
    bool in_flow = rc != 0 && r->scenarios_failed == 0;
    json_t *json = json_pack(
        "{s:s, s:I, s:b, s:I, s:{s:i, s:i, s:i}, s:{s:I, s:o, s:o}, s:o}", "engine", engine->name,
        "capabilities", (json_int_t)engine->capabilities, "conforms", rc == 0, "seed",
        (json_int_t)seed, "scenarios", "passed", (int)(r->scenarios - r->scenarios_failed),
        "failed", (int)r->scenarios_failed, "skipped", (int)r->scenarios_skipped, "hostile",
        "requests", (json_int_t)r->requests, "failed_at",
        r->requests_failed_at ? json_integer((json_int_t)r->requests_failed_at) : json_null(),
        "failed_seed", in_flow ? json_integer((json_int_t)r->seed_failed) : json_null(),
        "first_failure", text_or_null(r->first_failure));
    int written = hr_json_write(json, 2, file);

    json_decref(json);
    return written;
}

static void tell_verdict(FILE *out, const char *name, int rc)
{
    if (rc == 0) {
        fprintf(out, "CONFORMS: %s may be measured; next: headroom run -e %s\n", name, name);
    } else {
        fprintf(out,
                "DOES NOT CONFORM: no figure of %s would be a result\n"
                "next: mend the first failure; engine-under-test/RULES.md has the rule it names\n",
                name);
    }
}

static int run_conform(const struct hr_args *args)
{
    const char *name = hr_arg_text(args, "engine"), *json = hr_arg_text(args, "json");
    /* With the JSON on standard output, the account goes beside it. */
    FILE *out = json && strcmp(json, "-") == 0 ? stderr : stdout;
    struct eut_conform_params params = {.seed = hr_arg_count(args, "seed"),
                                        .requests = hr_arg_count(args, "requests"),
                                        .verbose = hr_arg_flag(args, "verbose"),
                                        .out = out,
                                        .name = name,
                                        .flow = hr_arg_text(args, "flow"),
                                        .progress = true};
    struct eut_conform_result result;
    struct eut_handle handle;
    int rc = eut_open(&handle, name), written = 0;

    if (rc != 0) {
        return hr_exit_of(rc);
    }
    params.engine = handle.engine;
    hr_stop_install();
    rc = eut_conform(&params, &result);
    if (rc >= 0) {
        tell_verdict(out, name, rc);
        written = json ? write_json(json, handle.engine, rc, params.seed, &result) : 0;
    }
    eut_close(&handle);
    if (rc == -EINTR) {
        fprintf(out,
                "STOPPED: no verdict; %" PRIu64 " hostile requests were answered rightly so far\n",
                result.requests);
        return HR_EXIT_SIGNAL + hr_stop_signal();
    }
    if (rc < 0 || written != 0) {
        return hr_exit_of(rc < 0 ? rc : written);
    }
    return rc == 0 ? HR_EXIT_OK : HR_EXIT_VERDICT;
}

const struct hr_command hr_command_conform = {
    .name = "conform",
    .operands = "",
    .summary = "judge an engine by the rules: may it be measured?",
    .details =
        "Scenarios for every rule, then hostile flow against the oracle: the first flow that is\n"
        "answered differently is shrunk to a few requests and shown.\n\n"
        "  headroom conform -e ./my-engine.so\n"
        "  headroom conform -e ./my-engine.so --seed 17 --requests 1    repeats one round\n\n"
        "exit: 0 it conforms, 1 it does not, 2 it cannot be judged, 6 no such engine",
    .options = options,
    .run = run_conform,
};
