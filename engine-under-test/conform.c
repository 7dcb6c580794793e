/*
 * conform.c - may this engine be measured?
 *
 * How: the contract (contract.c), the scenarios (scenarios.c), then hostile flow round by round
 * against the oracle; the first round that differs is shrunk and shown. All of it in a child
 * process with a watchdog, so that an engine that crashes or hangs fails like any other. What it
 * cannot see: how fast the engine is, or a fault that no seed so far has met.
 */
#include "engine-under-test/conform.h"

#include "engine-under-test/contract.h"
#include "engine-under-test/differ.h"
#include "engine-under-test/loader.h"
#include "engine-under-test/scenario.h"
#include "harness/codec.h"
#include "harness/error.h"
#include "harness/output.h"
#include "harness/progress.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define STEP_SECONDS_MAX 120 /* a scenario or a round takes far less than a second */
#define PROGRESS_MS 100
#define SHOWN_MAX 40u    /* requests of a shrunk flow that are printed */
#define FAILURES_MAX 10u /* scenarios that are printed, unless verbose */

/* What the judging process leaves behind, even if the engine kills it. */
struct legacy {
    pid_t parent, child;
    struct eut_conform_result result;
    bool finished;
    int rc;
    char error[HR_ERROR_MAX];
    char step[128]; /* what was being asked */
    uint64_t seed;  /* of the round at hand, if in_round */
    bool in_round;
    bool in_flow; /* past the scenarios */
    double share; /* done, of the hostile flow */
};

struct judging {
    const struct eut_conform_params *params;
    struct legacy *legacy;
    struct eut_conform_result *result;
    FILE *out;
};

static const struct {
    uint64_t bit;
    const char *name;
} capability_names[] = {
    {EUT_CAP_L3, "L3 markets"},       {EUT_CAP_L2, "L2 markets"},
    {EUT_CAP_REPLACE, "replace"},     {EUT_CAP_FOK, "fill or kill"},
    {EUT_CAP_POST, "post only"},      {EUT_CAP_STP, "self-trade prevention"},
    {EUT_CAP_ANY_ID, "any order id"}, {EUT_CAP_ANY_PRICE, "the full price range"},
};

static const char *engine_name(const struct eut_conform_params *params)
{
    return params->name ? params->name : params->engine->name;
}

static void tell_capabilities(const struct judging *j)
{
    uint64_t has = j->params->engine->capabilities;
    const char *separator = " lacks ";

    if ((has & EUT_CAP_ALL) == EUT_CAP_ALL) {
        return;
    }
    fprintf(j->out, "engine %s", j->params->engine->name);
    for (size_t i = 0; i < sizeof(capability_names) / sizeof(*capability_names); i++) {
        if (!(has & capability_names[i].bit)) {
            fprintf(j->out, "%s%s", separator, capability_names[i].name);
            separator = ", ";
        }
    }
    fprintf(j->out, ": judged without\n");
}

/* ---- steps ---------------------------------------------------------------------- */

static void begin_step(struct judging *j, const char *format, const char *name)
{
    snprintf(j->legacy->step, sizeof(j->legacy->step), format, name);
    alarm(STEP_SECONDS_MAX);
}

static void note_failure(struct judging *j, const char *why)
{
    if (j->result->first_failure[0] == '\0') {
        snprintf(j->result->first_failure, sizeof(j->result->first_failure), "%s", why);
    }
}

/* Counts the outcome of a scenario or contract; passes on what is neither pass nor fail. */
static int count_outcome(struct judging *j, const char *name, int rc, const char *why)
{
    j->result->scenarios++;
    if (rc == 1) {
        j->result->scenarios_failed++;
        note_failure(j, why);
        if (j->result->scenarios_failed <= FAILURES_MAX || j->params->verbose) {
            fprintf(j->out, "FAILED %s\n", why);
        }
    } else if (rc == 0 && j->params->verbose) {
        fprintf(j->out, "passed \"%s\"\n", name);
    }
    return rc < 0 ? rc : 0;
}

static void skip(struct judging *j, const char *name, const char *reason)
{
    j->result->scenarios_skipped++;
    if (j->params->verbose) {
        fprintf(j->out, "skipped \"%s\": %s\n", name, reason);
    }
}

