/*
 * crew.c - how do several threads do the same thing at once, and how long does it take them?
 *
 * A mutex and two conditions; waking takes tens of microseconds, which is why the time is taken by
 * the members themselves. Whether all really ran at once the starts tell: a late one lengthens the
 * time.
 */
#include "probes/crew.h"

#include "harness/clock.h"
#include "harness/error.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct hr_crew {
    pthread_mutex_t lock;
    pthread_cond_t begin, done;
    hr_crew_work *work;
    void *context;
    unsigned round;
    int waiting, n, failed;
    bool quit;
    size_t bytes_each;
    pthread_t *threads;
    struct hr_crew_member *members;
};

static void finish_round(struct hr_crew *crew)
{
    if (--crew->waiting == 0) {
        pthread_cond_signal(&crew->done);
    }
}

static bool set_up(struct hr_crew_member *m)
{
    if (hr_thread_pin(m->cpu) != 0) {
        hr_error_clear(); /* unbound where the system does not bind */
    }
    if (m->crew->bytes_each == 0) {
        return true;
    }
    if (hr_region_map(&m->region, m->crew->bytes_each, HR_PAGES_HUGE) != 0) {
        return false;
    }
    memset(m->region.at, 0, m->region.bytes);
    return true;
}

static void *member(void *argument)
{
    struct hr_crew_member *m = argument;
    struct hr_crew *crew = m->crew;
    unsigned round = 0;
    bool good = set_up(m);

    pthread_mutex_lock(&crew->lock);
    crew->failed += !good;
    finish_round(crew);
    for (;;) {
        while (crew->round == round && !crew->quit) {
            pthread_cond_wait(&crew->begin, &crew->lock);
        }
        if (crew->quit) {
            break;
        }
        round = crew->round;
        pthread_mutex_unlock(&crew->lock);
        m->started_ns = hr_clock_ns();
        crew->work(m, crew->context);
        m->ended_ns = hr_clock_ns();
        pthread_mutex_lock(&crew->lock);
        finish_round(crew);
    }
    pthread_mutex_unlock(&crew->lock);
    hr_region_unmap(&m->region);
    return NULL;
}

int hr_crew_start(struct hr_crew **out, const int *cpus, int n, size_t bytes_each)
{
    struct hr_crew *crew = calloc(1, sizeof(*crew));

    *out = NULL;
    if (!crew || !(crew->threads = calloc((size_t)n, sizeof(*crew->threads))) ||
        !(crew->members = calloc((size_t)n, sizeof(*crew->members)))) {
        if (crew) {
            free(crew->threads);
        }
        free(crew);
        return hr_fail(ENOMEM, "no memory for %d threads", n);
    }
    pthread_mutex_init(&crew->lock, NULL);
    pthread_cond_init(&crew->begin, NULL);
    pthread_cond_init(&crew->done, NULL);
    crew->bytes_each = bytes_each;
    pthread_mutex_lock(&crew->lock);
    for (int i = 0; i < n; i++) {
        crew->members[i] = (struct hr_crew_member){.crew = crew, .number = i, .cpu = cpus[i]};
        if (pthread_create(&crew->threads[i], NULL, member, &crew->members[i]) != 0) {
            crew->failed = 1;
            break;
        }
        crew->n++;
        crew->waiting++;
    }
    while (crew->waiting > 0) {
        pthread_cond_wait(&crew->done, &crew->lock);
    }
    int failed = crew->failed;
    pthread_mutex_unlock(&crew->lock);
    if (failed) {
        hr_crew_stop(crew);
        return hr_fail(ENOMEM, "no memory or no threads for %d times %zu bytes", n, bytes_each);
    }
    *out = crew;
    return 0;
}

double hr_crew_run(struct hr_crew *crew, hr_crew_work *work, void *context)
{
    uint64_t first = UINT64_MAX, last = 0;

    pthread_mutex_lock(&crew->lock);
    crew->work = work;
    crew->context = context;
    crew->waiting = crew->n;
    crew->round++;
    pthread_cond_broadcast(&crew->begin);
    while (crew->waiting > 0) {
        pthread_cond_wait(&crew->done, &crew->lock);
    }
    pthread_mutex_unlock(&crew->lock);
    for (int i = 0; i < crew->n; i++) {
        first = crew->members[i].started_ns < first ? crew->members[i].started_ns : first;
        last = crew->members[i].ended_ns > last ? crew->members[i].ended_ns : last;
    }
    return (double)(last - first) * 1e-9;
}

int hr_crew_size(const struct hr_crew *crew)
{
    return crew->n;
}

void hr_crew_stop(struct hr_crew *crew)
{
    if (!crew) {
        return;
    }
    pthread_mutex_lock(&crew->lock);
    crew->quit = true;
    pthread_cond_broadcast(&crew->begin);
    pthread_mutex_unlock(&crew->lock);
    for (int i = 0; i < crew->n; i++) {
        pthread_join(crew->threads[i], NULL);
    }
    pthread_cond_destroy(&crew->begin);
    pthread_cond_destroy(&crew->done);
    pthread_mutex_destroy(&crew->lock);
    free(crew->threads);
    free(crew->members);
    free(crew);
}
