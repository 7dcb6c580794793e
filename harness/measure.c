/*
 * measure.c - what is the figure, how sure is it, and may it be trusted?
 *
 * Repeats a case's fresh runs, judges each by its checks, and writes what is left as medians with
 * intervals. It does not know what is measured: that is the suite's. It cannot see a bias that all
 * runs share; the null engine's distance and the ceilings beside the figures are there for that.
 */
#include "harness/measure.h"

#include "harness/error.h"
#include "harness/progress.h"
#include "harness/statistics.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ID_MAX 256
#define OLD_ID "/old" /* behind the id of the case that it is held against */
#define RULER_RUNS 3
#define RULER_SOFT 2.0
#define RULER_HARD_RATE 2.0
#define RULER_HARD_TIME 1.1

/* A case being measured. */
struct work {
    struct hr_rig *rig;
    const struct hr_case *c;
    char id[ID_MAX];
    json_t *json;
    struct hr_measure_result *result;
    const struct eut_engine *engine; /* the one under test, or the one it is held against */
    struct work *other;              /* the same case on the other of the two, or NULL */
    struct hr_histogram *merged[HR_CASE_HISTOGRAMS_MAX];
    int histograms;
    double ruler[HR_MEASURED_MAX];
    const char *reasons[HR_MEASURED_MAX]; /* a figure that some run did not have */
    FILE *hlog;
    double hlog_at_s;
    char why[HR_WHY_MAX + 160];
    const char *failed; /* the check that the last run did not pass, or NULL */
    bool open, gave_up;
    int rc; /* negative: what ended it; why says it in words */
};

void hr_case_id(const struct hr_rig *rig, const char *suite, const char *name, char *id,
                size_t size)
{
    snprintf(id, size, "%s/%s/%s/%s", suite, rig->path->name, rig->engine->name, name);
}

bool hr_case_wanted(const struct hr_rig *rig, const char *id)
{
    return !rig->filter || regexec(rig->filter, id, 0, NULL, 0) == 0;
}

/* ---- a run ---------------------------------------------------------------------- */

/* How many times better the null engine did, per ruled metric. */
static void check_ruler(struct work *w, struct hr_trial *t)
{
    if (w->rig->path->between_processes) {
        return;
    }
    for (int m = 0; m < w->c->metrics_count; m++) {
        const struct hr_measured *metric = w->c->metrics + m;
        double distance;

        if (!metric->ruled || !isfinite(w->ruler[m]) || !isfinite(t->values[m])) {
            continue;
        }
        distance = metric->higher ? w->ruler[m] / t->values[m] : t->values[m] / w->ruler[m];
        hr_check_least(&t->checks, "null_distance", distance, RULER_SOFT,
                       metric->higher ? RULER_HARD_RATE : RULER_HARD_TIME, "times");
        if (t->checks.hard && distance < (metric->higher ? RULER_HARD_RATE : RULER_HARD_TIME)) {
            t->checks.hopeless = true;
        }
    }
}

/* What a good run adds to the case. */
static void keep_good(struct work *w, const struct hr_trial *t)
{
    for (int m = 0; m < w->c->metrics_count; m++) {
        w->result->samples[m * w->result->runs_max + w->result->runs] = t->values[m];
        if (!isfinite(t->values[m]) && !w->reasons[m]) {
            w->reasons[m] = t->reasons[m] ? t->reasons[m] : "not measured in every run";
        }
    }
    w->result->runs++;
    w->result->digest = t->digest;
    for (int h = 0; h < w->histograms; h++) {
        hr_histogram_add(w->merged[h], t->histograms[h]);
        if (w->hlog && hr_histogram_count(t->histograms[h])) {
            hr_hlog_write(w->hlog, w->c->histograms[h], t->histograms[h], w->hlog_at_s,
                          (double)t->elapsed_ns / 1e9);
        }
    }
    w->hlog_at_s += (double)t->elapsed_ns / 1e9;
}

