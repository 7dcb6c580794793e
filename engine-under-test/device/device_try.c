/*
 * device_try.c - can the engine be made on its device at all?
 *
 * A device that is listed may still refuse: its driver is too old for the code, the kernels do not
 * compile, its memory is taken. Tried with next to no room, in a child process, so that this one
 * may fork and go on whatever happens. What it cannot see: whether more room can be had.
 */
#include "engine-under-test/device/device_engine.h"
#include "harness/error.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_S 120 /* it compiles */

struct outcome {
    int rc;
    char why[HR_ERROR_MAX];
};

static void try_in_child(const struct eut_engine *engine, int out)
{
    static const int deadly[] = {SIGSEGV, SIGBUS,  SIGILL,  SIGFPE,
                                 SIGABRT, SIGALRM, SIGTERM, SIGINT};
    const struct eut_limits limits = {
        .struct_size = sizeof(limits), .markets = 1, .batch_max = 1, .orders = 1, .levels = 1};
    struct outcome outcome = {.rc = 0};
    void *self = NULL;

    for (size_t i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++) {
        signal(deadly[i], SIG_DFL);
    }
    alarm(PATIENCE_S);
    hr_error_clear();
    outcome.rc = engine->create(&limits, &self);
    if (outcome.rc == 0) {
        engine->destroy(self);
    } else {
        strncpy(outcome.why, hr_reason(outcome.rc), sizeof(outcome.why) - 1);
    }
    _exit(write(out, &outcome, sizeof(outcome)) == (ssize_t)sizeof(outcome) ? 0 : 1);
}

int eut_device_engine_try(const struct eut_engine *engine)
{
    struct outcome outcome = {.rc = 0};
    int ends[2], status = 0;
    ssize_t heard;

    if (pipe(ends) != 0) {
        return hr_fail(errno, "no pipe to try a device through");
    }
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        try_in_child(engine, ends[1]);
    }
    close(ends[1]);
    do { /* one write of less than a pipe holds comes in one piece */
        heard = child > 0 ? read(ends[0], &outcome, sizeof(outcome)) : 0;
    } while (heard < 0 && errno == EINTR);
    close(ends[0]);
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (child < 0) {
        return hr_fail(EAGAIN, "no child process to try a device in");
    }
    if (heard != (ssize_t)sizeof(outcome)) {
        return WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM
                   ? hr_fail(EIO, "its driver does not end within %d seconds", PATIENCE_S)
               : WIFSIGNALED(status)
                   ? hr_fail(EIO, "its driver crashes with signal %d when it is used",
                             WTERMSIG(status))
                   : hr_fail(EIO, "its driver ends the process when it is used");
    }
    outcome.why[sizeof(outcome.why) - 1] = 0;
    return outcome.rc ? hr_fail(-outcome.rc, "%s", outcome.why) : 0;
}
