/*
 * ceiling_working_sets.c - how long does a random line take, and how many independent ones come a
 * second, by working set and page size?
 *
 * Latency: a cycle of dependent pointers, one per line. Lines: independent read-modify-writes of
 * random lines by one thread, prefetched as far ahead and in the way that does best here: this is
 * what bounds an engine that looks ahead in its batch. Sizes grow while time and memory last; one
 * mapping per page size is filled further and further, so that no page is touched anew.
 */
#include "harness/clock.h"
#include "harness/error.h"
#include "harness/platform/platform.h"
#include "harness/progress.h"
#include "probes/ceilings.h"
#include "probes/crew.h"
#include "probes/memory_kernels.h"

#include <math.h>
#include <stdio.h>

#define SIZES_MAX 16
#define FILL_SHARE 0.5 /* of the time left that filling one larger size is expected to take */
#define FILL_LIMIT 0.7 /* and may take */
#define ALL_BYTES_MAX (UINT64_C(1) << 30) /* leaves every cache; filling more takes time */
#define PAGE_BYTES 4096
#define CHUNK_BYTES (UINT64_C(16) << 20)

static const struct hr_touch ways[] = {{0, 0},   {16, 1}, {32, 1}, {64, 1},  {128, 1},
                                       {256, 1}, {32, 0}, {64, 0}, {128, 0}, {128, 2}};
#define WAYS (sizeof(ways) / sizeof(*ways))

static uint64_t power_of_two_below(uint64_t bytes)
{
    uint64_t p = 4096;

    while (p * 2 <= bytes) {
        p *= 2;
    }
    return p;
}

/* Three quarters of each cache, rounded down; then 64 MiB and on by twos, so that any working set
 * has one near; then the most there is. */
static int choose_sizes(const struct hr_ceiling_work *w, uint64_t sizes[SIZES_MAX])
{
    uint64_t caches[] = {w->l1_bytes ? w->l1_bytes : 32768, w->l2_bytes ? w->l2_bytes : 1 << 20,
                         w->l3_bytes ? w->l3_bytes : 16 << 20};
    uint64_t last = 0, top = power_of_two_below(w->bytes_max);
    int n = 0;

    for (size_t i = 0; i < sizeof(caches) / sizeof(*caches); i++) {
        uint64_t size = power_of_two_below(caches[i] / 4 * 3);
        if (size > last && size <= top) {
            sizes[n++] = last = size;
        }
    }
    for (uint64_t size = UINT64_C(64) << 20; size <= top && n < SIZES_MAX - 1; size *= 2) {
        if (size > last) {
            sizes[n++] = last = size;
        }
    }
    if (top > last) {
        sizes[n++] = top;
    }
    return n;
}

static double seconds_since(uint64_t start_ns)
{
    return (double)(hr_clock_ns() - start_ns) * 1e-9;
}

struct set {
    struct hr_ceiling_work *w;
    const char *pages; /* "base" or "huge" */
    struct hr_region region;
    uint64_t bytes;
    size_t huge_bytes;
    const void *at; /* where the chase stands */
};

static volatile uint64_t kept;

static json_t *params(const struct set *s)
{
    return json_pack("{s:i, s:I, s:s, s:I}", "threads", 1, "bytes", (json_int_t)s->bytes, "pages",
                     s->pages, "huge_bytes", (json_int_t)s->huge_bytes);
}

static double chase_ns(struct set *s, uint64_t steps)
{
    uint64_t start = hr_clock_ns();

    s->at = hr_chase_run(s->at, steps);
    kept = (uintptr_t)s->at;
    return (double)(hr_clock_ns() - start) / (double)steps;
}

static void measure_latency(struct set *s)
{
    double samples[HR_CEILING_SAMPLES];
    char id[80];

    s->at = s->region.at;
    uint64_t lines = s->bytes / HR_LINE_BYTES, warm = lines < 1 << 16 ? 1 << 16 : 1 << 14;
    double guess = chase_ns(s, warm);
    double wanted = s->w->sample_s * 1e9 / (guess > 0.1 ? guess : 0.1);
    uint64_t steps = wanted < 4096 ? 4096 : (uint64_t)wanted / 8 * 8;

    for (int i = 0; i < HR_CEILING_SAMPLES && !hr_stop_signal(); i++) {
        samples[i] = chase_ns(s, steps);
    }
    snprintf(id, sizeof(id), "memory/latency/%s/bytes=%llu", s->pages,
             (unsigned long long)s->bytes);
    if (!hr_stop_signal()) {
        hr_record_ceiling(s->w->record, id, "ns", false, samples, HR_CEILING_SAMPLES, params(s));
    }
}

