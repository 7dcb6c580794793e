/*
 * drive_command.c - `headroom drive`: clients for a `headroom serve` elsewhere. How many orders a
 * second does it answer, after what time, and rightly?
 *
 * The flow is made here from its seed before anything is sent. What comes back is folded into a
 * digest, and the oracle, in this process, is afterwards given what was sent: a market's orders all
 * come from one client, so each client's sent part tells what each market saw. That holds if the
 * server's engine was empty before; else the result cannot be used. What others' orders do to the
 * same markets shows as events that are not the oracle's.
 */
#include "engine-under-test/engine_stream.h"
#include "engine-under-test/loader.h"
#include "harness/clock.h"
#include "harness/error.h"
#include "harness/link_address.h"
#include "harness/link_keys.h"
#include "harness/link_socket.h"
#include "harness/order_net.h"
#include "harness/order_pace.h"
#include "harness/platform/platform.h"
#include "harness/progress.h"
#include "harness/record.h"
#include "harness/wire.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ANSWER_MS 10000u
#define WINDOW_DEFAULT 512u
#define HWM 1000u
#define PROOF_BATCH 512u
#define RATE_MAX 1e9
#define ORDER_BYTES (2 * sizeof(struct eut_request)) /* kept as made, and by client */

static const struct hr_option options[] = {
    EUT_FLOW_OPTIONS,
    {"requests", 0, HR_OPT_COUNT, "N", "1M",
     "orders in all, those that build the books first; with --rate and --duration: their product"},
    {"duration", 0, HR_OPT_TEXT, "TIME", NULL, "nothing is sent after it: 10s, 5min"},
    {"rate", 0, HR_OPT_COUNT, "R", NULL,
     "orders/s over all clients, each due at its time (open loop); none: as they are answered"},
    {"clients", 0, HR_OPT_COUNT, "N", "20", "connections, at most one a market"},
    {"batch", 0, HR_OPT_COUNT, "N", "256", "orders in a message, at most 1024"},
    {"window", 0, HR_OPT_COUNT, "N", NULL,
     "orders that a client sends ahead of their answers (default 512, at least a batch)"},
    {"lost-after", 0, HR_OPT_TEXT, "TIME", "5s", "without any answer for so long the rest is lost"},
    {"new-engine", 0, HR_OPT_FLAG, NULL, NULL, "ask for an empty engine first (serve --renew)"},
    {"key", 0, HR_OPT_TEXT, "FILE.key", NULL, "who this client is, to a sealed port"},
    {"server-key", 0, HR_OPT_TEXT, "FILE.pub", NULL, "who the server must be"},
    {"lines", 0, HR_OPT_FLAG, NULL, NULL, "a line a second, also where there is no terminal"},
    {"json", 0, HR_OPT_TEXT, "FILE", NULL, "the result as JSON; - for standard output"},
    {.name = NULL},
};

enum { PASS, INVALID };

struct drive {
    const struct hr_args *args;
    struct hr_link_address address;
    char text[HR_ADDRESS_MAX + 32];
    struct hr_link_keys keys;
    struct hr_flow_params flow;
    struct eut_limits limits; /* that the flow needs */
    uint64_t requests, duration_ns, lost_after_ms;
    double rate;
    uint32_t clients, batch, window;
    bool lines;
    struct hr_link *link;
    struct hr_clients *side;
    bool fresh, ruler; /* the server's engine: was empty; matches nothing */
    uint64_t before;   /* orders that it had taken */
    struct hr_net_cut cut;
    uint64_t *sent;
    uint64_t ns;
    struct hr_histogram *latency;
    struct hr_client_counts last; /* a second ago */
    bool told;                    /* the server told these */
    uint64_t received, accepted;
    bool shared; /* others sent orders to the same engine, or had it replaced */
    bool compared;
    uint64_t digest, right;
    bool interrupted;
    char why[HR_ERROR_MAX]; /* that the result cannot be used; "" */
};

/* ---- what was asked for --------------------------------------------------------------------- */

static int count_of(const struct drive *d, const char *name, uint64_t least, uint64_t most,
                    uint32_t *value)
{
    uint64_t n = hr_arg_count(d->args, name);

    if (n < least || n > most) {
        return hr_fail(EINVAL, "--%s %" PRIu64 ": from %" PRIu64 " to %" PRIu64, name, n, least,
                       most);
    }
    *value = (uint32_t)n;
    return 0;
}

