/*
 * shrink.c - from a long flow that an engine gets wrong to a few requests. Which of them matter?
 *
 * How: cut off what comes after the failure, then take out halves, quarters … single requests,
 * keeping each cut after which the engine still differs from the oracle, until no single request
 * can go. What it cannot see: a shorter flow that needs two requests taken out at once.
 */
#include "engine-under-test/differ.h"

#include "harness/error.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Requests put to the engine in all; a second or ten of work. */
#define WORK_MAX 20000000u

struct shrinking {
    const struct eut_engine *engine;
    struct eut_trial *trial;
    struct eut_request *requests, *candidate;
    uint32_t count;
    struct eut_difference *difference;
    uint64_t work;
};

/* Drops what comes after the request that was answered wrongly, if that is not what made it wrong.
 */
static void cut_tail(struct shrinking *s)
{
    struct eut_difference difference;
    uint32_t needed = (uint32_t)s->difference->request + 1;

    if (s->difference->request >= s->count || needed == s->count) {
        return;
    }
    s->work += needed;
    if (eut_differ(s->engine, s->trial, s->requests, needed, &difference) == 1) {
        s->count = needed;
        *s->difference = difference;
    }
}

/* Does the flow still differ without requests[from … from + length)? If so, it becomes the flow. */
static bool take_out(struct shrinking *s, uint32_t from, uint32_t length)
{
    struct eut_difference difference;
    uint32_t rest = s->count - length;

    memcpy(s->candidate, s->requests, from * sizeof(*s->requests));
    memcpy(s->candidate + from, s->requests + from + length,
           (s->count - from - length) * sizeof(*s->requests));
    s->work += rest + 1;
    if (rest == 0 || eut_differ(s->engine, s->trial, s->candidate, rest, &difference) != 1) {
        return false;
    }
    s->count = rest;
    memcpy(s->requests, s->candidate, s->count * sizeof(*s->requests));
    *s->difference = difference;
    cut_tail(s);
    return true;
}

/* Tries every piece of this length from the end; true if any could go. */
static bool take_out_pieces(struct shrinking *s, uint32_t length)
{
    bool any = false;

    for (uint32_t end = s->count; end >= length && s->work < WORK_MAX;) {
        if (take_out(s, end - length, length)) {
            any = true;
        }
        end -= length;
        end = end < s->count ? end : s->count;
    }
    return any;
}

/* A plainer trial is easier to follow: kept if the flow still differs in it. */
static void try_trial(struct shrinking *s, uint32_t batch, uint32_t sink_room)
{
    struct eut_difference difference;
    struct eut_trial was = *s->trial;

    s->trial->limits.batch_max = batch;
    s->trial->sink_room = sink_room;
    s->work += s->count;
    if (eut_differ(s->engine, s->trial, s->requests, s->count, &difference) == 1) {
        *s->difference = difference;
        cut_tail(s);
    } else {
        *s->trial = was;
    }
}

int eut_shrink(const struct eut_engine *engine, struct eut_trial *trial,
               struct eut_request *requests, uint32_t *count, struct eut_difference *difference)
{
    struct shrinking s = {.engine = engine,
                          .trial = trial,
                          .requests = requests,
                          .candidate = malloc(*count * sizeof(*requests)),
                          .count = *count,
                          .difference = difference};
    bool any;

    if (!s.candidate) {
        return hr_fail(ENOMEM, "no memory to shrink a flow of %u requests", *count);
    }
    cut_tail(&s);
    try_trial(&s, trial->limits.batch_max, EUT_SINK_ROOM_MIN);
    try_trial(&s, 1, trial->sink_room);
    for (uint32_t length = s.count / 2; length >= 1; length /= 2) {
        take_out_pieces(&s, length);
    }
    do {
        any = take_out_pieces(&s, 1);
    } while (any && s.work < WORK_MAX);
    free(s.candidate);
    *count = s.count;
    return 0;
}
