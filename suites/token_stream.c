/*
 * token_stream.c - server-sent events, a line at a time, each event a piece of JSON. What it cannot
 * see: when a token left the server; what the network held together arrives together.
 */
#include "suites/token_stream.h"

#include "harness/error.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

void hr_token_stream_begin(struct hr_token_stream *s)
{
    s->first_ns = s->pieces = s->bytes = 0;
    s->bursts = s->pieces_first = s->burst_ns = s->last_ns = 0;
    s->tokens = s->prompt_tokens = -1;
    s->ended = s->after_cr = false;
    s->used = s->line_at = 0;
}

void hr_plain_words(char *to, size_t size, const char *text)
{
    size_t n = 0;

    for (; *text && n + 1 < size; text++) {
        unsigned char c = (unsigned char)*text;

        to[n++] = c >= ' ' && c < 127 ? (char)c : c == '\n' || c == '\t' ? ' ' : '?';
    }
    to[n] = '\0';
}

/* {"error": {"message": "…"}}, {"error": "…"} or {"message": "…"}; NULL if it is none of these. */
static const char *message_of(const json_t *answer)
{
    const json_t *error = json_object_get(answer, "error");
    const char *text = json_string_value(error);

    text = text ? text : json_string_value(json_object_get(error, "message"));
    return text ? text : json_string_value(json_object_get(answer, "message"));
}

void hr_error_words(char *to, size_t size, const char *answer, size_t bytes)
{
    json_t *json = json_loadb(answer, bytes, 0, NULL);
    const char *message = message_of(json);
    char text[512];

    snprintf(text, sizeof(text), "%.*s", (int)(bytes < 500 ? bytes : 500), answer);
    hr_plain_words(to, size, message ? message : text);
    json_decref(json);
}

static bool has_text(const json_t *object, const char *key)
{
    return json_string_length(json_object_get(object, key)) > 0;
}

static int64_t count_of(const json_t *usage, const char *key, int64_t before)
{
    const json_t *count = json_object_get(usage, key);

    return json_is_integer(count) && json_integer_value(count) >= 0 ? json_integer_value(count)
                                                                    : before;
}

static void take_piece(struct hr_token_stream *s, uint64_t now_ns)
{
    if (s->pieces == 0 || now_ns - s->last_ns >= HR_BURST_NS) {
        s->first_ns = s->pieces ? s->first_ns : now_ns;
        s->burst_ns = now_ns;
        s->bursts++;
    }
    s->last_ns = now_ns;
    s->pieces++;
    s->pieces_first += s->bursts == 1;
}

static int take_chunk(struct hr_token_stream *s, const json_t *chunk, uint64_t now_ns)
{
    const json_t *choice = json_array_get(json_object_get(chunk, "choices"), 0);
    const json_t *delta = json_object_get(choice, "delta");
    const json_t *usage = json_object_get(chunk, "usage"), *error = json_object_get(chunk, "error");
    char words[200];

    if (!json_is_object(chunk)) {
        return hr_fail(EPROTO, "an event of its answer is no JSON object");
    }
    if (error && !json_is_null(error)) {
        const char *text = message_of(chunk);

        hr_plain_words(words, sizeof(words), text ? text : "an error without words");
        return hr_fail(EPROTO, "it broke off: %s", words);
    }
    if (has_text(delta, "content") || has_text(delta, "reasoning_content") ||
        has_text(delta, "reasoning")) {
        take_piece(s, now_ns);
    }
    s->ended = s->ended || json_is_string(json_object_get(choice, "finish_reason"));
    s->tokens = count_of(usage, "completion_tokens", s->tokens);
    s->prompt_tokens = count_of(usage, "prompt_tokens", s->prompt_tokens);
    return 0;
}

static int end_event(struct hr_token_stream *s, uint64_t now_ns)
{
    size_t bytes = s->used;
    json_t *chunk;
    int rc;

    s->used = s->line_at = 0;
    if (bytes == 0) {
        return 0;
    }
    bytes--; /* the end of its last line */
    if (bytes == 6 && memcmp(s->event, "[DONE]", 6) == 0) {
        s->ended = true;
        return 0;
    }
    chunk = json_loadb(s->event, bytes, 0, NULL);
    if (!chunk) {
        return hr_fail(EPROTO, "an event of its answer is no JSON");
    }
    rc = take_chunk(s, chunk, now_ns);
    json_decref(chunk);
    return rc;
}

/* The line from line_at on: data stays, without its name; the rest is forgotten. */
static int end_line(struct hr_token_stream *s, uint64_t now_ns)
{
    char *line = s->event + s->line_at;
    size_t length = s->used - s->line_at;

    if (length == 0) {
        return end_event(s, now_ns);
    }
    if (length >= 5 && memcmp(line, "data:", 5) == 0) {
        size_t name = length > 5 && line[5] == ' ' ? 6 : 5;

        memmove(line, line + name, length - name);
        line[length - name] = '\n';
        s->used = s->line_at = s->line_at + length - name + 1;
    } else {
        s->used = s->line_at;
    }
    return 0;
}

int hr_token_stream_take(struct hr_token_stream *s, const char *bytes, size_t n, uint64_t now_ns)
{
    int rc = 0;

    s->bytes += n;
    if (s->bytes > HR_STREAM_BYTES_MAX) {
        return hr_fail(EFBIG, "its answer is longer than %" PRIu64 " MiB",
                       HR_STREAM_BYTES_MAX >> 20);
    }
    for (size_t i = 0; i < n && rc == 0; i++) {
        bool second = s->after_cr && bytes[i] == '\n';

        s->after_cr = bytes[i] == '\r';
        if (second) {
            continue;
        }
        if (bytes[i] == '\n' || bytes[i] == '\r') {
            rc = end_line(s, now_ns);
        } else if (s->used < HR_EVENT_BYTES_MAX) {
            s->event[s->used++] = bytes[i];
        } else {
            rc = hr_fail(EFBIG, "an event of its answer is longer than %zu KiB",
                         HR_EVENT_BYTES_MAX >> 10);
        }
    }
    return rc;
}

/* A piece may hold several tokens: of all tokens, the share that came after the first burst. What a
 * network or a proxy held back and let go at once tells nothing of how fast it was made. */
double hr_token_stream_rate(const struct hr_token_stream *s, const char **why)
{
    double seconds = (double)(s->burst_ns - s->first_ns) / 1e9;

    *why = s->pieces < 2               ? "the answer came in one piece"
           : s->bursts < HR_BURSTS_MIN ? "the answer came in one or two bursts"
           : s->tokens <= 0            ? "the server does not tell how many tokens it sent"
                                       : NULL;
    return *why ? (double)NAN
                : (double)s->tokens * (double)(s->pieces - s->pieces_first) / (double)s->pieces /
                      seconds;
}
