/*
 * device_bench.c - the device suite's questions, by a program that needs a C compiler and nothing
 * else: for a bare machine with a GPU, where Headroom's libraries cannot be installed.
 *
 *   device-bench [-a API] [-n REQUESTS] [-k HOSTILE] [-r RUNS] [-s SECONDS] [-m MARKETS] >
 * bench.json
 *
 * How: the same engine, flows, oracle and loops as the suite. Every figure is the median of runs
 * whose digests were all the oracle's; a digest that is not ends the program with 1. What does not
 * fit into SECONDS is left out and said so. What it cannot tell: how quiet the host was, and
 * intervals; that is the suite's.
 */
#include "suites/device_drive.h"

#include "engine-under-test/conform.h"
#include "engine-under-test/device/device_ceilings.h"
#include "engine-under-test/loader.h"
#include "engine-under-test/reference/reference.h"
#include "harness/byte_source.h"
#include "harness/clock.h"
#include "harness/error.h"
#include "harness/proof.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* No file is read here, so the library that unpacks them is not needed. */
int hr_bytes_open(struct hr_bytes *bytes, const char *name)
{
    (void)bytes;
    return hr_fail(ENOTSUP, "%s: this program reads no files", name);
}

int hr_bytes_open_memory(struct hr_bytes *bytes, const void *data, size_t size, size_t piece)
{
    (void)data, (void)size, (void)piece;
    return hr_bytes_open(bytes, "memory");
}

int hr_bytes_more(struct hr_bytes *bytes)
{
    (void)bytes;
    return 0;
}

uint64_t hr_bytes_offset(const struct hr_bytes *bytes)
{
    (void)bytes;
    return 0;
}

void hr_bytes_close(struct hr_bytes *bytes)
{
    (void)bytes;
}

#define RUNS_MAX 15
#define OFFERED_PER_S 150e6
#define SKEWED (2u << 20) /* requests at most of a flow that a busy market may set the pace of */
#define ENERGY_NS 3000000000u

struct bench {
    const struct eut_device_api *api;
    const struct eut_engine *engine;
    struct eut_device_facts facts;
    uint64_t requests, hostile, runs, seconds, markets;
    const char *flow; /* this one only, or NULL */
    uint64_t began_ns;
};

enum { COPIED, PINNED, RESIDENT, SORT, MATCH, EVENTS, FIGURES };
static const char *const names[FIGURES] = {"throughput", "pinned", "resident",
                                           "sort",       "match",  "events_in_order"};
static const char *const units[FIGURES] = {"orders/s", "orders/s", "orders/s",
                                           "ns/order", "ns/order", "ns/order"};

static double elapsed_s(const struct bench *b)
{
    return (double)(hr_clock_ns() - b->began_ns) / 1e9;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *values, uint64_t n)
{
    qsort(values, n, sizeof(*values), by_value);
    return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

/* A text as JSON has it: names of devices and reasons hold nothing worse than these. */
static void put_text(const char *name, const char *text)
{
    printf("\"%s\": \"", name);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\') {
            putchar('\\');
        }
        putchar((unsigned char)*text < ' ' ? ' ' : *text);
    }
    printf("\"");
}

/* ---- is it there, and is it right? ------------------------------------------------- */

static const struct eut_engine *engine_of(const struct eut_device_api *api)
{
    char name[32];

    snprintf(name, sizeof(name), "device:%s", api->name);
    for (const struct eut_engine *const *e = eut_device_engines; *e; e++) {
        if (strcmp((*e)->name, name) == 0) {
            return *e;
        }
    }
    return &eut_device_host;
}

