/*
 * scenario.c - reads a scenario's script and puts it to an engine. Does the engine do as it says?
 *
 * How: the script becomes requests and one expected text; the engine's events and books become the
 * actual text; the first line that differs is the answer. Each script runs in one batch, in batches
 * of 7 and one by one, always with the smallest sink. What it cannot see: what no script says.
 */
#include "engine-under-test/scenario.h"

#include "engine-under-test/collect.h"
#include "harness/codec.h"
#include "harness/error.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN_MAX 256

struct script {
    struct eut_request *requests;
    uint32_t count, room;
    FILE *text; /* writes `expected` */
    char *expected;
    size_t expected_bytes;
};

/* ---- from script to requests and expected text ---------------------------------- */

static int parse_request(const char *text, struct eut_request *r)
{
    char side = 0, type = 0, tif = 0;
    bool good;

    *r = (struct eut_request){.op = (uint8_t)text[0]};
    switch (text[0]) {
    case EUT_CANCEL:
        good = sscanf(text, "C,%" SCNu32 ",%" SCNu32 ",%" SCNu64, &r->market, &r->account,
                      &r->order) == 3;
        break;
    case EUT_REPLACE:
        good = sscanf(text, "R,%" SCNu32 ",%" SCNu32 ",%" SCNu64 ",%" SCNu32 ",%" SCNu32,
                      &r->market, &r->account, &r->order, &r->price, &r->qty) == 5;
        break;
    case EUT_QUOTE:
        good = sscanf(text, "Q,%" SCNu32 ",%c,%" SCNu32 ",%" SCNu32, &r->market, &side, &r->price,
                      &r->qty) == 4;
        break;
    default: /* N, and letters that are none */
        good =
            sscanf(text, "%*c,%" SCNu32 ",%" SCNu32 ",%" SCNu64 ",%c,%c,%c,%" SCNu32 ",%" SCNu32,
                   &r->market, &r->account, &r->order, &side, &type, &tif, &r->price, &r->qty) == 8;
    }
    r->side = (uint8_t)side;
    r->type = (uint8_t)type;
    r->tif = (uint8_t)tif;
    return good ? 0 : hr_fail(EINVAL, "scenario: \"%s\" is not a request", text);
}

/* A piece of a line: its text and how often it stands. */
struct token {
    const char *text;
    size_t length;
    unsigned times; /* 0: not said */
};

static struct token read_token(const char *text, const char *end)
{
    struct token token = {0};

    while (text < end && *text == ' ') {
        text++;
    }
    if (text < end && *text == '*') {
        char *after;

        token.times = (unsigned)strtoul(text + 1, &after, 10);
        text = after + 1;
    }
    while (end > text && end[-1] == ' ') {
        end--;
    }
    token.text = text;
    token.length = (size_t)(end - text);
    return token;
}

/* The token's text with every $ replaced by the number. */
static void fill_in(char out[TOKEN_MAX], struct token token, unsigned number)
{
    size_t used = 0;

    for (size_t i = 0; i < token.length && used + 12 < TOKEN_MAX; i++) {
        if (token.text[i] == '$') {
            used += (size_t)snprintf(out + used, TOKEN_MAX - used, "%u", number);
        } else {
            out[used++] = token.text[i];
        }
    }
    out[used] = '\0';
}

static int add_request(struct script *script, const char *text)
{
    if (script->count == script->room) {
        uint32_t room = script->room ? 2 * script->room : 64;
        struct eut_request *grown = realloc(script->requests, room * sizeof(*grown));

        if (!grown) {
            return hr_fail(ENOMEM, "no memory for a scenario of %u requests", room);
        }
        script->requests = grown;
        script->room = room;
    }
    return parse_request(text, &script->requests[script->count++]);
}

static void expect(struct script *script, const char *prefix, struct token token, unsigned number)
{
    char text[TOKEN_MAX];

    for (unsigned i = 1; i <= (token.times ? token.times : 1); i++) {
        fill_in(text, token, token.times ? i : number);
        fprintf(script->text, "%s%s\n", prefix, text);
    }
}

