/*
 * differ.c - does this engine answer as the oracle does?
 *
 * How: both get the same requests, stretch by stretch; events are compared byte for byte, then, now
 * and then, every book and the digest. What it cannot see: a rule the oracle has wrong too; the
 * scenarios are for that.
 */
#include "engine-under-test/differ.h"

#include "engine-under-test/collect.h"
#include "engine-under-test/loader.h"
#include "harness/codec.h"
#include "harness/error.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The oracle and the engine it judges, side by side. */
enum { ORACLE, JUDGED, BOTH };

struct pair {
    const struct eut_engine *engine[BOTH];
    void *self[BOTH];
    struct eut_events events[BOTH];
    struct eut_book book[BOTH];
    const struct eut_request *requests;
    struct eut_difference *difference;
    uint64_t compared; /* events found alike */
};

static void put_event(char out[256], const struct pair *p, int which, uint64_t i)
{
    char line[HR_TEXT_LINE_MAX];
    const struct eut_event *e;

    if (i >= p->events[which].count) {
        snprintf(out, 256, "no further event");
        return;
    }
    e = &p->events[which].at[i];
    *hr_text_put_event(line, e->request + UINT64_C(1), p->requests[e->request].market, e) = '\0';
    line[strcspn(line, "\n")] = '\0';
    snprintf(out, 256, "%s", line);
}

static int events_differ(struct pair *p)
{
    const struct eut_events *a = &p->events[ORACLE], *b = &p->events[JUDGED];
    uint64_t i = p->compared, request = UINT64_MAX;

    while (i < a->count && i < b->count && memcmp(&a->at[i], &b->at[i], sizeof(*a->at)) == 0) {
        i++;
    }
    p->compared = i;
    if (i == a->count && i == b->count) {
        return 0;
    }
    for (int which = 0; which < BOTH; which++) {
        if (i < p->events[which].count && p->events[which].at[i].request < request) {
            request = p->events[which].at[i].request;
        }
    }
    p->difference->request = request;
    put_event(p->difference->expected, p, ORACLE, i);
    put_event(p->difference->actual, p, JUDGED, i);
    if (strcmp(p->difference->expected, p->difference->actual) == 0) {
        strncat(p->difference->actual, " with fields set that this kind of event leaves 0",
                sizeof(p->difference->actual) - strlen(p->difference->actual) - 1);
    }
    return 1;
}

static void put_resting(char out[256], const struct eut_book *book, uint32_t market, uint64_t i)
{
    char line[HR_TEXT_LINE_MAX];

    if (i >= book->count) {
        snprintf(out, 256, "no further order in the book of market %u", market);
        return;
    }
    *hr_text_put_resting(line, market, &book->at[i]) = '\0';
    line[strcspn(line, "\n")] = '\0';
    snprintf(out, 256, "book line %s", line);
}

static int books_differ(struct pair *p, uint32_t markets, uint64_t done)
{
    const struct eut_book *a = &p->book[ORACLE], *b = &p->book[JUDGED];

    for (uint32_t market = 0; market < markets; market++) {
        uint64_t i = 0;

        for (int which = 0; which < BOTH; which++) {
            int rc = eut_book_read(p->engine[which], p->self[which], market, &p->book[which]);

            if (rc == -ENOMEM) {
                return rc;
            }
            if (rc != 0) {
                p->difference->request = done;
                snprintf(p->difference->expected, 256, "a walk of market %u", market);
                snprintf(p->difference->actual, 256, "walk() returned %d", rc);
                return 1;
            }
        }
        while (i < a->count && i < b->count && memcmp(&a->at[i], &b->at[i], sizeof(*a->at)) == 0) {
            i++;
        }
        if (i < a->count || i < b->count) {
            p->difference->request = done;
            put_resting(p->difference->expected, a, market, i);
            put_resting(p->difference->actual, b, market, i);
            return 1;
        }
    }
    return 0;
}

static int digests_differ(struct pair *p, uint64_t done)
{
    uint64_t expected = p->engine[ORACLE]->digest(p->self[ORACLE]);
    uint64_t actual = p->engine[JUDGED]->digest(p->self[JUDGED]);

    if (expected == actual) {
        return 0;
    }
    p->difference->request = done;
    snprintf(p->difference->expected, 256, "digest %016" PRIx64, expected);
    snprintf(p->difference->actual, 256, "digest %016" PRIx64 " (the events were right)", actual);
    return 1;
}

/* One stretch of requests through both, and everything compared. */
static int stretch_differs(struct pair *p, const struct eut_trial *trial, uint32_t done,
                           uint32_t count)
{
    int rc;

    for (int which = 0; which < BOTH; which++) {
        rc = eut_collect(p->engine[which], p->self[which], p->requests + done, count,
                         trial->limits.batch_max, trial->sink_room, &p->events[which]);
        if (rc == -ENOMEM || (rc != 0 && which == ORACLE)) {
            return rc;
        }
        if (rc != 0) {
            p->difference->request = done + count;
            snprintf(p->difference->expected, 256, "requests %u to %u processed", done + 1,
                     done + count);
            snprintf(p->difference->actual, 256, "%.255s", hr_error());
            return 1;
        }
    }
    rc = events_differ(p);
    rc = rc ? rc : digests_differ(p, done + (uint64_t)count);
    return rc ? rc : books_differ(p, trial->limits.markets, done + (uint64_t)count);
}

int eut_differ(const struct eut_engine *engine, const struct eut_trial *trial,
               const struct eut_request *requests, uint32_t count,
               struct eut_difference *difference)
{
    struct pair p = {
        .engine = {&eut_oracle, engine}, .requests = requests, .difference = difference};
    uint32_t stretch = trial->check_every ? trial->check_every : count;
    int rc = eut_oracle.create(&trial->limits, &p.self[ORACLE]);

    *difference = (struct eut_difference){0};
    if (rc != 0) {
        return hr_fail(-rc, "the oracle cannot be made with these limits: %s", strerror(-rc));
    }
    hr_error_clear();
    rc = engine->create(&trial->limits, &p.self[JUDGED]);
    if (rc != 0) {
        snprintf(difference->expected, 256, "create() makes an engine of %u markets",
                 trial->limits.markets);
        snprintf(difference->actual, 256, "create() returned %d (%.200s)", rc, hr_reason(rc));
        rc = 1;
        goto end;
    }
    for (uint32_t done = 0; done < count && rc == 0;) {
        uint32_t step = count - done < stretch ? count - done : stretch;

        rc = stretch_differs(&p, trial, done, step);
        done += step;
    }
    engine->destroy(p.self[JUDGED]);
end:
    eut_oracle.destroy(p.self[ORACLE]);
    for (int which = 0; which < BOTH; which++) {
        eut_events_free(&p.events[which]);
        eut_book_free(&p.book[which]);
    }
    return rc;
}
