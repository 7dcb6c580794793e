/* energy.c - which source tells the energy used, and since when? The table of them, in the order in
 * which they are tried. It cannot see what a source leaves out: fans, disks, the power supply. */
#include "harness/energy.h"

#include "harness/clock.h"
#include "harness/error.h"
#include "harness/progress.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct hr_energy_ops *const sources[] = {&hr_energy_powercap, &hr_energy_powermetrics,
                                                      &hr_energy_battery};

struct hr_energy {
    const struct hr_energy_ops *ops; /* NULL: no source */
    void *self;
    char source[320], reason[768];
};

static void add_reason(struct hr_energy *energy, const char *name)
{
    size_t at = strlen(energy->reason);

    snprintf(energy->reason + at, sizeof(energy->reason) - at, "%s%s: %.200s", at ? "; " : "", name,
             hr_error());
    hr_error_clear();
}

int hr_energy_open(struct hr_energy **out, const char *root)
{
    struct hr_energy *energy = calloc(1, sizeof(*energy));
    char what[200];

    *out = energy;
    if (!energy) {
        return hr_fail(ENOMEM, "no memory for the energy's source");
    }
    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]) && !energy->ops; i++) {
        if (sources[i]->open(&energy->self, root, what, sizeof(what))) {
            add_reason(energy, sources[i]->name);
            continue;
        }
        energy->ops = sources[i];
        snprintf(energy->source, sizeof(energy->source), "%s%s%.60s: %s", energy->ops->name,
                 *root ? " under " : "", root, what);
        energy->reason[0] = 0;
    }
    return 0;
}

void hr_energy_close(struct hr_energy *energy)
{
    if (energy && energy->ops) {
        energy->ops->close(energy->self);
    }
    free(energy);
}

const char *hr_energy_source(const struct hr_energy *energy)
{
    return energy->ops ? energy->source : NULL;
}

const char *hr_energy_reason(const struct hr_energy *energy)
{
    return energy->reason;
}

double hr_energy_joules(struct hr_energy *energy)
{
    return energy->ops ? energy->ops->joules(energy->self) : (double)NAN;
}

double hr_energy_window_s(const struct hr_energy *energy)
{
    return energy->ops ? energy->ops->window_s : (double)NAN;
}

double hr_energy_asleep(struct hr_energy *energy, double seconds)
{
    double joules = hr_energy_joules(energy);
    uint64_t began_ns = hr_clock_ns();
    struct timespec sleep = {.tv_sec = (time_t)seconds,
                             .tv_nsec = (long)((seconds - floor(seconds)) * 1e9)};

    if (isnan(joules) || nanosleep(&sleep, NULL) || hr_stop_signal()) {
        return (double)NAN;
    }
    joules = hr_energy_joules(energy) - joules;
    return joules / ((double)(hr_clock_ns() - began_ns) / 1e9);
}
