/* Cases: what counts, what does not, and why. Small real engines; no figure is looked at. */
#include "tests/unit/small_rig.h"

#include "harness/error.h"

#include <errno.h>
#include <math.h>
#include <time.h>

/* The reference engine, but for one lie: its digest. */
static struct eut_engine lying_engine;
static uint64_t lying_digest(void *self)
{
    return engine_named("reference")->digest(self) + 1;
}
static const struct eut_engine *liar(void)
{
    lying_engine = *engine_named("reference");
    lying_engine.name = "liar";
    lying_engine.digest = lying_digest;
    return &lying_engine;
}

/* A callback whose first `bad` runs carry a hard check. */
struct story {
    int bad, calls;
    bool wrong, silent;
    double ruler; /* what the null engine does; 0: 1000 */
};

static int told(const struct hr_case *c, struct hr_trial *t)
{
    struct story *story = (struct story *)(uintptr_t)c->context;

    if (t->ruler) {
        t->values[0] = story->ruler > 0 ? story->ruler : 1000;
        return 0;
    }
    story->calls++;
    t->values[0] = 100 + t->index;
    hr_check_most(&t->checks, "story", story->calls <= story->bad, 0, 0, "times");
    if (!story->silent) {
        hr_trial_digest(t, 7, story->wrong ? 8 : 7);
    }
    return 0;
}

static struct hr_measure_result tell(struct small_rig *small, struct story *story, bool ruled)
{
    struct hr_measured metric = {
        .name = "figure", .unit = "orders/s", .higher = true, .ruled = ruled};
    struct hr_measure_result result;

    CHECK_EQ(hr_measure(&small->bench.rig, small->suite,
                        &(struct hr_case){.suite = "test",
                                          .name = "story",
                                          .metrics = &metric,
                                          .metrics_count = 1,
                                          .run = told,
                                          .context = story},
                        &result),
             0);
    return result;
}

static const json_t *metric_of(const json_t *c, size_t i)
{
    return json_array_get(json_object_get(c, "metrics"), i);
}

TEST(measure, median_and_distance)
{
    struct small_rig *small = small_rig_new(engine_named("reference"));
    struct story story = {0};
    struct hr_measure_result r = tell(small, &story, true);

    CHECK_EQ(r.status, HR_PASS);
    CHECK_EQ(r.runs, 2);
    CHECK_STR(text_of(r.json, "id"), "test/inproc/reference/story");
    CHECK_STR(text_of(r.json, "digest"), "0000000000000007");
    CHECK_NEAR(json_number_value(json_object_get(metric_of(r.json, 0), "estimate")), 100.5, 1e-9);
    CHECK_STR(text_of(metric_of(r.json, 1), "name"), "null_distance");
    CHECK_NEAR(json_number_value(json_object_get(metric_of(r.json, 1), "estimate")), 9.95, 0.01);
    hr_measure_result_free(&r);
    small_rig_free(small);
}

/* Which case ran when: cases that are compared take turns. */
static char turns[32];
static int turn(const struct hr_case *c, struct hr_trial *t)
{
    t->values[0] = 1;
    strncat(turns, c->context, 1);
    hr_trial_digest(t, 7, 7);
    return *(const char *)c->context == 'b' && t->index == 1 ? hr_fail(EIO, "b broke") : 0;
}

TEST(measure, compared_cases_take_turns)
{
    static const struct hr_measured metric = {.name = "figure", .unit = "orders/s"};
    static const char *const names[] = {"a", "b", "c"};
    struct small_rig *small = small_rig_new(engine_named("reference"));
    struct hr_measure_result results[3];
    struct hr_case cases[3];

    for (int i = 0; i < 3; i++) {
        cases[i] = (struct hr_case){.suite = "test",
                                    .name = names[i],
                                    .metrics = &metric,
                                    .metrics_count = 1,
                                    .run = turn,
                                    .context = names[i],
                                    .runs = 2 + i / 2};
    }
    turns[0] = '\0';
    CHECK_EQ(hr_measure_in_turns(&small->bench.rig, small->suite, cases, 3, results), 0);
    CHECK_STR(turns, "abcabcc");
    CHECK_EQ(results[0].status, HR_PASS);
    CHECK_EQ(results[1].status, HR_INVALID); /* and the others go on */
    CHECK_STR(text_of(results[1].json, "reason"), "b broke");
    CHECK_EQ(results[2].runs, 3);
    for (int i = 0; i < 3; i++) {
        hr_measure_result_free(results + i);
    }
    small_rig_free(small);
}

