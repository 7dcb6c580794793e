/*
 * flow.h - synthetic order flow: same seed and parameters, same bytes, on every machine.
 *
 * The generator holds no order book. It asks for what really happened: the caller submits what
 * hr_flow_next() made to any engine that obeys the rules and shows the events to
 * hr_flow_observe(). So orders are cancelled while they live, and no third matching code exists.
 * hr_tape_record() does that loop and returns the requests in memory, before any clock starts.
 *
 * Threads: one per generator.
 */
#ifndef HR_FLOW_H
#define HR_FLOW_H

#include "engine-under-test/engine.h"
#include "harness/platform/platform.h"

#include <stdbool.h>

enum hr_flow_ids { HR_IDS_SPARSE, HR_IDS_DENSE };

/* Every field is set by the caller (hr_flow_defaults() first). Shares are parts of 1 and are
 * normalised; the generator steers new against cancel so that the resting population is held. */
struct hr_flow_params {
    uint64_t seed;
    uint32_t markets;
    double l2_share;           /* of the markets, the last ones; they get quotes and takers */
    uint32_t levels;           /* target levels a side */
    uint32_t l2_levels;        /* the same in L2 markets; 0: as `levels` */
    uint32_t orders_per_level; /* target resting orders a level (L3) */
    double zipf;               /* skew over markets: 0 uniform, s > 0 Zipf; ranks are scattered */
    double share_new, share_cancel, share_replace, share_ioc, share_fok, share_market, share_post;
    double crossing; /* share of `new` orders priced to trade */
    double taking;   /* share of the immediate-or-cancel orders priced to trade; the others are
                        priced to rest, which they may not */
    double nudge;    /* share of the replaces that add a lot and move by at most a tick: they lose
                        their place; half of the others reduce, half move anywhere */
    double walk;     /* chance per request that a market's middle price moves a tick */
    double swing;    /* the middle goes away from its start by this part of it and comes back, again
                        and again; below 0 it falls first. Orders are then priced off the middle
                        alone and trade with what it left behind. 0: it stays, but for the walk */
    uint32_t swing_requests; /* of a market, for one way */
    uint32_t price_mid;      /* ticks, where markets start (each scattered around it) */
    bool price_full;         /* use the full price range now and then, far ends included */
    double qty_mean;         /* lots, geometric, >= 1 */
    uint32_t accounts;       /* 0: all orders are account 0 */
    enum hr_flow_ids ids;
    bool by_market; /* every market draws from streams of its own: a range of markets can then be
                       made without the others (hr_flow_range()), at the same bytes */
};

struct hr_flow;

void hr_flow_defaults(struct hr_flow_params *params);
/* "" if fine, else what is wrong and the mend. */
const char *hr_flow_check(const struct hr_flow_params *params);
/* -ENOMEM, -EINVAL (hr_error() says why). */
int hr_flow_new(struct hr_flow **flow, const struct hr_flow_params *params);
void hr_flow_free(struct hr_flow *flow);
/* The limits an engine needs for this flow (batch_max as given). */
struct eut_limits hr_flow_limits(const struct hr_flow_params *params, uint32_t batch_max);

/* The requests that build the starting books (HR_FLOW_LOAD; hr_flow_load() of them, market by
 * market), then endless steady flow. hr_flow_phase() is that of the next request. hr_flow_next()
 * makes up to `count` requests, at most HR_FLOW_BATCH, and never mixes the phases in one call. */
enum hr_flow_phase { HR_FLOW_LOAD, HR_FLOW_STEADY };
enum hr_flow_phase hr_flow_phase(const struct hr_flow *flow);
uint64_t hr_flow_load(const struct hr_flow_params *params);
uint64_t hr_flow_load_l3(
    const struct hr_flow_params *params); /* of them, for L3 markets: the first */
