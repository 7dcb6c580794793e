/*
 * device_run.h - one batch size of one flow on one device: the device suite's measuring part.
 *
 * A run is two: the tape's steady phase end to end (requests out of the host's memory, events back
 * in it, slices overlapping as the engine likes), then the same batches resident (requests already
 * in device memory, events left there), on the device's own clock. Each is a fresh engine with the
 * books of the load phase, and each one's digest is compared with the oracle's.
 */
#ifndef HR_DEVICE_RUN_H
#define HR_DEVICE_RUN_H

#include "suites/suite.h"

#include "engine-under-test/device/device_engine.h"

struct hr_device_case {
    const char *name; /* below device/inproc/device:API */
    const struct eut_device_api *api;
    uint32_t number; /* of the device, in the API's list */
    struct hr_flow_params flow;
    uint64_t orders; /* of the steady phase */
    uint32_t batch;
    json_t *extra; /* further params, borrowed; may be NULL */
    /* Ceilings of the two rates, 0 for none: ids are static or outlive the record's case. */
    const char *ceiling, *ceiling_resident;
    double ceiling_value, ceiling_resident_value;
};

/* The metric that break-even is judged by. */
#define HR_DEVICE_THROUGHPUT 0

/* rig.engine is the API's engine, for the case's id. 0, or -EINTR; what cannot be run is SKIP or
 * INVALID in the record. result may be NULL. */
int hr_device_case_run(struct hr_bench *bench, json_t *suite, const struct hr_device_case *wanted,
                       struct hr_measure_result *result);

#endif