static int time_of(const struct drive *d, const char *name, uint64_t *ns)
{
    int rc = hr_parse_time(hr_arg_text(d->args, name), ns);

    rc = rc || *ns >= 1000000 ? rc : hr_fail(EINVAL, "at least 1ms");
    return rc ? hr_context(rc, "--%s", name) : 0;
}

static int read_keys(struct drive *d)
{
    const char *own = hr_arg_text(d->args, "key"), *server = hr_arg_text(d->args, "server-key");

    if (!d->address.sealed) {
        return own || server ? hr_fail(EINVAL, "keys are for a sealed port, which this is not: "
                                               "qtcp://… or qzmq://…")
                             : 0;
    }
    if (!own || !server) {
        return hr_fail(EINVAL, "a sealed port needs --key CLIENT.key and --server-key SERVER.pub, "
                               "which `headroom keys` makes");
    }
    return hr_link_keys_load(&d->keys, own, &server, 1);
}

/* They are all made before the first is sent. */
static int check_requests(const struct drive *d)
{
    uint64_t free_bytes = hr_memory_available();

    if (d->requests == 0) {
        return hr_fail(EINVAL, "no orders: --requests, or --rate times --duration, is at least 1");
    }
    return d->requests < free_bytes / ORDER_BYTES
               ? 0
               : hr_fail(ENOMEM,
                         "%" PRIu64 " orders are kept here, %zu bytes each, and %.1f GiB are free: "
                         "fewer --requests, or a shorter --duration",
                         d->requests, ORDER_BYTES, (double)free_bytes / 1073741824.0);
}

static int read_args(struct drive *d)
{
    const char *const *operands;
    int n = hr_arg_operands(d->args, &operands);
    uint64_t lost_ns = 0;
    int rc = hr_link_address(&d->address, n ? operands[0] : "tcp://127.0.0.1:5555", false);

    rc = rc ? rc : eut_flow_of_args(d->args, &d->flow);
    rc = rc ? rc : count_of(d, "clients", 1, HR_LINK_CLIENTS_MAX, &d->clients);
    rc = rc ? rc : count_of(d, "batch", 1, HR_NET_BATCH_MAX, &d->batch);
    d->window = d->batch > WINDOW_DEFAULT ? d->batch : WINDOW_DEFAULT;
    if (rc == 0 && hr_arg_given(d->args, "window")) {
        rc = count_of(d, "window", d->batch, UINT32_MAX / 2, &d->window);
    }
    if (rc == 0 && hr_arg_given(d->args, "duration")) {
        rc = time_of(d, "duration", &d->duration_ns);
    }
    rc = rc ? rc : time_of(d, "lost-after", &lost_ns);
    rc = rc ? rc : read_keys(d);
    if (rc) {
        return rc;
    }
    hr_link_address_text(&d->address, d->address.place.port, d->text);
    d->lost_after_ms = lost_ns / 1000000;
    d->requests = hr_arg_count(d->args, "requests");
    if (hr_arg_given(d->args, "rate")) {
        d->rate = (double)hr_arg_count(d->args, "rate");
        if (d->rate < 1 || d->rate > RATE_MAX) {
            return hr_fail(EINVAL, "--rate: from 1 to %g; without it, as fast as they are answered",
                           RATE_MAX);
        }
    }
    if (d->rate > 0 && d->duration_ns && !hr_arg_given(d->args, "requests")) {
        double product = d->rate * (double)d->duration_ns / 1e9;

        d->requests = product < 1e18 ? (uint64_t)product : UINT64_MAX;
    }
    d->limits = hr_flow_limits(&d->flow, HR_NET_BATCH_MAX);
    d->clients = d->clients < d->limits.markets ? d->clients : d->limits.markets;
    d->lines = hr_arg_flag(d->args, "lines") || isatty(STDERR_FILENO);
    return check_requests(d);
}

/* ---- the server ---------------------------------------------------------------------------- */

