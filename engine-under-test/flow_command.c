/* flow_command.c - `headroom flow`: writes the flow that `run` would use. Generator and shadow
 * engine in turn, each batch written and forgotten, so that a flow may be longer than memory. The
 * first requests are the load phase, which builds the books. */
#include "engine-under-test/loader.h"
#include "harness/codec.h"
#include "harness/command.h"
#include "harness/config.h"
#include "harness/error.h"
#include "harness/output.h"
#include "harness/progress.h"
#include "harness/sha256.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct hr_option options[] = {
    {"count", 0, HR_OPT_COUNT, "N", "1000000",
     "requests to write, those that build the books first"},
    {"markets", 0, HR_OPT_COUNT, "M", NULL, "markets (flow.markets)"},
    {"seed", 0, HR_OPT_COUNT, "S", NULL, "seed (flow.seed): same seed and settings, same bytes"},
    {"set", 'S', HR_OPT_LIST, "KEY=VALUE", NULL,
     "a flow.* setting; may be repeated (`headroom run --help` lists them)"},
    {"preset", 0, HR_OPT_TEXT, "NAME", NULL, "a mix from configs/flows/NAME.yaml"},
    {"format", 0, HR_OPT_TEXT, "FORMAT", "csv", "csv or bin"},
    {"engine", 'e', HR_OPT_TEXT, "ENGINE", "reference",
     "engine that shows the generator what happens"},
    {"output", 'o', HR_OPT_TEXT, "FILE", NULL, "where to write, - for standard output"},
    {.name = NULL},
};

#define SINK_ROOM 256u

struct run {
    struct hr_flow *flow;
    const struct eut_engine *engine;
    void *self;
    bool binary;
    struct hr_output out;
    struct hr_sha256 sha;
    struct eut_request batch[HR_FLOW_BATCH];
    uint32_t batch_length;
    struct hr_flow_counts load, steady;
    int rc; /* of the engine's manners */
};

static int ill_mannered(const struct run *run, const char *what)
{
    return hr_fail(EPROTO, "engine %s %s: `headroom conform` tells what it should do",
                   run->engine->name, what);
}

static void observe_all(struct eut_sink *sink)
{
    struct run *run = sink->owner;
    uint32_t count = sink->count;

    sink->count = 0;
    if (run->rc == 0 && count > SINK_ROOM) {
        run->rc = ill_mannered(run, "wrote beyond the sink's room");
    }
    for (uint32_t i = 0; i < count && run->rc == 0; i++) {
        if (sink->events[i].request >= run->batch_length) {
            run->rc = ill_mannered(run, "answered a request that is not in the batch");
        }
    }
    if (run->rc == 0) {
        hr_flow_observe(run->flow, run->batch, sink->events, count);
    }
}

static void write_batch(struct run *run, uint32_t count)
{
    if (run->binary) {
        hr_output_put(&run->out, run->batch, count * sizeof(run->batch[0]));
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        run->out.at =
            hr_text_put_request(hr_output_room(&run->out, HR_TEXT_LINE_MAX), &run->batch[i]);
    }
}

static int generate(struct run *run, uint64_t count)
{
    struct eut_event events[SINK_ROOM];
    struct eut_sink sink = {events, 0, SINK_ROOM, observe_all, run};
    uint64_t made = 0;

    while (made < count) {
        enum hr_flow_phase phase = hr_flow_phase(run->flow);
        uint64_t left = count - made;
        uint32_t n = hr_flow_next(run->flow, run->batch,
                                  left < HR_FLOW_BATCH ? (uint32_t)left : HR_FLOW_BATCH);
        int rc;

        run->batch_length = n;
        rc = run->engine->submit(run->self, run->batch, n, &sink);

        if (rc) {
            return hr_fail(-rc, "engine %s failed after %" PRIu64 " requests: %s",
                           run->engine->name, made, strerror(-rc));
        }
        observe_all(&sink);
        if (run->rc) {
            return run->rc;
        }
        *(phase == HR_FLOW_LOAD ? &run->load : &run->steady) = *hr_flow_counts(run->flow);
        hr_sha256_update(&run->sha, run->batch, n * sizeof(run->batch[0]));
        write_batch(run, n);
        made += n;
        if (run->out.err) {
            return hr_output_flush(&run->out);
        }
        if (hr_stop_signal()) {
            return hr_fail(EINTR, "stopped by a signal after %" PRIu64 " of %" PRIu64 " requests",
                           made, count);
        }
    }
    return 0;
}

static void print_summary(struct run *run, const struct hr_flow_params *params, uint64_t count)
{
    const struct hr_flow_counts *c = &run->steady;
    char hex[65];

    hr_sha256_hex(&run->sha, hex);
    fprintf(stderr,
            "%" PRIu64 " requests for %" PRIu32 " markets, seed %" PRIu64 ": %" PRIu64
            " build the books\n",
            count, params->markets, params->seed, run->load.requests);
    if (c->requests == 0) {
        fprintf(stderr, "no more than the books: --count above %" PRIu64 " gives flow on them\n",
                hr_flow_load(params));
    } else {
        fprintf(stderr,
                "then %" PRIu64 ": %" PRIu64 " new, %" PRIu64 " cancel, %" PRIu64
                " replace, %" PRIu64 " quote; %" PRIu64 " trades, %" PRIu64 " rejected\n",
                c->requests, c->news, c->cancels, c->replaces, c->quotes, c->trades, c->rejected);
    }
    fprintf(stderr, "sha256 %s\ndigest %016" PRIx64 "\n", hex, run->engine->digest(run->self));
}

