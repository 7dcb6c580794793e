/* tuning_table.c - what can be set on a host for measuring? It cannot see what a setting does to
 * the host's other work: that is why nothing is set unless it is asked for. */
#include "probes/tuning_table.h"

#include "harness/error.h"
#include "probes/fact.h"
#include "probes/live_host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VM "/proc/sys/vm/"
#define KERNEL "/proc/sys/kernel/"
#define NET "/proc/sys/net/core/"
#define LINKS "/sys/class/net"
#define THP "/sys/kernel/mm/transparent_hugepage/"

/* clang-format off */
const struct hr_tuning hr_tunings[] = {
    {"governor", "/sys/devices/system/cpu/*/cpufreq/scaling_governor", HR_TUNE_IS, "performance", NULL, false,
     "a processor that waits slows down, and wakes up slow", NULL, NULL, NULL},
    {"huge-pages", THP "enabled", HR_TUNE_NOT, "madvise", "never", false,
     "engines may ask for 2 MiB pages, and miss the TLB less", "wire/inproc/*/tuning=pages_huge", "wire/inproc/*/tuning=pages_base", "throughput"},
    {"huge-pages-defrag", THP "defrag", HR_TUNE_NOT, "madvise", "always", false,
     "else any fault may wait for memory to be moved", NULL, NULL, NULL},
    {"huge-pages-reserved", "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", HR_TUNE_LEAST, "2048", NULL, true,
     "4 GiB put aside, as one of the documents does; no engine here needs it", NULL, NULL, NULL},
    {"numa-balancing", KERNEL "numa_balancing", HR_TUNE_IS, "0", NULL, false,
     "pages move between nodes while they are used", NULL, NULL, NULL},
    {"nmi-watchdog", KERNEL "nmi_watchdog", HR_TUNE_IS, "0", NULL, false,
     "it interrupts, and takes a hardware counter", NULL, NULL, NULL},
    {"timer-migration", KERNEL "timer_migration", HR_TUNE_IS, "0", NULL, false,
     "timers of others land on the measuring processor", NULL, NULL, NULL},
    {"realtime-share", KERNEL "sched_rt_runtime_us", HR_TUNE_IS, "-1", NULL, true,
     "real-time threads are stopped for 5 % of each second; without that one that hangs takes the processor", NULL, NULL, NULL},
    {"io-uring", KERNEL "io_uring_disabled", HR_TUNE_IS, "0", NULL, false,
     "the path uring needs it", "wire/uring/*/round_trip", "wire/tcp/*/round_trip", "p50"},
    {"statistics-interval", VM "stat_interval", HR_TUNE_LEAST, "60", NULL, false,
     "the kernel sums its counters on every processor once in this many seconds", NULL, NULL, NULL},
    {"swappiness", VM "swappiness", HR_TUNE_MOST, "1", NULL, false,
     "books that were swapped out are milliseconds away", NULL, NULL, NULL},
    {"compaction", VM "compaction_proactiveness", HR_TUNE_IS, "0", NULL, false,
     "memory is moved in the background", NULL, NULL, NULL},
    {"busy-poll", NET "busy_poll", HR_TUNE_LEAST, "50", NULL, false,
     "poll and epoll ask the card for so many µs before they sleep", "wire/tcp/*/tuning=pinned,sleeping,busy_poll/cable=veth", "wire/tcp/*/tuning=pinned,sleeping/cable=veth", "p50"},
    {"busy-read", NET "busy_read", HR_TUNE_LEAST, "50", NULL, false,
     "so do reads; over loopback there is no card to ask", NULL, NULL, NULL},
    {"receive-buffer", NET "rmem_max", HR_TUNE_LEAST, "16777216", NULL, false,
     "a socket may hold so many bytes: the link's rate times its delay", NULL, NULL, NULL},
    {"send-buffer", NET "wmem_max", HR_TUNE_LEAST, "16777216", NULL, false,
     "the same of what is sent", NULL, NULL, NULL},
    {"backlog", NET "somaxconn", HR_TUNE_LEAST, "4096", NULL, false,
     "clients that connect at once wait here", NULL, NULL, NULL},
    {"card-backlog", NET "netdev_max_backlog", HR_TUNE_LEAST, "16384", NULL, false,
     "packets wait here when they come faster than they are handled", NULL, NULL, NULL},
    {"link-size", LINKS "/*/mtu", HR_TUNE_LEAST, "9000", NULL, true,
     "jumbo frames leave more of a link to orders; everything on it must have them", "wire/*/framing/mtu=9000", "wire/*/framing/mtu=1500", "payload_share"},

    {"receive-merging", HR_LINK_SETTINGS "*/gro", HR_TUNE_IS, "0", NULL, true,
     "a packet waits for those behind it to be merged with: fewer of them, and later ones", NULL, NULL, NULL},
    {"receive-merging-card", HR_LINK_SETTINGS "*/lro", HR_TUNE_IS, "0", NULL, true,
     "the same by the card, which forgets where each one ended", NULL, NULL, NULL},
    {"send-cutting", HR_LINK_SETTINGS "*/tso", HR_TUNE_IS, "1", NULL, true,
     "the card cuts a batch into packets; without it the processor does", NULL, NULL, NULL},
    {"interrupt-delay", HR_LINK_SETTINGS "*/rx-usecs", HR_TUNE_IS, "0", NULL, true,
     "µs that a card waits for more packets before it interrupts", NULL, NULL, NULL},
    {"interrupt-adaptive", HR_LINK_SETTINGS "*/adaptive-rx", HR_TUNE_IS, "0", NULL, true,
     "the card lengthens that wait when there is more to do, which is when the tail is made", NULL, NULL, NULL},
    {"receive-ring-unused", HR_LINK_SETTINGS "*/rx-ring-unused", HR_TUNE_IS, "0", NULL, true,
     "packets that the card could hold more of before it drops one", NULL, NULL, NULL},
    {"connection-rest", "/proc/sys/net/ipv4/tcp_slow_start_after_idle", HR_TUNE_IS, "0", NULL, false,
     "a connection that was silent begins slowly again", NULL, NULL, NULL},
    {"memory-reclaim", VM "zone_reclaim_mode", HR_TUNE_IS, "0", NULL, false,
     "a node without free memory takes pages back before it asks the next one", NULL, NULL, NULL},
    {"files-a-process", "/proc/sys/fs/nr_open", HR_TUNE_LEAST, "65536", NULL, false,
     "the most that a process's limit can be raised to; a connection is a file", NULL, NULL, NULL},

    {"files", "kern.maxfiles", HR_TUNE_LEAST, "65536", NULL, false,
     "a connection is a file; one of the documents sets ten million", NULL, NULL, NULL},
    {"files-a-process", "kern.maxfilesperproc", HR_TUNE_LEAST, "65536", NULL, false,
     "the same of one process", NULL, NULL, NULL},
    {"closed-connections", "net.inet.tcp.msl", HR_TUNE_MOST, "1000", NULL, true,
     "ms that a closed connection's late packets are waited for, twice; shorter is against the protocol", NULL, NULL, NULL},
    {"backlog", "kern.ipc.somaxconn", HR_TUNE_LEAST, "4096", NULL, false,
     "clients that connect at once wait here; one of the documents sets 32768", NULL, NULL, NULL},
    {"socket-buffer", "kern.ipc.maxsockbuf", HR_TUNE_LEAST, "16777216", NULL, false,
     "a socket may hold so many bytes: the link's rate times its delay", NULL, NULL, NULL},
    {"send-buffer", "net.inet.tcp.sendspace", HR_TUNE_LEAST, "1048576", NULL, false,
     "a connection's bytes on their way", NULL, NULL, NULL},
    {"receive-buffer", "net.inet.tcp.recvspace", HR_TUNE_LEAST, "1048576", NULL, false,
     "the same of what is received", NULL, NULL, NULL},
    {"send-buffer-most", "net.inet.tcp.autosndbufmax", HR_TUNE_LEAST, "16777216", NULL, false,
     "what the system may let it grow to", NULL, NULL, NULL},
    {"receive-buffer-most", "net.inet.tcp.autorcvbufmax", HR_TUNE_LEAST, "16777216", NULL, false,
     "the same of what is received", NULL, NULL, NULL},
    {"delayed-receipts", "net.inet.tcp.delayed_ack", HR_TUNE_IS, "0", NULL, false,
     "a receipt waits for company, and small sends for the receipt", NULL, NULL, NULL},
    {"send-cutting", "net.inet.tcp.tso", HR_TUNE_IS, "1", NULL, false,
     "the card cuts a batch into packets; without it the processor does", NULL, NULL, NULL},
    {"timers-gathered", "kern.timer.coalescing_enabled", HR_TUNE_IS, "0", NULL, true,
     "wake-ups are put off so that several come at once: it saves a battery", NULL, NULL, NULL},
    {"pinning", NULL, HR_TUNE_IS, NULL, NULL, false,
     "each side on a processor of its own (run.pin)", "wire/tcp/*/tuning=pinned", "wire/tcp/*/tuning=none", "p99"},
    {"realtime-priority", NULL, HR_TUNE_IS, NULL, NULL, false,
     "nobody else comes between (ulimit -r, or root)", "wire/tcp/*/tuning=pinned,realtime", "wire/tcp/*/tuning=pinned", "p99"},
    {.name = NULL},
};
/* clang-format on */

