/*
 * device_decode.h - how fast could a device decode a language model? The same weights and the same
 * answers as on the processors, through the devices' kernels, for each interface of device.apis
 * that has a device: cases decode/device=API/model=M. Its case says what kind of device that is.
 */
#ifndef HR_DEVICE_DECODE_H
#define HR_DEVICE_DECODE_H

#include "engine-under-test/device/device_api.h"
#include "suites/suite.h"
#include "suites/weight_stream.h"

#define HR_DECODE_DEVICES_MAX 8

/* The first device of each interface, asked once: a driver takes its time to answer. */
struct hr_decode_devices {
    const struct eut_device_api *api[HR_DECODE_DEVICES_MAX];
    struct eut_device_facts facts[HR_DECODE_DEVICES_MAX];
    int count;
};

/* -ENOMEM. That there is none is no error. */
int hr_decode_devices_find(const struct hr_config *config, struct hr_decode_devices *devices);
/* Is one of the cases wanted by the filter? Then the stream must be made. */
bool hr_device_decode_wanted(struct hr_bench *bench, const struct hr_decode_devices *devices,
                             const struct hr_language_model *model);
/* needed: what the whole model takes with its context. A device that cannot hold it is SKIP. 0,
 * -EINTR, -ENOMEM of the host. */
int hr_device_decode_cases(struct hr_bench *bench, json_t *suite,
                           const struct hr_decode_devices *devices, struct hr_weight_stream *stream,
                           uint64_t needed);

#endif
