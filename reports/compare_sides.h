/*
 * compare_sides.h - the two sides of a comparison: may they be held against each other at all, what
 * are they, and what must be said with the figures? For compare.c; names are those of the files.
 */
#ifndef HR_COMPARE_SIDES_H
#define HR_COMPARE_SIDES_H

#include "reports/compare.h"

/* -EXDEV: interrupted. */
int hr_compare_check_whole(const json_t *record, const char *name);
/* -EXDEV: one of them interrupted, other orders, or, unless across_hosts, another host. */
int hr_compare_check(const json_t *old, const char *old_name, const json_t *new,
                     const char *new_name, bool across_hosts);
/* The cases by their key, of several with one the first: an object, new reference. */
json_t *hr_compare_index(const json_t *record);
/* {"file", "engine", "started", "host", "fingerprint", "tool"}: new reference. */
json_t *hr_compare_side(const json_t *record, const char *file, const char *engine);
/* What a reader must know beside the figures of stored results: settings that differ, what the
 * noise floor cannot see, cases of one side only. New reference. */
json_t *hr_compare_notes(const json_t *old, const json_t *new,
                         const struct hr_compare_options *options);
/* One more note, of two parts. */
void hr_compare_note(json_t *notes, const char *what, const char *more);
/* One more name to a list with commas; "…" ends it when the room does. */
void hr_compare_list(char *list, size_t size, const char *name);

#endif