void hr_tuning_value(char *text)
{
    char *open = strchr(text, '['), *close = open ? strchr(open, ']') : NULL;

    if (close) {
        *close = 0;
        memmove(text, open + 1, strlen(open + 1) + 1);
    }
}

static bool number(const char *text, double *value)
{
    char *end;

    *value = strtod(text, &end);
    return end != text && *end == 0;
}

bool hr_tuning_met(const struct hr_tuning *tuning, const char *value)
{
    double now, wanted;

    switch (tuning->wish) {
    case HR_TUNE_IS:
        return strcmp(value, tuning->wanted) == 0;
    case HR_TUNE_NOT:
        return strcmp(value, tuning->unwanted) != 0;
    case HR_TUNE_LEAST:
        return number(value, &now) && number(tuning->wanted, &wanted) && now >= wanted;
    case HR_TUNE_MOST:
        return number(value, &now) && number(tuning->wanted, &wanted) && now <= wanted;
    }
    return false;
}

static bool of_link(const char *setting)
{
    return strncmp(setting, HR_LINK_SETTINGS, strlen(HR_LINK_SETTINGS)) == 0;
}

/* Beside interfaces there may lie a file (bonding_masters). */
static bool is_link(const char *root, const char *name)
{
    char path[320], mtu[64];
    int rc;

    snprintf(path, sizeof(path), LINKS "/%.60s/mtu", name);
    rc = hr_kernel_setting_read(root, path, mtu, sizeof(mtu));
    hr_error_clear();
    return rc == 0;
}

