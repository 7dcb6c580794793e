/*
 * proof.c - what does the slow and plain engine say about this flow?
 *
 * Each slice of markets gets an oracle of its own, fed the tape's requests of these markets in
 * order. The requests of all others are passed over, so a tape is read once a slice. It cannot see
 * an error that depends on other markets' requests being there: the rules say that there is none,
 * conformance looks.
 */
#include "harness/proof.h"

#include "harness/error.h"
#include "harness/market_cut.h"
#include "harness/platform/platform.h"
#include "harness/progress.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BATCH 512u
#define THREADS_MAX 64
/* Of one slice. What the oracle takes for an order and for a market it has seen was measured. */
#define SLICE_REQUESTS_MAX 8000000u
#define ORDER_BYTES 96u
#define MARKET_BYTES 128u

struct job {
    const struct hr_proof_params *params;
    uint32_t *bounds; /* slices + 1 markets */
    int slices;
    atomic_int next, running;
    atomic_uint_least64_t passed; /* requests looked at, by all */
    atomic_bool failed;
    pthread_mutex_t lock; /* of what follows */
    struct hr_proof *proof;
    int rc;
    char why[HR_ERROR_MAX];
};

struct slice {
    struct job *job;
    uint32_t first, end;
    void *self;
    struct hr_proof proof;
    uint32_t filled;
    struct eut_request batch[BATCH];
    struct eut_event events[BATCH];
};

static void swallow(struct eut_sink *sink)
{
    sink->count = 0;
}

static int submit(struct slice *s)
{
    struct eut_sink sink = {.events = s->events, .room = BATCH, .flush = swallow};
    int rc = s->filled ? s->job->params->oracle->submit(s->self, s->batch, s->filled, &sink) : 0;

    s->filled = 0;
    return rc ? hr_fail(EIO, "the oracle failed on a flow: %s", strerror(rc < 0 ? -rc : EIO)) : 0;
}

/* The slice's requests of [from, to). */
static int feed(struct slice *s, uint64_t from, uint64_t to)
{
    const struct eut_request *requests = s->job->params->tape->requests;
    uint64_t told = from;
    int rc = 0;

    for (uint64_t i = from; i < to && rc == 0; i++) {
        if (requests[i].market - s->first < s->end - s->first) {
            s->batch[s->filled++] = requests[i];
            rc = s->filled == BATCH ? submit(s) : 0;
        }
        if ((i & 0xFFFF) == 0) {
            atomic_fetch_add_explicit(&s->job->passed, i - told, memory_order_relaxed);
            told = i;
            if (hr_stop_signal() || atomic_load(&s->job->failed)) {
                return hr_fail(EINTR, "interrupted");
            }
        }
    }
    atomic_fetch_add_explicit(&s->job->passed, to - told, memory_order_relaxed);
    return rc ? rc : submit(s);
}

static int add_resting(void *context, const struct eut_resting *resting)
{
    uint64_t *sums = context;

    sums[resting->side == EUT_SELL] += resting->qty;
    return 0;
}

static void weigh(struct slice *s, uint64_t sums[2])
{
    struct eut_limits limits = hr_flow_limits(&s->job->params->tape->params, BATCH);
    uint32_t l3 = limits.markets - limits.l2_markets;

    for (uint32_t market = s->first; market < s->end && market < l3; market++) {
        s->job->params->oracle->walk(s->self, market, add_resting, sums);
    }
}

static int prove_slice(struct slice *s)
{
    const struct hr_proof_params *p = s->job->params;
    struct eut_limits limits = hr_flow_limits(&p->tape->params, BATCH);
    uint64_t load = p->tape->load, at = load;
    int rc = p->oracle->create(&limits, &s->self);

    if (rc) {
        return hr_fail(-rc, "the oracle did not start for %u markets: %s", limits.markets,
                       strerror(-rc));
    }
    rc = feed(s, 0, load);
    s->proof.digest_load = p->oracle->digest(s->self);
    weigh(s, s->proof.resting_load);
    for (int i = p->prefixes - 1; i >= 0 && rc == 0; i--) {
        rc = feed(s, at, load + p->prefix[i]);
        at = load + p->prefix[i];
        s->proof.digest[i] = p->oracle->digest(s->self);
    }
    weigh(s, s->proof.resting_end);
    p->oracle->destroy(s->self);
    return rc;
}

