/*
 * error.h - one message per failure, built on the way up, printed once in main.c.
 *
 * Functions return 0 or a negative errno. The function that meets the cause calls hr_fail();
 * a caller that knows more (which file, which line) puts it in front with hr_context().
 * The text is per thread, and cut to HR_ERROR_MAX bytes. A good message names what, where
 * (file:line) and the mend, on one line.
 */
#ifndef HR_ERROR_H
#define HR_ERROR_H

#define HR_ERROR_MAX 1024

enum hr_exit {
    HR_EXIT_OK = 0,
    HR_EXIT_VERDICT = 1,      /* regression, claim refuted, conformance failed */
    HR_EXIT_INPUT = 2,        /* usage, configuration or input */
    HR_EXIT_INVALID = 3,      /* a result cannot be trusted */
    HR_EXIT_INCONCLUSIVE = 4,
    HR_EXIT_INCOMPARABLE = 5,
    HR_EXIT_MISSING = 6,      /* a device, engine or path asked for by name is not there */
    HR_EXIT_SKIPPED = 77,     /* everything was skipped */
    HR_EXIT_SIGNAL = 128,     /* + signal number */
};

/* Sets the message and returns -err (err is a positive errno). */
int hr_fail(int err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts "format: " in front of the message; returns err unchanged, so `return hr_context(rc, …)`. */
int hr_context(int err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The message of this thread, "" if none. */
const char *hr_error(void);
void hr_error_clear(void);

/* Why an engine's hook returned this negative errno: the message, if the engine left one (those
 * built in may; clear it before its create()), else what the errno says. */
const char *hr_reason(int err);

/* The exit status for the negative errno that ended a command: exit 6 for -ENODEV, with which an
 * engine, path or device that was asked for by name and is not there is raised; else exit 2. */
int hr_exit_of(int err);

#endif