TEST(measure, a_hard_check_is_tried_again_and_then_invalid)
{
    struct small_rig *small = small_rig_new(engine_named("reference"));
    struct story mends = {.bad = 3}, stays = {.bad = 1000};
    struct hr_measure_result r = tell(small, &mends, false);

    CHECK_EQ(r.status, HR_PASS); /* run.retries is 3 */
    CHECK_EQ(mends.calls, 5);
    CHECK_EQ(json_array_size(json_object_get(r.json, "runs")), 5);
    hr_measure_result_free(&r);
    r = tell(small, &stays, false);
    CHECK_EQ(r.status, HR_INVALID);
    CHECK_EQ(stays.calls, 4);
    CHECK(strstr(text_of(r.json, "reason"), "story") != NULL);
    CHECK(json_is_null(json_object_get(metric_of(r.json, 0), "estimate")));
    CHECK_EQ(small->bench.rig.statuses[HR_INVALID], 1);
    hr_measure_result_free(&r);
    small_rig_free(small);
}

TEST(measure, a_wrong_digest_has_no_number)
{
    struct small_rig *small = small_rig_new(engine_named("reference"));
    struct story story = {.wrong = true};
    struct hr_measure_result r = tell(small, &story, false);

    CHECK_EQ(r.status, HR_INVALID);
    CHECK_EQ(story.calls, 1); /* not bad luck: not tried again */
    CHECK(json_is_null(json_object_get(metric_of(r.json, 0), "estimate")));
    CHECK(json_is_null(
        json_object_get(json_array_get(json_object_get(r.json, "runs"), 0), "figure")));
    hr_measure_result_free(&r);
    small_rig_free(small);
}

/* A suite that forgets the digest gets no figure past the gate. */
TEST(measure, a_digest_not_compared_has_no_number)
{
    struct small_rig *small = small_rig_new(engine_named("reference"));
    struct story story = {.silent = true};
    struct hr_measure_result r = tell(small, &story, false);

    CHECK_EQ(r.status, HR_INVALID);
    CHECK_EQ(story.calls, 1);
    CHECK(strstr(text_of(r.json, "reason"), "not compared") != NULL);
    CHECK(json_is_null(json_object_get(metric_of(r.json, 0), "estimate")));
    CHECK(json_is_null(
        json_object_get(json_array_get(json_object_get(r.json, "runs"), 0), "figure")));
    hr_measure_result_free(&r);
    small_rig_free(small);
}

TEST(measure, too_close_to_the_ruler_is_invalid)
{
    struct small_rig *small = small_rig_new(engine_named("reference"));
    struct story near = {.ruler = 190}, far = {.ruler = 210};
    struct hr_measure_result r = tell(small, &near, true);

    CHECK_EQ(r.status, HR_INVALID);
    CHECK_EQ(near.calls, 1); /* not bad luck: not tried again */
    CHECK(strstr(text_of(r.json, "reason"), "null_distance") != NULL);
    CHECK(json_is_null(json_object_get(metric_of(r.json, 0), "estimate")));
    hr_measure_result_free(&r);
    r = tell(small, &far, true);
    CHECK_EQ(r.status, HR_PASS);
    hr_measure_result_free(&r);
    small_rig_free(small);
}

/* The reference engine with a fixed cost before the first request after the books were built: the
 * more orders share it, the higher its rate. */
