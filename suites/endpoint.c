/*
 * endpoint.c - how long does a server of a language model take to its first token, and how fast are
 * those that follow? Asked as its users do: a streamed chat completion by HTTP.
 *
 * A child process asks, through libcurl: one request that only warms up, then one a run, over the
 * same connection. Each prompt begins with words of its own, so that no server answers from what it
 * kept of another. Only http and https, no redirects, no proxies. A key is read from the
 * environment in the child and goes nowhere but into the request.
 */
#include "suites/endpoint_url.h"
#include "suites/served.h"
#include "suites/token_stream.h"

#include "harness/child.h"
#include "harness/clock.h"
#include "harness/curl_library.h"
#include "harness/error.h"
#include "harness/progress.h"
#include "harness/random.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SUITE "inference"
#define CONNECT_MS 10000L
#define ERROR_BYTES_MAX 2048u
#define RUNS_MAX 1000
#define TOKENS_PER_S 30.0 /* for the plan: a server on a small machine */

/* What is asked for. */
struct question {
    const char *url, *model, *variable;
    uint64_t words, tokens, nonce;
    int runs;
};

/* ---- in the child -----------------------------------------------------------------------------
 */

struct request {
    const struct hr_curl *curl;
    void *handle, *headers;
    struct hr_token_stream stream;
    char refused[ERROR_BYTES_MAX + 1]; /* the answer, where its status is not 200 */
    size_t refused_bytes;
    int rc; /* what was wrong with the stream; hr_error() has the words */
};

static size_t take_answer(char *bytes, size_t one, size_t count, void *context)
{
    struct request *r = context;
    uint64_t now_ns = hr_clock_ns();
    size_t n = one * count, room = ERROR_BYTES_MAX - r->refused_bytes;
    long status = 0;

    r->curl->getinfo(r->handle, HR_CURL_RESPONSE_CODE, &status);
    if (status != 200) {
        size_t some = n < room ? n : room;

        memcpy(r->refused + r->refused_bytes, bytes, some);
        r->refused_bytes += some;
        return n;
    }
    r->rc = hr_token_stream_take(&r->stream, bytes, n, now_ns);
    return r->rc ? 0 : n;
}

static char *body_of(const struct question *q, int run)
{
    static const char *const words[] = {"river",  "stone",  "market",  "order",  "cloud",  "letter",
                                        "engine", "window", "copper",  "garden", "signal", "paper",
                                        "winter", "bridge", "lantern", "harbour"};
    size_t room = 160 + 9 * (size_t)q->words, at;
    struct hr_random random;
    char *prompt = malloc(room), *text;
    json_t *body;

    if (!prompt) {
        return NULL;
    }
    hr_random_init(&random, q->nonce, (uint64_t)run + 1);
    at = (size_t)snprintf(prompt, room, "%016llx. Go on with this list of words, at length:",
                          (unsigned long long)hr_random_u64(&random));
    for (uint64_t i = 0; i < q->words; i++) {
        at += (size_t)snprintf(prompt + at, room - at, " %s", words[hr_random_below(&random, 16)]);
    }
    body = json_pack("{s:s, s:[{s:s, s:s}], s:I, s:b, s:{s:b}}", "model", q->model, "messages",
                     "role", "user", "content", prompt, "max_tokens", (json_int_t)q->tokens,
                     "stream", 1, "stream_options", "include_usage", 1);
    text = json_dumps(body, JSON_COMPACT);
    json_decref(body);
    free(prompt);
    return text;
}

/* The key is in the header's text alone. */
static int add_header(struct request *r, const char *text)
{
    void *more = r->curl->slist_append(r->headers, text);

    if (!more) {
        return hr_fail(ENOMEM, "no memory for a request");
    }
    r->headers = more;
    return 0;
}

static int add_key(struct request *r, const char *variable)
{
    const char *key = *variable ? getenv(variable) : NULL;
    char header[4200];

    if (!*variable) {
        return 0;
    }
    if (!key || !*key || strpbrk(key, "\r\n") || strlen(key) > 4096) {
        return hr_fail(EACCES, "the environment variable %s holds no key", variable);
    }
    snprintf(header, sizeof(header), "Authorization: Bearer %s", key);
    return add_header(r, header);
}