static int ask(struct drive *d, uint8_t what, struct hr_wire_event *answer)
{
    int rc = hr_client_ask(d->side, 0, what, ANSWER_MS, answer);

    return rc == -ETIMEDOUT
               ? hr_fail(ETIMEDOUT, "no answer within %u s: is `headroom serve` there?",
                         ANSWER_MS / 1000)
               : rc;
}

/* Has its engine the markets of this flow, and room for it? */
static int check_limits(struct drive *d)
{
    const struct eut_limits *mine = &d->limits;
    struct hr_wire_event its;
    int rc = ask(d, HR_WIRE_ASK_LIMITS, &its);

    if (rc) {
        return rc;
    }
    d->ruler = (its.reason & HR_WIRE_RULER) != 0;
    if (its.price != mine->markets || its.qty != mine->l2_markets) {
        return hr_fail(EINVAL,
                       "the server has %u markets (%u of them L2), this flow %u (%u): give both "
                       "sides the same --markets, --preset and -S",
                       its.price, its.qty, mine->markets, mine->l2_markets);
    }
    if (its.order < mine->orders || its.maker < mine->levels) {
        return hr_fail(EINVAL,
                       "the server has room for %" PRIu64 " orders and %" PRIu64
                       " levels, this flow may need %" PRIu64 " and %" PRIu64
                       ": serve --orders, --levels",
                       its.order, its.maker, mine->orders, mine->levels);
    }
    return 0;
}

static int ask_engine(struct drive *d)
{
    bool anew = hr_arg_flag(d->args, "new-engine");
    struct hr_wire_event answer;
    int rc = ask(d, anew ? HR_WIRE_ASK_NEW_ENGINE : HR_WIRE_ASK_ENGINE, &answer);

    if (rc == 0 && anew && answer.order) {
        rc = hr_fail(EPERM, "the server makes no new engine for clients: serve --renew");
    }
    d->before = rc ? 0 : answer.order;
    d->fresh = d->before == 0;
    return rc;
}

static int meet(struct drive *d)
{
    struct hr_link_params params = {.clients = d->clients,
                                    .message_bytes = HR_NET_REMOTE_BYTES,
                                    .congestion = "",
                                    .hwm = HWM,
                                    .place = &d->address.place,
                                    .keys = &d->keys,
                                    .beside = d->rate > 0};
    int rc = hr_sockets_allow(d->clients);

    rc = rc ? rc : d->address.ops->listen(&d->link, &params);
    if (rc == 0) {
        d->link->ops = d->address.ops;
        rc = d->link->ops->join(d->link, false);
    }
    rc = rc ? rc
            : hr_clients_new(&d->side, &(struct hr_clients_params){.link = d->link,
                                                                   .markets = d->limits.markets,
                                                                   .window = d->window});
    rc = rc ? rc : check_limits(d);
    rc = rc ? rc : ask_engine(d);
    if (rc == -EPIPE) {
        rc = hr_fail(EPIPE,
                     "the server took none or not all of %u connections: it %shas another link on "
                     "this port, or too little room (serve --connections)",
                     d->clients,
                     d->address.sealed ? "does not know this --key (serve --client-key), " : "");
    }
    return rc ? hr_context(rc, "%s", d->text) : 0;
}

/* What the server says of these connections. Nothing, if it does not answer. */
static void ask_counts(struct drive *d)
{
    struct hr_wire_event all;

    d->told = true;
    for (uint32_t c = 0; c < d->clients && d->told; c++) {
        struct hr_wire_event answer;

        d->told = hr_client_ask(d->side, c, HR_WIRE_ASK_CONNECTION, 1000, &answer) == 0;
        d->received += d->told ? answer.order : 0;
        d->accepted += d->told ? answer.maker : 0;
    }
    d->shared = d->told && hr_client_ask(d->side, 0, HR_WIRE_ASK_ENGINE, 1000, &all) == 0 &&
                all.order != d->before + d->received;
}

/* ---- the flow and its proof ---------------------------------------------------------------- */

static int make_flow(struct drive *d)
{
    uint64_t load = hr_flow_load(&d->flow);
    struct eut_handle shadow;
    struct hr_tape tape;
    int rc = eut_open(&shadow, "reference");

    rc = rc ? rc
            : hr_tape_record(&tape, &d->flow, d->requests > load ? d->requests - load : 0,
                             shadow.engine, NULL, NULL);

    if (rc) {
        return rc;
    }
    rc = hr_net_cut(&d->cut, tape.requests, d->requests < load ? d->requests : load + tape.steady,
                    d->clients);
    hr_tape_free(&tape);
    return rc;
}

