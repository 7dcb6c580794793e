/*
 * flow_stream.c - which requests build and then move more books than memory holds tapes for?
 *
 * Ranges of markets one by one: generator and oracle of just these, first their load phase, then
 * their steady requests in the order of the whole flow. It cannot see an error that shows only when
 * other markets' requests come in between: the measured engine gets them mixed, and must reach the
 * same digest.
 */
#include "harness/flow_stream.h"

#include "harness/error.h"
#include "harness/progress.h"
#include "harness/sha256.h"
#include "harness/slices.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define SINK_ROOM 256u
/* Of one range: its books stay in a core's own cache, where the oracle is fastest. */
#define RANGE_REQUESTS 8192u
#define TELL_EVERY 64u /* ranges */

/* The flow cut into ranges of markets, L3 ones first. */
struct ranges {
    uint32_t l3, markets;      /* L3 markets, and all */
    uint32_t l3_wide, l2_wide; /* markets of a range */
    uint32_t l3_count, count;  /* ranges */
};

struct worker {
    struct hr_flow *flow;
    const struct eut_request *shown; /* of the submit that is under way */
    /* requests of a batch of the whole flow that belong to this range */
    struct eut_request batch[HR_FLOW_BATCH];
    uint32_t at[HR_FLOW_BATCH]; /* their places in the steady phase */
    uint32_t made, sent;
    const uint32_t *next, *end; /* places not yet made */
    void *self;
    struct hr_proof proof;
};

struct job {
    const struct hr_proof_params *params;
    struct hr_tape *tape;
    struct eut_limits limits;
    struct ranges ranges;
    uint32_t own_first, own_end; /* only these markets are made */
    uint32_t in_flight;
    uint32_t *places; /* steady requests by range, in their order within each */
    uint64_t *first;  /* where a range's places begin; count + 1 of them */
    struct worker workers[HR_SLICE_WORKERS_MAX];
    atomic_uint_least64_t passed;
    pthread_mutex_t lock; /* of what follows */
    struct hr_proof *proof;
};

/* ---- ranges ---- */

static uint32_t wide(uint64_t requests_each)
{
    uint64_t n = RANGE_REQUESTS / (requests_each ? requests_each : 1);

    return n ? (uint32_t)n : 1;
}

static struct ranges cut(const struct hr_flow_params *flow)
{
    struct eut_limits limits = hr_flow_limits(flow, HR_FLOW_BATCH);
    struct ranges r = {.l3 = limits.markets - limits.l2_markets, .markets = limits.markets};
    uint64_t l2_levels = flow->l2_levels ? flow->l2_levels : flow->levels;

    r.l3_wide = wide(2 * (uint64_t)flow->levels * flow->orders_per_level);
    r.l2_wide = wide(2 * l2_levels);
    r.l3_count = (r.l3 + r.l3_wide - 1) / r.l3_wide;
    r.count = r.l3_count + (limits.l2_markets + r.l2_wide - 1) / r.l2_wide;
    return r;
}

static uint32_t range_of(const struct ranges *r, uint32_t market)
{
    return market < r->l3 ? market / r->l3_wide : r->l3_count + (market - r->l3) / r->l2_wide;
}

static bool is_own(const struct job *job, uint32_t market)
{
    return market >= job->own_first && market < job->own_end;
}

static void range_bounds(const struct ranges *r, uint32_t range, uint32_t *first, uint32_t *end)
{
    bool l3 = range < r->l3_count;
    uint32_t last = l3 ? r->l3 : r->markets, width = l3 ? r->l3_wide : r->l2_wide;

    *first = l3 ? range * width : r->l3 + (range - r->l3_count) * width;
    *end = last - *first > width ? *first + width : last;
}

/* What of a range lies between these markets; may be nothing. */
static bool range_within(const struct ranges *r, uint32_t range, uint32_t from, uint32_t to,
                         uint32_t *first, uint32_t *end)
{
    range_bounds(r, range, first, end);
    *first = *first > from ? *first : from;
    *end = *end < to ? *end : to;
    return *first < *end;
}