static void add(struct hr_proof *to, const struct hr_proof *from)
{
    to->digest_load += from->digest_load;
    for (int i = 0; i < HR_PREFIXES; i++) {
        to->digest[i] += from->digest[i];
    }
    for (int side = 0; side < 2; side++) {
        to->resting_load[side] += from->resting_load[side];
        to->resting_end[side] += from->resting_end[side];
    }
}

static void settle(struct job *job, const struct hr_proof *proof, int rc)
{
    pthread_mutex_lock(&job->lock);
    if (rc == 0) {
        add(job->proof, proof);
    } else if (job->rc == 0) {
        job->rc = rc;
        snprintf(job->why, sizeof(job->why), "%s", hr_error());
        atomic_store(&job->failed, true);
    }
    pthread_mutex_unlock(&job->lock);
}

static void *prove_slices(void *argument)
{
    struct job *job = argument;
    struct slice *s = malloc(sizeof(*s));
    int i;

    if (hr_thread_pin(-1)) {
        hr_error_clear(); /* it stays where it was started: slower, not wrong */
    }
    if (!s) {
        settle(job, NULL, hr_fail(ENOMEM, "no memory to prove a flow"));
    }
    while (s && !atomic_load(&job->failed) && (i = atomic_fetch_add(&job->next, 1)) < job->slices) {
        memset(s, 0, sizeof(*s));
        s->job = job;
        s->first = job->bounds[i];
        s->end = job->bounds[i + 1];
        int rc = prove_slice(s);

        settle(job, &s->proof, rc);
    }
    free(s);
    atomic_fetch_sub(&job->running, 1);
    return NULL;
}

static int cut(struct job *job, int threads)
{
    const struct hr_tape *tape = job->params->tape;
    uint64_t total = tape->load + tape->steady, wanted = total / SLICE_REQUESTS_MAX + 1;
    uint32_t markets = tape->params.markets;

    wanted = wanted < (uint64_t)threads ? (uint64_t)threads : wanted;
    job->slices = (int)(wanted < markets ? wanted : markets);
    job->bounds = malloc(((size_t)job->slices + 1) * sizeof(*job->bounds));
    if (!job->bounds) {
        return hr_fail(ENOMEM, "no memory to cut a flow of %u markets", markets);
    }
    return hr_markets_cut(tape->requests, total, markets, job->slices, job->bounds);
}

static int threads_of(const struct hr_proof_params *p)
{
    int cpus[THREADS_MAX], n = hr_cpus_allowed(cpus, THREADS_MAX);

    n = p->threads > 0 && p->threads < n ? p->threads : n;
    return n < 1 ? 1 : n;
}

static void wait_for(struct job *job)
{
    double total = (double)(job->params->tape->load + job->params->tape->steady) * job->slices;

    while (atomic_load(&job->running) > 0) {
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
        if (job->params->progress) {
            job->params->progress(job->params->context, (double)atomic_load(&job->passed) / total);
        }
    }
}

int hr_prove(const struct hr_proof_params *params, struct hr_proof *proof)
{
    struct job job = {.params = params, .proof = proof};
    pthread_t threads[THREADS_MAX];
    int wanted = threads_of(params), started = 0, rc = cut(&job, wanted);

    memset(proof, 0, sizeof(*proof));
    if (rc) {
        free(job.bounds);
        return rc;
    }
    pthread_mutex_init(&job.lock, NULL);
    atomic_store(&job.running, wanted);
    while (started < wanted && pthread_create(&threads[started], NULL, prove_slices, &job) == 0) {
        started++;
    }
    atomic_fetch_sub(&job.running, wanted - started);
    wait_for(&job);
    for (int i = 0; i < started; i++) {
        pthread_join(threads[i], NULL);
    }
    pthread_mutex_destroy(&job.lock);
    free(job.bounds);
    if (started == 0) {
        return hr_fail(EAGAIN, "no thread could be started to prove a flow");
    }
    return job.rc ? hr_fail(-job.rc, "%s", job.why) : 0;
}

uint64_t hr_proof_bytes(uint64_t orders, uint32_t markets)
{
    struct hr_proof_params all = {.threads = 0};
    uint64_t at_once = (uint64_t)threads_of(&all) * SLICE_REQUESTS_MAX;

    return (orders < at_once ? orders : at_once) * ORDER_BYTES + (uint64_t)markets * MARKET_BYTES;
}