static void forget(struct eut_sink *sink)
{
    sink->count = 0;
}

static int prove_client(void *oracle, const struct hr_client_tape *tape, uint64_t sent)
{
    struct eut_event events[256];
    struct eut_sink sink = {.events = events, .room = 256, .flush = forget};

    for (uint64_t at = 0; at < sent; at += PROOF_BATCH) {
        uint32_t n = sent - at < PROOF_BATCH ? (uint32_t)(sent - at) : PROOF_BATCH;
        int rc = eut_oracle.submit(oracle, tape->requests + at, n, &sink);

        if (rc) {
            return hr_fail(EIO, "the oracle failed on a flow: %s", strerror(rc < 0 ? -rc : EIO));
        }
    }
    return 0;
}

static int prove(struct drive *d)
{
    struct eut_limits limits = d->limits;
    void *oracle;
    int rc = eut_oracle.create(&limits, &oracle);

    if (rc) {
        return hr_fail(-rc, "the oracle did not start for %u markets: %s", limits.markets,
                       strerror(-rc));
    }
    for (uint32_t c = 0; c < d->clients && rc == 0; c++) {
        rc = prove_client(oracle, d->cut.tapes + c, d->sent[c]);
    }
    d->right = eut_oracle.digest(oracle);
    d->compared = rc == 0;
    eut_oracle.destroy(oracle);
    return rc;
}

/* ---- verdict ------------------------------------------------------------------------------- */

static void invalid(struct drive *d, const char *why)
{
    if (!d->why[0]) {
        snprintf(d->why, sizeof(d->why), "%s", why);
    }
}

static int judge(struct drive *d)
{
    const struct hr_client_counts *c = hr_clients_counts(d->side);
    int rc = 0;

    d->digest = hr_clients_digest(d->side);
    if (c->lost || c->duplicated) {
        invalid(d, "orders were lost, or answered twice");
    } else if (d->ruler) {
        invalid(d, "the server's engine matches nothing, so nothing of it could be right");
    } else if (!d->fresh) {
        char text[160];

        snprintf(text, sizeof(text),
                 "the server's engine had taken %" PRIu64 " orders before, which the oracle does "
                 "not know: restart it, or --new-engine",
                 d->before);
        invalid(d, text);
    } else {
        rc = prove(d);
        if (rc == 0 && d->digest != d->right) {
            invalid(d, d->shared
                           ? "the events that came back are not the oracle's: others used the "
                             "server's engine meanwhile; one drive at a time"
                           : "the events that came back are not the oracle's");
        }
    }
    if (c->offered != c->sent + c->refused || c->sent != c->acked + c->lost ||
        (d->told && c->lost == 0 && d->received != c->sent) ||
        (d->told && c->lost == 0 && d->received - d->accepted != c->rejected)) {
        invalid(d, "the counters do not add up");
    }
    return rc;
}

/* ---- what is told -------------------------------------------------------------------------- */

static void say_line(void *context, uint64_t ns)
{
    struct drive *d = context;
    const struct hr_client_counts *c = hr_clients_counts(d->side);

    if (d->lines) {
        fprintf(stderr,
                "%6.0f s  %10" PRIu64 " orders/s sent  %10" PRIu64 " acked  %8" PRIu64
                " refused  p50 %.1f us  p99 %.1f us\n",
                (double)ns / 1e9, c->sent - d->last.sent, c->acked - d->last.acked,
                c->refused - d->last.refused, (double)hr_histogram_percentile(d->latency, 50) / 1e3,
                (double)hr_histogram_percentile(d->latency, 99) / 1e3);
    }
    d->last = *c;
}

static const double percentiles[] = {50, 90, 99, 99.9, 99.99};

static bool enough(const struct drive *d, double percentile)
{
    return percentile < 99 ||
           hr_histogram_count(d->latency) >= hr_histogram_samples_needed(percentile);
}

static double per_second(const struct drive *d)
{
    return d->ns ? (double)hr_clients_counts(d->side)->acked / (double)d->ns * 1e9 : 0;
}

