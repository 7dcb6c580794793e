/* conform_test.c - is the judge just? Right engines pass, each broken one fails, by the hostile
 * flow alone too unless it says otherwise, and what is shown of it is short. */
#include "engine-under-test/collect.h"
#include "engine-under-test/conform.h"
#include "engine-under-test/differ.h"
#include "engine-under-test/loader.h"
#include "engine-under-test/reference/reference.h"
#include "tests/test.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

static const struct {
    const char *name;
    bool scenarios_see_it;
    uint32_t shrinks_to; /* requests at most; what must be filled first takes as many as it holds */
} mutants[] = {
    {"anyone_may_cancel", true, 8},
    {"at_the_takers_price", true, 8},
    {"closes_before_it_trades", true, 8},
    {"digest_leaves_out_rejects", true, 8},
    {"empty_level_counts", true, 8},
    {"full_sink_loses_one", true, 70},
    {"immediate_trades_with_itself", true, 8},
    {"kill_counts_behind_own", true, 8},
    {"newest_first", true, 8},
    {"partial_fill_forgets_post", false, 8},
    {"post_only_trades_at_the_touch", true, 8},
    {"room_for_one_more", true, 25},
    {"smaller_loses_place", true, 8},
};
#define MUTANTS (sizeof(mutants) / sizeof(*mutants))

static void open_mutant(struct eut_handle *handle, const char *name)
{
    char path[256];

    snprintf(path, sizeof(path), "%s/mutants/%s.so", hr_test_build(), name);
    CHECK_EQ(eut_open(handle, path), 0);
}

static int conform(const struct eut_engine *engine, FILE *out, struct eut_conform_result *result)
{
    struct eut_conform_params params = {
        .engine = engine, .seed = 1, .requests = 100000, .out = out};

    return eut_conform(&params, result);
}

TEST(conform, right_engines_pass)
{
    for (int i = 0; eut_builtin[i]; i++) {
        struct eut_conform_result result;

        if (eut_builtin[i]->capabilities & EUT_CAP_RULER) {
            continue;
        }
        CHECK_EQ(conform(eut_builtin[i], NULL, &result), 0);
        CHECK_STR(result.first_failure, "");
        CHECK(result.scenarios > 90);
        CHECK_EQ(result.scenarios_failed, 0);
        CHECK(result.requests >= 100000);
    }
}

TEST(conform, a_ruler_is_refused)
{
    struct eut_conform_result result;

    CHECK_EQ(conform(&eut_null, NULL, &result), -ENOTSUP);
}

TEST(conform, every_mutant_fails)
{
    for (size_t i = 0; i < MUTANTS; i++) {
        struct eut_conform_result result;
        struct eut_handle handle;

        open_mutant(&handle, mutants[i].name);
        if (conform(handle.engine, NULL, &result) != 1) {
            FAIL("%s passed", mutants[i].name);
        }
        CHECK(result.first_failure[0] != '\0');
        CHECK_EQ(result.scenarios_failed > 0, mutants[i].scenarios_see_it);
        CHECK_EQ(result.requests_failed_at > 0, !mutants[i].scenarios_see_it);
        eut_close(&handle);
    }
}

/* Rounds until one differs; the flow is then shrunk. */
static uint32_t hunt(const struct eut_engine *engine, uint64_t seeds)
{
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        struct eut_difference difference;
        struct eut_request *requests;
        struct eut_trial trial;
        uint32_t count;
        int rc;

        CHECK_EQ(eut_hostile_round(seed, EUT_CAP_ALL, &trial, &requests, &count), 0);
        rc = eut_differ(engine, &trial, requests, count, &difference);
        if (rc == 1) {
            CHECK_EQ(eut_shrink(engine, &trial, requests, &count, &difference), 0);
            CHECK_EQ(eut_differ(engine, &trial, requests, count, &difference), 1);
            CHECK(strcmp(difference.expected, difference.actual) != 0);
        }
        free(requests);
        if (rc != 0) {
            CHECK_EQ(rc, 1);
            return count;
        }
    }
    return 0;
}

TEST(conform, hostile_flow_alone_finds_every_mutant)
{
    for (size_t i = 0; i < MUTANTS; i++) {
        struct eut_handle handle;
        uint32_t shrunk;

        open_mutant(&handle, mutants[i].name);
        shrunk = hunt(handle.engine, 60);
        if (shrunk == 0 || shrunk > mutants[i].shrinks_to) {
            FAIL("%s: shrunk to %u requests", mutants[i].name, shrunk);
        }
        eut_close(&handle);
    }
}

TEST(conform, a_crash_is_a_verdict)
{
    struct eut_conform_result result;
    struct eut_handle handle;

    open_mutant(&handle, "crashes_when_full");
    CHECK_EQ(conform(handle.engine, NULL, &result), 1);
    CHECK(strstr(result.first_failure, "crashed with signal 11"));
    eut_close(&handle);
}

static int fail_on_two(void *self, const struct eut_request *requests, uint32_t count,
                       struct eut_sink *sink)
{
    return count == 2 ? -EIO : eut_reference.submit(self, requests, count, sink);
}

/* It fails in a check of the contract that is not about submit(). */
TEST(conform, an_engine_that_fails_is_a_verdict)
{
    struct eut_engine engine = eut_reference;
    struct eut_conform_result result;

    engine.submit = fail_on_two;
    CHECK_EQ(conform(&engine, NULL, &result), 1);
    CHECK(strstr(result.first_failure, "submit() failed"));
}

