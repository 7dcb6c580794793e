/*
 * fact.h - one fact out of one small file under a root, as JSON; unknown is null plus a reason.
 *
 * Captured hosts are input from strangers: files may be missing, huge, binary or special. All text
 * is cut to HR_FACT_TEXT_MAX, made valid UTF-8 and freed of control characters; only regular files
 * are read. root ends without a slash; "" is the live host. Paths start with a slash.
 *
 * Threads: any. Every json_t returned is a new reference and never NULL, unless it says so.
 */
#ifndef HR_FACT_H
#define HR_FACT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HR_FACT_TEXT_MAX ((size_t)8 << 20) /* /proc/cpuinfo of 512 processors is about 1 MiB */

/* {"value": null, "reason": …}, formatted. */
json_t *hr_fact_why(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A JSON string from any bytes. Empty text is null, "empty". */
json_t *hr_fact_string(const char *text);

/* The whole text, trailing white space cut; NULL if it is missing or unreadable. To be freed.
 * Bytes of value 0 become newlines (device-tree lists, /proc/…/cmdline). */
char *hr_fact_read(const char *root, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool hr_fact_integer(int64_t *value, const char *root, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

json_t *hr_fact_text(const char *root, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
json_t *hr_fact_number(const char *root, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The word in [brackets] of "a [b] c": how sysfs shows a choice. Without brackets: the text. */
json_t *hr_fact_choice(const char *root, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Names in a folder, without dot files, sorted so that cpu2 comes before cpu10. */
struct hr_names {
    char **name;
    int count;
};
void hr_names_read(struct hr_names *names, const char *root, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void hr_names_free(struct hr_names *names);

/* "key : value" or "key=value" or "key: value kB" lines. The value of the first line whose key is
 * `key`, in value; false if there is none. separator is ':' or '='; quotes around a value are cut.
 */
bool hr_lines_value(const char *text, const char *key, char separator, char *value, size_t size);
bool hr_lines_integer(const char *text, const char *key, char separator, int64_t *value);

/* Whole number in the whole text, white space around it allowed. */
bool hr_text_integer(const char *text, int64_t *value);

#endif