static int judge_contracts(struct judging *j)
{
    int rc = 0;

    for (const struct eut_contract *c = eut_contracts; c->name && rc == 0; c++) {
        char detail[300] = "", why[480];

        if (c->built_in_only) {
            continue;
        }
        begin_step(j, "contract \"%s\"", c->name);
        rc = c->check(j->params->engine, detail, sizeof(detail));
        snprintf(why, sizeof(why), "\"%s\" (engine.h): %s", c->name, detail);
        rc = count_outcome(j, c->name, rc, why);
    }
    return rc;
}

static int judge_scenarios(struct judging *j)
{
    int rc = 0;

    for (const struct eut_scenario *s = eut_scenarios; s->name && rc == 0; s++) {
        char why[480] = "";

        if (s->needs & ~j->params->engine->capabilities) {
            skip(j, s->name, "the engine does not claim what it needs");
            continue;
        }
        if (hr_stop_signal()) {
            return -EINTR;
        }
        begin_step(j, "scenario \"%s\"", s->name);
        rc = eut_scenario_run(s, j->params->engine, why, sizeof(why));
        rc = count_outcome(j, s->name, rc, why);
    }
    return rc;
}

/* ---- hostile flow --------------------------------------------------------------- */

/* A letter that is none is shown as ?, the rest as the text form has it. */
static void print_request(FILE *out, uint32_t number, struct eut_request r)
{
    uint8_t *letters[] = {&r.op, &r.side, &r.type, &r.tif};
    char line[HR_TEXT_LINE_MAX];
    bool shown = true;

    for (int i = 0; i < 4; i++) {
        bool letter = *letters[i] >= 'A' && *letters[i] <= 'Z';

        shown = shown && letter;
        if (!letter) {
            *letters[i] = '?';
        }
    }
    if (r.op == EUT_CANCEL || r.op == EUT_REPLACE || r.op == EUT_QUOTE || shown) {
        *hr_text_put_request(line, &r) = '\0';
        fprintf(out, "  %4" PRIu32 "  %s", number, line);
    } else {
        fprintf(out,
                "  %4" PRIu32 "  %c,%" PRIu32 ",%" PRIu32 ",%" PRIu64 ",%c,%c,%c,%" PRIu32
                ",%" PRIu32 "\n",
                number, r.op, r.market, r.account, r.order, r.side, r.type, r.tif, r.price, r.qty);
    }
}

static void tell_difference(const struct judging *j, uint64_t seed, const struct eut_trial *trial,
                            const struct eut_request *requests, uint32_t count,
                            const struct eut_difference *d)
{
    const struct eut_limits *l = &trial->limits;
    const struct eut_conform_params *p = j->params;

    fprintf(j->out,
            "FAILED hostile flow of seed %" PRIu64 ", shrunk to %" PRIu32 " requests\n"
            "  limits: %" PRIu32 " markets, the last %" PRIu32 " L2, %" PRIu64 " orders, %" PRIu64
            " levels; batches of %" PRIu32 "; sink of %" PRIu32 " events\n",
            seed, count, l->markets, l->l2_markets, l->orders, l->levels, l->batch_max,
            trial->sink_room);
    for (uint32_t i = 0; i < count; i++) {
        if (i == SHOWN_MAX / 2 && count > SHOWN_MAX) {
            fprintf(j->out, "        … %" PRIu32 " more …\n", count - SHOWN_MAX);
            i += count - SHOWN_MAX;
        }
        print_request(j->out, i + 1, requests[i]);
    }
    fprintf(j->out, "  expected  %s\n  got       %s\n", d->expected, d->actual);
    fprintf(j->out, "  repeat    headroom conform -e %s --seed %" PRIu64 " --requests 1\n",
            engine_name(p), seed);
}

/* For the engine's maker to step through. A file that cannot be written does not change the
 * verdict. */
static void save_flow(const struct judging *j, const struct eut_trial *trial,
                      const struct eut_request *requests, uint32_t count)
{
    const struct eut_limits *l = &trial->limits;
    uint8_t header[HR_FLOW_HEADER_BYTES];
    struct hr_output file;
    int rc;

    if (!j->params->flow) {
        return;
    }
    rc = hr_output_open(&file, j->params->flow, NULL);
    if (rc == 0) {
        hr_flow_header_put(header, count);
        hr_output_put(&file, header, sizeof(header));
        hr_output_put(&file, requests, count * sizeof(*requests));
        rc = hr_output_close(&file);
    }
    if (rc != 0) {
        fprintf(j->out, "  flow      not saved: %s\n", hr_error());
        hr_error_clear();
        return;
    }
    fprintf(j->out,
            "  flow      headroom replay %s -e %s --markets %" PRIu32 " --l2 %" PRIu32
            " --orders %" PRIu64 " --levels %" PRIu64 " --batch %" PRIu32 " --events -\n",
            j->params->flow, engine_name(j->params), l->markets, l->l2_markets, l->orders,
            l->levels, l->batch_max);
}