static void summary(const struct drive *d)
{
    const struct hr_client_counts *c = hr_clients_counts(d->side);

    printf("path        %s, %u clients, batches of %u, window %u, ", d->text, d->clients, d->batch,
           d->window);
    if (d->rate > 0) {
        printf("%.0f orders/s\n", d->rate);
    } else {
        printf("closed loop\n");
    }
    printf("offered     %" PRIu64 " = %" PRIu64 " sent + %" PRIu64 " refused\n", c->offered,
           c->sent, c->refused);
    printf("sent        %" PRIu64 " = %" PRIu64 " acked + %" PRIu64 " lost; %" PRIu64
           " duplicated\n",
           c->sent, c->acked, c->lost, c->duplicated);
    if (d->told) {
        printf("received    %" PRIu64 " = %" PRIu64 " accepted + %" PRIu64 " rejected\n",
               d->received, d->accepted, d->received - d->accepted);
    } else {
        printf("received    unknown: the server does not answer any more\n");
    }
    printf("answers     %" PRIu64 " events, %" PRIu64 " trades\n", c->events, c->trades);
    printf("rate        %.0f orders/s acked over %.3f s\n", per_second(d), (double)d->ns / 1e9);
    printf("latency    ");
    for (size_t i = 0; i < sizeof(percentiles) / sizeof(percentiles[0]); i++) {
        if (enough(d, percentiles[i])) {
            printf(" p%g %.1f us,", percentiles[i],
                   (double)hr_histogram_percentile(d->latency, percentiles[i]) / 1e3);
        }
    }
    printf(" max %.1f us, from when %s\n", (double)hr_histogram_max(d->latency) / 1e3,
           d->rate > 0 ? "an order was due" : "its batch was sent");
    printf("digest      %016" PRIx64 ": ", d->digest);
    if (d->compared) {
        printf("the oracle's is %s\n", d->digest == d->right ? "the same" : "ANOTHER");
    } else {
        printf("not compared\n");
    }
    printf("verdict     %s%s%s\n", d->why[0] ? "INVALID: " : "PASS", d->why,
           d->interrupted ? " (interrupted)" : "");
}

static json_t *latency_json(const struct drive *d)
{
    json_t *all = json_object();

    for (size_t i = 0; i < sizeof(percentiles) / sizeof(percentiles[0]); i++) {
        char key[16];

        snprintf(key, sizeof(key), "p%g", percentiles[i]);
        json_object_set_new(
            all, key,
            enough(d, percentiles[i])
                ? json_integer((json_int_t)hr_histogram_percentile(d->latency, percentiles[i]))
                : json_null());
    }
    json_object_set_new(all, "max", json_integer((json_int_t)hr_histogram_max(d->latency)));
    json_object_set_new(all, "count", json_integer((json_int_t)hr_histogram_count(d->latency)));
    return all;
}

static json_t *counts_json(const struct drive *d)
{
    const struct hr_client_counts *c = hr_clients_counts(d->side);

    return json_pack("{s:I, s:I, s:I, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I}", "offered",
                     (json_int_t)c->offered, "sent", (json_int_t)c->sent, "refused",
                     (json_int_t)c->refused, "received",
                     d->told ? json_integer((json_int_t)d->received) : json_null(), "accepted",
                     d->told ? json_integer((json_int_t)d->accepted) : json_null(), "acked",
                     (json_int_t)c->acked, "lost", (json_int_t)c->lost, "duplicated",
                     (json_int_t)c->duplicated, "rejected", (json_int_t)c->rejected, "events",
                     (json_int_t)c->events, "trades", (json_int_t)c->trades);
}

static int write_json(const struct drive *d)
{
    const char *file = hr_arg_text(d->args, "json");
    char digest[17], right[17];
    json_t *all;
    int rc;

    if (!file) {
        return 0;
    }
    snprintf(digest, sizeof(digest), "%016" PRIx64, d->digest);
    snprintf(right, sizeof(right), "%016" PRIx64, d->right);
    all = json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:f, s:f, s:f, s:o, s:o, s:s, s:s?}", "address",
                    d->text, "status", d->why[0] ? "invalid" : "pass", "reason", d->why, "clients",
                    (json_int_t)d->clients, "batch", (json_int_t)d->batch, "window",
                    (json_int_t)d->window, "rate", d->rate, "seconds", (double)d->ns / 1e9,
                    "orders_per_second", per_second(d), "counts", counts_json(d), "latency_ns",
                    latency_json(d), "digest", digest, "oracle_digest", d->compared ? right : NULL);
    rc = all ? hr_json_write(all, 2, file) : hr_fail(ENOMEM, "no memory for JSON");
    json_decref(all);
    return rc;
}

