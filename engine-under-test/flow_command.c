/* flow_command.c - `headroom flow`: writes the flow that `run` would use. Generator and shadow
 * engine in turn, each batch written and forgotten, so that a flow may be longer than memory. The
 * first requests are the load phase, which builds the books. */
#include "engine-under-test/engine_stream.h"
#include "engine-under-test/loader.h"
#include "harness/codec.h"
#include "harness/command.h"
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
    EUT_FLOW_OPTIONS,
    {"format", 0, HR_OPT_TEXT, "FORMAT", "csv", "csv or bin"},
    {"engine", 'e', HR_OPT_TEXT, "ENGINE", "reference",
     "engine that shows the generator what happens"},
    {"output", 'o', HR_OPT_TEXT, "FILE", NULL, "where to write, - for standard output"},
    {.name = NULL},
};

struct run {
    struct eut_stream stream;
    bool binary;
    struct hr_output out;
    struct hr_sha256 sha;
    struct hr_flow_counts load, steady;
};

static void write_batch(struct run *run)
{
    const struct eut_stream *stream = &run->stream;

    if (run->binary) {
        hr_output_put(&run->out, stream->batch, stream->length * sizeof(stream->batch[0]));
        return;
    }
    for (uint32_t i = 0; i < stream->length; i++) {
        run->out.at =
            hr_text_put_request(hr_output_room(&run->out, HR_TEXT_LINE_MAX), &stream->batch[i]);
    }
}

static int generate(struct run *run, uint64_t count)
{
    struct eut_stream *stream = &run->stream;

    while (stream->made < count) {
        enum hr_flow_phase phase = hr_flow_phase(stream->flow);
        int rc = eut_stream_next(stream, count - stream->made);

        if (rc) {
            return rc;
        }
        *(phase == HR_FLOW_LOAD ? &run->load : &run->steady) = *hr_flow_counts(stream->flow);
        hr_sha256_update(&run->sha, stream->batch, stream->length * sizeof(stream->batch[0]));
        write_batch(run);
        if (run->out.err) {
            return hr_output_flush(&run->out);
        }
        if (hr_stop_signal()) {
            return hr_fail(EINTR, "stopped by a signal after %" PRIu64 " of %" PRIu64 " requests",
                           stream->made, count);
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
    fprintf(stderr, "sha256 %s\ndigest %016" PRIx64 "\n", hex,
            run->stream.engine->digest(run->stream.self));
}

static int write_flow(const struct hr_args *args, const struct hr_flow_params *params,
                      const struct eut_engine *engine, const char *file)
{
    uint64_t count = hr_arg_count(args, "count");
    struct run run = {.binary = false};
    enum hr_format format;
    int rc = hr_format_parse(hr_arg_text(args, "format"), &format), close_rc;

    if (rc == 0 && format != HR_FORMAT_CSV && format != HR_FORMAT_BIN) {
        rc = hr_fail(EINVAL, "--format %s: a flow is written as csv or bin",
                     hr_arg_text(args, "format"));
    }
    rc = rc ? rc : eut_stream_open(&run.stream, engine, params);
    if (rc) {
        return rc;
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
    eut_stream_close(&run.stream);
    return rc ? rc : close_rc;
}

static int run(const struct hr_args *args)
{
    const char *file = hr_arg_text(args, "output");
    struct hr_flow_params params;
    struct eut_handle handle;
    int rc;

    if (!file) {
        return hr_exit_of(
            hr_fail(EINVAL, "flow: -o FILE is missing: where to write, - for standard output"));
    }
    if (hr_arg_count(args, "count") == 0) {
        return hr_exit_of(hr_fail(EINVAL, "--count 0: nothing to write"));
    }
    rc = eut_flow_of_args(args, &params);
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
