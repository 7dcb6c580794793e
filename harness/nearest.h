/*
 * nearest.h - "did you mean": the name nearest to a mistyped word, for messages that name the mend.
 *
 *     struct hr_nearest near = {.word = word};
 *     for each name: hr_nearest_offer(&near, name);
 *     if (hr_nearest_name(&near)) …
 *
 * Distance: insertions, deletions, substitutions and swaps of neighbours, letter case ignored
 * (optimal string alignment). A word that begins a name is near to it.
 */
#ifndef HR_NEAREST_H
#define HR_NEAREST_H

#include <stdbool.h>

#define HR_NEAREST_MAX 96 /* bytes of a name; longer ones are cut */

struct hr_nearest {
    const char *word; /* set by the caller, the rest zero */
    char name[HR_NEAREST_MAX];
    unsigned distance;
};

/* True if this is the nearest so far. The name is copied. */
bool hr_nearest_offer(struct hr_nearest *nearest, const char *name);
/* NULL when nothing offered is near enough to be meant. */
const char *hr_nearest_name(const struct hr_nearest *nearest);

#endif
