/*
 * progress.h - what is running and how long it will take, on standard error.
 *
 * On a terminal one line is redrawn; elsewhere, or with CI or NO_COLOR set, a plain line per
 * finished step. Also the home of the stop flag that Ctrl-C sets.
 */
#ifndef HR_PROGRESS_H
#define HR_PROGRESS_H

#include <stdbool.h>

void hr_progress_begin(const char *title, double expected_s);
void hr_progress_step(const char *what, double done_share); /* 0..1; redraws at most 10 times a second */
void hr_progress_end(void);
/* A line above the progress line (or plain). */
void hr_progress_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* SIGINT and SIGTERM set a flag that long loops look at; a second SIGINT ends the process. */
void hr_stop_install(void);
int hr_stop_signal(void); /* 0, SIGINT or SIGTERM */

#endif
