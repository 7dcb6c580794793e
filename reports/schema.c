/*
 * schema.c - is this document what reports/result.schema.json promises?
 *
 * Walks schema and document together; each keyword is one function in a table. Only the keywords
 * that the published schema uses are known (a test holds the schema to that). Of several offences
 * it names the first; it cannot see whether the figures are true.
 */
#include "harness/error.h"
#include "harness/record.h"
#include "reports/report.h"

#include <errno.h>
#include <math.h>
#include <regex.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PATH_MAX_BYTES 400

struct check {
    const json_t *root;
    bool newer; /* written by a newer minor version: unknown properties are let pass */
    char path[PATH_MAX_BYTES]; /* where we are */
    char offence[PATH_MAX_BYTES];
    char where[PATH_MAX_BYTES];
};

static bool matches(struct check *c, const json_t *schema, const json_t *value);

static bool offend(struct check *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool offend(struct check *c, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(c->offence, sizeof(c->offence), format, args);
    va_end(args);
    memcpy(c->where, c->path, sizeof(c->where));
    return false;
}

/* One line for a person, whatever the document holds. */
static void make_printable(char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f) {
            *text = '?';
        }
    }
}

static bool matches_below(struct check *c, const json_t *schema, const json_t *value,
                          const char *format, ...) __attribute__((format(printf, 4, 5)));
static bool matches_below(struct check *c, const json_t *schema, const json_t *value,
                          const char *format, ...)
{
    size_t length = strlen(c->path);
    va_list args;
    bool fine;

    va_start(args, format);
    vsnprintf(c->path + length, sizeof(c->path) - length, format, args);
    va_end(args);
    fine = matches(c, schema, value);
    c->path[length] = '\0';
    return fine;
}

static bool is_whole(const json_t *value)
{
    double number = json_number_value(value);

    return json_is_integer(value) || (json_is_real(value) && floor(number) == number);
}

static bool is_type(const json_t *value, const char *type)
{
    switch (type[0]) {
    case 'o':
        return json_is_object(value);
    case 'a':
        return json_is_array(value);
    case 's':
        return json_is_string(value);
    case 'b':
        return json_is_boolean(value);
    case 'i':
        return is_whole(value);
    case 'n':
        return type[2] == 'l' ? json_is_null(value) : json_is_number(value);
    default:
        return false;
    }
}

static const char *type_of(const json_t *value)
{
    static const char *const names[] = {
        [JSON_OBJECT] = "an object", [JSON_ARRAY] = "an array", [JSON_STRING] = "a string",
        [JSON_INTEGER] = "a number", [JSON_REAL] = "a number",  [JSON_TRUE] = "a boolean",
        [JSON_FALSE] = "a boolean",  [JSON_NULL] = "null",
    };

    return names[json_typeof(value)];
}

static bool check_type(struct check *c, const json_t *rule, const json_t *schema,
                       const json_t *value)
{
    char wanted[80] = "";
    const json_t *type;
    size_t i;

    (void)schema;
    if (json_is_string(rule)) {
        return is_type(value, json_string_value(rule)) ||
               offend(c, "is %s, must be %s", type_of(value), json_string_value(rule));
    }
    json_array_foreach (rule, i, type) {
        size_t length = strlen(wanted);

        if (is_type(value, json_string_value(type))) {
            return true;
        }
        snprintf(wanted + length, sizeof(wanted) - length, "%s%s", i ? " or " : "",
                 json_string_value(type));
    }
    return offend(c, "is %s, must be %s", type_of(value), wanted);
}

static void describe(const json_t *value, char *text, size_t bytes)
{
    char *dump = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);

    snprintf(text, bytes, "%.*s", (int)bytes - 1, dump ? dump : "?");
    free(dump);
}

static bool check_const(struct check *c, const json_t *rule, const json_t *schema,
                        const json_t *value)
{
    char wanted[80];

    (void)schema;
    describe(rule, wanted, sizeof(wanted));
    return json_equal(rule, value) || offend(c, "must be %s", wanted);
}

