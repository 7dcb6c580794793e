/*
 * served_test.c - what other programs are made to say of a language model: a server that answers
 * well, badly or not at all, a llama-bench that is a script, and children that do not behave.
 */
#include "tests/unit/chat_server.h"
#include "tests/unit/small_rig.h"

#include "harness/child.h"
#include "harness/curl_library.h"
#include "harness/error.h"
#include "harness/progress.h"
#include "suites/endpoint_url.h"
#include "suites/served.h"
#include "suites/token_stream.h"

#include <errno.h>
#include <math.h>
#include <sys/stat.h>

/* ---- children ----------------------------------------------------------------------------------
 */

static int answers(void *context)
{
    fputs(context, stdout);
    fputs("first\n\n  last \a words\n\n", stderr);
    return 0;
}

static int fails(void *context)
{
    answers(context);
    return 3;
}

static int crashes(void *context)
{
    (void)context;
    raise(SIGKILL);
    return 0;
}

static int never_ends(void *context)
{
    (void)context;
    if (fork() == 0) { /* one of its own, that holds its output open */
        chat_wait(60000);
    }
    chat_wait(60000);
    return 0;
}

static int never_stops_talking(void *context)
{
    static char much[1 << 16];

    (void)context;
    memset(much, 'x', sizeof(much));
    while (fwrite(much, 1, sizeof(much), stdout) == sizeof(much)) {
    }
    return 0;
}

static void ask(hr_child_work work, uint64_t ms, int rc, const char *words)
{
    static char text[] = "an answer";
    struct hr_child_answer answer;

    hr_clock_init();
    CHECK_EQ(hr_child_ask(work, text, ms * 1000000, &answer), rc);
    CHECK_STR(rc ? "" : answer.text, rc ? "" : "an answer");
    if (!strstr(rc ? hr_error() : answer.last_words, words)) {
        CHECK_STR(rc ? hr_error() : answer.last_words, words);
    }
    free(answer.text);
}

TEST(served, a_child_answers)
{
    ask(answers, 60000, 0, "last ? words");
}

TEST(served, a_child_that_fails_says_why)
{
    ask(fails, 60000, -EIO, "it ended with status 3: last ? words");
    ask(crashes, 60000, -EIO, "it was ended by signal 9");
}

TEST(served, a_child_is_not_waited_for_longer_than_said)
{
    ask(never_ends, 200, -ETIMEDOUT, "it did not end in time");
}

TEST(served, a_child_that_says_too_much_is_cut_off)
{
    ask(never_stops_talking, 60000, -EFBIG, "more than 4 MiB");
}

/* ---- addresses and keys ------------------------------------------------------------------------
 */

TEST(served, only_plain_web_addresses_are_asked)
{
    static const char *const good[] = {"http://127.0.0.1:8080/v1", "https://a.example/v1",
                                       "HTTP://localhost", "http://[::1]:80/"};
    static const struct {
        const char *url, *words;
    } bad[] = {{"file:///etc/passwd", "http:// or https://"},
               {"ftp://a.example/", "http:// or https://"},
               {"gopher://a/", "http:// or https://"},
               {"localhost:8080", "http:// or https://"},
               {"http://", "names no host"},
               {"http://:80/", "names no host"},
               {"http:///v1", "names no host"},
               {"http://me:secret@a.example/", "a name or password"},
               {"http://a.example/v1?key=secret", "without ?"},
               {"http://a.example/v1#x", "without ?"},
               {"http://a.example\\@b/", "a name or password"},
               {"http://a.example/ v1", "a blank"},
               {"http://a.example/\nv1", "a blank"}};

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        CHECK_EQ(hr_endpoint_url_check(good[i]), 0);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        hr_error_clear();
        if (hr_endpoint_url_check(bad[i].url) != -EINVAL || strstr(hr_error(), "secret") ||
            (!strstr(hr_error(), bad[i].words) && !strchr(bad[i].url, '\\'))) {
            CHECK_STR(hr_error(), bad[i].url);
        }
    }
}

