/* replay_command.c - `headroom replay`: what happens when a recorded flow goes through an engine?
 * Reads the flow in batches, submits them, writes events and books as text. Holds no more of the
 * flow than a batch. Its rate includes reading and writing: information, not a measurement. */
#include "engine-under-test/loader.h"
#include "engine-under-test/replay.h"
#include "harness/byte_source.h"
#include "harness/clock.h"
#include "harness/command.h"
#include "harness/error.h"
#include "harness/progress.h"
#include "harness/record.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const struct hr_option options[] = {
    {"engine", 'e', HR_OPT_TEXT, "ENGINE", "reference",
     "built-in engine (see `headroom list`) or PATH.so"},
    {"markets", 0, HR_OPT_COUNT, "N", NULL,
     "markets of the engine; default: the highest in FLOW, plus 1"},
    {"l2", 0, HR_OPT_COUNT, "M", "0", "of these, the last M keep only totals (L2)"},
    {"format", 0, HR_OPT_TEXT, "FORMAT", "auto",
     "csv, bin, itch50, lobster, or auto: by the first bytes"},
    {"events", 0, HR_OPT_TEXT, "FILE", NULL, "write every event here, - for standard output"},
    {"books", 0, HR_OPT_TEXT, "FILE", NULL, "write the books after the last request here, or -"},
    {"orders", 0, HR_OPT_COUNT, "N", NULL,
     "live orders the engine has room for; default: enough for FLOW"},
    {"levels", 0, HR_OPT_COUNT, "N", NULL,
     "live price levels it has room for; default: enough for FLOW"},
    {"batch", 0, HR_OPT_COUNT, "N", "1024", "requests a batch"},
    {"json", 0, HR_OPT_TEXT, "FILE", NULL, "write what happened as JSON here, or -"},
    {.name = NULL},
};

#define BATCH_MAX 65536u
/* Without --markets: no more than this on the word of one line of the file. */
#define MARKETS_GUESS_MAX 16777216u

static int limit_of(const struct hr_args *args, const char *name, uint64_t least, uint64_t most,
                    uint64_t *value)
{
    if (hr_arg_given(args, name)) {
        *value = hr_arg_count(args, name);
    }
    return *value >= least && *value <= most
               ? 0
               : hr_fail(EINVAL, "--%s %" PRIu64 ": must be %" PRIu64 " to %" PRIu64, name, *value,
                         least, most);
}

/* What the engine is created with: as told, else large enough for the flow. */
static int decide_limits(const struct hr_args *args, const char **flow, enum hr_format format,
                         struct eut_limits *limits)
{
    struct hr_flow_extent extent = {0};
    bool told = hr_arg_given(args, "markets") && hr_arg_given(args, "orders") &&
                hr_arg_given(args, "levels");
    int rc = told ? 0 : hr_bytes_spool(flow);

    if (rc == 0 && !told) {
        rc = hr_flow_file_extent(*flow, format, &extent);
    }
    if (rc) {
        return rc;
    }
    uint64_t markets = (uint64_t)extent.market_max + 1, l2 = hr_arg_count(args, "l2");
    uint64_t orders = extent.news ? extent.news : 1, batch = hr_arg_count(args, "batch");
    uint64_t levels = extent.news + extent.quotes ? extent.news + extent.quotes : 1;

    if (!hr_arg_given(args, "markets") && markets > MARKETS_GUESS_MAX) {
        return hr_fail(EINVAL, "%s names market %" PRIu32 ": say with --markets how many there are",
                       *flow, extent.market_max);
    }
    if (limit_of(args, "markets", 1, UINT32_MAX, &markets) ||
        limit_of(args, "orders", 1, UINT64_MAX, &orders) ||
        limit_of(args, "levels", 1, UINT64_MAX, &levels) ||
        limit_of(args, "batch", 1, BATCH_MAX, &batch) || limit_of(args, "l2", 0, markets, &l2)) {
        return -EINVAL;
    }
    *limits = (struct eut_limits){
        .struct_size = sizeof(*limits),
        .markets = (uint32_t)markets,
        .l2_markets = (uint32_t)l2,
        .batch_max = (uint32_t)batch,
        .orders = orders,
        .levels = levels,
    };
    return 0;
}

static double share(uint64_t part, uint64_t whole)
{
    return whole ? (double)part / (double)whole : 0;
}

