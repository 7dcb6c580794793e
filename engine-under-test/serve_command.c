/*
 * serve_command.c - `headroom serve`: an engine behind ports, for clients of other programs and
 * machines.
 *
 * The engine and all ports are in one process (order_server.h), which this one watches: it asks for
 * the counts when somebody scrapes them, once a second for the terminal, and at the end. An engine
 * that crashes takes the server with it and not the last word.
 */
#include "engine-under-test/engine_stream.h"
#include "engine-under-test/loader.h"
#include "harness/clock.h"
#include "harness/error.h"
#include "harness/link_address.h"
#include "harness/link_keys.h"
#include "harness/link_socket.h"
#include "harness/metrics.h"
#include "harness/order_net.h"
#include "harness/progress.h"
#include "harness/record.h"
#include "harness/sink.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define METRICS_PORT 9090u
#define LOOK_MS 100
#define SECOND_NS UINT64_C(1000000000)
#define CONNECTIONS_MAX 65536u
#define HWM 1000u

static const struct hr_option options[] = {
    {"listen", 0, HR_OPT_LIST, "ADDRESS,…", NULL,
     "LINK://HOST:PORT, up to 8 of them (default tcp://127.0.0.1:5555); port 0: the system "
     "chooses"},
    {"engine", 'e', HR_OPT_TEXT, "ENGINE", "reference",
     "a built-in engine, or the path of a shared library"},
    EUT_FLOW_OPTIONS,
    {"orders", 0, HR_OPT_COUNT, "N", NULL, "live orders that the engine has room for"},
    {"levels", 0, HR_OPT_COUNT, "N", NULL, "price levels that the engine has room for"},
    {"connections", 0, HR_OPT_COUNT, "N", "256", "connections of each port, at most"},
    {"key", 0, HR_OPT_TEXT, "FILE.key", NULL, "who this server is, on sealed ports"},
    {"client-key", 0, HR_OPT_LIST, "FILE.pub", NULL,
     "who may come in on sealed ports; may be repeated"},
    {"renew", 0, HR_OPT_FLAG, NULL, NULL, "a client may ask for a new, empty engine"},
    {"metrics", 0, HR_OPT_TEXT, "ADDR:PORT|off", "127.0.0.1:9090",
     "where Prometheus asks; whoever reaches it may read it"},
    {"ports-file", 0, HR_OPT_TEXT, "FILE", NULL, "the addresses, one a line, once all are open"},
    {"lines", 0, HR_OPT_FLAG, NULL, NULL, "a line a second, also where there is no terminal"},
    {"json", 0, HR_OPT_TEXT, "FILE", NULL, "the last counts as JSON; - for standard output"},
    {.name = NULL},
};

struct port {
    struct hr_link_address address;
    char text[HR_ADDRESS_MAX + 32];
};

struct serve {
    const struct hr_args *args;
    struct eut_handle engine;
    struct eut_limits limits;
    struct hr_link_keys keys;
    struct port ports[HR_PORTS_MAX];
    const char *texts[HR_PORTS_MAX];
    uint32_t count;
    struct hr_link *link;
    struct hr_server server;
    struct hr_metrics_http *http;
    char metrics_text[HR_ADDRESS_MAX + 32];
    uint64_t start_ns;
    double started_s;
    struct hr_server_counts counts; /* as they were last told */
    bool lines;
};

/* ---- what was asked for ------------------------------------------------------------------- */

static int add_port(struct serve *s, const char *text, bool *sealed)
{
    int rc;

    if (s->count == HR_PORTS_MAX) {
        return hr_fail(EINVAL, "--listen: at most %u ports", HR_PORTS_MAX);
    }
    rc = hr_link_address(&s->ports[s->count].address, text, true);
    if (rc) {
        return hr_context(rc, "--listen");
    }
    *sealed |= s->ports[s->count].address.sealed;
    s->texts[s->count] = s->ports[s->count].text;
    s->count++;
    return 0;
}