static int add(const char *root, const struct hr_tuning *tuning, const char *setting,
               struct hr_tuning_place *place)
{
    place->tuning = tuning;
    place->value[0] = place->why[0] = 0;
    snprintf(place->setting, sizeof(place->setting), "%s", setting);
    if (hr_kernel_setting_read(root, setting, place->value, sizeof(place->value))) {
        bool untold = of_link(setting); /* the interface is there: it is only not told */

        if (untold) {
            snprintf(place->why, sizeof(place->why), "%.150s", hr_error());
        }
        hr_error_clear();
        return untold;
    }
    hr_tuning_value(place->value);
    return 1;
}

int hr_tuning_places(const char *root, struct hr_tuning_place *places, int most)
{
    int count = 0;

    for (const struct hr_tuning *t = hr_tunings; t->name; t++) {
        const char *star = t->setting ? strchr(t->setting, '*') : NULL;
        struct hr_names names = {0};
        char folder[160], setting[320];

        if (!star) {
            count += t->setting && count < most ? add(root, t, t->setting, places + count) : 0;
            continue;
        }
        snprintf(folder, sizeof(folder), "%.*s", (int)(star - t->setting - 1), t->setting);
        hr_names_read(&names, root, "%s", of_link(t->setting) ? LINKS : folder);
        for (int i = 0; i < names.count && count < most; i++) {
            if (of_link(t->setting) && !is_link(root, names.name[i])) {
                continue;
            }
            snprintf(setting, sizeof(setting), "%s/%.60s%s", folder, names.name[i], star + 1);
            count += add(root, t, setting, places + count);
        }
        hr_names_free(&names);
    }
    return count;
}