static void print_recorded(const struct eut_replay *replay)
{
    const struct hr_recorded_counts *c = &replay->recorded;

    if (!replay->is_recorded) {
        return;
    }
    if (c->executions) {
        fprintf(stderr,
                "fidelity %.4f: %" PRIu64 " of %" PRIu64
                " recorded executions met the very order the exchange's did; %" PRIu64
                " met another, %" PRIu64 " met none\n",
                share(replay->same_order, c->executions), replay->same_order, c->executions,
                replay->other_order, replay->no_order);
    } else {
        fprintf(stderr, "fidelity: no recorded executions of displayed orders\n");
    }
    if (replay->traded_on_entry) {
        fprintf(
            stderr,
            "%" PRIu64
            " orders that the feed shows resting traded here at once: its books are not those of "
            "price-time order, or were not seen from the start\n",
            replay->traded_on_entry);
    }
    fprintf(stderr,
            "passed over: %" PRIu64 " about orders never seen, %" PRIu64
            " trades of no displayed order, %" PRIu64 " crosses, %" PRIu64
            " broken trades, %" PRIu64 " halts, %" PRIu64 " about no order, %" PRIu64
            " of unknown type; ids entered twice: %" PRIu64 "\n",
            c->unknown_orders, c->not_displayed, c->crosses, c->broken, c->halts, c->other,
            c->unknown_types, c->reused_ids);
    if (c->cut_short) {
        fprintf(stderr, "the file ends inside a message\n");
    }
}

static void print_summary(const struct eut_replay *r, const char *format, uint64_t bytes,
                          double seconds)
{
    fprintf(stderr,
            "%" PRIu64 " requests (%s) through %s: %" PRIu64 " trades, %" PRIu64
            " accepted, %" PRIu64 " cancelled, %" PRIu64 " rejected\n",
            r->requests, format, r->engine->name, r->trades, r->accepted, r->cancelled,
            r->rejected);
    if (r->rejected) {
        const char *comma = "";

        fprintf(stderr, "rejected: ");
        for (unsigned i = 0; i < 32; i++) {
            if (r->rejected_by[i]) {
                fprintf(stderr, "%s%" PRIu64 " %s", comma, r->rejected_by[i],
                        hr_reason_name((uint8_t)i));
                comma = ", ";
            }
        }
        fputc('\n', stderr);
    }
    print_recorded(r);
    seconds = seconds > 0 ? seconds : 1e-9;
    fprintf(stderr,
            "%.3f s, %.3g requests/s, %.0f MB/s, reading and writing included (information, not a "
            "measurement)\n",
            seconds, (double)r->requests / seconds, (double)bytes / seconds * 1e-6);
    fprintf(stderr, "digest %016" PRIx64 "\n", r->digest);
}

static json_t *recorded_json(const struct eut_replay *r)
{
    const struct hr_recorded_counts *c = &r->recorded;

    if (!r->is_recorded) {
        return json_null();
    }
    return json_pack(
        "{s:I, s:I, s:I, s:I, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b}", "executions",
        (json_int_t)c->executions, "same_order", (json_int_t)r->same_order, "other_order",
        (json_int_t)r->other_order, "no_order", (json_int_t)r->no_order, "fidelity",
        c->executions ? json_real(share(r->same_order, c->executions)) : json_null(), "messages",
        (json_int_t)c->messages, "unknown_orders", (json_int_t)c->unknown_orders, "not_displayed",
        (json_int_t)c->not_displayed, "crosses", (json_int_t)c->crosses, "broken",
        (json_int_t)c->broken, "halts", (json_int_t)c->halts, "unknown_types",
        (json_int_t)c->unknown_types, "reused_ids", (json_int_t)c->reused_ids, "traded_on_entry",
        (json_int_t)r->traded_on_entry, "cut_short", c->cut_short != 0);
}

static int write_json(const char *file, const struct eut_replay *r, const char *format,
                      const struct eut_limits *limits, double seconds, bool complete)
{
    json_t *rejected = json_object(), *root;
    char digest[17];
    int rc;

    for (unsigned i = 0; i < 32; i++) {
        if (r->rejected_by[i]) {
            json_object_set_new(rejected, hr_reason_name((uint8_t)i),
                                json_integer((json_int_t)r->rejected_by[i]));
        }
    }
    snprintf(digest, sizeof(digest), "%016" PRIx64, r->digest);
    root = json_pack(
        "{s:b, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:s, s:f, s:o}",
        "complete", complete, "engine", r->engine->name, "format", format, "markets",
        (json_int_t)limits->markets, "l2_markets", (json_int_t)limits->l2_markets, "orders_max",
        (json_int_t)limits->orders, "levels_max", (json_int_t)limits->levels, "requests",
        (json_int_t)r->requests, "trades", (json_int_t)r->trades, "accepted",
        (json_int_t)r->accepted, "cancelled", (json_int_t)r->cancelled, "rejected",
        (json_int_t)r->rejected, "rejected_by", rejected, "digest", digest, "seconds", seconds,
        "recorded", recorded_json(r));
    rc = hr_json_write(root, 2, file);
    json_decref(root);
    return rc;
}

