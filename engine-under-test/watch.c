/* watch.c - who ended the process? While a foreign engine is watched, a deadly signal or an exit()
 * from inside it is told in one line before the process ends. It cannot see whether the fault was
 * the engine's or came from what the engine wrote over. */
#include "engine-under-test/loader.h"

#include "harness/error.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char died[512], left[512];
static volatile sig_atomic_t watching;

static void tell(const char *line)
{
    (void)!write(STDERR_FILENO, line, strlen(line));
}

static void on_exit_inside(void)
{
    if (watching) {
        tell(left);
        _exit(HR_EXIT_INPUT);
    }
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) /* they tell more */
static const int deadly[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};

static void on_death(int signal_number)
{
    tell(died);
    raise(signal_number); /* by default now: the core file is the engine's author's */
}

static void take_signals(bool take)
{
    struct sigaction action = {.sa_handler = take ? on_death : SIG_DFL,
                               .sa_flags = (int)(SA_RESETHAND | SA_NODEFER)};

    for (size_t i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++) {
        sigaction(deadly[i], &action, NULL);
    }
}
#else
static void take_signals(bool take)
{
    (void)take;
}
#endif

void eut_watch(const struct eut_handle *handle, const char *name)
{
    static bool registered;

    if (handle && !handle->library) {
        return;
    }
    watching = 0;
    if (!handle) {
        take_signals(false);
        return;
    }
    snprintf(died, sizeof(died),
             "headroom: the process crashed with the engine %.200s in it: run `headroom conform` "
             "on it, or a debugger\n",
             name);
    snprintf(left, sizeof(left),
             "headroom: the engine %.200s ended the process: an engine returns an error instead\n",
             name);
    if (!registered && atexit(on_exit_inside) == 0) {
        registered = true;
    }
    watching = 1;
    take_signals(true);
}
