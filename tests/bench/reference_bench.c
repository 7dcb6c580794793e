/*
 * reference_bench.c - which of several builds of an engine is faster on the same flow?
 *
 *   cc -O2 -march=native -I. -o /tmp/bench tests/bench/reference_bench.c -ldl -lm
 *   /tmp/bench [-m MARKETS] [-r RESTING] [-l LEVELS] [-x CROSSING] [-z ZIPF] [-n STEADY] [-b BATCH]
 *              [-k ROUNDS] [-2] [-t TAPE] ENGINE.so...
 *
 * Records one tape with the first engine as its shadow, or with -t takes one that `headroom flow
 * --format bin` wrote, of so many -m markets of -r orders, then replays it on fresh instances of
 * each engine in turn, forwards and backwards (ABBA), and prints the median and the best million
 * requests a second of the steady part, the digest, and bytes a market after loading. For the work
 * on the engine itself; `headroom run` is what measures a machine.
 */
#include "engine-under-test/engine.h"

#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS_MAX 64
#define ENGINES_MAX 8
#define ID_STEP 0x9E3779B97F4A7C15u

struct live {
    uint32_t market, at; /* position in its market's list */
    uint32_t price, qty;
    uint8_t side;
};

struct bench {
    uint32_t markets, resting, levels, batch, rounds;
    double crossing, zipf;
    int l2;
    uint64_t steady, load, random;
    struct eut_request *tape;
    struct live *live; /* by sequence number */
    uint32_t **list;   /* of sequence numbers, by market */
    uint32_t *count, *room;
    uint32_t *mid;
    double *weight; /* cumulative, for Zipf */
    uint64_t sequence, inverse;
    const char *file; /* of the tape; NULL: it is recorded here */
};