/* One request with its events, once with this number for its $. */
static int add_line(struct script *script, const char *line, const char *end, unsigned number)
{
    const char *stop = memchr(line, '>', (size_t)(end - line));
    char text[TOKEN_MAX], prefix[16];
    int rc;

    fill_in(text, read_token(line, stop ? stop : end), number);
    rc = add_request(script, text);
    snprintf(prefix, sizeof(prefix), "%u,", script->count);
    while (rc == 0 && stop) {
        const char *start = stop + 1;

        stop = memchr(start, '>', (size_t)(end - start));
        expect(script, prefix, read_token(start, stop ? stop : end), number);
    }
    return rc;
}

static int read_script(struct script *script, const char *text)
{
    int rc = 0;

    script->text = open_memstream(&script->expected, &script->expected_bytes);
    if (!script->text) {
        return hr_fail(ENOMEM, "no memory for a scenario");
    }
    while (*text && rc == 0) {
        const char *end = strchr(text, '\n');
        unsigned times;

        end = end ? end : text + strlen(text);
        if (*text == '=') {
            expect(script, "book ", read_token(text + 1, end), 0);
        } else {
            times = read_token(text, end).times;
            for (unsigned i = 1; i <= (times ? times : 1) && rc == 0; i++) {
                rc = add_line(script, text, end, i);
            }
        }
        text = *end ? end + 1 : end;
    }
    fclose(script->text);
    return rc;
}

/* ---- what the engine did, as text ----------------------------------------------- */

static bool unnamed_fields_are_zero(const struct eut_event *e)
{
    bool trade = e->kind == EUT_TRADE,
         reasoned = e->kind == EUT_CANCELLED || e->kind == EUT_REJECTED;

    return e->reserved == 0 && (trade || e->maker == 0) && (reasoned || e->reason == 0) &&
           (e->kind != EUT_CANCELLED || e->price == 0) &&
           (e->kind != EUT_REJECTED || (e->price == 0 && e->qty == 0));
}

static int write_books(FILE *text, const struct eut_engine *engine, void *self, uint32_t markets)
{
    struct eut_book book = {0};
    int rc = 0;

    for (uint32_t market = 0; market < markets && rc == 0; market++) {
        rc = eut_book_read(engine, self, market, &book);
        for (uint64_t i = 0; i < book.count && rc == 0; i++) {
            char line[HR_TEXT_LINE_MAX];

            *hr_text_put_resting(line, market, &book.at[i]) = '\0';
            fprintf(text, "book %s", line);
        }
        if (rc != 0 && rc != -ENOMEM) {
            rc = hr_fail(EPROTO, "walk() of market %u returned %d", market, rc);
        }
    }
    eut_book_free(&book);
    return rc;
}

static int write_actual(FILE *text, const struct script *script, const struct eut_engine *engine,
                        void *self, const struct eut_events *events, uint32_t markets)
{
    uint64_t digest;
    int rc;

    for (uint64_t i = 0; i < events->count; i++) {
        const struct eut_event *e = &events->at[i];
        char line[HR_TEXT_LINE_MAX];

        *hr_text_put_event(line, e->request + 1u, script->requests[e->request].market, e) = '\0';
        if (!unnamed_fields_are_zero(e)) {
            line[strcspn(line, "\n")] = '\0';
            fprintf(text, "%s, with fields set that this kind of event leaves 0\n", line);
        } else {
            fputs(line, text);
        }
    }
    rc = write_books(text, engine, self, markets);
    if (rc == 0) {
        rc = eut_events_digest(script->requests, events, markets, &digest);
    }
    if (rc == 0 && engine->digest(self) != digest) {
        fprintf(text,
                "digest %016" PRIx64 ", which its own events do not fold to (%016" PRIx64 ")\n",
                engine->digest(self), digest);
    }
    return rc;
}

