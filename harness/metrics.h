/*
 * metrics.h - what a server counts, as Prometheus reads it (text format 0.0.4).
 *
 * Four names are those that the published documents show, each of the kind that it should be:
 * orders_total and trades_executed_total are counters, order_latency_seconds a histogram,
 * memory_used_bytes a gauge. All others begin with headroom_. Rates and percentiles are for the
 * reader to make: rate(orders_total[1m]), histogram_quantile(0.99, …).
 */
#ifndef HR_METRICS_H
#define HR_METRICS_H

#include "harness/order_server.h"

#include <stdio.h>

struct hr_metrics {
    const struct hr_server_counts *counts;
    const char *engine;
    const char *const *ports; /* their addresses as text, counts->port_count of them */
    double started_s;         /* seconds since 1970 */
};

/* All of it. What cannot be written is for the caller to ask the stream. */
void hr_metrics_write(FILE *out, const struct hr_metrics *metrics);

/* ---- over HTTP ---------------------------------------------------------------------------- */

/* GET /metrics on a port of its own; anything else is 404 or 405. By libmicrohttpd; in a build
 * without it open() is -ENOTSUP. One thread, which calls run(). Whoever connects and says nothing
 * is sent away after 10 s. */
struct hr_metrics_http;
/* Writes a page; -errno makes it a 503. */
typedef int (*hr_metrics_page)(void *context, FILE *out);
int hr_metrics_available(void); /* 0 or -ENOTSUP with hr_error() */
int hr_metrics_open(struct hr_metrics_http **http, const char *host, uint16_t port,
                    hr_metrics_page page, void *context);
uint16_t hr_metrics_port(const struct hr_metrics_http *http);
/* Answers whoever asks, and returns after wait_ms at the latest, or earlier. */
void hr_metrics_run(struct hr_metrics_http *http, int wait_ms);
void hr_metrics_close(struct hr_metrics_http *http); /* accepts NULL */

#endif