static int read_ports(struct serve *s, bool *sealed)
{
    const char *const *lists;
    int n = hr_arg_list(s->args, "listen", &lists), rc = 0;

    for (int i = 0; i < n && rc == 0; i++) {
        const char *at = lists[i];

        while (rc == 0 && *at) {
            size_t length = strcspn(at, ",");
            char one[2 * HR_ADDRESS_MAX];

            snprintf(one, sizeof(one), "%.*s", (int)length, at);
            rc = length < sizeof(one) ? add_port(s, one, sealed)
                                      : hr_fail(EINVAL, "--listen: too long an address");
            at += length + (at[length] == ',');
        }
    }
    return rc || s->count ? rc : add_port(s, "tcp://127.0.0.1:5555", sealed);
}

static int read_keys(struct serve *s, bool sealed)
{
    const char *own = hr_arg_text(s->args, "key");
    const char *const *known;
    int n = hr_arg_list(s->args, "client-key", &known);

    if (!sealed) {
        return own || n ? hr_fail(EINVAL, "keys are for sealed ports, and none of these is one: "
                                          "--listen qtcp://… or qzmq://…")
                        : 0;
    }
    if (!own || n == 0) {
        return hr_fail(EINVAL, "a sealed port needs --key SERVER.key and --client-key CLIENT.pub, "
                               "which `headroom keys` makes");
    }
    return hr_link_keys_load(&s->keys, own, known, (uint32_t)n);
}

static int read_limits(struct serve *s)
{
    struct hr_flow_params flow;
    int rc = eut_flow_of_args(s->args, &flow);

    if (rc) {
        return rc;
    }
    s->limits = hr_flow_limits(&flow, HR_NET_BATCH_MAX);
    if (hr_arg_given(s->args, "orders")) {
        s->limits.orders = hr_arg_count(s->args, "orders");
    }
    if (hr_arg_given(s->args, "levels")) {
        s->limits.levels = hr_arg_count(s->args, "levels");
    }
    return s->limits.orders && s->limits.levels
               ? 0
               : hr_fail(EINVAL, "--orders and --levels are at least 1");
}

/* ---- ports -------------------------------------------------------------------------------- */

static int open_ports(struct serve *s, uint32_t connections)
{
    struct hr_link *links[HR_PORTS_MAX];
    uint32_t n = 0;
    int rc = 0;

    for (; n < s->count && rc == 0; n += rc == 0) {
        struct port *port = s->ports + n;
        struct hr_link_params params = {.message_bytes = HR_NET_REMOTE_BYTES,
                                        .congestion = "",
                                        .hwm = HWM,
                                        .place = &port->address.place,
                                        .keys = &s->keys,
                                        .strangers = connections,
                                        .beside = s->count > 1};

        rc = port->address.ops->listen(&links[n], &params);
        if (rc == 0) {
            links[n]->ops = port->address.ops;
        }
    }
    if (rc == 0) {
        return hr_link_many(&s->link, links, n);
    }
    while (n--) {
        links[n]->ops->close(links[n], HR_LINK_ALL);
    }
    return rc;
}

static int start_engine(struct serve *s)
{
    int rc = hr_server_start(&s->server, &(struct hr_server_params){
                                             .link = s->link,
                                             .engine = s->engine.engine,
                                             .limits = s->limits,
                                             .cpu = -1,
                                             .ports = true,
                                             .timed = true,
                                             .shares_cpu = true,
                                             .renew = hr_arg_flag(s->args, "renew"),
                                         });

    rc = rc ? rc : hr_server_look(&s->server, &s->counts);
    for (uint32_t k = 0; k < s->count && rc == 0; k++) {
        hr_link_address_text(&s->ports[k].address, (uint16_t)s->counts.ports[k].port,
                             s->ports[k].text);
    }
    return rc;
}

/* ---- metrics -------------------------------------------------------------------------------- */

static int write_page(void *context, FILE *out)
{
    struct serve *s = context;
    int rc = hr_server_look(&s->server, &s->counts);

    if (rc == 0) {
        hr_metrics_write(out, &(struct hr_metrics){.counts = &s->counts,
                                                   .engine = s->engine.engine->name,
                                                   .ports = s->texts,
                                                   .started_s = s->started_s});
    }
    return rc;
}

