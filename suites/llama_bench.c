/*
 * llama_bench.c - what does llama.cpp's own benchmark say of a model on this machine?
 *
 * The program and the model are the user's. It runs as a child process, on all processors, and its
 * JSON is read: the samples of each test, which are its runs. Whether what it decodes is right it
 * does not tell. Format: llama.cpp, tools/llama-bench: -o json, an array with an object a test.
 */
#include "suites/served.h"
#include "suites/token_stream.h"

#include "harness/child.h"
#include "harness/error.h"
#include "harness/progress.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SUITE "inference"
#define SAMPLES_MAX 1000
#define TOKENS_PER_S 20.0 /* for the plan: a model of 8 GB on a small machine */
#define PROMPT_PER_S 50.0

/* What it was asked to measure. */
struct wanted {
    const char *program, *model;
    uint64_t prompt, tokens;
    int runs;
};

/* Some versions say something before their JSON. */
static json_t *tests_in(const char *text)
{
    json_t *tests = NULL;

    for (const char *at = text; at && !tests; at = strchr(at + 1, '\n')) {
        const char *line = *at == '\n' ? at + 1 : at;

        tests = *line == '[' ? json_loads(line, JSON_DISABLE_EOF_CHECK, NULL) : NULL;
        if (!json_is_object(json_array_get(tests, 0))) {
            json_decref(tests);
            tests = NULL;
        }
    }
    return tests;
}

static const json_t *test_of(const json_t *tests, uint64_t prompt, uint64_t tokens)
{
    const json_t *test;
    size_t i;

    json_array_foreach (tests, i, test) {
        if (json_integer_value(json_object_get(test, "n_prompt")) == (json_int_t)prompt &&
            json_integer_value(json_object_get(test, "n_gen")) == (json_int_t)tokens) {
            return test;
        }
    }
    return NULL;
}

/* How many rates the test has; -1 if one of them is none. */
static int rates_of(const json_t *test, double *samples)
{
    const json_t *sample;
    size_t i;
    int n = 0;

    json_array_foreach (json_object_get(test, "samples_ts"), i, sample) {
        if (!(json_number_value(sample) > 0) || n == SAMPLES_MAX) {
            return -1;
        }
        samples[n++] = json_number_value(sample);
    }
    return n;
}

/* What it says of itself, as it says it. */
static void put_params(json_t *params, const json_t *test)
{
    static const char *const keys[] = {"model_type", "model_n_params", "backends",    "cpu_info",
                                       "gpu_info",   "n_threads",      "type_k",      "type_v",
                                       "flash_attn", "n_gpu_layers",   "build_commit"};

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const json_t *value = json_object_get(test, keys[i]);
        char words[120];

        if (json_is_string(value)) {
            hr_plain_words(words, sizeof(words), json_string_value(value));
            json_object_set_new(params, keys[i], json_string(words));
        } else if (json_is_number(value) || json_is_boolean(value)) {
            json_object_set(params, keys[i], (json_t *)(uintptr_t)value);
        }
    }
}

/* NULL, or what is wrong with its answer. */
static const char *put_figures(json_t *c, const json_t *tests, const struct wanted *w)
{
    static const char *const names[] = {"prompt", "decode"};
    const json_t *both[] = {test_of(tests, w->prompt, 0), test_of(tests, 0, w->tokens)};
    double samples[SAMPLES_MAX], weights = (double)NAN;

    for (int i = 0; i < 2; i++) {
        int n = rates_of(both[i], samples);

        if (!both[i] || n < 1) {
            return i ? "its answer has no rate of the tokens that were asked for"
                     : "its answer has no rate of the prompt that was asked for";
        }
        if (c) {
            hr_served_metric(c,
                             &(struct hr_metric){.name = names[i],
                                                 .unit = "tokens/s",
                                                 .higher = true,
                                                 .samples = samples,
                                                 .n = n},
                             NULL);
        }
    }
    weights = json_number_value(json_object_get(both[1], "model_size"));
    if (c) {
        hr_served_metric(
            c, &(struct hr_metric){.name = "weights", .unit = "bytes", .samples = &weights, .n = 1},
            weights > 0 ? NULL : "it does not tell");
    }
    return NULL;
}