static int request_open(struct request *r, const struct question *q)
{
    static const char tail[] = "/chat/completions";
    size_t length = strlen(q->url);
    bool whole = length > sizeof(tail) && strcmp(q->url + length - sizeof(tail) + 1, tail) == 0;
    char url[HR_ENDPOINT_URL_MAX + sizeof(tail)];
    int rc = hr_curl_load(&r->curl);

    if (rc) {
        return rc;
    }
    length -= q->url[length - 1] == '/';
    snprintf(url, sizeof(url), "%.*s%s", (int)length, q->url, whole ? "" : tail);
    r->handle = r->curl->init();
    if (!r->handle) {
        return hr_fail(ENOMEM, "libcurl does not start");
    }
    rc = add_header(r, "Content-Type: application/json");
    rc = rc ? rc : add_header(r, "Accept: text/event-stream");
    rc = rc ? rc : add_key(r, q->variable);
    if (rc) {
        return rc;
    }
    /* What must hold, or nothing is asked. */
    if (r->curl->setopt(r->handle, HR_CURL_PROTOCOLS, HR_CURL_HTTP | HR_CURL_HTTPS) ||
        r->curl->setopt(r->handle, HR_CURL_FOLLOW_LOCATION, 0L) ||
        r->curl->setopt(r->handle, HR_CURL_PROXY, "") ||
        r->curl->setopt(r->handle, HR_CURL_URL, url) ||
        r->curl->setopt(r->handle, HR_CURL_HEADERS, r->headers) ||
        r->curl->setopt(r->handle, HR_CURL_WRITE_FUNCTION, take_answer) ||
        r->curl->setopt(r->handle, HR_CURL_WRITE_DATA, r)) {
        return hr_fail(ENOSYS, "this libcurl cannot be told what it may do");
    }
    r->curl->setopt(r->handle, HR_CURL_NO_SIGNAL, 1L);
    r->curl->setopt(r->handle, HR_CURL_CONNECT_TIMEOUT_MS, CONNECT_MS);
    r->curl->setopt(r->handle, HR_CURL_USER_AGENT, "headroom");
    return 0;
}

static void request_close(struct request *r)
{
    if (r->handle) {
        r->curl->slist_free_all(r->headers);
        r->curl->cleanup(r->handle);
    }
}

/* -EACCES: it does not answer, or not to us; -EPROTO: what it answers is none. */
static int judge(struct request *r, int failed)
{
    char words[200];
    long status = 0;

    if (r->rc) {
        return r->rc;
    }
    if (failed) {
        return hr_fail(EACCES, "%s", r->curl->strerror(failed));
    }
    r->curl->getinfo(r->handle, HR_CURL_RESPONSE_CODE, &status);
    if (status != 200) {
        hr_error_words(words, sizeof(words), r->refused, r->refused_bytes);
        return hr_fail(EACCES, "it answers with status %ld%s%s", status, *words ? ": " : "", words);
    }
    if (r->stream.pieces == 0) {
        return hr_fail(EPROTO, "its answer has no text");
    }
    return r->stream.ended ? 0 : hr_fail(EPROTO, "its answer broke off");
}

static int ask_once(struct request *r, const struct question *q, int run, json_t *runs)
{
    char *body = body_of(q, run);
    uint64_t from_ns;
    const char *why;
    double rate;
    int rc;

    if (!body) {
        return hr_fail(ENOMEM, "no memory for a prompt");
    }
    hr_token_stream_begin(&r->stream);
    r->refused_bytes = 0;
    r->rc = 0;
    if (r->curl->setopt(r->handle, HR_CURL_POST_FIELD_SIZE, (long)strlen(body)) ||
        r->curl->setopt(r->handle, HR_CURL_POST_FIELDS, body)) {
        free(body);
        return hr_fail(ENOSYS, "this libcurl takes no request");
    }
    from_ns = hr_clock_ns();
    rc = judge(r, r->curl->perform(r->handle));
    free(body);
    if (rc || run < 0) {
        return rc;
    }
    rate = hr_token_stream_rate(&r->stream, &why);
    json_array_append_new(runs, json_pack("{s:I, s:o, s:s*, s:I, s:I, s:I}", "first_ns",
                                          (json_int_t)(r->stream.first_ns - from_ns), "rate",
                                          hr_json_real(rate), "why", why, "tokens",
                                          (json_int_t)r->stream.tokens, "prompt_tokens",
                                          (json_int_t)r->stream.prompt_tokens, "pieces",
                                          (json_int_t)r->stream.pieces));
    return 0;
}

/* To standard output: {"runs": […]} or {"runs": […], "error": …, "nonsense": bool}. */
static int answer(void *context)
{
    const struct question *q = context;
    struct request *r = calloc(1, sizeof(*r));
    json_t *runs = json_array(), *all;
    int rc = r ? request_open(r, q) : hr_fail(ENOMEM, "no memory for a request");

    for (int run = -1; run < q->runs && rc == 0; run++) {
        rc = ask_once(r, q, run, runs);
    }
    all = json_pack("{s:o}", "runs", runs);
    if (rc) {
        json_object_set_new(all, "error", json_string(hr_error()));
        json_object_set_new(all, "nonsense", json_boolean(rc == -EPROTO || rc == -EFBIG));
    }
    rc = json_dumpf(all, stdout, JSON_COMPACT);
    if (r) {
        request_close(r);
    }
    free(r);
    return rc ? 1 : 0;
}