/* Text and JSON on one stream, or two files in one, could not be told apart. */
static int check_outputs(const struct hr_args *args)
{
    static const char *const pairs[][2] = {
        {"events", "json"}, {"books", "json"}, {"events", "books"}};

    for (int i = 0; i < 3; i++) {
        const char *a = hr_arg_text(args, pairs[i][0]), *b = hr_arg_text(args, pairs[i][1]);
        /* The books follow the events on one stream; a file would be written over. */
        bool in_turn = i == 2 && a && strcmp(a, "-") == 0;
        struct stat st;
        bool device = a && strcmp(a, "-") != 0 && stat(a, &st) == 0 && !S_ISREG(st.st_mode);

        if (a && b && strcmp(a, b) == 0 && !in_turn && !device) {
            return hr_fail(EINVAL, "--%s and --%s both go to %s: name two places", pairs[i][0],
                           pairs[i][1], a);
        }
    }
    return 0;
}

static int replay_flow(const struct hr_args *args, const char *flow,
                       const struct eut_engine *engine)
{
    struct eut_replay replay = {.engine = engine};
    struct hr_output events = {0}, books = {0};
    const char *events_file = hr_arg_text(args, "events"), *books_file = hr_arg_text(args, "books");
    const char *json_file = hr_arg_text(args, "json"), *format_name;
    struct hr_flow_file *file = NULL;
    struct eut_limits limits;
    enum hr_format format;
    uint64_t from_ns = 0;
    int rc = hr_format_parse(hr_arg_text(args, "format"), &format), close_rc;

    rc = rc ? rc : check_outputs(args);
    if (rc == 0) {
        rc = decide_limits(args, &flow, format, &limits);
    }
    if (rc == 0) {
        rc = hr_flow_file_open(&file, flow, format);
    }
    if (rc) {
        return rc;
    }
    format_name = hr_format_name(hr_flow_file_format(file));
    if (events_file) {
        rc = hr_output_open(&events, events_file, flow);
    }
    if (rc == 0 && books_file) {
        rc = hr_output_open(&books, books_file, flow);
    }
    if (rc == 0) {
        hr_stop_install();
        from_ns = hr_clock_ns();
        rc = eut_replay(&replay, file, &limits, events_file ? &events : NULL,
                        books_file ? &books : NULL);
    }
    double seconds = (double)(hr_clock_ns() - from_ns) * 1e-9;

    uint64_t bytes = hr_flow_file_bytes(file);

    hr_flow_file_close(file);
    /* What was processed is written, whatever happened after it; the first failure is the one told.
     */
    char failure[HR_ERROR_MAX];
    snprintf(failure, sizeof(failure), "%s", hr_error());
    close_rc = hr_output_close(&events);
    int books_rc = hr_output_close(&books);
    close_rc = close_rc ? close_rc : books_rc;
    if (json_file && replay.engine_made) {
        int json_rc = write_json(json_file, &replay, format_name, &limits, seconds, rc == 0);

        close_rc = close_rc ? close_rc : json_rc;
    }
    if (rc) {
        return hr_fail(-rc, "%s", failure);
    }
    if (close_rc == 0) {
        print_summary(&replay, format_name, bytes, seconds);
    }
    return close_rc;
}

static int run(const struct hr_args *args)
{
    struct eut_handle handle;
    const char *const *operands;
    int rc = eut_open(&handle, hr_arg_text(args, "engine"));

    if (rc) {
        return hr_exit_of(rc);
    }
    eut_watch(&handle, hr_arg_text(args, "engine"));
    (void)hr_arg_operands(args, &operands);
    rc = replay_flow(args, operands[0], handle.engine);
    eut_close(&handle);
    return rc == -EINTR ? HR_EXIT_SIGNAL + hr_stop_signal() : hr_exit_of(rc);
}

const struct hr_command hr_command_replay = {
    .name = "replay",
    .operands = "FLOW",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "feed a recorded flow through an engine and write what happened",
    .details =
        "FLOW is a file, or - for standard input; zstd-compressed files are read as they are.\n"
        "Text: N,market,account,order,side,type,tif,price,qty  C,market,account,order\n"
        "      R,market,account,order,price,qty  Q,market,side,price,qty\n"
        "\n"
        "  headroom replay day.csv --events day.events --books day.books\n"
        "  headroom replay 01302020.NASDAQ_ITCH50.zst --format itch50 -e ./my-engine.so",
    .options = options,
    .run = run,
};
