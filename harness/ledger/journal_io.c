/*
 * journal_io.c - pwrite() and a sync, at once or by a thread beside the caller.
 *
 * The thread sleeps between groups, so that handing one over costs a wake-up (some microseconds,
 * against some hundred for a sync) and no processor.
 */
#include "harness/ledger/journal_io.h"

#include "harness/error.h"
#include "harness/ledger/ledger_files.h"
#include "harness/platform/platform.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static int put(const struct hr_group_write *write)
{
    int rc = hr_file_put(write->fd, write->data, write->bytes, write->offset);

    return rc || !write->sync ? rc : hr_file_sync(write->fd);
}

/* ---- at once ------------------------------------------------------------------------- */

static int inline_open(void **self)
{
    *self = calloc(1, sizeof(int));
    return *self ? 0 : hr_fail(ENOMEM, "no memory for a journal");
}

static void inline_start(void *self, const struct hr_group_write *write)
{
    *(int *)self = put(write);
}

static int inline_finish(void *self, bool wait)
{
    (void)wait;
    return *(int *)self ? *(int *)self : 1;
}

const struct hr_group_io_ops hr_group_io_inline = {
    .open = inline_open, .start = inline_start, .finish = inline_finish, .close = free};

/* ---- by a thread --------------------------------------------------------------------- */

enum { IDLE, ASKED, DONE, END };

struct writer {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    _Atomic int state;
    struct hr_group_write write;
    int rc;
};

static void *write_groups(void *arg)
{
    struct writer *w = arg;

    (void)hr_thread_pin(-1); /* the caller may be bound to its processor */
    pthread_mutex_lock(&w->lock);
    for (;;) {
        while (w->state != ASKED && w->state != END) {
            pthread_cond_wait(&w->changed, &w->lock);
        }
        if (w->state == END) {
            break;
        }
        pthread_mutex_unlock(&w->lock);
        w->rc = put(&w->write);
        pthread_mutex_lock(&w->lock);
        w->state = DONE;
        pthread_cond_broadcast(&w->changed);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

static int thread_open(void **self)
{
    struct writer *w = calloc(1, sizeof(*w));
    sigset_t all, before;
    int rc;

    *self = NULL;
    if (!w) {
        return hr_fail(ENOMEM, "no memory for a journal");
    }
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->changed, NULL);
    sigfillset(&all); /* signals are for the threads that there were */
    pthread_sigmask(SIG_BLOCK, &all, &before);
    rc = pthread_create(&w->thread, NULL, write_groups, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc) {
        free(w);
        return hr_fail(rc, "no thread for a journal: %s", strerror(rc));
    }
    *self = w;
    return 0;
}

static void tell(struct writer *w, int state)
{
    pthread_mutex_lock(&w->lock);
    w->state = state;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
}

static void thread_start(void *self, const struct hr_group_write *write)
{
    struct writer *w = self;

    w->write = *write;
    tell(w, ASKED);
}

static int thread_finish(void *self, bool wait)
{
    struct writer *w = self;

    if (w->state != DONE) {
        if (!wait) {
            return 0;
        }
        pthread_mutex_lock(&w->lock);
        while (w->state != DONE) {
            pthread_cond_wait(&w->changed, &w->lock);
        }
        pthread_mutex_unlock(&w->lock);
    }
    return w->rc ? w->rc : 1;
}

static void thread_close(void *self)
{
    struct writer *w = self;

    if (w) {
        tell(w, END);
        pthread_join(w->thread, NULL);
        pthread_mutex_destroy(&w->lock);
        pthread_cond_destroy(&w->changed);
        free(w);
    }
}

const struct hr_group_io_ops hr_group_io_thread = {
    .open = thread_open, .start = thread_start, .finish = thread_finish, .close = thread_close};