/* Sorts the places of the steady phase by the range their market belongs to. */
static int sort_places(struct job *job)
{
    const struct eut_request *steady = job->tape->steady_requests;
    uint64_t n = job->tape->steady, sum = 0;

    job->places = malloc(n * sizeof(*job->places) + 1);
    job->first = calloc((size_t)job->ranges.count + 2, sizeof(*job->first));
    if (!job->places || !job->first) {
        return hr_fail(ENOMEM, "no memory to sort a flow of %u markets", job->ranges.markets);
    }
    for (uint64_t i = 0; i < n; i++) {
        if (is_own(job, steady[i].market)) {
            job->first[range_of(&job->ranges, steady[i].market) + 2]++;
        }
    }
    for (uint32_t r = 0; r <= job->ranges.count + 1; r++) {
        sum += job->first[r];
        job->first[r] = sum;
    }
    for (uint64_t i = 0; i < n; i++) {
        if (is_own(job, steady[i].market)) {
            job->places[job->first[range_of(&job->ranges, steady[i].market) + 1]++] = (uint32_t)i;
        }
    }
    return 0;
}

/* ---- one range ---- */

static void observe_all(struct eut_sink *sink)
{
    const struct worker *w = sink->owner;

    hr_flow_observe(w->flow, w->shown, sink->events, sink->count);
    sink->count = 0;
}

static int show(const struct job *job, struct worker *w, const struct eut_request *requests,
                uint32_t count)
{
    struct eut_event events[SINK_ROOM];
    struct eut_sink sink = {events, 0, SINK_ROOM, observe_all, w};
    int rc;

    w->shown = requests;
    rc = job->params->oracle->submit(w->self, requests, count, &sink);
    observe_all(&sink);
    return rc ? hr_fail(EIO, "the oracle failed on a flow: %s", strerror(rc < 0 ? -rc : EIO)) : 0;
}

static int load(const struct job *job, struct worker *w)
{
    int rc = 0;

    while (rc == 0 && hr_flow_phase(w->flow) == HR_FLOW_LOAD) {
        uint32_t n = hr_flow_next(w->flow, w->batch, HR_FLOW_BATCH);

        rc = show(job, w, w->batch, n);
    }
    w->made = w->sent = 0;
    return rc;
}

/* The range's part of the next batch of the whole flow. */
static void make_batch(const struct job *job, struct worker *w)
{
    struct eut_request *steady = job->tape->steady_requests;
    uint32_t number = *w->next / job->in_flight;

    w->made = w->sent = 0;
    while (w->next < w->end && *w->next / job->in_flight == number) {
        w->batch[w->made] = steady[*w->next];
        w->at[w->made++] = *w->next++;
    }
    hr_flow_next_for(w->flow, w->batch, w->made);
    for (uint32_t i = 0; i < w->made; i++) {
        steady[w->at[i]] = w->batch[i];
    }
}

/* The range's steady requests up to this place of the phase. */
static int play_until(const struct job *job, struct worker *w, uint64_t place)
{
    int rc = 0;

    while (rc == 0) {
        uint32_t n = 0;

        if (w->sent == w->made) {
            if (w->next == w->end || *w->next >= place) {
                return 0;
            }
            make_batch(job, w);
        }
        while (w->sent + n < w->made && w->at[w->sent + n] < place) {
            n++;
        }
        if (n == 0) {
            return 0; /* the rest of a batch that the place divides */
        }
        rc = show(job, w, w->batch + w->sent, n);
        w->sent += n;
    }
    return rc;
}

/* Open lots, where they are asked for: in flows of L3 markets alone. */
static void weigh(const struct job *job, const struct worker *w, uint32_t first, uint32_t end,
                  uint64_t sums[2])
{
    if (job->limits.l2_markets == 0) {
        hr_proof_weigh(job->params->oracle, w->self, first, end, sums);
    }
}

static int play(const struct job *job, struct worker *w, uint32_t first, uint32_t end)
{
    const struct hr_proof_params *p = job->params;
    int rc = load(job, w);

    w->proof.digest_load = p->oracle->digest(w->self);
    weigh(job, w, first, end, w->proof.resting_load);
    for (int i = p->prefixes - 1; i >= 0 && rc == 0; i--) {
        rc = play_until(job, w, p->prefix[i]);
        w->proof.digest[i] = p->oracle->digest(w->self);
    }
    rc = rc ? rc : play_until(job, w, job->tape->steady);
    weigh(job, w, first, end, w->proof.resting_end);
    return rc;
}

_Static_assert(sizeof(struct hr_flow_counts) % sizeof(uint64_t) == 0, "counts alone");

