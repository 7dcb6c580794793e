/* nvml_mock.c - a management library that knows one device and counts its energy by the call. */
#include "engine-under-test/device/cuda_library.h"
#include "tests/mocks/mock.h"

#define PROTOTYPE(name, arguments) MOCK_EXPORT int name arguments;
EUT_NVML_FUNCTIONS(PROTOTYPE)

static int device_7;
static unsigned long long energy_mj = 5000;

int nvmlInit_v2(void)
{
    MOCK_CALL();
    return 0;
}

int nvmlSystemGetDriverVersion(char *version, unsigned size)
{
    MOCK_CALL();
    snprintf(version, size, "580.00");
    return 0;
}

int nvmlDeviceGetHandleByPciBusId_v2(const char *address, void **device)
{
    MOCK_CALL();
    *device = &device_7;
    return strstr(address, "0000:21:00.0") ? 0 : 6;
}

int nvmlDeviceGetMemoryInfo(void *device, struct eut_nvml_memory *memory)
{
    (void)device;
    MOCK_CALL();
    *memory = (struct eut_nvml_memory){4ull << 30, 3ull << 30, 1ull << 30};
    return 0;
}

int nvmlDeviceGetEnforcedPowerLimit(void *device, unsigned *milliwatts)
{
    (void)device;
    MOCK_CALL();
    *milliwatts = 350000;
    return 0;
}

int nvmlDeviceGetTotalEnergyConsumption(void *device, unsigned long long *millijoules)
{
    (void)device;
    MOCK_CALL();
    *millijoules = energy_mj += 1000;
    return 0;
}

int nvmlDeviceGetMaxPcieLinkGeneration(void *device, unsigned *generation)
{
    (void)device;
    MOCK_CALL();
    *generation = 5;
    return 0;
}

int nvmlDeviceGetMaxPcieLinkWidth(void *device, unsigned *lanes)
{
    (void)device;
    MOCK_CALL();
    *lanes = 16;
    return 0;
}