TEST(conform, the_account_shows_a_flow_to_repeat)
{
    struct eut_conform_result result;
    struct eut_handle handle;
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);

    open_mutant(&handle, "partial_fill_forgets_post");
    CHECK_EQ(conform(handle.engine, out, &result), 1);
    fclose(out);
    CHECK(strstr(text, "scenarios: "));
    CHECK(strstr(text, "shrunk to "));
    CHECK(strstr(text, "would_cross"));
    CHECK(strstr(text, "--requests 1\n"));
    free(text);
    eut_close(&handle);
}

/* An engine that claims less is judged on what it claims. */
TEST(conform, capabilities_are_respected)
{
    static const uint64_t claims[] = {
        EUT_CAP_L3,
        EUT_CAP_L2,
        EUT_CAP_L3 | EUT_CAP_STP | EUT_CAP_FOK,
        EUT_CAP_ALL & ~(uint64_t)EUT_CAP_L2,
        EUT_CAP_ALL & ~(uint64_t)(EUT_CAP_ANY_ID | EUT_CAP_ANY_PRICE),
    };

    for (size_t i = 0; i < sizeof(claims) / sizeof(*claims); i++) {
        struct eut_engine claimant = eut_oracle;
        struct eut_conform_result result;
        struct eut_trial trial;
        struct eut_request *requests;
        uint32_t count;

        claimant.capabilities = claims[i];
        CHECK_EQ(conform(&claimant, NULL, &result), 0);
        CHECK(result.scenarios_skipped > 0);
        CHECK_EQ(eut_hostile_round(7, claims[i], &trial, &requests, &count), 0);
        CHECK((claims[i] & EUT_CAP_L2) || trial.limits.l2_markets == 0);
        CHECK((claims[i] & EUT_CAP_L3) || trial.limits.l2_markets == trial.limits.markets);
        for (uint32_t r = 0; r < count; r++) {
            CHECK((claims[i] & EUT_CAP_STP) || requests[r].account == 0);
            CHECK((claims[i] & EUT_CAP_FOK) || requests[r].tif != EUT_FOK);
            CHECK((claims[i] & EUT_CAP_REPLACE) || requests[r].op != EUT_REPLACE);
        }
        free(requests);
    }
}

/* More markets than a round has: most lines of an engine's memory are met once, and empty. */
TEST(conform, a_million_markets_are_like_one)
{
    static struct eut_request requests[100000];
    struct eut_hostile kind = {.markets = 1000000, .l2_markets = 300000, .bad_codes = true};
    struct eut_trial trial = {.limits = {.struct_size = sizeof(trial.limits),
                                         .markets = kind.markets,
                                         .l2_markets = kind.l2_markets,
                                         .batch_max = 1000,
                                         .orders = 200000,
                                         .levels = 200000},
                              .sink_room = 5000};

    eut_hostile_fill(&kind, 1, requests, 100000);
    for (int i = 0; eut_builtin[i]; i++) {
        struct eut_difference difference;

        if (!(eut_builtin[i]->capabilities & EUT_CAP_RULER) && eut_builtin[i] != &eut_oracle &&
            eut_differ(eut_builtin[i], &trial, requests, 100000, &difference) != 0) {
            FAIL("%s: expected %s, got %s", eut_builtin[i]->name, difference.expected,
                 difference.actual);
        }
    }
}

/* Every reason, enough trades and books, long sweeps: or the hostile flow proves little. */
TEST(conform, hostile_flow_is_hostile)
{
    uint64_t reasons[32] = {0}, trades = 0, events_seen = 0, longest = 0, deepest = 0;

    for (uint64_t seed = 1; seed <= 80; seed++) {
        struct eut_events events = {0};
        struct eut_book book = {0};
        struct eut_request *requests;
        struct eut_trial trial;
        uint64_t sweep = 0;
        uint32_t count;
        void *self;

        CHECK_EQ(eut_hostile_round(seed, EUT_CAP_ALL, &trial, &requests, &count), 0);
        CHECK_EQ(eut_oracle.create(&trial.limits, &self), 0);
        CHECK_EQ(eut_collect(&eut_oracle, self, requests, count, trial.limits.batch_max,
                             trial.sink_room, &events),
                 0);
        for (uint64_t i = 0; i < events.count; i++) {
            bool trade = events.at[i].kind == EUT_TRADE;

            sweep =
                trade && i > 0 && events.at[i].request == events.at[i - 1].request ? sweep + 1 : 0;
            longest = sweep > longest ? sweep : longest;
            trades += trade;
            reasons[events.at[i].reason]++;
        }
        events_seen += events.count;
        CHECK_EQ(eut_book_read(&eut_oracle, self, 0, &book), 0);
        deepest = book.count > deepest ? book.count : deepest;
        eut_oracle.destroy(self);
        eut_events_free(&events);
        eut_book_free(&book);
        free(requests);
    }
    for (int reason = EUT_USER; reason <= EUT_CAPACITY; reason++) {
        if (reasons[reason] < 100 && (reason <= EUT_STP || reason >= EUT_BAD_MARKET)) {
            FAIL("reason %d came %llu times", reason, (unsigned long long)reasons[reason]);
        }
    }
    CHECK(trades > events_seen / 30);
    CHECK(longest > 100);
    CHECK(deepest > 500);
}

/* FNV-1a over the bytes: the same on every machine and compiler, or seeds mean nothing. */
TEST(conform, hostile_flow_is_the_same_everywhere)
{
    struct eut_hostile kind = {
        .markets = 5, .l2_markets = 2, .full_range = true, .bad_codes = true};
    static struct eut_request requests[5000];
    const uint8_t *bytes = (const uint8_t *)requests;
    uint64_t hash = 0xCBF29CE484222325u;

    eut_hostile_fill(&kind, 42, requests, 5000);
    for (size_t i = 0; i < sizeof(requests); i++) {
        hash = (hash ^ bytes[i]) * 0x100000001B3u;
    }
    CHECK_EQ(hash, -5945732346889738898);
}
