/* settings_file.c - what does a file of settings say, and on which line? libyaml's events, because
 * they alone keep the line of a value that is well-formed but out of range. Meaning is the
 * caller's. */
#include "harness/settings_file.h"
#include "harness/error.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <yaml.h>

#define FILE_BYTES_MAX (1u << 20)
#define KEY_MAX 128
#define KEYS_MAX 4096
#define VALUE_MAX 4096

struct reader {
    yaml_parser_t parser;
    const char *name, *text;
    size_t bytes;
    hr_setting_take take;
    void *context;
    struct {
        char *key;
        int line;
    } seen[KEYS_MAX];
    int seen_length;
};

static int line_of(const yaml_event_t *event)
{
    return (int)event->start_mark.line + 1;
}

static int fail_at(const struct reader *r, int line, const char *what)
{
    return hr_fail(EINVAL, "%s:%d: %s", r->name, line, what);
}

/* Of the reader's errors libyaml knows the byte only. */
static size_t problem_line(const struct reader *r)
{
    size_t line = 1;

    if (r->parser.error != YAML_READER_ERROR) {
        return r->parser.problem_mark.line + 1;
    }
    for (size_t i = 0; i < r->parser.problem_offset && i < r->bytes; i++) {
        line += r->text[i] == '\n';
    }
    return line;
}

/* The next event; what a settings file never holds is refused here. */
static int next(struct reader *r, yaml_event_t *event)
{
    const char *what = NULL;

    if (!yaml_parser_parse(&r->parser, event)) {
        return hr_fail(EINVAL, "%s:%zu: not valid YAML: %s", r->name, problem_line(r),
                       r->parser.problem ? r->parser.problem : "out of memory");
    }
    if (event->type == YAML_ALIAS_EVENT) {
        what = "aliases (*name) are not used here; write the value";
    } else if (event->type == YAML_SCALAR_EVENT &&
               (event->data.scalar.anchor || event->data.scalar.tag)) {
        what = "anchors (&name) and tags (!name) are not used here; write the plain value";
    } else if (event->type == YAML_MAPPING_START_EVENT &&
               (event->data.mapping_start.anchor || event->data.mapping_start.tag)) {
        what = "anchors (&name) and tags (!name) are not used here; write the plain mapping";
    } else if (event->type == YAML_SEQUENCE_START_EVENT &&
               (event->data.sequence_start.anchor || event->data.sequence_start.tag)) {
        what = "anchors (&name) and tags (!name) are not used here; write the plain list";
    }
    if (what) {
        int line = line_of(event);

        yaml_event_delete(event);
        return fail_at(r, line, what);
    }
    return 0;
}

static int see(struct reader *r, const char *key, int line)
{
    for (int i = 0; i < r->seen_length; i++) {
        if (strcmp(r->seen[i].key, key) == 0) {
            return hr_fail(EINVAL, "%s:%d: %s is given twice, first on line %d; keep one", r->name,
                           line, key, r->seen[i].line);
        }
    }
    if (r->seen_length == KEYS_MAX) {
        return fail_at(r, line, "more than 4096 settings; split the file");
    }
    r->seen[r->seen_length].key = strdup(key);
    if (!r->seen[r->seen_length].key) {
        return hr_fail(ENOMEM, "out of memory");
    }
    r->seen[r->seen_length++].line = line;
    return 0;
}

/* "section.key" from a key event; deletes nothing. */
static int take_key(struct reader *r, const yaml_event_t *event, const char *section,
                    char key[KEY_MAX])
{
    const char *name;
    int length;

    if (event->type != YAML_SCALAR_EVENT) {
        return fail_at(r, line_of(event), "a key must be a plain word");
    }
    name = (const char *)event->data.scalar.value;
    if (!*name || strlen(name) != event->data.scalar.length) {
        return fail_at(r, line_of(event), "a key must be a plain word");
    }
    length = snprintf(key, KEY_MAX, "%s%s%s", section, *section ? "." : "", name);
    if (length >= KEY_MAX) {
        return fail_at(r, line_of(event), "the key is too long");
    }
    return see(r, key, line_of(event));
}

static int give(struct reader *r, const struct hr_setting *setting)
{
    int rc = r->take(r->context, setting);

    return rc ? hr_context(rc, "%s:%d", r->name, setting->line) : 0;
}

/* Where the value of a scalar begins; 0 where its characters are not those of the file. */
static int column_of(const yaml_event_t *event)
{
    size_t first = event->start_mark.column + 1, quotes = 0;

    if (event->data.scalar.style == YAML_SINGLE_QUOTED_SCALAR_STYLE ||
        event->data.scalar.style == YAML_DOUBLE_QUOTED_SCALAR_STYLE) {
        quotes = 1;
    }
    return event->start_mark.line == event->end_mark.line &&
                   event->end_mark.index - event->start_mark.index ==
                       event->data.scalar.length + 2 * quotes
               ? (int)(first + quotes)
               : 0;
}

static int take_scalar(struct reader *r, const yaml_event_t *event, const char *key)
{
    const char *value = (const char *)event->data.scalar.value;

    if (strlen(value) != event->data.scalar.length || event->data.scalar.length >= VALUE_MAX) {
        return fail_at(r, line_of(event), "the value is too long, or holds a NUL");
    }
    if (!*value && event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE) {
        return hr_fail(EINVAL, "%s:%d: %s has no value; give one, or remove the line", r->name,
                       line_of(event), key);
    }
    return give(r, &(struct hr_setting){key, value, false, line_of(event), column_of(event)});
}