/* ---- in the suite -----------------------------------------------------------------------------
 */

static void put_figures(json_t *c, const json_t *runs)
{
    static const struct {
        const char *key, *name, *unit;
        bool higher;
    } figures[] = {{"first_ns", "first_token", "ns", false},
                   {"rate", "decode", "tokens/s", true},
                   {"tokens", "tokens", "tokens", true},
                   {"prompt_tokens", "prompt_tokens", "tokens", true}};
    double samples[RUNS_MAX];
    const json_t *run;
    size_t i;

    for (size_t f = 0; f < sizeof(figures) / sizeof(figures[0]); f++) {
        const char *why = NULL;
        int n = 0;

        json_array_foreach (runs, i, run) {
            const json_t *value = json_object_get(run, figures[f].key);

            samples[n] = json_is_number(value) && json_number_value(value) >= 0
                             ? json_number_value(value)
                             : (double)NAN;
            if (isnan(samples[n++]) && !why) {
                why = json_string_value(json_object_get(run, "why"));
                why = why ? why : "the server does not tell";
            }
        }
        hr_served_metric(c,
                         &(struct hr_metric){.name = figures[f].name,
                                             .unit = figures[f].unit,
                                             .higher = figures[f].higher,
                                             .samples = samples,
                                             .n = n},
                         why);
    }
}

static int settle(struct hr_bench *bench, json_t *suite, const char *name, json_t *params,
                  const struct question *q, int rc, const struct hr_child_answer *told)
{
    json_t *all = rc ? NULL : json_loadb(told->text, told->bytes, 0, NULL), *c;
    const json_t *runs = json_object_get(all, "runs");
    const char *error = json_string_value(json_object_get(all, "error"));
    bool nonsense = json_is_true(json_object_get(all, "nonsense"));
    char why[400];

    error = rc ? hr_error() : error;
    if (!error && json_array_size(runs) != (size_t)q->runs) {
        error = "the process that asked it gave no figures";
    }
    snprintf(why, sizeof(why), "%.300s", error ? error : "");
    c = hr_measure_refuse(&bench->rig, suite, SUITE, name, params,
                          !error     ? HR_PASS
                          : nonsense ? HR_INVALID
                                     : HR_SKIP,
                          error ? why : NULL,
                          error ? "look at the server and at inference.endpoint…; a slow one needs "
                                  "a larger inference.timeout"
                                : NULL);
    if (c && !error) {
        put_figures(c, runs);
    }
    json_decref(all);
    return 0;
}

int hr_endpoint_case(struct hr_bench *bench, json_t *suite)
{
    const struct hr_config *config = bench->rig.config;
    struct question q = {.url = hr_config_text(config, "inference.endpoint"),
                         .model = hr_config_text(config, "inference.endpoint_model"),
                         .variable = hr_config_text(config, "inference.endpoint_key"),
                         .words = hr_config_count(config, "inference.prompt"),
                         .tokens = hr_config_count(config, "inference.tokens"),
                         .runs = (int)fmin((double)hr_config_count(config, "run.runs"), RUNS_MAX)};
    struct hr_child_answer told = {0};
    char name[160], model[80];
    json_t *params;
    int rc;

    if (!*q.url) {
        return 0;
    }
    rc = hr_endpoint_url_check(q.url);
    rc = rc ? rc : hr_endpoint_key_check(q.url, q.variable);
    if (rc) {
        return rc;
    }
    hr_model_in_id(q.model, model, sizeof(model));
    snprintf(name, sizeof(name), "endpoint=%s/model=%s/prompt=%llu",
             hr_endpoint_is_here(q.url) ? "here" : "elsewhere", model, (unsigned long long)q.words);
    params = json_pack("{s:s, s:s, s:s, s:I, s:I, s:b, s:s}", "kind", "another program's figures",
                       "url", q.url, "model", q.model, "prompt_words", (json_int_t)q.words,
                       "tokens_max", (json_int_t)q.tokens, "key", *q.variable != '\0', "left_out",
                       "whether the answers are any good; one request at a time");
    if (!params) {
        return hr_fail(EINVAL, "inference.endpoint_model is not in UTF-8");
    }
    if (!hr_served_planned(bench, name, params, q.runs,
                           (q.runs + 1) * (1 + (double)q.tokens / TOKENS_PER_S))) {
        hr_progress_note("inference: asking %s", q.url);
        q.nonce = hr_clock_ns() ^ (uint64_t)hr_record_started_s(bench->rig.record) << 20;
        rc = hr_child_ask(answer, &q, hr_config_count(config, "inference.timeout"), &told);
        rc = rc == -EINTR ? rc : settle(bench, suite, name, params, &q, rc, &told);
        free(told.text);
    }
    json_decref(params);
    return rc;
}