/* ---- the run ------------------------------------------------------------------------------- */

static int pace(struct drive *d)
{
    int rc;

    d->sent = calloc(d->clients, sizeof(*d->sent));
    d->latency = hr_histogram_new();
    if (!d->sent || !d->latency) {
        return hr_fail(ENOMEM, "no memory for %u clients", d->clients);
    }
    rc = hr_clients_pace(d->side,
                         &(struct hr_pace){.tapes = d->cut.tapes,
                                           .clients = d->clients,
                                           .batch = d->batch,
                                           .rate = d->rate,
                                           .duration_ns = d->duration_ns,
                                           .lost_after_ms = (unsigned)d->lost_after_ms,
                                           .latency = d->latency,
                                           .second = say_line,
                                           .context = d},
                         d->sent, &d->ns);
    d->interrupted = rc == -EINTR;
    if (rc && rc != -EINTR) {
        invalid(d, hr_error()); /* what was counted until then is told */
    }
    return rc == -ENOMEM ? rc : 0;
}

static int drive(struct drive *d)
{
    const char *json;
    int rc = read_args(d);

    rc = rc ? rc : meet(d);
    rc = rc ? rc : make_flow(d);
    rc = rc ? rc : pace(d);
    if (rc) {
        return rc;
    }
    if (!d->interrupted) {
        ask_counts(d);
    }
    hr_error_clear();
    rc = judge(d);
    if (rc) {
        return rc;
    }
    json = hr_arg_text(d->args, "json");
    if (!json || strcmp(json, "-") != 0) {
        summary(d);
    }
    rc = write_json(d);
    return rc               ? rc
           : d->interrupted ? HR_EXIT_SIGNAL + hr_stop_signal()
           : d->why[0]      ? HR_EXIT_INVALID
                            : HR_EXIT_OK;
}

static int run(const struct hr_args *args)
{
    struct drive *d = calloc(1, sizeof(*d));
    int rc;

    if (!d) {
        return hr_exit_of(hr_fail(ENOMEM, "no memory to start"));
    }
    d->args = args;
    hr_clock_init();
    hr_stop_install();
    signal(SIGPIPE, SIG_IGN);
    rc = drive(d);
    hr_clients_free(d->side);
    if (d->link) {
        d->link->ops->close(d->link, HR_LINK_ALL);
    }
    hr_link_keys_free(&d->keys);
    hr_net_cut_free(&d->cut);
    hr_histogram_free(d->latency);
    free(d->sent);
    free(d);
    return rc < 0 ? (rc == -EINTR ? HR_EXIT_SIGNAL + hr_stop_signal() : hr_exit_of(rc)) : rc;
}

const struct hr_command hr_command_drive = {
    .name = "drive",
    .operands = "[LINK://HOST:PORT]",
    .operands_max = 1,
    .summary = "clients for a `headroom serve`: rate, latency, and are its answers right?",
    .details =
        "Makes a flow from its seed, sends it over as many connections as there are clients,\n"
        "checks that every order is answered once, and compares the events with the oracle's.\n"
        "The server's engine must have the flow's markets, must have been empty, and must be\n"
        "driven by nobody else meanwhile. Counters, each told at the end: offered = sent +\n"
        "refused, sent = acked + lost, received = accepted + rejected.\n"
        "\n"
        "  headroom drive                                     tcp://127.0.0.1:5555, closed loop\n"
        "  headroom drive zmq://10.0.0.2:5556 --rate 500k --duration 10s\n"
        "  headroom drive qzmq://10.0.0.2:5557 --key desk.key --server-key server.pub\n"
        "\n"
        "exit: 0 all answered, and rightly; 2 bad input, or no server; 3 the result cannot be "
        "used, and why;\n"
        "6 no such link; 130/143 interrupted",
    .options = options,
    .run = run,
};
