/*
 * validity.h - may this run's figures be trusted?
 *
 * Every run carries its checks: what was looked at, what was seen, the limit, and a verdict: ok,
 * soft (a warning in the report) or hard (the run does not count; it is tried again, and if that
 * does not help the case is INVALID). A quantity the system does not tell is null and ok.
 *
 * The limits, and why they lie there, are in the table of validity.c.
 *
 * Threads: one per list of checks.
 */
#ifndef HR_VALIDITY_H
#define HR_VALIDITY_H

#include "harness/hiccup.h"
#include "harness/platform/platform.h"

#include <jansson.h>
#include <stdbool.h>

enum hr_verdict { HR_CHECK_OK, HR_CHECK_SOFT, HR_CHECK_HARD };

#define HR_WHY_MAX 256

struct hr_checks {
    json_t *list;        /* as record.h shows it; owned */
    bool hard, hopeless; /* a hard one was added; one that trying again cannot mend */
    const char *failed;  /* the first hard one's name, or "digest"; static; NULL if there is none */
    char why[HR_WHY_MAX]; /* the same in words */
};

/* false without memory. */
bool hr_checks_init(struct hr_checks *checks);
void hr_checks_free(struct hr_checks *checks);

/* Larger is worse: soft above soft, hard above hard. hard may be INFINITY. value NAN: unknown, and
 * ok. unit as in the report. The name of a check is a literal: it is kept. */
void hr_check_most(struct hr_checks *checks, const char *check, double value, double soft,
                   double hard, const char *unit);
/* Smaller is worse. hard may be 0 or -INFINITY. */
void hr_check_least(struct hr_checks *checks, const char *check, double value, double soft,
                    double hard, const char *unit);
/* A wrong answer is not bad luck: hard, not tried again, and the reason whatever was hard before.
 */
void hr_check_digest(struct hr_checks *checks, uint64_t digest, uint64_t expected);

/* The digest was not looked at: hard as well, and trying again cannot mend it. */
void hr_check_undigested(struct hr_checks *checks);

/* What happened around the timed part: faults, switches, swap, steal, throttling, frequency,
 * and whether the thread was still on `cpu` (-1: it was not pinned). */
void hr_check_disturbance(struct hr_checks *checks, const struct hr_disturbance *before,
                          const struct hr_disturbance *after, uint64_t elapsed_ns, int cpu);
void hr_check_hiccup(struct hr_checks *checks, const struct hr_hiccup *hiccup);

#endif