#define LATE_STARTER_LOAD 128 /* of tests/profiles/tiny.yaml: 8 markets, 2 sides, 4 levels of 2 */
static struct eut_engine late_starter_engine;
static uint64_t late_starter_seen;
static int late_starter_create(const struct eut_limits *limits, void **self)
{
    late_starter_seen = 0;
    return engine_named("reference")->create(limits, self);
}
static int late_starter_submit(void *self, const struct eut_request *requests, uint32_t count,
                               struct eut_sink *sink)
{
    if (late_starter_seen == LATE_STARTER_LOAD) {
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
    late_starter_seen += count;
    return engine_named("reference")->submit(self, requests, count, sink);
}

TEST(measure, a_rate_that_grows_with_the_count_is_invalid)
{
    struct small_rig *small;
    const json_t *c, *metric;
    regex_t filter;
    size_t i;

    late_starter_engine = *engine_named("reference");
    late_starter_engine.name = "late-starter";
    late_starter_engine.create = late_starter_create;
    late_starter_engine.submit = late_starter_submit;
    CHECK_EQ(regcomp(&filter, "/markets=8$", REG_EXTENDED | REG_NOSUB), 0);
    small = small_rig_new(&late_starter_engine);
    small->bench.rig.filter = &filter;
    CHECK_EQ(hr_suite_find("throughput")->run(&small->bench, small->suite), 0);
    c = json_array_get(json_object_get(small->suite, "cases"), 0);
    CHECK_STR(text_of(c, "status"), "invalid");
    CHECK(strstr(text_of(c, "reason"), "depends on the count") != NULL);
    CHECK_EQ(small->bench.rig.statuses[HR_PASS], 0);
    CHECK(json_array_size(json_object_get(c, "metrics")) >= 4);
    json_array_foreach (json_object_get(c, "metrics"), i, metric) {
        CHECK(json_is_null(json_object_get(metric, "estimate")));
        CHECK_EQ(json_array_size(json_object_get(metric, "samples")), 0);
    }
    regfree(&filter);
    small_rig_free(small);
}

/* On a disturbed machine too: what is told is that the answer is wrong. */
TEST(measure, a_wrong_digest_is_the_reason_whatever_else_is_hard)
{
    struct hr_checks checks;

    CHECK(hr_checks_init(&checks));
    hr_check_most(&checks, "steal", 70, 40, 40, "ms");
    CHECK_STR(checks.failed, "steal");
    CHECK(!checks.hopeless);
    hr_check_digest(&checks, 1, 2);
    hr_check_most(&checks, "swap", 70, 40, 40, "MiB");
    CHECK_STR(checks.failed, "digest");
    CHECK(strstr(checks.why, "is not the oracle's") != NULL);
    CHECK(checks.hard && checks.hopeless);
    hr_checks_free(&checks);
}

/* Every suite that measures, with an engine that lies: no case may pass. */
TEST(measure, a_lying_engine_has_no_result)
{
    static const char *const names[] = {"throughput", "latency", "markets", "scaling", "capacity"};
    struct small_rig *small = small_rig_new(liar());
    const json_t *c;
    size_t i;

    for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
        CHECK_EQ(hr_suite_find(names[k])->run(&small->bench, small->suite), 0);
    }
    CHECK(json_array_size(json_object_get(small->suite, "cases")) >= 10);
    json_array_foreach (json_object_get(small->suite, "cases"), i, c) {
        if (!strstr(text_of(c, "id"), "compares")) {
            CHECK_STR(text_of(c, "status"), "invalid");
            CHECK(strstr(text_of(c, "reason"), "digest") != NULL);
            CHECK(json_is_null(json_object_get(metric_of(c, 0), "estimate")));
            CHECK_EQ(json_array_size(json_object_get(c, "curve")), 0);
        }
    }
    small_rig_free(small);
}

TEST(measure, the_null_engine_is_no_result)
{
    static const char *const names[] = {"throughput", "latency", "markets", "scaling", "capacity"};
    struct small_rig *small = small_rig_new(engine_named("null"));
    const json_t *c;
    size_t i;

    for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
        CHECK_EQ(hr_suite_find(names[k])->run(&small->bench, small->suite), 0);
    }
    json_array_foreach (json_object_get(small->suite, "cases"), i, c) {
        if (!strstr(text_of(c, "id"), "compares")) {
            CHECK_STR(text_of(c, "status"), "invalid");
            CHECK(strstr(text_of(c, "reason"), "ruler") != NULL);
        }
    }
    CHECK_EQ(small->bench.rig.statuses[HR_PASS], 0);
    small_rig_free(small);
}

/* Too few orders for the tail: that is no bound missed. Few a run: as many as it takes are driven.
 */
TEST(measure, capacity_asks_for_enough_orders)
{
    struct small_rig *small = small_rig_new(engine_named("reference"));
    const json_t *cases = json_object_get(small->suite, "cases");

    CHECK_EQ(hr_config_set(small->config, "throughput.requests=1000", "flag"), 0);
    CHECK_EQ(hr_suite_find("capacity")->run(&small->bench, small->suite), 0);
    CHECK_STR(text_of(json_array_get(cases, 0), "status"), "skip");
    CHECK(strstr(text_of(json_array_get(cases, 0), "reason"), "4603") != NULL);
    CHECK_EQ(hr_config_set(small->config, "throughput.requests=1200", "flag"), 0);
    CHECK_EQ(hr_config_set(small->config, "capacity.requests=10", "flag"), 0);
    CHECK_EQ(hr_config_set(small->config, "capacity.rate_min=22000", "flag"), 0);
    CHECK_EQ(hr_config_set(small->config, "capacity.rate_max=22000", "flag"), 0);
    CHECK_EQ(hr_config_set(small->config, "capacity.confirm=1", "flag"), 0);
    CHECK_EQ(hr_suite_find("capacity")->run(&small->bench, small->suite), 0);
    CHECK(strcmp(text_of(json_array_get(cases, 1), "status"), "fail") != 0);
    small_rig_free(small);
}