/* ---- the verdict ---------------------------------------------------------------- */

/* 1 and one line in `why` at the first line that differs. */
static int compare_texts(const struct eut_scenario *scenario, const struct script *script,
                         const char *actual, uint32_t batch, char *why, size_t why_bytes)
{
    const char *want = script->expected, *got = actual;
    char asked[HR_TEXT_LINE_MAX] = "the last request", in_batches[48] = "";
    size_t want_length, got_length;
    uint32_t request = 0;

    for (;;) {
        want_length = strcspn(want, "\n");
        got_length = strcspn(got, "\n");
        if (want_length != got_length || memcmp(want, got, want_length) != 0) {
            break;
        }
        if (*want == '\0') {
            return 0;
        }
        want += want_length + 1;
        got += got_length + 1;
    }
    for (int i = 0; i < 2; i++) {
        uint32_t number = (uint32_t)strtoul(i ? got : want, NULL, 10);

        if (number >= 1 && number <= script->count && (request == 0 || number < request)) {
            request = number;
        }
    }
    if (request > 0) {
        *hr_text_put_request(asked, &script->requests[request - 1]) = '\0';
        asked[strcspn(asked, "\n")] = '\0';
    }
    if (batch < script->count) {
        snprintf(in_batches, sizeof(in_batches), " (in batches of %u)", batch);
    }
    snprintf(why, why_bytes, "\"%s\" (rule %s), after %s%s: expected %.*s, got %.*s",
             scenario->name, scenario->rule, asked, in_batches, want_length ? (int)want_length : 12,
             want_length ? want : "nothing more", got_length ? (int)got_length : 12,
             got_length ? got : "nothing more");
    return 1;
}

static int run_in_batches(const struct eut_scenario *scenario, const struct script *script,
                          const struct eut_engine *engine, uint32_t batch, char *why,
                          size_t why_bytes)
{
    struct eut_limits limits = {.struct_size = sizeof(limits),
                                .markets = scenario->l3_markets + scenario->l2_markets,
                                .l2_markets = scenario->l2_markets,
                                .batch_max = batch,
                                .orders = scenario->orders ? scenario->orders : 1000,
                                .levels = scenario->levels ? scenario->levels : 1000};
    struct eut_events events = {0};
    char *actual = NULL;
    size_t actual_bytes = 0;
    FILE *text = open_memstream(&actual, &actual_bytes);
    void *self = NULL;
    int rc = text ? 0 : hr_fail(ENOMEM, "no memory for a scenario");

    if (rc == 0) {
        hr_error_clear();
        rc = engine->create(&limits, &self);
        if (rc != 0) {
            snprintf(why, why_bytes, "\"%s\": create() failed: %s", scenario->name, hr_reason(rc));
            rc = 1;
        }
    }
    if (rc == 0) {
        rc = eut_collect(engine, self, script->requests, script->count, batch, EUT_SINK_ROOM_MIN,
                         &events);
        rc = rc ? rc : write_actual(text, script, engine, self, &events, limits.markets);
        if (rc != 0 && rc != -ENOMEM) {
            snprintf(why, why_bytes, "\"%s\": %s", scenario->name, hr_error());
            rc = 1;
        }
        engine->destroy(self);
    }
    if (text) {
        fclose(text);
    }
    if (rc == 0) {
        rc = compare_texts(scenario, script, actual, batch, why, why_bytes);
    }
    eut_events_free(&events);
    free(actual);
    return rc;
}

int eut_scenario_run(const struct eut_scenario *scenario, const struct eut_engine *engine,
                     char *why, size_t why_bytes)
{
    struct script script = {0};
    int rc = read_script(&script, scenario->script);
    const uint32_t batches[] = {script.count, 7, 1};

    for (size_t i = 0; i < sizeof(batches) / sizeof(*batches) && rc == 0; i++) {
        rc = run_in_batches(scenario, &script, engine, batches[i], why, why_bytes);
    }
    free(script.requests);
    free(script.expected);
    return rc;
}
