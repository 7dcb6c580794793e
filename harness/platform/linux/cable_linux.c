/*
 * cable_linux.c - can this process have a network of its own, and what crossed it? Two network
 * namespaces, which only descriptors of this process hold (unshare(2), setns(2)), and a veth pair
 * by rtnetlink(7).
 */
#include "harness/platform/cable.h"

#include "harness/error.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_ROOM 512
#define THIS_NAMESPACE "/proc/thread-self/ns/net"
#define THIS_DEVICES "/proc/thread-self/net/dev"

/* Of a block that is kept for documentation (RFC 5737): nobody's. */
static const char *const hosts[HR_CABLE_ENDS] = {"192.0.2.1", "192.0.2.2"};
static const char *const names[HR_CABLE_ENDS] = {"hr-client", "hr-server"};

struct hr_cable {
    int home, ends[HR_CABLE_ENDS]; /* namespaces */
};

const char *hr_cable_host(enum hr_cable_end end)
{
    return hosts[end];
}

static int here(void)
{
    int fd = open(THIS_NAMESPACE, O_RDONLY | O_CLOEXEC);

    return fd >= 0 ? fd : hr_fail(ENOTSUP, "%s: %s", THIS_NAMESPACE, strerror(errno));
}

static int go(int namespace)
{
    return setns(namespace, CLONE_NEWNET) == 0
               ? 0
               : hr_fail(errno, "cannot change the network namespace: %s", strerror(errno));
}

int hr_cable_enter(const struct hr_cable *cable, enum hr_cable_end end)
{
    return go(cable->ends[end]);
}

int hr_cable_leave(const struct hr_cable *cable)
{
    return go(cable->home);
}

/* ---- the pair ------------------------------------------------------------------------ */

struct request {
    struct nlmsghdr head;
    char room[REQUEST_ROOM];
};

static struct rtattr *append(struct request *r, unsigned short type, const void *value, size_t size)
{
    struct rtattr *a = (struct rtattr *)(void *)((char *)r + NLMSG_ALIGN(r->head.nlmsg_len));

    a->rta_type = type;
    a->rta_len = (unsigned short)RTA_LENGTH(size);
    if (size) {
        memcpy(RTA_DATA(a), value, size);
    }
    r->head.nlmsg_len = NLMSG_ALIGN(r->head.nlmsg_len) + (uint32_t)RTA_ALIGN(a->rta_len);
    return a;
}

/* What was appended since is inside of it. */
static void enclose(const struct request *r, struct rtattr *a)
{
    a->rta_len = (unsigned short)((const char *)r + r->head.nlmsg_len - (const char *)a);
}

static int tell_kernel(const struct request *r)
{
    struct {
        struct nlmsghdr head;
        struct nlmsgerr error;
        char rest[REQUEST_ROOM];
    } answer = {.error.error = -EIO};
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), err = 0;

    if (fd < 0 || send(fd, r, r->head.nlmsg_len, 0) < 0 ||
        recv(fd, &answer, sizeof(answer), 0) < 0) {
        err = errno;
    } else if (answer.head.nlmsg_type == NLMSG_ERROR) {
        err = -answer.error.error;
    }
    if (fd >= 0) {
        close(fd);
    }
    return err ? hr_fail(ENOTSUP, "no veth interfaces here: %s", strerror(err)) : 0;
}

/* One end here, the other in `there`. */
static int make_pair(const char *name, const char *peer, int there)
{
    struct request r = {
        .head = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg)),
                 .nlmsg_type = RTM_NEWLINK,
                 .nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK}};
    struct rtattr *info, *data, *other;

    append(&r, IFLA_IFNAME, name, strlen(name) + 1);
    info = append(&r, IFLA_LINKINFO, NULL, 0);
    append(&r, IFLA_INFO_KIND, "veth", 4);
    data = append(&r, IFLA_INFO_DATA, NULL, 0);
    other = append(&r, VETH_INFO_PEER, NULL, 0);
    r.head.nlmsg_len += (uint32_t)NLMSG_ALIGN(sizeof(struct ifinfomsg));
    append(&r, IFLA_IFNAME, peer, strlen(peer) + 1);
    append(&r, IFLA_NET_NS_FD, &there, sizeof(there));
    enclose(&r, other);
    enclose(&r, data);
    enclose(&r, info);
    return tell_kernel(&r);
}

/* ---- an end ---------------------------------------------------------------------------- */

static void set_address(struct ifreq *want, const char *address)
{
    struct sockaddr_in in = {.sin_family = AF_INET};

    inet_pton(AF_INET, address, &in.sin_addr);
    memcpy(&want->ifr_addr, &in, sizeof(in));
}

/* As a card does it: no segments longer than a packet are handed over, and what comes in waits in a
 * queue (NAPI), which veth has for senders without TSO when its GRO is on. An old one has neither:
 * then nobody can poll it busily, and whoever tries is told. */
