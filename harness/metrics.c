/* metrics.c - what does a server say of itself? One table row a family of counters and gauges, and
 * the histogram. */
#include "harness/metrics.h"

#include "harness/build.h"

#include <inttypes.h>
#include <stddef.h>

static void head(FILE *out, const char *name, const char *type, const char *help)
{
    fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* A label's value: \, " and the end of a line are escaped. */
static void label(FILE *out, const char *name, const char *value)
{
    fprintf(out, "%s=\"", name);
    for (; *value; value++) {
        if (*value == '\n') {
            fputs("\\n", out);
        } else {
            if (*value == '\\' || *value == '"') {
                fputc('\\', out);
            }
            fputc(*value, out);
        }
    }
    fputc('"', out);
}

static void sample(FILE *out, const char *name, const char *key, const char *value, uint64_t number)
{
    fputs(name, out);
    if (key) {
        fputc('{', out);
        label(out, key, value);
        fputc('}', out);
    }
    fprintf(out, " %" PRIu64 "\n", number);
}

/* One number each. */
struct family {
    const char *name, *type, *help;
    size_t at;
};

#define OF(field) offsetof(struct hr_server_counts, field)
static const struct family families[] = {
    {"headroom_events_total", "counter", "Events that the engine answered with.", OF(events)},
    {"headroom_batches_total", "counter", "Batches of orders that the engine was given.",
     OF(batches)},
    {"headroom_engines_total", "counter", "Engines that were made: 1, and one for each asked for.",
     OF(engines)},
    {"headroom_orders_lost_total", "counter",
     "Orders that did not come, by the numbers that their clients gave them.", OF(lost)},
    {"headroom_orders_duplicated_total", "counter", "Orders that came more than once, likewise.",
     OF(duplicated)},
    {"headroom_connections_cut_total", "counter",
     "Connections that were cut off: bytes that are no orders, or too many events unread.",
     OF(cut)},
    {"headroom_backlog_peak_bytes", "gauge", "The most that ever waited for one connection.",
     OF(waiting_bytes_max)},
};

#define PORT(field) offsetof(struct hr_port_counts, field)
static const struct family of_ports[] = {
    {"headroom_connections", "gauge", "Connections that are open and sent something.", PORT(open)},
    {"headroom_connections_total", "counter", "Connections that sent something.",
     PORT(connections)},
    {"headroom_connections_refused_total", "counter",
     "Connections without room, or silent ones that had to make it.", PORT(refused)},
    {"headroom_bad_messages_total", "counter",
     "Messages, handshakes and orders that were none; each ended its connection.", PORT(bad)},
    {"headroom_received_bytes_total", "counter", "Bytes of orders, before they were sealed.",
     PORT(bytes_in)},
    {"headroom_sent_bytes_total", "counter", "Bytes of events, before they were sealed.",
     PORT(bytes_out)},
};
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static uint64_t number_at(const void *counts, size_t at)
{
    return *(const uint64_t *)(const void *)((const char *)counts + at);
}

static void write_latency(FILE *out, const struct hr_server_counts *counts)
{
    static const char name[] = "order_latency_seconds";
    uint64_t sum = 0;

    head(out, name, "histogram",
         "From when an order was taken off its connection until its events were on their way.");
    for (uint32_t i = 0; i < HR_SERVER_BUCKETS; i++) {
        sum += counts->latency[i];
        if (i + 1 < HR_SERVER_BUCKETS) {
            fprintf(out, "%s_bucket{le=\"%.9g\"} %" PRIu64 "\n", name,
                    (double)hr_server_bucket_ns(i) / 1e9, sum);
        }
    }
    fprintf(out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", name, sum);
    fprintf(out, "%s_sum %.9f\n", name, (double)counts->latency_ns / 1e9);
    fprintf(out, "%s_count %" PRIu64 "\n", name, sum);
}

void hr_metrics_write(FILE *out, const struct hr_metrics *m)
{
    const struct hr_server_counts *c = m->counts;

    head(out, "orders_total", "counter",
         "Orders that the engine answered, by what became of them.");
    sample(out, "orders_total", "result", "accepted", c->accepted);
    sample(out, "orders_total", "result", "rejected", c->rejected);
    head(out, "trades_executed_total", "counter", "Trades that the engine made.");
    sample(out, "trades_executed_total", "status", "success", c->trades);
    write_latency(out, c);
    head(
        out, "memory_used_bytes", "gauge",
        "Resident memory of the server's process, what of it came since before its engine was made "
        "(orderbook), and events that wait for who does not read (backlog).");
    sample(out, "memory_used_bytes", "type", "process", c->resident_bytes);
    sample(out, "memory_used_bytes", "type", "orderbook", c->engine_bytes);
    sample(out, "memory_used_bytes", "type", "backlog", c->waiting_bytes);
    for (size_t i = 0; i < COUNT(families); i++) {
        head(out, families[i].name, families[i].type, families[i].help);
        sample(out, families[i].name, NULL, NULL, number_at(c, families[i].at));
    }
    for (size_t i = 0; i < COUNT(of_ports); i++) {
        head(out, of_ports[i].name, of_ports[i].type, of_ports[i].help);
        for (uint32_t k = 0; k < c->port_count; k++) {
            sample(out, of_ports[i].name, "port", m->ports[k],
                   number_at(c->ports + k, of_ports[i].at));
        }
    }
    head(out, "headroom_start_time_seconds", "gauge", "When the server began, since 1970.");
    fprintf(out, "headroom_start_time_seconds %.3f\n", m->started_s);
    head(out, "headroom_info", "gauge", "1; which engine and version.");
    fputs("headroom_info{", out);
    label(out, "engine", m->engine);
    fputc(',', out);
    label(out, "version", hr_build.version);
    fputs("} 1\n", out);
}