/* A generator that is always late: no rate failed, no rate passed, nothing was learnt. */
TEST(measure, capacity_learns_nothing_from_runs_that_do_not_count)
{
    struct small_rig *small = small_rig_new(engine_named("reference"));
    const json_t *c, *item;
    size_t i;

    CHECK_EQ(hr_config_set(small->config, "latency.late_budget=1ns", "flag"), 0);
    CHECK_EQ(hr_suite_find("capacity")->run(&small->bench, small->suite), 0);
    c = json_array_get(json_object_get(small->suite, "cases"), 0);
    CHECK_STR(text_of(c, "status"), "invalid");
    CHECK(json_array_size(json_object_get(c, "curve")) > 0);
    json_array_foreach (json_object_get(c, "curve"), i, item) {
        CHECK(json_is_null(json_object_get(item, "passed")));
        CHECK(json_is_null(json_object_get(item, "p50")));
    }
    json_array_foreach (json_object_get(c, "metrics"), i, item) {
        CHECK(json_is_null(json_object_get(item, "estimate")));
    }
    small_rig_free(small);
}

TEST(measure, the_filter_spares_the_tapes)
{
    struct small_rig *small = small_rig_new(engine_named("reference"));
    regex_t filter;

    CHECK_EQ(regcomp(&filter, "nothing-like-it", REG_EXTENDED | REG_NOSUB), 0);
    small->bench.rig.filter = &filter;
    for (int i = 1; hr_suites[i]; i++) {
        CHECK_EQ(hr_suites[i]->run(&small->bench, small->suite), 0);
    }
    CHECK_EQ(json_array_size(json_object_get(small->suite, "cases")), 0);
    CHECK_EQ(json_array_size(small->bench.rig.flows), 0);
    regfree(&filter);
    small_rig_free(small);
}

TEST(measure, what_does_not_fit_is_skipped)
{
    struct small_rig *small = small_rig_new(engine_named("reference"));
    const json_t *c;
    size_t i;

    small->bench.rig.memory_max_bytes = 1000;
    CHECK_EQ(hr_suite_find("markets")->run(&small->bench, small->suite), 0);
    CHECK(json_array_size(json_object_get(small->suite, "cases")) > 0);
    json_array_foreach (json_object_get(small->suite, "cases"), i, c) {
        CHECK_STR(text_of(c, "status"), "skip");
        CHECK(strstr(text_of(c, "reason"), "MiB") != NULL);
    }
    small_rig_free(small);
}

/* An engine that takes its memory from the allocator in small pieces and gives it all back; but
 * something allocated later lies above it, so the allocator keeps the pages. */
#define HOARD_PIECES 512
#define HOARD_PIECE_BYTES 65536
static struct eut_engine hoarder_engine;
static void *hoard[HOARD_PIECES], *hoard_above;
static int hoarder_create(const struct eut_limits *limits, void **self)
{
    for (size_t i = 0; i < HOARD_PIECES; i++) {
        hoard[i] = malloc(HOARD_PIECE_BYTES);
        if (hoard[i]) {
            memset(hoard[i], 1, HOARD_PIECE_BYTES);
        }
    }
    return engine_named("reference")->create(limits, self);
}
static void hoarder_destroy(void *self)
{
    void *below = hoard_above;

    engine_named("reference")->destroy(self);
    hoard_above = malloc(HOARD_PIECE_BYTES);
    free(below);
    for (size_t i = 0; i < HOARD_PIECES; i++) {
        free(hoard[i]);
    }
}

/* ThreadSanitizer's allocator gives nothing back to the system, whatever is asked of it. */
#if defined(__SANITIZE_THREAD__)
#define ALLOCATOR_TRIMS 0
#elif defined(__has_feature)
#define ALLOCATOR_TRIMS !__has_feature(thread_sanitizer)
#else
#define ALLOCATOR_TRIMS 1
#endif

