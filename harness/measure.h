/*
 * measure.h - a suite declares its work; this times, repeats and does the statistics.
 *
 * A case is declared by its id, its metrics and one callback that performs ONE fresh run: fresh
 * engine, fresh books from the tape's load phase, the timed steady phase. hr_measure() filters by
 * id, runs it as often as the configuration says, tries a run again (run.retries times) after a
 * hard validity failure, compares every run's digest with the oracle's, runs the same case on
 * the null engine (the best of three), and writes medians with intervals, histograms and checks
 * into the record.
 *
 * The null-engine rule. A metric that names itself `ruled` is compared with the same figure of the
 * null engine: distance = how many times better the null engine did. Below 2 more than half of
 * the figure is the harness. For a rate that is hard (INVALID); for a latency, where the clock
 * reading itself is part of the sample, it is a warning below 2 and hard below 1.1. Over a path
 * between processes, which is more than the harness and is what one wants to know, the distance is
 * told and judges nothing.
 *
 * Against another engine (rig->against) every run is two, one of each, in the order old new, new
 * old, old new …: blocks of two runs of each, in which a straight drift cancels. The old one's
 * case, with its own digests, checks and figures, lies in the case of the engine under test, under
 * "against"; reports/compare.h judges them. If one of the two has no figure, the other has none.
 *
 * Statuses: PASS; FAIL (the suite found a bound missed); INVALID (wrong digest, hard checks that
 * did not go away, the null engine as the engine under test): no figure, a reason; SKIP (no memory,
 * not supported, interrupted).
 *
 * Threads: one at a time; a callback may start and join its own.
 */
#ifndef HR_MEASURE_H
#define HR_MEASURE_H

#include "harness/config.h"
#include "harness/drive.h"
#include "harness/energy.h"
#include "harness/path.h"
#include "harness/record.h"
#include "harness/validity.h"
#include "harness/workload.h"

#include <regex.h>

#define HR_RIG_CPUS_MAX 1024

/* What all cases of one run of the program share. Filled by the run command. */
struct hr_rig {
    struct hr_record *record;
    const struct hr_config *config;
    const struct eut_engine *engine;  /* under test */
    const struct eut_engine *ruler;   /* the null engine; NULL: no distance is measured */
    const struct eut_engine *against; /* NULL, or the older build that takes turns with it */
    const struct hr_path_ops *path;
    struct hr_energy *energy;         /* NULL: not looked at (planning) */
    const regex_t *filter;          /* over case ids; NULL: all */
    struct hr_workloads *workloads; /* NULL while planning */
    json_t *flows;                  /* workload.flows of the record, borrowed */
    int cpu;                        /* where the driving thread is pinned, -1 nowhere */
    int cpus[HR_RIG_CPUS_MAX];      /* that may be used; the measuring one first */
    int cpus_count;
    uint64_t memory_max_bytes; /* what tapes, engine and oracle may take together */
    const char *hist_dir;      /* where *.hlog go; NULL: nowhere */
    json_t *plan;              /* not NULL: cases are listed here and not run */
    double planned_s;          /* while planning: the sum; else what the plan said */
    double done_s;             /* of the plan */
    int statuses[4];           /* cases by enum hr_status */
    struct hr_hiccup hiccup;   /* of the measuring core, over the whole run */
    struct hr_histogram *gaps; /* of the measuring core; may be NULL */
};

/* What the engine under test can do, and the one it is held against too: both get the same flow. */
static inline uint64_t hr_rig_capabilities(const struct hr_rig *rig)
{
    return rig->engine->capabilities & (rig->against ? rig->against->capabilities : UINT64_MAX);
}

/* The ceiling of a figure that nothing nearer bounds: what the null engine did with the same tape
 * on the same path, in the same run. No engine can do better, since it is the harness alone. */
#define HR_CEILING_NULL "null engine, same tape"

