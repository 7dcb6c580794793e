/* The bound of the worst cases, and engines made to miss it: slow, forgetful, wrong, or incapable.
 */
#include "suites/worst.h"

#include "tests/unit/small_rig.h"

#include <math.h>
#include <time.h>

static const struct hr_worst_figures fine = {.p99_times = 10,
                                             .p999_times = 40,
                                             .host_percent = 5,
                                             .last_over_first = (double)NAN,
                                             .grown_bytes_per_request = (double)NAN};

static struct hr_worst_verdict judged(struct hr_worst_figures figures)
{
    struct hr_worst_verdict verdict;

    hr_worst_judge(&figures, 50, &verdict);
    CHECK(!verdict.held || *verdict.why == '\0');
    return verdict;
}

TEST(worst, the_engines_own_tail_is_held_to_the_bound)
{
    struct hr_worst_figures f = fine;

    CHECK(judged(f).held);
    CHECK_STR(judged(f).judged, "p99.9");
    f.p999_times = 50;
    CHECK(judged(f).held);
    f.p999_times = 51;
    CHECK(!judged(f).held);
    CHECK(strstr(judged(f).why, "p99.9 is 51 times"));
    f.host_percent = 50; /* the host's: p99 speaks for the engine */
    CHECK(judged(f).held);
    CHECK_STR(judged(f).judged, "p99");
    f.p99_times = 51;
    CHECK(!judged(f).held);
    f.host_percent = (double)NAN; /* not known to be the host's is the engine's */
    f.p99_times = 10;
    CHECK(!judged(f).held);
    f = fine;
    f.p999_times = (double)NAN;
    CHECK(judged(f).held);
    CHECK_STR(judged(f).judged, "p99");
    f.p99_times = (double)NAN;
    CHECK(!judged(f).held);
    CHECK_STR(judged(f).judged, "");
    CHECK_STR(judged(f).why, "");
}

TEST(worst, growth_is_a_miss)
{
    struct hr_worst_figures f = fine;

    f.last_over_first = 1.4;
    f.grown_bytes_per_request = 0.9;
    CHECK(judged(f).held);
    f.last_over_first = 1.6;
    CHECK(!judged(f).held);
    CHECK(strstr(judged(f).why, "the last tenth"));
    f.last_over_first = 1;
    f.grown_bytes_per_request = 8;
    CHECK(!judged(f).held);
    f.p99_times = f.p999_times = (double)NAN; /* also where no percentile can be judged */
    CHECK(strstr(judged(f).why, "memory grows"));
}

/* ---- engines that have a bad case ------------------------------------------------------- */

#define LEFT_BYTES 1024u
#define LEFT_MAX (64u << 20)

struct bad {
    void *self;
    char *left; /* behind by every request */
    size_t used;
    bool wrong;
};
static const struct eut_engine *under;
static bool slow_refusals, leaves_something, wrong_in_a_queue;

static int bad_create(const struct eut_limits *limits, void **self)
{
    struct bad *bad = calloc(1, sizeof(*bad));

    *self = bad;
    bad->left = malloc(LEFT_MAX);
    bad->wrong = wrong_in_a_queue && limits->levels == 1;
    return under->create(limits, &bad->self);
}

static int bad_submit(void *self, const struct eut_request *requests, uint32_t count,
                      struct eut_sink *sink)
{
    struct bad *bad = self;

    for (uint32_t i = 0; i < count; i++) {
        if (slow_refusals && requests[i].tif == EUT_FOK) {
            uint64_t end_ns = hr_clock_ns() + 500000;

            while (hr_clock_ns() < end_ns) {
            }
        }
        if (leaves_something && bad->used + LEFT_BYTES <= LEFT_MAX) {
            memset(bad->left + bad->used, 1, LEFT_BYTES);
            bad->used += LEFT_BYTES;
        }
    }
    return under->submit(bad->self, requests, count, sink);
}

static uint64_t bad_digest(void *self)
{
    struct bad *bad = self;

    return under->digest(bad->self) + bad->wrong;
}

static int bad_walk(void *self, uint32_t market, eut_visit visit, void *context)
{
    return under->walk(((struct bad *)self)->self, market, visit, context);
}

static void bad_destroy(void *self)
{
    struct bad *bad = self;

    if (bad) {
        under->destroy(bad->self);
        free(bad->left);
        free(bad);
    }
}

static struct eut_engine bad_engine(void)
{
    struct eut_engine engine = *engine_named("reference");

    under = engine_named("reference");
    engine.create = bad_create;
    engine.submit = bad_submit;
    engine.digest = bad_digest;
    engine.walk = bad_walk;
    engine.destroy = bad_destroy;
    return engine;
}

