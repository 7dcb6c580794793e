/*
 * mutant.h - an engine that gets one thing wrong: the oracle behind a thin wrapper.
 *
 * Each mutant is one file that includes this one and defines mutate(): put the request to the
 * oracle with ask(), hand the events on with answer(). The digest is folded from what is handed on,
 * so it is as wrong as the events and no more. Conformance that passes any of them is worth
 * nothing.
 */
#ifndef MUTANT_H
#define MUTANT_H

#include "engine-under-test/oracle.c"
#include "engine-under-test/oracle_book.c"

struct mutant {
    struct oracle *oracle;
    struct eut_limits limits;
    uint64_t *digests; /* by market, XOR its number */
    struct eut_event *events;
    uint32_t count, room; /* of events: what the oracle answered */
    struct eut_sink *sink;
    uint32_t position;
};

/* The mutant's own: answers one request, wrongly now and then. */
static void mutate(struct mutant *m, const struct eut_request *r);

#ifndef MUTATE_LIMITS
#define MUTATE_LIMITS(limits) (void)(limits)
#endif
#ifndef MUTATE_DIGEST
#define MUTATE_DIGEST(event) true
#endif
#ifndef MUTATE_FLUSH
#define MUTATE_FLUSH(sink) (sink)->flush(sink)
#endif

static void keep_events(struct eut_sink *inner)
{
    struct mutant *m = inner->owner;

    m->room *= 2;
    m->events = realloc(m->events, m->room * sizeof(*m->events));
    if (!m->events) {
        abort();
    }
    inner->events = m->events; /* count stays: the oracle goes on behind what is there */
    inner->room = m->room;
}

/* The oracle's answer is in m->events[0 … m->count). */
static void ask(struct mutant *m, const struct eut_request *r)
{
    struct eut_sink inner = {
        .events = m->events, .room = m->room, .flush = keep_events, .owner = m};

    oracle_submit(m->oracle, r, 1, &inner);
    m->count = inner.count;
}

/* An order that rests, or NULL. */
static inline struct order *find_live(struct mutant *m, uint32_t market, uint64_t id)
{
    return market < m->limits.markets ? eut_books_find(&m->oracle->books, market, id) : NULL;
}

static void answer(struct mutant *m, const struct eut_request *r, struct eut_event event)
{
    event.request = m->position;
    if (m->sink->count == m->sink->room) {
        MUTATE_FLUSH(m->sink);
    }
    m->sink->events[m->sink->count++] = event;
    if (r->market < m->limits.markets && MUTATE_DIGEST(&event)) {
        uint64_t *d = &m->digests[r->market];

        *d = eut_digest_event(*d ^ r->market, &event) ^ r->market;
    }
}

static void answer_all(struct mutant *m, const struct eut_request *r)
{
    for (uint32_t i = 0; i < m->count; i++) {
        answer(m, r, m->events[i]);
    }
}

static void mutant_destroy(void *self)
{
    struct mutant *m = self;

    if (m) {
        oracle_destroy(m->oracle);
        free(m->digests);
        free(m->events);
        free(m);
    }
}

static int mutant_create(const struct eut_limits *limits, void **self)
{
    struct mutant *m = calloc(1, sizeof(*m));
    void *oracle = NULL;
    int rc;

    if (!m) {
        return -ENOMEM;
    }
    m->limits = *limits;
    MUTATE_LIMITS(&m->limits);
    m->room = EUT_SINK_ROOM_MIN;
    m->events = malloc(m->room * sizeof(*m->events));
    m->digests = calloc(limits->markets, sizeof(*m->digests));
    rc = m->events && m->digests ? oracle_create(&m->limits, &oracle) : -ENOMEM;
    m->oracle = oracle;
    if (rc != 0) {
        mutant_destroy(m);
        return rc;
    }
    *self = m;
    return 0;
}

static int mutant_submit(void *self, const struct eut_request *requests, uint32_t count,
                         struct eut_sink *sink)
{
    struct mutant *m = self;

    m->sink = sink;
    for (m->position = 0; m->position < count; m->position++) {
        mutate(m, &requests[m->position]);
    }
    return 0;
}

static uint64_t mutant_digest(void *self)
{
    const struct mutant *m = self;
    uint64_t sum = 0;

    for (uint32_t market = 0; market < m->limits.markets; market++) {
        sum += eut_digest_market(market, m->digests[market] ^ market);
    }
    return sum;
}

static int mutant_walk(void *self, uint32_t market, eut_visit visit, void *context)
{
    const struct mutant *m = self;

    return oracle_walk(m->oracle, market, visit, context);
}

static const struct eut_engine mutant = {
    .abi_version = EUT_ABI_VERSION,
    .struct_size = sizeof(struct eut_engine),
    .name = "mutant",
    .capabilities = EUT_CAP_ALL,
    .create = mutant_create,
    .submit = mutant_submit,
    .digest = mutant_digest,
    .walk = mutant_walk,
    .destroy = mutant_destroy,
};

const struct eut_engine *eut_engine_entry(void);
const struct eut_engine *eut_engine_entry(void)
{
    return &mutant;
}

#endif
