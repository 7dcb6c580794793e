/* progress_test.c - plain lines where there is no terminal, and the stop flag. Each case runs in a
 * child, so that neither standard error nor the flag of the other tests is touched. */
#include "harness/progress.h"
#include "tests/test.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void steps(void)
{
    hr_progress_begin("latency", 2);
    hr_progress_step("case a", 0.1);
    hr_progress_step("case a", 0.5);
    hr_progress_note("note %d", 7);
    hr_progress_step("case b", 0.9);
    hr_progress_end();
    hr_progress_step("too late", 1);
}

/* What fn writes to standard error; NULL-terminated in text. Returns the child's wait status. */
static int in_child(void (*fn)(void), char *text, size_t size)
{
    int ends[2], status;
    size_t length = 0;
    ssize_t got;
    pid_t child;

    CHECK(pipe(ends) == 0);
    fflush(NULL);
    child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        fn();
        fflush(stderr);
        _exit(0);
    }
    close(ends[1]);
    while ((got = read(ends[0], text + length, size - 1 - length)) > 0) {
        length += (size_t)got;
    }
    text[length] = '\0';
    close(ends[0]);
    CHECK(waitpid(child, &status, 0) == child);
    return status;
}

TEST(progress, a_plain_line_per_finished_step)
{
    char text[1000], a[40], b[40];

    CHECK_EQ(in_child(steps, text, sizeof(text)), 0);
    CHECK(!strchr(text, '\r') && !strchr(text, '\x1b'));
    if (sscanf(text, "note 7 latency: case a (%39[0-9.] s) latency: case b (%39[0-9.] s)", a, b) !=
        2) {
        FAIL("progress wrote: %s", text);
    }
    CHECK(strstr(text, "too late") == NULL);
}

static void one_signal(void)
{
    hr_stop_install();
    raise(SIGTERM);
    _exit(hr_stop_signal() == SIGTERM ? 42 : 1);
}

static void two_signals(void)
{
    hr_stop_install();
    raise(SIGINT);
    raise(SIGINT);
    _exit(1);
}

TEST(progress, the_first_signal_sets_a_flag_the_second_ends)
{
    char text[1000];
    int status;

    if (HR_ONE_PROCESS) {
        SKIP("one process for all tests: a child of one with threads gets its signals late from a "
             "sanitizer");
    }
    status = in_child(one_signal, text, sizeof(text));

    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 42);
    status = in_child(two_signals, text, sizeof(text));
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
}
