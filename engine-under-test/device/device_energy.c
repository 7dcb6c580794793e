/*
 * device_energy.c - how much energy has a device used?
 *
 * NVML's counter, of the whole board, moves every 20 to 100 ms: a run of a second is known to some
 * percent. Other makers' devices have no counter that can be read here.
 */
#include "engine-under-test/device/cuda_library.h"
#include "engine-under-test/device/device_api.h"
#include "harness/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int eut_device_energy(const struct eut_device_facts *facts, uint64_t *millijoules)
{
    const struct eut_nvml *nvml;
    unsigned long long used = 0;
    char address[32];
    void *handle = NULL;

    *millijoules = 0;
    if (strcmp(facts->api, "cuda") != 0) {
        return hr_fail(ENOTSUP, "%s devices do not count their energy", facts->api);
    }
    if (eut_nvml_open(&nvml) != 0) {
        return hr_fail(ENOTSUP, "the energy is counted by NVML only: %s", hr_error());
    }
    snprintf(address, sizeof(address), "%08x:%02x:%02x.0", (unsigned)facts->pci_domain,
             (unsigned)facts->pci_bus, (unsigned)facts->pci_device);
    int result = nvml->nvmlDeviceGetHandleByPciBusId_v2(address, &handle);
    result = result ? result : nvml->nvmlDeviceGetTotalEnergyConsumption(handle, &used);
    *millijoules = used;
    return result ? hr_fail(ENOTSUP, "NVML does not count this device's energy (error %d)", result)
                  : 0;
}
