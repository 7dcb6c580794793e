/*
 * report.h - from a run record (JSON) to what people read. Sees only the record; never measures.
 */
#ifndef HR_REPORT_H
#define HR_REPORT_H

#include <jansson.h>
#include <stdio.h>

/* The terminal summary, ending in one block to paste. color: ANSI allowed. */
int hr_report_text(const json_t *record, FILE *out, int color);
int hr_report_markdown(const json_t *record, const char *file);
/* One file, no network, light and dark, prints well; plots inlined from plots_dir if drawn there. */
int hr_report_html(const json_t *record, const char *plots_dir, const char *file);
/* .dat and .gp always; .svg when gnuplot is there (*drawn counts them). */
int hr_report_plots(const json_t *record, const char *dir, int *drawn);
int hr_report_junit(const json_t *record, const char *file);
int hr_report_gbench(const json_t *record, const char *file);

/* The JSON Schema of result.json, as text. */
extern const char hr_result_schema[];
/* Checks a document against the subset of JSON Schema that the published schema uses. 0, or
 * -EINVAL with the path of the first offence in hr_error(). */
int hr_schema_check(const json_t *document);

#endif
