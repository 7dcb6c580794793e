/* journal_uring_macos.c - io_uring is Linux's; the reason is told where it is asked for. */
#include "harness/error.h"
#include "harness/ledger/journal_io.h"

#include <errno.h>
#include <stdlib.h>

static int uring_open(void **self)
{
    *self = NULL;
    return hr_fail(ENOTSUP, "io_uring is a part of Linux: journals are written by pwrite here");
}

static void uring_start(void *self, const struct hr_group_write *write)
{
    (void)self;
    (void)write;
}

static int uring_finish(void *self, bool wait)
{
    (void)self;
    (void)wait;
    return -ENOTSUP;
}

const struct hr_group_io_ops hr_group_io_uring = {
    .open = uring_open, .start = uring_start, .finish = uring_finish, .close = free};
