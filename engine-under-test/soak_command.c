/*
 * soak_command.c - `headroom soak`: after a billion requests, is the engine still right, still as
 * small and still as fast?
 *
 * The flow is made while it is used, so the run takes no memory that grows with it. All of a prefix
 * goes through the oracle too; of some markets, to the very end, everything does: markets never
 * interact, so what the engine said of them must be what an oracle of their own says. It cannot see
 * a wrong answer in another market after the prefix.
 */
#include "engine-under-test/engine_stream.h"
#include "engine-under-test/loader.h"
#include "harness/clock.h"
#include "harness/error.h"
#include "harness/measure.h"
#include "harness/platform/platform.h"
#include "harness/progress.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Every so many markets one is followed to the end, the oracle being some ten times slower. */
#define FOLLOWED_OF 64u
#define PARTS 10u
/* Memory is flat if it grows by no more than this after the first part: what the allocator and the
 * kernel round up to, and the books' own ups and downs. */
#define FLAT_BYTES (4u << 20)
#define FLAT_SHARE 0.01
#define JUDGE_BATCH 512u

static const struct hr_option options[] = {
    {"engine", 'e', HR_OPT_TEXT, "ENGINE", "reference",
     "a built-in engine, or the path of a shared library"},
    {"requests", 0, HR_OPT_COUNT, "N", "1G", "requests in all, those that build the books first"},
    {"prefix", 0, HR_OPT_COUNT, "N", "2M",
     "requests, the first ones, that go through the oracle too; at most a tenth of all"},
    EUT_FLOW_OPTIONS,
    {.name = NULL},
};

/* An oracle, and what it was not given yet. */
struct judge {
    void *self;
    uint64_t requests;
    uint32_t filled;
    struct eut_request batch[JUDGE_BATCH];
};

struct soak {
    struct eut_stream stream;
    struct hr_flow_params flow;
    uint64_t requests, prefix;
    struct judge whole, followed;
    uint64_t *digests; /* of the followed markets: market / FOLLOWED_OF */
    uint32_t follows;
    uint64_t resident_bytes, resident_first_bytes; /* now, and after the first part */
    uint64_t events;
    bool wrong;
};

/* ---- the oracle's part -------------------------------------------------------------------- */

static void forget(struct eut_sink *sink)
{
    sink->count = 0;
}

static int judge_submit(struct judge *judge)
{
    struct eut_event events[256];
    struct eut_sink sink = {.events = events, .room = 256, .flush = forget};
    int rc = judge->filled ? eut_oracle.submit(judge->self, judge->batch, judge->filled, &sink) : 0;

    judge->filled = 0;
    return rc ? hr_fail(EIO, "the oracle failed on a flow: %s", strerror(rc < 0 ? -rc : EIO)) : 0;
}

static int judge_take(struct judge *judge, const struct eut_request *request)
{
    judge->batch[judge->filled++] = *request;
    judge->requests++;
    return judge->filled == JUDGE_BATCH ? judge_submit(judge) : 0;
}

static int judge_open(struct judge *judge, const struct hr_flow_params *flow)
{
    struct eut_limits limits = hr_flow_limits(flow, JUDGE_BATCH);
    int rc = eut_oracle.create(&limits, &judge->self);

    return rc ? hr_fail(-rc, "the oracle did not start for %u markets: %s", limits.markets,
                        strerror(-rc))
              : 0;
}

/* Its last word; it is gone then. */
static int judge_close(struct judge *judge, uint64_t *digest)
{
    int rc = judge_submit(judge);

    *digest = eut_oracle.digest(judge->self);
    eut_oracle.destroy(judge->self);
    judge->self = NULL;
    return rc;
}

static void say_digest(struct soak *s, const char *what, uint64_t requests, uint64_t digest,
                       uint64_t right)
{
    printf("%-10s %016" PRIx64 " after %" PRIu64 " requests: the oracle's is %s", what, digest,
           requests, digest == right ? "the same\n" : "");
    if (digest != right) {
        printf("%016" PRIx64 "\n", right);
        s->wrong = true;
    }
}

static int end_prefix(struct soak *s)
{
    uint64_t right;
    int rc = judge_close(&s->whole, &right);

    hr_memory_trim(); /* the first look at the memory comes without it */
    if (rc == 0) {
        say_digest(s, "prefix", s->stream.made, s->stream.engine->digest(s->stream.self), right);
    }
    return rc;
}

