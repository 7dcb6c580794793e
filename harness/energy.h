/*
 * energy.h - how many joules did this host use meanwhile?
 *
 * One source for a whole run, the first of these that answers:
 *   powercap      Linux: RAPL counters of the processor packages and their memory (µJ; they wrap)
 *   powermetrics  macOS, as root: the processor's, GPU's and neural engine's power, summed up
 *   battery       Linux: what the battery lost, while it is what the host lives on
 * All count the whole host, whoever used it, and none counts the power supply's loss. Without a
 * source there is no figure but the reason, never a guess.
 *
 * root goes in front of every path that is read or started ("" is the live host), so that a folder
 * of files is a test. Threads: one at a time.
 */
#ifndef HR_ENERGY_H
#define HR_ENERGY_H

struct hr_energy;

/* Never fails for want of a source; -ENOMEM. */
int hr_energy_open(struct hr_energy **energy, const char *root);
void hr_energy_close(struct hr_energy *energy); /* accepts NULL */

/* "powercap: package-0, dram", or NULL without a source; another root than the host's own is told:
 * "powercap under DIR: …". Valid until the end. */
const char *hr_energy_source(const struct hr_energy *energy);
/* Why there is no source, of each that was tried; "" if there is one. Valid until the end. */
const char *hr_energy_reason(const struct hr_energy *energy);

/* Joules since it was opened; NAN without a source, or for good once a counter was lost. To be
 * asked at least once while a counter goes round (RAPL: some 20 minutes at 200 W). */
double hr_energy_joules(struct hr_energy *energy);
/* Differences over less time than this are the source's own steps, not the host's use. */
double hr_energy_window_s(const struct hr_energy *energy);

/* Mean power in watts while the calling thread sleeps; NAN as above, or if interrupted. */
double hr_energy_asleep(struct hr_energy *energy, double seconds);

/* A source: open() finds out whether it is there (0, or -errno with the reason) and says what it
 * counts; joules() is what was used since open(), and never gets less. */
struct hr_energy_ops {
    const char *name;
    double window_s;
    int (*open)(void **self, const char *root, char *what, unsigned size);
    double (*joules)(void *self);
    void (*close)(void *self);
};
extern const struct hr_energy_ops hr_energy_powercap, hr_energy_powermetrics, hr_energy_battery;

#endif
