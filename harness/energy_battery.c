/*
 * energy_battery.c - what the batteries lost, as Linux shows it in /sys/class/power_supply.
 *
 * energy_now (µWh), or charge_now (µAh) times voltage_now (µV). The gauge steps by tens of joules,
 * so only long windows tell. On mains power a battery tells nothing.
 */
#include "harness/energy.h"
#include "harness/error.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER "/sys/class/power_supply"
#define BATTERIES_MAX 4
#define WINDOW_S 120.0
#define JOULES_PER_UWH 3.6e-3

struct battery {
    char folders[BATTERIES_MAX][300];
    int count;
    double first; /* joules in them when opened */
};

static bool word_in(char word[32], const char *folder, const char *name)
{
    char file[352];
    FILE *f;
    bool good;

    snprintf(file, sizeof(file), "%s/%s", folder, name);
    f = fopen(file, "re");
    good = f && fscanf(f, "%31s", word) == 1;
    if (f) {
        fclose(f);
    }
    return good;
}

static double number_in(const char *folder, const char *name)
{
    char word[32], *end;
    double value = word_in(word, folder, name) ? strtod(word, &end) : (double)NAN;

    return isnan(value) || *end ? (double)NAN : value;
}

static double joules_in(const char *folder)
{
    double uwh = number_in(folder, "energy_now");

    if (isnan(uwh)) {
        uwh = number_in(folder, "charge_now") * number_in(folder, "voltage_now") / 1e6;
    }
    return uwh * JOULES_PER_UWH;
}

/* NAN if one of them is not what the host lives on. */
static double joules_in_all(const struct battery *b)
{
    double sum = 0;
    char status[32];

    for (int i = 0; i < b->count; i++) {
        bool draining = word_in(status, b->folders[i], "status") && !strcmp(status, "Discharging");

        sum += draining ? joules_in(b->folders[i]) : (double)NAN;
    }
    return sum;
}

static int battery_open(void **self, const char *root, char *what, unsigned size)
{
    struct battery *b = calloc(1, sizeof(*b));
    char folder[256], type[32];
    const struct dirent *entry;
    DIR *dir;

    if (!b) {
        return hr_fail(ENOMEM, "no memory");
    }
    snprintf(folder, sizeof(folder), "%.200s" FOLDER, root);
    dir = opendir(folder);
    while (dir && b->count < BATTERIES_MAX && (entry = readdir(dir))) {
        char *at = b->folders[b->count];

        snprintf(at, sizeof(b->folders[0]), "%s/%.40s", folder, entry->d_name);
        b->count +=
            entry->d_name[0] != '.' && word_in(type, at, "type") && !strcmp(type, "Battery");
    }
    if (dir) {
        closedir(dir);
    }
    b->first = joules_in_all(b);
    if (b->count == 0 || isnan(b->first)) {
        bool none = b->count == 0;

        free(b);
        return none ? hr_fail(ENODEV, "none")
                    : hr_fail(ENODEV,
                              "not discharging: it tells what the host uses only on battery");
    }
    snprintf(what, size, "%d, discharging", b->count);
    *self = b;
    return 0;
}

static double battery_joules(void *self)
{
    struct battery *b = self;

    return b->first - joules_in_all(b);
}

const struct hr_energy_ops hr_energy_battery = {.name = "battery",
                                                .window_s = WINDOW_S,
                                                .open = battery_open,
                                                .joules = battery_joules,
                                                .close = free};
