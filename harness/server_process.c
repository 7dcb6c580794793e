/*
 * server_process.c - how is a server's process begun, asked and ended?
 *
 * By fork: the engine, the link and the limits are there already. What it counted is asked for over
 * a channel of its own, so that its clients' way stays theirs. It cannot see a server that answers
 * and serves nobody: that is seen by its clients.
 */
#include "harness/error.h"
#include "harness/order_server.h"
#include "harness/progress.h"
#include "harness/server_words.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STOP_WAIT_MS 5000
#define LOOK_MS 100
#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

/* Never returns: nothing of the parent's is to be run or written twice. */
static void child(const struct hr_server_params *params, int control)
{
    signal(SIGINT, SIG_IGN); /* the parent decides when it is over */
    signal(SIGTERM, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    _exit(hr_server_run(params, control, NULL) ? 1 : 0);
}

/* Looks up from time to time: an engine that never comes back from a call must not keep the parent,
 * nor whoever wants to end it. wait_ms: the longest silence, -1: no end. */
static int receive_all(int fd, void *data, size_t bytes, int wait_ms, bool patient)
{
    struct pollfd item = {.fd = fd, .events = POLLIN};
    size_t at = 0;
    int quiet_ms = 0;

    while (at < bytes) {
        int ready = poll(&item, 1, LOOK_MS);
        ssize_t got;

        if (ready <= 0) {
            quiet_ms += ready == 0 ? LOOK_MS : 0;
            if (hr_stop_signal() && !patient && at == 0) {
                return hr_fail(EINTR, "interrupted");
            }
            if (wait_ms >= 0 && quiet_ms > wait_ms) {
                return hr_fail(ETIMEDOUT, "the server's process has not answered for %d s",
                               wait_ms / 1000);
            }
            continue;
        }
        got = recv(fd, (char *)data + at, bytes - at, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return hr_fail(EPIPE, "the server's process is no more");
        }
        at += (size_t)got;
    }
    return 0;
}

int hr_server_start(struct hr_server *server, const struct hr_server_params *params)
{
    struct hr_server_greeting hello;
    int pair[2], rc;

    *server = (struct hr_server){.pid = -1, .control = -1};
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair)) {
        return hr_fail(errno, "no channel to a server: %s", strerror(errno));
    }
#ifdef SO_NOSIGPIPE
    setsockopt(pair[0], SOL_SOCKET, SO_NOSIGPIPE, &(int){1}, sizeof(int));
#endif
    fflush(NULL);
    server->pid = fork();
    if (server->pid < 0) {
        rc = hr_fail(errno, "no process for a server: %s", strerror(errno));
        close(pair[0]);
        close(pair[1]);
        return rc;
    }
    if (server->pid == 0) {
        close(pair[0]);
        child(params, pair[1]);
    }
    close(pair[1]);
    server->control = pair[0];
    rc = receive_all(server->control, &hello, sizeof(hello), -1, false);
    if (rc == 0 && hello.rc) {
        rc = hr_fail(-hello.rc, "%s", hello.why);
    }
    if (rc) {
        hr_server_stop(server);
    }
    return rc;
}

/* What was asked before and not waited for comes first. */
static int ask(struct hr_server *server, char word, struct hr_server_counts *counts)
{
    int rc = 0;

    if (server->control < 0 || send(server->control, &word, 1, MSG_NOSIGNAL) != 1) {
        return hr_fail(EPIPE, "the server's process is no more");
    }
    for (server->owed++; rc == 0 && server->owed > 0; server->owed -= rc == 0) {
        rc = receive_all(server->control, counts, sizeof(*counts), HR_SERVER_ANSWER_MS,
                         server->patient);
    }
    return rc;
}

int hr_server_ask(struct hr_server *server, struct hr_server_counts *counts)
{
    return ask(server, HR_SERVER_COUNT, counts);
}

int hr_server_look(struct hr_server *server, struct hr_server_counts *counts)
{
    return ask(server, HR_SERVER_LOOK, counts);
}

/* One that does not end by itself is made to. */
static void await_end(pid_t pid)
{
    for (int ms = 0; waitpid(pid, NULL, WNOHANG) == 0; ms++) {
        if (ms == STOP_WAIT_MS) {
            kill(pid, SIGKILL);
            waitpid(pid, NULL, 0);
            return;
        }
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
}

void hr_server_stop(struct hr_server *server)
{
    if (server->control >= 0) {
        char word = HR_SERVER_ENOUGH;

        (void)!send(server->control, &word, 1, MSG_NOSIGNAL); /* what is no more need not be told */
        close(server->control);
        server->control = -1;
    }
    if (server->pid > 0) {
        await_end(server->pid);
        server->pid = -1;
    }
}