/* One good run, after at most run.retries more tries. 1: none was to be had, w->why says why. */
static int good_run(struct work *w, int index)
{
    int tries = 1 + (int)hr_config_count(w->rig->config, "run.retries");

    for (int k = 0; k < tries; k++) {
        struct hr_trial t;
        int rc = hr_trial_begin(w->rig, &t, false, index, w->histograms);

        rc = rc ? rc : w->c->run(w->c, &t);
        if (rc == 0) {
            hr_trial_gate(&t);
            check_ruler(w, &t);
            hr_trial_keep(w->json, &t, w->c->metrics, w->c->metrics_count);
            if (!t.checks.hard) {
                keep_good(w, &t);
            } else {
                snprintf(w->why, sizeof(w->why), "%s", t.checks.why);
                w->failed = t.checks.failed;
            }
        }
        bool again = rc == 0 && t.checks.hard && !t.checks.hopeless;
        bool good = rc == 0 && !t.checks.hard;

        hr_trial_end(&t);
        if (rc || good) {
            return rc;
        }
        if (!again) {
            return 1;
        }
        if (k + 1 < tries) {
            hr_progress_note("%s: run %d is tried again: %s", w->id, index + 1, w->why);
        }
    }
    snprintf(w->why + strlen(w->why), sizeof(w->why) - strlen(w->why), ", also when tried again");
    return 1;
}

/* The best of a few: what the harness can, not what the machine let it. */
static int ruler_run(struct work *w)
{
    bool wanted = false;
    int rc = 0;

    for (int m = 0; m < w->c->metrics_count; m++) {
        w->ruler[m] = (double)NAN;
        wanted = wanted || w->c->metrics[m].ruled || w->c->metrics[m].bounded;
    }
    for (int k = 0; k < RULER_RUNS && wanted && w->rig->ruler && rc == 0; k++) {
        struct hr_trial t;

        rc = hr_trial_begin(w->rig, &t, true, k, w->histograms);
        rc = rc ? rc : w->c->run(w->c, &t);
        for (int m = 0; m < w->c->metrics_count && rc == 0; m++) {
            bool better =
                w->c->metrics[m].higher ? t.values[m] > w->ruler[m] : t.values[m] < w->ruler[m];

            if (better || isnan(w->ruler[m])) {
                w->ruler[m] = t.values[m];
            }
        }
        hr_trial_end(&t);
    }
    return rc;
}

/* ---- a case ------------------------------------------------------------------------ */

static int work_begin(struct work *w)
{
    struct hr_measure_result *result = w->result;

    result->samples =
        calloc((size_t)result->runs_max * (size_t)(w->c->metrics_count + 1), sizeof(double));
    if (!result->samples) {
        return -ENOMEM;
    }
    while (w->c->histograms && w->c->histograms[w->histograms]) {
        w->merged[w->histograms] = hr_histogram_new();
        if (!w->merged[w->histograms++]) {
            return -ENOMEM;
        }
    }
    w->hlog = w->histograms ? hr_rig_hlog(w->rig, w->id) : NULL;
    return 0;
}

static void work_end(struct work *w)
{
    for (int h = 0; h < w->histograms; h++) {
        hr_histogram_free(w->merged[h]);
    }
    hr_rig_hlog_close(w->rig, w->id, w->hlog);
}

/* The ruler beside the figure: how many times better the null engine did. */
static void write_distance(struct work *w, int m)
{
    const struct hr_measured *metric = w->c->metrics + m;
    const double *samples = hr_measure_samples(w->result, m);
    double *distance = calloc((size_t)w->result->runs, sizeof(*distance));

    if (!distance || !isfinite(w->ruler[m])) {
        free(distance);
        return;
    }
    for (int i = 0; i < w->result->runs; i++) {
        distance[i] = metric->higher ? w->ruler[m] / samples[i] : samples[i] / w->ruler[m];
    }
    hr_case_metric(w->json, &(struct hr_metric){.name = "null_distance",
                                                .unit = "times",
                                                .higher = true,
                                                .samples = distance,
                                                .n = w->result->runs});
    free(distance);
}

/* The nearest of what bounds a figure: what the suite names, or the ruler, which did the same but
 * match. */
static void find_ceiling(const struct work *w, int m, struct hr_metric *figure)
{
    const struct hr_measured *metric = w->c->metrics + m;
    double null = w->ruler[m], named = metric->ceiling ? metric->ceiling_value : (double)NAN;

    figure->ceiling = metric->ceiling;
    figure->ceiling_value = metric->ceiling_value;
    if ((metric->ruled || metric->bounded) && null > 0 &&
        !(metric->higher ? named <= null : named >= null)) {
        figure->ceiling = w->c->ruler ? w->c->ruler : HR_CEILING_NULL;
        figure->ceiling_value = null;
    }
}