TEST(measure, every_run_sees_the_memory_that_its_books_take)
{
    const double least = 0.9 * HOARD_PIECES * HOARD_PIECE_BYTES / 8; /* a market */
    struct small_rig *small;
    const json_t *metric, *sample;
    regex_t filter;
    size_t i;

    if (!ALLOCATOR_TRIMS) {
        SKIP("this sanitizer's allocator keeps what is freed");
    }
    hoarder_engine = *engine_named("reference");
    hoarder_engine.name = "hoarder";
    hoarder_engine.create = hoarder_create;
    hoarder_engine.destroy = hoarder_destroy;
    CHECK_EQ(regcomp(&filter, "/markets=8/depth=4$", REG_EXTENDED | REG_NOSUB), 0);
    small = small_rig_new(&hoarder_engine);
    small->bench.rig.filter = &filter;
    CHECK_EQ(hr_suite_find("markets")->run(&small->bench, small->suite), 0);
    metric = metric_of(json_array_get(json_object_get(small->suite, "cases"), 0), 4);
    CHECK_STR(text_of(metric, "name"), "bytes_per_market");
    json_array_foreach (json_object_get(metric, "samples"), i, sample) {
        CHECK(json_number_value(sample) > least);
    }
    free(hoard_above);
    hoard_above = NULL;
    regfree(&filter);
    small_rig_free(small);
}

TEST(measure, a_subset_engine_gets_flow_it_can_do)
{
    struct hr_flow_params flow;
    char why[HR_WHY_MAX];

    small_flow(&flow, 4);
    flow.l2_share = 0.5;
    flow.ids = HR_IDS_SPARSE;
    CHECK(!hr_flow_subset(&flow, EUT_CAP_ALL, why));
    CHECK(hr_flow_subset(&flow, EUT_CAP_L3 | EUT_CAP_ANY_PRICE, why));
    CHECK_NEAR(flow.l2_share, 0, 0);
    CHECK_NEAR(flow.share_replace + flow.share_fok + flow.share_post, 0, 0);
    CHECK_EQ(flow.accounts, 0);
    CHECK_EQ(flow.ids, HR_IDS_DENSE);
    CHECK(strstr(why, "replace") != NULL);
}

TEST(measure, a_subset_engine_is_measured_and_the_record_says_so)
{
    struct eut_engine part = *engine_named("reference");
    struct small_rig *small;
    const json_t *warnings;

    part.name = "part";
    part.capabilities = EUT_CAP_L3 | EUT_CAP_ANY_PRICE;
    small = small_rig_new(&part);
    CHECK_EQ(hr_suite_find("markets")->run(&small->bench, small->suite), 0);
    CHECK(small->bench.rig.statuses[HR_PASS] + small->bench.rig.statuses[HR_INVALID] >= 3);
    warnings = json_object_get(hr_record_json(small->bench.rig.record), "warnings");
    CHECK_EQ(json_array_size(warnings), 1);
    CHECK(strstr(json_string_value(json_array_get(warnings, 0)), "replace") != NULL);
    CHECK_NEAR(json_number_value(json_object_get(
                   json_object_get(json_array_get(small->bench.rig.flows, 0), "mix"), "replace")),
               0, 0);
    small_rig_free(small);
}

/* ---- workloads ------------------------------------------------------------------- */

TEST(workload, prefixes_have_their_own_digests)
{
    struct small_rig *small = small_rig_new(engine_named("reference"));
    struct hr_workload whole, half;
    struct hr_flow_params flow;
    uint64_t steady, digest;

    small_flow(&flow, 8);
    CHECK_EQ(hr_rig_workload(&small->bench.rig, &flow, 4096, &whole), 0);
    CHECK_EQ(whole.steady, 4096);
    CHECK_EQ(whole.prefixes, HR_PREFIXES);
    CHECK_EQ(hr_workload_prefix(&whole, 3000, &steady, &digest), 1);
    CHECK_EQ(steady, 2048);
    CHECK_EQ(hr_rig_workload(&small->bench.rig, &flow, 2048, &half), 0);
    CHECK(half.digest == digest);
    CHECK_EQ(json_array_size(small->bench.rig.flows), 1); /* the same tape */
    flow.seed++;
    CHECK_EQ(hr_rig_workload(&small->bench.rig, &flow, 2048, &half), 0);
    CHECK(half.digest != digest);
    CHECK_EQ(json_array_size(small->bench.rig.flows), 2);
    small_rig_free(small);
}

