/* nic_macos.c - how many bytes crossed a network interface? The link-level entry of getifaddrs(),
 * whose counters are 32 bits wide: of what is subtracted within 4 GiB. */
#include "harness/platform/platform.h"

#include "harness/error.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>

const char *hr_nic_loopback(void)
{
    return "lo0";
}

int hr_nic_bytes(const char *name, struct hr_nic_bytes *bytes)
{
    struct ifaddrs *all;
    bool found = false;

    if (getifaddrs(&all)) {
        return hr_fail(ENOTSUP, "no counters of interface %s: %s", name, strerror(errno));
    }
    for (const struct ifaddrs *a = all; a && !found; a = a->ifa_next) {
        found = a->ifa_addr && a->ifa_addr->sa_family == AF_LINK && a->ifa_data &&
                strcmp(a->ifa_name, name) == 0;
        if (found) {
            const struct if_data *data = a->ifa_data;

            *bytes = (struct hr_nic_bytes){.sent = data->ifi_obytes, .received = data->ifi_ibytes};
        }
    }
    freeifaddrs(all);
    return found ? 0 : hr_fail(ENOTSUP, "there is no interface %s", name);
}