static int write_flow(const struct hr_args *args, const struct hr_flow_params *params,
                      const struct eut_engine *engine, const char *file)
{
    struct eut_limits limits = hr_flow_limits(params, HR_FLOW_BATCH);
    uint64_t count = hr_arg_count(args, "count");
    struct run run = {.engine = engine};
    enum hr_format format;
    int rc = hr_format_parse(hr_arg_text(args, "format"), &format), close_rc;

    if (rc == 0 && format != HR_FORMAT_CSV && format != HR_FORMAT_BIN) {
        rc = hr_fail(EINVAL, "--format %s: a flow is written as csv or bin",
                     hr_arg_text(args, "format"));
    }
    if (rc == 0) {
        rc = hr_flow_new(&run.flow, params);
    }
    if (rc) {
        return rc;
    }
    rc = engine->create(&limits, &run.self);
    if (rc) {
        hr_flow_free(run.flow);
        return hr_fail(-rc, "engine %s cannot be made for %u markets and %llu orders: %s",
                       engine->name, limits.markets, (unsigned long long)limits.orders,
                       strerror(-rc));
    }
    run.binary = format == HR_FORMAT_BIN;
    hr_sha256_init(&run.sha);
    rc = hr_output_open(&run.out, file, NULL);
    if (rc == 0) {
        hr_stop_install();
        if (run.binary) {
            uint8_t header[HR_FLOW_HEADER_BYTES];

            hr_flow_header_put(header, count);
            hr_output_put(&run.out, header, sizeof(header));
        }
        rc = generate(&run, count);
    }
    close_rc = rc ? 0 : hr_output_close(&run.out);
    if (rc == 0 && close_rc == 0) {
        print_summary(&run, params, count);
    }
    if (rc) { /* keep the first message; what was made before a signal is written */
        char failure[HR_ERROR_MAX];

        snprintf(failure, sizeof(failure), "%s", hr_error());
        (void)hr_output_close(&run.out);
        (void)hr_fail(-rc, "%s", failure);
    }
    engine->destroy(run.self);
    hr_flow_free(run.flow);
    return rc ? rc : close_rc;
}

/* --preset first, so that single settings win over it. */
static int configure(const struct hr_args *args, struct hr_config *config)
{
    static const struct {
        const char *option, *key;
    } own[] = {{"preset", "flow.preset"}, {"markets", "flow.markets"}, {"seed", "flow.seed"}};
    const char *const *settings;
    int count = hr_arg_list(args, "set", &settings), rc = 0;

    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]) && rc == 0; i++) {
        char assignment[512];

        if (!hr_arg_given(args, own[i].option)) {
            continue;
        }
        if (i == 0) {
            snprintf(assignment, sizeof(assignment), "%s=%s", own[i].key,
                     hr_arg_text(args, own[i].option));
        } else {
            snprintf(assignment, sizeof(assignment), "%s=%" PRIu64, own[i].key,
                     hr_arg_count(args, own[i].option));
        }
        rc = hr_config_set(config, assignment, hr_arg_origin(args, own[i].option));
    }
    for (int i = 0; i < count && rc == 0; i++) {
        rc = hr_config_set(config, settings[i], hr_arg_origin(args, "set"));
    }
    return rc ? rc : hr_config_check(config);
}

static int run(const struct hr_args *args)
{
    const char *file = hr_arg_text(args, "output");
    struct hr_flow_params params;
    struct hr_config *config;
    struct eut_handle handle;
    int rc;

    if (!file) {
        return hr_exit_of(
            hr_fail(EINVAL, "flow: -o FILE is missing: where to write, - for standard output"));
    }
    if (hr_arg_count(args, "count") == 0) {
        return hr_exit_of(hr_fail(EINVAL, "--count 0: nothing to write"));
    }
    rc = hr_config_load(&config, NULL);
    if (rc) {
        return hr_exit_of(rc);
    }
    rc = configure(args, config);
    if (rc == 0) {
        hr_config_flow(config, &params);
    }
    hr_config_free(config);
    if (rc == 0) {
        rc = eut_open(&handle, hr_arg_text(args, "engine"));
    }
    if (rc) {
        return hr_exit_of(rc);
    }
    eut_watch(&handle, hr_arg_text(args, "engine"));
    rc = write_flow(args, &params, handle.engine, file);
    eut_close(&handle);
    return rc == -EINTR ? HR_EXIT_SIGNAL + hr_stop_signal() : hr_exit_of(rc);
}

const struct hr_command hr_command_flow = {
    .name = "flow",
    .operands = "",
    .operands_min = 0,
    .operands_max = 0,
    .summary = "write the flow that `run` would use",
    .details =
        "The same seed and settings give the same bytes on every machine, and a longer flow starts "
        "with the\n"
        "shorter one. The SHA-256 of its requests is the one that a report names.\n"
        "\n"
        "  headroom flow --count 1e6 --markets 1000 --seed 7 -o day.csv\n"
        "  headroom flow --preset crossing --count 5e6 -S flow.levels=50 --format bin -o day.bin",
    .options = options,
    .run = run,
};
