/*
 * validity.c - was the measurement disturbed, and was the answer right?
 *
 * Differences of the system's counters against a table of limits. It cannot see what the system
 * does not count: system management interrupts, other guests' use of shared caches and memory.
 */
#include "harness/validity.h"

#include "harness/record.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/*
 * Soft and hard limits. Hard means the figure is wrong, soft that it might be.
 *   major faults     the timed part waited for a disk; a few are code pages read the first time
 *   involuntary      another thread ran on the measuring core, per second of measuring
 *   swap             the host's swap use grew: somebody's memory did not fit
 *   steal            the hypervisor gave processors to others; in steps of 10 ms, hence the floor
 *   throttle         the processor slowed down because of heat
 *   frequency        of the measuring core, change between start and end
 *   hiccups          share of a spinning core's time that was taken away
 */
#define MAJOR_SOFT 0.0
#define MAJOR_HARD 16.0
#define SWITCHES_SOFT_PER_S 20.0
#define SWAP_SOFT_MIB 0.0
#define SWAP_HARD_MIB 64.0
#define STEAL_FLOOR_MS 40.0
#define STEAL_SOFT_SHARE 0.01
#define STEAL_HARD_SHARE 0.10
#define STEAL_TICK_MS 10.0
#define FREQUENCY_SOFT_PERCENT 10.0
#define HICCUP_SOFT_PERCENT 1.0

bool hr_checks_init(struct hr_checks *checks)
{
    memset(checks, 0, sizeof(*checks));
    checks->list = json_array();
    return checks->list != NULL;
}

void hr_checks_free(struct hr_checks *checks)
{
    json_decref(checks->list);
    checks->list = NULL;
}

static void note_hard(struct hr_checks *checks, const char *check, const char *why)
{
    if (!checks->hard) {
        checks->failed = check;
        snprintf(checks->why, sizeof(checks->why), "%s", why);
    }
    checks->hard = true;
}

/* A wrong answer is the reason, whatever disturbed the run besides. */
static void note_hopeless(struct hr_checks *checks, const char *check, const char *why)
{
    checks->hard = false;
    note_hard(checks, check, why);
    checks->hopeless = true;
}

static void append(struct hr_checks *checks, const char *check, enum hr_verdict verdict,
                   json_t *value, json_t *limit, const char *unit)
{
    static const char *const names[] = {"ok", "soft", "hard"};

    json_array_append_new(checks->list,
                          json_pack("{s:s, s:s, s:o, s:o, s:s}", "check", check, "status",
                                    names[verdict], "value", value, "limit", limit, "unit", unit));
}

/* The limit is the one that the verdict was taken with. */
static void add(struct hr_checks *checks, const char *check, enum hr_verdict verdict, double value,
                double limit, const char *unit)
{
    append(checks, check, verdict, hr_json_real(value), hr_json_real(limit), unit);
    if (verdict == HR_CHECK_HARD) {
        char why[HR_WHY_MAX];

        snprintf(why, sizeof(why), "%s: %.4g %s (limit %.4g)", check, value, unit, limit);
        note_hard(checks, check, why);
    }
}

void hr_check_most(struct hr_checks *checks, const char *check, double value, double soft,
                   double hard, const char *unit)
{
    enum hr_verdict verdict = value > hard   ? HR_CHECK_HARD
                              : value > soft ? HR_CHECK_SOFT
                                             : HR_CHECK_OK;

    add(checks, check, verdict, value, verdict == HR_CHECK_HARD ? hard : soft, unit);
}

void hr_check_least(struct hr_checks *checks, const char *check, double value, double soft,
                    double hard, const char *unit)
{
    enum hr_verdict verdict = value < hard   ? HR_CHECK_HARD
                              : value < soft ? HR_CHECK_SOFT
                                             : HR_CHECK_OK;

    add(checks, check, verdict, value, verdict == HR_CHECK_HARD ? hard : soft, unit);
}

void hr_check_digest(struct hr_checks *checks, uint64_t digest, uint64_t expected)
{
    bool right = digest == expected;

    append(checks, "digest", right ? HR_CHECK_OK : HR_CHECK_HARD,
           json_sprintf("%016" PRIx64, digest), json_null(), "");
    if (!right) {
        char why[HR_WHY_MAX];

        snprintf(why, sizeof(why),
                 "the digest %016" PRIx64 " is not the oracle's %016" PRIx64
                 ": the trades are wrong",
                 digest, expected);
        note_hopeless(checks, "digest", why);
    }
}

void hr_check_undigested(struct hr_checks *checks)
{
    append(checks, "digest", HR_CHECK_HARD, json_null(), json_null(), "");
    note_hopeless(checks, "digest", "the digest was not compared with the oracle's");
}

static double delta(int64_t before, int64_t after)
{
    return before < 0 || after < 0 ? NAN : (double)(after - before);
}

void hr_check_disturbance(struct hr_checks *checks, const struct hr_disturbance *before,
                          const struct hr_disturbance *after, uint64_t elapsed_ns, int cpu)
{
    double elapsed_s = (double)elapsed_ns / 1e9, elapsed_ms = (double)elapsed_ns / 1e6;
    double steal_soft = fmax(STEAL_FLOOR_MS, STEAL_SOFT_SHARE * elapsed_ms);
    double steal_hard = fmax(STEAL_FLOOR_MS, STEAL_HARD_SHARE * elapsed_ms);
    double frequency = NAN;

    hr_check_most(checks, "major_faults", delta(before->major_faults, after->major_faults),
                  MAJOR_SOFT, MAJOR_HARD, "faults");
    hr_check_most(checks, "switches_involuntary",
                  delta(before->switches_involuntary, after->switches_involuntary),
                  SWITCHES_SOFT_PER_S * fmax(elapsed_s, 0.1), INFINITY, "switches");
    hr_check_most(checks, "swap", delta(before->swap_bytes, after->swap_bytes) / 1048576.0,
                  SWAP_SOFT_MIB, SWAP_HARD_MIB, "MiB");
    hr_check_most(checks, "steal", delta(before->steal_ticks, after->steal_ticks) * STEAL_TICK_MS,
                  steal_soft, steal_hard, "ms");
    hr_check_most(checks, "throttle", delta(before->throttle_count, after->throttle_count), 0, 0,
                  "events");
    if (before->frequency_khz > 0 && after->frequency_khz > 0) {
        frequency = fabs((double)(after->frequency_khz - before->frequency_khz)) /
                    (double)before->frequency_khz * 100;
    }
    hr_check_most(checks, "frequency", frequency, FREQUENCY_SOFT_PERCENT, INFINITY, "%");
    if (cpu >= 0) {
        int now = hr_thread_cpu();

        hr_check_most(checks, "migration", now < 0 ? NAN : (double)(now != cpu), 0, 0, "moves");
    }
}

void hr_check_hiccup(struct hr_checks *checks, const struct hr_hiccup *hiccup)
{
    hr_check_most(checks, "hiccups", hr_hiccup_share(hiccup) * 100, HICCUP_SOFT_PERCENT, INFINITY,
                  "%");
    hr_check_most(checks, "hiccup_max", (double)hiccup->gap_max_ns, INFINITY, INFINITY, "ns");
}