TEST(served, here_is_this_machine_only)
{
    CHECK(hr_endpoint_is_here("http://127.0.0.1:8080/v1"));
    CHECK(hr_endpoint_is_here("http://LocalHost/v1"));
    CHECK(hr_endpoint_is_here("https://[::1]/"));
    CHECK(!hr_endpoint_is_here("http://127.0.0.1.evil.example/"));
    CHECK(!hr_endpoint_is_here("http://localhost.evil.example/"));
    CHECK(!hr_endpoint_is_here("http://10.0.0.1/"));
    CHECK(!hr_endpoint_is_here("http://[::1:5]/"));
}

TEST(served, a_key_is_named_and_goes_over_tls)
{
    CHECK_EQ(hr_endpoint_key_check("http://a.example/", ""), 0);
    CHECK_EQ(hr_endpoint_key_check("https://a.example/", "THE_KEY"), 0);
    CHECK_EQ(hr_endpoint_key_check("http://127.0.0.1/", "THE_KEY"), 0);
    CHECK_EQ(hr_endpoint_key_check("http://a.example/", "THE_KEY"), -EINVAL);
    CHECK(strstr(hr_error(), "in the clear"));
    CHECK_EQ(hr_endpoint_key_check("https://a.example/", "sk-4711"), -EINVAL);
    CHECK(!strstr(hr_error(), "4711"));
}

/* ---- streams -----------------------------------------------------------------------------------
 */

/* The text in pieces of so many bytes, one a millisecond. */
static int take(struct hr_token_stream *s, const char *text, size_t step)
{
    uint64_t now_ns = 0;
    int rc = 0;

    hr_token_stream_begin(s);
    for (size_t at = 0; text[at] && rc == 0; at += strnlen(text + at, step)) {
        now_ns += 1000000;
        rc = hr_token_stream_take(s, text + at, strnlen(text + at, step), now_ns);
    }
    return rc;
}

TEST(served, a_stream_is_read_however_it_is_cut)
{
    static const char text[] =
        ": ping\r\n\r\nevent: x\rid: 5\rdata: {\"choices\":[{\"delta\":{\"role\":\"a\"}}]}\r\r"
        "data:{\"choices\":\ndata: [{\"delta\":{\"content\":\"a\"}}]}\n\n"
        "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"b\"}}]}\r\n\r\n"
        "data: {\"choices\":[{\"delta\":{\"content\":\"\"},\"finish_reason\":\"stop\"}],"
        "\"usage\":{\"completion_tokens\":6,\"prompt_tokens\":9}}\n\ndata: [DONE]\n\n";
    struct hr_token_stream *s = calloc(1, sizeof(*s));

    CHECK(s);
    for (size_t step = 1; step <= sizeof(text); step++) {
        CHECK_EQ(take(s, text, step), 0);
        CHECK_EQ(s->pieces, 2);
        CHECK_EQ(s->tokens, 6);
        CHECK_EQ(s->prompt_tokens, 9);
        CHECK(s->ended);
    }
    free(s);
}

/* By hand: pieces at 1, 3 and 5 ms, 6 tokens by the server's count: 4 of them in 4 ms. */
TEST(served, the_rate_is_of_what_came_after_the_first_piece)
{
    static const char piece[] = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n";
    static const char usage[] = "data: {\"usage\":{\"completion_tokens\":6}}\n\n";
    struct hr_token_stream *s = calloc(1, sizeof(*s));
    const char *why;

    CHECK(s);
    hr_token_stream_begin(s);
    CHECK_EQ(hr_token_stream_take(s, piece, strlen(piece), 1000000), 0);
    CHECK(isnan(hr_token_stream_rate(s, &why)));
    CHECK_STR(why, "the answer came in one piece");
    CHECK_EQ(hr_token_stream_take(s, piece, strlen(piece), 3000000), 0);
    CHECK_EQ(hr_token_stream_take(s, piece, strlen(piece), 5000000), 0);
    CHECK(isnan(hr_token_stream_rate(s, &why)));
    CHECK_EQ(hr_token_stream_take(s, usage, strlen(usage), 9000000), 0);
    CHECK_EQ(llround(hr_token_stream_rate(s, &why)), 1000);
    CHECK_EQ(s->first_ns, 1000000);
    free(s);
}

