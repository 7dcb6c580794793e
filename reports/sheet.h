/*
 * sheet.h - a report as a list of blocks, made once from the record and written by three writers
 * (text, Markdown, HTML), so that all three say the same in the same order.
 *
 * A sheet is a JSON array of objects with a "kind":
 *
 *   verdict  status, line, headline, chips[{t, s}]    the record's verdict; the best capacity if any
 *   tiles    tiles[{label, t, n}]                     the few headline figures
 *   heading  id, t
 *   text     t                                        a paragraph
 *   note     t                                        a quiet paragraph
 *   list     items[t]
 *   table    title, fold, columns[{t, right}], rows[{id, status, why, cells[{t, n, s, bar}]}]
 *   plot     name, t (its caption)                    drawn, or the line saying why not
 *   code     t                                        commands, or the block to paste
 *
 * t is plain text (writers escape it), n a quiet addition, s a status, bar a share in 0 … 1; "why"
 * stands under a row whose status is not pass; "fold" marks what only long forms show.
 *
 * Texts that are not UTF-8 lose the offending bytes. Memory: json_decref() on the sheet.
 */
#ifndef HR_SHEET_H
#define HR_SHEET_H

#include <jansson.h>
#include <stdbool.h>

enum hr_sheet_align { HR_LEFT, HR_RIGHT };

/* The report of one record, in the order of its sections; plots_dir may be NULL. */
json_t *hr_sheet_of_record(const json_t *record);
/* Several results side by side; names[i] is how the reader knows them (the files' names). */
json_t *hr_sheet_of_several(const json_t *const *records, const char *const *names, int count);

json_t *hr_sheet_string(const char *text);
void hr_sheet_heading(json_t *sheet, const char *id, const char *text);
/* kind: "text", "note" or "code". */
void hr_sheet_say(json_t *sheet, const char *kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void hr_sheet_plot(json_t *sheet, const char *name);

/* The column that says who answered. In the report of one record it is left out of every table in
 * which it would say one and the same thing, which is said once at the top. */
#define HR_WHO "Path × engine"

/* Borrowed handles. fold: NULL, or the line that opens it. */
json_t *hr_sheet_table(json_t *sheet, const char *title, const char *fold);
void hr_table_column(json_t *table, const char *title, enum hr_sheet_align align);
/* of: the case or suite the row is about, whose status, reason and advice it carries; or NULL. */
json_t *hr_table_row(json_t *table, const json_t *of);
size_t hr_table_rows(const json_t *table);
/* Takes an empty table out of the sheet again. */
void hr_table_end(json_t *sheet, json_t *table);

json_t *hr_row_cell(json_t *row, const char *text, const char *note);
void hr_row_status(json_t *row, const char *status);
#define HR_ABOVE_CEILING "above its ceiling, which is no bound then"
/* above: what is said of a share over 100 %, which asks for a second look. */
void hr_row_share(json_t *row, double share, const char *above);
/* A metric's estimate with its interval as the note; a dash if the case has none. */
void hr_row_metric(json_t *row, const json_t *metric);
/* The same with its unit, where the column does not say it. */
void hr_row_metric_with_unit(json_t *row, const json_t *metric);

/* The sections, in MEASURING's order; each adds its heading and blocks, or one line why not. */
struct hr_section {
    const char *name;
    void (*add)(json_t *sheet, const json_t *record);
};
extern const struct hr_section hr_sections[]; /* ended by name NULL */

void hr_section_verdict(json_t *sheet, const json_t *record);
void hr_section_machine(json_t *sheet, const json_t *record);
void hr_section_claims(json_t *sheet, const json_t *record);
void hr_section_capacity(json_t *sheet, const json_t *record);
void hr_section_latency(json_t *sheet, const json_t *record);
void hr_section_throughput(json_t *sheet, const json_t *record);
void hr_section_markets(json_t *sheet, const json_t *record);
void hr_section_scaling(json_t *sheet, const json_t *record);
void hr_section_cluster(json_t *sheet, const json_t *record);
void hr_section_device(json_t *sheet, const json_t *record);
void hr_section_network(json_t *sheet, const json_t *record);
void hr_section_blocks(json_t *sheet, const json_t *record);
void hr_section_inference(json_t *sheet, const json_t *record);
void hr_section_durability(json_t *sheet, const json_t *record);
void hr_section_ceilings(json_t *sheet, const json_t *record);
void hr_section_energy(json_t *sheet, const json_t *record);
void hr_section_validation(json_t *sheet, const json_t *record);
void hr_section_cases(json_t *sheet, const json_t *record);
void hr_section_reproduce(json_t *sheet, const json_t *record);
void hr_section_paste(json_t *sheet, const json_t *record);

/* The checks of all runs, by name: [{check, ok, soft, hard, unknown, worst, limit, unit}], those
 * that a reader asks for first in front; unknown counts runs that could not tell. New reference. */
json_t *hr_checks_of(const json_t *record);
/* "ok in all 54 runs", "soft in 2 of 54 runs" … */
struct hr_check_text {
    char text[96];
};
struct hr_check_text hr_check_text(const json_t *check);
/* What to type to repeat the run, quoted for a shell; free() it. NULL without memory. */
char *hr_command_line(const json_t *record);

/* The capacity that was confirmed at the tightest bound, the highest if there are several: its
 * case, or NULL. */
const json_t *hr_best_capacity(const json_t *record);
/* "p99.9 ≤ 10 µs", or "" if the case does not say. */
struct hr_bound_text {
    char text[200];
};
struct hr_bound_text hr_bound_text(const json_t *item);

#endif