/* The hash over all flows must not depend on how much memory the host had for tapes. */
TEST(workload, a_flow_recorded_again_is_listed_once)
{
    struct small_rig *small = small_rig_new(engine_named("reference"));
    struct hr_workload workload;
    struct hr_flow_params flow;

    small_flow(&flow, 2);
    for (int round = 0; round < 2; round++) {
        for (uint64_t seed = 1; seed <= 20; seed++) { /* more than are kept */
            flow.seed = seed;
            CHECK_EQ(hr_rig_workload(&small->bench.rig, &flow, 64, &workload), 0);
        }
    }
    CHECK_EQ(json_array_size(small->bench.rig.flows), 20);
    small_rig_free(small);
}

/* An oracle of the right digest that loses a market's resting orders: work is not conserved. */
static struct eut_engine leaky_engine;
static int leaky_walk(void *self, uint32_t market, eut_visit visit, void *context)
{
    return market == 0 ? 0 : engine_named("oracle")->walk(self, market, visit, context);
}

TEST(workload, lots_that_vanish_are_noticed)
{
    struct small_rig *small = small_rig_new(engine_named("reference"));
    struct hr_workloads_params params = {.shadow = engine_named("reference"),
                                         .oracle = &leaky_engine,
                                         .flows = small->bench.rig.flows,
                                         .bytes_max = 64u << 20};
    struct hr_workloads *workloads;
    struct hr_workload workload;
    struct hr_flow_params flow;

    leaky_engine = *engine_named("oracle");
    leaky_engine.walk = leaky_walk;
    small_flow(&flow, 2);
    CHECK_EQ(hr_workloads_new(&workloads, &params), 0);
    CHECK_EQ(hr_workload_get(workloads, &flow, 1000, &workload), -EBADMSG);
    CHECK(strstr(hr_error(), "not conserved") != NULL);
    hr_workloads_free(workloads);
    small_rig_free(small);
}

TEST(workload, proofs_add_up)
{
    struct small_rig *small = small_rig_new(engine_named("reference"));
    struct hr_workload w;
    struct hr_flow_params flow;
    struct hr_proof whole, parts;

    small_flow(&flow, 7);
    flow.l2_share = 0.3;
    CHECK_EQ(hr_rig_workload(&small->bench.rig, &flow, 4096, &w), 0);
    struct hr_proof_params params = {.oracle = engine_named("oracle"),
                                     .tape = w.tape,
                                     .prefix = {4096, 100},
                                     .prefixes = 2,
                                     .threads = 1};

    CHECK_EQ(hr_prove(&params, &whole), 0);
    params.threads = 2;
    CHECK_EQ(hr_prove(&params, &parts), 0);
    CHECK(whole.digest[0] == w.digest && whole.digest_load == w.digest_load);
    CHECK(memcmp(&whole, &parts, sizeof(whole)) == 0);
    CHECK(whole.digest[1] != whole.digest[0]);
    CHECK(whole.resting_end[0] > 0);
    small_rig_free(small);
}

/* A shadow that sees other trades than the oracle: the flow is proved by nobody. */
static struct eut_engine deaf_engine;
static int deaf_submit(void *self, const struct eut_request *requests, uint32_t count,
                       struct eut_sink *sink)
{
    return engine_named("reference")->submit(self, requests, count > 1 ? count - 1 : count, sink);
}

TEST(workload, a_flow_that_the_oracle_denies_is_refused)
{
    struct small_rig *small = small_rig_new(engine_named("reference"));
    struct hr_workloads_params params = {.shadow = &deaf_engine,
                                         .oracle = engine_named("oracle"),
                                         .flows = small->bench.rig.flows,
                                         .bytes_max = 1u << 20};
    struct hr_workloads *workloads;
    struct hr_workload workload;
    struct hr_flow_params flow;

    deaf_engine = *engine_named("reference");
    deaf_engine.submit = deaf_submit;
    small_flow(&flow, 2);
    CHECK_EQ(hr_workloads_new(&workloads, &params), 0);
    CHECK_EQ(hr_workload_get(workloads, &flow, 1000, &workload), -EBADMSG);
    CHECK(strstr(hr_error(), "oracle") != NULL);
    CHECK_EQ(hr_workload_get(workloads, &flow, 1000000, &workload), -ENOSPC);
    hr_workloads_free(workloads);
    small_rig_free(small);
}