static int take_list(struct reader *r, int line, const char *key)
{
    char joined[VALUE_MAX] = "";
    size_t at = 0;

    for (;;) {
        yaml_event_t event;
        int rc = next(r, &event);

        if (rc) {
            return rc;
        }
        if (event.type == YAML_SEQUENCE_END_EVENT) {
            yaml_event_delete(&event);
            return give(r, &(struct hr_setting){key, joined, true, line, 0});
        }
        if (event.type != YAML_SCALAR_EVENT) {
            rc = fail_at(r, line_of(&event), "a list may hold plain values only");
        } else if (at + event.data.scalar.length + 2 > sizeof(joined)) {
            rc = fail_at(r, line_of(&event), "the list is too long");
        } else if (event.data.scalar.length == 0 || strcspn((const char *)event.data.scalar.value,
                                                            ",") != event.data.scalar.length) {
            rc = fail_at(r, line_of(&event), "a value of a list must not be empty or hold a comma");
        } else {
            at += (size_t)snprintf(joined + at, sizeof(joined) - at, "%s%s", at ? "," : "",
                                   (const char *)event.data.scalar.value);
        }
        yaml_event_delete(&event);
        if (rc) {
            return rc;
        }
    }
}

/* Key and value pairs up to the end of a mapping; section "" is the top. */
static int take_mapping(struct reader *r, const char *section)
{
    for (;;) {
        yaml_event_t event;
        char key[KEY_MAX];
        int rc = next(r, &event), line;

        if (rc) {
            return rc;
        }
        if (event.type == YAML_MAPPING_END_EVENT) {
            yaml_event_delete(&event);
            return 0;
        }
        rc = take_key(r, &event, section, key);
        yaml_event_delete(&event);
        if (rc == 0) {
            rc = next(r, &event);
        }
        if (rc) {
            return rc;
        }
        line = line_of(&event);
        if (event.type == YAML_SCALAR_EVENT) {
            rc = take_scalar(r, &event, key);
        } else if (event.type == YAML_SEQUENCE_START_EVENT) {
            rc = take_list(r, line, key);
        } else if (*section) {
            rc = hr_fail(EINVAL, "%s:%d: %s is nested too deep; settings are section: key: value",
                         r->name, line, key);
        } else {
            rc = take_mapping(r, key);
        }
        yaml_event_delete(&event);
        if (rc) {
            return rc;
        }
    }
}

static int take_document(struct reader *r)
{
    bool started = false;

    for (;;) {
        yaml_event_t event;
        yaml_event_type_t type;
        int rc = next(r, &event), line;

        if (rc) {
            return rc;
        }
        type = event.type;
        line = line_of(&event);
        yaml_event_delete(&event);
        if (type == YAML_STREAM_END_EVENT) {
            return started ? 0 : fail_at(r, 1, "the file holds no settings");
        }
        if (type == YAML_DOCUMENT_START_EVENT && started) {
            return fail_at(r, line, "a second document (---); settings are one document");
        }
        if (type == YAML_SCALAR_EVENT || type == YAML_SEQUENCE_START_EVENT) {
            return fail_at(r, line, "expected `section:` with `key: value` lines under it");
        }
        if (type == YAML_MAPPING_START_EVENT) {
            started = true;
            rc = take_mapping(r, "");
            if (rc) {
                return rc;
            }
        }
    }
}

int hr_settings_parse(const char *text, size_t bytes, const char *name, hr_setting_take take,
                      void *context)
{
    struct reader *r = calloc(1, sizeof(*r));
    int rc;

    if (!r || !yaml_parser_initialize(&r->parser)) {
        free(r);
        return hr_fail(ENOMEM, "out of memory");
    }
    r->name = name;
    r->text = text;
    r->bytes = bytes;
    r->take = take;
    r->context = context;
    yaml_parser_set_input_string(&r->parser, (const unsigned char *)text, bytes);
    rc = take_document(r);
    yaml_parser_delete(&r->parser);
    for (int i = 0; i < r->seen_length; i++) {
        free(r->seen[i].key);
    }
    free(r);
    return rc;
}

int hr_settings_read(const char *file, hr_setting_take take, void *context)
{
    FILE *in = fopen(file, "r");
    struct stat st = {0};
    char *text;
    size_t bytes;
    int rc;

    if (!in) {
        return hr_fail(errno, "cannot read %s: %s", file, strerror(errno));
    }
    if (fstat(fileno(in), &st) == 0 && S_ISDIR(st.st_mode)) {
        fclose(in);
        return hr_fail(EISDIR, "%s is a folder; give a file of settings", file);
    }
    text = malloc(FILE_BYTES_MAX + 1);
    if (!text) {
        fclose(in);
        return hr_fail(ENOMEM, "out of memory");
    }
    bytes = fread(text, 1, FILE_BYTES_MAX + 1, in);
    if (ferror(in)) {
        rc = hr_fail(EIO, "cannot read %s: %s", file, strerror(errno));
    } else if (bytes > FILE_BYTES_MAX) {
        rc = hr_fail(EFBIG, "%s is larger than 1 MiB: no file of settings", file);
    } else {
        rc = hr_settings_parse(text, bytes, file, take, context);
    }
    fclose(in);
    free(text);
    return rc;
}
