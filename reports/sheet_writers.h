/*
 * sheet_writers.h - a sheet as text, Markdown and HTML. 0 or -errno with a message.
 */
#ifndef HR_SHEET_WRITERS_H
#define HR_SHEET_WRITERS_H

#include <jansson.h>
#include <stdio.h>

int hr_write_text(const json_t *sheet, FILE *out, int color);
/* plots: the folder, seen from the file, in which NAME.svg may lie; plots_dir: the same, seen from
 * here. Both may be NULL. */
int hr_write_markdown(const json_t *sheet, FILE *out, const char *title, const char *plots,
                      const char *plots_dir);
/* record may be NULL; it is asked why a plot is missing. */
int hr_write_html(const json_t *sheet, FILE *out, const char *title, const json_t *record,
                  const char *plots_dir);

#endif