static void write_metrics(struct work *w)
{
    for (int m = 0; m < w->c->metrics_count; m++) {
        const struct hr_measured *metric = w->c->metrics + m;

        if (w->reasons[m]) {
            hr_case_metric_null(w->json, metric->name, metric->unit, w->reasons[m]);
            continue;
        }
        struct hr_metric figure = {.name = metric->name,
                                   .unit = metric->unit,
                                   .higher = metric->higher,
                                   .samples = hr_measure_samples(w->result, m),
                                   .n = w->result->runs};

        find_ceiling(w, m, &figure);
        hr_case_metric(w->json, &figure);
        if (metric->ruled) {
            write_distance(w, m);
        }
    }
    for (int h = 0; h < w->histograms; h++) {
        if (hr_histogram_count(w->merged[h])) {
            hr_case_histogram(w->json, w->c->histograms[h], w->merged[h]);
        }
    }
}

static void no_metrics(struct work *w, const char *reason)
{
    for (int m = 0; m < w->c->metrics_count; m++) {
        hr_case_metric_null(w->json, w->c->metrics[m].name, w->c->metrics[m].unit, reason);
    }
}

void hr_rig_state(struct hr_rig *rig, json_t *c, enum hr_status status, const char *reason,
                  const char *advice)
{
    hr_case_status(c, status, reason, advice);
    rig->statuses[status]++;
}

static void set_status(struct hr_rig *rig, json_t *json, struct hr_measure_result *result,
                       enum hr_status status, const char *reason, const char *advice)
{
    hr_rig_state(rig, json, status, reason, advice);
    result->status = status;
}

static const char *advice_for(const struct work *w)
{
    const char *failed = w->failed ? w->failed : "";

    if (strcmp(failed, "digest") == 0) {
        return "run `headroom conform -e ENGINE` to see the first wrong event";
    }
    if (strcmp(failed, "null_distance") == 0) {
        return "the harness would be measured: use larger batches or heavier flow";
    }
    return "quiet the machine (see readiness), or use longer runs (`headroom run --help` lists "
           "each suite's requests)";
}

static void conclude(struct work *w)
{
    struct hr_rig *rig = w->rig;
    const char *advice = NULL;
    enum hr_status status = HR_SKIP;

    if (w->rc == 0 && !w->gave_up) {
        hr_case_digest(w->json, w->result->digest);
        write_metrics(w);
        set_status(rig, w->json, w->result, HR_PASS, NULL, NULL);
        return;
    }
    if (w->rc == -EINTR) {
        snprintf(w->why, sizeof(w->why), "interrupted after %d of %d runs", w->result->runs,
                 w->result->runs_max);
        advice = "run it again to the end";
    } else if (w->rc == -ENOMEM || w->rc == -ENOSPC || w->rc == -ENOTSUP) {
        advice = "needs a host with more memory, or a smaller case";
    } else if (w->rc == -EPIPE || w->rc == -ETIMEDOUT) {
        status = HR_INVALID;
        advice = "look at that process's host: what ended it?";
    } else if (w->rc == -ENODEV) {
        advice = "the device is lost: look into the system's log, and run it again";
    } else {
        status = HR_INVALID;
        advice = advice_for(w);
    }
    no_metrics(w, w->why);
    set_status(rig, w->json, w->result, status, w->why, advice);
}

/* The null engine's and the first run. */
static double first_seconds(const struct hr_case *c)
{
    return c->seconds + (c->ruler_seconds > 0 ? c->ruler_seconds : c->seconds);
}

static void plan_case(struct hr_rig *rig, const struct hr_case *c, const char *id, int runs)
{
    double seconds = first_seconds(c) + c->seconds * (runs - 1);
    json_t *metrics = json_array();

    for (int i = 0; i < c->metrics_count; i++) {
        json_array_append_new(metrics, json_pack("{s:s, s:s}", "name", c->metrics[i].name, "unit",
                                                 c->metrics[i].unit));
    }
    json_array_append_new(json_object_get(rig->plan, "cases"),
                          json_pack("{s:s, s:O?, s:o, s:i, s:f}", "id", id, "params", c->params,
                                    "metrics", metrics, "runs", runs, "seconds", seconds));
    rig->planned_s += seconds;
}

static void show(struct hr_rig *rig, const char *what)
{
    hr_progress_step(what, rig->planned_s > 0 ? fmin(1, rig->done_s / rig->planned_s) : 0);
}

