/*
 * settings_file.h - reads a YAML file of settings: sections of key: value, nothing deeper.
 *
 * The subset that a settings file needs, read strictly: one document, a mapping of scalars or of
 * sections that hold scalars and lists of scalars. Anchors, aliases, tags, duplicates, deeper
 * nesting and files over 1 MiB are refused, so no input can expand. Every message is one line with
 * file:line and the mend.
 */
#ifndef HR_SETTINGS_FILE_H
#define HR_SETTINGS_FILE_H

#include <stddef.h>

/* One setting: "section.key" or "key"; a list's values are joined by commas. line and column, both
 * from 1, are where the value's first character stands; column is 0 where the value does not stand
 * on one line as it is read (folded lines, lists). Lives as long as the call. */
struct hr_setting {
    const char *key, *value;
    int is_list;
    int line, column;
};

/* Not 0 ends the reading; the message then gets file:line in front. */
typedef int (*hr_setting_take)(void *context, const struct hr_setting *setting);

int hr_settings_read(const char *file, hr_setting_take take, void *context);
/* The same from memory; name is what messages call it. */
int hr_settings_parse(const char *text, size_t bytes, const char *name, hr_setting_take take,
                      void *context);

#endif
