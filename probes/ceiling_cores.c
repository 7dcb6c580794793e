/*
 * ceiling_cores.c - how long does a cache line take from one processor to another, and do their
 * clocks agree?
 *
 * Two bound threads hand a line to and fro; half of the round trip is the way. The same hand-over
 * carries the sender's time: a receiver whose own reading is earlier has seen the clock run
 * backwards. On hosts with many processors a bounded choice of pairs is measured.
 */
#include "harness/clock.h"
#include "harness/error.h"
#include "harness/platform/platform.h"
#include "harness/progress.h"
#include "probes/ceilings.h"

#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define PAIRS_MAX 28 /* all pairs of eight processors */
#define ROUNDS 1000  /* hand-overs there and back of one sample */
#define PATIENCE_NS 200000000u

struct line {
    _Alignas(128) _Atomic uint64_t turn; /* odd: the other's; 128: two lines are fetched together */
    uint64_t sent_ticks;
    _Alignas(128) _Atomic bool give_up;
};

struct other {
    struct line *line;
    int cpu;
    bool bound;
    uint64_t rounds, backwards_ticks; /* the most its clock was behind the sender's */
    bool stamped;
};

static inline void pause_briefly(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Waits for the turn; false if the other side does not come. A descheduled partner costs time, so
 * the processor is offered now and then. */
static bool await(struct line *line, uint64_t turn)
{
    uint64_t since = 0;

    for (uint64_t spins = 0; atomic_load_explicit(&line->turn, memory_order_acquire) != turn;
         spins++) {
        pause_briefly();
        if ((spins & 0xFFFF) == 0xFFFF) {
            uint64_t now = hr_clock_ns();
            since = since ? since : now;
            if (now - since > PATIENCE_NS || hr_stop_signal()) {
                atomic_store(&line->give_up, true);
            }
            if (atomic_load(&line->give_up)) {
                return false;
            }
            sched_yield();
        }
    }
    return true;
}

static uint64_t behind(uint64_t sent, uint64_t most)
{
    uint64_t now = hr_ticks();

    return now < sent && sent - now > most ? sent - now : most;
}

static void *answer(void *argument)
{
    struct other *o = argument;
    uint64_t most = 0;

    o->bound = hr_thread_pin(o->cpu) == 0;
    for (uint64_t i = 0; i < o->rounds && await(o->line, 2 * i + 1); i++) {
        if (o->stamped) {
            most = behind(o->line->sent_ticks, most);
            o->line->sent_ticks = hr_ticks();
        }
        atomic_store_explicit(&o->line->turn, 2 * i + 2, memory_order_release);
    }
    o->backwards_ticks = most;
    return NULL;
}

/* ns of one way for each sample; false if the two could not be brought together. */
static bool play(int a, int b, bool stamped, double *one_way_ns, uint64_t *backwards)
{
    struct line line;
    struct other other = {
        .line = &line, .cpu = b, .rounds = ROUNDS * (HR_CEILING_SAMPLES + 1), .stamped = stamped};
    pthread_t thread;
    uint64_t turn = 0, most = 0, start = 0;
    bool good = true;

    memset(&line, 0, sizeof(line));
    if (hr_thread_pin(a) != 0 || pthread_create(&thread, NULL, answer, &other) != 0) {
        return false;
    }
    for (int sample = -1; sample < HR_CEILING_SAMPLES && good; sample++) { /* the first warms up */
        start = hr_clock_ns();
        for (int i = 0; i < ROUNDS && good; i++, turn += 2) {
            if (stamped) {
                line.sent_ticks = hr_ticks();
            }
            atomic_store_explicit(&line.turn, turn + 1, memory_order_release);
            good = await(&line, turn + 2);
            if (stamped && good) {
                most = behind(line.sent_ticks, most);
            }
        }
        if (sample >= 0 && one_way_ns) {
            one_way_ns[sample] = (double)(hr_clock_ns() - start) / ROUNDS / 2;
        }
    }
    pthread_join(thread, NULL);
    *backwards = most > other.backwards_ticks ? most : other.backwards_ticks;
    return good && other.bound;
}

/* All pairs of few processors; of many, from the first to others spread evenly, and neighbours. */
static int choose_pairs(const struct hr_ceiling_work *w, int pairs[PAIRS_MAX][2])
{
    int n = 0;

    if (w->n_cpus * (w->n_cpus - 1) / 2 <= PAIRS_MAX) {
        for (int a = 0; a < w->n_cpus; a++) {
            for (int b = a + 1; b < w->n_cpus; b++, n++) {
                pairs[n][0] = w->cpus[a];
                pairs[n][1] = w->cpus[b];
            }
        }
        return n;
    }
    for (int k = 1; k <= 20; k++, n++) {
        pairs[n][0] = w->cpus[0];
        pairs[n][1] = w->cpus[k * (w->n_cpus - 1) / 20];
    }
    for (int k = 1; n < PAIRS_MAX; k++, n++) {
        int at = k * (w->n_cpus - 2) / 8;
        pairs[n][0] = w->cpus[at];
        pairs[n][1] = w->cpus[at + 1];
    }
    return n;
}

static void record_monotonic(struct hr_ceiling_work *w, int pairs, uint64_t backwards_ticks)
{
    double worst = (double)backwards_ticks * hr_clock()->ns_per_tick;

    hr_record_ceiling(
        w->record, "clock/monotonic", "ns", false, &worst, 1,
        json_pack("{s:i, s:i, s:s}", "pairs", pairs, "handovers_per_pair",
                  2 * ROUNDS * (HR_CEILING_SAMPLES + 1), "meaning",
                  "the most one processor's clock was seen behind another's; 0 is good"));
}

void hr_measure_cores(struct hr_ceiling_work *w)
{
    int pairs[PAIRS_MAX][2], n = w->n_cpus > 1 ? choose_pairs(w, pairs) : 0, done = 0;
    uint64_t worst = 0, until = hr_clock_ns() + (uint64_t)(w->budget_s * 0.15e9);
    const char *why = "there is only one processor";

    for (int i = 0; i < n && !hr_stop_signal() && (i == 0 || hr_clock_ns() < until); i++) {
        double samples[HR_CEILING_SAMPLES];
        uint64_t backwards = 0, unused;
        char id[64];
        snprintf(id, sizeof(id), "core-to-core/cpus=%d,%d", pairs[i][0], pairs[i][1]);
        if (play(pairs[i][0], pairs[i][1], false, samples, &unused) &&
            play(pairs[i][0], pairs[i][1], true, NULL, &backwards)) {
            hr_record_ceiling(w->record, id, "ns", false, samples, HR_CEILING_SAMPLES,
                              json_pack("{s:[ii], s:s}", "cpus", pairs[i][0], pairs[i][1],
                                        "meaning", "one way: half of a round trip"));
            worst = backwards > worst ? backwards : worst;
            done++;
        } else if (!hr_stop_signal()) {
            why = "threads cannot be bound here, or the other did not answer in time";
            hr_record_ceiling_null(w->record, id, "ns", hr_error()[0] ? hr_error() : why);
            hr_error_clear();
        }
    }
    if (done > 0) {
        record_monotonic(w, done, worst);
    } else if (!hr_stop_signal()) {
        hr_record_ceiling_null(w->record, "core-to-core", "ns", why);
        hr_record_ceiling_null(w->record, "clock/monotonic", "ns", why);
    }
    if (hr_thread_pin(w->cpu) != 0) {
        hr_error_clear();
    }
}