/* Keeps what went wrong in words before another case's error takes their place. */
static void note_error(struct work *w, int rc)
{
    w->rc = rc;
    if (rc < 0) {
        snprintf(w->why, sizeof(w->why), "%s", *hr_error() ? hr_error() : strerror(-rc));
    }
}

/* Not open: filtered, only planned, or refused. */
static void work_open(struct work *w, json_t *suite)
{
    struct hr_rig *rig = w->rig;
    const struct hr_case *c = w->c;
    int rc;

    hr_case_id(rig, c->suite, c->name, w->id, sizeof(w->id));
    if (!hr_case_wanted(rig, w->id)) {
        return;
    }
    if (rig->plan) {
        plan_case(rig, c, w->id, w->result->runs_max * (rig->against ? 2 : 1));
        return;
    }
    w->json = w->result->json = hr_case_begin(suite, w->id, rig->engine->name, rig->path->name,
                                              c->params ? json_incref(c->params) : json_object());
    if (rig->engine->capabilities & EUT_CAP_RULER) {
        set_status(rig, w->json, w->result, HR_INVALID,
                   "the null engine is the ruler: it matches nothing, so it has no result",
                   "name an engine that matches: -e reference");
        return;
    }
    w->open = true;
    hr_error_clear();
    show(rig, w->id);
    rc = work_begin(w);
    note_error(w, rc ? rc : ruler_run(w));
}

/* The case of the older engine, inside the one that is open. */
static void work_open_old(struct work *w, struct work *new)
{
    struct hr_rig *rig = w->rig;
    json_t *holder = json_pack("{s:[]}", "cases");

    if (!new->open || !holder) {
        json_decref(holder);
        return;
    }
    w->other = new;
    new->other = w;
    w->engine = rig->against;
    hr_case_id(rig, w->c->suite, w->c->name, w->id, sizeof(w->id) - sizeof(OLD_ID));
    strcat(w->id, OLD_ID);
    w->json = w->result->json = hr_case_begin(holder, w->id, w->engine->name, rig->path->name,
                                              json_incref(json_object_get(new->json, "params")));
    json_object_set(new->json, "against", w->json);
    json_decref(holder);
    memcpy(w->ruler, new->ruler, sizeof(w->ruler));
    w->open = true;
    note_error(w, new->rc ? new->rc : work_begin(w));
}

/* One that has no figure takes the other's with it: there is nothing left to compare. */
static void give_up_too(struct work *w)
{
    bool over = w->gave_up || (w->rc && w->rc != -EINTR);

    if (over && w->other && !w->other->rc && !w->other->gave_up) {
        w->other->rc = w->rc;
        w->other->gave_up = w->gave_up;
        w->other->failed = w->failed;
        snprintf(w->other->why, sizeof(w->other->why),
                 "engine %s, which it takes turns with: %.300s", w->engine->name, w->why);
    }
}

static void work_run(struct work *w, int index)
{
    const struct eut_engine *under_test = w->rig->engine;
    int rc;

    if (!w->open || w->rc || w->gave_up || index >= w->result->runs_max) {
        return;
    }
    w->rig->engine = w->engine;
    rc = hr_stop_signal() ? -EINTR : good_run(w, index);
    w->rig->engine = under_test;
    w->gave_up = rc == 1;
    note_error(w, rc == 1 ? 0 : rc);
    give_up_too(w);
    w->rig->done_s += index ? w->c->seconds : first_seconds(w->c);
    show(w->rig, w->engine == under_test ? w->id : w->other->id);
}

/* An even number of turns goes from the first to the last, an odd one back: with two engines that
 * is old new, new old. */
static void take_turns(struct work *works, int n, int runs, bool back)
{
    for (int run = 0; run < runs; run++) {
        for (int i = 0; i < n; i++) {
            work_run(works + (back && run % 2 ? n - 1 - i : i), run);
        }
    }
}

static int runs_of(const struct hr_rig *rig, const struct hr_case *c)
{
    return c->runs        ? c->runs
           : rig->against ? 2 * (int)hr_config_count(rig->config, "run.blocks")
                          : (int)hr_config_count(rig->config, "run.runs");
}

/* Cases of the engine under test stand behind those of the one it is held against. */
static int measure_works(struct hr_rig *rig, json_t *suite, const struct hr_case *cases, int n,
                         struct work *works, struct hr_measure_result *results,
                         struct hr_measure_result *olds)
{
    int all = rig->against ? 2 * n : n, runs = 0, rc = 0;
    struct work *news = works + all - n;