static int open_metrics(struct serve *s)
{
    const char *where = hr_arg_text(s->args, "metrics");
    char host[HR_ADDRESS_MAX];
    uint16_t port = METRICS_PORT;
    int rc;

    snprintf(s->metrics_text, sizeof(s->metrics_text), "off");
    if (strcmp(where, "off") == 0) {
        return 0;
    }
    if (hr_metrics_available()) {
        fprintf(stderr, "headroom: %s\n", hr_error()); /* nobody asked for them */
        return 0;
    }
    rc = hr_host_and_port(where, host, &port);
    rc = rc ? rc : hr_metrics_open(&s->http, host, port, write_page, s);
    if (rc == 0) {
        bool six = strchr(host, ':') != NULL;

        snprintf(s->metrics_text, sizeof(s->metrics_text), "http://%s%s%s:%u/metrics",
                 six ? "[" : "", host, six ? "]" : "", hr_metrics_port(s->http));
    }
    return rc ? hr_context(rc, "--metrics") : 0;
}

/* ---- what is told -------------------------------------------------------------------------- */

static int write_addresses(const struct serve *s)
{
    const char *file = hr_arg_text(s->args, "ports-file");
    struct hr_sink sink;
    int rc = 0;

    for (uint32_t k = 0; k < s->count; k++) {
        fprintf(stderr, "listening   %s\n", s->texts[k]);
    }
    fprintf(stderr, "metrics     %s\n", s->metrics_text);
    if (file) {
        rc = hr_sink_open(&sink, file);
        for (uint32_t k = 0; k < s->count && rc == 0; k++) {
            fprintf(sink.out, "%s\n", s->texts[k]);
        }
        if (rc == 0 && s->http) {
            fprintf(sink.out, "%s\n", s->metrics_text);
        }
        rc = rc ? rc : hr_sink_close(&sink, 0);
    }
    return rc;
}

static uint64_t open_connections(const struct hr_server_counts *c)
{
    uint64_t sum = 0;

    for (uint32_t k = 0; k < c->port_count; k++) {
        sum += c->ports[k].open;
    }
    return sum;
}

/* The second that is over. */
static void say_line(const struct serve *s, const struct hr_server_counts *before, double seconds)
{
    const struct hr_server_counts *c = &s->counts;
    uint64_t bad = 0;

    for (uint32_t k = 0; k < c->port_count; k++) {
        bad += c->ports[k].bad;
    }
    fprintf(stderr,
            "%8.0f s  %4" PRIu64 " connections  %10.0f orders/s  %10.0f trades/s  %" PRIu64
            " bad  %" PRIu64 " cut  %.1f MiB\n",
            (double)(hr_clock_ns() - s->start_ns) / 1e9, open_connections(c),
            (double)(c->received - before->received) / seconds,
            (double)(c->trades - before->trades) / seconds, bad, c->cut,
            (double)c->resident_bytes / 1048576.0);
}

/* At most so long; *none if nothing was timed. The bucket that the share falls into. */
static uint64_t share_ns(const struct hr_server_counts *c, double share)
{
    uint64_t all = 0, sum = 0;
    uint32_t i = 0;

    for (uint32_t k = 0; k < HR_SERVER_BUCKETS; k++) {
        all += c->latency[k];
    }
    for (; i + 1 < HR_SERVER_BUCKETS; i++) {
        sum += c->latency[i];
        if ((double)sum >= share * (double)all) {
            break;
        }
    }
    return hr_server_bucket_ns(i);
}