static void be_a_card(int fd, struct ifreq *want)
{
    struct ethtool_value longer = {.cmd = ETHTOOL_STSO, .data = 0};
    struct ethtool_value queue = {.cmd = ETHTOOL_SGRO, .data = 1};

    want->ifr_data = (char *)&longer;
    (void)ioctl(fd, SIOCETHTOOL, want);
    want->ifr_data = (char *)&queue;
    (void)ioctl(fd, SIOCETHTOOL, want);
}

/* The interface of this name in the thread's namespace. */
static int bring_up(const char *name, const char *host)
{
    struct ifreq want = {0};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), rc = 0;

    snprintf(want.ifr_name, sizeof(want.ifr_name), "%s", name);
    set_address(&want, host);
    rc = fd < 0 || ioctl(fd, SIOCSIFADDR, &want);
    set_address(&want, "255.255.255.252");
    rc = rc || ioctl(fd, SIOCSIFNETMASK, &want);
    want.ifr_mtu = HR_CABLE_PACKET_BYTES;
    rc = rc || ioctl(fd, SIOCSIFMTU, &want);
    if (rc == 0) {
        be_a_card(fd, &want);
    }
    want.ifr_flags = IFF_UP | IFF_RUNNING;
    rc = rc || ioctl(fd, SIOCSIFFLAGS, &want);
    rc = rc ? hr_fail(ENOTSUP, "interface %s: %s", name, strerror(errno)) : 0;
    if (fd >= 0) {
        close(fd);
    }
    return rc;
}

/* The thread is in a namespace of its own then, also if that cannot be named. */
static int new_namespace(int *namespace, bool *away)
{
    if (unshare(CLONE_NEWNET)) {
        return hr_fail(ENOTSUP, "no network namespaces for this user: %s", strerror(errno));
    }
    *away = true;
    *namespace = here();
    return *namespace < 0 ? *namespace : 0;
}

int hr_cable_lay(struct hr_cable **out)
{
    struct hr_cable *c = malloc(sizeof(*c));
    bool away = false;
    int rc, back;

    *out = NULL;
    if (!c) {
        return hr_fail(ENOMEM, "no memory for a cable");
    }
    *c = (struct hr_cable){.home = here(), .ends = {-1, -1}};
    rc = c->home < 0 ? c->home : new_namespace(c->ends + HR_CABLE_CLIENT, &away);
    rc = rc ? rc : new_namespace(c->ends + HR_CABLE_SERVER, &away);
    rc = rc ? rc
            : make_pair(names[HR_CABLE_SERVER], names[HR_CABLE_CLIENT], c->ends[HR_CABLE_CLIENT]);
    rc = rc ? rc : bring_up(names[HR_CABLE_SERVER], hosts[HR_CABLE_SERVER]);
    rc = rc ? rc : hr_cable_enter(c, HR_CABLE_CLIENT);
    rc = rc ? rc : bring_up(names[HR_CABLE_CLIENT], hosts[HR_CABLE_CLIENT]);
    back = away ? hr_cable_leave(c) : 0;
    if (rc || back) {
        hr_cable_remove(c);
        return rc ? rc : back;
    }
    *out = c;
    return 0;
}

void hr_cable_remove(struct hr_cable *c)
{
    if (c) {
        for (int end = 0; end < HR_CABLE_ENDS; end++) {
            if (c->ends[end] >= 0) {
                close(c->ends[end]);
            }
        }
        if (c->home >= 0) {
            close(c->home);
        }
        free(c);
    }
}

/* sysfs shows the interfaces of the namespace in which it was mounted; this file those of the
 * thread. */
static int counted(const char *name, struct hr_nic_bytes *bytes)
{
    FILE *file = fopen(THIS_DEVICES, "r");
    char line[512], *colon;
    int found = 0;

    while (file && found == 0 && fgets(line, sizeof(line), file)) {
        colon = strchr(line, ':');
        if (colon) {
            *colon = '\0';
            found = strcmp(line + strspn(line, " "), name) == 0 &&
                    sscanf(colon + 1, "%" SCNu64 " %*s %*s %*s %*s %*s %*s %*s %" SCNu64,
                           &bytes->received, &bytes->sent) == 2;
        }
    }
    if (file) {
        fclose(file);
    }
    return found ? 0 : hr_fail(ENOTSUP, "%s does not tell what crossed %s", THIS_DEVICES, name);
}

int hr_cable_bytes(const struct hr_cable *cable, struct hr_nic_bytes *bytes)
{
    int rc = hr_cable_enter(cable, HR_CABLE_CLIENT), back;

    if (rc) {
        return rc;
    }
    rc = counted(names[HR_CABLE_CLIENT], bytes);
    back = hr_cable_leave(cable);
    return rc ? rc : back;
}
