/*
 * journal_io.h - how a group's bytes reach the disk while its writer goes on: one ops struct each.
 *
 * At most one group is under way. The data stays the caller's, and unchanged, until finish() says
 * that it is done.
 */
#ifndef HR_JOURNAL_IO_H
#define HR_JOURNAL_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hr_group_write {
    int fd;
    const void *data;
    size_t bytes;
    uint64_t offset;
    bool sync;
};

struct hr_group_io_ops {
    int (*open)(void **self); /* 0, or -errno with a message */
    void (*start)(void *self, const struct hr_group_write *write);
    /* 1 done, 0 not yet (never if `wait`), -errno without a message: what failed. */
    int (*finish)(void *self, bool wait);
    void (*close)(void *self); /* nothing is under way; accepts NULL */
};

extern const struct hr_group_io_ops hr_group_io_inline; /* in start() itself */
extern const struct hr_group_io_ops hr_group_io_thread;
extern const struct hr_group_io_ops hr_group_io_uring; /* harness/platform/ */

#endif