static void summary(const struct serve *s, double seconds)
{
    const struct hr_server_counts *c = &s->counts;

    printf("ended       after %.1f s\n", seconds);
    printf("orders      %" PRIu64 " received = %" PRIu64 " accepted + %" PRIu64
           " rejected; %" PRIu64 " lost, %" PRIu64 " duplicated before they came here\n",
           c->received, c->accepted, c->rejected, c->lost, c->duplicated);
    printf("answers     %" PRIu64 " events, %" PRIu64 " trades, in %" PRIu64 " batches\n",
           c->events, c->trades, c->batches);
    if (c->received) {
        printf("in here     p50 <= %g us, p99 <= %g us, p99.9 <= %g us\n",
               (double)share_ns(c, 0.5) / 1e3, (double)share_ns(c, 0.99) / 1e3,
               (double)share_ns(c, 0.999) / 1e3);
    }
    for (uint32_t k = 0; k < c->port_count; k++) {
        const struct hr_port_counts *p = c->ports + k;

        printf("port        %s: %" PRIu64 " connections, %" PRIu64 " cut, %" PRIu64
               " refused, %" PRIu64 " bad; %" PRIu64 " bytes in, %" PRIu64 " out\n",
               s->texts[k], p->connections, p->cut, p->refused, p->bad, p->bytes_in, p->bytes_out);
    }
    printf("cut         %" PRIu64 " connections, %" PRIu64
           " of them for bytes that are no orders\n",
           c->cut, c->bad);
    printf("memory      %.1f MiB\n", (double)c->resident_bytes / 1048576.0);
    printf("digest      %016" PRIx64 "%s\n", c->digest,
           c->engines > 1 ? " of the last engine" : "");
}

static json_t *port_json(const struct serve *s, uint32_t k)
{
    const struct hr_port_counts *p = s->counts.ports + k;

    return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "address", s->texts[k],
                     "connections", (json_int_t)p->connections, "open", (json_int_t)p->open,
                     "ended", (json_int_t)p->ended, "cut", (json_int_t)p->cut, "refused",
                     (json_int_t)p->refused, "bad", (json_int_t)p->bad, "bytes_in",
                     (json_int_t)p->bytes_in, "bytes_out", (json_int_t)p->bytes_out);
}

static int write_json(const struct serve *s, double seconds)
{
    const struct hr_server_counts *c = &s->counts;
    const char *file = hr_arg_text(s->args, "json");
    json_t *ports, *all;
    char digest[17];
    int rc;

    if (!file) {
        return 0;
    }
    ports = json_array();
    for (uint32_t k = 0; k < c->port_count; k++) {
        json_array_append_new(ports, port_json(s, k));
    }
    snprintf(digest, sizeof(digest), "%016" PRIx64, c->digest);
    all = json_pack(
        "{s:s, s:f, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:o}",
        "engine", s->engine.engine->name, "seconds", seconds, "received", (json_int_t)c->received,
        "accepted", (json_int_t)c->accepted, "rejected", (json_int_t)c->rejected, "events",
        (json_int_t)c->events, "trades", (json_int_t)c->trades, "batches", (json_int_t)c->batches,
        "lost", (json_int_t)c->lost, "duplicated", (json_int_t)c->duplicated, "cut",
        (json_int_t)c->cut, "bad", (json_int_t)c->bad, "engines", (json_int_t)c->engines,
        "resident_bytes", (json_int_t)c->resident_bytes, "digest", digest, "ports", ports);
    rc = all ? hr_json_write(all, 2, file) : hr_fail(ENOMEM, "no memory for JSON");
    json_decref(all);
    return rc;
}

/* ---- the watch ----------------------------------------------------------------------------- */

static int watch(struct serve *s)
{
    uint64_t told_ns = hr_clock_ns();
    struct hr_server_counts before = s->counts;

    while (!hr_stop_signal()) {
        uint64_t now_ns;
        int rc;

        if (s->http) {
            hr_metrics_run(s->http, LOOK_MS);
        } else {
            nanosleep(&(struct timespec){.tv_nsec = LOOK_MS * 1000000L}, NULL);
        }
        now_ns = hr_clock_ns();
        if (now_ns - told_ns < SECOND_NS) {
            continue;
        }
        rc = hr_server_look(&s->server, &s->counts);
        if (rc) {
            return rc == -EINTR ? 0 : rc;
        }
        if (s->lines) {
            say_line(s, &before, (double)(now_ns - told_ns) / 1e9);
        }
        before = s->counts;
        told_ns = now_ns;
    }
    return 0;
}

static int finish(struct serve *s)
{
    double seconds = (double)(hr_clock_ns() - s->start_ns) / 1e9;
    const char *json = hr_arg_text(s->args, "json");
    int rc;

    s->server.patient = true; /* what has to end is this very program */
    rc = hr_server_ask(&s->server, &s->counts);
    if (rc) {
        return rc;
    }
    if (!json || strcmp(json, "-") != 0) {
        summary(s, seconds);
        fflush(stdout);
    }
    return write_json(s, seconds);
}