static double touch_rate(void *at, uint64_t bytes, uint64_t count, uint64_t seed,
                         struct hr_touch way)
{
    uint64_t start = hr_clock_ns();

    kept = hr_touch_lines(at, bytes / HR_LINE_BYTES, count, seed, way);
    uint64_t ns = hr_clock_ns() - start;
    return (double)count / ((double)(ns ? ns : 1) * 1e-9);
}

static const char *way_text(struct hr_touch way, char text[64])
{
    static const char *const kinds[] = {"for writing", "for reading", "for reading, outer cache"};

    if (way.ahead == 0) {
        return "none";
    }
    snprintf(text, 64, "%d ahead, %s", way.ahead, kinds[way.kind]);
    return text;
}

/* Each way twice, in turn, so that one disturbance does not choose. */
static struct hr_touch best_way(void *at, uint64_t bytes, double sample_s, double *rate)
{
    struct hr_touch best = ways[0];

    *rate = touch_rate(at, bytes, 20000, 1, best);
    for (int attempt = 0; attempt < 2; attempt++) {
        for (size_t i = 0; i < WAYS; i++) {
            uint64_t count = (uint64_t)(*rate * sample_s / 8) + 1000;
            double r = touch_rate(at, bytes, count, i * 17 + (uint64_t)attempt, ways[i]);
            if (r > *rate) {
                *rate = r;
                best = ways[i];
            }
        }
    }
    return best;
}

static struct hr_touch measure_lines(struct set *s)
{
    double samples[HR_CEILING_SAMPLES], rate;
    char id[80], text[64];
    struct hr_touch best = best_way(s->region.at, s->bytes, s->w->sample_s, &rate);
    uint64_t count = (uint64_t)(rate * s->w->sample_s) + 1000;

    for (int i = 0; i < HR_CEILING_SAMPLES && !hr_stop_signal(); i++) {
        samples[i] = touch_rate(s->region.at, s->bytes, count, (uint64_t)i * 7919 + 3, best);
    }
    snprintf(id, sizeof(id), "memory/lines/%s/bytes=%llu", s->pages, (unsigned long long)s->bytes);
    if (!hr_stop_signal()) {
        json_t *p = params(s);
        json_object_set_new(p, "prefetch", json_string(way_text(best, text)));
        hr_record_ceiling(s->w->record, id, "lines/s", true, samples, HR_CEILING_SAMPLES, p);
    }
    return best;
}

static void record_null(struct set *s, const char *reason)
{
    static const char *const kinds[][2] = {{"latency", "ns"}, {"lines", "lines/s"}};
    char id[80];

    for (int k = 0; k < 2; k++) {
        snprintf(id, sizeof(id), "memory/%s/%s/bytes=%llu", kinds[k][0], s->pages,
                 (unsigned long long)s->bytes);
        hr_record_ceiling_null(s->w->record, id, kinds[k][1], reason);
    }
}

/* Touches what the last size had not: false if it takes longer than limit_s, or after Ctrl-C. A
 * guest may get its memory from the hypervisor only now, at a tenth of the usual speed. */
static bool fill(const struct set *s, uint64_t from, uint64_t to, double limit_s)
{
    uint64_t start = hr_clock_ns();
    volatile char *at = s->region.at;

    for (uint64_t i = from; i < to; i += PAGE_BYTES) {
        at[i] = 0;
        if (i % CHUNK_BYTES == 0 && (hr_stop_signal() || seconds_since(start) > limit_s)) {
            return false;
        }
    }
    return true;
}

/* The sizes of one page size, within a share of the time left. *done is the largest one measured.
 */
