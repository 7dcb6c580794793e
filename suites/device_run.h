/*
 * device_run.h - one batch size of one flow on one device: the device suite's measuring part.
 *
 * A run is three: the tape's steady phase end to end (requests out of the host's memory, events
 * back in it, each copied by one thread of the host into and out of pinned memory, slices
 * overlapping as the engine likes); the same pinned (requests lie in pinned memory, events are left
 * there, unread); then the same batches resident (requests already in device memory, events left
 * there), on the device's own clock. Each is a fresh engine with the books of the load phase, and
 * each one's digest is compared with the oracle's.
 */
#ifndef HR_DEVICE_RUN_H
#define HR_DEVICE_RUN_H

#include "suites/device_drive.h"
#include "suites/suite.h"

struct hr_device_case {
    const char *name; /* below device/inproc/device:API */
    const struct eut_device_api *api;
    uint32_t number; /* of the device, in the API's list */
    struct hr_flow_params flow;
    uint64_t orders; /* of the steady phase */
    uint32_t batch;
    json_t *extra;     /* further params, borrowed; may be NULL */
    double plan_per_s; /* orders a second that the plan guesses with */
    /* Ceilings of the two rates, 0 for none: ids are static or outlive the record's case. */
    const char *ceiling, *ceiling_resident;
    double ceiling_value, ceiling_resident_value;
};

/* The metric that break-even is judged by, and the one without the host's copies. */
#define HR_DEVICE_THROUGHPUT 0
#define HR_DEVICE_PINNED 3

/* rig.engine is the API's engine, for the case's id. 0, or -EINTR; what cannot be run is SKIP or
 * INVALID in the record. result may be NULL. */
int hr_device_case_run(struct hr_bench *bench, json_t *suite, const struct hr_device_case *wanted,
                       struct hr_measure_result *result);

/* Orders that are due at `rate`, whether the device is ready or not; what is due at a time goes in
 * one batch, of at most wanted->batch. Residence: from when an order was due until its events are
 * in the host's pinned memory, over all orders. FAIL where p99 is above bound_ns; the
 * reason says whether the rate was kept. */
int hr_device_offered_run(struct hr_bench *bench, json_t *suite,
                          const struct hr_device_case *wanted, double rate, uint64_t bound_ns);

/* Pinned runs, books and all, over and over for so long, by the device's own counter of energy:
 * mean power, and orders a joule, those of the load phase among them. SKIP where nothing counts it.
 */
int hr_device_energy_run(struct hr_bench *bench, json_t *suite, const struct hr_device_case *wanted,
                         const struct eut_device_facts *facts, double seconds);

/* ---- parts of a run ---------------------------------------------------------------- */

json_t *hr_device_case_params(const struct hr_device_case *wanted);
struct hr_device_drive hr_device_drive_of(const struct hr_device_case *wanted);

int hr_device_digest(struct hr_trial *t, struct eut_device_engine *engine, uint64_t expected);

#endif
