/* cuda_facts.h - what NVIDIA's libraries say of one device. Threads: any. */
#ifndef EUT_CUDA_FACTS_H
#define EUT_CUDA_FACTS_H

#include "engine-under-test/device/cuda_library.h"
#include "engine-under-test/device/device_api.h"

/* `device` is what cuDeviceGet() gave. The driver's errors as eut_cuda_fail() has them. */
int eut_cuda_facts(const struct eut_cuda *cuda, int device, struct eut_device_facts *facts);

#endif