/* One worst case; its record, until the rig is freed. */
static const json_t *measured(struct small_rig *small, const char *name, const char *bound)
{
    regex_t filter;
    char setting[64];

    CHECK_EQ(regcomp(&filter, name, REG_EXTENDED | REG_NOSUB), 0);
    small->bench.rig.filter = &filter;
    snprintf(setting, sizeof(setting), "latency.worst_bound=%s", bound);
    CHECK_EQ(hr_config_set(small->config, setting, "flag"), 0);
    CHECK_EQ(hr_worst_cases(&small->bench, small->suite, 8000), 0);
    regfree(&filter);
    CHECK_EQ(json_array_size(json_object_get(small->suite, "cases")), 1);
    return json_array_get(json_object_get(small->suite, "cases"), 0);
}

static bool is(const json_t *c, const char *status, const char *reason)
{
    const char *said = json_string_value(json_object_get(c, "reason"));

    return strcmp(json_string_value(json_object_get(c, "status")), status) == 0 &&
           strstr(said ? said : "", reason);
}

/* A busy machine may void a run; nothing can be said then. */
static bool voided(const json_t *c)
{
    return is(c, "invalid", "when tried again");
}

static const json_t *metric(const json_t *c, const char *name)
{
    const json_t *m = figure_of(c, name);

    if (!m) {
        FAIL("no metric %s", name);
    }
    return m;
}

TEST(worst, a_slow_kind_of_request_misses_the_bound_and_keeps_its_figures)
{
    struct eut_engine engine = bad_engine();
    struct small_rig *small = small_rig_new(&engine);

    slow_refusals = true;
    CHECK_EQ(hr_config_set(small->config, "latency.worst_requests=10k", "flag"),
             0); /* p99 of 400 */
    const json_t *c = measured(small, "worst=fok_short", "2");

    if (!voided(c)) {
        CHECK(is(c, "fail", "times the median request of a plain market"));
        CHECK(json_number_value(json_object_get(metric(c, "p50"), "estimate")) >= 500000);
        CHECK(json_number_value(json_object_get(metric(c, "p99_over_median_case"), "estimate")) >
              2);
        CHECK_EQ(small->bench.rig.statuses[HR_FAIL], 1);
        CHECK_EQ(small->bench.rig.statuses[HR_PASS], 0);
    }
    slow_refusals = false;
    small_rig_free(small);
}

TEST(worst, what_every_request_leaves_behind_is_growth)
{
    struct eut_engine engine = bad_engine();
    struct small_rig *small = small_rig_new(&engine);

    leaves_something = true;
    const json_t *c = measured(small, "worst=churn", "1e9");

    CHECK(voided(c) || is(c, "fail", "memory grows") || is(c, "fail", "the last tenth"));
    if (!voided(c)) {
        double growth = json_number_value(json_object_get(metric(c, "growth"), "estimate"));

        CHECK(growth > LEFT_BYTES / 2 && growth < LEFT_BYTES * 9 / 8);
    }
    leaves_something = false;
    small_rig_free(small);
}

TEST(worst, a_sweep_is_told_by_the_level)
{
    struct small_rig *small = small_rig_new(engine_named("reference"));
    const json_t *c = measured(small, "worst=sweep", "1e9");

    if (!voided(c)) {
        double level_ns = json_number_value(json_object_get(metric(c, "p50"), "estimate"));
        double units =
            json_number_value(json_object_get(json_object_get(c, "params"), "units_a_request"));
        double request_ns =
            json_number_value(json_object_get(metric(c, "request_p50"), "estimate"));

        CHECK_EQ(units, 20);
        CHECK_NEAR(level_ns * units, request_ns, request_ns / 1000);
        CHECK_STR(json_string_value(json_object_get(metric(c, "p50"), "unit")), "ns/level");
    }
    small_rig_free(small);
}

/* The plain flow is right and the long queue is not: the case has no figure. */
TEST(worst, a_wrong_digest_of_the_worst_flow_has_no_figure)
{
    struct eut_engine engine = bad_engine();
    struct small_rig *small = small_rig_new(&engine);

    wrong_in_a_queue = true;
    const json_t *c = measured(small, "worst=queue_middle", "1e9");

    CHECK(is(c, "invalid", "is not the oracle's"));
    CHECK(json_is_null(json_object_get(metric(c, "p50"), "estimate")));
    wrong_in_a_queue = false;
    small_rig_free(small);
}

TEST(worst, what_an_engine_cannot_do_is_skipped)
{
    struct eut_engine engine = *engine_named("reference");
    struct small_rig *small;

    engine.capabilities &= ~(uint64_t)EUT_CAP_FOK;
    small = small_rig_new(&engine);
    CHECK(is(measured(small, "worst=fok_own", "100"), "skip", "cannot do what this case"));
    small_rig_free(small);
}

TEST(worst, zero_orders_are_no_worst_cases)
{
    struct small_rig *small = small_rig_new(engine_named("reference"));

    CHECK_EQ(hr_config_set(small->config, "latency.worst_orders=0", "flag"), 0);
    CHECK_EQ(hr_worst_cases(&small->bench, small->suite, 8000), 0);
    CHECK_EQ(json_array_size(json_object_get(small->suite, "cases")), 0);
    small_rig_free(small);
}
