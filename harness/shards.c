/*
 * shards.c - what do n engines on n cores carry together?
 *
 * Each thread copies its part of the tape (so that the memory is its own), builds its books, and
 * waits at a barrier; the time runs from the first start to the last end. It cannot see what a
 * router in front of the shards would cost: the parts are cut beforehand.
 */
#include "harness/shards.h"

#include "harness/clock.h"
#include "harness/drive.h"
#include "harness/error.h"
#include "harness/market_cut.h"
#include "harness/platform/platform.h"
#include "harness/progress.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct shard {
    const struct hr_shards_params *params;
    uint32_t first, end; /* markets */
    int cpu;
    atomic_int *ready, *go, *done;
    struct hr_region region; /* what holds its requests, in pages as the whole tape has them */
    struct eut_request *requests;
    uint64_t load, steady;
    uint64_t started_ns, ended_ns, digest, trades;
    int64_t switches;
    bool migrated;
    int rc;
    char why[HR_ERROR_MAX];
};

static uint64_t copy_part(struct shard *s, uint64_t from, uint64_t count, uint64_t at)
{
    const struct eut_request *all = s->params->workload->tape->requests + from;
    uint64_t n = 0;

    for (uint64_t i = 0; i < count; i++) {
        if (all[i].market >= s->first && all[i].market < s->end) {
            s->requests[at + n++] = all[i];
        }
    }
    return n;
}

static uint64_t count_part(const struct shard *s, uint64_t from, uint64_t count)
{
    const struct eut_request *all = s->params->workload->tape->requests + from;
    uint64_t n = 0;

    for (uint64_t i = 0; i < count; i++) {
        n += all[i].market >= s->first && all[i].market < s->end;
    }
    return n;
}

static int take_part(struct shard *s)
{
    const struct hr_tape *tape = s->params->workload->tape;

    s->load = count_part(s, 0, tape->load);
    s->steady = count_part(s, tape->load, s->params->steady);
    if (hr_region_map(&s->region, (s->load + s->steady + 1) * sizeof(*s->requests),
                      HR_PAGES_HUGE)) {
        return hr_fail(ENOMEM, "no memory for a shard's part of the tape");
    }
    s->requests = s->region.at;
    copy_part(s, 0, tape->load, 0);
    copy_part(s, tape->load, s->params->steady, s->load);
    return 0;
}

/* Books for the shard's share of the orders: a table sized for all markets' orders would be a
 * different engine. The slack covers the flow's swing around its population; too little shows as a
 * wrong digest. */
static struct eut_limits limits_of(const struct shard *s)
{
    const struct hr_tape *tape = s->params->workload->tape;
    struct eut_limits limits = hr_flow_limits(&tape->params, s->params->batch);
    double share = tape->load ? (double)s->load / (double)tape->load : 1;

    if (s->params->shards > 1) {
        limits.orders = (uint64_t)((double)limits.orders * share * 1.1) + 65536;
        limits.levels = (uint64_t)((double)limits.levels * share * 1.1) + 65536;
    }
    return limits;
}

static int prepare(struct shard *s, struct hr_path **path)
{
    struct hr_path_params params = {
        .engine = s->params->engine, .events_room = s->params->batch * 4, .cpu = s->cpu};
    struct hr_drive_sum sum;
    int rc;

    if (s->cpu >= 0) {
        rc = hr_thread_pin(s->cpu);
        if (rc) {
            return rc;
        }
    }
    rc = take_part(s);
    if (rc) {
        return rc;
    }
    params.limits = limits_of(s);
    rc = s->params->ops->open(path, &params);
    if (rc) {
        return rc;
    }
    struct hr_drive drive = {.ops = s->params->ops, .path = *path, .batch = s->params->batch};

    return hr_drive_batches(&drive, s->requests, s->load, &sum);
}

/* True when all may start, false if another shard could not. */
static bool await_start(struct shard *s)
{
    atomic_fetch_add(s->ready, 1);
    for (unsigned spins = 1; atomic_load_explicit(s->go, memory_order_acquire) == 0; spins++) {
        if (spins % 65536 == 0) {
            sched_yield(); /* there may be more threads than processors */
        }
    }
    return atomic_load(s->go) == 1;
}