static void add_counts(struct hr_flow_counts *to, const struct hr_flow_counts *from)
{
    uint64_t *sums = (uint64_t *)to;
    const uint64_t *values = (const uint64_t *)from;

    for (size_t i = 0; i < sizeof(*to) / sizeof(*sums); i++) {
        sums[i] += values[i];
    }
}

static int record_range(void *context, const struct hr_slices_run *run, int worker, int range)
{
    struct job *job = context;
    struct worker *w = &job->workers[worker];
    uint64_t from = job->first[range], to = job->first[range + 1];
    uint32_t first, end;
    int rc;

    (void)run;
    if (!range_within(&job->ranges, (uint32_t)range, job->own_first, job->own_end, &first, &end)) {
        return 0;
    }
    rc = job->params->oracle->create(&job->limits, &w->self);
    if (rc) {
        return hr_fail(-rc, "the oracle did not start for %u markets: %s", job->limits.markets,
                       strerror(-rc));
    }
    hr_flow_range(w->flow, first, end);
    memset(&w->proof, 0, sizeof(w->proof));
    w->next = job->places + from;
    w->end = job->places + to;
    rc = play(job, w, first, end);
    job->params->oracle->destroy(w->self);
    if (rc == 0) {
        pthread_mutex_lock(&job->lock);
        hr_proof_add(job->proof, &w->proof);
        if (to > from) {
            add_counts(&job->tape->counts, hr_flow_counts(w->flow));
        }
        pthread_mutex_unlock(&job->lock);
        atomic_fetch_add(&job->passed, 1);
    }
    return rc;
}

/* ---- all of them ---- */

static void tell(void *context)
{
    const struct job *job = context;

    if (job->params->progress) {
        job->params->progress(job->params->context,
                              (double)atomic_load(&job->passed) / (double)job->ranges.count);
    }
}

/* One worker is the calling thread: a process that was forked may have no other. */
static int each_range(struct job *job, int workers)
{
    int rc = 0;

    if (workers > 1) {
        return hr_slices_do(&(struct hr_slices){.count = (int)job->ranges.count,
                                                .workers = workers,
                                                .work = record_range,
                                                .watch = tell,
                                                .context = job});
    }
    for (uint32_t range = 0; range < job->ranges.count && rc == 0; range++) {
        rc = hr_stop_signal() ? hr_fail(EINTR, "interrupted")
                              : record_range(job, NULL, 0, (int)range);
        if (range % TELL_EVERY == 0) {
            tell(job);
        }
    }
    return rc;
}

static int record(struct job *job, const struct hr_flow_params *flow)
{
    uint32_t width =
        job->ranges.l3_wide > job->ranges.l2_wide ? job->ranges.l3_wide : job->ranges.l2_wide;
    int workers = hr_slices_workers(job->params->threads), rc = sort_places(job);

    for (int i = 0; i < workers && rc == 0; i++) {
        rc = hr_flow_range_new(&job->workers[i].flow, flow, width);
    }
    if (rc == 0) {
        pthread_mutex_init(&job->lock, NULL);
        rc = each_range(job, workers);
        pthread_mutex_destroy(&job->lock);
    }
    for (int i = 0; i < workers; i++) {
        hr_flow_free(job->workers[i].flow);
    }
    free(job->places);
    free(job->first);
    return rc;
}

/* What the load phase was is in its digest: every order of it was accepted, so told of. */
static void name_flow(struct hr_tape *tape)
{
    struct hr_sha256 sha;

    hr_sha256_init(&sha);
    hr_sha256_update(&sha, &tape->digest_load, sizeof(tape->digest_load));
    hr_sha256_update(&sha, tape->steady_requests, tape->steady * sizeof(*tape->steady_requests));
    hr_sha256_hex(&sha, tape->sha256);
}

/* The steady requests of markets first … end - 1, each where its turn is among all. */
static int make(struct hr_tape *tape, const struct hr_flow_params *flow, uint64_t steady,
                uint32_t first, uint32_t end, const struct hr_proof_params *params,
                struct hr_proof *proof)
{
    const char *wrong = hr_flow_check(flow);
    struct job *job;
    int rc;

