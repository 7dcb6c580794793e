/*
 * slices.c - who does which piece, and what if one fails?
 *
 * Workers take the next number until none is left. It knows nothing of the work: two pieces that
 * share something must say so to each other.
 */
#include "harness/slices.h"

#include "harness/error.h"
#include "harness/platform/platform.h"
#include "harness/progress.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

struct hr_slices_run {
    const struct hr_slices *slices;
    atomic_int next, running, workers;
    atomic_bool failed;
    pthread_mutex_t lock; /* of what follows */
    int rc;
    char why[HR_ERROR_MAX];
};

int hr_slices_workers(int wanted)
{
    int cpus[HR_SLICE_WORKERS_MAX], n = hr_cpus_allowed(cpus, HR_SLICE_WORKERS_MAX);

    n = wanted > 0 && wanted < n ? wanted : n;
    return n < 1 ? 1 : n;
}

bool hr_slices_ending(const struct hr_slices_run *run)
{
    return hr_stop_signal() || atomic_load_explicit(&run->failed, memory_order_relaxed);
}

static void settle(struct hr_slices_run *run, int rc)
{
    pthread_mutex_lock(&run->lock);
    if (rc && run->rc == 0) {
        run->rc = rc;
        snprintf(run->why, sizeof(run->why), "%s", hr_error());
        atomic_store(&run->failed, true);
    }
    pthread_mutex_unlock(&run->lock);
}

static void *work(void *argument)
{
    struct hr_slices_run *run = argument;
    const struct hr_slices *s = run->slices;
    int worker = atomic_fetch_add(&run->workers, 1), i;

    if (hr_thread_pin(-1)) {
        hr_error_clear(); /* it stays where it was started: slower, not wrong */
    }
    while (!hr_slices_ending(run) && (i = atomic_fetch_add(&run->next, 1)) < s->count) {
        settle(run, s->work(s->context, run, worker, i));
    }
    if (hr_stop_signal()) {
        settle(run, hr_fail(EINTR, "interrupted"));
    }
    atomic_fetch_sub(&run->running, 1);
    return NULL;
}

int hr_slices_do(const struct hr_slices *slices)
{
    struct hr_slices_run run = {.slices = slices};
    pthread_t threads[HR_SLICE_WORKERS_MAX];
    int wanted = hr_slices_workers(slices->workers), started = 0;

    pthread_mutex_init(&run.lock, NULL);
    atomic_store(&run.running, wanted);
    while (started < wanted && pthread_create(&threads[started], NULL, work, &run) == 0) {
        started++;
    }
    atomic_fetch_sub(&run.running, wanted - started);
    while (atomic_load(&run.running) > 0) {
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
        if (slices->watch) {
            slices->watch(slices->context);
        }
    }
    for (int i = 0; i < started; i++) {
        pthread_join(threads[i], NULL);
    }
    pthread_mutex_destroy(&run.lock);
    if (started == 0) {
        return hr_fail(EAGAIN, "no thread could be started");
    }
    return run.rc ? hr_fail(-run.rc, "%s", run.why) : 0;
}
