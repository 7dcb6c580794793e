/* conveyor.c - how is work spread over threads when both of its ends are in order? A ring of slots;
 * whoever is free takes the oldest one that is filled. */
#include "harness/ledger/conveyor.h"

#include "harness/error.h"
#include "harness/platform/platform.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct belt {
    const struct hr_conveyor *c;
    pthread_mutex_t lock;
    pthread_cond_t filled_more, done_more;
    uint64_t filled, taken, drained; /* slots, ever */
    bool *done;                      /* by slot */
    bool ended;
    int rc;
    char why[HR_ERROR_MAX];
};

static void *slot(const struct hr_conveyor *c, uint64_t number)
{
    return (char *)c->slots + number % (uint64_t)c->count * c->slot_bytes;
}

static void *work(void *arg)
{
    struct belt *b = arg;

    (void)hr_thread_pin(-1);
    pthread_mutex_lock(&b->lock);
    for (;;) {
        uint64_t mine;
        int rc;

        while (b->taken == b->filled && !b->ended) {
            pthread_cond_wait(&b->filled_more, &b->lock);
        }
        if (b->taken == b->filled || b->rc) {
            break;
        }
        mine = b->taken++;
        pthread_mutex_unlock(&b->lock);
        rc = b->c->work(b->c->context, slot(b->c, mine));
        pthread_mutex_lock(&b->lock);
        if (rc && b->rc == 0) {
            b->rc = rc;
            snprintf(b->why, sizeof(b->why), "%s", hr_error());
        }
        b->done[mine % (uint64_t)b->c->count] = true;
        pthread_cond_signal(&b->done_more);
    }
    pthread_mutex_unlock(&b->lock);
    return NULL;
}

/* The oldest slot's work is awaited, then it is drained. */
static int drain_one(struct belt *b)
{
    uint64_t at = b->drained % (uint64_t)b->c->count;
    int rc;

    pthread_mutex_lock(&b->lock);
    while (!b->done[at] && b->rc == 0) {
        pthread_cond_wait(&b->done_more, &b->lock);
    }
    b->done[at] = false;
    rc = b->rc;
    pthread_mutex_unlock(&b->lock);
    if (rc) {
        return hr_fail(-rc, "%s", b->why);
    }
    return b->c->drain(b->c->context, slot(b->c, b->drained++));
}

static int run_belt(struct belt *b)
{
    const struct hr_conveyor *c = b->c;

    for (;;) {
        int rc = b->filled - b->drained == (uint64_t)c->count ? drain_one(b) : 0;

        rc = rc ? rc : c->fill(c->context, slot(c, b->filled));
        if (rc < 0) {
            return rc;
        }
        if (rc == 0) {
            break;
        }
        pthread_mutex_lock(&b->lock);
        b->filled++;
        pthread_cond_signal(&b->filled_more);
        pthread_mutex_unlock(&b->lock);
    }
    while (b->drained < b->filled) {
        int rc = drain_one(b);

        if (rc) {
            return rc;
        }
    }
    return 0;
}

static int run_alone(const struct hr_conveyor *c)
{
    int rc;

    while ((rc = c->fill(c->context, c->slots)) > 0) {
        rc = c->work(c->context, c->slots);
        rc = rc ? rc : c->drain(c->context, c->slots);
        if (rc) {
            return rc;
        }
    }
    return rc;
}

int hr_conveyor_run(const struct hr_conveyor *c)
{
    int wanted = c->threads < HR_CONVEYOR_THREADS_MAX ? c->threads : HR_CONVEYOR_THREADS_MAX;
    struct belt b = {.c = c,
                     .lock = PTHREAD_MUTEX_INITIALIZER,
                     .filled_more = PTHREAD_COND_INITIALIZER,
                     .done_more = PTHREAD_COND_INITIALIZER};
    pthread_t threads[HR_CONVEYOR_THREADS_MAX];
    sigset_t all, before;
    int started = 0, rc;

    if (wanted <= 1 || c->count < 2) {
        return run_alone(c);
    }
    b.done = calloc((size_t)c->count, sizeof(*b.done));
    if (!b.done) {
        return hr_fail(ENOMEM, "no memory for the slots of %d threads", wanted);
    }
    sigfillset(&all); /* signals are for the threads that there were */
    pthread_sigmask(SIG_BLOCK, &all, &before);
    while (started < wanted && pthread_create(&threads[started], NULL, work, &b) == 0) {
        started++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    rc = started ? run_belt(&b) : run_alone(c);
    pthread_mutex_lock(&b.lock);
    b.ended = true;
    b.rc = b.rc ? b.rc : rc; /* nobody takes what will not be drained */
    pthread_cond_broadcast(&b.filled_more);
    pthread_mutex_unlock(&b.lock);
    for (int i = 0; i < started; i++) {
        pthread_join(threads[i], NULL);
    }
    free(b.done);
    return rc;
}