static void settle(struct hr_bench *bench, json_t *suite, const char *name, json_t *params,
                   const struct wanted *w, const struct hr_child_answer *told, int rc)
{
    json_t *tests = rc ? NULL : tests_in(told->text), *c;
    const char *wrong = rc       ? hr_error()
                        : !tests ? "its answer is no JSON of tests"
                                 : put_figures(NULL, tests, w);
    char why[400];

    snprintf(why, sizeof(why), "llama-bench: %.300s", wrong ? wrong : "");
    put_params(params, json_array_get(tests, 0));
    c = hr_measure_refuse(&bench->rig, suite, SUITE, name, params,
                          !wrong ? HR_PASS
                          : rc   ? HR_SKIP
                                 : HR_INVALID,
                          wrong ? why : NULL,
                          wrong ? "try that program by itself; a slow one needs a larger "
                                  "inference.timeout"
                                : NULL);
    if (c && !wrong) {
        put_figures(c, tests, w);
    }
    json_decref(tests);
}

static int run_it(const struct wanted *w, uint64_t timeout_ns, struct hr_child_answer *told)
{
    char prompt[24], tokens[24], runs[24];
    const char *const argv[] = {w->program, "-m", w->model, "-o", "json", "-p",
                                prompt,     "-n", tokens,   "-r", runs,   NULL};

    if (access(w->model, R_OK)) {
        return hr_fail(errno, "the model %.200s cannot be read: %s", w->model, strerror(errno));
    }
    snprintf(prompt, sizeof(prompt), "%llu", (unsigned long long)w->prompt);
    snprintf(tokens, sizeof(tokens), "%llu", (unsigned long long)w->tokens);
    snprintf(runs, sizeof(runs), "%d", w->runs);
    return hr_child_program(argv, timeout_ns, told);
}

int hr_llama_bench_case(struct hr_bench *bench, json_t *suite)
{
    const struct hr_config *config = bench->rig.config;
    struct wanted w = {.program = hr_config_text(config, "inference.llama_bench"),
                       .model = hr_config_text(config, "inference.llama_model"),
                       .prompt = hr_config_count(config, "inference.prompt"),
                       .tokens = hr_config_count(config, "inference.tokens"),
                       .runs = (int)fmin((double)hr_config_count(config, "run.runs"), SAMPLES_MAX)};
    const char *file = strrchr(w.model, '/') ? strrchr(w.model, '/') + 1 : w.model;
    const char *end = strstr(file, ".gguf");
    struct hr_child_answer told = {0};
    char name[160], model[80], plain[80];
    json_t *params;
    int rc = 0;

    if (!*w.program && !*w.model) {
        return 0;
    }
    if (!*w.program || !*w.model || *w.model == '-') {
        return hr_fail(EINVAL,
                       "inference.llama_bench is llama-bench's file and inference.llama_model a "
                       "model's (.gguf): both are needed");
    }
    snprintf(plain, sizeof(plain), "%.*s", (int)(end ? end - file : 79), file);
    hr_model_in_id(plain, model, sizeof(model));
    snprintf(name, sizeof(name), "llama-bench/model=%s", model);
    params = json_pack("{s:s, s:s, s:I, s:I}", "kind", "another program's figures", "model", model,
                       "prompt_tokens", (json_int_t)w.prompt, "tokens", (json_int_t)w.tokens);
    if (!hr_served_planned(
            bench, name, params, w.runs,
            (w.runs + 1) * ((double)w.tokens / TOKENS_PER_S + (double)w.prompt / PROMPT_PER_S))) {
        hr_progress_note("inference: llama-bench, %s", model);
        rc = run_it(&w, hr_config_count(config, "inference.timeout"), &told);
        if (rc != -EINTR) {
            settle(bench, suite, name, params, &w, &told, rc);
            rc = 0;
        }
    }
    free(told.text);
    json_decref(params);
    return rc;
}
