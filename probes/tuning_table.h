/*
 * tuning_table.h - what can be set on a host for measuring, and what each is said to need.
 *
 * The one table behind `headroom tune`. Settings of both systems are in it; a host has those of its
 * own. What the hardware, the boot line or a person's limits decide is not: readiness.c names it.
 */
#ifndef HR_TUNING_TABLE_H
#define HR_TUNING_TABLE_H

#include <stdbool.h>
#include <stddef.h>

enum hr_tuning_wish {
    HR_TUNE_IS,    /* the wanted word or number */
    HR_TUNE_NOT,   /* anything but `unwanted` */
    HR_TUNE_LEAST, /* at least the wanted number */
    HR_TUNE_MOST,  /* at most */
};

struct hr_tuning {
    const char *name;    /* for the command line: no blanks */
    const char *setting; /* Linux: a file, with at most one '*' for a folder's name, or an
                            interface's setting (live_host.h); macOS: sysctl */
    enum hr_tuning_wish wish;
    const char *wanted;   /* what is written */
    const char *unwanted; /* HR_TUNE_NOT */
    bool asked;           /* only applied when named: it takes memory or safety from others */
    const char *why;
    /* The cases that show what it brings: with it, without, and the figure to look at; a '*' stands
     * for the engine. NULL: no suite can show it without changing the host. */
    const char *with, *without, *figure;
};
extern const struct hr_tuning hr_tunings[]; /* ended by name NULL */

/* What of the table this host has, in the table's order, with every file behind a '*'. */
struct hr_tuning_place {
    const struct hr_tuning *tuning;
    char setting[320];
    char value[64]; /* hr_tuning_value() of it */
    char why[160];  /* not "": cannot be known here, and why; there is no value then */
};
/* places: room for `most`; how many there are is returned. */
int hr_tuning_places(const char *root, struct hr_tuning_place *places, int most);

/* value: as the kernel writes it; the word in brackets of a choice. */
bool hr_tuning_met(const struct hr_tuning *tuning, const char *value);
/* Cuts "a [b] c" to b, in place. */
void hr_tuning_value(char *text);

#endif
