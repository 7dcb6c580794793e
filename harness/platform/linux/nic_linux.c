/* nic_linux.c - how many bytes crossed a network interface? The kernel's own counters in sysfs. */
#include "harness/platform/platform.h"

#include "harness/error.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *hr_nic_loopback(void)
{
    return "lo";
}

static int counter(const char *name, const char *what, uint64_t *value)
{
    char path[128];
    FILE *file;
    int got;

    snprintf(path, sizeof(path), "/sys/class/net/%s/statistics/%s", name, what);
    file = fopen(path, "r");
    if (!file) {
        return hr_fail(ENOTSUP, "no counters of interface %s: %s: %s", name, path, strerror(errno));
    }
    got = fscanf(file, "%" SCNu64, value);
    fclose(file);
    return got == 1 ? 0 : hr_fail(ENOTSUP, "%s holds no number", path);
}

int hr_nic_bytes(const char *name, struct hr_nic_bytes *bytes)
{
    int rc = counter(name, "tx_bytes", &bytes->sent);

    return rc ? rc : counter(name, "rx_bytes", &bytes->received);
}
