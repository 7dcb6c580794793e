/*
 * conveyor.h - pieces of work in order at both ends, and by several threads in between.
 *
 * The caller's thread fills a slot, some thread works on it, and the caller's thread drains the
 * slots in the order in which they were filled. So what has to be read or written in order, by one
 * thread, is, and what is expensive is spread.
 *
 * Errors: the first one ends it, with its text, wherever it arose; what was filled is then not
 * drained. Threads: started and joined inside; a slot is touched by one at a time.
 */
#ifndef HR_CONVEYOR_H
#define HR_CONVEYOR_H

#include <stddef.h>

#define HR_CONVEYOR_THREADS_MAX 64

struct hr_conveyor {
    int threads; /* that work; 1: the caller's own, one slot after the other */
    void *slots; /* zeroed or as the last run left them */
    size_t slot_bytes;
    int count; /* of slots: twice the threads keeps all busy */
    void *context;
    int (*fill)(void *context, void *slot);  /* 1, 0 at the end, -errno */
    int (*work)(void *context, void *slot);  /* 0 or -errno; at the same time for different slots */
    int (*drain)(void *context, void *slot); /* 0 or -errno */
};

/* 0, or the first -errno. */
int hr_conveyor_run(const struct hr_conveyor *conveyor);

#endif