/* The API of this name, or else the first but the host's that has a device. */
static int choose(struct bench *b, const char *wanted)
{
    struct eut_device_answer *answer = calloc(1, sizeof(*answer));
    const char *sign = "";

    printf("  \"apis\": {");
    for (const struct eut_device_api *const *api = eut_device_apis; answer && *api; api++) {
        eut_devices_ask(*api, answer);
        printf("%s", sign);
        put_text((*api)->name, answer->rc ? answer->why : answer->facts[0].name);
        sign = ", ";
        fprintf(stderr, "%s: %s\n", (*api)->name, answer->rc ? answer->why : answer->facts[0].name);
        if (!b->api && answer->rc == 0 &&
            (wanted ? strcmp((*api)->name, wanted) == 0 : *api != &eut_api_host)) {
            b->api = *api;
            b->facts = answer->facts[0];
        }
    }
    printf("},\n");
    free(answer);
    b->engine = b->api ? engine_of(b->api) : NULL;
    return b->api ? 0
                  : hr_fail(ENODEV, "no device%s%s", wanted ? " by " : "", wanted ? wanted : "");
}

static int conform(const struct bench *b)
{
    struct eut_conform_result r = {0};
    int rc = eut_conform(
        &(struct eut_conform_params){.engine = b->engine, .seed = 1, .requests = b->hostile}, &r);

    printf("  \"conforms\": {\"engine\": \"%s\", \"scenarios\": %u, \"requests\": %" PRIu64
           ", \"right\": %s},\n",
           b->engine->name, r.scenarios, r.requests, rc == 0 ? "true" : "false");
    fprintf(stderr, "%s %s (%u scenarios, %" PRIu64 " hostile requests; %.0f s)\n", b->engine->name,
            rc == 0 ? "conforms" : "DOES NOT CONFORM", r.scenarios, r.requests, elapsed_s(b));
    return rc > 0 ? hr_fail(EBADMSG, "%s: %s", b->engine->name, r.first_failure) : rc;
}

static void ceilings(const struct bench *b)
{
    struct eut_device_ceilings *found = calloc(1, sizeof(*found));
    const char *sign = "";

    printf("  \"ceilings\": {");
    if (found) {
        (void)eut_device_ceilings_measure(b->api, 0, fmin(10, 0.02 * (double)b->seconds), 0, NULL,
                                          found);
    }
    for (uint32_t i = 0; found && i < found->count; i++) {
        const struct eut_device_ceiling *row = &found->row[i];

        printf("%s\n    \"%s\": ", sign, row->name);
        sign = ",";
        if (row->n) {
            double value = eut_device_ceiling(found, row->name);

            printf("{\"value\": %.6g, \"unit\": \"%s\"}", value, row->unit);
            fprintf(stderr, "ceiling %-26s %.4g %s\n", row->name, value, row->unit);
        } else {
            printf("{\"value\": null, ");
            put_text("reason", row->reason);
            printf("}");
        }
    }
    printf("},\n");
    free(found);
}

/* ---- how fast? --------------------------------------------------------------------- */

struct task {
    struct hr_device_drive drive;
    const struct hr_tape *tape;
    uint64_t digest; /* the oracle's */
};

/* Closes the engine, and holds its digest against the oracle's. */
static int close_right(const struct task *t, struct eut_device_engine *engine, int rc)
{
    uint64_t digest = 0;

    rc = rc ? rc : eut_device_engine_digest(engine, &digest);
    eut_device_engine_close(engine);
    return rc || digest == t->digest
               ? rc
               : hr_fail(EBADMSG, "digest %016" PRIx64 ", the oracle's is %016" PRIx64, digest,
                         t->digest);
}

static int run_copied(const struct task *t, double value[FIGURES])
{
    struct eut_device_times before, after;
    struct eut_device_engine *engine;
    uint64_t events = 0, began_ns = 0;
    int rc = hr_device_books(&t->drive, t->tape, &engine);

    if (rc == 0) {
        eut_device_engine_times(engine, &before);
        began_ns = hr_clock_ns();
        rc = hr_device_submit(engine, t->tape->steady_requests, t->tape->steady, t->drive.batch,
                              &events, NULL);
        value[COPIED] = (double)t->tape->steady / ((double)(hr_clock_ns() - began_ns) / 1e9);
        eut_device_engine_times(engine, &after);
        value[SORT] = (double)(after.sort_ns - before.sort_ns) / (double)t->tape->steady;
        value[MATCH] = (double)(after.match_ns - before.match_ns) / (double)t->tape->steady;
        value[EVENTS] = (double)(after.events_ns - before.events_ns) / (double)t->tape->steady;
    }
    return close_right(t, engine, rc);
}

