/* playback_test.c - does the engine that matches nothing give the very answers that were noted, and
 * is a path held against what the same bytes reach with it, over the clear link? */
#include "harness/error.h"
#include "harness/link_sealed.h"
#include "suites/playback.h"
#include "tests/unit/small_rig.h"

#include <errno.h>
#include <string.h>

#define STEADY 3000u
#define ANSWERS_MAX 64u

static void record(struct hr_tape *tape)
{
    struct hr_flow_params flow;

    small_flow(&flow, 8);
    CHECK_EQ(hr_tape_record(tape, &flow, STEADY, &eut_oracle, NULL, NULL), 0);
}

/* The kinds of the answers to each request, as texts. */
struct heard {
    char (*kinds)[ANSWERS_MAX];
    uint32_t first;
};

static void hear(struct eut_sink *sink)
{
    struct heard *h = sink->owner;

    for (uint32_t i = 0; i < sink->count; i++) {
        char *kinds = h->kinds[h->first + sink->events[i].request];
        size_t n = strlen(kinds);

        CHECK(n + 1 < ANSWERS_MAX);
        kinds[n] = (char)sink->events[i].kind;
    }
    sink->count = 0;
}

/* How all requests are answered. The caller frees it. */
static char (*answers(const struct eut_engine *engine, const struct eut_limits *limits,
                      const struct eut_request *requests, uint32_t count))[ANSWERS_MAX]
{
    struct heard h = {.kinds = calloc(count, ANSWERS_MAX)};
    struct eut_event events[EUT_SINK_ROOM_MIN];
    struct eut_sink sink = {events, 0, EUT_SINK_ROOM_MIN, hear, &h};
    void *self;

    CHECK_EQ(engine->create(limits, &self), 0);
    for (uint32_t n; h.first < count; h.first += n) {
        n = count - h.first < limits->batch_max ? count - h.first : limits->batch_max;
        CHECK_EQ(engine->submit(self, requests + h.first, n, &sink), 0);
        hear(&sink);
    }
    engine->destroy(self);
    return h.kinds;
}

TEST(playback, every_order_gets_the_answers_that_were_noted)
{
    static const uint32_t batches[] = {1, 7, 700};
    bool several = false, different = false;
    struct hr_tape tape;
    uint32_t count;

    record(&tape);
    count = (uint32_t)tape.load + STEADY;
    CHECK_EQ(hr_playback_note(&eut_oracle, &tape, STEADY), 0);
    for (int k = 0; k < 3; k++) {
        struct eut_limits limits = hr_flow_limits(&tape.params, batches[k]);
        char(*real)[ANSWERS_MAX] = answers(&eut_oracle, &limits, tape.requests, count);
        char(*played)[ANSWERS_MAX] = answers(&hr_playback, &limits, tape.requests, count);

        for (uint32_t i = 0; i < count; i++) {
            CHECK_STR(played[i], real[i]);
            several = several || strlen(real[i]) > 2;
            different = different || strcmp(real[i], real[0]) != 0;
        }
        free(real);
        free(played);
    }
    CHECK(several && different);
    hr_playback_forget();
    hr_tape_free(&tape);
}

static int alternate(void *self, const struct eut_request *requests, uint32_t count,
                     struct eut_sink *sink)
{
    (void)self;
    for (uint32_t i = 0; i < count; i++) {
        if (requests[i].order % 2 && sink->count < sink->room) {
            sink->events[sink->count++] =
                (struct eut_event){.request = i, .kind = requests[i].order % 3 ? 'A' : 'J'};
        }
    }
    return 0;
}

static int nothing(const struct eut_limits *limits, void **self)
{
    (void)limits;
    *self = NULL;
    return 0;
}

/* Orders that nobody answers, and markets taken in another order than when they were noted. */
TEST(playback, markets_may_come_in_any_order_and_orders_may_be_silent)
{
    struct eut_engine silent = eut_null;
    struct eut_limits limits;
    struct eut_request *by_market;
    char(*real)[ANSWERS_MAX], (*played)[ANSWERS_MAX];
    struct hr_tape tape;
    uint32_t count, n = 0;

    silent.submit = alternate;
    silent.create = nothing;
    record(&tape);
    count = (uint32_t)tape.load + STEADY;
    by_market = malloc(count * sizeof(*by_market));
    for (uint32_t m = tape.params.markets; m-- > 0;) {
        for (uint32_t i = 0; i < count; i++) {
            if (tape.requests[i].market == m) {
                by_market[n++] = tape.requests[i];
            }
        }
    }
    CHECK_EQ(n, count);
    CHECK_EQ(hr_playback_note(&silent, &tape, STEADY), 0);
    limits = hr_flow_limits(&tape.params, 50);
    real = answers(&silent, &limits, by_market, count);
    played = answers(&hr_playback, &limits, by_market, count);
    for (uint32_t i = 0; i < count; i++) {
        CHECK_STR(played[i], real[i]);
    }
    free(real);
    free(played);
    free(by_market);
    hr_playback_forget();
    hr_tape_free(&tape);
}

