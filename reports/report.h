/*
 * report.h - from a run record (JSON) to what people read. Sees only the record; never measures.
 *
 * Nothing here knows a suite. Tables and plots find their figures by what a case says of itself
 * (an unknown name is not an error: it still stands in the table of all cases):
 *
 *   case params     rate (orders/s offered; the case is open loop), markets, depth (levels a side),
 *                   zipf, shards, orders, bound_ns and percentile (of a capacity case)
 *                   worst, question, judged, bound_times (of a worst case)
 *                   regime (one request at a time, every event read), swing; regimes: the worst of
 *                   them
 *                   nodes, hosts, ranks, ranks_by, oversubscribed (of a case over ranks)
 *   metrics         p50_net, p99_net, p99.9_host (%), p99_over_median_case, p999_over_median_case,
 *                   throughput (orders/s), compares (compares/s), bytes_per_market (bytes),
 *                   load_time, capacity (orders/s: the highest confirmed rate) and lowest_failed
 *                   (the other end of the bracket); events, rate_unread, read_over_unread (of a
 *                   regime)
 *                   power (W over the measured window, of a capacity case) for the purchase view
 *   inference       decode (tokens/s) of decode/model=ID and decode/device=API/model=ID; needed
 *                   (bytes) of size/model=ID
 *   constructed     of the record: why its figures are made up, where nobody measured
 *   histograms      latency (from the intended time), service (from the sending), "service new",
 *                   "service cancel" … (one kind of request); all in ns
 *   curve           of a capacity case: [{"rate", "p50", "p99", "p99.9", "passed"} …], ns
 *   engine          "null" is the ruler: shown, never plotted as a result
 *   check, readiness  names are shown as they are; swap, background_load, throttle, frequency
 *                   and steal lead the validation block
 */
#ifndef HR_REPORT_H
#define HR_REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* The terminal summary, ending in one block to paste. color: ANSI allowed. */
int hr_report_text(const json_t *record, FILE *out, int color);
int hr_report_markdown(const json_t *record, const char *file);
/* One file, no network, light and dark, prints well; plots inlined from plots_dir if drawn there.
 */
int hr_report_html(const json_t *record, const char *plots_dir, const char *file);
/* .dat and .gp always; .svg when gnuplot is there (*drawn counts them). */
int hr_report_plots(const json_t *record, const char *dir, int *drawn);
/* Takes those files and then the folder away again. */
void hr_report_plots_remove(const char *dir);
int hr_report_junit(const json_t *record, const char *file);
int hr_report_gbench(const json_t *record, const char *file);

/* Judges claims by a record (claims.h): files of claims, or NULL for those in configs/claims/, of which
 * there may be none. *judged is the list that the record keeps. A NULL record: only the files are
 * checked. 0 or -errno with a message. */
int hr_report_judge(const json_t *record, const char *const *files, int count, json_t **judged);

/* The JSON Schema of result.json, as text. */
extern const char hr_result_schema[];
/* Checks a document against the subset of JSON Schema that the published schema uses. 0, or
 * -EINVAL with the path of the first offence in hr_error(). */
int hr_schema_check(const json_t *document);
/* A result's file, read and checked; what is wrong with it is told with the file's name. measured:
 * one that says that nobody measured it ("constructed") is refused, for what judges. *record is a
 * new reference, to be given back also after a failure; NULL if nothing could be read. */
int hr_result_read(json_t **record, const char *file, bool measured);

#endif
