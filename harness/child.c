/*
 * child.c - a process that is asked once and never trusted: not to end, not to be brief, and not to
 * leave nothing behind. Two pipes are read in turns until both are closed or its time is up.
 */
#include "harness/child.h"

#include "harness/clock.h"
#include "harness/error.h"
#include "harness/platform/platform.h"
#include "harness/progress.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOOK_MS 50 /* how often Ctrl-C and the clock are looked at */

enum { ANSWER, WORDS, PIPES };

struct asking {
    pid_t pid;
    int fd[PIPES]; /* to read; -1: at its end */
    uint64_t until_ns;
    struct hr_child_answer *answer;
    size_t room, words;
};

/* ---- the child --------------------------------------------------------------------------------
 */

static void become_child(int out[2], int words[2])
{
    static const int usual[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGQUIT};
    int null = open("/dev/null", O_RDONLY);
    sigset_t none;

    setpgid(0, 0);
    for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
        signal(usual[i], SIG_DFL);
    }
    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &none, NULL);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(out[1], STDOUT_FILENO) < 0 ||
        dup2(words[1], STDERR_FILENO) < 0) {
        _exit(126);
    }
    close(out[0]);
    close(words[0]);
    close(out[1]);
    close(words[1]);
    (void)hr_thread_pin(-1); /* the measuring thread may be bound to one processor */
}

/* ---- its parent -------------------------------------------------------------------------------
 */

/* Only the last line that says something is kept. */
static void keep_words(struct asking *a, const char *text, size_t bytes)
{
    char *line = a->answer->last_words;

    for (size_t i = 0; i < bytes; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c == '\n' || c == '\r') {
            a->words = 0;
        } else if (c != ' ' || a->words) {
            if (a->words < sizeof(a->answer->last_words) - 1) {
                line[a->words++] = c >= ' ' && c < 127 ? (char)c : '?';
                line[a->words] = '\0';
            }
        }
    }
}

static int keep_answer(struct asking *a, const char *text, size_t bytes)
{
    struct hr_child_answer *answer = a->answer;

    if (answer->bytes + bytes > HR_CHILD_ANSWER_MAX) {
        return hr_fail(EFBIG, "it answers with more than %zu MiB", HR_CHILD_ANSWER_MAX >> 20);
    }
    if (answer->bytes + bytes >= a->room) {
        size_t room = 2 * (answer->bytes + bytes) + 1;
        char *more = realloc(answer->text, room);

        if (!more) {
            return hr_fail(ENOMEM, "no memory for its answer");
        }
        answer->text = more;
        a->room = room;
    }
    memcpy(answer->text + answer->bytes, text, bytes);
    answer->bytes += bytes;
    answer->text[answer->bytes] = '\0';
    return 0;
}

static int take(struct asking *a, int pipe)
{
    char text[4096];
    ssize_t got = read(a->fd[pipe], text, sizeof(text));

    if (got > 0) {
        if (pipe == ANSWER) {
            return keep_answer(a, text, (size_t)got);
        }
        keep_words(a, text, (size_t)got);
    } else if (got == 0 || (errno != EINTR && errno != EAGAIN)) {
        close(a->fd[pipe]);
        a->fd[pipe] = -1;
    }
    return 0;
}

static int out_of_time(const struct asking *a)
{
    if (hr_stop_signal()) {
        return hr_fail(EINTR, "interrupted");
    }
    return hr_clock_ns() < a->until_ns ? 0 : hr_fail(ETIMEDOUT, "it did not end in time");
}

static int read_all(struct asking *a)
{
    int rc = 0;

    while (rc == 0 && (a->fd[ANSWER] >= 0 || a->fd[WORDS] >= 0)) {
        struct pollfd polled[PIPES] = {{.fd = a->fd[ANSWER], .events = POLLIN},
                                       {.fd = a->fd[WORDS], .events = POLLIN}};

        poll(polled, PIPES, LOOK_MS);
        for (int i = 0; i < PIPES && rc == 0; i++) {
            rc = polled[i].revents ? take(a, i) : 0;
        }
        rc = rc ? rc : out_of_time(a);
    }
    return rc;
}

