/*
 * record_view.h - reading a run record that passed hr_schema_check(). Everything is borrowed; what
 * is not there reads as NaN, "" or NULL, so that a report never depends on one suite's habits.
 */
#ifndef HR_RECORD_VIEW_H
#define HR_RECORD_VIEW_H

#include <jansson.h>
#include <stdbool.h>

/* The member's text, or "" if it is none. */
const char *hr_view_text(const json_t *object, const char *name);
/* The member's number, or NaN. */
double hr_view_number(const json_t *object, const char *name);
bool hr_view_is(const json_t *object, const char *name, const char *text);

/* Every case of every suite, in order: struct hr_view_walk w = {0}; while (hr_view_next(record,
 * &w)) */
struct hr_view_walk {
    const json_t *suite, *item;
    size_t suite_at, case_at;
};
bool hr_view_next(const json_t *record, struct hr_view_walk *walk);

const json_t *hr_view_suite(const json_t *record, const char *name);
const json_t *hr_view_metric(const json_t *item, const char *name);
const json_t *hr_view_histogram(const json_t *item, const char *name);
double hr_view_percentile(const json_t *histogram, const char *percentile);
double hr_view_param(const json_t *item, const char *name);
/* The estimate of this metric of a case that passed, else NaN. */
double hr_view_estimate(const json_t *item, const char *metric);

bool hr_view_passed(const json_t *item);
/* Its figures may be shown as results: passed or failed a limit, and not the ruler. */
bool hr_view_counts(const json_t *item);
bool hr_view_is_ruler(const json_t *item);

/* "inproc × reference"; the file name alone if the engine is a path; the id if it has neither. */
struct hr_view_label {
    char text[120];
};
struct hr_view_label hr_view_path_engine(const json_t *item);
struct hr_view_label hr_view_engine(const json_t *item);
/* The same, without the engine where all cases that count have one, those of the suite device
 * apart: for short labels. */
struct hr_view_label hr_view_short(const json_t *record, const json_t *item);

/* This id names a ceiling of the machine, not the null engine's rate or another case's. */
bool hr_view_is_ceiling(const json_t *record, const char *id);

/* What a figure's share is a share of, in a few words: "random lines in 537 MB". "" if of nothing. */
struct hr_view_label hr_view_ceiling(const json_t *metric);

/* The text names this model: as whole words, letter case ignored. "5700X" is not in "5700X3D". */
bool hr_view_names(const char *text, const char *model);

/* The levels a side, however a case says it. */
double hr_view_depth(const json_t *item);

#endif