struct hr_measured {
    const char *name, *unit;
    bool higher;
    bool ruled;          /* compared with the null engine, and bounded by it */
    bool bounded;        /* only bounded by it, or by the case's own ruler */
    const char *ceiling; /* id of a nearer one, or NULL */
    double ceiling_value;
};

#define HR_MEASURED_MAX 40
#define HR_CASE_HISTOGRAMS_MAX 8

/* One fresh run. The callback sets what it measured; hr_measure() judges. */
struct hr_trial {
    const struct hr_rig *rig;
    const struct eut_engine *engine; /* to drive: the one under test, or the null engine */
    bool ruler;
    int index;                            /* of the run, from 0 */
    uint64_t seed;                        /* for arrivals: differs from run to run */
    double values[HR_MEASURED_MAX];       /* in the order of the case's metrics; NAN: not had */
    const char *reasons[HR_MEASURED_MAX]; /* why not; static texts */
    struct hr_histogram *histograms[HR_CASE_HISTOGRAMS_MAX];
    struct hr_checks checks;
    bool digested;
    uint64_t digest;
    struct hr_disturbance before;
    uint64_t started_ns, elapsed_ns; /* elapsed: of all timed parts */
    double started_joules, joules;   /* of all timed parts, by the rig's source; NAN: none */
};
/* Around each timed part: disturbance and migration are looked at there. */
void hr_trial_start(struct hr_trial *trial);
void hr_trial_stop(struct hr_trial *trial);
/* What every case of a rate tells beside it, of the whole host: mean power, and what a joule buys.
 * Into values[first …) from joules used in ns of measured time; NAN and the reason without a source,
 * or over a time too short for it. */
#define HR_ENERGY_FIGURES                                                                          \
    {.name = "power", .unit = "W"},                                                                \
    {                                                                                              \
        .name = "orders_per_joule", .unit = "orders/J", .higher = true                             \
    }
#define HR_ENERGY_FIGURES_COUNT 2
void hr_trial_energy(struct hr_trial *trial, int first, double joules, uint64_t ns,
                     uint64_t orders);
/* The digest of this run, and the right one. Ignored for the null engine. */
void hr_trial_digest(struct hr_trial *trial, uint64_t digest, uint64_t expected);
/* The same of the engine behind the rig's path; -errno if the path has none to tell. */
int hr_trial_digest_of(struct hr_trial *trial, struct hr_path *path, uint64_t expected);
/* The gate behind every run: one that hr_trial_digest() has not seen is hard, and has no figure. */
void hr_trial_gate(struct hr_trial *trial);

struct hr_case {
    const char *suite, *name; /* id: suite/path/engine/name */
    json_t *params;           /* borrowed */
    const struct hr_measured *metrics;
    int metrics_count;
    const char *const *histograms; /* names, ended by NULL; may be NULL */
    int (*run)(const struct hr_case *c, struct hr_trial *trial); /* 0 or -errno */
    const void *context;
    int runs;             /* 0: run.runs, or two a block (run.blocks) against another engine */
    double seconds;       /* predicted for one run */
    double ruler_seconds; /* and for the null engine's; 0: the same */
    const char *ruler;    /* what its run did instead, as a ceiling's id; NULL: HR_CEILING_NULL */
};

struct hr_measure_result {
    json_t *json; /* the case in the record, borrowed; NULL if filtered out or planned */
    enum hr_status status;
    int runs;        /* good ones */
    double *samples; /* [metric * runs_max + run]; owned by the result */
    int runs_max;
    uint64_t digest;
};
/* 0 (whatever the case's status), or -EINTR after Ctrl-C. result may be NULL. */
int hr_measure(struct hr_rig *rig, json_t *suite, const struct hr_case *c,
               struct hr_measure_result *result);
/* The same for cases that are compared with each other (a sweep over cores): their runs take turns,
 * the first of each, then the second of each, so that a drift of the machine falls on all. A case's
 * seconds are then those of all. results: n. */
