/*
 * ceiling_streams.c - how many bytes a second do memory and its controllers give, to one thread and
 * to all?
 *
 * STREAM-like reading, copying and triad over arrays of four times the last-level cache, bytes
 * counted as the program asks for them. Ordinary stores and stores past the caches are tried, and
 * the faster way is sampled. All threads: each on a processor and in memory of its own.
 */
#include "harness/error.h"
#include "harness/progress.h"
#include "probes/ceilings.h"
#include "probes/crew.h"
#include "probes/memory_kernels.h"

#include <stdio.h>

#define FILL_BYTES_PER_S 1e8 /* of one thread, and a tenth of the whole time at 1 GB/s */

struct pass {
    enum hr_stream kind;
    bool past;
    size_t bytes; /* of one array of one member */
    int passes;
};

static void stream_work(struct hr_crew_member *m, void *context)
{
    const struct pass *p = context;
    char *a = m->region.at, *b = a + p->bytes, *c = b + p->bytes;
    uint64_t sum = 0;

    for (int i = 0; i < p->passes; i++) {
        sum += hr_stream_pass(p->kind, p->past, a, b, c, p->bytes);
    }
    m->result = sum;
}

static double rate(struct hr_crew *crew, struct pass *p)
{
    double s = hr_crew_run(crew, stream_work, p);

    return hr_stream_bytes(p->kind, p->bytes) * p->passes * hr_crew_size(crew) / (s > 0 ? s : 1e-9);
}

/* Passes for one sample, and the faster kind of store. */
static void choose(struct hr_crew *crew, struct pass *p, double sample_s)
{
    double best = 0;
    bool past_best = false;

    for (int past = 0; past <= (hr_stream_has_past(p->kind) ? 1 : 0); past++) {
        p->past = past;
        p->passes = 1;
        for (int attempt = 0; attempt < 2; attempt++) {
            double r = rate(crew, p);
            if (r > best) {
                best = r;
                past_best = past;
            }
        }
    }
    p->past = past_best;
    double one_s = hr_stream_bytes(p->kind, p->bytes) * hr_crew_size(crew) / best;
    double passes = sample_s / one_s;
    p->passes = passes < 1 ? 1 : passes > 1e6 ? 1000000 : (int)passes;
}

static void measure(struct hr_ceiling_work *w, struct hr_crew *crew, size_t bytes)
{
    static const char *const names[HR_STREAMS] = {"read", "copy", "triad"};
    int threads = hr_crew_size(crew);

    for (int kind = 0; kind < HR_STREAMS && !hr_stop_signal(); kind++) {
        struct pass p = {.kind = (enum hr_stream)kind, .bytes = bytes};
        double samples[HR_CEILING_SAMPLES];
        char id[64];
        choose(crew, &p, w->sample_s);
        for (int i = 0; i < HR_CEILING_SAMPLES; i++) {
            samples[i] = rate(crew, &p);
        }
        snprintf(id, sizeof(id), "memory/bandwidth/%s/threads=%d", names[kind], threads);
        hr_record_ceiling(w->record, id, "bytes/s", true, samples, HR_CEILING_SAMPLES,
                          json_pack("{s:i, s:I, s:s, s:s}", "threads", threads, "array_bytes",
                                    (json_int_t)bytes * threads, "stores",
                                    kind == HR_STREAM_READ ? "none"
                                    : p.past               ? "past the caches"
                                                           : "ordinary",
                                    "counting", "bytes asked for, as STREAM does"));
    }
}

/* One array of one member: four times its cache, at least 64 MiB in all, within the memory and
 * within what can be filled in the time. */
static size_t array_bytes(const struct hr_ceiling_work *w, uint64_t cache, int threads)
{
    uint64_t total = cache * 4 > UINT64_C(64) << 20 ? cache * 4 : UINT64_C(64) << 20;
    double fillable = w->budget_s * FILL_BYTES_PER_S * threads;
    uint64_t most = (fillable < (double)w->bytes_max ? (uint64_t)fillable : w->bytes_max) / 3;

    total = total > most ? most : total;
    return (size_t)(total / (uint64_t)threads / 4096 * 4096);
}

static void none(struct hr_ceiling_work *w, int threads, const char *reason)
{
    char id[64];

    snprintf(id, sizeof(id), "memory/bandwidth/read/threads=%d", threads);
    hr_record_ceiling_null(w->record, id, "bytes/s", reason);
}

void hr_measure_streams(struct hr_ceiling_work *w)
{
    for (int all = 0; all < (w->n_cpus > 1 ? 2 : 1) && !hr_stop_signal(); all++) {
        int threads = all ? w->n_cpus : 1;
        uint64_t cache = all ? w->l3_total_bytes : w->l3_bytes;
        size_t bytes = array_bytes(w, cache, threads);
        struct hr_crew *crew;
        if (bytes < 4096) {
            none(w, threads, "too little memory is available");
        } else if (hr_crew_start(&crew, all ? w->cpus : &w->cpu, threads, bytes * 3) != 0) {
            none(w, threads, hr_error());
            hr_error_clear();
        } else {
            measure(w, crew, bytes);
            hr_crew_stop(crew);
        }
        if (bytes * (uint64_t)threads < cache * 2) {
            hr_record_warn(w->record,
                           "memory bandwidth, threads=%d: the arrays lie partly in the "
                           "caches; more time or memory makes them larger",
                           threads);
        }
    }
}
