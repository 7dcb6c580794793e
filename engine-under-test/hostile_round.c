/*
 * hostile_round.c - how one seed is put to an engine: how many markets, which limits, which
 * batches.
 *
 * How: everything drawn from the seed, so that a seed alone repeats a failure; then the flow is
 * kept to what the engine says it can do. What it cannot see: whether an engine could do more than
 * it says.
 */
#include "engine-under-test/conform.h"
#include "engine-under-test/differ.h"

#include "harness/error.h"
#include "harness/random.h"

#include <errno.h>
#include <stdlib.h>

static uint32_t pick(struct hr_random *random, const uint32_t *choices, uint32_t count)
{
    return choices[hr_random_below(random, count)];
}
#define PICK(random, ...)                         \
    pick(random, (const uint32_t[]){__VA_ARGS__}, \
         sizeof((uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

#define AMPLE (1u << 20)

static void draw_markets(struct hr_random *random, struct eut_hostile *kind)
{
    kind->markets = PICK(random, 1, 1, 1, 2, 3, 5, 17, 64, 1000, 1, 2, 5, 20000);
    kind->l2_markets = hr_random_below(random, kind->markets + 1) / PICK(random, 1, 2, 4);
    kind->full_range = hr_random_below(random, 2) == 0;
    kind->bad_codes = hr_random_below(random, 2) == 0;
}

/* Few books, and long enough for them to change form again and again. Drawn beside the rest, so
 * that all other seeds mean what they meant. */
static void draw_brink(uint64_t seed, struct eut_hostile *kind, uint32_t *count)
{
    struct hr_random random;

    hr_random_init(&random, seed, 0xB417C);
    kind->brink = hr_random_below(&random, 4) == 0;
    if (kind->brink) {
        kind->markets = PICK(&random, 1, 1, 2, 3);
        kind->l2_markets = hr_random_below(&random, kind->markets + 1);
        *count = PICK(&random, 5000, 20000);
    }
}

static void keep_kind_to_capabilities(uint64_t capabilities, struct eut_hostile *kind)
{
    if (!(capabilities & EUT_CAP_L2)) {
        kind->l2_markets = 0;
    } else if (!(capabilities & EUT_CAP_L3)) {
        kind->l2_markets = kind->markets;
    }
    if (!(capabilities & EUT_CAP_ANY_PRICE)) {
        kind->full_range = false;
    }
}

static void keep_to_capabilities(uint64_t capabilities, struct eut_request *r)
{
    if (!(capabilities & EUT_CAP_REPLACE) && r->op == EUT_REPLACE) {
        r->op = EUT_CANCEL;
    }
    if (!(capabilities & EUT_CAP_FOK) && r->tif == EUT_FOK) {
        r->tif = EUT_IOC;
    }
    if (!(capabilities & EUT_CAP_POST) && r->tif == EUT_POST) {
        r->tif = EUT_IOC;
    }
    if (!(capabilities & EUT_CAP_STP)) {
        r->account = 0;
    }
    if (!(capabilities & EUT_CAP_ANY_ID) && r->order != 0) {
        r->order = 1 + r->order % 1021;
    }
}

int eut_hostile_round(uint64_t seed, uint64_t capabilities, struct eut_trial *trial,
                      struct eut_request **requests, uint32_t *count)
{
    struct eut_hostile kind = {0};
    struct hr_random random;
    struct eut_limits *limits = &trial->limits;

    hr_random_init(&random, seed, 0x70C4D);
    draw_markets(&random, &kind);
    *count = PICK(&random, 100, 1000, 5000, 5000, 20000, 40000);
    if (hr_random_below(&random, 50) == 0) {
        *count = 200000; /* enough for books of tens of thousands of levels */
    }
    draw_brink(seed, &kind, count);
    keep_kind_to_capabilities(capabilities, &kind);
    *trial = (struct eut_trial){.limits = {.struct_size = sizeof(*limits)}};
    limits->markets = kind.markets;
    limits->l2_markets = kind.l2_markets;
    limits->batch_max = PICK(&random, 1, 2, 7, 32, 64, 100, 1000, 100000);
    limits->orders = AMPLE;
    limits->levels = AMPLE;
    if (hr_random_below(&random, 4) == 0) {
        limits->orders = PICK(&random, 1, 3, 20, 100, 500, AMPLE);
        limits->levels = PICK(&random, 1, 3, 20, 100, 500, AMPLE);
    }
    trial->sink_room = PICK(&random, EUT_SINK_ROOM_MIN, EUT_SINK_ROOM_MIN + 1, 1000, 100000);
    trial->check_every = *count / PICK(&random, 1, 3, 10) + 1;
    if (kind.markets > 1000) {
        trial->check_every = 0; /* every check walks every book */
    }
    *requests = malloc(*count * sizeof(**requests));
    if (!*requests) {
        return hr_fail(ENOMEM, "no memory for %u hostile requests", *count);
    }
    eut_hostile_fill(&kind, seed, *requests, *count);
    for (uint32_t i = 0; i < *count; i++) {
        keep_to_capabilities(capabilities, &(*requests)[i]);
    }
    return 0;
}
