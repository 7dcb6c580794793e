/*
 * playback.c - what would the same answers take if nobody had to find them?
 *
 * Notes the kinds of all answers of one engine to one tape, then gives back as many. It cannot see
 * what a matching engine does to the caches beside its own time: that is the engine's, too.
 */
#include "suites/playback.h"

#include "harness/error.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A byte: an event's kind, which is an ASCII letter, or 0 for an order without one. */
#define LAST 0x80u /* of its order */
#define END 0x00u  /* of a market: nothing was noted beyond */
#define NOTE_BATCH 256u
#define NOTE_ROOM 1024u

/* What was noted, market by market. */
static struct {
    char sha256[65];
    uint64_t steady;
    uint32_t markets;
    uint8_t *codes;
    uint64_t *starts; /* of each market */
} noted;

/* ---- noting -------------------------------------------------------------------------- */

/* All answers, one order after the other. */
struct notes {
    uint8_t *codes;
    uint64_t count, size;
    uint32_t next, orders; /* of the batch: the one being answered, and how many there are */
    bool answered, broken; /* the one being answered, once; the engine, or no memory */
};

static void add(struct notes *n, uint8_t code)
{
    if (n->count == n->size) {
        uint64_t size = n->size ? 2 * n->size : 1u << 20;
        uint8_t *codes = realloc(n->codes, size);

        if (!codes) {
            n->broken = true;
            return;
        }
        n->codes = codes;
        n->size = size;
    }
    n->codes[n->count++] = code;
}

/* All orders before `end` have been answered. */
static void answered(struct notes *n, uint32_t end)
{
    for (; n->next < end && !n->broken; n->next++) {
        if (n->answered) {
            n->codes[n->count - 1] |= LAST;
        } else {
            add(n, LAST);
        }
        n->answered = false;
    }
}

static void note_events(struct eut_sink *sink)
{
    struct notes *n = sink->owner;

    for (uint32_t i = 0; i < sink->count && !n->broken; i++) {
        const struct eut_event *e = sink->events + i;

        n->broken = e->request < n->next || e->request >= n->orders || e->kind >= LAST;
        answered(n, e->request);
        if (!n->broken) {
            add(n, e->kind);
            n->answered = true;
        }
    }
    sink->count = 0;
}

static int note_all(struct notes *n, const struct eut_engine *engine, const struct hr_tape *tape,
                    uint64_t orders)
{
    struct eut_limits limits = hr_flow_limits(&tape->params, NOTE_BATCH);
    struct eut_event events[NOTE_ROOM];
    struct eut_sink sink = {.events = events, .room = NOTE_ROOM, .flush = note_events, .owner = n};
    void *self = NULL;
    int rc = engine->create(&limits, &self);

    for (uint64_t i = 0; i < orders && rc == 0 && !n->broken; i += n->orders) {
        n->next = 0;
        n->orders = orders - i < NOTE_BATCH ? (uint32_t)(orders - i) : NOTE_BATCH;
        rc = engine->submit(self, tape->requests + i, n->orders, &sink);
        note_events(&sink);
        answered(n, n->orders);
    }
    engine->destroy(self);
    return rc || n->broken
               ? hr_fail(rc < 0 ? -rc : EIO, "engine %s's answers could not be noted", engine->name)
               : 0;
}

/* Codes of the order that begins at `at`. */
static uint64_t codes_of_one(const uint8_t *at)
{
    uint64_t n = 0;

    while (!(at[n++] & LAST)) {
    }
    return n;
}

/* From one sequence to one a market, each with its end behind it. */
static void sort(const struct notes *n, const struct hr_tape *tape, uint64_t orders,
                 uint64_t *places)
{
    const uint8_t *at = n->codes;
    uint64_t start = 0;

    memset(places, 0, noted.markets * sizeof(*places));
    for (uint64_t i = 0, k; i < orders; i++, at += k) {
        k = codes_of_one(at);
        places[tape->requests[i].market] += k;
    }
    for (uint32_t m = 0; m < noted.markets; m++) {
        noted.starts[m] = start;
        start += places[m] + 1;
        places[m] = noted.starts[m];
    }
    at = n->codes;
    for (uint64_t i = 0, k; i < orders; i++, at += k) {
        uint64_t *place = places + tape->requests[i].market;

        k = codes_of_one(at);
        memcpy(noted.codes + *place, at, k);
        *place += k;
    }
    for (uint32_t m = 0; m < noted.markets; m++) {
        noted.codes[places[m]] = END;
    }
}

