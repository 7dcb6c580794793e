/*
 * markup.h - plain text into what a format can hold. Texts are UTF-8 as JSON gives it. Control
 * characters and those that change the direction of writing are replaced everywhere: a result may
 * come from anyone, and a report must not be able to speak to a terminal or hide its own words.
 */
#ifndef HR_MARKUP_H
#define HR_MARKUP_H

#include <stddef.h>
#include <stdio.h>

/* HTML and XML, elements and double-quoted attributes. */
void hr_put_xml(FILE *out, const char *text);
/* GitHub's Markdown, inside a paragraph, a list item or a table cell; newlines become spaces. */
void hr_put_markdown(FILE *out, const char *text);
/* A terminal or a plain file; narrow spaces become spaces. keep_lines: newlines stay. */
void hr_put_plain(FILE *out, const char *text, int keep_lines);
/* At most `columns` characters of it, the last an ellipsis if there were more; returns how many. */
size_t hr_put_cut(FILE *out, const char *text, size_t columns);
/* How many columns the plain form takes. */
size_t hr_columns(const char *text);

#endif
