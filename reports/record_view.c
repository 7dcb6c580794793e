/*
 * record_view.c - finds things in a run record. It judges nothing and changes nothing.
 */
#include "reports/record_view.h"
#include "reports/figure_text.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *hr_view_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text ? text : "";
}

double hr_view_number(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);

    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

bool hr_view_is(const json_t *object, const char *name, const char *text)
{
    return strcmp(hr_view_text(object, name), text) == 0;
}

bool hr_view_next(const json_t *record, struct hr_view_walk *walk)
{
    const json_t *suites = json_object_get(record, "suites");

    for (; walk->suite_at < json_array_size(suites); walk->suite_at++, walk->case_at = 0) {
        const json_t *cases;

        walk->suite = json_array_get(suites, walk->suite_at);
        cases = json_object_get(walk->suite, "cases");
        if (walk->case_at < json_array_size(cases)) {
            walk->item = json_array_get(cases, walk->case_at++);
            return true;
        }
    }
    return false;
}

static const json_t *find_by_name(const json_t *list, const char *name)
{
    const json_t *member;
    size_t i;

    json_array_foreach (list, i, member) {
        if (hr_view_is(member, "name", name)) {
            return member;
        }
    }
    return NULL;
}

const json_t *hr_view_suite(const json_t *record, const char *name)
{
    return find_by_name(json_object_get(record, "suites"), name);
}

const json_t *hr_view_metric(const json_t *item, const char *name)
{
    return find_by_name(json_object_get(item, "metrics"), name);
}

const json_t *hr_view_histogram(const json_t *item, const char *name)
{
    return find_by_name(json_object_get(item, "histograms"), name);
}

double hr_view_percentile(const json_t *histogram, const char *percentile)
{
    return hr_view_number(json_object_get(histogram, "percentiles"), percentile);
}

double hr_view_param(const json_t *item, const char *name)
{
    return hr_view_number(json_object_get(item, "params"), name);
}

double hr_view_estimate(const json_t *item, const char *metric)
{
    return hr_view_passed(item) ? hr_view_number(hr_view_metric(item, metric), "estimate")
                                : (double)NAN;
}

bool hr_view_passed(const json_t *item)
{
    return hr_view_is(item, "status", "pass");
}

bool hr_view_is_ruler(const json_t *item)
{
    return hr_view_is(item, "engine", "null");
}

bool hr_view_counts(const json_t *item)
{
    return (hr_view_passed(item) || hr_view_is(item, "status", "fail")) && !hr_view_is_ruler(item);
}

/* Copies whole UTF-8 characters only. */
static void copy_text(char *to, size_t bytes, const char *from)
{
    size_t length = strlen(from);

    if (length >= bytes) {
        length = bytes - 1;
        while (length > 0 && ((unsigned char)from[length] & 0xc0) == 0x80) {
            length--;
        }
    }
    memcpy(to, from, length);
    to[length] = '\0';
}

struct hr_view_label hr_view_engine(const json_t *item)
{
    struct hr_view_label label;
    const char *engine = hr_view_text(item, "engine");
    size_t length = strlen(engine);
    const char *slash = strrchr(engine, '/');

    /* A library is called by its file name. */
    if (slash && length > 3 && strcmp(engine + length - 3, ".so") == 0) {
        engine = slash + 1;
    }
    copy_text(label.text, sizeof(label.text), engine);
    return label;
}

struct hr_view_label hr_view_path_engine(const json_t *item)
{
    struct hr_view_label label, engine = hr_view_engine(item);
    const char *path = hr_view_text(item, "path");
    char joined[400];

    if (*path && *engine.text) {
        snprintf(joined, sizeof(joined), "%.200s × %s", path, engine.text);
    } else {
        snprintf(joined, sizeof(joined), "%.200s%s", path, engine.text);
    }
    if (!joined[0]) {
        snprintf(joined, sizeof(joined), "%.300s", hr_view_text(item, "id"));
    }
    copy_text(label.text, sizeof(label.text), joined);
    return label;
}

/* The suite device sets its engines beside the one under test; no other shows them. */
static bool in_one_picture(const json_t *item, const json_t *other)
{
    static const char device[] = "device/";
    size_t length = sizeof(device) - 1;

    return strncmp(hr_view_text(other, "id"), device, length) != 0 ||
           strncmp(hr_view_text(item, "id"), device, length) == 0;
}

struct hr_view_label hr_view_short(const json_t *record, const json_t *item)
{
    struct hr_view_label label = hr_view_path_engine(item);
    struct hr_view_walk walk = {0};

    if (!*hr_view_text(item, "path")) {
        return label;
    }
    while (hr_view_next(record, &walk)) {
        if (in_one_picture(item, walk.item) && hr_view_counts(walk.item) &&
            *hr_view_text(walk.item, "engine") &&
            strcmp(hr_view_text(walk.item, "engine"), hr_view_text(item, "engine")) != 0) {
            return label;
        }
    }
    copy_text(label.text, sizeof(label.text), hr_view_text(item, "path"));
    return label;
}

struct hr_view_label hr_view_ceiling(const json_t *metric)
{
    static const char lines[] = "memory/lines/";
    const char *id = hr_view_text(metric, "ceiling"), *bytes = strstr(id, "/bytes=");
    struct hr_view_label label;
    char words[100];

    if (strncmp(id, lines, sizeof(lines) - 1) == 0 && bytes) {
        snprintf(words, sizeof(words), "random lines in %.60s",
                 hr_figure(strtod(bytes + 7, NULL), "bytes").text);
        id = words;
    }
    copy_text(label.text, sizeof(label.text), id);
    return label;
}

bool hr_view_is_ceiling(const json_t *record, const char *id)
{
    const json_t *ceiling;
    size_t i;

    json_array_foreach (json_object_get(record, "ceilings"), i, ceiling) {
        if (hr_view_is(ceiling, "id", id)) {
            return true;
        }
    }
    return false;
}

double hr_view_depth(const json_t *item)
{
    double depth = hr_view_param(item, "depth");

    return isnan(depth) ? hr_view_param(item, "levels") : depth;
}

bool hr_view_names(const char *text, const char *model)
{
    size_t length = strlen(model);

    for (const char *at = text; *model && (at = strcasestr(at, model)); at++) {
        bool begins = at == text || !isalnum((unsigned char)at[-1]);

        if (begins && !isalnum((unsigned char)at[length])) {
            return true;
        }
    }
    return false;
}