/* Asked for, and not there. */
static int check_metrics(const struct serve *s)
{
    bool wanted =
        hr_arg_given(s->args, "metrics") && strcmp(hr_arg_text(s->args, "metrics"), "off") != 0;
    int rc = wanted ? hr_metrics_available() : 0;

    return rc ? hr_context(rc, "--metrics") : 0;
}

static int serve(struct serve *s)
{
    uint64_t connections = hr_arg_count(s->args, "connections");
    bool sealed = false;
    int rc = check_metrics(s);

    rc = rc ? rc : read_ports(s, &sealed);
    rc = rc ? rc : read_keys(s, sealed);
    rc = rc ? rc : read_limits(s);
    if (rc == 0 && (connections == 0 || connections > CONNECTIONS_MAX)) {
        rc = hr_fail(EINVAL, "--connections: 1 to %u", CONNECTIONS_MAX);
    }
    rc = rc ? rc : hr_sockets_allow(connections * s->count);
    rc = rc ? rc : open_ports(s, (uint32_t)connections);
    rc = rc ? rc : start_engine(s);
    rc = rc ? rc : open_metrics(s);
    rc = rc ? rc : write_addresses(s);
    if (rc) {
        return rc;
    }
    s->start_ns = hr_clock_ns();
    s->lines = hr_arg_flag(s->args, "lines") || isatty(STDERR_FILENO);
    rc = watch(s);
    rc = rc ? rc : finish(s);
    return rc ? HR_EXIT_VERDICT : 0;
}

static int run(const struct hr_args *args)
{
    struct serve *s = calloc(1, sizeof(*s));
    const char *name = hr_arg_text(args, "engine");
    struct timespec now;
    int rc;

    if (!s) {
        return hr_exit_of(hr_fail(ENOMEM, "no memory to start"));
    }
    s->args = args;
    s->server = (struct hr_server){.pid = -1, .control = -1};
    clock_gettime(CLOCK_REALTIME, &now);
    s->started_s = (double)now.tv_sec + (double)now.tv_nsec / 1e9;
    hr_clock_init();
    rc = eut_open(&s->engine, name);
    if (rc == 0) {
        eut_watch(&s->engine, name);
        hr_stop_install();
        signal(SIGPIPE, SIG_IGN);
        rc = serve(s);
        hr_metrics_close(s->http);
        hr_server_stop(&s->server);
        if (s->link) {
            s->link->ops->close(s->link, HR_LINK_ALL);
        }
        hr_link_keys_free(&s->keys);
        eut_close(&s->engine);
    }
    free(s);
    return rc < 0 ? hr_exit_of(rc) : rc;
}

const struct hr_command hr_command_serve = {
    .name = "serve",
    .operands = "",
    .summary = "an engine behind ports, for clients of other programs and machines",
    .details =
        "Runs until Ctrl-C or SIGTERM, then prints what it counted. Links: tcp, unix, uring, zmq, "
        "and\n"
        "sealed qtcp and qzmq. The engine gets the limits of the flow that is named (as `headroom\n"
        "drive` takes it), --orders and --levels apart. Who sends what is no order is cut off; "
        "the\n"
        "others go on. Ports of plain links are open to whoever reaches them: keep them on "
        "loopback\n"
        "or in a network of your own.\n"
        "\n"
        "  headroom serve                                      tcp on 127.0.0.1:5555, metrics on "
        "9090\n"
        "  headroom serve --listen tcp://0.0.0.0:5555,zmq://0.0.0.0:5556 --markets 5000\n"
        "  headroom keys server; headroom keys desk\n"
        "  headroom serve --listen qzmq://0.0.0.0:5557 --key server.key --client-key desk.pub\n"
        "  curl -s 127.0.0.1:9090/metrics                      for Prometheus; "
        "configs/grafana.json shows it\n"
        "\n"
        "exit: 0 ended by a signal, 1 its engine or a port failed, 2 bad input, or it\n"
        "could not start, 6 no such engine or link",
    .options = options,
    .run = run,
};
