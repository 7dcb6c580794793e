/*
 * child.h - what does another program, or a function in a process of its own, answer?
 *
 * Its standard output is read to the end, its last words on standard error are kept. It has a time
 * limit, its answer a length limit, and Ctrl-C ends it: it and all that it started, for it leads a
 * group of processes. It starts with an empty standard input, on all processors, with the signals'
 * usual meaning.
 *
 * Threads: any; a thread waits for its child.
 */
#ifndef HR_CHILD_H
#define HR_CHILD_H

#include <stddef.h>
#include <stdint.h>

#define HR_CHILD_ANSWER_MAX ((size_t)4 << 20) /* bytes */

struct hr_child_answer {
    char *text; /* ended by a NUL, which is not counted; owned by the caller, free() */
    size_t bytes;
    char last_words[256]; /* the last line on standard error that is not blank; printable */
};

/* Runs in the child; what it writes to standard output is the answer, what it returns the exit
 * status. It ends by returning or by becoming another program. */
typedef int (*hr_child_work)(void *context);

/* 0 if the child ended with status 0. Else no answer, and a message: -EINTR after Ctrl-C,
 * -ETIMEDOUT, -EFBIG, -EIO for another status or a signal (last_words tells more), or what
 * prevented it. */
int hr_child_ask(hr_child_work work, void *context, uint64_t timeout_ns,
                 struct hr_child_answer *answer);

/* The same of a program: argv[0] is its file (nothing is searched for), NULL ends argv. -ENOENT or
 * -EACCES if it cannot be started. */
int hr_child_program(const char *const *argv, uint64_t timeout_ns, struct hr_child_answer *answer);

#endif
