/*
 * device_decode.h - how fast could a device decode a language model? The same weights and the same
 * answers as on the processors, through the devices' kernels, for each interface of device.apis
 * that has a device: cases decode/device=API/model=M. Its case says what kind of device that is.
 */
#ifndef HR_DEVICE_DECODE_H
#define HR_DEVICE_DECODE_H

#include "suites/suite.h"
#include "suites/weight_stream.h"

/* Is one of them wanted by the filter? Then the stream must be made. */
bool hr_device_decode_wanted(struct hr_bench *bench, const struct hr_language_model *model);
/* needed: what the whole model takes with its context. A device that cannot hold it is SKIP. 0,
 * -EINTR, -ENOMEM of the host. */
int hr_device_decode_cases(struct hr_bench *bench, json_t *suite, struct hr_weight_stream *stream,
                           uint64_t needed);

#endif
