/*
 * cuda_facts.c - what do NVIDIA's driver and management library say of a device?
 *
 * No context is made: asking costs no device memory. What NVML alone tells (power, the PCIe link,
 * free memory, the driver's own version) is missing where it is not there.
 */
#include "engine-under-test/device/cuda_facts.h"

#include "harness/error.h"

#include <stdio.h>
#include <string.h>

/* 0 if the driver does not know the attribute. */
static uint32_t attribute(const struct eut_cuda *cuda, int device, int which)
{
    int value = 0;

    return cuda->cuDeviceGetAttribute(&value, which, device) == 0 && value > 0 ? (uint32_t)value
                                                                               : 0;
}

static int32_t place(const struct eut_cuda *cuda, int device, int which)
{
    int value = -1;

    return cuda->cuDeviceGetAttribute(&value, which, device) == 0 ? value : -1;
}

static uint32_t managed(int (*tell)(void *, unsigned *), void *handle)
{
    unsigned value = 0;

    return tell(handle, &value) == 0 ? value : 0;
}

static void add_management(const struct eut_cuda *cuda, int device, struct eut_device_facts *facts)
{
    const struct eut_nvml *nvml;
    struct eut_nvml_memory memory;
    char address[32] = "", version[80];
    void *handle = NULL;

    if (eut_nvml_open(&nvml) != 0) {
        snprintf(facts->silent, sizeof(facts->silent), "%s", hr_error());
        hr_error_clear();
        return;
    }
    if (cuda->cuDeviceGetPCIBusId(address, sizeof(address), device) != 0 ||
        nvml->nvmlDeviceGetHandleByPciBusId_v2(address, &handle) != 0) {
        snprintf(facts->silent, sizeof(facts->silent), "NVML does not know the device");
        return;
    }
    snprintf(facts->silent, sizeof(facts->silent), "neither the driver nor NVML tells");
    if (nvml->nvmlSystemGetDriverVersion(version, sizeof(version)) == 0) {
        snprintf(facts->driver + strlen(facts->driver),
                 sizeof(facts->driver) - strlen(facts->driver), ", driver %.60s", version);
    }
    if (nvml->nvmlDeviceGetMemoryInfo(handle, &memory) == 0) {
        facts->memory_free_bytes = memory.free_bytes;
    }
    facts->pcie_generation = managed(nvml->nvmlDeviceGetMaxPcieLinkGeneration, handle);
    facts->pcie_lanes = managed(nvml->nvmlDeviceGetMaxPcieLinkWidth, handle);
    facts->power_limit_mw = managed(nvml->nvmlDeviceGetEnforcedPowerLimit, handle);
}

int eut_cuda_facts(const struct eut_cuda *cuda, int device, struct eut_device_facts *facts)
{
    size_t bytes = 0;
    int version = 0, ecc = 0;

    *facts = (struct eut_device_facts){
        .api = "cuda",
        .vendor = "NVIDIA",
        .kind = EUT_DEVICE_GPU,
        .unified = attribute(cuda, device, EUT_CUDA_INTEGRATED) ||
                   attribute(cuda, device, EUT_CUDA_USES_HOST_PAGE_TABLES),
        .cache_bytes = attribute(cuda, device, EUT_CUDA_L2_BYTES),
        .compute_units = attribute(cuda, device, EUT_CUDA_MULTIPROCESSORS),
        .clock_mhz = attribute(cuda, device, EUT_CUDA_CLOCK_KHZ) / 1000,
        .memory_clock_mhz = attribute(cuda, device, EUT_CUDA_MEMORY_CLOCK_KHZ) / 1000,
        .memory_bus_bits = attribute(cuda, device, EUT_CUDA_MEMORY_BUS_BITS),
        .lanes = attribute(cuda, device, EUT_CUDA_WARP_THREADS),
        .group_max = attribute(cuda, device, EUT_CUDA_THREADS_PER_BLOCK),
        .group_memory_bytes = attribute(cuda, device, EUT_CUDA_SHARED_BYTES_PER_BLOCK),
        .version = attribute(cuda, device, EUT_CUDA_CAPABILITY_MAJOR) * 10 +
                   attribute(cuda, device, EUT_CUDA_CAPABILITY_MINOR),
        .pci_domain = place(cuda, device, EUT_CUDA_PCI_DOMAIN),
        .pci_bus = place(cuda, device, EUT_CUDA_PCI_BUS),
        .pci_device = place(cuda, device, EUT_CUDA_PCI_DEVICE),
    };
    int rc = eut_cuda_fail(cuda, cuda->cuDeviceTotalMem_v2(&bytes, device), "cuDeviceTotalMem");
    if (rc != 0) {
        return rc;
    }
    facts->memory_bytes = facts->buffer_bytes_max = bytes;
    if (cuda->cuDeviceGetName(facts->name, sizeof(facts->name), device) != 0) {
        facts->name[0] = 0;
    }
    facts->ecc_known = cuda->cuDeviceGetAttribute(&ecc, EUT_CUDA_ECC, device) == 0;
    facts->ecc = ecc != 0;
    if (cuda->cuDriverGetVersion(&version) == 0) {
        snprintf(facts->driver, sizeof(facts->driver), "CUDA %d.%d", version / 1000,
                 version % 1000 / 10);
    }
    add_management(cuda, device, facts);
    return 0;
}