static bool check_enum(struct check *c, const json_t *rule, const json_t *schema,
                       const json_t *value)
{
    char wanted[120];
    const json_t *choice;
    size_t i;

    (void)schema;
    json_array_foreach (rule, i, choice) {
        if (json_equal(choice, value)) {
            return true;
        }
    }
    describe(rule, wanted, sizeof(wanted));
    return offend(c, "must be one of %s", wanted);
}

static bool check_pattern(struct check *c, const json_t *rule, const json_t *schema,
                          const json_t *value)
{
    regex_t regex;
    bool fine;

    (void)schema;
    if (!json_is_string(value)) {
        return true;
    }
    if (regcomp(&regex, json_string_value(rule), REG_EXTENDED | REG_NOSUB) != 0) {
        return offend(c, "the schema's pattern %s is broken", json_string_value(rule));
    }
    fine = regexec(&regex, json_string_value(value), 0, NULL, 0) == 0;
    regfree(&regex);
    return fine || offend(c, "does not match %s", json_string_value(rule));
}

static bool check_min_length(struct check *c, const json_t *rule, const json_t *schema,
                             const json_t *value)
{
    (void)schema;
    return !json_is_string(value) ||
           json_string_length(value) >= (size_t)json_integer_value(rule) || offend(c, "is empty");
}

static bool check_minimum(struct check *c, const json_t *rule, const json_t *schema,
                          const json_t *value)
{
    (void)schema;
    return !json_is_number(value) || json_number_value(value) >= json_number_value(rule) ||
           offend(c, "is below %g", json_number_value(rule));
}

static bool check_min_items(struct check *c, const json_t *rule, const json_t *schema,
                            const json_t *value)
{
    (void)schema;
    return !json_is_array(value) || json_array_size(value) >= (size_t)json_integer_value(rule) ||
           offend(c, "has %zu items, fewer than %lld", json_array_size(value),
                  (long long)json_integer_value(rule));
}

static bool check_max_items(struct check *c, const json_t *rule, const json_t *schema,
                            const json_t *value)
{
    (void)schema;
    return !json_is_array(value) || json_array_size(value) <= (size_t)json_integer_value(rule) ||
           offend(c, "has %zu items, more than %lld", json_array_size(value),
                  (long long)json_integer_value(rule));
}

static bool check_required(struct check *c, const json_t *rule, const json_t *schema,
                           const json_t *value)
{
    const json_t *name;
    size_t i;

    (void)schema;
    if (!json_is_object(value)) {
        return true;
    }
    json_array_foreach (rule, i, name) {
        if (!json_object_get(value, json_string_value(name))) {
            return offend(c, "has no \"%s\"", json_string_value(name));
        }
    }
    return true;
}

static bool check_properties(struct check *c, const json_t *rule, const json_t *schema,
                             const json_t *value)
{
    const char *name;
    json_t *property;

    (void)schema;
    json_object_foreach ((json_t *)(uintptr_t)rule, name, property) {
        const json_t *member = json_object_get(value, name);

        if (member &&
            !matches_below(c, property, member, strchr(name, '.') ? "[\"%s\"]" : ".%s", name)) {
            return false;
        }
    }
    return true;
}

static bool check_additional(struct check *c, const json_t *rule, const json_t *schema,
                             const json_t *value)
{
    const json_t *known = json_object_get(schema, "properties");
    const char *name;
    json_t *member;

    if (!json_is_object(value) || json_is_true(rule)) {
        return true;
    }
    json_object_foreach ((json_t *)(uintptr_t)value, name, member) {
        if (json_object_get(known, name)) {
            continue;
        }
        if (json_is_object(rule)) {
            if (!matches_below(c, rule, member, "[\"%s\"]", name)) {
                return false;
            }
        } else if (!c->newer) {
            return offend(c, "has the unknown property \"%s\"", name);
        }
    }
    return true;
}

