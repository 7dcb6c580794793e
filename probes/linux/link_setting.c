/*
 * link_setting.c - does a network card merge, cut, wait or keep room for packets?
 *
 * Each setting is a number in a struct that the kernel fills and takes back (SIOCETHTOOL): it is
 * read, one field is changed, and it is written. What a driver does with it cannot be seen; what it
 * says afterwards can.
 */
#include "probes/linux/link_setting.h"

#include "harness/error.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Any of the kernel's structs; each begins with its command. */
union asked {
    uint32_t command;
    struct ethtool_value value;
    struct ethtool_coalesce coalesce;
    struct ethtool_ringparam ring;
};

struct setting {
    const char *name;
    uint32_t get, set;
    size_t at;     /* of the number in the union */
    uint32_t flag; /* not 0: only this bit of it */
    size_t most;   /* not 0: where the most is that it can be; the value is what is missing to it */
};

static const struct setting settings[] = {
    {"gro", ETHTOOL_GGRO, ETHTOOL_SGRO, offsetof(struct ethtool_value, data), 0, 0},
    {"tso", ETHTOOL_GTSO, ETHTOOL_STSO, offsetof(struct ethtool_value, data), 0, 0},
    {"lro", ETHTOOL_GFLAGS, ETHTOOL_SFLAGS, offsetof(struct ethtool_value, data), ETH_FLAG_LRO, 0},
    {"rx-usecs", ETHTOOL_GCOALESCE, ETHTOOL_SCOALESCE,
     offsetof(struct ethtool_coalesce, rx_coalesce_usecs), 0, 0},
    {"adaptive-rx", ETHTOOL_GCOALESCE, ETHTOOL_SCOALESCE,
     offsetof(struct ethtool_coalesce, use_adaptive_rx_coalesce), 0, 0},
    {"rx-ring-unused", ETHTOOL_GRINGPARAM, ETHTOOL_SRINGPARAM,
     offsetof(struct ethtool_ringparam, rx_pending), 0,
     offsetof(struct ethtool_ringparam, rx_max_pending)},
};

static const struct setting *find(const char *name)
{
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        if (strcmp(settings[i].name, name) == 0) {
            return settings + i;
        }
    }
    return NULL;
}

static int ask(const char *interface, uint32_t command, union asked *asked, const char *otherwise)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), rc;
    struct ifreq request = {.ifr_data = (void *)asked};

    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
    asked->command = command;
    rc = fd < 0 || ioctl(fd, SIOCETHTOOL, &request) ? errno : 0;
    if (fd >= 0) {
        close(fd);
    }
    switch (rc) {
    case 0:
        return 0;
    case EOPNOTSUPP:
    case ENOTTY:
        return hr_fail(ENOTSUP, "%s: its driver does not %s", interface, otherwise);
    case ENODEV:
        return hr_fail(ENOENT, "%s: no such interface", interface);
    default:
        return hr_fail(rc, "%s: %s%s", interface, strerror(rc), rc == EPERM ? "; run as root" : "");
    }
}

static uint32_t *number_at(union asked *asked, size_t at)
{
    return (uint32_t *)(void *)((char *)asked + at);
}

static uint32_t value_of(const struct setting *s, union asked *asked)
{
    uint32_t now = *number_at(asked, s->at);

    return s->flag ? (now & s->flag) != 0 : s->most ? *number_at(asked, s->most) - now : now;
}

static void put_value(const struct setting *s, union asked *asked, uint32_t value)
{
    uint32_t *now = number_at(asked, s->at);

    *now = s->flag   ? (value ? *now | s->flag : *now & ~s->flag)
           : s->most ? *number_at(asked, s->most) - value
                     : value;
}

int hr_link_setting(const char *name, const char *set, char *text, size_t size)
{
    const char *slash = strchr(name, '/');
    const struct setting *s = slash ? find(slash + 1) : NULL;
    char interface[IFNAMSIZ];
    union asked asked = {0};
    int rc;

    if (!s || (size_t)(slash - name) >= sizeof(interface)) {
        return hr_fail(ENOENT, "%.80s: no setting of an interface", name);
    }
    snprintf(interface, sizeof(interface), "%.*s", (int)(slash - name), name);
    rc = ask(interface, s->get, &asked, "tell");
    if (rc) {
        return rc;
    }
    if (set) {
        put_value(s, &asked, (uint32_t)strtoul(set, NULL, 10));
        return ask(interface, s->set, &asked, "let it be changed");
    }
    snprintf(text, size, "%" PRIu32, value_of(s, &asked));
    return 0;
}