/* By hand: 2 pieces at 1 ms, 2 at 3 ms, 2 at 5 ms, each pair 10 us apart; 12 tokens: 8 in 4 ms. */
TEST(served, what_came_together_is_one_burst)
{
    static const char piece[] = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n";
    struct hr_token_stream *s = calloc(1, sizeof(*s));
    const char *why;

    CHECK(s);
    hr_token_stream_begin(s);
    for (uint64_t i = 0; i < 6; i++) {
        CHECK_EQ(hr_token_stream_take(s, piece, strlen(piece),
                                      1000000 + i / 2 * 2000000 + i % 2 * 10000),
                 0);
        s->tokens = 12;
        if (i < 4) {
            CHECK(isnan(hr_token_stream_rate(s, &why)));
        }
    }
    CHECK_EQ(llround(hr_token_stream_rate(s, &why)), 2000);
    free(s);
}

TEST(served, what_is_no_stream_is_refused)
{
    struct hr_token_stream *s = calloc(1, sizeof(*s));
    char *much = malloc(HR_EVENT_BYTES_MAX + 2);

    CHECK(s && much);
    CHECK_EQ(take(s, "data: {]\n\n", 99), -EPROTO);
    CHECK_EQ(take(s, "data: 5\n\n", 99), -EPROTO);
    CHECK_EQ(take(s, "data: {\"error\":{\"message\":\"a\\nb\\u001bc\"}}\n\n", 99), -EPROTO);
    CHECK_STR(hr_error(), "it broke off: a b?c");
    memset(much, 'd', HR_EVENT_BYTES_MAX + 1);
    much[HR_EVENT_BYTES_MAX + 1] = '\0';
    CHECK_EQ(take(s, much, 4096), -EFBIG);
    CHECK_EQ(take(s, "", 1), 0);
    CHECK(!s->ended);
    free(much);
    free(s);
}

/* ---- the suite's cases -------------------------------------------------------------------------
 */