/* Of them, for markets first … end - 1: as many for each market of one kind. */
uint64_t hr_flow_load_of(const struct hr_flow_params *params, uint32_t first, uint32_t end);
uint32_t hr_flow_next(struct hr_flow *flow, struct eut_request *requests, uint32_t count);
/* Of a flow by_market, a few neighbouring markets at a time, in the memory of those few: the same
 * requests for them as the whole flow makes. hr_flow_range_new() makes room for up to `markets` of
 * one kind; hr_flow_range() goes to the load phase of markets first … end - 1, all L3 or all L2,
 * forgetting the last range. After it come the steady requests whose markets the caller names in
 * requests[i].market, in the order and in the batches in which hr_flow_markets() drew them: a batch
 * of the whole flow is hr_flow_in_flight() steady requests. */
int hr_flow_range_new(struct hr_flow **flow, const struct hr_flow_params *params, uint32_t markets);
void hr_flow_range(struct hr_flow *flow, uint32_t first, uint32_t end);
void hr_flow_next_for(struct hr_flow *flow, struct eut_request *requests, uint32_t count);
/* Writes the markets of the first `count` steady requests, the rest of each as zeroes. -ENOMEM. */
int hr_flow_markets(const struct hr_flow_params *params, struct eut_request *requests,
                    uint64_t count);
uint32_t hr_flow_in_flight(const struct hr_flow_params *params); /* at most HR_FLOW_BATCH */
/* What became of them: the events of that very batch, in order; may come in several calls. */
void hr_flow_observe(struct hr_flow *flow, const struct eut_request *requests,
                     const struct eut_event *events, uint32_t count);
/* How many requests may be made before the events of the earlier ones must be shown. Part of the
 * flow's identity: always recorded with this batch size. */
#define HR_FLOW_BATCH 32u

/* What happened, counted from requests and events (never from return values).
 * Quantities are those of L3 markets, and add up: what the books hold grows by submitted - traded -
 * cancelled. Rejected requests are not among the submitted; a replace that was taken counts as its
 * open quantity cancelled and the new one submitted. */
struct hr_flow_counts {
    uint64_t requests, news, cancels, replaces, quotes;
    uint64_t trades, accepted, cancelled, rejected;
    uint64_t cancelled_by[32], rejected_by[32];                 /* by enum eut_reason */
    uint64_t qty_submitted[2], qty_traded[2], qty_cancelled[2]; /* buy, sell; lots */
};
/* Of the phase that the last request belonged to, as far as observed. */
const struct hr_flow_counts *hr_flow_counts(const struct hr_flow *flow);

/* A recorded flow: the load phase first, then the steady phase. */
struct hr_tape {
    struct hr_flow_params params;
    struct eut_request *requests;        /* huge-page backed where possible; NULL if streamed */
    struct eut_request *steady_requests; /* the first steady one: requests + load if not NULL */
    uint64_t load, steady;               /* counts */
    char sha256[65];      /* of the requests' bytes, little-endian; streamed: see flow_stream.c */
    uint64_t digest;      /* after all of it, from the engine that shadowed */
    uint64_t digest_load; /* after the load phase */
    struct hr_flow_counts counts; /* of the steady phase */
    struct hr_region region;      /* what holds the requests */
};
/* Records `steady` steady requests using `shadow` to learn what happens. progress may be NULL.
 * -EINTR if the program is to end meanwhile. */
int hr_tape_record(struct hr_tape *tape, const struct hr_flow_params *params, uint64_t steady,
                   const struct eut_engine *shadow, void (*progress)(void *, double share),
                   void *context);
void hr_tape_free(struct hr_tape *tape);

/* When each request is due, ns from the start, for open-loop runs; its own seed, so that runs
 * replay one flow with fresh arrivals. */
enum hr_arrival_process {
    HR_ARRIVAL_BACK_TO_BACK,
    HR_ARRIVAL_CONSTANT,
    HR_ARRIVAL_POISSON,
    HR_ARRIVAL_BURSTY
};
struct hr_arrival {
    enum hr_arrival_process process;
    double rate;  /* requests per second, mean */
    double burst; /* bursty: mean requests a burst, sent at burst_factor times the rate */
    double burst_factor;
    uint64_t seed;
};
void hr_arrival_times(const struct hr_arrival *arrival, uint64_t *due_ns, uint64_t count);

#endif