/* One round; *passed is how many requests it had if all were answered rightly. */
static int judge_round(struct judging *j, uint64_t seed, uint32_t *passed)
{
    struct eut_request *requests = NULL;
    struct eut_difference difference;
    struct eut_trial trial;
    char why[480];
    uint32_t count = 0; /* without memory for a round there is none */
    int rc = eut_hostile_round(seed, j->params->engine->capabilities, &trial, &requests, &count);

    rc = rc ? rc : eut_differ(j->params->engine, &trial, requests, count, &difference);
    *passed = count;
    if (rc == 1) {
        j->result->requests_failed_at =
            difference.request < count ? difference.request + 1 : difference.request;
        j->result->seed_failed = seed;
        rc = eut_shrink(j->params->engine, &trial, requests, &count, &difference);
        rc = rc ? rc : 1;
    }
    if (rc == 1) {
        snprintf(why, sizeof(why), "hostile flow of seed %" PRIu64 ": expected %.170s, got %.170s",
                 seed, difference.expected, difference.actual);
        note_failure(j, why);
        tell_difference(j, seed, &trial, requests, count, &difference);
        save_flow(j, &trial, requests, count);
    }
    free(requests);
    return rc;
}

static int judge_hostile_flow(struct judging *j)
{
    const struct eut_conform_params *p = j->params;
    uint64_t rounds = 0;
    uint32_t passed;
    int rc = 0;

    j->legacy->in_round = true;
    j->legacy->in_flow = true;
    while (rc == 0 && j->result->requests < p->requests) {
        char name[32];

        if (hr_stop_signal() || getppid() != j->legacy->parent) {
            return -EINTR;
        }
        j->legacy->seed = p->seed + rounds * EUT_SEED_STEP;
        snprintf(name, sizeof(name), "%" PRIu64, j->legacy->seed);
        begin_step(j, "hostile flow of seed %s", name);
        j->legacy->share = (double)j->result->requests / (double)p->requests;
        rc = judge_round(j, j->legacy->seed, &passed);
        j->result->requests += passed;
        rounds++;
    }
    j->legacy->in_round = false;
    if (rc == 0 && rounds > 0) {
        fprintf(j->out,
                "hostile flow: %" PRIu64 " requests in %" PRIu64 " rounds from seed %" PRIu64
                ": every event, book and digest is the oracle's\n",
                j->result->requests, rounds, p->seed);
    }
    return rc;
}

/* ---- all of it ------------------------------------------------------------------ */

static int judge(struct judging *j)
{
    int rc;

    tell_capabilities(j);
    rc = judge_contracts(j);
    rc = rc ? rc : judge_scenarios(j);
    if (rc == 0) {
        fprintf(j->out, "scenarios: %" PRIu32 " passed, %" PRIu32 " failed, %" PRIu32 " skipped\n",
                j->result->scenarios - j->result->scenarios_failed, j->result->scenarios_failed,
                j->result->scenarios_skipped);
    }
    if (rc == 0 && j->result->scenarios_failed > FAILURES_MAX && !j->params->verbose) {
        fprintf(j->out, "the first %u failures are shown; --verbose shows all\n", FAILURES_MAX);
    }
    if (rc == 0 && j->result->scenarios_failed > 0) {
        fprintf(j->out, "hostile flow: not tried, the rules above come first\n");
        return 1;
    }
    return rc ? rc : judge_hostile_flow(j);
}

/* The child's whole life. */
static void judge_in_child(const struct eut_conform_params *params, struct legacy *legacy,
                           int pipe_fd)
{
    FILE *out = fdopen(pipe_fd, "w");
    struct judging j = {.params = params, .legacy = legacy, .result = &legacy->result, .out = out};

    signal(SIGALRM, SIG_DFL);
    eut_watch(NULL, NULL); /* the parent tells how this process ended */
    if (out) {
        setvbuf(out, NULL, _IOLBF, BUFSIZ); /* so that a crash takes no line along */
        legacy->rc = judge(&j);
        snprintf(legacy->error, sizeof(legacy->error), "%s", hr_error());
        legacy->finished = true;
        fclose(out);
    }
    _exit(0);
}

