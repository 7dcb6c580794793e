/*
 * device_apis.c - which APIs are there, and what do they find on this host?
 *
 * How: one table; a question is put to an API in a child process, since most drivers neither
 * survive a fork() later on nor promise not to crash. What it cannot see: whether a device that is
 * listed can be opened.
 */
#include "engine-under-test/device/device_api.h"

#include "harness/error.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_S 30 /* the slowest start of a driver takes some seconds */

const struct eut_device_api *const eut_device_apis[] = {
    &eut_api_cuda, &eut_api_metal, &eut_api_opencl, &eut_api_host, NULL,
};

const struct eut_device_api *eut_device_api_find(const char *name)
{
    for (uint32_t i = 0; eut_device_apis[i]; i++) {
        if (strcmp(eut_device_apis[i]->name, name) == 0) {
            return eut_device_apis[i];
        }
    }
    return NULL;
}

/* ---- opening -------------------------------------------------------------------- */

static pthread_mutex_t use_lock = PTHREAD_MUTEX_INITIALIZER;
static pid_t user; /* the process that opened a device by a driver, or 0 */

static bool used_by(pid_t process)
{
    bool same;

    pthread_mutex_lock(&use_lock);
    same = user == process;
    pthread_mutex_unlock(&use_lock);
    return same;
}

int eut_device_open(const struct eut_device_api *api, uint32_t number, struct eut_device **device)
{
    *device = NULL;
    if (!api->survives_fork) {
        if (!used_by(0) && !used_by(getpid())) {
            return hr_fail(ENOTSUP,
                           "%s: a device was in use before this process was forked, which its "
                           "driver does not survive: measure what runs in a process of its own "
                           "(-p) in a run of its own",
                           api->name);
        }
        pthread_mutex_lock(&use_lock);
        user = getpid();
        pthread_mutex_unlock(&use_lock);
    }
    return api->open(number, device);
}

/* ---- asking --------------------------------------------------------------------- */

/* All of it, or false. */
static bool transfer(int fd, void *at, size_t bytes, bool out)
{
    uint8_t *byte = at;

    while (bytes > 0) {
        ssize_t moved = out ? write(fd, byte, bytes) : read(fd, byte, bytes);

        if (moved == 0 || (moved < 0 && errno != EINTR)) {
            return false;
        }
        if (moved > 0) {
            byte += moved;
            bytes -= (size_t)moved;
        }
    }
    return true;
}

/* The child's whole life. */
static void ask_in_child(const struct eut_device_api *api, struct eut_device_answer *answer, int fd)
{
    static const int deadly[] = {SIGSEGV, SIGBUS,  SIGILL,  SIGFPE,
                                 SIGABRT, SIGALRM, SIGTERM, SIGINT};

    for (size_t i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++) {
        signal(deadly[i], SIG_DFL);
    }
    alarm(PATIENCE_S);
    answer->rc = api->list(answer->facts, EUT_DEVICES_MAX, &answer->count);
    snprintf(answer->why, sizeof(answer->why), "%s", answer->rc ? hr_error() : "");
    _exit(transfer(fd, answer, sizeof(*answer), true) ? 0 : 1);
}

static void no_answer(struct eut_device_answer *answer, int rc, const char *why, int detail)
{
    memset(answer, 0, sizeof(*answer));
    answer->rc = rc;
    snprintf(answer->why, sizeof(answer->why), why, detail);
}

void eut_devices_ask(const struct eut_device_api *api, struct eut_device_answer *answer)
{
    int fd[2], status = 0;
    bool whole;
    pid_t child;

    memset(answer, 0, sizeof(*answer));
    if (!api->survives_fork && used_by(getpid())) { /* a child's driver would not know itself */
        answer->rc = api->list(answer->facts, EUT_DEVICES_MAX, &answer->count);
        snprintf(answer->why, sizeof(answer->why), "%s", answer->rc ? hr_error() : "");
        return;
    }
    if (pipe(fd) != 0) {
        no_answer(answer, -errno, "no pipe to ask through (errno %d)", errno);
        return;
    }
    child = fork();
    if (child == 0) {
        close(fd[0]);
        ask_in_child(api, answer, fd[1]);
    }
    close(fd[1]);
    whole = child > 0 && transfer(fd[0], answer, sizeof(*answer), false);
    close(fd[0]);
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (child < 0) {
        no_answer(answer, -EAGAIN, "no child process to ask in (errno %d)", EAGAIN);
    } else if (!whole && WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) {
        no_answer(answer, -EIO, "its driver gives no answer within %d seconds", PATIENCE_S);
    } else if (!whole && WIFSIGNALED(status)) {
        no_answer(answer, -EIO, "its driver crashes with signal %d while it is asked",
                  WTERMSIG(status));
    } else if (!whole) {
        no_answer(answer, -EIO, "its driver ends the process with status %d while it is asked",
                  WEXITSTATUS(status));
    }
}
