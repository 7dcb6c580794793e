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
#include "harness/slices.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define BATCH 512u
/* Of one slice. What the oracle takes for an order and for a market it has seen was measured. */
#define SLICE_REQUESTS_MAX 8000000u
#define ORDER_BYTES 96u
#define MARKET_BYTES 128u

struct job {
    const struct hr_proof_params *params;
    uint32_t *bounds; /* slices + 1 markets */
    int slices;
    atomic_uint_least64_t passed; /* requests looked at, by all */
    pthread_mutex_t lock;         /* of what follows */
    struct hr_proof *proof;
};

struct slice {
    struct job *job;
    const struct hr_slices_run *run;
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
            if (hr_slices_ending(s->run)) {
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

void hr_proof_weigh(const struct eut_engine *oracle, void *self, uint32_t first, uint32_t end,
                    uint64_t sums[2])
{
    for (uint32_t market = first; market < end; market++) {
        oracle->walk(self, market, add_resting, sums);
    }
}

/* Of L3 markets. */
static void weigh(struct slice *s, uint64_t sums[2])
{
    struct eut_limits limits = hr_flow_limits(&s->job->params->tape->params, BATCH);
    uint32_t l3 = limits.markets - limits.l2_markets;

    hr_proof_weigh(s->job->params->oracle, s->self, s->first, s->end < l3 ? s->end : l3, sums);
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

void hr_proof_add(struct hr_proof *to, const struct hr_proof *from)
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

static int prove_one(void *context, const struct hr_slices_run *run, int worker, int slice)
{
    struct job *job = context;
    struct slice *s = calloc(1, sizeof(*s));
    int rc;

    (void)worker;
    if (!s) {
        return hr_fail(ENOMEM, "no memory to prove a flow");
    }
    s->job = job;
    s->run = run;
    s->first = job->bounds[slice];
    s->end = job->bounds[slice + 1];
    rc = prove_slice(s);
    if (rc == 0) {
        pthread_mutex_lock(&job->lock);
        hr_proof_add(job->proof, &s->proof);
        pthread_mutex_unlock(&job->lock);
    }
    free(s);
    return rc;
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

static void tell(void *context)
{
    const struct job *job = context;
    const struct hr_proof_params *p = job->params;
    double total = (double)(p->tape->load + p->tape->steady) * job->slices;

    if (p->progress) {
        p->progress(p->context, (double)atomic_load(&job->passed) / total);
    }
}

int hr_prove(const struct hr_proof_params *params, struct hr_proof *proof)
{
    struct job job = {.params = params, .proof = proof};
    int workers = hr_slices_workers(params->threads), rc = cut(&job, workers);

    memset(proof, 0, sizeof(*proof));
    if (rc == 0) {
        pthread_mutex_init(&job.lock, NULL);
        rc = hr_slices_do(&(struct hr_slices){.count = job.slices,
                                              .workers = workers,
                                              .work = prove_one,
                                              .watch = tell,
                                              .context = &job});
        pthread_mutex_destroy(&job.lock);
    }
    free(job.bounds);
    return rc;
}

uint64_t hr_proof_bytes(uint64_t orders, uint32_t markets)
{
    uint64_t at_once = (uint64_t)hr_slices_workers(0) * SLICE_REQUESTS_MAX;

    return (orders < at_once ? orders : at_once) * ORDER_BYTES + (uint64_t)markets * MARKET_BYTES;
}