static int run_pinned(const struct task *t, double value[FIGURES])
{
    struct eut_device_engine *engine;
    struct eut_request *requests;
    uint64_t events = 0, began_ns;
    int rc = hr_device_books_pinned(&t->drive, t->tape, t->tape->steady, &engine, &requests);

    began_ns = hr_clock_ns();
    rc = rc ? rc : hr_device_pinned(engine, requests, t->tape->steady, t->drive.batch, &events);
    value[PINNED] = (double)t->tape->steady / ((double)(hr_clock_ns() - began_ns) / 1e9);
    return close_right(t, engine, rc);
}

static int run_resident(const struct task *t, double value[FIGURES])
{
    struct eut_device_engine *engine;
    uint64_t events = 0, ns = 0, n = t->tape->steady;
    int rc = hr_device_books(&t->drive, t->tape, &engine);

    rc = rc ? rc : eut_device_engine_load(engine, t->tape->steady_requests, n, t->drive.batch);
    if (rc == -EINVAL) { /* several slices a batch */
        eut_device_engine_close(engine);
        return 0;
    }
    rc = rc ? rc
            : eut_device_engine_resident(engine, 0, (uint32_t)((n - 1) / t->drive.batch + 1),
                                         &events, &ns);
    value[RESIDENT] = ns ? (double)n / ((double)ns / 1e9) : (double)NAN;
    return close_right(t, engine, rc);
}

static void put_figure(const char *name, const char *unit, double value, const char *end)
{
    if (isfinite(value)) {
        printf("\"%s\": {\"value\": %.6g, \"unit\": \"%s\"}%s", name, value, unit, end);
    } else {
        printf("\"%s\": null%s", name, end);
    }
}

static int measure(const struct bench *b, const struct task *t)
{
    double samples[FIGURES][RUNS_MAX], value[FIGURES];
    int rc = 0;

    for (uint64_t run = 0; run < b->runs && rc == 0; run++) {
        for (int f = 0; f < FIGURES; f++) {
            value[f] = NAN;
        }
        rc = run_copied(t, value);
        rc = rc ? rc : run_pinned(t, value);
        rc = rc ? rc : run_resident(t, value);
        for (int f = 0; f < FIGURES; f++) {
            samples[f][run] = value[f];
        }
    }
    for (int f = 0; f < FIGURES && rc == 0; f++) {
        value[f] = isfinite(samples[f][0]) ? median(samples[f], b->runs) : (double)NAN;
        put_figure(names[f], units[f], value[f], f + 1 < FIGURES ? ", " : "}");
    }
    if (rc == 0) {
        fprintf(stderr,
                "  batch %9u: %10.4g copied, %10.4g pinned, %10.4g resident orders/s; sort %.3g, "
                "match %.3g, events %.3g ns (%.0f s)\n",
                t->drive.batch, value[COPIED], value[PINNED], value[RESIDENT], value[SORT],
                value[MATCH], value[EVENTS], elapsed_s(b));
    }
    return rc;
}

static int offered(const struct task *t)
{
    struct hr_histogram *h = hr_histogram_new();
    struct hr_device_offered found = {.batches = 1};
    struct eut_device_engine *engine = NULL;
    struct eut_request *requests;
    int rc = h ? hr_device_books_pinned(&t->drive, t->tape, t->tape->steady, &engine, &requests)
               : hr_fail(ENOMEM, "no memory for a histogram");

    rc = rc ? rc
            : hr_device_offer(engine, requests, t->tape->steady, t->drive.batch, OFFERED_PER_S, h,
                              &found);
    rc = close_right(t, engine, rc);
    if (rc == 0) {
        double p50 = (double)hr_histogram_percentile(h, 50);
        double p99 = (double)hr_histogram_percentile(h, 99);

        put_figure("reached", "orders/s", found.reached, ", ");
        put_figure("residence_p50", "ns", p50, ", ");
        put_figure("residence_p99", "ns", p99, "}");
        fprintf(stderr,
                "  offered %.4g orders/s: %.4g reached, residence p50 %.3g ms, p99 %.3g ms\n",
                OFFERED_PER_S, found.reached, p50 / 1e6, p99 / 1e6);
    }
    hr_histogram_free(h);
    return rc;
}