    memset(tape, 0, sizeof(*tape));
    memset(proof, 0, sizeof(*proof));
    if (*wrong) {
        return hr_fail(EINVAL, "%s", wrong);
    }
    job = calloc(1, sizeof(*job));
    tape->params = *flow;
    tape->load = hr_flow_load_of(flow, first, end);
    tape->steady = steady;
    if (!job || steady > UINT32_MAX ||
        hr_region_map(&tape->region, steady * sizeof(*tape->requests), HR_PAGES_HUGE)) {
        free(job);
        return hr_fail(ENOMEM, "flow: no memory for %llu requests of 32 bytes",
                       (unsigned long long)steady);
    }
    tape->steady_requests = tape->region.at;
    job->params = params;
    job->tape = tape;
    job->proof = proof;
    job->limits = hr_flow_limits(flow, HR_FLOW_BATCH);
    job->ranges = cut(flow);
    job->own_first = first;
    job->own_end = end;
    job->in_flight = hr_flow_in_flight(flow);
    rc = hr_flow_markets(flow, tape->steady_requests, steady);
    rc = rc ? hr_fail(ENOMEM, "no memory to draw %u markets", flow->markets) : record(job, flow);
    free(job);
    tape->digest_load = proof->digest_load;
    tape->digest = proof->digest[0];
    if (rc) {
        hr_tape_free(tape);
    }
    return rc;
}

int hr_flow_stream_record(struct hr_tape *tape, const struct hr_flow_params *flow, uint64_t steady,
                          const struct hr_proof_params *params, struct hr_proof *proof)
{
    int rc = make(tape, flow, steady, 0, flow->markets, params, proof);

    if (rc == 0) {
        name_flow(tape);
    }
    return rc;
}

/* The first `kept` steady requests, in memory for no more. */
static int keep(struct hr_tape *part, uint64_t kept)
{
    struct hr_region fits;

    if (hr_region_map(&fits, (kept + 1) * sizeof(*part->steady_requests), HR_PAGES_HUGE)) {
        return hr_fail(ENOMEM, "no memory for %llu requests", (unsigned long long)kept);
    }
    memcpy(fits.at, part->steady_requests, kept * sizeof(*part->steady_requests));
    hr_region_unmap(&part->region);
    part->region = fits;
    part->steady_requests = fits.at;
    part->steady = kept;
    return 0;
}

int hr_flow_stream_part(struct hr_tape *part, const struct hr_flow_params *flow, uint64_t steady,
                        uint32_t first, uint32_t end, const struct eut_engine *oracle)
{
    struct hr_proof_params params = {
        .oracle = oracle, .prefix = {steady}, .prefixes = 1, .threads = 1};
    struct hr_proof proof;
    uint64_t kept = 0;
    int rc = make(part, flow, steady, first, end, &params, &proof);

    if (rc) {
        return rc;
    }
    for (uint64_t i = 0; i < steady; i++) {
        uint32_t market = part->steady_requests[i].market;

        if (market >= first && market < end) {
            part->steady_requests[kept++] = part->steady_requests[i];
        }
    }
    rc = keep(part, kept);
    if (rc) {
        hr_tape_free(part);
    }
    return rc;
}

int hr_flow_stream_load(
    const struct hr_flow_params *flow, uint32_t from, uint32_t to, uint32_t chunk,
    int (*take)(void *context, const struct eut_request *requests, uint32_t count), void *context)
{
    struct eut_request *made = malloc(chunk * sizeof(*made));
    struct ranges ranges = cut(flow);
    uint32_t n = 0, first, end;
    struct hr_flow *f = NULL;
    int rc = made ? hr_flow_range_new(
                        &f, flow, ranges.l3_wide > ranges.l2_wide ? ranges.l3_wide : ranges.l2_wide)
                  : hr_fail(ENOMEM, "no memory for a chunk of %u requests", chunk);

    for (uint32_t i = 0; i < ranges.count && rc == 0; i++) {
        if (!range_within(&ranges, i, from, to, &first, &end)) {
            continue;
        }
        hr_flow_range(f, first, end);
        while (hr_flow_phase(f) == HR_FLOW_LOAD && rc == 0) {
            n += hr_flow_next(f, made + n, chunk - n);
            if (n == chunk) {
                rc = take(context, made, n);
                n = 0;
            }
        }
        if (n > 0 && rc == 0 && (end == ranges.l3 || end == to)) {
            rc = take(context, made, n);
            n = 0;
        }
    }
    hr_flow_free(f);
    free(made);
    return rc;
}

uint64_t hr_flow_stream_bytes(uint64_t steady)
{
    return steady * sizeof(uint32_t) + (uint64_t)hr_slices_workers(0) * (8u << 20);
}
