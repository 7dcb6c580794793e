/*
 * slices.h - pieces of work that do not depend on each other, on all processors at once.
 *
 * Threads: starts and joins its own, pinned nowhere; the caller's thread only watches.
 */
#ifndef HR_SLICES_H
#define HR_SLICES_H

#include <stdbool.h>

#define HR_SLICE_WORKERS_MAX 64

struct hr_slices_run;

struct hr_slices {
    int count, workers;
    /* One slice, by the worker of that number (from 0). 0, or a negative errno with hr_error(),
     * which ends all. Long work asks hr_slices_ending() now and then. */
    int (*work)(void *context, const struct hr_slices_run *run, int worker, int slice);
    void (*watch)(void *context); /* by the calling thread every few ms; may be NULL */
    void *context;
};

/* One worker a processor that may be used, but no more than wanted (0: no bound). */
int hr_slices_workers(int wanted);
/* Of the first slice that failed its error, -EINTR after Ctrl-C, or 0 when all are done. */
int hr_slices_do(const struct hr_slices *slices);
/* Has another one failed, or Ctrl-C been pressed? */
bool hr_slices_ending(const struct hr_slices_run *run);

#endif