static bool check_items(struct check *c, const json_t *rule, const json_t *schema,
                        const json_t *value)
{
    const json_t *item;
    size_t i;

    (void)schema;
    json_array_foreach (value, i, item) {
        if (!matches_below(c, rule, item, "[%zu]", i)) {
            return false;
        }
    }
    return true;
}

static bool check_any_of(struct check *c, const json_t *rule, const json_t *schema,
                         const json_t *value)
{
    const json_t *why = json_object_get(schema, "description");
    const json_t *form;
    size_t i;

    json_array_foreach (rule, i, form) {
        if (matches(c, form, value)) {
            return true;
        }
    }
    /* The last form's offence stands, explained where the schema can explain it. */
    if (json_is_string(why)) {
        char offence[sizeof(c->offence)];

        memcpy(offence, c->offence, sizeof(offence));
        snprintf(c->offence, sizeof(c->offence), "%.180s (%.180s)", offence,
                 json_string_value(why));
    }
    return false;
}

static bool check_ref(struct check *c, const json_t *rule, const json_t *schema,
                      const json_t *value)
{
    static const char prefix[] = "#/$defs/";
    const char *target = json_string_value(rule);
    const json_t *definition = NULL;

    (void)schema;
    if (strncmp(target, prefix, sizeof(prefix) - 1) == 0) {
        definition =
            json_object_get(json_object_get(c->root, "$defs"), target + sizeof(prefix) - 1);
    }
    return definition ? matches(c, definition, value)
                      : offend(c, "the schema's reference %s leads nowhere", target);
}

static const struct keyword {
    const char *name;
    bool (*check)(struct check *c, const json_t *rule, const json_t *schema, const json_t *value);
} keywords[] = {
    {"type", check_type},
    {"const", check_const},
    {"enum", check_enum},
    {"required", check_required},
    {"additionalProperties", check_additional},
    {"properties", check_properties},
    {"$ref", check_ref},
    {"minItems", check_min_items},
    {"maxItems", check_max_items},
    {"items", check_items},
    {"pattern", check_pattern},
    {"minLength", check_min_length},
    {"minimum", check_minimum},
    {"anyOf", check_any_of},
};

static bool matches(struct check *c, const json_t *schema, const json_t *value)
{
    size_t i;

    for (i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
        const json_t *rule = json_object_get(schema, keywords[i].name);

        if (rule && !keywords[i].check(c, rule, schema, value)) {
            return false;
        }
    }
    return true;
}

int hr_schema_check(const json_t *document)
{
    struct check c = {.path = "result"};
    json_error_t error;
    json_t *schema = json_loads(hr_result_schema, 0, &error);
    const json_t *version = json_object_get(document, "schema");
    bool fine;

    if (!schema) {
        return hr_fail(EINVAL, "reports/result.schema.json:%d: %s", error.line, error.text);
    }
    c.root = schema;
    c.newer = json_integer_value(json_object_get(version, "minor")) > HR_SCHEMA_MINOR;
    fine = document && matches(&c, schema, document);
    json_decref(schema);
    if (!document) {
        return hr_fail(EINVAL, "result is missing");
    }
    make_printable(c.where);
    make_printable(c.offence);
    return fine ? 0
                : hr_fail(EINVAL, "%s %s: not a Headroom result as `headroom schema` has it",
                          c.where, c.offence);
}

int hr_result_read(json_t **record, const char *file, bool measured)
{
    int rc = hr_record_read(record, file);

    if (rc) {
        return rc;
    }
    rc = hr_schema_check(*record);
    if (rc == 0 && measured && json_object_get(*record, "constructed")) {
        rc = hr_fail(EINVAL, "nobody measured this result, its figures are made up: it proves "
                             "nothing; give one of `headroom run`");
    }
    return rc ? hr_context(rc, "%s", file) : 0;
}