/* Reads the child's account to its end, drawing progress meanwhile. */
static void read_account(const struct eut_conform_params *params, const struct legacy *legacy,
                         int pipe_fd, FILE *account)
{
    struct pollfd readable = {.fd = pipe_fd, .events = POLLIN};
    bool told = false;
    char text[4096];
    ssize_t got;

    for (;;) {
        if (params->progress) {
            hr_progress_step(legacy->in_flow ? "hostile flow" : "scenarios", legacy->share);
        }
        if (hr_stop_signal() && !told) {
            kill(legacy->child, SIGTERM); /* Ctrl-C reaches it by itself, a plain kill does not */
            told = true;
        }
        if (poll(&readable, 1, PROGRESS_MS) <= 0) {
            continue; /* nothing yet, or a signal */
        }
        got = read(pipe_fd, text, sizeof(text));
        if (got == 0 || (got < 0 && errno != EINTR)) {
            return;
        }
        if (got > 0 && account) {
            fwrite(text, 1, (size_t)got, account);
        }
    }
}

/* Passes the account on: at once, or, where a progress line is being drawn, when that is gone. */
static void pass_account(const struct eut_conform_params *params, const struct legacy *legacy,
                         int pipe_fd)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *kept = params->progress && params->out ? open_memstream(&text, &bytes) : NULL;

    if (params->progress) {
        hr_progress_begin("conform", 0);
    }
    read_account(params, legacy, pipe_fd, kept ? kept : params->out);
    if (params->progress) {
        hr_progress_end();
    }
    if (kept) {
        fclose(kept);
        fwrite(text, 1, bytes, params->out);
        free(text);
    }
}

/* The child ended before it was finished: the engine did that. */
static int tell_crash(const struct eut_conform_params *params, struct legacy *legacy, int status)
{
    struct eut_conform_result *result = &legacy->result;
    char how[96];

    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) {
        snprintf(how, sizeof(how), "did not answer within %d s", STEP_SECONDS_MAX);
    } else if (WIFSIGNALED(status)) {
        snprintf(how, sizeof(how), "crashed with signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    } else {
        snprintf(how, sizeof(how), "ended the process with status %d", WEXITSTATUS(status));
    }
    snprintf(result->first_failure, sizeof(result->first_failure), "engine %s %s in %s",
             params->engine->name, how, legacy->step);
    if (legacy->in_round) {
        result->seed_failed = legacy->seed;
    } else {
        result->scenarios_failed++;
    }
    if (params->out) {
        fprintf(params->out, "FAILED %s\n", result->first_failure);
        if (legacy->in_round) {
            fprintf(params->out,
                    "  repeat    headroom conform -e %s --seed %" PRIu64 " --requests 1\n",
                    engine_name(params), legacy->seed);
        }
    }
    return 1;
}

static int run_child(const struct eut_conform_params *params, struct legacy *legacy)
{
    int fds[2], status = 0;
    pid_t child;

    if (pipe(fds) != 0) {
        return hr_fail(errno, "no pipe for the judging process: %s", strerror(errno));
    }
    legacy->parent = getpid();
    fflush(NULL); /* or the child would write it once more */
    child = fork();
    if (child < 0) {
        int err = errno;

        close(fds[0]);
        close(fds[1]);
        return hr_fail(err, "no process for the judging: %s", strerror(err));
    }
    if (child == 0) {
        close(fds[0]);
        judge_in_child(params, legacy, fds[1]);
    }
    legacy->child = child;
    close(fds[1]);
    pass_account(params, legacy, fds[0]);
    close(fds[0]);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (!legacy->finished) {
        return hr_stop_signal() ? -EINTR : tell_crash(params, legacy, status);
    }
    if (legacy->rc < 0 && legacy->rc != -EINTR) {
        hr_fail(-legacy->rc, "%s", legacy->error);
    }
    return legacy->rc;
}

int eut_conform(const struct eut_conform_params *params, struct eut_conform_result *result)
{
    struct legacy *legacy;
    int rc;

    *result = (struct eut_conform_result){0};
    if (params->engine->capabilities & EUT_CAP_RULER) {
        return hr_fail(ENOTSUP,
                       "engine %s is a ruler: it answers without matching, so there is nothing "
                       "to judge, and nothing measured with it is a result",
                       params->engine->name);
    }
    legacy = mmap(NULL, sizeof(*legacy), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (legacy == MAP_FAILED) {
        return hr_fail(ENOMEM, "no memory for the judging process");
    }
    rc = run_child(params, legacy);
    *result = legacy->result;
    munmap(legacy, sizeof(*legacy));
    return rc;
}
