/* replay.c - the loop of `headroom replay`: read a batch, submit it, write its events; at the end
 * the books. For recorded markets it also asks, of each taker, whether it met the order that the
 * exchange's execution met. */
#include "engine-under-test/replay.h"

#include "harness/error.h"
#include "harness/progress.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define EVENTS_ROOM 8192u

struct met {
    uint64_t expected; /* the order that a taker should meet; 0 for other requests */
    uint64_t same, other;
};

struct run {
    struct eut_replay *replay;
    struct hr_output *events, *books;
    struct eut_request *requests;
    struct met *met; /* beside the requests; NULL if the flow records no market */
    uint32_t batch, count;
    bool stray; /* an event named a request outside the batch */
};

static void count_event(struct run *run, const struct eut_event *e)
{
    struct eut_replay *r = run->replay;

    switch (e->kind) {
    case EUT_TRADE:
        r->trades++;
        if (run->met) {
            struct met *met = &run->met[e->request];

            *(e->maker == met->expected ? &met->same : &met->other) += e->qty;
        }
        break;
    case EUT_ACCEPTED:
        r->accepted++;
        break;
    case EUT_CANCELLED:
        r->cancelled++;
        break;
    default:
        r->rejected++;
        r->rejected_by[e->reason % 32]++;
        break;
    }
}

static void take_events(struct eut_sink *sink)
{
    struct run *run = sink->owner;

    for (uint32_t i = 0; i < sink->count; i++) {
        const struct eut_event *e = &sink->events[i];

        if (e->request >= run->count) {
            run->stray = true;
            break;
        }
        count_event(run, e);
        if (run->events) {
            char *at = hr_output_room(run->events, HR_TEXT_LINE_MAX);

            run->events->at = hr_text_put_event(at, run->replay->requests + e->request + 1,
                                                run->requests[e->request].market, e);
        }
    }
    sink->count = 0;
}

static void expect(struct run *run, const struct hr_flow_file *file)
{
    for (uint32_t i = 0; run->met && i < run->count; i++) {
        run->met[i] = (struct met){.expected = hr_flow_file_expected(file, i)};
    }
}

static void judge(struct run *run)
{
    for (uint32_t i = 0; run->met && i < run->count; i++) {
        const struct met *met = &run->met[i];

        if (met->expected) {
            run->replay->same_order += met->other == 0 && met->same == run->requests[i].qty;
            run->replay->other_order += met->other > 0;
            run->replay->no_order += met->other == 0 && met->same < run->requests[i].qty;
        } else {
            run->replay->traded_on_entry += met->other > 0;
        }
    }
}

static int feed(struct run *run, void *self, struct hr_flow_file *file, struct eut_sink *sink)
{
    const struct eut_engine *engine = run->replay->engine;

    for (;;) {
        int count = hr_flow_file_read(file, run->requests, run->batch), rc;

        if (count <= 0) {
            return count;
        }
        run->count = (uint32_t)count;
        expect(run, file);
        rc = engine->submit(self, run->requests, run->count, sink);
        if (rc) {
            return hr_fail(-rc, "engine %s failed at request %llu: %s", engine->name,
                           (unsigned long long)run->replay->requests + 1, hr_reason(rc));
        }
        take_events(sink);
        if (run->stray) {
            return hr_fail(EPROTO,
                           "engine %s gave an event for a request that was not in its batch",
                           engine->name);
        }
        judge(run);
        run->replay->requests += run->count;
        if (run->events && run->events->err) {
            return hr_output_flush(run->events);
        }
        if (hr_stop_signal()) {
            return hr_fail(EINTR,
                           "stopped by a signal after %llu requests: what was processed is written",
                           (unsigned long long)run->replay->requests);
        }
    }
}

struct book {
    struct hr_output *out;
    uint32_t market;
};

static int put_resting(void *context, const struct eut_resting *resting)
{
    struct book *book = context;
    char *at = hr_output_room(book->out, HR_TEXT_LINE_MAX);

    book->out->at = hr_text_put_resting(at, book->market, resting);
    return book->out->err;
}

static int write_books(const struct eut_engine *engine, void *self, uint32_t markets,
                       struct hr_output *out)
{
    for (struct book book = {out, 0}; book.market < markets; book.market++) {
        int rc = engine->walk(self, book.market, put_resting, &book);

        if (out->err) {
            return hr_output_flush(out);
        }
        if (rc) {
            return hr_fail(rc < 0 ? -rc : EIO, "engine %s cannot walk market %u", engine->name,
                           book.market);
        }
    }
    return 0;
}

static int run_all(struct run *run, void *self, struct hr_flow_file *file,
                   const struct eut_limits *limits)
{
    static const size_t events_bytes = EVENTS_ROOM * sizeof(struct eut_event);
    struct eut_sink sink = {malloc(events_bytes), 0, EVENTS_ROOM, take_events, run};
    char failure[HR_ERROR_MAX];
    int rc, books_rc = 0;

    if (!sink.events) {
        return hr_fail(ENOMEM, "no memory for %u events", EVENTS_ROOM);
    }
    rc = feed(run, self, file, &sink);
    snprintf(failure, sizeof(failure), "%s", hr_error());
    run->replay->digest = run->replay->engine->digest(self);
    if (run->books) {
        books_rc = write_books(run->replay->engine, self, limits->markets, run->books);
    }
    free(sink.events);
    return rc ? hr_fail(-rc, "%s", failure) : books_rc;
}

int eut_replay(struct eut_replay *replay, struct hr_flow_file *file,
               const struct eut_limits *limits, struct hr_output *events, struct hr_output *books)
{
    const struct hr_recorded_counts *recorded = hr_flow_file_recorded(file);
    struct run run = {
        .replay = replay, .events = events, .books = books, .batch = limits->batch_max};
    void *self = NULL;
    int rc;

    if (recorded && run.batch > HR_RECORDED_READ_MAX) {
        run.batch = HR_RECORDED_READ_MAX;
    }
    run.requests = malloc(run.batch * sizeof(*run.requests));
    run.met = recorded ? malloc(run.batch * sizeof(*run.met)) : NULL;
    if (!run.requests || (recorded && !run.met)) {
        rc = hr_fail(ENOMEM, "no memory for a batch of %u requests", run.batch);
    } else {
        hr_error_clear();
        rc = replay->engine->create(limits, &self);
        if (rc) {
            rc = hr_fail(-rc,
                         "engine %s cannot be made for %u markets, %llu orders and %llu levels: "
                         "%s: ask for less "
                         "with --markets, --orders and --levels",
                         replay->engine->name, limits->markets, (unsigned long long)limits->orders,
                         (unsigned long long)limits->levels, hr_reason(rc));
        } else {
            replay->engine_made = true;
            rc = run_all(&run, self, file, limits);
            replay->engine->destroy(self);
        }
    }
    if (recorded) {
        replay->is_recorded = true;
        replay->recorded = *recorded;
    }
    free(run.requests);
    free(run.met);
    return rc;
}
