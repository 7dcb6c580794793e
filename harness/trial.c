/*
 * trial.c - what happened in one fresh run: its times, its joules, its digest, its checks?
 *
 * What it means for the case is measure.c's.
 */
#include "harness/measure.h"

#include "harness/clock.h"
#include "harness/error.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define HICCUP_SPIN_NS 3000000u

static double joules_now(const struct hr_trial *trial)
{
    return trial->rig->energy ? hr_energy_joules(trial->rig->energy) : (double)NAN;
}

void hr_trial_start(struct hr_trial *trial)
{
    hr_disturbance_read(&trial->before);
    trial->started_joules = joules_now(trial);
    trial->started_ns = hr_clock_ns();
}

void hr_trial_stop(struct hr_trial *trial)
{
    struct hr_disturbance after;
    uint64_t elapsed_ns = hr_clock_ns() - trial->started_ns;

    trial->elapsed_ns += elapsed_ns;
    trial->joules += joules_now(trial) - trial->started_joules;
    hr_disturbance_read(&after);
    hr_check_disturbance(&trial->checks, &trial->before, &after, elapsed_ns, trial->rig->cpu);
}

void hr_trial_energy(struct hr_trial *t, int first, double joules, uint64_t ns, uint64_t orders)
{
    struct hr_energy *energy = t->rig->energy;
    bool source = energy && hr_energy_source(energy);
    double s = (double)ns / 1e9;

    t->reasons[first] = t->reasons[first + 1] =
        !energy                          ? "energy was not looked at"
        : !source                        ? hr_energy_reason(energy)
        : s < hr_energy_window_s(energy) ? "measured for too short a time for the energy's source"
                                         : "the energy's source was lost, or did not move";
    if (source && s >= hr_energy_window_s(energy) && joules > 0) {
        t->values[first] = joules / s;
        t->values[first + 1] = (double)orders / joules;
    }
}

void hr_trial_digest(struct hr_trial *trial, uint64_t digest, uint64_t expected)
{
    if (trial->ruler) {
        return;
    }
    trial->digest = digest;
    trial->digested = true;
    hr_check_digest(&trial->checks, digest, expected);
}

int hr_trial_digest_of(struct hr_trial *trial, struct hr_path *path, uint64_t expected)
{
    uint64_t digest = 0;
    int rc = trial->rig->path->digest(path, &digest);

    if (rc == 0) {
        hr_trial_digest(trial, digest, expected);
    }
    return rc;
}

void hr_trial_gate(struct hr_trial *trial)
{
    if (!trial->ruler && !trial->digested) {
        hr_check_undigested(&trial->checks);
    }
}

int hr_trial_begin(struct hr_rig *rig, struct hr_trial *t, bool ruler, int index, int histograms)
{
    struct hr_hiccup hiccup = {0};

    memset(t, 0, sizeof(*t));
    t->rig = rig;
    t->ruler = ruler;
    t->engine = ruler ? rig->ruler : rig->engine;
    t->index = index;
    t->seed = hr_config_count(rig->config, "arrival.seed") + (uint64_t)index;
    for (int m = 0; m < HR_MEASURED_MAX; m++) {
        t->values[m] = NAN;
    }
    if (!hr_checks_init(&t->checks)) {
        return hr_fail(ENOMEM, "no memory for a run's checks");
    }
    for (int h = 0; h < histograms; h++) {
        t->histograms[h] = hr_histogram_new();
        if (!t->histograms[h]) {
            return hr_fail(ENOMEM, "no memory for a run's histograms");
        }
    }
    if (!ruler) {
        hr_hiccup_spin(HICCUP_SPIN_NS, &hiccup, rig->gaps);
        rig->hiccup.spun_ns += hiccup.spun_ns;
        rig->hiccup.lost_ns += hiccup.lost_ns;
        rig->hiccup.gap_max_ns =
            hiccup.gap_max_ns > rig->hiccup.gap_max_ns ? hiccup.gap_max_ns : rig->hiccup.gap_max_ns;
        hr_check_hiccup(&t->checks, &hiccup);
    }
    return 0;
}

void hr_trial_end(struct hr_trial *t)
{
    for (int h = 0; h < HR_CASE_HISTOGRAMS_MAX; h++) {
        hr_histogram_free(t->histograms[h]);
    }
    hr_checks_free(&t->checks);
}

void hr_trial_keep(json_t *c, const struct hr_trial *t, const struct hr_measured *metrics, int n)
{
    json_t *run = json_object();

    json_object_set_new(run, "seed", json_integer((json_int_t)t->seed));
    json_object_set_new(run, "seconds", hr_json_real((double)t->elapsed_ns / 1e9));
    json_object_set(run, "checks", t->checks.list);
    for (int m = 0; m < n; m++) {
        /* A wrong answer has no figure at all. */
        json_object_set_new(run, metrics[m].name,
                            hr_json_real(t->checks.hopeless ? NAN : t->values[m]));
    }
    hr_case_run_new(c, run);
}