static void measure(struct shard *s, struct hr_path *path)
{
    struct hr_drive drive = {.ops = s->params->ops, .path = path, .batch = s->params->batch};
    struct hr_disturbance before, after;
    struct hr_drive_sum sum;

    hr_disturbance_read(&before);
    s->started_ns = hr_clock_ns();
    s->rc = hr_drive_batches(&drive, s->requests + s->load, s->steady, &sum);
    s->ended_ns = hr_clock_ns();
    atomic_fetch_add(s->done, 1);
    s->trades = sum.trades;
    hr_disturbance_read(&after);
    s->switches = after.switches_involuntary - before.switches_involuntary;
    s->migrated = s->cpu >= 0 && hr_thread_cpu() >= 0 && hr_thread_cpu() != s->cpu;
    if (s->rc == 0) {
        s->rc = s->params->ops->digest(path, &s->digest);
    }
}

static void *shard_thread(void *argument)
{
    struct shard *s = argument;
    struct hr_path *path = NULL;

    s->rc = prepare(s, &path);
    bool start = await_start(s);

    if (s->rc == 0 && start) {
        measure(s, path);
    }
    if (s->rc) {
        snprintf(s->why, sizeof(s->why), "%s", hr_error());
    }
    if (path) {
        s->params->ops->close(path);
    }
    hr_region_unmap(&s->region);
    return NULL;
}

static void await_all(const atomic_int *count, int wanted)
{
    while (atomic_load(count) < wanted) {
        nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
    }
}

/* Lets all go when all are ready; the joules that they use from then until the last is done. */
static double start_all(struct shard *shards, int started, int wanted, struct hr_energy *energy)
{
    bool good = started == wanted;
    double joules;

    await_all(shards[0].ready, started);
    for (int i = 0; i < started; i++) {
        good = good && shards[i].rc == 0;
    }
    joules = energy ? hr_energy_joules(energy) : (double)NAN;
    atomic_store_explicit(shards[0].go, good ? 1 : 2, memory_order_release);
    if (!good || !energy) {
        return (double)NAN;
    }
    await_all(shards[0].done, started);
    return hr_energy_joules(energy) - joules;
}

static int sum_up(const struct shard *shards, int n, struct hr_shards_result *result)
{
    uint64_t first = UINT64_MAX, last = 0;

    memset(result, 0, sizeof(*result));
    for (int i = 0; i < n; i++) {
        const struct shard *s = shards + i;

        if (s->rc) {
            return hr_fail(-s->rc, "%s", s->why);
        }
        first = s->started_ns < first ? s->started_ns : first;
        last = s->ended_ns > last ? s->ended_ns : last;
        result->digest += s->digest;
        result->requests += s->steady;
        result->trades += s->trades;
        result->requests_max = s->steady > result->requests_max ? s->steady : result->requests_max;
        result->switches_involuntary += s->switches;
        result->migrations += s->migrated;
    }
    result->ns = last - first;
    return 0;
}

int hr_shards_run(const struct hr_shards_params *p, struct hr_shards_result *result)
{
    uint32_t *bounds = calloc((size_t)p->shards + 1, sizeof(*bounds));
    struct shard *shards = calloc((size_t)p->shards, sizeof(*shards));
    pthread_t *threads = calloc((size_t)p->shards, sizeof(*threads));
    atomic_int ready = 0, go = 0, done = 0;
    int started = 0, rc;
    double joules;

    if (!bounds || !shards || !threads) {
        rc = hr_fail(ENOMEM, "no memory for %d shards", p->shards);
        goto out;
    }
    rc = hr_markets_cut(p->workload->tape->steady_requests, p->steady,
                        p->workload->tape->params.markets, p->shards, bounds);
    if (rc) {
        goto out;
    }
    for (int i = 0; i < p->shards; i++) {
        shards[i] = (struct shard){.params = p,
                                   .first = bounds[i],
                                   .end = bounds[i + 1],
                                   .cpu = p->cpus ? p->cpus[i] : -1,
                                   .ready = &ready,
                                   .go = &go,
                                   .done = &done};
    }
    while (started < p->shards &&
           pthread_create(&threads[started], NULL, shard_thread, &shards[started]) == 0) {
        started++;
    }
    joules = start_all(shards, started, p->shards, p->energy);
    for (int i = 0; i < started; i++) {
        pthread_join(threads[i], NULL);
    }
    rc = started < p->shards
             ? hr_fail(EAGAIN, "only %d of %d threads could be started", started, p->shards)
             : sum_up(shards, p->shards, result);
    result->joules = joules;
out:
    free(bounds);
    free(shards);
    free(threads);
    return rc;
}