    for (int i = 0; i < n; i++) {
        news[i] =
            (struct work){.rig = rig, .c = cases + i, .result = results + i, .engine = rig->engine};
        results[i].runs_max = runs_of(rig, cases + i);
        runs = results[i].runs_max > runs ? results[i].runs_max : runs;
        work_open(news + i, suite);
        if (rig->against) {
            works[i] = (struct work){.rig = rig, .c = cases + i, .result = olds + i};
            olds[i].runs_max = results[i].runs_max;
            work_open_old(works + i, news + i);
        }
    }
    take_turns(works, all, runs, rig->against);
    for (int i = 0; i < all; i++) {
        if (works[i].open) {
            conclude(works + i);
            work_end(works + i);
            rc = works[i].rc == -EINTR ? -EINTR : rc;
        }
    }
    return rc;
}

int hr_measure_in_turns(struct hr_rig *rig, json_t *suite, const struct hr_case *cases, int n,
                        struct hr_measure_result *results)
{
    struct work *works = calloc(2 * (size_t)n, sizeof(*works));
    struct hr_measure_result *olds = calloc((size_t)n, sizeof(*olds));
    int rc = 0;

    memset(results, 0, (size_t)n * sizeof(*results));
    if (works && olds) {
        rc = measure_works(rig, suite, cases, n, works, results, olds);
    } else {
        rc = hr_fail(ENOMEM, "no memory for %d cases", n);
    }
    for (int i = 0; i < n && olds; i++) {
        hr_measure_result_free(olds + i);
    }
    free(olds);
    free(works);
    return rc;
}

int hr_measure(struct hr_rig *rig, json_t *suite, const struct hr_case *c,
               struct hr_measure_result *out)
{
    struct hr_measure_result local, *result = out ? out : &local;
    int rc = hr_measure_in_turns(rig, suite, c, 1, result);

    if (!out) {
        hr_measure_result_free(result);
    }
    return rc;
}

void hr_measure_result_free(struct hr_measure_result *result)
{
    free(result->samples);
    result->samples = NULL;
}

const double *hr_measure_samples(const struct hr_measure_result *result, int metric)
{
    return result->samples + (size_t)metric * (size_t)result->runs_max;
}

double hr_measure_median(const struct hr_measure_result *r, int metric)
{
    const double *samples = hr_measure_samples(r, metric);

    for (int i = 0; i < r->runs; i++) {
        if (!isfinite(samples[i])) {
            return (double)NAN;
        }
    }
    return r->runs ? hr_estimate_median(samples, r->runs).median : (double)NAN;
}

json_t *hr_measure_refuse(struct hr_rig *rig, json_t *suite, const char *suite_name,
                          const char *name, json_t *params, enum hr_status status,
                          const char *reason, const char *advice)
{
    struct hr_measure_result result;
    char id[ID_MAX];
    json_t *json;

    hr_case_id(rig, suite_name, name, id, sizeof(id));
    if (!hr_case_wanted(rig, id)) {
        return NULL;
    }
    if (rig->plan) {
        json_array_append_new(json_object_get(rig->plan, "cases"),
                              json_pack("{s:s, s:O?, s:i, s:f, s:s*}", "id", id, "params", params,
                                        "runs", 0, "seconds", 0.0, "reason", reason));
        return NULL;
    }
    json = hr_case_begin(suite, id, rig->engine->name, rig->path->name,
                         params ? json_incref(params) : json_object());
    set_status(rig, json, &result, status, reason, advice);
    return json;
}

void hr_measure_restate(struct hr_rig *rig, struct hr_measure_result *result, enum hr_status status,
                        const char *reason, const char *advice)
{
    json_t *figures = json_incref(json_object_get(result->json, "metrics")), *figure;
    size_t i;

    json_object_set_new(result->json, "metrics", json_array());
    json_array_foreach (figures, i, figure) {
        hr_case_metric_null(result->json, json_string_value(json_object_get(figure, "name")),
                            json_string_value(json_object_get(figure, "unit")), reason);
    }
    json_decref(figures);
    rig->statuses[result->status]--;
    set_status(rig, result->json, result, status, reason, advice);
}

void hr_measure_missed(struct hr_rig *rig, struct hr_measure_result *result, const char *reason,
                       const char *advice)
{
    rig->statuses[result->status]--;
    set_status(rig, result->json, result, HR_FAIL, reason, advice);
}