static void set(struct small_rig *small, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void set(struct small_rig *small, const char *format, ...)
{
    char text[512];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    CHECK_EQ(hr_config_set(small->config, text, "flag"), 0);
}

static double estimate(const json_t *c, const char *name)
{
    const json_t *value = json_object_get(figure_of(c, name), "estimate");

    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

static struct small_rig *rig_for(const char *text)
{
    struct small_rig *small = small_rig_new(engine_named("reference"));

    set(small, "inference.models=");
    set(small, "run.runs=2");
    set(small, "%s", text);
    return small;
}

/* The only case, of this status, whose reason has these words. */
static const json_t *only_case(struct small_rig *small, const char *status, const char *words)
{
    const json_t *cases = json_object_get(small->suite, "cases"), *c = json_array_get(cases, 0);

    CHECK_EQ(json_array_size(cases), 1);
    CHECK_STR(text_of(c, "status"), status);
    if (!strstr(text_of(c, "reason"), words)) {
        CHECK_STR(text_of(c, "reason"), words);
    }
    return c;
}

static struct small_rig *asked(enum chat_mode mode, const char *more, const char *status,
                               const char *words)
{
    const struct hr_curl *curl;
    struct chat_server server;
    struct small_rig *small;

    if (hr_curl_load(&curl)) {
        SKIP("libcurl is not here");
    }
    chat_server_start(&server, mode);
    small = rig_for("inference.tokens=16");
    set(small, "inference.endpoint=http://127.0.0.1:%d/v1/", server.port);
    if (more) {
        set(small, "%s", more);
    }
    CHECK_EQ(hr_endpoint_case(&small->bench, small->suite), 0);
    chat_server_stop(&server);
    only_case(small, status, words);
    return small;
}

TEST(served, a_server_is_asked)
{
    struct small_rig *small = asked(CHAT_GOOD, NULL, "pass", "");
    const json_t *c = only_case(small, "pass", "");

    CHECK_STR(text_of(c, "id"),
              "inference/inproc/reference/endpoint=here/model=default/prompt=512");
    CHECK_EQ(json_array_size(json_object_get(figure_of(c, "first_token"), "samples")), 2);
    CHECK(estimate(c, "first_token") >= CHAT_FIRST_MS * 1e6);
    CHECK(estimate(c, "decode") > 0); /* how fast is the machine's, which may be busy */
    CHECK(estimate(c, "tokens") > 15 && estimate(c, "prompt_tokens") > 69);
    small_rig_free(small);
}

TEST(served, what_a_server_does_not_tell_is_null_with_the_reason)
{
    struct small_rig *small = asked(CHAT_NO_USAGE, NULL, "pass", "");
    const json_t *c = only_case(small, "pass", "");

    CHECK(isnan(estimate(c, "decode")));
    CHECK_STR(text_of(figure_of(c, "decode"), "reason"),
              "the server does not tell how many tokens it sent");
    CHECK(estimate(c, "first_token") > 0);
    small_rig_free(small);
    small = asked(CHAT_ONE_PIECE, NULL, "pass", "");
    c = only_case(small, "pass", "");
    CHECK_STR(text_of(figure_of(c, "decode"), "reason"), "the answer came in one piece");
    small_rig_free(small);
}

TEST(served, servers_that_do_not_answer_are_skipped)
{
    small_rig_free(asked(CHAT_WANTS_KEY, NULL, "skip", "status 401: who are you?"));
    small_rig_free(asked(CHAT_REDIRECTS, NULL, "skip", "status 302"));
    small_rig_free(asked(CHAT_SILENT, "inference.timeout=300ms", "skip", "did not end in time"));
}

TEST(served, servers_that_answer_wrongly_are_invalid)
{
    small_rig_free(asked(CHAT_BREAKS_OFF, NULL, "invalid", "its answer broke off"));
    small_rig_free(asked(CHAT_NONSENSE, NULL, "invalid", "no JSON"));
    small_rig_free(asked(CHAT_ERROR_WITHIN, NULL, "invalid", "it broke off: out of ?memory"));
}

/* Nobody listens there: a port that was just given back. */
TEST(served, no_server_is_a_reason)
{
    struct small_rig *small = rig_for("inference.tokens=16");
    const struct hr_curl *curl;
    struct chat_server server;

    if (hr_curl_load(&curl)) {
        SKIP("libcurl is not here");
    }
    chat_server_start(&server, CHAT_GOOD);
    chat_server_stop(&server);
    set(small, "inference.endpoint=http://127.0.0.1:%d/v1", server.port);
    CHECK_EQ(hr_endpoint_case(&small->bench, small->suite), 0);
    only_case(small, "skip", "connect");
    small_rig_free(small);
}

TEST(served, a_key_opens_and_is_written_nowhere)
{
    struct small_rig *small;
    char *text;

    setenv("HR_TEST_KEY", CHAT_KEY, 1);
    small = asked(CHAT_WANTS_KEY, "inference.endpoint_key=HR_TEST_KEY", "pass", "");
    hr_record_set_new(small->bench.rig.record, "config", hr_config_json(small->config));
    text = json_dumps(hr_record_json(small->bench.rig.record), 0);
    CHECK(text && strstr(text, "HR_TEST_KEY") && !strstr(text, CHAT_KEY));
    free(text);
    small_rig_free(small);
    unsetenv("HR_TEST_KEY");
    small = asked(CHAT_WANTS_KEY, "inference.endpoint_key=HR_TEST_KEY", "skip",
                  "HR_TEST_KEY holds no key");
    small_rig_free(small);
}

TEST(served, settings_that_cannot_be_are_refused_before_anything_is_asked)
{
    static const char *const bad[] = {"inference.endpoint=file:///etc/hostname",
                                      "inference.endpoint=http://a:b@c/"};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct small_rig *small = rig_for(bad[i]);

        small->bench.rig.plan = json_pack("{s:[]}", "cases");
        CHECK_EQ(hr_suite_find("inference")->run(&small->bench, small->suite), -EINVAL);
        json_decref(small->bench.rig.plan);
        small_rig_free(small);
    }
}

/* Ctrl-C while a server thinks. */
TEST(served, an_interruption_ends_the_waiting)
{
    const struct hr_curl *curl;
    struct chat_server server;
    struct small_rig *small;

    if (HR_ONE_PROCESS || hr_curl_load(&curl)) {
        SKIP("a signal is for the whole process, or libcurl is not here");
    }
    chat_server_start(&server, CHAT_SILENT);
    small = rig_for("inference.timeout=1h");
    set(small, "inference.endpoint=http://127.0.0.1:%d/v1", server.port);
    hr_stop_install();
    raise(SIGINT);
    CHECK_EQ(hr_endpoint_case(&small->bench, small->suite), -EINTR);
    CHECK_EQ(json_array_size(json_object_get(small->suite, "cases")), 0);
    chat_server_stop(&server);
    small_rig_free(small);
}

/* ---- llama-bench --------------------------------------------------------------------------------
 */

#define TESTS                                                                               \
    "[{\"build_commit\":\"b5\",\"model_type\":\"llama 8B Q4_0\",\"model_size\":4600000000," \
    "\"n_prompt\":512,\"n_gen\":0,\"samples_ts\":[90.5,91.5,92.5]},"                        \
    "{\"model_size\":4600000000,\"n_prompt\":0,\"n_gen\":128,\"samples_ts\":[11,12,14]}]"

static struct small_rig *benched(const char *script, const char *status, const char *words)
{
    char folder[] = "/tmp/headroom-bench.XXXXXX", program[80], model[80];
    struct small_rig *small = rig_for("inference.timeout=20s");
    FILE *out;

    CHECK(mkdtemp(folder));
    snprintf(program, sizeof(program), "%s/bench", folder);
    snprintf(model, sizeof(model), "%s/Tiny-8B Q4.gguf", folder);
    out = fopen(model, "w");
    CHECK(out);
    fclose(out);
    out = fopen(program, "w");
    CHECK(out);
    fprintf(out, "#!/bin/sh\n%s\n", script);
    fclose(out);
    chmod(program, 0700);
    set(small, "inference.llama_bench=%s", program);
    set(small, "inference.llama_model=%s", model);
    CHECK_EQ(hr_llama_bench_case(&small->bench, small->suite), 0);
    unlink(program);
    unlink(model);
    rmdir(folder);
    only_case(small, status, words);
    return small;
}

TEST(served, llama_bench_is_read)
{
    struct small_rig *small =
        benched("[ \"$3 $4 $5 $6 $7 $8 $9\" = '-o json -p 512 -n 128 -r' ] || exit 4\n"
                "echo '[load] some words'; cat <<'EOF'\n" TESTS "\nEOF\necho bye",
                "pass", "");
    const json_t *c = only_case(small, "pass", "");

    CHECK_STR(text_of(c, "id"), "inference/inproc/reference/llama-bench/model=tiny-8b-q4");
    CHECK_STR(text_of(json_object_get(c, "params"), "model_type"), "llama 8B Q4_0");
    CHECK_EQ(llround(10 * estimate(c, "prompt")), 915);
    CHECK_EQ(llround(estimate(c, "decode")), 12);
    CHECK_EQ(json_array_size(json_object_get(figure_of(c, "decode"), "samples")), 3);
    CHECK_EQ(llround(estimate(c, "weights")), 4600000000);
    small_rig_free(small);
}

TEST(served, llama_bench_that_fails_is_skipped_and_nonsense_is_invalid)
{
    small_rig_free(benched("echo 'no such model' >&2; exit 1", "skip", "status 1: no such model"));
    small_rig_free(benched("echo '[1, 2]'", "invalid", "no JSON of tests"));
    small_rig_free(benched("echo '[{\"n_prompt\":512,\"n_gen\":0,\"samples_ts\":[nan]}]'",
                           "invalid", "no JSON of tests"));
    small_rig_free(benched("echo '[{\"n_prompt\":9,\"n_gen\":0,\"samples_ts\":[5]}]'", "invalid",
                           "no rate of the prompt"));
    small_rig_free(benched("echo '[{\"n_prompt\":512,\"n_gen\":0,\"samples_ts\":[-5]}]'", "invalid",
                           "no rate of the prompt"));
}

TEST(served, llama_bench_needs_its_model)
{
    struct small_rig *small = rig_for("inference.llama_bench=/bin/true");

    CHECK_EQ(hr_llama_bench_case(&small->bench, small->suite), -EINVAL);
    set(small, "inference.llama_model=/no/such.gguf");
    CHECK_EQ(hr_llama_bench_case(&small->bench, small->suite), 0);
    only_case(small, "skip", "cannot be read");
    small_rig_free(small);
}