static int end_followed(struct soak *s)
{
    uint64_t right, digest = 0;
    int rc = judge_close(&s->followed, &right);

    for (uint32_t i = 0; i < s->follows; i++) {
        digest += eut_digest_market(i * FOLLOWED_OF, s->digests[i]);
    }
    if (rc == 0) {
        char what[32];

        snprintf(what, sizeof(what), "%u market%s", s->follows, s->follows == 1 ? "" : "s");
        say_digest(s, what, s->followed.requests, digest, right);
    }
    return rc;
}

static void fold(void *context, const struct eut_request *batch, const struct eut_event *events,
                 uint32_t count)
{
    struct soak *s = context;

    s->events += count;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t market = batch[events[i].request].market;

        if (market % FOLLOWED_OF == 0 && market / FOLLOWED_OF < s->follows) {
            uint64_t *d = s->digests + market / FOLLOWED_OF;

            *d = eut_digest_event(*d, events + i);
        }
    }
}

static int show_judges(struct soak *s)
{
    const struct eut_stream *stream = &s->stream;
    int rc = 0;

    for (uint32_t i = 0; i < stream->length && rc == 0; i++) {
        if (s->whole.self) {
            rc = judge_take(&s->whole, stream->batch + i);
        }
        if (rc == 0 && stream->batch[i].market % FOLLOWED_OF == 0 && s->followed.self) {
            rc = judge_take(&s->followed, stream->batch + i);
        }
    }
    return rc;
}

/* ---- the run --------------------------------------------------------------------------------- */

/* Requests up to `end`. */
static int drive(struct soak *s, uint64_t end)
{
    while (s->stream.made < end) {
        uint64_t stop = s->whole.self && s->prefix < end ? s->prefix : end;
        int rc = eut_stream_next(&s->stream, stop - s->stream.made);

        rc = rc ? rc : show_judges(s);
        if (rc == 0 && s->whole.self && s->stream.made == s->prefix) {
            rc = end_prefix(s);
        }
        if (rc) {
            return rc;
        }
        if (hr_stop_signal()) {
            return hr_fail(EINTR, "stopped by a signal after %" PRIu64 " of %" PRIu64 " requests",
                           s->stream.made, s->requests);
        }
    }
    return 0;
}

static double mib(uint64_t bytes)
{
    return (double)bytes / 1048576.0;
}

static int parts(struct soak *s)
{
    uint64_t first_ns = 0;

    printf("%14s %16s %16s %12s\n", "requests", "all, M/s", "engine, M/s", "memory, MiB");
    fflush(stdout);
    for (uint64_t part = 1; part <= PARTS && !s->wrong; part++) {
        uint64_t from = s->stream.made, ticks = s->stream.ticks, start_ns = hr_clock_ns(), ns;
        int rc = drive(s, s->requests / PARTS * part + (part == PARTS ? s->requests % PARTS : 0));
        uint64_t made = s->stream.made - from;

        if (rc) {
            return rc;
        }
        ns = hr_clock_ns() - start_ns;
        first_ns = part == 1 ? ns : first_ns;
        s->resident_bytes = hr_memory_resident();
        s->resident_first_bytes = part == 1 ? s->resident_bytes : s->resident_first_bytes;
        printf("%14" PRIu64 " %16.2f %16.2f %12.1f\n", s->stream.made,
               (double)made / (double)ns * 1e3,
               (double)made / (double)hr_ticks_to_ns(s->stream.ticks - ticks) * 1e3,
               mib(s->resident_bytes));
        fflush(stdout);
    }
    return 0;
}

static bool flat(const struct soak *s)
{
    double most = (double)s->resident_first_bytes * (1 + FLAT_SHARE) + FLAT_BYTES;

    return (double)s->resident_bytes <= most;
}

static int conclude(struct soak *s, uint64_t ns)
{
    int rc = s->followed.self ? end_followed(s) : 0;
    bool grows = !flat(s);

    if (rc) {
        return rc;
    }
    printf("%-10s %016" PRIx64 " after %" PRIu64 " requests and %" PRIu64
           " events, %.1f s: %.2f M requests/s with the generator, %.2f in the engine\n",
           "digest", s->stream.engine->digest(s->stream.self), s->stream.made, s->events,
           (double)ns / 1e9, (double)s->stream.made / (double)ns * 1e3,
           (double)s->stream.made / (double)hr_ticks_to_ns(s->stream.ticks) * 1e3);
    printf("%-10s %.1f MiB after the first tenth, %.1f at the end: %s\n", "memory",
           mib(s->resident_first_bytes), mib(s->resident_bytes), grows ? "IT GROWS" : "flat");
    if (s->wrong) {
        hr_fail(EBADMSG, "engine %s answered wrongly: `headroom conform -e %s` shows where",
                s->stream.engine->name, s->stream.engine->name);
    } else if (grows) {
        hr_fail(ENOMEM, "engine %s grows: %.1f MiB more after %" PRIu64 " requests",
                s->stream.engine->name, mib(s->resident_bytes - s->resident_first_bytes),
                s->stream.made);
    }
    return s->wrong || grows ? 1 : 0;
}