TEST(playback, nothing_is_made_up_beyond_what_was_noted)
{
    struct eut_event events[EUT_SINK_ROOM_MIN];
    struct eut_sink sink = {events, 0, EUT_SINK_ROOM_MIN, NULL, NULL};
    struct eut_limits limits;
    struct hr_tape tape;
    void *self;
    uint64_t noted;
    int rc = 0;

    record(&tape);
    limits = hr_flow_limits(&tape.params, 1);
    CHECK_EQ(hr_playback_note(&eut_oracle, &tape, 10), 0);
    CHECK_EQ(hr_playback.create(&limits, &self), 0);
    for (noted = 0; noted < tape.load + STEADY && rc == 0; noted += rc == 0) {
        sink.count = 0;
        rc = hr_playback.submit(self, tape.requests + noted, 1, &sink);
    }
    CHECK_EQ(rc, -ERANGE);
    CHECK_EQ(noted, tape.load + 10);
    CHECK_EQ(hr_playback.submit(self, &(struct eut_request){.market = 8}, 1, &sink), -ERANGE);
    hr_playback.destroy(self);
    limits.markets++;
    CHECK_EQ(hr_playback.create(&limits, &self), -EINVAL);
    hr_playback_forget();
    hr_tape_free(&tape);
}

static int backwards(void *self, const struct eut_request *requests, uint32_t count,
                     struct eut_sink *sink)
{
    (void)self, (void)requests;
    sink->events[0] = (struct eut_event){.request = count - 1, .kind = EUT_ACCEPTED};
    sink->events[1] = (struct eut_event){.request = 0, .kind = EUT_ACCEPTED};
    sink->count = 2;
    return 0;
}

TEST(playback, an_engine_that_answers_out_of_turn_is_not_noted)
{
    struct eut_engine wrong = eut_null;
    struct hr_tape tape;

    wrong.create = nothing;
    wrong.submit = backwards;
    record(&tape);
    CHECK_EQ(hr_playback_note(&wrong, &tape, STEADY), -EIO);
    hr_playback_forget();
    hr_tape_free(&tape);
}

/* ---- the network suite's ruler --------------------------------------------------------- */

static const json_t *figure(const json_t *c, const char *name)
{
    const json_t *metric = figure_of(c, name);

    if (!metric) {
        FAIL("%s has no %s", text_of(c, "id"), name);
    }
    return metric;
}

static double number(const json_t *metric, const char *key)
{
    return json_number_value(json_object_get(metric, key));
}

/* Every run says that its events were as many as the ruler's. */
static void check_runs(const json_t *c)
{
    const json_t *run, *check;
    size_t i, k;

    CHECK_EQ(json_array_size(json_object_get(c, "runs")), 2);
    json_array_foreach (json_object_get(c, "runs"), i, run) {
        bool said = false;

        json_array_foreach (json_object_get(run, "checks"), k, check) {
            if (strcmp(text_of(check, "check"), "ruler_events") == 0) {
                CHECK_EQ(number(check, "value"), 0);
                said = true;
            }
        }
        CHECK(said);
    }
}

static void check_ruler(const char *path, const char *ceiling)
{
    struct small_rig *small = small_rig_new(engine_named("reference"));
    char paths[64];
    const json_t *c;
    size_t i;

    snprintf(paths, sizeof(paths), "network.paths=%s", path);
    CHECK_EQ(hr_config_set(small->config, paths, "test"), 0);
    small->bench.rig.cpus[0] = small->bench.rig.cpus[1] = -1;
    CHECK_EQ(hr_suite_find("network")->run(&small->bench, small->suite), 0);
    CHECK_EQ(json_array_size(json_object_get(small->suite, "cases")), 3);
    json_array_foreach (json_object_get(small->suite, "cases"), i, c) {
        const json_t *rate = figure(c, "throughput");
        double path_alone = number(rate, "ceiling_value"),
               engine_alone = number(figure(c, "engine_alone"), "estimate"),
               both = number(figure(c, "path_and_engine"), "estimate");

        if (strcmp(text_of(c, "status"), "pass") != 0) {
            FAIL("%s: %s", text_of(c, "id"), text_of(c, "reason"));
        }
        CHECK_STR(text_of(rate, "ceiling"), ceiling);
        CHECK(number(rate, "of_ceiling") > 0);
        CHECK(both > 0 && both < path_alone && both < engine_alone);
        check_runs(c);
    }
    small_rig_free(small);
}

TEST(playback, a_path_is_held_against_the_same_bytes_without_engine_and_crypto)
{
    const struct hr_path_ops *sealed = hr_path_find("qtcp");

    if (HR_ONE_PROCESS) {
        SKIP("the suite forks, and starts threads");
    }
    check_ruler("ring", "same bytes over ring, nothing matched");
    if (sealed && sealed->available() == 0) {
        check_ruler("qtcp", "same bytes over tcp, nothing matched");
    }
}

TEST(playback, the_clear_link_of_a_sealed_one)
{
    for (int i = 0; hr_links[i]; i++) {
        const char *name = hr_links[i]->name;

        CHECK_STR(hr_link_clear(hr_links[i])->name, name + (*name == 'q'));
    }
}