/* One that closed its output may still run. */
static int await(struct asking *a, int *status)
{
    int rc = 0;

    while (rc == 0 && waitpid(a->pid, status, WNOHANG) == 0) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        rc = out_of_time(a);
    }
    return rc;
}

/* The group too: what it started and left. */
static void put_to_an_end(struct asking *a, bool waited_for)
{
    kill(-a->pid, SIGKILL);
    if (!waited_for) {
        kill(a->pid, SIGKILL);
        while (waitpid(a->pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    for (int i = 0; i < PIPES; i++) {
        if (a->fd[i] >= 0) {
            close(a->fd[i]);
        }
    }
}

static int judge(const struct hr_child_answer *answer, int status)
{
    const char *words = answer->last_words;

    if (WIFSIGNALED(status)) {
        return hr_fail(EIO, "it was ended by signal %d%s%s", WTERMSIG(status), *words ? ": " : "",
                       words);
    }
    return WEXITSTATUS(status) == 0 ? 0
                                    : hr_fail(EIO, "it ended with status %d%s%s",
                                              WEXITSTATUS(status), *words ? ": " : "", words);
}

static int ask(struct asking *a)
{
    int rc = read_all(a), status = 0;
    bool ended = false;

    if (rc == 0) {
        rc = await(a, &status);
        ended = rc == 0;
    }
    put_to_an_end(a, ended);
    return rc ? rc : judge(a->answer, status);
}

/* No other program that is started meanwhile keeps them open. */
static int open_pipes(int out[2], int words[2])
{
    int rc;

    if (pipe(out)) {
        return hr_fail(errno, "no pipe to a process: %s", strerror(errno));
    }
    if (pipe(words)) {
        rc = hr_fail(errno, "no pipe to a process: %s", strerror(errno));
        close(out[0]);
        close(out[1]);
        return rc;
    }
    for (int i = 0; i < 2; i++) {
        fcntl(out[i], F_SETFD, FD_CLOEXEC);
        fcntl(words[i], F_SETFD, FD_CLOEXEC);
    }
    return 0;
}

int hr_child_ask(hr_child_work work, void *context, uint64_t timeout_ns,
                 struct hr_child_answer *answer)
{
    struct asking a = {.answer = answer, .until_ns = hr_clock_ns() + timeout_ns};
    int out[2], words[2], rc;

    *answer = (struct hr_child_answer){.text = calloc(1, 1)};
    a.room = 1;
    if (!answer->text) {
        return hr_fail(ENOMEM, "no memory for an answer");
    }
    rc = open_pipes(out, words);
    if (rc) {
        free(answer->text);
        answer->text = NULL;
        return rc;
    }
    fflush(NULL);
    a.pid = fork();
    if (a.pid == 0) {
        become_child(out, words);
        int status = work(context);

        fflush(stdout);
        _exit(status);
    }
    close(out[1]);
    close(words[1]);
    a.fd[ANSWER] = out[0];
    a.fd[WORDS] = words[0];
    if (a.pid < 0) {
        rc = hr_fail(errno, "no process: %s", strerror(errno));
        close(out[0]);
        close(words[0]);
    } else {
        setpgid(a.pid, a.pid); /* whoever comes first; the other's fails */
        rc = ask(&a);
    }
    if (rc) {
        free(answer->text);
        answer->text = NULL;
        answer->bytes = 0;
    }
    return rc;
}

/* ---- a program --------------------------------------------------------------------------------
 */

#define NOT_STARTED 127

static int start(void *context)
{
    const char *const *argv = context;

    execv(argv[0], (char *const *)(uintptr_t)argv);
    return NOT_STARTED;
}

int hr_child_program(const char *const *argv, uint64_t timeout_ns, struct hr_child_answer *answer)
{
    *answer = (struct hr_child_answer){0};
    if (access(argv[0], X_OK)) {
        return hr_fail(errno, "%.200s cannot be started: %s", argv[0], strerror(errno));
    }
    return hr_child_ask(start, (void *)(uintptr_t)argv, timeout_ns, answer);
}
