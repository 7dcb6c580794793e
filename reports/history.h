/*
 * history.h - results over time: a file of run medians, and since when a figure is what it is.
 *
 * The file is an SQLite database (application_id "HRHI", user_version 1):
 *
 *   results  id, sha256 (of the record, so that none is there twice), started, fingerprint, host,
 *            workload, profile, git_sha, git_dirty, version, compiler, cflags
 *   figures  result, engine, item (the case without its engine), metric, unit, better, median, low,
 *            high, runs; only of cases that count
 *
 * A series is one figure of one engine on one host with one workload, in the order of "started":
 *
 *   { "series": [{"host": …, "fingerprint": …, "workload": …, "engine": …, "case": …, "metric": …,
 *       "unit": …, "better": …, "points": [{"started": …, "git_sha": …, "median": …, "low": …,
 *       "high": …, "runs": …} …],
 *       "levels": [{"from": 0, "to": 12, "level": …} …],
 *       "changes": [{"at": 12, "started": …, "git_sha": …, "before": …, "after": …, "ratio": …}]}]
 * }
 *
 * A level is the median of the points [from, to); at each change (change_points.h) a new one
 * begins. Threads: one at a time.
 */
#ifndef HR_HISTORY_H
#define HR_HISTORY_H

#include <jansson.h>
#include <stdbool.h>

struct hr_history;

/* create: makes the file if there is none. -ENOENT, -EINVAL for a file that is no history (with its
 * name), -ENOTSUP if this build has no SQLite. */
int hr_history_open(struct hr_history **history, const char *file, bool create);
void hr_history_close(struct hr_history *history);
/* One whole result, or nothing of it. *added: false if it is there already. The record passed
 * hr_schema_check(). -EINVAL for one that was interrupted. */
int hr_history_add(struct hr_history *history, const json_t *record, bool *added);
/* Series whose "CASE:METRIC" matches the extended regular expression, without levels and changes.
 * New reference. */
int hr_history_series(struct hr_history *history, const char *filter, json_t **series);
/* Adds levels and changes to every series. */
int hr_history_find_changes(json_t *series);

/* As blocks of a report (sheet.h). */
void hr_history_sheet(json_t *sheet, const json_t *series);
/* history.dat, .gp and, with gnuplot, .svg: as many series as can be told apart, those that changed
 * first; *left_out are the others. -EINVAL if there is nothing to draw. */
int hr_history_plot(const json_t *series, const char *dir, bool *drawn, int *left_out);

#endif