static int energy(const struct bench *b, const struct task *t)
{
    uint64_t before, after, began_ns = hr_clock_ns(), orders = 0;
    double value[FIGURES], seconds = 0;
    int rc = eut_device_energy(&b->facts, &before);

    if (rc) {
        put_text("reason", hr_error());
        printf("}");
        fprintf(stderr, "  energy: %s\n", hr_error());
        return 0;
    }
    while (rc == 0 && hr_clock_ns() - began_ns < ENERGY_NS) {
        rc = run_pinned(t, value);
        orders += t->tape->load + t->tape->steady;
    }
    seconds = (double)(hr_clock_ns() - began_ns) / 1e9;
    rc = rc ? rc : eut_device_energy(&b->facts, &after);
    if (rc == 0) {
        double joules = (double)(after - before) / 1e3;

        put_figure("device_power", "W", joules / seconds, ", ");
        put_figure("orders_per_joule", "orders/J", (double)orders / joules, "}");
        fprintf(stderr, "  energy: %.4g W, %.4g orders/J, loading included\n", joules / seconds,
                (double)orders / joules);
    }
    return rc;
}

/* ---- flows ------------------------------------------------------------------------- */

/* As configs/flows has them. */
static const struct flow {
    const char *name;
    uint32_t markets, levels, orders_per_level; /* markets 0: as many as -m says */
    double zipf;
    bool more; /* than one batch size, and rate and energy too */
} flows[] = {
    {"sparse", 0, 2, 2, 0, true},
    {"broad", 100000, 8, 4, 0, false},
    {"zipf", 1000, 10, 10, 1.0, false},
    {"hot", 1000, 10, 10, 1.73, false},
};

static int batches(const struct bench *b, struct task *t, const char *flow, bool more)
{
    static const uint32_t sizes[] = {1u << 20, 1u << 16, 1u << 14, 1u << 18,
                                     1u << 22, 1u << 24, 1u << 12, 1u << 10};
    int rc = 0;

    for (size_t i = 0; i < (more ? sizeof(sizes) / sizeof(*sizes) : 2) && rc == 0; i++) {
        if (sizes[i] > t->tape->steady) {
            continue;
        }
        if (elapsed_s(b) > (double)b->seconds) {
            fprintf(stderr, "  batch %9u: not measured, time is up\n", sizes[i]);
            continue;
        }
        t->drive.batch = sizes[i];
        printf(",\n    {\"flow\": \"%s\", \"batch\": %u, ", flow, sizes[i]);
        rc = measure(b, t);
    }
    return rc;
}

static int prove(const struct bench *b, struct task *t, struct hr_tape *tape)
{
    struct hr_proof proof;
    struct hr_proof_params params = {
        .oracle = &eut_oracle, .tape = tape, .prefix = {tape->steady}, .prefixes = 1};
    int rc = hr_prove(&params, &proof);

    t->tape = tape;
    t->digest = proof.digest[0];
    fprintf(stderr, "  flow made and proved by the oracle (%.0f s)\n", elapsed_s(b));
    return rc;
}