static void measure_pages(struct hr_ceiling_work *w, enum hr_pages pages, const uint64_t *sizes,
                          int n, double share, uint64_t *done, struct hr_touch *best)
{
    struct set s = {.w = w, .pages = pages == HR_PAGES_HUGE ? "huge" : "base", .bytes = sizes[0]};
    double until_s = hr_ceiling_left_s(w) * (1 - share), fill_s_per_byte = 0;

    if (hr_region_map(&s.region, sizes[n - 1], pages) != 0) {
        record_null(&s, hr_error());
        hr_error_clear();
        return;
    }
    for (int i = 0; i < n && !hr_stop_signal(); i++) {
        double left = hr_ceiling_left_s(w) - until_s;
        uint64_t start = hr_clock_ns(), before = i ? sizes[i - 1] : 0, fresh = sizes[i] - before;
        if (i > 0 && (left <= 0 || fill_s_per_byte * (double)fresh > FILL_SHARE * left)) {
            break; /* what was done is what is recorded */
        }
        if (!fill(&s, before, sizes[i], left > 1 ? FILL_LIMIT * left : 1)) {
            break;
        }
        if (fresh > 1 << 20) {
            fill_s_per_byte = seconds_since(start) / (double)fresh;
        }
        s.bytes = sizes[i];
        hr_chase_build(s.region.at, s.bytes / HR_LINE_BYTES);
        s.huge_bytes = hr_region_huge_bytes(&s.region);
        if (pages == HR_PAGES_HUGE && s.huge_bytes == 0) {
            record_null(&s, "the system gave no huge pages, or does not tell");
            break;
        }
        measure_latency(&s);
        *best = measure_lines(&s);
        *done = s.bytes;
    }
    hr_region_unmap(&s.region);
}

struct all_touch {
    uint64_t bytes, count;
    struct hr_touch way;
};

static void touch_work(struct hr_crew_member *m, void *context)
{
    const struct all_touch *t = context;

    m->result = hr_touch_lines(m->region.at, t->bytes / HR_LINE_BYTES, t->count,
                               (uint64_t)m->number + 11, t->way);
}

/* All threads, each in its own part: what bounds an engine with a shard per processor. */
static void measure_all_threads(struct hr_ceiling_work *w, uint64_t bytes, struct hr_touch way)
{
    uint64_t each = power_of_two_below(bytes / (uint64_t)w->n_cpus);
    struct all_touch t = {.bytes = each, .count = 100000, .way = way};
    double samples[HR_CEILING_SAMPLES];
    struct hr_crew *crew;
    char id[96], text[64];

    snprintf(id, sizeof(id), "memory/lines/huge/bytes=%llu/threads=%d",
             (unsigned long long)each * (unsigned long long)w->n_cpus, w->n_cpus);
    if (hr_crew_start(&crew, w->cpus, w->n_cpus, (size_t)each) != 0) {
        hr_record_ceiling_null(w->record, id, "lines/s", hr_error());
        hr_error_clear();
        return;
    }
    double s = hr_crew_run(crew, touch_work, &t);
    t.count = (uint64_t)((double)t.count * w->sample_s / (s > 0 ? s : 1)) + 1000;
    for (int i = 0; i < HR_CEILING_SAMPLES; i++) {
        s = hr_crew_run(crew, touch_work, &t);
        samples[i] = (double)t.count * w->n_cpus / (s > 0 ? s : 1e-9);
    }
    hr_crew_stop(crew);
    hr_record_ceiling(w->record, id, "lines/s", true, samples, HR_CEILING_SAMPLES,
                      json_pack("{s:i, s:I, s:s, s:s}", "threads", w->n_cpus, "bytes",
                                (json_int_t)each * w->n_cpus, "pages", "huge", "prefetch",
                                way_text(way, text)));
}

void hr_measure_working_sets(struct hr_ceiling_work *w)
{
    uint64_t sizes[SIZES_MAX], done = 0, ignored = 0;
    struct hr_touch best = ways[0], best_base;
    int n = choose_sizes(w, sizes);

    if (n == 0) {
        hr_record_ceiling_null(w->record, "memory/lines", "lines/s",
                               "too little memory is available");
        return;
    }
    measure_pages(w, HR_PAGES_HUGE, sizes, n, 0.55, &done, &best);
    if (done > 0 && w->n_cpus > 1 && !hr_stop_signal()) {
        measure_all_threads(w, done < ALL_BYTES_MAX ? done : ALL_BYTES_MAX, best);
    }
    if (!hr_stop_signal()) {
        measure_pages(w, HR_PAGES_BASE, sizes, n, 1, &ignored, &best_base);
    }
}