int hr_measure_in_turns(struct hr_rig *rig, json_t *suite, const struct hr_case *cases, int n,
                        struct hr_measure_result *results);
void hr_measure_result_free(struct hr_measure_result *result);
const double *hr_measure_samples(const struct hr_measure_result *result, int metric);
/* Over the good runs; NAN if there are none, or if one of them has no figure. */
double hr_measure_median(const struct hr_measure_result *result, int metric);

/* For a suite that steers its runs itself (a search): one fresh trial with its histograms, the
 * hiccup check already in it; its end; one kept with its checks under the case's runs (names of the
 * values). */
int hr_trial_begin(struct hr_rig *rig, struct hr_trial *trial, bool ruler, int index,
                   int histograms);
void hr_trial_end(struct hr_trial *trial);
void hr_trial_keep(json_t *c, const struct hr_trial *trial, const struct hr_measured *metrics,
                   int n);
/* Sets a case's status and counts it. */
void hr_rig_state(struct hr_rig *rig, json_t *c, enum hr_status status, const char *reason,
                  const char *advice);
/* An open .hlog file of this case, or NULL (no folder, or a warning is recorded). */
FILE *hr_rig_hlog(struct hr_rig *rig, const char *id);
/* Accepts NULL. A file that could not be written whole is a warning. */
void hr_rig_hlog_close(struct hr_rig *rig, const char *id, FILE *hlog);

/* A case that cannot run: recorded with its status, reason and advice (params borrowed). */
json_t *hr_measure_refuse(struct hr_rig *rig, json_t *suite, const char *suite_name,
                          const char *name, json_t *params, enum hr_status status,
                          const char *reason, const char *advice);
/* Takes back a status after a look at the whole case (N-invariance …): its figures become null with
 * the reason. Its runs stay, so that the reason can be looked at. */
void hr_measure_restate(struct hr_rig *rig, struct hr_measure_result *result, enum hr_status status,
                        const char *reason, const char *advice);
/* A bound that a good case missed: FAIL, with the reason; its figures stay. */
void hr_measure_missed(struct hr_rig *rig, struct hr_measure_result *result, const char *reason,
                       const char *advice);

/* id and whether the filter lets it through. */
void hr_case_id(const struct hr_rig *rig, const char *suite, const char *name, char *id,
                size_t size);
bool hr_case_wanted(const struct hr_rig *rig, const char *id);

/* Leaves out of a flow what the engine under test cannot do. True if something was left out; why
 * (size HR_WHY_MAX) then says what. */
bool hr_flow_subset(struct hr_flow_params *params, uint64_t capabilities, char *why);

/* What building the books took. The requests of a streamed flow are made between the submits; only
 * these are timed, in memory that was touched before (memory_reserve.h). */
struct hr_loaded_kind {
    uint64_t requests, ns;
    uint64_t resident_bytes; /* by which the RSS grew meanwhile */
};
struct hr_loaded {
    struct hr_loaded_kind l3, l2;
    uint64_t reserve_bytes, reserve_ns; /* touched before, and in what time; 0: nothing */
};

/* The path opened for a workload's limits with the books of the load phase in it. loaded may be
 * NULL. The null engine, which has no books, is spared the load of a streamed flow. */
int hr_books_open(const struct hr_rig *rig, const struct eut_engine *engine,
                  const struct hr_workload *workload, uint32_t batch, struct hr_path **path,
                  struct hr_loaded *loaded);

/* hr_workload_get() with the flow cut to what the engine can do, memory looked at, and plan mode.
 * -ENOSPC if it does not fit into rig->memory_max_bytes. While planning the workload holds numbers
 * only. */
int hr_rig_workload(struct hr_rig *rig, const struct hr_flow_params *params, uint64_t steady,
                    struct hr_workload *workload);

/* The share of the rate that the plan guesses with: engines in orders per second. */
#define HR_PLAN_ORDERS_PER_S 1e7

#endif
