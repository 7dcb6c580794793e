/*
 * probe.h - what this host is (facts) and what it can at most (ceilings).
 *
 * Facts are read under a root directory ("/" by default): a captured host is a golden test. An
 * unknown fact is null plus a reason. Facts need no root rights and take well under a second.
 * Ceilings are measured, and take the time they are given.
 *
 * Each probe is one row in the table of probe.c.
 */
#ifndef HR_PROBE_H
#define HR_PROBE_H

#include "harness/record.h"

#include <jansson.h>

struct hr_probe_ops {
    const char *name; /* key in the host object: "cpu" */
    const char *summary;
    /* Returns the probe's object (new reference). root ends without a slash; "" is the live host.
     */
    json_t *(*read)(const char *root);
};
extern const struct hr_probe_ops *const hr_probes[]; /* ended by NULL */

/* All of them, plus "fingerprint" (16 hex digits over what makes hosts comparable: machine, cpu,
 * memory size, os, virtualisation, governor) and "line" (the machine in one line). New reference.
 */
json_t *hr_probe_host(const char *root);

/* How ready the host is for measuring: [{"check", "status": ok|advice|warning, "value", "advice"}].
 */
json_t *hr_probe_readiness(json_t *host);

/* A fact that could not be had: {"value": null, "reason": …} is how null facts look everywhere. */
json_t *hr_fact_null(const char *reason);

/* Measures the ceilings into the record within about budget_s seconds:
 *   clock/cost, clock/monotonic (cross-core), memory/bandwidth/{read,copy,triad}/threads=N,
 *   memory/latency/{base,huge}/bytes=N (dependent loads, ns), memory/lines/{base,huge}/bytes=N
 *   (independent random 64-byte read-modify-writes per second), core-to-core/cpus=A,B
 *   (ns, one way), cpu/compares and cpu/compares/out-of-cache (elementwise price compares per
 *   second, never orders). /threads=N behind memory/lines/… and cpu/compares is that of all
 *   processors at once.
 * Largest working set: a share of the memory available. 0, or -EINTR after Ctrl-C. */
int hr_ceilings_measure(struct hr_record *record, double budget_s);

/* The random-line rate that was measured with so many threads at the working set nearest to bytes
 * (log scale), lines/s; *id is the ceiling's id. NAN and NULL if none was measured. */
double hr_ceiling_lines(json_t *record, uint64_t bytes, int threads, const char **id);

#endif