static int one_flow(struct bench *b, const struct flow *f)
{
    struct hr_flow_params params;
    struct hr_tape tape;
    struct task t = {.drive = {.api = b->api}};
    uint64_t orders;
    int rc;

    hr_flow_defaults(&params);
    params.markets = f->markets ? f->markets : (uint32_t)b->markets;
    params.levels = f->levels;
    params.orders_per_level = f->orders_per_level;
    params.zipf = f->zipf;
    orders = f->more || b->requests < SKEWED ? b->requests : SKEWED;
    fprintf(stderr, "flow %s: %u markets, %" PRIu64 " orders\n", f->name, params.markets, orders);
    t.drive.flow = params;
    rc = hr_tape_record(&tape, &params, orders, &eut_reference, NULL, NULL);
    if (rc) {
        return rc;
    }
    rc = prove(b, &t, &tape);
    rc = rc ? rc : batches(b, &t, f->name, f->more);
    t.drive.batch = b->requests < 65536 ? (uint32_t)b->requests : 65536;
    if (rc == 0 && f->more) {
        printf(",\n    {\"flow\": \"%s\", \"offered\": %.0f, ", f->name, OFFERED_PER_S);
        rc = offered(&t);
    }
    if (rc == 0 && f->more) {
        printf(",\n    {\"flow\": \"%s\", \"energy_of\": \"device\", ", f->name);
        rc = energy(b, &t);
    }
    hr_tape_free(&tape);
    return rc;
}

static int all(struct bench *b, const char *api)
{
    int rc;

    printf("{\n");
    rc = choose(b, api);
    if (rc) {
        printf("  \"cases\": []\n}\n");
        return rc;
    }
    printf("  ");
    put_text("device", b->facts.name);
    printf(", ");
    put_text("driver", b->facts.driver);
    printf(", \"memory_bytes\": %" PRIu64 ", \"kind\": \"%s\",\n", b->facts.memory_bytes,
           b->facts.kind == EUT_DEVICE_CPU ? "cpu" : "gpu");
    rc = conform(b);
    if (rc == 0) {
        ceilings(b);
    }
    printf("  \"runs\": %" PRIu64 ", \"cases\": [{\"markets\": %" PRIu64 ", \"orders\": %" PRIu64
           "}",
           b->runs, b->markets, b->requests);
    for (size_t i = 0; i < sizeof(flows) / sizeof(*flows) && rc == 0; i++) {
        bool wanted = !b->flow || strcmp(b->flow, flows[i].name) == 0;

        if (wanted && elapsed_s(b) > (double)b->seconds) {
            fprintf(stderr, "flow %s: not measured, time is up\n", flows[i].name);
        } else if (wanted) {
            rc = one_flow(b, &flows[i]);
        }
    }
    printf("],\n  ");
    put_text("error", rc ? hr_error() : "");
    printf(", \"seconds\": %.1f\n}\n", elapsed_s(b));
    return rc;
}

int main(int argc, char **argv)
{
    struct bench b = {
        .requests = 16 << 20, .hostile = 1000000, .runs = 3, .seconds = 420, .markets = 1000000};
    struct {
        char letter;
        uint64_t *value, most;
    } counts[] = {{'n', &b.requests, 1u << 30},
                  {'k', &b.hostile, 1u << 30},
                  {'r', &b.runs, RUNS_MAX},
                  {'s', &b.seconds, 86400},
                  {'m', &b.markets, 1u << 26}};
    const char *api = NULL;
    int letter;

    while ((letter = getopt(argc, argv, "a:f:n:k:r:s:m:")) != -1) {
        bool known = letter == 'a' || letter == 'f';

        api = letter == 'a' ? optarg : api;
        b.flow = letter == 'f' ? optarg : b.flow;
        for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
            if (counts[i].letter == letter) {
                char *end;

                *counts[i].value = strtoull(optarg, &end, 10);
                known = *end == '\0' && *counts[i].value > 0 && *counts[i].value <= counts[i].most;
            }
        }
        if (!known) {
            fprintf(stderr, "device-bench: the head of tests/bench/device_bench.c tells its use\n");
            return 2;
        }
    }
    hr_clock_init();
    b.began_ns = hr_clock_ns();
    int rc = all(&b, api);
    if (rc) {
        fprintf(stderr, "device-bench: %s\n", hr_error());
    }
    return rc == 0 ? 0 : rc == -ENODEV ? 77 : 1;
}