static uint64_t bench_random(struct bench *b)
{
    uint64_t z = b->random += 0x9E3779B97F4A7C15u;

    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static uint32_t below(struct bench *b, uint32_t n)
{
    return (uint32_t)(((bench_random(b) >> 32) * n) >> 32);
}

static uint32_t pick_market(struct bench *b)
{
    if (b->zipf <= 0) {
        return below(b, b->markets);
    }
    double u = (double)(bench_random(b) >> 11) * 0x1p-53 * b->weight[b->markets - 1];
    uint32_t low = 0, high = b->markets - 1;

    while (low < high) {
        uint32_t middle = (low + high) / 2;

        if (b->weight[middle] < u) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return (uint32_t)(((uint64_t)low * 2654435761u) % b->markets);
}

static void forget(struct bench *b, uint32_t sequence)
{
    struct live *o = &b->live[sequence];
    uint32_t *list = b->list[o->market], last = list[--b->count[o->market]];

    list[o->at] = last;
    b->live[last].at = o->at;
    o->qty = 0;
}

static void observe(struct bench *b, const struct eut_request *r, const struct eut_event *e)
{
    uint32_t sequence = (uint32_t)(e->order * b->inverse);

    if (e->kind == EUT_TRADE && e->maker) {
        uint32_t maker = (uint32_t)(e->maker * b->inverse);

        b->live[maker].qty -= e->qty;
        if (b->live[maker].qty == 0) {
            forget(b, maker);
        }
    } else if (e->kind == EUT_ACCEPTED && e->order) {
        struct live *o = &b->live[sequence];

        if (r->op == EUT_NEW) {
            uint32_t m = r->market;

            if (b->count[m] == b->room[m]) {
                b->room[m] = b->room[m] * 2 + 16;
                b->list[m] = realloc(b->list[m], b->room[m] * sizeof(uint32_t));
            }
            o->market = m;
            o->side = r->side;
            o->at = b->count[m]++;
            b->list[m][o->at] = sequence;
        }
        o->price = e->price;
        o->qty = e->qty;
    } else if (e->kind == EUT_CANCELLED && b->live[sequence].qty &&
               (r->op == EUT_CANCEL || r->op == EUT_REPLACE)) {
        forget(b, sequence);
    }
}

static uint32_t passive_price(struct bench *b, uint32_t m, int buy)
{
    uint32_t u = below(b, b->levels), v = below(b, b->levels), off = u < v ? u : v;

    return buy ? b->mid[m] - 1 - off : b->mid[m] + off;
}

static void make_new(struct bench *b, uint32_t m, struct eut_request *r, double crossing)
{
    int buy = bench_random(b) & 1;
    double u = (double)below(b, 1 << 20) / (1 << 20);

    *r = (struct eut_request){.market = m, .op = EUT_NEW};
    r->side = buy ? EUT_BUY : EUT_SELL;
    r->type = EUT_LIMIT;
    r->tif = EUT_DAY;
    r->qty = 1 + below(b, 100);
    r->order = ++b->sequence * ID_STEP;
    if (u < crossing) {
        r->price = passive_price(b, m, !buy);
        r->tif = crossing < 0.3 ? EUT_IOC : EUT_DAY;
    } else {
        r->price = passive_price(b, m, buy);
    }
}

static void make_request(struct bench *b, struct eut_request *r)
{
    uint32_t m = pick_market(b), k = below(b, 100);

    if (below(b, 400) == 0) {
        b->mid[m] += below(b, 2) ? 1 : -1u;
    }
    if (b->l2) {
        int buy = bench_random(b) & 1;

        make_new(b, m, r, 0);
        if (k < 90) {
            r->op = EUT_QUOTE;
            r->price = passive_price(b, m, buy);
            r->side = buy ? EUT_BUY : EUT_SELL;
            r->qty = below(b, 4) ? r->qty : 0;
        } else {
            r->tif = EUT_IOC;
            r->price = passive_price(b, m, r->side == EUT_SELL);
        }
        return;
    }
    uint32_t cancel_from = b->count[m] < b->resting ? 60 : 40;
    uint32_t n = b->count[m];

    if (k >= 95 && n) {
        struct live *o;
        uint32_t sequence = b->list[m][below(b, n)];

        o = &b->live[sequence];
        *r = (struct eut_request){.market = m, .order = sequence * ID_STEP, .op = EUT_REPLACE};
        r->qty = below(b, 2) && o->qty > 1 ? o->qty - 1 : o->qty + 1;
        r->price = below(b, 2) ? o->price : passive_price(b, m, o->side == EUT_BUY);
    } else if (k >= cancel_from && n) {
        *r = (struct eut_request){
            .market = m, .order = b->list[m][below(b, n)] * ID_STEP, .op = EUT_CANCEL};
    } else {
        make_new(b, m, r, b->crossing);
    }
}

struct shadow {
    struct bench *b;
    const struct eut_request *requests;
};

static void shadow_flush(struct eut_sink *sink)
{
    struct shadow *s = sink->owner;

    for (uint32_t i = 0; i < sink->count; i++) {
        observe(s->b, &s->requests[sink->events[i].request], &sink->events[i]);
    }
    sink->count = 0;
}

static struct eut_limits bench_limits(const struct bench *b)
{
    uint64_t orders = b->markets * ((uint64_t)b->resting * 5 / 4 + 8) + 4096;

    return (struct eut_limits){.struct_size = sizeof(struct eut_limits),
                               .markets = b->markets,
                               .l2_markets = b->l2 ? b->markets : 0,
                               .batch_max = b->batch,
                               .orders = orders,
                               .levels = b->l2 ? (uint64_t)b->markets * b->levels * 4 : orders};
}

static void record(struct bench *b, const struct eut_engine *engine)
{
    uint64_t per = b->l2 ? b->levels * 4 : b->resting;
    uint64_t total;
    struct eut_limits limits = bench_limits(b);
    struct eut_event events[256];
    struct shadow shadow = {.b = b};
    struct eut_sink sink = {events, 0, 256, shadow_flush, &shadow};
    void *self;

    b->load = per * b->markets;
    total = b->load + b->steady;
    b->tape = malloc(total * sizeof(*b->tape));
    b->live = calloc(total + 1, sizeof(*b->live));
    b->list = calloc(b->markets, sizeof(*b->list));
    b->count = calloc(b->markets, sizeof(uint32_t));
    b->room = calloc(b->markets, sizeof(uint32_t));
    b->mid = malloc(b->markets * sizeof(uint32_t));
    b->weight = malloc(b->markets * sizeof(double));
    for (uint32_t m = 0; m < b->markets; m++) {
        b->mid[m] = 100000 + below(b, 1000000);
        b->weight[m] = (m ? b->weight[m - 1] : 0) + pow(m + 1, -b->zipf);
    }
    b->inverse = 1;
    for (int i = 0; i < 6; i++) {
        b->inverse *= 2 - ID_STEP * b->inverse;
    }
    if (engine->create(&limits, &self) != 0) {
        fprintf(stderr, "create failed\n");
        exit(1);
    }
    for (uint64_t i = 0; i < total; i++) {
        struct eut_request *r = &b->tape[i];

        if (i < b->load) {
            make_new(b, (uint32_t)(i / per), r, 0);
            if (b->l2) {
                r->op = EUT_QUOTE;
            }
        } else {
            make_request(b, r);
        }
        r->account = 0; /* nobody: no self-trades, and anyone may cancel */
        shadow.requests = r;
        engine->submit(self, r, 1, &sink);
        shadow_flush(&sink);
    }
    engine->destroy(self);
}

/* A file of 16 bytes and then requests, as they lie in memory. */
static void read_tape(struct bench *b)
{
    FILE *f = fopen(b->file, "rb");
    long bytes = f && fseek(f, 0, SEEK_END) == 0 ? ftell(f) - 16 : 0;
    size_t total = bytes > 0 ? (size_t)bytes / sizeof(*b->tape) : 0;

    b->load = (uint64_t)b->markets * b->resting;
    if (total > b->load) {
        b->tape = malloc(total * sizeof(*b->tape));
        fseek(f, 16, SEEK_SET);
    }
    if (!b->tape || fread(b->tape, sizeof(*b->tape), total, f) != total) {
        fprintf(stderr, "%s: not a tape of more than %llu requests\n", b->file,
                (unsigned long long)b->load);
        exit(2);
    }
    b->steady = total - b->load;
    fclose(f);
}

static void drop(struct eut_sink *sink)
{
    *(uint64_t *)sink->owner += sink->count;
    sink->count = 0;
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double resident(void)
{
    FILE *f = fopen("/proc/self/statm", "r");
    unsigned long size = 0, rss = 0;

    if (!f || fscanf(f, "%lu %lu", &size, &rss) != 2) {
        rss = 0;
    }
    if (f) {
        fclose(f);
    }
    return (double)rss * (double)sysconf(_SC_PAGESIZE);
}

struct outcome {
    double rate[ROUNDS_MAX], load_rate, bytes;
    uint64_t digest, events;
};

static void submit_all(const struct bench *b, const struct eut_engine *engine, void *self,
                       uint64_t from, uint64_t to, struct eut_sink *sink)
{
    for (uint64_t i = from; i < to; i += b->batch) {
        uint64_t n = to - i < b->batch ? to - i : b->batch;

        engine->submit(self, b->tape + i, (uint32_t)n, sink);
    }
}

static void play(const struct bench *b, const struct eut_engine *engine, struct outcome *out,
                 uint32_t round)
{
    static struct eut_event events[4096];
    struct eut_limits limits = bench_limits(b);
    struct eut_sink sink = {events, 0, 4096, drop, &out->events};
    double rss = resident(), start;
    void *self;

    if (engine->create(&limits, &self) != 0) {
        exit(1);
    }
    start = now();
    submit_all(b, engine, self, 0, b->load, &sink);
    out->load_rate = (double)b->load / (now() - start) * 1e-6;
    out->bytes = (resident() - rss) / b->markets;
    out->events = 0;
    start = now();
    submit_all(b, engine, self, b->load, b->load + b->steady, &sink);
    out->rate[round] = (double)b->steady / (now() - start) * 1e-6;
    drop(&sink);
    out->digest = engine->digest(self);
    engine->destroy(self);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    struct bench b = {.markets = 1,
                      .resting = 2000,
                      .levels = 40,
                      .batch = 256,
                      .rounds = 5,
                      .crossing = 0.1,
                      .steady = 2000000,
                      .random = 1};
    const struct eut_engine *engine[ENGINES_MAX];
    static struct outcome out[ENGINES_MAX];
    int c, engines = 0;

    while ((c = getopt(argc, argv, "m:r:l:x:z:n:b:k:t:2")) != -1) {
        switch (c) {
        case 'm':
            b.markets = (uint32_t)atoi(optarg);
            break;
        case 'r':
            b.resting = (uint32_t)atoi(optarg);
            break;
        case 'l':
            b.levels = (uint32_t)atoi(optarg);
            break;
        case 'x':
            b.crossing = atof(optarg);
            break;
        case 'z':
            b.zipf = atof(optarg);
            break;
        case 'n':
            b.steady = strtoull(optarg, NULL, 0);
            break;
        case 'b':
            b.batch = (uint32_t)atoi(optarg);
            break;
        case 'k':
            b.rounds = (uint32_t)atoi(optarg);
            break;
        case 't':
            b.file = optarg;
            break;
        case '2':
            b.l2 = 1;
            break;
        default:
            return 2;
        }
    }
    for (; optind < argc && engines < ENGINES_MAX; optind++, engines++) {
        void *library = dlopen(argv[optind], RTLD_NOW | RTLD_LOCAL);
        eut_engine_entry_fn entry;

        if (!library) {
            fprintf(stderr, "%s\n", dlerror());
            return 2;
        }
        *(void **)&entry = dlsym(library, EUT_ENGINE_ENTRY);
        engine[engines] = entry();
        argv[engines + 1] = argv[optind];
    }
    if (engines == 0 || b.rounds > ROUNDS_MAX) {
        return 2;
    }
    if (b.file) {
        read_tape(&b);
    } else {
        record(&b, engine[0]);
    }
    for (uint32_t round = 0; round < b.rounds; round++) {
        for (int i = 0; i < engines; i++) {
            int e = round % 2 ? engines - 1 - i : i;

            play(&b, engine[e], &out[e], round);
        }
    }
    for (int e = 0; e < engines; e++) {
        qsort(out[e].rate, b.rounds, sizeof(double), by_value);
        printf("%-24s median %7.2f best %7.2f M/s (load %5.2f) %7.0f bytes/market "
               "%4.2f events/request digest %016llx\n",
               argv[e + 1], out[e].rate[b.rounds / 2], out[e].rate[b.rounds - 1], out[e].load_rate,
               out[e].bytes, (double)out[e].events / (double)b.steady,
               (unsigned long long)out[e].digest);
    }
    return 0;
}
