/* main.c - which command is meant? One table; the commands live in the folders whose work they do.
 * What goes wrong is said here, once, on one line of standard error. */
#include "harness/build.h"
#include "harness/command.h"
#include "harness/error.h"
#include "harness/nearest.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const struct hr_command *const hr_commands[] = {
    &hr_command_probe,
    &hr_command_tune,
    &hr_command_list,
    &hr_command_run,
    &hr_command_replay,
    &hr_command_flow,
    &hr_command_conform,
    &hr_command_soak,
    &hr_command_serve,
    &hr_command_drive,
    &hr_command_snapshot,
    &hr_command_recover,
    &hr_command_verify,
    &hr_command_claims,
    &hr_command_report,
    &hr_command_compare,
    &hr_command_history,
    &hr_command_keys,
    &hr_command_plan,
    &hr_command_schema,
    &hr_command_completion,
    NULL,
};

static int print_version(void)
{
    printf("headroom %s\ngit %s%s\ncompiler %s\nflags %s\nvariant %s\n", hr_build.version,
           hr_build.git_sha[0] ? hr_build.git_sha : "unknown",
           hr_build.git_dirty ? " (modified)" : "", hr_build.compiler, hr_build.cflags,
           hr_build.variant);
    return HR_EXIT_OK;
}

static void print_commands(FILE *out)
{
    fprintf(out, "usage: headroom COMMAND [options] [operands]\n\ncommands:\n");
    for (const struct hr_command *const *c = hr_commands; *c; c++) {
        fprintf(out, "  %-12s %s\n", (*c)->name, (*c)->summary);
    }
    fprintf(out, "\n`headroom COMMAND --help` tells more; `headroom --version` what was built.\n");
}

static const struct hr_command *find_command(const char *name)
{
    struct hr_nearest near = {.word = name};

    for (const struct hr_command *const *c = hr_commands; *c; c++) {
        if (strcmp((*c)->name, name) == 0) {
            return *c;
        }
        hr_nearest_offer(&near, (*c)->name);
    }
    if (hr_nearest_name(&near)) {
        hr_fail(EINVAL, "unknown command '%.60s'; did you mean %s?", name, hr_nearest_name(&near));
    } else {
        hr_fail(EINVAL, "unknown command '%.60s'; `headroom --help` lists them", name);
    }
    return NULL;
}

static int run(int argc, char **argv)
{
    const struct hr_command *command;
    struct hr_args *args;
    int status;

    if (argc < 2) {
        print_commands(stderr);
        return HR_EXIT_INPUT;
    }
    if (strcmp(argv[1], "--version") == 0) {
        return print_version();
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_commands(stdout);
        return HR_EXIT_OK;
    }
    command = find_command(argv[1]);
    if (!command) {
        return HR_EXIT_INPUT;
    }
    status = hr_args_parse(&args, command, argc - 1, argv + 1);
    if (status) {
        return status > 0 ? HR_EXIT_OK : hr_exit_of(status);
    }
    status = command->run(args);
    hr_args_free(args);
    return status;
}

/* A standard stream that came closed must not be the next file that is opened: its number is taken,
 * so that what is meant for it fails and is said. */
static void hold_standard_streams(void)
{
    for (int fd = 0; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF) {
            (void)!open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
        }
    }
}

int main(int argc, char **argv)
{
    int status;

    hold_standard_streams();
    signal(SIGXFSZ, SIG_IGN); /* a limit on file sizes is a failed write, and is said like one */
    status = run(argc, argv);

    /* A full disk must not look like success. */
    if ((fflush(stdout) || ferror(stdout)) && status == HR_EXIT_OK) {
        status = hr_exit_of(hr_fail(EIO, "cannot write standard output: %s", strerror(errno)));
    }
    if (status && hr_error()[0]) {
        fprintf(stderr, "headroom: %s\n", hr_error());
    }
    return status;
}