void hr_playback_forget(void)
{
    free(noted.codes);
    free(noted.starts);
    memset(&noted, 0, sizeof(noted));
}

int hr_playback_note(const struct eut_engine *engine, const struct hr_tape *tape, uint64_t steady)
{
    uint64_t orders = tape->load + steady, *places;
    struct notes n = {0};
    int rc;

    if (noted.codes && noted.steady == steady && strcmp(noted.sha256, tape->sha256) == 0) {
        return 0;
    }
    hr_playback_forget();
    if (!tape->requests) {
        return hr_fail(ENOTSUP, "the answers to a streamed flow are not noted");
    }
    rc = note_all(&n, engine, tape, orders);
    noted.markets = tape->params.markets;
    noted.steady = steady;
    memcpy(noted.sha256, tape->sha256, sizeof(noted.sha256));
    noted.codes = malloc(n.count + noted.markets);
    noted.starts = malloc(noted.markets * sizeof(*noted.starts));
    places = malloc(noted.markets * sizeof(*places));
    if (rc == 0 && (!noted.codes || !noted.starts || !places)) {
        rc =
            hr_fail(ENOMEM, "no memory for the answers to %llu orders", (unsigned long long)orders);
    }
    if (rc) {
        hr_playback_forget();
    } else {
        sort(&n, tape, orders, places);
    }
    free(n.codes);
    free(places);
    return rc;
}

/* ---- playing back -------------------------------------------------------------------- */

struct playback {
    uint64_t events;
    uint32_t markets;
    const uint8_t *at[]; /* of each market */
};

static int playback_create(const struct eut_limits *limits, void **self)
{
    struct playback *p;

    if (limits->struct_size != sizeof(*limits) || limits->markets != noted.markets) {
        return -EINVAL;
    }
    p = calloc(1, sizeof(*p) + noted.markets * sizeof(p->at[0]));
    *self = p;
    if (!p) {
        return -ENOMEM;
    }
    p->markets = noted.markets;
    for (uint32_t m = 0; m < noted.markets; m++) {
        p->at[m] = noted.codes + noted.starts[m];
    }
    return 0;
}

static int playback_submit(void *self, const struct eut_request *requests, uint32_t count,
                           struct eut_sink *sink)
{
    struct playback *p = self;

    for (uint32_t i = 0; i < count; i++) {
        const struct eut_request *r = requests + i;
        const uint8_t *at = r->market < p->markets ? p->at[r->market] : NULL;
        uint8_t code;

        if (!at || *at == END) {
            return -ERANGE;
        }
        do {
            code = *at++;
            if (code == LAST) { /* it was not answered */
                break;
            }
            if (sink->count == sink->room) {
                sink->flush(sink);
            }
            sink->events[sink->count++] = (struct eut_event){.order = r->order,
                                                             .price = r->price,
                                                             .qty = r->qty,
                                                             .request = i,
                                                             .kind = code & (uint8_t)~LAST};
            p->events++;
        } while (!(code & LAST));
        p->at[r->market] = at;
    }
    return 0;
}

/* The same for any batch size; folding the events would be an engine's work. */
static uint64_t playback_digest(void *self)
{
    const struct playback *p = self;

    return p->events;
}

static int playback_walk(void *self, uint32_t market, eut_visit visit, void *context)
{
    (void)self, (void)market, (void)visit, (void)context;
    return 0;
}

static void playback_destroy(void *self)
{
    free(self);
}

const struct eut_engine hr_playback = {
    .abi_version = EUT_ABI_VERSION,
    .struct_size = sizeof(struct eut_engine),
    .name = "playback",
    .capabilities = EUT_CAP_RULER,
    .create = playback_create,
    .submit = playback_submit,
    .digest = playback_digest,
    .walk = playback_walk,
    .destroy = playback_destroy,
};
