/* record_file.c - where does a run record lie on disk? Written whole or not at all; read with
 * distrust: whatever a file holds, the answer is the document or one line with file:line and the
 * mend. */
#include "harness/error.h"
#include "harness/record.h"
#include "harness/sink.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_BYTES_MAX (UINT64_C(256) << 20)
#define DUMP_FLAGS (JSON_SORT_KEYS | JSON_REAL_PRECISION(15) | JSON_ENCODE_ANY)

int hr_json_write(const json_t *json, unsigned indent, const char *file)
{
    struct hr_sink sink;
    int rc = hr_sink_open(&sink, file);

    if (rc) {
        return rc;
    }
    if (json_dumpf(json, sink.out, DUMP_FLAGS | JSON_INDENT(indent)) == 0) {
        fputc('\n', sink.out);
    } else if (!ferror(sink.out)) {
        rc = hr_fail(ENOMEM, "cannot write %s: it is not to be put into JSON", file);
    }
    return hr_sink_close(&sink, rc);
}

int hr_record_write(struct hr_record *r, const char *file)
{
    return hr_json_write(hr_record_json(r), 1, file);
}

/* ---- reading -------------------------------------------------------------------------- */

static const struct {
    const char *key;
    json_type type; /* JSON_TRUE stands for both truth values */
} fields[] = {
    {"complete", JSON_TRUE},  {"tool", JSON_OBJECT},     {"argv", JSON_ARRAY},
    {"config", JSON_OBJECT},  {"host", JSON_OBJECT},     {"ceilings", JSON_ARRAY},
    {"suites", JSON_ARRAY},   {"workload", JSON_OBJECT}, {"claims", JSON_ARRAY},
    {"warnings", JSON_ARRAY}, {"verdict", JSON_OBJECT},
};

static const char *type_name(json_type type)
{
    return type == JSON_OBJECT ? "an object" : type == JSON_ARRAY ? "an array" : "true or false";
}

static int check_schema(const json_t *json, const char *file)
{
    const json_t *schema = json_object_get(json, "schema");
    const char *name = json_string_value(json_object_get(schema, "name"));
    const json_t *major = json_object_get(schema, "major");

    if (!name || strcmp(name, HR_SCHEMA_NAME) != 0 || !json_is_integer(major)) {
        return hr_fail(EINVAL,
                       "%s:1: no run record: schema.name is not " HR_SCHEMA_NAME
                       "; give a result.json written by `headroom run`",
                       file);
    }
    if (json_integer_value(major) != HR_SCHEMA_MAJOR) {
        return hr_fail(EINVAL,
                       "%s:1: schema version %lld, this program reads %d; use the version of "
                       "headroom that wrote it",
                       file, (long long)json_integer_value(major), HR_SCHEMA_MAJOR);
    }
    return 0;
}

/* What every reader of suites relies on. */
static int check_suites(const json_t *json, const char *file)
{
    const json_t *suite, *c, *cases;
    size_t i, k;

    json_array_foreach (json_object_get(json, "suites"), i, suite) {
        cases = json_object_get(suite, "cases");
        if (!json_is_string(json_object_get(suite, "name")) ||
            !json_is_string(json_object_get(suite, "status")) || !json_is_array(cases)) {
            return hr_fail(EINVAL, "%s:1: suites[%zu] lacks name, status or cases", file, i);
        }
        json_array_foreach (cases, k, c) {
            if (!json_is_string(json_object_get(c, "id")) ||
                !json_is_string(json_object_get(c, "status")) ||
                !json_is_array(json_object_get(c, "metrics"))) {
                return hr_fail(EINVAL, "%s:1: suites[%zu].cases[%zu] lacks id, status or metrics",
                               file, i, k);
            }
        }
    }
    return 0;
}

static int check_document(const json_t *json, const char *file)
{
    int rc = check_schema(json, file);

    if (rc) {
        return rc;
    }
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        const json_t *value = json_object_get(json, fields[i].key);
        bool fits = fields[i].type == JSON_TRUE ? json_is_boolean(value)
                                                : value && json_typeof(value) == fields[i].type;

        if (!fits) {
            return hr_fail(
                EINVAL, "%s:1: \"%s\" is missing or not %s; the file is damaged or of another tool",
                file, fields[i].key, type_name(fields[i].type));
        }
    }
    return check_suites(json, file);
}

static int open_record(const char *file, FILE **in)
{
    struct stat st = {0};

    if (strcmp(file, "-") == 0) {
        *in = stdin;
        return 0;
    }
    *in = fopen(file, "r");
    if (!*in) {
        return hr_fail(errno, "cannot read %s: %s", file, strerror(errno));
    }
    if (fstat(fileno(*in), &st) == 0 && S_ISDIR(st.st_mode)) {
        fclose(*in);
        return hr_fail(EISDIR, "%s is a folder; give the result.json in it", file);
    }
    if (S_ISREG(st.st_mode) && (uint64_t)st.st_size > FILE_BYTES_MAX) {
        fclose(*in);
        return hr_fail(EFBIG, "%s is larger than 256 MiB: no run record", file);
    }
    return 0;
}

/* jansson takes what it is given; a pipe has no size to ask before. */
struct source {
    FILE *in;
    uint64_t left;
};

static size_t take(void *buffer, size_t size, void *context)
{
    struct source *source = context;
    size_t got = fread(buffer, 1, size < source->left ? size : (size_t)source->left, source->in);

    source->left -= got;
    return got;
}

int hr_record_read(json_t **json, const char *file)
{
    struct source source = {.left = FILE_BYTES_MAX};
    json_error_t error;
    int rc = open_record(file, &source.in);

    *json = NULL;
    if (rc) {
        return rc;
    }
    *json = json_load_callback(take, &source, JSON_REJECT_DUPLICATES, &error);
    if (source.in != stdin) {
        fclose(source.in);
    }
    if (!*json) {
        return hr_fail(EINVAL, "%s:%d: not valid JSON: %s", file, error.line > 0 ? error.line : 1,
                       error.text);
    }
    rc = check_document(*json, file);
    if (rc) {
        json_decref(*json);
        *json = NULL;
    }
    return rc;
}