static int soak(struct soak *s, const struct eut_engine *engine)
{
    char left_out[HR_WHY_MAX];
    uint64_t start_ns;
    int rc;

    if (hr_flow_subset(&s->flow, engine->capabilities, left_out)) {
        fprintf(stderr, "engine %s cannot do everything: left out of the flow: %s\n", engine->name,
                left_out);
    }
    s->follows = s->flow.markets > FOLLOWED_OF ? (s->flow.markets - 1) / FOLLOWED_OF + 1 : 0;
    if (s->follows == 0 && s->prefix == 0) {
        return hr_fail(EINVAL,
                       "nothing would be compared with the oracle: of %u markets none is "
                       "followed to the end; ask for a --prefix, or for more than %u markets",
                       s->flow.markets, FOLLOWED_OF);
    }
    rc = eut_stream_open(&s->stream, engine, &s->flow);
    s->stream.saw = fold;
    s->stream.context = s;
    if (rc == 0 && s->follows) {
        s->digests = calloc(s->follows, sizeof(*s->digests));
        rc = s->digests ? judge_open(&s->followed, &s->flow) : hr_fail(ENOMEM, "no memory");
        for (uint32_t i = 0; i < s->follows && s->digests; i++) {
            s->digests[i] = i * FOLLOWED_OF;
        }
    }
    if (rc == 0 && s->prefix) {
        rc = judge_open(&s->whole, &s->flow);
    }
    start_ns = hr_clock_ns();
    rc = rc ? rc : parts(s);
    rc = rc ? rc : conclude(s, hr_clock_ns() - start_ns);
    eut_stream_close(&s->stream);
    eut_oracle.destroy(s->whole.self);
    eut_oracle.destroy(s->followed.self);
    free(s->digests);
    return rc;
}

static int run(const struct hr_args *args)
{
    struct soak *s = calloc(1, sizeof(*s));
    struct eut_handle handle;
    int rc = s ? eut_flow_of_args(args, &s->flow) : hr_fail(ENOMEM, "no memory to start");

    if (rc == 0) {
        s->requests = hr_arg_count(args, "requests");
        s->prefix = hr_arg_count(args, "prefix");
        s->prefix = s->prefix < s->requests / PARTS ? s->prefix : s->requests / PARTS;
        if (s->requests < PARTS) {
            rc = hr_fail(EINVAL, "--requests %" PRIu64 ": a soak takes at least %u", s->requests,
                         PARTS);
        }
    }
    rc = rc ? rc : eut_open(&handle, hr_arg_text(args, "engine"));
    if (rc == 0 && (handle.engine->capabilities & EUT_CAP_RULER)) {
        eut_close(&handle);
        rc = hr_fail(EINVAL, "the null engine is the ruler: it matches nothing, so nothing of it "
                             "could be right; name an engine that matches: -e reference");
    }
    if (rc) {
        free(s);
        return hr_exit_of(rc);
    }
    eut_watch(&handle, hr_arg_text(args, "engine"));
    hr_clock_init();
    hr_stop_install();
    rc = soak(s, handle.engine);
    eut_close(&handle);
    free(s);
    return rc == -EINTR ? HR_EXIT_SIGNAL + hr_stop_signal()
           : rc > 0     ? HR_EXIT_VERDICT
                        : hr_exit_of(rc);
}

const struct hr_command hr_command_soak = {
    .name = "soak",
    .operands = "",
    .summary = "a billion requests through an engine: still right, still as small?",
    .details = "The flow is made while it is used. The first requests go through the oracle too, "
               "and so do\n"
               "those of every 64th market, to the end. Memory is looked at after every tenth.\n"
               "\n"
               "  headroom soak -e ./my-engine.so\n"
               "  headroom soak --requests 10M --preset crossing --markets 5000\n"
               "\n"
               "exit: 0 right and flat, 1 a wrong answer, or memory grows, 2 it cannot be judged,\n"
               "6 no such engine",
    .options = options,
    .run = run,
};
